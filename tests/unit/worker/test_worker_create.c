/* SPDX-License-Identifier: BSD-3-Clause */
#include "workers.h"

#define BLOCKS 2048
#define BLOCK  (64u * 1024)
#define SMALL  1024u /* no part of a worker is as small */

/* clang-format off */
#define ROUTED \
	"[global]\nworkers = 0,1\nidle = poll\n" \
	"[port p]\ndevice = net_null0\naddress = 10.0.0.10/24, fd00::10/64\n" \
	"gateway = 10.0.0.1, fd00::1\n" \
	"[route-static rack]\nto = 10.30.0.0/16\nvia = 10.0.0.2\n" \
	"[listener l]\naddress = 10.0.0.10:80\npool = n\nconnections = 64\n" \
	"[pool n]\nmember = a 10.0.0.11:9000\n"
/* clang-format on */

static struct worker *made(uint16_t id)
{
	struct err e = {""};
	struct worker *w = workers_make(id, &ws.plan, &e);

	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(w);
	return w;
}

/* As many records as the plan says, all of them free. */
static void sizes_of_the_plan(void)
{
	struct relay_info relay;
	struct tcp_info tcp;
	struct worker *w;

	workers_ground("net_null0", 64);
	w = made(0);
	tcp_info(worker_tcp(w), &tcp);
	relay_info(worker_relay(w), &relay);
	CU_ASSERT_EQUAL(
		tcp.conns_max, ws.plan.fronts + ws.plan.splices + ws.plan.backs + RELAY_PROBES);
	CU_ASSERT_EQUAL(tcp.syns_max, WORKER_SYNS);
	CU_ASSERT_EQUAL(tcp.time_waits_max, WORKER_TIME_WAITS);
	CU_ASSERT_EQUAL(tcp.exts_max, WORKER_EXT_MIN);
	CU_ASSERT_EQUAL(relay.requests_max, ws.plan.requests);
	CU_ASSERT_EQUAL(relay.backs_max, ws.plan.backs);
	CU_ASSERT_EQUAL(relay.splices_max, ws.plan.splices);
	CU_ASSERT_EQUAL(tcp.conns + tcp.syns + tcp.time_waits + relay.requests + relay.backs, 0);
	CU_ASSERT_EQUAL(worker_conns(w), 0);
	worker_destroy(w);
	workers_down();
}

/* Nothing has been read, counted or sent, and the steps have their names. */
static void new_and_silent(void)
{
	struct worker *w;

	workers_ground("net_ring0", 64);
	w = made(0);
	CU_ASSERT_EQUAL(worker_load(w)->polls, 0);
	CU_ASSERT_EQUAL(*worker_now(w), 0);
	CU_ASSERT(w->sleeps);
	CU_ASSERT_STRING_EQUAL(worker_load(w)->stage[WORKER_STAGE_port_rx].name, "port_rx");
	CU_ASSERT_STRING_EQUAL(worker_load(w)->stage[WORKER_STAGE_N - 1].name, "timers");
	for (unsigned i = 0; i < WORKER_STAT_N; i++)
		CU_ASSERT_EQUAL(worker_stat_block(w).values[i], 0);
	worker_destroy(w);
	CU_ASSERT_EQUAL(port_stats(ws.port, 0).values[PORT_STAT_tx_packets], 0);
	workers_down();
}

/* Secrets are common, so that any worker knows another's cookies; choices are its own. */
static void two_differ_by_their_choices(void)
{
	workers_up("net_null0");
	CU_ASSERT_EQUAL(memcmp(ws.w[0]->cfg.seed, ws.w[1]->cfg.seed, sizeof(ws.w[0]->cfg.seed)), 0);
	CU_ASSERT_NOT_EQUAL(memcmp(&ws.w[0]->rnd, &ws.w[1]->rnd, sizeof(ws.w[0]->rnd)), 0);
	workers_down();
}

static void goes_by(struct worker *w, const char *to, const char *hop)
{
	struct ip_addr dst, want;
	struct net_path path;

	CU_ASSERT_EQUAL_FATAL(ip_addr_parse(to, &dst), 0);
	CU_ASSERT_EQUAL_FATAL(ip_addr_parse(hop, &want), 0);
	CU_ASSERT_NOT_EQUAL(net_path(worker_net(w), &dst, &path), 0); /* links are down at first */
	net_set_link(worker_net(w), 0, true, 0);
	CU_ASSERT_EQUAL_FATAL(net_path(worker_net(w), &dst, &path), 0);
	CU_ASSERT(ip_addr_eq(&path.next_hop, &want));
	CU_ASSERT_EQUAL(path.mtu, port_mtu(ws.port));
	net_set_link(worker_net(w), 0, false, 0);
}

/* Gateways of both families and a static route, none of them before its link is up. */
static void routes(void)
{
	struct conf_errors errs = {0};
	struct conf *ground, *routed;
	struct worker *w;

	workers_ground("net_null0", 64);
	ground = ws.conf;
	ws.conf = routed = conf_parse_text("test.ini", ROUTED, sizeof(ROUTED) - 1, &errs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(routed);
	w = made(0);
	CU_ASSERT_FALSE(w->sleeps);
	goes_by(w, "10.0.0.11", "10.0.0.11");
	goes_by(w, "10.30.1.1", "10.0.0.2");
	goes_by(w, "10.31.1.1", "10.0.0.1");
	goes_by(w, "2001:db8::1", "fd00::1");
	worker_destroy(w);
	ws.conf = ground;
	conf_destroy(routed);
	workers_down();
}

/* Takes the heap's room in blocks, and what is between them in smaller ones; returns how many. */
static unsigned heap_fill(void **blocks)
{
	unsigned n = 0;

	for (size_t size = BLOCK; size >= SMALL; size /= 2)
		while (n < BLOCKS && (blocks[n] = rte_malloc(NULL, size, 0)))
			n++;
	CU_ASSERT_FATAL(n < BLOCKS);
	return n;
}

/* What was said, each line once. */
struct said {
	struct err line[8];
	unsigned n;
};

static void not_made(struct said *said, const struct err *e, uint64_t before)
{
	unsigned i = 0;

	CU_ASSERT_EQUAL(heap_used(), before);
	UNIT_NO_LEAK(&ws.pools[0]);
	while (i < said->n && strcmp(said->line[i].text, e->text))
		i++;
	CU_ASSERT_FATAL(i < RTE_DIM(said->line));
	if (i == said->n)
		said->line[said->n++] = *e;
}

static bool has(const struct said *said, const char *text)
{
	for (unsigned i = 0; i < said->n; i++)
		if (strstr(said->line[i].text, text) == said->line[i].text)
			return true;
	return false;
}

/*
 * The heap has a bit more room each time, so that first this part of a worker finds none, then the
 * next: each time one line says so and all that was made before is given back, once (DPDK's log
 * would tell of more); in the end it is made.
 */
static void no_memory_at_any_point(void)
{
	static void *blocks[BLOCKS];
	struct said said = {.n = 0};
	FILE *log = tmpfile();
	struct worker *w;
	uint64_t before;
	unsigned n;

	workers_ground("net_null0", 64);
	rte_openlog_stream(log);
	n = heap_fill(blocks);
	for (;;) {
		struct err e = {""};

		before = heap_used();
		w = workers_make(0, &ws.plan, &e);
		if (w || n == 0)
			break;
		not_made(&said, &e, before);
		rte_free(blocks[--n]);
	}
	CU_ASSERT_PTR_NOT_NULL(w);
	CU_ASSERT(has(&said, "no memory for worker 0: raise [global] memory"));
	CU_ASSERT(has(&said, "no memory for 200 connections: raise [global] memory"));
	CU_ASSERT(has(&said, "relay: no memory"));
	worker_destroy(w);
	CU_ASSERT_EQUAL(heap_used(), before);
	while (n > 0)
		rte_free(blocks[--n]);
	CU_ASSERT_EQUAL(ftell(log), 0);
	rte_openlog_stream(NULL);
	fclose(log);
	workers_down();
}

static void destroy_nothing(void)
{
	worker_destroy(NULL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(sizes_of_the_plan),
	UNIT_CASE(new_and_silent),
	UNIT_CASE(two_differ_by_their_choices),
	UNIT_CASE(routes),
	UNIT_CASE(no_memory_at_any_point),
	UNIT_CASE(destroy_nothing),
};

UNIT_MAIN(cases)
