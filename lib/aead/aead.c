/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The pages that keys live in. Slots of the driver's key size, handed out last in, first out: what
 * was just wiped is still in the cache. Pages are locked when they are first written to, so memory
 * is taken by keys in use and lies on the node of the worker that uses them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "aead/aead.h"
#include "base/assert.h"

#define LINE 64u /* bytes of a cache line */

/* What ASSERT_SLOW remembers of a key. */
struct past {
	uint8_t nonce[AEAD_NONCE];
	bool seal, used;
};

struct aead {
	const struct aead_driver *drv;
	void *ctx;
	uint8_t *pages;
	size_t bytes;      /* of pages */
	struct past *past; /* [n_keys], NULL without BASE_ASSERT_SLOW */
	uint32_t n_keys, n_free;
	uint32_t free[]; /* slots, a stack */
};

static const struct {
	const char *name;
	uint8_t key;
} algs[AEAD_ALGS] = {
	[AEAD_AES_128_GCM] = {"AES_128_GCM", 16},
	[AEAD_AES_256_GCM] = {"AES_256_GCM", 32},
	[AEAD_CHACHA20_POLY1305] = {"CHACHA20_POLY1305", 32},
};

size_t aead_key_bytes(enum aead_alg alg)
{
	return algs[alg].key;
}

const char *aead_alg_name(enum aead_alg alg)
{
	return algs[alg].name;
}

/* Locking is an attempt: what RLIMIT_MEMLOCK forbids must not keep the appliance from starting. */
static uint8_t *pages_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (madvise(p, bytes, MADV_DONTDUMP) || madvise(p, bytes, MADV_DONTFORK)) {
		munmap(p, bytes);
		return NULL;
	}
	(void)!mlock2(p, bytes, MLOCK_ONFAULT);
	return p;
}

static int memory(struct aead *a)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	a->bytes = (a->n_keys * a->drv->key_size + page - 1) / page * page;
	a->pages = pages_map(a->bytes);
	if (!a->pages)
		return -ENOMEM;
	if (!BASE_ASSERT_SLOW)
		return 0;
	a->past = calloc(a->n_keys, sizeof(*a->past));
	return a->past ? 0 : -ENOMEM;
}

static void release(struct aead *a)
{
	free(a->past);
	if (a->pages)
		munmap(a->pages, a->bytes);
	free(a);
}

struct aead *aead_create(
	const struct aead_driver *drv, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	struct aead *a = calloc(1, sizeof(*a) + n_keys * sizeof(a->free[0]));

	ASSERT(drv->key_size % LINE == 0, "slots are aligned as drivers may expect");
	if (!a || n_keys == 0) {
		err_set(e, ENOMEM, "no memory for %u keys", n_keys);
		free(a);
		return NULL;
	}
	a->drv = drv;
	a->n_keys = n_keys;
	for (; a->n_free < n_keys; a->n_free++)
		a->free[a->n_free] = n_keys - 1 - a->n_free;
	if (memory(a)) {
		err_set(e, ENOMEM, "no memory for %u keys of %zu bytes", n_keys, drv->key_size);
		release(a);
		return NULL;
	}
	if (drv->create(&a->ctx, args, n_keys, socket, e)) {
		release(a);
		return NULL;
	}
	return a;
}

void aead_destroy(struct aead *a)
{
	if (!a)
		return;
	ASSERT(a->n_free == a->n_keys, "a key in use outlives its instance");
	a->drv->destroy(a->ctx);
	release(a);
}

const char *aead_name(const struct aead *a)
{
	return a->drv->name;
}

bool aead_does(const struct aead *a, enum aead_alg alg)
{
	return !a->drv->does || a->drv->does(a->ctx, alg);
}

static uint32_t slot(const struct aead *a, const struct aead_key *k)
{
	size_t at = (size_t)((const uint8_t *)k - a->pages);

	ASSERT_SLOW(at < a->n_keys * a->drv->key_size && at % a->drv->key_size == 0,
		"a key belongs to the instance that made it");
	return (uint32_t)(at / a->drv->key_size);
}

struct aead_key *aead_key_get(struct aead *a, const struct aead_spec *spec, const uint8_t *key)
{
	uint32_t i;
	void *mem;

	ASSERT(spec->n_aad <= AEAD_AAD_MAX, "the longest is TLS 1.2's");
	if (a->n_free == 0)
		return NULL;
	i = a->free[a->n_free - 1];
	mem = a->pages + i * a->drv->key_size;
	if (a->drv->key_init(a->ctx, mem, spec, key)) {
		explicit_bzero(mem, a->drv->key_size);
		return NULL;
	}
	a->n_free--;
	if (BASE_ASSERT_SLOW)
		a->past[i] = (struct past){.seal = spec->seal};
	return mem;
}

void aead_key_put(struct aead *a, struct aead_key *k)
{
	if (!k)
		return;
	ASSERT(a->n_free < a->n_keys, "a key is put back once");
	if (a->drv->key_fini)
		a->drv->key_fini(a->ctx, k);
	explicit_bzero(k, a->drv->key_size);
	a->free[a->n_free++] = slot(a, k);
}

void aead_key_prefetch(const struct aead *a, const struct aead_key *k)
{
	for (size_t at = 0; at < a->drv->key_size; at += LINE)
		__builtin_prefetch((const uint8_t *)k + at);
}

uint32_t aead_keys_in_use(const struct aead *a)
{
	return a->n_keys - a->n_free;
}

/* GCM with a nonce used twice gives away its authentication key (SP 800-38D Appendix A). */
static void nonce_check(struct aead *a, const struct aead_op *op)
{
	struct past *p = &a->past[slot(a, op->key)];

	ASSERT(!p->seal || !p->used || memcmp(p->nonce, op->nonce, AEAD_NONCE) != 0,
		"no nonce seals twice");
	memcpy(p->nonce, op->nonce, AEAD_NONCE);
	p->used = true;
}

void aead_run(struct aead *a, struct aead_op *op, unsigned n)
{
	for (unsigned i = 0; BASE_ASSERT_SLOW && i < n; i++)
		nonce_check(a, &op[i]);
	a->drv->run(a->ctx, op, n);
}
