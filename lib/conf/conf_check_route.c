/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The whole file about requests' ways: [route NAME] and where it leads, [check NAME] by its kind,
 * the keys of a pool that choose and heal, and what [global] has of memory for all of it.
 */
#include <stdio.h>
#include <strings.h>

#include "conf/conf_priv.h"

#define XDP_BUFFER_MAX 3072u /* bytes of a page beside an mbuf and its headroom */

/* A fault of a key, at its line or, of a default, at its section's. */
#define FAULT(ld, sec, key, ...)                                                                   \
	conf_key_error(ld, sec, conf_line_of(sec, key, 0), key, __VA_ARGS__)

/* AF_XDP has a page for a buffer and all that belongs to it. */
static void buffer_fits(struct conf_reader *ld, struct conf_section *sec, uint32_t buffer)
{
	for (unsigned i = 0; i < ld->n_kind[KIND_PORT]; i++) {
		const struct conf_section *port = ld->by_kind[KIND_PORT][i];
		const struct conf_port *p = port->obj;

		if (buffer <= XDP_BUFFER_MAX || !conf_key_ok(port, "device") ||
			strncasecmp(p->device, "net_af_xdp", 10) != 0)
			continue;
		FAULT(ld, sec, "buffer",
			"net_af_xdp of [port %s] has a page for each, allowed: up to %u", p->name,
			XDP_BUFFER_MAX);
		return;
	}
}

static void replay_fits(struct conf_reader *ld, struct conf_section *sec, struct conf_global *g)
{
	uint64_t half = g->memory / 2 / (g->n_workers ? g->n_workers : 1);

	if (sec && (!conf_key_ok(sec, "memory") || !conf_key_ok(sec, "workers")))
		return;
	if (!sec || !conf_key_given(sec, "replay-memory"))
		g->replay_memory = g->replay_memory < half ? g->replay_memory : half;
	else if (conf_key_ok(sec, "replay-memory") && g->replay_memory > half)
		FAULT(ld, sec, "replay-memory",
			"all workers' would be more than half of memory, allowed: up to %llu",
			(unsigned long long)half);
}

void conf__check_global(struct conf_reader *ld)
{
	struct conf_section *sec = conf_section_at(ld, KIND_GLOBAL, 0);
	struct conf_global *g = &((struct conf *)ld->root)->global;

	if (sec && conf_key_ok(sec, "buffer"))
		buffer_fits(ld, sec, g->buffer);
	replay_fits(ld, sec, g);
}

/* ---- [route NAME] ---- */

/* Exactly one of the keys that say what to do. */
static void route_action(struct conf_reader *ld, struct conf_section *sec)
{
	static const char *const keys[] = {[CONF_ROUTE_POOL] = "pool",
		[CONF_ROUTE_ERROR] = "error",
		[CONF_ROUTE_REDIRECT] = "redirect"};
	struct conf_route *r = sec->obj;
	const char *first = NULL;

	for (unsigned i = 0; i < 3; i++) {
		if (!conf_key_given(sec, keys[i]))
			continue;
		if (first)
			FAULT(ld, sec, keys[i], "has no meaning with %s, allowed: one of them",
				first);
		else
			r->action = (enum conf_route_action)i;
		first = first ? first : keys[i];
	}
	if (!first)
		conf_key_error(ld, sec, sec->at.line, "pool",
			"missing, allowed: this, or error, or redirect");
	if (r->pool_name && conf_key_ok(sec, "pool"))
		r->pool = conf__find(
			ld, KIND_POOL, sec, "pool", conf_line_of(sec, "pool", 0), r->pool_name);
}

static void route_listener(struct conf_reader *ld, struct conf_section *sec, unsigned i)
{
	const struct conf_route *r = sec->obj;
	const struct conf *c = ld->root;
	unsigned line = conf_line_of(sec, "listener", i);
	unsigned k = conf__find(ld, KIND_LISTENER, sec, "listener", line, r->listener_names[i]);

	/* const for readers of the snapshot, not yet for us */
	((uint16_t *)r->listeners)[i] = (uint16_t)k;
	if (k < c->n_listeners && conf_key_ok(ld->by_kind[KIND_LISTENER][k], "mode") &&
		c->listeners[k].mode != CONF_MODE_HTTP)
		conf_key_error(ld, sec, line, "listener",
			"[listener %s] has mode = %s, allowed: those with mode = http",
			c->listeners[k].name, conf_mode_name(c->listeners[k].mode));
}

static bool listener_knows(const struct conf_listener *l)
{
	return l->mode == CONF_MODE_HTTP && l->client_cert != CONF_CLIENT_CERT_OFF;
}

/* Whether a client of the route's listeners may show a certificate. */
static bool route_knows(const struct conf *c, const struct conf_route *r)
{
	for (unsigned i = 0; i < r->n_listeners; i++)
		if (r->listeners[i] >= c->n_listeners ||
			listener_knows(&c->listeners[r->listeners[i]]))
			return true;
	for (unsigned i = 0; r->n_listeners == 0 && i < c->n_listeners; i++)
		if (listener_knows(&c->listeners[i]))
			return true;
	return false;
}

void conf__check_routes(struct conf_reader *ld)
{
	for (unsigned i = 0; i < ld->n_kind[KIND_ROUTE]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_ROUTE][i];
		const struct conf_route *r = sec->obj;
		bool ok = conf_key_ok(sec, "listener");

		route_action(ld, sec);
		for (unsigned l = 0; ok && l < r->n_listeners; l++)
			route_listener(ld, sec, l);
		if (ok && r->subject.n && !route_knows(ld->root, r))
			FAULT(ld, sec, "subject",
				"no client shows a certificate, allowed: with a listener whose "
				"client-certificate is not off");
	}
}

/* ---- [check NAME] ---- */

#define KIND(name) (1u << CONF_CHECK_##name)

static void check_strays(struct conf_reader *ld, struct conf_section *sec)
{
	static const struct {
		const char *key;
		unsigned kinds;
		const char *text;
	} keys[] = {
		{"method", KIND(HTTP) | KIND(S3), "http or s3"},
		{"path", KIND(HTTP), "http"},
		{"host", ~KIND(TCP), "http, s3 or canary"},
		{"status", KIND(HTTP) | KIND(S3), "http or s3"},
		{"bucket", KIND(S3) | KIND(CANARY), "s3 or canary"},
		{"prefix", KIND(CANARY), "canary"},
		{"access-key", KIND(S3) | KIND(CANARY), "s3 or canary"},
		{"secret-file", KIND(S3) | KIND(CANARY), "s3 or canary"},
		{"region", KIND(S3) | KIND(CANARY), "s3 or canary"},
	};
	const struct conf_check *c = sec->obj;

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!(keys[i].kinds & 1u << c->kind) && conf_key_given(sec, keys[i].key))
			FAULT(ld, sec, keys[i].key,
				"has no meaning with kind = %s, allowed: with kind = %s",
				conf_check_kind_name(c->kind), keys[i].text);
}

/* Keys that need each other. */
static void check_needs(struct conf_reader *ld, struct conf_section *sec)
{
	const struct conf_check *c = sec->obj;

	if (c->kind == CONF_CHECK_CANARY) {
		conf__need(ld, sec, "bucket", "kind = canary");
		conf__need(ld, sec, "access-key", "kind = canary");
		conf__need(ld, sec, "secret-file", "kind = canary");
	} else if (c->kind == CONF_CHECK_S3 && conf_key_given(sec, "access-key")) {
		conf__need(ld, sec, "secret-file", "access-key");
	} else if (c->kind == CONF_CHECK_S3) {
		conf__stray(ld, sec, "secret-file", "access-key");
		conf__stray(ld, sec, "region", "access-key");
	}
}

/* What a kind does when nothing is said. */
static void check_defaults(struct conf_reader *ld, struct conf_check *c)
{
	bool s3 = c->kind == CONF_CHECK_S3;
	char path[CONF__LINE_MAX + 2];

	if (c->kind == CONF_CHECK_HTTP || s3) {
		snprintf(path, sizeof(path), "/%s", c->bucket ? c->bucket : "");
		c->path = c->path ? c->path : conf_strdup(ld, span_str(path));
		if (!c->method)
			c->method = !s3 ? "GET" : c->bucket ? "HEAD" : "OPTIONS";
		if (!c->status_low) {
			c->status_low = 200;
			/* who answers 403 to a stranger is alive */
			c->status_high = s3 ? 499 : 399;
		}
	}
	if (c->kind == CONF_CHECK_CANARY && !c->prefix)
		c->prefix = "penstock-canary/";
	if (c->access_key && !c->region)
		c->region = "us-east-1";
}

void conf__check_checks(struct conf_reader *ld)
{
	for (unsigned i = 0; i < ld->n_kind[KIND_CHECK]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_CHECK][i];
		struct conf_check *c = sec->obj;

		if (conf_key_ok(sec, "interval") && conf_key_ok(sec, "timeout") &&
			c->timeout_ms > c->interval_ms)
			FAULT(ld, sec, "timeout",
				"%ums are longer than the interval, allowed: up to %ums",
				c->timeout_ms, c->interval_ms);
		if (!conf_key_ok(sec, "kind"))
			continue;
		check_strays(ld, sec);
		check_needs(ld, sec);
		check_defaults(ld, c);
	}
}

/* ---- [pool NAME] ---- */

void conf__check_bare_pool(struct conf_reader *ld, struct conf_section *sec, const char *key,
	unsigned line, unsigned pool)
{
	const struct conf *c = ld->root;

	if (pool < c->n_pools && c->pools[pool].balance == CONF_BALANCE_HASH)
		conf_key_error(ld, sec, line, key,
			"[pool %s] has balance = hash, and bare TCP names no object, allowed: a "
			"pool with another balance",
			c->pools[pool].name);
}

static void pool_replay(struct conf_reader *ld, struct conf_section *sec)
{
	const struct conf_pool *p = sec->obj;
	const struct conf *c = ld->root;
	const struct conf_section *global = conf_section_at(ld, KIND_GLOBAL, 0);

	if (conf_key_given(sec, "replay-body") && conf_key_ok(sec, "replay-body") &&
		(!global || conf_key_ok(global, "replay-memory")) &&
		p->replay_body > c->global.replay_memory)
		FAULT(ld, sec, "replay-body",
			"%llu bytes are more than replay-memory of [global], allowed: up to %llu",
			(unsigned long long)p->replay_body,
			(unsigned long long)c->global.replay_memory);
}

void conf__check_pool_choice(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_pool *p = sec->obj;
	const struct conf *c = ld->root;

	if (p->check_name && conf_key_ok(sec, "check")) {
		unsigned k = conf__find(
			ld, KIND_CHECK, sec, "check", conf_line_of(sec, "check", 0), p->check_name);

		p->check = k < c->n_checks ? &c->checks[k] : NULL;
	}
	if (conf_key_ok(sec, "balance") && p->balance != CONF_BALANCE_HASH)
		conf__stray(ld, sec, "hash-load", "balance = hash");
	if (conf_key_ok(sec, "eject-time") && conf_key_ok(sec, "eject-time-max") &&
		p->eject_max_ms < p->eject_ms)
		FAULT(ld, sec, "eject-time-max",
			"%ums are less than eject-time, allowed: from %ums", p->eject_max_ms,
			p->eject_ms);
	if (conf_key_ok(sec, "slow-factor") && p->slow_factor == 1)
		FAULT(ld, sec, "slow-factor",
			"1 would call half of the members slow, allowed: 0, or 2 to 1000");
	pool_replay(ld, sec);
}
