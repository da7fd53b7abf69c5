/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC, RFC 9438, in bytes and integers; the initial slow start is HyStart++ (RFC 9406).
 *
 *   W_cubic(t) = C (t - K)^3 + W_max segments, t in seconds, C = 0.4, beta = 0.7
 *
 * t is a clock of its own: it stands still while cwnd is not what holds us back, and one ACK moves
 * it by one round trip at most, so neither idle nor application-limited times count (4.2, 5.8).
 * Time on the curve is in ms: there a millisecond is at most 1e-5 of the window. |t - K| is clamped
 * to 2^18 ms, where C d^3 alone is beyond TCP_CWND_MAX.
 */
#include "tcp/tcp_cc.h"

#define D_MAX (1 << 18) /* ms */

/* What a loss that was none gives back (4.9). */
struct cubic_stage {
	uint32_t w_max;      /* bytes; 0: no loss yet */
	uint32_t k_ms;       /* K */
	uint32_t t_us;       /* since the stage of congestion avoidance began, saturates */
	uint32_t w_est;      /* what Reno would have, bytes */
	uint32_t cwnd_prior; /* cwnd when ssthresh was set last */
	bool running;        /* the stage has begun */
	bool timeout;        /* it is the first after a timeout (4.8) */
};

struct cubic {
	struct cubic_stage now, undo;
	uint32_t last_us; /* the last ACK */
	uint32_t rem;     /* of the last step of cwnd, bytes times cwnd */
	uint64_t est_rem; /* of w_est, bytes times 17 cwnd */
	struct tcp_hystart hystart;
};
TCP_CC_FITS(struct cubic);

static struct cubic *state(const struct tcp_conn *c)
{
	return (struct cubic *)c->flight->cc;
}

/* The integer cube root, a bit a turn: x is the largest with x^3 <= n. */
static uint32_t cube_root(uint64_t n)
{
	uint64_t x = 0;

	for (int bit = 21; bit >= 0; bit--) {
		uint64_t y = x | 1ull << bit;

		if (y * y * y <= n)
			x = y;
	}
	return (uint32_t)x;
}

/* K = cube root of (W_max - cwnd) / (C MSS), ms: 2.5e9 = 1e9 / C (4.2 (2)). */
static uint32_t k_ms(const struct tcp_conn *c, uint32_t w_max)
{
	return cube_root((w_max - c->cwnd) * 2500000000ull / tcp__payload_max(c));
}

/* W_cubic at t_us, bytes (4.2 (1)). */
static uint32_t w_cubic(const struct tcp_conn *c, const struct cubic_stage *st, uint64_t t_us)
{
	int64_t d = (int64_t)(t_us / 1000) - st->k_ms, w;
	uint64_t a = RTE_MIN((uint64_t)(d < 0 ? -d : d), (uint64_t)D_MAX);
	/* MSS C a^3 / 1e9, in an order that fits: a^3 / 1000 < 2^45, MSS < 2^16 */
	int64_t grown = (int64_t)(a * a * a / 1000 * tcp__payload_max(c) / 2500000);

	w = (int64_t)st->w_max + (d < 0 ? -grown : grown);
	return w < 0 ? 0 : (uint32_t)RTE_MIN(w, (int64_t)TCP_CWND_MAX);
}

/* Congestion avoidance begins: 4.2, after a timeout 4.8, without any loss before it 4.10. */
static void stage_begin(struct cubic_stage *st, const struct tcp_conn *c)
{
	if (st->w_max == 0)
		st->cwnd_prior = c->cwnd;
	if (st->timeout || st->w_max < c->cwnd)
		st->w_max = c->cwnd;
	st->k_ms = k_ms(c, st->w_max);
	st->t_us = 0;
	st->w_est = c->cwnd;
	st->timeout = false;
	st->running = true;
}

/* 4.3 (4): alpha = 3 (1 - beta) / (1 + beta) = 9 / 17, and 1 once the old window is reached. */
static void w_est_grow(struct cubic *q, const struct tcp_conn *c, uint32_t delivered)
{
	uint32_t alpha17 = q->now.w_est < q->now.cwnd_prior ? 9 : 17;
	uint64_t per = 17ull * c->cwnd;

	q->est_rem += (uint64_t)alpha17 * tcp__payload_max(c) * delivered;
	q->now.w_est = (uint32_t)RTE_MIN(q->now.w_est + q->est_rem / per, (uint64_t)TCP_CWND_MAX);
	q->est_rem %= per;
}

/* 4.4, 4.5: (target - cwnd) / cwnd for each segment; 4.3: no less than Reno. */
static void avoidance(struct cubic *q, struct tcp_conn *c, uint32_t delivered)
{
	uint32_t most = c->cwnd + c->cwnd / 2;
	uint32_t target = RTE_MIN(w_cubic(c, &q->now, (uint64_t)q->now.t_us + c->srtt), most);
	uint64_t step;

	w_est_grow(q, c, delivered);
	if (w_cubic(c, &q->now, q->now.t_us) < q->now.w_est) {
		/* RFC SAYS cwnd = W_est. WE DO no more than slow start would: window validation may
		 * have taken cwnd far below it. */
		if (c->cwnd < q->now.w_est)
			tcp__cc_grow(c, RTE_MIN(q->now.w_est - c->cwnd, delivered));
	} else if (target > c->cwnd) {
		step = (uint64_t)(target - c->cwnd) * delivered + q->rem;
		q->rem = (uint32_t)(step % c->cwnd);
		step /= c->cwnd;
		tcp__cc_grow(c, (uint32_t)RTE_MIN(step, target - c->cwnd));
	}
}

/* The time that this ACK stands for: since the last one, but no more than its own round trip. */
static uint32_t elapsed(struct cubic *q, const struct tcp_conn *c, const struct tcp_sample *s)
{
	uint32_t us = s->now_us - q->last_us, rtt = s->rtt_us ? s->rtt_us : c->srtt;

	q->last_us = s->now_us;
	return RTE_MIN(us, rtt);
}

static void cubic_on_ack(struct tcp_conn *c, const struct tcp_sample *s)
{
	struct cubic *q = state(c);
	uint32_t us = elapsed(q, c, s), left = s->delivered;

	if (!s->limited)
		return;
	if (c->ssthresh == UINT32_MAX) { /* no loss yet: the initial slow start */
		tcp__hystart_ack(&q->hystart, c, s->delivered, s->rtt_us);
		return;
	}
	if (c->cwnd < c->ssthresh) {
		/* RFC 9406's bound without pacing; here for ACKs of what was not lost after all */
		left = tcp__cc_slow_start(c, s->delivered, 8 * tcp__payload_max(c));
		if (c->cwnd < c->ssthresh)
			return;
	}
	if (!q->now.running)
		stage_begin(&q->now, c);
	else
		q->now.t_us += RTE_MIN(us, UINT32_MAX - q->now.t_us);
	avoidance(q, c, left);
}

/*
 * 4.6, 4.7. Of cwnd, not of what is in flight: 4.6 allows that where, as here, cwnd does not grow
 * while it is not used.
 */
static uint32_t cubic_on_loss(struct tcp_conn *c, uint32_t now_us)
{
	struct cubic *q = state(c);
	struct cubic_stage *st = &q->now;

	q->undo = *st;
	st->cwnd_prior = c->cwnd;
	/* fast convergence: less than last time, so give room to whoever took the rest */
	st->w_max = c->cwnd < st->w_max ? (uint32_t)(c->cwnd * 17ull / 20) : c->cwnd;
	st->running = false;
	q->rem = 0;
	q->est_rem = 0;
	return tcp__cc_floor(c, (uint32_t)(c->cwnd * 7ull / 10));
}

static void cubic_on_rto(struct tcp_conn *c, uint32_t now_us)
{
	state(c)->now.running = false;
	state(c)->now.timeout = true;
}

static void cubic_undo(struct tcp_conn *c)
{
	state(c)->now = state(c)->undo;
}

static void cubic_init(struct tcp_conn *c, uint32_t now_us)
{
	state(c)->last_us = now_us;
}

const struct tcp_cc_ops tcp__cc_cubic = {.name = "cubic",
	.init = cubic_init,
	.on_ack = cubic_on_ack,
	.on_loss = cubic_on_loss,
	.on_rto = cubic_on_rto,
	.undo = cubic_undo};
