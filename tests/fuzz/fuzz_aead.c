/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any message in any pieces through IPsec-MB, for each kind of processor, against EVP in one piece:
 * what is sealed is the same, it opens again, and with one bit changed it does not.
 *
 * Input: struct head, then head.n_cuts bytes of piece lengths, then the message.
 */
#include <stdlib.h>
#include <string.h>

#include "aead/drivers.h"

#define MAX_N 16640

struct head {
	uint8_t alg, arch, place, n_aad, n_cuts, bit;
	uint8_t flip[2]; /* which byte has a bit changed: body, then tag, then additional data */
	uint8_t key[AEAD_KEY_MAX], nonce[AEAD_NONCE], aad[AEAD_AAD_MAX];
};

static struct aead *oracle, *arch[5];
static const char *const args[] = {"", "arch=sse", "arch=avx", "arch=avx2", "arch=avx512"};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void start(void)
{
	struct err e;

	oracle = aead_create(&aead_openssl, "", 1, -1, &e);
	for (int i = 0; i < 5; i++)
		arch[i] = aead_create(&aead_ipsec_mb, args[i], 1, -1, &e);
	must(oracle && arch[0]);
}

/* n bytes from in to out in pieces: 1 to 17 bytes by 17 values of a byte, else up to 1912. */
static uint16_t cut(struct aead_slice *s, const uint8_t *in, uint8_t *out, uint32_t n,
	const struct head *h, const uint8_t *cuts)
{
	uint16_t k = 0;

	for (uint32_t at = 0; at < n || k == 0; at += s[k++].n) {
		uint32_t len = k < h->n_cuts ? cuts[k] : n;

		len = len < 18 ? len : (len - 16) * 8;
		s[k] = (struct aead_slice){in + at, out + at, len < n - at ? len : n - at};
	}
	return k;
}

static bool run(struct aead *a, const struct head *h, bool seal, struct aead_op *op)
{
	const struct aead_spec spec = {h->alg % AEAD_ALGS, seal, h->n_aad % (AEAD_AAD_MAX + 1)};
	struct aead_key *k = aead_key_get(a, &spec, h->key);

	op->key = k;
	aead_run(a, op, 1);
	aead_key_put(a, k);
	return op->ok;
}

/* One changed bit: where the input says. */
static void flip(const struct head *h, uint8_t *body, uint32_t n, struct aead_op *op)
{
	uint32_t n_aad = h->n_aad % (AEAD_AAD_MAX + 1);
	uint32_t at = ((uint32_t)h->flip[0] << 8 | h->flip[1]) % (n + AEAD_TAG + n_aad);
	uint8_t bit = (uint8_t)(1u << (h->bit & 7));

	if (at < n)
		body[at] ^= bit;
	else if (at < n + AEAD_TAG)
		op->tag[at - n] ^= bit;
	else
		op->aad[at - n - AEAD_TAG] ^= bit;
}

static void check(
	struct aead *a, const struct head *h, const uint8_t *cuts, const uint8_t *plain, uint32_t n)
{
	static uint8_t sealed[MAX_N], from[MAX_N], to[MAX_N];
	static struct aead_slice s[256 + 2];
	const uint8_t *in = h->place & 1 ? from : to;
	struct aead_slice whole = {plain, sealed, n};
	struct aead_op one = {.slice = &whole, .n_slices = 1}, op = {.slice = s};

	memcpy(one.nonce, h->nonce, AEAD_NONCE);
	memcpy(one.aad, h->aad, AEAD_AAD_MAX);
	memcpy(op.nonce, h->nonce, AEAD_NONCE);
	memcpy(op.aad, h->aad, AEAD_AAD_MAX);
	op.n_slices = cut(s, in, to, n, h, cuts);
	must(run(oracle, h, true, &one));
	memcpy((uint8_t *)(uintptr_t)in, plain, n);
	must(run(a, h, true, &op));
	must(memcmp(to, sealed, n) == 0 && memcmp(op.tag, one.tag, AEAD_TAG) == 0);
	memcpy((uint8_t *)(uintptr_t)in, sealed, n);
	must(run(a, h, false, &op));
	must(memcmp(to, plain, n) == 0);
	memcpy((uint8_t *)(uintptr_t)in, sealed, n);
	flip(h, (uint8_t *)(uintptr_t)in, n, &op);
	must(!run(a, h, false, &op));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct head h;
	size_t skip;

	if (!oracle)
		start();
	if (size < sizeof(h))
		return 0;
	memcpy(&h, data, sizeof(h));
	skip = sizeof(h) + h.n_cuts;
	if (size < skip || !arch[h.arch % 5])
		return 0;
	size = size - skip < MAX_N ? size - skip : MAX_N;
	check(arch[h.arch % 5], &h, data + sizeof(h), data + skip, (uint32_t)size);
	return 0;
}
