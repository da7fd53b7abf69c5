/* SPDX-License-Identifier: BSD-3-Clause */
/* What both sides' contexts have in common, and their life. */
#include <sys/stat.h>

#include "four.h"

/* The lines that the peer's libssl knows are the file's. */
static char peer_lines[8192];

static void peer_keylog(const SSL *ssl, const char *line)
{
	strcat(peer_lines, line);
	strcat(peer_lines, "\n");
}

static void keylog(void)
{
	static char got[8192];
	struct tls_ctx *c;
	SSL_CTX *peer;
	FILE *f;
	char line[256];
	unsigned n = 0;

	site();
	conf.tls.keylog = pki_text_file("before\n");
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	SSL_CTX_set_keylog_callback(peer, peer_keylog);
	peer_lines[0] = '\0';
	site_done(c, NULL, peer);
	pair_end(&p);
	f = fopen(conf.tls.keylog, "r");
	CU_ASSERT_PTR_NOT_NULL(fgets(got, sizeof(got), f));
	CU_ASSERT_STRING_EQUAL(got, "before\n");
	while (fgets(line, sizeof(line), f)) {
		CU_ASSERT_PTR_NOT_NULL(strstr(peer_lines, line));
		n++;
	}
	CU_ASSERT(n >= 5);
	fclose(f);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	conf.tls.keylog = "/nonexistent/keys";
	SITE_FAULT(true, "t.ini:3: [tls] keylog: /nonexistent/keys: No such file");
}

/* One version, a range, none; groups that are none. */
static void versions_given(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	conf.tls.v12 = false;
	c = site_server(NULL);
	peer = site_peer_client(TLS1_2_VERSION);
	site_fails(c, NULL, peer, TLS_E_hs_version, SSL_AD_PROTOCOL_VERSION);
	tls_ctx_put(c);
	conf.tls.v12 = true;
	conf.tls.v13 = false;
	c = site_server(NULL);
	SSL_CTX_set_max_proto_version(peer, 0);
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->version, 2);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	conf.tls.v12 = false;
	SITE_FAULT(true, "t.ini:3: [tls] versions: none");
	conf.tls.v13 = true;
	conf.tls.groups = "P-257";
	SITE_FAULT(true, "t.ini:3: [tls] groups: P-257");
}

static void files_missing(void)
{
	site();
	listener.client_cert = CONF_CLIENT_CERT_REQUIRED;
	listener.client_ca = "/nonexistent";
	SITE_FAULT(true, "t.ini:9: [listener front] client-ca: /nonexistent");
	listener.client_ca = pki_chain_file(&ca, NULL);
	listener.client_crl = pki_text_file("nothing\n");
	SITE_FAULT(true, "t.ini:9: [listener front] client-crl: ");
	pool.ca = "/nonexistent";
	SITE_FAULT(false, "t.ini:12: [pool nodes] ca: /nonexistent");
	pool.ca = pki_chain_file(&ca, NULL);
}

/* Whoever has it last frees it; a handshake is one that has it. */
static void counted(void)
{
	struct tls_ctx *c;
	struct tls_hs *hs;

	site();
	c = site_server(NULL);
	CU_ASSERT_FALSE(tls_ctx_shared(c));
	hs = tls_hs_create(c, NULL);
	CU_ASSERT(tls_ctx_shared(c));
	CU_ASSERT_PTR_EQUAL(tls_ctx_get(c), c);
	tls_hs_destroy(hs);
	CU_ASSERT(tls_ctx_shared(c));
	tls_ctx_put(c);
	CU_ASSERT_FALSE(tls_ctx_shared(c));
	tls_ctx_put(c);
}

/* Everything that is private is in libcrypto's own pages, and leaves them again. */
static void secrets(void)
{
	struct tls_tickets *t;
	struct tls_ctx *c;
	struct err e = {""};
	size_t before, keys;
	SSL_CTX *peer;

	four();
	CU_ASSERT_EQUAL(tls_secrets_init(&e), 0);
	CU_ASSERT_EQUAL(tls_secrets_init(&e), 0);
	before = CRYPTO_secure_used();
	t = tls_tickets_create(&conf.tls, 1, &e);
	CU_ASSERT(CRYPTO_secure_used() > before);
	c = site_server(t);
	keys = CRYPTO_secure_used() - before;
	CU_ASSERT(keys > 3 * 32 + 5 * 128); /* three of ECDSA, one of RSA-2048 */
	peer = site_peer_client(TLS1_3_VERSION);
	site_done(c, NULL, peer);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	tls_tickets_destroy(t);
	CU_ASSERT_EQUAL(CRYPTO_secure_used(), before);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(keylog),
	UNIT_CASE(versions_given),
	UNIT_CASE(files_missing),
	UNIT_CASE(counted),
	UNIT_CASE(secrets),
};
/* clang-format on */
UNIT_MAIN(cases)
