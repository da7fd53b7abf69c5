/* SPDX-License-Identifier: BSD-3-Clause */
/* One load: the three stages over one arena. A snapshot is one allocation, freed as one. */
#include <stdlib.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

#define ALIGN 8u

/*
 * The most that the limits in conf_priv.h let the stages ask for. Text is kept as lines, and once
 * more where a field points at it. Untouched pages of a large calloc cost nothing.
 */
#define PER_LINE (sizeof(struct conf__line) + sizeof(struct conf_member) + 6 * ALIGN)
#define PER_SECTION                                                                                \
	(sizeof(struct conf__section) + sizeof(struct conf__section *) +                           \
		sizeof(struct conf_global) + 8 * ALIGN)
#define ARENA_BYTES                                                                                \
	(sizeof(struct conf) + 2 * CONF__TEXT_MAX + CONF__LINES_MAX * PER_LINE +                   \
		CONF__SECTIONS_MAX * PER_SECTION + CONF__FILES_MAX * CONF__PATH_MAX +              \
		CONF_PORTS_MAX * sizeof(struct conf_port) +                                        \
		CONF_ROUTES_MAX * sizeof(struct conf_route) +                                      \
		CONF_LISTENERS_MAX * sizeof(struct conf_listener) +                                \
		CONF_POOLS_MAX * sizeof(struct conf_pool) + 4096)

void *conf__alloc(struct conf__load *ld, size_t n)
{
	void *p = ld->arena + ld->used;

	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	ASSERT(n <= ARENA_BYTES - ld->used,
		"the limits on lines, sections and text bound the arena");
	ld->used += n;
	return p;
}

const char *conf__strdup(struct conf__load *ld, struct span text)
{
	char *copy = conf__alloc(ld, text.n + 1);

	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

/* text NULL: name is a path. */
static struct conf *load(const char *name, const char *text, size_t n, struct conf_errors *errs)
{
	struct conf__load ld = {.errs = errs, .from_text = text != NULL};

	ld.arena = calloc(1, ARENA_BYTES);
	if (!ld.arena) {
		conf__error(&ld, NULL, "%s: no memory to read it", name);
		return NULL;
	}
	ld.tail = &ld.sections;
	ld.conf = conf__alloc(&ld, sizeof(*ld.conf));
	ld.files[0] = conf__strdup(&ld, (struct span){name, strnlen(name, CONF__PATH_MAX - 1)});
	ld.n_files = 1;
	conf__read(&ld, text, n);
	if (ld.n_sections || !ld.failed) {
		conf__build(&ld);
		conf__check(&ld);
	}
	if (!ld.failed)
		return ld.conf;
	conf__errors_sort(errs);
	free(ld.arena);
	return NULL;
}

struct conf *conf_load(const char *path, struct conf_errors *errs)
{
	return load(path, NULL, 0, errs);
}

struct conf *conf_parse_text(const char *name, const char *text, size_t n, struct conf_errors *errs)
{
	return load(name, text ? text : "", n, errs);
}

void conf_destroy(struct conf *c)
{
	free(c); /* the arena begins with it */
}
