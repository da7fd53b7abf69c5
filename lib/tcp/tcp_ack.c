/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an acceptable ACK does: frees tx, measures, opens windows, finds losses.
 *
 * Loss recovery (RFC 6675 with SACK, RFC 6582 without, RFC 6298 5 after a timeout) is three marks:
 *   recover   snd_nxt when it began; an ACK at or beyond it ends it
 *   lost_end  everything unsacked in [snd_una, lost_end) is taken for lost
 *   rtx_nxt   of that, everything below has been sent again
 * so that pipe = (snd_nxt - snd_una) - sacked - lost and not yet sent again.
 */
#include "tcp/tcp_priv.h"

static uint32_t sacked_bytes(const struct tcp_conn *c)
{
	if (c->flags & TCP_F_SACK)
		return c->ext ? c->ext->sacked.bytes : 0;
	/* without SACK each duplicate ACK says that one segment left (RFC 6582 3.2) */
	return c->dupacks * tcp__payload_max(c);
}

/* RFC 6675 IsLost: enough was SACKed above. The highest sequence number for which that holds. */
static uint32_t sack_lost_end(const struct tcp_conn *c)
{
	uint32_t enough = (TCP_DUP_THRESH - 1) * tcp__payload_max(c), above = 0, i;

	if (!c->ext)
		return c->snd_una;
	for (i = c->ext->sacked.n; i > 0; i--) {
		above += c->ext->sacked.r[i - 1].end - c->ext->sacked.r[i - 1].start;
		if (above > enough || c->ext->sacked.n - i + 1 >= TCP_DUP_THRESH)
			return c->ext->sacked.r[i - 1].start;
	}
	return c->snd_una;
}

uint32_t tcp__lost_end(const struct tcp_conn *c)
{
	uint32_t one = seq_min(c->snd_una + tcp__payload_max(c), c->snd_nxt);

	if (c->flags & TCP_F_RTO)
		return seq_min(c->recover, c->snd_nxt);
	if (!(c->flags & TCP_F_RECOVERY))
		return c->snd_una;
	/* the first segment is lost in any case: that is why recovery began */
	return (c->flags & TCP_F_SACK) ? seq_max(one, sack_lost_end(c)) : one;
}

uint32_t tcp__pipe(const struct tcp_conn *c)
{
	uint32_t flight = c->snd_nxt - c->snd_una, gone = sacked_bytes(c), end = tcp__lost_end(c);
	uint32_t from = seq_max(c->rtx_nxt, c->snd_una);

	if (seq_lt(from, end)) {
		gone += end - from;
		if (c->ext)
			gone -= tcp__ranges_overlap(&c->ext->sacked, from, end);
	}
	return gone < flight ? flight - gone : 0;
}

static void recovery_begin(struct tcp *t, struct tcp_conn *c)
{
	const struct tcp_cc_old *cc = &tcp__cc_ops[c->cc];

	c->ssthresh = cc->on_loss(c, c->snd_nxt - c->snd_una, t->now_ms);
	c->cwnd = c->ssthresh;
	c->recover = c->snd_nxt;
	c->rtx_nxt = c->snd_una;
	c->flags |= TCP_F_RECOVERY;
	TCP_COUNT(t, fast_recoveries);
}

/* Take all that is in flight and not SACKed for lost. */
void tcp__resend(struct tcp_conn *c)
{
	if (c->state >= TCP_ESTABLISHED)
		c->cwnd = tcp__payload_max(c);
	c->recover = c->snd_nxt;
	c->rtx_nxt = c->snd_una;
	c->dupacks = 0;
	c->flags = (c->flags & ~(TCP_F_RECOVERY | TCP_F_RTT_TIMED)) | TCP_F_RTO;
}

/* RFC 2018 8: the peer may have thrown away what it SACKed. It has when the first byte that it does
 * not acknowledge is one of those; and after two timeouts in a row only cumulative ACKs count. */
static bool reneged(const struct tcp_conn *c)
{
	const struct tcp_ranges *sacked = &c->ext->sacked;

	return c->backoff > 0 || (sacked->n && sacked->r[0].start == c->snd_una);
}

/* The retransmission timer expired with data in flight (RFC 6298 5.4-5.6, RFC 5681 3.1). */
void tcp__rto_loss(struct tcp *t, struct tcp_conn *c)
{
	if (c->state >= TCP_ESTABLISHED && !(c->flags & TCP_F_RTO))
		c->ssthresh = tcp__cc_ops[c->cc].on_loss(c, c->snd_nxt - c->snd_una, t->now_ms);
	if (c->ext && reneged(c))
		tcp__ranges_trim(&c->ext->sacked, c->snd_nxt);
	tcp__resend(c);
	TCP_COUNT(t, rto);
}

/* Enter the SACK blocks that lie within what is in flight. True: they told something new. */
static bool sack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	bool news = false;

	if (!(c->flags & TCP_F_SACK) || !s->opt.n_sack)
		return false;
	for (uint32_t i = 0; i < s->opt.n_sack; i++) {
		uint32_t start = s->opt.sack[i].start, end = s->opt.sack[i].end;
		struct tcp_ext *x;

		/* D-SACK (RFC 2883) and nonsense lie below the ACK or beyond what was sent */
		if (!seq_lt(start, end) || seq_leq(start, seq_max(c->snd_una, s->ack)) ||
			seq_gt(end, c->snd_nxt))
			continue;
		x = tcp__ext(t, c);
		if (x)
			news |= tcp__ranges_add(&x->sacked, start, end);
	}
	return news;
}

/* Linux's form of the rule of RFC 9293 3.10.7.4, which saves SND.WL2: newer data, newer ACK, or
 * the same data with a larger window. True: the window changed. */
static bool window_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t wnd = (uint32_t)s->wnd << c->snd_wscale;
	bool changed = wnd != c->snd_wnd;

	if (!seq_gt(s->ack, c->snd_una) && !seq_gt(s->seq, c->snd_wl1) &&
		!(s->seq == c->snd_wl1 && wnd > c->snd_wnd))
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

static void rtt_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if ((c->flags & TCP_F_RTT_TIMED) && seq_geq(s->ack, c->rtt_seq)) {
		c->flags &= ~TCP_F_RTT_TIMED;
		tcp__rtt_sample(c, (uint32_t)t->now_us - c->rtt_us, t->cfg.rto_min_ms);
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

static void recovery_ack(struct tcp_conn *c)
{
	if (!(c->flags & (TCP_F_RECOVERY | TCP_F_RTO))) {
		/* it follows, lest it be half the sequence space away one day */
		c->recover = seq_max(c->recover, c->snd_una - 1);
		return;
	}
	if (seq_geq(c->snd_una, c->recover)) {
		c->flags &= ~(TCP_F_RECOVERY | TCP_F_RTO);
		return;
	}
	/* partial ACK without SACK: the next segment is the next hole (RFC 6582 3.2 step 3) */
	if (!(c->flags & TCP_F_SACK) && (c->flags & TCP_F_RECOVERY))
		c->rtx_nxt = c->snd_una;
}

/* An ACK of n > 0 new sequence numbers. */
static void new_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t ack = s->ack, n = ack - c->snd_una, bytes = n < c->tx.bytes ? n : c->tx.bytes;
	bool limited = tcp__pipe(c) + tcp__payload_max(c) >= c->cwnd;
	bool in_rto = c->flags & TCP_F_RTO;

	rtt_input(t, c, s);
	c->snd_una = ack;
	c->rtx_nxt = seq_max(c->rtx_nxt, ack);
	buf_chain_consume(&c->tx, bytes);
	if (c->ext)
		tcp__ranges_trim(&c->ext->sacked, ack);
	c->dupacks = 0;
	c->backoff = 0;
	c->rcv_ms = t->now_ms;
	recovery_ack(c);
	/* growth only while the window was what held us back (RFC 7661), never in fast recovery */
	if (!(c->flags & TCP_F_RECOVERY) && (limited || in_rto))
		tcp__cc_ops[c->cc].on_ack(c, bytes, t->now_ms);
	if (bytes)
		tcp__event(t, c, TCP_EV_WRITABLE);
	if (c->snd_una == c->snd_nxt)
		c->t_rtx = 0;
	else
		tcp__rtx_restart(t, c);
	tcp__dirty(t, c);
	if ((c->flags & TCP_F_FIN_SENT) && c->snd_una == c->snd_nxt && c->tx.bytes == 0)
		fin_acked(t, c);
}

/* An ACK that moves nothing: a duplicate when it could mean that a segment arrived out of order
 * (RFC 5681 2, RFC 6675 2). */
static void same_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, bool wnd_changed,
	bool sack_news)
{
	/* an answer to a probe: the peer lives, however long its window stays shut */
	if (c->snd_nxt == c->snd_una || c->snd_wnd == 0)
		c->backoff = 0;
	if (c->snd_nxt == c->snd_una)
		return;
	if (!sack_news && ((c->flags & TCP_F_SACK) || s->len || wnd_changed ||
				  (s->flags & (TCP_SYN | TCP_FIN))))
		return;
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	tcp__dirty(t, c); /* limited transmit (RFC 3042): the pipe drained by one segment */
}

static bool loss_found(const struct tcp_conn *c)
{
	if (c->flags & (TCP_F_RECOVERY | TCP_F_RTO))
		return false;
	if (c->dupacks >= TCP_DUP_THRESH)
		/* RFC 6582 3.2: not for the echoes of an earlier recovery */
		return (c->flags & TCP_F_SACK) || seq_gt(c->snd_una, c->recover);
	return (c->flags & TCP_F_SACK) && seq_gt(sack_lost_end(c), c->snd_una);
}

/* s->ack lies in [snd_una - window, snd_nxt]. c may be dead afterwards. */
void tcp__ack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	bool sack_news, wnd_changed;

	if (seq_lt(s->ack, c->snd_una))
		return;
	sack_news = sack_input(t, c, s);
	wnd_changed = window_input(t, c, s);
	if (seq_gt(s->ack, c->snd_una))
		new_ack(t, c, s);
	else
		same_ack(t, c, s, wnd_changed, sack_news);
	if (c->state == TCP_CLOSED)
		return;
	if (loss_found(c))
		recovery_begin(t, c);
	if (wnd_changed || sack_news)
		tcp__dirty(t, c);
}
