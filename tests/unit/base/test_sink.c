/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/sink.h"
#include "unit.h"

static void puts_in_order(void)
{
	char text[32];
	struct sink o = {.p = text, .cap = sizeof(text)};

	sink_lit(&o, "a=");
	sink_uint(&o, 0);
	sink_char(&o, ' ');
	sink_put(&o, (struct span){NULL, 0});
	sink_uint(&o, UINT64_MAX);
	CU_ASSERT_EQUAL(sink_done(&o), 24);
	CU_ASSERT_EQUAL(memcmp(text, "a=0 18446744073709551615", 24), 0);
}

static void counts_what_does_not_fit_and_writes_nothing_more(void)
{
	char text[8] = "........";
	struct sink o = {.p = text, .cap = 5}, none = {0};

	sink_lit(&o, "abcd");
	CU_ASSERT_EQUAL(sink_done(&o), 4);
	sink_lit(&o, "ef");
	CU_ASSERT_EQUAL(sink_done(&o), -ENOSPC);
	sink_char(&o, 'g');
	CU_ASSERT_EQUAL(o.n, 7);
	CU_ASSERT_EQUAL(memcmp(text, "abcd....", 8), 0);
	sink_lit(&none, "abc");
	CU_ASSERT_EQUAL(none.n, 3);
	CU_ASSERT_EQUAL(sink_done(&none), -ENOSPC);
}

static void exactly_full_is_no_error(void)
{
	char text[4];
	struct sink o = {.p = text, .cap = sizeof(text)};

	sink_lit(&o, "abc");
	sink_lit(&o, "d");
	CU_ASSERT_EQUAL(sink_done(&o), 4);
	CU_ASSERT_EQUAL(memcmp(text, "abcd", 4), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(puts_in_order),
	UNIT_CASE(counts_what_does_not_fit_and_writes_nothing_more),
	UNIT_CASE(exactly_full_is_no_error),
};
UNIT_MAIN(cases)
