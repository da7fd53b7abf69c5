/* SPDX-License-Identifier: BSD-3-Clause */
/* mode = sni: the part of splice.c before a member is known. */
#include <errno.h>

#include "../tls/client_hello.h"
#include "relay_lab.h"
#include "tls/tls_hello.h"

#define BULK 200000

enum { ALL, B, C, POOLS };

static struct conf_pool pools[POOLS];
static const struct conf_server_name names[] = {
	{"b.test", "b", B}, {"*.test", "c", C}, {"a.b.test", "c", C}, {"*.b.test", "b", B}};
static struct peer *client, *node;
static char sent[BULK], answer[BULK];

/* Three nodes: all of them in the first pool, the second in B, the third in C. */
static void prepare(bool rest)
{
	lab_init(3);
	lab.front_tls = lab.back_tls = false;
	lab.listener.mode = CONF_MODE_SNI;
	lab.listener.pool_name = rest ? "all" : NULL;
	lab.listener.server_names = names;
	lab.listener.n_server_names = RTE_DIM(names);
	for (unsigned i = 0; i < POOLS; i++)
		pools[i] = lab.pool;
	pools[C].name = "C";
	pools[B].members = &lab.member[1];
	pools[C].members = &lab.member[2];
	pools[B].n_members = pools[C].n_members = 1;
	lab.conf.pools = pools;
	lab.conf.n_pools = POOLS;
}

static void start(bool rest)
{
	prepare(rest);
	lab_start();
}

/* This many connections ended for this reason. */
static void stop(enum relay_stat why, unsigned n)
{
	CU_ASSERT_EQUAL(lab_stat(why), n);
	CU_ASSERT_EQUAL(lab_info().splices, 0);
	for (unsigned i = B; i < POOLS; i++)
		CU_ASSERT_EQUAL(lb_member(lab.lb, i, 0)->active, 0);
	lab_stop();
}

static void say(const struct hello *h)
{
	client = lab_client();
	peer_bytes(client, h->p, h->n);
	lab_run(5);
}

static bool has_all(const struct peer *p, const void *bytes, size_t n)
{
	return p->n == n && memcmp(p->in, bytes, n) == 0;
}

/* A client that asks for this name gets to this node, which gets every byte of what it said. */
static void goes_to(const char *name, unsigned to)
{
	const struct hello *h = hello_of(name, 0, 16384);

	say(h);
	node = lab_node(to);
	CU_ASSERT_TRUE(has_all(node, h->p, h->n));
	peer_send(node, "welcome");
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(client, "welcome"));
	peer_fin(client);
	peer_fin(node);
	lab_run(10);
	CU_ASSERT_TRUE(client->eof && node->eof);
}

static void by_name(void)
{
	start(true);
	goes_to("b.test", 1);
	goes_to("B.TEST", 1);
	goes_to("x.test", 2);
	goes_to("a.b.test", 2);
	goes_to("z.b.test", 1);
	stop(RELAY_STAT_spliced, 5);
}

/* One label is one label; and who gives no name is like one whom nobody knows. */
static void the_rest(void)
{
	start(true);
	goes_to("x.y.test", 0);
	goes_to("test", 1);
	goes_to(NULL, 2);
	stop(RELAY_STAT_spliced, 3);
}

static void refused(uint8_t alert)
{
	uint8_t record[TLS_HELLO_ALERT];

	tls_hello_refuse(alert, record);
	CU_ASSERT_TRUE(has_all(client, record, sizeof(record)));
	CU_ASSERT_TRUE(client->eof && client->error == 0);
	CU_ASSERT_PTR_NULL(lab_accepted(0));
	if (client->conn)
		peer_fin(client);
	lab_run(5);
}

static void no_pool(void)
{
	static const char *const unknown[] = {"x.y.test", "test", NULL, "10.0.0.10"};

	start(false);
	for (unsigned i = 0; i < RTE_DIM(unknown); i++) {
		say(hello_of(unknown[i], 0, 16384));
		refused(TLS_HELLO_UNRECOGNIZED_NAME);
	}
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 0);
	stop(RELAY_STAT_fail_name, RTE_DIM(unknown));
}

/* Until all of the hello is there nobody is connected. */
static void byte_by_byte(void)
{
	const struct hello *h;

	start(true);
	client = lab_client();
	h = hello_of("b.test", 20, 50);
	for (uint32_t i = 0; i < h->n; i++) {
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 0);
		peer_bytes(client, h->p + i, 1);
		lab_run(2);
	}
	node = lab_node(1);
	CU_ASSERT_TRUE(has_all(node, h->p, h->n));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_req), h->n);
	peer_reset(client);
	lab_run(5);
	stop(RELAY_STAT_fail_client_reset, 1);
}

static void bulk_both_ways(void)
{
	const struct hello *h;

	start(false);
	pattern_fill(sent, sizeof(sent), 3);
	pattern_fill(answer, sizeof(answer), 4);
	client = lab_client();
	h = hello_of("b.test", 9000, 16384);
	peer_bytes(client, h->p, h->n);
	peer_bytes(client, sent, sizeof(sent));
	peer_fin(client);
	node = lab_node(1);
	peer_bytes(node, answer, sizeof(answer));
	peer_fin(node);
	for (unsigned ms = 0; ms < 3000 && !(client->eof && node->eof); ms++)
		lab_run(1);
	CU_ASSERT_TRUE(has_all(client, answer, sizeof(answer)));
	CU_ASSERT_TRUE_FATAL(node->n == h->n + sizeof(sent));
	CU_ASSERT_EQUAL(memcmp(node->in, h->p, h->n), 0);
	CU_ASSERT_EQUAL(memcmp(node->in + h->n, sent, sizeof(sent)), 0);
	lab_run(5);
	stop(RELAY_STAT_spliced, 1);
}

static void not_a_hello(void)
{
	struct hello long_one = {.n = 0};

	start(true);
	client = lab_client();
	peer_send(client, "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
	lab_run(5);
	refused(TLS_HELLO_UNEXPECTED_MESSAGE);
	say(hello_of("a..b", 0, 16384));
	refused(TLS_HELLO_ILLEGAL_PARAMETER);
	hello_put(&long_one, "\x16\3\1\x40\0\1\0\x40\0", 9);
	say(&long_one); /* longer than what we look at: not waited for */
	refused(TLS_HELLO_ILLEGAL_PARAMETER);
	stop(RELAY_STAT_fail_hello, 3);
}

static void in_the_middle(uint32_t n)
{
	client = lab_client();
	peer_bytes(client, hello_of("b.test", 0, 16384)->p, n);
	lab_run(5);
}

static void client_leaves(void)
{
	start(true);
	for (uint32_t n = 1; n < 60; n += 29) {
		in_the_middle(n);
		peer_fin(client);
		lab_run(5);
		refused(TLS_HELLO_DECODE_ERROR);
	}
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_hello), 3);
	in_the_middle(30);
	peer_reset(client);
	lab_run(5);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 0);
	stop(RELAY_STAT_fail_client_reset, 1);
}

/* handshake-timeout is for all of the hello, however often a byte of it comes. */
static void too_late(void)
{
	const struct hello *h;

	start(true);
	client = lab_client();
	h = hello_of("b.test", 0, 16384);
	for (unsigned i = 0; i < 6; i++) {
		peer_bytes(client, h->p + i, 1);
		lab_run(100);
	}
	CU_ASSERT_FALSE(client->dead);
	lab_run(110);
	CU_ASSERT_TRUE(client->dead && client->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 0);
	stop(RELAY_STAT_fail_hello, 1);
}

/* Another name's pool is no way out. */
static void member_down(void)
{
	prepare(true);
	lab.listening[1] = -1;
	lab_start();
	say(hello_of("b.test", 0, 16384));
	lab_run(20);
	CU_ASSERT_TRUE(client->dead && client->error == ECONNRESET);
	CU_ASSERT_EQUAL(lb_member(lab.lb, B, 0)->active, 0);
	goes_to("x.test", 2);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_spliced), 1);
	stop(RELAY_STAT_fail_no_member, 1);
}

/* The next member of the same pool gets the same bytes. */
static void next_member(void)
{
	const struct hello *h;

	prepare(true);
	lab.listening[0] = -1;
	lab_start();
	h = hello_of("else.where", 0, 16384);
	say(h);
	node = lab_node(1);
	CU_ASSERT_TRUE(has_all(node, h->p, h->n));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 1);
	peer_fin(client);
	peer_fin(node);
	lab_run(10);
	stop(RELAY_STAT_spliced, 1);
}

/* The only connection at that end, as show connections has it. */
static struct relay_conn shown(bool back)
{
	struct relay_conn at, out = {.state = ""};

	for (uint32_t i = 0; i < relay_places(lab.relay); i++)
		if (relay_conn_at(lab.relay, i, &at) && at.back == back)
			out = at;
	return out;
}

static void show(void)
{
	start(true);
	in_the_middle(30);
	CU_ASSERT_STRING_EQUAL(shown(false).state, "hello");
	CU_ASSERT_PTR_NULL(shown(false).pool);
	CU_ASSERT_STRING_EQUAL(shown(true).state, "");
	peer_reset(client);
	lab_run(5);
	say(hello_of("x.test", 0, 16384));
	lab_node(2);
	for (unsigned back = 0; back < 2; back++) {
		CU_ASSERT_STRING_EQUAL(shown(back).state, "sni");
		CU_ASSERT_STRING_EQUAL(shown(back).pool, "C");
		CU_ASSERT_STRING_EQUAL(shown(back).member, "c");
	}
	peer_reset(client);
	lab_run(5);
	stop(RELAY_STAT_fail_client_reset, 2);
}

static const struct unit_case cases[] = {
	UNIT_CASE(by_name),
	UNIT_CASE(the_rest),
	UNIT_CASE(no_pool),
	UNIT_CASE(byte_by_byte),
	UNIT_CASE(bulk_both_ways),
	UNIT_CASE(not_a_hello),
	UNIT_CASE(client_leaves),
	UNIT_CASE(too_late),
	UNIT_CASE(member_down),
	UNIT_CASE(next_member),
	UNIT_CASE(show),
};

UNIT_MAIN(cases)
