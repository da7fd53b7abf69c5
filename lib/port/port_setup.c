/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Negotiation: ask of a device what it offers and we can use, start it, read back what it really
 * does, and remember what is left to be done in software.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "port/port_priv.h"

#define RX_WANTED                                                                                  \
	(RTE_ETH_RX_OFFLOAD_CHECKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO | RTE_ETH_RX_OFFLOAD_VLAN_STRIP)
#define TX_CSUM                                                                                    \
	(RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_TCP_CKSUM |                            \
		RTE_ETH_TX_OFFLOAD_UDP_CKSUM)
/* Never MBUF_FAST_FREE: it wants one pool a queue and no mbuf shared; ours are neither. */
#define TX_WANTED                                                                                  \
	(TX_CSUM | RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS |                    \
		RTE_ETH_TX_OFFLOAD_VLAN_INSERT)
#define RSS_TCP    (RTE_ETH_RSS_NONFRAG_IPV4_TCP | RTE_ETH_RSS_NONFRAG_IPV6_TCP)
#define RSS_WANTED (RSS_TCP | RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_IPV6)
#define OVERHEAD   ((uint32_t)(RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN))
#define DESC       1024 /* of a queue, where the driver has no wish of its own */
#define KEY_MAX    64

/* One ethdev while it is set up. */
struct setup {
	struct port *p;
	struct err *e;
	uint16_t id, queues;
	uint16_t first; /* the port's queue that is this ethdev's queue 0 */
	struct rte_eth_dev_info info;
	struct rte_eth_conf conf;
	uint8_t key[KEY_MAX];
	uint16_t rx_desc, tx_desc;
};

static bool rss_offered(const struct setup *s)
{
	const struct rte_eth_dev_info *i = &s->info;

	return s->queues > 1 && (i->flow_type_rss_offloads & RSS_TCP) && i->reta_size > 1 &&
	       i->reta_size <= PORT_RETA_MAX && rte_is_power_of_2(i->reta_size) &&
	       (i->hash_key_size == 0 || i->hash_key_size >= PORT_RSS_KEY) &&
	       i->hash_key_size <= KEY_MAX;
}

static void ask_rss(struct setup *s)
{
	struct rte_eth_rss_conf *r = &s->conf.rx_adv_conf.rss_conf;

	if (!rss_offered(s))
		return;
	r->rss_key_len = s->info.hash_key_size ? s->info.hash_key_size : PORT_RSS_KEY;
	port__rss_key_make(s->key, r->rss_key_len, s->info.reta_size - 1u);
	r->rss_key = s->key;
	r->rss_hf = RSS_WANTED & s->info.flow_type_rss_offloads;
	s->conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	s->conf.rxmode.offloads |= s->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_RSS_HASH;
}

/* Frames of our MTU must fit: the device's limit, and one mbuf where it cannot scatter. */
static int ask_mtu(struct setup *s)
{
	struct rte_mempool *pool = s->p->queue[s->first].pools->data;
	uint32_t room =
		rte_pktmbuf_data_room_size(pool) - RTE_PKTMBUF_HEADROOM - s->p->kind->rx_loss;
	uint32_t max = s->info.max_mtu;

	if (s->info.max_mtu == 0 || s->info.max_mtu == UINT16_MAX)
		max = s->info.max_rx_pktlen - OVERHEAD;
	if (s->p->mtu + OVERHEAD + RTE_VLAN_HLEN > room) {
		if (s->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER)
			s->conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
		else if (!s->p->kind->scatters)
			max = RTE_MIN(max, room - OVERHEAD - RTE_VLAN_HLEN);
	}
	if (s->p->mtu > max || s->p->mtu < s->info.min_mtu)
		return err_set(s->e, EINVAL, "MTU %u refused: this device takes %u to %u",
			s->p->mtu, s->info.min_mtu, max);
	s->conf.rxmode.mtu = s->p->mtu;
	return 0;
}

static int ask(struct setup *s)
{
	const struct rte_eth_dev_info *i = &s->info;
	uint16_t max = RTE_MIN(i->max_rx_queues, i->max_tx_queues);
	uint64_t *rx = &s->conf.rxmode.offloads, *tx = &s->conf.txmode.offloads;

	if (max < s->queues)
		return err_set(s->e, ENOSPC, "too few queues: %u workers, the device offers %u",
			s->queues, max);
	*rx = RX_WANTED & i->rx_offload_capa;
	if (*rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) {
		*rx |= i->rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER;
		s->conf.rxmode.max_lro_pkt_size = i->max_lro_pkt_size;
	}
	*tx = TX_WANTED & i->tx_offload_capa & ~s->p->kind->tx_refuse;
	/* not IPv4's: the long packet's header gets its checksum here, as virtio wants it */
	if (!(*tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) || !(*tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM))
		*tx &= ~RTE_ETH_TX_OFFLOAD_TCP_TSO;
	s->conf.intr_conf.rxq = s->p->kind->rx_intr;
	s->conf.intr_conf.rmv = !!(*i->dev_flags & RTE_ETH_DEV_INTR_RMV);
	ask_rss(s);
	return ask_mtu(s);
}

static int configure(struct setup *s)
{
	int rc = rte_eth_dev_configure(s->id, s->queues, s->queues, &s->conf);

	if (rc < 0)
		return err_set(
			s->e, -rc, "the device refuses its configuration: %s", strerror(-rc));
	s->rx_desc = s->info.default_rxportconf.ring_size;
	s->tx_desc = s->info.default_txportconf.ring_size;
	s->rx_desc = s->rx_desc ? s->rx_desc : DESC;
	s->tx_desc = s->tx_desc ? s->tx_desc : DESC;
	rte_eth_dev_adjust_nb_rx_tx_desc(s->id, &s->rx_desc, &s->tx_desc);
	return 0;
}

static int queue_setup(struct setup *s, uint16_t q, struct rte_mempool *pool)
{
	struct rte_eth_rxconf rx = s->info.default_rxconf;
	struct rte_eth_txconf tx = s->info.default_txconf;
	int socket = rte_eth_dev_socket_id(s->id);
	int rc;

	rx.offloads = s->conf.rxmode.offloads;
	tx.offloads = s->conf.txmode.offloads;
	rc = rte_eth_rx_queue_setup(s->id, q, s->rx_desc, (unsigned)socket, &rx, pool);
	if (rc == 0)
		rc = rte_eth_tx_queue_setup(s->id, q, s->tx_desc, (unsigned)socket, &tx);
	if (rc < 0)
		return err_set(s->e, -rc,
			"queue %u refused: %s (%u receive buffers of %u in the pool are free)", q,
			strerror(-rc), rte_mempool_avail_count(pool), pool->size);
	return 0;
}

/* The kernel's interface keeps its MTU where it is ours already. */
static int mtu_set(struct setup *s)
{
	struct ifreq r = {0};
	int rc;

	if (s->p->ifindex > 0 && port__netdev_ioctl(s->p->ifindex, SIOCGIFMTU, &r) == 0) {
		if (r.ifr_mtu == s->p->mtu)
			return 0;
		s->p->old_mtu = (uint16_t)RTE_MIN(r.ifr_mtu, UINT16_MAX);
	}
	rc = rte_eth_dev_set_mtu(s->id, s->p->mtu);
	if (rc < 0 && rc != -ENOTSUP)
		return err_set(s->e, -rc, "MTU %u refused: %s", s->p->mtu, strerror(-rc));
	return 0;
}

/* Try with interrupts and without: some drivers have them or not by how they are bound. */
static int start(struct setup *s)
{
	int rc = 0;

	for (unsigned try = 0; try < 2; try++) {
		rc = configure(s);
		for (uint16_t q = 0; rc == 0 && q < s->queues; q++)
			rc = queue_setup(s, q, s->p->queue[s->first + q].pools->data);
		if (rc == 0)
			rc = mtu_set(s);
		if (rc < 0)
			return rc;
		rc = rte_eth_dev_start(s->id);
		if (rc == 0 || !s->conf.intr_conf.rxq)
			break;
		s->conf.intr_conf.rxq = 0;
	}
	if (rc < 0 && s->p->kind->peer)
		return err_set(s->e, ENODEV, "nobody listens at the other end");
	return rc == 0 ? 0 : err_set(s->e, -rc, "the device does not start: %s", strerror(-rc));
}

/* Hear all frames; at the end this is undone only where it was not so before. */
static int promisc_on(struct setup *s)
{
	struct port *p = s->p;
	struct ifreq r = {0};
	bool was = p->ifindex > 0 && port__netdev_ioctl(p->ifindex, SIOCGIFFLAGS, &r) == 0 &&
		   (r.ifr_flags & IFF_PROMISC);
	int rc = rte_eth_promiscuous_enable(s->id);

	if (rc == 0 && !was)
		p->promisc = true;
	return rc;
}

static int mac_set(struct setup *s)
{
	struct port *p = s->p;
	struct rte_ether_addr want, own;
	int rc;

	rc = rte_eth_macaddr_get(s->id, &own);
	if (rc < 0)
		return err_set(s->e, -rc, "no MAC address: %s", strerror(-rc));
	memcpy(&want, p->conf->mac, sizeof(want));
	p->mac = rte_is_zero_ether_addr(&want) ? own : want;
	if (rte_is_same_ether_addr(&p->mac, &own))
		return 0;
	rc = rte_eth_dev_default_mac_addr_set(s->id, &want);
	if (rc == 0 && rte_is_zero_ether_addr(&p->old_mac))
		p->old_mac = own;
	/* a device that cannot change it hears us in promiscuous mode */
	if (rc == -ENOTSUP)
		rc = promisc_on(s);
	return rc < 0 ? err_set(s->e, -rc, "MAC address refused: %s", strerror(-rc)) : 0;
}

/* Neighbours ask for an IPv6 address at its solicited-node group (RFC 4291 2.7.1). What has no
 * group filter at all (memif, rings) hears everything anyway. */
static void multicast_set(struct setup *s)
{
	if (s->p->conf->promisc || rte_eth_allmulticast_enable(s->id) != 0)
		(void)promisc_on(s);
}

static bool reta_write_and_read(struct setup *s, uint16_t *reta)
{
	struct rte_eth_rss_reta_entry64 t[PORT_RETA_MAX / RTE_ETH_RETA_GROUP_SIZE];
	unsigned n = s->info.reta_size;

	for (unsigned i = 0; i < n; i++) {
		t[i / RTE_ETH_RETA_GROUP_SIZE].mask = UINT64_MAX;
		t[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE] =
			(uint16_t)(i % s->queues);
	}
	/* a table that cannot be written may still be read */
	(void)rte_eth_dev_rss_reta_update(s->id, t, (uint16_t)n);
	if (rte_eth_dev_rss_reta_query(s->id, t, (uint16_t)n) != 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		reta[i] = t[i / RTE_ETH_RETA_GROUP_SIZE].reta[i % RTE_ETH_RETA_GROUP_SIZE];
		if (reta[i] >= s->queues)
			return false;
	}
	return true;
}

/* Is the device's spreading known? Only what it says it does counts, not what it was told. */
static bool rss_read_back(struct setup *s)
{
	struct rte_eth_rss_conf *ours = &s->conf.rx_adv_conf.rss_conf;
	struct port_rss *r = &s->p->rss;
	uint8_t key[KEY_MAX] = {0};
	struct rte_eth_rss_conf theirs = {.rss_key = key, .rss_key_len = sizeof(key)};

	if (!ours->rss_key)
		return false;
	r->mask = s->info.reta_size - 1u;
	/* some drivers take the key only here; one that takes none has a key all the same */
	(void)rte_eth_dev_rss_hash_update(s->id, ours);
	if (!reta_write_and_read(s, r->reta) ||
		rte_eth_dev_rss_hash_conf_get(s->id, &theirs) != 0 || !(theirs.rss_hf & RSS_TCP))
		return false;
	port__rss_key_load(r, key);
	return port__rss_key_good(r);
}

/* net_vhost hands what asks for TCP_SEG to its guest whole; tso=1 lets the guest agree to it. */
static bool tso_unsaid(const struct port *p)
{
	char value[8];

	return p->kind->tso_unsaid && port__devarg(p->conf->device, "tso=", value, sizeof(value)) &&
	       atoi(value) == 1;
}

static void caps_fill(struct setup *s)
{
	struct port_caps *c = &s->p->caps;
	uint64_t rx = s->conf.rxmode.offloads, tx = s->conf.txmode.offloads;

	*c = (struct port_caps){
		.rx_csum = rx & RTE_ETH_RX_OFFLOAD_TCP_CKSUM,
		.lro = rx & RTE_ETH_RX_OFFLOAD_TCP_LRO,
		.scatter = (rx & RTE_ETH_RX_OFFLOAD_SCATTER) || s->p->kind->scatters,
		.vlan_strip = rx & RTE_ETH_RX_OFFLOAD_VLAN_STRIP,
		.rss = s->conf.rxmode.mq_mode & RTE_ETH_MQ_RX_RSS_FLAG,
		.rss_hash = rx & RTE_ETH_RX_OFFLOAD_RSS_HASH,
		.rx_intr = s->conf.intr_conf.rxq,
		.tx_csum_ip = tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM,
		.tx_csum_tcp =
			(tx & RTE_ETH_TX_OFFLOAD_TCP_CKSUM) && (tx & RTE_ETH_TX_OFFLOAD_UDP_CKSUM),
		.tso = (tx & RTE_ETH_TX_OFFLOAD_TCP_TSO) || tso_unsaid(s->p),
		.multi_segs = tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS,
		.vlan_insert = tx & RTE_ETH_TX_OFFLOAD_VLAN_INSERT,
		.rx_desc = s->rx_desc,
		.tx_desc = s->tx_desc,
	};
}

/* What the bursts go by. */
static void data_path_fill(struct setup *s)
{
	struct port *p = s->p;
	const struct rte_eth_desc_lim *lim = &s->info.tx_desc_lim;

	p->vlan_soft = !p->caps.vlan_strip;
	p->prepare = s->conf.txmode.offloads & ~RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
	p->soft_flags = (p->caps.vlan_insert ? 0 : RTE_MBUF_F_TX_VLAN) |
			(p->caps.tx_csum_ip ? 0 : RTE_MBUF_F_TX_IP_CKSUM) |
			(p->caps.tx_csum_tcp ? 0 : RTE_MBUF_F_TX_L4_MASK) |
			(p->caps.tso ? 0 : RTE_MBUF_F_TX_TCP_SEG);
	p->max_segs = p->max_tso_segs = 1;
	if (p->caps.multi_segs) {
		p->max_segs = lim->nb_mtu_seg_max ? lim->nb_mtu_seg_max : UINT16_MAX;
		p->max_tso_segs = lim->nb_seg_max ? lim->nb_seg_max : UINT16_MAX;
	}
	p->caps.max_segs = p->max_segs;
}

static int removed(uint16_t id, enum rte_eth_event_type type, void *arg, void *ret)
{
	struct port *p = arg;

	atomic_store_explicit(&p->removed, true, memory_order_relaxed);
	return 0;
}

static int setup_one(struct port *p, uint16_t i, struct err *e)
{
	struct setup s = {.p = p, .e = e, .id = p->id[i]};
	int rc;

	s.queues = p->kind->each_queue ? 1 : p->n_queues;
	s.first = p->kind->each_queue ? i : 0;
	rc = rte_eth_dev_info_get(s.id, &s.info);
	if (rc < 0)
		return err_set(e, -rc, "the device does not tell what it is: %s", strerror(-rc));
	p->ifindex = (int)s.info.if_index;
	snprintf(p->driver, sizeof(p->driver), "%s", s.info.driver_name);
	rc = ask(&s);
	if (rc == 0)
		rc = start(&s);
	if (rc == 0)
		rc = mac_set(&s);
	if (rc < 0)
		return rc;
	multicast_set(&s);
	rte_eth_stats_reset(s.id);
	rte_eth_dev_callback_register(s.id, RTE_ETH_EVENT_INTR_RMV, removed, p);
	p->rss_known = rss_read_back(&s);
	caps_fill(&s);
	p->caps.rss_known = port_rss_known(p);
	data_path_fill(&s);
	return 0;
}

static void queues_fill(struct port *p)
{
	for (uint16_t q = 0; q < p->n_queues; q++) {
		struct port_queue *pq = &p->queue[q];

		pq->id = p->id[p->kind->each_queue ? q : 0];
		pq->q = p->kind->each_queue ? 0 : q;
		pq->intr_on = false;
		pq->rss_left = p->n_queues > 1 && p->rss_known ? PORT_RSS_CHECKS : 0;
	}
}

int port__setup(struct port *p, struct err *e)
{
	int rc = 0;

	p->mtu = p->conf->mtu;
	p->removed = false;
	for (uint16_t i = 0; rc == 0 && i < p->n_devs; i++)
		rc = setup_one(p, i, e);
	if (rc < 0) {
		port__teardown(p);
		return rc;
	}
	queues_fill(p);
	return 0;
}

/* Not by ethdev: what the interface had may be more than the driver takes. */
static void mtu_restore(struct port *p)
{
	struct ifreq r = {.ifr_mtu = p->old_mtu};

	if (p->old_mtu)
		(void)port__netdev_ioctl(p->ifindex, SIOCSIFMTU, &r);
	p->old_mtu = 0;
}

/* Also after a setup that failed half-way; each step is harmless where it was not done. */
void port__teardown(struct port *p)
{
	for (uint16_t i = p->n_devs; i-- > 0;) {
		uint16_t id = p->id[i];

		rte_eth_dev_callback_unregister(id, RTE_ETH_EVENT_INTR_RMV, removed, p);
		if (p->promisc && i == 0)
			rte_eth_promiscuous_disable(id);
		if (!rte_is_zero_ether_addr(&p->old_mac) && i == 0)
			rte_eth_dev_default_mac_addr_set(id, &p->old_mac);
		rte_eth_dev_stop(id);
	}
	mtu_restore(p);
	p->promisc = false;
	p->old_mac = (struct rte_ether_addr){0};
	p->caps = (struct port_caps){0};
}
