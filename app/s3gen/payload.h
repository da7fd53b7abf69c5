/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The content of a request's body: what is left when HTTP's framing (length, chunked) and that of
 * aws-chunked inside it are taken off. The latter has the grammar of chunked (RFC 9112 7.1): the
 * chunk's signature is an extension, the checksum behind the last chunk a trailer. So both layers
 * are a struct http_body. Signatures and checksums are not verified: the content itself is.
 */
#ifndef S3GEN_PAYLOAD_H
#define S3GEN_PAYLOAD_H

#include "buf/buf.h"
#include "http/http.h"

struct payload {
	struct http_body outer, inner; /* inner: HTTP_BODY_NONE without aws-chunked */
	struct span rest;              /* of outer's content, not looked at by inner yet */
	bool bad;                      /* framing that is none, or bytes behind the last chunk */
	uint64_t content;              /* bytes so far */
};

void payload_init(struct payload *p, const struct http_head *h, bool aws_chunked);
/*
 * Walk on from *at, a position in rx. True: *content is the next piece of content, valid until rx
 * changes. False: no more for now, or ever: see payload_whole() and bad. *taken: bytes of rx that
 * were walked over since it was 0, to be consumed once it is false.
 */
bool payload_next(struct payload *p, struct buf_cursor *at, uint32_t *taken, struct span *content);
/* The message is over: no byte of rx belongs to it any more. Not whole and bad: nobody can tell
 * where the next begins. */
static inline bool payload_over(const struct payload *p)
{
	return p->outer.progress == HTTP_BODY_DONE;
}
/* And all layers ended where they should. */
bool payload_whole(const struct payload *p);

#endif
