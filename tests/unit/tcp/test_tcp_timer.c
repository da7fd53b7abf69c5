/* SPDX-License-Identifier: BSD-3-Clause */
/* Retransmission, persist, keepalive, and what ends a connection that nobody answers. */
#include <errno.h>

#include "seg.h"

/* RFC 6298 5: backoff; Karn; 5.2 stop, 5.3 restart */
static void rto(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	send_bytes(c, 100);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 1, 100);
	pass(999);
	WANT_NONE();
	pass(1);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 1, 100);
	pass(1999);
	WANT_NONE();
	pass(1);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 1, 100);
	CU_ASSERT_EQUAL(c->rto, 4000);
	pass(100);
	GIVE(TCP_ACK, P + 1, U + 101);
	CU_ASSERT_EQUAL(c->srtt, 0); /* Karn: of which copy? */
	CU_ASSERT_EQUAL(c->t_rtx, 0);
	CU_ASSERT_EQUAL(COUNT(rto), 2);
	send_bytes(c, 100);
	drain();
	pass(50);
	GIVE(TCP_ACK, P + 1, U + 201);
	CU_ASSERT_EQUAL(c->srtt, 50000);
	CU_ASSERT_EQUAL(c->rto, 200); /* 150, and the least */
	tcp_abort(lab.t, c);
	lab_close();
}

/* Only an ACK of something new restarts the timer (pitfall 8). */
static void duplicate_does_not_restart(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	send_bytes(c, 100);
	drain();
	for (int i = 0; i < 9; i++) {
		pass(100);
		GIVE(TCP_ACK, P + 1, U + 1);
	}
	WANT_NONE();
	pass(100);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 1, 100);
	tcp_abort(lab.t, c);
	lab_close();
}

/* The echo of a timestamp ends the backoff, Karn or not. */
static void rto_timestamps(void)
{
	struct tcp_opts ts = {.has_ts = true, .ts_val = PEER_TS};
	struct tcp_conn *c;

	lab_open();
	c = accept_from(0, ts);
	send_bytes(c, 100);
	drain();
	pass(1000);
	ts.ts_ecr = take().o.ts_val;
	pass(20);
	GIVE(TCP_ACK, P + 1, U + 101, .o = ts);
	CU_ASSERT_EQUAL(c->srtt, 21000);
	CU_ASSERT_EQUAL(c->rto, 200);
	tcp_abort(lab.t, c);
	lab_close();
}

static void gives_up(void)
{
	struct tcp_conn *c;
	uint32_t sent = 0, ms = 0;

	lab_open();
	c = accept_one();
	send_bytes(c, 100);
	drain();
	while (c->state != TCP_CLOSED && ms < 1000000) {
		pass(100);
		ms += 100;
		sent += drain();
	}
	CU_ASSERT_EQUAL(sent, TCP_RTX_RETRIES + 1); /* the last is an RST */
	CU_ASSERT_TRUE(ms > 100000);                /* RFC 9293 3.8.3: R2 */
	CU_ASSERT_EQUAL(c->error, ETIMEDOUT);
	CU_ASSERT_EQUAL(COUNT(timeouts), 1);
	tcp_release(lab.t, c);
	lab_close();
}

/* RFC 9293 3.8.6.1: probes with backoff, for as long as they are answered */
static void zero_window(void)
{
	struct tcp_conn *c;
	uint32_t wait = 1000;

	lab_open();
	c = accept_one();
	window_is(c, 0, 0);
	send_bytes(c, 100);
	WANT_NONE();
	for (int i = 0; i < 20; i++) {
		pass(wait - 1);
		WANT_NONE();
		pass(1);
		WANT(TCP_ACK, U, P + 2, 1); /* an old byte: it must be answered */
		GIVE(TCP_ACK, P + 2, U + 1, .shut = true);
		WANT_NONE();
		wait = wait * 2 > TCP_RTO_MAX_MS ? TCP_RTO_MAX_MS : wait * 2;
	}
	CU_ASSERT_EQUAL(COUNT(zero_window_probes), 20);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	GIVE(TCP_ACK, P + 2, U + 1, .wnd = 60);
	WANT(TCP_ACK, U + 1, P + 2, 60);
	CU_ASSERT_EQUAL(c->rto, 1000); /* the probes' backoff is not the path's */
	GIVE(TCP_ACK, P + 2, U + 61, .wnd = 60);
	WANT(TCP_ACK | TCP_PSH, U + 61, P + 2, 40);
	tcp_abort(lab.t, c);
	lab_close();
}

static void zero_window_unanswered(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	window_is(c, 0, 0);
	send_bytes(c, 100);
	for (int i = 0; i < 1000 && c->state != TCP_CLOSED; i++) {
		pass(1000);
		drain();
	}
	CU_ASSERT_EQUAL(c->error, ETIMEDOUT);
	tcp_release(lab.t, c);
	lab_close();
}

/* A peer that shuts the window over what is in flight, and says so, is alive. */
static void window_shut_in_flight(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	send_bytes(c, 100);
	drain();
	window_is(c, 0, 0);
	for (int i = 0; i < 1000; i++) {
		pass(1000);
		if (drain())
			GIVE(TCP_ACK, P + 2, U + 1, .shut = true);
	}
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

static void keepalive(void)
{
	struct tcp_conn *c;

	lab_open();
	lab.t->cfg.keepalive_ms = 10000;
	c = accept_one();
	pass(9999);
	WANT_NONE();
	pass(1);
	WANT(TCP_ACK, U, P + 1, 1);
	GIVE(TCP_ACK, P + 1, U + 1);
	pass(9999);
	WANT_NONE();
	pass(1);
	WANT(TCP_ACK, U, P + 1, 1);
	for (int i = 1; i < TCP_KEEP_PROBES; i++) {
		pass(TCP_KEEP_INTVL_MS);
		WANT(TCP_ACK, U, P + 1, 1);
	}
	pass(TCP_KEEP_INTVL_MS);
	WANT(TCP_RST | TCP_ACK, U + 1, P + 1, 0);
	CU_ASSERT_EQUAL(c->error, ETIMEDOUT);
	CU_ASSERT_EQUAL(COUNT(keepalive_probes), 1 + TCP_KEEP_PROBES);
	tcp_release(lab.t, c);
	lab_close();
}

/* We answer such probes, of old bytes or none. */
static void probed(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P, U + 1, .len = 1);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	pass(200);
	GIVE(TCP_ACK, P, U + 1);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Nobody else would end a released connection: half-closed, or its window shut for ever. */
static void released(void)
{
	struct tcp_conn *c;
	struct tcp_info info;

	lab_open();
	c = accept_one();
	tcp_release(lab.t, c);
	drain();
	GIVE(TCP_ACK, P + 1, U + 2);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_2);
	for (int i = 0; i < 20; i++) { /* chatter keeps it no longer */
		pass(999);
		GIVE(TCP_ACK, P + 1, U + 2);
	}
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.conns, 1);
	CU_ASSERT_EQUAL(info.orphans, 1);
	pass(20);
	WANT(TCP_RST | TCP_ACK, U + 2, P + 1, 0);
	WANT_NONE();
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.conns, 0);
	CU_ASSERT_EQUAL(info.orphans, 0);

	/* aborted in FIN_WAIT_2 by an owner who was still there */
	c = accept_from(5002, (struct tcp_opts){.mss = 1460});
	tcp_shutdown(lab.t, c);
	drain();
	GIVE(TCP_ACK, P + 1, U + 2, .sport = 5002);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_2);
	tcp_abort(lab.t, c);
	drain();
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.orphans, 0);

	c = accept_from(5001, (struct tcp_opts){.mss = 1460});
	window_is(c, 5001, 0);
	send_bytes(c, 100);
	tcp_release(lab.t, c);
	for (int i = 0; i < 1210; i++) {
		pass(100);
		if (drain())
			GIVE(TCP_ACK, P + 2, U + 1, .shut = true, .sport = 5001);
	}
	drain();
	CU_ASSERT_PTR_NULL(tcp_ready_take(lab.t, &(uint8_t){0}));
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.conns, 0);
	lab_close();
}

static void nothing_armed(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	CU_ASSERT_EQUAL(tcp_next_tick(lab.t, 5000, lab.now), 5000);
	send_bytes(c, 1);
	CU_ASSERT_EQUAL(tcp_next_tick(lab.t, 5000, lab.now), 0); /* output */
	drain();
	CU_ASSERT_TRUE(tcp_next_tick(lab.t, 5000, lab.now) > 0);
	CU_ASSERT_TRUE(tcp_next_tick(lab.t, 5000, lab.now) <= 1000);
	tcp_abort(lab.t, c);
	CU_ASSERT_EQUAL(lab.t->wheel.armed, 0);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(rto), UNIT_CASE(duplicate_does_not_restart),
	UNIT_CASE(rto_timestamps), UNIT_CASE(gives_up), UNIT_CASE(zero_window),
	UNIT_CASE(zero_window_unanswered), UNIT_CASE(window_shut_in_flight), UNIT_CASE(keepalive),
	UNIT_CASE(probed), UNIT_CASE(released), UNIT_CASE(nothing_armed)};
UNIT_MAIN(cases)
