/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of handshakes: written by any thread, a few a handshake, so they are atomic. */
#include "tls/tls_hs_priv.h"

const struct stat_name tls_hs_stat_names[TLS_HS_STAT_N] = {
#define X(name, text) {#name, text},
#include "tls/tls_hs_stat.def"
#undef X
};

/* relaxed: nothing follows from a counter */
static void count(struct tls_hs_stats *s, enum tls_hs_stat which)
{
	atomic_fetch_add_explicit(&s->n[which], 1, memory_order_relaxed);
}

static void count_done(struct tls_hs_stats *s, const struct tls_hs_result *r)
{
	static const enum tls_hs_stat cipher[AEAD_ALGS] = {
		[AEAD_AES_128_GCM] = TLS_HS_STAT_aes_128_gcm,
		[AEAD_AES_256_GCM] = TLS_HS_STAT_aes_256_gcm,
		[AEAD_CHACHA20_POLY1305] = TLS_HS_STAT_chacha20_poly1305,
	};

	count(s, TLS_HS_STAT_done);
	count(s, r->version == 3 ? TLS_HS_STAT_tls13 : TLS_HS_STAT_tls12);
	count(s, cipher[r->alg]);
	if (r->resumed)
		count(s, TLS_HS_STAT_resumed);
	if (r->subject[0])
		count(s, TLS_HS_STAT_peer_certificate);
	if (r->group == TLS_X25519)
		count(s, TLS_HS_STAT_x25519);
	if (r->group == TLS_P256)
		count(s, TLS_HS_STAT_secp256r1);
	if (r->group == TLS_P384)
		count(s, TLS_HS_STAT_secp384r1);
}

void tls__hs_count(struct tls_hs_stats *s, const struct tls_hs *h)
{
	static const enum tls_hs_stat why[TLS_ERRORS] = {
		[TLS_E_hs_not_tls] = TLS_HS_STAT_fail_not_tls,
		[TLS_E_hs_version] = TLS_HS_STAT_fail_version,
		[TLS_E_hs_cipher] = TLS_HS_STAT_fail_cipher,
		[TLS_E_hs_alpn] = TLS_HS_STAT_fail_alpn,
		[TLS_E_hs_no_certificate] = TLS_HS_STAT_fail_no_certificate,
		[TLS_E_hs_certificate] = TLS_HS_STAT_fail_certificate,
		[TLS_E_hs_memory] = TLS_HS_STAT_fail_memory,
		[TLS_E_hs_peer_alert] = TLS_HS_STAT_fail_peer_alert,
		[TLS_E_hs_protocol] = TLS_HS_STAT_fail_protocol,
		[TLS_E_hs_too_long] = TLS_HS_STAT_fail_too_long,
	};

	if (h->state == TLS_HS_DONE)
		count_done(s, &h->result);
	if (h->state != TLS_HS_FAILED)
		return;
	count(s, TLS_HS_STAT_failed);
	count(s, why[h->error]);
}

void tls__hs_stats_read(const struct tls_hs_stats *s, uint64_t out[TLS_HS_STAT_N])
{
	for (unsigned i = 0; i < TLS_HS_STAT_N; i++)
		out[i] = atomic_load_explicit(&s->n[i], memory_order_relaxed);
}
