/* SPDX-License-Identifier: BSD-3-Clause */
/* Counters of all libraries, summed over workers, ports, listeners and members; read in place. */
#include <string.h>

#include "base/assert.h"
#include "ctl/ctl_priv.h"
#include "net/net.h"
#include "port/port.h"
#include "relay/relay.h"
#include "tcp/tcp.h"

/* The sums of block's library, made when met for the first time. */
static struct ctl_counters_lib *lib_of(struct ctl_counters *out, const struct stat_block *block)
{
	struct ctl_counters_lib *l;

	for (l = out->lib; l < out->lib + out->n; l++)
		if (l->block.names == block->names && strcmp(l->block.lib, block->lib) == 0)
			return l;
	ASSERT(out->n < CTL_COUNTERS_LIBS && block->n <= CTL_COUNTERS_MAX, "room for all our libs");
	out->n++;
	memset(l, 0, sizeof(*l));
	l->block = *block;
	l->block.values = l->sum;
	return l;
}

static void add(struct ctl_counters *out, const struct stat_block *block)
{
	struct ctl_counters_lib *l = lib_of(out, block);

	for (unsigned i = 0; i < block->n; i++)
		l->sum[i] += __atomic_load_n(&block->values[i], __ATOMIC_RELAXED);
}

static void add_ports(struct ctl_counters *out, const struct ctl_core *core, unsigned w)
{
	for (unsigned p = 0; p < core->sys.n_ports; p++) {
		struct stat_block b = port_stats(core->sys.ports[p], (uint16_t)w);

		add(out, &b);
	}
}

static void add_members(struct ctl_counters *out, struct lb *lb)
{
	for (unsigned p = 0; p < lb_pools(lb); p++) {
		add(out, &(struct stat_block){"lb_pool", lb_pool_stat_names,
				 lb_pool(lb, p)->learned->stat, LB_POOL_STAT_N});
		for (unsigned m = 0; m < lb_members(lb, p); m++)
			add(out, &(struct stat_block){"lb", lb_stat_names,
					 lb_member(lb, p, m)->stat, LB_STAT_N});
	}
}

static void add_relay(
	struct ctl_counters *out, const struct ctl_core *core, const struct relay *relay)
{
	struct stat_block b;

	for (unsigned l = 0; l < relay_listeners(relay); l++) {
		b = relay_stat_block(relay, l);
		add(out, &b);
	}
	b = relay_stat_rest(relay);
	add(out, &b);
	b = relay_refusals_req(relay);
	add(out, &b);
	b = relay_refusals_rsp(relay);
	add(out, &b);
}

void ctl__counters_sum(const struct ctl_core *core, struct ctl_counters *out)
{
	out->n = 0;
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct ctl_worker *worker = &core->sys.workers[w];
		struct stat_block b = net_stat_block(worker->net);

		add_ports(out, core, w);
		add(out, &b);
		add(out, &(struct stat_block){
				 "tcp", tcp_stat_names, tcp_stats(worker->tcp), TCP_STAT_N});
		if (worker->tls)
			add(out, &(struct stat_block){"tls", tls_stat_names, tls_stats(worker->tls),
					 TLS_STAT_N});
		add_relay(out, core, worker->relay);
		add_members(out, worker->lb);
		for (unsigned i = 0; i < worker->n_blocks; i++)
			add(out, &worker->blocks[i]);
	}
}

bool ctl__counter_is_drop(const struct stat_name *name)
{
	return strncmp(name->text, "dropped", strlen("dropped")) == 0;
}

void ctl__member_sum(
	const struct ctl_core *core, unsigned pool, unsigned member, struct ctl_member *out)
{
	memset(out, 0, sizeof(*out));
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct ctl_worker *worker = &core->sys.workers[w];
		const struct lb_member *m;

		if (ctl__is_behind(core, w))
			continue;
		m = lb_member(worker->lb, pool, member);
		for (unsigned i = 0; i < LB_STAT_N; i++)
			out->stat[i] += __atomic_load_n(&m->stat[i], __ATOMIC_RELAXED);
		out->active += m->active;
		out->idle += m->idle;
		out->in_state[lb_member_state(m)]++;
	}
}

void ctl__member_latency(const struct ctl_core *core, unsigned pool, unsigned member,
	struct stat_hist *first, struct stat_hist *last)
{
	memset(first, 0, sizeof(*first));
	memset(last, 0, sizeof(*last));
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct lb_member *m;

		if (ctl__is_behind(core, w))
			continue;
		m = lb_member(core->sys.workers[w].lb, pool, member);
		stat_hist_merge(first, &m->ttfb);
		stat_hist_merge(last, &m->total);
	}
}
