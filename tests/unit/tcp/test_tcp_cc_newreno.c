/* SPDX-License-Identifier: BSD-3-Clause */
#include "cc_lab.h"

static struct cc_lab l;

static void slow_start(void)
{
	cc_open(&l, "newreno", 1448, 1000);
	cc_ack(&l, 1448, true);
	CU_ASSERT_EQUAL(l.c.cwnd, 11 * 1448);
	cc_ack(&l, 10 * 1448, true); /* one ACK of a burst */
	CU_ASSERT_EQUAL(l.c.cwnd, 21 * 1448);
	cc_ack(&l, 1448, false);
	CU_ASSERT_EQUAL(l.c.cwnd, 21 * 1448);
	l.f.ca = TCP_CA_LOSS; /* L = 1 after a timeout, RFC 3465 2.3 */
	cc_ack(&l, 10 * 1448, true);
	CU_ASSERT_EQUAL(l.c.cwnd, 22 * 1448);
}

static void crosses_ssthresh(void)
{
	cc_open(&l, "newreno", 1448, 1000);
	l.c.ssthresh = l.c.cwnd + 100;
	cc_ack(&l, 2 * 1448, true);
	CU_ASSERT_EQUAL(l.c.cwnd, l.c.ssthresh); /* the rest counts for the next segment */
	cc_ack(&l, 8 * 1448 + 200, true);
	CU_ASSERT_EQUAL(l.c.cwnd, 11 * 1448 + 100);
}

static void avoidance_one(uint16_t mss, uint32_t rtt)
{
	cc_open(&l, "newreno", mss, rtt);
	l.c.ssthresh = l.c.cwnd;
	for (uint32_t i = 1; i <= 100; i++) {
		cc_round(&l, 5 + i % 7);
		CU_ASSERT_TRUE(near(l.c.cwnd, (10. + i) * mss, 0.1));
	}
	CU_ASSERT_TRUE(near(l.c.cwnd, 110. * mss, 0.02));
}

/* one segment a round trip, however many ACKs it comes in */
static void avoidance(void)
{
	avoidance_one(1448, 50);
	avoidance_one(8948, 1000000);
	l.c.cwnd = TCP_CWND_MAX;
	cc_ack(&l, TCP_CWND_MAX, true);
	CU_ASSERT_EQUAL(l.c.cwnd, TCP_CWND_MAX);
}

static void loss(void)
{
	cc_open(&l, "newreno", 1448, 1000);
	l.c.cwnd = 100 * 1448;
	l.c.snd_nxt = l.c.snd_una + 60 * 1448; /* FlightSize, not cwnd */
	CU_ASSERT_EQUAL(l.cc->on_loss(&l.c, 0), 30 * 1448);
	l.c.snd_nxt = l.c.snd_una + 103 * 1448; /* limited transmit does not count */
	CU_ASSERT_EQUAL(l.cc->on_loss(&l.c, 0), 50 * 1448);
	l.c.snd_nxt = l.c.snd_una + 1448;
	CU_ASSERT_EQUAL(l.cc->on_loss(&l.c, 0), 2 * 1448);
}

static const struct unit_case cases[] = {
	UNIT_CASE(slow_start), UNIT_CASE(crosses_ssthresh), UNIT_CASE(avoidance), UNIT_CASE(loss)};
UNIT_MAIN(cases)
