/* SPDX-License-Identifier: BSD-3-Clause */
/* The process around the libraries: arguments, rights, lcores, start in stages, signals. */
#ifndef APP_H
#define APP_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/conf.h"

struct tls_crew;

/* Lines to stderr, with the priority in front where systemd's journal reads it. */
void log_start(enum log_level max);
/* Another level, later: other threads may see it a moment late. */
void log_level_set(enum log_level max);
/* Between these two what libraries print past the log (EAL, libbpf, libxdp) is not shown, unless
 * the level is debug. Our own lines are. */
void log_hush(void);
void log_unhush(void);

/* The cores that workers run on: the file's, or the default where it names none. */
unsigned cores_choose(const struct conf *conf, uint16_t cores[CONF_WORKERS_MAX]);

/* Is the machine such as the file wants it: rights, cores, open files? 0 or -errno. */
int host_check(const struct conf *conf, const uint16_t *cores, unsigned n_cores, struct err *e);

/* Start DPDK's EAL for conf: lcore 0 is control, lcore i + 1 worker i on cores[i]. 0 or -errno. */
int eal_start(const struct conf *conf, const uint16_t *cores, unsigned n_cores, struct err *e);
/* " (DPDK says: ...)" with the first error in DPDK's log since the last call, "" when there is
 * none. */
const char *eal_words(void);
/* Harmless when it is not up. */
void eal_stop(void);

/*
 * Claim the kernel interfaces of all ports for this process: the kernel itself lets two programs
 * share one, and each would take the other's packets. fd[i] is the claim of port i, -1: none.
 */
int claims_start(const struct conf *conf, int fd[CONF_PORTS_MAX], struct err *e);
void claims_stop(int fd[CONF_PORTS_MAX]);

/* The threads that do handshakes for all workers. Zeroed is none. */
struct crew {
	struct tls_crew *tasks;
	pthread_t thread[CONF_HS_CORES_MAX];
	unsigned n;
};

/* As conf->tls has them, with up to `handshakes` of each worker at a time. 0 or -errno with *e set,
 * for crew_stop() all the same. */
int crew_start(struct crew *c, const struct conf *conf, unsigned n_workers, uint32_t handshakes,
	struct err *e);
/* When all workers are gone. */
void crew_stop(struct crew *c);
/* To the log, where a handshake's core is a worker's. */
void crew_cores_warn(const struct conf *conf, const uint16_t *cores, unsigned n_cores);

/* Run the appliance until a signal ends it; the exit code. */
int appliance_run(const struct conf *conf, const uint16_t *cores, unsigned n_cores);

#endif
