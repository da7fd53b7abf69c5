/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The choice among a pool's members. An algorithm sees only the members that may be chosen (never
 * an empty list) and returns one of their indexes.
 */
#include "lb/lb_priv.h"

/*
 * Smooth weighted round robin (as nginx since 1.3.1): everybody earns its weight, the richest pays
 * for all. In a round of sum(weight) picks each member is chosen exactly weight times, spread out.
 */
static unsigned round_robin(const struct lb_choice *c)
{
	struct lb_member *best = NULL;
	unsigned at = 0;
	int32_t sum = 0;

	for (unsigned i = 0; i < c->n; i++) {
		struct lb_member *m = c->member[c->at[i]];

		m->turn += (int32_t)m->share;
		sum += (int32_t)m->share;
		if (best && m->turn <= best->turn)
			continue;
		best = m;
		at = c->at[i];
	}
	best->turn -= sum;
	return at;
}

/* Less loaded for its share, without division: active / share as cross products. */
static int load_cmp(const struct lb_member *a, const struct lb_member *b)
{
	uint64_t x = (uint64_t)a->active * b->share, y = (uint64_t)b->active * a->share;

	return x < y ? -1 : x > y;
}

/* The least active for its weight; among equals in turn, or the first would get every request of
 * an idle pool. */
static unsigned least_connections(const struct lb_choice *c)
{
	struct lb_choice least = {.member = c->member};

	for (unsigned i = 0; i < c->n; i++) {
		int cmp = 0;

		if (least.n)
			cmp = load_cmp(c->member[c->at[i]], c->member[least.at[0]]);
		if (cmp < 0)
			least.n = 0;
		if (cmp <= 0)
			least.at[least.n++] = c->at[i];
	}
	return round_robin(&least);
}

/* A random member but `not`, as likely as its share; sum is the others' share. */
static unsigned draw(const struct lb_choice *c, uint32_t sum, int not )
{
	uint32_t x = rand_below(c->lb->rnd, sum);

	for (unsigned i = 0;; i++) {
		if (c->at[i] == not )
			continue;
		if (x < c->member[c->at[i]]->share)
			return c->at[i];
		x -= c->member[c->at[i]]->share;
	}
}

/* Power of two choices (Mitzenmacher 2001): two different random members; false: there is one. */
static bool draw_two(const struct lb_choice *c, unsigned *a, unsigned *b)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		sum += c->member[c->at[i]]->share;
	*a = draw(c, sum, -1);
	if (c->n == 1)
		return false;
	*b = draw(c, sum - c->member[*a]->share, (int)*a);
	return true;
}

static unsigned random_two(const struct lb_choice *c)
{
	unsigned a, b;

	if (!draw_two(c, &a, &b))
		return a;
	return load_cmp(c->member[b], c->member[a]) < 0 ? b : a;
}

static unsigned tail(const struct lb_choice *c)
{
	unsigned a, b;

	if (!draw_two(c, &a, &b))
		return a;
	return lb__tail_less(c->member[b], c->member[a], c->now) ? b : a;
}

static unsigned hash(const struct lb_choice *c)
{
	return lb__hash_pick(c, true);
}

static unsigned (*const algorithms[])(const struct lb_choice *c) = {
	[CONF_BALANCE_ROUND_ROBIN] = round_robin,
	[CONF_BALANCE_LEAST_CONNECTIONS] = least_connections,
	[CONF_BALANCE_RANDOM_TWO] = random_two,
	[CONF_BALANCE_TAIL] = tail,
	[CONF_BALANCE_HASH] = hash,
};

/* ---- who may be chosen ---- */

#define PRIORITIES 10

/* How fit a member is for a request, best first. */
enum fit { FIT, SLOW, NO_WRITE, DOWN, NEVER };

/* What a pool has for a request. */
struct view {
	bool panic; /* health is ignored, but that nobody answers a connect */
	uint8_t reach;
	int probe; /* a member that is to be tried though it is slow or wedged; -1: none */
	unsigned total[PRIORITIES], usable[PRIORITIES], left[PRIORITIES]; /* left: not tried */
};

static enum fit fit_of(const struct lb_member *m, bool writes, bool panic)
{
	uint16_t facts = m->facts;

	if (facts & LB_NEVER)
		return NEVER;
	if (panic)
		facts &= LB_IS(HELD) | LB_IS(REFUSED) | LB_IS(SLOW);
	if (facts & LB_IS_DOWN)
		return DOWN;
	if (writes && facts & LB_NO_WRITE)
		return NO_WRITE;
	return facts & LB_IS(SLOW) ? SLOW : FIT;
}

static bool has_room(const struct lb_member *m, clock_us_t now)
{
	return m->active < m->limit &&
	       (!(m->facts & LB_IS(THROTTLED)) || now >= m->pace.release_at);
}

static void look(
	struct lb *lb, struct lb_pool *p, const struct lb_ask *ask, clock_us_t now, struct view *v)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct lb_member *m = p->member[i];
		enum fit fit;

		if (now >= m->due)
			lb__expire(lb, m, now);
		fit = fit_of(m, ask->writes, false);
		if (fit == NEVER)
			continue;
		v->total[m->priority]++;
		v->usable[m->priority] += fit <= SLOW;
		if (lb_tried_has(ask->tried, i))
			continue;
		v->left[m->priority] += fit <= SLOW;
		/* of the first site: the second may be out of reach, and due for ever */
		if (fit != FIT && (v->probe < 0 || m->priority < p->member[v->probe]->priority) &&
			lb__probe_due(m, ask->writes, now) && has_room(m, now))
			v->probe = (int)i;
	}
}

/*
 * Groups of priority are joined, lowest first, until they have enough usable members, too few of
 * them do not mean panic, and one of them is left to try. A group without any usable member is a
 * site that is gone: no panic. When all groups together do not suffice, panic it may be.
 */
static void reach(const struct conf_pool *conf, struct view *v)
{
	unsigned total = 0, usable = 0, left = 0;

	for (v->reach = 0; v->reach < PRIORITIES; v->reach++) {
		total += v->usable[v->reach] ? v->total[v->reach] : 0;
		usable += v->usable[v->reach];
		left += v->left[v->reach];
		if (left > 0 && usable >= conf->priority_members &&
			usable * 100 >= total * conf->panic)
			return;
	}
	v->panic = usable > 0 && usable * 100 < total * conf->panic;
}

static bool first_try(const struct lb_tried *t)
{
	uint64_t any = 0;

	for (unsigned i = 0; i < CONF_MEMBERS_MAX / 64; i++)
		any |= t->bits[i];
	return any == 0;
}

/* Those of one fitness that have room; else *wait says for what. */
static void gather(
	struct lb_choice *c, const struct lb_pool *p, const struct view *v, enum fit fit, int *wait)
{
	for (unsigned i = 0; i < p->n; i++) {
		const struct lb_member *m = p->member[i];

		if (m->priority > v->reach || fit_of(m, c->ask->writes, v->panic) != fit ||
			lb_tried_has(c->ask->tried, i))
			continue;
		if (has_room(m, c->now))
			c->at[c->n++] = (uint8_t)i;
		else if (!(m->facts & LB_IS(THROTTLED)))
			*wait = LB_BUSY;
		else if (*wait == LB_NONE)
			*wait = LB_THROTTLE;
	}
}

static unsigned choose(const struct lb_choice *c)
{
	if (c->ask->pinned)
		return lb__hash_pick(c, false);
	return algorithms[c->conf->balance](c);
}

static int probe(struct lb_pool *p, const struct lb_ask *ask, const struct view *v, clock_us_t now)
{
	struct lb_member *m = p->member[v->probe];

	lb__probe_taken(m, ask->writes, now);
	return v->probe;
}

static const uint8_t wait_stat[] = {
	[-LB_NONE] = LB_POOL_STAT_picks_none,
	[-LB_BUSY] = LB_POOL_STAT_picks_busy,
	[-LB_THROTTLE] = LB_POOL_STAT_picks_throttled,
};

int lb_pick(struct lb *lb, struct lb_pool *p, const struct lb_ask *ask, clock_us_t now)
{
	struct lb_choice c = {.member = p->member,
		.lb = lb,
		.conf = p->conf,
		.ask = ask,
		.stat = p->learned->stat,
		.now = now};
	struct view v = {.probe = -1};
	int wait = LB_NONE;
	unsigned m;

	look(lb, p, ask, now, &v);
	reach(p->conf, &v);
	if (v.probe >= 0 && !ask->pinned && p->member[v.probe]->priority <= v.reach &&
		first_try(ask->tried))
		return probe(p, ask, &v, now);
	/* who is fit and busy is waited for; who is not fit is better than nobody */
	for (enum fit fit = FIT; c.n == 0 && fit < NEVER && (fit <= SLOW || wait == LB_NONE); fit++)
		gather(&c, p, &v, fit, &wait);
	if (c.n == 0) {
		c.stat[wait_stat[-wait]]++;
		return wait;
	}
	m = choose(&c);
	c.stat[LB_POOL_STAT_picks_panic] += v.panic;
	c.stat[LB_POOL_STAT_picks_beyond] += p->member[m]->priority > 0;
	p->member[m]->stat[LB_STAT_last_resorts] +=
		fit_of(p->member[m], ask->writes, v.panic) > SLOW;
	return (int)m;
}
