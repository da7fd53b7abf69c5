/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Is a text a page in Prometheus' text format 0.0.4, with its conventions kept? Written apart from
 * the page's maker, to judge it. NULL: it is; else what is wrong.
 *
 * Each family is HELP, TYPE, then its samples and no others; none comes twice, nor does a sample;
 * counters end in _total and nothing else does; buckets grow, end with +Inf and agree with _count.
 */
#ifndef CTL_EXPO_CHECK_H
#define CTL_EXPO_CHECK_H

#include <math.h>
#include <regex.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPO_LINES 4096

struct expo {
	const char *seen[EXPO_LINES]; /* families' HELP, and samples up to their value */
	unsigned n_seen;
	char name[256], type[16]; /* of the open family */
	unsigned samples;         /* of it so far */
	double le, count;         /* of the histogram that is open; le NAN: none */
};

static inline bool expo_match(const char *pattern, const char *s)
{
	regex_t re;
	bool hit;

	if (regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB) != 0)
		abort();
	hit = regexec(&re, s, 0, NULL, 0) == 0;
	regfree(&re);
	return hit;
}

/* False when s was there before. Borrows s. */
static inline bool expo_once(struct expo *x, const char *s)
{
	for (unsigned i = 0; i < x->n_seen; i++)
		if (strcmp(x->seen[i], s) == 0)
			return false;
	if (x->n_seen == EXPO_LINES)
		abort();
	x->seen[x->n_seen++] = s;
	return true;
}

static inline bool expo_ends(const char *s, const char *end)
{
	return strlen(s) >= strlen(end) && strcmp(s + strlen(s) - strlen(end), end) == 0;
}

static inline const char *expo_comment(struct expo *x, char *line)
{
	char word[8], name[256], type[16];

	if (sscanf(line, "# %7s %255s %15s", word, name, type) != 3)
		return "comment is no HELP or TYPE";
	if (strcmp(word, "HELP") == 0) {
		if (x->name[0] && x->samples == 0)
			return "family without samples";
		if (!expo_match("^penstock_[a-z][a-z0-9_]*$", name))
			return "name is not of our kind";
		line[strlen("# HELP ") + strlen(name)] = '\0';
		if (!expo_once(x, line))
			return "family comes twice";
		strcpy(x->name, name);
		x->type[0] = '\0';
		x->samples = 0;
		x->le = NAN;
		return NULL;
	}
	if (strcmp(word, "TYPE") != 0 || strcmp(name, x->name) != 0 || x->type[0])
		return "TYPE does not follow its HELP";
	if (!expo_match("^(counter|gauge|histogram)$", type))
		return "unknown type";
	if ((strcmp(type, "counter") == 0) != expo_ends(name, "_total"))
		return "counters, and only they, end in _total";
	strcpy(x->type, type);
	return NULL;
}

/* One sample of a histogram; labels begins at '{'. */
static inline const char *expo_hist(
	struct expo *x, const char *suffix, const char *labels, double v)
{
	const char *le = strstr(labels, "le=\"");
	double bound;

	if (strcmp(suffix, "_bucket") == 0) {
		if (!le)
			return "bucket without le";
		bound = strncmp(le + 4, "+Inf\"", 5) == 0 ? INFINITY : strtod(le + 4, NULL);
		if (!isnan(x->le) && (bound <= x->le || v < x->count))
			return "buckets do not grow";
		x->le = bound;
		x->count = v;
		return NULL;
	}
	if (x->le != INFINITY)
		return "no +Inf bucket before sum and count";
	if (strcmp(suffix, "_count") == 0) {
		if (v != x->count)
			return "count differs from the +Inf bucket";
		x->le = NAN;
		return NULL;
	}
	return strcmp(suffix, "_sum") == 0 ? NULL : "sample is not of the histogram";
}

static inline const char *expo_sample(struct expo *x, char *line)
{
	char *value = strrchr(line, ' '), *end;
	size_t n = strlen(x->name);
	char suffix[16] = "";
	double v;

	if (!expo_match("^[a-z_]+([{]([a-z]+=\"([^\"\\]|\\\\[\\\\n\"])*\",?)+[}])? [^ ]+$", line))
		return "malformed sample";
	if (strncmp(line, x->name, n) != 0 || !x->type[0])
		return "sample of another family";
	*value++ = '\0';
	v = strtod(value, &end);
	if (*end || v < 0 || !isfinite(v))
		return "value is no finite number";
	if (!expo_once(x, line))
		return "sample comes twice";
	x->samples++;
	snprintf(suffix, sizeof(suffix), "%.*s", (int)strcspn(line + n, "{"), line + n);
	if (strcmp(x->type, "histogram") == 0)
		return expo_hist(x, suffix, line + n, v);
	return suffix[0] ? "sample of another family" : NULL;
}

static inline const char *expo_check(const char *page)
{
	char *copy = strdup(page), *save, *bad_line = NULL;
	struct expo *x = calloc(1, sizeof(*x));
	static char why[512];

	x->le = NAN;
	why[0] = '\0';
	if (!expo_ends(page, "\n"))
		strcpy(why, "page does not end with a line feed");
	for (char *l = strtok_r(copy, "\n", &save); l && !why[0]; l = strtok_r(NULL, "\n", &save)) {
		const char *wrong = *l == '#' ? expo_comment(x, l) : expo_sample(x, l);

		bad_line = l;
		if (wrong)
			snprintf(why, sizeof(why), "%s: %s", wrong, bad_line);
	}
	if (!why[0] && x->samples == 0)
		strcpy(why, "last family without samples");
	free(copy);
	free(x);
	return why[0] ? why : NULL;
}

#endif
