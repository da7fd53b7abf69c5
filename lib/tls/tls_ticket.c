/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Session tickets (RFC 5077, RFC 8446 4.6.1): the client keeps our state, sealed with keys that all
 * listeners and threads share. The first key seals; all of them open, and a ticket of an older one
 * is renewed. Drawn keys take turns: one seals for a lifetime and opens for another, then it is
 * wiped, and what was recorded under its tickets is safe from whoever breaks in later.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <rte_common.h>

#include <openssl/core_names.h>
#include <openssl/rand.h>

#include "tls/tls_hs_priv.h"

#define KEYS_MAX 16

/* As in the file, the same as nginx's: 80 bytes. */
struct ticket_key {
	uint8_t name[16], hmac[32], aes[32];
};

struct tls_tickets {
	pthread_rwlock_t lock; /* control writes, handshake threads read */
	EVP_CIPHER *cipher;    /* looked up once */
	unsigned n;
	int64_t drawn_at; /* when the first key was drawn, Unix time, s */
	struct ticket_key key[KEYS_MAX];
};

/* A copy of the key with that name (NULL: the first) and its place, or -1. */
static int key_copy(struct tls_tickets *t, const uint8_t *name, struct ticket_key *out)
{
	int at = -1;

	pthread_rwlock_rdlock(&t->lock);
	for (unsigned i = 0; at < 0 && i < t->n; i++)
		if (!name || memcmp(t->key[i].name, name, sizeof(t->key[i].name)) == 0)
			at = (int)i;
	if (at >= 0)
		*out = t->key[at];
	pthread_rwlock_unlock(&t->lock);
	return at;
}

static bool ctx_set(const struct tls_tickets *t, const struct ticket_key *k, const uint8_t *iv,
	EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, bool seal)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_octet_string(
			OSSL_MAC_PARAM_KEY, (void *)k->hmac, sizeof(k->hmac)),
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_CipherInit_ex(cipher, t->cipher, NULL, k->aes, iv, seal) == 1 &&
	       EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* libssl's: 1 go on, 2 go on and renew, 0 no such key, -1 error. */
static int on_ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher,
	EVP_MAC_CTX *mac, int seal)
{
	struct tls_ctx *c = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct ticket_key k;
	int at = key_copy(c->tickets, seal ? NULL : name, &k), rc = at > 0 ? 2 : 1;

	if (at < 0)
		return 0;
	if (seal && RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1)
		rc = -1;
	if (seal)
		memcpy(name, k.name, sizeof(k.name));
	if (!ctx_set(c->tickets, &k, iv, cipher, mac, seal))
		rc = -1;
	OPENSSL_cleanse(&k, sizeof(k));
	return rc;
}

/* A client's session ends with the certificates by which it was let in: when the first of their
 * chain ends is sealed into the ticket (Unix time, s), for later nobody has that chain any more. */
static int on_seal(SSL *ssl, void *arg)
{
	STACK_OF(X509) *chain = SSL_session_reused(ssl) ? NULL : SSL_get0_verified_chain(ssl);
	int64_t end = INT64_MAX;

	for (int i = 0; i < sk_X509_num(chain); i++)
		end = RTE_MIN(end, tls__unix_time(X509_get0_notAfter(sk_X509_value(chain, i))));
	return !chain || SSL_SESSION_set1_ticket_appdata(SSL_get_session(ssl), &end, sizeof(end));
}

/* In 1.3 who resumes is given another ticket: a client uses each but once (RFC 8446 C.4). */
static SSL_TICKET_RETURN on_open(SSL *ssl, SSL_SESSION *session, const unsigned char *name,
	size_t n_name, SSL_TICKET_STATUS status, void *arg)
{
	int64_t end = INT64_MAX;
	void *sealed;
	size_t n;

	if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	if (SSL_SESSION_get0_ticket_appdata(session, &sealed, &n) == 1 && n == sizeof(end))
		memcpy(&end, sealed, n);
	if (time(NULL) > end)
		return SSL_TICKET_RETURN_IGNORE_RENEW;
	return status == SSL_TICKET_SUCCESS_RENEW || SSL_version(ssl) >= TLS1_3_VERSION
		       ? SSL_TICKET_RETURN_USE_RENEW
		       : SSL_TICKET_RETURN_USE;
}

void tls__tickets_use(SSL_CTX *ssl, struct tls_ctx *c)
{
	SSL_CTX_set_session_ticket_cb(ssl, on_seal, on_open, NULL);
	if (c->tickets) {
		/* one is enough for clients that open connections one by one; a second costs 5 % */
		SSL_CTX_set_num_tickets(ssl, 1);
		SSL_CTX_set_tlsext_ticket_key_evp_cb(ssl, on_ticket);
	} else {
		SSL_CTX_set_num_tickets(ssl, 0);
		SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
	}
}

/* The keys become k's first n, in place of all. */
static void keys_set(struct tls_tickets *t, const struct ticket_key *k, unsigned n)
{
	pthread_rwlock_wrlock(&t->lock);
	OPENSSL_cleanse(t->key, sizeof(t->key));
	memcpy(t->key, k, n * sizeof(*k));
	t->n = n;
	pthread_rwlock_unlock(&t->lock);
}

static int keys_read(struct tls_tickets *t, const struct conf_tls *conf, struct err *e)
{
	struct ticket_key k[KEYS_MAX + 1];
	FILE *f = fopen(conf->ticket_keys, "re");
	size_t n;

	if (!f)
		return err_set(e, errno, "%s:%u: [tls] ticket-keys: %s: %s", conf->at.file,
			conf->at.line, conf->ticket_keys, strerror(errno));
	setvbuf(f, NULL, _IONBF, 0); /* no copy of keys in stdio's buffer */
	n = fread(k, 1, sizeof(k), f);
	fclose(f);
	if (n > 0 && n % sizeof(*k) == 0 && n <= KEYS_MAX * sizeof(*k))
		keys_set(t, k, (unsigned)(n / sizeof(*k)));
	OPENSSL_cleanse(k, sizeof(k));
	if (n > 0 && n % sizeof(*k) == 0 && n <= KEYS_MAX * sizeof(*k))
		return 0;
	return err_set(e, EINVAL, "%s:%u: [tls] ticket-keys: %s: not 1 to %u keys of %zu bytes",
		conf->at.file, conf->at.line, conf->ticket_keys, KEYS_MAX, sizeof(*k));
}

static int keys_draw(struct tls_tickets *t, const struct conf_tls *conf, int64_t now, struct err *e)
{
	int64_t age = now - t->drawn_at, lifetime = conf->ticket_lifetime_ms / 1000;
	struct ticket_key k[2];
	unsigned n = 1;

	if (t->n > 0 && age >= 0 && age < lifetime)
		return 0;
	if (RAND_priv_bytes((uint8_t *)k, sizeof(*k)) != 1)
		return err_set(e, EIO, "tls: no randomness: %s", tls__ssl_error());
	if (t->n > 0 && age >= 0 && age < 2 * lifetime)
		k[n++] = t->key[0];
	keys_set(t, k, n);
	t->drawn_at = now;
	OPENSSL_cleanse(k, sizeof(k));
	return 0;
}

int tls_tickets_turn(struct tls_tickets *t, const struct conf_tls *conf, int64_t now, struct err *e)
{
	return conf->ticket_keys ? keys_read(t, conf, e) : keys_draw(t, conf, now, e);
}

struct tls_tickets *tls_tickets_create(const struct conf_tls *conf, int64_t now, struct err *e)
{
	struct tls_tickets *t = OPENSSL_secure_zalloc(sizeof(*t));

	if (!t) {
		err_set(e, ENOMEM, "tls: no memory for keys of tickets");
		return NULL;
	}
	pthread_rwlock_init(&t->lock, NULL);
	t->cipher = EVP_CIPHER_fetch(NULL, "AES-256-CBC", NULL);
	if (!t->cipher)
		err_set(e, ENOMEM, "tls: %s", tls__ssl_error());
	else if (tls_tickets_turn(t, conf, now, e) == 0)
		return t;
	tls_tickets_destroy(t);
	return NULL;
}

void tls_tickets_destroy(struct tls_tickets *t)
{
	if (!t)
		return;
	EVP_CIPHER_free(t->cipher);
	pthread_rwlock_destroy(&t->lock);
	OPENSSL_secure_clear_free(t, sizeof(*t));
}
