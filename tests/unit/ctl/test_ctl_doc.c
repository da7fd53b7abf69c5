/* SPDX-License-Identifier: BSD-3-Clause */
#include "ctl/ctl_priv.h"
#include "unit.h"

static const struct ctl_column two[] = {{"a"}, {"b"}};

static void expect_cell(
	const struct ctl_doc *d, unsigned s, size_t i, enum ctl_kind kind, const char *string)
{
	struct ctl_cell c = ctl__doc_cell(d, &d->section[s], i);

	CU_ASSERT_EQUAL(c.kind, kind);
	CU_ASSERT_EQUAL_FATAL(c.len, strlen(string));
	CU_ASSERT_EQUAL(memcmp(d->strings.p + c.at, string, c.len), 0);
}

static void cells_keep_their_place(void)
{
	struct ctl_doc d = {0};

	CTL_SECTION(&d, "one", CTL_TABLE, two);
	ctl__doc_string(&d, "x%d", 1);
	ctl__doc_number(&d, CTL_COUNT, UINT64_MAX);
	ctl__doc_string(&d, "%s", "");
	ctl__doc_real(&d, CTL_SHARE, 0.5);
	CTL_SECTION(&d, "none", CTL_TABLE, two);
	CTL_SECTION(&d, "last", CTL_TABLE, two);
	ctl__doc_none(&d);
	ctl__doc_string(&d, "end");
	CU_ASSERT_EQUAL(d.n_sections, 3);
	CU_ASSERT_EQUAL(d.section[0].n, 4);
	CU_ASSERT_EQUAL(d.section[1].n, 0);
	CU_ASSERT_EQUAL(d.section[2].n, 2);
	expect_cell(&d, 0, 0, CTL_STRING, "x1");
	CU_ASSERT_EQUAL(ctl__doc_cell(&d, &d.section[0], 1).u, UINT64_MAX);
	expect_cell(&d, 0, 2, CTL_STRING, "");
	CU_ASSERT_EQUAL(ctl__doc_cell(&d, &d.section[0], 3).f, 0.5);
	CU_ASSERT_EQUAL(ctl__doc_cell(&d, &d.section[2], 0).kind, CTL_NONE);
	expect_cell(&d, 2, 1, CTL_STRING, "end");
	ctl__doc_fini(&d);
}

static void addresses(void)
{
	struct conf_prefix p[2] = {{.bits = 120}, {.bits = 64}};
	struct ip_endpoint e = {.port = 443};
	struct ctl_doc d = {0};

	ip_addr_parse("10.1.2.3", &p[0].addr);
	ip_addr_parse("2001:db8::1", &p[1].addr);
	e.addr = p[1].addr;
	CTL_SECTION(&d, "s", CTL_TABLE, two);
	ctl__doc_prefixes(&d, p, 2);
	ctl__doc_prefixes(&d, p, 0);
	ctl__doc_addr(&d, &p[0].addr);
	ctl__doc_endpoints(&d, &e, 1);
	ctl__doc_prefix(&d, &p[1].addr, 0);
	ctl__doc_endpoint(&d, &e);
	expect_cell(&d, 0, 0, CTL_LIST, "10.1.2.3/24\n2001:db8::1/64");
	expect_cell(&d, 0, 1, CTL_LIST, "");
	expect_cell(&d, 0, 2, CTL_STRING, "10.1.2.3");
	expect_cell(&d, 0, 3, CTL_LIST, "[2001:db8::1]:443");
	expect_cell(&d, 0, 4, CTL_STRING, "2001:db8::1/0");
	expect_cell(&d, 0, 5, CTL_STRING, "[2001:db8::1]:443");
	ctl__doc_fini(&d);
}

static const struct unit_case cases[] = {UNIT_CASE(cells_keep_their_place), UNIT_CASE(addresses)};
UNIT_MAIN(cases)
