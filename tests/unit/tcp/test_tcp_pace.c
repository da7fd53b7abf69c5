/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets leave at a rate; what is not payload does not wait. */
#include "flight.h"

/* A connection whose window of 12 segments takes 120 ms: 1.2 of that is a segment in 8333 us. */
static struct tcp_conn *paced(void)
{
	struct tcp_conn *c = flow((struct tcp_opts){.sack_ok = true});

	tcp__flight(lab.t, c);
	c->srtt = 120000;
	c->rto = 1000;
	c->cwnd = c->ssthresh = 12 * MSS;
	return c;
}
#define GAP 8333u /* us */

/* Let us pass in steps of 100; how many packets leave. */
static uint32_t sent_in(uint32_t us)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < us; i += 100) {
		lab.now += 100;
		tcp_tick(lab.t, 100, lab.now);
		n += drain();
	}
	return n;
}

/* One each gap; at the begin two are free, and no more after a pause */
static void gaps(void)
{
	struct tcp_conn *c;

	lab_open();
	c = paced();
	send_bytes(c, 10 * MSS);
	CU_ASSERT_EQUAL(drain(), 3);
	CU_ASSERT_EQUAL(sent_in(8200), 0);
	CU_ASSERT_EQUAL(sent_in(200), 1);
	CU_ASSERT_EQUAL(sent_in(4 * GAP), 4);
	CU_ASSERT_EQUAL(sent_in(10 * GAP), 2);
	pass(100);
	ACKED(10);
	pass(3000);
	c->srtt = 120000;
	c->cwnd = c->ssthresh = 12 * MSS;
	send_bytes(c, 10 * MSS);
	CU_ASSERT_EQUAL(drain(), 3);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Twice the window a round trip where slow start doubles it, or it could not */
static void slow_start(void)
{
	struct tcp_conn *c;

	lab_open();
	c = paced();
	c->ssthresh = UINT32_MAX;
	send_bytes(c, 12 * MSS);
	drain();
	CU_ASSERT_EQUAL(sent_in(45200), 9); /* each 5 ms */
	tcp_abort(lab.t, c);
	lab_close();
}

/* And for what follows a pause, until all from before it has arrived: an answer is not to be late.
 */
static void after_a_pause(void)
{
	struct tcp_conn *c;

	lab_open();
	c = paced();
	send_bytes(c, 2 * MSS);
	CU_ASSERT_EQUAL(drain(), 2); /* nothing is left: the pause begins */
	send_bytes(c, 10 * MSS);
	CU_ASSERT_EQUAL(drain(), 1);
	CU_ASSERT_EQUAL(sent_in(25200), 5); /* each 5 ms */
	tcp_abort(lab.t, c);
	lab_close();
}

/* Data that waits for its pace waits for the window: that grows, though it is never full; not so
 * without such data, and not when less than half of it is used. */
static void waiting_grows(void)
{
	static const struct {
		uint32_t given, sent;
		bool grows;
	} t[] = {{20, 10, true}, {10, 10, false}, {20, 5, false}}; /* segments; the window is 12 */

	for (unsigned i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct tcp_conn *c;

		lab_open();
		c = paced();
		send_bytes(c, t[i].given * MSS);
		CU_ASSERT_EQUAL(drain(), 3);
		CU_ASSERT_EQUAL(sent_in((t[i].sent - 3) * GAP + 200), t[i].sent - 3);
		ACKED(1);
		CU_ASSERT_EQUAL(c->cwnd > 12 * MSS, t[i].grows);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* 10 Gbit/s is 1.168 us a segment: no rate is lost to the clock's microseconds. */
static void fast(void)
{
	struct tcp_conn *c;
	clock_us_t from;

	lab_open();
	c = paced();
	c->srtt = 1000;
	c->cwnd = c->ssthresh = 1041666; /* times 1.2 a ms is 1.25 GB/s */
	tcp__pace_sent(lab.t, c, MSS);
	from = c->flight->pace_at;
	for (int i = 0; i < 10000; i++)
		tcp__pace_sent(lab.t, c, MSS);
	CU_ASSERT_TRUE(c->flight->pace_at - from >= 11679 && c->flight->pace_at - from <= 11681);
	tcp_abort(lab.t, c);
	lab_close();
}

/* What the rate gives in a millisecond goes at once, and no timer is set for each packet. */
static void burst(void)
{
	struct tcp_conn *c;
	uint32_t n;

	lab_open();
	c = paced();
	c->cwnd = c->ssthresh = 40 * MSS;
	c->srtt = 4000; /* 12 segments a millisecond */
	c->snd_wnd = 1000000;
	send_bytes(c, 40 * MSS);
	n = drain();
	CU_ASSERT_TRUE(n >= 12 && n <= 14);
	CU_ASSERT_EQUAL(lab.t->pace.armed, 1);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Packets of many segments take as long as their bytes do. */
static void tso(void)
{
	struct tcp_conn *c;

	lab.path = (struct tcp_path){1500, 9000};
	lab_open();
	c = paced(); /* six segments a packet: 50 ms each */
	c->snd_wnd = 1000000;
	c->cwnd = c->ssthresh = 120 * MSS;
	c->srtt = 1200000;
	send_bytes(c, 60 * MSS);
	CU_ASSERT_EQUAL(drain(), 1);
	CU_ASSERT_EQUAL(sent_in(5 * 6 * GAP), 5);
	tcp_abort(lab.t, c);
	lab_close();
}

/* ACKs leave while payload waits for its time. */
static void acks_do_not_wait(void)
{
	struct tcp_conn *c;

	lab_open();
	c = paced();
	send_bytes(c, 10 * MSS);
	drain();
	GIVE(TCP_ACK, P + 2, U + 1, .wnd = 65535, .len = MSS);
	GIVE(TCP_ACK, P + 2 + MSS, U + 1, .wnd = 65535, .len = MSS);
	WANT(TCP_ACK, U + 1 + 3 * MSS, P + 2 + 2 * MSS, 0);
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

/* The wheel knows when to wake, and nothing of one that is dead. */
static void wheel(void)
{
	struct tcp_conn *c;
	uint32_t us;

	lab_open();
	CU_ASSERT_EQUAL(tcp_next_pace(lab.t, 500, lab.now), 500);
	c = paced();
	send_bytes(c, 10 * MSS);
	drain();
	CU_ASSERT_EQUAL(lab.t->pace.armed, 1);
	us = tcp_next_pace(lab.t, 100000, lab.now);
	CU_ASSERT_TRUE(us >= 4000 && us <= GAP + 2 * TCP_PACE_US);
	CU_ASSERT_TRUE(tcp_next_pace(lab.t, 100, lab.now) <= 100);
	tcp_abort(lab.t, c);
	CU_ASSERT_EQUAL(lab.t->pace.armed, 0);
	CU_ASSERT_EQUAL(tcp_next_pace(lab.t, 500, lab.now), 500);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(gaps), UNIT_CASE(slow_start),
	UNIT_CASE(after_a_pause), UNIT_CASE(waiting_grows), UNIT_CASE(burst), UNIT_CASE(fast),
	UNIT_CASE(tso), UNIT_CASE(acks_do_not_wait), UNIT_CASE(wheel)};
UNIT_MAIN(cases)
