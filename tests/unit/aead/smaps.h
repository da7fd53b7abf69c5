/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SMAPS_H
#define SMAPS_H

#include "unit.h"

/* The flags that the kernel shows of the mapping at p; "" if there is none. */
static inline const char *smaps_flags(const void *p)
{
	static char line[512];
	FILE *f = fopen("/proc/self/smaps", "r");
	unsigned long from, to;
	bool here = false, found = false;

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (!found && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			here = (uintptr_t)p >= from && (uintptr_t)p < to;
		found = here && strncmp(line, "VmFlags:", 8) == 0;
	}
	fclose(f);
	return found ? line : "";
}

#endif
