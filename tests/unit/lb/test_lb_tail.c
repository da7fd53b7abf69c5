/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_fixture f;

static void up(unsigned n)
{
	lb_file(&f, CONF_BALANCE_TAIL, NULL, n);
	f.pool.slow_factor = 0; /* the score alone */
	lb_open(&f);
}

static void idle_members_get_their_weight(void)
{
	static const uint32_t weights[] = {5, 1, 2};
	unsigned count[4];

	up(4);
	lb_count(&f, &any, 40000, count);
	for (unsigned i = 0; i < 4; i++) /* 5 sigma: 433 */
		CU_ASSERT_TRUE(count[i] > 9567 && count[i] < 10433);
	lb_down(&f);
	lb_up(&f, CONF_BALANCE_TAIL, weights, 3);
	for (unsigned i = 0; i < 800; i++)
		lb_start(f.lb, f.p, (unsigned)lb_ask_once(&f, &any), CONF_SIZE_TINY, f.now);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_TRUE(abs((int)f.p->member[i]->active - (int)weights[i] * 100) < 30);
	lb_down(&f);
}

/* What is in flight counts by size. */
static void large_objects_weigh_more(void)
{
	up(2);
	lb_start(f.lb, f.p, 0, CONF_SIZE_HUGE, f.now);
	for (unsigned i = 0; i < 10; i++) {
		CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 1);
		lb_start(f.lb, f.p, 1, CONF_SIZE_TINY, f.now);
	}
	/* even where the end knows another size than the beginning did */
	lb_done(f.lb, f.p, 0, &(struct lb_result){.outcome = LB_CANCEL}, f.now);
	CU_ASSERT_EQUAL(f.p->member[0]->load, 0);
	lb_done(f.lb, f.p, 1, &(struct lb_result){.outcome = LB_CANCEL, .size = CONF_SIZE_HUGE},
		f.now);
	CU_ASSERT_EQUAL(f.p->member[1]->active, 9);
	CU_ASSERT_EQUAL(f.p->member[1]->load, 0);
	lb_down(&f);
}

/* Mission 17: who fails at once must not look like who answers at once. */
static void fast_failures_draw_nothing(void)
{
	static const struct lb_result kinds[] = {{.status = 500, .wait_us = 100},
		{.status = 404, .wait_us = 100}, {.outcome = LB_RESET}};

	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		unsigned count[4];

		lb_file(&f, CONF_BALANCE_TAIL, NULL, 4);
		f.pool.eject_errors = 0;
		lb_open(&f);
		for (unsigned i = 0; i < 200; i++) {
			for (unsigned m = 1; m < 4; m++)
				lb_ok(&f, m, 10000);
			lb_one(&f, 0, &kinds[k]);
		}
		CU_ASSERT_EQUAL(f.p->member[0]->ratio, LB_ONE);
		lb_count(&f, &any, 4000, count);
		CU_ASSERT_TRUE(count[0] < 1200);
		if (kinds[k].status != 404)
			CU_ASSERT_EQUAL(count[0], 0);
		lb_down(&f);
	}
}

static void penalties_fade(void)
{
	unsigned count[4];

	up(4);
	f.pool.eject_errors = 0;
	lb_fail(&f, 0, false);
	lb_count(&f, &any, 1000, count);
	CU_ASSERT_EQUAL(count[0], 0);
	lb_wait(&f, 12 * S);
	lb_count(&f, &any, 1000, count);
	CU_ASSERT_TRUE(count[0] > 150);
	lb_down(&f);
}

/* A member that joins is an ordinary one. */
static void no_samples_is_no_flood(void)
{
	up(4);
	for (unsigned i = 0; i < 100; i++)
		for (unsigned m = 1; m < 4; m++)
			lb_ok(&f, m, 20000);
	for (unsigned i = 0; i < 400; i++)
		lb_start(f.lb, f.p, (unsigned)lb_ask_once(&f, &any), 0, f.now);
	CU_ASSERT_TRUE(f.p->member[0]->active > 80 && f.p->member[0]->active < 120);
	lb_down(&f);
}

/* wait_us is the member's own time, ttfb_us what the client waited for. */
static void others_faults_are_not_its_own(void)
{
	up(2);
	for (unsigned i = 0; i < 100; i++) {
		lb_ok(&f, 0, 10000);
		lb_one(&f, 1,
			&(struct lb_result){.status = 200, .ttfb_us = 900000, .wait_us = 10000});
	}
	CU_ASSERT_EQUAL(f.p->member[0]->ratio, f.p->member[1]->ratio);
	CU_ASSERT_EQUAL(f.p->member[1]->ttfb.max, 900000);
	lb_down(&f);
}

static void who_was_slow_long_ago_is_asked_again(void)
{
	up(3);
	for (unsigned i = 0; i < 100; i++) {
		lb_ok(&f, 0, 100000);
		lb_ok(&f, 1, 5000);
		lb_ok(&f, 2, 5000);
	}
	CU_ASSERT_TRUE(f.p->member[0]->ratio > 5 * LB_ONE);
	for (unsigned i = 0; i < 40; i++) {
		lb_ok(&f, 1, 5000);
		lb_ok(&f, 2, 5000);
		lb_wait(&f, 250 * MS);
	}
	CU_ASSERT_TRUE(f.p->member[0]->ratio < 3 * LB_ONE / 2);
	lb_down(&f);
}

/*
 * One of four answers ten times later. Closed loop of 64 clients in virtual time: what is the
 * share of the slow one, and the time that 99 of 100 requests stay below?
 */
static uint32_t closed_loop(enum conf_balance balance, uint32_t slow_factor, unsigned *slow_share)
{
	struct {
		clock_us_t end, took;
		unsigned member;
	} c[64];
	static struct stat_hist h;
	unsigned slow = 0, n = 0;

	lb_file(&f, balance, NULL, 4);
	f.pool.slow_factor = slow_factor;
	lb_open(&f);
	memset(&h, 0, sizeof(h));
	memset(c, 0, sizeof(c));
	for (unsigned step = 0; step < 100000; step++) {
		for (unsigned i = 0; i < RTE_DIM(c); i++) {
			if (c[i].end > f.now)
				continue;
			if (c[i].took) {
				lb_done(f.lb, f.p, c[i].member,
					&(struct lb_result){.status = 200, .wait_us = c[i].took},
					f.now);
				stat_hist_add(&h, c[i].took);
				slow += c[i].member == 0;
				n++;
			}
			c[i].member = (unsigned)lb_ask_once(&f, &any);
			lb_start(f.lb, f.p, c[i].member, 0, f.now);
			/* 5 ms, and half of it for each other that is served */
			c[i].took = (2500 + 250 * f.p->member[c[i].member]->active +
					    rand_below(&f.rnd, 2500)) *
				    (c[i].member == 0 ? 10 : 1);
			c[i].end = f.now + c[i].took;
		}
		lb_wait(&f, 100);
	}
	*slow_share = slow * 1000 / n;
	lb_down(&f);
	return (uint32_t)stat_hist_quantile(&h, 990);
}

static void the_tail_is_cut(void)
{
	unsigned share, share_least;
	uint32_t least = closed_loop(CONF_BALANCE_LEAST_CONNECTIONS, 0, &share_least);

	for (uint32_t slow_factor = 0; slow_factor <= 5; slow_factor += 5) {
		uint32_t tail = closed_loop(CONF_BALANCE_TAIL, slow_factor, &share);

		printf("\n    slow-factor %u: p99 %u us, %u per mille of requests at the slow one;"
		       " least-connections %u us, %u",
			slow_factor, tail, share, least, share_least);
		CU_ASSERT_TRUE(share < (slow_factor ? 10 : 20));
		CU_ASSERT_TRUE(tail < least / (slow_factor ? 5 : 3) * 2);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(idle_members_get_their_weight),
	UNIT_CASE(large_objects_weigh_more),
	UNIT_CASE(fast_failures_draw_nothing),
	UNIT_CASE(penalties_fade),
	UNIT_CASE(no_samples_is_no_flood),
	UNIT_CASE(others_faults_are_not_its_own),
	UNIT_CASE(who_was_slow_long_ago_is_asked_again),
	UNIT_CASE(the_tail_is_cut),
};

UNIT_MAIN(cases)
