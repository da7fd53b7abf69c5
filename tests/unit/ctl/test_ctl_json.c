/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "ctl/ctl_priv.h"
#include "json_check.h"
#include "unit.h"

static void expect(struct ctl_text *t, const char *want)
{
	ctl__text_put(t, "", 1);
	if (strcmp(t->p, want) != 0)
		printf("\ngot    %s\nwanted %s\n", t->p, want);
	CU_ASSERT_STRING_EQUAL(t->p, want);
	CU_ASSERT_TRUE(json_valid(t->p));
	ctl__text_fini(t);
}

static void structure(void)
{
	struct ctl_text t = {0};
	struct ctl_json j = {.out = &t};

	ctl__json_open(&j, '{');
	ctl__json_key(&j, SPAN_LIT("a"));
	ctl__json_open(&j, '[');
	ctl__json_uint(&j, 0);
	ctl__json_uint(&j, UINT64_MAX);
	ctl__json_open(&j, '{');
	ctl__json_close(&j, '}');
	ctl__json_open(&j, '[');
	ctl__json_close(&j, ']');
	ctl__json_close(&j, ']');
	ctl__json_key(&j, SPAN_LIT("b"));
	ctl__json_bool(&j, true);
	ctl__json_key(&j, SPAN_LIT("c"));
	ctl__json_null(&j);
	ctl__json_close(&j, '}');
	expect(&t, "{\"a\":[0,18446744073709551615,{},[]],\"b\":true,\"c\":null}");
}

static void numbers(void)
{
	struct ctl_text t = {0};
	struct ctl_json j = {.out = &t};

	ctl__json_open(&j, '[');
	ctl__json_double(&j, 0.25);
	ctl__json_double(&j, -1e300);
	ctl__json_double(&j, NAN);
	ctl__json_double(&j, INFINITY);
	ctl__json_close(&j, ']');
	expect(&t, "[0.25,-1e+300,null,null]");
}

static void expect_string(struct span s, const char *want)
{
	struct ctl_text t = {0};
	struct ctl_json j = {.out = &t};

	ctl__json_string(&j, s);
	expect(&t, want);
}

static void strings(void)
{
	expect_string((struct span){NULL, 0}, "\"\"");
	expect_string(SPAN_LIT("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	expect_string(SPAN_LIT("\n\r\t\0\x1f\x7f"), "\"\\n\\u000d\\u0009\\u0000\\u001f\\u007f\"");
	expect_string(SPAN_LIT("\u00fc\u20ac\U0001f600"), "\"\u00fc\u20ac\U0001f600\"");
}

/* What is no UTF-8 (RFC 3629) must not get out: one replacement for each byte. */
static void broken_utf8(void)
{
#define R "\\ufffd"
	expect_string(SPAN_LIT("a\x80z"), "\"a" R "z\"");
	expect_string(SPAN_LIT("\xc0\xaf"), "\"" R R "\"");
	expect_string(SPAN_LIT("\xe0\x80\xaf"), "\"" R R R "\"");
	expect_string(SPAN_LIT("\xed\xa0\x80"), "\"" R R R "\"");
	expect_string(SPAN_LIT("\xf4\x90\x80\x80"), "\"" R R R R "\"");
	expect_string(SPAN_LIT("\xe2\x82"), "\"" R R "\"");
	expect_string(SPAN_LIT("\xe2\x82z"), "\"" R R "z\"");
	expect_string(SPAN_LIT("\xff"), "\"" R "\"");
}

static void the_judge_can_say_no(void)
{
	static const char *const bad[] = {"", "{", "[1,]", "{\"a\"}", "{a:1}", "01", "1.", "\"\n\"",
		"\"\\x\"", "[1 2]", "{} {}", "nul", "\"a"};

	for (unsigned i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(json_valid(bad[i]));
}

static const struct unit_case cases[] = {UNIT_CASE(structure), UNIT_CASE(numbers),
	UNIT_CASE(strings), UNIT_CASE(broken_utf8), UNIT_CASE(the_judge_can_say_no)};
UNIT_MAIN(cases)
