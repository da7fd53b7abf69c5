/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes of state, from the worker to whoever logs them: a ring with one writer and one reader. */
#include <string.h>

#include "lb/lb_priv.h"

_Static_assert((LB_EVENTS & (LB_EVENTS - 1)) == 0, "indexes run freely");

void lb__event(struct lb *lb, const struct lb_member *m, enum lb_state to, const char *cause,
	clock_us_t now)
{
	struct lb_ring *r = &lb->ring;
	struct lb_event *e = &r->event[r->head % LB_EVENTS];

	/* acquire: pairs with the release in lb_events_take, the slot was read before it is free */
	if (r->head - __atomic_load_n(&r->tail, __ATOMIC_ACQUIRE) == LB_EVENTS) {
		__atomic_store_n(&r->lost, r->lost + 1, __ATOMIC_RELAXED);
		return;
	}
	*e = (struct lb_event){.at = now, .from = m->state, .to = (uint8_t)to, .cause = cause};
	memcpy(e->pool, m->pool, sizeof(e->pool));
	memcpy(e->member, m->name, sizeof(e->member));
	/* release: pairs with the acquire in lb_events_take, the event is whole before it is seen
	 */
	__atomic_store_n(&r->head, r->head + 1, __ATOMIC_RELEASE);
}

unsigned lb_events_take(struct lb *lb, struct lb_event *out, unsigned max)
{
	struct lb_ring *r = &lb->ring;
	unsigned n = __atomic_load_n(&r->head, __ATOMIC_ACQUIRE) - r->tail; /* as said above */

	n = n < max ? n : max;
	for (unsigned i = 0; i < n; i++)
		out[i] = r->event[(r->tail + i) % LB_EVENTS];
	__atomic_store_n(&r->tail, r->tail + n, __ATOMIC_RELEASE);
	return n;
}

uint64_t lb_lost_events(const struct lb *lb)
{
	return __atomic_load_n(&lb->ring.lost, __ATOMIC_RELAXED);
}
