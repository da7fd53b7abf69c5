/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What happens to a wire in time, read and checked whole before it begins. A line:
 *
 *	TIME [a-to-b | b-to-a | both] SETTING VALUE [for TIME]      # as in: 6s loss 20% for 500ms
 *
 * TIME counts from the start and never goes back. After `for` the setting is again what it was. A
 * setting is not touched while an earlier line's `for` still holds it.
 */
#ifndef WAN_SCRIPT_H
#define WAN_SCRIPT_H

#include <stdio.h>

#include "base/err.h"
#include "wire.h"

#define SCRIPT_LINES 1000 /* at most */

/* From `at` on the directions are wires like conf, in all of it. */
struct script_step {
	uint64_t at;   /* ns from the start */
	unsigned line; /* of the file: the last that had to do with it */
	struct wire_conf conf[2];
};

struct script {
	struct script_step *steps; /* each later than the one before */
	unsigned n, next;          /* steps before next are done */
};

/* Read f, which errors call name, for wires that begin as start (not completed by
 * setting_complete). `end`: no event is later; 0: no limit. 0, or -errno with e that says file and
 * line. script_destroy() in either case. */
int script_read(struct script *s, FILE *f, const char *name, const struct wire_conf start[2],
	uint64_t end, struct err *e);
/* The next step if its time has come by `elapsed`, else NULL. */
const struct script_step *script_take(struct script *s, uint64_t elapsed);
void script_destroy(struct script *s); /* zeroed is fine */

#endif
