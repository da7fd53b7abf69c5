/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acceptable ACK does, in this order: the scoreboard learns what arrived (tcp_run.c); the
 * round trip and the delivery rate are measured; what is lost is found and recovery entered or left
 * (tcp_rack.c, tcp_recovery.c); the window follows, by PRR or by congestion control; tx is freed.
 */
#include "tcp/tcp_priv.h"

/* D-SACK (RFC 2883 4): the first block lies below the ACK, or inside the second one. */
static bool is_dsack(const struct tcp_seg *s)
{
	const struct tcp_opts *o = &s->opt;

	if (!o->n_sack || !seq_lt(o->sack[0].start, o->sack[0].end))
		return false;
	if (seq_leq(o->sack[0].end, s->ack))
		return true;
	return o->n_sack > 1 && seq_geq(o->sack[0].start, o->sack[1].start) &&
	       seq_leq(o->sack[0].end, o->sack[1].end);
}

/* The SACK blocks that lie within what is in flight (RFC 2018, RFC 2883). */
static void sack_input(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, struct tcp_delivery *d)
{
	if (!(c->flags & TCP_F_SACK))
		return;
	for (uint32_t i = is_dsack(s); i < s->opt.n_sack; i++) {
		uint32_t start = s->opt.sack[i].start, end = s->opt.sack[i].end;

		/* nonsense lies below the ACK or beyond what was sent */
		if (seq_lt(start, end) && seq_gt(start, seq_max(c->snd_una, s->ack)) &&
			seq_leq(end, c->snd_nxt))
			tcp__runs_sacked(t, c->flight, start, end, d);
	}
}

/* Something was sent twice, and both arrived. */
static void dsack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(c->flags & TCP_F_SACK) || !is_dsack(s) || tcp__tlp_dsack(c, s))
		return;
	tcp__rack_dsack(c);
	tcp__recovery_dsack(t, c, s);
}

/* Linux's form of the rule of RFC 9293 3.10.7.4, which saves SND.WL2: newer data, newer ACK, or
 * the same data with a larger window, or with none. True: the window changed. */
static bool window_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t wnd = (uint32_t)s->wnd << c->snd_wscale;
	bool changed = wnd != c->snd_wnd;

	if (!seq_gt(s->ack, c->snd_una) && !seq_gt(s->seq, c->snd_wl1) &&
		!(s->seq == c->snd_wl1 && (wnd > c->snd_wnd || !wnd)))
		return false;
	c->snd_wl1 = s->seq;
	if (changed && c->snd_wnd == 0 && c->snd_nxt == c->snd_una) {
		/* the persist timer's work is done, and its backoff */
		c->t_rtx = 0;
		tcp__rtt_no_backoff(c, t->cfg.rto_min_ms);
	}
	c->snd_wnd = wnd;
	return changed;
}

static void rtt_input(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_delivery *d)
{
	/* Karn: an ACK of what was sent twice may be late by all the time between */
	if (d->timed && !d->again) {
		tcp__rtt_sample(c, (uint32_t)t->now_us - d->first_us, t->cfg.rto_min_ms);
	} else if (c->backoff && (c->flags & TCP_F_TS)) {
		/* Karn's rule leaves nothing to measure, and RTO at its backoff, on a path that
		 * loses much. The echo tells which copy arrived, if only in ms (RFC 7323 4.1). */
		int32_t ms = seq_diff(tcp__ts_now(t, c), s->opt.ts_ecr);

		if (ms >= 0 && ms < TCP_RTO_MAX_MS)
			tcp__rtt_sample(c, (uint32_t)(ms + 1) * CLOCK_US_PER_MS, t->cfg.rto_min_ms);
	}
}

/* Our FIN was acknowledged: where the state machine goes (RFC 9293 3.10.7.4, fifth). */
static void fin_acked(struct tcp *t, struct tcp_conn *c)
{
	if (c->state == TCP_FIN_WAIT_1) {
		c->state = TCP_FIN_WAIT_2;
		t->orphans += tcp__is_orphan(c);
	} else if (c->state == TCP_CLOSING) {
		tcp__time_wait_enter(t, c);
	} else if (c->state == TCP_LAST_ACK) {
		tcp__conn_die(t, c, 0);
	}
}

/* snd_una moves to ack, and what lies before it is free. */
static void advance(struct tcp *t, struct tcp_conn *c, uint32_t ack, struct tcp_delivery *d)
{
	uint32_t n = ack - c->snd_una, bytes = n < c->tx.bytes ? n : c->tx.bytes;

	tcp__runs_acked(t, c, ack, d);
	c->snd_una = ack;
	/* marks of the past follow, lest they be half the sequence space away one day */
	c->flight->reo_round = seq_max(c->flight->reo_round, ack);
	c->flight->ecn_end = seq_max(c->flight->ecn_end, ack - 1);
	buf_chain_consume(&c->tx, bytes);
	d->advanced = true;
	c->rcv_ms = t->now_ms;
	if (bytes)
		tcp__event(t, c, TCP_EV_WRITABLE);
}

/* ECE (RFC 3168 6.1.2): once a round trip it is as good as a loss. DCTCP wants all of them, in its
 * sample, and only this one cuts the window. Where a loss has cut it already, that stays: nothing
 * may have been lost after all, but something was marked. */
static void ece_input(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	f->undo_cwnd = 0;
	if (f->ca != TCP_CA_OPEN || seq_leq(c->snd_una, f->ecn_end))
		return;
	tcp__recovery_reduce(t, c, true);
	f->ecn_end = c->snd_nxt;
	c->flags |= TCP_F_CWR;
	TCP_COUNT(t, ecn_reductions);
}

/*
 * Was the window what held c back (RFC 7661 4.3, RFC 9438 5.8)? So it was, too, where data waits
 * for its pace, which comes from the window: a response of little more than a window, paced over a
 * whole round trip, never fills it.
 */
static bool is_limited(const struct tcp *t, const struct tcp_conn *c, uint32_t pipe)
{
	bool waits = c->nxt_seg && c->flight->pace_at > t->now_us;

	return pipe + tcp__payload_max(c) >= c->cwnd || (waits && pipe >= c->cwnd / 2) ||
	       (c->cwnd < c->ssthresh && c->cwnd < 2 * pipe);
}

/* The window after an ACK that delivered something. */
static void window_follow(
	struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d, struct tcp_sample *s)
{
	const struct tcp_cc_ops *cc = tcp__cc[c->cc];

	s->now_us = (uint32_t)t->now_us;
	s->delivered = d->bytes;
	s->lost = d->lost;
	s->prior_pipe = d->pipe;
	/* no growth by an ACK that tells of congestion (RFC 3168 6.1.2) */
	s->limited = !s->ece && is_limited(t, c, d->pipe);
	tcp__cwv_ack(t, c, d->pipe);
	if (c->flight->ca == TCP_CA_RECOVERY && !cc->model)
		tcp__recovery_prr(c, d);
	else if (d->advanced || (d->bytes && cc->model) || s->ece)
		cc->on_ack(c, s); /* SACKed data alone leaves cwnd as it is: RFC 5681 3.2 (1) */
}

/* How long to wait from now: for nothing, anew after progress and for what goes again, or as
 * before. */
static void timer_follow(struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d)
{
	if (c->snd_una == c->snd_nxt) {
		c->t_rtx = c->flight->t_reorder = 0;
		tcp__flight_rest(t, c);
	} else if (d->advanced || d->lost || (d->sack_news && c->rtx_kind == TCP_RTX_PROBE)) {
		tcp__rtx_restart(t, c);
	}
}

/* A duplicate could mean that a segment arrived out of order (RFC 5681 2). */
static bool is_dup(const struct tcp_conn *c, const struct tcp_seg *s, bool wnd_changed)
{
	return s->ack == c->snd_una && !s->len && !wnd_changed && !(s->flags & (TCP_SYN | TCP_FIN));
}

static void flight_input(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, struct tcp_delivery *d)
{
	struct tcp_sample sample = {.repair = c->flight->ca == TCP_CA_LOSS,
		.ece = (c->flags & TCP_F_ECN) && (s->flags & TCP_ECE)};

	if (sample.ece) /* before anything is undone */
		c->flight->undo_cwnd = 0;
	if (seq_gt(s->ack, c->snd_una))
		advance(t, c, s->ack, d);
	sack_input(t, c, s, d);
	dsack_input(t, c, s);
	if (d->bytes) {
		tcp__rack_update(t, c, s, d);
		tcp__rate_sample(t, c, d, &sample);
		rtt_input(t, c, s, d);
	}
	if (d->advanced)
		c->backoff = 0;
	if (d->advanced || d->probe)
		tcp__pmtu_acked(t, c, d->probe);
	tcp__tlp_ack(t, c, d);
	tcp__recovery_ack(t, c, s, d);
	if (sample.ece)
		ece_input(t, c);
	window_follow(t, c, d, &sample);
	timer_follow(t, c, d);
	if (d->advanced || d->sack_news || d->dup)
		tcp__dirty(t, c); /* what the pipe lost may be replaced (RFC 3042) */
}

/* With nothing in flight an ACK may still tell that a tail probe or a recovery was in vain. */
static void rest_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, bool wnd_changed)
{
	struct tcp_delivery d = {.dup = is_dup(c, s, wnd_changed)};

	if (!c->flight)
		return;
	dsack_input(t, c, s);
	tcp__tlp_ack(t, c, &d);
}

/* s->ack lies in [snd_una - window, snd_nxt]. c may be dead afterwards. */
void tcp__ack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	struct tcp_delivery d = {0};
	bool wnd_changed;

	if (seq_lt(s->ack, c->snd_una))
		return;
	wnd_changed = window_input(t, c, s);
	if (wnd_changed)
		tcp__dirty(t, c);
	/* an answer to a probe: the peer lives, however long its window stays shut */
	if (c->snd_nxt == c->snd_una || c->snd_wnd == 0)
		c->backoff = 0;
	if (c->snd_nxt == c->snd_una) {
		rest_input(t, c, s, wnd_changed);
		return;
	}
	d.fack = c->flight->fack;
	d.recover = c->flight->recover;
	d.pipe = tcp__pipe(c);
	d.dup = is_dup(c, s, wnd_changed);
	flight_input(t, c, s, &d);
	if ((c->flags & TCP_F_FIN_SENT) && c->snd_una == c->snd_nxt && c->tx.bytes == 0 &&
		d.advanced)
		fin_acked(t, c);
}
