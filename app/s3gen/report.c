/* SPDX-License-Identifier: BSD-3-Clause */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "report.h"

/* One operation of one group. */
struct tally {
	uint64_t in, out;
	uint64_t error[GEN_ERRORS];
	struct stat_hist latency, first; /* us; their count is that of successes */
};

struct second {
	uint64_t at; /* us since the start, its end */
	uint64_t done, failed, in, out, arrived, behind;
	uint64_t p50, p99, p999, max; /* us */
	uint32_t open;
	uint16_t busy; /* 1/1000 of the core */
};

struct report {
	const struct gen_conf *conf;
	struct tally (*tally)[REPORT_CONNECT + 1]; /* of each group */
	struct {
		uint64_t done, failed, in, out, arrived;
		struct stat_hist latency;
	} now;                      /* this second */
	struct report_state before; /* at the last line */
	struct report_state begin;  /* at the end of the warm-up */
	struct second *series;
	unsigned n_series, max_series;
	uint64_t at; /* us */
};

static const struct stat_name errors[GEN_ERRORS] = {
#define X(name, text) {#name, text},
#include "error.def"
#undef X
};

const char *report_error_name(enum gen_error why)
{
	return errors[why].text;
}

struct report *report_create(const struct gen_conf *c)
{
	struct report *r = calloc(1, sizeof(*r));
	unsigned n = RTE_MAX(c->n_clients, 1u);

	if (!r)
		return NULL;
	r->conf = c;
	r->max_series = (c->global.duration_ms + c->global.warmup_ms) / 1000 + 64;
	r->tally = calloc(n, sizeof(*r->tally));
	r->series = calloc(r->max_series, sizeof(*r->series));
	if (r->tally && r->series)
		return r;
	report_destroy(r);
	return NULL;
}

void report_destroy(struct report *r)
{
	if (!r)
		return;
	free(r->tally);
	free(r->series);
	free(r);
}

/* ---- counting ---- */

void report_done(struct report *r, const struct report_op *op)
{
	struct tally *t = &r->tally[op->group][op->op];

	t->in += op->in;
	t->out += op->out;
	stat_hist_add(&t->latency, op->latency);
	stat_hist_add(&t->first, op->first);
	if (op->op == REPORT_CONNECT)
		return;
	r->now.done++;
	r->now.in += op->in;
	r->now.out += op->out;
	stat_hist_add(&r->now.latency, op->latency);
}

void report_error(struct report *r, unsigned group, unsigned op, enum gen_error why)
{
	r->tally[group][op].error[why]++;
	r->now.failed++;
}

void report_arrived(struct report *r, uint64_t n)
{
	r->now.arrived += n;
}

void report_begin(struct report *r, const struct report_state *s)
{
	memset(r->tally, 0, r->conf->n_clients * sizeof(*r->tally));
	memset(&r->now, 0, sizeof(r->now));
	r->before = r->begin = *s;
	r->n_series = 0;
	r->at = 0;
}

static uint64_t failed_of(const struct tally *t)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < GEN_ERRORS; i++)
		n += t->error[i];
	return n;
}

uint64_t report_failed(const struct report *r)
{
	uint64_t n = 0;

	for (unsigned g = 0; g < r->conf->n_clients; g++)
		for (unsigned op = 0; op <= REPORT_CONNECT; op++)
			n += failed_of(&r->tally[g][op]);
	return n;
}

uint64_t report_succeeded(const struct report *r)
{
	uint64_t n = 0;

	for (unsigned g = 0; g < r->conf->n_clients; g++)
		for (unsigned op = 0; op < GEN_OPS; op++)
			n += r->tally[g][op].latency.count;
	return n;
}

/* ---- each second ---- */

static double gbits(uint64_t bytes, uint64_t us)
{
	return us ? (double)bytes * 8e-3 / (double)us : 0;
}

static double rate(uint64_t n, uint64_t us)
{
	return us ? (double)n * 1e6 / (double)us : 0;
}

/* "failed 3 (reset 2, timeout 1)" of the whole run so far; nothing when there is none. */
static void errors_print(const struct report *r, FILE *out)
{
	uint64_t total = report_failed(r), n;
	const char *sep = "";

	if (total == 0)
		return;
	fprintf(out, ", failed so far %" PRIu64 " (", total);
	for (unsigned i = 0; i < GEN_ERRORS; i++) {
		n = 0;
		for (unsigned g = 0; g < r->conf->n_clients; g++)
			for (unsigned op = 0; op <= REPORT_CONNECT; op++)
				n += r->tally[g][op].error[i];
		if (n == 0)
			continue;
		fprintf(out, "%s%s %" PRIu64, sep, errors[i].name, n);
		sep = ", ";
	}
	fputc(')', out);
}

static void line_print(const struct report *r, const struct second *s, uint64_t us, FILE *out)
{
	fprintf(out,
		"%3" PRIu64 "/%us  %.0f op/s  in %.2f out %.2f Gbit/s  p50 %" PRIu64 " p99 %" PRIu64
		" p99.9 %" PRIu64 " max %" PRIu64 " us  %u open  core %u %%",
		(s->at + 500000) / 1000000, r->conf->global.duration_ms / 1000, rate(s->done, us),
		gbits(s->in, us), gbits(s->out, us), s->p50, s->p99, s->p999, s->max, s->open,
		s->busy / 10);
	if (s->behind)
		fprintf(out, ", %" PRIu64 " behind", s->behind);
	errors_print(r, out);
	fputc('\n', out);
	fflush(out);
}

static uint16_t busy(const struct report_state *from, const struct report_state *to)
{
	uint64_t all = to->cycles - from->cycles;

	return all ? (uint16_t)((to->busy - from->busy) * 1000 / all) : 0;
}

void report_second(struct report *r, uint64_t us, const struct report_state *s, FILE *out)
{
	const struct stat_hist *h = &r->now.latency;
	struct second x = {.at = r->at += us,
		.done = r->now.done,
		.failed = r->now.failed,
		.in = r->now.in,
		.out = r->now.out,
		.arrived = r->now.arrived,
		.behind = s->behind,
		.p50 = stat_hist_quantile(h, 500),
		.p99 = stat_hist_quantile(h, 990),
		.p999 = stat_hist_quantile(h, 999),
		.max = h->max,
		.open = s->open,
		.busy = busy(&r->before, s)};

	if (r->n_series < r->max_series)
		r->series[r->n_series++] = x;
	if (out && r->conf->n_clients)
		line_print(r, &x, us, out);
	memset(&r->now, 0, sizeof(r->now));
	r->before = *s;
}

/* ---- at the end ---- */

static void row(const char *group, const char *op, const struct tally *t, uint64_t us, FILE *out)
{
	const struct stat_hist *h = &t->latency;

	fprintf(out,
		"%-14s %-10s %10" PRIu64 " %8" PRIu64 " %10.0f %8.3f %8.3f %8" PRIu64 " %8" PRIu64
		" %8" PRIu64 " %8" PRIu64 " %8" PRIu64 "\n",
		group, op, h->count, failed_of(t), rate(h->count, us), gbits(t->in, us),
		gbits(t->out, us), stat_hist_quantile(&t->first, 500), stat_hist_quantile(h, 500),
		stat_hist_quantile(h, 990), stat_hist_quantile(h, 999), h->max);
}

static const char *name_of(unsigned op)
{
	return op == REPORT_CONNECT ? "connect" : file_op_name(op);
}

static void tally_add(struct tally *to, const struct tally *t)
{
	to->in += t->in;
	to->out += t->out;
	stat_hist_merge(&to->latency, &t->latency);
	stat_hist_merge(&to->first, &t->first);
}

/* All operations of all groups, and failures to connect. NULL: no memory. */
static struct tally *total(const struct report *r)
{
	struct tally *all = calloc(1, sizeof(*all));

	for (unsigned g = 0; all && g < r->conf->n_clients; g++) {
		for (unsigned op = 0; op < GEN_OPS; op++)
			tally_add(all, &r->tally[g][op]);
		for (unsigned op = 0; op <= REPORT_CONNECT; op++)
			for (unsigned i = 0; i < GEN_ERRORS; i++)
				all->error[i] += r->tally[g][op].error[i];
	}
	return all;
}

/* 1/1000 of the time in which the core was not ours. */
static unsigned stolen(const struct report *r, const struct report_state *s)
{
	uint64_t lost = s->stolen - r->begin.stolen, all = s->cycles - r->begin.cycles + lost;

	return all ? (unsigned)(lost * 1000 / all) : 0;
}

static void table_errors(const struct tally *all, FILE *out)
{
	for (unsigned i = 0; i < GEN_ERRORS; i++)
		if (all->error[i])
			fprintf(out, "failed: %s: %" PRIu64 "\n", errors[i].text, all->error[i]);
}

void report_table(const struct report *r, uint64_t us, const struct report_state *s, FILE *out)
{
	struct tally *all = total(r);

	if (!all || r->conf->n_clients == 0) {
		free(all);
		return;
	}
	fprintf(out, "%-14s %-10s %10s %8s %10s %8s %8s %8s %8s %8s %8s %8s\n", "clients",
		"operation", "done", "failed", "per s", "in Gb/s", "out Gb/s", "ttfb p50", "p50 us",
		"p99 us", "p99.9 us", "max us");
	for (unsigned g = 0; g < r->conf->n_clients; g++)
		for (unsigned op = 0; op <= REPORT_CONNECT; op++)
			if (r->tally[g][op].latency.count || failed_of(&r->tally[g][op]))
				row(r->conf->clients[g].name, name_of(op), &r->tally[g][op], us,
					out);
	row("all", "", all, us, out);
	table_errors(all, out);
	fprintf(out, "%.1f s, core %u %% busy, %.0f cycles an operation", (double)us / 1e6,
		busy(&r->begin, s) / 10,
		all->latency.count ? (double)(s->busy - r->begin.busy) / (double)all->latency.count
				   : 0);
	if (stolen(r, s) >= 10)
		fprintf(out, ", others had it for %u %% of the time", stolen(r, s) / 10);
	if (s->behind || s->under_way)
		fprintf(out, ", %u under way and %" PRIu64 " overdue at the end", s->under_way,
			s->behind);
	fputc('\n', out);
	free(all);
}

/* ---- JSON ---- */

static void json_hist(const char *name, const struct stat_hist *h, FILE *out)
{
	fprintf(out,
		"\"%s\": {\"mean\": %.1f, \"p50\": %" PRIu64 ", \"p90\": %" PRIu64
		", \"p99\": %" PRIu64 ", \"p99_9\": %" PRIu64 ", \"max\": %" PRIu64 "}",
		name, h->count ? (double)h->sum / (double)h->count : 0, stat_hist_quantile(h, 500),
		stat_hist_quantile(h, 900), stat_hist_quantile(h, 990), stat_hist_quantile(h, 999),
		h->max);
}

static void json_tally(const struct tally *t, uint64_t us, FILE *out)
{
	const char *sep = "";

	fprintf(out,
		"\"done\": %" PRIu64 ", \"failed\": %" PRIu64
		", \"per_second\": %.3f, \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64 ", ",
		t->latency.count, failed_of(t), rate(t->latency.count, us), t->in, t->out);
	json_hist("latency_us", &t->latency, out);
	fprintf(out, ", ");
	json_hist("first_byte_us", &t->first, out);
	fprintf(out, ", \"errors\": {");
	for (unsigned i = 0; i < GEN_ERRORS; i++) {
		if (t->error[i] == 0)
			continue;
		fprintf(out, "%s\"%s\": %" PRIu64, sep, errors[i].name, t->error[i]);
		sep = ", ";
	}
	fprintf(out, "}");
}

static void json_groups(const struct report *r, uint64_t us, FILE *out)
{
	fprintf(out, "\"clients\": [");
	for (unsigned g = 0; g < r->conf->n_clients; g++) {
		const char *sep = "";

		fprintf(out, "%s\n {\"name\": \"%s\", \"operations\": {", g ? "," : "",
			r->conf->clients[g].name);
		for (unsigned op = 0; op <= REPORT_CONNECT; op++) {
			const struct tally *t = &r->tally[g][op];

			if (t->latency.count + failed_of(t) == 0)
				continue;
			fprintf(out, "%s\n  \"%s\": {", sep, name_of(op));
			json_tally(t, us, out);
			fprintf(out, "}");
			sep = ",";
		}
		fprintf(out, "}}");
	}
	fprintf(out, "],\n");
}

static void json_series(const struct report *r, FILE *out)
{
	fprintf(out, "\"series\": [");
	for (unsigned i = 0; i < r->n_series; i++) {
		const struct second *s = &r->series[i];

		fprintf(out,
			"%s\n {\"s\": %.3f, \"done\": %" PRIu64 ", \"failed\": %" PRIu64
			", \"bytes_in\": %" PRIu64 ", \"bytes_out\": %" PRIu64
			", \"bytes_arrived\": %" PRIu64 ", \"p50_us\": %" PRIu64
			", \"p99_us\": %" PRIu64 ", \"p99_9_us\": %" PRIu64 ", \"max_us\": %" PRIu64
			", \"behind\": %" PRIu64 ", \"open\": %u, \"busy\": %.3f}",
			i ? "," : "", (double)s->at / 1e6, s->done, s->failed, s->in, s->out,
			s->arrived, s->p50, s->p99, s->p999, s->max, s->behind, s->open,
			s->busy / 1000.0);
	}
	fprintf(out, "],\n");
}

/* Cumulated, as the file of report_histogram(): what a plot of the distribution needs. */
static void json_distribution(const struct stat_hist *h, FILE *out)
{
	uint64_t seen = 0;
	const char *sep = "";

	fprintf(out, "\"distribution\": [");
	for (unsigned i = 0; i < STAT_HIST_BUCKETS; i++) {
		if (h->bucket[i] == 0)
			continue;
		seen += h->bucket[i];
		fprintf(out, "%s[%" PRIu64 ", %" PRIu64 "]", sep,
			RTE_MIN(stat_hist_bucket_top(i), h->max), seen);
		sep = ", ";
	}
	fprintf(out, "],\n");
}

static void json_blocks(const struct stat_block *b, unsigned n, FILE *out)
{
	fprintf(out, "\"counters\": {");
	for (unsigned i = 0; i < n; i++) {
		const char *sep = "";

		fprintf(out, "%s\n \"%s\": {", i ? "," : "", b[i].lib);
		for (unsigned k = 0; k < b[i].n; k++) {
			if (b[i].values[k] == 0)
				continue;
			fprintf(out, "%s\"%s\": %" PRIu64, sep, b[i].names[k].name, b[i].values[k]);
			sep = ", ";
		}
		fprintf(out, "}");
	}
	fprintf(out, "}");
}

void report_json(const struct report *r, uint64_t us, const struct report_state *s,
	const struct stat_block *blocks, unsigned n_blocks, FILE *out)
{
	struct tally *all = total(r);

	if (!all)
		return;
	fprintf(out,
		"{\"program\": \"s3gen\", \"version\": \"%s\", \"seed\": %" PRIu64
		", \"seconds\": %.3f, \"busy\": %.3f, \"stolen\": %.3f, \"under_way\": %u, "
		"\"behind\": %" PRIu64 ",\n\"all\": {",
		PENSTOCK_VERSION, r->conf->global.seed, (double)us / 1e6,
		busy(&r->begin, s) / 1000.0, stolen(r, s) / 1000.0, s->under_way, s->behind);
	json_tally(all, us, out);
	fprintf(out, "},\n");
	json_groups(r, us, out);
	json_series(r, out);
	json_distribution(&all->latency, out);
	json_blocks(blocks, n_blocks, out);
	fprintf(out, "}\n");
	free(all);
}

/* ---- the histogram's file ---- */

static double deviation(const struct stat_hist *h)
{
	double mean = (double)h->sum / (double)h->count, sum = 0;

	for (unsigned i = 0; i < STAT_HIST_BUCKETS; i++) {
		double d = (double)RTE_MIN(stat_hist_bucket_top(i), h->max) - mean;

		sum += d * d * (double)h->bucket[i];
	}
	return sqrt(sum / (double)h->count);
}

void report_histogram(const struct report *r, FILE *out)
{
	struct tally *all = total(r);
	const struct stat_hist *h = all ? &all->latency : NULL;
	uint64_t seen = 0;

	fprintf(out, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	for (unsigned i = 0; h && i < STAT_HIST_BUCKETS; i++) {
		double share;

		if (h->bucket[i] == 0)
			continue;
		seen += h->bucket[i];
		share = (double)seen / (double)h->count;
		fprintf(out, "%12.3f %2.12f %10" PRIu64,
			(double)RTE_MIN(stat_hist_bucket_top(i), h->max), share, seen);
		if (seen < h->count)
			fprintf(out, " %14.2f", 1 / (1 - share));
		fputc('\n', out);
	}
	if (h && h->count)
		fprintf(out,
			"#[Mean    = %12.3f, StdDeviation   = %12.3f]\n"
			"#[Max     = %12.3f, Total count    = %12" PRIu64 "]\n"
			"#[Buckets = %12d, SubBuckets     = %12d]\n",
			(double)h->sum / (double)h->count, deviation(h), (double)h->max, h->count,
			STAT_HIST_BUCKETS / STAT_HIST_SUB, STAT_HIST_SUB);
	free(all);
}
