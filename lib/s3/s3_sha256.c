/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The one file of lib/s3 that knows OpenSSL. A foreign header should have one directory; OpenSSL's
 * has as many as there are things that it does: handshakes in lib/tls, the AEAD oracle in drivers,
 * and here the hash of a signature. Each keeps it in files of its own, behind our names.
 *
 * HMAC is written out because libcrypto's HMAC() and EVP_MAC allocate for each key; a digest
 * context that was used once does not.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/assert.h"
#include "s3/s3_sha256.h"

#define BLOCK 64 /* bytes that SHA-256 takes at a time: HMAC's B */

/* After s3__sha256_init() these three only compute: no provider lookup, no memory. */
static void begin(struct s3__sha256 *h)
{
	int ok = EVP_DigestInit_ex2(h->ctx, NULL, NULL);

	ASSERT(ok == 1, "a context of SHA-256 can be used again");
}

static void add(struct s3__sha256 *h, struct span s)
{
	int ok = EVP_DigestUpdate(h->ctx, s.p, s.n);

	ASSERT(ok == 1, "SHA-256 takes bytes");
}

static void end(struct s3__sha256 *h, uint8_t out[S3__SHA256])
{
	int ok = EVP_DigestFinal_ex(h->ctx, out, NULL);

	ASSERT(ok == 1, "SHA-256 ends");
}

int s3__sha256_init(struct s3__sha256 *h)
{
	uint8_t unused[S3__SHA256];

	h->ctx = EVP_MD_CTX_new();
	if (!h->ctx || EVP_DigestInit_ex2(h->ctx, EVP_sha256(), NULL) != 1) {
		s3__sha256_fini(h);
		return -ENOMEM;
	}
	end(h, unused);
	return 0;
}

void s3__sha256_fini(struct s3__sha256 *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void s3__sha256_digest(struct s3__sha256 *h, struct span text, uint8_t out[S3__SHA256])
{
	begin(h);
	add(h, text);
	end(h, out);
}

static void pad(uint8_t block[BLOCK], const uint8_t key[BLOCK], uint8_t with)
{
	for (unsigned i = 0; i < BLOCK; i++)
		block[i] = key[i] ^ with;
}

/* RFC 2104 2: H(K xor opad, H(K xor ipad, text)). */
void s3__sha256_mac(
	struct s3__sha256 *h, struct span key, struct span text, uint8_t out[S3__SHA256])
{
	uint8_t k[BLOCK] = {0}, block[BLOCK], inner[S3__SHA256];
	const struct span b = {(char *)block, BLOCK};

	if (key.n > BLOCK)
		s3__sha256_digest(h, key, k);
	else
		memcpy(k, key.p, key.n);
	pad(block, k, 0x36);
	begin(h);
	add(h, b);
	add(h, text);
	end(h, inner);
	pad(block, k, 0x5c);
	begin(h);
	add(h, b);
	add(h, (struct span){(char *)inner, sizeof(inner)});
	end(h, out);
	s3__wipe(k, sizeof(k));
	s3__wipe(block, sizeof(block));
}

void s3__wipe(void *p, size_t n)
{
	OPENSSL_cleanse(p, n);
}
