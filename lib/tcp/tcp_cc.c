/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of congestion controls. */
#include <string.h>

#include "tcp/tcp_cc.h"

static void newreno_on_ack(struct tcp_conn *c, uint32_t acked, uint32_t now_ms)
{
	uint32_t mss = tcp__payload_max(c);

	if (c->cwnd < c->ssthresh) {
		/* slow start, counting bytes with L = 2 (RFC 3465 2.2) */
		c->cwnd += acked < 2 * mss ? acked : 2 * mss;
	} else {
		/* one segment a round trip: mss * acked / cwnd, at least a byte (RFC 5681 3.1) */
		uint64_t step = (uint64_t)mss * acked / c->cwnd;

		c->cwnd += step ? (uint32_t)step : 1;
	}
	if (c->cwnd > UINT32_MAX / 4)
		c->cwnd = UINT32_MAX / 4;
}

/* RFC 5681 (4): half of what was in flight, at least two segments. */
static uint32_t newreno_on_loss(struct tcp_conn *c, uint32_t flight, uint32_t now_ms)
{
	uint32_t floor = 2 * tcp__payload_max(c);

	return flight / 2 > floor ? flight / 2 : floor;
}

const struct tcp_cc_old tcp__cc_ops[] = {
	{"newreno", newreno_on_ack, newreno_on_loss},
};

#define COUNT (sizeof(tcp__cc) / sizeof(tcp__cc[0]))

const struct tcp_cc_ops *const tcp__cc[] = {
	&tcp__cc_cubic, &tcp__cc_newreno, &tcp__cc_bbr, &tcp__cc_dctcp};

int tcp_cc_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(tcp__cc[i]->name, name) == 0)
			return (int)i;
	return -1;
}

const char *tcp_cc_name(uint8_t cc)
{
	return cc < COUNT ? tcp__cc[cc]->name : "?";
}
