/* SPDX-License-Identifier: BSD-3-Clause */
/* Each outcome under its own counter, and once. */
#include "site.h"
#include "tls/tls_hs_priv.h"

static struct tls_hs_stats stats;
static uint64_t n[TLS_HS_STAT_N];

/* What one step's end counts. */
static uint64_t counted_of(const struct tls_hs *h)
{
	uint64_t sum = 0;

	memset(&stats, 0, sizeof(stats));
	tls__hs_count(&stats, h);
	tls__hs_stats_read(&stats, n);
	for (unsigned i = 0; i < TLS_HS_STAT_N; i++)
		sum += n[i];
	return sum;
}

static void failures(void)
{
	static const struct {
		enum tls_error error;
		enum tls_hs_stat stat;
	} rows[] = {
#define ROW(name) {TLS_E_hs_##name, TLS_HS_STAT_fail_##name}
		ROW(not_tls), ROW(version), ROW(cipher), ROW(alpn), ROW(no_certificate),
		ROW(certificate), ROW(memory), ROW(peer_alert), ROW(protocol), ROW(too_long)};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct tls_hs h = {.state = TLS_HS_FAILED, .error = (uint8_t)rows[i].error};

		CU_ASSERT_EQUAL(counted_of(&h), 2);
		CU_ASSERT_EQUAL(n[TLS_HS_STAT_failed], 1);
		CU_ASSERT_EQUAL(n[rows[i].stat], 1);
	}
}

static void done(void)
{
	struct tls_hs h = {.state = TLS_HS_DONE,
		.result = {.version = 2, .alg = AEAD_CHACHA20_POLY1305, .group = TLS_P384}};

	CU_ASSERT_EQUAL(counted_of(&h), 4);
	CU_ASSERT(n[TLS_HS_STAT_done] && n[TLS_HS_STAT_tls12] && n[TLS_HS_STAT_chacha20_poly1305] &&
		  n[TLS_HS_STAT_secp384r1]);
	h.result.version = 3;
	h.result.alg = AEAD_AES_256_GCM;
	h.result.group = TLS_P256;
	h.result.resumed = true;
	memcpy(h.result.subject, "CN=x", 5);
	CU_ASSERT_EQUAL(counted_of(&h), 6);
	CU_ASSERT(n[TLS_HS_STAT_tls13] && n[TLS_HS_STAT_aes_256_gcm] && n[TLS_HS_STAT_secp256r1] &&
		  n[TLS_HS_STAT_resumed] && n[TLS_HS_STAT_peer_certificate]);
	h.state = TLS_HS_MORE;
	CU_ASSERT_EQUAL(counted_of(&h), 0);
}

/* Through a context. */
static void counted(void)
{
	struct tls_ctx *c;
	SSL_CTX *peer;

	site();
	c = site_server(NULL);
	peer = site_peer_client(TLS1_3_VERSION);
	site_done(c, NULL, peer);
	pair_end(&p);
	SSL_CTX_set_alpn_protos(peer, (const uint8_t *)"\2h2", 3);
	site_fails(c, NULL, peer, TLS_E_hs_alpn, SSL_AD_NO_APPLICATION_PROTOCOL);
	tls_ctx_stats(c, n);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_done], 1);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_tls13], 1);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_tls12], 0);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_aes_256_gcm] + n[TLS_HS_STAT_aes_128_gcm], 1);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_x25519], 1);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_resumed], 0);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_failed], 1);
	CU_ASSERT_EQUAL(n[TLS_HS_STAT_fail_alpn], 1);
	SSL_CTX_free(peer);
	tls_ctx_put(c);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(failures),
	UNIT_CASE(done),
	UNIT_CASE(counted),
};
/* clang-format on */
UNIT_MAIN(cases)
