/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An operation as the HTTP exchanges that it takes: what each asks, what it sends, what its answer
 * must be and which exchange follows. No connection and no clock.
 *
 *	get range head put delete list     one exchange
 *	multipart                          CREATE -> PART ... PART -> COMPLETE
 *	abort                              CREATE -> PART -> ABORT
 */
#ifndef S3GEN_EXCHANGE_H
#define S3GEN_EXCHANGE_H

#include "body.h"
#include "http/http.h"
#include "report.h"
#include "s3/s3_sign.h"
#include "workload.h"

#define EXCHANGE_HEAD_MAX 4096 /* bytes of a request's head */
#define EXCHANGE_TEXT     1024 /* of an answer in XML that are looked at */
#define EXCHANGE_ID_MAX   512  /* of an upload, percent-encoded */
#define EXCHANGE_ETAG     48

enum exchange_kind {
	X_GET,
	X_RANGE,
	X_HEAD,
	X_PUT,
	X_CREATE,
	X_PART,
	X_COMPLETE,
	X_ABORT,
	X_DELETE,
	X_LIST,
	X_BUCKET, /* make the bucket, before objects are prepared */
	X_DONE
};

/* What a group of clients asks of one target. */
struct site {
	const struct gen_workload *conf;
	const struct workload *workload;
	const struct body *body;
	const struct s3_signer *sign; /* NULL: unsigned */
	const char *host;             /* with the bucket in front where it is not in the path */
	bool virtual_host;            /* it is there */
	struct buf_pools *pools;
};

/* Of operations that get XML or make an upload. */
struct upload {
	char text[EXCHANGE_TEXT]; /* the beginning of the answer's body, framing and all */
	char id[EXCHANGE_ID_MAX];
	char (*etag)[EXCHANGE_ETAG]; /* of the parts, as they came */
	uint32_t parts;
	uint32_t part; /* that is under way, from 1 */
	uint16_t n_text, n_id;
};

struct exchange {
	uint8_t kind;  /* enum exchange_kind */
	bool prepared; /* the PUT of an object that GETs will ask for */
	bool ended;    /* all of the request was given out */
	uint32_t crc;  /* of an aws-chunked body so far */
	struct ask ask;
	struct upload *up; /* NULL where the workload has no such operation */
	uint64_t object;   /* of body.h */
	uint64_t off;      /* in the object: of what is sent next, or received */
	uint64_t left;     /* bytes of the object still to be sent */
	uint64_t sent;     /* bytes of objects given out, by all exchanges of the operation */
	struct s3_sign_seed seed; /* of a signed aws-chunked body */
};

/* The first exchange of x->ask, and the one after the last; X_DONE: none. */
enum exchange_kind exchange_first(const struct exchange *x);
enum exchange_kind exchange_next(struct exchange *x);
/* Is the body to wait for 100 Continue, which the head asks for? */
bool exchange_expects(const struct site *s, const struct exchange *x);
/* Begin x->kind: what is to be sent, and the object. */
void exchange_begin(const struct site *s, struct exchange *x);
/* Write the request's head. Bytes, or -ENOSPC. */
int exchange_head(const struct site *s, struct exchange *x, char *out, size_t cap);
/* Append the next piece of the request's body to c, until x->ended. 0, or -ENOMEM: c is as it was.
 */
int exchange_feed(const struct site *s, struct exchange *x, struct buf_chain *c);

/* Is the body of a good answer the object's bytes, to be verified? */
bool exchange_gets_object(const struct exchange *x);
/* What the answer's head says: -1 good, else an enum gen_error. */
int exchange_judge(struct exchange *x, const struct http_head *h);
/* What the body of a good answer says, n_text bytes of which are in x->up: the same. */
int exchange_judge_text(struct exchange *x);

#endif
