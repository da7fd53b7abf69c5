/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream: tcp's connection, or TLS over it. What a relay's state machines, and s3gen's clients
 * and origins, do with a connection they do with a stream. With TLS it goes through two stages of
 * its own (doc/lib/relay.md):
 *
 *	conn->rx --streams_open--> tls->rx --> the owner --> tls->plain --streams_seal--> conn->tx
 *
 * A stream is two pointers in its owner's record, and may be copied; who made it ends it.
 */
#ifndef RELAY_STREAM_H
#define RELAY_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/list.h"
#include "buf/buf.h"
#include "tcp/tcp.h"
#include "tls/tls.h"

struct stream {
	struct tcp_conn *conn; /* NULL: there is none */
	struct tls_conn *tls;  /* NULL: plain; else its owner is conn */
};

/* What the streams of one core share. Pointers are borrowed and outlive it. */
struct streams {
	struct tcp *tcp;
	struct tls *tls;              /* NULL: all are plain */
	struct rte_mempool *indirect; /* see buf_chain_move */
	uint32_t send_limit;          /* most bytes queued for one connection */
	const clock_us_t *now;        /* of this turn */
	struct list
		opening; /* of tls_conn: looked at next turn though nothing came, for a buffer */
			 /* was missing, or rx was full and is not any more */
	struct list sealing; /* of tls_conn: plain, out, or close_notify and FIN are to be sent */
};

/* Beside TCP_EV_*: the peer's FIN came without close_notify (RFC 8446 6.1). */
#define STREAM_EV_TORN 0x80

/* The lists; the rest is set. */
void streams_init(struct streams *ss);
/* Stages 4 and 6 of a turn. tls_of: of a ready connection, by its owner; NULL: it is plain, was
 * released or is not yet accepted. */
void streams_open(struct streams *ss, struct tls_conn *(*tls_of)(const struct tcp_conn *c));
void streams_seal(struct streams *ss);
/* One waits for the next turn. */
static inline bool streams_wait(const struct streams *ss)
{
	return !list_empty(&ss->opening) || !list_empty(&ss->sealing);
}

/* TLS for s, which has a connection and nothing else yet: the server's side, or the client's, to
 * which the peer is name (for SNI and its certificate). ctx NULL: plain, which cannot fail. 0, or
 * -ENOMEM: no room. */
int stream_accept(struct streams *ss, struct stream *s, struct tls_ctx *ctx);
int stream_connect(struct streams *ss, struct stream *s, struct tls_ctx *ctx, const char *name);

/* tcp's events as the owner shall see them, STREAM_EV_TORN among them; READABLE when
 * stream_rx() has bytes, ESTABLISHED when TLS is. up: it was told that, or needs not be. */
uint8_t stream_events(const struct stream *s, uint8_t events, bool up);
/* The peer was there, its TLS was not. */
bool stream_half_up(const struct stream *s);

/* Queue all of bytes (taken): 0; -EPIPE after shutdown or death, -ENOMEM: untouched. */
int stream_send(struct streams *ss, struct stream *s, struct buf_chain *bytes);
/* Bytes were taken out of stream_rx(). */
void stream_consumed(struct streams *ss, struct stream *s);
/* No more bytes follow. */
void stream_shutdown(struct streams *ss, struct stream *s);
/* Let go, what is queued is still delivered; or reset. There is no connection afterwards. */
void stream_release(struct streams *ss, struct stream *s);
void stream_abort(struct streams *ss, struct stream *s);

/* What came in order, for the owner to take. */
static inline struct buf_chain *stream_rx(const struct stream *s)
{
	return !s->tls ? &s->conn->rx : &s->tls->rx;
}

/* rx may still grow, though nothing new comes: the next turn opens more. */
static inline bool stream_pending(const struct stream *s)
{
	return s->tls && list_linked(&s->tls->open);
}

/* Bytes given that TLS has not handed to tcp. */
static inline uint32_t stream_unsealed(const struct stream *s)
{
	return !s->tls ? 0 : s->tls->plain.bytes + s->tls->out.bytes;
}

/* Bytes given that the peer has not acknowledged. */
static inline uint32_t stream_unacked(const struct stream *s)
{
	return s->conn->tx.bytes + stream_unsealed(s);
}

/* Bytes that may be given before what is queued is over its budget. */
static inline uint32_t stream_room(const struct streams *ss, const struct stream *s)
{
	uint32_t room = tcp_tx_room(s->conn, tcp_tx_budget(s->conn, ss->send_limit));
	uint32_t n = stream_unsealed(s);

	return room - (n < room ? n : room);
}

#endif
