/* SPDX-License-Identifier: BSD-3-Clause */
/* The ideal sender of sim_ideal.h. Time in us; windows in segments, and fractions of them. */
#include <math.h>
#include <stdlib.h>

#include "sim.h"
#include "sim_ideal.h"

#define CUBIC_C    0.4 /* RFC 9438 4.1, 4.6 */
#define CUBIC_BETA 0.7
#define IW         10 /* RFC 6928 */
#define US         1e6

/* One packet in flight. The link keeps order, so what is known is known in order too. */
struct flight {
	double known_at;
	uint32_t seg;
	bool lost;
};

struct ideal {
	const struct sim_ideal_plan *p;
	double now, busy; /* when the bottleneck will be idle */
	double last_arrival;
	struct flight *ring;
	uint32_t ring_mask;
	uint64_t sent, known; /* packets; their difference is in flight */
	uint32_t next;        /* first segment not sent yet */
	uint32_t arrived;     /* segments known to have arrived */

	double cwnd, ssthresh;
	bool recovery, again; /* again: a loss behind `recover` waits for this recovery to end */
	uint32_t recover;     /* segments below were sent before it began */
	uint32_t missing;     /* of these, not known to have arrived */

	double epoch, w_max, w_prior, w_est, k; /* RFC 9438; epoch < 0: begins with the next ACK */
};

static void send_segment(struct ideal *i, uint32_t seg)
{
	const struct sim_ideal_plan *p = i->p;
	double out = i->now;
	bool lost = sim_way_loses(p->loss_seed, i->sent, p->loss);

	if (p->rate && !lost) {
		double waits = i->busy > i->now ? i->busy - i->now : 0;

		if (waits * (double)p->rate / US + p->pkt > p->queue)
			lost = true;
		else
			i->busy = i->now + waits + p->pkt * US / (double)p->rate;
	}
	if (p->rate && i->busy > out)
		out = i->busy; /* a packet that is lost would have been known with its neighbours */
	i->ring[i->sent++ & i->ring_mask] =
		(struct flight){.known_at = out + p->rtt_us, .seg = seg, .lost = lost};
	if (!lost)
		i->last_arrival = out + p->rtt_us / 2.0;
}

static void reduce(struct ideal *i)
{
	double beta = i->p->cubic ? CUBIC_BETA : 0.5;

	/* RFC 9438 4.7 */
	i->w_max = i->cwnd < i->w_max ? i->cwnd * (1 + CUBIC_BETA) / 2 : i->cwnd;
	i->w_prior = i->cwnd;
	i->ssthresh = fmax(i->cwnd * beta, 2);
	i->cwnd = i->ssthresh;
	i->epoch = -1;
	i->recovery = true;
	i->recover = i->next;
	i->missing = i->next - i->arrived;
	i->again = false;
}

static void lost(struct ideal *i, uint32_t seg)
{
	if (!i->recovery)
		reduce(i);
	else if (seg >= i->recover)
		i->again = true;
	send_segment(i, seg);
}

static double w_cubic(const struct ideal *i, double t)
{
	return CUBIC_C * (t - i->k) * (t - i->k) * (t - i->k) + i->w_max;
}

/* RFC 9438 4.2 to 4.5, for one segment. */
static void cubic(struct ideal *i)
{
	double t, target, alpha = 3 * (1 - CUBIC_BETA) / (1 + CUBIC_BETA);

	if (i->epoch < 0) {
		i->epoch = i->now;
		i->k = cbrt(fmax(i->w_max - i->cwnd, 0) / CUBIC_C);
		i->w_est = i->cwnd;
	}
	t = (i->now - i->epoch) / US;
	i->w_est += (i->w_est >= i->w_prior ? 1 : alpha) / i->cwnd;
	if (w_cubic(i, t) < i->w_est) {
		i->cwnd = fmax(i->cwnd, i->w_est);
		return;
	}
	target = fmin(fmax(w_cubic(i, t + i->p->rtt_us / US), i->cwnd), 1.5 * i->cwnd);
	i->cwnd += (target - i->cwnd) / i->cwnd;
}

static void arrived(struct ideal *i, uint32_t seg)
{
	i->arrived++;
	if (i->recovery) {
		i->missing -= seg < i->recover;
		if (i->missing)
			return;
		i->recovery = false;
		if (i->again)
			reduce(i);
		return;
	}
	if (i->cwnd < i->ssthresh)
		i->cwnd += 1;
	else if (i->p->cubic)
		cubic(i);
	else
		i->cwnd += 1 / i->cwnd;
}

double sim_ideal_run(const struct sim_ideal_plan *p)
{
	struct ideal i = {.p = p, .cwnd = IW, .ssthresh = INFINITY, .epoch = -1};
	uint32_t ring = 1;

	/* the losses of one window go on top of it */
	while (ring < 4 * p->window_max)
		ring *= 2;
	i.ring = malloc(ring * sizeof(*i.ring));
	i.ring_mask = ring - 1;
	while (i.arrived < p->segments) {
		const struct flight *f;

		while (i.next < p->segments && i.next - i.arrived < p->window_max &&
			(double)(i.sent - i.known) + 1 <= i.cwnd)
			send_segment(&i, i.next++);
		f = &i.ring[i.known++ & i.ring_mask];
		i.now = f->known_at;
		if (f->lost)
			lost(&i, f->seg);
		else
			arrived(&i, f->seg);
	}
	free(i.ring);
	return i.last_arrival;
}
