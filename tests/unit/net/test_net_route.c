/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "frame.h"

/* dst goes to next out of port, from src; next NULL: nowhere. */
static void way(const char *dst, unsigned port, const char *next, const char *src)
{
	struct ip_addr d = addr(dst);
	struct net_path p;
	int rc = net_path(host, &d, &p);
	char a[IP_ADDR_TEXT], b[IP_ADDR_TEXT];

	CU_ASSERT_EQUAL(rc, next ? 0 : -EHOSTUNREACH);
	if (rc < 0 || !next)
		return;
	CU_ASSERT_EQUAL(p.port, port);
	CU_ASSERT_EQUAL(p.mtu, port ? 9000 : 1500);
	CU_ASSERT_EQUAL(p.vlan, port ? 7 : 0);
	CU_ASSERT_STRING_EQUAL(ip_addr_text(&p.next_hop, a), next);
	CU_ASSERT_STRING_EQUAL(ip_addr_text(&p.src, b), src);
}

static void longest_prefix(void)
{
	host_start();
	way(PEER, 0, PEER, US);
	way("10.0.0.255", 0, "10.0.0.255", US);
	way("10.0.1.1", 0, "10.0.0.1", US);
	way("8.8.8.8", 0, "10.0.0.1", US);
	way("10.1.0.77", 1, "10.1.0.77", "10.1.0.10");
	way("10.9.200.1", 1, "10.1.0.1", "10.1.0.10");
	way("10.10.0.1", 0, "10.0.0.1", US);
	way(PEER6, 0, PEER6, US6);
	way("2001:db8:0:1::1", 0, "2001:db8::1", US6);
	way("fd00:1::77", 1, "fd00:1::77", "fd00:1::10");
	way("fd00:2::77", 0, "2001:db8::1", US6);
	host_stop();
}

static void nowhere(void)
{
	static const char *const dst[] = {
		US, "10.1.0.10", US6, "0.0.0.0", "::", "224.0.0.1", "ff02::1"};

	host_start();
	for (unsigned i = 0; i < RTE_DIM(dst); i++)
		way(dst[i], 0, NULL, NULL);
	host_stop();
	host_defaults();
	host_config.n_routes = 0;
	host_up();
	way("8.8.8.8", 0, NULL, NULL);
	way("fe80::2", 0, NULL, NULL); /* of which port? */
	way("2001:db9::1", 0, NULL, NULL);
	way(PEER, 0, PEER, US);
	host_stop();
}

/* An IPv6 default route is none for IPv4, mapped though its addresses are in here. */
static void families(void)
{
	host_defaults();
	host_config.routes = host_routes + 1;
	host_config.n_routes = 1;
	host_up();
	way("8.8.8.8", 0, NULL, NULL);
	way("2600::1", 0, "2001:db8::1", US6);
	host_stop();
}

static void link_local_gateway(void)
{
	host_defaults();
	host_routes[1].via = addr("fe80::1");
	host_routes[1].port = 1;
	host_up();
	way("2600::1", 1, "fe80::1", "fd00:1::10");
	host_stop();
}

/* A link-local destination leaves by the port of its source. */
static void link_local_destination(void)
{
	host_start();
	teach(0, "fe80::2", peer_mac, KNOWN);
	teach(1, "fe80::2", peer_mac, KNOWN);
	send_segment("fe80::ff:fe00:2", "fe80::2", 20);
	CU_ASSERT_PTR_NULL(sent(0));
	rte_pktmbuf_free(sent(1));
	send_segment("fe80::ff:fe00:1", "fe80::2", 20);
	CU_ASSERT_PTR_NULL(sent(1));
	rte_pktmbuf_free(sent(0));
	CU_ASSERT_EQUAL(count(NET_STAT_tx_packets), 2);
	send_segment("fe80::9", "fe80::2", 20);
	CU_ASSERT_EQUAL(count(NET_STAT_tx_no_route), 1);
	host_stop();
}

/* Without link the next best way is taken, also by destinations that were remembered. */
static void link_down(void)
{
	struct net_route_config backup[4];

	host_defaults();
	memcpy(backup, host_routes, sizeof(host_routes));
	backup[3] = (struct net_route_config){prefix("0.0.0.0", 0), addr("10.1.0.1"), 1};
	host_config.routes = backup;
	host_config.n_routes = 4;
	host_up();
	teach(0, "10.0.0.1", peer_mac, KNOWN);
	teach(1, "10.1.0.1", peer_mac, KNOWN);
	way("8.8.8.8", 0, "10.0.0.1", US);
	send_segment(US, "8.8.8.8", 20);
	rte_pktmbuf_free(sent(0));
	net_set_link(host, 0, false, now);
	way("8.8.8.8", 1, "10.1.0.1", "10.1.0.10");
	way(PEER6, 0, NULL, NULL);
	send_segment(US, "8.8.8.8", 20);
	CU_ASSERT_PTR_NULL(sent(0));
	rte_pktmbuf_free(sent(1));
	CU_ASSERT_EQUAL(count(NET_STAT_tx_packets), 2);
	CU_ASSERT_EQUAL(neigh("10.0.0.1").state, NET_NEIGH_FREE);
	net_set_link(host, 0, true, now);
	way("8.8.8.8", 0, "10.0.0.1", US);
	host_stop();
}

static void list(void)
{
	struct net_route_info r[16];
	struct ip_addr net = addr("10.0.0.0"), none = {0};

	host_start();
	CU_ASSERT_EQUAL(net_route_list(host, r, 16), 7);
	for (unsigned i = 1; i < 7; i++)
		CU_ASSERT(r[i - 1].to.bits >= r[i].to.bits);
	CU_ASSERT_EQUAL(r[0].to.bits, 120);
	CU_ASSERT(ip_addr_eq(&r[0].to.addr, &net));
	CU_ASSERT(ip_addr_eq(&r[0].via, &none));
	CU_ASSERT(r[0].up);
	CU_ASSERT_EQUAL(net_route_list(host, r, 2), 7);
	host_stop();
}

static const struct unit_case cases[] = {
	UNIT_CASE(longest_prefix),
	UNIT_CASE(nowhere),
	UNIT_CASE(families),
	UNIT_CASE(link_local_gateway),
	UNIT_CASE(link_local_destination),
	UNIT_CASE(link_down),
	UNIT_CASE(list),
};
UNIT_MAIN(cases)
