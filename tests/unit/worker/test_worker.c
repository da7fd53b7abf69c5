/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>

#include "workers.h"

static pthread_t thread[WORKERS];

static void *thread_main(void *arg)
{
	worker_main(arg);
	return NULL;
}

static void launch(unsigned i)
{
	CU_ASSERT_EQUAL_FATAL(pthread_create(&thread[i], NULL, thread_main, ws.w[i]), 0);
}

static void land(unsigned i)
{
	worker_stop(ws.w[i]);
	pthread_join(thread[i], NULL);
}

static void count(void *arg)
{
	++*(unsigned *)arg;
}

/* Wait until the worker has polled n times more; each call is a poll at least. */
static void polls(unsigned i, unsigned n)
{
	unsigned ran = 0;

	for (unsigned k = 0; k < n; k++)
		CU_ASSERT_EQUAL(worker_call(ws.w[i], count, &ran), 0);
	CU_ASSERT_EQUAL(ran, n);
}

static void it_polls_and_runs_jobs(void)
{
	uint64_t before;

	workers_up("net_ring0");
	launch(0);
	polls(0, 1);
	before = worker_load(ws.w[0])->polls;
	polls(0, 10);
	CU_ASSERT(worker_load(ws.w[0])->polls >= before + 10);
	CU_ASSERT(*worker_now(ws.w[0]) > 0);
	land(0);
	CU_ASSERT_EQUAL(worker_stat_block(ws.w[0]).values[WORKER_STAT_jobs], 11);
	workers_down();
}

/* Both take their time from one control thread; none waits for the other. */
static void two_at_once(void)
{
	workers_up("net_ring0");
	launch(0);
	launch(1);
	for (unsigned k = 0; k < 20; k++)
		polls(k % WORKERS, 1);
	land(0);
	polls(1, 1);
	land(1);
	workers_down();
}

/* A worker that does not answer: the job has not run and never will. */
static void it_does_not_answer(void)
{
	unsigned ran = 0;

	workers_up("net_ring0");
	CU_ASSERT_EQUAL(worker_call(ws.w[0], count, &ran), -ETIMEDOUT);
	launch(0);
	polls(0, 3);
	CU_ASSERT_EQUAL(ran, 0);
	land(0);
	CU_ASSERT_EQUAL(worker_set_link(ws.w[0], 0, true), -ETIMEDOUT);
	workers_down();
}

static bool link_is_up(unsigned i)
{
	struct net_path path;
	struct ip_addr a = ws.conf->pools[0].members[0].endpoint.addr;

	return net_path(ws.w[i]->net, &a, &path) == 0;
}

/* Down to a new worker, then as control says; the first worker alone announces. */
static void links(void)
{
	workers_up("net_ring0");
	for (unsigned i = 0; i < WORKERS; i++) {
		CU_ASSERT_FALSE(link_is_up(i));
		launch(i);
		CU_ASSERT_EQUAL(worker_set_link(ws.w[i], 0, true), 0);
		polls(i, 3);
		CU_ASSERT(link_is_up(i));
	}
	CU_ASSERT(port_stats(ws.port, 0).values[PORT_STAT_tx_packets] > 0);
	CU_ASSERT_EQUAL(port_stats(ws.port, 1).values[PORT_STAT_tx_packets], 0);
	/* and its own announcement came back on the ring: a burst that was not empty */
	CU_ASSERT(worker_load(ws.w[0])->burst.count > 0);
	for (unsigned i = 0; i < WORKERS; i++) {
		CU_ASSERT_EQUAL(worker_set_link(ws.w[i], 0, false), 0);
		CU_ASSERT_FALSE(link_is_up(i));
		land(i);
	}
	workers_down();
}

/* Cycles are busy, idle or slept. `idle = poll` never sleeps. */
static void where_time_goes(void)
{
	const struct worker_load *load;

	workers_up("net_ring0");
	ws.w[1]->sleeps = false;
	for (unsigned i = 0; i < WORKERS; i++) {
		load = worker_load(ws.w[i]);
		launch(i);
		while (load->polls < 4 * WORKER_IDLE_POLLS)
			polls(i, 1);
		land(i);
		CU_ASSERT(load->idle > 0);
		CU_ASSERT_EQUAL(load->slept > 0, i == 0);
		CU_ASSERT(load->busy + load->idle + load->slept <=
			  ws.w[i]->tsc_last - ws.w[i]->tsc_start);
	}
	workers_down();
}

/* Busy cycles are the stages' together; a stage that nothing passed has none. Our announcements
 * leave and come back on the ring; none of them is TCP's. */
static void busy_by_stage(void)
{
	const struct worker_load *load;
	uint64_t sum = 0;

	workers_up("net_ring0");
	load = worker_load(ws.w[0]);
	launch(0);
	polls(0, 3);
	for (unsigned s = 0; s < WORKER_STAGE_N; s++)
		CU_ASSERT_EQUAL(load->stage[s].cycles, 0);
	CU_ASSERT_EQUAL(load->busy, 0);
	CU_ASSERT_EQUAL(worker_set_link(ws.w[0], 0, true), 0);
	polls(0, 3);
	land(0);
	for (unsigned s = 0; s < WORKER_STAGE_N; s++) {
		CU_ASSERT_EQUAL(load->stage[s].cycles > 0, load->stage[s].packets > 0);
		sum += load->stage[s].cycles;
	}
	CU_ASSERT_EQUAL(load->busy, sum);
	CU_ASSERT(load->stage[WORKER_STAGE_port_tx].packets > 0);
	CU_ASSERT_EQUAL(load->stage[WORKER_STAGE_net_input].packets,
		load->stage[WORKER_STAGE_port_rx].packets);
	CU_ASSERT_EQUAL(load->stage[WORKER_STAGE_tcp_input].packets, 0);
	CU_ASSERT_EQUAL(load->stage[WORKER_STAGE_timers].packets,
		load->stage[WORKER_STAGE_port_rx].packets +
			load->stage[WORKER_STAGE_port_tx].packets);
	workers_down();
}

/* While the device has no room frames stay with us and the worker does not sleep; they leave when
 * it has. */
static void full_device(void)
{
	struct rte_mbuf *fill[WORKER_BURST];
	uint64_t before;
	uint16_t n;

	workers_up("net_ring0");
	net_set_link(ws.w[0]->net, 0, true, 0);
	do {
		for (n = 0; n < WORKER_BURST; n++) {
			fill[n] = rte_pktmbuf_alloc(ws.pools[0].data);
			CU_ASSERT_PTR_NOT_NULL_FATAL(rte_pktmbuf_append(fill[n], 60));
		}
	} while (port_tx_burst(ws.port, 0, fill, n) == n);
	before = port_stats(ws.port, 0).values[PORT_STAT_tx_full];
	net_announce(ws.w[0]->net, 0, 0);
	worker__transmit(ws.w[0]);
	CU_ASSERT(ws.w[0]->full);
	CU_ASSERT_EQUAL(worker__transmit(ws.w[0]), 0);
	CU_ASSERT_EQUAL(port_stats(ws.port, 0).values[PORT_STAT_tx_full], before);
	while ((n = port_rx_burst(ws.port, 0, fill, WORKER_BURST)) == WORKER_BURST)
		rte_pktmbuf_free_bulk(fill, n);
	rte_pktmbuf_free_bulk(fill, n);
	worker__transmit(ws.w[0]);
	CU_ASSERT_FALSE(ws.w[0]->full);
	n = port_rx_burst(ws.port, 0, fill, WORKER_BURST);
	CU_ASSERT(n > 0);
	rte_pktmbuf_free_bulk(fill, n);
	CU_ASSERT_EQUAL(port_stats(ws.port, 0).values[PORT_STAT_tx_full], before);
	workers_down();
}

static void drain_with_nobody_there(void)
{
	workers_up("net_ring0");
	launch(0);
	CU_ASSERT_EQUAL(worker_drain(ws.w[0]), 0);
	CU_ASSERT_EQUAL(worker_conns(ws.w[0]), 0);
	land(0);
	workers_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(it_polls_and_runs_jobs),
	UNIT_CASE(two_at_once),
	UNIT_CASE(it_does_not_answer),
	UNIT_CASE(links),
	UNIT_CASE(where_time_goes),
	UNIT_CASE(busy_by_stage),
	UNIT_CASE(full_device),
	UNIT_CASE(drain_with_nobody_there),
};

UNIT_MAIN(cases)
