/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One test program is one suite: `test_x` runs all of its cases, `test_x NAME` one. Exits 0 only
 * when every assertion of every case that ran held.
 *
 *	static const struct unit_case cases[] = {UNIT_CASE(first), UNIT_CASE(second)};
 *	UNIT_MAIN(cases)
 */
#ifndef UNIT_H
#define UNIT_H

#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <CUnit/Basic.h>
#include <rte_common.h>
#include <rte_eal.h>

struct unit_case {
	const char *name;
	void (*run)(void);
};

/* clang-format off */
#define UNIT_CASE(fn) {#fn, fn}
/* clang-format on */

#define UNIT_MAIN(cases)                                                                           \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		return unit_main(argc, argv, cases, sizeof(cases) / sizeof((cases)[0]));           \
	}

/* All mbufs of these buf_pools are back. */
#define UNIT_NO_LEAK(pools) CU_ASSERT_EQUAL(buf_pools_in_use(pools), 0)

static inline int unit_main(int argc, char **argv, const struct unit_case *cases, size_t n)
{
	const char *only = argc > 1 ? argv[1] : NULL;
	CU_pSuite suite;
	unsigned bad, ran;

	if (CU_initialize_registry() != CUE_SUCCESS)
		return 2;
	suite = CU_add_suite(argv[0], NULL, NULL);
	for (size_t i = 0; i < n; i++)
		if (!only || strcmp(only, cases[i].name) == 0)
			CU_add_test(suite, cases[i].name, cases[i].run);
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	ran = CU_get_number_of_tests_run();
	bad = CU_get_number_of_failures() + CU_get_number_of_tests_failed();
	CU_cleanup_registry();
	if (ran == 0)
		fprintf(stderr, "no case %s\n", only ? only : "at all");
	return bad || ran == 0;
}

/* Start the EAL once, for cases that need mbufs: no root, hugepages, devices or files. */
static inline void unit_eal(void)
{
	static int up;
	char lcores[32];
	char *argv[] = {"t", "--no-huge", "--no-pci", "--no-shconf", "-m", "64", "--lcores", lcores,
		"--log-level", "error", "--no-telemetry"};
	cpu_set_t cpus;

	if (up)
		return;
	/* the EAL pins this thread; tests that run side by side may not all sit on one core */
	sched_getaffinity(0, sizeof(cpus), &cpus);
	snprintf(lcores, sizeof(lcores), "0@%d", sched_getcpu());
	if (rte_eal_init(sizeof(argv) / sizeof(argv[0]), argv) < 0) {
		fprintf(stderr, "rte_eal_init failed\n");
		exit(2);
	}
	sched_setaffinity(0, sizeof(cpus), &cpus);
	up = 1;
}

/* The seed of a random test: UNIT_SEED from the environment, else the fixed one; printed. */
static inline uint64_t unit_seed(uint64_t fixed)
{
	const char *text = getenv("UNIT_SEED");
	uint64_t seed = text ? strtoull(text, NULL, 0) : fixed;

	printf("[UNIT_SEED=%#llx] ", (unsigned long long)seed);
	return seed;
}

#endif
