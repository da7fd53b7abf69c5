/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/http_priv.h"
#include "unit.h"

static const char alnum[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static bool in(const char *set, int c)
{
	return c != 0 && (strchr(alnum, c) || strchr(set, c));
}

/* Against the lists of RFC 9110 5.6.2 and RFC 3986 2, written out. */
static void every_byte_has_its_classes(void)
{
	for (int c = 0; c < 256; c++) {
		bool text = c == '\t' || (c >= ' ' && c != 0x7f);

		CU_ASSERT_EQUAL(http__is((char)c, HTTP__TCHAR), in("!#$%&'*+-.^_`|~", c));
		CU_ASSERT_EQUAL(http__is((char)c, HTTP__TEXT), text);
		CU_ASSERT_EQUAL(
			http__is((char)c, HTTP__TARGET), text && c != ' ' && c != '\t' && c != '#');
		CU_ASSERT_EQUAL(http__is((char)c, HTTP__HOST), in("-._~!$&'()*+,;=%", c));
		CU_ASSERT_EQUAL(http__is((char)c, HTTP__HEX),
			c != 0 && strchr("0123456789abcdefABCDEF", c));
	}
}

/* Each byte at each place of a run of each length, with every neighbour a trap for the borrow. */
static void skip_text_stops_at_the_first_control(void)
{
	static const uint8_t fill[] = {0x20, 0x21, 0x7e, 0x80, 0x81, 0x9f, 0xa0, 0xff};
	char run[24];

	for (size_t f = 0; f < sizeof(fill); f++)
		for (int c = 0; c < 256; c++)
			for (size_t at = 0; at < sizeof(run); at++) {
				const char *want = run + sizeof(run);

				memset(run, fill[f], sizeof(run));
				run[at] = (char)c;
				if (c < 0x20 || c == 0x7f)
					want = run + at;
				CU_ASSERT_EQUAL(http__skip_text(run, run + sizeof(run)), want);
			}
	memset(run, 'a', sizeof(run));
	run[3] = '\r';
	run[4] = ' '; /* a byte that the borrow of the one before may mark */
	CU_ASSERT_EQUAL(http__skip_text(run, run + sizeof(run)), run + 3);
	CU_ASSERT_EQUAL(http__skip_text(run, run), run);
	CU_ASSERT_EQUAL(http__skip_text(run, run + 3), run + 3);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_byte_has_its_classes),
	UNIT_CASE(skip_text_stops_at_the_first_control),
};
UNIT_MAIN(cases)
