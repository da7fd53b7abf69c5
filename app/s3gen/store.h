/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all nodes know of objects: names and sizes, no bytes. Places are limited and taken in turn:
 * the oldest object makes room for a new one, the oldest upload too.
 */
#ifndef S3GEN_STORE_H
#define S3GEN_STORE_H

#include "body.h"
#include "request.h"

struct store;

struct store_config {
	uint32_t objects; /* that were put or deleted */
	uint32_t uploads; /* under way */
	uint32_t parts;   /* of all uploads */
};

struct store *store_create(const struct store_config *cfg);
void store_destroy(struct store *s);

/* ---- objects ---- */

struct store_object {
	uint64_t size;
	uint32_t parts; /* it was uploaded in so many; 0: at once */
};

/* What was put under that name; else what its key says (request_size()), unless it was deleted.
 * False: no such object. `object` is body_object() of the name. */
bool store_find(const struct store *s, uint64_t object, const struct request_name *name,
	struct store_object *out);
/* True: another object was forgotten. */
bool store_put(struct store *s, uint64_t object, const struct request_name *name,
	const struct store_object *put);
/* Of an object that is there or not. True: another was forgotten. */
bool store_delete(struct store *s, uint64_t object, const struct request_name *name);

/* A place in the listing of a bucket: put objects in order of their bytes. */
struct store_entry {
	struct span key;
	uint64_t object;
	struct store_object info;
};

/* The next object of the bucket whose key begins with prefix and is greater than `after`. */
bool store_next(const struct store *s, struct span bucket, struct span prefix, struct span after,
	struct store_entry *out);

/* ---- multipart uploads ---- */

/* An id, never 0. */
uint64_t store_upload(struct store *s, uint64_t object, uint64_t part_size);
/* Is it one of that object? part_size as it was given. */
bool store_upload_find(
	const struct store *s, uint64_t upload, uint64_t object, uint64_t *part_size);
/* Again: replaces. False: no such upload, or no place. */
bool store_part(struct store *s, uint64_t upload, uint32_t number, uint64_t size);
/* False: no such part. */
bool store_part_find(const struct store *s, uint64_t upload, uint32_t number, uint64_t *size);
void store_upload_end(struct store *s, uint64_t upload);

#endif
