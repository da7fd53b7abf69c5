/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters and histograms. A library lists its counters in <lib>_stat.def as
 * X(name, "what it counts"); one include makes the enum, another the table of names.
 * Written by one worker with plain stores, read by control at any time: a reader may see a
 * counter a moment late, never torn (aligned 64-bit).
 */
#ifndef STAT_STAT_H
#define STAT_STAT_H

#include <stddef.h>
#include <stdint.h>

/* One counter's name and text, for show and metrics. */
struct stat_name {
	const char *name;
	const char *text;
};

/* One library's counters in one worker. */
struct stat_block {
	const char *lib; /* "net", "tcp"... */
	const struct stat_name *names;
	const uint64_t *values;
	unsigned n;
};

/* One stage of a loop: the TSC cycles that went there, and the packets that they went to. */
struct stat_stage {
	const char *name;
	uint64_t cycles;
	uint64_t packets;
};

/*
 * Log-linear histogram (as HDR): 32 sub-buckets per power of two, so every value is known to 3 %.
 * Values 0 .. 2^36 - 1 (microseconds: 19 hours); larger ones count in the last bucket.
 */
#define STAT_HIST_SUB     32
#define STAT_HIST_BUCKETS (STAT_HIST_SUB * 32)

struct stat_hist {
	uint64_t count; /* values recorded */
	uint64_t sum;   /* of them */
	uint64_t max;   /* largest recorded */
	uint64_t bucket[STAT_HIST_BUCKETS];
};

void stat_hist_add(struct stat_hist *h, uint64_t v);
/* Add all of src to dst (merge workers). */
void stat_hist_merge(struct stat_hist *dst, const struct stat_hist *src);
/* Smallest value that at least per_mille/1000 of the values do not exceed (the bucket's upper
 * bound, capped by max); 0 when empty. 500 = p50, 999 = p99.9. */
uint64_t stat_hist_quantile(const struct stat_hist *h, unsigned per_mille);
/* The largest value that counts in bucket i; UINT64_MAX: the last. */
uint64_t stat_hist_bucket_top(unsigned i);
/* How many values are <= v, to the bucket's precision: Prometheus' cumulative buckets. */
uint64_t stat_hist_below(const struct stat_hist *h, uint64_t v);

#endif
