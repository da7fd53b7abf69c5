/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A connection of a node: one request after the other, each with its response.
 *
 *   (accept) --> HEAD --complete--> BODY --over--> WAIT --due--> SEND --all queued--> HEAD
 *                  | no body: straight to WAIT                     | close
 *                  `--not HTTP: 400--------------------> WAIT      `--> CLOSE --> (free)
 *
 * HEAD   rx begins with a head, scan.seen bytes of it looked at
 * BODY   rx begins with bytes of the body; out: the response, where it does not depend on that
 * WAIT   the response is in out, left is what follows of the object; nothing before `due`
 * SEND   out was sent; left bytes from off on follow as there is room, slowly or not to the end
 *        where a fault has it so; then what is in rx is the next request (RFC 9112 9.3.2)
 * CLOSE  our FIN follows; what still comes is swallowed until the client's FIN
 * DEAF   from the beginning, where a fault has it so: what comes is swallowed, nothing is said
 *
 * The timer is armed while `due` is ahead.
 */
#include "origin_priv.h"

#define RETRY_US 1000u    /* when buffers were short */
#define CLOSE_US 2000000u /* for the client's FIN */
#define DRIP_US  10000u   /* between two pieces of a slow body */
#define SLICE    (256u << 10)
#define HEAD_CUT 40u /* bytes of a head that is cut: fewer than any has */
#define CONTINUE "HTTP/1.1 100 Continue\r\n\r\n"
#define NEVER    UINT64_MAX

static enum run wait_until(struct origin *o, struct flow *f, clock_us_t at)
{
	f->due = at;
	origin_arm(o, f, at);
	return RUN_WAIT;
}

void flow_begin(struct flow *f)
{
	http_scan_init(&f->scan, ORIGIN_HEAD_MAX, true);
	f->fault = FAULT_NONE;
	f->again = f->expects = false;
	f->left = 0;
	f->until_strike = NEVER;
	f->due = 0;
	f->state = FLOW_HEAD;
}

/* Of the response there is only the beginning. Without buffers it is whole. */
static void cut(struct origin *o, struct flow *f)
{
	struct buf_chain head = {0};

	if (buf_chain_split(&head, &f->out, HEAD_CUT, o->g->pools.indirect) < 0)
		return;
	buf_chain_free(&f->out);
	f->out = head;
	f->left = f->until_strike = 0;
	origin_count(o, ORIGIN_STAT_fault_reset_head);
}

/* The response is in f->out; when does it go? */
static enum run respond(struct origin *o, struct flow *f)
{
	uint32_t us = fault_time(f->node->service, &o->g->rnd);
	unsigned seats = f->node->conf->seats;
	clock_us_t due = o->now + us;

	if (seats > 0)
		due = f->fault == FAULT_SLOW_DOWN
			      ? o->now
			      : fault_seat_take(&f->node->seats, seats, o->now, us);
	if (f->fault == FAULT_RESET_HEAD)
		cut(o, f);
	f->state = FLOW_WAIT;
	if (due > o->now)
		return wait_until(o, f, due);
	f->due = 0;
	return RUN_AGAIN;
}

/* Not HTTP: nobody knows where the next request would begin. */
static enum run refuse(struct origin *o, struct flow *f)
{
	struct answer a = {.code = ANSWER_BAD_REQUEST};

	origin_count(o, ORIGIN_STAT_refused);
	f->close = true;
	f->to_head = false;
	f->name.bucket = f->name.key = 0;
	if (!serve_answer(o, f, &a))
		return origin_drop(o, f, true);
	return respond(o, f);
}

static enum run body_over(struct origin *o, struct flow *f)
{
	f->again = !serve_end(o, f);
	return f->again ? wait_until(o, f, o->now + RETRY_US) : respond(o, f);
}

/* The head is parsed, its bytes are gone; a body follows. Does the client wait for us? */
static enum run body_begin(struct origin *o, struct flow *f)
{
	struct buf_chain c = {0};

	f->state = FLOW_BODY;
	if (!f->expects)
		return RUN_AGAIN;
	if (f->out.bytes > 0) { /* a final status; the client may send the body all the same */
		f->close = true;
		return respond(o, f);
	}
	f->expects = false;
	/* without buffers: it sends after a while without this (RFC 9110 10.1.1) */
	if (buf_chain_write(&c, CONTINUE, sizeof(CONTINUE) - 1, o->g->pools.data) == 0 &&
		stream_send(&o->g->streams, &f->side.stream, &c) < 0)
		buf_chain_free(&c);
	return RUN_AGAIN;
}

static int scan(struct http_scan *s, const struct buf_chain *rx)
{
	struct buf_cursor at = buf_chain_seek(rx, s->seen);
	int rc = 0;

	for (; at.seg && rc == 0; at = (struct buf_cursor){at.seg->next, 0})
		rc = http_scan(s, rte_pktmbuf_mtod_offset(at.seg, const char *, at.off),
			at.seg->data_len - at.off);
	return rc;
}

/* Would it wait too long to be served? */
static bool is_full(const struct origin *o, const struct node *n)
{
	return n->conf->seats > 0 &&
	       fault_seat_free(&n->seats, n->conf->seats) > o->now + n->conf->patience_us;
}

/* The n bytes of a head begin rx. */
static enum run head_over(struct origin *o, struct flow *f, uint32_t n)
{
	struct buf_chain *rx = stream_rx(&f->side.stream);
	enum answer_code code;

	if (http_req_parse(&o->head, buf_chain_peek(rx, n, o->head_text), n) < 0)
		return refuse(o, f);
	origin_count(o, ORIGIN_STAT_requests);
	o->serial++;
	code = request_parse(&o->req, &o->head);
	f->to_head = o->head.method == HTTP_HEAD;
	f->close = !http_head_persists(&o->head);
	f->fault = (uint8_t)(is_full(o, f->node) ? FAULT_SLOW_DOWN
						 : fault_draw(&f->node->conf->fault, &o->g->rnd));
	payload_init(&f->payload, &o->head, o->req.aws_chunked);
	f->expects = o->head.expect_continue && !payload_over(&f->payload) && rx->bytes == n;
	if (!serve_head(o, f, code))
		return origin_drop(o, f, true);
	buf_chain_consume(rx, n);
	stream_consumed(&o->g->streams, &f->side.stream);
	return payload_over(&f->payload) ? body_over(o, f) : body_begin(o, f);
}

static enum run head_run(struct origin *o, struct flow *f)
{
	struct buf_chain *rx = stream_rx(&f->side.stream);
	int rc = rx->bytes > f->scan.seen ? scan(&f->scan, rx) : 0;

	if (rc == 0)
		return f->eof ? origin_drop(o, f, false) : RUN_WAIT;
	if (rc < 0)
		return refuse(o, f);
	buf_chain_consume(rx, f->scan.lead);
	return head_over(o, f, (uint32_t)rc - f->scan.lead);
}

static enum run body_run(struct origin *o, struct flow *f)
{
	struct buf_chain *rx = stream_rx(&f->side.stream);
	struct buf_cursor at = buf_chain_seek(rx, 0);
	uint32_t taken = 0;
	struct span piece;

	if (f->again)
		return o->now < f->due ? RUN_WAIT : body_over(o, f);
	while (payload_next(&f->payload, &at, &taken, &piece))
		serve_content(o, f, piece);
	if (taken > 0) {
		buf_chain_consume(rx, taken);
		stream_consumed(&o->g->streams, &f->side.stream);
	}
	if (payload_over(&f->payload))
		return body_over(o, f);
	if (!f->payload.bad)
		return f->eof ? origin_drop(o, f, true) : RUN_WAIT;
	origin_count(o, ORIGIN_STAT_refused);
	f->close = true;
	return body_over(o, f);
}

static enum run wait_run(struct origin *o, struct flow *f)
{
	if (o->now < f->due)
		return RUN_WAIT;
	if (stream_send(&o->g->streams, &f->side.stream, &f->out) < 0)
		return origin_drop(o, f, true);
	f->state = FLOW_SEND;
	return RUN_AGAIN;
}

/* One byte that is wrong. */
static enum run corrupt(struct origin *o, struct flow *f)
{
	struct buf_chain c = {0};
	uint8_t byte;

	body_copy(o->g->body, f->object, f->off, 1, &byte);
	byte = (uint8_t)~byte;
	if (buf_chain_write(&c, &byte, 1, o->g->pools.data) < 0)
		return wait_until(o, f, o->now + RETRY_US);
	if (stream_send(&o->g->streams, &f->side.stream, &c) < 0)
		buf_chain_free(&c);
	f->off++;
	f->left--;
	return RUN_AGAIN;
}

/* The fault's moment has come. */
static enum run strike(struct origin *o, struct flow *f)
{
	enum run run = RUN_AGAIN;

	switch ((enum fault_kind)f->fault) {
	case FAULT_RESET_HEAD:
	case FAULT_RESET: /* behind what the client has got */
		return stream_unacked(&f->side.stream) ? RUN_WAIT : origin_drop(o, f, true);
	case FAULT_TRUNCATE:
		f->left = 0;
		f->close = true;
		break;
	case FAULT_CORRUPT:
		run = corrupt(o, f);
		break;
	case FAULT_STALL:
		run = wait_until(o, f, o->now + f->node->conf->fault.stall_ms * 1000ull);
		break;
	default:
		break;
	}
	if (run == RUN_AGAIN || f->fault == FAULT_STALL)
		f->until_strike = NEVER;
	return run;
}

/* How many of the object's bytes may be queued now. */
static uint32_t allowed(const struct origin *o, const struct flow *f)
{
	uint64_t n = RTE_MIN(stream_room(&o->g->streams, &f->side.stream), SLICE);

	n = RTE_MIN(n, RTE_MIN(f->left, f->until_strike));
	if (f->fault == FAULT_DRIP)
		n = RTE_MIN(n, RTE_MAX(f->node->conf->fault.drip_rate * DRIP_US / 1000000, 1u));
	return (uint32_t)n;
}

static enum run fill(struct origin *o, struct flow *f)
{
	uint32_t n = allowed(o, f);
	struct buf_chain c = {0};

	if (n == 0)
		return RUN_WAIT;
	if (body_slice(o->g->body, f->object, f->off, n, &c, o->g->pools.indirect) < 0)
		return wait_until(o, f, o->now + RETRY_US);
	if (stream_send(&o->g->streams, &f->side.stream, &c) < 0) {
		buf_chain_free(&c);
		return origin_drop(o, f, true);
	}
	f->off += n;
	f->left -= n;
	if (f->until_strike != NEVER)
		f->until_strike -= n;
	o->stat[ORIGIN_STAT_bytes_out] += n;
	return f->fault == FAULT_DRIP && f->left ? wait_until(o, f, o->now + DRIP_US) : RUN_AGAIN;
}

static enum run send_run(struct origin *o, struct flow *f)
{
	if (o->now < f->due)
		return RUN_WAIT;
	if (f->until_strike == 0)
		return strike(o, f);
	if (f->left > 0)
		return fill(o, f);
	if (!f->close) {
		flow_begin(f);
		return RUN_AGAIN;
	}
	stream_shutdown(&o->g->streams, &f->side.stream);
	f->state = FLOW_CLOSE;
	wait_until(o, f, o->now + CLOSE_US);
	return RUN_AGAIN;
}

static enum run close_run(struct origin *o, struct flow *f)
{
	buf_chain_consume(stream_rx(&f->side.stream), stream_rx(&f->side.stream)->bytes);
	stream_consumed(&o->g->streams, &f->side.stream);
	if (f->eof)
		return origin_drop(o, f, false);
	if (o->now < f->due)
		return RUN_WAIT;
	if (stream_unacked(&f->side.stream)) /* a slow reader; tcp gives up when nothing moves */
		return wait_until(o, f, o->now + CLOSE_US);
	return origin_drop(o, f, false);
}

static enum run deaf_run(struct origin *o, struct flow *f)
{
	buf_chain_consume(stream_rx(&f->side.stream), stream_rx(&f->side.stream)->bytes);
	stream_consumed(&o->g->streams, &f->side.stream);
	return f->eof ? origin_drop(o, f, false) : RUN_WAIT;
}

void flow_run(struct origin *o, struct flow *f)
{
	static enum run (*const step[FLOW_STATES])(struct origin *, struct flow *) = {
		[FLOW_HEAD] = head_run,
		[FLOW_BODY] = body_run,
		[FLOW_WAIT] = wait_run,
		[FLOW_SEND] = send_run,
		[FLOW_CLOSE] = close_run,
		[FLOW_DEAF] = deaf_run,
	};

	while (step[f->state](o, f) == RUN_AGAIN)
		;
}
