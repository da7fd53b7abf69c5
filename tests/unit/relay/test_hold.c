/* SPDX-License-Identifier: BSD-3-Clause */
/* Request bodies that are held and given to another member, byte by byte the same. */
#include <errno.h>

#include "relay_lab.h"

#define SIZE 300000
#define PUT  "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 300000\r\n\r\n"
#define EXPECT                                                                                     \
	"PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 300000\r\nExpect: 100-continue\r\n\r\n"
#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static char body[SIZE];
static struct peer *c, *n;

static void start(unsigned nodes)
{
	pattern_fill(body, SIZE, 9);
	lab_init(nodes);
	lab.pool.replay_body = SIZE + 1000;
	lab_start();
	c = lab_client();
}

/* The client gives bytes from..to of the body as fast as they go. */
static void give(unsigned from, unsigned to)
{
	for (unsigned i = 0; from < to && i < 3000; i++) {
		if (c->conn->tx.bytes < 65536) {
			unsigned k = RTE_MIN(5000u, to - from);

			peer_bytes(c, body + from, k);
			from += k;
		}
		lab_run(1);
	}
	lab_run(60);
}

static bool has_all(const struct peer *p, const char *head, unsigned k)
{
	size_t h = strlen(head);

	return p->n == h + k && memcmp(p->in, head, h) == 0 && memcmp(p->in + h, body, k) == 0;
}

static void nothing_is_held(void)
{
	CU_ASSERT_EQUAL(lab_info().held, 0);
	CU_ASSERT_TRUE(list_empty(&lab.relay->holding));
}

enum end { RESET, FIN, HEAD };

/* The node dies when it has k bytes of the body; the other one gets all of it. */
static void dies_after(unsigned k, enum end how)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, k);
	CU_ASSERT_TRUE(has_all(n, PUT, k));
	CU_ASSERT_TRUE(lab_info().held >= k);
	if (how == HEAD)
		peer_send(n, "HTTP/1.1 200 OK\r\nx-a");
	lab_run(3);
	if (how == FIN)
		peer_fin(n);
	else
		peer_reset(n);
	n = lab_node(1);
	give(k, SIZE);
	lab_run(300);
	CU_ASSERT_TRUE(has_all(n, PUT, SIZE));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_replays), 1);
	lab_answer(n, c, EMPTY);
	nothing_is_held();
	CU_ASSERT_FALSE(c->eof);
	lab_stop();
}

static void every_place(void)
{
	static const unsigned places[] = {0, 1, 100, SIZE / 2, SIZE - 1, SIZE};

	for (unsigned i = 0; i < RTE_DIM(places); i++)
		for (enum end how = RESET; how <= HEAD; how++)
			dies_after(places[i], how);
}

/* Chunks and a trailer, as they came. */
static void chunked(void)
{
	static const char *const put =
		"PUT /b/k HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: chunked\r\n"
		"x-amz-trailer: x-amz-checksum-crc32\r\n\r\n"
		"a;chunk-signature=01\r\n0123456789\r\n0\r\nx-amz-checksum-crc32: AAAAAA==\r\n\r\n";

	start(2);
	peer_bytes(c, put, strlen(put) - 20);
	n = lab_node(0);
	lab_run(60);
	peer_reset(n);
	n = lab_node(1);
	peer_send(c, put + strlen(put) - 20);
	lab_run(10);
	CU_ASSERT_TRUE(peer_got(n, put));
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* The member is chosen before the body flows; that it said 100 once is enough for the client. */
static void expect_and_100(void)
{
	start(2);
	n = lab_ask(c, 0, EXPECT);
	lab_answer(n, c, "HTTP/1.1 100 Continue\r\n\r\n");
	give(0, 200000);
	peer_reset(n);
	n = lab_node(1);
	peer_send(n, "HTTP/1.1 100 Continue\r\n\r\n");
	give(200000, SIZE);
	lab_run(300);
	CU_ASSERT_TRUE(has_all(n, EXPECT, SIZE));
	lab_answer(n, c, EMPTY);
	lab_stop();
	/* lost before it said so: the other one's 100 is the client's, a hint was none */
	start(2);
	n = lab_ask(c, 0, EXPECT);
	lab_answer(n, c, "HTTP/1.1 103 Early Hints\r\n\r\n");
	lab_run(60);
	peer_reset(n);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, EXPECT));
	lab_answer(n, c, "HTTP/1.1 100 Continue\r\n\r\n");
	give(0, SIZE);
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* Twice, with a client that still has something to say; the second lives. */
static void twice(void)
{
	start(3);
	n = lab_ask(c, 0, PUT);
	give(0, 100000);
	peer_reset(n);
	n = lab_node(1);
	give(100000, 200000);
	lab_run(200);
	CU_ASSERT_TRUE(has_all(n, PUT, 200000));
	peer_reset(n);
	n = lab_node(2);
	give(200000, SIZE);
	lab_run(300);
	CU_ASSERT_TRUE(has_all(n, PUT, SIZE));
	lab_answer(n, c, EMPTY);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_replays), 2);
	lab_stop();
}

/* An answer that another member may better, when all of the body is held. */
static void error_after_the_body(void)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, SIZE);
	peer_send(n, "HTTP/1.1 500 x\r\nContent-Length: 0\r\n\r\n");
	n = lab_node(1);
	lab_run(300);
	CU_ASSERT_TRUE(has_all(n, PUT, SIZE));
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* ---- limits ---- */

static void given_up(uint64_t replay_body, uint64_t replay_memory, enum relay_stat why)
{
	start(2);
	lab.pool.replay_body = replay_body;
	lab.conf.global.replay_memory = replay_memory;
	n = lab_ask(c, 0, PUT);
	give(0, 200000);
	CU_ASSERT_EQUAL(lab_stat(why), 1);
	nothing_is_held();
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_lost), 1);
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	lab_stop();
}

static void limits(void)
{
	given_up(0, 2 << 20, RELAY_STAT_hold_over);
	given_up(SIZE - 1, 2 << 20, RELAY_STAT_hold_over); /* at once */
	given_up(SIZE + 1000, 100000, RELAY_STAT_hold_over);
}

/* Its length is not known before it is over. */
static void chunked_over_the_limit(void)
{
	start(2);
	lab.pool.replay_body = 50000;
	n = lab_ask(c, 0,
		"PUT /b/k HTTP/1.1\r\nHost: s3\r\nTransfer-Encoding: chunked\r\n\r\n493e0\r\n");
	give(0, 40000);
	CU_ASSERT_TRUE(lab_info().held > 40000);
	give(40000, 80000);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_over), 1);
	nothing_is_held();
	lab_stop();
}

/* What the worker holds is all requests' together. */
static void memory_is_shared(void)
{
	struct peer *d, *m;

	start(2);
	lab.conf.global.replay_memory = 700000;
	n = lab_ask(c, 0, PUT);
	give(0, 200000);
	CU_ASSERT_TRUE(lab_info().held > 200000);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_over), 0);
	d = c;
	c = lab_client();
	m = lab_ask(c, 1, PUT);
	give(0, 250000);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_over), 1);
	CU_ASSERT_TRUE(lab_info().held <= 700000 && lab_info().held > 200000);
	peer_reset(m);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 ")); /* the later one lost */
	c = d;
	give(200000, SIZE);
	lab_answer(n, c, EMPTY);
	nothing_is_held();
	lab_stop();
}

/* What may not be repeated is held as long as nobody has seen it. */
static void not_idempotent(void)
{
	start(2);
	n = lab_ask(c, 0,
		"POST /b/k?uploadId=1 HTTP/1.1\r\nHost: s3\r\nContent-Length: 300000\r\n\r\n");
	give(0, 100000);
	nothing_is_held();
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_over), 0); /* it never was to be */
	lab_stop();
}

/* The answer's head ends it, also when that overtakes the body. */
static void early_answer(void)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, 100000);
	CU_ASSERT_TRUE(lab_info().held > 0);
	peer_send(n, "HTTP/1.1 403 x\r\nContent-Length: 5\r\n\r\nno");
	lab_run(5);
	nothing_is_held();
	lab_stop();
}

/* Buffers run out: what is held goes first, and the request goes on. */
static void pressure(void)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, 200000);
	CU_ASSERT_TRUE(lab_info().held > 0);
	lab_starve(true);
	lab_give(100);
	tcp_relieve(lab.tcp, lab.now + 1000);
	CU_ASSERT_TRUE(tcp_pressure(lab.tcp) > 0);
	lab_run(2);
	nothing_is_held();
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_shed), 1);
	lab_starve(false);
	tcp_relieve(lab.tcp, lab.now + 1000);
	give(200000, SIZE);
	CU_ASSERT_TRUE(has_all(n, PUT, SIZE));
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* No slice to hold it by. */
static void no_slices(void)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, 100000);
	lab_starve_indirect(true);
	peer_bytes(c, body + 100000, 1000);
	lab_run(5);
	nothing_is_held();
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_hold_shed), 1);
	lab_starve_indirect(false);
	lab_run(400);
	give(101000, SIZE);
	CU_ASSERT_TRUE(has_all(n, PUT, SIZE));
	lab_answer(n, c, EMPTY);
	lab_stop();
}

/* A client that goes away leaves nothing. */
static void client_goes(void)
{
	start(2);
	n = lab_ask(c, 0, PUT);
	give(0, 100000);
	peer_reset(c);
	lab_run(5);
	nothing_is_held();
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_place),
	UNIT_CASE(chunked),
	UNIT_CASE(expect_and_100),
	UNIT_CASE(twice),
	UNIT_CASE(error_after_the_body),
	UNIT_CASE(limits),
	UNIT_CASE(chunked_over_the_limit),
	UNIT_CASE(memory_is_shared),
	UNIT_CASE(not_idempotent),
	UNIT_CASE(early_answer),
	UNIT_CASE(pressure),
	UNIT_CASE(no_slices),
	UNIT_CASE(client_goes),
};

UNIT_MAIN(cases)
