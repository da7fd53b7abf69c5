/* SPDX-License-Identifier: BSD-3-Clause */
/* Delivery rate samples: what was delivered, over the longer of sending and acknowledging. */
#include "flight.h"

#define T0 4294960000u /* us; it wraps within these cases */

static struct tcp rig;
static struct tcp_flight f;
static struct tcp_conn c;

static struct tcp_sample sample_at(uint32_t us, struct tcp_delivery d)
{
	struct tcp_sample s = {0};

	rig.now_us = T0 + (uint64_t)us;
	c.flight = &f;
	tcp__rate_sample(&rig, &c, &d, &s);
	return s;
}

/* Sent at once, acknowledged one by one: the time that acknowledging took */
static void acking(void)
{
	struct tcp_delivery d = {
		.bytes = 1000, .last = {.sent_us = T0, .delivered_us = T0, .first_us = T0}};
	struct tcp_sample s;

	f = (struct tcp_flight){.first_us = T0, .delivered_us = T0, .min_rtt = 20000};
	s = sample_at(20000, d);
	CU_ASSERT_EQUAL(s.rate_bytes, 1000);
	CU_ASSERT_EQUAL(s.rate_us, 20000);
	CU_ASSERT_EQUAL(s.rtt_us, 20000);
	s = sample_at(21000, d);
	CU_ASSERT_EQUAL(s.rate_bytes, 2000);
	CU_ASSERT_EQUAL(s.rate_us, 21000);
	CU_ASSERT_EQUAL(f.delivered, 2000);
	CU_ASSERT_EQUAL(f.delivered_us, T0 + 21000);
	CU_ASSERT_EQUAL(f.first_us, T0);
}

/* Acknowledged in a heap: the time that sending took; what was delivered before it left is not its
 * own. */
static void sending(void)
{
	struct tcp_delivery d = {.bytes = 5000,
		.last = {.sent_us = T0 + 30000,
			.delivered = 7000,
			.delivered_us = T0 + 29000,
			.first_us = T0}};
	struct tcp_sample s;

	f = (struct tcp_flight){.delivered = 9000, .min_rtt = 1000};
	s = sample_at(50000, d);
	CU_ASSERT_EQUAL(s.rate_bytes, 7000);
	CU_ASSERT_EQUAL(s.rate_us, 30000);
	CU_ASSERT_EQUAL(s.prior_delivered, 7000);
	CU_ASSERT_EQUAL(f.first_us, T0 + 30000); /* the next send phase begins here */
}

/* Shorter than any round trip is no measurement; what went twice gives no RTT. */
static void not_believed(void)
{
	struct tcp_delivery d = {.bytes = 1000,
		.again = true,
		.last = {.sent_us = T0, .delivered_us = T0, .first_us = T0, .again = true}};
	struct tcp_sample s;

	f = (struct tcp_flight){.min_rtt = 20000};
	s = sample_at(100, d);
	CU_ASSERT_EQUAL(s.rate_us, 0);
	CU_ASSERT_EQUAL(s.rtt_us, 0);
}

/* The sender had no more: samples say so until what was in flight then is through. */
static void app_limited(void)
{
	struct tcp_delivery d = {
		.bytes = 1000, .last = {.sent_us = T0, .delivered_us = T0, .first_us = T0}};

	f = (struct tcp_flight){.delivered = UINT32_MAX - 500, .min_rtt = 1};
	f.bytes[TCP_RUN_OUT] = 1500;
	c.flight = &f;
	tcp__rate_app_limited(&c);
	CU_ASSERT_TRUE(f.is_app_limited);
	d.last.app_limited = true;
	CU_ASSERT_TRUE(sample_at(20000, d).app_limited);
	CU_ASSERT_TRUE(f.is_app_limited);
	sample_at(20001, d);
	CU_ASSERT_FALSE(f.is_app_limited);
	d.last.app_limited = false;
	CU_ASSERT_FALSE(sample_at(20002, d).app_limited);
}

/* The same on a connection: output that ends with tx marks what is sent next. */
static void on_a_connection(void)
{
	struct tcp_conn *p;

	lab_open();
	p = in_flight(3, true);
	CU_ASSERT_TRUE(p->flight->is_app_limited);
	CU_ASSERT_FALSE(lab.t->run[p->flight->runs.head - 1].app_limited); /* it was not known */
	send_bytes(p, MSS);
	drain();
	CU_ASSERT_TRUE(lab.t->run[p->flight->runs.tail - 1].app_limited);
	ACKED(3);
	CU_ASSERT_EQUAL(p->flight->delivered, 3 * MSS);
	CU_ASSERT_EQUAL(p->flight->delivered_us, (uint32_t)lab.now);
	tcp_abort(lab.t, p);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(acking), UNIT_CASE(sending),
	UNIT_CASE(not_believed), UNIT_CASE(app_limited), UNIT_CASE(on_a_connection)};
UNIT_MAIN(cases)
