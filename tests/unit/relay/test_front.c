/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

static struct peer *c, *n;

static void pipeline_is_answered_in_order(void)
{
	char get[64], rsp[64];

	c = lab_up(2);
	for (unsigned i = 0; i < 10; i++) {
		snprintf(get, sizeof(get), "GET /%u HTTP/1.1\r\nHost: s3\r\n\r\n", i);
		peer_send(c, get);
	}
	for (unsigned i = 0; i < 10; i++) {
		struct peer *at = lab_accepted(i % 2); /* round robin */

		n = at ? at : &lab.peer[i % 2 + 1];
		lab_run(5);
		snprintf(get, sizeof(get), "GET /%u HTTP/1.1\r\nHost: s3\r\n\r\n", i);
		CU_ASSERT_TRUE(peer_got(n, get)); /* and not yet the next one */
		snprintf(rsp, sizeof(rsp), "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n%u", i);
		lab_answer(n, c, rsp);
	}
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 2);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_reused), 8);
	lab_stop();
}

static void connection_close_is_kept(void)
{
	c = lab_up(1);
	n = lab_ask(c, 0, "GET / HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n" GET);
	CU_ASSERT_TRUE(peer_got(n, "GET / HTTP/1.1\r\nHost: s3\r\n\r\n"));
	peer_send(n, OK_5);
	lab_run(8);
	CU_ASSERT_TRUE(peer_got(
		c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(n->n, 0); /* what follows the last request is none */
	CU_ASSERT_EQUAL(lab_member(0)->idle, 1);
	lab_stop();
}

static void refused_heads(void)
{
	static const struct {
		const char *head, *status;
	} bad[] = {
		{"GET / HTTP/1.1\r\nHost: s3\r\nContent-Length: 1\r\nTransfer-Encoding: "
		 "chunked\r\n\r\n",
			" 400 "},
		{"GET / HTTP/1.1\r\nHost: s3\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
			" 400 "},
		{"GET / HTTP/1.1\r\nHost : s3\r\n\r\n", " 400 "},
		{"GET / HTTP/1.1\nHost: s3\n\n", " 400 "},
		{"GET / HTTP/1.1\r\nHost: s3\r\nX: a\r\n b\r\n\r\n", " 400 "},
		{"GET / HTTP/1.1\r\n\r\n", " 400 "},
		{"CONNECT s3:80 HTTP/1.1\r\nHost: s3\r\n\r\n", " 501 "},
		{"GET / HTTP/2.0\r\nHost: s3\r\n\r\n", " 505 "},
		{"PUT / HTTP/1.1\r\nHost: s3\r\nExpect: a-lot\r\n\r\n", " 417 "},
		{"PUT / HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", " 501 "},
		{"\x16\x03\x01\x02\x01", " 400 "},
	};

	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		c = lab_up(1);
		peer_send(c, bad[i].head);
		lab_run(5);
		CU_ASSERT_TRUE(peer_has(c, bad[i].status));
		CU_ASSERT_TRUE(peer_has(c, "\r\nConnection: close\r\n"));
		CU_ASSERT_TRUE(peer_has(c, "<Error>"));
		CU_ASSERT_TRUE(c->eof);
		CU_ASSERT_PTR_NULL(lab_accepted(0));
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_refused), 1);
		lab_stop();
	}
}

static void head_over_the_limit_is_431(void)
{
	char line[1024];

	c = lab_up(1);
	memset(line, 'a', sizeof(line));
	memcpy(line, "X: ", 3);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	peer_send(c, "GET / HTTP/1.1\r\nHost: s3\r\n");
	for (unsigned i = 0; i < 7; i++)
		peer_bytes(c, line, sizeof(line));
	lab_run(10);
	CU_ASSERT_EQUAL(c->n, 0);
	peer_bytes(c, line, sizeof(line));
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 431 "));
	CU_ASSERT_TRUE(c->eof && !c->dead);
	CU_ASSERT_EQUAL(relay_refusals_req(lab.relay).values[HTTP_E_head_long - 1], 1);
	lab_stop();
}

static void large_head_goes_through(void)
{
	char *head = malloc(70000), line[64];
	size_t len;

	lab_init(1);
	lab.listener.head_limit = 65536;
	lab.conf.tcp.receive_buffer = 1 << 20;
	lab_start();
	strcpy(head, "GET / HTTP/1.1\r\nHost: s3\r\n");
	for (unsigned i = 0; i < 40; i++) {
		snprintf(line, sizeof(line), "X-Amz-Meta-%u: ", i);
		strcat(head, line);
		len = strlen(head);
		memset(head + len, 'a' + (int)i % 26, 400);
		strcpy(head + len + 400, "\r\n");
	}
	strcat(head, "\r\n");
	c = lab_client();
	n = lab_ask(c, 0, head);
	CU_ASSERT_TRUE(peer_got(n, head));
	free(head);
	lab_stop();
}

static void slow_head_is_408(void)
{
	c = lab_up(1);
	lab_run(1000);                     /* before the first byte only idle-timeout counts */
	for (unsigned i = 0; i < 3; i++) { /* a byte now and then does not help */
		peer_send(c, "G");
		lab_run(120);
		CU_ASSERT_EQUAL(c->n, 0);
	}
	lab_run(100);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 408 "));
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_head_timeout), 1);
	lab_stop();
}

static void idle_client_is_closed(void)
{
	c = lab_up(1);
	lab_one_get(c, 0);
	lab_run(lab.listener.idle_timeout_ms - 50);
	CU_ASSERT_FALSE(c->eof);
	lab_run(100);
	CU_ASSERT_TRUE(c->eof);
	CU_ASSERT_EQUAL(c->n, 0); /* without a word */
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_closed_idle), 1);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void fin_of_an_idle_client(void)
{
	c = lab_up(1);
	peer_send(c, "\r\n"); /* an empty line is no request */
	lab_run(3);
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_TRUE(c->eof && c->n == 0);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void fin_inside_a_head(void)
{
	c = lab_up(1);
	peer_send(c, "GET / HT");
	peer_fin(c);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 400 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_truncated), 1);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void reset_of_an_idle_client(void)
{
	c = lab_up(1);
	peer_send(c, "GET / HT");
	lab_run(5);
	peer_reset(c);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_reset), 0);
	lab_stop();
}

static void limit_of_connections(void)
{
	lab_init(1);
	lab.listener.connections = 2;
	lab_start();
	lab_client();
	lab_client();
	c = lab_client();
	lab_run(5);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_refused_full), 1);
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 2);
	lab_stop();
}

/* After an error the client's bytes are swallowed up to a limit, then it is cut. */
static void lingering_ends(void)
{
	static char junk[32768];
	unsigned i;

	c = lab_up(1);
	peer_send(c, "nonsense\r\n\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, " 400 "));
	for (i = 0; i < 2000 && c->conn; i++) { /* it goes on and on */
		if (c->conn->tx.bytes < 60000)
			peer_bytes(c, junk, sizeof(junk));
		lab_run(1);
	}
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_discarded), 16 << 20);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_closed_linger), 1);
	lab_stop();

	lab_init(1); /* and if it says no more, not even FIN, we let go */
	lab_start();
	c = lab_client();
	peer_send(c, "nonsense\r\n\r\n");
	lab_run(1900);
	CU_ASSERT_EQUAL(lab_info().fronts, 1);
	lab_run(200);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	CU_ASSERT_FALSE(c->dead);
	lab_stop();
}

/* The last response is still on its way to a client that does not read. */
static void lingering_waits_for_the_response(void)
{
	static char body[110000], junk[32768];

	for (int reads = 0; reads < 2; reads++) {
		c = lab_up(1);
		c->no_read = true;
		n = lab_ask(c, 0, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 99999999\r\n\r\n");
		peer_send(n, "HTTP/1.1 400 Bad\r\nContent-Length: 110000\r\n\r\n");
		peer_bytes(n, body, sizeof(body));
		for (unsigned i = 0; i < 1500; i++) { /* more than will be swallowed */
			if (c->conn->tx.bytes < 60000)
				peer_bytes(c, junk, sizeof(junk));
			lab_run(1);
		}
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_discarded), 16 << 20);
		CU_ASSERT_EQUAL(lab_info().requests, 0);
		CU_ASSERT_EQUAL(lab_info().fronts, 1);
		c->no_read = !reads;
		lab_run(lab.listener.body_timeout_ms);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_closed_linger), 1);
		CU_ASSERT_EQUAL(lab_info().fronts, 0);
		CU_ASSERT_EQUAL(c->n > sizeof(body), reads);
		lab_stop();
	}
}

/* A client that has said all it will say counts as one until it has its response. */
static void half_closed_clients_are_counted(void)
{
	static char body[60000];

	lab_init(1);
	lab.listener.connections = 1;
	lab_start();
	c = lab_client();
	c->no_read = true;
	peer_send(c, "GET / HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n");
	peer_fin(c);
	n = lab_node(0);
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 110000\r\n\r\n");
	peer_bytes(n, body, 55000);
	peer_bytes(n, body, 55000);
	lab_run(100);
	CU_ASSERT_EQUAL(lab_info().requests, 0);
	CU_ASSERT_EQUAL(lab_info().fronts, 1);
	c->no_read = false;
	lab_run(1000);
	CU_ASSERT_TRUE(c->eof && c->n > 110000);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void drain_closes_idle_backs(void)
{
	c = lab_up(1);
	n = lab_one_get(c, 0);
	relay_drain(lab.relay, lab.now);
	lab_run(5);
	CU_ASSERT_TRUE(c->eof && n->eof);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

static void drain_lets_requests_finish(void)
{
	struct peer *idle, *late;

	lab_init(1);
	lab_start();
	idle = lab_client();
	c = lab_client();
	n = lab_ask(c, 0, GET);
	relay_drain(lab.relay, lab.now);
	lab_run(5);
	CU_ASSERT_TRUE(idle->eof);
	CU_ASSERT_FALSE(c->eof);
	late = lab_client();
	lab_run(5);
	CU_ASSERT_TRUE(late->dead && late->error == ECONNREFUSED);
	peer_send(n, OK_5);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(
		c, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"));
	CU_ASSERT_TRUE(c->eof && n->eof);
	peer_fin(c);
	peer_fin(idle);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

/* The response's head had gone before the drain: the connection ends all the same. */
static void drain_inside_a_response(void)
{
	c = lab_up(1);
	n = lab_ask(c, 0, GET);
	peer_bytes(n, OK_5, strlen(OK_5) - 1);
	lab_run(5);
	relay_drain(lab.relay, lab.now);
	peer_send(n, "o");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c, OK_5));
	CU_ASSERT_TRUE(c->eof && n->eof);
	lab_stop();
}

/* As at the end, where there are more connections than tcp has room for resets. */
static void abort_in_parts(void)
{
	struct peer *all[60];
	uint32_t at = 0;
	unsigned rounds = 0;

	lab_init(1);
	lab.listener.connections = 300;
	lab_start();
	for (unsigned i = 0; i < 60; i++)
		all[i] = lab_client();
	for (unsigned i = 0; i < 10; i++)
		peer_reset(all[i]);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().fronts, 50);
	for (; relay_abort(lab.relay, &at, 15); rounds++) {
		CU_ASSERT_EQUAL(lab_info().fronts, 35 - 15 * rounds);
		lab_run(5);
	}
	lab_run(5);
	CU_ASSERT_EQUAL(rounds, 3);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	for (unsigned i = 10; i < 60; i++)
		CU_ASSERT_TRUE(all[i]->dead && all[i]->error == ECONNRESET);
	CU_ASSERT_FALSE(relay_abort(lab.relay, &at, 15));
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(pipeline_is_answered_in_order),
	UNIT_CASE(connection_close_is_kept),
	UNIT_CASE(refused_heads),
	UNIT_CASE(head_over_the_limit_is_431),
	UNIT_CASE(large_head_goes_through),
	UNIT_CASE(slow_head_is_408),
	UNIT_CASE(idle_client_is_closed),
	UNIT_CASE(fin_of_an_idle_client),
	UNIT_CASE(fin_inside_a_head),
	UNIT_CASE(reset_of_an_idle_client),
	UNIT_CASE(limit_of_connections),
	UNIT_CASE(lingering_ends),
	UNIT_CASE(lingering_waits_for_the_response),
	UNIT_CASE(half_closed_clients_are_counted),
	UNIT_CASE(drain_closes_idle_backs),
	UNIT_CASE(drain_lets_requests_finish),
	UNIT_CASE(drain_inside_a_response),
	UNIT_CASE(abort_in_parts),
};

UNIT_MAIN(cases)
