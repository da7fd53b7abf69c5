/* SPDX-License-Identifier: BSD-3-Clause */
/* How an idle worker sleeps: on the queues' interrupts where every port has them, else in naps. */
#include <time.h>
#include <rte_interrupts.h>

#include "port/port_priv.h"

#define NAP_MIN_US 10u
#define NAP_MAX_US 200u /* what an idle worker may add to a packet's latency */

static bool live(const struct port *p)
{
	return atomic_load_explicit(&p->live, memory_order_acquire);
}

/* Arm queue q; false when the port cannot wake us. */
static bool intr_arm(struct port *p, uint16_t q)
{
	struct port_queue *pq = &p->queue[q];
	if (!live(p))
		return true; /* nothing can arrive */
	if (!p->caps.rx_intr)
		return false;
	if (!pq->intr_on)
		pq->intr_on = rte_eth_dev_rx_intr_ctl_q(pq->id, pq->q, RTE_EPOLL_PER_THREAD,
				      RTE_INTR_EVENT_ADD, NULL) == 0;
	if (!pq->intr_on)
		return false;
	return rte_eth_dev_rx_intr_enable(pq->id, pq->q) == 0;
}

static void intr_disarm(struct port *p, uint16_t q)
{
	if (live(p) && p->queue[q].intr_on)
		rte_eth_dev_rx_intr_disable(p->queue[q].id, p->queue[q].q);
}

static void nap(struct port *const *ports, unsigned n, uint16_t q, uint32_t max_us)
{
	uint32_t us = NAP_MAX_US;
	struct timespec t = {0};

	/* the shortest nap of any port: all begin anew with traffic on one */
	for (unsigned i = 0; i < n; i++)
		us = RTE_MIN(us, (uint32_t)ports[i]->queue[q].nap_us);
	us = us == 0 ? NAP_MIN_US : RTE_MIN(us * 2, NAP_MAX_US);
	for (unsigned i = 0; i < n; i++)
		ports[i]->queue[q].nap_us = (uint16_t)us;
	t.tv_nsec = (long)RTE_MIN(us, max_us) * 1000;
	nanosleep(&t, NULL);
}

/* Did something arrive between the last burst and the arming? Not every device raises it again. */
static bool pending(struct port *const *ports, unsigned n, uint16_t q)
{
	for (unsigned i = 0; i < n; i++) {
		const struct port_queue *pq = &ports[i]->queue[q];

		if (live(ports[i]) && rte_eth_rx_queue_count(pq->id, pq->q) > 0)
			return true;
	}
	return false;
}

void port_wait(struct port *const *ports, unsigned n, uint16_t q, uint32_t timeout_us)
{
	struct rte_epoll_event ev[CONF_PORTS_MAX];
	unsigned armed = 0;

	/* epoll counts in milliseconds: a nearer deadline is napped towards */
	if (timeout_us >= 1000)
		while (armed < n && intr_arm(ports[armed], q))
			armed++;
	if (armed < n || n == 0)
		nap(ports, n, q, timeout_us);
	else if (!pending(ports, n, q))
		rte_epoll_wait_interruptible(
			RTE_EPOLL_PER_THREAD, ev, RTE_DIM(ev), (int)(timeout_us / 1000));
	while (armed-- > 0)
		intr_disarm(ports[armed], q);
}
