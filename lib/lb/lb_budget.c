/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The retry budget, so that retries never become a storm: of a pool's first tries each earns
 * retry-budget percent of a retry; besides there is a floor of retry-floor a second, or a quiet
 * pool could never retry. So in any time
 *
 *	retries <= first tries * retry-budget + (seconds + FLOOR_S) * retry-floor
 *
 * A retry that is granted shows up as one more lb_start, which earns nothing: `owed` counts these.
 */
#include "lb/lb_priv.h"

#define ONE     100  /* tokens of a retry: an earning is a percentage */
#define BANK    1000 /* retries that can be saved up: a node that dies takes that many along */
#define FLOOR   1000 /* floor tokens of a retry */
#define FLOOR_S 10   /* seconds of the floor that can be saved up */

static uint64_t full(const struct conf_pool *conf)
{
	return (uint64_t)conf->retry_floor * FLOOR * FLOOR_S;
}

void lb__budget_begin(struct lb_learned *l, const struct conf_pool *conf)
{
	l->floor = full(conf);
}

void lb__budget_start(struct lb_pool *p)
{
	struct lb_learned *l = p->learned;

	if (l->owed > 0)
		l->owed--;
	else if (l->tokens + p->conf->retry_budget <= BANK * ONE)
		l->tokens += p->conf->retry_budget;
}

/* The floor comes with time. */
static void refill(struct lb_pool *p, clock_us_t now)
{
	struct lb_learned *l = p->learned;
	uint64_t ms = (now - l->floor_at) / CLOCK_US_PER_MS, most = full(p->conf);
	uint64_t got = ms > FLOOR_S * 1000 ? most : l->floor + ms * p->conf->retry_floor;

	l->floor = got < most ? got : most;
	l->floor_at += ms * CLOCK_US_PER_MS;
}

bool lb_retry(struct lb *lb, struct lb_pool *p, clock_us_t now)
{
	struct lb_learned *l = p->learned;

	refill(p, now);
	if (l->tokens >= ONE) {
		l->tokens -= ONE;
	} else if (l->floor >= FLOOR) {
		l->floor -= FLOOR;
	} else {
		l->stat[LB_POOL_STAT_retries_refused]++;
		return false;
	}
	l->owed++;
	l->stat[LB_POOL_STAT_retries_granted]++;
	return true;
}
