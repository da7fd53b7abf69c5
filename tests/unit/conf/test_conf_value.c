/* SPDX-License-Identifier: BSD-3-Clause */
/* Each parser, at and beyond its edges, through a file of one key. */
#include "conf_test.h"

static void numbers(void)
{
	expect_value("port p", "mtu", "576", NULL);
	expect_value("port p", "mtu", "9600", NULL);
	expect_value("port p", "mtu", "09000", NULL);
	expect_value("port p", "mtu", "575", "575 is out of range");
	expect_value("port p", "mtu", "9601", "9601 is out of range");
	expect_value("port p", "mtu", "67036", "67036 is out of range");
	expect_value(
		"port p", "mtu", "18446744073709553116", "18446744073709553116 is out of range");
	expect_value("port p", "mtu", "-1500", "'-1500' is not a number");
	expect_value("port p", "mtu", "+1500", "'+1500' is not a number");
	expect_value("port p", "mtu", "0x5dc", "'0x5dc' is not a number");
	expect_value("port p", "mtu", "1500x", "'1500x' is not a number");
	expect_value("port p", "mtu", "1500 1500", "'1500 1500' is not a number");
	expect_value("port p", "mtu", "1K", "'1K' is not a number");
	expect_value("port p", "mtu", "", "'' is not a number");
	expect_value("port p", "vlan", "0", "0 is out of range");
	expect_value("port p", "vlan", "4095", "4095 is out of range");
}

static void expect_drain(const char *value, uint32_t ms)
{
	struct conf *c = with("global", "drain", value);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.drain_ms, ms);
	conf_destroy(c);
}

static void durations(void)
{
	static const char not [] = "is not a duration with a unit (ms, s, m, h)";
	static const char *const bad[] = {
		"5", "s", "1.5s", "-1s", "5 s", "5S", "5sec", "1m30s", ""};
	char want[128];

	expect_drain("0ms", 0);
	expect_drain("0h", 0);
	expect_drain("250ms", 250);
	expect_drain("5s", 5000);
	expect_drain("2m", 120000);
	expect_drain("1h", 3600000);
	expect_drain("3600000ms", 3600000);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		snprintf(want, sizeof(want), "'%s' %s", bad[i], not );
		expect_value("global", "drain", bad[i], want);
	}
	expect_value("global", "drain", "3601s", "3601s is out of range");
	expect_value("global", "drain", "5124095576030432h", "5124095576030432h is out of range");
	expect_value("global", "drain", "off", "'off' is not a duration with a unit (ms, s, m, h)");
	expect_value("tcp", "keepalive", "off", NULL);
	expect_value("tcp", "keepalive", "0s", "0s is out of range");
}

static void expect_memory(const char *value, uint64_t bytes)
{
	struct conf *c = with("global", "memory", value);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->global.memory, bytes);
	conf_destroy(c);
}

static void sizes(void)
{
	static const char *const bad[] = {"1k", "1KB", "1GiB", "1.5G", "G", "-1G", "1 G"};
	char want[128];

	expect_memory("67108864", 64ull << 20);
	expect_memory("65536K", 64ull << 20);
	expect_memory("64M", 64ull << 20);
	expect_memory("4G", 4ull << 30);
	expect_memory("1T", 1ull << 40);
	for (size_t i = 0; i < RTE_DIM(bad); i++) {
		snprintf(want, sizeof(want), "'%s' is not a size in bytes (units K, M, G, T)",
			bad[i]);
		expect_value("global", "memory", bad[i], want);
	}
	expect_value("global", "memory", "63M", "63M is out of range");
	expect_value("global", "memory", "1025G", "1025G is out of range");
	expect_value("global", "memory", "16777216T", "16777216T is out of range");
	expect_errors("[global]\nmemory = 1\n" PORT,
		"t.ini:2: [global] memory: 1 is out of range, allowed: 64M to 1T\n");
}

static void choices(void)
{
	expect_value("global", "hugepages", "yes", NULL);
	expect_value("global", "log", "error", NULL);
	expect_value("global", "idle", "Poll", "'Poll' is not a choice");
	expect_value("global", "idle", "poll | sleep", "'poll | sleep' is not a choice");
	expect_value("global", "idle", "", "'' is not a choice");
	expect_value("port p", "optional", "true", "'true' is not a choice");
	expect_errors(PORT "optional = 1\n",
		"t.ini:4: [port p] optional: '1' is not a choice, allowed: yes | no\n");
}

static void cores(void)
{
	expect_value("global", "workers", "0-63", NULL);
	expect_value("global", "workers", "1023", NULL);
	expect_value("global", "workers", "0-64", "more than 64 cores");
	expect_value("global", "workers", "0-999999999",
		"core 999999999 is out of range, the last is 1023");
	expect_value("global", "workers", "1-3,2", "core 2 is given twice");
	expect_value("global", "workers", "3-1", "'3-1' is not a core or a range");
	expect_value("global", "workers", "1-", "'1-' is not a core or a range");
	expect_value("global", "workers", "-1", "'-1' is not a core or a range");
	expect_value("global", "workers", "1-2-3", "'1-2-3' is not a core or a range");
	expect_value("global", "workers", "1 2", "'1 2' is not a core or a range");
	expect_value("global", "workers", "all", "'all' is not a core or a range");
}

static void paths(void)
{
	char path[128] = "/";

	memset(path + 1, 'x', 106);
	expect_value("global", "socket", path, NULL);
	path[107] = 'x';
	CU_ASSERT_PTR_NULL(with("global", "socket", path));
	expect_value("global", "socket", "run/x", "'run/x' does not fit");
	expect_value("global", "socket", "", "'' does not fit");
}

static void macs(void)
{
	expect_value("port p", "mac", "02:00:00:00:00:0a", NULL);
	expect_value("port p", "mac", "01:00:00:00:00:0a", "01:00:00:00:00:0a is not unicast");
	expect_value("port p", "mac", "00:00:00:00:00:00", "00:00:00:00:00:00 is not unicast");
	expect_value("port p", "mac", "2:0:0:0:0:a", "'2:0:0:0:0:a' is not a MAC address");
	expect_value(
		"port p", "mac", "02:00:00:00:00:0a:", "'02:00:00:00:00:0a:' is not a MAC address");
	expect_value(
		"port p", "mac", "02:00:00:00:000:a", "'02:00:00:00:000:a' is not a MAC address");
	expect_value(
		"port p", "mac", "02-00-00-00-00-0a", "'02-00-00-00-00-0a' is not a MAC address");
}

static void port_addresses(void)
{
	static const char *const good[] = {"10.1.0.1/32", "10.1.0.0/31", "10.1.0.1/31",
		"10.1.255.254/16", "126.0.0.1/1", "2001:db8::1/128", "2001:db8::/127",
		"2001:db8::ffff:ffff:ffff:ffff/64"};
	static const char *const bad[][2] = {
		{"10.1.0.1", "'10.1.0.1' is not an address with prefix length"},
		{"10.1.0.1/", "'10.1.0.1/' is not an address with prefix length"},
		{"10.1.0.1/2x", "'10.1.0.1/2x' is not an address with prefix length"},
		{"10.1.0/24", "'10.1.0/24' is not an IP address"},
		{"10.1.0.1/0", "/0 is not a length from 1 to 32"},
		{"10.1.0.1/33", "/33 is not a length from 1 to 32"},
		{"2001:db8::1/129", "/129 is not a length from 1 to 128"},
		{"2001:db8::1/4294967360", "/4294967360 is not a length from 1 to 128"},
		{"10.1.0.0/24", "10.1.0.0/24 is the subnet's own address"},
		{"10.1.0.255/24", "10.1.0.255/24 is the subnet's broadcast address"},
		{"2001:db8::/64", "2001:db8::/64 is the subnet's own address"},
		{"224.0.0.1/24", "224.0.0.1/24 is multicast"},
		{"255.255.255.255/32", "255.255.255.255/32 is reserved"},
		{"127.0.0.1/8", "127.0.0.1/8 is loopback"},
		{"::1/64", "::1/64 is loopback"},
		{"0.0.0.0/8", "0.0.0.0/8 is unspecified"},
		{"ff02::1/64", "ff02::1/64 is multicast"},
		{"fe80::1/64", "fe80::1/64 is link-local"},
		{"10.0.0.1/16", "10.0.0.1/16 is given twice"},
	};

	for (size_t i = 0; i < RTE_DIM(good); i++)
		expect_value("port p", "address", good[i], NULL);
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		expect_value("port p", "address", bad[i][0], bad[i][1]);
	expect_value("port p", "address",
		"10.1.0.1/24,10.2.0.1/24,10.3.0.1/24,10.4.0.1/24,10.5.0.1/24,10.6.0.1/24,"
		"10.7.0.1/24",
		NULL);
	expect_value("port p", "address",
		"10.1.0.1/24,10.2.0.1/24,10.3.0.1/24,10.4.0.1/24,10.5.0.1/24,10.6.0.1/24,"
		"10.7.0.1/24,10.8.0.1/24",
		"more than 8 addresses");
}

static void gateways(void)
{
	expect_value("port p", "gateway", "10.0.0.2", NULL);
	expect_value("port p", "gateway", "10.0.0.2, fe80::1", NULL);
	expect_value(
		"port p", "gateway", "10.0.0.2, 10.0.0.3", "10.0.0.3 is a second one for IPv4");
	expect_value("port p", "gateway", "fe80::1, fe80::2", "fe80::2 is a second one for IPv6");
	expect_value("port p", "gateway", "0.0.0.0", "0.0.0.0 is unspecified");
	expect_value("port p", "gateway", "router", "'router' is not an IP address");
}

static void targets(void)
{
	expect_value("route-static r", "via = 10.9.0.2\nto", "10.7.0.0/16", NULL);
	expect_value("route-static r", "via = 10.9.0.2\nto", "0.0.0.0/0", NULL);
	expect_value("route-static r", "via = 10.9.0.2\nto", "10.7.0.1/16",
		"10.7.0.1/16 has bits set beyond its length");
	expect_value(
		"route-static r", "via = 10.9.0.2\nto", "224.0.0.0/4", "224.0.0.0/4 is multicast");
	expect_value("route-static r", "via = 10.9.0.2\nto", "default",
		"'default' is not an address with prefix length");
}

static void endpoints(void)
{
	expect_value("global", "metrics", "127.0.0.1:1", NULL);
	expect_value("global", "metrics", "[::]:65535", NULL);
	expect_value("global", "metrics", "::1:80", "'::1:80' is not an address and port");
	expect_value("global", "metrics", "[127.0.0.1]:80",
		"'[127.0.0.1]:80' is not an address and port");
	expect_value("global", "metrics", "127.0.0.1", "'127.0.0.1' is not an address and port");
	expect_value(
		"global", "metrics", "127.0.0.1:0", "'127.0.0.1:0' is not an address and port");
	expect_value("global", "metrics", "127.0.0.1:65536",
		"'127.0.0.1:65536' is not an address and port");
	expect_value("global", "metrics", ":80", "':80' is not an address and port");
}

#define MEMBER "\nmember = a 10.9.0.2:80"

static void shares(void)
{
	expect_value("pool p", "panic", "0%" MEMBER, NULL);
	expect_value("pool p", "panic", "100 %" MEMBER, NULL);
	expect_value("pool p", "panic", "101%" MEMBER, "101% is out of range");
	expect_value("pool p", "panic", "50" MEMBER, "'50' is not a share in percent, as 50%");
	expect_value("pool p", "panic", "5.5%" MEMBER, "'5.5%' is not a share in percent, as 50%");
	expect_value("pool p", "panic", "%" MEMBER, "'%' is not a share in percent, as 50%");
}

static void members(void)
{
	static const char *const bad[][2] = {
		{"", "'' is not a name"},
		{"a", "'' is not an address and port"},
		{"10.9.0.2:80", "'10.9.0.2:80' is not a name"},
		{"-a 10.9.0.2:80", "'-a' is not a name"},
		{"a/b 10.9.0.2:80", "'a/b' is not a name"},
		{"a_name_of_thirty-two.characters_ 10.9.0.2:80",
			"'a_name_of_thirty-two.characters_' is not a name"},
		{"a 10.9.0.2", "'10.9.0.2' is not an address and port"},
		{"a host:80", "'host:80' is not an address and port"},
		{"a 127.0.0.1:80", "127.0.0.1:80 is loopback"},
		{"a 0.0.0.0:80", "0.0.0.0:80 is unspecified"},
		{"a 239.1.1.1:80", "239.1.1.1:80 is multicast"},
		{"a 10.9.0.2:80 weight=0", "'0' is not a weight"},
		{"a 10.9.0.2:80 weight=257", "'257' is not a weight"},
		{"a 10.9.0.2:80 weight=", "'' is not a weight"},
		{"a 10.9.0.2:80 weight=1 weight=2", "weight is given twice"},
		{"a 10.9.0.2:80 weight = 2", "'weight' is not an option"},
		{"a 10.9.0.2:80 backup", "'backup' is not an option"},
		{"a 10.9.0.2:80 priority=10", "'10' is not a priority"},
		{"a 10.9.0.2:80 priority=-1", "'-1' is not a priority"},
		{"a 10.9.0.2:80 priority=0 priority=0", "priority is given twice"},
		{"a 10.9.0.2:80, b 10.9.0.3:80", "'10.9.0.2:80,' is not an address and port"},
	};

	expect_value("pool p", "member", "a 10.9.0.2:80", NULL);
	expect_value("pool p", "member", "9.A_z-  \t 10.9.0.2:80\tweight=256 ", NULL);
	expect_value("pool p", "member", "a_name_of_thirty-one.characters 10.9.0.2:80", NULL);
	expect_value("pool p", "member", "a 10.9.0.2:80 priority=9 weight=2", NULL);
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		expect_value("pool p", "member", bad[i][0], bad[i][1]);
}

static void too_many_members(void)
{
	char text[16384] = PORT "[pool p]\n";
	struct conf *c;

	for (unsigned i = 0; i < CONF_MEMBERS_MAX; i++)
		snprintf(text + strlen(text), 64, "member = m%u 10.0.0.9:%u\n", i, 1000 + i);
	c = parse(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->pools[0].n_members, 256);
	CU_ASSERT_EQUAL(c->pools[0].members[255].endpoint.port, 1255);
	conf_destroy(c);
	strcat(text, "member = more 10.0.0.9:80\n");
	expect_errors(text, "t.ini:261: [pool p] member: more than 256 members, allowed: NAME "
			    "ADDRESS:PORT [weight=1..256] [priority=0..9], up to 256 times\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(numbers),
	UNIT_CASE(durations),
	UNIT_CASE(sizes),
	UNIT_CASE(choices),
	UNIT_CASE(cores),
	UNIT_CASE(paths),
	UNIT_CASE(macs),
	UNIT_CASE(port_addresses),
	UNIT_CASE(gateways),
	UNIT_CASE(targets),
	UNIT_CASE(endpoints),
	UNIT_CASE(shares),
	UNIT_CASE(members),
	UNIT_CASE(too_many_members),
};

UNIT_MAIN(cases)
