/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Snapshots of the file as one relay uses them. The newest is what begins; what has begun goes on
 * under its own until it ends: requests by their pool, fronts by their listener.
 *
 *	relay_prepare (control) --> relay_swap (worker) --next swap--> older --> relay_take_dead
 *
 * A snapshot holds all of its pools while it is the newest or has listeners that are gone, so that
 * what their fronts still say finds its way. It is dead when it is older, has none, and lb says
 * that nobody holds a pool of it: until then its TLS contexts and the file's snapshot must be
 * there.
 */
#include <errno.h>
#include <string.h>
#include <rte_malloc.h>

#include "base/assert.h"
#include "relay/relay_priv.h"

/* ---- control: prepare ---- */

static int refuse(struct err *e, const struct conf_listener *l, const char *key, const char *why)
{
	return err_set(e, ENOSPC, "%s:%u: [listener %s] %s: %s: restart to change it", l->at.file,
		l->at.line, l->name, key, why);
}

/* What was made at the start is all there is. */
static int fits(const struct relay *r, const struct conf *conf, struct err *e)
{
	unsigned n_addr = 0;

	for (unsigned i = 0; i < conf->n_listeners; i++) {
		const struct conf_listener *l = &conf->listeners[i];

		n_addr += l->n_addr;
		if (l->head_limit > r->head_max)
			return refuse(
				e, l, "head-limit", "more than any listener had at the start");
		if (n_addr > TCP_LISTENERS)
			return refuse(e, l, "address", "too many, all listeners together");
		if (conf_connections(conf, i + 1, CONF_MODES_HTTP) > r->info.fronts_max ||
			conf_connections(conf, i + 1, CONF_MODES_BARE) > r->info.splices_max)
			return refuse(e, l, "connections",
				"more than all listeners of such a mode had at the start");
		if (conf_connections(conf, i + 1, CONF_MODES_PAIRS) > r->splice_backs_max)
			return refuse(e, l, "mode",
				"with it more connections to members than were made room for");
	}
	if (relay_tls_max(conf, r->cfg.backs) > r->tls_max)
		return err_set(e, ENOSPC,
			"%s: more connections may have TLS than were made room for: restart to "
			"change it",
			conf->path ? conf->path : "configuration");
	return 0;
}

/* The listener that the newest snapshot has in its place, or NULL. */
static struct relay_listener *find(const struct relay *r, const struct conf_listener *l)
{
	for (unsigned i = 0; r->snap && i < r->snap->n_listeners; i++) {
		const struct conf_listener *c = r->snap->listener[i]->conf;

		if (c->mode == l->mode && strcmp(c->name, l->name) == 0)
			return r->snap->listener[i];
	}
	return NULL;
}

static void *zalloc(const struct relay *r, size_t size)
{
	return rte_zmalloc_socket("relay", size, RTE_CACHE_LINE_SIZE, r->cfg.socket);
}

static int fill(const struct relay *r, struct relay_snapshot *s)
{
	const struct conf *conf = s->conf;

	s->listener = zalloc(r, (conf->n_listeners + 1) * sizeof(struct relay_listener *));
	s->pool = zalloc(r, (conf->n_pools + 1) * sizeof(struct lb_pool *));
	if (!s->listener || !s->pool)
		return -ENOMEM;
	for (; s->n_listeners < conf->n_listeners; s->n_listeners++) {
		struct relay_listener *l = find(r, &conf->listeners[s->n_listeners]);

		if (!l)
			l = relay__listener_create(r, s, s->n_listeners);
		if (!l)
			return -ENOMEM;
		s->listener[s->n_listeners] = l;
	}
	return 0;
}

static void snapshot_free(struct relay_snapshot *s)
{
	relay__probe_keys_destroy(s->keys);
	rte_free(s->pool);
	rte_free(s->listener);
	rte_free(s);
}

void relay_snapshot_destroy(struct relay_snapshot *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n_listeners; i++)
		if (s->listener[i]->snap == s)
			rte_free(s->listener[i]);
	snapshot_free(s);
}

struct relay_snapshot *relay__snapshot_create(const struct relay *r, const struct conf *conf,
	struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls, struct err *e)
{
	struct relay_snapshot *s = zalloc(r, sizeof(*s));

	if (!s) {
		err_set(e, ENOMEM, "relay: no memory for listeners");
		return NULL;
	}
	s->conf = conf;
	s->listener_tls = listener_tls;
	s->pool_tls = pool_tls;
	list_init(&s->link);
	s->keys = relay__probe_keys_create(conf, e);
	if (!s->keys) {
		snapshot_free(s);
		return NULL;
	}
	if (fill(r, s) == 0)
		return s;
	err_set(e, ENOMEM, "relay: no memory for listeners");
	relay_snapshot_destroy(s);
	return NULL;
}

struct relay_snapshot *relay_prepare(const struct relay *r, const struct conf *conf,
	struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls, struct err *e)
{
	if (fits(r, conf, e) < 0)
		return NULL;
	return relay__snapshot_create(r, conf, listener_tls, pool_tls, e);
}

/* ---- the worker: swap ---- */

static void pools_hold(struct relay *r, struct relay_snapshot *s)
{
	ASSERT(lb_pools(r->cfg.lb) == s->conf->n_pools, "lb has swapped before");
	for (; s->n_pools < s->conf->n_pools; s->n_pools++)
		s->pool[s->n_pools] = lb_pool_get(lb_pool(r->cfg.lb, s->n_pools));
}

static void pools_put(struct relay *r, struct relay_snapshot *s)
{
	while (s->n_pools > 0)
		lb_pool_put(r->cfg.lb, s->pool[--s->n_pools]);
}

void relay__snapshot_leave(struct relay *r, struct relay_snapshot *s)
{
	if (--s->refs == 0)
		pools_put(r, s);
}

static void listeners_take(struct relay_snapshot *s)
{
	for (unsigned i = 0; i < s->n_listeners; i++) {
		struct relay_listener *l = s->listener[i];

		l->snap = s;
		l->conf = &s->conf->listeners[i];
		l->index = (uint16_t)i;
	}
}

/* Those that old alone has are gone. */
static void older(struct relay *r, struct relay_snapshot *old)
{
	for (unsigned i = 0; i < old->n_listeners; i++) {
		struct relay_listener *l = old->listener[i];

		if (l->snap != old)
			continue;
		old->refs++;
		relay__listener_gone(r, l);
	}
	relay__snapshot_leave(r, old);
}

static void fronts_end(struct relay *r)
{
	for (uint32_t i = 0; i < r->info.fronts_max; i++)
		if (r->fronts[i].end.conn && r->fronts[i].listener->gone)
			relay__front_drain(r, &r->fronts[i]);
}

/* Idle connections to members that no pool has any more. */
static void backs_end(struct relay *r)
{
	for (uint32_t i = 0; r->info.backs_idle && i < r->info.backs_max; i++) {
		struct back *b = &r->backs[i];

		if (b->end.conn && list_linked(&b->link) && !b->member->listed)
			relay__back_close(r, b, false);
	}
}

int relay_swap(struct relay *r, struct relay_snapshot *s, clock_us_t now, struct err *e)
{
	struct relay_snapshot *old = r->snap;
	int rc;

	relay__set_now(r, now);
	pools_hold(r, s);
	listeners_take(s);
	s->refs = 1;
	list_add(&r->snapshots, &s->link);
	r->snap = s;
	r->cfg.conf = s->conf;
	rc = r->draining ? 0 : relay__listen(r, e);
	if (!old)
		return rc;
	older(r, old);
	if (old->refs)
		fronts_end(r);
	backs_end(r);
	r->room = true; /* a line may go on: members have come, or weights changed */
	return rc;
}

/* ---- the end ---- */

void relay_take_dead(struct relay *r, struct relay_dead *out)
{
	struct list *node;

	list_init(&out->listeners);
	list_init(&out->snapshots);
	while ((node = list_take(&r->done)))
		list_add_tail(&out->listeners, node);
	list_foreach_safe (pos, next, &r->snapshots) {
		struct relay_snapshot *s = container_of_list(pos, struct relay_snapshot, link);

		if (s == r->snap || s->n_pools > 0 || s->refs > 0 || lb_uses(r->cfg.lb, s->conf))
			continue;
		list_del(&s->link);
		list_add_tail(&out->snapshots, &s->link);
	}
}

void relay_dead_free(struct relay_dead *d)
{
	struct list *node;

	while ((node = list_take(&d->listeners)))
		rte_free(container_of_list(node, struct relay_listener, link));
	while ((node = list_take(&d->snapshots)))
		snapshot_free(container_of_list(node, struct relay_snapshot, link));
}

bool relay_uses(const struct relay *r, const struct conf *conf)
{
	list_foreach (pos, &r->snapshots)
		if (container_of_list(pos, struct relay_snapshot, link)->conf == conf)
			return true;
	return false;
}

void relay__snapshots_destroy(struct relay *r)
{
	struct relay_dead dead;
	struct list *node;

	list_init(&dead.listeners);
	list_init(&dead.snapshots);
	for (unsigned i = 0; r->snap && i < r->snap->n_listeners; i++)
		list_add_tail(&dead.listeners, &r->snap->listener[i]->link);
	while ((node = list_take(&r->done)))
		list_add_tail(&dead.listeners, node);
	while ((node = list_take(&r->snapshots))) {
		pools_put(r, container_of_list(node, struct relay_snapshot, link));
		list_add_tail(&dead.snapshots, node);
	}
	relay_dead_free(&dead);
}

/* ---- TLS ---- */

struct tls_ctx *relay__pool_tls(const struct relay *r, const struct lb_pool *p)
{
	list_foreach (pos, &r->snapshots) {
		const struct relay_snapshot *s =
			container_of_list(pos, struct relay_snapshot, link);

		if (s->conf == p->snapshot)
			return s->pool_tls ? s->pool_tls[p->index] : NULL;
	}
	ASSERT(false, "a pool that is held keeps its snapshot");
	return NULL;
}

void relay_set_tls(
	struct relay *r, struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls)
{
	r->snap->listener_tls = listener_tls;
	r->snap->pool_tls = pool_tls;
}
