/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <string.h>

#include "bridge.h"

static const char *const dir_text[2] = {"a to b", "b to a"};
static const char *const dir_key[2] = {"a_to_b", "b_to_a"};

static const struct quantile {
	const char *name;
	unsigned per_mille;
} quantiles[] = {{"p50", 500}, {"p99", 990}, {"max", 1000}};

/* Packets that the port could not send: they were on the wire, and are in no count of its own. */
static uint64_t unsent(const struct bridge *b, unsigned d)
{
	const uint64_t *tx = port_stats(b->port[!d], 0).values;

	return tx[PORT_STAT_tx_full] + tx[PORT_STAT_tx_gone] + tx[PORT_STAT_tx_tso] +
	       tx[PORT_STAT_tx_nombuf] + tx[PORT_STAT_tx_long] + tx[PORT_STAT_tx_bad];
}

static uint64_t dropped(const uint64_t *v)
{
	return v[WIRE_STAT_lost] + v[WIRE_STAT_burst_lost] + v[WIRE_STAT_link_down] +
	       v[WIRE_STAT_queue_full] + v[WIRE_STAT_no_room];
}

/* What happened in one direction between two moments. */
struct interval {
	double seconds;
	uint64_t passed, bytes, dropped, waiting;
	uint64_t p50, p99; /* us */
};

/* What hist has got since *last, which becomes it; max stays that of all times. */
static struct stat_hist hist_since(struct stat_hist *last, const struct stat_hist *hist)
{
	struct stat_hist since = *hist;

	since.count -= last->count;
	since.sum -= last->sum;
	for (unsigned i = 0; i < STAT_HIST_BUCKETS; i++)
		since.bucket[i] -= last->bucket[i];
	*last = *hist;
	return since;
}

static struct interval interval(struct bridge *b, unsigned d, uint64_t elapsed, uint64_t now)
{
	const uint64_t *v = wire_stats(b->wire[d]).values;
	uint64_t *was = b->last.values[d];
	struct stat_hist delays = hist_since(&b->last.delays[d], wire_delays(b->wire[d]));
	struct interval i = {
		.seconds = (double)(elapsed - b->last.at) / WIRE_NS_PER_S,
		.passed = v[WIRE_STAT_passed] - was[WIRE_STAT_passed],
		.bytes = v[WIRE_STAT_bytes] - was[WIRE_STAT_bytes],
		.dropped = dropped(v) - dropped(was),
		.waiting = wire_queued(b->wire[d], now),
		.p50 = stat_hist_quantile(&delays, 500),
		.p99 = stat_hist_quantile(&delays, 990),
	};

	memcpy(was, v, sizeof(b->last.values[d]));
	return i;
}

static void interval_text(const struct interval *i, unsigned d)
{
	printf("%s%s %.0f packets/s, %.2f Mbit/s, %lu dropped, %lu bytes wait, "
	       "delay p50 %.3f p99 %.3f ms",
		d ? " | " : "", dir_text[d], (double)i->passed / i->seconds,
		(double)i->bytes * 8e-6 / i->seconds, i->dropped, i->waiting, (double)i->p50 / 1e3,
		(double)i->p99 / 1e3);
}

static void interval_json(const struct interval *i, unsigned d)
{
	printf(", \"%s\": {\"passed\": %lu, \"bytes\": %lu, \"dropped\": %lu, \"waiting\": %lu, "
	       "\"delay_us\": {\"p50\": %lu, \"p99\": %lu}}",
		dir_key[d], i->passed, i->bytes, i->dropped, i->waiting, i->p50, i->p99);
}

void report_second(struct bridge *b, uint64_t elapsed, uint64_t now, bool json)
{
	printf(json ? "{\"time\": %.3f" : "%8.3f s  ", (double)elapsed / WIRE_NS_PER_S);
	for (unsigned d = 0; d < 2; d++) {
		struct interval i = interval(b, d, elapsed, now);

		(json ? interval_json : interval_text)(&i, d);
	}
	puts(json ? "}" : "");
	fflush(stdout);
	b->last.at = elapsed;
}

void report_step(const struct script_step *step, bool json)
{
	printf(json ? "{\"time\": %.3f, \"line\": %u}\n" : "%8.3f s  the script's line %u\n",
		(double)step->at / WIRE_NS_PER_S, step->line);
	fflush(stdout);
}

static void row(const char *text, uint64_t a, uint64_t b)
{
	printf("%-58s %14lu %14lu\n", text, a, b);
}

static void rows(struct stat_block a, struct stat_block b)
{
	for (unsigned i = 0; i < a.n; i++)
		row(a.names[i].text, a.values[i], b.values[i]);
}

static void table(const struct bridge *b)
{
	printf("%-58s %14s %14s\n", "", dir_text[0], dir_text[1]);
	rows(cutter_stats(&b->cutter[0]), cutter_stats(&b->cutter[1]));
	rows(wire_stats(b->wire[0]), wire_stats(b->wire[1]));
	row("not taken by the port at the end", unsent(b, 0), unsent(b, 1));
	row("still on the wire", wire_held(b->wire[0]), wire_held(b->wire[1]));
	for (unsigned i = 0; i < RTE_DIM(quantiles); i++) {
		char text[32];

		snprintf(text, sizeof(text), "delay %s, us", quantiles[i].name);
		row(text, stat_hist_quantile(wire_delays(b->wire[0]), quantiles[i].per_mille),
			stat_hist_quantile(wire_delays(b->wire[1]), quantiles[i].per_mille));
	}
}

static void pairs(struct stat_block s)
{
	for (unsigned i = 0; i < s.n; i++)
		printf("\"%s\": %lu, ", s.names[i].name, s.values[i]);
}

static void object(const struct bridge *b, unsigned d)
{
	printf("%s\"%s\": {", d ? ", " : "{", dir_key[d]);
	pairs(cutter_stats(&b->cutter[d]));
	pairs(wire_stats(b->wire[d]));
	printf("\"unsent\": %lu, \"left\": %u, \"delay_us\": {", unsent(b, d),
		wire_held(b->wire[d]));
	for (unsigned i = 0; i < RTE_DIM(quantiles); i++)
		printf("%s\"%s\": %lu", i ? ", " : "", quantiles[i].name,
			stat_hist_quantile(wire_delays(b->wire[d]), quantiles[i].per_mille));
	printf("}}%s", d ? "}\n" : "");
}

void report_end(const struct bridge *b, bool json)
{
	if (json) {
		object(b, 0);
		object(b, 1);
	} else {
		table(b);
	}
	fflush(stdout);
}
