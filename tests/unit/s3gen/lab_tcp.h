/* SPDX-License-Identifier: BSD-3-Clause */
/* What every lab of s3gen's parts begins and ends with: a generator's buffers, its tcp, a wire. */
#ifndef LAB_TCP_H
#define LAB_TCP_H

#include "pools.h"
#include "stack.h"
#include "wire.h"

/* At 1 ms, with n_data buffers: g->pools, g->now, g->tcp. */
static inline void lab_tcp_start(struct gen *g, uint32_t n_data)
{
	struct tcp_config cfg = stack_config(64, 1 << 20);
	struct err e = {""};

	pools_begin(&g->pools, n_data);
	g->now = CLOCK_US_PER_MS;
	g->tcp = tcp_create(&cfg, &g->pools, g->now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->tcp);
}

static inline void lab_tcp_stop(struct gen *g)
{
	tcp_destroy(g->tcp);
	pools_end(&g->pools);
}

/* What tcp has to say comes straight back. */
static inline void lab_tcp_wire(struct gen *g)
{
	struct rte_mbuf *pkts[1024];
	uint16_t n = tcp_output(g->tcp, pkts, RTE_DIM(pkts), g->now);

	for (uint16_t i = 0; i < n; i++) {
		pkts[i] = wire_carry(g, pkts[i]);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pkts[i]);
	}
	tcp_input(g->tcp, pkts, n, g->now);
}

#endif
