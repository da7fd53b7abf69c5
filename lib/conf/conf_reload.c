/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a running appliance cannot take over from another snapshot: whatever was made at its start,
 * and more connections than there are records for.
 */
#include <stdarg.h>
#include <stdio.h>

#include "conf/conf_priv.h"

struct reload {
	const struct conf *running, *next;
	struct conf_reader ld; /* for its errors alone */
};

/* Kinds of section that are read at the start only, and keys of theirs that are not. */
static const struct {
	enum conf__kind_id kind;
	const char *live[4];
} fixed[] = {
	{KIND_GLOBAL, {"include", "drain", "log"}},
	{KIND_PORT, {NULL}},
	{KIND_STATIC, {NULL}},
	{KIND_TCP, {NULL}},
	{KIND_TLS, {NULL}},
};

/* At a place of the file, or of the file as a whole where it says nothing (NULL, line 0). */
__attribute__((format(printf, 3, 4))) static void refuse(
	struct reload *r, const struct conf_where *at, const char *fmt, ...)
{
	char text[768];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (at && at->line)
		conf_error(&r->ld, at, "%s, restart to change it", text);
	else
		conf_error(&r->ld, NULL, "%s: %s, restart to change it", r->next->path, text);
}

static bool is_live(const char *const *live, const char *key)
{
	for (; *live; live++)
		if (strcmp(*live, key) == 0)
			return true;
	return false;
}

/* Struct i of a kind. */
static const char *struct_at(const struct conf *c, const struct conf_kind *kind, unsigned i)
{
	const char *base = (const char *)c + kind->array;

	return kind->named ? *(const char *const *)base + (size_t)i * kind->size : base;
}

static unsigned count(const struct conf *c, const struct conf_kind *kind)
{
	return kind->named ? *(const unsigned *)((const char *)c + kind->count) : 1;
}

static const char *name_at(const struct conf *c, const struct conf_kind *kind, unsigned i)
{
	return kind->named ? *(const char *const *)(struct_at(c, kind, i) + kind->title) : "";
}

/* The index of the name, or their number. */
static unsigned find(const struct conf *c, const struct conf_kind *kind, const char *name)
{
	unsigned i = 0;

	while (i < count(c, kind) && strcmp(name_at(c, kind, i), name) != 0)
		i++;
	return i;
}

/* Line i of a key, or its default in place of none; NULL behind the last. */
static const char *value_at(const struct conf__part *part, const struct conf_key *key, unsigned i)
{
	const struct conf_setting *l = conf__part_line(part, key->name, i);

	return l ? l->value : i == 0 ? key->def : NULL;
}

/* Is what it says another value? at: of the heading, for a key that is not there any more. */
static void key_check(struct reload *r, const struct conf__part *was, const struct conf__part *is,
	const struct conf_key *key, const char *heading, const struct conf_where *at)
{
	const char *a, *b;
	const struct conf_setting *l;
	unsigned i = 0;

	do {
		a = value_at(was, key, i);
		b = value_at(is, key, i);
		i++;
	} while (a && b && strcmp(a, b) == 0);
	if (!a && !b)
		return;
	l = conf__part_line(is, key->name, i - 1);
	refuse(r, l ? &l->at : at, "[%s] %s: %.200s -> %.200s", heading, key->name, a ? a : "none",
		b ? b : "none");
}

static void section_check(
	struct reload *r, const struct conf_kind *kind, const char *const *live, unsigned i)
{
	const char *name = name_at(r->next, kind, i);
	const struct conf_where *at =
		(const struct conf_where *)(struct_at(r->next, kind, i) + kind->where);
	struct conf__part was, is;
	char heading[64];

	snprintf(heading, sizeof(heading), "%s%s%s", kind->name, *name ? " " : "", name);
	if (find(r->running, kind, name) == count(r->running, kind)) {
		refuse(r, at, "[%s] is new", heading);
		return;
	}
	was = conf__part_find(r->running, heading);
	is = conf__part_find(r->next, heading);
	for (unsigned k = 0; k < kind->n_keys; k++)
		if (!is_live(live, kind->keys[k].name))
			key_check(r, &was, &is, &kind->keys[k], heading, at);
}

static void kind_check(struct reload *r, const struct conf_kind *kind, const char *const *live)
{
	for (unsigned i = 0; i < count(r->running, kind); i++) {
		const char *name = name_at(r->running, kind, i);

		if (find(r->next, kind, name) == count(r->next, kind))
			refuse(r, NULL, "[%s %s] is gone", kind->name, name);
	}
	for (unsigned i = 0; i < count(r->next, kind); i++)
		section_check(r, kind, live, i);
}

/* Ports are known by their number in the file. One that came or went is told already. */
static void ports_order(struct reload *r)
{
	const struct conf_kind *kind = &conf__table.kinds[KIND_PORT];
	const struct conf *a = r->running, *b = r->next;

	for (unsigned i = 0; a->n_ports == b->n_ports && i < a->n_ports; i++) {
		const struct conf_port *p = &b->ports[i];

		if (strcmp(a->ports[i].name, p->name) == 0)
			continue;
		if (find(a, kind, p->name) < a->n_ports &&
			find(b, kind, a->ports[i].name) < b->n_ports)
			refuse(r, &p->at, "[port %s] is in another place", p->name);
		return;
	}
}

/* ---- connections, whose records are made at the start ---- */

uint32_t conf_connections(const struct conf *c, unsigned n, unsigned modes)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < n; i++)
		if (modes & 1u << c->listeners[i].mode)
			sum += c->listeners[i].connections;
	return sum;
}

/* A sum over listeners. */
struct sum {
	unsigned modes; /* 0: of any mode, if one end at least speaks TLS */
	const char *text;
};

static bool is_secure(const struct conf *c, const struct conf_listener *l)
{
	return l->n_cert || (l->mode == CONF_MODE_SPLICE && c->pools[l->pool].tls);
}

/* Over the first n. */
static uint32_t sum_of(const struct conf *c, unsigned n, const struct sum *s)
{
	uint32_t sum = 0;

	if (s->modes)
		return conf_connections(c, n, s->modes);
	for (unsigned i = 0; i < n; i++)
		if (is_secure(c, &c->listeners[i]))
			sum += c->listeners[i].connections;
	return sum;
}

/* Is there room for all? If not, an error at the listener that is too much. */
static bool sum_check(struct reload *r, const struct sum *s)
{
	uint32_t room = sum_of(r->running, r->running->n_listeners, s);
	uint32_t all = sum_of(r->next, r->next->n_listeners, s);
	const struct conf_listener *l = r->next->listeners;

	if (all <= room)
		return true;
	for (unsigned n = 1; sum_of(r->next, n, s) <= room; n++)
		l++;
	refuse(r, &l->at,
		"[listener %s] connections: listeners %s have %u, %u more than there is room for",
		l->name, s->text, all, all - room);
	return false;
}

/* A pool with TLS that requests of HTTP may go to, or NULL. */
static const struct conf_pool *tls_pool(const struct conf *c)
{
	for (unsigned i = 0; i < c->n_listeners; i++)
		if (c->listeners[i].mode == CONF_MODE_HTTP && c->pools[c->listeners[i].pool].tls)
			return &c->pools[c->listeners[i].pool];
	for (unsigned i = 0; i < c->n_routes; i++)
		if (c->routes[i].action == CONF_ROUTE_POOL && c->pools[c->routes[i].pool].tls)
			return &c->pools[c->routes[i].pool];
	return NULL;
}

unsigned conf_reload_check(
	const struct conf *running, const struct conf *next, struct conf_errors *errs)
{
	/* The pairs are a part of the bare. TLS is told here with its place in the file, by clients
	 * and by pools; relay_tls_max() counts ends, and those to members, whose number the file
	 * does not have: what it has no room for relay_prepare() refuses. */
	static const struct sum http = {CONF_MODES_HTTP, "of mode = http"},
				bare = {CONF_MODES_BARE, "of mode = splice, echo or sni"},
				pairs = {CONF_MODES_PAIRS, "of mode = splice or sni"},
				secure = {0, "with TLS"};
	struct reload r = {running, next, {.errs = errs}};
	const struct conf_pool *tls = tls_pool(next);
	unsigned before = conf_errors_count(errs);

	for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		kind_check(&r, &conf__table.kinds[fixed[i].kind], fixed[i].live);
	ports_order(&r);
	sum_check(&r, &http);
	if (sum_check(&r, &bare))
		sum_check(&r, &pairs);
	sum_check(&r, &secure);
	if (tls && !tls_pool(running))
		refuse(&r, &tls->at, "[pool %s] tls: requests went to no pool with TLS before",
			tls->name);
	conf__errors_sort(errs);
	return conf_errors_count(errs) - before;
}
