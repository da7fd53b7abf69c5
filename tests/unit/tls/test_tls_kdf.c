/* SPDX-License-Identifier: BSD-3-Clause */
/* Our derivations against libcrypto's own, asked in the way that libssl asks. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#include "hex.h"
#include "tls/tls_hs_priv.h"

#define OURS   "provider=penstock"
#define THEIRS "provider=default"

static int derive(
	const char *name, const char *query, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, name, query);
	EVP_KDF_CTX *c = EVP_KDF_CTX_new(kdf);
	int rc = EVP_KDF_derive(c, out, n, params);

	EVP_KDF_CTX_free(c);
	EVP_KDF_free(kdf);
	return rc;
}

static void begin(void)
{
	struct err e = {""};

	CU_ASSERT_EQUAL_FATAL(tls__kdf_init(&e), 0);
}

static void same(const char *name, const OSSL_PARAM *params, size_t n)
{
	uint8_t a[256] = {0}, b[256] = {1};

	CU_ASSERT_EQUAL(derive(name, OURS, params, a, n), 1);
	CU_ASSERT_EQUAL(derive(name, THEIRS, params, b, n), 1);
	CU_ASSERT_EQUAL(memcmp(a, b, n), 0);
}

static void refused(const char *name, const OSSL_PARAM *params, size_t n)
{
	uint8_t out[256];

	CU_ASSERT(derive(name, OURS, params, out, n) <= 0);
}

static OSSL_PARAM octets(const char *name, const void *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)p, n);
}

/* The parameters of TLS13-KDF; NULL is left out. */
static const OSSL_PARAM *params13(int mode, const char *digest, const struct tls_bytes *key,
	const char *label, const struct tls_bytes *context, const struct tls_bytes *salt)
{
	static OSSL_PARAM params[8];
	static int m;
	OSSL_PARAM *p = params;

	m = mode;
	*p++ = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &m);
	*p++ = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)digest, 0);
	if (key)
		*p++ = octets(OSSL_KDF_PARAM_KEY, key->p, key->n);
	if (salt)
		*p++ = octets(OSSL_KDF_PARAM_SALT, salt->p, salt->n);
	*p++ = octets(OSSL_KDF_PARAM_PREFIX, "tls13 ", 6);
	*p++ = octets(OSSL_KDF_PARAM_LABEL, label, strlen(label));
	if (context)
		*p++ = octets(OSSL_KDF_PARAM_DATA, context->p, context->n);
	*p = OSSL_PARAM_construct_end();
	return params;
}

static void hkdf(void)
{
	static const char *const digests[] = {"SHA2-256", "SHA2-384"};
	static const char *const labels[] = {"c hs traffic", "key", "exp master", ""};
	uint8_t r[2][48];

	begin();
	for (unsigned i = 0; i < 64; i++) {
		const char *digest = digests[i & 1];
		size_t n = i & 1 ? 48 : 32;
		struct tls_bytes a = {r[0], n}, b = {r[1], n};

		RAND_bytes(r[0], sizeof(r));
		same("TLS13-KDF",
			params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, digest, &a, labels[i / 2 % 4],
				i & 8 ? &b : NULL, NULL),
			i & 16 ? n : 12);
		same("TLS13-KDF",
			params13(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, digest, i & 2 ? &a : NULL,
				"derived", NULL, i & 4 ? &b : NULL),
			n);
	}
}

static void hkdf_refused(void)
{
	static const uint8_t key[32];
	struct tls_bytes k = {key, sizeof(key)};

	begin();
	refused("TLS13-KDF", params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA1", &k, "x", NULL, NULL),
		16);
	refused("TLS13-KDF",
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "x", NULL, NULL), 33);
	refused("TLS13-KDF",
		params13(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, "SHA2-256", &k, "x", NULL, NULL), 31);
	refused("TLS13-KDF",
		params13(EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND, "SHA2-256", &k, "x", NULL, NULL),
		32);
	refused("TLS13-KDF",
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "x", NULL, NULL) +
			1, /* no mode */
		32);
}

static void prf(void)
{
	uint8_t r[3][48];

	begin();
	for (unsigned i = 0; i < 32; i++) {
		const OSSL_PARAM params[] = {
			OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
				(char *)(i & 1 ? "SHA2-384" : "SHA2-256"), 0),
			octets(OSSL_KDF_PARAM_SECRET, r[0], i & 2 ? 48 : 32),
			octets(OSSL_KDF_PARAM_SEED, "key expansion", 13),
			octets(OSSL_KDF_PARAM_SEED, r[1], 32),
			octets(OSSL_KDF_PARAM_SEED, r[2], i & 4 ? 32 : 0),
			octets(OSSL_KDF_PARAM_SEED, NULL, 0),
			OSSL_PARAM_construct_end(),
		};

		RAND_bytes(r[0], sizeof(r));
		same("TLS1-PRF", params, 1 + i * 7);
	}
}

static void prf_refused(void)
{
	static const uint8_t long_seed[200];
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA2-256", 0),
		octets(OSSL_KDF_PARAM_SECRET, long_seed, 48),
		octets(OSSL_KDF_PARAM_SEED, long_seed, 200),
		octets(OSSL_KDF_PARAM_SEED, long_seed, 56),
		OSSL_PARAM_construct_end(),
	};

	begin();
	same("TLS1-PRF", params, 48);
	params[3].data_size++;
	refused("TLS1-PRF", params, 48);
	refused("TLS1-PRF", params + 1, 48); /* no digest */
}

/* Who does not ask for us gets libcrypto's: so the peers in these tests are not us. */
static void not_unasked(void)
{
	EVP_KDF *kdf;

	begin();
	kdf = EVP_KDF_fetch(NULL, "TLS13-KDF", NULL);
	CU_ASSERT_STRING_EQUAL(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
	EVP_KDF_free(kdf);
	kdf = EVP_KDF_fetch(NULL, "TLS1-PRF", NULL);
	CU_ASSERT_STRING_EQUAL(OSSL_PROVIDER_get0_name(EVP_KDF_get0_provider(kdf)), "default");
	EVP_KDF_free(kdf);
}

/* The two secrets of data go to the handshake that is watched, each to its side. */
static void watch(void)
{
	static const uint8_t key[32] = {7};
	struct tls_bytes k = {key, sizeof(key)};
	struct tls_hs h = {.server = true, .result = {.rx = {.seq = 3}, .tx = {.seq = 4}}};
	uint8_t out[32];

	begin();
	tls__kdf_watch(&h);
	derive("TLS13-KDF", OURS,
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "c hs traffic", &k, NULL),
		out, 32);
	CU_ASSERT_EQUAL(h.secrets, 0);
	derive("TLS13-KDF", OURS,
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "c ap traffic", &k, NULL),
		out, 32);
	CU_ASSERT_EQUAL(memcmp(h.result.rx.secret, out, 32), 0);
	CU_ASSERT_EQUAL(h.result.rx.seq, 0);
	CU_ASSERT_EQUAL(h.result.tx.seq, 4);
	derive("TLS13-KDF", OURS,
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "s ap traffic", &k, NULL),
		out, 32);
	CU_ASSERT_EQUAL(memcmp(h.result.tx.secret, out, 32), 0);
	CU_ASSERT_EQUAL(h.result.n_secret, 32);
	tls__kdf_watch(NULL);
	memset(h.result.rx.secret, 0, 32);
	derive("TLS13-KDF", OURS,
		params13(EVP_KDF_HKDF_MODE_EXPAND_ONLY, "SHA2-256", &k, "c ap traffic", &k, NULL),
		out, 32);
	CU_ASSERT_EQUAL(h.result.rx.secret[0] | h.result.rx.secret[31], 0);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(hkdf),
	UNIT_CASE(hkdf_refused),
	UNIT_CASE(prf),
	UNIT_CASE(prf_refused),
	UNIT_CASE(not_unasked),
	UNIT_CASE(watch),
};
/* clang-format on */
UNIT_MAIN(cases)
