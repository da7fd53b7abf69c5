/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "ports.h"

#define ALL_SOFT                                                                                   \
	(RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK |                     \
		RTE_MBUF_F_TX_TCP_SEG)

/* net_null offers nothing but RSS: all is done here. */
static void nothing_offered(void)
{
	const struct port_caps *k;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 2);
	k = port_caps(p);
	CU_ASSERT_FALSE(k->rx_csum || k->lro || k->scatter || k->vlan_strip || k->rss_hash);
	CU_ASSERT_FALSE(k->tx_csum_ip || k->tx_csum_tcp || k->tso || k->vlan_insert || k->rx_intr);
	CU_ASSERT(k->rss && k->rss_known);
	CU_ASSERT_EQUAL(k->max_segs, 1);
	CU_ASSERT_EQUAL(p->soft_flags, ALL_SOFT);
	CU_ASSERT(p->vlan_soft);
	CU_ASSERT_FALSE(p->prepare);
	port_close(p);
	ports_teardown();
}

static void chains_offered(void)
{
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 2);
	CU_ASSERT(port_caps(p)->multi_segs);
	CU_ASSERT_FALSE(port_caps(p)->scatter); /* frames fit one mbuf */
	CU_ASSERT_FALSE(port_caps(p)->rss);
	CU_ASSERT_FALSE(port_rss_known(p));
	CU_ASSERT_EQUAL(port_caps(p)->max_segs, UINT16_MAX);
	port_close(p);
	ports_teardown();
}

static void long_frames_scatter(void)
{
	struct conf_port c = {.name = "p", .device = "net_ring0", .mtu = 9000};
	struct err e = {0};
	struct port *p;

	ports_setup();
	p = port_open(&c, 0, 1, ports_pools, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(port_caps(p)->scatter);
	CU_ASSERT_EQUAL(port_mtu(p), 9000);
	port_close(p);
	ports_teardown();
}

static void mac_is_the_file_s_or_the_device_s(void)
{
	struct conf_port c = {
		.name = "p", .device = "net_null0", .mtu = 1500, .mac = {2, 0, 0, 0, 0, 7}};
	struct rte_ether_addr own;
	struct err e = {0};
	struct port *p;

	ports_setup();
	p = port_open(&c, 0, 1, ports_pools, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(memcmp(port_mac(p), c.mac, 6), 0);
	rte_eth_macaddr_get(p->id[0], &own);
	CU_ASSERT_EQUAL(memcmp(&own, c.mac, 6), 0);
	port_close(p);
	memset(c.mac, 0, 6);
	p = port_open(&c, 0, 1, ports_pools, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	rte_eth_macaddr_get(p->id[0], &own);
	CU_ASSERT_EQUAL(memcmp(port_mac(p), &own, 6), 0);
	port_close(p);
	ports_teardown();
}

/* Every entry of the table leads to one of our queues, all are used. */
static void table_is_read_back(void)
{
	unsigned used[3] = {0};
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 3);
	CU_ASSERT_EQUAL(p->rss.mask, 127);
	for (unsigned i = 0; i <= p->rss.mask; i++) {
		CU_ASSERT_FATAL(p->rss.reta[i] < 3);
		used[p->rss.reta[i]]++;
	}
	CU_ASSERT(used[0] >= 42 && used[1] >= 42 && used[2] >= 42);
	port_close(p);
	ports_teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(nothing_offered),
	UNIT_CASE(chains_offered),
	UNIT_CASE(long_frames_scatter),
	UNIT_CASE(mac_is_the_file_s_or_the_device_s),
	UNIT_CASE(table_is_read_back),
};

UNIT_MAIN(cases)
