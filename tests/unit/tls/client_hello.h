/* SPDX-License-Identifier: BSD-3-Clause */
/* A ClientHello from its parts, for tests: right or wrong as the case wants it. */
#ifndef CLIENT_HELLO_H
#define CLIENT_HELLO_H

#include <stdint.h>
#include <string.h>

#define HELLO_ROOM 40000

struct hello {
	uint8_t p[HELLO_ROOM];
	uint32_t n;
};

static inline void hello_put(struct hello *h, const void *p, uint32_t n)
{
	if (n)
		memcpy(h->p + h->n, p, n);
	h->n += n;
}

/* A number of `bytes` bytes. */
static inline void hello_num(struct hello *h, unsigned bytes, uint32_t x)
{
	while (bytes-- > 0)
		h->p[h->n++] = (uint8_t)(x >> 8 * bytes);
}

/* Extension `type` with these n bytes. */
static inline void hello_ext(struct hello *h, unsigned type, const void *p, uint32_t n)
{
	hello_num(h, 2, type);
	hello_num(h, 2, n);
	hello_put(h, p, n);
}

/* server_name with one host name of n bytes (RFC 6066 3). */
static inline void hello_ext_name(struct hello *h, const char *name, uint32_t n)
{
	struct hello e = {.n = 0};

	hello_num(&e, 2, n + 3);
	hello_num(&e, 1, 0);
	hello_num(&e, 2, n);
	hello_put(&e, name, n);
	hello_ext(h, 0, e.p, e.n);
}

/* The message with these extensions (RFC 8446 4.1.2); NULL: without the field for any. */
static inline void hello_message(struct hello *h, const struct hello *ext)
{
	uint32_t n = 2 + 32 + 1 + 32 + 2 + 4 + 2 + (ext ? 2 + ext->n : 0);
	uint8_t bytes[32];

	memset(bytes, 0xa5, sizeof(bytes));
	hello_num(h, 1, 1);
	hello_num(h, 3, n);
	hello_num(h, 2, 0x0303);
	hello_put(h, bytes, 32);
	hello_num(h, 1, 32);
	hello_put(h, bytes, 32);
	hello_num(h, 2, 4);
	hello_num(h, 4, 0x13011302);
	hello_num(h, 2, 0x0100);
	if (!ext)
		return;
	hello_num(h, 2, ext->n);
	hello_put(h, ext->p, ext->n);
}

/* The message in records of at most `piece` bytes each. */
static inline void hello_records(struct hello *h, const struct hello *message, uint32_t piece)
{
	for (uint32_t at = 0; at < message->n; at += piece) {
		uint32_t n = message->n - at < piece ? message->n - at : piece;

		hello_num(h, 1, 22);
		hello_num(h, 2, 0x0301);
		hello_num(h, 2, n);
		hello_put(h, message->p + at, n);
	}
}

/* What a client that wants this name says first; NULL: no name. pad: bytes more. */
static inline struct hello *hello_of(const char *name, uint32_t pad, uint32_t piece)
{
	static struct hello ext, message, out;
	static const uint8_t zeros[HELLO_ROOM / 2];

	ext.n = message.n = out.n = 0;
	hello_ext(&ext, 43, "\x02\x03\x04", 3);
	if (name)
		hello_ext_name(&ext, name, (uint32_t)strlen(name));
	if (pad)
		hello_ext(&ext, 21, zeros, pad); /* RFC 7685 */
	hello_message(&message, &ext);
	hello_records(&out, &message, piece);
	return &out;
}

#endif
