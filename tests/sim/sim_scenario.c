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
#define RATE  1250000u /* 10 Mbit/s */
#define BDP   25000u

static double seconds(const struct sim *s)
{
	const struct sim_conn *c = &s->conn[0];

	return (double)(c->end[SERVER].last_at - c->end[CLIENT].first_at) / SIM_S;
}

/* What the flow needs alone at the rate. */
static double alone_seconds(const struct sim *s)
{
	return s->plan.bulk * (1500.0 / 1448) / s->plan.way[CLIENT].rate;
}

/* Share of the bytes that went more than once. */
static double again(const struct sim *s)
{
	return (double)s->pipe[CLIENT].rtx_bytes / (double)s->pipe[CLIENT].bytes;
}

/* Payload that the bottleneck carried to the reader, of what it could have. */
static double used(const struct sim *s)
{
	return alone_seconds(s) / seconds(s);
}

static void expect(struct sim *s, const char *what, double is, double least, double most)
{
	bool bad = is < least || is > most;

	printf("%-8s %-24s %10.4f of %g to %g%s\n", s->name, what, is, least, most,
		bad ? " BAD" : "");
	s->bad |= bad;
}

static void plan_queue(struct sim_plan *p)
{
	sim_plan_bulk(p, BYTES, RTT);
	p->way[CLIENT].rate = RATE;
	p->way[CLIENT].queue = BDP;
}

static void check_queue(struct sim *s)
{
	expect(s, "share of the rate", used(s), 0.90, 1);
	expect(s, "share sent again", again(s), 0, 0.05);
}

static void plan_shallow(struct sim_plan *p)
{
	plan_queue(p);
	p->way[CLIENT].queue = BDP * 3 / 10;
}

static void check_shallow(struct sim *s)
{
	expect(s, "share of the rate", used(s), 0.80, 1);
}

static void plan_bloat(struct sim_plan *p)
{
	plan_queue(p);
	p->way[CLIENT].queue = BDP * 10;
}

static void check_bloat(struct sim *s)
{
	expect(s, "share of the rate", used(s), 0.95, 1);
	expect(s, "share sent again", again(s), 0, 0.02);
}

static void plan_ecn(struct sim_plan *p)
{
	plan_queue(p);
	p->way[CLIENT].queue = BDP * 4;
	p->way[CLIENT].mark = BDP;
	p->ecn[CLIENT] = p->ecn[SERVER] = true;
}

static void check_ecn(struct sim *s)
{
	expect(s, "packets marked", (double)s->pipe[CLIENT].marked, 1, 1e6);
	expect(s, "packets dropped", (double)s->pipe[CLIENT].lost, 0, 0);
	expect(s, "share sent again", again(s), 0, 0);
	expect(s, "share of the rate", used(s), 0.90, 1);
}

static void plan_burst(struct sim_plan *p)
{
	plan_queue(p);
	p->way[CLIENT].bad_us = 5 * SIM_MS;
	p->way[CLIENT].good_us = 1 * SIM_S;
	p->way[CLIENT].bad_loss = PER_10000;
}

static void check_burst(struct sim *s)
{
	expect(s, "packets lost", (double)s->pipe[CLIENT].lost, 10, 1e6);
	expect(s, "share of the rate", used(s), 0.75, 1);
}

static void plan_loss(struct sim_plan *p)
{
	sim_plan_bulk(p, BYTES, RTT);
	p->way[CLIENT].loss = 100;
}

/* What is lost goes once more, and nothing else does; no loss is taken back as a mistake, none
 * waits for a timeout. */
static void check_loss(struct sim *s)
{
	const uint64_t *stat = s->host[CLIENT].stat;
	double lost = (double)s->pipe[CLIENT].lost;

	expect(s, "packets again", (double)s->pipe[CLIENT].rtx_bytes / 1448, lost - 1, lost + 2);
	expect(s, "taken back", (double)stat[TCP_STAT_spurious_recoveries], 0, 0);
	expect(s, "timeouts", (double)stat[TCP_STAT_rto], 0, 0);
}

static void plan_corrupt(struct sim_plan *p)
{
	sim_plan_bulk(p, BYTES, RTT);
	p->way[CLIENT].corrupt = 100;
}

static void check_corrupt(struct sim *s)
{
	double bad = (double)s->pipe[CLIENT].corrupted;

	expect(s, "packets with a bad bit", bad, 10, 1e6);
	expect(s, "packets again", (double)s->pipe[CLIENT].rtx_bytes / 1448, bad - 2, bad + 2);
}

static void plan_late(struct sim_plan *p)
{
	plan_queue(p);
	p->way[CLIENT].queue = 10 * BDP;
	p->way[CLIENT].reorder = 1000;
	p->way[CLIENT].reorder_us = RTT / 4;
	p->rcv_limit[SERVER] = 4 * BDP;
}

static void check_late(struct sim *s)
{
	expect(s, "packets late", (double)s->pipe[CLIENT].late, 100, 1e6);
	expect(s, "packets dropped", (double)s->pipe[CLIENT].lost, 0, 0);
	expect(s, "share sent again", again(s), 0, 0.01);
	expect(s, "share of the rate", used(s), 0.95, 1);
}

static void plan_twice(struct sim_plan *p)
{
	plan_late(p);
	p->way[CLIENT].reorder = 0;
	for (int h = 0; h < HOSTS; h++)
		p->way[h].dup = 1000;
}

static void check_twice(struct sim *s)
{
	expect(s, "share sent again", again(s), 0, 0);
	expect(s, "share of the rate", used(s), 0.95, 1);
}

static void plan_acks(struct sim_plan *p)
{
	plan_queue(p);
	p->way[SERVER].ack_loss = 5000;
	p->way[SERVER].gather = RTT / 4;
}

static void check_acks(struct sim *s)
{
	expect(s, "ACKs lost", (double)s->pipe[SERVER].lost, 100, 1e6);
	expect(s, "share of the rate", used(s), 0.90, 1);
	expect(s, "share sent again", again(s), 0, 0.05);
}

static void plan_paced(struct sim_plan *p)
{
	sim_plan_bulk(p, BYTES, 80 * SIM_MS);
	p->rcv_limit[SERVER] = 256 << 10;
}

/* A window of 256 KB in 80 ms is 3.3 KB a millisecond: what leaves at once is twice that (the rate
 * of slow start), not the window. The first ten segments may be a burst (RFC 6928). */
static void check_paced(struct sim *s)
{
	expect(s, "bytes at once", (double)s->pipe[CLIENT].burst_max, 1448, 10 * 1448);
}

#define DOWN (3 * SIM_S)

static void plan_flap(struct sim_plan *p)
{
	plan_queue(p);
	for (int h = 0; h < HOSTS; h++)
		p->way[h].down = (struct sim_spell){.first = 1 * SIM_S, .lasts = DOWN};
}

/* RFC 6298 5.5: timeouts double, so the first one after the gap is at most as late as it was long;
 * what is lost of the gap itself is nobody's fault. */
static void check_flap(struct sim *s)
{
	double alone = alone_seconds(s), gap = (double)DOWN / SIM_S;

	expect(s, "seconds more than alone", seconds(s) - alone, gap, 2 * gap + 1);
	expect(s, "share sent again", again(s), 0, 0.05);
}

static void plan_spike(struct sim_plan *p)
{
	plan_late(p);
	p->way[CLIENT].reorder = 0;
	p->way[CLIENT].stuck = (struct sim_spell){
		.first = 1 * SIM_S, .every = 1500 * SIM_MS, .lasts = 700 * SIM_MS};
}

/* RFC 5682: of a window that was only late, the first segment goes again (and the tail loss probe
 * before it), no more; nor does the window stay small. */
static void check_spike(struct sim *s)
{
	double spikes = 1 + (seconds(s) - 1) / 1.5, lost = 0.7 * spikes;
	double segments = (double)s->pipe[CLIENT].rtx_bytes / 1448;

	expect(s, "segments again per spike", segments / spikes, 0, 4);
	expect(s, "seconds more than alone", seconds(s) - alone_seconds(s), 0, lost * 1.2);
}

static void plan_hole(struct sim_plan *p)
{
	sim_plan_bulk(p, 2 * BYTES, RTT);
	p->way[CLIENT].rate = RATE;
	p->way[CLIENT].queue = BDP * 10;
	p->rcv_limit[SERVER] = 4 * BDP;
	p->way[CLIENT].hole_mtu = 1400;
	p->way[CLIENT].hole = (struct sim_spell){.first = 1 * SIM_S, .lasts = 50 * SIM_S};
}

/* RFC 8899 5.2: BASE after timeouts, of which the tail loss probe's crumbs tell; a probe finds
 * 1400, and the next step fails three times. None of these shrinks the window, or waits for a
 * timeout (RFC 4821 7.6.2). */
static void check_hole(struct sim *s)
{
	const uint64_t *stat = s->host[CLIENT].stat;

	expect(s, "seconds more than alone", seconds(s) - alone_seconds(s), 0, 2.5);
	expect(s, "timeouts", (double)stat[TCP_STAT_rto], 2, 3);
	expect(s, "recoveries", (double)stat[TCP_STAT_fast_recoveries], 0, 2);
	expect(s, "probes lost", (double)stat[TCP_STAT_pmtu_probes_lost], 3, 3);
	expect(s, "probes acknowledged", (double)stat[TCP_STAT_pmtu_raised], 1, 1);
}

static void plan_wider(struct sim_plan *p)
{
	plan_hole(p);
	p->bulk = RATE / 20 * 700;
	p->way[CLIENT].rate = RATE / 20;
}

/* RFC 8899 5.1.1: ten minutes later the hole has gone, and six steps lead from 1400 to 1500. */
static void check_wider(struct sim *s)
{
	const uint64_t *stat = s->host[CLIENT].stat;

	expect(s, "probes lost", (double)stat[TCP_STAT_pmtu_probes_lost], 3, 3);
	expect(s, "probes acknowledged", (double)stat[TCP_STAT_pmtu_raised], 7, 7);
}

static const struct scenario all[] = {
	{"queue", "a queue of one BDP: 90 % of the rate, 5 % go again", plan_queue, check_queue},
	{"shallow", "a queue of 0.3 BDP: 80 % of the rate", plan_shallow, check_shallow},
	{"bloat", "a queue of 10 BDP: 95 % of the rate, 2 % go again", plan_bloat, check_bloat},
	{"ecn", "marks instead of drops: nothing goes again, 90 % of the rate", plan_ecn,
		check_ecn},
	{"burst", "5 ms of silence each second: 75 % of the rate", plan_burst, check_burst},
	{"loss", "1 % lost at random: that goes again, once, without a timeout", plan_loss,
		check_loss},
	{"corrupt", "1 % with a bad bit: as if lost", plan_corrupt, check_corrupt},
	{"late", "10 % late by up to RTT / 4: 1 % go again, 95 % of the rate", plan_late,
		check_late},
	{"twice", "10 % arrive twice: nothing goes again", plan_twice, check_twice},
	{"acks", "half the ACKs lost, the rest in bunches: 90 % of the rate", plan_acks,
		check_acks},
	{"paced", "ten segments at most leave at once", plan_paced, check_paced},
	{"flap", "nothing passes for 3 s: on again within as long after it", plan_flap, check_flap},
	{"spike", "0.7 s late, nothing lost: F-RTO, hardly anything goes again", plan_spike,
		check_spike},
	{"hole", "packets above 1400 bytes vanish in mid-flow: probes find that size", plan_hole,
		check_hole},
	{"wider", "and later pass again: probes find that too", plan_wider, check_wider},
};

static bool run(struct sim *s, const struct scenario *c)
{
	sim_reset(s, 1);
	s->name = c->name;
	c->plan(&s->plan);
	sim_run(s);
	c->check(s);
	return !s->bad;
}

bool sim_scenario_run(struct sim *s, const char *name)
{
	for (size_t i = 0; i < RTE_DIM(all); i++) {
		if (strcmp(all[i].name, name) != 0)
			continue;
		return run(s, &all[i]);
	}
	fprintf(stderr, "no scenario %s\n", name);
	return false;
}

bool sim_scenario_all(struct sim *s)
{
	bool ok = true;

	for (size_t i = 0; i < RTE_DIM(all); i++)
		ok &= run(s, &all[i]);
	return ok;
}

void sim_scenario_list(void)
{
	for (size_t i = 0; i < RTE_DIM(all); i++)
		printf("%-10s %s\n", all[i].name, all[i].asserts);
}
