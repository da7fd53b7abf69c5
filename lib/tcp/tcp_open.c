/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How connections begin.
 *
 *   passive   SYN -> 64-byte record, SYN-ACK -> ACK -> connection, TCP_EV_ACCEPT
 *   active    tcp_connect -> SYN_SENT -> SYN-ACK -> ESTABLISHED, TCP_EV_ESTABLISHED
 *   both      SYN_SENT -> SYN -> SYN_RCVD -> SYN-ACK or ACK -> ESTABLISHED (RFC 9293 3.5)
 *
 * Records wait in one FIFO for each number of SYN-ACKs sent, 1, 2, 4 and 8 seconds. When most of
 * them are taken, a SYN is answered by a cookie instead (tcp_cookie.c): SYN-ACK without a record,
 * which the ACK brings back.
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

/* A SYN-ACK but for its addresses and timestamps. ECE agrees to ECN (RFC 3168 6.1.1). */
static struct tcp_ctl syn_ack(const struct tcp *t, const struct tcp_record *r)
{
	const struct tcp_listener *l = &t->listener[r->listener];

	return (struct tcp_ctl){.seq = r->snd_nxt,
		.flags = TCP_SYN | TCP_ACK | ((r->flags & TCP_REC_ECN) ? TCP_ECE : 0),
		.wnd = (uint16_t)record_wnd(t),
		.opt = {.mss = tcp__mss_of(&l->path, ip_is_v4(&r->remote)),
			.sack_ok = r->flags & TCP_REC_SACK,
			.has_wscale = r->flags & TCP_REC_WS,
			.wscale = tcp__wscale(t->cfg.rcv_limit)}};
}

static void syn_ack_send(struct tcp *t, const struct tcp_record *r)
{
	struct tcp_ctl p = syn_ack(t, r);

	tcp__record_send(t, r, &p);
}

/* The SYN-ACK of a connection that gets no record. */
static void cookie_send(struct tcp *t, struct tcp_listener *l, struct tcp_record *r)
{
	uint32_t ts = tcp__cookie_make(t, l, r);
	struct tcp_ctl p = syn_ack(t, r);

	if (r->flags & TCP_REC_TS) {
		p.opt.has_ts = true;
		p.opt.ts_val = ts;
		p.opt.ts_ecr = r->ts_recent;
		r->flags &= (uint8_t)~TCP_REC_TS; /* tcp__record_send would say the time */
	}
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
	tcp__table_remove(t, r->hash, TCP_KIND_SYN, (uint32_t)(r - t->syn.rec));
	tcp__fifo_del(&t->syn, &t->syn_fifo[r->tries], r);
	tcp__record_put(&t->syn, r);
}

static bool wants_ecn(const struct tcp_seg *s)
{
	return (s->flags & (TCP_ECE | TCP_CWR)) == (TCP_ECE | TCP_CWR);
}

static void record_fill(const struct tcp *t, struct tcp_record *r, const struct tcp_listener *l,
	const struct tcp_key *k, const struct tcp_seg *s)
{
	*r = (struct tcp_record){.remote = k->remote,
		.local = k->local,
		.lport = k->lport,
		.rport = k->rport,
		.mss = s->opt.mss,
		.rcv_nxt = s->seq + 1,
		.ts_recent = s->opt.ts_val,
		.wscale = s->opt.wscale,
		.listener = (uint8_t)(l - t->listener)};
	r->flags = (s->opt.has_ts ? TCP_REC_TS : 0) | (s->opt.sack_ok ? TCP_REC_SACK : 0) |
		   (s->opt.has_wscale ? TCP_REC_WS : 0) |
		   (l->path.ecn && wants_ecn(s) ? TCP_REC_ECN : 0);
}

/* RFC 9293 3.10.7.2: a SYN to a listener. Data on it is not taken; the peer sends it again. */
static void syn_input(
	struct tcp *t, struct tcp_listener *l, const struct tcp_key *k, const struct tcp_seg *s)
{
	struct tcp_record filled, *r = NULL;

	record_fill(t, &filled, l, k, s);
	/* the last quarter of the records is for those whose ISN a cookie could not keep: they were
	 * here before, so their address is their own */
	if (!tcp__cookies_only(t) || s->has_iss_min)
		r = tcp__record_get(&t->syn);
	if (!r) {
		cookie_send(t, l, &filled);
		return;
	}
	*r = filled;
	r->snd_nxt = tcp__isn(t, k);
	if (s->has_iss_min) /* RFC 9293 3.6.1: beyond all that the old connection used */
		r->snd_nxt = seq_max(r->snd_nxt, s->iss_min);
	r->hash = tcp__hash(t, k);
	tcp__table_insert(t, r->hash, TCP_KIND_SYN, (uint32_t)(r - t->syn.rec));
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
	if (rec_flags & TCP_REC_ECN)
		c->flags |= TCP_F_ECN;
	if (rec_flags & TCP_REC_WS) {
		c->snd_wscale = wscale & 15;
	} else {
		c->rcv_wscale = 0;
		/* more cannot be announced */
		if (c->rcv_limit > UINT16_MAX)
			c->rcv_limit = UINT16_MAX;
	}
}

/* The handshake is complete: r's connection. NULL: none is free. */
static struct tcp_conn *conn_new(struct tcp *t, const struct tcp_record *r, const struct tcp_seg *s)
{
	struct tcp_conn *c = tcp__conn_get(t);

	if (!c)
		return NULL;
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
	tcp__table_insert(t, r->hash, TCP_KIND_CONN, tcp__index(t, c));
	TCP_COUNT(t, opens_passive);
	tcp__event(t, c, TCP_EV_ACCEPT);
	tcp__timer_arm(t, c);
	return c;
}

/* True: s was the ACK of a cookie for l, and is dealt with. r: what is half open instead, or NULL.
 */
static bool cookie_ack(struct tcp *t, const struct tcp_listener *l, const struct tcp_key *k,
	struct tcp_record *r, struct tcp_seg *s)
{
	struct tcp_record back;
	struct tcp_conn *c;

	if (!tcp__cookie_take(t, l, k, s, &back))
		return false;
	back.hash = tcp__hash(t, k);
	c = conn_new(t, &back, s);
	if (!c) {
		TCP_COUNT(t, drop_conns_full);
		return true;
	}
	TCP_COUNT(t, cookies_accepted);
	if (r)
		tcp__syn_drop(t, r);
	tcp__conn_input(t, c, s);
	return true;
}

/* A segment for no connection: a SYN to a listener begins one, the ACK of a cookie completes one,
 * all else gets an RST (RFC 9293 3.10.7.1). */
void tcp__listen_input(struct tcp *t, const struct tcp_key *k, struct tcp_seg *s)
{
	struct tcp_listener *l = tcp__listener_find(t, &s->meta->dst, s->dport);
	struct tcp_key key = *k;
	int at;

	if (s->flags & TCP_RST) {
		TCP_COUNT(t, drop_no_conn_rst);
	} else if (l && (s->flags & (TCP_SYN | TCP_ACK | TCP_FIN)) == TCP_SYN) {
		/* the first use of a wildcard listener's address? */
		at = k->local == UINT16_MAX ? tcp__local_add(t, &s->meta->dst) : k->local;
		key.local = (uint16_t)at;
		if (at < 0)
			TCP_COUNT(t, drop_syn_full);
		else
			syn_input(t, l, &key, s);
	} else if (!l || !cookie_ack(t, l, k, NULL, s)) {
		TCP_COUNT(t, drop_no_conn);
		tcp__rst_reply(t, s);
	}
}

/* A SYN for a half-open record. */
static void record_syn(struct tcp *t, struct tcp_record *r, const struct tcp_seg *s)
{
	if (s->seq + 1 == r->rcv_nxt && !(s->flags & (TCP_ACK | TCP_RST | TCP_FIN))) {
		/* the same again: the SYN-ACK was lost, or ECN was too much for somebody on the
		 * way (RFC 3168 6.1.1.1) */
		if (!wants_ecn(s))
			r->flags &= (uint8_t)~TCP_REC_ECN;
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
	struct tcp_key k;

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
	if (!(s->flags & TCP_ACK)) {
		TCP_COUNT(t, drop_syn_rcvd);
		return;
	}
	if (s->ack != r->snd_nxt + 1) {
		/* of a cookie, when the first SYN got one and the second a record? */
		tcp__record_key(r, &k);
		if (cookie_ack(t, &t->listener[r->listener], &k, r, s))
			return;
		TCP_COUNT(t, drop_syn_rcvd);
		tcp__rst_reply(t, s);
		return;
	}
	c = conn_new(t, r, s);
	if (!c) {
		TCP_COUNT(t, drop_conns_full);
		return;
	}
	tcp__syn_drop(t, r);
	tcp__conn_input(t, c, s);
}

/* Send SYN-ACKs again, forget the records that had all of theirs; at most so many in one turn: a
 * flood leaves heaps of them. */
void tcp__syn_tick(struct tcp *t, uint32_t budget)
{
	if (t->syn.used == 0)
		return;
	for (uint32_t i = 0; i < TCP_SYNACK_TRIES; i++) {
		struct tcp_record *r;

		while ((r = tcp__fifo_head(&t->syn, &t->syn_fifo[i])) != NULL &&
			seq_leq(r->expires, t->now_ms)) {
			if (budget-- == 0)
				return;
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
	/* RFC 3168 6.1.1: an ECN-setup SYN-ACK has ECE without CWR; not between two SYNs */
	bool ecn = (s->flags & (TCP_ACK | TCP_ECE | TCP_CWR)) == (TCP_ACK | TCP_ECE);
	uint16_t offer = s->opt.mss ? s->opt.mss : (ip_is_v4(&c->remote) ? TCP_MSS_V4 : TCP_MSS_V6);

	if (offer < TCP_MSS_FLOOR)
		offer = TCP_MSS_FLOOR;
	if (offer < c->mss)
		c->mss = c->mss_max = offer;
	/* RFC 6928: of the segments that will be sent */
	c->cwnd = RTE_MIN(c->cwnd, tcp__initial_window(c->mss));
	if (!ecn) /* until here it means that we offered it */
		c->flags &= ~TCP_F_ECN;
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
