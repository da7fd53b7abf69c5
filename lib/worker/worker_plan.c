/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a worker's memory goes: first the connections that the file allows, then buffers. The costs
 * are those of the records plus their share of the hash table; test_worker_plan.c holds them against
 * what a worker really takes.
 */
#include <errno.h>

#include "worker/worker_priv.h"

#define MB	      (1024u * 1024u)
#define FRONT_COST    512u	   /* bytes: TCP, relay, hash table, out-of-order share */
#define REQUEST_COST  1536u	   /* the request and its two back connections */
#define FIXED_COST    (7u * MB)	   /* SYN and TIME_WAIT records, scratch */
#define REQUEST_SHARE (128u * 1024) /* one request in flight for so many bytes of memory */
#define REQUESTS_MIN  64u
#define SPARE	      16	  /* one part in so many for drivers and the heap's own needs */
#define BUFFERS_MIN   (8u * MB)

static uint64_t tables(const struct worker_plan *p)
{
	return FIXED_COST + (uint64_t)p->fronts * FRONT_COST + (uint64_t)p->requests * REQUEST_COST;
}

int worker_plan(const struct conf *conf, unsigned n_workers, struct worker_plan *p, struct err *e)
{
	uint64_t mine = conf->global.memory / n_workers, fit = mine / REQUEST_SHARE;

	p->fronts = relay_fronts_max(conf);
	p->requests = (uint32_t)RTE_MIN(RTE_MAX(fit, REQUESTS_MIN), p->fronts);
	/* twice: a pool of idle ones must not starve requests */
	p->backs = 2 * p->requests;
	p->tables = tables(p);
	if (p->tables + mine / SPARE + BUFFERS_MIN > mine)
		return err_set(e, ENOMEM,
			"%s:%u: [global] memory: %lu MB for each of %u workers is too little for the %u "
			"connections of all listeners (%lu MB) and buffers: raise memory to %lu MB, or "
			"lower connections",
			conf->global.at.file, conf->global.at.line, mine / MB, n_workers, p->fronts,
			p->tables / MB,
			((p->tables + BUFFERS_MIN) * SPARE / (SPARE - 1) / MB + 2) * n_workers);
	p->buffers = mine - mine / SPARE - p->tables;
	return 0;
}
