/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a member was given of a request, held by reference until nobody needs it any more: so that
 * the same bytes can be given to another member when this one fails. Plain and TLS alike, for what
 * was sealed cannot be taken back from tcp.
 *
 *	on        bytes are all that this back was given, bytes.bytes == req.given
 *	untouched and none of it was acknowledged: it may go to another member, whatever it is
 *	beyond    it is held on to after the first acknowledgement, for it may be carried out twice
 *	          (relay__repeatable), and is within the pool's replay_body and the worker's
 *	          replay_memory, which counts what the mbufs pin; else it is dropped then
 *
 * A request whose head is kept in front.rx needs none of this: that is built again. Once the client
 * has the answer's head there is nothing to repeat: all is dropped. When buffers run short, what is
 * held goes first (relay__hold_shed).
 */
#include "relay/relay_priv.h"

/* What the client has to say, as far as is known. */
static uint64_t size(const struct request *q)
{
	const struct http_body *b = &q->req.body;

	return b->framing == HTTP_BODY_LENGTH ? b->passed + b->left : b->passed;
}

void relay__hold_begin(struct relay *r, struct request *q)
{
	q->hold.on = q->front->head == 0;
	q->hold.beyond = q->hold.on && relay__repeatable(q) && !tcp_pressure(r->cfg.tcp) &&
			 size(q) <= q->pool->conf->replay_body;
}

void relay__hold_drop(struct relay *r, struct request *q)
{
	struct hold *h = &q->hold;

	h->on = false;
	if (!list_linked(&h->link))
		return;
	list_del(&h->link);
	r->info.held -= h->bytes.truesize;
	buf_chain_free(&h->bytes);
}

bool relay__hold_untouched(const struct request *q)
{
	const struct stream *e = &q->back->end;

	if (q->req.given == 0)
		return true;
	return q->hold.on && seq_leq(e->conn->snd_una, q->hold.first) &&
	       (!e->tls || e->tls->state == TLS_OPEN);
}

static bool is_over(const struct relay *r, const struct request *q)
{
	const struct hold *h = &q->hold;

	return (uint64_t)h->bytes.bytes + q->req.out.bytes > q->pool->conf->replay_body ||
	       r->info.held + q->req.out.truesize > r->cfg.conf->global.replay_memory;
}

static void drop_over(struct relay *r, struct request *q)
{
	if (relay__repeatable(q))
		FRONT_COUNT(r, q->front, hold_over);
	relay__hold_drop(r, q);
}

void relay__hold_acked(struct relay *r, struct request *q)
{
	if (q->hold.on && !q->hold.beyond && !relay__hold_untouched(q))
		drop_over(r, q);
}

/* Where the next byte that is given will be on the wire. */
static uint32_t wire_end(const struct stream *e)
{
	uint32_t end = e->conn->snd_una + e->conn->tx.bytes;

	return e->tls ? end + e->tls->out.bytes : end;
}

void relay__hold_share(struct relay *r, struct request *q, struct buf_chain *same)
{
	struct hold *h = &q->hold;

	if (q->req.given == 0)
		h->first = wire_end(&q->back->end);
	else if (!relay__hold_untouched(q) && (!h->beyond || is_over(r, q)))
		drop_over(r, q);
	if (h->on && buf_chain_share(same, &q->req.out, r->cfg.pools->indirect) < 0) {
		FRONT_COUNT(r, q->front, hold_shed);
		relay__hold_drop(r, q);
	}
}

void relay__hold_add(struct relay *r, struct request *q, struct buf_chain *same)
{
	struct hold *h = &q->hold;

	if (!list_linked(&h->link))
		list_add_tail(&r->holding, &h->link);
	r->info.held += same->truesize;
	buf_chain_move(&h->bytes, same, NULL); /* whole slices: succeeds */
}

int relay__hold_take(struct relay *r, struct request *q)
{
	struct buf_chain *bytes = &q->hold.bytes;
	uint32_t truesize = bytes->truesize;

	/* the front of out may be a part of an mbuf, which costs a slice */
	if (buf_chain_move(bytes, &q->req.out, r->cfg.pools->indirect) < 0)
		return -ENOMEM;
	q->req.out = *bytes;
	buf_chain_init(bytes);
	bytes->truesize = truesize;
	relay__hold_drop(r, q);
	return 0;
}

void relay__hold_shed(struct relay *r)
{
	struct request *q = container_of_list(r->holding.next, struct request, hold.link);

	FRONT_COUNT(r, q->front, hold_shed);
	relay__hold_drop(r, q);
}
