/* SPDX-License-Identifier: BSD-3-Clause */
/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104) with it, for s3_sign.c. Cannot fail, do not allocate. */
#ifndef S3_S3_SHA256_H
#define S3_S3_SHA256_H

#include <stdint.h>

#include "base/span.h"

#define S3__SHA256 32 /* bytes of a digest */

/* out may be where the input is. */
void s3__sha256_digest(struct span text, uint8_t out[S3__SHA256]);
void s3__sha256_mac(struct span key, struct span text, uint8_t out[S3__SHA256]);

void s3__wipe(void *p, size_t n); /* not optimised away */

#endif
