/* SPDX-License-Identifier: BSD-3-Clause */
#include "fault.h"
#include "unit.h"

#define DRAWS 100000

static struct fault_times times;

static double mean(void)
{
	double sum = 0;

	for (unsigned i = 0; i < FAULT_QUANTILES; i++)
		sum += times.us[i];
	return sum / FAULT_QUANTILES;
}

static bool near(double is, double want, double share)
{
	return is > want * (1 - share) && is < want * (1 + share);
}

static void distributions(void)
{
	fault_times_init(&times, &(struct gen_time){.us = 700, .shape = GEN_FIXED});
	CU_ASSERT_EQUAL(times.us[0], 700);
	CU_ASSERT_EQUAL(times.us[FAULT_QUANTILES - 1], 700);

	fault_times_init(&times, &(struct gen_time){.us = 5000, .shape = GEN_EXPONENTIAL});
	CU_ASSERT(near(mean(), 5000, 0.01));
	CU_ASSERT(near(times.us[FAULT_QUANTILES / 2], 5000 * 0.6931, 0.01)); /* ln 2 */

	/* the median, and exp(mu + sigma^2 / 2) */
	fault_times_init(
		&times, &(struct gen_time){.us = 5000, .sigma = 1, .shape = GEN_LOGNORMAL});
	CU_ASSERT(near(times.us[FAULT_QUANTILES / 2], 5000, 0.01));
	CU_ASSERT(near(mean(), 5000 * 1.6487, 0.02));
	for (unsigned i = 1; i < FAULT_QUANTILES; i++)
		CU_ASSERT(times.us[i - 1] <= times.us[i]);

	/* what is too long for 32 bits is as long as they can say */
	fault_times_init(
		&times, &(struct gen_time){.us = UINT32_MAX, .sigma = 3, .shape = GEN_LOGNORMAL});
	CU_ASSERT_EQUAL(times.us[FAULT_QUANTILES - 1], UINT32_MAX);
}

static void chances(void)
{
	const struct gen_faults f = {.slow_down = (uint32_t)(GEN_CHANCE / 10),
		.stall = (uint32_t)(GEN_CHANCE / 4),
		.corrupt = 1};
	unsigned n[FAULT_KINDS] = {0};
	struct rand_state r;

	rand_seed(&r, unit_seed(3));
	for (unsigned i = 0; i < DRAWS; i++)
		n[fault_draw(&f, &r)]++;
	CU_ASSERT(near(n[FAULT_SLOW_DOWN], DRAWS * 0.1, 0.1));
	CU_ASSERT(near(n[FAULT_STALL], DRAWS * 0.9 * 0.25, 0.1));
	CU_ASSERT_EQUAL(n[FAULT_RESET] + n[FAULT_ERROR] + n[FAULT_DRIP] + n[FAULT_TRUNCATE], 0);
	CU_ASSERT(n[FAULT_CORRUPT] < 3);
}

static void chances_of_connections(void)
{
	const struct gen_faults f = {
		.refuse = (uint32_t)(GEN_CHANCE / 10), .blackhole = (uint32_t)(GEN_CHANCE / 4)};
	unsigned n[FAULT_CONNS] = {0};
	struct rand_state r;

	rand_seed(&r, unit_seed(5));
	for (unsigned i = 0; i < DRAWS; i++)
		n[fault_draw_conn(&f, &r)]++;
	CU_ASSERT(near(n[FAULT_CONN_REFUSE], DRAWS * 0.1, 0.1));
	CU_ASSERT(near(n[FAULT_CONN_BLACKHOLE], DRAWS * 0.9 * 0.25, 0.1));
}

static void seats(void)
{
	struct fault_seats s = {0};

	CU_ASSERT_EQUAL(fault_seat_take(&s, 2, 100, 50), 150);
	CU_ASSERT_EQUAL(fault_seat_free(&s, 2), 0);
	CU_ASSERT_EQUAL(fault_seat_take(&s, 2, 100, 70), 170);
	CU_ASSERT_EQUAL(fault_seat_free(&s, 2), 150);
	CU_ASSERT_EQUAL(fault_seat_take(&s, 2, 110, 50), 200);
	CU_ASSERT_EQUAL(fault_seat_take(&s, 2, 900, 50), 950);
}

static void places(void)
{
	struct rand_state r;
	uint64_t low = 0;

	rand_seed(&r, unit_seed(4));
	for (unsigned i = 0; i < DRAWS; i++) {
		CU_ASSERT_EQUAL(fault_place(1, &r), 0);
		low += fault_place(10ull << 40, &r) < 5ull << 40;
	}
	CU_ASSERT(near((double)low, DRAWS * 0.5, 0.05));
}

static void crash(void)
{
	const struct gen_faults f = {.crash_ms = 100, .return_ms = 200}, never = {0};

	CU_ASSERT(!fault_down(&f, 99) && fault_down(&f, 100));
	CU_ASSERT(fault_down(&f, 199) && !fault_down(&f, 200));
	CU_ASSERT(!fault_down(&never, 0));
}

static const struct unit_case cases[] = {UNIT_CASE(distributions), UNIT_CASE(chances),
	UNIT_CASE(chances_of_connections), UNIT_CASE(seats), UNIT_CASE(places), UNIT_CASE(crash)};
UNIT_MAIN(cases)
