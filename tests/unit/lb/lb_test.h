/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool without a file. */
#ifndef LB_TEST_H
#define LB_TEST_H

#include "lb/lb.h"
#include "unit.h"

#define HOLD_MS 100

struct lb_fixture {
	struct conf_member members[8];
	struct conf_pool pool;
	struct conf conf;
	struct rand_state rnd;
	struct lb *lb;
	struct lb_pool *p; /* its only one */
};

static inline void lb_up(
	struct lb_fixture *f, enum conf_balance balance, const uint32_t *weights, unsigned n)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h"};
	struct err e;

	memset(f, 0, sizeof(*f));
	for (unsigned i = 0; i < n; i++)
		f->members[i] = (struct conf_member){.name = names[i], .weight = weights[i]};
	f->pool = (struct conf_pool){.name = "p",
		.balance = balance,
		.members = f->members,
		.n_members = n,
		.hold_ms = HOLD_MS};
	f->conf = (struct conf){.pools = &f->pool, .n_pools = 1};
	rand_seed(&f->rnd, 1);
	f->lb = lb_create(
		&(struct lb_config){.conf = &f->conf, .rnd = &f->rnd, .n_workers = 1}, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->lb);
	f->p = lb_pool(f->lb, 0);
}

static inline void lb_down(struct lb_fixture *f)
{
	lb_destroy(f->lb);
}

static const struct lb_tried none_tried;
static const struct lb_ask any = {.tried = &none_tried};

#endif
