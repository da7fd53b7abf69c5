/* SPDX-License-Identifier: BSD-3-Clause */
/* What IPv4 and IPv6 have in common: a port's addresses, the way up to TCP, the way out. */
#include "net/net_priv.h"

const struct net_prefix *net__port_addr(const struct net__port *p, const struct ip_addr *a)
{
	for (unsigned i = 0; i < p->n_addr; i++)
		if (ip_addr_eq(&p->addr[i].addr, a))
			return &p->addr[i];
	return NULL;
}

const struct net_prefix *net__port_onlink(const struct net__port *p, const struct ip_addr *a)
{
	bool v4 = ip_is_v4(a);

	for (unsigned i = 0; i < p->n_addr; i++)
		if (ip_is_v4(&p->addr[i].addr) == v4 &&
			ip_in_net(a, &p->addr[i].addr, p->addr[i].bits))
			return &p->addr[i];
	return NULL;
}

/*
 * Checksum flags of a received packet: UNKNOWN is verified here. NONE means that the sender is on
 * this machine and left the sum unfinished (virtio, veth): nothing to verify.
 */
static bool tcp_csum_ok(const struct rte_mbuf *m, const struct pkt_meta *meta)
{
	switch (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
	case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
	case RTE_MBUF_F_RX_L4_CKSUM_NONE:
		return true;
	case RTE_MBUF_F_RX_L4_CKSUM_BAD:
		return false;
	default:
		return net__csum_l4(m, meta->l4_off, meta->l4_len, PROTO_TCP) == 0;
	}
}

bool net__tcp_input(struct net *n, struct rte_mbuf *m)
{
	struct pkt_meta *meta = pkt_meta(m);
	const struct wire_tcp *h = net__at(m, meta->l4_off);
	enum net_stat bad;
	uint16_t len;

	if (meta->l4_len < sizeof(*h))
		return net__drop(n, m, NET_STAT_rx_tcp_header);
	bad = net__need(m, meta->l4_off, sizeof(*h));
	if (bad)
		return net__drop(n, m, bad);
	len = (h->off >> 4) * 4;
	if (len < sizeof(*h) || len > meta->l4_len)
		return net__drop(n, m, NET_STAT_rx_tcp_header);
	bad = net__need(m, meta->l4_off, len);
	if (bad)
		return net__drop(n, m, bad);
	if (!tcp_csum_ok(m, meta))
		return net__drop(n, m, NET_STAT_rx_tcp_checksum);
	if (m->ol_flags & RTE_MBUF_F_RX_LRO)
		meta->flags |= PKT_F_LRO;
	meta->verdict = PKT_TCP;
	n->stat[NET_STAT_rx_tcp]++;
	return true;
}

/* Would it fit the way out, each of its segments if it is a super-packet? */
static bool fits(const struct rte_mbuf *m, const struct net_path *path, uint32_t l3_len)
{
	if (l3_len + m->pkt_len > UINT16_MAX)
		return false;
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG)
		return l3_len + m->l4_len + m->tso_segsz <= path->mtu;
	return l3_len + m->pkt_len <= path->mtu;
}

/* What ethdev wants in the checksum field: the pseudo-header's sum, for TSO without the length. */
static void tcp_csum_start(struct rte_mbuf *m, const struct pkt_meta *meta)
{
	struct wire_tcp *h = net__at(m, 0);
	uint32_t len = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG ? 0 : m->pkt_len;

	h->csum.raw = net__csum_pseudo(&meta->src, &meta->dst, PROTO_TCP, len);
}

void net__ip_output(struct net *n, struct rte_mbuf *m, uint8_t proto, clock_us_t now)
{
	struct pkt_meta *meta = pkt_meta(m);
	struct net__hop *hop = net__route(n, &meta->src, &meta->dst);
	bool v4 = ip_is_v4(&meta->dst), pushed;

	if (unlikely(!hop)) {
		net__drop(n, m, NET_STAT_tx_no_route);
		return;
	}
	if (unlikely(
		    !fits(m, &hop->path, v4 ? sizeof(struct wire_ip4) : sizeof(struct wire_ip6)))) {
		net__drop(n, m, NET_STAT_tx_too_big);
		return;
	}
	/* TSO needs the sum whether or not the sender set the other flag (rte_mbuf_core.h) */
	if (m->ol_flags & (RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG))
		tcp_csum_start(m, meta);
	pushed = v4 ? net__ip4_push(m, proto, NET_TTL) : net__ip6_push(m, proto, NET_TTL);
	if (unlikely(!pushed)) {
		net__drop(n, m, NET_STAT_tx_headroom);
		return;
	}
	net__neigh_output(n, m, hop, now);
}
