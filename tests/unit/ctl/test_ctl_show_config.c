/* SPDX-License-Identifier: BSD-3-Clause */
#include "system.h"

static const struct conf *parse(const char *text)
{
	struct conf_errors errs = {0};
	const struct conf *c = conf_parse_text("again", text, strlen(text), &errs);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		printf("%s\n", conf_errors_text(&errs, i));
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	conf_errors_fini(&errs);
	return c;
}

static void drop(const struct conf *c)
{
	conf_destroy((struct conf *)(uintptr_t)c);
}

/* clang-format off */
#define TLS \
	"[certificate one]\nchain = one.pem\nkey = /etc/one.key\nocsp = one.der\n" \
	"[certificate two]\nchain = two.pem\nkey = two.key\n" \
	"[listener https]\naddress = 10.0.0.10:443\npool = slow\ncertificate = two, one\n" \
	"client-certificate = required\nclient-ca = ca.pem\nclient-crl = crl.pem\n" \
	"[pool sealed]\nmember = a 10.1.0.13:443\ntls = yes\nca = ca.pem\nsni = s3.example\n" \
	"certificate = one\n" \
	"[tls]\nciphers = chacha20-poly1305, aes-256-gcm\ngroups = p-384\nversions = 1.3\n" \
	"handshake-cores = 1,3\naead = cryptodev\naead-device = crypto_x,y=1\nkeylog = k\n"
/* clang-format on */

/* What show config prints is a file; loaded, it prints itself. */
static void round_trip(void)
{
	char *one, *two;
	bool ok;

	system_up();
	sys.core.sys.conf = parse(
		SYSTEM_INI "[listener sql]\naddress = 10.0.0.10:3306\nmode = splice\npool = slow\n"
			   "[listener back]\naddress = 10.0.0.10:7\nmode = echo\n"
			   "[listener sni]\naddress = 10.0.0.10:444\nmode = sni\n"
			   "server-name = a.test slow\nserver-name = *.test fast\n" TLS);
	one = ask("show config", &ok);
	CU_ASSERT_TRUE(ok);
	drop(sys.core.sys.conf);
	sys.core.sys.conf = parse(one);
	two = ask("show config", &ok);
	CU_ASSERT_STRING_EQUAL(one, two);
	EXPECT_PARTS(one, "[global]\n", "workers = 2,3\n", "drain = 1500ms\n", "[tcp]\n",
		"keepalive = off\n",
		"[tls]\nversions = 1.3\nciphers = chacha20-poly1305, aes-256-gcm\ngroups = p-384\n",
		"handshake-cores = 1,3\n", "ticket-lifetime = 7200s\naead = cryptodev\n",
		"[port front]\n", "gateway = 2001:db8::1\n", "[port back]\n",
		"mac = 02:00:00:00:00:0a\n", "optional = yes\n", "[route-static store]\n",
		"to = 10.9.0.0/16\n", "[listener s3]\n", "forwarded = yes\n", "[listener sql]\n",
		"mode = splice\npool = slow\nidle-timeout = 60s\n", "[listener back]\n",
		"mode = echo\nidle-timeout = 60s\n", "[listener sni]\n",
		"mode = sni\nserver-name = a.test slow\nserver-name = *.test fast\nidle-timeout = ",
		"handshake-timeout = 10s\n", "[listener https]\n",
		"certificate = two\ncertificate = one\nclient-certificate = required\n",
		"handshake-timeout = 10s\n", "[pool fast]\n",
		"member = a 10.1.0.11:9000 weight=2\n", "tls = no\n", "[pool sealed]\n",
		"tls = yes\nverify = yes\nca = ca.pem\nsni = s3.example\ncertificate = one\n",
		"[certificate one]\nchain = one.pem\nkey = /etc/one.key\nocsp = one.der\n");
	free(one);
	free(two);
	drop(sys.core.sys.conf);
	sys.core.sys.conf = sys.conf;
	system_down();
}

static void as_json(void)
{
	system_up();
	EXPECT_ANSWER("json show config", "{\"global\":{\"workers\":\"2,3\",", "\"metrics\":null",
		"\"keepalive_ms\":null", "\"address\":[\"10.0.0.10/24\",\"2001:db8::10/64\"]",
		"\"vlan\":7", "\"head_limit_bytes\":65536", "\"pool\":[{\"name\":\"fast\"");
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(round_trip), UNIT_CASE(as_json)};
UNIT_MAIN(cases)
