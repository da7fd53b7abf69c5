/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

/* Every failure has a text, and a counter at its place. */
static void names(void)
{
	static const char *const fails[] = {
#define X(name, alert, text) "fail_" #name,
#include "tls/tls_error.def"
#undef X
	};

	CU_ASSERT_STRING_EQUAL(tls_error_text(TLS_OK), "");
	CU_ASSERT_EQUAL(RTE_DIM(fails), TLS_ERRORS - 1);
	for (unsigned i = 0; i < RTE_DIM(fails); i++) {
		const struct stat_name *n = &tls_stat_names[TLS_STAT_fail_record_type + i];

		CU_ASSERT_STRING_EQUAL(n->name, fails[i]);
		CU_ASSERT_STRING_EQUAL(n->text, tls_error_text(i + 1));
	}
	for (unsigned i = 0; i < TLS_STAT_N; i++)
		CU_ASSERT(tls_stat_names[i].name[0] && tls_stat_names[i].text[0]);
	CU_ASSERT_STRING_EQUAL(tls_error_text(TLS_ERRORS), "?");
}

static void no_memory(void)
{
	struct tls_config cfg = {.conns = 100000000, .handshakes = 1, .socket = -1};
	struct err e = {""};

	unit_eal();
	CU_ASSERT_PTR_NULL(tls_create(&cfg, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "100000000"));
	tls_destroy(NULL);
}

/* An idle connection: this, and two keys in lib/aead's pages. */
static void sizes(void)
{
	CU_ASSERT(sizeof(struct tls_conn) + sizeof(struct tls_records) + 2 * 1024 <= 3400);
	printf("[%zu + %zu] ", sizeof(struct tls_conn), sizeof(struct tls_records));
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(names),
	UNIT_CASE(no_memory),
	UNIT_CASE(sizes),
};
/* clang-format on */
UNIT_MAIN(cases)
