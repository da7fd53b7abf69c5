/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of what is wrong: bounded, and in the order of the operator's file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/conf_priv.h"

struct conf_error {
	unsigned file, line, seq; /* sort by these */
	char text[1024];
};

/* The next free entry, or NULL: the last one says that there are more. */
static struct conf_error *error_new(struct conf_errors *errs)
{
	struct conf_error *e;

	if (!errs->list)
		errs->list = calloc(CONF__ERRORS_MAX + 1, sizeof(*errs->list));
	if (!errs->list || errs->n > CONF__ERRORS_MAX)
		return NULL;
	e = &errs->list[errs->n];
	e->seq = errs->n++;
	if (e->seq < CONF__ERRORS_MAX)
		return e;
	e->file = UINT32_MAX;
	snprintf(e->text, sizeof(e->text), "more errors than %u, the rest is not shown",
		CONF__ERRORS_MAX);
	return NULL;
}

static unsigned file_index(const struct conf_reader *ld, const char *file)
{
	unsigned i = 0;

	while (i < ld->n_files && ld->files[i] != file)
		i++;
	return i;
}

/* prefix: "[section] key: " or "". */
static void error_add(struct conf_reader *ld, const struct conf_where *at, const char *prefix,
	const char *fmt, va_list ap)
{
	struct conf_error *e = error_new(ld->errs);
	int n = 0;

	ld->failed = true;
	if (!e)
		return;
	if (at) {
		e->file = file_index(ld, at->file);
		e->line = at->line;
		n = snprintf(
			e->text, sizeof(e->text), "%.*s:%u: %s", 512, at->file, at->line, prefix);
	}
	vsnprintf(e->text + n, sizeof(e->text) - (size_t)n, fmt, ap);
}

void conf_error(struct conf_reader *ld, const struct conf_where *at, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_add(ld, at, "", fmt, ap);
	va_end(ap);
}

static void key_error(struct conf_reader *ld, struct conf_section *sec, unsigned line,
	const char *key, const char *fmt, va_list ap)
{
	const struct conf_key *known = NULL;
	struct conf_where at = {sec->at.file, line};
	char prefix[160];

	if (key && sec->kind)
		known = conf__key_find(sec->kind, key);
	if (known && !ld->checking)
		sec->bad_keys |= 1ull << (known - sec->kind->keys);
	snprintf(prefix, sizeof(prefix), "[%s] %.64s%s", sec->heading, key ? key : "",
		key ? ": " : "");
	error_add(ld, &at, prefix, fmt, ap);
}

void conf_key_error(struct conf_reader *ld, struct conf_section *sec, unsigned line,
	const char *key, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	key_error(ld, sec, line, key, fmt, ap);
	va_end(ap);
}

int conf_bad(struct conf_value *v, const char *fmt, ...)
{
	char what[256], allowed[CONF__ALLOWED_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	conf_key_error(v->ld, v->sec, v->line, v->key->name, "%s, allowed: %s", what,
		conf__allowed(v->key, allowed));
	return -EINVAL;
}

static int error_cmp(const void *a, const void *b)
{
	const struct conf_error *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->seq < y->seq ? -1 : 1;
}

void conf__errors_sort(struct conf_errors *errs)
{
	if (errs->n)
		qsort(errs->list, errs->n, sizeof(*errs->list), error_cmp);
}

unsigned conf_errors_count(const struct conf_errors *errs)
{
	return errs->n;
}

const char *conf_errors_text(const struct conf_errors *errs, unsigned i)
{
	return i < errs->n ? errs->list[i].text : "";
}

void conf_errors_fini(struct conf_errors *errs)
{
	free(errs->list);
	*errs = (struct conf_errors){0};
}
