/* SPDX-License-Identifier: BSD-3-Clause */
#include "seg.h"

static void slow_start(void)
{
	struct tcp_conn c = {.mss = 1000, .cwnd = 10000, .ssthresh = UINT32_MAX};

	tcp__cc_ops[0].on_ack(&c, 1000, 0);
	CU_ASSERT_EQUAL(c.cwnd, 11000);
	tcp__cc_ops[0].on_ack(&c, 50000, 0); /* one ACK counts for two segments at most */
	CU_ASSERT_EQUAL(c.cwnd, 13000);
}

static void avoidance(void)
{
	struct tcp_conn c = {.mss = 1000, .cwnd = 10000, .ssthresh = 10000};

	for (int i = 0; i < 10; i++)
		tcp__cc_ops[0].on_ack(&c, 1000, 0);
	CU_ASSERT_TRUE(c.cwnd > 10900 && c.cwnd <= 11000); /* one segment a round trip */
	c.cwnd = UINT32_MAX / 4;
	tcp__cc_ops[0].on_ack(&c, 1, 0);
	CU_ASSERT_EQUAL(c.cwnd, UINT32_MAX / 4);
}

static void loss(void)
{
	struct tcp_conn c = {.mss = 1000};

	CU_ASSERT_EQUAL(tcp__cc_ops[0].on_loss(&c, 20000, 0), 10000);
	CU_ASSERT_EQUAL(tcp__cc_ops[0].on_loss(&c, 1500, 0), 2000);
}

static void names(void)
{
	CU_ASSERT_EQUAL(tcp_cc_find("cubic"), 0); /* the default of a zeroed tcp_path */
	for (uint8_t i = 0; i < 2; i++)
		CU_ASSERT_EQUAL(tcp_cc_find(tcp_cc_name(i)), i);
	CU_ASSERT_EQUAL(tcp_cc_find("reno"), -1);
	CU_ASSERT_STRING_EQUAL(tcp_cc_name(200), "?");
}

static const struct unit_case cases[] = {
	UNIT_CASE(slow_start), UNIT_CASE(avoidance), UNIT_CASE(loss), UNIT_CASE(names)};
UNIT_MAIN(cases)
