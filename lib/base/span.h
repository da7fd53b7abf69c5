/* SPDX-License-Identifier: BSD-3-Clause */
/* A view of bytes that somebody else owns; never NUL-terminated, valid as long as the owner says.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

struct span {
	const char *p; /* may be NULL only when n is 0 */
	size_t n;      /* bytes */
};

#define SPAN_LIT(s) ((struct span){"" s, sizeof(s) - 1})

static inline struct span span_str(const char *s)
{
	return (struct span){s, strlen(s)};
}

static inline bool span_eq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* Equal without regard to ASCII case (field names, RFC 9110 5.1). */
static inline bool span_ieq(struct span a, struct span b)
{
	return a.n == b.n && (a.n == 0 || strncasecmp(a.p, b.p, a.n) == 0);
}

/* Without optional white space at both ends (OWS, RFC 9110 5.6.3). */
static inline struct span span_trim(struct span s)
{
	while (s.n && (s.p[0] == ' ' || s.p[0] == '\t'))
		s.p++, s.n--;
	while (s.n && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Cut the next word off *rest, words being apart by blanks and tabs. Empty at the end. */
static inline struct span span_word(struct span *rest)
{
	struct span word = span_trim(*rest);
	size_t n = 0;

	while (n < word.n && word.p[n] != ' ' && word.p[n] != '\t')
		n++;
	*rest = (struct span){word.p + n, word.n - n};
	word.n = n;
	return word;
}

/*
 * Cut the next element of a list off *rest at sep, trimmed. False at the end; empty elements are
 * returned as empty spans.
 */
static inline bool span_next(struct span *rest, char sep, struct span *item)
{
	const char *hit;

	if (!rest->p)
		return false;
	hit = rest->n ? memchr(rest->p, sep, rest->n) : NULL;
	*item = span_trim((struct span){rest->p, hit ? (size_t)(hit - rest->p) : rest->n});
	if (hit)
		*rest = (struct span){hit + 1, rest->n - (size_t)(hit + 1 - rest->p)};
	else
		*rest = (struct span){NULL, 0};
	return true;
}

#endif
