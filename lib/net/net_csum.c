/* SPDX-License-Identifier: BSD-3-Clause */
/* Internet checksums (RFC 1071) with the pseudo-headers of what IP carries. */
#include "base/csum.h"
#include "net/net_priv.h"

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

uint16_t net__csum_pseudo(
	const struct ip_addr *src, const struct ip_addr *dst, uint8_t proto, uint32_t len)
{
	uint64_t sum = (uint64_t)be32_make(len).raw + be32_make(proto).raw;

	/* of an IPv4 address too: the ffff before it is one's complement's other zero */
	for (unsigned i = 0; i < RTE_DIM(src->w); i++)
		sum += (uint64_t)src->w[i].raw + dst->w[i].raw;
	return fold((uint32_t)fold((uint32_t)sum) + fold((uint32_t)(sum >> 32)));
}

uint16_t net__csum_l4(const struct rte_mbuf *m, uint32_t off, uint32_t len, uint8_t proto)
{
	const struct pkt_meta *meta = pkt_meta((struct rte_mbuf *)m);
	uint32_t sum = buf_csum(m, off, len);

	if (proto != PROTO_ICMP4) /* RFC 792: no pseudo-header */
		sum = fold(sum + net__csum_pseudo(&meta->src, &meta->dst, proto, len));
	return (uint16_t)~sum;
}
