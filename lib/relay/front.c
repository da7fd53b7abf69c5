/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's connection.
 *
 *            accept                  first byte            head complete
 *   (free) ---------> FRONT_IDLE ---------------> FRONT_HEAD ---------> FRONT_BUSY
 *                      ^   |  idle-timeout, FIN,       | refused,        |      |
 *                      |   |  drain                    | 408             |      | response whole,
 *                      |   v                           v                 |      | and it may go on
 *                      |  FRONT_LINGER <---------------+-----------------'      |
 *                      |   | FIN, timeout, limit         last response is in tx |
 *                      |   v                                                    |
 *                      | (free)  <-- RST or abort, from every state             |
 *                      `--------------------------------------------------------'
 *
 * A listener with certificates begins with FRONT_HANDSHAKE, which becomes FRONT_IDLE or ends.
 *
 * HANDSHAKE  TLS is not open
 * IDLE    no request; scan.seen is 0 (rx is empty, or was not looked at yet)
 * HEAD    rx begins with a head, scan.seen bytes of it looked at, its end not found
 * BUSY    req is the one request in flight; only it takes from rx, only it gives to tx, so that
 *         requests in a pipeline wait in rx and are answered in order (RFC 9112 9.3.2)
 * LINGER  our FIN follows the last byte of tx; what the client still sends is swallowed, for a
 *         RST could destroy the response before it is read (RFC 9112 9.6)
 *
 * In all states the timer is armed at or before the state's deadline; head bytes at the start of rx
 * belong to req and are taken at the latest when the response begins.
 */
#include "relay/relay_priv.h"

#define LINGER_QUIET_MS 2000  /* nothing came */
#define LINGER_MAX_MS   30000 /* all in all, once the response was acknowledged */
#define DISCARD_MAX     (16u << 20)

static void enter(struct relay *r, struct front *f, enum front_state state)
{
	r->info.fronts_idle += (state == FRONT_IDLE) - (f->state == FRONT_IDLE);
	f->state = (uint8_t)state;
	f->since = f->moved = r->now_ms;
}

/* Free the record; the connection is no longer ours. */
static enum run put(struct relay *r, struct front *f)
{
	r->info.fronts_idle -= f->state == FRONT_IDLE;
	r->info.fronts--;
	wheel_cancel(&r->wheel, &f->timer);
	f->next_free = r->front_free;
	r->front_free = f;
	relay__listener_leave(r, f->listener);
	return RUN_GONE;
}

static void expect_head(struct relay *r, struct front *f)
{
	uint32_t room = f->end.tls ? TLS_RX_LIMIT : r->cfg.conf->tcp.receive_buffer;
	uint32_t limit = RTE_MIN(front_conf(r, f)->head_limit, room);

	http_scan_init(&f->scan, limit, true);
	enter(r, f, FRONT_IDLE);
}

static uint32_t linger_deadline(const struct relay *r, const struct front *f)
{
	if (stream_unacked(&f->end))
		return f->moved + front_conf(r, f)->body_timeout_ms;
	return seq_min(f->moved + LINGER_QUIET_MS, f->since + LINGER_MAX_MS);
}

static uint32_t deadline(const struct relay *r, const struct front *f)
{
	enum relay_stat why;

	switch (f->state) {
	case FRONT_HANDSHAKE:
		return f->since + front_conf(r, f)->handshake_timeout_ms;
	case FRONT_IDLE:
		return f->since + front_conf(r, f)->idle_timeout_ms;
	case FRONT_HEAD:
		return f->since + front_conf(r, f)->head_timeout_ms;
	case FRONT_BUSY:
		return relay__request_deadline(r, f->req, &why);
	}
	return linger_deadline(r, f);
}

static void arm(struct relay *r, struct front *f)
{
	uint32_t at = deadline(r, f);

	/* lazy: a timer that fires too early is armed again then */
	if (!wheel_armed(&f->timer) || seq_lt(at, f->timer.at))
		wheel_arm(&r->wheel, &f->timer, at);
}

enum run relay__front_abort(struct relay *r, struct front *f)
{
	if (f->req) {
		relay__request_leave(r, f->req, LB_CANCEL, false);
		relay__request_put(r, f->req);
	}
	stream_abort(&r->streams, &f->end);
	return put(r, f);
}

enum run relay__front_close(struct relay *r, struct front *f)
{
	stream_shutdown(&r->streams, &f->end);
	enter(r, f, FRONT_LINGER);
	return RUN_AGAIN;
}

enum run relay__front_next(struct relay *r, struct front *f)
{
	expect_head(r, f);
	return RUN_AGAIN;
}

void relay__front_discard(struct relay *r, struct front *f)
{
	uint32_t n = RTE_MIN(stream_rx(&f->end)->bytes, f->discard_left);

	if (n == 0)
		return;
	buf_chain_consume(stream_rx(&f->end), n);
	f->discard_left -= n;
	f->moved = r->now_ms;
	f->listener->stat[RELAY_STAT_bytes_discarded] += n;
	stream_consumed(&r->streams, &f->end);
}

static enum run handshake_run(struct relay *r, struct front *f)
{
	if (f->end.tls->state == TLS_OPEN)
		return relay__front_next(r, f);
	if (!f->eof)
		return RUN_WAIT;
	FRONT_COUNT(r, f, fail_handshake);
	return relay__front_abort(r, f);
}

/* IDLE and HEAD: look for the end of the next head. */
static enum run head_run(struct relay *r, struct front *f)
{
	const struct buf_chain *rx = stream_rx(&f->end);
	int rc;

	if (rx->bytes == f->scan.seen) {
		if (f->eof && f->scan.seen > f->scan.lead)
			return relay__front_fail(r, f, RELAY_STAT_fail_truncated, 0);
		if (f->eof || (relay__ends(r, f->listener) && f->state == FRONT_IDLE))
			return relay__front_close(r, f);
		return RUN_WAIT;
	}
	if (f->state == FRONT_IDLE)
		enter(r, f, FRONT_HEAD);
	rc = relay__scan(&f->scan, rx);
	if (rc < 0)
		return relay__front_refuse(r, f, rc);
	if (rc == 0)
		return RUN_AGAIN; /* to see whether that was all there will be */
	buf_chain_consume(stream_rx(&f->end), f->scan.lead);
	f->head = (uint32_t)rc - f->scan.lead;
	enter(r, f, FRONT_BUSY);
	return relay__request_begin(r, f);
}

static enum run linger_run(struct relay *r, struct front *f)
{
	const struct buf_chain *rx = stream_rx(&f->end);

	relay__front_discard(r, f);
	if (stream_unacked(&f->end))
		f->since = r->now_ms; /* LINGER_MAX_MS begins with the last acknowledgement */
	if (rx->bytes && stream_unacked(&f->end))
		return RUN_WAIT; /* over the limit, but the response shall arrive first */
	if (rx->bytes) {
		FRONT_COUNT(r, f, closed_linger);
		return relay__front_abort(r, f);
	}
	if (!f->eof || stream_unacked(&f->end))
		return RUN_WAIT; /* what it still holds of us counts within the listener's limit */
	stream_release(&r->streams, &f->end); /* tcp sees to it that the FIN arrives */
	return put(r, f);
}

static enum run (*const step[FRONT_STATES])(struct relay *r, struct front *f) = {
	[FRONT_HANDSHAKE] = handshake_run,
	[FRONT_IDLE] = head_run,
	[FRONT_HEAD] = head_run,
	[FRONT_BUSY] = relay__request_run,
	[FRONT_LINGER] = linger_run,
};

void relay__front_run(struct relay *r, struct front *f)
{
	enum run rc;

	do
		rc = step[f->state](r, f);
	while (rc == RUN_AGAIN);
	if (rc == RUN_WAIT)
		arm(r, f);
}

void relay__front_accept(
	struct relay *r, struct relay_listener *l, const struct stream *e, uint8_t events)
{
	struct front *f = r->front_free;

	r->front_free = f->next_free;
	*f = (struct front){.kind = RELAY_FRONT,
		.state = FRONT_BUSY,
		.listener = l,
		.discard_left = DISCARD_MAX,
		.end = *e};
	wheel_node_init(&f->timer, RELAY_FRONT);
	r->info.fronts++;
	e->conn->owner = f;
	if (e->tls)
		enter(r, f, FRONT_HANDSHAKE);
	else
		expect_head(r, f);
	relay__front_event(r, f, events);
}

/* The connection is no more: without a request nobody misses it. */
static void died(struct relay *r, struct front *f)
{
	if (f->req) {
		relay__request_fail(r, f->req, RELAY_STAT_fail_client_reset, 0);
		return;
	}
	if (f->state == FRONT_HANDSHAKE)
		FRONT_COUNT(r, f, fail_handshake);
	stream_release(&r->streams, &f->end);
	put(r, f);
}

void relay__front_event(struct relay *r, struct front *f, uint8_t events)
{
	events = stream_events(&f->end, events, true);
	if (events & TCP_EV_DEAD) {
		died(r, f);
		return;
	}
	if ((events & STREAM_EV_TORN) && !f->eof && f->state != FRONT_HANDSHAKE)
		FRONT_COUNT(r, f, torn);
	f->eof |= (events & (TCP_EV_FIN | STREAM_EV_TORN)) != 0;
	if (events & TCP_EV_WRITABLE) {
		f->moved = r->now_ms;
		if (f->req && f->req->state == REQ_RESPONSE)
			f->req->moved = r->now_ms;
	}
	relay__front_run(r, f);
}

/* The linger time is over. Unacknowledged bytes: the client does not read, and never will. */
static enum run linger_expired(struct relay *r, struct front *f)
{
	if (stream_unacked(&f->end)) {
		FRONT_COUNT(r, f, closed_linger);
		return relay__front_abort(r, f);
	}
	stream_release(&r->streams, &f->end);
	return put(r, f);
}

static enum run expired(struct relay *r, struct front *f)
{
	switch (f->state) {
	case FRONT_HANDSHAKE:
		FRONT_COUNT(r, f, fail_handshake);
		return relay__front_abort(r, f);
	case FRONT_IDLE:
		FRONT_COUNT(r, f, closed_idle);
		return relay__front_close(r, f);
	case FRONT_HEAD:
		return relay__front_fail(r, f, RELAY_STAT_fail_head_timeout, 0);
	case FRONT_BUSY:
		return relay__request_expired(r, f->req);
	}
	return linger_expired(r, f);
}

void relay__front_expired(struct relay *r, struct front *f)
{
	enum run rc = RUN_WAIT;

	if (seq_geq(r->now_ms, deadline(r, f)))
		rc = expired(r, f);
	if (rc == RUN_AGAIN)
		relay__front_run(r, f);
	else if (rc == RUN_WAIT)
		arm(r, f);
}

void relay__front_drain(struct relay *r, struct front *f)
{
	if (f->state == FRONT_IDLE)
		relay__front_run(r, f);
}
