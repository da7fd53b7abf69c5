/* SPDX-License-Identifier: BSD-3-Clause */
#include "s3/s3_sha256.h"
#include "unit.h"

static bool is(const uint8_t digest[S3__SHA256], const char *hex)
{
	char text[2 * S3__SHA256 + 1];

	for (unsigned i = 0; i < S3__SHA256; i++)
		sprintf(text + 2 * i, "%02x", digest[i]);
	return strcmp(text, hex) == 0;
}

/* FIPS 180-4's examples, as NIST publishes them. */
static void digests(void)
{
	static const struct {
		const char *text, *hex;
	} t[] = {
		{"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
		{"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
			"248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	};
	uint8_t out[S3__SHA256];

	for (size_t i = 0; i < RTE_DIM(t); i++) {
		s3__sha256_digest(span_str(t[i].text), out);
		CU_ASSERT(is(out, t[i].hex));
	}
}

/* RFC 4231 4: test cases 1, 2 and 6 (a key longer than a block). */
static void macs(void)
{
	char ones[20], longer[131];
	const struct {
		struct span key, text;
		const char *hex;
	} t[] = {
		{{ones, sizeof(ones)}, SPAN_LIT("Hi There"),
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{SPAN_LIT("Jefe"), SPAN_LIT("what do ya want for nothing?"),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{{longer, sizeof(longer)},
			SPAN_LIT("Test Using Larger Than Block-Size Key - Hash Key First"),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
	};
	uint8_t out[S3__SHA256];

	memset(ones, 0x0b, sizeof(ones));
	memset(longer, 0xaa, sizeof(longer));
	for (size_t i = 0; i < RTE_DIM(t); i++) {
		s3__sha256_mac(t[i].key, t[i].text, out);
		CU_ASSERT(is(out, t[i].hex));
	}
	/* in place, as a key is derived */
	memcpy(out, "Jefe", 4);
	s3__sha256_mac((struct span){(char *)out, 4}, t[1].text, out);
	CU_ASSERT(is(out, t[1].hex));
}

static const struct unit_case cases[] = {UNIT_CASE(digests), UNIT_CASE(macs)};
UNIT_MAIN(cases)
