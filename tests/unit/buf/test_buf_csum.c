/* SPDX-License-Identifier: BSD-3-Clause */
/* The sum of a packet in pieces against RFC 1071 by the book over its bytes. */
#include "base/rand.h"
#include "buf/buf.h"
#include "unit.h"

#define LEN 300u

static uint16_t by_the_book(const uint8_t *p, uint32_t n)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return __builtin_bswap16((uint16_t)sum); /* as in memory, on a little-endian machine */
}

/* The bytes as a packet in pieces of random, often odd, length. */
static struct rte_mbuf *pieces(struct rand_state *r, const uint8_t *bytes, struct rte_mempool *pool)
{
	struct rte_mbuf *head = NULL;
	uint32_t at = 0;

	while (at < LEN) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint32_t n = RTE_MIN(rand_below(r, 60), LEN - at);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		memcpy(rte_pktmbuf_append(m, (uint16_t)n), bytes + at, n);
		at += n;
		if (head)
			rte_pktmbuf_chain(head, m);
		else
			head = m;
	}
	return head;
}

static void any_pieces(void)
{
	struct buf_pools p;
	struct rand_state r;

	unit_eal();
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&p, "csum", 256, SOCKET_ID_ANY), 0);
	rand_seed(&r, unit_seed(8));
	for (int round = 0; round < 300; round++) {
		uint8_t bytes[LEN];
		struct rte_mbuf *m;

		/* many ones: carries */
		for (uint32_t i = 0; i < LEN; i++)
			bytes[i] = (uint8_t)(rand_below(&r, 2) ? 0xff : rand_next(&r));
		m = pieces(&r, bytes, p.data);
		for (uint32_t off = 0; off <= LEN; off += 1 + rand_below(&r, 9)) {
			uint32_t n = rand_below(&r, LEN - off + 1);

			CU_ASSERT_EQUAL_FATAL(buf_csum(m, off, n), by_the_book(bytes + off, n));
		}
		rte_pktmbuf_free(m);
	}
	UNIT_NO_LEAK(&p);
	buf_pools_destroy(&p);
}

static const struct unit_case cases[] = {UNIT_CASE(any_pieces)};
UNIT_MAIN(cases)
