/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scoreboard: what became of the bytes in flight, as runs.
 *
 *            sent            RACK, RTO
 *      ----------> OUT -----------------> LOST
 *                  ^  \                  /  |
 *        sent again|   \ SACK      SACK /   | sent again, or spurious
 *                  |    `--> SACKED <--'    |
 *                  `------------------------'
 *
 * True between calls:
 *   runs tile [snd_una, snd_nxt): each ends where the next begins, none is empty
 *   each lies in exactly one queue, that of its state; bytes[state] is the queue's sum
 *   queue[OUT] is sorted by sent_us; neighbours that are SACKED are one run
 * Runs come from the instance's pool, which keeps TCP_RUNS_EACH for every flight. Splitting one
 * needs another: where none is left, a SACK block is not believed yet, and new bytes join the last
 * run. After a timeout neighbours join, so that every flight can always go on with its own.
 */
#include "tcp/tcp_priv.h"

#define STEPS_MAX 512 /* of one SACK block through the runs (CVE-2019-11478) */

static struct tcp_run *run_at(const struct tcp *t, uint32_t i)
{
	return i ? &t->run[i - 1] : NULL;
}

static uint32_t run_index(const struct tcp *t, const struct tcp_run *r)
{
	return r ? (uint32_t)(r - t->run) + 1 : 0;
}

static uint32_t run_len(const struct tcp_run *r)
{
	return r->end - r->start;
}

/* May f have one more run? Those that others are sure of are not for it. */
static bool run_left(const struct tcp *t, const struct tcp_flight *f)
{
	return f->n_runs < TCP_RUNS_EACH || t->runs_free > t->runs_kept;
}

/* A blank run behind prev (NULL: first of all), in no queue yet; NULL: none is left. */
static struct tcp_run *run_get(struct tcp *t, struct tcp_flight *f, struct tcp_run *prev)
{
	struct tcp_run *r = run_at(t, t->run_free), *next;

	if (!run_left(t, f))
		return NULL;
	t->runs_kept -= f->n_runs++ < TCP_RUNS_EACH;
	t->run_free = r->next;
	t->runs_free--;
	next = run_at(t, prev ? prev->next : f->runs.head);
	*r = (struct tcp_run){.prev = run_index(t, prev), .next = run_index(t, next)};
	if (prev)
		prev->next = run_index(t, r);
	else
		f->runs.head = run_index(t, r);
	if (next)
		next->prev = run_index(t, r);
	else
		f->runs.tail = run_index(t, r);
	return r;
}

static void run_put(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	struct tcp_run *prev = run_at(t, r->prev), *next = run_at(t, r->next);

	if (f->hint == run_index(t, r))
		f->hint = r->next ? r->next : r->prev;
	if (prev)
		prev->next = r->next;
	else
		f->runs.head = r->next;
	if (next)
		next->prev = r->prev;
	else
		f->runs.tail = r->prev;
	r->next = t->run_free;
	t->run_free = run_index(t, r);
	t->runs_free++;
	t->runs_kept += --f->n_runs < TCP_RUNS_EACH;
}

/* Off the queue of its state. */
static void leave(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	struct tcp_queue *q = &f->queue[r->state];

	f->bytes[r->state] -= run_len(r);
	if (r->q_prev)
		run_at(t, r->q_prev)->q_next = r->q_next;
	else
		q->head = r->q_next;
	if (r->q_next)
		run_at(t, r->q_next)->q_prev = r->q_prev;
	else
		q->tail = r->q_prev;
}

/* Into the queue of that state, behind `after` (NULL: in front of all). */
static void enter_behind(struct tcp *t, struct tcp_flight *f, struct tcp_run *r, uint8_t state,
	struct tcp_run *after)
{
	struct tcp_queue *q = &f->queue[state];

	r->state = state;
	f->bytes[state] += run_len(r);
	r->q_prev = run_index(t, after);
	r->q_next = after ? after->q_next : q->head;
	if (after)
		after->q_next = run_index(t, r);
	else
		q->head = run_index(t, r);
	if (r->q_next)
		run_at(t, r->q_next)->q_prev = run_index(t, r);
	else
		q->tail = run_index(t, r);
}

static void enter(struct tcp *t, struct tcp_flight *f, struct tcp_run *r, uint8_t state)
{
	enter_behind(t, f, r, state, run_at(t, f->queue[state].tail));
}

static void cursor_move(struct buf_cursor *at, uint32_t n)
{
	while (at->seg && n >= at->seg->data_len - at->off) {
		n -= at->seg->data_len - at->off;
		*at = (struct buf_cursor){at->seg->next, 0};
	}
	if (at->seg)
		at->off += n;
}

/* Cut r at seq, which lies inside it. The second part, alike but for its place; NULL: no run. */
static struct tcp_run *split(struct tcp *t, struct tcp_flight *f, struct tcp_run *r, uint32_t seq)
{
	struct tcp_run *n = run_get(t, f, r), links;

	if (!n)
		return NULL;
	links = *n;
	*n = *r;
	n->next = links.next;
	n->prev = links.prev;
	n->start = seq;
	cursor_move(&n->at, seq - r->start);
	f->bytes[r->state] -= n->end - seq;
	r->end = seq;
	enter_behind(t, f, n, r->state, r);
	return n;
}

/* Join r with the run before it, which is alike. The run that holds both. */
static struct tcp_run *join(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	struct tcp_run *prev = run_at(t, r->prev);

	leave(t, f, r);
	f->bytes[prev->state] += run_len(r);
	prev->end = r->end;
	run_put(t, f, r);
	return prev;
}

struct tcp_run *tcp__run_first(const struct tcp *t, const struct tcp_flight *f, uint8_t state)
{
	return run_at(t, f->queue[state].head);
}

/* The next one in the queue of r's state, or NULL. */
struct tcp_run *tcp__run_next(const struct tcp *t, const struct tcp_run *r)
{
	return run_at(t, r->q_next);
}

/* May new bytes be sent: is there a run for them? */
bool tcp__run_ready(const struct tcp *t, const struct tcp_flight *f)
{
	const struct tcp_run *last = run_at(t, f->runs.tail);

	return run_left(t, f) || (last && last->state == TCP_RUN_OUT);
}

static void stamp(const struct tcp *t, const struct tcp_flight *f, struct tcp_run *r)
{
	r->sent_us = (uint32_t)t->now_us;
	r->delivered = f->delivered;
	r->delivered_us = f->delivered_us;
	r->first_us = f->first_us;
	r->app_limited = f->is_app_limited;
}

/* Two that left together, so that they can be one. */
static bool together(const struct tcp_run *a, const struct tcp_run *b)
{
	return a->state == TCP_RUN_OUT && a->sent_us == b->sent_us && a->again == b->again &&
	       !a->probe && !b->probe && a->delivered == b->delivered &&
	       a->app_limited == b->app_limited;
}

/* The next len numbers after the last run have left, their bytes from *at on, as a path MTU probe
 * or not. tcp__run_ready was true. */
void tcp__run_sent(
	struct tcp *t, struct tcp_conn *c, uint32_t len, const struct buf_cursor *at, bool probe)
{
	struct tcp_flight *f = c->flight;
	struct tcp_run *last = run_at(t, f->runs.tail), *r, now = {.probe = probe};

	if (!last) { /* the pipe was empty: rates and RACK begin here */
		list_del(&f->idle);
		f->first_us = f->delivered_us = (uint32_t)t->now_us;
		f->rack_us = (uint32_t)t->now_us - 1;
		f->rack_end = f->fack = c->snd_una;
	}
	stamp(t, f, &now);
	if (last && (together(last, &now) || !run_left(t, f))) {
		last->again |= !together(last, &now); /* its time is not that of all */
		last->probe = false;
		leave(t, f, last);
		last->end += len;
		stamp(t, f, last);
		enter(t, f, last, TCP_RUN_OUT);
		return;
	}
	r = run_get(t, f, last);
	now.next = r->next;
	now.prev = r->prev;
	*r = now;
	r->start = last ? last->end : c->snd_una;
	r->end = r->start + len;
	r->at = *at;
	enter(t, f, r, TCP_RUN_OUT);
}

/* The first n numbers of r as a run of their own; NULL: that needs one, and there is none. */
struct tcp_run *tcp__run_head(struct tcp *t, struct tcp_flight *f, struct tcp_run *r, uint32_t n)
{
	return n >= run_len(r) || split(t, f, r, r->start + n) ? r : NULL;
}

/* The same for the last n numbers in flight. */
struct tcp_run *tcp__run_tail(struct tcp *t, struct tcp_flight *f, uint32_t n)
{
	struct tcp_run *r = run_at(t, f->runs.tail);

	return n >= run_len(r) ? r : split(t, f, r, r->end - n);
}

/* r, not SACKED, has left once more. */
void tcp__run_again(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	struct tcp_run *prev = run_at(t, r->prev);

	leave(t, f, r);
	stamp(t, f, r);
	r->again = true;
	r->probe = false;
	enter(t, f, r, TCP_RUN_OUT);
	if (prev && together(prev, r))
		join(t, f, r);
}

/* r, which was OUT, is taken for lost. */
void tcp__run_lose(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	leave(t, f, r);
	enter(t, f, r, TCP_RUN_LOST);
}

/* Note that r, up to end, has arrived. */
static void deliver(const struct tcp_run *r, uint32_t end, struct tcp_delivery *d)
{
	d->probe |= r->probe;
	if (r->again) {
		d->again = true;
	} else {
		d->orig |= seq_leq(end, d->recover);
		d->reordered |= seq_lt(end, d->fack);
		if (!d->timed)
			d->first_us = r->sent_us;
		d->timed = true;
	}
	if (!d->bytes || seq_gt(r->sent_us, d->last.sent_us) ||
		(r->sent_us == d->last.sent_us && seq_gt(end, d->last.end))) {
		d->last = *r;
		d->last.end = end;
	}
	d->bytes += end - r->start;
}

/* Everything below ack, which is beyond snd_una, was acknowledged; c->tx still holds its bytes. */
void tcp__runs_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack, struct tcp_delivery *d)
{
	struct tcp_flight *f = c->flight;
	struct tcp_run *r = run_at(t, f->runs.head);

	d->head_again = r && r->again;
	d->head_us = r ? r->sent_us : 0;
	while ((r = run_at(t, f->runs.head)) != NULL && seq_lt(r->start, ack)) {
		uint32_t end = seq_min(r->end, ack);

		if (r->state != TCP_RUN_SACKED)
			deliver(r, end, d);
		if (end == r->end) {
			leave(t, f, r);
			run_put(t, f, r);
			continue;
		}
		f->bytes[r->state] -= end - r->start;
		cursor_move(&r->at, end - r->start);
		r->start = end;
	}
	f->fack = seq_max(f->fack, ack);
}

/* The first run that ends beyond seq, found from the place of the last block; NULL: too far. */
static struct tcp_run *find(struct tcp *t, struct tcp_flight *f, uint32_t seq)
{
	struct tcp_run *r = run_at(t, f->hint ? f->hint : f->runs.tail), *prev;
	uint32_t steps = 0;

	for (; r && seq_leq(r->end, seq) && steps < STEPS_MAX; steps++)
		r = run_at(t, r->next);
	for (; r && (prev = run_at(t, r->prev)) && seq_gt(prev->end, seq) && steps < STEPS_MAX;
		steps++)
		r = prev;
	if (steps < STEPS_MAX)
		return r;
	f->hint = run_index(t, r); /* the next block begins here */
	return NULL;
}

/* r becomes SACKED and one with such neighbours. The run that holds it then. */
static struct tcp_run *sack(struct tcp *t, struct tcp_flight *f, struct tcp_run *r)
{
	const struct tcp_run *near;

	leave(t, f, r);
	enter(t, f, r, TCP_RUN_SACKED);
	near = run_at(t, r->prev);
	if (near && near->state == TCP_RUN_SACKED)
		r = join(t, f, r);
	near = run_at(t, r->next);
	if (near && near->state == TCP_RUN_SACKED)
		r = join(t, f, run_at(t, r->next));
	return r;
}

/* The peer says that it holds [start, end), which lies in flight. */
void tcp__runs_sacked(
	struct tcp *t, struct tcp_flight *f, uint32_t start, uint32_t end, struct tcp_delivery *d)
{
	struct tcp_run *r = find(t, f, start);

	for (uint32_t steps = 0; r && seq_lt(r->start, end) && steps < STEPS_MAX; steps++) {
		if (r->state != TCP_RUN_SACKED) {
			if (seq_lt(r->start, start) && !(r = split(t, f, r, start)))
				return;
			if (seq_gt(r->end, end) && !split(t, f, r, end))
				return;
			deliver(r, r->end, d);
			d->sack_news = true;
			f->fack = seq_max(f->fack, r->end);
			r = sack(t, f, r);
		}
		f->hint = run_index(t, r);
		r = run_at(t, r->next);
	}
}

/*
 * A timeout: what left before sent_before is lost, the first run in any case (RFC 8985 6.3). When
 * the peer reneged, what it SACKed is as well (RFC 2018 8). Afterwards they go in order, and
 * neighbours are one.
 */
void tcp__runs_lose(struct tcp *t, struct tcp_flight *f, bool reneged, uint32_t sent_before)
{
	for (struct tcp_run *r = run_at(t, f->runs.head), *prev; r; r = run_at(t, r->next)) {
		if (r->state == TCP_RUN_SACKED && !reneged)
			continue;
		if (r->state == TCP_RUN_OUT && r->prev && seq_gt(r->sent_us, sent_before))
			continue;
		leave(t, f, r);
		r->probe = false;
		enter(t, f, r, TCP_RUN_LOST);
		prev = run_at(t, r->prev);
		if (prev && prev->state == TCP_RUN_LOST &&
			(prev->again == r->again || !run_left(t, f))) {
			prev->again |= r->again;
			r = join(t, f, r);
		}
	}
}

/* Nothing was lost after all: all LOST are OUT again, before most of those that are. */
void tcp__runs_unlose(struct tcp *t, struct tcp_flight *f)
{
	struct tcp_run *r;

	while ((r = run_at(t, f->queue[TCP_RUN_LOST].tail)) != NULL) {
		struct tcp_run *after = NULL, *next = run_at(t, f->queue[TCP_RUN_OUT].head);

		for (; next && seq_lt(next->sent_us, r->sent_us); next = run_at(t, next->q_next))
			after = next;
		leave(t, f, r);
		enter_behind(t, f, r, TCP_RUN_OUT, after);
	}
}

/* Forget all runs. */
void tcp__runs_free(struct tcp *t, struct tcp_flight *f)
{
	while (f->runs.head)
		run_put(t, f, run_at(t, f->runs.head));
	memset(f->queue, 0, sizeof(f->queue));
	memset(f->bytes, 0, sizeof(f->bytes));
	f->hint = 0;
}
