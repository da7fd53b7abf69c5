/* SPDX-License-Identifier: BSD-3-Clause */
/* A port's life: opened, perhaps without its device; opened again when that comes back; closed. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "port/port_priv.h"

static const struct stat_name stat_names[] = {
#define X(name, text) {#name, text},
#include "port/port_stat.def"
#undef X
};

static struct port *alloc(uint16_t n_queues)
{
	size_t n = sizeof(struct port) + n_queues * sizeof(struct port_queue);
	struct port *p = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(n, RTE_CACHE_LINE_SIZE));

	if (p)
		memset(p, 0, n);
	return p;
}

/* Everything that the bursts read is in place before they see live. */
static void publish(struct port *p)
{
	p->state = PORT_DOWN;
	atomic_store_explicit(&p->live, true, memory_order_release);
}

static void release(struct port *p)
{
	atomic_store_explicit(&p->live, false, memory_order_release);
	p->state = PORT_GONE;
	if (p->n_devs > 0)
		port__teardown(p);
	port__unprobe(p);
}

static int bring_up(struct port *p, struct err *e)
{
	struct err why = {0};
	int rc = port__probe(p, &why);

	if (rc == 0)
		rc = port__setup(p, &why);
	if (rc < 0) {
		release(p);
		return err_set(e, -rc, "port %s: %s", p->conf->name, why.text);
	}
	publish(p);
	return 0;
}

struct port *port_open(const struct conf_port *c, uint8_t index, uint16_t n_queues,
	struct buf_pools *const *pools, struct err *e)
{
	struct port *p;
	int rc;

	ASSERT(n_queues > 0 && n_queues <= PORT_QUEUES_MAX, "one queue for each worker");
	p = alloc(n_queues);
	if (!p) {
		err_set(e, ENOMEM, "port %s: out of memory", c->name);
		return NULL;
	}
	p->conf = c;
	p->kind = port__kind(c->device);
	p->index = index;
	p->n_queues = n_queues;
	for (uint16_t q = 0; q < n_queues; q++)
		p->queue[q].pools = pools[q];
	p->mtu = c->mtu;
	memcpy(&p->mac, c->mac, sizeof(p->mac));
	rc = bring_up(p, e);
	if (rc == 0 || (rc == -ENODEV && c->optional))
		return p;
	free(p);
	return NULL;
}

void port_close(struct port *p)
{
	if (!p)
		return;
	release(p);
	for (uint16_t q = 0; q < p->n_queues; q++)
		rte_pktmbuf_free_bulk(p->queue[q].wait, p->queue[q].n_wait);
	free(p);
}

int port_retry(struct port *p, struct err *e)
{
	ASSERT(p->state == PORT_GONE, "only a device that is gone can come back");
	release(p);
	return bring_up(p, e);
}

enum port_state port_state(const struct port *p)
{
	return p->state;
}

const struct port_caps *port_caps(const struct port *p)
{
	return &p->caps;
}

const struct conf_port *port_conf(const struct port *p)
{
	return p->conf;
}

const char *port_driver(const struct port *p)
{
	return p->state == PORT_GONE ? "" : p->driver;
}

uint16_t port_queues(const struct port *p)
{
	return p->n_queues;
}

uint16_t port_mtu(const struct port *p)
{
	return p->mtu;
}

uint32_t port_speed(const struct port *p)
{
	return p->speed;
}

const uint8_t *port_mac(const struct port *p)
{
	return p->mac.addr_bytes;
}

struct stat_block port_stats(const struct port *p, uint16_t q)
{
	return (struct stat_block){
		.lib = "port", .names = stat_names, .values = p->queue[q].stat, .n = PORT_STAT_N};
}

int port_device_stats(const struct port *p, struct port_device_stats *s)
{
	*s = (struct port_device_stats){0};
	for (uint16_t i = 0; p->state != PORT_GONE && i < p->n_devs; i++) {
		struct rte_eth_stats d = {0};
		int rc = rte_eth_stats_get(p->id[i], &d);

		if (rc < 0)
			return rc;
		s->rx_packets += d.ipackets;
		s->rx_bytes += d.ibytes;
		s->tx_packets += d.opackets;
		s->tx_bytes += d.obytes;
		s->rx_missed += d.imissed;
		s->rx_errors += d.ierrors;
		s->rx_nombuf += d.rx_nombuf;
		s->tx_errors += d.oerrors;
	}
	return 0;
}
