/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_s3gen [SIZE [CONNECTIONS]]
 *
 * What a GET costs s3gen without a wire: clients and an origin on one TCP instance whose packets
 * come straight back as copies. Cycles of an operation, by side: the client asks, compares and
 * counts; the origin parses and answers; tcp is that of both. The copy is the wire's and not
 * counted, lib/net and lib/port are not in it. Of many short windows the second hundredth: what the
 * code costs, not what disturbed it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include "../unit/s3gen/wire.h"
#include "../unit/stack.h"
#include "body.h"
#include "client.h"
#include "origin.h"
#include "side.h"

#define BUFFERS 16000
#define WIRE    4096
#define WINDOWS 200
#define TURNS   20 /* of a window */
#define TURN_US 20
#define WARM    4000

enum part { CLIENT, ORIGIN, TCP, SIDES };

static struct conf_port port = {.name = "p", .mtu = 1500, .n_addr = 1};
static struct gen_workload load = {.name = "w",
	.bucket = "b",
	.prefix = "o/",
	.op = {[GEN_GET] = 1},
	.size = {{4096, 4096, 1}},
	.n_size = 1,
	.keys = 1000,
	.range = 1,
	.part = 8 << 20};
static struct gen_clients clients = {
	.name = "c", .n_target = 1, .connections = 64, .timeout_ms = 100000};
static struct gen_origins origins = {.name = "o", .n_listen = 1};
static struct gen_conf conf = {.tcp = {.send_buffer = 256 << 10},
	.ports = &port,
	.n_ports = 1,
	.clients = &clients,
	.n_clients = 1,
	.origins = &origins,
	.n_origins = 1,
	.workloads = &load,
	.n_workloads = 1};
static struct gen g;
static uint64_t cycles[SIDES], stamp;

/* ---- a turn ---- */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "bench_s3gen: %s\n", what);
	exit(1);
}

static void lap(enum part p)
{
	uint64_t before = stamp;

	stamp = rte_rdtsc();
	cycles[p] += stamp - before;
}

static void ready(struct tcp_conn *c, uint8_t ev)
{
	if (ev & TCP_EV_ACCEPT && !origin_accept(g.origins, c))
		return;
	if (((struct side *)c->owner)->role == GEN_CLIENT) {
		client_ready(g.clients, c, ev);
		lap(CLIENT);
	} else {
		origin_ready(g.origins, c, ev);
		lap(ORIGIN);
	}
}

static void turn(void)
{
	struct rte_mbuf *pkts[WIRE];
	struct tcp_conn *c;
	uint16_t n;
	uint8_t ev;

	g.now += TURN_US;
	stamp = rte_rdtsc();
	tcp_tick(g.tcp, 256, g.now);
	lap(TCP);
	while ((c = tcp_ready_take(g.tcp, &ev)) != NULL)
		ready(c, ev);
	client_tick(g.clients, g.now);
	lap(CLIENT);
	origin_tick(g.origins, g.now);
	lap(ORIGIN);
	n = tcp_output(g.tcp, pkts, WIRE, g.now);
	lap(TCP);
	for (uint16_t i = 0; i < n; i++) {
		pkts[i] = wire_carry(&g, pkts[i]);
		must(pkts[i], "no buffers");
	}
	stamp = rte_rdtsc();
	tcp_input(g.tcp, pkts, n, g.now);
	lap(TCP);
}

/* ---- from start to end ---- */

static void start(void)
{
	char *eal[] = {"bench_s3gen", "--no-huge", "--no-pci", "--no-shconf", "-m", "96",
		"--log-level", "error", "--no-telemetry"};
	struct tcp_config cfg = stack_config(4 * clients.connections, 256 << 10);
	struct err e = {""};

	cfg.syns = 4096;
	must(rte_eal_init(RTE_DIM(eal), eal) >= 0, "EAL");
	must(buf_pools_create(&g.pools, "bench", BUFFERS, SOCKET_ID_ANY) == 0, "no memory");
	port.addr[0].addr = ip_from_v4((uint8_t[]){10, 0, 0, 1});
	clients.target[0] = (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, 2}), 9000};
	origins.listen[0] = clients.target[0];
	g.conf = &conf;
	g.now = CLOCK_US_PER_MS;
	rand_seed(&g.rnd, 1);
	g.body = body_create(1, SOCKET_ID_ANY);
	g.tcp = tcp_create(&cfg, &g.pools, g.now, &e);
	g.report = report_create(&conf);
	must(g.body && g.tcp && g.report, "no memory");
	side_start(&g);
	g.origins = origin_create(&g, &e);
	g.clients = client_create(&g, &e);
	must(g.origins && g.clients, e.text);
	client_begin(g.clients);
	for (unsigned i = 0; i < WARM && client_prepared(g.clients, &e) == 0; i++)
		turn();
	client_start(g.clients);
	for (unsigned i = 0; i < WARM / 10; i++)
		turn();
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void measure(void)
{
	static const char *const name[SIDES] = {"client", "origin", "tcp"};
	static uint64_t each[SIDES][WINDOWS];
	unsigned n = 0;

	for (unsigned w = 0; w < WINDOWS; w++) {
		uint64_t before = report_succeeded(g.report), done;

		memset(cycles, 0, sizeof(cycles));
		for (unsigned i = 0; i < TURNS; i++)
			turn();
		done = report_succeeded(g.report) - before;
		for (unsigned s = 0; s < SIDES && done; s++)
			each[s][n] = cycles[s] / done;
		n += done > 0;
	}
	must(n > 0 && report_failed(g.report) == 0, "operations failed, or none was done");
	printf("GET of %lu bytes, %u connections:", load.size[0].min, clients.connections);
	for (unsigned s = 0; s < SIDES; s++) {
		qsort(each[s], n, sizeof(**each), by_value);
		printf(" %s %lu", name[s], each[s][n / 50]);
	}
	printf(" cycles\n");
}

int main(int argc, char **argv)
{
	if (argc > 1)
		load.size[0].min = load.size[0].max = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		clients.connections = (uint32_t)strtoul(argv[2], NULL, 10);
	must(load.size[0].max <= 1 << 20 && clients.connections - 1 < 256,
		"SIZE up to 1048576, CONNECTIONS from 1 to 256");
	start();
	measure();
	return 0;
}
