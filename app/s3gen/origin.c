/* SPDX-License-Identifier: BSD-3-Clause */
/* Nodes, and the connections to them. */
#include <stdlib.h>
#include <rte_branch_prediction.h>

#include "origin_priv.h"

#define FLOWS    65536
#define TIMERS   1024 /* a turn */
#define CRASH_US 1000 /* between two looks at what should be down */
#define GSO_MAX  61440
#define NEVER    UINT64_MAX

static const struct store_config store_sizes = {.objects = 65536, .uploads = 4096, .parts = 262144};

static const struct stat_name stat_names[] = {
#define X(name, text) {#name, text},
#include "origin_stat.def"
#undef X
};

static uint32_t tick(clock_us_t at)
{
	return (uint32_t)(at >> ORIGIN_TICK_SHIFT);
}

/* ---- start and end ---- */

/* By the port that has the address. */
static struct tcp_path path_of(const struct gen *g, const struct ip_addr *a)
{
	int port = net_addr_port(g->net, a);

	return (struct tcp_path){.mtu = port_mtu(g->port[port < 0 ? 0 : port]),
		.gso_max = port_caps(g->port[port < 0 ? 0 : port])->tso ? GSO_MAX : 0,
		.cc = (uint8_t)tcp_cc_find(conf_congestion_name(g->conf->tcp.congestion)),
		.ecn = g->conf->tcp.ecn != CONF_ECN_NO};
}

static int node_up(struct origin *o, struct node *n)
{
	n->listener = tcp_listen(o->g->tcp, &n->at, &n->path, n);
	return n->listener < 0 ? n->listener : 0;
}

static int nodes_init(struct origin *o, struct err *e)
{
	const struct gen_conf *c = o->g->conf;
	struct node *n = o->node;

	for (unsigned s = 0; s < c->n_origins; s++) {
		const struct gen_origins *from = &c->origins[s];

		fault_times_init(&o->service[s], &from->service);
		for (unsigned i = 0; i < from->n_listen; i++, n++) {
			*n = (struct node){.conf = from,
				.at = from->listen[i],
				.path = path_of(o->g, &from->listen[i].addr),
				.listener = -1,
				.service = &o->service[s],
				.tls = secure_origins(o->g, s)};
			list_init(&n->flows);
			if (node_up(o, n) < 0)
				return err_set(e, EADDRINUSE,
					"%s:%u: [origins %s]: there are too many addresses to "
					"listen at",
					from->at.file, from->at.line, from->name);
		}
	}
	return 0;
}

static int flows_init(struct origin *o)
{
	o->flow = calloc(FLOWS, sizeof(*o->flow));
	if (!o->flow)
		return -ENOMEM;
	for (unsigned i = FLOWS; i > 0; i--) {
		o->flow[i - 1].next_free = o->free;
		o->free = &o->flow[i - 1];
	}
	return 0;
}

struct origin *origin_create(struct gen *g, struct err *e)
{
	struct origin *o = calloc(1, sizeof(*o));

	if (!o)
		goto memory;
	o->g = g;
	o->now = g->now;
	wheel_init(&o->wheel, tick(g->now));
	for (unsigned s = 0; s < g->conf->n_origins; s++)
		o->n_node += g->conf->origins[s].n_listen;
	o->node = calloc(o->n_node, sizeof(*o->node));
	o->service = calloc(g->conf->n_origins, sizeof(*o->service));
	o->store = store_create(&store_sizes);
	if (!o->node || !o->service || !o->store || flows_init(o) < 0)
		goto memory;
	if (nodes_init(o, e) == 0)
		return o;
	origin_destroy(o);
	return NULL;
memory:
	err_set(e, ENOMEM, "no memory for the origins");
	origin_destroy(o);
	return NULL;
}

static void node_down(struct origin *o, struct node *n)
{
	if (n->listener >= 0)
		tcp_unlisten(o->g->tcp, n->listener);
	n->listener = -1;
	list_foreach_safe (at, next, &n->flows) {
		struct flow *f = container_of_list(at, struct flow, link);

		origin_drop(o, f, true);
		origin_count(o, ORIGIN_STAT_fault_crash_conns);
	}
}

void origin_destroy(struct origin *o)
{
	if (!o)
		return;
	for (unsigned i = 0; o->node && i < o->n_node; i++)
		if (o->node[i].conf)
			node_down(o, &o->node[i]);
	store_destroy(o->store);
	free(o->service);
	free(o->node);
	free(o->flow);
	free(o);
}

/* ---- connections ---- */

static bool refuse(struct origin *o, struct tcp_conn *c, enum origin_stat why)
{
	origin_count(o, why);
	tcp_abort(o->g->tcp, c);
	return false;
}

bool origin_accept(struct origin *o, struct tcp_conn *c)
{
	struct node *n = tcp_listener_user(o->g->tcp, c->listener);
	struct flow *f = o->free;
	struct side side = {GEN_ORIGIN, .stream = {c}};
	enum fault_conn fault = fault_draw_conn(&n->conf->fault, &o->g->rnd);

	if (fault == FAULT_CONN_REFUSE)
		return refuse(o, c, ORIGIN_STAT_fault_refuse);
	if (unlikely(!f || stream_accept(&o->g->streams, &side.stream, n->tls) < 0))
		return refuse(o, c, ORIGIN_STAT_conns_refused);
	o->free = f->next_free;
	*f = (struct flow){.side = side, .node = n};
	wheel_node_init(&f->timer, 0);
	list_add_tail(&n->flows, &f->link);
	c->owner = f;
	origin_count(o, ORIGIN_STAT_conns);
	flow_begin(f);
	if (fault == FAULT_CONN_BLACKHOLE) {
		origin_count(o, ORIGIN_STAT_fault_blackhole);
		f->state = FLOW_DEAF;
	}
	return true;
}

enum run origin_drop(struct origin *o, struct flow *f, bool abort)
{
	if (abort)
		stream_abort(&o->g->streams, &f->side.stream);
	else
		stream_release(&o->g->streams, &f->side.stream);
	wheel_cancel(&o->wheel, &f->timer);
	list_del(&f->link);
	buf_chain_free(&f->out);
	f->next_free = o->free;
	o->free = f;
	return RUN_GONE;
}

void origin_arm(struct origin *o, struct flow *f, clock_us_t at)
{
	wheel_arm(&o->wheel, &f->timer, tick(at) + 1);
}

void origin_ready(struct origin *o, struct tcp_conn *c, uint8_t events)
{
	struct flow *f = c->owner;

	o->now = o->g->now;
	if (events & TCP_EV_DEAD) {
		if (side_error(&f->side))
			origin_count(o, ORIGIN_STAT_conns_lost);
		origin_drop(o, f, false);
		return;
	}
	if (events & TCP_EV_FIN)
		f->eof = true;
	flow_run(o, f);
}

/* ---- time ---- */

static void nodes_look(struct origin *o, clock_us_t now)
{
	o->crash_look = NEVER;
	for (unsigned i = 0; i < o->n_node; i++) {
		struct node *n = &o->node[i];
		bool down = fault_down(&n->conf->fault, now / 1000);

		if (n->conf->fault.return_ms > 0)
			o->crash_look = now + CRASH_US;

		if (down && n->listener >= 0) {
			origin_count(o, ORIGIN_STAT_fault_crash);
			node_down(o, n);
		} else if (!down && n->listener < 0) {
			node_up(o, n); /* or with the next look */
		}
	}
}

void origin_tick(struct origin *o, clock_us_t now)
{
	struct list due, *at;

	o->now = now;
	if (unlikely(now >= o->crash_look))
		nodes_look(o, now);
	list_init(&due);
	wheel_run(&o->wheel, tick(now), TIMERS, &due);
	while ((at = list_take(&due)))
		flow_run(o, container_of_list(at, struct flow, timer.link));
}

clock_us_t origin_next(const struct origin *o)
{
	uint32_t ticks = wheel_next(&o->wheel, tick(o->now), WHEEL_MAX);

	if (o->wheel.armed == 0)
		return o->crash_look;
	return RTE_MIN(o->crash_look, o->now + ((clock_us_t)ticks << ORIGIN_TICK_SHIFT));
}

struct stat_block origin_stats(const struct origin *o)
{
	return (struct stat_block){"origin", stat_names, o->stat, ORIGIN_STAT_N};
}
