/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AWS Signature Version 4 of requests to real S3 endpoints, by header ("Authenticating Requests",
 * Amazon S3 API reference): payload unsigned, hashed as a whole, or aws-chunked with a signature
 * for each chunk. Times and texts are arguments.
 */
#ifndef S3GEN_SIGN_H
#define S3GEN_SIGN_H

#include <stdint.h>
#include <time.h>

#include "base/sink.h"
#include "base/span.h"

#define SIGN_DATE 17 /* 20130524T000000Z and NUL */
#define SIGN_HEX  64 /* characters of a SHA-256 or of a signature in hexadecimal, without NUL */

/* Values of x-amz-content-sha256 besides a hash. */
#define SIGN_UNSIGNED  "UNSIGNED-PAYLOAD"
#define SIGN_STREAMING "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
#define SIGN_EMPTY     "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sign; /* a key and its day */

/* Texts are copied, of 128 bytes at most each. NULL: longer, or no memory. */
struct sign *sign_create(
	const char *access_key, const char *secret_key, const char *region, const char *service);
void sign_destroy(struct sign *s);
/* It is t: sets the date, and once a day the key derived from it. */
void sign_time(struct sign *s, time_t t);

struct sign_field {
	struct span name;  /* in lower case */
	struct span value; /* without white space at its ends */
};

struct sign_request {
	struct span method;
	struct span path;    /* as sent: percent-encoded, slashes kept */
	struct span query;   /* as sent: sorted by name, each name with '=', without '?' */
	struct span host;    /* as sent */
	struct span payload; /* SIGN_UNSIGNED, SIGN_STREAMING, or the body's hash in hexadecimal */
	const struct sign_field *field; /* others to be signed, sorted by name */
	unsigned n_field;
};

/* What chunks of a streaming body go on from. Their date is that of the head, however long the body
 * takes (but one that is under way at midnight UTC loses its key). */
struct sign_seed {
	char signature[SIGN_HEX]; /* of the head, then of the last chunk */
	char date[SIGN_DATE];
};

/* Write the lines "x-amz-date", "x-amz-content-sha256" and "Authorization", each with CRLF, to
 * out. seed (may be NULL): for a streaming body. 0, or -ENOSPC: path, query and fields are longer
 * than 15 KB. */
int sign_head(const struct sign *s, const struct sign_request *r, struct sink *out,
	struct sign_seed *seed);

/* aws-chunked. The bytes of n decoded bytes in chunks of `chunk` bytes, for Content-Length. */
uint64_t sign_streamed_length(uint64_t n, uint32_t chunk);
/* Write the line before a chunk of n bytes, whose hash is given, and advance the seed. The chunk's
 * bytes and CRLF follow; the last chunk has 0 bytes. */
void sign_chunk(const struct sign *s, uint32_t n, const char hash[SIGN_HEX], struct sign_seed *seed,
	struct sink *out);

/* SHA-256 in hexadecimal. */
void sign_hash(const void *p, size_t n, char hex[SIGN_HEX]);

#endif
