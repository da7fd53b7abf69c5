/* SPDX-License-Identifier: BSD-3-Clause */
#include "cc_lab.h"

static struct cc_lab l;

/* A window of n ACKs, the first `marked` of them with ECE; growth is left out. */
static void window(uint32_t n, uint32_t marked)
{
	struct tcp_sample s = {.rtt_us = l.rtt, .delivered = l.c.mss};

	for (uint32_t i = 0; i < n; i++) {
		s.now_us = l.now += l.rtt / n;
		s.ece = i < marked;
		l.c.snd_una += s.delivered;
		l.cc->on_ack(&l.c, &s);
		l.c.snd_nxt = l.c.snd_una + n * l.c.mss;
	}
}

/* What on_ecn takes, as a part of cwnd: alpha / 2. */
static double alpha(void)
{
	return 2 * (1 - (double)l.cc->on_ecn(&l.c, l.now) / l.c.cwnd);
}

/* The first mark halves: alpha begins at 1. */
static void first_mark(void)
{
	cc_open(&l, "dctcp", 1448, 50);
	CU_ASSERT_EQUAL(l.cc->on_ecn(&l.c, l.now), 5 * 1448);
	CU_ASSERT_TRUE(l.cc->l4s);
}

/* NewReno's growth, but not by an ACK with ECE (RFC 3168 6.1.2) */
static void growth(void)
{
	struct tcp_sample s = {.delivered = 1448, .limited = true};

	cc_open(&l, "dctcp", 1448, 50);
	l.cc->on_ack(&l.c, &s);
	CU_ASSERT_EQUAL(l.c.cwnd, 11 * 1448);
	s.ece = true;
	l.cc->on_ack(&l.c, &s);
	CU_ASSERT_EQUAL(l.c.cwnd, 11 * 1448);
}

/* alpha = (1 - g) alpha + g F, g = 1/16, once a window */
static void converges(void)
{
	static const uint16_t mss[] = {1448, 8948};
	static const uint32_t marked[] = {0, 1, 10, 50, 100};

	for (int m = 0; m < 2; m++)
		for (int i = 0; i < 5; i++) {
			double want;

			cc_open(&l, "dctcp", mss[m], 1000);
			l.c.cwnd = 100u * mss[m];
			l.c.snd_nxt = l.c.snd_una + l.c.cwnd;
			window(100, marked[i]); /* its first ten ACKs are a window too */
			want = alpha();
			for (int n = 1; n <= 120; n++) {
				window(100, marked[i]);
				want = want * 15 / 16 + marked[i] / 1600.;
				CU_ASSERT_TRUE_FATAL(fabs(alpha() - want) < 0.001);
			}
			CU_ASSERT_TRUE(fabs(alpha() - marked[i] / 100.) < 0.002);
		}
}

static void floors(void)
{
	cc_open(&l, "dctcp", 1448, 50);
	l.c.cwnd = 3 * 1448;
	CU_ASSERT_EQUAL(l.cc->on_ecn(&l.c, l.now), 2 * 1448);
	l.c.snd_nxt = l.c.snd_una + 3 * 1448;
	CU_ASSERT_EQUAL(l.cc->on_loss(&l.c, l.now), 2 * 1448);
}

/* A loss halves, whatever alpha is (3.5). */
static void loss(void)
{
	cc_open(&l, "dctcp", 1448, 1000);
	for (int n = 0; n < 200; n++)
		window(100, 0);
	l.c.cwnd = 100 * 1448;
	l.c.snd_nxt = l.c.snd_una + 100 * 1448;
	CU_ASSERT_EQUAL(l.cc->on_loss(&l.c, l.now), 50 * 1448);
	CU_ASSERT_TRUE(alpha() < 0.0001);
}

/* On a path that marks above 65 packets the window stays near BDP + 65: the sawtooth of a few
 * packets, never half. */
static void sawtooth(void)
{
	uint32_t least = UINT32_MAX, most = 0, bdp = 200, k = 65;

	cc_open(&l, "dctcp", 1448, 200);
	l.c.cwnd = l.c.ssthresh = 100 * 1448;
	for (int i = 0; i < 3000; i++) {
		uint32_t n = l.c.cwnd / 1448, over = n > bdp + k ? n - bdp - k : 0;
		struct tcp_sample s = {.rtt_us = l.rtt, .limited = true, .delivered = 1448};

		for (uint32_t j = 0; j < n; j++) {
			s.now_us = l.now += l.rtt / n;
			s.ece = over && j < over * 8;
			l.c.snd_una += 1448;
			l.cc->on_ack(&l.c, &s);
			l.c.snd_nxt = l.c.snd_una + l.c.cwnd;
			if (s.ece && j == 0)
				l.c.cwnd = l.c.ssthresh = l.cc->on_ecn(&l.c, l.now);
		}
		if (i > 1000) {
			least = RTE_MIN(least, l.c.cwnd / 1448);
			most = RTE_MAX(most, l.c.cwnd / 1448);
		}
	}
	CU_ASSERT_TRUE(most <= bdp + k + 5);
	CU_ASSERT_TRUE(least >= bdp);
}

static const struct unit_case cases[] = {UNIT_CASE(first_mark), UNIT_CASE(growth),
	UNIT_CASE(converges), UNIT_CASE(floors), UNIT_CASE(loss), UNIT_CASE(sawtooth)};
UNIT_MAIN(cases)
