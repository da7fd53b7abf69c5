/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What live traffic says of a member:
 *
 *	eject-errors failures in a row         EJECTED for eject-time, twice as long if that was
 *	                                       soon after the last one, at most eject-time-max
 *	as many of writes, with reads between  WEDGED until a write succeeds; one a while is tried
 *	latency over slow-factor x median      SLOW until below half of that; one request each
 *	                                       PROBE_US is tried, or it would never be known
 *
 * A 4xx is no failure, nor is a SlowDown. At most eject-limit percent of a pool are down or wedged
 * by this; checks are not bound by it.
 */
#include "lb/lb_priv.h"

#define EVALUATE_US (250 * CLOCK_US_PER_MS)
#define ROUNDS      4u /* evaluations in a row that agree, each with answers, */
#define SAMPLES     8u /* and so many answers: a machine that stood still is not slow */
#define ROUNDS_BACK 2u
#define SLOW_MIN_US 2000u /* who answers sooner is not slow, whatever the others do */
#define PROBE_US    (500 * CLOCK_US_PER_MS)

static clock_us_t ms(uint32_t v)
{
	return (clock_us_t)v * CLOCK_US_PER_MS;
}

/* May one more of p be taken down? Of two at least one may, the last one never. */
static bool may_take_down(const struct lb_pool *p)
{
	unsigned n = 0, down = 0, most;

	for (unsigned i = 0; i < p->n; i++) {
		n += !(p->member[i]->facts & LB_NEVER);
		down += (p->member[i]->facts & (LB_IS(EJECTED) | LB_IS(WEDGED))) != 0;
	}
	most = n * p->conf->eject_limit / 100;
	if (most == 0 && p->conf->eject_limit > 0)
		most = 1;
	return down < most && down + 1 < n;
}

static void eject(struct lb *lb, struct lb_pool *p, struct lb_member *m, clock_us_t now)
{
	struct lb_live *l = &m->live;
	clock_us_t length = ms(p->conf->eject_ms), most = ms(p->conf->eject_max_ms);

	l->failures = 0;
	if (m->facts & LB_IS(EJECTED))
		return;
	if (!may_take_down(p)) {
		m->stat[LB_STAT_ejections_refused]++;
		return;
	}
	if (l->eject_until == 0 || now - l->eject_until > most)
		l->ejections = 0;
	for (unsigned i = 0; i < l->ejections && length < most; i++)
		length *= 2;
	if (length < most)
		l->ejections++;
	else
		length = most;
	l->eject_until = now + length;
	m->stat[LB_STAT_ejections]++;
	lb__fact_set(lb, m, LB_FACT_EJECTED, "requests failed in a row", now);
	lb__due(lb, m, l->eject_until);
}

static void wedge(struct lb *lb, struct lb_pool *p, struct lb_member *m, clock_us_t now)
{
	struct lb_live *l = &m->live;

	l->write_failures = l->reads = 0;
	if (m->facts & LB_IS(WEDGED)) {
		if (!l->probing)
			return; /* it was under way before */
		l->probing = false;
		l->wedge_us *= 2;
	} else if (may_take_down(p)) {
		l->wedge_us = ms(p->conf->eject_ms);
		m->stat[LB_STAT_wedges]++;
		lb__fact_set(lb, m, LB_FACT_WEDGED, "writes failed, reads did not", now);
	} else {
		m->stat[LB_STAT_ejections_refused]++;
		return;
	}
	if (l->wedge_us > ms(p->conf->eject_max_ms))
		l->wedge_us = ms(p->conf->eject_max_ms);
	l->probe_at = now + l->wedge_us;
}

void lb__live_failure(
	struct lb *lb, struct lb_pool *p, struct lb_member *m, bool writes, clock_us_t now)
{
	struct lb_live *l = &m->live;
	uint32_t most = p->conf->eject_errors;

	lb__tail_punish(m, now);
	if (most == 0)
		return;
	if (writes && (++l->write_failures >= most || m->facts & LB_IS(WEDGED)) &&
		(l->reads > 0 || m->facts & LB_IS(WEDGED)))
		wedge(lb, p, m, now);
	if (++l->failures >= most)
		eject(lb, p, m, now);
}

void lb__live_success(
	struct lb *lb, struct lb_pool *p, struct lb_member *m, bool writes, clock_us_t now)
{
	struct lb_live *l = &m->live;

	l->failures = 0;
	if (writes) {
		l->write_failures = l->reads = 0;
		lb__fact_clear(lb, m, LB_FACT_WEDGED, "a write succeeded", now);
	} else if (l->write_failures > 0 && l->reads < UINT16_MAX) {
		l->reads++;
	}
}

/* ---- the slow ---- */

/* The lower median of the members that may be chosen: of two, the better one. 0: nobody. */
static uint32_t median(const struct lb_pool *p)
{
	uint32_t v[CONF_MEMBERS_MAX];
	unsigned n = 0, at;

	for (unsigned i = 0; i < p->n; i++) {
		uint32_t ratio = p->member[i]->ratio;

		if (p->member[i]->facts & (LB_NEVER | LB_IS_DOWN))
			continue;
		for (at = n++; at > 0 && v[at - 1] > ratio; at--)
			v[at] = v[at - 1];
		v[at] = ratio;
	}
	return n ? v[(n - 1) / 2] : 0;
}

/* Does a slow one answer like the others, or one that was not far later? Half of the factor ends
 * it, but never better than the others are. */
static bool differs(const struct lb_pool *p, const struct lb_member *m)
{
	uint64_t factor = p->conf->slow_factor, usual = p->learned->median;

	if (m->facts & LB_IS(SLOW))
		return 2ull * m->ratio <= (factor > 3 ? factor : 3) * usual ||
		       m->wait < SLOW_MIN_US;
	return factor > 0 && m->ratio > factor * usual && m->wait >= SLOW_MIN_US;
}

/* And for long enough to believe it? A round without an answer says nothing. */
static bool turns(const struct lb_pool *p, struct lb_member *m)
{
	struct lb_live *l = &m->live;

	if (l->samples == 0)
		return false;
	if (!differs(p, m)) {
		l->slow_rounds = 0;
		l->slow_samples = 0;
		return false;
	}
	l->slow_rounds++;
	l->slow_samples += l->samples;
	return m->facts & LB_IS(SLOW) ? l->slow_rounds >= ROUNDS_BACK
				      : l->slow_rounds >= ROUNDS && l->slow_samples >= SAMPLES;
}

static void turn(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	m->live.slow_rounds = 0;
	m->live.slow_samples = 0;
	if (m->facts & LB_IS(SLOW)) {
		lb__fact_clear(lb, m, LB_FACT_SLOW, "as fast as the others again", now);
		return;
	}
	m->stat[LB_STAT_slows]++;
	m->live.probe_at = now + PROBE_US;
	lb__fact_set(lb, m, LB_FACT_SLOW, "far slower than the others", now);
}

void lb__evaluate_soon(struct lb *lb, struct lb_pool *p, clock_us_t now)
{
	p->learned->evaluate_at = now + EVALUATE_US;
	if (p->learned->evaluate_at < lb->due)
		lb->due = p->learned->evaluate_at;
}

void lb__evaluate(struct lb *lb, struct lb_pool *p, clock_us_t now)
{
	p->learned->median = median(p);
	for (unsigned i = 0; i < p->n; i++) {
		struct lb_member *m = p->member[i];
		struct lb_live *l = &m->live;

		if (turns(p, m))
			turn(lb, m, now);
		/* what nobody heard of lately is forgotten; a slow one is asked */
		if (l->samples == 0 && !(m->facts & LB_IS(SLOW)))
			m->ratio = (7 * m->ratio + LB_ONE) / 8;
		l->samples = 0;
	}
	p->learned->evaluate_at = UINT64_MAX; /* the next sample asks for it */
}

bool lb__probe_due(const struct lb_member *m, bool writes, clock_us_t now)
{
	uint16_t fact = writes ? LB_IS(WEDGED) | LB_IS(SLOW) : LB_IS(SLOW);

	return m->facts & fact && !(m->facts & (LB_NEVER | LB_IS_DOWN)) &&
	       !(writes && m->facts & LB_IS(HALF)) && now >= m->live.probe_at;
}

void lb__probe_taken(struct lb_member *m, bool writes, clock_us_t now)
{
	struct lb_live *l = &m->live;

	l->probing = writes && m->facts & LB_IS(WEDGED);
	l->probe_at = now + (l->probing ? l->wedge_us : PROBE_US);
	m->stat[LB_STAT_probes]++;
}
