/* SPDX-License-Identifier: BSD-3-Clause */
/* The groups of clients: what each is made of, and its share of a turn. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client_priv.h"

#define TIMERS  256     /* that fire in one turn */
#define OPEN_US 3000000 /* that the first connections may take */
#define PACE    256     /* handshakes of a group at a time: their packets fit into any ring */

#define conn_of(l) container_of_list(l, struct conn, link)

/* ---- from start to end ---- */

static bool wants_uploads(const struct gen_workload *w)
{
	return w->op[GEN_MULTIPART] || w->op[GEN_ABORT] || w->op[GEN_LIST];
}

/* Places for the ETags of the largest object's parts. */
static uint32_t parts_max(const struct gen_workload *w)
{
	uint64_t size = 0;

	for (unsigned i = 0; i < w->n_size; i++)
		size = RTE_MAX(size, w->size[i].max);
	return w->op[GEN_MULTIPART] ? (uint32_t)(size / w->part) + 1 : 1;
}

static int uploads_create(struct group *gr)
{
	uint32_t parts = parts_max(gr->load);

	if (!wants_uploads(gr->load))
		return 0;
	gr->uploads = calloc(gr->conf->connections, sizeof(*gr->uploads));
	if (!gr->uploads)
		return -ENOMEM;
	for (uint32_t i = 0; i < gr->conf->connections; i++) {
		gr->uploads[i].etag = calloc(parts, sizeof(*gr->uploads[i].etag));
		gr->conns[i].x.up = &gr->uploads[i];
		if (!gr->uploads[i].etag)
			return -ENOMEM;
	}
	return 0;
}

static int conns_create(struct group *gr)
{
	gr->conns = calloc(gr->conf->connections, sizeof(*gr->conns));
	for (uint32_t i = 0; gr->conns && i < gr->conf->connections; i++) {
		struct conn *c = &gr->conns[i];

		c->group = gr;
		c->target = (uint8_t)(i % gr->conf->n_target);
		list_init(&c->link);
		wheel_node_init(&c->timer, 0);
		list_add_tail(&gr->closed, &c->link);
	}
	return gr->conns ? uploads_create(gr) : -ENOMEM;
}

static int think_create(struct group *gr)
{
	if (gr->conf->think.us == 0)
		return 0;
	gr->think = calloc(1, sizeof(*gr->think));
	if (!gr->think)
		return -ENOMEM;
	fault_times_init(gr->think, &gr->conf->think);
	return 0;
}

static int virtual_host_make(struct group *gr)
{
	if (gr->conf->style != GEN_VIRTUAL)
		return 0;
	return asprintf(&gr->virtual_host, "%s.%s", gr->load->bucket, gr->conf->host) < 0 ? -ENOMEM
											  : 0;
}

static int sign_start(struct group *gr)
{
	const struct gen_clients *c = gr->conf;

	if (!c->access_key)
		return 0;
	gr->sign = s3_signer_create(c->access_key, c->secret_key, c->region, "s3");
	if (!gr->sign)
		return -ENOMEM;
	return 0;
}

static const char *host_of(const struct group *gr, unsigned target)
{
	if (gr->virtual_host)
		return gr->virtual_host;
	return gr->conf->host ? gr->conf->host : gr->host[target];
}

static void sites_fill(struct group *gr)
{
	struct gen *g = gr->all->g;

	for (unsigned t = 0; t < gr->conf->n_target; t++) {
		ip_endpoint_text(&gr->conf->target[t], gr->host[t]);
		ip_addr_text(&gr->conf->target[t].addr, gr->addr[t]);
		gr->site[t] = (struct site){.conf = gr->load,
			.workload = gr->workload,
			.body = g->body,
			.sign = gr->sign,
			.host = host_of(gr, t),
			.virtual_host = gr->virtual_host,
			.pools = &g->pools};
	}
}

static int group_create(struct client *all, struct group *gr, unsigned i, struct err *e)
{
	const struct gen_conf *conf = all->g->conf;

	gr->all = all;
	gr->index = (uint8_t)i;
	gr->until = UINT64_MAX;
	gr->conf = &conf->clients[i];
	gr->load = &conf->workloads[gr->conf->workload];
	gr->tls = secure_clients(all->g, i);
	list_init(&gr->idle);
	list_init(&gr->closed);
	/* groups do not begin at the same port */
	gr->serial = i * 4096;
	gr->prepare_end = gr->conf->prepare ? gr->load->keys + 1 : 0;
	gr->workload = workload_create(gr->load, conf->global.seed, e);
	if (!gr->workload)
		return -ENOMEM;
	if (conns_create(gr) < 0 || think_create(gr) < 0 || virtual_host_make(gr) < 0 ||
		sign_start(gr) < 0)
		return err_set(e, ENOMEM, "%s:%u: [clients %s] connections: no memory for %u",
			gr->conf->at.file, gr->conf->at.line, gr->conf->name,
			gr->conf->connections);
	sites_fill(gr);
	return 0;
}

struct client *client_create(struct gen *g, struct err *e)
{
	struct client *all = calloc(1, sizeof(*all));

	if (!all || !(all->groups = calloc(g->conf->n_clients, sizeof(*all->groups)))) {
		err_set(e, ENOMEM, "no memory for clients");
		client_destroy(all);
		return NULL;
	}
	all->g = g;
	wheel_init(&all->wheel, (uint32_t)(g->now >> CLIENT__TICK));
	list_init(&all->hungry);
	for (unsigned i = 0; i < g->conf->n_clients; i++) {
		all->n_groups++;
		if (group_create(all, &all->groups[i], i, e) < 0) {
			client_destroy(all);
			return NULL;
		}
	}
	return all;
}

bool client_abort(struct client *all, unsigned max)
{
	client_stop(all);
	for (unsigned g = 0; g < all->n_groups; g++) {
		struct group *gr = &all->groups[g];

		for (uint32_t i = 0; gr->conns && i < gr->conf->connections; i++) {
			if (!gr->conns[i].side.stream.conn)
				continue;
			if (max-- == 0)
				return true;
			client__abort(&gr->conns[i]);
		}
	}
	return false;
}

static void group_destroy(struct group *gr)
{
	for (uint32_t i = 0; gr->uploads && i < gr->conf->connections; i++)
		free(gr->uploads[i].etag);
	free(gr->uploads);
	free(gr->conns);
	free(gr->think);
	free(gr->virtual_host);
	s3_signer_destroy(gr->sign);
	workload_destroy(gr->workload);
}

void client_destroy(struct client *all)
{
	if (!all)
		return;
	client_abort(all, UINT32_MAX);
	for (unsigned g = 0; g < all->n_groups; g++)
		group_destroy(&all->groups[g]);
	free(all->groups);
	free(all);
}

/* ---- the run ---- */

void client_clock(struct client *all, time_t t)
{
	for (unsigned i = 0; i < all->n_groups; i++)
		if (all->groups[i].sign)
			s3_signer_time(all->groups[i].sign, t);
}

void client_begin(struct client *all)
{
	all->begun = true;
	all->open_until = all->g->now + OPEN_US;
}

int client_prepared(const struct client *all, struct err *e)
{
	bool ready = true;

	for (unsigned i = 0; i < all->n_groups; i++) {
		const struct group *gr = &all->groups[i];

		ready &= gr->prepare_next == gr->prepare_end && !gr->n_again && !gr->preparing;
		ready &= gr->open == gr->conf->connections || all->g->now > all->open_until;
		if (gr->failures > PREPARE_FAILURES)
			return err_set(e, EIO,
				"[clients %s] prepare: %u PUTs failed, the last one: %s",
				gr->conf->name, gr->failures, report_error_name(gr->last_failure));
	}
	return ready;
}

void client_start(struct client *all)
{
	all->started = true;
	for (unsigned i = 0; i < all->n_groups; i++) {
		schedule_init(&all->groups[i].schedule, all->groups[i].conf, all->g->now);
		all->groups[i].schedule.left = UINT64_MAX;
	}
}

void client_measure(struct client *all)
{
	for (unsigned i = 0; i < all->n_groups; i++) {
		struct group *gr = &all->groups[i];
		clock_us_t us = (clock_us_t)gr->conf->duration_ms * CLOCK_US_PER_MS;

		if (gr->conf->operations)
			gr->schedule.left = gr->conf->operations;
		if (us)
			gr->until = all->g->now + us;
	}
}

void client_stop(struct client *all)
{
	all->stopped = true;
}

bool client_done(const struct client *all)
{
	for (unsigned i = 0; i < all->n_groups; i++)
		if (all->groups[i].schedule.left || all->groups[i].under_way)
			return false;
	return true;
}

static void group_tick(struct group *gr)
{
	struct client *all = gr->all;
	clock_us_t intended;

	if (all->g->now >= gr->until)
		gr->schedule.left = 0;
	while (!list_empty(&gr->closed) && gr->connecting < PACE)
		client__open(conn_of(gr->closed.next));
	while (!all->started && !list_empty(&gr->idle) && client__prepare_due(gr))
		client__prepare(conn_of(gr->idle.next));
	while (all->started && !list_empty(&gr->idle) &&
		schedule_due(&gr->schedule, &all->g->rnd, all->g->now, &intended))
		client__operation(conn_of(gr->idle.next), intended);
}

static void timers_run(struct client *all, clock_us_t now)
{
	struct list due, *node;

	list_init(&due);
	wheel_run(&all->wheel, (uint32_t)(now >> CLIENT__TICK), TIMERS, &due);
	while ((node = list_take(&due)) != NULL)
		client__timer(container_of_list(
			container_of_list(node, struct wheel_node, link), struct conn, timer));
}

/* Those that waited for buffers try once; who still gets none is on the list again. */
static void hungry_run(struct client *all)
{
	struct list waiting, *node;

	if (list_empty(&all->hungry))
		return;
	waiting = all->hungry;
	waiting.next->prev = waiting.prev->next = &waiting;
	list_init(&all->hungry);
	while ((node = list_take(&waiting)) != NULL)
		client__pump(conn_of(node));
}

void client_tick(struct client *all, clock_us_t now)
{
	timers_run(all, now);
	hungry_run(all);
	for (unsigned i = 0; i < all->n_groups && all->begun && !all->stopped; i++)
		group_tick(&all->groups[i]);
}

clock_us_t client_next(const struct client *all)
{
	clock_us_t now = all->g->now, at = now;
	uint32_t ticks = wheel_next(&all->wheel, (uint32_t)(now >> CLIENT__TICK), WHEEL_MAX);

	if (!list_empty(&all->hungry))
		return now;
	at += (clock_us_t)ticks << CLIENT__TICK;
	for (unsigned i = 0; i < all->n_groups && !all->stopped; i++) {
		const struct group *gr = &all->groups[i];

		if (!list_empty(&gr->closed) && gr->connecting < PACE)
			return now;
		if (all->started && !list_empty(&gr->idle))
			at = RTE_MIN(at, schedule_next(&gr->schedule));
	}
	return at;
}

void client_state(const struct client *all, struct report_state *s)
{
	s->behind = s->open = s->under_way = 0;
	for (unsigned i = 0; i < all->n_groups; i++) {
		s->open += all->groups[i].open;
		s->under_way += all->groups[i].under_way;
		if (all->started)
			s->behind += schedule_behind(&all->groups[i].schedule, all->g->now);
	}
}
