/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ports.h"

/* Opening must fail, with `says` in the one line. */
static void refused(const char *device, uint16_t mtu, uint16_t n_queues, const char *says)
{
	struct conf_port c = {.name = "front", .device = device, .mtu = mtu};
	uint16_t before = rte_eth_dev_count_avail();
	struct err e = {0};

	CU_ASSERT_PTR_NULL(port_open(&c, 0, n_queues, ports_pools, &e));
	if (!strstr(e.text, says) || strncmp(e.text, "port front: ", 12) != 0 ||
		strchr(e.text, '\n')) {
		fprintf(stderr, "said: %s\n", e.text);
		CU_FAIL("not the line that was expected");
	}
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), before);
}

static void open_shows_and_closes(void)
{
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 2);
	CU_ASSERT_EQUAL(port_state(p), PORT_DOWN);
	CU_ASSERT_PTR_EQUAL(port_conf(p), &c);
	CU_ASSERT_STRING_EQUAL(port_driver(p), "net_null");
	CU_ASSERT_EQUAL(port_queues(p), 2);
	CU_ASSERT_EQUAL(port_mtu(p), 1500);
	CU_ASSERT_EQUAL(port_stats(p, 1).n, PORT_STAT_N);
	CU_ASSERT_STRING_EQUAL(port_stats(p, 0).names[PORT_STAT_tx_full].name, "tx_full");
	port_close(p);
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), 0);
	port_close(NULL);
	p = ports_open(&c, "net_null0", 1); /* the name is free again */
	port_close(p);
	ports_teardown();
}

static void wrong_devices_say_why(void)
{
	struct conf_port c;
	struct port *p;

	ports_setup();
	refused("eth0", 1500, 1, "no driver for device 'eth0'");
	refused("net_nonsense0", 1500, 1, "no driver for device 'net_nonsense0'");
	refused("0fff:ff:1f.7", 1500, 1, "there is no PCI device 0fff:ff:1f.7");
	refused("ff:1f.7", 1500, 1, "there is no PCI device 0000:ff:1f.7");
	p = ports_open(&c, "net_null0", 1);
	refused("net_null0", 1500, 1, "in use by another port");
	port_close(p);
	ports_teardown();
}

/* Without rights that is what is said, else what is wrong with the interface. */
static void wrong_interfaces_say_why(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	ports_setup();
	refused("net_af_packet0,iface=nonesuch0", 1500, 1,
		fd < 0 ? "no rights" : "there is no interface 'nonesuch0'");
	refused("net_af_xdp0", 1500, 1, fd < 0 ? "no rights" : "append iface=NAME");
	refused("net_af_xdp0,iface=lo", 1500, 2,
		fd < 0 ? "no rights" : "interface lo has 1 receive queues for 2 workers");
	if (fd >= 0)
		close(fd);
	ports_teardown();
}

static void wrong_sizes_say_why(void)
{
	ports_setup();
	refused("net_ring0", 1500, 17, "too few queues: 17 workers, the device offers 16");
	refused("net_memif0,role=client,socket=penstock-nonesuch", 1500, 1,
		"nobody listens at the other end");
	refused("net_null0", 9000, 1, "MTU 9000 refused: this device takes 46 to 2026");
	ports_teardown();
}

static void optional_may_be_absent(void)
{
	struct conf_port c = {.name = "p", .device = "0fff:ff:1f.7", .mtu = 1500, .optional = true};
	struct rte_mbuf *m, *rx[4];
	struct err e = {0};
	struct port *p;
	struct port_device_stats s;

	ports_setup();
	p = port_open(&c, 0, 1, ports_pools, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_EQUAL(port_state(p), PORT_GONE);
	CU_ASSERT_STRING_EQUAL(port_driver(p), "");
	CU_ASSERT_EQUAL(port_link_poll(p), PORT_EV_NONE);
	CU_ASSERT_EQUAL(port_rx_burst(p, 0, rx, 4), 0);
	m = rte_pktmbuf_alloc(ports_pool[0].hdr);
	CU_ASSERT_EQUAL(port_tx_burst(p, 0, &m, 1), 0);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_gone), 1);
	CU_ASSERT_EQUAL(port_device_stats(p, &s), 0);
	CU_ASSERT_EQUAL(port_retry(p, &e), -ENODEV);
	CU_ASSERT_EQUAL(port_state(p), PORT_GONE);
	port_close(p);
	/* optional excuses absence only */
	c.device = "net_nonsense0";
	CU_ASSERT_PTR_NULL(port_open(&c, 0, 1, ports_pools, &e));
	ports_teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(open_shows_and_closes),
	UNIT_CASE(wrong_devices_say_why),
	UNIT_CASE(wrong_interfaces_say_why),
	UNIT_CASE(wrong_sizes_say_why),
	UNIT_CASE(optional_may_be_absent),
};

UNIT_MAIN(cases)
