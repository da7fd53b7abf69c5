/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A request, from its complete head on; the response side is in response.c.
 *
 *             begin            picked, new            established
 *   (none) --------> REQ_BUILD ----------> REQ_CONNECT ----------> REQ_WAIT
 *                     ^  |  picked, idle one                        ^ |  | final head
 *                     |  `------------------------------------------' |  v
 *                     |   member failed           |  member failed    | REQ_RESPONSE
 *                     |                           v                   |  |  | response whole
 *                     `------- retry.c: head kept, or what was held --'  |  v
 *                     `------- resume.c: broken in mid-body -------------' (none)
 *
 *   every state --failed--> (none), the client was answered or reset
 *
 * From BUILD, and wherever another member is looked for, it goes to REQ_QUEUE when all that might
 * take it have enough to do, and on from there when one has room.
 *
 * BUILD     the head lies in front.rx (front.head bytes); no back
 * QUEUE     the head is in req.out, no back: it stands in its pool's line (relay_queue.c)
 * CONNECT   the head is in req.out, the back is not up, nothing of the request has left
 * WAIT      the request's bytes flow; this member said no final head
 * RESPONSE  the response's bytes flow; what the client still sends of its request is dropped
 *
 * answered  the client got a final head: it can get no answer of ours any more, and only the rest
 *           of that one body. Without, all is open: another member may answer, or we.
 * kept      a GET, HEAD or OPTIONS without a body: its head stays in front.rx (front.head bytes)
 *           until the response began, or if that can be resumed until it ended. Of all others what
 *           a member was given is held (hold.c). So nothing is copied for a second try.
 */
#include <errno.h>
#include <stdio.h>

#include "base/assert.h"
#include "relay/relay_priv.h"

enum run relay__request_begin(struct relay *r, struct front *f)
{
	struct request *q = r->request_free;

	FRONT_COUNT(r, f, requests);
	f->requests++;
	if (!q)
		return relay__front_fail(r, f, RELAY_STAT_fail_full, 0);
	r->request_free = q->next_free;
	r->info.requests++;
	memset(q, 0, offsetof(struct request, resource));
	q->front = f;
	q->state = REQ_BUILD;
	q->next = -1;
	q->fail = RELAY_STAT_fail_no_member;
	q->begun = r->now;
	q->moved = r->now_ms;
	q->id = rand_next(r->cfg.rnd);
	q->req.holds = q;
	list_init(&q->hold.link);
	list_init(&q->stalled);
	list_init(&q->waiting);
	f->req = q;
	return RUN_AGAIN;
}

void relay__request_put(struct relay *r, struct request *q)
{
	list_del(&q->stalled);
	buf_chain_free(&q->req.out);
	buf_chain_free(&q->rsp.out);
	relay__hold_drop(r, q);
	relay__queue_leave(q);
	if (q->pool)
		lb_pool_put(r->cfg.lb, q->pool);
	q->front->req = NULL;
	q->next_free = r->request_free;
	r->request_free = q;
	r->info.requests--;
}

void relay__request_stall(struct relay *r, struct request *q)
{
	FRONT_COUNT(r, q->front, stalled);
	list_del(&q->stalled);
	list_add_tail(&r->stalled, &q->stalled);
}

void relay__request_take_head(struct relay *r, struct request *q)
{
	struct front *f = q->front;

	if (f->head == 0)
		return;
	f->listener->stat[RELAY_STAT_bytes_req] += f->head;
	buf_chain_consume(stream_rx(&f->end), f->head);
	f->head = 0;
	stream_consumed(&r->streams, &f->end);
}

void relay__request_leave(struct relay *r, struct request *q, enum lb_outcome outcome, bool reuse)
{
	struct back *b = q->back;
	struct lb_result res = {.outcome = outcome,
		.writes = q->writes,
		.size = q->size,
		.inner_error = q->inner_error,
		.slow_down = q->slow_down,
		.retry_after_ms = q->retry_after * 1000u,
		.status = q->status,
		.ttfb_us = q->ttfb,
		.bytes_out = q->req.given,
		.bytes_in = q->rsp.given,
		.total_us = r->now - q->begun};

	if (!b)
		return;
	q->front->listener->stat[RELAY_STAT_slow_downs] += q->slow_down;
	res.reused = b->reused;
	if (q->status && q->sent && !(q->op_flags & S3_SLOW))
		res.wait_us = q->begun + q->ttfb - q->sent;
	lb_done(r->cfg.lb, q->pool, q->member, &res, r->now);
	r->room = true;
	q->back = NULL;
	b->req = NULL;
	relay__hold_drop(r, q);
	if (reuse)
		relay__back_idle(r, b, q->pool->conf);
	else
		relay__back_close(r, b, outcome != LB_COMPLETE || !request_is_sent(q));
}

/* What the head says about the request; r->head is the parsed head. */
static void note_head(struct relay *r, struct request *q)
{
	const struct http_head *h = &r->head;

	http_body_init_req(&q->req.body, h);
	q->minor = h->minor;
	q->to_head = h->method == HTTP_HEAD;
	q->close = !http_head_persists(h);
	q->expect = h->expect_continue;
	q->get = h->method == HTTP_GET && q->req.body.progress == HTTP_BODY_DONE;
	q->safe = (h->method == HTTP_GET || h->method == HTTP_HEAD || h->method == HTTP_OPTIONS) &&
		  q->req.body.progress == HTTP_BODY_DONE;
	q->resource_n = (uint8_t)RTE_MIN(h->path.n, sizeof(q->resource));
	if (q->resource_n)
		memcpy(q->resource, h->path.p, q->resource_n);
}

/* The head that goes on, into req.out. 0 or -ENOMEM. */
static int build_head(struct relay *r, struct request *q)
{
	const struct conf_listener *l = front_conf(r, q->front);
	char addr[IP_ADDR_TEXT], id[17], range[RELAY_RANGE_TEXT];
	struct http_add add[3 + RELAY_RESUME_FIELDS];
	struct http_edit edit = {.add = add};
	int n;

	if (l->forwarded) {
		ip_addr_text(&q->front->end.conn->remote, addr);
		add[edit.n_add++] = (struct http_add){SPAN_LIT("X-Forwarded-For"), span_str(addr)};
		add[edit.n_add++] = (struct http_add){SPAN_LIT("X-Forwarded-Proto"),
			q->front->end.tls ? SPAN_LIT("https") : SPAN_LIT("http")};
	}
	if (l->request_id) {
		snprintf(id, sizeof(id), "%016llX", (unsigned long long)q->id);
		add[edit.n_add++] = (struct http_add){SPAN_LIT("X-Request-Id"), span_str(id)};
	}
	if (q->answered)
		edit.n_add += relay__resume_fields(r, q, &add[edit.n_add], range);
	n = http_head_build(&r->head, &edit, r->out, r->head_max + RELAY_EDIT_ROOM);
	ASSERT(n > 0, "scratch has room for the longest head and the edit");
	return buf_chain_write(&q->req.out, r->out, (uint32_t)n, r->cfg.pools->data);
}

/* Nothing is known of how q fares with this member. */
static void begin_try(struct relay *r, struct request *q)
{
	if (q->again)
		q->begun = r->now;
	q->sent = q->ttfb = 0;
	q->status = q->retry_after = 0;
	q->slow_down = q->slow_told = q->inner_error = false;
	q->req.given = q->rsp.given = 0;
	q->moved = r->now_ms;
	http_scan_init(&q->scan, r->head_max, false);
	relay__hold_begin(r, q);
}

/* Give q to the member: by an idle connection or a new one. 0 or an errno value. */
static int attach(struct relay *r, struct request *q, unsigned member)
{
	struct back *b = q->fresh ? NULL : relay__back_reuse(r, q->pool->member[member]);
	int error;

	if (b) {
		FRONT_COUNT(r, q->front, back_reused);
		b->member->stat[LB_STAT_reuses]++;
		q->state = REQ_WAIT;
	} else {
		b = relay__connect(r, q->pool, member, &error);
		if (!b)
			return error;
		FRONT_COUNT(r, q->front, back_opened);
		q->state = REQ_CONNECT;
	}
	if (q->again)
		FRONT_COUNT(r, q->front, retries);
	begin_try(r, q);
	q->again = true;
	b->req = q;
	b->requests++;
	q->back = b;
	q->member = (uint16_t)member;
	relay__floor_begin(r, q);
	lb_start(r->cfg.lb, q->pool, member, q->size, r->now);
	return 0;
}

struct lb_ask relay__request_ask(const struct request *q)
{
	return (struct lb_ask){.tried = &q->tried,
		.hash = q->hash,
		.pinned = q->upload && q->pool->conf->affinity == CONF_AFFINITY_UPLOAD,
		.writes = q->writes,
		.size = q->size};
}

/* An index in q's pool, or as lb_pick. The rest of a body may come from whom it broke with. */
static int pick(struct relay *r, struct request *q)
{
	struct lb_ask ask = relay__request_ask(q);
	int m = q->next;

	q->next = -1;
	if (m < 0)
		m = lb_pick(r->cfg.lb, q->pool, &ask, r->now);
	if (m != LB_NONE || !q->answered)
		return m;
	q->tried = (struct lb_tried){0};
	return lb_pick(r->cfg.lb, q->pool, &ask, r->now);
}

enum run relay__request_route(struct relay *r, struct request *q)
{
	int m, error;

	do {
		m = pick(r, q);
		if (m == LB_BUSY || m == LB_THROTTLE)
			return relay__queue_wait(r, q);
		relay__queue_leave(q);
		if (m < 0)
			break;
		error = attach(r, q, (unsigned)m);
		if (error == 0)
			return RUN_AGAIN;
		if (error != EHOSTUNREACH)
			return relay__request_fail(r, q, RELAY_STAT_fail_full, 0);
		lb_connect_failed(r->cfg.lb, q->pool, (unsigned)m, r->now);
	} while (relay__another(q->pool, &q->tried, &q->retries, (unsigned)m));
	return relay__request_fail(r, q, q->fail, 0);
}

static enum run build_run(struct relay *r, struct request *q)
{
	struct front *f = q->front;
	enum run answered;
	int rc = http_req_parse(
		&r->head, buf_chain_peek(stream_rx(&f->end), f->head, r->in), f->head);

	if (rc < 0)
		return relay__request_refuse(r, q, rc);
	if (!q->answered)
		note_head(r, q);
	if (!q->pool && !relay__route(r, q, &answered))
		return answered;
	if (build_head(r, q) < 0) {
		relay__request_stall(r, q);
		return RUN_WAIT;
	}
	if (!q->safe)
		relay__request_take_head(r, q);
	return relay__request_route(r, q);
}

/* The connect was refused, timed out, or found no way. */
static enum run connect_failed(struct relay *r, struct request *q)
{
	if (stream_half_up(&q->back->end))
		FRONT_COUNT(r, q->front, back_handshake);
	lb_connect_failed(r->cfg.lb, q->pool, q->member, r->now);
	return relay__retry(r, q, RETRY_CONNECT);
}

static enum run queue_run(struct relay *r, struct request *q)
{
	if (!q->called)
		return RUN_WAIT;
	q->called = false;
	return relay__request_route(r, q);
}

static enum run connect_run(struct relay *r, struct request *q)
{
	if (q->back->up) {
		lb_connected(r->cfg.lb, q->pool, q->member, r->now);
		relay__floor_begin(r, q);
		q->state = REQ_WAIT;
		return RUN_AGAIN;
	}
	return q->back->dead ? connect_failed(r, q) : RUN_WAIT;
}

static enum run wait_run(struct relay *r, struct request *q)
{
	struct front *f = q->front;
	uint32_t moved;

	relay__hold_acked(r, q);
	if (relay__flow_move(r, &q->req, &f->end, &q->back->end, &moved) < 0)
		relay__request_stall(r, q);
	if (moved)
		q->moved = r->now_ms;
	f->listener->stat[RELAY_STAT_bytes_req] += moved;
	if (q->req.body.progress == HTTP_BODY_BAD)
		return relay__request_refuse(r, q, -q->req.body.code);
	if (q->req.body.progress == HTTP_BODY_MORE && f->eof && stream_rx(&f->end)->bytes == 0)
		return relay__request_fail(r, q, RELAY_STAT_fail_truncated, 0);
	if (!q->sent && request_is_sent(q))
		q->sent = r->now;
	return relay__response_head(r, q, request_is_sent(q));
}

static enum run response_run(struct relay *r, struct request *q)
{
	/* a head that is kept is not the client's leftover, though the member did not want it */
	if (!request_is_sent(q) && q->front->head == 0)
		relay__front_discard(r, q->front);
	return relay__response_body(r, q);
}

static enum run (*const step[REQ_STATES])(struct relay *r, struct request *q) = {
	[REQ_BUILD] = build_run,
	[REQ_QUEUE] = queue_run,
	[REQ_CONNECT] = connect_run,
	[REQ_WAIT] = wait_run,
	[REQ_RESPONSE] = response_run,
};

enum run relay__request_run(struct relay *r, struct front *f)
{
	return step[f->req->state](r, f->req);
}

static bool waits_for_100(const struct request *q)
{
	return q->expect && q->req.body.passed == 0;
}

/* Is it the client that holds things up? */
static bool client_owes(const struct request *q)
{
	return q->req.body.progress == HTTP_BODY_MORE && q->req.out.bytes == 0 &&
	       stream_rx(&q->front->end)->bytes == 0 && !waits_for_100(q);
}

static uint32_t response_timeout(const struct relay *r, const struct request *q)
{
	const struct conf_pool *c = request_pool(r, q);

	return q->op_flags & S3_SLOW ? c->complete_timeout_ms : c->response_timeout_ms;
}

/* Before the answer: the client gives no body, or takes so little that the answer's head has no
 * room (behind another one, in a pipeline); else it is the member. */
static enum relay_stat wait_fault(const struct relay *r, const struct request *q)
{
	if (client_owes(q))
		return RELAY_STAT_fail_body_timeout;
	if (!q->answered && stream_rx(&q->back->end)->bytes &&
		stream_room(&r->streams, &q->front->end) == 0)
		return RELAY_STAT_fail_client_slow;
	return RELAY_STAT_fail_rsp_timeout;
}

/* When nothing at all moves. */
static uint32_t still_deadline(const struct relay *r, const struct request *q, enum relay_stat *why)
{
	uint32_t body = front_conf(r, q->front)->body_timeout_ms;

	switch (q->state) {
	case REQ_BUILD:
		*why = RELAY_STAT_fail_full;
		return q->moved + body;
	case REQ_QUEUE:
		*why = RELAY_STAT_fail_queue_timeout;
		return q->moved + request_pool(r, q)->queue_timeout_ms;
	case REQ_CONNECT:
		*why = RELAY_STAT_fail_no_member;
		return q->moved + request_pool(r, q)->connect_timeout_ms;
	case REQ_WAIT:
		*why = wait_fault(r, q);
		return q->moved +
		       (request_is_sent(q) || waits_for_100(q) ? response_timeout(r, q) : body);
	}
	*why = stream_unacked(&q->front->end) ? RELAY_STAT_fail_client_slow
					      : RELAY_STAT_fail_rsp_stalled;
	return q->moved + body;
}

uint32_t relay__request_deadline(
	const struct relay *r, const struct request *q, enum relay_stat *why)
{
	uint32_t at = still_deadline(r, q, why), due;

	return relay__floor_due(r, q, &due) ? seq_min(at, due) : at;
}

/* The body's window ended: it goes on, or the member has failed. */
static enum run window_ended(struct relay *r, struct request *q)
{
	if (!relay__floor_below(r, q)) {
		relay__floor_begin(r, q);
		return RUN_WAIT;
	}
	FRONT_COUNT(r, q->front, stalls);
	if (q->state == REQ_RESPONSE)
		return relay__resume(r, q, LB_STALL, RELAY_STAT_fail_rsp_stalled);
	return relay__retry(r, q, RETRY_STALL);
}

enum run relay__request_expired(struct relay *r, struct request *q)
{
	enum relay_stat why;

	if (seq_lt(r->now_ms, still_deadline(r, q, &why)))
		return window_ended(r, q);
	switch (why) {
	case RELAY_STAT_fail_no_member:
		return connect_failed(r, q);
	case RELAY_STAT_fail_rsp_timeout:
		return relay__retry(r, q, RETRY_TIMEOUT);
	case RELAY_STAT_fail_rsp_stalled:
		return relay__resume(r, q, LB_STALL, why);
	default:
		return relay__request_fail(r, q, why, 0);
	}
}
