/* SPDX-License-Identifier: BSD-3-Clause */
/* A side of the wire: a connection of a client or of an origin. */
#ifndef S3GEN_SIDE_H
#define S3GEN_SIDE_H

#include "s3gen.h"

enum gen_role { GEN_CLIENT, GEN_ORIGIN };

/* What a tcp_conn's owner begins with; the loop hands ready connections over by it. */
struct side {
	uint8_t role; /* enum gen_role */
	bool up;      /* the owner knows that it is established */
	struct stream stream;
};

/* g->streams, of its conf, pools, tcp and secure. */
void side_start(struct gen *g);
/* TLS of a ready connection, for streams_open(). */
struct tls_conn *side_tls(const struct tcp_conn *c);

/* tcp's events as the owner shall see them: ESTABLISHED once, when TLS is; DEAD also when TLS
 * failed, or the peer's FIN came without close_notify (RFC 8446 6.1). */
uint8_t side_events(struct side *e, uint8_t events);
/* With DEAD: as tcp_conn's error; EPROTO: TLS failed. */
int side_error(const struct side *e);
/* A connection, or a handshake, waits for the next turn. */
bool side_waits(const struct gen *g);

#endif
