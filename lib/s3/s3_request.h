/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request wants, in the terms of the S3 API: operation, bucket, key and the rest, told from
 * raw spans of its head. Nothing is copied, decoded or re-encoded: every span below points into
 * what was given, with its percent-encoding (s3_text_decode takes it off). Anything that cannot be
 * told is S3_OP_Unknown and passes. What is told is what the request claims: nothing was verified.
 */
#ifndef S3_S3_REQUEST_H
#define S3_S3_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

/*
 * READ: objects and what belongs to them. WRITE: the same, changed. LIST: names of buckets,
 * objects, uploads, parts. MULTIPART: uploads in parts. DELETE: objects. ADMIN: buckets and their
 * configuration, read or changed.
 */
enum s3_class { S3_READ, S3_WRITE, S3_LIST, S3_MULTIPART, S3_DELETE, S3_ADMIN, S3_CLASSES };

enum s3_op {
	S3_OP_Unknown,
#define X(name, method, level, sub, with, class, flags) S3_OP_##name,
#include "s3/s3_op.def"
#undef X
	S3_OPS
};

/* What may be done with an operation whose answer was lost; reasons in s3_op.def. */
enum s3_flag {
	S3_IDEMPOTENT = 1,  /* sent twice it has the effect, and the answer, of once */
	S3_SLOW = 2,        /* may be silent for minutes before its answer, or white space in it */
	S3_ERROR_IN_200 = 4 /* a 200 may carry <Error>: s3_body_is_error */
};

enum s3_style { S3_PATH, S3_VIRTUAL_HOST };

enum s3_auth {
	S3_AUTH_ANONYMOUS, /* or a browser's form, whose signature is in its body */
	S3_AUTH_V4_HEADER,
	S3_AUTH_V4_PRESIGNED,
	S3_AUTH_V4_STREAMING, /* header, and the body is aws-chunked: its chunks or its trailer are
				 signed, or only a trailer with a checksum is added */
	S3_AUTH_V2_HEADER,
	S3_AUTH_V2_PRESIGNED,
	S3_AUTH_BEARER, /* OAuth 2.0 (RFC 6750) */
	S3_AUTH_OTHER   /* another scheme, or more than one claim at once */
};

/* Of the body that the request brings or asks for, as far as the request tells. */
enum s3_size {
	S3_SIZE_UNKNOWN,
	S3_SIZE_TINY,   /* to 64 KiB */
	S3_SIZE_SMALL,  /* to 1 MiB */
	S3_SIZE_MEDIUM, /* to 16 MiB */
	S3_SIZE_LARGE,  /* to 256 MiB */
	S3_SIZE_HUGE,
	S3_SIZES
};

/* The fields of a head that tell; p is NULL where there is no such field. */
struct s3_head {
	struct span method, path, query, host; /* path and query as in struct http_head */
	struct span authorization;
	struct span range;
	struct span copy_source;    /* x-amz-copy-source */
	struct span content_sha256; /* x-amz-content-sha256 */
	struct span decoded_length; /* x-amz-decoded-content-length */
	int64_t content_length;     /* bytes; -1: none */
	bool conditional;           /* If-Match, If-None-Match, x-amz-write-offset-bytes: a write
				       with one of these cannot be sent twice */
};

/* One byte range of RFC 9110 14.1.2. */
struct s3_range {
	bool given;     /* there is one, and just one, that can be read */
	bool suffix;    /* the last `last` bytes */
	uint64_t first; /* of first-last and first- */
	uint64_t last;  /* inclusive; UINT64_MAX: to the end */
};

struct s3_request {
	uint8_t op;           /* enum s3_op */
	uint8_t op_class;     /* enum s3_class */
	uint8_t flags;        /* enum s3_flag */
	uint8_t style;        /* enum s3_style */
	uint8_t auth;         /* enum s3_auth */
	uint8_t size;         /* enum s3_size */
	uint16_t part_number; /* 1 to 10000; 0: none */
	struct span bucket, key;
	struct span version_id, upload_id;
	struct span access_key; /* the id, never a secret; empty with S3_AUTH_OTHER */
	struct s3_range range;
};

/* domains: host names of virtual-host style without port, "BUCKET." may stand before one; of
 * several that fit the longest does. Cannot fail: what is not S3 is S3_OP_Unknown of the class that
 * its method suggests. O(bytes of head, domains). */
void s3_request_classify(struct s3_request *out, const struct s3_head *head,
	const char *const *domains, unsigned n_domains);

const char *s3_op_name(enum s3_op op); /* the S3 API's: "GetObject" */
int s3_op_find(struct span name);      /* in the same letters; or -1 */
enum s3_class s3_op_class(enum s3_op op);

/* raw without its percent-encoding, as a node reads it, for comparing and hashing; what is not
 * encoded well stays. Bytes written, or -ENOSPC; raw.n bytes of room are always enough. */
int s3_text_decode(struct span raw, char *out, size_t cap);

/* Does a body's beginning say <Error>, after white space and an XML declaration? 1: yes, 0: no, -1:
 * more bytes are needed (at most S3_ERROR_PEEK; white space that came already, or a declaration,
 * may be left out). *code: the text of <Code>, if it is there already, else empty.
 */
#define S3_ERROR_PEEK 512
int s3_body_is_error(const char *p, size_t n, struct span *code);

#endif
