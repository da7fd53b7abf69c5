/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay_lab.h"

#define CLIENTS 6

static struct peer *c[CLIENTS], *n[CLIENTS];

/* k clients whose requests are at node 0 at the same time, on k connections. */
static void ask_at_once(unsigned k)
{
	for (unsigned i = 0; i < k; i++) {
		c[i] = lab_client();
		n[i] = lab_ask(c[i], 0, GET);
		CU_ASSERT_TRUE(peer_got(n[i], GET));
	}
}

static void answer(unsigned i)
{
	peer_send(n[i], OK_5);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c[i], OK_5));
}

static void newest_is_reused_first(void)
{
	lab_init(1);
	lab_start();
	ask_at_once(3);
	answer(1);
	answer(0);
	answer(2);
	CU_ASSERT_EQUAL(lab_member(0)->idle, 3);
	CU_ASSERT_EQUAL(lab_info().backs_idle, 3);
	lab_one_get_on(c[0], n[2]); /* and is the newest again */
	lab_one_get_on(c[1], n[2]);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_reuses], 2);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_connects], 3);
	lab_stop();
}

static void idle_limit(void)
{
	lab_init(1);
	lab_start();
	ask_at_once(CLIENTS);
	for (unsigned i = 0; i < CLIENTS; i++)
		answer(i);
	CU_ASSERT_EQUAL(lab_member(0)->idle, lab.pool.idle_connections);
	CU_ASSERT_EQUAL(lab_info().backs, lab.pool.idle_connections);
	CU_ASSERT_TRUE(n[CLIENTS - 1]->eof);
	CU_ASSERT_FALSE(n[0]->eof);
	lab_stop();
}

static void idle_timeout(void)
{
	lab_init(1);
	lab_start();
	ask_at_once(1);
	answer(0);
	lab_run(lab.pool.idle_timeout_ms - 50);
	CU_ASSERT_EQUAL(lab_info().backs, 1);
	lab_run(100);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	CU_ASSERT_TRUE(n[0]->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_idle_timeout), 1);
	lab_stop();
}

static void idle_connection_with_news_is_closed(void)
{
	for (unsigned what = 0; what < 3; what++) {
		lab_init(1);
		lab_start();
		ask_at_once(1);
		answer(0);
		if (what == 0)
			peer_send(n[0], "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		else if (what == 1)
			peer_fin(n[0]);
		else
			peer_reset(n[0]);
		lab_run(5);
		CU_ASSERT_EQUAL(lab_info().backs, 0);
		CU_ASSERT_EQUAL(lab_member(0)->idle, 0);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_idle_closed), 1);
		CU_ASSERT_EQUAL(c[0]->n, 0);
		lab_one_get(c[0], 0); /* on a new one */
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_opened), 2);
		lab_stop();
	}
}

/* A response that nobody asked for arrives in the same burst as the next request: it must never
 * become that request's answer. */
static void unasked_response_is_no_answer(void)
{
	lab_init(1);
	lab_start();
	ask_at_once(1);
	answer(0);
	lab.to_tcp.hold = true;
	peer_send(c[0], GET);
	lab_run(2);
	peer_send(n[0], "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil");
	lab_run(2);
	lab.to_tcp.hold = false;
	n[0] = lab_accepted(0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(n[0]);
	CU_ASSERT_EQUAL(c[0]->n, 0);
	CU_ASSERT_TRUE(peer_got(n[0], GET));
	answer(0);
	lab_stop();
}

/* No record is free: the oldest idle connection of some member makes room. */
static void idle_connections_make_room(void)
{
	struct peer *b;

	lab_init(2);
	lab.requests = lab.backs = 2;
	lab_start();
	c[0] = lab_client();
	n[0] = lab_one_get(c[0], 0);
	n[1] = lab_one_get(c[0], 1);
	CU_ASSERT_EQUAL(lab_info().backs, 2);
	c[1] = lab_client();
	peer_send(c[0], GET); /* takes node 0's */
	lab_run(3);
	peer_send(c[1], GET); /* takes node 1's */
	lab_run(3);
	CU_ASSERT_TRUE(peer_got(n[0], GET));
	CU_ASSERT_TRUE(peer_got(n[1], GET));
	peer_send(n[1], OK_5);
	lab_run(5);
	CU_ASSERT_TRUE(peer_got(c[1], OK_5));
	peer_send(c[1], GET); /* node 0's turn: a new connection, in place of node 1's idle one */
	b = lab_node(0);
	CU_ASSERT_TRUE(peer_got(b, GET));
	CU_ASSERT_TRUE(n[1]->eof);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_back_evicted), 1);
	CU_ASSERT_EQUAL(lab_info().backs, 2);
	lab_stop();
}

static void drained_member_keeps_no_connection(void)
{
	lab_init(2);
	lab_start();
	ask_at_once(1);
	lb_set_weight(lab.lb, lb_member(lab.lb, 0, 0), 0, 0);
	answer(0);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_one_get(c[0], 1);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(newest_is_reused_first),
	UNIT_CASE(idle_limit),
	UNIT_CASE(idle_timeout),
	UNIT_CASE(idle_connection_with_news_is_closed),
	UNIT_CASE(unasked_response_is_no_answer),
	UNIT_CASE(idle_connections_make_room),
	UNIT_CASE(drained_member_keeps_no_connection),
};

UNIT_MAIN(cases)
