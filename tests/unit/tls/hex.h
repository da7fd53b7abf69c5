/* SPDX-License-Identifier: BSD-3-Clause */
/* Bytes as RFCs print them. */
#ifndef HEX_H
#define HEX_H

#include "unit.h"

/* How many. */
static inline size_t unhex(const char *hex, uint8_t *out)
{
	size_t n = 0;

	for (; *hex; hex += 2, n++) {
		unsigned byte;

		CU_ASSERT_EQUAL_FATAL(sscanf(hex, "%2x", &byte), 1);
		out[n] = (uint8_t)byte;
	}
	return n;
}

static inline void hex_check(const uint8_t *got, const char *hex)
{
	uint8_t want[256];
	size_t n = unhex(hex, want);

	CU_ASSERT_EQUAL(memcmp(got, want, n), 0);
}

#endif
