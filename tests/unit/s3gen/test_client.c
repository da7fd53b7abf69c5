/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients against origins, or against a node played by hand, all on one instance of the real TCP
 * whose packets come straight back. Virtual time, 1 ms a step.
 */
#include "body.h"
#include "client.h"
#include "lab_tcp.h"
#include "origin.h"
#include "side.h"
#include "unit.h"

#define N_DATA 16384

static struct lab {
	struct gen_workload load;
	struct gen_clients clients;
	struct gen_origins origins;
	struct gen_conf conf;
	struct gen g;
	const char *answer; /* the hand-played node's, to whatever it is asked; NULL: origins */
	bool hang_up;       /* after it */
	unsigned accepted, asked;
	uint64_t bytes; /* that it was sent */
} lab;

static void lab_init(void)
{
	static struct conf_port port = {.name = "p", .mtu = 1500, .n_addr = 1};

	memset(&lab, 0, sizeof(lab));
	port.addr[0].addr = ip_from_v4((uint8_t[]){10, 0, 0, 1});
	lab.load = (struct gen_workload){.name = "w",
		.bucket = "b",
		.op = {[GEN_GET] = 1},
		.size = {{1, 100000, 1}},
		.n_size = 1,
		.keys = 50,
		.range = 10000,
		.part = 65536,
		.list_keys = 10};
	lab.clients = (struct gen_clients){
		.name = "c", .n_target = 1, .connections = 4, .timeout_ms = 500, .operations = 100};
	lab.clients.target[0] = (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, 2}), 9000};
	lab.origins = (struct gen_origins){.name = "o", .n_listen = 1};
	lab.origins.listen[0] = lab.clients.target[0];
	lab.conf = (struct gen_conf){.tcp = {.send_buffer = 1 << 20},
		.ports = &port,
		.n_ports = 1,
		.clients = &lab.clients,
		.n_clients = 1,
		.origins = &lab.origins,
		.n_origins = 1,
		.workloads = &lab.load,
		.n_workloads = 1};
}

static void lab_start(void)
{
	const struct tcp_path path = {.mtu = 1500};
	struct err e = {""};

	lab_tcp_start(&lab.g, N_DATA);
	lab.g.conf = &lab.conf;
	side_start(&lab.g);
	rand_seed(&lab.g.rnd, 5);
	lab.g.body = body_create(1, SOCKET_ID_ANY);
	lab.g.report = report_create(&lab.conf);
	CU_ASSERT_FATAL(lab.g.body && lab.g.report);
	if (lab.answer)
		tcp_listen(lab.g.tcp, &lab.clients.target[0], &path, NULL);
	else
		lab.g.origins = origin_create(&lab.g, &e);
	lab.g.clients = client_create(&lab.g, &e);
	CU_ASSERT_FATAL(lab.g.clients && (lab.answer || lab.g.origins));
}

static void lab_stop(void)
{
	client_destroy(lab.g.clients);
	origin_destroy(lab.g.origins);
	report_destroy(lab.g.report);
	lab_tcp_stop(&lab.g);
	body_destroy(lab.g.body);
}

/* The node by hand: any bytes get the answer. */
static void hand_ready(struct tcp_conn *c, uint8_t ev)
{
	struct buf_chain out = {0};

	lab.accepted += (ev & TCP_EV_ACCEPT) != 0;
	if (ev & TCP_EV_READABLE) {
		lab.asked++;
		lab.bytes += c->rx.bytes;
		buf_chain_consume(&c->rx, c->rx.bytes);
		tcp_consumed(lab.g.tcp, c);
		if (*lab.answer) {
			buf_chain_write(
				&out, lab.answer, (uint32_t)strlen(lab.answer), lab.g.pools.data);
			tcp_send(lab.g.tcp, c, &out);
		}
	}
	if (ev & (TCP_EV_DEAD | TCP_EV_FIN) || (lab.hang_up && ev & TCP_EV_READABLE))
		tcp_release(lab.g.tcp, c);
}

static void ready(struct tcp_conn *c, uint8_t ev)
{
	static struct side hand = {GEN_ORIGIN};

	if (lab.answer && ev & TCP_EV_ACCEPT)
		c->owner = &hand;
	if (!lab.answer && ev & TCP_EV_ACCEPT && !origin_accept(lab.g.origins, c))
		return;
	if (((struct side *)c->owner)->role == GEN_CLIENT)
		client_ready(lab.g.clients, c, ev);
	else if (lab.answer)
		hand_ready(c, ev);
	else
		origin_ready(lab.g.origins, c, ev);
}

static void step(void)
{
	struct tcp_conn *c;
	uint8_t ev;

	lab.g.now += CLOCK_US_PER_MS;
	tcp_tick(lab.g.tcp, 256, lab.g.now);
	while ((c = tcp_ready_take(lab.g.tcp, &ev)) != NULL)
		ready(c, ev);
	client_tick(lab.g.clients, lab.g.now);
	if (lab.g.origins)
		origin_tick(lab.g.origins, lab.g.now);
	lab_tcp_wire(&lab.g);
}

/* Until all operations are over or ms have passed. */
static void run(unsigned ms)
{
	struct report_state s;
	struct err e = {""};

	client_begin(lab.g.clients);
	for (unsigned i = 0; i < 4000 && client_prepared(lab.g.clients, &e) == 0; i++)
		step();
	client_start(lab.g.clients);
	client_measure(lab.g.clients);
	for (unsigned i = 0; i < ms && !client_done(lab.g.clients); i++)
		step();
	client_state(lab.g.clients, &s);
	CU_ASSERT(s.open <= lab.clients.connections);
}

static uint64_t origin_count_of(enum origin_stat s)
{
	return origin_stats(lab.g.origins).values[s];
}

/* ---- the cases ---- */

static void every_operation(void)
{
	static const enum gen_framing framings[] = {GEN_LENGTH, GEN_CHUNKED, GEN_AWS_CHUNKED};

	for (unsigned i = 0; i < 2 * RTE_DIM(framings); i++) {
		lab_init();
		lab.load.framing = framings[i / 2];
		lab.load.expect = i & 1;
		lab.clients.style = i & 1 ? GEN_VIRTUAL : GEN_PATH;
		lab.clients.host = "s3.test";
		for (unsigned op = 0; op < GEN_OPS; op++)
			lab.load.op[op] = 1;
		lab_start();
		run(20000);
		CU_ASSERT(client_done(lab.g.clients));
		CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 100);
		CU_ASSERT_EQUAL(report_failed(lab.g.report), 0);
		CU_ASSERT_EQUAL(origin_count_of(ORIGIN_STAT_bytes_wrong), 0);
		CU_ASSERT_EQUAL(origin_count_of(ORIGIN_STAT_status_4xx), 0);
		CU_ASSERT_EQUAL(origin_count_of(ORIGIN_STAT_conns), 4);
		lab_stop();
	}
}

/* Who is not told to go on sends no body. Who gets an answer instead has it. */
static void no_continue(void)
{
	static const char *const answers[] = {"", "HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n"};

	for (unsigned i = 0; i < RTE_DIM(answers); i++) {
		lab_init();
		lab.load.op[GEN_GET] = 0;
		lab.load.op[GEN_PUT] = 1;
		lab.load.size[0] = (struct gen_size){5000, 5000, 1};
		lab.load.expect = true;
		lab.clients.connections = lab.clients.operations = 1;
		lab.answer = answers[i];
		lab_start();
		run(1000);
		CU_ASSERT_EQUAL(report_failed(lab.g.report), 1);
		CU_ASSERT(i == 2 ? lab.bytes > 5000 : lab.bytes < 1000);
		lab_stop();
	}
}

/* It asks so long and no longer, and is done then. */
static void duration_ends_it(void)
{
	clock_us_t start;

	lab_init();
	lab.clients.operations = 0;
	lab.clients.duration_ms = 300;
	lab_start();
	start = lab.g.now;
	run(20000);
	CU_ASSERT(client_done(lab.g.clients));
	CU_ASSERT(lab.g.now - start >= 300000 && lab.g.now - start < 400000);
	CU_ASSERT(report_succeeded(lab.g.report) > 20);
	CU_ASSERT_EQUAL(report_failed(lab.g.report), 0);
	lab_stop();
}

static void churn_opens_anew(void)
{
	lab_init();
	lab.clients.churn = 5;
	lab_start();
	run(20000);
	CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 100);
	CU_ASSERT_EQUAL(report_failed(lab.g.report), 0);
	CU_ASSERT(origin_count_of(ORIGIN_STAT_conns) >= 20);
	CU_ASSERT(origin_count_of(ORIGIN_STAT_conns) <= 24);
	lab_stop();
}

static void think_spaces(void)
{
	clock_us_t start;

	lab_init();
	lab.clients.think = (struct gen_time){.us = 50000};
	lab.clients.connections = 1;
	lab.clients.operations = 20;
	lab_start();
	start = lab.g.now;
	run(20000);
	CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 20);
	CU_ASSERT(lab.g.now - start >= 19 * 50000);
	CU_ASSERT(lab.g.now - start <= 20 * 80000);
	lab_stop();
}

static void prepared_before_the_start(void)
{
	lab_init();
	lab.clients.prepare = true;
	lab.clients.operations = 1;
	lab_start();
	run(20000);
	/* the bucket and 50 objects, none of which counts as an operation */
	CU_ASSERT_EQUAL(origin_count_of(ORIGIN_STAT_put), 50);
	CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 1);
	lab_stop();
}

/* Each fault of the origins is seen as what it is. */
static void faults_by_kind(void)
{
	static const struct {
		size_t at;
		const char *name;
	} all[] = {
		{offsetof(struct gen_faults, slow_down), "\"slow_down\": "},
		{offsetof(struct gen_faults, error), "\"status_5xx\": "},
		{offsetof(struct gen_faults, inner), "\"malformed\": "}, /* no object */
		{offsetof(struct gen_faults, reset_head), "\"reset\": "},
		{offsetof(struct gen_faults, refuse), "\"reset\": "},
		{offsetof(struct gen_faults, blackhole), "\"timeout\": "},
		{offsetof(struct gen_faults, reset), "\"reset\": "},
		{offsetof(struct gen_faults, truncate), "\"truncated\": "},
		{offsetof(struct gen_faults, corrupt), "\"corrupt\": "},
		{offsetof(struct gen_faults, stall), "\"timeout\": "},
	};
	static char json[1 << 18];

	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		struct report_state s = {0};
		FILE *f;

		lab_init();
		lab.load.size[0] = (struct gen_size){20000, 20000, 1};
		lab.clients.operations = 20;
		*(uint32_t *)((char *)&lab.origins.fault + all[i].at) = UINT32_MAX;
		lab.origins.fault.stall_ms = 100000;
		lab_start();
		run(60000);
		CU_ASSERT(client_done(lab.g.clients));
		CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 0);
		CU_ASSERT_EQUAL(report_failed(lab.g.report), 20);
		f = fmemopen(json, sizeof(json), "w");
		report_json(lab.g.report, 1, &s, NULL, 0, f);
		fclose(f);
		CU_ASSERT_PTR_NOT_NULL(strstr(json, all[i].name));
		lab_stop();
	}
}

/* Peers that are no S3: counted, never believed, never fatal. */
static void bad_peers(void)
{
	static const struct {
		const char *answer, *code;
		bool hang_up;
	} all[] = {
		{"SSH-2.0-OpenSSH_9.2\r\n\r\n", "\"malformed\": ", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n12345", "\"malformed\": ", false},
		{"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"
		 "000000000000000000000000000000000000000000000000000000000000000000000000000000000"
		 "0"
		 "000000000000000000",
			"\"corrupt\": ", false},
		{"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno",
			"\"status_4xx\": ", false},
		{"HTTP/1.1 404 Not Found\r\n\r\nno", "\"status_4xx\": ", true},
		{"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno and more",
			"\"malformed\": ", false},
		{"HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\nxyz",
			"\"malformed\": ", false},
		{"HTTP/1.1 100 Continue\r\n\r\n", "\"timeout\": ", false},
		{"", "\"closed\": ", true},
		{"", "\"timeout\": ", false},
		{"HTTP/1.1 200 OK\r\nContent-Le", "\"truncated\": ", true},
	};
	static char json[1 << 18];

	for (unsigned i = 0; i < RTE_DIM(all); i++) {
		struct report_state s = {0};
		FILE *f;

		lab_init();
		lab.answer = all[i].answer;
		lab.hang_up = all[i].hang_up;
		lab.load.size[0] = (struct gen_size){100, 100, 1};
		lab.clients.operations = 8;
		lab_start();
		run(20000);
		CU_ASSERT(client_done(lab.g.clients));
		CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 0);
		CU_ASSERT_EQUAL(report_failed(lab.g.report), 8);
		f = fmemopen(json, sizeof(json), "w");
		report_json(lab.g.report, 1, &s, NULL, 0, f);
		fclose(f);
		CU_ASSERT_PTR_NOT_NULL(strstr(json, all[i].code));
		if (!strstr(json, all[i].code))
			fprintf(stderr, "case %u: %.300s\n", i, json);
		lab_stop();
	}
}

/* Nobody listens: failures to connect, at a pace. */
static void refused(void)
{
	lab_init();
	lab.clients.target[0].port = 1;
	lab_start();
	run(1000);
	CU_ASSERT_EQUAL(report_succeeded(lab.g.report), 0);
	/* four connections, a try each 100 ms, for the four seconds that run() may take */
	CU_ASSERT(report_failed(lab.g.report) >= 4);
	CU_ASSERT(report_failed(lab.g.report) <= 4 * 45);
	lab_stop();
}

/* 100 a second; the node is down for a while; those that waited count from their time. */
static void open_loop_counts_from_the_schedule(void)
{
	struct report_state s;
	char table[4096] = "";
	FILE *f;

	lab_init();
	lab.clients.rate = 100000;
	lab.clients.operations = 100;
	lab.origins.service = (struct gen_time){.us = 100000};
	lab.clients.connections = 1;
	lab_start();
	run(1100);
	client_state(lab.g.clients, &s);
	/* one connection, 100 ms each: ten are done a second, the others are late */
	CU_ASSERT(report_succeeded(lab.g.report) >= 9 && report_succeeded(lab.g.report) <= 11);
	CU_ASSERT(s.behind > 80);
	f = fmemopen(table, sizeof(table), "w");
	report_table(lab.g.report, 1100000, &s, f);
	fclose(f);
	CU_ASSERT_PTR_NOT_NULL(strstr(table, "overdue"));
	run(20000);
	CU_ASSERT(client_done(lab.g.clients));
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_operation),
	UNIT_CASE(no_continue),
	UNIT_CASE(duration_ends_it),
	UNIT_CASE(churn_opens_anew),
	UNIT_CASE(think_spaces),
	UNIT_CASE(prepared_before_the_start),
	UNIT_CASE(faults_by_kind),
	UNIT_CASE(bad_peers),
	UNIT_CASE(refused),
	UNIT_CASE(open_loop_counts_from_the_schedule),
};
UNIT_MAIN(cases)
