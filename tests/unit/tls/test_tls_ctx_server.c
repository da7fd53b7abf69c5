/* SPDX-License-Identifier: BSD-3-Clause */
/* Who gets which certificate, and who is let in. */
#include "four.h"

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

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(by_name),
	UNIT_CASE(by_key),
	UNIT_CASE(client_certificates),
	UNIT_CASE(stapled),
};
/* clang-format on */
UNIT_MAIN(cases)
