/* SPDX-License-Identifier: BSD-3-Clause */
/* What others have published, through every driver. */
#include "each.h"

#define MAX_N 128

static const struct vector {
	enum aead_alg alg;
	const char *key, *nonce, *aad, *plain, *sealed; /* hex; sealed ends with the tag */
} vectors[] = {
	/* McGrew and Viega, The Galois/Counter Mode of Operation, B: test cases 1, 2, 3, 13, 14, 15
	 */
	{AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "", "",
		"58e2fccefa7e3061367f1d57a4e7455a"},
	{AEAD_AES_128_GCM, "00000000000000000000000000000000", "000000000000000000000000", "",
		"00000000000000000000000000000000",
		"0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf"},
	{AEAD_AES_128_GCM, "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", "",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		"42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e"
		"21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091473f5985"
		"4d5c2af327cd64a62cf35abd2ba6fab4"},
	{AEAD_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000", "", "", "530f8afbc74536b9a963b4f1c4cb738b"},
	{AEAD_AES_256_GCM, "0000000000000000000000000000000000000000000000000000000000000000",
		"000000000000000000000000", "", "00000000000000000000000000000000",
		"cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"},
	{AEAD_AES_256_GCM, "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
		"cafebabefacedbaddecaf888", "",
		"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
		"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255",
		"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
		"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad"
		"b094dac5d93471bdec1a502270e3cc6c"},
	/* RFC 8439 2.8.2 */
	{AEAD_CHACHA20_POLY1305, "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f",
		"070000004041424344454647", "50515253c0c1c2c3c4c5c6c7",
		"4c616469657320616e642047656e746c656d656e206f662074686520636c6173"
		"73206f66202739393a204966204920636f756c64206f6666657220796f75206f"
		"6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73"
		"637265656e20776f756c642062652069742e",
		"d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
		"3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
		"92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
		"3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd060"
		"0691"},
	/* RFC 8448 3, "{client} send application_data record": a whole TLS 1.3 record */
	{AEAD_AES_128_GCM, "17422dda596ed5d9acd890e3c63f5051", "5b78923dee08579033e523d9",
		"1703030043",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		"202122232425262728292a2b2c2d2e2f303117",
		"a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5"
		"b46b395bd54a9a20441e2b62974e1f5a6292a2977014bd1e3deae63aeebb2169"
		"4915e4"},
};

static uint32_t unhex(uint8_t *out, const char *hex)
{
	uint32_t n = 0;

	for (; *hex; hex += 2)
		sscanf(hex, "%2hhx", &out[n++]);
	return n;
}

/* n bytes from in to out in pieces of `step` bytes. */
static bool pass(struct aead *a, const struct vector *v, bool seal, uint32_t step,
	const uint8_t *in, uint8_t *out, uint32_t n, uint8_t *tag)
{
	struct aead_slice s[MAX_N];
	uint8_t key[AEAD_KEY_MAX];
	struct aead_op op = {.slice = s};
	struct aead_spec spec = {v->alg, seal, (uint8_t)unhex(op.aad, v->aad)};
	struct aead_key *k;

	CU_ASSERT_EQUAL_FATAL(unhex(key, v->key), aead_key_bytes(v->alg));
	CU_ASSERT_EQUAL_FATAL(unhex(op.nonce, v->nonce), AEAD_NONCE);
	for (uint32_t at = 0; at < n; at += s[op.n_slices++].n)
		s[op.n_slices] = (struct aead_slice){in + at, out + at, RTE_MIN(step, n - at)};
	k = aead_key_get(a, &spec, key);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	op.key = k;
	memcpy(op.tag, tag, AEAD_TAG);
	aead_run(a, &op, 1);
	memcpy(tag, op.tag, AEAD_TAG);
	aead_key_put(a, k);
	return op.ok;
}

static void check(struct aead *a, const struct vector *v, uint32_t step)
{
	uint8_t plain[MAX_N], sealed[MAX_N + AEAD_TAG], out[MAX_N] = {0}, tag[AEAD_TAG] = {0};
	uint32_t n = unhex(plain, v->plain);

	CU_ASSERT_EQUAL_FATAL(unhex(sealed, v->sealed), n + AEAD_TAG);
	CU_ASSERT_TRUE(pass(a, v, true, step, plain, out, n, tag));
	CU_ASSERT_EQUAL(memcmp(out, sealed, n), 0);
	CU_ASSERT_EQUAL(memcmp(tag, sealed + n, AEAD_TAG), 0);
	CU_ASSERT_TRUE(pass(a, v, false, step, sealed, out, n, tag));
	CU_ASSERT_EQUAL(memcmp(out, plain, n), 0);
	tag[15] ^= 1;
	CU_ASSERT_FALSE(pass(a, v, false, step, sealed, out, n, tag));
}

static void published_of(struct aead *a, enum aead_alg alg)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++)
		for (uint32_t step = 1; vectors[i].alg == alg && step <= MAX_N; step++)
			check(a, &vectors[i], step);
}

static void published(void)
{
	each_run(published_of);
}

static const struct unit_case cases[] = {UNIT_CASE(published)};
UNIT_MAIN(cases)
