/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Routes: those of the ports' own networks, static ones and gateways, in one list, longest prefix
 * first. Destinations in use are remembered, so the walk is for new ones.
 */
#include <errno.h>
#include <stdlib.h>

#include "net/net_priv.h"

static struct ip_addr masked(const struct net_prefix *p)
{
	struct ip_addr a = p->addr;

	for (unsigned i = 0; i < 16; i++) {
		unsigned keep = p->bits > i * 8 ? p->bits - i * 8 : 0;

		if (keep < 8)
			a.b[i] &= (uint8_t)(0xff00 >> keep);
	}
	return a;
}

/* Insert behind those of the same or a longer prefix: of equals the first wins. */
static void insert(struct net *n, const struct net__route *r)
{
	unsigned i = n->n_routes++;

	for (; i > 0 && n->routes[i - 1].to.bits < r->to.bits; i--)
		n->routes[i] = n->routes[i - 1];
	n->routes[i] = *r;
	n->routes[i].to.addr = masked(&r->to);
}

static void insert_connected(struct net *n, uint8_t port)
{
	const struct net__port *p = &n->ports[port];

	for (unsigned i = 0; i < p->n_addr; i++) {
		struct net__route r = {.to = p->addr[i], .src = p->addr[i].addr, .port = port};

		if (!net__ip_is_link_local(&r.src)) /* those need a port, see route_local() */
			insert(n, &r);
	}
}

/* Our address to send from, to gateway via: in its network, but for IPv6 never a link-local. */
static const struct net_prefix *gateway_source(const struct net__port *p, const struct ip_addr *via)
{
	if (!net__ip_is_link_local(via))
		return net__port_onlink(p, via);
	for (unsigned i = 0; i < p->n_addr; i++)
		if (!ip_is_v4(&p->addr[i].addr) && !net__ip_is_link_local(&p->addr[i].addr))
			return &p->addr[i];
	return NULL;
}

static int insert_static(struct net *n, const struct net_route_config *c, struct err *e)
{
	struct net__route r = {.to = c->to, .via = c->via, .port = c->port};
	const struct net_prefix *src;
	char text[IP_ADDR_TEXT];

	if (c->port >= n->n_ports)
		return err_set(e, EINVAL, "route: there is no port %u", c->port);
	src = gateway_source(&n->ports[c->port], &c->via);
	if (!src || ip_is_v4(&c->via) != ip_is_v4(&c->to.addr) || c->to.bits > 128 ||
		(ip_is_v4(&c->via) && c->to.bits < 96) || net_addr_port(n, &c->via) >= 0)
		return err_set(e, EINVAL, "route: gateway %s is not on-link of its port",
			ip_addr_text(&c->via, text));
	r.src = src->addr;
	insert(n, &r);
	return 0;
}

int net__route_init(struct net *n, const struct net_config *cfg, struct err *e)
{
	n->routes =
		calloc(n->n_ports * (NET_PORT_ADDRS_MAX + 1) + cfg->n_routes, sizeof(*n->routes));
	if (!n->routes)
		return err_set(e, ENOMEM, "net: no memory for routes");
	for (unsigned i = 0; i < n->n_ports; i++)
		insert_connected(n, (uint8_t)i);
	for (unsigned i = 0; i < cfg->n_routes; i++)
		if (insert_static(n, &cfg->routes[i], e) < 0)
			return -EINVAL;
	return 0;
}

void net__route_fini(struct net *n)
{
	free(n->routes);
}

void net__route_changed(struct net *n)
{
	memset(n->hops, 0, sizeof(n->hops));
}

static void path_set(const struct net *n, struct net_path *path, uint8_t port,
	const struct ip_addr *src, const struct ip_addr *next_hop)
{
	*path = (struct net_path){
		.src = *src,
		.next_hop = *next_hop,
		.mtu = n->ports[port].mtu,
		.vlan = n->ports[port].vlan,
		.port = port,
	};
}

int net_path(const struct net *n, const struct ip_addr *dst, struct net_path *out)
{
	bool v4 = ip_is_v4(dst);

	/* nobody there, and no way to ourselves: nothing here loops back */
	if (ip_is_unspecified(dst) || ip_is_multicast(dst) || net_addr_port(n, dst) >= 0)
		return -EHOSTUNREACH;
	for (unsigned i = 0; i < n->n_routes; i++) {
		const struct net__route *r = &n->routes[i];

		if (ip_is_v4(&r->to.addr) != v4 || !n->ports[r->port].up ||
			!ip_in_net(dst, &r->to.addr, r->to.bits))
			continue;
		path_set(n, out, r->port, &r->src, ip_is_unspecified(&r->via) ? dst : &r->via);
		return 0;
	}
	return -EHOSTUNREACH;
}

/* A link-local destination says nothing about the port; the source, being ours, does. */
static int path_local(const struct net *n, const struct ip_addr *src, const struct ip_addr *dst,
	struct net_path *out)
{
	int port = net_addr_port(n, src);

	if (port < 0 || !n->ports[port].up || net__port_addr(&n->ports[port], dst))
		return -EHOSTUNREACH;
	path_set(n, out, (uint8_t)port, src, dst);
	return 0;
}

struct net__hop *net__route(struct net *n, const struct ip_addr *src, const struct ip_addr *dst)
{
	uint64_t mix = (dst->q[0] ^ dst->q[1]) * 0x9e3779b97f4a7c15ull;
	struct net__hop *h = &n->hops[mix >> 56 & (NET_HOPS - 1)];
	bool local = net__ip_is_link_local(dst);

	if (likely(ip_addr_eq(&h->dst, dst) && !local) && !ip_is_unspecified(dst))
		return h;
	*h = (struct net__hop){0};
	if ((local ? path_local(n, src, dst, &h->path) : net_path(n, dst, &h->path)) < 0)
		return NULL;
	h->dst = *dst;
	return h;
}

unsigned net_route_list(const struct net *n, struct net_route_info *out, unsigned max)
{
	for (unsigned i = 0; i < n->n_routes && i < max; i++) {
		const struct net__route *r = &n->routes[i];

		out[i] = (struct net_route_info){
			.to = r->to,
			.via = r->via,
			.src = r->src,
			.port = r->port,
			.up = n->ports[r->port].up,
		};
	}
	return n->n_routes;
}
