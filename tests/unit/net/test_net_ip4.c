/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

/* Recompute the header's sum after a change. */
static void reseal(struct frame *f)
{
	unsigned n = (f->b[14] & 0xf) * 4;

	set16(f, 14 + 10, 0);
	set16(f, 14 + 10, sum_end(sum(0, f->b + 14, n)));
}

static void meta(void)
{
	struct ip_addr src = addr(PEER), dst = addr(US);
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp4(&f, 120);
	f.b[15] = 0x03; /* CE */
	reseal(&f);
	m = feed_frame(0, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT(ip_addr_eq(&pkt_meta(m)->src, &src));
	CU_ASSERT(ip_addr_eq(&pkt_meta(m)->dst, &dst));
	CU_ASSERT_EQUAL(pkt_meta(m)->l3_off, 14);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_off, 34);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_len, 120);
	CU_ASSERT_EQUAL(pkt_meta(m)->verdict, PKT_TCP);
	CU_ASSERT_EQUAL(pkt_meta(m)->flags, PKT_F_ECN_CE);
	CU_ASSERT_EQUAL(m->pkt_len, f.n);
	rte_pktmbuf_free(m);
	host_stop();
}

/* Cut anywhere, in one segment or with the cut in the second: a drop, never a read beyond. */
static void truncated(void)
{
	struct frame f;

	host_start();
	tcp4(&f, 60);
	for (unsigned n = 0, full = f.n; n < full; n++) {
		f.n = n;
		dropped(0, &f, n < 34 ? NET_STAT_rx_runt : NET_STAT_rx_ip4_length);
	}
	host_stop();
}

static void padding(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp4(&f, 20); /* 54 bytes: Ethernet pads to 60 */
	put_fill(&f, 6);
	m = feed_frame(0, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(m->pkt_len, 54);
	CU_ASSERT_EQUAL(m->data_len, 54);
	rte_pktmbuf_free(m);
	for (unsigned first = 34; first < f.n; first++) { /* padding over two segments */
		m = feed(0, mbuf(&f, first));
		CU_ASSERT_EQUAL(m != NULL, first >= 54);
		if (!m)
			continue;
		CU_ASSERT_EQUAL(m->pkt_len, 54);
		CU_ASSERT_EQUAL(m->nb_segs, 1);
		CU_ASSERT_PTR_NULL(m->next);
		rte_pktmbuf_free(m);
	}
	host_stop();
}

/* Headers must lie in the first segment; payload may lie anywhere. */
static void split(void)
{
	struct frame f;

	host_start();
	tcp4(&f, 60);
	f.b[34 + 12] = 0x80; /* 12 bytes of options */
	seal(&f, 14, 34, 16, 6);
	for (unsigned first = 0; first < f.n; first++) {
		struct rte_mbuf *m = feed(0, mbuf(&f, first));

		CU_ASSERT_EQUAL(m != NULL, first >= 66);
		if (m)
			CU_ASSERT_EQUAL(m->pkt_len, f.n);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_rx_split), 66);
	host_stop();
}

static void header(void)
{
	struct frame f;

	host_start();
	tcp4(&f, 40);
	f.b[14] = 0x65;
	reseal(&f);
	dropped(0, &f, NET_STAT_rx_ip4_header);
	for (unsigned ihl = 0; ihl < 5; ihl++) {
		f.b[14] = (uint8_t)(0x40 | ihl);
		dropped(0, &f, NET_STAT_rx_ip4_header);
	}
	f.b[14] = 0x4f;
	f.n = 14 + 59;
	dropped(0, &f, NET_STAT_rx_runt);
	tcp4(&f, 40);
	set16(&f, 16, 19);
	reseal(&f);
	dropped(0, &f, NET_STAT_rx_ip4_length);
	set16(&f, 16, 61);
	reseal(&f);
	dropped(0, &f, NET_STAT_rx_ip4_length);
	set16(&f, 16, 0xffff);
	reseal(&f);
	dropped(0, &f, NET_STAT_rx_ip4_length);
	host_stop();
}

static void options_are_skipped(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp4(&f, 40);
	memmove(f.b + 34 + 40, f.b + 34, 40);
	memset(f.b + 34, 1, 40); /* NOP */
	f.n += 40;
	f.b[14] = 0x4f;
	set16(&f, 16, 20 + 40 + 40);
	reseal(&f);
	m = feed_frame(0, &f);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_off, 14 + 60);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_len, 40);
	rte_pktmbuf_free(m);
	host_stop();
}

static void addresses(void)
{
	static const char *const martian[] = {"0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1",
		"239.1.1.1", "240.0.0.1", "255.255.255.255", US, "10.0.0.255"};
	static const char *const group[] = {"224.0.0.1", "255.255.255.255", "10.0.0.255"};
	static const char *const other[] = {"10.0.0.11", "10.1.0.10", "127.0.0.1", "0.0.0.0"};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(martian); i++) {
		eth(&f, our_mac[0], peer_mac, 0x0800);
		ip4(&f, martian[i], US, 6, 20);
		tcp(&f, 14, 20);
		dropped(0, &f, NET_STAT_rx_ip4_martian);
	}
	for (unsigned i = 0; i < RTE_DIM(group); i++) {
		eth(&f, all_mac, peer_mac, 0x0800);
		ip4(&f, PEER, group[i], 6, 20);
		tcp(&f, 14, 20);
		dropped(0, &f, NET_STAT_rx_ip4_multicast);
	}
	for (unsigned i = 0; i < RTE_DIM(other); i++) {
		eth(&f, our_mac[0], peer_mac, 0x0800);
		ip4(&f, PEER, other[i], 6, 20);
		tcp(&f, 14, 20);
		dropped(0, &f, NET_STAT_rx_ip4_other);
	}
	host_stop();
}

static void fragments(void)
{
	static const unsigned frag[] = {0x2000, 0x0001, 0x1fff, 0x3001};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(frag); i++) {
		tcp4(&f, 40);
		set16(&f, 14 + 6, frag[i]);
		reseal(&f);
		dropped(0, &f, NET_STAT_rx_ip4_fragment);
	}
	tcp4(&f, 40);
	set16(&f, 14 + 6, 0x4000);
	reseal(&f);
	passed(0, &f, 40);
	CU_ASSERT(sent_none());
	host_stop();
}

/* RFC 1122 3.2.1.7: a host takes a packet of any TTL. */
static void any_ttl(void)
{
	struct frame f;

	host_start();
	for (unsigned ttl = 0; ttl < 256; ttl += 5) {
		tcp4(&f, 40);
		f.b[14 + 8] = (uint8_t)ttl;
		reseal(&f);
		passed(0, &f, 40);
	}
	host_stop();
}

/* What the device says about a sum, against a right and a wrong one. */
static void checksums(void)
{
	static const struct {
		uint64_t flags;
		bool bad_ip, bad_tcp, pass;
		enum net_stat code;
	} t[] = {
		{0, false, false, true, 0},
		{0, true, false, false, NET_STAT_rx_ip4_checksum},
		{0, false, true, false, NET_STAT_rx_tcp_checksum},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD, true, false, true, 0},
		{RTE_MBUF_F_RX_IP_CKSUM_NONE, true, false, true, 0},
		{RTE_MBUF_F_RX_IP_CKSUM_GOOD, false, true, false, NET_STAT_rx_tcp_checksum},
		{RTE_MBUF_F_RX_IP_CKSUM_BAD, false, false, false, NET_STAT_rx_ip4_checksum},
		{RTE_MBUF_F_RX_L4_CKSUM_GOOD, false, true, true, 0},
		{RTE_MBUF_F_RX_L4_CKSUM_NONE, false, true, true, 0},
		{RTE_MBUF_F_RX_L4_CKSUM_GOOD, true, false, false, NET_STAT_rx_ip4_checksum},
		{RTE_MBUF_F_RX_L4_CKSUM_BAD, false, false, false, NET_STAT_rx_tcp_checksum},
	};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		uint64_t before = count(t[i].code);
		struct rte_mbuf *m;

		tcp4(&f, 41);
		f.b[14 + 10] ^= t[i].bad_ip;
		f.b[34 + 40] ^= t[i].bad_tcp;
		m = mbuf(&f, 60);
		m->ol_flags |= t[i].flags;
		m = feed(0, m);
		CU_ASSERT_EQUAL(m != NULL, t[i].pass);
		if (!t[i].pass)
			CU_ASSERT_EQUAL(count(t[i].code), before + 1);
		rte_pktmbuf_free(m);
	}
	host_stop();
}

static void tcp_header(void)
{
	struct frame f;

	host_start();
	for (unsigned words = 0; words < 16; words++) {
		tcp4(&f, 40);
		f.b[34 + 12] = (uint8_t)(words << 4);
		seal(&f, 14, 34, 16, 6);
		if (words < 5 || words > 10)
			dropped(0, &f, NET_STAT_rx_tcp_header);
		else
			passed(0, &f, 40);
	}
	for (unsigned n = 0; n < 20; n++) {
		eth(&f, our_mac[0], peer_mac, 0x0800);
		ip4(&f, PEER, US, 6, n);
		put_fill(&f, n);
		dropped(0, &f, NET_STAT_rx_tcp_header);
	}
	host_stop();
}

static void lro_mark(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	tcp4(&f, 1400);
	m = mbuf(&f, 200);
	m->ol_flags = RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	m = feed(0, m);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(pkt_meta(m)->flags, PKT_F_LRO);
	rte_pktmbuf_free(m);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(meta),
	UNIT_CASE(truncated),
	UNIT_CASE(padding),
	UNIT_CASE(split),
	UNIT_CASE(header),
	UNIT_CASE(options_are_skipped),
	UNIT_CASE(addresses),
	UNIT_CASE(fragments),
	UNIT_CASE(any_ttl),
	UNIT_CASE(checksums),
	UNIT_CASE(tcp_header),
	UNIT_CASE(lro_mark),
};
UNIT_MAIN(cases)
