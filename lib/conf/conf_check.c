/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What only the whole file can tell: names that lead nowhere, addresses that overlap or cannot be
 * reached. Each check looks only at keys that were good by themselves.
 */
#include <stdio.h>

#include "base/assert.h"
#include "conf/conf_priv.h"

#define PREFIX_TEXT (IP_ADDR_TEXT + 4)

static const char *prefix_text(const struct conf_prefix *p, char *text)
{
	char addr[IP_ADDR_TEXT];

	snprintf(text, PREFIX_TEXT, "%s/%u", ip_addr_text(&p->addr, addr),
		p->bits - (ip_is_v4(&p->addr) ? 96u : 0u));
	return text;
}

static bool prefix_has(const struct conf_prefix *p, const struct ip_addr *a)
{
	return ip_is_v4(&p->addr) == ip_is_v4(a) && ip_in_net(a, &p->addr, p->bits);
}

static bool prefix_overlap(const struct conf_prefix *a, const struct conf_prefix *b)
{
	return a->bits < b->bits ? prefix_has(a, &b->addr) : prefix_has(b, &a->addr);
}

static bool on_link(const struct conf_port *port, const struct ip_addr *a)
{
	for (unsigned i = 0; i < port->n_addr; i++)
		if (prefix_has(&port->addr[i], a))
			return true;
	return false;
}

static bool has_addr(const struct conf_port *port, const struct ip_addr *a)
{
	for (unsigned i = 0; i < port->n_addr; i++)
		if (ip_addr_eq(&port->addr[i].addr, a))
			return true;
	return false;
}

const struct conf_port *conf_port_with(
	const struct conf_port *ports, unsigned n, const struct ip_addr *a)
{
	for (unsigned i = 0; i < n; i++)
		if (has_addr(&ports[i], a))
			return &ports[i];
	return NULL;
}

bool conf_port_reaches(const struct conf_port *p, const struct ip_addr *a)
{
	for (unsigned g = 0; g < p->n_gateway; g++)
		if (ip_is_v4(&p->gateway[g]) == ip_is_v4(a))
			return true;
	return on_link(p, a);
}

static struct conf *conf_of(const struct conf_reader *ld)
{
	return ld->root;
}

static const struct conf_port *port_with(const struct conf *c, const struct ip_addr *a)
{
	return conf_port_with(c->ports, c->n_ports, a);
}

/* "b is the same device as a": all of a PCI address, a vdev's name before its arguments. */
static bool device_same(const char *a, const char *b)
{
	size_t n = strcspn(a, ",");

	return n == strcspn(b, ",") && strncasecmp(a, b, n) == 0;
}

static void port_device(struct conf_reader *ld, struct conf_section *sec, unsigned i)
{
	const struct conf_port *p = sec->obj;

	for (unsigned k = 0; k < i; k++) {
		const struct conf_section *other = ld->by_kind[KIND_PORT][k];
		const struct conf_port *q = other->obj;

		if (!conf_key_ok(other, "device") || !device_same(p->device, q->device))
			continue;
		conf_key_error(ld, sec, conf_line_of(sec, "device", 0), "device",
			"%.64s is the device of [port %s], allowed: one of its own", p->device,
			q->name);
		return;
	}
}

/* The first subnet of another port, before this one in the file, that meets the prefix. */
static void port_overlap(struct conf_reader *ld, struct conf_section *sec, unsigned i, unsigned a)
{
	const struct conf_port *p = sec->obj;
	char mine[PREFIX_TEXT], theirs[PREFIX_TEXT];

	for (unsigned k = 0; k < i; k++) {
		const struct conf_section *other = ld->by_kind[KIND_PORT][k];
		const struct conf_port *q = other->obj;

		for (unsigned b = 0; b < q->n_addr && conf_key_ok(other, "address"); b++) {
			if (!prefix_overlap(&p->addr[a], &q->addr[b]))
				continue;
			conf_key_error(ld, sec, conf_line_of(sec, "address", a), "address",
				"%s overlaps %s of [port %s], allowed: a subnet of its own",
				prefix_text(&p->addr[a], mine), prefix_text(&q->addr[b], theirs),
				q->name);
			return;
		}
	}
}

static void port_mtu(struct conf_reader *ld, struct conf_section *sec)
{
	const struct conf_port *p = sec->obj;

	for (unsigned a = 0; a < p->n_addr; a++) {
		if (ip_is_v4(&p->addr[a].addr) || p->mtu >= 1280)
			continue;
		conf_key_error(ld, sec, conf_line_of(sec, "mtu", 0), "mtu",
			"%u is too small for IPv6 (RFC 8200 5), allowed: 1280 to 9600", p->mtu);
		return;
	}
}

/* A port before this one with a gateway of the family: two default routes would be a guess. */
static const struct conf_port *gateway_twin(const struct conf_reader *ld, unsigned i, bool v4)
{
	for (unsigned k = 0; k < i; k++) {
		const struct conf_port *q = ld->by_kind[KIND_PORT][k]->obj;

		for (unsigned g = 0; g < q->n_gateway; g++)
			if (ip_is_v4(&q->gateway[g]) == v4)
				return q;
	}
	return NULL;
}

static void port_gateway(struct conf_reader *ld, struct conf_section *sec, unsigned i, unsigned g)
{
	const struct conf_port *p = sec->obj;
	const struct ip_addr *gw = &p->gateway[g];
	const struct conf_port *twin = gateway_twin(ld, i, ip_is_v4(gw));
	unsigned line = conf_line_of(sec, "gateway", g);
	char text[IP_ADDR_TEXT];
	/* RFC 4861 6.2.1: IPv6 routers are known by their link-local addresses, always on-link */
	bool link_local = gw->b[0] == 0xfe && (gw->b[1] & 0xc0) == 0x80;

	ip_addr_text(gw, text);
	if (has_addr(p, gw))
		conf_key_error(ld, sec, line, "gateway",
			"%s is the port's own address, allowed: another host's", text);
	else if (!link_local && !on_link(p, gw))
		conf_key_error(ld, sec, line, "gateway",
			"%s is not on-link, allowed: a host in a subnet of this port", text);
	else if (twin)
		conf_key_error(ld, sec, line, "gateway",
			"%s is a second default route, the first is of [port %s], allowed: one",
			text, twin->name);
}

void conf_check_ports(struct conf_reader *ld)
{
	if (ld->n_kind[KIND_PORT] == 0 && !ld->plan_doubt)
		conf_error(ld, &(struct conf_where){ld->files[0], 1},
			"there is no port, allowed: at least one [port NAME]");
	for (unsigned i = 0; i < ld->n_kind[KIND_PORT]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_PORT][i];
		const struct conf_port *p = sec->obj;
		bool addr_ok = conf_key_ok(sec, "address");

		if (conf_key_ok(sec, "device"))
			port_device(ld, sec, i);
		if (addr_ok && conf_key_ok(sec, "mtu"))
			port_mtu(ld, sec);
		for (unsigned a = 0; addr_ok && a < p->n_addr; a++)
			port_overlap(ld, sec, i, a);
		for (unsigned g = 0; addr_ok && conf_key_ok(sec, "gateway") && g < p->n_gateway;
			g++)
			port_gateway(ld, sec, i, g);
	}
}

/* A route before this one, a subnet or a gateway that already says where `to` goes. */
static bool static_taken(const struct conf_reader *ld, unsigned i, char *by, size_t n)
{
	const struct conf_static *r = ld->by_kind[KIND_STATIC][i]->obj;
	const struct conf *c = conf_of(ld);
	bool v4 = ip_is_v4(&r->to.addr);

	for (unsigned k = 0; k < c->n_ports; k++) {
		const struct conf_port *p = &c->ports[k];
		bool hit = false;

		for (unsigned a = 0; a < p->n_addr; a++)
			hit |= p->addr[a].bits == r->to.bits && prefix_overlap(&p->addr[a], &r->to);
		for (unsigned g = 0; g < p->n_gateway; g++)
			hit |= r->to.bits == (v4 ? 96 : 0) && ip_is_v4(&p->gateway[g]) == v4;
		if (hit && snprintf(by, n, "port %s", p->name) > 0)
			return true;
	}
	for (unsigned k = 0; k < i; k++) {
		const struct conf_static *o = &c->statics[k];

		if (o->to.bits == r->to.bits && prefix_overlap(&o->to, &r->to) &&
			snprintf(by, n, "route-static %s", o->name) > 0)
			return true;
	}
	return false;
}

static void static_via(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_static *r = sec->obj;
	unsigned line = conf_line_of(sec, "via", 0);
	char text[IP_ADDR_TEXT];

	ip_addr_text(&r->via, text);
	if (ip_is_v4(&r->via) != ip_is_v4(&r->to.addr))
		conf_key_error(ld, sec, line, "via",
			"%s is of another family than the target, "
			"allowed: %s",
			text, ip_is_v4(&r->to.addr) ? "IPv4" : "IPv6");
	else if (port_with(conf_of(ld), &r->via))
		conf_key_error(ld, sec, line, "via",
			"%s is the address of [port %s], "
			"allowed: another host's",
			text, port_with(conf_of(ld), &r->via)->name);
	else {
		while (r->port < conf_of(ld)->n_ports &&
			!on_link(&conf_of(ld)->ports[r->port], &r->via))
			r->port++;
		if (r->port == conf_of(ld)->n_ports)
			conf_key_error(ld, sec, line, "via",
				"%s is not on-link, allowed: a host in a subnet of a port", text);
	}
}

static void check_statics(struct conf_reader *ld)
{
	char text[PREFIX_TEXT], by[64];

	for (unsigned i = 0; i < ld->n_kind[KIND_STATIC]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_STATIC][i];
		const struct conf_static *r = sec->obj;

		if (!ld->plan_known)
			return;
		if (static_taken(ld, i, by, sizeof(by)))
			conf_key_error(ld, sec, conf_line_of(sec, "to", 0), "to",
				"%s is routed by [%s] already, allowed: another network",
				prefix_text(&r->to, text), by);
		static_via(ld, sec);
	}
}

#define MODE(name) (1u << CONF_MODE_##name)

/* Keys that only some modes look at. */
static void listener_strays(struct conf_reader *ld, struct conf_section *sec)
{
	static const struct {
		const char *key;
		unsigned modes;
		const char *text;
	} keys[] = {
		{"domain", MODE(HTTP), "http"},
		{"forwarded", MODE(HTTP), "http"},
		{"request-id", MODE(HTTP), "http"},
		{"head-limit", MODE(HTTP), "http"},
		{"head-timeout", MODE(HTTP), "http"},
		{"certificate", MODE(HTTP) | MODE(SPLICE), "http or splice"},
		{"client-certificate", MODE(HTTP) | MODE(SPLICE), "http or splice"},
		{"client-ca", MODE(HTTP) | MODE(SPLICE), "http or splice"},
		{"client-crl", MODE(HTTP) | MODE(SPLICE), "http or splice"},
		{"pool", ~MODE(ECHO), "http, splice or sni"},
		{"handshake-timeout", ~MODE(ECHO), "http, splice or sni"},
		{"server-name", MODE(SNI), "sni"},
	};
	const struct conf_listener *l = sec->obj;

	for (unsigned i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (!(keys[i].modes & 1u << l->mode) && conf_key_given(sec, keys[i].key))
			conf_key_error(ld, sec, conf_line_of(sec, keys[i].key, 0), keys[i].key,
				"has no meaning with mode = %s, allowed: with mode = %s",
				conf_mode_name(l->mode), keys[i].text);
}

static void listener_mode(struct conf_reader *ld, struct conf_section *sec)
{
	const struct conf_listener *l = sec->obj;
	bool named = l->mode == CONF_MODE_SNI && conf_key_given(sec, "server-name");

	listener_strays(ld, sec);
	if (l->mode == CONF_MODE_ECHO)
		return;
	if (l->mode != CONF_MODE_SNI)
		conf__check_listener_tls(ld, sec);
	if (!named && !conf_key_given(sec, "pool"))
		conf_key_error(
			ld, sec, sec->at.line, "pool", "missing, allowed: the name of a [pool]");
}

unsigned conf__find(struct conf_reader *ld, unsigned kind, struct conf_section *sec,
	const char *key, unsigned line, const char *name)
{
	const char *what = ld->table->kinds[kind].name;
	char names[256] = "";
	size_t n = 0;

	for (unsigned i = 0; i < ld->n_kind[kind]; i++) {
		const char *known = ld->by_kind[kind][i]->name;

		if (strcmp(known, name) == 0)
			return i;
		if (n < sizeof(names))
			n += (size_t)snprintf(
				names + n, sizeof(names) - n, "%s%s", n ? ", " : "", known);
	}
	if (!n)
		snprintf(names, sizeof(names), "the name of a [%s], there is none", what);
	conf_key_error(ld, sec, line, key, "there is no [%s %s], allowed: %s", what, name, names);
	return ld->n_kind[kind];
}

/* The listener, up to and with number last, that has e among its first n addresses; or NULL. */
static const struct conf_listener *listener_with(
	const struct conf_reader *ld, const struct ip_endpoint *e, unsigned last, unsigned n)
{
	for (unsigned k = 0; k <= last && k < ld->n_kind[KIND_LISTENER]; k++) {
		const struct conf_section *sec = ld->by_kind[KIND_LISTENER][k];
		const struct conf_listener *l = sec->obj;

		for (unsigned a = 0; a < (k == last ? n : l->n_addr); a++)
			if (conf_key_ok(sec, "address") && l->addr[a].port == e->port &&
				ip_addr_eq(&l->addr[a].addr, &e->addr))
				return l;
	}
	return NULL;
}

static void listener_address(struct conf_reader *ld, unsigned i, unsigned a)
{
	struct conf_section *sec = ld->by_kind[KIND_LISTENER][i];
	const struct conf_listener *l = sec->obj;
	const struct conf_listener *twin = listener_with(ld, &l->addr[a], i, a);
	unsigned line = conf_line_of(sec, "address", a);
	char text[IP_ENDPOINT_TEXT];

	ip_endpoint_text(&l->addr[a], text);
	if (twin)
		conf_key_error(ld, sec, line, "address",
			"%s is given twice, first by [listener %s], allowed: once", text,
			twin->name);
	else if (ld->plan_known && !port_with(conf_of(ld), &l->addr[a].addr))
		conf_key_error(ld, sec, line, "address",
			"%s is on no port, allowed: an address of a [port]", text);
}

static void listener_pool(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_listener *l = sec->obj;
	unsigned line = conf_line_of(sec, "pool", 0);

	l->pool = conf__find(ld, KIND_POOL, sec, "pool", line, l->pool_name);
	if (conf_key_ok(sec, "mode") && l->mode == CONF_MODE_SPLICE)
		conf__check_bare_pool(ld, sec, "pool", line, l->pool);
}

static void check_listeners(struct conf_reader *ld)
{
	for (unsigned i = 0; i < ld->n_kind[KIND_LISTENER]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_LISTENER][i];
		struct conf_listener *l = sec->obj;

		if (!conf_key_given(sec, "congestion"))
			l->congestion = conf_of(ld)->tcp.congestion;
		if (conf_key_ok(sec, "mode"))
			listener_mode(ld, sec);
		if (l->pool_name && conf_key_ok(sec, "pool"))
			listener_pool(ld, sec);
		if (conf_key_ok(sec, "mode") && l->mode == CONF_MODE_SNI)
			conf__check_listener_sni(ld, sec);
		for (unsigned a = 0; conf_key_ok(sec, "address") && a < l->n_addr; a++)
			listener_address(ld, i, a);
	}
}

static bool reachable(const struct conf *c, const struct ip_addr *a)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		if (conf_port_reaches(&c->ports[i], a))
			return true;
	for (unsigned i = 0; i < c->n_statics; i++)
		if (prefix_has(&c->statics[i].to, a))
			return true;
	return false;
}

/* The member before m with its endpoint, or NULL. */
static const struct conf_member *member_twin(
	const struct conf_pool *pool, const struct conf_member *m)
{
	for (const struct conf_member *o = pool->members; o < m; o++)
		if (o->endpoint.port == m->endpoint.port &&
			ip_addr_eq(&o->endpoint.addr, &m->endpoint.addr))
			return o;
	return NULL;
}

static void member_check(
	struct conf_reader *ld, struct conf_section *sec, const struct conf_member *m)
{
	const struct conf_listener *l =
		listener_with(ld, &m->endpoint, ld->n_kind[KIND_LISTENER], 0);
	const struct conf_port *port = port_with(conf_of(ld), &m->endpoint.addr);
	const struct conf_member *twin = member_twin(sec->obj, m);
	char text[IP_ENDPOINT_TEXT];

	ip_endpoint_text(&m->endpoint, text);
	if (twin)
		conf_key_error(ld, sec, m->at.line, "member",
			"%s is %s already, allowed: once in a pool", text, twin->name);
	else if (l)
		conf_key_error(ld, sec, m->at.line, "member",
			"%s is [listener %s], requests would loop, allowed: another host", text,
			l->name);
	else if (port)
		conf_key_error(ld, sec, m->at.line, "member",
			"%s is an address of [port %s], allowed: another host", text, port->name);
	else if (ld->plan_known && !reachable(conf_of(ld), &m->endpoint.addr))
		conf_key_error(ld, sec, m->at.line, "member",
			"%s cannot be reached, allowed: a host in a subnet of a port, or behind a "
			"gateway or route",
			text);
}

static void check_pools(struct conf_reader *ld)
{
	for (unsigned i = 0; i < ld->n_kind[KIND_POOL]; i++) {
		struct conf_section *sec = ld->by_kind[KIND_POOL][i];
		struct conf_pool *pool = sec->obj;
		bool ok = conf_key_ok(sec, "member");

		if (!conf_key_given(sec, "congestion"))
			pool->congestion = conf_of(ld)->tcp.congestion;
		conf__check_pool_tls(ld, sec);
		conf__check_pool_choice(ld, sec);
		for (unsigned m = 0; ok && m < pool->n_members; m++)
			member_check(ld, sec, &pool->members[m]);
	}
}

/* Whether all ports and routes are known, so that an address outside of them is a mistake. */
static bool plan_known(const struct conf_reader *ld)
{
	bool ok = !ld->plan_doubt && ld->n_kind[KIND_PORT] > 0;

	for (unsigned i = 0; i < ld->n_kind[KIND_PORT]; i++)
		ok &= conf_key_ok(ld->by_kind[KIND_PORT][i], "address") &&
		      conf_key_ok(ld->by_kind[KIND_PORT][i], "gateway");
	for (unsigned i = 0; i < ld->n_kind[KIND_STATIC]; i++)
		ok &= conf_key_ok(ld->by_kind[KIND_STATIC][i], "to") &&
		      conf_key_ok(ld->by_kind[KIND_STATIC][i], "via");
	return ok;
}

void conf__check(struct conf_reader *ld)
{
	ld->plan_known = plan_known(ld);
	ASSERT(ld->plan_known || ld->failed || !ld->n_kind[KIND_PORT],
		"a doubt comes with an error");
	conf__check_global(ld);
	conf_check_ports(ld);
	check_statics(ld);
	check_listeners(ld);
	conf__check_routes(ld);
	conf__check_checks(ld);
	check_pools(ld);
	conf__check_tls(ld);
	conf__settings(ld);
}
