/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bare bytes: between a client and a member (mode = splice), the same of a pool that the client's
 * TLS hello names (mode = sni), or from a client back to itself (mode = echo).
 *
 *            accept                 established
 *   (free) ---------> SPLICE_CONNECT ---------> SPLICE_OPEN
 *     ^                |  refused, late: next     |  both directions whole; an end lost and what
 *     |                |  member; nobody left,    |  it had sent delivered; no progress in time
 *     `----------------+  client lost             |
 *     `-------------------------------------------'     echo: from accept straight to SPLICE_OPEN
 *
 * A listener with certificates begins with SPLICE_HANDSHAKE: nobody is connected to a member before
 * TLS knows who it is. One of mode = sni begins with SPLICE_HELLO: nobody knows to which.
 *
 * HANDSHAKE  the client's TLS is not open
 * HELLO    what the client says first stays in front.rx, where it is looked at but not changed,
 *          until the name in it is known (RFC 6066 3); then it goes to the member like all else
 * CONNECT  the way to a member, begun at once, because in many protocols the server speaks first;
 *          what the client sends meanwhile, its FIN included, waits in front.rx
 * OPEN     bytes go from one end's rx to the other's tx by pointer, while that has room. An echo
 *          has one end, which is its own other. why: an end was lost, and this is its code.
 *
 * Whatever ends a direction follows its last byte: FIN at once, for the directions close apart;
 * RST when that byte was acknowledged, for it would overtake all that is queued. As long as bytes
 * move nothing is too late, half-closed or not.
 */
#include <errno.h>

#include "base/assert.h"
#include "relay/relay_priv.h"
#include "tls/tls_hello.h"

static const uint8_t lost[SIDES] = {
	[SIDE_FRONT] = RELAY_STAT_fail_client_reset,
	[SIDE_BACK] = RELAY_STAT_fail_rsp_broken,
};

static const struct conf_listener *splice_conf(const struct relay *r, const struct splice *s)
{
	return s->listener->conf;
}

static unsigned other(const struct splice *s, unsigned side)
{
	return s->ends - 1u - side;
}

/* ---- the end ---- */

/* LB_COMPLETE: what is queued is still delivered; else RST. A dead one is freed in any case. */
static void end_close(struct relay *r, struct splice *s, unsigned side, enum lb_outcome outcome)
{
	if (outcome == LB_COMPLETE)
		stream_release(&r->streams, &s->end[side]);
	else
		stream_abort(&r->streams, &s->end[side]);
}

/* The member has no more to do with s. */
static void leave(struct relay *r, struct splice *s, enum lb_outcome outcome)
{
	const struct lb_result res = {.outcome = outcome,
		.bytes_out = s->given[SIDE_BACK],
		.bytes_in = s->given[SIDE_FRONT],
		.total_us = r->now - s->begun};

	if (!s->end[SIDE_BACK].conn)
		return;
	lb_done(r->cfg.lb, s->pool, s->member, &res, r->now);
	end_close(r, s, SIDE_BACK, outcome);
	r->info.splice_backs--;
}

static enum run put(struct relay *r, struct splice *s, enum lb_outcome outcome)
{
	leave(r, s, outcome);
	end_close(r, s, SIDE_FRONT, outcome);
	if (s->pool)
		lb_pool_put(r->cfg.lb, s->pool);
	wheel_cancel(&r->wheel, &s->timer);
	r->info.splices--;
	s->next_free = r->splice_free;
	r->splice_free = s;
	relay__listener_leave(r, s->listener);
	return RUN_GONE;
}

static enum run finish(struct relay *r, struct splice *s, enum relay_stat why)
{
	s->listener->stat[why]++;
	return put(r, s, relay__outcome(why));
}

enum run relay__splice_abort(struct relay *r, struct splice *s)
{
	return put(r, s, LB_CANCEL);
}

/* ---- CONNECT ---- */

static int attach(struct relay *r, struct splice *s, unsigned member)
{
	struct lb_pool *pool = s->pool;
	int error;

	error = relay__connect_end(r, pool, member, s, &s->end[SIDE_BACK]);
	if (error)
		return error;
	s->member = (uint16_t)member;
	s->dead[SIDE_BACK] = false;
	s->moved = r->now_ms;
	r->info.splice_backs++;
	FRONT_COUNT(r, s, back_opened);
	if (s->retries)
		FRONT_COUNT(r, s, retries);
	lb_start(r->cfg.lb, pool, member, CONF_SIZE_UNKNOWN, r->now);
	return 0;
}

/* Find a member and begin the way to it. */
static enum run route(struct relay *r, struct splice *s)
{
	struct lb_pool *pool = s->pool;
	struct lb_ask ask = {.tried = &s->tried};
	int m, error;

	do {
		m = lb_pick(r->cfg.lb, pool, &ask, r->now);
		if (m < 0)
			break;
		error = attach(r, s, (unsigned)m);
		if (error == 0)
			return RUN_WAIT;
		if (error != EHOSTUNREACH)
			return finish(r, s, RELAY_STAT_fail_full);
		lb_connect_failed(r->cfg.lb, pool, (unsigned)m, r->now);
	} while (relay__another(pool, &s->tried, &s->retries, (unsigned)m));
	return finish(r, s, RELAY_STAT_fail_no_member);
}

/* The connect was refused, found no way, or took too long. */
static enum run connect_failed(struct relay *r, struct splice *s)
{
	struct lb_pool *pool = s->pool;

	if (stream_half_up(&s->end[SIDE_BACK]))
		FRONT_COUNT(r, s, back_handshake);
	lb_connect_failed(r->cfg.lb, pool, s->member, r->now);
	leave(r, s, LB_REFUSED);
	if (!relay__another(pool, &s->tried, &s->retries, s->member))
		return finish(r, s, RELAY_STAT_fail_no_member);
	return route(r, s);
}

static enum run connect_run(struct relay *r, struct splice *s)
{
	if (s->dead[SIDE_FRONT])
		return finish(r, s, RELAY_STAT_fail_client_reset);
	if (!s->end[SIDE_BACK].conn)
		return route(r, s);
	return s->dead[SIDE_BACK] ? connect_failed(r, s) : RUN_WAIT;
}

/* ---- HANDSHAKE ---- */

static enum run handshake_run(struct relay *r, struct splice *s)
{
	if (s->dead[SIDE_FRONT])
		return finish(r, s, RELAY_STAT_fail_handshake);
	if (s->end[SIDE_FRONT].tls->state != TLS_OPEN)
		return RUN_WAIT;
	s->moved = r->now_ms;
	s->state = s->ends == 1 ? SPLICE_OPEN : SPLICE_CONNECT;
	return RUN_AGAIN;
}

/* ---- HELLO ---- */

/* The alert, then FIN; what the client sent is dropped, else an RST would overtake them. */
static enum run refuse(struct relay *r, struct splice *s, enum relay_stat why, uint8_t alert)
{
	struct stream *e = &s->end[SIDE_FRONT];
	uint8_t record[TLS_HELLO_ALERT];
	struct buf_chain out = {0};

	s->listener->stat[why]++;
	tls_hello_refuse(alert, record);
	if (buf_chain_write(&out, record, sizeof(record), r->cfg.pools->data) < 0 ||
		stream_send(&r->streams, e, &out) < 0) {
		buf_chain_free(&out);
		return put(r, s, LB_CANCEL);
	}
	buf_chain_free(stream_rx(e));
	return put(r, s, LB_COMPLETE);
}

/* The pool for a client's name, "" if it gave none; -1: nobody has it. */
static int pool_of(const struct conf_listener *l, const char *name)
{
	for (unsigned i = 0; i < l->n_server_names; i++)
		if (conf_server_name_fits(l->server_names[i].name, name))
			return (int)l->server_names[i].pool;
	return l->pool_name ? (int)l->pool : -1;
}

/* tls_hello_parse(), but not again before there is what it asked for. */
static int hello_look(struct relay *r, const struct splice *s, struct tls_hello *out)
{
	const struct buf_chain *rx = stream_rx(&s->end[SIDE_FRONT]);
	uint32_t n = RTE_MIN(rx->bytes, (uint32_t)TLS_HELLO_MAX);

	if (n < s->need)
		return (int)s->need;
	return tls_hello_parse(
		(struct span){buf_chain_peek(rx, n, r->in), n}, (uint8_t *)r->out, out);
}

static enum run hello_run(struct relay *r, struct splice *s)
{
	struct tls_hello hello;
	int rc, pool;

	if (s->dead[SIDE_FRONT])
		return finish(r, s, RELAY_STAT_fail_client_reset);
	rc = hello_look(r, s, &hello);
	if (rc < 0)
		return refuse(r, s, RELAY_STAT_fail_hello, hello.alert);
	if (rc > 0 && s->eof[SIDE_FRONT])
		return refuse(r, s, RELAY_STAT_fail_hello, TLS_HELLO_DECODE_ERROR);
	s->need = (uint16_t)rc;
	if (rc > 0)
		return RUN_WAIT;
	pool = pool_of(splice_conf(r, s), hello.name);
	if (pool < 0)
		return refuse(r, s, RELAY_STAT_fail_name, TLS_HELLO_UNRECOGNIZED_NAME);
	s->pool = lb_pool_get(relay__pool(s->listener, (unsigned)pool));
	s->moved = r->now_ms;
	s->state = SPLICE_CONNECT;
	return RUN_AGAIN;
}

/* ---- OPEN ---- */

/* What may go while there is so much room: whole segments, for a cut inside one would cost a
 * slice. So tx exceeds its budget by one at most. */
static uint32_t fitting(const struct buf_chain *rx, uint32_t room)
{
	struct buf_cursor last;

	if (room == 0 || rx->bytes <= room)
		return RTE_MIN(room, rx->bytes);
	last = buf_chain_seek(rx, room - 1);
	return room - 1 + last.seg->data_len - last.off;
}

/* Move the first n bytes, which end with a segment. 0 or -errno of end_send, nothing moved. */
static int move(struct relay *r, struct stream *from, struct stream *to, uint32_t n)
{
	struct rte_mempool *indirect = r->cfg.pools->indirect;
	struct buf_chain part = {0};
	int rc = buf_chain_split(&part, stream_rx(from), n, indirect);

	ASSERT(rc == 0, "a cut between segments costs nothing");
	rc = stream_send(&r->streams, to, &part);
	if (rc == 0) {
		stream_consumed(&r->streams, from);
		return 0;
	}
	buf_chain_move(&part, stream_rx(from), indirect); /* that cut again: succeeds */
	*stream_rx(from) = part;
	return rc;
}

/* n bytes went from one side to another; an echo's are both taken and given. */
static void note_moved(struct relay *r, struct splice *s, unsigned from, unsigned to, uint32_t n)
{
	uint64_t *stat = s->listener->stat;

	s->given[to] += n;
	s->moved = r->now_ms;
	if (from == SIDE_FRONT)
		stat[RELAY_STAT_bytes_req] += n;
	if (to == SIDE_FRONT)
		stat[RELAY_STAT_bytes_rsp] += n;
}

/* All that may go from this end to its other. 0; -ENOMEM: try again. */
static int pass(struct relay *r, struct splice *s, unsigned side)
{
	struct stream *from = &s->end[side], *to = &s->end[other(s, side)];
	uint32_t n = fitting(stream_rx(from), stream_room(&r->streams, to));
	int rc = n ? move(r, from, to, n) : 0;

	if (rc < 0)
		return rc == -ENOMEM ? rc : 0; /* else it is dead: that will be told */
	if (n)
		note_moved(r, s, side, other(s, side), n);
	if (s->eof[side] && stream_rx(from)->bytes == 0)
		stream_shutdown(&r->streams, to);
	return 0;
}

/* Every direction has ended and all its bytes were acknowledged. */
static bool is_whole(const struct splice *s)
{
	for (unsigned i = 0; i < s->ends; i++)
		if (!s->eof[i] || stream_rx(&s->end[i])->bytes || stream_unacked(&s->end[i]))
			return false;
	return true;
}

static bool is_left(const struct stream *e)
{
	return stream_rx(e)->bytes || stream_pending(e);
}

/* One end is lost: is there something of it that the other has not got yet? */
static bool is_owed(const struct splice *s)
{
	for (unsigned i = 0; i < s->ends; i++)
		if (!s->dead[i] && (stream_unacked(&s->end[i]) || is_left(&s->end[other(s, i)])))
			return true;
	return false;
}

static enum run open_run(struct relay *r, struct splice *s)
{
	s->stalled = false;
	for (unsigned i = 0; i < s->ends; i++) {
		s->stalled |= pass(r, s, i) < 0;
		if (s->dead[i] && !s->why)
			s->why = lost[i];
	}
	if (s->stalled)
		FRONT_COUNT(r, s, stalled);
	if (is_whole(s))
		return finish(r, s, RELAY_STAT_spliced);
	if (s->why && !is_owed(s))
		return finish(r, s, s->why);
	return RUN_WAIT;
}

/* ---- events and time ---- */

/* Who holds things up? SIDES: nobody, there is nothing to be done. */
static unsigned debtor(const struct splice *s)
{
	for (unsigned i = 0; i < s->ends; i++)
		if (stream_unacked(&s->end[i]))
			return i;
	return SIDES;
}

static uint32_t deadline(const struct relay *r, const struct splice *s)
{
	const struct conf_listener *l = splice_conf(r, s);

	if (s->state == SPLICE_HANDSHAKE || s->state == SPLICE_HELLO)
		return s->moved + l->handshake_timeout_ms;
	if (s->state == SPLICE_CONNECT)
		return s->moved + s->pool->conf->connect_timeout_ms;
	return s->moved + (debtor(s) < SIDES ? l->body_timeout_ms : l->idle_timeout_ms);
}

static enum run expired(struct relay *r, struct splice *s)
{
	static const uint8_t slow[SIDES + 1] = {
		RELAY_STAT_fail_client_slow, RELAY_STAT_fail_member_slow, RELAY_STAT_closed_idle};

	if (s->state == SPLICE_HANDSHAKE)
		return finish(r, s, RELAY_STAT_fail_handshake);
	if (s->state == SPLICE_HELLO)
		return finish(r, s, RELAY_STAT_fail_hello);
	if (s->state == SPLICE_CONNECT)
		return connect_failed(r, s);
	return finish(r, s, s->why ? s->why : slow[debtor(s)]);
}

/* Lazy: a timer that fires too early is armed again then. Without a buffer, soon. */
static void arm(struct relay *r, struct splice *s)
{
	uint32_t at = s->stalled ? r->now_ms + 1 : deadline(r, s);

	if (!wheel_armed(&s->timer) || seq_lt(at, s->timer.at))
		wheel_arm(&r->wheel, &s->timer, at);
}

static enum run (*const step[SPLICE_STATES])(struct relay *r, struct splice *s) = {
	[SPLICE_HANDSHAKE] = handshake_run,
	[SPLICE_HELLO] = hello_run,
	[SPLICE_CONNECT] = connect_run,
	[SPLICE_OPEN] = open_run,
};

static void run(struct relay *r, struct splice *s, enum run rc)
{
	while (rc == RUN_AGAIN)
		rc = step[s->state](r, s);
	if (rc == RUN_WAIT)
		arm(r, s);
}

void relay__splice_expired(struct relay *r, struct splice *s)
{
	bool late = seq_geq(r->now_ms, deadline(r, s));

	run(r, s, late ? expired(r, s) : RUN_AGAIN);
}

void relay__splice_event(struct relay *r, struct tcp_conn *c, uint8_t events)
{
	struct splice *s = c->owner;
	struct stream *e = splice_end(s, c);
	unsigned side = (unsigned)(e - s->end);
	bool up = side == SIDE_FRONT || s->state == SPLICE_OPEN;

	events = stream_events(e, events, up);
	if ((events & STREAM_EV_TORN) && side == SIDE_FRONT && !s->dead[side] &&
		s->state != SPLICE_HANDSHAKE)
		FRONT_COUNT(r, s, torn);
	s->eof[side] |= (events & TCP_EV_FIN) != 0;
	s->dead[side] |= (events & (TCP_EV_DEAD | STREAM_EV_TORN)) != 0;
	if (events & TCP_EV_ESTABLISHED) { /* the back: from now on no other will do */
		lb_connected(r->cfg.lb, s->pool, s->member, r->now);
		s->state = SPLICE_OPEN;
	}
	if (s->state == SPLICE_OPEN && events & (TCP_EV_ESTABLISHED | TCP_EV_WRITABLE))
		s->moved = r->now_ms;
	run(r, s, RUN_AGAIN);
}

static enum splice_state state_first(const struct relay_listener *l, const struct stream *e)
{
	if (e->tls)
		return SPLICE_HANDSHAKE;
	if (l->conf->mode == CONF_MODE_SNI)
		return SPLICE_HELLO;
	return l->conf->mode == CONF_MODE_ECHO ? SPLICE_OPEN : SPLICE_CONNECT;
}

void relay__splice_accept(
	struct relay *r, struct relay_listener *l, const struct stream *e, uint8_t events)
{
	struct splice *s = r->splice_free;

	r->splice_free = s->next_free;
	*s = (struct splice){.kind = RELAY_SPLICE,
		.state = (uint8_t)state_first(l, e),
		.ends = l->conf->mode == CONF_MODE_ECHO ? 1 : 2,
		.listener = l,
		.moved = r->now_ms,
		.need = 1,
		.end = {*e},
		.begun = r->now};
	if (l->conf->mode == CONF_MODE_SPLICE)
		s->pool = lb_pool_get(relay__pool(l, l->conf->pool));
	wheel_node_init(&s->timer, RELAY_SPLICE);
	r->info.splices++;
	e->conn->owner = s;
	relay__splice_event(r, e->conn, events);
}
