/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ethernet, VLAN, ARP, ND, ICMP, IPv4 and IPv6 of one worker: a host with several ports, never a
 * router. Frames come in as lists and leave as lists; nothing here does I/O or reads a clock.
 *
 * Who owns an mbuf: net_input() and net_output() take all they are given. net_input() gives back
 * what is for TCP; everything else is answered, held or freed, each drop under one code of
 * net_stat.def. net_tx_take() gives frames away for good.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <rte_mbuf.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/rand.h"
#include "base/siphash.h"
#include "buf/buf.h"
#include "stat/stat.h"

#define NET_PORTS_MAX      16
#define NET_PORT_ADDRS_MAX 8
#define NET_MTU_MIN        1280 /* of a port with an IPv6 address (RFC 8200 5) */
#define NET_MTU_MIN_V4     576  /* of one without (RFC 791 3.1) */

struct net_prefix {
	struct ip_addr addr; /* of a port: its own address, host bits and all */
	uint8_t bits;        /* in the 128-bit form, as ip_in_net() wants it: an IPv4 /24 is 120 */
};

struct net_port_config {
	uint8_t mac[6];
	uint16_t mtu;  /* bytes of IP packet */
	uint16_t vlan; /* id that every frame carries; 0: untagged */
	struct net_prefix addr[NET_PORT_ADDRS_MAX];
	unsigned n_addr;
};

/* A gateway is a route to ::/0, or for IPv4 to ::ffff:0.0.0.0/96. */
struct net_route_config {
	struct net_prefix to;
	struct ip_addr via; /* on-link of port */
	uint8_t port;
};

struct net_config {
	const struct net_port_config *ports; /* index = the port number of all calls below */
	unsigned n_ports;
	const struct net_route_config *routes;
	unsigned n_routes;
	uint32_t neighbours;       /* table size, rounded up to a power of two; 0: 8192 */
	struct siphash_key secret; /* of the hash of neighbours, drawn once per boot */
	bool share; /* other workers exist: keep what was learned for net_learned_take() */
};

enum net_stat {
#define X(name, text) NET_STAT_##name,
#include "net/net_stat.def"
#undef X
	NET_STAT_N
};

struct net;

/* One worker's instance. cfg is copied; pools and rnd are borrowed for life. NULL with e set. */
struct net *net_create(const struct net_config *cfg, struct buf_pools *pools,
	struct rand_state *rnd, struct err *e);
/* Frees what is queued and held as well. NULL is fine. */
void net_destroy(struct net *n);

/*
 * Take count frames that came from port. Those for TCP are moved to the front of pkts, with
 * pkt_meta written and PKT_TCP as verdict; returns how many. Promised of each:
 * - data still starts at the Ethernet header; padding is trimmed, pkt_len = l4_off + l4_len
 *   (not so for PKT_F_ICMP_ERR);
 * - src is unicast, dst is an address of that port, checksums are right;
 * - the TCP header with its options is valid in length and lies in the first segment.
 * With PKT_F_ICMP_ERR, src, dst and l4_off are the quoted packet's, so src is ours; at l4_off at
 * least 8 bytes of its TCP header lie in the first segment (both ports and the sequence number),
 * l4_len says how many. mtu is what a packet-too-big said, unchecked, else 0.
 */
uint16_t net_input(
	struct net *n, uint8_t port, struct rte_mbuf **pkts, uint16_t count, clock_us_t now);

/*
 * Take count packets whose data starts at the TCP header. The sender has set m->l4_len,
 * meta src, dst, ecn and flow_hash (becomes the IPv6 flow label; 0: none), and in ol_flags
 * RTE_MBUF_F_TX_TCP_CKSUM, for a super-packet also RTE_MBUF_F_TX_TCP_SEG with tso_segsz. Written
 * here: IP and Ethernet header, l2_len, l3_len, the other flags, the pseudo-header's sum in the
 * checksum field. lib/port does in software what the device does not offer.
 */
void net_output(struct net *n, struct rte_mbuf **pkts, uint16_t count, clock_us_t now);

/* Give at most max frames that are ready for port, in order. Returns the count. */
uint16_t net_tx_take(struct net *n, uint8_t port, struct rte_mbuf **pkts, uint16_t max);

/* Retries and ageing of neighbours. Costs nothing when called early. */
void net_tick(struct net *n, clock_us_t now);
/* When net_tick() next has work; UINT64_MAX: never, as things stand. */
clock_us_t net_next_deadline(const struct net *n);

/* Gratuitous ARP and unsolicited NA for all addresses of port (RFC 5227 3, RFC 4861 7.2.6), with
 * the MLD reports that snooping switches need. At start and on link up, by one worker. */
void net_announce(struct net *n, uint8_t port, clock_us_t now);
/* The port lost or got its link. Routes through a port without link are not taken. */
void net_set_link(struct net *n, uint8_t port, bool up, clock_us_t now);

/* The port's MAC changed: its device was absent at the start, or was replaced. */
void net_set_mac(struct net *n, uint8_t port, const uint8_t mac[6]);

/* Where a packet to dst would go. */
struct net_path {
	struct ip_addr src;      /* our address to send from */
	struct ip_addr next_hop; /* dst itself when on-link */
	uint16_t mtu;            /* bytes of IP packet */
	uint16_t vlan;
	uint8_t port;
};

/* Longest prefix match. 0, or -EHOSTUNREACH. */
int net_path(const struct net *n, const struct ip_addr *dst, struct net_path *out);
/* The port that has address a, or -1. */
int net_addr_port(const struct net *n, const struct ip_addr *a);

#define NET_LEARN_SOLICITED 0x01 /* an answer: confirms that the neighbour is reachable */
#define NET_LEARN_OVERRIDE  0x02 /* replaces a different MAC */
#define NET_LEARN_CREATE    0x04 /* it asked for us: worth an entry; never crosses workers */

/* What an ARP or ND packet said. It lands on one worker; the others may wait for it. */
struct net_learned {
	struct ip_addr ip;
	uint8_t mac[6];
	uint8_t port;
	uint8_t how; /* NET_LEARN_* */
};

/* Give at most max of what was learned since the last call, for the other workers' rings. */
unsigned net_learned_take(struct net *n, struct net_learned *out, unsigned max);
/* Apply it here: changes an existing neighbour, never makes one (but with NET_LEARN_CREATE). */
void net_neigh_learn(struct net *n, const struct net_learned *l, clock_us_t now);

enum net_neigh_state {
	NET_NEIGH_FREE,
	NET_NEIGH_INCOMPLETE,
	NET_NEIGH_REACHABLE,
	NET_NEIGH_STALE,
	NET_NEIGH_PROBE,
	NET_NEIGH_FAILED,
};

/* For the shell: safe only on the worker itself. */
struct net_neigh_info {
	struct ip_addr ip;
	uint8_t mac[6]; /* all zero while not known */
	uint8_t port;
	uint8_t state;   /* enum net_neigh_state */
	uint32_t age_ms; /* since the last confirmation; while incomplete since the first request */
	uint32_t held;   /* packets waiting */
};

struct net_route_info {
	struct net_prefix to;
	struct ip_addr via; /* unspecified when connected */
	struct ip_addr src;
	uint8_t port;
	bool up; /* its port has link */
};

const char *net_neigh_state_name(enum net_neigh_state s);
/* Copy out at most max; return how many there are. */
unsigned net_neigh_list(
	const struct net *n, clock_us_t now, struct net_neigh_info *out, unsigned max);
unsigned net_route_list(const struct net *n, struct net_route_info *out, unsigned max);

/* This worker's counters; the pointers live as long as n. */
struct stat_block net_stat_block(const struct net *n);

#endif
