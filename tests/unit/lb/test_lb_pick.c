/* SPDX-License-Identifier: BSD-3-Clause */
#include "lb/lb_priv.h"
#include "lb_test.h"

static struct lb_fixture f;

static const uint32_t weights_521[] = {5, 1, 2};
static const uint32_t weights_111[] = {1, 1, 1};

static void round_robin_is_exact_and_smooth(void)
{
	unsigned count[3] = {0};
	int last = -1, run = 0, longest = 0;

	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, weights_521, 3);
	for (unsigned i = 0; i < 8 * 100; i++) {
		int m = lb_pick(f.lb, f.p, &any, 0);

		count[m]++;
		run = m == last ? run + 1 : 1;
		longest = run > longest ? run : longest;
		last = m;
		if (i % 8 == 7) { /* every single round is exact */
			CU_ASSERT_EQUAL(count[0], 5 * (i + 1) / 8);
			CU_ASSERT_EQUAL(count[1], 1 * (i + 1) / 8);
			CU_ASSERT_EQUAL(count[2], 2 * (i + 1) / 8);
		}
	}
	CU_ASSERT_TRUE(longest <= 3);
	lb_down(&f);
}

static void least_connections_follows_load_and_weight(void)
{
	lb_up(&f, CONF_BALANCE_LEAST_CONNECTIONS, weights_521, 3);
	for (unsigned i = 0; i < 800; i++)
		lb_start(f.lb, f.p, (unsigned)lb_pick(f.lb, f.p, &any, 0), 0, 0);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 0)->active, 500);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 1)->active, 100);
	CU_ASSERT_EQUAL(lb_member(f.lb, 0, 2)->active, 200);
	/* whoever gets free gets the next */
	lb_done(f.lb, f.p, 1, &(struct lb_result){.outcome = LB_CANCEL}, 0);
	CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 1);
	lb_down(&f);
}

static void least_connections_idle_pool_takes_turns(void)
{
	unsigned count[3] = {0};

	lb_up(&f, CONF_BALANCE_LEAST_CONNECTIONS, weights_111, 3);
	for (unsigned i = 0; i < 300; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(count[i], 100);
	lb_down(&f);
}

static void random_two_by_weight_when_idle(void)
{
	unsigned count[3] = {0};

	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_111, 3);
	for (unsigned i = 0; i < 30000; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	for (unsigned i = 0; i < 3; i++) /* 5 sigma of a binomial: 408 */
		CU_ASSERT_TRUE(count[i] > 9592 && count[i] < 10408);
	lb_down(&f);

	memset(count, 0, sizeof(count));
	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_521, 3);
	for (unsigned i = 0; i < 8000; i++)
		count[lb_pick(f.lb, f.p, &any, 0)]++;
	CU_ASSERT_TRUE(count[0] > count[2] && count[2] > count[1]);
	CU_ASSERT_TRUE(count[0] > 4700 && count[0] < 5300);
	lb_down(&f);
}

static void random_two_never_takes_the_most_loaded(void)
{
	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights_111, 3);
	for (unsigned i = 0; i < 10; i++)
		lb_start(f.lb, f.p, 2, 0, 0);
	lb_start(f.lb, f.p, 1, 0, 0);
	for (unsigned i = 0; i < 1000; i++)
		CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 2);
	lb_down(&f);
}

static void random_two_stays_balanced(void)
{
	static const uint32_t weights[8] = {1, 1, 1, 1, 1, 1, 1, 1};
	uint32_t max = 0;

	lb_up(&f, CONF_BALANCE_RANDOM_TWO, weights, 8);
	for (unsigned i = 0; i < 8000; i++)
		lb_start(f.lb, f.p, (unsigned)lb_pick(f.lb, f.p, &any, 0), 0, 0);
	for (unsigned i = 0; i < 8; i++)
		max = RTE_MAX(max, lb_member(f.lb, 0, i)->active);
	CU_ASSERT_TRUE(max <= 1005); /* mean + O(log log n); plain random would be near 1060 */
	lb_down(&f);
}

static const enum conf_balance everything[] = {CONF_BALANCE_ROUND_ROBIN,
	CONF_BALANCE_LEAST_CONNECTIONS, CONF_BALANCE_RANDOM_TWO, CONF_BALANCE_TAIL,
	CONF_BALANCE_HASH};

static void tried_members_are_left_out(void)
{
	for (unsigned a = 0; a < RTE_DIM(everything); a++) {
		struct lb_tried tried = {0};

		lb_up(&f, everything[a], weights_521, 3);
		for (unsigned i = 0; i < 3; i++) {
			int m = lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &tried}, 0);

			CU_ASSERT_TRUE_FATAL(m >= 0);
			CU_ASSERT_FALSE(lb_tried_has(&tried, (unsigned)m));
			lb_tried_add(&tried, (unsigned)m);
		}
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &tried}, 0), -1);
		lb_down(&f);
	}
}

static void weight_zero_gets_nothing(void)
{
	for (unsigned a = 0; a < RTE_DIM(everything); a++) {
		lb_up(&f, everything[a], weights_521, 3);
		lb_set_weight(f.lb, f.p->member[0], 0, 0);
		for (unsigned i = 0; i < 100; i++)
			CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, 0), 0);
		lb_set_weight(f.lb, f.p->member[1], 0, 0);
		lb_set_weight(f.lb, f.p->member[2], 0, 0);
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, 0), -1);
		lb_down(&f);
	}
}

static void held_members_wait_while_others_can(void)
{
	for (unsigned a = 0; a < RTE_DIM(everything); a++) {
		clock_us_t now = 1000, end = now + HOLD_MS * CLOCK_US_PER_MS;
		unsigned count[3] = {0};

		lb_up(&f, everything[a], weights_111, 3);
		lb_connect_failed(f.lb, f.p, 1, now);
		for (unsigned i = 0; i < 100; i++)
			CU_ASSERT_NOT_EQUAL(lb_pick(f.lb, f.p, &any, end - 1), 1);
		for (struct lb_ask ask = any; ask.hash < 100; ask.hash++)
			count[lb_pick(f.lb, f.p, &ask, end)]++;
		if (everything[a] != CONF_BALANCE_TAIL) /* which remembers it a little longer */
			CU_ASSERT_TRUE(count[1] > 0);
		/* all held: better one of them than none */
		for (unsigned i = 0; i < 3; i++)
			lb_connect_failed(f.lb, f.p, i, end);
		CU_ASSERT_TRUE(lb_pick(f.lb, f.p, &any, end) >= 0);
		/* and a held one that was not tried rather than none */
		lb_connected(f.lb, f.p, 0, now);
		CU_ASSERT_NOT_EQUAL(
			lb_pick(f.lb, f.p, &(struct lb_ask){.tried = &(struct lb_tried){{1}}}, end),
			0);
		CU_ASSERT_EQUAL(lb_pick(f.lb, f.p, &any, end), 0);
		lb_down(&f);
	}
}

/* ---- who may be chosen ---- */

static void down(unsigned member)
{
	lb__fact_set(f.lb, f.p->member[member], LB_FACT_FAILED, "", f.now);
}

static void give(unsigned member, unsigned n)
{
	while (n-- > 0)
		lb_start(f.lb, f.p, member, 0, f.now);
}

/* Bits of those that get something of 1000. */
static unsigned chosen(const struct lb_ask *ask)
{
	unsigned count[MEMBERS], bits = 0;

	lb_count(&f, ask, 1000, count);
	for (unsigned i = 0; i < f.p->n; i++)
		bits |= count[i] ? 1u << i : 0;
	return bits;
}

/* For each state: does the member get reads, and writes? The other one is up. */
static void states_have_their_effect(void)
{
	static const struct {
		enum lb_fact fact;
		unsigned reads, writes; /* bits of members */
	} want[] = {
		{LB_FACT_SLOW, 2, 2},
		{LB_FACT_THROTTLED, 3, 3},
		{LB_FACT_WEDGED, 3, 2},
		{LB_FACT_HALF, 3, 2},
		{LB_FACT_DRAIN, 2, 2},
		{LB_FACT_MAINTENANCE, 2, 2},
		{LB_FACT_HELD, 2, 2},
		{LB_FACT_EJECTED, 2, 2},
		{LB_FACT_FAILED, 2, 2},
		{LB_FACT_REFUSED, 2, 2},
	};

	for (unsigned a = 0; a < RTE_DIM(everything); a++) {
		for (unsigned i = 0; i < RTE_DIM(want); i++) {
			struct lb_ask read = any, write = any_write;
			struct lb_member *m;
			unsigned reads = 0, writes = 0;

			lb_up(&f, everything[a], NULL, 2);
			m = f.p->member[0];
			m->hold_until = m->live.eject_until = m->live.probe_at = UINT64_MAX;
			m->pace.said_at = f.now;
			m->pace.limit = UINT32_MAX;
			lb__fact_set(f.lb, m, want[i].fact, "", f.now);
			for (; read.hash < 1000; read.hash++)
				reads |= 1u << lb_ask_once(&f, &read);
			for (; write.hash < 1000; write.hash++)
				writes |= 1u << lb_ask_once(&f, &write);
			CU_ASSERT_EQUAL(reads, want[i].reads);
			CU_ASSERT_EQUAL(writes, want[i].writes);
			/* with nobody else, all but what the operator said */
			lb_set_weight(f.lb, f.p->member[1], 0, f.now);
			CU_ASSERT_EQUAL(lb_ask_once(&f, &write),
				want[i].fact == LB_FACT_DRAIN || want[i].fact == LB_FACT_MAINTENANCE
					? LB_NONE
					: 0);
			lb_down(&f);
		}
	}
}

static void the_slow_are_for_when_others_are_busy(void)
{
	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 3);
	f.pool.concurrency = 2;
	lb_open(&f);
	lb__fact_set(f.lb, f.p->member[0], LB_FACT_SLOW, "", f.now);
	f.p->member[0]->live.probe_at = UINT64_MAX;
	down(1);
	CU_ASSERT_EQUAL(chosen(&any), 4);
	give(2, 2);
	CU_ASSERT_EQUAL(chosen(&any), 1);
	give(0, 2);
	CU_ASSERT_EQUAL(lb_ask_once(&f, &any), LB_BUSY); /* rather than one that is down */
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_picks_busy], 1);
	lb_down(&f);
}

static void wedged_for_a_write_is_better_than_down(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 3);
	f.pool.panic = 0;
	down(0);
	down(1);
	lb__fact_set(f.lb, f.p->member[2], LB_FACT_HALF, "", f.now);
	CU_ASSERT_EQUAL(chosen(&any_write), 4);
	CU_ASSERT_EQUAL(f.p->member[2]->stat[LB_STAT_last_resorts], 1000);
	lb_down(&f);
}

static void panic_ignores_health(void)
{
	lb_up(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 5);
	down(0);
	down(1);
	CU_ASSERT_EQUAL(chosen(&any), 0x1c); /* three of five are enough */
	down(2);
	CU_ASSERT_EQUAL(chosen(&any), 0x1f);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_picks_panic], 1000);
	/* that it does not answer a connect is not ignored, nor what the operator says */
	lb_connect_failed(f.lb, f.p, 0, f.now);
	lb_set_admin(f.lb, f.p->member[1], LB_ADMIN_MAINTENANCE, f.now);
	lb_set_weight(f.lb, f.p->member[3], 0, f.now);
	CU_ASSERT_EQUAL(chosen(&any), 0x14);
	lb__fact_set(f.lb, f.p->member[2], LB_FACT_REFUSED, "", f.now);
	CU_ASSERT_EQUAL(chosen(&any), 0x10);
	lb__fact_clear(f.lb, f.p->member[2], LB_FACT_REFUSED, "", f.now);
	f.pool.panic = 0;
	CU_ASSERT_EQUAL(chosen(&any), 0x10);
	lb_down(&f);
}

/* a, b, c: the first site; d, e: the second; f: the last. */
static void sites(uint32_t members)
{
	static const uint8_t priority[] = {0, 0, 0, 1, 1, 2};

	lb_file(&f, CONF_BALANCE_ROUND_ROBIN, NULL, 6);
	for (unsigned i = 0; i < 6; i++)
		f.members[i].priority = priority[i];
	f.pool.priority_members = members;
	lb_open(&f);
}

static void the_first_site_while_it_suffices(void)
{
	sites(2);
	CU_ASSERT_EQUAL(chosen(&any), 0x07);
	down(0);
	CU_ASSERT_EQUAL(chosen(&any), 0x06);
	down(1); /* one is too few: the next site joins it */
	CU_ASSERT_EQUAL(chosen(&any), 0x1c);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_picks_beyond] > 0, true);
	down(2); /* the first is gone; that is no panic */
	CU_ASSERT_EQUAL(chosen(&any), 0x18);
	down(3);
	CU_ASSERT_EQUAL(chosen(&any), 0x30);
	CU_ASSERT_EQUAL(f.p->learned->stat[LB_POOL_STAT_picks_panic], 0);
	lb_down(&f);
}

static void another_site_before_panic(void)
{
	sites(1);
	down(0);
	down(1); /* one of three left would be panic */
	CU_ASSERT_EQUAL(chosen(&any), 0x1c);
	lb_down(&f);
}

static void a_retry_may_leave_its_site(void)
{
	struct lb_tried tried = {{7}};

	sites(1);
	CU_ASSERT_EQUAL(chosen(&(struct lb_ask){.tried = &tried}), 0x18);
	lb_down(&f);
}

static const struct unit_case cases[] = {
	UNIT_CASE(round_robin_is_exact_and_smooth),
	UNIT_CASE(least_connections_follows_load_and_weight),
	UNIT_CASE(least_connections_idle_pool_takes_turns),
	UNIT_CASE(random_two_by_weight_when_idle),
	UNIT_CASE(random_two_never_takes_the_most_loaded),
	UNIT_CASE(random_two_stays_balanced),
	UNIT_CASE(tried_members_are_left_out),
	UNIT_CASE(weight_zero_gets_nothing),
	UNIT_CASE(held_members_wait_while_others_can),
	UNIT_CASE(states_have_their_effect),
	UNIT_CASE(the_slow_are_for_when_others_are_busy),
	UNIT_CASE(wedged_for_a_write_is_better_than_down),
	UNIT_CASE(panic_ignores_health),
	UNIT_CASE(the_first_site_while_it_suffices),
	UNIT_CASE(another_site_before_panic),
	UNIT_CASE(a_retry_may_leave_its_site),
};

UNIT_MAIN(cases)
