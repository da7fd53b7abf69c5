/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What clients and origins do with a connection: TCP, or TLS over it, as lib/relay's ends. With TLS
 * it goes through two stages of its own:
 *
 *	tcp->rx --stream_open--> tls->rx --owner--    --owner--> tls->plain --stream_seal--> tcp->tx
 */
#ifndef S3GEN_STREAM_H
#define S3GEN_STREAM_H

#include "secure.h"

/* The peer's certificate is verified for name, where it is. 0, or -ENOMEM: no room. ctx NULL: plain
 * TCP, which cannot fail. s->tcp is there, and nothing else yet. */
int stream_accept(struct gen *g, struct stream *s, struct tls_ctx *ctx);
int stream_connect(struct gen *g, struct stream *s, struct tls_ctx *ctx, const char *name);

/* tcp's events as the owner shall see them: ESTABLISHED once, when TLS is; DEAD also when TLS
 * failed, or the peer's FIN came without close_notify (RFC 8446 6.1). */
uint8_t stream_events(struct stream *s, uint8_t events);
/* With DEAD: as tcp_conn's error; EPROTO: TLS failed. */
int stream_error(const struct stream *s);

/* Queue all of bytes (taken): 0; -EPIPE after shutdown or death, -ENOMEM: untouched. */
int stream_send(struct gen *g, struct stream *s, struct buf_chain *bytes);
/* Bytes that may be sent before what is queued is over its budget. */
uint32_t stream_room(const struct gen *g, const struct stream *s);
/* Bytes sent that the peer has not acknowledged. */
uint32_t stream_unacked(const struct stream *s);
/* Bytes were taken out of stream_rx(). */
void stream_consumed(struct gen *g, struct stream *s);
void stream_shutdown(struct gen *g, struct stream *s);
/* Let go, what is queued is still delivered; or reset. There is no connection afterwards. */
void stream_release(struct gen *g, struct stream *s);
void stream_abort(struct gen *g, struct stream *s);

/* A connection waits for the next turn. */
bool stream_waits(const struct gen *g);
/* Stages 4 and 6 of a turn, around clients and origins. */
void stream_open(struct gen *g);
void stream_seal(struct gen *g);

/* What came in order. */
static inline struct buf_chain *stream_rx(const struct stream *s)
{
	return s->tls ? &s->tls->rx : &s->tcp->rx;
}

#endif
