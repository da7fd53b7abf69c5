/* SPDX-License-Identifier: BSD-3-Clause */
/* Two workers with their rings on one port, net_ring by default: no RSS, what is sent comes back.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <rte_malloc.h>

#include "aead/drivers.h"
#include "tls/tls_crew.h"
#include "unit.h"
#include "worker/worker_priv.h"

#define WORKERS       2
#define WORKERS_MBUFS 4096

/* clang-format off */
#define WORKERS_INI \
	"[global]\nworkers = 0,1\nidle = sleep\nmemory = 128M\n" \
	"[port p]\ndevice = %s\naddress = 10.0.0.10/24, fd00::10/64\n" \
	"[listener l]\naddress = 10.0.0.10:80, [fd00::10]:80\npool = n\nconnections = %u\n" \
	"[pool n]\nmember = a 10.0.0.11:9000\n"
/* clang-format on */

static struct workers {
	struct conf *conf;
	struct buf_pools pools[WORKERS], *pool[WORKERS];
	struct port *port;
	struct worker_links *links;
	struct worker_listens *listens;
	struct worker_plan plan;
	struct tls_crew *crew; /* with workers_tls() */
	struct worker *w[WORKERS];
} ws;

static inline uint64_t heap_used(void)
{
	struct rte_malloc_socket_stats s;

	rte_malloc_get_socket_stats(0, &s);
	return s.heap_allocsz_bytes;
}

static inline struct conf *workers_conf(const char *device, unsigned connections)
{
	struct conf_errors errs = {0};
	struct conf *conf;
	char text[1024];
	int n = snprintf(text, sizeof(text), WORKERS_INI, device, connections);

	conf = conf_parse_text("test.ini", text, (size_t)n, &errs);
	CU_ASSERT_PTR_NOT_NULL_FATAL(conf);
	return conf;
}

/* Between the ground and the workers: the listener and its pool have TLS, with contexts to come. */
static inline void workers_tls(uint32_t handshakes)
{
	struct err e = {""};

	((struct conf_listener *)(uintptr_t)ws.conf->listeners)->n_cert = 1;
	((struct conf_pool *)(uintptr_t)ws.conf->pools)->tls = true;
	ws.conf->tls.handshakes = handshakes;
	CU_ASSERT_EQUAL_FATAL(worker_plan(ws.conf, WORKERS, &ws.plan, &e), 0);
	ws.crew = tls_crew_create(WORKERS, ws.plan.handshakes, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ws.crew);
}

static inline struct worker *workers_make(
	uint16_t id, const struct worker_plan *plan, struct err *e)
{
	static struct tls_ctx *const none[1];
	struct worker_config cfg = {.conf = ws.conf,
		.listener_tls = none,
		.pool_tls = none,
		.crew = ws.crew,
		.aead = &aead_openssl,
		.aead_args = "",
		.ports = &ws.port,
		.pools = &ws.pools[id],
		.links = ws.links,
		.listens = ws.listens,
		.id = id,
		.n_workers = WORKERS,
		.core = id,
		.socket = SOCKET_ID_ANY,
		.plan = plan,
		.seed = {1, 2, 3, 4, 5, 6}};

	return worker_create(&cfg, e);
}

/* All but the workers themselves. */
static inline void workers_ground(const char *device, unsigned connections)
{
	static unsigned serial;
	struct err e = {""};

	unit_eal();
	ws.conf = workers_conf(device, connections);
	for (unsigned i = 0; i < WORKERS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%u", serial++);
		CU_ASSERT_EQUAL_FATAL(
			buf_pools_create(&ws.pools[i], name, WORKERS_MBUFS, SOCKET_ID_ANY), 0);
		ws.pool[i] = &ws.pools[i];
	}
	ws.port = port_open(&ws.conf->ports[0], 0, WORKERS, ws.pool, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(ws.port);
	CU_ASSERT_EQUAL_FATAL(worker_plan(ws.conf, WORKERS, &ws.plan, &e), 0);
	ws.links = worker_links_create(WORKERS, ws.plan.handed, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ws.links);
	ws.listens = worker_listens_create((const struct conf *const[]){ws.conf}, 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(ws.listens);
}

static inline void workers_up(const char *device)
{
	struct err e = {""};

	workers_ground(device, 64);
	for (uint16_t i = 0; i < WORKERS; i++) {
		ws.w[i] = workers_make(i, &ws.plan, &e);
		CU_ASSERT_STRING_EQUAL(e.text, "");
		CU_ASSERT_PTR_NOT_NULL_FATAL(ws.w[i]);
	}
}

static inline void workers_down(void)
{
	for (unsigned i = 0; i < WORKERS; i++)
		worker_destroy(ws.w[i]);
	tls_crew_destroy(ws.crew);
	worker_listens_destroy(ws.listens);
	worker_links_destroy(ws.links, WORKERS);
	port_close(ws.port);
	for (unsigned i = 0; i < WORKERS; i++) {
		UNIT_NO_LEAK(&ws.pools[i]);
		buf_pools_destroy(&ws.pools[i]);
	}
	conf_destroy(ws.conf);
	memset(&ws, 0, sizeof(ws));
}

#endif
