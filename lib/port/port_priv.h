/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of lib/port share. */
#ifndef PORT_PORT_PRIV_H
#define PORT_PORT_PRIV_H

#include <stdatomic.h>
#include <rte_ethdev.h>

#include "port/port.h"

#define PORT_QUEUES_MAX    CONF_WORKERS_MAX
#define PORT_RETA_MAX      2048
#define PORT_RSS_TUPLE_MAX 36     /* bytes: two IPv6 addresses, two ports */
#define PORT_RSS_KEY       40     /* bytes of key that a tuple of 36 meets */
#define PORT_PATIENCE_US   200000 /* without a packet taken: the device is stuck, not busy */
#define PORT_RSS_CHECKS    64     /* received packets of a queue compared with our own hash */

/* How a driver wants to be asked; kinds of NIC not in the table behave as ethdev says. */
struct port_kind {
	const char *driver;     /* how its device strings begin; NULL: any other */
	const char *queues_arg; /* device argument for the number of queues */
	bool each_queue;        /* one ethdev for each queue */
	bool netdev;            /* iface= names a kernel interface, whose link is the port's */
	bool rx_intr;           /* queues have a descriptor to sleep on */
	bool peer;              /* does not start before the other end is there */
	bool scatters;          /* receives chains, though ethdev is not told */
	bool tso_unsaid;        /* takes super-packets, with tso=1 among its arguments; the same */
	uint16_t rx_loss;       /* bytes of an mbuf's data room that the driver cannot fill */
	uint64_t tx_refuse;     /* offered TX offloads that do not work */
};

/*
 * Toeplitz hash (Microsoft RSS): the hash is the XOR of the key's 32-bit windows at each set bit of
 * the tuple. So it is linear: changing the local port changes it by the port's windows alone.
 */
struct port_rss {
	uint32_t window[PORT_RSS_TUPLE_MAX * 8];
	uint32_t mask; /* of the hash: index into reta; table size - 1 */
	uint16_t reta[PORT_RETA_MAX];
};

struct port_queue {
	uint16_t id, q;    /* ethdev and its queue */
	uint16_t rss_left; /* received packets still to be compared */
	uint16_t nap_us;   /* length of the last bounded sleep; 0 after traffic */
	bool intr_on;      /* this worker's epoll set has the queue */
	uint16_t n_wait;   /* packets that the device had no room for */
	bool stuck;        /* it takes nothing: nobody waits for it until it does */
	clock_us_t since;  /* when it last took one of them, or they began to wait */
	const struct buf_pools *pools;
	struct rte_mbuf *wait[PORT_TX_POST];
	uint64_t stat[PORT_STAT_N];
} __rte_cache_aligned;

struct port {
	atomic_bool live;      /* release: set-up is complete; acquire: by each burst */
	atomic_bool rss_known; /* relaxed: any worker may clear it */
	bool vlan_soft;        /* strip VLAN tags here */
	bool prepare;          /* some TX offload is on: rte_eth_tx_prepare() is due */
	uint8_t index;
	uint16_t n_queues;
	uint16_t max_segs, max_tso_segs;
	uint64_t soft_flags; /* ol_flags of packets to send that are finished here */
	struct port_rss rss;
	struct port_caps caps;

	/* control only */
	enum port_state state;
	atomic_bool removed; /* relaxed: set by ethdev's event thread */
	const struct conf_port *conf;
	const struct port_kind *kind;
	uint16_t n_devs; /* ethdevs: 0 when there is no device, 1, or n_queues */
	uint16_t id[PORT_QUEUES_MAX];
	int ifindex; /* of the kernel's interface behind it, 0 none */
	uint16_t mtu;
	uint32_t speed;
	uint16_t old_mtu; /* the kernel interface's, to be restored; 0: untouched */
	bool promisc;     /* was switched on here */
	struct rte_ether_addr mac, old_mac; /* old_mac: to be restored; all zero: untouched */
	char driver[32];
	struct port_queue queue[];
};

/* port_probe.c: create or find the ethdevs of p->conf->device, in p->id and p->n_devs. 0, -ENODEV
 * when there is no such device now, or another error; nothing is left behind. */
int port__probe(struct port *p, struct err *e);
void port__unprobe(struct port *p);
const struct port_kind *port__kind(const char *device);
/* The value of argument key (with '=') in a device string, to buf of n bytes; NULL: not given. */
const char *port__devarg(const char *device, const char *key, char *buf, size_t n);

/* port_setup.c: configure and start what was probed; what p shows to workers is set. */
int port__setup(struct port *p, struct err *e);
void port__teardown(struct port *p);

/* port_rss.c */
void port__rss_key_make(uint8_t *key, unsigned len, uint32_t mask);
void port__rss_key_load(struct port_rss *r, const uint8_t *key);
/* Can the local port alone reach every entry of the table? */
bool port__rss_key_good(const struct port_rss *r);
void port__rss_check(struct port *p, uint16_t q, const struct rte_mbuf *m);

/* port_link.c: one SIOC[GS]IF... request on a kernel interface. 0, -ENODEV: it is gone, -errno. */
struct ifreq;
int port__netdev_ioctl(int ifindex, unsigned long request, struct ifreq *r);

/* port_soft.c: finish what ol_flags asks and the device does not do. The packet to send (perhaps a
 * linearised copy, then m is freed), or NULL: freed and counted in q->stat. */
struct rte_mbuf *port__finish(const struct port *p, struct port_queue *q, struct rte_mbuf *m);

#endif
