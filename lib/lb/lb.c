/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Members and their counts. A member is
 *   up     weight > 0 and hold_until has passed
 *   hold   a connect to it failed less than the pool's hold time ago
 *   drain  weight == 0
 * active == lb_start calls - lb_done calls; the choice itself is in lb_pick.c.
 */
#include <errno.h>
#include <stdlib.h>

#include "base/assert.h"
#include "lb/lb_priv.h"

const struct stat_name lb_stat_names[LB_STAT_N] = {
#define X(name, text) {#name, text},
#include "lb/lb_stat.def"
#undef X
};

static int pool_create(struct lb_pool *p, const struct conf_pool *conf)
{
	p->conf = conf;
	p->member = calloc(conf->n_members, sizeof(*p->member));
	if (!p->member)
		return -ENOMEM;
	for (unsigned i = 0; i < conf->n_members; i++) {
		p->member[i].name = conf->members[i].name;
		p->member[i].endpoint = conf->members[i].endpoint;
		p->member[i].weight = conf->members[i].weight;
	}
	return 0;
}

struct lb *lb_create(const struct conf *conf, struct rand_state *rnd, struct err *e)
{
	struct lb *lb = calloc(1, sizeof(*lb) + conf->n_pools * sizeof(lb->pool[0]));

	if (!lb) {
		err_set(e, ENOMEM, "lb: no memory for %u pools", conf->n_pools);
		return NULL;
	}
	lb->rnd = rnd;
	for (; lb->n_pools < conf->n_pools; lb->n_pools++) {
		const struct conf_pool *c = &conf->pools[lb->n_pools];

		if (pool_create(&lb->pool[lb->n_pools], c) < 0) {
			err_set(e, ENOMEM, "lb: no memory for pool %s", c->name);
			lb_destroy(lb);
			return NULL;
		}
	}
	return lb;
}

void lb_destroy(struct lb *lb)
{
	if (!lb)
		return;
	for (unsigned i = 0; i < lb->n_pools; i++)
		free(lb->pool[i].member);
	free(lb);
}

void lb_start(struct lb *lb, unsigned pool, unsigned member)
{
	struct lb_member *m = lb_member(lb, pool, member);

	m->active++;
	m->stat[LB_STAT_requests]++;
}

void lb_connected(struct lb *lb, unsigned pool, unsigned member)
{
	struct lb_member *m = lb_member(lb, pool, member);

	m->stat[LB_STAT_connects]++;
	m->hold_until = 0;
}

void lb_connect_failed(struct lb *lb, unsigned pool, unsigned member, clock_us_t now)
{
	struct lb_member *m = lb_member(lb, pool, member);

	m->stat[LB_STAT_connect_failures]++;
	m->hold_until = now + (clock_us_t)lb->pool[pool].conf->hold_ms * CLOCK_US_PER_MS;
}

/* An outcome's own counter; LB_STAT_N: none. */
static const uint8_t outcome_stat[] = {
	[LB_COMPLETE] = LB_STAT_N,
	[LB_RETRY] = LB_STAT_retries,
	[LB_TIMEOUT] = LB_STAT_timeouts,
	[LB_RESET] = LB_STAT_resets,
	[LB_CANCEL] = LB_STAT_cancels,
	[LB_BAD] = LB_STAT_bad_responses,
	[LB_REFUSED] = LB_STAT_N, /* lb_connect_failed counted it */
};

void lb_done(struct lb *lb, unsigned pool, unsigned member, const struct lb_result *res)
{
	struct lb_member *m = lb_member(lb, pool, member);

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

void lb_set_weight(struct lb *lb, unsigned pool, unsigned member, uint32_t weight)
{
	struct lb_member *m = lb_member(lb, pool, member);

	m->weight = weight;
	m->turn = 0; /* what it had earned was earned by another weight */
}

struct lb_member *lb_member(struct lb *lb, unsigned pool, unsigned member)
{
	ASSERT(pool < lb->n_pools && member < lb->pool[pool].conf->n_members,
		"indexes come from the same snapshot");
	return &lb->pool[pool].member[member];
}

unsigned lb_members(const struct lb *lb, unsigned pool)
{
	return lb->pool[pool].conf->n_members;
}

const struct conf_pool *lb_pool_conf(const struct lb *lb, unsigned pool)
{
	return lb->pool[pool].conf;
}

unsigned lb_pools(const struct lb *lb)
{
	return lb->n_pools;
}

enum lb_state lb_member_state(const struct lb_member *m, clock_us_t now)
{
	if (m->weight == 0)
		return LB_DRAIN;
	return now < m->hold_until ? LB_HOLD : LB_UP;
}

const char *lb_state_name(enum lb_state s)
{
	static const char *const names[] = {"up", "hold", "drain"};

	return names[s];
}
