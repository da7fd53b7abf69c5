/* SPDX-License-Identifier: BSD-3-Clause */
/* Buffers for a case: of its own at the beginning, all back at the end, none in between. */
#ifndef POOLS_H
#define POOLS_H

#include "buf/buf.h"
#include "unit.h"

/* With n_data data mbufs of that room, under a name that no other has; the EAL is up then. */
static inline void pools_begin_room(struct buf_pools *pools, uint32_t n_data, uint32_t room)
{
	static unsigned serial;
	char name[16];

	unit_eal();
	snprintf(name, sizeof(name), "t%u", serial++);
	CU_ASSERT_EQUAL_FATAL(buf_pools_create_room(pools, name, n_data, room, SOCKET_ID_ANY), 0);
}

static inline void pools_begin(struct buf_pools *pools, uint32_t n_data)
{
	pools_begin_room(pools, n_data, BUF_ROOM);
}

static inline void pools_end(struct buf_pools *pools)
{
	UNIT_NO_LEAK(pools);
	buf_pools_destroy(pools);
}

/* All data mbufs but `keep`, as a chain to be freed. */
static inline struct rte_mbuf *pools_drain(struct buf_pools *pools, uint32_t keep)
{
	struct rte_mbuf *all = NULL, *m;

	while (rte_mempool_avail_count(pools->data) > keep &&
		(m = rte_pktmbuf_alloc(pools->data))) {
		m->next = all;
		all = m;
	}
	return all;
}

#endif
