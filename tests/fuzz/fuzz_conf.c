/* SPDX-License-Identifier: BSD-3-Clause */
/* Any text is a snapshot or a list of errors. A snapshot keeps what conf.h promises of it. */
#include <stdlib.h>

#include "conf/conf.h"

static void must(bool ok)
{
	if (!ok)
		abort();
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
		must(c->listeners[i].pool < c->n_pools && c->listeners[i].n_addr > 0);
	for (unsigned i = 0; i < c->n_pools; i++) {
		must(c->pools[i].n_members > 0 && c->pools[i].n_members <= CONF_MEMBERS_MAX);
		for (unsigned m = 0; m < c->pools[i].n_members; m++)
			must(c->pools[i].members[m].weight > 0 &&
				c->pools[i].members[m].endpoint.port > 0);
	}
	must(c->global.n_workers <= CONF_WORKERS_MAX && c->global.socket[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct conf_errors errs = {0};
	struct conf *c = conf_parse_text("fuzz.ini", (const char *)data, n, &errs);

	must((c == NULL) == (conf_errors_count(&errs) > 0));
	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		must(!strchr(conf_errors_text(&errs, i), '\n'));
	if (c)
		snapshot_check(c);
	conf_destroy(c);
	conf_errors_fini(&errs);
	return 0;
}
