/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard: runs tile what is in flight, whatever is acknowledged, SACKed, lost, sent. */
#include "flight.h"

static uint32_t runs_of(const struct tcp_conn *c)
{
	uint32_t n = 0;

	for (uint32_t i = c->flight->runs.head; i; i = lab.t->run[i - 1].next)
		n++;
	return n;
}

static const struct tcp_run *run_with(const struct tcp_conn *c, uint32_t seq)
{
	for (uint32_t i = c->flight->runs.head; i; i = lab.t->run[i - 1].next)
		if (seq_gt(lab.t->run[i - 1].end, seq))
			return &lab.t->run[i - 1];
	return NULL;
}

/* What leaves in one poll is one run; another time is another run; an ACK cuts. */
static void tile(void)
{
	struct tcp_conn *c;

	lab_open();
	c = in_flight(4, true);
	CU_ASSERT_EQUAL(runs_of(c), 1);
	send_bytes(c, 2 * MSS);
	CU_ASSERT_EQUAL(drain(), 2);
	CU_ASSERT_EQUAL(runs_of(c), 2);
	runs_check(c);
	ACKED(0, .o = {0});
	GIVE(TCP_ACK, P + 2, AT(1) + 100, .wnd = 65535); /* in the middle of a segment */
	runs_check(c);
	CU_ASSERT_EQUAL(runs_of(c), 2);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_OUT], 5 * MSS - 100);
	ACKED(5);
	runs_check(c);
	CU_ASSERT_EQUAL(runs_of(c), 1);
	tcp_shutdown(lab.t, c);
	drain();
	runs_check(c); /* the FIN is one of the numbers */
	GIVE(TCP_ACK, P + 2, AT(6) + 1, .wnd = 65535);
	CU_ASSERT_EQUAL(runs_of(c), 0);
	CU_ASSERT_EQUAL(lab.t->runs_free, lab.t->cfg.runs);
	tcp_abort(lab.t, c);
	lab_close();
}

/* A SACK block cuts a run in three; the next one joins what is SACKed. */
static void split_and_join(void)
{
	struct tcp_conn *c;

	lab_open();
	c = in_flight(8, true);
	DUP(.o = SACKED(2, 3));
	CU_ASSERT_EQUAL(runs_of(c), 3);
	runs_check(c);
	DUP(.o = SACKED(4, 5));
	CU_ASSERT_EQUAL(runs_of(c), 5);
	runs_check(c);
	/* across both and what is between, and only a part of the last */
	DUP(.o = {.n_sack = 1, .sack = {{AT(2), AT(5) + 10}}});
	CU_ASSERT_EQUAL(runs_of(c), 3);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 3 * MSS + 10);
	runs_check(c);
	DUP(.o = SACKED(3, 4)); /* nested: nothing new */
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 3 * MSS + 10);
	GIVE(TCP_ACK, P + 2, AT(3), .wnd = 65535); /* into the SACKed one */
	runs_check(c);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 2 * MSS + 10);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Pitfall 10: the same where sequence numbers wrap. */
static void across_the_wrap(void)
{
	struct tcp_conn *c;
	uint32_t base;

	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	base = -3 * MSS - 7;
	c->snd_una = c->snd_nxt = base;
	lab.iss = base - 1;
	send_bytes(c, 8 * MSS);
	CU_ASSERT_EQUAL(drain(), 8);
	pass(RTT);
	DUP(.o = SACKED(3, 4)); /* holds number 0 */
	DUP(.o = SACKED(2, 5));
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 3 * MSS);
	CU_ASSERT_EQUAL(c->flight->fack, AT(5));
	runs_check(c);
	pass(RTT / 4 + 1); /* one came after a later one: patience */
	WANT_SEGMENT(0);
	ACKED(8);
	CU_ASSERT_EQUAL(c->snd_una, AT(8));
	CU_ASSERT_EQUAL(c->tx.bytes, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Each run knows where its bytes are, however it was cut. */
static void bytes_of_runs(void)
{
	struct tcp_conn *c;
	struct seg s;
	uint32_t last = 0, n = 0;

	lab_open();
	c = in_flight(8, true);
	DUP(.o = {.n_sack = 3,
		    .sack = {{AT(7), AT(8)}, {AT(0) + 100, AT(0) + 117}, {AT(3) + 3, AT(6) + 1}}});
	s = take();
	CU_ASSERT_EQUAL(s.seq, AT(0));
	CU_ASSERT_EQUAL(s.len, 100);
	c->cwnd = 20 * MSS;
	for (uint32_t ms = 0; ms < 40; ms++, pass(1)) {
		while ((s = take()).flags) {
			CU_ASSERT_EQUAL(s.data[0], (uint8_t)(s.seq - AT(0)));
			CU_ASSERT_EQUAL(s.data[s.len < 64 ? s.len - 1 : 63],
				(uint8_t)(s.seq - AT(0) + (s.len < 64 ? s.len : 64) - 1));
			last = s.seq + s.len;
			n++;
		}
		runs_check(c);
	}
	CU_ASSERT_EQUAL(n, 4); /* from 117 on, in three; what is left of 6 */
	CU_ASSERT_EQUAL(last, AT(7));
	tcp_abort(lab.t, c);
	lab_close();
}

/* Pitfall 9: OUT stays sorted by time when what was lost goes again, and when it was not lost. */
static void sorted_by_time(void)
{
	struct tcp_conn *c;
	struct tcp_flight *f;

	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});

	for (uint32_t i = 0; i < 6; i++) {
		send_bytes(c, MSS);
		CU_ASSERT_EQUAL(drain(), 1);
		lab.now += 100;
	}
	f = c->flight;
	for (uint32_t i = 0; i < 6; i += 2)
		tcp__run_lose(lab.t, f, (struct tcp_run *)run_with(c, AT(i)));
	runs_check(c);
	CU_ASSERT_EQUAL(f->bytes[TCP_RUN_LOST], 3 * MSS);
	tcp__runs_unlose(lab.t, f);
	runs_check(c);
	CU_ASSERT_EQUAL(f->bytes[TCP_RUN_LOST], 0);
	tcp__run_lose(lab.t, f, (struct tcp_run *)run_with(c, AT(1)));
	lab.now += 100;
	lab.t->now_us = lab.now;
	tcp__run_again(lab.t, f, (struct tcp_run *)run_with(c, AT(1)));
	runs_check(c);
	CU_ASSERT_EQUAL(f->queue[TCP_RUN_OUT].tail, run_with(c, AT(1)) - lab.t->run + 1);
	CU_ASSERT_TRUE(run_with(c, AT(1))->again);
	tcp_abort(lab.t, c);
	lab_close();
}

/* A timeout: by time, or all; what is SACKed only when the peer reneged; neighbours join. */
static void lose(void)
{
	struct tcp_conn *c;
	struct tcp_flight *f;

	lab_open();
	c = in_flight(6, true);
	f = c->flight;
	send_bytes(c, 2 * MSS);
	CU_ASSERT_EQUAL(drain(), 2);
	DUP(.o = SACKED(2, 3));
	tcp__runs_lose(lab.t, f, false, (uint32_t)lab.now - 1);
	runs_check(c);
	CU_ASSERT_EQUAL(f->bytes[TCP_RUN_LOST], 5 * MSS);
	CU_ASSERT_EQUAL(f->bytes[TCP_RUN_OUT], 2 * MSS);
	CU_ASSERT_EQUAL(tcp__run_first(lab.t, f, TCP_RUN_LOST)->start, AT(0));
	tcp__runs_lose(lab.t, f, true, (uint32_t)lab.now);
	runs_check(c);
	CU_ASSERT_EQUAL(f->bytes[TCP_RUN_LOST], 8 * MSS);
	CU_ASSERT_EQUAL(runs_of(c), 1);
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(tile), UNIT_CASE(split_and_join),
	UNIT_CASE(across_the_wrap), UNIT_CASE(bytes_of_runs), UNIT_CASE(sorted_by_time),
	UNIT_CASE(lose)};
UNIT_MAIN(cases)
