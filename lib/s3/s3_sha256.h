/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104) with it, for s3_sign.c. */
#ifndef S3_S3_SHA256_H
#define S3_S3_SHA256_H

#include <stdint.h>

#include "base/span.h"

#define S3__SHA256 32 /* bytes of a digest */

struct s3__sha256 {
	void *ctx; /* libcrypto's, made once and used again */
};

int s3__sha256_init(struct s3__sha256 *h); /* 0 or -ENOMEM */
void s3__sha256_fini(struct s3__sha256 *h);

/* These two do not allocate and cannot fail. out may be where the input is. */
void s3__sha256_digest(struct s3__sha256 *h, struct span text, uint8_t out[S3__SHA256]);
void s3__sha256_mac(
	struct s3__sha256 *h, struct span key, struct span text, uint8_t out[S3__SHA256]);

void s3__wipe(void *p, size_t n); /* not optimised away */

#endif
