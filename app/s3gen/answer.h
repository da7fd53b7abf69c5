/* SPDX-License-Identifier: BSD-3-Clause */
/* Responses of an origin: heads, errors as S3's XML. */
#ifndef S3GEN_ANSWER_H
#define S3GEN_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/sink.h"

enum answer_code {
#define X(name, status, reason, code, message) ANSWER_##name,
#include "answer.def"
#undef X
	ANSWER_CODES
};

#define ANSWER_HEAD_MAX 1024 /* bytes that answer_head() writes at most */

/* A response but for its body. */
struct answer {
	enum answer_code code;
	uint64_t length;      /* Content-Length */
	const char *etag;     /* NULL: none */
	const char *type;     /* Content-Type; NULL: none */
	uint64_t first, size; /* 206: Content-Range is first .. first + length - 1 of size */
	uint64_t request;     /* x-amz-request-id */
	bool close;           /* Connection: close */
	bool object;          /* Accept-Ranges and Last-Modified too */
};

unsigned answer_status(enum answer_code code);
bool answer_is_error(enum answer_code code); /* has XML that says so */
void answer_head(const struct answer *a, struct sink *out);
/* A whole error, head and XML; 416 says size. to_head: without the XML. */
void answer_error(const struct answer *a, struct span resource, bool to_head, struct sink *out);
/* Text as the content of an XML element. */
void answer_escape(struct span s, struct sink *out);

#endif
