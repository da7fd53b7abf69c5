/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_hash_crc.h>

#include "exchange.h"
#include "pools.h"

#define N_DATA 4096
#define ROOM   (1u << 20)
#define PARTS  200

static struct buf_pools pools;
static struct gen_workload conf;
static struct site site;
static struct upload up;
static struct exchange x;
static struct http_head head;
static char text[ROOM + 1], want[ROOM];

static void setup(void)
{
	static char etag[PARTS][EXCHANGE_ETAG];
	struct err e = {""};

	pools_begin(&pools, N_DATA);
	conf = (struct gen_workload){.name = "w",
		.bucket = "b",
		.prefix = "p/",
		.op = {[GEN_GET] = 1},
		.size = {{0, 0, 1}},
		.n_size = 1,
		.keys = 10,
		.part = 100000,
		.list_keys = 50};
	site = (struct site){.conf = &conf,
		.workload = workload_create(&conf, 1, &e),
		.body = body_create(1, SOCKET_ID_ANY),
		.host = "10.0.0.1:9000",
		.pools = &pools};
	CU_ASSERT_FATAL(site.workload && site.body);
	up = (struct upload){.etag = etag};
	x = (struct exchange){.up = &up};
}

static void teardown(void)
{
	workload_destroy((struct workload *)(uintptr_t)site.workload);
	body_destroy((struct body *)(uintptr_t)site.body);
	pools_end(&pools);
}

static void begin(enum gen_op op, uint64_t size)
{
	x.ask = (struct ask){.op = op, .key = 3, .size = size, .n = size};
	x.kind = exchange_first(&x);
	exchange_begin(&site, &x);
}

/* The request's head into text, and parsed. */
static void head_make(void)
{
	int n = exchange_head(&site, &x, text, ROOM);

	CU_ASSERT_FATAL(n > 0);
	text[n] = '\0';
	CU_ASSERT_EQUAL_FATAL(http_req_parse(&head, text, (size_t)n), 0);
}

static bool has(const char *line)
{
	return strstr(text, line) != NULL;
}

/* All of the request's body into want; its length. */
static uint32_t body_make(void)
{
	struct buf_chain c = {0};
	uint32_t n;

	while (!x.ended)
		CU_ASSERT_EQUAL_FATAL(exchange_feed(&site, &x, &c), 0);
	n = c.bytes;
	CU_ASSERT_FATAL(n <= ROOM);
	buf_chain_read(&c, 0, n, want);
	buf_chain_free(&c);
	return n;
}

static void heads(void)
{
	setup();
	begin(GEN_GET, 4096);
	head_make();
	CU_ASSERT(has("GET /b/p/00000003-4096 HTTP/1.1\r\nHost: 10.0.0.1:9000\r\n"));
	CU_ASSERT(!has("Content-Length") && x.ended);
	begin(GEN_RANGE, 4096);
	x.ask.from = 1000;
	x.ask.n = 96;
	head_make();
	CU_ASSERT(has("range: bytes=1000-1095\r\n"));
	begin(GEN_HEAD, 4096);
	head_make();
	CU_ASSERT(head.method == HTTP_HEAD);
	begin(GEN_DELETE, 4096);
	head_make();
	CU_ASSERT(has("DELETE /b/p/w00000003-4096 HTTP/1.1"));
	begin(GEN_LIST, 4096);
	head_make();
	CU_ASSERT(has("GET /b?list-type=2&max-keys=50&prefix=p%2F HTTP/1.1"));
	x.kind = X_BUCKET;
	exchange_begin(&site, &x);
	head_make();
	CU_ASSERT(has("PUT /b HTTP/1.1") && has("Content-Length: 0\r\n"));
	teardown();
}

/* The object's bytes and nothing else, whatever the size. */
/* The bucket in front of the host: the path is that of the key alone. */
static void virtual_host(void)
{
	setup();
	site.virtual_host = true;
	site.host = "b.s3.test";
	begin(GEN_GET, 4096);
	head_make();
	CU_ASSERT(has("GET /p/00000003-4096 HTTP/1.1\r\nHost: b.s3.test\r\n"));
	begin(GEN_LIST, 4096);
	head_make();
	CU_ASSERT(has("GET /?list-type=2&"));
	x.kind = X_BUCKET;
	exchange_begin(&site, &x);
	head_make();
	CU_ASSERT(has("PUT / HTTP/1.1\r\n"));
	teardown();
}

/* RFC 9110 10.1.1: with a body, or not at all. */
static void expect(void)
{
	static const struct {
		enum gen_op op;
		uint64_t size;
		enum gen_framing framing;
		bool said;
	} all[] = {{GEN_PUT, 1, GEN_LENGTH, true}, {GEN_PUT, 0, GEN_LENGTH, false},
		{GEN_PUT, 0, GEN_CHUNKED, true}, {GEN_PUT, 9, GEN_AWS_CHUNKED, true},
		{GEN_GET, 9, GEN_LENGTH, false}, {GEN_MULTIPART, 9, GEN_LENGTH, false}};

	setup();
	for (unsigned i = 0; i < 2 * RTE_DIM(all); i++) {
		conf.expect = i & 1;
		conf.framing = all[i / 2].framing;
		begin(all[i / 2].op, all[i / 2].size);
		head_make();
		CU_ASSERT_EQUAL(has("Expect: 100-continue\r\n"), all[i / 2].said && conf.expect);
		CU_ASSERT_EQUAL(exchange_expects(&site, &x), all[i / 2].said && conf.expect);
	}
	teardown();
}

static void length_body(void)
{
	const uint64_t sizes[] = {0, 1, 65535, 65536, 65537, 700000};

	setup();
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		uint32_t n;

		begin(GEN_PUT, sizes[i]);
		head_make();
		CU_ASSERT_EQUAL(head.content_length, (int64_t)sizes[i]);
		n = body_make();
		CU_ASSERT_EQUAL(n, sizes[i]);
		CU_ASSERT_EQUAL(body_check(site.body, x.object, 0, want, n), n);
	}
	CU_ASSERT_EQUAL(x.sent, 0 + 1 + 65535 + 65536 + 65537 + 700000);
	teardown();
}

/* Undo the chunks of want[n] in place; the bytes, and where the last chunk's line ends. */
static uint32_t unchunk(uint32_t n, uint32_t *end)
{
	uint32_t at = 0, out = 0;

	for (;;) {
		char *line_end, *line = want + at;
		uint32_t size = (uint32_t)strtoul(line, &line_end, 16);

		CU_ASSERT_FATAL(line_end > line && memcmp(line_end, "\r\n", 2) == 0);
		at = (uint32_t)(line_end - want) + 2;
		if (size == 0)
			break;
		CU_ASSERT_FATAL(at + size + 2 <= n && memcmp(want + at + size, "\r\n", 2) == 0);
		memmove(want + out, want + at, size);
		out += size;
		at += size + 2;
	}
	*end = at;
	return out;
}

static void chunked_body(void)
{
	uint32_t n, end, got;

	setup();
	conf.framing = GEN_CHUNKED;
	begin(GEN_PUT, 200000);
	head_make();
	CU_ASSERT(head.chunked && head.content_length == -1);
	n = body_make();
	got = unchunk(n, &end);
	CU_ASSERT(got == 200000 && end + 2 == n && memcmp(want + end, "\r\n", 2) == 0);
	CU_ASSERT_EQUAL(body_check(site.body, x.object, 0, want, got), got);
	teardown();
}

/* Content-Length is that of the encoded body, and the trailer that of the bytes. */
static void aws_chunked_body(void)
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const uint64_t sizes[] = {0, 1, 65536, 200000};
	char trailer[64];
	uint32_t n, end, got, crc;

	setup();
	conf.framing = GEN_AWS_CHUNKED;
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		begin(GEN_PUT, sizes[i]);
		head_make();
		CU_ASSERT(has("content-encoding: aws-chunked\r\n"));
		CU_ASSERT(has("x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"));
		CU_ASSERT(has("x-amz-trailer: x-amz-checksum-crc32c\r\n"));
		n = body_make();
		CU_ASSERT_EQUAL(head.content_length, n);
		memcpy(text, want, n);
		got = unchunk(n, &end);
		CU_ASSERT_EQUAL(got, sizes[i]);
		CU_ASSERT_EQUAL(body_check(site.body, x.object, 0, want, got), got);
		crc = rte_hash_crc(want, got, UINT32_MAX) ^ UINT32_MAX;
		snprintf(trailer, sizeof(trailer), "x-amz-checksum-crc32c:%c%c%c%c%c%c==\r\n\r\n",
			digit[crc >> 26], digit[crc >> 20 & 63], digit[crc >> 14 & 63],
			digit[crc >> 8 & 63], digit[crc >> 2 & 63], digit[crc << 4 & 63]);
		CU_ASSERT_EQUAL(n - end, strlen(trailer));
		CU_ASSERT_EQUAL(memcmp(text + end, trailer, n - end), 0);
	}
	teardown();
}

static void response(const char *raw)
{
	static char copy[1024];

	snprintf(copy, sizeof(copy), "%s", raw);
	CU_ASSERT_EQUAL_FATAL(http_rsp_parse(&head, copy, strlen(copy)), 0);
}

static void says(const char *body)
{
	up.n_text = (uint16_t)snprintf(up.text, sizeof(up.text), "%s", body);
}

/* Create, three parts, complete: what one answers is in what the next one asks. */
static void multipart(void)
{
	static const char *const etags[] = {"\"a\"", "\"bb\"", "\"ccc\""};
	char line[64], reply[128];
	uint32_t n, sum = 0;

	setup();
	begin(GEN_MULTIPART, 250000);
	head_make();
	CU_ASSERT(has("POST /b/p/w00000003-250000?uploads= HTTP/1.1"));
	CU_ASSERT(has("x-amz-meta-part-size: 100000\r\n"));
	response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	CU_ASSERT_EQUAL(exchange_judge(&x, &head), -1);
	says("<?xml?><InitiateMultipartUploadResult><UploadId>2~a/b=</UploadId></I");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), -1);
	for (unsigned i = 0; i < 3; i++) {
		x.kind = exchange_next(&x);
		CU_ASSERT_EQUAL_FATAL(x.kind, X_PART);
		exchange_begin(&site, &x);
		head_make();
		snprintf(line, sizeof(line), "?partNumber=%u&uploadId=2~a%%2Fb%%3D HTTP", i + 1);
		CU_ASSERT(has(line));
		n = body_make();
		CU_ASSERT_EQUAL(n, i < 2 ? 100000 : 50000);
		CU_ASSERT_EQUAL(body_check(site.body, x.object, sum, want, n), n);
		sum += n;
		snprintf(reply, sizeof(reply), "HTTP/1.1 200 OK\r\nETag: %s\r\n\r\n", etags[i]);
		response(reply);
		CU_ASSERT_EQUAL(exchange_judge(&x, &head), -1);
	}
	x.kind = exchange_next(&x);
	CU_ASSERT_EQUAL_FATAL(x.kind, X_COMPLETE);
	exchange_begin(&site, &x);
	head_make();
	n = body_make();
	want[n] = '\0';
	CU_ASSERT_EQUAL(head.content_length, n);
	CU_ASSERT_PTR_NOT_NULL(strstr(want,
		"<Part><PartNumber>2</PartNumber><ETag>\"bb\"</ETag></Part><Part><PartNumber>3<"));
	response("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n");
	CU_ASSERT_EQUAL(exchange_judge(&x, &head), -1);
	says("<CompleteMultipartUploadResult><ETag>\"x-3\"</ETag>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), -1);
	CU_ASSERT_EQUAL(exchange_next(&x), X_DONE);
	CU_ASSERT_EQUAL(x.sent, 250000);
	/* S3 API, CompleteMultipartUpload: a 200 may carry an error */
	says("<?xml version=\"1.0\"?><Error><Code>InternalError</Code>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), GEN_E_inner);
	teardown();
}

/* More parts than go into one piece of XML. */
static void many_parts(void)
{
	uint32_t n, parts = 0;

	setup();
	begin(GEN_MULTIPART, 100000ull * PARTS);
	up.part = up.parts;
	for (unsigned i = 0; i < PARTS; i++)
		snprintf(up.etag[i], EXCHANGE_ETAG, "\"0123456789abcdef0123456789abcdef\"");
	x.kind = X_COMPLETE;
	exchange_begin(&site, &x);
	head_make();
	n = body_make();
	want[n] = '\0';
	CU_ASSERT_EQUAL(head.content_length, n);
	for (const char *p = want; (p = strstr(p, "<Part>")) != NULL; p++)
		parts++;
	CU_ASSERT_EQUAL(parts, PARTS);
	CU_ASSERT_PTR_NOT_NULL(strstr(want, "</CompleteMultipartUpload>"));
	teardown();
}

static void abort_follows_one_part(void)
{
	setup();
	begin(GEN_ABORT, 250000);
	says("<UploadId>u</UploadId>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), -1);
	CU_ASSERT_EQUAL(x.kind = exchange_next(&x), X_PART);
	CU_ASSERT_EQUAL(x.kind = exchange_next(&x), X_ABORT);
	exchange_begin(&site, &x);
	head_make();
	CU_ASSERT(has("DELETE /b/p/w00000003-250000?uploadId=u HTTP/1.1"));
	CU_ASSERT_EQUAL(exchange_next(&x), X_DONE);
	teardown();
}

static void judged(void)
{
	static const struct {
		enum gen_op op;
		const char *head;
		int verdict;
	} all[] = {
		{GEN_GET, "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", -1},
		{GEN_GET, "HTTP/1.1 200 OK\r\nContent-Length: 4095\r\n\r\n", GEN_E_malformed},
		{GEN_GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", GEN_E_malformed},
		{GEN_GET, "HTTP/1.1 206 Part\r\nContent-Length: 4096\r\n\r\n", GEN_E_status_other},
		{GEN_GET, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", GEN_E_status_4xx},
		{GEN_GET, "HTTP/1.1 503 Slow\r\nContent-Length: 0\r\n\r\n", GEN_E_slow_down},
		{GEN_GET, "HTTP/1.1 502 Bad\r\nContent-Length: 0\r\n\r\n", GEN_E_status_5xx},
		{GEN_RANGE, "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", GEN_E_status_other},
		{GEN_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 4096\r\n\r\n", -1},
		{GEN_HEAD, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", GEN_E_malformed},
		{GEN_DELETE, "HTTP/1.1 204 Gone\r\n\r\n", -1},
		{GEN_PUT, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", -1},
	};

	setup();
	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		begin(all[i].op, 4096);
		response(all[i].head);
		CU_ASSERT_EQUAL(exchange_judge(&x, &head), all[i].verdict);
	}
	begin(GEN_LIST, 1);
	says("<ListBucketResult>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), -1);
	says("<html>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), GEN_E_malformed);
	begin(GEN_ABORT, 1);
	says("<UploadId>never ends");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), GEN_E_malformed);
	says("<UploadId></UploadId>");
	CU_ASSERT_EQUAL(exchange_judge_text(&x), GEN_E_malformed);
	teardown();
}

static void signed_requests(void)
{
	struct s3_signer *s;
	uint32_t n;

	setup();
	s = s3_signer_create("AK", "SK", "us-east-1", "s3");
	s3_signer_time(s, 1700000000);
	site.sign = s;
	begin(GEN_RANGE, 4096);
	head_make();
	CU_ASSERT(has("Authorization: AWS4-HMAC-SHA256 Credential=AK/20231114/us-east-1/s3/"));
	CU_ASSERT(has("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date"));
	CU_ASSERT(has("x-amz-content-sha256: UNSIGNED-PAYLOAD\r\n"));
	conf.framing = GEN_AWS_CHUNKED;
	begin(GEN_PUT, 150000);
	head_make();
	CU_ASSERT(has("x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"));
	CU_ASSERT(has("x-amz-decoded-content-length: 150000\r\n"));
	n = body_make();
	CU_ASSERT_EQUAL(head.content_length, n);
	CU_ASSERT_PTR_NOT_NULL(strstr(want, "10000;chunk-signature="));
	s3_signer_destroy(s);
	teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(heads),
	UNIT_CASE(virtual_host),
	UNIT_CASE(expect),
	UNIT_CASE(length_body),
	UNIT_CASE(chunked_body),
	UNIT_CASE(aws_chunked_body),
	UNIT_CASE(multipart),
	UNIT_CASE(many_parts),
	UNIT_CASE(abort_follows_one_part),
	UNIT_CASE(judged),
	UNIT_CASE(signed_requests),
};
UNIT_MAIN(cases)
