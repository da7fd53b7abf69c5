/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HTTP/1.1 (RFC 9110, RFC 9112), strictly: a message that two parsers could frame differently is
 * refused. Bytes are parsed in place and never re-encoded: what goes on is what came.
 *
 *   http_scan   finds the end of a head while its segments arrive
 *   http_head   a complete head as spans and facts
 *   http_body   counts where the message ends, touching framing bytes only
 *   http_build  the head that goes on: hop-by-hop fields out, ours in, all else byte-exact
 *
 * No I/O, no clock, no allocation. Functions return 0 or a count; a refusal is -(enum http_code).
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "stat/stat.h"

/* HTTP_E_ok is 0; every other code is the one reason of a refusal. */
enum http_code {
#define X(name, text) HTTP_E_##name,
#include "http/http_stat.def"
#undef X
	HTTP_CODES
};

extern const struct stat_name http_stat_names[HTTP_CODES];

/* The status that a client gets when its request was refused with code: 400, 408, 417, 431... */
unsigned http_code_status(enum http_code code);

/* ---- http_scan: where does the head end? ---- */

#define HTTP_LEAD_MAX 4 /* empty lines forgiven before a request line (RFC 9112 2.2) */

struct http_scan {
	uint32_t seen;  /* bytes scanned since init */
	uint32_t limit; /* a head may have this many bytes, lead excluded */
	uint16_t lead;  /* leading bytes (empty lines) that are not part of the head: drop them */
	uint8_t state;  /* enum in http_scan.c */
	uint8_t lead_max;
};

/* request: empty lines before the head are skipped. limit <= 2^30 bytes. */
void http_scan_init(struct http_scan *s, uint32_t limit, bool request);
/*
 * Look at the next n bytes. > 0: the head is complete, and ends that many bytes after the first
 * byte scanned since init (s->lead of them come before the head). 0: all n were scanned, give more.
 * < 0: -code, at the first byte at which no valid head can follow. Each byte is looked at once.
 */
int http_scan(struct http_scan *s, const void *p, size_t n);

/* ---- http_head: what does it say? ---- */

enum http_method {
	HTTP_OTHER, /* any other token: passed on */
	HTTP_GET,
	HTTP_HEAD,
	HTTP_PUT,
	HTTP_POST,
	HTTP_DELETE,
	HTTP_OPTIONS,
	HTTP_CONNECT,
};

/* Fields that this library or the relay looks at. */
enum http_name {
	HTTP_NAME_OTHER,
	HTTP_NAME_TE,
	HTTP_NAME_ETAG,
	HTTP_NAME_HOST,
	HTTP_NAME_RANGE,
	HTTP_NAME_EXPECT,
	HTTP_NAME_TRAILER,
	HTTP_NAME_UPGRADE,
	HTTP_NAME_IF_MATCH,
	HTTP_NAME_CONNECTION,
	HTTP_NAME_KEEP_ALIVE,
	HTTP_NAME_RETRY_AFTER,
	HTTP_NAME_AUTHORIZATION,
	HTTP_NAME_CONTENT_RANGE,
	HTTP_NAME_IF_NONE_MATCH,
	HTTP_NAME_LAST_MODIFIED,
	HTTP_NAME_CONTENT_LENGTH,
	HTTP_NAME_PROXY_CONNECTION,
	HTTP_NAME_TRANSFER_ENCODING,
	HTTP_NAME_COPY_SOURCE,
	HTTP_NAME_CONTENT_SHA256,
	HTTP_NAME_WRITE_OFFSET,
	HTTP_NAME_DECODED_LENGTH,
};

struct http_field {
	struct span name;  /* as sent; compare with span_ieq */
	struct span value; /* without white space at its ends */
	uint8_t id;        /* enum http_name */
};

#define HTTP_FIELDS_MAX  128
#define HTTP_OPTIONS_MAX 32 /* Connection options: bounds the work of http_head_build */

/* Spans point into the bytes that were parsed and live as long as they do. */
struct http_head {
	struct span raw;         /* the head, from the start line to the empty line inclusive */
	struct span start;       /* the start line without CRLF */
	struct span method_name; /* requests: as sent */
	struct span target;      /* requests: as sent, any form */
	struct span path;        /* target's path, undecoded; empty for absolute-form without one */
	struct span query;       /* after the first '?'; p is NULL without '?' */
	struct span host;        /* value of Host; p is NULL without */
	struct span reason;      /* responses: may be empty */
	int64_t content_length;  /* bytes, <= 2^62; -1: no such field */
	uint16_t status;         /* responses: 100..599; 0 in requests */
	uint8_t method;          /* enum http_method */
	uint8_t minor;           /* HTTP/1.minor: 0 or 1 */
	bool chunked;            /* Transfer-Encoding: chunked */
	bool expect_continue;    /* Expect: 100-continue in a 1.1 request */
	bool close;              /* Connection has close */
	bool keep_alive;         /* Connection has keep-alive */
	bool upgrade;            /* Upgrade present; never passed on */
	uint8_t n_options;       /* Connection options, at most HTTP_OPTIONS_MAX */
	uint16_t n_fields;
	struct http_field field[HTTP_FIELDS_MAX]; /* the first n_fields are set, in order */
};

/*
 * Parse a complete head: the n bytes that http_scan delimited, lead excluded. 0, or -code (h is
 * then unspecified). Safe on any bytes, also on such as http_scan never saw.
 */
int http_req_parse(struct http_head *h, const char *p, size_t n);
int http_rsp_parse(struct http_head *h, const char *p, size_t n);

/* Value of the first field of that name (any case), or {NULL, 0}. */
struct span http_head_value(const struct http_head *h, struct span name);
/* May the connection carry another message after this one (RFC 9112 9.3, as a proxy)? */
bool http_head_persists(const struct http_head *h);

/* What part of the whole a response carries: bytes first to last, both inclusive. */
struct http_content_range {
	uint64_t first, last;
	uint64_t total; /* of the whole; UINT64_MAX: not told */
};
/* The value of Content-Range. False: it names no part, or is not to be trusted. */
bool http_content_range(struct span value, struct http_content_range *out);

/* ---- http_body: where does the message end? ---- */

enum http_framing { HTTP_BODY_NONE, HTTP_BODY_LENGTH, HTTP_BODY_CHUNKED, HTTP_BODY_UNTIL_CLOSE };

enum http_progress { HTTP_BODY_MORE, HTTP_BODY_DONE, HTTP_BODY_BAD };

#define HTTP_EXT_MAX     4096 /* chunk-extension bytes beyond the data bytes so far */
#define HTTP_TRAILER_MAX 8192 /* bytes of the trailer section */

struct http_body {
	uint64_t left;    /* of a length body, or of the chunk's data; bytes */
	uint64_t passed;  /* bytes consumed so far, framing included */
	uint32_t excess;  /* chunk-extension bytes not yet outweighed by data */
	uint16_t trailer; /* bytes of the trailer section */
	uint8_t digits;   /* of the chunk size */
	uint8_t framing;  /* enum http_framing */
	uint8_t state;    /* enum in http_body.c */
	uint8_t progress; /* enum http_progress */
	uint8_t code;     /* enum http_code when BAD */
};

/* The framing of a parsed request's, or response's, body (RFC 9112 6.3). to_head: the response
 * answers a HEAD request. */
void http_body_init_req(struct http_body *b, const struct http_head *h);
void http_body_init_rsp(struct http_body *b, const struct http_head *h, bool to_head);
/*
 * How many of the next n bytes belong to this message? Less than n only at its end or at an error:
 * see b->progress. Length bodies and chunk data are counted, not read: p is looked at only where
 * framing bytes are due.
 */
size_t http_body_feed(struct http_body *b, const void *p, size_t n);
/* How many of the next bytes are the content itself, framing is due after them (UINT64_MAX: the
 * peer's close is); 0: framing is due now, or nothing. For who reads a body and does not only move
 * it. */
uint64_t http_body_data(const struct http_body *b);
/* The peer closed its sending side. 0: the message is complete; else -code. */
int http_body_eof(struct http_body *b);

/* ---- http_build: the head that goes on ---- */

struct http_add {
	struct span name, value; /* token, and text without CR or LF: our own, not a peer's */
	bool alone;              /* in place of the head's own of that name */
};

/*
 * What differs in the head that goes on. Added fields become lines of their own at the end (RFC
 * 9110 5.3: an X-Forwarded-For after the client's is its last element); one whose name the request
 * signed is left out.
 */
struct http_edit {
	const struct http_add *add;
	unsigned n_add;
	bool close; /* end with "Connection: close" */
};

/*
 * Write h's head with the edit. Everything is copied as it came except hop-by-hop fields (RFC 9110
 * 7.6.1): Connection, Keep-Alive, Proxy-Connection, Upgrade and what Connection names; and of these
 * never a field that frames the body, that S3 relies on, or that the request's signature covers.
 * Returns the bytes written, or -ENOSPC.
 */
int http_head_build(const struct http_head *h, const struct http_edit *e, char *out, size_t cap);
/* Is the field (any case) covered by the request's SigV4 signature? */
bool http_head_signs(const struct http_head *h, struct span name);

#endif
