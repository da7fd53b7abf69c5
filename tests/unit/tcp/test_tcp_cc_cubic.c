/* SPDX-License-Identifier: BSD-3-Clause */
/* CUBIC against RFC 9438 in double precision, in segments and seconds. */
#include "cc_lab.h"

#define C     0.4
#define BETA  0.7
#define ALPHA (3 * (1 - BETA) / (1 + BETA))

static struct cc_lab l;

/* The algorithm as the RFC writes it, fed with the same ACKs. */
struct model {
	double cwnd, w_max, k, w_est, prior, t;
};

static void model_begin(struct model *m, double cwnd, double w_max, double prior)
{
	*m = (struct model){cwnd, w_max, cbrt((w_max - cwnd) / C), cwnd, prior, 0};
}

static double w_cubic(const struct model *m, double t)
{
	return C * pow(t - m->k, 3) + m->w_max;
}

static void model_ack(struct model *m, double segs, double t, double rtt)
{
	double target = fmin(fmax(w_cubic(m, t + rtt), m->cwnd), 1.5 * m->cwnd);

	m->w_est += (m->w_est < m->prior ? ALPHA : 1) * segs / m->cwnd;
	if (w_cubic(m, t) < m->w_est)
		m->cwnd = fmax(m->cwnd, m->w_est);
	else
		m->cwnd += (target - m->cwnd) / m->cwnd * segs;
}

/* One stage after a loss at w segments: n round trips of a ACKs each, next to the model. */
static void trajectory(uint16_t mss, uint32_t rtt, double w, uint32_t n, uint32_t a)
{
	struct model m;
	double t = 0, worst = 0;

	cc_open(&l, "cubic", mss, rtt);
	l.c.cwnd = (uint32_t)(w * mss);
	cc_loss(&l);
	CU_ASSERT_TRUE(near(l.c.cwnd, BETA * w * mss, 1e-6));
	model_begin(&m, BETA * w, w, w);
	cc_ack(&l, 0, true); /* the stage begins */
	for (uint32_t i = 0; i < n; i++) {
		uint32_t cwnd = l.c.cwnd, begin = l.now;

		for (uint32_t j = 1; j <= a; j++) {
			l.now = begin + (uint32_t)((uint64_t)rtt * j / a);
			t = (i + (double)j / a) * rtt / 1e6;
			model_ack(&m, (double)(cwnd / a) / mss, t, rtt / 1e6);
			cc_ack(&l, cwnd / a, true);
		}
		worst = fmax(worst, fabs(l.c.cwnd / (m.cwnd * mss) - 1));
		if (m.cwnd * mss > TCP_CWND_MAX * 0.95)
			break;
	}
	if (worst > 0.005)
		fprintf(stderr, "    mss %u rtt %u w %g: off by %g\n", mss, rtt, w, worst);
	CU_ASSERT_TRUE(worst <= 0.005);
}

static void trajectories(void)
{
	static const uint16_t mss[] = {1448, 8948};
	static const struct {
		uint32_t rtt;
		double w;
		uint32_t n;
	} t[] = {{20, 40, 20000}, {50, 400, 20000}, {1000, 30, 20000}, {1000, 3000, 20000},
		{20000, 100, 2000}, {80000, 7000, 1000}, {1000000, 20, 60}, {1000000, 100000, 150}};

	for (int i = 0; i < 2; i++)
		for (size_t j = 0; j < sizeof(t) / sizeof(t[0]); j++)
			trajectory(mss[i], t[j].rtt, t[j].w, t[j].n, 16);
}

/* The curve itself, where Reno is far below: concave, the plateau at K, convex. */
static void curve(void)
{
	double w = 10000, k = cbrt(w * (1 - BETA) / C); /* 19.57 s */
	uint32_t t_ms = 0;

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = (uint32_t)w * 1448;
	cc_loss(&l);
	cc_ack(&l, 0, true);
	for (; t_ms < 1500 * k; t_ms += 100) {
		CU_ASSERT_TRUE(near(l.c.cwnd / 1448., C * pow(t_ms / 1000. - k, 3) + w, 0.01));
		cc_round(&l, 20);
	}
	CU_ASSERT_TRUE(l.c.cwnd > w * 1448 * 1.03);
}

/* 4.3: with one loss every 1 / p segments, where the curve is far below, the average is Reno's. */
static void reno_friendly(void)
{
	static const double p[] = {0.01, 0.001, 0.0001};

	for (int i = 0; i < 3; i++) {
		double segs = 0, sum = 0;
		uint32_t rounds = 0;

		cc_open(&l, "cubic", 1448, 200);
		cc_loss(&l);
		for (int losses = 0; losses < 300;) {
			uint32_t cwnd = l.c.cwnd;

			segs += cwnd / 1448.;
			if (losses >= 100) {
				sum += cwnd / 1448.;
				rounds++;
			}
			cc_round(&l, RTE_MAX(2u, RTE_MIN(cwnd / 2896, 32u)));
			if (segs < 1 / p[i])
				continue;
			segs -= 1 / p[i];
			losses++;
			cc_loss(&l);
		}
		CU_ASSERT_TRUE(near(sum / rounds, sqrt(1.5 / p[i]), 0.1));
	}
}

/* 4.3: beyond the window of the last loss W_est grows by a segment a round trip. */
static void alpha_is_one_later(void)
{
	double before;

	cc_open(&l, "cubic", 1448, 100);
	l.c.cwnd = 20 * 1448;
	cc_loss(&l);
	for (int i = 0; i < 10; i++)
		cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd / 1448., 14 + 10 * ALPHA, 0.02));
	while (l.c.cwnd < 21 * 1448)
		cc_round(&l, 10);
	before = l.c.cwnd / 1448.;
	for (int i = 0; i < 10; i++)
		cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd / 1448., before + 10, 0.02));
}

/* 4.7: less than last time leaves W_max at 0.85 of it; K shows. */
static void fast_convergence(void)
{
	uint32_t w = 1000 * 1448;

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = w;
	cc_loss(&l); /* W_max 1000, cwnd 700 */
	cc_loss(&l); /* at 700: W_max 595, cwnd 490, K = cbrt(105 / 0.4) = 6.4 s */
	CU_ASSERT_TRUE(near(l.c.cwnd, 490 * 1448, 0.001));
	cc_ack(&l, 0, true);
	for (int i = 0; i < 64; i++)
		cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd, 595 * 1448, 0.01));
}

/* 4.2, 5.8: neither times without use nor idle ones move the curve. */
static void unused_time(void)
{
	uint32_t cwnd;
	double k = cbrt(300 / C);

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = 1000 * 1448;
	cc_loss(&l);
	for (int i = 0; i < 20; i++)
		cc_round(&l, 10);
	cwnd = l.c.cwnd;
	for (int i = 0; i < 1000; i++) { /* a trickle for a hundred seconds */
		l.now += l.rtt;
		cc_ack(&l, 1448, false);
	}
	CU_ASSERT_EQUAL(l.c.cwnd, cwnd);
	l.now += 600000000; /* ten minutes of silence */
	for (int i = 0; i < 20; i++)
		cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd / 1448., 1000 + C * pow(4 - k, 3), 0.01));
}

/* 4.8: K = 0 and W_max = cwnd when congestion avoidance begins after a timeout. */
static void timeout(void)
{
	struct model m;

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = 1000 * 1448;
	cc_timeout(&l);
	CU_ASSERT_EQUAL(l.c.ssthresh, 700 * 1448);
	CU_ASSERT_EQUAL(l.c.cwnd, 1448);
	cc_round(&l, 1);
	CU_ASSERT_EQUAL(l.c.cwnd, 2 * 1448);
	cc_ack(&l, 500 * 1448, true); /* what was there all along does not make a burst */
	CU_ASSERT_EQUAL(l.c.cwnd, 10 * 1448);
	while (l.c.cwnd < l.c.ssthresh)
		cc_round(&l, 100);
	l.f.ca = TCP_CA_OPEN;
	model_begin(&m, l.c.cwnd / 1448., l.c.cwnd / 1448., 1000);
	for (int i = 1; i <= 100; i++) {
		for (int j = 1; j <= 10; j++)
			model_ack(&m, m.cwnd / 10, (i - 1 + j / 10.) / 10, 0.1);
		cc_round(&l, 10);
	}
	CU_ASSERT_TRUE(near(l.c.cwnd / 1448., m.cwnd, 0.02));
	CU_ASSERT_TRUE(l.c.cwnd > 1050 * 1448);
}

/* 4.9: after a loss that was none the curve goes on as if nothing had been. */
static void undo(void)
{
	struct cc_lab with, without;

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = 1000 * 1448;
	cc_loss(&l);
	for (int i = 0; i < 30; i++)
		cc_round(&l, 10);
	without = l;
	without.c.flight = &without.f;
	for (int kind = 0; kind < 2; kind++) {
		with = without;
		with.c.flight = &with.f;
		if (kind == 0) {
			cc_loss(&with);
		} else {
			cc_timeout(&with);
			cc_round(&with, 2);
			with.f.ca = TCP_CA_OPEN;
		}
		with.c.cwnd = without.c.cwnd; /* what tcp_recovery.c gives back */
		with.c.ssthresh = without.c.ssthresh;
		with.cc->undo(&with.c);
		l = without;
		l.c.flight = &l.f;
		for (int i = 0; i < 20; i++) {
			cc_round(&with, 10);
			cc_round(&l, 10);
		}
		CU_ASSERT_TRUE(near(with.c.cwnd, l.c.cwnd, 0.003));
	}
}

/* 4.10: the first stage after HyStart++ begins at its plateau. */
static void after_hystart(void)
{
	struct model m;

	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = l.c.ssthresh = 500 * 1448;
	model_begin(&m, 500, 500, 500);
	for (int i = 1; i <= 100; i++) {
		for (int j = 1; j <= 10; j++)
			model_ack(&m, m.cwnd / 10, (i - 1 + j / 10.) / 10, 0.1);
		cc_round(&l, 10);
	}
	CU_ASSERT_TRUE(near(l.c.cwnd / 1448., m.cwnd, 0.02));
}

/* Window validation took the window away: back to W_est, but not in one leap. */
static void cut_by_others(void)
{
	cc_open(&l, "cubic", 1448, 200);
	l.c.cwnd = 100 * 1448;
	cc_loss(&l);
	for (int i = 0; i < 100; i++)
		cc_round(&l, 10);
	l.c.cwnd = l.c.ssthresh = 30 * 1448;
	cc_ack(&l, 2 * 1448, true);
	CU_ASSERT_EQUAL(l.c.cwnd, 32 * 1448);
}

/* 4.2: the target is at most half above cwnd, so that is what a round trip adds. */
static void target_is_bounded(void)
{
	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = 1000 * 1448;
	cc_loss(&l);
	cc_ack(&l, 0, true);
	l.c.cwnd = l.c.ssthresh = 200 * 1448;
	cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd, 300 * 1448, 0.001));
}

/* A second timeout, in congestion avoidance, of the same recovery begins a stage too. */
static void timeout_again(void)
{
	cc_open(&l, "cubic", 1448, 100000);
	l.c.cwnd = 1000 * 1448;
	cc_timeout(&l);
	l.c.cwnd = l.c.ssthresh;
	for (int i = 0; i < 100; i++)
		cc_round(&l, 10);
	l.cc->on_rto(&l.c, l.now);
	l.c.cwnd = l.c.ssthresh = 500 * 1448;
	cc_round(&l, 10);
	CU_ASSERT_TRUE(near(l.c.cwnd, 500 * 1448, 0.01));
}

static void bounds(void)
{
	cc_open(&l, "cubic", 1448, 1);
	l.c.cwnd = 1;
	cc_loss(&l);
	CU_ASSERT_EQUAL(l.c.cwnd, 2 * 1448);
	cc_open(&l, "cubic", 216, 5000000);
	l.c.cwnd = TCP_CWND_MAX;
	cc_loss(&l);
	CU_ASSERT_TRUE(near(l.c.cwnd, TCP_CWND_MAX * 0.7, 0.001));
	for (int i = 0; i < 3000; i++) { /* more than 2^32 us */
		cc_round(&l, 2);
		CU_ASSERT_TRUE_FATAL(l.c.cwnd >= TCP_CWND_MAX / 10 * 7 && l.c.cwnd <= TCP_CWND_MAX);
	}
	CU_ASSERT_EQUAL(l.c.cwnd, TCP_CWND_MAX);
	l.c.srtt = UINT32_MAX;
	cc_ack(&l, TCP_CWND_MAX, true);
	CU_ASSERT_EQUAL(l.c.cwnd, TCP_CWND_MAX);
}

static const struct unit_case cases[] = {UNIT_CASE(trajectories), UNIT_CASE(curve),
	UNIT_CASE(reno_friendly), UNIT_CASE(alpha_is_one_later), UNIT_CASE(fast_convergence),
	UNIT_CASE(unused_time), UNIT_CASE(timeout), UNIT_CASE(undo), UNIT_CASE(after_hystart),
	UNIT_CASE(cut_by_others), UNIT_CASE(target_is_bounded), UNIT_CASE(timeout_again),
	UNIT_CASE(bounds)};
UNIT_MAIN(cases)
