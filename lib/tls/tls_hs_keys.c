/* SPDX-License-Identifier: BSD-3-Clause */
/* From libssl's secrets to the keys of the two directions. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "tls/tls_hs_priv.h"

#define MASTER 48 /* RFC 5246 8.1 */
#define RANDOM 32
#define SALT   4 /* RFC 5288 3: the fixed part of a GCM nonce */

static pthread_once_t once = PTHREAD_ONCE_INIT;
static EVP_MAC *hmac; /* looking it up costs as much as using it; as long as the process */

static void hmac_fetch(void)
{
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

/* A context that is keyed once and used for several messages. NULL: no memory. */
static EVP_MAC_CTX *mac_open(const EVP_MD *md, const uint8_t *key, size_t n)
{
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_MAC_PARAM_DIGEST, (char *)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *c;

	pthread_once(&once, hmac_fetch);
	c = EVP_MAC_CTX_new(hmac);
	if (c && EVP_MAC_init(c, key, n, params) == 1)
		return c;
	EVP_MAC_CTX_free(c);
	return NULL;
}

/* The code of a and b in a row, into out; ready for the next. */
static bool mac(EVP_MAC_CTX *c, const uint8_t *a, size_t n_a, const uint8_t *b, size_t n_b,
	uint8_t out[EVP_MAX_MD_SIZE])
{
	size_t n;

	return EVP_MAC_update(c, a, n_a) == 1 && EVP_MAC_update(c, b, n_b) == 1 &&
	       EVP_MAC_final(c, out, &n, EVP_MAX_MD_SIZE) == 1 &&
	       EVP_MAC_init(c, NULL, 0, NULL) == 1;
}

/* One block of HKDF-Expand (RFC 5869 2.3) is enough for any key and IV. */
static bool expand(EVP_MAC_CTX *c, const char *label, uint8_t *out, uint8_t n)
{
	static const char prefix[] = "tls13 ";
	static const uint8_t end[] = {0, 1}; /* no context; the first block */
	uint8_t info[32] = {0, n}, block[EVP_MAX_MD_SIZE];
	size_t n_prefix = sizeof(prefix) - 1, n_label = strlen(label);
	bool ok;

	info[2] = (uint8_t)(n_prefix + n_label);
	memcpy(info + 3, prefix, n_prefix);
	memcpy(info + 3 + n_prefix, label, n_label);
	ok = mac(c, info, 3 + n_prefix + n_label, end, sizeof(end), block);
	if (ok)
		memcpy(out, block, n);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

bool tls__expand_label(
	const EVP_MD *md, const uint8_t *secret, const char *label, uint8_t *out, uint8_t n)
{
	EVP_MAC_CTX *c = mac_open(md, secret, (size_t)EVP_MD_get_size(md));
	bool ok = c && expand(c, label, out, n);

	EVP_MAC_CTX_free(c);
	return ok;
}

static bool keys13(struct tls_hs_keys *k, enum aead_alg alg, const EVP_MD *md)
{
	EVP_MAC_CTX *c = mac_open(md, k->secret, (size_t)EVP_MD_get_size(md));
	bool ok = c && expand(c, "key", k->key, (uint8_t)aead_key_bytes(alg)) &&
		  expand(c, "iv", k->iv, AEAD_NONCE);

	EVP_MAC_CTX_free(c);
	return ok;
}

/* RFC 8446 7.3 */
bool tls__keys13(struct tls_hs_result *r, const EVP_MD *md)
{
	return keys13(&r->rx, r->alg, md) && keys13(&r->tx, r->alg, md);
}

/* P_hash of RFC 5246 5: n bytes. */
static bool prf(const EVP_MD *md, const uint8_t *master, const uint8_t *seed, size_t n_seed,
	uint8_t *out, size_t n)
{
	EVP_MAC_CTX *c = mac_open(md, master, MASTER);
	uint8_t a[EVP_MAX_MD_SIZE], block[EVP_MAX_MD_SIZE];
	size_t n_md = (size_t)EVP_MD_get_size(md), k;
	bool ok = c && mac(c, seed, n_seed, NULL, 0, a);

	for (size_t at = 0; ok && at < n; at += k) {
		k = n - at < n_md ? n - at : n_md;
		ok = mac(c, a, n_md, seed, n_seed, block) && mac(c, a, n_md, NULL, 0, a);
		memcpy(out + at, block, k);
	}
	EVP_MAC_CTX_free(c);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

static void cut(uint8_t **block, uint8_t *out, size_t n)
{
	memcpy(out, *block, n);
	*block += n;
}

/* RFC 5246 6.3: the key block is client key, server key, client IV, server IV. */
bool tls__keys12(struct tls_hs_result *r, const SSL *ssl, bool server)
{
	static const char label[] = "key expansion";
	const EVP_MD *md = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
	uint8_t master[MASTER], seed[sizeof(label) - 1 + 2 * RANDOM];
	uint8_t block[2 * AEAD_KEY_MAX + 2 * AEAD_NONCE], *at = block;
	size_t n_key = aead_key_bytes(r->alg);
	size_t n_iv = r->alg == AEAD_CHACHA20_POLY1305 ? AEAD_NONCE : SALT;
	struct tls_hs_keys *client = server ? &r->rx : &r->tx;
	struct tls_hs_keys *srv = server ? &r->tx : &r->rx;
	bool ok;

	memcpy(seed, label, sizeof(label) - 1);
	SSL_get_server_random(ssl, seed + sizeof(label) - 1, RANDOM);
	SSL_get_client_random(ssl, seed + sizeof(label) - 1 + RANDOM, RANDOM);
	ok = md && SSL_SESSION_get_master_key(SSL_get_session(ssl), master, MASTER) == MASTER &&
	     prf(md, master, seed, sizeof(seed), block, 2 * n_key + 2 * n_iv);
	if (ok) {
		cut(&at, client->key, n_key);
		cut(&at, srv->key, n_key);
		cut(&at, client->iv, n_iv);
		cut(&at, srv->iv, n_iv);
	}
	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}
