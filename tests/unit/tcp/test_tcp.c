/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance and what owners call. */
#include <errno.h>

#include "seg.h"

static void listeners(void)
{
	struct ip_endpoint at = {.port = 80};
	struct tcp_path path = {1500, 0};
	int a, b;

	lab_open();
	at.addr = lab.us;
	CU_ASSERT_EQUAL(tcp_listen(lab.t, &at, &path, NULL), -EADDRINUSE);
	at.port = 81;
	a = tcp_listen(lab.t, &at, &path, &a);
	CU_ASSERT_PTR_EQUAL(tcp_listener_user(lab.t, a), &a);
	memset(&at.addr, 0, sizeof(at.addr));
	b = tcp_listen(lab.t, &at, &path, &b); /* any address: beside the exact one */
	CU_ASSERT_TRUE(b >= 0 && b != a);
	CU_ASSERT_PTR_EQUAL(tcp__listener_find(lab.t, &lab.us, 81)->user, &a);
	CU_ASSERT_PTR_EQUAL(tcp__listener_find(lab.t, &lab.peer, 81)->user, &b);
	tcp_unlisten(lab.t, a);
	CU_ASSERT_PTR_EQUAL(tcp__listener_find(lab.t, &lab.us, 81)->user, &b);
	for (at.port = 1000; tcp_listen(lab.t, &at, &path, NULL) >= 0; at.port++)
		;
	CU_ASSERT_EQUAL(tcp_listen(lab.t, &at, &path, NULL), -ENOSPC);
	lab_close();
}

static void wildcard_address(void)
{
	struct ip_endpoint at = {.port = 81};
	struct tcp_path path = {1500, 0};
	struct seg s = {.flags = TCP_SYN, .seq = P, .dport = 81};
	struct rte_mbuf *m;
	struct tcp_conn *c;
	struct seg got;
	struct ip_endpoint local;

	lab_open();
	tcp_listen(lab.t, &at, &path, NULL);
	for (int i = 0; i < 2; i++) {
		m = seg_build(&s);
		ip_addr_parse("2001:db8::1", &pkt_meta(m)->dst);
		ip_addr_parse("2001:db8::2", &pkt_meta(m)->src);
		tcp_input(lab.t, &m, 1, lab.now);
		got = take();
		s = (struct seg){.flags = TCP_ACK,
			.seq = P + 1,
			.ack = got.seq + 1,
			.dport = 81,
			.wnd = WND};
	}
	CU_ASSERT_EQUAL(got.flags, 0);
	c = tcp_ready_take(lab.t, &(uint8_t){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->mss, 1220); /* none offered, IPv6 */
	tcp_conn_local(lab.t, c, &local);
	CU_ASSERT_EQUAL(local.port, 81);
	CU_ASSERT_EQUAL(local.addr.b[15], 1);
	tcp_abort(lab.t, c);
	lab_close();
}

/* What an owner may call on a dead connection, and what comes of it */
static void dead(void)
{
	struct tcp_conn *c;
	struct buf_chain chain = {0};

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10);
	GIVE(TCP_RST, P + 11, 0);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_READABLE | TCP_EV_DEAD);
	buf_chain_write(&chain, "x", 1, lab.pools.data);
	CU_ASSERT_EQUAL(tcp_send(lab.t, c, &chain), -EPIPE);
	CU_ASSERT_EQUAL(chain.bytes, 1);
	buf_chain_free(&chain);
	tcp_shutdown(lab.t, c);
	read_bytes(c, P + 1, 10);
	tcp_release(lab.t, c);
	WANT_NONE();
	CU_ASSERT_EQUAL(lab.t->conns, 0);
	lab_close();
}

/* Released while on both lists: free when the lists let go of it. */
static void on_lists(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10);
	send_bytes(c, 10);
	tcp_abort(lab.t, c);
	CU_ASSERT_EQUAL(lab.t->conns, 1);
	CU_ASSERT_PTR_NULL(tcp_ready_take(lab.t, &(uint8_t){0}));
	CU_ASSERT_EQUAL(lab.t->conns, 1);
	CU_ASSERT_EQUAL(drain(), 1); /* the RST */
	CU_ASSERT_EQUAL(lab.t->conns, 0);
	CU_ASSERT_PTR_NULL(tcp_conn_at(lab.t, 0));
	lab_close();
}

/* Looked at and left on the list; news that only the owner knows of. */
static void looked_at(void)
{
	struct tcp_conn *c;
	uint8_t ev;

	lab_open();
	c = accept_one();
	CU_ASSERT_PTR_NULL(tcp_ready_next(lab.t, NULL));
	tcp_notify(lab.t, c);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10);
	CU_ASSERT_PTR_EQUAL(tcp_ready_next(lab.t, NULL), c);
	CU_ASSERT_PTR_NULL(tcp_ready_next(lab.t, c));
	CU_ASSERT_PTR_EQUAL(tcp_ready_take(lab.t, &ev), c);
	CU_ASSERT_EQUAL(ev, TCP_EV_READABLE);
	CU_ASSERT_PTR_NULL(tcp_ready_take(lab.t, &ev));
	lab_close();
}

static void room(void)
{
	struct tcp_conn c = {0};

	CU_ASSERT_EQUAL(tcp_tx_room(&c, 1000), 1000);
	c.tx.bytes = 400;
	CU_ASSERT_EQUAL(tcp_tx_room(&c, 1000), 600);
	c.tx.truesize = 1000;
	CU_ASSERT_EQUAL(tcp_tx_room(&c, 1000), 500);
	c.tx.bytes = 1001;
	CU_ASSERT_EQUAL(tcp_tx_room(&c, 1000), 0);
}

static void names(void)
{
	CU_ASSERT_STRING_EQUAL(tcp_state_name(TCP_CLOSED), "CLOSED");
	CU_ASSERT_STRING_EQUAL(tcp_state_name(TCP_TIME_WAIT), "TIME_WAIT");
	CU_ASSERT_STRING_EQUAL(tcp_state_name(200), "?");
	for (int i = 0; i < TCP_STAT_N; i++)
		CU_ASSERT_PTR_NOT_NULL(tcp_stat_names[i].name);
}

/* Instances are freed with whatever is going on. */
static void destroy_busy(void)
{
	struct tcp_conn *c;

	lab_open();
	c = accept_one();
	send_bytes(c, 5000);
	GIVE(TCP_ACK, P + 1, U + 1, .len = 10);
	GIVE(TCP_ACK, P + 101, U + 1, .len = 10);
	GIVE(TCP_SYN, P, 0, .sport = 5001);
	GIVE(TCP_ACK, P, 5, .dport = 99);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(listeners), UNIT_CASE(wildcard_address),
	UNIT_CASE(dead), UNIT_CASE(on_lists), UNIT_CASE(looked_at), UNIT_CASE(room),
	UNIT_CASE(names), UNIT_CASE(destroy_busy)};
UNIT_MAIN(cases)
