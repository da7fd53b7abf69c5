/* SPDX-License-Identifier: BSD-3-Clause */
/* The receive limit follows what the owner takes. */
#include "seg.h"

#define MOST 4000000u

static struct tcp_opts opts(void)
{
	return (struct tcp_opts){.mss = 1460,
		.sack_ok = true,
		.has_ts = true,
		.ts_val = PEER_TS,
		.has_wscale = true,
		.wscale = 7};
}

/* The limit is set only once the lab has its defaults. */
static struct tcp_conn *open_wide(uint8_t pressure)
{
	lab_open();
	lab.t->cfg.rcv_limit = MOST;
	lab.t->pressure = pressure;
	return accept_from(0, opts());
}

/* n segments in order, echoing what we sent rtt_ms ago. */
static void bytes_in(struct tcp_conn *c, uint32_t n, uint32_t rtt_ms)
{
	struct tcp_opts o = {.has_ts = true, .ts_val = c->ts_recent};

	lab.t->now_ms = (uint32_t)(lab.now / MS);
	o.ts_ecr = tcp__ts_now(lab.t, c) - rtt_ms;
	while (n--)
		GIVE(TCP_ACK, c->rcv_nxt, U + 1, .len = 1448, .o = o);
}

static void owner_takes(struct tcp_conn *c, uint32_t n)
{
	buf_chain_consume(&c->rx, RTE_MIN(n, c->rx.bytes));
	tcp_consumed(lab.t, c);
}

static uint32_t window(const struct tcp_conn *c)
{
	return c->rcv_adv - c->rcv_nxt;
}

/* Rounds of rtt_ms in which the peer fills its window and the owner takes all. */
static void rounds(struct tcp_conn *c, uint32_t n, uint32_t rtt_ms)
{
	while (n--) {
		for (uint32_t left = window(c) / 1448; left;) {
			uint32_t k = RTE_MIN(left, 64u); /* the lab has few mbufs */

			bytes_in(c, k, rtt_ms);
			owner_takes(c, UINT32_MAX);
			drain();
			left -= k;
		}
		lab.now += rtt_ms * MS;
	}
}

/* A sender that the window holds back has the configured limit within a few round trips. */
static void grows(void)
{
	struct tcp_conn *c = open_wide(0);

	CU_ASSERT_EQUAL(c->rcv_limit, 131072);
	for (uint32_t rtt = 0; rtt < 8 && c->rcv_limit < MOST; rtt++)
		rounds(c, 1, 20);
	CU_ASSERT_EQUAL(c->rcv_limit, MOST);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RTT below the clock of timestamps */
static void grows_on_lan(void)
{
	struct tcp_conn *c = open_wide(0);
	clock_us_t began = lab.now;

	c->srtt = 200;
	while (c->rcv_limit < MOST && lab.now - began < 20 * MS) {
		rounds(c, 1, 0);
		lab.now += 200;
	}
	CU_ASSERT_TRUE(lab.now - began <= 10 * 200);
	tcp_abort(lab.t, c);
	lab_close();
}

/* A sender slower than the window gets no more than a few times what it uses. */
static void follows_the_rate(void)
{
	struct tcp_conn *c = open_wide(0);

	for (int i = 0; i < 100; i++) {
		bytes_in(c, 50, 20);
		owner_takes(c, UINT32_MAX);
		drain();
		lab.now += 20 * MS;
	}
	CU_ASSERT_TRUE(c->rcv_limit <= 4 * 50 * 1448u);
	tcp_abort(lab.t, c);
	lab_close();
}

/* A reader that empties a full window now and then is slow, however much it takes at once. */
static void slow_reader(void)
{
	struct tcp_conn *c = open_wide(0);

	for (int i = 0; i < 50; i++) {
		while (window(c) >= 1448) {
			bytes_in(c, 1, 5);
			lab.now += 100;
		}
		lab.now += 1000 * MS;
		owner_takes(c, UINT32_MAX);
		drain();
		lab.now += 5 * MS;
	}
	CU_ASSERT_EQUAL(c->rcv_limit, 131072);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Under pressure a connection begins small and nobody grows; afterwards it may. */
static void pressure(void)
{
	struct tcp_conn *c = open_wide(TCP_PRESSURE_SHRINK);

	CU_ASSERT_EQUAL(c->rcv_limit, 65535);
	rounds(c, 10, 20);
	CU_ASSERT_EQUAL(c->rcv_limit, 65535);
	lab.t->pressure = TCP_PRESSURE_NONE;
	rounds(c, 10, 20);
	CU_ASSERT_EQUAL(c->rcv_limit, MOST);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 7323 2.3: no window scale, no window that it would take */
static void no_scale(void)
{
	struct tcp_opts o = opts();
	struct tcp_conn *c;

	o.has_wscale = false;
	lab_open();
	lab.t->cfg.rcv_limit = MOST;
	c = accept_from(0, o);
	rounds(c, 5, 20);
	CU_ASSERT_EQUAL(c->rcv_limit, 65535);
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(grows), UNIT_CASE(grows_on_lan),
	UNIT_CASE(follows_the_rate), UNIT_CASE(slow_reader), UNIT_CASE(pressure),
	UNIT_CASE(no_scale)};
UNIT_MAIN(cases)
