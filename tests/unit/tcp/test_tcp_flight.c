/* SPDX-License-Identifier: BSD-3-Clause */
/* Flights: few of them for many connections; without one output waits, and is not forgotten. */
#include "flight.h"

static struct tcp_conn *sender(uint16_t port)
{
	return accept_from(port, (struct tcp_opts){.mss = MSS, .sack_ok = true});
}

/* All that was sent arrived: port's connection c has nothing in flight. */
static void all_acked(struct tcp_conn *c)
{
	GIVE(TCP_ACK, P + 1, c->snd_nxt, .sport = c->rport);
	CU_ASSERT_EQUAL(c->snd_una, c->snd_nxt);
}

/* The one that has been idle longest loses its own; not one with bytes in flight. */
static void idlest(void)
{
	struct tcp_conn *a, *b, *c;

	lab.cfg.flights = 2;
	lab_open();
	a = sender(5001);
	b = sender(5002);
	c = sender(5003);
	send_bytes(a, 100);
	send_bytes(b, 100);
	CU_ASSERT_EQUAL(drain(), 2);
	all_acked(b);
	all_acked(a);
	send_bytes(c, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	CU_ASSERT_PTR_NULL(b->flight);
	CU_ASSERT_PTR_NOT_NULL(a->flight);
	CU_ASSERT_PTR_NOT_NULL(c->flight);
	CU_ASSERT_PTR_EQUAL(c->flight->conn, c);
	/* what comes for b meanwhile finds none: an ACK, ECE, a D-SACK */
	GIVE(TCP_ACK | TCP_ECE, P + 1, b->snd_nxt, .sport = 5002,
		.o = {.n_sack = 1, .sack = {{b->snd_una - 10, b->snd_una}}});
	tcp_abort(lab.t, a);
	tcp_abort(lab.t, b);
	tcp_abort(lab.t, c);
	lab_close();
}

/* None left: output waits, and goes on when one is. */
static void none_left(void)
{
	struct tcp_conn *a, *b;

	lab.cfg.flights = 1;
	lab_open();
	a = sender(5001);
	b = sender(5002);
	send_bytes(a, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	send_bytes(b, 100);
	WANT_NONE();
	CU_ASSERT_TRUE(tcp_output_pending(lab.t));
	GIVE(TCP_ACK, P + 1, b->snd_una, .sport = 5002, .len = MSS);
	GIVE(TCP_ACK, P + 1 + MSS, b->snd_una, .sport = 5002, .len = MSS);
	WANT(TCP_ACK, b->snd_nxt, P + 1 + 2 * MSS, 0); /* its ACKs do not */
	all_acked(a);
	WANT(TCP_ACK | TCP_PSH, b->snd_una, P + 1 + 2 * MSS, 100);
	CU_ASSERT_PTR_NULL(a->flight);
	CU_ASSERT_TRUE(b->t_rtx != 0);
	tcp_abort(lab.t, a); /* with the other's death as well */
	send_bytes(b, 100);
	CU_ASSERT_EQUAL(drain(), 2);
	tcp_abort(lab.t, b);
	lab_close();
}

/* One that could not send after all does not keep others from it. */
static void not_kept_unused(void)
{
	void *hog[4096];
	struct tcp_conn *a, *b;
	uint32_t n;

	lab.cfg.flights = 1;
	lab_open();
	a = sender(5001);
	b = sender(5002);
	send_bytes(a, 100);
	n = rte_mempool_avail_count(lab.pools.hdr);
	CU_ASSERT_EQUAL_FATAL(rte_mempool_get_bulk(lab.pools.hdr, hog, n), 0);
	WANT_NONE();
	rte_mempool_put_bulk(lab.pools.hdr, hog, n);
	lab.iss = a->snd_una - 1;
	window_is(a, 5001, 0);
	send_bytes(b, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	CU_ASSERT_PTR_NULL(a->flight);
	tcp_abort(lab.t, a);
	tcp_abort(lab.t, b);
	lab_close();
}

/* RFC 7661 4.4: with a flight of long ago, its window is gone, but slow start leads back to it. */
static void restart(void)
{
	struct tcp_conn *a, *b;

	lab.cfg.flights = 1;
	lab_open();
	a = sender(5001);
	b = sender(5002);
	send_bytes(a, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	pass(RTT);
	all_acked(a);
	a->cwnd = 100 * MSS;
	a->ssthresh = 50 * MSS;
	send_bytes(b, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	all_acked(b);
	send_bytes(a, 100);
	CU_ASSERT_EQUAL(drain(), 1);
	CU_ASSERT_EQUAL(a->cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(a->ssthresh, 75 * MSS);
	CU_ASSERT_EQUAL(a->srtt, RTT * MS);
	tcp_abort(lab.t, a);
	tcp_abort(lab.t, b);
	lab_close();
}

/* All runs and flights are back when connections die in the middle of everything. */
static void death(void)
{
	struct tcp_conn *c;
	uint32_t runs;

	lab_open();
	runs = lab.t->runs_free;
	c = in_flight(8, true);
	DUP(.o = SACKED(2, 3));
	DUP(.o = SACKED(4, 5));
	CU_ASSERT_TRUE(lab.t->runs_free < runs);
	tcp_abort(lab.t, c);
	CU_ASSERT_EQUAL(lab.t->runs_free, runs);
	CU_ASSERT_TRUE(list_empty(&lab.t->flights_idle));
	CU_ASSERT_EQUAL(lab.t->wheel.armed, 0);
	lab_close();
}

/* RFC 3522: which clock the peer echoes, also where milliseconds wrap */
static void echo_before(void)
{
	struct tcp_seg s = {.opt = {.has_ts = true}};
	struct tcp_conn *c;

	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true, .has_ts = true, .ts_val = PEER_TS});
	for (uint32_t i = 0; i < 2; i++) {
		lab.t->now_ms = i ? 5 : 100000;
		s.opt.ts_ecr = tcp__ts_now(lab.t, c) - 10;
		CU_ASSERT_TRUE(tcp__echo_before(lab.t, c, &s, lab.t->now_ms - 9));
		CU_ASSERT_FALSE(tcp__echo_before(lab.t, c, &s, lab.t->now_ms - 10));
	}
	s.opt.has_ts = false;
	CU_ASSERT_FALSE(tcp__echo_before(lab.t, c, &s, lab.t->now_ms));
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(idlest), UNIT_CASE(none_left),
	UNIT_CASE(not_kept_unused), UNIT_CASE(restart), UNIT_CASE(death), UNIT_CASE(echo_before)};
UNIT_MAIN(cases)
