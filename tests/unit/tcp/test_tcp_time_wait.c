/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections end: RFC 9293 3.6, TIME_WAIT, RFC 1337, RFC 6191. */
#include <errno.h>

#include "seg.h"

/* We close first, in order; the record of port stays. Returns our next sequence number. */
static uint32_t close_first(uint16_t port, struct tcp_opts o)
{
	struct tcp_conn *c = accept_from(port, o);

	o.ts_val++;
	tcp_shutdown(lab.t, c);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_1);
	WANT(TCP_ACK | TCP_FIN, U + 1, P + 1, 0);
	GIVE(TCP_ACK, P + 1, U + 2, .sport = port, .o = o);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_2);
	WANT_NONE(); /* and no second FIN */
	GIVE(TCP_ACK | TCP_FIN, P + 1, U + 2, .sport = port, .o = o);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_FIN | TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, 0);
	WANT(TCP_ACK, U + 2, P + 2, 0);
	tcp_release(lab.t, c);
	return U + 2;
}

static uint32_t waiting(void)
{
	struct tcp_info info;

	WANT_NONE(); /* a released connection is free when it is off the lists */
	CU_ASSERT_PTR_NULL(tcp_ready_take(lab.t, &(uint8_t){0}));
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.conns, 0);
	return info.time_waits;
}

static void fin_again(void)
{
	uint32_t nxt;

	lab_open();
	nxt = close_first(0, (struct tcp_opts){.mss = 1460});
	CU_ASSERT_EQUAL(waiting(), 1);
	pass(50000);
	GIVE(TCP_ACK | TCP_FIN, P + 1, nxt);
	WANT(TCP_ACK, nxt, P + 2, 0);
	pass(59999); /* 2 MSL anew */
	CU_ASSERT_EQUAL(waiting(), 1);
	GIVE(TCP_ACK, P + 2, nxt); /* pure ACKs get no answer */
	WANT_NONE();
	GIVE(TCP_ACK, P + 2, nxt, .len = 3);
	WANT(TCP_ACK, nxt, P + 2, 0);
	GIVE(TCP_RST, P + 2, 0); /* RFC 1337 */
	CU_ASSERT_EQUAL(waiting(), 1);
	CU_ASSERT_EQUAL(tcp_next_tick(lab.t, 1000, lab.now), 1);
	pass(1);
	CU_ASSERT_EQUAL(waiting(), 0);
	lab_close();
}

static void reuse(void)
{
	struct tcp_opts o = {.mss = 1460};
	uint32_t nxt;
	struct seg s;

	lab_open();
	nxt = close_first(0, o);
	GIVE(TCP_SYN, P + 1, 0, .o = o); /* not newer */
	WANT(TCP_ACK, nxt, P + 2, 0);
	GIVE(TCP_SYN, P + 100, 0, .o = o);
	s = take();
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(s.ack, P + 101);
	CU_ASSERT_TRUE(seq_gt(s.seq, nxt)); /* RFC 9293 3.6.1 */
	CU_ASSERT_EQUAL(waiting(), 0);
	GIVE(TCP_RST, P + 101, 0);
	/* by timestamp, whatever the number (RFC 6191) */
	o.has_ts = true;
	o.ts_val = PEER_TS;
	close_first(5001, o);
	o.ts_val = PEER_TS;
	GIVE(TCP_SYN, P + 100, 0, .o = o, .sport = 5001);
	CU_ASSERT_EQUAL(take().flags, TCP_ACK);
	o.ts_val = PEER_TS + 2;
	GIVE(TCP_SYN, P - 100, 0, .o = o, .sport = 5001);
	CU_ASSERT_EQUAL(take().flags, TCP_SYN | TCP_ACK);
	GIVE(TCP_RST, P - 99, 0, .sport = 5001);
	/* not where nobody listens any more */
	close_first(5002, (struct tcp_opts){.mss = 1460});
	tcp_unlisten(lab.t, 0);
	GIVE(TCP_SYN, P + 100, 0, .sport = 5002);
	CU_ASSERT_EQUAL(take().flags, TCP_ACK);
	CU_ASSERT_EQUAL(waiting(), 1);
	lab_close();
}

/* RFC 6191 2, row by row. The old connection ended at P + 2 and, with timestamps, PEER_TS + 1. */
static void rfc6191_rows(void)
{
	static const struct {
		bool old_ts, new_ts;
		int32_t seq, ts; /* from where the old one ended */
		bool reuse;
	} rows[] = {{true, true, -100, 1, true}, {true, true, 1, 0, true},
		{true, true, 0, 0, false}, {true, true, 100, -1, false}, {true, false, 1, 0, true},
		{true, false, 0, 0, false}, {false, true, -100, -100, true},
		{false, false, 1, 0, true}, {false, false, 0, 0, false}};

	for (uint32_t i = 0; i < RTE_DIM(rows); i++) {
		struct tcp_opts o = {.mss = 1460, .has_ts = rows[i].old_ts, .ts_val = PEER_TS};
		uint32_t nxt;
		struct seg s;

		lab_open();
		nxt = close_first(0, o);
		o.has_ts = rows[i].new_ts;
		o.ts_val = PEER_TS + 1 + (uint32_t)rows[i].ts;
		GIVE(TCP_SYN, P + 2 + (uint32_t)rows[i].seq, 0, .o = o);
		s = take();
		CU_ASSERT_EQUAL(s.flags, rows[i].reuse ? TCP_SYN | TCP_ACK : TCP_ACK);
		CU_ASSERT_EQUAL(seq_gt(s.seq, nxt), rows[i].reuse);
		CU_ASSERT_EQUAL(waiting(), !rows[i].reuse);
		lab_close();
	}
}

/* With the table of half-open connections full: a cookie only where timestamps guard the old ISN.
 */
static void reuse_by_cookie(void)
{
	struct tcp_opts o = {.mss = 1460};

	lab_open();
	close_first(0, o);
	o.has_ts = true;
	o.ts_val = PEER_TS;
	close_first(5001, o);
	GIVE(TCP_SYN, P, 0, .sport = 6000);
	GIVE(TCP_SYN, P, 0, .sport = 6001);
	drain();
	GIVE(TCP_SYN, P + 100, 0, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(take().flags, TCP_ACK);
	CU_ASSERT_EQUAL(waiting(), 2);
	o.ts_val += 2;
	GIVE(TCP_SYN, P + 100, 0, .o = o, .sport = 5001);
	CU_ASSERT_EQUAL(take().flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(waiting(), 1);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 1);
	lab_close();
}

/* The quarter of the records that is kept for them: above the watermark of cookies. */
static void reuse_above_watermark(void)
{
	uint32_t nxt;
	struct seg s;

	lab_open();
	lab_close();
	lab.cfg = (struct tcp_config){.conns = 1,
		.syns = 8,
		.time_waits = 1,
		.exts = 1,
		.rcv_limit = LIMIT,
		.time_wait_ms = 60000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
	lab_open();
	nxt = close_first(0, (struct tcp_opts){.mss = 1460});
	for (uint16_t i = 0; i < 7; i++)
		GIVE(TCP_SYN, P, 0, .sport = (uint16_t)(6000 + i));
	drain();
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 1);
	GIVE(TCP_SYN, P + 100, 0, .o = {.mss = 1460});
	s = take();
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_TRUE(seq_gt(s.seq, nxt));
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 1);
	CU_ASSERT_EQUAL(lab.t->syn.used, 7);
	lab_close();
}

/* RFC 1337: what is left of the old connection does not end TIME_WAIT, nor does it live again. */
static void rfc1337_hazards(void)
{
	uint32_t nxt;

	lab_open();
	nxt = close_first(0, (struct tcp_opts){.mss = 1460});
	GIVE(TCP_RST, P + 2, 0); /* F1 */
	GIVE(TCP_RST | TCP_ACK, P + 2, nxt);
	GIVE(TCP_RST, P + 500, 0);
	WANT_NONE();
	GIVE(TCP_ACK, P + 1, nxt - 1, .len = 10); /* H1: old data */
	WANT(TCP_ACK, nxt, P + 2, 0);
	GIVE(TCP_ACK, P, nxt + 1000); /* H2: an ACK out of nowhere */
	GIVE(TCP_SYN | TCP_ACK, P + 100, nxt);
	drain();
	CU_ASSERT_EQUAL(waiting(), 1);
	CU_ASSERT_PTR_NULL(tcp_ready_take(lab.t, &(uint8_t){0}));
	lab_close();
}

static void oldest_makes_room(void)
{
	lab_open();
	close_first(5001, (struct tcp_opts){.mss = 1460});
	close_first(5002, (struct tcp_opts){.mss = 1460});
	close_first(5003, (struct tcp_opts){.mss = 1460});
	CU_ASSERT_EQUAL(waiting(), 2);
	GIVE(TCP_ACK | TCP_FIN, P + 1, U + 2, .sport = 5001); /* forgotten */
	CU_ASSERT_EQUAL(take().flags, TCP_RST);
	lab_close();
}

static void simultaneous_close(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	tcp_shutdown(lab.t, c);
	WANT(TCP_ACK | TCP_FIN, U + 1, P + 1, 0);
	GIVE(TCP_ACK | TCP_FIN, P + 1, U + 1);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSING);
	WANT(TCP_ACK, U + 2, P + 2, 0);
	GIVE(TCP_ACK, P + 2, U + 2);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_FIN | TCP_EV_DEAD);
	tcp_release(lab.t, c);
	CU_ASSERT_EQUAL(waiting(), 1);
	lab_close();
}

static void half_close(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	tcp_shutdown(lab.t, c);
	drain();
	GIVE(TCP_ACK, P + 1, U + 2, .len = 100); /* FIN_WAIT_2: the peer goes on */
	GIVE(TCP_ACK | TCP_FIN, P + 101, U + 2, .len = 100);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSED);
	CU_ASSERT_EQUAL(c->rx.bytes, 200);
	read_bytes(c, P + 1, 200);
	tcp_release(lab.t, c);
	lab_close();
}

static void release_unread(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10);
	tcp_release(lab.t, c);
	WANT(TCP_RST | TCP_ACK, U + 1, P + 11, 0); /* RFC 2525 2.17 */
	CU_ASSERT_EQUAL(waiting(), 0);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(fin_again), UNIT_CASE(reuse),
	UNIT_CASE(rfc6191_rows), UNIT_CASE(reuse_by_cookie), UNIT_CASE(reuse_above_watermark),
	UNIT_CASE(rfc1337_hazards), UNIT_CASE(oldest_makes_room), UNIT_CASE(simultaneous_close),
	UNIT_CASE(half_close), UNIT_CASE(release_unread)};
UNIT_MAIN(cases)
