/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static void a_ring(void)
{
	system_up();
	for (unsigned i = 0; i < 1500; i++)
		ctl__event_note(&sys.core, LOG_LEVEL_INFO, "fast", "a", "note %u.", i);
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), 1500);
	EXPECT_ANSWER("show events", "note 476.", "note 477.", "note 1499.");
	EXPECT_ANSWER("json show events", "{\"events\":[{\"at\":\"", "\"worker\":null",
		"\"of\":\"fast/a\"", "\"from\":null", "\"text\":\"note 476.\"");
	system_down();
}

static void of_workers(void)
{
	struct lb *lb;

	system_up();
	lb = sys.worker[1].lb;
	lb_set_admin(lb, lb_member(lb, 0, 1), LB_ADMIN_DRAIN, sys.now);
	ctl__events_tick(&sys.core);
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), 1);
	EXPECT_ANSWER("json show events", "\"worker\":1", "\"of\":\"fast/b\"", "\"from\":\"up\"",
		"\"to\":\"drain\"");
	ctl__events_tick(&sys.core);
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), 1);
	system_down();
}

/* A worker's ring has room for 256. */
static void what_a_worker_lost(void)
{
	struct lb *lb;

	system_up();
	lb = sys.worker[1].lb;
	for (unsigned i = 0; i < 300; i++)
		lb_set_admin(
			lb, lb_member(lb, 0, 1), i % 2 ? LB_ADMIN_NONE : LB_ADMIN_DRAIN, sys.now);
	EXPECT_ANSWER("show events", "44 changes of state were lost: too many at once");
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), 64 + 1);
	ctl__events_tick(&sys.core); /* said once */
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), 64 + 1 + 64);
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_ring), UNIT_CASE(of_workers), UNIT_CASE(what_a_worker_lost)};

UNIT_MAIN(cases)
