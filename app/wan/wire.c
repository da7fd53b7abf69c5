/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A packet's fate is settled when it is put in: whether and when it arrives. Then it waits in one
 * of two places. Only a change of the rate moves an arrival, that of those whom the link has not
 * yet sent. True between calls:
 *   the ring keeps order whatever jitter says: who would overtake waits behind its head;
 *   late ones lie in a binary heap by arrival, then by age;
 *   ring.n + late.n <= conf.packets, the size of either;
 *   the link is busy without a pause until free_at, with what was put in, lost or not.
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
	uint64_t in;    /* ns, when it was put in, */
	uint64_t sent;  /* when the link has sent it, */
	uint64_t at;    /* when it arrives */
	uint64_t order; /* of being put in */
};

struct wire {
	struct wire_conf conf;
	struct rte_mempool *pool;
	struct rand_state rnd[DRAWS];
	uint64_t stat[WIRE_STAT_N];
	struct stat_hist delays; /* us */
	uint64_t free_at;        /* ns: the link has sent what it was given */
	uint64_t rest;           /* of the last division by the rate: bit ns/s */
	uint64_t order;          /* packets held so far */
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

static void conf_assert(const struct wire_conf *c)
{
	ASSERT(c->jitter <= c->delay && c->delay <= WIRE_TIME_MAX && c->gap <= WIRE_TIME_MAX &&
			c->queue <= WIRE_QUEUE_MAX && c->packets > 0,
		"the sums of wire.c fit in 64 bits");
}

struct wire *wire_create(const struct wire_conf *c, struct rte_mempool *pool, uint64_t now)
{
	struct wire *w = calloc(1, sizeof(*w));
	struct rand_state seeds;

	conf_assert(c);
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

/* The i-th from the head. */
static struct held *ring_at(struct wire *w, uint32_t i)
{
	uint32_t at = w->ring.head + i;

	return &w->ring.slot[at < w->conf.packets ? at : at - w->conf.packets];
}

static void ring_add(struct wire *w, struct held h)
{
	*ring_at(w, w->ring.n++) = h;
}

static struct held ring_take(struct wire *w)
{
	struct held h = w->ring.slot[w->ring.head];

	w->ring.n--;
	if (++w->ring.head == w->conf.packets)
		w->ring.head = 0;
	return h;
}

static void late_add(struct wire *w, struct held h)
{
	struct held *slot = w->late.slot;
	uint32_t i = w->late.n++;

	for (; i && held_before(&h, &slot[(i - 1) / 2]); i = (i - 1) / 2)
		slot[i] = slot[(i - 1) / 2];
	slot[i] = h;
}

static struct held late_take(struct wire *w)
{
	struct held *slot = w->late.slot, first = slot[0], last = slot[--w->late.n];
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
	return first;
}

/* Rounded up; what is left of the packet that is being sent is among them. */
uint64_t wire_queued(const struct wire *w, uint64_t now)
{
	const uint64_t unit = 8 * WIRE_NS_PER_S;
	unsigned __int128 bits;

	if (!w->conf.rate || !before(now, w->free_at))
		return 0;
	bits = (unsigned __int128)(w->free_at - now) * w->conf.rate;
	return (uint64_t)((bits + unit - 1) / unit);
}

/* Give the link len bytes at now; *sent is when it has sent them. False: the queue is full. An idle
 * link takes any packet, however small the queue. */
static bool link_take(struct wire *w, uint32_t len, uint64_t now, uint64_t *sent)
{
	uint64_t work, queued = wire_queued(w, now) + len;

	*sent = now;
	if (!w->conf.rate)
		return true;
	if (!before(now, w->free_at)) {
		w->free_at = now;
		w->rest = 0;
	} else if (queued > w->conf.queue) {
		return false;
	}
	w->stat[WIRE_STAT_queue_peak] = RTE_MAX(w->stat[WIRE_STAT_queue_peak], queued);
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

/* Both draw, whatever the other says. */
static bool lost(struct wire *w, struct rte_mbuf *m)
{
	bool in_burst = burst_lost(w), by_chance = chance(w, DRAW_LOSS, w->conf.loss);

	if (by_chance || in_burst)
		drop(w, m, by_chance ? WIRE_STAT_lost : WIRE_STAT_burst_lost);
	return by_chance || in_burst;
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

static void hold(struct wire *w, struct held h, bool late)
{
	h.order = w->order++;
	if (wire_held(w) == w->conf.packets) {
		drop(w, h.m, WIRE_STAT_no_room);
		return;
	}
	if (late)
		late_add(w, h);
	else
		ring_add(w, h);
}

void wire_push(struct wire *w, struct rte_mbuf *m, uint64_t now)
{
	struct held h = {.m = m, .in = now};
	struct rte_mbuf *copy = NULL;
	bool late;

	w->stat[WIRE_STAT_packets]++;
	if (w->conf.down) {
		drop(w, m, WIRE_STAT_link_down);
		return;
	}
	if (!link_take(w, m->pkt_len, now, &h.sent)) {
		drop(w, m, WIRE_STAT_queue_full);
		return;
	}
	if (lost(w, m))
		return;
	corrupt(w, m);
	if (chance(w, DRAW_DUPLICATE, w->conf.duplicate))
		copy = rte_pktmbuf_copy(m, w->pool, 0, UINT32_MAX);
	h.at = arrival(w, h.sent);
	late = chance(w, DRAW_REORDER, w->conf.reorder);
	if (late) {
		h.at += w->conf.gap;
		w->stat[WIRE_STAT_reordered]++;
	}
	hold(w, h, late);
	if (copy) {
		w->stat[WIRE_STAT_duplicated]++;
		h.m = copy;
		hold(w, h, late);
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
	const struct held *first;
	uint16_t n = 0;

	while (n < max && (first = next(w)) && !before(now, first->at)) {
		struct held h = first == &w->late.slot[0] ? late_take(w) : ring_take(w);

		stat_hist_add(&w->delays, (now - h.in) / 1000);
		w->stat[WIRE_STAT_bytes] += h.m->pkt_len;
		pkts[n++] = h.m;
	}
	w->stat[WIRE_STAT_passed] += n;
	return n;
}

/* When the link, busy until then, reaches at `rate` what it would have reached at t. */
static uint64_t rerated(const struct wire *w, uint64_t t, uint64_t rate, uint64_t now)
{
	if (!before(now, t))
		return t;
	return rate ? now + (uint64_t)((unsigned __int128)(t - now) * w->conf.rate / rate) : now;
}

static void held_rerate(const struct wire *w, struct held *h, uint64_t rate, uint64_t now)
{
	uint64_t sent = rerated(w, h->sent, rate, now);

	h->at += sent - h->sent;
	h->sent = sent;
}

static void link_rerate(struct wire *w, uint64_t rate, uint64_t now)
{
	uint32_t n = w->late.n;

	for (uint32_t i = 0; i < w->ring.n; i++)
		held_rerate(w, ring_at(w, i), rate, now);
	/* arrivals moved: the heap is made anew, in place */
	for (w->late.n = 0; w->late.n < n;) {
		struct held h = w->late.slot[w->late.n];

		held_rerate(w, &h, rate, now);
		late_add(w, h);
	}
	w->free_at = rerated(w, w->free_at, rate, now);
	w->rest = 0;
}

void wire_change(struct wire *w, const struct wire_conf *c, uint64_t now)
{
	conf_assert(c);
	ASSERT(c->packets == w->conf.packets, "the ring and the heap were made for them");
	if (c->rate != w->conf.rate)
		link_rerate(w, c->rate, now);
	if (!c->burst_enter)
		w->in_burst = false;
	w->conf = *c;
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

const struct stat_hist *wire_delays(const struct wire *w)
{
	return &w->delays;
}

void wire_destroy(struct wire *w)
{
	if (!w)
		return;
	while (w->ring.n)
		rte_pktmbuf_free(ring_take(w).m);
	while (w->late.n)
		rte_pktmbuf_free(late_take(w).m);
	free(w->ring.slot);
	free(w->late.slot);
	free(w);
}
