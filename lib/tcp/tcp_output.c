/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage 7. Every packet is a fresh header mbuf; payload is attached to it by indirect mbufs and
 * stays in tx until it is acknowledged. True after each call for a connection:
 *  1. An ACK that was owed has gone out with some segment, or the connection is still dirty.
 *  2. Data or a FIN in flight, or data that a shut window holds back: t_rtx is running.
 *  3. What stopped output was the peer's window, cwnd, the end of tx, or (still dirty) the
 *     caller's room, the quantum, or a missing mbuf.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

#define ECT_0 2 /* IP ECN field, RFC 3168 5 */

enum { BUILT = 1, NOTHING = 0, NO_MBUF = -1 };

static struct rte_mbuf *packet_new(
	struct tcp *t, const struct ip_addr *src, const struct ip_addr *dst)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->pools->hdr);
	struct pkt_meta *meta;

	if (!m) {
		TCP_COUNT(t, no_header_mbuf);
		return NULL;
	}
	meta = pkt_meta(m);
	*meta = (struct pkt_meta){.src = *src, .dst = *dst, .verdict = PKT_OUT};
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	return m;
}

/* Write p's header into m, which may have payload attached already, and fix the lengths. */
static void header_write(struct rte_mbuf *m, const struct tcp_ctl *p)
{
	struct tcp_hdr *h = rte_pktmbuf_mtod(m, struct tcp_hdr *);
	uint8_t *opt = (uint8_t *)(h + 1);
	uint32_t hlen =
		(uint32_t)sizeof(*h) + ((p->flags & TCP_SYN) ? tcp__opts_build_syn(opt, &p->opt)
							     : tcp__opts_build(opt, &p->opt));

	h->sport = be16_make(p->sport);
	h->dport = be16_make(p->dport);
	h->seq = be32_make(p->seq);
	h->ack = be32_make(p->ack);
	h->off = (uint8_t)(hlen / 4 << 4);
	h->flags = p->flags;
	h->wnd = be16_make(p->wnd);
	h->cksum = be16_make(0);
	h->urg = be16_make(0);
	m->data_len = (uint16_t)hlen;
	m->pkt_len += hlen;
	m->l4_len = hlen;
	pkt_meta(m)->l4_len = (uint16_t)m->pkt_len;
}

/* Queue a packet for the next tcp_output. Full or no mbuf: lost, as on any wire. */
static void ctl_send(struct tcp *t, const struct tcp_ctl *p)
{
	struct rte_mbuf *m;

	if (t->n_ctl == TCP_CTL_MAX) {
		TCP_COUNT(t, ctl_full);
		return;
	}
	m = packet_new(t, p->src, p->dst);
	if (!m)
		return;
	header_write(m, p);
	t->ctl[t->n_ctl++] = m;
	if (p->flags & TCP_RST)
		TCP_COUNT(t, tx_resets);
}

/* RST to a segment that fits no connection (RFC 9293 3.10.7.1). Never to an RST. */
void tcp__rst_reply(struct tcp *t, const struct tcp_seg *s)
{
	struct tcp_ctl p = {.src = &s->meta->dst,
		.dst = &s->meta->src,
		.sport = s->dport,
		.dport = s->sport,
		.flags = TCP_RST};

	if (s->flags & TCP_RST)
		return;
	if (s->flags & TCP_ACK) {
		p.seq = s->ack;
	} else {
		p.ack = s->end;
		p.flags |= TCP_ACK;
	}
	ctl_send(t, &p);
}

/* The timestamp that c sends now. */
uint32_t tcp__ts_now(const struct tcp *t, const struct tcp_conn *c)
{
	struct tcp_key k;

	tcp__conn_key(c, &k);
	return t->now_ms + tcp__ts_offset(t, &k);
}

/* RST that ends a connection of ours (RFC 9293 3.10.5). */
void tcp__rst_conn(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_ctl p = {.src = &t->local[c->local],
		.dst = &c->remote,
		.sport = c->lport,
		.dport = c->rport,
		.seq = c->snd_nxt,
		.ack = c->rcv_nxt,
		.flags = TCP_RST | TCP_ACK};

	if (c->flags & TCP_F_TS)
		p.opt = (struct tcp_opts){
			.has_ts = true, .ts_val = tcp__ts_now(t, c), .ts_ecr = c->ts_recent};
	ctl_send(t, &p);
}

/* p, whose seq, flags, window and other options are there, as a packet of r's connection. */
void tcp__record_send(struct tcp *t, const struct tcp_record *r, struct tcp_ctl *p)
{
	struct tcp_key k;

	tcp__record_key(r, &k);
	p->src = &t->local[r->local];
	p->dst = &r->remote;
	p->sport = r->lport;
	p->dport = r->rport;
	p->ack = r->rcv_nxt;
	if (r->flags & TCP_REC_TS) {
		p->opt.has_ts = true;
		p->opt.ts_val = t->now_ms + tcp__ts_offset(t, &k);
		p->opt.ts_ecr = r->ts_recent;
	}
	ctl_send(t, p);
}

static void ack_sent(struct tcp_conn *c)
{
	c->last_ack_sent = c->rcv_nxt;
	c->flags &= ~(TCP_F_ACK_NOW | TCP_F_ACK_DELAY);
	c->t_ack = 0;
	c->rcv_unacked = 0;
}

static void opts_fill(struct tcp *t, struct tcp_conn *c, struct tcp_opts *o, uint32_t blocks)
{
	if (c->flags & TCP_F_TS) {
		o->has_ts = true;
		o->ts_val = tcp__ts_now(t, c);
		o->ts_ecr = c->ts_recent;
	}
	if (blocks)
		tcp__reasm_sack(&c->ext->reasm, o, blocks);
}

/* The header of a segment of c with so many SACK blocks: what c owes the peer is paid with it. */
static struct tcp_ctl segment_header(
	struct tcp *t, struct tcp_conn *c, uint32_t seq, uint8_t flags, uint32_t blocks)
{
	struct tcp_ctl p = {.src = &t->local[c->local],
		.dst = &c->remote,
		.sport = c->lport,
		.dport = c->rport,
		.seq = seq,
		.ack = c->rcv_nxt,
		.flags = flags | TCP_ACK};

	if (c->flags & TCP_F_ECE)
		p.flags |= TCP_ECE;
	p.wnd = tcp__window_announce(c);
	opts_fill(t, c, &p.opt, blocks);
	ack_sent(c);
	tcp__ext_tidy(t, c); /* a D-SACK is told once */
	return p;
}

/* Make m, with its payload attached, a segment of c. Nothing can fail from here. */
static void segment_finish(struct tcp *t, struct tcp_conn *c, struct rte_mbuf *m, uint32_t seq,
	uint8_t flags, uint32_t blocks)
{
	struct tcp_ctl p = segment_header(t, c, seq, flags, blocks);

	header_write(m, &p);
	TCP_COUNT(t, tx_segments);
}

/* The ACK that c owes leaves before what the rest of the burst changes. */
void tcp__ack_now(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_ctl p = segment_header(t, c, c->snd_nxt, 0, tcp__sack_blocks(c));

	ctl_send(t, &p);
	TCP_COUNT(t, tx_acks);
}

/* SYN, or SYN-ACK of a simultaneous open (RFC 9293 3.5). */
static int syn_output(struct tcp *t, struct tcp_conn *c, struct rte_mbuf **out)
{
	bool again = c->snd_nxt != c->snd_una;
	struct tcp_ctl p = {.sport = c->lport, .dport = c->rport, .seq = c->snd_una};
	struct rte_mbuf *m;

	/* an ACK that SYN_RCVD owes is a SYN-ACK: nothing else it sends means anything yet */
	if (again && !(c->flags & (TCP_F_SYN_AGAIN | TCP_F_ACK_NOW)))
		return NOTHING;
	m = packet_new(t, &t->local[c->local], &c->remote);
	if (!m)
		return NO_MBUF;
	p.flags = TCP_SYN;
	if (again) /* RFC 3168 6.1.1.1: it may have been ECN that lost it */
		c->flags &= ~TCP_F_ECN;
	else if (c->flags & TCP_F_ECN)
		p.flags |= TCP_ECE | TCP_CWR;
	if (c->state == TCP_SYN_RCVD) {
		p.flags |= TCP_ACK;
		p.ack = c->rcv_nxt;
	}
	p.wnd = (uint16_t)(c->rcv_limit < UINT16_MAX ? c->rcv_limit : UINT16_MAX);
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt + p.wnd);
	p.opt = (struct tcp_opts){.mss = c->mss,
		.sack_ok = true,
		.has_ts = true,
		.ts_val = tcp__ts_now(t, c),
		.ts_ecr = c->ts_recent,
		.has_wscale = true,
		.wscale = c->rcv_wscale};
	header_write(m, &p);
	c->snd_nxt = c->snd_una + 1;
	c->flags &= ~TCP_F_SYN_AGAIN;
	if (again)
		TCP_COUNT(t, syn_retransmits);
	else
		c->syn_us = (uint32_t)t->now_us;
	tcp__rtx_restart(t, c);
	ack_sent(c);
	TCP_COUNT(t, tx_segments);
	*out = m;
	return BUILT;
}

/* The next data segment of a connection. */
struct next {
	struct tcp_run *run; /* what goes again; NULL: new data */
	uint32_t len;        /* numbers, its FIN is one of them; 0: nothing may leave now */
	uint32_t blocks;     /* SACK blocks that it carries */
	uint32_t mss;        /* payload that fits beside all its options (RFC 6691 2) */
	bool probe;          /* of the path MTU */
};

/* What recovery sends next: a LOST run, one segment at most; NULL: none, or not yet. */
static struct tcp_run *lost_pick(struct tcp *t, const struct tcp_conn *c, uint32_t mss)
{
	struct tcp_run *r = tcp__run_first(t, c->flight, TCP_RUN_LOST);
	uint32_t pipe = tcp__pipe(c), len;

	if (!r)
		return NULL;
	len = r->end - r->start < mss ? r->end - r->start : mss;
	if (pipe && pipe + len > c->cwnd)
		return NULL;
	return tcp__run_head(t, c->flight, r, mss);
}

/* New data or FIN: how much may go now, at most one packet (several segments with TSO). */
static uint32_t new_pick(const struct tcp_conn *c, uint32_t mss)
{
	uint32_t waiting = tcp__snd_end(c) - c->snd_nxt;
	int32_t wnd = seq_diff(c->snd_una + c->snd_wnd, c->snd_nxt);
	uint32_t pipe = tcp__pipe(c), room = c->cwnd > pipe ? c->cwnd - pipe : 0, n = waiting;
	bool idle = c->snd_nxt == c->snd_una;

	if (waiting == 0 || wnd <= 0)
		return 0;
	if (n > mss * c->gso_segs)
		n = mss * c->gso_segs;
	if (n > (uint32_t)wnd)
		n = (uint32_t)wnd;
	if (n > room)
		n = room < mss && !idle ? 0 : (idle && room < mss ? (n < mss ? n : mss) : room);
	if (n < waiting) {
		/* RFC 9293 3.8.6.2.1: no small pieces of a larger whole, unless nothing is in
		 * flight: then no ACK would ever come to let the rest go */
		if (n > mss)
			n -= n % mss;
		else if (n < mss && !idle)
			n = 0;
	}
	return n;
}

/* The same, or in its place the path MTU probe that is due. It waits for room in the windows, which
 * smaller segments would never leave. */
static uint32_t new_or_probe_pick(const struct tcp_conn *c, struct next *n)
{
	const struct tcp_flight *f = c->flight;
	uint32_t len;

	if (likely(!f || f->pmtu_probe != TCP_PROBE_DUE))
		return new_pick(c, n->mss);
	len = n->mss + f->pmtu_size - c->mss;
	n->probe = tcp__pmtu_may_probe(c, len);
	if (!n->probe)
		return new_pick(c, n->mss);
	if (tcp__pipe(c) + len > c->cwnd || c->snd_nxt - c->snd_una + len > c->snd_wnd)
		return 0;
	return len;
}

/* A tail loss probe (RFC 8985 7.3): one segment of new data, or the last one again. Whatever cwnd
 * says: it is one a round trip. */
static uint32_t tail_probe_pick(struct tcp *t, const struct tcp_conn *c, struct next *n)
{
	uint32_t waiting = tcp__snd_end(c) - c->snd_nxt;
	int32_t wnd = seq_diff(c->snd_una + c->snd_wnd, c->snd_nxt);

	if (waiting && wnd > 0)
		return RTE_MIN(RTE_MIN(waiting, n->mss), (uint32_t)wnd);
	/* a FIN behind a full segment must not leave it a hole of one byte */
	n->run = tcp__run_tail(t, c->flight, n->mss + ((c->flags & TCP_F_FIN_SENT) != 0));
	if (n->run && n->run->state != TCP_RUN_OUT)
		n->run = NULL;
	return n->run ? n->run->end - n->run->start : 0;
}

/* What to send next, its length. 0: nothing now. */
static uint32_t data_pick(struct tcp *t, struct tcp_conn *c, struct next *n)
{
	const struct tcp_flight *f = c->flight;
	uint32_t len;

	if (!f || !f->runs.head)
		return tcp__pace_allows(t, c) ? new_or_probe_pick(c, n) : 0;
	if (f->tlp_due)
		return tail_probe_pick(t, c, n);
	if (!tcp__pace_allows(t, c))
		return 0;
	if (f->frto == TCP_FRTO_NEW && (len = new_pick(c, n->mss)) > 0)
		return len;
	if (!f->bytes[TCP_RUN_LOST])
		return new_or_probe_pick(c, n);
	n->run = lost_pick(t, c, n->mss);
	return n->run ? n->run->end - n->run->start : 0;
}

static struct next next_data(struct tcp *t, struct tcp_conn *c, uint32_t blocks)
{
	struct next n = {.blocks = blocks};

	n.mss = tcp__payload_max(c) - (blocks ? 4 + 8 * blocks : 0);
	n.len = data_pick(t, c, &n);
	return n;
}

/* Build segment n, whose bytes begin at *at, which moves behind them. A path MTU probe is one
 * segment, whatever its length. */
static struct rte_mbuf *data_build(
	struct tcp *t, struct tcp_conn *c, const struct next *n, struct buf_cursor *at)
{
	uint32_t seq = n->run ? n->run->start : c->snd_nxt, data_end = c->snd_una + c->tx.bytes;
	uint32_t payload = seq_gt(seq + n->len, data_end) ? data_end - seq : n->len;
	uint8_t flags = 0;
	struct rte_mbuf *m;

	if (payload < n->len)
		flags |= TCP_FIN;
	if (payload && seq + payload == data_end)
		flags |= TCP_PSH;
	m = packet_new(t, &t->local[c->local], &c->remote);
	if (!m)
		return NULL;
	if (payload && buf_slice(m, at, payload, t->pools->indirect) < 0) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	if ((c->flags & TCP_F_CWR) && seq == c->snd_nxt) {
		flags |= TCP_CWR; /* RFC 3168 6.1.2 */
		c->flags &= ~TCP_F_CWR;
	}
	/* never on what goes again (6.1.5), but for DCTCP (RFC 8257 3) */
	if ((c->flags & TCP_F_ECN) && payload && (seq == c->snd_nxt || tcp__cc[c->cc]->l4s))
		pkt_meta(m)->ecn = ECT_0;
	segment_finish(t, c, m, seq, flags, n->blocks);
	if (payload > n->mss && !n->probe) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = (uint16_t)n->mss;
	}
	if (flags & TCP_FIN)
		c->flags |= TCP_F_FIN_SENT;
	TCP_COUNT_N(t, tx_bytes, payload);
	return m;
}

/* r has gone out again. */
static void again_note(struct tcp *t, struct tcp_conn *c, struct tcp_run *r, uint32_t len)
{
	struct tcp_flight *f = c->flight;

	/* not what a probe, of the tail or of the path MTU, makes go again */
	if (f->undo && f->ca != TCP_CA_OPEN) {
		f->undo_bytes += len;
		f->undo_end = seq_max(f->undo_end, r->end);
	}
	tcp__run_again(t, f, r);
	if (!f->again_ms)
		f->again_ms = t->now_ms ? t->now_ms : 1;
	TCP_COUNT(t, retransmits);
}

static void data_note(struct tcp *t, struct tcp_conn *c, struct tcp_run *r, uint32_t len)
{
	struct tcp_flight *f = c->flight;

	if (f->ca == TCP_CA_RECOVERY)
		f->prr_out += len;
	if (f->tlp_due) {
		f->tlp_due = false;
		f->tlp = true;
		f->tlp_again = r != NULL;
		f->tlp_end = c->snd_nxt;
		TCP_COUNT(t, tail_probes);
	}
	tcp__pace_sent(t, c, len);
	if (!c->t_rtx || (!r && tcp__tlp_timeout(c)))
		tcp__rtx_restart(t, c);
}

static int data_output(struct tcp *t, struct tcp_conn *c, uint32_t blocks, struct rte_mbuf **out)
{
	struct next n = next_data(t, c, blocks);
	struct buf_cursor from = {c->nxt_seg, c->nxt_off}, at;

	if (!n.len)
		return NOTHING;
	if (n.run)
		from = n.run->at;
	else if (!tcp__flight(t, c) || !tcp__run_ready(t, c->flight))
		return NO_MBUF;
	at = from;
	*out = data_build(t, c, &n, &at);
	if (!*out)
		return NO_MBUF;
	if (n.run) {
		again_note(t, c, n.run, n.len);
	} else {
		tcp__run_sent(t, c, n.len, &from, n.probe);
		c->snd_nxt += n.len;
		c->nxt_seg = at.seg;
		c->nxt_off = at.off;
	}
	if (unlikely(n.probe))
		tcp__pmtu_sent(t, c);
	data_note(t, c, n.run, n.len);
	return BUILT;
}

/*
 * Zero-window or keepalive probe: one byte that the peer already has, so that it must answer
 * (RFC 9293 3.8.4, 3.8.6.1).
 * RFC SAYS a zero-window probe SHOULD carry new data. WE DO send an old byte: it forces the same
 * answer and leaves the sequence state alone, and peers that ignore empty probes answer it.
 */
static int probe_output(struct tcp *t, struct tcp_conn *c, uint32_t blocks, struct rte_mbuf **out)
{
	struct rte_mbuf *m = packet_new(t, &t->local[c->local], &c->remote);

	if (!m)
		return NO_MBUF;
	segment_finish(t, c, m, c->snd_una - 1, 0, blocks);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, m->data_len) = 0;
	m->data_len++;
	m->pkt_len++;
	pkt_meta(m)->l4_len++;
	c->flags &= ~TCP_F_PROBE;
	*out = m;
	return BUILT;
}

static int ack_output(struct tcp *t, struct tcp_conn *c, uint32_t blocks, struct rte_mbuf **out)
{
	struct rte_mbuf *m = packet_new(t, &t->local[c->local], &c->remote);

	if (!m)
		return NO_MBUF;
	segment_finish(t, c, m, c->snd_nxt, 0, blocks);
	*out = m;
	TCP_COUNT(t, tx_acks);
	return BUILT;
}

static int next_output(struct tcp *t, struct tcp_conn *c, struct rte_mbuf **out)
{
	uint32_t blocks;
	int rc;

	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD)
		return syn_output(t, c, out);
	blocks = tcp__sack_blocks(c);
	rc = data_output(t, c, blocks, out);
	/* where only the mbufs for payload are missing, the ACK must go: it frees the peer's */
	if (rc != BUILT && (c->flags & TCP_F_PROBE))
		rc = probe_output(t, c, blocks, out);
	if (rc != BUILT && (c->flags & TCP_F_ACK_NOW))
		rc = ack_output(t, c, blocks, out);
	return rc;
}

/* c has sent all it may. */
static void output_idle(struct tcp *t, struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;

	if (!c->t_rtx && tcp__snd_end(c) != c->snd_nxt)
		tcp__rtx_restart(t, c); /* the persist timer: the window is shut */
	if (f && f->runs.head && tcp__snd_end(c) == c->snd_nxt && !f->bytes[TCP_RUN_LOST] &&
		tcp__pipe(c) < c->cwnd)
		tcp__rate_app_limited(c);
}

/* All that c may send now, up to the room and the quantum. Dirty again where that cut it short. */
static uint16_t conn_output(struct tcp *t, struct tcp_conn *c, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n = 0;
	int rc = BUILT;

	if (c->state == TCP_CLOSED)
		return 0;
	if (max > TCP_QUANTUM)
		max = TCP_QUANTUM;
	while (n < max) {
		rc = next_output(t, c, &pkts[n]);
		if (rc != BUILT)
			break;
		n++;
	}
	if (rc != NOTHING)
		tcp__dirty(t, c);
	else
		output_idle(t, c);
	tcp__timer_arm(t, c);
	return n;
}

/* Control packets, the oldest first. */
static uint16_t ctl_output(struct tcp *t, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n = (uint16_t)(t->n_ctl < max ? t->n_ctl : max);

	memcpy(pkts, t->ctl, n * sizeof(*pkts));
	t->n_ctl -= n;
	memmove(t->ctl, t->ctl + n, t->n_ctl * sizeof(*t->ctl));
	TCP_COUNT_N(t, tx_segments, n);
	return n;
}

uint16_t tcp_output(struct tcp *t, struct rte_mbuf **pkts, uint16_t max, clock_us_t now)
{
	uint16_t n;
	uint32_t turns = t->n_dirty;
	struct tcp_conn *c;

	tcp__clock_set(t, now);
	n = ctl_output(t, pkts, max);
	/* one turn for each connection that was dirty at the start: one without mbufs must not
	 * keep us here */
	for (; turns && n < max && (c = tcp__dirty_take(t)) != NULL; turns--)
		n += conn_output(t, c, pkts + n, (uint16_t)(max - n));
	return n;
}
