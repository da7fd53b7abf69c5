/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member that does not stop but crawls: over a window of the pool's stall_ms its body moved less
 * than stall_rate. In REQ_WAIT that is the request's, as the member acknowledges it; in
 * REQ_RESPONSE the response's, as it comes.
 *
 * Only the member is judged: the window begins anew whenever it is the client that is waited for.
 * Of an upload that is when nothing waits to be given to the member; of a response, when something
 * of it waits to be given to the client.
 */
#include "relay/relay_priv.h"

static uint32_t moved_by_now(const struct request *q)
{
	if (q->state != REQ_RESPONSE)
		return q->back->end.conn->snd_una;
	return (uint32_t)(q->rsp.body.passed - (q->resumable ? q->resume.skip : 0));
}

void relay__floor_begin(const struct relay *r, struct request *q)
{
	q->floor = (struct floor){.since = r->now_ms, .mark = moved_by_now(q)};
}

bool relay__floor_due(const struct relay *r, const struct request *q, uint32_t *at)
{
	const struct conf_pool *c = request_pool(r, q);

	if (c->stall_ms == 0 || c->stall_rate == 0)
		return false;
	*at = q->floor.since + c->stall_ms;
	return q->state == REQ_RESPONSE || (q->state == REQ_WAIT && !request_is_sent(q));
}

bool relay__floor_below(const struct relay *r, const struct request *q)
{
	const struct conf_pool *c = request_pool(r, q);
	uint64_t least = (uint64_t)c->stall_rate * c->stall_ms / 1000;

	return moved_by_now(q) - q->floor.mark < least;
}
