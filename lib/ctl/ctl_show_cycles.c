/* SPDX-License-Identifier: BSD-3-Clause */
/* show cycles: what each stage costs a packet, in the last second and since the start. */
#include <string.h>

#include "ctl/ctl_priv.h"

struct stage {
	struct ctl_work second, total;
};

static void add(struct ctl_work *sum, const struct ctl_work *w)
{
	sum->cycles += w->cycles;
	sum->packets += w->packets;
}

/* Packets, cycles for each, share of all the cycles. */
static void cells(struct ctl_doc *out, const struct ctl_work *w, uint64_t all)
{
	ctl__doc_number(out, CTL_COUNT, w->packets);
	if (w->packets)
		ctl__doc_real(out, CTL_REAL, (double)w->cycles / (double)w->packets);
	else
		ctl__doc_none(out);
	ctl__doc_real(out, CTL_SHARE, all ? (double)w->cycles / (double)all : 0);
}

static void row(struct ctl_doc *out, int worker, const char *name, const struct stage *s,
	const struct stage *all)
{
	if (worker >= 0)
		ctl__doc_number(out, CTL_COUNT, (uint64_t)worker);
	ctl__doc_string(out, "%s", name);
	cells(out, &s->second, all->second.cycles);
	cells(out, &s->total, all->total.cycles);
}

/* A row for each of n stages, and one for all of them: every packet passes the last stage. */
static void rows(struct ctl_doc *out, int worker, const struct stat_stage *names,
	const struct stage *stages, unsigned n)
{
	struct stage all = {{0}};

	for (unsigned s = 0; s < n; s++) {
		add(&all.second, &stages[s].second);
		add(&all.total, &stages[s].total);
	}
	for (unsigned s = 0; s < n; s++)
		row(out, worker, names[s].name, &stages[s], &all);
	if (n > 0) {
		all.second.packets = stages[n - 1].second.packets;
		all.total.packets = stages[n - 1].total.packets;
		row(out, worker, "all", &all, &all);
	}
}

static void worker_add(const struct ctl_core *core, unsigned w, struct stage *stages)
{
	const struct ctl_worker *worker = &core->sys.workers[w];

	for (unsigned s = 0; s < worker->n_stages; s++) {
		const struct stat_stage *stage = &worker->stages[s];

		add(&stages[s].second, &core->load[w].second[s]);
		add(&stages[s].total, &(struct ctl_work){stage->cycles, stage->packets});
	}
}

int ctl__show_cycles(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	static const struct ctl_column columns[] = {{"worker"}, {"stage"},
		{"packets_second", "packets (1 s)"}, {"cycles_per_packet_second", "cycles each"},
		{"busy_share_second", "of busy"}, {"packets", "packets (total)"},
		{"cycles_per_packet", "cycles each"}, {"busy_share", "of busy"}};
	const struct ctl_worker *first = &core->sys.workers[0];
	struct stage sum[CTL_STAGES] = {{{0}}};

	for (unsigned w = 0; w < core->sys.n_workers; w++)
		worker_add(core, w, sum);
	ctl__doc_section(out, "cycles", CTL_TABLE, columns + 1, 7);
	rows(out, -1, first->stages, sum, first->n_stages);
	CTL_SECTION(out, "workers", CTL_TABLE, columns);
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		memset(sum, 0, sizeof(sum));
		worker_add(core, w, sum);
		rows(out, (int)w, first->stages, sum, first->n_stages);
	}
	return 0;
}
