/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From one snapshot's pools to the next one's. Control makes the new set while the worker runs (it
 * reads names only, and counts nothing); the worker puts it in place. A member is the same when
 * its pool's name, its own name, its endpoint and the pool's TLS are: then it goes on with its
 * state, counts and idle connections. What nobody holds any more is a chain of struct lb_dead that
 * goes back to control.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lb/lb_priv.h"

enum kind { SET, POOL, LEARNED, MEMBER };

/* ---- what is made ---- */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_tls(const struct conf_pool *a, const struct conf_pool *b)
{
	return a->tls == b->tls && a->verify == b->verify && same_text(a->sni, b->sni) &&
	       same_text(a->ca, b->ca) && same_text(a->cert_name, b->cert_name);
}

static struct lb_pool *pool_named(const struct lb_next *set, const char *name)
{
	for (unsigned i = 0; set && i < set->n_pools; i++)
		if (strcmp(set->pool[i]->conf->name, name) == 0)
			return set->pool[i];
	return NULL;
}

/* The member of that pool that is the same, or NULL. */
static struct lb_member *member_same(
	const struct lb_pool *old, const struct conf_pool *pool, const struct conf_member *conf)
{
	if (!old || !same_tls(old->conf, pool))
		return NULL;
	for (unsigned i = 0; i < old->n; i++) {
		struct lb_member *m = old->member[i];

		if (strcmp(m->name, conf->name) == 0 && m->endpoint.port == conf->endpoint.port &&
			ip_addr_eq(&m->endpoint.addr, &conf->endpoint.addr))
			return m;
	}
	return NULL;
}

/* The same for all workers and for the next snapshot. */
static uint64_t key_of(const struct lb_member *m)
{
	char who[2 * (CONF_NAME_MAX + 1) + IP_ENDPOINT_TEXT], text[IP_ENDPOINT_TEXT];

	snprintf(who, sizeof(who), "%s/%s/%s", m->pool, m->name,
		ip_endpoint_text(&m->endpoint, text));
	return lb__hash_text(who);
}

/* Held by nobody yet, not listed. NULL: no memory. */
static struct lb_member *member_create(
	const struct lb *lb, const struct conf_pool *pool, const struct conf_member *conf)
{
	struct lb_member *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	snprintf(m->pool, sizeof(m->pool), "%s", pool->name);
	snprintf(m->name, sizeof(m->name), "%s", conf->name);
	m->endpoint = conf->endpoint;
	m->hash = lb__hash_text(conf->name);
	m->limit = m->cap = UINT32_MAX;
	m->ratio = LB_ONE;
	m->due = UINT64_MAX;
	m->cause = "";
	m->dead.kind = MEMBER;
	m->checked.verdict = LB_NO_VERDICT;
	m->checked.key = key_of(m);
	m->checked.word =
		lb->board ? lb__board_take(lb->board, m->checked.key) : &m->checked.own_word;
	list_init(&m->idle_list);
	if (m->checked.word)
		return m;
	free(m);
	return NULL;
}

static void member_free(struct lb_member *m)
{
	if (m->checked.word != &m->checked.own_word)
		lb__board_give(m->checked.word);
	free(m);
}

/* Without the members that the newest set has as well. */
static void pool_free(struct lb_pool *p)
{
	for (unsigned i = 0; i < p->n; i++)
		if (!p->member[i]->listed)
			member_free(p->member[i]);
	if (p->learned->refs == 0)
		free(p->learned);
	free(p);
}

/* Nothing yet, held by nobody. NULL: no memory. */
static struct lb_learned *learned_create(const struct conf_pool *conf)
{
	struct lb_learned *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->dead.kind = LEARNED;
	l->evaluate_at = UINT64_MAX;
	lb__budget_begin(l, conf);
	return l;
}

static struct lb_pool *pool_create(const struct lb *lb, const struct conf *conf, unsigned index)
{
	const struct conf_pool *c = &conf->pools[index];
	const struct lb_pool *old = pool_named(lb->set, c->name);
	struct lb_pool *p = calloc(1, sizeof(*p) + c->n_members * sizeof(p->member[0]));

	if (!p)
		return NULL;
	*p = (struct lb_pool){.conf = c, .snapshot = conf, .index = (uint16_t)index, .refs = 1};
	p->dead.kind = POOL;
	p->learned = old ? old->learned : learned_create(c);
	if (!p->learned) {
		free(p);
		return NULL;
	}
	list_init(&p->link);
	list_init(&p->waiting);
	list_init(&p->waiting_link);
	for (; p->n < c->n_members; p->n++) {
		struct lb_member *m = member_same(old, c, &c->members[p->n]);

		p->member[p->n] = m ? m : member_create(lb, c, &c->members[p->n]);
		if (p->member[p->n])
			continue;
		pool_free(p);
		return NULL;
	}
	return p;
}

struct lb_next *lb_prepare(const struct lb *lb, const struct conf *conf, struct err *e)
{
	struct lb_next *next = calloc(1, sizeof(*next) + conf->n_pools * sizeof(next->pool[0]));

	if (!next) {
		err_set(e, ENOMEM, "lb: no memory for %u pools", conf->n_pools);
		return NULL;
	}
	next->dead.kind = SET;
	next->conf = conf;
	for (; next->n_pools < conf->n_pools; next->n_pools++) {
		next->pool[next->n_pools] = pool_create(lb, conf, next->n_pools);
		if (next->pool[next->n_pools])
			continue;
		err_set(e, ENOMEM, "lb: no memory for pool %s", conf->pools[next->n_pools].name);
		lb_next_destroy(next);
		return NULL;
	}
	return next;
}

void lb_next_destroy(struct lb_next *next)
{
	for (unsigned i = 0; next && i < next->n_pools; i++)
		pool_free(next->pool[i]);
	free(next);
}

/* ---- what is put in place ---- */

/* m is member i of p, which is of the newest snapshot now; late: it joins a pool that was there. */
static void adopt(struct lb *lb, struct lb_pool *p, unsigned i, bool late, clock_us_t now)
{
	const struct conf_member *conf = &p->conf->members[i];
	struct lb_member *m = p->member[i];
	bool fresh = m->refs == 0;

	lb_member_get(m);
	m->listed = true;
	m->priority = conf->priority;
	m->slow_start_ms = p->conf->slow_start_ms;
	m->cap = p->conf->concurrency ? p->conf->concurrency : UINT32_MAX;
	if (!p->conf->adaptive)
		m->gradient.limit = 0;
	lb__limit(m);
	if (p->conf->slow_factor == 0)
		lb__fact_clear(lb, m, LB_FACT_SLOW, "slow-factor 0", now);
	if (m->conf_weight != conf->weight) {
		m->conf_weight = conf->weight;
		lb_set_weight(lb, m, conf->weight, now);
	}
	if (fresh && late)
		lb__slow_start(lb, m, now);
	lb__check_begin(lb, p, m, now);
}

void lb_swap(struct lb *lb, struct lb_next *next, clock_us_t now)
{
	struct lb_next *old = lb->set;

	for (unsigned i = 0; old && i < old->n_pools; i++)
		for (unsigned j = 0; j < old->pool[i]->n; j++)
			old->pool[i]->member[j]->listed = false;
	lb->checks = false;
	for (unsigned i = 0; i < next->n_pools; i++) {
		struct lb_pool *p = next->pool[i], *was = pool_named(old, p->conf->name);

		list_add_tail(&lb->living, &p->link);
		p->learned->refs++;
		for (unsigned j = 0; j < p->n; j++)
			adopt(lb, p, j, was != NULL, now);
	}
	lb->set = next;
	lb->due = 0; /* of other pools than before */
	lb->check_due = lb->checks ? 0 : UINT64_MAX;
	for (unsigned i = 0; old && i < old->n_pools; i++)
		lb_pool_put(lb, old->pool[i]);
	if (old)
		lb__bury(lb, &old->dead);
}

bool lb_uses(const struct lb *lb, const struct conf *conf)
{
	list_foreach (pos, &lb->living)
		if (container_of_list(pos, struct lb_pool, link)->snapshot == conf)
			return true;
	return false;
}

/* ---- what is over ---- */

void lb__bury(struct lb *lb, struct lb_dead *d)
{
	d->next = lb->dead;
	lb->dead = d;
}

struct lb_dead *lb_take_dead(struct lb *lb)
{
	struct lb_dead *d = lb->dead;

	lb->dead = NULL;
	return d;
}

void lb_dead_free(struct lb_dead *d)
{
	while (d) {
		struct lb_dead *next = d->next;

		if (d->kind == MEMBER)
			member_free(container_of_list(d, struct lb_member, dead));
		else if (d->kind == POOL)
			free(container_of_list(d, struct lb_pool, dead));
		else if (d->kind == LEARNED)
			free(container_of_list(d, struct lb_learned, dead));
		else
			free(container_of_list(d, struct lb_next, dead));
		d = next;
	}
}

/* ---- all of it ---- */

struct lb *lb_create(const struct lb_config *cfg, struct err *e)
{
	struct lb *lb = calloc(1, sizeof(*lb));
	struct lb_next *set;

	if (!lb) {
		err_set(e, ENOMEM, "lb: no memory");
		return NULL;
	}
	lb->rnd = cfg->rnd;
	lb->board = cfg->board;
	lb->worker = cfg->worker;
	lb->n_workers = cfg->n_workers;
	list_init(&lb->living);
	lb__hash_init(lb);
	set = lb_prepare(lb, cfg->conf, e);
	if (set) {
		lb_swap(lb, set, 0);
		return lb;
	}
	free(lb);
	return NULL;
}

void lb_destroy(struct lb *lb)
{
	if (!lb)
		return;
	for (unsigned i = 0; i < lb->set->n_pools; i++)
		lb_pool_put(lb, lb->set->pool[i]);
	lb__bury(lb, &lb->set->dead);
	lb_dead_free(lb_take_dead(lb));
	free(lb);
}
