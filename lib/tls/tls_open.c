/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Records in. A record is opened when all of it is there, so that nothing leaves before its tag is
 * verified:
 *
 *	in:   | header 5 | explicit nonce 8 (1.2 GCM) | text, type, padding | tag 16 |  next ...
 *	                                                '---- to rx ----'
 *
 * Bytes are opened where they lie when the mbuf is ours alone and belongs to this record up to its
 * end: then it goes to rx by pointer. The end of a record that shares its mbuf with the next one is
 * opened into a fresh mbuf (the same work), and so is what is not ours. Text of a few bytes is
 * copied behind the last, so that small records do not pin a buffer each.
 */
#include <errno.h>
#include <string.h>

#include "tls/tls_priv.h"

#define EMPTIES_MAX 32  /* empty records in a row: they cost us, and say nothing */
#define SMALL       256 /* bytes of text that are copied rather than kept in an mbuf of their own */

/* A record of the burst. */
struct record {
	uint8_t type;
	uint32_t n;              /* bytes, the header included */
	uint32_t skip;           /* of these, before the text */
	uint32_t text;           /* bytes that were encrypted */
	uint16_t slice, n_slice; /* places in the burst's slices */
};

struct batch {
	struct record record[TLS_BURST];
	struct rte_mbuf *fresh[TLS_SLICES]; /* where a slice goes to; NULL: it stays */
};

static void cursor_read(struct buf_cursor *at, uint32_t n, uint8_t *out)
{
	uint32_t k;

	for (; n; n -= k, out += k, at->off += k) {
		while (at->off == at->seg->data_len)
			*at = (struct buf_cursor){at->seg->next, 0};
		k = RTE_MIN(n, at->seg->data_len - at->off);
		memcpy(out, rte_pktmbuf_mtod_offset(at->seg, uint8_t *, at->off), k);
	}
}

/* RFC 8446 5.1, 5.2, RFC 5246 6.2.3: what can be told from a header. */
static enum tls_error header_check(
	const struct tls_conn *c, const struct tls_records *r, const uint8_t h[TLS_RECORD_HEADER])
{
	uint32_t n = (uint32_t)h[3] << 8 | h[4];
	uint32_t least = AEAD_TAG + (c->version == 3 ? 1 : 0);

	if (h[0] == TLS_T_CCS)
		return TLS_E_ccs;
	if (h[0] < TLS_T_CCS || h[0] > TLS_T_DATA || (c->version == 3 && h[0] != TLS_T_DATA))
		return TLS_E_record_type;
	if (h[1] != 3 || (c->version == 2 && h[2] != 3))
		return TLS_E_record_version;
	if (n > TLS_PLAIN_MAX + (c->version == 3 ? 256 : 2048))
		return TLS_E_record_long;
	if (n < least + (tls__has_explicit(c, r) ? TLS_EXPLICIT : 0))
		return TLS_E_record_short;
	return TLS_OK;
}

static void fresh_free(struct tls *t, struct batch *b, unsigned from)
{
	for (; t->burst.n_slices > from; t->burst.n_slices--)
		rte_pktmbuf_free(b->fresh[t->burst.n_slices - 1]);
}

static bool ours(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* A slice to somewhere fresh: k is at most an mbuf's room. */
static int slice_fresh(struct tls *t, struct batch *b, const uint8_t *in, uint32_t k)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(t->cfg.pools->data);

	if (unlikely(!m))
		return -ENOMEM;
	ASSERT(k <= rte_pktmbuf_tailroom(m), "a slice fits a fresh mbuf");
	b->fresh[t->burst.n_slices] = m;
	t->burst.slice[t->burst.n_slices++] =
		(struct aead_slice){in, rte_pktmbuf_mtod(m, uint8_t *), k};
	return 0;
}

/* The text of rec, from *at on, as slices; *at is behind it then. 0, -ENOMEM, -ENOSPC: too many. */
static int lay(struct tls *t, struct batch *b, struct record *rec, struct buf_cursor *at)
{
	struct tls_burst *burst = &t->burst;
	uint32_t left = rec->text, room = t->cfg.pools->room;

	while (left) {
		struct rte_mbuf *m = at->seg;
		uint32_t k = RTE_MIN(left, m->data_len - at->off),
			 behind = m->data_len - at->off - k;
		uint8_t *p = rte_pktmbuf_mtod_offset(m, uint8_t *, at->off);

		if (k == 0) {
			*at = (struct buf_cursor){m->next, 0};
			continue;
		}
		if (burst->n_slices == TLS_SLICES)
			return -ENOSPC;
		if (ours(m) && behind <= left - k + AEAD_TAG) {
			b->fresh[burst->n_slices] = NULL;
			burst->slice[burst->n_slices++] = (struct aead_slice){p, p, k};
		} else {
			k = RTE_MIN(k, room);
			if (slice_fresh(t, b, p, k) < 0)
				return -ENOMEM;
		}
		at->off += k;
		left -= k;
	}
	return 0;
}

/* A text in more pieces than a burst has slices (a peer that sends byte by byte, and none of them
 * was squeezed): copied into fresh mbufs and opened there. */
static int lay_copied(struct tls *t, struct batch *b, struct record *rec, struct buf_cursor *at)
{
	uint32_t left = rec->text, k;

	for (; left; left -= k) {
		struct aead_slice *s = &t->burst.slice[t->burst.n_slices];

		k = RTE_MIN(left, t->cfg.pools->room);
		if (slice_fresh(t, b, NULL, k) < 0)
			return -ENOMEM;
		s->in = s->out;
		cursor_read(at, k, s->out);
	}
	TLS_COUNT(t, copied_in);
	return 0;
}

static void op_fill(struct tls_conn *c, struct record *rec, struct aead_op *op, uint64_t seq,
	const uint8_t head[TLS_RECORD_HEADER + TLS_EXPLICIT])
{
	const struct tls_way *w = &c->records->rx;

	op->key = w->key;
	op->ok = false;
	tls__nonce(w, seq, op->nonce);
	if (tls__has_explicit(c, c->records)) { /* RFC 5288 3: salt, and what the record says */
		memcpy(op->nonce, w->iv, AEAD_NONCE - TLS_EXPLICIT);
		memcpy(op->nonce + AEAD_NONCE - TLS_EXPLICIT, head + TLS_RECORD_HEADER,
			TLS_EXPLICIT);
	}
	if (c->version == 3)
		memcpy(op->aad, head, TLS_RECORD_HEADER);
	else
		tls__aad12(seq, rec->type, rec->text, op->aad);
}

/* The record at byte off of in joins the burst. 0; -EAGAIN: not all of it is there; -EPROTO: *why;
 * -ENOMEM, -ENOSPC: no buffers, no slices. */
static int record_add(struct tls *t, struct tls_conn *c, struct batch *b,
	const struct buf_chain *in, uint32_t off, enum tls_error *why)
{
	struct tls_burst *burst = &t->burst;
	struct record *rec = &b->record[burst->n];
	struct aead_op *op = &burst->op[burst->n];
	struct buf_cursor at = buf_chain_seek(in, off), text;
	uint8_t head[TLS_RECORD_HEADER + TLS_EXPLICIT];
	unsigned first = burst->n_slices;
	int rc;

	if (in->bytes - off < TLS_RECORD_HEADER)
		return -EAGAIN;
	cursor_read(&at, TLS_RECORD_HEADER, head);
	*why = header_check(c, c->records, head);
	if (*why)
		return -EPROTO;
	rec->type = head[0];
	rec->n = TLS_RECORD_HEADER + ((uint32_t)head[3] << 8 | head[4]);
	rec->skip = TLS_RECORD_HEADER + (tls__has_explicit(c, c->records) ? TLS_EXPLICIT : 0);
	rec->text = rec->n - rec->skip - AEAD_TAG;
	rec->slice = (uint16_t)first;
	if (in->bytes - off < rec->n)
		return -EAGAIN;
	cursor_read(&at, rec->skip - TLS_RECORD_HEADER, head + TLS_RECORD_HEADER);
	text = at;
	rc = lay(t, b, rec, &at);
	if (rc == -ENOSPC && burst->n == 0) {
		fresh_free(t, b, first);
		at = text;
		rc = lay_copied(t, b, rec, &at);
	}
	if (rc < 0) {
		fresh_free(t, b, first);
		return rc;
	}
	rec->n_slice = (uint16_t)(burst->n_slices - first);
	op_fill(c, rec, op, c->records->rx.seq + burst->n, head);
	op->slice = &burst->slice[first];
	op->n_slices = rec->n_slice;
	cursor_read(&at, AEAD_TAG, op->tag);
	burst->n++;
	return 0;
}

/* What is whole of `in` becomes a burst; as record_add() when that is none. Of 1.3 one record at a
 * time: any may be a KeyUpdate, and what is opened in place with the wrong key is lost. */
static int burst_make(struct tls *t, struct tls_conn *c, struct batch *b,
	const struct buf_chain *in, enum tls_error *why)
{
	uint32_t most = c->version == 3 ? 1 : TLS_BURST, off = 0;
	uint32_t room = TLS_RX_LIMIT - c->rx.bytes;
	int rc = 0;

	t->burst.n = t->burst.n_slices = 0;
	while (t->burst.n < most && off < room) {
		rc = record_add(t, c, b, in, off, why);
		if (rc < 0)
			break;
		off += b->record[t->burst.n - 1].n;
	}
	if (t->burst.n == 0)
		return rc;
	*why = TLS_OK; /* of the one behind these: it will be the first */
	return 0;
}

/* RFC 8446 5.2: the type is the last byte that is not zero. Bytes of content, or 0 and type 0. */
static uint32_t content(const struct tls_burst *burst, const struct record *rec, uint8_t *type)
{
	const struct aead_slice *first = &burst->slice[rec->slice], *s = first + rec->n_slice;
	uint32_t n = rec->text;

	while (s-- > first)
		for (uint32_t i = s->n; i > 0; i--, n--)
			if (s->out[i - 1]) {
				*type = s->out[i - 1];
				return n - 1;
			}
	*type = 0;
	return 0;
}

/* The record at the start of `in` becomes n bytes of text behind out, and leaves `in`. */
static void text_take(struct tls *t, struct batch *b, const struct record *rec,
	struct buf_chain *in, uint32_t n, struct buf_chain *out)
{
	uint32_t left = rec->n - rec->skip;

	buf_chain_consume(in, rec->skip);
	for (unsigned i = rec->slice; i < rec->slice + rec->n_slice; i++) {
		uint32_t all = t->burst.slice[i].n, k = RTE_MIN(n, all);
		struct rte_mbuf *m = b->fresh[i];

		b->fresh[i] = NULL;
		if (!m && k) {
			uint32_t off = in->head_off;

			all = in->head->data_len - off; /* and what it has of the tag */
			m = buf_chain_take(in);
			m->data_off = (uint16_t)(m->data_off + off);
		} else {
			buf_chain_consume(in, all);
		}
		left -= all;
		n -= k;
		if (!m)
			continue;
		m->data_len = (uint16_t)k;
		buf_chain_append(out, m);
	}
	buf_chain_consume(in, left);
}

static void rx_add(struct tls *t, struct tls_conn *c, struct buf_chain *text)
{
	bool small = text->bytes <= SMALL || c->rx.truesize > 2 * c->rx.bytes + TLS_PLAIN_MAX;

	TLS_ADD(t, bytes_in, text->bytes);
	if (!small || !buf_chain_squeeze(&c->rx, text))
		(void)buf_chain_move(&c->rx, text, NULL); /* nothing of text was consumed */
}

static enum tls_error data_input(struct tls *t, struct tls_conn *c, struct buf_chain *text)
{
	struct tls_records *r = c->records;

	if (r->n_msg || r->msg_left) /* RFC 8446 5.1 */
		return TLS_E_interleaved;
	if (text->bytes == 0)
		return ++r->empties > EMPTIES_MAX ? TLS_E_empty_many : TLS_OK;
	r->empties = r->warnings = 0;
	if (unlikely(c->shake && !c->shake->away)) /* then there is no ticket: they come first */
		tls__shake_end(t, c);
	rx_add(t, c, text);
	return TLS_OK;
}

/* Record i of the burst, which is the first in `in`. */
static enum tls_error record_take(struct tls *t, struct tls_conn *c, struct batch *b,
	const struct record *rec, struct buf_chain *in, clock_us_t now)
{
	struct buf_chain text = {0};
	uint32_t n = rec->text;
	uint8_t type = rec->type;
	enum tls_error why;

	c->records->rx.seq++;
	TLS_COUNT(t, records_in);
	if (n > TLS_PLAIN_MAX + (c->version == 3 ? 1 : 0)) /* RFC 8446 5.4, RFC 5246 6.2.1 */
		return TLS_E_plain_long;
	if (c->version == 3)
		n = content(&t->burst, rec, &type);
	text_take(t, b, rec, in, n, &text);
	why = type == TLS_T_DATA ? data_input(t, c, &text)
				 : tls__post_input(t, c, type, &text, now);
	buf_chain_free(&text);
	return why;
}

int tls__open(struct tls *t, struct tls_conn *c, struct buf_chain *in, clock_us_t now)
{
	struct batch b;
	enum tls_error why = TLS_OK;

	while (!c->eof && !why && c->rx.bytes < TLS_RX_LIMIT) {
		int rc = burst_make(t, c, &b, in, &why);

		if (rc == -ENOMEM)
			TLS_COUNT(t, no_memory);
		if (rc < 0 && rc != -EPROTO)
			return rc == -EAGAIN ? 0 : rc;
		aead_run(t->cfg.aead, t->burst.op, t->burst.n);
		for (unsigned i = 0; !why && !c->eof && i < t->burst.n; i++)
			why = t->burst.op[i].ok ? record_take(t, c, &b, &b.record[i], in, now)
						: TLS_E_record_mac;
		fresh_free(t, &b, 0);
	}
	if (why)
		tls__fail(t, c, why);
	return 0;
}
