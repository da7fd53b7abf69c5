/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records out. The encryption is the copy: it reads the mbufs of plain, which other connections may
 * share, and writes fresh ones for out. Records follow each other in these without a gap:
 *
 *	mbuf:  | header, nonce | text ........... | text ... | type | tag | header | text ... |
 *	        '---- room() bytes: whole segments ----'  '-----------------------------------'
 *
 * How much goes into a record: what fits one segment while the connection begins or was idle, for
 * the peer can use nothing of a record before its last byte came; the most that fills whole
 * segments once TLS_GROW bytes went.
 *
 * A record's place is allocated before its number is taken: what fails leaves no trace.
 */
#include <errno.h>
#include <string.h>

#include "tls/tls_priv.h"

#define TLS_GROW (64 * 1024) /* about three round trips from 10 segments on */
/* Then the window may have shrunk (RFC 7661), so begin again. */
#define TLS_IDLE_US CLOCK_US_PER_S
#define MBUF_MAX    32 /* mbufs of a record: each has a kilobyte at least */

/* The type that 1.3 encrypts behind the text, to be pointed at. */
static const uint8_t type_byte[] = {
	[TLS_T_ALERT] = TLS_T_ALERT,
	[TLS_T_HANDSHAKE] = TLS_T_HANDSHAKE,
	[TLS_T_DATA] = TLS_T_DATA,
};

/* Where tags go once they are known. */
struct places {
	struct buf_cursor tag[TLS_BURST];
};

/* Bytes of an mbuf, so that no segment crosses one if it would fit. */
static uint32_t room(const struct tls *t, uint16_t seg)
{
	uint32_t all = t->cfg.pools->room;

	return seg && seg <= all ? all / seg * seg : all;
}

/* Bytes of a record beside its text. */
static uint32_t overhead(const struct tls_conn *c)
{
	if (c->version == 3)
		return TLS_RECORD_HEADER + 1 + AEAD_TAG;
	return TLS_RECORD_HEADER + AEAD_TAG + (tls__has_explicit(c, c->records) ? TLS_EXPLICIT : 0);
}

/* Most bytes of text for the next record. */
static uint32_t text_max(const struct tls_conn *c, uint16_t seg)
{
	const struct tls_records *r = c->records;
	uint32_t over = overhead(c), segs = 1, n;

	if (r->grown >= TLS_GROW && seg)
		segs = RTE_MAX(1u, (TLS_PLAIN_MAX + over) / seg);
	n = seg > over ? segs * seg - over : TLS_PLAIN_MAX;
	return RTE_MIN(n, r->fragment);
}

/* The cursor is at a byte, not at an mbuf's end. */
static void settle(struct buf_cursor *at)
{
	if (at->off == at->seg->data_len && at->seg->next)
		*at = (struct buf_cursor){at->seg->next, 0};
}

static void cursor_write(struct buf_cursor *at, const uint8_t *p, uint32_t n)
{
	uint32_t k;

	for (; n; n -= k, p += k, at->off += k) {
		settle(at);
		k = RTE_MIN(n, at->seg->data_len - at->off);
		memcpy(rte_pktmbuf_mtod_offset(at->seg, uint8_t *, at->off), p, k);
	}
}

/* n more bytes at out's end, the first at *at: what the last mbuf has left of its room, and fresh
 * ones. 0 or -ENOMEM. */
static int out_grow(
	struct tls *t, struct buf_chain *out, uint32_t n, uint32_t each, struct buf_cursor *at)
{
	struct rte_mbuf *m[MBUF_MAX], *tail = out->tail;
	uint32_t left = 0, k;
	unsigned fresh;

	if (tail && RTE_MBUF_DIRECT(tail) && tail->data_len < each)
		left = RTE_MIN(n, RTE_MIN(each - tail->data_len, rte_pktmbuf_tailroom(tail)));
	fresh = (n - left + each - 1) / each;
	ASSERT(fresh <= MBUF_MAX, "an mbuf has room for more than a kilobyte");
	if (fresh && rte_pktmbuf_alloc_bulk(t->cfg.pools->data, m, fresh) < 0)
		return -ENOMEM;
	*at = (struct buf_cursor){tail, tail ? tail->data_len : 0};
	if (left) {
		tail->data_len = (uint16_t)(tail->data_len + left);
		out->bytes += left;
	}
	for (unsigned i = 0; i < fresh; i++, left += k) {
		k = RTE_MIN(each, n - left);
		m[i]->data_len = (uint16_t)k;
		buf_chain_append(out, m[i]);
	}
	if (!at->seg)
		at->seg = out->head;
	return 0;
}

/* n bytes at in are a slice of the burst, or as many as mbufs of out that they go to. */
static void slices_add(struct tls_burst *b, const uint8_t *in, struct buf_cursor *to, uint32_t n)
{
	uint32_t k;

	for (; n; n -= k, in += k, to->off += k) {
		settle(to);
		k = RTE_MIN(n, to->seg->data_len - to->off);
		b->slice[b->n_slices++] = (struct aead_slice){
			in, rte_pktmbuf_mtod_offset(to->seg, uint8_t *, to->off), k};
	}
}

/* Of the n bytes at from those that so many slices can take; each mbuf of out costs one more. */
static uint32_t text_fits(const struct tls_burst *b, struct buf_cursor from, uint32_t n)
{
	uint32_t left = n;

	for (unsigned used = b->n_slices + MBUF_MAX + 2; left && used < TLS_SLICES; used++) {
		left -= RTE_MIN(left, from.seg->data_len - from.off);
		from = (struct buf_cursor){from.seg->next, 0};
	}
	return n - left;
}

/* Header, nonce and additional data of the next record of n bytes of text. */
static void head_make(
	struct tls_conn *c, uint8_t type, uint32_t n, struct aead_op *op, struct buf_cursor *to)
{
	struct tls_records *r = c->records;
	uint32_t body = n + overhead(c) - TLS_RECORD_HEADER;
	uint8_t head[] = {
		c->version == 3 ? TLS_T_DATA : type, 3, 3, (uint8_t)(body >> 8), (uint8_t)body};
	uint64_t nonce;

	op->key = r->tx.key;
	op->ok = false;
	cursor_write(to, head, sizeof(head));
	tls__nonce(&r->tx, r->tx.seq, op->nonce);
	if (c->version == 3) {
		memcpy(op->aad, head, sizeof(head));
	} else if (tls__has_explicit(c, r)) { /* RFC 5288 3: goes on from the handshake's */
		nonce = __builtin_bswap64(r->explicit_nonce++);
		memcpy(op->nonce, r->tx.iv, AEAD_NONCE - TLS_EXPLICIT);
		memcpy(op->nonce + AEAD_NONCE - TLS_EXPLICIT, &nonce, TLS_EXPLICIT);
		cursor_write(to, op->nonce + AEAD_NONCE - TLS_EXPLICIT, TLS_EXPLICIT);
	}
	if (c->version == 2)
		tls__aad12(r->tx.seq, type, n, op->aad);
	ASSERT(r->tx.seq < UINT64_MAX, "no record number comes twice with one key");
	r->tx.seq++;
}

/* A record of n bytes at *from joins the burst, its place is at out's end. 0 or -ENOMEM. */
static int record_add(struct tls *t, struct tls_conn *c, uint8_t type, struct buf_cursor *from,
	uint32_t n, uint32_t each, struct places *places)
{
	struct tls_burst *b = &t->burst;
	struct aead_op *op = &b->op[b->n];
	struct buf_cursor to;
	uint32_t k;

	if (out_grow(t, &c->out, n + overhead(c), each, &to) < 0) {
		TLS_COUNT(t, no_memory);
		return -ENOMEM;
	}
	head_make(c, type, n, op, &to);
	op->slice = &b->slice[b->n_slices];
	op->n_slices = (uint16_t)b->n_slices;
	for (; n; n -= k) {
		k = RTE_MIN(n, from->seg->data_len - from->off);
		slices_add(b, rte_pktmbuf_mtod_offset(from->seg, uint8_t *, from->off), &to, k);
		from->off += k;
		if (from->off == from->seg->data_len)
			*from = (struct buf_cursor){from->seg->next, 0};
	}
	if (c->version == 3)
		slices_add(b, &type_byte[type], &to, 1);
	op->n_slices = (uint16_t)(b->n_slices - op->n_slices);
	places->tag[b->n++] = to;
	return 0;
}

/* Seal the burst. Bytes of out that are good are good for ever; -EIO: those of the burst are not.
 */
static int burst_run(struct tls *t, struct tls_conn *c, struct places *places, uint32_t good)
{
	struct tls_burst *b = &t->burst;

	aead_run(t->cfg.aead, b->op, b->n);
	for (unsigned i = 0; i < b->n; i++) {
		if (unlikely(!b->op[i].ok)) {
			buf_chain_cut(&c->out, good);
			return -EIO;
		}
		cursor_write(&places->tag[i], b->op[i].tag, AEAD_TAG);
	}
	TLS_ADD(t, records_out, b->n);
	return 0;
}

/* One burst of records from what is at the start of text, which is consumed. 0; -ENOMEM: not all of
 * what would have fit a burst; -EIO. */
static int burst_seal(
	struct tls *t, struct tls_conn *c, uint8_t type, struct buf_chain *text, uint16_t seg)
{
	struct tls_burst *b = &t->burst;
	struct buf_cursor from = buf_chain_seek(text, 0);
	uint32_t good = c->out.bytes, done = 0, each = room(t, seg);
	struct places places;
	int rc = 0, ran;

	b->n = b->n_slices = 0;
	while (b->n < TLS_BURST && done < text->bytes) {
		uint32_t want = RTE_MIN(text_max(c, seg), text->bytes - done);
		uint32_t n = text_fits(b, from, want);

		if (n == 0 || (n < want && b->n))
			break;
		rc = record_add(t, c, type, &from, n, each, &places);
		if (rc < 0)
			break;
		done += n;
		c->records->grown = RTE_MIN(c->records->grown + n, (uint32_t)TLS_GROW);
	}
	ran = burst_run(t, c, &places, good);
	if (ran < 0)
		return ran;
	buf_chain_consume(text, done);
	return rc;
}

int tls__seal_bytes(struct tls *t, struct tls_conn *c, uint8_t type, const void *p, uint32_t n)
{
	struct buf_chain text = {0};
	int rc = buf_chain_write(&text, p, n, t->cfg.pools->hdr);

	if (rc == 0)
		rc = burst_seal(t, c, type, &text, 0);
	buf_chain_free(&text);
	return rc;
}

/* RFC 8446 4.6.3: under the old key, then the new one. */
static int update_seal(struct tls *t, struct tls_conn *c)
{
	static const uint8_t update[] = {24, 0, 0, 1, 0}; /* not requested */
	int rc = tls__seal_bytes(t, c, TLS_T_HANDSHAKE, update, sizeof(update));

	if (rc < 0)
		return rc;
	TLS_COUNT(t, key_updates_out);
	return tls__way_renew(t, c, &c->records->tx) < 0 ? -ENOKEY : 0;
}

static int alert_seal(struct tls *t, struct tls_conn *c, uint8_t what)
{
	const uint8_t alert[] = {1, what};
	int rc = tls__seal_bytes(t, c, TLS_T_ALERT, alert, sizeof(alert));

	if (rc == 0)
		TLS_COUNT(t, alerts_out);
	return rc;
}

static int owed_seal(struct tls *t, struct tls_conn *c)
{
	struct tls_records *r = c->records;
	int rc = 0;

	if (r->owe & TLS_OWE_NO_RENEGOTIATION) {
		rc = alert_seal(t, c, 100);
		if (rc == 0)
			r->owe &= (uint8_t)~TLS_OWE_NO_RENEGOTIATION;
	}
	if (rc == 0 && (r->owe & TLS_OWE_UPDATE)) {
		rc = update_seal(t, c);
		if (rc == 0)
			r->owe &= (uint8_t)~TLS_OWE_UPDATE;
	}
	return rc;
}

/* All of plain; keys are renewed before they are worn out. */
static int plain_seal(struct tls *t, struct tls_conn *c, uint16_t seg)
{
	struct tls_records *r = c->records;
	uint32_t before = c->plain.bytes;
	int rc = 0;

	while (rc == 0 && c->plain.bytes) {
		if (c->version == 3 && r->tx.seq >= TLS_SEALS_13)
			rc = update_seal(t, c);
		else if (r->tx.seq >= TLS_SEALS_12)
			rc = -ESTALE;
		if (rc == 0)
			rc = burst_seal(t, c, TLS_T_DATA, &c->plain, seg);
	}
	TLS_ADD(t, bytes_out, before - c->plain.bytes);
	return rc;
}

/* What a step above said, for the owner: -ENOMEM is no failure. */
static int outcome(struct tls *t, struct tls_conn *c, int rc)
{
	if (rc == -EIO)
		tls__fail(t, c, TLS_E_cipher);
	if (rc == -ENOKEY)
		tls__fail(t, c, TLS_E_keys);
	if (rc == -ESTALE)
		tls__fail(t, c, TLS_E_exhausted);
	return rc == -ENOMEM ? rc : 0;
}

int tls__seal_owed(struct tls *t, struct tls_conn *c)
{
	return c->records->said_bye ? 0 : outcome(t, c, owed_seal(t, c));
}

int tls_seal(struct tls *t, struct tls_conn *c, uint16_t seg, clock_us_t now)
{
	struct tls_records *r = c->records;
	int rc;

	if (c->state != TLS_OPEN || r->said_bye)
		return 0;
	rc = owed_seal(t, c);
	if (rc == 0 && c->plain.bytes) {
		if (now - r->sealed_at > TLS_IDLE_US)
			r->grown = 0;
		r->sealed_at = now;
		rc = plain_seal(t, c, seg);
	}
	if (rc == 0 && c->closing) {
		rc = alert_seal(t, c, 0); /* RFC 8446 6.1: close_notify */
		r->said_bye = rc == 0;
	}
	return outcome(t, c, rc);
}
