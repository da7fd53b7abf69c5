/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where connections begin: the path, and the source port. A worker takes only ports of its own
 * share, so that no two workers ever use the same one; of these one whose return traffic lands on
 * its own queue, where the port knows that. Random, as RFC 6056 3.3.1 has it.
 */
#include <errno.h>

#include "relay/relay_priv.h"

#define PORT_LOW   1024u
#define PORT_COUNT (65536u - PORT_LOW)
#define PORT_TRIES 1024 /* finds one of 1 % free ports with 99.99 % */
#define GSO_MAX    61440

static uint32_t share(uint16_t n_workers)
{
	return PORT_COUNT / n_workers;
}

uint16_t relay_port_owner(uint16_t lport, uint16_t n_workers)
{
	uint32_t w = lport < PORT_LOW ? 0 : (lport - PORT_LOW) / share(n_workers);

	return (uint16_t)RTE_MIN(w, n_workers - 1u);
}

static struct tcp_path path_of(
	const struct relay *r, unsigned port, uint16_t mtu, enum conf_congestion cc)
{
	return (struct tcp_path){.mtu = mtu,
		.gso_max = port_caps(r->cfg.ports[port])->tso ? GSO_MAX : 0,
		.cc = (uint8_t)tcp_cc_find(conf_congestion_name(cc)),
		.ecn = r->cfg.conf->tcp.ecn != CONF_ECN_NO};
}

/* To a member. ECN is asked for only when that was wished, but DCTCP is nothing without it. */
static struct tcp_path path_to(
	const struct relay *r, const struct net_path *path, const struct conf_pool *pool)
{
	enum conf_congestion cc = pool->congestion;
	struct tcp_path how = path_of(r, path->port, path->mtu, cc);

	how.ecn = how.ecn && (r->cfg.conf->tcp.ecn == CONF_ECN_YES || cc == CONF_CC_DCTCP);
	return how;
}

/* Do answers from remote to local arrive on this worker's queue, as far as the port can tell? */
static bool is_ours(const struct relay *r, unsigned port, const struct ip_endpoint *remote,
	const struct ip_endpoint *local)
{
	const struct port *p = r->cfg.ports[port];

	return !port_rss_known(p) || port_rss_queue(p, remote, local) == r->cfg.worker;
}

static struct tcp_conn *open_from(struct relay *r, const struct net_path *path,
	const struct conf_pool *pool, const struct ip_endpoint *remote, void *owner, int *error)
{
	struct tcp_path how = path_to(r, path, pool);
	uint32_t n = share(r->cfg.n_workers), low = PORT_LOW + r->cfg.worker * n;
	struct ip_endpoint local = {.addr = path->src};
	struct tcp_conn *c;

	*error = EADDRINUSE;
	for (int i = 0; i < PORT_TRIES; i++) {
		local.port = (uint16_t)(low + rand_below(r->cfg.rnd, n));
		if (!is_ours(r, path->port, remote, &local))
			continue;
		c = tcp_connect(r->cfg.tcp, &local, remote, &how, owner, error);
		if (c || *error != EADDRINUSE)
			return c;
	}
	return NULL;
}

static int connect_tls(
	struct relay *r, const struct lb_pool *p, const struct lb_member *m, struct stream *s)
{
	struct tls_ctx *ctx = r->cfg.tls ? relay__pool_tls(r, p) : NULL;
	const char *name = p->conf->sni;
	char addr[IP_ADDR_TEXT];

	if (ctx && !name)
		name = ip_addr_text(&m->endpoint.addr, addr);
	return stream_connect(&r->streams, s, ctx, name);
}

int relay__connect_end(
	struct relay *r, struct lb_pool *p, unsigned member, void *owner, struct stream *e)
{
	const struct lb_member *m = p->member[member];
	const struct ip_endpoint *remote = &m->endpoint;
	struct net_path path;
	int error = -net_path(r->cfg.net, &remote->addr, &path);

	if (error)
		return error;
	*e = (struct stream){open_from(r, &path, p->conf, remote, owner, &error)};
	if (!e->conn)
		return error;
	if (connect_tls(r, p, m, e) == 0)
		return 0;
	stream_abort(&r->streams, e);
	return ENOMEM;
}

bool relay__another(
	const struct lb_pool *p, struct lb_tried *tried, uint8_t *retries, unsigned member)
{
	lb_tried_add(tried, member);
	if (*retries == p->conf->retries)
		return false;
	++*retries;
	return true;
}

struct back *relay__connect(struct relay *r, struct lb_pool *p, unsigned member, int *error)
{
	struct back *b = relay__back_get(r, p->member[member]);

	*error = ENOMEM;
	if (!b)
		return NULL;
	*error = relay__connect_end(r, p, member, b, &b->end);
	if (*error == 0)
		return b;
	relay__back_put(r, b);
	return NULL;
}

int relay__listen_path(const struct relay *r, const struct ip_endpoint *at, enum conf_congestion cc,
	struct tcp_path *out)
{
	int port = net_addr_port(r->cfg.net, &at->addr);

	if (port < 0)
		return -EADDRNOTAVAIL;
	*out = path_of(r, (unsigned)port, r->cfg.conf->ports[port].mtu, cc);
	return 0;
}
