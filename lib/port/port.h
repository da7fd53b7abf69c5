/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ports: any DPDK ethdev named by its PCI address or vdev string, one RX and one TX queue for each
 * worker. What the device offers is asked and used; what it does not offer is done here, so nobody
 * above needs to know which device it is. The only user of rte_ethdev.
 *
 *            port_open                link            port_link_poll
 *   (none) ------------> PORT_DOWN <--------> PORT_UP
 *      \                     |                  |
 *       \ optional, absent   | device removed   |
 *        `-----> PORT_GONE <-'------------------'       port_retry: GONE -> DOWN
 *
 * GONE: bursts receive nothing and free what they are given. DOWN: the same device, bursts work.
 * Control owns open, close, link_poll and retry; queue q belongs to worker q alone.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "buf/buf.h"
#include "conf/conf.h"
#include "stat/stat.h"

struct port;

enum port_state { PORT_GONE, PORT_DOWN, PORT_UP };
enum port_event { PORT_EV_NONE, PORT_EV_UP, PORT_EV_DOWN, PORT_EV_GONE };

/* What is on; all false while GONE. Above, only tso and lro matter; the rest is for show. */
struct port_caps {
	bool rx_csum; /* the device verifies TCP checksums */
	bool lro;     /* received packets may be longer than the MTU */
	bool scatter; /* received packets may have several segments */
	bool vlan_strip;
	bool rss;       /* the device spreads by a Toeplitz hash of addresses and ports */
	bool rss_hash;  /* and delivers it in mbuf->hash.rss */
	bool rss_known; /* and key, table and function are ours: port_rss_queue() is the truth */
	bool rx_intr;   /* port_wait() wakes on traffic */
	bool tx_csum_ip;
	bool tx_csum_tcp;
	bool tso; /* RTE_MBUF_F_TX_TCP_SEG may be asked for */
	bool multi_segs;
	bool vlan_insert;
	uint16_t max_segs;         /* of one packet to send; longer chains are linearised */
	uint16_t rx_desc, tx_desc; /* of one queue: mbufs that the device may hold */
};

/* Counters of one queue (port_stat.def). */
enum port_stat {
#define X(name, text) PORT_STAT_##name,
#include "port/port_stat.def"
#undef X
	PORT_STAT_N
};

/* What the device itself counts, since it was opened. */
struct port_device_stats {
	uint64_t rx_packets, rx_bytes, tx_packets, tx_bytes;
	uint64_t rx_missed; /* no free descriptor */
	uint64_t rx_errors;
	uint64_t rx_nombuf; /* pool empty */
	uint64_t tx_errors;
};

/*
 * Probe c->device, configure and start it with n_queues queues; pools[q] feeds queue q and outlives
 * the port. c outlives it too. The port in state PORT_DOWN; or PORT_GONE when the device is absent
 * and c->optional. NULL: e says in one line what is wrong and nothing is left behind. Control,
 * after rte_eal_init(), before workers run.
 */
struct port *port_open(const struct conf_port *c, uint8_t index, uint16_t n_queues,
	struct buf_pools *const *pools, struct err *e);
/* Stop, close and forget the device; NULL is fine. No worker uses the port any more. */
void port_close(struct port *p);

/* What happened since the last call; call every 100 ms or so. After PORT_EV_GONE workers stop
 * touching the device with their next burst. Control. */
enum port_event port_link_poll(struct port *p);
/* Look again for a device that is GONE, after every worker has passed a quiescent point since. 0
 * (state PORT_DOWN), -ENODEV still absent, or another error; e has the line. Control. */
int port_retry(struct port *p, struct err *e);

/* Receive up to n packets, owned by the caller. mbuf->port is the port's index. A VLAN tag is never
 * in the frame: vlan_tci holds it where ol_flags has RTE_MBUF_F_RX_VLAN_STRIPPED. The checksum bits
 * of ol_flags: BAD is bad; GOOD and NONE (never on a wire: virtio) were seen to; UNKNOWN is for the
 * reader to verify. */
uint16_t port_rx_burst(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n);
/*
 * Send n packets; all are taken, whatever happens to them. First segments are direct, writable and
 * unshared (header mbufs); others are never written to. ol_flags may ask for
 * RTE_MBUF_F_TX_IP_CKSUM, _TCP_CKSUM, _UDP_CKSUM (with l2_len, l3_len, TX_IPV4 or TX_IPV6 and the
 * pseudo-header sum in the checksum field, as ethdev wants it), _VLAN, and _TCP_SEG where caps.tso.
 * Returns how many the device took; the others are freed and have a code in port_stat.def.
 */
uint16_t port_tx_burst(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n);

/*
 * The same in two steps, for a sender that can wait: a full device is a line at its rate, and what
 * is dropped there must be found missing and sent again. Worker q.
 *
 * port_tx_flush: is there room? What waits goes first. False: some still waits, come again. A
 * device that takes nothing for PORT_PATIENCE_US is stuck: what waits is dropped (tx_full), and so
 * is what it does not take until it takes something again.
 * port_tx_post: as port_tx_burst for at most PORT_TX_POST packets, after a flush that returned
 * true; what the device has no room for waits.
 */
#define PORT_TX_POST 64
bool port_tx_flush(struct port *p, uint16_t q, clock_us_t now);
void port_tx_post(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n, clock_us_t now);

/*
 * Sleep until one of the ports may have traffic for queue q or timeout_us is over. Where a device
 * cannot wake us the sleep is bounded: it grows from 10 to at most 200 us with each call that
 * follows another without traffic in between. Worker q.
 */
void port_wait(struct port *const *ports, unsigned n, uint16_t q, uint32_t timeout_us);

/* Do we know on which queue a TCP packet arrives? True with one queue. False: arrivals are handed
 * to the owner by ring. It may turn false at any time (hash mismatch seen), never true. */
bool port_rss_known(const struct port *p);
/* The queue that packets remote -> local arrive on; 0 when not known. */
uint16_t port_rss_queue(
	const struct port *p, const struct ip_endpoint *remote, const struct ip_endpoint *local);

enum port_state port_state(const struct port *p);
const struct port_caps *port_caps(const struct port *p);
const struct conf_port *port_conf(const struct port *p);
const char *port_driver(const struct port *p); /* "net_af_packet"; "" when GONE */
uint16_t port_queues(const struct port *p);
uint16_t port_mtu(const struct port *p);       /* bytes of IP packet */
uint32_t port_speed(const struct port *p);     /* Mbit/s, 0 unknown */
const uint8_t *port_mac(const struct port *p); /* 6 bytes */

struct stat_block port_stats(const struct port *p, uint16_t q);
/* 0 or -errno (a device that is GONE or has no counters: all zero). */
int port_device_stats(const struct port *p, struct port_device_stats *s);

#endif
