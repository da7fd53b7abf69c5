/* SPDX-License-Identifier: BSD-3-Clause */
#include "frame.h"

/* The instance that *host_config describes must be refused, with a word why. */
static void refused(void)
{
	struct err e = {.text = ""};

	CU_ASSERT_PTR_NULL(net_create(&host_config, &pools, &rnd, &e));
	CU_ASSERT(e.text[0] != '\0');
	host_defaults();
}

static void bad_configs(void)
{
	host_start();
	host_stop();
	host_config.n_ports = 0;
	refused();
	host_config.n_ports = 17;
	refused();
	host_ports[0].mtu = 1279;
	refused();
	host_ports[0].vlan = 4095;
	refused();
	host_ports[0].mac[0] = 1;
	refused();
	host_ports[0].n_addr = 9;
	refused();
	host_ports[0].addr[0] = prefix("224.0.0.1", 24);
	refused();
	host_ports[0].addr[1] = prefix("::", 64);
	refused();
	host_ports[0].addr[0].bits = 95;
	refused();
	host_routes[0].via = addr("10.0.1.1");
	refused();
	host_routes[0].via = addr("2001:db8::1");
	refused();
	host_routes[0].via = addr(US);
	refused();
	host_routes[0].port = 2;
	refused();
	host_routes[1].to.bits = 129;
	refused();
}

/* 1280 is IPv6's rule (RFC 8200 5); a port without it may be narrower. */
static void mtu_without_ip6(void)
{
	host_defaults();
	host_ports[0].n_addr = 1;
	host_ports[0].mtu = 576;
	host_config.routes = host_routes;
	host_config.n_routes = 1;
	host_up();
	host_stop();
	host_ports[0].n_addr = 1;
	host_ports[0].mtu = 575;
	refused();
}

static void addresses(void)
{
	struct ip_addr a;

	host_start();
	CU_ASSERT_EQUAL((a = addr(US), net_addr_port(host, &a)), 0);
	CU_ASSERT_EQUAL((a = addr("fd00:1::10"), net_addr_port(host, &a)), 1);
	CU_ASSERT_EQUAL((a = addr("fe80::ff:fe00:2"), net_addr_port(host, &a)), 1);
	CU_ASSERT_EQUAL((a = addr(PEER), net_addr_port(host, &a)), -1);
	host_stop();
}

/* Without IPv6 addresses there is no IPv6, link-local or multicast. */
static void ip4_only(void)
{
	struct ip_addr a;
	struct frame f;

	host_defaults();
	host_ports[0].n_addr = 1;
	host_config.routes = host_routes;
	host_config.n_routes = 1;
	host_up();
	CU_ASSERT_EQUAL((a = addr("fe80::ff:fe00:1"), net_addr_port(host, &a)), -1);
	net_announce(host, 0, now);
	rte_pktmbuf_free(sent(0));
	CU_ASSERT(sent_none());
	tcp6(&f, 20);
	dropped(0, &f, NET_STAT_rx_ip6_other);
	host_stop();
}

/* A device that came late: the new MAC counts, and so does the link-local address made of it. */
static void mac_change(void)
{
	struct ip_addr a;
	struct frame f;

	host_start();
	net_set_mac(host, 0, (uint8_t[]){2, 0, 0, 0, 0, 9});
	tcp4(&f, 20);
	dropped(0, &f, NET_STAT_rx_eth_other);
	f.b[5] = 9;
	passed(0, &f, 20);
	CU_ASSERT_EQUAL((a = addr("fe80::ff:fe00:1"), net_addr_port(host, &a)), -1);
	CU_ASSERT_EQUAL((a = addr("fe80::ff:fe00:9"), net_addr_port(host, &a)), 0);
	CU_ASSERT_EQUAL((a = addr(US6), net_addr_port(host, &a)), 0);
	host_stop();
}

static void names(void)
{
	struct stat_block b;

	host_start();
	b = net_stat_block(host);
	CU_ASSERT_STRING_EQUAL(b.lib, "net");
	CU_ASSERT_EQUAL(b.n, NET_STAT_N);
	CU_ASSERT_STRING_EQUAL(b.names[NET_STAT_rx_tcp].name, "rx_tcp");
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(bad_configs),
	UNIT_CASE(mtu_without_ip6),
	UNIT_CASE(addresses),
	UNIT_CASE(ip4_only),
	UNIT_CASE(mac_change),
	UNIT_CASE(names),
};
UNIT_MAIN(cases)
