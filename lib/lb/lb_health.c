/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member's state. Several things may be true of it at once, each found and withdrawn by somebody
 * of its own; its state is the worst that they make:
 *
 *	fact         true of it                                  set by           until
 *	SLOW         answers far later than the pool's median    lb_outlier.c     it does not
 *	THROTTLED    it said SlowDown                            lb_throttle.c    it took as much
 *	WEDGED       its writes fail, its reads do not           lb_outlier.c     a write succeeds
 *	HALF         the same, by its checks                     lb_check.c       checks say so
 *	NO_WEIGHT    weight 0                                    the operator     the operator
 *	DRAIN        is being emptied                            the operator     the operator
 *	MAINTENANCE  not to be touched                           the operator     the operator
 *	HELD         a connect failed                            lb.c             hold, or a connect
 *	EJECTED      its requests fail                           lb_outlier.c     eject-time
 *	FAILED       its checks fail                             lb_check.c       checks say so
 *	REFUSED      they cannot even connect                    lb_check.c       checks say so
 *
 *	     .------ any fact of a state that is worse ------.
 *	     |                                               v
 *	    UP  SLOW  THROTTLED  WEDGED  DRAIN  MAINTENANCE  DOWN
 *	     ^                                               |
 *	     `------ the last fact of the worst ends --------'
 *
 * A member that comes back from where it got nothing (the facts in RESTS) starts slowly.
 */
#include "lb/lb_priv.h"

/* A member's share in slow start grows in that many steps, from one in FIRST. */
#define STEPS 32
#define FIRST 10

#define RESTS                                                                                      \
	(LB_IS(EJECTED) | LB_IS(FAILED) | LB_IS(REFUSED) | LB_IS(MAINTENANCE) | LB_IS(DRAIN) |     \
		LB_IS(NO_WEIGHT))

static const uint8_t state_of[LB_FACTS] = {
	[LB_FACT_SLOW] = LB_SLOW,
	[LB_FACT_THROTTLED] = LB_THROTTLED,
	[LB_FACT_WEDGED] = LB_WEDGED,
	[LB_FACT_HALF] = LB_WEDGED,
	[LB_FACT_NO_WEIGHT] = LB_DRAIN,
	[LB_FACT_DRAIN] = LB_DRAIN,
	[LB_FACT_MAINTENANCE] = LB_MAINTENANCE,
	[LB_FACT_HELD] = LB_DOWN,
	[LB_FACT_EJECTED] = LB_DOWN,
	[LB_FACT_FAILED] = LB_DOWN,
	[LB_FACT_REFUSED] = LB_DOWN,
};

/* The facts are m's now; what does that make of it? */
static void judge(
	struct lb *lb, struct lb_member *m, uint16_t facts, const char *cause, clock_us_t now)
{
	uint8_t state = facts ? state_of[31 - __builtin_clz(facts)] : LB_UP;

	m->rested |= (m->facts & RESTS) != 0;
	m->facts = facts;
	if (m->rested && !(facts & (LB_NEVER | LB_IS_DOWN))) {
		m->rested = false;
		lb__slow_start(lb, m, now);
	}
	if (state == m->state)
		return;
	lb__event(lb, m, state, cause, now);
	m->stat[LB_STAT_changes]++;
	m->state = state;
	m->cause = cause;
	m->since = now;
}

void lb__fact_set(
	struct lb *lb, struct lb_member *m, enum lb_fact f, const char *cause, clock_us_t now)
{
	judge(lb, m, (uint16_t)(m->facts | 1u << f), cause, now);
}

void lb__fact_clear(
	struct lb *lb, struct lb_member *m, enum lb_fact f, const char *cause, clock_us_t now)
{
	if (m->facts & 1u << f)
		judge(lb, m, (uint16_t)(m->facts & ~(1u << f)), cause, now);
}

void lb__due(struct lb *lb, struct lb_member *m, clock_us_t at)
{
	if (at < m->due)
		m->due = at;
	if (at < lb->due)
		lb->due = at;
}

/* ---- slow start ---- */

void lb__share(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	uint64_t full = (uint64_t)m->slow_start_ms * CLOCK_US_PER_MS, gone = now - m->up_at;

	m->share = m->weight * LB_ONE;
	if (m->up_at == 0)
		return;
	if (gone >= full) {
		m->up_at = 0;
		return;
	}
	m->share = (uint32_t)(m->share * (full + (FIRST - 1) * gone) / (FIRST * full));
	m->share += m->share == 0 && m->weight > 0;
	lb__due(lb, m, now + full / STEPS + 1);
}

void lb__slow_start(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	m->up_at = m->slow_start_ms ? now : 0;
	lb__share(lb, m, now);
}

/* ---- time ---- */

void lb__expire(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	m->due = UINT64_MAX;
	if (m->facts & LB_IS(HELD)) {
		if (now >= m->hold_until)
			lb__fact_clear(lb, m, LB_FACT_HELD, "hold is over", now);
		else
			lb__due(lb, m, m->hold_until);
	}
	if (m->facts & LB_IS(EJECTED)) {
		if (now >= m->live.eject_until)
			lb__fact_clear(lb, m, LB_FACT_EJECTED, "ejection is over", now);
		else
			lb__due(lb, m, m->live.eject_until);
	}
	if (m->facts & LB_IS(THROTTLED))
		lb__throttle_expire(lb, m, now);
	if (m->up_at)
		lb__share(lb, m, now);
}
