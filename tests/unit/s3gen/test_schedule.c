/* SPDX-License-Identifier: BSD-3-Clause */
#include "schedule.h"
#include "unit.h"

static struct rand_state rnd;

static struct schedule at_rate(uint64_t per_1000_s, enum gen_arrival arrival, uint64_t operations)
{
	const struct gen_clients c = {
		.rate = per_1000_s, .arrival = arrival, .operations = operations};
	struct schedule s;

	rand_seed(&rnd, unit_seed(3));
	schedule_init(&s, &c, 5000);
	return s;
}

/* How many begin from `from` to `to`, looked at every `step` us. */
static unsigned begun(struct schedule *s, clock_us_t from, clock_us_t to, clock_us_t step)
{
	clock_us_t intended;
	unsigned n = 0;

	for (clock_us_t now = from; now < to; now += step)
		while (schedule_due(s, &rnd, now, &intended))
			n++;
	return n;
}

static void constant_rate(void)
{
	const uint64_t rates[] = {1, 333, 1000, 50000, 123456789, 1000000000};

	for (unsigned i = 0; i < RTE_DIM(rates); i++) {
		struct schedule s = at_rate(rates[i], GEN_CONSTANT, 0);
		uint64_t us = 5000000, want = rates[i] * us / 1000000000;
		unsigned n = begun(&s, 5000, 5000 + us, 1000);

		/* the first is due at the start; what falls into the last step is not looked at */
		CU_ASSERT(n + rates[i] / 1000000 >= want && n <= want + 1);
	}
}

/* The heart of it: whoever comes late learns when it should have been. */
static void late_ones_count_from_their_time(void)
{
	struct schedule s = at_rate(100000, GEN_CONSTANT, 0); /* each 10 ms */
	clock_us_t intended;

	CU_ASSERT(schedule_due(&s, &rnd, 5000, &intended));
	CU_ASSERT_EQUAL(intended, 5000);
	CU_ASSERT_FALSE(schedule_due(&s, &rnd, 14999, &intended));
	CU_ASSERT_EQUAL(schedule_next(&s), 15000);
	CU_ASSERT_EQUAL(schedule_behind(&s, 14999), 0);
	/* nothing could begin for 100 ms */
	CU_ASSERT_EQUAL(schedule_behind(&s, 105000), 10);
	for (unsigned i = 1; i <= 10; i++) {
		CU_ASSERT(schedule_due(&s, &rnd, 105000, &intended));
		CU_ASSERT_EQUAL(intended, 5000 + i * 10000);
	}
	CU_ASSERT_FALSE(schedule_due(&s, &rnd, 105000, &intended));
	CU_ASSERT_EQUAL(schedule_behind(&s, 105000), 0);
}

static void poisson(void)
{
	struct schedule s = at_rate(10000000, GEN_POISSON, 0); /* 10000 a second */
	clock_us_t before = 0, intended;
	unsigned n = 0, short_gaps = 0;

	for (clock_us_t now = 5000; now < 5000 + 20000000; now += 100)
		while (schedule_due(&s, &rnd, now, &intended)) {
			CU_ASSERT(intended >= before);
			/* of an exponential distribution 1 - 1/e are shorter than the mean */
			short_gaps += n++ && intended - before < 100;
			before = intended;
		}
	CU_ASSERT(n > 198000 && n < 202000);
	CU_ASSERT(short_gaps > n * 61ull / 100 && short_gaps < n * 65ull / 100);
}

static void closed_loop(void)
{
	struct schedule s = at_rate(0, GEN_CONSTANT, 0);
	clock_us_t intended;

	for (unsigned i = 0; i < 5; i++) {
		CU_ASSERT(schedule_due(&s, &rnd, 7777, &intended));
		CU_ASSERT_EQUAL(intended, 7777);
	}
	CU_ASSERT_EQUAL(schedule_behind(&s, 9999), 0);
	CU_ASSERT_EQUAL(schedule_next(&s), UINT64_MAX);
}

static void limit(void)
{
	struct schedule s = at_rate(0, GEN_CONSTANT, 3);
	clock_us_t intended;

	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(schedule_due(&s, &rnd, 6000, &intended));
	CU_ASSERT_FALSE(schedule_due(&s, &rnd, 6000, &intended));
	s = at_rate(1000000, GEN_CONSTANT, 3);
	CU_ASSERT_EQUAL(schedule_behind(&s, 1000000), 3);
	CU_ASSERT_EQUAL(begun(&s, 5000, 1000000, 1000), 3);
	CU_ASSERT_EQUAL(schedule_behind(&s, 1000000), 0);
	CU_ASSERT_EQUAL(schedule_next(&s), UINT64_MAX);
}

static const struct unit_case cases[] = {
	UNIT_CASE(constant_rate),
	UNIT_CASE(late_ones_count_from_their_time),
	UNIT_CASE(poisson),
	UNIT_CASE(closed_loop),
	UNIT_CASE(limit),
};
UNIT_MAIN(cases)
