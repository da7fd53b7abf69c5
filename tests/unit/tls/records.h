/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One connection of ours with keys that the test knows, and the other end by EVP: the oracle.
 * ends.rx and ends.tx are the oracle's view: rx what we open, tx what we seal.
 */
#ifndef RECORDS_H
#define RECORDS_H

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "aead/drivers.h"
#include "base/rand.h"
#include "pools.h"
#include "tls/tls_priv.h"

#define N_DATA 4096
#define SECOND CLOCK_US_PER_S
#define SEG    1448
#define STREAM (1 << 20)

struct ends {
	struct aead *aead;
	struct tls *t;
	struct tls_conn *c;
	struct tls_hs_result keys; /* rx, tx: their next record is seq */
	struct buf_chain in;
	clock_us_t now;
};

static struct buf_pools pools;
static uint32_t ends_room = BUF_ROOM; /* of its mbufs; the larger the fewer */
static struct ends ends;
static uint8_t stream[STREAM], wire[STREAM + STREAM / 4];

/* Keys that are bytes counting up from seed. */
static inline struct tls_hs_result ends_keys(uint8_t version, enum aead_alg alg, uint8_t seed)
{
	struct tls_hs_result r = {
		.version = version,
		.n_secret = alg == AEAD_AES_256_GCM ? 48 : 32,
		.alg = alg,
		.suite = 0x1301,
		.group = 29,
		.fragment = TLS_PLAIN_MAX,
		.name = "s3.example",
	};

	for (unsigned i = 0; i < sizeof(struct tls_hs_keys); i++) {
		((uint8_t *)&r.rx)[i] = (uint8_t)(seed + i);
		((uint8_t *)&r.tx)[i] = (uint8_t)(seed + 131 + i);
	}
	r.rx.seq = r.tx.seq = 0;
	r.rx.explicit_nonce = 0x1122334455667788;
	return r;
}

static inline void ends_begin_with(
	const struct aead_driver *drv, bool server, const struct tls_hs_result *keys)
{
	struct tls_config cfg = {.pools = &pools, .conns = 4, .handshakes = 1, .socket = -1};
	struct err e = {""};

	pools_begin_room(&pools, N_DATA * BUF_ROOM / ends_room, ends_room);
	ends = (struct ends){.keys = *keys, .now = 5 * SECOND};
	ends.aead = aead_create(drv, "", 2, -1, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ends.aead);
	cfg.aead = ends.aead;
	ends.t = tls_create(&cfg, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ends.t);
	ends.c = tls__conn_get(ends.t, NULL, server, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ends.c);
	CU_ASSERT_EQUAL_FATAL(tls__install(ends.t, ends.c, keys), 0);
}

static inline void ends_begin(uint8_t version, enum aead_alg alg, bool server)
{
	struct tls_hs_result keys = ends_keys(version, alg, (uint8_t)(version + alg));

	ends_begin_with(&aead_openssl, server, &keys);
}

static inline void ends_end(void)
{
	tls_free(ends.t, ends.c);
	buf_chain_free(&ends.in);
	CU_ASSERT_EQUAL(tls_conns(ends.t), 0);
	CU_ASSERT_EQUAL(aead_keys_in_use(ends.aead), 0);
	tls_destroy(ends.t);
	aead_destroy(ends.aead);
	pools_end(&pools);
}

static inline uint64_t ends_stat(enum tls_stat s)
{
	return tls_stats(ends.t)[s];
}

/* Run for each version and algorithm. */
static inline void ends_each(void (*run)(uint8_t version, enum aead_alg alg))
{
	for (uint8_t version = 2; version <= 3; version++)
		for (int alg = 0; alg < AEAD_ALGS; alg++)
			run(version, alg);
}

static inline bool ends_explicit(void)
{
	return ends.keys.version == 2 && ends.keys.alg != AEAD_CHACHA20_POLY1305;
}

/* Bytes of a header with its explicit nonce. */
static inline uint32_t ends_head(void)
{
	return ends_explicit() ? 13 : 5;
}

/* Nonce and additional data of a record whose header is at rec: RFC 8446 5.2, 5.3; RFC 5288 3;
 * RFC 7905 2. type and n (bytes of text) as 1.2 authenticates them. How long the latter are. */
static inline int oracle_params(const struct tls_hs_keys *k, const uint8_t *rec, uint8_t type,
	uint32_t n, uint8_t nonce[12], uint8_t aad[13])
{
	memcpy(nonce, k->iv, 12);
	for (int i = 0; i < 8; i++) {
		uint8_t byte = (uint8_t)(k->seq >> (56 - 8 * i));

		aad[i] = byte;
		nonce[4 + i] = ends_explicit() ? rec[5 + i] : nonce[4 + i] ^ byte;
	}
	if (ends.keys.version == 3) {
		memcpy(aad, rec, 5);
		return 5;
	}
	memcpy(aad + 8, (uint8_t[]){type, rec[1], rec[2], (uint8_t)(n >> 8), (uint8_t)n}, 5);
	return 13;
}

static inline EVP_CIPHER_CTX *oracle_cipher(
	const struct tls_hs_keys *k, const uint8_t *nonce, const uint8_t *aad, int n_aad, int seal)
{
	static const char *const names[] = {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305"};
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, names[ends.keys.alg], NULL);
	EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
	int len;

	EVP_CipherInit_ex2(x, cipher, k->key, nonce, seal, NULL);
	EVP_CipherUpdate(x, NULL, &len, aad, n_aad);
	EVP_CIPHER_free(cipher);
	return x;
}

/* What the peer sends. of: the type as 1.2 has it in the header, and 1.3 behind the text and before
 * pad zeros (none at all when it is 0). Into out; how many bytes. */
static inline uint32_t oracle_seal_padded(
	uint8_t of, const void *p, uint32_t n, uint32_t pad, uint8_t *out)
{
	struct tls_hs_keys *k = &ends.keys.rx;
	uint32_t at = ends_head(), body;
	uint8_t nonce[12], aad[13];
	EVP_CIPHER_CTX *x;
	int len, n_aad;

	memmove(out + at, p, n);
	if (ends.keys.version == 3) {
		memset(out + at + n, 0, pad + 1);
		out[at + n] = of;
		n += 1 + pad;
	}
	body = at - 5 + n + 16;
	out[0] = ends.keys.version == 3 ? 23 : of;
	out[1] = out[2] = 3;
	out[3] = (uint8_t)(body >> 8);
	out[4] = (uint8_t)body;
	for (int i = 0; ends_explicit() && i < 8; i++)
		out[5 + i] = (uint8_t)(k->explicit_nonce >> (56 - 8 * i));
	k->explicit_nonce += 7;
	n_aad = oracle_params(k, out, of, n, nonce, aad);
	x = oracle_cipher(k, nonce, aad, n_aad, 1);
	EVP_CipherUpdate(x, out + at, &len, out + at, (int)n);
	EVP_CipherFinal_ex(x, out + at + n, &len);
	EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_GET_TAG, 16, out + at + n);
	EVP_CIPHER_CTX_free(x);
	k->seq++;
	return 5 + body;
}

static inline uint32_t oracle_seal(uint8_t of, const void *p, uint32_t n, uint8_t *out)
{
	return oracle_seal_padded(of, p, n, 0, out);
}

/* What the peer makes of the record at rec, which is have bytes or more: the text's bytes, -1 when
 * it is not authentic or not whole. */
static inline int oracle_open(const uint8_t *rec, uint32_t have, uint8_t *out, uint8_t *type)
{
	struct tls_hs_keys *k = &ends.keys.tx;
	uint32_t at = ends_head(), body = (uint32_t)rec[3] << 8 | rec[4], n;
	uint8_t nonce[12], aad[13], none[16];
	EVP_CIPHER_CTX *x;
	int len, ok, n_aad;

	if (have < 5 || have < 5 + body || 5 + body < at + 16 || rec[1] != 3 || rec[2] != 3)
		return -1;
	n = 5 + body - at - 16;
	n_aad = oracle_params(k, rec, rec[0], n, nonce, aad);
	x = oracle_cipher(k, nonce, aad, n_aad, 0);
	EVP_CipherUpdate(x, out, &len, rec + at, (int)n);
	EVP_CIPHER_CTX_ctrl(x, EVP_CTRL_AEAD_SET_TAG, 16, (void *)(uintptr_t)(rec + at + n));
	ok = EVP_CipherFinal_ex(x, none, &len);
	EVP_CIPHER_CTX_free(x);
	k->seq++;
	*type = ends.keys.version == 3 && n ? out[n - 1] : rec[0];
	return ok == 1 ? (int)n - (ends.keys.version == 3) : -1;
}

static inline void oracle_label(
	const EVP_MD *md, const uint8_t *secret, const char *label, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *x = EVP_KDF_CTX_new(kdf);
	uint8_t info[64] = {0, (uint8_t)n, (uint8_t)(6 + strlen(label))};
	size_t n_info = 4 + 6 + strlen(label);
	int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(
			"digest", (char *)(uintptr_t)EVP_MD_get0_name(md), 0),
		OSSL_PARAM_construct_int("mode", &mode),
		OSSL_PARAM_construct_octet_string(
			"key", (void *)(uintptr_t)secret, (size_t)EVP_MD_get_size(md)),
		OSSL_PARAM_construct_octet_string("info", info, n_info),
		OSSL_PARAM_construct_end(),
	};

	memcpy(info + 3, "tls13 ", 6);
	memcpy(info + 9, label, strlen(label));
	CU_ASSERT_EQUAL_FATAL(EVP_KDF_derive(x, out, n, p), 1);
	EVP_KDF_CTX_free(x);
	EVP_KDF_free(kdf);
}

/* The peer's next keys, by libcrypto's own HKDF: RFC 8446 7.2, 7.3. */
static inline void oracle_renew(struct tls_hs_keys *k)
{
	const EVP_MD *md = ends.keys.n_secret == 48 ? EVP_sha384() : EVP_sha256();
	uint8_t next[48];

	oracle_label(md, k->secret, "traffic upd", next, ends.keys.n_secret);
	memcpy(k->secret, next, ends.keys.n_secret);
	oracle_label(md, next, "key", k->key, aead_key_bytes(ends.keys.alg));
	oracle_label(md, next, "iv", k->iv, AEAD_NONCE);
	k->seq = 0;
}

/* mbufs of the given bytes each (0: as many as fit) behind chain. */
static inline void chain_add(struct buf_chain *chain, const uint8_t *p, uint32_t n, uint32_t each)
{
	uint32_t k;

	for (; n; n -= k, p += k) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		k = RTE_MIN(n, each ? each : rte_pktmbuf_tailroom(m));
		memcpy(rte_pktmbuf_append(m, (uint16_t)k), p, k);
		buf_chain_append(chain, m);
	}
}

static inline void stream_fill(uint64_t seed)
{
	struct rand_state rnd;

	rand_seed(&rnd, seed);
	for (uint32_t i = 0; i < sizeof(stream); i += 8) {
		uint64_t v = rand_next(&rnd);

		memcpy(stream + i, &v, 8);
	}
}

/* All of out into wire, and away. */
static inline uint32_t out_take(void)
{
	uint32_t n = ends.c->out.bytes;

	CU_ASSERT_FATAL(n <= sizeof(wire));
	buf_chain_read(&ends.c->out, 0, n, wire);
	buf_chain_free(&ends.c->out);
	return n;
}

static inline int input(const uint8_t *p, uint32_t n, uint32_t each)
{
	chain_add(&ends.in, p, n, each);
	return tls_input(ends.t, ends.c, &ends.in, ends.now);
}

#endif
