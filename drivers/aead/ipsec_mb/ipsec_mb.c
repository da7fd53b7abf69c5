/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intel's Multi-Buffer Crypto for IPsec, by its direct calls: the job interface has one buffer at a
 * time for these algorithms too, and costs more for chains. The library picks SSE, AVX, AVX2 or
 * AVX512 code for the processor it finds; args "arch=sse|avx|avx2|avx512" asks for one of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <intel-ipsec-mb.h>

#include "aead/drivers.h"

#define CACHE_LINE 64
/* Slices, of a segment each: a line takes as long to come as one, and more come at a time. */
#define AHEAD 8

/* intel-ipsec-mb.h aligns gcm_key_data only where LINUX is defined: here is the alignment. */
struct key {
	union {
		struct gcm_key_data gcm;
		uint8_t chacha[AEAD_KEY_MAX];
	};
	uint8_t alg; /* enum aead_alg */
	bool seal;
	uint8_t n_aad;
} __attribute__((aligned(64)));
_Static_assert(sizeof(struct key) == 1024, "what is ours fits into the padding");

/* The calls of one AES key size; [seal]. */
struct gcm {
	aes_gcm_pre_t expand;
	aes_gcm_init_t init;
	aes_gcm_enc_dec_t whole[2];
	aes_gcm_enc_dec_update_t update[2];
	aes_gcm_enc_dec_finalize_t finalize[2];
};

/* The state of a message is not on the stack: it holds key stream, and is wiped at the end. */
struct ctx {
	IMB_MGR *mgr;
	struct gcm gcm[2]; /* enum aead_alg */
	chacha_poly_enc_dec_update_t chacha_update[2];
	union {
		struct gcm_context_data gcm_state;
		struct chacha20_poly1305_context_data chacha_state;
	} __attribute__((aligned(64)));
};

static const struct {
	const char *args;
	void (*init)(IMB_MGR *m);
	uint64_t needs;
} arches[] = {
	{"arch=sse", init_mb_mgr_sse, IMB_CPUFLAGS_SSE},
	{"arch=avx", init_mb_mgr_avx, IMB_CPUFLAGS_AVX},
	{"arch=avx2", init_mb_mgr_avx2, IMB_CPUFLAGS_AVX2},
	{"arch=avx512", init_mb_mgr_avx512, IMB_CPUFLAGS_AVX512},
};

static int arch_init(IMB_MGR *m, const char *args, struct err *e)
{
	size_t i = 0;

	if (args[0] == '\0') {
		init_mb_mgr_auto(m, NULL);
		return 0;
	}
	while (i < sizeof(arches) / sizeof(arches[0]) && strcmp(arches[i].args, args) != 0)
		i++;
	if (i == sizeof(arches) / sizeof(arches[0]))
		return err_set(
			e, EINVAL, "ipsec_mb takes arch=sse|avx|avx2|avx512, not \"%s\"", args);
	if ((m->features & arches[i].needs) != arches[i].needs)
		return err_set(e, ENOTSUP, "this processor cannot do %s", args);
	arches[i].init(m);
	return 0;
}

static void calls(struct ctx *c)
{
	const IMB_MGR *m = c->mgr;

	c->gcm[AEAD_AES_128_GCM] = (struct gcm){m->gcm128_pre, m->gcm128_init,
		{m->gcm128_dec, m->gcm128_enc}, {m->gcm128_dec_update, m->gcm128_enc_update},
		{m->gcm128_dec_finalize, m->gcm128_enc_finalize}};
	c->gcm[AEAD_AES_256_GCM] = (struct gcm){m->gcm256_pre, m->gcm256_init,
		{m->gcm256_dec, m->gcm256_enc}, {m->gcm256_dec_update, m->gcm256_enc_update},
		{m->gcm256_dec_finalize, m->gcm256_enc_finalize}};
	c->chacha_update[0] = m->chacha20_poly1305_dec_update;
	c->chacha_update[1] = m->chacha20_poly1305_enc_update;
}

static void destroy(void *ctx)
{
	struct ctx *c = ctx;

	if (c->mgr)
		free_mb_mgr(c->mgr);
	explicit_bzero(c, sizeof(*c));
	free(c);
}

static int create(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	struct ctx *c = aligned_alloc(64, sizeof(*c));
	int rc;

	if (!c)
		return err_set(e, ENOMEM, "no memory for ipsec_mb");
	memset(c, 0, sizeof(*c));
	c->mgr = alloc_mb_mgr(0);
	rc = c->mgr ? arch_init(c->mgr, args, e) : err_set(e, ENOMEM, "no memory for ipsec_mb");
	if (rc == 0 && imb_get_errno(c->mgr))
		rc = err_set(e, ENOTSUP, "ipsec_mb: %s", imb_get_strerror(imb_get_errno(c->mgr)));
	if (rc) {
		destroy(c);
		return rc;
	}
	calls(c);
	*ctx = c;
	return 0;
}

static int key_init(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *key)
{
	struct ctx *c = ctx;
	struct key *k = mem;

	k->alg = (uint8_t)spec->alg;
	k->seal = spec->seal;
	k->n_aad = spec->n_aad;
	if (spec->alg == AEAD_CHACHA20_POLY1305)
		memcpy(k->chacha, key, AEAD_KEY_MAX);
	else
		c->gcm[spec->alg].expand(key, &k->gcm);
	return 0;
}

/* What a device or another core wrote is far away, and so is what another core read last: both are
 * fetched while the slices before are worked on, for the processor's own prefetching begins anew in
 * each mbuf. */
static void fetch(const struct aead_slice *s)
{
	for (uint32_t at = 0; at < s->n; at += CACHE_LINE) {
		__builtin_prefetch(s->in + at);
		/* a hint to those who do not know it; gcc asks for a flag */
		__asm__ volatile("prefetchw %0" : : "m"(s->out[at]));
	}
}

static void run_gcm(struct ctx *c, const struct key *k, const struct aead_op *op, uint8_t *tag)
{
	const struct gcm *g = &c->gcm[k->alg];
	const struct aead_slice *s = op->slice, *end = s + op->n_slices;

	if (op->n_slices == 1) {
		g->whole[k->seal](&k->gcm, &c->gcm_state, s->out, s->in, s->n, op->nonce, op->aad,
			k->n_aad, tag, AEAD_TAG);
		return;
	}
	g->init(&k->gcm, &c->gcm_state, op->nonce, op->aad, k->n_aad);
	for (; s < end; s++) {
		if (s + AHEAD < end)
			fetch(s + AHEAD);
		g->update[k->seal](&k->gcm, &c->gcm_state, s->out, s->in, s->n);
	}
	g->finalize[k->seal](&k->gcm, &c->gcm_state, tag, AEAD_TAG);
}

static void run_chacha(struct ctx *c, const struct key *k, const struct aead_op *op, uint8_t *tag)
{
	const struct aead_slice *s = op->slice, *end = s + op->n_slices;

	c->mgr->chacha20_poly1305_init(k->chacha, &c->chacha_state, op->nonce, op->aad, k->n_aad);
	for (; s < end; s++)
		c->chacha_update[k->seal](k->chacha, &c->chacha_state, s->out, s->in, s->n);
	c->mgr->chacha20_poly1305_finalize(&c->chacha_state, tag, AEAD_TAG);
}

/* Without a branch that depends on where they differ. */
static bool tag_eq(const uint8_t *a, const uint8_t *b)
{
	uint64_t x[2], y[2];

	memcpy(x, a, AEAD_TAG);
	memcpy(y, b, AEAD_TAG);
	return ((x[0] ^ y[0]) | (x[1] ^ y[1])) == 0;
}

/* The next message's, while this one runs: of the keys of thousands few are in the cache. */
static void prefetch(const struct aead_key *k)
{
	for (size_t at = 0; at < sizeof(struct key); at += CACHE_LINE)
		__builtin_prefetch((const uint8_t *)k + at);
}

static void run(void *ctx, struct aead_op *op, unsigned n)
{
	struct ctx *c = ctx;

	for (const struct aead_op *end = op + n; op < end; op++) {
		const struct key *k = (const struct key *)op->key;
		uint8_t tag[AEAD_TAG];

		if (op + 1 < end && op[1].key != op->key)
			prefetch(op[1].key);
		if (k->alg == AEAD_CHACHA20_POLY1305)
			run_chacha(c, k, op, tag);
		else
			run_gcm(c, k, op, tag);
		op->ok = k->seal || tag_eq(tag, op->tag);
		if (k->seal)
			memcpy(op->tag, tag, AEAD_TAG);
	}
}

const struct aead_driver aead_ipsec_mb = {
	.name = "ipsec_mb",
	.create = create,
	.destroy = destroy,
	.key_size = sizeof(struct key),
	.key_init = key_init,
	.run = run,
};
