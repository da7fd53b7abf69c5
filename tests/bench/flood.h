/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A SYN flood for the benchmarks: frames as hosts would send them that are not there. Each has
 * another of 2^29 IPv4 sources, another port and sequence number, and the options of a Linux SYN.
 */
#ifndef FLOOD_H
#define FLOOD_H

#include <stdint.h>

#include "base/ip.h"
#include "base/rand.h"

struct rte_mbuf;
struct rte_mempool;

struct flood {
	uint8_t dst[6], src[6]; /* MACs */
	const struct ip_endpoint *to;
	unsigned n_to;
	struct rand_state rnd;
};

/* The next SYN, to one of the endpoints; NULL: pool is empty. */
struct rte_mbuf *flood_syn(struct flood *f, struct rte_mempool *pool);

#endif
