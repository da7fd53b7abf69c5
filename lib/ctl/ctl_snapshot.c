/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What workers run under, from the newest snapshot back to the oldest that is still of use.
 *
 *	check --> prepare for each worker --> tell of listeners --> each worker swaps --> newest
 *	   `----------`------------------------`--> nothing has changed
 *
 * All that can fail comes before the first swap, but for a worker that does not answer. If that is
 * the first one asked, nothing has changed. Else the snapshot is the newest, the workers that have
 * not taken it are `behind` and are asked again each second: each of them is whole in itself under
 * the one before. Until all have it no other change is begun.
 *
 * An older snapshot is used as long as some worker says so (requests, clients of listeners that are
 * gone); then what it has of TLS leaves. It is freed when it is unused and more than
 * CTL_SNAPSHOTS_KEPT old; those that are kept are for a rollback, which makes a new snapshot of
 * the same source.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_priv.h"
#include "relay/relay.h"

/* ---- sources ---- */

struct ctl_source *ctl__source_create(struct conf *conf)
{
	struct ctl_source *s = calloc(1, sizeof(*s));

	if (!s) {
		conf_destroy(conf);
		return NULL;
	}
	s->conf = s->own = conf;
	s->refs = 1;
	return s;
}

void ctl__source_put(struct ctl_source *s)
{
	if (!s || --s->refs > 0)
		return;
	for (unsigned i = 0; i < s->n_edits; i++) {
		free(s->edits[i].pool);
		free(s->edits[i].member);
	}
	free(s->edits);
	conf_destroy(s->own);
	free(s);
}

int ctl__source_edit(struct ctl_source *s, const struct conf_edit *edit)
{
	struct ctl_edit *more = realloc(s->edits, (s->n_edits + 1) * sizeof(*more)), *at;

	if (!more)
		return -ENOMEM;
	s->edits = more;
	at = &more[s->n_edits];
	*at = (struct ctl_edit){strdup(edit->pool), strdup(edit->member), edit->remove};
	s->n_edits++;
	return at->pool && at->member ? 0 : -ENOMEM;
}

/* ---- the list ---- */

static struct ctl_snapshot *snapshot_create(struct ctl_source *src, const char *from)
{
	struct ctl_snapshot *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->own = *src->conf;
	s->conf = &s->own;
	s->source = src;
	src->refs++;
	s->at = time(NULL);
	s->used = true;
	snprintf(s->from, sizeof(s->from), "%s", from);
	return s;
}

static void snapshot_free(struct ctl_snapshot *s)
{
	ctl__tls_drop(s->tls);
	ctl__source_put(s->source);
	free(s);
}

struct ctl_snapshots *ctl_snapshots_create(const struct conf *conf)
{
	struct ctl_snapshots *s = calloc(1, sizeof(*s));
	struct ctl_source *src = ctl__source_create(NULL);

	if (src)
		src->conf = conf;
	if (s && src)
		s->now = snapshot_create(src, "start");
	ctl__source_put(src);
	if (!s || !s->now) {
		free(s);
		return NULL;
	}
	s->now->conf = s->first = conf; /* as the workers have it */
	s->now->number = s->made = 1;
	return s;
}

void ctl_snapshots_destroy(struct ctl_snapshots *s)
{
	struct ctl_snapshot *next;

	if (!s)
		return;
	for (; s->now; s->now = next) {
		next = s->now->next;
		snapshot_free(s->now);
	}
	free(s);
}

void ctl__snapshots_attach(struct ctl_snapshots *s, struct ctl_core *core)
{
	s->core = core;
}

/* What was made for workers, and not taken by them, from w on. */
static void unprepare(struct ctl_snapshots *s)
{
	for (unsigned w = 0; w < CONF_WORKERS_MAX; w++) {
		relay_snapshot_destroy(s->relay[w]);
		lb_next_destroy(s->lb[w]);
		s->relay[w] = NULL;
		s->lb[w] = NULL;
	}
}

void ctl__snapshots_detach(struct ctl_snapshots *s)
{
	unprepare(s);
	s->core = NULL;
}

/* ---- before the swap ---- */

int ctl__conf_errors_say(struct conf_errors *errs, struct err *e)
{
	unsigned n = conf_errors_count(errs);

	for (unsigned i = 0; i < n; i++)
		log_error("conf", "%s", conf_errors_text(errs, i));
	if (n > 1)
		err_set(e, EINVAL, "%.430s (and %u more, see the log)", conf_errors_text(errs, 0),
			n - 1);
	else
		err_set(e, EINVAL, "%.480s", n ? conf_errors_text(errs, 0) : "no memory");
	conf_errors_fini(errs);
	return -EINVAL;
}

static int check(const struct conf *first, const struct conf *next, struct err *e)
{
	struct conf_errors errs = {0};

	if (conf_reload_check(first, next, &errs) > 0)
		return ctl__conf_errors_say(&errs, e);
	conf_errors_fini(&errs);
	return relay_conf_check(next, e);
}

/* One of each for every worker. */
static int prepare(struct ctl_snapshots *s, const struct ctl_snapshot *next, struct err *e)
{
	struct tls_ctx *const *listeners = NULL, *const *pools = NULL;
	const struct ctl_system *sys = &s->core->sys;

	if (next->tls) {
		listeners = ctl__tls_set_listeners(next->tls);
		pools = ctl__tls_set_pools(next->tls);
	}
	for (unsigned w = 0; w < sys->n_workers; w++) {
		const struct ctl_worker *worker = &sys->workers[w];

		s->relay[w] = relay_prepare(worker->relay, next->conf, listeners, pools, e);
		if (!s->relay[w])
			return -ENOSPC;
		s->lb[w] = lb_prepare(worker->lb, next->conf, e);
		if (!s->lb[w])
			return -ENOMEM;
	}
	return 0;
}

static bool listens(const struct conf *c, const struct ip_endpoint *at)
{
	for (unsigned l = 0; l < c->n_listeners; l++)
		for (unsigned k = 0; k < c->listeners[l].n_addr; k++)
			if (c->listeners[l].addr[k].port == at->port &&
				ip_addr_eq(&c->listeners[l].addr[k].addr, &at->addr))
				return true;
	return false;
}

/* Does c listen where none of these does? */
static bool listens_elsewhere(const struct conf *const *confs, unsigned n, const struct conf *c)
{
	for (unsigned l = 0; l < c->n_listeners; l++)
		for (unsigned k = 0; k < c->listeners[l].n_addr; k++) {
			bool there = false;

			for (unsigned i = 0; i < n && !there; i++)
				there = listens(confs[i], &c->listeners[l].addr[k]);
			if (!there)
				return true;
		}
	return false;
}

/* Packets to listeners of all that are used, and of next (NULL: none), are clients'. */
static int listeners_tell(
	const struct ctl_snapshots *s, const struct ctl_snapshot *next, struct err *e)
{
	const struct ctl_system *sys = &s->core->sys;
	const struct conf *confs[64];
	unsigned n = 0;

	if (!sys->listeners_tell)
		return 0;
	if (next)
		confs[n++] = next->conf;
	for (const struct ctl_snapshot *at = s->now; at; at = at->next) {
		if (!at->used || !listens_elsewhere(confs, n, at->conf))
			continue;
		if (n == sizeof(confs) / sizeof(confs[0]))
			return err_set(
				e, EBUSY, "too many listeners that are gone have clients yet");
		confs[n++] = at->conf;
	}
	if (sys->listeners_tell(sys->arg, confs, n) < 0)
		return err_set(e, ETIMEDOUT, "a worker does not answer, or there is no memory");
	return 0;
}

/* ---- the swap ---- */

struct swap {
	const struct ctl_worker *worker;
	struct lb_next *lb;
	struct relay_snapshot *relay;
	struct err e;
	int rc;
};

static void swap_run(void *arg)
{
	struct swap *j = arg;
	clock_us_t now = *j->worker->now;

	lb_swap(j->worker->lb, j->lb, now);
	j->rc = relay_swap(j->worker->relay, j->relay, now, &j->e);
}

/* 0, or -ETIMEDOUT: it has not taken it. */
static int worker_swap(struct ctl_snapshots *s, unsigned w)
{
	struct ctl_core *core = s->core;
	struct swap j = {.worker = &core->sys.workers[w], .lb = s->lb[w], .relay = s->relay[w]};
	int rc = core->sys.run_on_worker(core->sys.arg, w, swap_run, &j);

	if (rc < 0)
		return rc;
	s->lb[w] = NULL;
	s->relay[w] = NULL;
	core->behind &= ~(1ull << w);
	if (j.rc < 0)
		ctl__event_note(core, LOG_LEVEL_ERROR, NULL, NULL, "worker %u: %s", w, j.e.text);
	return 0;
}

/* It is the newest now. Those who have it not yet get it; 0, or -EINPROGRESS with *e set. */
static int workers_swap(struct ctl_snapshots *s, struct err *e)
{
	struct ctl_core *core = s->core;

	for (unsigned w = 0; w < core->sys.n_workers; w++)
		if (ctl__is_behind(core, w) && worker_swap(s, w) < 0)
			err_set(e, ETIMEDOUT, "worker %u does not answer: it is asked again", w);
	return core->behind ? -EINPROGRESS : 0;
}

/* The first worker has it. */
static void newest(struct ctl_snapshots *s, struct ctl_snapshot *next)
{
	struct ctl_core *core = s->core;

	if (next->tls)
		ctl__tls_use(core->sys.tls, next->tls);
	next->tls = NULL;
	next->number = ++s->made;
	next->next = s->now;
	s->now = next;
	s->collect = true;
	core->sys.conf = next->conf;
	if (core->sys.conf_tell)
		core->sys.conf_tell(core->sys.arg, next->conf);
	for (unsigned w = 1; w < core->sys.n_workers; w++)
		core->behind |= 1ull << w;
}

/* Nothing but a swap can fail after it. */
static int ready(struct ctl_snapshots *s, struct ctl_snapshot *next, struct err *e)
{
	struct ctl_core *core = s->core;
	int rc = check(s->first, next->conf, e);

	if (rc == 0 && core->sys.tls) {
		next->tls = ctl__tls_read(core->sys.tls, next->conf, e);
		rc = next->tls ? 0 : -EINVAL;
	}
	if (rc == 0)
		rc = prepare(s, next, e);
	if (rc == 0)
		rc = listeners_tell(s, next, e);
	if (rc == 0 && core->sys.tls)
		rc = ctl__tls_turn(core->sys.tls, next->conf, e);
	return rc;
}

/* The first worker decides: does it not answer, nothing has changed. */
static int give(struct ctl_snapshots *s, struct ctl_snapshot *next, struct err *e)
{
	int rc = ready(s, next, e);

	if (rc == 0 && worker_swap(s, 0) < 0)
		rc = err_set(e, ETIMEDOUT, "worker 0 does not answer");
	if (rc == 0)
		newest(s, next);
	return rc;
}

int ctl__snapshot_apply(
	struct ctl_snapshots *s, struct ctl_source *src, const char *from, struct err *e)
{
	struct ctl_snapshot *next;
	struct err why = {""};
	int rc;

	if (s->core->behind)
		return err_set(e, EBUSY,
			"nothing is changed: workers have yet to take the change before this one");
	next = snapshot_create(src, from);
	rc = next ? give(s, next, &why) : err_set(&why, ENOMEM, "no memory");
	if (rc < 0) {
		unprepare(s);
		if (next)
			snapshot_free(next);
		return err_set(e, -rc, "nothing is changed: %.480s", why.text);
	}
	return workers_swap(s, e);
}

/* ---- after it ---- */

#define ASKED 16 /* snapshots that one job asks for */

struct collect {
	const struct ctl_worker *worker;
	const struct conf *conf[ASKED];
	bool used[ASKED];
	unsigned n;
	struct lb_dead *lb;
	struct relay_dead relay;
};

static void collect_run(void *arg)
{
	struct collect *j = arg;

	relay_take_dead(j->worker->relay, &j->relay);
	j->lb = lb_take_dead(j->worker->lb);
	for (unsigned i = 0; i < j->n; i++)
		j->used[i] |= relay_uses(j->worker->relay, j->conf[i]) ||
			      lb_uses(j->worker->lb, j->conf[i]);
}

/* Ask all workers, free what they give back. False: one did not answer. */
static bool collect(struct ctl_snapshots *s, struct collect *j)
{
	const struct ctl_system *sys = &s->core->sys;

	for (unsigned w = 0; w < sys->n_workers; w++) {
		j->worker = &sys->workers[w];
		if (sys->run_on_worker(sys->arg, w, collect_run, j) < 0)
			return false;
		lb_dead_free(j->lb);
		relay_dead_free(&j->relay);
	}
	return true;
}

/* Those beyond what is kept, if nobody uses them. */
static void forget(struct ctl_snapshots *s)
{
	struct ctl_snapshot **at = &s->now, *old;

	for (unsigned i = 0; (old = *at) != NULL; i++) {
		if (i < CTL_SNAPSHOTS_KEPT || old->used) {
			at = &old->next;
			continue;
		}
		*at = old->next;
		snapshot_free(old);
	}
}

static void unused(struct ctl_snapshots *s, struct ctl_snapshot *old)
{
	old->used = false;
	if (s->core->sys.tls)
		ctl__tls_leave(s->core->sys.tls, old->conf);
}

/* Ask for those from *at on, as many as one job may have. How many are not used any more; *n were
 * asked for. */
static unsigned ask(struct ctl_snapshots *s, struct ctl_snapshot **at, unsigned *n)
{
	struct ctl_snapshot *asked[ASKED];
	struct collect j = {0};
	unsigned over = 0;

	for (; *at && j.n < ASKED; *at = (*at)->next) {
		if (!(*at)->used)
			continue;
		asked[j.n] = *at;
		j.conf[j.n++] = (*at)->conf;
	}
	*n += j.n;
	if (!collect(s, &j))
		return 0;
	for (unsigned i = 0; i < j.n; i++) {
		if (j.used[i])
			continue;
		unused(s, asked[i]);
		over++;
	}
	return over;
}

void ctl__snapshots_tick(struct ctl_snapshots *s)
{
	struct ctl_snapshot *at = s->now->next;
	unsigned over = 0, n = 0;
	struct err e;

	if (s->core->behind && workers_swap(s, &e) == 0)
		log_info("conf", "all workers have snapshot %u", s->now->number);
	if (s->core->behind || !s->collect)
		return;
	do
		over += ask(s, &at, &n);
	while (at);
	s->collect = n > 0; /* once more after the last: its members */
	forget(s);
	if (over)
		listeners_tell(s, NULL, &e);
}

/* ---- show snapshots ---- */

int ctl__show_snapshots(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {
		{"snapshot"}, {"state"}, {"at", "since"}, {"from"}, {"edits"}, {"used", "in use"}};
	const struct ctl_snapshots *s = core->sys.snapshots;
	unsigned i = 0;
	char text[32];
	struct tm tm;

	CTL_SECTION(out, "snapshots", CTL_TABLE, columns);
	for (const struct ctl_snapshot *at = s->now; at; at = at->next, i++) {
		time_t when = (time_t)at->at;

		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&when, &tm));
		ctl__doc_number(out, CTL_COUNT, at->number);
		ctl__doc_string(out, "%s",
			at == s->now             ? "running"
			: i < CTL_SNAPSHOTS_KEPT ? "kept"
						 : "ending");
		ctl__doc_string(out, "%s", text);
		ctl__doc_string(out, "%s", at->from);
		ctl__doc_number(out, CTL_COUNT, at->source->n_edits);
		ctl__doc_number(out, CTL_BOOL, at->used);
	}
	return 0;
}
