/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay_lab.h"

#define N 6

static struct peer *c[N];

/* One node that takes two requests at a time. */
static void start(uint32_t queue)
{
	lab_init(1);
	lab.pool.concurrency = 2;
	lab.pool.queue = queue;
	lab.pool.queue_timeout_ms = 700;
	lab.pool.response_timeout_ms = 10000;
	lab_start();
}

static void ask(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		c[i] = lab_client();
		peer_send(c[i], GET);
	}
	lab_run(5);
}

static void the_next_goes_when_one_is_done(void)
{
	struct peer *n[N];

	start(8);
	ask(N);
	n[0] = lab_node(0);
	n[1] = lab_node(0);
	CU_ASSERT_FALSE(lab_accepted(0));
	CU_ASSERT_EQUAL(lab_member(0)->active, 2);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_queued), N - 2);
	lab_answer(n[0], c[0], OK_5);
	/* in their order, on the connection that is there */
	for (unsigned i = 2; i < N; i++) {
		CU_ASSERT_EQUAL(lab_member(0)->active, 2);
		lab_answer(n[0], c[i], OK_5);
	}
	lab_answer(n[1], c[1], OK_5);
	lab_stop();
}

static void the_line_is_bounded(void)
{
	start(2);
	ask(N);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_queued), 2);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_queue_full), 2);
	for (unsigned i = 4; i < N; i++) {
		CU_ASSERT_TRUE(peer_has(c[i], "HTTP/1.1 503 "));
		CU_ASSERT_TRUE(peer_has(c[i], "<Code>SlowDown</Code>"));
		CU_ASSERT_TRUE(peer_has(c[i], "Retry-After: "));
	}
	lab_stop();
}

static void nobody_waits_for_ever(void)
{
	start(8);
	ask(3);
	lab_run(650);
	CU_ASSERT_EQUAL(c[2]->n, 0);
	lab_run(100);
	CU_ASSERT_TRUE(peer_has(c[2], "<Code>SlowDown</Code>"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_queue_timeout), 1);
	CU_ASSERT_EQUAL(lb_pool(lab.lb, 0)->n_waiting, 0);
	lab_stop();
}

static void who_goes_leaves_the_line(void)
{
	struct peer *n;

	start(8);
	ask(4);
	n = lab_node(0);
	peer_reset(c[2]);
	lab_run(5);
	CU_ASSERT_EQUAL(lb_pool(lab.lb, 0)->n_waiting, 1);
	lab_answer(n, c[0], OK_5);
	lab_answer(n, c[3], OK_5);
	lab_stop();
}

/* The body of one that waits stays in its window, and arrives whole. */
static void a_body_waits_too(void)
{
	static char body[200000];
	char head[128];
	struct peer *n;

	start(8);
	ask(2);
	n = lab_node(0);
	pattern_fill(body, sizeof(body), 1);
	c[2] = lab_client();
	snprintf(head, sizeof(head), "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: %zu\r\n\r\n",
		sizeof(body));
	peer_send(c[2], head);
	peer_bytes(c[2], body, sizeof(body));
	lab_run(50);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_queued), 1);
	peer_clear(n);
	lab_answer(n, c[0], OK_5);
	lab_run(500);
	CU_ASSERT_EQUAL(n->n, strlen(head) + sizeof(body));
	CU_ASSERT_EQUAL(memcmp(n->in + strlen(head), body, sizeof(body)), 0);
	lab_answer(n, c[2], OK_5);
	lab_stop();
}

/* Called, but there is no way to who has room: it stands in the line for the other one again. */
static void no_way_from_the_line(void)
{
	struct peer *n[4];

	lab_init(2);
	lab.pool.concurrency = 2;
	lab.pool.queue = 8;
	lab.pool.queue_timeout_ms = 3000;
	lab.pool.response_timeout_ms = 10000;
	lab_start();
	ask(5);
	for (unsigned i = 0; i < 4; i++)
		n[i] = lab_node(i % 2);
	CU_ASSERT_EQUAL(lb_pool(lab.lb, 0)->n_waiting, 1);
	lab.unreachable[0] = true;
	peer_send(n[0], "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello");
	lab_run(10);
	CU_ASSERT_EQUAL(lb_pool(lab.lb, 0)->n_waiting, 1);
	peer_send(n[1], OK_5);
	lab_run(10);
	CU_ASSERT_EQUAL(lb_pool(lab.lb, 0)->n_waiting, 0);
	peer_send(n[1], OK_5);
	lab_run(10);
	CU_ASSERT_TRUE(peer_got(c[4], OK_5));
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(the_next_goes_when_one_is_done),
	UNIT_CASE(the_line_is_bounded),
	UNIT_CASE(nobody_waits_for_ever),
	UNIT_CASE(who_goes_leaves_the_line),
	UNIT_CASE(a_body_waits_too),
	UNIT_CASE(no_way_from_the_line),
};

UNIT_MAIN(cases)
