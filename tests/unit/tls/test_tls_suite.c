/* SPDX-License-Identifier: BSD-3-Clause */
/* The suites that we speak, by number, by name and in the operator's order. */
#include "site.h"
#include "tls/tls_hs_priv.h"

static void known(void)
{
	static const struct {
		uint16_t id;
		enum aead_alg alg;
		uint8_t version;
	} rows[] = {{0x1301, AEAD_AES_128_GCM, 3}, {0x1302, AEAD_AES_256_GCM, 3},
		{0x1303, AEAD_CHACHA20_POLY1305, 3}, {0xc02b, AEAD_AES_128_GCM, 2},
		{0xc02c, AEAD_AES_256_GCM, 2}, {0xc02f, AEAD_AES_128_GCM, 2},
		{0xc030, AEAD_AES_256_GCM, 2}, {0xcca8, AEAD_CHACHA20_POLY1305, 2},
		{0xcca9, AEAD_CHACHA20_POLY1305, 2}};
	unsigned n = 0;

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct tls_suite *s = tls__suite(rows[i].id);

		CU_ASSERT_PTR_NOT_NULL_FATAL(s);
		CU_ASSERT_EQUAL(s->alg, rows[i].alg);
		CU_ASSERT_EQUAL(s->version, rows[i].version);
	}
	for (unsigned id = 0; id <= UINT16_MAX; id++) {
		n += tls__suite((uint16_t)id) != NULL;
		CU_ASSERT_EQUAL(
			*tls_suite_name((uint16_t)id) != '\0', tls__suite((uint16_t)id) != NULL);
	}
	CU_ASSERT_EQUAL(n, RTE_DIM(rows));
	CU_ASSERT_STRING_EQUAL(
		tls_suite_name(0xcca9), "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256");
}

static void groups(void)
{
	CU_ASSERT_STRING_EQUAL(tls_group_name(TLS_X25519), "x25519");
	CU_ASSERT_STRING_EQUAL(tls_group_name(TLS_P256), "secp256r1");
	CU_ASSERT_STRING_EQUAL(tls_group_name(TLS_P384), "secp384r1");
	CU_ASSERT_STRING_EQUAL(tls_group_name(25), "");
}

/* Each number and name is what libssl has under its own name. */
static void as_libssl(void)
{
	SSL_CTX *ssl = SSL_CTX_new(TLS_method());
	SSL *s = SSL_new(ssl);
	STACK_OF(SSL_CIPHER) *all = SSL_get_ciphers(s);
	unsigned n = 0;

	for (int i = 0; i < sk_SSL_CIPHER_num(all); i++) {
		const SSL_CIPHER *c = sk_SSL_CIPHER_value(all, i);
		const struct tls_suite *mine = tls__suite(SSL_CIPHER_get_protocol_id(c));

		if (!mine)
			continue;
		CU_ASSERT_STRING_EQUAL(mine->ssl, SSL_CIPHER_get_name(c));
		CU_ASSERT_STRING_EQUAL(mine->name, SSL_CIPHER_standard_name(c));
		n++;
	}
	CU_ASSERT_EQUAL(n, 9);
	SSL_free(s);
	SSL_CTX_free(ssl);
}

/* The operator's order is ours, whatever the client's is. */
static void order(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	conf.tls.ciphers = "TLS_AES_256_GCM_SHA384:TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384:"
			   "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384";
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	SSL_CTX_set_ciphersuites(peer, "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384");
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->suite, 0x1302);
	pair_end(&p);
	SSL_CTX_set_ciphersuites(peer, "TLS_CHACHA20_POLY1305_SHA256");
	site_fails(c, NULL, peer, TLS_E_hs_cipher, SSL_AD_HANDSHAKE_FAILURE);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
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
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(known),
	UNIT_CASE(groups),
	UNIT_CASE(as_libssl),
	UNIT_CASE(order),
	UNIT_CASE(ciphers),
};
/* clang-format on */
UNIT_MAIN(cases)
