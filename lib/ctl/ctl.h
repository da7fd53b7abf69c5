/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Control: the admin socket behind penstockctl and the metrics page. It runs on the control thread
 * alone, sleeps in the app's epoll and never stops a worker for longer than one bounded copy.
 *
 * What it may touch of a worker: plain counters are read in place, at any time (aligned 64-bit,
 * never torn, perhaps a moment late). Tables that the worker changes are read only on the worker,
 * by run_on_worker().
 */
#ifndef CTL_CTL_H
#define CTL_CTL_H

#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "stat/stat.h"

struct buf_pools;
struct conf;
struct ctl;
struct lb;
struct net;
struct port;
struct relay;
struct tcp;

#define CTL_STAGES 16

/* One worker as control sees it. All pointers are borrowed and outlive the struct ctl. */
struct ctl_worker {
	unsigned core;
	const struct net *net;
	const struct tcp *tcp;
	struct lb *lb; /* only read */
	const struct relay *relay;
	const struct buf_pools *pools;
	const clock_us_t *now; /* of its current poll */

	/* where its time goes, TSC cycles since start: busy + idle + slept is all of it */
	const uint64_t *busy_cycles; /* polls that moved something */
	const uint64_t *idle_cycles; /* polls that found nothing */
	const uint64_t *sleep_cycles;
	const uint64_t *polls;
	/* the busy cycles by stage; the last stage's packets are all that came in or went out */
	const struct stat_stage *stages;
	unsigned n_stages;             /* <= CTL_STAGES */
	const struct stat_hist *burst; /* packets of each receive burst that was not empty */

	/* Its own counters, besides those of ports, net, tcp, lb and relay. Everywhere, a text that
	 * begins with "dropped" marks a drop code. */
	const struct stat_block *blocks;
	unsigned n_blocks;
};

/* The running appliance. Copied by ctl_create(); what it points to is borrowed. */
struct ctl_system {
	const struct conf *conf;
	const char *version;
	uint64_t started; /* Unix time, s */
	uint64_t tsc_hz;
	struct port *const *ports; /* in the order of conf->ports */
	unsigned n_ports;
	const struct ctl_worker *workers; /* its index is the worker's id */
	unsigned n_workers;
	/*
	 * Run fn(fn_arg) on worker w at its quiescent point and return when it is done: 0. Or
	 * -ETIMEDOUT: fn has not run and never will, so fn_arg may go out of scope.
	 */
	int (*run_on_worker)(void *arg, unsigned w, void (*fn)(void *), void *fn_arg);
	void *arg;
};

/*
 * Open the admin socket conf->global.socket (mode 0660; a dead process's file is replaced) and,
 * where conf says so, the metrics page. NULL with *e set and nothing left behind.
 */
struct ctl *ctl_create(const struct ctl_system *sys, struct err *e);
/* Close all, remove the socket file. NULL is fine. */
void ctl_destroy(struct ctl *c);

/* Readable when ctl_poll() has work: for the app's epoll. Owned by c. */
int ctl_fd(const struct ctl *c);
/* Do what is due; never blocks but in run_on_worker(). */
void ctl_poll(struct ctl *c);

#endif
