/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bytes of an object follow from its bucket, its key and the seed: whoever knows these can send
 * them without having them and verify them without having seen them.
 *
 *	pattern   |.................................................|   PATTERN + BLOCK random bytes
 *	                ^block 1 of A       ^block 0 of B      ^block 0 of A
 *
 * Block i of an object is a slice of one random pattern; where it begins is a hash of object and i.
 * So sending costs an mbuf for each block, attached to the pattern and not copied, and verifying is
 * memcmp. Two blocks are alike by chance once in some ten thousand pairs; bytes of another object,
 * from another offset, lost, repeated or shifted by any number do not pass for right.
 */
#ifndef S3GEN_BODY_H
#define S3GEN_BODY_H

#include <stdint.h>

#include "base/span.h"
#include "buf/buf.h"

#define BODY_BLOCK    (32u << 10) /* bytes of a block: one mbuf at most */
#define BODY_ETAG_MAX 48          /* with quotes, part count and NUL */

struct body;

/* NULL: no memory. Same seed, same bytes. Must outlive every mbuf that body_slice() gave. */
struct body *body_create(uint64_t seed, int socket);
void body_destroy(struct body *b);

/* An object. The key as it is named, percent-decoded. */
uint64_t body_object(const struct body *b, struct span bucket, struct span key);

/* Append the n bytes at offset off of the object to c, by mbufs of a pool without data room that
 * are attached to the pattern. 0, or -ENOMEM: nothing appended. */
int body_slice(const struct body *b, uint64_t object, uint64_t off, uint32_t n, struct buf_chain *c,
	struct rte_mempool *indirect);
/* Copy them to out. */
void body_copy(const struct body *b, uint64_t object, uint64_t off, uint32_t n, void *out);

/* How many of the n bytes at p are right, from the first on: n, or the index of the first that is
 * not that of the object at off + index. */
uint32_t body_check(const struct body *b, uint64_t object, uint64_t off, const void *p, uint32_t n);
/* The same for the first n <= bytes bytes of a chain. */
uint32_t body_check_chain(
	const struct body *b, uint64_t object, uint64_t off, const struct buf_chain *c, uint32_t n);

/* The ETag, quotes and all, of an object of that size; parts > 0: uploaded in so many. Also that of
 * a part, which is an object `object + number`. */
void body_etag(uint64_t object, uint64_t size, unsigned parts, char out[BODY_ETAG_MAX]);

#endif
