/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LB_LB_PRIV_H
#define LB_LB_PRIV_H

#include "lb/lb.h"

struct lb_pool {
	const struct conf_pool *conf;
	struct lb_member *member; /* conf->n_members */
};

struct lb {
	struct rand_state *rnd;
	unsigned n_pools;
	struct lb_pool pool[];
};

/* The members that may take a request, as indexes in rising order. */
struct lb_choice {
	struct lb_member *member; /* the pool's */
	struct rand_state *rnd;
	unsigned n;
	uint8_t at[CONF_MEMBERS_MAX];
};

_Static_assert(CONF_MEMBERS_MAX <= 256, "a member's index fits a byte");

#endif
