/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes in an open connection beside data: alerts and handshake messages. Of the latter only
 * KeyUpdate means something to us; the others that may come are skipped (libssl is given a ticket
 * while it waits for one), in however many records they lie:
 *
 *	n_msg == 0, msg_left == 0    between messages
 *	n_msg > 0                    within a header, or a KeyUpdate
 *	msg_left > 0, n_msg == 0     within a message that is skipped
 *
 * In the last two only more of it may come (RFC 8446 5.1).
 */
#include "tls/tls_priv.h"

#define HELLO_REQUEST 0
#define CLIENT_HELLO  1
#define NEW_TICKET    4
#define KEY_UPDATE    24

#define HEADER       4
#define MESSAGE_MAX  (128 * 1024 + 512) /* the longest ticket, RFC 8446 4.6.1 */
#define POSTS_MAX    64                 /* messages a second; each KeyUpdate costs us two keys */
#define WARNINGS_MAX 5                  /* in a row without data, as libssl */

#define CLOSE_NOTIFY  0
#define USER_CANCELED 90

static enum tls_error alert_input(struct tls *t, struct tls_conn *c, const struct buf_chain *text)
{
	uint8_t alert[2];
	bool warning;

	if (text->bytes != sizeof(alert))
		return TLS_E_alert_length;
	buf_chain_read(text, 0, sizeof(alert), alert);
	TLS_COUNT(t, alerts_in);
	if (alert[1] == CLOSE_NOTIFY) {
		c->eof = true;
		return TLS_OK;
	}
	/* RFC 8446 6: the level is not looked at, all others are errors */
	warning = c->version == 3 ? alert[1] == USER_CANCELED : alert[0] == 1;
	if (warning)
		return ++c->records->warnings > WARNINGS_MAX ? TLS_E_alert_many : TLS_OK;
	if (c->version == 2 && alert[0] != 2)
		return TLS_E_alert_level;
	c->alert = alert[1];
	return TLS_E_alert;
}

/* A header is complete: what is to become of its message. */
static enum tls_error message_begin(struct tls *t, struct tls_conn *c)
{
	struct tls_records *r = c->records;
	uint8_t type = r->msg[0];
	uint32_t n = (uint32_t)r->msg[1] << 16 | (uint32_t)r->msg[2] << 8 | r->msg[3];

	if (c->version == 3 && type == KEY_UPDATE)
		return n == 1 ? TLS_OK : TLS_E_post_length;
	if (c->version == 3 ? c->server || type != NEW_TICKET
			    : type != (c->server ? CLIENT_HELLO : HELLO_REQUEST))
		return TLS_E_post_type;
	if (n > MESSAGE_MAX || (type == HELLO_REQUEST && n))
		return TLS_E_post_length;
	if (type == CLIENT_HELLO) { /* RFC 5746 4.5: no renegotiation */
		r->owe |= TLS_OWE_NO_RENEGOTIATION;
		TLS_COUNT(t, renegotiations);
	}
	if (type == NEW_TICKET)
		tls__shake_ticket(t, c, r->msg, HEADER, n);
	r->msg_left = n;
	r->n_msg = 0;
	return TLS_OK;
}

/* What follows a header, at byte `at` of text: how much of it is the message's. */
static uint32_t body_input(
	struct tls *t, struct tls_conn *c, const struct buf_chain *text, uint32_t at)
{
	struct tls_records *r = c->records;
	uint32_t k = RTE_MIN(text->bytes - at, r->msg_left);
	uint8_t piece[512];

	if (c->shake) { /* it is a ticket */
		k = RTE_MIN(k, (uint32_t)sizeof(piece));
		buf_chain_read(text, at, k, piece);
		tls__shake_ticket(t, c, piece, k, r->msg_left - k);
	}
	r->msg_left -= k;
	return k;
}

/* RFC 8446 4.6.3; last: it ends its record (5.1: what follows has another key). */
static enum tls_error key_update(struct tls *t, struct tls_conn *c, bool last)
{
	struct tls_records *r = c->records;

	if (!last)
		return TLS_E_update_place;
	if (r->msg[HEADER] > 1)
		return TLS_E_update_value;
	if (r->msg[HEADER] == 1) /* asked several times before it was sent: one answer will do */
		r->owe |= TLS_OWE_UPDATE;
	r->n_msg = 0;
	TLS_COUNT(t, key_updates_in);
	return tls__way_renew(t, c, &r->rx) < 0 ? TLS_E_keys : TLS_OK;
}

static enum tls_error posts_count(struct tls_records *r, clock_us_t now)
{
	if (now - r->post_at >= CLOCK_US_PER_S) {
		r->post_at = now;
		r->posts = 0;
	}
	return ++r->posts > POSTS_MAX ? TLS_E_post_many : TLS_OK;
}

/* One more byte of a header or a KeyUpdate. */
static enum tls_error byte_input(
	struct tls *t, struct tls_conn *c, uint8_t byte, bool last, clock_us_t now)
{
	struct tls_records *r = c->records;
	enum tls_error why = TLS_OK;

	if (r->n_msg == 0)
		why = posts_count(r, now);
	r->msg[r->n_msg++] = byte;
	if (!why && r->n_msg == HEADER)
		why = message_begin(t, c);
	else if (!why && r->n_msg > HEADER)
		why = key_update(t, c, last);
	return why;
}

static enum tls_error handshake_input(
	struct tls *t, struct tls_conn *c, const struct buf_chain *text, clock_us_t now)
{
	struct tls_records *r = c->records;
	enum tls_error why = TLS_OK;
	uint32_t at = 0;
	uint8_t byte;

	while (!why && at < text->bytes) {
		if (r->msg_left) {
			at += body_input(t, c, text, at);
			continue;
		}
		buf_chain_read(text, at++, 1, &byte);
		why = byte_input(t, c, byte, at == text->bytes, now);
	}
	return why;
}

enum tls_error tls__post_input(struct tls *t, struct tls_conn *c, uint8_t type,
	const struct buf_chain *text, clock_us_t now)
{
	const struct tls_records *r = c->records;

	if (type == 0)
		return TLS_E_plain_zeros;
	if (type != TLS_T_ALERT && type != TLS_T_HANDSHAKE)
		return TLS_E_record_type;
	if (text->bytes == 0)
		return TLS_E_empty;
	if (type == TLS_T_HANDSHAKE)
		return handshake_input(t, c, text, now);
	return r->n_msg || r->msg_left ? TLS_E_interleaved : alert_input(t, c, text);
}
