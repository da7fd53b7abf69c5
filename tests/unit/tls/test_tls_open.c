/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

/* rx says n bytes of stream from `from` on; it is emptied. */
static void check_rx(uint32_t from, uint32_t n)
{
	static uint8_t got[STREAM];

	CU_ASSERT_EQUAL_FATAL(ends.c->rx.bytes, n);
	buf_chain_read(&ends.c->rx, 0, n, got);
	CU_ASSERT_EQUAL(memcmp(got, stream + from, n), 0);
	buf_chain_free(&ends.c->rx);
}

static void sizes_of(uint8_t version, enum aead_alg alg)
{
	static const uint32_t sizes[] = {1, 2, 15, 16, 17, 300, 1418, 1419, 1427, 5000, 16384};

	ends_begin(version, alg, true);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		uint32_t n = oracle_seal(TLS_T_DATA, stream, sizes[i], wire);

		CU_ASSERT_EQUAL(input(wire, n, SEG), 0);
		CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
		CU_ASSERT_EQUAL(ends.in.bytes, 0);
		check_rx(0, sizes[i]);
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
