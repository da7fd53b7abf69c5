/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libssl asks libcrypto by name for what derives its secrets, and a provider (provider-kdf(7)) may
 * answer. Ours has the two that TLS has, TLS13-KDF and TLS1-PRF, over tls_prf.c, for contexts that
 * ask with TLS_KDF_QUERY; all others in the process get libcrypto's. So the secrets of 1.3 that the
 * record layer needs pass by here, where libssl's keylog callback would write each as text.
 */
#include <errno.h>
#include <string.h>

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

#include "tls/tls_hs_priv.h"

#define NAME "penstock"

/* libssl has no word for us among a derivation's parameters, but it makes them on this thread. */
static _Thread_local struct tls_hs *watched;

void tls__kdf_watch(struct tls_hs *h)
{
	watched = h;
}

static struct tls_bytes bytes(const OSSL_PARAM *params, const char *name)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, name);

	return p ? (struct tls_bytes){p->data, p->data_size} : (struct tls_bytes){0};
}

static bool equal(struct tls_bytes a, const char *text)
{
	return a.n == strlen(text) && memcmp(a.p, text, a.n) == 0;
}

/* NULL: a hash that no suite of ours has. */
static const EVP_MD *digest(const OSSL_PARAM *params)
{
	const OSSL_PARAM *p = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_DIGEST);

	if (p && strcmp(p->data, EVP_MD_get0_name(tls__md(32))) == 0)
		return tls__md(32);
	if (p && strcmp(p->data, EVP_MD_get0_name(tls__md(48))) == 0)
		return tls__md(48);
	return NULL;
}

/* RFC 8446 7.1: a secret derived under the one before ("derived", of nothing) is the salt for the
 * next; no key is a key of zeros. */
static bool extract(struct tls_prf *p, const OSSL_PARAM *params, uint8_t *out)
{
	static const uint8_t zeros[EVP_MAX_MD_SIZE], label[] = "derived";
	size_t n = (size_t)EVP_MD_get_size(p->md);
	struct tls_bytes key = p->key, none = {0};
	uint8_t nothing[EVP_MAX_MD_SIZE], salt[EVP_MAX_MD_SIZE];
	bool ok = true;

	p->key = bytes(params, OSSL_KDF_PARAM_SALT);
	if (p->key.n) {
		ok = EVP_Digest(NULL, 0, nothing, NULL, p->md, NULL) == 1 &&
		     tls__expand(p, (struct tls_bytes){label, sizeof(label) - 1},
			     (struct tls_bytes){nothing, n}, salt, n);
		p->key = (struct tls_bytes){salt, n};
	}
	ok = ok && tls__hmac(p, key.p ? key : (struct tls_bytes){zeros, n}, none, out);
	OPENSSL_cleanse(salt, sizeof(salt));
	return ok;
}

static bool expand(const struct tls_prf *p, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
	struct tls_bytes label = bytes(params, OSSL_KDF_PARAM_LABEL);

	if (!tls__expand(p, label, bytes(params, OSSL_KDF_PARAM_DATA), out, n))
		return false;
	if (watched && equal(label, "c ap traffic"))
		tls__secret_take(watched, false, out, n);
	if (watched && equal(label, "s ap traffic"))
		tls__secret_take(watched, true, out, n);
	return true;
}

static int derive13(void *work, unsigned char *out, size_t n, const OSSL_PARAM *params)
{
	const OSSL_PARAM *mode_param = OSSL_PARAM_locate_const(params, OSSL_KDF_PARAM_MODE);
	struct tls_prf p = {work, digest(params), bytes(params, OSSL_KDF_PARAM_KEY)};
	int mode;

	if (!p.md || !mode_param || !OSSL_PARAM_get_int(mode_param, &mode))
		return 0;
	if (mode == EVP_KDF_HKDF_MODE_EXPAND_ONLY)
		return expand(&p, params, out, n);
	return mode == EVP_KDF_HKDF_MODE_EXTRACT_ONLY && n == (size_t)EVP_MD_get_size(p.md) &&
	       extract(&p, params, out);
}

/* The seed comes in pieces, in their order: a label, randoms or hashes. */
static int derive12(void *work, unsigned char *out, size_t n, const OSSL_PARAM *params)
{
	struct tls_prf p = {work, digest(params), bytes(params, OSSL_KDF_PARAM_SECRET)};
	uint8_t seed[256];
	size_t at = 0;

	if (!p.md)
		return 0;
	for (; params->key; params++) {
		if (strcmp(params->key, OSSL_KDF_PARAM_SEED) != 0 || params->data_size == 0)
			continue;
		if (params->data_size > sizeof(seed) - at)
			return 0;
		memcpy(seed + at, params->data, params->data_size);
		at += params->data_size;
	}
	return tls__prf(&p, (struct tls_bytes){seed, at}, out, n);
}

/* A derivation's state is what it hashes in. */
static void *work_new(void *provider)
{
	return EVP_MD_CTX_new();
}

static void work_free(void *work)
{
	EVP_MD_CTX_free(work);
}

#define FUNCTION(id, f)                                                                            \
	{                                                                                          \
		id, (void (*)(void))(f)                                                            \
	}

static const OSSL_DISPATCH tls13[] = {
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, work_new),
	FUNCTION(OSSL_FUNC_KDF_FREECTX, work_free),
	FUNCTION(OSSL_FUNC_KDF_DERIVE, derive13),
	{0, NULL},
};
static const OSSL_DISPATCH tls12[] = {
	FUNCTION(OSSL_FUNC_KDF_NEWCTX, work_new),
	FUNCTION(OSSL_FUNC_KDF_FREECTX, work_free),
	FUNCTION(OSSL_FUNC_KDF_DERIVE, derive12),
	{0, NULL},
};
static const OSSL_ALGORITHM kdfs[] = {
	{OSSL_KDF_NAME_TLS1_3_KDF, "provider=" NAME, tls13, ""},
	{OSSL_KDF_NAME_TLS1_PRF, "provider=" NAME, tls12, ""},
	{NULL, NULL, NULL, NULL},
};

static const OSSL_ALGORITHM *query(void *provider, int operation, int *no_store)
{
	*no_store = 0;
	return operation == OSSL_OP_KDF ? kdfs : NULL;
}

static int provider_init(const OSSL_CORE_HANDLE *core, const OSSL_DISPATCH *in,
	const OSSL_DISPATCH **out, void **provider)
{
	static const OSSL_DISPATCH functions[] = {
		FUNCTION(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query),
		{0, NULL},
	};

	*out = functions;
	*provider = (void *)core;
	return 1;
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static OSSL_PROVIDER *loaded; /* as long as the process */

/* Behind the providers that libcrypto has loaded by then, so that nobody gets ours unasked. */
static void load(void)
{
	if (tls__md(32) && tls__md(48) && OSSL_PROVIDER_add_builtin(NULL, NAME, provider_init) == 1)
		loaded = OSSL_PROVIDER_try_load(NULL, NAME, 1);
}

/* A libcrypto that was told to use nothing but, say, its FIPS provider finds another. */
static bool is_ours(const char *name)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, TLS_KDF_QUERY);
	const OSSL_PROVIDER *p = kdf ? EVP_KDF_get0_provider(kdf) : NULL;
	bool ours = p && strcmp(OSSL_PROVIDER_get0_name(p), NAME) == 0;

	EVP_KDF_free(kdf);
	return ours;
}

int tls__kdf_init(struct err *e)
{
	pthread_once(&once, load);
	if (loaded && is_ours(OSSL_KDF_NAME_TLS1_3_KDF) && is_ours(OSSL_KDF_NAME_TLS1_PRF))
		return 0;
	return err_set(e, ENOTSUP, "tls: libcrypto does not take our key derivation: %s",
		tls__ssl_error());
}
