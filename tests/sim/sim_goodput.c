/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One bulk flow, against the ideal sender of sim_ideal.h.
 *
 *	sim_goodput		the cells that the suite asserts
 *	sim_goodput --all	RTT x loss x rate, a table
 *
 * A cell is run with many seeds; its figure is the ideal's time for all of them as a share of the
 * stack's, so one timeout in one seed weighs as much as it lasts.
 */
#include "sim.h"
#include "sim_ideal.h"
#include "unit.h"

#define SEEDS  20
#define SHARE  90 /* percent of the ideal, at least */
#define MSS    1448
#define BYTES  (8000 * MSS)
#define PKT    1500
#define WINDOW (2u << 20)

struct cell {
	uint32_t rtt_us, loss, rate;
};

static void plan(struct sim *s, const struct cell *c, uint64_t seed)
{
	struct sim_plan *p = &s->plan;

	sim_plan_bulk(p, BYTES, c->rtt_us);
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
		.cubic = true});
}

/* Percent of the ideal. */
static double measure(struct sim *s, const struct cell *c)
{
	double best = 0, took = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		double one, of;

		sim_reset(s, seed);
		s->name = "goodput";
		plan(s, c, seed);
		of = ideal(c, &s->plan.way[CLIENT]);
		sim_run(s);
		one = (double)(s->conn[0].end[SERVER].last_at - s->conn[0].end[CLIENT].first_at);
		if (s->verbose)
			printf("  seed %2lu: %8.1f ms, ideal %8.1f ms: %5.1f %%, %lu RTO, %lu "
			       "again\n",
				(unsigned long)seed, one / SIM_MS, of / SIM_MS, 100 * of / one,
				(unsigned long)s->host[CLIENT].stat[TCP_STAT_rto],
				(unsigned long)s->pipe[CLIENT].rtx_bytes / MSS);
		best += of;
		took += one;
	}
	printf("RTT %5.1f ms  loss %4.1f %%  rate %6.1f Mbit/s: %6.2f MB/s, %5.1f %% of the "
	       "ideal\n",
		c->rtt_us / 1e3, c->loss / 1e2, c->rate * 8e-6, BYTES * SEEDS / took,
		100 * best / took);
	return 100 * best / took;
}

/* One flow, with every packet. */
static void show(struct sim *s, char **argv)
{
	struct cell c = {(uint32_t)(atof(argv[0]) * 1e3), (uint32_t)(atof(argv[1]) * 1e2),
		(uint32_t)(atof(argv[2]) * 125e3)};

	sim_reset(s, strtoull(argv[3], NULL, 0));
	s->trace = true;
	plan(s, &c, s->seed);
	sim_run(s);
}

int main(int argc, char **argv)
{
	static const struct cell must[] = {{2000, 100, 0}, {20000, 100, 0}, {80000, 100, 0}};
	static struct sim s;
	int bad = 0;

	unit_eal();
	if (sim_pools_create() < 0)
		return 2;
	if (argc == 5) {
		show(&s, argv + 1);
		return 0;
	}
	s.verbose = argc > 1;
	for (size_t i = 0; i < RTE_DIM(must); i++)
		bad += measure(&s, &must[i]) < SHARE;
	free(s.heap);
	return bad != 0;
}
