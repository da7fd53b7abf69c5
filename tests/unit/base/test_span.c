/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/span.h"
#include "unit.h"

static void equality(void)
{
	struct span none = {0};

	CU_ASSERT_TRUE(span_eq(none, SPAN_LIT("")));
	CU_ASSERT_TRUE(span_ieq(none, none));
	CU_ASSERT_TRUE(span_eq(SPAN_LIT("Host"), span_str("Host")));
	CU_ASSERT_FALSE(span_eq(SPAN_LIT("Host"), SPAN_LIT("host")));
	CU_ASSERT_TRUE(span_ieq(SPAN_LIT("Host"), SPAN_LIT("hOST")));
	CU_ASSERT_FALSE(span_ieq(SPAN_LIT("Host"), SPAN_LIT("Hos")));
	CU_ASSERT_FALSE(span_eq(SPAN_LIT("Hos"), SPAN_LIT("Host")));
	CU_ASSERT_FALSE(span_eq(SPAN_LIT("a\0b"), SPAN_LIT("a\0c")));
	CU_ASSERT_EQUAL(SPAN_LIT("a\0b").n, 3);
}

static void trim(void)
{
	CU_ASSERT_TRUE(span_eq(span_trim(SPAN_LIT(" \t a b\t ")), SPAN_LIT("a b")));
	CU_ASSERT_TRUE(span_eq(span_trim(SPAN_LIT(" \t ")), SPAN_LIT("")));
	CU_ASSERT_TRUE(span_eq(span_trim((struct span){0}), SPAN_LIT("")));
	/* OWS is space and tab only */
	CU_ASSERT_TRUE(span_eq(span_trim(SPAN_LIT("\ra\n")), SPAN_LIT("\ra\n")));
}

/* The elements of list, joined by '|'. */
static const char *joined(struct span list)
{
	static char out[64];
	struct span item;
	size_t n = 0;

	while (span_next(&list, ',', &item))
		n += (size_t)snprintf(
			out + n, sizeof(out) - n, "%.*s|", (int)item.n, item.n ? item.p : "");
	CU_ASSERT_FALSE(span_next(&list, ',', &item));
	out[n] = '\0';
	return out;
}

static void lists(void)
{
	CU_ASSERT_STRING_EQUAL(joined((struct span){0}), "");
	CU_ASSERT_STRING_EQUAL(joined(SPAN_LIT("")), "|");
	CU_ASSERT_STRING_EQUAL(joined(SPAN_LIT("one")), "one|");
	CU_ASSERT_STRING_EQUAL(joined(SPAN_LIT(" a , b c ,d\t")), "a|b c|d|");
	CU_ASSERT_STRING_EQUAL(joined(SPAN_LIT(",a,, ,")), "|a||||");
	CU_ASSERT_STRING_EQUAL(joined((struct span){"a,b,c", 3}), "a|b|");
}

static void words(void)
{
	struct span rest = SPAN_LIT(" \ta  b\tc ");

	CU_ASSERT_TRUE(span_eq(span_word(&rest), SPAN_LIT("a")));
	CU_ASSERT_TRUE(span_eq(span_word(&rest), SPAN_LIT("b")));
	CU_ASSERT_TRUE(span_eq(span_word(&rest), SPAN_LIT("c")));
	CU_ASSERT_EQUAL(span_word(&rest).n, 0);
	CU_ASSERT_EQUAL(span_word(&rest).n, 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(equality),
	UNIT_CASE(trim),
	UNIT_CASE(lists),
	UNIT_CASE(words),
};

UNIT_MAIN(cases)
