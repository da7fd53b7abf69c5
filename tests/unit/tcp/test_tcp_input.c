/* SPDX-License-Identifier: BSD-3-Clause */
/* RFC 9293 3.10.7.4, row by row. */
#include <errno.h>

#include "seg.h"

static void rst_exact(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_RST, P + 1, 0);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, ECONNRESET);
	WANT_NONE();
	tcp_release(lab.t, c);
	lab_close();
}

/* RFC 5961 3.2: in the window but not exact: a challenge; outside: nothing */
static void rst_in_window(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_RST, P + 2, 0);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	GIVE(TCP_RST, P + 3, 0); /* limited */
	WANT_NONE();
	pass(200);
	GIVE(TCP_RST, P + 3, 0);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	pass(200);
	GIVE(TCP_RST, P + 2 + LIMIT, 0);
	GIVE(TCP_RST, P, 0);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(drop_rst_challenged), 3);
	CU_ASSERT_EQUAL(COUNT(drop_window), 2);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 5961 4.2: whatever its number */
static void syn_in_established(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_SYN, P + 1, 0);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	pass(200);
	GIVE(TCP_SYN, P + 500000, 0);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 5961 5.2 */
static void ack_unsent_and_old(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 2);
	CU_ASSERT_EQUAL(COUNT(drop_bad_ack), 1);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	pass(200);
	GIVE(TCP_ACK, P + 1, U + 1 - 70000);
	CU_ASSERT_EQUAL(COUNT(drop_bad_ack), 2);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	/* old but possible: its data counts */
	GIVE(TCP_ACK, P + 1, U, .len = 10);
	read_bytes(c, P + 1, 10);
	CU_ASSERT_EQUAL(COUNT(drop_bad_ack), 2);
	tcp_abort(lab.t, c);
	lab_close();
}

static void no_ack_flag(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(0, P + 1, 0, .len = 10);
	CU_ASSERT_EQUAL(COUNT(drop_no_ack), 1);
	CU_ASSERT_EQUAL(c->rx.bytes, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

static void bad_header(void)
{
	static const uint8_t zero[4] = {2, 0, 0, 0}, one[4] = {2, 1, 0, 0},
			     beyond[4] = {1, 1, 2, 4};
	struct rte_mbuf *m;
	struct seg s = {.flags = TCP_SYN, .seq = P};

	lab_open();
	GIVE(TCP_SYN, P, 0, .off = 4);
	GIVE(TCP_SYN, P, 0, .off = 15);
	GIVE(TCP_SYN, P, 0, .raw = zero, .raw_len = 4);
	GIVE(TCP_SYN, P, 0, .raw = one, .raw_len = 4);
	GIVE(TCP_SYN, P, 0, .raw = beyond, .raw_len = 4);
	m = seg_build(&s);
	m->data_len = m->pkt_len = 19;
	tcp_input(lab.t, &m, 1, lab.now);
	m = seg_build(&s);
	pkt_meta(m)->l4_len += 10; /* more than there is */
	tcp_input(lab.t, &m, 1, lab.now);
	CU_ASSERT_EQUAL(COUNT(drop_short), 7);
	WANT_NONE();
	lab_close();
}

static void paws(void)
{
	struct tcp_opts ts = {.has_ts = true, .ts_val = PEER_TS};
	struct tcp_conn *c;

	lab_open();
	c = accept_from(0, ts);
	ts.ts_val = PEER_TS + 10;
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10, .o = ts);
	pass(30);
	WANT(TCP_ACK, U + 1, P + 11, 0);
	ts.ts_val = PEER_TS + 9;
	GIVE(TCP_ACK, P + 11, U + 1, .len = 10, .o = ts);
	CU_ASSERT_EQUAL(COUNT(drop_paws), 1);
	WANT(TCP_ACK, U + 1, P + 11, 0);
	GIVE(TCP_ACK, P + 11, U + 1, .len = 10); /* RFC 7323 3.2: silently */
	CU_ASSERT_EQUAL(COUNT(drop_paws), 2);
	WANT_NONE();
	GIVE(TCP_RST, P + 11, 0); /* RST is exempt */
	CU_ASSERT_EQUAL(c->state, TCP_CLOSED);
	tcp_release(lab.t, c);
	lab_close();
}

/* RFC 7323 4.3: the echo is of the segment at the left edge, not of one beyond a hole */
static void ts_recent(void)
{
	struct tcp_opts ts = {.has_ts = true, .ts_val = PEER_TS, .sack_ok = true};
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	c = accept_from(0, ts);
	ts.ts_val = PEER_TS + 5;
	GIVE(TCP_ACK, P + 101, U + 1, .len = 100, .o = ts);
	s = take();
	CU_ASSERT_EQUAL(s.o.ts_ecr, PEER_TS);
	ts.ts_val = PEER_TS + 7;
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100, .o = ts);
	s = take();
	CU_ASSERT_EQUAL(s.o.ts_ecr, PEER_TS + 7);
	CU_ASSERT_EQUAL(s.ack, P + 201);
	tcp_abort(lab.t, c);
	lab_close();
}

static void out_of_order_sack(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 101, U + 1, .len = 100);
	s = take();
	CU_ASSERT_EQUAL(s.ack, P + 1);
	CU_ASSERT_EQUAL(s.o.n_sack, 1);
	CU_ASSERT_EQUAL(s.o.sack[0].start, P + 101);
	CU_ASSERT_EQUAL(s.o.sack[0].end, P + 201);
	GIVE(TCP_ACK, P + 301, U + 1, .len = 100);
	s = take();
	CU_ASSERT_EQUAL(s.o.n_sack, 2);
	CU_ASSERT_EQUAL(s.o.sack[0].start, P + 301); /* the latest first: RFC 2018 4 */
	CU_ASSERT_EQUAL(s.o.sack[1].start, P + 101);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100);
	s = take(); /* at once: a gap was filled (RFC 5681 4.2) */
	CU_ASSERT_EQUAL(s.ack, P + 201);
	CU_ASSERT_EQUAL(s.o.n_sack, 1);
	GIVE(TCP_ACK, P + 201, U + 1, .len = 100);
	WANT(TCP_ACK, U + 1, P + 401, 0);
	CU_ASSERT_PTR_NULL(c->ext);
	read_bytes(c, P + 1, 400);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Where copies differ, the bytes that came first stay; what is known already is cut off. */
static void overlap(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100);
	GIVE(TCP_ACK, P + 51, U + 1, .len = 100);
	CU_ASSERT_EQUAL(c->rx.bytes, 150);
	GIVE(TCP_ACK, P + 11, U + 1, .len = 20);
	CU_ASSERT_EQUAL(COUNT(duplicates), 1);
	read_bytes(c, P + 1, 150);
	tcp_abort(lab.t, c);
	lab_close();
}

static void beyond_the_window(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, c->rcv_adv - 50, U + 1, .len = 100);
	CU_ASSERT_EQUAL(c->ext->reasm.bytes, 50);
	drain();
	GIVE(TCP_ACK, c->rcv_adv + 1, U + 1, .len = 100);
	CU_ASSERT_EQUAL(COUNT(drop_window), 1);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

static void fin_with_data(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK | TCP_FIN, P + 1, U + 1, .len = 10);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSE_WAIT);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_READABLE | TCP_EV_FIN);
	WANT(TCP_ACK, U + 1, P + 12, 0);
	read_bytes(c, P + 1, 10);
	GIVE(TCP_ACK | TCP_FIN, P + 1, U + 1, .len = 10); /* again */
	WANT(TCP_ACK, U + 1, P + 12, 0);
	tcp_shutdown(lab.t, c);
	CU_ASSERT_EQUAL(c->state, TCP_LAST_ACK);
	WANT(TCP_ACK | TCP_FIN, U + 1, P + 12, 0);
	GIVE(TCP_ACK, P + 12, U + 2);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, 0);
	tcp_release(lab.t, c);
	lab_close();
}

/* A FIN beyond a hole waits for the hole to be filled. */
static void fin_out_of_order(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK | TCP_FIN, P + 101, U + 1, .len = 100);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSE_WAIT);
	WANT(TCP_ACK, U + 1, P + 202, 0);
	read_bytes(c, P + 1, 200);
	tcp_abort(lab.t, c);
	drain();
	/* a bare one */
	c = accept_from(5001, (struct tcp_opts){.mss = 1460});
	GIVE(TCP_ACK | TCP_FIN, P + 101, U + 1, .sport = 5001);
	WANT(TCP_ACK, U + 1, P + 1, 0);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100, .sport = 5001);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSE_WAIT);
	CU_ASSERT_PTR_NULL(c->ext);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Second segment at once, one alone after the delay (RFC 9293 3.8.6.3) */
static void delayed_ack(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 1460);
	WANT_NONE();
	GIVE(TCP_ACK, P + 1461, U + 1, .len = 1460);
	WANT(TCP_ACK, U + 1, P + 2921, 0);
	GIVE(TCP_ACK, P + 2921, U + 1, .len = 100);
	pass(TCP_DELACK_MS - 1);
	WANT_NONE();
	pass(1);
	WANT(TCP_ACK, U + 1, P + 3021, 0);
	pass(100);
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

/* At the start each one at once; after idle again. */
static void quick_acks(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	c->quick = TCP_QUICK_ACKS;
	for (uint32_t i = 0; i < TCP_QUICK_ACKS; i++) {
		GIVE(TCP_ACK, P + 1 + 10 * i, U + 1, .len = 10);
		WANT(TCP_ACK, U + 1, P + 11 + 10 * i, 0);
	}
	GIVE(TCP_ACK, P + 161, U + 1, .len = 10);
	WANT_NONE();
	pass(2000);
	drain();
	GIVE(TCP_ACK, P + 171, U + 1, .len = 10);
	WANT(TCP_ACK, U + 1, P + 181, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

/* A peer whose full segment is smaller than ours: what has no PSH is full. */
static void every_second_small(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; i < 4; i++) {
		GIVE(TCP_ACK, P + 1 + 536 * i, U + 1, .len = 536);
		CU_ASSERT_EQUAL(drain(), i % 2);
	}
	/* the end of a message is not */
	GIVE(TCP_ACK | TCP_PSH, P + 2145, U + 1, .len = 300);
	GIVE(TCP_ACK | TCP_PSH, P + 2445, U + 1, .len = 300);
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 2883 4.1: a segment that came twice is reported at once and once, though no hole is left. */
static void dsack_below(void)
{
	struct tcp_opts o = {0};
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 100);
	GIVE(TCP_ACK, P + 101, U + 1, .len = 100);
	drain();
	CU_ASSERT_PTR_NULL(c->ext);
	GIVE(TCP_ACK, P + 101, U + 1, .len = 100);
	CU_ASSERT_EQUAL(COUNT(duplicates), 1);
	CU_ASSERT_EQUAL(tcp__sack_blocks(c), 1);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&c->ext->reasm, &o, 4), 1);
	CU_ASSERT_EQUAL(o.sack[0].start, P + 101);
	CU_ASSERT_EQUAL(o.sack[0].end, P + 201);
	CU_ASSERT_EQUAL(tcp__sack_blocks(c), 0);
	tcp__ext_tidy(lab.t, c);
	CU_ASSERT_PTR_NULL(c->ext);
	/* a part of it is new: that is taken, the rest reported */
	GIVE(TCP_ACK, P + 151, U + 1, .len = 100);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&c->ext->reasm, &o, 4), 1);
	CU_ASSERT_EQUAL(o.sack[0].start, P + 151);
	CU_ASSERT_EQUAL(o.sack[0].end, P + 201);
	read_bytes(c, P + 1, 250);
	/* a probe repeats a byte on purpose */
	GIVE(TCP_ACK, P + 250, U + 1, .len = 1);
	CU_ASSERT_EQUAL(tcp__sack_blocks(c), 0);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Segments just above the size that is copied: memory stays within twice the limit and a bit,
 * though every byte of the announced window comes. */
static void window_counts_truesize(void)
{
	struct tcp_conn *c;
	uint32_t most = 0;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; seq_leq(c->rcv_nxt + 257, c->rcv_adv); i++) {
		GIVE(TCP_ACK, P + 1 + 257 * i, U + 1, .len = 257);
		most = RTE_MAX(most, c->rx.truesize);
		drain();
	}
	CU_ASSERT_TRUE(c->rx.bytes > LIMIT - 3000);
	CU_ASSERT_TRUE(most < 2 * LIMIT + 5000);
	read_bytes(c, P + 1, c->rx.bytes);
	drain();
	/* beyond a hole, where nobody promised anything, what does not fit is dropped */
	for (uint32_t i = 0; i < 14; i++)
		GIVE(TCP_ACK, c->rcv_nxt + 500 + 1000 * i, U + 1, .len = 300);
	CU_ASSERT_TRUE(c->ext->reasm.truesize > 14 * 2000);
	CU_ASSERT_EQUAL(tcp__rcv_edge(c) - c->rcv_nxt, LIMIT);
	tcp_abort(lab.t, c);
	lab_close();
}

static void data_after_release(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	tcp_release(lab.t, c);
	WANT(TCP_ACK | TCP_FIN, U + 1, P + 1, 0);
	GIVE(TCP_ACK, P + 1, U + 2, .len = 10);
	WANT(TCP_RST | TCP_ACK, U + 2, P + 1, 0);
	CU_ASSERT_EQUAL(COUNT(drop_after_close), 1);
	lab_close();
}

/* RFC 5927: only an error that quotes what is in flight; and an MTU not below the least */
static void icmp(struct tcp_conn *c, uint32_t seq, uint16_t mtu)
{
	struct seg s = {.sport = c->lport, .dport = c->rport, .seq = seq};
	struct rte_mbuf *m = seg_build(&s);

	pkt_meta(m)->src = lab.us;
	pkt_meta(m)->dst = lab.peer;
	pkt_meta(m)->flags = PKT_F_ICMP_ERR;
	pkt_meta(m)->mtu = mtu;
	tcp_input(lab.t, &m, 1, lab.now);
}

/* RFC 6093: urgent data is data, in its place, wherever the pointer points. */
static void urg_is_data(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK | 0x20, P + 1, U + 1, .len = 10, .urg = 5);
	GIVE(TCP_ACK | 0x20, P + 11, U + 1, .len = 10, .urg = UINT16_MAX);
	GIVE(TCP_ACK, P + 21, U + 1, .len = 10, .urg = 3); /* without the flag it says nothing */
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_READABLE);
	read_bytes(c, P + 1, 30);
	GIVE(TCP_ACK | 0x20, P + 31, U + 1, .urg = 1); /* urgent, and nothing there */
	CU_ASSERT_EQUAL(c->rcv_nxt, P + 31);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

static void packet_too_big(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	icmp(c, U + 1, 1000);
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 1); /* nothing in flight */
	send_bytes(c, 5000);
	CU_ASSERT_EQUAL(drain(), 4);
	icmp(c, U + 5001, 1000);
	icmp(c, U, 1000);
	CU_ASSERT_EQUAL(COUNT(drop_icmp), 3);
	CU_ASSERT_EQUAL(c->mss, 1460);
	icmp(c, U + 1461, 1000);
	CU_ASSERT_EQUAL(c->mss, 960);
	WANT(TCP_ACK, U + 1, P + 1, 960);
	icmp(c, U + 1, 100);
	CU_ASSERT_EQUAL(c->mss, 576 - 40);
	CU_ASSERT_EQUAL(c->ssthresh, UINT32_MAX); /* no sign of congestion: RFC 1191 6.4 */
	tcp_abort(lab.t, c);
	lab_close();
}

static void unreachable(void)
{
	struct tcp_conn *c;

	lab_open();
	c = connect_syn();
	icmp(c, U - 1, 0);
	CU_ASSERT_EQUAL(c->state, TCP_SYN_SENT);
	icmp(c, U, 0);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, EHOSTUNREACH);
	tcp_release(lab.t, c);
	c = accept_one(); /* established: a hint, no more */
	send_bytes(c, 10);
	drain();
	icmp(c, U + 1, 0);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

/* One connection takes half of the islands; the next still finds some. */
static void ooo_limits(void)
{
	uint32_t half = TCP_ISLANDS_EACH; /* the lab has two side objects */
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; i < half + 3; i++)
		GIVE(TCP_ACK, P + 11 + 20 * i, U + 1, .len = 10);
	CU_ASSERT_EQUAL(COUNT(drop_ooo_full), 3);
	CU_ASSERT_EQUAL(c->ext->reasm.n, half);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Small segments share a buffer. */
static void small_segments(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; i < 1000; i++)
		GIVE(TCP_ACK, P + 1 + i, U + 1, .len = 1);
	for (uint32_t i = 0; i < 1000; i++)
		GIVE(TCP_ACK, P + 2000 + i, U + 1, .len = 1);
	CU_ASSERT_EQUAL(c->rx.bytes, 1000);
	CU_ASSERT_EQUAL(c->ext->reasm.bytes, 1000);
	drain();
	CU_ASSERT_TRUE(buf_pools_in_use(&lab.pools) < 5);
	read_bytes(c, P + 1, 1000);
	tcp_abort(lab.t, c);
	lab_close();
}

static void multicast_source(void)
{
	struct seg s = {.flags = TCP_SYN, .seq = P};
	struct rte_mbuf *m;

	lab_open();
	m = seg_build(&s);
	ip_addr_parse("224.0.0.1", &pkt_meta(m)->src);
	tcp_input(lab.t, &m, 1, lab.now);
	CU_ASSERT_EQUAL(COUNT(drop_broadcast), 1);
	WANT_NONE();
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(rst_exact), UNIT_CASE(rst_in_window),
	UNIT_CASE(syn_in_established), UNIT_CASE(ack_unsent_and_old), UNIT_CASE(no_ack_flag),
	UNIT_CASE(bad_header), UNIT_CASE(paws), UNIT_CASE(ts_recent), UNIT_CASE(out_of_order_sack),
	UNIT_CASE(overlap), UNIT_CASE(beyond_the_window), UNIT_CASE(fin_with_data),
	UNIT_CASE(fin_out_of_order), UNIT_CASE(delayed_ack), UNIT_CASE(quick_acks),
	UNIT_CASE(every_second_small), UNIT_CASE(dsack_below), UNIT_CASE(window_counts_truesize),
	UNIT_CASE(data_after_release), UNIT_CASE(urg_is_data), UNIT_CASE(packet_too_big),
	UNIT_CASE(unreachable), UNIT_CASE(ooo_limits), UNIT_CASE(small_segments),
	UNIT_CASE(multicast_source)};
UNIT_MAIN(cases)
