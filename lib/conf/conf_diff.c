/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What differs between two snapshots, as the operator wrote them: sections by their heading, in
 * each of them the values of a key as a multiset. Of [route] the order counts, too.
 */
#include <stdarg.h>
#include <stdio.h>

#include "conf/conf_priv.h"

struct diff {
	void (*say)(void *arg, char sign, const char *text);
	void *arg;
	unsigned n;
};

__attribute__((format(printf, 3, 4))) static void tell(
	struct diff *d, char sign, const char *fmt, ...)
{
	char text[2 * CONF__LINE_MAX + CONF__LINE_MAX + 128]; /* key and both values */
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->say(d->arg, sign, text);
	d->n++;
}

/* How often a line says the same as l, in the part's first n lines. */
static unsigned times(const struct conf__part *part, unsigned n, const struct conf_setting *l)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < n; i++)
		sum += strcmp(part->line[i].key, l->key) == 0 &&
		       strcmp(part->line[i].value, l->value) == 0;
	return sum;
}

/* The lines of a key that a has more often than b. */
static void surplus(struct diff *d, char sign, const struct conf__part *a,
	const struct conf__part *b, const char *key)
{
	for (unsigned i = 0; i < a->n; i++) {
		const struct conf_setting *l = &a->line[i];

		if (strcmp(l->key, key) == 0 && times(a, i + 1, l) > times(b, b->n, l))
			tell(d, sign, "[%s] %s = %s", l->section, key, l->value);
	}
}

/* Whether the values of a key, the same in both, come in the same order. */
static bool same_order(const struct conf__part *a, const struct conf__part *b, const char *key)
{
	for (unsigned i = 0;; i++) {
		const struct conf_setting *x = conf__part_line(a, key, i);
		const struct conf_setting *y = conf__part_line(b, key, i);

		if (!x || !y)
			return true;
		if (strcmp(x->value, y->value) != 0)
			return false;
	}
}

static void key_diff(struct diff *d, const struct conf__part *old, const struct conf__part *next,
	const char *key)
{
	const struct conf_setting *x = conf__part_line(old, key, 0);
	const struct conf_setting *y = conf__part_line(next, key, 0);
	unsigned before = d->n;

	if (x && y && !conf__part_line(old, key, 1) && !conf__part_line(next, key, 1)) {
		if (strcmp(x->value, y->value) != 0)
			tell(d, '~', "[%s] %s: %s -> %s", y->section, key, x->value, y->value);
		return;
	}
	surplus(d, '-', old, next, key);
	surplus(d, '+', next, old, key);
	if (d->n == before && !same_order(old, next, key))
		tell(d, '~', "[%s] %s: in another order", y->section, key);
}

/* Either may be empty. */
static void part_diff(struct diff *d, const struct conf__part *old, const struct conf__part *next)
{
	for (unsigned i = 0; i < next->n; i++)
		if (conf__part_line(next, next->line[i].key, 0) == &next->line[i])
			key_diff(d, old, next, next->line[i].key);
	for (unsigned i = 0; i < old->n; i++)
		if (conf__part_line(old, old->line[i].key, 0) == &old->line[i] &&
			!conf__part_line(next, old->line[i].key, 0))
			key_diff(d, old, next, old->line[i].key);
}

static bool has_route(const struct conf *c, const char *name)
{
	for (unsigned i = 0; i < c->n_routes; i++)
		if (strcmp(c->routes[i].name, name) == 0)
			return true;
	return false;
}

/* The route before this one of those that the other has, too; "" when it is the first of them. */
static const char *route_before(const struct conf *c, const struct conf *other, const char *name)
{
	const char *before = "";

	for (unsigned i = 0; i < c->n_routes && strcmp(c->routes[i].name, name) != 0; i++)
		if (has_route(other, c->routes[i].name))
			before = c->routes[i].name;
	return before;
}

static void routes_diff(struct diff *d, const struct conf *old, const struct conf *next)
{
	for (unsigned i = 0; i < next->n_routes; i++) {
		const char *name = next->routes[i].name;
		const char *was, *is;

		if (!has_route(old, name))
			continue;
		was = route_before(old, next, name);
		is = route_before(next, old, name);
		if (strcmp(was, is) != 0)
			tell(d, '~', "[route %s] order: %s%s -> %s%s", name,
				*was ? "behind " : "first", was, *is ? "behind " : "first", is);
	}
}

unsigned conf_diff(const struct conf *old, const struct conf *next,
	void (*say)(void *arg, char sign, const char *text), void *arg)
{
	static const struct conf__part none;
	struct diff d = {say, arg, 0};
	struct conf__part part;

	for (unsigned i = 0; i < next->n_settings; i += part.n) {
		struct conf__part was = conf__part_find(old, next->settings[i].section);

		part = conf__part_at(next, i);
		part_diff(&d, &was, &part);
	}
	for (unsigned i = 0; i < old->n_settings; i += part.n) {
		part = conf__part_at(old, i);
		if (conf__part_find(next, part.line->section).n == 0)
			part_diff(&d, &part, &none);
	}
	routes_diff(&d, old, next);
	return d.n;
}
