/* SPDX-License-Identifier: BSD-3-Clause */
/* A tiny data pool, filled to the last mbuf and emptied again. */
#include <errno.h>

#include "seg.h"

#define CROWD 40u

static void crowd_open(void)
{
	lab_open();
	tcp_destroy(lab.t);
	lab.cfg.conns = CROWD + 8;
	lab.cfg.exts = CROWD + 8;
	lab.t = tcp_create(&lab.cfg, &lab.pools, lab.now, &(struct err){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.t);
	CU_ASSERT_EQUAL_FATAL(
		tcp_listen(lab.t, &(struct ip_endpoint){lab.us, 80}, &lab.path, &lab), 0);
}

/* A millisecond later. */
static uint8_t relieve(void)
{
	lab.now += MS;
	tcp_relieve(lab.t, lab.now);
	return tcp_pressure(lab.t);
}

static uint32_t data_left(void)
{
	return rte_mempool_avail_count(lab.pools.data);
}

/* n bytes in order, if the NIC finds an mbuf. */
static bool arrive(struct tcp_conn *c, uint32_t n)
{
	if (data_left() == 0)
		return false;
	GIVE(TCP_ACK, c->rcv_nxt, c->snd_nxt, .len = n, .sport = c->rport);
	return true;
}

/* The owners of dead connections give them up. */
static uint32_t bury(void)
{
	uint32_t n = 0;
	uint8_t events;
	struct tcp_conn *c;

	while ((c = tcp_ready_take(lab.t, &events)) != NULL) {
		if (!(events & TCP_EV_DEAD))
			continue;
		CU_ASSERT_EQUAL(c->error, ENOBUFS);
		tcp_release(lab.t, c);
		n++;
	}
	return n;
}

/* Up at 70, 85 and 95 %, down 5 % below. */
static void ladder(void)
{
	static const struct {
		uint32_t percent;
		uint8_t step;
	} rows[] = {{0, 0}, {69, 0}, {70, 1}, {66, 1}, {84, 1}, {85, 2}, {81, 2}, {94, 2}, {96, 3},
		{91, 3}, {89, 2}, {79, 1}, {64, 0}, {100, 3}, {0, 0}};
	struct rte_mbuf *held[512];
	uint32_t n = 0;

	lab_open();
	for (uint32_t i = 0; i < RTE_DIM(rows); i++) {
		uint32_t want = (rows[i].percent * 512 + 99) / 100;

		while (n < want)
			held[n++] = rte_pktmbuf_alloc(lab.pools.data);
		while (n > want)
			rte_pktmbuf_free(held[--n]);
		CU_ASSERT_EQUAL(relieve(), rows[i].step);
	}
	CU_ASSERT_EQUAL(COUNT(pressure_aborts), 0); /* nobody held any of it */
	lab_close();
}

/* What lies in the ports' rings is not in use, however small the rest. */
static void rings(void)
{
	struct rte_mbuf *held[512];
	uint32_t n = 0;

	lab_open();
	tcp_ring_mbufs(lab.t, 412);
	while (n < 412)
		held[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_EQUAL(relieve(), 0);
	while (n < 412 + 69)
		held[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_EQUAL(relieve(), 0);
	held[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_EQUAL(relieve(), 1);
	while (n < 412 + 95)
		held[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_EQUAL(relieve(), 3);
	rte_pktmbuf_free_bulk(held, n);
	lab_close();
}

/* Measured once a millisecond, however often we are asked. */
static void cheap(void)
{
	struct rte_mbuf *all[512];

	lab_open();
	relieve();
	CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(lab.pools.data, all, 512), 0);
	tcp_relieve(lab.t, lab.now + MS - 1);
	CU_ASSERT_EQUAL(tcp_pressure(lab.t), 0);
	tcp_relieve(lab.t, lab.now + MS);
	CU_ASSERT_EQUAL(tcp_pressure(lab.t), 3);
	rte_pktmbuf_free_bulk(all, 512);
	lab_close();
}

/* Those that stand still go before heavier ones that move; of these the heaviest. */
static void who_goes(void)
{
	struct rte_mbuf *rest[512];
	struct tcp_conn *c[3];
	uint32_t n = 0;

	crowd_open();
	for (uint32_t i = 0; i < 3; i++)
		c[i] = accept_from((uint16_t)(6000 + i), (struct tcp_opts){.mss = 1460});
	for (uint32_t i = 0; i < 5; i++)
		arrive(c[1], 1460);
	drain();
	pass(1500);
	for (uint32_t i = 0; i < 25; i++) {
		arrive(c[0], 1460);
		if (i < 22)
			arrive(c[2], 1460);
	}
	drain();
	bury();
	while (data_left() > 20)
		rest[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_EQUAL(relieve(), 3);
	CU_ASSERT_EQUAL(c[1]->state, TCP_CLOSED);
	CU_ASSERT_EQUAL(c[0]->state, TCP_CLOSED); /* 5 were not enough */
	CU_ASSERT_EQUAL(c[2]->state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(COUNT(pressure_aborts), 2);
	CU_ASSERT_EQUAL(take().flags & TCP_RST, TCP_RST);
	CU_ASSERT_EQUAL(bury(), 2);
	relieve();
	CU_ASSERT_EQUAL(c[2]->state, TCP_ESTABLISHED);
	rte_pktmbuf_free_bulk(rest, n);
	tcp_abort(lab.t, c[2]);
	drain();
	lab_close();
}

/* Beyond a hole nothing was promised: at the last step it is not kept. */
static void holes_wait(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	lab.t->pressure = TCP_PRESSURE_ABORT;
	GIVE(TCP_ACK, P + 101, U + 1, .len = 100);
	CU_ASSERT_EQUAL(COUNT(drop_ooo_full), 1);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100); /* in order it is */
	read_bytes(c, P + 1, 100);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Pitfall 3: a crowd of slow readers pins all that there is. Those who are read get their service
 * all the same, ACKs leave, and afterwards every mbuf is back. */
static void crowd_of_slow_readers(void)
{
	struct tcp_conn *good, *bad;
	uint32_t served = 0, full = 0, buried = 0;
	uint16_t port = 7000;

	crowd_open();
	good = accept_from(6000, (struct tcp_opts){.mss = 1460});
	for (uint32_t ms = 0; ms < 300; ms++) {
		for (uint32_t i = 0; i < 4 && data_left() > 8; i++, port++) {
			bad = accept_from(port, (struct tcp_opts){.mss = 1460});
			for (uint32_t k = 0; k < 15; k++)
				arrive(bad, 1460);
			drain();
			buried += bury();
		}
		drain();
		full += data_left() == 0;
		if (arrive(good, 1000)) {
			CU_ASSERT_EQUAL(good->rx.bytes, 1000);
			read_bytes(good, good->rcv_nxt - 1000, 1000);
			served++;
		}
		CU_ASSERT_EQUAL_FATAL(good->state, TCP_ESTABLISHED);
		pass(1);
		drain();
		tcp_relieve(lab.t, lab.now);
		drain();
		buried += bury();
		if (lab.t->conns > CROWD)
			break;
	}
	CU_ASSERT_TRUE(buried > 300);
	CU_ASSERT_TRUE(served > 290);
	CU_ASSERT_EQUAL(COUNT(pressure_aborts), buried);
	while (relieve() > 0) { /* the crowd has gone, its memory comes back */
		for (uint32_t i = 0; i < lab.t->cfg.conns; i++)
			if (tcp_conn_at(lab.t, i) && &lab.t->conn[i] != good)
				tcp_abort(lab.t, &lab.t->conn[i]);
		drain();
	}
	CU_ASSERT_EQUAL(good->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, good);
	drain();
	lab_close();
}

/* The last mbuf is taken: an ACK leaves, an abort frees, the ring is filled again. */
static void to_the_last_mbuf(void)
{
	struct rte_mbuf *rest[512];
	struct tcp_conn *c;
	uint32_t n = 0;

	crowd_open();
	c = accept_from(6000, (struct tcp_opts){.mss = 1460});
	for (uint32_t i = 0; i < 40; i++)
		arrive(c, 1460);
	while (data_left())
		rest[n++] = rte_pktmbuf_alloc(lab.pools.data);
	CU_ASSERT_FALSE(arrive(c, 1));
	WANT(TCP_ACK, U + 1, P + 1 + 40 * 1460, 0);
	bury();
	relieve();
	CU_ASSERT_EQUAL(data_left(), 0); /* its owner has them still */
	CU_ASSERT_EQUAL(bury(), 1);
	CU_ASSERT_EQUAL(data_left(), 40);
	CU_ASSERT_EQUAL(relieve(), 3);
	rte_pktmbuf_free_bulk(rest, n);
	CU_ASSERT_EQUAL(relieve(), 0);
	drain();
	lab_close();
}

/* What a connection may queue follows what its path carries. */
static void send_budget(void)
{
	struct tcp_flight f = {.bytes[TCP_RUN_SACKED] = 300000};
	struct tcp_conn c = {.cwnd = 14600};

	CU_ASSERT_EQUAL(tcp_tx_budget(&c, 1 << 20), 65536);
	CU_ASSERT_EQUAL(tcp_tx_budget(&c, 10000), 10000);
	c.cwnd = 100000;
	CU_ASSERT_EQUAL(tcp_tx_budget(&c, 1 << 20), 200000);
	c.flight = &f; /* what waits behind a gap is not in flight, but it is in tx */
	CU_ASSERT_EQUAL(tcp_tx_budget(&c, 1 << 20), 500000);
	c.cwnd = UINT32_MAX;
	CU_ASSERT_EQUAL(tcp_tx_budget(&c, 1 << 20), 1 << 20);
}

static const struct unit_case cases[] = {UNIT_CASE(ladder), UNIT_CASE(rings), UNIT_CASE(cheap),
	UNIT_CASE(who_goes), UNIT_CASE(holes_wait), UNIT_CASE(crowd_of_slow_readers),
	UNIT_CASE(to_the_last_mbuf), UNIT_CASE(send_budget)};
UNIT_MAIN(cases)
