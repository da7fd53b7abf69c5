/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base/be.h"
#include "base/ip.h"
#include "unit.h"

static struct ip_addr addr(const char *text)
{
	struct ip_addr a = {0};

	CU_ASSERT_EQUAL(ip_addr_parse(text, &a), 0);
	return a;
}

static void big_endian_fields(void)
{
	static const uint8_t wire[] = {0x12, 0x34, 0x56, 0x78};
	struct be16 s;
	struct be32 l;

	memcpy(&s, wire, 2);
	memcpy(&l, wire, 4);
	CU_ASSERT_EQUAL(be16_get(s), 0x1234);
	CU_ASSERT_EQUAL(be32_get(l), 0x12345678);
	s = be16_make(0x1234);
	l = be32_make(0x12345678);
	CU_ASSERT_EQUAL(memcmp(&s, wire, 2), 0);
	CU_ASSERT_EQUAL(memcmp(&l, wire, 4), 0);
}

static void addresses_both_ways(void)
{
	static const char *const texts[] = {"10.0.0.1", "0.0.0.0", "255.255.255.255", "::", "::1",
		"2001:db8::1", "fe80::1:2:3:4", "2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff"};
	static const char *const bad[] = {"", "10.0.0", "10.0.0.256", "10.0.0.1.2", " 10.0.0.1",
		"10.0.0.1 ", "010.0.0.1", "0x0a.0.0.1", ":", ":::", "2001:db8::1::", "fe80::1%eth0",
		"[::1]", "12345::", "host"};
	char text[IP_ADDR_TEXT];
	struct ip_addr a;

	for (size_t i = 0; i < RTE_DIM(texts); i++) {
		a = addr(texts[i]);
		CU_ASSERT_STRING_EQUAL(ip_addr_text(&a, text), texts[i]);
		CU_ASSERT_EQUAL(ip_is_v4(&a), strchr(texts[i], '.') != NULL);
	}
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		CU_ASSERT_EQUAL(ip_addr_parse(bad[i], &a), -EINVAL);
}

static void mapped_is_ipv4(void)
{
	struct ip_addr a = addr("::ffff:10.0.0.1"), b = addr("10.0.0.1"), c = addr("::10.0.0.1");
	char text[IP_ADDR_TEXT];

	CU_ASSERT_TRUE(ip_addr_eq(&a, &b));
	CU_ASSERT_FALSE(ip_addr_eq(&b, &c));
	CU_ASSERT_TRUE(ip_is_v4(&a));
	CU_ASSERT_FALSE(ip_is_v4(&c));
	CU_ASSERT_STRING_EQUAL(ip_addr_text(&a, text), "10.0.0.1");
	c = ip_from_v4(a.b + 12);
	CU_ASSERT_TRUE(ip_addr_eq(&a, &c));
	c = ip_from_v6(a.b);
	CU_ASSERT_TRUE(ip_addr_eq(&a, &c));
	CU_ASSERT_EQUAL(be32_get(a.w[3]), 0x0a000001);
}

static void kinds(void)
{
	static const struct {
		const char *text;
		bool multicast, unspecified;
	} rows[] = {
		{"223.255.255.255", false, false},
		{"224.0.0.0", true, false},
		{"239.255.255.255", true, false},
		{"240.0.0.0", false, false},
		{"0.0.0.0", false, true},
		{"0.0.0.1", false, false},
		{"::", false, true},
		{"::1", false, false},
		{"ff02::1", true, false},
		{"fe80::", false, false},
		{"e000::", false, false},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct ip_addr a = addr(rows[i].text);

		CU_ASSERT_EQUAL(ip_is_multicast(&a), rows[i].multicast);
		CU_ASSERT_EQUAL(ip_is_unspecified(&a), rows[i].unspecified);
	}
}

static void nets(void)
{
	static const struct {
		const char *addr, *net;
		unsigned bits;
		bool in;
	} rows[] = {
		{"10.0.0.255", "10.0.0.0", 120, true},
		{"10.0.1.0", "10.0.0.0", 120, false},
		{"10.0.0.127", "10.0.0.0", 121, true},
		{"10.0.0.128", "10.0.0.0", 121, false},
		{"10.0.0.1", "10.0.0.1", 128, true},
		{"10.0.0.0", "10.0.0.1", 128, false},
		{"255.1.2.3", "0.0.0.0", 96, true},
		{"2001:db8::1", "0.0.0.0", 96, false},
		{"2001:db8::1", "::", 0, true},
		{"2001:db8:8000::", "2001:db8::", 32, true},
		{"2001:db8:8000::", "2001:db8::", 33, false},
		{"2001:db9::", "2001:db8::", 31, true},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct ip_addr a = addr(rows[i].addr), net = addr(rows[i].net);

		CU_ASSERT_EQUAL(ip_in_net(&a, &net, rows[i].bits), rows[i].in);
	}
}

static void endpoints_both_ways(void)
{
	static const char *const texts[] = {"10.0.0.1:1", "255.255.255.255:65535", "[::]:80",
		"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff]:65535"};
	static const char *const bad[] = {"", ":", ":80", "10.0.0.1", "10.0.0.1:", "10.0.0.1:0",
		"10.0.0.1:65536", "10.0.0.1:99999999999999999999", "10.0.0.1:80x", "10.0.0.1: 80",
		"10.0.0.1:+80", "10.0.0.1:-1", "::1:80", "::1", "[::1]", "[::1]80",
		"[::1]:", "[]:80", "[::1:80", "[10.0.0.1]:80", "[", "]:80", "host:80",
		"[2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff:2001:db8:aaaa:bbbb]:80"};
	char text[IP_ENDPOINT_TEXT];
	struct ip_endpoint e;

	for (size_t i = 0; i < RTE_DIM(texts); i++) {
		CU_ASSERT_EQUAL(ip_endpoint_parse(texts[i], &e), 0);
		CU_ASSERT_STRING_EQUAL(ip_endpoint_text(&e, text), texts[i]);
	}
	CU_ASSERT_EQUAL(e.port, 65535);
	for (size_t i = 0; i < RTE_DIM(bad); i++)
		CU_ASSERT_EQUAL(ip_endpoint_parse(bad[i], &e), -EINVAL);
}

static const struct unit_case cases[] = {
	UNIT_CASE(big_endian_fields),
	UNIT_CASE(addresses_both_ways),
	UNIT_CASE(mapped_is_ipv4),
	UNIT_CASE(kinds),
	UNIT_CASE(nets),
	UNIT_CASE(endpoints_both_ways),
};

UNIT_MAIN(cases)
