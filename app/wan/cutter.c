/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * True between calls: m == NULL, or m is the packet under way and, where size > 0, heads are its
 * own and all <= at < end.
 */
#include <string.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_net.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "base/assert.h"
#include "base/csum.h"
#include "buf/buf.h"
#include "cutter.h"

#define LAYERS   (RTE_PTYPE_L2_MASK | RTE_PTYPE_L3_MASK | RTE_PTYPE_L4_MASK)
#define HEAD_MAX (RTE_PKTMBUF_HEADROOM - RTE_VLAN_HLEN) /* a tag may have to go in front */
#define SIZE_MIN 28 /* of a segment: RFC 791's least MTU of 68 less two headers of 20 */

static const struct stat_name stat_names[] = {
#define X(name, text) {#name, text},
#include "cutter_stat.def"
#undef X
};

void cutter_init(struct cutter *c, uint16_t mtu, struct rte_mempool *pool)
{
	*c = (struct cutter){.mtu = mtu, .pool = pool};
}

/* The end of m by its IP header, from the start of the frame. */
static uint32_t end_of(const struct rte_mbuf *m, const struct cutter_heads *h)
{
	const void *l3 = rte_pktmbuf_mtod_offset(m, const void *, h->l2);

	if (h->v6)
		return h->l2 + h->l3 +
		       rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)l3)->payload_len);
	return h->l2 + rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)l3)->total_length);
}

/* False: neither TCP nor UDP, a fragment, extension headers, or lengths that cannot be. */
static bool parse(struct cutter_heads *h, const struct rte_mbuf *m)
{
	struct rte_net_hdr_lens lens = {0};
	uint32_t type = rte_net_get_ptype(m, &lens, LAYERS), l4 = type & RTE_PTYPE_L4_MASK;

	*h = (struct cutter_heads){.v6 = (type & RTE_PTYPE_L3_MASK) == RTE_PTYPE_L3_IPV6,
		.tcp = l4 == RTE_PTYPE_L4_TCP,
		.l2 = lens.l2_len,
		.l3 = lens.l3_len,
		.l4 = lens.l4_len,
		.all = lens.l2_len + lens.l3_len + lens.l4_len};
	if (!h->v6 && !RTE_ETH_IS_IPV4_HDR(type))
		return false;
	if (h->tcp ? h->l4 < sizeof(struct rte_tcp_hdr) : l4 != RTE_PTYPE_L4_UDP)
		return false;
	if (h->all > m->data_len)
		return false;
	h->end = end_of(m, h);
	return h->all <= h->end && h->end <= m->pkt_len;
}

static struct rte_tcp_hdr *tcp_of(const struct rte_mbuf *m, const struct cutter_heads *h)
{
	return rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, h->l2 + h->l3);
}

/* The checksum of TCP or UDP over m, of which `end` bytes are IP's; with the pseudo-header's sum in
 * its field it is that of the data alone. */
static void finish(struct rte_mbuf *m, const struct cutter_heads *h, uint32_t end)
{
	const void *l3 = rte_pktmbuf_mtod_offset(m, const void *, h->l2);
	uint32_t l4 = h->l2 + h->l3;
	unaligned_uint16_t *field = rte_pktmbuf_mtod_offset(m, unaligned_uint16_t *,
		l4 + (h->tcp ? offsetof(struct rte_tcp_hdr, cksum)
			     : offsetof(struct rte_udp_hdr, dgram_cksum)));
	uint16_t sum;

	*field = h->v6 ? rte_ipv6_phdr_cksum(l3, 0) : rte_ipv4_phdr_cksum(l3, 0);
	sum = (uint16_t)~buf_csum(m, l4, end - l4);
	/* RFC 768: a UDP checksum of zero means none */
	*field = sum == 0 && !h->tcp ? 0xffff : sum;
}

/* How much payload each packet of m gets; 0: m is none that can be cut, or need not be. */
static uint16_t size_of(const struct cutter *c, const struct rte_mbuf *m)
{
	const struct cutter_heads *h = &c->heads;
	uint16_t max = c->mtu - (h->l3 + h->l4), size = m->tso_segsz;

	if (!h->tcp || h->all > HEAD_MAX || h->all - h->l2 + SIZE_MIN > c->mtu)
		return 0;
	if (tcp_of(m, h)->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_URG_FLAG))
		return 0;
	if (size < SIZE_MIN) /* a port that does not say */
		size = max;
	return size <= max && h->end - h->all > size ? size : 0;
}

static void drop(struct cutter *c, enum cutter_stat code)
{
	c->stat[code]++;
	rte_pktmbuf_free(c->m);
	c->m = NULL;
}

void cutter_put(struct cutter *c, struct rte_mbuf *m)
{
	uint64_t sum = m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	bool unfinished = sum == RTE_MBUF_F_RX_L4_CKSUM_NONE, known;
	/* what arrived with a wrong sum is not to get a right one */
	bool merged = (m->ol_flags & RTE_MBUF_F_RX_LRO) && sum != RTE_MBUF_F_RX_L4_CKSUM_BAD;

	ASSERT(!c->m, "one packet at a time");
	c->m = m;
	c->size = 0;
	known = (merged || unfinished) && parse(&c->heads, m);
	if (known && merged)
		c->size = size_of(c, m);
	if (c->size) {
		c->at = c->heads.all;
		c->stat[CUTTER_STAT_super_packets]++;
	} else if (m->pkt_len > RTE_ETHER_HDR_LEN + 2u * RTE_VLAN_HLEN + c->mtu) {
		drop(c, CUTTER_STAT_too_long);
	} else if (unfinished) {
		c->stat[known ? CUTTER_STAT_finished : CUTTER_STAT_unfinished]++;
		if (known)
			finish(m, &c->heads, c->heads.end);
	}
}

/* The headers of m, made those of its n bytes from `at` on, which s holds. */
static void heads_make(struct cutter *c, struct rte_mbuf *s, uint32_t at, uint32_t n)
{
	const struct cutter_heads *h = &c->heads;
	uint32_t i = (at - h->all) / c->size;
	uint8_t *p = (uint8_t *)rte_pktmbuf_prepend(s, h->all);
	struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(p + h->l2);
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(p + h->l2 + h->l3);

	memcpy(p, rte_pktmbuf_mtod(c->m, const uint8_t *), h->all);
	if (h->v6) {
		((struct rte_ipv6_hdr *)ip)->payload_len = rte_cpu_to_be_16(h->l4 + n);
	} else {
		ip->total_length = rte_cpu_to_be_16(h->l3 + h->l4 + n);
		/* RFC 6864: of no meaning with DF; without it, each its own */
		ip->packet_id = rte_cpu_to_be_16(rte_be_to_cpu_16(ip->packet_id) + i);
		ip->hdr_checksum = 0;
		ip->hdr_checksum = (uint16_t)~csum_sum(ip, h->l3);
	}
	tcp->sent_seq = rte_cpu_to_be_32(rte_be_to_cpu_32(tcp->sent_seq) + at - h->all);
	if (at + n < h->end) /* more is to come */
		tcp->tcp_flags &= ~(RTE_TCP_FIN_FLAG | RTE_TCP_PSH_FLAG);
	if (i > 0) /* RFC 3168 6.1.2: on the first after the reduction */
		tcp->tcp_flags &= ~RTE_TCP_CWR_FLAG;
	finish(s, h, h->all + n);
}

struct rte_mbuf *cutter_take(struct cutter *c)
{
	struct rte_mbuf *m = c->m;

	while (m && c->size && c->at < c->heads.end) {
		uint32_t at = c->at, n = RTE_MIN(c->size, c->heads.end - at);
		struct rte_mbuf *s = rte_pktmbuf_copy(m, c->pool, at, n);

		c->at += n;
		if (s) {
			heads_make(c, s, at, n);
			return s;
		}
		c->stat[CUTTER_STAT_no_mbuf]++;
	}
	c->m = NULL;
	if (!c->size)
		return m;
	rte_pktmbuf_free(m);
	return NULL;
}

struct stat_block cutter_stats(const struct cutter *c)
{
	return (struct stat_block){
		.lib = "cutter", .names = stat_names, .values = c->stat, .n = CUTTER_STAT_N};
}
