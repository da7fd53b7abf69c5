/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_fixture f;

static const uint8_t state_of[LB_FACTS] = {LB_SLOW, LB_THROTTLED, LB_WEDGED, LB_WEDGED, LB_DRAIN,
	LB_DRAIN, LB_MAINTENANCE, LB_DOWN, LB_DOWN, LB_DOWN, LB_DOWN};

/* Every pair of facts: the state is the worse one's, and what is left when one of them ends. */
static void the_worst_is_the_state(void)
{
	for (unsigned a = 0; a < LB_FACTS; a++) {
		for (unsigned b = 0; b < LB_FACTS; b++) {
			struct lb_member *m;

			lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
			m = f.p->member[0];
			lb__fact_set(f.lb, m, a, "a", f.now);
			CU_ASSERT_EQUAL(lb_state(&f, 0), state_of[a]);
			lb__fact_set(f.lb, m, b, "b", f.now);
			CU_ASSERT_EQUAL(lb_state(&f, 0), RTE_MAX(state_of[a], state_of[b]));
			lb__fact_clear(f.lb, m, a, "-a", f.now);
			CU_ASSERT_EQUAL(lb_state(&f, 0), a == b ? LB_UP : state_of[b]);
			lb__fact_clear(f.lb, m, b, "-b", f.now);
			CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
			lb_down(&f);
		}
	}
}

static void causes_belong_to_the_state(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	lb__fact_set(f.lb, f.p->member[0], LB_FACT_FAILED, "dead", f.now);
	lb__fact_set(f.lb, f.p->member[0], LB_FACT_SLOW, "slow", f.now + 1);
	CU_ASSERT_STRING_EQUAL(f.p->member[0]->cause, "dead");
	CU_ASSERT_EQUAL(f.p->member[0]->since, f.now);
	lb_down(&f);
}

static void the_operator_decides(void)
{
	struct lb_member *m;

	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	m = f.p->member[0];
	lb_set_admin(f.lb, m, LB_ADMIN_DRAIN, f.now);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DRAIN);
	lb_set_admin(f.lb, m, LB_ADMIN_MAINTENANCE, f.now);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_MAINTENANCE);
	for (unsigned i = 0; i < 100; i++)
		CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 1);
	lb_set_admin(f.lb, m, LB_ADMIN_NONE, f.now);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_set_weight(f.lb, m, 0, f.now);
	lb_set_admin(f.lb, m, LB_ADMIN_DRAIN, f.now);
	lb_set_admin(f.lb, m, LB_ADMIN_NONE, f.now);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DRAIN); /* by its weight */
	lb_down(&f);
}

/* From a tenth to all of it, in a straight line. */
static void who_comes_back_starts_slowly(void)
{
	struct lb_member *m;
	unsigned count[2];

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.slow_start_ms = 10000;
	lb_open(&f);
	m = f.p->member[0];
	CU_ASSERT_EQUAL(m->share, LB_ONE); /* not at the appliance's own start */
	lb_set_admin(f.lb, m, LB_ADMIN_MAINTENANCE, f.now);
	lb_set_admin(f.lb, m, LB_ADMIN_NONE, f.now);
	CU_ASSERT_EQUAL(m->share, LB_ONE / 10);
	lb_count(&f, &any, 1100, count);
	CU_ASSERT_TRUE(count[0] >= 95 && count[0] <= 105);
	for (unsigned i = 1; i < 10; i++) {
		lb_wait(&f, 1000 * MS);
		CU_ASSERT_TRUE(abs((int)m->share - (int)(LB_ONE * (10 + 9 * i) / 100)) <= 32);
	}
	lb_wait(&f, 1000 * MS);
	CU_ASSERT_EQUAL(m->share, LB_ONE);
	CU_ASSERT_EQUAL(m->due, UINT64_MAX);
	lb_down(&f);
}

static void a_hold_is_no_absence(void)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.slow_start_ms = 10000;
	lb_open(&f);
	lb_connect_failed(f.lb, f.p, 0, f.now);
	lb_connected(f.lb, f.p, 0, f.now);
	CU_ASSERT_EQUAL(f.p->member[0]->share, LB_ONE);
	lb_down(&f);
}

/* A dead node is ejected and held; which of the two ends last says nothing. */
static void a_hold_that_ends_last(void)
{
	struct lb_member *m;

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.slow_start_ms = 10000;
	f.pool.eject_ms = HOLD_MS / 2;
	lb_open(&f);
	m = f.p->member[0];
	for (unsigned i = 0; i < 5; i++)
		lb_connect_failed(f.lb, f.p, 0, f.now);
	lb_wait(&f, HOLD_MS / 2 * MS);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	CU_ASSERT_EQUAL(m->share, LB_ONE);
	lb_connected(f.lb, f.p, 0, f.now);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(m->share, LB_ONE / 10);
	lb_connect_failed(f.lb, f.p, 0, f.now);
	lb_wait(&f, 10000 * MS); /* a hold alone does not begin it again */
	CU_ASSERT_EQUAL(m->share, LB_ONE);
	lb_down(&f);
}

/* A pick does not wait for a tick. */
static void what_ran_out_counts_at_once(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	lb_connect_failed(f.lb, f.p, 0, f.now);
	f.now += HOLD_MS * MS;
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 0);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[0]->stat[LB_STAT_last_resorts], 0);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_worst_is_the_state),
	UNIT_CASE(causes_belong_to_the_state),
	UNIT_CASE(the_operator_decides),
	UNIT_CASE(who_comes_back_starts_slowly),
	UNIT_CASE(a_hold_is_no_absence),
	UNIT_CASE(a_hold_that_ends_last),
	UNIT_CASE(what_ran_out_counts_at_once),
};

UNIT_MAIN(cases)
