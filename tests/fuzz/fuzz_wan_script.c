/* SPDX-License-Identifier: BSD-3-Clause */
/* Any text is a script or an error with a line. A script is what wire_change() can rely on. */
#include <stdlib.h>
#include <string.h>

#include "script.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void script_check(struct script *s, const struct wire_conf *start)
{
	const struct script_step *step;
	uint64_t at = 0;
	unsigned n = 0;

	while ((step = script_take(s, UINT64_MAX)) != NULL) {
		must(n++ == 0 || step->at > at);
		must(step->line > 0 && step->line <= SCRIPT_LINES);
		at = step->at;
		for (unsigned d = 0; d < 2; d++) {
			const struct wire_conf *c = &step->conf[d];

			must(c->jitter <= c->delay && c->delay <= WIRE_TIME_MAX);
			must(c->gap <= WIRE_TIME_MAX && c->queue <= WIRE_QUEUE_MAX && c->down <= 1);
			must(c->loss <= WIRE_ALWAYS && c->burst_enter <= WIRE_ALWAYS &&
				c->burst_leave <= WIRE_ALWAYS);
			must(c->packets == start[d].packets && c->seed == start[d].seed);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct wire_conf start[2] = {
		{.packets = 9, .seed = 1}, {.packets = 8, .seed = 1}};
	struct script s = {0};
	struct err e = {""};
	FILE *f = n ? fmemopen((void *)(uintptr_t)data, n, "r") : NULL;

	if (!f)
		return 0;
	if (script_read(&s, f, "f", start, 0, &e) == 0)
		script_check(&s, start);
	else
		must(e.text[0] != '\0');
	script_destroy(&s);
	fclose(f);
	return 0;
}
