/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the device does not do to packets on their way out: VLAN tag, checksums, chains. Only the
 * first segment is written to, and only where it is direct and unshared; the payload behind it may
 * be waiting for its ACK, or be on its way out a second time.
 */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "base/csum.h"
#include "port/port_priv.h"

static bool writable(const struct rte_mbuf *m)
{
	return RTE_MBUF_DIRECT(m) && rte_mbuf_refcnt_read(m) == 1;
}

/* The pseudo-header's sum is in the checksum field already and is summed as part of the data. */
static bool l4_csum(struct rte_mbuf *m)
{
	bool tcp = (m->ol_flags & RTE_MBUF_F_TX_L4_MASK) == RTE_MBUF_F_TX_TCP_CKSUM;
	uint32_t off = m->l2_len + m->l3_len;
	uint32_t at = off + (tcp ? offsetof(struct rte_tcp_hdr, cksum)
				 : offsetof(struct rte_udp_hdr, dgram_cksum));
	unaligned_uint16_t *field;
	uint16_t sum;

	if (at + sizeof(*field) > m->data_len)
		return false;
	field = rte_pktmbuf_mtod_offset(m, unaligned_uint16_t *, at);
	sum = (uint16_t)~buf_csum(m, off, m->pkt_len - off);
	/* RFC 768: a UDP checksum of zero means none */
	*field = sum == 0 && !tcp ? 0xffff : sum;
	return true;
}

static bool ip_csum(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip;

	if (m->l3_len < sizeof(*ip) || m->l2_len + m->l3_len > m->data_len)
		return false;
	ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, m->l2_len);
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~csum_sum(ip, m->l3_len);
	return true;
}

/* Do what is asked in `flags` to the first segment. False: it cannot be done. */
static bool finish_headers(struct port_queue *q, struct rte_mbuf *m, uint64_t flags)
{
	if (!writable(m))
		return false;
	if (flags & RTE_MBUF_F_TX_VLAN) {
		if (rte_vlan_insert(&m) != 0)
			return false;
		q->stat[PORT_STAT_vlan_soft]++;
	}
	if (flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK))
		q->stat[PORT_STAT_csum_soft]++;
	if ((flags & RTE_MBUF_F_TX_L4_MASK) && !l4_csum(m))
		return false;
	if ((flags & RTE_MBUF_F_TX_IP_CKSUM) && !ip_csum(m))
		return false;
	m->ol_flags &= ~flags;
	return true;
}

/* Copy the bytes of m behind the empty chain that begins at to; false when the pool is empty. */
static bool copy_bytes(struct rte_mbuf *to, const struct rte_mbuf *m, struct rte_mempool *pool)
{
	struct rte_mbuf *head = to;
	uint32_t off = 0;

	while (off < m->pkt_len) {
		uint32_t n = RTE_MIN(m->pkt_len - off, (uint32_t)rte_pktmbuf_tailroom(to));
		char *at = rte_pktmbuf_mtod_offset(to, char *, to->data_len);
		const void *from;

		if (n == 0) {
			to->next = rte_pktmbuf_alloc(pool);
			if (!to->next)
				return false;
			to = to->next;
			head->nb_segs++;
			continue;
		}
		from = rte_pktmbuf_read(m, off, n, at);
		if (from != at)
			rte_memcpy(at, from, n);
		to->data_len += n;
		head->pkt_len += n;
		off += n;
	}
	return true;
}

/* A copy of m in as few mbufs as it takes, with what is still asked of the device; m is freed. */
static struct rte_mbuf *linearise(struct port_queue *q, struct rte_mbuf *m, uint16_t max_segs)
{
	struct rte_mbuf *c = rte_pktmbuf_alloc(q->pools->data);
	enum port_stat code = PORT_STAT_tx_nombuf;

	if (!c || !copy_bytes(c, m, q->pools->data))
		goto drop;
	code = PORT_STAT_tx_long;
	if (c->nb_segs > max_segs)
		goto drop;
	c->ol_flags = m->ol_flags & ~(RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL);
	c->tx_offload = m->tx_offload;
	c->vlan_tci = m->vlan_tci;
	q->stat[PORT_STAT_linearised]++;
	rte_pktmbuf_free(m);
	return c;
drop:
	q->stat[code]++;
	rte_pktmbuf_free(c);
	rte_pktmbuf_free(m);
	return NULL;
}

struct rte_mbuf *port__finish(const struct port *p, struct port_queue *q, struct rte_mbuf *m)
{
	uint64_t flags = m->ol_flags & p->soft_flags;
	uint16_t max_segs = p->max_segs;

	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
		if (flags & RTE_MBUF_F_TX_TCP_SEG) {
			q->stat[PORT_STAT_tx_tso]++;
			rte_pktmbuf_free(m);
			return NULL;
		}
		max_segs = p->max_tso_segs;
	}
	if (flags && !finish_headers(q, m, flags)) {
		q->stat[PORT_STAT_tx_bad]++;
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m->nb_segs > max_segs ? linearise(q, m, max_segs) : m;
}
