/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_malloc.h>

#include "seg.h"

#define N 5

static void pool(void)
{
	struct tcp_records s = {0};
	struct tcp_record *r[N];

	unit_eal();
	CU_ASSERT_EQUAL_FATAL(tcp__records_create(&s, N, SOCKET_ID_ANY), 0);
	for (int i = 0; i < N; i++) {
		r[i] = tcp__record_get(&s);
		CU_ASSERT_PTR_NOT_NULL(r[i]);
	}
	CU_ASSERT_PTR_NULL(tcp__record_get(&s));
	CU_ASSERT_EQUAL(s.used, N);
	r[2]->mss = 7;
	tcp__record_put(&s, r[2]);
	CU_ASSERT_EQUAL(s.used, N - 1);
	CU_ASSERT_PTR_EQUAL(tcp__record_get(&s), r[2]);
	CU_ASSERT_EQUAL(r[2]->mss, 0);
	rte_free(s.rec);
}

/* First in, first out, with deletion anywhere. */
static void fifo(void)
{
	struct tcp_records s = {0};
	struct tcp_fifo f = {0};
	struct tcp_record *r[N];

	unit_eal();
	CU_ASSERT_EQUAL_FATAL(tcp__records_create(&s, N, SOCKET_ID_ANY), 0);
	CU_ASSERT_PTR_NULL(tcp__fifo_head(&s, &f));
	for (int i = 0; i < N; i++)
		tcp__fifo_add(&s, &f, r[i] = tcp__record_get(&s));
	CU_ASSERT_PTR_EQUAL(tcp__fifo_head(&s, &f), r[0]);
	tcp__fifo_del(&s, &f, r[0]); /* head, middle, tail */
	tcp__fifo_del(&s, &f, r[2]);
	tcp__fifo_del(&s, &f, r[4]);
	CU_ASSERT_PTR_EQUAL(tcp__fifo_head(&s, &f), r[1]);
	tcp__fifo_add(&s, &f, r[0]);
	tcp__fifo_del(&s, &f, r[1]);
	CU_ASSERT_PTR_EQUAL(tcp__fifo_head(&s, &f), r[3]);
	tcp__fifo_del(&s, &f, r[3]);
	CU_ASSERT_PTR_EQUAL(tcp__fifo_head(&s, &f), r[0]);
	tcp__fifo_del(&s, &f, r[0]);
	CU_ASSERT_TRUE(f.head == 0 && f.tail == 0);
	rte_free(s.rec);
}

static const struct unit_case cases[] = {UNIT_CASE(pool), UNIT_CASE(fifo)};
UNIT_MAIN(cases)
