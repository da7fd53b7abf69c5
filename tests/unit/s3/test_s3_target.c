/* SPDX-License-Identifier: BSD-3-Clause */
#include "ask.h"

static void hosts(void)
{
	static const struct {
		const char *host, *bucket; /* bucket NULL: path style */
	} t[] = {
		{"s3.example.com", NULL},
		{"s3.example.com:9000", NULL},
		{"S3.Example.COM", NULL},
		{"s3.example.com.", NULL},
		{"example.com", NULL},
		{"other.org", NULL},
		{"bkt.other.org", NULL},
		{"xs3.example.org", NULL},
		{"10.0.0.1", NULL},
		{"10.0.0.1:80", NULL},
		{"[2001:db8::1]", NULL},
		{"[2001:db8::1]:9000", NULL},
		{"", NULL},
		{NULL, NULL},
		{".s3.example.com", NULL},
		{":80", NULL},
		{".", NULL},
		{"bkt.s3.example.com", "bkt"},
		{"bkt.s3.example.com:443", "bkt"},
		{"bkt.S3.EXAMPLE.com.:443", "bkt"},
		{"bucket.with.dots.s3.example.com", "bucket.with.dots"},
		{"bkt.example.com", "bkt"},
		{"xs3.example.com", "xs3"}, /* not BUCKET.s3.example.com */
		{"a.xs3.example.com", "a.xs3"},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_request r = ask("GET", t[i].host, "/one/two");

		CU_ASSERT_EQUAL(r.style, t[i].bucket ? S3_VIRTUAL_HOST : S3_PATH);
		IS(r.bucket, t[i].bucket ? t[i].bucket : "one");
		IS(r.key, t[i].bucket ? "one/two" : "two");
	}
}

static void paths(void)
{
	static const struct {
		const char *path, *bucket, *key, *op;
	} t[] = {
		{"", "", "", "ListBuckets"}, /* absolute-form without a path */
		{"/", "", "", "ListBuckets"},
		{"/bkt", "bkt", "", "ListObjects"},
		{"/bkt/", "bkt", "", "ListObjects"},
		{"/bkt/key", "bkt", "key", "GetObject"},
		{"/bkt//key", "bkt", "/key", "GetObject"},
		{"/bkt/a//b/", "bkt", "a//b/", "GetObject"},
		{"/bkt/../x", "bkt", "../x", "GetObject"},
		{"/bkt/a%2Fb%20%C3%BC", "bkt", "a%2Fb%20%C3%BC", "GetObject"},
		{"/bkt%2Fkey", "bkt", "key", "GetObject"},
		{"/bkt%2fa/b", "bkt", "a/b", "GetObject"},
		{"/bkt%2F", "bkt", "", "ListObjects"},
		{"/b%6bt/key", "b%6bt", "key", "GetObject"},
		{"/b%2/key", "b%2", "key", "GetObject"},
		{"/b%", "b%", "", "ListObjects"},
		{"//bkt/key", "", "", "Unknown"},
		{"/%2Fbkt/key", "", "", "Unknown"},
		{"*", "", "", "Unknown"},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_request r = ask("GET", "10.0.0.1", t[i].path);

		IS(r.bucket, t[i].bucket);
		IS(r.key, t[i].key);
		CU_ASSERT_STRING_EQUAL(s3_op_name(r.op), t[i].op);
	}
}

static void paths_of_a_virtual_host(void)
{
	struct s3_request r = ask("GET", "bkt.s3.example.com", "//a%2Fb");

	IS(r.key, "/a%2Fb");
	r = ask("PUT", "bkt.s3.example.com", "/");
	CU_ASSERT_EQUAL(r.op, S3_OP_CreateBucket);
	r = ask("PUT", "bkt.s3.example.com", "");
	CU_ASSERT_EQUAL(r.op, S3_OP_CreateBucket);
	IS(r.bucket, "bkt");
	r = ask("POST", "bkt.s3.example.com", "/WriteGetObjectResponse");
	CU_ASSERT_EQUAL(r.op, S3_OP_Unknown);
	IS(r.key, "WriteGetObjectResponse");
}

static const struct unit_case cases[] = {
	UNIT_CASE(hosts), UNIT_CASE(paths), UNIT_CASE(paths_of_a_virtual_host)};
UNIT_MAIN(cases)
