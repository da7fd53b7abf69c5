/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;
static struct lb_event out[300];

static void a_change_is_an_event(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	CU_ASSERT_EQUAL(lb_events_take(f.lb, out, 300), 0);
	lb_connect_failed(f.lb, f.p, 1, f.now);
	lb_connect_failed(f.lb, f.p, 1, f.now); /* no change */
	lb_wait(&f, HOLD_MS * MS);
	CU_ASSERT_EQUAL_FATAL(lb_events_take(f.lb, out, 300), 2);
	CU_ASSERT_STRING_EQUAL(out[0].pool, "p");
	CU_ASSERT_STRING_EQUAL(out[0].member, "b");
	CU_ASSERT_EQUAL(out[0].from, LB_UP);
	CU_ASSERT_EQUAL(out[0].to, LB_DOWN);
	CU_ASSERT_STRING_EQUAL(out[0].cause, "connect failed");
	CU_ASSERT_EQUAL(out[1].to, LB_UP);
	CU_ASSERT_EQUAL(out[1].at, f.now);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_changes], 2);
	CU_ASSERT_EQUAL(f.p->member[1]->since, f.now);
	lb_down(&f);
}

static void toggle(unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		lb_set_admin(f.lb, f.p->member[0],
			f.p->member[0]->admin ? LB_ADMIN_NONE : LB_ADMIN_DRAIN, i);
}

static void the_ring_keeps_order_and_counts_what_it_lost(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	toggle(200);
	CU_ASSERT_EQUAL(lb_events_take(f.lb, out, 150), 150);
	toggle(200); /* round the end */
	CU_ASSERT_EQUAL(lb_events_take(f.lb, out, 300), 250);
	for (unsigned i = 0; i < 250; i++)
		CU_ASSERT_EQUAL(out[i].at, i < 50 ? 150 + i : i - 50);
	CU_ASSERT_EQUAL(lb_lost_events(f.lb), 0);
	toggle(300);
	CU_ASSERT_EQUAL(lb_lost_events(f.lb), 44);
	CU_ASSERT_EQUAL(lb_events_take(f.lb, out, 300), 256);
	CU_ASSERT_EQUAL(out[255].at, 255);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_change_is_an_event),
	UNIT_CASE(the_ring_keeps_order_and_counts_what_it_lost),
};

UNIT_MAIN(cases)
