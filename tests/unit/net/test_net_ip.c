/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "frame.h"

/* What the segment of segment() becomes on the wire. */
static void wire(struct frame *f, bool v4, unsigned n, unsigned ecn, unsigned label)
{
	unsigned at;

	eth(f, peer_mac, our_mac[0], v4 ? 0x0800 : 0x86dd);
	if (v4) {
		ip4(f, US, PEER, 6, n);
		f->b[15] = (uint8_t)ecn;
		set16(f, 14 + 4, 0);
		set16(f, 14 + 6, 0x4000);
		set16(f, 14 + 10, 0);
	} else {
		ip6(f, US6, PEER6, 6, n);
		set16(f, 14, 0x6000 | ecn << 4 | label >> 16);
		set16(f, 16, label & 0xffff);
		f->b[14 + 7] = 64;
	}
	at = f->n;
	put16(f, 443);
	put16(f, 40000);
	put32(f, 1);
	put32(f, 2);
	put16(f, 0x5010);
	put_fill(f, n - 14);
	/* the checksum field: the pseudo-header's sum, not complemented */
	set16(f, at + 16,
		(uint16_t)~sum_end(
			v4 ? sum(6 + n, f->b + 14 + 12, 8) : sum(6 + n, f->b + 14 + 8, 32)));
}

static void out(void)
{
	struct frame f;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	teach(0, PEER6, peer_mac, KNOWN);
	for (unsigned i = 0; i < 4; i++) {
		bool v4 = i & 1;
		unsigned ecn = i & 2, label = i & 2 ? 0xabcde : 0;
		struct rte_mbuf *m = segment(v4 ? US : US6, v4 ? PEER : PEER6, 300);
		uint64_t want =
			RTE_MBUF_F_TX_TCP_CKSUM |
			(v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6);

		pkt_meta(m)->ecn = (uint8_t)ecn;
		pkt_meta(m)->flow_hash = label | 0xfff00000;
		if (!label)
			pkt_meta(m)->flow_hash = 0;
		net_output(host, &m, 1, now);
		m = sent(0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->ol_flags, want);
		CU_ASSERT_EQUAL(m->l2_len, 14);
		CU_ASSERT_EQUAL(m->l3_len, v4 ? 20 : 40);
		CU_ASSERT_EQUAL(m->l4_len, 20);
		wire(&f, v4, 300, ecn, label);
		is_frame(m, &f);
	}
	host_stop();
}

/* A super-packet: any length up to 64 KB, the MTU holds for its segments, no length in the sum. */
static void super_packet(void)
{
	struct rte_ipv4_hdr ip;
	struct rte_mbuf *m;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	for (unsigned mss = 1460; mss <= 1461; mss++) {
		m = segment(US, PEER, 1900);
		for (unsigned i = 0; i < 20; i++)
			rte_pktmbuf_chain(m, mbuf_of((uint8_t[1900]){0}, 1900));
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = (uint16_t)mss;
		net_output(host, &m, 1, now);
		m = sent(0);
		CU_ASSERT_EQUAL(m != NULL, mss == 1460);
		if (!m)
			continue;
		CU_ASSERT_EQUAL(m->pkt_len, 34 + 21 * 1900);
		memcpy(&ip, rte_pktmbuf_mtod_offset(m, char *, 14), sizeof(ip));
		CU_ASSERT_EQUAL(ip.total_length, RTE_BE16(20 + 21 * 1900));
		CU_ASSERT_EQUAL(*rte_pktmbuf_mtod_offset(m, uint16_t *, 34 + 16),
			rte_ipv4_phdr_cksum(&ip, RTE_MBUF_F_TX_TCP_SEG));
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_tx_too_big), 1);
	m = segment(US, PEER, 1900);
	for (unsigned i = 0; i < 34; i++)
		rte_pktmbuf_chain(m, mbuf_of((uint8_t[1900]){0}, 1900));
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	m->tso_segsz = 1460;
	net_output(host, &m, 1, now); /* more than an IP length can say */
	CU_ASSERT_EQUAL(count(NET_STAT_tx_too_big), 2);
	CU_ASSERT(sent_none());
	host_stop();
}

static void refused(void)
{
	struct rte_mbuf *m;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	teach(0, PEER6, peer_mac, KNOWN);
	send_segment(US, PEER, 1480);
	send_segment(US6, PEER6, 1460);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_packets), 2);
	send_segment(US, PEER, 1481);
	send_segment(US6, PEER6, 1461);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_too_big), 2);
	send_segment(US, "224.0.0.1", 20);
	send_segment(US, "0.0.0.0", 20);
	send_segment(US, US, 20);
	send_segment(US, "10.1.0.10", 20);
	send_segment(US6, "ff02::1", 20);
	send_segment(US6, "::", 20);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_no_route), 6);
	for (unsigned room = 0; room < 34; room += 33) {
		m = segment(US, PEER, 20);
		m->data_off = (uint16_t)room;
		net_output(host, &m, 1, now);
	}
	CU_ASSERT_EQUAL(count(NET_STAT_tx_headroom), 2);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_packets), 2);
	sent_none();
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(out),
	UNIT_CASE(super_packet),
	UNIT_CASE(refused),
};
UNIT_MAIN(cases)
