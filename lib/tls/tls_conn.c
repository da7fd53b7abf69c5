/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection, from its first byte to its last:
 *
 *	           tls_shake.c: DONE               tls__fail()
 *	HANDSHAKE --------------------> OPEN --------------------> FAILED
 *	    |                                                        ^
 *	    `--------------------------------------------------------'  tls__fail()
 *
 *	HANDSHAKE  shake != NULL; records == NULL. What came waits in `in`, what is to go in plain
 *	OPEN       shake == NULL; records with two keys. eof and closing end the directions
 *	           separately
 *	FAILED     error != TLS_OK; no keys, no shake. rx keeps what was verified before, out ends
 *	           with the alert; whatever comes is dropped
 */
#include <errno.h>

#include "tls/tls_ctx.h"
#include "tls/tls_priv.h"

static const uint8_t alert_of[TLS_ERRORS] = {
	255,
#define X(name, alert, text) alert,
#include "tls/tls_error.def"
#undef X
};

struct tls_conn *tls__conn_get(struct tls *t, struct tls_ctx *ctx, bool server, void *owner)
{
	struct tls_conn *c = t->conn_free;

	if (!c) {
		TLS_COUNT(t, accept_full);
		return NULL;
	}
	t->conn_free = c->next;
	t->conns++;
	*c = (struct tls_conn){.server = server, .owner = owner, .ctx = ctx};
	if (ctx)
		(void)tls_ctx_get(ctx);
	list_init(&c->open);
	list_init(&c->seal);
	return c;
}

static void conn_put(struct tls *t, struct tls_conn *c)
{
	c->next = t->conn_free;
	t->conn_free = c;
	t->conns--;
}

struct tls_conn *tls_accept(
	struct tls *t, struct tls_ctx *ctx, const struct ip_addr *peer, void *owner, clock_us_t now)
{
	struct tls_conn *c = tls__conn_get(t, ctx, true, owner);

	if (!c)
		return NULL;
	if (!tls__shake_begin(t, c, "", peer, now)) {
		tls_free(t, c);
		return NULL;
	}
	TLS_COUNT(t, accepts);
	return c;
}

struct tls_conn *tls_connect(
	struct tls *t, struct tls_ctx *ctx, const char *name, void *owner, clock_us_t now)
{
	struct tls_conn *c = tls__conn_get(t, ctx, false, owner);

	if (!c)
		return NULL;
	if (!tls__shake_begin(t, c, name, NULL, now) ||
		!tls__shake_step(t, c, &(struct buf_chain){0})) {
		tls_free(t, c);
		return NULL;
	}
	TLS_COUNT(t, connects);
	return c;
}

void tls_free(struct tls *t, struct tls_conn *c)
{
	tls__shake_end(t, c);
	if (c->records)
		tls__keys_wipe(t, c->records);
	buf_chain_free(&c->rx);
	buf_chain_free(&c->plain);
	buf_chain_free(&c->out);
	tls_ctx_put(c->ctx);
	conn_put(t, c);
}

void tls__fail(struct tls *t, struct tls_conn *c, enum tls_error why)
{
	const uint8_t alert[] = {why == TLS_E_exhausted ? 1 : 2, alert_of[why]};

	t->stat[TLS_STAT_fail_record_type + why - 1]++;
	c->error = (uint8_t)why;
	/* without a buffer it goes without an alert: the peer sees the end all the same */
	if (c->records && c->records->tx.key && alert[1] != 255 &&
		tls__seal_bytes(t, c, TLS_T_ALERT, alert, sizeof(alert)) == 0)
		TLS_COUNT(t, alerts_out);
	tls__shake_end(t, c);
	if (c->records)
		tls__keys_wipe(t, c->records);
	c->state = TLS_FAILED;
}

int tls_input(struct tls *t, struct tls_conn *c, struct buf_chain *in, clock_us_t now)
{
	int rc = 0;

	if (c->drop) {
		buf_chain_consume(in, c->drop);
		c->drop = 0;
	}
	if (c->state == TLS_HANDSHAKE)
		tls__shake_input(t, c, in);
	if (c->state == TLS_OPEN)
		rc = tls__open(t, c, in, now);
	if (c->state == TLS_OPEN && c->records->owe)
		(void)tls__seal_owed(t, c);   /* for want of a buffer: by tls_seal() */
	if (c->state == TLS_FAILED || c->eof) /* RFC 8446 6.1: what follows is ignored */
		buf_chain_free(in);
	return rc;
}

void tls_prefetch(const struct tls *t, const struct tls_conn *c, bool seal)
{
	if (c->state == TLS_OPEN)
		aead_key_prefetch(t->cfg.aead, seal ? c->records->tx.key : c->records->rx.key);
}

void tls_shutdown(struct tls_conn *c)
{
	c->closing = true;
}

void tls_facts(const struct tls_conn *c, struct tls_facts *out)
{
	const struct tls_records *r = c->records;

	*out = (struct tls_facts){
		.version = c->version == 3 ? "TLSv1.3" : "TLSv1.2",
		.cipher = tls_suite_name(r->suite),
		.group = tls_group_name(r->group),
		.name = r->name,
		.subject = r->subject,
		.resumed = r->resumed,
	};
}
