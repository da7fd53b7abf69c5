/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One load goes through three stages, each of which reports all it finds and lets the next go on:
 *
 *	read	files -> sections of lines (text, by inih)		conf_read.c
 *	build	lines -> the structs of conf.h, by conf_keys.c's tables	conf_build.c, conf_value.c
 *	check	what only the whole can tell: references, addresses	conf_check.c
 *
 * A stage does not look at what an earlier one found bad, so that one mistake gives one line.
 */
#ifndef CONF_CONF_PRIV_H
#define CONF_CONF_PRIV_H

#include <stdarg.h>

#include "base/span.h"
#include "conf/conf.h"

/* Limits of the input. Together they bound the arena, so that allocating from it cannot fail. */
#define CONF__TEXT_MAX     (1024 * 1024) /* bytes of all files */
#define CONF__LINE_MAX     1000          /* bytes of one line */
#define CONF__LINES_MAX    16384         /* of "key = value" */
#define CONF__SECTIONS_MAX 1024
#define CONF__FILES_MAX    64
#define CONF__PATH_MAX     1024
#define CONF__ERRORS_MAX   100
#define CONF__ALLOWED_MAX  320 /* text of what a key allows */

struct conf__load;
struct conf__value;

/* One key of one kind of section. */
struct conf__key {
	const char *name;
	int (*parse)(struct conf__value *v);
	uint32_t offset, size; /* of the field in the section's struct; 0, 0: parse knows */
	uint64_t min, max;     /* of numbers, in the field's unit */
	const char *def;       /* as the operator would write it; NULL: zeroed */
	const char *help;      /* what is allowed beyond min to max; of words: the enum in order */
	bool required;
	bool list;   /* commas and repeated keys add up; parse sees one item at a time */
	bool repeat; /* the key may come again; parse sees the whole value */
};

enum conf__kind_id {
	KIND_GLOBAL,
	KIND_PORT,
	KIND_ROUTE,
	KIND_LISTENER,
	KIND_POOL,
	KIND_TCP,
	KINDS
};

/* One kind of section. */
struct conf__kind {
	const char *name;
	const struct conf__key *keys;
	unsigned n_keys; /* at most 32: a section keeps a bit for each */
	bool named;
	unsigned max;          /* sections of this kind */
	uint32_t size;         /* of the struct */
	uint32_t where, title; /* its fields `at` and, if named, `name` */
	uint32_t array, count; /* fields of struct conf; unnamed: array is the struct itself */
};

extern const struct conf__kind conf__kinds[KINDS];

struct conf__line {
	struct conf__line *next;
	const char *key, *value;
	unsigned line;
	const struct conf__key *known; /* NULL until build finds it, and where there is none */
};

struct conf__section {
	struct conf__section *next;
	const struct conf__kind *kind; /* NULL: unknown, its lines are not looked at */
	const char *name;              /* "" when the kind has none */
	const char *heading;           /* as in the file, without brackets */
	struct conf_where at;
	struct conf__line *lines, **tail;
	bool twice;        /* its name was taken: parsed, not cross-checked */
	uint32_t bad_keys; /* by index: an error was found in it, or it is missing */
	void *obj;
};

struct conf__load {
	struct conf *conf; /* the arena's first bytes */
	uint8_t *arena;
	size_t used;
	struct conf_errors *errs;
	const char *files[CONF__FILES_MAX]; /* in order of reading */
	struct {
		uint64_t dev, ino;
	} ids[CONF__FILES_MAX];
	struct conf_where included[CONF__FILES_MAX]; /* by which line; the first: by none */
	unsigned n_files;
	bool from_text; /* no file system */
	size_t text;    /* bytes read so far */
	unsigned n_lines, n_sections;
	struct conf__section *sections, **tail;
	struct conf__section *current;         /* being read */
	struct conf__section **by_kind[KINDS]; /* same order as the arrays of struct conf */
	unsigned n_kind[KINDS];
	bool plan_known; /* the check knows all addresses of ports and routes */
	bool plan_doubt; /* what could not be read may have been a port or a route */
	bool lost;       /* behind a heading that cannot be read: whose are these lines? */
	bool full;       /* a limit was met: reading stops */
	bool checking;   /* the last stage: a key found bad now was good by itself */
	bool failed;     /* an error was found, even if there was no room to list it */
};

/* A value on its way into a field. */
struct conf__value {
	struct conf__load *ld;
	struct conf__section *sec;
	const struct conf__key *key;
	const char *text;
	unsigned line;
	void *obj, *field;
};

/* Zeroed bytes that live as long as the snapshot. Never NULL. */
void *conf__alloc(struct conf__load *ld, size_t n);
const char *conf__strdup(struct conf__load *ld, struct span text);

/* "file:line: " and the text. at NULL: the text alone. */
void conf__error(struct conf__load *ld, const struct conf_where *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* "file:line: [section] key: " and the text; marks the key bad. key may be NULL. */
void conf__key_error(struct conf__load *ld, struct conf__section *sec, unsigned line,
	const char *key, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* The same for the value at hand, ", allowed: ..." added. Returns -EINVAL. */
int conf__bad(struct conf__value *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What key allows, as the operator should read it; into text of CONF__ALLOWED_MAX. Returns text. */
const char *conf__allowed(const struct conf__key *key, char *text);

void conf__errors_sort(struct conf_errors *errs);

/* Up to CONF_NAME_MAX of letters, digits, '.', '_', '-', a letter or digit first. */
bool conf__name_ok(const char *name);

bool conf__key_ok(const struct conf__section *sec, const char *key);
const struct conf__key *conf__key_find(const struct conf__kind *kind, const char *name);
/* Does the file give it? A default does not count. */
bool conf__key_given(const struct conf__section *sec, const char *key);
/* The line that gave the i-th item of a list, or the only value (i 0) of a key. */
unsigned conf__line_of(const struct conf__section *sec, const char *key, unsigned i);

/* The stages. Read takes the first file from ld->files[0], or text when it is not NULL. */
void conf__read(struct conf__load *ld, const char *text, size_t n);
void conf__build(struct conf__load *ld);
void conf__check(struct conf__load *ld);

/* Parsers of values for the tables. 0 or -EINVAL, the error reported. */
int conf__parse_number(struct conf__value *v); /* unsigned, any size of field */
int conf__parse_ms(struct conf__value *v);     /* "250ms", "5s", "2m", "1h" -> uint32_t ms */
int conf__parse_ms_off(struct conf__value *v); /* the same, or "off": 0 */
int conf__parse_bytes(struct conf__value *v);  /* "1500", "64K", "4G" -> bytes */
int conf__parse_bool(struct conf__value *v);   /* "yes", "no" */
int conf__parse_word(struct conf__value *v);   /* one of help's words -> enum */
int conf__parse_text(struct conf__value *v);   /* not empty */
int conf__parse_name(struct conf__value *v);
int conf__parse_path(struct conf__value *v);  /* absolute, fits a socket address */
int conf__parse_cores(struct conf__value *v); /* one item of global.workers */
int conf__parse_mac(struct conf__value *v);
int conf__parse_addr(struct conf__value *v); /* of a next hop */
int conf__parse_endpoint(struct conf__value *v);
int conf__parse_target(struct conf__value *v); /* prefix without host bits */
int conf__parse_port_address(struct conf__value *v);
int conf__parse_port_gateway(struct conf__value *v);
int conf__parse_listen_address(struct conf__value *v);
int conf__parse_member(struct conf__value *v);
int conf__parse_include(struct conf__value *v); /* nothing: the reader has done it */

#endif
