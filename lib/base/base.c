/* SPDX-License-Identifier: BSD-3-Clause */
/* The few lines of lib/base that are not inline: assert, error text, log. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"

static log_sink_t log_sink;
static enum log_level log_max;

void base_assert_fail(const char *cond, const char *why, const char *file, int line)
{
	char text[512];
	int n = snprintf(text, sizeof(text), "penstock: broken promise at %s:%d: %s (%s)\n", file,
		line, why, cond);

	/* write, not stdio: the heap or a stdio lock may be what is broken */
	if (n > 0 && write(STDERR_FILENO, text,
			     n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1) < 0)
		abort();
	abort();
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	return -code;
}

void log_set_sink(log_sink_t sink, enum log_level max)
{
	log_sink = sink;
	log_max = max;
}

void log_line(enum log_level level, const char *lib, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	if (!log_sink || level > log_max)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	log_sink(level, lib, text);
}
