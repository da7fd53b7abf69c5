/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member that says SlowDown is alive: it gets less, never nothing. Its limit of requests in
 * flight falls to seven tenths of what it had (AIMD) and rises by one with each limit's worth of
 * successes, in steps of an eighth at most; new requests are spaced by latency / limit (Little's
 * law), so that one that refuses at once is not asked the faster for it. The limit may fall below
 * one: then it is the spacing that counts. It ends when the limit is back where it began, or when
 * nothing was heard of for QUIET_US.
 *
 * Pools with adaptive = yes have a limit of each member's own besides, before anybody complains:
 * the gradient of latency. While answers take at most TOLERANCE times the least that was seen for
 * their kind, it grows by its square root; beyond, it shrinks in proportion.
 */
#include "lb/lb_priv.h"

#define LIMIT_MIN      (LB_ONE / 16)
#define LIMIT_MAX      (UINT32_MAX / LB_ONE / 2 * LB_ONE)
#define CUT_US         (100 * CLOCK_US_PER_MS) /* one cut for the answers of one burst */
#define GROW_US        (50 * CLOCK_US_PER_MS)  /* between two steps up */
#define BURST_US       (2 * CLOCK_US_PER_MS)   /* turns are up to a millisecond apart */
#define GAP_MIN_US     50u                     /* below, spacing is noise */
#define GAP_MAX_US     CLOCK_US_PER_S          /* it is always asked again */
#define RETRY_MAX      10000u /* ms of Retry-After that are believed: some say two minutes */
#define SETTLED_US     (2ull * CLOCK_US_PER_S)
#define QUIET_US       (30ull * CLOCK_US_PER_S)
#define GRADIENT_N     16u /* samples of a step, at least */
#define GRADIENT_LEAST (4u * LB_ONE)
#define TOLERANCE      2u

void lb__limit(struct lb_member *m)
{
	uint32_t limit = m->cap;

	if (m->gradient.limit && m->gradient.limit / LB_ONE < limit)
		limit = m->gradient.limit / LB_ONE;
	if (m->facts & LB_IS(THROTTLED)) {
		uint32_t paced = (m->pace.limit + LB_ONE - 1) / LB_ONE;

		limit = paced < limit ? paced : limit;
	}
	m->limit = limit;
}

/* us between two new requests: a limit's worth in the time that one takes. */
static clock_us_t gap(const struct lb_member *m)
{
	uint64_t us = (uint64_t)(m->wait ? m->wait : CLOCK_US_PER_MS) * LB_ONE / m->pace.limit;

	return us > GAP_MAX_US ? GAP_MAX_US : us < GAP_MIN_US ? 0 : us;
}

static void cut(struct lb_member *m, clock_us_t now)
{
	struct lb_pace *c = &m->pace;
	uint64_t limit = (uint64_t)c->limit * 7 / 10;

	c->limit = limit < LIMIT_MIN ? LIMIT_MIN : (uint32_t)limit;
	c->good = 0;
	c->changed_at = c->cut_at = now;
	m->stat[LB_STAT_throttles]++;
}

void lb__throttle(struct lb *lb, struct lb_member *m, uint32_t retry_after_ms, clock_us_t now)
{
	struct lb_pace *c = &m->pace;
	uint32_t wait = retry_after_ms < RETRY_MAX ? retry_after_ms : RETRY_MAX;
	clock_us_t until = now + (clock_us_t)wait * CLOCK_US_PER_MS;

	c->said_at = now;
	if (!(m->facts & LB_IS(THROTTLED))) {
		c->origin = m->active + 1; /* the one that was refused is not active any more */
		c->limit = c->origin < LIMIT_MAX / LB_ONE ? c->origin * LB_ONE : LIMIT_MAX;
		c->release_at = now;
		lb__fact_set(lb, m, LB_FACT_THROTTLED, "it said SlowDown", now);
		cut(m, now);
	} else if (now - c->cut_at >= CUT_US) {
		cut(m, now);
	}
	/* Retry-After is of the request that was refused (RFC 9110 10.2.3): a member that serves
	 * others meanwhile only gets no more than now until then. */
	if (m->active > 0)
		c->changed_at = until > c->changed_at ? until : c->changed_at;
	else if (until > c->release_at)
		c->release_at = until;
	lb__limit(m);
	lb__due(lb, m, c->release_at > now ? c->release_at : now + SETTLED_US);
}

void lb__throttle_start(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	struct lb_pace *c = &m->pace;

	if (c->release_at + BURST_US < now)
		c->release_at = now - BURST_US;
	c->release_at += gap(m);
	lb__due(lb, m, c->release_at);
}

void lb__throttle_success(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	struct lb_pace *c = &m->pace;
	uint32_t step = c->limit / 8 < LB_ONE ? c->limit / 8 : LB_ONE;

	c->good++;
	if ((uint64_t)c->good * LB_ONE < c->limit || now < c->changed_at + GROW_US)
		return;
	c->good = 0;
	c->changed_at = now;
	c->limit += c->limit < LIMIT_MAX ? step : 0;
	lb__limit(m);
	lb__throttle_expire(lb, m, now);
}

void lb__throttle_expire(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	struct lb_pace *c = &m->pace;
	clock_us_t quiet = now - c->said_at;

	if (quiet >= QUIET_US || (quiet >= SETTLED_US && c->limit / LB_ONE >= c->origin)) {
		lb__fact_clear(lb, m, LB_FACT_THROTTLED, "it takes as much as before", now);
		lb__limit(m);
		return;
	}
	lb__due(lb, m, c->release_at > now ? c->release_at : c->said_at + QUIET_US);
}

uint32_t lb_retry_after(struct lb *lb, const struct lb_pool *p, clock_us_t now)
{
	clock_us_t soonest = UINT64_MAX;
	uint32_t ms = 1000;

	for (unsigned i = 0; i < p->n; i++)
		if (p->member[i]->pace.release_at < soonest)
			soonest = p->member[i]->pace.release_at;
	if (soonest > now && soonest - now > ms * CLOCK_US_PER_MS)
		ms = (uint32_t)((soonest - now) / CLOCK_US_PER_MS);
	return ms + rand_below(lb->rnd, 2 * ms);
}

/* ---- the gradient ---- */

/* floor(sqrt(v)), Newton's way. */
static uint32_t root(uint32_t v)
{
	uint32_t x = v, y = (x + 1) / 2;

	while (y < x) {
		x = y;
		y = (x + v / x) / 2;
	}
	return x;
}

static void gradient_step(struct lb_member *m)
{
	struct lb_gradient *g = &m->gradient;
	uint64_t next = g->limit;

	if (g->now > TOLERANCE * LB_ONE)
		next = next * TOLERANCE * LB_ONE / g->now;
	else if (g->most >= g->limit / LB_ONE / 2) /* else it was never tried */
		next += root(g->limit / LB_ONE) * LB_ONE;
	next = (3ull * g->limit + next) / 4;
	if (next < GRADIENT_LEAST)
		next = GRADIENT_LEAST;
	g->limit = next < LIMIT_MAX ? (uint32_t)next : LIMIT_MAX;
	g->n = g->most = 0;
	lb__limit(m);
}

void lb__gradient(struct lb_member *m, uint32_t wait, uint32_t least)
{
	struct lb_gradient *g = &m->gradient;
	uint64_t over = (uint64_t)wait * LB_ONE / (least ? least : 1);

	if (over > 16 * LB_ONE)
		over = 16 * LB_ONE;
	if (g->limit == 0)
		*g = (struct lb_gradient){.limit = 16 * LB_ONE, .now = LB_ONE};
	g->now = (uint32_t)((7ull * g->now + over) / 8);
	if (m->active >= g->most)
		g->most = m->active + 1;
	if (++g->n >= GRADIENT_N && g->n >= g->limit / LB_ONE)
		gradient_step(m);
}
