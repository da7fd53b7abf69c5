/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_thash.h>

#include "base/rand.h"
#include "ports.h"

/* The key and tuples of "Verifying the RSS Hash Calculation" (Microsoft, NDIS). */
static const uint8_t ms_key[40] = {0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25,
	0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb,
	0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa};

static struct ip_endpoint end(const char *addr, uint16_t port)
{
	struct ip_endpoint e = {.port = port};

	CU_ASSERT_EQUAL_FATAL(ip_addr_parse(addr, &e.addr), 0);
	return e;
}

/* No device: key ms_key, a table that gives back the hash's low 11 bits. */
static struct port *bare_port(void)
{
	struct port *p = calloc(1, sizeof(*p) + 2 * sizeof(struct port_queue));

	p->n_queues = 2;
	p->rss_known = true;
	p->rss.mask = PORT_RETA_MAX - 1;
	for (unsigned i = 0; i < PORT_RETA_MAX; i++)
		p->rss.reta[i] = (uint16_t)i;
	port__rss_key_load(&p->rss, ms_key);
	return p;
}

static void published_hashes(void)
{
	static const struct {
		const char *src, *dst;
		uint16_t sport, dport;
		uint32_t hash;
	} t[] = {
		{"66.9.149.187", "161.142.100.80", 2794, 1766, 0x51ccc178},
		{"199.92.111.2", "65.69.140.83", 14230, 4739, 0xc626b0ea},
		{"24.19.198.95", "12.22.207.184", 12898, 38024, 0x5c2b394a},
		{"38.27.205.30", "209.142.163.6", 48228, 2217, 0xafc7327f},
		{"153.39.163.191", "202.188.127.2", 44251, 1303, 0x10e828a2},
		{"3ffe:2501:200:1fff::7", "3ffe:2501:200:3::1", 2794, 1766, 0x40207d3d},
		{"3ffe:501:8::260:97ff:fe40:efab", "ff02::1", 14230, 4739, 0xdde51bbf},
		{"3ffe:1900:4545:3:200:f8ff:fe21:67cf", "fe80::200:f8ff:fe21:67cf", 44251, 38024,
			0x02d1feef},
	};
	struct port *p = bare_port();

	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		struct ip_endpoint src = end(t[i].src, t[i].sport), dst = end(t[i].dst, t[i].dport);

		CU_ASSERT_EQUAL(port_rss_queue(p, &src, &dst), t[i].hash & (PORT_RETA_MAX - 1));
	}
	free(p);
}

static uint32_t soft_hash(
	const uint8_t *key, const struct ip_endpoint *src, const struct ip_endpoint *dst)
{
	union rte_thash_tuple t = {0};
	struct rte_ipv6_hdr h;

	if (ip_is_v4(&src->addr)) {
		t.v4.src_addr = be32_get(src->addr.w[3]);
		t.v4.dst_addr = be32_get(dst->addr.w[3]);
		t.v4.sport = src->port;
		t.v4.dport = dst->port;
		return rte_softrss((uint32_t *)&t, RTE_THASH_V4_L4_LEN, key);
	}
	memcpy(h.src_addr, src->addr.b, 16);
	memcpy(h.dst_addr, dst->addr.b, 16);
	rte_thash_load_v6_addrs(&h, &t);
	t.v6.sport = src->port;
	t.v6.dport = dst->port;
	return rte_softrss((uint32_t *)&t, RTE_THASH_V6_L4_LEN, key);
}

/* With the key and table that a device was given, DPDK's own hash agrees on the queue, and a few
 * random ports find any of them. */
static void ports_lead_to_every_queue(void)
{
	struct rte_eth_rss_reta_entry64 reta[2] = {{.mask = ~0ull}, {.mask = ~0ull}};
	uint8_t key[40];
	struct rte_eth_rss_conf rc = {.rss_key = key, .rss_key_len = 40};
	struct rand_state rnd;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 3);
	CU_ASSERT(port_rss_known(p));
	CU_ASSERT(port_caps(p)->rss_known);
	CU_ASSERT_EQUAL_FATAL(rte_eth_dev_rss_hash_conf_get(p->id[0], &rc), 0);
	CU_ASSERT_EQUAL_FATAL(rte_eth_dev_rss_reta_query(p->id[0], reta, 128), 0);
	rand_seed(&rnd, unit_seed(0x727373));
	for (unsigned i = 0; i < 6000; i++) {
		struct ip_endpoint remote = end(i & 1 ? "10.0.0.1" : "2001:db8::1", 9000);
		struct ip_endpoint local = end(i & 1 ? "10.0.0.9" : "2001:db8::9", 0);
		uint16_t q = i % 3;
		uint32_t h, tries = 0;

		remote.addr.b[15] = (uint8_t)rand_next(&rnd);
		local.addr.b[14] = (uint8_t)rand_next(&rnd);
		do
			local.port = (uint16_t)rand_next(&rnd);
		while (port_rss_queue(p, &remote, &local) != q && ++tries < 96);
		CU_ASSERT(tries < 96);
		h = soft_hash(key, &remote, &local) & 127;
		CU_ASSERT_EQUAL(reta[h / 64].reta[h % 64], q);
	}
	port_close(p);
	ports_teardown();
}

static void keys_differ_and_reach_all(void)
{
	struct port_rss r = {.mask = 511};
	uint8_t a[52], b[52];

	unit_eal();
	port__rss_key_make(a, sizeof(a), 511);
	port__rss_key_make(b, sizeof(b), 511);
	CU_ASSERT_NOT_EQUAL(memcmp(a, b, sizeof(a)), 0);
	port__rss_key_load(&r, a);
	CU_ASSERT(port__rss_key_good(&r));
	memset(a, 0, sizeof(a));
	port__rss_key_load(&r, a);
	CU_ASSERT_FALSE(port__rss_key_good(&r));
	memset(a, 0x55, sizeof(a)); /* two windows only: the same four queues for ever */
	port__rss_key_load(&r, a);
	CU_ASSERT_FALSE(port__rss_key_good(&r));
}

static void one_queue_is_always_known(void)
{
	struct ip_endpoint a = end("10.0.0.1", 1), b = end("10.0.0.2", 2);
	struct port *p = bare_port();

	p->n_queues = 1;
	p->rss_known = false;
	CU_ASSERT(port_rss_known(p));
	CU_ASSERT_EQUAL(port_rss_queue(p, &a, &b), 0);
	free(p);
}

static void unknown_is_queue_0(void)
{
	struct ip_endpoint a = end("10.0.0.1", 1), b = end("10.0.0.2", 2);
	struct port *p = bare_port();

	p->rss_known = false;
	CU_ASSERT_FALSE(port_rss_known(p));
	CU_ASSERT_EQUAL(port_rss_queue(p, &a, &b), 0);
	free(p);
}

/* A TCP segment of the first published tuple. */
static struct rte_mbuf *segment(void)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ports_pool[0].data);
	struct rte_ether_hdr *eth = (void *)rte_pktmbuf_append(m, 14 + 20 + 32);
	struct rte_ipv4_hdr *ip = (void *)(eth + 1);
	struct rte_tcp_hdr *tcp = (void *)(ip + 1);

	memset(eth, 0, 14 + 20 + 32);
	eth->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->next_proto_id = IPPROTO_TCP;
	ip->src_addr = RTE_BE32(RTE_IPV4(66, 9, 149, 187));
	ip->dst_addr = RTE_BE32(RTE_IPV4(161u, 142, 100, 80));
	tcp->src_port = RTE_BE16(2794);
	tcp->dst_port = RTE_BE16(1766);
	return m;
}

static void packets_prove_the_hash(void)
{
	struct port *p = bare_port();
	struct port_queue *q = &p->queue[1];
	struct rte_mbuf *m;

	ports_setup();
	m = segment();
	q->rss_left = 3;
	p->rss.reta[0x51ccc178 & (PORT_RETA_MAX - 1)] = 1;
	port__rss_check(p, 1, m);
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	m->hash.rss = 0x51ccc178;
	port__rss_check(p, 1, m);
	CU_ASSERT(port_rss_known(p));
	CU_ASSERT_EQUAL(q->stat[PORT_STAT_rss_checked], 2);
	CU_ASSERT_EQUAL(q->rss_left, 1);
	/* what is not hashed by ports proves nothing */
	rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14)->fragment_offset = RTE_BE16(0x2000);
	port__rss_check(p, 1, m);
	m->data_len = 20;
	port__rss_check(p, 1, m);
	CU_ASSERT_EQUAL(q->rss_left, 1);
	CU_ASSERT(port_rss_known(p));
	rte_pktmbuf_free(m);
	ports_teardown();
	free(p);
}

static void mismatch(uint16_t queue, uint32_t hash)
{
	struct port *p = bare_port();
	struct rte_mbuf *m;

	ports_setup();
	m = segment();
	m->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	m->hash.rss = hash;
	p->queue[queue].rss_left = 9;
	p->rss.reta[0x51ccc178 & (PORT_RETA_MAX - 1)] = 1;
	port__rss_check(p, queue, m);
	CU_ASSERT_FALSE(port_rss_known(p));
	CU_ASSERT_EQUAL(p->queue[queue].stat[PORT_STAT_rss_mismatch], 1);
	CU_ASSERT_EQUAL(p->queue[queue].rss_left, 0);
	rte_pktmbuf_free(m);
	ports_teardown();
	free(p);
}

static void mismatch_is_the_end_of_knowing(void)
{
	mismatch(0, 0x51ccc178); /* another queue */
	mismatch(1, 0x51ccc179); /* another hash */
}

static const struct unit_case cases[] = {
	UNIT_CASE(published_hashes),
	UNIT_CASE(ports_lead_to_every_queue),
	UNIT_CASE(keys_differ_and_reach_all),
	UNIT_CASE(one_queue_is_always_known),
	UNIT_CASE(unknown_is_queue_0),
	UNIT_CASE(packets_prove_the_hash),
	UNIT_CASE(mismatch_is_the_end_of_knowing),
};

UNIT_MAIN(cases)
