/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <net/if.h>
#include <sys/ioctl.h>

#include "ports.h"

static void up_is_told_once(void)
{
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 1);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_UP);
	CU_ASSERT_EQUAL(port_state(p), PORT_UP);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_NONE);
	CU_ASSERT(port_speed(p) > 0);
	port_close(p);
	ports_teardown();
}

static void down_and_up_again(void)
{
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_UP);
	rte_eth_dev_set_link_down(p->id[0]);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_DOWN);
	CU_ASSERT_EQUAL(port_state(p), PORT_DOWN);
	rte_eth_dev_set_link_up(p->id[0]);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_UP);
	port_close(p);
	ports_teardown();
}

/* A removed device is an event; bursts are harmless; it comes back by port_retry(). */
static void removed_and_back(void)
{
	struct rte_mbuf *m, *rx[4];
	struct err e = {0};
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 2);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_UP);
	p->removed = true; /* as ethdev's RTE_ETH_EVENT_INTR_RMV does */
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_GONE);
	CU_ASSERT_EQUAL(port_state(p), PORT_GONE);
	CU_ASSERT_FALSE(port_caps(p)->multi_segs);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_NONE);
	m = rte_pktmbuf_alloc(ports_pool[1].hdr);
	CU_ASSERT_EQUAL(port_tx_burst(p, 1, &m, 1), 0);
	CU_ASSERT_EQUAL(port_rx_burst(p, 1, rx, 4), 0);
	CU_ASSERT_EQUAL(port_retry(p, &e), 0);
	CU_ASSERT_EQUAL(port_state(p), PORT_DOWN);
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_UP);
	CU_ASSERT(port_caps(p)->multi_segs);
	/* counters live on */
	CU_ASSERT_EQUAL(ports_stat(p, 1, PORT_STAT_tx_gone), 1);
	port_close(p);
	ports_teardown();
}

static void kernel_interfaces(void)
{
	struct ifreq r = {0};

	CU_ASSERT_EQUAL(port__netdev_ioctl((int)if_nametoindex("lo"), SIOCGIFMTU, &r), 0);
	CU_ASSERT(r.ifr_mtu > 0);
	CU_ASSERT_EQUAL(port__netdev_ioctl(INT32_MAX, SIOCGIFMTU, &r), -ENODEV);
}

static const struct unit_case cases[] = {
	UNIT_CASE(up_is_told_once),
	UNIT_CASE(down_and_up_again),
	UNIT_CASE(removed_and_back),
	UNIT_CASE(kernel_interfaces),
};

UNIT_MAIN(cases)
