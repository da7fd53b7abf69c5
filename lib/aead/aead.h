/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Authenticated encryption (RFC 5116) over slices of buffers. A class: drivers/aead has an ops
 * table for each library or device that does it. One instance a worker; nothing is shared.
 *
 * A burst is synchronous: when aead_run() returns all of its operations are done. A device works on
 * the operations of a burst side by side, so callers collect what a turn has and submit it at once.
 */
#ifndef AEAD_AEAD_H
#define AEAD_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum aead_alg {
	AEAD_AES_128_GCM, /* NIST SP 800-38D */
	AEAD_AES_256_GCM,
	AEAD_CHACHA20_POLY1305, /* RFC 8439 */
	AEAD_ALGS
};

#define AEAD_KEY_MAX 32 /* bytes; AES-128 has 16 */
#define AEAD_NONCE   12
#define AEAD_TAG     16
#define AEAD_AAD_MAX 13 /* TLS 1.2; TLS 1.3 has 5 */

size_t aead_key_bytes(enum aead_alg alg);
const char *aead_alg_name(enum aead_alg alg); /* "AES_128_GCM", as in the names of TLS suites */

struct aead;     /* a driver's instance, with room for keys */
struct aead_key; /* one expanded key; a driver knows what is in it */

/* A key is for one direction of one connection; devices want to know all of this beforehand. */
struct aead_spec {
	enum aead_alg alg;
	bool seal;     /* else it opens */
	uint8_t n_aad; /* bytes of every message's additional data, up to AEAD_AAD_MAX */
};

#define AEAD_SLICES_MAX 256 /* of one message */

/* n bytes, 0 to 65535 (a device wants mbufs), at in become n bytes at out. in == out is in place,
 * else they do not overlap. */
struct aead_slice {
	const uint8_t *in;
	uint8_t *out;
	uint32_t n;
};

/* One message. All it points to is the caller's and stays until aead_run() returns. */
struct aead_op {
	const struct aead_key *key; /* says whether this seals or opens */
	const struct aead_slice *slice;
	uint16_t n_slices;
	bool ok; /* out: sealed, or opened and authentic; else what is at out means nothing */
	uint8_t nonce[AEAD_NONCE]; /* never twice with one key when sealing */
	uint8_t aad[AEAD_AAD_MAX];
	uint8_t tag[AEAD_TAG]; /* seal: out. open: in, compared in constant time */
};

/* What a driver fills in; drivers/aead/drivers.h names them. */
struct aead_driver {
	const char *name;
	/* *ctx: the instance's own. args: what the driver wants to know, "" if nothing. n_keys:
	 * most keys at a time. socket: NUMA node or -1. 0 or -errno with e set. */
	int (*create)(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e);
	void (*destroy)(void *ctx);
	bool (*does)(void *ctx, enum aead_alg alg); /* NULL: all of them */
	size_t key_size;                            /* bytes of an expanded key, a multiple of 64 */
	/* Expand key (aead_key_bytes) into mem, which is zeroed and 64-byte aligned. 0, -ENOTSUP or
	 * -ENOMEM. */
	int (*key_init)(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *key);
	void (*key_fini)(
		void *ctx, void *mem); /* what mem holds outside of itself; NULL: nothing */
	void (*run)(void *ctx, struct aead_op *op, unsigned n);
};

/* An instance with room for n_keys expanded keys, in pages of their own that are in no core dump,
 * in no child and, where RLIMIT_MEMLOCK allows, in no swap. NULL with e set. Control path. */
struct aead *aead_create(const struct aead_driver *drv, const char *args, uint32_t n_keys,
	int socket, struct err *e);
/* All keys were put back. NULL is fine. */
void aead_destroy(struct aead *a);
const char *aead_name(const struct aead *a);
/* Not every device does all of them: what it does not is not to be offered in a handshake. */
bool aead_does(const struct aead *a, enum aead_alg alg);

/* An expanded key, or NULL: all are in use, or the driver does not do this. key (aead_key_bytes)
 * stays the caller's, to be wiped. */
struct aead_key *aead_key_get(struct aead *a, const struct aead_spec *spec, const uint8_t *key);
/* Wipes it. NULL is fine. */
void aead_key_put(struct aead *a, struct aead_key *k);
/* Into the cache, before it is used. */
void aead_key_prefetch(const struct aead *a, const struct aead_key *k);
uint32_t aead_keys_in_use(const struct aead *a);

/* Do n messages; see op->ok of each. Those of one key are done in order. */
void aead_run(struct aead *a, struct aead_op *op, unsigned n);

#endif
