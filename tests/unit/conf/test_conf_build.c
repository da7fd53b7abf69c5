/* SPDX-License-Identifier: BSD-3-Clause */
#include "conf_test.h"

static void keys(void)
{
	golden("keys");
}

/* Commas and repeated keys make one list; what is between commas must be something. */
static void lists(void)
{
	struct conf *c = parse("[global]\nworkers = 4,2\nworkers = 1\n" PORT);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->global.n_workers, 3);
	CU_ASSERT_EQUAL(c->global.workers[0], 4);
	CU_ASSERT_EQUAL(c->global.workers[1], 2);
	CU_ASSERT_EQUAL(c->global.workers[2], 1);
	conf_destroy(c);
	expect_errors("[global]\nworkers = 1,,2\nworkers =\nworkers = 3,\n" PORT,
		"t.ini:2: [global] workers: an empty item, allowed: cores by number or range, as "
		"1-3,5\n"
		"t.ini:3: [global] workers: an empty item, allowed: cores by number or range, as "
		"1-3,5\n"
		"t.ini:4: [global] workers: an empty item, allowed: cores by number or range, as "
		"1-3,5\n");
}

/* All of an item that was bad, and every bad one. */
static void all_items(void)
{
	expect_errors("[port p]\ndevice = d\naddress = 10.0.0.1/24, x/1, 10.0.0.2\n",
		"t.ini:3: [port p] address: 'x/1' is not an IP address, allowed: up to 8 host "
		"addresses with prefix length, as 10.0.0.10/24\n"
		"t.ini:3: [port p] address: '10.0.0.2' is not an address with prefix length, "
		"allowed: up to 8 host addresses with prefix length, as 10.0.0.10/24\n");
}

static void too_many_sections(void)
{
	char text[16384] = PORT;
	struct conf *c;

	for (unsigned i = 0; i < CONF_POOLS_MAX; i++)
		snprintf(text + strlen(text), 64, "[pool p%u]\nmember = a 10.0.0.2:80\n", i);
	c = parse(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->n_pools, CONF_POOLS_MAX);
	CU_ASSERT_STRING_EQUAL(c->pools[CONF_POOLS_MAX - 1].name, "p255");
	conf_destroy(c);
	strcat(text, "[pool more]\nmember = a 10.0.0.2:80\n");
	expect_errors(
		text, "t.ini:516: [pool more] too many sections of this kind, allowed: 256\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(keys),
	UNIT_CASE(lists),
	UNIT_CASE(all_items),
	UNIT_CASE(too_many_sections),
};

UNIT_MAIN(cases)
