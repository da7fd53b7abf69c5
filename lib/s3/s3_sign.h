/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AWS Signature Version 4 of requests that are our own, by header ("Authenticating Requests",
 * Amazon S3 API reference): payload unsigned, hashed as a whole, or aws-chunked with a signature
 * for each chunk. Times and texts are arguments. Only create and destroy allocate.
 */
#ifndef S3_S3_SIGN_H
#define S3_S3_SIGN_H

#include <stdint.h>

#include "base/sink.h"
#include "base/span.h"

#define S3_SIGN_DATE 17 /* 20130524T000000Z and NUL */
#define S3_SIGN_HEX  64 /* characters of a SHA-256 or of a signature in hexadecimal, without NUL */

/* Values of x-amz-content-sha256 besides a hash. */
#define S3_SIGN_UNSIGNED  "UNSIGNED-PAYLOAD"
#define S3_SIGN_STREAMING "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define S3_SIGN_EMPTY     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct s3_signer; /* a key and its day */

/* Texts are copied, of 128 bytes at most each. NULL: longer, or no memory. */
struct s3_signer *s3_signer_create(
	const char *access_key, const char *secret_key, const char *region, const char *service);
void s3_signer_destroy(struct s3_signer *s); /* wipes the keys; NULL is fine */
/* It is t, in seconds since 1970: sets the date, and once a day the key derived from it. */
void s3_signer_time(struct s3_signer *s, uint64_t t);

struct s3_sign_field {
	struct span name;  /* in lower case */
	struct span value; /* without white space at its ends */
};

struct s3_sign_request {
	struct span method;
	struct span path;    /* as sent: percent-encoded, slashes kept */
	struct span query;   /* as sent: sorted by name, each name with '=', without '?' */
	struct span host;    /* as sent */
	struct span payload; /* UNSIGNED, STREAMING, or the body's hash in hexadecimal */
	const struct s3_sign_field *field; /* others to be signed, sorted by name */
	unsigned n_field;
};

/* What chunks of a streaming body go on from. Their date is that of the head, however long the body
 * takes (but one that is under way at midnight UTC loses its key). */
struct s3_sign_seed {
	char signature[S3_SIGN_HEX]; /* of the head, then of the last chunk */
	char date[S3_SIGN_DATE];
};

/* Write the lines "x-amz-date", "x-amz-content-sha256" and "Authorization", each with CRLF, to
 * out. seed (may be NULL): for a streaming body. 0, or -ENOSPC: path, query and fields are longer
 * than 15 KB. */
int s3_sign_head(const struct s3_signer *s, const struct s3_sign_request *r, struct sink *out,
	struct s3_sign_seed *seed);

/* aws-chunked. The bytes of n decoded bytes in chunks of `chunk` bytes, for Content-Length. */
uint64_t s3_sign_streamed_length(uint64_t n, uint32_t chunk);
/* Write the line before a chunk of n bytes, whose hash is given, and advance the seed. The chunk's
 * bytes and CRLF follow; the last chunk has 0 bytes. */
void s3_sign_chunk(const struct s3_signer *s, uint32_t n, const char hash[S3_SIGN_HEX],
	struct s3_sign_seed *seed, struct sink *out);

/* SHA-256 in hexadecimal, of a payload. */
void s3_sign_hash(const void *p, size_t n, char hex[S3_SIGN_HEX]);

#endif
