/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP (RFC 792) and ICMPv6 (RFC 4443): echo is answered, errors about our TCP packets go up to
 * TCP, errors go out for what nobody here listens to.
 */
#include "net/net_priv.h"

/* Quote as much as fits the packet that every path takes: RFC 1812 4.3.2.3, RFC 4443 2.4 c. */
#define QUOTE4_MAX (576 - sizeof(struct wire_ip4) - sizeof(struct wire_icmp))
#define QUOTE6_MAX (1280 - sizeof(struct wire_ip6) - sizeof(struct wire_icmp))

#define QUOTED_TCP 8 /* bytes of TCP header that an error must quote: RFC 792, RFC 4443 2.4 c */

/* Send m, an ICMP message without its sum, from where its cause came to where it came from. */
static void answer(struct net *n, struct rte_mbuf *m, uint8_t proto, clock_us_t now)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct wire_icmp *h = net__at(m, 0);

	*meta = (struct pkt_meta){.src = meta->dst, .dst = meta->src};
	m->ol_flags = 0;
	m->tx_offload = 0;
	h->csum.raw = 0;
	h->csum.raw = net__csum_l4(m, 0, m->pkt_len, proto);
	net__ip_output(n, m, proto, now);
}

static bool echo(struct net *n, struct rte_mbuf *m, uint8_t proto, clock_us_t now)
{
	struct wire_icmp *h;

	n->stat[NET_STAT_rx_icmp_echo]++;
	h = (struct wire_icmp *)rte_pktmbuf_adj(m, pkt_meta(m)->l4_off);
	h->type = proto == PROTO_ICMP4 ? ICMP4_ECHO_REPLY : ICMP6_ECHO_REPLY;
	answer(n, m, proto, now);
	return false;
}

/* May m cause an error (RFC 1122 3.2.2, RFC 4443 2.4 e)? ICMP and fragments never get here. */
static bool may_cause_error(const struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)m);

	return !net__eth_is_group(net__at(m, 0)) && !ip_is_multicast(&meta->dst) &&
	       !ip_is_unspecified(&meta->src);
}

bool net__icmp_error(struct net *n, struct rte_mbuf *m, enum net_stat code, uint16_t what,
	uint32_t arg, clock_us_t now)
{
	bool v4 = ip_is_v4(&pkt_meta(m)->dst);
	struct wire_icmp *h;

	if (!may_cause_error(m)) {
		n->stat[NET_STAT_icmp_error_unfit]++;
		return net__drop(n, m, code);
	}
	if (!net__bucket_take(&n->icmp_error, now)) {
		n->stat[NET_STAT_icmp_error_limited]++;
		return net__drop(n, m, code);
	}
	n->stat[code]++;
	n->stat[NET_STAT_icmp_error_sent]++;
	rte_pktmbuf_adj(m, pkt_meta(m)->l3_off);
	net__trim(m, RTE_MIN(m->pkt_len, v4 ? QUOTE4_MAX : QUOTE6_MAX));
	h = (struct wire_icmp *)rte_pktmbuf_prepend(m, sizeof(*h));
	ASSERT(h, "an Ethernet header was here, and its place is larger");
	*h = (struct wire_icmp){.type = what >> 8, .code = (uint8_t)what, .arg = be32_make(arg)};
	answer(n, m, v4 ? PROTO_ICMP4 : PROTO_ICMP6, now);
	return false;
}

/* The quoted packet: 0 with its TCP header's offset and its addresses, or the code to drop under.
 */
static enum net_stat quote4(struct rte_mbuf *m, uint32_t off, struct pkt_meta *q)
{
	const struct wire_ip4 *h = net__at(m, off);
	uint16_t ihl;

	if (net__need(m, off, sizeof(*h)))
		return NET_STAT_rx_icmp_quote;
	ihl = (h->ver_ihl & 0xf) * 4;
	if (h->ver_ihl >> 4 != 4 || ihl < sizeof(*h) || h->proto != PROTO_TCP ||
		(be16_get(h->frag) & IP4_FRAG))
		return NET_STAT_rx_icmp_quote;
	q->src = ip_from_v4(h->src);
	q->dst = ip_from_v4(h->dst);
	q->l4_off = (uint16_t)(off + ihl);
	return 0;
}

/* The same. What we send has no extension headers, so what is quoted must have none. */
static enum net_stat quote6(struct rte_mbuf *m, uint32_t off, struct pkt_meta *q)
{
	const struct wire_ip6 *h = net__at(m, off);

	if (net__need(m, off, sizeof(*h)) || be32_get(h->vtf) >> 28 != 6 || h->proto != PROTO_TCP)
		return NET_STAT_rx_icmp_quote;
	q->src = ip_from_v6(h->src);
	q->dst = ip_from_v6(h->dst);
	q->l4_off = (uint16_t)(off + sizeof(*h));
	return 0;
}

/* Hand an error to TCP, if it is about a packet from the address it was sent to (RFC 5927 4.1). */
static bool error_input(struct net *n, struct rte_mbuf *m, bool v4, uint16_t mtu)
{
	struct pkt_meta *meta = pkt_meta(m), q = *meta;
	const struct wire_icmp *h = net__at(m, meta->l4_off);
	uint32_t off = meta->l4_off + sizeof(*h);
	enum net_stat bad = v4 ? quote4(m, off, &q) : quote6(m, off, &q);

	if (bad || net__need(m, q.l4_off, QUOTED_TCP) || !ip_addr_eq(&q.src, &meta->dst) ||
		ip_is_multicast(&q.dst))
		return net__drop(n, m, NET_STAT_rx_icmp_quote);
	q.l4_len = (uint16_t)(m->data_len - q.l4_off);
	q.mtu = mtu;
	q.icmp_type = h->type;
	q.icmp_code = h->code;
	q.flags = PKT_F_ICMP_ERR;
	q.verdict = PKT_TCP;
	q.flow_hash = 0; /* that of the error itself says nothing about the flow */
	*meta = q;
	n->stat[NET_STAT_rx_icmp_tcp]++;
	return true;
}

static enum net_stat check(struct rte_mbuf *m, const struct pkt_meta *meta, uint8_t proto)
{
	if (meta->l4_len < sizeof(struct wire_icmp))
		return NET_STAT_rx_icmp_header;
	if (net__csum_l4(m, meta->l4_off, meta->l4_len, proto) != 0)
		return NET_STAT_rx_icmp_checksum;
	return net__need(m, meta->l4_off, sizeof(struct wire_icmp));
}

bool net__icmp4_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct wire_icmp *h = net__at(m, meta->l4_off);
	enum net_stat bad = check(m, meta, PROTO_ICMP4);

	if (bad)
		return net__drop(n, m, bad);
	switch (h->type) {
	case ICMP4_ECHO:
		return echo(n, m, PROTO_ICMP4, now);
	case ICMP4_UNREACH:
		return error_input(
			n, m, true, h->code == ICMP4_UNREACH_FRAG ? be32_get(h->arg) & 0xffff : 0);
	case ICMP4_TIME:
	case ICMP4_PARAM:
		return error_input(n, m, true, 0);
	default: /* source quench too: RFC 6633 */
		return net__drop(n, m, NET_STAT_rx_icmp_ignored);
	}
}

bool net__icmp6_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct wire_icmp *h = net__at(m, meta->l4_off);
	enum net_stat bad = check(m, meta, PROTO_ICMP6);

	if (bad)
		return net__drop(n, m, bad);
	if (h->type == ICMP6_NS || h->type == ICMP6_NA)
		return net__nd_input(n, m, now);
	if (ip_is_multicast(&meta->dst))
		return net__drop(n, m, NET_STAT_rx_ip6_multicast);
	if (ip_is_unspecified(&meta->src))
		return net__drop(n, m, NET_STAT_rx_ip6_martian);
	switch (h->type) {
	case ICMP6_ECHO:
		return echo(n, m, PROTO_ICMP6, now);
	case ICMP6_TOO_BIG:
		return error_input(n, m, false, (uint16_t)RTE_MIN(be32_get(h->arg), UINT16_MAX));
	case ICMP6_UNREACH:
	case ICMP6_TIME:
	case ICMP6_PARAM:
		return error_input(n, m, false, 0);
	default: /* router advertisements and redirects: routes come from the operator */
		return net__drop(n, m, NET_STAT_rx_icmp_ignored);
	}
}
