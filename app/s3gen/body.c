/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every mbuf attached to the pattern shares one reference count, which nobody reads: the pattern
 * outlives them. It may wrap; all of them belong to one core.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <rte_memzone.h>

#include "base/rand.h"
#include "base/siphash.h"
#include "body.h"

/* Blocks begin in its first so many bytes: it stays in the L2 cache. */
#define PATTERN        (256u << 10)
#define ALIGN          8u    /* of a block's first byte */
#define NAME_MAX_BYTES 2048u /* of "bucket/key": S3 has 63 + 1024 */

struct body {
	const uint8_t *pattern; /* PATTERN + BODY_BLOCK bytes that any device may read */
	rte_iova_t iova;
	const struct rte_memzone *zone;
	struct rte_mbuf_ext_shared_info *shared;
	struct siphash_key key;
};

static void outlives(void *addr, void *arg)
{
}

struct body *body_create(uint64_t seed, int socket)
{
	static unsigned serial;
	struct body *b = calloc(1, sizeof(*b));
	struct rand_state r;
	char name[RTE_MEMZONE_NAMESIZE];
	uint64_t *word;

	if (!b)
		return NULL;
	snprintf(name, sizeof(name), "body%u", serial++);
	b->zone = rte_memzone_reserve_aligned(
		name, PATTERN + BODY_BLOCK, socket, RTE_MEMZONE_IOVA_CONTIG, RTE_CACHE_LINE_SIZE);
	b->shared = calloc(1, sizeof(*b->shared));
	if (!b->zone || !b->shared) {
		body_destroy(b);
		return NULL;
	}
	b->shared->free_cb = outlives;
	rte_mbuf_ext_refcnt_set(b->shared, 1);
	rand_seed(&r, seed);
	word = b->zone->addr;
	for (size_t i = 0; i < (PATTERN + BODY_BLOCK) / sizeof(*word); i++)
		word[i] = rand_next(&r);
	b->key = (struct siphash_key){{rand_next(&r), rand_next(&r)}};
	b->pattern = b->zone->addr;
	b->iova = b->zone->iova;
	return b;
}

void body_destroy(struct body *b)
{
	if (!b)
		return;
	if (b->zone)
		rte_memzone_free(b->zone);
	free(b->shared);
	free(b);
}

uint64_t body_object(const struct body *b, struct span bucket, struct span key)
{
	char name[NAME_MAX_BYTES];
	size_t n = RTE_MIN(bucket.n, sizeof(name) / 2), k = RTE_MIN(key.n, sizeof(name) / 2 - 1);

	memcpy(name, bucket.p, n);
	name[n] = '/'; /* no bucket's name has one */
	if (k)
		memcpy(name + n + 1, key.p, k);
	return siphash13(&b->key, name, n + 1 + k);
}

/* splitmix64's finisher (Vigna). */
static uint64_t mix(uint64_t v)
{
	v = (v ^ v >> 30) * 0xbf58476d1ce4e5b9;
	v = (v ^ v >> 27) * 0x94d049bb133111eb;
	return v ^ v >> 31;
}

/* Where byte off of the object lies in the pattern; *n is cut where its block ends. */
static uint32_t place(uint64_t object, uint64_t off, uint32_t *n)
{
	uint64_t block = off / BODY_BLOCK, hash = mix(object + block * 0x9e3779b97f4a7c15);
	uint32_t inside = (uint32_t)(off % BODY_BLOCK);

	*n = RTE_MIN(*n, BODY_BLOCK - inside);
	return (uint32_t)(hash >> 32) % (PATTERN / ALIGN) * ALIGN + inside;
}

static struct rte_mbuf *attached(
	const struct body *b, uint32_t at, uint32_t n, struct rte_mempool *pool)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);

	if (unlikely(!m))
		return NULL;
	rte_mbuf_ext_refcnt_update(b->shared, 1);
	rte_pktmbuf_attach_extbuf(
		m, (void *)(uintptr_t)(b->pattern + at), b->iova + at, (uint16_t)n, b->shared);
	m->data_off = 0;
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

int body_slice(const struct body *b, uint64_t object, uint64_t off, uint32_t n, struct buf_chain *c,
	struct rte_mempool *indirect)
{
	struct buf_chain fresh = {0};

	while (n) {
		uint32_t part = n, at = place(object, off, &part);
		struct rte_mbuf *m = attached(b, at, part, indirect);

		if (unlikely(!m)) {
			buf_chain_free(&fresh);
			return -ENOMEM;
		}
		buf_chain_append(&fresh, m);
		off += part;
		n -= part;
	}
	return buf_chain_move(c, &fresh, indirect); /* cannot fail: fresh has its head whole */
}

void body_copy(const struct body *b, uint64_t object, uint64_t off, uint32_t n, void *out)
{
	uint8_t *to = out;

	while (n) {
		uint32_t part = n, at = place(object, off, &part);

		memcpy(to, b->pattern + at, part);
		to += part;
		off += part;
		n -= part;
	}
}

static uint32_t first_difference(const uint8_t *a, const uint8_t *b, uint32_t n)
{
	uint32_t i = 0;

	while (i < n && a[i] == b[i])
		i++;
	return i;
}

uint32_t body_check(const struct body *b, uint64_t object, uint64_t off, const void *p, uint32_t n)
{
	uint32_t done = 0;

	while (done < n) {
		uint32_t part = n - done, at = place(object, off + done, &part);
		const uint8_t *is = (const uint8_t *)p + done, *want = b->pattern + at;

		if (unlikely(memcmp(is, want, part) != 0))
			return done + first_difference(is, want, part);
		done += part;
	}
	return n;
}

uint32_t body_check_chain(
	const struct body *b, uint64_t object, uint64_t off, const struct buf_chain *c, uint32_t n)
{
	const struct rte_mbuf *m = c->head;
	uint32_t skip = c->head_off, done = 0;

	for (; done < n; m = m->next, skip = 0) {
		uint32_t part = RTE_MIN(n - done, m->data_len - skip), good;

		good = body_check(b, object, off + done,
			rte_pktmbuf_mtod_offset(m, const void *, skip), part);
		done += good;
		if (good < part)
			break;
	}
	return done;
}

static char *hex16(char *to, uint64_t v)
{
	for (unsigned i = 0; i < 16; i++)
		*to++ = "0123456789abcdef"[v >> (60 - 4 * i) & 15];
	return to;
}

void body_etag(uint64_t object, uint64_t size, unsigned parts, char out[BODY_ETAG_MAX])
{
	char *to = out;

	*to++ = '"';
	to = hex16(to, object);
	to = hex16(to, mix(object ^ (size + 1) * 0x9e3779b97f4a7c15));
	if (parts > 0)
		to += sprintf(to, "-%u", RTE_MIN(parts, 99999u));
	memcpy(to, "\"", 2);
}
