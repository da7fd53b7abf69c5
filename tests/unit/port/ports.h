/* SPDX-License-Identifier: BSD-3-Clause */
/* Ports for tests, on devices that need nothing: net_null, net_ring (what is sent comes back). */
#ifndef PORTS_H
#define PORTS_H

#include "port/port_priv.h"
#include "unit.h"

#define PORTS_QUEUES 4

static struct buf_pools ports_pool[PORTS_QUEUES];
static struct buf_pools *ports_pools[PORT_QUEUES_MAX]; /* in turn */

static inline void ports_setup(void)
{
	static unsigned serial;
	char name[16];

	unit_eal();
	for (unsigned q = 0; q < PORTS_QUEUES; q++) {
		snprintf(name, sizeof(name), "t%u", serial++);
		CU_ASSERT_EQUAL_FATAL(
			buf_pools_create(&ports_pool[q], name, 1024, SOCKET_ID_ANY), 0);
	}
	for (unsigned q = 0; q < PORT_QUEUES_MAX; q++)
		ports_pools[q] = &ports_pool[q % PORTS_QUEUES];
}

static inline void ports_teardown(void)
{
	for (unsigned q = 0; q < PORTS_QUEUES; q++) {
		UNIT_NO_LEAK(&ports_pool[q]);
		buf_pools_destroy(&ports_pool[q]);
	}
}

/* c is filled, the port is open; it must be possible. */
static inline struct port *ports_open(struct conf_port *c, const char *device, uint16_t n_queues)
{
	struct err e = {0};
	struct port *p;

	*c = (struct conf_port){.name = "p", .device = device, .mtu = 1500};
	p = port_open(c, 3, n_queues, ports_pools, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static inline uint64_t ports_stat(const struct port *p, uint16_t q, enum port_stat s)
{
	return port_stats(p, q).values[s];
}

#endif
