/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections to nodes: one request after the other, and what goes wrong. */
#include "origin_lab.h"

static void expect(void)
{
	char text[256];

	lab_init();
	lab_start();
	lab_connect(1);
	ask("PUT /b/e HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT_STRING_EQUAL(lab.in, "HTTP/1.1 100 Continue\r\n\r\n");
	body_copy(lab.g.body, object("b", "e"), 0, 8, text);
	lab.n = 0;
	send_bytes(text, 8);
	lab_run(10);
	CU_ASSERT_EQUAL(status(), 200);
	/* the answer is known before the body */
	ask("PUT /b/e?uploadId=77&partNumber=1 HTTP/1.1\r\n" HOST
	    "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT(status() == 404 && got("NoSuchUpload") && got("Connection: close") && lab.eof);
	lab_close();
	lab_stop();
}

static void connection(void)
{
	size_t n;

	lab_init();
	lab_start();
	lab_connect(1);
	/* a pipeline is answered in order */
	ask("HEAD /b/a-1 HTTP/1.1\r\n" HOST "\r\nHEAD /b/a-22 HTTP/1.1\r\n" HOST
	    "\r\nGET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(strstr(lab.in, "Length: 22\r\n"));
	CU_ASSERT(strstr(lab.in, "Length: 1\r\n") < strstr(lab.in, "Length: 22\r\n"));
	CU_ASSERT(strstr(lab.in, "Length: 22\r\n") < strstr(lab.in, "Length: 3\r\n"));
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	CU_ASSERT(got("Connection: close\r\n") && is_body("b", "a-3", 0, 3) && lab.eof);
	lab_close();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.0\r\n\r\n");
	CU_ASSERT(is_body("b", "a-3", 0, 3) && lab.eof);
	ask("what is this\r\n\r\n");
	CU_ASSERT(status() == 400 && lab.eof);
	CU_ASSERT_EQUAL(stat("refused"), 1);
	/* half-closed behind the request */
	lab_close();
	lab_connect(1);
	send_bytes("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n", 32);
	tcp_shutdown(lab.g.tcp, lab.client);
	lab_run(20);
	CU_ASSERT(status() == 200 && lab.eof && content(&n) && n == 3);
	lab_close();
	lab_stop();
}

#define ALWAYS UINT32_MAX

static void faults_of_status(void)
{
	lab_init();
	lab.conf[0].fault.slow_down = ALWAYS;
	lab.conf[1].fault.error = ALWAYS;
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 503 && got("<Code>SlowDown</Code>") && got("Retry-After: 1"));
	put_as("x", "", "x", 10, -1);
	CU_ASSERT_EQUAL(status(), 503);
	ask("PUT /b/e HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 8\r\n\r\n");
	CU_ASSERT(status() == 503 && lab.eof);
	CU_ASSERT_EQUAL(stat("fault_slow_down"), 3);
	lab_close();
	lab_connect(2);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 500 && got("InternalError"));
	lab_close();
	lab_stop();
}

static void faults_of_heads(void)
{
	lab_init();
	lab.conf[0].fault.inner = ALWAYS;
	lab.conf[1].fault.etag = ALWAYS;
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(status() == 200 && got("<Error><Code>InternalError</Code>"));
	put_as("x", "", "x", 10, -1);
	CU_ASSERT(status() == 200 && got("<Error>"));
	CU_ASSERT_EQUAL(stat("fault_inner"), 2);
	lab_close();
	lab_connect(2);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "If-Match: \"0\"\r\n\r\n");
	CU_ASSERT(status() == 412 && stat("fault_etag") == 1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(is_body("b", "a-3", 0, 3) && stat("fault_etag") == 2);
	lab_close();
	lab_stop();

	lab_init();
	lab.conf[0].fault.reset_head = ALWAYS;
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(100);
	CU_ASSERT(lab.n == 40 && lab.dead && lab.error == ECONNRESET);
	CU_ASSERT_EQUAL(stat("fault_reset_head"), 1);
	lab_stop();
}

static void faults_of_connections(void)
{
	lab_init();
	lab.conf[0].fault.refuse = ALWAYS;
	lab.conf[1].fault.blackhole = ALWAYS;
	lab_start();
	lab_connect(1);
	lab_run(20);
	CU_ASSERT(lab.dead && lab.error == ECONNRESET && stat("fault_refuse") == 1);
	lab_close();
	lab_connect(2);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(1000);
	CU_ASSERT(lab.n == 0 && !lab.eof && !lab.dead && stat("fault_blackhole") == 1);
	CU_ASSERT_EQUAL(stat("requests"), 0);
	lab_close();
	lab_stop();
}

static size_t body_with(struct gen_faults fault, unsigned ms)
{
	size_t n;

	lab_init();
	lab.conf[0].fault = fault;
	lab_start();
	lab_connect(1);
	ask("GET /b/k-100000 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(ms);
	content(&n);
	return n;
}

static void faults_of_bodies(void)
{
	size_t n = body_with((struct gen_faults){.reset = ALWAYS}, 100);

	CU_ASSERT(n < 100000 && lab.dead && lab.error == ECONNRESET);
	CU_ASSERT_EQUAL(stat("fault_reset"), 1);
	lab_stop();

	n = body_with((struct gen_faults){.truncate = ALWAYS}, 100);
	CU_ASSERT(n < 100000 && lab.eof && !lab.dead);
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.stall = ALWAYS, .stall_ms = 3000}, 1000);
	CU_ASSERT(n < 100000 && !lab.eof);
	lab_run(3000);
	CU_ASSERT(is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.drip = ALWAYS, .drip_rate = 20000}, 960);
	CU_ASSERT(n > 18000 && n < 22000);
	lab_run(5000);
	CU_ASSERT(is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();

	n = body_with((struct gen_faults){.corrupt = ALWAYS}, 100);
	CU_ASSERT(n == 100000 && !is_body("b", "k-100000", 0, 100000));
	lab_close();
	lab_stop();
}

/* One at a time: the second waits for the first, the third would wait too long. */
static void capacity(void)
{
	lab_init();
	lab.conf[0].service = (struct gen_time){.us = 300000, .shape = GEN_FIXED};
	lab.conf[0].seats = 1;
	lab.conf[0].patience_us = 400000;
	lab_start();
	for (unsigned i = 0; i < 3; i++) {
		lab_connect(1);
		ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
		lab_run(20);
		CU_ASSERT_EQUAL(lab.n > 0, i == 2);
		CU_ASSERT(i < 2 || status() == 503);
		lab_close();
	}
	CU_ASSERT_EQUAL(stat("fault_slow_down"), 1);
	lab_stop();
}

static void service_time(void)
{
	lab_init();
	lab.conf[0].service = (struct gen_time){.us = 300000, .shape = GEN_FIXED};
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	lab_run(240);
	CU_ASSERT_EQUAL(lab.n, 0);
	lab_run(40);
	CU_ASSERT(is_body("b", "a-3", 0, 3));
	lab_close();
	lab_stop();
}

static void crash(void)
{
	lab_init();
	lab.conf[0].fault = (struct gen_faults){.crash_ms = 500, .return_ms = 1000};
	lab_start();
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT_EQUAL(status(), 200);
	lab_run(500);
	CU_ASSERT(lab.dead && lab.error == ECONNRESET);
	CU_ASSERT_EQUAL(stat("fault_crash_conns"), 1);
	lab_connect(1);
	CU_ASSERT(lab.dead && lab.error == ECONNREFUSED);
	lab_connect(2); /* the other node lives */
	CU_ASSERT(!lab.dead);
	lab_close();
	lab_run(600);
	lab_connect(1);
	ask("GET /b/a-3 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(is_body("b", "a-3", 0, 3));
	CU_ASSERT_EQUAL(stat("fault_crash"), 1);
	lab_close();
	lab_stop();
}

/* Without slices a body waits for them. */
static void no_buffers(void)
{
	static struct rte_mbuf *held[3 * N_DATA];
	unsigned n = 0;

	lab_init();
	lab_start();
	lab_connect(1);
	while (n < RTE_DIM(held) && (held[n] = rte_pktmbuf_alloc(lab.g.pools.indirect)))
		n++;
	ask("GET /b/k-1000 HTTP/1.1\r\n" HOST "\r\n");
	CU_ASSERT(!is_body("b", "k-1000", 0, 1000));
	while (n > 0)
		rte_pktmbuf_free(held[--n]);
	lab_run(500);
	CU_ASSERT(is_body("b", "k-1000", 0, 1000));
	lab_close();
	lab_stop();
}

static const struct unit_case cases[] = {UNIT_CASE(expect), UNIT_CASE(connection),
	UNIT_CASE(faults_of_status), UNIT_CASE(faults_of_heads), UNIT_CASE(faults_of_connections),
	UNIT_CASE(faults_of_bodies), UNIT_CASE(capacity), UNIT_CASE(service_time), UNIT_CASE(crash),
	UNIT_CASE(no_buffers)};
UNIT_MAIN(cases)
