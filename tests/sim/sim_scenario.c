/* SPDX-License-Identifier: BSD-3-Clause */
/* One trouble at a time, and how little harm it may do. */
#include <stdio.h>
#include <string.h>

#include "sim.h"

struct scenario {
	const char *name, *asserts;
	void (*plan)(struct sim_plan *p);
	void (*check)(struct sim *s);
};

#define RTT   (20 * SIM_MS)
#define BYTES 4000000u
#define RATE  1250000u /* 10 Mbit/s: BDP 25000 bytes */

static double seconds(const struct sim *s)
{
	const struct sim_conn *c = &s->conn[0];

	return (double)(c->end[SERVER].last_at - c->end[CLIENT].first_at) / SIM_S;
}

/* Share of the bytes that went more than once. */
static double again(const struct sim *s)
{
	return (double)s->pipe[CLIENT].rtx_bytes / (double)s->pipe[CLIENT].bytes;
}

/* Payload that the bottleneck carried to the reader, of what it could have. */
static double used(const struct sim *s)
{
	const struct sim_plan *p = &s->plan;

	return p->bulk * (1500.0 / 1448) / ((double)p->way[CLIENT].rate * seconds(s));
}

static void expect(struct sim *s, const char *what, double is, double least, double most)
{
	printf("%-10s %-24s %8.4f in [%.4f, %.4f]\n", s->name, what, is, least, most);
	if (is < least || is > most)
		sim_fail(s, "%s is %.4f", what, is);
}

static void plan_rate(struct sim_plan *p, uint32_t bdp_10th)
{
	sim_plan_bulk(p, BYTES, RTT);
	p->way[CLIENT].rate = RATE;
	p->way[CLIENT].queue = (uint32_t)(RATE * RTT / SIM_S * bdp_10th / 10);
}

static void plan_queue(struct sim_plan *p)
{
	plan_rate(p, 10);
}

static void check_queue(struct sim *s)
{
	expect(s, "share of the rate", used(s), 0.90, 1);
	expect(s, "share sent again", again(s), 0, 0.05);
}

static const struct scenario all[] = {
	{"queue", "a bottleneck with a queue of one BDP is used to 90 %", plan_queue, check_queue},
};

static void run(struct sim *s, const struct scenario *c)
{
	sim_reset(s, 1);
	s->name = c->name;
	c->plan(&s->plan);
	sim_run(s);
	c->check(s);
}

bool sim_scenario_run(struct sim *s, const char *name)
{
	for (size_t i = 0; i < RTE_DIM(all); i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		run(s, &all[i]);
		return true;
	}
	return false;
}

void sim_scenario_all(struct sim *s)
{
	for (size_t i = 0; i < RTE_DIM(all); i++)
		run(s, &all[i]);
}

void sim_scenario_list(void)
{
	for (size_t i = 0; i < RTE_DIM(all); i++)
		printf("%-10s %s\n", all[i].name, all[i].asserts);
}
