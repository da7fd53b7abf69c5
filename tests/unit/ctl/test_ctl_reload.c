/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static void up(void)
{
	system_up();
	system_file(SYSTEM_INI);
}

static void expect_unchanged(void)
{
	CU_ASSERT_EQUAL(sys.core.sys.snapshots->now->number, 1);
	CU_ASSERT_PTR_EQUAL(sys.core.sys.conf, sys.conf);
	for (unsigned w = 0; w < SYSTEM_WORKERS; w++)
		CU_ASSERT_TRUE(relay_uses(sys.worker[w].relay, sys.conf));
}

static void expect_refused(const char *ini, const char *part)
{
	char *text;
	bool ok;

	system_file(ini);
	text = ask("reload", &ok);
	CU_ASSERT_FALSE(ok);
	EXPECT_PARTS(text, "nothing is changed: ", part);
	free(text);
	expect_unchanged();
}

static void bad_files(void)
{
	char *text;
	bool ok;

	up();
	expect_refused("", "[port");
	expect_refused("nonsense", "neither a heading nor a key");
	expect_refused(SYSTEM_INI "[pool odd]\n", "odd");
	expect_refused(SYSTEM_INI "[pool odd]\nmember = a 10.1.0.1:1\nhold = soon\n", "soon");
	/* good, but not for what runs */
	expect_refused(SYSTEM_INI "[tcp]\nreceive-buffer = 128K\n", "[tcp]");
	expect_refused(SYSTEM_INI "[listener b]\naddress = 10.0.0.10:81\npool = fast\n",
		"100000 more than there is room for, restart to change it");
	expect_refused(SYSTEM_INI "[route odd]\noperation = Nonsense\npool = fast\n", "Nonsense");
	unlink(sys.file);
	text = ask("diff", &ok);
	CU_ASSERT_FALSE(ok);
	EXPECT_PARTS(text, "cannot be read");
	free(text);
	CU_ASSERT_EQUAL(sys.core.sys.snapshots->refused, 7);
	system_down();
}

/* Room is what it was at the start, however small what ran in between. */
static void room_stays(void)
{
	static char small[4096];
	char *at;

	up();
	strcpy(small, SYSTEM_INI);
	at = strstr(small, "connections = 8");
	CU_ASSERT_PTR_NOT_NULL_FATAL(at);
	at[strlen("connections = ")] = '2';
	system_file(small);
	EXPECT_ANSWER("reload", "connections");
	CU_ASSERT_EQUAL(sys.core.sys.conf->listeners[0].connections, 2);
	system_file(SYSTEM_INI);
	EXPECT_ANSWER("reload", "connections");
	CU_ASSERT_EQUAL(sys.core.sys.conf->listeners[0].connections, 8);
	system_down();
}

static void diff(void)
{
	up();
	EXPECT_ANSWER("json diff", "{\"changes\":[]}");
	system_file(SYSTEM_INI "[pool third]\nmember = x 10.1.0.40:9000\n");
	EXPECT_ANSWER("diff", "+", "[pool third]");
	expect_unchanged();
	system_down();
}

static void rollback(void)
{
	up();
	expect_error("rollback", "there is no snapshot before this one\n");
	system_file(SYSTEM_INI "[pool third]\nmember = x 10.1.0.40:9000\n");
	EXPECT_ANSWER("reload", "2");
	EXPECT_ANSWER("rollback", "3", "rollback to 1");
	CU_ASSERT_EQUAL(sys.core.sys.conf->n_pools, 2);
	EXPECT_ANSWER("rollback", "4", "rollback to 2"); /* what ran before it */
	CU_ASSERT_EQUAL(sys.core.sys.conf->n_pools, 3);
	EXPECT_ANSWER("rollback 1", "5", "rollback to 1");
	expect_error("rollback 9", "\"9\": no such snapshot; expected 4, 3, 2, 1\n");
	system_down();
}

static void edits(void)
{
	up();
	EXPECT_ANSWER("add member slow e 10.1.0.50:9000 weight=3", "add member slow/e", "+");
	EXPECT_ANSWER("show pool slow", "c", "e", "10.1.0.50:9000");
	CU_ASSERT_EQUAL(sys.core.sys.conf->pools[1].members[1].weight, 3);
	EXPECT_ANSWER("remove member fast/a", "remove member fast/a");
	CU_ASSERT_EQUAL(sys.core.sys.conf->pools[0].n_members, 1);
	CU_ASSERT_EQUAL(sys.core.sys.conf->pools[1].n_members, 2);
	expect_error("remove member fast/a", "\"a\": no such member of pool fast; expected b\n");
	CU_ASSERT_EQUAL(sys.core.sys.snapshots->now->number, 3);
	EXPECT_ANSWER("rollback", "rollback to 2");
	CU_ASSERT_EQUAL(sys.core.sys.snapshots->now->source->n_edits, 1);
	EXPECT_ANSWER("json reload", "\"edits_dropped\":1");
	CU_ASSERT_EQUAL(sys.core.sys.conf->pools[1].n_members, 1);
	system_down();
}

static void edits_of_a_changed_file(void)
{
	up();
	system_file(SYSTEM_INI "[pool third]\nmember = x 10.1.0.40:9000\n");
	expect_error("add member slow e 10.1.0.50:9000",
		"nothing is changed: the file says something else than what runs (see diff): "
		"reload first\n");
	expect_unchanged();
	system_down();
}

static void edits_that_are_wrong(void)
{
	char *text;
	bool ok;

	up();
	expect_error("add member slow",
		"\"add member\": incomplete; expected POOL NAME ADDRESS:PORT [weight=N]\n");
	expect_error("add member none e 10.1.0.50:9000",
		"\"none\": no such pool; expected fast, slow\n");
	text = ask("add member slow c 10.1.0.50:9000", &ok); /* it is there */
	CU_ASSERT_FALSE(ok);
	EXPECT_PARTS(text, "c");
	free(text);
	text = ask("add member slow e nowhere", &ok);
	CU_ASSERT_FALSE(ok);
	EXPECT_PARTS(text, "nowhere");
	free(text);
	text = ask("remove member slow/c", &ok); /* its last */
	CU_ASSERT_FALSE(ok);
	EXPECT_PARTS(text, "slow");
	free(text);
	expect_unchanged();
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(bad_files),
	UNIT_CASE(room_stays),
	UNIT_CASE(diff),
	UNIT_CASE(rollback),
	UNIT_CASE(edits),
	UNIT_CASE(edits_of_a_changed_file),
	UNIT_CASE(edits_that_are_wrong),
};

UNIT_MAIN(cases)
