/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What comes in bursts, by the short way where there is one, against the same packets one by one by
 * the long way: state, counts, bytes, events and what leaves are the same.
 */
#include "base/rand.h"
#include "seg.h"

#define CONNS  3
#define PACKS  60
#define STREAM 40000u

/* Two instances of the same secrets and clock. */
enum { ONE_BY_ONE, BURST, LABS };
static __typeof__(lab) twin[LABS];
static struct tcp_conn *conn[LABS][CONNS];

static void use(int which)
{
	lab = twin[which];
}

static void open_both(bool ts)
{
	struct tcp_opts o = {.mss = 1460, .sack_ok = true, .has_ts = ts, .ts_val = PEER_TS};

	for (int i = 0; i < LABS; i++) {
		memset(&lab, 0, sizeof(lab));
		lab_open();
		for (uint16_t k = 0; k < CONNS; k++) {
			conn[i][k] = accept_from((uint16_t)(6000 + k), o);
			if (k == 0) /* the others have nothing in flight */
				send_bytes(conn[i][k], 3000);
			drain();
		}
		twin[i] = lab;
	}
}

static void close_both(void)
{
	for (int i = 0; i < LABS; i++) {
		uint8_t events;
		struct tcp_conn *c;

		use(i);
		while ((c = tcp_ready_take(lab.t, &events)) != NULL)
			if (events & TCP_EV_DEAD)
				tcp_release(lab.t, c);
		lab_close();
	}
}

/* What comes next: mostly the next bytes, now and then anything else. */
static struct seg any_seg(struct rand_state *r, uint32_t *next, bool *ce)
{
	uint16_t k = (uint16_t)rand_below(r, rand_below(r, 3) ? 1 : CONNS);
	const struct tcp_conn *c = conn[ONE_BY_ONE][k];
	struct seg s = {.flags = TCP_ACK,
		.seq = P + 1 + next[k],
		.ack = c->snd_una,
		.wnd = WND,
		.len = 1 + rand_below(r, 1448),
		.sport = (uint16_t)(6000 + k)};

	s.o.has_ts = c->flags & TCP_F_TS;
	s.o.ts_val = PEER_TS + next[k] / 1000;
	s.o.ts_ecr = 1;
	*ce = rand_below(r, 20) == 0;
	switch (rand_below(r, 40)) {
	case 0:
		s.seq += rand_below(r, 3000); /* a hole */
		return s;
	case 1:
		s.seq -= rand_below(r, 3000);
		return s;
	case 2:
		s.len = 0;
		return s;
	case 3:
		s.ack += rand_below(r, k ? 2 : 3000);
		break;
	case 4:
		s.wnd = (uint16_t)(WND + rand_below(r, 1000));
		break;
	case 5:
		s.flags |= rand_below(r, 4) ? TCP_CWR : TCP_FIN;
		break;
	case 6:
		s.o.ts_val -= rand_below(r, 10);
		break;
	case 7:
		s.o.has_ts = false;
		return s;
	case 8:
		if (rand_below(r, 4))
			break;
		s.flags |= rand_below(r, 2) ? TCP_RST : TCP_SYN;
		return s;
	default:
		if (rand_below(r, 5) == 0)
			s.flags |= TCP_PSH;
	}
	next[k] += s.len;
	return s;
}

static struct rte_mbuf *build(const struct seg *s, bool ce)
{
	struct rte_mbuf *m = seg_build(s);

	pkt_meta(m)->flags = ce ? PKT_F_ECN_CE : 0;
	return m;
}

/* As if nothing had come this millisecond: the long way. */
static void no_short_way(void)
{
	for (uint32_t k = 0; k < CONNS; k++)
		if (conn[ONE_BY_ONE][k]->rcv_ms == lab.t->now_ms)
			conn[ONE_BY_ONE][k]->rcv_ms--;
}

#define SAME(field) CU_ASSERT_EQUAL_FATAL(a->field, b->field)
static void check_conn(const struct tcp_conn *a, const struct tcp_conn *b)
{
	uint8_t bytes[LABS][1 << 16];

	SAME(state);
	SAME(flags);
	SAME(events);
	SAME(error);
	SAME(rcv_nxt);
	SAME(rcv_adv);
	SAME(ts_recent);
	SAME(last_ack_sent);
	SAME(snd_una);
	SAME(snd_nxt);
	SAME(snd_wnd);
	SAME(snd_wl1);
	SAME(rcv_limit);
	SAME(rcv_unacked);
	SAME(rx.bytes);
	SAME(rx.truesize);
	SAME(tx.bytes);
	SAME(t_ack);
	SAME(t_rtx);
	SAME(rtx_kind);
	SAME(backoff);
	SAME(quick);
	SAME(drs_seq);
	SAME(drs_us);
	SAME(rcv_rtt);
	CU_ASSERT_EQUAL_FATAL(a->ext != NULL, b->ext != NULL);
	if (a->ext) {
		SAME(ext->reasm.n);
		SAME(ext->reasm.bytes);
		SAME(ext->reasm.dsack_end);
		SAME(ext->has_fin);
	}
	buf_chain_read(&a->rx, 0, a->rx.bytes, bytes[0]);
	buf_chain_read(&b->rx, 0, b->rx.bytes, bytes[1]);
	CU_ASSERT_EQUAL_FATAL(memcmp(bytes[0], bytes[1], a->rx.bytes), 0);
}

/* What leaves, and that it is the same. */
static void check_output(void)
{
	struct seg out[LABS];

	do {
		for (int i = 0; i < LABS; i++) {
			use(i);
			out[i] = take();
		}
		CU_ASSERT_EQUAL_FATAL(out[0].flags, out[1].flags);
		CU_ASSERT_EQUAL_FATAL(out[0].seq, out[1].seq);
		CU_ASSERT_EQUAL_FATAL(out[0].ack, out[1].ack);
		CU_ASSERT_EQUAL_FATAL(out[0].wnd, out[1].wnd);
		CU_ASSERT_EQUAL_FATAL(out[0].o.n_sack, out[1].o.n_sack);
	} while (out[0].flags);
}

static void check_all(void)
{
	for (uint32_t k = 0; k < CONNS; k++)
		check_conn(conn[ONE_BY_ONE][k], conn[BURST][k]);
	CU_ASSERT_EQUAL_FATAL(
		memcmp(tcp_stats(twin[0].t), tcp_stats(twin[1].t), TCP_STAT_N * sizeof(uint64_t)),
		0);
	check_output();
}

static void round_of(struct rand_state *r, uint32_t *next)
{
	struct rte_mbuf *m, *pkts[PACKS];
	uint32_t n = 1 + rand_below(r, PACKS);
	uint64_t at = lab.now + rand_below(r, 3000);

	for (uint32_t i = 0; i < n; i++) {
		bool ce;
		struct seg s = any_seg(r, next, &ce);

		use(BURST);
		pkts[i] = build(&s, ce);
		use(ONE_BY_ONE);
		m = build(&s, ce);
		no_short_way();
		tcp_input(lab.t, &m, 1, at);
	}
	use(BURST); /* the pools, too */
	tcp_input(lab.t, pkts, (uint16_t)n, at);
	for (int i = 0; i < LABS; i++)
		twin[i].now = at;
	check_all();
	for (int i = 0; i < LABS; i++) {
		use(i);
		tcp_tick(lab.t, 100, lab.now);
		for (uint32_t k = 0; k < CONNS; k++) {
			buf_chain_consume(&conn[i][k]->rx, conn[i][k]->rx.bytes);
			tcp_consumed(lab.t, conn[i][k]);
		}
	}
	check_output();
}

static void same_as_one_by_one(void)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(6));
	for (int i = 0; i < 60; i++) {
		uint32_t next[CONNS] = {0};

		open_both(i % 2);
		for (int k = 0; k < LABS && i % 3 == 0; k++)
			for (int j = 0; j < CONNS; j++)
				conn[k][j]->flags |= TCP_F_ECN, conn[k][j]->quick = 7;
		while (next[0] < STREAM && conn[0][0]->state != TCP_CLOSED)
			round_of(&r, next);
		close_both();
	}
}

/* A burst of one connection: the bytes of all, one event, one ACK. */
static void one_ack(void)
{
	struct rte_mbuf *pkts[32];
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	for (uint32_t i = 0; i < 32; i++) {
		struct seg s = {.flags = TCP_ACK,
			.seq = P + 1 + 1000 * i,
			.ack = U + 1,
			.wnd = WND,
			.len = 1000};

		pkts[i] = seg_build(&s);
	}
	tcp_input(lab.t, pkts, 32, lab.now);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_READABLE);
	WANT(TCP_ACK, U + 1, P + 32001, 0);
	WANT_NONE();
	CU_ASSERT_EQUAL(COUNT(rx_segments), 34);
	read_bytes(c, P + 1, 32000);
	tcp_abort(lab.t, c);
	lab_close();
}

/* What is no TCP lies in the middle of a flow; and the connection ends there. */
static void strangers_between(void)
{
	struct seg s = {.flags = TCP_ACK, .seq = P + 1, .ack = U + 1, .wnd = WND, .len = 10};
	struct rte_mbuf *pkts[5];
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	s.ack = U + 1;
	pkts[0] = seg_build(&s);
	s.seq += 10;
	pkts[1] = seg_build(&s);
	pkts[1]->data_len = pkts[1]->pkt_len = 10; /* short */
	pkts[2] = seg_build(&s);
	s.seq += 10;
	s.flags = TCP_RST;
	s.len = 0;
	pkts[3] = seg_build(&s);
	s.flags = TCP_ACK;
	s.len = 10;
	pkts[4] = seg_build(&s);
	tcp_input(lab.t, pkts, 5, lab.now);
	CU_ASSERT_EQUAL(COUNT(drop_short), 1);
	CU_ASSERT_EQUAL(c->rx.bytes, 20);
	CU_ASSERT_EQUAL(c->state, TCP_CLOSED);
	CU_ASSERT_EQUAL(COUNT(drop_no_conn), 1); /* the last one found nobody */
	WANT(TCP_RST, U + 1, 0, 0);
	tcp_release(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {
	UNIT_CASE(same_as_one_by_one), UNIT_CASE(one_ack), UNIT_CASE(strangers_between)};
UNIT_MAIN(cases)
