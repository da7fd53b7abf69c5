/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two steps: the hello's bytes out of their records (a hello may lie in many: RFC 8446 5.1), then
 * its fields. Both read through a cursor that never goes beyond its end, so no length is trusted.
 */
#include <errno.h>

#include "tls/tls_hello.h"

#define RECORD_HEADER  5
#define RECORD_MAX     16384 /* RFC 8446 5.1 */
#define MESSAGE_HEADER 4
#define HANDSHAKE      22
#define CLIENT_HELLO   1
#define SERVER_NAME    0  /* RFC 6066 3 */
#define ALPN           16 /* RFC 7301 3.1 */
#define HOST_NAME      0

/* What is left to read. */
struct cursor {
	const uint8_t *p;
	uint32_t n;
};

/* The next n bytes as a number; -1: there are fewer. */
static int32_t number(struct cursor *c, unsigned n)
{
	int32_t x = 0;

	if (c->n < n)
		return -1;
	for (c->n -= n; n > 0; n--)
		x = x << 8 | *c->p++;
	return x;
}

/* A vector behind a length of so many bytes (RFC 8446 3.4), at least `least` long. */
static bool vector(struct cursor *c, unsigned bytes, uint32_t least, struct cursor *out)
{
	int32_t n = number(c, bytes);

	if (n < 0 || (uint32_t)n > c->n || (uint32_t)n < least)
		return false;
	*out = (struct cursor){c->p, (uint32_t)n};
	c->p += n;
	c->n -= (uint32_t)n;
	return true;
}

static int refuse(struct tls_hello *out, enum tls_hello_alert why)
{
	out->alert = (uint8_t)why;
	return -EPROTO;
}

/* ---- the name ---- */

/* A character of a host name in lower case, or 0. '_' is in names of old buckets. */
static char host_char(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c | 0x20);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'
		       ? (char)c
		       : 0;
}

/*
 * RFC 6066 3: a DNS host name without its final dot; RFC 1035 2.3.4: its length and its labels'.
 *
 * RFC SAYS  addresses are not permitted
 * WE DO     take them for a name like others, for clients send them: no configured name is one
 */
static bool host_name(struct cursor c, char *name)
{
	uint32_t label = 0;

	if (c.n >= TLS_HELLO_NAME)
		return false;
	for (uint32_t i = 0; i < c.n; i++) {
		name[i] = host_char(c.p[i]);
		if (!name[i] || (name[i] == '.' && label == 0) || label > 63)
			return false;
		label = name[i] == '.' ? 0 : label + 1;
	}
	name[c.n] = '\0';
	return label >= 1 && label <= 63;
}

/* Names of other kinds, which nobody has defined, begin with a length too (RFC 6066 3). */
static int server_name(struct cursor ext, struct tls_hello *out)
{
	struct cursor list, name;

	if (!vector(&ext, 2, 1, &list) || ext.n)
		return refuse(out, TLS_HELLO_DECODE_ERROR);
	while (list.n) {
		int32_t type = number(&list, 1);

		if (!vector(&list, 2, 1, &name))
			return refuse(out, TLS_HELLO_DECODE_ERROR);
		/* "MUST NOT contain more than one name of the same name_type" */
		if (type == HOST_NAME && (out->name[0] || !host_name(name, out->name)))
			return refuse(out, TLS_HELLO_ILLEGAL_PARAMETER);
	}
	return 0;
}

/* ---- the message ---- */

/* Two of one type (RFC 8446 4.2) could be read differently by the member, and it would be asked for
 * a name that was not looked at. */
static int extensions(struct cursor list, struct tls_hello *out)
{
	bool named = false;

	while (list.n) {
		int32_t type = number(&list, 2);
		struct cursor ext;
		int rc = 0;

		if (type < 0 || !vector(&list, 2, 0, &ext))
			return refuse(out, TLS_HELLO_DECODE_ERROR);
		if ((type == SERVER_NAME && named) || (type == ALPN && out->alpn))
			return refuse(out, TLS_HELLO_ILLEGAL_PARAMETER);
		if (type == SERVER_NAME)
			rc = server_name(ext, out);
		if (rc < 0)
			return rc;
		named |= type == SERVER_NAME;
		out->alpn |= type == ALPN;
	}
	return 0;
}

/* RFC 8446 4.1.2, RFC 5246 7.4.1.2: before TLS 1.3 there may be no extensions. */
static int hello_parse(struct cursor hello, struct tls_hello *out)
{
	struct cursor id, ciphers, compression, list;

	if (hello.n < 2 + 32)
		return refuse(out, TLS_HELLO_DECODE_ERROR);
	hello.p += 2 + 32; /* legacy_version, random */
	hello.n -= 2 + 32;
	if (!vector(&hello, 1, 0, &id) || id.n > 32 || !vector(&hello, 2, 2, &ciphers) ||
		ciphers.n % 2 || !vector(&hello, 1, 1, &compression))
		return refuse(out, TLS_HELLO_DECODE_ERROR);
	if (hello.n == 0)
		return 0;
	if (!vector(&hello, 2, 0, &list) || hello.n)
		return refuse(out, TLS_HELLO_DECODE_ERROR);
	return extensions(list, out);
}

/* ---- its records ---- */

/* A record's header. 0: *n is the length of what follows. */
static int record_header(struct cursor *in, uint32_t *n, struct tls_hello *out)
{
	int32_t type = number(in, 1), major = number(in, 1);

	number(in, 1); /* the minor version says nothing (RFC 8446 5.1) */
	*n = (uint32_t)number(in, 2);
	if (type != HANDSHAKE || major != 3 || *n == 0)
		return refuse(out, TLS_HELLO_UNEXPECTED_MESSAGE);
	return *n > RECORD_MAX ? refuse(out, TLS_HELLO_RECORD_OVERFLOW) : 0;
}

/* All of the message that the first n bytes at m begin, header and all; 0: not known yet. */
static uint32_t message_size(const uint8_t *m, uint32_t n)
{
	return n < MESSAGE_HEADER ? 0 : MESSAGE_HEADER + ((uint32_t)m[1] << 16 | m[2] << 8 | m[3]);
}

/* `more` bytes at least must follow the first `have`; within the limit. */
static int need(struct tls_hello *out, uint32_t have, uint32_t more)
{
	if (more > TLS_HELLO_MAX - have)
		return refuse(out, TLS_HELLO_ILLEGAL_PARAMETER);
	return (int)(have + more);
}

int tls_hello_parse(struct span in, uint8_t *scratch, struct tls_hello *out)
{
	const uint32_t have = in.n < TLS_HELLO_MAX ? (uint32_t)in.n : TLS_HELLO_MAX;
	uint32_t got = 0, left = MESSAGE_HEADER, size = 0, n, k;
	struct cursor at = {(const uint8_t *)in.p, have};
	int rc;

	*out = (struct tls_hello){0};
	while (left > 0) {
		if (at.n > 0 && at.p[0] != HANDSHAKE)
			return refuse(out, TLS_HELLO_UNEXPECTED_MESSAGE);
		if (at.n < RECORD_HEADER)
			return need(out, have, RECORD_HEADER - at.n + left);
		rc = record_header(&at, &n, out);
		if (rc < 0)
			return rc;
		k = n < at.n ? n : at.n;
		memcpy(scratch + got, at.p, k);
		got += k;
		at.p += k;
		at.n -= k;
		if (got > 0 && scratch[0] != CLIENT_HELLO)
			return refuse(out, TLS_HELLO_UNEXPECTED_MESSAGE);
		size = message_size(scratch, got);
		left = !size ? MESSAGE_HEADER - got : size > got ? size - got : 0;
		if (k < n && left > 0) /* the rest of this record, and of the message */
			return need(out, have, left > n - k ? left + RECORD_HEADER : left);
	}
	return hello_parse((struct cursor){scratch + MESSAGE_HEADER, size - MESSAGE_HEADER}, out);
}

void tls_hello_refuse(uint8_t alert, uint8_t out[TLS_HELLO_ALERT])
{
	const uint8_t record[TLS_HELLO_ALERT] = {21, 3, 3, 0, 2, 2, alert}; /* 2: fatal */

	memcpy(out, record, sizeof(record));
}
