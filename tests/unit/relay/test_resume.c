/* SPDX-License-Identifier: BSD-3-Clause */
/* A GET whose answer breaks in mid-body, at every kind of place: the client sees one body, or a
 * reset, never a wrong byte. */
#include <errno.h>

#include "relay_lab.h"

#define ETAG  "\"0123456789abcdef0123456789abcdef-3\""
#define DATE  "Sat, 21 Nov 2026 22:22:22 GMT"
#define FACTS "ETag: " ETAG "\r\nLast-Modified: " DATE "\r\n"
#define SIZE  20000

static char object[SIZE], head[400];
static struct peer *c, *n;

/* A head of status for bytes first to last of the object; facts are more fields. */
static const char *head_of(unsigned status, unsigned first, unsigned last, const char *facts)
{
	int at = sprintf(
		head, "HTTP/1.1 %u x\r\n%sContent-Length: %u\r\n", status, facts, last - first + 1);

	if (status == 206)
		at += sprintf(head + at, "Content-Range: bytes %u-%u/%u\r\n", first, last, SIZE);
	sprintf(head + at, "\r\n");
	return head;
}

static void say(struct peer *node, unsigned first, unsigned end)
{
	if (end > first)
		peer_bytes(node, object + first, end - first);
	lab_run(10);
}

/* Two nodes; a client asks, node 0 sends its head and the body's bytes before `broken`. */
static void begin(const char *request, unsigned status, unsigned first, unsigned broken)
{
	pattern_fill(object, SIZE, 5);
	c = lab_client();
	n = lab_ask(c, 0, request);
	peer_send(n, head_of(status, first, SIZE - 1, FACTS));
	say(n, first, broken);
}

static void start(unsigned nodes)
{
	lab_init(nodes);
	lab_start();
}

/* The client has head and all of the object from first on, and can ask again. */
static bool is_joined(unsigned status, unsigned first)
{
	const char *h = head_of(status, first, SIZE - 1, FACTS);
	size_t k = strlen(h), size = SIZE - first;
	bool same = c->n == k + size && memcmp(c->in, h, k) == 0 &&
		    memcmp(c->in + k, object + first, size) == 0;

	peer_clear(c);
	return same && !c->dead && !c->eof;
}

static void expect_request(const char *range)
{
	char want[200];

	snprintf(want, sizeof(want),
		"GET /b/k HTTP/1.1\r\nHost: s3\r\nRange: bytes=%s\r\nIf-Match: " ETAG "\r\n\r\n",
		range);
	CU_ASSERT_TRUE(peer_got(n, want));
}

enum end { RESET, FIN, TORN, ENDS };

static void break_off(struct peer *node, enum end how)
{
	if (how == RESET)
		peer_reset(node);
	else if (how == FIN)
		peer_fin(node);
	else
		peer_torn(node);
}

/* Broken behind byte `at`; another node has the rest. */
static void broken_at(unsigned at, enum end how)
{
	char range[40];

	start(2);
	begin(GET, 200, 0, at);
	break_off(n, how);
	n = lab_node(1);
	if (at == 0) {
		CU_ASSERT_TRUE(peer_got(n, GET));
		peer_send(n, head_of(200, 0, SIZE - 1, FACTS));
	} else {
		snprintf(range, sizeof(range), "%u-%u", at, SIZE - 1);
		expect_request(range);
		peer_send(n, head_of(206, at, SIZE - 1, FACTS));
	}
	say(n, at, SIZE);
	lab_run(20);
	CU_ASSERT_TRUE(is_joined(200, 0));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_resumes), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_responses), 1);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_resets], 1);
	CU_ASSERT_EQUAL(lab_info().backs_idle, 1); /* its length was as announced */
	peer_clear(n);
	lab_one_get_on(c, n);
	lab_stop();
}

static void every_place(void)
{
	static const unsigned places[] = {0, 1, SIZE / 2, SIZE - 1};

	for (unsigned i = 0; i < RTE_DIM(places); i++)
		for (enum end how = RESET; how < ENDS; how++)
			broken_at(places[i], how);
}

/* A client that reads nothing for a while: what came before the end is not lost. */
static void slow_client(void)
{
	start(2);
	pattern_fill(object, SIZE, 5);
	c = lab_client();
	n = lab_ask(c, 0, GET);
	c->no_read = true;
	peer_send(n, head_of(200, 0, SIZE - 1, FACTS));
	say(n, 0, 15000);
	peer_reset(n);
	n = lab_node(1);
	expect_request("15000-19999");
	peer_send(n, head_of(206, 15000, SIZE - 1, FACTS));
	say(n, 15000, SIZE);
	c->no_read = false;
	lab_run(50);
	CU_ASSERT_TRUE(is_joined(200, 0));
	lab_stop();
}

/* Only one node: it is asked again, on a new connection. */
static void same_node(void)
{
	start(1);
	begin(GET, 200, 0, 100);
	peer_reset(n);
	n = lab_node(0);
	expect_request("100-19999");
	peer_send(n, head_of(206, 100, SIZE - 1, FACTS));
	say(n, 100, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	lab_stop();
}

/* Again and again, as often as `retries` allow. */
static void several_times(void)
{
	start(3);
	begin(GET, 200, 0, 100);
	peer_reset(n);
	n = lab_node(1);
	expect_request("100-19999");
	peer_send(n, head_of(206, 100, SIZE - 1, FACTS));
	say(n, 100, 7000);
	peer_fin(n);
	n = lab_node(2);
	expect_request("7000-19999");
	peer_send(n, head_of(206, 7000, SIZE - 1, FACTS));
	say(n, 7000, 7001);
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_resumes), 2);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
	lab_stop();
}

/* The second breaks inside of its head, before it, or refuses: none of it is the client's. */
static void resumed_try_fails(void)
{
	for (unsigned how = 0; how < 3; how++) {
		start(3);
		if (how == 2)
			lab.listening[1] = -1;
		begin(GET, 200, 0, 100);
		if (how == 2)
			tcp_unlisten(lab.out, 1);
		peer_reset(n);
		if (how < 2) {
			n = lab_node(1);
			if (how == 0)
				peer_send(n, "HTTP/1.1 206 Par");
			lab_run(3);
			peer_reset(n);
		}
		lab_run(10);
		n = lab_node(2);
		expect_request("100-19999");
		peer_send(n, head_of(206, 100, SIZE - 1, FACTS));
		say(n, 100, SIZE);
		CU_ASSERT_TRUE(is_joined(200, 0));
		lab_stop();
	}
}

/* ---- what is asked ---- */

#define SIGNED(names, fields)                                                                      \
	"GET /b/k HTTP/1.1\r\nHost: s3\r\n" fields                                                 \
	"Authorization: AWS4-HMAC-SHA256 Credential=A/b, SignedHeaders=" names                     \
	", Signature=00\r\n\r\n"
#define PRESIGNED                                                                                  \
	"GET /b/k?X-Amz-SignedHeaders=host&X-Amz-Signature=00 HTTP/1.1\r\nHost: s3\r\n\r\n"

/* The identical request again, and its answer's first bytes dropped. */
static void identical(const char *request, unsigned status, unsigned first)
{
	start(2);
	begin(request, status, first, 9000);
	peer_reset(n);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_got(n, request));
	peer_send(n, head_of(status, first, SIZE - 1, FACTS));
	say(n, first, 5000);
	CU_ASSERT_TRUE(c->n < 9400);
	say(n, 5000, SIZE);
	CU_ASSERT_TRUE(is_joined(status, first));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_skipped), 9000 - first);
	peer_clear(n);
	lab_one_get_on(c, n);
	lab_stop();
}

static void signature_forbids_a_range(void)
{
	identical(SIGNED("host;range", "Range: bytes=1000-19999\r\n"), 206, 1000);
	identical(SIGNED("host;range", "Range: bytes=-19000\r\n"), 206, 1000);
	identical(SIGNED("host;if-match", "If-Match: *\r\n"), 200, 0);
	identical("GET /b/k?partNumber=2 HTTP/1.1\r\nHost: s3\r\n\r\n", 206, 1000);
}

/* What it said itself of Range is replaced, in an answer that counts from there. */
static void signature_permits_a_range(const char *request, unsigned status, unsigned first)
{
	start(2);
	begin(request, status, first, 9000);
	peer_reset(n);
	n = lab_node(1);
	CU_ASSERT_TRUE(peer_has(n, "\r\nRange: bytes=9000-19999\r\nIf-Match: " ETAG "\r\n\r\n"));
	CU_ASSERT_FALSE(peer_has(n, "bytes=1000"));
	peer_send(n, head_of(206, 9000, SIZE - 1, FACTS));
	say(n, 9000, SIZE);
	CU_ASSERT_TRUE(is_joined(status, first));
	lab_stop();
}

static void ranges(void)
{
	signature_permits_a_range(SIGNED("host;x-amz-date", ""), 200, 0);
	signature_permits_a_range(SIGNED("host", "Range: bytes=1000-\r\n"), 206, 1000);
	signature_permits_a_range(PRESIGNED, 200, 0);
	signature_permits_a_range("GET /b/k HTTP/1.1\r\nHost: s3\r\nAuthorization: AWS A:b\r\n"
				  "range: bytes=1000-19999\r\nIf-Match: *\r\n\r\n",
		206, 1000);
}

/* A node that knows no ranges sends all: what the client has is dropped. */
static void node_ignores_range(void)
{
	start(2);
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	peer_send(n, head_of(200, 0, SIZE - 1, FACTS));
	say(n, 0, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_bytes_skipped), 9000);
	lab_stop();
}

/* ---- what does not fit ---- */

static void refused(const char *answer, enum relay_stat why)
{
	char text[sizeof(head)];

	strcpy(text, answer); /* which may be head */
	start(3);
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	peer_send(n, text);
	lab_run(10);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(why), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_resumes), 0);
	CU_ASSERT_PTR_NULL(lab_accepted(2));
	CU_ASSERT_EQUAL(lab_member(1)->stat[LB_STAT_resets], 0); /* it did nothing wrong */
	lab_stop();
}

static void misfits(void)
{
	char text[400];

	refused("HTTP/1.1 412 x\r\nContent-Length: 0\r\n\r\n", RELAY_STAT_resume_refused_etag);
	refused("HTTP/1.1 416 x\r\nContent-Length: 0\r\n\r\n", RELAY_STAT_resume_refused_length);
	refused("HTTP/1.1 403 x\r\nContent-Length: 0\r\n\r\n", RELAY_STAT_resume_refused_status);
	refused("HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", RELAY_STAT_resume_refused_status);
	refused("HTTP/1.1 304 x\r\n\r\n", RELAY_STAT_resume_refused_status);
	refused(head_of(206, 9000, SIZE - 1, "ETag: \"other\"\r\nLast-Modified: " DATE "\r\n"),
		RELAY_STAT_resume_refused_etag);
	refused(head_of(206, 9000, SIZE - 1, "Last-Modified: " DATE "\r\n"),
		RELAY_STAT_resume_refused_etag);
	refused(head_of(206, 9000, SIZE - 1, "ETag: " ETAG "\r\n"), RELAY_STAT_resume_refused_etag);
	refused(head_of(206, 9000, SIZE - 1, FACTS "ETag: " ETAG "\r\n"),
		RELAY_STAT_resume_refused_etag);
	refused(head_of(206, 9001, SIZE - 1, FACTS), RELAY_STAT_resume_refused_length);
	refused(head_of(206, 9000, SIZE - 2, FACTS), RELAY_STAT_resume_refused_length);
	refused(head_of(200, 0, SIZE, FACTS), RELAY_STAT_resume_refused_length);
	snprintf(text, sizeof(text),
		"HTTP/1.1 206 x\r\n" FACTS
		"Content-Length: 11000\r\nContent-Range: bytes 9000-19999/20001\r\n\r\n");
	refused(text, RELAY_STAT_resume_refused_length);
	snprintf(text, sizeof(text),
		"HTTP/1.1 206 x\r\n" FACTS
		"Content-Length: 10999\r\nContent-Range: bytes 9000-19999/20000\r\n\r\n");
	refused(text, RELAY_STAT_resume_refused_length);
	snprintf(text, sizeof(text),
		"HTTP/1.1 200 x\r\n" FACTS "Transfer-Encoding: chunked\r\n\r\n");
	refused(text, RELAY_STAT_resume_refused_length);
}

/* A node that is busy is no reason to give up. */
static void busy_node_is_passed_over(void)
{
	start(3);
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	peer_send(n, "HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n");
	n = lab_node(2);
	expect_request("9000-19999");
	peer_send(n, head_of(206, 9000, SIZE - 1, FACTS));
	say(n, 9000, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	lab_stop();
}

/* ---- what cannot be resumed ---- */

static void unfit(const char *request, const char *answer)
{
	start(2);
	c = lab_client();
	n = lab_ask(c, 0, request);
	peer_send(n, answer);
	lab_run(10);
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(c->dead && c->error == ECONNRESET);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_resume_unfit), 1);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	lab_stop();
}

#define BODY "Content-Length: 9\r\n\r\nabc"

static void unfit_answers(void)
{
	char text[300], etag[RELAY_ETAG_MAX + 2];

	unfit(GET, "HTTP/1.1 200 OK\r\n" BODY);
	unfit(GET, "HTTP/1.1 200 OK\r\nETag: W/\"1\"\r\n" BODY);
	unfit(GET, "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nETag: \"2\"\r\n" BODY);
	unfit(GET, "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc");
	unfit(GET, "HTTP/1.1 206 OK\r\nETag: \"1\"\r\n" BODY);
	unfit(GET, "HTTP/1.1 206 OK\r\nETag: \"1\"\r\nContent-Range: bytes 1-3/9\r\n" BODY);
	unfit(GET, "HTTP/1.1 404 OK\r\nETag: \"1\"\r\n" BODY);
	unfit("POST /b/k?select HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 200 OK\r\n" FACTS BODY);
	memset(etag, 'x', sizeof(etag) - 1);
	etag[sizeof(etag) - 1] = 0;
	snprintf(text, sizeof(text), "HTTP/1.1 200 OK\r\nETag: %s\r\n" BODY, etag);
	unfit(GET, text);
}

static void not_wanted(void)
{
	lab_init(2);
	lab.pool.resume = false;
	lab_start();
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(c->dead);
	CU_ASSERT_PTR_NULL(lab_accepted(1));
	lab_stop();
}

/* ---- around it ---- */

/* The request's head stays in rx for so long; those behind it in a pipeline are not touched. */
static void pipeline(void)
{
	start(2);
	begin(GET GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	expect_request("9000-19999");
	peer_send(n, head_of(206, 9000, SIZE - 1, FACTS));
	say(n, 9000, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	CU_ASSERT_TRUE(peer_got(n, GET));
	lab_answer(n, c, OK_5);
	lab_stop();
}

static void client_leaves_meanwhile(void)
{
	start(2);
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	peer_reset(c);
	lab_run(10);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_client_reset), 1);
	lab_stop();
}

/* An idle connection that is dead is no try: the rest comes on a fresh one. */
static void idle_race_while_resuming(void)
{
	struct peer *idle, *d;

	start(2);
	d = lab_client();
	n = lab_ask(d, 0, GET);
	lab_answer(n, d, OK_5);
	c = lab_client();
	idle = lab_ask(c, 1, GET);
	lab_answer(idle, c, OK_5); /* both nodes have one idle connection now */
	pattern_fill(object, SIZE, 5);
	peer_send(c, GET);
	lab_run(6);
	peer_send(n, head_of(200, 0, SIZE - 1, FACTS));
	say(n, 0, 9000);
	lab.lose_data = true;
	peer_reset(n);
	lab_run(3);
	peer_reset(idle);
	lab_run(3);
	lab.lose_data = false;
	lab_run(500); /* the SYN again, if it was among them */
	n = lab_node(1);
	expect_request("9000-19999");
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_idle), 1);
	peer_send(n, head_of(206, 9000, SIZE - 1, FACTS));
	say(n, 9000, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	lab_stop();
}

/* Silence in mid-body: the member has failed after body-timeout at the latest. */
static void silence(void)
{
	start(2);
	begin(GET, 200, 0, 9000);
	lab_run(lab.listener.body_timeout_ms + 20);
	CU_ASSERT_TRUE(n->dead);
	n = lab_node(1);
	expect_request("9000-19999");
	peer_send(n, head_of(206, 9000, SIZE - 1, FACTS));
	say(n, 9000, SIZE);
	CU_ASSERT_TRUE(is_joined(200, 0));
	lab_stop();
}

/* And of the second: it does not answer, then neither does the third. */
static void silence_of_all(void)
{
	start(3);
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	n = lab_node(1);
	lab_run(lab.pool.response_timeout_ms + 100);
	CU_ASSERT_TRUE(n->dead);
	CU_ASSERT_FALSE(c->dead);
	n = lab_node(2);
	lab_run(lab.pool.response_timeout_ms + 100);
	CU_ASSERT_TRUE(n->dead && c->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_rsp_broken), 1);
	lab_stop();
}

/* Each resume takes from the budget of its pool. */
static void budget(void)
{
	lab_init(3);
	lab.pool.retry_budget = 0;
	lab.pool.retry_floor = 0;
	lab_start();
	begin(GET, 200, 0, 9000);
	peer_reset(n);
	lab_run(10);
	CU_ASSERT_TRUE(c->dead);
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_retry_budget), 1);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_place),
	UNIT_CASE(slow_client),
	UNIT_CASE(same_node),
	UNIT_CASE(several_times),
	UNIT_CASE(resumed_try_fails),
	UNIT_CASE(signature_forbids_a_range),
	UNIT_CASE(ranges),
	UNIT_CASE(node_ignores_range),
	UNIT_CASE(misfits),
	UNIT_CASE(busy_node_is_passed_over),
	UNIT_CASE(unfit_answers),
	UNIT_CASE(not_wanted),
	UNIT_CASE(pipeline),
	UNIT_CASE(client_leaves_meanwhile),
	UNIT_CASE(idle_race_while_resuming),
	UNIT_CASE(silence),
	UNIT_CASE(silence_of_all),
	UNIT_CASE(budget),
};

UNIT_MAIN(cases)
