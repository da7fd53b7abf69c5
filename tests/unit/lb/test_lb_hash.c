/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_fixture f;

static int pick(uint64_t hash)
{
	return lb_ask_once(&f, &(struct lb_ask){.tried = &none_tried, .hash = hash});
}

static void count(unsigned n, unsigned *out)
{
	struct rand_state r;

	rand_seed(&r, 7);
	memset(out, 0, MEMBERS * sizeof(*out));
	while (n-- > 0)
		out[pick(rand_next(&r))]++;
}

static void logarithms_are_right(void)
{
	lb_up(&f, CONF_BALANCE_HASH, NULL, 1);
	for (unsigned i = 0; i <= 256; i++)
		CU_ASSERT_TRUE(fabs(f.lb->log[i] / 16777216.0 - log2(1 + i / 256.0)) < 1e-6);
	lb_down(&f);
}

static void the_same_object_goes_to_the_same_member(void)
{
	int at[1000];

	lb_up(&f, CONF_BALANCE_HASH, NULL, 8);
	for (unsigned i = 0; i < 1000; i++)
		at[i] = pick(i);
	lb_down(&f);
	lb_up(&f, CONF_BALANCE_HASH, NULL, 8); /* another appliance */
	rand_seed(&f.rnd, 99);
	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_EQUAL(pick(i), at[i]);
	lb_down(&f);
}

static void shares_follow_weights(void)
{
	static const uint32_t weights[] = {1, 2, 3, 4, 10};
	unsigned got[MEMBERS];

	lb_up(&f, CONF_BALANCE_HASH, weights, 5);
	count(100000, got);
	for (unsigned i = 0; i < 5; i++) /* 5 sigma */
		CU_ASSERT_TRUE(abs((int)got[i] - (int)weights[i] * 5000) < 800);
	lb_down(&f);
	lb_up(&f, CONF_BALANCE_HASH, NULL, 16);
	count(160000, got);
	for (unsigned i = 0; i < 16; i++)
		CU_ASSERT_TRUE(abs((int)got[i] - 10000) < 500);
	lb_down(&f);
}

static void only_what_was_lost_moves(void)
{
	int before[1000];
	unsigned moved[MEMBERS] = {0};

	lb_up(&f, CONF_BALANCE_HASH, NULL, 8);
	for (unsigned i = 0; i < 1000; i++)
		before[i] = pick(i);
	lb_set_weight(f.lb, f.p->member[3], 0, f.now);
	for (unsigned i = 0; i < 1000; i++) {
		int now = pick(i);

		CU_ASSERT_TRUE(now == before[i] || before[i] == 3);
		moved[now] += before[i] == 3;
	}
	for (unsigned i = 0; i < 8; i++) /* and to everybody */
		CU_ASSERT_EQUAL(moved[i] > 0, i != 3);
	lb_down(&f);
}

static void a_hot_object_does_not_drown_its_member(void)
{
	lb_up(&f, CONF_BALANCE_HASH, NULL, 8);
	for (unsigned i = 0; i < 800; i++)
		lb_start(f.lb, f.p, (unsigned)pick(42), 0, f.now);
	for (unsigned i = 0; i < 8; i++)
		CU_ASSERT_TRUE(f.p->member[i]->active <= 126);
	CU_ASSERT_EQUAL(f.p->member[pick(42)]->active <= 125, true);
	CU_ASSERT_TRUE(f.p->learned->stat[LB_POOL_STAT_hash_moved] > 500);
	lb_down(&f);
}

static void parts_of_an_upload_stay_together(void)
{
	struct lb_ask ask = {.tried = &none_tried, .hash = 42, .pinned = true, .writes = true};
	unsigned got[MEMBERS];
	int m;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 8);
	m = lb_ask_once(&f, &ask);
	for (unsigned i = 0; i < 500; i++) {
		CU_ASSERT_EQUAL(lb_ask_once(&f, &ask), m);
		lb_start(f.lb, f.p, (unsigned)m, 0, f.now);
	}
	lb_count(&f, &any, 80, got); /* others are balanced as ever */
	CU_ASSERT_EQUAL(got[m], 10);
	lb_set_admin(f.lb, f.p->member[m], LB_ADMIN_DRAIN, f.now);
	CU_ASSERT_NOT_EQUAL(lb_ask_once(&f, &ask), m);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(logarithms_are_right),
	UNIT_CASE(the_same_object_goes_to_the_same_member),
	UNIT_CASE(shares_follow_weights),
	UNIT_CASE(only_what_was_lost_moves),
	UNIT_CASE(a_hot_object_does_not_drown_its_member),
	UNIT_CASE(parts_of_an_upload_stay_together),
};

UNIT_MAIN(cases)
