/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Rings there and back, and threads that sleep in between.
 *
 * A thread that finds nothing says so in `asleep`, looks once more, and waits on the semaphore. Who
 * posts a task takes one thread out of `asleep` and wakes it; while all are awake that is one load.
 * Each of the two writes before it reads what the other writes, so one of them sees the other.
 */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/crypto.h>
#include <rte_ring.h>

#include "tls/tls_crew.h"
#include "tls/tls_hs_priv.h"

#define RUN 8u /* tasks that a thread does before it asks whether to stop */

struct tls_crew {
	struct rte_ring *todo;  /* from all workers, for all threads */
	struct rte_ring **done; /* [n_workers], from all threads */
	unsigned n_workers;
	atomic_uint asleep; /* pairs with the fence in crew_wake */
	atomic_bool stop;
	sem_t wake;
	struct tls_hs_stats stats;
	pthread_mutex_t lock; /* writers of steps; never a worker that has threads */
	struct stat_hist steps;
};

static struct rte_ring *ring_create(const char *name, uint32_t n, unsigned flags)
{
	unsigned size = rte_align32pow2(n + 1);
	ssize_t bytes = rte_ring_get_memsize(size);
	struct rte_ring *r = bytes > 0 ? aligned_alloc(RTE_CACHE_LINE_SIZE, (size_t)bytes) : NULL;

	if (r && rte_ring_init(r, name, size, flags) == 0)
		return r;
	free(r);
	return NULL;
}

static bool rings_create(struct tls_crew *c, uint32_t n_tasks)
{
	c->todo = ring_create("tls_todo", c->n_workers * n_tasks, 0);
	c->done = calloc(c->n_workers, sizeof(struct rte_ring *));
	for (unsigned i = 0; c->todo && c->done && i < c->n_workers; i++) {
		c->done[i] = ring_create("tls_done", n_tasks, RING_F_SC_DEQ);
		if (!c->done[i])
			return false;
	}
	return c->todo && c->done;
}

struct tls_crew *tls_crew_create(unsigned n_workers, uint32_t n_tasks, struct err *e)
{
	struct tls_crew *c = calloc(1, sizeof(*c));

	if (!c)
		goto fail;
	c->n_workers = n_workers;
	pthread_mutex_init(&c->lock, NULL);
	sem_init(&c->wake, 0, 0);
	if (rings_create(c, n_tasks))
		return c;
	tls_crew_destroy(c);
fail:
	err_set(e, ENOMEM, "tls: no memory for the rings of %u handshakes", n_workers * n_tasks);
	return NULL;
}

void tls_crew_destroy(struct tls_crew *c)
{
	if (!c)
		return;
	for (unsigned i = 0; c->done && i < c->n_workers; i++)
		free(c->done[i]);
	free(c->done);
	free(c->todo);
	sem_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Take one thread out of those asleep; false: none is. */
static bool asleep_take(struct tls_crew *c)
{
	unsigned n = atomic_load_explicit(&c->asleep, memory_order_relaxed);

	while (n > 0)
		if (atomic_compare_exchange_weak(&c->asleep, &n, n - 1))
			return true;
	return false;
}

int tls_crew_post(struct tls_crew *c, struct tls_task *task)
{
	if (rte_ring_mp_enqueue(c->todo, task) != 0)
		return -ENOBUFS;
	atomic_thread_fence(memory_order_seq_cst); /* pairs with the add in crew_sleep */
	if (asleep_take(c))
		sem_post(&c->wake);
	return 0;
}

struct tls_task *tls_crew_take(struct tls_crew *c, uint16_t worker)
{
	void *task;

	return rte_ring_sc_dequeue(c->done[worker], &task) == 0 ? task : NULL;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * CLOCK_US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static void count(struct tls_crew *c, const struct tls_hs *h, uint64_t us)
{
	tls__hs_count(&c->stats, h);
	pthread_mutex_lock(&c->lock);
	stat_hist_add(&c->steps, us);
	pthread_mutex_unlock(&c->lock);
}

static void step(struct tls_crew *c, struct tls_task *task)
{
	uint64_t begun = now_us();

	if (!task->hs)
		task->hs = tls_hs_create(task->ctx, task->name);
	if (!task->hs) {
		task->state = TLS_HS_FAILED;
		task->error = TLS_E_hs_memory;
		return;
	}
	if (task->state == TLS_HS_DONE) {
		tls_hs_ticket(task->hs, task->in, task->n);
		return;
	}
	task->state = tls_hs_step(task->hs, task->in, task->n, &task->used);
	task->error = tls_hs_error(task->hs);
	count(c, task->hs, now_us() - begun);
}

/* Nobody waits for it: no worker shall pay for libssl's clean-up. */
static void drop(struct tls_task *task)
{
	tls_hs_destroy(task->hs);
	task->hs = NULL;
	task->state = TLS_HS_FAILED;
	task->error = TLS_OK;
}

static void task_do(struct tls_crew *c, struct tls_task *task)
{
	task->used = 0;
	if (atomic_load_explicit(&task->conn, memory_order_relaxed))
		step(c, task);
	else
		drop(task);
	/* there is room: a worker has no more than n_tasks */
	rte_ring_mp_enqueue(c->done[task->worker], task);
}

unsigned tls_crew_run(struct tls_crew *c, unsigned max)
{
	unsigned n = 0;
	void *task;

	for (; n < max && rte_ring_mc_dequeue(c->todo, &task) == 0; n++)
		task_do(c, task);
	return n;
}

static void crew_sleep(struct tls_crew *c)
{
	atomic_fetch_add(&c->asleep, 1); /* pairs with the fence in tls_crew_post */
	if ((!rte_ring_empty(c->todo) || atomic_load(&c->stop)) && asleep_take(c))
		return;
	while (sem_wait(&c->wake) != 0) /* EINTR */
		;
}

void tls_crew_leave(void)
{
	OPENSSL_thread_stop();
}

void *tls_crew_main(void *arg)
{
	struct tls_crew *c = arg;

	while (!atomic_load_explicit(&c->stop, memory_order_relaxed))
		if (tls_crew_run(c, RUN) == 0)
			crew_sleep(c);
	return NULL;
}

void tls_crew_stop(struct tls_crew *c)
{
	atomic_store(&c->stop, true); /* pairs with the add in crew_sleep */
	while (asleep_take(c))
		sem_post(&c->wake);
}

unsigned tls_crew_waiting(const struct tls_crew *c)
{
	return rte_ring_count(c->todo);
}

const struct stat_hist *tls_crew_steps(const struct tls_crew *c)
{
	return &c->steps;
}

void tls_crew_stats(const struct tls_crew *c, uint64_t out[TLS_HS_STAT_N])
{
	tls__hs_stats_read(&c->stats, out);
}
