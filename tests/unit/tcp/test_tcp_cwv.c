/* SPDX-License-Identifier: BSD-3-Clause */
/* A window that is not used (RFC 7661). */
#include "flight.h"

static struct tcp rig;
static struct tcp_flight f;
static struct tcp_conn c;

static void begin(uint32_t cwnd)
{
	rig.now_ms = UINT32_MAX - 400; /* wraps */
	f = (struct tcp_flight){.cwv_ms = rig.now_ms, .cwv_unused_ms = rig.now_ms};
	c = (struct tcp_conn){
		.flight = &f, .cwnd = cwnd, .ssthresh = UINT32_MAX, .mss = MSS, .srtt = 20000};
}

/* pipe bytes in flight at each ACK, one every 100 ms, for so many seconds */
static void acks(uint32_t pipe, uint32_t seconds)
{
	for (uint32_t i = 0; i < seconds * 10; i++) {
		rig.now_ms += 100;
		tcp__cwv_ack(&rig, &c, pipe);
	}
}

/* 4.2: half of the window used is all of it used */
static void validated(void)
{
	begin(100 * MSS);
	acks(50 * MSS, 1000);
	CU_ASSERT_EQUAL(c.cwnd, 100 * MSS);
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 100 * MSS);
	acks(10 * MSS, 200); /* less than five minutes without */
	acks(60 * MSS, 1);
	acks(10 * MSS, 200);
	CU_ASSERT_EQUAL(c.cwnd, 100 * MSS);
}

/* 4.4.3: five minutes not validated halve it, and the way back is slow start; not below IW */
static void steps_down(void)
{
	begin(100 * MSS);
	c.ssthresh = 20 * MSS;
	acks(5 * MSS, 299);
	CU_ASSERT_EQUAL(c.cwnd, 100 * MSS);
	acks(5 * MSS, 2);
	CU_ASSERT_EQUAL(c.cwnd, 50 * MSS);
	CU_ASSERT_EQUAL(c.ssthresh, 75 * MSS);
	acks(5 * MSS, 300);
	CU_ASSERT_EQUAL(c.cwnd, 25 * MSS);
	CU_ASSERT_EQUAL(c.ssthresh, 75 * MSS);
	acks(1 * MSS, 2000);
	CU_ASSERT_EQUAL(c.cwnd, 10 * MSS);
}

/* 4.2: pipeACK is the most of the last one to two periods */
static void pipe_ack(void)
{
	begin(100 * MSS);
	acks(80 * MSS, 1);
	acks(1 * MSS, 1);
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 100 * MSS);
	acks(1 * MSS, 2);
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 1 * MSS);
	rig.now_ms += 60000; /* long ago is no period at all */
	acks(2 * MSS, 1);
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 2 * MSS);
	c.snd_nxt = 30 * MSS; /* 4.4.1: or what is in flight */
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 30 * MSS);
	c.snd_nxt = 50 * MSS;
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 100 * MSS);
}

/* A new flight of an old connection */
static void restart(void)
{
	begin(100 * MSS);
	c.ssthresh = 90 * MSS;
	tcp__cwv_restart(&c);
	CU_ASSERT_EQUAL(c.cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(c.ssthresh, 90 * MSS);
	begin(100 * MSS);
	c.ssthresh = 10 * MSS;
	tcp__cwv_restart(&c);
	CU_ASSERT_EQUAL(c.ssthresh, 75 * MSS);
	begin(4 * MSS); /* it is no gift */
	tcp__cwv_restart(&c);
	CU_ASSERT_EQUAL(c.cwnd, 4 * MSS);
}

/* A flight that rested for longer than the non-validated phase is as good as new. */
static void resume(void)
{
	begin(100 * MSS);
	acks(80 * MSS, 1);
	rig.now_ms += 299000;
	tcp__cwv_resume(&rig, &c);
	CU_ASSERT_EQUAL(c.cwnd, 100 * MSS);
	rig.now_ms += 2000;
	tcp__cwv_resume(&rig, &c);
	CU_ASSERT_EQUAL(c.cwnd, 10 * MSS);
	CU_ASSERT_EQUAL(tcp__cwv_loss_window(&c), 0);
}

/* A window of before the rest is not given back by an undo that comes after it. */
static void no_undo(void)
{
	begin(100 * MSS);
	f.undo = true;
	acks(5 * MSS, 299);
	CU_ASSERT_TRUE(f.undo);
	acks(5 * MSS, 2);
	CU_ASSERT_FALSE(f.undo);
	begin(10 * MSS);
	f.undo = true;
	rig.now_ms += 299000;
	tcp__cwv_resume(&rig, &c);
	CU_ASSERT_TRUE(f.undo);
	rig.now_ms += 2000;
	tcp__cwv_resume(&rig, &c);
	CU_ASSERT_FALSE(f.undo);
}

static void with(const char *cc)
{
	lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find(cc)};
	lab_open();
}

/* 4.3: what is not used does not grow */
static void unused_does_not_grow(void)
{
	static const char *const names[] = {"newreno", "cubic", "dctcp"};

	for (uint32_t k = 0; k < RTE_DIM(names); k++) {
		struct tcp_conn *p;

		with(names[k]);
		p = in_flight(1, true);
		for (uint32_t i = 1; i < 50; i++) {
			ACKED(i);
			send_bytes(p, MSS);
			CU_ASSERT_EQUAL(drain(), 1);
			pass(RTT);
		}
		CU_ASSERT_EQUAL(p->cwnd, 10 * MSS);
		tcp_abort(lab.t, p);
		lab_close();
	}
}

/* 4.4.1: a loss is charged to what was in flight, not to a window that nobody tried */
static void loss_unused(void)
{
	struct tcp_conn *p;

	with("newreno");
	p = in_flight(8, true);
	p->cwnd = 60 * MSS;
	DUP(.o = SACKED(1, 4));
	CU_ASSERT_EQUAL(p->flight->ca, TCP_CA_RECOVERY);
	CU_ASSERT_EQUAL(p->ssthresh, 4 * MSS);
	CU_ASSERT_EQUAL(p->flight->undo_cwnd, 60 * MSS);
	tcp_abort(lab.t, p);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(validated), UNIT_CASE(steps_down),
	UNIT_CASE(pipe_ack), UNIT_CASE(restart), UNIT_CASE(resume), UNIT_CASE(no_undo),
	UNIT_CASE(unused_does_not_grow), UNIT_CASE(loss_unused)};
UNIT_MAIN(cases)
