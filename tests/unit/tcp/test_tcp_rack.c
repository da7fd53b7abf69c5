/* SPDX-License-Identifier: BSD-3-Clause */
/* RACK-TLP (RFC 8985): what time says of losses, and what a probe of the tail finds. */
#include "flight.h"

/* A lab with n segments in flight on a path whose round trip of RTT is known. Segment 0 is the
 * first. */
static struct tcp_conn *measured(uint32_t n)
{
	struct tcp_conn *c = lab_flight(1, true);

	ACKED(1);
	lab.iss += MSS; /* AT(0) is what comes next */
	pass(RTT);
	send_bytes(c, n * MSS);
	CU_ASSERT_EQUAL(drain_unpaced(c), n);
	return c;
}

/* All n segments are acknowledged; the next one is segment 0. */
static void next_round(uint32_t n)
{
	ACKED(n);
	drain();
	lab.iss += n * MSS;
}

/* Pitfall 9. 6.2: one segment late by less than min_rtt / 4 is none lost; by more it is. */
static void reordering(void)
{
	struct tcp_conn *c;

	c = lab_flight(4, true);
	DUP(.o = SACKED(1, 2));
	CU_ASSERT_TRUE(c->flight->t_reorder != 0);
	pass(RTT / 4 - 1);
	ACKED(2);
	CU_ASSERT_TRUE(c->flight->reordering);
	pass(RTT);
	ACKED(4);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(retransmits), 0);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 0);
	flow_done(c);

	c = lab_flight(4, true);
	DUP(.o = SACKED(1, 2));
	pass(RTT / 4 - 1);
	WANT_NONE();
	pass(2);
	WANT_SEGMENT(0);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO);
	CU_ASSERT_TRUE(c->t_rtx != 0);
	flow_done(c);
}

/* 6.2 step 4: three beyond the hole are enough while no reordering was seen, and not after. */
static void reordering_seen(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, true);
	DUP(.o = SACKED(1, 2));
	ACKED(2);
	pass(1);
	ACKED(2, .o = SACKED(3, 6));
	c->flight->pace_at = 0;
	WANT_NONE();
	CU_ASSERT_TRUE(c->flight->t_reorder != 0);
	pass(RTT / 4 + 1);
	WANT_SEGMENT(2);
	flow_done(c);

	c = lab_flight(8, true);
	DUP(.o = SACKED(1, 4));
	WANT_SEGMENT(0);
	flow_done(c);
}

/* The wait for the end of the window has its own deadline: that of the timeout goes on. */
static void timeout_goes_on(void)
{
	struct tcp_conn *c;
	uint32_t rto;

	c = lab_flight(8, true);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO);
	rto = c->t_rtx;
	DUP(.o = SACKED(1, 2));
	CU_ASSERT_TRUE(c->flight->t_reorder != 0);
	CU_ASSERT_TRUE(seq_lt(c->flight->t_reorder, rto));
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO);
	CU_ASSERT_EQUAL(c->t_rtx, rto);
	ACKED(4);
	CU_ASSERT_EQUAL(c->flight->t_reorder, 0);
	ACKED(8);
	CU_ASSERT_EQUAL(c->t_rtx, 0);
	flow_done(c);
}

/* An ACK that tells nothing new does not stop the wait for the end of the window. */
static void no_news(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, true);
	DUP(.o = SACKED(1, 4));
	WANT_SEGMENT(0); /* again, later than 4 to 7 */
	c->flight->reordering = true;
	c->flight->reo_mult = 8;
	c->srtt = 2 * RTT * 1000;
	pass(RTT);
	ACKED(4);
	CU_ASSERT_TRUE(c->flight->t_reorder != 0);
	pass(1);
	ACKED(4);
	CU_ASSERT_TRUE(c->flight->t_reorder != 0);
	pass(RTT + 1);
	WANT_SEGMENT(4);
	CU_ASSERT_EQUAL(COUNT(rto), 0);
	flow_done(c);
}

/* 6.2 step 4: D-SACK widens the window once a round trip, wherever the numbers are; at most to
 * srtt. */
static void dsack_widens(void)
{
	static const uint32_t bases[] = {1, 0x7fffff00, 0x90000000, 0xfffffff0};

	for (uint32_t i = 0; i < RTE_DIM(bases); i++) {
		struct tcp_conn *c;
		struct tcp_flight *f;
		struct tcp_opts dsack;

		lab_open();
		c = flow((struct tcp_opts){.sack_ok = true});
		c->snd_una = c->snd_nxt = bases[i];
		lab.iss = bases[i] - 1;
		send_bytes(c, 4 * MSS);
		CU_ASSERT_EQUAL(drain(), 4);
		pass(RTT);
		ACKED(1);
		f = c->flight;
		dsack = (struct tcp_opts)SACKED(0, 1);
		CU_ASSERT_EQUAL(tcp__rack_reo_wnd(c), RTT * 1000 / 4);
		ACKED(1, .o = dsack);
		CU_ASSERT_EQUAL(f->reo_mult, 2);
		ACKED(1, .o = dsack);
		CU_ASSERT_EQUAL(f->reo_mult, 2);
		send_bytes(c, MSS);
		drain();
		ACKED(4, .o = dsack);
		CU_ASSERT_EQUAL(f->reo_mult, 3);
		CU_ASSERT_EQUAL(tcp__rack_reo_wnd(c), RTT * 1000 * 3 / 4);
		f->reo_mult = UINT8_MAX;
		CU_ASSERT_EQUAL(tcp__rack_reo_wnd(c), c->srtt);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Also when all has arrived; the D-SACKs of one burst are one step. */
static void dsack_at_rest(void)
{
	struct tcp_conn *c;

	c = lab_flight(4, true);
	ACKED(4);
	CU_ASSERT_EQUAL(c->flight->reo_mult, 1);
	ACKED(4, .o = SACKED(0, 1));
	CU_ASSERT_EQUAL(c->flight->reo_mult, 2);
	ACKED(4, .o = SACKED(1, 2));
	CU_ASSERT_EQUAL(c->flight->reo_mult, 2);
	send_bytes(c, MSS);
	CU_ASSERT_EQUAL(drain(), 1);
	pass(RTT);
	ACKED(5, .o = SACKED(1, 2));
	CU_ASSERT_EQUAL(c->flight->reo_mult, 3);
	flow_done(c);
}

/* Marks of long ago do not lie half the sequence space behind: gigabytes later they work. */
static void marks_follow(void)
{
	struct tcp_conn *c;

	c = measured(4);
	c->flags |= TCP_F_ECN;
	c->flight->reo_round = c->flight->ecn_end = c->snd_una;
	for (uint32_t i = 0; i < 5; i++) { /* as if much had gone by */
		ACKED(4);
		lab.iss = c->snd_nxt - 1 + 0x30000000;
		c->snd_una = c->snd_nxt = lab.iss + 1;
		c->flight->fack = c->snd_una;
		send_bytes(c, 4 * MSS);
		CU_ASSERT_EQUAL(drain_unpaced(c), 4);
	}
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(1), .wnd = 65535, .o = SACKED(0, 1));
	CU_ASSERT_EQUAL(c->flight->reo_mult, 2);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 1);
	flow_done(c);
}

/* 6.2: 16 recoveries without D-SACK narrow it again. */
static void narrows(void)
{
	struct tcp_conn *c;

	c = measured(4);
	ACKED(1, .o = {.n_sack = 1, .sack = {{AT(0), AT(1)}}});
	CU_ASSERT_EQUAL(c->flight->reo_mult, 2);
	next_round(4);
	for (uint32_t i = 0; i < 16; i++) {
		CU_ASSERT_EQUAL(c->flight->reo_mult, 2);
		c->cwnd = 10 * MSS;
		send_bytes(c, 4 * MSS);
		CU_ASSERT_EQUAL(drain_unpaced(c), 4);
		pass(RTT);
		DUP(.o = SACKED(1, 4));
		WANT_SEGMENT(0);
		pass(RTT);
		next_round(4);
	}
	CU_ASSERT_EQUAL(c->flight->reo_mult, 1);
	flow_done(c);
}

/* Lost again: what was sent after it arrives, and no timeout is needed. */
static void lost_retransmission(void)
{
	struct tcp_conn *c;

	c = lab_flight(8, true);
	send_bytes(c, 8 * MSS);
	drain();
	DUP(.o = SACKED(1, 4));
	WANT_SEGMENT(0);
	pass(2);
	DUP(.o = SACKED(1, 8));
	CU_ASSERT_TRUE(drain() > 0); /* new ones */
	pass(RTT);
	DUP(.o = SACKED(1, 9));
	DUP(.o = SACKED(1, 11));
	WANT_SEGMENT(0);
	CU_ASSERT_EQUAL(COUNT(rto), 0);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	flow_done(c);
}

/* 6.2 step 2: an ACK sooner than any round trip is of the first copy, and says nothing. */
static void too_soon(void)
{
	struct tcp_conn *c;
	uint32_t us;

	c = lab_flight(8, true);
	DUP(.o = SACKED(1, 4));
	WANT_SEGMENT(0);
	us = c->flight->rack_us;
	pass(1);
	ACKED(4);
	CU_ASSERT_EQUAL(c->flight->rack_us, us);
	CU_ASSERT_EQUAL(c->flight->rack_rtt, RTT * 1000);
	CU_ASSERT_EQUAL(c->srtt, RTT * 1000); /* Karn */
	CU_ASSERT_EQUAL(c->flight->min_rtt, RTT * 1000);
	flow_done(c);
}

/* The same by timestamps, whatever part of a millisecond it is. */
static void too_soon_by_timestamp(void)
{
	for (uint32_t phase = 0; phase < 2000; phase += 300) {
		struct tcp_opts ts = {.sack_ok = true, .has_ts = true, .ts_val = PEER_TS};
		uint32_t mss = MSS - 12, left;
		struct tcp_conn *c;
		struct seg s;

		lab_open();
		c = flow(ts);
		send_bytes(c, 8 * mss);
		s = take();
		ts.ts_ecr = s.o.ts_val;
		drain();
		pass(RTT);
		lab.now += phase;
		ts.n_sack = 1;
		ts.sack[0].start = U + 1 + mss;
		ts.sack[0].end = U + 1 + 4 * mss;
		DUP(.o = ts);
		s = take();
		CU_ASSERT_EQUAL(s.seq, U + 1);
		left = (uint32_t)lab.now;
		pass(RTT + 2);
		lab.now += 1700 - phase / 2;
		ts.n_sack = 0;
		ts.ts_ecr = s.o.ts_val;
		GIVE(TCP_ACK, P + 2, U + 1 + 4 * mss, .wnd = 65535, .o = ts);
		CU_ASSERT_EQUAL(c->flight->rack_us, left);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* 7.2: two round trips, and time for a delayed ACK where one segment is out */
static void probe_timeout(void)
{
	struct tcp_conn *c;

	c = measured(3);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_PROBE);
	CU_ASSERT_EQUAL(c->t_rtx - lab.t->now_ms, 2 * RTT + 3);
	pass(10);
	ACKED(1);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_PROBE); /* again, from now */
	CU_ASSERT_EQUAL(c->t_rtx - lab.t->now_ms, 2 * c->srtt / 1000 + 3);
	pass(1);
	ACKED(2);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO); /* it would come first */
	CU_ASSERT_EQUAL(c->t_rtx - lab.t->now_ms, 200);
	flow_done(c);
}

/* 7.3: new data where there is some, else the last segment. One probe, then the timeout. */
static void probe(void)
{
	struct tcp_conn *c;

	c = measured(3);
	pass(2 * RTT + 3);
	WANT_SEGMENT(2);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(tail_probes), 1);
	pass(199);
	WANT_NONE();
	pass(1);
	WANT_SEGMENT(0);
	CU_ASSERT_EQUAL(COUNT(rto), 1);
	flow_done(c);

	c = measured(3);
	c->cwnd = 3 * MSS;
	send_bytes(c, 2 * MSS);
	WANT_NONE();
	pass(2 * RTT + 3);
	WANT_SEGMENT(3); /* whatever cwnd says */
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(retransmits), 0);
	flow_done(c);
}

/* 7.2: the probe comes two round trips after the last new data, however it began. */
static void probe_follows_new_data(void)
{
	struct tcp_conn *c;

	c = measured(1);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO);
	pass(1);
	send_bytes(c, 3 * MSS);
	CU_ASSERT_TRUE(drain() > 1);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_PROBE);
	CU_ASSERT_EQUAL(c->t_rtx - lab.t->now_ms, 2 * RTT + 3);
	flow_done(c);
}

/* 7.4.2: the probe repaired a loss that nobody else saw. */
static void probe_repairs(void)
{
	struct tcp_conn *c;

	c = measured(4);
	pass(1);
	ACKED(2);
	pass(2 * RTT + 3);
	WANT_SEGMENT(3);
	pass(RTT);
	send_bytes(c, MSS);
	CU_ASSERT_EQUAL(drain(), 1);
	ACKED(4);
	CU_ASSERT_EQUAL(c->ssthresh, UINT32_MAX);
	pass(RTT);
	ACKED(5);
	CU_ASSERT_TRUE(c->ssthresh < 10 * MSS);
	CU_ASSERT_EQUAL(c->cwnd, c->ssthresh);
	CU_ASSERT_EQUAL(COUNT(rto), 0);
	flow_done(c);
}

/* 7.4.2: D-SACK says that the probe was in vain, with the ACK or after it. */
static void probe_in_vain(void)
{
	struct tcp_conn *c;

	for (uint32_t after = 0; after < 2; after++) {
		c = measured(4);
		pass(1);
		ACKED(2);
		pass(2 * RTT + 3);
		WANT_SEGMENT(3);
		pass(1);
		if (after)
			ACKED(4);
		pass(RTT);
		ACKED(4, .o = SACKED(3, 4));
		CU_ASSERT_FALSE(c->flight->tlp);
		CU_ASSERT_EQUAL(c->flight->reo_mult, 1); /* nor did anyone lack patience */
		send_bytes(c, MSS);
		CU_ASSERT_EQUAL(drain(), 1);
		pass(RTT);
		ACKED(5);
		CU_ASSERT_EQUAL(c->ssthresh, UINT32_MAX);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* The same while what the probe follows is late. */
static void probe_in_vain_beyond_a_hole(void)
{
	struct tcp_conn *c;

	c = measured(4);
	pass(2 * RTT + 3);
	WANT_SEGMENT(3);
	pass(1);
	DUP(.o = {.n_sack = 2, .sack = {{AT(3), AT(4)}, {AT(3), AT(4)}}});
	CU_ASSERT_FALSE(c->flight->tlp);
	CU_ASSERT_EQUAL(c->flight->reo_mult, 1);
	ACKED(4);
	send_bytes(c, MSS);
	CU_ASSERT_EQUAL(drain(), 1);
	pass(RTT);
	ACKED(5);
	CU_ASSERT_EQUAL(c->ssthresh, UINT32_MAX);
	flow_done(c);
}

/* An ACK between the timer and the next output: the probe is not needed any more. */
static void probe_overtaken(void)
{
	struct tcp_conn *c;

	c = measured(4);
	pass(2 * RTT + 3);
	CU_ASSERT_TRUE(c->flight->tlp_due);
	ACKED(2);
	WANT_NONE();
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_PROBE);
	ACKED(2, .o = SACKED(3, 4));
	pass(2 * RTT);
	WANT_SEGMENT(2);
	CU_ASSERT_EQUAL(COUNT(tail_probes), 0);
	flow_done(c);
}

/* 7.1: not without SACK, with holes, in recovery, after a timeout, with a shut window */
static void no_probe(void)
{
	struct tcp_conn *c;

	c = lab_flight(3, false);
	ACKED(1);
	CU_ASSERT_EQUAL(c->rtx_kind, TCP_RTX_RTO);
	CU_ASSERT_EQUAL(tcp__tlp_timeout(c), 0);
	flow_done(c);

	c = measured(4);
	CU_ASSERT_TRUE(tcp__tlp_timeout(c) > 0);
	c->snd_wnd = 0;
	CU_ASSERT_EQUAL(tcp__tlp_timeout(c), 0);
	c->snd_wnd = 65535;
	pass(RTT);
	DUP(.o = SACKED(3, 4));
	CU_ASSERT_EQUAL(tcp__tlp_timeout(c), 0);
	pass(RTT);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(tcp__tlp_timeout(c), 0);
	flow_done(c);
}

/* Pitfall 8: a round trip of no ticks. Nothing is 0, nothing is sent twice. */
static void tiny_rtt(void)
{
	struct tcp_conn *c;

	lab_open();
	c = flow((struct tcp_opts){.sack_ok = true});
	for (uint32_t i = 0; i < 100; i++) {
		send_bytes(c, 4 * MSS);
		for (uint32_t k = 0; k < 4; k++) {
			struct seg s = take();

			CU_ASSERT_EQUAL(s.seq, AT(k));
			lab.now += i % 3;
		}
		next_round(4);
		CU_ASSERT_TRUE(c->srtt >= 1);
		CU_ASSERT_TRUE(c->flight->min_rtt >= 1);
		CU_ASSERT_EQUAL(c->rto, 200);
	}
	send_bytes(c, 2 * MSS);
	CU_ASSERT_EQUAL(drain(), 2);
	CU_ASSERT_EQUAL(c->t_rtx - lab.t->now_ms, 3); /* the probe */
	CU_ASSERT_EQUAL(COUNT(retransmits), 0);
	flow_done(c);
}

static const struct unit_case cases[] = {UNIT_CASE(reordering), UNIT_CASE(reordering_seen),
	UNIT_CASE(timeout_goes_on), UNIT_CASE(no_news), UNIT_CASE(dsack_widens),
	UNIT_CASE(dsack_at_rest), UNIT_CASE(marks_follow), UNIT_CASE(narrows),
	UNIT_CASE(lost_retransmission), UNIT_CASE(too_soon), UNIT_CASE(too_soon_by_timestamp),
	UNIT_CASE(probe_timeout), UNIT_CASE(probe), UNIT_CASE(probe_follows_new_data),
	UNIT_CASE(probe_repairs), UNIT_CASE(probe_in_vain), UNIT_CASE(probe_in_vain_beyond_a_hole),
	UNIT_CASE(probe_overtaken), UNIT_CASE(no_probe), UNIT_CASE(tiny_rtt)};
UNIT_MAIN(cases)
