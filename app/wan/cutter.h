/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a NIC does to a packet before a wire has it, for ports whose peers leave that to somebody
 * else (virtio): a TCP super-packet becomes packets of its segment size, and a checksum that was
 * never made is made. A wire of some MTU carries nothing longer.
 *
 *   cutter_put(c, m);
 *   while ((m = cutter_take(c)) != NULL)
 *           ...
 *
 * Cut is TCP over IPv4, or over IPv6 without extension headers, VLAN tag or none, as RFC 9293 has
 * its segments; with SYN, RST or URG it is none that can be cut.
 */
#ifndef WAN_CUTTER_H
#define WAN_CUTTER_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "stat/stat.h"

enum cutter_stat {
#define X(name, text) CUTTER_STAT_##name,
#include "cutter_stat.def"
#undef X
	CUTTER_STAT_N
};

/* Where a packet of TCP or UDP has what; all in its first mbuf. Bytes. */
struct cutter_heads {
	bool v6, tcp;
	uint16_t l2, l3, l4; /* each header's length */
	uint16_t all;        /* their sum */
	uint32_t end;        /* of what IP says the packet is, from the frame's start */
};

struct cutter {
	struct rte_mempool *pool;
	struct rte_mbuf *m;        /* put in and not yet wholly taken; NULL: none */
	struct cutter_heads heads; /* of m, where it is cut */
	uint32_t at;               /* bytes of m, headers included, that were cut */
	uint16_t size;             /* of a segment's payload; 0: m is not cut */
	uint16_t mtu;
	uint64_t stat[CUTTER_STAT_N];
};

/* mtu: bytes of IP packet that the wire carries. pool gives the mbufs of what is cut; it outlives
 * the cutter and has room for heads and packets. */
void cutter_init(struct cutter *c, uint16_t mtu, struct rte_mempool *pool);
/* Put in a received packet (taken; its mbufs direct and unshared; flags as port_rx_burst() gives
 * them) after what came before it was all taken. */
void cutter_put(struct cutter *c, struct rte_mbuf *m);
/* The next packet for the wire, the caller's, its mbufs direct and unshared; NULL: no more. */
struct rte_mbuf *cutter_take(struct cutter *c);

struct stat_block cutter_stats(const struct cutter *c);

#endif
