/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

/* ---- memory that fails ---- */

static long fail_at = -1; /* how many succeed before one does not; < 0: all */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_rte_zmalloc_socket(const char *type, size_t size, unsigned align, int socket);
void *__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned align, int socket);

static bool fails(void)
{
	return fail_at >= 0 && fail_at-- == 0;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_rte_zmalloc_socket(const char *type, size_t size, unsigned align, int socket)
{
	return fails() ? NULL : __real_rte_zmalloc_socket(type, size, align, socket);
}

/* ---- */

#define MORE "[pool more]\nmember = d 10.1.0.14:9000\n"

static void up(void)
{
	system_up();
	system_file(SYSTEM_INI);
}

static struct ctl_snapshots *snapshots(void)
{
	return sys.core.sys.snapshots;
}

static unsigned running(void)
{
	return snapshots()->now->number;
}

static unsigned kept(void)
{
	unsigned n = 0;

	for (const struct ctl_snapshot *s = snapshots()->now; s; s = s->next)
		n++;
	return n;
}

/* All workers have what is said to run. */
static void expect_agreed(void)
{
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		CU_ASSERT_TRUE(relay_uses(sys.worker[w].relay, sys.core.sys.conf));
		CU_ASSERT_EQUAL(lb_pools(sys.worker[w].lb), sys.core.sys.conf->n_pools);
	}
	CU_ASSERT_EQUAL(sys.core.behind, 0);
}

static void first(void)
{
	up();
	CU_ASSERT_EQUAL(running(), 1);
	CU_ASSERT_PTR_EQUAL(sys.core.sys.conf, sys.conf);
	EXPECT_ANSWER("show snapshots", "1", "running", "start");
	expect_agreed();
	system_down();
}

static void another(void)
{
	up();
	system_file(SYSTEM_INI MORE);
	EXPECT_ANSWER("reload", "snapshot", "2", "[pool more]");
	CU_ASSERT_EQUAL(running(), 2);
	expect_agreed();
	EXPECT_ANSWER("show pool more", "d", "10.1.0.14:9000");
	CU_ASSERT_TRUE(snapshots()->now->next->used);
	ctl__snapshots_tick(snapshots());
	CU_ASSERT_FALSE(snapshots()->now->next->used);
	EXPECT_ANSWER("show snapshots", "2", "running", "1", "kept");
	system_down();
}

static void hundred(void)
{
	up();
	for (unsigned i = 0; i < 100; i++) {
		bool ok;

		system_file(i % 2 ? SYSTEM_INI : SYSTEM_INI MORE);
		free(ask(i % 5 == 4 ? "rollback" : "reload", &ok));
		CU_ASSERT_TRUE(ok);
		ctl__snapshots_tick(snapshots());
		expect_agreed();
	}
	CU_ASSERT_EQUAL(running(), 101);
	CU_ASSERT_EQUAL(kept(), CTL_SNAPSHOTS_KEPT);
	system_down();
}

/* Each of many snapshots has a request of its own, that takes longer than all of them. */
static void many_in_use(void)
{
	struct lb_pool *held[40];
	struct lb *lb;

	up();
	lb = sys.worker[1].lb;
	for (unsigned i = 0; i < RTE_DIM(held); i++) {
		bool ok;

		held[i] = lb_pool_get(lb_pool(lb, 0));
		free(ask("reload", &ok));
		CU_ASSERT_TRUE(ok);
		ctl__snapshots_tick(snapshots());
	}
	CU_ASSERT_EQUAL(kept(), RTE_DIM(held) + 1);
	lb_pool_put(lb, held[20]); /* in the midst of them */
	ctl__snapshots_tick(snapshots());
	CU_ASSERT_EQUAL(kept(), RTE_DIM(held));
	for (unsigned i = 0; i < RTE_DIM(held); i++)
		if (i != 20)
			lb_pool_put(lb, held[i]);
	ctl__snapshots_tick(snapshots());
	CU_ASSERT_EQUAL(kept(), CTL_SNAPSHOTS_KEPT);
	system_down();
}

/* The nth thing that memory is asked for is not there: all stays as it was, until all is there. */
static void no_memory_at_any_point(void)
{
	unsigned n = 0;
	bool ok = false;

	up();
	system_file(SYSTEM_INI MORE);
	for (; !ok && n < 1000; n++) {
		fail_at = n;
		free(ask("reload", &ok));
		fail_at = -1;
		CU_ASSERT_EQUAL(running(), ok ? 2 : 1);
		expect_agreed();
	}
	CU_ASSERT_TRUE(ok);
	CU_ASSERT_TRUE(n > 10);
	CU_ASSERT_EQUAL(snapshots()->refused, snapshots()->reloads - 1);
	system_down();
}

static void nobody_answers(void)
{
	up();
	sys.hangs = true;
	expect_error("reload", "nothing is changed: worker 0 does not answer\n");
	CU_ASSERT_EQUAL(running(), 1);
	sys.hangs = false;
	expect_agreed();
	EXPECT_ANSWER("reload", "2");
	system_down();
}

/* The second worker hangs: the first goes on with the new one, the second gets it in its time. */
static void one_is_behind(void)
{
	bool ok;

	up();
	system_file(SYSTEM_INI MORE);
	sys.hung = 2;
	expect_error("reload", "worker 1 does not answer: it is asked again\n");
	CU_ASSERT_EQUAL(running(), 2);
	CU_ASSERT_EQUAL(sys.core.behind, 2);
	EXPECT_ANSWER("show pool more", "d");
	EXPECT_ANSWER("show listeners", "s3");
	free(ask("show counters all", &ok));
	CU_ASSERT_TRUE(ok);
	expect_error("reload",
		"nothing is changed: workers have yet to take the change before this one\n");
	expect_error("drain more/d", "workers have yet to take a change before this one\n");
	ctl__snapshots_tick(snapshots());
	CU_ASSERT_EQUAL(sys.core.behind, 2);
	CU_ASSERT_TRUE(relay_uses(sys.worker[1].relay, sys.conf));
	sys.hung = 0;
	ctl__snapshots_tick(snapshots());
	expect_agreed();
	ctl__snapshots_tick(snapshots());
	CU_ASSERT_FALSE(snapshots()->now->next->used);
	system_down();
}

/* It never comes back: what was prepared for it is given back at the end. */
static void one_is_behind_for_ever(void)
{
	bool ok;

	up();
	system_file(SYSTEM_INI MORE);
	sys.hung = 2;
	free(ask("reload", &ok));
	CU_ASSERT_FALSE(ok);
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(first),
	UNIT_CASE(another),
	UNIT_CASE(hundred),
	UNIT_CASE(many_in_use),
	UNIT_CASE(no_memory_at_any_point),
	UNIT_CASE(nobody_answers),
	UNIT_CASE(one_is_behind),
	UNIT_CASE(one_is_behind_for_ever),
};

UNIT_MAIN(cases)
