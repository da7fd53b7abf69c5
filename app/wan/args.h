/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line, checked whole. */
#ifndef WAN_ARGS_H
#define WAN_ARGS_H

#include "base/err.h"
#include "script.h"

enum args_verb { ARGS_RUN, ARGS_HELP, ARGS_VERSION };

struct args {
	enum args_verb verb;
	const char *device[2];    /* a and b; they live as long as argv */
	struct wire_conf wire[2]; /* a to b, b to a */
	struct script script;     /* of changes; owned, empty where none was given */
	uint64_t duration;        /* ns; 0: until a signal */
	uint16_t mtu;             /* of both ports */
	int core;                 /* -1: any */
	bool sleep, json, stats, hugepages, verbose;
};

extern const char args_usage[];

/* 0, or -errno with e saying which argument, or which line of the script, is wrong and what is
 * wanted. args_fini() in either case. */
int args_parse(struct args *a, int argc, char **argv, struct err *e);
void args_fini(struct args *a);

#endif
