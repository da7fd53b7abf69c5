/* SPDX-License-Identifier: BSD-3-Clause */
/* Connections that TCP has on its own account (as those that close after the relay let them go);
 * what the relay adds to its own is seen end to end. */
#include "system.h"

/* n connects that wait for their SYN-ACK, on worker w. */
static void connect_some(unsigned w, unsigned n)
{
	const struct tcp_path path = {.mtu = 1500};
	struct ip_endpoint local = {.port = 2000}, remote = {.port = 9000};
	int error;

	ip_addr_parse("10.1.0.10", &local.addr);
	ip_addr_parse("10.1.0.11", &remote.addr);
	for (unsigned i = 0; i < n; i++, local.port++)
		CU_ASSERT_PTR_NOT_NULL_FATAL(
			tcp_connect(sys.worker[w].tcp, &local, &remote, &path, NULL, &error));
}

static unsigned rows(const char *line)
{
	unsigned n = 0;
	bool ok;
	char *text = ask(line, &ok);

	CU_ASSERT_TRUE(ok);
	for (const char *p = text; (p = strstr(p, "\"tcp_state\":")) != NULL; p++)
		n++;
	free(text);
	return n;
}

static void listed(void)
{
	system_up();
	connect_some(0, 2);
	connect_some(1, 1);
	EXPECT_ANSWER("json show connections",
		"{\"worker\":0,\"side\":\"tcp\",\"peer\":null,\"remote\":\"10.1.0.11:9000\","
		"\"local\":\"10.1.0.10:2000\",\"tcp_state\":\"",
		"\"local\":\"10.1.0.10:2001\"", "{\"worker\":1,\"side\":\"tcp\"",
		"\"summary\":{\"shown\":3,\"open\":3,\"half_open\":0,\"time_wait\":0}");
	EXPECT_ANSWER("show connections", "0  tcp   -   10.1.0.11:9000  10.1.0.10:2000",
		"shown      3\n");
	system_down();
}

static void limits(void)
{
	system_up();
	connect_some(0, 5);
	connect_some(1, 5);
	CU_ASSERT_EQUAL(rows("json show connections"), 10);
	CU_ASSERT_EQUAL(rows("json show connections 10000"), 10);
	CU_ASSERT_EQUAL(rows("json show connections 7"), 7);
	CU_ASSERT_EQUAL(rows("json show connections 1"), 1);
	EXPECT_ANSWER("json show connections 3", "\"summary\":{\"shown\":3,\"open\":10,");
	expect_error("show connections 0", "\"0\": expected how many to show, 1 to 10000\n");
	expect_error(
		"show connections 10001", "\"10001\": expected how many to show, 1 to 10000\n");
	expect_error("show connections 99999999999999999999",
		"\"99999999999999999999\": expected how many to show, 1 to 10000\n");
	expect_error("show connections -1", "\"-1\": expected how many to show, 1 to 10000\n");
	sys.hangs = true;
	expect_error("show connections", "worker 0 does not answer\n");
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(listed), UNIT_CASE(limits)};
UNIT_MAIN(cases)
