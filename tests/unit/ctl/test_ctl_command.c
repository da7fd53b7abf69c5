/* SPDX-License-Identifier: BSD-3-Clause */
#include "json_check.h"
#include "system.h"

static void abbreviations(void)
{
	system_up();
	EXPECT_ANSWER("show version", "version  1.2.3\n");
	EXPECT_ANSWER("sh v", "version  1.2.3\n");
	EXPECT_ANSWER("s pool fast", "10.1.0.11:9000"); /* whole, though pools begins with it */
	EXPECT_ANSWER("sh conn 5", "shown");
	expect_error("sh",
		"\"sh\": incomplete; expected version, ports, workers, cycles, listeners, pools, "
		"pool, connections, routes, neighbours, counters, memory, config, tls, "
		"certificates, snapshots, events\n");
	system_down();
}

/* Which word is wrong, and what could stand there. */
static void errors(void)
{
	system_up();
	expect_error("", "empty request; \"help\" lists the commands\n");
	expect_error("shwo pools", "\"shwo\": unknown; expected show, diff, reload, rollback, "
				   "drain, undrain, maintenance, weight, add, remove, help\n");
	expect_error("show po", "\"po\": ambiguous; it may be ports, pools, pool\n");
	expect_error("show co", "\"co\": ambiguous; it may be connections, counters, config\n");
	expect_error("show versions",
		"\"versions\": unknown; expected version, ports, workers, cycles, listeners, "
		"pools, pool, "
		"connections, routes, neighbours, counters, memory, config, tls, certificates, "
		"snapshots, events\n");
	expect_error("show version now", "\"now\": unexpected; nothing may follow here\n");
	expect_error("show pool", "\"show pool\": incomplete; expected NAME\n");
	expect_error("show pool fast x", "\"x\": unexpected; nothing may follow here\n");
	expect_error("help show nothing",
		"\"nothing\": unknown; expected version, ports, workers, cycles, listeners, pools, "
		"pool, "
		"connections, routes, neighbours, counters, memory, config, tls, certificates, "
		"snapshots, events\n");
	expect_error("reload now", "\"now\": unknown; expected certificates\n");
	expect_error("re", "\"re\": ambiguous; it may be reload, remove\n");
	expect_error("weight", "\"weight\": incomplete; expected POOL/MEMBER N\n");
	expect_error("show\x01", "byte 5: 0x01 is no printable ASCII character\n");
	system_down();
}

/* A word of a kilobyte is quoted only in part, so that the rest is still said. */
static void long_word(void)
{
	char line[1000], *text;
	bool ok;

	system_up();
	memset(line, 'x', sizeof(line));
	line[sizeof(line) - 1] = '\0';
	text = ask(line, &ok);
	CU_ASSERT_FALSE(ok);
	CU_ASSERT_EQUAL(strlen(text),
		64 + strlen("\"\": unknown; expected show, diff, reload, rollback, drain, undrain, "
			    "maintenance, weight, add, remove, help\n"));
	EXPECT_PARTS(text, "xxx\": unknown; expected show, diff, reload, rollback, drain, undrain, "
			   "maintenance, weight, add, remove, help\n");
	free(text);
	system_down();
}

static void help(void)
{
	bool ok;
	char *text;

	system_up();
	EXPECT_ANSWER("help", "show version", "show pool NAME", "help [WORD...]");
	EXPECT_ANSWER("json help", "{\"command\":\"show pool NAME\",\"help\":\"one pool");
	text = ask("help show po", &ok);
	CU_ASSERT_TRUE(ok);
	EXPECT_PARTS(text, "show ports", "show pools", "show pool NAME");
	CU_ASSERT_PTR_NULL(strstr(text, "show version"));
	free(text);
	system_down();
}

static void expect_complete(const char *line, const char *want)
{
	bool ok;
	char *text = ask(line, &ok);

	CU_ASSERT_TRUE(ok);
	if (strcmp(text, want) != 0)
		printf("\n%s: got\n%s", line, text);
	CU_ASSERT_STRING_EQUAL(text, want);
	free(text);
}

#define ALL_VERBS                                                                                  \
	"show\ndiff\nreload\nrollback\ndrain\nundrain\nmaintenance\nweight\nadd\nremove\nhelp\n"

static void completion(void)
{
	system_up();
	expect_complete("complete", ALL_VERBS);
	expect_complete("complete ", ALL_VERBS);
	expect_complete("complete s", "show\n");
	expect_complete("complete show", "show\n");
	expect_complete("complete show po", "ports\npools\npool\n");
	expect_complete("complete sh po", "ports\npools\npool\n");
	expect_complete("complete show pool ", "fast\nslow\n");
	expect_complete("complete show pool s", "slow\n");
	expect_complete("complete show pool fast ", "");
	expect_complete("complete show counters ", "all\n");
	expect_complete("complete show connections ", "");
	expect_complete("complete reload ", "certificates\n");
	expect_complete("complete drain fa", "fast\nfast/a\nfast/b\n");
	expect_complete("complete weight fast/", "fast/a\nfast/b\n");
	expect_complete("complete add member s", "slow\n");
	expect_complete("complete add ", "member\n");
	expect_complete("complete help ", ALL_VERBS);
	expect_complete("complete help show ne", "neighbours\n");
	expect_complete("complete nothing ", "");
	expect_complete("complete show nothing ", "");
	system_down();
}

/* Every show, as JSON, is JSON, and has no line feed but the last. */
static void all_json(void)
{
	static const char *const nouns[] = {"version", "ports", "workers", "listeners", "pools",
		"pool fast", "connections", "routes", "neighbours", "counters", "counters all",
		"memory", "config", "certificates", "snapshots", "events"};
	char line[64], *text;
	bool ok;

	system_up();
	for (unsigned i = 0; i < RTE_DIM(nouns); i++) {
		snprintf(line, sizeof(line), "json show %s", nouns[i]);
		text = ask(line, &ok);
		CU_ASSERT_TRUE(ok);
		CU_ASSERT_TRUE(json_valid(text));
		CU_ASSERT_EQUAL(text[0], '{');
		CU_ASSERT_PTR_EQUAL(strchr(text, '\n'), text + strlen(text) - 1);
		free(text);
	}
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(abbreviations), UNIT_CASE(errors),
	UNIT_CASE(long_word), UNIT_CASE(help), UNIT_CASE(completion), UNIT_CASE(all_json)};
UNIT_MAIN(cases)
