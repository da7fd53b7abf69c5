/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "secure.h"

#define HANDSHAKES 1024u
#define SHAKE_COST (sizeof(struct tls_task) + 64)
#define CONN_COST  2048u /* two expanded keys, their secrets, the connection */
#define NO_SOCKET  (-1)

/* ---- how much ---- */

uint32_t secure_conns(const struct gen_conf *c)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < c->n_clients; i++)
		if (c->clients[i].tls)
			n += gen_client_conns(&c->clients[i]);
	for (unsigned i = 0; i < c->n_origins; i++)
		if (c->origins[i].cert_name)
			return n + GEN_FLOWS;
	return n;
}

static uint32_t handshakes(uint32_t conns)
{
	return RTE_MIN(conns, HANDSHAKES);
}

uint64_t secure_cost(uint32_t conns)
{
	return (uint64_t)conns * CONN_COST + handshakes(conns) * SHAKE_COST;
}

/* ---- certificates ---- */

static struct tls_ctx *clients_ctx(
	const struct conf *conf, const struct gen_clients *c, struct err *e)
{
	const struct conf_pool as = {.name = c->name,
		.at = c->at,
		.tls = true,
		.verify = c->verify,
		.ca = c->ca,
		.forget = !c->resume};

	if (!c->ca || access(c->ca, R_OK) == 0)
		return tls_ctx_client(conf, &as, e);
	err_set(e, errno, "%s:%u: [clients %s] ca: %s: %s", c->at.file, c->at.line, c->name, c->ca,
		strerror(errno));
	return NULL;
}

static struct tls_ctx *origins_ctx(const struct conf *conf, const struct gen_origins *o,
	struct tls_tickets *tickets, struct err *e)
{
	const struct conf_listener as = {.name = o->name,
		.at = o->at,
		.cert = {o->cert},
		.cert_name = {o->cert_name},
		.n_cert = 1};

	return tls_ctx_server(conf, &as, tickets, e);
}

static int contexts_start(struct secure *s, const struct gen_conf *c, struct err *e)
{
	/* contexts keep nothing of it */
	const struct conf conf = {.tls = c->tls};

	s->tickets = tls_tickets_create(&c->tls, time(NULL), e);
	if (!s->tickets)
		return -ENOMEM;
	for (unsigned i = 0; i < c->n_clients; i++)
		if (c->clients[i].tls && !(s->clients[i] = clients_ctx(&conf, &c->clients[i], e)))
			return -EINVAL;
	for (unsigned i = 0; i < c->n_origins; i++)
		if (c->origins[i].cert_name &&
			!(s->origins[i] = origins_ctx(&conf, &c->origins[i], s->tickets, e)))
			return -EINVAL;
	return 0;
}

/* ---- from start to end ---- */

int secure_start(struct gen *g, const struct aead_driver *drv, uint32_t conns, struct err *e)
{
	struct tls_config cfg = {.pools = &g->pools,
		.conns = conns,
		.handshakes = handshakes(conns),
		.socket = NO_SOCKET};
	struct secure *s;

	if (cfg.conns == 0)
		return 0;
	g->secure = s = calloc(1, sizeof(*s));
	if (!s)
		return err_set(e, ENOMEM, "no memory for TLS");
	cfg.crew = s->crew = tls_crew_create(1, cfg.handshakes, e);
	cfg.aead = s->aead = s->crew ? aead_create(drv, "", 2 * cfg.conns, NO_SOCKET, e) : NULL;
	s->tls = s->aead ? tls_create(&cfg, e) : NULL;
	return s->tls ? contexts_start(s, g->conf, e) : -ENOMEM;
}

void secure_stop(struct gen *g)
{
	struct secure *s = g->secure;

	if (!s)
		return;
	tls_destroy(s->tls);
	tls_crew_destroy(s->crew);
	aead_destroy(s->aead);
	for (unsigned i = 0; i < GEN_SECTIONS_MAX; i++) {
		tls_ctx_put(s->clients[i]);
		tls_ctx_put(s->origins[i]);
	}
	tls_tickets_destroy(s->tickets);
	free(s);
	g->secure = NULL;
}

unsigned secure_shake(struct gen *g)
{
	return g->secure ? tls_crew_run(g->secure->crew, 1) : 0;
}

struct tls_ctx *secure_clients(const struct gen *g, unsigned i)
{
	return g->secure ? g->secure->clients[i] : NULL;
}

struct tls_ctx *secure_origins(const struct gen *g, unsigned i)
{
	return g->secure ? g->secure->origins[i] : NULL;
}

struct stat_block secure_stats(const struct gen *g)
{
	return (struct stat_block){"tls", tls_stat_names, tls_stats(g->secure->tls), TLS_STAT_N};
}
