/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Consistent hashing: rendezvous (Thaler and Ravishankar 1998), weighted. Each member draws a
 * number u in (0, 1) from its name and the request's hash; the one of the least -log(u) / share
 * gets it. Members come and go without moving anybody else's objects. With a bound (Mirrokni et al.
 * 2016) a member that has hash-load percent of its part of what is in flight is left out.
 */
#include "base/siphash.h"
#include "base/span.h"
#include "lb/lb_priv.h"

#define FRACTION 24 /* bits of a logarithm behind the point */

/* log2 of 1 + i / 256, bit by bit: square, and see whether it passes 2. */
static uint32_t log_exact(unsigned i)
{
	uint64_t y = ((uint64_t)i << (31 - LB_LOG_BITS)) + (1ull << 31); /* 1 is 2^31 */
	uint32_t log = 0;

	for (unsigned bit = 0; bit < FRACTION; bit++) {
		y = y * y >> 31;
		log <<= 1;
		if (y >> 32) {
			log |= 1;
			y >>= 1;
		}
	}
	return log;
}

void lb__hash_init(struct lb *lb)
{
	for (unsigned i = 0; i < 1 << LB_LOG_BITS; i++)
		lb->log[i] = log_exact(i);
	lb->log[1 << LB_LOG_BITS] = 1u << FRACTION;
}

/* The same in every appliance: caches on the nodes depend on it, and nobody gains by steering. */
uint64_t lb__hash_text(const char *text)
{
	static const struct siphash_key key;

	return siphash24(&key, text, span_str(text).n);
}

/* splitmix64's finish: two hashes that differ give two that have nothing in common. */
static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return x ^ x >> 31;
}

/* -log2(x / 2^64), 1/2^24: between the table's points it is straight. */
static uint64_t minus_log(const struct lb *lb, uint64_t x)
{
	unsigned zeros = __builtin_clzll(x | 1), i;
	uint64_t one = (x | 1) << zeros << 1, at; /* 0.64 of what follows the first bit */

	i = (unsigned)(one >> (64 - LB_LOG_BITS));
	at = one << LB_LOG_BITS >> 32;
	at = lb->log[i] + ((lb->log[i + 1] - lb->log[i]) * at >> 32);
	return ((uint64_t)(zeros + 1) << FRACTION) - at;
}

/* Has m its part of what is in flight, and of this request, times the bound? */
static bool full(
	const struct lb_choice *c, const struct lb_member *m, uint64_t active, uint64_t share)
{
	return m->active * share * 100 >= (active + 1) * m->share * c->conf->hash_load;
}

unsigned lb__hash_pick(const struct lb_choice *c, bool bounded)
{
	uint64_t active = 0, share = 0, least = UINT64_MAX, least_open = UINT64_MAX;
	unsigned best = c->at[0], best_open = c->at[0];

	for (unsigned i = 0; i < c->n; i++) {
		active += c->member[c->at[i]]->active;
		share += c->member[c->at[i]]->share;
	}
	for (unsigned i = 0; i < c->n; i++) {
		const struct lb_member *m = c->member[c->at[i]];
		/* shares are small: 26 bits below the point are left for what is compared */
		uint64_t cost = (minus_log(c->lb, mix(c->ask->hash ^ m->hash)) << 26) / m->share;

		if (cost < least) {
			least = cost;
			best = c->at[i];
		}
		if (bounded && cost < least_open && !full(c, m, active, share)) {
			least_open = cost;
			best_open = c->at[i];
		}
	}
	if (least_open == UINT64_MAX || best == best_open)
		return best;
	c->stat[LB_POOL_STAT_hash_moved]++;
	return best_open;
}
