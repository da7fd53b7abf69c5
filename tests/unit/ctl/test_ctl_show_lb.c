/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

/* One whole response with status on worker w of pool fast. */
static void respond(unsigned w, unsigned member, uint16_t status, clock_us_t us)
{
	const struct lb_result res = {.outcome = LB_COMPLETE,
		.status = status,
		.bytes_out = 1000,
		.bytes_in = 2000,
		.wait_us = us,
		.ttfb_us = us,
		.total_us = 2 * us};

	lb_start(sys.worker[w].lb, lb_pool(sys.worker[w].lb, 0), member, 0, 0);
	lb_done(sys.worker[w].lb, lb_pool(sys.worker[w].lb, 0), member, &res, 0);
}

static void pools(void)
{
	system_up();
	respond(0, 0, 200, 100);
	respond(1, 0, 404, 100);
	respond(1, 1, 200, 100);
	lb_start(sys.worker[1].lb, lb_pool(sys.worker[1].lb, 0), 1, 0, 0);
	lb_connect_failed(sys.worker[1].lb, lb_pool(sys.worker[1].lb, 0), 1, sys.now);
	lb_member(sys.worker[0].lb, 0, 1)->idle = 3;
	lb_member(sys.worker[1].lb, 0, 1)->idle = 4;
	EXPECT_ANSWER("show pools",
		"fast  round-robin              2   2       1         4         1\n",
		"slow  least-connections        1   1       0         0         0\n",
		"fast  a       10.1.0.11:9000            2  up             0     0         2       "
		"  0  "
		"2.0 KiB   3.9 KiB\n",
		"fast  b       10.1.0.12:9000            1  down 1/2       1     7         2       "
		"  1",
		"slow  c       [2001:db8::30]:9000       1  up");
	lb_connect_failed(sys.worker[0].lb, lb_pool(sys.worker[0].lb, 0), 1, sys.now);
	EXPECT_ANSWER("json show pools",
		"\"members\":2,\"up\":1,\"active\":1,\"requests\":4,\"failures\":2",
		"\"name\":\"b\",\"address\":\"10.1.0.12:9000\",\"weight\":1,\"state\":\"down\"");
	system_down();
}

static void pool(void)
{
	system_up();
	for (unsigned i = 0; i < 99; i++)
		respond(i % 2, 0, 206, 1000);
	respond(0, 0, 503, 50000);
	EXPECT_ANSWER("json show pool fast",
		"{\"name\":\"a\",\"status_1xx\":0,\"status_2xx\":99,\"status_3xx\":0,\"status_"
		"4xx\":0,"
		"\"status_5xx\":1,\"first_byte_p50_us\":10",
		"\"first_byte_max_us\":50000,", "\"last_byte_max_us\":100000}",
		"{\"name\":\"b\",\"status_1xx\":0");
	EXPECT_ANSWER("show pool fast", "first byte p50", "1.0", "50.00 ms", "bad responses");
	expect_error("show pool fas", "\"fas\": no such pool; expected fast, slow\n");
	system_down();
}

/* What workers think of pool fast: b is down for one, a throttled for both. */
static void judgements(void)
{
	const struct lb_result slow_down = {.status = 503, .slow_down = true};

	system_up();
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		struct lb *lb = sys.worker[w].lb;

		for (unsigned i = 0; i < 10; i++)
			lb_start(lb, lb_pool(lb, 0), 0, 0, sys.now);
		lb_done(lb, lb_pool(lb, 0), 0, &slow_down, sys.now);
	}
	lb_connect_failed(sys.worker[1].lb, lb_pool(sys.worker[1].lb, 0), 1, sys.now);
	lb_set_weight(sys.worker[0].lb, lb_member(sys.worker[0].lb, 1, 0), 0, sys.now);
	sys.now += 61000000;
	EXPECT_ANSWER("json show pool fast",
		"\"health\":[{\"name\":\"a\",\"priority\":0,\"state\":\"throttled\",\"since_s\":61,"
		"\"cause\":\"it said SlowDown\",\"reads\":\"paced\",\"writes\":\"paced\",\"check\":"
		"null}",
		"\"name\":\"b\",\"priority\":0,\"state\":\"down 1/2\",\"since_s\":61,\"cause\":"
		"\"connect failed\",\"reads\":\"none\",\"writes\":\"none\"",
		"\"load\":[{\"name\":\"a\",\"weight\":2,\"share_percent\":100,\"active\":18,"
		"\"limit\":14,\"paced\":0,\"latency_us\":null,\"latency_ratio\":null}",
		"\"limit\":null", "\"slow_downs\":2,\"throttles\":2",
		"\"choice\":{\"retries_granted\":0,");
	EXPECT_ANSWER("show pool fast", "throttled  00:01:01  it said SlowDown  paced  paced");
	EXPECT_ANSWER("show pool slow", "weight 0");
	system_down();
}

static void listeners(void)
{
	struct stat_block b;

	system_up();
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		b = relay_stat_block(sys.worker[w].relay, 0);
		poke(&b.values[RELAY_STAT_connections], 10 + w);
		poke(&b.values[RELAY_STAT_status_4xx], 3);
		poke(&b.values[RELAY_STAT_bytes_rsp], 512);
	}
	EXPECT_ANSWER("json show listeners",
		"{\"name\":\"s3\",\"addresses\":[\"10.0.0.10:80\",\"[2001:db8::10]:80\"],\"mode\":"
		"\"http\",\"tls\":false,\"pool\":\"fast\","
		"\"connections\":0,\"accepted\":21,\"requests\":0,\"status_2xx\":0,\"status_3xx\":"
		"0,"
		"\"status_4xx\":6,\"status_5xx\":0,\"bytes_req\":0,\"bytes_rsp\":1024}");
	EXPECT_ANSWER("show listeners",
		"s3        10.0.0.10:80, [2001:db8::10]:80  http  no   fast", "1.0 KiB\n");
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(pools), UNIT_CASE(pool), UNIT_CASE(judgements), UNIT_CASE(listeners)};
UNIT_MAIN(cases)
