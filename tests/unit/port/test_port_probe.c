/* SPDX-License-Identifier: BSD-3-Clause */
#include "ports.h"

static void kinds_by_name(void)
{
	CU_ASSERT(port__kind("net_af_packet7,iface=a")->netdev);
	CU_ASSERT_FALSE(port__kind("net_af_packet7,iface=a")->each_queue);
	CU_ASSERT(port__kind("net_af_xdp0,iface=a")->each_queue);
	CU_ASSERT(port__kind("net_tap0")->tx_refuse & RTE_ETH_TX_OFFLOAD_TCP_CKSUM);
	CU_ASSERT_FALSE(port__kind("net_memif0,id=1")->rx_intr);
	CU_ASSERT_FALSE(port__kind("net_tap0")->rx_intr);
	CU_ASSERT(port__kind("0000:3b:00.0")->rx_intr);
	CU_ASSERT_EQUAL(port__kind("0000:3b:00.0")->tx_refuse, 0);
}

static void arguments_by_name(void)
{
	const char *d = "net_af_xdp0,iface=eth1,start_queue=4,last=";
	char buf[8];

	CU_ASSERT_STRING_EQUAL(port__devarg(d, "iface=", buf, sizeof(buf)), "eth1");
	CU_ASSERT_STRING_EQUAL(port__devarg(d, "start_queue=", buf, sizeof(buf)), "4");
	CU_ASSERT_STRING_EQUAL(port__devarg(d, "last=", buf, sizeof(buf)), "");
	CU_ASSERT_PTR_NULL(port__devarg(d, "queue=", buf, sizeof(buf)));
	CU_ASSERT_PTR_NULL(port__devarg("net_tap0", "iface=", buf, sizeof(buf)));
	CU_ASSERT_PTR_NULL(port__devarg("x,iface=toolongforit", "iface=", buf, sizeof(buf)));
}

/* Two queues: of a driver with one ethdev for both, and of one that is plugged in for each. */
static void devices_by_queue(void)
{
	struct conf_port c = {.name = "p", .device = "net_null5,size=64", .mtu = 1500};
	struct port_kind each = {.driver = "net_null", .each_queue = true};
	struct port *p = calloc(1, sizeof(*p) + 2 * sizeof(struct port_queue));
	struct err e = {0};
	uint16_t id;

	ports_setup();
	p->conf = &c;
	p->n_queues = 2;
	p->kind = port__kind(c.device);
	CU_ASSERT_EQUAL(port__probe(p, &e), 0);
	CU_ASSERT_EQUAL(p->n_devs, 1);
	port__unprobe(p);
	CU_ASSERT_EQUAL(p->n_devs, 0);
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), 0);

	/* the second would get start_queue=1, which net_null does not know: all is undone */
	p->kind = &each;
	CU_ASSERT(port__probe(p, &e) < 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "net_null5_q1,size=64,start_queue=1"));
	CU_ASSERT_EQUAL(p->n_devs, 0);
	CU_ASSERT(rte_eth_dev_get_port_by_name("net_null5", &id) < 0);
	free(p);
	ports_teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(kinds_by_name),
	UNIT_CASE(arguments_by_name),
	UNIT_CASE(devices_by_queue),
};

UNIT_MAIN(cases)
