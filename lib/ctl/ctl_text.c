/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl_priv.h"

/* Room for n more bytes; false (and failed) when there is none. */
static bool reserve(struct ctl_text *t, size_t n)
{
	size_t cap = t->cap ? t->cap : 1024;
	char *p;

	if (t->failed || n > CTL_TEXT_MAX - t->n) {
		t->failed = true;
		return false;
	}
	while (cap - t->n < n)
		cap *= 2;
	if (cap == t->cap)
		return true;
	p = realloc(t->p, cap);
	if (!p) {
		t->failed = true;
		return false;
	}
	t->p = p;
	t->cap = cap;
	return true;
}

void ctl__text_put(struct ctl_text *t, const void *data, size_t n)
{
	if (n == 0 || !reserve(t, n))
		return;
	memcpy(t->p + t->n, data, n);
	t->n += n;
}

void ctl__text_str(struct ctl_text *t, const char *s)
{
	ctl__text_put(t, s, strlen(s));
}

void ctl__text_printf(struct ctl_text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0 || !reserve(t, (size_t)n + 1)) { /* vsnprintf writes a NUL behind */
		t->failed = true;
		return;
	}
	va_start(ap, fmt);
	vsnprintf(t->p + t->n, (size_t)n + 1, fmt, ap);
	va_end(ap);
	t->n += (size_t)n;
}

void ctl__text_fini(struct ctl_text *t)
{
	free(t->p);
	*t = (struct ctl_text){0};
}
