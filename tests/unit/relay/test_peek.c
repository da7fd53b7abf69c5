/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers whose body says more than their status: what is told of them, unchanged as they pass. */
#include "relay_lab.h"

#define COMPLETE "POST /b/k?uploadId=1 HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n"
#define XML      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define ERROR    XML "<Error><Code>InternalError</Code><Message>x</Message></Error>"
#define FINE     XML "<CompleteMultipartUploadResult></CompleteMultipartUploadResult>"

/* The node's answer in pieces of `step` bytes, all of which the client gets. How often `stat`. */
static unsigned seen(const char *request, const char *answer, unsigned step, enum relay_stat stat)
{
	size_t size = strlen(answer);
	struct peer *c, *n;
	unsigned count;

	c = lab_up(1);
	n = lab_ask(c, 0, request);
	for (size_t at = 0; at < size; at += step) {
		peer_bytes(n, answer + at, RTE_MIN(step, size - at));
		lab_run(step < size ? 2 : 5);
	}
	lab_run(5);
	CU_ASSERT_TRUE(stat == RELAY_STAT_slow_downs || peer_got(c, answer));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	count = (unsigned)lab_stat(stat);
	lab_stop();
	return count;
}

static unsigned error_in(const char *request, const char *body, unsigned step)
{
	char text[1500];

	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
		strlen(body), body);
	return seen(request, text, step, RELAY_STAT_inner_errors);
}

static void error_in_200(void)
{
	static const unsigned steps[] = {1, 7, 50, 2000};

	for (unsigned i = 0; i < RTE_DIM(steps); i++) {
		CU_ASSERT_EQUAL(error_in(COMPLETE, ERROR, steps[i]), 1);
		CU_ASSERT_EQUAL(error_in(COMPLETE, "<Error/>", steps[i]), 1);
		CU_ASSERT_EQUAL(error_in(COMPLETE, FINE, steps[i]), 0);
	}
	CU_ASSERT_EQUAL(error_in(COMPLETE, "", 2000), 0);
	CU_ASSERT_EQUAL(error_in(COMPLETE, "<Err", 2000), 0);
	CU_ASSERT_EQUAL(error_in(COMPLETE, "    \r\n \n" ERROR, 3), 1);
	CU_ASSERT_EQUAL(error_in(GET, ERROR, 2000), 0); /* an object may say what it likes */
}

/* A node that sends spaces for minutes before it says that it failed; longer than is ever copied.
 */
static void long_silence_of_spaces(void)
{
	char body[1000];

	memset(body, ' ', 700);
	strcpy(body + 700, ERROR);
	CU_ASSERT_EQUAL(error_in(COMPLETE, body, 100), 1);
	CU_ASSERT_EQUAL(error_in(COMPLETE, body, 2000), 1);
	strcpy(body + 700, FINE);
	CU_ASSERT_EQUAL(error_in(COMPLETE, body, 100), 0);
}

static void in_chunks(void)
{
	static const char *const answer =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\n \r\n1\r\n\n\r\n3;a=\"<Error>\"\r\n<Er\r\n5\r\nror/>\r\n0\r\n\r\n";

	for (unsigned step = 1; step < 120; step += 13)
		CU_ASSERT_EQUAL(seen(COMPLETE, answer, step, RELAY_STAT_inner_errors), 1);
}

/* A body that is neither, and long. */
static void long_body(void)
{
	char body[1400];

	memset(body, 'x', sizeof(body) - 1);
	body[sizeof(body) - 1] = 0;
	CU_ASSERT_EQUAL(error_in(COMPLETE, body, 2000), 0);
	memcpy(body, "<?xml", 5); /* no end of that declaration */
	CU_ASSERT_EQUAL(error_in(COMPLETE, body, 20), 0);
}

/* ---- SlowDown ---- */

#define SLOW_XML XML "<Error><Code>SlowDown</Code></Error>"

static unsigned slow(const char *head, const char *body, unsigned step)
{
	char text[600];

	snprintf(text, sizeof(text), "HTTP/1.1 %sContent-Length: %zu\r\n\r\n%s", head, strlen(body),
		body);
	return seen(COMPLETE, text, step, RELAY_STAT_slow_downs);
}

static void slow_down(void)
{
	CU_ASSERT_EQUAL(slow("503 Slow Down\r\n", "", 2000), 1);
	CU_ASSERT_EQUAL(slow("429 Too Many Requests\r\n", "", 2000), 1);
	CU_ASSERT_EQUAL(slow("503 x\r\nRetry-After: 3\r\n", "", 2000), 1);
	CU_ASSERT_EQUAL(slow("503 x\r\n", SLOW_XML, 2000), 1);
	CU_ASSERT_EQUAL(slow("503 x\r\n", SLOW_XML, 11), 1); /* the body comes later */
	CU_ASSERT_EQUAL(slow("503 x\r\n", SLOW_XML, 1), 1);
	CU_ASSERT_EQUAL(slow("503 x\r\n", XML "<Error><Code>SlowDownRead</Code></Error>", 40), 1);
	CU_ASSERT_EQUAL(slow("503 x\r\n", XML "<Error><Code>Other</Code></Error>", 2000), 0);
	CU_ASSERT_EQUAL(slow("503 x\r\n", XML "<Error><Code>Other</Code></Error>", 11), 0);
	CU_ASSERT_EQUAL(slow("503 x\r\n", "SlowDown", 2000), 0);
	CU_ASSERT_EQUAL(slow("500 x\r\nRetry-After: 3\r\n", SLOW_XML, 2000), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(error_in_200),
	UNIT_CASE(long_silence_of_spaces),
	UNIT_CASE(in_chunks),
	UNIT_CASE(long_body),
	UNIT_CASE(slow_down),
};

UNIT_MAIN(cases)
