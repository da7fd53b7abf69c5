/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Timers of a connection, all on one wheel node that sits at the earliest deadline:
 *   t_rtx       what rtx_kind says: RTO (RFC 6298 5; also the SYN's, and with nothing in flight
 *               that of a shut window, RFC 9293 3.8.6.1) or the tail probe (RFC 8985 7)
 *   t_reorder   of the flight: the end of RACK's reordering window (RFC 8985 6.2)
 *   t_ack       delayed ACK
 *   quiet       keepalive (RFC 9293 3.8.4), or how long a released connection may make no progress
 *               (nobody else would end one whose peer keeps its window shut): no deadline of its
 *               own, rcv_ms plus a constant
 * A deadline that moves later is only a field: the node fires early and is armed again.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

/* Deadlines are never 0, which means none. */
uint32_t tcp__deadline(uint32_t now_ms, uint32_t in_ms)
{
	uint32_t at = now_ms + in_ms;

	return at ? at : 1;
}

static bool due(uint32_t at, uint32_t now_ms)
{
	return at && seq_leq(at, now_ms);
}

/* (Re)start the timer for what is in flight (RFC 6298 5.1, 5.3); a probe goes before it where that
 * may save a timeout (RFC 8985 7.2). */
void tcp__rtx_restart(struct tcp *t, struct tcp_conn *c)
{
	uint32_t probe = c->flight && c->flight->runs.head ? tcp__tlp_timeout(c) : 0;

	c->rtx_kind = probe ? TCP_RTX_PROBE : TCP_RTX_RTO;
	c->t_rtx = tcp__deadline(t->now_ms, probe ? probe : c->rto);
}

/* How long the peer may be silent, ms; 0: for ever. */
static uint32_t quiet_limit(const struct tcp *t, const struct tcp_conn *c)
{
	if (c->flags & TCP_F_RELEASED)
		return c->state == TCP_FIN_WAIT_2 ? t->cfg.fin_wait2_ms : TCP_ORPHAN_MS;
	if (c->state < TCP_ESTABLISHED || !t->cfg.keepalive_ms || c->snd_nxt != c->snd_una)
		return 0;
	return t->cfg.keepalive_ms + c->probes * TCP_KEEP_INTVL_MS;
}

/* The deadline of RACK's reordering window; 0: none. */
static uint32_t reorder_at(const struct tcp_conn *c)
{
	return c->snd_una != c->snd_nxt && c->flight ? c->flight->t_reorder : 0;
}

static uint32_t earlier(uint32_t a, uint32_t b)
{
	return a && (!b || seq_lt(a, b)) ? a : b;
}

/* Put the node at the earliest deadline, unless it already fires before that. */
void tcp__timer_arm(struct tcp *t, struct tcp_conn *c)
{
	uint32_t at = earlier(c->t_rtx, earlier(reorder_at(c), c->t_ack));
	uint32_t quiet = quiet_limit(t, c);

	if (quiet && (!at || seq_lt(c->rcv_ms + quiet, at)))
		at = tcp__deadline(c->rcv_ms, quiet);
	if (!at || c->state == TCP_CLOSED)
		return;
	if (!wheel_armed(&c->timer) || seq_lt(at, c->timer.at))
		wheel_arm(&t->wheel, &c->timer, at);
}

/* No progress for too long (RFC 9293 3.8.3, R2)? A shut window that is acknowledged is progress. */
static bool gives_up(const struct tcp_conn *c)
{
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD)
		return c->backoff >= TCP_SYN_RETRIES;
	return c->backoff >= TCP_RTX_RETRIES;
}

static void rto_expired(struct tcp *t, struct tcp_conn *c)
{
	if (gives_up(c)) {
		TCP_COUNT(t, timeouts);
		if (c->state != TCP_SYN_SENT)
			tcp__rst_conn(t, c);
		else
			TCP_COUNT(t, open_failures);
		tcp__conn_die(t, c, ETIMEDOUT);
		return;
	}
	if (c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD) {
		c->flags |= TCP_F_SYN_AGAIN;
		TCP_COUNT(t, rto);
	} else if (c->snd_nxt == c->snd_una) {
		c->flags |= TCP_F_PROBE;
		TCP_COUNT(t, zero_window_probes);
	} else {
		tcp__rto_loss(t, c);
	}
	tcp__rtt_backoff(c);
	tcp__rtx_restart(t, c);
	tcp__dirty(t, c);
}

/* The end of RACK's reordering window: what is still missing is lost. */
static void reorder_expired(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_delivery d = {.lost = tcp__rack_detect(t, c)};

	if (!d.lost)
		return;
	if (c->flight->ca == TCP_CA_OPEN && !tcp__pmtu_probe_lost(t, c))
		tcp__recovery_begin(t, c);
	if (c->flight->ca == TCP_CA_RECOVERY && !tcp__cc[c->cc]->model)
		tcp__recovery_prr(c, &d);
	tcp__rtx_restart(t, c);
	tcp__dirty(t, c);
}

static void rtx_expired(struct tcp *t, struct tcp_conn *c)
{
	c->t_rtx = 0;
	if (c->snd_nxt == c->snd_una && tcp__snd_end(c) == c->snd_nxt)
		return;
	if (c->snd_nxt == c->snd_una && c->snd_wnd && c->state >= TCP_ESTABLISHED) {
		tcp__dirty(t, c); /* what is missing is our own mbufs */
		return;
	}
	if (c->rtx_kind == TCP_RTX_PROBE) {
		c->flight->tlp_due = true;
		tcp__rtx_restart(t, c); /* as RTO: one probe at a time */
		tcp__dirty(t, c);
	} else {
		rto_expired(t, c);
	}
}

static void quiet_expired(struct tcp *t, struct tcp_conn *c)
{
	if ((c->flags & TCP_F_RELEASED) || c->probes == TCP_KEEP_PROBES) {
		TCP_COUNT(t, timeouts);
		tcp__rst_conn(t, c);
		tcp__conn_die(t, c, ETIMEDOUT);
		return;
	}
	c->probes++;
	c->flags |= TCP_F_PROBE;
	TCP_COUNT(t, keepalive_probes);
	tcp__dirty(t, c);
}

static void conn_tick(struct tcp *t, struct tcp_conn *c)
{
	uint32_t quiet;

	if (due(c->t_ack, t->now_ms)) {
		c->t_ack = 0;
		c->flags |= TCP_F_ACK_NOW;
		tcp__dirty(t, c);
	}
	if (due(reorder_at(c), t->now_ms))
		reorder_expired(t, c);
	if (due(c->t_rtx, t->now_ms))
		rtx_expired(t, c);
	if (c->state == TCP_CLOSED)
		return;
	quiet = quiet_limit(t, c);
	if (quiet && seq_leq(c->rcv_ms + quiet, t->now_ms))
		quiet_expired(t, c);
	if (c->state != TCP_CLOSED)
		tcp__timer_arm(t, c);
}

void tcp_tick(struct tcp *t, uint32_t budget, clock_us_t now)
{
	struct list due_nodes, *l;

	tcp__clock_set(t, now);
	list_init(&due_nodes);
	wheel_run(&t->wheel, t->now_ms, budget, &due_nodes);
	while ((l = list_take(&due_nodes)) != NULL)
		conn_tick(t, container_of_list(l, struct tcp_conn, timer.link));
	tcp__pace_tick(t, budget);
	/* SYN-ACKs share a queue with what the next burst is answered by */
	tcp__syn_tick(t, RTE_MIN(budget, TCP_CTL_MAX / 4u));
	tcp__time_wait_tick(t);
}

/* ms until the first record of f expires, at most max. */
static uint32_t fifo_next(
	const struct tcp_records *s, const struct tcp_fifo *f, uint32_t max, uint32_t now_ms)
{
	int32_t ms = f->head ? seq_diff(s->rec[f->head - 1].expires, now_ms) : INT32_MAX;

	if (ms < 0)
		return 0;
	return (uint32_t)ms < max ? (uint32_t)ms : max;
}

uint32_t tcp_next_tick(const struct tcp *t, uint32_t max, clock_us_t now)
{
	uint32_t now_ms = (uint32_t)(now / CLOCK_US_PER_MS);

	if (tcp_output_pending(t) || t->ready_head)
		return 0;
	max = wheel_next(&t->wheel, now_ms, max);
	for (uint32_t i = 0; i < TCP_SYNACK_TRIES; i++)
		max = fifo_next(&t->syn, &t->syn_fifo[i], max, now_ms);
	return fifo_next(&t->tw, &t->tw_fifo, max, now_ms);
}
