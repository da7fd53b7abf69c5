/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads for handshakes: kernel threads beside the workers, on cores of the operator's choice. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "tls/tls_crew.h"

static bool is_worker(const uint16_t *cores, unsigned n_cores, uint16_t core)
{
	for (unsigned i = 0; i < n_cores; i++)
		if (cores[i] == core)
			return true;
	return false;
}

void crew_cores_warn(const struct conf *conf, const uint16_t *cores, unsigned n_cores)
{
	const struct conf_tls *t = &conf->tls;

	for (unsigned i = 0; i < t->threads && (i < t->n_core || i == 0); i++) {
		uint16_t core = t->n_core ? t->core[i] : conf->global.control;

		if (is_worker(cores, n_cores, core))
			log_warn("tls",
				"core %u is a worker's and does handshakes as well, which take its "
				"time: [tls] handshake-cores can name another",
				core);
	}
}

static int thread_start(struct crew *c, const struct conf *conf, struct err *e)
{
	uint16_t core =
		conf->tls.n_core ? conf->tls.core[c->n % conf->tls.n_core] : conf->global.control;
	char name[16];
	cpu_set_t set;
	int rc;

	rc = pthread_create(&c->thread[c->n], NULL, tls_crew_main, c->tasks);
	if (rc)
		return err_set(e, rc, "handshake thread %u: %s", c->n, strerror(rc));
	snprintf(name, sizeof(name), "penstock-hs%u", c->n);
	pthread_setname_np(c->thread[c->n], name);
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	rc = pthread_setaffinity_np(c->thread[c->n++], sizeof(set), &set);
	return rc ? err_set(e, rc, "%s:%u: [tls] handshake-cores: core %u: %s", conf->tls.at.file,
			    conf->tls.at.line, core, strerror(rc))
		  : 0;
}

int crew_start(struct crew *c, const struct conf *conf, unsigned n_workers, uint32_t handshakes,
	struct err *e)
{
	int rc = 0;

	c->tasks = tls_crew_create(n_workers, handshakes, e);
	if (!c->tasks)
		return -ENOMEM;
	while (rc == 0 && c->n < conf->tls.threads)
		rc = thread_start(c, conf, e);
	return rc;
}

void crew_stop(struct crew *c)
{
	if (!c->tasks)
		return;
	tls_crew_stop(c->tasks);
	while (c->n > 0)
		pthread_join(c->thread[--c->n], NULL);
	tls_crew_destroy(c->tasks);
	c->tasks = NULL;
}
