/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: one core, its queue on every port, and an instance of every stage. Workers share
 * nothing; what must pass between two of them (packets that arrived on the wrong queue, what ARP
 * learned) goes through a single-producer single-consumer ring for each ordered pair.
 *
 * Control makes workers, starts and stops them, and runs jobs on them at their quiescent point.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "conf/conf.h"
#include "port/port.h"
#include "stat/stat.h"

struct aead_driver;
struct lb;
struct lb_board;
struct net;
struct relay;
struct tcp;
struct tls;
struct tls_crew;
struct tls_ctx;
struct worker;
struct worker_links;
struct worker_listens;

enum worker_stat {
#define X(name, text) WORKER_STAT_##name,
#include "worker/worker_stat.def"
#undef X
	WORKER_STAT_N
};

enum worker_stage {
#define X(name) WORKER_STAGE_##name,
#include "worker/worker_stage.def"
#undef X
	WORKER_STAGE_N
};

/* How one worker's share of `memory` is spent. */
struct worker_plan {
	uint32_t fronts, backs; /* connections */
	uint32_t splices;       /* of fronts, with a connection to a member for life */
	uint32_t requests;      /* in flight */
	uint32_t flights;       /* connections with bytes in flight at a time */
	uint32_t runs;          /* of those bytes, see struct tcp_run */
	uint32_t tls;           /* connections with TLS, of all of these; 0: none can have it */
	uint32_t handshakes;    /* of these, at a time not yet open */
	uint32_t handed;        /* packets that may wait for one other worker; a power of two */
	uint64_t tables;        /* bytes for all of these, TIME_WAIT, SYNs and the like */
	uint32_t buffers;       /* data mbufs for buf_pools_create */
};

/* Plan for conf with n workers. 0; -ENOMEM with e set when the file's connections leave too little
 * for buffers. */
int worker_plan(const struct conf *conf, unsigned n_workers, struct worker_plan *p, struct err *e);

struct worker_config {
	const struct conf *conf;
	struct port *const *ports; /* conf->n_ports */
	struct buf_pools *pools;   /* of this worker */
	struct worker_links *links;
	uint16_t id, n_workers; /* id is also the queue on every port */
	uint16_t core;          /* for show */
	int socket;             /* NUMA node */
	const struct worker_listens *listens;
	const struct worker_plan *plan; /* only worker_create() reads it */
	struct lb_board *board;         /* of all workers */
	const uint64_t *unix_time;      /* s; control keeps it right */
	uint64_t seed[6];               /* secrets, drawn once per boot, the same for all workers */
	/* Where plan->tls; else all NULL. By index as in conf, an entry NULL: plain. */
	struct tls_ctx *const *listener_tls, *const *pool_tls;
	struct tls_crew *crew; /* with room for plan->handshakes of each worker */
	const struct aead_driver *aead;
	const char *aead_args; /* as aead_create() */
};

/* The rings between n workers, each for `handed` packets of the plan. NULL with e set: no memory.
 */
struct worker_links *worker_links_create(unsigned n, uint32_t handed, struct err *e);
/* After the last worker is gone. NULL is fine. */
void worker_links_destroy(struct worker_links *l, unsigned n);

/* All is borrowed but the config itself. NULL with e set, nothing left behind. */
struct worker *worker_create(const struct worker_config *cfg, struct err *e);
/* Stopped, or never started. Resets what connections there are. NULL is fine. */
void worker_destroy(struct worker *w);

/* The lcore's function: polls until worker_stop. arg is the struct worker; returns 0. */
int worker_main(void *arg);
/* Ask it to return; any thread. */
void worker_stop(struct worker *w);

/*
 * Run fn(arg) on the worker at its quiescent point, where no burst is in flight: 0 when done.
 * -ETIMEDOUT: it did not come there within a second; fn has not run and never will. One caller.
 */
int worker_call(struct worker *w, void (*fn)(void *), void *arg);

/* A port's link came (perhaps with another device, so another MAC) or went: on the worker, by
 * worker_call; its errors. The first worker also announces our addresses there. To a new worker all
 * links are down. */
int worker_set_link(struct worker *w, uint8_t port, bool up);
/* No new requests, idle connections are closed (relay_drain): by worker_call; its errors. */
int worker_drain(struct worker *w);
/* Connections that are still there, but for those that only wait for the peer's FIN; 0: drained. */
uint32_t worker_conns(const struct worker *w);

/*
 * Which packets are clients': those to a listener of any of these snapshots. One table for all
 * workers, made by control. NULL: no memory.
 */
struct worker_listens *worker_listens_create(const struct conf *const *confs, unsigned n);
void worker_listens_destroy(struct worker_listens *l); /* NULL is fine */
/* Use l from now on: by worker_call; its errors. Until the next, it is borrowed. */
int worker_set_listens(struct worker *w, const struct worker_listens *l);

/* The parts, for control to read. */
struct net *worker_net(struct worker *w);
struct tcp *worker_tcp(struct worker *w);
struct lb *worker_lb(struct worker *w);
struct relay *worker_relay(struct worker *w);
struct tls *worker_tls(struct worker *w); /* NULL: no TLS */
/* Time of the poll that runs, or ran last. */
const clock_us_t *worker_now(const struct worker *w);
struct stat_block worker_stat_block(const struct worker *w);

/* Where the time goes, TSC cycles; busy + idle + slept is all of it. */
struct worker_load {
	uint64_t busy, idle, slept;
	uint64_t polls;
	struct stat_stage stage[WORKER_STAGE_N]; /* together they are busy */
	struct stat_hist burst; /* packets of each receive burst that was not empty */
};
const struct worker_load *worker_load(const struct worker *w);

#endif
