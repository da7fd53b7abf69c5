/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	sim_tcp			the seeds of the test suite
 *	sim_tcp SEED		one seed, with every packet
 *	sim_tcp FIRST COUNT	a range
 *
 * One step: what has arrived goes in, applications act, timers run, output goes out; then the
 * clock jumps to whatever comes next.
 */
#include <stdarg.h>

#include "sim.h"
#include "unit.h"

#define SEEDS       2000
#define N_DATA      7000
#define TIME_LIMIT  (3 * 3600 * SIM_S)
#define STALL_LIMIT (600 * SIM_S)

static struct buf_pools pools[HOSTS];

void sim_fail(struct sim *s, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "seed %lu at %.6f s: ", (unsigned long)s->seed, (double)s->now / SIM_S);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\nagain, with every packet: sim_tcp %lu\n", (unsigned long)s->seed);
	exit(1);
}

uint32_t sim_between(struct sim *s, uint32_t lo, uint32_t hi)
{
	uint32_t span = hi / lo, top = lo;

	for (uint32_t bits = 32 - (uint32_t)__builtin_clz(span); bits > 0 && top < hi; bits--)
		if (rand_below(&s->rnd, bits + 1))
			top = top > hi / 2 ? hi : top * 2;
		else
			break;
	return lo + rand_below(&s->rnd, top - lo + 1);
}

static uint32_t pick(struct sim *s, const uint32_t *of, uint32_t n)
{
	return of[rand_below(&s->rnd, n)];
}
#define PICK(s, ...) pick(s, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static void plan_make(struct sim *s)
{
	struct sim_plan *p = &s->plan;

	p->v6 = PICK(s, 0, 1);
	p->simultaneous = PICK(s, 0, 0, 0, 0, 0, 0, 0, 1);
	p->split = PICK(s, 0, 1);
	p->keep_order = PICK(s, 0, 1);
	p->strip = (uint8_t)PICK(s, 0, 0, 0, 0, STRIP_TS, STRIP_SACK, STRIP_WS,
		STRIP_TS | STRIP_SACK | STRIP_WS | STRIP_MSS, STRIP_SACK | STRIP_WS);
	p->conns = PICK(s, 1, 1, 1, 1, 2, 5, SIM_CONNS_MAX);
	p->delay_us = PICK(s, 5, 50, 500, 5000, 50000, 150000);
	p->jitter_us = p->delay_us / PICK(s, 1, 10, 1000);
	p->loss = PICK(s, 0, 0, 10, 100, 100, 500, 1000);
	p->dup = PICK(s, 0, 0, 0, 100, 1000);
	p->reorder = PICK(s, 0, 0, 100, 1000);
	p->syn_loss = PICK(s, 0, 0, 0, 4000);
	p->starve = PICK(s, 0, 0, 0, 20, 200);
	for (int h = 0; h < HOSTS; h++) {
		p->mtu[h] = (uint16_t)PICK(s, 1500, 1500, 1280, p->v6 ? 1300 : 600);
		p->gso_max[h] = (uint16_t)PICK(s, 0, 0, 9000, 65000);
		p->rcv_limit[h] = PICK(s, 4096, 16384, 65535, 100000, 262144, 1048576);
	}
	p->bytes_max = p->conns > 1 ? 100000 : PICK(s, 2000, 100000, 1000000);
	p->chunk_max = PICK(s, 300, 5000, 65536, 65536);
	p->stall = PICK(s, 0, 0, 100, 1000);
	p->spoil = PICK(s, 0, 0, 0, 3000);
	p->isn_wrap = PICK(s, 0, 1);
	p->snd_limit = 1u << sim_between(s, 12, 18);
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
		.exts = s->plan.conns + 1,
		.rcv_limit = s->plan.rcv_limit[host],
		.snd_limit = s->plan.snd_limit,
		.keepalive_ms = PICK(s, 5000, 20000),
		.time_wait_ms = PICK(s, 1000, 60000),
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
	struct tcp_path path = {s->plan.mtu[SERVER], s->plan.gso_max[SERVER]};

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
	/* with many connections a look at all of them costs more than the step */
	if (s->plan.conns < 10 || rand_below(&s->rnd, 16) == 0)
		sim_check_conns(s);
	advance(s);
}

static void run(struct sim *s)
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
	for (int h = 0; h < HOSTS; h++)
		tcp_destroy(s->host[h].t);
}

static void seed_init(struct sim *s, uint64_t seed)
{
	struct sim_pkt **heap = s->heap;
	uint32_t heap_max = s->heap_max;

	memset(s, 0, sizeof(*s));
	s->heap = heap;
	s->heap_max = heap_max;
	s->seed = seed;
	rand_seed(&s->rnd, seed);
}

static void seed_run(struct sim *s, uint64_t seed, bool trace)
{
	seed_init(s, seed);
	s->trace = trace;
	plan_make(s);
	run(s);
}

/*
 * One long transfer over 10 ms and 1 % loss, against what a loss-driven window can reach at all:
 * MSS / RTT * sqrt(3 / 2p) (Mathis and others, 1997).
 */
static void goodput(struct sim *s)
{
	double ideal = 1448 / 0.010 * 12.25, got;

	seed_init(s, 1);
	s->plan = (struct sim_plan){.conns = 1,
		.delay_us = 5000,
		.loss = 100,
		.keep_order = true,
		.mtu = {1500, 1500},
		.rcv_limit = {1 << 20, 1 << 20},
		.snd_limit = 1 << 20,
		.bytes_max = 1,
		.chunk_max = 65536,
		.bulk = 8000000};
	run(s);
	got = s->plan.bulk / ((double)s->done_at / SIM_S);
	printf("goodput at 1 %% loss: %.2f MB/s, %.0f %% of %.2f\n", got / 1e6, 100 * got / ideal,
		ideal / 1e6);
	if (got < ideal / 3)
		sim_fail(s, "far too slow");
}

int main(int argc, char **argv)
{
	static struct sim s;
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 0) : 1;
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : argc > 1 ? 1 : SEEDS, pkts = 0;

	unit_eal();
	for (int h = 0; h < HOSTS; h++)
		if (buf_pools_create(&pools[h], h ? "server" : "client", N_DATA, SOCKET_ID_ANY) < 0)
			return 2;
	for (uint64_t i = 0; i < count; i++) {
		seed_run(&s, first + i, argc == 2);
		pkts += s.wire_pkts;
	}
	printf("%lu seeds, %lu packets: every byte arrived, nothing was left\n",
		(unsigned long)count, (unsigned long)pkts);
	if (argc != 2)
		goodput(&s);
	free(s.heap);
	return 0;
}
