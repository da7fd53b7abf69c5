/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's fate is settled when it is put in: whether and when it arrives. Then it waits in one
 * of two places. True between calls:
 *   the ring keeps order whatever jitter says: who would overtake waits behind its head;
 *   late ones lie in a binary heap by arrival, then by age;
 *   ring.n + late.n <= conf.packets, the size of either.
 */
#include <stdlib.h>
#include <rte_ether.h>

#include "base/assert.h"
#include "base/rand.h"
#include "wire.h"

/* Each draws from its own stream. */
enum draw { DRAW_LOSS, DRAW_BURST, DRAW_JITTER, DRAW_REORDER, DRAW_DUPLICATE, DRAW_CORRUPT, DRAWS };

struct held {
	struct rte_mbuf *m;
	uint64_t at;    /* arrival, ns */
	uint64_t order; /* of being put in */
};

struct wire {
	struct wire_conf conf;
	struct rte_mempool *pool;
	struct rand_state rnd[DRAWS];
	uint64_t stat[WIRE_STAT_N];
	uint64_t free_at; /* ns: the link has sent what it was given */
	uint64_t rest;    /* of the last division by the rate: bit ns/s */
	uint64_t order;   /* packets held so far */
	bool in_burst;
	struct {
		struct held *slot;
		uint32_t head, n; /* slot[head] is the next; wraps at conf.packets */
	} ring;
	struct {
		struct held *slot;
		uint32_t n; /* slot[0] is the next; the children of i are 2i + 1 and 2i + 2 */
	} late;
};

static const struct stat_name stat_names[] = {
#define X(name, text) {#name, text},
#include "wire_stat.def"
#undef X
};

static bool before(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) < 0;
}

static bool held_before(const struct held *a, const struct held *b)
{
	return a->at != b->at ? before(a->at, b->at) : a->order < b->order;
}

/* Uniform in [0, n), n > 0, as rand_below() and wider. */
static uint64_t below(struct rand_state *r, uint64_t n)
{
	return (uint64_t)((unsigned __int128)rand_next(r) * n >> 64);
}

static bool chance(struct wire *w, enum draw which, uint64_t p)
{
	return p && rand_next(&w->rnd[which]) >> 32 < p;
}

static void drop(struct wire *w, struct rte_mbuf *m, enum wire_stat code)
{
	w->stat[code]++;
	rte_pktmbuf_free(m);
}

struct wire *wire_create(const struct wire_conf *c, struct rte_mempool *pool, uint64_t now)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct rand_state seeds;

	ASSERT(c->jitter <= c->delay && c->delay <= WIRE_TIME_MAX && c->gap <= WIRE_TIME_MAX &&
			c->queue <= WIRE_QUEUE_MAX && c->packets > 0,
		"the sums of wire.c fit in 64 bits");
	if (!w)
		return NULL;
	w->conf = *c;
	w->pool = pool;
	w->free_at = now;
	rand_seed(&seeds, c->seed);
	for (unsigned i = 0; i < DRAWS; i++)
		rand_seed(&w->rnd[i], rand_next(&seeds));
	w->ring.slot = calloc(c->packets, sizeof(*w->ring.slot));
	w->late.slot = calloc(c->packets, sizeof(*w->late.slot));
	if (w->ring.slot && w->late.slot)
		return w;
	wire_destroy(w);
	return NULL;
}

static void ring_add(struct wire *w, struct held h)
{
	uint32_t at = w->ring.head + w->ring.n++;

	w->ring.slot[at < w->conf.packets ? at : at - w->conf.packets] = h;
}

static struct rte_mbuf *ring_take(struct wire *w)
{
	struct rte_mbuf *m = w->ring.slot[w->ring.head].m;

	w->ring.n--;
	if (++w->ring.head == w->conf.packets)
		w->ring.head = 0;
	return m;
}

static void late_add(struct wire *w, struct held h)
{
	struct held *slot = w->late.slot;
	uint32_t i = w->late.n++;

	for (; i && held_before(&h, &slot[(i - 1) / 2]); i = (i - 1) / 2)
		slot[i] = slot[(i - 1) / 2];
	slot[i] = h;
}

static struct rte_mbuf *late_take(struct wire *w)
{
	struct held *slot = w->late.slot, last = slot[--w->late.n];
	struct rte_mbuf *m = slot[0].m;
	uint32_t i = 0, kid;

	while ((kid = 2 * i + 1) < w->late.n) {
		if (kid + 1 < w->late.n && held_before(&slot[kid + 1], &slot[kid]))
			kid++;
		if (!held_before(&slot[kid], &last))
			break;
		slot[i] = slot[kid];
		i = kid;
	}
	slot[i] = last;
	return m;
}

/* Bytes that the link has still to send at now, before free_at. */
static uint64_t backlog(const struct wire *w, uint64_t now)
{
	const uint64_t unit = 8 * WIRE_NS_PER_S;
	unsigned __int128 bits = (unsigned __int128)(w->free_at - now) * w->conf.rate;

	return (uint64_t)((bits + unit - 1) / unit);
}

/* Give the link len bytes at now; *sent is when it has sent them. False: the queue is full. An idle
 * link takes any packet, however small the queue. */
static bool link_take(struct wire *w, uint32_t len, uint64_t now, uint64_t *sent)
{
	uint64_t work;

	*sent = now;
	if (!w->conf.rate)
		return true;
	if (!before(now, w->free_at)) {
		w->free_at = now;
		w->rest = 0;
	} else if (backlog(w, now) + len > w->conf.queue) {
		return false;
	}
	work = (uint64_t)len * 8 * WIRE_NS_PER_S + w->rest;
	w->free_at += work / w->conf.rate;
	w->rest = work % w->conf.rate;
	*sent = w->free_at;
	return true;
}

/* Gilbert's model: the mean burst is 1 / leave packets, the share lost enter / (enter + leave). */
static bool burst_lost(struct wire *w)
{
	if (!w->conf.burst_enter)
		return false;
	if (chance(w, DRAW_BURST, w->in_burst ? w->conf.burst_leave : w->conf.burst_enter))
		w->in_burst = !w->in_burst;
	return w->in_burst;
}

static bool lost(struct wire *w)
{
	bool in_burst = burst_lost(w);

	return chance(w, DRAW_LOSS, w->conf.loss) || in_burst;
}

/* Flip one bit behind the Ethernet header, so that it is the receiver's stack that must notice. */
static void corrupt(struct wire *w, struct rte_mbuf *m)
{
	uint32_t bit;

	if (m->pkt_len <= RTE_ETHER_HDR_LEN || !chance(w, DRAW_CORRUPT, w->conf.corrupt))
		return;
	bit = rand_below(&w->rnd[DRAW_CORRUPT], (m->pkt_len - RTE_ETHER_HDR_LEN) * 8) +
	      RTE_ETHER_HDR_LEN * 8;
	for (; bit / 8 >= m->data_len; m = m->next)
		bit -= m->data_len * 8u;
	*rte_pktmbuf_mtod_offset(m, uint8_t *, bit / 8) ^= (uint8_t)(1u << bit % 8);
	w->stat[WIRE_STAT_corrupted]++;
}

/* When a packet that the link has sent arrives, if nothing is in its way. */
static uint64_t arrival(struct wire *w, uint64_t sent)
{
	const struct wire_conf *c = &w->conf;
	uint64_t at = sent + c->delay;

	if (c->jitter)
		at += below(&w->rnd[DRAW_JITTER], 2 * c->jitter + 1) - c->jitter;
	return at;
}

static void hold(struct wire *w, struct rte_mbuf *m, uint64_t at, bool late)
{
	struct held h = {.m = m, .at = at, .order = w->order++};

	if (wire_held(w) == w->conf.packets) {
		drop(w, m, WIRE_STAT_no_room);
		return;
	}
	if (late)
		late_add(w, h);
	else
		ring_add(w, h);
}

void wire_push(struct wire *w, struct rte_mbuf *m, uint64_t now)
{
	struct rte_mbuf *copy = NULL;
	uint64_t sent, at;
	bool late;

	w->stat[WIRE_STAT_packets]++;
	if (!link_take(w, m->pkt_len, now, &sent)) {
		drop(w, m, WIRE_STAT_queue_full);
		return;
	}
	if (lost(w)) {
		drop(w, m, WIRE_STAT_lost);
		return;
	}
	corrupt(w, m);
	if (chance(w, DRAW_DUPLICATE, w->conf.duplicate))
		copy = rte_pktmbuf_copy(m, w->pool, 0, UINT32_MAX);
	at = arrival(w, sent);
	late = chance(w, DRAW_REORDER, w->conf.reorder);
	if (late) {
		at += w->conf.gap;
		w->stat[WIRE_STAT_reordered]++;
	}
	hold(w, m, at, late);
	if (copy) {
		w->stat[WIRE_STAT_duplicated]++;
		hold(w, copy, at, late);
	}
}

/* The next to arrive: of two at the same time the one that was not held back. */
static const struct held *next(const struct wire *w)
{
	const struct held *ring = w->ring.n ? &w->ring.slot[w->ring.head] : NULL;
	const struct held *late = w->late.n ? &w->late.slot[0] : NULL;

	if (!late)
		return ring;
	return ring && !before(late->at, ring->at) ? ring : late;
}

uint16_t wire_pull(struct wire *w, struct rte_mbuf **pkts, uint16_t max, uint64_t now)
{
	const struct held *h;
	uint16_t n = 0;

	while (n < max && (h = next(w)) && !before(now, h->at)) {
		pkts[n] = h == &w->late.slot[0] ? late_take(w) : ring_take(w);
		w->stat[WIRE_STAT_bytes] += pkts[n++]->pkt_len;
	}
	w->stat[WIRE_STAT_passed] += n;
	return n;
}

bool wire_next(const struct wire *w, uint64_t *at)
{
	const struct held *h = next(w);

	if (h)
		*at = h->at;
	return h;
}

uint32_t wire_held(const struct wire *w)
{
	return w->ring.n + w->late.n;
}

struct stat_block wire_stats(const struct wire *w)
{
	return (struct stat_block){
		.lib = "wire", .names = stat_names, .values = w->stat, .n = WIRE_STAT_N};
}

void wire_destroy(struct wire *w)
{
	if (!w)
		return;
	while (w->ring.n)
		rte_pktmbuf_free(ring_take(w));
	while (w->late.n)
		rte_pktmbuf_free(late_take(w));
	free(w->ring.slot);
	free(w->late.slot);
	free(w);
}
