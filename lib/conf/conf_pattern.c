/* SPDX-License-Identifier: BSD-3-Clause */
/* Patterns of [route NAME]: '*' is any bytes, '?' any one, all others are themselves. */
#include <ctype.h>

#include "conf/conf.h"

/*
 * Only the last '*' met is ever widened: what fitted before it can stay as it is, since whatever a
 * wider earlier star would leave, the last one takes as well. So there is one place to go back to,
 * and no recursion.
 */
static bool fits(const char *p, struct span text, bool lower)
{
	const char *star = NULL;
	size_t i = 0, from = 0;

	while (i < text.n) {
		int c = (unsigned char)text.p[i];

		if (*p == '*') {
			star = ++p;
			from = i;
		} else if (*p == '?' || (*p && (unsigned char)*p == (lower ? tolower(c) : c))) {
			p++;
			i++;
		} else if (star) {
			p = star;
			i = ++from;
		} else {
			return false;
		}
	}
	while (*p == '*')
		p++;
	return *p == '\0';
}

bool conf_pattern_fits(const char *pattern, struct span text)
{
	return fits(pattern, text, false);
}

static bool any_fits(const struct conf_patterns *any, struct span text, bool lower)
{
	for (unsigned i = 0; i < any->n; i++)
		if (fits(any->p[i], text, lower))
			return true;
	return any->n == 0;
}

bool conf_patterns_fit(const struct conf_patterns *any, struct span text)
{
	return any_fits(any, text, false);
}

bool conf_patterns_fit_host(const struct conf_patterns *any, struct span text)
{
	return any_fits(any, text, true);
}
