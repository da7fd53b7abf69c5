/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

static void ports(void)
{
	golden("ports");
}

static void routes(void)
{
	golden("routes");
}

static void listeners(void)
{
	golden("listeners");
}

static void pools(void)
{
	golden("pools");
}

static void no_port(void)
{
	expect_errors("", "t.ini:1: there is no port, allowed: at least one [port NAME]\n");
}

/* One mistake, one line: what follows from it is not told. */
static void no_echoes(void)
{
#define REST "[listener l]\naddress = 10.0.0.1:80\npool = p\n[pool p]\nmember = a 10.0.0.2:80\n"
	expect_errors("[prot p]\ndevice = d\naddress = 10.0.0.1/24\n" REST,
		"t.ini:1: [prot p] unknown section, allowed: [global], [port NAME], [route-static "
		"NAME], [listener NAME], [route NAME], [pool NAME], [check NAME], [certificate "
		"NAME], [tls], [tcp]\n");
	expect_errors("[port p\ndevice = d\naddress = 10.0.0.1/24\n" REST,
		"t.ini:1: the heading does not end, allowed: [section]\n");
	expect_errors("[port p]\ndevice = d\naddress = 10.0.0.1/33\n" REST,
		"t.ini:3: [port p] address: /33 is not a length from 1 to 32, allowed: up to 8 "
		"host addresses with prefix length, as 10.0.0.10/24\n");
#undef REST
}

/* But a bad key does not hide what is wrong with another. */
static void no_shadows(void)
{
	expect_errors(PORT "[listener l]\naddress = 10.0.0.9:80\npool = q\nhead-limit = 1\n"
			   "[pool p]\nmember = a 10.9.0.2:80\nhold = 1\n",
		"t.ini:5: [listener l] address: 10.0.0.9:80 is on no port, allowed: an address of "
		"a [port]\n"
		"t.ini:6: [listener l] pool: there is no [pool q], allowed: p\n"
		"t.ini:7: [listener l] head-limit: 1 is out of range, allowed: 1K to 64K\n"
		"t.ini:9: [pool p] member: 10.9.0.2:80 cannot be reached, allowed: a host in a "
		"subnet of a port, or behind a gateway or route\n"
		"t.ini:10: [pool p] hold: '1' is not a duration with a unit (ms, s, m, h), "
		"allowed: 0ms to 1h\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(ports),
	UNIT_CASE(routes),
	UNIT_CASE(listeners),
	UNIT_CASE(pools),
	UNIT_CASE(no_port),
	UNIT_CASE(no_echoes),
	UNIT_CASE(no_shadows),
};

UNIT_MAIN(cases)
