/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/list.h"
#include "base/rand.h"
#include "base/seq.h"
#include "unit.h"
#include "wheel/wheel.h"

#define N_NODES 200

static struct wheel wheel;

/* Run and forget what expired; the count. */
static uint32_t run(uint32_t now)
{
	struct list out;
	uint32_t n;

	list_init(&out);
	n = wheel_run(&wheel, now, UINT32_MAX, &out);
	while (list_take(&out))
		;
	return n;
}

static void expires_at_its_tick(void)
{
	/* each level's first and last tick, and the ticks around a cascade */
	static const uint32_t ahead[] = {1, 2, 255, 256, 257, 511, 512, 65535, 65536, 65537, 131072,
		(1u << 24) - 257, WHEEL_MAX - 1, WHEEL_MAX};
	static const uint32_t start[] = {0, 1, 255, 256, 65535, 0xffffff, 0xffffffff, 0xffffff00,
		0x7fffffff, 0x80000000, 0xfffffffe};
	struct wheel_node n;

	for (size_t s = 0; s < RTE_DIM(start); s++) {
		for (size_t i = 0; i < RTE_DIM(ahead); i++) {
			wheel_init(&wheel, start[s]);
			wheel_node_init(&n, 7);
			CU_ASSERT_FALSE(wheel_armed(&n));
			wheel_arm(&wheel, &n, start[s] + ahead[i]);
			CU_ASSERT_TRUE(wheel_armed(&n));
			CU_ASSERT_EQUAL(run(start[s] + ahead[i] - 1), 0);
			CU_ASSERT_EQUAL(wheel.armed, 1);
			CU_ASSERT_EQUAL(run(start[s] + ahead[i]), 1);
			CU_ASSERT_EQUAL(wheel.armed, 0);
			CU_ASSERT_FALSE(wheel_armed(&n));
			CU_ASSERT_EQUAL(n.kind, 7);
		}
	}
}

static void past_expires_on_next_run(void)
{
	struct wheel_node n;

	wheel_init(&wheel, 1000);
	wheel_node_init(&n, 0);
	wheel_arm(&wheel, &n, 1000);
	CU_ASSERT_EQUAL(wheel_next(&wheel, 1000, 50), 0);
	CU_ASSERT_EQUAL(run(1000), 1);
	wheel_arm(&wheel, &n, 3);
	CU_ASSERT_EQUAL(run(1000), 1);
	wheel_arm(&wheel, &n, 1000 - 0x7fffffff);
	CU_ASSERT_EQUAL(run(1001), 1);
	/* a clock that goes back moves nothing */
	wheel_arm(&wheel, &n, 1002);
	CU_ASSERT_EQUAL(run(999), 0);
	CU_ASSERT_EQUAL(wheel.now, 1001);
	CU_ASSERT_EQUAL(run(1002), 1);
}

static void beyond_reach_fires_at_max(void)
{
	struct wheel_node n;

	wheel_init(&wheel, 5);
	wheel_node_init(&n, 0);
	wheel_arm(&wheel, &n, 5 + WHEEL_MAX + 1000);
	CU_ASSERT_EQUAL(run(5 + WHEEL_MAX - 1), 0);
	CU_ASSERT_EQUAL(run(5 + WHEEL_MAX), 1);
	wheel_arm(&wheel, &n, wheel.now + WHEEL_MAX + 1);
	CU_ASSERT_EQUAL(run(wheel.now + WHEEL_MAX - 1), 0);
	CU_ASSERT_EQUAL(run(wheel.now + 1), 1);
	wheel_arm(&wheel, &n, wheel.now + 0x7fffffff);
	CU_ASSERT_EQUAL(run(wheel.now + WHEEL_MAX), 1);
}

static void arm_moves_and_cancel_disarms(void)
{
	struct wheel_node n;

	wheel_init(&wheel, 0);
	wheel_node_init(&n, 0);
	wheel_cancel(&wheel, &n);
	wheel_arm(&wheel, &n, 10);
	wheel_arm(&wheel, &n, 300);
	CU_ASSERT_EQUAL(wheel.armed, 1);
	CU_ASSERT_EQUAL(run(299), 0);
	wheel_arm(&wheel, &n, 400);
	wheel_cancel(&wheel, &n);
	wheel_cancel(&wheel, &n);
	CU_ASSERT_EQUAL(wheel.armed, 0);
	CU_ASSERT_EQUAL(run(1000), 0);
	CU_ASSERT_EQUAL(wheel.now, 1000);
}

/* The handler of one expired node may cancel or re-arm another that expired with it. */
static void cancel_on_the_out_list(void)
{
	struct wheel_node a, b, c;
	struct list out;

	wheel_init(&wheel, 0);
	list_init(&out);
	wheel_node_init(&a, 0);
	wheel_node_init(&b, 0);
	wheel_node_init(&c, 0);
	wheel_arm(&wheel, &a, 1);
	wheel_arm(&wheel, &b, 2);
	wheel_arm(&wheel, &c, 3);
	CU_ASSERT_EQUAL(wheel_run(&wheel, 3, 10, &out), 3);
	CU_ASSERT_EQUAL(wheel.armed, 0);
	CU_ASSERT_PTR_EQUAL(list_take(&out), &a.link);
	wheel_cancel(&wheel, &b);
	CU_ASSERT_EQUAL(wheel.armed, 0);
	wheel_arm(&wheel, &c, 4);
	CU_ASSERT_EQUAL(wheel.armed, 1);
	CU_ASSERT_TRUE(list_empty(&out));
	CU_ASSERT_EQUAL(run(4), 1);
}

static void budget_leaves_the_rest(void)
{
	struct wheel_node n[10];
	struct list out;

	wheel_init(&wheel, 0);
	list_init(&out);
	for (uint32_t i = 0; i < 10; i++) {
		wheel_node_init(&n[i], 0);
		wheel_arm(&wheel, &n[i], 500 - i / 2);
	}
	CU_ASSERT_EQUAL(wheel_run(&wheel, 1000, 0, &out), 0);
	CU_ASSERT_EQUAL(wheel_run(&wheel, 1000, 3, &out), 3);
	CU_ASSERT_EQUAL(wheel_next(&wheel, 1000, 50), 0);
	CU_ASSERT_EQUAL(wheel_run(&wheel, 1000, 6, &out), 6);
	CU_ASSERT_EQUAL(wheel_run(&wheel, 1000, 6, &out), 1);
	CU_ASSERT_EQUAL(wheel_run(&wheel, 1000, 6, &out), 0);
	for (uint32_t want = 496; want <= 500; want++) {
		for (int k = 0; k < 2; k++) {
			struct list *l = list_take(&out);

			CU_ASSERT_PTR_NOT_NULL_FATAL(l);
			CU_ASSERT_EQUAL(container_of_list(l, struct wheel_node, link)->at, want);
		}
	}
}

/* A sleeper that follows wheel_next wakes a few times, not every tick, and is never late. */
static void next_wakes_seldom(void)
{
	struct wheel_node n;
	uint32_t now = 77, wakes = 0;

	wheel_init(&wheel, now);
	CU_ASSERT_EQUAL(wheel_next(&wheel, now, 1234), 1234);
	wheel_node_init(&n, 0);
	wheel_arm(&wheel, &n, now + 7200000);
	CU_ASSERT_EQUAL(wheel_next(&wheel, now, 10), 10);
	while (!run(now)) {
		now += wheel_next(&wheel, now, UINT32_MAX);
		CU_ASSERT_FATAL(++wakes < 5);
	}
	CU_ASSERT_EQUAL(now, 77 + 7200000);
}

static struct wheel_node nodes[N_NODES];
static uint32_t due[N_NODES]; /* the model: tick of expiry */
static uint8_t armed[N_NODES];

/* The smallest due tick, as ticks ahead of now; never below 0, at most max. */
static uint32_t model_next(uint32_t now, uint32_t max)
{
	for (int i = 0; i < N_NODES; i++) {
		if (!armed[i])
			continue;
		if (seq_leq(due[i], now))
			return 0;
		if (due[i] - now < max)
			max = due[i] - now;
	}
	return max;
}

static void model_arm(struct rand_state *r)
{
	uint32_t i = rand_below(r, N_NODES), bits = rand_below(r, 26);
	uint32_t at = wheel.now + rand_below(r, 1u << bits) - 3;

	wheel_arm(&wheel, &nodes[i], at);
	due[i] = seq_diff(at, wheel.now) > (int32_t)WHEEL_MAX ? wheel.now + WHEEL_MAX : at;
	armed[i] = 1;
}

/* Everything that came out was due, in order, once; with budget left, nothing due stayed. */
static void model_run(struct rand_state *r, uint32_t now)
{
	uint32_t budget = rand_below(r, 4) ? UINT32_MAX : rand_below(r, 5), n, seen = 0, before;
	uint32_t floor = wheel.now, last = floor;
	struct list out, *l;

	list_init(&out);
	n = wheel_run(&wheel, now, budget, &out);
	while ((l = list_take(&out))) {
		uint32_t i = (uint32_t)(container_of_list(l, struct wheel_node, link) - nodes);

		before = seq_max(due[i], floor);
		CU_ASSERT_FATAL(armed[i] && seq_leq(due[i], now));
		CU_ASSERT_FATAL(seq_geq(before, last));
		last = before;
		armed[i] = 0;
		seen++;
	}
	CU_ASSERT_FATAL(seen == n && n <= budget);
	if (n < budget)
		CU_ASSERT_FATAL(model_next(now, 1) == 1);
}

static void against_sorted_list(void)
{
	struct rand_state r;
	uint32_t now = 0xffffffff - 40000000, wraps = 0;

	rand_seed(&r, unit_seed(0x77686565));
	wheel_init(&wheel, now);
	memset(armed, 0, sizeof(armed));
	for (int i = 0; i < N_NODES; i++)
		wheel_node_init(&nodes[i], 0);
	for (int step = 0; step < 60000; step++) {
		uint32_t then = now, kind = rand_below(&r, 8), count = 0;

		if (kind < 4) {
			model_arm(&r);
		} else if (kind == 4) {
			uint32_t i = rand_below(&r, N_NODES);

			wheel_cancel(&wheel, &nodes[i]);
			armed[i] = 0;
		} else {
			uint32_t sleep = wheel_next(&wheel, now, 1u << 20);

			CU_ASSERT_FATAL(sleep <= model_next(now, 1u << 20));
			now += kind == 5 ? sleep : rand_below(&r, 1u << rand_below(&r, 18));
			model_run(&r, now);
		}
		for (int i = 0; i < N_NODES; i++)
			count += armed[i];
		CU_ASSERT_FATAL(count == wheel.armed);
		wraps += now < then;
	}
	CU_ASSERT(wraps > 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(expires_at_its_tick),
	UNIT_CASE(past_expires_on_next_run),
	UNIT_CASE(beyond_reach_fires_at_max),
	UNIT_CASE(arm_moves_and_cancel_disarms),
	UNIT_CASE(cancel_on_the_out_list),
	UNIT_CASE(budget_leaves_the_rest),
	UNIT_CASE(next_wakes_seldom),
	UNIT_CASE(against_sorted_list),
};

UNIT_MAIN(cases)
