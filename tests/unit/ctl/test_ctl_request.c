/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ctl/ctl_priv.h"
#include "unit.h"

static void words(void)
{
	struct ctl_request r;
	struct err e;

	CU_ASSERT_EQUAL(ctl__request_parse(SPAN_LIT("show pools"), &r, &e), 0);
	CU_ASSERT_FALSE(r.json);
	CU_ASSERT_FALSE(r.open);
	CU_ASSERT_EQUAL(r.n, 2);
	CU_ASSERT_TRUE(span_eq(r.word[0], SPAN_LIT("show")));
	CU_ASSERT_TRUE(span_eq(r.word[1], SPAN_LIT("pools")));
	CU_ASSERT_EQUAL(ctl__request_parse(SPAN_LIT(" \tjson  show\tpool   fast "), &r, &e), 0);
	CU_ASSERT_TRUE(r.json);
	CU_ASSERT_TRUE(r.open);
	CU_ASSERT_EQUAL(r.n, 3);
	CU_ASSERT_TRUE(span_eq(r.word[2], SPAN_LIT("fast")));
	CU_ASSERT_EQUAL(ctl__request_parse(SPAN_LIT("json json"), &r, &e), 0);
	CU_ASSERT_TRUE(span_eq(r.word[0], SPAN_LIT("json")));
	CU_ASSERT_EQUAL(ctl__request_parse(SPAN_LIT("show json"), &r, &e), 0);
	CU_ASSERT_FALSE(r.json);
	CU_ASSERT_EQUAL(ctl__request_parse(SPAN_LIT("1 2 3 4 5 6 7 8"), &r, &e), 0);
	CU_ASSERT_EQUAL(r.n, 8);
}

static void expect_error(struct span line, const char *want)
{
	struct ctl_request r;
	struct err e = {""};

	CU_ASSERT_EQUAL(ctl__request_parse(line, &r, &e), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.text, want);
}

static void refusals(void)
{
	static const char none[] = "empty request; \"help\" lists the commands";

	expect_error((struct span){NULL, 0}, none);
	expect_error(SPAN_LIT(" \t "), none);
	expect_error(SPAN_LIT("json"), none);
	expect_error(SPAN_LIT("1 2 3 4 5 6 7 8 nine"), "\"nine\": too many words; at most 8");
	expect_error(SPAN_LIT("show\0x"), "byte 5: 0x00 is no printable ASCII character");
	expect_error(SPAN_LIT("\x7f"), "byte 1: 0x7f is no printable ASCII character");
	expect_error(SPAN_LIT("sh\xc3\xb6w"), "byte 3: 0xc3 is no printable ASCII character");
	expect_error(SPAN_LIT("show\rx"), "byte 5: 0x0d is no printable ASCII character");
}

static const struct unit_case cases[] = {UNIT_CASE(words), UNIT_CASE(refusals)};
UNIT_MAIN(cases)
