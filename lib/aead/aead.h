/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Authenticated encryption (RFC 5116) over slices of buffers. A class: drivers/aead has an ops table
 * for each library or device that does it. One instance a worker; nothing is shared.
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
	AEAD_AES_128_GCM,       /* NIST SP 800-38D */
	AEAD_AES_256_GCM,
	AEAD_CHACHA20_POLY1305, /* RFC 8439 */
	AEAD_ALGS
};

#define AEAD_KEY_MAX 32 /* bytes; AES-128 has 16 */
#define AEAD_NONCE   12
#define AEAD_TAG     16
#define AEAD_AAD_MAX 13 /* TLS 1.2; TLS 1.3 has 5 */

size_t aead_key_bytes(enum aead_alg alg);
const char *aead_alg_name(enum aead_alg alg);

struct aead_driver;
struct aead;     /* a driver's instance, with room for keys */
struct aead_key; /* one expanded key, for one direction of one connection; a driver knows what is in it */

/* n bytes at in become n bytes at out; in == out is in place, else they do not overlap. */
struct aead_slice {
	const uint8_t *in;
	uint8_t *out;
	uint32_t n;
};

/* One message. All it points to is the caller's and stays until aead_run() returns. */
struct aead_op {
	const struct aead_key *key;
	const struct aead_slice *slice;
	uint16_t n_slices;
	uint8_t n_aad;
	bool seal;                 /* else open */
	bool ok;                   /* out: opened and authentic, or sealed */
	uint8_t nonce[AEAD_NONCE]; /* never twice with one key when sealing */
	uint8_t aad[AEAD_AAD_MAX];
	uint8_t tag[AEAD_TAG]; /* seal: out. open: in, compared in constant time */
};

/* What a driver fills in; see aead_driver_find. */
struct aead_driver {
	const char *name;
	/* *ctx: the instance's own. args: what follows the name in the operator's file, "" if nothing.
	 * n_keys: most keys at a time. 0 or -errno with e set. */
	int (*create)(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e);
	void (*destroy)(void *ctx);
	size_t key_size; /* bytes of an expanded key, a multiple of 64 */
	/* Expand key (aead_key_bytes) into mem, which is zeroed, 64-byte aligned. 0 or -ENOMEM. */
	int (*key_init)(void *ctx, void *mem, enum aead_alg alg, const uint8_t *key);
	void (*key_fini)(void *ctx, void *mem); /* what mem holds outside of itself; NULL: nothing */
	void (*run)(void *ctx, struct aead_op *op, unsigned n);
};

/* An instance with room for n_keys expanded keys, in pages of their own that no core dump and no
 * swap ever sees. NULL with e set. Control path. */
struct aead *aead_create(const struct aead_driver *drv, const char *args, uint32_t n_keys, int socket,
	struct err *e);
/* All keys were put back. NULL is fine. */
void aead_destroy(struct aead *a);
const char *aead_name(const struct aead *a);

/* An expanded key, or NULL: all are in use. key stays the caller's, to be wiped. */
struct aead_key *aead_key_get(struct aead *a, enum aead_alg alg, const uint8_t *key);
/* Wipes it. NULL is fine. */
void aead_key_put(struct aead *a, struct aead_key *k);
/* Into the cache, before it is used. */
void aead_key_prefetch(const struct aead_key *k);

/* Do n messages; see op->ok of each. Those of one key are done in order. */
void aead_run(struct aead *a, struct aead_op *op, unsigned n);

uint32_t aead_keys_in_use(const struct aead *a);

#endif
