/* SPDX-License-Identifier: BSD-3-Clause */
/* What nodes answer. */
#include "origin_lab.h"

static void get(void)
{
	lab_init();
	lab_start();
	lab_connect(1);
	ask("GET /b/k-4096 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	CU_ASSERT(got("Content-Length: 4096\r\n") && got("\r\nETag: \""));
	CU_ASSERT(is_body("b", "k-4096", 0, 4096));
	ask("GET /b/dir/k-1000000 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(500);
	CU_ASSERT(is_body("b", "dir/k-1000000", 0, 1000000));
	ask("GET /b/e-0 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 200 && is_body("b", "e-0", 0, 0));
	ask("HEAD /b/k-4096 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 200 && got("Content-Length: 4096\r\n"));
	CU_ASSERT(is_body("b", "k-4096", 0, 0));
	ask("GET /b/nothing HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 404 && got("<Code>NoSuchKey</Code>"));
	ask("HEAD /b/nothing HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 404 && is_body("b", "x", 0, 0));
	CU_ASSERT_EQUAL(stat("requests"), 6);
	CU_ASSERT_EQUAL(stat("conns"), 1);
	CU_ASSERT_EQUAL(stat("bytes_out"), 1004096);
	lab_close();
	lab_stop();
}

static void names(void)
{
	lab_init();
	lab_start();
	lab_connect(1);
	ask("GET /k-10 HTTP/1.1\r\nHost: b.s3.example.com\r\n\r\n");
	CU_ASSERT(is_body("b", "k-10", 0, 10));
	ask("GET /b/%6b%2D10?X-Amz-Expires=5 HTTP/1.1\r\nHost: s3.example.com\r\n\r\n");
	CU_ASSERT(is_body("b", "k-10", 0, 10));
	ask("GET /b/k%zz-1 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 400 && got("InvalidURI"));
	ask("GET /b/k-10?acl HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 501);
	ask("POST /b/k-10 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n");
	CU_ASSERT_EQUAL(status(), 405);
	ask("GET / HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(got("<Buckets></Buckets>"));
	ask("HEAD /b HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	lab_close();
	lab_stop();
}

static void ranges(void)
{
	static const struct {
		const char *range;
		unsigned status;
		uint32_t off, n;
		const char *field;
	} rows[] = {
		{"bytes=0-0", 206, 0, 1, "Content-Range: bytes 0-0/10000\r\n"},
		{"bytes=100-299", 206, 100, 200, "Content-Range: bytes 100-299/10000\r\n"},
		{"bytes=9000-", 206, 9000, 1000, "Content-Range: bytes 9000-9999/10000\r\n"},
		{"bytes=9000-20000", 206, 9000, 1000, "Content-Range: bytes 9000-9999/10000\r\n"},
		{"bytes=-1", 206, 9999, 1, "Content-Range: bytes 9999-9999/10000\r\n"},
		{"bytes=-20000", 206, 0, 10000, "Content-Range: bytes 0-9999/10000\r\n"},
		{"bytes=5-4", 200, 0, 10000, "Content-Length: 10000\r\n"},
		{"bytes=0-1,3-4", 200, 0, 10000, "Content-Length: 10000\r\n"},
		{"lines=0-1", 200, 0, 10000, "Content-Length: 10000\r\n"},
		{"bytes=10000-", 416, 0, 0, "Content-Range: bytes */10000\r\n"},
		{"bytes=-0", 416, 0, 0, "Content-Range: bytes */10000\r\n"},
	};
	char text[256];

	lab_init();
	lab_start();
	lab_connect(1);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		snprintf(text, sizeof(text), "GET /b/k-10000 HTTP/1.1\r\n" HOST "Range: %s\r\n\r\n",
			rows[i].range);
		ask(text);
		CU_ASSERT_EQUAL(status(), rows[i].status);
		CU_ASSERT(got(rows[i].field));
		if (rows[i].n)
			CU_ASSERT(is_body("b", "k-10000", rows[i].off, rows[i].n));
	}
	ask("GET /b/k-0 HTTP/1.1\r\n" HOST "Range: bytes=0-5\r\n\r\n");
	CU_ASSERT_EQUAL(status(), 416);
	lab_close();
	lab_stop();
}

static void conditions(void)
{
	char etag[BODY_ETAG_MAX], text[256];

	lab_init();
	lab_start();
	lab_connect(1);
	body_etag(object("b", "k-10"), 10, 0, etag);
	snprintf(text, sizeof(text), "GET /b/k-10 HTTP/1.1\r\n" HOST "If-Match: %s\r\n\r\n", etag);
	ask(text);
	CU_ASSERT(status() == 200 && is_body("b", "k-10", 0, 10));
	snprintf(text, sizeof(text),
		"GET /b/k-10 HTTP/1.1\r\n" HOST "If-None-Match: \"x\", W/%s\r\n\r\n", etag);
	ask(text);
	CU_ASSERT(status() == 304 && is_body("b", "k-10", 0, 0));
	ask("GET /b/k-10 HTTP/1.1\r\n" HOST "If-Match: \"abc\"\r\n\r\n");
	CU_ASSERT(status() == 412 && got("PreconditionFailed"));
	ask("GET /b/k-10 HTTP/1.1\r\n" HOST "If-Match: *\r\n\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	put_as("k-10", "If-None-Match: *\r\n", "k-10", 10, -1);
	CU_ASSERT_EQUAL(stat("put"), 1);
	CU_ASSERT_EQUAL(stat("status_4xx"), 2);
	lab_close();
	lab_stop();
}

static void put(void)
{
	lab_init();
	lab_start();
	lab_connect(1);
	put_as("new", "", "new", 100000, -1);
	CU_ASSERT_EQUAL(status(), 200);
	CU_ASSERT_EQUAL(stat("bytes_in"), 100000);
	ask("GET /b/new HTTP/1.1\r\n" HOST "\r\n");
	lab_run(100);
	CU_ASSERT(is_body("b", "new", 0, 100000));
	put_as("bad", "", "bad", 5000, 4999);
	CU_ASSERT(status() == 400 && got("BadDigest"));
	CU_ASSERT_EQUAL(stat("bytes_wrong"), 1);
	put_as("bad", "", "bad", 5000, 10);
	CU_ASSERT_EQUAL(stat("bytes_wrong"), 1 + 4990);
	put_as("other", "", "new", 5000, -1); /* another object's bytes */
	CU_ASSERT_EQUAL(status(), 400);
	ask("GET /b/bad HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 404);
	put_as("empty", "", "empty", 0, -1);
	ask("HEAD /b/empty HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 200 && got("Content-Length: 0\r\n"));
	ask("PUT /b/x HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 411);
	ask("DELETE /b/new HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 204);
	ask("GET /b/new HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 404);
	ask("DELETE /b/k-10 HTTP/1.1\r\n" HOST "\r\n");
	ask("GET /b/k-10 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 404);
	put_as("k-10", "", "k-10", 10, -1);
	ask("GET /b/k-10 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	lab_close();
	lab_stop();
}

/* The bytes of the object as chunks of `chunk`, each line with `ext` behind the size. */
static size_t chunks(
	char *out, const char *key, uint32_t size, uint32_t chunk, const char *ext, const char *end)
{
	size_t n = 0;

	for (uint32_t at = 0; at < size; at += chunk) {
		uint32_t k = RTE_MIN(chunk, size - at);

		n += (size_t)sprintf(out + n, "%x%s\r\n", k, ext);
		body_copy(lab.g.body, object("b", key), at, k, out + n);
		n += k;
		n += (size_t)sprintf(out + n, "\r\n");
	}
	return n + (size_t)sprintf(out + n, "0%s\r\n%s\r\n", ext, end);
}

#define SIGNED ";chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"

static void framings(void)
{
	static char text[1 << 20], inner[1 << 20];
	char head[512];
	size_t n;

	lab_init();
	lab_start();
	lab_connect(1);
	ask("PUT /b/c HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
	n = chunks(text, "c", 50000, 700, ";x=1", "X-T: 1\r\n");
	send_bytes(text, n);
	lab_run(50);
	CU_ASSERT_EQUAL(status(), 200);
	CU_ASSERT_EQUAL(stat("bytes_in"), 50000);

	/* aws-chunked, signed, the length known */
	n = chunks(inner, "a", 200000, 65536, SIGNED, "");
	snprintf(head, sizeof(head),
		"PUT /b/a HTTP/1.1\r\n" HOST "Content-Encoding: aws-chunked\r\n"
		"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\r\n"
		"x-amz-decoded-content-length: 200000\r\nContent-Length: %zu\r\n\r\n",
		n);
	ask(head);
	send_bytes(inner, n);
	lab_run(100);
	CU_ASSERT_EQUAL(status(), 200);
	ask("HEAD /b/a HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(got("Content-Length: 200000\r\n"));

	/* aws-chunked with a trailer, inside chunked, as the SDKs do over TLS */
	n = chunks(inner, "t", 3000, 1000, "", "x-amz-checksum-crc32:sOO8/Q==\r\n");
	ask("PUT /b/t HTTP/1.1\r\n" HOST "Content-Encoding: aws-chunked\r\n"
	    "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\r\n"
	    "x-amz-trailer: x-amz-checksum-crc32\r\n"
	    "x-amz-decoded-content-length: 3000\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0; at < n; at += 100) {
		size_t k = RTE_MIN(100u, n - at);

		sprintf(text, "%zx\r\n", k);
		send_bytes(text, strlen(text));
		send_bytes(inner + at, k);
		send_bytes("\r\n", 2);
	}
	send_bytes("0\r\n\r\n", 5);
	lab_run(50);
	CU_ASSERT_EQUAL(status(), 200);
	CU_ASSERT_EQUAL(stat("bytes_wrong"), 0);
	lab_close();
	lab_stop();
}

static void framings_wrong(void)
{
	static char inner[1 << 20];
	char head[512];
	size_t n;

	lab_init();
	lab_start();
	lab_connect(1);
	/* shorter than announced */
	n = chunks(inner, "s", 2999, 1000, "", "");
	snprintf(head, sizeof(head),
		"PUT /b/s HTTP/1.1\r\n" HOST "x-amz-content-sha256: STREAMING-X\r\n"
		"x-amz-decoded-content-length: 3000\r\nContent-Length: %zu\r\n\r\n",
		n);
	ask(head);
	send_bytes(inner, n);
	lab_run(50);
	CU_ASSERT(status() == 400 && got("IncompleteBody"));

	/* no chunks at all */
	ask("PUT /b/s HTTP/1.1\r\n" HOST "x-amz-content-sha256: STREAMING-X\r\n"
	    "Content-Length: 5\r\n\r\nhello");
	CU_ASSERT_EQUAL(status(), 411);
	ask("PUT /b/s HTTP/1.1\r\n" HOST "x-amz-content-sha256: STREAMING-X\r\n"
	    "x-amz-decoded-content-length: 5\r\nContent-Length: 5\r\n\r\nhello");
	CU_ASSERT(status() == 400 && got("IncompleteBody"));
	ask("PUT /b/s HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nhello");
	CU_ASSERT(status() == 400 && got("Connection: close"));
	lab_close();
	lab_stop();
}

static unsigned long long upload_create(const char *fields)
{
	unsigned long long id = 0;
	char text[256];
	const char *at;

	snprintf(text, sizeof(text), "POST /b/m?uploads HTTP/1.1\r\n" HOST "%s\r\n", fields);
	ask(text);
	at = strstr(lab.in, "<UploadId>");
	CU_ASSERT_FATAL(status() == 200 && at != NULL);
	CU_ASSERT_EQUAL(sscanf(at, "<UploadId>%llx<", &id), 1);
	return id;
}

/* Part number, of `size` bytes from off on; its ETag. */
static const char *upload_part(unsigned long long id, unsigned number, uint32_t off, uint32_t size)
{
	static char text[200000], etag[BODY_ETAG_MAX];
	int n = snprintf(text, sizeof(text),
		"PUT /b/m?partNumber=%u&uploadId=%016llx HTTP/1.1\r\n" HOST
		"Content-Length: %u\r\n\r\n",
		number, id, size);
	const char *at;

	ask("");
	body_copy(lab.g.body, object("b", "m"), off, size, text + n);
	lab.n = 0;
	send_bytes(text, (size_t)n + size);
	lab_run(60);
	at = strstr(lab.in, "ETag: ");
	return at && sscanf(at, "ETag: %47s", etag) == 1 ? etag : NULL;
}

static void upload_complete(unsigned long long id, const char *list)
{
	char text[2048];
	int n = snprintf(text, sizeof(text),
		"POST /b/m?uploadId=%016llx HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s", id,
		strlen(list), list);

	CU_ASSERT((size_t)n < sizeof(text));
	ask(text);
}

#define LIST "<?xml version=\"1.0\"?>\n<CompleteMultipartUpload xmlns=\"http://x/\">"
#define PART "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>"

static void multipart(void)
{
	char one[BODY_ETAG_MAX], two[BODY_ETAG_MAX], list[1024];
	unsigned long long id;

	lab_init();
	lab_start();
	lab_connect(1);
	id = upload_create(ORIGIN_PART_HEADER ": 100000\r\n");
	strcpy(two, upload_part(id, 2, 100000, 500));
	strcpy(one, upload_part(id, 1, 0, 100000));
	CU_ASSERT_PTR_NULL(upload_part(id, 3, 0, 10)); /* that is not its place */
	CU_ASSERT_EQUAL(status(), 400);
	CU_ASSERT_PTR_NULL(upload_part(id + 1, 1, 0, 10));
	CU_ASSERT_EQUAL(status(), 404);

	snprintf(list, sizeof(list), LIST PART PART "</CompleteMultipartUpload>", 1, one, 1, one);
	upload_complete(id, list);
	CU_ASSERT(status() == 400 && got("InvalidPartOrder"));
	snprintf(list, sizeof(list), LIST PART PART "</CompleteMultipartUpload>", 1, one, 3, two);
	upload_complete(id, list);
	CU_ASSERT(status() == 400 && got("InvalidPart"));
	snprintf(list, sizeof(list), LIST PART "</CompleteMultipartUpload>", 2, two); /* a hole */
	upload_complete(id, list);
	CU_ASSERT(status() == 400 && got("InvalidPart"));
	upload_complete(id, "<CompleteMultipartUpload></CompleteMultipartUpload>");
	CU_ASSERT(status() == 400 && got("MalformedXML"));
	upload_complete(id, "hello");
	CU_ASSERT(status() == 400 && got("MalformedXML"));
	ask("GET /b/m HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 404);

	snprintf(list, sizeof(list), LIST PART PART "</CompleteMultipartUpload>", 1, one, 2, two);
	upload_complete(id, list);
	CU_ASSERT(status() == 200 && got("-2\"</ETag>"));
	upload_complete(id, list);
	CU_ASSERT_EQUAL(status(), 404);
	ask("GET /b/m HTTP/1.1\r\n" HOST "\r\n");
	lab_run(100);
	CU_ASSERT(is_body("b", "m", 0, 100500) && got("-2\"\r\n"));
	CU_ASSERT_EQUAL(stat("parts_unverified"), 0);

	id = upload_create("");
	CU_ASSERT_PTR_NOT_NULL(upload_part(id, 2, 5, 100));
	CU_ASSERT_EQUAL(stat("parts_unverified"), 1);
	snprintf(list, sizeof(list), "DELETE /b/m?uploadId=%llx HTTP/1.1\r\n" HOST "\r\n", id);
	ask(list);
	CU_ASSERT_EQUAL(status(), 204);
	ask(list);
	CU_ASSERT_EQUAL(status(), 404);
	lab_close();
	lab_stop();
}

static unsigned keys(void)
{
	unsigned n = 0;

	for (const char *p = lab.in; (p = strstr(p, "<Key>")); p++)
		n++;
	return n;
}

static void listing(void)
{
	char token[128], text[256];

	lab_init();
	lab_start();
	lab_connect(1);
	/* nothing was put: objects that could be read */
	ask("GET /b?list-type=2&prefix=t%2F&max-keys=3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(keys() == 3 && got("<Key>t/00000000-") && got("<Key>t/00000002-"));
	CU_ASSERT(got("<IsTruncated>true</IsTruncated>"));
	CU_ASSERT_EQUAL(sscanf(strstr(lab.in, "<NextContinuationToken>"),
				"<NextContinuationToken>%127[^<]", token),
		1);
	snprintf(text, sizeof(text),
		"GET /b?list-type=2&prefix=t%%2F&continuation-token=%s&max-keys=1000 "
		"HTTP/1.1\r\n" HOST "\r\n",
		token);
	ask(text);
	lab_run(100);
	CU_ASSERT(keys() == 1000 && got("<Key>t/00000003-") && got("<Key>t/00001002-"));

	put_as("p/a/2", "", "p/a/2", 5, -1);
	put_as("p/b", "", "p/b", 6, -1);
	put_as("p/a/1", "", "p/a/1", 7, -1);
	put_as("q", "", "q", 8, -1);
	ask("GET /b?list-type=2&prefix=p/ HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(keys() == 3 && got("<IsTruncated>false") && got("<KeyCount>3</KeyCount>"));
	CU_ASSERT(strstr(lab.in, "p/a/1") < strstr(lab.in, "p/a/2"));
	CU_ASSERT(strstr(lab.in, "p/a/2") < strstr(lab.in, "<Key>p/b<") && got("<Size>7</Size>"));
	ask("GET /b?list-type=2&prefix=p/&delimiter=%2f&max-keys=1 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(keys() == 0 && got("<CommonPrefixes><Prefix>p/a/</Prefix>"));
	CU_ASSERT(got("<NextContinuationToken>p/a/</NextContinuationToken>"));
	ask("GET /b?list-type=2&prefix=p/&delimiter=/&continuation-token=p/a/ HTTP/1.1\r\n" HOST
	    "\r\n");
	CU_ASSERT(keys() == 1 && got("<Key>p/b</Key>") && !strstr(lab.in, "CommonPrefixes"));
	ask("GET /b?list-type=2&start-after=p/b HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(keys() == 1 && got("<Key>q</Key>"));
	ask("DELETE /b/q HTTP/1.1\r\n" HOST "\r\n");
	ask("GET /b?list-type=2&start-after=p/b HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(keys(), 0);
	ask("GET /b?list-type=2&max-keys=0 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(keys() == 0 && got("<IsTruncated>false"));
	ask("GET /b?list-type=2&max-keys=x HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 400);
	lab_close();
	lab_stop();
}

static const struct unit_case cases[] = {UNIT_CASE(get), UNIT_CASE(names), UNIT_CASE(ranges),
	UNIT_CASE(conditions), UNIT_CASE(put), UNIT_CASE(framings), UNIT_CASE(framings_wrong),
	UNIT_CASE(multipart), UNIT_CASE(listing)};
UNIT_MAIN(cases)
