/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of the link: chance, then the bottleneck and its queue, then delay.
 *
 *	in -> lost? -> hole? -> down? -> queue full? mark? -> rate -> delay -> stuck -> late? -> out
 *
 * The queue is a number: a packet leaves when all before it have left at the rate, so what waits
 * is the time until then.
 */
#include <math.h>

#include "sim.h"

#define NS_US   1000ull
#define NS_S    1000000000ull
#define THIN_US 10000 /* where ACKs are thinned out: one that is this late is not */
#define SYN_US  (3 * SIM_S)
#define UNIFORM (1.0 / 18446744073709551616.0)

/* splitmix64 (Steele, Lea and Flood 2014) */
static uint64_t mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return x ^ x >> 31;
}

bool sim_way_loses(uint64_t loss_seed, uint64_t i, uint32_t of_10000)
{
	return mix(loss_seed ^ mix(i)) % PER_10000 < of_10000;
}

/* Is `now` in one of its times? Then *end is when that is over. */
static bool in_spell(const struct sim_spell *p, uint64_t now, uint64_t *end)
{
	uint64_t begin = p->first;

	if (!p->lasts || now < begin)
		return false;
	if (p->every)
		begin += (now - begin) / p->every * p->every;
	*end = begin + p->lasts;
	return now < *end;
}

/* Gilbert and Elliott's two states, each left after a time without memory. */
static bool in_burst(struct sim *s, const struct sim_way *w, struct sim_pipe *p)
{
	if (!w->bad_us)
		return false;
	while (p->state_until <= s->now) {
		double u = ((double)rand_next(&s->rnd) + 1) * UNIFORM;

		p->bad = p->state_until && !p->bad; /* begins well */
		p->state_until += 1 + (uint64_t)(-log(u) * (p->bad ? w->bad_us : w->good_us));
	}
	return p->bad;
}

static bool lost(struct sim *s, int from, uint32_t payload, bool syn)
{
	const struct sim_way *w = &s->plan.way[from];
	struct sim_pipe *p = &s->pipe[from];
	uint32_t chance = w->loss;

	if (in_burst(s, w, p) && sim_chance(s, w->bad_loss))
		return true;
	if (w->loss_seed && payload)
		return sim_way_loses(w->loss_seed, p->data - 1, w->loss);
	if (w->loss_seed && syn)
		return false;
	if (syn && s->now < SYN_US)
		chance += w->syn_loss;
	else if (!payload && s->now < p->sent_at + THIN_US)
		chance += w->ack_loss;
	return sim_chance(s, chance);
}

/* Into the queue: false when it is full. *left: when the last bit is out, us. */
static bool enqueue(struct sim *s, int from, uint32_t bytes, bool ect, struct sim_fate *f)
{
	const struct sim_way *w = &s->plan.way[from];
	struct sim_pipe *p = &s->pipe[from];
	uint64_t now = s->now * NS_US, waits;

	f->at[0] = s->now;
	if (!w->rate)
		return true;
	if (p->busy_ns < now)
		p->busy_ns = now;
	waits = (p->busy_ns - now) * w->rate / NS_S;
	if (waits + bytes > w->queue)
		return false;
	if (ect && w->mark && waits > w->mark) {
		f->ce = true;
		p->marked++;
	}
	p->busy_ns += bytes * NS_S / w->rate;
	f->at[0] = (p->busy_ns + NS_US - 1) / NS_US;
	return true;
}

/* The time of arrival of what left the queue at `at`. */
static uint64_t arrival(struct sim *s, int from, uint64_t at, uint32_t payload)
{
	const struct sim_way *w = &s->plan.way[from];
	struct sim_pipe *p = &s->pipe[from];
	uint64_t end;

	if (in_spell(&w->stuck, at, &end))
		at = end;
	at += w->delay_us + (w->jitter_us ? rand_below(&s->rnd, w->jitter_us) : 0);
	if (w->gather && !payload)
		at += w->gather - at % w->gather;
	if (w->keep_order) {
		if (at < p->last_at)
			at = p->last_at;
		p->last_at = at;
	}
	if (sim_chance(s, w->reorder)) {
		at += sim_between(s, 1, w->reorder_us);
		p->late++;
	}
	return at;
}

static const char *dropped(struct sim *s, int from, uint32_t len, uint32_t payload, bool syn,
	bool ect, struct sim_fate *f)
{
	const struct sim_way *w = &s->plan.way[from];
	uint32_t bytes = len + (s->plan.v6 ? 40 : 20);
	uint64_t end;

	if (lost(s, from, payload, syn))
		return "lost";
	if (bytes > w->hole_mtu && in_spell(&w->hole, s->now, &end))
		return "hole";
	if (in_spell(&w->down, s->now, &end))
		return "down";
	return enqueue(s, from, bytes, ect, f) ? NULL : "full";
}

struct sim_fate sim_way_pass(
	struct sim *s, int from, uint32_t len, uint32_t payload, bool syn, bool ect)
{
	const struct sim_way *w = &s->plan.way[from];
	struct sim_pipe *p = &s->pipe[from];
	struct sim_fate f = {.what = "sent", .at = {SIM_NEVER, SIM_NEVER}};
	const char *why;
	uint64_t left;

	p->pkts++;
	p->bytes += payload;
	p->data += payload > 0;
	why = dropped(s, from, len, payload, syn, ect, &f);
	p->burst = p->sent_at == s->now ? p->burst + payload : payload;
	p->burst_max = RTE_MAX(p->burst_max, p->burst);
	p->sent_at = s->now;
	if (why) {
		f.what = why;
		f.at[0] = SIM_NEVER;
		p->lost++;
		return f;
	}
	left = f.at[0];
	f.at[0] = arrival(s, from, left, payload);
	if (sim_chance(s, w->dup))
		f.at[1] = arrival(s, from, left, payload);
	for (int i = 0; i < 2; i++)
		if (f.at[i] != SIM_NEVER && sim_chance(s, w->corrupt))
			f.flip[i] = 1 + rand_below(&s->rnd, 8 * len);
	return f;
}
