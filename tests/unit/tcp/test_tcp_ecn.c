/* SPDX-License-Identifier: BSD-3-Clause */
/* What we echo of congestion marks. */
#include "seg.h"

/* n bytes in order, with the IP header's mark. */
static void data(struct tcp_conn *c, uint8_t flags, bool ce)
{
	struct seg s = {
		.flags = TCP_ACK | flags, .seq = c->rcv_nxt, .ack = U + 1, .wnd = WND, .len = 10};
	struct rte_mbuf *m = seg_build(&s);

	pkt_meta(m)->flags = ce ? PKT_F_ECN_CE : 0;
	tcp_input(lab.t, &m, 1, lab.now);
}

static bool echoes(const struct tcp_conn *c)
{
	return c->flags & TCP_F_ECE;
}

/* RFC 3168 6.1.3 */
static void until_cwr(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	data(c, 0, true);
	CU_ASSERT_FALSE(echoes(c)); /* not agreed on */
	c->flags |= TCP_F_ECN;
	data(c, 0, false);
	CU_ASSERT_FALSE(echoes(c));
	drain();
	data(c, 0, true);
	CU_ASSERT_TRUE(echoes(c));
	CU_ASSERT_EQUAL(drain(), 1); /* at once */
	data(c, 0, false);
	CU_ASSERT_TRUE(echoes(c));
	WANT_NONE();            /* nothing changed: delayed as ever */
	data(c, TCP_CWR, true); /* marked again on its way */
	CU_ASSERT_TRUE(echoes(c));
	data(c, TCP_CWR, false);
	CU_ASSERT_FALSE(echoes(c));
	tcp_abort(lab.t, c);
	lab_close();
}

/* A mark on what is not taken, or on a bare ACK, says nothing. */
static void only_of_data(void)
{
	struct seg s = {.flags = TCP_ACK, .seq = P + 1, .ack = U + 1, .wnd = WND};
	struct rte_mbuf *m;
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	c->flags |= TCP_F_ECN;
	m = seg_build(&s);
	pkt_meta(m)->flags = PKT_F_ECN_CE;
	tcp_input(lab.t, &m, 1, lab.now);
	CU_ASSERT_FALSE(echoes(c));
	s.seq = c->rcv_adv + 1;
	s.len = 10;
	m = seg_build(&s);
	pkt_meta(m)->flags = PKT_F_ECN_CE;
	tcp_input(lab.t, &m, 1, lab.now);
	CU_ASSERT_FALSE(echoes(c));
	tcp_abort(lab.t, c);
	lab_close();
}

/* A connection of DCTCP that takes one burst of segments of 10 bytes, marked as ce says. */
static struct tcp_conn *burst(const char *ce, bool ts)
{
	struct tcp_opts o = {.mss = 1460, .has_ts = ts, .ts_val = PEER_TS};
	struct rte_mbuf *m[32];
	struct tcp_conn *c;
	uint16_t n = 0;

	lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find("dctcp")};
	lab_open();
	c = accept_from(0, o);
	c->flags |= TCP_F_ECN;
	o.ts_ecr = tcp__ts_now(lab.t, c);
	for (; ce[n]; n++) {
		struct seg s = {.flags = TCP_ACK,
			.seq = P + 1 + n * 10u,
			.ack = U + 1,
			.wnd = WND,
			.len = 10,
			.o = {.has_ts = ts, .ts_val = PEER_TS, .ts_ecr = o.ts_ecr}};

		m[n] = seg_build(&s);
		pkt_meta(m[n])->flags = ce[n] == 'C' ? PKT_F_ECN_CE : 0;
	}
	tcp_input(lab.t, m, n, lab.now);
	return c;
}

/* RFC 8257 3.2: each change inside a burst is told, and of each ACK all packets came alike. */
static void dctcp(void)
{
	for (uint32_t ts = 0; ts < 2; ts++) {
		struct tcp_conn *c = burst("..CCC.C", ts);

		CU_ASSERT_TRUE(tcp_output_pending(lab.t));
		WANT(TCP_ACK, U + 1, P + 21, 0);
		WANT(TCP_ACK | TCP_ECE, U + 1, P + 51, 0);
		WANT(TCP_ACK, U + 1, P + 61, 0);
		WANT(TCP_ACK | TCP_ECE, U + 1, P + 71, 0);
		WANT_NONE();
		CU_ASSERT_EQUAL(c->rcv_unacked, 0);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Where nothing is owed the change needs one ACK; what waits for a delayed one goes before it. */
static void dctcp_first(void)
{
	struct tcp_conn *c = burst("C", false);

	WANT(TCP_ACK | TCP_ECE, U + 1, P + 11, 0);
	WANT_NONE();
	data(c, 0, true);
	WANT_NONE(); /* nothing changed: delayed as ever */
	data(c, 0, false);
	WANT(TCP_ACK | TCP_ECE, U + 1, P + 21, 0);
	WANT(TCP_ACK, U + 1, P + 31, 0);
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {
	UNIT_CASE(until_cwr), UNIT_CASE(only_of_data), UNIT_CASE(dctcp), UNIT_CASE(dctcp_first)};
UNIT_MAIN(cases)
