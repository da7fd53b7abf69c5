/* SPDX-License-Identifier: BSD-3-Clause */
#include "seg.h"

static void names(void)
{
	CU_ASSERT_EQUAL(tcp_cc_find("cubic"), 0); /* the default of a zeroed tcp_path */
	for (uint8_t i = 0; i < 4; i++)
		CU_ASSERT_EQUAL(tcp_cc_find(tcp_cc_name(i)), i);
	CU_ASSERT_EQUAL(tcp_cc_find("reno"), -1);
	CU_ASSERT_STRING_EQUAL(tcp_cc_name(200), "?");
}

static const struct unit_case cases[] = {UNIT_CASE(names)};
UNIT_MAIN(cases)
