/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one page is turn(): worker_poll()'s steps, with clients and origins in place of the relay.
 *
 *	LINK -> PREPARE -> WARM -> MEASURE -> END
 *
 * Links come up; clients connect and put what must be there; they ask, at first uncounted; then it
 * counts. A file without clients goes through the same, and only its origins have something to do.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <rte_cycles.h>

#include "aead/drivers.h"
#include "body.h"
#include "client.h"
#include "loop.h"
#include "origin.h"
#include "secure.h"
#include "side.h"

#define BURST       32
#define TIMERS      256
#define RESETS      64        /* connections at a time, at the end */
#define LINK_US     10000000  /* that a link may take to come */
#define LOOK_US     100000    /* between looks at links and clock */
#define PREPARE_US  600000000 /* that preparing may take */
#define SLEEP_US    1000      /* at most, where idle = sleep */
#define LONG_US     50        /* of a turn in which somebody else may have had the core */
#define EMPTY       64        /* turns without work before it sleeps */
#define TIME_WAITS  65536u
#define SYNS        4096u
#define EXTS        4096u
#define FLIGHTS     16384u
#define CONN_COST   1536u       /* of a client: TCP, the connection, hash table */
#define FLIGHT_COST 2432u       /* with 32 runs */
#define FIXED_COST  (24u << 20) /* records, scratch, the pools' caches */
#define BUFFERS_MIN 8192u

/* ---- one turn ---- */

static clock_us_t clock_read(const struct gen *g)
{
	return (clock_us_t)((unsigned __int128)(g->tsc_last - g->tsc_start) * g->us_per_cycle >>
			    32);
}

static unsigned receive(struct gen *g, uint8_t port)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t got = port_rx_burst(g->port[port], 0, pkts, BURST), n;

	if (got == 0)
		return 0;
	n = net_input(g->net, port, pkts, got, g->now);
	tcp_input(g->tcp, pkts, n, g->now);
	return got;
}

/* Frames that are ready, to their ports. How many; g->full where a device has no room. */
static unsigned send(struct gen *g)
{
	struct rte_mbuf *pkts[BURST];
	unsigned sent = 0;
	uint16_t n;

	g->full = false;
	for (unsigned p = 0; p < g->conf->n_ports; p++) {
		bool room;

		while ((room = port_tx_flush(g->port[p], 0, g->now)) &&
			(n = net_tx_take(g->net, (uint8_t)p, pkts, BURST)) > 0) {
			port_tx_post(g->port[p], 0, pkts, n, g->now);
			sent += n;
		}
		g->full |= !room;
	}
	return sent;
}

static unsigned transmit(struct gen *g)
{
	struct rte_mbuf *pkts[BURST];
	unsigned sent = g->full ? send(g) : 0;
	uint16_t n = BURST;

	while (n == BURST && !g->full) {
		n = tcp_output(g->tcp, pkts, BURST, g->now);
		net_output(g->net, pkts, n, g->now);
		sent += send(g);
	}
	return sent;
}

/* In place of relay_step(): each connection to its side. */
static void step(struct gen *g)
{
	struct tcp_conn *c;
	struct side *side;
	uint8_t ev;

	while ((c = tcp_ready_take(g->tcp, &ev)) != NULL) {
		if (ev & TCP_EV_ACCEPT && !origin_accept(g->origins, c))
			continue;
		side = c->owner;
		ev = side_events(side, ev);
		if (side->role == GEN_CLIENT)
			client_ready(g->clients, c, ev);
		else
			origin_ready(g->origins, c, ev);
	}
}

/* clang-format off */
static unsigned turn(struct gen *g)
{
	unsigned in = 0, shaken, out;

	g->now = clock_read(g);
	for (unsigned p = 0; p < g->conf->n_ports; p++)
		in += receive(g, (uint8_t)p);         /* 1 port, 2 net, 3 tcp */
	tcp_relieve(g->tcp, g->now);
	shaken = secure_shake(g);
	streams_open(&g->streams, side_tls);           /* 4 TLS opens */
	step(g);                                      /* 5 clients and origins */
	if (g->clients)
		client_tick(g->clients, g->now);
	if (g->origins)
		origin_tick(g->origins, g->now);
	streams_seal(&g->streams);                    /* 6 TLS seals */
	out = transmit(g);                            /* 7 tcp, 8 net and port */
	tcp_tick(g->tcp, TIMERS, g->now);
	net_tick(g->net, g->now);
	return in + shaken + out;
}
/* clang-format on */

/* Has the kernel taken the core from us since the last call? */
static bool switched(struct gen *g)
{
	struct rusage r;
	long before = g->switches;

	getrusage(RUSAGE_THREAD, &r);
	g->switches = r.ru_nivcsw;
	return g->switches != before;
}

static void turn_account(struct gen *g)
{
	uint64_t before = g->tsc_last, cycles;
	unsigned moved = turn(g);

	g->tsc_last = rte_rdtsc();
	cycles = g->tsc_last - before;
	/* the kernel is asked only where a turn was long */
	if (cycles > g->tsc_long && switched(g)) {
		g->stolen += cycles;
	} else {
		g->cycles += cycles;
		g->busy += moved ? cycles : 0;
	}
	g->empty = moved ? 0 : g->empty + 1;
}

/* ---- idle = sleep ---- */

static uint32_t idle_us(const struct gen *g)
{
	clock_us_t at = g->now + SLEEP_US;

	at = RTE_MIN(at, net_next_deadline(g->net));
	if (g->clients)
		at = RTE_MIN(at, client_next(g->clients));
	if (g->origins)
		at = RTE_MIN(at, origin_next(g->origins));
	if (g->full || side_waits(g) || at <= g->now)
		return 0;
	at = g->now + RTE_MIN(at - g->now, (uint64_t)tcp_next_tick(g->tcp, 20, g->now) *
						   (uint64_t)CLOCK_US_PER_MS);
	return tcp_next_pace(g->tcp, (uint32_t)(at - g->now), g->now);
}

static void sleep_idle(struct gen *g)
{
	uint32_t us;

	if (g->conf->global.idle != CONF_IDLE_SLEEP || g->empty < EMPTY)
		return;
	us = idle_us(g);
	if (us == 0)
		return;
	port_wait(g->port, g->conf->n_ports, 0, us);
	g->cycles += rte_rdtsc() - g->tsc_last;
	g->tsc_last = rte_rdtsc();
}

/* ---- the phases ---- */

static void state(const struct gen *g, struct report_state *s)
{
	*s = (struct report_state){.busy = g->busy, .cycles = g->cycles, .stolen = g->stolen};
	if (g->clients)
		client_state(g->clients, s);
}

/* What happens outside of packets. -ENODEV with e: a device was removed. */
static int look(struct gen *g, struct err *e)
{
	g->look_at = g->now + LOOK_US;
	if (g->clients)
		client_clock(g->clients, time(NULL));
	for (unsigned p = 0; p < g->conf->n_ports; p++) {
		enum port_event ev = port_link_poll(g->port[p]);

		if (ev == PORT_EV_GONE)
			return err_set(
				e, ENODEV, "port %s: the device is gone", g->conf->ports[p].name);
		if (ev == PORT_EV_UP)
			net_set_mac(g->net, (uint8_t)p, port_mac(g->port[p]));
		if (ev != PORT_EV_NONE)
			net_set_link(g->net, (uint8_t)p, ev == PORT_EV_UP, g->now);
		if (ev == PORT_EV_UP)
			net_announce(g->net, (uint8_t)p, g->now);
	}
	return 0;
}

static bool links_up(const struct gen *g)
{
	for (unsigned p = 0; p < g->conf->n_ports; p++)
		if (port_state(g->port[p]) != PORT_UP)
			return false;
	return true;
}

/* Turns until `until`, with a look around now and then. */
static int run_until(struct gen *g, clock_us_t until, struct err *e)
{
	int rc = 0;

	while (rc == 0 && g->now < until && !*g->stop) {
		turn_account(g);
		sleep_idle(g);
		if (g->now >= g->look_at)
			rc = look(g, e);
	}
	return rc;
}

/* Origins may be started before their peers, and wait; clients have somewhere to go. */
static int wait_links(struct gen *g, struct err *e)
{
	clock_us_t limit = g->now + LINK_US;
	int rc = 0;

	while (rc == 0 && !links_up(g) && !*g->stop) {
		rc = run_until(g, g->now + LOOK_US, e);
		if (rc == 0 && g->clients && g->now > limit)
			rc = err_set(e, ENETDOWN, "a port has no link after %u s",
				LINK_US / CLOCK_US_PER_S);
	}
	return rc;
}

static int prepare(struct gen *g, struct err *e)
{
	clock_us_t limit = g->now + PREPARE_US;
	int rc = 0, ready = 0;

	if (!g->clients)
		return 0;
	client_begin(g->clients);
	while (rc == 0 && ready == 0 && !*g->stop) {
		rc = run_until(g, g->now + LOOK_US / 10, e);
		ready = client_prepared(g->clients, e);
		if (ready == 0 && g->now > limit)
			return err_set(e, ETIMEDOUT, "prepare: not done after %u s",
				PREPARE_US / CLOCK_US_PER_S);
	}
	return ready < 0 ? ready : rc;
}

/* The measured run, second by second; *us is how long it took. */
static int measure(struct gen *g, FILE *live, uint64_t *us, struct err *e)
{
	clock_us_t start = g->now,
		   end = start + (clock_us_t)g->conf->global.duration_ms * CLOCK_US_PER_MS;
	struct report_state s;
	int rc = 0;

	state(g, &s);
	report_begin(g->report, &s);
	if (g->clients)
		client_measure(g->clients);
	while (rc == 0 && g->now < end && !*g->stop) {
		clock_us_t before = g->now;

		rc = run_until(g, RTE_MIN(before + CLOCK_US_PER_S, end), e);
		state(g, &s);
		report_second(g->report, g->now - before, &s, live);
		if (g->clients && client_done(g->clients))
			break;
	}
	*us = g->now - start;
	return rc;
}

/* Of TLS and origins, what is not 0. */
static void counters(const struct stat_block *b, FILE *out)
{
	for (unsigned i = 0; i < b->n; i++)
		if (b->values[i])
			fprintf(out, "%s: %-18s %12" PRIu64 "  %s\n", b->lib, b->names[i].name,
				b->values[i], b->names[i].text);
}

static void results(struct gen *g, uint64_t us, const struct loop_outputs *out)
{
	struct stat_block blocks[4 + GEN_SECTIONS_MAX];
	struct report_state s;
	unsigned n = 0;

	state(g, &s);
	blocks[n++] = net_stat_block(g->net);
	blocks[n++] = (struct stat_block){"tcp", tcp_stat_names, tcp_stats(g->tcp), TCP_STAT_N};
	for (unsigned p = 0; p < g->conf->n_ports; p++) {
		blocks[n] = port_stats(g->port[p], 0);
		blocks[n++].lib = g->conf->ports[p].name;
	}
	if (g->secure)
		blocks[n++] = secure_stats(g);
	if (g->origins)
		blocks[n++] = origin_stats(g->origins);
	if (out->table)
		report_table(g->report, us, &s, out->table);
	if (out->json)
		report_json(g->report, us, &s, blocks, n, out->json);
	if (out->histogram)
		report_histogram(g->report, out->histogram);
	for (unsigned i = 2 + g->conf->n_ports; out->table && i < n; i++)
		counters(&blocks[i], out->table);
}

int loop_run(struct gen *g, const struct loop_outputs *out, const volatile sig_atomic_t *stop,
	struct err *e)
{
	uint64_t us = 0;
	int rc;

	g->stop = stop;
	g->tsc_last = rte_rdtsc();
	rc = wait_links(g, e);
	if (rc == 0)
		rc = prepare(g, e);
	if (rc < 0)
		return rc;
	if (g->clients)
		client_start(g->clients);
	rc = run_until(g, g->now + (clock_us_t)g->conf->global.warmup_ms * CLOCK_US_PER_MS, e);
	if (rc == 0)
		rc = measure(g, out->live, &us, e);
	results(g, us, out);
	return rc;
}

/* ---- from start to end ---- */

static int pools_start(struct gen *g, struct err *e)
{
	const struct gen_global *c = &g->conf->global;
	uint64_t tables = FIXED_COST + (uint64_t)FLIGHTS * FLIGHT_COST, left;
	uint32_t cost = buf_pools_cost(c->buffer);

	g->conns = g->conf->n_origins ? GEN_FLOWS : 0;
	for (unsigned i = 0; i < g->conf->n_clients; i++)
		g->conns += gen_client_conns(&g->conf->clients[i]);
	tables += (uint64_t)g->conns * CONN_COST + secure_cost(secure_conns(g->conf));
	left = c->memory > tables ? c->memory - tables : 0;
	left -= left / 16;
	if (left / cost < BUFFERS_MIN)
		return err_set(e, ENOMEM,
			"%s:%u: [global] memory: %u connections leave too little for buffers: "
			"raise it to %" PRIu64 "M",
			c->at.file, c->at.line, g->conns,
			(tables + (uint64_t)2 * BUFFERS_MIN * cost) >> 20);
	if (buf_pools_create_room(
		    &g->pools, "s3gen", (uint32_t)(left / cost), c->buffer, SOCKET_ID_ANY) < 0)
		return err_set(e, ENOMEM, "%s:%u: [global] memory: no room for %" PRIu64 " buffers",
			c->at.file, c->at.line, left / cost);
	g->body = body_create(c->seed, SOCKET_ID_ANY);
	return g->body ? 0 : err_set(e, ENOMEM, "[global] memory: no room for the bodies");
}

static int ports_start(struct gen *g, struct err *e)
{
	struct buf_pools *pools = &g->pools;

	for (unsigned p = 0; p < g->conf->n_ports; p++) {
		g->port[p] = port_open(&g->conf->ports[p], (uint8_t)p, 1, &pools, e);
		if (!g->port[p])
			return -EIO;
	}
	return 0;
}

static unsigned routes_fill(struct net_route_config *out, const struct gen_conf *c)
{
	static const uint8_t v4_any[4];
	unsigned n = 0;

	for (unsigned p = 0; p < c->n_ports; p++) {
		for (unsigned i = 0; i < c->ports[p].n_gateway; i++) {
			const struct ip_addr *via = &c->ports[p].gateway[i];
			struct net_prefix any = {.bits = 0};

			if (ip_is_v4(via))
				any = (struct net_prefix){ip_from_v4(v4_any), 96};
			out[n++] = (struct net_route_config){any, *via, (uint8_t)p};
		}
	}
	return n;
}

static int net_start(struct gen *g, struct err *e)
{
	struct net_port_config ports[GEN_SECTIONS_MAX];
	struct net_route_config routes[2 * GEN_SECTIONS_MAX];
	struct net_config cfg = {.ports = ports,
		.n_ports = g->conf->n_ports,
		.routes = routes,
		.secret = {{rand_next(&g->rnd), rand_next(&g->rnd)}}};

	for (unsigned p = 0; p < g->conf->n_ports; p++) {
		const struct conf_port *c = &g->conf->ports[p];

		ports[p] = (struct net_port_config){
			.mtu = port_mtu(g->port[p]), .vlan = c->vlan, .n_addr = c->n_addr};
		memcpy(ports[p].mac, port_mac(g->port[p]), sizeof(ports[p].mac));
		for (unsigned a = 0; a < c->n_addr; a++)
			ports[p].addr[a] = (struct net_prefix){c->addr[a].addr, c->addr[a].bits};
	}
	cfg.n_routes = routes_fill(routes, g->conf);
	g->net = net_create(&cfg, &g->pools, &g->rnd, e);
	for (unsigned p = 0; g->net && p < g->conf->n_ports; p++)
		net_set_link(g->net, (uint8_t)p, false, g->now);
	return g->net ? 0 : -ENOMEM;
}

static int tcp_start(struct gen *g, struct err *e)
{
	const struct conf_tcp *c = &g->conf->tcp;
	struct tcp_config cfg = {.conns = g->conns,
		.syns = SYNS,
		.time_waits = TIME_WAITS,
		.exts = EXTS,
		.flights = RTE_MIN(g->conns, FLIGHTS),
		.rcv_limit = c->receive_buffer,
		.snd_limit = c->send_buffer,
		.keepalive_ms = c->keepalive_ms,
		.time_wait_ms = c->time_wait_ms,
		.fin_wait2_ms = 60000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY};

	for (unsigned i = 0; i < RTE_DIM(cfg.secret); i++)
		cfg.secret[i] = rand_next(&g->rnd);
	g->tcp = tcp_create(&cfg, &g->pools, g->now, e);
	if (!g->tcp)
		return -ENOMEM;
	/* the ports run, nothing has come in yet */
	tcp_ring_mbufs(g->tcp, rte_mempool_in_use_count(g->pools.data));
	return 0;
}

static int sides_start(struct gen *g, struct err *e)
{
	g->report = report_create(g->conf);
	if (!g->report)
		return err_set(e, ENOMEM, "no memory for the report");
	if (secure_start(g, aead_driver_find(conf_aead_name(g->conf->tls.aead)),
		    secure_conns(g->conf), e) < 0)
		return -ENOMEM;
	side_start(g);
	if (g->conf->n_clients && !(g->clients = client_create(g, e)))
		return -ENOMEM;
	if (g->conf->n_origins && !(g->origins = origin_create(g, e)))
		return -ENOMEM;
	return 0;
}

int loop_init(struct gen *g, const struct gen_conf *conf, bool verbose, struct err *e)
{
	int rc;

	*g = (struct gen){.conf = conf};
	/* else the kernel adds 50 us to each nap */
	prctl(PR_SET_TIMERSLACK, 1);
	rand_seed(&g->rnd, conf->global.seed);
	rc = eal_start(conf, verbose, e);
	if (rc < 0)
		return rc;
	g->tsc_long = rte_get_tsc_hz() / CLOCK_US_PER_S * LONG_US;
	g->us_per_cycle = ((uint64_t)CLOCK_US_PER_S << 32) / rte_get_tsc_hz();
	g->tsc_start = g->tsc_last = rte_rdtsc();
	rc = pools_start(g, e);
	if (rc == 0)
		rc = ports_start(g, e);
	if (rc == 0)
		rc = net_start(g, e);
	if (rc == 0)
		rc = tcp_start(g, e);
	return rc < 0 ? rc : sides_start(g, e);
}

void loop_fini(struct gen *g)
{
	/* in parts, because tcp keeps few resets until they are sent */
	while (g->clients && client_abort(g->clients, RESETS))
		transmit(g);
	client_destroy(g->clients);
	origin_destroy(g->origins);
	if (g->tcp)
		transmit(g);
	secure_stop(g);
	report_destroy(g->report);
	tcp_destroy(g->tcp);
	net_destroy(g->net);
	for (unsigned p = 0; g->conf && p < g->conf->n_ports; p++)
		port_close(g->port[p]);
	body_destroy(g->body);
	if (g->pools.data)
		buf_pools_destroy(&g->pools);
	eal_stop();
}
