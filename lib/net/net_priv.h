/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the files of lib/net. Functions that take an mbuf own it; `bool` ones return false when
 * it is gone and true when it is to be handed to TCP. */
#ifndef NET_NET_PRIV_H
#define NET_NET_PRIV_H

#include <string.h>

#include "base/assert.h"
#include "net/net.h"
#include "net/net_wire.h"

#define NET_TX_QUEUE    1024 /* frames ready for one port; power of two */
#define NET_LEARNED_MAX 64
#define NET_HOLD_MAX    8   /* packets waiting for one neighbour */
#define NET_HOLD_TOTAL  256 /* and for all */
#define NET_NEIGH_WAYS  8   /* neighbours in a bucket */
#define NET_HOPS        256 /* remembered destinations, power of two */
#define NET_TTL         64
#define NET_NEVER       UINT64_MAX

struct net__port {
	uint8_t mac[6];
	uint16_t mtu, vlan;
	struct net_prefix addr[NET_PORT_ADDRS_MAX + 1]; /* the last is fe80::, if there is IPv6 */
	uint8_t n_addr;
	bool up;
	clock_us_t defended;       /* last answer to a claim of our address; 0: never */
	uint32_t tx_head, tx_tail; /* free running */
	struct rte_mbuf *tx[NET_TX_QUEUE];
};

struct net__route {
	struct net_prefix to;
	struct ip_addr via; /* ::, when connected */
	struct ip_addr src;
	uint8_t port;
};

struct net__neigh {
	struct ip_addr ip;
	uint8_t mac[6];
	uint8_t port;
	uint8_t state; /* enum net_neigh_state */
	uint8_t tries; /* solicitations sent in this state */
	uint8_t n_held;
	clock_us_t since; /* last confirmation, or entry into INCOMPLETE and FAILED */
	clock_us_t used;  /* last packet sent to it; 0: never */
	clock_us_t due;   /* next timer of its state */
	struct rte_mbuf *held[NET_HOLD_MAX]; /* oldest first; IP header done, Ethernet not */
};

/* A destination sent to before. The neighbour is a hint: compare ip and port before use. */
struct net__hop {
	struct ip_addr dst; /* ::, when empty */
	struct net_path path;
	struct net__neigh *neigh;
};

struct net__bucket {   /* token bucket */
	uint32_t rate; /* tokens a second */
	uint32_t burst;
	uint64_t level; /* millionths of a token */
	clock_us_t at;
};

struct net {
	uint64_t stat[NET_STAT_N];
	struct buf_pools *pools;
	struct rand_state *rnd;
	struct net__port *ports;
	unsigned n_ports;
	struct net__route *routes; /* longest prefix first */
	unsigned n_routes;
	struct net__hop hops[NET_HOPS];

	struct siphash_key secret;
	struct net__neigh *neigh;
	uint32_t neigh_mask; /* buckets - 1 */
	uint32_t held;       /* packets in all neighbours */
	clock_us_t due;      /* no neighbour's timer is earlier */
	struct net__bucket solicit, icmp_error;

	bool share;
	unsigned n_learned;
	struct net_learned learned[NET_LEARNED_MAX];
};

/* net.c */
bool net__drop(struct net *n, struct rte_mbuf *m, enum net_stat code);
bool net__bucket_take(struct net__bucket *b, clock_us_t now);

/* net_eth.c */
/* 0, or the code to drop under: len bytes at off are not all there, or not in the first segment. */
enum net_stat net__need(const struct rte_mbuf *m, uint32_t off, uint32_t len);
bool net__eth_input(struct net *n, uint8_t port, struct rte_mbuf *m, clock_us_t now);
void net__eth_output(
	struct net *n, uint8_t port, struct rte_mbuf *m, const uint8_t *mac, uint16_t type);
/* A zeroed packet of len bytes with room for headers from pool; NULL is counted. */
struct rte_mbuf *net__packet(struct net *n, struct rte_mempool *pool, uint16_t len);
/* Cut m down to len bytes; trailing segments are freed. */
void net__trim(struct rte_mbuf *m, uint32_t len);

static inline void *net__at(const struct rte_mbuf *m, uint32_t off)
{
	return rte_pktmbuf_mtod_offset(m, void *, off);
}

static inline bool net__eth_is_group(const uint8_t *mac)
{
	return mac[0] & 1;
}

/* net_csum.c; sums are folded, not complemented, as they lie in memory */
uint16_t net__csum_pseudo(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, uint32_t len);
/* The checksum field of len bytes at off; 0 when they hold a right one already. */
uint16_t net__csum_l4(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t proto);

/* net_ip.c, net_ip4.c, net_ip6.c */
const struct net_prefix *net__port_addr(const struct net__port *p, const struct ip_addr *a);
const struct net_prefix *net__port_onlink(const struct net__port *p, const struct ip_addr *a);
bool net__ip4_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
bool net__ip6_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
bool net__tcp_input(struct net *n, struct rte_mbuf *m);
/* Prepend the IP header of meta's src, dst, ecn, flow_hash. False: no room. */
bool net__ip4_push(struct rte_mbuf *m, uint8_t proto, uint8_t ttl);
bool net__ip6_push(struct rte_mbuf *m, uint8_t proto, uint8_t hops);
/* Route m, whose data starts behind the IP header to come. */
void net__ip_output(struct net *n, struct rte_mbuf *m, uint8_t proto, clock_us_t now);

/* fe80::/10 */
static inline bool net__ip_is_link_local(const struct ip_addr *a)
{
	return a->b[0] == 0xfe && (a->b[1] & 0xc0) == 0x80;
}

/* net_icmp.c */
bool net__icmp4_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
bool net__icmp6_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
/* Count m under code and answer it with an error; what is type << 8 | code. */
bool net__icmp_error(struct net *n, struct rte_mbuf *m, enum net_stat code, uint16_t what,
	uint32_t arg, clock_us_t now);

/* net_arp.c */
bool net__arp_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
void net__arp_request(struct net *n, uint8_t port, const struct ip_addr *src,
	const struct ip_addr *target, const uint8_t *mac);
void net__arp_announce(struct net *n, uint8_t port, const struct ip_addr *a);

/* net_nd.c */
bool net__nd_input(struct net *n, struct rte_mbuf *m, clock_us_t now);
void net__nd_solicit(struct net *n, uint8_t port, const struct ip_addr *src,
	const struct ip_addr *target, const uint8_t *mac);
void net__nd_announce(struct net *n, uint8_t port, const struct ip_addr *a);
void net__nd_join(struct net *n, uint8_t port);
/* ff02::1:ffXX:XXXX of a (RFC 4291 2.7.1). */
struct ip_addr net__nd_group(const struct ip_addr *a);

/* net_neigh.c */
int net__neigh_init(struct net *n, uint32_t size);
void net__neigh_fini(struct net *n);
struct net__neigh *net__neigh_find(struct net *n, uint8_t port, const struct ip_addr *ip);
/* Send m, which has its IP header, to the next hop; wait for its MAC if need be. */
void net__neigh_output(struct net *n, struct rte_mbuf *m, struct net__hop *hop, clock_us_t now);
void net__neigh_confirm(struct net *n, struct net__neigh *e, clock_us_t now);
/* Forget all of a port. */
void net__neigh_flush(struct net *n, uint8_t port);
/* Keep it for the other workers and apply it here. */
void net__neigh_heard(struct net *n, const struct net_learned *l, clock_us_t now);

/* net_route.c */
int net__route_init(struct net *n, const struct net_config *cfg, struct err *e);
void net__route_fini(struct net *n);
/* Forget remembered destinations: routes or links changed. */
void net__route_changed(struct net *n);
/* Way to dst, remembered; NULL: none. src decides the port where dst is link-local. */
struct net__hop *net__route(struct net *n, const struct ip_addr *src, const struct ip_addr *dst);

#endif
