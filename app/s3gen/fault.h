/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What goes wrong at an origin, and how long it takes. Chances and times are laid out in tables at
 * the start; a request costs a few draws and no arithmetic on floating point.
 */
#ifndef S3GEN_FAULT_H
#define S3GEN_FAULT_H

#include "s3gen.h"

#define FAULT_QUANTILES 4096 /* of a distribution: the rarest time is that of one in so many */

/* A distribution of times as quantiles, microseconds. */
struct fault_times {
	uint32_t us[FAULT_QUANTILES]; /* ascending */
};

/* What happens to one request. */
enum fault_kind {
	FAULT_NONE,
	FAULT_SLOW_DOWN,
	FAULT_ERROR,
	FAULT_INNER,
	FAULT_RESET_HEAD,
	FAULT_ETAG,
	FAULT_RESET,
	FAULT_TRUNCATE,
	FAULT_STALL,
	FAULT_DRIP,
	FAULT_CORRUPT,
	FAULT_KINDS
};

void fault_times_init(struct fault_times *t, const struct gen_time *from);
static inline uint32_t fault_time(const struct fault_times *t, struct rand_state *r)
{
	return t->us[rand_next(r) & (FAULT_QUANTILES - 1)];
}

/* One fault at most, each with its own chance. */
enum fault_kind fault_draw(const struct gen_faults *f, struct rand_state *r);

/* What happens to one connection. */
enum fault_conn { FAULT_CONN_NONE, FAULT_CONN_REFUSE, FAULT_CONN_BLACKHOLE, FAULT_CONNS };

enum fault_conn fault_draw_conn(const struct gen_faults *f, struct rand_state *r);
/* Who serves at a time, each until then: first come, first served. */
struct fault_seats {
	clock_us_t until[GEN_SEATS_MAX];
};

/* When one of n is free for who comes next. */
clock_us_t fault_seat_free(const struct fault_seats *s, unsigned n);
/* Takes it for us microseconds; when these are over. */
clock_us_t fault_seat_take(struct fault_seats *s, unsigned n, clock_us_t now, uint32_t us);
/* Where in a body of n > 0 bytes it strikes: 0 .. n - 1. */
uint64_t fault_place(uint64_t n, struct rand_state *r);
/* Is the node down at `ms` after the start? */
bool fault_down(const struct gen_faults *f, uint64_t ms);

#endif
