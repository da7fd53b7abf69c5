/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static const struct ctl_counters_lib *lib(const struct ctl_counters *c, const char *name)
{
	for (unsigned i = 0; i < c->n; i++)
		if (strcmp(c->lib[i].block.lib, name) == 0)
			return &c->lib[i];
	CU_FAIL_FATAL("no such lib");
	return NULL;
}

/* Workers, queues, listeners and members add up; every library is there once. */
static void sums(void)
{
	static const char *const names[] = {
		"port", "net", "tcp", "relay", "http", "http_rsp", "lb", "lb_pool", "worker"};
	static struct ctl_counters c;

	system_up();
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		struct system_worker *k = &sys.worker[w];

		for (unsigned p = 0; p < 2; p++)
			poke(&port_stats(sys.ports[p], (uint16_t)w).values[PORT_STAT_rx_packets],
				1);
		poke(&net_stat_block(k->net).values[NET_STAT_rx_runt], 10);
		poke(&tcp_stats(k->tcp)[TCP_STAT_drop_paws], 100);
		poke(&relay_stat_block(k->relay, 0).values[RELAY_STAT_requests], 1000);
		poke(&relay_refusals_req(k->relay).values[0], 7);
		poke(&lb_member(k->lb, 0, 1)->stat[LB_STAT_resets], 3);
		poke(&lb_member(k->lb, 1, 0)->stat[LB_STAT_resets], 2);
		poke(&lb_pool(k->lb, 1)->learned->stat[LB_POOL_STAT_picks_none], 4);
		k->own[0] = 50;
	}
	ctl__counters_sum(&sys.core, &c);
	CU_ASSERT_EQUAL(c.n, RTE_DIM(names));
	for (unsigned i = 0; i < RTE_DIM(names); i++)
		CU_ASSERT_PTR_NOT_NULL(lib(&c, names[i]));
	CU_ASSERT_EQUAL(lib(&c, "port")->sum[PORT_STAT_rx_packets], 4);
	CU_ASSERT_EQUAL(lib(&c, "net")->sum[NET_STAT_rx_runt], 20);
	CU_ASSERT_EQUAL(lib(&c, "tcp")->sum[TCP_STAT_drop_paws], 200);
	CU_ASSERT_EQUAL(lib(&c, "relay")->sum[RELAY_STAT_requests], 2000);
	CU_ASSERT_EQUAL(lib(&c, "http")->sum[0], 14);
	CU_ASSERT_EQUAL(lib(&c, "http_rsp")->sum[0], 0);
	CU_ASSERT_EQUAL(lib(&c, "lb")->sum[LB_STAT_resets], 10);
	CU_ASSERT_EQUAL(lib(&c, "lb_pool")->sum[LB_POOL_STAT_picks_none], 8);
	CU_ASSERT_EQUAL(lib(&c, "worker")->sum[0], 100);
	CU_ASSERT_PTR_EQUAL(lib(&c, "tcp")->block.values, lib(&c, "tcp")->sum);
	system_down();
}

static void drops(void)
{
	CU_ASSERT_TRUE(ctl__counter_is_drop(&(struct stat_name){"x", "dropped: too old"}));
	CU_ASSERT_FALSE(ctl__counter_is_drop(&(struct stat_name){"x", "segments dropped"}));
	CU_ASSERT_FALSE(ctl__counter_is_drop(&(struct stat_name){"drop_x", ""}));
}

static void members(void)
{
	static struct stat_hist first, last;
	struct ctl_member m;

	system_up();
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++) {
		struct lb_member *lm = lb_member(sys.worker[w].lb, 0, 1);

		lm->stat[LB_STAT_requests] = 10;
		lm->active = 1;
		lm->idle = 2;
		stat_hist_add(&lm->ttfb, 5 + w);
		stat_hist_add(&lm->total, 500);
	}
	lb_set_weight(sys.worker[1].lb, lb_member(sys.worker[1].lb, 0, 1), 0, 0);
	ctl__member_sum(&sys.core, 0, 1, &m);
	CU_ASSERT_EQUAL(m.stat[LB_STAT_requests], 20);
	CU_ASSERT_EQUAL(m.active, 2);
	CU_ASSERT_EQUAL(m.idle, 4);
	CU_ASSERT_EQUAL(m.in_state[LB_UP], 1);
	CU_ASSERT_EQUAL(m.in_state[LB_DRAIN], 1);
	ctl__member_latency(&sys.core, 0, 1, &first, &last);
	CU_ASSERT_EQUAL(first.count, 2);
	CU_ASSERT_EQUAL(first.max, 6);
	CU_ASSERT_EQUAL(last.sum, 1000);
	ctl__member_sum(&sys.core, 0, 0, &m);
	CU_ASSERT_EQUAL(m.stat[LB_STAT_requests], 0);
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(sums), UNIT_CASE(drops), UNIT_CASE(members)};
UNIT_MAIN(cases)
