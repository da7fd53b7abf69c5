/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The way of a request at its member, counted:
 *	active == lb_start calls - lb_done calls
 * and who is told of what comes of it: latency (lb_tail.c), failures (lb_outlier.c), SlowDown
 * (lb_throttle.c). The choice itself is in lb_pick.c, what is true of a member in lb_health.c.
 */
#include <errno.h>

#include "lb/lb_priv.h"

#define HOLDS_MAX 4                       /* doublings */
#define BOARD_US  (100 * CLOCK_US_PER_MS) /* how late what another worker found may be known */

const struct stat_name lb_stat_names[LB_STAT_N] = {
#define X(name, text) {#name, text},
#include "lb/lb_stat.def"
#undef X
};

const struct stat_name lb_pool_stat_names[LB_POOL_STAT_N] = {
#define X(name, text) {#name, text},
#include "lb/lb_pool_stat.def"
#undef X
};

/* ---- who holds what ---- */

struct lb_pool *lb_pool(const struct lb *lb, unsigned i)
{
	ASSERT(i < lb->set->n_pools, "indexes come from the same snapshot");
	return lb->set->pool[i];
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
	list_del(&p->link);
	if (--p->learned->refs == 0)
		lb__bury(lb, &p->learned->dead);
	lb__bury(lb, &p->dead);
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
		lb__bury(lb, &m->dead);
}

/* ---- a request ---- */

void lb_start(struct lb *lb, struct lb_pool *p, unsigned member, uint8_t size, clock_us_t now)
{
	struct lb_member *m = p->member[member];

	m->active++;
	m->stat[LB_STAT_requests]++;
	lb__load_add(m, size);
	lb__budget_start(p);
	if (m->facts & LB_IS(THROTTLED))
		lb__throttle_start(lb, m, now);
}

void lb_connected(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now)
{
	struct lb_member *m = p->member[member];

	m->stat[LB_STAT_connects]++;
	m->holds = 0;
	lb__fact_clear(lb, m, LB_FACT_HELD, "connected", now);
}

/* Each hold that follows on another is twice as long, or a dead member would come and go each
 * second where it cannot be ejected. */
static void hold(struct lb *lb, struct lb_pool *p, struct lb_member *m, clock_us_t now)
{
	if (p->conf->hold_ms == 0)
		return;
	if (!(m->facts & LB_IS(HELD)))
		m->holds += m->holds <= HOLDS_MAX;
	m->hold_until = now + ((clock_us_t)p->conf->hold_ms << (m->holds - 1)) * CLOCK_US_PER_MS;
	lb__fact_set(lb, m, LB_FACT_HELD, "connect failed", now);
	lb__due(lb, m, m->hold_until);
}

void lb_connect_failed(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now)
{
	struct lb_member *m = p->member[member];

	m->stat[LB_STAT_connect_failures]++;
	hold(lb, p, m, now);
	lb__live_failure(lb, p, m, false, now);
}

/* An outcome's own counter; LB_STAT_N: none. */
static const uint8_t outcome_stat[] = {
	[LB_COMPLETE] = LB_STAT_N,
	[LB_RETRY] = LB_STAT_retries,
	[LB_TIMEOUT] = LB_STAT_timeouts,
	[LB_STALL] = LB_STAT_stalls,
	[LB_RESET] = LB_STAT_resets,
	[LB_CANCEL] = LB_STAT_cancels,
	[LB_BAD] = LB_STAT_bad_responses,
	[LB_REFUSED] = LB_STAT_N, /* lb_connect_failed counted it */
};

static void count(struct lb_member *m, const struct lb_result *res)
{
	m->stat[LB_STAT_bytes_out] += res->bytes_out;
	m->stat[LB_STAT_bytes_in] += res->bytes_in;
	m->stat[LB_STAT_inner_errors] += res->inner_error;
	m->stat[LB_STAT_slow_downs] += res->slow_down;
	if (outcome_stat[res->outcome] != LB_STAT_N)
		m->stat[outcome_stat[res->outcome]]++;
	if (res->status >= 100 && res->status <= 599) {
		m->stat[LB_STAT_status_1xx + res->status / 100 - 1]++;
		stat_hist_add(&m->ttfb, res->ttfb_us);
	}
	if (res->outcome == LB_COMPLETE)
		stat_hist_add(&m->total, res->total_us);
}

/* A member that fails by what it answers. 501: it does not know the operation, nor would others. */
static bool is_error(const struct lb_result *res)
{
	return res->inner_error || (res->status >= 500 && res->status != 501);
}

static bool is_failure(const struct lb_result *res)
{
	switch (res->outcome) {
	case LB_COMPLETE:
	case LB_CANCEL:
		return is_error(res);
	case LB_RETRY:
		return !res->reused;
	case LB_REFUSED: /* lb_connect_failed said so */
		return false;
	default:
		return true;
	}
}

void lb_done(struct lb *lb, struct lb_pool *p, unsigned member, const struct lb_result *res,
	clock_us_t now)
{
	struct lb_member *m = p->member[member];

	ASSERT(m->active > 0, "each lb_done ends one lb_start");
	m->active--;
	lb__load_sub(m, res->size);
	count(m, res);
	if (res->slow_down)
		return lb__throttle(lb, m, res->retry_after_ms, now);
	if (is_failure(res))
		return lb__live_failure(lb, p, m, res->writes, now);
	if (res->outcome != LB_COMPLETE)
		return;
	if (res->wait_us && res->status >= 200 && res->status < 400)
		lb__tail_learn(lb, p, m, res, now);
	lb__live_success(lb, p, m, res->writes, now);
	if (m->facts & LB_IS(THROTTLED))
		lb__throttle_success(lb, m, now);
}

/* ---- time ---- */

static void tick(struct lb *lb, struct lb_pool *p, clock_us_t now)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct lb_member *m = p->member[i];

		if (lb->checks)
			lb__check_read(lb, m, now);
		if (now >= m->due)
			lb__expire(lb, m, now);
		if (m->due < lb->due)
			lb->due = m->due;
	}
	if (now >= p->learned->evaluate_at)
		lb__evaluate(lb, p, now);
	if (p->learned->evaluate_at < lb->due)
		lb->due = p->learned->evaluate_at;
}

void lb_tick(struct lb *lb, clock_us_t now)
{
	if (now < lb->due)
		return;
	lb->due = lb->checks && lb->board ? now + BOARD_US : UINT64_MAX;
	for (unsigned i = 0; i < lb->set->n_pools; i++)
		tick(lb, lb->set->pool[i], now);
}

uint32_t lb_next_tick(const struct lb *lb, uint32_t max, clock_us_t now)
{
	clock_us_t due = lb__check_next(lb);
	uint64_t ms;

	if (lb->due < due)
		due = lb->due;
	if (due <= now)
		return 0;
	ms = (due - now + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS;
	return ms < max ? (uint32_t)ms : max;
}

/* ---- the operator ---- */

void lb_set_weight(struct lb *lb, struct lb_member *m, uint32_t weight, clock_us_t now)
{
	m->weight = weight;
	m->turn = 0; /* what it had earned was earned by another weight */
	lb__share(lb, m, now);
	if (weight == 0)
		lb__fact_set(lb, m, LB_FACT_NO_WEIGHT, "weight 0", now);
	else
		lb__fact_clear(lb, m, LB_FACT_NO_WEIGHT, "weight", now);
}

void lb_set_admin(struct lb *lb, struct lb_member *m, enum lb_admin admin, clock_us_t now)
{
	m->admin = (uint8_t)admin;
	if (admin == LB_ADMIN_DRAIN)
		lb__fact_set(lb, m, LB_FACT_DRAIN, "operator", now);
	if (admin == LB_ADMIN_MAINTENANCE)
		lb__fact_set(lb, m, LB_FACT_MAINTENANCE, "operator", now);
	if (admin != LB_ADMIN_DRAIN)
		lb__fact_clear(lb, m, LB_FACT_DRAIN, "operator", now);
	if (admin != LB_ADMIN_MAINTENANCE)
		lb__fact_clear(lb, m, LB_FACT_MAINTENANCE, "operator", now);
	if (lb->checks && lb->check_due > now)
		lb->check_due = now; /* after maintenance its checks are due again */
}

/* ---- reading ---- */

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
	return lb->set->n_pools;
}

enum lb_state lb_member_state(const struct lb_member *m)
{
	return m->state;
}

const char *lb_state_name(enum lb_state s)
{
	static const char *const names[LB_STATES] = {
		"up", "slow", "throttled", "wedged", "drain", "maintenance", "down"};

	return names[s];
}
