/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * May a request that its member failed be given to another one? As long as the client got no answer
 * (resume.c has what comes after), and when one of these holds:
 *
 *	nothing was given     whatever it is
 *	untouched             nothing of it was acknowledged, and the connection is dead: no member
 *	                      has begun with it (hold.c)
 *	repeatable            carried out twice it has the effect of once, and it can be made again:
 *	                      its head is kept in front.rx, or all that was given is held
 *
 * Each such try is one of the pool's `retries` and takes from its budget. Silence is waited for
 * twice at most, for no client has the patience of all members together. But for the idle race: a
 * connection that was idle can have been closed by the member when the request was on its way. It
 * is given once more to the same member on a fresh connection, at once, and nobody is blamed.
 *
 * A 500, 502, 503, 504 or 429 is dropped for the answer of another member once, when there is one
 * that may be given the request now; else it is the client's.
 */
#include <errno.h>

#include "relay/relay_priv.h"

static const struct {
	uint8_t count;   /* enum relay_stat: it is tried again */
	uint8_t outcome; /* enum lb_outcome, for the member */
	uint8_t never;   /* enum relay_stat: it may not be */
	uint8_t nobody;  /* enum relay_stat: it may, but no member is left */
} reasons[RETRIES] = {
	[RETRY_CONNECT] = {RELAY_STAT_retry_connect, LB_REFUSED, RELAY_STAT_fail_no_member,
		RELAY_STAT_fail_no_member},
	[RETRY_LOST] = {RELAY_STAT_retry_lost, LB_RESET, RELAY_STAT_fail_lost,
		RELAY_STAT_fail_no_member},
	[RETRY_TIMEOUT] = {RELAY_STAT_retry_timeout, LB_TIMEOUT, RELAY_STAT_fail_rsp_timeout,
		RELAY_STAT_fail_rsp_timeout},
	[RETRY_STALL] = {RELAY_STAT_retry_stall, LB_STALL, RELAY_STAT_fail_rsp_timeout,
		RELAY_STAT_fail_rsp_timeout},
};

_Static_assert(RELAY_STAT_N <= UINT8_MAX, "enum relay_stat fits a byte");

bool relay__repeatable(const struct request *q)
{
	return (q->op_flags & (S3_IDEMPOTENT | S3_SLOW)) == S3_IDEMPOTENT;
}

/* Can all that was given be given again? */
static bool is_rebuildable(const struct request *q)
{
	return q->front->head > 0 || q->hold.on;
}

static bool may_repeat(const struct request *q)
{
	return q->req.given == 0 || (relay__repeatable(q) && is_rebuildable(q));
}

/* One more try: within the pool's retries and its budget? */
bool relay__retry_allowed(struct relay *r, struct request *q)
{
	if (!relay__another(q->pool, &q->tried, &q->retries, q->member))
		return false;
	if (lb_retry(r->cfg.lb, q->pool, r->now))
		return true;
	FRONT_COUNT(r, q->front, retry_budget);
	return false;
}

/* All that was given shall be given again. 0 or -ENOMEM. */
static int unsend(struct relay *r, struct request *q)
{
	if (q->req.given == 0)
		return 0;
	if (q->front->head == 0)
		return relay__hold_take(r, q);
	buf_chain_free(&q->req.out);
	q->state = REQ_BUILD;
	return 0;
}

/* What unsend() left goes on its way. */
static enum run go_on(struct relay *r, struct request *q)
{
	return q->state == REQ_BUILD ? RUN_AGAIN : relay__request_route(r, q);
}

static enum run fail(struct relay *r, struct request *q, enum relay_stat why)
{
	return relay__request_fail(r, q, q->answered ? q->fail : why, 0);
}

/* q may be given to another member. */
static enum run move(struct relay *r, struct request *q, enum retry why, enum lb_outcome outcome)
{
	bool replay = q->req.given && q->front->head == 0;

	if (unsend(r, q) < 0)
		return fail(r, q, RELAY_STAT_fail_full);
	relay__request_leave(r, q, outcome, false);
	if (!q->answered)
		q->fail = reasons[why].nobody;
	if (!relay__retry_allowed(r, q))
		return relay__request_fail(r, q, q->fail, 0);
	q->front->listener->stat[reasons[why].count]++;
	q->front->listener->stat[RELAY_STAT_replays] += replay;
	return go_on(r, q);
}

enum run relay__retry(struct relay *r, struct request *q, enum retry why)
{
	bool silent = why == RETRY_TIMEOUT;

	if (!may_repeat(q) || (silent && q->silence))
		return fail(r, q, reasons[why].never);
	q->silence |= silent;
	return move(r, q, why, reasons[why].outcome);
}

/* An idle connection was dead: to the same member on a fresh one. */
static enum run idle_race(struct relay *r, struct request *q)
{
	if (unsend(r, q) < 0)
		return fail(r, q, RELAY_STAT_fail_full);
	FRONT_COUNT(r, q->front, retry_idle);
	relay__request_leave(r, q, LB_RETRY, false);
	q->fresh = true;
	q->next = (int16_t)q->member;
	return go_on(r, q);
}

/* Had the member nothing of q? Only its own RST says so: when it was we who gave the connection up
 * (a timeout, an operator's cut, a want of buffers), an acknowledgement may be on its way. */
static bool is_untouched(const struct request *q)
{
	const struct tcp_conn *conn = q->back->end.conn;

	return relay__hold_untouched(q) && (conn->state != TCP_CLOSED || conn->error == ECONNRESET);
}

enum run relay__retry_lost(struct relay *r, struct request *q)
{
	const struct back *b = q->back;
	bool silent = stream_rx(&b->end)->bytes == 0;
	bool untouched = silent && is_untouched(q);

	if (!may_repeat(q)) {
		if (!untouched)
			return fail(r, q, RELAY_STAT_fail_lost);
		if (b->end.conn->state != TCP_CLOSED)
			return RUN_WAIT; /* its FIN crossed our bytes: the RST for them follows */
	}
	if (b->reused && silent)
		return idle_race(r, q);
	return move(r, q, RETRY_LOST, untouched ? LB_RETRY : LB_RESET);
}

static bool is_retried(unsigned status)
{
	return status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* A member that may be asked in place of q's, now; or < 0. */
static int pick_other(struct relay *r, const struct request *q)
{
	struct lb_tried tried = q->tried;
	struct lb_ask ask = relay__request_ask(q);

	lb_tried_add(&tried, q->member);
	ask.tried = &tried;
	return lb_pick(r->cfg.lb, q->pool, &ask, r->now);
}

bool relay__retry_answer(struct relay *r, struct request *q)
{
	bool replay = q->front->head == 0;
	int m;

	if (!is_retried(q->status) || q->second || !may_repeat(q) ||
		q->retries == q->pool->conf->retries)
		return false;
	m = pick_other(r, q);
	if (m < 0 || !relay__retry_allowed(r, q) || unsend(r, q) < 0)
		return false;
	q->second = true;
	q->next = (int16_t)m;
	q->front->listener
		->stat[q->slow_down ? RELAY_STAT_retry_slow_down : RELAY_STAT_retry_status]++;
	q->front->listener->stat[RELAY_STAT_replays] += replay;
	relay__request_leave(r, q, LB_COMPLETE, false);
	return true;
}
