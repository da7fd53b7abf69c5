/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The reader behind conf_load() for another program's file: an INI by a table of its kinds of
 * section and their keys, with the same units, lists, includes and complaints. The table's root
 * struct is one allocation with all that its fields point to.
 *
 * A load reports all it finds. What a key allows is looked at first; the table's own check, which
 * sees the whole, leaves alone what was found bad before (conf_key_ok).
 */
#ifndef CONF_CONF_TABLE_H
#define CONF_CONF_TABLE_H

#include "base/span.h"
#include "conf/conf.h"

#define CONF_KINDS_MAX 12

struct conf_reader;
struct conf_section;
struct conf_value;

/* One key of one kind of section. */
struct conf_key {
	const char *name;
	int (*parse)(struct conf_value *v); /* 0, or conf_bad() */
	uint32_t offset, size; /* of the field in the section's struct; 0, 0: parse knows */
	uint64_t min, max;     /* of numbers, in the field's unit */
	const char *def;       /* as the operator would write it; NULL: zeroed */
	const char *help;      /* what is allowed beyond min to max; of words: the enum in order */
	bool required;
	bool list;   /* commas and repeated keys add up; parse sees one item at a time */
	bool repeat; /* the key may come again; parse sees the whole value */
};

/* For a key's offset and size, and for those that have neither. */
#define CONF_FIELD(s, f) offsetof(struct s, f), sizeof(((struct s *)0)->f)
#define CONF_NOFIELD     0, 0

/* A section that exists without being written, with this one line. */
struct conf_preset {
	const char *name, *key, *value;
};

/* One kind of section. */
struct conf_kind {
	const char *name;
	const struct conf_key *keys;
	unsigned n_keys; /* at most 64: a section keeps a bit for each */
	bool named;
	unsigned max;          /* sections of this kind */
	uint32_t size;         /* of the struct */
	uint32_t where, title; /* its fields `at` and, if named, `name` */
	uint32_t array, count; /* fields of the root; unnamed: array is the struct itself */
	/* before the section's values are parsed; may be NULL */
	void (*begin)(struct conf_reader *rd, struct conf_section *sec);
	const struct conf_preset *presets; /* behind those of the file; or NULL */
	unsigned n_presets;
};

/* The tail of a kind: [kind NAME] as array a and count n_a of root r, or [kind] as its field f. */
#define CONF_ARRAY(s, r, a)                                                                        \
	sizeof(struct s), offsetof(struct s, at), offsetof(struct s, name), offsetof(struct r, a), \
		offsetof(struct r, n_##a)
#define CONF_SINGLE(s, r, f) sizeof(struct s), offsetof(struct s, at), 0, offsetof(struct r, f), 0

/* The first kinds of every table; [port NAME] is struct conf_port. */
enum { CONF_KIND_GLOBAL, CONF_KIND_PORT };

struct conf_table {
	const struct conf_kind *kinds;
	unsigned n_kinds;                      /* at most CONF_KINDS_MAX */
	uint32_t size;                         /* of the root */
	void (*check)(struct conf_reader *rd); /* what only the whole can tell */
};

struct conf_line {
	struct conf_line *next;
	const char *key, *value;
	unsigned line;
	const struct conf_key *known; /* NULL until build finds it, and where there is none */
};

struct conf_section {
	struct conf_section *next;
	const struct conf_kind *kind; /* NULL: unknown, its lines are not looked at */
	const char *name;             /* "" when the kind has none */
	const char *heading;          /* as in the file, without brackets */
	struct conf_where at;
	struct conf_line *lines, **tail;
	bool twice;        /* its name was taken: parsed, not cross-checked */
	uint64_t bad_keys; /* by index: an error was found in it, or it is missing */
	void *obj;
};

/* A value on its way into a field. */
struct conf_value {
	struct conf_reader *ld;
	struct conf_section *sec;
	const struct conf_key *key;
	const char *text;
	unsigned line;
	void *obj, *field;
};

/* As conf_load() and conf_parse_text(): the root, or NULL and errors. Ends with conf_table_free().
 */
void *conf_table_load(const struct conf_table *t, const char *path, struct conf_errors *errs);
void *conf_table_parse(const struct conf_table *t, const char *name, const char *text, size_t n,
	struct conf_errors *errs);
void conf_table_free(void *root); /* NULL is fine */

/* ---- for parsers of values and for checks ---- */

/* Zeroed bytes that live as long as the root. Never NULL. */
void *conf_alloc(struct conf_reader *ld, size_t n);
const char *conf_strdup(struct conf_reader *ld, struct span text);

/* "file:line: " and the text. at NULL: the text alone. */
void conf_error(struct conf_reader *ld, const struct conf_where *at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "file:line: [section] key: " and the text; marks the key bad. key may be NULL. */
void conf_key_error(struct conf_reader *ld, struct conf_section *sec, unsigned line,
	const char *key, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* The same for the value at hand, ", allowed: ..." added. Returns -EINVAL. */
int conf_bad(struct conf_value *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

void *conf_root(const struct conf_reader *ld);
/* Section i of a kind, in the order of the root's array; NULL behind the last. */
struct conf_section *conf_section_at(const struct conf_reader *ld, unsigned kind, unsigned i);
bool conf_key_ok(const struct conf_section *sec, const char *key);
/* Does the file give it? A default does not count. */
bool conf_key_given(const struct conf_section *sec, const char *key);
/* The line that gave the i-th item of a list, or the only value (i 0) of a key. */
unsigned conf_line_of(const struct conf_section *sec, const char *key, unsigned i);

/* The checks of [port NAME]: devices of their own, subnets that do not meet, gateways on-link. */
void conf_check_ports(struct conf_reader *ld);
/* The port that has a as its own address, or NULL. */
const struct conf_port *conf_port_with(
	const struct conf_port *ports, unsigned n, const struct ip_addr *a);
/* Is a on-link, or behind a gateway, of this port? */
bool conf_port_reaches(const struct conf_port *p, const struct ip_addr *a);

/* Keys that other files have as well. */
#define CONF_PORT_KEYS        7
#define CONF_TCP_KEYS         6
#define CONF_CERTIFICATE_KEYS 3
extern const struct conf_key conf_port_keys[CONF_PORT_KEYS], conf_tcp_keys[CONF_TCP_KEYS],
	conf_certificate_keys[CONF_CERTIFICATE_KEYS];

/* Numbers with a unit: digits and one of the names. 0, -EINVAL, or -ERANGE beyond 64 bits. */
int conf_bytes_parse(const char *text, uint64_t *out);

int conf_value_number(struct conf_value *v);  /* unsigned, any size of field */
int conf_value_ms(struct conf_value *v);      /* "250ms", "5s", "2m", "1h" -> uint32_t ms */
int conf_value_ms_off(struct conf_value *v);  /* the same, or "off": 0 */
int conf_value_bytes(struct conf_value *v);   /* "1500", "64K", "4G" -> bytes */
int conf_value_percent(struct conf_value *v); /* "50%", "50 %" -> 50 */
int conf_value_bool(struct conf_value *v);    /* "yes", "no" */
int conf_value_word(struct conf_value *v);    /* one of help's words -> enum */
int conf_value_bit(struct conf_value *v);     /* the same in a list -> 1 << enum, in uint32_t */
int conf_value_text(struct conf_value *v);    /* not empty */
int conf_value_name(struct conf_value *v);
int conf_value_path(struct conf_value *v); /* absolute, fits a socket address */
int conf_value_mac(struct conf_value *v);
int conf_value_file(struct conf_value *v); /* a path, relative to the file's directory */
int conf_value_host(struct conf_value *v); /* a DNS name */
int conf_value_addr(struct conf_value *v); /* of a next hop */
int conf_value_endpoint(struct conf_value *v);
/* one item of a list of struct conf_tls */
int conf_value_version(struct conf_value *v);
int conf_value_cipher(struct conf_value *v);
int conf_value_group(struct conf_value *v);
int conf_value_include(struct conf_value *v); /* nothing: the reader has done it */

#endif
