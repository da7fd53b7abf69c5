/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Receive autotuning (dynamic right-sizing, Fisk and Feng 2001): how much we hold for the owner
 * follows what the owner takes. In each round, at least one RTT long:
 *
 *   want = 2 * bytes that the owner took, scaled from the round's length to one RTT
 *
 * and what grew in this round goes on growing in the next, so that the window stays ahead of a
 * sender in slow start. rcv_limit begins small and only grows, to the configured limit at most: a
 * window once announced stays. A reader slower than its sender never takes half a window in an RTT
 * and gets no more. Under pressure nobody gets more.
 */
#include "tcp/tcp_priv.h"

#define START_LIMIT   131072u /* bytes */
#define START_SCARCE  65535u  /* under pressure; a SYN-ACK has announced as much */
#define RTT_UNKNOWN   100000u /* us: no timestamps, and nothing of ours was acknowledged yet */
#define RTT_COARSE_US 2000u   /* below, srtt is better than a millisecond's timestamps */

/* What the window scale can express of the configured limit. */
static uint32_t most(const struct tcp *t, const struct tcp_conn *c)
{
	return RTE_MIN(t->cfg.rcv_limit, (uint32_t)UINT16_MAX << c->rcv_wscale);
}

static void round_begin(struct tcp *t, struct tcp_conn *c)
{
	c->drs_us = (uint32_t)t->now_us ? (uint32_t)t->now_us : 1; /* 0: not begun */
	c->drs_seq = c->rcv_nxt - c->rx.bytes;
}

/* The connection is synchronized: what its receiving side begins with. */
void tcp__rcv_start(struct tcp *t, struct tcp_conn *c)
{
	c->quick = TCP_QUICK_ACKS;
	c->rcv_limit = RTE_MIN(most(t, c), t->pressure ? START_SCARCE : START_LIMIT);
	round_begin(t, c);
}

/* How long ago we sent what made the peer send s, us: never below the RTT, above it where the peer
 * had nothing to send. */
static uint32_t rtt_sample(const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t ms;

	if (!(c->flags & TCP_F_TS) || !s->opt.has_ts)
		return c->srtt ? c->srtt : RTT_UNKNOWN;
	ms = tcp__ts_now(t, c) - s->opt.ts_ecr;
	if (ms > TCP_RTO_MAX_MS) /* not from our clock */
		return c->srtt ? c->srtt : RTT_UNKNOWN;
	ms = RTE_MAX(ms, 1u);
	return c->srtt && ms * 1000 <= RTT_COARSE_US ? RTE_MIN(c->srtt, ms * 1000) : ms * 1000;
}

/* Down at once, up slowly: samples err upwards. */
static void rtt_update(struct tcp_conn *c, uint32_t us)
{
	if (!c->rcv_rtt || us < c->rcv_rtt)
		c->rcv_rtt = us;
	else
		c->rcv_rtt = RTE_MIN(us, c->rcv_rtt + c->rcv_rtt / 16 + 1);
}

/* s brought bytes in order: a round may end. */
void tcp__drs_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t elapsed = (uint32_t)t->now_us - c->drs_us, took;
	uint64_t want;

	if (c->rcv_limit == most(t, c) || (int32_t)elapsed < (int32_t)c->rcv_rtt)
		return;
	rtt_update(c, rtt_sample(t, c, s));
	if (elapsed < c->rcv_rtt)
		return;
	took = c->rcv_nxt - c->rx.bytes - c->drs_seq;
	want = 2ull * took * c->rcv_rtt / RTE_MAX(elapsed, 1u);
	if (want > c->rcv_limit && !t->pressure) {
		want += 2 * (want - c->rcv_limit);
		c->rcv_limit = (uint32_t)RTE_MIN(want, (uint64_t)most(t, c));
	}
	round_begin(t, c);
}
