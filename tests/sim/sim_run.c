/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One run of a plan. One step: what has arrived goes in, applications act, timers run, output goes
 * out; then the clock jumps to whatever comes next.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define N_DATA      7000
#define TIME_LIMIT  (3 * 3600 * SIM_S)
#define STALL_LIMIT (600 * SIM_S)

static struct buf_pools pools[HOSTS];

int sim_pools_create(void)
{
	for (int h = 0; h < HOSTS; h++)
		if (buf_pools_create(&pools[h], h ? "server" : "client", N_DATA, SOCKET_ID_ANY) < 0)
			return -1;
	return 0;
}

void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s %lu at %.6f s: ", s->name ? s->name : "seed", (unsigned long)s->seed,
		(double)s->now / SIM_S);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	if (!s->name)
		fprintf(stderr, "again, with every packet: sim_tcp %lu\n", (unsigned long)s->seed);
	exit(1);
}

void sim_reset(struct sim *s, uint64_t seed)
{
	struct sim_pkt **heap = s->heap;
	uint32_t heap_max = s->heap_max;
	bool trace = s->trace, verbose = s->verbose;

	memset(s, 0, sizeof(*s));
	s->heap = heap;
	s->heap_max = heap_max;
	s->trace = trace;
	s->verbose = verbose;
	s->seed = seed;
	rand_seed(&s->rnd, seed);
}

static struct ip_addr address(const struct sim_plan *p, int host)
{
	struct ip_addr a;

	ip_addr_parse(
		p->v6 ? (host ? "2001:db8::2" : "2001:db8::1") : (host ? "10.0.0.2" : "10.0.0.1"),
		&a);
	return a;
}

/* The clock that makes this host's ISN of the first connection wrap soon (RFC 6528: hash + clock),
 * or one whose milliseconds wrap soon. */
static uint64_t epoch(struct sim *s, int host)
{
	struct sim_host *h = &s->host[host];
	struct tcp_key k = {s->host[!host].addr, 0, host ? SIM_PORT : SIM_PORT0,
		host ? SIM_PORT0 : SIM_PORT, 0};
	uint32_t target = 0u - rand_below(&s->rnd, 50000) - 1000;

	if (!s->plan.isn_wrap)
		return ((1ull << 32) - rand_below(&s->rnd, 60000)) * SIM_MS;
	h->t->now_us = 0;
	return 4ull * (uint32_t)(target - tcp__isn(h->t, &k));
}

static void host_init(struct sim *s, int host)
{
	struct sim_host *h = &s->host[host];
	struct tcp_config cfg = {.conns = 3 * s->plan.conns + 4,
		.syns = 2 * s->plan.conns + 4,
		.time_waits = 4 * s->plan.conns + 4,
		/* a lone flow may take what a whole appliance would share */
		.exts = s->plan.bulk ? 64 : s->plan.conns + 1,
		.runs = s->plan.bulk ? 4096 : 0,
		.rcv_limit = s->plan.rcv_limit[host],
		.snd_limit = s->plan.snd_limit,
		.keepalive_ms = rand_below(&s->rnd, 2) ? 5000 : 20000,
		.time_wait_ms = rand_below(&s->rnd, 2) ? 1000 : 60000,
		.fin_wait2_ms = 60000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY};
	struct err e;

	for (int i = 0; i < 4; i++)
		cfg.secret[i] = rand_next(&s->rnd);
	h->pools = &pools[host];
	h->t = tcp_create(&cfg, h->pools, 0, &e);
	if (!h->t)
		sim_fail(s, "tcp_create");
	h->epoch = epoch(s, host);
	/* the wheel's ticks begin now */
	h->t->now_us = sim_clock(s, host);
	h->t->now_ms = (uint32_t)(h->t->now_us / CLOCK_US_PER_MS);
	wheel_init(&h->t->wheel, h->t->now_ms);
}

static void hog_free(struct sim_host *h)
{
	if (h->hog_n)
		rte_mempool_put_bulk(h->hog_pool, h->hog, h->hog_n);
	h->hog_n = 0;
}

/* Now and then a pool runs dry for a while. */
static void starve(struct sim *s, struct sim_host *h)
{
	struct rte_mempool *all[] = {h->pools->data, h->pools->hdr, h->pools->indirect};
	uint32_t n;

	if (h->hog_n && s->now >= h->hog_until)
		hog_free(h);
	if (h->hog_n || !sim_chance(s, s->plan.starve))
		return;
	h->hog_pool = all[rand_below(&s->rnd, 3)];
	n = rte_mempool_avail_count(h->hog_pool);
	n -= RTE_MIN(n, rand_below(&s->rnd, 10));
	if (n > RTE_DIM(h->hog) || rte_mempool_get_bulk(h->hog_pool, h->hog, n) < 0)
		return;
	h->hog_n = n;
	h->hog_until = s->now + sim_between(s, 1, 500 * SIM_MS);
}

static void begin(struct sim *s)
{
	struct ip_endpoint at = {.port = SIM_PORT};
	struct tcp_path path = sim_app_path(s, SERVER);

	for (int h = 0; h < HOSTS; h++)
		s->host[h].addr = address(&s->plan, h);
	for (int h = 0; h < HOSTS; h++)
		host_init(s, h);
	if (!s->plan.simultaneous) {
		if (rand_below(&s->rnd, 2))
			at.addr = s->host[SERVER].addr;
		if (tcp_listen(s->host[SERVER].t, &at, &path, s) < 0)
			sim_fail(s, "tcp_listen");
	}
	for (uint32_t i = 0; i < s->plan.conns; i++) {
		s->conn[i].id = i;
		sim_app_plan(s, &s->conn[i]);
		sim_app_connect(s, &s->conn[i]);
	}
}

static void host_step(struct sim *s, int host)
{
	struct sim_host *h = &s->host[host];
	struct rte_mbuf *pkts[64];
	uint16_t n, max;

	if (s->plan.starve)
		starve(s, h);
	while ((n = sim_link_recv(s, host, pkts, 32)) > 0)
		tcp_input(h->t, pkts, n, sim_clock(s, host));
	sim_app_ready(s, host);
	tcp_tick(h->t, 16, sim_clock(s, host));
	sim_app_ready(s, host);
	do {
		max = (uint16_t)(1 + rand_below(&s->rnd, 64));
		n = tcp_output(h->t, pkts, max, sim_clock(s, host));
		for (uint16_t i = 0; i < n; i++)
			sim_link_send(s, host, pkts[i]);
	} while (n);
}

/* To whatever comes next; at least 1 us, at most 1 s ahead. */
static void advance(struct sim *s)
{
	uint64_t next = RTE_MIN(sim_link_next(s), sim_app_next(s));

	for (int h = 0; h < HOSTS; h++) {
		/* a tick begins with its millisecond: before the next one no timer can be due */
		uint64_t into = sim_clock(s, h) % SIM_MS;
		uint32_t ms;

		next = RTE_MIN(next, s->now + tcp_next_pace(s->host[h].t, SIM_S, sim_clock(s, h)));
		if (s->host[h].hog_n)
			next = RTE_MIN(next, s->host[h].hog_until);
		if (next <= s->now + SIM_MS - into && !tcp_output_pending(s->host[h].t))
			continue;
		ms = tcp_next_tick(s->host[h].t, 1000, sim_clock(s, h));
		next = RTE_MIN(next, s->now + (ms ? ms * SIM_MS - into : 500));
	}
	if (s->plan.starve)
		next = RTE_MIN(next, s->now + SIM_MS);
	s->now = RTE_MAX(next, s->now + 1);
}

static bool quiet(struct sim *s)
{
	for (int h = 0; h < HOSTS; h++) {
		struct tcp_info i;

		tcp_info(s->host[h].t, &i);
		if (i.conns || i.syns || i.time_waits || tcp_output_pending(s->host[h].t))
			return false;
	}
	return s->heap_n == 0;
}

static void step(struct sim *s)
{
	for (int h = 0; h < HOSTS; h++)
		host_step(s, h);
	sim_app_step(s);
	if (sim_watched(s) || rand_below(&s->rnd, 16) == 0)
		sim_check_conns(s);
	advance(s);
}

void sim_run(struct sim *s)
{
	begin(s);
	while (!sim_app_done(s)) {
		step(s);
		if (s->now - s->progress_at > STALL_LIMIT)
			sim_fail(s, "no progress for %llu s", STALL_LIMIT / SIM_S);
		if (s->now > TIME_LIMIT)
			sim_fail(s, "not done in time");
	}
	s->done_at = s->now;
	s->plan.starve = 0;
	for (int h = 0; h < HOSTS; h++)
		hog_free(&s->host[h]);
	for (s->progress_at = s->now; !quiet(s); step(s))
		if (s->now - s->progress_at > STALL_LIMIT)
			break;
	sim_link_clear(s);
	sim_check_end(s);
	for (int h = 0; h < HOSTS; h++) {
		memcpy(s->host[h].stat, tcp_stats(s->host[h].t), sizeof(s->host[h].stat));
		tcp_destroy(s->host[h].t);
	}
}
