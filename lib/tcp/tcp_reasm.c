/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Out-of-order data, one island for each run of bytes beyond a hole.
 *
 *   rcv_nxt      head               hint                tail          rcv_adv
 *      |   hole  |####|    hole    |######|    hole    |####|            |
 *
 * 1. Islands are sorted and disjoint; they touch only where an mbuf to join them was missing.
 * 2. Where segments overlap, the bytes that came first stay: a later copy cannot rewrite the
 *    stream.
 * 3. One segment costs a bounded search and one island at most. Beyond that, or beyond what
 *    belongs to one connection, it is dropped as if lost (CVE-2018-5390).
 * 4. What came twice is reported once (RFC 2883).
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

#define STEPS_MAX 64 /* of one search */

/* Islands that nobody uses. */
static uint32_t islands_left(const struct tcp *t)
{
	return t->cfg.exts * TCP_ISLANDS_EACH - t->islands.used;
}

/* One from the pool, or NULL. Nobody gets more than there are left for all others: however many
 * connections ask for the limit, the next one still finds some. */
static struct tcp_island *island_get(struct tcp *t, const struct tcp_reasm *q)
{
	struct tcp_islands *p = &t->islands;
	struct tcp_island *is;

	if (q->n >= RTE_MIN(TCP_REASM_MAX, islands_left(t)))
		return NULL;
	if (!p->free) {
		is = t->ext[p->opened++].share;
		for (uint32_t i = 0; i < TCP_ISLANDS_EACH; i++) {
			is[i].next = p->free;
			p->free = &is[i];
		}
	}
	is = p->free;
	p->free = is->next;
	p->used++;
	return is;
}

/* An empty island at start, behind `at` (NULL: first); or NULL. */
static struct tcp_island *island_new(
	struct tcp *t, struct tcp_reasm *q, struct tcp_island *at, uint32_t start)
{
	struct tcp_island *is = island_get(t, q), *next = at ? at->next : q->head;

	if (!is)
		return NULL;
	*is = (struct tcp_island){.start = start, .end = start, .next = next, .prev = at};
	*(at ? &at->next : &q->head) = is;
	*(next ? &next->prev : &q->tail) = is;
	q->pool = &t->islands;
	q->n++;
	return is;
}

/* Take `is` out of the order of reports. */
static void forget(struct tcp_reasm *q, const struct tcp_island *is)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < TCP_REASM_RECENT; i++)
		if (q->recent[i] != is)
			q->recent[k++] = q->recent[i];
	while (k < TCP_REASM_RECENT)
		q->recent[k++] = NULL;
}

/* Report `is` first from now on (RFC 2018 4). */
static void remember(struct tcp_reasm *q, struct tcp_island *is)
{
	forget(q, is);
	memmove(&q->recent[1], &q->recent[0], (TCP_REASM_RECENT - 1) * sizeof(q->recent[0]));
	q->recent[0] = is;
	if (is != q->tail)
		q->hint = is;
}

/* Free `is`, whose bytes and truesize are no longer counted. */
static void island_put(struct tcp_reasm *q, struct tcp_island *is)
{
	forget(q, is);
	if (q->hint == is)
		q->hint = NULL;
	*(is->prev ? &is->prev->next : &q->head) = is->next;
	*(is->next ? &is->next->prev : &q->tail) = is->prev;
	q->n--;
	buf_chain_free(&is->data);
	is->next = q->pool->free;
	q->pool->free = is;
	q->pool->used--;
}

static uint32_t distance(uint32_t a, uint32_t b)
{
	return seq_lt(a, b) ? b - a : a - b;
}

/* The last island that begins at seq or below into *at, NULL: all lie beyond. False: it is too far
 * from the places that a stream or its repair touches next. */
static bool seek(const struct tcp_reasm *q, uint32_t seq, struct tcp_island **at)
{
	struct tcp_island *is = q->head;
	uint32_t steps = 0;

	*at = NULL;
	if (!is || seq_lt(seq, is->start))
		return true;
	if (q->hint && distance(seq, q->hint->start) < distance(seq, is->start))
		is = q->hint;
	if (distance(seq, q->tail->start) < distance(seq, is->start) ||
		seq_geq(seq, q->tail->start))
		is = q->tail;
	for (; seq_gt(is->start, seq) && steps < STEPS_MAX; steps++)
		is = is->prev;
	for (; is->next && seq_leq(is->next->start, seq) && steps < STEPS_MAX; steps++)
		is = is->next;
	*at = is;
	return steps < STEPS_MAX;
}

/* Join the island behind `is` when it touches. Without an mbuf for the seam both stay. */
static void join_next(struct tcp_reasm *q, struct tcp_island *is, struct rte_mempool *indirect)
{
	struct tcp_island *next = is->next;
	uint32_t before;

	if (!next || next->start != is->end)
		return;
	before = is->data.truesize + next->data.truesize;
	if (buf_chain_move(&is->data, &next->data, indirect) < 0)
		return;
	q->truesize += is->data.truesize - before; /* a seam pins its slice too */
	is->end = next->end;
	island_put(q, next);
}

/* Append data, which begins at is->end, and join what touches then. 0 or -ENOMEM. */
static int extend(struct tcp_reasm *q, struct tcp_island *is, struct buf_chain *data,
	struct rte_mempool *indirect)
{
	uint32_t n = data->bytes, before = is->data.truesize;

	if (tcp__rcv_append(&is->data, data, indirect) < 0)
		return -ENOMEM;
	is->end += n;
	q->bytes += n;
	q->truesize += is->data.truesize - before;
	join_next(q, is, indirect);
	remember(q, is);
	return 0;
}

/* [start, end) came twice: reported first with the next segment (RFC 2883 4). One range at a time,
 * of several the first; what follows it in a burst is one with it, as if it were one segment. */
void tcp__reasm_twice(struct tcp_reasm *q, uint32_t start, uint32_t end)
{
	if (q->dsack_start == q->dsack_end)
		q->dsack_start = start;
	else if (q->dsack_end != start)
		return;
	q->dsack_end = end;
}

/* Take off data, which begins at *seq, what the island at or before it and the one behind it hold
 * already. */
static void cut_known(
	struct tcp_reasm *q, struct tcp_island *at, uint32_t *seq, struct buf_chain *data)
{
	struct tcp_island *next = at ? at->next : q->head;
	uint32_t end = *seq + data->bytes;

	if (at && seq_lt(*seq, at->end)) {
		uint32_t known = seq_min(at->end, end) - *seq;

		tcp__reasm_twice(q, *seq, *seq + known);
		buf_chain_consume(data, known);
		*seq += known;
	}
	if (next && data->bytes && seq_gt(end, next->start)) {
		tcp__reasm_twice(q, next->start, seq_min(next->end, end));
		buf_chain_cut(data, next->start - *seq);
	}
}

/*
 * Keep data (taken in any case, empty afterwards), whose first byte is seq. Only the part before
 * the next island is kept; what lies behind that comes again. 0 when something new was kept,
 * -EALREADY when nothing was new, -ENOBUFS when there is no room.
 */
int tcp__reasm_add(struct tcp *t, struct tcp_reasm *q, uint32_t seq, struct buf_chain *data)
{
	struct tcp_island *at, *fresh = NULL;
	int rc = -ENOBUFS;

	if (!seek(q, seq, &at))
		goto out;
	cut_known(q, at, &seq, data);
	if (data->bytes == 0) {
		/* RFC 2883 4.2: its island follows the D-SACK */
		remember(q, at);
		rc = -EALREADY;
		goto out;
	}
	if (!at || at->end != seq) {
		at = fresh = island_new(t, q, at, seq);
		if (!at)
			goto out;
	}
	rc = extend(q, at, data, t->pools->indirect) < 0 ? -ENOBUFS : 0;
	if (rc < 0 && fresh)
		island_put(q, fresh);
out:
	buf_chain_free(data);
	return rc;
}

/*
 * Move what continues the stream at *rcv_nxt behind out and advance *rcv_nxt. True when something
 * was moved. Bytes already delivered are freed.
 */
bool tcp__reasm_take(
	struct tcp_reasm *q, uint32_t *rcv_nxt, struct buf_chain *out, struct rte_mempool *indirect)
{
	bool any = false;

	while (q->n && seq_leq(q->head->start, *rcv_nxt)) {
		struct tcp_island *is = q->head;
		uint32_t old = *rcv_nxt - is->start;

		q->bytes -= is->data.bytes;
		q->truesize -= is->data.truesize;
		if (old < is->data.bytes) {
			buf_chain_consume(&is->data, old);
			is->start += old;
			if (buf_chain_move(out, &is->data, indirect) < 0) {
				/* no mbuf for the seam: it stays, the peer sends it again */
				q->bytes += is->data.bytes;
				q->truesize += is->data.truesize;
				return any;
			}
			*rcv_nxt = is->end;
			any = true;
		}
		island_put(q, is);
	}
	return any;
}

void tcp__reasm_free(struct tcp_reasm *q)
{
	while (q->head)
		island_put(q, q->head);
	*q = (struct tcp_reasm){0};
}

/*
 * Fill o's SACK blocks, at most max: what came twice, once (RFC 2883); the island that changed
 * last, then those reported last (RFC 2018 4); then the others from the lowest. Their count.
 */
uint32_t tcp__reasm_sack(struct tcp_reasm *q, struct tcp_opts *o, uint32_t max)
{
	const struct tcp_island *out[TCP_REASM_RECENT], *is = q->head;
	uint32_t n = 0, k = 0;

	if (q->dsack_start != q->dsack_end && max) {
		o->sack[n].start = q->dsack_start;
		o->sack[n++].end = q->dsack_end;
		q->dsack_start = q->dsack_end;
	}
	while (k < TCP_REASM_RECENT && q->recent[k]) {
		out[k] = q->recent[k];
		k++;
	}
	for (; k < TCP_REASM_RECENT && is; is = is->next)
		if (is != q->recent[0] && is != q->recent[1] && is != q->recent[2])
			out[k++] = is;
	for (uint32_t i = 0; i < k && n < max; i++) {
		o->sack[n].start = out[i]->start;
		o->sack[n++].end = out[i]->end;
	}
	o->n_sack = (uint8_t)n;
	return n;
}

/* How many of them the next segment of c carries. */
uint32_t tcp__sack_blocks(const struct tcp_conn *c)
{
	const struct tcp_reasm *q = c->ext ? &c->ext->reasm : NULL;

	if (!q || !(c->flags & TCP_F_SACK))
		return 0;
	return RTE_MIN(q->n + (q->dsack_start != q->dsack_end), (c->flags & TCP_F_TS) ? 3u : 4u);
}

/* Give back a side object with nothing in it: others may need it. A report of what came twice is
 * moot once the ACK that it was for has left, whether it had room or not. */
void tcp__ext_tidy(struct tcp *t, struct tcp_conn *c)
{
	const struct tcp_ext *x = c->ext;

	if (x && !x->reasm.n && !x->has_fin &&
		(x->reasm.dsack_start == x->reasm.dsack_end ||
			!(c->flags & (TCP_F_ACK_NOW | TCP_F_ACK_DELAY))))
		tcp__ext_drop(t, c);
}
