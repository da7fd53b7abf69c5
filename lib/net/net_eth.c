/* SPDX-License-Identifier: BSD-3-Clause */
/* Ethernet with at most one 802.1Q tag, in and out. */
#include "net/net_priv.h"

enum net_stat net__need(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	if (likely(off + len <= m->data_len))
		return 0;
	return off + len <= m->pkt_len ? NET_STAT_rx_split : NET_STAT_rx_runt;
}

void net__trim(struct rte_mbuf *m, uint32_t len)
{
	struct rte_mbuf *last = m;
	uint16_t segs = 1;

	ASSERT(len <= m->pkt_len, "trim never lengthens");
	m->pkt_len = len;
	while (len > last->data_len) {
		len -= last->data_len;
		last = last->next;
		segs++;
	}
	last->data_len = (uint16_t)len;
	m->nb_segs = segs;
	rte_pktmbuf_free(last->next);
	last->next = NULL;
}

/* Find the tag, in the frame or stripped by the device. 0, or the code to drop under. */
static enum net_stat vlan_input(struct rte_mbuf *m, struct pkt_meta *meta, uint16_t *type)
{
	const struct wire_vlan *v = net__at(m, sizeof(struct wire_eth));

	if (m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) {
		meta->vlan = m->vlan_tci & 0xfff;
	} else if (*type == ETH_VLAN) {
		enum net_stat bad = net__need(m, sizeof(struct wire_eth), sizeof(*v));

		if (bad)
			return bad;
		meta->vlan = be16_get(v->tci) & 0xfff;
		meta->l3_off += sizeof(*v);
		*type = be16_get(v->type);
	}
	return 0;
}

/* Is the frame for this port? 0, or the code to drop under. */
static enum net_stat filter(const struct net__port *p, struct rte_mbuf *m)
{
	const struct wire_eth *h;
	enum net_stat bad = net__need(m, 0, sizeof(*h));

	if (bad)
		return bad;
	h = net__at(m, 0);
	if (net__eth_is_group(h->src) || memcmp(h->src, p->mac, 6) == 0)
		return NET_STAT_rx_eth_source;
	if (!net__eth_is_group(h->dst) && memcmp(h->dst, p->mac, 6) != 0)
		return NET_STAT_rx_eth_other;
	return 0;
}

bool net__eth_input(struct net *n, uint8_t port, struct rte_mbuf *m, clock_us_t now)
{
	struct pkt_meta *meta = pkt_meta(m);
	enum net_stat bad = filter(&n->ports[port], m);
	uint16_t type;

	if (bad)
		return net__drop(n, m, bad);
	type = be16_get(((struct wire_eth *)net__at(m, 0))->type);
	*meta = (struct pkt_meta){.port = port, .l3_off = sizeof(struct wire_eth)};
	if (m->ol_flags & RTE_MBUF_F_RX_RSS_HASH)
		meta->flow_hash = m->hash.rss;
	bad = vlan_input(m, meta, &type);
	if (bad)
		return net__drop(n, m, bad);
	if (meta->vlan != n->ports[port].vlan)
		return net__drop(n, m, NET_STAT_rx_vlan);
	switch (type) {
	case ETH_IP4:
		return net__ip4_input(n, m, now);
	case ETH_IP6:
		return net__ip6_input(n, m, now);
	case ETH_ARP:
		return net__arp_input(n, m, now);
	default:
		return net__drop(n, m, NET_STAT_rx_ethertype);
	}
}

void net__eth_output(
	struct net *n, uint8_t port, struct rte_mbuf *m, const uint8_t *mac, uint16_t type)
{
	struct net__port *p = &n->ports[port];
	struct wire_eth *h = (struct wire_eth *)rte_pktmbuf_prepend(m, sizeof(*h));

	if (unlikely(!h)) {
		net__drop(n, m, NET_STAT_tx_headroom);
		return;
	}
	if (unlikely(p->tx_head - p->tx_tail == NET_TX_QUEUE)) {
		net__drop(n, m, NET_STAT_tx_queue_full);
		return;
	}
	memcpy(h->dst, mac, 6);
	memcpy(h->src, p->mac, 6);
	h->type = be16_make(type);
	m->l2_len = sizeof(*h);
	if (p->vlan) {
		m->ol_flags |= RTE_MBUF_F_TX_VLAN;
		m->vlan_tci = p->vlan;
	}
	pkt_meta(m)->port = port;
	n->stat[NET_STAT_tx_packets]++;
	p->tx[p->tx_head++ % NET_TX_QUEUE] = m;
}

struct rte_mbuf *net__packet(struct net *n, struct rte_mempool *pool, uint16_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (!m || len > rte_pktmbuf_tailroom(m)) {
		n->stat[NET_STAT_tx_no_mbuf]++;
		rte_pktmbuf_free(m);
		return NULL;
	}
	memset(rte_pktmbuf_append(m, len), 0, len);
	*pkt_meta(m) = (struct pkt_meta){0};
	return m;
}
