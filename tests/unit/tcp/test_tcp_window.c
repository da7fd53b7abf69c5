/* SPDX-License-Identifier: BSD-3-Clause */
/* The window that we announce, seen from the wire. */
#include "base/rand.h"
#include "seg.h"

static struct tcp_conn *scaled(uint32_t limit)
{
	struct tcp_opts o = {.mss = 1460, .sack_ok = true, .has_wscale = true, .wscale = 7};
	struct tcp_conn *c;

	lab_open();
	lab.t->cfg.rcv_limit = limit;
	c = accept_from(0, o);
	c->quick = TCP_QUICK_ACKS;
	return c;
}

/* The right edge that the next packet announces; 0: no packet. */
static uint32_t edge(const struct tcp_conn *c)
{
	struct seg s = take();

	return s.flags ? s.ack + ((uint32_t)s.wnd << c->rcv_wscale) : 0;
}

static void fill(struct tcp_conn *c)
{
	while (c->rcv_adv != c->rcv_nxt) {
		uint32_t n = RTE_MIN(c->rcv_adv - c->rcv_nxt, 1460u);

		GIVE(TCP_ACK, c->rcv_nxt, U + 1, .len = n);
		drain();
	}
	pass(TCP_DELACK_MS);
	drain();
}

/* Pitfall 6: the update is lost; whatever the peer probes with, the answer tells it. */
static void lost_update(void)
{
	static const struct {
		int at;
		uint32_t len;
	} probes[] = {{-1, 0}, {-1, 1}, {0, 1}};
	struct tcp_conn *c;

	for (uint32_t i = 0; i < RTE_DIM(probes); i++) {
		lab_open();
		c = accept_one();
		fill(c);
		GIVE(TCP_ACK, c->rcv_nxt + (uint32_t)probes[i].at, U + 1, .len = probes[i].len);
		CU_ASSERT_EQUAL(edge(c), c->rcv_nxt); /* shut, and said so */
		read_bytes(c, P + 1, c->rx.bytes);
		CU_ASSERT_EQUAL(edge(c), c->rcv_nxt + LIMIT); /* lost on its way */
		pass(1000);
		GIVE(TCP_ACK, c->rcv_nxt + (uint32_t)probes[i].at, U + 1, .len = probes[i].len);
		pass(TCP_DELACK_MS);
		CU_ASSERT_TRUE(seq_gt(edge(c), c->rcv_nxt + LIMIT - 2000));
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Pitfall 7: however small the segments and odd the reads, the edge on the wire moves left by less
 * than one unit of the scale, and what lies below it is taken. */
static void never_shrinks(void)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(9));
	for (int round = 0; round < 20; round++) {
		struct tcp_conn *c = scaled(65535u << rand_below(&r, 5));
		uint32_t most = c->rcv_adv;

		for (int i = 0; i < 500; i++) {
			uint32_t left = most - c->rcv_nxt, n = 1 + rand_below(&r, 1460), e;
			uint32_t take_n = rand_below(&r, 3) ? 0 : rand_below(&r, c->rx.bytes + 1);

			n = RTE_MIN(n, left);
			if (n && rand_below(&r, 8) == 0 && left > 2 * n)
				GIVE(TCP_ACK, c->rcv_nxt + n, U + 1, .len = n); /* a hole */
			else if (n)
				GIVE(TCP_ACK, c->rcv_nxt, U + 1, .len = n);
			CU_ASSERT_EQUAL(COUNT(drop_window), 0);
			buf_chain_consume(&c->rx, RTE_MIN(take_n, c->rx.bytes));
			tcp_consumed(lab.t, c);
			e = edge(c);
			if (e == 0)
				continue;
			CU_ASSERT_TRUE_FATAL(seq_gt(e + (1u << c->rcv_wscale), most));
			most = seq_max(most, e);
			drain();
		}
		tcp_abort(lab.t, c);
		lab_close();
	}
}

/* Pitfall 7, the other half (RFC 9293 3.8.6.2.2): a reader of crumbs opens no crumbs. */
static void no_silly_window(void)
{
	uint32_t updates = 0;
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	fill(c);
	for (uint32_t i = 0; i < 10000; i += 10) {
		read_bytes(c, P + 1 + i, 10);
		updates += drain();
	}
	CU_ASSERT_TRUE(updates > 0 && updates <= 10000 / (2 * 1460) + 1);
	tcp_abort(lab.t, c);
	lab_close();
}

/* Pitfall 11: two ends that disagree do not answer each other for ever. */
static void no_ack_loop(void)
{
	uint32_t answers = 0;
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	for (uint32_t ms = 0; ms < 1000; ms++) {
		GIVE(TCP_ACK, P - 5000, U + 1);   /* of another time */
		GIVE(TCP_ACK, P + 1, U + 100000); /* of what was never sent */
		answers += drain();
		pass(1);
	}
	CU_ASSERT_TRUE(answers >= 1 && answers <= 11);
	tcp_abort(lab.t, c);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(lost_update), UNIT_CASE(never_shrinks),
	UNIT_CASE(no_silly_window), UNIT_CASE(no_ack_loop)};
UNIT_MAIN(cases)
