/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a listener or a pool says of TLS, checked, with its certificates and keys in memory:
 * libssl's SSL_CTX. Made by control; counted, so that a reload of certificates does not touch
 * connections.
 */
#ifndef TLS_TLS_CTX_H
#define TLS_TLS_CTX_H

#include "base/err.h"
#include "conf/conf.h"
#include "tls/tls_hs.h"

struct tls_tickets;

/* Once, before any key is read: private keys, those that a handshake makes and those of tickets
 * live in pages of their own, which no core dump has. 0; -EPERM with e set: they may be swapped out
 * (ulimit -l); -ENOMEM with e set: they live among all else. Neither must stop anybody. */
int tls_secrets_init(struct err *e);

/* Keys of session tickets, shared by all listeners and threads (and boxes, by a file); outlives
 * every context. Drawn, or from t->ticket_keys. NULL with e set. now: Unix time, s. */
struct tls_tickets *tls_tickets_create(const struct conf_tls *t, int64_t now, struct err *e);
void tls_tickets_destroy(struct tls_tickets *k); /* NULL is fine */
/* Control, now and then and at a reload: drawn keys are replaced when it is time, a file is read
 * again. Tickets of the keys before stay good for their lifetime. -errno with e set: no change. */
int tls_tickets_turn(struct tls_tickets *k, const struct conf_tls *t, int64_t now, struct err *e);

/* Of a listener with certificates, or of a pool with tls. What is wrong (no such file, key does not
 * match, chain incomplete, no such name ...) is in e with file:line of its section. tickets:
 * borrowed, NULL is none. Counted once for the caller. NULL with e set. */
struct tls_ctx *tls_ctx_server(const struct conf *conf, const struct conf_listener *l,
	struct tls_tickets *tickets, struct err *e);
struct tls_ctx *tls_ctx_client(const struct conf *conf, const struct conf_pool *p, struct err *e);
/* Atomic: any thread. */
struct tls_ctx *tls_ctx_get(struct tls_ctx *c);
void tls_ctx_put(struct tls_ctx *c); /* NULL is fine */
/* Does anybody but the caller have it? The last put frees files' worth of certificates, which a
 * worker should not have to do: control keeps a context until it is the last. */
bool tls_ctx_shared(const struct tls_ctx *c);

/* One certificate as show and metrics tell it. */
struct tls_cert_facts {
	char subject[256], issuer[256], names[512]; /* names: DNS and IP, comma */
	char key[32];                               /* "ECDSA P-256", "RSA 2048" */
	int64_t not_before, not_after;              /* Unix time, s */
};
/* Read and check the certificate of the file's section (also by --check): 0 or -errno with e set.
 * now: Unix time, s. warn, when not NULL, is told of what is not an error (ends within 30 days). */
int tls_cert_check(const struct conf_certificate *cert, int64_t now, struct tls_cert_facts *out,
	struct err *e, struct err *warn);

/* Handshakes of this context so far; any thread, any time. */
void tls_ctx_stats(const struct tls_ctx *c, uint64_t out[TLS_HS_STAT_N]);

#endif
