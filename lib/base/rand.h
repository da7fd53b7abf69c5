/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Randomness is an argument too: the owner seeds (getrandom in the app, a printed seed in tests).
 * xoshiro256** (Blackman and Vigna): ports, jitter, choices. Not for keys.
 */
#ifndef BASE_RAND_H
#define BASE_RAND_H

#include <stdint.h>

struct rand_state {
	uint64_t s[4]; /* never all zero */
};

void rand_seed(struct rand_state *r, uint64_t seed);
uint64_t rand_next(struct rand_state *r);

/* Uniform in [0, n), n > 0 (Lemire 2018, without the rejection: bias below n / 2^32). */
static inline uint32_t rand_below(struct rand_state *r, uint32_t n)
{
	return (uint32_t)(((rand_next(r) >> 32) * n) >> 32);
}

#endif
