/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"
#include "stat/stat.h"
#include "unit.h"

#define N_VALUES 10000

static struct stat_hist hist;
static uint64_t values[N_VALUES];

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void empty_is_zero(void)
{
	memset(&hist, 0, sizeof(hist));
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 0), 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 500), 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), 0);
	CU_ASSERT_EQUAL(stat_hist_below(&hist, UINT64_MAX), 0);
}

static void small_values_are_exact(void)
{
	memset(&hist, 0, sizeof(hist));
	for (uint64_t v = 0; v < 64; v++)
		stat_hist_add(&hist, v);
	CU_ASSERT_EQUAL(hist.count, 64);
	CU_ASSERT_EQUAL(hist.sum, 63 * 64 / 2);
	CU_ASSERT_EQUAL(hist.max, 63);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 0), 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 15), 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 16), 1);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 500), 31);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), 63);
	for (uint64_t v = 0; v < 64; v++)
		CU_ASSERT_EQUAL(stat_hist_below(&hist, v), v + 1);
}

/* A quantile is the largest value of its bucket, unless nothing that large was seen. */
static void answers_are_upper_bounds(void)
{
	static const uint64_t rows[][2] = {{5, 5}, {63, 63}, {64, 65}, {1000, 1007},
		{1ull << 35, (1ull << 35) + (1ull << 30) - 1}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		memset(&hist, 0, sizeof(hist));
		stat_hist_add(&hist, rows[i][0]);
		CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 0), rows[i][0]);
		stat_hist_add(&hist, UINT64_MAX);
		CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 0), rows[i][1]);
		CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 500), rows[i][1]);
		CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 501), UINT64_MAX);
	}
}

/* Every bucket border: a value alone is found within 1/32, and the order of values is kept. */
static void borders_are_within_a_32nd(void)
{
	uint64_t last = 0;

	for (unsigned e = 0; e < 36; e++) {
		for (unsigned sub = 0; sub < 32; sub++) {
			for (int d = -1; d <= 1; d++) {
				uint64_t v = (1ull << e) + ((uint64_t)sub << e) / 32 + (uint64_t)d,
					 q;

				memset(&hist, 0, sizeof(hist));
				stat_hist_add(&hist, v);
				CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 500), v);
				stat_hist_add(&hist, (1ull << 36) - 1);
				q = stat_hist_quantile(&hist, 500);
				CU_ASSERT(q >= v && q - v <= v / 32);
				CU_ASSERT(d < 0 || q >= last);
				CU_ASSERT(stat_hist_below(&hist, v) >= 1);
				last = q;
			}
		}
	}
}

static void extremes(void)
{
	memset(&hist, 0, sizeof(hist));
	stat_hist_add(&hist, 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), 0);
	stat_hist_add(&hist, (1ull << 36) - 1);
	CU_ASSERT_EQUAL(hist.bucket[STAT_HIST_BUCKETS - 1], 1);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), (1ull << 36) - 1);
	stat_hist_add(&hist, 1ull << 36);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), 1ull << 36);
	stat_hist_add(&hist, UINT64_MAX);
	CU_ASSERT_EQUAL(hist.bucket[STAT_HIST_BUCKETS - 1], 3);
	CU_ASSERT_EQUAL(hist.max, UINT64_MAX);
	CU_ASSERT_EQUAL(hist.count, 4);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 250), 0);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 1000), UINT64_MAX);
	CU_ASSERT_EQUAL(stat_hist_quantile(&hist, 5000), UINT64_MAX);
	CU_ASSERT_EQUAL(stat_hist_below(&hist, (1ull << 36) - (1ull << 30) - 1), 1);
	CU_ASSERT_EQUAL(stat_hist_below(&hist, UINT64_MAX), 4);
}

static void quantiles_against_sorted(void)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(0x68697374));
	memset(&hist, 0, sizeof(hist));
	for (int i = 0; i < N_VALUES; i++) {
		values[i] = rand_next(&r) >> (28 + rand_below(&r, 36));
		stat_hist_add(&hist, values[i]);
	}
	qsort(values, N_VALUES, sizeof(values[0]), compare);
	for (unsigned q = 1; q <= 1000; q++) {
		uint64_t want = values[(N_VALUES * q + 999) / 1000 - 1];
		uint64_t got = stat_hist_quantile(&hist, q);

		CU_ASSERT(got >= want && got - want <= want / 32);
	}
	for (int i = 0; i < N_VALUES; i++) {
		uint64_t below = stat_hist_below(&hist, values[i]);

		CU_ASSERT(below >= (uint64_t)i + 1);
		CU_ASSERT(below == N_VALUES || values[below] > values[i]);
	}
}

static void merge_is_adding_all(void)
{
	static struct stat_hist a, b;
	struct rand_state r;

	rand_seed(&r, unit_seed(0x6d657267));
	memset(&hist, 0, sizeof(hist));
	memset(&a, 0, sizeof(a));
	memset(&b, 0, sizeof(b));
	for (int i = 0; i < N_VALUES; i++) {
		uint64_t v = rand_next(&r) >> rand_below(&r, 64);

		stat_hist_add(&hist, v);
		stat_hist_add(i % 3 ? &a : &b, v);
	}
	stat_hist_merge(&a, &b);
	CU_ASSERT_EQUAL(memcmp(&a, &hist, sizeof(a)), 0);
	stat_hist_merge(&b, &a);
	CU_ASSERT_EQUAL(b.max, hist.max);
}

static const struct unit_case cases[] = {
	UNIT_CASE(empty_is_zero),
	UNIT_CASE(small_values_are_exact),
	UNIT_CASE(answers_are_upper_bounds),
	UNIT_CASE(borders_are_within_a_32nd),
	UNIT_CASE(extremes),
	UNIT_CASE(quantiles_against_sorted),
	UNIT_CASE(merge_is_adding_all),
};

UNIT_MAIN(cases)
