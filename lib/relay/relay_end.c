/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One side of a relay: what its state machines do with a connection, they do with an end. Plain, it
 * is tcp's connection. With TLS it goes through two stages of its own (doc/lib/relay.md):
 *
 *	conn->rx --relay_open--> tls->rx --owner--> other end    tls->plain --relay_seal--> conn->tx
 *
 * opening  ends that relay_open() looks at next turn though nothing came: a buffer was missing, or
 *          rx was full and is not any more
 * sealing  ends that relay_seal() has something to do for: plain, out, or close_notify and FIN
 */
#include <errno.h>

#include "relay/relay_priv.h"

/* Bytes that are opened for an owner who does not take them while buffers are scarce. */
#define RX_SCARCE (16 * 1024)

/* ---- lists ---- */

static void open_later(struct relay *r, struct tls_conn *t)
{
	list_del(&t->open);
	list_add_tail(&r->opening, &t->open);
}

static void seal_later(struct relay *r, struct tls_conn *t)
{
	list_del(&t->seal);
	list_add_tail(&r->sealing, &t->seal);
}

/* ---- begin ---- */

static int tls_begin(struct relay *r, struct relay_end *e, struct tls_conn *t)
{
	if (!t)
		return -ENOMEM;
	e->tls = t;
	if (e->conn->rx.bytes)
		open_later(r, t);
	return 0;
}

int relay__end_accept(struct relay *r, const struct relay_listener *l, struct relay_end *e)
{
	struct tls_ctx *ctx = r->cfg.tls ? l->snap->listener_tls[l->index] : NULL;

	if (!ctx)
		return 0;
	/* a flood of clients leaves some for members */
	if (tls_handshakes(r->cfg.tls) >= r->cfg.conf->tls.handshakes)
		return -ENOMEM;
	return tls_begin(r, e, tls_accept(r->cfg.tls, ctx, &e->conn->remote, e->conn, r->now));
}

int relay__end_connect(
	struct relay *r, const struct lb_pool *p, const struct lb_member *m, struct relay_end *e)
{
	struct tls_ctx *ctx = r->cfg.tls ? relay__pool_tls(r, p) : NULL;
	const char *name = p->conf->sni;
	char addr[IP_ADDR_TEXT];

	if (!ctx)
		return 0;
	if (!name)
		name = ip_addr_text(&m->endpoint.addr, addr);
	return tls_begin(r, e, tls_connect(r->cfg.tls, ctx, name, e->conn, r->now));
}

/* ---- stage 4 ---- */

static struct tls_conn *tls_of(struct tcp_conn *c)
{
	const uint8_t *kind = c->owner;

	if (!kind)
		return NULL; /* released, or not yet accepted */
	if (*kind == RELAY_FRONT)
		return ((struct front *)c->owner)->end.tls;
	if (*kind == RELAY_BACK)
		return ((struct back *)c->owner)->end.tls;
	if (*kind == RELAY_PROBE)
		return ((struct probe *)c->owner)->end.tls;
	return splice_end(c->owner, c)->tls;
}

/* Is there enough in rx? Less is as buffers run out, for tcp's ladder weighs only what tcp has. */
static bool is_full(const struct relay *r, const struct tls_conn *t)
{
	return t->rx.bytes >= (tcp_pressure(r->cfg.tcp) ? RX_SCARCE : TLS_RX_LIMIT);
}

static void open_end(struct relay *r, struct tcp_conn *c, struct tls_conn *t)
{
	if (c->rx.bytes && !is_full(r, t) && tls_input(r->cfg.tls, t, &c->rx, r->now) < 0)
		open_later(r, t);
	t->held = c->rx.bytes && is_full(r, t);
	if (t->out.bytes || t->plain.bytes)
		seal_later(r, t);
	tcp_consumed(r->cfg.tcp, c);
}

/* Each connection's key is far away: it is fetched while the one before is worked on. */
static void open_ready(struct relay *r)
{
	struct tcp_conn *c = tcp_ready_next(r->cfg.tcp, NULL), *next;
	struct tls_conn *t = c ? tls_of(c) : NULL, *t_next;

	for (; c; c = next, t = t_next) {
		next = tcp_ready_next(r->cfg.tcp, c);
		t_next = next ? tls_of(next) : NULL;
		if (t_next && next->rx.bytes)
			tls_prefetch(r->cfg.tls, t_next, false);
		if (t)
			open_end(r, c, t);
	}
}

void relay_open(struct relay *r, clock_us_t now)
{
	struct tls_conn *t;
	struct list *node;

	if (!r->cfg.tls)
		return;
	relay__set_now(r, now);
	while ((t = tls_ready_take(r->cfg.tls, now)))
		open_later(r, t);
	while ((node = list_take(&r->opening)))
		tcp_notify(r->cfg.tcp, container_of_list(node, struct tls_conn, open)->owner);
	open_ready(r);
}

/* Nothing follows what the peer sent, and it did not say so. */
static bool is_torn(const struct relay_end *e)
{
	if (!(e->conn->flags & TCP_F_FIN_RCVD))
		return false;
	return e->tls->state == TLS_OPEN ? !e->tls->held && !end_pending(e)
					 : tls_waits(e->tls, &e->conn->rx);
}

uint8_t relay__end_events(const struct relay_end *e, uint8_t events, bool up)
{
	const struct tls_conn *t = e->tls;

	if (!t)
		return events;
	events &= TCP_EV_READABLE | TCP_EV_WRITABLE | TCP_EV_DEAD;
	if (t->state == TLS_FAILED)
		return events | TCP_EV_DEAD;
	if (!up && t->state == TLS_OPEN)
		events |= TCP_EV_ESTABLISHED;
	if (t->eof)
		events |= TCP_EV_FIN;
	else if (is_torn(e))
		events |= RELAY_EV_TORN;
	return events;
}

bool relay__end_half_up(const struct relay_end *e)
{
	if (!e->tls || e->tls->state == TLS_OPEN)
		return false;
	return e->tls->state == TLS_FAILED || e->conn->state > TCP_SYN_SENT ||
	       e->conn->error == ECONNRESET;
}

/* ---- what an owner does ---- */

static int tls_give(struct relay *r, struct relay_end *e, struct buf_chain *bytes)
{
	struct tls_conn *t = e->tls;

	if (e->conn->state == TCP_CLOSED || t->state == TLS_FAILED || t->closing)
		return -EPIPE;
	if (buf_chain_move(&t->plain, bytes, r->cfg.pools->indirect) < 0)
		return -ENOMEM;
	seal_later(r, t);
	return 0;
}

int relay__end_send(struct relay *r, struct relay_end *e, struct buf_chain *bytes)
{
	return !e->tls ? tcp_send(r->cfg.tcp, e->conn, bytes) : tls_give(r, e, bytes);
}

void relay__end_consumed(struct relay *r, struct relay_end *e)
{
	if (!e->tls)
		tcp_consumed(r->cfg.tcp, e->conn);
	else if (e->tls->held)
		open_later(r, e->tls);
}

void relay__end_shutdown(struct relay *r, struct relay_end *e)
{
	if (!e->tls) {
		tcp_shutdown(r->cfg.tcp, e->conn);
	} else if (!e->tls->closing) {
		tls_shutdown(e->tls);
		seal_later(r, e->tls);
	}
}

/* ---- stage 6 ---- */

/* Payload bytes of a segment. */
static uint16_t segment(const struct tcp_conn *c)
{
	return c->mss - (c->flags & TCP_F_TS ? 12 : 0);
}

/* Seal what there is and hand it to tcp. 0, -ENOMEM, or -EPIPE: nobody takes it any more. */
static int seal(struct relay *r, struct tcp_conn *c, struct tls_conn *t)
{
	int rc = tls_seal(r->cfg.tls, t, segment(c), r->now);
	int sent = t->out.bytes ? tcp_send(r->cfg.tcp, c, &t->out) : 0;

	if (sent == -EPIPE)
		buf_chain_free(&t->out);
	return sent ? sent : rc;
}

static void seal_end(struct relay *r, struct tcp_conn *c, struct tls_conn *t)
{
	int rc = seal(r, c, t);

	if (rc == -ENOMEM)
		seal_later(r, t);
	else if (t->state == TLS_FAILED)
		tcp_notify(r->cfg.tcp, c); /* in sealing: its owner has to know */
	else if (t->state == TLS_OPEN && t->closing)
		tcp_shutdown(r->cfg.tcp, c);
}

void relay_seal(struct relay *r, clock_us_t now)
{
	struct list todo, *node;

	relay__set_now(r, now);
	list_init(&todo);
	while ((node = list_take(&r->sealing)))
		list_add_tail(&todo, node);
	while ((node = list_take(&todo))) {
		struct tls_conn *t = container_of_list(node, struct tls_conn, seal);

		if (!list_empty(&todo))
			tls_prefetch(r->cfg.tls,
				container_of_list(todo.next, struct tls_conn, seal), true);
		seal_end(r, t->owner, t);
	}
}

/* ---- end ---- */

/* What TLS still has to say, close_notify or an alert, goes to tcp. True: it and all before it will
 * arrive, and nothing of the peer's was left unread. */
static bool say_last(struct relay *r, struct relay_end *e)
{
	struct tls_conn *t = e->tls;

	if (t->state == TLS_FAILED) {
		buf_chain_free(&t->plain);
		buf_chain_free(&t->rx);
		buf_chain_free(&e->conn->rx); /* else an RST would overtake the alert */
	} else {
		tls_shutdown(t);
	}
	return seal(r, e->conn, t) == 0 && t->state != TLS_HANDSHAKE && t->rx.bytes == 0;
}

/* graceful: what is queued is still delivered; else RST. */
static void end(struct relay *r, struct relay_end *e, bool graceful)
{
	if (e->tls) {
		list_del(&e->tls->open);
		list_del(&e->tls->seal);
		tls_free(r->cfg.tls, e->tls);
	}
	if (graceful)
		tcp_release(r->cfg.tcp, e->conn);
	else
		tcp_abort(r->cfg.tcp, e->conn);
	*e = (struct relay_end){0};
}

void relay__end_release(struct relay *r, struct relay_end *e)
{
	end(r, e, !e->tls || say_last(r, e));
}

void relay__end_abort(struct relay *r, struct relay_end *e)
{
	/* the peer shall read the alert that says why */
	end(r, e, e->tls && e->tls->state == TLS_FAILED && say_last(r, e));
}
