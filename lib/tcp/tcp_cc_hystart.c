/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++, RFC 9406 4.2: leaves the initial slow start when the round trips grow longer, before
 * the queue overflows.
 *
 *   slow start --(least RTT of a round grew by a threshold)--> conservative slow start (CSS)
 *   CSS --(least RTT of a round below the baseline)--> slow start
 *   CSS --(CSS_ROUNDS rounds)--> congestion avoidance: ssthresh = cwnd
 *
 * L is infinity: every flight is paced.
 */
#include "tcp/tcp_cc.h"

/* RFC 9406 4.3 */
#define MIN_RTT_THRESH     4000u
#define MAX_RTT_THRESH     16000u
#define MIN_RTT_DIVISOR    8
#define N_RTT_SAMPLE       8
#define CSS_GROWTH_DIVISOR 4
#define CSS_ROUNDS         5

static void round_begin(struct tcp_hystart *h, const struct tcp_conn *c)
{
	h->round_end = c->snd_nxt;
	h->last_rtt = h->rtt;
	h->rtt = 0;
	h->samples = 0;
	h->running = true;
}

static void rtt_add(struct tcp_hystart *h, uint32_t rtt_us)
{
	if (rtt_us == 0)
		return;
	if (h->rtt == 0 || rtt_us < h->rtt)
		h->rtt = rtt_us;
	if (h->samples < UINT8_MAX)
		h->samples++;
}

/* Has this round seen enough, and is it longer than the one before? */
static bool delay_grew(const struct tcp_hystart *h)
{
	uint32_t thresh = h->last_rtt / MIN_RTT_DIVISOR;

	thresh = RTE_MAX(MIN_RTT_THRESH, RTE_MIN(thresh, MAX_RTT_THRESH));
	return h->samples >= N_RTT_SAMPLE && h->last_rtt && h->rtt >= h->last_rtt + thresh;
}

/* A partial round in which CSS began counts as one (4.2). */
static void state_update(struct tcp_hystart *h)
{
	if (h->css_rounds == 0 && delay_grew(h)) {
		h->css_rtt = h->rtt;
		h->css_rounds = 1;
	} else if (h->css_rounds && h->samples >= N_RTT_SAMPLE && h->rtt < h->css_rtt) {
		h->css_rounds = 0; /* it was jitter */
	}
}

void tcp__hystart_ack(
	struct tcp_hystart *h, struct tcp_conn *c, uint32_t delivered, uint32_t rtt_us)
{
	if (!h->running) {
		round_begin(h, c);
	} else if (seq_gt(c->snd_una, h->round_end)) { /* the ACK of its last byte is the round's */
		if (h->css_rounds && h->css_rounds++ == CSS_ROUNDS) {
			c->ssthresh = c->cwnd;
			return;
		}
		round_begin(h, c);
	}
	tcp__cc_slow_start(c, delivered / (h->css_rounds ? CSS_GROWTH_DIVISOR : 1), UINT32_MAX);
	rtt_add(h, rtt_us);
	state_update(h);
}
