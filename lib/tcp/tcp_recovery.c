/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a loss does to the window.
 *
 *              loss (RACK, 3 duplicate ACKs)
 *       OPEN -------------------------------> RECOVERY     PRR (RFC 6937): out goes what came in,
 *        ^ ^ ^                                 |  |        so that the window ends at ssthresh
 *        | | `---------------------------------'  |
 *        | |    recover acknowledged, or undo     | timeout
 *        | `----------------- LOSS <--------------'
 *        |                    ^ |                          slow start from one segment; F-RTO
 *        `- timeout ----------' `- the same as above       (RFC 5682) asks first if it was
 *                                                         real
 *
 * True: undo => undo_cwnd and undo_ssthresh are what a spurious recovery gives back. It was
 * spurious when all that was LOST arrives before any of it was sent again, when an ACK of what was
 * sent again echoes an earlier timestamp (Eifel, RFC 3522), when D-SACK reports all that was sent
 * again (RFC 3708), or when after a timeout what had been sent before it arrives (RFC 5682). D-SACK
 * comes a round trip after the copy it reports: undo outlives the recovery, until the next
 * reduction or rest (tcp_cwv.c).
 */
#include "tcp/tcp_priv.h"

#define UNDO_REACH (1 << 30) /* so many bytes later no D-SACK tells of that recovery any more */

static void begin(struct tcp *t, struct tcp_conn *c, uint8_t ca)
{
	struct tcp_flight *f = c->flight;

	if (f->ca == TCP_CA_OPEN) {
		f->undo = true;
		f->undo_cwnd = c->cwnd;
		f->undo_ssthresh = c->ssthresh;
		f->undo_una = f->undo_end = c->snd_una;
		f->undo_bytes = 0;
		/* what arrives may be what a probe of the tail sent again */
		f->again_ms = f->tlp && f->tlp_again ? tcp__deadline(t->now_ms, 0) : 0;
		if (!tcp__cc[c->cc]->model)
			c->cwnd = tcp__cwv_loss_window(c);
		c->ssthresh = tcp__cc[c->cc]->on_loss(c, (uint32_t)t->now_us);
		if (c->flags & TCP_F_ECN) { /* RFC 3168 6.1.2: as for ECE, which counts once */
			c->flags |= TCP_F_CWR;
			f->ecn_end = c->snd_nxt;
		}
	}
	f->ca = ca;
	f->recover = c->snd_nxt;
	f->begun_us = (uint32_t)t->now_us;
	f->tlp = f->tlp_due = false;
}

/* Something is LOST, and nothing is being recovered yet. */
void tcp__recovery_begin(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	f->prr_base = c->snd_nxt - c->snd_una;
	f->prr_delivered = f->prr_out = 0;
	begin(t, c, TCP_CA_RECOVERY);
	TCP_COUNT(t, fast_recoveries);
}

/* One reduction without anything to repair: ECE (RFC 3168 6.1.2), or what a probe repaired. */
void tcp__recovery_reduce(struct tcp *t, struct tcp_conn *c, bool ecn)
{
	const struct tcp_cc_ops *cc = tcp__cc[c->cc];
	uint32_t (*reduced)(struct tcp_conn *, uint32_t) =
		ecn && cc->on_ecn ? cc->on_ecn : cc->on_loss;

	c->flight->undo = false; /* that would take back this one too */
	if (cc->model)
		return;
	c->ssthresh = reduced(c, (uint32_t)t->now_us);
	if (c->cwnd > c->ssthresh)
		c->cwnd = c->ssthresh;
}

static void reopen(struct tcp_flight *f)
{
	f->ca = TCP_CA_OPEN;
	f->frto = TCP_FRTO_OFF;
	f->dupacks = 0;
	if (f->reo_persist && --f->reo_persist == 0)
		f->reo_mult = 1; /* RFC 8985 6.2 */
}

static void end(struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (f->ca == TCP_CA_RECOVERY && !tcp__cc[c->cc]->model)
		c->cwnd = c->ssthresh; /* RFC 6937 */
	reopen(f);
}

/* The window as it was before, or better where the recovery is over. */
static void window_undo(struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	const struct tcp_cc_ops *cc = tcp__cc[c->cc];
	/* then the state that made it grow is worth more than the old one */
	bool grown = !cc->model && c->cwnd > f->undo_cwnd;

	if (c->cwnd < f->undo_cwnd)
		c->cwnd = f->undo_cwnd;
	if (c->ssthresh < f->undo_ssthresh)
		c->ssthresh = f->undo_ssthresh;
	if (cc->undo && !grown)
		cc->undo(c);
}

/* Nothing was lost; but where something was marked (RFC 3168) the reduction stays. */
static void undo(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	TCP_COUNT(t, spurious_recoveries);
	/* What was sent again too soon is not seen to arrive late (RFC 8985 6.2 step 3 looks at
	 * other segments only): where each late one meets many SACKs, this alone tells that the
	 * path reorders. After a timeout it was the path that stood still. */
	f->reordering |= f->ca != TCP_CA_LOSS;
	tcp__runs_unlose(t, f);
	if (f->undo_cwnd || tcp__cc[c->cc]->model)
		window_undo(c);
	else if (f->ca != TCP_CA_OPEN && c->cwnd < c->ssthresh)
		c->cwnd = c->ssthresh;
	f->undo = false;
	if (f->ca != TCP_CA_OPEN)
		reopen(f);
	tcp__rtt_no_backoff(c, t->cfg.rto_min_ms);
}

/* The first block of s is a D-SACK. What lies before this recovery began was sent again by an
 * earlier one, and what lies beyond all that went again in it was doubled on the way. */
void tcp__recovery_dsack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_flight *f = c->flight;
	uint32_t last = s->opt.sack[0].end, bytes;

	if (!f->undo || !f->undo_bytes || seq_leq(last, f->undo_una) || seq_gt(last, f->undo_end))
		return;
	bytes = last - seq_max(s->opt.sack[0].start, f->undo_una);
	f->undo_bytes -= bytes < f->undo_bytes ? bytes : f->undo_bytes;
	if (!f->undo_bytes)
		undo(t, c);
}

/* Was this recovery a mistake, as s tells? */
static bool spurious(const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s,
	const struct tcp_delivery *d)
{
	const struct tcp_flight *f = c->flight;

	if (!f->undo)
		return false;
	if (!f->again_ms)
		return !f->bytes[TCP_RUN_LOST];
	/* the timestamp echoed is that of the segment that filled the first hole (RFC 7323 4.3): it
	 * says something of this recovery when that went again in it */
	if (d->advanced && d->head_again && seq_geq(d->head_us, f->begun_us) &&
		tcp__echo_before(t, c, s, f->again_ms))
		return true;
	/* without SACK an ACK of what went again may cover what had arrived behind it before */
	return f->frto && d->orig && ((c->flags & TCP_F_SACK) || !d->again);
}

/* RFC 5682 2.1 with SACK's help: the first ACKs after a timeout. */
static void frto_step(struct tcp_conn *c, const struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	bool more = tcp__snd_end(c) != c->snd_nxt;

	if (f->frto == TCP_FRTO_SENT && d->advanced && more)
		f->frto = TCP_FRTO_NEW;
	else if (d->advanced || d->sack_news || d->dup)
		f->frto = TCP_FRTO_OFF;
}

/* Without SACK: the third duplicate ACK, or one that ends short of `recover` (RFC 6582 3.2), says
 * that the first segment is lost. */
static void reno_lost(struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	struct tcp_run *r;

	if (d->advanced)
		f->dupacks = 0;
	else if (d->dup && f->dupacks < UINT8_MAX)
		f->dupacks++;
	if (f->ca == TCP_CA_LOSS || !f->runs.head)
		return;
	if (f->ca == TCP_CA_OPEN ? f->dupacks < TCP_DUP_THRESH || seq_leq(c->snd_una, f->recover)
				 : !d->advanced)
		return;
	r = tcp__run_head(t, f, &t->run[f->runs.head - 1], tcp__payload_max(c));
	if (r && r->state == TCP_RUN_OUT)
		tcp__run_lose(t, f, r);
}

/* Find what is lost, and be in the state that this means. */
void tcp__recovery_ack(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	uint32_t before = f->bytes[TCP_RUN_LOST];

	if (f->ca == TCP_CA_OPEN) {
		/* it follows, lest it be half the sequence space away one day */
		f->recover = seq_max(f->recover, c->snd_una - 1);
		if (seq_diff(c->snd_una, f->undo_end) > UNDO_REACH)
			f->undo = false;
	} else if (spurious(t, c, s, d)) {
		undo(t, c);
		before = 0;
	} else if (seq_geq(c->snd_una, f->recover)) {
		end(c);
	} else if (f->frto) {
		frto_step(c, d);
	}
	if (c->flags & TCP_F_SACK)
		tcp__rack_detect(t, c);
	else
		reno_lost(t, c, d);
	if (f->bytes[TCP_RUN_LOST] > before)
		d->lost = f->bytes[TCP_RUN_LOST] - before;
	if (f->ca != TCP_CA_OPEN || !f->bytes[TCP_RUN_LOST])
		return;
	if (tcp__pmtu_probe_lost(t, c))
		d->lost = 0;
	else
		tcp__recovery_begin(t, c);
}

/* Proportional rate reduction: the window after an ACK, or a loss found by time, in RECOVERY (RFC
 * 6937 3, with the slow start bound only while each ACK repairs and finds nothing new, as its
 * successor says). */
void tcp__recovery_prr(struct tcp_conn *c, const struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	uint32_t pipe = tcp__pipe(c), mss = tcp__payload_max(c), delivered = d->bytes;
	int64_t send;

	if (!(c->flags & TCP_F_SACK) && d->dup)
		delivered = mss;
	if (delivered == 0 && !d->lost && f->prr_out)
		return;
	f->prr_delivered += delivered;
	/* a duplicate ACK may stand for less than a segment, or for nothing (RFC 5681 3.2 (4)) */
	f->prr_delivered = RTE_MIN(f->prr_delivered, f->prr_base);
	if (pipe > c->ssthresh) {
		uint64_t share = (uint64_t)f->prr_delivered * c->ssthresh + f->prr_base - 1;

		send = (int64_t)(share / f->prr_base) - f->prr_out;
	} else {
		send = (int64_t)f->prr_delivered - f->prr_out;
		if (send < delivered)
			send = delivered;
		if (d->advanced && !d->lost)
			send += mss;
		if (send > c->ssthresh - pipe)
			send = c->ssthresh - pipe;
	}
	if (send < 0)
		send = 0;
	/* the first retransmission goes at once; without SACK, that of each partial ACK (RFC 6582)
	 */
	if (send < mss && (f->prr_out == 0 || (d->advanced && !(c->flags & TCP_F_SACK))))
		send = mss;
	c->cwnd = pipe + (uint32_t)send;
	if (c->cwnd < mss) /* a pipe of crumbs must not starve */
		c->cwnd = mss;
}

/* RFC 2018 8: the peer may have thrown away what it SACKed. It has when the first byte that it does
 * not acknowledge is one of those; and after two timeouts in a row only cumulative ACKs count. */
static bool reneged(const struct tcp *t, const struct tcp_conn *c)
{
	return c->backoff > 0 || t->run[c->flight->runs.head - 1].state == TCP_RUN_SACKED;
}

/* The retransmission timer expired with data in flight (RFC 6298 5.4-5.6, RFC 5681 3.1). */
void tcp__rto_loss(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	uint32_t now = (uint32_t)t->now_us;
	bool first = f->ca == TCP_CA_OPEN, by_time = c->flags & TCP_F_SACK;

	TCP_COUNT(t, rto);
	tcp__pmtu_timeout(t, c);
	begin(t, c, TCP_CA_LOSS);
	/* RFC 8985 6.3: what left within the last round trip may still arrive */
	tcp__runs_lose(t, f, reneged(t, c),
		by_time && !c->backoff ? now - f->rack_rtt - tcp__rack_reo_wnd(c) : now);
	f->dupacks = 0;
	f->frto = first || c->backoff ? TCP_FRTO_SENT : TCP_FRTO_OFF;
	if (tcp__cc[c->cc]->on_rto)
		tcp__cc[c->cc]->on_rto(c, now);
	/* one segment more than is still out there: that is the loss window of RFC 5681 */
	if (!tcp__cc[c->cc]->model)
		c->cwnd = f->bytes[TCP_RUN_OUT] + tcp__payload_max(c);
}

/* All that is in flight is to be sent again, though no congestion took it: the path's MTU is less
 * than we thought. */
void tcp__resend(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (!f || !f->runs.head)
		return;
	tcp__runs_lose(t, f, false, (uint32_t)t->now_us);
	if (f->ca == TCP_CA_OPEN) { /* as after a timeout, but with the window as it was */
		f->ca = TCP_CA_LOSS;
		f->recover = c->snd_nxt;
	}
	f->frto = TCP_FRTO_OFF;
	f->undo = f->tlp = f->tlp_due = false;
	tcp__rtx_restart(t, c);
	tcp__dirty(t, c);
}
