/* SPDX-License-Identifier: BSD-3-Clause */
/* A handshake of ours and a plain libssl at the other end of two lists of bytes. */
#ifndef PAIR_H
#define PAIR_H

#include <openssl/core_names.h>

#include "pki.h"
#include "tls/tls_ctx.h"
#include "tls/tls_hs.h"
#include "unit.h"

struct pair {
	struct tls_hs *hs;
	SSL *peer;
	BIO *to_peer, *from_peer;
	uint8_t in[65536]; /* came from the peer, not yet taken by hs */
	uint32_t n_in;
	uint32_t step; /* most bytes of one piece from the peer; 0: all */
	enum tls_hs_state state;
	uint8_t ticket[4096]; /* the first that the peer sent after the handshake, opened */
	uint32_t n_ticket;
	int alert; /* the last one from us that the peer saw, or -1 */
};

static inline void pair_info(const SSL *ssl, int where, int value)
{
	if ((where & SSL_CB_READ_ALERT) == SSL_CB_READ_ALERT)
		((struct pair *)SSL_get_app_data(ssl))->alert = value & 0xff;
}

/* ours: name as tls_hs_create; peer: made with peer_ctx for the other side. */
static inline void pair_begin(struct pair *p, struct tls_ctx *ours, const char *name, SSL_CTX *peer)
{
	uint32_t used;

	memset(p, 0, sizeof(*p));
	p->alert = -1;
	p->hs = tls_hs_create(ours, name);
	p->peer = SSL_new(peer);
	p->to_peer = BIO_new(BIO_s_mem());
	p->from_peer = BIO_new(BIO_s_mem());
	BIO_set_mem_eof_return(p->to_peer, -1);
	SSL_set_bio(p->peer, p->to_peer, p->from_peer);
	SSL_set_app_data(p->peer, p);
	SSL_set_info_callback(p->peer, pair_info);
	if (SSL_CTX_get_ssl_method(peer) == TLS_server_method())
		SSL_set_accept_state(p->peer);
	else
		SSL_set_connect_state(p->peer);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p->hs);
	p->state = tls_hs_step(p->hs, NULL, 0, &used);
}

static inline void pair_end(struct pair *p)
{
	SSL_set_shutdown(p->peer, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* a good session */
	SSL_free(p->peer);
	tls_hs_destroy(p->hs);
}

/* Once around: what we have to say to the peer, what it answers to us. Is there news? */
static inline bool pair_turn(struct pair *p)
{
	uint32_t n, used, piece;
	const uint8_t *out = tls_hs_out(p->hs, &n);
	uint8_t *d;
	long len;

	if (n)
		BIO_write(p->to_peer, out, (int)n);
	SSL_do_handshake(p->peer);
	len = BIO_get_mem_data(p->from_peer, &d);
	piece = p->step && p->step < len ? p->step : (uint32_t)len;
	memcpy(p->in + p->n_in, d, piece);
	p->n_in += piece;
	if (piece) {
		uint8_t rest[sizeof(p->in)];
		int left = (int)len - (int)piece;

		memcpy(rest, d + piece, (size_t)left);
		(void)BIO_reset(p->from_peer);
		BIO_write(p->from_peer, rest, left);
	}
	if (!piece && !n)
		return false;
	if (p->state == TLS_HS_MORE) {
		p->state = tls_hs_step(p->hs, p->in, p->n_in, &used);
		p->n_in -= used;
		memmove(p->in, p->in + used, p->n_in);
		return true;
	}
	return piece != 0;
}

/* To the end, whichever. */
static inline enum tls_hs_state pair_run(struct pair *p)
{
	uint32_t n;
	const uint8_t *out;

	while (p->state == TLS_HS_MORE && pair_turn(p))
		;
	out = tls_hs_out(p->hs, &n);
	BIO_write(p->to_peer, out, (int)n);
	SSL_do_handshake(p->peer);
	return p->state;
}

static inline const EVP_CIPHER *pair_cipher(enum aead_alg alg)
{
	return alg == AEAD_AES_128_GCM   ? EVP_aes_128_gcm()
	       : alg == AEAD_AES_256_GCM ? EVP_aes_256_gcm()
					 : EVP_chacha20_poly1305();
}

static inline size_t pair_aad(const struct tls_hs_result *r, const struct tls_hs_keys *k,
	uint8_t *aad, uint8_t type, uint32_t n)
{
	if (r->version == 3) {
		memcpy(aad, (uint8_t[]){23, 3, 3, (uint8_t)(n >> 8), (uint8_t)n}, 5);
		return 5;
	}
	for (int i = 0; i < 8; i++)
		aad[i] = (uint8_t)(k->seq >> (56 - 8 * i));
	memcpy(aad + 8, (uint8_t[]){type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n}, 5);
	return 13;
}

static inline void pair_nonce(const struct tls_hs_result *r, const struct tls_hs_keys *k,
	uint64_t explicit, uint8_t *nonce)
{
	bool salt = r->version == 2 && r->alg != AEAD_CHACHA20_POLY1305;

	memcpy(nonce, k->iv, 12);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] = (uint8_t)((salt ? explicit : k->seq) >> (56 - 8 * i)) ^
			       (salt ? 0 : k->iv[4 + i]);
}

/* One record of ours into rec, with the keys of the result; how long it is. */
static inline uint32_t pair_seal(
	const struct tls_hs_result *r, struct tls_hs_keys *k, const char *text, uint8_t *rec)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool salt = r->version == 2 && r->alg != AEAD_CHACHA20_POLY1305;
	uint32_t n = (uint32_t)strlen(text), at = salt ? 13 : 5, body;
	uint8_t aad[13], nonce[12], plain[256];
	int len;
	size_t n_aad;

	memcpy(plain, text, n);
	if (r->version == 3)
		plain[n++] = 23;
	body = at - 5 + n + 16;
	n_aad = pair_aad(r, k, aad, 23, r->version == 3 ? body : n);
	pair_nonce(r, k, k->explicit_nonce, nonce);
	memcpy(rec, (uint8_t[]){23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body}, 5);
	for (int i = 0; salt && i < 8; i++)
		rec[5 + i] = (uint8_t)(k->explicit_nonce >> (56 - 8 * i));
	EVP_EncryptInit_ex(c, pair_cipher(r->alg), NULL, k->key, nonce);
	EVP_EncryptUpdate(c, NULL, &len, aad, (int)n_aad);
	EVP_EncryptUpdate(c, rec + at, &len, plain, (int)n);
	EVP_EncryptFinal_ex(c, rec + at + n, &len);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, 16, rec + at + n);
	EVP_CIPHER_CTX_free(c);
	k->seq++;
	k->explicit_nonce++;
	return 5 + body;
}

/* The plaintext of the record at rec, NUL at its end; the whole record's length, or 0. */
static inline uint32_t pair_open(const struct tls_hs_result *r, struct tls_hs_keys *k,
	const uint8_t *rec, uint32_t have, char *text, uint8_t *type)
{
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	bool salt = r->version == 2 && r->alg != AEAD_CHACHA20_POLY1305;
	uint32_t body = (uint32_t)rec[3] << 8 | rec[4], at = salt ? 13 : 5, n;
	uint64_t explicit = 0;
	uint8_t aad[13], nonce[12];
	size_t n_aad;
	int len, ok;

	if (have < 5 + body || body < at - 5 + 16)
		return 0;
	n = body - (at - 5) - 16;
	for (int i = 0; i < 8; i++)
		explicit = explicit << 8 | rec[5 + i];
	n_aad = pair_aad(r, k, aad, rec[0], r->version == 3 ? body : n);
	pair_nonce(r, k, explicit, nonce);
	EVP_DecryptInit_ex(c, pair_cipher(r->alg), NULL, k->key, nonce);
	EVP_DecryptUpdate(c, NULL, &len, aad, (int)n_aad);
	EVP_DecryptUpdate(c, (uint8_t *)text, &len, rec + at, (int)n);
	EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(rec + at + n));
	ok = EVP_DecryptFinal_ex(c, (uint8_t *)text + n, &len);
	EVP_CIPHER_CTX_free(c);
	k->seq++;
	*type = r->version == 3 ? (uint8_t)text[n - 1] : rec[0];
	text[r->version == 3 ? n - 1 : n] = '\0';
	return ok == 1 ? 5 + body : 0;
}

/* The keys that came out are the peer's: a record of ours is read by it, and one of its by us. */
static inline void pair_talk(struct pair *p)
{
	struct tls_hs_result r = *tls_hs_result(p->hs);
	uint8_t rec[512], type = 0, *d;
	char text[17000] = "";
	uint32_t n = pair_seal(&r, &r.tx, "from us", rec), at = 0, k;
	long len;

	BIO_write(p->to_peer, rec, (int)n);
	CU_ASSERT_EQUAL(SSL_read(p->peer, text, sizeof(text)), 7);
	CU_ASSERT_EQUAL(memcmp(text, "from us", 7), 0);
	CU_ASSERT_EQUAL(SSL_write(p->peer, "from the peer", 13), 13);
	len = BIO_get_mem_data(p->from_peer, &d);
	memcpy(p->in + p->n_in, d, (size_t)len);
	(void)BIO_reset(p->from_peer);
	p->n_in += (uint32_t)len;
	do { /* a server's tickets come first */
		k = pair_open(&r, &r.rx, p->in + at, p->n_in - at, text, &type);
		at += k;
		if (k && type == 22 && !p->n_ticket) {
			p->n_ticket = k - 5 - 16 - 1;
			memcpy(p->ticket, text, p->n_ticket);
		}
	} while (k && type == 22);
	CU_ASSERT_EQUAL(type, 23);
	CU_ASSERT_STRING_EQUAL(text, "from the peer");
	CU_ASSERT_EQUAL(at, p->n_in);
	p->n_in = 0;
}

#endif
