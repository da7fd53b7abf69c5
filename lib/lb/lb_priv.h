/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LB_LB_PRIV_H
#define LB_LB_PRIV_H

#include "lb/lb.h"

struct lb {
	struct rand_state *rnd;
	unsigned n_pools;
	struct lb_pool **pool;                /* of the newest snapshot; each counted once */
	struct list dead_pools, dead_members; /* nobody holds them: control frees them */
};

/* The members that may take a request, as indexes in rising order. */
struct lb_choice {
	struct lb_member *const *member; /* the pool's */
	struct rand_state *rnd;
	unsigned n;
	uint8_t at[CONF_MEMBERS_MAX];
};

_Static_assert(CONF_MEMBERS_MAX <= 256, "a member's index fits a byte");

#endif
