/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * show connections: copied on the worker in bounded steps, a cursor between them. What comes or
 * goes meanwhile may be shown or not; nothing is shown twice.
 *
 * Places 0 .. relay_max - 1 are the relay's (clients and members), the rest are TCP's own: only
 * those that the relay does not hold (not yet accepted, or closing on their own) are shown from
 * there.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <rte_common.h>

#include "ctl/ctl_priv.h"
#include "relay/relay.h"
#include "tcp/tcp.h"

#define ROWS_STEP     256  /* rows copied in one step */
#define PLACES_STEP   2048 /* places looked at in one step: a cache miss each, some 100 us */
#define LIMIT_DEFAULT 100
#define LIMIT_MAX     10000

struct row {
	struct ip_endpoint local, remote;
	struct relay_conn relay; /* conn NULL: not the relay's */
	uint8_t state;
	uint32_t srtt_us, cwnd, rx_bytes, tx_bytes;
	const char *version, *cipher; /* of TLS; NULL: plain, or not open yet */
	char subject[128];            /* of the peer's certificate; "" when none */
};

struct job {
	const struct ctl_worker *worker;
	uint32_t relay_max, places; /* the relay's, all of them */
	uint32_t at;                /* the next place */
	uint32_t want, n;           /* rows */
	struct row row[ROWS_STEP];
};

static const struct tcp_conn *conn_at(const struct job *job, uint32_t place, struct relay_conn *rc)
{
	const struct tcp_conn *c;

	*rc = (struct relay_conn){0};
	if (place < job->relay_max)
		return relay_conn_at(job->worker->relay, place, rc) ? rc->conn : NULL;
	c = tcp_conn_at(job->worker->tcp, place - job->relay_max);
	return c && (!c->owner || c->flags & TCP_F_RELEASED) ? c : NULL;
}

static void copy_tls(struct row *r, const struct tls_conn *c)
{
	struct tls_facts f = {.subject = ""};

	if (c)
		tls_facts(c, &f);
	r->version = f.version;
	r->cipher = f.cipher;
	snprintf(r->subject, sizeof(r->subject), "%s", f.subject);
}

/* Runs on the worker. */
static void copy_rows(void *arg)
{
	struct job *job = arg;
	uint32_t end = RTE_MIN(job->places, job->at + PLACES_STEP);

	for (job->n = 0; job->at < end && job->n < job->want; job->at++) {
		struct row *r = &job->row[job->n];
		const struct tcp_conn *c = conn_at(job, job->at, &r->relay);

		if (!c)
			continue;
		tcp_conn_local(job->worker->tcp, c, &r->local);
		tcp_conn_remote(c, &r->remote);
		r->state = c->state;
		r->srtt_us = c->srtt;
		r->cwnd = c->cwnd;
		r->rx_bytes = c->rx.bytes;
		r->tx_bytes = c->tx.bytes;
		copy_tls(r, r->relay.tls);
		job->n++;
	}
}

/* "s3" of a front, "objectscale/a" of a back. */
static void put_peer(const struct relay_conn *rc, struct ctl_doc *out)
{
	if (!rc->conn)
		ctl__doc_none(out);
	else if (!rc->back)
		ctl__doc_string(out, "%s", rc->listener);
	else if (!rc->pool || !rc->member)
		ctl__doc_none(out);
	else
		ctl__doc_string(out, "%s/%s", rc->pool, rc->member);
}

static void put_tls(const struct row *r, struct ctl_doc *out)
{
	if (r->version)
		ctl__doc_string(out, "%s %s", r->version, r->cipher);
	else
		ctl__doc_none(out);
	if (r->subject[0])
		ctl__doc_string(out, "%s", r->subject);
	else
		ctl__doc_none(out);
}

static void put_row(
	const struct ctl_core *core, unsigned worker, const struct row *r, struct ctl_doc *out)
{
	ctl__doc_number(out, CTL_COUNT, worker);
	ctl__doc_string(out, "%s", !r->relay.conn ? "tcp" : r->relay.back ? "back" : "front");
	put_peer(&r->relay, out);
	ctl__doc_endpoint(out, &r->remote);
	ctl__doc_endpoint(out, &r->local);
	ctl__doc_string(out, "%s", tcp_state_name(r->state));
	if (r->relay.conn)
		ctl__doc_string(out, "%s", r->relay.state);
	else
		ctl__doc_none(out);
	ctl__doc_number(out, CTL_COUNT, r->relay.requests);
	ctl__doc_number(out, CTL_BYTES, r->relay.req_bytes);
	ctl__doc_number(out, CTL_BYTES, r->relay.rsp_bytes);
	ctl__doc_number(out, CTL_BYTES, r->rx_bytes);
	ctl__doc_number(out, CTL_BYTES, r->tx_bytes);
	ctl__doc_number(out, CTL_BYTES, r->cwnd);
	ctl__doc_number(out, CTL_US, r->srtt_us);
	put_tls(r, out);
}

/* At most limit rows of worker w; returns how many, or -errno with *e set. */
static int put_worker(const struct ctl_core *core, unsigned w, uint32_t limit, struct job *job,
	struct ctl_doc *out, struct err *e)
{
	const struct ctl_worker *worker = &core->sys.workers[w];
	struct tcp_info tcp;
	uint32_t shown = 0;

	tcp_info(worker->tcp, &tcp);
	job->worker = worker;
	job->relay_max = relay_places(worker->relay);
	job->places = job->relay_max + tcp.conns_max;
	for (job->at = 0; job->at < job->places && shown < limit; shown += job->n) {
		job->want = RTE_MIN(limit - shown, (uint32_t)ROWS_STEP);
		if (ctl__on_worker(core, w, copy_rows, job, e) < 0)
			return -ETIMEDOUT;
		for (uint32_t i = 0; i < job->n; i++)
			put_row(core, w, &job->row[i], out);
	}
	return (int)shown;
}

static int limit_parse(struct span arg, uint32_t *limit, struct err *e)
{
	*limit = arg.n ? 0 : LIMIT_DEFAULT;
	for (size_t i = 0; i < arg.n && *limit <= LIMIT_MAX; i++) {
		if (arg.p[i] < '0' || arg.p[i] > '9')
			*limit = LIMIT_MAX + 1;
		else
			*limit = *limit * 10 + (uint32_t)(arg.p[i] - '0');
	}
	if (*limit >= 1 && *limit <= LIMIT_MAX)
		return 0;
	return err_set(e, EINVAL, "\"%.*s\": expected how many to show, 1 to %d", ctl__shown(arg),
		arg.p, LIMIT_MAX);
}

static void put_summary(const struct ctl_core *core, uint32_t shown, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {
		{"shown"}, {"open"}, {"half_open"}, {"time_wait"}};
	uint64_t open = 0, half_open = 0, time_wait = 0;

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		struct tcp_info tcp;

		tcp_info(core->sys.workers[w].tcp, &tcp);
		open += tcp.conns;
		half_open += tcp.syns;
		time_wait += tcp.time_waits;
	}
	CTL_SECTION(out, "summary", CTL_RECORD, columns);
	ctl__doc_number(out, CTL_COUNT, shown);
	ctl__doc_number(out, CTL_COUNT, open);
	ctl__doc_number(out, CTL_COUNT, half_open);
	ctl__doc_number(out, CTL_COUNT, time_wait);
}

int ctl__show_connections(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"worker"}, {"side"}, {"peer", "of"},
		{"remote"}, {"local"}, {"tcp_state", "tcp"}, {"state"}, {"requests"},
		{"request_bytes", "request"}, {"response_bytes", "response"},
		{"rx_queued_bytes", "rx queue"}, {"tx_queued_bytes", "tx queue"},
		{"cwnd_bytes", "cwnd"}, {"srtt_us", "srtt"}, {"tls"}, {"subject"}};
	uint32_t limit, shown = 0;
	struct job *job;
	int rc = 0;

	if (limit_parse(arg, &limit, e) < 0)
		return -EINVAL;
	job = malloc(sizeof(*job));
	if (!job)
		return err_set(e, ENOMEM, "no memory");
	CTL_SECTION(out, "connections", CTL_TABLE, columns);
	for (unsigned w = 0; w < core->sys.n_workers && rc >= 0; w++) {
		rc = put_worker(core, w, limit - shown, job, out, e);
		shown += rc > 0 ? (uint32_t)rc : 0;
	}
	free(job);
	if (rc < 0)
		return rc;
	put_summary(core, shown, out);
	return 0;
}
