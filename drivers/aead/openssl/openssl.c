/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * OpenSSL's EVP, message by message: the reference that other drivers are held against, and what
 * runs on processors that they do not know.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "aead/drivers.h"

struct ctx {
	EVP_CIPHER *cipher[AEAD_ALGS];
};

struct key {
	EVP_CIPHER_CTX *evp; /* with the key expanded in it; wiped when it is freed */
	bool seal;
	uint8_t n_aad;
} __attribute__((aligned(64)));

static void destroy(void *ctx)
{
	struct ctx *c = ctx;

	for (int i = 0; i < AEAD_ALGS; i++)
		EVP_CIPHER_free(c->cipher[i]);
	free(c);
}

static int create(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	static const char *const names[AEAD_ALGS] = {
		[AEAD_AES_128_GCM] = "AES-128-GCM",
		[AEAD_AES_256_GCM] = "AES-256-GCM",
		[AEAD_CHACHA20_POLY1305] = "ChaCha20-Poly1305",
	};
	struct ctx *c;

	if (args[0])
		return err_set(e, EINVAL, "openssl takes no arguments, not \"%s\"", args);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(e, ENOMEM, "no memory for openssl");
	/* a provider may lack some (FIPS has no ChaCha20): does() tells */
	for (int i = 0; i < AEAD_ALGS; i++)
		c->cipher[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
	ERR_clear_error();
	*ctx = c;
	return 0;
}

static bool does(void *ctx, enum aead_alg alg)
{
	return ((struct ctx *)ctx)->cipher[alg];
}

static int key_init(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *key)
{
	const EVP_CIPHER *cipher = ((struct ctx *)ctx)->cipher[spec->alg];
	struct key *k = mem;

	if (!cipher)
		return -ENOTSUP;
	k->evp = EVP_CIPHER_CTX_new();
	if (!k->evp || !EVP_CipherInit_ex2(k->evp, cipher, key, NULL, spec->seal, NULL)) {
		EVP_CIPHER_CTX_free(k->evp);
		return -ENOMEM;
	}
	k->seal = spec->seal;
	k->n_aad = spec->n_aad;
	return 0;
}

static void key_fini(void *ctx, void *mem)
{
	EVP_CIPHER_CTX_free(((struct key *)mem)->evp);
}

static bool message(const struct key *k, struct aead_op *op)
{
	const struct aead_slice *s = op->slice, *end = s + op->n_slices;
	EVP_CIPHER_CTX *evp = k->evp;
	uint8_t none[AEAD_TAG];
	int n;

	if (!EVP_CipherInit_ex2(evp, NULL, NULL, op->nonce, k->seal, NULL) ||
		!EVP_CipherUpdate(evp, NULL, &n, op->aad, k->n_aad))
		return false;
	for (; s < end; s++)
		if (s->n && !EVP_CipherUpdate(evp, s->out, &n, s->in, (int)s->n))
			return false;
	if (!k->seal && !EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG, op->tag))
		return false;
	if (EVP_CipherFinal_ex(evp, none, &n) <= 0)
		return false;
	return !k->seal || EVP_CIPHER_CTX_ctrl(evp, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, op->tag);
}

static void run(void *ctx, struct aead_op *op, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		op[i].ok = message((const struct key *)op[i].key, &op[i]);
		/* this thread may do handshakes too: libssl would take our error for its own */
		if (!op[i].ok)
			ERR_clear_error();
	}
}

const struct aead_driver aead_openssl = {
	.name = "openssl",
	.create = create,
	.destroy = destroy,
	.does = does,
	.key_size = sizeof(struct key),
	.key_init = key_init,
	.key_fini = key_fini,
	.run = run,
};
