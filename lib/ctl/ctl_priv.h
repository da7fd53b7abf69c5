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
	struct ctl_system sys; /* its conf is the newest snapshot's */
	struct ctl_load load[CONF_WORKERS_MAX];
	uint64_t behind; /* bit w: worker w has not taken that snapshot yet, see ctl_snapshot.c */
	struct ctl_events *events;
	struct ctl_drains *drains;
};

/* Whose listeners, pools and members may be asked for by the newest snapshot's indexes? */
static inline bool ctl__is_behind(const struct ctl_core *core, unsigned w)
{
	return core->behind >> w & 1;
}

enum ctl_arg {
	CTL_ARG_NONE,
	CTL_ARG_POOL,
	CTL_ARG_LIMIT,
	CTL_ARG_ALL,
	CTL_ARG_WORDS, /* the rest of the line: commands */
	/* these too, and they begin with */
	CTL_ARG_POOL_REST,
	CTL_ARG_MEMBER_REST, /* POOL/MEMBER */
};

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
CTL_SHOW(snapshots);
CTL_SHOW(events);

/* ---- what changes something; likewise ---- */

#define CTL_DO(verb)                                                                               \
	int ctl__do_##verb(                                                                        \
		const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
CTL_DO(reload);
CTL_DO(diff);
CTL_DO(rollback);
CTL_DO(add_member);
CTL_DO(remove_member);
CTL_DO(drain);
CTL_DO(undrain);
CTL_DO(maintenance);
CTL_DO(weight);
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
/* For a snapshot of conf: what its files say. NULL with *e set; all that is wrong is in the log. */
struct ctl_tls_set *ctl__tls_read(struct ctl_tls *t, const struct conf *conf, struct err *e);
void ctl__tls_drop(struct ctl_tls_set *s); /* instead of ctl__tls_use(); NULL is fine */
struct tls_ctx *const *ctl__tls_set_listeners(const struct ctl_tls_set *s);
struct tls_ctx *const *ctl__tls_set_pools(const struct ctl_tls_set *s);
/* Read the keys of tickets as conf has them. 0, or -errno with *e set: those before are kept. */
int ctl__tls_turn(struct ctl_tls *t, const struct conf *conf, struct err *e);
/* Workers begin to have it. The conf of the one before must still be there. */
void ctl__tls_use(struct ctl_tls *t, struct ctl_tls_set *s);
/* No worker has contexts of conf any more, but the newest. */
void ctl__tls_leave(struct ctl_tls *t, const struct conf *conf);
/* Read all files again, for connections from now on. 0; or -errno with *e set: when it says so
 * nothing has changed, else a worker has not answered and keeps what it has. */
int ctl__tls_reload(const struct ctl_core *core, struct err *e);
/* About once a second: tickets' keys, certificates that end soon. now: Unix time, s. */
void ctl__tls_tick(struct ctl_tls *t, int64_t now);

/* ---- ctl_snapshot: what workers run under ---- */

/* A file as it was read, and what was changed beside it. */
struct ctl_source {
	const struct conf *conf;
	struct conf *own; /* the same; NULL: the first is borrowed */
	struct ctl_edit {
		char *pool, *member;
		bool remove;
	} * edits;
	unsigned n_edits;
	unsigned refs; /* snapshots */
};

struct ctl_snapshot {
	struct ctl_snapshot *next; /* the one before */
	unsigned number;           /* from 1 */
	const struct conf *conf;   /* what workers point into: own, or the first */
	struct conf own;           /* the source's; a rollback shares its arrays, not its address */
	struct ctl_source *source;
	struct ctl_tls_set *tls; /* until workers begin to have it; NULL: no TLS */
	int64_t at;              /* Unix time, s */
	char from[80];           /* "reload", "rollback to 3", ... */
	bool used;               /* by some worker */
};

#define CTL_SNAPSHOTS_KEPT 5 /* the newest and those that a rollback may go to */

struct ctl_snapshots {
	struct ctl_core *core;    /* NULL until ctl__snapshots_attach */
	struct ctl_snapshot *now; /* newest first */
	const struct conf *first; /* what room was made for at the start */
	unsigned made;
	bool collect;                         /* workers may have something to give back */
	struct lb_next *lb[CONF_WORKERS_MAX]; /* prepared; NULL: taken, or nothing is under way */
	struct relay_snapshot *relay[CONF_WORKERS_MAX];
	/* for metrics */
	uint64_t reloads, refused;
	int64_t tried_at; /* Unix time, s; 0: never */
	bool refused_last;
};

/* Owner of conf: the source, or nobody when it is NULL (no memory). */
struct ctl_source *ctl__source_create(struct conf *conf);
void ctl__source_put(struct ctl_source *s); /* NULL is fine */
int ctl__source_edit(struct ctl_source *s, const struct conf_edit *edit);

/* Changes go to core's workers. */
void ctl__snapshots_attach(struct ctl_snapshots *s, struct ctl_core *core);
/* What is prepared and not taken is dropped; the workers do not run any more. */
void ctl__snapshots_detach(struct ctl_snapshots *s);
/* Make a snapshot of src (counted once more) and give it to all workers. 0; -EINPROGRESS with *e
 * set: it is the newest, some workers have yet to take it and will; else -errno with *e set, and
 * nothing has changed. */
int ctl__snapshot_apply(
	struct ctl_snapshots *s, struct ctl_source *src, const char *from, struct err *e);
/* About once a second: what is under way goes on, what nobody uses is freed. */
void ctl__snapshots_tick(struct ctl_snapshots *s);
/* First of errs, and how many more there are, into *e; all to the log. */
int ctl__conf_errors_say(struct conf_errors *errs, struct err *e);

/* ---- ctl_event: what happened to members and by whom ---- */

struct ctl_events;
struct ctl_events *ctl__events_create(void); /* NULL: no memory */
void ctl__events_destroy(struct ctl_events *ev);
uint64_t ctl__events_count(const struct ctl_events *ev);
/* Something that is not a member's change of state: kept, counted and logged. */
void ctl__event_note(const struct ctl_core *core, enum log_level level, const char *pool,
	const char *member, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
/* About once a second: what workers have seen. */
void ctl__events_tick(const struct ctl_core *core);

/* ---- ctl_member: the operator's acts on members ---- */

struct ctl_target {
	unsigned pool, member; /* indexes in the newest snapshot */
};

/* A pool's index by its name; -ENOENT with *e set. */
int ctl__pool_find(const struct ctl_core *core, struct span name, struct err *e);
/* POOL/MEMBER: 0, or -ENOENT with *e set: which part is unknown, and what was expected. */
int ctl__member_find(
	const struct ctl_core *core, struct span word, struct ctl_target *t, struct err *e);

struct ctl_drains;
struct ctl_drains *ctl__drains_create(void); /* NULL: no memory */
void ctl__drains_destroy(struct ctl_drains *d);
/* About once a second: who is empty, whose deadline has come. now: monotonic. */
void ctl__drains_tick(const struct ctl_core *core, clock_us_t now);

/* ---- ctl: what all of these need besides the system. Stop after a start that failed, too ---- */

int ctl__core_start(struct ctl_core *core, struct err *e);
void ctl__core_stop(struct ctl_core *core);

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
