/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sessions of a pool, one a member: the next connection to it saves the certificates.
 *
 * In TLS 1.2 the session comes within the handshake. In TLS 1.3 it comes later, as a
 * NewSessionTicket among the records that are not libssl's any more, and what is needed to make a
 * session of it (the resumption secret) libssl tells nobody. So after a full handshake its SSL
 * lives until the first ticket, which the record layer hands over opened: it is sealed again, for
 * libssl's own count of records, where it is number 0. A handshake that was resumed keeps nothing:
 * the session that it used is good for more (RFC 8446 C.4 asks for single use where clients want to
 * be unknown; here both ends are the operator's).
 */
#include <string.h>

#include <openssl/err.h>

#include "tls/tls_hs_priv.h"

#define MESSAGE_MAX 16384 /* bytes in one record */

/* c->lock is held. */
static struct tls_kept *kept_find(struct tls_ctx *c, const char *name)
{
	for (unsigned i = 0; i < TLS_KEPT; i++)
		if (c->kept[i].session && strcmp(c->kept[i].name, name) == 0)
			return &c->kept[i];
	return NULL;
}

/* libssl has learnt a session: 1 takes it over. */
static int on_session(SSL *ssl, SSL_SESSION *s)
{
	struct tls_hs *h = SSL_get_app_data(ssl);
	struct tls_ctx *c = h->ctx;
	struct tls_kept *k;

	pthread_mutex_lock(&c->lock);
	k = kept_find(c, h->result.name);
	if (!k)
		k = &c->kept[c->kept_next++ % TLS_KEPT];
	SSL_SESSION_free(k->session);
	k->session = s;
	memcpy(k->name, h->result.name, sizeof(k->name));
	pthread_mutex_unlock(&c->lock);
	return 1;
}

void tls__sessions_use(SSL_CTX *ssl)
{
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ssl, on_session);
}

bool tls__sessions_kept(const struct tls_hs *h)
{
	return SSL_CTX_get_session_cache_mode(SSL_get_SSL_CTX(h->ssl)) & SSL_SESS_CACHE_CLIENT;
}

/* A copy is offered: libssl spoils a session of 1.3 when it was used. */
bool tls__session_offer(struct tls_hs *h)
{
	struct tls_kept *k;
	SSL_SESSION *copy;
	bool ok;

	pthread_mutex_lock(&h->ctx->lock);
	k = kept_find(h->ctx, h->result.name);
	copy = k ? SSL_SESSION_dup(k->session) : NULL;
	pthread_mutex_unlock(&h->ctx->lock);
	ok = !copy || SSL_set_session(h->ssl, copy) == 1;
	SSL_SESSION_free(copy);
	return ok;
}

/* Record 0 of what libssl expects from the server: RFC 8446 5.2, 5.3. Its length, or 0. */
static int seal(const struct tls_hs_result *r, const uint8_t *message, uint32_t n, uint8_t *rec)
{
	static const EVP_CIPHER *(*const cipher[AEAD_ALGS])(void) = {
		[AEAD_AES_128_GCM] = EVP_aes_128_gcm,
		[AEAD_AES_256_GCM] = EVP_aes_256_gcm,
		[AEAD_CHACHA20_POLY1305] = EVP_chacha20_poly1305,
	};
	uint32_t body = n + 1 + AEAD_TAG;
	uint8_t *p = rec + TLS_HEADER;
	EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
	int len;
	bool ok;

	memcpy(rec, (uint8_t[]){23, 3, 3, (uint8_t)(body >> 8), (uint8_t)body}, TLS_HEADER);
	memcpy(p, message, n);
	p[n] = 22; /* handshake */
	ok = c && EVP_EncryptInit_ex(c, cipher[r->alg](), NULL, r->rx.key, r->rx.iv) == 1 &&
	     EVP_EncryptUpdate(c, NULL, &len, rec, TLS_HEADER) == 1 &&
	     EVP_EncryptUpdate(c, p, &len, p, (int)n + 1) == 1 &&
	     EVP_EncryptFinal_ex(c, p + n + 1, &len) == 1 &&
	     EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG, p + n + 1) == 1;
	EVP_CIPHER_CTX_free(c);
	return ok ? (int)(TLS_HEADER + body) : 0;
}

void tls_hs_ticket(struct tls_hs *h, const uint8_t *message, uint32_t n)
{
	uint8_t rec[TLS_HEADER + MESSAGE_MAX + 1 + AEAD_TAG], none;
	int len;

	if (!h->result.ticket || n > MESSAGE_MAX)
		return;
	h->result.ticket = false;
	len = seal(&h->result, message, n, rec);
	/* a peer that sends nonsense gets no session; its connection is not libssl's to end */
	if (len && BIO_write(h->in, rec, len) == len)
		(void)SSL_read(h->ssl, &none, 1);
	ERR_clear_error();
	tls__ssl_close(h);
}
