/* SPDX-License-Identifier: BSD-3-Clause */
/* Against a plain libssl: every suite and group, in any pieces, and what is no handshake at all. */
#include "site.h"
#include "tls/tls_hs_priv.h"

static const struct {
	int version;
	uint16_t suite;
	const char *name; /* libssl's */
} suites[] = {
	{TLS1_3_VERSION, 0x1301, "TLS_AES_128_GCM_SHA256"},
	{TLS1_3_VERSION, 0x1302, "TLS_AES_256_GCM_SHA384"},
	{TLS1_3_VERSION, 0x1303, "TLS_CHACHA20_POLY1305_SHA256"},
	{TLS1_2_VERSION, 0xc02b, "ECDHE-ECDSA-AES128-GCM-SHA256"},
	{TLS1_2_VERSION, 0xc02c, "ECDHE-ECDSA-AES256-GCM-SHA384"},
	{TLS1_2_VERSION, 0xcca9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
};
static const struct {
	uint16_t id;
	const char *name; /* libssl's */
} groups[] = {{29, "X25519"}, {23, "P-256"}, {24, "P-384"}};

/* A client of 1.2 must know our certificate's group, too; the server's choice decides. */
static SSL_CTX *peer_with(bool server, unsigned s, unsigned g)
{
	SSL_CTX *c =
		server ? site_peer_server(suites[s].version) : site_peer_client(suites[s].version);
	char text[32];

	if (suites[s].version == TLS1_3_VERSION)
		SSL_CTX_set_ciphersuites(c, suites[s].name);
	else
		SSL_CTX_set_cipher_list(c, suites[s].name);
	snprintf(text, sizeof(text), "%s%s", groups[g].name, server || g == 1 ? "" : ":P-256");
	SSL_CTX_set1_groups_list(c, text);
	return c;
}

static void cell(bool server, uint32_t step, unsigned s, unsigned g)
{
	SSL_CTX *peer = peer_with(!server, s, g);
	const struct tls_hs_result *r;
	struct tls_ctx *c;

	conf.tls.groups = server ? groups[g].name : NULL;
	c = server ? site_server(NULL) : site_client();
	pair_begin(&p, c, server ? NULL : "s3.example", peer);
	p.step = step;
	CU_ASSERT_EQUAL_FATAL(pair_run(&p), TLS_HS_DONE);
	r = tls_hs_result(p.hs);
	CU_ASSERT_EQUAL(r->version, suites[s].version - TLS1_VERSION);
	CU_ASSERT_EQUAL(r->suite, suites[s].suite);
	CU_ASSERT_EQUAL(r->group, groups[g].id);
	CU_ASSERT_EQUAL(r->fragment, 16384);
	CU_ASSERT_FALSE(r->resumed);
	CU_ASSERT_STRING_EQUAL(r->name, server ? "" : "s3.example");
	CU_ASSERT_STRING_EQUAL(r->subject, server ? "" : "CN=s3.example,O=Penstock");
	pair_talk(&p);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

/* Every suite with every group, a byte at a time when step is 1. */
static void matrix(bool server, uint32_t step)
{
	site();
	for (unsigned s = 0; s < RTE_DIM(suites); s++)
		for (unsigned g = 0; g < RTE_DIM(groups); g++)
			cell(server, step, s, g);
}

static void accepts(void)
{
	matrix(true, 0);
}

static void connects(void)
{
	matrix(false, 0);
}

static void byte_at_a_time(void)
{
	matrix(true, 1);
	matrix(false, 1);
}

/* libssl's own list of what we speak is ours, in our order. */
static void preference(void)
{
	SSL_CTX *peer;
	struct tls_ctx *c;

	site();
	c = site_server(NULL);
	peer = site_peer_client(0);
	SSL_CTX_set_ciphersuites(peer, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->suite, 0x1301);
	pair_end(&p);
	/* who puts ChaCha20 first has no AES in hardware */
	SSL_CTX_set_ciphersuites(peer, "TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256");
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->suite, 0x1303);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void count_hellos(
	int sent, int version, int type, const void *buf, size_t n, SSL *ssl, void *arg)
{
	if (!sent && type == SSL3_RT_HANDSHAKE && *(const uint8_t *)buf == SSL3_MT_SERVER_HELLO)
		++*(unsigned *)arg;
}

static void hello_retry(void)
{
	unsigned hellos = 0;
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	conf.tls.groups = "P-384";
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	SSL_CTX_set1_groups_list(peer, "X25519:P-384");
	SSL_CTX_set_msg_callback(peer, count_hellos);
	SSL_CTX_set_msg_callback_arg(peer, &hellos);
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->group, 24);
	CU_ASSERT_EQUAL(hellos, 2);
	pair_end(&p);
	tls_ctx_put(c);
	SSL_CTX_free(peer);
}

static void hello_retry_client(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_client();
	peer = site_peer_server(TLS1_3_VERSION);
	SSL_CTX_set1_groups_list(peer, "P-384");
	CU_ASSERT_EQUAL(site_done(c, "s3.example", peer)->group, 24);
	pair_end(&p);
	tls_ctx_put(c);
	SSL_CTX_free(peer);
}

/* Finished and the first request in one piece: the request is not libssl's. */
static void coalesced(void)
{

	site();
	for (int i = 0; i < 2; i++) {
		struct tls_ctx *c = site_server(NULL);
		SSL_CTX *peer = site_peer_client(versions[i]);
		uint32_t n, used;
		const uint8_t *out;
		uint8_t *d, in[4096], type;
		char text[4096];
		struct tls_hs_result r;
		long len;

		SSL_CTX_set_mode(peer, SSL_MODE_ENABLE_PARTIAL_WRITE);
		SSL_CTX_set_options(peer, i ? 0 : SSL_OP_NO_TICKET);
		pair_begin(&p, c, NULL, peer);
		pair_turn(&p);
		out = tls_hs_out(p.hs, &n);
		BIO_write(p.to_peer, out, (int)n);
		SSL_do_handshake(p.peer); /* its Finished; in 1.3 it is done */
		if (i)
			CU_ASSERT_EQUAL(SSL_write(p.peer, "GET /", 5), 5);
		len = BIO_get_mem_data(p.from_peer, &d);
		memcpy(in, d, (size_t)len);
		memcpy(in + len, "\x17\x03\x03\x00\x10rest", 9); /* and part of a record */
		CU_ASSERT_EQUAL(tls_hs_step(p.hs, in, (uint32_t)len + 9, &used), TLS_HS_DONE);
		r = *tls_hs_result(p.hs);
		CU_ASSERT_EQUAL(used, i ? len - 5 - 6 - 16 : len);
		if (i) {
			CU_ASSERT_EQUAL(pair_open(&r, &r.rx, in + used, 27, text, &type), 27);
			CU_ASSERT_STRING_EQUAL(text, "GET /");
		}
		CU_ASSERT_EQUAL(tls_hs_step(p.hs, in, 5, &used), TLS_HS_DONE);
		CU_ASSERT_EQUAL(used, 0);
		pair_end(&p);
		tls_ctx_put(c);
		SSL_CTX_free(peer);
	}
}

/* RFC 6066 4 */
static void fragment(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_server(NULL);
	peer = site_peer_client(0);
	SSL_CTX_set_tlsext_max_fragment_length(peer, TLSEXT_max_fragment_length_1024);
	CU_ASSERT_EQUAL(site_done(c, NULL, peer)->fragment, 1024);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void alpn(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;
	const uint8_t *chosen;
	unsigned n;

	site();
	c = site_server(NULL);
	peer = site_peer_client(0);
	SSL_CTX_set_alpn_protos(peer, (const uint8_t *)"\2h2\x8http/1.1", 12);
	site_done(c, NULL, peer);
	SSL_get0_alpn_selected(p.peer, &chosen, &n);
	CU_ASSERT_EQUAL(n, 8);
	pair_end(&p);
	SSL_CTX_set_alpn_protos(peer, (const uint8_t *)"\2h2", 3);
	site_fails(c, NULL, peer, TLS_E_hs_alpn, SSL_AD_NO_APPLICATION_PROTOCOL);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void nothing_in_common(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	conf.tls.v13 = false;
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	site_fails(c, NULL, peer, TLS_E_hs_version, SSL_AD_PROTOCOL_VERSION);
	SSL_CTX_free(peer);
	peer = site_peer_client(TLS1_2_VERSION);
	SSL_CTX_set_cipher_list(peer, "ECDHE-ECDSA-AES256-SHA384"); /* CBC */
	site_fails(c, NULL, peer, TLS_E_hs_cipher, SSL_AD_HANDSHAKE_FAILURE);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
	site();
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	SSL_CTX_set1_groups_list(peer, "P-521");
	site_fails(c, NULL, peer, TLS_E_hs_cipher, SSL_AD_HANDSHAKE_FAILURE);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static void peer_alert(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_server(NULL);
	peer = site_peer_client(0);
	SSL_CTX_set_verify(peer, SSL_VERIFY_PEER, NULL); /* and it knows no CA */
	site_fails(c, NULL, peer, TLS_E_hs_peer_alert, -1);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

/* n bytes as a client's first; the alert that we answer, or 0. */
static int answer(const void *in, uint32_t n, enum tls_error error)
{
	struct tls_ctx *c = site_server(NULL);
	struct tls_hs *hs = tls_hs_create(c, NULL);
	const uint8_t *out;
	uint32_t used, n_out;
	int alert;

	CU_ASSERT_EQUAL(tls_hs_step(hs, in, n, &used), TLS_HS_FAILED);
	CU_ASSERT_EQUAL(tls_hs_error(hs), error);
	out = tls_hs_out(hs, &n_out);
	CU_ASSERT(n_out == 0 || (n_out == 7 && out[0] == 21 && out[5] == 2));
	alert = n_out == 7 ? out[6] : 0;
	CU_ASSERT_EQUAL(tls_hs_step(hs, in, n, &used), TLS_HS_FAILED);
	CU_ASSERT_EQUAL(used, 0);
	tls_hs_destroy(hs);
	tls_ctx_put(c);
	return alert;
}

static void no_handshake(void)
{
	static const char http[] = "GET / HTTP/1.1\r\nHost: s3.example\r\n\r\n";
	static const char proxy[] = "CONNECT s3.example:443 HTTP/1.1\r\n\r\n";
	static const uint8_t sslv2[] = {0x80, 0x2e, 1, 0, 2};
	static const uint8_t ssl2_like[] = {22, 2, 0, 0, 5, 1, 0, 0, 1, 0};
	static const uint8_t data[] = {23, 3, 3, 0, 3, 1, 2, 3};
	static const uint8_t unknown[] = {99, 3, 3, 0, 3, 1, 2, 3};
	static const uint8_t longest[] = {22, 3, 1, 0xff, 0xff, 1, 0xff, 0xff, 0xff};
	uint8_t empty[5 * 40];

	site();
	CU_ASSERT_EQUAL(answer(http, sizeof(http) - 1, TLS_E_hs_not_tls), 0);
	CU_ASSERT_EQUAL(answer(proxy, sizeof(proxy) - 1, TLS_E_hs_not_tls), 0);
	CU_ASSERT_EQUAL(answer(sslv2, sizeof(sslv2), TLS_E_hs_not_tls), SSL_AD_PROTOCOL_VERSION);
	CU_ASSERT_EQUAL(answer(sslv2, 1, TLS_E_hs_not_tls), SSL_AD_PROTOCOL_VERSION);
	CU_ASSERT_EQUAL(answer(ssl2_like, sizeof(ssl2_like), TLS_E_hs_not_tls), 0);
	CU_ASSERT_EQUAL(answer(data, sizeof(data), TLS_E_hs_protocol), SSL_AD_UNEXPECTED_MESSAGE);
	CU_ASSERT_EQUAL(
		answer(unknown, sizeof(unknown), TLS_E_hs_protocol), SSL_AD_UNEXPECTED_MESSAGE);
	CU_ASSERT_EQUAL(
		answer(longest, sizeof(longest), TLS_E_hs_protocol), SSL_AD_RECORD_OVERFLOW);
	for (unsigned i = 0; i < sizeof(empty); i += 5)
		memcpy(empty + i, (uint8_t[]){22, 3, 1, 0, 0}, 5);
	CU_ASSERT_EQUAL(answer(empty, sizeof(empty), TLS_E_hs_protocol), SSL_AD_UNEXPECTED_MESSAGE);
}

/* A hello of 16 MB in records that are right: it ends at our bound, not at libssl's. */
static void too_long(void)
{
	static uint8_t in[3 * (5 + 16384)];

	site();
	for (uint32_t at = 0; at < sizeof(in); at += 5 + 16384)
		memcpy(in + at, (uint8_t[]){22, 3, 1, 0x40, 0}, 5);
	memcpy(in + 5, (uint8_t[]){1, 0, 0xff, 0xff}, 4);
	answer(in, sizeof(in), TLS_E_hs_too_long);
}

/* Half of it, then it is destroyed: nothing leaks, the context stays whole. */
static void given_up(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_server(NULL);
	peer = site_peer_client(0);
	pair_begin(&p, c, NULL, peer);
	pair_turn(&p);
	pair_end(&p);
	site_done(c, NULL, peer);
	pair_end(&p);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

static const struct unit_case cases[] = {
	UNIT_CASE(accepts),
	UNIT_CASE(connects),
	UNIT_CASE(byte_at_a_time),
	UNIT_CASE(preference),
	UNIT_CASE(hello_retry),
	UNIT_CASE(hello_retry_client),
	UNIT_CASE(coalesced),
	UNIT_CASE(fragment),
	UNIT_CASE(alpn),
	UNIT_CASE(nothing_in_common),
	UNIT_CASE(peer_alert),
	UNIT_CASE(no_handshake),
	UNIT_CASE(too_long),
	UNIT_CASE(given_up),
};
UNIT_MAIN(cases)
