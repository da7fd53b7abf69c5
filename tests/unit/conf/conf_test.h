/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of lib/conf share: all errors of a load as one text, a line each. */
#ifndef CONF_TEST_H
#define CONF_TEST_H

#include <unistd.h>

#include "conf/conf.h"
#include "conf/conf_paths.h"
#include "unit.h"

#define PORT     "[port p]\ndevice = d\naddress = 10.0.0.1/24\n" /* lines 1 to 3 */
#define TEXT_MAX 65536

static char errors_text[TEXT_MAX];

/* All errors into errors_text; ends the list. */
static inline void errors_take(struct conf_errors *errs)
{
	size_t n = 0;

	errors_text[0] = '\0';
	for (unsigned i = 0; i < conf_errors_count(errs) && n < TEXT_MAX; i++)
		n += (size_t)snprintf(
			errors_text + n, TEXT_MAX - n, "%s\n", conf_errors_text(errs, i));
	conf_errors_fini(errs);
}

static inline struct conf *parse_n(const char *text, size_t n)
{
	struct conf_errors errs = {0};
	struct conf *c = conf_parse_text("t.ini", text, n, &errs);

	CU_ASSERT_EQUAL(c == NULL, conf_errors_count(&errs) > 0);
	errors_take(&errs);
	return c;
}

static inline struct conf *parse(const char *text)
{
	return parse_n(text, strlen(text));
}

/* A failed assertion that shows both texts. */
static inline void expect_text(const char *what, const char *got, const char *want)
{
	if (strcmp(got, want) != 0)
		printf("\n%s: got\n%swanted\n%s", what, got, want);
	CU_ASSERT_STRING_EQUAL(got, want);
}

/* The text has exactly these errors. */
static inline void expect_errors(const char *text, const char *want)
{
	struct conf *c = parse(text);

	CU_ASSERT_PTR_NULL(c);
	conf_destroy(c);
	expect_text(text, errors_text, want);
}

/* Put "key = value" into a section of otherwise good text. */
static inline struct conf *with(const char *section, const char *key, const char *value)
{
	char text[4096];

	snprintf(text, sizeof(text), "%s\n[%s]\n%s = %s\n",
		strcmp(section, "port p") ? "[port q]\ndevice = q\naddress = 10.9.0.1/24" : PORT,
		section, key, value);
	if (strcmp(section, "port p") == 0)
		snprintf(text, sizeof(text), PORT "%s = %s\n", key, value);
	return parse(text);
}

/* The error that value gives, up to ", allowed". NULL: it must be good. */
static inline void expect_value(
	const char *section, const char *key, const char *value, const char *wrong)
{
	struct conf *c = with(section, key, value);
	char *what = strstr(errors_text, ": "), *end;

	CU_ASSERT_EQUAL(c != NULL, wrong == NULL);
	conf_destroy(c);
	for (int i = 0; i < 2 && what; i++)
		what = strstr(what, i ? ": " : "] ") + 2;
	end = what ? strstr(what, ", allowed: ") : NULL;
	if (end)
		*end = '\0';
	if (wrong || what)
		expect_text(value, what ? what : "nothing wrong", wrong ? wrong : "nothing wrong");
}

/* It came from there. */
static inline void expect_at(const struct conf_where *at, const char *file, unsigned line)
{
	CU_ASSERT_STRING_EQUAL(at->file, file);
	CU_ASSERT_EQUAL(at->line, line);
}

/* NAME.ini in data/ has exactly the errors in NAME.err. Files are named relative to data/. */
static inline void golden(const char *name)
{
	static char want[TEXT_MAX];
	struct conf_errors errs = {0};
	char path[64];
	struct conf *c;
	FILE *f;

	CU_ASSERT_EQUAL_FATAL(chdir(CONF_TEST_DATA), 0);
	snprintf(path, sizeof(path), "%s.ini", name);
	c = conf_load(path, &errs);
	CU_ASSERT_PTR_NULL(c);
	conf_destroy(c);
	errors_take(&errs);
	snprintf(path, sizeof(path), "%s.err", name);
	f = fopen(path, "re");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	want[fread(want, 1, sizeof(want) - 1, f)] = '\0';
	fclose(f);
	expect_text(name, errors_text, want);
}

#endif
