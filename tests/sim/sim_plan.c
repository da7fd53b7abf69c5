/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a seed decides. Each property has a chance of its own, so that most seeds have a few of them
 * and all pairs meet within some hundred seeds; what the ends are like is drawn for all.
 */
#include "sim.h"

uint32_t sim_between(struct sim *s, uint32_t lo, uint32_t hi)
{
	uint32_t span = hi / lo, top = lo;

	for (uint32_t bits = 32 - (uint32_t)__builtin_clz(span); bits > 0 && top < hi; bits--)
		if (rand_below(&s->rnd, bits + 1))
			top = top > hi / 2 ? hi : top * 2;
		else
			break;
	return lo + rand_below(&s->rnd, top - lo + 1);
}

static uint32_t pick(struct sim *s, const uint32_t *of, uint32_t n)
{
	return of[rand_below(&s->rnd, n)];
}
#define PICK(s, ...) pick(s, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__}) / 4)

static bool one_in(struct sim *s, uint32_t n)
{
	return rand_below(&s->rnd, n) == 0;
}

static struct sim_spell spell(struct sim *s, uint32_t longest)
{
	struct sim_spell p = {.first = sim_between(s, 1, 5 * SIM_S)};

	p.lasts = sim_between(s, 10 * SIM_MS, longest);
	p.every = one_in(s, 2) ? 30 * SIM_S + p.lasts : 0;
	return p;
}

static void draw_delay(struct sim *s, struct sim_way *w, uint32_t delay_us)
{
	w->delay_us = delay_us;
	w->jitter_us = delay_us / PICK(s, 1, 10, 1000);
	w->keep_order = PICK(s, 0, 1);
	w->reorder = PICK(s, 0, 0, 100, 1000);
	w->reorder_us = one_in(s, 2) ? delay_us / 2 + 1 : 4 * delay_us + 1;
	w->dup = PICK(s, 0, 0, 0, 100, 1000);
	if (one_in(s, 8))
		w->stuck = spell(s, 5 * SIM_S);
}

/* Never so much that five keepalive probes in a row are likely to die. */
static void draw_loss(struct sim *s, struct sim_way *w)
{
	w->syn_loss = PICK(s, 0, 0, 0, 4000);
	if (one_in(s, 8))
		w->ack_loss = PICK(s, 1000, 5000);
	if (one_in(s, 6))
		w->corrupt = PICK(s, 10, 100, 300);
	if (one_in(s, 5)) {
		w->bad_us = sim_between(s, 10, 200 * SIM_MS);
		w->good_us = w->bad_us * PICK(s, 9, 50, 300);
		w->bad_loss = PICK(s, 3000, 10000);
	}
	if (one_in(s, 10))
		w->down = spell(s, 8 * SIM_S);
	if (one_in(s, 10)) {
		w->hole = spell(s, 8 * SIM_S);
		w->hole_mtu = (uint16_t)PICK(s, 1280, 1410, s->plan.v6 ? 1280 : 576);
	}
	if (w->corrupt || w->bad_us || w->down.lasts)
		w->loss = PICK(s, 0, 10, 100);
	else
		w->loss = PICK(s, 0, 0, 10, 100, 100, 500, 1000);
}

/* A bottleneck, its queue from shallow to bloated. */
static void draw_rate(struct sim *s, struct sim_way *w)
{
	uint64_t bdp;

	if (one_in(s, 8))
		w->gather = PICK(s, 500, 5000, 20000);
	if (!one_in(s, 3))
		return;
	w->rate = PICK(s, 100000, 1000000, 12500000);
	bdp = w->rate * 2ull * w->delay_us / SIM_S;
	w->queue = (uint32_t)(bdp / PICK(s, 1, 4)) * PICK(s, 1, 1, 4) + 15000;
	w->mark = one_in(s, 2) ? w->queue / PICK(s, 2, 4, 20) : 0;
}

uint8_t sim_plan_cc(const char *name)
{
	int i = tcp_cc_find(name);

	return i < 0 ? 0 : (uint8_t)i;
}

static void draw_ends(struct sim *s, struct sim_plan *p)
{
	static const char *const cc[] = {"cubic", "cubic", "cubic", "newreno", "bbr", "dctcp"};

	p->strip = (uint8_t)PICK(s, 0, 0, 0, 0, STRIP_TS, STRIP_SACK, STRIP_WS,
		STRIP_TS | STRIP_SACK | STRIP_WS | STRIP_MSS, STRIP_SACK | STRIP_WS);
	p->conns = PICK(s, 1, 1, 1, 1, 2, 5, 40);
	p->starve = PICK(s, 0, 0, 0, 20, 200);
	for (int h = 0; h < HOSTS; h++) {
		p->mtu[h] = (uint16_t)PICK(s, 1500, 1500, 1280, p->v6 ? 1300 : 600);
		p->gso_max[h] = (uint16_t)PICK(s, 0, 0, 9000, 65000);
		p->rcv_limit[h] = PICK(s, 4096, 16384, 65535, 100000, 262144, 1048576);
		p->cc[h] = sim_plan_cc(cc[rand_below(&s->rnd, RTE_DIM(cc))]);
		p->ecn[h] = PICK(s, 0, 1);
	}
	p->bytes_max = p->conns > 1 ? 100000 : PICK(s, 2000, 100000, 1000000);
	p->chunk_max = PICK(s, 300, 5000, 65536, 65536);
	p->stall = PICK(s, 0, 0, 100, 1000);
	p->spoil = PICK(s, 0, 0, 0, 3000);
	p->isn_wrap = PICK(s, 0, 1);
	p->snd_limit = 1u << sim_between(s, 12, 18);
	/* not drawn: the others stay what they were */
	for (int h = 0; h < HOSTS; h++)
		p->lro_max[h] = (s->seed >> h) % 4 == 3 ? 61440 : 0;
}

/* Nothing but lateness, of packets from the client alone: ACKs must not be late as well, or the
 * sum is more than RTT / 4. */
static void late_only(struct sim_plan *p)
{
	uint32_t delay = p->way[CLIENT].delay_us;

	for (int h = 0; h < HOSTS; h++)
		p->way[h] = (struct sim_way){.delay_us = delay, .keep_order = true};
	p->way[CLIENT].reorder = 1000;
	p->way[CLIENT].reorder_us = delay / 2;
	p->starve = 0;
	p->strip &= (uint8_t)~STRIP_SACK;
	p->late_only = true;
}

void sim_plan_draw(struct sim *s)
{
	struct sim_plan *p = &s->plan;
	uint32_t delay_us = PICK(s, 5, 50, 500, 5000, 50000, 150000);

	p->v6 = PICK(s, 0, 1);
	p->simultaneous = one_in(s, 9);
	p->split = PICK(s, 0, 1);
	draw_ends(s, p);
	for (int h = 0; h < HOSTS; h++) {
		draw_delay(s, &p->way[h], delay_us);
		draw_loss(s, &p->way[h]);
		draw_rate(s, &p->way[h]);
	}
	if (one_in(s, 10) && delay_us >= 50)
		late_only(p);
}

bool sim_plan_lossy(const struct sim_plan *p)
{
	for (int h = 0; h < HOSTS; h++) {
		const struct sim_way *w = &p->way[h];

		if (w->loss || w->syn_loss || w->ack_loss || w->corrupt || w->bad_us || w->rate ||
			w->hole.lasts || w->down.lasts || w->stuck.lasts)
			return true;
	}
	return p->starve;
}

void sim_plan_bulk(struct sim_plan *p, uint32_t bytes, uint32_t rtt_us)
{
	*p = (struct sim_plan){.conns = 1,
		.mtu = {1500, 1500},
		.rcv_limit = {4 << 20, 4 << 20},
		.snd_limit = 4 << 20,
		.bytes_max = 1,
		.chunk_max = 65536,
		.bulk = bytes};
	for (int h = 0; h < HOSTS; h++)
		p->way[h] = (struct sim_way){.delay_us = rtt_us / 2, .keep_order = true};
}
