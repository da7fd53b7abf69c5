/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members and their counts. A member is
 *   up     weight > 0 and hold_until has passed
 *   down   a connect to it failed less than the pool's hold time ago
 *   drain  weight == 0
 * active == lb_start calls - lb_done calls; the choice itself is in lb_pick.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/assert.h"
#include "lb/lb_priv.h"

const struct stat_name lb_stat_names[LB_STAT_N] = {
#define X(name, text) {#name, text},
#include "lb/lb_stat.def"
#undef X
};

static struct lb_member *member_create(const struct conf_pool *pool, unsigned index)
{
	const struct conf_member *conf = &pool->members[index];
	struct lb_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	snprintf(m->pool, sizeof(m->pool), "%s", pool->name);
	snprintf(m->name, sizeof(m->name), "%s", conf->name);
	m->endpoint = conf->endpoint;
	m->weight = conf->weight;
	m->refs = 1;
	m->listed = true;
	list_init(&m->idle_list);
	list_init(&m->dead_link);
	return m;
}

/* A pool that holds its members, and is held once. NULL: no memory. */
static struct lb_pool *pool_create(const struct conf *conf, unsigned index)
{
	const struct conf_pool *c = &conf->pools[index];
	struct lb_pool *p = calloc(1, sizeof(*p) + c->n_members * sizeof(p->member[0]));

	if (!p)
		return NULL;
	*p = (struct lb_pool){.conf = c, .snapshot = conf, .index = (uint16_t)index, .refs = 1};
	list_init(&p->waiting);
	list_init(&p->waiting_link);
	list_init(&p->dead_link);
	for (; p->n < c->n_members; p->n++) {
		p->member[p->n] = member_create(c, p->n);
		if (p->member[p->n])
			continue;
		while (p->n > 0)
			free(p->member[--p->n]);
		free(p);
		return NULL;
	}
	return p;
}

struct lb *lb_create(const struct lb_config *cfg, struct err *e)
{
	const struct conf *conf = cfg->conf;
	struct lb *lb = calloc(1, sizeof(*lb));

	if (lb)
		lb->pool = calloc(conf->n_pools + 1, sizeof(*lb->pool));
	if (!lb || !lb->pool) {
		free(lb);
		err_set(e, ENOMEM, "lb: no memory for %u pools", conf->n_pools);
		return NULL;
	}
	lb->rnd = cfg->rnd;
	list_init(&lb->dead_pools);
	list_init(&lb->dead_members);
	for (; lb->n_pools < conf->n_pools; lb->n_pools++) {
		lb->pool[lb->n_pools] = pool_create(conf, lb->n_pools);
		if (lb->pool[lb->n_pools])
			continue;
		err_set(e, ENOMEM, "lb: no memory for pool %s", conf->pools[lb->n_pools].name);
		lb_destroy(lb);
		return NULL;
	}
	return lb;
}

static void dead_free(struct lb *lb)
{
	struct list *node;

	while ((node = list_take(&lb->dead_pools)))
		free(container_of_list(node, struct lb_pool, dead_link));
	while ((node = list_take(&lb->dead_members)))
		free(container_of_list(node, struct lb_member, dead_link));
}

void lb_destroy(struct lb *lb)
{
	if (!lb)
		return;
	for (unsigned i = 0; i < lb->n_pools; i++)
		lb_pool_put(lb, lb->pool[i]);
	dead_free(lb);
	free(lb->pool);
	free(lb);
}

struct lb_pool *lb_pool(const struct lb *lb, unsigned i)
{
	ASSERT(i < lb->n_pools, "indexes come from the same snapshot");
	return lb->pool[i];
}

struct lb_pool *lb_pool_get(struct lb_pool *p)
{
	p->refs++;
	return p;
}

void lb_pool_put(struct lb *lb, struct lb_pool *p)
{
	ASSERT(p->refs > 0, "each put ends one get");
	if (--p->refs > 0)
		return;
	for (unsigned i = 0; i < p->n; i++)
		lb_member_put(lb, p->member[i]);
	list_add_tail(&lb->dead_pools, &p->dead_link);
}

struct lb_member *lb_member_get(struct lb_member *m)
{
	m->refs++;
	return m;
}

void lb_member_put(struct lb *lb, struct lb_member *m)
{
	ASSERT(m->refs > 0, "each put ends one get");
	if (--m->refs == 0)
		list_add_tail(&lb->dead_members, &m->dead_link);
}

void lb_start(struct lb *lb, struct lb_pool *p, unsigned member)
{
	struct lb_member *m = p->member[member];

	m->active++;
	m->stat[LB_STAT_requests]++;
}

void lb_connected(struct lb *lb, struct lb_pool *p, unsigned member)
{
	struct lb_member *m = p->member[member];

	m->stat[LB_STAT_connects]++;
	m->hold_until = 0;
}

void lb_connect_failed(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now)
{
	struct lb_member *m = p->member[member];

	m->stat[LB_STAT_connect_failures]++;
	m->hold_until = now + (clock_us_t)p->conf->hold_ms * CLOCK_US_PER_MS;
}

/* An outcome's own counter; LB_STAT_N: none. */
static const uint8_t outcome_stat[] = {
	[LB_COMPLETE] = LB_STAT_N,
	[LB_RETRY] = LB_STAT_retries,
	[LB_TIMEOUT] = LB_STAT_timeouts,
	[LB_STALL] = LB_STAT_timeouts,
	[LB_RESET] = LB_STAT_resets,
	[LB_CANCEL] = LB_STAT_cancels,
	[LB_BAD] = LB_STAT_bad_responses,
	[LB_REFUSED] = LB_STAT_N, /* lb_connect_failed counted it */
};

void lb_done(struct lb *lb, struct lb_pool *p, unsigned member, const struct lb_result *res,
	clock_us_t now)
{
	struct lb_member *m = p->member[member];

	ASSERT(m->active > 0, "each lb_done ends one lb_start");
	m->active--;
	m->stat[LB_STAT_bytes_out] += res->bytes_out;
	m->stat[LB_STAT_bytes_in] += res->bytes_in;
	if (outcome_stat[res->outcome] != LB_STAT_N)
		m->stat[outcome_stat[res->outcome]]++;
	if (res->status >= 100 && res->status <= 599) {
		m->stat[LB_STAT_status_1xx + res->status / 100 - 1]++;
		stat_hist_add(&m->ttfb, res->ttfb_us);
	}
	if (res->outcome == LB_COMPLETE)
		stat_hist_add(&m->total, res->total_us);
}

void lb_set_weight(struct lb *lb, struct lb_member *m, uint32_t weight, clock_us_t now)
{
	m->weight = weight;
	m->turn = 0; /* what it had earned was earned by another weight */
}

struct lb_member *lb_member(const struct lb *lb, unsigned pool, unsigned member)
{
	const struct lb_pool *p = lb_pool(lb, pool);

	ASSERT(member < p->n, "indexes come from the same snapshot");
	return p->member[member];
}

unsigned lb_members(const struct lb *lb, unsigned pool)
{
	return lb_pool(lb, pool)->n;
}

unsigned lb_pools(const struct lb *lb)
{
	return lb->n_pools;
}

enum lb_state lb_member_state(const struct lb_member *m, clock_us_t now)
{
	if (m->weight == 0)
		return LB_DRAIN;
	return now < m->hold_until ? LB_DOWN : LB_UP;
}

const char *lb_state_name(enum lb_state s)
{
	static const char *const names[LB_STATES] = {
		"up", "slow", "throttled", "wedged", "drain", "maintenance", "down"};

	return names[s];
}
