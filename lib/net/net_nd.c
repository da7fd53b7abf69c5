/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Neighbour discovery (RFC 4861): solicitations and advertisements; routers come from the
 * configuration. Fragmented ND (RFC 6980) never gets here.
 */
#include "net/net_priv.h"

static const struct ip_addr all_nodes = {.b = {0xff, 2, [15] = 1}};
static const struct ip_addr all_mld2 = {.b = {0xff, 2, [15] = 0x16}}; /* RFC 3810 5.2.14 */

struct ip_addr net__nd_group(const struct ip_addr *a)
{
	struct ip_addr g = {.b = {0xff, 2, [11] = 1, [12] = 0xff}};

	memcpy(g.b + 13, a->b + 13, 3);
	return g;
}

/* RFC 2464 7 */
static void group_mac(uint8_t mac[6], const struct ip_addr *group)
{
	mac[0] = mac[1] = 0x33;
	memcpy(mac + 2, group->b + 12, 4);
}

/* Finish an ICMPv6 message whose meta has src and dst, and send it to mac, NULL: to its group. */
static void send(struct net *n, uint8_t port, struct rte_mbuf *m, const uint8_t *mac)
{
	struct wire_icmp *h = net__at(m, 0);
	uint8_t group[6];

	h->csum.raw = net__csum_l4(m, 0, m->pkt_len, PROTO_ICMP6);
	group_mac(group, &pkt_meta(m)->dst);
	if (!net__ip6_push(m, PROTO_ICMP6, 255)) {
		net__drop(n, m, NET_STAT_tx_headroom);
		return;
	}
	n->stat[NET_STAT_nd_sent]++;
	net__eth_output(n, port, m, mac ? mac : group, ETH_IP6);
}

/* NS or NA about target with our MAC as option. NULL when there is no mbuf. */
static struct rte_mbuf *message(
	struct net *n, uint8_t port, uint8_t type, uint32_t flags, const struct ip_addr *target)
{
	struct rte_mbuf *m =
		net__packet(n, n->pools->hdr, sizeof(struct wire_nd) + sizeof(struct wire_lla));
	struct wire_lla *o;
	struct wire_nd *h;

	if (!m)
		return NULL;
	h = net__at(m, 0);
	h->icmp.type = type;
	h->icmp.arg = be32_make(flags);
	memcpy(h->target, target->b, 16);
	o = (struct wire_lla *)(h + 1);
	o->type = type == ICMP6_NS ? ND_OPT_SOURCE : ND_OPT_TARGET;
	o->len = 1;
	memcpy(o->mac, n->ports[port].mac, 6);
	return m;
}

void net__nd_solicit(struct net *n, uint8_t port, const struct ip_addr *src,
	const struct ip_addr *target, const uint8_t *mac)
{
	struct rte_mbuf *m = message(n, port, ICMP6_NS, 0, target);

	if (!m)
		return;
	pkt_meta(m)->src = *src;
	pkt_meta(m)->dst = mac ? *target : net__nd_group(target);
	send(n, port, m, mac);
}

static void advertise(struct net *n, uint8_t port, const struct ip_addr *ours,
	const struct ip_addr *dst, const uint8_t *mac)
{
	uint32_t flags = ND_OVERRIDE | (mac ? ND_SOLICITED : 0);
	struct rte_mbuf *m = message(n, port, ICMP6_NA, flags, ours);

	if (!m)
		return;
	pkt_meta(m)->src = *ours;
	pkt_meta(m)->dst = *dst;
	send(n, port, m, mac);
}

void net__nd_announce(struct net *n, uint8_t port, const struct ip_addr *a)
{
	advertise(n, port, a, &all_nodes, NULL);
}

/* Join what we listen to, or a snooping switch keeps solicitations from us: an MLDv2 report (RFC
 * 3810 5.2) of a "change to exclude nothing" for each group, behind the router alert it must have.
 */
void net__nd_join(struct net *n, uint8_t port)
{
	static const uint8_t alert[8] = {PROTO_ICMP6, 0, 5, 2, 0, 0, 1, 0};
	struct record {
		uint8_t type, aux;
		struct be16 n_sources;
		uint8_t group[16];
	} __attribute__((packed)) * r;
	const struct net__port *p = &n->ports[port];
	struct rte_mbuf *m;
	struct wire_icmp *h;
	uint16_t count = 0;
	uint8_t mac[6];

	if (p->n_addr == 0 || ip_is_v4(&p->addr[p->n_addr - 1].addr))
		return;
	m = net__packet(n, n->pools->data, sizeof(*h) + p->n_addr * sizeof(*r));
	if (!m)
		return;
	h = net__at(m, 0);
	r = (struct record *)(h + 1);
	for (unsigned i = 0; i < p->n_addr; i++) {
		struct ip_addr group = net__nd_group(&p->addr[i].addr);

		if (ip_is_v4(&p->addr[i].addr))
			continue;
		r->type = 4;
		memcpy(r->group, group.b, 16);
		r++;
		count++;
	}
	net__trim(m, sizeof(*h) + count * sizeof(*r));
	h->type = ICMP6_MLD2;
	h->arg = be32_make(count);
	pkt_meta(m)->src = p->addr[p->n_addr - 1].addr;
	pkt_meta(m)->dst = all_mld2;
	h->csum.raw = net__csum_l4(m, 0, m->pkt_len, PROTO_ICMP6);
	group_mac(mac, &all_mld2);
	memcpy(rte_pktmbuf_prepend(m, sizeof(alert)), alert, sizeof(alert));
	if (!net__ip6_push(m, PROTO_HBH, 1)) {
		net__drop(n, m, NET_STAT_tx_headroom);
		return;
	}
	n->stat[NET_STAT_nd_sent]++;
	net__eth_output(n, port, m, mac, ETH_IP6);
}

/* Walk the options of n bytes; *mac becomes the one of type want, if there. False: malformed. */
static bool options(const uint8_t *o, uint16_t n, uint8_t want, const uint8_t **mac)
{
	*mac = NULL;
	while (n > 0) {
		if (n < 2 || o[1] == 0 || o[1] * 8 > n)
			return false;
		if (o[0] == want) {
			if (o[1] != 1 || net__eth_is_group(o + 2))
				return false;
			*mac = o + 2;
		}
		n -= o[1] * 8;
		o += o[1] * 8;
	}
	return true;
}

static bool onlink(const struct net__port *p, const struct ip_addr *a)
{
	return net__ip_is_link_local(a) || net__port_onlink(p, a);
}

/* RFC 4861 7.1.1, 7.2.3, 7.2.4. Returns the code to count the message under. */
static enum net_stat solicited(struct net *n, struct rte_mbuf *m, const struct ip_addr *target,
	const uint8_t *mac, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct wire_eth *eth = net__at(m, 0);
	const struct net__port *p = &n->ports[meta->port];
	struct ip_addr group = net__nd_group(target);
	struct net_learned l = {
		.ip = meta->src, .port = meta->port, .how = NET_LEARN_CREATE | NET_LEARN_OVERRIDE};

	if (ip_is_unspecified(&meta->src)) { /* duplicate address detection */
		if (mac || !ip_addr_eq(&meta->dst, &group))
			return NET_STAT_rx_nd_bad;
		if (!net__port_addr(p, target))
			return NET_STAT_rx_nd_other;
		advertise(n, meta->port, target, &all_nodes, NULL);
		return NET_STAT_rx_nd_done;
	}
	if (!onlink(p, &meta->src))
		return NET_STAT_rx_nd_offlink;
	if (!net__port_addr(p, target))
		return NET_STAT_rx_nd_other;
	if (!mac && ip_is_multicast(&meta->dst)) /* its option is a MUST then */
		return NET_STAT_rx_nd_bad;
	if (mac) {
		memcpy(l.mac, mac, 6);
		net__neigh_heard(n, &l, now);
	}
	advertise(n, meta->port, target, &meta->src, mac ? mac : eth->src);
	return NET_STAT_rx_nd_done;
}

/* RFC 4861 7.1.2, 7.2.5. Returns the code to count the message under. */
static enum net_stat advertised(struct net *n, const struct pkt_meta *meta, uint32_t flags,
	const struct ip_addr *target, const uint8_t *mac, clock_us_t now)
{
	const struct net__port *p = &n->ports[meta->port];
	struct net_learned l = {.ip = *target, .port = meta->port};

	if ((flags & ND_SOLICITED) && ip_is_multicast(&meta->dst))
		return NET_STAT_rx_nd_bad;
	if (net__port_addr(p, target)) {
		n->stat[NET_STAT_addr_conflict]++;
		return NET_STAT_rx_nd_done;
	}
	if (!onlink(p, target))
		return NET_STAT_rx_nd_offlink;
	if (!mac) { /* allowed in the answer to a unicast solicitation */
		struct net__neigh *e = net__neigh_find(n, meta->port, target);

		if (e && (flags & ND_SOLICITED))
			net__neigh_confirm(n, e, now);
		return NET_STAT_rx_nd_done;
	}
	l.how = (flags & ND_SOLICITED ? NET_LEARN_SOLICITED : 0) |
		(flags & ND_OVERRIDE ? NET_LEARN_OVERRIDE : 0);
	memcpy(l.mac, mac, 6);
	net__neigh_heard(n, &l, now);
	return NET_STAT_rx_nd_done;
}

/* What RFC 4861 7.1.1 and 7.1.2 ask of both; their checksum was checked. */
static enum net_stat check(struct rte_mbuf *m, const struct pkt_meta *meta)
{
	const struct wire_ip6 *ip = net__at(m, meta->l3_off);
	const struct wire_nd *h = net__at(m, meta->l4_off);

	if (meta->l4_len < sizeof(*h) || ip->hops != 255)
		return NET_STAT_rx_nd_bad;
	return net__need(m, meta->l4_off, meta->l4_len);
}

bool net__nd_input(struct net *n, struct rte_mbuf *m, clock_us_t now)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct wire_nd *h = net__at(m, meta->l4_off);
	enum net_stat code = check(m, meta);
	const uint8_t *mac;
	struct ip_addr target;
	bool ns;

	if (code)
		return net__drop(n, m, code);
	ns = h->icmp.type == ICMP6_NS;
	target = ip_from_v6(h->target);
	if (h->icmp.code != 0 || ip_is_multicast(&target) || ip_is_v4(&target) ||
		!options((const uint8_t *)(h + 1), meta->l4_len - sizeof(*h),
			ns ? ND_OPT_SOURCE : ND_OPT_TARGET, &mac))
		return net__drop(n, m, NET_STAT_rx_nd_bad);
	if (ns)
		code = solicited(n, m, &target, mac, now);
	else
		code = advertised(n, meta, be32_get(h->icmp.arg), &target, mac, now);
	return net__drop(n, m, code);
}
