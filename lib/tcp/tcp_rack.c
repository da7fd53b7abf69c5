/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RACK-TLP (RFC 8985): time decides what is lost. A run is lost when one that left later has
 * arrived, and the reordering window has passed since it should have. Where nothing comes back at
 * all, a probe of the tail makes the peer tell what it has.
 *
 *   rack_us, rack_end, rack_rtt   of the delivered run that was sent last
 *   reordering window             0 until reordering was seen and losses are being found; else
 *                                 reo_mult min_rtt/4, at most srtt. D-SACK widens it (reo_mult), 16
 *                                 recoveries without D-SACK narrow it again
 *   t_reorder                     when the window of what is still missing ends, ms; 0: nothing is
 * Needs SACK; without it duplicate ACKs count (tcp_recovery.c).
 */
#include "tcp/tcp_priv.h"

#define MIN_RTT_MS    300000 /* a smaller one is believed for so long */
#define REO_PERSIST   16     /* RFC 8985 6.2: recoveries that a widened window lasts */
#define TLP_NO_RTT_US (1000 * CLOCK_US_PER_MS)
#define TLP_DELACK_MS 200 /* of a peer that has one segment only to acknowledge */
#define TLP_SLACK_MS  2

/* Did a leave later than b? Of the same time, the higher numbers did (RFC 8985 6.2
 * RACK_sent_after).
 */
static bool sent_after(uint32_t us_a, uint32_t end_a, uint32_t us_b, uint32_t end_b)
{
	return seq_gt(us_a, us_b) || (us_a == us_b && seq_gt(end_a, end_b));
}

static void min_rtt_update(struct tcp *t, struct tcp_flight *f, uint32_t us)
{
	if (us > f->min_rtt && t->now_ms - f->min_rtt_ms < MIN_RTT_MS)
		return;
	f->min_rtt = us;
	f->min_rtt_ms = t->now_ms;
}

/* 6.2 steps 1 to 3: what arrived last, and whether it was reordered. */
void tcp__rack_update(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	const struct tcp_run *r = &d->last;
	uint32_t age = (uint32_t)t->now_us - r->sent_us;

	f->reordering |= d->reordered;
	if (r->again) {
		/* it may be the first copy that arrived: sooner than any, or before this one left
		 */
		if (age < f->min_rtt ||
			(seq_leq(r->end, s->ack) &&
				tcp__echo_before(
					t, c, s, (uint32_t)((t->now_us - age) / CLOCK_US_PER_MS))))
			return;
	} else {
		min_rtt_update(t, f, age ? age : 1);
	}
	f->rack_rtt = age;
	if (!sent_after(r->sent_us, r->end, f->rack_us, f->rack_end))
		return;
	f->rack_us = r->sent_us;
	f->rack_end = r->end;
}

/* 6.2 step 4: a duplicate arrived, so something was sent again in vain: be more patient, once a
 * round trip. */
void tcp__rack_dsack(struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (seq_lt(c->snd_una, f->reo_round))
		return;
	/* with nothing in flight: until something new is acknowledged */
	f->reo_round = c->snd_nxt + (c->snd_una == c->snd_nxt);
	f->reo_persist = REO_PERSIST;
	if (f->reo_mult < UINT8_MAX)
		f->reo_mult++;
}

/* The reordering window, us. */
uint32_t tcp__rack_reo_wnd(const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint64_t wnd;

	if (!f->reordering &&
		(f->ca != TCP_CA_OPEN ||
			f->bytes[TCP_RUN_SACKED] > (TCP_DUP_THRESH - 1) * tcp__payload_max(c)))
		return 0;
	wnd = f->min_rtt == UINT32_MAX ? 0 : (uint64_t)f->reo_mult * f->min_rtt / 4;
	return wnd < c->srtt ? (uint32_t)wnd : c->srtt;
}

/* 6.2 step 5: take for lost what is. Bytes; where some may be later, the timer will look again. */
uint32_t tcp__rack_detect(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	uint32_t wait = f->rack_rtt + tcp__rack_reo_wnd(c), before = f->bytes[TCP_RUN_LOST];
	struct tcp_run *r = tcp__run_first(t, f, TCP_RUN_OUT), *next;

	f->t_reorder = 0;
	for (; r && sent_after(f->rack_us, f->rack_end, r->sent_us, r->end); r = next) {
		int32_t left = seq_diff(r->sent_us + wait, (uint32_t)t->now_us);

		next = tcp__run_next(t, r);
		if (left > 0) {
			/* those that follow left later */
			f->t_reorder =
				tcp__deadline(t->now_ms, (uint32_t)left / CLOCK_US_PER_MS + 1);
			break;
		}
		tcp__run_lose(t, f, r);
	}
	return f->bytes[TCP_RUN_LOST] - before;
}

/* 7.2: how long to wait for an ACK before the tail is probed, ms; 0: no probe. */
uint32_t tcp__tlp_timeout(const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint32_t us = c->srtt ? 2 * c->srtt : (uint32_t)TLP_NO_RTT_US, ms;

	if (!(c->flags & TCP_F_SACK) || f->ca != TCP_CA_OPEN || f->tlp || f->tlp_due ||
		f->bytes[TCP_RUN_SACKED] || c->backoff || c->snd_wnd == 0)
		return 0;
	ms = us / CLOCK_US_PER_MS + 1;
	ms += f->bytes[TCP_RUN_OUT] <= tcp__payload_max(c) ? TLP_DELACK_MS : TLP_SLACK_MS;
	return ms < c->rto ? ms : 0;
}

/* 7.4.2: the first block of s is a D-SACK. True: it is the probe's. Then nothing was lost, and it
 * says nothing of the reordering window: a probe does not wait for that. */
bool tcp__tlp_dsack(struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_flight *f = c->flight;

	if (!f->tlp || !f->tlp_again || s->opt.sack[0].end != f->tlp_end)
		return false;
	f->tlp = false;
	return true;
}

/* 7.4: an ACK while a probe is out. What it repaired silently was a loss all the same. */
void tcp__tlp_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;

	if (d->advanced || d->sack_news)
		f->tlp_due = false;
	if (!f->tlp || seq_lt(c->snd_una, f->tlp_end))
		return;
	if (!f->tlp_again) {
		f->tlp = false; /* it was new data */
	} else if (seq_gt(c->snd_una, f->tlp_end)) {
		f->tlp = false;
		if (f->ca == TCP_CA_OPEN)
			tcp__recovery_reduce(t, c, false);
	} else if (d->dup && !d->sack_news) {
		f->tlp = false; /* a second ACK of the same: both copies, without D-SACK */
	}
}
