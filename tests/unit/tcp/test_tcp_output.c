/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments and windows that we send: RFC 9293 3.8.6, RFC 6691, TSO, missing mbufs. */
#include <errno.h>

#include "seg.h"

/* Take all but n mbufs out of pool; put them back. */
static void *hog[4096];
static uint32_t hog_n;

static void starve(struct rte_mempool *pool, uint32_t n)
{
	hog_n = rte_mempool_avail_count(pool) - n;
	CU_ASSERT_EQUAL_FATAL(rte_mempool_get_bulk(pool, hog, hog_n), 0);
}

static void feed(struct rte_mempool *pool)
{
	rte_mempool_put_bulk(pool, hog, hog_n);
}

static void segments(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	c = accept_one();
	send_bytes(c, 3000);
	s = take();
	CU_ASSERT_EQUAL(s.len, 1460);
	CU_ASSERT_EQUAL(s.data[10], 10);
	CU_ASSERT_EQUAL(s.flags, TCP_ACK);
	s = take();
	CU_ASSERT_EQUAL(s.data[0], (uint8_t)1460);
	WANT(TCP_ACK | TCP_PSH, U + 2921, P + 1, 80); /* the rest at once: no Nagle */
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

/* FIN behind the last byte, with it */
static void fin_with_last(void)
{
	struct tcp_conn *c;
	struct buf_chain more = {0};

	lab_open();
	c = accept_one();
	send_bytes(c, 1500);
	tcp_shutdown(lab.t, c);
	CU_ASSERT_EQUAL(tcp_send(lab.t, c, &more), -EPIPE);
	WANT(TCP_ACK, U + 1, P + 1, 1460);
	WANT(TCP_ACK | TCP_PSH | TCP_FIN, U + 1461, P + 1, 40);
	WANT_NONE();
	pass(1000); /* lost: all of it again, slow start */
	WANT(TCP_ACK, U + 1, P + 1, 1460);
	GIVE(TCP_ACK, P + 1, U + 1461);
	WANT(TCP_ACK | TCP_PSH | TCP_FIN, U + 1461, P + 1, 40);
	GIVE(TCP_ACK, P + 1, U + 1501);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_1); /* the bytes, not the FIN */
	GIVE(TCP_ACK, P + 1, U + 1502);
	CU_ASSERT_EQUAL(c->state, TCP_FIN_WAIT_2);
	WANT_NONE();
	tcp_abort(lab.t, c);
	lab_close();
}

static void tso(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab.path = (struct tcp_path){1500, 9000};
	lab_open();
	c = accept_one();
	send_bytes(c, 10000);
	s = take();
	CU_ASSERT_EQUAL(s.len, 6 * 1460);
	CU_ASSERT_TRUE(s.tso);
	s = take();
	CU_ASSERT_EQUAL(s.len, 10000 - 6 * 1460);
	CU_ASSERT_FALSE(s.tso); /* one segment is no TSO */
	tcp_abort(lab.t, c);
	drain();
	lab_close();
	/* more segments than a byte counts */
	lab.path = (struct tcp_path){1500, 65000};
	lab_open();
	c = accept_from(0, (struct tcp_opts){.mss = 216});
	CU_ASSERT_EQUAL(c->gso_segs, 255);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Timestamps and SACK blocks take their room from the payload (RFC 6691). */
static void options_and_mtu(void)
{
	struct tcp_opts ts = {.mss = 1460, .has_ts = true, .ts_val = PEER_TS, .sack_ok = true};
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	c = accept_from(0, ts);
	for (uint32_t i = 0; i < 4; i++)
		GIVE(TCP_ACK, P + 11 + 20 * i, U + 1, .len = 10,
			.o = {.has_ts = true, .ts_val = PEER_TS});
	send_bytes(c, 5000);
	s = take();
	CU_ASSERT_EQUAL(s.o.n_sack, 3);
	CU_ASSERT_EQUAL(s.len, 1460 - 12 - 28);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 90, .o = {.has_ts = true, .ts_val = PEER_TS});
	s = take();
	CU_ASSERT_EQUAL(s.o.n_sack, 0);
	CU_ASSERT_EQUAL(s.len, 1448);
	tcp_abort(lab.t, c);
	lab_close();
}

/* 3.8.6.2.1: no small pieces of a larger whole while something is in flight */
static void sender_sws(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	window_is(c, 0, 2000);
	send_bytes(c, 4000);
	WANT(TCP_ACK, U + 1, P + 2, 1460);
	WANT_NONE(); /* 540 more would fit */
	GIVE(TCP_ACK, P + 2, U + 1461, .wnd = 500);
	WANT(TCP_ACK, U + 1461, P + 2, 500); /* nothing in flight: no ACK would come otherwise */
	tcp_abort(lab.t, c);
	lab_close();
}

/* 3.8.6.2.2: the edge moves by a segment or not at all; it never moves left */
static void receiver_window(void)
{
	struct tcp_conn *c;
	uint32_t adv, at = P + 1;
	struct seg s;

	lab_open();
	c = accept_one();
	adv = c->rcv_adv;
	CU_ASSERT_EQUAL(adv, P + 1 + LIMIT);
	while (seq_lt(at + 1000, adv)) {
		GIVE(TCP_ACK, at, U + 1, .len = 1000);
		at += 1000;
		while ((s = take()).flags) {
			CU_ASSERT_EQUAL(s.ack + s.wnd, adv);
		}
	}
	GIVE(TCP_ACK, at, U + 1, .len = adv - at + 100); /* 100 beyond */
	CU_ASSERT_EQUAL(c->rcv_nxt, adv);
	pass(30);
	s = take();
	CU_ASSERT_EQUAL(s.wnd, 0);
	GIVE(TCP_ACK, adv, U + 1, .len = 1); /* a probe */
	WANT(TCP_ACK, U + 1, adv, 0);
	CU_ASSERT_EQUAL(c->rcv_nxt, adv);
	read_bytes(c, P + 1, 1000); /* not worth while */
	WANT_NONE();
	read_bytes(c, P + 1001, 40000);
	s = take();
	CU_ASSERT_EQUAL(s.ack, adv);
	CU_ASSERT_TRUE(s.wnd > 5000);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Rounding to the scale lets nobody send on for ever. */
static void scaled_window_shuts(void)
{
	struct tcp_conn *c;
	struct seg s = {.wnd = 1};
	uint32_t at = P + 1;

	lab_open();
	lab.t->cfg.rcv_limit = 300000;
	c = accept_from(0, (struct tcp_opts){.mss = 1460, .has_wscale = true});
	while (s.wnd && at < P + 1000000) {
		GIVE(TCP_ACK, at, U + 1, .len = at % 2 ? 1001 : 3);
		at = c->rcv_nxt;
		pass(30);
		s = take();
	}
	CU_ASSERT_EQUAL(s.wnd, 0);
	CU_ASSERT_TRUE(c->rx.bytes <= 300000);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Without mbufs nothing is lost or forgotten, and nobody waits in a circle. */
static void no_mbufs(void)
{
	struct tcp_conn *c, *d;

	lab_open();
	c = accept_one();
	d = accept_from(5001, (struct tcp_opts){.mss = 1460});
	send_bytes(c, 100);
	starve(lab.pools.hdr, 0);
	WANT_NONE();
	CU_ASSERT_TRUE(tcp_output_pending(lab.t));
	send_bytes(d, 100);
	tcp_abort(lab.t, d); /* the last of the list goes */
	WANT_NONE();
	CU_ASSERT_TRUE(COUNT(no_header_mbuf) >= 2);
	feed(lab.pools.hdr);
	WANT(TCP_ACK | TCP_PSH, c->snd_una, P + 1, 100);
	tcp_abort(lab.t, c);
	lab_close();
}

/* The ACK needs no payload mbuf: it goes out. */
static void no_payload_mbufs(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	send_bytes(c, 100);
	starve(lab.pools.indirect, 0);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 1460);
	GIVE(TCP_ACK, P + 1461, U + 1, .len = 1460);
	WANT(TCP_ACK, U + 1, P + 2921, 0);
	WANT_NONE();
	feed(lab.pools.indirect);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 2921, 100);
	tcp_abort(lab.t, c);
	lab_close();
}

static void control_in_order(void)
{
	lab_open();
	for (uint32_t i = 0; i < 5; i++)
		GIVE(TCP_ACK, P, 100 + i, .dport = 81);
	for (uint32_t i = 0; i < 5; i++)
		WANT(TCP_RST, 100 + i, 0, 0);
	lab_close();
}

/* What is in flight is bounded by cwnd: IW10 (RFC 6928), then doubled a round trip. */
static void cwnd(void)
{
	struct tcp_conn *c;

	lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find("newreno")};
	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .wnd = 65535, .len = 1);
	read_bytes(c, P + 1, 1);
	send_bytes(c, 60000);
	CU_ASSERT_EQUAL(drain(), 10);
	GIVE(TCP_ACK, P + 2, U + 1 + 1460, .wnd = 65535);
	CU_ASSERT_EQUAL(drain(), 2);
	GIVE(TCP_ACK, P + 2, U + 1 + 12 * 1460, .wnd = 65535);
	CU_ASSERT_EQUAL(c->cwnd, 22 * 1460);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 3168 6.1.4, 6.1.5: ECT on new data only; DCTCP marks what goes again too (RFC 8257 3). */
static void ect(void)
{
	static const char *const names[] = {"cubic", "dctcp"};

	for (uint32_t k = 0; k < RTE_DIM(names); k++) {
		struct tcp_conn *c;
		struct seg s;

		lab.path = (struct tcp_path){.mtu = 1500, .cc = (uint8_t)tcp_cc_find(names[k])};
		lab_open();
		c = accept_one();
		send_bytes(c, 100);
		CU_ASSERT_EQUAL(take().ecn, 0); /* not agreed on */
		GIVE(TCP_ACK, P + 1, U + 101);
		c->flags |= TCP_F_ECN;
		send_bytes(c, 100);
		CU_ASSERT_EQUAL(take().ecn, 2);
		GIVE(TCP_ACK, P + 1, U + 101, .len = 1460);
		GIVE(TCP_ACK, P + 1461, U + 101, .len = 1460);
		s = take(); /* an ACK */
		CU_ASSERT_EQUAL(s.len, 0);
		CU_ASSERT_EQUAL(s.flags, TCP_ACK);
		CU_ASSERT_EQUAL(s.ecn, 0);
		pass(1000);
		s = take();
		CU_ASSERT_EQUAL(s.seq, U + 101);
		CU_ASSERT_EQUAL(s.ecn, k ? 2 : 0);
		tcp_shutdown(lab.t, c);
		c->cwnd = 14600;
		s = take();
		CU_ASSERT_TRUE(s.flags & TCP_FIN);
		CU_ASSERT_EQUAL(s.len, 0);
		CU_ASSERT_EQUAL(s.ecn, 0);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Each packet begins where the one before it ended, also when bytes come and leave in between and
 * what was sent goes again (stale places in tx would show). */
static void places_in_tx(void)
{
	struct tcp_conn *c;
	uint32_t n = 0, acked = 0, given = 0, at;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; i < 300; i++) {
		struct seg s;

		if (given - acked < 20000) {
			send_bytes(c, 256 * (1 + i % 9)); /* byte k of the stream is k modulo 256 */
			given += 256 * (1 + i % 9);
		}
		while ((s = take()).flags) {
			at = s.seq - (U + 1);
			if (s.len)
				CU_ASSERT_EQUAL(s.data[0], (uint8_t)at);
			n += s.len;
		}
		if (i % 7 == 3)
			acked += (c->snd_nxt - c->snd_una) / 3;
		GIVE(TCP_ACK, P + 1, U + 1 + acked, .wnd = 65000);
		pass(i % 50 == 49 ? 1500 : 5);
	}
	CU_ASSERT_TRUE(COUNT(rto) > 2);
	CU_ASSERT_TRUE(n > given);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(segments), UNIT_CASE(fin_with_last),
	UNIT_CASE(tso), UNIT_CASE(options_and_mtu), UNIT_CASE(sender_sws),
	UNIT_CASE(receiver_window), UNIT_CASE(scaled_window_shuts), UNIT_CASE(no_mbufs),
	UNIT_CASE(no_payload_mbufs), UNIT_CASE(control_in_order), UNIT_CASE(cwnd), UNIT_CASE(ect),
	UNIT_CASE(places_in_tx)};
UNIT_MAIN(cases)
