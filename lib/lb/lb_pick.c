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

		m->turn += (int32_t)m->weight;
		sum += (int32_t)m->weight;
		if (best && m->turn <= best->turn)
			continue;
		best = m;
		at = c->at[i];
	}
	best->turn -= sum;
	return at;
}

/* Less loaded for its weight, without division: active / weight as cross products. */
static int load_cmp(const struct lb_member *a, const struct lb_member *b)
{
	uint64_t x = (uint64_t)a->active * b->weight, y = (uint64_t)b->active * a->weight;

	return x < y ? -1 : x > y;
}

/* The least active for its weight; among equals in turn, or the first would get every request of
 * an idle pool. */
static unsigned least_connections(const struct lb_choice *c)
{
	struct lb_choice least = {.member = c->member, .rnd = c->rnd};

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

/* A random member but `not`, as likely as its weight; sum is the others' weight. */
static unsigned draw(const struct lb_choice *c, uint32_t sum, int not )
{
	uint32_t x = rand_below(c->rnd, sum);

	for (unsigned i = 0;; i++) {
		if (c->at[i] == not )
			continue;
		if (x < c->member[c->at[i]]->weight)
			return c->at[i];
		x -= c->member[c->at[i]]->weight;
	}
}

/* Power of two choices (Mitzenmacher 2001): of two different random members the less loaded. */
static unsigned random_two(const struct lb_choice *c)
{
	uint32_t sum = 0;
	unsigned a, b;

	for (unsigned i = 0; i < c->n; i++)
		sum += c->member[c->at[i]]->weight;
	a = draw(c, sum, -1);
	if (c->n == 1)
		return a;
	b = draw(c, sum - c->member[a]->weight, (int)a);
	return load_cmp(c->member[b], c->member[a]) < 0 ? b : a;
}

static const struct {
	const char *name;
	unsigned (*pick)(const struct lb_choice *c);
} ops[] = {
	[CONF_BALANCE_ROUND_ROBIN] = {"round-robin", round_robin},
	[CONF_BALANCE_LEAST_CONNECTIONS] = {"least-connections", least_connections},
	[CONF_BALANCE_RANDOM_TWO] = {"random-two", random_two},
};

static void choose_from(struct lb_choice *c, const struct lb_pool *p, const struct lb_tried *tried,
	enum lb_state state, clock_us_t now)
{
	for (unsigned i = 0; i < p->conf->n_members; i++)
		if (!lb_tried_has(tried, i) && lb_member_state(p->member[i], now) == state)
			c->at[c->n++] = (uint8_t)i;
}

int lb_pick(struct lb *lb, struct lb_pool *p, const struct lb_ask *ask, clock_us_t now)
{
	struct lb_choice c = {.member = p->member, .rnd = lb->rnd};

	choose_from(&c, p, ask->tried, LB_UP, now);
	if (c.n == 0)
		choose_from(&c, p, ask->tried, LB_DOWN, now);
	if (c.n == 0)
		return LB_NONE;
	return (int)ops[p->conf->balance].pick(&c);
}

const char *lb_balance_name(enum conf_balance b)
{
	return ops[b].name;
}
