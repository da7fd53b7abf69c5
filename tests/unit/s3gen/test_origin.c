/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Origins on the real TCP; the client, played by hand, is on the same instance and its packets come
 * straight back. Virtual time, 1 ms a step.
 */
#include "origin.h"
#include "body.h"
#include "unit.h"

#define N_DATA 8192
#define WIRE   1024
#define IN_MAX (4u << 20)

static struct lab {
	struct gen_origins conf[2];
	struct gen_conf gen_conf;
	struct gen g;
	struct origin *origin;
	struct tcp_conn *client; /* NULL: closed */
	struct tcp_conn *second;
	bool eof, dead;
	int error;
	uint16_t port;
	char in[IN_MAX + 1];
	size_t n;
} lab;

/* ---- what lib/net and lib/port would say ---- */

int net_addr_port(const struct net *n, const struct ip_addr *a)
{
	return 0;
}

uint16_t port_mtu(const struct port *p)
{
	return 1500;
}

const struct port_caps *port_caps(const struct port *p)
{
	static const struct port_caps none;

	return &none;
}

/* ---- the lab ---- */

static struct ip_endpoint node_at(uint8_t i)
{
	return (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, i}), 9000};
}

static void lab_init(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.conf[0] = (struct gen_origins){.name = "o", .n_listen = 1};
	lab.conf[0].listen[0] = node_at(1);
	lab.conf[1] = (struct gen_origins){.name = "p", .n_listen = 1};
	lab.conf[1].listen[0] = node_at(2);
	lab.gen_conf = (struct gen_conf){
		.tcp = {.send_buffer = 1 << 20}, .origins = lab.conf, .n_origins = 2};
	lab.port = 2000;
}

static void lab_start(void)
{
	static unsigned serial;
	struct tcp_config cfg = {.conns = 64,
		.syns = 64,
		.time_waits = 64,
		.exts = 64,
		.rcv_limit = 1 << 20,
		.snd_limit = 1 << 20,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 1000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
	struct err e = {""};
	char name[16];

	unit_eal();
	snprintf(name, sizeof(name), "t%u", serial++);
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&lab.g.pools, name, N_DATA, SOCKET_ID_ANY), 0);
	lab.g.conf = &lab.gen_conf;
	lab.g.now = CLOCK_US_PER_MS;
	rand_seed(&lab.g.rnd, 5);
	lab.g.body = body_create(1, SOCKET_ID_ANY);
	lab.g.tcp = tcp_create(&cfg, &lab.g.pools, lab.g.now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.g.tcp);
	lab.origin = origin_create(&lab.g, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.origin);
}

static void lab_stop(void)
{
	origin_destroy(lab.origin);
	tcp_destroy(lab.g.tcp);
	UNIT_NO_LEAK(&lab.g.pools);
	buf_pools_destroy(&lab.g.pools);
	body_destroy(lab.g.body);
}

/* A copy in fresh buffers, as a port would make it. */
static struct rte_mbuf *carry(const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(lab.g.pools.data);

	CU_ASSERT_PTR_NOT_NULL_FATAL(copy);
	*pkt_meta(copy) = *pkt_meta((struct rte_mbuf *)(uintptr_t)m);
	copy->data_len = (uint16_t)m->pkt_len;
	copy->pkt_len = m->pkt_len;
	for (char *to = rte_pktmbuf_mtod(copy, char *); m; m = m->next) {
		memcpy(to, rte_pktmbuf_mtod(m, const char *), m->data_len);
		to += m->data_len;
	}
	return copy;
}

static void client_event(struct tcp_conn *c, uint8_t ev)
{
	uint32_t n = c->rx.bytes;

	if (n && lab.n + n <= IN_MAX) {
		buf_chain_read(&c->rx, 0, n, lab.in + lab.n);
		lab.n += n;
		lab.in[lab.n] = '\0';
	}
	buf_chain_consume(&c->rx, n);
	if (ev & TCP_EV_FIN)
		lab.eof = true;
	if (ev & TCP_EV_DEAD) {
		lab.dead = true;
		lab.error = c->error;
		tcp_release(lab.g.tcp, c);
		lab.client = NULL;
	} else {
		tcp_consumed(lab.g.tcp, c);
	}
}

static void events(void)
{
	struct tcp_conn *c;
	uint8_t ev;

	while ((c = tcp_ready_take(lab.g.tcp, &ev))) {
		if (ev & TCP_EV_ACCEPT && !origin_accept(lab.origin, c))
			continue;
		if (c->listener == 0xff)
			client_event(c, ev);
		else
			origin_ready(lab.origin, c, ev);
	}
}

static void lab_run(unsigned ms)
{
	struct rte_mbuf *wire[WIRE];
	uint16_t n;

	while (ms-- > 0) {
		lab.g.now += CLOCK_US_PER_MS;
		tcp_tick(lab.g.tcp, UINT32_MAX, lab.g.now);
		events();
		origin_tick(lab.origin, lab.g.now);
		n = tcp_output(lab.g.tcp, wire, WIRE, lab.g.now);
		for (uint16_t i = 0; i < n; i++) {
			struct rte_mbuf *m = carry(wire[i]);

			rte_pktmbuf_free(wire[i]);
			tcp_input(lab.g.tcp, &m, 1, lab.g.now);
		}
	}
}

static void lab_connect(uint8_t node)
{
	const struct tcp_path path = {.mtu = 1500};
	struct ip_endpoint from = {ip_from_v4((uint8_t[]){10, 0, 0, 100}), lab.port++}, to;
	int error;

	to = node_at(node);
	lab.eof = lab.dead = false;
	lab.error = 0;
	lab.n = 0;
	lab.client = tcp_connect(lab.g.tcp, &from, &to, &path, &lab, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.client);
	lab_run(5);
}

static void lab_close(void)
{
	if (lab.client)
		tcp_release(lab.g.tcp, lab.client);
	lab.client = NULL;
	lab_run(10);
}

static void send_bytes(const void *p, size_t n)
{
	struct buf_chain c = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.client);
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&c, p, (uint32_t)n, lab.g.pools.data), 0);
	CU_ASSERT_EQUAL_FATAL(tcp_send(lab.g.tcp, lab.client, &c), 0);
}

/* Send, and read what comes. Reconnects when the last answer closed. */
static const char *ask(const char *text)
{
	if (!lab.client || lab.eof) {
		lab_close();
		lab_connect(1);
	}
	lab.n = 0;
	lab.in[0] = '\0';
	send_bytes(text, strlen(text));
	lab_run(40);
	return lab.in;
}

static bool got(const char *part)
{
	bool has = strstr(lab.in, part) != NULL;

	if (!has)
		printf("\n no '%s' in: %.*s\n", part, (int)RTE_MIN(lab.n, 600u), lab.in);
	return has;
}

static unsigned status(void)
{
	unsigned s = 0;

	return sscanf(lab.in, "HTTP/1.1 %u", &s) == 1 ? s : 0;
}

static const char *content(size_t *n)
{
	const char *end = strstr(lab.in, "\r\n\r\n");

	*n = end ? lab.n - (size_t)(end + 4 - lab.in) : 0;
	return end ? end + 4 : NULL;
}

static uint64_t object(const char *bucket, const char *key)
{
	return body_object(lab.g.body, span_str(bucket), span_str(key));
}

/* The answer's content is these bytes of the object. */
static bool is_body(const char *bucket, const char *key, uint64_t off, uint32_t n)
{
	size_t len;
	const char *p = content(&len);

	return p && len == n && body_check(lab.g.body, object(bucket, key), off, p, n) == n;
}

static uint64_t stat(const char *name)
{
	struct stat_block b = origin_stats(lab.origin);

	for (unsigned i = 0; i < b.n; i++)
		if (strcmp(b.names[i].name, name) == 0)
			return b.values[i];
	CU_FAIL_FATAL("no such counter");
	return 0;
}

#define HOST "Host: h\r\n"

/* PUT with this framing of size bytes of the object; at `flip` a wrong byte. */
static void put_as(const char *target, const char *fields, const char *key, uint32_t size, int flip)
{
	static uint8_t bytes[1 << 20];
	char head[512];

	body_copy(lab.g.body, object("b", key), 0, size, bytes);
	if (flip >= 0)
		bytes[flip] ^= 1;
	snprintf(head, sizeof(head), "PUT /b/%s HTTP/1.1\r\n" HOST "%sContent-Length: %u\r\n\r\n",
		target, fields, size);
	ask(head);
	lab.n = 0;
	send_bytes(bytes, size);
	lab_run(100);
}

/* ---- cases ---- */

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

static void expect(void)
{
	char text[256];

	lab_init();
	lab_start();
	lab_connect(1);
	ask("PUT /b/e HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT_STRING_EQUAL(lab.in, "HTTP/1.1 100 Continue\r\n\r\n");
	body_copy(lab.g.body, object("b", "e"), 0, 8, text);
	lab.n = 0;
	send_bytes(text, 8);
	lab_run(10);
	CU_ASSERT_EQUAL(status(), 200);
	/* the answer is known before the body */
	ask("PUT /b/e?uploadId=77&partNumber=1 HTTP/1.1\r\n" HOST
	    "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT(status() == 404 && got("NoSuchUpload") && got("Connection: close") && lab.eof);
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

static void connection(void)
{
	size_t n;

	lab_init();
	lab_start();
	lab_connect(1);
	/* a pipeline is answered in order */
	ask("HEAD /b/a-1 HTTP/1.1\r\n" HOST "\r\nHEAD /b/a-22 HTTP/1.1\r\n" HOST
	    "\r\nGET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(lab.in, "Length: 22\r\n"));
	CU_ASSERT(strstr(lab.in, "Length: 1\r\n") < strstr(lab.in, "Length: 22\r\n"));
	CU_ASSERT(strstr(lab.in, "Length: 22\r\n") < strstr(lab.in, "Length: 3\r\n"));
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	CU_ASSERT(got("Connection: close\r\n") && is_body("b", "a-3", 0, 3) && lab.eof);
	lab_close();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.0\r\n\r\n");
	CU_ASSERT(is_body("b", "a-3", 0, 3) && lab.eof);
	ask("what is this\r\n\r\n");
	CU_ASSERT(status() == 400 && lab.eof);
	CU_ASSERT_EQUAL(stat("refused"), 1);
	/* half-closed behind the request */
	lab_close();
	lab_connect(1);
	send_bytes("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n", 32);
	tcp_shutdown(lab.g.tcp, lab.client);
	lab_run(20);
	CU_ASSERT(status() == 200 && lab.eof && content(&n) && n == 3);
	lab_close();
	lab_stop();
}

#define ALWAYS UINT32_MAX

static void faults_of_status(void)
{
	lab_init();
	lab.conf[0].fault.slow_down = ALWAYS;
	lab.conf[1].fault.error = ALWAYS;
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 503 && got("<Code>SlowDown</Code>") && got("Retry-After: 1"));
	put_as("x", "", "x", 10, -1);
	CU_ASSERT_EQUAL(status(), 503);
	ask("PUT /b/e HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT(status() == 503 && lab.eof);
	CU_ASSERT_EQUAL(stat("fault_slow_down"), 3);
	lab_close();
	lab_connect(2);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 500 && got("InternalError"));
	lab_close();
	lab_stop();
}

static size_t body_with(struct gen_faults fault, unsigned ms)
{
	size_t n;

	lab_init();
	lab.conf[0].fault = fault;
	lab_start();
	lab_connect(1);
	ask("GET /b/k-100000 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(ms);
	content(&n);
	return n;
}

static void faults_of_bodies(void)
{
	size_t n = body_with((struct gen_faults){.reset = ALWAYS}, 100);

	CU_ASSERT(n < 100000 && lab.dead && lab.error == ECONNRESET);
	CU_ASSERT_EQUAL(stat("fault_reset"), 1);
	lab_stop();

	n = body_with((struct gen_faults){.truncate = ALWAYS}, 100);
	CU_ASSERT(n < 100000 && lab.eof && !lab.dead);
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.stall = ALWAYS, .stall_ms = 3000}, 1000);
	CU_ASSERT(n < 100000 && !lab.eof);
	lab_run(3000);
	CU_ASSERT(is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.drip = ALWAYS, .drip_rate = 20000}, 960);
	CU_ASSERT(n > 18000 && n < 22000);
	lab_run(5000);
	CU_ASSERT(is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.corrupt = ALWAYS}, 100);
	CU_ASSERT(n == 100000 && !is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();
}

static void service_time(void)
{
	lab_init();
	lab.conf[0].service = (struct gen_time){.us = 300000, .shape = GEN_FIXED};
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(240);
	CU_ASSERT_EQUAL(lab.n, 0);
	lab_run(40);
	CU_ASSERT(is_body("b", "a-3", 0, 3));
	lab_close();
	lab_stop();
}

static void crash(void)
{
	lab_init();
	lab.conf[0].fault = (struct gen_faults){.crash_ms = 500, .return_ms = 1000};
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	lab_run(500);
	CU_ASSERT(lab.dead && lab.error == ECONNRESET);
	CU_ASSERT_EQUAL(stat("fault_crash_conns"), 1);
	lab_connect(1);
	CU_ASSERT(lab.dead && lab.error == ECONNREFUSED);
	lab_connect(2); /* the other node lives */
	CU_ASSERT(!lab.dead);
	lab_close();
	lab_run(600);
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(is_body("b", "a-3", 0, 3));
	CU_ASSERT_EQUAL(stat("fault_crash"), 1);
	lab_close();
	lab_stop();
}

/* Without slices a body waits for them. */
static void no_buffers(void)
{
	static struct rte_mbuf *held[3 * N_DATA];
	unsigned n = 0;

	lab_init();
	lab_start();
	lab_connect(1);
	while (n < RTE_DIM(held) && (held[n] = rte_pktmbuf_alloc(lab.g.pools.indirect)))
		n++;
	ask("GET /b/k-1000 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(!is_body("b", "k-1000", 0, 1000));
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
	lab_run(500);
	CU_ASSERT(is_body("b", "k-1000", 0, 1000));
	lab_close();
	lab_stop();
}

static const struct unit_case cases[] = {UNIT_CASE(get), UNIT_CASE(names), UNIT_CASE(ranges),
	UNIT_CASE(conditions), UNIT_CASE(put), UNIT_CASE(framings), UNIT_CASE(expect),
	UNIT_CASE(multipart), UNIT_CASE(listing), UNIT_CASE(connection),
	UNIT_CASE(faults_of_status), UNIT_CASE(faults_of_bodies), UNIT_CASE(service_time),
	UNIT_CASE(crash), UNIT_CASE(no_buffers)};
UNIT_MAIN(cases)
