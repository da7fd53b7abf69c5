/* SPDX-License-Identifier: BSD-3-Clause */
/* Round-trip time and retransmission timeout, RFC 6298, in microseconds. */
#include "tcp/tcp_priv.h"

static void rto_set(struct tcp_conn *c, uint32_t rto_min_ms)
{
	/* 2.3: RTO = SRTT + max(G, 4 RTTVAR); G, the wheel's tick, is 1 ms */
	uint32_t var = 4 * c->rttvar > CLOCK_US_PER_MS ? 4 * c->rttvar : CLOCK_US_PER_MS;
	uint32_t ms = (c->srtt + var + CLOCK_US_PER_MS - 1) / CLOCK_US_PER_MS;

	if (ms < rto_min_ms)
		ms = rto_min_ms;
	c->rto = (uint16_t)(ms > TCP_RTO_MAX_MS ? TCP_RTO_MAX_MS : ms);
}

/* The RTO that the measurements say, without the backoff that something else than loss caused. */
void tcp__rtt_no_backoff(struct tcp_conn *c, uint32_t rto_min_ms)
{
	c->backoff = 0;
	if (c->srtt)
		rto_set(c, rto_min_ms);
	else
		c->rto = TCP_RTO_INIT_MS;
}

/* One measurement of us microseconds, of a segment that was sent once (Karn). */
void tcp__rtt_sample(struct tcp_conn *c, uint32_t us, uint32_t rto_min_ms)
{
	if (us == 0)
		us = 1; /* srtt 0 means "not measured"; a loopback RTT is not that */
	if (us > TCP_RTO_MAX_MS * CLOCK_US_PER_MS)
		us = TCP_RTO_MAX_MS * CLOCK_US_PER_MS;
	if (c->srtt == 0) { /* 2.2 */
		c->srtt = us;
		c->rttvar = us / 2;
	} else { /* 2.3, alpha 1/8, beta 1/4 */
		uint32_t err = us > c->srtt ? us - c->srtt : c->srtt - us;

		c->rttvar = c->rttvar - c->rttvar / 4 + err / 4;
		c->srtt = c->srtt - c->srtt / 8 + us / 8;
		if (c->srtt == 0)
			c->srtt = 1;
	}
	c->backoff = 0;
	rto_set(c, rto_min_ms);
}

/* 5.5: the timer expired; wait twice as long next time. */
void tcp__rtt_backoff(struct tcp_conn *c)
{
	c->rto = (uint16_t)(c->rto > TCP_RTO_MAX_MS / 2 ? TCP_RTO_MAX_MS : c->rto * 2);
	if (c->backoff < UINT8_MAX)
		c->backoff++;
}
