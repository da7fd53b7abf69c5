/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line, checked whole. */
#ifndef WAN_ARGS_H
#define WAN_ARGS_H

#include "base/err.h"
#include "wire.h"

enum args_verb { ARGS_RUN, ARGS_HELP, ARGS_VERSION };

struct args {
	enum args_verb verb;
	const char *device[2];    /* a and b; they live as long as argv */
	struct wire_conf wire[2]; /* a to b, b to a */
	uint16_t mtu;             /* of both ports */
	int core;                 /* -1: any */
	bool sleep, json, hugepages, verbose;
};

extern const char args_usage[];

/* 0, or -EINVAL with e saying which argument is wrong and what is wanted. */
int args_parse(struct args *a, int argc, char **argv, struct err *e);

#endif
