/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened: a line each second, a table or JSON at the end, histograms in HdrHistogram's text
 * form. Counting is for the loop; what prints or writes is called once a second and at the end.
 */
#ifndef S3GEN_REPORT_H
#define S3GEN_REPORT_H

#include <stdio.h>

#include "s3gen.h"
#include "stat/stat.h"

enum gen_error {
#define X(name, text) GEN_E_##name,
#include "error.def"
#undef X
	GEN_ERRORS
};

/* Beside the operations: connections, their handshake as latency. */
#define REPORT_CONNECT GEN_OPS

/* One operation that is over, well or not. */
struct report_op {
	uint8_t group;    /* index of the [clients] section */
	uint8_t op;       /* enum gen_op, or REPORT_CONNECT */
	uint64_t latency; /* us, from when it should have begun to its last byte */
	uint64_t first;   /* us, from when it was asked to the first byte of its last response */
	uint64_t in, out; /* bytes of bodies: received and right; sent */
};

/* What others count, for the lines; sums since the start. */
struct report_state {
	uint64_t busy, cycles; /* TSC: of turns that moved packets, and of all */
	uint64_t stolen;       /* TSC: when others had the core; in none of these */
	uint64_t behind;       /* operations that are overdue */
	uint32_t open;         /* connections that are established */
	uint32_t under_way;    /* operations */
};

/* c is borrowed for life. NULL: no memory. */
struct report *report_create(const struct gen_conf *c);
void report_destroy(struct report *r);

void report_done(struct report *r, const struct report_op *op);
/* n bytes of an object came, whatever becomes of the operation: for the series. */
void report_arrived(struct report *r, uint64_t n);
void report_error(struct report *r, unsigned group, unsigned op, enum gen_error why);

/* The warm-up is over: what was counted so far is forgotten. */
void report_begin(struct report *r, const struct report_state *s);
/* Another `us` of run are over: a line to out (NULL: none), a row for the series. */
void report_second(struct report *r, uint64_t us, const struct report_state *s, FILE *out);
/* The run is over, it took us: the results. blocks: what nets, ports and origins counted. */
void report_table(const struct report *r, uint64_t us, const struct report_state *s, FILE *out);
void report_json(const struct report *r, uint64_t us, const struct report_state *s,
	const struct stat_block *blocks, unsigned n_blocks, FILE *out);
/* Latencies of all operations, as HdrHistogram's outputPercentileDistribution() writes them. */
void report_histogram(const struct report *r, FILE *out);

const char *report_error_name(enum gen_error why);
uint64_t report_failed(const struct report *r);    /* operations */
uint64_t report_succeeded(const struct report *r); /* operations */

#endif
