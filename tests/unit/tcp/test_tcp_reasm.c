/* SPDX-License-Identifier: BSD-3-Clause */
/* Out-of-order data against plain bytes: what came first stays. */
#include <errno.h>

#include "base/rand.h"
#include "seg.h"

#define SPAN 3000u

static uint32_t base;
static int held[SPAN]; /* the byte at base + i, -1: none */
static uint8_t fill;   /* differs from copy to copy of the same byte */

static void segment(struct buf_chain *c, uint32_t n)
{
	uint8_t bytes[SPAN];

	memset(bytes, ++fill, n);
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(c, bytes, n, lab.pools.data), 0);
}

static void check_same(const struct tcp_reasm *q)
{
	uint32_t bytes = 0, known = 0;

	for (uint32_t i = 0; i < q->n; i++) {
		uint32_t n = q->r[i].end - q->r[i].start;
		uint8_t got[SPAN];

		CU_ASSERT_TRUE_FATAL(i == 0 || seq_gt(q->r[i].start, q->r[i - 1].end));
		CU_ASSERT_EQUAL_FATAL(q->r[i].data.bytes, n);
		buf_chain_read(&q->r[i].data, 0, n, got);
		for (uint32_t k = 0; k < n; k++)
			CU_ASSERT_EQUAL_FATAL(got[k], held[q->r[i].start - base + k]);
		bytes += n;
	}
	for (uint32_t i = 0; i < SPAN; i++)
		known += held[i] >= 0;
	CU_ASSERT_EQUAL_FATAL(q->bytes, bytes);
	CU_ASSERT_EQUAL_FATAL(known, bytes);
}

/* The model: the part before the next range that follows is kept, unless no place is left. */
static void add(struct tcp_reasm *q, uint32_t a, uint32_t n)
{
	struct buf_chain data = {0};
	uint32_t i = a, before = q->n;
	bool touches = a > 0 && held[a - 1] >= 0;
	int rc;

	segment(&data, n);
	while (i < a + n && held[i] >= 0)
		i++;
	touches |= i > a;
	rc = tcp__reasm_add(q, base + a, &data, lab.pools.indirect);
	CU_ASSERT_EQUAL_FATAL(data.bytes, 0);
	if (i == a + n) {
		CU_ASSERT_EQUAL_FATAL(rc, -EALREADY);
		return;
	}
	if (rc < 0) {
		CU_ASSERT_TRUE_FATAL(rc == -ENOBUFS && before == TCP_REASM_MAX && !touches);
		return;
	}
	for (; i < a + n && held[i] < 0; i++)
		held[i] = fill;
}

static void take_front(struct tcp_reasm *q, uint32_t *rcv_nxt)
{
	struct buf_chain out = {0};
	uint32_t i = *rcv_nxt - base;
	uint8_t got[SPAN];

	tcp__reasm_take(q, rcv_nxt, &out, lab.pools.indirect);
	buf_chain_read(&out, 0, out.bytes, got);
	for (uint32_t k = 0; k < out.bytes; k++)
		CU_ASSERT_EQUAL_FATAL(got[k], held[i + k]);
	CU_ASSERT_EQUAL_FATAL(*rcv_nxt, base + i + out.bytes);
	CU_ASSERT_TRUE_FATAL(i + out.bytes == SPAN || held[i + out.bytes] < 0);
	for (uint32_t k = 0; k < i + out.bytes; k++)
		held[k] = -1;
	buf_chain_free(&out);
}

static void random_against_bytes(void)
{
	static struct tcp_reasm q;
	struct rand_state r;

	lab_open();
	rand_seed(&r, unit_seed(4));
	for (int round = 0; round < 100; round++) {
		uint32_t rcv_nxt = base = 0u - rand_below(&r, 2 * SPAN);

		memset(&q, 0, sizeof(q));
		memset(held, -1, sizeof(held));
		for (int i = 0; i < 80 && rcv_nxt != base + SPAN; i++) {
			uint32_t done = rcv_nxt - base, a = done + rand_below(&r, SPAN - done);
			uint32_t n = 1 + rand_below(&r, RTE_MIN(SPAN - a, 60u));

			if (rand_below(&r, 10) == 0 && held[done] < 0) {
				/* what fills the hole arrives by the other way, and a bit more */
				uint32_t k = done;

				while (k < SPAN && held[k] < 0)
					k++;
				rcv_nxt = base + RTE_MIN(k + rand_below(&r, 5), SPAN - 1);
				take_front(&q, &rcv_nxt);
			} else {
				add(&q, a, n);
			}
			check_same(&q);
		}
		tcp__reasm_free(&q);
		CU_ASSERT_EQUAL_FATAL(buf_pools_in_use(&lab.pools), 0);
	}
	lab_close();
}

static void sack_order(void)
{
	static struct tcp_reasm q;
	static const uint32_t at[] = {100, 300, 500, 700, 900, 500};
	struct tcp_opts o;

	lab_open();
	for (uint32_t i = 0; i < RTE_DIM(at); i++) {
		struct buf_chain data = {0};

		segment(&data, i == 5 ? 60 : 50);
		CU_ASSERT_EQUAL(tcp__reasm_add(&q, at[i], &data, lab.pools.indirect), 0);
	}
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 4);
	CU_ASSERT_EQUAL(o.sack[0].start, 500);
	CU_ASSERT_EQUAL(o.sack[0].end, 560);
	CU_ASSERT_EQUAL(o.sack[1].start, 100);
	CU_ASSERT_EQUAL(o.sack[2].start, 300);
	CU_ASSERT_EQUAL(o.sack[3].start, 700);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 3), 3);
	tcp__reasm_free(&q);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(random_against_bytes), UNIT_CASE(sack_order)};
UNIT_MAIN(cases)
