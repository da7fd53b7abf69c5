/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The response: heads until a final one (REQ_WAIT), then its body (REQ_RESPONSE). A final head of a
 * second answer, to go on with a body that broke, is looked at and dropped (resume.c).
 *
 * With the final head it is decided what becomes of both connections:
 *   front goes on  <=> the client wants it, the whole request was taken, the end of the response
 *                      can be told without closing, and nobody is shutting down
 *   back is kept   <=> the member wants it, it got the whole request, and the same of the response
 * A final response that overtakes the request's body ends both: nobody could tell where the next
 * request begins (RFC 9110 10.1.1, RFC 9112 9.3).
 */
#include <errno.h>
#include <stdio.h>

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
	buf_chain_consume(stream_rx(&q->back->end), n);
	stream_consumed(&r->streams, &q->back->end);
	q->moved = r->now_ms;
	http_scan_init(&q->scan, r->head_max, false);
	return RUN_AGAIN;
}

/* 100 Continue and its like are the client's (RFC 9110 15.2), but for one that knows none. */
static enum run interim(struct relay *r, struct request *q, uint32_t n)
{
	bool again = q->answered || (q->continued && q->rsp.given == 0);

	if (q->minor > 0 && !again) {
		if (build(r, q, &(struct http_edit){0}) < 0)
			return again_later(r, q);
		FRONT_COUNT(r, q->front, interim);
		q->continued |= r->head.status == 100;
		q->back->member->stat[LB_STAT_status_1xx]++;
	}
	if (r->head.status == 100) /* 102 and 103 do not ask for the body */
		q->expect = false;
	return take_head(r, q, n);
}

/* Is all of the body there already? */
static bool is_whole(const struct request *q, uint32_t head)
{
	const struct http_body *b = &q->rsp.body;

	return b->framing <= HTTP_BODY_LENGTH && stream_rx(&q->back->end)->bytes - head >= b->left;
}

/* The response's head is out: from now on there is no other answer. */
static enum run answered(struct relay *r, struct request *q, uint32_t n)
{
	q->answered = true;
	q->state = REQ_RESPONSE;
	relay__count_status(r, q->front, q->status);
	relay__hold_drop(r, q);
	if (!is_whole(q, n))
		relay__resume_note(r, q);
	if (!q->resumable)
		relay__request_take_head(r, q);
	relay__peek_begin(q);
	relay__floor_begin(r, q);
	return take_head(r, q, n);
}

/* Of another member, where the first one's answer broke: none of its head is the client's. */
static enum run resumed(struct relay *r, struct request *q, uint32_t n)
{
	enum relay_stat why = relay__resume_fits(r, q);

	if (why == RELAY_STAT_resume_refused_status && (q->status == 429 || q->status >= 500))
		return relay__resume(r, q, LB_COMPLETE, q->fail); /* another may have it */
	if (why) {
		q->front->listener->stat[why]++;
		relay__request_leave(r, q, LB_COMPLETE, false);
		return relay__request_fail(r, q, q->fail, 0);
	}
	FRONT_COUNT(r, q->front, resumes);
	q->back_close = !http_head_persists(&r->head) || q->minor == 0;
	q->state = REQ_RESPONSE;
	relay__floor_begin(r, q);
	return take_head(r, q, n);
}

/* Build r->head for the client, with what it has to know besides. 0 or -ENOMEM. */
static int build_final(struct relay *r, struct request *q)
{
	uint32_t ms = q->slow_down ? lb_retry_after(r->cfg.lb, q->pool, r->now) : 0;
	char text[12];
	struct http_add after = {SPAN_LIT("Retry-After"), {text, 0}, false};
	struct http_edit edit = {.add = &after, .close = q->close};

	if (q->slow_down && !http_head_value(&r->head, after.name).p) {
		after.value.n = (size_t)snprintf(text, sizeof(text), "%u", (ms + 999) / 1000);
		edit.n_add = 1;
	}
	return build(r, q, &edit);
}

static enum run final(struct relay *r, struct request *q, uint32_t n, bool sent)
{
	q->status = r->head.status;
	q->ttfb = r->now - q->begun;
	relay__peek_head(r, q, n);
	if (q->answered)
		return resumed(r, q, n);
	if (relay__retry_answer(r, q))
		return q->state == REQ_BUILD ? RUN_AGAIN : relay__request_route(r, q);
	http_body_init_rsp(&q->rsp.body, &r->head, q->to_head);
	q->back_close = !sent || !http_head_persists(&r->head) || q->minor == 0 ||
			q->rsp.body.framing == HTTP_BODY_UNTIL_CLOSE;
	q->close |= !sent || relay__ends(r, q->front->listener) || q->front->eof ||
		    q->rsp.body.framing == HTTP_BODY_UNTIL_CLOSE;
	if (build_final(r, q) < 0)
		return again_later(r, q);
	return answered(r, q, n);
}

enum run relay__response_head(struct relay *r, struct request *q, bool sent)
{
	const struct back *b = q->back;
	const struct buf_chain *rx = stream_rx(&b->end);
	int n, rc;

	if (!q->answered && relay__flow_flush(r, &q->rsp, &q->front->end) < 0) {
		relay__request_stall(r, q);
		return RUN_WAIT;
	}
	if (!q->answered && stream_room(&r->streams, &q->front->end) == 0)
		return RUN_WAIT; /* interim responses are bounded by room too */
	n = relay__scan(&q->scan, rx);
	if (n == 0)
		return (b->eof || b->dead) && !stream_pending(&b->end) ? relay__retry_lost(r, q)
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
	relay__request_take_head(r, q);
	relay__request_leave(r, q, LB_COMPLETE, !q->back_close);
	relay__request_put(r, q);
	return close ? relay__front_close(r, f) : relay__front_next(r, f);
}

/* Move what came on to the client, but what it has already: how many bytes. */
static uint32_t move_body(struct relay *r, struct request *q)
{
	struct front *f = q->front;
	uint64_t before = q->rsp.given;
	uint32_t skipped = 0, moved;

	if (q->peeks)
		relay__peek(r, q);
	if (q->resumable)
		skipped = relay__resume_skip(r, q);
	if (relay__flow_move(r, &q->rsp, &q->back->end, &f->end, &moved) < 0)
		relay__request_stall(r, q);
	if (q->peeks)
		peek_moved(q, moved);
	f->listener->stat[RELAY_STAT_bytes_rsp] += q->rsp.given - before;
	return moved + skipped;
}

enum run relay__response_body(struct relay *r, struct request *q)
{
	struct back *b = q->back;
	struct http_body *body = &q->rsp.body;

	if (move_body(r, q))
		q->moved = r->now_ms;
	relay__floor_watch(r, q);
	if (body->progress == HTTP_BODY_MORE && (b->eof || b->dead) &&
		stream_rx(&b->end)->bytes == 0 && !stream_pending(&b->end)) {
		/* RFC 9112 8: without its FIN even a body until close is not known to be whole */
		if (!b->eof || body->framing != HTTP_BODY_UNTIL_CLOSE || http_body_eof(body) < 0)
			return relay__resume(r, q, LB_RESET, RELAY_STAT_fail_rsp_broken);
	}
	if (body->progress == HTTP_BODY_BAD)
		return relay__response_refuse(r, q, -body->code);
	if (body->progress == HTTP_BODY_DONE && q->rsp.out.bytes == 0)
		return done(r, q);
	return RUN_WAIT;
}
