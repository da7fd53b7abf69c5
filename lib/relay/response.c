/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The response: heads until a final one (REQ_WAIT), then its body (REQ_RESPONSE).
 *
 * With the final head it is decided what becomes of both connections:
 *   front goes on  <=> the client wants it, the whole request was taken, the end of the response
 *                      can be told without closing, and nobody is shutting down
 *   back is kept   <=> the member wants it, it got the whole request, and the same of the response
 * A final response that overtakes the request's body ends both: nobody could tell where the next
 * request begins (RFC 9110 10.1.1, RFC 9112 9.3).
 */
#include <errno.h>

#include "base/assert.h"
#include "relay/relay_priv.h"

/* Build r->head with the edit, behind rsp.out. 0 or -ENOMEM. */
static int build(struct relay *r, struct request *q, const struct http_edit *edit)
{
	int n = http_head_build(&r->head, edit, r->out, r->head_max + RELAY_EDIT_ROOM);

	ASSERT(n > 0, "scratch has room for the longest head and the edit");
	return buf_chain_write(&q->rsp.out, r->out, (uint32_t)n, r->cfg.pools->data);
}

/* No buffer for the head: it is still in rx, to be scanned again. */
static enum run again_later(struct relay *r, struct request *q)
{
	http_scan_init(&q->scan, r->head_max, false);
	relay__request_stall(r, q);
	return RUN_WAIT;
}

static enum run take_head(struct relay *r, struct request *q, uint32_t n)
{
	buf_chain_consume(end_rx(&q->back->end), n);
	relay__end_consumed(r, &q->back->end);
	q->moved = r->now_ms;
	http_scan_init(&q->scan, r->head_max, false);
	return RUN_AGAIN;
}

/* 100 Continue and its like are the client's (RFC 9110 15.2), but for one that knows none. */
static enum run interim(struct relay *r, struct request *q, uint32_t n)
{
	if (q->minor > 0) {
		if (build(r, q, &(struct http_edit){0}) < 0)
			return again_later(r, q);
		FRONT_COUNT(r, q->front, interim);
		q->back->member->stat[LB_STAT_status_1xx]++;
	}
	q->expect = false;
	return take_head(r, q, n);
}

static enum run final(struct relay *r, struct request *q, uint32_t n, bool sent)
{
	http_body_init_rsp(&q->rsp.body, &r->head, q->to_head);
	q->back_close = !sent || !http_head_persists(&r->head) || q->minor == 0 ||
			q->rsp.body.framing == HTTP_BODY_UNTIL_CLOSE;
	q->close |= !sent || relay__ends(r, q->front->listener) || q->front->eof ||
		    q->rsp.body.framing == HTTP_BODY_UNTIL_CLOSE;
	if (build(r, q, &(struct http_edit){.close = q->close}) < 0)
		return again_later(r, q);
	q->status = r->head.status;
	q->ttfb = r->now - q->begun;
	q->state = REQ_RESPONSE;
	relay__count_status(r, q->front, q->status);
	relay__request_take_head(r, q);
	return take_head(r, q, n);
}

enum run relay__response_head(struct relay *r, struct request *q, bool sent)
{
	const struct back *b = q->back;
	const struct buf_chain *rx = end_rx(&b->end);
	int n, rc;

	if (relay__flow_flush(r, &q->rsp, &q->front->end) < 0) {
		relay__request_stall(r, q);
		return RUN_WAIT;
	}
	if (end_room(r, &q->front->end) == 0)
		return RUN_WAIT; /* interim responses are bounded by room too */
	n = relay__scan(&q->scan, rx);
	if (n == 0)
		return (b->eof || b->dead) && !end_pending(&b->end) ? relay__request_lost(r, q)
								    : RUN_WAIT;
	if (n < 0)
		return relay__response_refuse(r, q, n);
	rc = http_rsp_parse(&r->head, buf_chain_peek(rx, (uint32_t)n, r->in), (uint32_t)n);
	if (rc == 0 && r->head.chunked && q->minor == 0)
		rc = -HTTP_E_coding_http10;
	if (rc < 0)
		return relay__response_refuse(r, q, rc);
	return r->head.status < 200 ? interim(r, q, (uint32_t)n) : final(r, q, (uint32_t)n, sent);
}

/* All of the response is in front.tx. */
static enum run done(struct relay *r, struct request *q)
{
	struct front *f = q->front;
	bool close = q->close;

	FRONT_COUNT(r, f, responses);
	relay__request_leave(r, q, LB_COMPLETE, !q->back_close);
	relay__request_put(r, q);
	return close ? relay__front_close(r, f) : relay__front_next(r, f);
}

enum run relay__response_body(struct relay *r, struct request *q)
{
	struct front *f = q->front;
	struct back *b = q->back;
	struct http_body *body = &q->rsp.body;
	uint64_t before = q->rsp.given;
	uint32_t moved;

	if (relay__flow_move(r, &q->rsp, &b->end, &f->end, &moved) < 0)
		relay__request_stall(r, q);
	f->listener->stat[RELAY_STAT_bytes_rsp] += q->rsp.given - before;
	if (moved)
		q->moved = r->now_ms;
	if (body->progress == HTTP_BODY_MORE && (b->eof || b->dead) &&
		end_rx(&b->end)->bytes == 0 && !end_pending(&b->end)) {
		/* RFC 9112 8: without its FIN even a body until close is not known to be whole */
		if (!b->eof || http_body_eof(body) < 0)
			return relay__request_fail(r, q, RELAY_STAT_fail_rsp_broken, 0);
	}
	if (body->progress == HTTP_BODY_BAD)
		return relay__response_refuse(r, q, -body->code);
	if (body->progress == HTTP_BODY_DONE && q->rsp.out.bytes == 0)
		return done(r, q);
	return RUN_WAIT;
}
