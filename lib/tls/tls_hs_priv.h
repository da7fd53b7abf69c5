/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside the handshake: libssl's objects, which nobody else of the house sees. */
#ifndef TLS_TLS_HS_PRIV_H
#define TLS_TLS_HS_PRIV_H

#include <pthread.h>
#include <stdatomic.h>

#include <openssl/ssl.h>

#include "tls/tls_ctx.h"
#include "tls/tls_hs.h"

#define TLS_HEADER   5 /* bytes of a record's header */
#define TLS_SECURITY 2 /* libssl's level: 112 bits, so RSA from 2048, no SHA-1 */

/* A cipher suite that we speak: RFC 8446 B.4, RFC 5289, RFC 7905. */
struct tls_suite {
	uint16_t id;
	uint8_t version; /* 2 or 3 */
	enum aead_alg alg;
	const char *name; /* IANA's */
	const char *ssl;  /* libssl's */
};
const struct tls_suite *tls__suite(uint16_t id); /* NULL: none of ours */
/* The operator's list (NULL: ours) to libssl's two. 0 or -EINVAL with e set: the word at fault. */
int tls__suites_use(SSL_CTX *ssl, const struct conf_tls *t, struct err *e);

/* IANA's numbers of our groups, RFC 8446 4.2.7 */
#define TLS_P256   23
#define TLS_P384   24
#define TLS_X25519 29

struct tls_hs_stats {
	_Atomic uint64_t n[TLS_HS_STAT_N];
};
/* h's step is done: count what came of it. */
void tls__hs_count(struct tls_hs_stats *s, const struct tls_hs *h);
void tls__hs_stats_read(const struct tls_hs_stats *s, uint64_t out[TLS_HS_STAT_N]);

/* An SSL_CTX, with at most one certificate of each kind of key. */
struct tls_set {
	uint32_t certs; /* bit i: the listener's certificate i is in it */
	SSL_CTX *ssl;
};

/* Who asks for it. */
struct tls_sni {
	char *name; /* lower case; "*.x" is any one label before ".x" */
	SSL_CTX *ssl;
};

/* What to staple to a certificate: RFC 6066 8. */
struct tls_staple {
	const X509 *leaf; /* only to be compared: the sets count theirs */
	uint8_t *der;
	int n;
};

/* A session to be offered again, of one member. */
struct tls_kept {
	char name[TLS_HS_NAME];
	SSL_SESSION *session;
};
#define TLS_KEPT 64

struct tls_ctx {
	atomic_uint refs; /* a put pairs with the last one */
	bool server;
	bool verify;  /* client: the member's name or address */
	int keylog;   /* file descriptor, -1: none */
	SSL_CTX *ssl; /* server: of the first certificate; one of set */
	struct tls_set *set;
	unsigned n_sets;
	struct tls_sni *sni; /* sorted by name */
	unsigned n_sni;
	struct tls_staple staple[CONF_LISTEN_CERTS_MAX];
	unsigned n_staples;
	struct tls_hs_stats stats;
	pthread_mutex_t lock; /* of kept; handshake threads only */
	struct tls_kept kept[TLS_KEPT];
	unsigned kept_next;          /* is thrown out next */
	struct tls_tickets *tickets; /* borrowed; of a server, NULL: none */
};

/* A chain and its key, in memory. */
struct tls_cert {
	X509 *leaf;
	STACK_OF(X509) * chain; /* without the leaf */
	EVP_PKEY *key;
	char **name; /* DNS, lower case */
	unsigned n_names;
	uint8_t *ocsp; /* DER, or NULL */
	int n_ocsp;
};
/* Read, and checked but for time. 0 or -errno with e set. */
int tls__cert_load(const struct conf_certificate *cert, struct tls_cert *out, struct err *e);
void tls__cert_free(struct tls_cert *c);
/* s, 0 where it is none. */
int64_t tls__unix_time(const ASN1_TIME *t);
/* Into ssl, which counts what it keeps. 0 or -errno with e set. */
int tls__cert_use(
	SSL_CTX *ssl, const struct conf_certificate *cert, struct tls_cert *c, struct err *e);

/* A context without SSL_CTX; what both sides' SSL_CTX have in common. NULL with e set. */
struct tls_ctx *tls__ctx_new(const struct conf_tls *t, bool server, struct err *e);
SSL_CTX *tls__ssl_ctx(const struct conf_tls *t, struct tls_ctx *owner, struct err *e);
/* The text of libssl's last error, for err_set; empties its queue. */
const char *tls__ssl_error(void);
/* Tickets of this server are sealed with c's keys, if it has any. */
void tls__tickets_use(SSL_CTX *ssl, struct tls_ctx *c);

struct tls_hs {
	struct tls_ctx *ctx; /* counted */
	SSL *ssl;            /* NULL once it is over */
	BIO *in;             /* ssl's */
	BIO *out;            /* counted: outlives ssl */
	bool server, begun;
	bool ccs_sent;   /* 1.2: the next handshake record that we send is Finished */
	uint8_t state;   /* enum tls_hs_state */
	uint8_t error;   /* enum tls_error */
	uint8_t secrets; /* 1.3: which of the two came */
	uint32_t rest;   /* bytes of a record that libssl is in the middle of */
	uint32_t taken;  /* bytes in all */
	struct tls_hs_result result;
};

void tls__ssl_close(struct tls_hs *h);
/* Of a client: sessions that libssl learns are kept; the one of h's name is offered. */
void tls__sessions_use(SSL_CTX *ssl);
bool tls__sessions_kept(const struct tls_hs *h);
bool tls__session_offer(struct tls_hs *h);

/* tls_prf.c */
struct tls_bytes {
	const uint8_t *p;
	size_t n;
};
/* HMAC with a key of at most a hash's block. */
struct tls_prf {
	EVP_MD_CTX *work; /* for nobody else meanwhile */
	const EVP_MD *md; /* tls__md() */
	struct tls_bytes key;
};
/* The hash of n bytes: SHA-256 or SHA-384. */
const EVP_MD *tls__md(size_t n);
/* Of a and b in a row; out has room for a hash. */
bool tls__hmac(const struct tls_prf *p, struct tls_bytes a, struct tls_bytes b, uint8_t *out);
/* HKDF-Expand-Label (RFC 8446 7.1): n bytes, at most the hash's. */
bool tls__expand(const struct tls_prf *p, struct tls_bytes label, struct tls_bytes context,
	uint8_t *out, size_t n);
/* The same without context, of a secret that is as long as its hash. */
bool tls__expand_label(
	const uint8_t *secret, uint8_t n_secret, const char *label, uint8_t *out, uint8_t n);
/* RFC 5246 5; seed: the label, too. */
bool tls__prf(const struct tls_prf *p, struct tls_bytes seed, uint8_t *out, size_t n);

/* tls_kdf.c */
#define TLS_KDF_QUERY "?provider=penstock" /* for SSL_CTX_new_ex() */
/* libcrypto has our derivations; any number of times. 0 or -ENOTSUP with e set. */
int tls__kdf_init(struct err *e);
/* What this thread's libssl derives is h's from now on; NULL: nobody's. */
void tls__kdf_watch(struct tls_hs *h);
/* 1.3: application_traffic_secret_0 of that side; its records begin to be counted. */
void tls__secret_take(struct tls_hs *h, bool of_server, const uint8_t *secret, size_t n);

/* key and iv of both directions, from the secrets that are in r (1.3) or from ssl (1.2). */
bool tls__keys13(struct tls_hs_result *r);
bool tls__keys12(struct tls_hs_result *r, const SSL *ssl, bool server);

#endif
