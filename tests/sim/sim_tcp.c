/* SPDX-License-Identifier: BSD-3-Clause */
/*
 *	sim_tcp				the seeds of the test suite, and all scenarios
 *	sim_tcp SEED			one seed, with every packet
 *	sim_tcp FIRST COUNT		a range
 *	sim_tcp --scenario		all scenarios
 *	sim_tcp --scenario NAME		one
 *	sim_tcp --trace NAME		one, with every packet
 *	sim_tcp --list			what the scenarios assert
 */
#include "sim.h"
#include "unit.h"

#define SEEDS 2000

static void seeds(struct sim *s, uint64_t first, uint64_t count)
{
	uint64_t pkts = 0;

	for (uint64_t i = 0; i < count; i++) {
		sim_reset(s, first + i);
		sim_plan_draw(s);
		sim_run(s);
		pkts += s->pipe[CLIENT].pkts + s->pipe[SERVER].pkts;
	}
	printf("%lu seeds, %lu packets: every byte arrived, nothing was left\n",
		(unsigned long)count, (unsigned long)pkts);
}

int main(int argc, char **argv)
{
	static struct sim s;
	const char *first = argc > 1 ? argv[1] : "1";
	uint64_t count = argc > 2 ? strtoull(argv[2], NULL, 0) : argc > 1 ? 1 : SEEDS;
	bool ok = true;

	if (strcmp(first, "--list") == 0) {
		sim_scenario_list();
		return 0;
	}
	unit_eal();
	if (sim_pools_create() < 0)
		return 2;
	s.trace = strcmp(first, "--trace") == 0 || (argc == 2 && *first != '-');
	if (*first != '-')
		seeds(&s, strtoull(first, NULL, 0), count);
	if (*first == '-' && argc == 3)
		ok = sim_scenario_run(&s, argv[2]);
	if (argc == 1 || (*first == '-' && argc == 2))
		ok = sim_scenario_all(&s);
	free(s.heap);
	return !ok;
}
