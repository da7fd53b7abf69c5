/* SPDX-License-Identifier: BSD-3-Clause */
/* A member fails before the client got an answer: who else is asked, and who is not. */
#include <errno.h>

#include "relay_lab.h"

#define PUT_5  "PUT /b/k HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\nhello"
#define POST_5 "POST /b/k?uploadId=1 HTTP/1.1\r\nHost: s3\r\nContent-Length: 5\r\n\r\nhello"
#define COPY                                                                                       \
	"PUT /b/k HTTP/1.1\r\nHost: s3\r\nx-amz-copy-source: b/l\r\n"                              \
	"Content-Length: 0\r\n\r\n"
#define COND     "PUT /b/k HTTP/1.1\r\nHost: s3\r\nIf-None-Match: *\r\nContent-Length: 0\r\n\r\n"
#define DELETE_1 "DELETE /b/k HTTP/1.1\r\nHost: s3\r\n\r\n"
#define EMPTY    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define SLOW     "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"

static struct peer *c, *n;

static void start(unsigned nodes, const char *request)
{
	c = lab_up(nodes);
	n = lab_ask(c, 0, request);
	CU_ASSERT_TRUE(peer_got(n, request));
}

static void other_answers(const char *request)
{
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, request));
	lab_answer(n, c, EMPTY);
}

/* ---- lost ---- */

/* Accepted, and then the node dies: before its head, and in the middle of it. */
static void lost(const char *request, bool again)
{
	for (unsigned how = 0; how < 4; how++) {
		start(2, request);
		if (how & 1)
			peer_send(n, "HTTP/1.1 200 OK\r\nCont");
		lab_run(60); /* a delayed ACK */
		if (how & 2)
			peer_reset(n);
		else
			peer_fin(n);
		if (again) {
			other_answers(request);
			CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_lost), 1);
		} else {
			CU_ASSERT_PTR_NULL(lab_accepted(1));
			CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
			CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_lost), 1);
		}
		CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_resets], 1);
		lab_stop();
	}
}

static void idempotent_ones_go_elsewhere(void)
{
	lost(GET, true);
	lost("HEAD /b/k HTTP/1.1\r\nHost: s3\r\n\r\n", true);
	lost(PUT_5, true);
	lost(DELETE_1, true);
}

static void others_never_do(void)
{
	lost(POST_5, false);
	lost(COPY, false);
	lost("POST /b/k?uploads HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n", false);
	lost("DELETE /b/k?uploadId=1 HTTP/1.1\r\nHost: s3\r\n\r\n", false);
	lost(COND, false);
}

/* ---- the idle race ---- */

/* Closed by the node when the request was on its way, the node's kernel had taken it: the same node
 * gets it on a fresh connection, at once. */
static void idle_race(const char *request, bool again)
{
	c = lab_up(2);
	n = lab_one_get(c, 0);
	peer_send(c, GET);
	lab_answer(lab_node(1), c, OK_5); /* so that node 0 is next */
	peer_clear(n);
	peer_send(c, request);
	lab_run(4);
	CU_ASSERT_TRUE(peer_got(n, request));
	peer_reset(n);
	if (again) {
		n = lab_node(0);
		CU_ASSERT_TRUE(peer_got(n, request));
		lab_answer(n, c, EMPTY);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_idle), 1);
	} else {
		lab_run(10);
		CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	}
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_resets], !again);
	CU_ASSERT_EQUAL(lb_member_state(lab_member(0)), LB_UP);
	lab_stop();
}

static void idle_race_is_hidden(void)
{
	idle_race(GET, true);
	idle_race(PUT_5, true);
	idle_race(POST_5, false); /* it may have been carried out */
}

/* The node has it, but its ACK was lost or is yet to come. */
static void taken_in_silence(void)
{
	c = lab_up(2);
	n = lab_one_get(c, 0);
	peer_send(c, GET);
	lab_answer(lab_node(1), c, OK_5); /* so that node 0 is next */
	peer_clear(n);
	peer_send(c, POST_5);
	for (unsigned i = 0; i < 20 && n->n == 0; i++)
		lab_run(1);
	CU_ASSERT_TRUE(peer_got(n, POST_5));
	lab.to_tcp.hold = true;
	lab_run(2);
	rte_pktmbuf_free_bulk(lab.to_tcp.pkt, lab.to_tcp.n);
	lab.to_tcp.n = 0;
	lab.to_tcp.hold = false;
}

static void is_not_repeated(void)
{
	lab_run(10);
	CU_ASSERT_PTR_NULL(lab_accepted(0));
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 502 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_lost), 1);
	lab_stop();
}

static void a_reset_acknowledges(void)
{
	taken_in_silence();
	peer_reset(n);
	is_not_repeated();
}

/* It is we who end it: what the node has of it nobody knows. */
static void a_cut_says_nothing(void)
{
	taken_in_silence();
	CU_ASSERT_EQUAL(relay_cut(lab.relay, lab_member(0), lab.now), 1);
	is_not_repeated();
}

/* ---- silence ---- */

static void silence(const char *request, uint32_t after, bool again)
{
	start(2, request);
	lab_run(after - 50);
	CU_ASSERT_FALSE(n->dead);
	lab_run(150); /* the node's delayed ACK was progress */
	CU_ASSERT_TRUE(n->dead);
	if (again) {
		other_answers(request);
		CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_timeout), 1);
	} else {
		CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
		CU_ASSERT_PTR_NULL(lab_accepted(1));
	}
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_timeouts], 1);
	lab_stop();
}

static void silent_member(void)
{
	silence(GET, 3000, true);
	silence(PUT_5, 3000, true);
	silence("POST /b/k?uploads HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n", 3000, false);
	silence(POST_5, 9000, false); /* CompleteMultipartUpload has the time it takes */
	silence(COPY, 9000, false);
}

static void all_are_silent(void)
{
	start(2, GET);
	lab_run(3100);
	n = lab_node(1);
	lab_run(3100);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 504 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_timeout), 1);
	lab_stop();
}

/* ---- answers ---- */

/* One that another node may better; the client never sees it. */
static void dropped_answer(const char *request, const char *answer, enum relay_stat why)
{
	start(2, request);
	peer_send(n, answer);
	other_answers(request);
	CU_ASSERT_EQUAL(lab_stat(why), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_status_5xx], 1);
	CU_ASSERT_TRUE(c->conn && !c->eof);
	lab_stop();
}

static void answers_that_another_may_better(void)
{
	static const char *const requests[] = {GET, PUT_5, DELETE_1};

	for (unsigned i = 0; i < RTE_DIM(requests); i++) {
		dropped_answer(requests[i], "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno",
			RELAY_STAT_retry_status);
		dropped_answer(requests[i], "HTTP/1.1 503 x\r\nContent-Length: 2\r\n\r\nno",
			RELAY_STAT_retry_status);
		/* what it says is not known yet: nobody is ejected for that */
		dropped_answer(requests[i], "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n",
			RELAY_STAT_retry_slow_down);
		dropped_answer(requests[i], "HTTP/1.1 503 x\r\nContent-Length: 2\r\n\r\n",
			RELAY_STAT_retry_slow_down);
		dropped_answer(requests[i], SLOW, RELAY_STAT_retry_slow_down);
	}
}

/* It is the client's own. */
static void kept_answer(unsigned nodes, const char *request, const char *answer)
{
	start(nodes, request);
	lab_answer(n, c, answer);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 0);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	lab_stop();
}

#define ERROR_500 "HTTP/1.1 500 x\r\nContent-Length: 2\r\n\r\nno"

static void answers_that_nobody_betters(void)
{
	kept_answer(2, POST_5, ERROR_500);
	kept_answer(2, COPY, ERROR_500);
	kept_answer(1, GET, ERROR_500);
	kept_answer(2, GET, "HTTP/1.1 501 x\r\nContent-Length: 2\r\n\r\nno");
	kept_answer(2, GET, "HTTP/1.1 404 x\r\nContent-Length: 2\r\n\r\nno");
	kept_answer(2, GET, "HTTP/1.1 403 x\r\nContent-Length: 2\r\n\r\nno");
}

/* Only once: the second node's error is the client's, though there is a third. */
static void answer_is_dropped_once(void)
{
	start(3, GET);
	peer_send(n, ERROR_500);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_answer(n, c, ERROR_500);
	CU_ASSERT_PTR_NULL(lab_accepted(2));
	lab_stop();
}

/* Nobody else: the client is told when to come again, in the node's own words or in ours. */
static void throttled_client_is_told_when(void)
{
	start(1, GET);
	peer_send(n, "HTTP/1.1 503 Slow Down\r\nContent-Length: 2\r\n\r\nno");
	lab_run(5);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 Slow Down\r\nContent-Length: 2\r\nRetry-After: "));
	CU_ASSERT_TRUE(peer_has(c, "\r\n\r\nno"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_slow_downs), 1);
	lab_stop();
	kept_answer(1, GET, "HTTP/1.1 429 x\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n");
}

/* ---- limits ---- */

static void budget_is_spent(void)
{
	lab_init(3);
	lab.pool.retry_budget = 0;
	lab.pool.retry_floor = 0;
	lab.listening[0] = -1;
	lab_start();
	c = lab_client();
	peer_send(c, GET);
	lab_run(20);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 "));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_budget), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retries), 0);
	lab_stop();
}

static void budget_lets_the_answer_pass(void)
{
	lab_init(2);
	lab.pool.retry_budget = 0;
	lab.pool.retry_floor = 0;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 0, GET);
	lab_answer(n, c, ERROR_500);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_budget), 1);
	lab_stop();
}

static void retries_are_limited(void)
{
	lab_init(4);
	lab.pool.retries = 1;
	lab_start();
	c = lab_client();
	n = lab_ask(c, 0, GET);
	peer_reset(n);
	n = lab_node(1);
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 503 "));
	CU_ASSERT_PTR_NULL(lab_accepted(2));
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(idempotent_ones_go_elsewhere),
	UNIT_CASE(others_never_do),
	UNIT_CASE(idle_race_is_hidden),
	UNIT_CASE(a_reset_acknowledges),
	UNIT_CASE(a_cut_says_nothing),
	UNIT_CASE(silent_member),
	UNIT_CASE(all_are_silent),
	UNIT_CASE(answers_that_another_may_better),
	UNIT_CASE(answers_that_nobody_betters),
	UNIT_CASE(answer_is_dropped_once),
	UNIT_CASE(throttled_client_is_told_when),
	UNIT_CASE(budget_is_spent),
	UNIT_CASE(budget_lets_the_answer_pass),
	UNIT_CASE(retries_are_limited),
};

UNIT_MAIN(cases)
