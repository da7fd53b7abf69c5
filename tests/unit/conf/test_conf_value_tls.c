/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of [tls] and of the keys that name certificates and hosts: good ones arrive, and how many
 * and how long they may be. */
#include "conf/conf_priv.h"
#include "conf_test.h"

#define LISTENER "[listener l]\naddress = 10.0.0.1:443\npool = p\n"
#define POOL     "[pool p]\nmember = a 10.0.0.2:80\n"

static void good_server_names(void)
{
	struct conf *c = parse(PORT "[listener l]\naddress = 10.0.0.1:443\nmode = sni\n"
				    "server-name = S3.Example.com \t q\n"
				    "server-name = *.S3.example.com p\nhandshake-timeout = 1s\n"
				    "[listener m]\naddress = 10.0.0.1:444\nmode = sni\npool = q\n"
				    "[pool p]\nmember = a 10.0.0.2:443\n"
				    "[pool q]\nmember = a 10.0.0.3:443\n");
	const struct conf_listener *l;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	l = &c->listeners[0];
	CU_ASSERT_EQUAL(l->mode, CONF_MODE_SNI);
	CU_ASSERT_PTR_NULL(l->pool_name);
	CU_ASSERT_EQUAL(l->handshake_timeout_ms, 1000);
	CU_ASSERT_EQUAL_FATAL(l->n_server_names, 2);
	CU_ASSERT_STRING_EQUAL(l->server_names[0].name, "s3.example.com");
	CU_ASSERT_STRING_EQUAL(l->server_names[0].pool_name, "q");
	CU_ASSERT_EQUAL(l->server_names[0].pool, 1);
	expect_at(&l->server_names[0].at, "t.ini", 7);
	CU_ASSERT_STRING_EQUAL(l->server_names[1].name, "*.s3.example.com");
	CU_ASSERT_EQUAL(l->server_names[1].pool, 0);
	CU_ASSERT_EQUAL(c->listeners[1].n_server_names, 0);
	CU_ASSERT_EQUAL(c->listeners[1].pool, 1);
	conf_destroy(c);
}

static void server_names_fit(void)
{
	static const struct {
		const char *server_name, *name;
		bool fits;
	} tries[] = {{"a.test", "a.test", true}, {"a.test", "b.test", false},
		{"a.test", "x.a.test", false}, {"a.test", "", false}, {"*.test", "a.test", true},
		{"*.test", "test", false}, {"*.test", "a.b.test", false}, {"*.test", "", false},
		{"*.test", "a.tests", false}, {"*.test", "*.test", true}};

	for (unsigned i = 0; i < RTE_DIM(tries); i++)
		CU_ASSERT_EQUAL(
			conf_server_name_fits(tries[i].server_name, tries[i].name), tries[i].fits);
}

static void tls_defaults(void)
{
	struct conf *c = parse(PORT "[listener l]\naddress=10.0.0.1:80\npool=p\ncertificate=c\n"
				    "[pool p]\nmember = a 10.0.0.2:80\n"
				    "[certificate c]\nchain = c.pem\nkey = c.key\n");
	const struct conf_tls *t;
	char words[64];

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	t = &c->tls;
	CU_ASSERT_TRUE(t->v12 && t->v13);
	CU_ASSERT_EQUAL(strncmp(t->ciphers, "TLS_AES_128_GCM_SHA256:", 23), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(t->ciphers, ":TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"));
	CU_ASSERT_STRING_EQUAL(t->groups, "X25519:P-256:P-384");
	CU_ASSERT_STRING_EQUAL(conf_tls_words(t->ciphers, words, sizeof(words)),
		"aes-128-gcm, aes-256-gcm, chacha20-poly1305");
	CU_ASSERT_STRING_EQUAL(
		conf_tls_words(t->groups, words, sizeof(words)), "x25519, p-256, p-384");
	CU_ASSERT_STRING_EQUAL(conf_tls_words(t->groups, words, 10), "x25519, p");
	CU_ASSERT_EQUAL(t->threads, 1);
	CU_ASSERT_EQUAL(t->n_core, 0);
	CU_ASSERT_EQUAL(t->handshakes, 1024);
	CU_ASSERT_EQUAL(t->per_source, 256);
	CU_ASSERT_PTR_NULL(t->ticket_keys);
	CU_ASSERT_EQUAL(t->ticket_lifetime_ms, 7200000);
	CU_ASSERT_EQUAL(t->aead, CONF_AEAD_IPSEC_MB);
	CU_ASSERT_PTR_NULL(t->aead_device);
	CU_ASSERT_PTR_NULL(t->keylog);
	CU_ASSERT_EQUAL(c->listeners[0].client_cert, CONF_CLIENT_CERT_OFF);
	CU_ASSERT_EQUAL(c->listeners[0].handshake_timeout_ms, 10000);
	CU_ASSERT_FALSE(c->pools[0].tls);
	CU_ASSERT_TRUE(c->pools[0].verify);
	conf_destroy(c);
}

static void versions(void)
{
	struct conf *c = parse(PORT "[tls]\nversions = 1.2\n");

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_TRUE(c->tls.v12 && !c->tls.v13);
	conf_destroy(c);
	expect_value("tls", "versions", "1.3, 1.2", NULL);
	expect_value("tls", "versions", "1.2, 1.2", "1.2 is given twice");
	expect_value("tls", "versions", "1.1", "'1.1' is not a choice");
	expect_value("tls", "versions", "1.30", "'1.30' is not a choice");
}

static void suites(void)
{
	expect_value("tls", "ciphers", "aes-256-gcm, chacha20-poly1305", NULL);
	expect_value("tls", "ciphers", "AES-256-GCM", "'AES-256-GCM' is not a choice");
	expect_value("tls", "ciphers", "aes-256-gcm, aes-128-gcm, aes-256-gcm",
		"aes-256-gcm is given twice");
	expect_value("tls", "groups", "p-384, p-256, x25519", NULL);
	expect_value("tls", "groups", "p-521", "'p-521' is not a choice");
	expect_value("tls", "groups", "p-256, p-256", "p-256 is given twice");
}

/* RFC 1035 2.3.4 */
static void hosts(void)
{
	static const char *const bad[] = {
		"", ".", ".a", "a.", "a..b", "a_b", "*.a", "10.9.0.9", "fd00::1"};
	char name[256], value[320], wrong[320];

	for (unsigned n = 253; n <= 254; n++) {
		memset(name, 'a', n);
		name[n] = '\0';
		snprintf(value, sizeof(value), "%s\nmember = a 10.9.0.2:80", name);
		snprintf(wrong, sizeof(wrong), "'%.64s' is not the name of a host", name);
		expect_value("pool p", "tls = yes\nsni", value, n == 253 ? NULL : wrong);
	}
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		snprintf(value, sizeof(value), "%s\nmember = a 10.9.0.2:80", bad[i]);
		snprintf(wrong, sizeof(wrong), "'%s' is not the name of a host", bad[i]);
		expect_value("pool p", "tls = yes\nsni", value, wrong);
	}
}

/* A keylog of n bytes in a file of a directory that is one of 500. */
static struct conf *with_file(char first, size_t n)
{
	char where[512], text[1100] = PORT "[tls]\nkeylog = ";
	struct conf_errors errs = {0};
	struct conf *c;
	size_t at = strlen(text);

	memset(where, 'd', 500);
	strcpy(where + 500, "/t.ini");
	memset(text + at, 'f', n);
	text[at] = first;
	c = conf_parse_text(where, text, at + n, &errs);
	errors_take(&errs);
	return c;
}

/* Beside the file that names it, unless it says where. */
static void files(void)
{
	struct conf *c = with_file('f', CONF__PATH_MAX - 1 - 501);

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(strlen(c->tls.keylog), CONF__PATH_MAX - 1);
	CU_ASSERT_EQUAL(strncmp(c->tls.keylog + 498, "dd/ff", 5), 0);
	conf_destroy(c);
	CU_ASSERT_PTR_NULL(with_file('f', CONF__PATH_MAX - 501));
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, "keylog: longer than 1023 bytes"));
	c = with_file('/', CONF__PATH_MAX - 501);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(strncmp(c->tls.keylog, "/ff", 3), 0);
	conf_destroy(c);
	expect_value("tls", "keylog", "", "empty");
}

/* `most` lines of this form (of a number) are good behind head, one more is one mistake. */
static void expect_most(const char *head, const char *line, unsigned most, const char *wrong)
{
	static char text[32768];
	struct conf *c;

	snprintf(text, sizeof(text), "%s", head);
	for (unsigned i = 0; i < most; i++)
		snprintf(text + strlen(text), 64, line, i);
	c = parse(text);
	CU_ASSERT_PTR_NOT_NULL(c);
	conf_destroy(c);
	snprintf(text + strlen(text), 64, line, most);
	c = parse(text);
	CU_ASSERT_PTR_NULL(c);
	conf_destroy(c);
	CU_ASSERT_PTR_NOT_NULL(strstr(errors_text, wrong));
	CU_ASSERT_PTR_NULL(strstr(errors_text, "\nt.ini"));
}

static void most(void)
{
	char certs[4096] = PORT POOL;

	for (unsigned i = 0; i <= CONF_LISTEN_CERTS_MAX; i++)
		snprintf(certs + strlen(certs), 64, "[certificate c%u]\nchain = c\nkey = c\n", i);
	strcat(certs, LISTENER);
	expect_most(certs, "certificate = c%u\n", 32, "certificate: more than 32 certificates");
	expect_most(PORT POOL LISTENER, "domain = s%u.test\n", 64, "domain: more than 64 names");
	expect_most(PORT POOL LISTENER "mode = sni\n", "server-name = s%u.test p\n", 256,
		"server-name: more than 256 names");
	expect_most(PORT "[tls]\n", "handshake-cores = %u\n", 64,
		"handshake-cores: more than 64 cores");
}

static const struct unit_case cases[] = {
	UNIT_CASE(good_server_names),
	UNIT_CASE(server_names_fit),
	UNIT_CASE(tls_defaults),
	UNIT_CASE(versions),
	UNIT_CASE(suites),
	UNIT_CASE(hosts),
	UNIT_CASE(files),
	UNIT_CASE(most),
};

UNIT_MAIN(cases)
