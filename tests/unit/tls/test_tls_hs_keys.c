/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys from published secrets; those from libssl's are proven by records, in test_tls_hs. */
#include "hex.h"
#include "tls/tls_hs_priv.h"

/* RFC 8448 3: the client's and the server's application traffic keys. */
static void keys13(void)
{
	struct tls_hs_result r = {.version = 3, .n_secret = 32, .alg = AEAD_AES_128_GCM};

	unhex("9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5", r.rx.secret);
	unhex("a11af9f05531f856ad47116b45a950328204b4f44bfb6b3a4b4f1f3fcb631643", r.tx.secret);
	CU_ASSERT(tls__keys13(&r));
	hex_check(r.rx.key, "17422dda596ed5d9acd890e3c63f5051");
	hex_check(r.rx.iv, "5b78923dee08579033e523d9");
	hex_check(r.tx.key, "9f02283b6c9c07efc26bb9f2ac92e356");
	hex_check(r.tx.iv, "cf782b88dd83549aadf1e984");
}

/* The hash goes by the secret's length, the key's length by the cipher. */
static void lengths13(void)
{
	static const struct {
		enum aead_alg alg;
		uint8_t n_secret;
		size_t n_key;
	} rows[] = {{AEAD_AES_128_GCM, 32, 16}, {AEAD_AES_256_GCM, 48, 32},
		{AEAD_CHACHA20_POLY1305, 32, 32}};

	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct tls_hs_result r = {.alg = rows[i].alg, .n_secret = rows[i].n_secret};
		uint8_t want[AEAD_KEY_MAX];

		memset(r.rx.secret, 9, sizeof(r.rx.secret));
		memset(r.rx.key, 0x55, sizeof(r.rx.key));
		CU_ASSERT(tls__keys13(&r));
		tls__expand_label(
			r.rx.secret, rows[i].n_secret, "key", want, (uint8_t)rows[i].n_key);
		CU_ASSERT_EQUAL(memcmp(r.rx.key, want, rows[i].n_key), 0);
		for (size_t k = rows[i].n_key; k < sizeof(r.rx.key); k++)
			CU_ASSERT_EQUAL(r.rx.key[k], 0x55);
	}
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(keys13),
	UNIT_CASE(lengths13),
};
/* clang-format on */
UNIT_MAIN(cases)
