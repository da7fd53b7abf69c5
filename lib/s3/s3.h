/* SPDX-License-Identifier: BSD-3-Clause */
/* S3 as seen from the wire. Here: the errors that Penstock itself answers with. */
#ifndef S3_S3_H
#define S3_S3_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define S3_RESOURCE_MAX 1024 /* bytes of the resource that are shown; S3 keys have as many */
#define S3_ERROR_ROOM   8192 /* enough for any answer of s3_error_build */

struct s3_error {
	unsigned status;        /* 400, 408, 417, 431, 500..505; any other becomes 500 */
	struct span resource;   /* the request's path as sent; may be any bytes, may be empty */
	struct span request_id; /* Penstock's own, as sent in x-amz-request-id; may be empty */
	unsigned retry_after;   /* seconds; 0: no Retry-After */
	bool slow_down;         /* 503 SlowDown instead of ServiceUnavailable */
	bool to_head;           /* the request was a HEAD: no body follows */
	bool close;             /* add "Connection: close" */
};

/*
 * A whole HTTP/1.1 response with S3's error XML (S3 API reference, "Error responses"). Returns
 * the bytes written, or -ENOSPC (never with S3_ERROR_ROOM bytes and a request_id <= 128).
 */
int s3_error_build(const struct s3_error *e, char *out, size_t cap);

#endif
