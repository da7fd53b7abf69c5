/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One direction of a wire that is worse than the one it replaces. No I/O, no clock, randomness from
 * the seed: the same packets at the same times meet the same fate.
 *
 *   wire_push                                                                    wire_pull
 *   -----> queue ---> link ---> loss, burst loss ---> delay + jitter ---> in order ----->
 *          tail drop  rate      corrupt, duplicate         \---> late: + gap ---/
 *
 * The link is the bottleneck and the rest lies behind it, as on a long path: a lost packet has used
 * the link. Jitter keeps order; only `reorder` breaks it. Each impairment draws from a stream of
 * its own, so that changing one leaves the pattern of the others as it was.
 *
 * All of it may change while packets are on the wire. Those that the link has sent keep their fate;
 * those that still wait for it go at the new rate, as what they are: bytes in a queue.
 *
 * Times are nanoseconds modulo 2^64: a packet of 64 bytes at 10 Gbit/s is 51 ns.
 */
#ifndef WAN_WIRE_H
#define WAN_WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "stat/stat.h"

struct wire;

#define WIRE_NS_PER_S  1000000000ull
#define WIRE_ALWAYS    (1ull << 32)          /* the chance that is certainty */
#define WIRE_QUEUE_MAX (1ull << 30)          /* bytes */
#define WIRE_TIME_MAX  (100 * WIRE_NS_PER_S) /* of delay, jitter and gap each */

/* Zeroed is a wire that does nothing, with room for nothing: packets must be set. */
struct wire_conf {
	uint64_t delay;       /* ns, one way */
	uint64_t jitter;      /* ns, at most delay: uniform in delay -jitter .. +jitter */
	uint64_t gap;         /* ns that a reordered packet is held back */
	uint64_t loss;        /* chances, of WIRE_ALWAYS, for each packet */
	uint64_t burst_enter; /* Gilbert: that a burst of loss begins ... */
	uint64_t burst_leave; /* ... and that it ends; inside it every packet is lost */
	uint64_t reorder;
	uint64_t duplicate;
	uint64_t corrupt;
	uint64_t rate;    /* bit/s of frames without preamble and FCS; 0: no limit, no queue */
	uint64_t queue;   /* bytes that may wait for the link, at most WIRE_QUEUE_MAX */
	uint64_t down;    /* 1: the link is down, who comes is dropped */
	uint32_t packets; /* on the wire at once, queue included */
	uint64_t seed;
};

enum wire_stat {
#define X(name, text) WIRE_STAT_##name,
#include "wire_stat.def"
#undef X
	WIRE_STAT_N
};

/* All memory is taken here. pool (outlives the wire) gives the mbufs of duplicates; now is any time
 * before the first push. NULL: no memory. */
struct wire *wire_create(const struct wire_conf *c, struct rte_mempool *pool, uint64_t now);
/* Frees what is on the wire; NULL is fine. */
void wire_destroy(struct wire *w);

/* Put m (taken; a frame whose mbufs are direct and unshared) in. now never goes back. */
void wire_push(struct wire *w, struct rte_mbuf *m, uint64_t now);
/* Packets that have arrived by now, at most max, in order of arrival; the caller's. How many. */
uint16_t wire_pull(struct wire *w, struct rte_mbuf **pkts, uint16_t max, uint64_t now);
/* From now on, not before an earlier push or pull, c holds; its packets and seed are the old ones.
 * Costs a look at each packet on the wire where the rate changes. */
void wire_change(struct wire *w, const struct wire_conf *c, uint64_t now);
/* When the next packet arrives; false: the wire is empty. */
bool wire_next(const struct wire *w, uint64_t *at);

uint32_t wire_held(const struct wire *w);                 /* packets on the wire */
uint64_t wire_queued(const struct wire *w, uint64_t now); /* bytes that wait for the link */
/* us from push to pull of the packets that passed. */
const struct stat_hist *wire_delays(const struct wire *w);
struct stat_block wire_stats(const struct wire *w);

#endif
