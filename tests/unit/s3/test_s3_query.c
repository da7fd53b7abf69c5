/* SPDX-License-Identifier: BSD-3-Clause */
#include "ask.h"
#include "s3/s3_priv.h"

static struct s3__query parse(const char *text)
{
	struct s3__query q;

	s3__query_parse(&q, ask_span(text));
	return q;
}

static void names_are_told_apart(void)
{
	static const struct {
		const char *query;
		enum s3__name sub;
	} t[] = {
		{NULL, S3__none},
		{"", S3__none},
		{"&&&", S3__none},
		{"=", S3__none},
		{"=acl", S3__none},
		{"x=acl", S3__none},
		{"acl", S3__acl},
		{"acl=", S3__acl},
		{"acl=1", S3__acl},
		{"&acl&", S3__acl},
		{"prefix=a&acl", S3__acl},
		{"ACL", S3__none},
		{"acls", S3__none},
		{"ac", S3__none},
		{"%61cl", S3__acl},
		{"%61%63%6C", S3__acl},
		{"%61cl%", S3__none},
		{"ac%6", S3__none},
		{"%zzcl", S3__none},
		{"legal%2Dhold", S3__legal_hold},
		{"versions", S3__versions},
		{"versioning", S3__versioning},
		{"policyStatus", S3__policyStatus},
		{"uploads", S3__uploads},
		{"uploadId=x", S3__uploadId},
		{"restore", S3__restore},
		{"replication", S3__replication},
		{"metadataInventoryTable", S3__metadataInventoryTable},
		{"metadataInventoryTables", S3__none},
		{"acl&acl=2", S3__acl},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3__query q = parse(t[i].query);

		CU_ASSERT_EQUAL(q.sub, t[i].sub);
		CU_ASSERT_FALSE(q.conflict);
	}
}

static void values(void)
{
	struct s3__query q = parse("versionId=v%201&partNumber=7&uploadId&versionId=2&id=a=b");

	IS(S3__VALUE(&q, versionId), "v%201");
	IS(S3__VALUE(&q, partNumber), "7");
	IS(S3__VALUE(&q, id), "a=b");
	CU_ASSERT_PTR_NOT_NULL(S3__VALUE(&q, uploadId).p);
	CU_ASSERT_EQUAL(S3__VALUE(&q, uploadId).n, 0);
	CU_ASSERT_PTR_NULL(S3__VALUE(&q, list_type).p);
	q = parse("x-amz-signature=1&X-AMZ-Credential=2&signature=3");
	IS(S3__VALUE(&q, v4_signature), "1");
	IS(S3__VALUE(&q, v4_credential), "2");
	CU_ASSERT_PTR_NULL(S3__VALUE(&q, v2_signature).p);
}

static void what_contradicts_itself(void)
{
	CU_ASSERT(parse("acl&tagging").conflict);
	CU_ASSERT(parse("acl&uploadId=x").conflict);
	CU_ASSERT_FALSE(parse("uploadId=x&partNumber=1&versionId=2").conflict);
	CU_ASSERT(parse("X-Amz-Credential=a&X-Amz-Credential=b").two_keys);
	CU_ASSERT(parse("AWSAccessKeyId=a&AWSAccessKeyI%64=b").two_keys);
	CU_ASSERT_FALSE(parse("versionId=a&versionId=b").two_keys);
}

static void part_numbers(void)
{
	static const struct {
		const char *text;
		unsigned number;
	} t[] = {{"1", 1}, {"10000", 10000}, {"00001", 1}, {"10001", 0}, {"0", 0}, {"", 0},
		{"-1", 0}, {"1x", 0}, {"%31", 0}, {"100000", 0}, {"99999999999999999999", 0}};

	for (size_t i = 0; i < RTE_DIM(t); i++)
		CU_ASSERT_EQUAL(s3__part_number(span_str(t[i].text)), t[i].number);
	CU_ASSERT_EQUAL(s3__part_number((struct span){NULL, 0}), 0);
}

static const struct unit_case cases[] = {UNIT_CASE(names_are_told_apart), UNIT_CASE(values),
	UNIT_CASE(what_contradicts_itself), UNIT_CASE(part_numbers)};
UNIT_MAIN(cases)
