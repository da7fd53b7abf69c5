/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HTTP_PRIV_H
#define HTTP_PRIV_H

#include "http/http.h"

/* Classes of bytes; http__class[byte] is a set of them. */
#define HTTP__TCHAR  0x01 /* of a token (RFC 9110 5.6.2) */
#define HTTP__TEXT   0x02 /* of a field value: HTAB, SP, VCHAR, obs-text (RFC 9110 5.5) */
#define HTTP__TARGET 0x04 /* of a request target, as wide as framing allows */
#define HTTP__HOST   0x08 /* of a reg-name or IPv4address (RFC 3986 3.2.2) */
#define HTTP__HEX    0x10

extern const uint8_t http__class[256];

static inline bool http__is(char c, uint8_t class)
{
	return http__class[(uint8_t)c] & class;
}

/*
 * The first byte in [p, end) that is a control character (HTAB and DEL too), or end. Eight bytes
 * at a time: (x - 0x20..) & ~x has its lowest top bit at the lowest byte below 0x20, and likewise
 * for x ^ 0x7f.. and zero; a borrow disturbs only the bytes above.
 */
static inline const char *http__skip_text(const char *p, const char *end)
{
	const uint64_t ones = ~0ull / 255;
	uint64_t x, del, hit;

	for (; end - p >= 8; p += 8) {
		memcpy(&x, p, 8);
		del = x ^ ones * 0x7f;
		hit = ((x - ones * 0x20) & ~x) | ((del - ones) & ~del);
		hit &= ones * 0x80;
		if (hit)
			return p + __builtin_ctzll(hit) / 8;
	}
	while (p < end && (uint8_t)*p >= 0x20 && *p != 0x7f)
		p++;
	return p;
}

#endif
