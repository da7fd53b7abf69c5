/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS of all connections: certificates, keys, and handshakes on the one core. */
#ifndef S3GEN_SECURE_H
#define S3GEN_SECURE_H

#include "base/list.h"
#include "s3gen.h"
#include "tls/tls.h"
#include "tls/tls_crew.h"
#include "tls/tls_ctx.h"

struct secure {
	struct aead *aead;
	struct tls_crew *crew;
	struct tls_tickets *tickets;
	struct tls *tls;
	struct tls_ctx *clients[GEN_SECTIONS_MAX], *origins[GEN_SECTIONS_MAX]; /* NULL: plain */
	struct list opening, sealing; /* of tls_conn: stream.c */
};

/* g->secure, of g's conf and pools; stays NULL where nobody speaks TLS. Before clients and origins.
 * 0, or -ENOMEM, -EINVAL with e: file:line of what is wrong. */
int secure_start(struct gen *g, const struct aead_driver *drv, struct err *e);
void secure_stop(struct gen *g);

/* Handshakes: at most one step, for it takes as long as hundreds of packets. How many. */
unsigned secure_shake(struct gen *g);
/* Bytes of memory that connections with TLS take beside TCP's. */
uint64_t secure_cost(const struct gen_conf *c);
/* Of a section, by its index; NULL: plain. */
struct tls_ctx *secure_clients(const struct gen *g, unsigned i);
struct tls_ctx *secure_origins(const struct gen *g, unsigned i);

struct stat_block secure_stats(const struct gen *g);

#endif
