/* SPDX-License-Identifier: BSD-3-Clause */
/* IPv4 (RFC 791, RFC 1122 3.2): a host that neither forwards nor reassembles. */
#include "net/net_priv.h"

static uint32_t v4_word(const struct ip_addr *a)
{
	return be32_get(a->w[3]);
}

/* The limited broadcast, or that of one of the port's networks. */
static bool is_broadcast(const struct net__port *p, const struct ip_addr *a)
{
	uint32_t w = v4_word(a);

	if (w == UINT32_MAX)
		return true;
	for (unsigned i = 0; i < p->n_addr; i++) {
		const struct net_prefix *net = &p->addr[i];
		uint32_t host;

		if (!ip_is_v4(&net->addr) || net->bits >= 127) /* RFC 3021: none on a /31 */
			continue;
		host = UINT32_MAX >> (net->bits - 96);
		if ((w & host) == host && ((w ^ v4_word(&net->addr)) & ~host) == 0)
			return true;
	}
	return false;
}

/* Sources that no packet from outside may have (RFC 1122 3.2.1.3, RFC 6890), ours among them. */
static bool is_martian(const struct net__port *p, const struct ip_addr *a)
{
	uint8_t first = a->b[12];

	return first == 0 || first == 127 || first >= 224 || is_broadcast(p, a) ||
	       net__port_addr(p, a);
}

static bool csum_ok(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	switch (m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) {
	case RTE_MBUF_F_RX_IP_CKSUM_GOOD:
	case RTE_MBUF_F_RX_IP_CKSUM_NONE:
		return true;
	case RTE_MBUF_F_RX_IP_CKSUM_BAD:
		return false;
	default:
		return buf_csum(m, off, len) == 0xffff;
	}
}

/* Header, lengths, sum. Options are skipped. 0 with meta filled, or the code to drop under. */
static enum net_stat parse(struct rte_mbuf *m, struct pkt_meta *meta)
{
	const struct wire_ip4 *h = net__at(m, meta->l3_off);
	enum net_stat bad = net__need(m, meta->l3_off, sizeof(*h));
	uint16_t ihl, len;

	if (bad)
		return bad;
	ihl = (h->ver_ihl & 0xf) * 4;
	len = be16_get(h->len);
	if (h->ver_ihl >> 4 != 4 || ihl < sizeof(*h))
		return NET_STAT_rx_ip4_header;
	bad = net__need(m, meta->l3_off, ihl);
	if (bad)
		return bad;
	if (len < ihl || meta->l3_off + len > m->pkt_len)
		return NET_STAT_rx_ip4_length;
	if (!csum_ok(m, meta->l3_off, ihl))
		return NET_STAT_rx_ip4_checksum;
	meta->src = ip_from_v4(h->src);
	meta->dst = ip_from_v4(h->dst);
	meta->l4_off = meta->l3_off + ihl;
	meta->l4_len = len - ihl;
	if ((h->tos & 3) == 3)
		meta->flags |= PKT_F_ECN_CE;
	return 0;
}

/* Is it from somebody and for us? A TTL of any value is fine for a host (RFC 1122 3.2.1.7). */
static enum net_stat check(const struct net *n, struct rte_mbuf *m, const struct pkt_meta *meta)
{
	const struct net__port *p = &n->ports[meta->port];
	const struct wire_ip4 *h = net__at(m, meta->l3_off);

	if (is_martian(p, &meta->src))
		return NET_STAT_rx_ip4_martian;
	if (!net__port_addr(p, &meta->dst))
		return ip_is_multicast(&meta->dst) || is_broadcast(p, &meta->dst)
			       ? NET_STAT_rx_ip4_multicast
			       : NET_STAT_rx_ip4_other;
	if (net__eth_is_group(net__at(m, 0))) /* RFC 1122 3.3.6 */
		return NET_STAT_rx_eth_group;
	if (be16_get(h->frag) & IP4_FRAG)
		return NET_STAT_rx_ip4_fragment;
	return 0;
}

bool net__ip4_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum net_stat bad = parse(m, meta);

	if (!bad)
		bad = check(n, m, meta);
	if (bad)
		return net__drop(n, m, bad);
	net__trim(m, meta->l4_off + meta->l4_len);
	switch (((struct wire_ip4 *)net__at(m, meta->l3_off))->proto) {
	case PROTO_TCP:
		return net__tcp_input(n, m);
	case PROTO_ICMP4:
		return net__icmp4_input(n, m, now);
	case PROTO_UDP:
		return net__icmp_error(
			n, m, NET_STAT_rx_udp, ICMP4_UNREACH << 8 | ICMP4_UNREACH_PORT, 0, now);
	default:
		return net__icmp_error(n, m, NET_STAT_rx_protocol,
			ICMP4_UNREACH << 8 | ICMP4_UNREACH_PROTO, 0, now);
	}
}

bool net__ip4_push(struct rte_mbuf *m, uint8_t proto, uint8_t ttl)
{
	const struct pkt_meta *meta = pkt_meta(m);
	struct wire_ip4 *h = (struct wire_ip4 *)rte_pktmbuf_prepend(m, sizeof(*h));

	if (!h)
		return false;
	*h = (struct wire_ip4){
		.ver_ihl = 0x45,
		.tos = meta->ecn & 3,
		.len = be16_make((uint16_t)m->pkt_len),
		.frag = be16_make(IP4_DF), /* atomic, so the id means nothing: RFC 6864 4.1 */
		.ttl = ttl,
		.proto = proto,
	};
	memcpy(h->src, meta->src.b + 12, 4);
	memcpy(h->dst, meta->dst.b + 12, 4);
	m->l3_len = sizeof(*h);
	m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
	return true;
}
