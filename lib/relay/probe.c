/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Checks of members: a relay without a front. lib/lb says whom to look at and when, a probe makes
 * one exchange or some, and lib/lb is told what came of it.
 *
 *            lb_check_take          established            final head           its body is over
 *   (free) ---------------> CONNECT -----------> ANSWER ---------------> BODY -------------> next
 *     ^                        ^                                                          exchange,
 *     |                        `--------------------------------------------------------'   or
 *     `------------------ verdict: also on a timeout, a loss, an answer that was not wanted
 *
 * CONNECT  the end is not up
 * ANSWER   the question was given to the end; heads are looked for
 * BODY     what comes is counted, of a canary's GET compared, and dropped
 *
 * An exchange has a connection of its own, and check-timeout from its beginning. What it may lead
 * to is one table (`then`). At most RELAY_PROBES at a time, whatever lib/lb allows.
 */
#include <errno.h>
#include <stdio.h>

#include "base/assert.h"
#include "relay/relay_priv.h"

#define BODY_MAX 65536 /* of an answer: more is not waited for */

enum probe_state { PROBE_CONNECT, PROBE_ANSWER, PROBE_BODY };

/* What an exchange is for. */
enum step { STEP_OPEN, STEP_ASK, STEP_PUT, STEP_GET, STEP_DELETE, STEP_HEAD, STEPS };

/* How it ended. */
enum end { END_WANTED, END_OTHER, END_SLOW_DOWN, END_NO_CONNECT, END_NO_ANSWER, ENDS };

#define NEXT(step) (-1 - (step)) /* in place of a verdict */

/* A canary whose PUT fails asks for its bucket: is it the writes alone? */
static const int8_t then[STEPS][ENDS] = {
	[STEP_OPEN] = {LB_GOOD, LB_GOOD, LB_GOOD, LB_FAIL_CONNECT, LB_FAIL_TIMEOUT},
	[STEP_ASK] = {LB_GOOD, LB_FAIL_ANSWER, LB_GOOD_THROTTLED, LB_FAIL_CONNECT, LB_FAIL_TIMEOUT},
	[STEP_PUT] = {NEXT(STEP_GET), NEXT(STEP_HEAD), LB_GOOD_THROTTLED, LB_FAIL_CONNECT,
		NEXT(STEP_HEAD)},
	[STEP_GET] = {NEXT(STEP_DELETE), LB_FAIL_ANSWER, LB_GOOD_THROTTLED, LB_FAIL_CONNECT,
		LB_FAIL_TIMEOUT},
	[STEP_DELETE] = {LB_GOOD, LB_GOOD_READ_ONLY, LB_GOOD_THROTTLED, LB_FAIL_CONNECT,
		LB_GOOD_READ_ONLY},
	[STEP_HEAD] = {LB_GOOD_READ_ONLY, LB_FAIL_ANSWER, LB_GOOD_THROTTLED, LB_FAIL_CONNECT,
		LB_FAIL_TIMEOUT},
};

static const uint8_t first[] = {
	[CONF_CHECK_TCP] = STEP_OPEN,
	[CONF_CHECK_HTTP] = STEP_ASK,
	[CONF_CHECK_S3] = STEP_ASK,
	[CONF_CHECK_CANARY] = STEP_PUT,
};

static const char *const methods[STEPS] = {
	[STEP_PUT] = "PUT", [STEP_GET] = "GET", [STEP_DELETE] = "DELETE", [STEP_HEAD] = "HEAD"};

static const struct conf_check *check_of(const struct probe *p)
{
	return p->check.pool->conf->check;
}

static bool is_read(const struct probe *p)
{
	return p->step == STEP_GET;
}

/* ---- the question ---- */

static const char *method_of(const struct probe *p)
{
	return p->step == STEP_ASK ? check_of(p)->method : methods[p->step];
}

/* Of the canary's object, of its bucket, or the check's own. */
static void put_path(struct sink *o, const struct probe *p)
{
	const struct conf_check *c = check_of(p);
	const struct lb_member *m = p->check.pool->member[p->check.member];

	if (c->kind == CONF_CHECK_HTTP || (c->kind == CONF_CHECK_S3 && !c->bucket)) {
		sink_put(o, span_str(c->path));
		return;
	}
	sink_char(o, '/');
	sink_put(o, span_str(c->bucket));
	if (p->step == STEP_ASK || p->step == STEP_HEAD)
		return;
	sink_char(o, '/');
	sink_put(o, span_str(c->prefix));
	sink_put(o, span_str(m->pool));
	sink_char(o, '.');
	sink_put(o, span_str(m->name));
}

static void put_host(struct sink *o, const struct probe *p)
{
	const struct lb_member *m = p->check.pool->member[p->check.member];
	char text[IP_ENDPOINT_TEXT];

	sink_put(o, span_str(check_of(p)->host ?: ip_endpoint_text(&m->endpoint, text)));
}

/* The lines of a signature, if the check has a key. */
static int put_signature(
	struct relay *r, struct sink *o, const struct probe *p, struct span path, struct span host)
{
	struct s3_signer *s = p->signer;
	char hash[S3_SIGN_HEX];
	struct s3_sign_request req = {.method = span_str(method_of(p)),
		.path = path,
		.query = {"", 0},
		.host = host,
		.payload = SPAN_LIT(S3_SIGN_EMPTY)};

	if (!s)
		return 0;
	if (p->step == STEP_PUT) {
		s3_sign_hash(p->body, sizeof(p->body), hash);
		req.payload = (struct span){hash, sizeof(hash)};
	}
	s3_signer_time(s, __atomic_load_n(r->cfg.unix_time, __ATOMIC_RELAXED));
	return s3_sign_head(s, &req, o, NULL);
}

/* Write the request into r->out: its bytes, or -ENOSPC. */
static int build(struct relay *r, const struct probe *p)
{
	struct sink o = {.p = r->out, .cap = r->head_max};
	size_t path, host;
	struct span said[2];

	sink_put(&o, span_str(method_of(p)));
	sink_char(&o, ' ');
	path = o.n;
	put_path(&o, p);
	said[0] = (struct span){r->out + path, o.n - path};
	sink_lit(&o, " HTTP/1.1\r\nHost: ");
	host = o.n;
	put_host(&o, p);
	said[1] = (struct span){r->out + host, o.n - host};
	sink_lit(&o, "\r\nUser-Agent: penstock-check\r\nConnection: close\r\n");
	if (put_signature(r, &o, p, said[0], said[1]) < 0)
		return -ENOSPC;
	if (p->step == STEP_PUT) {
		sink_lit(&o, "Content-Length: ");
		sink_uint(&o, sizeof(p->body));
		sink_lit(&o, "\r\n");
	}
	sink_lit(&o, "\r\n");
	if (p->step == STEP_PUT)
		sink_put(&o, (struct span){p->body, sizeof(p->body)});
	return sink_done(&o);
}

/* 0 or -errno. */
static int ask(struct relay *r, struct probe *p)
{
	struct buf_chain out = {0};
	int n = build(r, p), rc;

	rc = n < 0 ? n : buf_chain_write(&out, r->out, (uint32_t)n, r->cfg.pools->data);
	if (rc == 0)
		rc = stream_send(&r->streams, &p->end, &out);
	buf_chain_free(&out);
	return rc;
}

/* ---- an exchange and what follows ---- */

static void put(struct relay *r, struct probe *p, enum lb_verdict v)
{
	wheel_cancel(&r->wheel, &p->timer);
	lb_check_done(r->cfg.lb, &p->check, v, r->now);
	p->next_free = r->probe_free;
	r->probe_free = p;
	r->room = true;
}

/* Begin an exchange. 0, or the errno value of the connect. */
static int begin(struct relay *r, struct probe *p, enum step step)
{
	int error = relay__connect_end(r, p->check.pool, p->check.member, p, &p->end);

	p->step = (uint8_t)step;
	p->state = PROBE_CONNECT;
	p->up = p->eof = p->dead = p->other = false;
	p->status = 0;
	if (error)
		return error;
	http_scan_init(&p->scan, r->head_max, false);
	wheel_arm(&r->wheel, &p->timer, r->now_ms + check_of(p)->timeout_ms);
	return 0;
}

/* What is missing here says nothing about the member. */
static enum lb_verdict not_begun(int error)
{
	return error == EHOSTUNREACH ? LB_FAIL_CONNECT : LB_NO_VERDICT;
}

static void finish(struct relay *r, struct probe *p, enum end how)
{
	int what = then[p->step][how], error;

	if (how == END_WANTED)
		stream_release(&r->streams, &p->end);
	else
		stream_abort(&r->streams, &p->end);
	if (what >= 0) {
		put(r, p, (enum lb_verdict)what);
		return;
	}
	error = begin(r, p, (enum step)(-1 - what));
	if (error)
		put(r, p, not_begun(error));
}

/* ---- the answer ---- */

static bool is_wanted(const struct probe *p)
{
	const struct conf_check *c = check_of(p);

	switch (p->step) {
	case STEP_ASK:
		return p->status >= c->status_low && p->status <= c->status_high;
	case STEP_DELETE:
		return p->status / 100 == 2 || p->status == 404;
	case STEP_HEAD:
		return p->status < 500;
	case STEP_GET:
		return p->status == 200 && !p->other && p->http.passed == sizeof(p->body);
	}
	return p->status / 100 == 2;
}

static void judge(struct relay *r, struct probe *p)
{
	if (p->status == 429 || (p->status == 503 && check_of(p)->kind >= CONF_CHECK_S3))
		finish(r, p, END_SLOW_DOWN);
	else
		finish(r, p, is_wanted(p) ? END_WANTED : END_OTHER);
}

/* Compare, count and drop what is there of the body. */
static void take_body(struct relay *r, struct probe *p)
{
	struct buf_chain *rx = stream_rx(&p->end);

	while (rx->bytes && p->http.progress == HTTP_BODY_MORE) {
		const struct rte_mbuf *m = rx->head;
		struct buf_cursor at = buf_chain_seek(rx, 0);
		const char *bytes = rte_pktmbuf_mtod_offset(at.seg, const char *, at.off);
		uint64_t passed = p->http.passed;
		size_t n = http_body_feed(&p->http, bytes, m->data_len - at.off);

		if (is_read(p) &&
			(passed + n > sizeof(p->body) || memcmp(p->body + passed, bytes, n) != 0))
			p->other = true;
		buf_chain_consume(rx, (uint32_t)n);
		if (n == 0)
			break;
	}
	stream_consumed(&r->streams, &p->end);
}

static bool body_run(struct relay *r, struct probe *p)
{
	bool over = (p->eof || p->dead) && !stream_pending(&p->end);

	take_body(r, p);
	if (p->http.progress == HTTP_BODY_MORE && over && http_body_eof(&p->http) < 0)
		p->other = true;
	if (p->http.progress == HTTP_BODY_MORE && !over && p->http.passed < BODY_MAX)
		return false;
	judge(r, p);
	return false;
}

/* Take the head of n bytes: true, what follows may be looked at. */
static bool head_run(struct relay *r, struct probe *p, uint32_t n)
{
	struct buf_chain *rx = stream_rx(&p->end);
	int rc = http_rsp_parse(&r->head, buf_chain_peek(rx, n, r->in), n);

	if (rc < 0) {
		finish(r, p, END_OTHER);
		return false;
	}
	p->status = r->head.status;
	http_body_init_rsp(&p->http, &r->head, strcmp(method_of(p), "HEAD") == 0);
	buf_chain_consume(rx, n);
	stream_consumed(&r->streams, &p->end);
	http_scan_init(&p->scan, r->head_max, false);
	if (p->status >= 200)
		p->state = PROBE_BODY;
	return true;
}

static bool answer_run(struct relay *r, struct probe *p)
{
	int n = relay__scan(&p->scan, stream_rx(&p->end));

	if (n > 0)
		return head_run(r, p, (uint32_t)n);
	if (n < 0 || ((p->eof || p->dead) && !stream_pending(&p->end)))
		finish(r, p, END_OTHER);
	return false;
}

static bool connect_run(struct relay *r, struct probe *p)
{
	if (!p->up) {
		if (p->dead)
			finish(r, p, END_NO_CONNECT);
		return false;
	}
	if (p->step == STEP_OPEN || ask(r, p) < 0) {
		finish(r, p, p->step == STEP_OPEN ? END_WANTED : END_NO_ANSWER);
		return false;
	}
	p->state = PROBE_ANSWER;
	return true;
}

/* Each returns true when the state changed and is to be run. */
static bool (*const run[])(struct relay *r, struct probe *p) = {
	[PROBE_CONNECT] = connect_run,
	[PROBE_ANSWER] = answer_run,
	[PROBE_BODY] = body_run,
};

/* ---- events and time ---- */

void relay__probe_event(struct relay *r, struct probe *p, uint8_t events)
{
	events = stream_events(&p->end, events, p->up);
	p->up |= (events & TCP_EV_ESTABLISHED) != 0;
	p->eof |= (events & TCP_EV_FIN) != 0;
	p->dead |= (events & (TCP_EV_DEAD | STREAM_EV_TORN)) != 0;
	while (run[p->state](r, p))
		;
}

void relay__probe_expired(struct relay *r, struct probe *p)
{
	finish(r, p, p->state == PROBE_CONNECT ? END_NO_CONNECT : END_NO_ANSWER);
}

void relay__probe_abort(struct relay *r, struct probe *p)
{
	stream_abort(&r->streams, &p->end);
	put(r, p, LB_NO_VERDICT);
}

/* Something that no answer has by chance, and no cache. */
static void body_fill(struct relay *r, struct probe *p)
{
	for (size_t i = 0; i < sizeof(p->body); i += 16) {
		char hex[17];

		snprintf(hex, sizeof(hex), "%016llx", (unsigned long long)rand_next(r->cfg.rnd));
		memcpy(p->body + i, hex, 16);
	}
}

void relay__probes_begin(struct relay *r)
{
	struct probe *p;

	while ((p = r->probe_free) && !r->draining) {
		struct lb_check check;
		int error;

		if (!lb_check_take(r->cfg.lb, &check, r->now))
			return;
		r->probe_free = p->next_free;
		*p = (struct probe){.kind = RELAY_PROBE, .check = check};
		wheel_node_init(&p->timer, RELAY_PROBE);
		p->signer = relay__probe_keys_find(r->snap->keys, check_of(p));
		body_fill(r, p);
		error = begin(r, p, first[check_of(p)->kind]);
		if (error)
			put(r, p, not_begun(error));
	}
}
