/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;

static void up(unsigned n)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, n);
}

static void fail(unsigned member, unsigned n)
{
	while (n-- > 0)
		lb_fail(&f, member, false);
}

static void failures_in_a_row_eject(void)
{
	unsigned count[4];

	up(4);
	fail(1, 4);
	lb_ok(&f, 1, 1000); /* breaks the row */
	fail(1, 4);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	fail(1, 1);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	CU_ASSERT_STRING_EQUAL(f.p->member[1]->cause, "requests failed in a row");
	lb_count(&f, &any, 300, count);
	CU_ASSERT_EQUAL(count[1], 0);
	lb_wait(&f, 10 * S - 1);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	lb_wait(&f, 1);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_ejections], 1);
	lb_down(&f);
}

static void each_kind_of_failure_counts(void)
{
	static const struct {
		struct lb_result res;
		bool failure;
	} kinds[] = {
		{{.outcome = LB_TIMEOUT}, true},
		{{.outcome = LB_STALL, .status = 200}, true},
		{{.outcome = LB_RESET, .status = 200}, true},
		{{.outcome = LB_BAD}, true},
		{{.outcome = LB_RETRY}, true},
		{{.outcome = LB_RETRY, .reused = true}, false}, /* it closed an idle connection */
		{{.outcome = LB_CANCEL}, false},
		{{.status = 500}, true},
		{{.status = 503}, true},
		{{.status = 503, .slow_down = true}, false},
		{{.status = 429, .slow_down = true}, false},
		{{.status = 501}, false},
		{{.status = 200, .inner_error = true}, true},
		{{.status = 200, .inner_error = true, .slow_down = true}, false},
		{{.status = 400}, false},
		{{.status = 403}, false},
		{{.status = 404}, false},
		{{.status = 301}, false},
	};

	for (unsigned k = 0; k < RTE_DIM(kinds); k++) {
		up(4);
		for (unsigned i = 0; i < 100; i++)
			lb_one(&f, 2, &kinds[k].res);
		CU_ASSERT_EQUAL(lb_state(&f, 2) == LB_DOWN, kinds[k].failure);
		lb_down(&f);
	}
}

static void connects_that_fail_count_once(void)
{
	up(4);
	for (unsigned i = 0; i < 5; i++) {
		CU_ASSERT_EQUAL(f.p->member[0]->stat[LB_STAT_ejections], 0);
		lb_start(f.lb, f.p, 0, 0, f.now);
		lb_connect_failed(f.lb, f.p, 0, f.now);
		lb_done(f.lb, f.p, 0, &(struct lb_result){.outcome = LB_REFUSED}, f.now);
	}
	CU_ASSERT_EQUAL(f.p->member[0]->stat[LB_STAT_ejections], 1);
	lb_connected(f.lb, f.p, 0, f.now); /* the hold is over, the ejection is not */
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	lb_down(&f);
}

/* us until it is up again. */
static clock_us_t length(unsigned member)
{
	clock_us_t begun = f.now;

	while (lb_state(&f, member) == LB_DOWN)
		lb_wait(&f, S);
	return f.now - begun;
}

static void ejections_that_follow_double(void)
{
	static const unsigned seconds[] = {10, 20, 40, 80, 160, 300, 300, 300};

	up(4);
	for (unsigned i = 0; i < RTE_DIM(seconds); i++) {
		fail(0, 5);
		CU_ASSERT_EQUAL(length(0), seconds[i] * S);
	}
	lb_wait(&f, 301 * S); /* long enough without */
	fail(0, 5);
	CU_ASSERT_EQUAL(length(0), 10 * S);
	lb_down(&f);
}

static void most_of_the_pool_stays(void)
{
	up(4);
	for (unsigned i = 0; i < 4; i++)
		fail(i, 5);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	CU_ASSERT_EQUAL(lb_state(&f, 2), LB_UP);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[3]->stat[LB_STAT_ejections_refused], 1);
	lb_down(&f);

	lb_file(&f, CONF_BALANCE_TAIL, NULL, 3);
	f.pool.eject_limit = 100; /* never the last one */
	lb_open(&f);
	for (unsigned i = 0; i < 3; i++)
		fail(i, 5);
	CU_ASSERT_EQUAL(lb_state(&f, 2), LB_UP);
	lb_down(&f);

	lb_file(&f, CONF_BALANCE_TAIL, NULL, 3);
	f.pool.eject_limit = 0;
	lb_open(&f);
	fail(0, 50);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

static void zero_errors_never_eject(void)
{
	lb_file(&f, CONF_BALANCE_TAIL, NULL, 3);
	f.pool.eject_errors = 0;
	lb_open(&f);
	fail(0, 500);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

/* ---- writes ---- */

static void wedge(unsigned member)
{
	for (unsigned i = 0; i < 5; i++) {
		lb_fail(&f, member, true);
		lb_ok(&f, member, 1000);
	}
	/* the row is whole, and reads came between */
	lb_fail(&f, member, true);
}

static void writes_that_fail_alone_wedge(void)
{
	unsigned count[4];

	up(4);
	wedge(1);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_WEDGED);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_wedges], 1);
	lb_count(&f, &any_write, 300, count);
	CU_ASSERT_EQUAL(count[1], 0);
	lb_count(&f, &any, 400, count);
	CU_ASSERT_EQUAL(count[1], 100);
	lb_down(&f);
}

static void writes_that_fail_with_all_else_eject(void)
{
	up(4);
	for (unsigned i = 0; i < 5; i++)
		lb_fail(&f, 1, true);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	lb_down(&f);
}

static void a_wedged_member_is_tried(void)
{
	struct lb_tried tried = {{4}};
	unsigned count[4];

	up(4);
	wedge(1);
	lb_wait(&f, 10 * S);
	/* no retry is spent on it, nor a read counted as one */
	CU_ASSERT_NOT_EQUAL(lb_ask_once(&f, &(struct lb_ask){.tried = &tried, .writes = true}), 1);
	lb_count(&f, &any_write, 100, count);
	CU_ASSERT_EQUAL(count[1], 1);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_probes], 1);
	lb_fail(&f, 1, true);
	lb_fail(&f, 1, true); /* one of before: does not double again */
	lb_wait(&f, 20 * S - 1);
	lb_count(&f, &any_write, 100, count);
	CU_ASSERT_EQUAL(count[1], 0);
	lb_wait(&f, 1);
	lb_count(&f, &any_write, 100, count);
	CU_ASSERT_EQUAL(count[1], 1);
	lb_one(&f, 1, &(struct lb_result){.status = 200, .writes = true});
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	lb_down(&f);
}

/* ---- the slow ---- */

/* Each member answers, then the time of an evaluation passes. */
static void answers(unsigned n, const clock_us_t *us)
{
	for (unsigned i = 0; i < 20; i++)
		for (unsigned m = 0; m < n; m++)
			if (us[m])
				lb_ok(&f, m, us[m]);
	lb_wait(&f, 250 * MS);
}

static void far_slower_than_the_pool_is_slow(void)
{
	static const clock_us_t same[] = {10000, 11000, 12000, 49000},
				far[] = {10000, 11000, 12000, 110000};
	unsigned count[4];

	up(4);
	for (unsigned i = 0; i < 20; i++)
		answers(4, same);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	for (unsigned i = 0; i < 3; i++)
		answers(4, far);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	answers(4, far); /* for a second */
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	CU_ASSERT_EQUAL(lb_state(&f, 2), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[3]->stat[LB_STAT_slows], 1);
	f.p->member[3]->live.probe_at = UINT64_MAX;
	lb_count(&f, &any, 300, count);
	CU_ASSERT_EQUAL(count[3], 0);
	lb_down(&f);
}

/* A moment in which all that was under way there stood still, and a member of which little is
 * known. */
static void a_hiccup_is_not_slow(void)
{
	static const clock_us_t us[] = {10000, 10000, 10000, 10000}, rest[] = {10000, 10000, 10000};

	up(4);
	for (unsigned i = 0; i < 10; i++)
		answers(4, us);
	for (unsigned i = 0; i < 100; i++)
		lb_ok(&f, 3, 2 * S);
	for (unsigned i = 0; i < 10; i++)
		answers(4, us);
	for (unsigned i = 0; i < 7; i++) {
		lb_ok(&f, 3, 2 * S);
		answers(3, rest);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[3]->stat[LB_STAT_changes], 0);
	lb_ok(&f, 3, 2 * S);
	answers(3, rest);
	lb_ok(&f, 3, 2 * S);
	answers(3, rest);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	lb_down(&f);
}

static void what_is_soon_anyway_is_not_slow(void)
{
	static const clock_us_t us[] = {50, 50, 50, 1500};

	up(4);
	for (unsigned i = 0; i < 20; i++)
		answers(4, us);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	lb_down(&f);
}

static void of_two_the_slower_is_slow(void)
{
	static const clock_us_t us[] = {100000, 10000};

	up(2);
	for (unsigned i = 0; i < 10; i++)
		answers(2, us);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_SLOW);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	lb_down(&f);
}

/* It is asked two times a second; when it answers like the others, it is one of them again. */
static void a_slow_member_recovers_by_its_trickle(void)
{
	static const clock_us_t far[] = {10000, 10000, 10000, 200000},
				rest[] = {10000, 10000, 10000};
	unsigned count[4], probes = 0, seconds = 0;

	up(4);
	for (unsigned i = 0; i < 10; i++)
		answers(4, far);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	for (unsigned i = 0; i < 40; i++) { /* ten seconds as slow as ever */
		lb_count(&f, &any, 100, count);
		probes += count[3];
		while (count[3]-- > 0)
			lb_ok(&f, 3, 200000);
		answers(3, rest);
	}
	CU_ASSERT_TRUE(probes >= 18 && probes <= 21);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	while (lb_state(&f, 3) == LB_SLOW && seconds < 100) { /* not far slower any more */
		lb_count(&f, &any, 100, count);
		while (count[3]-- > 0)
			lb_ok(&f, 3, 15000);
		answers(3, rest);
		answers(3, rest);
		seconds++;
	}
	CU_ASSERT_TRUE(seconds < 15);
	lb_down(&f);
}

/* Between half and the whole of slow-factor nothing changes. */
static void there_is_room_between_in_and_out(void)
{
	static const clock_us_t far[] = {10000, 10000, 10000, 100000},
				middle[] = {10000, 10000, 10000, 38000};

	up(4);
	for (unsigned i = 0; i < 10; i++)
		answers(4, middle);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_UP);
	for (unsigned i = 0; i < 10; i++)
		answers(4, far);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	for (unsigned i = 0; i < 10; i++)
		answers(4, middle);
	CU_ASSERT_EQUAL(lb_state(&f, 3), LB_SLOW);
	CU_ASSERT_EQUAL(f.p->member[3]->stat[LB_STAT_changes], 1);
	lb_down(&f);
}

/* Requests that happen to be large do not make a member slow; known: they said so themselves. */
static void mixed(bool known)
{
	up(2);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 20; i++) {
			struct lb_result tiny = {.status = 200, .bytes_in = 5000};
			struct lb_result huge = {.status = 200, .bytes_in = 5ull << 30};

			if (known) {
				tiny.size = CONF_SIZE_TINY;
				huge.size = CONF_SIZE_HUGE;
			}
			tiny.wait_us = 3000;
			huge.wait_us = 90000;
			lb_one(&f, 0, i % 10 ? &tiny : &huge);
			lb_one(&f, 1, i % 10 ? &huge : &tiny);
		}
		lb_wait(&f, 250 * MS);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	CU_ASSERT_TRUE(abs((int)f.p->member[0]->ratio - (int)f.p->member[1]->ratio) < 256);
	lb_down(&f);
}

static void large_objects_do_not_make_slow(void)
{
	mixed(true);
	mixed(false);
}

/* CompleteMultipartUpload takes minutes, wherever. */
static void what_is_not_measured_is_not_judged(void)
{
	up(2);
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < 20; i++) {
			lb_one(&f, 0, &(struct lb_result){.status = 200, .ttfb_us = 60 * S});
			lb_ok(&f, 1, 5000);
		}
		lb_wait(&f, 250 * MS);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[0]->ratio, 1024);
	CU_ASSERT_EQUAL(f.p->member[0]->ttfb.count, 400);
	lb_down(&f);
}

static void wedge_it(unsigned member)
{
	lb_fail(&f, member, true);
	lb_ok(&f, member, 1000);
	for (unsigned i = 0; i < 4; i++)
		lb_fail(&f, member, true);
	CU_ASSERT_EQUAL(lb_state(&f, member), LB_WEDGED);
}

/* One of the second site, which is not asked, does not stand before one of the first. */
static void who_is_out_of_reach_waits(void)
{
	unsigned count[6];

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 6);
	f.members[0].priority = 1;
	lb_open(&f);
	wedge_it(0);
	wedge_it(3);
	lb_wait(&f, 20 * S);
	lb_count(&f, &any_write, 10, count);
	CU_ASSERT_EQUAL(count[0], 0);
	CU_ASSERT_EQUAL(count[3], 1);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(failures_in_a_row_eject),
	UNIT_CASE(each_kind_of_failure_counts),
	UNIT_CASE(connects_that_fail_count_once),
	UNIT_CASE(ejections_that_follow_double),
	UNIT_CASE(most_of_the_pool_stays),
	UNIT_CASE(zero_errors_never_eject),
	UNIT_CASE(writes_that_fail_alone_wedge),
	UNIT_CASE(writes_that_fail_with_all_else_eject),
	UNIT_CASE(a_wedged_member_is_tried),
	UNIT_CASE(far_slower_than_the_pool_is_slow),
	UNIT_CASE(a_hiccup_is_not_slow),
	UNIT_CASE(what_is_soon_anyway_is_not_slow),
	UNIT_CASE(of_two_the_slower_is_slow),
	UNIT_CASE(a_slow_member_recovers_by_its_trickle),
	UNIT_CASE(there_is_room_between_in_and_out),
	UNIT_CASE(large_objects_do_not_make_slow),
	UNIT_CASE(what_is_not_measured_is_not_judged),
	UNIT_CASE(who_is_out_of_reach_waits),
};

UNIT_MAIN(cases)
