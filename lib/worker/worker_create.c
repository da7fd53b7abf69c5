/* SPDX-License-Identifier: BSD-3-Clause */
/* Building a worker from the checked file: sizes, and one instance of every stage. */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "worker/worker_priv.h"

static void net_port_fill(struct net_port_config *out, const struct conf_port *c, struct port *p)
{
	*out = (struct net_port_config){.mtu = port_mtu(p), .vlan = c->vlan, .n_addr = c->n_addr};
	memcpy(out->mac, port_mac(p), sizeof(out->mac));
	for (unsigned i = 0; i < c->n_addr; i++)
		out->addr[i] = (struct net_prefix){c->addr[i].addr, c->addr[i].bits};
}

/* The gateways of all ports and the static routes; returns how many. */
static unsigned routes_fill(struct net_route_config *out, const struct conf *conf)
{
	static const uint8_t v4_any[4];
	unsigned n = 0;

	for (unsigned p = 0; p < conf->n_ports; p++) {
		for (unsigned g = 0; g < conf->ports[p].n_gateway; g++) {
			const struct ip_addr *via = &conf->ports[p].gateway[g];
			struct net_prefix any = {.bits = 0};

			if (ip_is_v4(via))
				any = (struct net_prefix){ip_from_v4(v4_any), 96};
			out[n++] = (struct net_route_config){any, *via, (uint8_t)p};
		}
	}
	for (unsigned i = 0; i < conf->n_statics; i++) {
		const struct conf_static *r = &conf->statics[i];

		out[n++] = (struct net_route_config){
			{r->to.addr, r->to.bits}, r->via, (uint8_t)r->port};
	}
	return n;
}

static int net_start(struct worker *w, struct err *e)
{
	const struct conf *conf = w->cfg.conf;
	struct net_port_config ports[CONF_PORTS_MAX];
	struct net_route_config routes[CONF_STATICS_MAX + 2 * CONF_PORTS_MAX];
	struct net_config cfg = {.ports = ports,
		.n_ports = conf->n_ports,
		.routes = routes,
		.secret = {{w->cfg.seed[0], w->cfg.seed[1]}},
		.share = w->cfg.n_workers > 1};

	for (unsigned p = 0; p < conf->n_ports; p++)
		net_port_fill(&ports[p], &conf->ports[p], w->ports[p]);
	cfg.n_routes = routes_fill(routes, conf);
	w->net = net_create(&cfg, w->cfg.pools, &w->rnd, e);
	if (!w->net)
		return -ENOMEM;
	for (unsigned p = 0; p < conf->n_ports; p++)
		net_set_link(w->net, (uint8_t)p, false, w->now);
	return 0;
}

static int tcp_start(struct worker *w, const struct worker_plan *plan, struct err *e)
{
	const struct conf_tcp *c = &w->cfg.conf->tcp;
	uint32_t conns = plan->fronts + plan->splices + plan->backs + RELAY_PROBES;
	struct tcp_config cfg = {.conns = conns,
		.syns = WORKER_SYNS,
		.time_waits = WORKER_TIME_WAITS,
		.exts = RTE_MAX(conns / WORKER_EXT_SHARE, WORKER_EXT_MIN),
		.flights = plan->flights,
		.runs = plan->runs,
		.rcv_limit = c->receive_buffer,
		.snd_limit = c->send_buffer,
		.keepalive_ms = c->keepalive_ms,
		.time_wait_ms = c->time_wait_ms,
		.fin_wait2_ms = 60000,
		.rto_min_ms = 200,
		.socket = w->cfg.socket,
		.secret = {w->cfg.seed[2], w->cfg.seed[3], w->cfg.seed[4], w->cfg.seed[5]}};

	w->tcp = tcp_create(&cfg, w->cfg.pools, w->now, e);
	if (!w->tcp)
		return -ENOMEM;
	/* the ports run, nothing has come in yet */
	tcp_ring_mbufs(w->tcp, rte_mempool_in_use_count(w->cfg.pools->data));
	return 0;
}

/* Handshakes must not agree on what the device cannot do. */
static int aead_check(const struct worker *w, struct err *e)
{
	const struct conf_tls *c = &w->cfg.conf->tls;

	for (int alg = 0; alg < AEAD_ALGS; alg++)
		if (!aead_does(w->aead, alg) &&
			(!c->ciphers || strstr(c->ciphers, aead_alg_name(alg))))
			return err_set(e, ENOTSUP,
				"%s:%u: [tls] ciphers: %s %s cannot do %s: leave it out",
				c->at.file, c->at.line, aead_name(w->aead), w->cfg.aead_args,
				aead_alg_name(alg));
	return 0;
}

static int tls_start(struct worker *w, const struct worker_plan *plan, struct err *e)
{
	const struct conf_tls *c = &w->cfg.conf->tls;
	struct tls_config cfg = {.pools = w->cfg.pools,
		.crew = w->cfg.crew,
		.worker = w->cfg.id,
		.conns = plan->tls,
		.handshakes = plan->handshakes,
		.per_source = c->per_source,
		.socket = w->cfg.socket};

	if (plan->tls == 0)
		return 0;
	w->own = c->threads == 0 ? w->cfg.crew : NULL;
	cfg.aead = w->aead =
		aead_create(w->cfg.aead, w->cfg.aead_args, 2 * plan->tls, w->cfg.socket, e);
	if (!w->aead || aead_check(w, e))
		return -ENOMEM;
	w->tls = tls_create(&cfg, e);
	return w->tls ? 0 : -ENOMEM;
}

static int relay_start(struct worker *w, const struct worker_plan *plan, struct err *e)
{
	struct relay_config cfg = {.conf = w->cfg.conf,
		.tcp = w->tcp,
		.lb = w->lb,
		.pools = w->cfg.pools,
		.tls = w->tls,
		.listener_tls = w->cfg.listener_tls,
		.pool_tls = w->cfg.pool_tls,
		.net = w->net,
		.ports = w->ports,
		.rnd = &w->rnd,
		.unix_time = w->cfg.unix_time,
		.worker = w->cfg.id,
		.n_workers = w->cfg.n_workers,
		.requests = plan->requests,
		.backs = plan->backs,
		.socket = w->cfg.socket};

	w->relay = relay_create(&cfg, w->now, e);
	return w->relay ? 0 : -ENOMEM;
}

static void stages_name(struct worker_load *l)
{
#define X(name) #name,
	static const char *const names[WORKER_STAGE_N] = {
#include "worker/worker_stage.def"
	};
#undef X

	for (unsigned s = 0; s < WORKER_STAGE_N; s++)
		l->stage[s].name = names[s];
}

struct worker *worker_create(const struct worker_config *cfg, struct err *e)
{
	struct worker *w =
		rte_zmalloc_socket("worker", sizeof(*w), RTE_CACHE_LINE_SIZE, cfg->socket);

	if (!w) {
		err_set(e, ENOMEM, "no memory for worker %u: raise [global] memory", cfg->id);
		return NULL;
	}
	w->cfg = *cfg;
	w->ports = cfg->ports;
	w->n_ports = cfg->conf->n_ports;
	stages_name(&w->load);
	w->listens = cfg->listens;
	w->sleeps = cfg->conf->global.idle == CONF_IDLE_SLEEP;
	w->tsc_start = w->tsc_last = rte_rdtsc();
	w->us_per_cycle = ((uint64_t)CLOCK_US_PER_S << 32) / rte_get_tsc_hz();
	/* choices and jitter differ between workers, secrets do not */
	rand_seed(&w->rnd, cfg->seed[0] ^ (cfg->id + 1));
	w->lb = lb_create(&(struct lb_config){.conf = cfg->conf,
				  .rnd = &w->rnd,
				  .board = cfg->board,
				  .worker = cfg->id,
				  .n_workers = cfg->n_workers},
		e);
	if (w->lb && net_start(w, e) == 0 && tcp_start(w, cfg->plan, e) == 0 &&
		tls_start(w, cfg->plan, e) == 0 && relay_start(w, cfg->plan, e) == 0)
		return w;
	worker_destroy(w);
	return NULL;
}

/* In parts, because tcp keeps few resets until they are sent. */
static void reset_all(struct worker *w)
{
	uint32_t at = 0;

	do
		worker__transmit(w);
	while (relay_abort(w->relay, &at, WORKER_RESETS));
	relay_destroy(w->relay);
	worker__transmit(w);
}

void worker_destroy(struct worker *w)
{
	if (!w)
		return;
	if (w->relay)
		reset_all(w);
	tls_destroy(w->tls);
	aead_destroy(w->aead);
	tcp_destroy(w->tcp);
	net_destroy(w->net);
	lb_destroy(w->lb);
	rte_free(w);
}
