/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>
#include <rte_mbuf.h>

#include "base/csum.h"
#include "flood.h"
#include "net/net_wire.h"

#define SOURCES 0x40000000u /* /3: no loopback, no multicast, none of ours */
#define MASK    0x1fffffffu

struct frame {
	struct wire_eth eth;
	struct wire_ip4 ip;
	struct wire_tcp tcp;
	uint8_t opt[20];
} __attribute__((packed));

struct pseudo { /* RFC 9293 3.1 */
	uint8_t src[4], dst[4];
	struct be16 proto, len;
};

/* MSS 1460, SACK permitted, timestamps, NOP, window scale 7 */
static const uint8_t options[20] = {
	2, 4, 1460 >> 8, 1460 & 255, 4, 2, 8, 10, 0, 0, 0, 1, 0, 0, 0, 0, 1, 3, 3, 7};

static uint16_t fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)(sum + (sum >> 16));
}

static void sums(struct frame *h)
{
	uint16_t n = sizeof(h->tcp) + sizeof(h->opt), sum;
	struct pseudo p = {.proto = be16_make(PROTO_TCP), .len = be16_make(n)};

	memcpy(p.src, h->ip.src, sizeof(p.src));
	memcpy(p.dst, h->ip.dst, sizeof(p.dst));
	sum = (uint16_t)~csum_sum(&h->ip, sizeof(h->ip));
	memcpy(&h->ip.csum, &sum, sizeof(sum));
	sum = (uint16_t)~fold((uint32_t)csum_sum(&p, sizeof(p)) + csum_sum(&h->tcp, n));
	memcpy(&h->tcp.csum, &sum, sizeof(sum));
}

struct rte_mbuf *flood_syn(struct flood *f, struct rte_mempool *pool)
{
	uint64_t r = rand_next(&f->rnd);
	const struct ip_endpoint *to = &f->to[(r >> 61) % f->n_to];
	struct be32 src = be32_make(SOURCES | ((uint32_t)(r >> 32) & MASK));
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	struct frame *h;

	if (!m)
		return NULL;
	h = (struct frame *)rte_pktmbuf_append(m, sizeof(*h));
	*h = (struct frame){
		.eth.type = be16_make(ETH_IP4),
		.ip = {.ver_ihl = 0x45,
			.len = be16_make(sizeof(*h) - sizeof(h->eth)),
			.frag = be16_make(IP4_DF),
			.ttl = 64,
			.proto = PROTO_TCP},
		.tcp = {.sport = be16_make((uint16_t)(r | 1024)),
			.dport = be16_make(to->port),
			.seq = be32_make((uint32_t)(r * 2654435761u)),
			.off = (sizeof(h->tcp) + sizeof(h->opt)) / 4 << 4,
			.flags = 0x02, /* SYN */
			.wnd = be16_make(64240)},
	};
	memcpy(h->eth.dst, f->dst, sizeof(h->eth.dst));
	memcpy(h->eth.src, f->src, sizeof(h->eth.src));
	memcpy(h->ip.src, &src, sizeof(src));
	memcpy(h->ip.dst, to->addr.b + 12, sizeof(h->ip.dst));
	memcpy(h->opt, options, sizeof(options));
	sums(h);
	return m;
}
