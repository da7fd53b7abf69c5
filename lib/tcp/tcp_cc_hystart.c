/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++, RFC 9406 4.2: leaves the initial slow start when the round trips grow longer, before
 * the queue overflows.
 *
 *   slow start --(least RTT of a group grew by a threshold)--> conservative slow start (CSS)
 *   CSS --(least RTT of a group below the baseline)--> slow start
 *   CSS --(CSS_ROUNDS rounds; least RTT of a group grew by the threshold again)-->
 *       congestion avoidance: ssthresh = cwnd
 *
 * L is infinity: every flight is paced.
 *
 * RFC SAYS the least RTT of a round so far is compared, once it has N_RTT_SAMPLE samples, and CSS
 * lasts CSS_ROUNDS rounds. WE DO otherwise for a bulk transfer, which had unsent data all the time
 * of this round and the one before:
 * - The least of each N_RTT_SAMPLE samples in a row is compared. A round's first samples are of
 *   packets that met no queue yet, so its own least hides a queue that grows within it until the
 *   next round, and by then the window has doubled once more: with 80 ms and a queue of one BDP
 * that alone overflowed it by 1240 packets.
 * - CSS, in which the window may still grow threefold, ends when the delay has grown as much once
 *   more, for then it is a queue and no jitter.
 * Short transfers keep the RFC's caution: the queue that they see is others' bursts, and left early
 * they would not reach their size for seconds.
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
	h->rtt = h->group_rtt = 0;
	h->samples = 0;
	h->last_bulk = h->bulk;
	h->bulk = true;
	h->running = true;
}

static void least(uint32_t *of, uint32_t rtt_us)
{
	if (*of == 0 || rtt_us < *of)
		*of = rtt_us;
}

/* Are round trips longer than that? 0: nothing to compare with. */
static bool delay_grew(uint32_t rtt, uint32_t since)
{
	uint32_t thresh = since / MIN_RTT_DIVISOR;

	thresh = RTE_MAX(MIN_RTT_THRESH, RTE_MIN(thresh, MAX_RTT_THRESH));
	return since && rtt >= since + thresh;
}

/* A group is complete. A partial round in which CSS began counts as one (4.2). True: CSS ends. */
static bool state_update(struct tcp_hystart *h)
{
	bool bulk = h->bulk && h->last_bulk;
	uint32_t rtt = bulk ? h->group_rtt : h->rtt;

	if (h->css_rounds == 0) {
		h->css_rounds = delay_grew(rtt, h->last_rtt);
		h->css_rtt = rtt;
	} else if (rtt < h->css_rtt) {
		h->css_rounds = 0; /* it was jitter */
	} else {
		return bulk && delay_grew(rtt, h->css_rtt);
	}
	return false;
}

/* True: CSS ends. */
static bool rtt_add(struct tcp_hystart *h, uint32_t rtt_us)
{
	bool ends;

	if (rtt_us == 0)
		return false;
	least(&h->rtt, rtt_us);
	least(&h->group_rtt, rtt_us);
	if (++h->samples < N_RTT_SAMPLE)
		return false;
	ends = state_update(h);
	h->group_rtt = 0;
	h->samples = 0;
	return ends;
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
	h->bulk &= c->nxt_seg != NULL;
	tcp__cc_slow_start(c, delivered / (h->css_rounds ? CSS_GROWTH_DIVISOR : 1), UINT32_MAX);
	if (rtt_add(h, rtt_us))
		c->ssthresh = c->cwnd;
}
