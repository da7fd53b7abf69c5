/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The examples that AWS publishes: Amazon S3 API reference, "Signature calculations for the
 * Authorization header: Transferring payload in a single chunk" and "... in multiple chunks".
 */
#include <openssl/crypto.h>

#include "s3/s3_sign.h"
#include "unit.h"

#define WHEN 1369353600 /* Fri, 24 May 2013 00:00:00 GMT */

static struct s3_signer *signer;
static char text[4096];

static void setup(void)
{
	signer = s3_signer_create("AKIAIOSFODNN7EXAMPLE",
		"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "us-east-1", "s3");
	CU_ASSERT_PTR_NOT_NULL_FATAL(signer);
	s3_signer_time(signer, WHEN);
}

static bool signs(struct s3_sign_request *r, const char *names, const char *signature)
{
	struct sink o = {.p = text, .cap = sizeof(text) - 1};
	char want[1024];

	r->host = r->host.p ? r->host : SPAN_LIT("examplebucket.s3.amazonaws.com");
	CU_ASSERT_EQUAL(s3_sign_head(signer, r, &o, NULL), 0);
	text[o.n] = '\0';
	snprintf(want, sizeof(want),
		"x-amz-date: 20130524T000000Z\r\nx-amz-content-sha256: %.*s\r\n"
		"Authorization: AWS4-HMAC-SHA256 "
		"Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
		"SignedHeaders=%s,Signature=%s\r\n",
		(int)r->payload.n, r->payload.p, names, signature);
	if (strcmp(text, want) != 0)
		printf("\n got: %s\nwant: %s\n", text, want);
	return strcmp(text, want) == 0;
}

static void get_object(void)
{
	const struct s3_sign_field range = {SPAN_LIT("range"), SPAN_LIT("bytes=0-9")};
	struct s3_sign_request r = {.method = SPAN_LIT("GET"),
		.path = SPAN_LIT("/test.txt"),
		.payload = SPAN_LIT(S3_SIGN_EMPTY),
		.field = &range,
		.n_field = 1};

	setup();
	CU_ASSERT(signs(&r, "host;range;x-amz-content-sha256;x-amz-date",
		"f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
	s3_signer_destroy(signer);
}

static void put_object(void)
{
	const struct s3_sign_field f[] = {
		{SPAN_LIT("date"), SPAN_LIT("Fri, 24 May 2013 00:00:00 GMT")},
		{SPAN_LIT("x-amz-storage-class"), SPAN_LIT("REDUCED_REDUNDANCY")}};
	char hash[S3_SIGN_HEX];
	struct s3_sign_request r = {.method = SPAN_LIT("PUT"),
		.path = SPAN_LIT("/test%24file.text"),
		.payload = {hash, S3_SIGN_HEX},
		.field = f,
		.n_field = 2};

	setup();
	s3_sign_hash("Welcome to Amazon S3.", 21, hash);
	CU_ASSERT(signs(&r, "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
		"98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
	s3_signer_destroy(signer);
}

static void queries(void)
{
	struct s3_sign_request r = {.method = SPAN_LIT("GET"),
		.path = SPAN_LIT("/"),
		.query = SPAN_LIT("lifecycle="),
		.payload = SPAN_LIT(S3_SIGN_EMPTY)};

	setup();
	CU_ASSERT(signs(&r, "host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
	r.query = SPAN_LIT("max-keys=2&prefix=J");
	CU_ASSERT(signs(&r, "host;x-amz-content-sha256;x-amz-date",
		"34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
	s3_signer_destroy(signer);
}

static void chunked(void)
{
	const struct s3_sign_field f[] = {{SPAN_LIT("content-encoding"), SPAN_LIT("aws-chunked")},
		{SPAN_LIT("content-length"), SPAN_LIT("66824")},
		{SPAN_LIT("x-amz-decoded-content-length"), SPAN_LIT("66560")},
		{SPAN_LIT("x-amz-storage-class"), SPAN_LIT("REDUCED_REDUNDANCY")}};
	static const struct {
		uint32_t n;
		const char *line;
	} rows[] = {
		{65536, "10000;chunk-signature="
			"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648\r\n"},
		{1024, "400;chunk-signature="
		       "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497\r\n"},
		{0, "0;chunk-signature="
		    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9\r\n"},
	};
	struct s3_sign_request r = {.method = SPAN_LIT("PUT"),
		.path = SPAN_LIT("/examplebucket/chunkObject.txt"),
		.host = SPAN_LIT("s3.amazonaws.com"),
		.payload = SPAN_LIT(S3_SIGN_STREAMING),
		.field = f,
		.n_field = 4};
	struct s3_sign_seed seed;
	char hash[S3_SIGN_HEX], data[65536];
	struct sink o = {.p = text, .cap = sizeof(text)};

	setup();
	memset(data, 'a', sizeof(data));
	CU_ASSERT_EQUAL(s3_sign_streamed_length(66560, 65536), 66824);
	CU_ASSERT_EQUAL(s3_sign_head(signer, &r, &o, &seed), 0);
	CU_ASSERT_EQUAL(memcmp(seed.signature,
				"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
				S3_SIGN_HEX),
		0);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		o = (struct sink){.p = text, .cap = sizeof(text) - 1};
		/* time goes on, the body keeps its date */
		s3_signer_time(signer, 1369353600 + 60);
		s3_sign_hash(data, rows[i].n, hash);
		s3_sign_chunk(signer, rows[i].n, hash, &seed, &o);
		text[o.n] = '\0';
		CU_ASSERT_STRING_EQUAL(text, rows[i].line);
	}
	s3_signer_destroy(signer);
}

/* The key is that of the day, whatever came before. */
static void days(void)
{
	struct s3_sign_request r = {.method = SPAN_LIT("GET"),
		.path = SPAN_LIT("/"),
		.query = SPAN_LIT("lifecycle="),
		.payload = SPAN_LIT(S3_SIGN_EMPTY)};

	setup();
	s3_signer_time(signer, WHEN + 86400);
	CU_ASSERT_EQUAL(s3_sign_head(signer, &r, &(struct sink){.p = text, .cap = 4096}, NULL), 0);
	CU_ASSERT_EQUAL(memcmp(text, "x-amz-date: 20130525T000000Z\r\n", 30), 0);
	s3_signer_time(signer, WHEN);
	CU_ASSERT(signs(&r, "host;x-amz-content-sha256;x-amz-date",
		"fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
	s3_signer_destroy(signer);
}

/* Days that a calendar is wrong about, by their names in the signed date. */
static void calendar(void)
{
	static const struct {
		uint64_t t;
		const char *date;
	} rows[] = {{0, "19700101T000000Z"}, {951782399, "20000228T235959Z"},
		{951782400, "20000229T000000Z"}, {951868800, "20000301T000000Z"},
		{1709164800, "20240229T000000Z"}, {1735689599, "20241231T235959Z"},
		{1735689600, "20250101T000000Z"}, {4107542399, "21000228T235959Z"},
		{4107542400, "21000301T000000Z"}, {253402300799, "99991231T235959Z"},
		{UINT64_MAX, "99991231T235959Z"}};
	struct s3_sign_request r = {.method = SPAN_LIT("GET"), .path = SPAN_LIT("/")};

	setup();
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		struct sink o = {.p = text, .cap = sizeof(text)};

		s3_signer_time(signer, rows[i].t);
		CU_ASSERT_EQUAL(s3_sign_head(signer, &r, &o, NULL), 0);
		CU_ASSERT_EQUAL(memcmp(text + strlen("x-amz-date: "), rows[i].date, 16), 0);
	}
	s3_signer_destroy(signer);
}

static void lengths(void)
{
	static char path[20000];
	struct s3_sign_request r = {.method = SPAN_LIT("GET"),
		.path = {path, sizeof(path)},
		.host = SPAN_LIT("h"),
		.payload = SPAN_LIT(S3_SIGN_UNSIGNED)};

	setup();
	CU_ASSERT_EQUAL(
		s3_sign_head(signer, &r, &(struct sink){.p = text, .cap = 4096}, NULL), -ENOSPC);
	s3_signer_destroy(signer);
	path[0] = 'a';
	memset(path, 'a', 200);
	CU_ASSERT_PTR_NULL(s3_signer_create(path, "s", "r", "s3"));
	CU_ASSERT_EQUAL(s3_sign_streamed_length(0, 100), 1 + 17 + 64 + 4);
}

static unsigned allocated;

static void *count_malloc(size_t n, const char *file, int line)
{
	allocated++;
	return malloc(n);
}

static void *count_realloc(void *p, size_t n, const char *file, int line)
{
	allocated++;
	return realloc(p, n);
}

static void just_free(void *p, const char *file, int line)
{
	free(p);
}

/* libcrypto takes these only before it allocates for the first time. */
__attribute__((constructor)) static void watch(void)
{
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, just_free) != 1)
		abort();
}

/* The appliance signs its checks on the data path, where nothing may allocate. */
static void without_allocation(void)
{
	void *p = OPENSSL_malloc(1);
	unsigned before = allocated;

	CU_ASSERT_EQUAL(before, 1);
	OPENSSL_free(p);
	put_object();
	chunked();
	days();
	CU_ASSERT_EQUAL(allocated, before);
}

static const struct unit_case cases[] = {UNIT_CASE(get_object), UNIT_CASE(put_object),
	UNIT_CASE(queries), UNIT_CASE(chunked), UNIT_CASE(days), UNIT_CASE(calendar),
	UNIT_CASE(lengths), UNIT_CASE(without_allocation)};
UNIT_MAIN(cases)
