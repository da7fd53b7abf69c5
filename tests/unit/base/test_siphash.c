/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/siphash.h"
#include "unit.h"

/* Key 00 01 .. 0f, input 00 01 .. n - 1, results as little-endian words. */
static const struct siphash_key key = {{0x0706050403020100ull, 0x0f0e0d0c0b0a0908ull}};

struct vector {
	size_t n;
	uint64_t hash;
};

static void fill(uint8_t *in)
{
	for (unsigned i = 0; i < 64; i++)
		in[i] = (uint8_t)i;
}

/* n = 15 is the example of the paper's appendix A; the rest is of its authors' vectors. */
static void reference_24(void)
{
	static const struct vector rows[] = {
		{0, 0x726fdb47dd0e0e31ull},
		{1, 0x74f839c593dc67fdull},
		{7, 0xab0200f58b01d137ull},
		{8, 0x93f5f5799a932462ull},
		{15, 0xa129ca6149be45e5ull},
		{16, 0x3f2acc7f57c29bdbull},
		{17, 0x699ae9f52cbe4794ull},
		{63, 0x958a324ceb064572ull},
	};
	uint8_t in[64];

	fill(in);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		CU_ASSERT_EQUAL(siphash24(&key, in, rows[i].n), rows[i].hash);
}

/* From another implementation: openssl mac -macopt c-rounds:1 -macopt d-rounds:3 SIPHASH. */
static void reference_13(void)
{
	static const struct vector rows[] = {
		{0, 0xabac0158050fc4dcull},
		{1, 0xc9f49bf37d57ca93ull},
		{7, 0xd3927d989bb11140ull},
		{8, 0x369095118d299a8eull},
		{15, 0xd320d86d2a519956ull},
		{16, 0xcc4fdd1a7d908b66ull},
		{17, 0x9cf2689063dbd80cull},
		{63, 0x9d199062b7bbb3a8ull},
	};
	uint8_t in[64];

	fill(in);
	for (size_t i = 0; i < RTE_DIM(rows); i++)
		CU_ASSERT_EQUAL(siphash13(&key, in, rows[i].n), rows[i].hash);
}

static void any_alignment(void)
{
	uint8_t in[64], moved[80];

	fill(in);
	for (unsigned by = 0; by < 16; by++) {
		memcpy(moved + by, in, sizeof(in));
		CU_ASSERT_EQUAL(siphash24(&key, moved + by, 63), siphash24(&key, in, 63));
	}
}

static void each_key_bit_counts(void)
{
	uint8_t in[64];

	fill(in);
	for (unsigned bit = 0; bit < 128; bit++) {
		struct siphash_key k = key;

		k.k[bit / 64] ^= 1ull << bit % 64;
		CU_ASSERT_NOT_EQUAL(siphash24(&k, in, 40), siphash24(&key, in, 40));
		CU_ASSERT_NOT_EQUAL(siphash13(&k, in, 40), siphash13(&key, in, 40));
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(reference_24),
	UNIT_CASE(reference_13),
	UNIT_CASE(any_alignment),
	UNIT_CASE(each_key_bit_counts),
};

UNIT_MAIN(cases)
