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

/* RFC 8257 3.2: packet by packet, an ACK at each change */
static void dctcp(void)
{
	static const bool ce[] = {false, true, true, false, false, true};
	struct pkt_meta meta = {0};
	struct tcp_seg s = {.meta = &meta, .len = 10, .flags = TCP_ACK};
	struct tcp_conn c = {.flags = TCP_F_ECN};

	for (uint32_t i = 0; i < RTE_DIM(ce); i++) {
		bool change = ce[i] != echoes(&c);

		meta.flags = ce[i] ? PKT_F_ECN_CE : 0;
		c.flags &= ~TCP_F_ACK_NOW;
		CU_ASSERT_EQUAL(tcp__ecn_echo(&c, &s, true), change);
		CU_ASSERT_EQUAL((c.flags & TCP_F_ACK_NOW) != 0, change);
		CU_ASSERT_EQUAL(echoes(&c), ce[i]);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(until_cwr), UNIT_CASE(only_of_data), UNIT_CASE(dctcp)};
UNIT_MAIN(cases)
