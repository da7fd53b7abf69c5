/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Internet checksums (RFC 1071) over packets of several segments. Not rte_raw_cksum_mbuf() of
 * 22.11: behind a segment of odd length it loses the carries of the unfolded sum.
 */
#include "base/csum.h"
#include "net/net_priv.h"

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

uint16_t net__csum_packet(const struct rte_mbuf *m, uint32_t off, uint32_t len)
{
	uint32_t sum = 0, done = 0;

	ASSERT(off + len <= m->pkt_len, "lengths are checked before sums");
	for (; off > 0 && off >= m->data_len; m = m->next)
		off -= m->data_len;
	for (; done < len; m = m->next, off = 0) {
		uint32_t part = RTE_MIN(m->data_len - off, len - done);
		uint16_t s = csum_sum(rte_pktmbuf_mtod_offset(m, char *, off), part);

		sum = fold(sum + (done & 1 ? __builtin_bswap16(s) : s));
		done += part;
	}
	return (uint16_t)sum;
}

uint16_t net__csum_pseudo(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, uint32_t len)
{
	unsigned skip = ip_is_v4(src) ? 12 : 0;
	struct be32 tail[2] = {be32_make(len), be32_make(proto)};

	return fold(fold(csum_sum(src->b + skip, 16 - skip) +
			    (uint32_t)csum_sum(dst->b + skip, 16 - skip)) +
		    (uint32_t)csum_sum(tail, sizeof(tail)));
}

uint16_t net__csum_l4(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t proto)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)m);
	uint32_t sum = net__csum_packet(m, off, len);

	if (proto != PROTO_ICMP4) /* RFC 792: no pseudo-header */
		sum = fold(sum + net__csum_pseudo(&meta->src, &meta->dst, proto, len));
	return (uint16_t)~sum;
}
