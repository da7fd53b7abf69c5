/* SPDX-License-Identifier: BSD-3-Clause */
/* One core from start to end. */
#ifndef S3GEN_LOOP_H
#define S3GEN_LOOP_H

#include "report.h"
#include "s3gen.h"

struct loop_outputs {
	FILE *live; /* lines each second; NULL: none */
	FILE *table, *json, *histogram;
};

/* Start DPDK and all that conf asks for. 0, or -errno with e; loop_fini() in either case. */
int loop_init(struct gen *g, const struct gen_conf *conf, bool verbose, struct err *e);
void loop_fini(struct gen *g);
/* Run until the duration is over, all operations are done or *stop is set; then report. 0, or
 * -errno with e. */
int loop_run(struct gen *g, const struct loop_outputs *out, const volatile sig_atomic_t *stop,
	struct err *e);

/* eal.c */
int eal_start(const struct gen_conf *conf, bool verbose, struct err *e);
void eal_stop(void); /* harmless when it is not up */

#endif
