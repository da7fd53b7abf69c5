/* SPDX-License-Identifier: BSD-3-Clause */
/* S3 as seen from the wire. Here: the errors that Penstock itself answers with. */
#ifndef S3_S3_H
#define S3_S3_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define S3_RESOURCE_MAX 1024  /* bytes of the resource that are shown; S3 keys have as many */
#define S3_LOCATION_MAX 6144  /* bytes of a Location; presigned targets are long */
#define S3_ERROR_ROOM   16384 /* enough for any answer of s3_error_build */

struct s3_error {
	unsigned status;        /* 301, 302, 307, 308 with a location; 4xx; 5xx; else it is 500 */
	struct span resource;   /* the request's path as sent; may be any bytes, may be empty */
	struct span request_id; /* Penstock's own, as sent in x-amz-request-id; may be empty */
	unsigned retry_after;   /* seconds; 0: no Retry-After */
	bool slow_down;         /* 503 SlowDown instead of ServiceUnavailable */
	bool to_head;           /* the request was a HEAD: no body follows */
	bool close;             /* add "Connection: close" */
	struct span
		location;   /* 3xx: scheme and authority, "https://s3.example.com"; <= 300 bytes */
	struct span target; /* 3xx: the request's as sent, which is put behind location; other
			       than origin-form (RFC 9112 3.2.1) it is left out */
};

/*
 * A whole HTTP/1.1 response with S3's error XML (S3 API reference, "Error responses", and "Request
 * redirection" for 3xx): what Penstock must answer itself, and what a route says, error or
 * redirect. A redirect whose Location would be longer than S3_LOCATION_MAX becomes 414. Returns
 * the bytes written, or -ENOSPC (never with S3_ERROR_ROOM bytes and a request_id <= 128).
 */
int s3_error_build(const struct s3_error *e, char *out, size_t cap);

#endif
