/* SPDX-License-Identifier: BSD-3-Clause */
/* What losses do to the window: PRR, timeouts, and what undoes them. */
#include "flight.h"

static void with(const char *cc)
{
	lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find(cc)};
	lab_open();
}

/* n segments in flight, and as much again waits for the window. */
static struct tcp_conn *bulk(uint32_t n, bool sack)
{
	struct tcp_conn *c = flow((struct tcp_opts){.sack_ok = sack});

	send_bytes(c, 2 * n * MSS);
	tcp__flight(lab.t, c);
	c->cwnd = c->ssthresh = n * MSS;
	CU_ASSERT_EQUAL(drain(), n);
	pass(RTT);
	return c;
}

/* Segment i is SACKed; how many segments go out upon that. */
static uint32_t sacked(struct tcp_conn *c, uint32_t i)
{
	DUP(.o = SACKED(1, i + 1));
	return drain_unpaced(c);
}

/* RFC 6937 3.1, first example: 20 segments, the first is lost; then one each second ACK, and the
 * window ends at ssthresh. */
static void prr_reduces(void)
{
	struct tcp_conn *c;
	uint32_t n = 0;

	with("newreno");
	c = bulk(20, true);
	n += sacked(c, 1);
	n += sacked(c, 2);
	CU_ASSERT_EQUAL(n, 2); /* limited transmit */
	n = sacked(c, 3);
	CU_ASSERT_EQUAL(n, 1); /* the lost one, at once */
	CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
	for (uint32_t i = 4; i < 20; i++) {
		uint32_t k = sacked(c, i);

		CU_ASSERT_TRUE(k <= 1);
		n += k;
	}
	CU_ASSERT_TRUE(n >= 8 && n <= 9); /* of 17 ACKs */
	CU_ASSERT_EQUAL(tcp__pipe(c), 10 * MSS + (n - 8) * MSS);
	CU_ASSERT_EQUAL(c->flight->prr_out, n * MSS);
	pass(RTT);
	ACKED(22);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(c->cwnd, 10 * MSS);
	flow_done(c);
}

/* 3.1, second example: much is lost; no burst, and then slow start up to ssthresh. */
static void prr_rebuilds(void)
{
	struct tcp_conn *c;
	uint32_t n = 0, k;

	with("newreno");
	c = bulk(20, true);
	DUP(.o = SACKED(16, 20)); /* 16 lost, 4 arrived */
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 16 * MSS);
	CU_ASSERT_EQUAL(tcp__pipe(c), 0);
	n = drain_unpaced(c);
	CU_ASSERT_EQUAL(n, 4); /* what was delivered */
	for (uint32_t i = 1; i <= 4; i++) {
		pass(RTT);
		ACKED(i, .o = SACKED(16, 20));
		k = drain_unpaced(c);
		CU_ASSERT_TRUE(k <= 2);
		n += k;
		CU_ASSERT_TRUE(tcp__pipe(c) <= c->ssthresh);
	}
	CU_ASSERT_EQUAL(n, 12); /* two for each that repaired something */
	flow_done(c);
}

/* What the end of the reordering window finds lost goes by PRR too, not all at once. */
static void prr_by_time(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(20, true);
	DUP(.o = SACKED(1, 4));
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	drain_unpaced(c);
	c->flight->reordering = true;
	DUP(.o = SACKED(12, 13));
	drain_unpaced(c);
	CU_ASSERT_EQUAL(c->flight->prr_out, 2 * MSS);
	CU_ASSERT_EQUAL(tcp__pipe(c), 17 * MSS);
	pass(RTT / 4 + 1);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 8 * MSS); /* 4 to 11 */
	CU_ASSERT_EQUAL(drain_unpaced(c), 1);                     /* up to ssthresh */
	CU_ASSERT_EQUAL(tcp__pipe(c), c->ssthresh);
	flow_done(c);
}

/* Bare arithmetic, RFC 6937 3: CEIL(prr_delivered * ssthresh / RecoverFS) - prr_out */
static void prr_numbers(void)
{
	static const uint32_t want[] = {1, 0, 0, 1, 0, 1, 0}; /* segments, of 1000 bytes */
	struct tcp_flight f = {.prr_base = 100000, .ca = TCP_CA_RECOVERY};
	struct tcp_conn c = {
		.flight = &f, .mss = 1000, .ssthresh = 50000, .flags = TCP_F_SACK, .cwnd = 100000};
	struct tcp_delivery d = {.bytes = 1000};

	f.bytes[TCP_RUN_OUT] = 96000;
	for (uint32_t i = 0; i < RTE_DIM(want); i++) {
		uint32_t room;

		f.bytes[TCP_RUN_OUT] -= 1000;
		tcp__recovery_prr(&c, &d);
		room = (c.cwnd - f.bytes[TCP_RUN_OUT]) / 1000;
		CU_ASSERT_EQUAL(room, want[i]);
		f.prr_out += room * 1000;
		f.bytes[TCP_RUN_OUT] += room * 1000;
	}
	/* below ssthresh: what was delivered and not sent yet, and one more where an ACK advanced
	 * and nothing more was found lost; never beyond ssthresh */
	f.bytes[TCP_RUN_OUT] = 20000;
	f.prr_delivered = 10000;
	f.prr_out = 5000;
	tcp__recovery_prr(&c, &d);
	CU_ASSERT_EQUAL(c.cwnd, 20000 + 6000);
	d.advanced = true;
	tcp__recovery_prr(&c, &d);
	CU_ASSERT_EQUAL(c.cwnd, 20000 + 8000);
	d.lost = 1;
	tcp__recovery_prr(&c, &d);
	CU_ASSERT_EQUAL(c.cwnd, 20000 + 8000);
	f.bytes[TCP_RUN_OUT] = 49000;
	tcp__recovery_prr(&c, &d);
	CU_ASSERT_EQUAL(c.cwnd, 50000);
	d = (struct tcp_delivery){0}; /* an ACK that delivered nothing changes nothing */
	f.bytes[TCP_RUN_OUT] = 10000;
	tcp__recovery_prr(&c, &d);
	CU_ASSERT_EQUAL(c.cwnd, 50000);
}

/* RFC 3042, with SACK: the first two that arrive out of order let new data out */
static void limited_transmit(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(10, true);
	DUP(.o = SACKED(1, 2));
	c->flight->pace_at = 0;
	WANT_SEGMENT(10);
	DUP(.o = SACKED(1, 3));
	c->flight->pace_at = 0;
	WANT_SEGMENT(11);
	WANT_NONE();
	CU_ASSERT_EQUAL(c->cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(COUNT(retransmits), 0);
	flow_done(c);
}

/* RFC 6582: without SACK each partial ACK repairs one hole, no more and no less. */
static void partial_acks(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(10, false);
	for (uint32_t i = 0; i < 3; i++)
		DUP();
	c->flight->pace_at = 0;
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_TRUE(drain_unpaced(c) >= 1);
	CU_ASSERT_EQUAL(COUNT(retransmits), 1);
	for (uint32_t i = 2; i < 10; i += 2) {
		pass(RTT);
		ACKED(i);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
		c->flight->pace_at = 0;
		WANT_SEGMENT(i);
		drain_unpaced(c);
		CU_ASSERT_EQUAL(COUNT(retransmits), 1 + i / 2);
		runs_check(c);
	}
	pass(RTT);
	GIVE(TCP_ACK, P + 2, c->snd_nxt, .wnd = 65535);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	CU_ASSERT_TRUE(c->cwnd >= 5 * MSS && c->cwnd <= 6 * MSS); /* that ACK may let it grow */
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	CU_ASSERT_EQUAL(COUNT(rto), 0);
	flow_done(c);
}

/* Pitfall 9: more duplicates than a counter holds */
static void many_duplicates(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(10, false);
	for (uint32_t i = 0; i < 600; i++) {
		DUP();
		drain_unpaced(c);
		CU_ASSERT_TRUE(c->cwnd <= 10 * MSS);
		CU_ASSERT_TRUE(c->snd_nxt - c->snd_una <= 20 * MSS);
	}
	CU_ASSERT_EQUAL(COUNT(retransmits), 1);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	flow_done(c);
}

/* The timeout of n segments in flight, of which none was acknowledged: the first goes again. */
static struct tcp_conn *timed_out(uint32_t n, bool sack)
{
	struct tcp_conn *c = bulk(n, sack);

	pass(1000);
	WANT_SEGMENT(0);
	CU_ASSERT_EQUAL(COUNT(rto), 1);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_LOSS);
	WANT_NONE();
	return c;
}

/* RFC 5682: the ACKs of what left before the timeout come: nothing else goes again, and the window
 * is what it was. */
static void frto_spurious(void)
{
	for (uint32_t sack = 0; sack < 2; sack++) {
		struct tcp_conn *c;

		with("newreno");
		c = timed_out(10, sack);
		CU_ASSERT_EQUAL(c->cwnd, MSS);
		pass(5);
		ACKED(1);
		WANT_SEGMENT(10); /* new data */
		drain_unpaced(c);
		pass(1);
		ACKED(2);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		CU_ASSERT_TRUE(c->cwnd >= 10 * MSS);
		CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
		CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 0);
		runs_check(c);
		for (uint32_t i = 3; i <= 10; i++) {
			ACKED(i);
			drain_unpaced(c);
		}
		CU_ASSERT_EQUAL(COUNT(retransmits), 1);
		flow_done(c);
	}
}

/* A real one: what comes after the new data is a duplicate; the rest goes again. */
static void frto_real(void)
{
	for (uint32_t sack = 0; sack < 2; sack++) {
		struct tcp_conn *c;

		with("newreno");
		c = timed_out(10, sack);
		pass(RTT);
		ACKED(1);
		WANT_SEGMENT(10);
		drain_unpaced(c);
		pass(RTT);
		if (sack)
			ACKED(1, .o = SACKED(10, 11));
		else
			ACKED(1);
		c->flight->pace_at = 0;
		WANT_SEGMENT(1);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_LOSS);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
		CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
		flow_done(c);
	}
}

/* The ACK that ends the repair of a timeout tells of what arrived long before: slow start counts it
 * as one segment (RFC 3465 2.3). */
static void repaired(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = timed_out(10, false);
	c->ssthresh = 20 * MSS;
	pass(RTT);
	ACKED(10);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	CU_ASSERT_EQUAL(c->cwnd, 2 * MSS);
	flow_done(c);
}

/* Without SACK the first ACK may tell of what arrived long before the timeout (RFC 5682 2.1, 2). */
static void frto_hole_filled(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = timed_out(10, false); /* 0 and 3 were lost, the ACKs of 1 and 2 too */
	pass(RTT);
	ACKED(3);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_LOSS);
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	flow_done(c);
}

/* A second timeout: all is lost, ssthresh was halved once, the peer's SACKs count no more. */
static void two_timeouts(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(10, true);
	DUP(.o = SACKED(9, 10)); /* RTT known */
	pass(RTT);
	drain_unpaced(c);
	pass(400);
	CU_ASSERT_EQUAL(COUNT(rto), 1);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], MSS);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	drain_unpaced(c);
	pass(800);
	CU_ASSERT_EQUAL(COUNT(rto), 2);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 0);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_OUT], 0);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	CU_ASSERT_EQUAL(c->cwnd, c->mss); /* less by now: the path may have shrunk */
	c->flight->pace_at = 0;
	WANT(TCP_ACK, AT(0), P + 2, c->mss);
	WANT_NONE();
	flow_done(c);
}

/* RFC 2018 8: the first byte that is missing is one that the peer said to have. */
static void reneging(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(6, true);
	DUP(.o = SACKED(1, 6));
	CU_ASSERT_TRUE(drain_unpaced(c) > 0);
	pass(RTT);
	ACKED(1); /* only what went again: the rest was thrown away */
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 5 * MSS);
	drain_unpaced(c);
	pass(400);
	CU_ASSERT_EQUAL(COUNT(rto), 1);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_SACKED], 0);
	c->flight->pace_at = 0;
	WANT_SEGMENT(1);
	flow_done(c);
}

/* RFC 3522: the ACK of what went again echoes a time before that. */
static void eifel(void)
{
	struct tcp_opts ts = {.sack_ok = true, .has_ts = true, .ts_val = PEER_TS};
	uint32_t mss = MSS - 12;
	struct tcp_conn *c;

	for (uint32_t late = 0; late < 2; late++) {
		with("newreno");
		c = flow(ts);
		send_bytes(c, 10 * mss);
		ts.ts_ecr = take().o.ts_val;
		drain();
		pass(RTT);
		ts.n_sack = 1;
		ts.sack[0].start = U + 1 + mss;
		ts.sack[0].end = U + 1 + 4 * mss;
		DUP(.o = ts);
		if (late)
			ts.ts_ecr = take().o.ts_val;
		else
			CU_ASSERT_EQUAL(take().seq, U + 1);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
		CU_ASSERT_TRUE(c->cwnd < 10 * mss);
		pass(RTT + 5);
		ts.n_sack = 0;
		GIVE(TCP_ACK, P + 2, U + 1 + 4 * mss, .wnd = 65535, .o = ts);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), !late);
		CU_ASSERT_EQUAL(c->ssthresh == UINT32_MAX, !late);
		CU_ASSERT_EQUAL(c->cwnd >= 10 * mss, !late);
		CU_ASSERT_EQUAL(c->flight->reordering, !late);
		ts = (struct tcp_opts){.sack_ok = true, .has_ts = true, .ts_val = PEER_TS};
		flow_done(c);
	}
}

/* RFC 3708: all that went again is reported as a duplicate. */
static void dsack_undo(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = bulk(10, true);
	DUP(.o = SACKED(2, 5)); /* 0 and 1 */
	CU_ASSERT_TRUE(drain_unpaced(c) >= 1);
	DUP(.o = SACKED(2, 7));
	drain_unpaced(c);
	CU_ASSERT_EQUAL(COUNT(retransmits), 2);
	CU_ASSERT_EQUAL(c->flight->undo_bytes, 2 * MSS);
	ACKED(7); /* they come after all */
	ACKED(7, .o = SACKED(0, 1));
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	ACKED(7, .o = SACKED(1, 2));
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_TRUE(c->cwnd >= 10 * MSS);
	CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
	flow_done(c);
}

/* The third ACK says that 0 and 1 are lost; they go again, and the ACK of all, the recovery's end,
 * tells of their first copies or of these. */
static struct tcp_conn *recovered(void)
{
	struct tcp_conn *c;

	with("cubic");
	c = bulk(10, true);
	DUP(.o = SACKED(2, 10));
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 2 * MSS);
	drain_unpaced(c);
	CU_ASSERT_EQUAL(COUNT(retransmits), 2);
	pass(RTT / 2);
	GIVE(TCP_ACK, P + 2, c->snd_nxt, .wnd = 65535);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(c->ssthresh, 7 * MSS);
	CU_ASSERT_TRUE(c->cwnd < 8 * MSS);
	return c;
}

/* RFC 3708: the duplicates are reported when the recovery is over, with nothing or with new data in
 * flight. */
static void dsack_after_the_end(void)
{
	for (uint32_t more = 0; more < 2; more++) {
		struct tcp_conn *c = recovered();
		uint32_t end = (c->snd_nxt - AT(0)) / MSS;

		if (more) {
			send_bytes(c, 4 * MSS);
			CU_ASSERT_TRUE(drain_unpaced(c) >= 4);
		}
		ACKED(end, .o = SACKED(0, 1));
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
		ACKED(end, .o = SACKED(1, 2));
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		CU_ASSERT_TRUE(c->flight->reordering);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
		CU_ASSERT_EQUAL(c->cwnd, 10 * MSS);
		CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
		ACKED(end, .o = SACKED(1, 2)); /* once */
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		flow_done(c);
	}
}

/* The control's own state goes back with the window, but not where that has grown beyond meanwhile.
 */
static void undo_after_growth(void)
{
	for (uint32_t grown = 0; grown < 2; grown++) {
		struct tcp_conn *c = recovered();
		uint32_t end = (c->snd_nxt - AT(0)) / MSS, want;
		uint64_t before[RTE_DIM(c->flight->cc)];

		if (grown)
			c->cwnd = 20 * MSS;
		want = RTE_MAX(c->cwnd, 10u * MSS);
		memcpy(before, c->flight->cc, sizeof(before));
		ACKED(end, .o = SACKED(0, 2));
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		CU_ASSERT_EQUAL(c->cwnd, want);
		CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
		CU_ASSERT_EQUAL(memcmp(before, c->flight->cc, sizeof(before)) == 0, grown);
		flow_done(c);
	}
}

/* Not by a packet that the network doubled, nor across another reduction. */
static void dsack_of_others(void)
{
	struct tcp_conn *c = recovered();
	uint32_t end = (c->snd_nxt - AT(0)) / MSS;

	ACKED(end, .o = SACKED(-9, 1)); /* 9 of these are from before */
	for (uint32_t i = 2; i < 10; i++)
		ACKED(end, .o = SACKED(i, i + 1));
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	c->flags |= TCP_F_ECN;
	send_bytes(c, 4 * MSS);
	drain_unpaced(c);
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(end + 1), .wnd = 65535);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 1);
	ACKED(end + 1, .o = SACKED(1, 2));
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	CU_ASSERT_TRUE(c->cwnd < 8 * MSS);
	flow_done(c);
}

/* What was taken for lost arrives before it could go again: it was late. */
static void none_was_lost(void)
{
	for (uint32_t sack = 0; sack < 2; sack++) {
		struct tcp_conn *c;

		with("newreno");
		c = bulk(10, sack);
		for (uint32_t i = 2; i < 5; i++)
			if (sack)
				DUP(.o = SACKED(2, i + 1));
			else
				DUP();
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
		ACKED(1);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), !sack); /* 1 is still missing */
		ACKED(5);
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
		CU_ASSERT_TRUE(c->cwnd >= 10 * MSS);
		CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
		CU_ASSERT_EQUAL(COUNT(retransmits), 0);
		flow_done(c);
	}
}

/* It may have been the probe's copy that arrived: a loss. */
static void probe_was_needed(void)
{
	struct tcp_conn *c;

	with("newreno");
	c = flow((struct tcp_opts){.sack_ok = true});
	send_bytes(c, 5 * MSS);
	CU_ASSERT_EQUAL(drain(), 5);
	pass(RTT);
	ACKED(1);
	pass(2 * RTT + 3);
	WANT_SEGMENT(4);
	pass(1);
	send_bytes(c, 2 * MSS);
	CU_ASSERT_EQUAL(drain_unpaced(c), 2);
	pass(RTT);
	ACKED(1, .o = SACKED(5, 7));
	pass(RTT / 4 + 2);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 4 * MSS);
	ACKED(7);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 0);
	flow_done(c);
}

/* What keeps its own window (BBR) keeps it in fast recovery, however that began: PRR stays out. */
static void model(void)
{
	struct tcp_conn *c;

	with("bbr");
	c = bulk(10, true);
	DUP(.o = SACKED(1, 2));
	pass(RTT / 4 + 1); /* the reordering window's end */
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_TRUE(c->cwnd >= 9 * MSS); /* 8 in flight and one */
	c->flight->pace_at = 0;
	WANT_SEGMENT(0);
	DUP(.o = SACKED(1, 8));
	CU_ASSERT_TRUE(c->cwnd >= 9 * MSS); /* by PRR it would be 5 */
	flow_done(c);
}

/* A smaller MTU took the packets, no congestion: all goes again, the window stays. */
static void resend(void)
{
	for (uint32_t sack = 0; sack < 2; sack++) {
		struct tcp_conn *c;

		with("newreno");
		c = bulk(10, sack);
		c->mss = 1000;
		c->srtt = RTT * 1000; /* some will wait for their time */
		tcp__resend(lab.t, c);
		CU_ASSERT_EQUAL(c->flight->bytes[TCP_RUN_LOST], 10 * MSS);
		CU_ASSERT_TRUE(drain() > 0);
		pass(RTT);
		GIVE(TCP_ACK, P + 2, U + 1 + 1000, .wnd = 65535);
		CU_ASSERT_EQUAL(c->ssthresh, 10 * MSS);
		CU_ASSERT_TRUE(c->cwnd >= 10 * MSS);
		CU_ASSERT_EQUAL(COUNT(fast_recoveries), 0);
		drain_unpaced(c);
		runs_check(c);
		flow_done(c);
	}
}

/* ECN (RFC 3168 6.1.2): one reduction a round trip, told by CWR with the next new data only. */
static void ecn(void)
{
	struct tcp_conn *c;
	struct seg s;

	with("newreno");
	c = bulk(10, true);
	c->flags |= TCP_F_ECN;
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(1), .wnd = 65535);
	CU_ASSERT_EQUAL(c->ssthresh, 9 * MSS / 2);
	CU_ASSERT_EQUAL(c->cwnd, c->ssthresh);
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(9), .wnd = 65535);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 1);
	CU_ASSERT_EQUAL(c->cwnd, c->ssthresh); /* though a window was acknowledged */
	c->flight->pace_at = 0;
	s = take();
	CU_ASSERT_EQUAL(s.seq, AT(10));
	CU_ASSERT_TRUE(s.flags & TCP_CWR);
	c->flight->pace_at = 0;
	s = take();
	CU_ASSERT_EQUAL(s.seq, AT(11));
	CU_ASSERT_FALSE(s.flags & TCP_CWR);
	drain_unpaced(c);
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(10), .wnd = 65535);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 1);
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(11), .wnd = 65535);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 2);
	flow_done(c);
}

/* A loss is told by CWR too, and marks of the same round trip are not a second one. */
static void ecn_and_loss(void)
{
	struct tcp_conn *c;
	struct seg s;

	with("newreno");
	c = bulk(10, true);
	c->flags |= TCP_F_ECN;
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(0), .wnd = 65535, .o = SACKED(1, 4));
	c->flight->pace_at = 0;
	s = take();
	CU_ASSERT_EQUAL(s.seq, AT(0));
	CU_ASSERT_FALSE(s.flags & TCP_CWR); /* not with what goes again */
	CU_ASSERT_TRUE(c->flags & TCP_F_CWR);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	drain_unpaced(c);
	pass(RTT);
	GIVE(TCP_ACK | TCP_ECE, P + 2, AT(10), .wnd = 65535);
	CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
	CU_ASSERT_EQUAL(COUNT(ecn_reductions), 0);
	flow_done(c);
}

/* Where ECE told of congestion in the same round trip too, the window stays reduced: with the
 * ACK that begins the recovery, with one in it, with the one that seems to say that it was none. */
static void ecn_no_undo(void)
{
	for (uint32_t when = 0; when < 3; when++) {
		struct tcp_conn *c;
		uint32_t end;

		with("newreno");
		c = bulk(10, true);
		c->flags |= TCP_F_ECN;
		GIVE(when == 0 ? TCP_ACK | TCP_ECE : TCP_ACK, P + 2, AT(0), .wnd = 65535,
			.o = SACKED(2, 10));
		if (when < 2) /* otherwise both come before they go again */
			drain_unpaced(c);
		CU_ASSERT_EQUAL(COUNT(retransmits), when < 2 ? 2 : 0);
		pass(RTT / 2);
		GIVE(when ? TCP_ACK | TCP_ECE : TCP_ACK, P + 2, AT(10), .wnd = 65535);
		CU_ASSERT_EQUAL(c->flight->ca, TCP_CA_OPEN);
		end = (c->snd_nxt - AT(0)) / MSS;
		ACKED(end, .o = SACKED(0, 1));
		ACKED(end, .o = SACKED(1, 2));
		CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
		CU_ASSERT_EQUAL(c->ssthresh, 5 * MSS);
		CU_ASSERT_TRUE(c->cwnd < 7 * MSS);
		flow_done(c);
	}
}

/* What was sent during a recovery, and again in it, may lie beyond what is acknowledged after it.
 */
static void undo_reaches_ahead(void)
{
	struct tcp_conn *c = recovered();
	uint32_t end = (c->snd_nxt - AT(0)) / MSS;

	send_bytes(c, 4 * MSS);
	drain_unpaced(c);
	c->flight->undo_end = c->snd_nxt;
	ACKED(end + 1);
	ACKED(end + 2, .o = SACKED(0, 1));
	ACKED(end + 2, .o = SACKED(1, 2));
	CU_ASSERT_EQUAL(COUNT(spurious_recoveries), 1);
	flow_done(c);
}

/* A path MTU probe that was too large goes again after a recovery: no D-SACK will tell of it. */
static void undo_without_probe(void)
{
	struct tcp_conn *c = recovered();
	struct tcp_flight *f = c->flight;
	uint32_t end = (c->snd_nxt - AT(0)) / MSS;

	send_bytes(c, 4 * MSS);
	drain_unpaced(c);
	tcp__run_head(lab.t, f, &lab.t->run[f->runs.head - 1], MSS)->probe = true;
	f->pmtu_probe = TCP_PROBE_OUT;
	pass(RTT);
	ACKED(end, .o = SACKED(end + 1, end + 4));
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 1);
	drain_unpaced(c);
	CU_ASSERT_EQUAL(COUNT(retransmits), 3);
	CU_ASSERT_EQUAL(f->undo_bytes, 2 * MSS);
	flow_done(c);
}

static const struct unit_case cases[] = {UNIT_CASE(prr_reduces), UNIT_CASE(prr_rebuilds),
	UNIT_CASE(prr_by_time), UNIT_CASE(prr_numbers), UNIT_CASE(limited_transmit),
	UNIT_CASE(partial_acks), UNIT_CASE(many_duplicates), UNIT_CASE(frto_spurious),
	UNIT_CASE(frto_real), UNIT_CASE(frto_hole_filled), UNIT_CASE(repaired),
	UNIT_CASE(two_timeouts), UNIT_CASE(reneging), UNIT_CASE(eifel), UNIT_CASE(dsack_undo),
	UNIT_CASE(dsack_after_the_end), UNIT_CASE(dsack_of_others), UNIT_CASE(none_was_lost),
	UNIT_CASE(probe_was_needed), UNIT_CASE(model), UNIT_CASE(resend), UNIT_CASE(ecn),
	UNIT_CASE(ecn_and_loss), UNIT_CASE(ecn_no_undo), UNIT_CASE(undo_reaches_ahead),
	UNIT_CASE(undo_without_probe), UNIT_CASE(undo_after_growth)};
UNIT_MAIN(cases)
