/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

/* One whole response with status on worker w of pool fast. */
static void respond(unsigned w, unsigned member, uint16_t status, clock_us_t us)
{
	const struct lb_result res = {.outcome = LB_COMPLETE,
		.status = status,
		.bytes_out = 1000,
		.bytes_in = 2000,
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

static const struct unit_case cases[] = {UNIT_CASE(pools), UNIT_CASE(pool), UNIT_CASE(listeners)};
UNIT_MAIN(cases)
