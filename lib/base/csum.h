/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASE_CSUM_H
#define BASE_CSUM_H

#include <stddef.h>
#include <stdint.h>

/* One's complement sum (RFC 1071), not complemented, of n bytes as 16-bit words in memory's order;
 * behind an odd last byte stands a zero. */
uint16_t csum_sum(const void *p, size_t n);

#endif
