/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames into net_input(). An input is a list of steps, each a control byte, a length byte pair and
 * so many bytes of frame. Control: 1 port 1, 2 device vouches for sums, 4 tag stripped, 8 cut in
 * two segments, 0x10 ICMP sum made right, 0x20 a second passes, 0x40 we send to the frame's source.
 *
 * Asserted: what goes to TCP lies inside its mbuf as net.h promises; each frame has one rx_* code;
 * no mbuf is left when the instance is gone.
 */
#include <stdlib.h>
#include <rte_eal.h>

#include "base/assert.h"
#include "net/net.h"
#include "net/net_priv.h"

#define FRAME_MAX 2048

static struct buf_pools pools;
static struct net_port_config ports[2];
static struct net_route_config routes[2];
static struct net_config config;

static struct net_prefix prefix(const char *text, uint8_t bits)
{
	struct net_prefix p = {.bits = bits};

	ASSERT(ip_addr_parse(text, &p.addr) == 0, "addresses below are right");
	return p;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = {"fuzz_net", "--no-huge", "--no-pci", "--no-shconf", "-m", "64",
		"--log-level", "error", "--no-telemetry"};

	ASSERT(rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) >= 0, "the EAL starts");
	ASSERT(buf_pools_create(&pools, "fuzz", 1024, SOCKET_ID_ANY) == 0, "memory for pools");
	ports[0] = (struct net_port_config){.mac = {2, 0, 0, 0, 0, 1}, .mtu = 1500, .n_addr = 2};
	ports[0].addr[0] = prefix("10.0.0.10", 120);
	ports[0].addr[1] = prefix("2001:db8::10", 64);
	ports[1] = (struct net_port_config){
		.mac = {2, 0, 0, 0, 0, 2}, .mtu = 9000, .vlan = 7, .n_addr = 2};
	ports[1].addr[0] = prefix("10.1.0.10", 120);
	ports[1].addr[1] = prefix("fd00:1::10", 64);
	routes[0] =
		(struct net_route_config){prefix("0.0.0.0", 96), prefix("10.0.0.1", 128).addr, 0};
	routes[1] = (struct net_route_config){prefix("::", 0), prefix("2001:db8::1", 128).addr, 0};
	config = (struct net_config){.ports = ports,
		.n_ports = 2,
		.routes = routes,
		.n_routes = 2,
		.neighbours = 16,
		.share = true};
	return 0;
}

/* No fuzzer guesses an ICMP checksum: make it right where the frame is plain. */
static void seal_icmp(struct rte_mbuf *m)
{
	uint8_t *p = rte_pktmbuf_mtod(m, uint8_t *);
	struct pkt_meta *meta = pkt_meta(m);
	uint32_t at = p[12] == 0x08 ? 34 : 54;
	uint8_t proto = at == 34 ? PROTO_ICMP4 : PROTO_ICMP6;
	struct wire_icmp *h;

	if (m->nb_segs > 1 || m->data_len < at + sizeof(*h) || p[at == 34 ? 23 : 20] != proto)
		return;
	if (at == 54) {
		meta->src = ip_from_v6(p + 22);
		meta->dst = ip_from_v6(p + 38);
	}
	h = (struct wire_icmp *)(p + at);
	h->csum.raw = 0;
	h->csum.raw = net__csum_l4(m, at, m->pkt_len - at, proto);
}

static struct rte_mbuf *frame(const uint8_t *p, size_t n, uint8_t control)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data), *next;
	size_t first = control & 8 && n ? n - n % 61 : n;

	memcpy(rte_pktmbuf_append(m, (uint16_t)first), p, first);
	if (first < n) {
		next = rte_pktmbuf_alloc(pools.data);
		memcpy(rte_pktmbuf_append(next, (uint16_t)(n - first)), p + first, n - first);
		rte_pktmbuf_chain(m, next);
	}
	if (control & 2)
		m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
	if (control & 4) {
		m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
		m->vlan_tci = 7;
	}
	if (control & 0x10)
		seal_icmp(m);
	return m;
}

static void check_tcp(const struct net *n, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const uint8_t *tcp = rte_pktmbuf_mtod(m, uint8_t *) + meta->l4_off;
	bool error = meta->flags & PKT_F_ICMP_ERR;

	ASSERT(meta->verdict == PKT_TCP, "only TCP comes up");
	ASSERT(net_addr_port(n, error ? &meta->src : &meta->dst) == meta->port, "it is about us");
	if (error) {
		ASSERT(meta->l4_len >= 8 && meta->l4_off + meta->l4_len <= m->data_len, "quote");
		return;
	}
	ASSERT(meta->l4_off + meta->l4_len == (int)m->pkt_len, "trimmed");
	ASSERT(meta->l4_len >= 20 && meta->l4_off + 20 <= m->data_len, "header");
	ASSERT((tcp[12] >> 4) >= 5 && (tcp[12] >> 4) * 4 <= meta->l4_len, "options");
	ASSERT(meta->l4_off + (tcp[12] >> 4) * 4 <= m->data_len, "options in the first segment");
}

static void reply(struct net *n, const struct rte_mbuf *from, clock_us_t now)
{
	const struct pkt_meta *f = pkt_meta((struct rte_mbuf *)from);
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.hdr);

	memset(rte_pktmbuf_append(m, 20), 0, 20);
	m->l4_len = 20;
	m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM;
	*pkt_meta(m) = (struct pkt_meta){.src = f->dst, .dst = f->src};
	net_output(n, &m, 1, now);
}

static void drain(struct net *n)
{
	struct rte_mbuf *list[32];
	struct net_learned l[8];
	uint16_t got;

	for (uint8_t port = 0; port < 2; port++)
		while ((got = net_tx_take(n, port, list, 32)))
			rte_pktmbuf_free_bulk(list, got);
	net_learned_take(n, l, 8);
}

static void check_codes(const struct net *n)
{
	struct stat_block b = net_stat_block(n);
	uint64_t sum = 0;

	for (unsigned i = 1; i < b.n; i++)
		if (strncmp(b.names[i].name, "rx_", 3) == 0)
			sum += b.values[i];
	ASSERT(sum == b.values[NET_STAT_rx_packets], "each frame has one code");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rand_state rnd;
	struct err e;
	clock_us_t now = 1000 * (clock_us_t)CLOCK_US_PER_S;
	struct net *n;

	rand_seed(&rnd, 1);
	n = net_create(&config, &pools, &rnd, &e);
	ASSERT(n, "the configuration is right");
	while (size > 3) {
		uint8_t control = data[0];
		size_t len = RTE_MIN((size_t)(data[1] << 8 | data[2]) % FRAME_MAX, size - 3);
		struct rte_mbuf *m = frame(data + 3, len, control);

		data += 3 + len;
		size -= 3 + len;
		if (control & 0x20)
			net_tick(n, now += CLOCK_US_PER_S);
		if (net_input(n, control & 1, &m, 1, now)) {
			check_tcp(n, m);
			if (control & 0x40)
				reply(n, m, now);
			rte_pktmbuf_free(m);
		}
		drain(n);
	}
	check_codes(n);
	net_destroy(n);
	ASSERT(buf_pools_in_use(&pools) == 0, "nothing leaks");
	return 0;
}
