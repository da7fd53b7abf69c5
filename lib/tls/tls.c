/* SPDX-License-Identifier: BSD-3-Clause */
/* The instance: its pools, made once, and what show asks of it. */
#include <errno.h>
#include <rte_malloc.h>

#include "tls/tls_priv.h"

const struct stat_name tls_stat_names[TLS_STAT_N] = {
#define X(name, text) {#name, text},
#include "tls/tls_stat.def"
#undef X
#define X(name, alert, text) {"fail_" #name, text},
#include "tls/tls_error.def"
#undef X
};

const char *tls_error_text(enum tls_error e)
{
	static const char *const text[TLS_ERRORS] = {
		"",
#define X(name, alert, text) text,
#include "tls/tls_error.def"
#undef X
	};

	return e < TLS_ERRORS ? text[e] : "?";
}

static int pools_create(struct tls *t)
{
	const struct tls_config *cfg = &t->cfg;

	t->conn = rte_zmalloc_socket("tls_conn", (size_t)cfg->conns * sizeof(*t->conn),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	t->records = rte_zmalloc_socket("tls_records", (size_t)cfg->conns * sizeof(*t->records),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	if (!t->conn || !t->records || tls__shakes_create(t) < 0)
		return -ENOMEM;
	for (uint32_t i = cfg->conns; i > 0; i--) {
		t->conn[i - 1].next = t->conn_free;
		t->conn_free = &t->conn[i - 1];
	}
	return 0;
}

struct tls *tls_create(const struct tls_config *cfg, struct err *e)
{
	struct tls *t = rte_zmalloc_socket("tls", sizeof(*t), RTE_CACHE_LINE_SIZE, cfg->socket);

	if (t) {
		t->cfg = *cfg;
		if (pools_create(t) == 0)
			return t;
	}
	tls_destroy(t);
	err_set(e, ENOMEM, "no memory for %u TLS connections: raise [global] memory", cfg->conns);
	return NULL;
}

void tls_destroy(struct tls *t)
{
	if (!t)
		return;
	ASSERT(t->conns == 0, "connections are freed by their owner");
	tls__shakes_destroy(t);
	rte_free(t->records);
	rte_free(t->conn);
	rte_free(t);
}

const uint64_t *tls_stats(const struct tls *t)
{
	return t->stat;
}

const struct stat_hist *tls_latency(const struct tls *t)
{
	return &t->latency;
}

uint32_t tls_conns(const struct tls *t)
{
	return t->conns;
}

uint32_t tls_handshakes(const struct tls *t)
{
	return t->shakes;
}
