/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "s3/s3_request.h"
#include "unit.h"

static void decoded(void)
{
	static const struct {
		const char *raw, *text;
	} t[] = {{"", ""}, {"a/b", "a/b"}, {"a%20b", "a b"}, {"%C3%bc", "\xc3\xbc"}, {"a+b", "a+b"},
		{"%", "%"}, {"%4", "%4"}, {"%4g", "%4g"}, {"%%41", "%A"}, {"%2541", "%41"},
		{"x%7E", "x~"}};
	char out[16];

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		int n = s3_text_decode(span_str(t[i].raw), out, strlen(t[i].raw));

		CU_ASSERT_EQUAL(n, (int)strlen(t[i].text));
		CU_ASSERT_EQUAL(memcmp(out, t[i].text, strlen(t[i].text)), 0);
	}
}

static void room(void)
{
	char out[4];

	CU_ASSERT_EQUAL(s3_text_decode(SPAN_LIT("%41%42%43%44"), out, 4), 4);
	CU_ASSERT_EQUAL(s3_text_decode(SPAN_LIT("abcde"), out, 4), -ENOSPC);
	CU_ASSERT_EQUAL(s3_text_decode(SPAN_LIT("a"), NULL, 0), -ENOSPC);
	CU_ASSERT_EQUAL(s3_text_decode((struct span){NULL, 0}, NULL, 0), 0);
}

static const struct unit_case cases[] = {UNIT_CASE(decoded), UNIT_CASE(room)};
UNIT_MAIN(cases)
