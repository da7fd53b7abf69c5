/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What to ask for next: operation, object and part of it. All distributions are laid out in tables
 * at the start; a draw costs a few random numbers and no arithmetic on floating point.
 */
#ifndef S3GEN_WORKLOAD_H
#define S3GEN_WORKLOAD_H

#include "base/sink.h"
#include "s3gen.h"

#define WORKLOAD_KEY_MAX 320 /* bytes of a key */

struct workload;

/* One operation. */
struct ask {
	uint8_t op;    /* enum gen_op */
	uint32_t key;  /* index of the object */
	uint64_t size; /* of the object, bytes */
	uint64_t from; /* GEN_RANGE: the first byte, and how many; else 0 and the size */
	uint64_t n;
};

/* Where a connection is in an object that it reads range by range. */
struct walk {
	uint32_t key;
	uint64_t next; /* byte; 0: begin another object */
};

/* NULL with e: no memory. c outlives it. */
struct workload *workload_create(const struct gen_workload *c, uint64_t seed, struct err *e);
void workload_destroy(struct workload *w);

/* Draw the next. w is the walk of the connection that will ask. */
void workload_next(struct workload *w, struct rand_state *r, struct walk *walk, struct ask *out);
/* The PUT that makes object i < keys: what GETs ask for. */
void workload_prepare(const struct workload *w, uint32_t i, struct ask *out);
/* The size of object i: the same each time. */
uint64_t workload_size(const struct workload *w, uint32_t i);
/* The key of an operation. What is written or deleted has names of its own, so that nothing that
 * is read goes away; `prepared` names what is read. */
void workload_key(const struct workload *w, const struct ask *a, bool prepared, struct sink *out);

#endif
