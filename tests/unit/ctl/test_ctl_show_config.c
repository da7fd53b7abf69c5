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

/* clang-format off */
#define ROUTES \
	"[route one]\nlistener = s3\nhost = *.test\nbucket = a, b\nkey = k*\n" \
	"operation = GetObject\nclass = delete, read\nmethod = GET\n" \
	"access-key = AK*\nsource = 10.0.0.0/8, fd00::/8\n" \
	"header = X-A b c\nheader = y z\nsize = huge\npool = hashed\n" \
	"[route two]\nlistener = https\nsubject = CN=a, O=b\nsubject = *\nerror = 403\n" \
	"[route three]\nredirect = https://s3.test:444\n" \
	"[pool hashed]\nmember = a 10.1.0.14:80 priority=2\nbalance = hash\ncheck = s3\n" \
	"stall-time = off\nreplay-body = 0\naffinity = upload\npanic = 0%\n" \
	"[check signed]\nkind = s3\nbucket = some\naccess-key = A\nsecret-file = /etc/s\n" \
	"[check page]\nkind = http\npath = /x\nhost = s3.test\nstatus = 204\n" \
	"[check can]\nkind = canary\nbucket = some\naccess-key = A\nsecret-file = s\n"
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
			   "server-name = a.test slow\nserver-name = *.test fast\n" TLS ROUTES
			   "[listener named]\naddress = 10.0.0.10:81\npool = slow\n"
			   "domain = s3.test, s4.test\n");
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
		"member = a 10.1.0.11:9000 weight=2 priority=0\n", "tls = no\n", "[pool sealed]\n",
		"tls = yes\nverify = yes\nca = ca.pem\nsni = s3.example\ncertificate = one\n",
		"[certificate one]\nchain = one.pem\nkey = /etc/one.key\nocsp = one.der\n");
	EXPECT_PARTS(one, "replay-memory = ", "domain = s3.test\ndomain = s4.test\n",
		"[route one]\nlistener = s3\nhost = *.test\nbucket = a\nbucket = b\nkey = k*\n"
		"operation = GetObject\nclass = read\nclass = delete\nmethod = GET\n"
		"access-key = AK*\nsource = 10.0.0.0/8\nsource = fd00::/8\nheader = x-a b c\n"
		"header = y z\nsize = huge\npool = hashed\n",
		"subject = CN=a, O=b\nsubject = *\nerror = 403\n",
		"[route three]\nredirect = 307 https://s3.test:444\n", "[pool hashed]\n",
		"affinity = upload\nhash-load = 125%\nslow-start = 0", "panic = 0%\n",
		"check = s3\n", "replay-body = 0\n", "stall-time = off\n", "[check signed]\n",
		"method = HEAD\nstatus = 200-499\nbucket = some\naccess-key = A\n"
		"secret-file = /etc/s\nregion = us-east-1\n",
		"[check page]\n", "path = /x\nhost = s3.test\nstatus = 204-204\n", "[check can]\n",
		"prefix = penstock-canary/\n", "[check s3]\n");
	CU_ASSERT_PTR_NULL(strstr(one, "[check tcp]"));
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
		"\"vlan\":7", "\"head_limit_bytes\":65536", "\"pool\":[{\"name\":\"fast\"",
		"\"panic_percent\":50");
	system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(round_trip), UNIT_CASE(as_json)};
UNIT_MAIN(cases)
