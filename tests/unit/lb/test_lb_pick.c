/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;

static const uint32_t weights_521[] = {5, 1, 2};
static const uint32_t weights_111[] = {1, 1, 1};

static void round_robin_is_exact_and_smooth(void)
{
	unsigned count[3] = {0};
	int last = -1, run = 0, longest = 0;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights_521, 3);
	for (unsigned i = 0; i < 8 * 100; i++) {
		int m = lb_pick(f.lb, f.p, &any, 0);

		count[m]++;
		run = m == last ? run + 1 : 1;
		longest = run > longest ? run : longest;
		last = m;
		if (i % 8 == 7) { /* every single round is exact */
			CU_ASSERT_EQUAL(count[0], 5 * (i + 1) / 8);
			CU_ASSERT_EQUAL(count[1], 1 * (i + 1) / 8);
			CU_ASSERT_EQUAL(count[2], 2 * (i + 1) / 8);
		}
	}
	CU_ASSERT_TRUE(longest <= 3);
	lb_down(&f);
}

static void least_connections_follows_load_and_weight(void)
{
	lb_up(&f, CONF_BALANCE_LEAST_CONNECTIONS, weights_521, 3);
	for (unsigned i = 0; i < 800; i++)
		lb_start(f.lb, f.p, (unsigned)lb_pick(f.lb, f.p, &any, 0), 0, 0);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 0)->active, 500);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 1)->active, 100);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 2)->active, 200);
	/* whoever gets free gets the next */
	lb_done(f.lb, f.p, 1, &(struct lb_result){.outcome = LB_CANCEL}, 0);
	CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 1);
	lb_down(&f);
}

static void least_connections_idle_pool_takes_turns(void)
{
	unsigned count[3] = {0};

	lb_up(&f, CONF_BALANCE_LEAST_CONNECTIONS, weights_111, 3);
	for (unsigned i = 0; i < 300; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(count[i], 100);
	lb_down(&f);
}

static void random_two_by_weight_when_idle(void)
{
	unsigned count[3] = {0};

	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_111, 3);
	for (unsigned i = 0; i < 30000; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	for (unsigned i = 0; i < 3; i++) /* 5 sigma of a binomial: 408 */
		CU_ASSERT_TRUE(count[i] > 9592 && count[i] < 10408);
	lb_down(&f);

	memset(count, 0, sizeof(count));
	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_521, 3);
	for (unsigned i = 0; i < 8000; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	CU_ASSERT_TRUE(count[0] > count[2] && count[2] > count[1]);
	CU_ASSERT_TRUE(count[0] > 4700 && count[0] < 5300);
	lb_down(&f);
}

static void random_two_never_takes_the_most_loaded(void)
{
	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_111, 3);
	for (unsigned i = 0; i < 10; i++)
		lb_start(f.lb, f.p, 2, 0, 0);
	lb_start(f.lb, f.p, 1, 0, 0);
	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 2);
	lb_down(&f);
}

static void random_two_stays_balanced(void)
{
	static const uint32_t weights[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	uint32_t max = 0;

	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights, 8);
	for (unsigned i = 0; i < 8000; i++)
		lb_start(f.lb, f.p, (unsigned)lb_pick(f.lb, f.p, &any, 0), 0, 0);
	for (unsigned i = 0; i < 8; i++)
		max = RTE_MAX(max, lb_member(f.lb, 0, i)->active);
	CU_ASSERT_TRUE(max <= 1005); /* mean + O(log log n); plain random would be near 1060 */
	lb_down(&f);
}

static const enum conf_balance all[] = {
	CONF_BALANCE_ROUND_ROBIN, CONF_BALANCE_LEAST_CONNECTIONS, CONF_BALANCE_RANDOM_TWO};

static void tried_members_are_left_out(void)
{
	for (unsigned a = 0; a < RTE_DIM(all); a++) {
		struct lb_tried tried = {0};

		lb_up(&f, all[a], weights_521, 3);
		for (unsigned i = 0; i < 3; i++) {
			int m = lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &tried}, 0);

			CU_ASSERT_TRUE_FATAL(m >= 0);
			CU_ASSERT_FALSE(lb_tried_has(&tried, (unsigned)m));
			lb_tried_add(&tried, (unsigned)m);
		}
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &tried}, 0), -1);
		lb_down(&f);
	}
}

static void weight_zero_gets_nothing(void)
{
	for (unsigned a = 0; a < RTE_DIM(all); a++) {
		lb_up(&f, all[a], weights_521, 3);
		lb_set_weight(f.lb, f.p->member[0], 0, 0);
		for (unsigned i = 0; i < 100; i++)
			CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 0);
		lb_set_weight(f.lb, f.p->member[1], 0, 0);
		lb_set_weight(f.lb, f.p->member[2], 0, 0);
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, 0), -1);
		lb_down(&f);
	}
}

static void held_members_wait_while_others_can(void)
{
	for (unsigned a = 0; a < RTE_DIM(all); a++) {
		clock_us_t now = 1000, end = now + HOLD_MS * CLOCK_US_PER_MS;
		unsigned count[3] = {0};

		lb_up(&f, all[a], weights_111, 3);
		lb_connect_failed(f.lb, f.p, 1, now);
		for (unsigned i = 0; i < 100; i++)
			CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, end - 1), 1);
		for (unsigned i = 0; i < 100; i++)
			count[lb_pick(f.lb, f.p, &any, end)]++;
		CU_ASSERT_TRUE(count[1] > 0);
		/* all held: better one of them than none */
		for (unsigned i = 0; i < 3; i++)
			lb_connect_failed(f.lb, f.p, i, end);
		CU_ASSERT_TRUE(lb_pick(f.lb, f.p, &any, end) >= 0);
		/* and a held one that was not tried rather than none */
		lb_connected(f.lb, f.p, 0, now);
		CU_ASSERT_NOT_EQUAL(
			lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &(struct lb_tried){{1}}}, end),
			0);
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, end), 0);
		lb_down(&f);
	}
}

static void names_are_the_files(void)
{
	CU_ASSERT_STRING_EQUAL(lb_balance_name(CONF_BALANCE_ROUND_ROBIN), "round-robin");
	CU_ASSERT_STRING_EQUAL(lb_balance_name(CONF_BALANCE_RANDOM_TWO), "random-two");
}

static const struct unit_case cases[] = {
	UNIT_CASE(round_robin_is_exact_and_smooth),
	UNIT_CASE(least_connections_follows_load_and_weight),
	UNIT_CASE(least_connections_idle_pool_takes_turns),
	UNIT_CASE(random_two_by_weight_when_idle),
	UNIT_CASE(random_two_never_takes_the_most_loaded),
	UNIT_CASE(random_two_stays_balanced),
	UNIT_CASE(tried_members_are_left_out),
	UNIT_CASE(weight_zero_gets_nothing),
	UNIT_CASE(held_members_wait_while_others_can),
	UNIT_CASE(names_are_the_files),
};

UNIT_MAIN(cases)
