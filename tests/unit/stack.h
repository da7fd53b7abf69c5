/* SPDX-License-Identifier: BSD-3-Clause */
/* An instance of tcp in tests and benchmarks that are not about its limits. */
#ifndef STACK_H
#define STACK_H

#include "tcp/tcp.h"

/* So many connections, with so many bytes either way; the rest is plenty, or short. */
static inline struct tcp_config stack_config(uint32_t conns, uint32_t window)
{
	return (struct tcp_config){.conns = conns,
		.syns = 64,
		.time_waits = 64,
		.exts = 64,
		.rcv_limit = window,
		.snd_limit = window,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 1000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
}

#endif
