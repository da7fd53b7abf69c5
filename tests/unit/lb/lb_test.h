/* SPDX-License-Identifier: BSD-3-Clause */
/* A pool without a file, in virtual time. */
#ifndef LB_TEST_H
#define LB_TEST_H

#include "lb/lb.h"
#include "unit.h"

#define HOLD_MS 100
#define MEMBERS 16
#define MS      CLOCK_US_PER_MS
#define S       CLOCK_US_PER_S

struct lb_fixture {
	struct conf_member members[MEMBERS];
	struct conf_check check;
	struct conf_pool pool;
	struct conf conf;
	struct lb_board *board;
	struct rand_state rnd;
	struct lb *lb;
	struct lb_pool *p; /* its only one */
	clock_us_t now;
};

/* What the file says; weights NULL: all 1. */
static inline void lb_file(
	struct lb_fixture *f, enum conf_balance balance, const uint32_t *weights, unsigned n)
{
	static const char *const names[MEMBERS] = {
		"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l", "m", "n", "o", "p"};

	memset(f, 0, sizeof(*f));
	f->now = 1000 * S;
	for (unsigned i = 0; i < n; i++)
		f->members[i] =
			(struct conf_member){.name = names[i], .weight = weights ? weights[i] : 1};
	f->check = (struct conf_check){
		.name = "s3", .interval_ms = 2000, .timeout_ms = 1000, .rise = 2, .fall = 3};
	f->pool = (struct conf_pool){.name = "p",
		.balance = balance,
		.members = f->members,
		.n_members = n,
		.hold_ms = HOLD_MS,
		.hash_load = 125,
		.panic = 50,
		.eject_limit = 50,
		.priority_members = 1,
		.eject_errors = 5,
		.eject_ms = 10000,
		.eject_max_ms = 300000,
		.slow_factor = 5,
		.retry_budget = 20,
		.retry_floor = 10};
	f->conf = (struct conf){.pools = &f->pool, .n_pools = 1};
	rand_seed(&f->rnd, 1);
}

static inline void lb_open(struct lb_fixture *f)
{
	struct err e;

	f->lb = lb_create(
		&(struct lb_config){
			.conf = &f->conf, .rnd = &f->rnd, .board = f->board, .n_workers = 1},
		&e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->lb);
	f->p = lb_pool(f->lb, 0);
}

static inline void lb_up(
	struct lb_fixture *f, enum conf_balance balance, const uint32_t *weights, unsigned n)
{
	lb_file(f, balance, weights, n);
	lb_open(f);
}

static inline void lb_down(struct lb_fixture *f)
{
	lb_destroy(f->lb);
	lb_board_destroy(f->board);
}

/* A request that ends as res says, at once. */
static inline void lb_one(struct lb_fixture *f, unsigned member, const struct lb_result *res)
{
	lb_start(f->lb, f->p, member, res->size, f->now);
	lb_done(f->lb, f->p, member, res, f->now);
}

static inline void lb_ok(struct lb_fixture *f, unsigned member, clock_us_t us)
{
	lb_one(f, member,
		&(struct lb_result){.status = 200, .wait_us = us, .ttfb_us = us, .total_us = us});
}

static inline void lb_fail(struct lb_fixture *f, unsigned member, bool writes)
{
	lb_one(f, member, &(struct lb_result){.outcome = LB_RESET, .writes = writes});
}

static inline void lb_slow_down(struct lb_fixture *f, unsigned member, uint32_t retry_after_ms)
{
	lb_one(f, member,
		&(struct lb_result){
			.status = 503, .slow_down = true, .retry_after_ms = retry_after_ms});
}

static inline void lb_wait(struct lb_fixture *f, clock_us_t us)
{
	f->now += us;
	lb_tick(f->lb, f->now);
}

static inline enum lb_state lb_state(const struct lb_fixture *f, unsigned member)
{
	return lb_member_state(f->p->member[member]);
}

static const struct lb_tried none_tried;
static const struct lb_ask any = {.tried = &none_tried};
static const struct lb_ask any_write = {.tried = &none_tried, .writes = true};

static inline int lb_ask_once(struct lb_fixture *f, const struct lb_ask *ask)
{
	return lb_pick(f->lb, f->p, ask, f->now);
}

/* How many of n picks went to each. */
static inline void lb_count(
	struct lb_fixture *f, const struct lb_ask *ask, unsigned n, unsigned *count)
{
	memset(count, 0, f->p->n * sizeof(*count));
	while (n-- > 0) {
		int m = lb_ask_once(f, ask);

		CU_ASSERT_TRUE_FATAL(m >= 0);
		count[m]++;
	}
}

#endif
