/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines as the operator wrote them: changed by the shell before they are built, and kept. */
#include <ctype.h>
#include <stdio.h>

#include "conf/conf_priv.h"

static struct conf_section *pool_find(struct conf_reader *ld, const char *name)
{
	for (struct conf_section *s = ld->sections; s; s = s->next)
		if (s->kind == &ld->table->kinds[KIND_POOL] && strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

static bool is_member(const struct conf_line *l, const char *name)
{
	struct span rest = span_str(l->value);

	return strcmp(l->key, "member") == 0 && span_eq(span_word(&rest), span_str(name));
}

static void member_remove(struct conf_reader *ld, struct conf_section *pool, const char *name)
{
	struct conf_line **at = &pool->lines;

	while (*at && !is_member(*at, name))
		at = &(*at)->next;
	if (!*at) {
		conf_key_error(ld, pool, pool->at.line, "member",
			"there is no %.64s to take out, allowed: the name of a member", name);
		return;
	}
	*at = (*at)->next;
	if (!*at)
		pool->tail = at;
}

/* The limits are those of a line that is read. */
static void member_add(struct conf_reader *ld, struct conf_section *pool, const char *text)
{
	size_t n = strlen(text);
	struct conf_line *line;
	bool fits = n <= CONF__LINE_MAX && n <= CONF__TEXT_MAX - ld->text &&
		    ld->n_lines < CONF__LINES_MAX;

	for (size_t i = 0; fits && i < n; i++)
		fits = !iscntrl((unsigned char)text[i]) || text[i] == '\t';
	if (!fits) {
		conf_key_error(ld, pool, pool->at.line, "member",
			"it is no line, allowed: text of at most %u bytes", CONF__LINE_MAX);
		return;
	}
	ld->text += n;
	ld->n_lines++;
	line = conf_alloc(ld, sizeof(*line));
	*line = (struct conf_line){.key = "member",
		.value = conf_strdup(ld, span_trim(span_str(text))),
		.line = pool->at.line};
	*pool->tail = line;
	pool->tail = &line->next;
}

void conf__edit(struct conf_reader *ld, const struct conf_edit *edit)
{
	struct conf_section *pool = pool_find(ld, edit->pool);

	if (!pool)
		conf_error(ld, NULL, "%s: there is no [pool %.64s], allowed: one of the file",
			ld->files[0], edit->pool);
	else if (edit->remove)
		member_remove(ld, pool, edit->member);
	else
		member_add(ld, pool, edit->member);
}

/* As it would be without needless blanks, so that it can be compared. */
static const char *heading(struct conf_reader *ld, const struct conf_section *sec)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", sec->kind->name, *sec->name ? " " : "", sec->name);
	return conf_strdup(ld, span_str(text));
}

void conf__settings(struct conf_reader *ld)
{
	struct conf *c = ld->root;
	struct conf_setting *out = conf_alloc(ld, ld->n_lines * sizeof(*out));

	c->path = ld->files[0];
	c->settings = out;
	for (const struct conf_section *s = ld->sections; s; s = s->next) {
		const char *section = s->kind ? heading(ld, s) : NULL;

		for (const struct conf_line *l = s->lines; l && section; l = l->next)
			out[c->n_settings++] = (struct conf_setting){
				section, l->key, l->value, {s->at.file, l->line}};
	}
}

struct conf__part conf__part_at(const struct conf *c, unsigned i)
{
	const struct conf_setting *first = &c->settings[i], *end = c->settings + c->n_settings;
	struct conf__part part = {first, 0};

	while (first + part.n < end && strcmp(first[part.n].section, first->section) == 0)
		part.n++;
	return part;
}

struct conf__part conf__part_find(const struct conf *c, const char *section)
{
	for (unsigned i = 0; i < c->n_settings; i++)
		if (strcmp(c->settings[i].section, section) == 0)
			return conf__part_at(c, i);
	return (struct conf__part){0};
}

const struct conf_setting *conf__part_line(
	const struct conf__part *part, const char *key, unsigned i)
{
	for (unsigned k = 0; k < part->n; k++)
		if (strcmp(part->line[k].key, key) == 0 && i-- == 0)
			return &part->line[k];
	return NULL;
}
