/* SPDX-License-Identifier: BSD-3-Clause */
#include "ask.h"
#include "s3/s3_priv.h"

static void what_can_be_read(void)
{
	static const struct {
		const char *field;
		bool suffix;
		uint64_t first, last;
	} t[] = {
		{"bytes=0-0", false, 0, 0},
		{"bytes=0-499", false, 0, 499},
		{"bytes=500-", false, 500, UINT64_MAX},
		{"bytes=-500", true, 0, 500},
		{"Bytes=9-9", false, 9, 9},
		{"bytes= 1-2 ", false, 1, 2},
		{"bytes=0000-0001", false, 0, 1},
		{"bytes=0-9999999999999999999", false, 0, 9999999999999999999ull},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_range r = s3__range_parse(span_str(t[i].field));

		CU_ASSERT(r.given);
		CU_ASSERT_EQUAL(r.suffix, t[i].suffix);
		CU_ASSERT_EQUAL(r.first, t[i].first);
		CU_ASSERT_EQUAL(r.last, t[i].last);
	}
}

static void what_cannot(void)
{
	static const char *const t[] = {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1",
		"bytes=2-1", "bytes=0-1,3-4", "bytes=-0", "bytes=1-2x", "bytes=--1", "bytes=1--2",
		"items=0-1", "bytes =0-1", "bytes=0-10000000000000000000", "bytes=+1-2",
		"bytes=-99999999999999999999", "bytes=1 - 2"};

	for (size_t i = 0; i < RTE_DIM(t); i++)
		CU_ASSERT_FALSE(s3__range_parse(span_str(t[i])).given);
	CU_ASSERT_FALSE(s3__range_parse((struct span){NULL, 0}).given);
}

static enum s3_size size(
	const char *method, const char *range, const char *decoded, int64_t content_length)
{
	struct s3_head h = ask_head(method, "h", "/b/k");

	h.range = ask_span(range);
	h.decoded_length = ask_span(decoded);
	h.content_length = content_length;
	return ask_with(h).size;
}

static void sizes(void)
{
	CU_ASSERT_EQUAL(size("GET", NULL, NULL, -1), S3_SIZE_UNKNOWN);
	CU_ASSERT_EQUAL(size("GET", "bytes=0-", NULL, -1), S3_SIZE_UNKNOWN);
	CU_ASSERT_EQUAL(size("GET", "bytes=7-65542", NULL, -1), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("GET", "bytes=7-65543", NULL, -1), S3_SIZE_SMALL);
	CU_ASSERT_EQUAL(size("GET", "bytes=-16777216", NULL, -1), S3_SIZE_MEDIUM);
	CU_ASSERT_EQUAL(size("HEAD", NULL, NULL, -1), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("DELETE", NULL, NULL, -1), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("PUT", NULL, NULL, 0), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("PUT", NULL, NULL, 256 << 20), S3_SIZE_LARGE);
	CU_ASSERT_EQUAL(size("PUT", NULL, NULL, (256 << 20) + 1), S3_SIZE_HUGE);
	CU_ASSERT_EQUAL(size("PUT", "bytes=0-1", NULL, 2 << 20), S3_SIZE_MEDIUM);
	CU_ASSERT_EQUAL(size("PUT", NULL, "65536", 66000), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("PUT", NULL, "65536", -1), S3_SIZE_TINY);
	CU_ASSERT_EQUAL(size("PUT", NULL, "junk", 66000), S3_SIZE_SMALL);
	CU_ASSERT_EQUAL(size("PUT", NULL, NULL, -1), S3_SIZE_UNKNOWN);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_can_be_read), UNIT_CASE(what_cannot), UNIT_CASE(sizes)};
UNIT_MAIN(cases)
