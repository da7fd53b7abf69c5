/* SPDX-License-Identifier: BSD-3-Clause */
/* Sections of lines to the structs of conf.h, by the tables. */
#include <errno.h>
#include <stdio.h>

#include "conf/conf_priv.h"

bool conf_key_ok(const struct conf_section *sec, const char *key)
{
	const struct conf_key *k = conf__key_find(sec->kind, key);

	return !sec->twice && !(sec->bad_keys & 1ull << (k - sec->kind->keys));
}

bool conf_key_given(const struct conf_section *sec, const char *key)
{
	for (const struct conf_line *l = sec->lines; l; l = l->next)
		if (l->known && strcmp(l->key, key) == 0)
			return true;
	return false;
}

/* Empty ones do not count: they are errors. */
static unsigned items_count(const struct conf_line *line)
{
	struct span rest = span_str(line->value), item;
	unsigned n = 0;

	while (line->known->list && span_next(&rest, ',', &item))
		n += item.n > 0;
	return line->known->list ? n : 1;
}

unsigned conf_line_of(const struct conf_section *sec, const char *key, unsigned i)
{
	for (const struct conf_line *l = sec->lines; l; l = l->next) {
		unsigned n;

		if (!l->known || strcmp(l->key, key) != 0)
			continue;
		n = items_count(l);
		if (i < n)
			return l->line;
		i -= n;
	}
	return sec->at.line; /* a default */
}

/* text may be a part of a line, so it is copied. */
static void value_parse(struct conf_reader *ld, struct conf_section *sec,
	const struct conf_key *key, unsigned line, struct span text)
{
	char copy[CONF__LINE_MAX + 1];
	struct conf_value v = {ld, sec, key, copy, line, sec->obj, (char *)sec->obj + key->offset};

	snprintf(copy, sizeof(copy), "%.*s", (int)text.n, text.p);
	if (key->list && text.n == 0)
		conf_bad(&v, "an empty item");
	else
		key->parse(&v);
}

static void line_parse(
	struct conf_reader *ld, struct conf_section *sec, const struct conf_line *line)
{
	struct span rest = span_str(line->value), item;

	if (!line->known->list)
		value_parse(ld, sec, line->known, line->line, rest);
	else
		while (span_next(&rest, ',', &item))
			value_parse(ld, sec, line->known, line->line, item);
}

/* The names of all keys, for "allowed". */
static const char *keys_text(const struct conf_kind *kind, char *text, size_t n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < kind->n_keys && used < n; i++)
		used += (size_t)snprintf(
			text + used, n - used, "%s%s", i ? ", " : "", kind->keys[i].name);
	return text;
}

/* The table's entry for each line. */
static void lines_resolve(struct conf_reader *ld, struct conf_section *sec)
{
	uint64_t seen = 0;
	char keys[768];

	for (struct conf_line *l = sec->lines; l; l = l->next) {
		const struct conf_key *k = conf__key_find(sec->kind, l->key);
		uint64_t bit = k ? 1ull << (k - sec->kind->keys) : 0;

		if (!k)
			conf_key_error(ld, sec, l->line, l->key, "unknown key, allowed: %s",
				keys_text(sec->kind, keys, sizeof(keys)));
		else if ((seen & bit) && !k->list && !k->repeat)
			conf_key_error(ld, sec, l->line, l->key,
				"given twice, first at line %u, allowed: once",
				conf_line_of(sec, l->key, 0));
		else
			l->known = k;
		seen |= bit;
	}
}

static void key_default(
	struct conf_reader *ld, struct conf_section *sec, const struct conf_key *key)
{
	struct conf_line line = {.value = key->def, .line = sec->at.line, .known = key};
	char allowed[CONF__ALLOWED_MAX];

	if (key->def)
		line_parse(ld, sec, &line);
	else if (key->required)
		conf_key_error(ld, sec, sec->at.line, key->name, "missing, allowed: %s",
			conf__allowed(key, allowed));
}

void *conf__items_alloc(struct conf_reader *ld, const struct conf_section *sec, const char *key,
	size_t size, unsigned max)
{
	unsigned n = 0;

	for (const struct conf_line *l = sec->lines; l; l = l->next)
		if (l->known && strcmp(l->key, key) == 0)
			n += items_count(l);
	return conf_alloc(ld, (n < max ? n : max) * size);
}

static void section_build(struct conf_reader *ld, struct conf_section *sec)
{
	uint64_t given = 0;

	*(struct conf_where *)((char *)sec->obj + sec->kind->where) = sec->at;
	if (sec->kind->named)
		*(const char **)((char *)sec->obj + sec->kind->title) = sec->name;
	lines_resolve(ld, sec);
	if (sec->kind->begin)
		sec->kind->begin(ld, sec);
	for (struct conf_line *l = sec->lines; l; l = l->next) {
		if (!l->known)
			continue;
		given |= 1ull << (l->known - sec->kind->keys);
		line_parse(ld, sec, l);
	}
	for (unsigned i = 0; i < sec->kind->n_keys; i++)
		if (!(given & 1ull << i))
			key_default(ld, sec, &sec->kind->keys[i]);
}

/* Those that the file does not write, behind those that it does. */
static void presets_collect(struct conf_reader *ld, unsigned id)
{
	const struct conf_kind *kind = &ld->table->kinds[id];

	for (unsigned k = 0; k < kind->n_presets; k++) {
		const struct conf_preset *p = &kind->presets[k];
		struct conf_section *sec;
		unsigned i = 0;

		while (i < ld->n_kind[id] && strcmp(ld->by_kind[id][i]->name, p->name) != 0)
			i++;
		if (i < ld->n_kind[id])
			continue;
		sec = conf_alloc(ld, sizeof(*sec));
		*sec = (struct conf_section){.kind = kind,
			.name = p->name,
			.heading = p->name,
			.at = {ld->files[0], 0},
			.lines = conf_alloc(ld, sizeof(*sec->lines))};
		*sec->lines = (struct conf_line){.key = p->key, .value = p->value};
		ld->by_kind[id][ld->n_kind[id]++] = sec;
	}
}

/* The sections of a kind in order, no more than there may be of a named one. */
static void kind_collect(struct conf_reader *ld, unsigned id)
{
	const struct conf_kind *kind = &ld->table->kinds[id];
	unsigned n = kind->n_presets;

	for (struct conf_section *s = ld->sections; s; s = s->next)
		n += s->kind == kind;
	ld->by_kind[id] = conf_alloc(ld, n * sizeof(*ld->by_kind[id]));
	for (struct conf_section *s = ld->sections; s; s = s->next) {
		if (s->kind != kind)
			continue;
		if (kind->named && ld->n_kind[id] == kind->max) {
			conf_key_error(ld, s, s->at.line, NULL,
				"too many sections of this kind, allowed: %u", kind->max);
			break;
		}
		ld->by_kind[id][ld->n_kind[id]++] = s;
	}
	presets_collect(ld, id);
}

static void kind_build(struct conf_reader *ld, unsigned id)
{
	const struct conf_kind *kind = &ld->table->kinds[id];
	char *base = (char *)ld->root, *array = base + kind->array;
	unsigned n;

	kind_collect(ld, id);
	n = ld->n_kind[id];
	if (kind->named) {
		array = conf_alloc(ld, (size_t)n * kind->size);
		*(void **)(base + kind->array) = array;
		*(unsigned *)(base + kind->count) = n;
	}
	for (unsigned i = 0; i < n; i++) {
		struct conf_section *sec = ld->by_kind[id][i];

		if (kind->named || i == 0)
			sec->obj = array + i * kind->size;
		else /* given twice is an error already, but its values may have more */
			sec->obj = conf_alloc(ld, kind->size);
		section_build(ld, sec);
	}
}

/* The defaults of an unnamed section that the file does not have. */
static void absent_build(struct conf_reader *ld, unsigned id)
{
	struct conf_section sec = {.kind = &ld->table->kinds[id],
		.heading = ld->table->kinds[id].name,
		.name = "",
		.at = {ld->files[0], 0},
		.obj = (char *)ld->root + ld->table->kinds[id].array};

	sec.tail = &sec.lines;
	if (!sec.kind->named && ld->n_kind[id] == 0)
		section_build(ld, &sec);
}

void conf__build(struct conf_reader *ld)
{
	for (unsigned id = 0; id < ld->table->n_kinds; id++) {
		kind_build(ld, id);
		absent_build(ld, id);
	}
}
