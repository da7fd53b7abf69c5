/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/csum.h"
#include "base/rand.h"
#include "unit.h"

static uint8_t bytes[4096];

/* Word by word, with the carry brought back at once. */
static uint16_t by_the_book(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < n; i += 2) {
		sum += (uint32_t)p[i] << 8 | (i + 1 < n ? p[i + 1] : 0);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)sum;
}

/* The value that csum_sum() has in memory's order, as the book's number. */
static uint16_t summed(const uint8_t *p, size_t n)
{
	uint16_t s = csum_sum(p, n);
	uint8_t b[2];

	memcpy(b, &s, sizeof(b));
	return (uint16_t)(b[0] << 8 | b[1]);
}

/* RFC 1071 3 */
static void example(void)
{
	static const uint8_t p[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	CU_ASSERT_EQUAL(summed(p, sizeof(p)), 0xddf2);
	CU_ASSERT_EQUAL(summed(p, 0), 0);
	CU_ASSERT_EQUAL(summed(p + 2, 1), 0xf200);
}

static void all_lengths_and_places(void)
{
	struct rand_state rnd;

	rand_seed(&rnd, unit_seed(0x6373756d));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rand_next(&rnd);
	for (size_t at = 0; at < 33; at++)
		for (size_t n = 0; n < 300; n++)
			CU_ASSERT_EQUAL(summed(bytes + at, n), by_the_book(bytes + at, n));
	CU_ASSERT_EQUAL(summed(bytes, sizeof(bytes)), by_the_book(bytes, sizeof(bytes)));
}

/* Zero is summed as zero, anything else never: 0xffff is the other zero. */
static void carries(void)
{
	for (unsigned v = 0; v < 256; v += 255) {
		memset(bytes, (int)v, sizeof(bytes));
		for (size_t n = 1; n < sizeof(bytes); n += 61)
			CU_ASSERT_EQUAL(summed(bytes, n), by_the_book(bytes, n));
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(example), UNIT_CASE(all_lengths_and_places), UNIT_CASE(carries)};
UNIT_MAIN(cases)
