/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "frame.h"
#include "net/net_priv.h"

/* Any split into three segments, odd ones and empty ones too, gives the sum of the whole. */
static void segments(void)
{
	struct frame f = {0};

	host_start();
	memset(f.b, 0xff, 64); /* carries on every byte */
	f.n = 64;
	put_fill(&f, 37);
	for (unsigned a = 0; a <= f.n; a += 3)
		for (unsigned b = a; b <= f.n; b += 5) {
			struct rte_mbuf *m = mbuf_of(f.b, a);

			rte_pktmbuf_chain(m, mbuf_of(f.b + a, b - a));
			rte_pktmbuf_chain(m, mbuf_of(f.b + b, f.n - b));
			for (unsigned off = 0; off <= f.n; off += 7)
				CU_ASSERT_EQUAL(be16_get((struct be16){
							(uint16_t)~buf_csum(m, off, f.n - off)}),
					sum_end(sum(0, f.b + off, f.n - off)));
			rte_pktmbuf_free(m);
		}
	host_stop();
}

static void pseudo(void)
{
	struct ip_addr s = addr("10.255.3.4"), d = addr("192.168.255.1");
	struct ip_addr s6 = addr("2001:db8::ffff:1"), d6 = addr("fe80::1:2:3");
	struct rte_ipv4_hdr h4 = {
		.version_ihl = 0x45, .total_length = RTE_BE16(20 + 999), .next_proto_id = 6};
	struct rte_ipv6_hdr h6 = {.payload_len = RTE_BE16(999), .proto = 6};

	memcpy(&h4.src_addr, s.b + 12, 4);
	memcpy(&h4.dst_addr, d.b + 12, 4);
	memcpy(h6.src_addr, s6.b, 16);
	memcpy(h6.dst_addr, d6.b, 16);
	CU_ASSERT_EQUAL(net__csum_pseudo(&s, &d, 6, 999), rte_ipv4_phdr_cksum(&h4, 0));
	CU_ASSERT_EQUAL(
		net__csum_pseudo(&s, &d, 6, 0), rte_ipv4_phdr_cksum(&h4, RTE_MBUF_F_TX_TCP_SEG));
	CU_ASSERT_EQUAL(net__csum_pseudo(&s6, &d6, 6, 999), rte_ipv6_phdr_cksum(&h6, 0));
	CU_ASSERT_EQUAL(
		net__csum_pseudo(&s6, &d6, 6, 0), rte_ipv6_phdr_cksum(&h6, RTE_MBUF_F_TX_TCP_SEG));
}

static const struct unit_case cases[] = {UNIT_CASE(segments), UNIT_CASE(pseudo)};
UNIT_MAIN(cases)
