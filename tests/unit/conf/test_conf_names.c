/* SPDX-License-Identifier: BSD-3-Clause */
/* Each number's name is the word that the file has for it, and no word is without a name. */
#include "conf/conf_priv.h"
#include "conf_test.h"

/* The word that stands at i of those a key allows, in text; NULL: it has no more. */
static const char *word(unsigned kind, const char *key, unsigned i, char *text)
{
	const struct conf_key *k = conf__key_find(&conf__table.kinds[kind], key);
	char allowed[CONF__ALLOWED_MAX], *rest;

	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	snprintf(text, CONF__ALLOWED_MAX, "%s", conf__allowed(k, allowed));
	text = strtok_r(text, " |", &rest);
	while (text && i-- > 0)
		text = strtok_r(NULL, " |", &rest);
	return text;
}

#define EACH(kind, key, name, n)                                                                   \
	do {                                                                                       \
		char text[CONF__ALLOWED_MAX];                                                      \
		const char *w;                                                                     \
                                                                                                   \
		for (unsigned i = 0; i < (n); i++) {                                               \
			w = word(kind, key, i, text);                                              \
			CU_ASSERT_PTR_NOT_NULL_FATAL(w);                                           \
			CU_ASSERT_STRING_EQUAL(name(i), w);                                        \
		}                                                                                  \
		CU_ASSERT_PTR_NULL(word(kind, key, n, text));                                      \
	} while (0)

static void of_pools(void)
{
	EACH(KIND_POOL, "balance", conf_balance_name, CONF_BALANCE_HASH + 1);
	EACH(KIND_CHECK, "kind", conf_check_kind_name, CONF_CHECK_CANARY + 1);
}

static void of_routes(void)
{
	EACH(KIND_ROUTE, "class", conf_s3_class_name, CONF_S3_CLASSES);
	EACH(KIND_ROUTE, "size", conf_size_class_name, CONF_SIZES);
}

static void of_listeners(void)
{
	EACH(KIND_LISTENER, "mode", conf_mode_name, CONF_MODE_SNI + 1);
	EACH(KIND_LISTENER, "client-certificate", conf_client_cert_name,
		CONF_CLIENT_CERT_REQUIRED + 1);
}

static void of_tcp(void)
{
	EACH(KIND_TCP, "congestion", conf_congestion_name, CONF_CC_DCTCP + 1);
	EACH(KIND_LISTENER, "congestion", conf_congestion_name, CONF_CC_DCTCP + 1);
	EACH(KIND_POOL, "congestion", conf_congestion_name, CONF_CC_DCTCP + 1);
	EACH(KIND_TCP, "ecn", conf_ecn_name, CONF_ECN_NO + 1);
}

static void of_tls(void)
{
	EACH(KIND_TLS, "aead", conf_aead_name, CONF_AEAD_CRYPTODEV + 1);
}

static const struct unit_case cases[] = {
	UNIT_CASE(of_pools),
	UNIT_CASE(of_routes),
	UNIT_CASE(of_listeners),
	UNIT_CASE(of_tcp),
	UNIT_CASE(of_tls),
};

UNIT_MAIN(cases)
