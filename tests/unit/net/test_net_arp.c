/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

static const uint8_t no_mac[6];

static void answers(void)
{
	struct frame f;

	host_start();
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, US);
	put_fill(&f, 18); /* padding */
	dropped(0, &f, NET_STAT_rx_arp_done);
	arp(&f, peer_mac, 2, our_mac[0], US, peer_mac, PEER);
	is_frame(sent(0), &f);
	CU_ASSERT_EQUAL(neigh(PEER).state, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER).mac, peer_mac, 6), 0);
	CU_ASSERT(sent_none());
	host_stop();
}

static void answers_tagged(void)
{
	struct rte_mbuf *m;
	struct frame f;

	host_start();
	arp(&f, all_mac, 1, peer_mac, "10.1.0.2", no_mac, "10.1.0.10");
	memmove(f.b + 18, f.b + 14, f.n - 14);
	f.n += 4;
	set16(&f, 12, 0x8100);
	set16(&f, 14, 7);
	set16(&f, 16, 0x0806);
	dropped(1, &f, NET_STAT_rx_arp_done);
	m = sent(1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT((m->ol_flags & RTE_MBUF_F_TX_VLAN) != 0);
	CU_ASSERT_EQUAL(m->vlan_tci, 7);
	arp(&f, peer_mac, 2, our_mac[1], "10.1.0.10", peer_mac, "10.1.0.2");
	is_frame(m, &f);
	host_stop();
}

static void malformed(void)
{
	static const struct {
		unsigned off, value;
	} t[] = {{14, 6}, {16, 0x86dd}, {18, 0x0804}, {18, 0x0610}, {20, 0}, {20, 3}, {20, 8}};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		arp(&f, all_mac, 1, peer_mac, PEER, no_mac, US);
		set16(&f, t[i].off, t[i].value);
		dropped(0, &f, NET_STAT_rx_arp_bad);
	}
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, US);
	memset(f.b + 22, 0, 6); /* sender without MAC */
	dropped(0, &f, NET_STAT_rx_arp_bad);
	memset(f.b + 22, 0xff, 6);
	dropped(0, &f, NET_STAT_rx_arp_bad);
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, US);
	for (unsigned n = 14; n < 42; n++) {
		f.n = n;
		dropped(0, &f, NET_STAT_rx_runt);
	}
	CU_ASSERT(sent_none());
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	host_stop();
}

static void strangers(void)
{
	static const char *const spa[] = {"10.0.1.2", "224.0.0.1", "255.255.255.255", "10.1.0.2"};
	struct frame f;

	host_start();
	for (unsigned i = 0; i < RTE_DIM(spa); i++) {
		arp(&f, all_mac, 1, peer_mac, spa[i], no_mac, US);
		dropped(0, &f, NET_STAT_rx_arp_offlink);
	}
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, "10.0.0.3");
	dropped(0, &f, NET_STAT_rx_arp_other);
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, "10.1.0.10"); /* another port's */
	dropped(0, &f, NET_STAT_rx_arp_other);
	arp(&f, our_mac[0], 2, peer_mac, PEER, our_mac[0], US); /* unasked */
	dropped(0, &f, NET_STAT_rx_arp_done);
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, PEER); /* gratuitous */
	dropped(0, &f, NET_STAT_rx_arp_done);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	CU_ASSERT(sent_none());
	host_stop();
}

/* RFC 5227 2.1.1: somebody probes for our address. */
static void probe(void)
{
	struct frame f;

	host_start();
	arp(&f, all_mac, 1, peer_mac, "0.0.0.0", no_mac, US);
	dropped(0, &f, NET_STAT_rx_arp_done);
	arp(&f, peer_mac, 2, our_mac[0], US, peer_mac, "0.0.0.0");
	is_frame(sent(0), &f);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	arp(&f, all_mac, 1, peer_mac, "0.0.0.0", no_mac, PEER);
	dropped(0, &f, NET_STAT_rx_arp_other);
	host_stop();
}

static void conflict(void)
{
	struct frame claim, defence;

	host_start();
	arp(&claim, all_mac, 1, peer_mac, US, no_mac, US);
	arp(&defence, all_mac, 1, our_mac[0], US, no_mac, US);
	for (unsigned i = 0; i < 30; i++, now += SEC) { /* once in 10 s, however often */
		dropped(0, &claim, NET_STAT_rx_arp_done);
		if (i % 10 == 0)
			is_frame(sent(0), &defence);
		CU_ASSERT(sent_none());
	}
	CU_ASSERT_EQUAL(count(NET_STAT_addr_conflict), 30);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	host_stop();
}

static void resolves(void)
{
	struct frame f;

	host_start();
	send_segment(US, PEER, 20);
	arp(&f, all_mac, 1, our_mac[0], US, no_mac, PEER);
	is_frame(sent(0), &f);
	CU_ASSERT(sent_none());
	arp(&f, our_mac[0], 2, peer_mac, PEER, our_mac[0], US);
	dropped(0, &f, NET_STAT_rx_arp_done);
	CU_ASSERT_EQUAL(neigh(PEER).state, NET_NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER).mac, peer_mac, 6), 0);
	CU_ASSERT(!sent_none());
	host_stop();
}

/* Gratuitous ARP moves a neighbour that we have (failover), to be confirmed. */
static void moves(void)
{
	struct frame f;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	arp(&f, all_mac, 1, other_mac, PEER, no_mac, PEER);
	dropped(0, &f, NET_STAT_rx_arp_done);
	CU_ASSERT_EQUAL(neigh(PEER).state, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(memcmp(neigh(PEER).mac, other_mac, 6), 0);
	host_stop();
}

static void told_to_others(void)
{
	struct ip_addr peer = addr(PEER);
	struct net_learned l[80];
	struct frame f;

	host_start();
	arp(&f, our_mac[0], 2, peer_mac, PEER, our_mac[0], US);
	feed_frame(0, &f);
	arp(&f, all_mac, 1, peer_mac, PEER, no_mac, US);
	feed_frame(0, &f);
	CU_ASSERT_EQUAL(net_learned_take(host, l, 1), 1);
	CU_ASSERT(ip_addr_eq(&l[0].ip, &peer));
	CU_ASSERT_EQUAL(memcmp(l[0].mac, peer_mac, 6), 0);
	CU_ASSERT_EQUAL(l[0].port, 0);
	CU_ASSERT_EQUAL(l[0].how, NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE);
	CU_ASSERT_EQUAL(net_learned_take(host, l, 80), 1);
	CU_ASSERT_EQUAL(l[0].how, NET_LEARN_OVERRIDE); /* CREATE stays here */
	for (unsigned i = 0; i < 80; i++)
		feed_frame(0, &f);
	CU_ASSERT_EQUAL(net_learned_take(host, l, 80), 64);
	CU_ASSERT_EQUAL(count(NET_STAT_learned_lost), 16);
	CU_ASSERT_EQUAL(net_learned_take(host, l, 80), 0);
	sent_none();
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(answers),
	UNIT_CASE(answers_tagged),
	UNIT_CASE(malformed),
	UNIT_CASE(strangers),
	UNIT_CASE(probe),
	UNIT_CASE(conflict),
	UNIT_CASE(resolves),
	UNIT_CASE(moves),
	UNIT_CASE(told_to_others),
};
UNIT_MAIN(cases)
