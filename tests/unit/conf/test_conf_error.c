/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

/* Found by three stages, told in the order of the file. */
static void in_line_order(void)
{
	expect_errors("[listener l]\naddress = 10.0.0.1:80\npool = none\n"
		      "[port p]\ndevice = d\naddress = 10.0.0.1/24\nmtu = 1\nno value\n",
		"t.ini:3: [listener l] pool: there is no [pool none], allowed: "
		"the name of a [pool], there is none\n"
		"t.ini:7: [port p] mtu: 1 is out of range, allowed: 576 to 9600\n"
		"t.ini:8: neither a heading nor a key, allowed: [section], key = value\n");
}

/* However bad the file, the list ends. */
static void limited(void)
{
	char text[8192];
	struct conf_errors errs = {0};

	memset(text, '\n', sizeof(text));
	for (size_t i = 0; i < sizeof(text); i += 2)
		text[i] = 'x';
	CU_ASSERT_PTR_NULL(conf_parse_text("t.ini", text, sizeof(text), &errs));
	CU_ASSERT_EQUAL(conf_errors_count(&errs), 101);
	CU_ASSERT_STRING_EQUAL(conf_errors_text(&errs, 99),
		"t.ini:100: neither a heading nor a key, allowed: [section], key = value");
	CU_ASSERT_STRING_EQUAL(
		conf_errors_text(&errs, 100), "more errors than 100, the rest is not shown");
	CU_ASSERT_STRING_EQUAL(conf_errors_text(&errs, 101), "");
	/* a full list still says no to the next file */
	CU_ASSERT_PTR_NULL(conf_parse_text("u.ini", "x", 1, &errs));
	CU_ASSERT_EQUAL(conf_errors_count(&errs), 101);
	conf_errors_fini(&errs);
	CU_ASSERT_EQUAL(conf_errors_count(&errs), 0);
	conf_errors_fini(&errs);
}

/* What the file says is shown only in part when it is long. */
static void long_words(void)
{
	char text[2000] = PORT;

	memset(text + strlen(PORT), 'k', 500);
	strcat(text, "=1\nmtu = ");
	memset(text + strlen(text), '1', 500);
	CU_ASSERT_PTR_NULL(parse(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, "t.ini:4: [port p] kkkkkkkk"));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, "t.ini:5: [port p] mtu: 11111111"));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, "1 is out of range, allowed: 576 to 9600\n"));
	CU_ASSERT(strlen(errors_text) < 500);
}

static const struct unit_case cases[] = {
	UNIT_CASE(in_line_order),
	UNIT_CASE(limited),
	UNIT_CASE(long_words),
};

UNIT_MAIN(cases)
