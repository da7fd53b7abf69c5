/* SPDX-License-Identifier: BSD-3-Clause */
#include "complete.h"
#include "unit.h"

#define ROOT "CompleteMultipartUpload"

/* "1=abc 2=def ." with "." for DONE, "!" for BAD. */
static const char *read_all(const char *xml, size_t step)
{
	static char said[512];
	enum complete_progress got = COMPLETE_MORE;
	const char *end = xml + strlen(xml);
	struct complete c;
	size_t n = 0;

	complete_init(&c);
	said[0] = '\0';
	for (const char *p = xml; p < end && got < COMPLETE_DONE;) {
		const char *stop = p + step < end ? p + step : end;

		got = complete_feed(&c, &p, stop);
		if (got == COMPLETE_PART)
			n += (size_t)sprintf(said + n, "%u=%s ", c.number, c.etag);
	}
	strcat(said, got == COMPLETE_DONE ? "." : got == COMPLETE_BAD ? "!" : "");
	return said;
}

static const struct {
	const char *xml, *says;
} rows[] = {
	{"<" ROOT "></" ROOT ">", "."},
	{"<" ROOT "/>", "."},
	{"<?xml version='1.0'?>\n <" ROOT " xmlns=\"a>b\">\n<Part><PartNumber>1</PartNumber>"
	 "<ETag>\"abc\"</ETag></Part>\n</" ROOT ">",
		"1=abc ."},
	{"<" ROOT "><Part><ETag>&quot;a-2&quot;</ETag><PartNumber> 10000\n</PartNumber></Part>"
	 "<Part><PartNumber>2</PartNumber><ETag>def</ETag><ChecksumSHA256>x</ChecksumSHA256></"
	 "Part></" ROOT ">",
		"10000=a-2 2=def ."},
	{"<" ROOT "><Part><PartNumber>1</PartNumber><ETag>x</ETag></Part>", "1=x "},
	{"<" ROOT "><Part><PartNumber>1</PartNumber></Part></" ROOT ">", "!"},
	{"<" ROOT "><Part></Part></" ROOT ">", "!"},
	{"<" ROOT "><Part><PartNumber>one</PartNumber><ETag>x</ETag></Part></" ROOT ">", "!"},
	{"<" ROOT "><Part><PartNumber>123456</PartNumber><ETag>x</ETag></Part></" ROOT ">", "!"},
	{"<" ROOT "><Part><PartNumber>1</PartNumber><ETag></ETag></Part></" ROOT ">", "!"},
	{"<" ROOT "><Bar></Bar></" ROOT ">", "!"},
	{"<Delete></Delete>", "!"},
	{"hello", "!"},
	{"<" ROOT ">text</" ROOT ">", "!"},
	{"<!DOCTYPE x><" ROOT "></" ROOT ">", "!"},
	{"<" ROOT "></Part>", "!"},
	{"</" ROOT ">", "!"},
	{"<" ROOT "><Part><A><B><C>", "!"},
};

static void lists(void)
{
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		CU_ASSERT_STRING_EQUAL(read_all(rows[i].xml, 10000), rows[i].says);
		CU_ASSERT_STRING_EQUAL(read_all(rows[i].xml, 1), rows[i].says);
		CU_ASSERT_STRING_EQUAL(read_all(rows[i].xml, 7), rows[i].says);
	}
}

static void limits(void)
{
	char xml[1024], etag[200];

	memset(etag, 'e', sizeof(etag));
	etag[COMPLETE_TEXT_MAX] = '\0';
	snprintf(xml, sizeof(xml),
		"<" ROOT "><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></" ROOT ">",
		etag);
	CU_ASSERT(strlen(read_all(xml, 5)) == COMPLETE_TEXT_MAX + 4);
	etag[COMPLETE_TEXT_MAX] = 'e';
	etag[COMPLETE_TEXT_MAX + 1] = '\0';
	snprintf(xml, sizeof(xml),
		"<" ROOT "><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></" ROOT ">",
		etag);
	CU_ASSERT_STRING_EQUAL(read_all(xml, 5), "!");
	/* an unknown element may be longer */
	snprintf(xml, sizeof(xml),
		"<" ROOT
		"><Part><PartNumber>1</PartNumber><Other>%s</Other><ETag>x</ETag></Part></" ROOT
		">",
		etag);
	CU_ASSERT_STRING_EQUAL(read_all(xml, 5), "1=x .");
}

static const struct unit_case cases[] = {UNIT_CASE(lists), UNIT_CASE(limits)};
UNIT_MAIN(cases)
