/* SPDX-License-Identifier: BSD-3-Clause */
#include "seg.h"

static void first_and_next(void)
{
	struct tcp_conn c = {.rto = TCP_RTO_INIT_MS};

	tcp__rtt_sample(&c, 400000, 200);
	CU_ASSERT_EQUAL(c.srtt, 400000);
	CU_ASSERT_EQUAL(c.rttvar, 200000);
	CU_ASSERT_EQUAL(c.rto, 1200); /* RFC 6298 2.2 */
	tcp__rtt_sample(&c, 480000, 200);
	CU_ASSERT_EQUAL(c.srtt, 410000);
	CU_ASSERT_EQUAL(c.rttvar, 170000);
	CU_ASSERT_EQUAL(c.rto, 1090);
}

/* gvisor#6113: a tiny RTT is not "no RTT" */
static void tiny(void)
{
	struct tcp_conn c = {0};

	for (int i = 0; i < 1000; i++)
		tcp__rtt_sample(&c, 0, 200);
	CU_ASSERT_TRUE(c.srtt > 0);
	CU_ASSERT_EQUAL(c.rto, 200);
	tcp__rtt_sample(&c, 5, 1);
	CU_ASSERT_TRUE(c.rto >= 2); /* granularity: 2.3 */
}

static void huge(void)
{
	struct tcp_conn c = {0};

	tcp__rtt_sample(&c, UINT32_MAX, 200);
	CU_ASSERT_EQUAL(c.rto, TCP_RTO_MAX_MS);
	for (int i = 0; i < 300; i++)
		tcp__rtt_backoff(&c);
	CU_ASSERT_EQUAL(c.rto, TCP_RTO_MAX_MS);
	CU_ASSERT_EQUAL(c.backoff, UINT8_MAX);
}

static void backoff(void)
{
	struct tcp_conn c = {.rto = TCP_RTO_INIT_MS};

	tcp__rtt_backoff(&c);
	tcp__rtt_backoff(&c);
	CU_ASSERT_EQUAL(c.rto, 4000);
	CU_ASSERT_EQUAL(c.backoff, 2);
	tcp__rtt_no_backoff(&c, 200);
	CU_ASSERT_EQUAL(c.rto, TCP_RTO_INIT_MS);
	tcp__rtt_sample(&c, 300000, 200);
	tcp__rtt_backoff(&c);
	CU_ASSERT_EQUAL(c.rto, 1800);
	tcp__rtt_no_backoff(&c, 200);
	CU_ASSERT_EQUAL(c.rto, 900);
}

static const struct unit_case cases[] = {
	UNIT_CASE(first_and_next), UNIT_CASE(tiny), UNIT_CASE(huge), UNIT_CASE(backoff)};
UNIT_MAIN(cases)
