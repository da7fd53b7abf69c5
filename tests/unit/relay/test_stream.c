/* SPDX-License-Identifier: BSD-3-Clause */
/* Streams in a relay, TLS on either side: clients and nodes are libssl. The crowds of test_relay
 * and test_splice have TLS in some of their seeds. */
#include <errno.h>

#include "relay_lab.h"
#include "tls/tls_ctx.h"

#define BULK 300000

static char bulk[BULK], head[128];
static struct peer *c, *n;

/* One client, connected, and one node; TLS where it is wanted. */
static void start(bool front, bool back, enum conf_mode mode)
{
	lab_init(2);
	lab.front_tls = front;
	lab.back_tls = back;
	lab.listener.mode = mode;
	pattern_fill(bulk, sizeof(bulk), 6);
}

static void start_http(bool front, bool back)
{
	start(front, back, CONF_MODE_HTTP);
	lab_start();
	c = lab_client();
	CU_ASSERT_EQUAL(c->open, front);
}

static bool got_body(const struct peer *p, const char *before, size_t size)
{
	return p->n == strlen(before) + size && memcmp(p->in, before, strlen(before)) == 0 &&
	       memcmp(p->in + strlen(before), bulk, size) == 0;
}

static void run_until(const struct peer *p, size_t bytes)
{
	for (unsigned ms = 0; ms < 5000 && p->n < bytes; ms++)
		lab_run(1);
}

static bool is_reset(const struct peer *p)
{
	return p->dead && p->error == ECONNRESET;
}

/* ---- bytes ---- */

static void put_and_get(size_t size)
{
	snprintf(head, sizeof(head), "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: %zu\r\n\r\n",
		size);
	peer_send(c, head);
	peer_bytes(c, bulk, size);
	n = lab_node(0);
	run_until(n, strlen(head) + size);
	CU_ASSERT_TRUE(got_body(n, head, size));
	peer_clear(n);
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
	peer_send(n, head);
	peer_bytes(n, bulk, size);
	run_until(c, strlen(head) + size);
	CU_ASSERT_TRUE(got_body(c, head, size));
	peer_clear(c);
}

static void every_byte_both_ways(void)
{
	static const unsigned cuts[] = {0, 3000, 100};

	for (unsigned how = 0; how < 2 * 3 * RTE_DIM(cuts); how++) {
		start(how % 3 != 1, how % 3 != 0, CONF_MODE_HTTP);
		lab.tls12 = how / 3 & 1;
		lab.cut = cuts[how / 6];
		lab.pool.connect_timeout_ms = lab.listener.handshake_timeout_ms = 5000;
		lab_start();
		c = lab_client();
		lab_run(lab.cut == 100 ? 60 : 0);
		put_and_get(lab.cut == 100 ? 9000 : BULK);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
		CU_ASSERT_EQUAL(lab_tls_stat(TLS_STAT_handshakes), how % 3 == 2 ? 2 : 1);
		lab_stop();
	}
}

static void pipeline_in_one_record(void)
{
	start_http(true, false);
	n = lab_ask(c, 0, GET GET GET);
	for (unsigned i = 0; i < 3; i++) {
		if (i == 1)
			n = lab_node(1); /* round robin */
		if (i == 2)
			n = &lab.peer[1];
		lab_run(5);
		CU_ASSERT_TRUE(peer_got(n, GET));
		lab_answer(n, c, OK_5);
	}
	CU_ASSERT_EQUAL(lab_tls_stat(TLS_STAT_records_in), 1);
	lab_stop();
}

/* Head and body that leave in one turn are one record. */
static void head_and_body_share_a_record(void)
{
	uint64_t before;

	start_http(true, false);
	n = lab_ask(c, 0, GET);
	before = lab_tls_stat(TLS_STAT_records_out);
	lab_answer(n, c, OK_5);
	CU_ASSERT_EQUAL(lab_tls_stat(TLS_STAT_records_out), before + 1);
	lab_stop();
}

/* The request comes in the same segment as the handshake's end. */
static void request_behind_the_handshake(void)
{
	for (unsigned v12 = 0; v12 < 2; v12++) {
		start(true, false, CONF_MODE_HTTP);
		lab.tls12 = v12;
		lab_start();
		lab.to_tcp.hold = true;
		c = lab_client();
		peer_send(c, GET);
		lab.to_tcp.hold = false;
		lab_run(5);
		n = lab_node(0);
		CU_ASSERT_TRUE(peer_got(n, GET));
		lab_answer(n, c, OK_5);
		lab_stop();
	}
}

static void keys_change_in_the_middle(void)
{
	start_http(true, true);
	lab_one_get(c, 0);
	peer_key_update(c);
	n = lab_ask(c, 1, GET);
	peer_key_update(n);
	lab_answer(n, c, OK_5);
	CU_ASSERT_TRUE(lab_tls_stat(TLS_STAT_key_updates_out) >= 2);
	lab_one_get_on(c, &lab.peer[1]);
	lab_stop();
}

/* ---- a client's handshake ---- */

static void no_hello(void)
{
	start(true, false, CONF_MODE_HTTP);
	lab.plain_clients = true;
	lab_start();
	c = lab_client();
	lab_run(lab.listener.handshake_timeout_ms - 50);
	CU_ASSERT_FALSE(c->dead);
	lab_run(100);
	CU_ASSERT_TRUE(is_reset(c));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_handshake), 1);
	lab_stop();
}

/* Half a hello, then half of the rest, and so on: the time is for all of it. */
static void slow_hello(void)
{
	start(true, false, CONF_MODE_HTTP);
	lab.cut = 1;
	lab.listener.handshake_timeout_ms = 200;
	lab_start();
	c = lab_client();
	lab_run(lab.listener.handshake_timeout_ms + 10);
	CU_ASSERT_TRUE(is_reset(c));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_handshake), 1);
	lab_stop();
}

/* Answered by an alert, which arrives: what the client sent does not make it an RST. */
static void garbage_instead_of_a_hello(void)
{
	static const char *const text[] = {
		GET, "SSH-2.0-x\r\n", "\x80\x2e\x01\x03\x01", "\x16\x03\x01\xff\xff"};

	for (unsigned mode = 0; mode < 2; mode++) {
		for (unsigned i = 0; i < RTE_DIM(text); i++) {
			start(true, false, mode ? CONF_MODE_SPLICE : CONF_MODE_HTTP);
			lab.plain_clients = true;
			lab_start();
			c = lab_client();
			peer_send(c, text[i]);
			lab_run(10);
			CU_ASSERT_TRUE(c->fin || c->dead);
			CU_ASSERT_TRUE(c->n == 0 || c->in[0] == 21);
			CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_handshake), 1);
			CU_ASSERT_PTR_NULL(lab_accepted(0));
			lab_stop();
		}
	}
}

static void client_gone_in_its_handshake(void)
{
	for (unsigned how = 0; how < 8; how++) {
		start(true, false, how & 4 ? CONF_MODE_SPLICE : CONF_MODE_HTTP);
		lab.plain_clients = how & 2;
		lab_start();
		lab.cut = 20; /* of a hello that is ten times as long */
		c = lab_client();
		if (how & 1)
			peer_reset(c);
		else
			peer_torn(c);
		lab_run(10);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_handshake), 1);
		CU_ASSERT_EQUAL(lab_info().fronts + lab_info().splices, 0);
		lab_stop();
	}
}

static void too_many_from_one_source(void)
{
	start(true, false, CONF_MODE_HTTP);
	lab.per_source = 2;
	lab.plain_clients = true;
	lab_start();
	for (unsigned i = 0; i < 3; i++)
		c = lab_client();
	lab_run(2);
	CU_ASSERT_TRUE(is_reset(c));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_refused_tls), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_connections), 2);
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 2);
	lab_stop();
}

/* Clients that do not go on take all that is for clients; members are still connected. */
static void flood_of_hellos(void)
{
	struct peer *late;

	start(true, true, CONF_MODE_HTTP);
	lab.client_handshakes = 2;
	lab.handshakes = 4;
	lab_start();
	c = lab_client();
	lab.plain_clients = true;
	for (unsigned i = 0; i < 2; i++)
		lab_client();
	late = lab_client();
	lab_run(2);
	CU_ASSERT_TRUE(is_reset(late));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_refused_tls), 1);
	lab_one_get(c, 0);
	lab_stop();
}

static void sessions_are_resumed(void)
{
	for (unsigned v12 = 0; v12 < 2; v12++) {
		start(true, true, CONF_MODE_HTTP);
		lab.tls12 = v12;
		lab_start();
		c = lab_client();
		lab_one_get(c, 0);
		CU_ASSERT_FALSE(peer_resumed(c));
		c = lab_client();
		CU_ASSERT_TRUE(peer_resumed(c));
		lab_one_get(c, 1);
		lab_stop();
	}
}

/* ---- the end of a client ---- */

static void close_notify_between_requests(void)
{
	start_http(true, false);
	lab_one_get(c, 0);
	peer_fin(c);
	lab_run(5);
	CU_ASSERT_TRUE(c->eof && c->fin); /* ours came too */
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_torn), 0);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

/* close_notify alone ends what the client sends: its request is still answered. */
static void close_notify_behind_a_request(void)
{
	start_http(true, false);
	peer_send(c, GET);
	peer_bye(c);
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_got(n, GET));
	peer_send(n, OK_5);
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "Connection: close\r\n\r\nhello") && c->eof && c->fin);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_torn), 0);
	lab_stop();
}

static void torn_between_requests(void)
{
	start_http(true, false);
	lab_one_get(c, 0);
	peer_torn(c);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_torn), 1);
	CU_ASSERT_EQUAL(lab_info().fronts, 0);
	lab_stop();
}

static void torn_in_a_body(void)
{
	start_http(true, false);
	n = lab_ask(c, 0, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 9\r\n\r\nabc");
	peer_torn(c);
	lab_run(5);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_torn), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_truncated), 1);
	lab_stop();
}

/* A record that does not verify, or an alert, ends the request as a reset would; but it is said. */
static void failure_in_a_body(void)
{
	static const char forged[5 + 32] = "\x17\x03\x03\x00\x20";

	start_http(true, false);
	n = lab_ask(c, 0, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 9\r\n\r\nabc");
	peer_raw(c, forged, sizeof(forged));
	lab_run(8);
	CU_ASSERT_TRUE(n->dead && c->fin && !c->eof);
	CU_ASSERT_EQUAL(c->alert, 20); /* bad_record_mac */
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_reset), 1);
	lab_stop();
}

/* ---- back-pressure ---- */

static void slow_reader(bool front, bool back)
{
	uint32_t most = 0;
	size_t sent = 0;

	start(front, back, CONF_MODE_HTTP);
	lab.listener.body_timeout_ms = lab.pool.response_timeout_ms = 60000;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 0, GET);
	c->no_read = true;
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", 4 * BULK);
	peer_send(n, head);
	for (unsigned i = 0; i < 8000 && c->n < 4 * BULK; i++) {
		if (sent < 4 * BULK && n->conn->tx.bytes < 65536) {
			peer_bytes(n, bulk + sent % BULK, 10000);
			sent += 10000;
		}
		if (i == 1000) {
			CU_ASSERT_TRUE(sent < 500000); /* windows, and what is opened */
			c->no_read = false;
		}
		lab_run(1);
		most = RTE_MAX(most, buf_pools_in_use(&lab.pools));
	}
	CU_ASSERT_TRUE(most < 500);
	CU_ASSERT_EQUAL_FATAL(c->n, strlen(head) + 4 * BULK);
	for (unsigned i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(memcmp(c->in + strlen(head) + i * BULK, bulk, BULK), 0);
	lab_stop();
}

static void slow_reader_is_bounded(void)
{
	slow_reader(true, false);
	slow_reader(false, true);
	slow_reader(true, true);
}

static const struct front *busy_front(void)
{
	for (uint32_t i = 0; i < lab.relay->info.fronts_max; i++)
		if (lab.relay->fronts[i].req)
			return &lab.relay->fronts[i];
	return NULL;
}

/* As buffers run out, what nobody takes stays where tcp's ladder sees it. */
static void scarce_buffers(void)
{
	const struct stream *e;

	start_http(true, false);
	n = lab_ask(c, 0, "PUT / HTTP/1.1\r\nHost: s3\r\nContent-Length: 300000\r\n\r\n");
	peer_clear(n);
	n->no_read = true;
	lab_starve(true);
	lab_give(580); /* of 2048 */
	tcp_relieve(lab.tcp, lab.now);
	CU_ASSERT_EQUAL(tcp_pressure(lab.tcp), 1);
	for (unsigned i = 0; i < 300; i++) {
		peer_bytes(c, bulk + i * 1000, 1000);
		lab_run(1);
	}
	e = &busy_front()->end;
	CU_ASSERT_TRUE(e->tls->rx.bytes >= 16 * 1024 && e->tls->rx.bytes < 20 * 1024);
	CU_ASSERT_TRUE(e->conn->rx.bytes > 20 * 1024);
	lab_starve(false);
	lab_run(1);
	tcp_relieve(lab.tcp, lab.now);
	n->no_read = false;
	tcp_consumed(lab.out, n->conn);
	run_until(n, BULK);
	CU_ASSERT_TRUE(got_body(n, "", BULK));
	lab_stop();
}

/* A member that sent all and died: what waits unopened is opened as the client reads. */
static void last_words(void)
{
	start_http(false, true);
	n = lab_ask(c, 0, GET);
	c->no_read = true;
	snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %u\r\n\r\n", 220000);
	peer_send(n, head);
	peer_bytes(n, bulk, 220000);
	lab_run(1000);
	CU_ASSERT_EQUAL(n->conn->tx.bytes, 0);
	peer_reset(n);
	lab_run(20);
	c->no_read = false;
	tcp_consumed(lab.out, c->conn);
	run_until(c, strlen(head) + 220000);
	CU_ASSERT_TRUE(got_body(c, head, 220000));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	lab_stop();
}

/* ---- members ---- */

static void idle_ones_are_reused(void)
{
	start_http(false, true);
	lb_set_weight(lab.lb, lb_member(lab.lb, 0, 1), 0, 0);
	n = lab_one_get(c, 0);
	for (unsigned i = 0; i < 3; i++)
		lab_one_get_on(c, n);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_reused), 3);
	CU_ASSERT_EQUAL(lab_tls_stat(TLS_STAT_handshakes), 1);
	peer_bye(n); /* and is no more, once it says so */
	lab_run(5);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_idle_closed), 1);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_stop();
}

/* Plain text, silence, a reset, another's certificate: the next member gets the request. */
static void member_without_tls(void)
{
	for (unsigned how = 0; how < 4; how++) {
		start(false, true, how & 1 ? CONF_MODE_SPLICE : CONF_MODE_HTTP);
		lab.plain_node[0] = true;
		lab_start();
		c = lab_client();
		peer_send(c, GET);
		n = lab_node(0);
		CU_ASSERT_TRUE(n->n > 5 && n->in[0] == 22); /* a hello */
		if (how / 2 == 0)
			peer_send(n, "HTTP/1.1 400 Bad Request\r\n\r\n");
		else
			peer_reset(n);
		n = lab_node(1);
		CU_ASSERT_TRUE(peer_got(n, GET));
		lab_answer(n, c, OK_5);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_handshake), 1);
		CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
		CU_ASSERT_EQUAL(lab_member(0)->active, 0);
		lab_stop();
	}
}

/* connect-timeout is for TCP and TLS together. */
static void member_that_says_nothing(void)
{
	start(false, true, CONF_MODE_HTTP);
	lab.plain_node[0] = true;
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(lab.pool.connect_timeout_ms - 20);
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	lab_run(20);
	n = lab_node(1);
	lab_answer(n, c, OK_5);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_handshake), 1);
	lab_stop();
}

static void member_that_is_another(void)
{
	start(false, true, CONF_MODE_HTTP);
	lab.pool.sni = "other.test";
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(30);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_handshake), 2);
	lab_stop();
	start(false, true, CONF_MODE_HTTP);
	lab.pool.sni = NULL; /* its address is in the certificate, that of the second is not */
	lab_start();
	c = lab_client();
	lab_one_get(c, 0);
	peer_send(c, GET);
	lab_run(30);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_handshake), 1);
	lab_stop();
}

/* A body until close is whole only behind a close_notify. */
static void torn_response(void)
{
	for (unsigned torn = 0; torn < 2; torn++) {
		start_http(false, true);
		n = lab_ask(c, 0, GET);
		peer_send(n, "HTTP/1.1 200 OK\r\n\r\nuntil close");
		lab_run(5);
		if (torn)
			peer_torn(n);
		else
			peer_fin(n);
		lab_run(5);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), !torn);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), torn);
		CU_ASSERT_EQUAL(is_reset(c), torn);
		lab_stop();
	}
}

/* ---- bare bytes ---- */

static void splice_both_sides(void)
{
	for (unsigned how = 1; how < 4; how++) {
		start(how & 1, how & 2, CONF_MODE_SPLICE);
		lab_start();
		c = lab_client();
		n = lab_node(0);
		peer_send(n, "220 ready\r\n");
		lab_run(5);
		CU_ASSERT_TRUE(peer_got(c, "220 ready\r\n"));
		peer_bytes(c, bulk, BULK);
		peer_bytes(n, bulk, BULK);
		peer_fin(c);
		run_until(n, BULK);
		lab_run(5);
		CU_ASSERT_TRUE(got_body(n, "", BULK) && n->eof);
		run_until(c, BULK);
		CU_ASSERT_TRUE(got_body(c, "", BULK) && !c->eof);
		peer_fin(n);
		lab_run(5);
		CU_ASSERT_TRUE(c->eof && c->fin);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_spliced), 1);
		lab_stop();
	}
}

/* All that came is delivered, and then nobody takes it for whole. */
static void splice_torn(void)
{
	for (unsigned first = 0; first < 2; first++) {
		start(true, true, CONF_MODE_SPLICE);
		lab_start();
		c = lab_client();
		n = lab_node(0);
		peer_bytes(first ? n : c, bulk, BULK);
		run_until(first ? c : n, BULK);
		peer_torn(first ? n : c);
		lab_run(5);
		CU_ASSERT_TRUE(got_body(first ? c : n, "", BULK));
		CU_ASSERT_TRUE(is_reset(first ? c : n) && !(first ? c : n)->eof);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_torn), !first);
		lab_stop();
	}
}

/* Nobody is connected to a member for a client that does not get through its handshake. */
static void splice_waits_for_the_handshake(void)
{
	start(true, false, CONF_MODE_SPLICE);
	lab.plain_clients = true;
	lab_start();
	c = lab_client();
	CU_ASSERT_PTR_NULL(lab_accepted(0));
	lab_run(lab.listener.handshake_timeout_ms);
	CU_ASSERT_TRUE(is_reset(c));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_handshake), 1);
	lab_stop();
}

static void echo(void)
{
	start(true, false, CONF_MODE_ECHO);
	lab_start();
	c = lab_client();
	peer_bytes(c, bulk, BULK);
	run_until(c, BULK);
	CU_ASSERT_TRUE(got_body(c, "", BULK));
	peer_fin(c);
	lab_run(5);
	CU_ASSERT_TRUE(c->eof);
	lab_stop();
}

/* ---- the instance ---- */

static void reload_leaves_connections(void)
{
	start_http(true, false);
	lab_tls_fresh();
	n = lab_one_get(c, 0);
	CU_ASSERT_TRUE(lab_client()->open);
	lab_one_get(c, 1);
	lab_stop();
}

static void shown(void)
{
	struct tls_facts f;
	struct relay_conn at;
	unsigned open = 0, shaking = 0;

	start_http(true, true);
	lab_one_get(c, 0);
	lab.plain_clients = true;
	lab_client();
	for (uint32_t i = 0; i < relay_places(lab.relay); i++) {
		if (!relay_conn_at(lab.relay, i, &at))
			continue;
		shaking += strcmp(at.state, "handshake") == 0;
		if (!at.tls)
			continue;
		open++;
		tls_facts(at.tls, &f);
		CU_ASSERT_STRING_EQUAL(f.version, "TLSv1.3");
		CU_ASSERT_STRING_EQUAL(f.name, at.back ? "node.test" : "s3.test");
	}
	CU_ASSERT_EQUAL(open, 2);
	CU_ASSERT_EQUAL(shaking, 1);
	lab_stop();
}

/* What the crew has at that moment comes back to nobody. */
static void destroy_in_the_middle(void)
{
	struct relay_config cfg;
	struct err e;

	start_http(true, true);
	n = lab_ask(c, 0, GET);
	lab.to_tcp.hold = true;
	lab_client();
	lab.to_tcp.hold = false;
	lab_run(1);
	cfg = lab.relay->cfg;
	relay_destroy(lab.relay);
	CU_ASSERT_EQUAL(tls_conns(lab.tls), 0);
	lab.relay = relay_create(&cfg, lab.now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.relay);
	lab_run(5);
	CU_ASSERT_TRUE(c->dead && n->dead);
	lab_one_get(lab_client(), 1);
	lab_stop();
}

static void tls_max_is_the_sum(void)
{
	static struct conf_pool pools[] = {{.tls = false}, {.tls = true}};
	struct conf_listener l[] = {{.connections = 1}, {.connections = 2, .n_cert = 1},
		{.connections = 4, .pool = 1, .mode = CONF_MODE_SPLICE},
		{.connections = 8, .mode = CONF_MODE_ECHO}};
	struct conf conf = {.listeners = l, .n_listeners = 4, .pools = pools, .n_pools = 2};

	/* requests may be routed to any pool */
	CU_ASSERT_EQUAL(relay_tls_max(&conf, 100), 106 + RELAY_PROBES);
	l[0].mode = CONF_MODE_SPLICE;
	l[1].mode = CONF_MODE_SPLICE;
	CU_ASSERT_EQUAL(relay_tls_max(&conf, 100), 6 + RELAY_PROBES);
	pools[1].tls = false;
	CU_ASSERT_EQUAL(relay_tls_max(&conf, 100), 2);
	pools[1].tls = true;
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_byte_both_ways),
	UNIT_CASE(pipeline_in_one_record),
	UNIT_CASE(head_and_body_share_a_record),
	UNIT_CASE(request_behind_the_handshake),
	UNIT_CASE(keys_change_in_the_middle),
	UNIT_CASE(no_hello),
	UNIT_CASE(slow_hello),
	UNIT_CASE(garbage_instead_of_a_hello),
	UNIT_CASE(client_gone_in_its_handshake),
	UNIT_CASE(too_many_from_one_source),
	UNIT_CASE(flood_of_hellos),
	UNIT_CASE(sessions_are_resumed),
	UNIT_CASE(close_notify_between_requests),
	UNIT_CASE(close_notify_behind_a_request),
	UNIT_CASE(torn_between_requests),
	UNIT_CASE(torn_in_a_body),
	UNIT_CASE(failure_in_a_body),
	UNIT_CASE(slow_reader_is_bounded),
	UNIT_CASE(scarce_buffers),
	UNIT_CASE(last_words),
	UNIT_CASE(idle_ones_are_reused),
	UNIT_CASE(member_without_tls),
	UNIT_CASE(member_that_says_nothing),
	UNIT_CASE(member_that_is_another),
	UNIT_CASE(torn_response),
	UNIT_CASE(splice_both_sides),
	UNIT_CASE(splice_torn),
	UNIT_CASE(splice_waits_for_the_handshake),
	UNIT_CASE(echo),
	UNIT_CASE(reload_leaves_connections),
	UNIT_CASE(shown),
	UNIT_CASE(destroy_in_the_middle),
	UNIT_CASE(tls_max_is_the_sum),
};

UNIT_MAIN(cases)
