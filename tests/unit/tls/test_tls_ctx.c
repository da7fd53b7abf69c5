/* SPDX-License-Identifier: BSD-3-Clause */
/* Who gets which certificate, who is let in, and whom we believe. */
#include <sys/stat.h>

#include "site.h"

static struct pki other, wild, rsa;
static struct conf_certificate other_conf, wild_conf, rsa_conf;

/* A listener of four: s3.example in ECDSA and RSA, other.example, *.wild.example. */
static void four(void)
{
	site();
	if (!other.x) {
		other = pki_make((struct pki_spec){
			.cn = "other", .san = "DNS:Other.Example", .issuer = &ca});
		wild = pki_make((struct pki_spec){
			.cn = "wild", .san = "DNS:*.wild.example", .issuer = &ca});
		rsa = pki_make((struct pki_spec){
			.cn = "rsa", .san = "DNS:s3.example", .issuer = &ca, .rsa = true});
		other_conf = pki_conf("other", pki_chain_file(&other, NULL), pki_key_file(&other));
		wild_conf = pki_conf("wild", pki_chain_file(&wild, NULL), pki_key_file(&wild));
		rsa_conf = pki_conf("rsa", pki_chain_file(&rsa, NULL), pki_key_file(&rsa));
	}
	listener.cert[1] = &other_conf;
	listener.cert[2] = &wild_conf;
	listener.cert[3] = &rsa_conf;
	listener.n_cert = 4;
}

/* A client that asks for name (NULL: nothing) gets that certificate. */
static void gets(struct tls_ctx *c, int version, const char *name, const char *sigalgs,
	const struct pki *want)
{
	SSL_CTX *peer = site_peer_client(version);
	X509 *got;

	if (sigalgs)
		SSL_CTX_set1_sigalgs_list(peer, sigalgs);
	pair_begin(&p, c, NULL, peer);
	SSL_clear(p.peer);
	SSL_set_connect_state(p.peer);
	if (name)
		SSL_set_tlsext_host_name(p.peer, name);
	CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_DONE);
	got = SSL_get1_peer_certificate(p.peer);
	CU_ASSERT(got && X509_cmp(got, want->x) == 0);
	CU_ASSERT_STRING_EQUAL(tls_hs_result(p.hs)->name, name ? name : "");
	if (p.state == TLS_HS_DONE)
		pair_talk(&p);
	X509_free(got);
	pair_end(&p);
	SSL_CTX_free(peer);
}

static void by_name(void)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_ctx *c;

	four();
	c = site_server(NULL);
	for (int i = 0; i < 2; i++) {
		gets(c, versions[i], NULL, NULL, &leaf);
		gets(c, versions[i], "s3.example", NULL, &leaf);
		gets(c, versions[i], "other.example", NULL, &other);
		gets(c, versions[i], "OTHER.example", NULL, &other);
		gets(c, versions[i], "a.wild.example", NULL, &wild);
		gets(c, versions[i], "a.b.wild.example", NULL, &leaf);
		gets(c, versions[i], "wild.example", NULL, &leaf);
		gets(c, versions[i], ".wild.example", NULL, &leaf);
		gets(c, versions[i], "unknown.example", NULL, &leaf);
	}
	tls_ctx_put(c);
}

/* Side by side for one name: the client's signature algorithms choose. */
static void by_key(void)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct tls_ctx *c;

	four();
	c = site_server(NULL);
	for (int i = 0; i < 2; i++) {
		gets(c, versions[i], "s3.example", "ECDSA+SHA256", &leaf);
		gets(c, versions[i], "s3.example", "RSA-PSS+SHA256:RSA+SHA256", &rsa);
		gets(c, versions[i], NULL, "RSA-PSS+SHA256:RSA+SHA256", &rsa);
	}
	tls_ctx_put(c);
}

/* A client with a certificate of `who` (NULL: none) at a listener that asks for one. */
static SSL_CTX *client_with(int version, const struct pki *who)
{
	SSL_CTX *peer = site_peer_client(version);

	if (who)
		SSL_CTX_use_cert_and_key(peer, who->x, who->key, NULL, 1);
	return peer;
}

/* In TLS 1.3 the client is done before the server judges it: the alert comes to its first read. */
static void refused(
	struct tls_ctx *c, int version, const struct pki *who, enum tls_error error, int alert)
{
	SSL_CTX *peer = client_with(version, who);
	uint8_t none;

	pair_begin(&p, c, NULL, peer);
	CU_ASSERT_EQUAL(pair_run(&p), TLS_HS_FAILED);
	CU_ASSERT_EQUAL(tls_hs_error(p.hs), error);
	(void)SSL_read(p.peer, &none, 1);
	CU_ASSERT_EQUAL(p.alert, alert);
	pair_end(&p);
	SSL_CTX_free(peer);
}

static void accepted(struct tls_ctx *c, int version, const struct pki *who, const char *subject)
{
	SSL_CTX *peer = client_with(version, who);

	CU_ASSERT_STRING_EQUAL(site_done(c, NULL, peer)->subject, subject);
	pair_end(&p);
	SSL_CTX_free(peer);
}

static void client_certificates(void)
{
	static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
	struct pki good, bad, strange;
	struct tls_ctx *c;

	site();
	good = pki_make((struct pki_spec){.cn = "trainer, 1", .issuer = &ca});
	bad = pki_make((struct pki_spec){.cn = "stolen", .issuer = &ca});
	strange = pki_make((struct pki_spec){.cn = "stranger"});
	listener.client_ca = pki_chain_file(&ca, NULL);
	for (int i = 0; i < 2; i++) {
		listener.client_crl = NULL;
		listener.client_cert = CONF_CLIENT_CERT_OFF;
		c = site_server(NULL);
		accepted(c, versions[i], &good, "");
		tls_ctx_put(c);
		listener.client_cert = CONF_CLIENT_CERT_OPTIONAL;
		c = site_server(NULL);
		accepted(c, versions[i], NULL, "");
		accepted(c, versions[i], &good, "CN=trainer\\, 1,O=Penstock");
		refused(c, versions[i], &strange, TLS_E_hs_certificate, SSL_AD_UNKNOWN_CA);
		tls_ctx_put(c);
		listener.client_cert = CONF_CLIENT_CERT_REQUIRED;
		listener.client_crl = pki_crl_file(&ca, &bad);
		c = site_server(NULL);
		accepted(c, versions[i], &good, "CN=trainer\\, 1,O=Penstock");
		refused(c, versions[i], NULL, TLS_E_hs_no_certificate,
			i ? SSL_AD_CERTIFICATE_REQUIRED : SSL_AD_HANDSHAKE_FAILURE);
		refused(c, versions[i], &strange, TLS_E_hs_certificate, SSL_AD_UNKNOWN_CA);
		refused(c, versions[i], &bad, TLS_E_hs_certificate, SSL_AD_CERTIFICATE_REVOKED);
		tls_ctx_put(c);
	}
	pki_free(&good);
	pki_free(&bad);
	pki_free(&strange);
}

/* A server with certificate c, as our pool meets it. */
static SSL_CTX *server_with(const struct pki *who)
{
	SSL_CTX *peer = site_peer_server(0);

	SSL_CTX_use_cert_and_key(peer, who->x, who->key, NULL, 1);
	return peer;
}

static void members_verified(void)
{
	struct pki late, strange;
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	late = pki_make((struct pki_spec){
		.cn = "late", .san = "DNS:s3.example", .issuer = &ca, .from = -9, .days = -1});
	strange = pki_make((struct pki_spec){.cn = "strange", .san = "DNS:s3.example"});
	peer = server_with(&leaf);
	site_done(c, "s3.example", peer);
	pair_end(&p);
	site_done(c, "10.0.0.1", peer);
	CU_ASSERT_PTR_NULL(SSL_get_servername(p.peer, TLSEXT_NAMETYPE_host_name));
	pair_end(&p);
	site_fails(c, "s4.example", peer, TLS_E_hs_certificate, SSL_AD_BAD_CERTIFICATE);
	site_fails(c, "10.0.0.2", peer, TLS_E_hs_certificate, SSL_AD_BAD_CERTIFICATE);
	SSL_CTX_free(peer);
	peer = server_with(&late);
	site_fails(c, "s3.example", peer, TLS_E_hs_certificate, SSL_AD_CERTIFICATE_EXPIRED);
	SSL_CTX_free(peer);
	peer = server_with(&strange);
	site_fails(c, "s3.example", peer, TLS_E_hs_certificate, SSL_AD_UNKNOWN_CA);
	tls_ctx_put(c);
	pool.verify = false;
	c = site_client();
	CU_ASSERT_STRING_EQUAL(site_done(c, "s4.example", peer)->subject, "");
	CU_ASSERT_STRING_EQUAL(SSL_get_servername(p.peer, TLSEXT_NAMETYPE_host_name), "s4.example");
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	pki_free(&late);
	pki_free(&strange);
}

/* We have a certificate, too. */
static void own_certificate(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;
	X509 *got;

	site();
	pool.cert = &cert;
	c = site_client();
	peer = site_peer_server(0);
	SSL_CTX_set_verify(peer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(peer), ca.x);
	site_done(c, "s3.example", peer);
	got = SSL_get1_peer_certificate(p.peer);
	CU_ASSERT(got && X509_cmp(got, leaf.x) == 0);
	X509_free(got);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void sessions_offered(int version)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	peer = site_peer_server(version);
	for (int i = 0; i < 3; i++) {
		const struct tls_hs_result *r = site_done(c, "s3.example", peer);

		CU_ASSERT_EQUAL(r->resumed, i > 0);
		CU_ASSERT_EQUAL(SSL_session_reused(p.peer), i > 0);
		CU_ASSERT_EQUAL(r->ticket, version == TLS1_3_VERSION && i == 0);
		if (r->ticket)
			tls_hs_ticket(p.hs, p.ticket, p.n_ticket);
		CU_ASSERT_FALSE(r->ticket);
		pair_end(&p);
	}
	/* of another name: none */
	CU_ASSERT_FALSE(site_done(c, "10.0.0.1", peer)->resumed);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void sessions(void)
{
	sessions_offered(TLS1_2_VERSION);
	sessions_offered(TLS1_3_VERSION);
}

/* A server that has forgotten the session: a full handshake, and a new session. */
static void session_refused(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	for (int i = 0; i < 2; i++) {
		const struct tls_hs_result *r;

		peer = site_peer_server(TLS1_3_VERSION);
		r = site_done(c, "s3.example", peer);
		CU_ASSERT_FALSE(r->resumed);
		CU_ASSERT(r->ticket);
		tls_hs_ticket(p.hs, p.ticket, p.n_ticket);
		pair_end(&p);
		if (i) {
			CU_ASSERT(site_done(c, "s3.example", peer)->resumed);
			pair_end(&p);
		}
		SSL_CTX_free(peer);
	}
	tls_ctx_put(c);
}

/* What is no ticket gives no session, and hurts nobody. */
static void ticket_nonsense(void)
{
	static const uint8_t update[] = {24, 0, 0, 1, 0};
	static const uint8_t finished[] = {20, 0, 0, 2, 0, 0};
	static const struct {
		const void *p;
		uint32_t n;
	} what[] = {{"", 0}, {update, sizeof(update)}, {finished, sizeof(finished)}, {"\4", 1},
		{"\4\0\0\2xx", 6}};
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	peer = site_peer_server(TLS1_3_VERSION);
	for (unsigned i = 0; i < RTE_DIM(what); i++) {
		const struct tls_hs_result *r = site_done(c, "s3.example", peer);

		CU_ASSERT_FALSE(r->resumed);
		tls_hs_ticket(p.hs, what[i].p, what[i].n);
		CU_ASSERT_FALSE(r->ticket);
		tls_hs_ticket(p.hs, p.ticket, p.n_ticket); /* too late */
		pair_end(&p);
	}
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void stapled(void)
{
	static const uint8_t der[] = {0x30, 0x03, 0x0a, 0x01, 0x01}; /* malformedRequest */
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_RESPONSE *resp;
	struct conf_certificate with;
	struct tls_ctx *c;
	SSL_CTX *peer;
	const uint8_t *got;
	BIO *b = BIO_new(BIO_s_mem());
	uint8_t *want = NULL;
	int n;

	four();
	OCSP_basic_sign(basic, ca.x, ca.key, EVP_sha256(), NULL, 0);
	resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	n = i2d_OCSP_RESPONSE(resp, &want);
	BIO_write(b, want, n);
	with = cert;
	with.ocsp = pki_path(b);
	listener.cert[0] = &with;
	c = site_server(NULL);
	peer = site_peer_client(0);
	SSL_CTX_set_tlsext_status_type(peer, TLSEXT_STATUSTYPE_ocsp);
	site_done(c, NULL, peer);
	CU_ASSERT_EQUAL(SSL_get_tlsext_status_ocsp_resp(p.peer, &got), n);
	CU_ASSERT_EQUAL(memcmp(got, want, (size_t)n), 0);
	pair_end(&p);
	SSL_CTX_set1_sigalgs_list(peer, "RSA-PSS+SHA256");
	site_done(c, NULL, peer); /* the other certificate has none */
	CU_ASSERT_EQUAL(SSL_get_tlsext_status_ocsp_resp(p.peer, &got), -1);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	b = BIO_new(BIO_s_mem());
	BIO_write(b, der, sizeof(der));
	with.ocsp = pki_path(b);
	SITE_FAULT(true, "t.ini:7: [certificate s3] ocsp:");
	with.ocsp = "/nonexistent";
	SITE_FAULT(true, "ocsp: /nonexistent: No such file");
	OCSP_RESPONSE_free(resp);
	OCSP_BASICRESP_free(basic);
	OPENSSL_free(want);
}

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

static void ciphers(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	conf.tls.ciphers = "TLS_AES_256_GCM_SHA384:TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384";
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->suite, 0x1302);
	pair_end(&p);
	SSL_CTX_free(peer);
	peer = site_peer_client(TLS1_2_VERSION);
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->suite, 0xc02c);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	conf.tls.ciphers = "TLS_AES_256_GCM_SHA384";
	SITE_FAULT(true, "t.ini:3: [tls] ciphers: none is of TLS 1.2");
	SITE_FAULT(false, "t.ini:3: [tls] ciphers: none is of TLS 1.2");
	conf.tls.ciphers = "TLS_RSA_WITH_AES_128_GCM_SHA256";
	SITE_FAULT(true, "t.ini:3: [tls] ciphers: TLS_RSA_WITH_AES_128_GCM_SHA256 is none of ours");
	conf.tls.ciphers = NULL;
	conf.tls.groups = "P-257";
	SITE_FAULT(true, "t.ini:3: [tls] groups: P-257");
	conf.tls.groups = NULL;
	conf.tls.v12 = conf.tls.v13 = false;
	SITE_FAULT(true, "t.ini:3: [tls] versions: none");
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

/* The system's CAs do not know ours. */
static void system_ca(void)
{
	const char *ours;
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	ours = pool.ca;
	pool.ca = NULL;
	c = site_client();
	peer = site_peer_server(0);
	site_fails(c, "s3.example", peer, TLS_E_hs_certificate, SSL_AD_UNKNOWN_CA);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	pool.ca = ours;
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

static const struct unit_case cases[] = {
	UNIT_CASE(by_name),
	UNIT_CASE(by_key),
	UNIT_CASE(client_certificates),
	UNIT_CASE(members_verified),
	UNIT_CASE(own_certificate),
	UNIT_CASE(sessions),
	UNIT_CASE(session_refused),
	UNIT_CASE(ticket_nonsense),
	UNIT_CASE(stapled),
	UNIT_CASE(keylog),
	UNIT_CASE(ciphers),
	UNIT_CASE(files_missing),
	UNIT_CASE(system_ca),
	UNIT_CASE(counted),
	UNIT_CASE(secrets),
};
UNIT_MAIN(cases)
