/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "stages.h"
#include "unit.h"

#define N 9

/* What is built here: a diary. 'a' and 'A' are start and stop of stage 0, and so on. */
struct appliance {
	unsigned fails; /* the stage that does; N: none */
	char diary[4 * N];
};

static void note(struct appliance *a, char c)
{
	a->diary[strlen(a->diary)] = c;
}

static int start(struct appliance *a, struct err *e, unsigned i)
{
	note(a, (char)('a' + i));
	return i == a->fails ? err_set(e, 100 + (int)i, "stage %u: no luck", i) : 0;
}

#define STAGE(i)                                                                                   \
	static int start_##i(struct appliance *a, struct err *e)                                   \
	{                                                                                          \
		return start(a, e, i);                                                             \
	}                                                                                          \
	static void stop_##i(struct appliance *a)                                                  \
	{                                                                                          \
		note(a, 'A' + i);                                                                  \
	}

STAGE(0)
STAGE(1)
STAGE(2)
STAGE(3)
STAGE(4)
STAGE(5)
STAGE(6)
STAGE(7)
STAGE(8)

static const struct stage stages[N] = {
	{start_0, stop_0},
	{start_1, stop_1},
	{start_2, stop_2},
	{start_3, stop_3},
	{start_4, stop_4},
	{start_5, stop_5},
	{start_6, stop_6},
	{start_7, stop_7},
	{start_8, stop_8},
};

/* Stages 0..fails begin, the same are stopped in reverse, none later; the reason is kept. */
static void each_fails_in_turn(void)
{
	for (unsigned fails = 0; fails < N; fails++) {
		struct appliance a = {.fails = fails};
		char want[4 * N] = "", text[32];
		struct err e = {""};
		unsigned begun = 99;

		for (unsigned i = 0; i <= fails; i++) {
			want[i] = (char)('a' + i);
			want[2 * fails + 1 - i] = (char)('A' + i);
		}
		snprintf(text, sizeof(text), "stage %u: no luck", fails);
		CU_ASSERT_EQUAL(stages_start(stages, N, &a, &begun, &e), -100 - (int)fails);
		CU_ASSERT_EQUAL(begun, fails + 1);
		stages_stop(stages, begun, &a);
		CU_ASSERT_STRING_EQUAL(a.diary, want);
		CU_ASSERT_STRING_EQUAL(e.text, text);
	}
}

static void all_start_and_stop(void)
{
	struct appliance a = {.fails = N};
	struct err e = {""};
	unsigned begun = 99;

	CU_ASSERT_EQUAL(stages_start(stages, N, &a, &begun, &e), 0);
	CU_ASSERT_EQUAL(begun, N);
	CU_ASSERT_STRING_EQUAL(a.diary, "abcdefghi");
	stages_stop(stages, begun, &a);
	CU_ASSERT_STRING_EQUAL(a.diary, "abcdefghiIHGFEDCBA");
	CU_ASSERT_STRING_EQUAL(e.text, "");
}

static void nothing_begun_nothing_stopped(void)
{
	struct appliance a = {.fails = 0};

	stages_stop(stages, 0, &a);
	CU_ASSERT_STRING_EQUAL(a.diary, "");
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_fails_in_turn),
	UNIT_CASE(all_start_and_stop),
	UNIT_CASE(nothing_begun_nothing_stopped),
};

UNIT_MAIN(cases)
