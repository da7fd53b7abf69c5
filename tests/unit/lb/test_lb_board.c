/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_board *up(void)
{
	struct err e;
	struct lb_board *b = lb_board_create(&e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	return b;
}

static void one_member_one_word(void)
{
	struct lb_board *b = up();
	uint32_t *w = lb__board_take(b, 7), *other = lb__board_take(b, 8);

	CU_ASSERT_PTR_NOT_EQUAL(w, other);
	*w = 3;
	CU_ASSERT_PTR_EQUAL(lb__board_take(b, 7), w); /* another worker */
	lb__board_give(w);
	CU_ASSERT_PTR_EQUAL(lb__board_take(b, 7), w); /* another snapshot */
	CU_ASSERT_EQUAL(*w, 3);
	lb_board_destroy(b);
}

static void what_nobody_holds_is_forgotten(void)
{
	struct lb_board *b = up();
	uint32_t *w = lb__board_take(b, 0);

	*w = 3;
	lb__board_give(w);
	CU_ASSERT_PTR_EQUAL(lb__board_take(b, 0), w);
	CU_ASSERT_EQUAL(*w, 0);
	lb_board_destroy(b);
}

static void chains_survive_those_who_leave(void)
{
	struct lb_board *b = up();
	uint64_t lap = 1ull << 32; /* the same place */
	uint32_t *first = lb__board_take(b, 5), *second = lb__board_take(b, 5 + lap),
		 *third = lb__board_take(b, 5 + 2 * lap), *fourth;

	lb__board_give(second);
	CU_ASSERT_PTR_EQUAL(lb__board_take(b, 5 + 2 * lap), third); /* behind the gap */
	fourth = lb__board_take(b, 5 + 3 * lap);
	CU_ASSERT_PTR_EQUAL(fourth, second); /* in it */
	CU_ASSERT_PTR_EQUAL(lb__board_take(b, 5), first);
	lb_board_destroy(b);
}

static void a_full_board_says_so(void)
{
	struct lb_board *b = up();
	unsigned n = 0;

	while (lb__board_take(b, 1 + n))
		n++;
	CU_ASSERT_EQUAL(n, 2 * CONF_POOLS_MAX * CONF_MEMBERS_MAX);
	lb_board_destroy(b);
}

static const struct unit_case cases[] = {
	UNIT_CASE(one_member_one_word),
	UNIT_CASE(what_nobody_holds_is_forgotten),
	UNIT_CASE(chains_survive_those_who_leave),
	UNIT_CASE(a_full_board_says_so),
};

UNIT_MAIN(cases)
