/* SPDX-License-Identifier: BSD-3-Clause */
/* SipHash (Aumasson and Bernstein, 2012): a keyed hash that peers who choose the input can't steer.
 */
#ifndef BASE_SIPHASH_H
#define BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
	uint64_t k[2]; /* drawn once per boot */
};

/* SipHash-2-4 of n bytes: ISNs and cookies (RFC 6528). */
uint64_t siphash24(const struct siphash_key *key, const void *data, size_t n);
/* SipHash-1-3 of n bytes: hash tables, where speed matters more than margin. */
uint64_t siphash13(const struct siphash_key *key, const void *data, size_t n);

#endif
