/* SPDX-License-Identifier: BSD-3-Clause */
/* NewReno: RFC 5681 with appropriate byte counting (RFC 3465). */
#include "tcp/tcp_cc.h"

struct newreno {
	uint32_t bytes_acked; /* RFC 3465 2.1 */
};
TCP_CC_FITS(struct newreno);

/*
 * RFC SAYS (3465 2.2) L = 2: one ACK of much must not send a burst. WE DO pace every flight, so
 * that L is infinity (RFC 9406 4.3) and a peer that acknowledges bursts slows nothing; but 1 while
 * a timeout is repaired, where one ACK may tell of much that slow start did not send (2.3).
 */
void tcp__reno_grow(struct tcp_conn *c, uint32_t *bytes_acked, const struct tcp_sample *s)
{
	uint32_t mss = tcp__payload_max(c);

	*bytes_acked += tcp__cc_slow_start(c, s->delivered, s->repair ? mss : UINT32_MAX);
	if (*bytes_acked < c->cwnd)
		return;
	*bytes_acked = RTE_MIN(*bytes_acked - c->cwnd, c->cwnd);
	tcp__cc_grow(c, mss); /* RFC 5681 3.1: one segment a round trip */
}

/*
 * RFC 5681 (4): half of FlightSize. No more than cwnd counts of it, as 3.2 leaves out what limited
 * transmit sent, and as a window just made smaller must not count twice.
 */
uint32_t tcp__reno_ssthresh(const struct tcp_conn *c)
{
	return tcp__cc_floor(c, RTE_MIN(c->snd_nxt - c->snd_una, c->cwnd) / 2);
}

static void newreno_on_ack(struct tcp_conn *c, const struct tcp_sample *s)
{
	struct newreno *r = (struct newreno *)c->flight->cc;

	if (s->limited)
		tcp__reno_grow(c, &r->bytes_acked, s);
}

static uint32_t newreno_on_loss(struct tcp_conn *c, uint32_t now_us)
{
	((struct newreno *)c->flight->cc)->bytes_acked = 0;
	return tcp__reno_ssthresh(c);
}

const struct tcp_cc_ops tcp__cc_newreno = {
	.name = "newreno", .on_ack = newreno_on_ack, .on_loss = newreno_on_loss};
