/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between workers. A front connection lives where RSS puts its packets, so it is always at home.
 * Where the device has no RSS a flow may wander from queue to queue (af_packet's fanout rolls over,
 * a veth goes by the sender's socket): there our own hash of the flow tells the owner. A back
 * connection lives where its front does: its local port is chosen so that RSS brings the answers
 * there, and where RSS cannot be known (or lies), the port's number still tells the owner. What
 * arrives elsewhere is handed over. An ICMP error comes by any queue, for its addresses are not the
 * flow's (what RFC 7690 says of many hosts behind one address): the flow that it quotes tells where
 * it belongs, and where nothing tells, everybody gets it.
 */
#include <errno.h>
#include <rte_ring_elem.h>

#include "base/be.h"
#include "base/siphash.h"
#include "worker/worker_priv.h"

#define RING_LEARNED 256
#define EVERYBODY    UINT16_MAX

static struct rte_ring *link_ring(
	struct rte_ring *const *rings, unsigned n, unsigned from, unsigned to)
{
	return rings[from * n + to];
}

/* The rings of pair i of n * n. */
static int rings_create(struct worker_links *l, unsigned n, unsigned i, uint32_t handed)
{
	unsigned from = i / n, to = i % n;
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "pkts_%hu_%hu", (uint16_t)from, (uint16_t)to);
	l->pkts[i] = rte_ring_create(name, handed, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	snprintf(name, sizeof(name), "learned_%hu_%hu", (uint16_t)from, (uint16_t)to);
	l->learned[i] = rte_ring_create_elem(name, sizeof(struct net_learned), RING_LEARNED,
		SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return l->pkts[i] && l->learned[i] ? 0 : -ENOMEM;
}

struct worker_links *worker_links_create(unsigned n, uint32_t handed, struct err *e)
{
	struct worker_links *l = calloc(1, sizeof(*l));

	if (!l)
		goto fail;
	l->pkts = calloc(n * n, sizeof(struct rte_ring *));
	l->learned = calloc(n * n, sizeof(struct rte_ring *));
	if (!l->pkts || !l->learned)
		goto fail;
	for (unsigned i = 0; i < n * n; i++)
		if (i / n != i % n && rings_create(l, n, i, handed) < 0)
			goto fail;
	return l;
fail:
	worker_links_destroy(l, n);
	err_set(e, ENOMEM, "no memory for the rings between %u workers", n);
	return NULL;
}

void worker_links_destroy(struct worker_links *l, unsigned n)
{
	if (!l)
		return;
	for (unsigned i = 0; l->pkts && l->learned && i < n * n; i++) {
		struct rte_mbuf *m;

		while (l->pkts[i] && rte_ring_dequeue(l->pkts[i], (void **)&m) == 0)
			rte_pktmbuf_free(m);
		rte_ring_free(l->pkts[i]);
		rte_ring_free(l->learned[i]);
	}
	free(l->pkts);
	free(l->learned);
	free(l);
}

static unsigned addresses(const struct conf *conf)
{
	unsigned n = 0;

	for (unsigned i = 0; i < conf->n_listeners; i++)
		n += conf->listeners[i].n_addr;
	return n;
}

static bool has(const struct worker_listens *l, const struct ip_endpoint *at)
{
	if (!(l->ports[at->port / 64] >> at->port % 64 & 1))
		return false;
	for (unsigned i = 0; i < l->n; i++)
		if (l->at[i].port == at->port && ip_addr_eq(&l->at[i].addr, &at->addr))
			return true;
	return false;
}

static void add(struct worker_listens *l, const struct conf_listener *c)
{
	for (unsigned i = 0; i < c->n_addr; i++) {
		if (has(l, &c->addr[i]))
			continue;
		l->at[l->n++] = c->addr[i];
		l->ports[c->addr[i].port / 64] |= 1ull << c->addr[i].port % 64;
	}
}

struct worker_listens *worker_listens_create(const struct conf *const *confs, unsigned n)
{
	struct worker_listens *l;
	unsigned most = 0;

	for (unsigned i = 0; i < n; i++)
		most += addresses(confs[i]);
	l = calloc(1, sizeof(*l) + most * sizeof(l->at[0]));
	for (unsigned i = 0; l && i < n; i++)
		for (unsigned k = 0; k < confs[i]->n_listeners; k++)
			add(l, &confs[i]->listeners[k]);
	return l;
}

void worker_listens_destroy(struct worker_listens *l)
{
	free(l);
}

/* Is it one of our listeners'? Most packets that are not are told by their port alone. */
static bool is_listener(const struct worker *w, const struct ip_endpoint *at)
{
	return has(w->listens, at);
}

/* The worker that a front connection lives on. */
static uint16_t front_owner(const struct worker *w, const struct port *p, bool icmp,
	const struct ip_endpoint *remote, const struct ip_endpoint *local)
{
	const struct siphash_key key = {{w->cfg.seed[0], w->cfg.seed[1]}};
	const struct {
		struct ip_addr remote;
		uint16_t ports[2];
		uint32_t zero; /* no padding is hashed */
	} flow = {remote->addr, {remote->port, local->port}, 0};

	if (!port_caps(p)->rss)
		return (uint16_t)(siphash13(&key, &flow, sizeof(flow)) % w->cfg.n_workers);
	if (!icmp)
		return w->cfg.id;
	return port_rss_known(p) ? port_rss_queue(p, remote, local) : EVERYBODY;
}

/* The worker that a packet for TCP belongs to. */
static uint16_t owner_of(const struct worker *w, const struct port *p, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	bool icmp = meta->flags & PKT_F_ICMP_ERR; /* then src is ours: it quotes our packet */
	const struct be16 *ports = rte_pktmbuf_mtod_offset(m, const struct be16 *, meta->l4_off);
	struct ip_endpoint src = {meta->src, be16_get(ports[0])};
	struct ip_endpoint dst = {meta->dst, be16_get(ports[1])};
	const struct ip_endpoint *local = icmp ? &src : &dst, *remote = icmp ? &dst : &src;

	if (is_listener(w, local))
		return front_owner(w, p, icmp, remote, local);
	return relay_port_owner(local->port, w->cfg.n_workers);
}

static void hand_over(struct worker *w, uint16_t to, struct rte_mbuf *m)
{
	if (rte_ring_sp_enqueue(
		    link_ring(w->cfg.links->pkts, w->cfg.n_workers, w->cfg.id, to), m) == 0) {
		w->stat[WORKER_STAT_handed_over]++;
		return;
	}
	w->stat[WORKER_STAT_drop_ring_full]++;
	rte_pktmbuf_free(m);
}

/* Copies to all others. Without an mbuf for one it is lost, as on any wire. */
static void hand_copies(struct worker *w, struct rte_mbuf *m)
{
	for (uint16_t to = 0; to < w->cfg.n_workers; to++) {
		struct rte_mbuf *copy =
			to == w->cfg.id ? NULL : rte_pktmbuf_copy(m, m->pool, 0, UINT32_MAX);

		if (!copy)
			continue;
		*pkt_meta(copy) = *pkt_meta(m);
		hand_over(w, to, copy);
	}
}

/* Hand on what belongs to others; what is ours stays, moved to the front. Returns its count. */
uint16_t worker__steer(struct worker *w, uint8_t port, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t kept = 0;

	if (w->cfg.n_workers == 1)
		return n;
	for (uint16_t i = 0; i < n; i++) {
		uint16_t to = owner_of(w, w->ports[port], pkts[i]);

		if (to == EVERYBODY)
			hand_copies(w, pkts[i]);
		if (to == EVERYBODY || to == w->cfg.id)
			pkts[kept++] = pkts[i];
		else
			hand_over(w, to, pkts[i]);
	}
	return kept;
}

uint16_t worker__steer_take(struct worker *w, unsigned from, struct rte_mbuf **pkts, uint16_t max)
{
	unsigned n;

	if (from == w->cfg.id)
		return 0;
	n = rte_ring_sc_dequeue_burst(
		link_ring(w->cfg.links->pkts, w->cfg.n_workers, from, w->cfg.id), (void **)pkts,
		max, NULL);
	w->stat[WORKER_STAT_taken_over] += n;
	return (uint16_t)n;
}

/* What ARP and ND taught us to the others, and theirs to us. A full ring loses news: the neighbour
 * is asked again. */
void worker__news(struct worker *w)
{
	struct net_learned news[8];
	unsigned n, workers = w->cfg.n_workers;

	if (workers == 1)
		return;
	n = net_learned_take(w->net, news, RTE_DIM(news));
	for (unsigned to = 0; to < workers; to++) {
		if (to == w->cfg.id)
			continue;
		for (unsigned i = 0; i < n; i++)
			rte_ring_sp_enqueue_elem(
				link_ring(w->cfg.links->learned, workers, w->cfg.id, to), &news[i],
				sizeof(news[i]));
	}
	for (unsigned from = 0; from < workers; from++) {
		if (from == w->cfg.id)
			continue;
		while (rte_ring_sc_dequeue_elem(
			       link_ring(w->cfg.links->learned, workers, from, w->cfg.id), &news[0],
			       sizeof(news[0])) == 0)
			net_neigh_learn(w->net, &news[0], w->now);
	}
}
