/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Files to sections of lines. inih is given one line at a time: its own loop reports only the
 * first bad line, cuts what is too long, and does not tell two headings of one name apart.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conf/conf_priv.h"

#define INCLUDE_HELP "a readable file or DIR/*.ini"
#define HEADING_MAX  48 /* inih keeps 49 characters and cuts the rest without a word */

/* What inih made of one line. */
struct parsed {
	bool hit; /* neither blank nor a comment */
	char section[HEADING_MAX + 2];
	char key[CONF__LINE_MAX + 1];
	char value[CONF__LINE_MAX + 1];
};

static int parsed_set(void *user, const char *section, const char *name, const char *value)
{
	struct parsed *p = user;

	p->hit = true;
	snprintf(p->section, sizeof(p->section), "%s", section);
	snprintf(p->key, sizeof(p->key), "%s", name);
	snprintf(p->value, sizeof(p->value), "%s", value);
	return 1;
}

/* Debian's inih takes its options as variables. Nobody else in the process uses it. */
static void inih_setup(void)
{
	ini_max_line = CONF__LINE_MAX + 8; /* a heading gets an empty key, see heading_add() */
	ini_use_stack = true;
	ini_allow_multiline = false;
	ini_allow_bom = false; /* it would be allowed on each line; text_read() skips one */
	ini_allow_inline_comments = true;
	ini_allow_no_value = false;
}

/* The kinds of section, for "allowed". */
static const char *kinds_text(const struct conf_table *t, char *text, size_t n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < t->n_kinds && used < n; i++)
		used += (size_t)snprintf(text + used, n - used, "%s[%s%s]", i ? ", " : "",
			t->kinds[i].name, t->kinds[i].named ? " NAME" : "");
	return text;
}

static const struct conf_kind *kind_find(const struct conf_table *t, struct span name)
{
	for (unsigned i = 0; i < t->n_kinds; i++)
		if (span_eq(name, span_str(t->kinds[i].name)))
			return &t->kinds[i];
	return NULL;
}

static const struct conf_section *twin_find(
	const struct conf_reader *ld, const struct conf_section *sec)
{
	for (const struct conf_section *s = ld->sections; s; s = s->next)
		if (s != sec && s->kind == sec->kind && strcmp(s->name, sec->name) == 0)
			return s;
	return NULL;
}

/* Kind and name of a new section. What is wrong with them leaves it without a kind, or twice. */
static void section_name(struct conf_reader *ld, struct conf_section *sec)
{
	struct span rest = span_str(sec->heading), kind;
	const struct conf_section *twin;
	char kinds[160];

	span_next(&rest, ' ', &kind);
	sec->kind = kind_find(ld->table, kind);
	sec->name = conf_strdup(ld, span_trim(rest));
	if (strlen(sec->heading) > HEADING_MAX)
		conf_key_error(ld, sec, sec->at.line, NULL,
			"the heading is too long, allowed: names of up to %u characters",
			CONF_NAME_MAX);
	else if (!sec->kind)
		conf_key_error(ld, sec, sec->at.line, NULL, "unknown section, allowed: %s",
			kinds_text(ld->table, kinds, sizeof(kinds)));
	else if (!sec->kind->named && *sec->name)
		conf_key_error(ld, sec, sec->at.line, NULL,
			"there is one only, without a name, allowed: [%s]", sec->kind->name);
	else if (sec->kind->named && !conf__name_ok(sec->name))
		conf_key_error(ld, sec, sec->at.line, NULL,
			"%s, allowed: up to %u letters, digits, '.', '_', '-'",
			*sec->name ? "the name is not valid" : "the name is missing",
			CONF_NAME_MAX);
	else if ((twin = twin_find(ld, sec)) != NULL)
		conf_key_error(ld, sec, sec->at.line, NULL,
			"given twice, first at %s:%u, allowed: once", twin->at.file, twin->at.line);
	else
		return;
	sec->twice = true;
	if (strlen(sec->heading) > HEADING_MAX)
		sec->kind = NULL;
	ld->plan_doubt |= !sec->kind; /* a misspelt one may have been a port */
}

static void section_add(struct conf_reader *ld, struct conf_where at, const char *heading)
{
	struct conf_section *sec;

	if (ld->n_sections == CONF__SECTIONS_MAX) {
		conf_error(ld, &at, "too many sections, allowed: %u", CONF__SECTIONS_MAX);
		ld->full = ld->plan_doubt = true;
		return;
	}
	ld->n_sections++;
	sec = conf_alloc(ld, sizeof(*sec));
	sec->at = at;
	sec->tail = &sec->lines;
	sec->heading = conf_strdup(ld, span_trim(span_str(heading)));
	ld->lost = false;
	*ld->tail = ld->current = sec;
	ld->tail = &sec->next;
	section_name(ld, sec);
}

/* One more file to read, named by an include at `at`. */
static void file_add(struct conf_reader *ld, struct conf_where at, const char *path)
{
	struct stat st;

	if (strlen(path) >= CONF__PATH_MAX || ld->n_files == CONF__FILES_MAX) {
		conf_error(ld, &at,
			"[global] include: too %s, allowed: %u files, paths of %u bytes",
			ld->n_files == CONF__FILES_MAX ? "many files" : "long a path",
			CONF__FILES_MAX, CONF__PATH_MAX - 1);
		ld->plan_doubt = true;
		return;
	}
	if (stat(path, &st) == 0) {
		for (unsigned i = 0; i < ld->n_files; i++) {
			if (ld->ids[i].dev != st.st_dev || ld->ids[i].ino != st.st_ino)
				continue;
			conf_error(
				ld, &at, "[global] include: %s is read twice, allowed: once", path);
			return;
		}
		ld->ids[ld->n_files].dev = st.st_dev;
		ld->ids[ld->n_files].ino = st.st_ino;
	}
	ld->included[ld->n_files] = at;
	ld->files[ld->n_files++] = conf_strdup(ld, span_str(path));
}

/* For glob: a directory that is not there holds nothing; one that cannot be read is an error. */
static int dir_error(const char *path, int code)
{
	return code != ENOENT && code != ENOTDIR;
}

/* The directory of file with its '/', as glob takes it literally, into out. The length. */
static size_t dir_quote(const char *file, char *out)
{
	const char *slash = strrchr(file, '/');
	size_t n = 0;

	for (const char *p = file; slash && p <= slash; p++) {
		if (strchr("*?[]\\", *p))
			out[n++] = '\\';
		out[n++] = *p;
	}
	return n;
}

/*
 * The files are read after this one. [global] is given only once, so an included file cannot
 * include: no loops, no depth.
 */
static void include(struct conf_reader *ld, struct conf_where at, const char *pattern)
{
	char path[2 * CONF__PATH_MAX + CONF__LINE_MAX];
	glob_t found;
	int rc;

	if (ld->from_text) {
		conf_error(
			ld, &at, "[global] include: only a file includes, allowed: nothing here");
		return;
	}
	snprintf(path, sizeof(path), "%s", pattern);
	if (pattern[0] != '/')
		strcpy(path + dir_quote(at.file, path), pattern);
	rc = glob(path, 0, dir_error, &found);
	if (rc == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			file_add(ld, at, found.gl_pathv[i]);
		globfree(&found);
	} else if (rc != GLOB_NOMATCH || !strpbrk(pattern, "*?[")) {
		conf_error(ld, &at, "[global] include: %s: %s, allowed: %s", path,
			rc == GLOB_NOMATCH ? "no such file" : "cannot be listed", INCLUDE_HELP);
		ld->plan_doubt = true;
	}
}

static void line_add(struct conf_reader *ld, struct conf_where at, const struct parsed *p)
{
	struct conf_section *sec = ld->current;
	const struct conf_key *key;
	struct conf_line *line;

	if (ld->lost)
		return;
	if (!sec) {
		conf_error(ld, &at, "%.64s: outside a section, allowed: after a [section]", p->key);
		return;
	}
	if (ld->n_lines++ == CONF__LINES_MAX) {
		conf_error(ld, &at, "too many keys, allowed: %u", CONF__LINES_MAX);
		ld->full = ld->plan_doubt = true;
		return;
	}
	line = conf_alloc(ld, sizeof(*line));
	line->key = conf_strdup(ld, span_str(p->key));
	line->value = conf_strdup(ld, span_str(p->value));
	line->line = at.line;
	*sec->tail = line;
	sec->tail = &line->next;
	key = sec->kind ? conf__key_find(sec->kind, p->key) : NULL;
	if (key && key->parse == conf_value_include && !sec->twice && *p->value)
		include(ld, at, p->value);
}

/* text: a line that begins with '[' but for white space. */
static void heading_read(struct conf_reader *ld, struct conf_where at, const char *text)
{
	const char *end = strchr(text, ']');
	char more[CONF__LINE_MAX + 8];
	struct parsed p = {0};

	/* inih speaks of a section only when it has a key, so it gets one */
	snprintf(more, sizeof(more), "%s\n=\n", text);
	ld->lost = true;
	if (end && end[1 + strspn(end + 1, " \t")] &&
		!strchr(";#", end[1 + strspn(end + 1, " \t")]))
		conf_error(ld, &at, "text after the heading, allowed: [section]");
	else if (ini_parse_string(more, parsed_set, &p) == 0)
		section_add(ld, at, p.section);
	else
		conf_error(ld, &at, "the heading does not end, allowed: [section]");
	ld->plan_doubt |= ld->lost;
}

static void line_read(struct conf_reader *ld, struct conf_where at, struct span line)
{
	char text[CONF__LINE_MAX + 1];
	struct parsed p = {0};

	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (line.n > CONF__LINE_MAX) {
		conf_error(ld, &at, "the line is too long, allowed: %u bytes", CONF__LINE_MAX);
		return;
	}
	for (size_t i = 0; i < line.n; i++) {
		if (!iscntrl((unsigned char)line.p[i]) || line.p[i] == '\t')
			continue;
		conf_error(ld, &at, "control character 0x%02x, allowed: text", line.p[i]);
		return;
	}
	snprintf(text, sizeof(text), "%.*s", (int)line.n, line.n ? line.p : "");
	if (text[strspn(text, " \t")] == '[')
		heading_read(ld, at, text + strspn(text, " \t"));
	else if (ini_parse_string(text, parsed_set, &p) != 0 || (p.hit && !*p.key))
		conf_error(ld, &at, "neither a heading nor a key, allowed: [section], key = value");
	else if (p.hit)
		line_add(ld, at, &p);
}

static void text_read(struct conf_reader *ld, const char *file, const char *text, size_t n)
{
	struct conf_where at = {.file = file};

	ld->current = NULL;
	ld->lost = false;
	if (n > CONF__TEXT_MAX - ld->text) {
		ld->full = ld->plan_doubt = true;
		conf_error(ld, &at, "too large, allowed: %u bytes in all files", CONF__TEXT_MAX);
		return;
	}
	ld->text += n;
	if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3, n -= 3;
	while (n && !ld->full) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;

		at.line++;
		line_read(ld, at, (struct span){text, len});
		len += end != NULL;
		text += len;
		n -= len;
	}
}

/* All of a regular file into buf (CONF__TEXT_MAX + 1 bytes). The size or -errno. */
static ssize_t file_slurp(const char *path, char *buf)
{
	/* not to wait for the other end of a FIFO */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t used = 0, got = 1;
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		got = -errno;
	else if (!S_ISREG(st.st_mode))
		got = S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	while (got > 0 && used <= CONF__TEXT_MAX) {
		got = read(fd, buf + used, (size_t)(CONF__TEXT_MAX + 1 - used));
		if (got < 0)
			got = errno == EINTR ? 1 : -errno;
		else
			used += got;
	}
	close(fd);
	return got < 0 ? got : used;
}

static void file_read(struct conf_reader *ld, unsigned i, char *buf)
{
	ssize_t n = file_slurp(ld->files[i], buf);

	ld->plan_doubt |= n < 0;
	if (n >= 0)
		text_read(ld, ld->files[i], buf, (size_t)n);
	else if (i == 0)
		conf_error(ld, NULL, "%s: cannot be read: %s", ld->files[i], strerror((int)-n));
	else
		conf_error(ld, &ld->included[i],
			"[global] include: %s: cannot be read: %s, allowed: %s", ld->files[i],
			strerror((int)-n), INCLUDE_HELP);
}

void conf__read(struct conf_reader *ld, const char *text, size_t n)
{
	struct stat st;
	char *buf;

	inih_setup();
	if (text) {
		text_read(ld, ld->files[0], text, n);
		return;
	}
	buf = malloc(CONF__TEXT_MAX + 1);
	if (!buf) {
		conf_error(ld, NULL, "%s: no memory to read it", ld->files[0]);
		return;
	}
	if (stat(ld->files[0], &st) == 0) {
		ld->ids[0].dev = st.st_dev;
		ld->ids[0].ino = st.st_ino;
	}
	for (unsigned i = 0; i < ld->n_files && !ld->full; i++)
		file_read(ld, i, buf);
	free(buf);
}
