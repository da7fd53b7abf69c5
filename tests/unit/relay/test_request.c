/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

#define PUT_5   "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\nhello"
#define POST_5  "POST /b/k?uploadId=1 HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\nhello"
#define EMPTY   "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define EXPECT  "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
#define HUNDRED "HTTP/1.1 100 Continue\r\n\r\n"

static void get_goes_through(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, GET);
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_answer(n, c, OK_5);
	CU_ASSERT_FALSE(c->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_status_2xx), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_req), strlen(GET));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_rsp), strlen(OK_5));
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_status_2xx], 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_bytes_in], strlen(OK_5));
	CU_ASSERT_EQUAL(lab_member(0)->total.count, 1);
	lab_stop();
}

static void ipv6_both_sides(void)
{
	struct peer *c, *n;

	lab_init(2);
	lab.listener.forwarded = true;
	lab_v6();
	lab.listening[0] = -1;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 1, PUT_5);
	CU_ASSERT_TRUE(peer_has(n, "\r\nX-Forwarded-For: 2001:db8:9::1\r\n"));
	lab_answer(n, c, EMPTY);
	lab_stop();
}

static void head_bytes_pass_unaltered(void)
{
	static const char *const head =
		"GET /b/%2Fa//b+c/%C3%BC?x=1&x=%20&X-Amz-Signature=ab HTTP/1.1\r\nhOST:s3 \r\n"
		"x-amz-date: 20260101T000000Z\r\nX-Odd:   spaced\t out  \r\nAccept-Encoding: "
		"identity\r\n"
		"Authorization: AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host;x-amz-date, "
		"Signature=00\r\n\r\n";
	struct peer *c, *n;

	c = lab_up(1);
	for (size_t i = 0; i < strlen(head); i += 19) { /* in pieces: the scan is incremental */
		peer_bytes(c, head + i, RTE_MIN(19, strlen(head) - i));
		lab_run(2);
	}
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, head));
	lab_stop();
}

static void added_fields_only_if_configured(void)
{
	struct peer *c, *n;

	for (unsigned tls = 0; tls < 2; tls++) {
		lab_init(1);
		lab.front_tls = tls;
		lab.listener.forwarded = lab.listener.request_id = true;
		lab_start();
		c = lab_client();
		n = lab_ask(c, 0,
			"GET / HTTP/1.1\r\nHost: s3\r\nConnection: keep-alive, x-hop\r\n"
			"X-Hop: 1\r\n\r\n");
		CU_ASSERT_TRUE(peer_has(n, "\r\nX-Forwarded-For: 10.9.0.1\r\n"));
		CU_ASSERT_TRUE(peer_has(n, tls ? "\r\nX-Forwarded-Proto: https\r\nX-Request-Id: "
					       : "\r\nX-Forwarded-Proto: http\r\nX-Request-Id: "));
		CU_ASSERT_FALSE(peer_has(n, "onnection"));
		CU_ASSERT_FALSE(peer_has(n, "X-Hop"));
		lab_stop();
	}
}

/* A body of some MB each way through windows of 64 KB; nothing may be altered or lost. */
static void big_put_streams(void)
{
	size_t size = 3 << 20, sent = 0;
	char *body = malloc(size);
	struct peer *c, *n;
	char head[128];

	pattern_fill(body, size, 1);
	c = lab_up(1);
	snprintf(head, sizeof(head), "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: %zu\r\n\r\n",
		size);
	n = lab_ask(c, 0, head);
	CU_ASSERT_TRUE(peer_got(n, head));
	for (unsigned i = 0; i < 2000 && n->n < size; i++) {
		for (; sent < size && c->conn->tx.bytes < 65536; sent += 8192)
			peer_bytes(c, body + sent, RTE_MIN(8192, size - sent));
		lab_run(1);
		CU_ASSERT_FATAL(buf_pools_in_use(&lab.pools) < 600); /* flat */
	}
	CU_ASSERT_EQUAL_FATAL(n->n, size);
	CU_ASSERT_EQUAL(memcmp(n->in, body, size), 0);
	lab_answer(n, c, EMPTY);
	free(body);
	lab_stop();
}

static void chunked_put_with_trailers_passes_as_it_is(void)
{
	static const char *const put =
		"PUT /b/k HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: chunked\r\n"
		"Content-Encoding: aws-chunked\r\nx-amz-trailer: x-amz-checksum-crc32\r\n\r\n"
		"57;chunk-signature=0123\r\n0123456789012345678901234567890123456789"
		"01234567890123456789012345678901234567890123456\r\n"
		"0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n";
	struct peer *c, *n;

	c = lab_up(1);
	peer_bytes(c, put, strlen(put) - 20);
	lab_run(4);
	peer_bytes(c, put + strlen(put) - 20, 20);
	peer_send(c, GET); /* the next one in the pipeline is not the body's */
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, put));
	lab_answer(n, c, EMPTY);
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_stop();
}

static void expect_goes_end_to_end(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, EXPECT);
	CU_ASSERT_TRUE(peer_got(n, EXPECT));
	lab_run(100);
	CU_ASSERT_EQUAL(c->n, 0); /* the 100 is the node's to give */
	lab_answer(n, c, HUNDRED);
	peer_send(c, "hello");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(n, "hello"));
	lab_answer(n, c, EMPTY);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_interim), 1);
	CU_ASSERT_EQUAL(lab_member(0)->idle, 1);
	lab_stop();
}

/* The node refuses before the body: the client is told, and neither connection goes on. */
static void final_status_instead_of_100(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, EXPECT);
	peer_clear(n);
	peer_send(n, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(
		c, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(lab_member(0)->idle, 0);
	peer_send(c, "hello"); /* a client that sends it all the same is not reset */
	lab_run(5);
	CU_ASSERT_FALSE(c->dead);
	CU_ASSERT_EQUAL(n->n, 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_discarded), 5);
	peer_fin(c);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void refused_connect_tries_the_next(void)
{
	struct peer *c, *n;

	lab_init(3);
	lab.listening[0] = lab.listening[1] = -1;
	lab_start();
	c = lab_client();
	peer_send(c, PUT_5);
	lab_run(20);
	n = lab_node(2);
	CU_ASSERT_TRUE(peer_got(n, PUT_5));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 2);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
	CU_ASSERT_EQUAL(lb_member_state(lab_member(1)), LB_DOWN);
	lab_answer(n, c, EMPTY);
	/* while they are on hold nobody tries them */
	peer_send(c, GET);
	lab_run(20);
	CU_ASSERT_TRUE(peer_got(n, GET));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 2);
	lab_stop();
}

static void no_route_tries_the_next(void)
{
	struct peer *c, *n;

	lab_init(2);
	lab.unreachable[0] = true;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 1, GET);
	CU_ASSERT_TRUE(peer_got(n, GET));
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
	lab_stop();
}

static void nobody_left_is_503(void)
{
	struct peer *c;

	lab_init(2);
	lab.listening[0] = -1;
	lab.unreachable[1] = true;
	lab_start();
	c = lab_client();
	peer_send(c, "GET /b/a%20k HTTP/1.1\r\nHost: s3\r\n\r\n");
	lab_run(20);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 "));
	CU_ASSERT_TRUE(peer_has(c, "\r\nRetry-After: "));
	CU_ASSERT_TRUE(peer_has(c, "<Code>ServiceUnavailable</Code>"));
	CU_ASSERT_TRUE(peer_has(c, "<Resource>/b/a%20k</Resource>"));
	CU_ASSERT_TRUE(peer_has(c, "<RequestId>"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_no_member), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_status_5xx), 1);
	lab_stop();
}

static void retries_are_limited(void)
{
	struct peer *c;

	lab_init(4);
	lab.pool.retries = 1;
	for (unsigned i = 0; i < 4; i++)
		lab.listening[i] = -1;
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(50);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 2);
	lab_stop();
}

static void connect_timeout_tries_the_next(void)
{
	struct peer *c, *n;

	lab_init(2);
	lab.black_hole[0] = true;
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(lab.pool.connect_timeout_ms - 20);
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	lab_run(20);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, GET));
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
	lab_stop();
}

/* Reset after the handshake, before a byte of the request was acknowledged: it moves, body and
 * all, although it may not be repeated. */
static void untouched_put_moves_to_the_next(void)
{
	struct peer *c, *n;

	lab_init(2);
	lab.back_tls = false; /* whose handshake is data */
	lab_start();
	lab.lose_data = true;
	c = lab_client();
	peer_send(c, PUT_5);
	lab_run(1500); /* a SYN-ACK again, and its ACK */
	n = lab_node(0);
	peer_reset(n);
	lab.lose_data = false;
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, PUT_5));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_retries], 1);
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* The idle race, with a single member: a fresh connection to it is tried. */
static void stale_idle_connection(bool tls, bool fin)
{
	struct peer *c, *n;

	lab_init(1);
	lab.back_tls |= tls;
	lab_start();
	c = lab_client();
	n = lab_one_get(c, 0);
	lab.lose_data = true;
	peer_send(c, PUT_5);
	lab_run(4);
	if (fin)
		peer_release(n);
	else
		peer_reset(n);
	lab_run(4);
	lab.lose_data = false;
	lab_run(400); /* FIN: our retransmission meets the RST */
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, PUT_5));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
	CU_ASSERT_EQUAL(lb_member_state(lab_member(0)), LB_UP);
	lab_answer(n, c, EMPTY);
	lab_stop();
}

static void stale_idle_connection_is_hidden(void)
{
	for (unsigned how = 0; how < 4; how++)
		stale_idle_connection(how & 1, how & 2);
}

/* A body in many pieces, more of it to come: what was given moves as far as it got. */
static void stale_idle_connection_in_a_body(void)
{
	char body[60000];
	struct peer *c, *n;

	pattern_fill(body, sizeof(body), 8);
	for (unsigned tls = 0; tls < 2; tls++) {
		lab_init(1);
		lab.back_tls |= tls;
		lab_start();
		c = lab_client();
		n = lab_one_get(c, 0);
		lab.lose_data = true;
		peer_send(c, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 60000\r\n\r\n");
		peer_bytes(c, body, 30000);
		lab_run(10);
		peer_reset(n);
		lab.lose_data = false;
		peer_bytes(c, body + 30000, 30000);
		lab_run(4);
		n = lab_node(0);
		lab_run(100);
		CU_ASSERT_TRUE(n->n > 60000 && memcmp(n->in + n->n - 60000, body, 60000) == 0);
		CU_ASSERT_TRUE(peer_has(n, "PUT / HTTP/1.1"));
		lab_answer(n, c, EMPTY);
		lab_stop();
	}
}

/* One dead idle connection is enough to distrust the others. */
static void one_idle_connection(bool tls)
{
	struct peer *c, *d, *n, *m;

	lab_init(1);
	lab.back_tls |= tls;
	lab_start();
	c = lab_client();
	d = lab_client();
	peer_send(c, GET);
	n = lab_accepted(0);
	peer_send(d, GET);
	m = lab_accepted(0);
	CU_ASSERT_TRUE_FATAL(n && m);
	peer_send(n, OK_5);
	peer_send(m, OK_5);
	lab_run(100);
	CU_ASSERT_EQUAL(lab_info().backs_idle, 2);
	peer_send(c, PUT_5);
	lab_run(1);
	peer_reset(m); /* the newest */
	peer_clear(n);
	lab_run(5);
	CU_ASSERT_EQUAL(n->n, 0);
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, PUT_5));
	lab_stop();
}

static void only_one_idle_connection_is_tried(void)
{
	one_idle_connection(false);
	one_idle_connection(true);
}

/* Accepted by the node's kernel and then reset: a GET may be sent again, a POST never. */
static void safe_request_is_repeated(void)
{
	struct peer *c, *n;

	c = lab_up(2);
	peer_send(c, GET GET); /* the second waits behind the kept head */
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_run(100); /* a delayed ACK */
	peer_reset(n);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, GET));
	peer_send(n, OK_5);
	lab_run(6);
	CU_ASSERT_TRUE(peer_got(c, OK_5));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
	lab_stop();
}

static void accepted_post_is_never_repeated(void)
{
	struct peer *c, *n;

	c = lab_up(2);
	n = lab_ask(c, 0, POST_5);
	CU_ASSERT_TRUE(peer_got(n, POST_5));
	peer_release(n);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_lost), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_resets], 1);
	lab_stop();
}

static void silent_member_is_504(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, GET);
	lab_run(lab.pool.response_timeout_ms - 50);
	CU_ASSERT_EQUAL(c->n, 0);
	lab_run(200); /* the node's delayed ACK was progress */
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_timeout), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_timeouts], 1);
	lab_stop();
}

static void silent_body_is_408(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	peer_bytes(c, PUT_5, strlen(PUT_5) - 2);
	n = lab_node(0);
	lab_run(lab.listener.body_timeout_ms - 50);
	CU_ASSERT_EQUAL(c->n, 0);
	peer_send(c, "l"); /* progress begins it anew */
	lab_run(lab.listener.body_timeout_ms - 50);
	CU_ASSERT_EQUAL(c->n, 0);
	lab_run(100);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 408 "));
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(n->error, ECONNRESET); /* not a FIN: that could pass for the end */
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_body_timeout), 1);
	lab_stop();
}

/* The node stops reading in the middle of a body, then never says 100. */
static void member_that_takes_no_body_is_504(void)
{
	char *body = calloc(1, 300000);
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 300000\r\n\r\n");
	n->no_read = true;
	peer_bytes(c, body, 300000);
	lab_run(lab.listener.body_timeout_ms - 200);
	CU_ASSERT_TRUE(buf_pools_in_use(&lab.pools) < 400);
	CU_ASSERT_EQUAL(c->n, 0);
	lab_run(600);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_timeout), 1);
	lab_stop();

	c = lab_up(1);
	peer_send(c, EXPECT);
	lab_run(lab.pool.response_timeout_ms - 50);
	CU_ASSERT_EQUAL(c->n, 0);
	lab_run(200);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
	free(body);
	lab_stop();
}

static void truncated_body_is_400(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	peer_bytes(c, PUT_5, strlen(PUT_5) - 2);
	n = lab_node(0);
	peer_fin(c);
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 400 "));
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_truncated), 1);
	lab_run(10);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void bad_chunk_is_400(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0,
		"PUT / HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
	peer_send(c, "zz");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 400 "));
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_refused), 1);
	CU_ASSERT_EQUAL(relay_refusals_req(lab.relay).values[HTTP_E_chunk_size - 1], 1);
	lab_stop();
}

static void client_reset_ends_the_back(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_ask(c, 0, GET);
	peer_reset(c);
	lab_run(5);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_reset), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_cancels], 1);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

static void client_reset_while_connecting(void)
{
	struct peer *c;

	lab_init(1);
	lab.black_hole[0] = true;
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().backs, 1);
	peer_reset(c);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

static void no_record_is_slow_down(void)
{
	struct peer *c, *d;

	lab_init(1);
	lab.requests = 1;
	lab_start();
	c = lab_client();
	d = lab_client();
	peer_send(c, GET);
	lab_run(5);
	peer_send(d, GET);
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(d, "HTTP/1.1 503 "));
	CU_ASSERT_TRUE(peer_has(d, "<Code>SlowDown</Code>"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_full), 1);
	CU_ASSERT_EQUAL(c->n, 0);
	lab_stop();
}

/* No buffer for the head: the request waits and goes on. */
static void starved_request_waits(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_one_get(c, 0);
	lab_run(100); /* all is acknowledged: no buffer comes back by itself */
	peer_send(c, GET);
	lab_run(1); /* on the wire */
	lab_starve(true);
	lab_give(1); /* for the packet itself */
	lab_run(3);
	CU_ASSERT_TRUE(relay_stalled(lab.relay));
	CU_ASSERT_EQUAL(n->n, 0);
	lab_starve(false);
	lab_run(3);
	CU_ASSERT_FALSE(relay_stalled(lab.relay));
	CU_ASSERT_TRUE(peer_got(n, GET));
	CU_ASSERT_TRUE(lab_stat(RELAY_STAT_stalled) > 0);
	/* and the same of the response's head */
	lab_run(100);
	peer_send(n, OK_5);
	lab_run(1);
	lab_starve(true);
	lab_give(1);
	lab_run(3);
	CU_ASSERT_TRUE(relay_stalled(lab.relay));
	CU_ASSERT_EQUAL(c->n, 0);
	lab_starve(false);
	lab_run(3);
	CU_ASSERT_TRUE(peer_got(c, OK_5));
	lab_stop();
}

/* The end of a body lies inside a buffer and there is no slice for it: neither a byte too many nor
 * one twice. */
static void starved_bodies_wait(void)
{
	struct peer *c, *n;

	c = lab_up(1);
	n = lab_one_get(c, 0);
	lab_run(100);
	lab_starve_indirect(true);
	peer_send(c, PUT_5 GET);
	lab_run(4);
	CU_ASSERT_TRUE(relay_stalled(lab.relay));
	lab_starve_indirect(false);
	lab_run(400); /* nothing could be sent either: a retransmission */
	CU_ASSERT_TRUE(peer_got(n, PUT_5));
	lab_starve_indirect(true);
	peer_send(n, OK_5 "junk");
	lab_run(4);
	CU_ASSERT_TRUE(relay_stalled(lab.relay));
	lab_starve_indirect(false);
	lab_run(400);
	CU_ASSERT_TRUE(peer_got(c, OK_5));
	n = lab_accepted(0); /* after junk the next request needs a new connection */
	CU_ASSERT_TRUE(n && peer_got(n, GET));
	lab_stop();
}

static void no_free_port_is_slow_down(void)
{
	struct peer *c, *d;

	lab_init(1);
	lab.n_workers = 64512; /* a share of one port */
	lab.worker = 5;
	lab_start();
	c = lab_client();
	d = lab_client();
	peer_send(c, GET);
	CU_ASSERT_PTR_NOT_NULL(lab_accepted(0));
	peer_send(d, GET);
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(d, "<Code>SlowDown</Code>"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_full), 1);
	CU_ASSERT_EQUAL(lab_info().backs, 1);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(get_goes_through),
	UNIT_CASE(ipv6_both_sides),
	UNIT_CASE(head_bytes_pass_unaltered),
	UNIT_CASE(added_fields_only_if_configured),
	UNIT_CASE(big_put_streams),
	UNIT_CASE(chunked_put_with_trailers_passes_as_it_is),
	UNIT_CASE(expect_goes_end_to_end),
	UNIT_CASE(final_status_instead_of_100),
	UNIT_CASE(refused_connect_tries_the_next),
	UNIT_CASE(no_route_tries_the_next),
	UNIT_CASE(nobody_left_is_503),
	UNIT_CASE(retries_are_limited),
	UNIT_CASE(connect_timeout_tries_the_next),
	UNIT_CASE(untouched_put_moves_to_the_next),
	UNIT_CASE(stale_idle_connection_is_hidden),
	UNIT_CASE(stale_idle_connection_in_a_body),
	UNIT_CASE(only_one_idle_connection_is_tried),
	UNIT_CASE(safe_request_is_repeated),
	UNIT_CASE(accepted_post_is_never_repeated),
	UNIT_CASE(silent_member_is_504),
	UNIT_CASE(silent_body_is_408),
	UNIT_CASE(member_that_takes_no_body_is_504),
	UNIT_CASE(truncated_body_is_400),
	UNIT_CASE(bad_chunk_is_400),
	UNIT_CASE(client_reset_ends_the_back),
	UNIT_CASE(client_reset_while_connecting),
	UNIT_CASE(no_record_is_slow_down),
	UNIT_CASE(starved_request_waits),
	UNIT_CASE(starved_bodies_wait),
	UNIT_CASE(no_free_port_is_slow_down),
};

UNIT_MAIN(cases)
