/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/prctl.h>
#include <time.h>
#include <rte_cycles.h>

#include "bridge.h"

#define BURST     32
#define SPARE     8192u /* mbufs that rings of drivers may hold */
#define NS_PER_US 1000u
#define NAP_NS    50000u      /* what sleeping may add to a packet's delay */
#define MEMORY    (64u << 20) /* of the EAL itself and what ports take */

static uint64_t now_ns(const struct bridge *b)
{
	uint64_t cycles = rte_rdtsc() - b->tsc_start;

	return (uint64_t)((unsigned __int128)cycles * b->ns_per_cycle >> 32);
}

static void clock_init(struct bridge *b)
{
	b->ns_per_cycle = (uint64_t)(((unsigned __int128)WIRE_NS_PER_S << 32) / rte_get_tsc_hz());
	b->tsc_start = rte_rdtsc();
}

int bridge_init(struct bridge *b, const struct args *a, struct err *e)
{
	static const char *const name[2] = {"a", "b"};
	uint32_t mbufs = a->wire[0].packets + a->wire[1].packets + SPARE;
	struct buf_pools *pools = &b->pools;
	int rc;

	*b = (struct bridge){0};
	rc = eal_start(a, MEMORY + (uint64_t)mbufs * buf_pools_cost(BUF_ROOM), e);
	if (rc < 0)
		return rc;
	clock_init(b);
	if (buf_pools_create(pools, "wan", mbufs, SOCKET_ID_ANY) < 0)
		return err_set(e, ENOMEM, "no memory for --packets");
	for (unsigned i = 0; i < 2; i++) {
		b->conf[i] = (struct conf_port){
			.name = name[i], .device = a->device[i], .mtu = a->mtu, .promisc = true};
		b->port[i] = port_open(&b->conf[i], (uint8_t)i, 1, &pools, e);
		if (!b->port[i])
			return -EIO;
		cutter_init(&b->cutter[i], a->mtu, pools->data);
		b->wire[i] = wire_create(&a->wire[i], pools->data, now_ns(b));
		if (!b->wire[i])
			return err_set(e, ENOMEM, "no memory for --packets");
	}
	return 0;
}

void bridge_fini(struct bridge *b)
{
	for (unsigned i = 0; i < 2; i++) {
		wire_destroy(b->wire[i]);
		port_close(b->port[i]);
	}
	buf_pools_destroy(&b->pools);
	eal_stop();
}

/* The port has taken the VLAN tag out of the frame; it puts it back where this asks it to. */
static void as_sent(struct rte_mbuf *m)
{
	m->ol_flags = m->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED ? RTE_MBUF_F_TX_VLAN : 0;
}

/* A burst, put on the wire as packets. How many came. */
static uint16_t receive(struct bridge *b, unsigned d, uint64_t now)
{
	struct rte_mbuf *pkts[BURST], *m;
	uint16_t n = port_rx_burst(b->port[d], 0, pkts, BURST);

	for (uint16_t i = 0; i < n; i++) {
		cutter_put(&b->cutter[d], pkts[i]);
		while ((m = cutter_take(&b->cutter[d])) != NULL) {
			as_sent(m);
			wire_push(b->wire[d], m, now);
		}
	}
	return n;
}

/* What has arrived by now goes on. False: the port has no room for all of it. */
static bool deliver(struct bridge *b, unsigned d, uint64_t now)
{
	struct rte_mbuf *pkts[BURST];
	struct port *to = b->port[!d];

	while (port_tx_flush(to, 0, now / NS_PER_US)) {
		uint16_t n = wire_pull(b->wire[d], pkts, BURST, now);

		if (n == 0)
			return true;
		port_tx_post(to, 0, pkts, n, now / NS_PER_US);
	}
	return false;
}

/* Both ways: what is due goes on, and a burst comes in where that left nothing behind: a port that
 * is full is a line at its rate, and makes the one before it wait. Did anything come? */
static bool turn(struct bridge *b)
{
	bool came = false;

	for (unsigned d = 0; d < 2; d++) {
		uint64_t now = now_ns(b);

		if (!deliver(b, d, now) || receive(b, d, now) == 0)
			continue;
		deliver(b, d, now);
		came = true;
	}
	return came;
}

/* Sleep until the next packet is due, or a little while if that is far: others may come in. */
static void nap(const struct bridge *b)
{
	uint64_t now = now_ns(b), at, ns = NAP_NS;
	struct timespec t = {0};

	for (unsigned d = 0; d < 2; d++)
		if (wire_next(b->wire[d], &at))
			ns = (int64_t)(at - now) <= 0 ? 0 : RTE_MIN(ns, at - now);
	t.tv_nsec = (long)ns;
	if (ns)
		nanosleep(&t, NULL);
}

static int links_look(struct bridge *b, struct err *e)
{
	for (unsigned i = 0; i < 2; i++)
		if (port_link_poll(b->port[i]) == PORT_EV_GONE)
			return err_set(e, ENODEV, "port %s: the device is gone", b->conf[i].name);
	return 0;
}

/* What the script has for now. */
static void script_play(struct bridge *b, struct args *a, uint64_t elapsed)
{
	const struct script_step *step;

	while ((step = script_take(&a->script, elapsed)) != NULL) {
		for (unsigned d = 0; d < 2; d++)
			wire_change(b->wire[d], &step->conf[d], now_ns(b));
		if (a->stats)
			report_step(step, a->json);
	}
}

/* Until *stop, or the duration's end. */
static bool over(const struct args *a, uint64_t elapsed, const volatile sig_atomic_t *stop)
{
	return *stop || (a->duration && elapsed >= a->duration);
}

int bridge_run(struct bridge *b, struct args *a, const volatile sig_atomic_t *stop, struct err *e)
{
	uint64_t start = now_ns(b), elapsed, second = 0;
	int rc = 0;

	/* else the kernel adds 50 us to each nap */
	prctl(PR_SET_TIMERSLACK, 1);
	while (rc == 0 && !over(a, elapsed = now_ns(b) - start, stop)) {
		script_play(b, a, elapsed);
		if (!turn(b) && a->sleep)
			nap(b);
		if (elapsed < second)
			continue;
		rc = links_look(b, e);
		if (a->stats && second)
			report_second(b, elapsed, now_ns(b), a->json);
		second += WIRE_NS_PER_S;
	}
	return rc;
}
