/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "schedule.h"

#define FRACTION 20 /* bits of a time behind the microsecond */
#define GAP_BITS 12
#define GAPS     (1u << GAP_BITS)
#define GAP_UNIT 65536.0
#define MILLIS   1000ull /* the file's rate is in 1/1000 */

/* Quantiles of the exponential distribution of mean 1, at the middle of each slot. Their mean is a
 * little below 1, for the last slot's tail is cut: the rate would be 0.01 % too high. */
static const uint32_t *gaps(void)
{
	static uint32_t table[GAPS];

	for (unsigned i = 0; table[GAPS - 1] == 0 && i < GAPS; i++)
		table[i] = (uint32_t)(-log(1 - (i + 0.5) / GAPS) * GAP_UNIT + 0.5);
	return table;
}

void schedule_init(struct schedule *s, const struct gen_clients *c, clock_us_t start)
{
	*s = (struct schedule){.start = start, .left = c->operations ? c->operations : UINT64_MAX};
	if (c->rate)
		s->step = (((uint64_t)CLOCK_US_PER_S * MILLIS) << FRACTION) / c->rate;
	if (c->rate && c->arrival == GEN_POISSON)
		s->gap = gaps();
}

static clock_us_t due(const struct schedule *s)
{
	return s->start + (s->next >> FRACTION);
}

bool schedule_due(struct schedule *s, struct rand_state *r, clock_us_t now, clock_us_t *intended)
{
	uint64_t step = s->step;

	*intended = s->step ? due(s) : now;
	if (s->left == 0 || *intended > now)
		return false;
	if (s->gap)
		step = (uint64_t)((unsigned __int128)step * s->gap[rand_next(r) & (GAPS - 1)] >>
				  16);
	s->next += step;
	if (s->left != UINT64_MAX)
		s->left--;
	return true;
}

uint64_t schedule_behind(const struct schedule *s, clock_us_t now)
{
	uint64_t n;

	if (s->step == 0 || due(s) > now)
		return 0;
	n = (((now - s->start) << FRACTION) - s->next) / s->step + 1;
	return RTE_MIN(n, s->left);
}

clock_us_t schedule_next(const struct schedule *s)
{
	return s->step && s->left ? due(s) : UINT64_MAX;
}
