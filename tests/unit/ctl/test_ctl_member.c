/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static struct lb_member *member(unsigned worker, unsigned i)
{
	return lb_member(sys.worker[worker].lb, 0, i);
}

static void request_begin(unsigned worker)
{
	struct lb *lb = sys.worker[worker].lb;

	lb_start(lb, lb_pool(lb, 0), 0, CONF_SIZE_UNKNOWN, sys.now);
}

static void request_end(unsigned worker)
{
	struct lb *lb = sys.worker[worker].lb;
	struct lb_result res = {.outcome = LB_COMPLETE, .status = 200};

	lb_done(lb, lb_pool(lb, 0), 0, &res, sys.now);
}

static void drain(void)
{
	system_up();
	request_begin(1);
	EXPECT_ANSWER("drain fast/a", "fast", "a", "drain");
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		CU_ASSERT_EQUAL(lb_member_state(member(w, 0)), LB_DRAIN);
		CU_ASSERT_EQUAL(lb_member_state(member(w, 1)), LB_UP);
	}
	ctl__events_tick(&sys.core);
	ctl__drains_tick(&sys.core, 1000000);
	request_end(1);
	ctl__drains_tick(&sys.core, 2000000);
	EXPECT_ANSWER("show events", "fast/a", "up", "drain", "fast/a",
		"drained: nothing runs on it any more");
	EXPECT_ANSWER("undrain fast/a", "up");
	CU_ASSERT_EQUAL(lb_member_state(member(1, 0)), LB_UP);
	system_down();
}

static void drain_has_a_deadline(void)
{
	uint64_t n;

	system_up();
	request_begin(0);
	EXPECT_ANSWER("drain fast/a 3s", "drain");
	ctl__drains_tick(&sys.core, 2999999);
	n = ctl__events_count(sys.core.events);
	ctl__drains_tick(&sys.core, 3000000);
	EXPECT_ANSWER("show events", "drain: the deadline has passed, 1 requests still run");
	n = ctl__events_count(sys.core.events);
	ctl__drains_tick(&sys.core, 9000000); /* said once */
	CU_ASSERT_EQUAL(ctl__events_count(sys.core.events), n);
	request_end(0);
	ctl__drains_tick(&sys.core, 10000000);
	EXPECT_ANSWER("show events", "drained");
	system_down();
}

static void drain_a_pool(void)
{
	system_up();
	EXPECT_ANSWER("drain fast", "a", "drain", "b", "drain");
	CU_ASSERT_EQUAL(lb_member_state(member(0, 1)), LB_DRAIN);
	EXPECT_ANSWER("undrain fast", "a", "up", "b", "up");
	system_down();
}

static void maintenance(void)
{
	system_up();
	EXPECT_ANSWER("maintenance fast/b on", "maintenance");
	CU_ASSERT_EQUAL(lb_member_state(member(1, 1)), LB_MAINTENANCE);
	EXPECT_ANSWER("maintenance fast/b off", "up");
	system_down();
}

static void weight(void)
{
	system_up();
	EXPECT_ANSWER("json weight fast/a 7", "\"weight\":7");
	EXPECT_ANSWER("json show pools", "\"weight\":7,\"state\":");
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++)
		CU_ASSERT_EQUAL(member(w, 0)->weight, 7);
	EXPECT_ANSWER("show events", "fast/a", "weight 7 by the operator");
	system_down();
}

/* What the operator said is not forgotten because the file was read again. */
static void acts_outlive_a_reload(void)
{
	system_up();
	system_file(SYSTEM_INI);
	EXPECT_ANSWER("drain fast/a", "drain");
	EXPECT_ANSWER("weight fast/b 9", "9");
	EXPECT_ANSWER("reload", "2");
	CU_ASSERT_EQUAL(lb_member_state(member(0, 0)), LB_DRAIN);
	CU_ASSERT_EQUAL(member(0, 1)->weight, 9);
	system_down();
}

static void wrong_words(void)
{
	system_up();
	expect_error("drain", "\"drain\": incomplete; expected POOL[/MEMBER] [TIME [cut]]\n");
	expect_error("drain fast/z", "\"z\": no such member of pool fast; expected a, b\n");
	expect_error("drain none", "\"none\": no such pool; expected fast, slow\n");
	expect_error(
		"drain fast/a soon", "\"soon\": unexpected; expected a time, as 90s, 10m or 1h\n");
	expect_error("drain fast/a 1s now", "\"now\": unexpected; expected cut\n");
	expect_error("drain fast/a 1s cut x", "\"x\": unexpected; expected nothing more\n");
	expect_error(
		"maintenance fast/a", "\"maintenance\": incomplete; expected POOL/MEMBER on|off\n");
	expect_error("maintenance fast on", "\"fast\": expected POOL/MEMBER\n");
	expect_error("weight fast/a -1", "\"-1\": unexpected; expected 0 to 256\n");
	expect_error("weight fast/a 999999", "\"999999\": unexpected; expected 0 to 256\n");
	sys.hung = 2;
	expect_error("weight fast/a 5",
		"worker 1 does not answer: 1 of 2 workers have it, say it again\n");
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(drain),
	UNIT_CASE(drain_has_a_deadline),
	UNIT_CASE(drain_a_pool),
	UNIT_CASE(maintenance),
	UNIT_CASE(weight),
	UNIT_CASE(acts_outlive_a_reload),
	UNIT_CASE(wrong_words),
};

UNIT_MAIN(cases)
