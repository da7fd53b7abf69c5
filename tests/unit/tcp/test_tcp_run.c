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

/* Pitfall 10, CVE-2019-11478: a block is looked for 512 runs far; the next one goes on there. */
static void steps_cap(void)
{
	struct tcp_conn *c;

	lab.cfg.runs = 2000;
	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	c->mss = 64;
	send_bytes(c, 60000);
	tcp__flight(lab.t, c);
	c->cwnd = 100000;
	while (take().flags)
		lab.now += 10;
	CU_ASSERT_TRUE(runs_of(c) > 900);
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 900 * 64, U + 1 + 901 * 64}}});
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 64);
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 64, U + 1 + 128}}});
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 64);
	runs_check(c);
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 64, U + 1 + 128}}});
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 128);
	/* one block over more than that is believed piece by piece */
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 64, U + 1 + 901 * 64}}});
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 64, U + 1 + 901 * 64}}});
	DUP(.o = {.n_sack = 1, .sack = {{U + 1 + 64, U + 1 + 901 * 64}}});
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 900 * 64);
	runs_check(c);
	tcp_abort(lab.t, c);
	lab_close();
}

/* No run left: new bytes join the last one, whose time is not that of all then. */
static void joined_for_lack(void)
{
	struct tcp_conn *c;

	lab.cfg.runs = 1;
	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	for (uint32_t i = 0; i < 4; i++) {
		send_bytes(c, MSS);
		CU_ASSERT_EQUAL(drain(), 1);
		pass(5);
	}
	CU_ASSERT_EQUAL(runs_of(c), TCP_RUNS_EACH);
	runs_check(c);
	ACKED(1);
	pass(10);
	ACKED(3); /* 20 ms after it left; the fourth left 15 ms ago */
	CU_ASSERT_EQUAL(c->flight->min_rtt, 20000);
	CU_ASSERT_EQUAL(c->srtt, 20000);
	ACKED(4);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Whatever others hold, each flight has its three. */
static void own_runs(void)
{
	struct tcp_conn *c, *d;

	lab.cfg.runs = 14; /* for four, and two more */
	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	for (uint32_t i = 0; i < 9; i++, lab.now += 10) {
		send_bytes(c, MSS);
		CU_ASSERT_EQUAL(drain(), 1);
	}
	CU_ASSERT_EQUAL(runs_of(c), 5);
	events_of(c);
	d = accept_from(5001, (struct tcp_opts){.mss = MSS, .sack_ok = true});
	for (uint32_t i = 0; i < 5; i++, lab.now += 10) {
		send_bytes(d, MSS);
		CU_ASSERT_EQUAL(drain(), 1);
	}
	CU_ASSERT_EQUAL(runs_of(d), 3);
	runs_check(c);
	runs_check(d);
	tcp_abort(lab.t, c);
	tcp_abort(lab.t, d);
	CU_ASSERT_EQUAL(lab.t->runs_free, lab.t->cfg.runs);
	CU_ASSERT_EQUAL(lab.t->runs_kept, 4 * TCP_RUNS_EACH);
	lab_close();
}

/* What a peer got of the stream from U + 1 on, n bytes of it. */
struct sink {
	uint32_t n, next;
	uint8_t got[60000];
};

static void sink_take(struct sink *k, const struct seg *s)
{
	uint32_t at = s->seq - (U + 1);

	CU_ASSERT_TRUE_FATAL(at + s->len <= k->n);
	memset(k->got + at, 1, s->len);
	while (k->next < k->n && k->got[k->next])
		k->next++;
}

/* Its ACK, with the first blocks beyond the hole. */
static void sink_ack(const struct sink *k)
{
	struct tcp_opts o = {0};

	for (uint32_t i = k->next; i < k->n && o.n_sack < 4; i++) {
		if (!k->got[i])
			continue;
		o.sack[o.n_sack].start = U + 1 + i;
		while (i < k->n && k->got[i])
			i++;
		o.sack[o.n_sack++].end = U + 1 + i;
	}
	GIVE(TCP_ACK, P + 2, U + 1 + k->next, .wnd = 65535, .o = o);
}

/* Every third packet is lost, and there are no runs but its own: it all arrives. */
static void tiny_pool(void)
{
	static struct sink k;
	struct tcp_conn *c;
	uint32_t sent = 0;

	k = (struct sink){.n = 60000};
	lab.cfg.runs = 1;
	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	send_bytes(c, k.n);
	for (uint32_t ms = 0; ms < 60000 && c->tx.bytes; ms++, pass(1)) {
		struct seg s;

		while ((s = take()).flags)
			if (s.len && sent++ % 3 != 1) {
				sink_take(&k, &s);
				sink_ack(&k);
			}
		runs_check(c);
		CU_ASSERT_TRUE_FATAL(runs_of(c) <= TCP_RUNS_EACH);
	}
	CU_ASSERT_EQUAL(k.next, k.n);
	CU_ASSERT_EQUAL(c->tx.bytes, 0);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(tile), UNIT_CASE(split_and_join),
	UNIT_CASE(across_the_wrap), UNIT_CASE(bytes_of_runs), UNIT_CASE(sorted_by_time),
	UNIT_CASE(lose), UNIT_CASE(steps_cap), UNIT_CASE(joined_for_lack), UNIT_CASE(own_runs),
	UNIT_CASE(tiny_pool)};
UNIT_MAIN(cases)
