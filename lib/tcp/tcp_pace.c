/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pacing: packets leave at the rate that congestion control says, not in heaps of a window. A
 * connection whose time has not come waits on the fine wheel instead of the output list. What one
 * poll may send at once is the rate's share of BURST_US, at least two segments.
 */
#include "tcp/tcp_priv.h"

#define BURST_US 1000

static uint32_t ticks(clock_us_t us)
{
	return (uint32_t)(us / TCP_PACE_US);
}

/* Bytes a second; 0: as fast as it goes. */
static uint64_t pacing_rate(const struct tcp_conn *c)
{
	const struct tcp_cc_ops *cc = tcp__cc[c->cc];
	uint64_t rate = cc->pacing_rate ? cc->pacing_rate(c) : 0;

	if (rate || !c->srtt)
		return rate;
	/* above what the window needs, or pacing would be the limit: 1.2 times; twice in slow
	 * start, which doubles, and for what follows a pause, as an answer does: it shall not be
	 * late by a whole round trip */
	rate = (uint64_t)c->cwnd * CLOCK_US_PER_S / c->srtt;
	return c->cwnd < c->ssthresh / 2 || c->flight->is_app_limited ? 2 * rate : rate * 6 / 5;
}

/* May c send a packet now? If not, it will be dirty when it may. */
bool tcp__pace_allows(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (!f || f->pace_at <= t->now_us)
		return true;
	if (!wheel_armed(&f->pace))
		wheel_arm(&t->pace, &f->pace, ticks(f->pace_at) + 1);
	return false;
}

/* c sent so many bytes of payload. */
void tcp__pace_sent(struct tcp *t, struct tcp_conn *c, uint32_t bytes)
{
	struct tcp_flight *f = c->flight;
	uint64_t rate = pacing_rate(c), burst, due;

	if (!rate)
		return;
	burst = 2 * (uint64_t)tcp__payload_max(c) * CLOCK_US_PER_S / rate;
	if (burst < BURST_US)
		burst = BURST_US;
	if (burst > t->now_us)
		burst = t->now_us;
	if (f->pace_at < t->now_us - burst) {
		f->pace_at = t->now_us - burst;
		f->pace_rest = 0;
	}
	due = (uint64_t)bytes * CLOCK_US_PER_S + f->pace_rest % rate;
	f->pace_at += due / rate;
	f->pace_rest = due % rate;
}

/* Those whose time has come are dirty again. */
void tcp__pace_tick(struct tcp *t, uint32_t budget)
{
	struct list due, *l;

	list_init(&due);
	wheel_run(&t->pace, ticks(t->now_us), budget, &due);
	while ((l = list_take(&due)) != NULL)
		tcp__dirty(t, container_of_list(l, struct tcp_flight, pace.link)->conn);
}

uint32_t tcp_next_pace(const struct tcp *t, uint32_t max, clock_us_t now)
{
	uint32_t us;

	if (!t->pace.armed)
		return max;
	us = wheel_next(&t->pace, ticks(now), max / TCP_PACE_US) * TCP_PACE_US;
	return us < max ? us : max;
}
