/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_fixture f;

static void starts(unsigned member, unsigned n)
{
	while (n-- > 0)
		lb_start(f.lb, f.p, member, 0, f.now);
}

static void slow_down_shrinks_and_never_ejects(void)
{
	const struct lb_member *m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	m = f.p->member[0];
	starts(0, 99);
	CU_ASSERT_EQUAL(m->limit, UINT32_MAX);
	lb_slow_down(&f, 0, 0);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_THROTTLED);
	CU_ASSERT_EQUAL(m->limit, 70); /* of a hundred */
	lb_slow_down(&f, 0, 0);        /* of the same burst */
	CU_ASSERT_EQUAL(m->limit, 70);
	lb_wait(&f, 100 * MS);
	lb_slow_down(&f, 0, 0);
	CU_ASSERT_EQUAL(m->limit, 49);
	for (unsigned i = 0; i < 100; i++) {
		lb_wait(&f, 100 * MS);
		lb_slow_down(&f, 0, 0);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_THROTTLED);
	CU_ASSERT_EQUAL(m->limit, 1); /* less, never nothing */
	CU_ASSERT_EQUAL(m->pace.limit, LB_ONE / 16);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_slow_downs], 103);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_ejections], 0);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_status_5xx], 103);
	lb_down(&f);
}

static void the_limit_grows_by_one_a_limits_worth(void)
{
	const struct lb_member *m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	m = f.p->member[0];
	starts(0, 19);
	lb_slow_down(&f, 0, 0);
	CU_ASSERT_EQUAL(m->limit, 14);
	for (unsigned want = 15; want < 20; want++) {
		lb_wait(&f, 50 * MS);
		for (unsigned i = 0; i + 2 < want; i++)
			lb_ok(&f, 0, 1000);
		CU_ASSERT_EQUAL(m->limit, want - 1);
		lb_ok(&f, 0, 1000);
		CU_ASSERT_EQUAL(m->limit, want);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_THROTTLED);
	lb_wait(&f, 2 * S); /* back where it was, and quiet */
	for (unsigned i = 0; i < 20; i++)
		lb_ok(&f, 0, 1000);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(m->limit, UINT32_MAX);
	lb_down(&f);
}

static void silence_ends_it(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	starts(0, 9);
	lb_slow_down(&f, 0, 0);
	lb_wait(&f, 29 * S);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_THROTTLED);
	CU_ASSERT_TRUE(lb_next_tick(f.lb, 10000, f.now) <= 1000);
	lb_wait(&f, 1 * S);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

/* New requests are spaced: limit of them in the time that one takes. */
static void releases_are_paced(void)
{
	unsigned got = 0;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	lb_ok(&f, 0, 100 * MS);
	starts(0, 9);
	lb_slow_down(&f, 0, 0); /* limit 7: one each 14 ms */
	for (unsigned i = 0; i < 9; i++)
		lb_done(f.lb, f.p, 0, &(struct lb_result){.outcome = LB_CANCEL}, f.now);
	for (unsigned ms = 0; ms < 1000; ms++) {
		int m = lb_ask_once(&f, &any);

		CU_ASSERT_TRUE(m == 0 || m == LB_THROTTLE);
		if (m == 0) {
			lb_start(f.lb, f.p, 0, 0, f.now);
			lb_done(f.lb, f.p, 0, &(struct lb_result){.outcome = LB_CANCEL}, f.now);
			CU_ASSERT_TRUE(lb_next_tick(f.lb, 1000, f.now) <= 15);
			got++;
		}
		lb_wait(&f, 1 * MS);
	}
	CU_ASSERT_TRUE(got >= 66 && got <= 71);
	lb_down(&f);
}

static void retry_after_is_kept_within_reason(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	lb_slow_down(&f, 0, 3000);
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 1);
	lb_slow_down(&f, 1, 120000);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), LB_THROTTLE);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_picks_throttled], 1);
	lb_wait(&f, 3 * S - 1);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), LB_THROTTLE);
	CU_ASSERT_EQUAL(lb_next_tick(f.lb, 1000, f.now), 1);
	lb_wait(&f, 1);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 0);
	lb_start(f.lb, f.p, 0, 0, f.now);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), LB_THROTTLE);
	lb_wait(&f, 7 * S); /* ten, not two minutes */
	lb_start(f.lb, f.p, 0, 0, f.now);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 1);
	lb_down(&f);
}

/* What is refused one request is not refused to those that it serves. */
static void retry_after_silences_nobody_who_serves(void)
{
	const struct lb_result good = {.outcome = LB_COMPLETE, .status = 200};

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	starts(0, 8);
	lb_slow_down(&f, 0, 3000);
	for (unsigned i = 0; i < 4; i++)
		lb_done(f.lb, f.p, 0, &good, f.now);
	lb_wait(&f, 100 * MS);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 0);
	for (unsigned i = 0; i < 4; i++)
		lb_done(f.lb, f.p, 0, &good, f.now);
	lb_down(&f);
}

/* One of them is only busy: an lb_done will do. */
static void busy_is_not_throttled(void)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.concurrency = 2;
	lb_open(&f);
	lb_slow_down(&f, 0, 5000);
	starts(1, 2);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), LB_BUSY);
	lb_done(f.lb, f.p, 1, &(struct lb_result){.outcome = LB_CANCEL}, f.now);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 1);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	lb_down(&f);
}

static void clients_are_told_different_times(void)
{
	uint32_t low = UINT32_MAX, high = 0;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	for (unsigned i = 0; i < 1000; i++) {
		uint32_t ms = lb_retry_after(f.lb, f.p, f.now);

		low = RTE_MIN(low, ms);
		high = RTE_MAX(high, ms);
	}
	CU_ASSERT_TRUE(low >= 1000 && low < 1050 && high > 2950 && high < 3000);
	lb_slow_down(&f, 0, 4000);
	lb_slow_down(&f, 1, 5000);
	CU_ASSERT_TRUE(lb_retry_after(f.lb, f.p, f.now) >= 4000);
	lb_down(&f);
}

/*
 * A node that takes so many requests a second and refuses the rest at once, asked by clients that
 * always have more: most of what it takes is used, and little is refused.
 */
static void storm(unsigned rate)
{
	clock_us_t tokens = 0, ends[4096];
	unsigned n = 0, good = 0, bad = 0;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	for (unsigned ms = 0; ms < 20000; ms++) {
		tokens = RTE_MIN(tokens + rate, 10000u);
		for (unsigned i = 0; i < n;) {
			if (ends[i] > f.now) {
				i++;
				continue;
			}
			ends[i] = ends[--n];
			lb_done(f.lb, f.p, 0, &(struct lb_result){.status = 200, .wait_us = 5 * MS},
				f.now);
			good += ms >= 5000;
		}
		while (n < RTE_DIM(ends) && lb_ask_once(&f, &any) == 0) {
			if (tokens < 1000) {
				lb_slow_down(&f, 0, 0);
				bad += ms >= 5000;
				if (bad > 1000000)
					return;
				continue;
			}
			tokens -= 1000;
			lb_start(f.lb, f.p, 0, 0, f.now);
			ends[n++] = f.now + 5 * MS;
		}
		lb_wait(&f, 1 * MS);
	}
	printf("\n    %u/s: %u good, %u refused in 15 s", rate, good, bad);
	CU_ASSERT_TRUE(good >= rate * 15 * 70 / 100);
	CU_ASSERT_TRUE(bad <= rate * 15 * 10 / 100 + 15);
	lb_down(&f);
}

static void a_storm_becomes_a_stream(void)
{
	storm(50);
	storm(500);
	storm(5000);
}

/* ---- the gradient ---- */

/* n requests at a time, each as late as `over` of them make it. */
static void served(unsigned rounds, unsigned knee)
{
	while (rounds-- > 0) {
		unsigned n = 0;

		while (n < 1000 && lb_ask_once(&f, &any) == 0) {
			starts(0, 1);
			n++;
		}
		while (f.p->member[0]->active > 0) {
			clock_us_t us = n <= knee ? 2000 : 2000ull * n / knee;

			lb_done(f.lb, f.p, 0, &(struct lb_result){.status = 200, .wait_us = us},
				f.now);
		}
		lb_wait(&f, 20 * MS);
	}
}

static void adaptive_finds_what_a_member_takes(void)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	f.pool.adaptive = true;
	lb_open(&f);
	CU_ASSERT_EQUAL(f.p->member[0]->limit, UINT32_MAX); /* nothing known */
	lb_ok(&f, 0, 2000);
	served(400, 64);
	CU_ASSERT_TRUE(f.p->member[0]->limit >= 64 && f.p->member[0]->limit <= 192);
	served(400, 16); /* it got slower */
	CU_ASSERT_TRUE(f.p->member[0]->limit >= 16 && f.p->member[0]->limit <= 48);
	lb_down(&f);
}

static void adaptive_is_within_the_cap_and_off_by_default(void)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	f.pool.adaptive = true;
	f.pool.concurrency = 8;
	lb_open(&f);
	served(100, 64);
	CU_ASSERT_EQUAL(f.p->member[0]->limit, 8);
	lb_down(&f);
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	served(10, 16);
	CU_ASSERT_EQUAL(f.p->member[0]->limit, UINT32_MAX);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(slow_down_shrinks_and_never_ejects),
	UNIT_CASE(the_limit_grows_by_one_a_limits_worth),
	UNIT_CASE(silence_ends_it),
	UNIT_CASE(releases_are_paced),
	UNIT_CASE(retry_after_is_kept_within_reason),
	UNIT_CASE(retry_after_silences_nobody_who_serves),
	UNIT_CASE(busy_is_not_throttled),
	UNIT_CASE(clients_are_told_different_times),
	UNIT_CASE(a_storm_becomes_a_stream),
	UNIT_CASE(adaptive_finds_what_a_member_takes),
	UNIT_CASE(adaptive_is_within_the_cap_and_off_by_default),
};

UNIT_MAIN(cases)
