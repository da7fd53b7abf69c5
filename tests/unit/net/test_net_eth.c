/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

static void for_whom(void)
{
	static const uint8_t group[6] = {0x33, 0x33, 0, 0, 0, 1};
	struct frame f;

	host_start();
	tcp4(&f, 40);
	passed(0, &f, 40);
	dropped(1, &f, NET_STAT_rx_eth_other); /* the other port's MAC */
	memcpy(f.b, other_mac, 6);
	dropped(0, &f, NET_STAT_rx_eth_other);
	memcpy(f.b, all_mac, 6);
	dropped(0, &f, NET_STAT_rx_eth_group);
	memcpy(f.b, group, 6);
	dropped(0, &f, NET_STAT_rx_eth_group);
	tcp6(&f, 40);
	memcpy(f.b, all_mac, 6);
	dropped(0, &f, NET_STAT_rx_eth_group);
	tcp4(&f, 40);
	memcpy(f.b + 6, group, 6);
	dropped(0, &f, NET_STAT_rx_eth_source);
	memcpy(f.b + 6, our_mac[0], 6);
	dropped(0, &f, NET_STAT_rx_eth_source);
	eth(&f, our_mac[0], peer_mac, 0x88cc);
	dropped(0, &f, NET_STAT_rx_ethertype);
	eth(&f, our_mac[0], peer_mac, 64); /* a length: 802.3 */
	dropped(0, &f, NET_STAT_rx_ethertype);
	CU_ASSERT(sent_none());
	host_stop();
}

/* The tag of port 1, with priority bits; then TCP. */
static void tagged(struct frame *f, unsigned tci)
{
	eth(f, our_mac[1], peer_mac, 0x8100);
	put16(f, tci);
	put16(f, 0x0800);
	ip4(f, "10.1.0.2", "10.1.0.10", 6, 40);
	tcp(f, 18, 40);
}

static void vlan_in_frame(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tagged(&f, 0xa007);
	m = feed_frame(1, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(pkt_meta(m)->vlan, 7);
	CU_ASSERT_EQUAL(pkt_meta(m)->l3_off, 18);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_off, 38);
	CU_ASSERT_EQUAL(pkt_meta(m)->port, 1);
	rte_pktmbuf_free(m);
	tagged(&f, 8);
	dropped(1, &f, NET_STAT_rx_vlan);
	tagged(&f, 0);
	dropped(1, &f, NET_STAT_rx_vlan);
	f.n = 14; /* the tag is missing */
	dropped(1, &f, NET_STAT_rx_runt);
	f.n = 17;
	dropped(1, &f, NET_STAT_rx_runt);
	eth(&f, our_mac[1], peer_mac, 0x0800); /* untagged on a tagged port */
	ip4(&f, "10.1.0.2", "10.1.0.10", 6, 40);
	tcp(&f, 14, 40);
	dropped(1, &f, NET_STAT_rx_vlan);
	tagged(&f, 7);
	set16(&f, 16, 0x8100); /* two tags */
	dropped(1, &f, NET_STAT_rx_ethertype);
	tcp4(&f, 40); /* a priority tag is no VLAN */
	memmove(f.b + 18, f.b + 14, f.n - 14);
	f.n += 4;
	set16(&f, 12, 0x8100);
	set16(&f, 14, 0xe000);
	set16(&f, 16, 0x0800);
	passed(0, &f, 40);
	host_stop();
}

static void vlan_stripped(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	eth(&f, our_mac[1], peer_mac, 0x0800);
	ip4(&f, "10.1.0.2", "10.1.0.10", 6, 40);
	tcp(&f, 14, 40);
	for (unsigned vid = 6; vid < 9; vid++) {
		m = mbuf(&f, f.n);
		m->ol_flags = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = (uint16_t)(0x6000 | vid);
		m = feed(1, m);
		CU_ASSERT((m != NULL) == (vid == 7));
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_vlan), 2);
	host_stop();
}

static void rss_hash(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp4(&f, 20);
	m = mbuf(&f, f.n);
	m->hash.rss = 0xdeadbeef;
	m = feed(0, m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(pkt_meta(m)->flow_hash, 0); /* not said to be valid */
	m->hash.rss = 0xdeadbeef;
	m->ol_flags |= RTE_MBUF_F_RX_RSS_HASH;
	m = feed(0, m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(pkt_meta(m)->flow_hash, 0xdeadbeef);
	rte_pktmbuf_free(m);
	host_stop();
}

/* Mixed bursts: TCP comes to the front in order, the rest is gone. */
static void burst(void)
{
	struct rte_mbuf *list[32];
	struct frame good, bad;

	host_start();
	tcp4(&bad, 40);
	bad.b[30] ^= 1;
	for (unsigned i = 0; i < 32; i++) {
		tcp4(&good, 20 + i);
		list[i] = mbuf(i % 3 ? &good : &bad, FRAME_MAX);
	}
	CU_ASSERT_EQUAL_FATAL(net_input(host, 0, list, 32, now), 21);
	for (unsigned i = 0, k = 0; i < 32; i++)
		if (i % 3) {
			CU_ASSERT_EQUAL(pkt_meta(list[k])->l4_len, 20 + i);
			rte_pktmbuf_free(list[k++]);
		}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_packets), 32);
	CU_ASSERT_EQUAL(count(NET_STAT_rx_tcp), 21);
	host_stop();
}

static void tx_list_full(void)
{
	struct rte_mbuf *list[64];
	unsigned n, got = 0;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	for (unsigned i = 0; i < 1100; i++)
		send_segment(US, PEER, 20);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_queue_full), 1100 - 1024);
	while ((n = net_tx_take(host, 0, list, 64))) {
		got += n;
		rte_pktmbuf_free_bulk(list, n);
	}
	CU_ASSERT_EQUAL(got, 1024);
	send_segment(US, PEER, 20); /* left for net_destroy() */
	host_stop();
}

static void tx_vlan(void)
{
	struct rte_mbuf *m;

	host_start();
	teach(1, "10.1.0.2", peer_mac, KNOWN);
	send_segment("10.1.0.10", "10.1.0.2", 20);
	m = sent(1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0);
	CU_ASSERT_EQUAL(m->vlan_tci, 7);
	CU_ASSERT_EQUAL(m->l2_len, 14);
	CU_ASSERT_EQUAL(pkt_meta(m)->port, 1);
	rte_pktmbuf_free(m);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(for_whom),
	UNIT_CASE(vlan_in_frame),
	UNIT_CASE(vlan_stripped),
	UNIT_CASE(rss_hash),
	UNIT_CASE(burst),
	UNIT_CASE(tx_list_full),
	UNIT_CASE(tx_vlan),
};
UNIT_MAIN(cases)
