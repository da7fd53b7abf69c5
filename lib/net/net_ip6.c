/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv6 (RFC 8200) and the walk over its extension headers: a host that does not reassemble. */
#include "net/net_priv.h"

/* Nobody we serve sends more; a longer chain only costs time (RFC 8504 5.3 allows limits). */
#define EXT_HEADERS_MAX 8
#define EXT_BYTES_MAX   256

/* State of the walk; all offsets in bytes from the IPv6 header. */
struct walk {
	uint16_t at;      /* the current header */
	uint16_t end;     /* of the packet */
	uint16_t next_at; /* the field that named the current header */
	uint16_t option;  /* rx_ip6_option: the option at fault */
	uint8_t proto;    /* of the current header */
	uint8_t action;   /* rx_ip6_option: high two bits of that option (RFC 8200 4.2) */
};

static bool is_mapped(const struct ip_addr *a)
{
	return ip_is_v4(a);
}

static bool is_loopback(const struct ip_addr *a)
{
	static const struct ip_addr one = {.b = {[15] = 1}};

	return ip_addr_eq(a, &one);
}

/* Addresses that may not be seen on a wire; the mapped ones would pass for IPv4 in here. */
static bool is_martian(const struct net__port *p, const struct ip_addr *a)
{
	return is_mapped(a) || is_loopback(a) || ip_is_multicast(a) || net__port_addr(p, a);
}

static bool is_our_group(const struct net__port *p, const struct ip_addr *a)
{
	static const struct ip_addr all_nodes = {.b = {0xff, 2, [15] = 1}};

	if (ip_addr_eq(a, &all_nodes))
		return true;
	for (unsigned i = 0; i < p->n_addr; i++) {
		struct ip_addr group = net__nd_group(&p->addr[i].addr);

		if (!ip_is_v4(&p->addr[i].addr) && ip_addr_eq(a, &group))
			return true;
	}
	return false;
}

/* Options of a header of len bytes at w->at. None that must be known is known here, or wanted. */
static enum net_stat walk_options(struct walk *w, const uint8_t *h, uint16_t len)
{
	uint16_t i = 2;

	while (i < len) {
		if (h[i] == 0) { /* Pad1 */
			i++;
			continue;
		}
		if (i + 2 > len || i + 2 + h[i + 1] > len)
			return NET_STAT_rx_ip6_extension;
		if (h[i] >> 6) {
			w->action = h[i] >> 6;
			w->option = w->at + i;
			return NET_STAT_rx_ip6_option;
		}
		i += 2 + h[i + 1];
	}
	return 0;
}

/* Check the extension header at w->at and step over it. */
static enum net_stat walk_one(struct rte_mbuf *m, struct walk *w)
{
	uint16_t l3_off = pkt_meta(m)->l3_off, len;
	const struct wire_ext *x = net__at(m, l3_off + w->at);
	enum net_stat bad = 0;

	if (w->at + 8 > w->end)
		return NET_STAT_rx_ip6_extension;
	bad = net__need(m, l3_off + w->at, 8);
	if (bad)
		return bad;
	if (w->proto == PROTO_FRAGMENT) /* atomic ones too: who sends them is not well, RFC 8021 */
		return NET_STAT_rx_ip6_fragment;
	len = 8 + x->len * 8;
	if (w->at + len > w->end || w->at + len > (int)sizeof(struct wire_ip6) + EXT_BYTES_MAX)
		return NET_STAT_rx_ip6_extension;
	bad = net__need(m, l3_off + w->at, len);
	if (bad)
		return bad;
	if (w->proto != PROTO_ROUTING)
		bad = walk_options(w, (const uint8_t *)x, len);
	else if (x->type == 0 || x->left) /* RFC 5095 3 */
		bad = NET_STAT_rx_ip6_routing;
	if (bad)
		return bad;
	w->next_at = w->at;
	w->at += len;
	w->proto = x->next;
	return 0;
}

/* Step to the upper layer's header. 0, or the code to drop under. */
static enum net_stat walk(struct rte_mbuf *m, struct walk *w)
{
	for (unsigned i = 0; i <= EXT_HEADERS_MAX; i++) {
		enum net_stat bad;

		switch (w->proto) {
		case PROTO_HBH:
			if (i) /* only right behind the IPv6 header: RFC 8200 4.1 */
				return NET_STAT_rx_ip6_extension;
			break;
		case PROTO_DSTOPTS:
		case PROTO_ROUTING:
		case PROTO_FRAGMENT:
			break;
		default:
			return 0;
		}
		bad = walk_one(m, w);
		if (bad)
			return bad;
	}
	return NET_STAT_rx_ip6_extension;
}

/* Header, length, addresses. 0 with meta filled, or the code to drop under. */
static enum net_stat parse(const struct net *n, struct rte_mbuf *m, struct pkt_meta *meta)
{
	const struct net__port *p = &n->ports[meta->port];
	const struct wire_ip6 *h = net__at(m, meta->l3_off);
	enum net_stat bad = net__need(m, meta->l3_off, sizeof(*h));

	if (bad)
		return bad;
	if (be32_get(h->vtf) >> 28 != 6)
		return NET_STAT_rx_ip6_header;
	if (meta->l3_off + sizeof(*h) + be16_get(h->len) > m->pkt_len)
		return NET_STAT_rx_ip6_length;
	meta->src = ip_from_v6(h->src);
	meta->dst = ip_from_v6(h->dst);
	if (is_martian(p, &meta->src))
		return NET_STAT_rx_ip6_martian;
	if (ip_is_multicast(&meta->dst))
		return is_our_group(p, &meta->dst) ? 0 : NET_STAT_rx_ip6_multicast;
	if (is_mapped(&meta->dst) || !net__port_addr(p, &meta->dst))
		return NET_STAT_rx_ip6_other;
	return net__eth_is_group(net__at(m, 0)) ? NET_STAT_rx_eth_group : 0;
}

/*
 * RFC SAYS (8200 4.2): an unknown option of action 10 is answered with a parameter problem, one of
 * action 11 unless the destination is a group. WE DO: only if TCP or UDP follows at once, for else
 * the packet could itself be an ICMP error, and never to a group.
 */
static bool option_problem(struct net *n, struct rte_mbuf *m, const struct walk *w, clock_us_t now)
{
	const struct wire_ext *x = net__at(m, pkt_meta(m)->l3_off + w->at);

	if (w->action < 2 || (x->next != PROTO_TCP && x->next != PROTO_UDP))
		return net__drop(n, m, NET_STAT_rx_ip6_option);
	return net__icmp_error(n, m, NET_STAT_rx_ip6_option, ICMP6_PARAM << 8 | ICMP6_PARAM_OPTION,
		w->option, now);
}

/* Hand the packet, trimmed and with its upper layer found, to that layer. */
static bool deliver(struct net *n, struct rte_mbuf *m, const struct walk *w, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);

	if (w->proto == PROTO_ICMP6)
		return net__icmp6_input(n, m, now);
	if (ip_is_unspecified(&meta->src)) /* only for duplicate address detection */
		return net__drop(n, m, NET_STAT_rx_ip6_martian);
	if (ip_is_multicast(&meta->dst))
		return net__drop(n, m, NET_STAT_rx_ip6_multicast);
	switch (w->proto) {
	case PROTO_TCP:
		return net__tcp_input(n, m);
	case PROTO_UDP:
		return net__icmp_error(
			n, m, NET_STAT_rx_udp, ICMP6_UNREACH << 8 | ICMP6_UNREACH_PORT, 0, now);
	default:
		return net__icmp_error(n, m, NET_STAT_rx_protocol,
			ICMP6_PARAM << 8 | ICMP6_PARAM_NEXT, w->next_at, now);
	}
}

bool net__ip6_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct wire_ip6 *h = net__at(m, meta->l3_off);
	enum net_stat bad = parse(n, m, meta);
	struct walk w;

	if (bad)
		return net__drop(n, m, bad);
	w = (struct walk){
		.at = sizeof(*h),
		.end = sizeof(*h) + be16_get(h->len),
		.next_at = offsetof(struct wire_ip6, proto),
		.proto = h->proto,
	};
	net__trim(m, meta->l3_off + w.end);
	if ((be32_get(h->vtf) >> 20 & 3) == 3)
		meta->flags |= PKT_F_ECN_CE;
	bad = walk(m, &w);
	if (bad == NET_STAT_rx_ip6_option)
		return option_problem(n, m, &w, now);
	if (bad)
		return net__drop(n, m, bad);
	meta->l4_off = meta->l3_off + w.at;
	meta->l4_len = w.end - w.at;
	return deliver(n, m, &w, now);
}

bool net__ip6_push(struct rte_mbuf *m, uint8_t proto, uint8_t hops)
{
	const struct pkt_meta *meta = pkt_meta(m);
	uint16_t len = (uint16_t)m->pkt_len;
	struct wire_ip6 *h = (struct wire_ip6 *)rte_pktmbuf_prepend(m, sizeof(*h));

	if (!h)
		return false;
	*h = (struct wire_ip6){
		/* the flow label spreads flows over equal paths: RFC 6438 */
		.vtf = be32_make(6u << 28 | (meta->ecn & 3u) << 20 | (meta->flow_hash & 0xfffff)),
		.len = be16_make(len),
		.proto = proto,
		.hops = hops,
	};
	memcpy(h->src, meta->src.b, 16);
	memcpy(h->dst, meta->dst.b, 16);
	m->l3_len = sizeof(*h);
	m->ol_flags |= RTE_MBUF_F_TX_IPV6;
	return true;
}
