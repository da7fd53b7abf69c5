/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How connections begin.
 *
 *   passive   SYN -> 64-byte record, SYN-ACK -> ACK -> connection, TCP_EV_ACCEPT
 *   active    tcp_connect -> SYN_SENT -> SYN-ACK -> ESTABLISHED, TCP_EV_ESTABLISHED
 *   both      SYN_SENT -> SYN -> SYN_RCVD -> SYN-ACK or ACK -> ESTABLISHED (RFC 9293 3.5)
 *
 * Records wait in one FIFO for each number of SYN-ACKs sent, 1, 2, 4 and 8 seconds.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

/* Largest payload that a packet of path's MTU holds, TCP options not subtracted (RFC 6691 2). */
uint16_t tcp__mss_of(const struct tcp_path *p, bool v4)
{
	return (uint16_t)(p->mtu - (v4 ? 20 : 40) - sizeof(struct tcp_hdr));
}

/* Smallest shift with which 16 bits hold the receive limit (RFC 7323 2.3). */
uint8_t tcp__wscale(uint32_t limit)
{
	uint8_t shift = 0;

	while (shift < TCP_WSCALE_MAX && ((uint32_t)UINT16_MAX << shift) < limit)
		shift++;
	return shift;
}

/* The listener for connections to dst:port, an exact one before one of any address; or NULL. */
struct tcp_listener *tcp__listener_find(struct tcp *t, const struct ip_addr *dst, uint16_t port)
{
	struct tcp_listener *any = NULL;

	for (uint32_t i = 0; i < TCP_LISTENERS; i++) {
		struct tcp_listener *l = &t->listener[i];

		if (!l->used || l->at.port != port)
			continue;
		if (ip_addr_eq(&l->at.addr, dst))
			return l;
		if (ip_is_unspecified(&l->at.addr))
			any = l;
	}
	return any;
}

/* The window of a SYN-ACK, which is never scaled (RFC 7323 2.2). */
static uint32_t record_wnd(const struct tcp *t)
{
	return t->cfg.rcv_limit < UINT16_MAX ? t->cfg.rcv_limit : UINT16_MAX;
}

static void syn_ack_send(struct tcp *t, const struct tcp_record *r)
{
	const struct tcp_listener *l = &t->listener[r->listener];
	struct tcp_ctl p = {.seq = r->snd_nxt,
		.flags = TCP_SYN | TCP_ACK,
		.wnd = (uint16_t)record_wnd(t),
		.opt = {.mss = tcp__mss_of(&l->path, ip_is_v4(&r->remote)),
			.sack_ok = r->flags & TCP_REC_SACK,
			.has_wscale = r->flags & TCP_REC_WS,
			.wscale = tcp__wscale(t->cfg.rcv_limit)}};

	tcp__record_send(t, r, &p);
}

/* Where we are, to a peer that is somewhere else (RFC 9293 3.10.7.4, first; RFC 5961 4.2): one that
 * lost its state answers with an RST that is exact. */
static void record_challenge(struct tcp *t, const struct tcp_record *r)
{
	uint8_t shift = (r->flags & TCP_REC_WS) ? tcp__wscale(t->cfg.rcv_limit) : 0;
	struct tcp_ctl p = {
		.seq = r->snd_nxt + 1, .flags = TCP_ACK, .wnd = (uint16_t)(record_wnd(t) >> shift)};

	if (tcp__challenge_allowed(t))
		tcp__record_send(t, r, &p);
}

static void record_queue(struct tcp *t, struct tcp_record *r)
{
	r->expires = t->now_ms + (1000u << r->tries);
	tcp__fifo_add(&t->syn, &t->syn_fifo[r->tries], r);
}

void tcp__syn_drop(struct tcp *t, struct tcp_record *r)
{
	struct tcp_key k;

	tcp__record_key(r, &k);
	tcp__table_remove(t, tcp__hash(t, &k), TCP_KIND_SYN, (uint32_t)(r - t->syn.rec));
	tcp__fifo_del(&t->syn, &t->syn_fifo[r->tries], r);
	tcp__record_put(&t->syn, r);
}

static void record_fill(
	struct tcp *t, struct tcp_record *r, const struct tcp_key *k, const struct tcp_seg *s)
{
	r->remote = k->remote;
	r->local = k->local;
	r->lport = k->lport;
	r->rport = k->rport;
	r->mss = s->opt.mss;
	r->rcv_nxt = s->seq + 1;
	r->snd_nxt = tcp__isn(t, k);
	if (s->has_iss_min) /* RFC 9293 3.6.1: beyond all that the old connection used */
		r->snd_nxt = seq_max(r->snd_nxt, s->iss_min);
	r->ts_recent = s->opt.ts_val;
	r->wscale = s->opt.wscale;
	r->flags = (s->opt.has_ts ? TCP_REC_TS : 0) | (s->opt.sack_ok ? TCP_REC_SACK : 0) |
		   (s->opt.has_wscale ? TCP_REC_WS : 0);
}

/* A segment for no connection: a SYN to a listener begins one (RFC 9293 3.10.7.2), all else gets
 * an RST (3.10.7.1). Data on the SYN is not taken; the peer sends it again. */
void tcp__listen_input(struct tcp *t, const struct tcp_key *k, uint32_t hash, struct tcp_seg *s)
{
	struct tcp_listener *l = tcp__listener_find(t, &s->meta->dst, s->dport);
	struct tcp_key key = *k;
	struct tcp_record *r;

	if (s->flags & TCP_RST) {
		TCP_COUNT(t, drop_no_conn_rst);
		return;
	}
	if (!l || (s->flags & (TCP_SYN | TCP_ACK | TCP_FIN)) != TCP_SYN) {
		TCP_COUNT(t, drop_no_conn);
		tcp__rst_reply(t, s);
		return;
	}
	if (key.local == UINT16_MAX) { /* first use of a wildcard listener's address */
		int at = tcp__local_add(t, &s->meta->dst);

		key.local = (uint16_t)at;
		hash = tcp__hash(t, &key);
		if (at < 0) {
			TCP_COUNT(t, drop_syn_full);
			return;
		}
	}
	r = tcp__record_get(&t->syn);
	if (!r) {
		TCP_COUNT(t, drop_syn_full);
		return;
	}
	record_fill(t, r, &key, s);
	r->listener = (uint8_t)(l - t->listener);
	tcp__table_insert(t, hash, TCP_KIND_SYN, (uint32_t)(r - t->syn.rec));
	record_queue(t, r);
	syn_ack_send(t, r);
}

/* Options agreed on by both SYNs. */
static void conn_options(struct tcp_conn *c, uint8_t rec_flags, uint8_t wscale)
{
	if (rec_flags & TCP_REC_TS)
		c->flags |= TCP_F_TS;
	if (rec_flags & TCP_REC_SACK)
		c->flags |= TCP_F_SACK;
	if (rec_flags & TCP_REC_WS) {
		c->snd_wscale = wscale & 15;
	} else {
		c->rcv_wscale = 0;
		/* more cannot be announced */
		if (c->rcv_limit > UINT16_MAX)
			c->rcv_limit = UINT16_MAX;
	}
}

/* The handshake is complete: a connection takes the record's place. NULL: none is free. */
static struct tcp_conn *record_promote(struct tcp *t, struct tcp_record *r, const struct tcp_seg *s)
{
	struct tcp_conn *c = tcp__conn_get(t);
	struct tcp_key k;

	if (!c)
		return NULL;
	tcp__record_key(r, &k);
	c->remote = r->remote;
	c->local = r->local;
	c->lport = r->lport;
	c->rport = r->rport;
	c->mss = r->mss;
	c->listener = r->listener;
	tcp__conn_start(t, c, r->snd_nxt, &t->listener[r->listener].path);
	conn_options(c, r->flags, r->wscale);
	if (r->tries) {
		c->rto = TCP_RTO_SYN_LOST_MS;
		c->cwnd = c->mss; /* RFC 5681 3.1: the path lost our SYN */
	}
	c->snd_una = c->snd_nxt;
	c->rcv_nxt = c->last_ack_sent = r->rcv_nxt;
	c->rcv_adv = c->rcv_nxt + record_wnd(t);
	c->ts_recent = r->ts_recent;
	c->snd_wnd = (uint32_t)s->wnd << c->snd_wscale;
	c->snd_wl1 = s->seq;
	c->state = TCP_ESTABLISHED;
	tcp__syn_drop(t, r);
	tcp__table_insert(t, tcp__hash(t, &k), TCP_KIND_CONN, tcp__index(t, c));
	TCP_COUNT(t, opens_passive);
	tcp__event(t, c, TCP_EV_ACCEPT);
	tcp__timer_arm(t, c);
	return c;
}

/* A SYN for a half-open record. */
static void record_syn(struct tcp *t, struct tcp_record *r, const struct tcp_seg *s)
{
	if (s->seq + 1 == r->rcv_nxt && !(s->flags & (TCP_ACK | TCP_RST | TCP_FIN))) {
		/* the same again: the SYN-ACK was lost */
		if ((r->flags & TCP_REC_TS) && s->opt.has_ts && seq_gt(s->opt.ts_val, r->ts_recent))
			r->ts_recent = s->opt.ts_val;
		syn_ack_send(t, r);
		return;
	}
	TCP_COUNT(t, drop_syn_rcvd);
	if (!(s->flags & TCP_RST))
		record_challenge(t, r);
}

/* The sequence number and timestamp of a segment for a half-open record. True: go on. */
static bool record_check(struct tcp *t, struct tcp_record *r, const struct tcp_seg *s)
{
	bool rst = s->flags & TCP_RST;

	if (seq_lt(s->seq, r->rcv_nxt) || seq_gt(s->seq, r->rcv_nxt + record_wnd(t))) {
		TCP_COUNT(t, drop_syn_rcvd);
		if (!rst)
			record_challenge(t, r);
		return false;
	}
	if ((r->flags & TCP_REC_TS) && !rst &&
		(!s->opt.has_ts || seq_lt(s->opt.ts_val, r->ts_recent))) {
		TCP_COUNT(t, drop_paws);
		return false;
	}
	return true;
}

/* A segment for a half-open record: SYN_RECEIVED in RFC 9293 3.10.7.4. */
void tcp__syn_input(struct tcp *t, struct tcp_record *r, struct tcp_seg *s)
{
	struct tcp_conn *c;

	if (s->flags & TCP_SYN) {
		record_syn(t, r, s);
		return;
	}
	if (!record_check(t, r, s))
		return;
	if (s->flags & TCP_RST) {
		/* RFC 5961 3.2: only the exact number resets */
		if (s->seq == r->rcv_nxt) {
			TCP_COUNT(t, resets_received);
			tcp__syn_drop(t, r);
		} else {
			TCP_COUNT(t, drop_rst_challenged);
			record_challenge(t, r);
		}
		return;
	}
	if (!(s->flags & TCP_ACK) || s->ack != r->snd_nxt + 1) {
		TCP_COUNT(t, drop_syn_rcvd);
		if (s->flags & TCP_ACK)
			tcp__rst_reply(t, s);
		return;
	}
	c = record_promote(t, r, s);
	if (c)
		tcp__conn_input(t, c, s);
	else
		TCP_COUNT(t, drop_conns_full);
}

/* Send SYN-ACKs again, forget the records that had all of theirs. */
void tcp__syn_tick(struct tcp *t)
{
	for (uint32_t i = 0; i < TCP_SYNACK_TRIES; i++) {
		struct tcp_record *r;

		while ((r = tcp__fifo_head(&t->syn, &t->syn_fifo[i])) != NULL &&
			seq_leq(r->expires, t->now_ms)) {
			if (i + 1 == TCP_SYNACK_TRIES) {
				tcp__syn_drop(t, r);
				continue;
			}
			tcp__fifo_del(&t->syn, &t->syn_fifo[i], r);
			r->tries++;
			record_queue(t, r);
			syn_ack_send(t, r);
			TCP_COUNT(t, syn_retransmits);
		}
	}
}

/* Our SYN was acknowledged: the sending side begins, with what it says of the path. */
void tcp__syn_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack)
{
	uint32_t rtt = (uint32_t)t->now_us - c->syn_us;

	c->snd_una = ack;
	c->flags &= ~TCP_F_SYN_AGAIN;
	c->t_rtx = 0;
	c->rto = TCP_RTO_INIT_MS;
	c->rttvar = 0;
	if (c->backoff) {
		c->rto = TCP_RTO_SYN_LOST_MS;
		c->cwnd = c->mss; /* RFC 5681 3.1: the path lost our SYN */
	} else {
		tcp__rtt_sample(c, rtt, t->cfg.rto_min_ms);
	}
	c->backoff = 0;
}

static void established(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	tcp__syn_acked(t, c, s->ack);
	c->snd_wl1 = s->seq;
	c->state = (c->flags & TCP_F_FIN_QUEUED) ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
	tcp__event(t, c, TCP_EV_ESTABLISHED);
}

/* What the peer's SYN says, on a connection that we open. */
static void syn_take(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	uint8_t rec = (s->opt.has_ts ? TCP_REC_TS : 0) | (s->opt.sack_ok ? TCP_REC_SACK : 0) |
		      (s->opt.has_wscale ? TCP_REC_WS : 0);
	uint16_t offer = s->opt.mss ? s->opt.mss : (ip_is_v4(&c->remote) ? TCP_MSS_V4 : TCP_MSS_V6);

	if (offer < TCP_MSS_FLOOR)
		offer = TCP_MSS_FLOOR;
	if (offer < c->mss)
		c->mss = offer;
	conn_options(c, rec, s->opt.wscale);
	c->rcv_nxt = c->last_ack_sent = s->seq + 1;
	/* the window on a SYN is never scaled (RFC 7323 2.2) */
	c->snd_wnd = s->wnd;
	c->rcv_adv = c->rcv_nxt + (c->rcv_limit < UINT16_MAX ? c->rcv_limit : UINT16_MAX);
	c->ts_recent = s->opt.ts_val;
	c->rcv_ms = t->now_ms;
	c->flags |= TCP_F_ACK_NOW;
	tcp__dirty(t, c);
}

/* RFC 9293 3.10.7.3 */
void tcp__syn_sent_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	bool acks = s->flags & TCP_ACK;

	/* first: the ACK must be of our SYN, which must have been sent */
	if (acks && (s->ack != c->snd_una + 1 || c->snd_nxt == c->snd_una)) {
		TCP_COUNT(t, drop_syn_sent);
		tcp__rst_reply(t, s);
		return;
	}
	if (s->flags & TCP_RST) { /* second */
		TCP_COUNT(t, drop_syn_sent);
		if (acks) {
			TCP_COUNT(t, open_failures);
			tcp__conn_die(t, c, ECONNREFUSED);
		}
		return;
	}
	if (!(s->flags & TCP_SYN)) { /* fifth */
		TCP_COUNT(t, drop_syn_sent);
		return;
	}
	syn_take(t, c, s); /* fourth */
	if (acks) {
		established(t, c, s);
	} else {
		/* simultaneous open: our SYN goes out again, now with an ACK */
		c->state = TCP_SYN_RCVD;
		c->flags |= TCP_F_SYN_AGAIN;
	}
	tcp__timer_arm(t, c);
	/* Data or a FIN on the SYN is not taken; the peer sends it again. */
}
