/* SPDX-License-Identifier: BSD-3-Clause */
/* The scoreboard against a bitmap. */
#include "base/rand.h"
#include "seg.h"

#define SPAN 400u

static uint32_t base; /* the sequence number of bit 0, near the wrap */
static bool bit[SPAN];

static void check_shape(const struct tcp_ranges *s)
{
	uint32_t bytes = 0;

	CU_ASSERT_TRUE_FATAL(s->n <= TCP_RANGES_MAX);
	for (uint32_t i = 0; i < s->n; i++) {
		CU_ASSERT_TRUE_FATAL(seq_lt(s->r[i].start, s->r[i].end));
		CU_ASSERT_TRUE_FATAL(i == 0 || seq_gt(s->r[i].start, s->r[i - 1].end));
		bytes += s->r[i].end - s->r[i].start;
	}
	CU_ASSERT_EQUAL_FATAL(s->bytes, bytes);
}

static void check_same(const struct tcp_ranges *s)
{
	check_shape(s);
	for (uint32_t i = 0; i < SPAN; i++)
		CU_ASSERT_EQUAL_FATAL(tcp__ranges_overlap(s, base + i, base + i + 1), bit[i]);
}

static void check_hole(const struct tcp_ranges *s, uint32_t from, uint32_t limit)
{
	uint32_t start, end, i = from, j;
	bool found = tcp__ranges_hole(s, base + from, base + limit, &start, &end);

	while (i < limit && bit[i])
		i++;
	CU_ASSERT_EQUAL_FATAL(found, i < limit);
	if (!found)
		return;
	for (j = i; j < limit && !bit[j]; j++)
		;
	CU_ASSERT_EQUAL_FATAL(start, base + i);
	CU_ASSERT_EQUAL_FATAL(end, base + j);
}

static void add(struct tcp_ranges *s, uint32_t a, uint32_t b)
{
	bool news = false, full = s->n == TCP_RANGES_MAX;
	uint32_t before = s->bytes;

	for (uint32_t i = a; i < b; i++)
		news |= !bit[i];
	if (tcp__ranges_add(s, base + a, base + b)) {
		CU_ASSERT_TRUE_FATAL(news);
		memset(bit + a, true, b - a);
	} else {
		CU_ASSERT_TRUE_FATAL(!news || full);
		CU_ASSERT_EQUAL_FATAL(s->bytes, before);
	}
}

static void random_against_bitmap(void)
{
	struct tcp_ranges s;
	struct rand_state r;

	rand_seed(&r, unit_seed(3));
	for (int round = 0; round < 300; round++) {
		base = 0u - rand_below(&r, 2 * SPAN);
		s = (struct tcp_ranges){0};
		memset(bit, false, sizeof(bit));
		for (int i = 0; i < 60; i++) {
			uint32_t a = rand_below(&r, SPAN), b = a + rand_below(&r, SPAN - a + 1);

			if (rand_below(&r, 2) && b > a + 6)
				b = a + rand_below(&r, 6);
			if (rand_below(&r, 20) == 0) {
				tcp__ranges_trim(&s, base + a);
				memset(bit, false, a);
			} else {
				add(&s, a, b);
			}
			check_same(&s);
			check_hole(&s, rand_below(&r, SPAN), rand_below(&r, SPAN));
		}
	}
}

static void edges(void)
{
	struct tcp_ranges s = {0};
	uint32_t a, b;

	CU_ASSERT_FALSE(tcp__ranges_add(&s, 5, 5));
	CU_ASSERT_FALSE(tcp__ranges_add(&s, 6, 5));
	CU_ASSERT_FALSE(tcp__ranges_hole(&s, 5, 5, &a, &b));
	CU_ASSERT_TRUE(tcp__ranges_add(&s, 10, 20));
	CU_ASSERT_TRUE(tcp__ranges_add(&s, 20, 30)); /* touching is one */
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT_FALSE(tcp__ranges_add(&s, 12, 28));
	for (uint32_t i = 1; i < TCP_RANGES_MAX; i++)
		CU_ASSERT_TRUE(tcp__ranges_add(&s, 100 * i, 100 * i + 1));
	CU_ASSERT_FALSE(tcp__ranges_add(&s, 50, 51));  /* no room */
	CU_ASSERT_TRUE(tcp__ranges_add(&s, 30, 31));   /* but for what touches */
	CU_ASSERT_TRUE(tcp__ranges_add(&s, 0, 10000)); /* and for what joins all */
	CU_ASSERT_EQUAL(s.n, 1);
	tcp__ranges_trim(&s, 10000);
	CU_ASSERT_EQUAL(s.n + s.bytes, 0);
}

static const struct unit_case cases[] = {UNIT_CASE(random_against_bitmap), UNIT_CASE(edges)};
UNIT_MAIN(cases)
