/* SPDX-License-Identifier: BSD-3-Clause */
/* Whom we believe, and as whom we come. */
#include "site.h"

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

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(members_verified),
	UNIT_CASE(own_certificate),
	UNIT_CASE(system_ca),
};
/* clang-format on */
UNIT_MAIN(cases)
