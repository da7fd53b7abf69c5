/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Out-of-order data. Ranges are sorted, disjoint and never touch; where segments overlap, the
 * bytes that came first stay (a later copy cannot rewrite the stream). At most TCP_REASM_MAX
 * ranges: beyond that a segment is dropped, as if lost (CVE-2018-5390).
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

static void insert_at(struct tcp_reasm *q, uint32_t i, uint32_t start)
{
	memmove(&q->r[i + 1], &q->r[i], (q->n - i) * sizeof(q->r[0]));
	q->n++;
	q->r[i].start = q->r[i].end = start;
	buf_chain_init(&q->r[i].data);
}

static void remove_at(struct tcp_reasm *q, uint32_t i)
{
	q->n--;
	memmove(&q->r[i], &q->r[i + 1], (q->n - i) * sizeof(q->r[0]));
}

/* Append data, which begins at r[i].end, to range i; join range i + 1 when it touches then. */
static int extend(
	struct tcp_reasm *q, uint32_t i, struct buf_chain *data, struct rte_mempool *indirect)
{
	uint32_t n = data->bytes;

	if (tcp__rcv_append(&q->r[i].data, data, indirect) < 0)
		return -ENOMEM;
	q->r[i].end += n;
	q->bytes += n;
	if (i + 1 < q->n && q->r[i + 1].start == q->r[i].end &&
		buf_chain_move(&q->r[i].data, &q->r[i + 1].data, indirect) == 0) {
		q->r[i].end = q->r[i + 1].end;
		remove_at(q, i + 1);
	}
	q->recent = q->r[i].start;
	return 0;
}

/*
 * Keep data (taken in any case, empty afterwards), whose first byte is seq. Only the part before
 * the next range that follows is kept; the rest comes again. 0 when something new was kept,
 * -EALREADY when nothing was new, -ENOBUFS when there is no room for one more range.
 */
int tcp__reasm_add(
	struct tcp_reasm *q, uint32_t seq, struct buf_chain *data, struct rte_mempool *indirect)
{
	uint32_t i = 0, known;
	int rc = -EALREADY;

	while (i < q->n && seq_lt(q->r[i].end, seq))
		i++;
	/* r[i] is the first range that covers seq, touches it from below, or lies beyond it */
	if (i < q->n && seq_leq(q->r[i].start, seq)) {
		known = q->r[i].end - seq;
		if (known >= data->bytes)
			goto out;
		buf_chain_consume(data, known);
		seq += known;
		i++;
	}
	if (i < q->n && seq_gt(seq + data->bytes, q->r[i].start))
		buf_chain_cut(data, q->r[i].start - seq);
	if (data->bytes == 0)
		goto out;
	rc = -ENOBUFS;
	if (i == 0 || q->r[i - 1].end != seq) {
		if (q->n == TCP_REASM_MAX)
			goto out;
		insert_at(q, i, seq);
	} else {
		i--;
	}
	rc = 0;
	if (extend(q, i, data, indirect) < 0) {
		rc = -ENOBUFS;
		if (q->r[i].start == q->r[i].end)
			remove_at(q, i);
	}
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

	while (q->n && seq_leq(q->r[0].start, *rcv_nxt)) {
		uint32_t old = *rcv_nxt - q->r[0].start, all = q->r[0].data.bytes;

		if (old < all) {
			buf_chain_consume(&q->r[0].data, old);
			if (buf_chain_move(out, &q->r[0].data, indirect) < 0) {
				/* no mbuf for the seam: what is left stays, the peer sends it again
				 */
				q->r[0].start += old;
				q->bytes -= old;
				return any;
			}
			*rcv_nxt = q->r[0].end;
			any = true;
		}
		buf_chain_free(&q->r[0].data);
		q->bytes -= all;
		remove_at(q, 0);
	}
	return any;
}

void tcp__reasm_free(struct tcp_reasm *q)
{
	for (uint32_t i = 0; i < q->n; i++)
		buf_chain_free(&q->r[i].data);
	q->n = q->bytes = 0;
}

/* Fill o's SACK blocks, at most max: the range that grew last first (RFC 2018 4), then the others
 * from the lowest. Returns their count. */
uint32_t tcp__reasm_sack(const struct tcp_reasm *q, struct tcp_opts *o, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < q->n && n < max; i++) {
			if ((q->r[i].start == q->recent) != (pass == 0))
				continue;
			o->sack[n].start = q->r[i].start;
			o->sack[n].end = q->r[i].end;
			n++;
		}
	}
	o->n_sack = (uint8_t)n;
	return n;
}
