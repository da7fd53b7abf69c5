/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static const struct conf *parse(const char *text)
{
	struct conf_errors errs = {0};
	const struct conf *c = conf_parse_text("again", text, strlen(text), &errs);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		printf("%s\n", conf_errors_text(&errs, i));
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	conf_errors_fini(&errs);
	return c;
}

static void drop(const struct conf *c)
{
	conf_destroy((struct conf *)(uintptr_t)c);
}

/* What show config prints is a file; loaded, it prints itself. */
static void round_trip(void)
{
	char *one, *two;
	bool ok;

	system_up();
	sys.core.sys.conf = parse(
		SYSTEM_INI "[listener sql]\naddress = 10.0.0.10:3306\nmode = splice\npool = slow\n"
			   "[listener back]\naddress = 10.0.0.10:7\nmode = echo\n");
	one = ask("show config", &ok);
	CU_ASSERT_TRUE(ok);
	drop(sys.core.sys.conf);
	sys.core.sys.conf = parse(one);
	two = ask("show config", &ok);
	CU_ASSERT_STRING_EQUAL(one, two);
	EXPECT_PARTS(one, "[global]\n", "workers = 2,3\n", "drain = 1500ms\n", "[tcp]\n",
		"keepalive = off\n", "[port front]\n", "gateway = 2001:db8::1\n", "[port back]\n",
		"mac = 02:00:00:00:00:0a\n", "optional = yes\n", "[route-static store]\n",
		"to = 10.9.0.0/16\n", "[listener s3]\n", "forwarded = yes\n", "[listener sql]\n",
		"mode = splice\npool = slow\nidle-timeout = 60s\n", "[listener back]\n",
		"mode = echo\nidle-timeout = 60s\n", "[pool fast]\n",
		"member = a 10.1.0.11:9000 weight=2\n");
	free(one);
	free(two);
	drop(sys.core.sys.conf);
	sys.core.sys.conf = sys.conf;
	system_down();
}

static void as_json(void)
{
	system_up();
	EXPECT_ANSWER("json show config", "{\"global\":{\"workers\":\"2,3\",", "\"metrics\":null",
		"\"keepalive_ms\":null", "\"address\":[\"10.0.0.10/24\",\"2001:db8::10/64\"]",
		"\"vlan\":7", "\"head_limit_bytes\":65536", "\"pool\":[{\"name\":\"fast\"");
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(round_trip), UNIT_CASE(as_json)};
UNIT_MAIN(cases)
