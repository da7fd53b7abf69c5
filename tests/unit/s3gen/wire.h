/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A generator without lib/net and lib/port: both ends are on its one instance of tcp, whose packets
 * come straight back as copies. For tests and benchmarks.
 */
#ifndef WIRE_H
#define WIRE_H

#include <string.h>

#include "net/net.h"
#include "port/port.h"
#include "s3gen.h"

/* ---- what lib/net and lib/port would say ---- */

int net_addr_port(const struct net *n, const struct ip_addr *a)
{
	return 0;
}

int net_path(const struct net *n, const struct ip_addr *dst, struct net_path *out)
{
	*out = (struct net_path){.src = ip_from_v4((uint8_t[]){10, 0, 0, 1}), .mtu = 1500};
	return 0;
}

uint16_t port_mtu(const struct port *p)
{
	return 1500;
}

const struct port_caps *port_caps(const struct port *p)
{
	static const struct port_caps none;

	return &none;
}

/* ---- the wire ---- */

/* A copy in fresh buffers, as a port would make it; NULL: there are none. m is freed. */
static inline struct rte_mbuf *wire_carry(struct gen *g, struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_alloc(g->pools.data);

	for (struct rte_mbuf *seg = m; copy && seg; seg = seg->next)
		memcpy(rte_pktmbuf_append(copy, seg->data_len), rte_pktmbuf_mtod(seg, char *),
			seg->data_len);
	if (copy) {
		*pkt_meta(copy) = *pkt_meta(m);
		pkt_meta(copy)->verdict = PKT_TCP;
		pkt_meta(copy)->l4_off = 0;
		pkt_meta(copy)->l4_len = copy->data_len;
	}
	rte_pktmbuf_free(m);
	return copy;
}

#endif
