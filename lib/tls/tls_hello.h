/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ClientHello that a stream begins with, read by somebody who does not answer it: what it asks
 * for is told, nothing is decrypted, no byte is changed. Of the hello only what is said below is
 * looked at; whether the rest makes sense is for the server to say.
 */
#ifndef TLS_TLS_HELLO_H
#define TLS_TLS_HELLO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

#define TLS_HELLO_MAX   16384 /* bytes of the stream, record headers included */
#define TLS_HELLO_NAME  254   /* a DNS name of 253 characters (RFC 1035 2.3.4) and NUL */
#define TLS_HELLO_ALERT 7     /* bytes of an alert in its record */

/* What the client is told (RFC 8446 6.2). */
enum tls_hello_alert {
	TLS_HELLO_UNEXPECTED_MESSAGE = 10, /* not TLS, or not a hello */
	TLS_HELLO_RECORD_OVERFLOW = 22,
	TLS_HELLO_ILLEGAL_PARAMETER = 47, /* a name that is none; an extension twice; too long */
	TLS_HELLO_DECODE_ERROR = 50,
	TLS_HELLO_UNRECOGNIZED_NAME = 112, /* RFC 6066 3; the caller's to say */
};

struct tls_hello {
	char name[TLS_HELLO_NAME]; /* server_name (RFC 6066 3) in lower case; "": none given */
	bool alpn;                 /* the client names application protocols (RFC 7301) */
	uint8_t alert;             /* enum tls_hello_alert, with -EPROTO */
};

/*
 * Read the first in.n bytes of a stream. scratch: TLS_HELLO_MAX bytes. 0: out says what the hello
 * asks for. -EPROTO: out->alert is why not. Above 0, at most TLS_HELLO_MAX: so many bytes of the
 * stream there must be before another look can tell more, and that is more than there were.
 */
int tls_hello_parse(struct span in, uint8_t *scratch, struct tls_hello *out);

/* A fatal alert as the first record of an answer. */
void tls_hello_refuse(uint8_t alert, uint8_t out[TLS_HELLO_ALERT]);

#endif
