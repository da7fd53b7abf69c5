/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happened: members that changed their state, as each worker saw it, and what operators did.
 * The newest EVENTS are kept; each is one line in the log.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_priv.h"

#define EVENTS 1024 /* a power of two */
#define TAKE   64   /* from a worker at a time */

struct event {
	int64_t at_us;                                           /* Unix time */
	int worker;                                              /* -1: control */
	char pool[CONF_NAME_MAX + 1], member[CONF_NAME_MAX + 1]; /* "": of none */
	const char *from, *to;                                   /* NULL: no change of state */
	char text[160];
};

struct ctl_events {
	uint64_t n;    /* ever; the newest is at n - 1 */
	uint64_t lost; /* by workers, as far as an event says so */
	struct event ring[EVENTS];
};

struct ctl_events *ctl__events_create(void)
{
	return calloc(1, sizeof(struct ctl_events));
}

void ctl__events_destroy(struct ctl_events *ev)
{
	free(ev);
}

uint64_t ctl__events_count(const struct ctl_events *ev)
{
	return ev->n;
}

static struct event *event_add(struct ctl_events *ev)
{
	struct event *x = &ev->ring[ev->n++ % EVENTS];

	*x = (struct event){.worker = -1};
	return x;
}

static int64_t unix_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void ctl__event_note(const struct ctl_core *core, enum log_level level, const char *pool,
	const char *member, const char *fmt, ...)
{
	struct event *x = event_add(core->events);
	va_list ap;

	x->at_us = unix_us();
	snprintf(x->pool, sizeof(x->pool), "%s", pool ? pool : "");
	snprintf(x->member, sizeof(x->member), "%s", member ? member : "");
	va_start(ap, fmt);
	vsnprintf(x->text, sizeof(x->text), fmt, ap);
	va_end(ap);
	log_line(level, "ctl", "%s%s%s%s%s", x->pool, member ? "/" : "", x->member,
		pool ? ": " : "", x->text);
}

/* ---- what workers saw ---- */

static void take(struct ctl_events *ev, const struct lb_event *in, unsigned w, int64_t at_us)
{
	struct event *x = event_add(ev);

	x->at_us = at_us;
	x->worker = (int)w;
	memcpy(x->pool, in->pool, sizeof(x->pool));
	memcpy(x->member, in->member, sizeof(x->member));
	x->from = lb_state_name(in->from);
	x->to = lb_state_name(in->to);
	snprintf(x->text, sizeof(x->text), "%s", in->cause);
	log_line(in->to == LB_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "lb",
		"%s/%s: %s -> %s: %s (worker %u)", x->pool, x->member, x->from, x->to, x->text, w);
}

void ctl__events_tick(const struct ctl_core *core)
{
	uint64_t lost = 0;

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct ctl_worker *worker = &core->sys.workers[w];
		/* its clock began with it */
		int64_t epoch = unix_us() - (int64_t)*worker->now;
		struct lb_event in[TAKE];
		unsigned n = lb_events_take(worker->lb, in, TAKE);

		for (unsigned i = 0; i < n; i++)
			take(core->events, &in[i], w, epoch + (int64_t)in[i].at);
		lost += lb_lost_events(worker->lb);
	}
	if (lost > core->events->lost)
		ctl__event_note(core, LOG_LEVEL_WARN, NULL, NULL,
			"%llu changes of state were lost: too many at once",
			(unsigned long long)(lost - core->events->lost));
	core->events->lost = lost;
}

/* ---- show events ---- */

static void put(struct ctl_doc *out, const struct event *x)
{
	time_t s = (time_t)(x->at_us / 1000000);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", gmtime_r(&s, &tm));
	ctl__doc_string(out, "%s.%03uZ", text, (unsigned)(x->at_us / 1000 % 1000));
	if (x->worker < 0)
		ctl__doc_none(out);
	else
		ctl__doc_number(out, CTL_COUNT, (uint64_t)x->worker);
	if (x->pool[0])
		ctl__doc_string(out, "%s%s%s", x->pool, x->member[0] ? "/" : "", x->member);
	else
		ctl__doc_none(out);
	if (x->from) {
		ctl__doc_string(out, "%s", x->from);
		ctl__doc_string(out, "%s", x->to);
	} else {
		ctl__doc_none(out);
		ctl__doc_none(out);
	}
	ctl__doc_string(out, "%s", x->text);
}

int ctl__show_events(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {
		{"at", "time"}, {"worker"}, {"of"}, {"from"}, {"to"}, {"text", "event"}};
	const struct ctl_events *ev = core->events;
	uint64_t first;

	ctl__events_tick(core); /* up to now */
	first = ev->n > EVENTS ? ev->n - EVENTS : 0;
	CTL_SECTION(out, "events", CTL_TABLE, columns);
	for (uint64_t i = first; i < ev->n; i++)
		put(out, &ev->ring[i % EVENTS]);
	return 0;
}
