/* SPDX-License-Identifier: BSD-3-Clause */
/* ARP for IPv4 over Ethernet: RFC 826, address conflicts after RFC 5227. */
#include "net/net_priv.h"

enum { ARP_REQUEST = 1, ARP_REPLY = 2 };

#define DEFEND_US (10u * CLOCK_US_PER_S) /* RFC 5227 2.4 b: DEFEND_INTERVAL */

static const uint8_t broadcast[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static void send(struct net *n, uint8_t port, const struct wire_arp *a, const uint8_t *mac)
{
	struct rte_mbuf *m = net__packet(n, n->pools->hdr, sizeof(*a));

	if (!m)
		return;
	memcpy(net__at(m, 0), a, sizeof(*a));
	n->stat[NET_STAT_arp_sent]++;
	net__eth_output(n, port, m, mac, ETH_ARP);
}

static struct wire_arp from_us(const struct net__port *p, uint16_t op, const uint8_t *spa)
{
	struct wire_arp a = {
		.htype = be16_make(1),
		.ptype = be16_make(ETH_IP4),
		.hlen = 6,
		.plen = 4,
		.op = be16_make(op),
	};

	memcpy(a.sha, p->mac, 6);
	memcpy(a.spa, spa, 4);
	return a;
}

void net__arp_request(struct net *n, uint8_t port, const struct ip_addr *src,
	const struct ip_addr *target, const uint8_t *mac)
{
	struct wire_arp a = from_us(&n->ports[port], ARP_REQUEST, src->b + 12);

	memcpy(a.tpa, target->b + 12, 4);
	send(n, port, &a, mac ? mac : broadcast);
}

void net__arp_announce(struct net *n, uint8_t port, const struct ip_addr *a)
{
	net__arp_request(n, port, a, a, NULL); /* RFC 5227 2.3 */
}

static void reply(struct net *n, uint8_t port, const struct wire_arp *to)
{
	struct wire_arp a = from_us(&n->ports[port], ARP_REPLY, to->tpa);

	memcpy(a.tha, to->sha, 6);
	memcpy(a.tpa, to->spa, 4);
	send(n, port, &a, to->sha);
}

/* RFC 5227 2.4: keep the address, say so once in a while, tell the operator by the counter. */
static void conflict(struct net *n, uint8_t port, const struct ip_addr *ours, clock_us_t now)
{
	struct net__port *p = &n->ports[port];

	n->stat[NET_STAT_addr_conflict]++;
	if (p->defended && now - p->defended < DEFEND_US)
		return;
	p->defended = now;
	net__arp_announce(n, port, ours);
}

static bool valid(const struct wire_arp *a)
{
	static const uint8_t zero[6];
	uint16_t op = be16_get(a->op);

	return be16_get(a->htype) == 1 && be16_get(a->ptype) == ETH_IP4 && a->hlen == 6 &&
	       a->plen == 4 && (op == ARP_REQUEST || op == ARP_REPLY) &&
	       !net__eth_is_group(a->sha) && memcmp(a->sha, zero, 6) != 0;
}

/* What does a, for our address or about its own sender, teach? */
static void learn(
	struct net *n, uint8_t port, const struct wire_arp *a, bool for_us, clock_us_t now)
{
	struct net_learned l = {.ip = ip_from_v4(a->spa), .port = port, .how = NET_LEARN_OVERRIDE};

	memcpy(l.mac, a->sha, 6);
	if (for_us && be16_get(a->op) == ARP_REPLY)
		l.how |= NET_LEARN_SOLICITED;
	else if (for_us) /* RFC 826: it will be talking to us */
		l.how |= NET_LEARN_CREATE;
	net__neigh_heard(n, &l, now);
}

bool net__arp_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct net__port *p = &n->ports[meta->port];
	const struct wire_arp *a = net__at(m, meta->l3_off);
	enum net_stat bad = net__need(m, meta->l3_off, sizeof(*a));
	struct ip_addr spa, tpa;
	bool for_us, probe;

	if (bad)
		return net__drop(n, m, bad);
	if (!valid(a))
		return net__drop(n, m, NET_STAT_rx_arp_bad);
	spa = ip_from_v4(a->spa);
	tpa = ip_from_v4(a->tpa);
	for_us = net__port_addr(p, &tpa);
	probe = ip_is_unspecified(&spa);
	if (net__port_addr(p, &spa)) {
		conflict(n, meta->port, &spa, now);
		return net__drop(n, m, NET_STAT_rx_arp_done);
	}
	if (!probe && (ip_is_multicast(&spa) || !net__port_onlink(p, &spa)))
		return net__drop(n, m, NET_STAT_rx_arp_offlink);
	if (!probe)
		learn(n, meta->port, a, for_us, now);
	if (be16_get(a->op) == ARP_REQUEST && for_us)
		reply(n, meta->port, a);
	else if (!for_us && !ip_addr_eq(&spa, &tpa))
		return net__drop(n, m, NET_STAT_rx_arp_other);
	return net__drop(n, m, NET_STAT_rx_arp_done);
}
