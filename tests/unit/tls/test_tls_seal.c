/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

static uint8_t text[TLS_PLAIN_MAX + 4096];

/* What is in wire says the n bytes of stream from `from` on, record by record; how many records. */
static unsigned check_stream(uint32_t n_wire, uint32_t from, uint32_t n)
{
	uint32_t at = 0, got = 0;
	unsigned records = 0;

	for (; at < n_wire; records++) {
		uint8_t type;
		int k = oracle_open(wire + at, n_wire - at, text, &type);

		CU_ASSERT_FATAL(k >= 0);
		CU_ASSERT_EQUAL(type, TLS_T_DATA);
		CU_ASSERT_FATAL(got + (uint32_t)k <= n);
		CU_ASSERT_EQUAL(memcmp(text, stream + from + got, (size_t)k), 0);
		got += (uint32_t)k;
		at += 5 + ((uint32_t)wire[at + 3] << 8 | wire[at + 4]);
	}
	CU_ASSERT_EQUAL(got, n);
	return records;
}

static void sizes_of(uint8_t version, enum aead_alg alg)
{
	static const uint32_t sizes[] = {
		1, 2, 15, 16, 17, 300, 1418, 1419, 1427, 1428, 5000, 70000};

	ends_begin(version, alg, true);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		chain_add(&ends.c->plain, stream, sizes[i], 1000);
		CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
		CU_ASSERT_EQUAL(ends.c->plain.bytes, 0);
		check_stream(out_take(), 0, sizes[i]);
	}
	ends_end();
}

static void sizes(void)
{
	stream_fill(1);
	ends_each(sizes_of);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(sizes),
};
/* clang-format on */
UNIT_MAIN(cases)
