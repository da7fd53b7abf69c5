/* SPDX-License-Identifier: BSD-3-Clause */
/* One load: the three stages over one arena. A snapshot is one allocation, freed as one. */
#include <stdlib.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

#define ALIGN 8u

/*
 * The most that so much text lets the stages ask for beyond the table's structs: of files, that is
 * what the limits in conf_priv.h allow. Text is kept as lines, and once more where a field points
 * at it; an item of a list, two bytes at least, is an entry of an array, too; a path gets its
 * directory, and the ciphers of [tls] have longer names inside, which is less. Untouched pages of a
 * large calloc cost nothing.
 */
_Static_assert(sizeof(struct conf_prefix) <= 3 * ALIGN, "an item is that or a pointer and text");
#define PER_BYTE (2 + 3 * ALIGN / 2)
_Static_assert(sizeof(struct conf_server_name) <= sizeof(struct conf_member),
	"a line is a member, a server name or less");
#define PER_LINE                                                                                   \
	(sizeof(struct conf_line) + sizeof(struct conf_setting) + sizeof(struct conf_member) +     \
		6 * ALIGN)
#define PER_SECTION                                                                                \
	(sizeof(struct conf_section) + sizeof(struct conf_section *) +                             \
		sizeof(struct conf_global) + CONF__FILE_KEYS * CONF__PATH_MAX + 8 * ALIGN)

void *conf_alloc(struct conf_reader *ld, size_t n)
{
	void *p = ld->arena + ld->used;

	n = (n + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	ASSERT(n <= ld->size - ld->used, "the limits on lines, sections and text bound the arena");
	ld->used += n;
	return p;
}

const char *conf_strdup(struct conf_reader *ld, struct span text)
{
	char *copy = conf_alloc(ld, text.n + 1);

	if (text.n)
		memcpy(copy, text.p, text.n);
	return copy;
}

/* What is read. */
struct source {
	const char *name, *text; /* text NULL: name is a path */
	size_t n;                /* bytes of text */
	const struct conf_edit *edits;
	unsigned n_edits;
};

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t arena_size(const struct conf_table *t, const struct source *src)
{
	size_t text = src->text ? least(src->n, CONF__TEXT_MAX) : CONF__TEXT_MAX;
	size_t n = t->size + PER_BYTE * text + 4096;

	/* neither can have less than two bytes */
	n += least(text / 2, CONF__LINES_MAX) * PER_LINE;
	n += least(text / 2, CONF__SECTIONS_MAX) * PER_SECTION;
	n += src->text ? 0 : CONF__FILES_MAX * CONF__PATH_MAX;
	for (unsigned i = 0; i < t->n_kinds; i++)
		n += (size_t)t->kinds[i].max * t->kinds[i].size + ALIGN +
		     t->kinds[i].n_presets * (t->kinds[i].size + PER_SECTION + PER_LINE);
	return n;
}

static void *load(const struct conf_table *t, const struct source *src, struct conf_errors *errs)
{
	struct conf_reader ld = {.table = t,
		.size = arena_size(t, src),
		.errs = errs,
		.from_text = src->text != NULL};

	ld.arena = calloc(1, ld.size);
	if (!ld.arena) {
		conf_error(&ld, NULL, "%s: no memory to read it", src->name);
		return NULL;
	}
	ld.tail = &ld.sections;
	ld.root = conf_alloc(&ld, t->size);
	ld.files[0] =
		conf_strdup(&ld, (struct span){src->name, strnlen(src->name, CONF__PATH_MAX - 1)});
	ld.n_files = 1;
	conf__read(&ld, src->text, src->n);
	for (unsigned i = 0; i < src->n_edits; i++)
		conf__edit(&ld, &src->edits[i]);
	if (ld.n_sections || !ld.failed) {
		conf__build(&ld);
		ld.checking = true;
		t->check(&ld);
	}
	if (!ld.failed)
		return ld.root;
	conf__errors_sort(errs);
	free(ld.arena);
	return NULL;
}

void *conf_table_load(const struct conf_table *t, const char *path, struct conf_errors *errs)
{
	return load(t, &(struct source){.name = path}, errs);
}

void *conf_table_parse(const struct conf_table *t, const char *name, const char *text, size_t n,
	struct conf_errors *errs)
{
	return load(t, &(struct source){.name = name, .text = text ? text : "", .n = n}, errs);
}

void conf_table_free(void *root)
{
	free(root); /* the arena begins with it */
}

void *conf_root(const struct conf_reader *ld)
{
	return ld->root;
}

struct conf_section *conf_section_at(const struct conf_reader *ld, unsigned kind, unsigned i)
{
	return i < ld->n_kind[kind] ? ld->by_kind[kind][i] : NULL;
}

struct conf *conf_load(const char *path, struct conf_errors *errs)
{
	return conf_table_load(&conf__table, path, errs);
}

struct conf *conf_load_edited(
	const char *path, const struct conf_edit *edits, unsigned n, struct conf_errors *errs)
{
	return load(
		&conf__table, &(struct source){.name = path, .edits = edits, .n_edits = n}, errs);
}

struct conf *conf_parse_text(const char *name, const char *text, size_t n, struct conf_errors *errs)
{
	return conf_table_parse(&conf__table, name, text, n, errs);
}

void conf_destroy(struct conf *c)
{
	conf_table_free(c);
}
