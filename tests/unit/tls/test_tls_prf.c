/* SPDX-License-Identifier: BSD-3-Clause */
/* Published vectors, and what is too long for a caller's buffers. */
#include "hex.h"
#include "tls/tls_hs_priv.h"

#define TEXT(s) ((struct tls_bytes){(const uint8_t *)(s), sizeof(s) - 1})
#define NONE    ((struct tls_bytes){0})

static struct tls_prf keyed(size_t n_hash, const uint8_t *key, size_t n)
{
	return (struct tls_prf){EVP_MD_CTX_new(), tls__md(n_hash), {key, n}};
}

/* RFC 4231 4.2 and 4.3, the message in two pieces. */
static void hmac(void)
{
	static const struct {
		const char *key;
		struct tls_bytes a, b;
		const char *sha256, *sha384;
	} rows[] = {
		{"0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", TEXT("Hi There"), NONE,
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
			"afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
			"faea9ea9076ede7f4af152e8b2fa9cb6"},
		{"4a656665", TEXT("what do ya want "), TEXT("for nothing?"),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
			"af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
			"8e2240ca5e69e2c78b3239ecfab21649"},
	};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		for (size_t n = 32; n <= 48; n += 16) {
			uint8_t key[64], out[EVP_MAX_MD_SIZE];
			struct tls_prf p = keyed(n, key, unhex(rows[i].key, key));

			CU_ASSERT(tls__hmac(&p, rows[i].a, rows[i].b, out));
			hex_check(out, n == 32 ? rows[i].sha256 : rows[i].sha384);
			EVP_MD_CTX_free(p.work);
		}
	}
}

/* A key that HMAC would have to hash first is nobody's here. */
static void long_key(void)
{
	static const uint8_t key[129];

	for (size_t n = 32; n <= 48; n += 16) {
		size_t block = n == 32 ? 64 : 128;
		struct tls_prf p = keyed(n, key, block);
		uint8_t out[EVP_MAX_MD_SIZE];

		CU_ASSERT(tls__hmac(&p, TEXT("x"), NONE, out));
		p.key.n++;
		CU_ASSERT_FALSE(tls__hmac(&p, TEXT("x"), NONE, out));
		EVP_MD_CTX_free(p.work);
	}
}

/* RFC 8448 3: "derived" of the early secret, and the key and IV of the server's handshake. */
static void expand(void)
{
	uint8_t secret[32] = {0}, context[32], out[32];
	struct tls_prf p = keyed(32, secret, sizeof(secret));

	unhex("33ad0a1c607ec03b09e6cd9893680ce210adf300aa1f2660e1b22e10f170f92a", secret);
	unhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", context);
	CU_ASSERT(tls__expand(&p, TEXT("derived"), (struct tls_bytes){context, 32}, out, 32));
	hex_check(out, "6f2615a108c702c5678f54fc9dbab69716c076189c48250cebeac3576c3611ba");
	unhex("b67b7d690cc16c4e75e54213cb2d37b4e9c912bcded9105d42befd59d391ad38", secret);
	CU_ASSERT(tls__expand_label(secret, 32, "key", out, 16));
	hex_check(out, "3fce516009c21727d0f2e4e86ee403bc");
	CU_ASSERT(tls__expand_label(secret, 32, "iv", out, 12));
	hex_check(out, "5d313eb2671276ee13000b30");
	EVP_MD_CTX_free(p.work);
}

/* What would not fit is refused before a byte of it is written. */
static void expand_limits(void)
{
	static const uint8_t secret[32], context[EVP_MAX_MD_SIZE + 1];
	uint8_t out[64] = {0x55};
	struct tls_prf p = keyed(32, secret, sizeof(secret));

	CU_ASSERT(tls__expand(&p, TEXT("12345678901234567890123456"),
		(struct tls_bytes){context, EVP_MAX_MD_SIZE}, out, 32));
	out[0] = 0x55;
	CU_ASSERT_FALSE(tls__expand(&p, TEXT("123456789012345678901234567"), NONE, out, 32));
	CU_ASSERT_FALSE(
		tls__expand(&p, TEXT("x"), (struct tls_bytes){context, sizeof(context)}, out, 32));
	CU_ASSERT_FALSE(tls__expand(&p, TEXT("x"), NONE, out, 33));
	CU_ASSERT_EQUAL(out[0], 0x55);
	EVP_MD_CTX_free(p.work);
}

/* The vector for SHA-256 that the TLS working group's list has; RFC 5246 itself has none. */
static void prf(void)
{
	uint8_t secret[16] = {0}, seed[64] = "test label", out[100];
	size_t n = strlen("test label");
	struct tls_prf p = keyed(32, secret, sizeof(secret));

	unhex("9bbe436ba940f017b17652849a71db35", secret);
	n += unhex("a0ba9f936cda311827a6f796ffd5198c", seed + n);
	CU_ASSERT(tls__prf(&p, (struct tls_bytes){seed, n}, out, sizeof(out)));
	hex_check(out, "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a"
		       "6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab"
		       "4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff701"
		       "87347b66");
	EVP_MD_CTX_free(p.work);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(hmac),
	UNIT_CASE(long_key),
	UNIT_CASE(expand),
	UNIT_CASE(expand_limits),
	UNIT_CASE(prf),
};
/* clang-format on */
UNIT_MAIN(cases)
