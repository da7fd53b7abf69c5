/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "relay/stream.h"

/* Bytes that are opened for an owner who does not take them while buffers are scarce. */
#define RX_SCARCE (16 * 1024)

/* ---- lists ---- */

static void open_later(struct streams *ss, struct tls_conn *t)
{
	list_del(&t->open);
	list_add_tail(&ss->opening, &t->open);
}

static void seal_later(struct streams *ss, struct tls_conn *t)
{
	list_del(&t->seal);
	list_add_tail(&ss->sealing, &t->seal);
}

void streams_init(struct streams *ss)
{
	list_init(&ss->opening);
	list_init(&ss->sealing);
}

/* ---- begin ---- */

static int begin(struct streams *ss, struct stream *s, struct tls_conn *t)
{
	if (!t)
		return -ENOMEM;
	s->tls = t;
	if (s->conn->rx.bytes)
		open_later(ss, t);
	return 0;
}

int stream_accept(struct streams *ss, struct stream *s, struct tls_ctx *ctx)
{
	if (!ctx)
		return 0;
	return begin(ss, s, tls_accept(ss->tls, ctx, &s->conn->remote, s->conn, *ss->now));
}

int stream_connect(struct streams *ss, struct stream *s, struct tls_ctx *ctx, const char *name)
{
	if (!ctx)
		return 0;
	return begin(ss, s, tls_connect(ss->tls, ctx, name, s->conn, *ss->now));
}

/* ---- stage 4 ---- */

/* Is there enough in rx? Less is as buffers run out, for tcp's ladder weighs only what tcp has. */
static bool is_full(const struct streams *ss, const struct tls_conn *t)
{
	return t->rx.bytes >= (tcp_pressure(ss->tcp) ? RX_SCARCE : TLS_RX_LIMIT);
}

static void open_one(struct streams *ss, struct tcp_conn *c, struct tls_conn *t)
{
	if (c->rx.bytes && !is_full(ss, t) && tls_input(ss->tls, t, &c->rx, *ss->now) < 0)
		open_later(ss, t);
	t->held = c->rx.bytes && is_full(ss, t);
	if (t->out.bytes || t->plain.bytes)
		seal_later(ss, t);
	tcp_consumed(ss->tcp, c);
}

/* Each connection's key is far away: it is fetched while the one before is worked on. */
static void open_ready(struct streams *ss, struct tls_conn *(*tls_of)(const struct tcp_conn *c))
{
	struct tcp_conn *c = tcp_ready_next(ss->tcp, NULL), *next;
	struct tls_conn *t = c ? tls_of(c) : NULL, *t_next;

	for (; c; c = next, t = t_next) {
		next = tcp_ready_next(ss->tcp, c);
		t_next = next ? tls_of(next) : NULL;
		if (t_next && next->rx.bytes)
			tls_prefetch(ss->tls, t_next, false);
		if (t)
			open_one(ss, c, t);
	}
}

void streams_open(struct streams *ss, struct tls_conn *(*tls_of)(const struct tcp_conn *c))
{
	struct tls_conn *t;
	struct list *node;

	if (!ss->tls)
		return;
	while ((t = tls_ready_take(ss->tls, *ss->now)))
		open_later(ss, t);
	while ((node = list_take(&ss->opening)))
		tcp_notify(ss->tcp, container_of_list(node, struct tls_conn, open)->owner);
	open_ready(ss, tls_of);
}

/* Nothing follows what the peer sent, and it did not say so. */
static bool is_torn(const struct stream *s)
{
	if (!(s->conn->flags & TCP_F_FIN_RCVD))
		return false;
	return s->tls->state == TLS_OPEN ? !s->tls->held && !stream_pending(s)
					 : tls_waits(s->tls, &s->conn->rx);
}

uint8_t stream_events(const struct stream *s, uint8_t events, bool up)
{
	const struct tls_conn *t = s->tls;

	if (!t)
		return events;
	events &= TCP_EV_WRITABLE | TCP_EV_DEAD;
	if (t->rx.bytes)
		events |= TCP_EV_READABLE;
	if (t->state == TLS_FAILED)
		return events | TCP_EV_DEAD;
	if (!up && t->state == TLS_OPEN)
		events |= TCP_EV_ESTABLISHED;
	if (t->eof)
		events |= TCP_EV_FIN;
	else if (is_torn(s))
		events |= STREAM_EV_TORN;
	return events;
}

bool stream_half_up(const struct stream *s)
{
	if (!s->tls || s->tls->state == TLS_OPEN)
		return false;
	return s->tls->state == TLS_FAILED || s->conn->state > TCP_SYN_SENT ||
	       s->conn->error == ECONNRESET;
}

/* ---- what an owner does ---- */

static int give(struct streams *ss, struct stream *s, struct buf_chain *bytes)
{
	struct tls_conn *t = s->tls;

	if (s->conn->state == TCP_CLOSED || t->state == TLS_FAILED || t->closing)
		return -EPIPE;
	if (buf_chain_move(&t->plain, bytes, ss->indirect) < 0)
		return -ENOMEM;
	seal_later(ss, t);
	return 0;
}

int stream_send(struct streams *ss, struct stream *s, struct buf_chain *bytes)
{
	return !s->tls ? tcp_send(ss->tcp, s->conn, bytes) : give(ss, s, bytes);
}

void stream_consumed(struct streams *ss, struct stream *s)
{
	if (!s->tls)
		tcp_consumed(ss->tcp, s->conn);
	else if (s->tls->held)
		open_later(ss, s->tls);
}

void stream_shutdown(struct streams *ss, struct stream *s)
{
	if (!s->tls) {
		tcp_shutdown(ss->tcp, s->conn);
	} else if (!s->tls->closing) {
		tls_shutdown(s->tls);
		seal_later(ss, s->tls);
	}
}

/* ---- stage 6 ---- */

/* Payload bytes of a segment. */
static uint16_t segment(const struct tcp_conn *c)
{
	return c->mss - (c->flags & TCP_F_TS ? 12 : 0);
}

/* Seal what there is and hand it to tcp. 0, -ENOMEM, or -EPIPE: nobody takes it any more. */
static int seal(struct streams *ss, struct tcp_conn *c, struct tls_conn *t)
{
	int rc = tls_seal(ss->tls, t, segment(c), *ss->now);
	int sent = t->out.bytes ? tcp_send(ss->tcp, c, &t->out) : 0;

	if (sent == -EPIPE)
		buf_chain_free(&t->out);
	return sent ? sent : rc;
}

static void seal_one(struct streams *ss, struct tcp_conn *c, struct tls_conn *t)
{
	int rc = seal(ss, c, t);

	if (rc == -ENOMEM)
		seal_later(ss, t);
	else if (t->state == TLS_FAILED)
		tcp_notify(ss->tcp, c); /* in sealing: its owner has to know */
	else if (t->state == TLS_OPEN && t->closing)
		tcp_shutdown(ss->tcp, c);
}

void streams_seal(struct streams *ss)
{
	struct list todo, *node;

	list_init(&todo);
	while ((node = list_take(&ss->sealing)))
		list_add_tail(&todo, node);
	while ((node = list_take(&todo))) {
		struct tls_conn *t = container_of_list(node, struct tls_conn, seal);

		if (!list_empty(&todo))
			tls_prefetch(
				ss->tls, container_of_list(todo.next, struct tls_conn, seal), true);
		seal_one(ss, t->owner, t);
	}
}

/* ---- end ---- */

/* What TLS still has to say, close_notify or an alert, goes to tcp. True: it and all before it will
 * arrive, and nothing of the peer's was left unread. */
static bool say_last(struct streams *ss, struct stream *s)
{
	struct tls_conn *t = s->tls;

	if (t->state == TLS_FAILED) {
		buf_chain_free(&t->plain);
		buf_chain_free(&t->rx);
		buf_chain_free(&s->conn->rx); /* else an RST would overtake the alert */
	} else {
		tls_shutdown(t);
	}
	return seal(ss, s->conn, t) == 0 && t->state != TLS_HANDSHAKE && t->rx.bytes == 0;
}

/* graceful: what is queued is still delivered; else RST. */
static void end(struct streams *ss, struct stream *s, bool graceful)
{
	if (s->tls) {
		list_del(&s->tls->open);
		list_del(&s->tls->seal);
		tls_free(ss->tls, s->tls);
	}
	if (graceful)
		tcp_release(ss->tcp, s->conn);
	else
		tcp_abort(ss->tcp, s->conn);
	*s = (struct stream){0};
}

void stream_release(struct streams *ss, struct stream *s)
{
	end(ss, s, !s->tls || say_last(ss, s));
}

void stream_abort(struct streams *ss, struct stream *s)
{
	/* the peer shall read the alert that says why */
	end(ss, s, s->tls && s->tls->state == TLS_FAILED && say_last(ss, s));
}
