/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

#define BULK 300000

static char sent[BULK], answer[BULK];

static void start(enum conf_mode mode, unsigned nodes)
{
	lab_init(nodes);
	lab.listener.mode = mode;
	lab_start();
}

/* A client and the node that it was given to. */
static struct peer *client, *node;

static void pair(unsigned at)
{
	client = lab_client();
	node = lab_node(at);
}

static void start_pair(void)
{
	start(CONF_MODE_SPLICE, 2);
	pair(0);
}

static uint64_t ends(void)
{
	uint64_t n = lab_stat(RELAY_STAT_spliced) + lab_stat(RELAY_STAT_closed_idle);

	for (unsigned i = 0; i < RELAY_STAT_N; i++)
		if (strncmp(relay_stat_names[i].name, "fail_", 5) == 0)
			n += lab_stat(i);
	return n;
}

/* All connections of the case are over, this many for this reason. */
static void stop(enum relay_stat why, unsigned n)
{
	CU_ASSERT_EQUAL(lab_stat(why), n);
	CU_ASSERT_EQUAL(lab_info().splices, 0);
	CU_ASSERT_EQUAL(ends(), lab_stat(RELAY_STAT_connections));
	lab_stop();
}

static bool is_reset(const struct peer *p)
{
	return p->dead && p->error == ECONNRESET;
}

/* Has p got exactly these bytes? */
static bool has_all(const struct peer *p, const char *bytes, size_t n)
{
	return p->n == n && memcmp(p->in, bytes, n) == 0;
}

/* ---- echo ---- */

static void echo_gives_all_back(void)
{
	static const unsigned sizes[] = {1, 2, 1459, 1460, 1461, 5000, BULK};

	pattern_fill(sent, sizeof(sent), 3);
	for (unsigned v6 = 0; v6 < 2; v6++) {
		lab_init(1);
		if (v6)
			lab_v6();
		lab.listener.mode = CONF_MODE_ECHO;
		lab_start();
		client = lab_client();
		for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
			peer_bytes(client, sent, sizes[i]);
			lab_run(20 + sizes[i] / 200);
			CU_ASSERT_TRUE(has_all(client, sent, sizes[i]));
			peer_clear(client);
		}
		CU_ASSERT_EQUAL(lab_info().splices, 1);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_req), lab_stat(RELAY_STAT_bytes_rsp));
		CU_ASSERT_EQUAL(lab_info().splice_backs, 0);
		peer_fin(client);
		lab_run(5);
		CU_ASSERT_TRUE(client->eof);
		stop(RELAY_STAT_spliced, 1);
	}
}

/* FIN comes back behind the last byte, not before. */
static void echo_half_close(void)
{
	start(CONF_MODE_ECHO, 1);
	client = lab_client();
	pattern_fill(sent, sizeof(sent), 5);
	peer_bytes(client, sent, sizeof(sent));
	peer_fin(client);
	for (unsigned ms = 0; ms < 3000 && !client->eof; ms++)
		lab_run(1);
	CU_ASSERT_TRUE(client->eof && has_all(client, sent, sizeof(sent)));
	lab_run(5);
	stop(RELAY_STAT_spliced, 1);
}

/* A client that reads nothing is held up, and what is held for it is bounded. */
static void echo_back_pressure(void)
{
	uint32_t held;

	start(CONF_MODE_ECHO, 1);
	client = lab_client();
	client->no_read = true;
	pattern_fill(sent, sizeof(sent), 7);
	for (unsigned i = 0; i < 3; i++) /* all in all far more than three windows */
		peer_bytes(client, sent, sizeof(sent));
	lab_run(1500);
	held = lab.relay->splices[0].end[SIDE_FRONT].conn->tx.bytes +
	       lab.relay->splices[0].end[SIDE_FRONT].conn->rx.bytes;
	CU_ASSERT_TRUE(held > 65536);
	CU_ASSERT_TRUE(held < 3 * 65536);
	client->no_read = false;
	for (unsigned ms = 0; ms < 5000 && client->n < 3 * sizeof(sent); ms++) {
		tcp_consumed(lab.out, client->conn);
		lab_run(1);
	}
	CU_ASSERT_EQUAL(client->n, 3 * sizeof(sent));
	CU_ASSERT_TRUE(memcmp(client->in + 2 * sizeof(sent), sent, sizeof(sent)) == 0);
	peer_fin(client);
	lab_run(5);
	stop(RELAY_STAT_spliced, 1);
}

static void echo_times_out(void)
{
	start(CONF_MODE_ECHO, 1);
	client = lab_client();
	lab_run(lab.listener.idle_timeout_ms - 50);
	CU_ASSERT_FALSE(client->dead);
	lab_run(100);
	CU_ASSERT_TRUE(is_reset(client));
	client = lab_client();
	client->no_read = true;
	peer_bytes(client, sent, sizeof(sent));
	lab_run(lab.listener.body_timeout_ms + 500);
	CU_ASSERT_TRUE(is_reset(client));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_closed_idle), 1);
	stop(RELAY_STAT_fail_client_slow, 1);
}

static void echo_reset(void)
{
	start(CONF_MODE_ECHO, 1);
	client = lab_client();
	peer_send(client, "x");
	lab_run(5);
	peer_reset(client);
	lab_run(5);
	stop(RELAY_STAT_fail_client_reset, 1);
}

/* ---- splice ---- */

static void server_speaks_first(void)
{
	start_pair();
	peer_send(node, "220 ready\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(client, "220 ready\r\n"));
	peer_send(client, "QUIT\r\n");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(node, "QUIT\r\n"));
	CU_ASSERT_EQUAL(lab_member(0)->active, 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connects], 1);
	peer_fin(node);
	lab_run(5);
	CU_ASSERT_TRUE(client->eof);
	peer_fin(client);
	lab_run(5);
	CU_ASSERT_TRUE(node->eof);
	CU_ASSERT_EQUAL(lab_member(0)->active, 0);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_bytes_out], 6);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_bytes_in], 11);
	stop(RELAY_STAT_spliced, 1);
}

/* Both directions at full speed, over a wire that loses packets, then FIN both ways. */
static void bulk_both_ways(void)
{
	lab_init(1);
	lab.listener.mode = CONF_MODE_SPLICE;
	lab.listener.body_timeout_ms = lab.listener.idle_timeout_ms = 60000;
	lab_v6();
	lab_start();
	pair(0);
	lab.loss = 10;
	pattern_fill(sent, sizeof(sent), 1);
	pattern_fill(answer, sizeof(answer), 2);
	peer_bytes(client, sent, sizeof(sent));
	peer_bytes(node, answer, sizeof(answer));
	peer_fin(client);
	peer_fin(node);
	for (unsigned ms = 0; ms < 100000 && !(client->eof && node->eof); ms++)
		lab_run(1);
	CU_ASSERT_TRUE(has_all(node, sent, sizeof(sent)));
	CU_ASSERT_TRUE(has_all(client, answer, sizeof(answer)));
	lab.loss = 0;
	lab_run(2000);
	stop(RELAY_STAT_spliced, 1);
}

/* Each direction alone: what has ended does not end the other. */
static void half_close(void)
{
	for (unsigned first = 0; first < 2; first++) {
		struct peer *a, *b;

		start_pair();
		a = first ? node : client;
		b = first ? client : node;
		peer_send(a, "all of it");
		peer_fin(a);
		lab_run(5);
		CU_ASSERT_TRUE(b->eof && !a->eof);
		CU_ASSERT_TRUE(peer_got(b, "all of it"));
		lab_run(1000);
		for (unsigned i = 0; i < 3; i++) {
			peer_send(b, "and back");
			lab_run(1000);
			CU_ASSERT_TRUE(peer_got(a, "and back"));
		}
		peer_fin(b);
		lab_run(5);
		CU_ASSERT_TRUE(a->eof);
		stop(RELAY_STAT_spliced, 1);
	}
}

/* Nothing moves after a half-close: not kept for ever (haproxy#233, linkerd2#5180). */
static void half_close_does_not_leak(void)
{
	start_pair();
	peer_fin(client);
	lab_run(lab.listener.idle_timeout_ms - 100);
	CU_ASSERT_FALSE(node->dead);
	lab_run(200);
	CU_ASSERT_TRUE(is_reset(node) && is_reset(client));
	stop(RELAY_STAT_closed_idle, 1);
}

/* What the client sends before the member is there, FIN and all, waits for it. */
static void client_in_a_hurry(void)
{
	start(CONF_MODE_SPLICE, 2);
	lab.black_hole[0] = true;
	client = lab_client();
	peer_send(client, "early");
	peer_fin(client);
	node = lab_accepted(1);
	CU_ASSERT_PTR_NULL(node);
	lab_run(lab.pool.connect_timeout_ms);
	node = lab_node(1);
	CU_ASSERT_TRUE(node->eof && peer_got(node, "early"));
	peer_send(node, "late");
	peer_fin(node);
	lab_run(5);
	CU_ASSERT_TRUE(client->eof && peer_got(client, "late"));
	stop(RELAY_STAT_spliced, 1);
}

/* ---- members that are not there ---- */

static void next_member(void)
{
	for (unsigned how = 0; how < 3; how++) {
		lab_init(2);
		lab.listener.mode = CONF_MODE_SPLICE;
		lab.listening[0] = how == 0 ? -1 : 0;
		lab.unreachable[0] = how == 1;
		lab.black_hole[0] = how == 2;
		lab_start();
		client = lab_client();
		peer_send(client, "hello");
		lab_run(how == 2 ? lab.pool.connect_timeout_ms + 10 : 10);
		node = lab_node(1);
		CU_ASSERT_TRUE(peer_got(node, "hello"));
		CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
		CU_ASSERT_EQUAL(lab_member(0)->active, 0);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
		pair(1); /* the other is on hold */
		lab_stop();
	}
}

static void no_member(void)
{
	start(CONF_MODE_SPLICE, 2);
	tcp_unlisten(lab.out, lab.listening[0]);
	tcp_unlisten(lab.out, lab.listening[1]);
	client = lab_client();
	lab_run(20);
	CU_ASSERT_TRUE(is_reset(client));
	CU_ASSERT_EQUAL(client->n, 0);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connect_failures], 1);
	CU_ASSERT_EQUAL(lab_member(1)->stat[LB_STAT_connect_failures], 1);
	stop(RELAY_STAT_fail_no_member, 1);
}

static void retries_are_limited(void)
{
	lab_init(3);
	lab.listener.mode = CONF_MODE_SPLICE;
	lab.pool.retries = 1;
	lab.listening[0] = lab.listening[1] = -1;
	lab_start();
	client = lab_client();
	lab_run(20);
	CU_ASSERT_TRUE(is_reset(client));
	CU_ASSERT_EQUAL(lab_member(2)->stat[LB_STAT_requests], 0);
	stop(RELAY_STAT_fail_no_member, 1);
}

static void client_gone_while_connecting(void)
{
	start(CONF_MODE_SPLICE, 1);
	lab.black_hole[0] = true;
	client = lab_client();
	CU_ASSERT_EQUAL(lab_info().splice_backs, 1);
	peer_reset(client);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_info().splice_backs, 0);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_cancels], 1);
	stop(RELAY_STAT_fail_client_reset, 1);
}

/* ---- an end is lost ---- */

static void reset_is_passed_on(void)
{
	for (unsigned first = 0; first < 2; first++) {
		start_pair();
		peer_send(client, "x");
		peer_send(node, "y");
		lab_run(50);
		peer_reset(first ? node : client);
		lab_run(5);
		CU_ASSERT_TRUE(is_reset(first ? client : node));
		CU_ASSERT_FALSE((first ? client : node)->eof);
		CU_ASSERT_EQUAL(lab_member(0)->stat[first ? LB_STAT_resets : LB_STAT_cancels], 1);
		stop(first ? RELAY_STAT_fail_rsp_broken : RELAY_STAT_fail_client_reset, 1);
	}
}

/* What was sent before the RST is still delivered, and only then the RST: a server's last words. */
static void reset_follows_the_last_byte(void)
{
	start_pair();
	client->no_read = true;
	pattern_fill(answer, sizeof(answer), 9);
	peer_bytes(node, answer, 90000); /* more than the client's window */
	lab_run(500);
	CU_ASSERT_EQUAL(node->conn->tx.bytes, 0);
	peer_reset(node);
	lab_run(500);
	CU_ASSERT_FALSE(client->dead);
	client->no_read = false;
	for (unsigned ms = 0; ms < 1500 && !client->dead; ms++) {
		if (client->conn)
			tcp_consumed(lab.out, client->conn);
		lab_run(1);
	}
	CU_ASSERT_TRUE(is_reset(client) && !client->eof);
	CU_ASSERT_TRUE(has_all(client, answer, 90000));
	stop(RELAY_STAT_fail_rsp_broken, 1);
}

/* An end that closed in order is no more while the other still takes its last bytes. */
static void closed_before_all_is_read(void)
{
	start_pair();
	node->no_read = true;
	pattern_fill(sent, sizeof(sent), 4);
	peer_bytes(client, sent, 150000); /* more than the node's window and our tx */
	peer_fin(client);
	peer_fin(node);
	lab_run(1000);
	CU_ASSERT_TRUE(client->eof && !client->conn);
	node->no_read = false;
	for (unsigned ms = 0; ms < 1500 && !node->eof; ms++) {
		tcp_consumed(lab.out, node->conn);
		lab_run(1);
	}
	CU_ASSERT_TRUE(node->eof && has_all(node, sent, 150000));
	lab_run(5);
	stop(RELAY_STAT_spliced, 1);
}

/* What is held for a client counts within the listener's limit until it was acknowledged. */
static void closed_is_not_over(void)
{
	start_pair();
	lab.to_out.hold = true;
	peer_send(node, "last");
	peer_fin(node);
	peer_fin(client);
	lab_run(100);
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 1);
	CU_ASSERT_EQUAL(lab_member(0)->active, 1);
	lab.to_out.hold = false;
	lab_run(20);
	CU_ASSERT_TRUE(peer_got(client, "last"));
	stop(RELAY_STAT_spliced, 1);
}

static void client_does_not_read(void)
{
	start_pair();
	client->no_read = true;
	peer_bytes(node, answer, sizeof(answer));
	lab_run(500);
	CU_ASSERT_TRUE(node->conn->tx.bytes > (lab.back_tls ? 1000 : 50000)); /* held up */
	lab_run(lab.listener.body_timeout_ms);
	CU_ASSERT_TRUE(is_reset(client) && is_reset(node));
	stop(RELAY_STAT_fail_client_slow, 1);
}

static void member_does_not_read(void)
{
	start_pair();
	node->no_read = true;
	peer_bytes(client, sent, sizeof(sent));
	lab_run(500);
	CU_ASSERT_TRUE(client->conn->tx.bytes > (lab.front_tls ? 1000 : 50000));
	lab_run(lab.listener.body_timeout_ms);
	CU_ASSERT_TRUE(is_reset(client) && is_reset(node));
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_timeouts], 1);
	stop(RELAY_STAT_fail_member_slow, 1);
}

static void silence(void)
{
	start_pair();
	for (unsigned i = 0; i < 3; i++) { /* a byte keeps it, in either direction */
		lab_run(lab.listener.idle_timeout_ms - 100);
		peer_send(i & 1 ? client : node, "x");
		lab_run(5);
	}
	CU_ASSERT_FALSE(client->dead);
	lab_run(lab.listener.idle_timeout_ms + 50);
	CU_ASSERT_TRUE(is_reset(client) && is_reset(node));
	stop(RELAY_STAT_closed_idle, 1);
}

/* ---- the instance ---- */

static void limit(void)
{
	lab_init(1);
	lab.listener.mode = CONF_MODE_SPLICE;
	lab.listener.connections = 2;
	lab_start();
	pair(0);
	pair(0);
	client = lab_client();
	lab_run(5);
	CU_ASSERT_TRUE(is_reset(client));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_refused_full), 1);
	CU_ASSERT_EQUAL(relay_listener_fronts(lab.relay, 0), 2);
	lab_stop();
}

/* Bytes go on while the process drains; new clients are refused; the end is a reset. */
static void drain(void)
{
	uint32_t at = 0;

	start_pair();
	relay_drain(lab.relay, lab.now);
	peer_send(node, "still here");
	lab_run(20);
	CU_ASSERT_TRUE(peer_got(client, "still here"));
	CU_ASSERT_FALSE(relay_abort(lab.relay, &at, UINT32_MAX));
	lab_run(5);
	CU_ASSERT_TRUE(is_reset(client) && is_reset(node));
	CU_ASSERT_EQUAL(lab_info().splices, 0);
	lab_stop();
}

/* A chain whose head is cut into, as after an overlapping retransmission, needs a slice to go
 * behind another. There is none: nothing is lost, and nobody has to knock twice. */
static void no_buffer(void)
{
	struct tcp_conn *front;

	lab_init(1);
	lab.listener.mode = CONF_MODE_SPLICE;
	lab.front_tls = lab.back_tls = false; /* bytes are put into rx as they are */
	lab_start();
	pair(0);
	front = lab.relay->splices[0].end[SIDE_FRONT].conn;
	lab.lose_data = true;
	peer_send(client, "one");
	lab_run(5);
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&front->rx, "-two", 4, lab.pools.data), 0);
	buf_chain_consume(&front->rx, 1);
	lab_starve_indirect(true);
	relay__splice_event(lab.relay, front, TCP_EV_READABLE);
	lab_run(300);
	CU_ASSERT_TRUE(lab_stat(RELAY_STAT_stalled) > 100);
	CU_ASSERT_EQUAL(front->rx.bytes, 3);
	lab_starve_indirect(false);
	lab.lose_data = false;
	lab_run(2000);
	CU_ASSERT_TRUE(peer_got(node, "onetwo"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_req), 6);
	lab_stop();
}

static void shown(void)
{
	static const char *const want[] = {"connect", "splice", "echo"};
	struct relay_conn at;

	for (unsigned how = 0; how < RTE_DIM(want); how++) {
		unsigned fronts = 0, backs = 0;

		start(how == 2 ? CONF_MODE_ECHO : CONF_MODE_SPLICE, 1);
		lab.black_hole[0] = how == 0;
		client = lab_client();
		peer_send(client, "abc");
		lab_run(10);
		for (uint32_t i = 0; i < relay_places(lab.relay); i++) {
			if (!relay_conn_at(lab.relay, i, &at))
				continue;
			fronts += !at.back;
			backs += at.back;
			CU_ASSERT_STRING_EQUAL(at.state, want[how]);
			CU_ASSERT_TRUE(how == 2 ? !at.member : strcmp(at.member, "a") == 0);
			CU_ASSERT_EQUAL(at.req_bytes, how == 0 ? 0 : 3);
			CU_ASSERT_EQUAL(at.rsp_bytes, how == 2 ? 3 : 0);
		}
		CU_ASSERT_EQUAL(fronts, 1);
		CU_ASSERT_EQUAL(backs, how == 2 ? 0 : 1);
		CU_ASSERT_FALSE(relay_conn_at(lab.relay, UINT32_MAX, &at));
		lab_stop();
	}
}

/* ---- the crowd ---- */

static void act(struct peer *p)
{
	bool open = p->conn->state == TCP_ESTABLISHED || p->conn->state == TCP_CLOSE_WAIT;
	uint32_t x = rand_below(&lab.rnd, 200);

	if (!open || (p->conn->flags & TCP_F_FIN_QUEUED))
		return;
	if (x < 40 && p->conn->tx.bytes < 20000)
		peer_bytes(p, sent, 1 + rand_below(&lab.rnd, 9000));
	else if (x == 50)
		peer_fin(p);
	else if (x == 51)
		peer_reset(p);
	else if (x == 52)
		peer_release(p);
	else if (x == 53)
		p->no_read = !p->no_read;
}

static void crowd_once(uint64_t seed)
{
	lab_init(3);
	lab.listener.mode = seed % 2 ? CONF_MODE_ECHO : CONF_MODE_SPLICE;
	lab.front_tls |= seed % 4 >= 2;
	lab.back_tls |= seed % 3 == 1;
	lab.cut = seed % 5 ? 0 : 900;
	lab.listening[2] = seed % 3 ? 0 : -1;
	lab_start();
	rand_seed(&lab.rnd, seed);
	for (unsigned i = 0; i < 2000 && lab.n_peers < LAB_PEERS - 40; i++) {
		if (rand_below(&lab.rnd, 20) == 0)
			lab_client();
		for (unsigned k = 0; k < lab.n_peers; k++)
			if (lab.peer[k].conn && lab.peer[k].n < 1000000)
				act(&lab.peer[k]);
		lab_starve(rand_below(&lab.rnd, 100) == 0);
		lab_run(1 + rand_below(&lab.rnd, 4));
		lab_starve(false);
		lab.loss = rand_below(&lab.rnd, 50) == 0 ? 200 : 0;
	}
	lab.loss = 0;
	for (unsigned i = 0; i < lab.n_peers; i++)
		if (lab.peer[i].conn)
			peer_reset(&lab.peer[i]);
	lab_run(10000);
	CU_ASSERT_EQUAL(ends(), lab_stat(RELAY_STAT_connections));
	lab_stop();
}

static void crowd(void)
{
	uint64_t seed = unit_seed(1);

	for (unsigned i = 0; i < 16; i++)
		crowd_once(seed + i);
}

static const struct unit_case cases[] = {
	UNIT_CASE(echo_gives_all_back),
	UNIT_CASE(echo_half_close),
	UNIT_CASE(echo_back_pressure),
	UNIT_CASE(echo_times_out),
	UNIT_CASE(echo_reset),
	UNIT_CASE(server_speaks_first),
	UNIT_CASE(bulk_both_ways),
	UNIT_CASE(half_close),
	UNIT_CASE(half_close_does_not_leak),
	UNIT_CASE(client_in_a_hurry),
	UNIT_CASE(next_member),
	UNIT_CASE(no_member),
	UNIT_CASE(retries_are_limited),
	UNIT_CASE(client_gone_while_connecting),
	UNIT_CASE(reset_is_passed_on),
	UNIT_CASE(reset_follows_the_last_byte),
	UNIT_CASE(closed_before_all_is_read),
	UNIT_CASE(closed_is_not_over),
	UNIT_CASE(client_does_not_read),
	UNIT_CASE(member_does_not_read),
	UNIT_CASE(silence),
	UNIT_CASE(limit),
	UNIT_CASE(drain),
	UNIT_CASE(no_buffer),
	UNIT_CASE(shown),
	UNIT_CASE(crowd),
};

UNIT_MAIN(cases)
