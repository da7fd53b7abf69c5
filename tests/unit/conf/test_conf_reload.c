/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

#define TWO     "[port q]\ndevice = e\naddress = 10.1.0.1/24\n"
#define CERT    "[certificate c]\nchain = c.pem\nkey = c.key\n"
#define POOL    "[pool p]\nmember = a 10.0.0.2:80\n"
#define L(port) "[listener l" port "]\naddress = 10.0.0.1:" port "\npool = p\nconnections = 100\n"
#define BASE    PORT L("80") POOL

static void expect_check(const char *running, const char *next, const char *want)
{
	struct conf *a = parse(running), *b = parse(next);
	struct conf_errors errs = {0};
	unsigned n;

	CU_ASSERT_FATAL(a && b);
	n = conf_reload_check(a, b, &errs);
	CU_ASSERT_EQUAL(n, conf_errors_count(&errs));
	errors_take(&errs);
	expect_text(next, errors_text, want);
	conf_destroy(a);
	conf_destroy(b);
}

static void nothing(void)
{
	expect_check(BASE, BASE, "");
	/* a default that is written is no change */
	expect_check(BASE, "[global]\nmemory = 1G\n" BASE "[tcp]\necn = accept\n", "");
	expect_check("[global]\nmemory = 1G\n" BASE, BASE, "");
}

/* All that a running appliance takes. */
static void live(void)
{
	expect_check("[global]\nlog = info\ndrain = 1s\n" BASE,
		"[global]\nlog = debug\ndrain = 2s\n" PORT
		"[listener m]\naddress = 10.0.0.1:81\npool = q\nconnections = 100\n"
		"domain = s3.test\n[pool q]\nmember = a 10.0.0.3:80\ncheck = c\n"
		"[check c]\nkind = http\n[route r]\nerror = 403\n" CERT,
		"");
}

static void fixed(void)
{
	expect_check(BASE "[tls]\nhandshakes = 16\n",
		"[global]\nworkers = 1-2\nmemory = 2G\nmetrics = 127.0.0.1:1\n" BASE
		"[tcp]\necn = no\ntime-wait = 1s\n",
		"t.ini: [tls] handshakes: 16 -> 1024, restart to change it\n"
		"t.ini:2: [global] workers: none -> 1-2, restart to change it\n"
		"t.ini:3: [global] memory: 1G -> 2G, restart to change it\n"
		"t.ini:4: [global] metrics: none -> 127.0.0.1:1, restart to change it\n"
		"t.ini:15: [tcp] ecn: accept -> no, restart to change it\n"
		"t.ini:16: [tcp] time-wait: 60s -> 1s, restart to change it\n");
}

static void ports(void)
{
	expect_check(BASE,
		"[port p]\ndevice = d\naddress = 10.0.0.1/24\naddress = fd00::1/64\n" TWO
		"mtu = 9000\n" POOL,
		"t.ini:4: [port p] address: none -> fd00::1/64, restart to change it\n"
		"t.ini:5: [port q] is new, restart to change it\n");
	expect_check(PORT "mtu = 9000\n" TWO POOL, PORT POOL,
		"t.ini: [port q] is gone, restart to change it\n"
		"t.ini:1: [port p] mtu: 9000 -> 1500, restart to change it\n");
	expect_check(PORT TWO POOL, TWO PORT POOL,
		"t.ini:1: [port q] is in another place, restart to change it\n");
	expect_check(PORT "[route-static r]\nto = 10.7.0.0/16\nvia = 10.0.0.7\n" POOL,
		PORT "[route-static r]\nto = 10.7.0.0/16\nvia = 10.0.0.8\n" POOL,
		"t.ini:6: [route-static r] via: 10.0.0.7 -> 10.0.0.8, restart to change it\n");
}

static void connections(void)
{
	expect_check(PORT L("80") L("81") POOL, PORT L("82") L("83") POOL, "");
	expect_check(BASE, PORT L("80") L("81") POOL,
		"t.ini:8: [listener l81] connections: listeners of mode = http have 200, 100 more "
		"than there is room for, restart to change it\n");
	/* what http has, splice cannot have; nor do members have it of what echo has */
	expect_check(BASE, PORT L("80") "mode = splice\n" POOL,
		"t.ini:4: [listener l80] connections: listeners of mode = splice, echo or sni have "
		"100, 100 more than there is room for, restart to change it\n");
	expect_check(PORT "[listener l80]\naddress = 10.0.0.1:80\nmode = echo\n" POOL,
		PORT L("80") "mode = splice\n" POOL,
		"t.ini:4: [listener l80] connections: listeners of mode = splice or sni have 100, "
		"100 more than there is room for, restart to change it\n");
}

static void tls(void)
{
	expect_check(BASE, PORT L("80") "certificate = c\n" POOL CERT,
		"t.ini:4: [listener l80] connections: listeners with TLS have 100, 100 more than "
		"there is room for, restart to change it\n");
	expect_check(PORT L("80") "certificate = c\n" L("81") POOL CERT,
		PORT L("80") L("81") "certificate = c\n" POOL CERT, "");
	expect_check(BASE, BASE "tls = yes\n",
		"t.ini:8: [pool p] tls: requests went to no pool with TLS before, restart to "
		"change "
		"it\n");
	expect_check(BASE, BASE "[pool q]\nmember = a 10.0.0.3:80\ntls = yes\n", "");
	expect_check(BASE,
		BASE "[pool q]\nmember = a 10.0.0.3:80\ntls = yes\n[route r]\npool = q\n",
		"t.ini:10: [pool q] tls: requests went to no pool with TLS before, restart to "
		"change it\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(nothing),
	UNIT_CASE(live),
	UNIT_CASE(fixed),
	UNIT_CASE(ports),
	UNIT_CASE(connections),
	UNIT_CASE(tls),
};

UNIT_MAIN(cases)
