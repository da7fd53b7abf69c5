/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Level L's slots each hold 256^L ticks. A node sits on the lowest level that reaches its tick and
 * moves down when the wheel comes to the first tick of its slot. True between calls:
 *   slot[0][now] holds only what is overdue: nodes armed too late, or left over by a budget
 *   slot[0][t] holds exactly the nodes of the one tick t in now + 1 .. now + 255
 *   slot[L][now >> 8 L] was emptied when `now` came to it; what it holds since is a full turn away
 */
#include "base/seq.h"
#include "wheel/wheel.h"

#define SLOT_BITS 8

_Static_assert(WHEEL_SLOTS == 1 << SLOT_BITS, "slots are picked by bits of the tick");
_Static_assert(WHEEL_MAX == (1u << SLOT_BITS * WHEEL_LEVELS) - 1, "the last level's reach");

static inline struct list *slot_of(struct wheel *w, unsigned level, uint32_t tick)
{
	return &w->slot[level][(tick >> SLOT_BITS * level) % WHEEL_SLOTS];
}

static void place(struct wheel *w, struct wheel_node *n)
{
	uint32_t at = seq_max(n->at, w->now), ahead = at - w->now;
	unsigned level = 0;

	while (ahead >> SLOT_BITS * (level + 1))
		level++;
	list_add_tail(slot_of(w, level, at), &n->link);
}

/* `now` may be the first tick of a slot: move its nodes down, each straight to its level. */
static void cascade(struct wheel *w)
{
	struct list *node;

	for (unsigned level = 1; level < WHEEL_LEVELS; level++) {
		if (w->now % (1u << SLOT_BITS * level))
			continue;
		while ((node = list_take(slot_of(w, level, w->now))))
			place(w, container_of_list(node, struct wheel_node, link));
	}
}

/* Ticks, at most max, from w->now to the first one with something to expire or to move down. */
static uint32_t ticks_to_event(const struct wheel *w, uint32_t max)
{
	if (!w->armed)
		return max;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
		uint32_t first = (w->now >> SLOT_BITS * level) + (level > 0);

		for (uint32_t s = first; s != first + WHEEL_SLOTS; s++) {
			uint32_t ahead = (s << SLOT_BITS * level) - w->now;

			if (ahead >= max)
				break;
			if (!list_empty(&w->slot[level][s % WHEEL_SLOTS]))
				max = ahead;
		}
	}
	return max;
}

void wheel_init(struct wheel *w, uint32_t now)
{
	w->now = now;
	w->armed = 0;
	for (unsigned level = 0; level < WHEEL_LEVELS; level++)
		for (unsigned s = 0; s < WHEEL_SLOTS; s++)
			list_init(&w->slot[level][s]);
}

void wheel_node_init(struct wheel_node *n, uint16_t kind)
{
	list_init(&n->link);
	n->at = 0;
	n->kind = kind;
	n->counted = 0;
}

void wheel_arm(struct wheel *w, struct wheel_node *n, uint32_t at)
{
	wheel_cancel(w, n);
	n->at = seq_diff(at, w->now) > (int32_t)WHEEL_MAX ? w->now + WHEEL_MAX : at;
	n->counted = 1;
	w->armed++;
	place(w, n);
}

void wheel_cancel(struct wheel *w, struct wheel_node *n)
{
	list_del(&n->link);
	w->armed -= n->counted;
	n->counted = 0;
}

uint32_t wheel_run(struct wheel *w, uint32_t now, uint32_t budget, struct list *out)
{
	uint32_t done = 0;

	for (;;) {
		struct list *due = slot_of(w, 0, w->now);

		while (!list_empty(due)) {
			struct list *node = due->next;

			if (done == budget)
				return done;
			wheel_cancel(w, container_of_list(node, struct wheel_node, link));
			list_add_tail(out, node);
			done++;
		}
		if (seq_geq(w->now, now))
			return done;
		w->now += ticks_to_event(w, now - w->now);
		cascade(w);
	}
}

uint32_t wheel_next(const struct wheel *w, uint32_t now, uint32_t max)
{
	uint32_t ahead = ticks_to_event(w, UINT32_MAX), late = now - w->now;

	if (!w->armed)
		return max;
	if (ahead <= late)
		return 0;
	return ahead - late < max ? ahead - late : max;
}
