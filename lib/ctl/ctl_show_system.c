/* SPDX-License-Identifier: BSD-3-Clause */
/* show version, workers, counters, memory. */
#include <errno.h>
#include <time.h>
#include <unistd.h>
#include <rte_mempool.h>
#include <rte_version.h>

#include "buf/buf.h"
#include "ctl/ctl_priv.h"
#include "relay/relay.h"
#include "tcp/tcp.h"

int ctl__show_version(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {
		{"version"}, {"dpdk"}, {"pid"}, {"started"}, {"uptime_s", "uptime"}, {"workers"}};
	time_t started = (time_t)core->sys.started, now = time(NULL);
	char text[32];
	struct tm tm;

	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&started, &tm));
	CTL_SECTION(out, "version", CTL_RECORD, columns);
	ctl__doc_string(out, "%s", core->sys.version);
	ctl__doc_string(out, "%s", rte_version());
	ctl__doc_number(out, CTL_COUNT, (uint64_t)getpid());
	ctl__doc_string(out, "%s", text);
	ctl__doc_number(out, CTL_SECONDS, now > started ? (uint64_t)(now - started) : 0);
	ctl__doc_number(out, CTL_COUNT, core->sys.n_workers);
	return 0;
}

int ctl__show_workers(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"worker"}, {"core"}, {"busy", "busy (1 s)"},
		{"busy_total"}, {"polls"}, {"bursts"}, {"burst_mean", "mean burst"},
		{"burst_p99", "p99"}, {"burst_max", "max"}, {"connections"}, {"requests"}};

	CTL_SECTION(out, "workers", CTL_TABLE, columns);
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct ctl_worker *worker = &core->sys.workers[w];
		const struct ctl_load *load = &core->load[w];
		double all = (double)(load->busy + load->idle + load->sleep);
		struct stat_hist burst = *worker->burst;
		struct relay_info relay;
		struct tcp_info tcp;

		tcp_info(worker->tcp, &tcp);
		relay_info(worker->relay, &relay);
		ctl__doc_number(out, CTL_COUNT, w);
		ctl__doc_number(out, CTL_COUNT, worker->core);
		if (load->share < 0)
			ctl__doc_none(out);
		else
			ctl__doc_real(out, CTL_SHARE, load->share);
		ctl__doc_real(out, CTL_SHARE, all > 0 ? (double)load->busy / all : 0);
		ctl__doc_number(out, CTL_COUNT, *worker->polls);
		ctl__doc_number(out, CTL_COUNT, burst.count);
		ctl__doc_real(
			out, CTL_REAL, burst.count ? (double)burst.sum / (double)burst.count : 0);
		ctl__doc_number(out, CTL_COUNT, stat_hist_quantile(&burst, 990));
		ctl__doc_number(out, CTL_COUNT, burst.max);
		ctl__doc_number(out, CTL_COUNT, tcp.conns);
		ctl__doc_number(out, CTL_COUNT, relay.requests);
	}
	return 0;
}

int ctl__show_counters(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {
		{"lib"}, {"counter"}, {"value"}, {"text", "counts"}};
	struct ctl_counters sums;

	if (arg.n && !span_eq(arg, SPAN_LIT("all")))
		return err_set(e, EINVAL, "\"%.*s\": unknown; expected \"all\" or nothing",
			ctl__shown(arg), arg.p);
	ctl__counters_sum(core, &sums);
	CTL_SECTION(out, "counters", CTL_TABLE, columns);
	for (unsigned l = 0; l < sums.n; l++) {
		const struct stat_block *b = &sums.lib[l].block;

		for (unsigned i = 0; i < b->n; i++) {
			if (b->values[i] == 0 && !arg.n)
				continue;
			ctl__doc_string(out, "%s", b->lib);
			ctl__doc_string(out, "%s", b->names[i].name);
			ctl__doc_number(out, CTL_COUNT, b->values[i]);
			ctl__doc_string(out, "%s", b->names[i].text);
		}
	}
	return 0;
}

/* ---- memory ---- */

static void buffers(struct ctl_doc *out, unsigned w, const char *name, const struct rte_mempool *mp)
{
	uint64_t each = mp->elt_size + mp->header_size + mp->trailer_size;

	ctl__doc_number(out, CTL_COUNT, w);
	ctl__doc_string(out, "%s", name);
	ctl__doc_number(out, CTL_COUNT, rte_mempool_in_use_count(mp));
	ctl__doc_number(out, CTL_COUNT, mp->size);
	ctl__doc_number(out, CTL_BYTES, each * mp->size);
}

static void records(struct ctl_doc *out, unsigned w, const char *name, uint32_t used, uint32_t size)
{
	ctl__doc_number(out, CTL_COUNT, w);
	ctl__doc_string(out, "%s", name);
	ctl__doc_number(out, CTL_COUNT, used);
	ctl__doc_number(out, CTL_COUNT, size);
}

static void worker_records(struct ctl_doc *out, unsigned w, const struct ctl_worker *worker)
{
	struct relay_info relay;
	struct tcp_info tcp;

	tcp_info(worker->tcp, &tcp);
	relay_info(worker->relay, &relay);
	records(out, w, "connections", tcp.conns, tcp.conns_max);
	records(out, w, "half_open", tcp.syns, tcp.syns_max);
	records(out, w, "time_wait", tcp.time_waits, tcp.time_waits_max);
	records(out, w, "out_of_order", tcp.exts, tcp.exts_max);
	records(out, w, "fronts", relay.fronts, relay.fronts_max);
	records(out, w, "backs", relay.backs, relay.backs_max);
	records(out, w, "requests", relay.requests, relay.requests_max);
	records(out, w, "splices", relay.splices, relay.splices_max);
}

int ctl__show_memory(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column pools[] = {
		{"worker"}, {"name", "buffers"}, {"in_use"}, {"size"}, {"bytes", "memory"}};
	static const struct ctl_column others[] = {
		{"worker"}, {"name", "records"}, {"in_use"}, {"size"}};

	CTL_SECTION(out, "buffers", CTL_TABLE, pools);
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		const struct buf_pools *p = core->sys.workers[w].pools;

		buffers(out, w, "data", p->data);
		buffers(out, w, "hdr", p->hdr);
		buffers(out, w, "indirect", p->indirect);
	}
	CTL_SECTION(out, "records", CTL_TABLE, others);
	for (unsigned w = 0; w < core->sys.n_workers; w++)
		worker_records(out, w, &core->sys.workers[w]);
	return 0;
}
