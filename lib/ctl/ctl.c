/* SPDX-License-Identifier: BSD-3-Clause */
/* One epoll descriptor for the app to watch: the admin socket and its clients, the metrics page,
 * and a tick each second for deadlines and load samples. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "ctl/ctl_priv.h"

#define EVENTS 32

struct ctl {
	struct ctl_core core;
	int ep, timer;
	struct ctl_admin *admin;
	struct ctl_http *http; /* NULL: off */
};

static clock_us_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (clock_us_t)ts.tv_sec * CLOCK_US_PER_S + (clock_us_t)ts.tv_nsec / 1000;
}

static void stages_sample(struct ctl_load *l, const struct ctl_worker *worker)
{
	for (unsigned s = 0; s < worker->n_stages; s++) {
		const struct stat_stage *stage = &worker->stages[s];
		struct ctl_work work = {__atomic_load_n(&stage->cycles, __ATOMIC_RELAXED),
			__atomic_load_n(&stage->packets, __ATOMIC_RELAXED)};

		l->second[s].cycles = work.cycles - l->at[s].cycles;
		l->second[s].packets = work.packets - l->at[s].packets;
		l->at[s] = work;
	}
}

void ctl__load_sample(struct ctl_core *core)
{
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct ctl_worker *worker = &core->sys.workers[w];
		struct ctl_load *l = &core->load[w];
		uint64_t busy = __atomic_load_n(worker->busy_cycles, __ATOMIC_RELAXED);
		uint64_t idle = __atomic_load_n(worker->idle_cycles, __ATOMIC_RELAXED);
		uint64_t sleep = __atomic_load_n(worker->sleep_cycles, __ATOMIC_RELAXED);
		uint64_t all = busy + idle + sleep - l->busy - l->idle - l->sleep;

		l->share = l->sampled && all > 0 ? (double)(busy - l->busy) / (double)all : -1;
		l->sampled = true;
		l->busy = busy;
		l->idle = idle;
		l->sleep = sleep;
		stages_sample(l, worker);
	}
}

static int watch(const struct ctl *c, int fd, void *ptr)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = ptr};

	return epoll_ctl(c->ep, EPOLL_CTL_ADD, fd, &ev);
}

static int open_all(struct ctl *c, struct err *e)
{
	const struct itimerspec second = {.it_interval = {.tv_sec = 1}, .it_value = {.tv_sec = 1}};
	const struct conf_global *g = &c->core.sys.conf->global;

	c->ep = epoll_create1(EPOLL_CLOEXEC);
	c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (c->ep < 0 || c->timer < 0 || timerfd_settime(c->timer, 0, &second, NULL) < 0 ||
		watch(c, c->timer, &c->timer) < 0)
		return err_set(e, errno, "admin socket: %s", strerror(errno));
	c->admin = ctl__admin_create(&c->core, g->socket, c->ep, e);
	if (!c->admin)
		return -1;
	if (!g->metrics.port)
		return 0;
	c->http = ctl__http_create(&c->core, &g->metrics, e);
	if (!c->http)
		return -1;
	if (watch(c, ctl__http_fd(c->http), &c->http) < 0)
		return err_set(e, errno, "metrics: %s", strerror(errno));
	return 0;
}

int ctl__core_start(struct ctl_core *core, struct err *e)
{
	core->events = ctl__events_create();
	core->drains = ctl__drains_create();
	if (!core->events || !core->drains)
		return err_set(e, ENOMEM, "admin socket: no memory");
	ctl__snapshots_attach(core->sys.snapshots, core);
	return 0;
}

void ctl__core_stop(struct ctl_core *core)
{
	ctl__snapshots_detach(core->sys.snapshots);
	ctl__drains_destroy(core->drains);
	ctl__events_destroy(core->events);
}

struct ctl *ctl_create(const struct ctl_system *sys, struct err *e)
{
	struct ctl *c = calloc(1, sizeof(*c));

	if (!c) {
		err_set(e, ENOMEM, "admin socket: no memory");
		return NULL;
	}
	c->core.sys = *sys;
	c->ep = c->timer = -1;
	if (ctl__core_start(&c->core, e) < 0 || open_all(c, e) < 0) {
		ctl_destroy(c);
		return NULL;
	}
	ctl__load_sample(&c->core);
	return c;
}

void ctl_destroy(struct ctl *c)
{
	if (!c)
		return;
	ctl__http_destroy(c->http);
	ctl__admin_destroy(c->admin);
	ctl__core_stop(&c->core);
	if (c->timer >= 0)
		close(c->timer);
	if (c->ep >= 0)
		close(c->ep);
	free(c);
}

int ctl_fd(const struct ctl *c)
{
	return c->ep;
}

static void tick(struct ctl *c, clock_us_t now)
{
	uint64_t expired;

	if (read(c->timer, &expired, sizeof(expired)) < 0)
		return;
	ctl__load_sample(&c->core);
	ctl__admin_tick(c->admin, now);
	ctl__events_tick(&c->core);
	ctl__drains_tick(&c->core, now);
	ctl__snapshots_tick(c->core.sys.snapshots);
	if (c->core.sys.tls)
		ctl__tls_tick(c->core.sys.tls, time(NULL));
	if (c->http)
		ctl__http_poll(c->http);
}

void ctl_poll(struct ctl *c)
{
	struct epoll_event ev[EVENTS];
	clock_us_t now = now_us();
	int n = epoll_wait(c->ep, ev, EVENTS, 0);

	for (int i = 0; i < n; i++) {
		if (ev[i].data.ptr == &c->timer)
			tick(c, now);
		else if (ev[i].data.ptr == &c->http)
			ctl__http_poll(c->http);
		else
			ctl__admin_ready(c->admin, ev[i].data.ptr, now);
	}
}

void ctl_reload(struct ctl *c)
{
	struct ctl_doc unread = {0};
	struct err e;

	ctl__do_reload(&c->core, (struct span){0}, &unread, &e);
	ctl__doc_fini(&unread);
}
