/* SPDX-License-Identifier: BSD-3-Clause */
#include "http/http.h"
#include "unit.h"

static void every_code_has_name_text_and_status(void)
{
	for (int i = 0; i < HTTP_CODES; i++) {
		unsigned status = http_code_status(i);

		CU_ASSERT(strlen(http_stat_names[i].name) > 0);
		CU_ASSERT(strlen(http_stat_names[i].text) > 0);
		CU_ASSERT(status >= 400 && status <= 599);
	}
}

static void statuses_that_are_not_400(void)
{
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_bare_lf), 400);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_length_coding), 400);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_coding), 400);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_coding_unknown), 501);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_connect), 501);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_version_unknown), 505);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_fields), 431);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_head_long), 431);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_expect), 417);
	CU_ASSERT_EQUAL(http_code_status(HTTP_E_ok), 500);
	CU_ASSERT_EQUAL(http_code_status(HTTP_CODES), 500);
}

static const struct unit_case cases[] = {
	UNIT_CASE(every_code_has_name_text_and_status),
	UNIT_CASE(statuses_that_are_not_400),
};
UNIT_MAIN(cases)
