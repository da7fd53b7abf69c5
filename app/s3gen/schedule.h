/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When the next operation of a group of clients begins. No clock of its own.
 *
 *	open	at a rate, whatever the answers do: what cannot begin in time begins late, and its
 *		latency counts from when it should have begun. A stall of the server is seen by all
 *		that would have asked meanwhile (no coordinated omission, Tene 2013).
 *	closed	whenever a connection is free; the latency counts from then.
 */
#ifndef S3GEN_SCHEDULE_H
#define S3GEN_SCHEDULE_H

#include "s3gen.h"

struct schedule {
	uint64_t step; /* between two, us in 2^-20; 0: closed loop */
	uint64_t next; /* when the next should begin, the same unit, since `start` */
	clock_us_t start;
	uint64_t left;       /* operations still to begin; UINT64_MAX: no limit */
	const uint32_t *gap; /* poisson: quantiles of the time between two, of step in 2^-16 */
};

/* operations: 0 no limit. The first is due at start. */
void schedule_init(struct schedule *s, const struct gen_clients *c, clock_us_t start);
/* Is one due? Then it is begun, and *intended is when it should have begun, at most now. */
bool schedule_due(struct schedule *s, struct rand_state *r, clock_us_t now, clock_us_t *intended);
/* How many are overdue at now: an open loop that cannot keep up. */
uint64_t schedule_behind(const struct schedule *s, clock_us_t now);
/* When the next is due; UINT64_MAX: closed loop, or none is left. */
clock_us_t schedule_next(const struct schedule *s);

#endif
