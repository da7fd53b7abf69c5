/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "workers.h"

#define MB (1024u * 1024u)

static int plan(
	unsigned connections, uint64_t memory, unsigned n, struct worker_plan *p, struct err *e)
{
	struct conf *conf = workers_conf("net_null0", connections);
	int rc;

	conf->global.memory = memory;
	rc = worker_plan(conf, n, p, e);
	conf_destroy(conf);
	return rc;
}

static void connections_first_buffers_then(void)
{
	struct worker_plan few, many, half;
	struct err e = {""};

	CU_ASSERT_EQUAL(plan(1000, 1024ull * MB, 1, &few, &e), 0);
	CU_ASSERT_EQUAL(plan(100000, 1024ull * MB, 1, &many, &e), 0);
	CU_ASSERT_EQUAL(plan(1000, 1024ull * MB, 2, &half, &e), 0);
	CU_ASSERT_EQUAL(few.fronts, 1000);
	CU_ASSERT_EQUAL(few.requests, 1000); /* never more than clients */
	CU_ASSERT_EQUAL(many.requests, 8192);
	CU_ASSERT_EQUAL(many.backs, 2 * many.requests);
	CU_ASSERT(many.tables > few.tables && many.buffers < few.buffers);
	CU_ASSERT(half.buffers < few.buffers / 2);
}

/* Many packets may wait for a worker that naps; one that hangs does not get all buffers. */
static void handed_is_a_share_of_the_buffers(void)
{
	struct worker_plan p;
	struct err e = {""};

	for (uint64_t mb = 64; mb <= 4096; mb *= 2) {
		CU_ASSERT_EQUAL_FATAL(plan(100, mb * MB, 2, &p, &e), 0);
		CU_ASSERT(rte_is_power_of_2(p.handed));
		CU_ASSERT(p.handed >= 2048 && p.handed <= 16384);
		CU_ASSERT(p.handed == 2048 || p.handed < p.buffers / 3);
		CU_ASSERT(p.handed == 16384 || p.handed > p.buffers / 9);
	}
}

static void too_many_for_the_memory(void)
{
	struct worker_plan p;
	struct err e = {""};
	unsigned long enough;
	char *at;

	CU_ASSERT_EQUAL(plan(100000, 128ull * MB, 2, &p, &e), -ENOMEM);
	CU_ASSERT_PTR_EQUAL(strstr(e.text, "test.ini:1: [global] memory: "), e.text);
	at = strstr(e.text, "raise memory to ");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	/* what it says is enough, is, and a megabyte less for each worker is not */
	enough = strtoul(at + strlen("raise memory to "), NULL, 10);
	CU_ASSERT_EQUAL(plan(100000, enough * MB, 2, &p, &e), 0);
	CU_ASSERT_EQUAL(plan(100000, (enough - 2) * MB, 2, &p, &e), -ENOMEM);
	/* a million idle clients: doc/benchmarks.md */
	CU_ASSERT_EQUAL(plan(1000000, 1200ull * MB, 1, &p, &e), 0);
}

/* A worker takes what its plan says, and not less than half of it; then all goes down. */
static void plan_holds(void)
{
	uint64_t before = heap_used(), tables;
	struct err e = {""};

	ws.w[0] = workers_make(0, &ws.plan, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(ws.w[0]);
	tables = heap_used() - before;
	printf("[%lu of %lu KB] ", (unsigned long)tables / 1024,
		(unsigned long)ws.plan.tables / 1024);
	CU_ASSERT(tables < ws.plan.tables);
	CU_ASSERT(tables > ws.plan.tables / 2);
	workers_down();
}

static void worker_costs(enum conf_mode mode)
{
	struct err e = {""};

	workers_ground("net_null0", 20000);
	((struct conf_listener *)(uintptr_t)ws.conf->listeners)->mode = mode;
	CU_ASSERT_EQUAL_FATAL(worker_plan(ws.conf, WORKERS, &ws.plan, &e), 0);
	CU_ASSERT_EQUAL(ws.plan.splices, mode == CONF_MODE_SPLICE ? 20000 : 0);
	plan_holds();
}

/* Keys are not on this heap. */
static void tls_costs(void)
{
	workers_ground("net_null0", 4000);
	workers_tls(200);
	CU_ASSERT_EQUAL(ws.plan.tls, 4000 + ws.plan.backs + RELAY_PROBES);
	CU_ASSERT_EQUAL(ws.plan.handshakes, 200 + 64); /* clients', members' */
	plan_holds();
}

/* Who has no TLS pays nothing for it, and fewer connections than handshakes make no more of them.
 */
static void handshakes_are_no_more_than_connections(void)
{
	struct worker_plan p;
	struct err e = {""};

	CU_ASSERT_EQUAL(plan(1000, 256ull * MB, 1, &p, &e), 0);
	CU_ASSERT_EQUAL(p.tls, 0);
	CU_ASSERT_EQUAL(p.handshakes, 0);
	workers_ground("net_null0", 8);
	workers_tls(200);
	CU_ASSERT_EQUAL(ws.plan.handshakes, 8 + ws.plan.backs + RELAY_PROBES);
	workers_down();
}

static void pool_costs(uint32_t n, uint32_t room)
{
	uint64_t before = heap_used(), taken, planned = (uint64_t)n * buf_pools_cost(room);
	int rc = buf_pools_create_room(&ws.pools[0], "cost", n, room, SOCKET_ID_ANY);

	CU_ASSERT_EQUAL_FATAL(rc, 0);
	taken = heap_used() - before;
	printf("[%lu KB of pools, %lu planned] ", (unsigned long)taken / 1024,
		(unsigned long)planned / 1024);
	/* the caches of three pools are part of what is fixed */
	CU_ASSERT(taken < planned + 4 * MB);
	CU_ASSERT(taken > planned - planned / 4);
	buf_pools_destroy(&ws.pools[0]);
	CU_ASSERT_EQUAL(heap_used(), before);
}

/* The plan is held against the heap: a worker takes no more than it says, and not much less. */
static void costs_are_real(void)
{
	worker_costs(CONF_MODE_HTTP);
	worker_costs(CONF_MODE_SPLICE);
	worker_costs(CONF_MODE_ECHO);
	pool_costs(16384, BUF_ROOM);
	pool_costs(2048, BUF_ROOM_MAX);
}

static const struct unit_case cases[] = {
	UNIT_CASE(connections_first_buffers_then),
	UNIT_CASE(handed_is_a_share_of_the_buffers),
	UNIT_CASE(too_many_for_the_memory),
	UNIT_CASE(costs_are_real),
	UNIT_CASE(tls_costs),
	UNIT_CASE(handshakes_are_no_more_than_connections),
};

UNIT_MAIN(cases)
