/* SPDX-License-Identifier: BSD-3-Clause */
/* Every operation is told from the request that its page of the S3 API reference gives. */
#include "requests.h"
#include "unit.h"

#define DOMAIN "s3.amazonaws.com"

static const char *const domains[] = {DOMAIN};

static struct s3_request classify(const struct documented *d, const char *host, const char *target)
{
	const char *mark = strchr(target, '?');
	struct s3_head h = {.method = span_str(d->method),
		.path = mark ? (struct span){target, (size_t)(mark - target)} : span_str(target),
		.query = mark ? span_str(mark + 1) : (struct span){NULL, 0},
		.host = span_str(host),
		.copy_source = d->copy ? SPAN_LIT("/src/key") : (struct span){NULL, 0},
		.content_length = -1};
	struct s3_request r;

	s3_request_classify(&r, &h, domains, 1);
	return r;
}

static bool is(struct span s, const char *text)
{
	return span_eq(s, span_str(text));
}

static void check(const struct documented *d, struct s3_request r, enum s3_style style)
{
	CU_ASSERT_STRING_EQUAL(s3_op_name(r.op), s3_op_name(d->op));
	CU_ASSERT(is(r.bucket, d->names == NOTHING ? "" : "Bucket"));
	CU_ASSERT(is(r.key, d->names == AN_OBJECT ? "Key+" : ""));
	CU_ASSERT_EQUAL(r.style, style);
	CU_ASSERT_EQUAL(r.op_class, s3_op_class(d->op));
	CU_ASSERT(is(r.version_id, strstr(d->target, "versionId") ? "VersionId" : ""));
	CU_ASSERT(is(r.upload_id, strstr(d->target, "uploadId") ? "UploadId" : ""));
}

static void as_documented(void)
{
	for (size_t i = 0; i < RTE_DIM(documented); i++) {
		const struct documented *d = &documented[i];
		bool bucket = d->names != NOTHING;

		check(d, classify(d, bucket ? "Bucket." DOMAIN : DOMAIN, d->target),
			bucket ? S3_VIRTUAL_HOST : S3_PATH);
	}
}

static void in_path_style(void)
{
	char target[512];

	for (size_t i = 0; i < RTE_DIM(documented); i++) {
		const struct documented *d = &documented[i];

		snprintf(target, sizeof(target), "%s%s", d->names == NOTHING ? "" : "/Bucket",
			d->target);
		check(d, classify(d, DOMAIN, target), S3_PATH);
		check(d, classify(d, "10.0.0.1:9000", target), S3_PATH);
	}
}

/* A node decodes the names of a query, so %61cl is acl. */
static void names_in_percent_encoding(void)
{
	char target[1024];

	for (size_t i = 0; i < RTE_DIM(documented); i++) {
		const char *from = documented[i].target;
		bool name = false;
		char *to = target;

		for (; *from; from++) {
			if (*from == '=')
				name = false;
			to += sprintf(to, name && *from != '&' ? "%%%02x" : "%c", *from);
			if (*from == '?' || *from == '&')
				name = true;
		}
		check(&documented[i],
			classify(&documented[i],
				documented[i].names == NOTHING ? DOMAIN : "Bucket." DOMAIN, target),
			documented[i].names == NOTHING ? S3_PATH : S3_VIRTUAL_HOST);
	}
}

/* The table above has a row for every operation, so none goes untested. */
static void none_is_missing(void)
{
	bool seen[S3_OPS] = {[S3_OP_Unknown] = true};

	for (size_t i = 0; i < RTE_DIM(documented); i++)
		seen[documented[i].op] = true;
	for (unsigned op = 0; op < S3_OPS; op++)
		CU_ASSERT(seen[op]);
	CU_ASSERT(S3_OPS > 60);
}

static void names(void)
{
	for (int op = 0; op < S3_OPS; op++)
		CU_ASSERT_EQUAL(s3_op_find(span_str(s3_op_name((enum s3_op)op))), op);
	CU_ASSERT_EQUAL(s3_op_find(SPAN_LIT("getobject")), -1);
	CU_ASSERT_EQUAL(s3_op_find(SPAN_LIT("GetObjectX")), -1);
	CU_ASSERT_EQUAL(s3_op_find(SPAN_LIT("")), -1);
	CU_ASSERT_STRING_EQUAL(s3_op_name(S3_OPS), "Unknown");
}

/* What s3_op.def promises of its flags. */
static void flags(void)
{
	for (size_t i = 0; i < RTE_DIM(documented); i++) {
		const struct documented *d = &documented[i];
		unsigned f = classify(d, "Bucket." DOMAIN, d->target).flags;

		if (strcmp(d->method, "POST") == 0)
			CU_ASSERT_FALSE(f & S3_IDEMPOTENT);
		if (strcmp(d->method, "GET") == 0 || strcmp(d->method, "HEAD") == 0)
			CU_ASSERT(f & S3_IDEMPOTENT);
		if (f & S3_ERROR_IN_200)
			CU_ASSERT(f & S3_SLOW);
	}
}

static const struct unit_case cases[] = {UNIT_CASE(as_documented), UNIT_CASE(in_path_style),
	UNIT_CASE(names_in_percent_encoding), UNIT_CASE(none_is_missing), UNIT_CASE(names),
	UNIT_CASE(flags)};
UNIT_MAIN(cases)
