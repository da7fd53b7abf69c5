/* SPDX-License-Identifier: BSD-3-Clause */
/* One address type for both families: IPv4 is held v4-mapped (RFC 4291 2.5.5.2). */
#ifndef BASE_IP_H
#define BASE_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/be.h"

struct ip_addr {
	union {
		uint8_t b[16]; /* network order */
		uint64_t q[2]; /* the same bytes, for compare and hash */
		struct be32 w[4];
	};
};

struct ip_endpoint {
	struct ip_addr addr;
	uint16_t port; /* host order */
};

#define IP_ADDR_TEXT     46 /* bytes for ip_addr_text, NUL included */
#define IP_ENDPOINT_TEXT 54 /* "[addr]:port" */

static inline bool ip_is_v4(const struct ip_addr *a)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(a->b, mapped, 12) == 0;
}

static inline bool ip_addr_eq(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

/* From the 4 wire bytes of an IPv4 address. */
static inline struct ip_addr ip_from_v4(const void *wire)
{
	struct ip_addr a = {.b = {[10] = 0xff, [11] = 0xff}};

	memcpy(a.b + 12, wire, 4);
	return a;
}

/* From the 16 wire bytes of an IPv6 address. */
static inline struct ip_addr ip_from_v6(const void *wire)
{
	struct ip_addr a;

	memcpy(a.b, wire, 16);
	return a;
}

/* Does a lie in net/bits? bits counts in the 128-bit form: an IPv4 /24 is 120. */
static inline bool ip_in_net(const struct ip_addr *a, const struct ip_addr *net, unsigned bits)
{
	unsigned whole = bits / 8, rest = bits % 8;

	if (memcmp(a->b, net->b, whole) != 0)
		return false;
	return rest == 0 || ((a->b[whole] ^ net->b[whole]) >> (8 - rest)) == 0;
}

bool ip_is_multicast(const struct ip_addr *a);
bool ip_is_unspecified(const struct ip_addr *a);

/* "10.0.0.1" or "2001:db8::1". 0 or -EINVAL. */
int ip_addr_parse(const char *text, struct ip_addr *out);
/* "10.0.0.1:80" or "[2001:db8::1]:80". 0 or -EINVAL. */
int ip_endpoint_parse(const char *text, struct ip_endpoint *out);
/* Into text (at least IP_ADDR_TEXT / IP_ENDPOINT_TEXT bytes); returns text. */
const char *ip_addr_text(const struct ip_addr *a, char *text);
const char *ip_endpoint_text(const struct ip_endpoint *e, char *text);

#endif
