/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

/* Let `us` pass, ticking each 10 ms as a worker would at the least. */
static void pass(clock_us_t us)
{
	for (clock_us_t end = now + us; now < end;) {
		now += 10 * CLOCK_US_PER_MS;
		net_tick(host, now);
	}
}

/* Frames sent from port 0: ARP requests; the rest goes to *others. */
static unsigned asked(unsigned *others)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	*others = 0;
	while ((m = sent(0))) {
		const uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);

		if (p[12] == 0x08 && p[13] == 0x06)
			n++;
		else
			++*others;
		rte_pktmbuf_free(m);
	}
	return n;
}

static void becomes(const char *ip, enum net_neigh_state s)
{
	if (neigh(ip).state != s)
		printf("\n  %s, not %s\n", net_neigh_state_name(neigh(ip).state),
			net_neigh_state_name(s));
	CU_ASSERT_EQUAL(neigh(ip).state, s);
}

static void answered(void)
{
	unsigned data;

	host_start();
	for (unsigned i = 0; i < 5; i++)
		send_segment(US, PEER, 20 + i);
	becomes(PEER, NET_NEIGH_INCOMPLETE);
	CU_ASSERT_EQUAL(neigh(PEER).held, 5);
	CU_ASSERT_EQUAL(asked(&data), 1); /* one question for all five */
	CU_ASSERT_EQUAL(data, 0);
	teach(0, PEER, peer_mac, NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE);
	becomes(PEER, NET_NEIGH_REACHABLE);
	for (unsigned i = 0; i < 5; i++) { /* in order */
		struct rte_mbuf *m = sent(0);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->pkt_len, 34 + 20 + i);
		CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, char *), peer_mac, 6), 0);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(neigh(PEER).held, 0);
	host_stop();
}

/* 3 questions, a second apart, then the packets are given up; a second later it may start anew. */
static void silent(void)
{
	unsigned data;

	host_start();
	send_segment(US, PEER, 20);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(asked(&data), 1);
		becomes(PEER, NET_NEIGH_INCOMPLETE);
		CU_ASSERT_EQUAL(count(NET_STAT_tx_neigh_failed), 0);
		CU_ASSERT(net_next_deadline(host) > now && net_next_deadline(host) <= now + SEC);
		pass(SEC);
	}
	becomes(PEER, NET_NEIGH_FAILED);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_neigh_failed), 1);
	CU_ASSERT_EQUAL(count(NET_STAT_neigh_failed), 1);
	send_segment(US, PEER, 20);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_neigh_failed), 2);
	CU_ASSERT_EQUAL(asked(&data), 0);
	pass(SEC);
	becomes(PEER, NET_NEIGH_FREE);
	CU_ASSERT_EQUAL(net_next_deadline(host), UINT64_MAX);
	send_segment(US, PEER, 20);
	CU_ASSERT_EQUAL(asked(&data), 1);
	host_stop();
}

static void ages(void)
{
	unsigned data;

	host_start();
	teach(0, PEER, peer_mac, KNOWN);
	pass(14 * SEC);
	becomes(PEER, NET_NEIGH_REACHABLE);
	pass(32 * SEC);
	becomes(PEER, NET_NEIGH_STALE);
	CU_ASSERT_EQUAL(asked(&data), 0); /* nobody uses it */
	send_segment(US, PEER, 20);
	becomes(PEER, NET_NEIGH_PROBE);
	CU_ASSERT_EQUAL(asked(&data), 1);
	CU_ASSERT_EQUAL(data, 1); /* packets go on meanwhile */
	teach(0, PEER, peer_mac, NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE);
	becomes(PEER, NET_NEIGH_REACHABLE);
	pass(46 * SEC);
	becomes(PEER, NET_NEIGH_STALE);
	pass(560 * SEC);
	becomes(PEER, NET_NEIGH_STALE);
	pass(60 * SEC);
	becomes(PEER, NET_NEIGH_FREE);
	host_stop();
}

static void probe_fails(void)
{
	unsigned data, asks = 0;

	host_start();
	teach(0, PEER, peer_mac, NET_LEARN_CREATE | NET_LEARN_OVERRIDE);
	becomes(PEER, NET_NEIGH_STALE);
	for (unsigned i = 0; i < 30; i++) {
		send_segment(US, PEER, 20);
		asks += asked(&data);
		CU_ASSERT_EQUAL(data, 1);
		pass(SEC / 10);
	}
	CU_ASSERT_EQUAL(asks, 3);
	becomes(PEER, NET_NEIGH_FAILED);
	send_segment(US, PEER, 20);
	asked(&data);
	CU_ASSERT_EQUAL(data, 0);
	host_stop();
}

/* Probes go to the MAC, questions to all. */
static void unicast_probe(void)
{
	struct rte_mbuf *m;

	host_start();
	teach(0, PEER, peer_mac, NET_LEARN_CREATE | NET_LEARN_OVERRIDE);
	send_segment(US, PEER, 20);
	m = sent(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, char *), peer_mac, 6), 0);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[13], 0x06);
	rte_pktmbuf_free(m);
	CU_ASSERT(!sent_none());
	send_segment(US, "10.0.0.3", 20);
	m = sent(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(m, char *), all_mac, 6), 0);
	rte_pktmbuf_free(m);
	host_stop();
}

/* RFC 4861 appendix C: what each kind of news does in each state. */
static void learning(void)
{
	enum { S = NET_LEARN_SOLICITED, O = NET_LEARN_OVERRIDE, C = NET_LEARN_CREATE };
	static const struct {
		unsigned how, was, same, is, moved;
	} t[] = {
		{0, NET_NEIGH_FREE, 0, NET_NEIGH_FREE, 0},
		{S | O, NET_NEIGH_FREE, 0, NET_NEIGH_FREE, 0},
		{C, NET_NEIGH_FREE, 0, NET_NEIGH_STALE, 1},
		{0, NET_NEIGH_INCOMPLETE, 0, NET_NEIGH_STALE, 1},
		{O, NET_NEIGH_INCOMPLETE, 0, NET_NEIGH_STALE, 1},
		{S, NET_NEIGH_INCOMPLETE, 0, NET_NEIGH_REACHABLE, 1},
		{C, NET_NEIGH_INCOMPLETE, 0, NET_NEIGH_STALE, 1},
		{0, NET_NEIGH_REACHABLE, 1, NET_NEIGH_REACHABLE, 0},
		{O, NET_NEIGH_REACHABLE, 1, NET_NEIGH_REACHABLE, 0},
		{0, NET_NEIGH_REACHABLE, 0, NET_NEIGH_STALE, 0},
		{S, NET_NEIGH_REACHABLE, 0, NET_NEIGH_STALE, 0},
		{O, NET_NEIGH_REACHABLE, 0, NET_NEIGH_STALE, 1},
		{S | O, NET_NEIGH_REACHABLE, 0, NET_NEIGH_REACHABLE, 1},
		{0, NET_NEIGH_STALE, 0, NET_NEIGH_STALE, 0},
		{S, NET_NEIGH_STALE, 0, NET_NEIGH_STALE, 0},
		{S, NET_NEIGH_STALE, 1, NET_NEIGH_REACHABLE, 0},
		{O, NET_NEIGH_STALE, 1, NET_NEIGH_STALE, 0},
		{O, NET_NEIGH_STALE, 0, NET_NEIGH_STALE, 1},
		{S | O, NET_NEIGH_PROBE, 0, NET_NEIGH_REACHABLE, 1},
		{S, NET_NEIGH_PROBE, 1, NET_NEIGH_REACHABLE, 0},
		{S, NET_NEIGH_PROBE, 0, NET_NEIGH_PROBE, 0},
		{O, NET_NEIGH_PROBE, 1, NET_NEIGH_PROBE, 0},
		{O, NET_NEIGH_PROBE, 0, NET_NEIGH_STALE, 1},
		{O, NET_NEIGH_FAILED, 0, NET_NEIGH_STALE, 1},
		{S | O, NET_NEIGH_FAILED, 0, NET_NEIGH_REACHABLE, 1},
	};

	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		host_start();
		if (t[i].was == NET_NEIGH_INCOMPLETE || t[i].was == NET_NEIGH_FAILED)
			send_segment(US, PEER, 20);
		if (t[i].was == NET_NEIGH_FAILED)
			pass(3 * SEC);
		if (t[i].was == NET_NEIGH_REACHABLE)
			teach(0, PEER, peer_mac, KNOWN);
		if (t[i].was == NET_NEIGH_STALE || t[i].was == NET_NEIGH_PROBE)
			teach(0, PEER, peer_mac, C);
		if (t[i].was == NET_NEIGH_PROBE)
			send_segment(US, PEER, 20);
		becomes(PEER, t[i].was);
		teach(0, PEER, t[i].same ? peer_mac : other_mac, t[i].how);
		becomes(PEER, t[i].is);
		CU_ASSERT_EQUAL(memcmp(neigh(PEER).mac, other_mac, 6) == 0, t[i].moved);
		host_stop();
	}
}

static void hold_limits(void)
{
	char ip[IP_ADDR_TEXT];
	unsigned held = 0;

	host_start();
	for (unsigned i = 0; i < 11; i++)
		send_segment(US, PEER, 20 + i);
	CU_ASSERT_EQUAL(neigh(PEER).held, 8);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_hold_full), 3);
	sent_none();
	teach(0, PEER, peer_mac, KNOWN);
	for (unsigned i = 3; i < 11; i++) { /* the oldest went */
		struct rte_mbuf *m = sent(0);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->pkt_len, 34 + 20 + i);
		rte_pktmbuf_free(m);
	}
	for (unsigned i = 0; i < 60; i++)
		for (unsigned k = 0; k < 8; k++) {
			snprintf(ip, sizeof(ip), "10.0.0.%u", 20 + i);
			send_segment(US, ip, 20);
		}
	for (unsigned i = 0; i < 60; i++) {
		snprintf(ip, sizeof(ip), "10.0.0.%u", 20 + i);
		held += neigh(ip).held;
	}
	CU_ASSERT_EQUAL(held, 256);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_hold_full), 3 + 480 - 256);
	host_stop();
}

/* The i-th of many neighbours on the /64. */
static void many(char *ip, unsigned i)
{
	snprintf(ip, IP_ADDR_TEXT, "2001:db8::1:%x:%x", i >> 16, i & 0xffff);
}

/* Strangers that ask, in any number, displace one another and nobody that is in use. */
static void flood_in(void)
{
	char ip[IP_ADDR_TEXT];

	host_defaults();
	host_config.neighbours = 64;
	host_up();
	teach(0, PEER, peer_mac, KNOWN);
	send_segment(US, PEER, 20);
	teach(0, "10.0.0.1", peer_mac, KNOWN);
	send_segment(US, "8.8.8.8", 20);
	sent_none();
	for (unsigned i = 0; i < 5000; i++) {
		many(ip, i);
		teach(0, ip, other_mac, NET_LEARN_CREATE | NET_LEARN_OVERRIDE);
		now += 1000;
	}
	CU_ASSERT(net_neigh_list(host, now, NULL, 0) <= 64);
	becomes(PEER, NET_NEIGH_REACHABLE);
	becomes("10.0.0.1", NET_NEIGH_REACHABLE);
	CU_ASSERT(count(NET_STAT_neigh_evicted) > 4000);
	host_stop();
}

/* So do packets to addresses where nobody is; questions are limited, held packets are freed. */
static void flood_out(void)
{
	char ip[IP_ADDR_TEXT];
	uint64_t drops;

	host_defaults();
	host_config.neighbours = 64;
	host_up();
	teach(0, PEER6, peer_mac, KNOWN);
	for (unsigned i = 0; i < 5000; i++) {
		many(ip, i);
		send_segment(US6, ip, 20);
		if (i % 100 == 0)
			send_segment(US6, PEER6, 20);
		now += 10;
		net_tick(host, now);
		sent_none();
	}
	becomes(PEER6, NET_NEIGH_REACHABLE);
	CU_ASSERT(net_neigh_list(host, now, NULL, 0) <= 64);
	CU_ASSERT(count(NET_STAT_nd_sent) < 256 + 50 + 10);
	CU_ASSERT(count(NET_STAT_solicit_limited) > 0);
	pass(10 * SEC);
	drops = count(NET_STAT_tx_hold_full) + count(NET_STAT_tx_neigh_failed) +
		count(NET_STAT_tx_neigh_full);
	CU_ASSERT_EQUAL(drops, 5000);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 1);
	sent_none();
	host_stop();
}

/* Neighbours in use fill a bucket: no more are made, packets to others are counted. */
static void full_of_used(void)
{
	char ip[IP_ADDR_TEXT];
	struct ip_addr a;

	host_defaults();
	host_config.neighbours = 8;
	host_up();
	for (unsigned i = 0; i < 8; i++) {
		many(ip, i);
		teach(0, ip, peer_mac, KNOWN);
		send_segment(US6, ip, 20);
	}
	sent_none();
	many(ip, 9);
	teach(0, ip, peer_mac, KNOWN);
	CU_ASSERT_EQUAL(count(NET_STAT_neigh_refused), 1);
	send_segment(US6, ip, 20);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_neigh_full), 1);
	CU_ASSERT_EQUAL(count(NET_STAT_neigh_evicted), 0);
	now += 61 * SEC; /* idle: the oldest makes room */
	send_segment(US6, ip, 20);
	CU_ASSERT_EQUAL(count(NET_STAT_neigh_evicted), 1);
	a = addr(ip);
	CU_ASSERT(ip_is_v4(&a) == false);
	becomes(ip, NET_NEIGH_INCOMPLETE);
	host_stop();
}

/* The default size: a thousand neighbours in use at once, and no bucket has too many. */
static void a_thousand_in_use(void)
{
	char ip[IP_ADDR_TEXT];

	host_defaults();
	host_up();
	for (unsigned i = 0; i < 1000; i++) {
		many(ip, i);
		teach(0, ip, peer_mac, KNOWN);
		send_segment(US6, ip, 20);
		sent_none();
	}
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 1000);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_neigh_full), 0);
	CU_ASSERT_EQUAL(count(NET_STAT_neigh_evicted), 0);
	host_stop();
}

/* A remembered destination whose neighbour was pushed out finds the new one. */
static void stale_hint(void)
{
	char ip[IP_ADDR_TEXT];
	struct rte_mbuf *m;

	host_defaults();
	host_config.neighbours = 8;
	host_up();
	teach(0, PEER6, peer_mac, KNOWN);
	send_segment(US6, PEER6, 20);
	now += 61 * SEC;
	for (unsigned i = 0; i < 8; i++) {
		many(ip, i);
		teach(0, ip, other_mac, KNOWN);
		send_segment(US6, ip, 20);
	}
	becomes(PEER6, NET_NEIGH_FREE);
	sent_none();
	now += 61 * SEC;
	send_segment(US6, PEER6, 20);
	becomes(PEER6, NET_NEIGH_INCOMPLETE);
	m = sent(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[54], 135);
	rte_pktmbuf_free(m);
	host_stop();
}

/* Each worker's table of its own: an answer that fell to another one arrives by ring. */
static void from_another_worker(void)
{
	struct net_learned l = {.ip = addr(PEER), .how = NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE};
	unsigned data;

	host_start();
	memcpy(l.mac, peer_mac, 6);
	net_neigh_learn(host, &l, now);
	CU_ASSERT_EQUAL(net_neigh_list(host, now, NULL, 0), 0);
	send_segment(US, PEER, 20);
	asked(&data);
	net_neigh_learn(host, &l, now);
	becomes(PEER, NET_NEIGH_REACHABLE);
	asked(&data);
	CU_ASSERT_EQUAL(data, 1);
	CU_ASSERT_EQUAL(net_learned_take(host, &l, 1), 0); /* news is not passed on twice */
	host_stop();
}

static void no_mbufs(void)
{
	static struct rte_mbuf *all[8192];
	struct rte_mbuf *m;
	unsigned n = 0;

	host_start();
	m = segment(US, PEER, 20);
	while (n < 8192 && (all[n] = rte_pktmbuf_alloc(pools.hdr)))
		n++;
	net_output(host, &m, 1, now);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_no_mbuf), 1);
	CU_ASSERT_EQUAL(count(NET_STAT_arp_sent), 0);
	rte_pktmbuf_free_bulk(all, n);
	pass(SEC);
	CU_ASSERT_EQUAL(count(NET_STAT_arp_sent), 1);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(answered),
	UNIT_CASE(silent),
	UNIT_CASE(ages),
	UNIT_CASE(probe_fails),
	UNIT_CASE(unicast_probe),
	UNIT_CASE(learning),
	UNIT_CASE(hold_limits),
	UNIT_CASE(flood_in),
	UNIT_CASE(flood_out),
	UNIT_CASE(full_of_used),
	UNIT_CASE(a_thousand_in_use),
	UNIT_CASE(stale_hint),
	UNIT_CASE(from_another_worker),
	UNIT_CASE(no_mbufs),
};
UNIT_MAIN(cases)
