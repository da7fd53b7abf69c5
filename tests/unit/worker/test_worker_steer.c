/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>

#include "port/port_priv.h"
#include "workers.h"

#define FLOWS 512

static struct ip_addr v4(uint32_t a)
{
	struct be32 w = be32_make(a);

	return ip_from_v4(&w);
}

#define OURS  v4(0x0a00000a)
#define THEIR v4(0x0a0000c8)

/* As net_input gives it: from their:remote to our:local; with icmp an error about the way back. */
static struct rte_mbuf *packet(uint16_t remote, uint16_t local, bool icmp)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ws.pools[0].data);
	struct pkt_meta *meta = pkt_meta(m);
	struct be16 *ports;

	memset(meta, 0, sizeof(*meta));
	meta->src = icmp ? OURS : THEIR;
	meta->dst = icmp ? THEIR : OURS;
	meta->flags = icmp ? PKT_F_ICMP_ERR : 0;
	meta->l4_off = 34;
	ports = (struct be16 *)(rte_pktmbuf_append(m, 60) + 34);
	ports[icmp ? 1 : 0] = be16_make(remote);
	ports[icmp ? 0 : 1] = be16_make(local);
	return m;
}

/* The worker that a packet ends up with when it arrives at `at`. */
static uint16_t goes_to(uint16_t at, struct rte_mbuf *m)
{
	struct rte_mbuf *pkts[1] = {m}, *got[2];
	uint16_t other = 1 - at;

	if (worker__steer(ws.w[at], 0, pkts, 1) == 1) {
		CU_ASSERT_PTR_EQUAL(pkts[0], m);
		rte_pktmbuf_free(m);
		return at;
	}
	CU_ASSERT_EQUAL_FATAL(worker__steer_take(ws.w[other], at, got, 2), 1);
	CU_ASSERT_PTR_EQUAL(got[0], m);
	rte_pktmbuf_free(m);
	return other;
}

/* A node's answers find the worker whose share of ports the connection was opened from. */
static void backs_by_port(void)
{
	workers_up("net_ring0");
	for (unsigned i = 0; i < FLOWS; i++) {
		uint16_t local = (uint16_t)(1024 + i * 126),
			 owner = relay_port_owner(local, WORKERS);

		for (uint16_t at = 0; at < WORKERS; at++) {
			CU_ASSERT_EQUAL(goes_to(at, packet(9000, local, false)), owner);
			CU_ASSERT_EQUAL(goes_to(at, packet(9000, local, true)), owner);
		}
	}
	workers_down();
}

/* Where the device has no RSS, a flow is one worker's whatever queue it comes by. */
static void fronts_by_hash(void)
{
	unsigned of_first = 0;

	workers_up("net_ring0");
	for (uint16_t i = 0; i < FLOWS; i++) {
		uint16_t owner = goes_to(0, packet(20000 + i, 80, false));

		CU_ASSERT_EQUAL(goes_to(1, packet(20000 + i, 80, false)), owner);
		CU_ASSERT_EQUAL(goes_to(0, packet(20000 + i, 80, true)), owner);
		CU_ASSERT_EQUAL(goes_to(1, packet(20000 + i, 80, true)), owner);
		of_first += owner == 0;
	}
	CU_ASSERT(of_first > FLOWS / 3 && of_first < FLOWS * 2 / 3);
	CU_ASSERT_EQUAL(
		ws.w[0]->stat[WORKER_STAT_handed_over] + ws.w[1]->stat[WORKER_STAT_handed_over],
		2 * FLOWS);
	CU_ASSERT_EQUAL(
		ws.w[0]->stat[WORKER_STAT_handed_over], ws.w[1]->stat[WORKER_STAT_taken_over]);
	workers_down();
}

/* Where it has, clients stay where they came; an ICMP error follows the flow that it is about. */
static void fronts_by_rss(void)
{
	struct ip_endpoint local = {OURS, 80}, remote = {THEIR, 0};

	workers_up("net_null0");
	CU_ASSERT_FATAL(port_rss_known(ws.port));
	for (uint16_t i = 0; i < FLOWS; i++) {
		remote.port = 20000 + i;
		for (uint16_t at = 0; at < WORKERS; at++) {
			CU_ASSERT_EQUAL(goes_to(at, packet(remote.port, 80, false)), at);
			CU_ASSERT_EQUAL(goes_to(at, packet(remote.port, 80, true)),
				port_rss_queue(ws.port, &remote, &local));
		}
	}
	workers_down();
}

/* Where RSS is not what we think, nobody knows whose the flow in an ICMP error is: all get it. */
static void icmp_to_everybody(void)
{
	struct rte_mbuf *m, *got[2];

	workers_up("net_null0");
	atomic_store(&ws.port->rss_known, false);
	m = packet(20000, 80, true);
	pkt_meta(m)->mtu = 1400;
	CU_ASSERT_EQUAL_FATAL(worker__steer(ws.w[0], 0, &m, 1), 1);
	CU_ASSERT_EQUAL_FATAL(worker__steer_take(ws.w[1], 0, got, 2), 1);
	CU_ASSERT_PTR_NOT_EQUAL(got[0], m);
	CU_ASSERT_EQUAL(memcmp(pkt_meta(got[0]), pkt_meta(m), sizeof(struct pkt_meta)), 0);
	CU_ASSERT_EQUAL_FATAL(got[0]->pkt_len, m->pkt_len);
	CU_ASSERT_EQUAL(
		memcmp(rte_pktmbuf_mtod(got[0], void *), rte_pktmbuf_mtod(m, void *), m->pkt_len),
		0);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(got[0]);
	/* clients stay where they came, back connections go by their port */
	CU_ASSERT_EQUAL(goes_to(1, packet(20000, 80, false)), 1);
	CU_ASSERT_EQUAL(goes_to(0, packet(9000, 65000, true)), 1);
	workers_down();
}

/* Port 80 of an address that listens to nothing is a back connection's like any other. */
static void listeners_by_address_too(void)
{
	struct rte_mbuf *m;

	workers_up("net_ring0");
	for (uint16_t i = 0; i < 64; i++) {
		m = packet(20000 + i, 80, false);
		pkt_meta(m)->dst = v4(0x0a00000b);
		CU_ASSERT_EQUAL(goes_to(1, m), 0); /* below all shares */
	}
	workers_down();
}

static void order_is_kept(void)
{
	struct rte_mbuf *pkts[32], *sent[32], *got[32];
	uint16_t kept, n = 0, taken;

	workers_up("net_ring0");
	for (unsigned i = 0; i < 32; i++)
		sent[i] = pkts[i] = packet(9000, i % 2 ? 1024 : 65000, false);
	kept = worker__steer(ws.w[0], 0, pkts, 32);
	taken = worker__steer_take(ws.w[1], 0, got, 32);
	CU_ASSERT_EQUAL(kept, 16);
	CU_ASSERT_EQUAL(taken, 16);
	for (unsigned i = 0; i < 32; i += 2, n++) {
		CU_ASSERT_PTR_EQUAL(got[n], sent[i]);
		CU_ASSERT_PTR_EQUAL(pkts[n], sent[i + 1]);
	}
	rte_pktmbuf_free_bulk(pkts, kept);
	rte_pktmbuf_free_bulk(got, taken);
	workers_down();
}

/* A worker that does not take its packets costs the others nothing but these. */
static void ring_full(void)
{
	uint64_t *stat, n;

	workers_up("net_ring0");
	n = ws.plan.handed + 100;
	stat = ws.w[0]->stat;
	for (unsigned i = 0; i < n; i++) {
		struct rte_mbuf *m = packet(9000, 65000, false);

		CU_ASSERT_EQUAL(worker__steer(ws.w[0], 0, &m, 1), 0);
	}
	CU_ASSERT(stat[WORKER_STAT_drop_ring_full] > 0);
	CU_ASSERT_EQUAL(stat[WORKER_STAT_drop_ring_full] + stat[WORKER_STAT_handed_over], n);
	CU_ASSERT_EQUAL(rte_mempool_in_use_count(ws.pools[0].data), stat[WORKER_STAT_handed_over]);
	workers_down(); /* frees what lies in the ring */
}

static void alone_nothing_is_looked_at(void)
{
	struct worker w = {.cfg.n_workers = 1};
	struct rte_mbuf *none = NULL;

	CU_ASSERT_EQUAL(worker__steer(&w, 0, &none, 1), 1);
	worker__news(&w);
}

/* An ARP answer that lands on one worker is what the other waits for. */
static void news_cross(void)
{
	/* "10.0.0.200 is at 02:00:00:00:00:c8", to us */
	static const uint8_t arp[] = {0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0xc8, 8, 6, 0, 1, 8, 0, 6, 4,
		0, 2, 2, 0, 0, 0, 0, 0xc8, 10, 0, 0, 200, 0, 0, 0, 0, 0, 0, 10, 0, 0, 10};
	struct rte_mbuf *m, *out;
	struct net_neigh_info n;

	workers_up("net_ring0");
	for (unsigned i = 0; i < WORKERS; i++)
		net_set_link(ws.w[i]->net, 0, true, 0);
	m = rte_pktmbuf_alloc(ws.pools[1].hdr);
	memset(rte_pktmbuf_append(m, 20), 0, 20);
	memset(pkt_meta(m), 0, sizeof(struct pkt_meta));
	m->l4_len = 20;
	pkt_meta(m)->src = OURS;
	pkt_meta(m)->dst = THEIR;
	net_output(ws.w[1]->net, &m, 1, 0);
	CU_ASSERT_EQUAL_FATAL(net_neigh_list(ws.w[1]->net, 0, &n, 1), 1);
	CU_ASSERT_EQUAL(n.state, NET_NEIGH_INCOMPLETE);

	m = rte_pktmbuf_alloc(ws.pools[0].data);
	memcpy(rte_pktmbuf_append(m, sizeof(arp)), arp, sizeof(arp));
	memcpy(rte_pktmbuf_mtod(m, void *), port_mac(ws.port), 6);
	CU_ASSERT_EQUAL(net_input(ws.w[0]->net, 0, &m, 1, 0), 0);
	worker__news(ws.w[0]);
	worker__news(ws.w[1]);
	CU_ASSERT_EQUAL_FATAL(net_neigh_list(ws.w[1]->net, 0, &n, 1), 1);
	CU_ASSERT_EQUAL(n.state, NET_NEIGH_REACHABLE);
	CU_ASSERT_EQUAL(n.mac[5], 0xc8);
	/* its request for the MAC, then the packet that waited */
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(net_tx_take(ws.w[1]->net, 0, &out, 1), 1);
		rte_pktmbuf_free(out);
	}
	CU_ASSERT_EQUAL(net_tx_take(ws.w[1]->net, 0, &out, 1), 0);
	workers_down();
}

/* While clients of an older snapshot's listeners are there, their packets are still clients'. */
static void listeners_of_every_snapshot(void)
{
	struct conf_listener old = {.addr = {{OURS, 7000}, {OURS, 7001}}, .n_addr = 2}, next = old;
	struct conf a = {.listeners = &old, .n_listeners = 1},
		    b = {.listeners = &next, .n_listeners = 1};
	struct worker_listens *both;
	bool owner_differs = false;
	uint16_t owner;

	next.addr[0].port = 7002;
	workers_up("net_ring0");
	owner = relay_port_owner(7000, WORKERS);
	both = worker_listens_create((const struct conf *const[]){&b, &a}, 2);
	CU_ASSERT_PTR_NOT_NULL_FATAL(both);
	CU_ASSERT_EQUAL(both->n, 3);
	for (unsigned i = 0; i < 64; i++) {
		uint16_t remote = (uint16_t)(2000 + i), home;

		ws.w[0]->listens = ws.w[1]->listens = ws.listens;
		CU_ASSERT_EQUAL(goes_to(0, packet(remote, 7000, false)), owner);
		ws.w[0]->listens = ws.w[1]->listens = both;
		home = goes_to(0, packet(remote, 7000, false)); /* by the flow, not by the port */
		CU_ASSERT_EQUAL(goes_to(1, packet(remote, 7000, false)), home);
		owner_differs |= home != owner;
	}
	CU_ASSERT_TRUE(owner_differs);
	worker_listens_destroy(both);
	worker_listens_destroy(NULL);
	workers_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(backs_by_port),
	UNIT_CASE(fronts_by_hash),
	UNIT_CASE(fronts_by_rss),
	UNIT_CASE(icmp_to_everybody),
	UNIT_CASE(listeners_by_address_too),
	UNIT_CASE(listeners_of_every_snapshot),
	UNIT_CASE(order_is_kept),
	UNIT_CASE(ring_full),
	UNIT_CASE(alone_nothing_is_looked_at),
	UNIT_CASE(news_cross),
};

UNIT_MAIN(cases)
