/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf/conf_priv.h"
#include "conf_test.h"

static void syntax(void)
{
	golden("syntax");
}

static void includes(void)
{
	golden("include");
}

static void include_from_text(void)
{
	expect_errors("[global]\ninclude = /etc/*\n" PORT,
		"t.ini:2: [global] include: only a file includes, allowed: nothing here\n");
}

static void same_device(const char *text, size_t n, const char *device)
{
	struct conf *c = parse_n(text, n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_STRING_EQUAL(c->ports[0].device, device);
	conf_destroy(c);
}

/* What editors and other systems do to a file. */
static void line_ends(void)
{
	static const char crlf[] =
		"\xef\xbb\xbf[port p]\r\ndevice = d\r\n\r\naddress=10.0.0.1/24\r\n";
	static const char no_end[] = "[port p]\naddress=10.0.0.1/24\ndevice = d";

	same_device(crlf, sizeof(crlf) - 1, "d");
	same_device(no_end, sizeof(no_end) - 1, "d");
	/* n counts, not a NUL */
	same_device("[port p]\naddress=10.0.0.1/24\ndevice = dee", 40, "de");
}

static void comments(void)
{
	static const char text[] = "; c\n  # c\n[port p] ; c\ndevice = a;b ; c ; d\n"
				   "address = 10.0.0.1/24\t; c\n;device = x\n[tcp] # c\n";

	same_device(text, sizeof(text) - 1, "a;b");
	expect_errors(PORT "mtu = 1500 # no\n",
		"t.ini:4: [port p] mtu: '1500 # no' is not a number, allowed: 576 to 9600\n");
}

static void control_characters(void)
{
	static const char text[] = PORT "mtu\0 = 1\nvlan = 1\033\n\rmtu = 1500\n";

	CU_ASSERT_PTR_NULL(parse_n(text, sizeof(text) - 1));
	expect_text("control characters", errors_text,
		"t.ini:4: control character 0x00, allowed: text\n"
		"t.ini:5: control character 0x1b, allowed: text\n"
		"t.ini:6: control character 0x0d, allowed: text\n");
}

/* A line of the limit is read to its last byte, a longer one is never cut. */
static void long_lines(void)
{
	char text[3000] = "[port p]\naddress = 10.0.0.1/24\ndevice = ";
	size_t start = strlen("[port p]\naddress = 10.0.0.1/24\n"), n = start + CONF__LINE_MAX;
	struct conf *c;

	memset(text + strlen(text), 'd', n - strlen(text));
	text[n - 1] = 'Z';
	c = parse_n(text, n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(strlen(c->ports[0].device), CONF__LINE_MAX - 9);
	CU_ASSERT_EQUAL(c->ports[0].device[CONF__LINE_MAX - 10], 'Z');
	conf_destroy(c);
	text[n] = 'Z';
	CU_ASSERT_PTR_NULL(parse_n(text, n + 1));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(errors_text, "t.ini:3: the line is too long, allowed: 1000 bytes\n"));
}

/* One heading of the limit, cut by nobody. */
static void long_headings(void)
{
	char text[CONF__LINE_MAX + 64] = "[port ";

	memset(text + 6, 'x', CONF__LINE_MAX - 7);
	strcat(text, "]\n");
	CU_ASSERT_PTR_NULL(parse(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, "xx] the heading is too long, allowed: "
						   "names of up to 31 characters\n"));
}

static void expect_limit(char *text, size_t n, const char *want)
{
	CU_ASSERT_PTR_NULL(parse_n(text, n));
	if (!strstr(errors_text, want))
		printf("\n%s", errors_text);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, want));
	free(text);
}

/* n times what into new memory. */
static char *times(unsigned n, const char *what)
{
	size_t len = strlen(what);
	char *text = malloc(n * len + 1);

	for (unsigned i = 0; i < n; i++)
		memcpy(text + i * len, what, len + 1);
	return text;
}

static void limits(void)
{
	expect_limit(times(CONF__SECTIONS_MAX + 1, "[x]\n"), 4 * (CONF__SECTIONS_MAX + 1),
		"more errors than 100");
	expect_limit(times(CONF__TEXT_MAX + 1, "\n"), CONF__TEXT_MAX + 1,
		"t.ini:0: too large, allowed: 1048576 bytes in all files\n");
	/* the most keys that fit: all in the arena, and an end to it */
	expect_limit(times(CONF__TEXT_MAX / 4, "a=b\n"), CONF__TEXT_MAX, "more errors than 100");
}

/* The densest input for each kind of section and key that the limits let through. */
static void arena_is_enough(void)
{
	static const char *const dense[] = {"[pool a]\n", "[global]\n", "[tcp]\n", "[port a]\n",
		"[listener a]\n", "[]\n", "[route-static a]\n"};
	char *lines = times(CONF__LINES_MAX, "member=a b\n");
	char *text = malloc(CONF__TEXT_MAX + 1);

	for (size_t i = 0; i < RTE_DIM(dense); i++) {
		char *heads = times(CONF__SECTIONS_MAX, dense[i]);

		snprintf(text, CONF__TEXT_MAX, "%s%s", heads, lines);
		CU_ASSERT_PTR_NULL(parse(text));
		free(heads);
	}
	/* the most text that is kept: lines of the greatest length in one section */
	memset(text, 'v', CONF__TEXT_MAX);
	memcpy(text, "[port a]\n", 9);
	for (size_t i = 9; i + CONF__LINE_MAX < CONF__TEXT_MAX; i += CONF__LINE_MAX + 1) {
		memcpy(text + i, "device=", 7);
		text[i + CONF__LINE_MAX] = '\n';
	}
	CU_ASSERT_PTR_NULL(parse_n(text, CONF__TEXT_MAX));
	free(text);
	free(lines);
}

static const struct unit_case cases[] = {
	UNIT_CASE(syntax),
	UNIT_CASE(includes),
	UNIT_CASE(include_from_text),
	UNIT_CASE(line_ends),
	UNIT_CASE(comments),
	UNIT_CASE(control_characters),
	UNIT_CASE(long_lines),
	UNIT_CASE(long_headings),
	UNIT_CASE(limits),
	UNIT_CASE(arena_is_enough),
};

UNIT_MAIN(cases)
