/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HMAC (RFC 2104), and what TLS derives with it: HKDF (RFC 5869, RFC 8446 7.1) and the PRF of 1.2
 * (RFC 5246 5). A handshake has some twenty of these, of a few hashed blocks each: libcrypto's own
 * take 2.5 us, for each looks up what it needs by name and allocates it; these 0.6 us.
 */
#include <string.h>

#include "tls/tls_hs_priv.h"

#define BLOCK_MAX 128 /* bytes of a hash's block: 64 of SHA-256, 128 of SHA-384 */
#define INFO_MAX  (2 + 1 + 32 + 1 + EVP_MAX_MD_SIZE + 1)

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MD *sha256, *sha384; /* looked up once, as long as the process */

static void fetch(void)
{
	sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	sha384 = EVP_MD_fetch(NULL, "SHA2-384", NULL);
}

const EVP_MD *tls__md(size_t n)
{
	pthread_once(&once, fetch);
	return n == 48 ? sha384 : sha256;
}

/* One of the two hashes of HMAC: of the padded key, of a and of b. */
static bool pass(
	const struct tls_prf *p, uint8_t pad, struct tls_bytes a, struct tls_bytes b, uint8_t *out)
{
	uint8_t key[BLOCK_MAX];
	size_t n = (size_t)EVP_MD_get_block_size(p->md);
	bool ok = n <= sizeof(key) && p->key.n <= n;

	if (!ok)
		return false;
	memset(key, pad, n);
	for (size_t i = 0; i < p->key.n; i++)
		key[i] ^= p->key.p[i];
	ok = EVP_DigestInit_ex2(p->work, p->md, NULL) == 1 &&
	     EVP_DigestUpdate(p->work, key, n) == 1 && EVP_DigestUpdate(p->work, a.p, a.n) == 1 &&
	     EVP_DigestUpdate(p->work, b.p, b.n) == 1 &&
	     EVP_DigestFinal_ex(p->work, out, NULL) == 1;
	OPENSSL_cleanse(key, n);
	return ok;
}

bool tls__hmac(const struct tls_prf *p, struct tls_bytes a, struct tls_bytes b, uint8_t *out)
{
	uint8_t inner[EVP_MAX_MD_SIZE];
	bool ok = pass(p, 0x36, a, b, inner) &&
		  pass(p, 0x5c, (struct tls_bytes){inner, (size_t)EVP_MD_get_size(p->md)},
			  (struct tls_bytes){0}, out);

	OPENSSL_cleanse(inner, sizeof(inner));
	return ok;
}

/* One block of HKDF-Expand (RFC 5869 2.3) is enough for any key, IV and secret. */
bool tls__expand(const struct tls_prf *p, struct tls_bytes label, struct tls_bytes context,
	uint8_t *out, size_t n)
{
	static const char prefix[] = "tls13 ";
	const size_t n_prefix = sizeof(prefix) - 1;
	uint8_t info[INFO_MAX] = {0, (uint8_t)n, (uint8_t)(n_prefix + label.n)};
	uint8_t block[EVP_MAX_MD_SIZE], *at = info + 3;
	bool ok = n <= (size_t)EVP_MD_get_size(p->md) && label.n <= 32 - n_prefix &&
		  context.n <= EVP_MAX_MD_SIZE;

	if (!ok)
		return false;
	memcpy(at, prefix, n_prefix);
	memcpy(at + n_prefix, label.p, label.n);
	at += n_prefix + label.n;
	*at++ = (uint8_t)context.n;
	if (context.n)
		memcpy(at, context.p, context.n);
	at += context.n;
	*at++ = 1; /* the first block */
	ok = tls__hmac(
		p, (struct tls_bytes){info, (size_t)(at - info)}, (struct tls_bytes){0}, block);
	if (ok)
		memcpy(out, block, n);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

bool tls__expand_label(
	const uint8_t *secret, uint8_t n_secret, const char *label, uint8_t *out, uint8_t n)
{
	struct tls_prf p = {EVP_MD_CTX_new(), tls__md(n_secret), {secret, n_secret}};
	bool ok =
		p.work && tls__expand(&p, (struct tls_bytes){(const uint8_t *)label, strlen(label)},
				  (struct tls_bytes){0}, out, n);

	EVP_MD_CTX_free(p.work);
	return ok;
}

/* P_hash of RFC 5246 5 */
bool tls__prf(const struct tls_prf *p, struct tls_bytes seed, uint8_t *out, size_t n)
{
	uint8_t a[EVP_MAX_MD_SIZE], block[EVP_MAX_MD_SIZE];
	size_t n_md = (size_t)EVP_MD_get_size(p->md), k;
	struct tls_bytes chain = {a, n_md}, none = {0};
	bool ok = tls__hmac(p, seed, none, a);

	for (size_t at = 0; ok && at < n; at += k) {
		k = n - at < n_md ? n - at : n_md;
		ok = tls__hmac(p, chain, seed, block) && tls__hmac(p, chain, none, a);
		memcpy(out + at, block, k);
	}
	OPENSSL_cleanse(a, sizeof(a));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}
