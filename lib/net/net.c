/* SPDX-License-Identifier: BSD-3-Clause */
/* One worker's network instance: making it, its counters, bursts in and out, its timers. */
#include <errno.h>
#include <stdlib.h>
#include <rte_prefetch.h>

#include "net/net_priv.h"

/* Solicitations: enough for a rack that boots at once, too few to be a broadcast storm. */
#define SOLICIT_RATE  1000
#define SOLICIT_BURST 256
/* ICMP errors (RFC 4443 2.4 f, RFC 1812 4.3.2.8). */
#define ERROR_RATE  100
#define ERROR_BURST 50

static const struct stat_name stat_names[] = {
#define X(name, text) {#name, text},
#include "net/net_stat.def"
#undef X
};

struct stat_block net_stat_block(const struct net *n)
{
	return (struct stat_block){"net", stat_names, n->stat, NET_STAT_N};
}

bool net__drop(struct net *n, struct rte_mbuf *m, enum net_stat code)
{
	n->stat[code]++;
	rte_pktmbuf_free(m);
	return false;
}

static void bucket_init(struct net__bucket *b, uint32_t rate, uint32_t burst)
{
	*b = (struct net__bucket){.rate = rate, .burst = burst};
	b->level = (uint64_t)burst * CLOCK_US_PER_S;
}

bool net__bucket_take(struct net__bucket *b, clock_us_t now)
{
	uint64_t full = (uint64_t)b->burst * CLOCK_US_PER_S, idle = now - b->at;

	/* compared before multiplied: the first call may come after any time */
	b->level = idle > full / b->rate ? full : b->level + idle * b->rate;
	if (b->level > full)
		b->level = full;
	b->at = now;
	if (b->level < CLOCK_US_PER_S)
		return false;
	b->level -= CLOCK_US_PER_S;
	return true;
}

/* The modified EUI-64 of the MAC (RFC 4291 appendix A): every IPv6 link has such an address. */
static struct net_prefix link_local(const uint8_t *mac)
{
	struct net_prefix p = {.bits = 64};

	p.addr.b[0] = 0xfe;
	p.addr.b[1] = 0x80;
	memcpy(p.addr.b + 8, mac, 3);
	p.addr.b[8] ^= 0x02;
	p.addr.b[11] = 0xff;
	p.addr.b[12] = 0xfe;
	memcpy(p.addr.b + 13, mac + 3, 3);
	return p;
}

static bool addr_usable(const struct net_prefix *p)
{
	return p->bits <= 128 && (!ip_is_v4(&p->addr) || p->bits >= 96) &&
	       !ip_is_multicast(&p->addr) && !ip_is_unspecified(&p->addr);
}

static int port_init(struct net__port *p, const struct net_port_config *cfg, struct err *e)
{
	uint16_t least = NET_MTU_MIN_V4;
	bool v6 = false;

	for (unsigned i = 0; i < cfg->n_addr && i < NET_PORT_ADDRS_MAX; i++)
		v6 |= !ip_is_v4(&cfg->addr[i].addr);
	if (v6)
		least = NET_MTU_MIN;
	if (cfg->mtu < least || cfg->vlan > 4094 || cfg->n_addr > NET_PORT_ADDRS_MAX ||
		net__eth_is_group(cfg->mac))
		return err_set(
			e, EINVAL, "port: MTU, VLAN, MAC or number of addresses out of range");
	memcpy(p->mac, cfg->mac, 6);
	p->mtu = cfg->mtu;
	p->vlan = cfg->vlan;
	p->up = true;
	for (unsigned i = 0; i < cfg->n_addr; i++) {
		if (!addr_usable(&cfg->addr[i]))
			return err_set(
				e, EINVAL, "port: address %u is not a unicast address", i + 1);
		p->addr[p->n_addr++] = cfg->addr[i];
	}
	if (v6)
		p->addr[p->n_addr++] = link_local(p->mac);
	return 0;
}

static int ports_init(struct net *n, const struct net_config *cfg, struct err *e)
{
	if (cfg->n_ports == 0 || cfg->n_ports > NET_PORTS_MAX)
		return err_set(e, EINVAL, "net: %u ports, 1 to %u are allowed", cfg->n_ports,
			NET_PORTS_MAX);
	n->ports = calloc(cfg->n_ports, sizeof(*n->ports));
	if (!n->ports)
		return err_set(e, ENOMEM, "net: no memory for %u ports", cfg->n_ports);
	n->n_ports = cfg->n_ports;
	for (unsigned i = 0; i < n->n_ports; i++)
		if (port_init(&n->ports[i], &cfg->ports[i], e) < 0)
			return -EINVAL;
	return 0;
}

struct net *net_create(const struct net_config *cfg, struct buf_pools *pools,
	struct rand_state *rnd, struct err *e)
{
	struct net *n = calloc(1, sizeof(*n));

	if (!n) {
		err_set(e, ENOMEM, "net: no memory");
		return NULL;
	}
	n->pools = pools;
	n->rnd = rnd;
	n->secret = cfg->secret;
	n->share = cfg->share;
	n->due = NET_NEVER;
	bucket_init(&n->solicit, SOLICIT_RATE, SOLICIT_BURST);
	bucket_init(&n->icmp_error, ERROR_RATE, ERROR_BURST);
	if (ports_init(n, cfg, e) < 0 || net__route_init(n, cfg, e) < 0)
		goto fail;
	if (net__neigh_init(n, cfg->neighbours) < 0) {
		err_set(e, ENOMEM, "net: no memory for %u neighbours", cfg->neighbours);
		goto fail;
	}
	return n;
fail:
	net_destroy(n);
	return NULL;
}

void net_destroy(struct net *n)
{
	if (!n)
		return;
	net__neigh_fini(n);
	net__route_fini(n);
	for (unsigned i = 0; i < n->n_ports; i++)
		for (struct net__port *p = &n->ports[i]; p->tx_tail != p->tx_head; p->tx_tail++)
			rte_pktmbuf_free(p->tx[p->tx_tail % NET_TX_QUEUE]);
	free(n->ports);
	free(n);
}

uint16_t net_input(
	struct net *n, uint8_t port, struct rte_mbuf **pkts, uint16_t count, clock_us_t now)
{
	uint16_t kept = 0;

	ASSERT(port < n->n_ports, "the worker polls configured ports only");
	n->stat[NET_STAT_rx_packets] += count;
	for (uint16_t i = 0; i < count; i++) {
		if (i + 1 < count)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + 1], void *));
		if (net__eth_input(n, port, pkts[i], now))
			pkts[kept++] = pkts[i];
	}
	return kept;
}

void net_output(struct net *n, struct rte_mbuf **pkts, uint16_t count, clock_us_t now)
{
	for (uint16_t i = 0; i < count; i++)
		net__ip_output(n, pkts[i], PROTO_TCP, now);
}

uint16_t net_tx_take(struct net *n, uint8_t port, struct rte_mbuf **pkts, uint16_t max)
{
	struct net__port *p = &n->ports[port];
	uint16_t got = 0;

	while (got < max && p->tx_tail != p->tx_head)
		pkts[got++] = p->tx[p->tx_tail++ % NET_TX_QUEUE];
	return got;
}

void net_announce(struct net *n, uint8_t port, clock_us_t now)
{
	const struct net__port *p = &n->ports[port];

	net__nd_join(n, port);
	for (unsigned i = 0; i < p->n_addr; i++) {
		if (ip_is_v4(&p->addr[i].addr))
			net__arp_announce(n, port, &p->addr[i].addr);
		else
			net__nd_announce(n, port, &p->addr[i].addr);
	}
}

void net_set_link(struct net *n, uint8_t port, bool up, clock_us_t now)
{
	if (n->ports[port].up == up)
		return;
	n->ports[port].up = up;
	net__route_changed(n);
	if (!up)
		net__neigh_flush(n, port);
}

void net_set_mac(struct net *n, uint8_t port, const uint8_t mac[6])
{
	struct net__port *p = &n->ports[port];

	memcpy(p->mac, mac, 6);
	if (p->n_addr && net__ip_is_link_local(&p->addr[p->n_addr - 1].addr))
		p->addr[p->n_addr - 1] = link_local(mac);
	net__route_changed(n);
}

int net_addr_port(const struct net *n, const struct ip_addr *a)
{
	for (unsigned i = 0; i < n->n_ports; i++)
		if (net__port_addr(&n->ports[i], a))
			return (int)i;
	return -1;
}

unsigned net_learned_take(struct net *n, struct net_learned *out, unsigned max)
{
	unsigned got = n->n_learned < max ? n->n_learned : max;

	memcpy(out, n->learned, got * sizeof(*out));
	n->n_learned -= got;
	memmove(n->learned, n->learned + got, n->n_learned * sizeof(*out));
	return got;
}
