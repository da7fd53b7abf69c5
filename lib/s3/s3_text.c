/* SPDX-License-Identifier: BSD-3-Clause */
/* Percent-encoding (RFC 3986 2.1), taken off for comparison; what passes keeps it. */
#include <errno.h>

#include "s3/s3_request.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int s3_text_decode(struct span raw, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < raw.n; i++, n++) {
		char c = raw.p[i];

		if (n == cap)
			return -ENOSPC;
		if (c == '%' && raw.n - i > 2) {
			int high = hex_value(raw.p[i + 1]), low = hex_value(raw.p[i + 2]);

			if (high >= 0 && low >= 0) {
				c = (char)(high << 4 | low);
				i += 2;
			}
		}
		out[n] = c;
	}
	return (int)n;
}
