/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How an answer is made: ctl_request parses the line, ctl_command finds the row of the table, a
 * ctl_show_* fills a ctl_doc (typed cells), ctl_render turns it into aligned text or JSON. So every
 * show has both, and none formats anything itself.
 */
#ifndef CTL_CTL_PRIV_H
#define CTL_CTL_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/ip.h"
#include "base/span.h"
#include "conf/conf.h"
#include "ctl/ctl.h"
#include "lb/lb.h"
#include "port/port.h"
#include "stat/stat.h"
#include "tls/tls_ctx.h"
#include "tls/tls_hs.h"

/* ---- ctl_text: bytes that grow ---- */

#define CTL_TEXT_MAX (8u << 20) /* bytes; more is a failure, never more memory */

/* Zeroed is empty. Once failed (no memory, over the limit) it takes nothing more. */
struct ctl_text {
	char *p; /* not NUL-terminated; NULL when cap is 0 */
	size_t n, cap;
	bool failed;
};

void ctl__text_put(struct ctl_text *t, const void *data, size_t n);
void ctl__text_str(struct ctl_text *t, const char *s);
void ctl__text_printf(struct ctl_text *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void ctl__text_fini(struct ctl_text *t);

/* ---- ctl_json: strict JSON (RFC 8259) ---- */

#define CTL_JSON_DEPTH 8

/* Zeroed but for out. Commas and colons are its own business. */
struct ctl_json {
	struct ctl_text *out;
	unsigned depth;
	bool some[CTL_JSON_DEPTH]; /* the open object or array has an element */
	bool key;                  /* a key was just written */
};

void ctl__json_open(struct ctl_json *j, char bracket); /* '{' or '[' */
void ctl__json_close(struct ctl_json *j, char bracket);
void ctl__json_key(struct ctl_json *j, struct span key);
/* Invalid UTF-8 becomes U+FFFD. */
void ctl__json_string(struct ctl_json *j, struct span s);
void ctl__json_uint(struct ctl_json *j, uint64_t v);
void ctl__json_double(struct ctl_json *j, double v); /* not finite: null */
void ctl__json_bool(struct ctl_json *j, bool v);
void ctl__json_null(struct ctl_json *j);

/* ---- ctl_doc: what an answer says ---- */

enum ctl_kind {
	CTL_NONE, /* "-", null */
	CTL_OFF,  /* "off", null */
	CTL_STRING,
	CTL_LIST, /* strings joined by ", "; an array */
	CTL_COUNT,
	CTL_BYTES,   /* "1.5 GiB"; the number of bytes */
	CTL_MS,      /* milliseconds */
	CTL_US,      /* microseconds */
	CTL_SECONDS, /* "3d 04:05:06" */
	CTL_PERCENT, /* whole ones: "50%" */
	CTL_REAL,    /* "12.3" */
	CTL_SHARE,   /* 0..1: "12.3 %"; the fraction */
	CTL_BOOL,    /* "yes", "no" */
};

struct ctl_cell {
	enum ctl_kind kind;
	uint32_t len; /* CTL_STRING, CTL_LIST: bytes at `at` of the doc's strings */
	union {
		size_t at;
		uint64_t u;
		double f;
	};
};

struct ctl_column {
	const char *key;  /* in JSON */
	const char *head; /* in text; NULL: the key, with spaces */
};

enum ctl_layout {
	CTL_TABLE,  /* one line a row; an array of objects */
	CTL_RECORD, /* exactly one row, one line a cell; an object */
	/* As in the operator's file, "[key NAME]" and lines of "key = value", with - for _. No line
	 * for CTL_NONE, one for each item of a list. */
	CTL_BLOCK,  /* exactly one row, no name; an object */
	CTL_BLOCKS, /* column 0 is the name; an array of objects */
};

struct ctl_section {
	const char *key;
	enum ctl_layout layout;
	const struct ctl_column *columns;
	unsigned n_columns;
	size_t first, n; /* its cells; n is a multiple of n_columns once complete */
};

#define CTL_SECTIONS 12
#define CTL_COLUMNS  48

/* Zeroed is empty. Cells are appended row by row to the last section. */
struct ctl_doc {
	struct ctl_section section[CTL_SECTIONS];
	unsigned n_sections;
	struct ctl_text cells; /* struct ctl_cell, packed */
	struct ctl_text strings;
};

#define CTL_SECTION(doc, key, layout, cols)                                                        \
	ctl__doc_section(doc, key, layout, cols, sizeof(cols) / sizeof((cols)[0]))

/* key and columns are static. */
void ctl__doc_section(struct ctl_doc *d, const char *key, enum ctl_layout layout,
	const struct ctl_column *columns, unsigned n);
void ctl__doc_none(struct ctl_doc *d);
void ctl__doc_string(struct ctl_doc *d, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Items joined by '\n'. */
void ctl__doc_list(struct ctl_doc *d, const struct ctl_text *items);
void ctl__doc_number(struct ctl_doc *d, enum ctl_kind kind, uint64_t v);
void ctl__doc_real(struct ctl_doc *d, enum ctl_kind kind, double v);
void ctl__doc_addr(struct ctl_doc *d, const struct ip_addr *a);
void ctl__doc_endpoint(struct ctl_doc *d, const struct ip_endpoint *e);
/* bits as in struct conf_prefix. */
void ctl__doc_prefix(struct ctl_doc *d, const struct ip_addr *a, unsigned bits);
void ctl__doc_prefixes(struct ctl_doc *d, const struct conf_prefix *p, unsigned n);
void ctl__doc_endpoints(struct ctl_doc *d, const struct ip_endpoint *p, unsigned n);
/* Cell i of section s. */
struct ctl_cell ctl__doc_cell(const struct ctl_doc *d, const struct ctl_section *s, size_t i);
void ctl__doc_fini(struct ctl_doc *d);

/* ---- ctl_render ---- */

/* Failures of d or of no memory leave out->failed set. */
void ctl__render_text(const struct ctl_doc *d, struct ctl_text *out);
void ctl__render_json(const struct ctl_doc *d, struct ctl_text *out);

/* ---- ctl_request: one line from a client ---- */

#define CTL_LINE_MAX  1024 /* bytes of a request, newline included */
#define CTL_WORDS_MAX 8

struct ctl_request {
	bool json;
	bool open; /* the line ends with white space: a completion begins a new word */
	unsigned n;
	struct span word[CTL_WORDS_MAX]; /* in the caller's line */
};

/* Bytes of a client's word that an error quotes ("%.*s"). */
static inline int ctl__shown(struct span word)
{
	return word.n < 64 ? (int)word.n : 64;
}

/* Parse one line without its newline. 0, or -EINVAL with the reason in *e. */
int ctl__request_parse(struct span line, struct ctl_request *r, struct err *e);

/* ---- ctl_command: the table ---- */

/* A worker's load over the last full second, sampled by ctl.c. */
struct ctl_load {
	uint64_t busy, idle, sleep; /* cycles, as of the last sample */
	bool sampled;
	double share; /* busy / (busy + idle + sleep) of the last second; < 0: not known yet */
	struct ctl_work {
		uint64_t cycles, packets;
	} at[CTL_STAGES], second[CTL_STAGES]; /* stages, as of the last sample; of its second */
};

/* What commands see. */
struct ctl_core {
	struct ctl_system sys;
	struct ctl_load load[CONF_WORKERS_MAX];
};

enum ctl_arg { CTL_ARG_NONE, CTL_ARG_POOL, CTL_ARG_LIMIT, CTL_ARG_ALL, CTL_ARG_WORDS };

struct ctl_command {
	const char *word[2];  /* verb and noun; noun may be NULL */
	const char *arg_text; /* "NAME", "[LIMIT]"; NULL: none */
	const char *help;
	enum ctl_arg arg;
	bool needs_arg;
	/* arg is empty when not given. 0, or -errno with *e set. */
	int (*run)(
		const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e);
};

/* The row that r names (unambiguous abbreviations included) and its argument, or NULL and *e says
 * which word is wrong and what was expected there. */
const struct ctl_command *ctl__command_find(
	const struct ctl_request *r, struct span *arg, struct err *e);
/* What may stand where the last word of r stands, one a line. r->word[0] is "complete". */
void ctl__command_complete(
	const struct ctl_core *core, const struct ctl_request *r, struct ctl_text *out);
/* Answer one line: true (ok) or false (error); *out is the text in both cases. */
bool ctl__command_run(const struct ctl_core *core, struct span line, struct ctl_text *out);

/* Sample the load of all workers, about once a second. */
void ctl__load_sample(struct ctl_core *core);

/* ---- ctl_show_*: the nouns; run() of the table ---- */

#define CTL_SHOW(noun)                                                                             \
	int ctl__show_##noun(                                                                      \
		const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
CTL_SHOW(version);
CTL_SHOW(ports);
CTL_SHOW(workers);
CTL_SHOW(cycles);
CTL_SHOW(listeners);
CTL_SHOW(pools);
CTL_SHOW(pool);
CTL_SHOW(connections);
CTL_SHOW(routes);
CTL_SHOW(neighbours);
CTL_SHOW(counters);
CTL_SHOW(memory);
CTL_SHOW(config);
CTL_SHOW(tls);
CTL_SHOW(certificates);
int ctl__reload_certificates(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e);

/* ---- ctl_counters: all libraries, summed over workers ---- */

#define CTL_COUNTERS_LIBS 16
#define CTL_COUNTERS_MAX  128 /* of one library */

struct ctl_counters {
	unsigned n;
	struct ctl_counters_lib {
		struct stat_block block; /* of the first that was met; values = sum */
		uint64_t sum[CTL_COUNTERS_MAX];
	} lib[CTL_COUNTERS_LIBS];
};

void ctl__counters_sum(const struct ctl_core *core, struct ctl_counters *out);
/* Does the name stand for a drop? */
bool ctl__counter_is_drop(const struct stat_name *name);

/* One member of a pool, summed over workers. */
struct ctl_member {
	uint64_t stat[LB_STAT_N];
	uint32_t active, idle;
	unsigned in_state[LB_STATES]; /* workers that see it so */
};

void ctl__member_sum(
	const struct ctl_core *core, unsigned pool, unsigned member, struct ctl_member *out);
/* Its latencies, us, summed over workers: to a response's first byte, to its last. */
void ctl__member_latency(const struct ctl_core *core, unsigned pool, unsigned member,
	struct stat_hist *first, struct stat_hist *last);

/* One port, summed over queues. */
struct ctl_port_sum {
	uint64_t stat[PORT_STAT_N];
	uint64_t drops;
	struct port_device_stats device;
};

void ctl__port_sum(const struct port *p, struct ctl_port_sum *out);
const char *ctl__port_state(const struct port *p);

/* Run fn(arg) on worker w. 0, or -errno with *e set. */
int ctl__on_worker(
	const struct ctl_core *core, unsigned w, void (*fn)(void *), void *arg, struct err *e);

/* ---- ctl_tls: contexts and certificates ---- */

/* What certificate number `cert` of the configuration said when it was read. */
const struct tls_cert_facts *ctl__tls_facts(const struct ctl_tls *t, unsigned cert);
/* Handshakes of a listener, of a pool. False: it has no TLS. */
bool ctl__tls_listener_stats(
	const struct ctl_tls *t, unsigned listener, uint64_t out[TLS_HS_STAT_N]);
bool ctl__tls_pool_stats(const struct ctl_tls *t, unsigned pool, uint64_t out[TLS_HS_STAT_N]);
int64_t ctl__tls_read_at(const struct ctl_tls *t); /* Unix time, s */
/* Read all files again, for connections from now on. 0; or -errno with *e set: when it says so
 * nothing has changed, else a worker has not answered and keeps what it has. */
int ctl__tls_reload(const struct ctl_core *core, struct err *e);
/* About once a second: tickets' keys, certificates that end soon. now: Unix time, s. */
void ctl__tls_tick(struct ctl_tls *t, int64_t now);

/* ---- ctl_metrics: the page ---- */

void ctl__metrics(const struct ctl_core *core, struct ctl_text *out);

/* ---- ctl_admin: the socket ---- */

struct ctl_admin;

/* Listen at path, watched by epoll descriptor ep; core is borrowed. NULL with *e set. */
struct ctl_admin *ctl__admin_create(
	const struct ctl_core *core, const char *path, int ep, struct err *e);
void ctl__admin_destroy(struct ctl_admin *a); /* NULL is fine */
/* Epoll reported an event with ptr, which is not the caller's own. */
void ctl__admin_ready(struct ctl_admin *a, void *ptr, clock_us_t now);
/* About once a second: close clients that are idle for too long. */
void ctl__admin_tick(struct ctl_admin *a, clock_us_t now);

/* ---- ctl_http: the page's server, the only user of libmicrohttpd ---- */

struct ctl_http;

struct ctl_http *ctl__http_create(
	const struct ctl_core *core, const struct ip_endpoint *at, struct err *e);
void ctl__http_destroy(struct ctl_http *h); /* NULL is fine */
int ctl__http_fd(const struct ctl_http *h);
/* When the descriptor is readable, and about once a second. */
void ctl__http_poll(struct ctl_http *h);

#endif
