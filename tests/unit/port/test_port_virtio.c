/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * net_vhost and net_virtio_user in one process: the only pair without rights or hardware that
 * negotiates checksums, TSO and LRO. They connect in threads of DPDK's, which are waited for.
 */
#include <unistd.h>
#include <rte_cycles.h>

#include "packets.h"

#define WAITS 10000 /* of a millisecond */
#define SUPER 2900  /* bytes of payload, and of a segment of it: */
#define SEG   1000

static struct conf_port conf[2];
static char device[2][128], socket_path[64];
static struct port *host, *guest;

static void await_up(struct port *p)
{
	for (unsigned i = 0; port_state(p) != PORT_UP && i < WAITS; i++) {
		port_link_poll(p);
		rte_delay_us_sleep(1000);
	}
	CU_ASSERT_EQUAL_FATAL(port_state(p), PORT_UP);
}

static void open_pair(uint16_t mtu, const char *host_args)
{
	static unsigned serial;
	struct err e = {""};

	ports_setup();
	serial++;
	snprintf(socket_path, sizeof(socket_path), P_tmpdir "/penstock-test-%d-%u", (int)getpid(),
		serial);
	snprintf(device[0], sizeof(device[0]), "net_vhost%u,iface=%s%s", serial, socket_path,
		host_args);
	snprintf(device[1], sizeof(device[1]), "net_virtio_user%u,path=%s,mrg_rxbuf=1", serial,
		socket_path);
	for (unsigned i = 0; i < 2; i++)
		conf[i] = (struct conf_port){.name = "p", .device = device[i], .mtu = mtu};
	host = port_open(&conf[0], 0, 1, ports_pools, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(host);
	guest = port_open(&conf[1], 1, 1, ports_pools, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(guest);
	await_up(host);
	await_up(guest);
}

static void close_pair(void)
{
	port_close(guest);
	port_close(host);
	unlink(socket_path);
	ports_teardown();
}

/* The next packet, or NULL. */
static struct rte_mbuf *next(struct port *p)
{
	struct rte_mbuf *m;

	for (unsigned i = 0; i < WAITS; i++) {
		if (port_rx_burst(p, 0, &m, 1) == 1)
			return m;
		rte_delay_us_sleep(1000);
	}
	return NULL;
}

/* A packet with n bytes of payload, of which each segment is to have seg; 0: not to be cut. */
static void shoot(struct port *from, struct port *to, bool v6, uint32_t n, uint16_t seg)
{
	struct rte_mbuf *m = header(v6, true, n), *in;
	uint32_t head = L2 + (v6 ? 40u : 20u) + 20u;
	uint8_t flat[PAYLOAD];

	m->l4_len = 20;
	if (!v6) /* no fragment: a driver looks into both headers */
		memset(rte_pktmbuf_mtod_offset(m, void *, L2 + 6), 0, 2);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, head - 8) = 5 << 4; /* the TCP header's length */
	if (seg) {
		m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
		m->tso_segsz = seg;
	}
	attach(m, n);
	CU_ASSERT_EQUAL(port_tx_burst(from, 0, &m, 1), 1);
	in = next(to);
	CU_ASSERT_PTR_NOT_NULL_FATAL(in);
	CU_ASSERT_EQUAL_FATAL(in->pkt_len, head + n);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_read(in, head, n, flat), payload, n), 0);
	CU_ASSERT_EQUAL(!!(in->ol_flags & RTE_MBUF_F_RX_LRO), seg != 0);
	if (seg)
		CU_ASSERT_EQUAL(in->tso_segsz, seg);
	/* never on a wire: nobody has to look at its sum */
	CU_ASSERT_EQUAL(in->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
	rte_pktmbuf_free(in);
}

/* Super-packets cross whole both ways, over IPv4 and IPv6, and bear what they would be cut to. */
static void super_packets(void)
{
	rand_seed(&rnd, unit_seed(0x7669));
	payload_fill();
	open_pair(1500, ",tso=1");
	CU_ASSERT(port_caps(host)->tso && port_caps(host)->tx_csum_tcp && port_caps(host)->scatter);
	CU_ASSERT(port_caps(guest)->tso && port_caps(guest)->tx_csum_tcp && port_caps(guest)->lro);
	for (unsigned i = 0; i < 300; i++) {
		shoot(host, guest, i & 1, SUPER, SEG);
		shoot(guest, host, i & 1, SUPER, SEG);
		shoot(host, guest, i & 1, 1 + i, 0);
		shoot(guest, host, i & 1, 1 + i, 0);
	}
	CU_ASSERT_EQUAL(ports_stat(host, 0, PORT_STAT_tx_packets), 600);
	CU_ASSERT_EQUAL(ports_stat(guest, 0, PORT_STAT_linearised), 0);
	close_pair();
}

/* Without tso=1 nobody has agreed to them. */
static void not_agreed(void)
{
	open_pair(1500, "");
	CU_ASSERT_FALSE(port_caps(host)->tso);
	close_pair();
}

/* Frames longer than an mbuf arrive as chains. */
static void jumbo(void)
{
	rand_seed(&rnd, unit_seed(0x6a));
	payload_fill();
	open_pair(9000, ",tso=1");
	CU_ASSERT_EQUAL(port_mtu(host), 9000);
	for (unsigned i = 0; i < 50; i++) {
		shoot(host, guest, false, SUPER, 0);
		shoot(guest, host, false, SUPER, 0);
	}
	close_pair();
}

static const struct unit_case cases[] = {
	UNIT_CASE(super_packets), UNIT_CASE(not_agreed), UNIT_CASE(jumbo)};
UNIT_MAIN(cases)
