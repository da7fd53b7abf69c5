/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/seq.h"
#include "unit.h"

static void order_across_the_wrap(void)
{
	static const uint32_t bases[] = {0, 1, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff};
	static const uint32_t ahead[] = {1, 2, 0x10, 0x12345678, 0x7fffffff};

	for (size_t b = 0; b < RTE_DIM(bases); b++) {
		uint32_t x = bases[b];

		CU_ASSERT(seq_leq(x, x) && seq_geq(x, x) && !seq_lt(x, x) && !seq_gt(x, x));
		CU_ASSERT_EQUAL(seq_diff(x, x), 0);
		for (size_t a = 0; a < RTE_DIM(ahead); a++) {
			uint32_t y = x + ahead[a];

			CU_ASSERT(seq_lt(x, y) && seq_leq(x, y) && seq_gt(y, x) && seq_geq(y, x));
			CU_ASSERT(
				!seq_lt(y, x) && !seq_leq(y, x) && !seq_gt(x, y) && !seq_geq(x, y));
			CU_ASSERT_EQUAL(seq_diff(y, x), (int32_t)ahead[a]);
			CU_ASSERT_EQUAL(seq_diff(x, y), -(int32_t)ahead[a]);
			CU_ASSERT(seq_max(x, y) == y && seq_max(y, x) == y);
			CU_ASSERT(seq_min(x, y) == x && seq_min(y, x) == x);
		}
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(order_across_the_wrap),
};

UNIT_MAIN(cases)
