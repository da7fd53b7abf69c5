/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flows that share one bottleneck: how much of it they fill.
 *
 *	sim_share				the cells that the suite asserts
 *	sim_share CC FLOWS MS LOSS REORDER SEED	one cell, in percent
 *
 * What goes through a queue that overflows is of use only where it follows what went before: bytes
 * behind a gap wait for it. So what is lost counts as well as what arrives.
 */
#include "sim.h"
#include "unit.h"

#define MSS    1448
#define PKT    1500
#define RATE   12500000u /* 100 Mbit/s */
#define FROM   (1 * SIM_S)
#define UNTIL  (3 * SIM_S)
#define WINDOW (8u << 20)

struct cell {
	const char *cc;
	uint32_t flows, rtt_us, loss, reorder; /* of 10000 */
};

static void plan(struct sim *s, const struct cell *c)
{
	struct sim_plan *p = &s->plan;
	struct sim_way *w = &p->way[CLIENT];

	sim_plan_bulk(p, UINT32_MAX, c->rtt_us);
	p->conns = c->flows;
	p->cc[CLIENT] = sim_plan_cc(c->cc);
	p->snd_limit = c->flows > 1 ? 128 << 10 : WINDOW;
	p->rcv_limit[SERVER] = WINDOW;
	p->from = FROM;
	p->until = UNTIL;
	w->loss = c->loss;
	w->loss_seed = c->loss ? s->seed : 0;
	w->reorder = c->reorder;
	w->reorder_us = c->rtt_us / 4;
	w->rate = RATE;
	w->queue = RTE_MAX((uint32_t)((uint64_t)RATE * c->rtt_us / SIM_S), 256u << 10);
}

/* Percent of what the bottleneck carries between FROM and UNTIL; *lost: of what was sent in all. */
static double measure(struct sim *s, const struct cell *c, uint64_t seed, double *lost)
{
	double most = (double)RATE * MSS / PKT * (double)(UNTIL - FROM) / SIM_S, got = 0;
	const uint64_t *stat = s->host[CLIENT].stat;

	sim_reset(s, seed);
	s->name = "share";
	plan(s, c);
	sim_run(s);
	for (uint32_t i = 0; i < c->flows; i++)
		got += (double)(s->conn[i].end[SERVER].got - s->conn[i].end[SERVER].early);
	printf("%-8s %2u flows  RTT %5.1f ms  loss %3.1f %%  reorder %3.1f %%  %5.1f %%", c->cc,
		c->flows, c->rtt_us / 1e3, c->loss / 1e2, c->reorder / 1e2, 100 * got / most);
	*lost = 100.0 * (double)s->pipe[CLIENT].lost / (double)s->pipe[CLIENT].data;
	printf("  lost %4.1f %%, %lu RTO, %lu recoveries\n", *lost,
		(unsigned long)stat[TCP_STAT_rto], (unsigned long)stat[TCP_STAT_fast_recoveries]);
	return 100 * got / most;
}

static bool asserted(struct sim *s)
{
	static const struct {
		struct cell cell;
		int share, lost; /* percent: at least, at most */
	} must[] = {
		{{"bbr", 64, 20000, 0, 0}, 95, 28},
		{{"bbr", 64, 80000, 0, 0}, 90, 20},
		{{"bbr", 1, 20000, 100, 100}, 95, 5},
		{{"bbr", 1, 20000, 300, 100}, 95, 6},
		{{"cubic", 64, 20000, 0, 0}, 95, 15},
	};
	bool ok = true;

	for (size_t i = 0; i < RTE_DIM(must); i++) {
		double lost, share = measure(s, &must[i].cell, 1, &lost);

		ok &= share >= must[i].share && lost <= must[i].lost;
	}
	return ok;
}

int main(int argc, char **argv)
{
	static struct sim s;
	bool ok = true;

	unit_eal();
	if (sim_pools_create() < 0)
		return 2;
	if (argc == 7) {
		struct cell c = {argv[1], (uint32_t)atoi(argv[2]), (uint32_t)(atof(argv[3]) * 1e3),
			(uint32_t)(atof(argv[4]) * 1e2), (uint32_t)(atof(argv[5]) * 1e2)};

		measure(&s, &c, strtoull(argv[6], NULL, 0), &(double){0});
	} else {
		ok = asserted(&s);
	}
	free(s.heap);
	return !ok;
}
