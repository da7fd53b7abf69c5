/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies that crawl: whose fault it is, and what comes of it. */
#include <errno.h>

#include "relay_lab.h"

#define SIZE  100000
#define OK    "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 100000\r\n\r\n"
#define PUT   "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 100000\r\n\r\n"
#define POST  "POST /b?delete HTTP/1.1\r\nHost: s3\r\nContent-Length: 100000\r\n\r\n"
#define EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

static char body[SIZE];
static struct peer *c, *n;

/* 1000 bytes a second for one second, no other limit near. */
static void start(const char *request)
{
	pattern_fill(body, SIZE, 3);
	lab_init(2);
	lab.pool.stall_rate = 1000;
	lab.pool.stall_ms = 1000;
	lab.pool.replay_body = 1 << 20;
	lab.listener.body_timeout_ms = 60000;
	lab.pool.response_timeout_ms = 60000;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 0, request);
}

/* p gives `step` bytes of the body from *at on each 100 ms. */
static void drip(struct peer *p, unsigned *at, unsigned step, unsigned ms)
{
	for (; ms >= 100 && p->conn; ms -= 100, *at += step) {
		peer_bytes(p, body + *at, step);
		lab_run(100);
	}
}

static void crawling_response_is_resumed(void)
{
	unsigned at = 0;

	start(GET);
	peer_send(n, OK);
	drip(n, &at, 50, 900);
	CU_ASSERT_FALSE(n->dead);
	drip(n, &at, 50, 300);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 1);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_has(n, "\r\nRange: bytes=500-99999\r\n"));
	peer_send(n, "HTTP/1.1 206 x\r\nETag: \"e\"\r\nContent-Length: 99500\r\n"
		     "Content-Range: bytes 500-99999/100000\r\n\r\n");
	peer_bytes(n, body + 500, SIZE - 500);
	lab_run(300);
	CU_ASSERT_TRUE(c->n == strlen(OK) + SIZE && memcmp(c->in + strlen(OK), body, SIZE) == 0);
	lab_stop();
}

static void crawling_response_that_cannot_be(void)
{
	unsigned at = 0;

	start(GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
	drip(n, &at, 50, 1200);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_stalled), 1);
	lab_stop();
}

/* Just above it is no fault, however long it takes. */
static void slow_but_steady(void)
{
	unsigned at = 0;

	start(GET);
	peer_send(n, OK);
	drip(n, &at, 110, 8000);
	CU_ASSERT_FALSE(n->dead);
	CU_ASSERT_EQUAL(c->n, strlen(OK) + at);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 0);
	lab_stop();
}

/* The client reads nothing: that is not the member's fault, and its window is shut. */
static void slow_client_is_not_the_members_fault(void)
{
	char *big = calloc(1, 400000);

	start(GET);
	c->no_read = true;
	peer_send(n, "HTTP/1.1 200 OK\r\nETag: \"e\"\r\nContent-Length: 400000\r\n\r\n");
	peer_bytes(n, big, 400000);
	lab_run(8000);
	CU_ASSERT_FALSE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 0);
	c->no_read = false;
	lab_run(5000);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	free(big);
	lab_stop();
}

/* An upload that the member takes too slowly: here not at all, its window is shut. */
static void stuck_upload(const char *request, bool again)
{
	start(request);
	n->no_read = true;
	peer_bytes(c, body, 70000);
	lab_run(300);
	peer_bytes(c, body + 70000, 20000);
	lab_run(2500); /* the window in which nothing moved */
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 1);
	if (!again) {
		CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
		lab_stop();
		return;
	}
	n = lab_node(1);
	peer_bytes(c, body + 90000, SIZE - 90000);
	lab_run(300);
	CU_ASSERT_TRUE(
		n->n == strlen(request) + SIZE && memcmp(n->in + strlen(request), body, SIZE) == 0);
	lab_answer(n, c, EMPTY);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_stall), 1);
	lab_stop();
}

static void upload_that_is_not_taken(void)
{
	stuck_upload(PUT, true);
	stuck_upload(POST, false);
}

/* A client that uploads slowly is not the member's fault. */
static void slow_upload(void)
{
	unsigned at = 0;

	start(PUT);
	drip(c, &at, 20, 6000);
	CU_ASSERT_FALSE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 0);
	CU_ASSERT_EQUAL(n->n, strlen(PUT) + at);
	lab_stop();
}

/* The answer to a whole request may take its time: the floor is for bodies. */
static void waiting_is_no_stall(void)
{
	start("PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\nhello");
	lab_run(10000);
	lab_answer(n, c, EMPTY);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_stalls), 0);
	lab_stop();
}

static void off(void)
{
	unsigned at = 0;

	for (unsigned i = 0; i < 2; i++) {
		start(GET);
		if (i)
			lab.pool.stall_ms = 0;
		else
			lab.pool.stall_rate = 0;
		peer_send(n, OK);
		drip(n, &at, 10, 3000);
		CU_ASSERT_FALSE(n->dead);
		lab_stop();
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(crawling_response_is_resumed),
	UNIT_CASE(crawling_response_that_cannot_be),
	UNIT_CASE(slow_but_steady),
	UNIT_CASE(slow_client_is_not_the_members_fault),
	UNIT_CASE(upload_that_is_not_taken),
	UNIT_CASE(slow_upload),
	UNIT_CASE(waiting_is_no_stall),
	UNIT_CASE(off),
};

UNIT_MAIN(cases)
