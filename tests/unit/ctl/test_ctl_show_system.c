/* SPDX-License-Identifier: BSD-3-Clause */
#include <time.h>

#include "system.h"

static void version(void)
{
	char pid[32];

	system_up();
	sys.core.sys.started = (uint64_t)time(NULL) - 90061;
	snprintf(pid, sizeof(pid), "pid      %d\n", getpid());
	EXPECT_ANSWER("show version", "version  1.2.3\n", "dpdk     DPDK", pid,
		"uptime   1d 01:01:0", "workers  2\n");
	sys.core.sys.started = 1700000000;
	EXPECT_ANSWER("json show version", "\"started\":\"2023-11-14T22:13:20Z\"");
	sys.core.sys.started = UINT32_MAX; /* the clock was set back */
	EXPECT_ANSWER("json show version", "\"uptime_s\":0,");
	system_down();
}

static void workers(void)
{
	struct system_worker *w = &sys.worker[0];

	system_up();
	w->busy = 100;
	w->idle = 300;
	ctl__load_sample(&sys.core);
	EXPECT_ANSWER(
		"json show workers", "\"worker\":0,\"core\":2,\"busy\":null,\"busy_total\":0.25,");
	w->busy += 100;
	w->idle += 20;
	w->sleep += 80;
	w->polls = 4711;
	stat_hist_add(&w->burst, 3);
	stat_hist_add(&w->burst, 32);
	ctl__load_sample(&sys.core);
	EXPECT_ANSWER("show workers", "worker  core  busy (1 s)  busy total",
		"0     2      50.0 %      33.3 %   4711       2        17.5   32   32", "1     3");
	ctl__load_sample(&sys.core); /* a second in which nothing moved, not even time */
	EXPECT_ANSWER("json show workers", "\"busy\":null,\"busy_total\":0.333");
	system_down();
}

static void counters(void)
{
	bool ok;
	char *text;

	system_up();
	text = ask("show counters", &ok);
	CU_ASSERT_TRUE(ok);
	CU_ASSERT_STRING_EQUAL(text, "lib  counter  value  counts\n");
	free(text);
	sys.worker[0].own[1] = 2;
	sys.worker[1].own[1] = 40;
	text = ask("show counters", &ok);
	EXPECT_PARTS(text, "worker  lost        42  dropped: lost\n");
	CU_ASSERT_PTR_NULL(strstr(text, "jobs"));
	free(text);
	EXPECT_ANSWER("show counters all", "port", "net", "drop_paws", "relay", "http", "http_rsp",
		"lb", "worker    jobs");
	expect_error("show counters some", "\"some\": unknown; expected \"all\" or nothing\n");
	expect_error("show counters al", "\"al\": unknown; expected \"all\" or nothing\n");
	system_down();
}

static void memory(void)
{
	struct rte_mbuf *m;

	system_up();
	m = rte_pktmbuf_alloc(sys.worker[1].pools.data);
	EXPECT_ANSWER("json show memory",
		"{\"worker\":0,\"name\":\"data\",\"in_use\":0,\"size\":2048,",
		"{\"worker\":1,\"name\":\"data\",\"in_use\":1,\"size\":2048,", "\"records\":[",
		"{\"worker\":0,\"name\":\"connections\",\"in_use\":0,\"size\":32}",
		"{\"worker\":1,\"name\":\"requests\",\"in_use\":0,\"size\":8}");
	rte_pktmbuf_free(m);
	EXPECT_ANSWER(
		"json show memory", "{\"worker\":1,\"name\":\"data\",\"in_use\":0,\"size\":2048,");
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(version), UNIT_CASE(workers), UNIT_CASE(counters), UNIT_CASE(memory)};
UNIT_MAIN(cases)
