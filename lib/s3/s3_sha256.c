/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one file of lib/s3 that knows OpenSSL. A foreign header should have one directory; OpenSSL's
 * has as many as there are things that it does: handshakes in lib/tls, the AEAD oracle in drivers,
 * and here the hash of a signature. Each keeps it in files of its own, behind our names.
 *
 * Checks are signed on the data path, where nothing may allocate. In OpenSSL 3.0 EVP_DigestInit
 * does so each time, also with a context that was used before, and HMAC() and EVP_MAC for each key.
 * So this is the interface with the context on the stack, deprecated or not, and HMAC written out.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "s3/s3_sha256.h"

#define BLOCK SHA256_CBLOCK /* bytes that SHA-256 takes at a time: HMAC's B */

/* The digest of one text behind the other. */
static void digest(struct span a, struct span b, uint8_t out[S3__SHA256])
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, a.p, a.n);
	SHA256_Update(&ctx, b.p, b.n);
	SHA256_Final(out, &ctx);
	s3__wipe(&ctx, sizeof(ctx));
}

void s3__sha256_digest(struct span text, uint8_t out[S3__SHA256])
{
	digest(text, SPAN_LIT(""), out);
}

static void pad(uint8_t block[BLOCK], const uint8_t key[BLOCK], uint8_t with)
{
	for (unsigned i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ with;
}

/* RFC 2104 2: H(K xor opad, H(K xor ipad, text)). */
void s3__sha256_mac(struct span key, struct span text, uint8_t out[S3__SHA256])
{
	uint8_t k[BLOCK] = {0}, padded[BLOCK], inner[S3__SHA256];
	const struct span b = {(char *)padded, BLOCK};

	if (key.n > BLOCK)
		s3__sha256_digest(key, k);
	else
		memcpy(k, key.p, key.n);
	pad(padded, k, 0x36);
	digest(b, text, inner);
	pad(padded, k, 0x5c);
	digest(b, (struct span){(char *)inner, sizeof(inner)}, out);
	s3__wipe(k, sizeof(k));
	s3__wipe(padded, sizeof(padded));
}

void s3__wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
