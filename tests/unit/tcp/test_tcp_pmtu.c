/* SPDX-License-Identifier: BSD-3-Clause */
/* Path MTU: RFC 1191, RFC 8201, RFC 5927 7.2, RFC 4821, RFC 8899. First one connection's numbers,
 * then packets. */
#include "flight.h"

#define SENT 100000u /* in flight */
#define UNA  777u

static struct tcp_conn c;
static struct tcp_flight f;

static void start(const char *remote, uint16_t mss)
{
	f = (struct tcp_flight){.bytes[TCP_RUN_OUT] = SENT};
	c = (struct tcp_conn){.state = TCP_ESTABLISHED,
		.flags = TCP_F_SACK,
		.flight = &f,
		.mss = mss,
		.mss_max = mss,
		.cwnd = SENT,
		.snd_una = UNA,
		.snd_nxt = UNA + SENT,
		.snd_wnd = 2 * SENT};
	c.tx.bytes = 2 * SENT;
	ip_addr_parse(remote, &c.remote);
	lab.t->now_ms = 1000;
	tcp__pmtu_start(lab.t, &c);
}

static void acked(uint32_t n)
{
	c.snd_una += n;
	c.snd_nxt = c.snd_una + SENT;
	tcp__pmtu_acked(lab.t, &c, false);
}

/* Enough for any segment to count as carried. */
static void carried(void)
{
	acked(1);
	acked(SENT);
	CU_ASSERT_TRUE(f.pmtu_carried);
}

static void times_out(int n)
{
	while (n--)
		tcp__pmtu_timeout(lab.t, &c);
}

static bool too_big(uint16_t mtu)
{
	return tcp__pmtu_too_big(lab.t, &c, c.snd_una, mtu);
}

/* A probe of that size is due, and leaves. */
static void probe_sent(uint16_t size)
{
	CU_ASSERT_EQUAL_FATAL(f.pmtu_probe, TCP_PROBE_DUE);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_SEARCHING);
	CU_ASSERT_EQUAL(f.pmtu_size, size);
	c.snd_nxt += size;
	tcp__pmtu_sent(lab.t, &c);
	acked(0);
	CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_OUT);
}

/* That one arrives. */
static void probe_arrives(void)
{
	uint16_t size = f.pmtu_size;

	tcp__pmtu_acked(lab.t, &c, true);
	CU_ASSERT_EQUAL(c.mss, size);
}

/* So many bytes are lost, all of them a probe's, or some. */
static bool lost(uint32_t n, uint32_t more)
{
	struct tcp_run *r = &lab.t->run[0];

	*r = (struct tcp_run){.end = n, .probe = true};
	f.queue[TCP_RUN_LOST].head = 1;
	f.bytes[TCP_RUN_LOST] = n + more;
	return tcp__pmtu_probe_lost(lab.t, &c);
}

/* RFC 1191 6.4: nothing of that size ever got through, so the router is believed. */
IN_LAB(at_once)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(COUNT(pmtu_lowered), 1);
	CU_ASSERT_FALSE(too_big(1400)); /* of the other segments in flight */
	CU_ASSERT_FALSE(too_big(1500));
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 2);
}

/* Nothing less than what every link must carry (RFC 8201 4; CVE-2019-11479). */
IN_LAB(least)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(68));
	CU_ASSERT_EQUAL(c.mss, 536);
	CU_ASSERT_FALSE(too_big(68));
	start("2001:db8::2", 1440);
	CU_ASSERT_TRUE(too_big(60));
	CU_ASSERT_EQUAL(c.mss, 1220);
	CU_ASSERT_FALSE(too_big(576));
	start("10.0.0.2", 400); /* the peer's own wish */
	CU_ASSERT_FALSE(too_big(68));
	CU_ASSERT_EQUAL(c.mss, 400);
}

/* RFC 1191 5: an old router does not say how big: one step down. */
IN_LAB(no_size)
{
	start("10.0.0.2", 8960);
	CU_ASSERT_TRUE(too_big(0));
	CU_ASSERT_EQUAL(c.mss, 8910);
	CU_ASSERT_TRUE(too_big(0));
	CU_ASSERT_EQUAL(c.mss, 8460);
}

/* RFC 5927 7.2: where full segments get through, the quoted one is waited for. */
IN_LAB(forged)
{
	start("10.0.0.2", 1460);
	carried();
	CU_ASSERT_FALSE(too_big(576));
	CU_ASSERT_EQUAL(c.mss, 1460);
	acked(1); /* it got through */
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 1);
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	CU_ASSERT_EQUAL(COUNT(pmtu_lowered), 0);
}

IN_LAB(route_changed)
{
	start("10.0.0.2", 1460);
	carried();
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, c.snd_una + 5000, 1400));
	/* a flood of others does not put the moment of truth off */
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, c.snd_una + SENT - 1, 600));
	acked(5000); /* not the quoted one yet */
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
	CU_ASSERT_EQUAL(COUNT(pmtu_lowered), 1);
	/* and once is enough: the next timeouts are counted from none */
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
}

/* RFC 8899 5.2: two timeouts of full segments lead to BASE, two more to ERROR; then it is an
 * outage. Small ones say nothing. */
IN_LAB(black_hole)
{
	start("10.0.0.2", 8960);
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 8960);
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1240);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_BASE);
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 536);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_ERROR);
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 536);
	CU_ASSERT_EQUAL(COUNT(pmtu_black_holes), 2);
	start("2001:db8::2", 8940); /* whose BASE is the least */
	times_out(10);
	CU_ASSERT_EQUAL(c.mss, 1220);
	CU_ASSERT_EQUAL(COUNT(pmtu_black_holes), 3);
	start("10.0.0.2", 1000); /* below BASE */
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 536);
	start("10.0.0.2", 1460);
	c.snd_nxt = c.snd_una + 1459;
	times_out(10);
	CU_ASSERT_EQUAL(c.mss, 1460);
	start("10.0.0.2", 1460);
	for (int i = 0; i < 10; i++) { /* losses, but no two in a row */
		times_out(1);
		acked(1000);
	}
	CU_ASSERT_EQUAL(c.mss, 1460);
}

/* RFC 8899 5.2: BASE carries, so the search begins at once, and goes up to where it began: then it
 * was an outage. */
IN_LAB(outage)
{
	static const uint16_t up[] = {1360, 1380, 1410, 1420, 1436, 1452, 1460, 4312, 8460, 8910};

	start("10.0.0.2", 8960);
	carried();
	times_out(4);
	CU_ASSERT_EQUAL(c.mss, 536);
	acked(535);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_ERROR);
	acked(1);
	probe_sent(1240);
	probe_arrives();
	for (uint32_t i = 0; i < RTE_DIM(up); i++) {
		probe_sent(up[i]);
		probe_arrives();
		CU_ASSERT_EQUAL(c.mss, up[i]);
	}
	probe_sent(8960);
	probe_arrives();
	CU_ASSERT_EQUAL(c.mss, 8960);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_NONE);
	CU_ASSERT_EQUAL(COUNT(pmtu_raised), RTE_DIM(up) + 2);
}

/* RFC 8899 5.1: three probes of a size, not two at once; then ten minutes. The last step is what
 * the peer and the port allow. */
IN_LAB(raise_timer)
{
	start("10.0.0.2", 1430);
	CU_ASSERT_TRUE(too_big(1440));
	carried();
	for (int round = 0; round < 2; round++) {
		lab.t->now_ms += 599999;
		acked(1);
		CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_NONE);
		lab.t->now_ms++;
		acked(1);
		for (int i = 0; i < 3; i++) {
			probe_sent(1410);
			CU_ASSERT_TRUE(lost(1410, 0));
			CU_ASSERT_TRUE(lost(1410, 0)); /* not sent again yet: counted once */
			lab.t->now_ms += 999;
			acked(1);
			CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_NONE);
			lab.t->now_ms += i < 2;
			acked(1);
		}
		CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
		lab.t->now_ms -= 999;
	}
	CU_ASSERT_EQUAL(c.mss, 1400);
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 6);
	lab.t->now_ms += 600000;
	acked(1);
	probe_sent(1410);
	probe_arrives();
	probe_sent(1420);
	probe_arrives();
	probe_sent(1430);
	probe_arrives();
	CU_ASSERT_EQUAL(c.mss, 1430);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
}

/* RFC 4821 7.4: enough behind it, a window for that, nothing missing. */
IN_LAB(conditions)
{
	uint32_t need = 1460 + 3 * 1360;

	start("10.0.0.2", 1360);
	CU_ASSERT_TRUE(tcp__pmtu_may_probe(&c, 1460));
	c.cwnd = need - 1;
	CU_ASSERT_FALSE(tcp__pmtu_may_probe(&c, 1460));
	c.cwnd = need;
	CU_ASSERT_TRUE(tcp__pmtu_may_probe(&c, 1460));
	c.tx.bytes = SENT + need - 1;
	CU_ASSERT_FALSE(tcp__pmtu_may_probe(&c, 1460));
	c.tx.bytes++;
	CU_ASSERT_TRUE(tcp__pmtu_may_probe(&c, 1460));
	c.snd_wnd = need - 1;
	CU_ASSERT_FALSE(tcp__pmtu_may_probe(&c, 1460));
	c.snd_wnd = need;
	CU_ASSERT_TRUE(tcp__pmtu_may_probe(&c, 1460));
	f.ca = TCP_CA_LOSS;
	CU_ASSERT_FALSE(tcp__pmtu_may_probe(&c, 1460));
	f.ca = TCP_CA_OPEN;
	f.bytes[TCP_RUN_OUT]--;
	f.bytes[TCP_RUN_SACKED]++;
	CU_ASSERT_FALSE(tcp__pmtu_may_probe(&c, 1460));
}

/* RFC 8899 4.6.2: about a probe a router can only say where the search ends. */
IN_LAB(probe_too_big)
{
	start("10.0.0.2", 8960);
	CU_ASSERT_TRUE(too_big(1500));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	probe_sent(4312);
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, c.snd_nxt - SENT, 2000));
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 1); /* not the probe's number */
	f.pmtu_end = c.snd_una + SENT;
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, f.pmtu_end - 4312, 9000));
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 2);
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, f.pmtu_end - 4312, 2000));
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_refused), 1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	CU_ASSERT_TRUE(lost(4312, 0));
	acked(1);
	probe_sent(1960); /* once is enough, and no need to wait */
	probe_arrives();
	CU_ASSERT_EQUAL(c.mss, 1960);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
	lab.t->now_ms += 600000;
	acked(1);
	probe_sent(4312);
	f.pmtu_end = c.snd_una + SENT;
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, f.pmtu_end - 4312, 0));
	CU_ASSERT_TRUE(lost(4312, 0));
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_COMPLETE);
	CU_ASSERT_EQUAL(c.mss, 1960);
}

/* Who says "too big" of a probe that then arrives did not know: the search goes on. */
IN_LAB(probe_forged_too_big)
{
	start("10.0.0.2", 8960);
	CU_ASSERT_TRUE(too_big(1500));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	probe_sent(4312);
	f.pmtu_end = c.snd_una + SENT;
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, f.pmtu_end - 4312, 2000));
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_refused), 1);
	probe_arrives();
	CU_ASSERT_EQUAL(c.mss, 4312);
	CU_ASSERT_EQUAL(f.pmtu_state, TCP_PMTU_SEARCHING);
	CU_ASSERT_TRUE(f.pmtu_size > 4312);
}

/* RFC 4821 7.6.4: other losses with it, or a timeout: nothing is learnt, and it is tried again. */
IN_LAB(inconclusive)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	for (int i = 0; i < 5; i++) {
		probe_sent(1380);
		f.pmtu_end = c.snd_una + 1380;
		CU_ASSERT_FALSE(lost(1380, 1));
		if (i == 4)
			times_out(1);
		acked(1379);
		CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_OUT);
		acked(1);
	}
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 0);
	probe_sent(1380);
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 1240);
	CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_NONE);
	tcp__pmtu_acked(lab.t, &c, true); /* it was late: too late */
	CU_ASSERT_EQUAL(c.mss, 1240);
}

/* Nothing is connected yet, or without SACK a probe's loss could not be told. */
IN_LAB(no_probes)
{
	start("10.0.0.2", 1460);
	c.flight = NULL;
	CU_ASSERT_FALSE(too_big(1400));
	c.flight = &f;
	c.state = TCP_SYN_SENT;
	CU_ASSERT_FALSE(too_big(1400));
	CU_ASSERT_EQUAL(c.mss, 1460);
	start("10.0.0.2", 1460);
	c.flags = 0;
	CU_ASSERT_TRUE(too_big(1400));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(f.pmtu_probe, TCP_PROBE_NONE);
}

/* Packets. The peer's MSS is 1460, the path's was found to be 1240; `at` is where the probe of 1360
 * that is due will begin, with so many segments of 1240 in flight before it. */
#define SMALL 1240u
#define PROBE 1360u
static struct tcp_conn *searching(uint32_t before, uint32_t *at)
{
	struct tcp_conn *p = flow((struct tcp_opts){.sack_ok = true});

	p->mss = SMALL;
	send_bytes(p, 60 * SMALL);
	CU_ASSERT_EQUAL(drain(), 10);
	pass(RTT);
	p->flight->pmtu_at = lab.t->now_ms;
	*at = p->snd_nxt;
	GIVE(TCP_ACK, P + 2, p->snd_nxt - before * SMALL, .wnd = 65535);
	return p;
}

static struct seg take_unpaced(struct tcp_conn *p)
{
	p->flight->pace_at = 0;
	return take();
}

/* Segments of those sizes from seq on leave now. */
static void want_sizes(struct tcp_conn *p, uint32_t seq, const uint32_t *sizes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		struct seg s = take_unpaced(p);

		CU_ASSERT_EQUAL(s.len, sizes[i]);
		CU_ASSERT_EQUAL(s.seq, seq);
		CU_ASSERT_FALSE(s.tso);
		seq += sizes[i];
	}
}

/* One segment of its size, those behind it as before; acknowledged, its size is theirs. */
IN_LAB(probe_carried)
{
	static const uint32_t sizes[] = {PROBE, SMALL, SMALL, SMALL};
	uint32_t at, end;
	struct tcp_conn *p = searching(0, &at);

	want_sizes(p, at, sizes, 4);
	end = at + PROBE + 3 * SMALL;
	runs_check(p);
	pass(RTT);
	GIVE(TCP_ACK, P + 2, at + PROBE, .wnd = 65535);
	CU_ASSERT_EQUAL(p->mss, PROBE);
	want_sizes(p, p->snd_nxt, &(uint32_t){1380}, 1); /* the next one */
	CU_ASSERT_EQUAL(COUNT(pmtu_probes), 2);
	CU_ASSERT_EQUAL(COUNT(pmtu_raised), 1);
	CU_ASSERT_TRUE(seq_gt(p->snd_nxt, end));
}

/* RFC 4821 7.6.2: lost alone it goes again at once, in sizes that pass; the window hears nothing of
 * it. */
IN_LAB(probe_lost)
{
	static const uint32_t again[] = {SMALL, PROBE - SMALL};
	uint32_t at, cwnd, ssthresh;
	struct tcp_conn *p = searching(0, &at);

	for (int i = 0; i < 4; i++)
		take_unpaced(p);
	cwnd = p->cwnd;
	ssthresh = p->ssthresh;
	pass(RTT);
	GIVE(TCP_ACK, P + 2, at, .wnd = 65535,
		.o = {.n_sack = 1, .sack = {{at + PROBE, at + PROBE + 3 * SMALL}}});
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_OPEN);
	want_sizes(p, at, again, 2);
	runs_check(p);
	CU_ASSERT_EQUAL(p->cwnd, cwnd);
	CU_ASSERT_EQUAL(p->ssthresh, ssthresh);
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 1);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 0);
	CU_ASSERT_EQUAL(p->mss, SMALL);
	/* lost a second time, it was congestion */
	drain_unpaced(p);
	pass(2 * RTT);
	GIVE(TCP_ACK, P + 2, at, .wnd = 65535,
		.o = {.n_sack = 1, .sack = {{at + PROBE, p->snd_nxt}}});
	pass(RTT);
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
}

/* The same where the timer finds it (RFC 8985 6.2), and what is found later is congestion. */
IN_LAB(probe_lost_late)
{
	uint32_t at;
	struct tcp_conn *p = searching(0, &at);

	for (int i = 0; i < 5; i++)
		take_unpaced(p);
	pass(RTT);
	GIVE(TCP_ACK, P + 2, at, .wnd = 65535,
		.o = {.n_sack = 1, .sack = {{at + PROBE, at + PROBE + SMALL}}});
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 0);
	pass(RTT / 2);
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_OPEN);
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 1);
	GIVE(TCP_ACK, P + 2, at, .wnd = 65535,
		.o = {.n_sack = 2,
			.sack = {{at + PROBE + 2 * SMALL, at + PROBE + 3 * SMALL},
				{at + PROBE, at + PROBE + SMALL}}});
	pass(RTT);
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
}

/* With its neighbour lost too it is congestion, and says nothing of its size. */
IN_LAB(probe_and_more_lost)
{
	uint32_t at;
	struct tcp_conn *p = searching(0, &at);

	for (int i = 0; i < 5; i++)
		take_unpaced(p);
	pass(RTT);
	GIVE(TCP_ACK, P + 2, at, .wnd = 65535,
		.o = {.n_sack = 1, .sack = {{at + PROBE + SMALL, at + PROBE + 4 * SMALL}}});
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(COUNT(pmtu_probes_lost), 0);
	CU_ASSERT_EQUAL(COUNT(fast_recoveries), 1);
	CU_ASSERT_TRUE(drain_unpaced(p) > 0);
	pass(RTT);
	GIVE(TCP_ACK, P + 2, p->snd_nxt, .wnd = 65535);
	CU_ASSERT_EQUAL(p->mss, SMALL);
	CU_ASSERT_EQUAL(p->flight->pmtu_lost, 0);
	want_sizes(p, p->snd_nxt, &(uint32_t){PROBE}, 1); /* once more */
}

/* It waits for room in the window, and what follows waits behind it: else there never were any. */
IN_LAB(probe_waits)
{
	uint32_t at, una;
	struct tcp_conn *p = searching(9, &at);

	p->cwnd = 10 * SMALL; /* one segment's room */
	p->flight->pace_at = 0;
	WANT_NONE();
	una = p->snd_una;
	GIVE(TCP_ACK, P + 2, una + SMALL, .wnd = 65535);
	p->cwnd = 10 * SMALL;
	want_sizes(p, at, &(uint32_t){PROBE}, 1);
}

/* A port that cuts segments itself: a probe stays whole. */
IN_LAB(probe_and_tso)
{
	uint32_t at;
	struct tcp_conn *p = searching(0, &at);

	p->gso_segs = 6;
	want_sizes(p, at, &(uint32_t){PROBE}, 1);
	CU_ASSERT_TRUE(take_unpaced(p).tso);
}

/* RFC 6691: timestamps are part of the size. */
IN_LAB(probe_and_options)
{
	struct tcp_conn *p =
		flow((struct tcp_opts){.sack_ok = true, .has_ts = true, .ts_val = PEER_TS});
	struct seg s;

	p->mss = SMALL;
	send_bytes(p, 60 * SMALL);
	drain();
	pass(RTT);
	p->flight->pmtu_at = lab.t->now_ms;
	GIVE(TCP_ACK, P + 2, p->snd_nxt, .wnd = 65535,
		.o = {.has_ts = true, .ts_val = PEER_TS, .ts_ecr = tcp__ts_now(lab.t, p)});
	s = take_unpaced(p);
	CU_ASSERT_EQUAL(s.len, PROBE - 12);
	CU_ASSERT_EQUAL(take_unpaced(p).len, SMALL - 12);
}

/* A path that carries all costs no probe, however long it lasts. */
IN_LAB(clean_path)
{
	struct tcp_conn *p = flow((struct tcp_opts){.sack_ok = true});

	for (int i = 0; i < 3; i++) {
		send_bytes(p, 8 * MSS);
		drain_unpaced(p);
		pass(RTT);
		GIVE(TCP_ACK, P + 2, p->snd_nxt, .wnd = 65535);
		CU_ASSERT_TRUE(p->flight->pmtu_carried);
		lab.now += 700000 * MS;
	}
	CU_ASSERT_EQUAL(COUNT(pmtu_probes), 0);
	CU_ASSERT_EQUAL(p->mss, MSS);
}

/* Who loses its flight to another remembers what the peer allows; ten minutes count from the next
 * one. */
IN_LAB(stolen_flight)
{
	struct tcp_conn *p = flow((struct tcp_opts){.sack_ok = true});

	p->mss = SMALL;
	for (int i = 0; i < 3; i++) {
		send_bytes(p, 20 * SMALL);
		drain_unpaced(p);
		pass(RTT);
		GIVE(TCP_ACK, P + 2, p->snd_nxt, .wnd = 65535);
		CU_ASSERT_EQUAL(p->flight->pmtu_probe, i < 2 ? TCP_PROBE_NONE : TCP_PROBE_DUE);
		if (i == 0)
			tcp__flight_drop(lab.t, p);
		lab.now += 600000 * MS;
	}
	CU_ASSERT_EQUAL(p->mss_max, MSS);
}

static const struct unit_case cases[] = {UNIT_CASE(at_once), UNIT_CASE(least), UNIT_CASE(no_size),
	UNIT_CASE(forged), UNIT_CASE(route_changed), UNIT_CASE(black_hole), UNIT_CASE(outage),
	UNIT_CASE(raise_timer), UNIT_CASE(conditions), UNIT_CASE(probe_too_big),
	UNIT_CASE(probe_forged_too_big), UNIT_CASE(inconclusive), UNIT_CASE(no_probes),
	UNIT_CASE(probe_carried), UNIT_CASE(probe_lost), UNIT_CASE(probe_lost_late),
	UNIT_CASE(probe_and_more_lost), UNIT_CASE(probe_waits), UNIT_CASE(probe_and_tso),
	UNIT_CASE(probe_and_options), UNIT_CASE(clean_path), UNIT_CASE(stolen_flight)};
UNIT_MAIN(cases)
