/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Raw frames for the tests of lib/net, written byte by byte so that they share no code with it, and
 * the host that they are sent to:
 *
 *	port 0	02:..:01  10.0.0.10/24    2001:db8::10/64   default gateways .1 and ::1
 *	port 1	02:..:02  10.1.0.10/24    fd00:1::10/64     VLAN 7, MTU 9000,
 *		                                            10.9.0.0/16 via 10.1.0.1
 */
#ifndef NET_FRAME_H
#define NET_FRAME_H

#include "net/net.h"
#include "unit.h"

#define FRAME_MAX 2000
#define SEC       CLOCK_US_PER_S
#define START     (1000 * (clock_us_t)SEC)

#define US    "10.0.0.10"
#define US6   "2001:db8::10"
#define PEER  "10.0.0.2"
#define PEER6 "2001:db8::2"

static const uint8_t our_mac[2][6] = {{2, 0, 0, 0, 0, 1}, {2, 0, 0, 0, 0, 2}};
static const uint8_t peer_mac[6] = {2, 0xaa, 0, 0, 0, 1};
static const uint8_t other_mac[6] = {2, 0xbb, 0, 0, 0, 1};
static const uint8_t all_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

static struct buf_pools pools;
static struct rand_state rnd;
static struct net *host;
static clock_us_t now;

struct frame {
	unsigned n;
	uint8_t b[FRAME_MAX];
};

static inline struct ip_addr addr(const char *text)
{
	struct ip_addr a;

	CU_ASSERT_EQUAL_FATAL(ip_addr_parse(text, &a), 0);
	return a;
}

static inline struct net_prefix prefix(const char *text, unsigned bits)
{
	struct net_prefix p = {.addr = addr(text)};

	p.bits = (uint8_t)(bits + (ip_is_v4(&p.addr) ? 96 : 0));
	return p;
}

/* The host above; the caller may change it before host_up(). */
static struct net_port_config host_ports[2];
static struct net_route_config host_routes[3];
static struct net_config host_config;

static inline void host_defaults(void)
{
	memset(host_ports, 0, sizeof(host_ports));
	for (int i = 0; i < 2; i++)
		memcpy(host_ports[i].mac, our_mac[i], 6);
	host_ports[0].mtu = 1500;
	host_ports[0].addr[0] = prefix(US, 24);
	host_ports[0].addr[1] = prefix(US6, 64);
	host_ports[1].mtu = 9000;
	host_ports[1].vlan = 7;
	host_ports[1].addr[0] = prefix("10.1.0.10", 24);
	host_ports[1].addr[1] = prefix("fd00:1::10", 64);
	host_ports[0].n_addr = host_ports[1].n_addr = 2;
	host_routes[0] = (struct net_route_config){prefix("0.0.0.0", 0), addr("10.0.0.1"), 0};
	host_routes[1] = (struct net_route_config){prefix("::", 0), addr("2001:db8::1"), 0};
	host_routes[2] = (struct net_route_config){prefix("10.9.0.0", 16), addr("10.1.0.1"), 1};
	host_config = (struct net_config){
		.ports = host_ports,
		.n_ports = 2,
		.routes = host_routes,
		.n_routes = 3,
		.secret = {{1, 2}},
		.share = true,
	};
}

static inline void host_up(void)
{
	static int made;
	struct err e;

	unit_eal();
	if (!made++)
		CU_ASSERT_EQUAL_FATAL(buf_pools_create(&pools, "net", 2048, SOCKET_ID_ANY), 0);
	rand_seed(&rnd, 1);
	now = START;
	host = net_create(&host_config, &pools, &rnd, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(host);
}

static inline void host_start(void)
{
	host_defaults();
	host_up();
}

static inline void host_stop(void)
{
	net_destroy(host);
	host = NULL;
	UNIT_NO_LEAK(&pools);
}

static inline uint64_t count(enum net_stat s)
{
	return net_stat_block(host).values[s];
}

/* Bytes at the end of f. */
static inline void put(struct frame *f, const void *p, unsigned n)
{
	CU_ASSERT_FATAL(f->n + n <= FRAME_MAX);
	memcpy(f->b + f->n, p, n);
	f->n += n;
}

static inline void put8(struct frame *f, unsigned v)
{
	f->b[f->n++] = (uint8_t)v;
}

static inline void put16(struct frame *f, unsigned v)
{
	put8(f, v >> 8);
	put8(f, v);
}

static inline void put32(struct frame *f, uint32_t v)
{
	put16(f, v >> 16);
	put16(f, v & 0xffff);
}

static inline void put_fill(struct frame *f, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		put8(f, i * 7 + 1);
}

static inline void put_addr(struct frame *f, const char *text)
{
	struct ip_addr a = addr(text);

	if (ip_is_v4(&a))
		put(f, a.b + 12, 4);
	else
		put(f, a.b, 16);
}

/* RFC 1071, the slow way. */
static inline uint32_t sum(uint32_t s, const uint8_t *p, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	return s;
}

static inline uint16_t sum_end(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

static inline void set16(struct frame *f, unsigned off, unsigned v)
{
	f->b[off] = (uint8_t)(v >> 8);
	f->b[off + 1] = (uint8_t)v;
}

static inline void eth(struct frame *f, const uint8_t *dst, const uint8_t *src, unsigned type)
{
	f->n = 0;
	put(f, dst, 6);
	put(f, src, 6);
	put16(f, type);
}

/* IPv4 header for a payload of n bytes that follows. */
static inline void ip4(
	struct frame *f, const char *src, const char *dst, unsigned proto, unsigned n)
{
	unsigned at = f->n;

	put16(f, 0x4500);
	put16(f, 20 + n);
	put32(f, 0x12340000);
	put16(f, 64 << 8 | proto);
	put16(f, 0);
	put_addr(f, src);
	put_addr(f, dst);
	set16(f, at + 10, sum_end(sum(0, f->b + at, 20)));
}

static inline void ip6(
	struct frame *f, const char *src, const char *dst, unsigned proto, unsigned n)
{
	put32(f, 0x60000000);
	put16(f, n);
	put16(f, proto << 8 | 255);
	put_addr(f, src);
	put_addr(f, dst);
}

/* Write the checksum at `at + field` of what lies from at to the end, the IP header being at l3. */
static inline void seal(struct frame *f, unsigned l3, unsigned at, unsigned field, unsigned proto)
{
	uint32_t s = 0;

	set16(f, at + field, 0);
	if (f->b[l3] >> 4 == 6)
		s = sum(0, f->b + l3 + 8, 32) + proto + (f->n - at);
	else if (proto != 1)
		s = sum(0, f->b + l3 + 12, 8) + proto + (f->n - at);
	set16(f, at + field, sum_end(sum(s, f->b + at, f->n - at)));
}

/* A TCP segment of n bytes, 20 of header. */
static inline void tcp(struct frame *f, unsigned l3, unsigned n)
{
	unsigned at = f->n;

	put16(f, 40000);
	put16(f, 443);
	put32(f, 0x01020304);
	put32(f, 0x05060708);
	put16(f, 0x5010);
	put16(f, 1000);
	put32(f, 0);
	put_fill(f, n - 20);
	seal(f, l3, at, 16, 6);
}

/* A whole, valid frame of n bytes of TCP. */
static inline void tcp4(struct frame *f, unsigned n)
{
	eth(f, our_mac[0], peer_mac, 0x0800);
	ip4(f, PEER, US, 6, n);
	tcp(f, 14, n);
}

static inline void tcp6(struct frame *f, unsigned n)
{
	eth(f, our_mac[0], peer_mac, 0x86dd);
	ip6(f, PEER6, US6, 6, n);
	tcp(f, 14, n);
}

static inline void arp(struct frame *f, const uint8_t *dst, unsigned op, const uint8_t *sha,
	const char *spa, const uint8_t *tha, const char *tpa)
{
	eth(f, dst, sha, 0x0806);
	put32(f, 0x00010800);
	put16(f, 0x0604);
	put16(f, op);
	put(f, sha, 6);
	put_addr(f, spa);
	put(f, tha, 6);
	put_addr(f, tpa);
}

static inline struct rte_mbuf *mbuf_of(const uint8_t *b, unsigned n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	char *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	p = rte_pktmbuf_append(m, (uint16_t)n);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	memcpy(p, b, n);
	return m;
}

/* f as an mbuf whose first segment ends at `first`, if that is short of the end. */
static inline struct rte_mbuf *mbuf(const struct frame *f, unsigned first)
{
	struct rte_mbuf *m;

	if (first >= FRAME_MAX || first >= f->n) /* the former for gcc, which does not know n */
		return mbuf_of(f->b, f->n);
	m = mbuf_of(f->b, first);
	CU_ASSERT_EQUAL(rte_pktmbuf_chain(m, mbuf_of(f->b + first, f->n - first)), 0);
	return m;
}

/* Feed one mbuf; what TCP would get, or NULL. */
static inline struct rte_mbuf *feed(unsigned port, struct rte_mbuf *m)
{
	struct rte_mbuf *list[1] = {m};

	return net_input(host, (uint8_t)port, list, 1, now) ? list[0] : NULL;
}

static inline struct rte_mbuf *feed_frame(unsigned port, const struct frame *f)
{
	return feed(port, mbuf(f, f->n));
}

/* f must be dropped under code, and under no other. */
static inline void dropped(unsigned port, const struct frame *f, enum net_stat code)
{
	uint64_t before = count(code), rx = count(NET_STAT_rx_packets);
	struct rte_mbuf *m = feed_frame(port, f);

	if (m || count(code) != before + 1)
		printf("\n  not dropped as %s\n", net_stat_block(host).names[code].name);
	CU_ASSERT_PTR_NULL(m);
	CU_ASSERT_EQUAL(count(code), before + 1);
	CU_ASSERT_EQUAL(count(NET_STAT_rx_packets), rx + 1);
	rte_pktmbuf_free(m);
}

/* f must reach TCP, n bytes of it. */
static inline void passed(unsigned port, const struct frame *f, unsigned n)
{
	struct rte_mbuf *m = feed_frame(port, f);

	CU_ASSERT_PTR_NOT_NULL(m);
	if (m)
		CU_ASSERT_EQUAL(pkt_meta(m)->l4_len, n);
	rte_pktmbuf_free(m);
}

/* The next frame that the host sends from port, or NULL. */
static inline struct rte_mbuf *sent(unsigned port)
{
	struct rte_mbuf *m;

	return net_tx_take(host, (uint8_t)port, &m, 1) ? m : NULL;
}

static inline unsigned sent_none(void)
{
	struct rte_mbuf *m;
	unsigned n = 0;

	for (unsigned port = 0; port < 2; port++)
		while ((m = sent(port))) {
			rte_pktmbuf_free(m);
			n++;
		}
	return n == 0;
}

/* m (taken) must be f, byte for byte; the IPv4 header's sum is the port's to fill in. */
static inline void is_frame(struct rte_mbuf *m, struct frame *f)
{
	uint8_t got[FRAME_MAX];
	const uint8_t *p;

	CU_ASSERT_PTR_NOT_NULL(m);
	if (!m)
		return;
	CU_ASSERT_EQUAL(m->pkt_len, f->n);
	if (m->ol_flags & RTE_MBUF_F_TX_IP_CKSUM)
		set16(f, 14 + 10, 0);
	p = rte_pktmbuf_read(m, 0, RTE_MIN(m->pkt_len, f->n), got);
	for (unsigned i = 0; i < f->n && i < m->pkt_len; i++)
		if (p[i] != f->b[i]) {
			printf("\n  byte %u is %02x, not %02x\n", i, p[i], f->b[i]);
			CU_FAIL("frame differs");
			break;
		}
	rte_pktmbuf_free(m);
}

/* A packet as tcp_output makes it: n bytes of TCP, 20 of header. */
static inline struct rte_mbuf *segment(const char *src, const char *dst, unsigned n)
{
	struct frame f = {0};
	struct rte_mbuf *m;

	put16(&f, 443);
	put16(&f, 40000);
	put32(&f, 1);
	put32(&f, 2);
	put16(&f, 0x5010);
	put_fill(&f, n - 14);
	m = rte_pktmbuf_alloc(pools.data);
	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), f.b, n);
	m->l4_len = 20;
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	*pkt_meta(m) = (struct pkt_meta){.src = addr(src), .dst = addr(dst)};
	return m;
}

static inline void send_segment(const char *src, const char *dst, unsigned n)
{
	struct rte_mbuf *m = segment(src, dst, n);

	net_output(host, &m, 1, now);
}

/* Teach the host where ip is, as an answer to its question would. */
static inline void teach(unsigned port, const char *ip, const uint8_t *mac, unsigned how)
{
	struct net_learned l = {.ip = addr(ip), .port = (uint8_t)port, .how = (uint8_t)how};

	memcpy(l.mac, mac, 6);
	net_neigh_learn(host, &l, now);
}

#define KNOWN (NET_LEARN_CREATE | NET_LEARN_SOLICITED | NET_LEARN_OVERRIDE)

/* The neighbour ip, state NET_NEIGH_FREE if there is none. */
static inline struct net_neigh_info neigh(const char *ip)
{
	struct net_neigh_info list[64];
	unsigned n = net_neigh_list(host, now, list, 64);
	struct ip_addr a = addr(ip);

	for (unsigned i = 0; i < n && i < 64; i++)
		if (ip_addr_eq(&list[i].ip, &a))
			return list[i];
	return (struct net_neigh_info){0};
}

#endif
