/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One load goes through three stages, each of which reports all it finds and lets the next go on:
 *
 *	read	files -> sections of lines (text, by inih)	conf_read.c
 *	build	lines -> the structs of the table	conf_build.c, conf_value.c
 *	check	what only the whole can tell: references, addresses	conf_check.c
 *
 * A stage does not look at what an earlier one found bad, so that one mistake gives one line.
 */
#ifndef CONF_CONF_PRIV_H
#define CONF_CONF_PRIV_H

#include <stdarg.h>

#include "conf/conf_table.h"

/* Limits of the input. Together they bound the arena, so that allocating from it cannot fail. */
#define CONF__TEXT_MAX     (1024 * 1024) /* bytes of all files */
#define CONF__LINE_MAX     1000          /* bytes of one line */
#define CONF__LINES_MAX    16384         /* of "key = value" */
#define CONF__SECTIONS_MAX 1024
#define CONF__FILES_MAX    64
#define CONF__PATH_MAX     1024
#define CONF__ERRORS_MAX   100
#define CONF__ALLOWED_MAX  320 /* text of what a key allows */
#define CONF__FILE_KEYS    3   /* most keys of a section that name a file */

#define CONF__ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

enum conf__kind_id {
	KIND_GLOBAL = CONF_KIND_GLOBAL,
	KIND_PORT = CONF_KIND_PORT,
	KIND_STATIC,
	KIND_LISTENER,
	KIND_ROUTE,
	KIND_POOL,
	KIND_CHECK,
	KIND_CERTIFICATE,
	KIND_TLS,
	KIND_TCP,
	KINDS
};

/* The table of struct conf. */
extern const struct conf_table conf__table;

struct conf_reader {
	const struct conf_table *table;
	void *root; /* the arena's first bytes */
	uint8_t *arena;
	size_t used, size; /* of the arena, bytes */
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
	struct conf_section *sections, **tail;
	struct conf_section *current;                  /* being read */
	struct conf_section **by_kind[CONF_KINDS_MAX]; /* same order as the arrays of the root */
	unsigned n_kind[CONF_KINDS_MAX];
	bool plan_known; /* the check knows all addresses of ports and routes */
	bool plan_doubt; /* what could not be read may have been a port or a route */
	bool lost;       /* behind a heading that cannot be read: whose are these lines? */
	bool full;       /* a limit was met: reading stops */
	bool checking;   /* the last stage: a key found bad now was good by itself */
	bool failed;     /* an error was found, even if there was no room to list it */
};

/* What key allows, as the operator should read it; into text of CONF__ALLOWED_MAX. Returns text. */
const char *conf__allowed(const struct conf_key *key, char *text);

void conf__errors_sort(struct conf_errors *errs);

/* Up to CONF_NAME_MAX of letters, digits, '.', '_', '-', a letter or digit first. */
bool conf__name_ok(const char *name);

const struct conf_key *conf__key_find(const struct conf_kind *kind, const char *name);

/* The stages. Read takes the first file from ld->files[0], or text when it is not NULL. */
void conf__read(struct conf_reader *ld, const char *text, size_t n);
void conf__build(struct conf_reader *ld);
void conf__check(struct conf_reader *ld); /* of struct conf */

/* One change by the shell, between read and build. */
void conf__edit(struct conf_reader *ld, const struct conf_edit *edit);
/* The lines of the file into the snapshot. */
void conf__settings(struct conf_reader *ld);

/* The lines of one section of a snapshot. */
struct conf__part {
	const struct conf_setting *line;
	unsigned n;
};
/* Of this heading; n is 0 when there is none. */
struct conf__part conf__part_find(const struct conf *c, const char *section);
/* That begins with setting i. */
struct conf__part conf__part_at(const struct conf *c, unsigned i);
/* Line i of those that give the key, or NULL. */
const struct conf_setting *conf__part_line(
	const struct conf__part *part, const char *key, unsigned i);

/* The index of the section of this kind that a line of a key names; their number when there is
 * none, and that is an error. */
unsigned conf__find(struct conf_reader *ld, unsigned kind, struct conf_section *sec,
	const char *key, unsigned line, const char *name);

/* A key that is given although what it is about is not: an error. */
void conf__stray(
	struct conf_reader *ld, struct conf_section *sec, const char *key, const char *without);
/* A key that is not given although `with` is: an error. */
void conf__need(
	struct conf_reader *ld, struct conf_section *sec, const char *key, const char *with);

/* Its parts about the choice of members, and their health. */
void conf__check_global(struct conf_reader *ld);
void conf__check_routes(struct conf_reader *ld);
void conf__check_checks(struct conf_reader *ld);
/* A line of a key of a listener leads to this pool, and no request is looked at. */
void conf__check_bare_pool(struct conf_reader *ld, struct conf_section *sec, const char *key,
	unsigned line, unsigned pool);
void conf__check_pool_choice(struct conf_reader *ld, struct conf_section *sec);

/* Its parts about TLS. */
void conf__check_listener_tls(struct conf_reader *ld, struct conf_section *sec);
void conf__check_listener_sni(struct conf_reader *ld, struct conf_section *sec);
void conf__check_pool_tls(struct conf_reader *ld, struct conf_section *sec);
void conf__check_tls(struct conf_reader *ld);

/* "3" or "1-5" more of a list of cores, no core twice. 0 or -EINVAL, the error reported. */
int conf__cores_add(struct conf_value *v, uint16_t *core, unsigned *n, unsigned max);

/* Parsers of values that only struct conf has. 0 or -EINVAL, the error reported. */
int conf_value_cores(struct conf_value *v);  /* one item of global.workers */
int conf_value_target(struct conf_value *v); /* prefix without host bits */
int conf_value_port_address(struct conf_value *v);
int conf_value_port_gateway(struct conf_value *v);
int conf_value_listen_address(struct conf_value *v);
int conf_value_member(struct conf_value *v);
int conf_value_server_name(struct conf_value *v);
int conf_value_certificate(struct conf_value *v); /* one item of listener.certificate */
int conf_value_handshake_cores(struct conf_value *v);
int conf_value_domain(struct conf_value *v); /* one item of listener.domain */
/* [route] and [check]; those of patterns take one item of struct conf_patterns */
int conf_value_pattern(struct conf_value *v);
int conf_value_host_pattern(struct conf_value *v);
int conf_value_method_pattern(struct conf_value *v);
int conf_value_operation(struct conf_value *v);
int conf_value_route_listener(struct conf_value *v);
int conf_value_source(struct conf_value *v);
int conf_value_header(struct conf_value *v);
int conf_value_redirect(struct conf_value *v);
int conf_value_method(struct conf_value *v);
int conf_value_target_path(struct conf_value *v);
int conf_value_authority(struct conf_value *v);
int conf_value_status(struct conf_value *v);
int conf_value_bucket(struct conf_value *v);
int conf_value_prefix(struct conf_value *v);

/* Zeroed room for what this key's lines say: items of a list or whole lines, at most max. */
void *conf__items_alloc(struct conf_reader *ld, const struct conf_section *sec, const char *key,
	size_t size, unsigned max);
/* What lies apart from its section's struct. */
void conf__pool_begin(struct conf_reader *ld, struct conf_section *sec);
void conf__listener_begin(struct conf_reader *ld, struct conf_section *sec);
void conf__route_begin(struct conf_reader *ld, struct conf_section *sec);

#endif
