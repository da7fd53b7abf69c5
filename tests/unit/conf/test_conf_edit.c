/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

/* data/good.ini with one edit or two, errors into errors_text. */
static struct conf *edited(struct conf_edit a, struct conf_edit b)
{
	const struct conf_edit edits[] = {a, b};
	struct conf_errors errs = {0};
	struct conf *c;

	CU_ASSERT_EQUAL_FATAL(chdir(CONF_TEST_DATA), 0);
	c = conf_load_edited("good.ini", edits, b.pool ? 2 : 1, &errs);
	CU_ASSERT_EQUAL(c == NULL, conf_errors_count(&errs) > 0);
	errors_take(&errs);
	return c;
}

static void refused(struct conf_edit a, const char *want)
{
	struct conf *c = edited(a, (struct conf_edit){0});

	CU_ASSERT_PTR_NULL(c);
	conf_destroy(c);
	expect_text(a.member, errors_text, want);
}

/* The settings of a section, "key = value" a line. */
static void expect_part(const struct conf *c, const char *section, const char *want)
{
	char text[2048] = "";

	for (unsigned i = 0; i < c->n_settings; i++)
		if (strcmp(c->settings[i].section, section) == 0)
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s = %s\n",
				c->settings[i].key, c->settings[i].value);
	expect_text(section, text, want);
}

static void as_written(void)
{
	const struct conf_setting *s;
	struct conf *c;

	c = parse(PORT "[pool\t p ] ; c\nmember = a 10.0.0.2:80\nmember=b  10.0.0.3:80 ; c\n"
		       "hold = 1s\n[tcp]\n");
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->path, "t.ini");
	CU_ASSERT_EQUAL_FATAL(c->n_settings, 5);
	s = &c->settings[3];
	CU_ASSERT_STRING_EQUAL(s->section, "pool p");
	CU_ASSERT_STRING_EQUAL(s->at.file, "t.ini");
	CU_ASSERT_EQUAL(s->at.line, 6);
	expect_part(c, "pool p", "member = a 10.0.0.2:80\nmember = b  10.0.0.3:80\nhold = 1s\n");
	conf_destroy(c);
}

static void added(void)
{
	struct conf *c = edited((struct conf_edit){"first", "two 10.30.9.8:9000 weight=2", false},
		(struct conf_edit){"first", "only", true});

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->pools[0].n_members, 1);
	CU_ASSERT_STRING_EQUAL(c->pools[0].members[0].name, "two");
	CU_ASSERT_EQUAL(c->pools[0].members[0].weight, 2);
	CU_ASSERT_STRING_EQUAL(c->pools[0].members[0].at.file, "conf.d/b.ini");
	expect_part(
		c, "pool first", "tls = yes\nca = ca.pem\nmember = two 10.30.9.8:9000 weight=2\n");
	conf_destroy(c);
	/* the last line of a section is one more place to add behind */
	c = edited((struct conf_edit){"second", "b", true},
		(struct conf_edit){"second", "b 10.20.0.99:1", false});
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->pools[1].n_members, 2);
	CU_ASSERT_EQUAL(c->pools[1].members[1].endpoint.port, 1);
	conf_destroy(c);
}

static void bad(void)
{
	char text[1100];

	refused((struct conf_edit){"frist", "a 10.20.0.9:1", false},
		"good.ini: there is no [pool frist], allowed: one of the file\n");
	refused((struct conf_edit){"first", "one", true},
		"conf.d/b.ini:2: [pool first] member: there is no one to take out, allowed: the "
		"name of a member\n");
	refused((struct conf_edit){"first", "only", true},
		"conf.d/b.ini:2: [pool first] member: missing, allowed: NAME ADDRESS:PORT "
		"[weight=1..256] [priority=0..9], up to 256 times\n");
	refused((struct conf_edit){"first", "a 10.20.0.300:1", false},
		"conf.d/b.ini:2: [pool first] member: '10.20.0.300:1' is not an address and port, "
		"allowed: NAME ADDRESS:PORT [weight=1..256] [priority=0..9], up to 256 times\n");
	refused((struct conf_edit){"first", "a 10.20.0.9:1\nhold = 1s", false},
		"conf.d/b.ini:2: [pool first] member: it is no line, allowed: text of at most 1000 "
		"bytes\n");
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	refused((struct conf_edit){"first", text, false},
		"conf.d/b.ini:2: [pool first] member: it is no line, allowed: text of at most 1000 "
		"bytes\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(as_written),
	UNIT_CASE(added),
	UNIT_CASE(bad),
};

UNIT_MAIN(cases)
