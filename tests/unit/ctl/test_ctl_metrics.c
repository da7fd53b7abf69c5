/* SPDX-License-Identifier: BSD-3-Clause */
#include "expo_check.h"
#include "system.h"

/* Owner: the caller. */
static char *page(void)
{
	struct ctl_text t = {0};
	const char *wrong;

	ctl__metrics(&sys.core, &t);
	ctl__text_put(&t, "", 1);
	if (t.failed || !t.p)
		exit(2);
	wrong = expo_check(t.p);
	if (wrong)
		printf("\n%s\n", wrong);
	CU_ASSERT_PTR_NULL(wrong);
	return t.p;
}

/* The page says so on a line of its own. */
static void expect_line(const char *text, const char *line)
{
	char with[256];

	snprintf(with, sizeof(with), "\n%s\n", line);
	if (!strstr(text, with))
		printf("\nmissing %s\n", line);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, with));
}

static void at_rest(void)
{
	char *text;

	system_up();
	text = page();
	expect_line(text, "penstock_start_time_seconds 1700000000");
	expect_line(text, "penstock_port_up{port=\"back\"} 0");
	expect_line(text, "penstock_buffers_size{worker=\"1\",pool=\"data\"} 2048");
	expect_line(text, "penstock_member_up{pool=\"slow\",member=\"c\"} 1");
	free(text);
	system_down();
}

static void traffic(void)
{
	const struct lb_result res = {.outcome = LB_COMPLETE,
		.status = 206,
		.bytes_out = 10,
		.bytes_in = 2000,
		.ttfb_us = 700,
		.total_us = 1200000};
	const struct lb_result late = {.outcome = LB_TIMEOUT, .bytes_out = 10};
	char *text;

	system_up();
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		struct system_worker *k = &sys.worker[w];

		lb_start(k->lb, lb_pool(k->lb, 0), 0, 0, 0);
		lb_done(k->lb, lb_pool(k->lb, 0), 0, &res, 0);
		lb_start(k->lb, lb_pool(k->lb, 0), 0, 0, 0);
		lb_done(k->lb, lb_pool(k->lb, 0), 0, &late, 0);
		lb_connect_failed(k->lb, lb_pool(k->lb, 0), 1, sys.now);
		k->busy = 1500000000; /* of 1 GHz */
		k->stage[1].cycles = 250000000;
		k->stage[1].packets = 77;
		poke(&tcp_stats(k->tcp)[TCP_STAT_drop_paws], 4);
		poke(&tcp_stats(k->tcp)[TCP_STAT_rto], 5);
		poke(&relay_stat_block(k->relay, 0).values[RELAY_STAT_status_5xx], 6);
		stat_hist_add(&k->burst, 3);
		stat_hist_add(&k->burst, 64);
	}
	text = page();
	expect_line(text, "penstock_worker_busy_seconds_total{worker=\"1\"} 1.5");
	expect_line(text, "penstock_worker_stage_seconds_total{worker=\"1\",stage=\"rest\"} 0.25");
	expect_line(text, "penstock_worker_stage_packets_total{worker=\"0\",stage=\"rest\"} 77");
	expect_line(text, "penstock_worker_burst_packets_bucket{worker=\"0\",le=\"2\"} 0");
	expect_line(text, "penstock_worker_burst_packets_bucket{worker=\"0\",le=\"4\"} 1");
	expect_line(text, "penstock_worker_burst_packets_sum{worker=\"0\"} 67");
	expect_line(text, "penstock_listener_responses_total{listener=\"s3\",class=\"5xx\"} 12");
	expect_line(text, "penstock_member_up{pool=\"fast\",member=\"b\"} 0");
	expect_line(text, "penstock_member_requests_total{pool=\"fast\",member=\"a\"} 4");
	expect_line(text, "penstock_member_receive_bytes_total{pool=\"fast\",member=\"a\"} 4000");
	expect_line(text,
		"penstock_member_responses_total{pool=\"fast\",member=\"a\",class=\"2xx\"} 2");
	expect_line(text,
		"penstock_member_failures_total{pool=\"fast\",member=\"a\",reason=\"timeout\"} 2");
	expect_line(text, "penstock_member_first_byte_seconds_bucket{pool=\"fast\",member=\"a\",le="
			  "\"0.0005\"} 0");
	expect_line(text, "penstock_member_first_byte_seconds_bucket{pool=\"fast\",member=\"a\",le="
			  "\"0.001\"} 2");
	expect_line(text, "penstock_member_response_seconds_sum{pool=\"fast\",member=\"a\"} 2.4");
	expect_line(text,
		"penstock_member_response_seconds_bucket{pool=\"fast\",member=\"a\",le=\"2.5\"} 2");
	expect_line(text, "penstock_drops_total{lib=\"tcp\",code=\"drop_paws\"} 8");
	expect_line(text, "penstock_events_total{lib=\"tcp\",code=\"rto\"} 10");
	free(text);
	system_down();
}

/* A label's value may be anything in UTF-8. */
static void escapes(void)
{
	char *text;

	system_up();
	sys.core.sys.version = "a\"b\\c\nd";
	text = page();
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "{version=\"a\\\"b\\\\c\\nd\","));
	free(text);
	system_down();
}

static void the_judge_can_say_no(void)
{
#define H "# HELP penstock_x y\n# TYPE penstock_x "
	static const char *const bad[] = {"penstock_x 1\n", H "gauge\n", H "gauge\npenstock_x 1",
		H "gauge\npenstock_y 1\n", H "counter\npenstock_x 1\n", H "what\npenstock_x 1\n",
		H "gauge\npenstock_x nan\n", H "gauge\npenstock_x{a=b} 1\n",
		H "gauge\npenstock_x{a=\"b\"\"} 1\n", H "gauge\npenstock_x 1\npenstock_x 2\n",
		H "gauge\npenstock_x 1\n" H "gauge\npenstock_x{a=\"b\"} 1\n",
		H "gauge\npenstock_x 1\n# HELP penstock_x z\n# TYPE penstock_x gauge\n"
		  "penstock_x{a=\"b\"} 1\n",
		H "histogram\npenstock_x_bucket{le=\"1\"} 1\npenstock_x_sum 1\n",
		H "histogram\npenstock_x_bucket{le=\"2\"} 1\npenstock_x_bucket{le=\"1\"} 1\n",
		H "histogram\npenstock_x_bucket{le=\"1\"} 2\npenstock_x_bucket{le=\"+Inf\"} 1\n",
		H "histogram\npenstock_x_bucket{le=\"+Inf\"} 1\npenstock_x_count 2\n"};

	for (unsigned i = 0; i < RTE_DIM(bad); i++)
		CU_ASSERT_PTR_NOT_NULL(expo_check(bad[i]));
	CU_ASSERT_PTR_NULL(expo_check(H "gauge\npenstock_x{a=\"\\\"\"} 1e9\n"));
}

static const struct unit_case cases[] = {UNIT_CASE(at_rest), UNIT_CASE(traffic), UNIT_CASE(escapes),
	UNIT_CASE(the_judge_can_say_no)};
UNIT_MAIN(cases)
