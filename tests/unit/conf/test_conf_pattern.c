/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

static void fit(void)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} tries[] = {{"", "", true}, {"", "a", false}, {"a", "", false}, {"a", "a", true},
		{"a", "b", false}, {"a", "ab", false}, {"ab", "a", false}, {"*", "", true},
		{"*", "abc", true}, {"**", "", true}, {"?", "", false}, {"?", "a", true},
		{"?", "ab", false}, {"*?", "", false}, {"*?", "ab", true}, {"?*", "a", true},
		{"a*", "a", true}, {"a*", "ba", false}, {"*a", "ba", true}, {"*a", "ab", false},
		{"a*b", "ab", true}, {"a*b", "abab", true}, {"a*b", "aba", false},
		{"*ab*cd", "abxcabcd", true}, {"*ab*cd", "cdab", false}, {"a**b", "a/b", true},
		{"*a?c*", "xxabaac", true}, {"*a?c*", "xxabaa", false}, {"ckpt-*", "ckpt-", true},
		{"shards/*.tar", "shards/a/b.tar", true}, {"A", "a", false}, {"[a]", "a", false},
		{"\\*", "\\x", true}};

	for (unsigned i = 0; i < RTE_DIM(tries); i++) {
		if (conf_pattern_fits(tries[i].pattern, span_str(tries[i].text)) == tries[i].fits)
			continue;
		printf("\n%s and %s", tries[i].pattern, tries[i].text);
		CU_FAIL("wrong");
	}
	CU_ASSERT_TRUE(conf_pattern_fits("*", (struct span){NULL, 0}));
	CU_ASSERT_FALSE(conf_pattern_fits("?", (struct span){NULL, 0}));
	/* the length counts, and a NUL is a byte */
	CU_ASSERT_TRUE(conf_pattern_fits("a?c", (struct span){"a\0cd", 3}));
	CU_ASSERT_FALSE(conf_pattern_fits("a", (struct span){"a\0", 2}));
}

static void hosts(void)
{
	static const char *const p[] = {"s3.test", "*.s3.test"};
	struct conf_patterns two = {p, 2}, none = {0};

	CU_ASSERT_TRUE(conf_patterns_fit_host(&two, SPAN_LIT("A.S3.Test")));
	CU_ASSERT_TRUE(conf_patterns_fit_host(&two, SPAN_LIT("S3.Test")));
	CU_ASSERT_FALSE(conf_patterns_fit_host(&two, SPAN_LIT("S3.Tests")));
	CU_ASSERT_TRUE(conf_patterns_fit_host(&none, SPAN_LIT("S3")));
	CU_ASSERT_FALSE(conf_pattern_fits("s3", SPAN_LIT("S3")));
}

static void any_of(void)
{
	static const char *const p[] = {"a*", "b"};
	struct conf_patterns two = {p, 2}, none = {0};

	CU_ASSERT_TRUE(conf_patterns_fit(&two, SPAN_LIT("b")));
	CU_ASSERT_TRUE(conf_patterns_fit(&two, SPAN_LIT("ax")));
	CU_ASSERT_FALSE(conf_patterns_fit(&two, SPAN_LIT("c")));
	CU_ASSERT_TRUE(conf_patterns_fit(&none, SPAN_LIT("c")));
}

/* The worst pattern for a matcher that tries every star: it must end, and soon. */
static void many_stars(void)
{
	static char pattern[CONF_PATTERN_MAX + 1], text[8192];

	for (unsigned i = 0; i < CONF_PATTERN_MAX - 1; i++)
		pattern[i] = i % 2 ? '*' : 'a';
	pattern[CONF_PATTERN_MAX - 1] = 'b';
	memset(text, 'a', sizeof(text));
	CU_ASSERT_FALSE(conf_pattern_fits(pattern, (struct span){text, sizeof(text)}));
	text[sizeof(text) - 1] = 'b';
	CU_ASSERT_TRUE(conf_pattern_fits(pattern, (struct span){text, sizeof(text)}));
}

static const struct unit_case cases[] = {
	UNIT_CASE(fit),
	UNIT_CASE(hosts),
	UNIT_CASE(any_of),
	UNIT_CASE(many_stars),
};

UNIT_MAIN(cases)
