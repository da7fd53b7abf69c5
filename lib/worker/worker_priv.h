/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORKER_WORKER_PRIV_H
#define WORKER_WORKER_PRIV_H

#include <rte_ring.h>

#include "aead/aead.h"
#include "base/rand.h"
#include "buf/buf.h"
#include "lb/lb.h"
#include "net/net.h"
#include "relay/relay.h"
#include "tcp/tcp.h"
#include "tls/tls.h"
#include "tls/tls_crew.h"
#include "worker/worker.h"

#define WORKER_BURST      32
#define WORKER_IDLE_POLLS 64  /* empty polls before the first sleep */
#define WORKER_SLEEP_MS   20  /* longest sleep: control's jobs wait at most so long */
#define WORKER_NAP_US     200 /* longest sleep where other threads may hand us something */
#define WORKER_TIMERS     256 /* connections whose timers run in one poll */

#define WORKER_SYNS       4096u
#define WORKER_RESETS     64u /* connections reset at a time, with two packets each */
#define WORKER_TIME_WAITS 32768u
#define WORKER_EXT_SHARE  16u /* one in so many connections has loss at a time */
#define WORKER_EXT_MIN    1024u

/* One job of control's. FREE -> POSTED (control) -> RUNNING -> DONE (worker) -> FREE (control), or
 * POSTED -> FREE when control gives up first. */
enum worker_job_state { JOB_FREE, JOB_POSTED, JOB_RUNNING, JOB_DONE };

struct worker_job {
	void (*fn)(void *);
	void *arg;
	uint32_t state; /* atomic: whoever moves it out of POSTED owns fn and arg */
};

/* Rings from worker i to worker j at [i * n + j]; NULL where i == j. */
struct worker_links {
	struct rte_ring **pkts;    /* struct rte_mbuf *, pkt_meta filled */
	struct rte_ring **learned; /* struct net_learned */
};

struct worker_listens {
	uint64_t ports[65536 / 64]; /* bit = TCP port of some listener */
	unsigned n;
	struct ip_endpoint at[];
};

struct worker {
	/* read only while it runs */
	struct worker_config cfg;
	struct port *const *ports;
	unsigned n_ports;
	bool sleeps; /* idle = sleep */
	const struct worker_listens *listens;
	uint64_t tsc_start;
	uint64_t us_per_cycle; /* fixed point, 32 fraction bits */
	struct net *net;
	struct tcp *tcp;
	struct lb *lb;
	struct aead *aead; /* this and the next: NULL without TLS */
	struct tls *tls;
	struct tls_crew *own; /* the crew when it has no threads: we do its work */
	struct relay *relay;

	/* the loop's own */
	clock_us_t now;
	uint32_t empty; /* polls without work, in a row */
	bool full;      /* some device had no room for what was sent last */
	uint64_t tsc_last;
	struct rand_state rnd;
	struct worker_load load;
	uint64_t stat[WORKER_STAT_N];

	/* shared with control */
	uint32_t stop; /* atomic, set once by control, read relaxed: nothing else hangs on it */
	struct worker_job job;
};

/* worker.c: stages 7 and 8 until nobody has anything to send now. How many packets left. */
unsigned worker__transmit(struct worker *w);

/* worker_steer.c: packets and news between workers */
uint16_t worker__steer(struct worker *w, uint8_t port, struct rte_mbuf **pkts, uint16_t n);
uint16_t worker__steer_take(struct worker *w, unsigned from, struct rte_mbuf **pkts, uint16_t max);
void worker__news(struct worker *w);

#endif
