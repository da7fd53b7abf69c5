/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text written into a caller's buffer. n counts all that was put, also what did not fit: put into
 * an empty sink {0} to learn a length, check sink_done() once at the end.
 */
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include <errno.h>

#include "base/span.h"

struct sink {
	char *p;    /* may be NULL only when cap is 0 */
	size_t cap; /* bytes at p */
	size_t n;   /* bytes put; over cap: the text was cut */
};

static inline void sink_put(struct sink *o, struct span s)
{
	if (s.n && o->n < o->cap && s.n <= o->cap - o->n)
		memcpy(o->p + o->n, s.p, s.n);
	o->n += s.n;
}

#define sink_lit(o, s) sink_put(o, SPAN_LIT(s))

static inline void sink_char(struct sink *o, char c)
{
	sink_put(o, (struct span){&c, 1});
}

/* In decimal. */
static inline void sink_uint(struct sink *o, uint64_t v)
{
	char text[20];
	size_t at = sizeof(text);

	do
		text[--at] = (char)('0' + v % 10);
	while (v /= 10);
	sink_put(o, (struct span){text + at, sizeof(text) - at});
}

/* Bytes written, or -ENOSPC. */
static inline int sink_done(const struct sink *o)
{
	return o->n <= o->cap ? (int)o->n : -ENOSPC;
}

#endif
