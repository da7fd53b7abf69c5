/* SPDX-License-Identifier: BSD-3-Clause */
/* TLS of all connections: certificates, keys, and handshakes on the one core. */
#ifndef S3GEN_SECURE_H
#define S3GEN_SECURE_H

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
};

/* Connections that may have TLS at a time; 0: nobody speaks it. */
uint32_t secure_conns(const struct gen_conf *c);
/* Bytes of memory that so many take beside TCP's. */
uint64_t secure_cost(uint32_t conns);
/* g->secure, of g's conf and pools; stays NULL where conns is 0. Before clients and origins. 0, or
 * -ENOMEM, -EINVAL with e: file:line of what is wrong. */
int secure_start(struct gen *g, const struct aead_driver *drv, uint32_t conns, struct err *e);
void secure_stop(struct gen *g);

/* Handshakes: at most one step, for it takes as long as hundreds of packets. How many. */
unsigned secure_shake(struct gen *g);
/* Of a section, by its index; NULL: plain. */
struct tls_ctx *secure_clients(const struct gen *g, unsigned i);
struct tls_ctx *secure_origins(const struct gen *g, unsigned i);

struct stat_block secure_stats(const struct gen *g);

#endif
