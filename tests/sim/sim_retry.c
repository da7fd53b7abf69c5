/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Retries never become a storm: lib/lb between clients that insist and members that fail, in
 * virtual time. Whatever fails and however long, requests given to members never exceed
 *
 *	client requests * (1 + retry-budget) + (seconds + 10) * retry-floor
 *
 * and no request is lost between. `sim_retry SEED N` runs N seeds from that one; one that fails is
 * printed, and running it alone shows the same.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lb/lb.h"

#define MEMBERS   8
#define CLIENTS   128
#define STEP_US   (CLOCK_US_PER_MS / 2)
#define STEPS     40000 /* 20 s */
#define FLOOR_S   10    /* seconds of the floor that may be saved up: lb_budget.c */
#define CHECK(ok) check(s, ok, #ok)

/* How a member is, for a while. */
enum mood { WELL, REFUSES, RESETS, ERRS, HANGS, THROTTLES, SLOW, WRITES_FAIL, MOODS };

struct member {
	enum mood mood;
	clock_us_t until;
	uint32_t ms; /* that an answer takes */
};

/* A request, from the client's asking to its answer. */
struct client {
	enum { IDLE, WAITING, RUNNING } state;
	struct lb_tried tried;
	struct lb_pool *pool;
	unsigned member, retries;
	bool writes;
	clock_us_t begun, end; /* end: of this try, or of the pause before the next request */
};

struct sim {
	uint64_t seed;
	struct rand_state rnd;
	struct conf_member conf_member[MEMBERS];
	struct conf_pool conf_pool;
	struct conf conf;
	struct lb *lb;
	struct member member[MEMBERS];
	struct client client[CLIENTS];
	clock_us_t now, begun;
	uint64_t asked, given, answered, failed, refused;
	bool bad;
};

static void check(struct sim *s, bool ok, const char *what)
{
	if (ok || s->bad)
		return;
	printf("seed %" PRIu64 ", %" PRIu64 " us: %s\n", s->seed, s->now - s->begun, what);
	s->bad = true;
}

static uint32_t below(struct sim *s, uint32_t n)
{
	return rand_below(&s->rnd, n);
}

/* ---- the plan of a seed ---- */

static void plan(struct sim *s)
{
	static const char *const names[MEMBERS] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	static const enum conf_balance balances[] = {CONF_BALANCE_ROUND_ROBIN,
		CONF_BALANCE_LEAST_CONNECTIONS, CONF_BALANCE_RANDOM_TWO, CONF_BALANCE_TAIL,
		CONF_BALANCE_HASH};
	struct conf_pool *p = &s->conf_pool;

	p->name = "p";
	p->members = s->conf_member;
	p->n_members = 1 + below(s, MEMBERS);
	p->balance = balances[below(s, 5)];
	p->retries = below(s, 6);
	p->hold_ms = below(s, 3000);
	p->hash_load = 100 + below(s, 200);
	p->slow_start_ms = below(s, 5000);
	p->panic = below(s, 101);
	p->eject_limit = below(s, 101);
	p->priority_members = 1 + below(s, 3);
	p->eject_errors = below(s, 8);
	p->eject_ms = 100 + below(s, 5000);
	p->eject_max_ms = 1000 + below(s, 20000);
	p->slow_factor = below(s, 8);
	p->concurrency = below(s, 2) ? 0 : 1 + below(s, 64);
	p->adaptive = below(s, 2);
	p->retry_budget = below(s, 3) ? below(s, 60) : 0;
	p->retry_floor = below(s, 3) ? below(s, 40) : 0;
	for (unsigned i = 0; i < MEMBERS; i++)
		s->conf_member[i] = (struct conf_member){.name = names[i],
			.weight = 1 + below(s, 4),
			.priority = (uint8_t)(below(s, 3) == 0)};
	s->conf = (struct conf){.pools = p, .n_pools = 1};
}

/* All of them at once, now and then: that is when storms begin. */
static void weather(struct sim *s)
{
	bool all = below(s, 4000) == 0;
	enum mood mood = (enum mood)below(s, MOODS);

	for (unsigned i = 0; i < s->conf_pool.n_members; i++) {
		struct member *m = &s->member[i];

		if (s->now < m->until && !all)
			continue;
		m->mood = all ? mood : below(s, 2) ? WELL : (enum mood)below(s, MOODS);
		m->until = s->now + (100 + below(s, 4000)) * CLOCK_US_PER_MS;
		m->ms = 1 + below(s, 20);
	}
}

/* ---- one try ---- */

static void give(struct sim *s, struct client *c)
{
	static const uint32_t ms[MOODS] = {[REFUSES] = 0, [HANGS] = 1000, [RESETS] = 1};
	const struct member *m = &s->member[c->member];
	bool at_once =
		m->mood == REFUSES || m->mood == RESETS || m->mood == ERRS || m->mood == THROTTLES;

	lb_start(s->lb, c->pool, c->member, CONF_SIZE_UNKNOWN, s->now);
	s->given++;
	c->state = RUNNING;
	c->end = s->now;
	c->end += (at_once || m->mood == HANGS ? ms[m->mood] : m->ms * (m->mood == SLOW ? 20 : 1)) *
		  CLOCK_US_PER_MS;
}

static void route(struct sim *s, struct client *c)
{
	struct lb_ask ask = {.tried = &c->tried, .writes = c->writes, .hash = below(s, 100)};
	int m = lb_pick(s->lb, c->pool, &ask, s->now);

	if (m >= 0) {
		CHECK((unsigned)m < s->conf_pool.n_members);
		CHECK(!lb_tried_has(&c->tried, (unsigned)m));
		c->member = (unsigned)m;
		give(s, c);
		return;
	}
	if (m != LB_NONE && s->now - c->begun < 500 * CLOCK_US_PER_MS) {
		c->state = WAITING;
		return;
	}
	s->failed++;
	lb_pool_put(s->lb, c->pool);
	c->state = IDLE;
	c->end = s->now + below(s, 20) * CLOCK_US_PER_MS; /* and it asks again */
}

/* What the member made of it; false: another try is worth it. */
static bool outcome(struct sim *s, const struct client *c, struct lb_result *res)
{
	const struct member *m = &s->member[c->member];

	*res = (struct lb_result){.status = 200, .writes = c->writes};
	res->wait_us = res->ttfb_us = res->total_us = s->now - c->begun;
	switch (m->mood) {
	case REFUSES:
		lb_connect_failed(s->lb, c->pool, c->member, s->now);
		*res = (struct lb_result){.outcome = LB_REFUSED};
		return false;
	case RESETS:
		*res = (struct lb_result){.outcome = LB_RESET, .writes = c->writes};
		return false;
	case HANGS:
		*res = (struct lb_result){.outcome = LB_TIMEOUT, .writes = c->writes};
		return false;
	case ERRS:
		res->status = 500;
		return false;
	case THROTTLES:
		res->status = 503;
		res->slow_down = true;
		res->retry_after_ms = below(s, 2) ? 0 : below(s, 3000);
		return false;
	case WRITES_FAIL:
		res->status = c->writes ? 500 : 200;
		return !c->writes;
	default:
		return true;
	}
}

static void ended(struct sim *s, struct client *c)
{
	struct lb_result res;
	bool good = outcome(s, c, &res);

	lb_done(s->lb, c->pool, c->member, &res, s->now);
	lb_tried_add(&c->tried, c->member);
	if (!good && c->retries < s->conf_pool.retries) {
		c->retries++;
		if (lb_retry(s->lb, c->pool, s->now))
			return route(s, c);
		s->refused++;
	}
	s->answered += good;
	s->failed += !good;
	lb_pool_put(s->lb, c->pool);
	c->state = IDLE;
	c->end = s->now + below(s, 5) * CLOCK_US_PER_MS;
}

/* ---- the loop ---- */

static void step(struct sim *s, struct client *c)
{
	if (c->state == WAITING)
		return route(s, c);
	if (s->now < c->end)
		return;
	if (c->state == RUNNING)
		return ended(s, c);
	s->asked++;
	c->retries = 0;
	c->begun = s->now;
	c->writes = below(s, 2);
	c->pool = lb_pool_get(lb_pool(s->lb, 0));
	memset(&c->tried, 0, sizeof(c->tried));
	route(s, c);
}

static void bounds(struct sim *s)
{
	const struct conf_pool *p = &s->conf_pool;
	uint64_t seconds = (s->now - s->begun) / CLOCK_US_PER_S + 1 + FLOOR_S;
	unsigned running = 0;

	CHECK(s->given <= s->asked + s->asked * p->retry_budget / 100 + seconds * p->retry_floor);
	for (unsigned i = 0; i < CLIENTS; i++)
		running += s->client[i].state != IDLE;
	CHECK(s->asked == s->answered + s->failed + running);
}

/* Reload in the middle of it: the budget is no other one. */
static void reload(struct sim *s)
{
	struct err e;
	struct lb_next *next = lb_prepare(s->lb, &s->conf, &e);

	if (!next)
		return check(s, false, "no memory");
	lb_swap(s->lb, next, s->now);
	lb_dead_free(lb_take_dead(s->lb));
}

/* The end: nothing is in flight any more, and nothing was forgotten. */
static void drain(struct sim *s)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		struct client *c = &s->client[i];

		if (c->state == RUNNING)
			lb_done(s->lb, c->pool, c->member,
				&(struct lb_result){.outcome = LB_CANCEL}, s->now);
		if (c->state != IDLE)
			lb_pool_put(s->lb, c->pool);
	}
	for (unsigned i = 0; i < s->conf_pool.n_members; i++) {
		CHECK(lb_member(s->lb, 0, i)->active == 0);
		CHECK(lb_member(s->lb, 0, i)->load == 0);
	}
	CHECK(s->given > 0);
}

static bool run(uint64_t seed, struct sim *s)
{
	struct err e;

	memset(s, 0, sizeof(*s));
	s->seed = seed;
	rand_seed(&s->rnd, seed);
	plan(s);
	s->now = s->begun = CLOCK_US_PER_S;
	s->lb = lb_create(
		&(struct lb_config){.conf = &s->conf, .rnd = &s->rnd, .n_workers = 1}, &e);
	if (!s->lb)
		return false;
	for (unsigned i = 0; i < STEPS && !s->bad; i++, s->now += STEP_US) {
		weather(s);
		if (lb_next_tick(s->lb, 1, s->now) == 0)
			lb_tick(s->lb, s->now);
		for (unsigned c = 0; c < CLIENTS; c++)
			step(s, &s->client[c]);
		if (below(s, 2000) == 0)
			reload(s);
		bounds(s);
	}
	drain(s);
	lb_destroy(s->lb);
	return !s->bad;
}

int main(int argc, char **argv)
{
	uint64_t first = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	uint64_t n = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	static struct sim s;
	uint64_t bad = 0, retries = 0, refused = 0, asked = 0;

	for (uint64_t seed = first; seed < first + n; seed++) {
		bad += !run(seed, &s);
		asked += s.asked;
		retries += s.given > s.asked ? s.given - s.asked : 0;
		refused += s.refused;
	}
	printf("%" PRIu64 " seeds from %" PRIu64 ": %" PRIu64 " requests, %" PRIu64
	       " more by retries, %" PRIu64 " retries refused; %" PRIu64 " seeds failed\n",
		n, first, asked, retries, refused, bad);
	return bad > 0;
}
