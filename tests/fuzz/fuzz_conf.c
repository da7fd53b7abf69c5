/* SPDX-License-Identifier: BSD-3-Clause */
/* Any text is a snapshot or a list of errors. A snapshot keeps what conf.h promises of it. */
#include <stdlib.h>

#include "conf/conf.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void pool_check(const struct conf *c, const struct conf_pool *p)
{
	must(p->n_members > 0 && p->n_members <= CONF_MEMBERS_MAX);
	for (unsigned m = 0; m < p->n_members; m++)
		must(p->members[m].weight > 0 && p->members[m].priority <= 9 &&
			p->members[m].endpoint.port > 0);
	must(!p->check_name == !p->check);
	must(!p->check || (p->check >= c->checks && p->check < c->checks + c->n_checks));
	must(p->panic <= 100 && p->eject_limit <= 100 && p->hash_load >= 100);
	must(p->eject_ms <= p->eject_max_ms && p->slow_factor != 1);
}

static void patterns_check(const struct conf_patterns *l)
{
	must(l->n <= CONF_PATTERNS_MAX);
	for (unsigned i = 0; i < l->n; i++) {
		must(l->p[i][0] && strlen(l->p[i]) <= CONF_PATTERN_MAX);
		conf_pattern_fits(l->p[i], span_str(l->p[0]));
	}
	conf_patterns_fit_host(l, SPAN_LIT("S3.Example.com"));
}

static void route_check(const struct conf *c, const struct conf_route *r)
{
	const struct conf_patterns *lists[] = {&r->host, &r->bucket, &r->key, &r->access_key,
		&r->subject, &r->operation, &r->method};

	for (unsigned i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		patterns_check(lists[i]);
	for (unsigned i = 0; i < r->n_listeners; i++)
		must(r->listeners[i] < c->n_listeners &&
			c->listeners[r->listeners[i]].mode == CONF_MODE_HTTP);
	for (unsigned i = 0; i < r->n_source; i++)
		must(r->source[i].bits <= 128);
	for (unsigned i = 0; i < r->n_header; i++)
		must(r->header[i].name[0] && r->header[i].pattern[0]);
	if (r->action == CONF_ROUTE_POOL)
		must(r->pool_name && r->pool < c->n_pools);
	else if (r->action == CONF_ROUTE_ERROR)
		must(r->status >= 400 && r->status < 600);
	else
		must(r->status / 100 == 3 && r->location);
	must(r->classes >> CONF_S3_CLASSES == 0 && r->sizes >> CONF_SIZES == 0);
}

static void health_check(const struct conf_check *k)
{
	bool http = k->kind == CONF_CHECK_HTTP || k->kind == CONF_CHECK_S3;

	must(k->timeout_ms > 0 && k->timeout_ms <= k->interval_ms && k->rise > 0 && k->fall > 0);
	must(!http || (k->method && k->path[0] == '/' && k->status_low >= 100 &&
			      k->status_low <= k->status_high && k->status_high <= 599));
	must(!k->access_key == !k->secret_file && !k->access_key == !k->region);
	must(k->kind != CONF_CHECK_CANARY || (k->bucket && k->prefix && k->access_key));
}

static void snapshot_check(const struct conf *c)
{
	must(c->n_ports > 0 && c->n_ports <= CONF_PORTS_MAX);
	for (unsigned i = 0; i < c->n_ports; i++)
		must(c->ports[i].n_addr > 0 && c->ports[i].n_addr <= CONF_PORT_ADDRS_MAX &&
			c->ports[i].mtu >= 576 && c->ports[i].n_gateway <= 2);
	for (unsigned i = 0; i < c->n_statics; i++)
		must(c->statics[i].port < c->n_ports);
	for (unsigned i = 0; i < c->n_listeners; i++)
		must((c->listeners[i].pool < c->n_pools || !c->listeners[i].pool_name) &&
			c->listeners[i].n_addr > 0 &&
			c->listeners[i].n_domains <= CONF_DOMAINS_MAX);
	for (unsigned i = 0; i < c->n_pools; i++)
		pool_check(c, &c->pools[i]);
	for (unsigned i = 0; i < c->n_routes; i++)
		route_check(c, &c->routes[i]);
	for (unsigned i = 0; i < c->n_checks; i++)
		health_check(&c->checks[i]);
	must(c->global.n_workers <= CONF_WORKERS_MAX && c->global.socket[0] == '/');
	must(c->global.replay_memory <= c->global.memory / 2);
}

static void say(void *arg, char sign, const char *text)
{
	must(sign == '+' || sign == '-' || sign == '~');
	must(text[0] == '[');
}

/* What is loaded differs from itself in nothing, and can be taken where it runs. */
static void reload_check(const struct conf *c)
{
	struct conf_errors errs = {0};

	must(conf_diff(c, c, say, NULL) == 0);
	must(conf_reload_check(c, c, &errs) == 0);
	conf_errors_fini(&errs);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_errors errs = {0};
	struct conf *c = conf_parse_text("fuzz.ini", (const char *)data, n, &errs);

	must((c == NULL) == (conf_errors_count(&errs) > 0));
	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		must(!strchr(conf_errors_text(&errs, i), '\n'));
	if (c) {
		snapshot_check(c);
		reload_check(c);
	}
	conf_destroy(c);
	conf_errors_fini(&errs);
	return 0;
}
