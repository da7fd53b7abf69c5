/* SPDX-License-Identifier: BSD-3-Clause */
/* s3_request.c: what is no operation's own form. The forms themselves are in test_s3_op. */
#include "ask.h"

#define HOST "10.0.0.1"

static void what_is_not_s3(void)
{
	static const struct {
		const char *method, *target;
		enum s3_class class;
		unsigned flags;
	} t[] = {
		{"GET", "/b/k?lifecycle", S3_READ, S3_IDEMPOTENT},
		{"GET", "/b/k?acl&tagging", S3_READ, S3_IDEMPOTENT},
		{"GET", "/b?events=s3:ObjectCreated:*&prefix=a", S3_READ, S3_IDEMPOTENT},
		{"HEAD", "/", S3_READ, S3_IDEMPOTENT},
		{"HEAD", "/b?versions", S3_READ, S3_IDEMPOTENT},
		{"PUT", "/", S3_WRITE, 0},
		{"PUT", "/b/k?append&position=9", S3_WRITE, 0},
		{"PUT", "/b/k?uploadId=x", S3_WRITE, 0},
		{"PUT", "/b?policy&acl", S3_ADMIN, 0}, /* the node says which */
		{"PUT", "/b?append&%70olicy", S3_ADMIN, 0},
		{"POST", "/b?delete&uploads", S3_DELETE, 0},
		{"PUT", "/b/k?acl&tagging", S3_WRITE, 0},
		{"POST", "/b/k", S3_WRITE, 0},
		{"POST", "/", S3_WRITE, 0},
		{"DELETE", "/", S3_DELETE, 0},
		{"PATCH", "/b/k", S3_ADMIN, 0},
		{"get", "/b/k", S3_ADMIN, 0},
		{"", "/b/k", S3_ADMIN, 0},
		{"GETS", "/b/k", S3_ADMIN, 0},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_request r = ask(t[i].method, HOST, t[i].target);

		CU_ASSERT_EQUAL(r.op, S3_OP_Unknown);
		CU_ASSERT_EQUAL(r.op_class, t[i].class);
		CU_ASSERT_EQUAL(r.flags, t[i].flags);
	}
}

/* What clients send besides what the pages say. */
static void in_the_wild(void)
{
	static const struct {
		const char *method, *target;
		enum s3_op op;
	} t[] = {
		{"GET", "/b/k?x-id=GetObject", S3_OP_GetObject},
		{"GET", "/b/k?partNumber=3", S3_OP_GetObject},
		{"GET", "/b/k?id=3&list-type=2", S3_OP_GetObject},
		{"GET", "/?x-id=ListBuckets", S3_OP_ListBuckets},
		{"GET", "/b/?list-type=2&prefix=acl%26uploads&delimiter=%2F", S3_OP_ListObjectsV2},
		{"GET", "/b/?list-type=1", S3_OP_ListObjects},
		{"GET", "/b/?location=", S3_OP_GetBucketLocation},
		{"GET", "/b?inventory&id=", S3_OP_GetBucketInventoryConfiguration},
		{"PUT", "/b/k?partNumber=1&uploadId=a.b~c&x-id=UploadPart", S3_OP_UploadPart},
		{"PUT", "/b/k?partNumber=1", S3_OP_PutObject},
		{"POST", "/b/?delete=", S3_OP_DeleteObjects},
		{"POST", "/b/k?uploads=", S3_OP_CreateMultipartUpload},
		{"DELETE", "/b/k?x-id=DeleteObject", S3_OP_DeleteObject},
		{"OPTIONS", "/", S3_OP_OptionsObject},
		{"OPTIONS", "*", S3_OP_OptionsObject},
		{"OPTIONS", "/b/k?acl&uploads", S3_OP_OptionsObject},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++)
		CU_ASSERT_STRING_EQUAL(
			s3_op_name(ask(t[i].method, HOST, t[i].target).op), s3_op_name(t[i].op));
}

static void copies(void)
{
	struct s3_head h = ask_head("PUT", HOST, "/b/k");

	h.copy_source = SPAN_LIT("/src/a");
	CU_ASSERT_EQUAL(ask_with(h).op, S3_OP_CopyObject);
	h.query = SPAN_LIT("tagging");
	CU_ASSERT_EQUAL(ask_with(h).op, S3_OP_PutObjectTagging);
	h.query = SPAN_LIT("uploadId=1&partNumber=2");
	CU_ASSERT_EQUAL(ask_with(h).op, S3_OP_UploadPartCopy);
	CU_ASSERT_EQUAL(ask_with(h).part_number, 2);
	h.method = SPAN_LIT("GET");
	h.query = (struct span){NULL, 0};
	CU_ASSERT_EQUAL(ask_with(h).op, S3_OP_GetObject);
}

/* The second of two finds what the first did: 412, though the first had succeeded. */
static void conditions(void)
{
	static const struct {
		const char *method, *target;
		bool idempotent;
	} t[] = {{"PUT", "/b/k", false}, {"DELETE", "/b/k", false}, {"GET", "/b/k", true},
		{"HEAD", "/b/k", true}, {"PUT", "/b/k?partNumber=1&uploadId=2", false}};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_head h = ask_head(t[i].method, HOST, t[i].target);

		CU_ASSERT(ask_with(h).flags & S3_IDEMPOTENT);
		h.conditional = true;
		CU_ASSERT_EQUAL(!!(ask_with(h).flags & S3_IDEMPOTENT), t[i].idempotent);
		h.conditional = false;
		h.range = SPAN_LIT("bytes=-1-"); /* ECS and ObjectScale: append */
		CU_ASSERT_EQUAL(!!(ask_with(h).flags & S3_IDEMPOTENT), t[i].idempotent);
	}
}

static void an_empty_head(void)
{
	struct s3_head h = {.content_length = -1};
	struct s3_request r;

	s3_request_classify(&r, &h, NULL, 0);
	CU_ASSERT_EQUAL(r.op, S3_OP_Unknown);
	CU_ASSERT_EQUAL(r.auth, S3_AUTH_ANONYMOUS);
	CU_ASSERT_EQUAL(r.size, S3_SIZE_UNKNOWN);
	CU_ASSERT_EQUAL(r.bucket.n + r.key.n + r.access_key.n, 0);
}

static const struct unit_case cases[] = {UNIT_CASE(what_is_not_s3), UNIT_CASE(in_the_wild),
	UNIT_CASE(copies), UNIT_CASE(conditions), UNIT_CASE(an_empty_head)};
UNIT_MAIN(cases)
