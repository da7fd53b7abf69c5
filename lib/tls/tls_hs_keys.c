/* SPDX-License-Identifier: BSD-3-Clause */
/* From libssl's secrets to the keys of the two directions. */
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>

#include "tls/tls_hs_priv.h"

#define MASTER 48 /* RFC 5246 8.1 */
#define RANDOM 32
#define SALT   4 /* RFC 5288 3: the fixed part of a GCM nonce */

/* One block of HKDF-Expand (RFC 5869 2.3) is enough for any key and IV. */
bool tls__expand_label(
	const EVP_MD *md, const uint8_t *secret, const char *label, uint8_t *out, uint8_t n)
{
	static const char prefix[] = "tls13 ";
	uint8_t info[32] = {0, n}, block[EVP_MAX_MD_SIZE];
	size_t at = 3, n_label = strlen(label);
	unsigned len = 0;
	bool ok;

	info[2] = (uint8_t)(sizeof(prefix) - 1 + n_label);
	memcpy(info + at, prefix, sizeof(prefix) - 1);
	at += sizeof(prefix) - 1;
	memcpy(info + at, label, n_label);
	at += n_label;
	info[at++] = 0; /* no context */
	info[at++] = 1; /* the first block */
	ok = HMAC(md, secret, EVP_MD_get_size(md), info, at, block, &len) && n <= len;
	if (ok)
		memcpy(out, block, n);
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}

static bool keys13(struct tls_hs_keys *k, enum aead_alg alg, const EVP_MD *md)
{
	return tls__expand_label(md, k->secret, "key", k->key, (uint8_t)aead_key_bytes(alg)) &&
	       tls__expand_label(md, k->secret, "iv", k->iv, AEAD_NONCE);
}

/* RFC 8446 7.3 */
bool tls__keys13(struct tls_hs_result *r, const EVP_MD *md)
{
	return keys13(&r->rx, r->alg, md) && keys13(&r->tx, r->alg, md);
}

static bool prf(
	const EVP_MD *md, uint8_t *master, uint8_t *seed, size_t n_seed, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(
			OSSL_KDF_PARAM_DIGEST, (char *)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SECRET, master, MASTER),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SEED, seed, n_seed),
		OSSL_PARAM_construct_end(),
	};
	bool ok = c && EVP_KDF_derive(c, out, n, p) == 1;

	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
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
