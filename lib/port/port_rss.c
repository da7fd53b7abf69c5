/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which queue will a packet arrive on? A full proxy chooses the source port of its back connection
 * so that the node's answers come to the worker that asks. Key and redirection table are read back
 * from the device; received packets then prove that it computes what we compute.
 */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_random.h>
#include <rte_tcp.h>

#include "port/port_priv.h"

static uint32_t toeplitz(const uint32_t *window, const uint8_t *data, unsigned n)
{
	uint32_t h = 0;

	for (unsigned i = 0; i < n; i++)
		for (unsigned b = data[i]; b; b &= b - 1)
			h ^= window[i * 8 + 7 - (unsigned)__builtin_ctz(b)];
	return h;
}

/* The bytes that are hashed, as on the wire (src, dst, sport, dport); their number. */
static unsigned tuple_put(uint8_t *t, const struct ip_endpoint *src, const struct ip_endpoint *dst)
{
	unsigned skip = ip_is_v4(&src->addr) ? 12 : 0, n = 16 - skip;

	memcpy(t, src->addr.b + skip, n);
	memcpy(t + n, dst->addr.b + skip, n);
	t[2 * n] = src->port >> 8;
	t[2 * n + 1] = src->port & 0xff;
	t[2 * n + 2] = dst->port >> 8;
	t[2 * n + 3] = dst->port & 0xff;
	return 2 * n + 4;
}

void port__rss_key_load(struct port_rss *r, const uint8_t *key)
{
	for (unsigned i = 0; i < RTE_DIM(r->window); i++) {
		uint64_t five = 0;

		for (unsigned b = 0; b < 5; b++)
			five = five << 8 | (i / 8 + b < PORT_RSS_KEY ? key[i / 8 + b] : 0);
		r->window[i] = (uint32_t)(five >> (8 - i % 8));
	}
}

/* Rank over GF(2) of the 16 windows of a local port at byte off, in the bits of mask. */
static unsigned rank(const struct port_rss *r, unsigned off)
{
	uint32_t basis[32] = {0};
	unsigned n = 0;

	for (unsigned i = 0; i < 16; i++) {
		uint32_t v = r->window[off * 8 + i] & r->mask;

		while (v && basis[__builtin_ctz(v)])
			v ^= basis[__builtin_ctz(v)];
		if (v) {
			basis[__builtin_ctz(v)] = v;
			n++;
		}
	}
	return n;
}

bool port__rss_key_good(const struct port_rss *r)
{
	unsigned bits = (unsigned)__builtin_popcount(r->mask);

	return rank(r, 10) == bits && rank(r, 34) == bits;
}

/* Random per start, so that nobody outside knows how to load one worker. */
void port__rss_key_make(uint8_t *key, unsigned len, uint32_t mask)
{
	struct port_rss r = {.mask = mask};

	do {
		for (unsigned i = 0; i < len; i++)
			key[i] = (uint8_t)rte_rand();
		port__rss_key_load(&r, key);
	} while (!port__rss_key_good(&r));
}

bool port_rss_known(const struct port *p)
{
	return p->n_queues == 1 || atomic_load_explicit(&p->rss_known, memory_order_relaxed);
}

uint16_t port_rss_queue(
	const struct port *p, const struct ip_endpoint *remote, const struct ip_endpoint *local)
{
	uint8_t t[PORT_RSS_TUPLE_MAX];

	if (p->n_queues == 1 || !port_rss_known(p))
		return 0;
	return p->rss.reta[toeplitz(p->rss.window, t, tuple_put(t, remote, local)) & p->rss.mask];
}

/* The IP packet in m if at least n bytes of it are there and it is of this EtherType, else NULL. */
static const void *ip_read(const struct rte_mbuf *m, uint16_t type, size_t n)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (m->data_len < sizeof(*eth) + n || rte_be_to_cpu_16(eth->ether_type) != type)
		return NULL;
	return eth + 1;
}

/* The endpoints of an unfragmented TCP packet without extension headers; false for any other. */
static bool tuple_read(const struct rte_mbuf *m, struct ip_endpoint *src, struct ip_endpoint *dst)
{
	const struct rte_tcp_hdr *tcp;
	const struct rte_ipv4_hdr *v4 = ip_read(m, RTE_ETHER_TYPE_IPV4, sizeof(*v4) + sizeof(*tcp));
	const struct rte_ipv6_hdr *v6 = ip_read(m, RTE_ETHER_TYPE_IPV6, sizeof(*v6) + sizeof(*tcp));

	if (v4 && v4->next_proto_id == IPPROTO_TCP && v4->version_ihl == RTE_IPV4_VHL_DEF &&
		!(v4->fragment_offset & ~RTE_BE16(RTE_IPV4_HDR_DF_FLAG))) {
		src->addr = ip_from_v4(&v4->src_addr);
		dst->addr = ip_from_v4(&v4->dst_addr);
		tcp = (const void *)(v4 + 1);
	} else if (v6 && v6->proto == IPPROTO_TCP) {
		src->addr = ip_from_v6(v6->src_addr);
		dst->addr = ip_from_v6(v6->dst_addr);
		tcp = (const void *)(v6 + 1);
	} else {
		return false;
	}
	src->port = rte_be_to_cpu_16(tcp->src_port);
	dst->port = rte_be_to_cpu_16(tcp->dst_port);
	return true;
}

void port__rss_check(struct port *p, uint16_t q, const struct rte_mbuf *m)
{
	struct port_queue *pq = &p->queue[q];
	uint8_t t[PORT_RSS_TUPLE_MAX];
	struct ip_endpoint src, dst;
	uint32_t h;

	if (!tuple_read(m, &src, &dst))
		return;
	h = toeplitz(p->rss.window, t, tuple_put(t, &src, &dst));
	pq->rss_left--;
	pq->stat[PORT_STAT_rss_checked]++;
	if (p->rss.reta[h & p->rss.mask] == q &&
		(!(m->ol_flags & RTE_MBUF_F_RX_RSS_HASH) || m->hash.rss == h))
		return;
	pq->stat[PORT_STAT_rss_mismatch]++;
	pq->rss_left = 0;
	atomic_store_explicit(&p->rss_known, false, memory_order_relaxed);
}
