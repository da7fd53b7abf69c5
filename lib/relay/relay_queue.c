/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Requests that wait for a member: all that could take them are at their limit, or paced because
 * they said SlowDown. First come, first served, one line a pool; but who stands in front and waits
 * for one member alone does not keep those behind from another.
 *
 *	q in REQ_QUEUE  <=>  linked in q->pool->waiting
 *	pool on r->waiting  <=>  pool->n_waiting > 0, and each that waits holds the pool
 *	r->room  a member may take more than when the line was last called
 *
 * Bounded by the pool's queue and, in time, by its queue-timeout; beyond both the client is told
 * SlowDown, with a jittered time after which to come again.
 */
#include "relay/relay_priv.h"

#define MISSES_MAX 16 /* that were called in vain before the rest of the line is left alone */

enum run relay__queue_wait(struct relay *r, struct request *q)
{
	struct lb_pool *p = q->pool;

	/* who was called and found no way to a member has left the line */
	if (list_linked(&q->waiting))
		return RUN_WAIT;
	if (p->n_waiting >= p->conf->queue)
		return relay__request_fail(r, q, RELAY_STAT_fail_queue_full, 0);
	FRONT_COUNT(r, q->front, queued);
	q->state = REQ_QUEUE;
	q->moved = r->now_ms;
	list_add_tail(&p->waiting, &q->waiting);
	if (p->n_waiting++ == 0)
		list_add_tail(&r->waiting, &p->waiting_link);
	return RUN_WAIT;
}

void relay__queue_leave(struct request *q)
{
	if (!list_linked(&q->waiting))
		return;
	list_del(&q->waiting);
	if (--q->pool->n_waiting == 0)
		list_del(&q->pool->waiting_link);
}

static void call(struct relay *r, struct lb_pool *p)
{
	unsigned misses = 0;

	list_foreach_safe (pos, next, &p->waiting) {
		struct request *q = container_of_list(pos, struct request, waiting);
		uint32_t before = p->n_waiting;

		q->called = true;
		relay__front_run(r, q->front);
		misses += p->n_waiting >= before;
		if (misses == MISSES_MAX)
			return;
	}
}

void relay__queue_run(struct relay *r)
{
	struct list todo, *node;

	if (!r->room || list_empty(&r->waiting))
		return;
	r->room = false;
	list_init(&todo);
	while ((node = list_take(&r->waiting)))
		list_add_tail(&todo, node);
	while ((node = list_take(&todo))) {
		struct lb_pool *p = container_of_list(node, struct lb_pool, waiting_link);

		list_add_tail(&r->waiting, &p->waiting_link);
		lb_pool_get(p); /* the last that waits may be the last that holds it */
		call(r, p);
		lb_pool_put(r->cfg.lb, p);
	}
}
