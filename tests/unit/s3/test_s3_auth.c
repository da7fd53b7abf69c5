/* SPDX-License-Identifier: BSD-3-Clause */
/* Examples after the S3 API reference, "Authenticating requests", and the user guide's for V2. */
#include "ask.h"

#define V4                                                                                         \
	"AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"     \
	"SignedHeaders=host;range;x-amz-date,Signature=fe5f80f77d5fa3beca038a248ff027"
#define V4_BLANKS                                                                                  \
	"AWS4-HMAC-SHA256 Credential=AK/20130524/us-east-1/s3/aws4_request, "                      \
	"SignedHeaders=host;range;x-amz-date, Signature=fe5f"
#define V4A                                                                                        \
	"AWS4-ECDSA-P256-SHA256 Credential=AK/20130524/s3/aws4_request, "                          \
	"SignedHeaders=host;range;x-amz-date, Signature=30"
#define PRESIGNED                                                                                  \
	"/b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AK%2F20130524%2Fus-east-1%2Fs3"    \
	"%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400"                          \
	"&X-Amz-SignedHeaders=host%3brange%3Bx-amz-date&X-Amz-Signature=aeeed9bbccd4d02e"
#define V2_PRESIGNED                                                                               \
	"/b/k?AWSAccessKeyId=AK&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620"

static struct s3_request request(const char *target, const char *authorization, const char *sha)
{
	struct s3_head h = ask_head("GET", "10.0.0.1", target);

	h.authorization = ask_span(authorization);
	h.content_sha256 = ask_span(sha);
	return ask_with(h);
}

static void kinds(void)
{
	static const struct {
		const char *target, *authorization, *sha;
		enum s3_auth auth;
		const char *key;
	} t[] = {
		{"/b/k", NULL, NULL, S3_AUTH_ANONYMOUS, ""},
		{"/b/k", V4, "UNSIGNED-PAYLOAD", S3_AUTH_V4_HEADER, "AKIAIOSFODNN7EXAMPLE"},
		{"/b/k", V4_BLANKS, NULL, S3_AUTH_V4_HEADER, "AK"},
		{"/b/k", V4A, NULL, S3_AUTH_V4_HEADER, "AK"},
		{"/b/k", V4_BLANKS, "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", S3_AUTH_V4_STREAMING,
			"AK"},
		{"/b/k", V4_BLANKS, "STREAMING-UNSIGNED-PAYLOAD-TRAILER", S3_AUTH_V4_STREAMING,
			"AK"},
		{"/b/k", "AWS4-HMAC-SHA256", NULL, S3_AUTH_V4_HEADER, ""},
		{"/b/k", "AWS4-HMAC-SHA256 Credential=", NULL, S3_AUTH_V4_HEADER, ""},
		{"/b/k", "AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo//yllqDzg=", NULL,
			S3_AUTH_V2_HEADER, "AKIAIOSFODNN7EXAMPLE"},
		{"/b/k", "AWS tenant:user:frJIUN8DYpKDtOLCwo=", NULL, S3_AUTH_V2_HEADER,
			"tenant:user"},
		{"/b/k", "AWS x", NULL, S3_AUTH_V2_HEADER, ""},
		{"/b/k", "AWS ", NULL, S3_AUTH_V2_HEADER, ""},
		{"/b/k", "Bearer mF_9.B5f-4.1JqM", NULL, S3_AUTH_BEARER, ""},
		{"/b/k", "bearer x", NULL, S3_AUTH_BEARER, ""},
		{"/b/k", "Basic dXNlcjpwYXNz", NULL, S3_AUTH_OTHER, ""},
		{"/b/k", "AWS", NULL, S3_AUTH_V2_HEADER, ""},
		{"/b/k", "AWSX a:b", NULL, S3_AUTH_OTHER, ""},
		{"/b/k", "", NULL, S3_AUTH_OTHER, ""},
		{PRESIGNED, NULL, NULL, S3_AUTH_V4_PRESIGNED, "AK"},
		{"/b/k?X-Amz-Credential=AK/1/2&X-Amz-Signature=1", NULL, NULL, S3_AUTH_V4_PRESIGNED,
			"AK"},
		{V2_PRESIGNED, NULL, NULL, S3_AUTH_V2_PRESIGNED, "AK"},
		{"/b/k?Signature=1", NULL, NULL, S3_AUTH_ANONYMOUS, ""},
		{PRESIGNED, V4, NULL, S3_AUTH_OTHER, ""},
		{PRESIGNED "&X-Amz-Credential=EVE%2F1", NULL, NULL, S3_AUTH_OTHER, ""},
		{PRESIGNED "&AWSAccessKeyId=EVE&Signature=1", NULL, NULL, S3_AUTH_OTHER, ""},
		{"/b/k", V4_BLANKS ", Credential=EVE/1", NULL, S3_AUTH_OTHER, ""},
	};

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		struct s3_request r = request(t[i].target, t[i].authorization, t[i].sha);

		CU_ASSERT_EQUAL(r.auth, t[i].auth);
		IS(r.access_key, t[i].key);
	}
}

static const struct unit_case cases[] = {UNIT_CASE(kinds)};
UNIT_MAIN(cases)
