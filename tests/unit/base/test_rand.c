/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"
#include "unit.h"

/* First outputs from state {1, 2, 3, 4}: the vector that implementations of xoshiro256** share. */
static void reference(void)
{
	static const uint64_t want[] = {11520u, 0u, 1509978240u, 1215971899390074240u,
		1216172134540287360u, 607988272756665600u, 16172922978634559625u,
		8476171486693032832u, 10595114339597558777u, 2904607092377533576u};
	struct rand_state r = {{1, 2, 3, 4}};

	for (size_t i = 0; i < RTE_DIM(want); i++)
		CU_ASSERT_EQUAL(rand_next(&r), want[i]);
}

/* splitmix64 from 1234567. */
static void seed_is_splitmix(void)
{
	struct rand_state r;

	rand_seed(&r, 1234567);
	CU_ASSERT_EQUAL(r.s[0], 6457827717110365317u);
	CU_ASSERT_EQUAL(r.s[1], 3203168211198807973u);
	CU_ASSERT_EQUAL(r.s[2], 9817491932198370423u);
	CU_ASSERT_EQUAL(r.s[3], 4593380528125082431u);
	rand_seed(&r, 0);
	CU_ASSERT(r.s[0] | r.s[1] | r.s[2] | r.s[3]);
}

static void below_is_uniform(void)
{
	unsigned count[10] = {0};
	struct rand_state r;

	rand_seed(&r, unit_seed(1));
	for (int i = 0; i < 100000; i++) {
		uint32_t v = rand_below(&r, 10);

		CU_ASSERT_FATAL(v < 10);
		count[v]++;
		CU_ASSERT_FATAL(rand_below(&r, 1) == 0);
	}
	/* the standard deviation of each is 95 */
	for (int i = 0; i < 10; i++)
		CU_ASSERT(count[i] > 9500 && count[i] < 10500);
}

static const struct unit_case cases[] = {
	UNIT_CASE(reference),
	UNIT_CASE(seed_is_splitmix),
	UNIT_CASE(below_is_uniform),
};

UNIT_MAIN(cases)
