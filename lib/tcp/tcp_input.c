/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A segment of a connection: SEGMENT ARRIVES, RFC 9293 3.10.7, its steps in the RFC's order.
 * Nothing is sent from here: ACKs are programmed (TCP_F_ACK_NOW) and leave with tcp_output, one a
 * poll.
 *
 *                              +-----------+
 *   record -- ACK ------------>|ESTABLISHED|<---------- SYN_SENT, SYN_RCVD (tcp_open.c)
 *                              +-----------+
 *              tcp_shutdown  /               \  FIN
 *                  FIN_WAIT_1                 CLOSE_WAIT
 *          ACK of FIN |   \ FIN                   | tcp_shutdown
 *                  FIN_WAIT_2  CLOSING         LAST_ACK
 *                  FIN |      | ACK of FIN        | ACK of FIN
 *                   TIME_WAIT record (tcp_time_wait.c)   gone
 *
 * True in every synchronized state: rx ends at rcv_nxt (one before it after a FIN), rcv_nxt <=
 * rcv_adv, and last_ack_sent <= rcv_nxt. After a FIN nothing enters rx any more.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

#define CHALLENGES_A_SECOND 1000                 /* over all connections */
#define CHALLENGE_GAP_MS    100                  /* of one connection */
#define PAWS_IDLE_MS        (24u * 86400 * 1000) /* RFC 7323 5.5 */

/* Take one challenge ACK from the instance's budget of this second. */
bool tcp__challenge_allowed(struct tcp *t)
{
	if (t->now_ms - t->challenge_ms >= 1000) {
		t->challenge_ms = t->now_ms;
		t->challenges = 0;
	}
	if (t->challenges >= CHALLENGES_A_SECOND)
		return false;
	t->challenges++;
	TCP_COUNT(t, challenge_acks);
	return true;
}

/*
 * Challenge ACK (RFC 5961), limited per connection and per instance. The limits of different
 * connections share no exact count that an attacker could probe: the common budget is far above
 * what one connection may use (CVE-2016-5696).
 */
static void challenge(struct tcp *t, struct tcp_conn *c)
{
	if ((uint16_t)((uint16_t)t->now_ms - c->chal_ms) < CHALLENGE_GAP_MS ||
		!tcp__challenge_allowed(t))
		return;
	c->chal_ms = (uint16_t)t->now_ms;
	c->flags |= TCP_F_ACK_NOW;
	tcp__dirty(t, c);
}

/* PAWS (RFC 7323 5.3 R1). True: drop. */
static bool paws_rejects(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(c->flags & TCP_F_TS) || (s->flags & TCP_RST))
		return false;
	if (!s->opt.has_ts)
		return true; /* 3.2: once agreed, every segment carries them */
	return seq_lt(s->opt.ts_val, c->ts_recent) && t->now_ms - c->rcv_ms < PAWS_IDLE_MS;
}

/*
 * RFC SAYS (9293 3.10.7.4 first) an empty segment is acceptable only at RCV.NXT or beyond.
 * WE DO accept it from Last.ACK.sent on: when data overtakes an older pure ACK, that ACK is
 * harmless, and answering it would only make noise. And a segment with text at a shut window's
 * edge is acceptable but for its text: its ACK counts (the RFC's "special allowance").
 */
static bool seq_acceptable(const struct tcp_conn *c, const struct tcp_seg *s)
{
	if (s->len == 0 && !(s->flags & (TCP_SYN | TCP_FIN)))
		return seq_geq(s->seq, c->last_ack_sent) && seq_leq(s->seq, c->rcv_adv);
	return seq_gt(s->end, c->rcv_nxt) && seq_leq(s->seq, c->rcv_adv);
}

/* D-SACK (RFC 2883) for [start, end), which is all below rcv_nxt. A single byte there is a probe.
 */
static void came_twice(struct tcp *t, struct tcp_conn *c, uint32_t start, uint32_t end)
{
	struct tcp_ext *x;

	if (!(c->flags & TCP_F_SACK) || end - start == 1)
		return;
	x = tcp__ext(t, c);
	if (x)
		tcp__reasm_twice(&x->reasm, start, end);
}

/* First check: sequence number. True: go on. */
static bool check_seq(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (paws_rejects(t, c, s)) {
		TCP_COUNT(t, drop_paws);
		if (!s->opt.has_ts)
			return false; /* RFC 7323 3.2: silently */
		if (s->len)
			c->flags |= TCP_F_ACK_NOW, tcp__dirty(t, c);
		else
			challenge(t, c);
		return false;
	}
	if (seq_acceptable(c, s))
		return true;
	if (s->flags & TCP_RST) {
		TCP_COUNT(t, drop_window);
		return false;
	}
	if (s->len && seq_leq(s->end, c->rcv_nxt)) {
		TCP_COUNT(t, duplicates);
		came_twice(t, c, s->seq, s->end);
	} else {
		TCP_COUNT(t, drop_window);
	}
	if (s->len || (s->flags & TCP_FIN)) {
		/* the sender needs to learn where we are: not limited, it answers real data */
		c->flags |= TCP_F_ACK_NOW;
		tcp__dirty(t, c);
	} else {
		challenge(t, c);
	}
	return false;
}

/* Second: RST (RFC 5961 3.2). True: go on. */
static bool check_rst(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCP_RST))
		return true;
	if (s->seq != c->rcv_nxt) {
		TCP_COUNT(t, drop_rst_challenged);
		challenge(t, c);
		return false;
	}
	TCP_COUNT(t, resets_received);
	/* its owner may ask whether the peer had anything: only this RST may say that it had */
	if ((s->flags & TCP_ACK) && seq_gt(s->ack, c->snd_una) && seq_leq(s->ack, c->snd_nxt))
		c->snd_una = s->ack;
	tcp__conn_die(t, c, c->state == TCP_SYN_RCVD ? ECONNREFUSED : ECONNRESET);
	return false;
}

/* Fourth: SYN (RFC 5961 4.2), but for the SYN-ACK of a simultaneous open. True: go on. */
static bool check_syn(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCP_SYN))
		return true;
	if (c->state == TCP_SYN_RCVD && (s->flags & TCP_ACK) && s->seq + 1 == c->rcv_nxt)
		return true;
	TCP_COUNT(t, drop_syn_challenged);
	challenge(t, c);
	return false;
}

static bool syn_rcvd_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	/* our SYN may not have left yet, when both came within one burst */
	if (s->ack != c->snd_una + 1 || c->snd_nxt == c->snd_una) {
		TCP_COUNT(t, drop_bad_ack);
		tcp__rst_reply(t, s);
		return false;
	}
	tcp__syn_acked(t, c, s->ack);
	c->snd_wnd = (uint32_t)s->wnd << ((s->flags & TCP_SYN) ? 0 : c->snd_wscale);
	c->snd_wl1 = s->seq;
	c->state = (c->flags & TCP_F_FIN_QUEUED) ? TCP_FIN_WAIT_1 : TCP_ESTABLISHED;
	tcp__event(t, c, TCP_EV_ESTABLISHED);
	tcp__dirty(t, c);
	return true;
}

/* Fifth: ACK. True: go on. */
static bool check_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (!(s->flags & TCP_ACK)) {
		TCP_COUNT(t, drop_no_ack);
		return false;
	}
	if (c->state == TCP_SYN_RCVD)
		return syn_rcvd_ack(t, c, s);
	/* RFC 5961 5.2: SND.UNA - MAX.SND.WND <= SEG.ACK <= SND.NXT; the largest window a peer can
	 * have announced stands for the one it has */
	if (seq_gt(s->ack, c->snd_nxt) ||
		seq_lt(s->ack, c->snd_una - ((uint32_t)UINT16_MAX << c->snd_wscale))) {
		TCP_COUNT(t, drop_bad_ack);
		challenge(t, c);
		return false;
	}
	tcp__ack_input(t, c, s);
	return c->state != TCP_CLOSED;
}

/* The payload as a chain that begins at rcv_nxt or beyond and ends within the window. */
static void payload_take(
	struct tcp *t, struct tcp_conn *c, struct tcp_seg *s, struct buf_chain *data)
{
	uint32_t hdr = s->meta->l4_off + s->hlen, room;

	buf_chain_init(data);
	rte_pktmbuf_adj(s->m, (uint16_t)hdr);
	buf_chain_append(data, s->m);
	s->m = NULL;
	if (data->bytes > s->len)
		buf_chain_cut(data, s->len);
	if (seq_lt(s->seq, c->rcv_nxt)) {
		uint32_t old = c->rcv_nxt - s->seq;

		came_twice(t, c, s->seq, c->rcv_nxt);
		buf_chain_consume(data, old);
		s->seq += old;
		s->len -= old;
	}
	room = c->rcv_adv - s->seq;
	if (s->len > room) {
		buf_chain_cut(data, room);
		s->len = room;
		s->flags &= (uint8_t)~TCP_FIN; /* it lies beyond the window */
	}
}

/* What counts as a full segment of the peer: ours, or what it sends while it has more to send. */
static uint32_t full_segment(const struct tcp_conn *c, const struct tcp_seg *s)
{
	uint32_t ours = tcp__payload_max(c);

	return (s->flags & TCP_PSH) || s->len < TCP_MSS_FLOOR || s->len > ours ? ours : s->len;
}

/*
 * RFC 9293 3.8.6.3: at least every second full segment at once, the rest a little later. At once
 * too while the peer's congestion window is small and waits for every ACK: at the start and after
 * idle.
 */
static void ack_program(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, uint32_t bytes)
{
	c->rcv_unacked += bytes;
	if (c->quick || c->rcv_unacked >= 2u * full_segment(c, s)) {
		c->flags |= TCP_F_ACK_NOW;
		c->quick -= c->quick > 0;
	} else if (!(c->flags & (TCP_F_ACK_DELAY | TCP_F_ACK_NOW))) {
		c->flags |= TCP_F_ACK_DELAY;
		c->t_ack = t->now_ms + TCP_DELACK_MS ? t->now_ms + TCP_DELACK_MS : 1;
	}
	tcp__dirty(t, c);
}

static void in_order(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s, struct buf_chain *data)
{
	uint32_t before = c->rcv_nxt;

	if (tcp__rcv_append(&c->rx, data, t->pools->indirect) < 0) {
		buf_chain_free(data); /* as if lost */
		TCP_COUNT(t, drop_ooo_full);
		return;
	}
	c->rcv_nxt += s->len;
	if (c->ext && c->ext->reasm.n) {
		tcp__reasm_take(&c->ext->reasm, &c->rcv_nxt, &c->rx, t->pools->indirect);
		c->flags |= TCP_F_ACK_NOW; /* RFC 5681 4.2: a gap was filled */
	}
	TCP_COUNT_N(t, rx_bytes, c->rcv_nxt - before);
	ack_program(t, c, s, c->rcv_nxt - before);
	tcp__drs_input(t, c, s);
	tcp__event(t, c, TCP_EV_READABLE);
}

static void out_of_order(
	struct tcp *t, struct tcp_conn *c, struct tcp_seg *s, struct buf_chain *data)
{
	struct tcp_ext *x = tcp__ext(t, c);
	int rc = -ENOBUFS;

	/* what was announced must be taken in order; beyond a hole only what memory allows */
	if (x && t->pressure < TCP_PRESSURE_ABORT &&
		(c->rx.truesize + x->reasm.truesize) / 2 <= c->rcv_limit)
		rc = tcp__reasm_add(t, &x->reasm, s->seq, data);
	else
		buf_chain_free(data);
	if (rc == 0)
		TCP_COUNT(t, out_of_order);
	else if (rc == -EALREADY)
		TCP_COUNT(t, duplicates);
	else
		TCP_COUNT(t, drop_ooo_full);
	c->flags |= TCP_F_ACK_NOW; /* a duplicate ACK for fast retransmit (RFC 5681 4.2) */
	tcp__dirty(t, c);
}

/* Seventh: segment text. (Sixth: URG is data like any other, RFC 6093.) True: go on. */
static bool text_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	struct buf_chain data;

	if (s->len == 0)
		return true;
	if (c->flags & TCP_F_FIN_RCVD)
		return false; /* beyond the peer's own end: nonsense */
	if (c->flags & TCP_F_RELEASED) {
		/* nobody will read it, and the peer must know (RFC 9293 3.6.1) */
		TCP_COUNT(t, drop_after_close);
		tcp__rst_conn(t, c);
		tcp__conn_die(t, c, ECONNRESET);
		return false;
	}
	if (c->flags & TCP_F_ECN)
		tcp__ecn_echo(t, c, s);
	payload_take(t, c, s, &data);
	if (s->len == 0) { /* a probe of our shut window */
		TCP_COUNT(t, drop_window);
		c->flags |= TCP_F_ACK_NOW;
		tcp__dirty(t, c);
	} else if (s->seq == c->rcv_nxt) {
		in_order(t, c, s, &data);
	} else {
		out_of_order(t, c, s, &data);
	}
	return true;
}

/* A FIN whose stream still has holes: it waits, and the peer hears what is missing. */
static void fin_early(struct tcp *t, struct tcp_conn *c, uint32_t fin)
{
	struct tcp_ext *x = tcp__ext(t, c);

	if (x && !x->has_fin) {
		x->has_fin = true;
		x->fin = fin;
	}
	c->flags |= TCP_F_ACK_NOW;
	tcp__dirty(t, c);
}

/* Eighth: FIN, once everything before it is there. */
static void fin_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if (c->flags & TCP_F_FIN_RCVD)
		return;
	if ((s->flags & TCP_FIN) && seq_gt(s->end - 1, c->rcv_nxt))
		fin_early(t, c, s->end - 1);
	if (!((s->flags & TCP_FIN) && s->end - 1 == c->rcv_nxt) &&
		!(c->ext && c->ext->has_fin && c->ext->fin == c->rcv_nxt))
		return;
	if (c->ext)
		c->ext->has_fin = false;
	c->rcv_nxt++;
	c->rcv_adv = seq_max(c->rcv_adv, c->rcv_nxt);
	c->flags |= TCP_F_FIN_RCVD | TCP_F_ACK_NOW;
	tcp__dirty(t, c);
	tcp__event(t, c, TCP_EV_FIN);
	if (c->state == TCP_ESTABLISHED)
		c->state = TCP_CLOSE_WAIT;
	else if (c->state == TCP_FIN_WAIT_1)
		c->state = TCP_CLOSING;
	else if (c->state == TCP_FIN_WAIT_2)
		tcp__time_wait_enter(t, c);
}

/* TS.Recent follows the segment that carries the left edge of the window (RFC 7323 4.3 (2)). */
static void ts_recent_update(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s)
{
	if ((c->flags & TCP_F_TS) && s->opt.has_ts && seq_leq(s->seq, c->last_ack_sent) &&
		(seq_geq(s->opt.ts_val, c->ts_recent) || t->now_ms - c->rcv_ms >= PAWS_IDLE_MS))
		c->ts_recent = s->opt.ts_val;
}

/*
 * Nothing but the next bytes of the stream, on a connection that heard something acceptable this
 * millisecond and has nothing in flight: every check below would pass, its ACK and window say
 * nothing new, and the sending side has nothing to learn from it.
 */
static bool only_text(const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s)
{
	if (s->seq != c->rcv_nxt || s->len == 0 || (s->flags & ~TCP_PSH) != TCP_ACK ||
		seq_gt(s->end, c->rcv_adv))
		return false;
	if (s->ack != c->snd_una || s->ack != c->snd_nxt ||
		(uint32_t)s->wnd << c->snd_wscale != c->snd_wnd)
		return false;
	if (c->state < TCP_ESTABLISHED || (c->flags & (TCP_F_RELEASED | TCP_F_FIN_RCVD)) || c->ext)
		return false;
	if (c->rcv_ms != t->now_ms || c->probes || c->backoff || !c->drs_us || s->opt.n_sack)
		return false;
	return !(c->flags & TCP_F_TS) || (s->opt.has_ts && seq_geq(s->opt.ts_val, c->ts_recent));
}

/* The short way of such a segment: what tcp__conn_input would do with it, and nothing else. False:
 * s is another kind. */
bool tcp__text_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	uint32_t deadline = c->t_ack;

	if (!only_text(t, c, s))
		return false;
	ts_recent_update(t, c, s);
	c->snd_wl1 = seq_max(c->snd_wl1, s->seq);
	text_input(t, c, s);
	if (c->t_ack != deadline)
		tcp__timer_arm(t, c);
	return true;
}

void tcp__conn_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	if (c->state == TCP_SYN_SENT) {
		tcp__syn_sent_input(t, c, s);
		if (c->state > TCP_SYN_SENT)
			tcp__rcv_start(t, c);
		return;
	}
	if (c->state == TCP_SYN_RCVD && (s->flags & TCP_SYN) && s->seq + 1 == c->rcv_nxt)
		; /* the SYN of a simultaneous open, come again: acceptable, see check_syn */
	else if (!check_seq(t, c, s))
		return;
	if (!check_rst(t, c, s) || !check_syn(t, c, s))
		return;
	if (!c->drs_us)
		tcp__rcv_start(t, c);
	ts_recent_update(t, c, s);
	c->probes = 0;
	if (s->len && t->now_ms - c->rcv_ms >= c->rto)
		c->quick = TCP_QUICK_ACKS;
	/* a released connection lives by what it delivers, not by what it hears */
	if (!(c->flags & TCP_F_RELEASED))
		c->rcv_ms = t->now_ms;
	if (s->flags & TCP_SYN) { /* only its ACK counts here; data and FIN come again */
		s->len = 0;
		s->flags &= (uint8_t)~TCP_FIN;
	}
	if (!check_ack(t, c, s) || !text_input(t, c, s))
		return;
	fin_input(t, c, s);
	if (c->state == TCP_CLOSED)
		return;
	tcp__ext_tidy(t, c);
	tcp__timer_arm(t, c);
}

/* "Fragmentation needed", also where the router does not say what would fit (RFC 1191 5). */
static bool is_too_big(const struct tcp_conn *c, const struct pkt_meta *meta)
{
	return ip_is_v4(&c->remote) && meta->icmp_type == 3 && meta->icmp_code == 4;
}

/* An ICMP error about one of our segments. Believed only when the quoted sequence number is in
 * flight (RFC 5927 4.1), and then: while connecting the attempt fails, else only the MTU counts. */
void tcp__icmp_input(struct tcp *t, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct tcp_hdr *h = rte_pktmbuf_mtod_offset(m, const struct tcp_hdr *, meta->l4_off);
	struct tcp_key k = {0};
	struct tcp_conn *c = NULL;
	uint32_t idx = 0, seq;
	int local = tcp__local_index(t, &meta->src); /* meta holds the quoted packet's addresses */

	if (local >= 0 && meta->l4_off + 8u <= rte_pktmbuf_data_len(m)) {
		k.lport = be16_get(h->sport);
		k.rport = be16_get(h->dport);
		k.remote = meta->dst;
		k.local = (uint16_t)local;
		if (tcp__table_find(t, &k, tcp__hash(t, &k), &idx) == TCP_KIND_CONN)
			c = &t->conn[idx];
	}
	seq = c ? be32_get(h->seq) : 0;
	if (!c || seq_lt(seq, c->snd_una) || !seq_lt(seq, c->snd_nxt)) {
		TCP_COUNT(t, drop_icmp);
		return;
	}
	if (meta->mtu || is_too_big(c, meta)) {
		if (tcp__pmtu_too_big(t, c, seq, meta->mtu))
			tcp__resend(t, c);
	} else if (c->state == TCP_SYN_SENT) {
		TCP_COUNT(t, open_failures);
		tcp__conn_die(t, c, EHOSTUNREACH);
	}
}
