/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Buckets 0 .. 31 hold one value each; from there on every power of two 2^e is cut into 32 of
 * width 2^(e - 5). The last bucket has no upper bound but max.
 */
#include "stat/stat.h"

#define SUB_BITS 5
#define TOP_EXP  35 /* the highest power of two with buckets of its own */

_Static_assert(STAT_HIST_SUB == 1 << SUB_BITS, "sub-buckets are the bits below the highest one");
_Static_assert(STAT_HIST_BUCKETS == (TOP_EXP - SUB_BITS + 2) * STAT_HIST_SUB, "all have a bucket");

static unsigned bucket_of(uint64_t v)
{
	unsigned exp;

	if (v < STAT_HIST_SUB)
		return (unsigned)v;
	exp = 63 - (unsigned)__builtin_clzll(v);
	if (exp > TOP_EXP)
		return STAT_HIST_BUCKETS - 1;
	return (exp - SUB_BITS) * STAT_HIST_SUB + (unsigned)(v >> (exp - SUB_BITS));
}

uint64_t stat_hist_bucket_top(unsigned i)
{
	unsigned shift;

	if (i < STAT_HIST_SUB)
		return i;
	if (i == STAT_HIST_BUCKETS - 1)
		return UINT64_MAX;
	shift = i / STAT_HIST_SUB - 1;
	return ((uint64_t)(i % STAT_HIST_SUB + STAT_HIST_SUB + 1) << shift) - 1;
}

void stat_hist_add(struct stat_hist *h, uint64_t v)
{
	h->bucket[bucket_of(v)]++;
	h->count++;
	h->sum += v;
	if (v > h->max)
		h->max = v;
}

void stat_hist_merge(struct stat_hist *dst, const struct stat_hist *src)
{
	for (unsigned i = 0; i < STAT_HIST_BUCKETS; i++)
		dst->bucket[i] += src->bucket[i];
	dst->count += src->count;
	dst->sum += src->sum;
	if (src->max > dst->max)
		dst->max = src->max;
}

uint64_t stat_hist_quantile(const struct stat_hist *h, unsigned per_mille)
{
	uint64_t rank = (h->count * per_mille + 999) / 1000, seen = 0;

	for (unsigned i = 0; i < STAT_HIST_BUCKETS; i++) {
		seen += h->bucket[i];
		if (seen && seen >= rank)
			return stat_hist_bucket_top(i) < h->max ? stat_hist_bucket_top(i) : h->max;
	}
	return h->max; /* empty, or the worker was between a bucket and the count */
}

uint64_t stat_hist_below(const struct stat_hist *h, uint64_t v)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i <= bucket_of(v); i++)
		seen += h->bucket[i];
	return seen;
}
