/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycles of a choice among 16 members, and of a request's whole way through lib/lb. */
#include <stdio.h>
#include <x86intrin.h>

#include "lb/lb.h"

#define MEMBERS 16
#define ROUNDS  20000

static struct lb *lb;
static struct lb_pool *pool;
static struct lb_ask ask;
static uint64_t sum; /* uses the results, so that nothing is optimised away */

static void pick(void)
{
	ask.hash++;
	sum += (uint64_t)lb_pick(lb, pool, &ask, 1000);
}

static void whole(void)
{
	const struct lb_result res = {
		.status = 200, .bytes_in = 4096, .wait_us = 900, .ttfb_us = 900};
	unsigned m;

	ask.hash++;
	m = (unsigned)lb_pick(lb, pool, &ask, 1000);
	lb_start(lb, pool, m, CONF_SIZE_TINY, 1000);
	lb_done(lb, pool, m, &res, 1000);
}

/* The best of 5 rounds: what the code costs, not what disturbed it. */
static uint64_t cycles(void (*run)(void))
{
	uint64_t best = UINT64_MAX, start;

	for (int round = 0; round < 5; round++) {
		start = __rdtsc();
		for (int i = 0; i < ROUNDS; i++)
			run();
		start = __rdtsc() - start;
		best = start < best ? start : best;
	}
	return best / ROUNDS;
}

int main(void)
{
	static const struct lb_tried none;
	static struct conf_member members[MEMBERS];
	static char names[MEMBERS][4];

	for (unsigned i = 0; i < MEMBERS; i++) {
		snprintf(names[i], sizeof(names[i]), "%u", i);
		members[i] = (struct conf_member){.name = names[i], .weight = 1};
	}
	printf("%-20s %6s %6s   TSC cycles, %u members\n", "balance", "pick", "whole", MEMBERS);
	for (int b = CONF_BALANCE_ROUND_ROBIN; b <= CONF_BALANCE_HASH; b++) {
		struct conf_pool c = {.name = "p",
			.balance = (enum conf_balance)b,
			.members = members,
			.n_members = MEMBERS,
			.hash_load = 125,
			.panic = 50,
			.priority_members = 1,
			.slow_factor = 5};
		struct conf conf = {.pools = &c, .n_pools = 1};
		struct rand_state rnd;
		struct err e;

		rand_seed(&rnd, 1);
		ask = (struct lb_ask){.tried = &none};
		lb = lb_create(&(struct lb_config){.conf = &conf, .rnd = &rnd, .n_workers = 1}, &e);
		if (!lb)
			return 1;
		pool = lb_pool(lb, 0);
		printf("%-20s %6lu %6lu\n", conf_balance_name(c.balance), cycles(pick),
			cycles(whole));
		lb_destroy(lb);
	}
	return sum == 0;
}
