/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hierarchical timer wheel (Varghese and Lauck 1987, scheme 7): 3 levels of 256 slots. The owner
 * says what a tick is (1 ms for connections, finer for pacing); "now" is always an argument.
 * Lazy re-arm: moving a deadline later is a field of the owner's; on expiry it arms again.
 */
#ifndef WHEEL_WHEEL_H
#define WHEEL_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define WHEEL_SLOTS  256
#define WHEEL_LEVELS 3
#define WHEEL_MAX    ((1u << 24) - 1) /* ticks ahead; a later deadline fires then and re-arms */

struct wheel_node {
	struct list link; /* unlinked: not armed */
	uint32_t at;      /* tick of expiry, modulo 2^32 */
	uint16_t kind;    /* the owner's own mark: what struct this node is part of */
	uint16_t counted; /* 1 in the wheel; 0 when idle or expired but still on a run's out list */
};

struct wheel {
	uint32_t now;   /* last tick that was run */
	uint32_t armed; /* nodes in the wheel */
	struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w, uint32_t now);
void wheel_node_init(struct wheel_node *n, uint16_t kind);
/* Arm (or move) n to expire at tick `at`; a tick that has passed expires on the next run. */
void wheel_arm(struct wheel *w, struct wheel_node *n, uint32_t at);
/* Disarm n, or take it off the list that wheel_run moved it to; nothing when idle. */
void wheel_cancel(struct wheel *w, struct wheel_node *n);
/* Armed, or expired and not yet taken off the out list. */
static inline bool wheel_armed(const struct wheel_node *n)
{
	return list_linked(&n->link);
}
/* Move at most budget nodes that are due at tick now to the tail of out (their link), oldest tick
 * first. Returns the count; the rest come with the next run. */
uint32_t wheel_run(struct wheel *w, uint32_t now, uint32_t budget, struct list *out);
/* Ticks from now until the next node may be due, at most max: how long an idle worker may sleep. */
uint32_t wheel_next(const struct wheel *w, uint32_t now, uint32_t max);

#endif
