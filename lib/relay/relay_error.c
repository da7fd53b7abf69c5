/* SPDX-License-Identifier: BSD-3-Clause */
/* How a request fails: one table from the reason to the answer. An answer of ours closes the
 * client's connection, for what follows of a broken request could be taken for the next one. */
#include <stdio.h>

#include "relay/relay_priv.h"

struct cause {
	uint16_t status; /* 0: there is nobody to tell, or no more way to: RST */
	uint8_t outcome; /* enum lb_outcome: what the member has to do with it */
	bool slow_down;  /* 503 SlowDown */
	bool retry;      /* with Retry-After */
};

static const struct cause causes[RELAY_STAT_N] = {
	[RELAY_STAT_fail_handshake] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_fail_hello] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_fail_name] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_fail_refused] = {400, LB_CANCEL, false, false},
	[RELAY_STAT_fail_head_timeout] = {408, LB_CANCEL, false, false},
	[RELAY_STAT_fail_body_timeout] = {408, LB_CANCEL, false, false},
	[RELAY_STAT_fail_truncated] = {400, LB_CANCEL, false, false},
	[RELAY_STAT_fail_client_reset] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_fail_client_slow] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_fail_full] = {503, LB_CANCEL, true, true},
	[RELAY_STAT_fail_no_member] = {503, LB_REFUSED, false, true},
	[RELAY_STAT_fail_queue_full] = {503, LB_CANCEL, true, true},
	[RELAY_STAT_fail_queue_timeout] = {503, LB_CANCEL, true, true},
	[RELAY_STAT_fail_route] = {403, LB_CANCEL, false, false},
	[RELAY_STAT_fail_lost] = {502, LB_RESET, false, false},
	[RELAY_STAT_fail_rsp_bad] = {502, LB_BAD, false, false},
	[RELAY_STAT_fail_rsp_timeout] = {504, LB_TIMEOUT, false, false},
	[RELAY_STAT_fail_rsp_broken] = {0, LB_RESET, false, false},
	[RELAY_STAT_fail_rsp_stalled] = {0, LB_STALL, false, false},
	[RELAY_STAT_fail_member_slow] = {0, LB_TIMEOUT, false, false},
	[RELAY_STAT_closed_idle] = {0, LB_CANCEL, false, false},
	[RELAY_STAT_spliced] = {0, LB_COMPLETE, false, false},
};

enum lb_outcome relay__outcome(enum relay_stat why)
{
	return causes[why].outcome;
}

void relay__count_status(struct relay *r, const struct front *f, unsigned status)
{
	if (status >= 200 && status <= 599)
		f->listener->stat[RELAY_STAT_status_2xx + status / 100 - 2]++;
}

/* s, jittered: those that were sent away together do not come back together. */
static unsigned retry_after(struct relay *r, const struct front *f)
{
	const struct lb_pool *p = f->req && f->req->pool
					  ? f->req->pool
					  : relay__pool(f->listener, front_conf(r, f)->pool);

	return (lb_retry_after(r->cfg.lb, p, r->now) + 999) / 1000;
}

/* Put the S3 error behind w->out and give all to the client. 0 or -errno. */
static int send_error(struct relay *r, struct front *f, struct flow *w, struct s3_error *e)
{
	int n = s3_error_build(e, r->out, S3_ERROR_ROOM), rc;

	rc = n < 0 ? n : buf_chain_write(&w->out, r->out, (uint32_t)n, r->cfg.pools->data);
	if (rc == 0)
		rc = relay__flow_flush(r, w, &f->end);
	buf_chain_free(&w->out);
	return rc;
}

/* What a cause says; status: 0, or in place of its own. */
static struct s3_error error_of(
	struct relay *r, const struct front *f, const struct cause *why, unsigned status)
{
	return (struct s3_error){.status = status ? status : why->status,
		.slow_down = why->slow_down,
		.retry_after = why->retry ? retry_after(r, f) : 0};
}

/* Answer and close; q, which has no back and may be NULL, ends. */
static enum run answer(struct relay *r, struct front *f, struct request *q, struct s3_error e)
{
	uint64_t id = q ? q->id : rand_next(r->cfg.rnd);
	struct flow none = {0};
	char id_text[17];
	int rc;

	snprintf(id_text, sizeof(id_text), "%016llX", (unsigned long long)id);
	e.request_id = span_str(id_text);
	e.close = true;
	if (q) {
		e.resource = (struct span){q->resource, q->resource_n};
		e.to_head = q->to_head;
	}
	rc = send_error(r, f, q ? &q->rsp : &none, &e);
	if (q)
		relay__request_put(r, q);
	f->head = 0;
	if (rc < 0)
		return relay__front_abort(r, f);
	relay__count_status(r, f, e.status);
	return relay__front_close(r, f);
}

enum run relay__request_fail(
	struct relay *r, struct request *q, enum relay_stat why, unsigned status)
{
	const struct cause *cause = &causes[why];
	struct front *f = q->front;

	f->listener->stat[why]++;
	relay__request_leave(r, q, cause->outcome, false);
	if (!q->answered && cause->status)
		return answer(r, f, q, error_of(r, f, cause, status));
	relay__request_put(r, q);
	return relay__front_abort(r, f);
}

enum run relay__request_turn_away(struct relay *r, struct request *q, const struct conf_route *to)
{
	if (to->action == CONF_ROUTE_ERROR)
		return relay__request_fail(r, q, RELAY_STAT_fail_route, to->status);
	FRONT_COUNT(r, q->front, redirects);
	return answer(r, q->front, q,
		(struct s3_error){.status = to->status,
			.location = span_str(to->location),
			.target = r->head.target});
}

enum run relay__front_fail(struct relay *r, struct front *f, enum relay_stat why, unsigned status)
{
	f->listener->stat[why]++;
	return answer(r, f, NULL, error_of(r, f, &causes[why], status));
}

enum run relay__front_refuse(struct relay *r, struct front *f, int code)
{
	r->refused_req[-code]++;
	return relay__front_fail(r, f, RELAY_STAT_fail_refused, http_code_status(-code));
}

enum run relay__request_refuse(struct relay *r, struct request *q, int code)
{
	r->refused_req[-code]++;
	return relay__request_fail(r, q, RELAY_STAT_fail_refused, http_code_status(-code));
}

enum run relay__response_refuse(struct relay *r, struct request *q, int code)
{
	r->refused_rsp[-code]++;
	return relay__request_fail(r, q, RELAY_STAT_fail_rsp_bad, 0);
}
