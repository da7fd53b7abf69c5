/* SPDX-License-Identifier: BSD-3-Clause */
/* The data path: steps 1 and 8 of a worker's poll. */
#include <string.h>
#include <rte_ether.h>

#include "base/assert.h"
#include "port/port_priv.h"

#define TX_TRIES 8 /* calls in a row that took nothing: the device is full */

static void strip_vlan(struct port_queue *q, struct rte_mbuf *m)
{
	if (m->data_len < sizeof(struct rte_ether_hdr) + sizeof(struct rte_vlan_hdr))
		return;
	if (rte_vlan_strip(m) == 0)
		q->stat[PORT_STAT_vlan_soft]++;
}

uint16_t port_rx_burst(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n)
{
	struct port_queue *pq = &p->queue[q];
	uint64_t bytes = 0;

	/* pairs with the release in publish(), port.c */
	if (unlikely(!atomic_load_explicit(&p->live, memory_order_acquire)))
		return 0;
	n = rte_eth_rx_burst(pq->id, pq->q, pkts, n);
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		m->port = p->index;
		bytes += m->pkt_len;
		if (p->vlan_soft)
			strip_vlan(pq, m);
		if (unlikely(pq->rss_left))
			port__rss_check(p, q, m);
	}
	if (n)
		pq->nap_us = 0;
	pq->stat[PORT_STAT_rx_packets] += n;
	pq->stat[PORT_STAT_rx_bytes] += bytes;
	return n;
}

static void drop(struct port_queue *q, struct rte_mbuf **pkts, uint16_t n, enum port_stat code)
{
	q->stat[code] += n;
	rte_pktmbuf_free_bulk(pkts, n);
}

/* Replace each packet by what is to be sent of it, close the gaps; how many are left. */
static uint16_t finish(
	const struct port *p, struct port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (unlikely((m->ol_flags & p->soft_flags) || m->nb_segs > p->max_segs))
			m = port__finish(p, q, m);
		if (m)
			pkts[kept++] = m;
	}
	return kept;
}

/* Let the driver see to the offloads (Intel's pseudo-headers, virtio's tags); what it refuses is
 * dropped. How many are left. */
static uint16_t prepare(struct port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t done = 0;

	while ((done += rte_eth_tx_prepare(q->id, q->q, pkts + done, n - done)) < n) {
		drop(q, pkts + done, 1, PORT_STAT_tx_bad);
		n--;
		memmove(pkts + done, pkts + done + 1, (n - done) * sizeof(*pkts));
	}
	return n;
}

/* Finished and prepared, packets are what the device gets. How many are left. */
static uint16_t ready(struct port *p, struct port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	n = finish(p, q, pkts, n);
	return p->prepare ? prepare(q, pkts, n) : n;
}

/* Offer n <= PORT_TX_POST packets that are ready; how many, from the first, the device took. */
static uint16_t offer(struct port_queue *q, struct rte_mbuf **pkts, uint16_t n)
{
	uint32_t len[PORT_TX_POST]; /* a packet that was taken is no longer ours to read */
	unsigned tries = 0;
	uint16_t sent = 0;

	for (uint16_t i = 0; i < n; i++)
		len[i] = pkts[i]->pkt_len;
	while (sent < n && tries++ < TX_TRIES) {
		uint16_t took = rte_eth_tx_burst(q->id, q->q, pkts + sent, n - sent);

		if (took)
			tries = 0;
		sent += took;
	}
	for (uint16_t i = 0; i < sent; i++)
		q->stat[PORT_STAT_tx_bytes] += len[i];
	q->stat[PORT_STAT_tx_packets] += sent;
	return sent;
}

static bool is_live(const struct port *p)
{
	/* pairs with the release in publish(), port.c */
	return likely(atomic_load_explicit(&p->live, memory_order_acquire));
}

uint16_t port_tx_burst(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n)
{
	struct port_queue *pq = &p->queue[q];
	uint16_t sent = 0;

	if (!is_live(p)) {
		drop(pq, pkts, n, PORT_STAT_tx_gone);
		return 0;
	}
	for (uint32_t at = 0; at < n; at += PORT_TX_POST) {
		uint16_t left = ready(p, pq, pkts + at, RTE_MIN(n - at, PORT_TX_POST));
		uint16_t took = offer(pq, pkts + at, left);

		sent += took;
		if (unlikely(took < left))
			drop(pq, pkts + at + took, left - took, PORT_STAT_tx_full);
	}
	return sent;
}

bool port_tx_flush(struct port *p, uint16_t q, clock_us_t now)
{
	struct port_queue *pq = &p->queue[q];
	uint16_t sent;

	if (likely(pq->n_wait == 0))
		return true;
	if (!is_live(p)) {
		drop(pq, pq->wait, pq->n_wait, PORT_STAT_tx_gone);
		pq->n_wait = 0;
		return true;
	}
	sent = offer(pq, pq->wait, pq->n_wait);
	pq->n_wait -= sent;
	memmove(pq->wait, pq->wait + sent, pq->n_wait * sizeof(*pq->wait));
	if (sent)
		pq->since = now;
	if (now - pq->since >= PORT_PATIENCE_US) {
		pq->stuck = true;
		drop(pq, pq->wait, pq->n_wait, PORT_STAT_tx_full);
		pq->n_wait = 0;
	}
	return pq->n_wait == 0;
}

void port_tx_post(struct port *p, uint16_t q, struct rte_mbuf **pkts, uint16_t n, clock_us_t now)
{
	struct port_queue *pq = &p->queue[q];
	uint16_t sent;

	ASSERT(pq->n_wait == 0 && n <= PORT_TX_POST, "a burst after a flush");
	if (!is_live(p)) {
		drop(pq, pkts, n, PORT_STAT_tx_gone);
		return;
	}
	n = ready(p, pq, pkts, n);
	sent = offer(pq, pkts, n);
	if (sent)
		pq->stuck = false;
	if (likely(sent == n))
		return;
	if (pq->stuck) {
		drop(pq, pkts + sent, n - sent, PORT_STAT_tx_full);
		return;
	}
	pq->since = now;
	pq->n_wait = n - sent;
	memcpy(pq->wait, pkts + sent, pq->n_wait * sizeof(*pkts));
}
