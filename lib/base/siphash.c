/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "base/siphash.h"

struct sip {
	uint64_t v0, v1, v2, v3;
};

static inline uint64_t rotl(uint64_t x, int b)
{
	return (x << b) | (x >> (64 - b));
}

static inline void sip_rounds(struct sip *s, int n)
{
	while (n--) {
		s->v0 += s->v1;
		s->v2 += s->v3;
		s->v1 = rotl(s->v1, 13) ^ s->v0;
		s->v3 = rotl(s->v3, 16) ^ s->v2;
		s->v0 = rotl(s->v0, 32);
		s->v2 += s->v1;
		s->v0 += s->v3;
		s->v1 = rotl(s->v1, 17) ^ s->v2;
		s->v3 = rotl(s->v3, 21) ^ s->v0;
		s->v2 = rotl(s->v2, 32);
	}
}

static inline uint64_t siphash(
	const struct siphash_key *key, const uint8_t *p, size_t n, int c, int d)
{
	struct sip s = {
		key->k[0] ^ 0x736f6d6570736575ull,
		key->k[1] ^ 0x646f72616e646f6dull,
		key->k[0] ^ 0x6c7967656e657261ull,
		key->k[1] ^ 0x7465646279746573ull,
	};
	uint64_t last = (uint64_t)n << 56, m;
	size_t left = n;

	for (; left >= 8; p += 8, left -= 8) {
		memcpy(&m, p, 8);
		s.v3 ^= m;
		sip_rounds(&s, c);
		s.v0 ^= m;
	}
	for (size_t i = 0; i < left; i++)
		last |= (uint64_t)p[i] << (8 * i);
	s.v3 ^= last;
	sip_rounds(&s, c);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	sip_rounds(&s, d);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

uint64_t siphash24(const struct siphash_key *key, const void *data, size_t n)
{
	return siphash(key, data, n, 2, 4);
}

uint64_t siphash13(const struct siphash_key *key, const void *data, size_t n)
{
	return siphash(key, data, n, 1, 3);
}
