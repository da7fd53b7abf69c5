/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ether.h>

#include "ports.h"

/* A frame of 60 bytes, the last of which is tag. */
static struct rte_mbuf *frame(uint8_t tag)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(ports_pool[0].hdr);
	uint8_t *p = (uint8_t *)rte_pktmbuf_append(m, 60);

	memset(p, 0, 60);
	p[12] = 0x08;
	p[59] = tag;
	return m;
}

/* A ring: what goes out comes back, once each, in order, on the same queue, with our index. */
static void out_and_in(void)
{
	struct rte_mbuf *tx[200], *rx[256];
	struct conf_port c;
	struct port *p;
	uint16_t n;

	ports_setup();
	p = ports_open(&c, "net_ring0", 2);
	for (unsigned i = 0; i < 200; i++)
		tx[i] = frame((uint8_t)i);
	CU_ASSERT_EQUAL(port_tx_burst(p, 1, tx, 200), 200);
	CU_ASSERT_EQUAL(port_rx_burst(p, 0, rx, 256), 0);
	n = port_rx_burst(p, 1, rx, 256);
	CU_ASSERT_EQUAL_FATAL(n, 200);
	for (unsigned i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(rx[i]->port, 3);
		CU_ASSERT_EQUAL(rte_pktmbuf_mtod(rx[i], uint8_t *)[59], i);
	}
	rte_pktmbuf_free_bulk(rx, n);
	CU_ASSERT_EQUAL(ports_stat(p, 1, PORT_STAT_tx_packets), 200);
	CU_ASSERT_EQUAL(ports_stat(p, 1, PORT_STAT_tx_bytes), 200 * 60);
	CU_ASSERT_EQUAL(ports_stat(p, 1, PORT_STAT_rx_packets), 200);
	CU_ASSERT_EQUAL(ports_stat(p, 1, PORT_STAT_rx_bytes), 200 * 60);
	port_close(p);
	ports_teardown();
}

/* What the device does not take is freed and counted: nothing is handed back. */
static void full_device(void)
{
	struct rte_mbuf *pkts[64];
	uint64_t sent = 0, full;
	struct conf_port c;
	struct port *p;
	uint16_t n;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	for (unsigned i = 0; i < 40; i++) {
		for (unsigned k = 0; k < 64; k++) {
			pkts[k] = rte_pktmbuf_alloc(ports_pool[k % 4].data);
			CU_ASSERT_PTR_NOT_NULL_FATAL(pkts[k]);
			rte_pktmbuf_append(pkts[k], 60);
		}
		sent += port_tx_burst(p, 0, pkts, 64);
	}
	full = ports_stat(p, 0, PORT_STAT_tx_full);
	CU_ASSERT(full > 0);
	CU_ASSERT_EQUAL(sent + full, 40 * 64);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_packets), sent);
	while ((n = port_rx_burst(p, 0, pkts, 64)) > 0)
		rte_pktmbuf_free_bulk(pkts, n);
	port_close(p);
	ports_teardown();
}

static clock_us_t now = 1000000;

/* Post numbered packets from *next on until the device is full; *next is the first not posted. */
static void post_until_full(struct port *p, uint32_t *next)
{
	while (port_tx_flush(p, 0, now)) {
		struct rte_mbuf *pkts[PORT_TX_POST];

		for (unsigned k = 0; k < PORT_TX_POST; k++) {
			pkts[k] = rte_pktmbuf_alloc(ports_pool[*next % 4].data);
			CU_ASSERT_PTR_NOT_NULL_FATAL(pkts[k]);
			memset(rte_pktmbuf_append(pkts[k], 60), 0, 60);
			memcpy(rte_pktmbuf_mtod_offset(pkts[k], void *, 56), next, sizeof(*next));
			++*next;
		}
		port_tx_post(p, 0, pkts, PORT_TX_POST, now);
	}
}

/* Receive up to n packets, which are those from *next on. */
static void receive_in_order(struct port *p, uint32_t *next, uint16_t n)
{
	struct rte_mbuf *pkts[PORT_TX_POST];
	uint16_t got = port_rx_burst(p, 0, pkts, n);

	for (uint16_t i = 0; i < got; i++, ++*next)
		CU_ASSERT_EQUAL(
			memcmp(rte_pktmbuf_mtod_offset(pkts[i], void *, 56), next, sizeof(*next)),
			0);
	rte_pktmbuf_free_bulk(pkts, got);
}

/* All that the device has; what waits for room in it stays. */
static void receive_all(struct port *p, uint32_t *next)
{
	for (uint32_t before = *next - 1; before != *next;) {
		before = *next;
		receive_in_order(p, next, PORT_TX_POST);
	}
}

/* A device that is full for a while loses nothing and mixes nothing up. */
static void full_device_waits(void)
{
	uint32_t posted = 0, received = 0;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	for (unsigned round = 0; round < 20; round++) {
		post_until_full(p, &posted);
		CU_ASSERT_FALSE(port_tx_flush(p, 0, now));
		receive_in_order(p, &received, 1 + 3 * round);
	}
	for (unsigned i = 0; i < 40; i++) {
		port_tx_flush(p, 0, now);
		receive_in_order(p, &received, PORT_TX_POST);
	}
	CU_ASSERT_EQUAL(received, posted);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_packets), posted);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_full), 0);
	post_until_full(p, &posted);
	receive_all(p, &received);
	port_close(p); /* frees what still waits */
	ports_teardown();
}

/* One that takes nothing any more holds nobody up for ever, and is believed again when it does. */
static void stuck_device(void)
{
	struct rte_mbuf *m;
	uint32_t posted = 0, received = 0;
	uint64_t dropped;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	post_until_full(p, &posted);
	receive_in_order(p, &received, 1);
	post_until_full(p, &posted); /* a whole burst waits */
	now += PORT_PATIENCE_US - 1;
	receive_in_order(p, &received, 1); /* room for one: that is progress */
	CU_ASSERT_FALSE(port_tx_flush(p, 0, now));
	for (unsigned i = 0; i < 10000; i++) /* how often it is asked says nothing */
		CU_ASSERT_FALSE(port_tx_flush(p, 0, now));
	now += PORT_PATIENCE_US - 1;
	CU_ASSERT_FALSE(port_tx_flush(p, 0, now));
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_full), 0);
	now++;
	CU_ASSERT(port_tx_flush(p, 0, now));
	dropped = ports_stat(p, 0, PORT_STAT_tx_full);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_packets) + dropped, posted);
	m = frame(1);
	port_tx_post(p, 0, &m, 1, now);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_full), dropped + 1);
	CU_ASSERT(port_tx_flush(p, 0, now));
	receive_all(p, &received);
	CU_ASSERT_EQUAL(received, posted - dropped);
	posted = received = 0;
	post_until_full(p, &posted);
	CU_ASSERT_FALSE(port_tx_flush(p, 0, now));
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_full), dropped + 1);
	receive_all(p, &received);
	port_close(p);
	ports_teardown();
}

/* A tag goes out in the frame and comes in beside it, where the device does neither. */
static void vlan_both_ways(void)
{
	struct rte_mbuf *m;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	m = frame(9);
	m->ol_flags = RTE_MBUF_F_TX_VLAN;
	m->vlan_tci = 100;
	CU_ASSERT_EQUAL(port_tx_burst(p, 0, &m, 1), 1);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_bytes), 64);
	CU_ASSERT_EQUAL(port_rx_burst(p, 0, &m, 1), 1);
	CU_ASSERT(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
	CU_ASSERT_EQUAL(m->vlan_tci, 100);
	CU_ASSERT_EQUAL(m->pkt_len, 60);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[12], 0x08);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(m, uint8_t *)[59], 9);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_vlan_soft), 2);
	rte_pktmbuf_free(m);
	/* a runt that only claims to have a tag is left alone */
	m = frame(0);
	rte_pktmbuf_mtod(m, uint8_t *)[12] = 0x81;
	rte_pktmbuf_trim(m, 60 - 15);
	port_tx_burst(p, 0, &m, 1);
	CU_ASSERT_EQUAL(port_rx_burst(p, 0, &m, 1), 1);
	CU_ASSERT_EQUAL(m->pkt_len, 15);
	CU_ASSERT_FALSE(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED);
	rte_pktmbuf_free(m);
	port_close(p);
	ports_teardown();
}

/* One bad packet in a burst is dropped, its neighbours go out in order. */
static void one_bad_among_good(void)
{
	struct rte_mbuf *tx[5], *rx[8];
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_ring0", 1);
	for (uint8_t i = 0; i < 5; i++)
		tx[i] = frame(i);
	tx[2]->ol_flags = RTE_MBUF_F_TX_TCP_SEG;
	CU_ASSERT_EQUAL(port_tx_burst(p, 0, tx, 5), 4);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_tso), 1);
	CU_ASSERT_EQUAL_FATAL(port_rx_burst(p, 0, rx, 8), 4);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(rx[1], uint8_t *)[59], 1);
	CU_ASSERT_EQUAL(rte_pktmbuf_mtod(rx[2], uint8_t *)[59], 3);
	rte_pktmbuf_free_bulk(rx, 4);
	port_close(p);
	ports_teardown();
}

/* net_null takes no chains: they are sent as one mbuf. */
static void chain_to_a_device_without(void)
{
	struct rte_mbuf *m, *s;
	struct conf_port c;
	struct port *p;

	ports_setup();
	p = ports_open(&c, "net_null0", 1);
	m = frame(0);
	s = frame(0);
	rte_pktmbuf_chain(m, s);
	CU_ASSERT_EQUAL(port_tx_burst(p, 0, &m, 1), 1);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_linearised), 1);
	CU_ASSERT_EQUAL(ports_stat(p, 0, PORT_STAT_tx_bytes), 120);
	port_close(p);
	ports_teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(out_and_in),
	UNIT_CASE(full_device),
	UNIT_CASE(full_device_waits),
	UNIT_CASE(stuck_device),
	UNIT_CASE(vlan_both_ways),
	UNIT_CASE(one_bad_among_good),
	UNIT_CASE(chain_to_a_device_without),
};

UNIT_MAIN(cases)
