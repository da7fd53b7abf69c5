/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Chains and slices. True between calls:
 *   head == NULL <=> tail == NULL <=> bytes == 0 <=> truesize == 0, and then head_off == 0
 *   bytes    == sum of data_len - head_off;  head_off < head->data_len
 *   truesize == sum of buf_truesize()
 * The next links of a chain's mbufs are the chain's own: packets on the wire refer to the payload
 * by indirect mbufs, never by these links.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_mbuf_pool_ops.h>

#include "base/assert.h"
#include "buf/buf.h"

/* Control and worker threads each keep a cache; together they stay a small part of the pool. */
#define CACHE_MAX 256u
#define HDR_MIN   1024u /* a transmit ring full of bare ACKs */

/* Bytes of memory; test_worker_plan.c holds what is made of them against the heap. */
#define SLICE_COST 320u
#define OTHER_COST 812u /* a data mbuf's but for its room and slices, and half a header's */

/* See pool_create(): the pool knows no bus addresses, but where they are virtual ones we do. */
static void mbuf_init(struct rte_mempool *mp, void *arg, void *obj, unsigned i)
{
	rte_pktmbuf_init(mp, arg, obj, i);
	if (mp->flags & RTE_MEMPOOL_F_NO_IOVA_CONTIG)
		rte_mbuf_iova_set(obj, (uintptr_t)((struct rte_mbuf *)obj)->buf_addr);
}

/*
 * Which keeps the free ones. DPDK's default is a ring: the buffer that was free for longest comes
 * next, so that traffic passes through all of the pool's memory, whatever is in flight, and each
 * buffer comes from far away. A stack gives the one that was freed last, which is still in a cache.
 * What a platform has of its own, or its owner asked for, stays.
 */
static const char *pool_ops(void)
{
	const char *best = rte_mbuf_best_mempool_ops();

	return strcmp(best, RTE_MBUF_DEFAULT_MEMPOOL_OPS) == 0 ? "stack" : best;
}

/*
 * rte_pktmbuf_pool_create() with two differences. Where bus addresses are virtual ones, mbufs may
 * cross pages, so that a pool is one dense piece: without hugepages an mbuf would else take a whole
 * page, and net_af_xdp shares the pool with the kernel as n * size bytes: the rest never arrived.
 * And see pool_ops().
 */
static struct rte_mempool *pool_create(
	const char *name, const char *kind, uint32_t n, uint16_t room, int socket)
{
	struct rte_pktmbuf_pool_private priv = {
		.mbuf_data_room_size = room, .mbuf_priv_size = sizeof(struct pkt_meta)};
	unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
	unsigned size = sizeof(struct rte_mbuf) + sizeof(struct pkt_meta) + room;
	char full[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *mp;

	if ((size_t)snprintf(full, sizeof(full), "%s-%s", name, kind) >= sizeof(full))
		return NULL;
	mp = rte_mempool_create_empty(
		full, n, size, RTE_MIN(CACHE_MAX, n / 4), sizeof(priv), socket, flags);
	if (!mp)
		return NULL;
	rte_pktmbuf_pool_init(mp, &priv);
	if (rte_mempool_set_ops_byname(mp, pool_ops(), NULL) != 0 ||
		rte_mempool_populate_default(mp) < 0) {
		rte_mempool_free(mp);
		return NULL;
	}
	rte_mempool_obj_iter(mp, mbuf_init, NULL);
	return mp;
}

/* Slices of a data mbuf: one of 2 KB spans two segments of an Ethernet MSS. */
static uint32_t slices(uint32_t room)
{
	return room / 1024;
}

/*
 * hdr: a packet in flight mostly carries one data mbuf or more, so n / 2 headers outlast the data.
 * All pools have the same private size: buf_truesize() counts on it.
 */
int buf_pools_create_room(
	struct buf_pools *p, const char *name, uint32_t n_data, uint32_t room, int socket)
{
	uint32_t n_hdr = RTE_MAX(n_data / 2, HDR_MIN);

	ASSERT(room >= BUF_ROOM && room <= BUF_ROOM_MAX, "a buffer takes a packet");
	p->room = room;
	p->data = pool_create(name, "data", n_data, RTE_PKTMBUF_HEADROOM + room, socket);
	p->hdr = pool_create(name, "hdr", n_hdr, BUF_HDR_ROOM, socket);
	p->indirect = pool_create(name, "ind", n_data * slices(room), 0, socket);
	if (p->data && p->hdr && p->indirect)
		return 0;
	buf_pools_destroy(p);
	return -ENOMEM;
}

int buf_pools_create(struct buf_pools *p, const char *name, uint32_t n_data, int socket)
{
	return buf_pools_create_room(p, name, n_data, BUF_ROOM, socket);
}

uint32_t buf_pools_cost(uint32_t room)
{
	return OTHER_COST + room + slices(room) * SLICE_COST;
}

void buf_pools_destroy(struct buf_pools *p)
{
	rte_mempool_free(p->data);
	rte_mempool_free(p->hdr);
	rte_mempool_free(p->indirect);
	*p = (struct buf_pools){0};
}

uint32_t buf_pools_in_use(const struct buf_pools *p)
{
	return rte_mempool_in_use_count(p->data) + rte_mempool_in_use_count(p->hdr) +
	       rte_mempool_in_use_count(p->indirect);
}

/*
 * An indirect mbuf counts all of the mbuf that it is attached to, although the direct one may be
 * counted elsewhere too: that owner may go first, and then the slice alone pins the buffer.
 * Over-counting shuts a window early; under-counting would empty the pool.
 */
uint32_t buf_truesize(const struct rte_mbuf *m)
{
	uint32_t self = sizeof(*m) + m->priv_size;

	return m->buf_len + (RTE_MBUF_CLONED(m) ? 2 * self : self);
}

/* A fresh indirect mbuf over n bytes at off of seg's data, or NULL. seg is only read. */
static struct rte_mbuf *slice(
	struct rte_mbuf *seg, uint32_t off, uint32_t n, struct rte_mempool *indirect)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(indirect);

	if (unlikely(!m))
		return NULL;
	rte_pktmbuf_attach(m, seg);
	m->data_off = (uint16_t)(seg->data_off + off);
	m->data_len = (uint16_t)n;
	m->pkt_len = n;
	return m;
}

/* Put m (taken) behind c; its first skip bytes are consumed already, which only a head may be. */
static void put_tail(struct buf_chain *c, struct rte_mbuf *m, uint32_t skip)
{
	m->next = NULL;
	if (c->tail) {
		c->tail->next = m;
	} else {
		c->head = m;
		c->head_off = skip;
	}
	c->tail = m;
	c->bytes += m->data_len - skip;
	c->truesize += buf_truesize(m);
}

struct rte_mbuf *buf_chain_take(struct buf_chain *c)
{
	struct rte_mbuf *m = c->head;

	c->bytes -= m->data_len - c->head_off;
	c->truesize -= buf_truesize(m);
	c->head_off = 0;
	c->head = m->next;
	if (!c->head)
		c->tail = NULL;
	m->next = NULL;
	return m;
}

/* Make head_off 0, by a slice of the rest in place of the head. 0 or -ENOMEM (unchanged). */
static int square_head(struct buf_chain *c, struct rte_mempool *indirect)
{
	struct rte_mbuf *old = c->head, *m;

	m = slice(old, c->head_off, old->data_len - c->head_off, indirect);
	if (unlikely(!m))
		return -ENOMEM;
	m->next = old->next;
	c->head = m;
	c->head_off = 0;
	if (c->tail == old)
		c->tail = m;
	c->truesize += buf_truesize(m) - buf_truesize(old);
	rte_pktmbuf_free_seg(old);
	return 0;
}

/* All of src behind dst, by pointer. src->head_off is 0 or dst is empty. */
static void splice(struct buf_chain *dst, struct buf_chain *src)
{
	if (dst->tail) {
		dst->tail->next = src->head;
	} else {
		dst->head = src->head;
		dst->head_off = src->head_off;
	}
	dst->tail = src->tail;
	dst->bytes += src->bytes;
	dst->truesize += src->truesize;
	buf_chain_init(src);
}

void buf_chain_append(struct buf_chain *c, struct rte_mbuf *m)
{
	struct rte_mbuf *next;

	for (; m; m = next) {
		next = m->next;
		if (likely(m->data_len))
			put_tail(c, m, 0);
		else
			rte_pktmbuf_free_seg(m);
	}
}

int buf_chain_move(struct buf_chain *dst, struct buf_chain *src, struct rte_mempool *indirect)
{
	if (!src->head)
		return 0;
	if (src->head_off && dst->head && square_head(src, indirect) < 0)
		return -ENOMEM;
	splice(dst, src);
	return 0;
}

bool buf_chain_squeeze(struct buf_chain *dst, struct buf_chain *src)
{
	struct rte_mbuf *m = dst->tail;
	uint32_t n = src->bytes;

	if (!m || !RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1 ||
		n > (uint32_t)(m->buf_len - m->data_off - m->data_len))
		return false;
	buf_chain_read(src, 0, n, rte_pktmbuf_mtod_offset(m, void *, m->data_len));
	m->data_len = (uint16_t)(m->data_len + n);
	dst->bytes += n;
	buf_chain_free(src);
	return true;
}

/* The mbuf that straddles the boundary stays in src with a larger head_off; dst gets a slice. */
int buf_chain_split(
	struct buf_chain *dst, struct buf_chain *src, uint32_t n, struct rte_mempool *indirect)
{
	struct buf_cursor cut = buf_chain_seek(src, n);
	struct rte_mbuf *part = NULL;
	uint32_t start;

	if (!cut.seg)
		return buf_chain_move(dst, src, indirect);
	start = cut.seg == src->head ? src->head_off : 0;
	if (cut.off > start) {
		part = slice(cut.seg, start, cut.off - start, indirect);
		if (unlikely(!part))
			return -ENOMEM;
	}
	if (cut.seg != src->head && src->head_off && dst->head && square_head(src, indirect) < 0) {
		rte_pktmbuf_free(part);
		return -ENOMEM;
	}
	while (src->head != cut.seg) {
		uint32_t skip = src->head_off;

		put_tail(dst, buf_chain_take(src), skip);
	}
	if (part) {
		put_tail(dst, part, 0);
		src->head_off = cut.off;
		src->bytes -= part->data_len;
	}
	return 0;
}

int buf_chain_share(
	struct buf_chain *dst, const struct buf_chain *src, struct rte_mempool *indirect)
{
	struct buf_cursor at = buf_chain_seek(src, 0);
	struct buf_chain all = {0};

	for (; at.seg; at = (struct buf_cursor){at.seg->next, 0}) {
		struct rte_mbuf *m = slice(at.seg, at.off, at.seg->data_len - at.off, indirect);

		if (unlikely(!m)) {
			buf_chain_free(&all);
			return -ENOMEM;
		}
		put_tail(&all, m, 0);
	}
	(void)buf_chain_move(dst, &all, NULL); /* its head_off is 0 */
	return 0;
}

void buf_chain_consume(struct buf_chain *c, uint32_t n)
{
	ASSERT(n <= c->bytes, "consume within the chain");
	while (n) {
		uint32_t whole = c->head->data_len - c->head_off;

		if (n < whole) {
			c->head_off += n;
			c->bytes -= n;
			return;
		}
		n -= whole;
		rte_pktmbuf_free_seg(buf_chain_take(c));
	}
}

void buf_chain_cut(struct buf_chain *c, uint32_t n)
{
	struct rte_mbuf *m = c->head;
	uint32_t keep = n + c->head_off;

	if (n == 0) {
		buf_chain_free(c);
		return;
	}
	c->truesize = 0;
	for (; keep > m->data_len; m = m->next) {
		keep -= m->data_len;
		c->truesize += buf_truesize(m);
	}
	c->truesize += buf_truesize(m);
	m->data_len = (uint16_t)keep;
	c->bytes = n;
	c->tail = m;
	rte_pktmbuf_free(m->next);
	m->next = NULL;
}

void buf_chain_free(struct buf_chain *c)
{
	rte_pktmbuf_free(c->head);
	buf_chain_init(c);
}

void buf_chain_read(const struct buf_chain *c, uint32_t off, uint32_t n, void *out)
{
	struct buf_cursor at = buf_chain_seek(c, off);
	uint8_t *to = out;

	ASSERT(n <= c->bytes - off, "read within the chain");
	for (; n; at = (struct buf_cursor){at.seg->next, 0}) {
		uint32_t k = RTE_MIN(n, at.seg->data_len - at.off);

		memcpy(to, rte_pktmbuf_mtod_offset(at.seg, void *, at.off), k);
		to += k;
		n -= k;
	}
}

const void *buf_chain_peek(const struct buf_chain *c, uint32_t n, void *scratch)
{
	if (c->head && n <= c->head->data_len - c->head_off)
		return rte_pktmbuf_mtod_offset(c->head, void *, c->head_off);
	buf_chain_read(c, 0, n, scratch);
	return scratch;
}

int buf_chain_write(struct buf_chain *c, const void *data, uint32_t n, struct rte_mempool *pool)
{
	struct buf_chain fresh = {0};
	const uint8_t *from = data;

	while (n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
		uint32_t k;

		if (unlikely(!m)) {
			buf_chain_free(&fresh);
			return -ENOMEM;
		}
		k = RTE_MIN(n, (uint32_t)rte_pktmbuf_tailroom(m));
		ASSERT(k, "the pool has data room");
		memcpy(rte_pktmbuf_append(m, (uint16_t)k), from, k);
		put_tail(&fresh, m, 0);
		from += k;
		n -= k;
	}
	if (fresh.head)
		splice(c, &fresh);
	return 0;
}

struct buf_cursor buf_chain_seek(const struct buf_chain *c, uint32_t off)
{
	struct buf_cursor at = {c->head, c->head_off + off};

	ASSERT(off <= c->bytes, "seek within the chain");
	while (at.seg && at.off >= at.seg->data_len) {
		at.off -= at.seg->data_len;
		at.seg = at.seg->next;
	}
	return at;
}

int buf_slice(struct rte_mbuf *pkt, struct buf_cursor *at, uint32_t n, struct rte_mempool *indirect)
{
	struct rte_mbuf *first = NULL, **link = &first;
	struct buf_cursor cur = *at;
	uint32_t left = n, segs = 0;

	for (; left; segs++) {
		struct rte_mbuf *m;
		uint32_t k;

		ASSERT(cur.seg, "slice within the chain");
		k = RTE_MIN(left, cur.seg->data_len - cur.off);
		m = slice(cur.seg, cur.off, k, indirect);
		if (unlikely(!m)) {
			rte_pktmbuf_free(first);
			return -ENOMEM;
		}
		*link = m;
		link = &m->next;
		left -= k;
		cur.off += k;
		if (cur.off == cur.seg->data_len)
			cur = (struct buf_cursor){cur.seg->next, 0};
	}
	rte_pktmbuf_lastseg(pkt)->next = first;
	pkt->nb_segs = (uint16_t)(pkt->nb_segs + segs);
	pkt->pkt_len += n;
	*at = cur;
	return 0;
}
