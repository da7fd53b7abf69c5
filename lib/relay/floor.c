/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member that does not stop but crawls: over a window of the pool's stall_ms its body moved less
 * than stall_rate. In REQ_WAIT that is the request's, as the member acknowledges it; in
 * REQ_RESPONSE the response's, as it comes. Only the member is judged:
 *
 *	request   it owes no more than was there for it when the window began
 *	response  the window begins anew when it is, or was until now, the client that is
 *	          waited for: something of the response waits to be given to it
 */
#include "relay/relay_priv.h"

static uint32_t moved_by_now(const struct request *q)
{
	if (q->state != REQ_RESPONSE)
		return q->back->end.conn->snd_una;
	return (uint32_t)(q->rsp.body.passed - (q->resumable ? q->resume.skip : 0));
}

/* What the member could take in the window at most, bytes. */
static uint32_t there(const struct request *q)
{
	if (q->state == REQ_RESPONSE)
		return UINT32_MAX;
	return stream_unacked(&q->back->end) + q->req.out.bytes + stream_rx(&q->front->end)->bytes;
}

void relay__floor_begin(const struct relay *r, struct request *q)
{
	q->floor.since = r->now_ms;
	q->floor.mark = moved_by_now(q);
	q->floor.there = there(q);
}

void relay__floor_watch(const struct relay *r, struct request *q)
{
	const struct stream *e = &q->back->end;
	bool clients = stream_rx(e)->bytes > 0 || stream_pending(e);

	if (clients || q->floor.clients)
		relay__floor_begin(r, q);
	q->floor.clients = clients;
}

bool relay__floor_due(const struct relay *r, const struct request *q, uint32_t *at)
{
	const struct conf_pool *c = request_pool(r, q);

	if (c->stall_ms == 0 || c->stall_rate == 0)
		return false;
	*at = q->floor.since + c->stall_ms;
	if (q->state == REQ_RESPONSE)
		return q->rsp.body.progress == HTTP_BODY_MORE;
	return q->state == REQ_WAIT && !request_is_sent(q);
}

bool relay__floor_below(const struct relay *r, const struct request *q)
{
	const struct conf_pool *c = request_pool(r, q);
	uint64_t least = (uint64_t)c->stall_rate * c->stall_ms / 1000;
	bool clients = q->state == REQ_RESPONSE && q->floor.clients;

	return !clients &&
	       moved_by_now(q) - q->floor.mark < RTE_MIN(least, (uint64_t)q->floor.there);
}
