/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of a memif in one process: the only driver with a peer, and with real chains in shared
 * memory, that needs no rights. The two connect in DPDK's interrupt thread, which is waited for.
 */
#include <unistd.h>
#include <rte_alarm.h>
#include <rte_cycles.h>

#include "packets.h"

#define QUEUES 2
#define BURST  24
#define ROUNDS 200
#define SENT   (BURST * ROUNDS / QUEUES) /* by each queue */
#define WAITS  10000                     /* of a millisecond */

/* One end; the port keeps the pointers to the other two. */
struct end {
	struct conf_port conf;
	char device[96];
	struct port *port;
};

static struct end server, client;

/* A packet as it must arrive. */
struct shot {
	uint8_t bytes[2048];
	uint32_t len;
	uint16_t tci;
	bool tag;
};

static void raise_flag(void *flag)
{
	atomic_store_explicit((atomic_bool *)flag, true, memory_order_release);
}

/* Alarms run in the interrupt thread: after ours it is through with what it was at. */
static void interrupts_done(void)
{
	static atomic_bool done; /* pairs with the release in raise_flag() */

	atomic_store_explicit(&done, false, memory_order_relaxed);
	CU_ASSERT_EQUAL_FATAL(rte_eal_alarm_set(1, raise_flag, &done), 0);
	for (unsigned i = 0; !atomic_load_explicit(&done, memory_order_acquire); i++) {
		CU_ASSERT_FATAL(i < WAITS);
		rte_delay_us_sleep(1000);
	}
}

/*
 * The port's next event is ev, and comes. The driver tells of it before it is done (at its peer's
 * end it then frees the shared memory, without a lock against a close).
 */
static void await(struct end *e, enum port_event ev)
{
	enum port_event got = PORT_EV_NONE;

	for (unsigned i = 0; got == PORT_EV_NONE && i < WAITS; i++) {
		got = port_link_poll(e->port);
		if (got == PORT_EV_NONE)
			rte_delay_us_sleep(1000);
	}
	CU_ASSERT_EQUAL_FATAL(got, ev);
	interrupts_done();
}

/* An abstract socket that no other run has; the server's option is its argument, too. */
static void open_end(struct end *e, const char *role, unsigned serial)
{
	snprintf(e->device, sizeof(e->device), "net_memif_%s,role=%s,socket=penstock-test-%d-%u",
		role, role, (int)getpid(), serial);
	e->port = ports_open(&e->conf, e->device, QUEUES);
}

/* No end is up before both are there. Buffers for what the server sends are offered by the
 * client's first burst on a queue. */
static void connect_ends(void)
{
	static unsigned serial;
	struct rte_mbuf *m;

	ports_setup();
	open_end(&server, "server", ++serial);
	CU_ASSERT_EQUAL(port_link_poll(server.port), PORT_EV_NONE);
	CU_ASSERT_EQUAL(port_state(server.port), PORT_DOWN);
	open_end(&client, "client", serial);
	await(&server, PORT_EV_UP);
	await(&client, PORT_EV_UP);
	for (uint16_t q = 0; q < QUEUES; q++)
		CU_ASSERT_EQUAL(port_rx_burst(client.port, q, &m, 1), 0);
}

/* Whoever stays sees the other go; nothing of either is left. */
static void close_ends(struct end *first, struct end *last)
{
	port_close(first->port);
	await(last, PORT_EV_DOWN);
	port_close(last->port);
	CU_ASSERT_EQUAL(rte_eth_dev_count_avail(), 0);
	ports_teardown();
}

/* Write the checksums where there is zero (IP) or the pseudo-header's sum (TCP, UDP). */
static void sums_by_the_book(struct shot *s, bool v6, bool tcp)
{
	uint32_t l4 = L2 + (v6 ? 40 : 20), at = l4 + (tcp ? 16 : 6);
	uint16_t sum = (uint16_t)~book_sum(s->bytes + l4, s->len - l4, 0);

	if (sum == 0 && !tcp)
		sum = 0xffff; /* RFC 768 */
	s->bytes[at] = (uint8_t)(sum >> 8);
	s->bytes[at + 1] = (uint8_t)sum;
	if (v6)
		return;
	memset(s->bytes + L2 + 10, 0, 2);
	sum = (uint16_t)~book_sum(s->bytes + L2, 20, 0);
	s->bytes[L2 + 10] = (uint8_t)(sum >> 8);
	s->bytes[L2 + 11] = (uint8_t)sum;
}

/* A packet of any kind and length, odd ones as often as even; s is what must arrive. */
static struct rte_mbuf *load(struct shot *s)
{
	bool v6 = rand_below(&rnd, 2), tcp = rand_below(&rnd, 2);
	uint32_t n = rand_below(&rnd, 1500 - 60 + 1);
	struct rte_mbuf *m = header(v6, tcp, n);
	const void *from;

	attach(m, n);
	s->tag = rand_below(&rnd, 4) == 0;
	s->tci = (uint16_t)rand_next(&rnd);
	m->vlan_tci = s->tci;
	m->ol_flags |= s->tag ? RTE_MBUF_F_TX_VLAN : 0;
	s->len = m->pkt_len;
	from = rte_pktmbuf_read(m, 0, s->len, s->bytes);
	if (from != s->bytes)
		memcpy(s->bytes, from, s->len);
	sums_by_the_book(s, v6, tcp);
	return m;
}

static void compare(struct rte_mbuf *m, const struct shot *s)
{
	uint8_t flat[2048];

	CU_ASSERT_EQUAL_FATAL(m->pkt_len, s->len);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_read(m, 0, s->len, flat), s->bytes, s->len), 0);
	CU_ASSERT_EQUAL(!!(m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED), s->tag);
	if (s->tag)
		CU_ASSERT_EQUAL(m->vlan_tci, s->tci);
	rte_pktmbuf_free(m);
}

/* All that is there; how many. The driver may take several bursts over it. */
static uint16_t receive(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n = 0, took = 1;

	while (took > 0 && n < max) {
		took = port_rx_burst(p, q, pkts + n, max - n);
		n += took;
	}
	return n;
}

/* What is sent arrives whole and in order on the queue that it was sent on, and on no other. */
static void shoot(struct port *from, struct port *to, uint16_t q)
{
	static struct shot shots[BURST];
	struct rte_mbuf *pkts[BURST + 1];

	for (unsigned i = 0; i < BURST; i++)
		pkts[i] = load(&shots[i]);
	CU_ASSERT_EQUAL_FATAL(port_tx_burst(from, q, pkts, BURST), BURST);
	CU_ASSERT_EQUAL(port_rx_burst(to, !q, pkts, 1), 0);
	CU_ASSERT_EQUAL_FATAL(receive(to, q, pkts, BURST + 1), BURST);
	for (unsigned i = 0; i < BURST; i++)
		compare(pkts[i], &shots[i]);
}

/* The rings of 1024 slots wrap. */
static void chains_both_ways(void)
{
	rand_seed(&rnd, unit_seed(0x6d656d69));
	payload_fill();
	connect_ends();
	for (unsigned i = 0; i < ROUNDS; i++) {
		shoot(server.port, client.port, i % QUEUES);
		shoot(client.port, server.port, i % QUEUES);
	}
	for (uint16_t q = 0; q < QUEUES; q++) {
		CU_ASSERT_EQUAL(ports_stat(server.port, q, PORT_STAT_csum_soft), SENT);
		CU_ASSERT_EQUAL(ports_stat(client.port, q, PORT_STAT_rx_packets), SENT);
		CU_ASSERT_EQUAL(ports_stat(client.port, q, PORT_STAT_linearised), 0);
		CU_ASSERT_EQUAL(ports_stat(client.port, q, PORT_STAT_rx_bytes),
			ports_stat(server.port, q, PORT_STAT_tx_bytes));
	}
	close_ends(&client, &server);
}

static void either_may_go_first(void)
{
	connect_ends();
	close_ends(&server, &client);
	connect_ends();
	close_ends(&client, &server);
}

/* What is sent and never fetched is in shared memory: it holds no mbuf of ours. */
static void nobody_fetches(void)
{
	struct rte_mbuf *m[2];
	struct shot s;

	rand_seed(&rnd, unit_seed(0x6d656d6b));
	payload_fill();
	connect_ends();
	m[0] = load(&s);
	m[1] = load(&s);
	CU_ASSERT_EQUAL(port_tx_burst(client.port, 0, &m[0], 1), 1);
	CU_ASSERT_EQUAL(port_tx_burst(server.port, 0, &m[1], 1), 1);
	close_ends(&client, &server);
}

/* A server whose client has gone drops what it is given, and serves the next one. */
static void next_client(void)
{
	struct rte_mbuf *m;
	struct shot s;

	rand_seed(&rnd, unit_seed(0x6d656d6c));
	payload_fill();
	connect_ends();
	port_close(client.port);
	await(&server, PORT_EV_DOWN);
	m = load(&s);
	CU_ASSERT_EQUAL(port_tx_burst(server.port, 0, &m, 1), 0);
	CU_ASSERT_EQUAL(ports_stat(server.port, 0, PORT_STAT_tx_full), 1);
	client.port = ports_open(&client.conf, client.device, QUEUES);
	await(&server, PORT_EV_UP);
	await(&client, PORT_EV_UP);
	shoot(client.port, server.port, 1);
	close_ends(&client, &server);
}

static const struct unit_case cases[] = {
	UNIT_CASE(chains_both_ways),
	UNIT_CASE(either_may_go_first),
	UNIT_CASE(nobody_fetches),
	UNIT_CASE(next_client),
};

UNIT_MAIN(cases)
