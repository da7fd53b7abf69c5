/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DCTCP, RFC 8257: the window shrinks by as much as the path marks. Growth and losses are
 * NewReno's. For data centres: the peer must echo CE as 3.2 has it, and the switches must mark.
 */
#include "tcp/tcp_cc.h"

#define ALPHA_ONE (1u << 20)
#define G_SHIFT   4 /* g = 1/16 (4.2) */

struct dctcp {
	uint32_t alpha;      /* part of the bytes that is marked, of ALPHA_ONE */
	uint32_t window_end; /* snd_nxt when this observation window began */
	uint32_t acked;      /* bytes in it, and how many of them marked */
	uint32_t marked;
	uint32_t reno_acked; /* RFC 3465 */
};
TCP_CC_FITS(struct dctcp);

static struct dctcp *state(const struct tcp_conn *c)
{
	return (struct dctcp *)c->flight->cc;
}

/* 3.3: alpha begins at 1, so that the first mark halves. */
static void dctcp_init(struct tcp_conn *c, uint32_t now_us)
{
	*state(c) = (struct dctcp){.alpha = ALPHA_ONE, .window_end = c->snd_nxt};
}

/* 3.3 (3) to (7), once a window of data */
static void alpha_update(struct dctcp *d, const struct tcp_conn *c, const struct tcp_sample *s)
{
	uint64_t marked;

	d->acked += s->delivered;
	d->marked += s->ece ? s->delivered : 0;
	if (seq_leq(c->snd_una, d->window_end) || d->acked == 0)
		return;
	marked = ((uint64_t)d->marked << (20 - G_SHIFT)) / d->acked;
	d->alpha = (uint32_t)RTE_MIN(d->alpha - (d->alpha >> G_SHIFT) + marked, ALPHA_ONE);
	d->window_end = c->snd_nxt;
	d->acked = 0;
	d->marked = 0;
}

static void dctcp_on_ack(struct tcp_conn *c, const struct tcp_sample *s)
{
	struct dctcp *d = state(c);

	alpha_update(d, c, s);
	if (s->limited && !s->ece)
		tcp__reno_grow(c, &d->reno_acked, s);
}

/* 3.5: losses as without DCTCP */
static uint32_t dctcp_on_loss(struct tcp_conn *c, uint32_t now_us)
{
	state(c)->reno_acked = 0;
	return tcp__reno_ssthresh(c);
}

/* 3.3 (9): cwnd * (1 - alpha / 2) */
static uint32_t dctcp_on_ecn(struct tcp_conn *c, uint32_t now_us)
{
	uint64_t cut = (uint64_t)c->cwnd * state(c)->alpha / (2 * ALPHA_ONE);

	state(c)->reno_acked = 0;
	return tcp__cc_floor(c, c->cwnd - (uint32_t)cut);
}

const struct tcp_cc_ops tcp__cc_dctcp = {.name = "dctcp",
	.init = dctcp_init,
	.on_ack = dctcp_on_ack,
	.on_loss = dctcp_on_loss,
	.on_ecn = dctcp_on_ecn,
	.l4s = true};
