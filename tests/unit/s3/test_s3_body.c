/* SPDX-License-Identifier: BSD-3-Clause */
#include "s3/s3_request.h"
#include "unit.h"

#define DECL "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"

/* After the S3 API reference, CompleteMultipartUpload, "200 OK with an error". */
static const char sample[] = "\xef\xbb\xbf\n  " DECL "\n\n <Error>\n <Code>InternalError</Code>\n"
			     " <Message>We encountered an internal error.</Message>\n</Error>";

static struct span code;

static int is_error(const char *text)
{
	return s3_body_is_error(text, strlen(text), &code);
}

static void errors(void)
{
	CU_ASSERT_EQUAL(is_error(sample), 1);
	CU_ASSERT(span_eq(code, SPAN_LIT("InternalError")));
	CU_ASSERT_EQUAL(is_error("<Error><Code>SlowDown</Code></Error>"), 1);
	CU_ASSERT(span_eq(code, SPAN_LIT("SlowDown")));
	CU_ASSERT_EQUAL(is_error("\xef\xbb\xbf" DECL "<Error xmlns=\"x\"><Code>A</Code>"), 1);
	CU_ASSERT(span_eq(code, SPAN_LIT("A")));
	CU_ASSERT_EQUAL(is_error("<Error/>"), 1);
	CU_ASSERT_EQUAL(code.n, 0);
	CU_ASSERT_EQUAL(is_error("<Error><Code>Slow"), 1);
	CU_ASSERT_EQUAL(code.n, 0);
}

static void successes(void)
{
	static const char *const t[] = {DECL
		"<CompleteMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/\">",
		"<CopyObjectResult>", "<Errors>", "<ErrorX", "<DeleteResult><Error>", "x<Error>",
		"{\"Error\"", "<!-- <Error> -->", "<?php ?><Error>", DECL DECL "<Error>"};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		CU_ASSERT_EQUAL(is_error(t[i]), 0);
		CU_ASSERT_EQUAL(code.n, 0);
	}
}

/* Each beginning of the sample asks for more until <Error> is there; then it says so. */
static void in_pieces(void)
{
	size_t enough = (size_t)(strstr(sample, "<Error>") - sample) + sizeof("<Error>") - 1;

	for (size_t n = 0; n < sizeof(sample); n++)
		CU_ASSERT_EQUAL(s3_body_is_error(sample, n, &code), n < enough ? -1 : 1);
	CU_ASSERT_EQUAL(s3_body_is_error(NULL, 0, &code), -1);
	/* white space came already, and was let go */
	CU_ASSERT_EQUAL(is_error(strstr(sample, "<Error>")), 1);
}

static void patience_ends(void)
{
	char text[S3_ERROR_PEEK];

	memset(text, ' ', sizeof(text));
	CU_ASSERT_EQUAL(s3_body_is_error(text, sizeof(text) - 1, &code), -1);
	CU_ASSERT_EQUAL(s3_body_is_error(text, sizeof(text), &code), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(errors), UNIT_CASE(successes), UNIT_CASE(in_pieces), UNIT_CASE(patience_ends)};
UNIT_MAIN(cases)
