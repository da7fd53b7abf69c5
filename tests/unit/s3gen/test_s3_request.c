/* SPDX-License-Identifier: BSD-3-Clause */
#include "request.h"
#include "unit.h"

static struct http_head head;
static struct request req;
static char text[4096];

/* A request line and fields, each with CRLF but for the last empty line. */
static enum answer_code parse(const char *line, const char *fields)
{
	int n = snprintf(
		text, sizeof(text), "%s HTTP/1.1\r\nHost: s3.example.com\r\n%s\r\n", line, fields);

	CU_ASSERT_EQUAL_FATAL(http_req_parse(&head, text, (size_t)n), 0);
	return request_parse(&req, &head);
}

static bool named(const char *bucket, const char *key)
{
	return span_eq(request_bucket(&req.name), span_str(bucket)) &&
	       span_eq(request_key(&req.name), span_str(key));
}

static void operations(void)
{
	static const struct {
		const char *line;
		enum answer_code code;
		enum request_op op;
	} rows[] = {
		{"GET /b/k", ANSWER_OK, REQUEST_GET},
		{"HEAD /b/k", ANSWER_OK, REQUEST_HEAD},
		{"PUT /b/k", ANSWER_OK, REQUEST_PUT},
		{"DELETE /b/k?x-id=DeleteObject", ANSWER_OK, REQUEST_DELETE},
		{"GET /b?list-type=2", ANSWER_OK, REQUEST_LIST},
		{"GET /b/", ANSWER_OK, REQUEST_LIST},
		{"GET /", ANSWER_OK, REQUEST_BUCKETS},
		{"PUT /b", ANSWER_OK, REQUEST_BUCKET},
		{"HEAD /b/", ANSWER_OK, REQUEST_BUCKET},
		{"POST /b/k?uploads", ANSWER_OK, REQUEST_CREATE},
		{"POST /b/k?uploads=", ANSWER_OK, REQUEST_CREATE},
		{"PUT /b/k?partNumber=1&uploadId=1f", ANSWER_OK, REQUEST_PART},
		{"POST /b/k?uploadId=1f", ANSWER_OK, REQUEST_COMPLETE},
		{"DELETE /b/k?uploadId=1f", ANSWER_OK, REQUEST_ABORT},
		{"GET /b/k?uploadId=1f", ANSWER_NOT_IMPLEMENTED, 0},
		{"GET /b?location", ANSWER_NOT_IMPLEMENTED, 0},
		{"POST /b?delete", ANSWER_NOT_IMPLEMENTED, 0},
		{"PUT /b/k?tagging", ANSWER_NOT_IMPLEMENTED, 0},
		{"POST /b/k", ANSWER_BAD_METHOD, 0},
		{"POST /", ANSWER_BAD_METHOD, 0},
		{"PATCH /b/k", ANSWER_BAD_METHOD, 0},
		{"PUT /b/k?partNumber=0&uploadId=1", ANSWER_BAD_ARGUMENT, 0},
		{"PUT /b/k?partNumber=10001&uploadId=1", ANSWER_BAD_ARGUMENT, 0},
		{"GET /b?max-keys=-1", ANSWER_BAD_ARGUMENT, 0},
		{"GET /b?prefix=%g", ANSWER_BAD_ARGUMENT, 0},
		{"GET /b/%", ANSWER_BAD_URI, 0},
		{"GET /b/%4", ANSWER_BAD_URI, 0},
		{"OPTIONS *", ANSWER_BAD_URI, 0},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		enum answer_code code = parse(rows[i].line, "");

		if (code != rows[i].code)
			printf("\n %s: %u\n", rows[i].line, code);
		CU_ASSERT_EQUAL(code, rows[i].code);
		if (code == ANSWER_OK)
			CU_ASSERT_EQUAL(req.op, rows[i].op);
	}
}

static void names(void)
{
	char line[2048];

	CU_ASSERT(parse("GET /b/a//b/%2F%41", "") == ANSWER_OK && named("b", "a//b//A"));
	CU_ASSERT(parse("GET http://s3.example.com/b/k?x", "") == ANSWER_OK && named("b", "k"));
	snprintf(line, sizeof(line), "GET /b/%0*u", REQUEST_NAME_MAX - 1, 0);
	CU_ASSERT(parse(line, "") == ANSWER_OK);
	snprintf(line, sizeof(line), "GET /b/%0*u", REQUEST_NAME_MAX, 0);
	CU_ASSERT_EQUAL(parse(line, ""), ANSWER_KEY_LONG);
}

static void listings(void)
{
	CU_ASSERT_EQUAL(
		parse("GET /b?prefix=a%2Fb&delimiter=%2F&max-keys=7&start-after=x", ""), ANSWER_OK);
	CU_ASSERT(span_eq(req.prefix, SPAN_LIT("a/b")) && req.delimiter == '/');
	CU_ASSERT(req.max_keys == 7 && span_eq(req.after, SPAN_LIT("x")));
	CU_ASSERT_EQUAL(
		parse("GET /b?continuation-token=t&start-after=x&max-keys=5000", ""), ANSWER_OK);
	CU_ASSERT(req.max_keys == REQUEST_LIST_MAX && span_eq(req.after, SPAN_LIT("t")));
	CU_ASSERT_EQUAL(parse("GET /b?delimiter=ab", ""), ANSWER_NOT_IMPLEMENTED);
}

static void bodies(void)
{
	parse("PUT /b/k", "Content-Length: 5\r\n");
	CU_ASSERT(!req.aws_chunked && req.content == 5);
	parse("PUT /b/k", "Transfer-Encoding: chunked\r\n");
	CU_ASSERT_EQUAL(req.content, UINT64_MAX);
	parse("PUT /b/k", "Content-Length: 99\r\nX-Amz-Content-SHA256: STREAMING-AWS4-X\r\n"
			  "X-Amz-Decoded-Content-Length: 7\r\n");
	CU_ASSERT(req.aws_chunked && req.content == 7);
	CU_ASSERT_EQUAL(parse("PUT /b/k", "x-amz-copy-source: /b/j\r\n"), ANSWER_NOT_IMPLEMENTED);
	CU_ASSERT_EQUAL(
		parse("PUT /b/k", "x-amz-decoded-content-length: x\r\n"), ANSWER_BAD_ARGUMENT);
	parse("POST /b/k?uploads", "x-amz-meta-part-size: 8388608\r\n");
	CU_ASSERT_EQUAL(req.part_size, 8388608);
}

/* RFC 9110 14.1.2; a field that is no range of bytes changes nothing, not even halfway. */
static void ranges(void)
{
	static const struct {
		const char *fields;
		enum request_range range;
		uint64_t first, last;
	} rows[] = {
		{"", RANGE_NONE, 0, 0},
		{"Range: bytes=5-10\r\n", RANGE_FROM_TO, 5, 10},
		{"Range: bytes=5-\r\n", RANGE_FROM, 5, 0},
		{"Range: bytes=-7\r\n", RANGE_SUFFIX, 0, 7},
		{"Range: bytes=10-5\r\n", RANGE_NONE, 0, 0},
		{"Range: bytes=1-2,4-5\r\n", RANGE_NONE, 0, 0},
		{"Range: lines=1-2\r\n", RANGE_NONE, 0, 0},
		{"Range: bytes=5-10\r\nRange: bytes=9-0\r\n", RANGE_FROM_TO, 5, 10},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		CU_ASSERT_EQUAL(parse("GET /b/k", rows[i].fields), ANSWER_OK);
		CU_ASSERT_EQUAL(req.range, rows[i].range);
		CU_ASSERT_EQUAL(req.first, rows[i].first);
		CU_ASSERT_EQUAL(req.last, rows[i].last);
	}
}

static void etags(void)
{
	CU_ASSERT(request_etag_in(SPAN_LIT("\"abc\""), "\"abc\""));
	CU_ASSERT(request_etag_in(SPAN_LIT("abc"), "\"abc\""));
	CU_ASSERT(request_etag_in(SPAN_LIT("\"x\" , W/\"abc\""), "\"abc\""));
	CU_ASSERT(request_etag_in(SPAN_LIT("*"), "\"abc\""));
	CU_ASSERT(!request_etag_in(SPAN_LIT("\"ab\", \"abcd\", \"\", \""), "\"abc\""));
}

static const struct unit_case cases[] = {UNIT_CASE(operations), UNIT_CASE(names),
	UNIT_CASE(listings), UNIT_CASE(bodies), UNIT_CASE(ranges), UNIT_CASE(etags)};
UNIT_MAIN(cases)
