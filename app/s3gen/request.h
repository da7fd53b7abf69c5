/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a parsed head asks for, in S3's terms (Amazon S3 API reference): path style and virtual
 * host ("BUCKET.s3..."), query, range, conditions.
 */
#ifndef S3GEN_REQUEST_H
#define S3GEN_REQUEST_H

#include "answer.h"
#include "http/http.h"

#define REQUEST_NAME_MAX 480   /* bytes of bucket and key together, decoded */
#define REQUEST_PART_MAX 10000 /* numbers of parts: 1 to this */
#define REQUEST_LIST_MAX 1000  /* keys of a listing */
#define REQUEST_SIZE_MAX (1ull << 50)

enum request_op {
	REQUEST_GET,
	REQUEST_HEAD,
	REQUEST_PUT,
	REQUEST_DELETE,
	REQUEST_LIST,
	REQUEST_BUCKETS, /* GET / */
	REQUEST_BUCKET,  /* PUT, HEAD or DELETE of a bucket: all buckets exist */
	REQUEST_CREATE,  /* a multipart upload */
	REQUEST_PART,
	REQUEST_COMPLETE,
	REQUEST_ABORT,
	REQUEST_OPS
};

/* A name as bucket and key in one piece. */
struct request_name {
	uint16_t bucket, key; /* bytes of each */
	char text[REQUEST_NAME_MAX];
};

static inline struct span request_bucket(const struct request_name *n)
{
	return (struct span){n->text, n->bucket};
}
static inline struct span request_key(const struct request_name *n)
{
	return (struct span){n->text + n->bucket, n->key};
}

enum request_range { RANGE_NONE, RANGE_FROM, RANGE_FROM_TO, RANGE_SUFFIX };

/* Spans point into the head or into `decoded`. */
struct request {
	uint8_t op;                /* enum request_op */
	uint8_t range;             /* enum request_range */
	bool aws_chunked;          /* the content is framed once more */
	uint32_t part;             /* number */
	uint64_t upload;           /* id */
	uint64_t part_size;        /* ORIGIN_PART_HEADER; 0: not said */
	uint64_t first, last;      /* of the range, bytes; last inclusive, or the suffix's length */
	uint64_t content;          /* decoded bytes of the body as announced; UINT64_MAX: not */
	struct span match;         /* If-Match; p is NULL without */
	struct span none_match;    /* If-None-Match */
	struct span prefix, after; /* of a listing: start-after or continuation-token */
	char delimiter;            /* 0: none; only one character */
	uint32_t max_keys;
	struct request_name name;
	char decoded[2 * REQUEST_NAME_MAX]; /* of prefix and after */
};

/* ANSWER_OK, or the error that the client gets. */
enum answer_code request_parse(struct request *r, const struct http_head *h);

/* If-Match, If-None-Match: one of a comma-separated list, quoted or not, or "*". */
bool request_etag_in(struct span list, const char *etag);

/* The size at the end of a key, behind "-", in decimal. False: none. */
bool request_size(struct span key, uint64_t *size);

#endif
