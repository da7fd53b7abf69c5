/* SPDX-License-Identifier: BSD-3-Clause */
#include "report.h"
#include "unit.h"

static struct gen_clients clients[2] = {{.name = "one"}, {.name = "two"}};
static const struct gen_conf conf = {
	.global = {.duration_ms = 10000, .seed = 7}, .clients = clients, .n_clients = 2};
static struct report *r;
static char text[1 << 16];

static FILE *open_text(void)
{
	memset(text, 0, sizeof(text));
	return fmemopen(text, sizeof(text) - 1, "w");
}

static bool has(const char *what)
{
	return strstr(text, what) != NULL;
}

static void done(uint8_t group, enum gen_op op, uint64_t latency, uint64_t in)
{
	const struct report_op o = {
		.group = group, .op = op, .latency = latency, .first = latency / 2, .in = in};

	report_done(r, &o);
}

static void setup(void)
{
	r = report_create(&conf);
	CU_ASSERT_PTR_NOT_NULL_FATAL(r);
}

static void counts(void)
{
	const struct report_op connect = {.group = 0, .op = REPORT_CONNECT, .latency = 5};

	setup();
	for (unsigned i = 0; i < 10; i++)
		done(0, GEN_GET, 100, 1000);
	done(1, GEN_PUT, 100, 0);
	report_done(r, &connect);
	report_error(r, 1, GEN_PUT, GEN_E_slow_down);
	report_error(r, 0, REPORT_CONNECT, GEN_E_connect);
	/* a handshake is no operation, one that fails is a failure */
	CU_ASSERT_EQUAL(report_succeeded(r), 11);
	CU_ASSERT_EQUAL(report_failed(r), 2);
	report_destroy(r);
}

static void warm_up_is_forgotten(void)
{
	struct report_state s = {.busy = 1000, .cycles = 2000};
	FILE *f = open_text();

	setup();
	done(0, GEN_GET, 999999, 1000);
	report_error(r, 0, GEN_GET, GEN_E_reset);
	report_second(r, 1000000, &s, NULL);
	report_begin(r, &s);
	CU_ASSERT_EQUAL(report_succeeded(r), 0);
	CU_ASSERT_EQUAL(report_failed(r), 0);
	done(0, GEN_GET, 10, 1000);
	s.busy += 300;
	s.cycles += 1000;
	report_table(r, 1000000, &s, f);
	fclose(f);
	CU_ASSERT(has("core 30 % busy, 300 cycles an operation"));
	CU_ASSERT(!has("999999"));
	report_destroy(r);
}

static void seconds(void)
{
	struct report_state s = {.open = 4};
	FILE *f = open_text();

	setup();
	report_begin(r, &s);
	for (unsigned i = 0; i < 1000; i++)
		done(0, GEN_GET, i < 989 ? 100 : 5000, 125000);
	report_error(r, 0, GEN_GET, GEN_E_timeout);
	report_second(r, 500000, &s, f);
	s.behind = 17;
	report_second(r, 1000000, &s, f);
	fclose(f);
	/* 1000 in half a second; 125 MB are 1 Gbit */
	CU_ASSERT(has("2000 op/s  in 2.00 out 0.00 Gbit/s"));
	CU_ASSERT(has("p50 101 p99 5000 p99.9 5000 max 5000 us  4 open"));
	CU_ASSERT(has("failed so far 1 (timeout 1)"));
	/* nothing of one second is in the next */
	CU_ASSERT(has("  0 op/s  in 0.00 out 0.00 Gbit/s  p50 0 p99 0"));
	CU_ASSERT(has(", 17 behind"));
	report_destroy(r);
}

static void table(void)
{
	struct report_state s = {.under_way = 3, .behind = 5};
	FILE *f = open_text();

	setup();
	done(0, GEN_GET, 100, 1000);
	done(1, GEN_PUT, 200, 0);
	report_error(r, 1, GEN_PUT, GEN_E_inner);
	report_table(r, 1000000, &s, f);
	fclose(f);
	CU_ASSERT(has("one            get                 1        0          1"));
	CU_ASSERT(has("two            put                 1        1          1"));
	CU_ASSERT(!has("delete"));
	CU_ASSERT(has("failed: 200 OK with an Error inside: 1"));
	CU_ASSERT(has("3 under way and 5 overdue at the end"));
	report_destroy(r);
}

static void stolen_is_said(void)
{
	struct report_state s = {.busy = 500, .cycles = 1000, .stolen = 1000};
	FILE *f = open_text();

	setup();
	report_table(r, 1000000, &s, f);
	fclose(f);
	CU_ASSERT(has("core 50 % busy") && has("others had it for 50 % of the time"));
	report_destroy(r);
}

/* Well-formed as far as brackets go, and the sums are right. */
static void json(void)
{
	static const struct stat_name names[] = {{"a", ""}, {"zero", ""}};
	const uint64_t values[] = {5, 0};
	const struct stat_block block = {"net", names, values, 2};
	struct report_state s = {0};
	FILE *f = open_text();
	int depth = 0;

	setup();
	report_begin(r, &s);
	for (unsigned i = 1; i <= 100; i++)
		done(0, GEN_GET, i * 1000, 10);
	report_error(r, 0, GEN_GET, GEN_E_corrupt);
	report_arrived(r, 70);
	report_arrived(r, 7);
	report_second(r, 1000000, &s, NULL);
	report_json(r, 1000000, &s, &block, 1, f);
	fclose(f);
	for (const char *p = text; *p; p++) {
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		CU_ASSERT_FATAL(depth >= 0);
	}
	CU_ASSERT_EQUAL(depth, 0);
	CU_ASSERT(has("\"all\": {\"done\": 100, \"failed\": 1, \"per_second\": 100.000, "
		      "\"bytes_in\": 1000"));
	CU_ASSERT(has("\"bytes_arrived\": 77, "));
	CU_ASSERT(has("\"errors\": {\"corrupt\": 1}"));
	CU_ASSERT(has("\"max\": 100000"));
	CU_ASSERT(has("[100000, 100]],"));
	CU_ASSERT(has("\"net\": {\"a\": 5}"));
	CU_ASSERT(!has("zero"));
	report_destroy(r);
}

/* Cumulated, up to all, with the moments at the end. */
static void histogram(void)
{
	FILE *f = open_text();

	setup();
	for (unsigned i = 0; i < 10; i++)
		done(0, GEN_GET, i < 9 ? 10 : 30, 0);
	report_histogram(r, f);
	fclose(f);
	CU_ASSERT(has("      10.000 0.900000000000          9          10.00\n"));
	CU_ASSERT(has("      30.000 1.000000000000         10\n"));
	CU_ASSERT(has("#[Mean    =       12.000, StdDeviation   =        6.000]"));
	CU_ASSERT(has("#[Max     =       30.000, Total count    =           10]"));
	report_destroy(r);
}

static const struct unit_case cases[] = {
	UNIT_CASE(counts),
	UNIT_CASE(warm_up_is_forgotten),
	UNIT_CASE(seconds),
	UNIT_CASE(table),
	UNIT_CASE(stolen_is_said),
	UNIT_CASE(json),
	UNIT_CASE(histogram),
};
UNIT_MAIN(cases)
