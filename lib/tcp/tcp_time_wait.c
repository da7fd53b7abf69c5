/* SPDX-License-Identifier: BSD-3-Clause */
/* TIME_WAIT as a 64-byte record: enough to answer a FIN that comes again, and to let a new
 * connection begin early where that is safe (RFC 6191). All wait equally long: one FIFO. */
#include "tcp/tcp_priv.h"

#define ISS_GAP (UINT16_MAX + 1u) /* beyond what lies in the network of the old connection */

static void record_drop(struct tcp *t, struct tcp_record *r)
{
	tcp__table_remove(t, r->hash, TCP_KIND_TW, (uint32_t)(r - t->tw.rec));
	tcp__fifo_del(&t->tw, &t->tw_fifo, r);
	tcp__record_put(&t->tw, r);
}

static void record_queue(struct tcp *t, struct tcp_record *r)
{
	r->expires = t->now_ms + t->cfg.time_wait_ms;
	tcp__fifo_add(&t->tw, &t->tw_fifo, r);
}

static void ack_send(struct tcp *t, const struct tcp_record *r)
{
	struct tcp_ctl p = {.seq = r->snd_nxt, .flags = TCP_ACK};

	tcp__record_send(t, r, &p);
}

/* Both FINs are acknowledged but for the last ACK, which may be lost: c ends, its record stays. */
void tcp__time_wait_enter(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_record *r, saved = {.remote = c->remote,
				      .local = c->local,
				      .lport = c->lport,
				      .rport = c->rport,
				      .rcv_nxt = c->rcv_nxt,
				      .snd_nxt = c->snd_nxt,
				      .ts_recent = c->ts_recent,
				      .flags = (c->flags & TCP_F_TS) ? TCP_REC_TS : 0};
	bool ack_owed = c->flags & TCP_F_ACK_NOW;
	struct tcp_key k;

	tcp__conn_die(t, c, 0);
	r = tcp__record_get(&t->tw);
	if (!r) { /* the oldest makes room */
		record_drop(t, tcp__fifo_head(&t->tw, &t->tw_fifo));
		r = tcp__record_get(&t->tw);
	}
	*r = saved;
	tcp__record_key(r, &k);
	r->hash = tcp__hash(t, &k);
	tcp__table_insert(t, r->hash, TCP_KIND_TW, (uint32_t)(r - t->tw.rec));
	record_queue(t, r);
	if (ack_owed)
		ack_send(t, r);
}

/*
 * RFC 6191 2: a SYN that is certainly newer than all of the old connection, and will be accepted.
 * RFC SAYS other SYNs are dropped silently. WE DO answer them as RFC 9293 3.10.7.4 has it: with an
 * ACK, so that a peer which lost its state learns what is in its way.
 */
static bool may_reuse(struct tcp *t, const struct tcp_record *r, const struct tcp_seg *s)
{
	if ((s->flags & (TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN)) != TCP_SYN ||
		!tcp__listener_find(t, &s->meta->dst, s->dport))
		return false;
	/* what is left of a connection without timestamps is told by its lack of them */
	if (s->opt.has_ts && !(r->flags & TCP_REC_TS))
		return true;
	if (s->opt.has_ts)
		return seq_gt(s->opt.ts_val, r->ts_recent) ||
		       (s->opt.ts_val == r->ts_recent && seq_gt(s->seq, r->rcv_nxt));
	/* without timestamps our ISN must be beyond the old one's (RFC 9293 3.6.1), which takes a
	 * record: a cookie is where the hash puts it */
	return t->syn.free && seq_gt(s->seq, r->rcv_nxt);
}

/* A segment for r. True: r is gone, and s is a SYN for the listener. */
bool tcp__time_wait_input(struct tcp *t, struct tcp_record *r, struct tcp_seg *s)
{
	if (may_reuse(t, r, s)) {
		s->has_iss_min = true;
		s->iss_min = r->snd_nxt + ISS_GAP;
		record_drop(t, r);
		return true;
	}
	TCP_COUNT(t, drop_time_wait);
	if (s->flags & TCP_RST)
		return false; /* RFC 1337 fix F1: an RST does not end TIME_WAIT */
	if ((s->flags & TCP_FIN) && s->end == r->rcv_nxt) {
		/* our last ACK was lost: again, and 2 MSL from now */
		tcp__fifo_del(&t->tw, &t->tw_fifo, r);
		record_queue(t, r);
		ack_send(t, r);
	} else if (s->end != s->seq) {
		ack_send(t, r); /* pure ACKs are not answered: two such ends would never stop */
	}
	return false;
}

void tcp__time_wait_tick(struct tcp *t)
{
	struct tcp_record *r;

	while ((r = tcp__fifo_head(&t->tw, &t->tw_fifo)) != NULL && seq_leq(r->expires, t->now_ms))
		record_drop(t, r);
}
