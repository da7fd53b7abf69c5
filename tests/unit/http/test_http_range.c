/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/http.h"
#include "unit.h"

static struct http_content_range got;

static bool parses(const char *text)
{
	return http_content_range(span_str(text), &got);
}

static void parts(void)
{
	CU_ASSERT_TRUE(parses("bytes 0-0/1"));
	CU_ASSERT_TRUE(got.first == 0 && got.last == 0 && got.total == 1);
	CU_ASSERT_TRUE(parses("bytes 42-1233/1234"));
	CU_ASSERT_TRUE(got.first == 42 && got.last == 1233 && got.total == 1234);
	CU_ASSERT_TRUE(parses("Bytes 1-2/*"));
	CU_ASSERT_TRUE(got.first == 1 && got.last == 2 && got.total == UINT64_MAX);
	CU_ASSERT_TRUE(parses("bytes 5497558138879-5497558138879/5497558138880"));
	CU_ASSERT_EQUAL(got.total, 5497558138880ull);
}

static void others(void)
{
	static const char *const bad[] = {"", "bytes", "bytes ", "bytes */5", "bytes=0-1/2",
		"bytes 0-1", "bytes 0-1/", "bytes 0-/2", "bytes -1/2", "bytes 1-0/2", "bytes 0-2/2",
		"bytes 0-1/1", "bytes 0-1/2 ", " bytes 0-1/2", "bytes  0-1/2", "bytes 0 -1/2",
		"bytes 0-1/2,", "bytes 0-1/2x", "bytes +0-1/2", "bytes 0x0-1/2", "items 0-1/2",
		"bytes 0-1/**", "bytes 0-1/-1", "bytes 0-1/18446744073709551616",
		"bytes 0-18446744073709551615/*", "bytes 0-99999999999999999999999999/*",
		"bytes 99999999999999999999-1/2"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(parses(bad[i]));
	CU_ASSERT_FALSE(http_content_range((struct span){NULL, 0}, &got));
	CU_ASSERT_FALSE(http_content_range((struct span){"bytes 0-1/22", 11 - 1}, &got));
}

static const struct unit_case cases[] = {
	UNIT_CASE(parts),
	UNIT_CASE(others),
};

UNIT_MAIN(cases)
