/* SPDX-License-Identifier: BSD-3-Clause */
/* What ACKs do: recovery with and without SACK, limited transmit, windows, reneging. */
#include "flight.h"

/* RFC 5681 3.2, RFC 6582 3.2 */
static void newreno(void)
{
	struct tcp_conn *c;

	lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find("newreno")};
	c = lab_flight(8, false);
	DUP();
	DUP();
	WANT_NONE();
	DUP();
	WANT(TCP_ACK, U + 1, P + 2, MSS);
	WANT_NONE();
	CU_ASSERT_EQUAL(c->ssthresh, 4 * MSS);
	/* eight less the lost one and the three that left, and one goes out: PRR */
	CU_ASSERT_EQUAL(c->cwnd, 5 * MSS);
	GIVE(TCP_ACK, P + 2, U + 1 + 3 * MSS, .wnd = 65535); /* partial: the next hole at once */
	WANT(TCP_ACK, U + 1 + 3 * MSS, P + 2, MSS);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	GIVE(TCP_ACK, P + 2, U + 1 + 8 * MSS, .wnd = 65535);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	CU_ASSERT_EQUAL(COUNT(retransmits), 2);
	CU_ASSERT_EQUAL(COUNT(rto), 0);
	/* echoes of the recovery start no other one */
	send_bytes(c, 4 * MSS);
	drain();
	for (int i = 0; i < 5; i++)
		GIVE(TCP_ACK, P + 2, U + 1 + 8 * MSS, .wnd = 65535);
	WANT_NONE();
	flow_done(c);
}

/* A recover mark of long ago must not lie half the sequence space behind. */
static void recover_follows(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, false);
	GIVE(TCP_ACK, P + 2, U + 1 + 3 * MSS, .wnd = 65535);
	CU_ASSERT_EQUAL(c->flight->recover, c->snd_una - 1);
	flow_done(c);
}

/* Not duplicates: with data, or with another window */
static void not_duplicates(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, false);
	DUP(.len = 10);
	GIVE(TCP_ACK, P + 12, U + 1, .wnd = 65000);
	GIVE(TCP_ACK, P + 12, U + 1, .wnd = 65001);
	GIVE(TCP_ACK, P + 12, U + 1, .wnd = 65002);
	GIVE(TCP_ACK, P + 12, U + 1, .wnd = 65003);
	drain();
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 0);
	flow_done(c);
}

/* RFC 3042 */
static void limited_transmit(void)
{
	struct tcp_conn *c;

	c = lab_flight(10, false); /* all of IW10 */
	send_bytes(c, 3 * MSS);
	WANT_NONE();
	DUP();
	WANT(TCP_ACK, U + 1 + 10 * MSS, P + 2, MSS);
	DUP();
	WANT(TCP_ACK, U + 1 + 11 * MSS, P + 2, MSS);
	WANT_NONE();
	flow_done(c);
}

/* RFC 6675: holes only, the highest known data decides what is lost */
static void sack_recovery(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, true);
	DUP(.o = SACKED(1, 2));
	DUP(.o = SACKED(1, 3));
	WANT_NONE();
	DUP(.o = {.n_sack = 2,
		    .sack = {{U + 1 + 4 * MSS, U + 1 + 5 * MSS}, {U + 1 + MSS, U + 1 + 3 * MSS}}});
	WANT(TCP_ACK, U + 1, P + 2, MSS);
	DUP(.o = SACKED(5, 8)); /* 4..8 now: more than two segments above 3 */
	WANT(TCP_ACK, U + 1 + 3 * MSS, P + 2, MSS);
	WANT_NONE();
	GIVE(TCP_ACK, P + 2, U + 1 + 8 * MSS, .wnd = 65535);
	CU_ASSERT_EQUAL(COUNT(retransmits), 2);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	flow_done(c);
}

/* Blocks below the ACK (D-SACK), beyond what was sent, inside out: nothing */
static void sack_nonsense(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, true);
	DUP(.o = {.n_sack = 4,
		    .sack = {{U - 100, U + 1}, {U + 1, U + 1 + MSS}, {U + 1 + 2 * MSS, U + 1 + MSS},
			    {U + 1 + 7 * MSS, U + 2 + 8 * MSS}}});
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 0);
	flow_done(c);
}

static void sack_not_agreed(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, false);
	DUP(.o = SACKED(1, 2));
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 0);
	flow_done(c);
}

/* After a timeout slow start resends, skipping what is SACKed (RFC 6675 5.1); reneging shows */
static void rto_and_sack(void)
{
	struct tcp_conn *c;

	c = lab_flight(4, true);
	DUP(.o = SACKED(1, 2));
	pass(RTT / 4 + 1);
	WANT(TCP_ACK, U + 1, P + 2, MSS); /* RACK's; and it is lost too */
	WANT_NONE();
	pass(200);
	WANT(TCP_ACK, U + 1, P + 2, MSS);
	WANT_NONE();
	CU_ASSERT_EQUAL(c->cwnd, MSS);
	GIVE(TCP_ACK, P + 2, U + 1 + 2 * MSS, .wnd = 65535);
	CU_ASSERT_EQUAL(c->cwnd, 2 * MSS);
	WANT(TCP_ACK, U + 1 + 2 * MSS, P + 2, MSS);
	WANT(TCP_ACK | TCP_PSH, U + 1 + 3 * MSS, P + 2, MSS);
	WANT_NONE();
	/* the first unacknowledged byte SACKed: the peer threw it away */
	DUP();
	GIVE(TCP_ACK, P + 2, U + 1 + 2 * MSS, .wnd = 65535, .o = SACKED(3, 4));
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], MSS);
	GIVE(TCP_ACK, P + 2, U + 1 + 3 * MSS, .wnd = 65535);
	pass(450);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 0);
	WANT(TCP_ACK | TCP_PSH, U + 1 + 3 * MSS, P + 2, MSS);
	flow_done(c);
}

/* Old windows do not overwrite newer ones (SND.WL1). */
static void window_order(void)
{
	struct tcp_conn *c;

	c = lab_flight(2, true);
	GIVE(TCP_ACK, P + 2, U + 1, .wnd = 5000, .len = 10);
	CU_ASSERT_EQUAL(c->snd_wnd, 5000);
	GIVE(TCP_ACK, P + 2, U + 1, .wnd = 4000, .len = 20); /* older ones, overtaken */
	CU_ASSERT_EQUAL(c->snd_wnd, 5000);
	GIVE(TCP_ACK, P + 22, U + 1, .wnd = 4000);
	CU_ASSERT_EQUAL(c->snd_wnd, 4000);
	flow_done(c);
}

static void events(void)
{
	struct tcp_conn *c;

	c = lab_flight(2, true);
	events_of(c);
	GIVE(TCP_ACK, P + 2, U + 1 + MSS, .wnd = 65535);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_WRITABLE);
	CU_ASSERT_EQUAL(c->tx.bytes, MSS);
	flow_done(c);
}

static const struct unit_case cases[] = {UNIT_CASE(newreno), UNIT_CASE(recover_follows),
	UNIT_CASE(not_duplicates), UNIT_CASE(limited_transmit), UNIT_CASE(sack_recovery),
	UNIT_CASE(sack_nonsense), UNIT_CASE(sack_not_agreed), UNIT_CASE(rto_and_sack),
	UNIT_CASE(window_order), UNIT_CASE(events)};
UNIT_MAIN(cases)
