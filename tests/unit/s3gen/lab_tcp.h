/* SPDX-License-Identifier: BSD-3-Clause */
/* What every lab of s3gen's parts begins with: a generator's buffers and its tcp. */
#ifndef LAB_TCP_H
#define LAB_TCP_H

#include <stdio.h>

#include "buf/buf.h"
#include "loop.h"
#include "tcp/tcp.h"
#include "unit.h"

/* At 1 ms, with n_data buffers: g->pools, g->now, g->tcp. */
static inline void lab_tcp_start(struct gen *g, uint32_t n_data)
{
	static unsigned serial;
	struct tcp_config cfg = {.conns = 64,
		.syns = 64,
		.time_waits = 64,
		.exts = 64,
		.rcv_limit = 1 << 20,
		.snd_limit = 1 << 20,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 1000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
	struct err e = {""};
	char name[16];

	unit_eal();
	snprintf(name, sizeof(name), "t%u", serial++);
	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&g->pools, name, n_data, SOCKET_ID_ANY), 0);
	g->now = CLOCK_US_PER_MS;
	g->tcp = tcp_create(&cfg, &g->pools, g->now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(g->tcp);
}

#endif
