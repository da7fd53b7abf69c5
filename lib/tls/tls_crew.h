/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The crew: threads that step handshakes for the workers, so that a private key's 80 us never stand
 * in a packet's way. A worker posts a task on the crew's ring, a thread takes it, and the task
 * comes back on the worker's own ring. Without threads the worker runs tls_crew_run() itself, on a
 * budget.
 *
 * The crew wakes no worker: one that sleeps while tasks are away takes naps.
 */
#ifndef TLS_TLS_CREW_H
#define TLS_TLS_CREW_H

#include <stdatomic.h>

#include "base/err.h"
#include "tls/tls_hs.h"

struct tls_crew;

/* Bytes of one step: a record at least, so that each step takes something. */
#define TLS_TASK_IN (5 + 16384 + 256 + 59)

/* A handshake's step on its way: who holds the task owns it. in is filled before it is posted. */
struct tls_task {
	struct tls_hs *hs;   /* NULL: made by the thread from ctx and name */
	struct tls_ctx *ctx; /* counted by the worker until the task is back */
	/* NULL: cancelled, also by the worker while the task is away; it comes back without hs */
	_Atomic(struct tls_conn *) conn;
	uint16_t worker;
	uint8_t state; /* enum tls_hs_state. In: MORE, or DONE when `in` is a NewSessionTicket */
	uint8_t error; /* out: enum tls_error, with TLS_HS_FAILED */
	uint32_t n;    /* bytes in `in` */
	uint32_t used; /* out: of these */
	clock_us_t begun;
	char name[TLS_HS_NAME];
	uint8_t in[TLS_TASK_IN];
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
/* A thread that ran tasks and will not end before the process does (DPDK's): what libcrypto keeps
 * for a thread is freed, its random generators and the parts they share with others. It may run
 * tasks again. OPENSSL_thread_stop(3). */
void tls_crew_leave(void);
/* A thread's function (arg: the crew): runs until tls_crew_stop(), asleep while there is nothing.
 */
void *tls_crew_main(void *arg);
void tls_crew_stop(struct tls_crew *c);

/* Control, any time: tasks that no thread has taken yet, and steps by how long each took, us. */
unsigned tls_crew_waiting(const struct tls_crew *c);
const struct stat_hist *tls_crew_steps(const struct tls_crew *c);
/* Handshakes of all contexts, as tls_ctx_stats() has those of one. */
void tls_crew_stats(const struct tls_crew *c, uint64_t out[TLS_HS_STAT_N]);

#endif
