/* SPDX-License-Identifier: BSD-3-Clause */
/* Path MTU: RFC 1191, RFC 8201, RFC 5927 7.2, RFC 4821 7.7. One connection's numbers, no packets.
 */
#include "seg.h"

#define SENT 100000u /* in flight */
#define UNA  777u

static struct tcp_conn c;
static struct tcp_flight f;

static void start(const char *remote, uint16_t mss)
{
	lab_open();
	f = (struct tcp_flight){0};
	c = (struct tcp_conn){.state = TCP_ESTABLISHED,
		.flight = &f,
		.mss = mss,
		.cwnd = SENT,
		.snd_una = UNA,
		.snd_nxt = UNA + SENT};
	ip_addr_parse(remote, &c.remote);
	lab.t->now_ms = 1000;
}

static void acked(uint32_t n)
{
	c.snd_una += n;
	c.snd_nxt = c.snd_una + SENT;
	tcp__pmtu_acked(lab.t, &c);
}

/* Enough for any segment on trial to count as carried. */
static void carried(void)
{
	acked(1);
	acked(3 * SENT);
	CU_ASSERT_EQUAL(f.pmtu_carried, c.mss);
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

/* RFC 1191 6.4: nothing of that size ever got through, so the router is believed. */
static void at_once(void)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(COUNT(pmtu_lowered), 1);
	CU_ASSERT_FALSE(too_big(1400)); /* of the other segments in flight */
	CU_ASSERT_FALSE(too_big(1500));
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 2);
	lab_close();
}

/* Nothing less than what every link must carry (RFC 8201 4; CVE-2019-11479). */
static void least(void)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(68));
	CU_ASSERT_EQUAL(c.mss, 536);
	CU_ASSERT_FALSE(too_big(68));
	lab_close();
	start("2001:db8::2", 1440);
	CU_ASSERT_TRUE(too_big(60));
	CU_ASSERT_EQUAL(c.mss, 1220);
	CU_ASSERT_FALSE(too_big(576));
	lab_close();
	start("10.0.0.2", 400); /* the peer's own wish */
	CU_ASSERT_FALSE(too_big(68));
	CU_ASSERT_EQUAL(c.mss, 400);
	lab_close();
}

/* RFC 1191 5: an old router does not say how big: one step down. */
static void no_size(void)
{
	start("10.0.0.2", 8960);
	CU_ASSERT_TRUE(too_big(0));
	CU_ASSERT_EQUAL(c.mss, 1460);
	CU_ASSERT_TRUE(too_big(0));
	CU_ASSERT_EQUAL(c.mss, 1360);
	lab_close();
}

/* RFC 5927 7.2: where full segments get through, the quoted one is waited for. */
static void forged(void)
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
	lab_close();
}

static void route_changed(void)
{
	start("10.0.0.2", 1460);
	carried();
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, c.snd_una + 5000, 1400));
	/* a flood of others does not put the moment of truth off */
	CU_ASSERT_FALSE(tcp__pmtu_too_big(lab.t, &c, c.snd_una + SENT - 1, 600));
	acked(5000); /* not the quoted one yet */
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	CU_ASSERT_EQUAL(COUNT(pmtu_lowered), 1);
	/* and once is enough: the next timeouts are counted from none */
	times_out(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	lab_close();
}

/* Two timeouts of full segments a step; small ones say nothing; below the last step it is an
 * outage. */
static void black_hole(void)
{
	static const uint16_t v4[] = {1460, 1360, 1240, 536, 536}, v6[] = {1440, 1340, 1220, 1220};

	start("10.0.0.2", 8960);
	for (uint32_t i = 0; i < RTE_DIM(v4); i++) {
		uint16_t before = c.mss;

		times_out(1);
		CU_ASSERT_EQUAL(c.mss, before);
		times_out(1);
		CU_ASSERT_EQUAL(c.mss, v4[i]);
	}
	CU_ASSERT_EQUAL(COUNT(pmtu_black_holes), 4);
	lab_close();
	start("2001:db8::2", 8940);
	for (uint32_t i = 0; i < RTE_DIM(v6); i++) {
		times_out(2);
		CU_ASSERT_EQUAL(c.mss, v6[i]);
	}
	lab_close();
	start("10.0.0.2", 1460);
	c.snd_nxt = c.snd_una + 1459;
	times_out(10);
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab_close();
	start("10.0.0.2", 1460);
	for (int i = 0; i < 10; i++) { /* losses, but no two in a row */
		times_out(1);
		acked(1000);
	}
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab_close();
}

/* RFC 1191 6.3: ten minutes later a step up, and so on to where it began. */
static void raised(void)
{
	static const uint16_t up[] = {1240, 1360, 1460, 4000, 4000};

	start("10.0.0.2", 4000);
	CU_ASSERT_TRUE(too_big(576));
	carried();
	for (uint32_t i = 0; i < RTE_DIM(up); i++) {
		uint16_t before = c.mss;

		lab.t->now_ms += 599999;
		acked(1);
		CU_ASSERT_EQUAL(c.mss, before);
		lab.t->now_ms++;
		acked(1);
		CU_ASSERT_EQUAL(c.mss, up[i]);
		carried();
	}
	CU_ASSERT_EQUAL(COUNT(pmtu_raised), 4);
	lab_close();
}

/* RFC 4821 7.4: not from a window that it would fill, nor while losses are being repaired. */
static void no_room_to_raise(void)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	carried();
	lab.t->now_ms += 600000;
	c.cwnd = 2 * 1460 - 1;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	c.cwnd++;
	f.ca = TCP_CA_LOSS;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	f.ca = TCP_CA_OPEN;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab_close();
}

/* A step up that is not carried: down again, and ten minutes more. */
static void raised_in_vain(void)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	CU_ASSERT_TRUE(too_big(1400)); /* on trial: believed at once */
	CU_ASSERT_EQUAL(c.mss, 1360);
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 1360);
	lab.t->now_ms += 599999;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	lab_close();
}

/* A route that changed while a larger size was on trial: no hurry to come back. */
static void news_on_trial(void)
{
	start("10.0.0.2", 8960);
	CU_ASSERT_TRUE(too_big(1500));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 8960);
	CU_ASSERT_TRUE(too_big(1400));
	lab.t->now_ms += 599999;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1360);
	lab_close();
}

/* What was carried before an outage is tried again soon; if that fails too, it was a new path. */
static void outage(void)
{
	start("10.0.0.2", 8960);
	carried();
	times_out(8);
	CU_ASSERT_EQUAL(c.mss, 536);
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 536);
	lab.t->now_ms += 10000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 8960);
	acked(1);
	times_out(2);
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab.t->now_ms += 10000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab.t->now_ms += 590000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 8960);
	lab_close();
}

/* What was in flight when the size went up proves nothing. */
static void trial(void)
{
	start("10.0.0.2", 1460);
	CU_ASSERT_TRUE(too_big(1400));
	carried();
	lab.t->now_ms += 600000;
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	acked(SENT);
	CU_ASSERT_EQUAL(f.pmtu_carried, 1360);
	acked(1459);
	CU_ASSERT_EQUAL(f.pmtu_carried, 1360);
	acked(1);
	CU_ASSERT_EQUAL(f.pmtu_carried, 1460);
	lab_close();
}

/* Nothing is in flight, or no full segment ever was: nothing happens. */
static void nothing_in_flight(void)
{
	start("10.0.0.2", 1460);
	c.flight = NULL;
	CU_ASSERT_FALSE(too_big(1400));
	times_out(5);
	acked(1);
	CU_ASSERT_EQUAL(c.mss, 1460);
	c.flight = &f;
	c.state = TCP_SYN_SENT;
	CU_ASSERT_FALSE(too_big(1400));
	CU_ASSERT_EQUAL(c.mss, 1460);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(at_once), UNIT_CASE(least), UNIT_CASE(no_size),
	UNIT_CASE(forged), UNIT_CASE(route_changed), UNIT_CASE(black_hole), UNIT_CASE(raised),
	UNIT_CASE(no_room_to_raise), UNIT_CASE(raised_in_vain), UNIT_CASE(news_on_trial),
	UNIT_CASE(outage), UNIT_CASE(trial), UNIT_CASE(nothing_in_flight)};
UNIT_MAIN(cases)
