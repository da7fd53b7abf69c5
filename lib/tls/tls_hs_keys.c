/* SPDX-License-Identifier: BSD-3-Clause */
/* From libssl's secrets to the keys of the two directions. */
#include <string.h>

#include "tls/tls_hs_priv.h"

#define MASTER 48 /* RFC 5246 8.1 */
#define RANDOM 32
#define SALT   4 /* RFC 5288 3: the fixed part of a GCM nonce */

static bool keys13(struct tls_hs_keys *k, enum aead_alg alg, uint8_t n_secret)
{
	return tls__expand_label(
		       k->secret, n_secret, "key", k->key, (uint8_t)aead_key_bytes(alg)) &&
	       tls__expand_label(k->secret, n_secret, "iv", k->iv, AEAD_NONCE);
}

/* RFC 8446 7.3 */
bool tls__keys13(struct tls_hs_result *r)
{
	return keys13(&r->rx, r->alg, r->n_secret) && keys13(&r->tx, r->alg, r->n_secret);
}

static void cut(uint8_t **block, uint8_t *out, size_t n)
{
	memcpy(out, *block, n);
	*block += n;
}

/* RFC 5246 6.3: the key block is client key, server key, client IV, server IV. */
static void block_cut(struct tls_hs_result *r, uint8_t *at, bool server)
{
	size_t n_key = aead_key_bytes(r->alg);
	size_t n_iv = r->alg == AEAD_CHACHA20_POLY1305 ? AEAD_NONCE : SALT;
	struct tls_hs_keys *client = server ? &r->rx : &r->tx;
	struct tls_hs_keys *srv = server ? &r->tx : &r->rx;

	cut(&at, client->key, n_key);
	cut(&at, srv->key, n_key);
	cut(&at, client->iv, n_iv);
	cut(&at, srv->iv, n_iv);
}

bool tls__keys12(struct tls_hs_result *r, const SSL *ssl, bool server)
{
	static const char label[] = "key expansion";
	const EVP_MD *md = SSL_CIPHER_get_handshake_digest(SSL_get_current_cipher(ssl));
	uint8_t master[MASTER], seed[sizeof(label) - 1 + 2 * RANDOM];
	uint8_t block[2 * AEAD_KEY_MAX + 2 * AEAD_NONCE]; /* no suite needs more */
	struct tls_prf p = {EVP_MD_CTX_new(), md ? tls__md((size_t)EVP_MD_get_size(md)) : NULL,
		{master, MASTER}};
	bool ok;

	memcpy(seed, label, sizeof(label) - 1);
	SSL_get_server_random(ssl, seed + sizeof(label) - 1, RANDOM);
	SSL_get_client_random(ssl, seed + sizeof(label) - 1 + RANDOM, RANDOM);
	ok = p.work && p.md &&
	     SSL_SESSION_get_master_key(SSL_get_session(ssl), master, MASTER) == MASTER &&
	     tls__prf(&p, (struct tls_bytes){seed, sizeof(seed)}, block, sizeof(block));
	if (ok)
		block_cut(r, block, server);
	EVP_MD_CTX_free(p.work);
	OPENSSL_cleanse(master, sizeof(master));
	OPENSSL_cleanse(block, sizeof(block));
	return ok;
}
