/* SPDX-License-Identifier: BSD-3-Clause */
#include "swap.h"

#define BODY 300000

/* Another pool in the place of the first: none of its members is the same. */
static void use_other_pool(struct version *v)
{
	version_init(v);
	v->pool[0].name = "q";
	v->member[0].name = "z";
	v->member[0].endpoint = lab.member[1].endpoint;
	v->pool[0].n_members = 1;
	CU_ASSERT_EQUAL(version_use(v), 0);
}

static void one_node_of_two(void)
{
	lab_init(2);
	lab.pool.n_members = 1;
	lab_start();
	lab.listening[1] = tcp_listen(lab.out, &lab.member[1].endpoint,
		&(struct tcp_path){.mtu = 1500}, (void *)(intptr_t)1);
}

static void removed_pool_answers_what_runs(void)
{
	static struct version v;
	struct peer *c, *n, *m;

	one_node_of_two();
	c = lab_client();
	n = lab_ask(c, 0, GET);
	use_other_pool(&v);
	CU_ASSERT_TRUE(version_used(&lab.conf));
	m = lab_one_get(lab_client(), 1);
	lab_answer(n, c, OK_5);
	lab_run(10);
	CU_ASSERT_TRUE(n->eof || n->dead); /* nobody will ask it again */
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_one_get_on(c, m);
	lab_stop();
}

static void idle_connections_of_a_removed_pool_are_closed(void)
{
	static struct version v;
	struct peer *n;

	one_node_of_two();
	n = lab_one_get(lab_client(), 0);
	CU_ASSERT_EQUAL(lab_info().backs_idle, 1);
	use_other_pool(&v);
	CU_ASSERT_EQUAL(lab_info().backs, 0);
	lab_run(5);
	CU_ASSERT_TRUE(n->eof);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab_stop();
}

static void same_member_keeps_its_connection(void)
{
	static struct version v;
	struct peer *c = lab_up(1), *n = lab_one_get(c, 0);

	version_init(&v);
	v.pool[0].hold_ms++;
	CU_ASSERT_EQUAL(version_use(&v), 0);
	lab_one_get_on(c, n);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_requests], 2);
	CU_ASSERT_EQUAL(lab_member(0)->stat[LB_STAT_reuses], 1);
	lab_stop();
}

/* A body on its way while pools, listeners and all come and go. */
static void transfer_across_a_hundred_swaps(void)
{
	static struct version v[100];
	static char body[BODY];
	struct peer *c, *n;
	size_t sent = 0;

	one_node_of_two();
	pattern_fill(body, BODY, 3);
	c = lab_client();
	n = lab_ask(c, 0, GET);
	peer_send(n, "HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n");
	for (unsigned i = 0; i < 100; i++) {
		version_init(&v[i]);
		v[i].pool[0].name = i % 3 == 0 ? "p" : i % 3 == 1 ? "q" : "r";
		v[i].listener[0].name = i % 2 ? "s3" : "t3";
		CU_ASSERT_EQUAL(version_use(&v[i]), 0);
		peer_bytes(n, body + sent, BODY / 100);
		sent += BODY / 100;
		lab_run(3);
		CU_ASSERT_TRUE(version_used(&lab.conf));
		if (i > 0)
			CU_ASSERT_FALSE(version_used(&v[i - 1].conf));
	}
	lab_run(200);
	CU_ASSERT_TRUE(c->n > BODY && memcmp(c->in + c->n - BODY, body, BODY) == 0);
	CU_ASSERT_TRUE(c->eof && !c->dead);
	peer_fin(c);
	lab_run(20);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	for (unsigned i = 0; i < 99; i++)
		CU_ASSERT_FALSE(version_used(&v[i].conf));
	CU_ASSERT_TRUE(version_used(&v[99].conf));
	lab_stop();
}

/* A retry under an older snapshot goes to that one's members. */
static void retry_stays_in_its_pool(void)
{
	static struct version v;
	struct peer *c = lab_up(2), *n = lab_ask(c, 0, GET), *m;

	version_init(&v);
	v.pool[0].name = "q";
	v.member[0].name = "z";
	v.pool[0].n_members = 1;
	CU_ASSERT_EQUAL(version_use(&v), 0);
	peer_reset(n);
	m = lab_node(1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	lab_run(5);
	lab_answer(m, c, OK_5);
	CU_ASSERT_FALSE(version_used(&lab.conf));
	lab.pool.n_members = 1; /* what lab_stop looks at */
	lab_stop();
}

static void prepared_and_dropped_changes_nothing(void)
{
	static struct version v;
	struct peer *c = lab_up(1), *n = lab_one_get(c, 0);
	struct relay_snapshot *s;
	struct err e = {""};

	version_init(&v);
	v.listener[0].name = "other";
	s = relay_prepare(lab.relay, &v.conf, NULL, NULL, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	relay_snapshot_destroy(s);
	relay_snapshot_destroy(NULL);
	CU_ASSERT_FALSE(version_used(&v.conf));
	lab_one_get_on(c, n);
	lab_stop();
}

static void draining_listens_no_more(void)
{
	static struct version v;
	struct peer *c;

	lab_init(1);
	lab_start();
	relay_drain(lab.relay, lab.now);
	version_init(&v);
	CU_ASSERT_EQUAL(version_use(&v), 0);
	c = lab_client();
	CU_ASSERT_TRUE(c->dead);
	lab_stop();
}

/* As when a drain's time is over: what runs there is reset, and goes elsewhere where it can. */
static void cut_is_a_member_that_dies(void)
{
	struct peer *c = lab_up(2), *n = lab_ask(c, 0, GET), *m;

	CU_ASSERT_EQUAL(relay_cut(lab.relay, lb_member(lab.lb, 0, 0), lab.now), 1);
	CU_ASSERT_EQUAL(relay_cut(lab.relay, lb_member(lab.lb, 0, 1), lab.now), 0);
	lab_run(5);
	CU_ASSERT_TRUE(n->dead);
	m = lab_node(1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	lab_run(5);
	lab_answer(m, c, OK_5);
	lab_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(removed_pool_answers_what_runs),
	UNIT_CASE(idle_connections_of_a_removed_pool_are_closed),
	UNIT_CASE(same_member_keeps_its_connection),
	UNIT_CASE(transfer_across_a_hundred_swaps),
	UNIT_CASE(retry_stays_in_its_pool),
	UNIT_CASE(prepared_and_dropped_changes_nothing),
	UNIT_CASE(draining_listens_no_more),
	UNIT_CASE(cut_is_a_member_that_dies),
};

UNIT_MAIN(cases)
