/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static void ports(void)
{
	struct stat_block q0, q1;

	system_up();
	q0 = port_stats(sys.ports[0], 0);
	q1 = port_stats(sys.ports[0], 1);
	poke(&q0.values[PORT_STAT_rx_packets], 5);
	poke(&q1.values[PORT_STAT_rx_packets], 6);
	poke(&q1.values[PORT_STAT_rx_bytes], 2048);
	poke(&q0.values[PORT_STAT_tx_full], 3);
	poke(&q1.values[PORT_STAT_tx_long], 4);
	poke(&q1.values[PORT_STAT_linearised], 100); /* no drop */
	EXPECT_ANSWER("show ports", "front", "net_null0", "net_null", "1500",
		"10.0.0.10/24, 2001:db8::10/64\n", "back   gone", "0000:ff:1f.7",
		"front          11   2.0 KiB           0       0 B           7", "rx checksum");
	EXPECT_ANSWER("json show ports",
		"{\"name\":\"front\",\"rx_packets\":11,\"rx_bytes\":2048,\"tx_packets\":0,"
		"\"tx_bytes\":0,\"tx_dropped\":7,",
		"\"offloads\":[{\"name\":\"front\"");
	system_down();
}

static void routes(void)
{
	system_up();
	EXPECT_ANSWER("show routes", "10.0.0.0/24    -         10.0.0.10     front  yes\n",
		"10.9.0.0/16    10.1.0.1  10.1.0.10     back   yes\n", "2001:db8::/64  -");
	net_set_link(sys.worker[0].net, 1, false, sys.now);
	EXPECT_ANSWER("show routes", "10.9.0.0/16    10.1.0.1  10.1.0.10     back   no\n");
	sys.hangs = true;
	expect_error("show routes", "worker 0 does not answer\n");
	system_down();
}

static void neighbours(void)
{
	struct net_learned l = {.mac = {2, 0xaa, 0, 0, 0, 1},
		.port = 1,
		.how = NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE | NET_LEARN_CREATE};

	system_up();
	EXPECT_ANSWER("json show neighbours", "{\"neighbours\":[]}");
	ip_addr_parse("10.1.0.11", &l.ip);
	net_neigh_learn(sys.worker[1].net, &l, sys.now);
	sys.now += 1500000;
	EXPECT_ANSWER("json show neighbours",
		"{\"neighbours\":[{\"worker\":1,\"address\":\"10.1.0.11\",\"mac\":\"02:aa:00:00:00:"
		"01\","
		"\"port\":\"back\",\"state\":\"",
		"\",\"age_ms\":1500,\"held\":0}]}");
	EXPECT_ANSWER("show neighbours", "1  10.1.0.11  02:aa:00:00:00:01  back", "1.50 s");
	sys.hangs = true;
	expect_error("show neighbours", "worker 0 does not answer\n");
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(ports), UNIT_CASE(routes), UNIT_CASE(neighbours)};
UNIT_MAIN(cases)
