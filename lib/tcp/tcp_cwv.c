/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Congestion window validation (RFC 7661). A window that was not used says nothing of the path:
 * pipeACK, the most that was in flight in the last one to two periods, is what does. Validated is a
 * window of which pipeACK is half or more. One that is not does not grow, is cut from pipeACK when
 * something is lost, and shrinks when that lasts.
 */
#include "tcp/tcp_priv.h"

#define PERIOD_MS 1000            /* 4.2: max(3 RTT, 1 s) */
#define NVP_MS    (5 * 60 * 1000) /* 4.4.3: the non-validated phase */

static uint32_t initial_window(const struct tcp_conn *c)
{
	uint32_t iw = tcp__initial_window(c->mss);

	return iw < c->cwnd ? iw : c->cwnd;
}

static uint32_t pipe_ack(const struct tcp_flight *f)
{
	return f->cwv_now > f->cwv_last ? f->cwv_now : f->cwv_last;
}

/* 4.4.3: too long without need of the window: half of it, and what it was is remembered. */
static void step_down(struct tcp_conn *c)
{
	uint32_t iw = initial_window(c), most = c->cwnd / 4 * 3;

	c->flight->undo = false; /* that would give back what was not used */
	c->ssthresh = c->ssthresh > most ? c->ssthresh : most;
	c->cwnd = c->cwnd / 2 > iw ? c->cwnd / 2 : iw;
}

/* An ACK; pipe bytes were in the network before it. */
void tcp__cwv_ack(struct tcp *t, struct tcp_conn *c, uint32_t pipe)
{
	struct tcp_flight *f = c->flight;
	uint32_t period = 3 * c->srtt / CLOCK_US_PER_MS;

	if (period < PERIOD_MS)
		period = PERIOD_MS;
	if (t->now_ms - f->cwv_ms >= period) {
		f->cwv_last = t->now_ms - f->cwv_ms >= 2 * period ? 0 : f->cwv_now;
		f->cwv_now = 0;
		f->cwv_ms = t->now_ms;
	}
	if (pipe > f->cwv_now)
		f->cwv_now = pipe;
	if (pipe_ack(f) >= c->cwnd / 2) {
		f->cwv_unused_ms = t->now_ms;
	} else if (t->now_ms - f->cwv_unused_ms >= NVP_MS) {
		f->cwv_unused_ms = t->now_ms;
		step_down(c);
	}
}

/* 4.4.2: the window that a loss is charged to: what was in flight, where the rest was not used. */
uint32_t tcp__cwv_loss_window(const struct tcp_conn *c)
{
	uint32_t used = pipe_ack(c->flight), flight = c->snd_nxt - c->snd_una;

	used = used > flight ? used : flight;
	return used >= c->cwnd / 2 ? c->cwnd : used;
}

/* c sends again after a rest. */
void tcp__cwv_resume(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (t->now_ms - f->cwv_ms < NVP_MS)
		return;
	f->cwv_last = f->cwv_now = 0;
	f->cwv_ms = f->cwv_unused_ms = t->now_ms;
	tcp__cwv_restart(c);
}

/* 4.4.3: a flight begins. One before it is so long ago that its window counts no more, but that
 * the way back to it is slow start. */
void tcp__cwv_restart(struct tcp_conn *c)
{
	uint32_t most = c->cwnd / 4 * 3;

	c->flight->undo = false;
	if (c->cwnd <= initial_window(c))
		return;
	c->ssthresh = c->ssthresh > most ? c->ssthresh : most;
	c->cwnd = initial_window(c);
}
