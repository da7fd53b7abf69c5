/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets for tests: a header mbuf that asks for its checksums, payload behind it in slices. */
#ifndef PACKETS_H
#define PACKETS_H

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "base/rand.h"
#include "ports.h"

#define PAYLOAD 3000
#define L2      14u

static struct rand_state rnd;
static uint8_t payload[PAYLOAD];

static inline void payload_fill(void)
{
	for (unsigned i = 0; i < PAYLOAD; i++)
		payload[i] = (uint8_t)rand_next(&rnd);
}

/* RFC 1071 by the book, a byte pair at a time. */
static inline uint16_t book_sum(const uint8_t *p, size_t n, uint32_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* The header mbuf of a packet with n bytes of payload, asking for everything. */
static inline struct rte_mbuf *header(bool v6, bool tcp, uint32_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ports_pool[0].hdr);
	uint16_t l3 = v6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
	uint16_t l4 = tcp ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr);
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, L2 + l3 + l4);
	struct rte_ipv4_hdr *ip = (void *)(p + L2);
	struct rte_ipv6_hdr *ip6 = (void *)(p + L2);
	uint8_t proto = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	uint16_t sum;

	for (unsigned i = 0; i < L2 + l3 + l4; i++)
		p[i] = (uint8_t)rand_next(&rnd);
	((struct rte_ether_hdr *)p)->ether_type =
		v6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	m->l2_len = L2;
	m->l3_len = l3;
	m->ol_flags = tcp ? RTE_MBUF_F_TX_TCP_CKSUM : RTE_MBUF_F_TX_UDP_CKSUM;
	if (v6) {
		ip6->payload_len = rte_cpu_to_be_16((uint16_t)(l4 + n));
		ip6->proto = proto;
		m->ol_flags |= RTE_MBUF_F_TX_IPV6;
		sum = rte_ipv6_phdr_cksum(ip6, 0);
	} else {
		ip->version_ihl = 0x45;
		ip->total_length = rte_cpu_to_be_16((uint16_t)(l3 + l4 + n));
		ip->next_proto_id = proto;
		m->ol_flags |= RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM;
		sum = rte_ipv4_phdr_cksum(ip, 0);
	}
	if (tcp)
		((struct rte_tcp_hdr *)(p + L2 + l3))->cksum = sum;
	else
		((struct rte_udp_hdr *)(p + L2 + l3))->dgram_cksum = sum;
	return m;
}

/* Hang n bytes of payload behind m in slices of random length (often odd), two mbufs' worth. */
static inline void attach(struct rte_mbuf *m, uint32_t n)
{
	struct rte_mbuf *last = m;

	for (uint32_t at = 0; at < n;) {
		uint32_t len = RTE_MIN(n - at, 1 + rand_below(&rnd, 700));
		struct rte_mbuf *d = rte_pktmbuf_alloc(ports_pool[0].data);
		struct rte_mbuf *s = rte_pktmbuf_alloc(ports_pool[0].indirect);

		memcpy(rte_pktmbuf_append(d, (uint16_t)len), payload + at, len);
		rte_pktmbuf_attach(s, d);
		rte_pktmbuf_free(d); /* the slice alone holds it */
		last = last->next = s;
		m->nb_segs++;
		m->pkt_len += len;
		at += len;
	}
}

#endif
