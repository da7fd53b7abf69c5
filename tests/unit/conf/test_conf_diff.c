/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

#define REST "[listener l]\naddress = 10.0.0.1:80\npool = p\n"
#define POOL "[pool p]\nmember = a 10.0.0.2:80\nmember = b 10.0.0.3:80\n"

static char said[4096];

static void say(void *arg, char sign, const char *text)
{
	unsigned *calls = arg;
	size_t n = strlen(said);

	(*calls)++;
	snprintf(said + n, sizeof(said) - n, "%c %s\n", sign, text);
}

static void expect_diff(const char *old, const char *next, const char *want)
{
	struct conf *a = parse(old), *b = parse(next);
	unsigned calls = 0, n;

	said[0] = '\0';
	CU_ASSERT_FATAL(a && b);
	n = conf_diff(a, b, say, &calls);
	CU_ASSERT_EQUAL(n, calls);
	expect_text(next, said, want);
	conf_destroy(a);
	conf_destroy(b);
}

/* Order of sections, comments and blanks are no difference. */
static void same(void)
{
	expect_diff(PORT REST POOL, POOL "; c\n" REST PORT "[tcp]\n", "");
	expect_diff(PORT POOL "hold = 1s\n",
		PORT "[pool   p]\nhold=1s\nmember = a 10.0.0.2:80\n"
		     "member = b 10.0.0.3:80\n",
		"");
}

static void keys(void)
{
	expect_diff(PORT POOL "hold = 1s\nretries = 1\n", PORT POOL "hold = 2s\npanic = 0%\n",
		"~ [pool p] hold: 1s -> 2s\n"
		"+ [pool p] panic = 0%\n"
		"- [pool p] retries = 1\n");
}

static void members(void)
{
	expect_diff(PORT POOL, PORT "[pool p]\nmember = c 10.0.0.4:80\nmember = a 10.0.0.2:80\n",
		"- [pool p] member = b 10.0.0.3:80\n"
		"+ [pool p] member = c 10.0.0.4:80\n");
	expect_diff(PORT POOL, PORT "[pool p]\nmember = b 10.0.0.3:80\nmember = a 10.0.0.2:80\n",
		"~ [pool p] member: in another order\n");
	expect_diff(PORT POOL, PORT "[pool p]\nmember = b 10.0.0.3:80\n",
		"- [pool p] member = a 10.0.0.2:80\n");
}

static void sections(void)
{
	expect_diff(PORT POOL "[pool old]\nmember = a 10.0.0.2:80\nhold = 3s\n",
		PORT "[pool new]\nmember = n 10.0.0.2:80\n" POOL,
		"+ [pool new] member = n 10.0.0.2:80\n"
		"- [pool old] member = a 10.0.0.2:80\n"
		"- [pool old] hold = 3s\n");
}

#define ROUTE(name) "[route " name "]\nerror = 403\n"

static void routes(void)
{
	expect_diff(PORT ROUTE("a") ROUTE("b") ROUTE("c"), PORT ROUTE("b") ROUTE("a") ROUTE("c"),
		"~ [route b] order: behind a -> first\n"
		"~ [route a] order: first -> behind b\n"
		"~ [route c] order: behind b -> behind a\n");
	/* what came or went moves nobody */
	expect_diff(PORT ROUTE("a") ROUTE("b") ROUTE("c"), PORT ROUTE("x") ROUTE("a") ROUTE("c"),
		"+ [route x] error = 403\n"
		"- [route b] error = 403\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(same),
	UNIT_CASE(keys),
	UNIT_CASE(members),
	UNIT_CASE(sections),
	UNIT_CASE(routes),
};

UNIT_MAIN(cases)
