/* SPDX-License-Identifier: BSD-3-Clause */
#include "packets.h"

#define ROUNDS 20000

static struct port *port;
static struct port_queue *queue;

/* A port that offers nothing and takes max_segs segments, without a device behind it. */
static void setup(uint16_t max_segs)
{
	ports_setup();
	port = calloc(1, sizeof(*port) + sizeof(*queue));
	port->soft_flags = RTE_MBUF_F_TX_VLAN | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK |
			   RTE_MBUF_F_TX_TCP_SEG;
	port->max_segs = port->max_tso_segs = max_segs;
	port->n_queues = 1;
	queue = &port->queue[0];
	queue->pools = ports_pools[0];
	payload_fill();
}

static void teardown(void)
{
	free(port);
	ports_teardown();
}

static void check_csums(const uint8_t *p, uint32_t n, bool v6, bool tcp)
{
	uint32_t l3 = v6 ? 40 : 20, sum = tcp ? IPPROTO_TCP : IPPROTO_UDP;
	const uint8_t *addrs = p + (v6 ? 8 : 12);

	if (!v6)
		CU_ASSERT_EQUAL(book_sum(p, 20, 0), 0xffff);
	sum += n - l3;
	sum += book_sum(addrs, v6 ? 32 : 8, 0);
	CU_ASSERT_EQUAL(book_sum(p + l3, n - l3, sum), 0xffff);
}

/* Any packet of any shape leaves with the checksums of the book and the payload unchanged. */
static void sums_over_any_chain(void)
{
	static uint8_t flat[PAYLOAD + 200];
	uint64_t linear = 0;

	rand_seed(&rnd, unit_seed(0x706f7274));
	setup(3);
	for (unsigned i = 0; i < ROUNDS; i++) {
		bool v6 = rand_below(&rnd, 2), tcp = rand_below(&rnd, 2), tag = rand_below(&rnd, 2);
		uint32_t n = rand_below(&rnd, PAYLOAD);
		struct rte_mbuf *m = header(v6, tcp, n);
		uint32_t hdr = m->pkt_len, l2 = L2 + (tag ? 4 : 0);
		bool chained;

		attach(m, n);
		m->ol_flags |= tag ? RTE_MBUF_F_TX_VLAN : 0;
		m->vlan_tci = 0x2064;
		chained = m->nb_segs > 3;
		linear += chained;
		m = port__finish(port, queue, m);
		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->pkt_len, hdr + l2 - L2 + n);
		CU_ASSERT_EQUAL(m->l2_len, l2);
		CU_ASSERT(m->nb_segs <= 3);
		CU_ASSERT_EQUAL(m->ol_flags & port->soft_flags, 0);
		const uint8_t *p = rte_pktmbuf_read(m, 0, m->pkt_len, flat);

		if (p != flat)
			memcpy(flat, p, m->pkt_len);
		if (tag)
			CU_ASSERT_EQUAL(memcmp(flat + 12, "\x81\x00\x20\x64", 4), 0);
		check_csums(flat + l2, m->pkt_len - l2, v6, tcp);
		CU_ASSERT_EQUAL(memcmp(flat + m->pkt_len - n, payload, n), 0);
		rte_pktmbuf_free(m);
	}
	CU_ASSERT_EQUAL(queue->stat[PORT_STAT_csum_soft], ROUNDS);
	CU_ASSERT_EQUAL(queue->stat[PORT_STAT_linearised], linear);
	CU_ASSERT(linear > 0);
	teardown();
}

/* The checksum of an all-zero result goes out as 0xffff in UDP, which has another use for 0. */
static void udp_sum_is_never_zero(void)
{
	struct rte_udp_hdr *u;
	struct rte_mbuf *m;

	setup(1);
	m = header(false, false, 0);
	u = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, L2 + 20);
	memset(u, 0, sizeof(*u));
	u->src_port = 0xffff;
	m = port__finish(port, queue, m);
	CU_ASSERT_EQUAL(u->dgram_cksum, 0xffff);
	rte_pktmbuf_free(m);
	teardown();
}

static void dropped(struct rte_mbuf *m, enum port_stat code)
{
	uint64_t before = queue->stat[code];

	CU_ASSERT_PTR_NULL(port__finish(port, queue, m));
	CU_ASSERT_EQUAL(queue->stat[code], before + 1);
}

static void headers_that_cannot_be_written(void)
{
	struct rte_mbuf *m, *s;

	setup(8);
	m = header(false, true, 0);
	rte_mbuf_refcnt_update(m, 1);
	dropped(m, PORT_STAT_tx_bad);
	rte_pktmbuf_free(m);

	m = header(false, true, 0);
	s = rte_pktmbuf_alloc(ports_pool[0].indirect);
	rte_pktmbuf_attach(s, m);
	s->ol_flags |= m->ol_flags;
	rte_pktmbuf_free(m);
	dropped(s, PORT_STAT_tx_bad);

	m = header(false, true, 0);
	m->l3_len = 60; /* beyond the first segment */
	dropped(m, PORT_STAT_tx_bad);
	m = header(true, false, 0);
	m->l2_len = 100;
	dropped(m, PORT_STAT_tx_bad);
	m = header(false, false, 0);
	m->ol_flags |= RTE_MBUF_F_TX_VLAN;
	rte_pktmbuf_prepend(m, rte_pktmbuf_headroom(m)); /* no room for a tag */
	dropped(m, PORT_STAT_tx_bad);
	teardown();
}

/* A shared first segment is fine where nothing is asked of it. */
static void nothing_asked_nothing_written(void)
{
	struct rte_mbuf *m;

	setup(8);
	m = header(false, true, 0);
	m->ol_flags = 0;
	rte_mbuf_refcnt_update(m, 1);
	CU_ASSERT_PTR_EQUAL(port__finish(port, queue, m), m);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(m);
	teardown();
}

static void segmentation_is_not_ours(void)
{
	struct rte_mbuf *m;

	setup(8);
	m = header(false, true, 0);
	m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
	dropped(m, PORT_STAT_tx_tso);
	teardown();
}

static void longer_than_the_device_takes(void)
{
	struct rte_mbuf *m;

	setup(1);
	m = header(false, true, 2500); /* does not fit one mbuf of 2048 */
	attach(m, 2500);
	dropped(m, PORT_STAT_tx_long);
	teardown();
}

static void no_mbuf_to_copy_into(void)
{
	struct rte_mbuf *m, *all[1024];
	unsigned n = 0;

	setup(1);
	m = header(false, true, 1000);
	attach(m, 1000);
	while ((all[n] = rte_pktmbuf_alloc(ports_pool[0].data)))
		n++;
	if (m->nb_segs == 1)
		CU_FAIL("a chain is needed");
	dropped(m, PORT_STAT_tx_nombuf);
	rte_pktmbuf_free_bulk(all, n);
	teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(sums_over_any_chain),
	UNIT_CASE(udp_sum_is_never_zero),
	UNIT_CASE(headers_that_cannot_be_written),
	UNIT_CASE(nothing_asked_nothing_written),
	UNIT_CASE(segmentation_is_not_ours),
	UNIT_CASE(longer_than_the_device_takes),
	UNIT_CASE(no_mbuf_to_copy_into),
};

UNIT_MAIN(cases)
