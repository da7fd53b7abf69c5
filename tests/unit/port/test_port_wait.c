/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports.h"

/* Where nothing can wake us, naps grow to their limit and begin anew with traffic. */
static void naps_grow(void)
{
	static const uint16_t us[] = {10, 20, 40, 80, 160, 200, 200};
	struct rte_mbuf *m;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	for (unsigned i = 0; i < RTE_DIM(us); i++) {
		port_wait(&p, 1, 0, 20000);
		CU_ASSERT_EQUAL(p->queue[0].nap_us, us[i]);
	}
	m = rte_pktmbuf_alloc(ports_pool[0].hdr);
	rte_pktmbuf_append(m, 60);
	port_tx_burst(p, 0, &m, 1);
	CU_ASSERT_EQUAL(port_rx_burst(p, 0, &m, 1), 1);
	rte_pktmbuf_free(m);
	CU_ASSERT_EQUAL(p->queue[0].nap_us, 0);
	port_wait(&p, 1, 0, 1);
	CU_ASSERT_EQUAL(p->queue[0].nap_us, 10);
	port_close(p);
	ports_teardown();
}

/* One port without interrupts makes all of them nap; traffic on one restarts both. */
static void the_shortest_nap_counts(void)
{
	struct conf_port c[2];
	struct port *p[2];

	ports_setup();
	p[0] = ports_open(&c[0], "net_ring0", 1);
	p[1] = ports_open(&c[1], "net_null0", 1);
	port_wait(p, 2, 0, 1000);
	port_wait(p, 2, 0, 1000);
	CU_ASSERT_EQUAL(p[0]->queue[0].nap_us, 20);
	p[1]->queue[0].nap_us = 0;
	port_wait(p, 2, 0, 1000);
	CU_ASSERT_EQUAL(p[0]->queue[0].nap_us, 10);
	CU_ASSERT_EQUAL(p[1]->queue[0].nap_us, 10);
	port_close(p[0]);
	port_close(p[1]);
	ports_teardown();
}

static void without_a_device(void)
{
	struct conf_port c = {.name = "p", .device = "0fff:ff:1f.7", .mtu = 1500, .optional = true};
	struct err e = {0};
	struct port *p;

	ports_setup();
	p = port_open(&c, 0, 1, ports_pools, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	port_wait(&p, 1, 0, 1000); /* nothing can arrive: it lasts its millisecond */
	CU_ASSERT_EQUAL(p->queue[0].nap_us, 0);
	port_wait(&p, 0, 0, 10);
	port_close(p);
	ports_teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(naps_grow),
	UNIT_CASE(the_shortest_nap_counts),
	UNIT_CASE(without_a_device),
};

UNIT_MAIN(cases)
