/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * opening  connections that stream_open() looks at next turn though nothing came: a buffer was
 *          missing, or rx was full and is not any more
 * sealing  connections that stream_seal() has something to do for
 */
#include <errno.h>

#include "stream.h"

/* ---- lists ---- */

static void open_later(struct gen *g, struct tls_conn *t)
{
	list_del(&t->open);
	list_add_tail(&g->secure->opening, &t->open);
}

static void seal_later(struct gen *g, struct tls_conn *t)
{
	list_del(&t->seal);
	list_add_tail(&g->secure->sealing, &t->seal);
}

/* ---- begin ---- */

static int begin(struct gen *g, struct stream *s, struct tls_conn *t)
{
	if (!t)
		return -ENOMEM;
	s->tls = t;
	if (s->tcp->rx.bytes)
		open_later(g, t);
	return 0;
}

int stream_accept(struct gen *g, struct stream *s, struct tls_ctx *ctx)
{
	if (!ctx)
		return 0;
	return begin(g, s, tls_accept(g->secure->tls, ctx, &s->tcp->remote, s->tcp, g->now));
}

int stream_connect(struct gen *g, struct stream *s, struct tls_ctx *ctx, const char *name)
{
	if (!ctx)
		return 0;
	return begin(g, s, tls_connect(g->secure->tls, ctx, name, s->tcp, g->now));
}

/* ---- stage 4 ---- */

static void open_one(struct gen *g, struct tcp_conn *c, struct tls_conn *t)
{
	bool full = t->rx.bytes >= TLS_RX_LIMIT;

	if (c->rx.bytes && !full && tls_input(g->secure->tls, t, &c->rx, g->now) < 0)
		open_later(g, t);
	t->held = c->rx.bytes && t->rx.bytes >= TLS_RX_LIMIT;
	if (t->out.bytes || t->plain.bytes)
		seal_later(g, t);
	tcp_consumed(g->tcp, c);
}

static struct tls_conn *tls_of(const struct tcp_conn *c)
{
	return c && c->owner ? ((const struct stream *)c->owner)->tls : NULL;
}

void stream_open(struct gen *g)
{
	struct tcp_conn *c, *next;
	struct tls_conn *t;
	struct list *node;

	if (!g->secure)
		return;
	while ((t = tls_ready_take(g->secure->tls, g->now)))
		open_later(g, t);
	while ((node = list_take(&g->secure->opening)))
		tcp_notify(g->tcp, container_of_list(node, struct tls_conn, open)->owner);
	for (c = tcp_ready_next(g->tcp, NULL); c; c = next) {
		next = tcp_ready_next(g->tcp, c);
		t = tls_of(next);
		if (t)
			tls_prefetch(g->secure->tls, t, false);
		t = tls_of(c);
		if (t)
			open_one(g, c, t);
	}
}

/* Nothing follows what the peer sent, and it did not say so. */
static bool is_torn(const struct stream *s)
{
	if (!(s->tcp->flags & TCP_F_FIN_RCVD))
		return false;
	return s->tls->state == TLS_OPEN ? !s->tls->held && !list_linked(&s->tls->open)
					 : tls_waits(s->tls, &s->tcp->rx);
}

uint8_t stream_events(struct stream *s, uint8_t events)
{
	const struct tls_conn *t = s->tls;

	if (!t)
		return events;
	events &= TCP_EV_WRITABLE | TCP_EV_DEAD;
	if (t->rx.bytes)
		events |= TCP_EV_READABLE;
	if (t->state == TLS_OPEN && !s->up) {
		s->up = true;
		events |= TCP_EV_ESTABLISHED;
	}
	if (t->state == TLS_FAILED)
		events |= TCP_EV_DEAD;
	else if (t->eof)
		events |= TCP_EV_FIN;
	else if (is_torn(s))
		events |= TCP_EV_DEAD;
	return events;
}

int stream_error(const struct stream *s)
{
	if (!s->tls)
		return s->tcp->error;
	if (s->tls->state == TLS_FAILED)
		return EPROTO;
	return s->tcp->error || s->tls->eof ? s->tcp->error : ECONNRESET;
}

/* ---- what an owner does ---- */

int stream_send(struct gen *g, struct stream *s, struct buf_chain *bytes)
{
	struct tls_conn *t = s->tls;

	if (!t)
		return tcp_send(g->tcp, s->tcp, bytes);
	if (s->tcp->state == TCP_CLOSED || t->state == TLS_FAILED || t->closing)
		return -EPIPE;
	if (buf_chain_move(&t->plain, bytes, g->pools.indirect) < 0)
		return -ENOMEM;
	seal_later(g, t);
	return 0;
}

static uint32_t unsent(const struct stream *s)
{
	return s->tls ? s->tls->plain.bytes + s->tls->out.bytes : 0;
}

uint32_t stream_room(const struct gen *g, const struct stream *s)
{
	uint32_t room = tcp_tx_room(s->tcp, tcp_tx_budget(s->tcp, g->conf->tcp.send_buffer));

	return room - RTE_MIN(room, unsent(s));
}

uint32_t stream_unacked(const struct stream *s)
{
	return s->tcp->tx.bytes + unsent(s);
}

void stream_consumed(struct gen *g, struct stream *s)
{
	if (!s->tls)
		tcp_consumed(g->tcp, s->tcp);
	else if (s->tls->held)
		open_later(g, s->tls);
}

void stream_shutdown(struct gen *g, struct stream *s)
{
	if (!s->tls) {
		tcp_shutdown(g->tcp, s->tcp);
	} else if (!s->tls->closing) {
		tls_shutdown(s->tls);
		seal_later(g, s->tls);
	}
}

/* ---- stage 6 ---- */

/* Seal what there is and hand it to tcp. 0, -ENOMEM, or -EPIPE: nobody takes it any more. */
static int seal(struct gen *g, struct tcp_conn *c, struct tls_conn *t)
{
	uint16_t segment = c->mss - (c->flags & TCP_F_TS ? 12 : 0);
	int rc = tls_seal(g->secure->tls, t, segment, g->now);
	int sent = t->out.bytes ? tcp_send(g->tcp, c, &t->out) : 0;

	if (sent == -EPIPE)
		buf_chain_free(&t->out);
	return sent ? sent : rc;
}

static void seal_one(struct gen *g, struct tcp_conn *c, struct tls_conn *t)
{
	int rc = seal(g, c, t);

	if (rc == -ENOMEM)
		seal_later(g, t);
	else if (t->state == TLS_FAILED)
		tcp_notify(g->tcp, c); /* in sealing: its owner has to know */
	else if (t->state == TLS_OPEN && t->closing)
		tcp_shutdown(g->tcp, c);
}

void stream_seal(struct gen *g)
{
	struct list todo, *node;

	if (!g->secure)
		return;
	list_init(&todo);
	while ((node = list_take(&g->secure->sealing)))
		list_add_tail(&todo, node);
	while ((node = list_take(&todo))) {
		struct tls_conn *t = container_of_list(node, struct tls_conn, seal);

		if (!list_empty(&todo))
			tls_prefetch(g->secure->tls,
				container_of_list(todo.next, struct tls_conn, seal), true);
		seal_one(g, t->owner, t);
	}
}

bool stream_waits(const struct gen *g)
{
	const struct secure *s = g->secure;

	return s &&
	       (!list_empty(&s->opening) || !list_empty(&s->sealing) || tls_handshakes(s->tls));
}

/* ---- end ---- */

/* What TLS still has to say, close_notify or an alert, goes to tcp. True: it and all before it will
 * arrive, and nothing of the peer's was left unread. */
static bool say_last(struct gen *g, struct stream *s)
{
	struct tls_conn *t = s->tls;

	if (t->state == TLS_FAILED) {
		buf_chain_free(&t->plain);
		buf_chain_free(&t->rx);
		buf_chain_free(&s->tcp->rx); /* else an RST would overtake the alert */
	} else {
		tls_shutdown(t);
	}
	return seal(g, s->tcp, t) == 0 && t->state != TLS_HANDSHAKE && t->rx.bytes == 0;
}

static void end(struct gen *g, struct stream *s, bool graceful)
{
	if (s->tls) {
		list_del(&s->tls->open);
		list_del(&s->tls->seal);
		tls_free(g->secure->tls, s->tls);
	}
	if (graceful)
		tcp_release(g->tcp, s->tcp);
	else
		tcp_abort(g->tcp, s->tcp);
	s->tcp = NULL;
	s->tls = NULL;
	s->up = false;
}

void stream_release(struct gen *g, struct stream *s)
{
	end(g, s, !s->tls || say_last(g, s));
}

void stream_abort(struct gen *g, struct stream *s)
{
	/* the peer shall read the alert that says why */
	end(g, s, s->tls && s->tls->state == TLS_FAILED && say_last(g, s));
}
