/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;

static unsigned retries_until_refused(void)
{
	unsigned n = 0;

	while (lb_retry(f.lb, f.p, f.now))
		lb_start(f.lb, f.p, 0, 0, f.now), n++;
	return n;
}

static void tries(unsigned n)
{
	while (n-- > 0)
		lb_ok(&f, 0, 1000);
}

static void first_tries_earn_their_share(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	CU_ASSERT_EQUAL(retries_until_refused(), 100); /* ten seconds of the floor */
	tries(50);
	CU_ASSERT_EQUAL(retries_until_refused(), 10);
	tries(4);
	CU_ASSERT_EQUAL(retries_until_refused(), 0);
	tries(1);
	CU_ASSERT_EQUAL(retries_until_refused(), 1);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_retries_granted], 111);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_retries_refused], 4);
	lb_down(&f);
}

static void the_floor_comes_with_time(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	retries_until_refused();
	f.now += 150 * MS;
	CU_ASSERT_EQUAL(retries_until_refused(), 1);
	f.now += 50 * MS; /* the half one was not lost */
	CU_ASSERT_EQUAL(retries_until_refused(), 1);
	f.now += 3600ull * S;
	CU_ASSERT_EQUAL(retries_until_refused(), 100);
	lb_down(&f);
}

static void savings_end_somewhere(void)
{
	lb_up(&f, CONF_BALANCE_TAIL, NULL, 2);
	retries_until_refused();
	tries(100000);
	CU_ASSERT_EQUAL(retries_until_refused(), 1000);
	lb_down(&f);
}

static void nothing_given_nothing_granted(void)
{
	lb_file(&f, CONF_BALANCE_TAIL, NULL, 2);
	f.pool.retry_budget = f.pool.retry_floor = 0;
	lb_open(&f);
	tries(1000);
	f.now += 1000 * S;
	CU_ASSERT_FALSE(lb_retry(f.lb, f.p, f.now));
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(first_tries_earn_their_share),
	UNIT_CASE(the_floor_comes_with_time),
	UNIT_CASE(savings_end_somewhere),
	UNIT_CASE(nothing_given_nothing_granted),
};

UNIT_MAIN(cases)
