/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;
static const uint32_t weights[] = {1, 2};

static void members_come_from_the_file(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights, 2);
	CU_ASSERT_EQUAL(lb_pools(f.lb), 1);
	CU_ASSERT_EQUAL(lb_members(f.lb, 0), 2);
	CU_ASSERT_PTR_EQUAL(f.p->conf, &f.pool);
	CU_ASSERT_STRING_EQUAL(lb_member(f.lb, 0, 1)->name, "b");
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 1)->weight, 2);
	lb_down(&f);
}

static void done_counts_status_bytes_and_time(void)
{
	const struct lb_member *m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights, 2);
	m = lb_member(f.lb, 0, 0);
	for (unsigned s = 1; s <= 5; s++) {
		lb_start(f.lb, f.p, 0, 0, 0);
		CU_ASSERT_EQUAL(m->active, 1);
		lb_done(f.lb, f.p, 0,
			&(struct lb_result){.outcome = LB_COMPLETE,
				.status = (uint16_t)(s * 100 + 4),
				.bytes_out = 10,
				.bytes_in = 1000,
				.ttfb_us = 50,
				.total_us = 70},
			0);
		CU_ASSERT_EQUAL(m->stat[LB_STAT_status_1xx + s - 1], 1);
	}
	CU_ASSERT_EQUAL(m->active, 0);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_requests], 5);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_bytes_out], 50);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_bytes_in], 5000);
	CU_ASSERT_EQUAL(m->ttfb.count, 5);
	CU_ASSERT_EQUAL(m->total.sum, 350);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 1)->stat[LB_STAT_requests], 0);
	lb_down(&f);
}

static void each_outcome_has_its_counter(void)
{
	static const struct {
		enum lb_outcome outcome;
		enum lb_stat stat;
	} want[] = {{LB_RETRY, LB_STAT_retries}, {LB_TIMEOUT, LB_STAT_timeouts},
		{LB_RESET, LB_STAT_resets}, {LB_CANCEL, LB_STAT_cancels},
		{LB_BAD, LB_STAT_bad_responses}};
	const struct lb_member *m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights, 2);
	m = lb_member(f.lb, 0, 0);
	for (unsigned i = 0; i < RTE_DIM(want); i++) {
		lb_start(f.lb, f.p, 0, 0, 0);
		lb_done(f.lb, f.p, 0, &(struct lb_result){.outcome = want[i].outcome}, 0);
		CU_ASSERT_EQUAL(m->stat[want[i].stat], 1);
	}
	/* no answer: no status, no time */
	CU_ASSERT_EQUAL(m->ttfb.count, 0);
	CU_ASSERT_EQUAL(m->total.count, 0);
	lb_down(&f);
}

static void state_follows_hold_and_weight(void)
{
	clock_us_t now = 5, end = now + HOLD_MS * CLOCK_US_PER_MS;
	const struct lb_member *m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights, 2);
	m = lb_member(f.lb, 0, 0);
	CU_ASSERT_STRING_EQUAL(lb_state_name(lb_member_state(m)), "up");
	lb_connect_failed(f.lb, f.p, 0, now);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_connect_failures], 1);
	lb_tick(f.lb, end - 1);
	CU_ASSERT_EQUAL(lb_next_tick(f.lb, 1000, end - 1), 1);
	CU_ASSERT_STRING_EQUAL(lb_state_name(lb_member_state(m)), "down");
	lb_tick(f.lb, end);
	CU_ASSERT_STRING_EQUAL(lb_state_name(lb_member_state(m)), "up");
	lb_connect_failed(f.lb, f.p, 0, end);
	lb_connected(f.lb, f.p, 0, now); /* a success ends the hold at once */
	CU_ASSERT_EQUAL(lb_member_state(m), LB_UP);
	CU_ASSERT_EQUAL(m->stat[LB_STAT_connects], 1);
	lb_set_weight(f.lb, f.p->member[0], 0, 0);
	CU_ASSERT_STRING_EQUAL(lb_state_name(lb_member_state(m)), "drain");
	lb_down(&f);
}

static void holds_that_follow_double(void)
{
	static const unsigned times[] = {1, 2, 4, 8, 16, 16, 16};

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.eject_errors = 0;
	lb_open(&f);
	for (unsigned i = 0; i < RTE_DIM(times); i++) {
		lb_connect_failed(f.lb, f.p, 0, f.now);
		lb_connect_failed(f.lb, f.p, 0, f.now); /* at the same time: one */
		lb_wait(&f, times[i] * HOLD_MS * MS - 1);
		CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
		lb_wait(&f, 1);
		CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	}
	lb_connected(f.lb, f.p, 0, f.now);
	lb_connect_failed(f.lb, f.p, 0, f.now);
	lb_wait(&f, HOLD_MS * MS);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

static void destroy_takes_null(void)
{
	lb_destroy(NULL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(members_come_from_the_file),
	UNIT_CASE(done_counts_status_bytes_and_time),
	UNIT_CASE(each_outcome_has_its_counter),
	UNIT_CASE(state_follows_hold_and_weight),
	UNIT_CASE(holds_that_follow_double),
	UNIT_CASE(destroy_takes_null),
};

UNIT_MAIN(cases)
