/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "relay_lab.h"

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"

static struct conf_check check;

static void start(enum conf_check_kind kind)
{
	lab_init(1);
	check = (struct conf_check){.name = "c",
		.kind = kind,
		.interval_ms = 1000,
		.timeout_ms = 300,
		.rise = 1,
		.fall = 1,
		.method = "GET",
		.path = "/alive",
		.status_low = 200,
		.status_high = 299,
		.bucket = kind == CONF_CHECK_CANARY ? "bkt" : NULL,
		.prefix = "canary/",
		.region = "us-east-1"};
	lab.conf.checks = &check;
	lab.conf.n_checks = 1;
	lab.pool.check = &check;
	lab_start();
}

static void stop(void)
{
	relay_drain(lab.relay, lab.now);
	lab_stop();
}

/* The next check's connection; it comes within an interval and a half. */
static struct peer *next(void)
{
	struct peer *n = NULL;

	for (unsigned ms = 0; !n && ms < 2000; ms += 20) {
		lab_run(20);
		n = lab_accepted(0);
	}
	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	return n;
}

static enum lb_state state(void)
{
	return lb_member_state(lab_member(0));
}

static void say(struct peer *n, const char *text)
{
	peer_send(n, text);
	lab_run(5);
}

static void a_connection_is_enough(void)
{
	start(CONF_CHECK_TCP);
	CU_ASSERT_EQUAL(next()->n, 0);
	lab_run(5);
	CU_ASSERT_EQUAL(state(), LB_UP);
	tcp_unlisten(lab.out, lab.listening[0]);
	lab_run(2000);
	CU_ASSERT_EQUAL(state(), LB_DOWN);
	lab.listening[0] = -1;
	stop();
}

static void an_answer_is_wanted(void)
{
	static const struct {
		const char *answer;
		enum lb_state state;
	} each[] = {
		{OK, LB_UP},
		{"HTTP/1.1 100 Continue\r\n\r\n" OK, LB_UP},
		{"HTTP/1.1 204 No Content\r\n\r\n", LB_UP},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", LB_DOWN},
		{"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", LB_DOWN},
		{"SSH-2.0-x\r\n\r\n", LB_DOWN},
	};

	for (unsigned i = 0; i < RTE_DIM(each); i++) {
		struct peer *n;

		start(CONF_CHECK_HTTP);
		n = next();
		CU_ASSERT_TRUE(peer_has(n, "GET /alive HTTP/1.1\r\nHost: 10.1.0.1:9000\r\n"));
		say(n, each[i].answer);
		CU_ASSERT_EQUAL(state(), each[i].state);
		CU_ASSERT_TRUE(n->eof || n->dead);
		stop();
	}
}

static void silence_and_a_torn_answer_are_failures(void)
{
	for (unsigned how = 0; how < 3; how++) {
		struct peer *n;

		start(CONF_CHECK_HTTP);
		n = next();
		if (how == 1)
			say(n, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
		if (how == 2)
			peer_reset(n);
		lab_run(400);
		CU_ASSERT_EQUAL(state(), LB_DOWN);
		stop();
	}
}

static void it_comes_back(void)
{
	struct peer *n;

	start(CONF_CHECK_HTTP);
	peer_reset(next());
	lab_run(5);
	CU_ASSERT_EQUAL(state(), LB_DOWN);
	n = next();
	say(n, OK);
	CU_ASSERT_EQUAL(state(), LB_UP);
	stop();
}

static void slow_down_is_alive(void)
{
	start(CONF_CHECK_S3);
	say(next(), "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n");
	CU_ASSERT_NOT_EQUAL(state(), LB_DOWN);
	stop();
}

/* What was put, for the GET that follows. */
static void body_of(const struct peer *put, char *answer, size_t n)
{
	const char *body = strstr(put->in, "\r\n\r\n");

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	CU_ASSERT_EQUAL(strlen(body + 4), PROBE_BODY_N);
	snprintf(answer, n, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", PROBE_BODY_N,
		body + 4);
}

static void a_canary_writes_reads_and_deletes(void)
{
	char answer[256];
	struct peer *n;

	for (unsigned other = 0; other < 2; other++) {
		start(CONF_CHECK_CANARY);
		n = next();
		CU_ASSERT_TRUE(peer_has(n, "PUT /bkt/canary/p.a HTTP/1.1\r\n"));
		body_of(n, answer, sizeof(answer));
		say(n, OK);
		n = next();
		CU_ASSERT_TRUE(peer_has(n, "GET /bkt/canary/p.a HTTP/1.1\r\n"));
		if (other) /* a node that reads something else */
			answer[strlen(answer) - 1] ^= 1;
		say(n, answer);
		CU_ASSERT_EQUAL(state(), other ? LB_DOWN : LB_UP);
		if (!other) {
			n = next();
			CU_ASSERT_TRUE(peer_has(n, "DELETE /bkt/canary/p.a HTTP/1.1\r\n"));
			say(n, "HTTP/1.1 204 No Content\r\n\r\n");
			CU_ASSERT_EQUAL(state(), LB_UP);
		}
		stop();
	}
}

static void writes_that_hang_are_not_the_end(void)
{
	struct peer *n;

	start(CONF_CHECK_CANARY);
	next(); /* PUT: no answer */
	lab_run(320);
	n = lab_node(0);
	CU_ASSERT_TRUE(peer_has(n, "HEAD /bkt HTTP/1.1\r\n"));
	say(n, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	CU_ASSERT_EQUAL(state(), LB_WEDGED);
	stop();
}

static void signed_with_the_key_of_the_file(void)
{
	char path[] = "probe-secret-XXXXXX";
	struct err e = {""};
	int fd = mkstemp(path);
	struct peer *n;

	CU_ASSERT_EQUAL_FATAL(write(fd, "sesame\n", 7), 7);
	close(fd);
	start(CONF_CHECK_HTTP);
	CU_ASSERT_FALSE(peer_has(next(), "Authorization"));
	stop();
	lab_init(1);
	check.access_key = "AKIA1";
	check.secret_file = path;
	check.kind = CONF_CHECK_S3;
	lab.conf.checks = &check;
	lab.conf.n_checks = 1;
	lab.pool.check = &check;
	CU_ASSERT_EQUAL(relay_conf_check(&lab.conf, &e), 0);
	lab_start();
	n = next();
	CU_ASSERT_TRUE(peer_has(n, "Credential=AKIA1/19700101/us-east-1/s3/aws4_request"));
	CU_ASSERT_FALSE(peer_has(n, "sesame"));
	stop();
	unlink(path);
	CU_ASSERT_EQUAL(relay_conf_check(&lab.conf, &e), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "secret-file"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(a_connection_is_enough),
	UNIT_CASE(an_answer_is_wanted),
	UNIT_CASE(silence_and_a_torn_answer_are_failures),
	UNIT_CASE(it_comes_back),
	UNIT_CASE(slow_down_is_alive),
	UNIT_CASE(a_canary_writes_reads_and_deletes),
	UNIT_CASE(writes_that_hang_are_not_the_end),
	UNIT_CASE(signed_with_the_key_of_the_file),
};

UNIT_MAIN(cases)
