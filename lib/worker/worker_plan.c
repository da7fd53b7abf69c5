/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a worker's memory goes: first the connections that the file allows, then buffers. Keys of
 * TLS are not in it: they have pages of their own (aead.h), taken as they are used; those in a
 * crypto device are. The costs are those of the records plus their share of the hash table;
 * test_worker_plan.c holds them against what a worker really takes.
 */
#include <errno.h>

#include "worker/worker_priv.h"

#define MB            (1024u * 1024u)
#define FRONT_COST    512u  /* bytes: TCP, relay, hash table, out-of-order share */
#define SPLICE_COST   384u  /* what a splice takes more: its connection to a member */
#define REQUEST_COST  1536u /* the request and its two back connections */
#define BACK_SHAKES   64u   /* handshakes with members at a time, at least */
#define TLS_COST      1408u /* a connection's TLS, but for its keys */
#define SESSION_COST  1792u /* a key in a crypto device: its session */
#define SHAKE_COST    (sizeof(struct tls_task) + 64) /* a handshake under way */
#define FIXED_COST    (8u * MB)    /* SYN and TIME_WAIT records, scratch, the pools' caches */
#define NEWS_COST     (16u * 1024) /* the ring for what another worker learned */
#define HANDED_SHARE  4u           /* one part of the buffers may wait for one other worker */
#define HANDED_MIN    2048u
#define HANDED_MAX    16384u
#define REQUEST_SHARE (128u * 1024) /* one request in flight for so many bytes of memory */
#define REQUESTS_MIN  64u
#define FLIGHT_COST   (384u + RUNS_A_FLIGHT * 64u) /* of a connection with bytes in flight */
#define FLIGHT_SHARE  (16u * 1024)                 /* one for so many bytes of memory */
#define FLIGHTS_MIN   256u
#define RUNS_A_FLIGHT 8u
#define SPARE         16 /* one part in so many for drivers and the heap's own needs */

static uint64_t tables(const struct worker_plan *p)
{
	return FIXED_COST + (uint64_t)p->fronts * FRONT_COST + (uint64_t)p->splices * SPLICE_COST +
	       (uint64_t)p->requests * REQUEST_COST + (uint64_t)p->flights * FLIGHT_COST +
	       (uint64_t)p->tls * TLS_COST + (uint64_t)p->handshakes * SHAKE_COST;
}

/*
 * A worker that does not run for some milliseconds (its core had other work, or sleeps) must lose
 * nothing that peers may send within their windows, so the ring holds many buffers. It does not
 * hold all of them: a worker that hangs must not starve the others.
 */
static uint32_t handed(const struct conf *conf, uint64_t mine)
{
	uint64_t buffers = mine / buf_pools_cost(conf->global.buffer);
	uint64_t n = RTE_MIN(buffers / HANDED_SHARE, (uint64_t)HANDED_MAX);

	return RTE_MAX(rte_align32prevpow2((uint32_t)n), HANDED_MIN);
}

/* Clients have those of the file; who are connected to members must not wait for them. */
static uint32_t handshakes(const struct conf *conf, uint32_t conns)
{
	uint32_t n = conf->tls.handshakes;

	for (unsigned i = 0; i < conf->n_pools; i++)
		if (conf->pools[i].tls)
			return RTE_MIN(n + BACK_SHAKES, conns);
	return RTE_MIN(n, conns);
}

/* How `mine` bytes are spent; buffers are left to the caller. */
static void plan_tables(
	const struct conf *conf, uint64_t mine, unsigned n_workers, struct worker_plan *p)
{
	uint64_t fit = mine / REQUEST_SHARE;

	p->fronts = relay_fronts_max(conf);
	p->splices = relay_splices_max(conf);
	p->requests = (uint32_t)RTE_MIN(RTE_MAX(fit, REQUESTS_MIN), p->fronts);
	/* twice: a pool of idle ones must not starve requests */
	p->backs = 2 * p->requests;
	p->tls = relay_tls_max(conf, p->backs);
	p->handshakes = handshakes(conf, p->tls);
	fit = mine / FLIGHT_SHARE;
	p->flights = (uint32_t)RTE_MIN(
		RTE_MAX(fit, FLIGHTS_MIN), (uint64_t)p->fronts + p->splices + p->backs);
	p->runs = p->flights * RUNS_A_FLIGHT;
	p->handed = handed(conf, mine);
	p->tables = tables(p) + (n_workers - 1) * (p->handed * sizeof(void *) + NEWS_COST);
	if (conf->tls.aead == CONF_AEAD_CRYPTODEV)
		p->tables += 2ull * p->tls * SESSION_COST;
}

static bool fits(const struct worker_plan *p, uint64_t mine)
{
	return p->tables <= mine / 2;
}

/* The least `memory` in MB that is enough: tables grow with it, by less than half of it. */
static uint64_t enough(const struct conf *conf, uint64_t mine, unsigned n_workers)
{
	struct worker_plan p;

	do {
		mine = (mine / MB + 1) * MB;
		plan_tables(conf, mine, n_workers, &p);
	} while (!fits(&p, mine));
	return mine / MB * n_workers;
}

int worker_plan(const struct conf *conf, unsigned n_workers, struct worker_plan *p, struct err *e)
{
	uint64_t mine = conf->global.memory / n_workers;

	plan_tables(conf, mine, n_workers, p);
	if (!fits(p, mine))
		return err_set(e, ENOMEM,
			"%s:%u: [global] memory: %u connections (all listeners together) need %lu "
			"of the %lu MB of each worker, half must be left for buffers: raise memory "
			"to %luM or lower connections",
			conf->global.at.file, conf->global.at.line, p->fronts, p->tables / MB,
			mine / MB, enough(conf, mine, n_workers));
	p->buffers =
		(uint32_t)((mine - mine / SPARE - p->tables) / buf_pools_cost(conf->global.buffer));
	return 0;
}
