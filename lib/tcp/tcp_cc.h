/* SPDX-License-Identifier: BSD-3-Clause */
/* What the congestion controls share. Bytes, microseconds modulo 2^32, no floating point. */
#ifndef TCP_TCP_CC_H
#define TCP_TCP_CC_H

#include "tcp/tcp_priv.h"

#define TCP_CWND_MAX (UINT32_MAX / 4) /* 1 GB, beyond any window that can be announced */

/* The private state of an algorithm lies over flight->cc. */
#define TCP_CC_FITS(type)                                                                          \
	_Static_assert(sizeof(type) <= sizeof(((struct tcp_flight *)0)->cc), "no room in a "       \
									     "flight")

extern const struct tcp_cc_ops tcp__cc_cubic, tcp__cc_newreno, tcp__cc_bbr, tcp__cc_dctcp;

/* RFC 5681 3.1: two full segments are the least a loss leaves. */
static inline uint32_t tcp__cc_floor(const struct tcp_conn *c, uint32_t bytes)
{
	uint32_t floor = 2 * tcp__payload_max(c);

	return bytes > floor ? bytes : floor;
}

static inline void tcp__cc_grow(struct tcp_conn *c, uint32_t bytes)
{
	c->cwnd = bytes < TCP_CWND_MAX - RTE_MIN(c->cwnd, TCP_CWND_MAX) ? c->cwnd + bytes
									: TCP_CWND_MAX;
}

/*
 * Slow start by the bytes delivered, of one ACK no more than most, and up to ssthresh. What is left
 * of delivered is for congestion avoidance; outside slow start that is all.
 */
static inline uint32_t tcp__cc_slow_start(struct tcp_conn *c, uint32_t delivered, uint32_t most)
{
	uint32_t bytes = RTE_MIN(delivered, most);

	if (c->cwnd >= c->ssthresh)
		return delivered;
	if (bytes < c->ssthresh - c->cwnd) {
		tcp__cc_grow(c, bytes);
		return 0;
	}
	bytes -= c->ssthresh - c->cwnd;
	c->cwnd = c->ssthresh;
	return bytes;
}

/* tcp_cc_newreno.c: one ACK's growth; bytes_acked is the state of RFC 3465 2.1, 0 after a loss. */
void tcp__reno_grow(struct tcp_conn *c, uint32_t *bytes_acked, const struct tcp_sample *s);
/* And the new ssthresh after a loss. */
uint32_t tcp__reno_ssthresh(const struct tcp_conn *c);

/* HyStart++ (RFC 9406): tcp_cc_hystart.c. Zeroed at the begin of a flight. */
struct tcp_hystart {
	uint32_t round_end; /* snd_nxt at its begin: beyond it begins the next */
	uint32_t last_rtt;  /* least of the round before, us; 0: none */
	uint32_t rtt;       /* least of this one */
	uint32_t
		group_rtt; /* least of a group, the last `samples` samples of this round; 0: none */
	uint32_t css_rtt;  /* cssBaselineMinRtt */
	uint8_t samples;   /* of the group */
	uint8_t css_rounds; /* begun in conservative slow start; 0: not in it */
	bool bulk;          /* there was always something unsent in this round ... */
	bool last_bulk;     /* ... and in the one before */
	bool running;       /* round_end holds */
};

/* One ACK in the initial slow start, cwnd-limited: grows cwnd, or ends slow start. */
void tcp__hystart_ack(
	struct tcp_hystart *h, struct tcp_conn *c, uint32_t delivered, uint32_t rtt_us);

#endif
