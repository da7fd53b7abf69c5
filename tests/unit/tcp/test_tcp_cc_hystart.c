/* SPDX-License-Identifier: BSD-3-Clause */
#include "cc_lab.h"

#define MSS 1448u

static struct cc_lab l;
static struct tcp_hystart h;
static struct rte_mbuf unsent;

static void begin(void)
{
	cc_open(&l, "cubic", MSS, 40000);
	memset(&h, 0, sizeof(h));
	l.c.snd_nxt = l.c.snd_una + 1000 * MSS;
}

/* A round trip of n ACKs of one segment: rtt us each but for the last, which takes last us. */
static void round_of(uint32_t n, uint32_t rtt, uint32_t last)
{
	for (uint32_t i = 1; i <= n; i++) {
		l.c.snd_una += MSS;
		tcp__hystart_ack(&h, &l.c, MSS, i == n ? last : rtt);
	}
	l.c.snd_una = h.round_end; /* the next ACK begins another */
	l.c.snd_nxt = l.c.snd_una + 1000 * MSS;
}

static void doubles(void)
{
	begin();
	for (int i = 0; i < 8; i++)
		round_of(l.c.cwnd / MSS, 40000, 40000);
	CU_ASSERT_EQUAL(l.c.cwnd, 10 * 256 * MSS);
	CU_ASSERT_EQUAL(l.c.ssthresh, UINT32_MAX);
}

/* L is infinity: one ACK of a whole window counts in full */
static void no_limit(void)
{
	begin();
	tcp__hystart_ack(&h, &l.c, 10 * MSS, 40000);
	CU_ASSERT_EQUAL(l.c.cwnd, 20 * MSS);
}

/* The trace of RFC 9406: growth by 40 / 8 = 5 ms begins CSS with the eighth sample; four further
 * rounds at a quarter of the growth; then ssthresh = cwnd. */
static void leaves(void)
{
	uint32_t cwnd;

	begin();
	round_of(10, 40000, 40000);
	CU_ASSERT_EQUAL(l.c.cwnd, 20 * MSS);
	round_of(20, 44999, 44999); /* one us short */
	CU_ASSERT_EQUAL(l.c.cwnd, 40 * MSS);
	round_of(7, 40000, 40000);
	cwnd = l.c.cwnd;
	round_of(8, 45000, 45000);
	CU_ASSERT_EQUAL(l.c.cwnd, cwnd + 8 * MSS); /* the eighth was the first to tell */
	CU_ASSERT_EQUAL(h.css_rounds, 1);
	for (int i = 2; i <= 5; i++) {
		cwnd = l.c.cwnd;
		round_of(40, 45000 + 1000 * (uint32_t)i, 60000);
		CU_ASSERT_EQUAL(l.c.cwnd, cwnd + 40 * (MSS / 4));
		CU_ASSERT_EQUAL(l.c.ssthresh, UINT32_MAX);
	}
	cwnd = l.c.cwnd;
	round_of(1, 60000, 60000);
	CU_ASSERT_EQUAL(l.c.cwnd, cwnd);
	CU_ASSERT_EQUAL(l.c.ssthresh, cwnd);
}

/* Jitter: a round of CSS with a smaller RTT than the baseline goes back to slow start. */
static void jitter(void)
{
	uint32_t cwnd;

	begin();
	round_of(10, 40000, 40000);
	round_of(20, 50000, 50000);
	CU_ASSERT_EQUAL(h.css_rounds, 1);
	round_of(7, 49999, 49999); /* too few to tell */
	CU_ASSERT_EQUAL(h.css_rounds, 2);
	round_of(8, 52000, 49999);
	CU_ASSERT_EQUAL(h.css_rounds, 0);
	cwnd = l.c.cwnd;
	round_of(8, 49999, 49999);
	CU_ASSERT_EQUAL(l.c.cwnd, cwnd + 8 * MSS);
	CU_ASSERT_EQUAL(l.c.ssthresh, UINT32_MAX);
}

/* The threshold is between 4 and 16 ms; seven samples tell nothing. */
static void thresholds(void)
{
	static const struct {
		uint32_t base, rtt, n;
		bool css;
	} t[] = {{50, 4049, 20, false}, {50, 4050, 20, true}, {50, 4050, 7, false},
		{50, 4050, 8, true}, {400000, 415999, 20, false}, {400000, 416000, 20, true},
		{80000, 89999, 20, false}, {80000, 90000, 20, true}};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		begin();
		round_of(10, t[i].base, t[i].base);
		round_of(t[i].n, t[i].rtt, t[i].rtt);
		CU_ASSERT_EQUAL(h.css_rounds != 0, t[i].css);
	}
}

/* It is a queue and no jitter when the delay grows as much again. */
static void queue_for_sure(void)
{
	uint32_t cwnd;

	begin();
	l.c.nxt_seg = &unsent;
	round_of(10, 40000, 40000);
	round_of(8, 45000, 45000);
	CU_ASSERT_EQUAL(h.css_rounds, 1);
	round_of(8, 50624, 50624); /* one us short of 45 / 8 more */
	CU_ASSERT_EQUAL(l.c.ssthresh, UINT32_MAX);
	cwnd = l.c.cwnd;
	round_of(8, 50625, 50625);
	CU_ASSERT_EQUAL(l.c.ssthresh, cwnd + 8 * (MSS / 4));
}

/* A queue that grows within a round, whose first samples met none. CSS rounds at its end. */
static unsigned growing_round(struct rte_mbuf *at_first, struct rte_mbuf *then)
{
	begin();
	l.c.nxt_seg = at_first;
	round_of(10, 40000, 40000);
	l.c.nxt_seg = then;
	round_of(20, 40000, 40000);
	for (uint32_t i = 0; i < 32; i++) {
		l.c.snd_una += MSS;
		tcp__hystart_ack(&h, &l.c, MSS, 40000 + 500 * i);
		if (i < 23) /* the least of the third eight is 48 ms */
			CU_ASSERT_EQUAL(h.css_rounds, 0);
	}
	return h.css_rounds;
}

/* A bulk transfer sees it in that round; who had nothing to send in between waits for the next. */
static void within_a_round(void)
{
	CU_ASSERT_EQUAL(growing_round(&unsent, &unsent), 1);
	CU_ASSERT_EQUAL(growing_round(NULL, &unsent), 1);
	CU_ASSERT_EQUAL(growing_round(&unsent, NULL), 0);
	begin();
	round_of(10, 40000, 40000);
	round_of(20, 50000, 50000);
	round_of(20, 70000, 70000); /* nor does CSS end early */
	CU_ASSERT_EQUAL(h.css_rounds, 2);
	CU_ASSERT_EQUAL(l.c.ssthresh, UINT32_MAX);
}

/* ACKs without a measurement (retransmissions) neither count nor shorten the round */
static void no_samples(void)
{
	begin();
	round_of(10, 40000, 40000);
	round_of(20, 0, 0);
	CU_ASSERT_EQUAL(h.samples, 0);
	round_of(20, 90000, 90000); /* nothing to compare with */
	CU_ASSERT_EQUAL(h.css_rounds, 0);
}

/* Only the initial slow start: after a loss CUBIC's is the plain one. */
static void only_initial(void)
{
	begin();
	cc_round(&l, 10);
	cc_timeout(&l);
	for (int i = 0; i < 2; i++)
		cc_round(&l, 10);
	l.rtt *= 3;
	cc_round(&l, 10);
	CU_ASSERT_EQUAL(l.c.cwnd, 8 * MSS);
}

/* On a path with an endless queue CUBIC leaves slow start all the same: CSS begins with the round
 * that fills the path (2 BDP at its end) and grows by 1.25^5 at most. */
static void queue(void)
{
	uint32_t bdp = 200 * MSS, base = 40000;

	cc_open(&l, "cubic", MSS, base);
	for (int i = 0; i < 20 && l.c.ssthresh == UINT32_MAX; i++) {
		l.rtt = (uint32_t)((uint64_t)base * RTE_MAX(l.c.cwnd, bdp) / bdp);
		cc_round(&l, RTE_MAX(l.c.cwnd / MSS / 2, 8u));
	}
	CU_ASSERT_TRUE(l.c.ssthresh > bdp && l.c.ssthresh < 8 * bdp);
}

static const struct unit_case cases[] = {UNIT_CASE(doubles), UNIT_CASE(no_limit), UNIT_CASE(leaves),
	UNIT_CASE(jitter), UNIT_CASE(thresholds), UNIT_CASE(queue_for_sure),
	UNIT_CASE(within_a_round), UNIT_CASE(no_samples), UNIT_CASE(only_initial),
	UNIT_CASE(queue)};
UNIT_MAIN(cases)
