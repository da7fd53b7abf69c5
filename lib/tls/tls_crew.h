/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The crew: threads that step handshakes for the workers, so that a private key's 80 us never stand
 * in a packet's way. A worker posts a task on its ring, a thread takes it, and the task comes back on
 * the worker's own ring. Without threads the worker runs tls_crew_run() itself, on a budget.
 */
#ifndef TLS_TLS_CREW_H
#define TLS_TLS_CREW_H

#include "base/err.h"
#include "tls/tls_hs.h"

struct tls_crew;

/* A handshake's step on its way: who holds the task owns it. in is filled before it is posted. */
struct tls_task {
	struct tls_hs *hs; /* NULL: made by the thread from ctx and name */
	struct tls_ctx *ctx;
	struct tls_conn *conn; /* NULL: cancelled, nobody waits for it */
	uint16_t worker;
	uint8_t state; /* out: enum tls_hs_state */
	uint32_t n;    /* bytes in `in` */
	uint32_t used; /* out: of these */
	clock_us_t begun;
	char name[TLS_HS_NAME];
	uint8_t in[TLS_HS_IN_MAX];
};

/* Rings for n_workers, each with up to n_tasks tasks at a time. NULL with e set. */
struct tls_crew *tls_crew_create(unsigned n_workers, uint32_t n_tasks, struct err *e);
/* All threads were joined, all workers are gone. NULL is fine. */
void tls_crew_destroy(struct tls_crew *c);

/* Worker: hand a task over. -ENOBUFS: the ring is full, it is still the caller's. */
int tls_crew_post(struct tls_crew *c, struct tls_task *task);
/* Worker: a task that came back, or NULL. */
struct tls_task *tls_crew_take(struct tls_crew *c, uint16_t worker);
/* Any thread: do what was posted, at most max tasks, and give it back. How many. */
unsigned tls_crew_run(struct tls_crew *c, unsigned max);
/* A thread's function (arg: the crew): runs until tls_crew_stop(), asleep while there is nothing. */
void *tls_crew_main(void *arg);
void tls_crew_stop(struct tls_crew *c);

#endif
