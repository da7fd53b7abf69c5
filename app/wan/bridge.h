/* SPDX-License-Identifier: BSD-3-Clause */
/* Two ports, a wire each way between them, one core. */
#ifndef WAN_BRIDGE_H
#define WAN_BRIDGE_H

#include <signal.h>

#include "args.h"
#include "cutter.h"
#include "port/port.h"

/* What the last line of --stats knew. */
struct report {
	uint64_t at; /* ns from the start */
	uint64_t values[2][WIRE_STAT_N];
	struct stat_hist delays[2];
};

struct bridge {
	struct conf_port conf[2];
	struct port *port[2];    /* a and b */
	struct cutter cutter[2]; /* a to b, b to a: before */
	struct wire *wire[2];
	struct buf_pools pools;
	struct report last;
	uint64_t tsc_start, ns_per_cycle; /* the latter in units of 2^-32 */
};

/* Start DPDK, open both ports. 0, or -errno with e; bridge_fini() in either case. */
int bridge_init(struct bridge *b, const struct args *a, struct err *e);
void bridge_fini(struct bridge *b);
/* Forward, by a's script, until *stop is set or a's duration is over. 0, or -ENODEV with e: a
 * port's device was removed. */
int bridge_run(struct bridge *b, struct args *a, const volatile sig_atomic_t *stop, struct err *e);

/* eal.c: start DPDK with that many bytes of memory. 0 or -errno with e. */
int eal_start(const struct args *a, uint64_t memory, struct err *e);
void eal_stop(void); /* harmless when it is not up */

/* report.c: to stdout, for people or as a JSON object a line. What was since the last such line, */
void report_second(struct bridge *b, uint64_t elapsed, uint64_t now, bool json);
void report_step(const struct script_step *step, bool json); /* that it is done */
void report_end(const struct bridge *b, bool json);          /* all that was */

#endif
