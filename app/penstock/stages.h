/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A start in stages. What fails is undone from there back, so that nothing is left half-made; the
 * end of a start that succeeded is the same way back.
 */
#ifndef STAGES_H
#define STAGES_H

#include "base/err.h"

struct appliance; /* whatever the stages of this program build up */

struct stage {
	int (*start)(struct appliance *a, struct err *e); /* 0 or -errno with *e set */
	void (*stop)(struct appliance *a); /* after a start that failed half-way, too */
};

/* Start n stages in order, up to the first that fails. *begun counts them, that one included: it
 * is for stages_stop() to undo its half. 0 or -errno with *e set. */
int stages_start(
	const struct stage *s, unsigned n, struct appliance *a, unsigned *begun, struct err *e);
/* Stop the first begun stages, the last one first. */
void stages_stop(const struct stage *s, unsigned begun, struct appliance *a);

#endif
