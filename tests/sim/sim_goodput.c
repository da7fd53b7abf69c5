/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One bulk flow, against the ideal sender of sim_ideal.h.
 *
 *	sim_goodput			the cells that the suite asserts
 *	sim_goodput --seeds		with each seed's figure
 *	sim_goodput --all		RTT x loss x rate x congestion control, a table; nothing is
 *					asserted
 *	sim_goodput CC MS PERCENT MBIT SEED	one flow of a cell, with every packet
 *
 * A cell is run with many seeds; its figure is the ideal's time for all of them as a share of the
 * stack's, so one timeout in one seed weighs as much as it lasts.
 */
#include "sim.h"
#include "sim_ideal.h"
#include "unit.h"

#define SEEDS  20
#define MSS    1448
#define BYTES  (8000 * MSS)
#define PKT    1500
#define WINDOW (2u << 20)

struct cell {
	const char *cc;
	uint32_t rtt_us, loss, rate; /* of 10000; bytes a second */
};

static void plan(struct sim *s, const struct cell *c, uint64_t seed)
{
	struct sim_plan *p = &s->plan;

	sim_plan_bulk(p, BYTES, c->rtt_us);
	p->cc[CLIENT] = sim_plan_cc(c->cc);
	p->snd_limit = 2 * WINDOW;
	p->rcv_limit[SERVER] = WINDOW;
	p->way[CLIENT].loss_seed = p->way[SERVER].loss_seed = seed;
	p->way[CLIENT].loss = p->way[SERVER].loss = c->loss;
	p->way[CLIENT].rate = c->rate;
	p->way[CLIENT].queue = (uint32_t)((uint64_t)c->rate * c->rtt_us / SIM_S) + 10 * PKT;
}

static double ideal(const struct cell *c, const struct sim_way *w)
{
	return sim_ideal_run(&(struct sim_ideal_plan){.segments = BYTES / MSS,
		.rtt_us = c->rtt_us,
		.rate = w->rate,
		.queue = w->queue,
		.pkt = PKT,
		.window_max = WINDOW / MSS,
		.loss = w->loss,
		.loss_seed = w->loss_seed,
		.cubic = strcmp(c->cc, "cubic") == 0});
}

static void report(const struct sim *s, double took, double of)
{
	const uint64_t *stat = s->host[CLIENT].stat;

	if (!s->verbose)
		return;
	printf("  seed %2lu: %8.1f ms, ideal %8.1f ms: %5.1f %%, ", (unsigned long)s->seed,
		took / SIM_MS, of / SIM_MS, 100 * of / took);
	printf("%lu lost, %lu again, %lu RTO, %lu recoveries, %lu taken back\n",
		(unsigned long)s->pipe[CLIENT].lost, (unsigned long)s->pipe[CLIENT].rtx_bytes / MSS,
		(unsigned long)stat[TCP_STAT_rto], (unsigned long)stat[TCP_STAT_fast_recoveries],
		(unsigned long)stat[TCP_STAT_spurious_recoveries]);
}

/* Percent of the ideal. */
static double measure(struct sim *s, const struct cell *c, uint32_t seeds)
{
	double best = 0, took = 0;

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		double one, of;

		sim_reset(s, seed);
		s->name = "goodput";
		plan(s, c, seed);
		of = ideal(c, &s->plan.way[CLIENT]);
		sim_run(s);
		one = (double)(s->conn[0].end[SERVER].last_at - s->conn[0].end[CLIENT].first_at);
		report(s, one, of);
		best += of;
		took += one;
	}
	printf("%-8s RTT %5.1f ms  loss %4.1f %%  rate %5.0f Mbit/s  %8.2f MB/s", c->cc,
		c->rtt_us / 1e3, c->loss / 1e2, c->rate * 8e-6, BYTES * (double)seeds / took);
	printf("  %5.1f %% of the ideal\n", 100 * best / took);
	return 100 * best / took;
}

/* The ideal itself, against what a window of that kind is known to reach: sqrt(3 / 2p) segments a
 * round trip (Mathis and others 1997; RFC 9438 4.3 makes CUBIC's Reno-friendly region equal). */
static bool ideal_is_right(bool cubic)
{
	struct sim_ideal_plan p = {.segments = 500000,
		.rtt_us = 2000,
		.window_max = WINDOW / MSS,
		.loss = 100,
		.loss_seed = 1,
		.cubic = cubic};
	double window = p.segments * (double)p.rtt_us / sim_ideal_run(&p);
	double known = 12.25; /* sqrt(3 / 0.02) */

	printf("%-8s ideal window at 1 %% loss: %.2f segments, known: %.2f\n",
		cubic ? "cubic" : "newreno", window, known);
	return window > 0.9 * known && window < 1.1 * known;
}

static void all_cells(struct sim *s)
{
	static const char *const cc[] = {"cubic", "newreno"};
	static const uint32_t rtt[] = {200, 2000, 20000, 80000}, loss[] = {0, 10, 100, 300},
			      rate[] = {0, 12500000};

	for (size_t i = 0; i < RTE_DIM(cc); i++)
		for (size_t j = 0; j < RTE_DIM(rate); j++)
			for (size_t k = 0; k < RTE_DIM(rtt); k++)
				for (size_t l = 0; l < RTE_DIM(loss); l++)
					measure(s, &(struct cell){cc[i], rtt[k], loss[l], rate[j]},
						SEEDS / 4);
}

static void show(struct sim *s, char **argv)
{
	struct cell c = {argv[0], (uint32_t)(atof(argv[1]) * 1e3), (uint32_t)(atof(argv[2]) * 1e2),
		(uint32_t)(atof(argv[3]) * 125e3)};

	sim_reset(s, strtoull(argv[4], NULL, 0));
	s->trace = true;
	plan(s, &c, s->seed);
	sim_run(s);
}

static bool asserted(struct sim *s)
{
	static const struct {
		struct cell cell;
		int share; /* percent of the ideal, at least */
	} must[] = {
		{{"cubic", 2000, 100, 0}, 90},
		{{"cubic", 20000, 100, 0}, 90},
		{{"cubic", 80000, 100, 0}, 90},
		{{"newreno", 2000, 100, 0}, 85},
		{{"newreno", 20000, 100, 0}, 85},
		{{"newreno", 80000, 100, 0}, 85},
	};
	bool ok = ideal_is_right(true) && ideal_is_right(false);

	for (size_t i = 0; i < RTE_DIM(must); i++)
		ok &= measure(s, &must[i].cell, SEEDS) >= must[i].share;
	return ok;
}

int main(int argc, char **argv)
{
	static struct sim s;
	bool ok = true;

	unit_eal();
	if (sim_pools_create() < 0)
		return 2;
	s.verbose = argc == 2 && strcmp(argv[1], "--seeds") == 0;
	if (argc == 6)
		show(&s, argv + 1);
	else if (argc == 2 && !s.verbose)
		all_cells(&s);
	else
		ok = asserted(&s);
	free(s.heap);
	return !ok;
}
