/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of congestion controls. */
#include <string.h>

#include "tcp/tcp_cc.h"

#define COUNT (sizeof(tcp__cc) / sizeof(tcp__cc[0]))

const struct tcp_cc_ops *const tcp__cc[] = {
	&tcp__cc_cubic, &tcp__cc_newreno, &tcp__cc_bbr, &tcp__cc_dctcp};

int tcp_cc_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strcmp(tcp__cc[i]->name, name) == 0)
			return (int)i;
	return -1;
}

const char *tcp_cc_name(uint8_t cc)
{
	return cc < COUNT ? tcp__cc[cc]->name : "?";
}
