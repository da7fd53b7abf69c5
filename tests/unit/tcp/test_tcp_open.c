/* SPDX-License-Identifier: BSD-3-Clause */
/* How connections begin: RFC 9293 3.10.7.1 to 3.10.7.3, SYN_RECEIVED of 3.10.7.4. */
#include <errno.h>

#include "seg.h"

/* RST formats of 3.10.7.1 */
static void closed_port(void)
{
	lab_open();
	GIVE(TCP_SYN, P, 0, .dport = 81);
	WANT(TCP_RST | TCP_ACK, 0, P + 1, 0);
	GIVE(TCP_SYN, P, 0, .dport = 81, .len = 9); /* its data counts */
	WANT(TCP_RST | TCP_ACK, 0, P + 10, 0);
	GIVE(TCP_ACK, P, 777, .dport = 81);
	WANT(TCP_RST, 777, 0, 0);
	GIVE(TCP_FIN, P, 0, .dport = 81, .len = 5);
	WANT(TCP_RST | TCP_ACK, 0, P + 6, 0);
	CU_ASSERT_EQUAL(COUNT(drop_no_conn), 4);
	GIVE(TCP_RST, P, 0, .dport = 81);
	GIVE(TCP_RST | TCP_ACK, P, 5);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(drop_no_conn_rst), 2);
	lab_close();
}

/* 3.10.7.2 */
static void listen_rows(void)
{
	lab_open();
	GIVE(TCP_ACK, P, 777);
	WANT(TCP_RST, 777, 0, 0);
	GIVE(TCP_SYN | TCP_ACK, P, 777);
	WANT(TCP_RST, 777, 0, 0);
	GIVE(TCP_SYN | TCP_FIN, P, 0);
	WANT(TCP_RST | TCP_ACK, 0, P + 2, 0);
	lab_close();
}

static void passive_options(void)
{
	struct seg s;
	struct tcp_conn *c;

	lab_open();
	GIVE(TCP_SYN, P, 0,
		.o = {.mss = 1200,
			.sack_ok = true,
			.has_ts = true,
			.ts_val = PEER_TS,
			.has_wscale = true,
			.wscale = 14}); /* the builder passes 14; above: opt tests */
	s = take();
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(s.ack, P + 1);
	CU_ASSERT_EQUAL(s.wnd, LIMIT);
	CU_ASSERT_EQUAL(s.o.mss, 1460);
	CU_ASSERT_TRUE(s.o.sack_ok && s.o.has_ts && s.o.has_wscale);
	CU_ASSERT_EQUAL(s.o.ts_ecr, PEER_TS);
	GIVE(TCP_ACK, P + 1, s.seq + 1, .wnd = 2, .o = {.has_ts = true, .ts_val = PEER_TS + 1});
	CU_ASSERT_PTR_NOT_NULL_FATAL(c = tcp_ready_take(lab.t, &(uint8_t){0}));
	CU_ASSERT_EQUAL(c->mss, 1200);
	CU_ASSERT_EQUAL(c->snd_wscale, 14);
	CU_ASSERT_EQUAL(c->snd_wnd, 2u << 14);
	CU_ASSERT_PTR_EQUAL(tcp_listener_user(lab.t, c->listener), &lab);
	tcp_abort(lab.t, c);
	drain();
	/* none offered: none answered, and the default MSS */
	GIVE(TCP_SYN, P, 0, .raw = (const uint8_t[]){1, 1, 1, 1}, .raw_len = 4, .sport = 5001);
	s = take();
	CU_ASSERT_FALSE(s.o.sack_ok || s.o.has_ts || s.o.has_wscale);
	GIVE(TCP_ACK, P + 1, s.seq + 1, .sport = 5001);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c = tcp_ready_take(lab.t, &(uint8_t){0}));
	CU_ASSERT_EQUAL(c->mss, 536);
	CU_ASSERT_EQUAL(c->snd_wnd, WND);
	tcp_abort(lab.t, c);
	drain();
	lab_close();
}

/* CVE-2019-11479: nobody makes us send a packet for each byte. */
static void mss_floor(void)
{
	struct tcp_opts o = {.mss = 1, .has_ts = true, .ts_val = PEER_TS, .sack_ok = true};
	struct tcp_conn *c;

	lab_open();
	c = accept_from(0, o);
	CU_ASSERT_EQUAL(c->mss, TCP_MSS_FLOOR);
	send_bytes(c, 1000);
	CU_ASSERT_EQUAL(take().len, TCP_MSS_FLOOR - 12);
	tcp_abort(lab.t, c);
	drain();
	c = connect_syn();
	GIVE_CLIENT(TCP_SYN | TCP_ACK, P, U + 1, .o = {.mss = 1});
	CU_ASSERT_EQUAL(c->mss, TCP_MSS_FLOOR);
	tcp_abort(lab.t, c);
	lab_close();
}

/* RFC 7323 2.3: a shift beyond 14 is 14, and the largest window is 1 GB. */
static void window_scale_too_large(void)
{
	static const uint8_t opt[] = {2, 4, 5, 180, 1, 3, 3, 255};
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	GIVE(TCP_SYN, P, 0, .raw = opt, .raw_len = sizeof(opt));
	s = take();
	GIVE(TCP_ACK, P + 1, s.seq + 1, .wnd = UINT16_MAX);
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->snd_wscale, 14);
	CU_ASSERT_EQUAL(c->snd_wnd, (uint32_t)UINT16_MAX << 14);
	tcp_abort(lab.t, c);
	lab_close();
}

/* The window on a SYN is never scaled; without the option more than 65535 is never announced. */
static void window_scale(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	lab.t->cfg.rcv_limit = 1000000;
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460, .has_wscale = true, .wscale = 3});
	s = take();
	CU_ASSERT_EQUAL(s.wnd, 65535);
	CU_ASSERT_EQUAL(s.o.wscale, 4);
	GIVE(TCP_ACK, P + 1, s.seq + 1, .len = 1);
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	CU_ASSERT_EQUAL(c->snd_wnd, WND << 3);
	pass(TCP_DELACK_MS);
	s = take();
	/* where it begins to grow, less what the byte pins */
	CU_ASSERT_TRUE((uint32_t)s.wnd << 4 <= 131072 && (uint32_t)s.wnd << 4 > 129000);
	CU_ASSERT_EQUAL(c->rcv_adv, s.ack + ((uint32_t)s.wnd << 4));
	tcp_abort(lab.t, c);
	drain();
	c = accept_from(5001, (struct tcp_opts){.mss = 1460});
	CU_ASSERT_EQUAL(c->rcv_limit, 65535);
	tcp_abort(lab.t, c);
	lab_close();
}

static void syn_with_data(void)
{
	struct seg s;
	struct tcp_conn *c;

	lab_open();
	GIVE(TCP_SYN, P, 0, .len = 10, .o = {.mss = 1460});
	s = take();
	CU_ASSERT_EQUAL(s.ack, P + 1); /* not taken: it comes again */
	GIVE(TCP_ACK, P + 1, s.seq + 1, .len = 10);
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	read_bytes(c, P + 1, 10);
	tcp_abort(lab.t, c);
	lab_close();
}

static void syn_ack_again_and_give_up(void)
{
	struct tcp_info info;
	uint32_t isn;

	lab_open();
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460});
	isn = take().seq;
	pass(999);
	WANT_NONE();
	pass(1);
	WANT(TCP_SYN | TCP_ACK, isn, P + 1, 0);
	CU_ASSERT_EQUAL(tcp_next_tick(lab.t, 10000, lab.now), 2000);
	pass(2000);
	WANT(TCP_SYN | TCP_ACK, isn, P + 1, 0);
	pass(4000);
	WANT(TCP_SYN | TCP_ACK, isn, P + 1, 0);
	pass(7999);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 1);
	pass(1);
	WANT_NONE();
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 0);
	CU_ASSERT_EQUAL(COUNT(syn_retransmits), 3);
	lab_close();
}

static void syn_again(void)
{
	struct seg s;

	lab_open();
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460, .has_ts = true, .ts_val = PEER_TS});
	s = take();
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460, .has_ts = true, .ts_val = PEER_TS + 9});
	CU_ASSERT_EQUAL(take().o.ts_ecr, PEER_TS + 9);
	/* a client that lost its state: told where we are, it resets */
	GIVE(TCP_SYN, P + 5000, 0, .o = {.mss = 1460});
	WANT(TCP_ACK, s.seq + 1, P + 1, 0);
	GIVE(TCP_RST, P + 1, 0);
	CU_ASSERT_EQUAL(COUNT(drop_syn_rcvd), 1);
	GIVE(TCP_SYN, P + 5000, 0, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(take().ack, P + 5001);
	lab_close();
}

static void half_open_rows(void)
{
	struct seg s;
	struct tcp_info info;

	lab_open();
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460});
	s = take();
	GIVE(TCP_ACK, P + 1, s.seq + 2); /* of what was not sent */
	WANT(TCP_RST, s.seq + 2, 0, 0);
	GIVE(TCP_RST, P + 2, 0);
	CU_ASSERT_EQUAL(COUNT(drop_rst_challenged), 1);
	WANT(TCP_ACK, s.seq + 1, P + 1, 0);
	GIVE(TCP_ACK, P + 100000, s.seq + 1);
	WANT(TCP_ACK, s.seq + 1, P + 1, 0);
	GIVE(TCP_FIN, P + 1, 0);
	WANT_NONE();
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 1);
	tcp_unlisten(lab.t, 0);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 0);
	GIVE(TCP_ACK, P + 1, s.seq + 1);
	WANT(TCP_RST, s.seq + 1, 0, 0);
	lab_close();
}

static void tables_full(void)
{
	struct tcp_conn *c[4];

	lab_open();
	for (uint16_t i = 0; i < 3; i++)
		GIVE(TCP_SYN, P, 0, .sport = (uint16_t)(6000 + i));
	CU_ASSERT_EQUAL(drain(), 3);
	CU_ASSERT_EQUAL(lab.t->syn.used, 2);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 1);
	pass(16000);
	drain();
	for (uint16_t i = 0; i < 4; i++)
		c[i] = accept_from((uint16_t)(7000 + i), (struct tcp_opts){.mss = 1460});
	GIVE(TCP_SYN, P, 0, .sport = 7004);
	GIVE(TCP_ACK, P + 1, take().seq + 1, .sport = 7004);
	CU_ASSERT_EQUAL(COUNT(drop_conns_full), 1);
	WANT_NONE();
	for (int i = 0; i < 4; i++)
		tcp_abort(lab.t, c[i]);
	lab_close();
}

/* From three quarters on cookies spare the rest of the table. */
static void watermark(void)
{
	lab_open();
	lab_close();
	lab.cfg = (struct tcp_config){.conns = 1,
		.syns = 8,
		.time_waits = 1,
		.exts = 1,
		.rcv_limit = LIMIT,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
	lab_open();
	for (uint16_t i = 0; i < 9; i++)
		GIVE(TCP_SYN, P, 0, .sport = (uint16_t)(6000 + i));
	CU_ASSERT_EQUAL(drain(), 9);
	CU_ASSERT_EQUAL(lab.t->syn.used, 6);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 3);
	/* a turn sends no more again than its budget */
	lab.now += 1000 * CLOCK_US_PER_MS;
	tcp_tick(lab.t, 4, lab.now);
	CU_ASSERT_EQUAL(drain(), 4);
	CU_ASSERT_EQUAL(tcp_next_tick(lab.t, 100, lab.now), 0);
	tcp_tick(lab.t, 4, lab.now);
	CU_ASSERT_EQUAL(drain(), 2);
	/* all of them are reaped when nobody answers */
	pass(15000);
	drain();
	CU_ASSERT_EQUAL(lab.t->syn.used, 0);
	GIVE(TCP_SYN, P, 0);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 3);
	lab_close();
}

/* RFC 3168 6.1.1, passive: who offers ECN gets ECE where the listener has it, and only then. */
static void ecn_passive(void)
{
	static const struct {
		bool ours;
		uint8_t syn, synack;
	} rows[] = {{false, TCP_ECE | TCP_CWR, 0}, {true, TCP_ECE | TCP_CWR, TCP_ECE},
		{true, TCP_ECE, 0}, {true, TCP_CWR, 0}, {true, 0, 0}};

	for (uint32_t i = 0; i < RTE_DIM(rows); i++) {
		struct tcp_conn *c;
		struct seg s;

		lab.path = (struct tcp_path){.mtu = 1500, .ecn = rows[i].ours};
		lab_open();
		GIVE(TCP_SYN | rows[i].syn, P, 0, .o = {.mss = 1460});
		s = take();
		CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK | rows[i].synack);
		pass(1000); /* and so does the second one */
		CU_ASSERT_EQUAL(take().flags, s.flags);
		GIVE(TCP_ACK, P + 1, s.seq + 1);
		c = tcp_ready_take(lab.t, &(uint8_t){0});
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_EQUAL(!!(c->flags & TCP_F_ECN), rows[i].synack != 0);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* RFC 3168 6.1.1.1: the SYN comes again without its offer: then there is none. */
static void ecn_syn_again(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab.path = (struct tcp_path){.mtu = 1500, .ecn = true};
	lab_open();
	GIVE(TCP_SYN | TCP_ECE | TCP_CWR, P, 0, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(take().flags, TCP_SYN | TCP_ACK | TCP_ECE);
	GIVE(TCP_SYN, P, 0, .o = {.mss = 1460});
	s = take();
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK);
	GIVE(TCP_ACK, P + 1, s.seq + 1);
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	CU_ASSERT_FALSE(c->flags & TCP_F_ECN);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Active: only ECE without CWR, on a SYN-ACK, agrees to what we offered. */
static void ecn_active(void)
{
	static const struct {
		bool offered;
		uint8_t answer;
		bool agreed;
	} rows[] = {{true, TCP_ACK | TCP_ECE, true}, {true, TCP_ACK, false},
		{true, TCP_ACK | TCP_ECE | TCP_CWR, false}, {true, TCP_ACK | TCP_CWR, false},
		{false, TCP_ACK | TCP_ECE, false}, {true, TCP_ECE | TCP_CWR, false}};

	for (uint32_t i = 0; i < RTE_DIM(rows); i++) {
		struct tcp_conn *c;

		lab_open();
		c = connect_syn();
		c->flags |= rows[i].offered ? TCP_F_ECN : 0;
		GIVE_CLIENT(TCP_SYN | rows[i].answer, P, U + 1, .o = {.mss = 1460});
		CU_ASSERT_EQUAL(!!(c->flags & TCP_F_ECN), rows[i].agreed);
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Clients that never answer our FIN do not shut out those that come. */
static void orphans_make_room(void)
{
	struct tcp_info info;
	struct tcp_conn *c[4];

	lab_open();
	for (uint16_t i = 0; i < 4; i++) {
		c[i] = accept_from((uint16_t)(7000 + i), (struct tcp_opts){.mss = 1460});
		if (i == 3)
			continue;
		tcp_release(lab.t, c[i]);
		WANT(TCP_FIN | TCP_ACK, U + 1, P + 1, 0);
		GIVE(TCP_ACK, P + 1, U + 2, .sport = (uint16_t)(7000 + i));
		WANT_NONE();
	}
	for (uint16_t i = 0; i < 2; i++) {
		tcp_abort(lab.t, accept_from((uint16_t)(7004 + i), (struct tcp_opts){.mss = 1460}));
		drain();
	}
	accept_from(7006, (struct tcp_opts){.mss = 1460});
	connect_syn();
	CU_ASSERT_EQUAL(COUNT(orphans_evicted), 2);
	CU_ASSERT_EQUAL(c[3]->state, TCP_ESTABLISHED);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.conns, 4);
	CU_ASSERT_EQUAL(info.orphans, 1);
	lab_close();
}

static void connect_ok(void)
{
	struct tcp_conn *c;

	lab_open();
	c = connect_syn();
	send_bytes(c, 5); /* waits */
	WANT_NONE();
	GIVE_CLIENT(
		TCP_SYN | TCP_ACK, P, U + 1, .o = {.mss = 1460, .has_wscale = true, .wscale = 7});
	CU_ASSERT_EQUAL(c->snd_wnd, WND); /* on a SYN: not scaled */
	CU_ASSERT_EQUAL(c->snd_wscale, 7);
	WANT(TCP_ACK | TCP_PSH, U + 1, P + 1, 5);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_ESTABLISHED);
	CU_ASSERT_TRUE(c->srtt > 0);
	tcp_abort(lab.t, c);
	lab_close();
}

static void connect_rows(void)
{
	struct tcp_conn *c;

	lab_open();
	c = connect_syn();
	GIVE_CLIENT(TCP_ACK, P, U); /* first: not of our SYN */
	WANT(TCP_RST, U, 0, 0);
	GIVE_CLIENT(TCP_ACK | TCP_SYN, P, U + 2);
	WANT(TCP_RST, U + 2, 0, 0);
	GIVE_CLIENT(TCP_ACK | TCP_RST, P, U + 2);
	GIVE_CLIENT(TCP_RST, P, 0);     /* no ACK: ignored */
	GIVE_CLIENT(TCP_ACK, P, U + 1); /* no SYN */
	GIVE_CLIENT(TCP_FIN, P, 0);
	WANT_NONE();
	CU_ASSERT_EQUAL(c->state, TCP_SYN_SENT);
	GIVE_CLIENT(TCP_ACK | TCP_RST, P, U + 1);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, ECONNREFUSED);
	tcp_release(lab.t, c);
	lab_close();
}

static void connect_timeout(void)
{
	struct tcp_conn *c;
	uint32_t wait = 1000;

	lab_open();
	c = connect_syn();
	for (int i = 0; i < TCP_SYN_RETRIES; i++, wait *= 2) {
		pass(wait - 1);
		WANT_NONE();
		pass(1);
		WANT(TCP_SYN, U, 0, 0);
	}
	pass(wait);
	WANT_NONE();
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_DEAD);
	CU_ASSERT_EQUAL(c->error, ETIMEDOUT);
	tcp_release(lab.t, c);
	/* RFC 6298 5.7: 3 s after a SYN that had to go twice */
	c = connect_syn();
	pass(1000);
	WANT(TCP_SYN, U, 0, 0);
	GIVE_CLIENT(TCP_SYN | TCP_ACK, P, U + 1, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(c->rto, 3000);
	CU_ASSERT_EQUAL(c->srtt, 0); /* Karn */
	tcp_abort(lab.t, c);
	lab_close();
}

static void simultaneous_open(void)
{
	struct tcp_conn *c;

	lab_open();
	c = connect_syn();
	GIVE_CLIENT(TCP_SYN, P, 0, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(c->state, TCP_SYN_RCVD);
	WANT(TCP_SYN | TCP_ACK, U, P + 1, 0);
	pass(1000);
	WANT(TCP_SYN | TCP_ACK, U, P + 1, 0);
	/* data on the SYN-ACK is not taken, and does not shift what follows */
	GIVE_CLIENT(TCP_SYN | TCP_ACK, P, U + 1, .len = 10, .o = {.mss = 1460});
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	CU_ASSERT_EQUAL(c->rx.bytes, 0);
	GIVE_CLIENT(TCP_ACK, P + 1, U + 1, .len = 10);
	read_bytes(c, P + 1, 10);
	tcp_abort(lab.t, c);
	drain();
	/* the pure ACK does it as well; an RST refuses */
	c = connect_syn();
	GIVE_CLIENT(TCP_SYN, P, 0, .o = {.mss = 1460});
	drain();
	GIVE_CLIENT(TCP_ACK, P + 1, U + 1);
	CU_ASSERT_EQUAL(c->state, TCP_ESTABLISHED);
	tcp_abort(lab.t, c);
	drain();
	c = connect_syn();
	GIVE_CLIENT(TCP_SYN, P, 0, .o = {.mss = 1460});
	drain();
	GIVE_CLIENT(TCP_RST, P + 1, 0);
	CU_ASSERT_EQUAL(c->error, ECONNREFUSED);
	tcp_release(lab.t, c);
	lab_close();
}

/* All of it before our SYN went out: nobody can acknowledge that. */
static void simultaneous_open_too_early(void)
{
	struct ip_endpoint local = {.port = 40000}, remote = {.port = 9000};
	struct tcp_conn *c;
	int error;

	lab_open();
	local.addr = lab.us;
	remote.addr = lab.peer;
	c = tcp_connect(lab.t, &local, &remote, &lab.path, NULL, &error);
	GIVE_CLIENT(TCP_SYN, P, 0, .o = {.mss = 1460});
	GIVE_CLIENT(TCP_ACK, P + 1, c->snd_una + 1);
	CU_ASSERT_EQUAL(c->state, TCP_SYN_RCVD);
	CU_ASSERT_EQUAL(COUNT(drop_bad_ack), 1);
	CU_ASSERT_EQUAL(take().flags, TCP_RST);
	WANT(TCP_SYN | TCP_ACK, c->snd_una, P + 1, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

static void connect_in_use(void)
{
	struct ip_endpoint local, remote = {.port = 9000};
	struct tcp_conn *c;
	int error;

	lab_open();
	local = (struct ip_endpoint){lab.us, 40000};
	remote.addr = lab.peer;
	c = connect_syn();
	CU_ASSERT_PTR_NULL(tcp_connect(lab.t, &local, &remote, &lab.path, NULL, &error));
	CU_ASSERT_EQUAL(error, EADDRINUSE);
	tcp_abort(lab.t, c);
	WANT_NONE(); /* nobody knows of it */
	lab_close();
}

static void isn(void)
{
	uint32_t a, b, c;

	lab_open();
	GIVE(TCP_SYN, P, 0);
	a = take().seq;
	GIVE(TCP_RST, P + 1, 0);
	lab.now += 40;
	GIVE(TCP_SYN, P, 0);
	b = take().seq;
	CU_ASSERT_EQUAL(b - a, 10); /* RFC 6528: one each 4 us */
	GIVE(TCP_SYN, P, 0, .sport = 5001);
	c = take().seq;
	CU_ASSERT_NOT_EQUAL(c, b);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(closed_port), UNIT_CASE(listen_rows),
	UNIT_CASE(passive_options), UNIT_CASE(window_scale), UNIT_CASE(mss_floor),
	UNIT_CASE(window_scale_too_large), UNIT_CASE(syn_with_data),
	UNIT_CASE(syn_ack_again_and_give_up), UNIT_CASE(syn_again), UNIT_CASE(half_open_rows),
	UNIT_CASE(tables_full), UNIT_CASE(watermark), UNIT_CASE(ecn_passive),
	UNIT_CASE(ecn_syn_again), UNIT_CASE(ecn_active), UNIT_CASE(orphans_make_room),
	UNIT_CASE(connect_ok), UNIT_CASE(connect_rows), UNIT_CASE(connect_timeout),
	UNIT_CASE(simultaneous_open), UNIT_CASE(simultaneous_open_too_early),
	UNIT_CASE(connect_in_use), UNIT_CASE(isn)};
UNIT_MAIN(cases)
