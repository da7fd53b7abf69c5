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
#include "base/log.h"
#include "stat/stat.h"

struct buf_pools;
struct conf;
struct ctl;
struct ctl_snapshots;
struct ctl_tls;
struct lb;
struct net;
struct port;
struct relay;
struct tcp;
struct tls;
struct tls_crew;
struct tls_ctx;

#define CTL_STAGES 16

/* One worker as control sees it. All pointers are borrowed and outlive the struct ctl. */
struct ctl_worker {
	unsigned core;
	const struct net *net;
	const struct tcp *tcp;
	struct lb *lb; /* this and the next: only read, and changed on the worker */
	struct relay *relay;
	const struct tls *tls; /* NULL: nobody has TLS */
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
	const struct conf *conf; /* that the workers began with */
	struct ctl_snapshots *snapshots;
	const char *version;
	uint64_t started; /* Unix time, s */
	uint64_t tsc_hz;
	const struct tls_crew *crew; /* of its handshakes; NULL likewise */
	struct ctl_tls *tls;         /* NULL: nobody has TLS */
	struct port *const *ports;   /* in the order of conf->ports, which a reload leaves alone */
	unsigned n_ports;
	const struct ctl_worker *workers; /* its index is the worker's id */
	unsigned n_workers;
	/*
	 * Run fn(fn_arg) on worker w at its quiescent point and return when it is done: 0. Or
	 * -ETIMEDOUT: fn has not run and never will, so fn_arg may go out of scope.
	 */
	int (*run_on_worker)(void *arg, unsigned w, void (*fn)(void *), void *fn_arg);
	/*
	 * Packets to listeners of any of these n belong to clients, on all workers, from now on. 0,
	 * or -errno: some worker does not know it. NULL: nobody has to be told.
	 */
	int (*listeners_tell)(void *arg, const struct conf *const *confs, unsigned n);
	/* conf is what runs from now on: for what the app does itself. NULL: nothing. */
	void (*conf_tell)(void *arg, const struct conf *conf);
	void *arg;
};

/*
 * The TLS contexts of all listeners and pools of conf, which is borrowed, and its certificates'
 * facts, from their files. say() is told each thing that is wrong and what is worth a warning, a
 * line each. NULL: something was wrong. Control path; blocks on the file system.
 */
struct ctl_tls *ctl_tls_create(const struct conf *conf,
	void (*say)(void *arg, enum log_level level, const char *text), void *arg);
/* After the last worker and the struct ctl. NULL is fine. */
void ctl_tls_destroy(struct ctl_tls *t);
/* For workers that begin, as in conf; NULL: plain. A reload hands others to relay_set_tls(). */
struct tls_ctx *const *ctl_tls_listeners(const struct ctl_tls *t);
struct tls_ctx *const *ctl_tls_pools(const struct ctl_tls *t);

/*
 * What the workers have run, run and may yet have to run under: conf, which is borrowed, is the
 * first. NULL: no memory.
 */
struct ctl_snapshots *ctl_snapshots_create(const struct conf *conf);
/* After the last worker and the struct ctl. NULL is fine. */
void ctl_snapshots_destroy(struct ctl_snapshots *s);

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
/* Read the file again and use it, whole or not at all. What came of it is in the log. */
void ctl_reload(struct ctl *c);

#endif
