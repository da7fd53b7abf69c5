/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl_priv.h"
#include "json_check.h"
#include "unit.h"

/* Both renderings of d; ends it. */
static void expect(struct ctl_doc *d, const char *text, const char *json)
{
	struct ctl_text t = {0}, j = {0};

	ctl__render_text(d, &t);
	ctl__render_json(d, &j);
	ctl__text_put(&t, "", 1);
	ctl__text_put(&j, "", 1);
	if (strcmp(t.p, text) != 0 || strcmp(j.p, json) != 0)
		printf("\ngot\n%s\n%s\nwanted\n%s\n%s\n", t.p, j.p, text, json);
	CU_ASSERT_STRING_EQUAL(t.p, text);
	CU_ASSERT_STRING_EQUAL(j.p, json);
	CU_ASSERT_TRUE(json_valid(j.p));
	ctl__text_fini(&t);
	ctl__text_fini(&j);
	ctl__doc_fini(d);
}

static void list(struct ctl_doc *d, const char *items)
{
	struct ctl_text t = {0};

	ctl__text_str(&t, items);
	ctl__doc_list(d, &t);
	ctl__text_fini(&t);
}

/* Names to the left, numbers to the right, no blanks at the end of a line. */
static void table(void)
{
	static const struct ctl_column columns[] = {{"name"}, {"in_use"}, {"state"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "things", CTL_TABLE, columns);
	ctl__doc_string(&d, "a");
	ctl__doc_number(&d, CTL_COUNT, 12345678);
	ctl__doc_string(&d, "up");
	ctl__doc_string(&d, "longer");
	ctl__doc_number(&d, CTL_COUNT, 7);
	ctl__doc_none(&d);
	expect(&d,
		"name      in use  state\n"
		"a       12345678  up\n"
		"longer         7  -\n",
		"{\"things\":[{\"name\":\"a\",\"in_use\":12345678,\"state\":\"up\"},"
		"{\"name\":\"longer\",\"in_use\":7,\"state\":null}]}\n");
}

static void empty_table(void)
{
	static const struct ctl_column columns[] = {{"name"}, {"rx_us", "rx"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "things", CTL_TABLE, columns);
	expect(&d, "name  rx\n", "{\"things\":[]}\n");
}

static void record_and_table(void)
{
	static const struct ctl_column one[] = {{"up_s", "uptime"}, {"on"}};
	static const struct ctl_column two[] = {{"x"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "r", CTL_RECORD, one);
	ctl__doc_number(&d, CTL_SECONDS, 86400 + 3723);
	ctl__doc_number(&d, CTL_BOOL, 1);
	CTL_SECTION(&d, "t", CTL_TABLE, two);
	ctl__doc_number(&d, CTL_COUNT, 1);
	expect(&d, "uptime  1d 01:02:03\non      yes\n\nx\n1\n",
		"{\"r\":{\"up_s\":90123,\"on\":true},\"t\":[{\"x\":1}]}\n");
}

static void units(void)
{
	static const struct ctl_column columns[] = {{"v"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "u", CTL_TABLE, columns);
	ctl__doc_number(&d, CTL_BYTES, 1023);
	ctl__doc_number(&d, CTL_BYTES, 1536);
	ctl__doc_number(&d, CTL_BYTES, (1ull << 20) - 1);
	ctl__doc_number(&d, CTL_BYTES, UINT64_MAX);
	ctl__doc_number(&d, CTL_US, 999);
	ctl__doc_number(&d, CTL_US, 1500);
	ctl__doc_number(&d, CTL_US, 2500000);
	ctl__doc_number(&d, CTL_MS, 1500);
	ctl__doc_real(&d, CTL_SHARE, 0.125);
	ctl__doc_real(&d, CTL_REAL, 2.25);
	expect(&d,
		"       v\n  1023 B\n 1.5 KiB\n 1.0 MiB\n16.0 EiB\n  999 us\n 1.50 ms\n  2.50 s\n"
		"  1.50 s\n  12.5 %\n     2.2\n",
		"{\"u\":[{\"v\":1023},{\"v\":1536},{\"v\":1048575},{\"v\":18446744073709551615},"
		"{\"v\":999},{\"v\":1500},{\"v\":2500000},{\"v\":1500},{\"v\":0.125},{\"v\":2.25}]}"
		"\n");
}

static void lists(void)
{
	static const struct ctl_column columns[] = {{"a"}, {"b"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "l", CTL_TABLE, columns);
	list(&d, "x\ny z");
	list(&d, "");
	expect(&d, "a       b\nx, y z  -\n", "{\"l\":[{\"a\":[\"x\",\"y z\"],\"b\":[]}]}\n");
}

/* As the operator's file: exact units, dashes, no line for what is not given. */
static void blocks(void)
{
	static const struct ctl_column single[] = {{"hold_ms", "hold_time"}, {"vlan"}, {"alive"}};
	static const struct ctl_column many[] = {{"name"}, {"head_limit"}, {"member"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "global", CTL_BLOCK, single);
	ctl__doc_number(&d, CTL_MS, 1500);
	ctl__doc_none(&d);
	ctl__doc_number(&d, CTL_OFF, 0);
	CTL_SECTION(&d, "route_static", CTL_BLOCKS, many);
	ctl__doc_string(&d, "a");
	ctl__doc_number(&d, CTL_BYTES, 3 << 20);
	list(&d, "m1\nm2");
	ctl__doc_string(&d, "b");
	ctl__doc_number(&d, CTL_BYTES, 1025);
	list(&d, "");
	expect(&d,
		"[global]\nhold-time = 1500ms\nalive = off\n\n"
		"[route-static a]\nhead-limit = 3M\nmember = m1\nmember = m2\n\n"
		"[route-static b]\nhead-limit = 1025\n",
		"{\"global\":{\"hold_ms\":1500,\"vlan\":null,\"alive\":null},\"route_static\":["
		"{\"name\":\"a\",\"head_limit\":3145728,\"member\":[\"m1\",\"m2\"]},"
		"{\"name\":\"b\",\"head_limit\":1025,\"member\":[]}]}\n");
}

/* A device string may hold anything: no control character reaches the terminal. */
static void hostile_strings(void)
{
	static const struct ctl_column columns[] = {{"a"}, {"b"}};
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "h", CTL_TABLE, columns);
	ctl__doc_string(&d, "\033[2J\"");
	ctl__doc_string(&d, "\u00fc|");
	ctl__doc_string(&d, "12345");
	ctl__doc_string(&d, "x");
	expect(&d, "a      b\n?[2J\"  \u00fc|\n12345  x\n",
		"{\"h\":[{\"a\":\"\\u001b[2J\\\"\",\"b\":\"\u00fc|\"},{\"a\":\"12345\",\"b\":\"x\"}"
		"]}\n");
}

static void no_memory_is_no_answer(void)
{
	static const struct ctl_column columns[] = {{"a"}};
	struct ctl_doc d = {0};
	struct ctl_text t = {0};

	CTL_SECTION(&d, "s", CTL_TABLE, columns);
	ctl__doc_string(&d, "x");
	d.strings.failed = true;
	ctl__render_text(&d, &t);
	CU_ASSERT_TRUE(t.failed);
	ctl__text_fini(&t);
	ctl__render_json(&d, &t);
	CU_ASSERT_TRUE(t.failed);
	ctl__text_fini(&t);
	ctl__doc_fini(&d);
}

static const struct unit_case cases[] = {UNIT_CASE(table), UNIT_CASE(empty_table),
	UNIT_CASE(record_and_table), UNIT_CASE(units), UNIT_CASE(lists), UNIT_CASE(blocks),
	UNIT_CASE(hostile_strings), UNIT_CASE(no_memory_is_no_answer)};
UNIT_MAIN(cases)
