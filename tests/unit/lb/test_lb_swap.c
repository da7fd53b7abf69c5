/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb_test.h"

static struct lb_fixture f;

/* The next snapshot: what f says, to be changed. */
static struct next {
	struct conf_member members[MEMBERS];
	struct conf_pool pool[2];
	struct conf conf;
} next;

static void up(unsigned n)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, n);
	memcpy(next.members, f.members, sizeof(next.members));
	next.pool[0] = next.pool[1] = f.pool;
	next.pool[0].members = next.pool[1].members = next.members;
	next.pool[1].name = "q";
	next.conf = (struct conf){.pools = next.pool, .n_pools = 1};
}

static void swap(const struct conf *conf)
{
	struct err e;
	struct lb_next *n = lb_prepare(f.lb, conf, &e);

	CU_ASSERT_PTR_NOT_NULL_FATAL(n);
	lb_swap(f.lb, n, f.now);
	f.p = lb_pool(f.lb, 0);
}

static void what_is_the_same_goes_on(void)
{
	struct lb_member *a, *b;

	up(2);
	a = f.p->member[0];
	b = f.p->member[1];
	lb_ok(&f, 0, 1000);
	lb_connect_failed(f.lb, f.p, 1, f.now);
	lb_set_weight(f.lb, b, 7, f.now);
	lb_set_admin(f.lb, a, LB_ADMIN_DRAIN, f.now);
	f.p->learned->median = 77;
	next.members[0] = f.members[1]; /* another order */
	next.members[1] = f.members[0];
	next.members[1].weight = 3;
	next.members[1].priority = 2;
	swap(&next.conf);
	CU_ASSERT_PTR_EQUAL(f.p->member[0], b);
	CU_ASSERT_PTR_EQUAL(f.p->member[1], a);
	CU_ASSERT_EQUAL(a->stat[LB_STAT_requests], 1);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	CU_ASSERT_EQUAL(lb_state(&f, 1), LB_DRAIN);
	CU_ASSERT_EQUAL(b->weight, 7); /* the file did not change it */
	CU_ASSERT_EQUAL(a->weight, 3);
	CU_ASSERT_EQUAL(a->priority, 2);
	CU_ASSERT_EQUAL(f.p->learned->median, 77);
	CU_ASSERT_PTR_EQUAL(f.p->conf, &next.pool[0]);
	CU_ASSERT_EQUAL(a->refs, 1);
	lb_down(&f);
}

static void what_differs_is_new(void)
{
	static const struct {
		const char *what;
		struct conf_pool pool;
	} tls[] = {
		{"tls", {.tls = true}},
		{"verify", {.verify = true}},
		{"sni", {.sni = "x"}},
		{"ca", {.ca = "x"}},
		{"certificate", {.cert_name = "x"}},
	};

	for (unsigned i = 0; i < RTE_DIM(tls); i++) {
		struct lb_member *a;

		up(1);
		a = f.p->member[0];
		next.pool[0].tls = tls[i].pool.tls;
		next.pool[0].verify = tls[i].pool.verify;
		next.pool[0].sni = tls[i].pool.sni;
		next.pool[0].ca = tls[i].pool.ca;
		next.pool[0].cert_name = tls[i].pool.cert_name;
		swap(&next.conf);
		CU_ASSERT_PTR_NOT_EQUAL(f.p->member[0], a);
		lb_down(&f);
	}
	up(3);
	next.members[0].name = "x";
	next.members[1].endpoint.port = 9;
	next.members[2].endpoint.addr.b[0] = 9;
	swap(&next.conf);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(f.p->member[i]->refs, 1);
	lb_down(&f);
	up(1); /* another pool's member is another one */
	next.conf.n_pools = 2;
	swap(&next.conf);
	CU_ASSERT_PTR_NOT_EQUAL(lb_member(f.lb, 0, 0), lb_member(f.lb, 1, 0));
	lb_down(&f);
}

/* A request that began before ends under its own snapshot. */
static void what_is_held_lives(void)
{
	struct lb_pool *old;
	struct lb_member *b;
	struct lb_dead *dead;

	up(2);
	old = lb_pool_get(f.p);
	b = lb_member_get(f.p->member[1]);
	lb_start(f.lb, old, 1, 0, f.now);
	next.pool[0].n_members = 1;
	swap(&next.conf);
	CU_ASSERT_FALSE(b->listed);
	CU_ASSERT_TRUE(f.p->member[0]->listed);
	CU_ASSERT_TRUE(lb_uses(f.lb, &f.conf));
	CU_ASSERT_TRUE(lb_uses(f.lb, &next.conf));
	lb_dead_free(lb_take_dead(f.lb)); /* the old set, nothing that is used */
	lb_done(f.lb, old, 1, &(struct lb_result){.status = 200, .ttfb_us = 5}, f.now);
	CU_ASSERT_EQUAL(b->stat[LB_STAT_status_2xx], 1);
	lb_pool_put(f.lb, old);
	CU_ASSERT_FALSE(lb_uses(f.lb, &f.conf));
	CU_ASSERT_EQUAL(b->refs, 1);
	CU_ASSERT_PTR_EQUAL(f.p->member[0]->refs, 1);
	lb_dead_free(lb_take_dead(f.lb));
	CU_ASSERT_PTR_NULL(lb_take_dead(f.lb));
	lb_member_put(f.lb, b);
	dead = lb_take_dead(f.lb);
	CU_ASSERT_PTR_EQUAL(dead, &b->dead);
	lb_dead_free(dead);
	lb_down(&f);
}

/* Or each reload would grant the requests that began before it another one. */
static void old_and_new_share_one_budget(void)
{
	struct lb_pool *old;
	unsigned n = 0;

	up(2);
	old = lb_pool_get(f.p);
	swap(&next.conf);
	while (lb_retry(f.lb, old, f.now))
		n++;
	CU_ASSERT_EQUAL(n, 100);
	CU_ASSERT_FALSE(lb_retry(f.lb, f.p, f.now));
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_retries_granted], 100);
	lb_pool_put(f.lb, old);
	lb_down(&f);
}

static void who_joins_starts_slowly(void)
{
	up(1);
	next.pool[0].slow_start_ms = 1000;
	next.pool[0].n_members = 2;
	next.members[1] = (struct conf_member){.name = "z", .weight = 10};
	swap(&next.conf);
	CU_ASSERT_EQUAL(f.p->member[0]->share, 1024);
	CU_ASSERT_EQUAL(f.p->member[1]->share, 1024);
	lb_wait(&f, 1 * S);
	CU_ASSERT_EQUAL(f.p->member[1]->share, 10240);
	lb_down(&f);
}

static void what_the_file_sets_is_set(void)
{
	struct lb_check c;

	up(2);
	next.pool[0].concurrency = 3;
	next.pool[0].check = &f.check;
	swap(&next.conf);
	CU_ASSERT_EQUAL(f.p->member[0]->limit, 3);
	for (unsigned i = 0; i < 3; i++) {
		unsigned bad = 0;

		for (f.now += 2250 * MS; bad < 2;) {
			if (lb_check_take(f.lb, &c, f.now)) {
				lb_check_done(f.lb, &c, LB_FAIL_CONNECT, f.now);
				bad++;
			}
			f.now += 20 * MS;
		}
	}
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_DOWN);
	CU_ASSERT_TRUE(lb_check_take(f.lb, &c, f.now + 3 * S)); /* under way over a swap */
	swap(&f.conf);
	CU_ASSERT_EQUAL(f.p->member[0]->limit, UINT32_MAX);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP); /* nobody checks it any more */
	CU_ASSERT_TRUE(lb_uses(f.lb, &next.conf));
	lb_check_done(f.lb, &c, LB_FAIL_CONNECT, f.now);
	CU_ASSERT_FALSE(lb_uses(f.lb, &next.conf));
	lb_tick(f.lb, f.now + S);
	CU_ASSERT_EQUAL(lb_state(&f, 0), LB_UP);
	lb_down(&f);
}

static void another_that_is_not_taken(void)
{
	struct lb_next *n;
	struct err e;

	up(2);
	next.members[1].name = "new";
	n = lb_prepare(f.lb, &next.conf, &e);
	CU_ASSERT_EQUAL(f.p->member[0]->refs, 1);
	lb_next_destroy(n);
	lb_next_destroy(NULL);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), 0);
	lb_down(&f);
}

/* Reload over and over while requests run. */
static void many_swaps_leak_nothing(void)
{
	struct lb_pool *held[8] = {NULL};

	up(8);
	f.board = NULL;
	for (unsigned i = 0; i < 1000; i++) {
		struct lb_pool **h = &held[rand_below(&f.rnd, RTE_DIM(held))];

		if (*h)
			lb_pool_put(f.lb, *h);
		*h = lb_pool_get(f.p);
		next.pool[0].n_members = 1 + rand_below(&f.rnd, 8);
		next.members[rand_below(&f.rnd, 8)].endpoint.port = rand_below(&f.rnd, 2);
		swap(&next.conf);
		lb_dead_free(lb_take_dead(f.lb));
	}
	for (unsigned i = 0; i < RTE_DIM(held); i++)
		if (held[i])
			lb_pool_put(f.lb, held[i]);
	for (unsigned i = 0; i < f.p->n; i++)
		CU_ASSERT_EQUAL(f.p->member[i]->refs, 1);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_is_the_same_goes_on),
	UNIT_CASE(what_differs_is_new),
	UNIT_CASE(what_is_held_lives),
	UNIT_CASE(old_and_new_share_one_budget),
	UNIT_CASE(who_joins_starts_slowly),
	UNIT_CASE(what_the_file_sets_is_set),
	UNIT_CASE(another_that_is_not_taken),
	UNIT_CASE(many_swaps_leak_nothing),
};

UNIT_MAIN(cases)
