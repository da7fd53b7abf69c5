/* SPDX-License-Identifier: BSD-3-Clause */
/* SYN cookies: RFC 4987 3.6. The lab's table holds two half-open connections. */
#include "seg.h"

#define PERIOD_MS 64000u
#define FLOOD     100000u
#define ALL                                                                                        \
	{                                                                                          \
		.mss = 1460, .sack_ok = true, .has_ts = true, .ts_val = PEER_TS,                   \
		.has_wscale = true, .wscale = 7                                                    \
	}

/* From a source that is not there. */
static void spoofed_syn(uint32_t i)
{
	struct seg s = {.flags = TCP_SYN, .seq = i * 7919, .sport = (uint16_t)(1 + i), .wnd = WND};
	struct rte_mbuf *m;

	s.o = (struct tcp_opts){.mss = 1460};
	m = seg_build(&s);
	pkt_meta(m)->src.b[13] = 1;
	pkt_meta(m)->src.b[14] = (uint8_t)(i >> 16);
	pkt_meta(m)->src.b[15] = (uint8_t)(1 + (i >> 8) % 200);
	tcp_input(lab.t, &m, 1, lab.now);
}

/* The table is full of half-open connections, and stays so for a second. */
static void flooded(uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		spoofed_syn(i);
		drain();
	}
}

/* SYN to a flooded listener; the SYN-ACK. */
static struct seg syn(uint16_t sport, uint8_t flags, struct tcp_opts o)
{
	uint64_t before = COUNT(cookies_sent);
	struct seg s;

	GIVE(TCP_SYN | flags, P, 0, .o = o, .sport = sport);
	s = take();
	CU_ASSERT_EQUAL(s.flags & ~TCP_ECE, TCP_SYN | TCP_ACK);
	CU_ASSERT_EQUAL(s.ack, P + 1);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), before + 1);
	return s;
}

/* Its ACK, with n bytes; the connection or NULL. */
static struct tcp_conn *ack(uint16_t sport, const struct seg *synack, uint32_t n)
{
	struct tcp_opts o = {
		.has_ts = synack->o.has_ts, .ts_val = PEER_TS + 1, .ts_ecr = synack->o.ts_val};

	GIVE(TCP_ACK, P + 1, synack->seq + 1, .o = o, .sport = sport, .len = n);
	lab.iss = synack->seq;
	return tcp_ready_take(lab.t, &(uint8_t){0});
}

/* What is in c, but for what no peer can see. */
static void same_conn(const struct tcp_conn *a, const struct tcp_conn *b)
{
	CU_ASSERT_EQUAL(a->state, b->state);
	CU_ASSERT_EQUAL(a->flags, b->flags);
	CU_ASSERT_EQUAL(a->mss, b->mss);
	CU_ASSERT_EQUAL(a->snd_wscale, b->snd_wscale);
	CU_ASSERT_EQUAL(a->rcv_wscale, b->rcv_wscale);
	CU_ASSERT_EQUAL(a->snd_wnd, b->snd_wnd);
	CU_ASSERT_EQUAL(a->rcv_limit, b->rcv_limit);
	CU_ASSERT_EQUAL(a->rcv_nxt, b->rcv_nxt);
	CU_ASSERT_EQUAL(a->rcv_adv, b->rcv_adv);
	CU_ASSERT_EQUAL(a->last_ack_sent, b->last_ack_sent);
	CU_ASSERT_EQUAL(a->ts_recent, b->ts_recent);
	CU_ASSERT_EQUAL(a->cwnd, b->cwnd);
	CU_ASSERT_EQUAL(a->rto, b->rto);
	CU_ASSERT_EQUAL(a->listener, b->listener);
	CU_ASSERT_EQUAL(a->lport, b->lport);
}

/* A cookie gives the connection that a record would have given. */
static void as_a_record(void)
{
	static const uint16_t mss[] = {216, 536, 1024, 1300, 1400, 1440, 1460};
	struct tcp_opts o = ALL;

	for (uint32_t i = 0; i < RTE_DIM(mss) * 4; i++) {
		struct tcp_conn *a, *b;
		struct seg s;

		lab_open();
		o.mss = mss[i / 4];
		o.sack_ok = i & 1;
		o.has_wscale = i & 2;
		o.wscale = (uint8_t)(o.has_wscale ? i / 2 : 0);
		GIVE(TCP_SYN, P, 0, .o = o);
		s = take();
		a = ack(0, &s, 0);
		flooded(2);
		s = syn(5001, 0, o);
		CU_ASSERT_EQUAL(s.o.sack_ok, o.sack_ok);
		CU_ASSERT_EQUAL(s.o.has_wscale, o.has_wscale);
		CU_ASSERT_EQUAL(s.o.mss, 1460);
		CU_ASSERT_EQUAL(s.wnd, LIMIT);
		b = ack(5001, &s, 0);
		CU_ASSERT_TRUE_FATAL(a && b);
		same_conn(a, b);
		tcp_abort(lab.t, a);
		tcp_abort(lab.t, b);
		lab_close();
	}
}

/* 100000 SYNs from nowhere: nothing grows, and who is there gets through, with all options. */
static void flood(void)
{
	struct tcp_opts o = ALL;
	struct tcp_info info;
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	flooded(FLOOD);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 2);
	CU_ASSERT_EQUAL(info.conns, 0);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), FLOOD - 2);
	UNIT_NO_LEAK(&lab.pools);
	s = syn(0, 0, o);
	c = ack(0, &s, 100); /* the ACK was lost, the first data says the same */
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(COUNT(cookies_accepted), 1);
	CU_ASSERT_EQUAL(c->snd_wscale, 7);
	CU_ASSERT_EQUAL(c->snd_wnd, WND << 7);
	CU_ASSERT_EQUAL(c->flags & (TCP_F_TS | TCP_F_SACK), TCP_F_TS | TCP_F_SACK);
	read_bytes(c, P + 1, 100);
	send_bytes(c, 1000);
	s = take();
	CU_ASSERT_EQUAL(s.seq, U + 1);
	CU_ASSERT_EQUAL(s.ack, P + 101);
	CU_ASSERT_EQUAL(s.len, 1000);
	CU_ASSERT_EQUAL(s.o.ts_ecr, PEER_TS + 1);
	/* and a hole is reported by SACK */
	o = (struct tcp_opts){.has_ts = true, .ts_val = PEER_TS + 2, .ts_ecr = s.o.ts_val};
	GIVE(TCP_ACK, P + 201, U + 1001, .o = o, .len = 100);
	CU_ASSERT_EQUAL(c->snd_una, U + 1001);
	s = take();
	CU_ASSERT_EQUAL(s.o.n_sack, 1);
	CU_ASSERT_EQUAL(s.o.sack[0].start, P + 201);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Without timestamps: no window scale, no SACK, no ECN. */
static void no_timestamps(void)
{
	struct tcp_conn *c;
	struct seg s;

	lab.path = (struct tcp_path){.mtu = 1500, .ecn = true};
	lab_open();
	flooded(2);
	s = syn(0, TCP_ECE | TCP_CWR,
		(struct tcp_opts){.mss = 1460, .sack_ok = true, .has_wscale = true, .wscale = 7});
	CU_ASSERT_FALSE(s.o.sack_ok || s.o.has_wscale || s.o.has_ts);
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK);
	c = ack(0, &s, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->flags & (TCP_F_TS | TCP_F_SACK | TCP_F_ECN), 0);
	CU_ASSERT_EQUAL(c->snd_wnd, WND);
	CU_ASSERT_EQUAL(c->rcv_wscale, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

static void ecn(void)
{
	struct tcp_opts o = ALL;
	struct tcp_conn *c;
	struct seg s;

	lab.path = (struct tcp_path){.mtu = 1500, .ecn = true};
	lab_open();
	flooded(2);
	s = syn(0, TCP_ECE | TCP_CWR, o);
	CU_ASSERT_EQUAL(s.flags, TCP_SYN | TCP_ACK | TCP_ECE);
	c = ack(0, &s, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_TRUE(c->flags & TCP_F_ECN);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Rounded down to what the three bits can say, never below the floor, never above the offer. */
static void mss(void)
{
	static const struct {
		uint16_t offer, got;
	} rows[] = {{0, 536}, {1, TCP_MSS_FLOOR}, {216, 216}, {535, 216}, {536, 536}, {1299, 1024},
		{1452, 1440}, {1460, 1460}, {9000, 1460 /* our path */}};

	lab_open();
	flooded(2);
	for (uint16_t i = 0; i < RTE_DIM(rows); i++) {
		uint16_t port = (uint16_t)(5000 + i);
		struct tcp_conn *c;
		struct seg s;

		if (rows[i].offer)
			s = syn(port, 0, (struct tcp_opts){.mss = rows[i].offer});
		else
			GIVE(TCP_SYN, P, 0, .raw = (const uint8_t[]){1, 1, 1, 1}, .raw_len = 4,
				.sport = port),
				s = take();
		c = ack(port, &s, 0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(c);
		CU_ASSERT_EQUAL(c->mss, rows[i].got);
		tcp_abort(lab.t, c);
		drain();
	}
	lab_close();
}

static void ipv6(void)
{
	struct seg s = {.flags = TCP_SYN, .seq = P, .sport = 5000, .wnd = WND};
	struct rte_mbuf *m;
	struct seg got;
	struct ip_endpoint at = {.port = 80};
	struct tcp_path path = {.mtu = 1500};
	struct tcp_conn *c;

	lab_open();
	ip_addr_parse("2001:db8::1", &at.addr);
	CU_ASSERT_TRUE_FATAL(tcp_listen(lab.t, &at, &path, NULL) >= 0);
	flooded(2);
	s.o = (struct tcp_opts)ALL;
	s.o.mss = 1440;
	for (int i = 0; i < 2; i++) {
		m = seg_build(&s);
		pkt_meta(m)->dst = at.addr;
		ip_addr_parse("2001:db8::2", &pkt_meta(m)->src);
		tcp_input(lab.t, &m, 1, lab.now);
		got = take();
		s.flags = TCP_ACK;
		s.seq = P + 1;
		s.ack = got.seq + 1;
		s.o = (struct tcp_opts){.has_ts = true, .ts_val = PEER_TS, .ts_ecr = got.o.ts_val};
	}
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->mss, 1440);
	CU_ASSERT_EQUAL(c->snd_wscale, 7);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Every field that a forger could turn. */
static void forged(void)
{
	struct tcp_opts o = ALL, back = {.has_ts = true, .ts_val = PEER_TS + 1};
	struct seg s, bare;

	lab_open();
	flooded(2);
	s = syn(0, 0, o);
	back.ts_ecr = s.o.ts_val;
	for (uint32_t bit = 0; bit < 32; bit++) {
		GIVE(TCP_ACK, P + 1, (s.seq ^ 1u << bit) + 1, .o = back);
		WANT(TCP_RST, (s.seq ^ 1u << bit) + 1, 0, 0);
	}
	GIVE(TCP_ACK, P + 2, s.seq + 1, .o = back);
	WANT(TCP_RST, s.seq + 1, 0, 0);
	GIVE(TCP_ACK, P + 1, s.seq + 1, .o = back, .sport = 5001);
	WANT(TCP_RST, s.seq + 1, 0, 0);
	back.ts_ecr ^= 1; /* another window scale */
	GIVE(TCP_ACK, P + 1, s.seq + 1, .o = back);
	WANT(TCP_RST, s.seq + 1, 0, 0);
	GIVE(TCP_ACK, P + 1, s.seq + 1); /* its timestamps are gone */
	WANT(TCP_RST, s.seq + 1, 0, 0);
	CU_ASSERT_EQUAL(COUNT(cookies_rejected), 36);
	CU_ASSERT_EQUAL(COUNT(drop_no_conn), 36);
	/* nor where they would have said nothing */
	bare = syn(5002, 0, (struct tcp_opts){.mss = 1460, .has_ts = true});
	GIVE(TCP_ACK, P + 1, bare.seq + 1, .sport = 5002);
	WANT(TCP_RST, bare.seq + 1, 0, 0);
	back.ts_ecr ^= 1;
	GIVE(TCP_SYN | TCP_ACK, P + 1, s.seq + 1, .o = back);
	WANT(TCP_RST, s.seq + 1, 0, 0);
	GIVE(TCP_RST | TCP_ACK, P + 1, s.seq + 1);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(cookies_rejected), 37); /* not even looked at */
	CU_ASSERT_EQUAL(lab.t->conns, 0);
	tcp_abort(lab.t, ack(0, &s, 0)); /* and the right one still does it */
	lab_close();
}

/* A cookie lives for the rest of its period and the next one. */
static void periods(void)
{
	struct tcp_opts o = ALL;
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	lab.now = 10ull * PERIOD_MS * MS;
	flooded(2);
	s = syn(0, 0, o);
	lab.now += (2ull * PERIOD_MS - 1) * MS;
	c = ack(0, &s, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	tcp_abort(lab.t, c);
	drain();
	s = syn(0, 0, o);
	lab.now += (PERIOD_MS + 1) * MS; /* it was the last ms of a period */
	CU_ASSERT_PTR_NULL(ack(0, &s, 0));
	CU_ASSERT_EQUAL(take().flags, TCP_RST);
	CU_ASSERT_EQUAL(COUNT(cookies_rejected), 0); /* too old to look at */
	/* its key is gone, though cookies are out again: in a period with the same lowest bit, and
	 * where nothing happened for a while */
	for (uint32_t i = 2; i < 4; i++) {
		s = syn(0, 0, o);
		lab.now += i * PERIOD_MS * MS;
		flooded(3);
		CU_ASSERT_PTR_NULL(ack(0, &s, 0));
		CU_ASSERT_EQUAL(take().flags, TCP_RST);
		CU_ASSERT_EQUAL(COUNT(cookies_rejected), i - 1);
	}
	lab_close();
}

/* No cookie out, none is accepted: not even one that would fit. */
static void only_while_out(void)
{
	struct tcp_opts o = ALL;
	struct seg s;

	lab_open();
	flooded(2);
	s = syn(0, 0, o);
	lab.t->listener[0].cookie_period = 0;
	CU_ASSERT_PTR_NULL(ack(0, &s, 0));
	CU_ASSERT_EQUAL(take().flags, TCP_RST);
	CU_ASSERT_EQUAL(COUNT(cookies_rejected), 0);
	lab_close();
}

/* The same SYN again in the same period gets the same answer, from a later clock. */
static void syn_again(void)
{
	struct tcp_opts o = ALL;
	struct seg a, b;
	struct tcp_conn *c;

	lab_open();
	lab.now = 20ull * PERIOD_MS * MS;
	flooded(2);
	a = syn(0, 0, o);
	lab.now += 1000 * MS;
	b = syn(0, 0, o);
	CU_ASSERT_EQUAL(a.seq, b.seq);
	CU_ASSERT_TRUE(seq_gt(b.o.ts_val, a.o.ts_val));
	c = ack(0, &a, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	tcp_abort(lab.t, c);
	lab_close();
}

/* The flood ends between two copies of a SYN: the peer answers the first, and is not reset. */
static void cookie_then_record(void)
{
	struct tcp_opts o = ALL;
	struct tcp_info info;
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	flooded(2);
	pass(14500);
	drain();
	s = syn(0, 0, o);
	pass(1000);
	GIVE(TCP_SYN, P, 0, .o = o);
	CU_ASSERT_NOT_EQUAL(take().seq, s.seq);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 1);
	c = ack(0, &s, 10);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	read_bytes(c, P + 1, 10);
	tcp_info(lab.t, &info);
	CU_ASSERT_EQUAL(info.syns, 0);
	tcp_abort(lab.t, c);
	lab_close();
}

/* The timestamp with its message is never after the clock, at most 64 ms before it, and grows. */
static void timestamp(void)
{
	struct tcp_opts o = ALL;
	uint32_t last = 0;
	struct tcp_conn *c;
	struct seg s;

	lab_open();
	flooded(2);
	for (uint32_t i = 0; i < 200; i++) {
		struct tcp_key k = {lab.peer, 0, 80, 5000, 0};
		uint32_t real = (uint32_t)(lab.now / MS) + tcp__ts_offset(lab.t, &k);

		s = syn(0, 0, o);
		CU_ASSERT_TRUE(seq_leq(s.o.ts_val, real) && real - s.o.ts_val < 64);
		CU_ASSERT_TRUE(i == 0 || seq_geq(s.o.ts_val, last));
		last = s.o.ts_val;
		lab.now += MS;
	}
	c = ack(0, &s, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	send_bytes(c, 1);
	CU_ASSERT_TRUE(seq_geq(take().o.ts_val, last));
	tcp_abort(lab.t, c);
	lab_close();
}

/* The ladder of pool pressure: records up to its second step. */
static void under_pressure(void)
{
	lab_open();
	lab.t->pressure = TCP_PRESSURE_SHRINK;
	GIVE(TCP_SYN, P, 0, .sport = 5001);
	CU_ASSERT_EQUAL(lab.t->syn.used, 1);
	lab.t->pressure = TCP_PRESSURE_COOKIE;
	GIVE(TCP_SYN, P, 0, .sport = 5002);
	CU_ASSERT_EQUAL(lab.t->syn.used, 1);
	CU_ASSERT_EQUAL(COUNT(cookies_sent), 1);
	lab_close();
}

/* Handshake complete, but no connection is free: dropped, and it may come again. */
static void no_place(void)
{
	struct tcp_conn *c[4];
	struct tcp_opts o = ALL;
	struct seg s;

	lab_open();
	for (uint16_t i = 0; i < 4; i++)
		c[i] = accept_from((uint16_t)(7000 + i), (struct tcp_opts){.mss = 1460});
	flooded(2);
	s = syn(0, 0, o);
	CU_ASSERT_PTR_NULL(ack(0, &s, 0));
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(drop_conns_full), 1);
	tcp_abort(lab.t, c[0]);
	drain();
	c[0] = ack(0, &s, 0);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c[0]);
	for (int i = 0; i < 4; i++)
		tcp_abort(lab.t, c[i]);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(as_a_record), UNIT_CASE(flood),
	UNIT_CASE(no_timestamps), UNIT_CASE(ecn), UNIT_CASE(mss), UNIT_CASE(ipv6),
	UNIT_CASE(forged), UNIT_CASE(periods), UNIT_CASE(only_while_out), UNIT_CASE(syn_again),
	UNIT_CASE(cookie_then_record), UNIT_CASE(timestamp), UNIT_CASE(under_pressure),
	UNIT_CASE(no_place)};
UNIT_MAIN(cases)
