/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

#define WORKERS 4

static struct lb_fixture f;

static void up(unsigned n)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, n);
	f.pool.check = &f.check;
	f.now = 0; /* a worker's beginning */
	lb_open(&f);
}

/* The next check, wherever it falls in time; its member. */
static unsigned take(struct lb_check *c)
{
	while (!lb_check_take(f.lb, c, f.now))
		lb_wait(&f, MS);
	return c->member;
}

/* The next check of that member says v; the others' say good. */
static void say(unsigned member, enum lb_verdict v)
{
	struct lb_check c;

	for (;;) {
		bool its = take(&c) == member;

		lb_check_done(f.lb, &c, its ? v : LB_GOOD, f.now);
		if (its)
			return;
	}
}

static void rise_and_fall(void)
{
	up(3);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP); /* until somebody says otherwise */
	CU_ASSERT_STRING_EQUAL(lb_verdict_name(f.p->member[1]->checked.verdict), "none");
	say(1, LB_FAIL_TIMEOUT);
	say(1, LB_FAIL_TIMEOUT);
	say(1, LB_GOOD); /* the row is broken */
	say(1, LB_FAIL_CONNECT);
	say(1, LB_FAIL_CONNECT);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	say(1, LB_FAIL_ANSWER);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	CU_ASSERT_STRING_EQUAL(f.p->member[1]->cause, "check failed: answer");
	CU_ASSERT_STRING_EQUAL(lb_verdict_name(f.p->member[1]->checked.verdict), "wrong answer");
	say(1, LB_GOOD);
	say(1, LB_FAIL_ANSWER);
	say(1, LB_GOOD);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DOWN);
	say(1, LB_GOOD_THROTTLED); /* alive */
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_checks_bad], 6);
	CU_ASSERT_EQUAL(f.p->member[1]->stat[LB_STAT_checks_good], 4);
	lb_down(&f);
}

static void what_cannot_write_is_wedged(void)
{
	up(2);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
		say(0, LB_GOOD_READ_ONLY);
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_WEDGED);
	for (unsigned i = 0; i < 100; i++) /* no trickle: checks will tell */
		CU_ASSERT_EQUAL(lb_ask_once(&f, &any_write), 1);
	for (unsigned i = 0; i < 3; i++)
		say(0, LB_FAIL_CONNECT);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	say(0, LB_GOOD_READ_ONLY);
	say(0, LB_GOOD_READ_ONLY);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_WEDGED);
	say(0, LB_GOOD);
	say(0, LB_GOOD);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

static void no_verdict_says_nothing(void)
{
	up(1);
	for (unsigned i = 0; i < 10; i++)
		say(0, LB_NO_VERDICT);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	CU_ASSERT_EQUAL(f.p->member[0]->stat[LB_STAT_checks_bad], 0);
	lb_down(&f);
}

static void intervals_are_jittered_and_shorten(void)
{
	clock_us_t low = UINT64_MAX, high = 0, sum = 0, last;

	up(1);
	say(0, LB_GOOD);
	for (unsigned i = 0; i < 1000; i++) {
		last = f.now;
		say(0, LB_GOOD);
		low = RTE_MIN(low, f.now - last);
		high = RTE_MAX(high, f.now - last);
		sum += f.now - last;
	}
	CU_ASSERT_TRUE(low >= 1750 * MS && low < 1790 * MS);
	CU_ASSERT_TRUE(high <= 2252 * MS && high > 2210 * MS);
	CU_ASSERT_TRUE(sum / 1000 > 1975 * MS && sum / 1000 < 2025 * MS);
	say(0, LB_FAIL_TIMEOUT);
	last = f.now;
	say(0, LB_FAIL_TIMEOUT);
	CU_ASSERT_TRUE(f.now - last <= 1127 * MS);
	say(0, LB_FAIL_TIMEOUT);
	last = f.now;
	say(0, LB_FAIL_TIMEOUT); /* it is known to be down */
	CU_ASSERT_TRUE(f.now - last >= 1750 * MS);
	lb_down(&f);
}

/* Nodes that hang: at most so many at a time, and none of them twice. */
static void checks_have_a_budget(void)
{
	struct conf_member members[64];
	char names[64][4];
	struct lb_check c[64];
	unsigned n = 0, at_once;
	bool seen[64] = {false};

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 1);
	f.pool.check = &f.check;
	for (unsigned i = 0; i < 64; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		members[i] = (struct conf_member){.name = names[i], .weight = 1};
	}
	f.pool.members = members;
	f.pool.n_members = 64;
	lb_open(&f);
	f.now = 5000 * S; /* all of them overdue */
	for (at_once = 0; lb_check_take(f.lb, &c[n], f.now); at_once++)
		n++;
	CU_ASSERT_EQUAL(at_once, 1);
	CU_ASSERT_EQUAL(lb_next_tick(f.lb, 1000, f.now) <= 10, true);
	for (unsigned ms = 0; ms < 5000; ms++) {
		lb_wait(&f, MS);
		n += lb_check_take(f.lb, &c[n], f.now);
	}
	CU_ASSERT_EQUAL(n, 8);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_FALSE(seen[c[i].member]);
		seen[c[i].member] = true;
		lb_check_done(f.lb, &c[i], LB_FAIL_TIMEOUT, f.now);
	}
	CU_ASSERT_TRUE(lb_check_take(f.lb, &c[0], f.now));
	CU_ASSERT_FALSE(seen[c[0].member]); /* the others were due before */
	lb_check_done(f.lb, &c[0], LB_GOOD, f.now);
	lb_down(&f);
}

static void maintenance_is_left_alone(void)
{
	struct lb_check c;

	up(1);
	lb_set_admin(f.lb, f.p->member[0], LB_ADMIN_MAINTENANCE, f.now);
	for (unsigned i = 0; i < 10000; i++) {
		CU_ASSERT_FALSE_FATAL(lb_check_take(f.lb, &c, f.now));
		lb_wait(&f, MS);
	}
	lb_set_admin(f.lb, f.p->member[0], LB_ADMIN_DRAIN, f.now);
	CU_ASSERT_TRUE(lb_check_take(f.lb, &c, f.now));
	lb_check_done(f.lb, &c, LB_GOOD, f.now);
	lb_down(&f);
}

static void no_check_no_work(void)
{
	struct lb_check c;

	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	CU_ASSERT_FALSE(lb_check_take(f.lb, &c, f.now));
	lb_tick(f.lb, f.now);
	CU_ASSERT_EQUAL(lb_next_tick(f.lb, 60000, f.now), 60000);
	lb_down(&f);
}

/* Each member is checked by one of the workers, and all of them know. */
static void workers_share_the_work_and_the_board(void)
{
	struct lb *lb[WORKERS];
	unsigned checks[MEMBERS] = {0}, by[WORKERS] = {0};
	struct lb_check c;
	struct err e;

	lb_file(&f, CONF_BALANCE_TAIL, NULL, MEMBERS);
	f.pool.check = &f.check;
	f.board = lb_board_create(&e);
	for (uint16_t w = 0; w < WORKERS; w++)
		lb[w] = lb_create(&(struct lb_config){.conf = &f.conf,
					  .rnd = &f.rnd,
					  .board = f.board,
					  .worker = w,
					  .n_workers = WORKERS},
			&e);
	for (unsigned ms = 0; ms < 20000; ms++, f.now += MS) {
		for (unsigned w = 0; w < WORKERS; w++) {
			lb_tick(lb[w], f.now);
			if (!lb_check_take(lb[w], &c, f.now))
				continue;
			checks[c.member] |= 1u << w;
			by[w]++;
			lb_check_done(lb[w], &c, c.member == 5 ? LB_FAIL_CONNECT : LB_GOOD, f.now);
		}
	}
	for (unsigned m = 0; m < MEMBERS; m++) {
		CU_ASSERT_EQUAL(__builtin_popcount(checks[m]), 1);
		for (unsigned w = 0; w < WORKERS; w++)
			CU_ASSERT_EQUAL(
				lb_member_state(lb_member(lb[w], 0, m)), m == 5 ? LB_DOWN : LB_UP);
	}
	for (unsigned w = 0; w < WORKERS; w++) {
		CU_ASSERT_TRUE(by[w] > 0);
		lb_destroy(lb[w]);
	}
	lb_board_destroy(f.board);
}

static void swap(const struct conf *conf)
{
	struct err e;
	struct lb_next *n = lb_prepare(f.lb, conf, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	lb_swap(f.lb, n, f.now);
	f.p = lb_pool(f.lb, 0);
}

/* Back to a file without checks and TLS: what checks found of the members before is no more. */
static void without_checks_none_is_down(void)
{
	struct conf_pool pool;
	struct conf conf = {.pools = &pool, .n_pools = 1};
	struct err e;

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 2);
	f.pool.check = &f.check;
	f.pool.tls = true;
	f.board = lb_board_create(&e);
	lb_open(&f);
	for (unsigned i = 0; i < 3; i++)
		say(0, LB_FAIL_CONNECT);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	pool = f.pool;
	pool.check = NULL;
	pool.tls = false;
	swap(&conf);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_wait(&f, 60 * S);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

static void a_shorter_interval_counts_at_once(void)
{
	struct conf_check check;
	struct conf_pool pool;
	struct conf conf = {.pools = &pool, .n_pools = 1};
	struct lb_check c;

	up(1);
	pool = f.pool;
	check = f.check;
	pool.check = &check;
	f.check.interval_ms = 3600 * 1000;
	take(&c);
	lb_check_done(f.lb, &c, LB_GOOD, f.now);
	swap(&conf);
	lb_wait(&f, 2 * S);
	CU_ASSERT_TRUE(lb_check_take(f.lb, &c, f.now));
	lb_check_done(f.lb, &c, LB_GOOD, f.now);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(rise_and_fall),
	UNIT_CASE(what_cannot_write_is_wedged),
	UNIT_CASE(no_verdict_says_nothing),
	UNIT_CASE(intervals_are_jittered_and_shorten),
	UNIT_CASE(checks_have_a_budget),
	UNIT_CASE(maintenance_is_left_alone),
	UNIT_CASE(no_check_no_work),
	UNIT_CASE(workers_share_the_work_and_the_board),
	UNIT_CASE(without_checks_none_is_down),
	UNIT_CASE(a_shorter_interval_counts_at_once),
};

UNIT_MAIN(cases)
