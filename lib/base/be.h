/* SPDX-License-Identifier: BSD-3-Clause */
/* Big-endian wire fields. One-member structs, so that a forgotten swap does not compile. */
#ifndef BASE_BE_H
#define BASE_BE_H

#include <stdint.h>

struct be16 {
	uint16_t raw;
} __attribute__((packed));

struct be32 {
	uint32_t raw;
} __attribute__((packed));

static inline uint16_t be16_get(struct be16 x)
{
	return __builtin_bswap16(x.raw);
}

static inline uint32_t be32_get(struct be32 x)
{
	return __builtin_bswap32(x.raw);
}

static inline struct be16 be16_make(uint16_t host)
{
	return (struct be16){__builtin_bswap16(host)};
}

static inline struct be32 be32_make(uint32_t host)
{
	return (struct be32){__builtin_bswap32(host)};
}

#endif
