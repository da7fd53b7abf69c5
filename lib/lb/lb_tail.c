/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request to a member may be expected to cost:
 *
 *	ratio x (load + 1) x (1 + penalty) / share
 *
 * ratio: its time to first byte over what is usual in this pool for reads or writes of that size
 * class, smoothed (EWMA, 1/8), so a member that happens to serve large objects is not slow for it.
 * load: what is in flight there, each request by its size class. penalty: for failures, which are
 * fast and would draw traffic otherwise; it halves each second. For the same reason only answers
 * below 400 are measured. A member of which nothing is known is an ordinary one: a fair start, and
 * no flood, for its load counts as anybody's.
 */
#include "lb/lb_priv.h"

#define RATIO_MAX   (32 * LB_ONE) /* of one sample: one that took ages is one that took ages */
#define RATIO_MIN   (LB_ONE / 8)
#define PENALTY     (2 * LB_ONE)
#define PENALTY_MAX (16 * LB_ONE)
#define WINDOW_US   (10ull * CLOCK_US_PER_S)

static const uint8_t units[CONF_SIZES] = {
	[CONF_SIZE_UNKNOWN] = 2,
	[CONF_SIZE_TINY] = 1,
	[CONF_SIZE_SMALL] = 2,
	[CONF_SIZE_MEDIUM] = 4,
	[CONF_SIZE_LARGE] = 8,
	[CONF_SIZE_HUGE] = 16,
};

void lb__load_add(struct lb_member *m, uint8_t size)
{
	m->load += units[size];
}

/* The size may be known better by now: nothing in flight is no load. */
void lb__load_sub(struct lb_member *m, uint8_t size)
{
	m->load = m->active == 0 || m->load < units[size] ? 0 : m->load - units[size];
}

/* What the request did not tell, the answer did. */
static uint8_t size_of(const struct lb_result *res)
{
	uint64_t bytes = res->writes ? res->bytes_out : res->bytes_in;
	uint8_t size = CONF_SIZE_TINY;

	if (res->size != CONF_SIZE_UNKNOWN)
		return res->size;
	for (uint64_t most = 64 << 10; bytes > most && size < CONF_SIZE_HUGE; most *= 16)
		size++;
	return size;
}

static uint32_t clamp(uint64_t v, uint32_t low, uint32_t high)
{
	return v < low ? low : v > high ? high : (uint32_t)v;
}

/* Up by 1 where it is passed, down by 2 where not: it stays where a third of the answers come
 * sooner, so that slow members have no say in what is usual. */
static void note_usual(struct lb_usual *u, uint32_t wait)
{
	if (wait > u->wait)
		u->wait += u->wait / 64 + 1;
	else if (wait < u->wait)
		u->wait -= (u->wait + 31) / 32;
	u->wait += u->wait == 0;
}

/* The least of the last one or two windows. */
static void note_least(struct lb_usual *u, uint32_t wait, clock_us_t now)
{
	if (now >= u->window_until) {
		u->least = u->window_until ? u->window : wait;
		u->window = wait;
		u->window_until = now + WINDOW_US;
	}
	if (wait < u->window)
		u->window = wait;
	if (wait < u->least)
		u->least = wait;
}

void lb__tail_learn(struct lb *lb, struct lb_pool *p, struct lb_member *m,
	const struct lb_result *res, clock_us_t now)
{
	struct lb_usual *u = &p->learned->usual[res->writes][size_of(res)];
	uint32_t wait = clamp(res->wait_us, 1, UINT32_MAX / 64);
	uint32_t ratio, n;

	if (u->wait == 0)
		u->wait = wait;
	ratio = clamp((uint64_t)wait * LB_ONE / u->wait, RATIO_MIN, RATIO_MAX);
	n = m->facts & LB_IS(SLOW) ? 4 : 8; /* a slow one has few to show that it is not */
	m->ratio = ((n - 1) * m->ratio + ratio) / n;
	m->wait = m->wait ? (uint32_t)((7ull * m->wait + wait) / 8) : wait;
	note_usual(u, wait);
	note_least(u, wait, now);
	m->live.samples++;
	if (p->conf->adaptive)
		lb__gradient(m, wait, u->least);
	if (p->learned->evaluate_at == UINT64_MAX)
		lb__evaluate_soon(lb, p, now);
}

static uint32_t penalty(const struct lb_member *m, clock_us_t now)
{
	uint64_t halvings = (now - m->penalty_at) / CLOCK_US_PER_S;

	return halvings > 15 ? 0 : m->penalty >> halvings;
}

void lb__tail_punish(struct lb_member *m, clock_us_t now)
{
	m->penalty = clamp(penalty(m, now) + PENALTY, 0, PENALTY_MAX);
	m->penalty_at = now;
}

static uint64_t cost(const struct lb_member *m, clock_us_t now)
{
	return (uint64_t)m->ratio * (m->load + 1ull) * (LB_ONE + penalty(m, now)) / LB_ONE;
}

bool lb__tail_less(const struct lb_member *a, const struct lb_member *b, clock_us_t now)
{
	return cost(a, now) * b->share < cost(b, now) * a->share;
}
