/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

static struct peer *c, *n;

/* A client whose request has reached node 0. */
static void ask(const char *request)
{
	c = lab_client();
	n = lab_ask(c, 0, request);
	CU_ASSERT_TRUE(peer_got(n, request));
}

/* What the node sends to a request comes out as it went in, and both connections go on. */
static void passes(const char *request, const char *response)
{
	lab_init(1);
	lab_start();
	ask(request);
	lab_answer(n, c, response);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	CU_ASSERT_EQUAL(lab_member(0)->idle, 1);
	lab_one_get_on(c, n);
	lab_stop();
}

static void bodiless_responses(void)
{
	passes("HEAD /b/k HTTP/1.1\r\nHost: s3\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 12345\r\n\r\n");
	passes(GET, "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 99\r\n\r\n");
	passes("DELETE /b/k HTTP/1.1\r\nHost: s3\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n");
	passes(GET, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void chunked_response_with_trailers(void)
{
	passes(GET, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-t\r\n\r\n"
		    "5\r\nhello\r\n3;e=1\r\nabc\r\n0\r\nx-t: 1\r\n\r\n");
}

static void empty_reason_and_odd_fields(void)
{
	passes(GET, "HTTP/1.1 299 \r\nServer:x\r\nx-amz-id-2:  a b \r\nContent-Length: 1\r\n\r\nz");
}

static void hop_by_hop_fields_end_here(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nConnection: Keep-Alive\r\nKeep-Alive: timeout=9\r\n"
		     "Content-Length: 1\r\n\r\nz");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"));
	lab_stop();
}

static void until_close_is_until_close(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nETag: 1\r\n\r\nabc");
	lab_run(5);
	CU_ASSERT_FALSE(c->eof);
	peer_send(n, "def");
	peer_fin(n);
	lab_run(5);
	CU_ASSERT_TRUE(
		peer_got(c, "HTTP/1.1 200 OK\r\nETag: 1\r\nConnection: close\r\n\r\nabcdef"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	lab_stop();
}

/* Without the FIN nobody knows that it was all. */
static void until_close_reset_is_broken(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\n\r\nabc");
	lab_run(5);
	peer_reset(n);
	lab_run(5);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
	lab_stop();
}

static void member_that_closes_is_not_kept(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nz");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz"));
	CU_ASSERT_FALSE(c->eof); /* that was between us and the node */
	CU_ASSERT_TRUE(n->eof);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

static void bytes_behind_the_response_end_the_back(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, OK_5 "HTTP/1.1 200 OK\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c, OK_5));
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

static void interim_for_http10_is_swallowed(void)
{
	lab_init(1);
	lab_start();
	ask("GET / HTTP/1.0\r\nHost: s3\r\n\r\n");
	peer_send(n, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
		     "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz");
	lab_run(5);
	CU_ASSERT_TRUE(
		peer_got(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nz"));
	CU_ASSERT_TRUE(c->eof);
	lab_stop();
}

/* RFC 9112 9.3: a proxy persists with no 1.0 client, asked or not. */
static void http10_is_closed(void)
{
	c = lab_up(1);
	peer_send(c, "GET / HTTP/1.0\r\nHost: s3\r\nConnection: keep-alive\r\n\r\n");
	n = lab_accepted(0);
	CU_ASSERT_TRUE(n && peer_got(n, "GET / HTTP/1.0\r\nHost: s3\r\n\r\n"));
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nz");
	lab_run(5);
	CU_ASSERT_TRUE(
		peer_got(c, "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\nz"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(lab_info().backs, 0); /* the node saw 1.0 too, and is about to close */
	lab_stop();
}

/* A chunked answer to a 1.0 request could not be understood. */
static void chunks_for_http10_are_refused(void)
{
	lab_init(1);
	lab_start();
	ask("GET / HTTP/1.0\r\nHost: s3\r\n\r\n");
	peer_send(n, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, " 502 "));
	lab_stop();
}

static void bad_response_is_502(void)
{
	static const char *const bad[] = {
		"220 ftp ready\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n",
	};

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		lab_init(1);
		lab_start();
		ask("GET /b/k?x HTTP/1.1\r\nHost: s3\r\n\r\n");
		peer_send(n, bad[i]);
		lab_run(5);
		CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
		CU_ASSERT_TRUE(peer_has(c, "<Resource>/b/k</Resource>"));
		CU_ASSERT_TRUE(c->eof && n->dead);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_bad), 1);
		CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_bad_responses], 1);
		lab_stop();
	}
}

static void cut_head_is_502(void)
{
	lab_init(2);
	lab_start();
	ask("POST /b/k?uploads HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n");
	peer_send(n, "HTTP/1.1 200 OK\r\nCont");
	lab_run(3);
	peer_fin(n);
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_lost), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 0); /* it was carried out */
	lab_stop();
}

/* The error to a HEAD has no body (RFC 9110 9.3.2). */
static void error_to_head_has_no_body(void)
{
	lab_init(1);
	lab_start();
	ask("HEAD /b/k HTTP/1.1\r\nHost: s3\r\n\r\n");
	peer_send(n, "nonsense\r\n\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_FALSE(peer_has(c, "<Error>"));
	lab_stop();
}

static void broken_body_resets_the_client(void)
{
	for (int fin = 0; fin < 2; fin++) {
		lab_init(1);
		lab_start();
		ask(GET);
		peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
		lab_run(5);
		CU_ASSERT_TRUE(peer_has(c, "hello"));
		if (fin)
			peer_fin(n);
		else
			peer_reset(n);
		lab_run(5);
		CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
		CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_resets], 1);
		lab_stop();
	}
}

static void bad_chunk_resets_the_client(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
	lab_run(3);
	peer_send(n, "\x01");
	lab_run(5);
	CU_ASSERT_TRUE(c->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_bad), 1);
	lab_stop();
}

static void stalled_body_resets_the_client(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello");
	lab_run(lab.listener.body_timeout_ms - 50);
	CU_ASSERT_FALSE(c->dead);
	lab_run(200);
	CU_ASSERT_TRUE(c->dead && n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_stalled), 1);
	lab_stop();
}

/* The response overtakes a large body: relayed whole, the rest of the request is swallowed. */
static void early_response(void)
{
	static char junk[30000];

	lab_init(1);
	lab_start();
	ask("PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 100000\r\n\r\n");
	peer_bytes(c, junk, sizeof(junk));
	lab_run(10);
	peer_clear(n);
	peer_send(n, "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\nhel");
	lab_run(5);
	peer_bytes(c, junk, sizeof(junk));
	lab_run(10);
	CU_ASSERT_EQUAL(n->n, 0); /* nothing more goes to the node */
	peer_send(n, "lohell");
	lab_run(10);
	CU_ASSERT_TRUE(peer_got(c, "HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n"
				   "Connection: close\r\n\r\nhellohell"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_FALSE(c->dead);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_discarded), sizeof(junk));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	lab_stop();
}

/* A client that does not read holds its own window shut, then the node's; and no memory grows. */
static void slow_reader_is_bounded(void)
{
	size_t size = 1 << 20, sent = 0;
	char *body = malloc(size), head[80];
	uint32_t most = 0;

	pattern_fill(body, size, 5);
	lab_init(1);
	lab.listener.body_timeout_ms = 60000;
	lab.pool.response_timeout_ms = 60000;
	lab_start();
	ask(GET);
	c->no_read = true;
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
	peer_send(n, head);
	for (unsigned i = 0; i < 6000 && c->n < size + strlen(head); i++) {
		for (; sent < size && n->conn->tx.bytes < 65536; sent += 8192)
			peer_bytes(n, body + sent, 8192);
		if (i == 1000) {
			/* with TLS a node's libssl takes all at once */
			CU_ASSERT_TRUE(lab.back_tls ||
				       sent < 400000); /* four windows of 64 KB, and some */
			c->no_read = false;
		}
		lab_run(1);
		most = RTE_MAX(most, buf_pools_in_use(&lab.pools));
	}
	CU_ASSERT_TRUE(most < 400);
	CU_ASSERT_EQUAL_FATAL(c->n, size + strlen(head));
	CU_ASSERT_EQUAL(memcmp(c->in + strlen(head), body, size), 0);
	free(body);
	lab_stop();
}

static void client_that_never_reads_is_cut(void)
{
	char *body = calloc(1, 200000);

	lab_init(1);
	lab_start();
	ask(GET);
	c->no_read = true;
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n");
	peer_bytes(n, body, 200000);
	lab_run(lab.listener.body_timeout_ms - 100);
	CU_ASSERT_EQUAL(lab_info().requests, 1);
	lab_run(500);
	CU_ASSERT_EQUAL(lab_info().requests, 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_slow), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_cancels], 1);
	free(body);
	lab_stop();
}

/* A node that says 100 for ever to a client that does not read. */
static void interim_flood_is_bounded(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	c->no_read = true;
	for (unsigned i = 0; i < 3000; i++) {
		for (unsigned k = 0; k < 100 && n->conn->tx.bytes < 20000; k++)
			peer_send(n, "HTTP/1.1 100 Continue\r\n\r\n");
		lab_run(1);
		CU_ASSERT_FATAL(buf_pools_in_use(&lab.pools) < 600);
		if (n->conn->tx.bytes >= 20000 && i > 500)
			break;
	}
	CU_ASSERT_TRUE(n->conn->tx.bytes >= 20000); /* the node is held */
	/* and not to blame: heads wait for the client, as behind a first answer in a pipeline */
	lab_run(3500);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_timeouts], 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_slow), 1);
	lab_stop();
}

static void broken_head_of_a_response_is_502(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_send(n, "HTTP/1.1 200 OK\nContent-Length: 1\n\nz");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_EQUAL(relay_refusals_rsp(lab.relay).values[HTTP_E_bare_lf - 1], 1);
	lab_stop();
}

/* The client closed its sending side: it still gets the response (RFC 9112 9.6). */
static void half_closed_client_gets_its_response(void)
{
	lab_init(1);
	lab_start();
	ask(GET);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_FALSE(n->dead);
	peer_send(n, OK_5);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(
		c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"));
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	CU_ASSERT_EQUAL(lab_member(0)->idle, 1);
	lab_stop();
}

/* The node closes right behind a response that the client reads slowly: no byte is lost. */
static void node_closes_behind_a_large_response(void)
{
	size_t size = 150000;
	char *body = malloc(size);

	pattern_fill(body, size, 3);
	lab_init(1);
	lab_start();
	ask(GET);
	c->no_read = true;
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 150000\r\n\r\n");
	peer_bytes(n, body, size);
	peer_fin(n);
	lab_run(300);
	c->no_read = false;
	lab_run(300);
	CU_ASSERT_EQUAL_FATAL(c->n, size + 43);
	CU_ASSERT_EQUAL(memcmp(c->in + 43, body, size), 0);
	CU_ASSERT_FALSE(c->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	free(body);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(bodiless_responses),
	UNIT_CASE(chunked_response_with_trailers),
	UNIT_CASE(empty_reason_and_odd_fields),
	UNIT_CASE(hop_by_hop_fields_end_here),
	UNIT_CASE(until_close_is_until_close),
	UNIT_CASE(until_close_reset_is_broken),
	UNIT_CASE(member_that_closes_is_not_kept),
	UNIT_CASE(bytes_behind_the_response_end_the_back),
	UNIT_CASE(interim_for_http10_is_swallowed),
	UNIT_CASE(http10_is_closed),
	UNIT_CASE(chunks_for_http10_are_refused),
	UNIT_CASE(bad_response_is_502),
	UNIT_CASE(cut_head_is_502),
	UNIT_CASE(error_to_head_has_no_body),
	UNIT_CASE(broken_body_resets_the_client),
	UNIT_CASE(bad_chunk_resets_the_client),
	UNIT_CASE(stalled_body_resets_the_client),
	UNIT_CASE(early_response),
	UNIT_CASE(slow_reader_is_bounded),
	UNIT_CASE(client_that_never_reads_is_cut),
	UNIT_CASE(interim_flood_is_bounded),
	UNIT_CASE(broken_head_of_a_response_is_502),
	UNIT_CASE(half_closed_client_gets_its_response),
	UNIT_CASE(node_closes_behind_a_large_response),
};

UNIT_MAIN(cases)
