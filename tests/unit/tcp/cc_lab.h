/* SPDX-License-Identifier: BSD-3-Clause */
/* A connection that always has more to send, and ACKs for its congestion control. */
#ifndef CC_LAB_H
#define CC_LAB_H

#include <math.h>

#include "tcp/tcp_cc.h"
#include "unit.h"

struct cc_lab {
	struct tcp_conn c;
	struct tcp_flight f;
	const struct tcp_cc_ops *cc;
	uint32_t now; /* us */
	uint32_t rtt; /* us */
};

static inline void cc_open(struct cc_lab *l, const char *name, uint16_t mss, uint32_t rtt)
{
	*l = (struct cc_lab){.cc = tcp__cc[tcp_cc_find(name)],
		.now = UINT32_MAX - 3 * rtt, /* so time wraps, and so do sequence numbers */
		.rtt = rtt,
		.c = {.mss = mss,
			.cwnd = 10u * mss,
			.ssthresh = UINT32_MAX,
			.srtt = rtt,
			.snd_una = UINT32_MAX - 5u * mss,
			.snd_nxt = 5u * mss - 1},
		.f = {.delivered = UINT32_MAX - 7u * mss}};
	l->c.flight = &l->f;
	l->f.conn = &l->c;
	if (l->cc->init)
		l->cc->init(&l->c, l->now);
}

/* An ACK of so many bytes; cwnd is full before and after it. */
static inline void cc_ack(struct cc_lab *l, uint32_t bytes, bool limited)
{
	struct tcp_sample s = {.now_us = l->now,
		.delivered = bytes,
		.prior_pipe = l->c.cwnd,
		.rtt_us = l->rtt,
		.limited = limited,
		.repair = l->f.ca == TCP_CA_LOSS};

	l->c.snd_una += bytes;
	l->f.delivered += bytes;
	l->cc->on_ack(&l->c, &s);
	l->c.snd_nxt = l->c.snd_una + l->c.cwnd;
}

/* A round trip: all that was in flight is acknowledged in n pieces, evenly in time. */
static inline void cc_round(struct cc_lab *l, uint32_t n)
{
	uint32_t cwnd = l->c.cwnd, begin = l->now;

	for (uint32_t i = 1; i <= n; i++) {
		l->now = begin + (uint32_t)((uint64_t)l->rtt * i / n);
		cc_ack(l, (uint32_t)((uint64_t)cwnd * i / n - (uint64_t)cwnd * (i - 1) / n), true);
	}
}

/* A loss and its repair, which takes one round trip and leaves cwnd at ssthresh. */
static inline void cc_loss(struct cc_lab *l)
{
	l->c.ssthresh = l->cc->on_loss(&l->c, l->now);
	l->c.cwnd = l->c.ssthresh;
	l->now += l->rtt;
}

/* A timeout, as tcp_recovery.c treats it; back at ssthresh some round trips later. */
static inline void cc_timeout(struct cc_lab *l)
{
	l->c.ssthresh = l->cc->on_loss(&l->c, l->now);
	l->c.cwnd = tcp__payload_max(&l->c);
	l->f.ca = TCP_CA_LOSS;
	if (l->cc->on_rto)
		l->cc->on_rto(&l->c, l->now);
}

static inline bool near(double a, double b, double part)
{
	if (fabs(a - b) <= part * fabs(b))
		return true;
	fprintf(stderr, "    %g is not near %g\n", a, b);
	return false;
}

#endif
