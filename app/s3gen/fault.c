/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "fault.h"

/* Where the standard normal distribution reaches p: by bisection, at the start there is time. */
static double normal_quantile(double p)
{
	double low = -10, high = 10;

	for (unsigned i = 0; i < 60; i++) {
		double mid = (low + high) / 2;

		if (erfc(-mid / M_SQRT2) / 2 < p)
			low = mid;
		else
			high = mid;
	}
	return low;
}

/* The value, in units of from->us, that a share p of all values does not exceed. */
static double quantile(const struct gen_time *from, double p)
{
	switch ((enum gen_dist)from->shape) {
	case GEN_EXPONENTIAL:
		return -log1p(-p);
	case GEN_LOGNORMAL:
		return exp((double)from->sigma * normal_quantile(p));
	case GEN_FIXED:
		break;
	}
	return 1;
}

void fault_times_init(struct fault_times *t, const struct gen_time *from)
{
	for (unsigned i = 0; i < FAULT_QUANTILES; i++) {
		double us = from->us * quantile(from, (i + 0.5) / FAULT_QUANTILES);

		t->us[i] = us < (double)UINT32_MAX ? (uint32_t)(us + 0.5) : UINT32_MAX;
	}
}

/* The first of 1 .. n - 1 that its chance meets; 0: none. */
static unsigned draw(const uint32_t *chance, unsigned n, struct rand_state *r)
{
	for (unsigned k = 1; k < n; k++)
		if (chance[k] && (rand_next(r) >> 32) < chance[k])
			return k;
	return 0;
}

enum fault_kind fault_draw(const struct gen_faults *f, struct rand_state *r)
{
	const uint32_t chance[FAULT_KINDS] = {
		[FAULT_SLOW_DOWN] = f->slow_down,
		[FAULT_ERROR] = f->error,
		[FAULT_INNER] = f->inner,
		[FAULT_RESET_HEAD] = f->reset_head,
		[FAULT_ETAG] = f->etag,
		[FAULT_RESET] = f->reset,
		[FAULT_TRUNCATE] = f->truncate,
		[FAULT_STALL] = f->stall,
		[FAULT_DRIP] = f->drip,
		[FAULT_CORRUPT] = f->corrupt,
	};

	return draw(chance, FAULT_KINDS, r);
}

enum fault_conn fault_draw_conn(const struct gen_faults *f, struct rand_state *r)
{
	const uint32_t chance[FAULT_CONNS] = {
		[FAULT_CONN_REFUSE] = f->refuse,
		[FAULT_CONN_BLACKHOLE] = f->blackhole,
	};

	return draw(chance, FAULT_CONNS, r);
}

static unsigned first_free(const struct fault_seats *s, unsigned n)
{
	unsigned first = 0;

	for (unsigned i = 1; i < n; i++)
		if (s->until[i] < s->until[first])
			first = i;
	return first;
}

clock_us_t fault_seat_free(const struct fault_seats *s, unsigned n)
{
	return s->until[first_free(s, n)];
}

clock_us_t fault_seat_take(struct fault_seats *s, unsigned n, clock_us_t now, uint32_t us)
{
	unsigned i = first_free(s, n);

	return s->until[i] = RTE_MAX(s->until[i], now) + us;
}

uint64_t fault_place(uint64_t n, struct rand_state *r)
{
	return (uint64_t)(((unsigned __int128)rand_next(r) * n) >> 64);
}

bool fault_down(const struct gen_faults *f, uint64_t ms)
{
	return f->return_ms > f->crash_ms && ms >= f->crash_ms && ms < f->return_ms;
}
