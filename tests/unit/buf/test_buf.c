/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base/rand.h"
#include "buf/buf.h"
#include "pools.h"

#define N_DATA   256
#define N_CHAINS 3
#define MAX_LEN  30000 /* a model's bytes */
#define N_FLIGHT 16
#define MAX_PKT  3000
#define STEPS    20000

static struct buf_pools pools;
static struct rand_state rnd;

/* A chain and the plain bytes that it must equal. */
struct model {
	struct buf_chain chain;
	uint32_t n;
	uint8_t bytes[MAX_LEN];
};

/* A packet that the wire still holds, and what it must say until it is freed. */
struct flight {
	struct rte_mbuf *pkt; /* NULL: free place */
	uint32_t n;
	uint8_t bytes[MAX_PKT];
};

static struct model models[N_CHAINS];
static struct flight flights[N_FLIGHT];
static uint8_t scratch[MAX_LEN];

static void setup(void)
{
	pools_begin(&pools, N_DATA);
	UNIT_NO_LEAK(&pools);
	memset(models, 0, sizeof(models));
	memset(flights, 0, sizeof(flights));
}

static void teardown(void)
{
	pools_end(&pools);
}

/* One mbuf of n bytes, each a function of its place in the stream. */
static struct rte_mbuf *frame(uint32_t first, uint16_t n)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	uint8_t *p;

	CU_ASSERT_PTR_NOT_NULL_FATAL(m);
	p = (uint8_t *)rte_pktmbuf_append(m, n);
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(first + i);
	return m;
}

/* The promises at the head of buf.c. */
static void check_shape(const struct buf_chain *c)
{
	uint32_t bytes = 0, truesize = 0;
	const struct rte_mbuf *last = NULL;

	for (const struct rte_mbuf *m = c->head; m; m = m->next) {
		CU_ASSERT_FATAL(m->data_len > 0);
		bytes += m->data_len;
		truesize += buf_truesize(m);
		last = m;
	}
	CU_ASSERT_PTR_EQUAL_FATAL(c->tail, last);
	CU_ASSERT_EQUAL_FATAL(c->bytes, bytes - c->head_off);
	CU_ASSERT_EQUAL_FATAL(c->truesize, truesize);
	CU_ASSERT_FATAL(c->head ? c->head_off < c->head->data_len : c->head_off == 0);
}

/* The chain says: k bytes counting up from first. */
static void check_bytes(const struct buf_chain *c, uint32_t first, uint32_t k)
{
	check_shape(c);
	CU_ASSERT_EQUAL_FATAL(c->bytes, k);
	buf_chain_read(c, 0, k, scratch);
	for (uint32_t i = 0; i < k; i++)
		CU_ASSERT_FATAL(scratch[i] == (uint8_t)(first + i));
}

/* Take every free mbuf of a pool but keep; they come back linked by next. */
static struct rte_mbuf *drain(struct rte_mempool *pool, uint32_t keep)
{
	struct rte_mbuf *all = NULL, *m;

	while (rte_mempool_avail_count(pool) > keep && (m = rte_pktmbuf_alloc(pool))) {
		m->next = all;
		all = m;
	}
	return all;
}

static void pools_have_private_areas(void)
{
	struct rte_mempool *all[3];

	setup();
	all[0] = pools.data;
	all[1] = pools.hdr;
	all[2] = pools.indirect;
	for (int i = 0; i < 3; i++) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(all[i]);

		CU_ASSERT_PTR_NOT_NULL_FATAL(m);
		CU_ASSERT_EQUAL(m->priv_size, sizeof(struct pkt_meta));
		memset(pkt_meta(m), 0xff, sizeof(struct pkt_meta));
		CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 1);
		rte_pktmbuf_free(m);
	}
	teardown();
	CU_ASSERT_PTR_NULL(pools.data);
}

static void pools_fail_whole(void)
{
	struct buf_pools second, third;
	struct rte_mempool *blocker;

	setup();
	CU_ASSERT_EQUAL(
		buf_pools_create(&second, "a-name-that-is-too-long-for-dpdk", 64, 0), -ENOMEM);
	CU_ASSERT_EQUAL(buf_pools_create(&second, "more", 1u << 20, SOCKET_ID_ANY), -ENOMEM);
	CU_ASSERT(!second.data && !second.hdr && !second.indirect);
	blocker = rte_pktmbuf_pool_create("more-ind", 15, 0, 0, 0, SOCKET_ID_ANY);
	CU_ASSERT_EQUAL(buf_pools_create(&second, "more", 64, SOCKET_ID_ANY), -ENOMEM);
	rte_mempool_free(blocker);
	/* the failures left no pool behind that would hold the name */
	CU_ASSERT_EQUAL(buf_pools_create(&second, "more", 64, SOCKET_ID_ANY), 0);
	CU_ASSERT_EQUAL(buf_pools_create(&third, "more", 64, SOCKET_ID_ANY), -ENOMEM);
	buf_pools_destroy(&second);
	teardown();
}

/* Traffic stays in the memory that it needs, with more under way than a thread's cache holds. */
static void freed_last_comes_next(void)
{
	enum { N = 8192, BURST = 1024 };
	static struct rte_mbuf *m[BURST], *seen[N];
	struct buf_pools big;
	unsigned n = 0, k;

	CU_ASSERT_EQUAL_FATAL(buf_pools_create(&big, "big", N, SOCKET_ID_ANY), 0);
	for (unsigned round = 0; round < 32; round++) {
		CU_ASSERT_EQUAL_FATAL(rte_pktmbuf_alloc_bulk(big.data, m, BURST), 0);
		for (unsigned i = 0; i < BURST; i++) {
			for (k = 0; k < n && seen[k] != m[i]; k++)
				;
			if (k == n)
				seen[n++] = m[i];
		}
		rte_pktmbuf_free_bulk(m, BURST);
	}
	CU_ASSERT(n >= BURST && n <= 2 * BURST);
	buf_pools_destroy(&big);
}

static void append_drops_empty_segments(void)
{
	struct buf_chain c = {0};
	struct rte_mbuf *m;

	setup();
	m = frame(0, 0);
	m->next = frame(0, 3);
	m->next->next = frame(0, 0);
	m->next->next->next = frame(3, 5);
	m->nb_segs = 4;
	buf_chain_append(&c, m);
	check_bytes(&c, 0, 8);
	CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 2);
	buf_chain_append(&c, frame(0, 0));
	check_bytes(&c, 0, 8);
	buf_chain_free(&c);
	check_bytes(&c, 0, 0);
	teardown();
}

/* A cut inside an mbuf changes nothing of it: it may be on the wire. */
static void cut_leaves_the_payload_alone(void)
{
	struct buf_chain a = {0}, b = {0};
	struct rte_mbuf *m;
	uint16_t off;

	setup();
	m = frame(0, 100);
	off = m->data_off;
	buf_chain_append(&a, m);
	buf_chain_consume(&a, 10);
	CU_ASSERT_EQUAL(buf_chain_split(&b, &a, 20, pools.indirect), 0);
	check_bytes(&b, 10, 20);
	CU_ASSERT_EQUAL(b.head->pkt_len, 20);
	check_bytes(&a, 30, 70);
	CU_ASSERT_PTR_EQUAL(a.head, m);
	CU_ASSERT(m->data_off == off && m->data_len == 100);
	CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 2);
	/* the tail end of it behind b costs a slice too, and then only slices hold m */
	CU_ASSERT_EQUAL(buf_chain_move(&b, &a, pools.indirect), 0);
	check_bytes(&b, 10, 90);
	check_bytes(&a, 0, 0);
	CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 3);
	CU_ASSERT(b.truesize >= buf_truesize(m));
	/* a slice of a slice attaches to the direct mbuf */
	CU_ASSERT_EQUAL(buf_chain_split(&a, &b, 5, pools.indirect), 0);
	buf_chain_free(&b);
	check_bytes(&a, 10, 5);
	CU_ASSERT_PTR_EQUAL(rte_mbuf_from_indirect(a.head), m);
	buf_chain_free(&a);
	teardown();
}

/* What is pinned by one slice alone is counted in full. */
static void truesize_of_the_last_slice(void)
{
	struct buf_chain a = {0}, b = {0};
	uint32_t direct;

	setup();
	buf_chain_append(&a, frame(0, 100));
	direct = a.truesize;
	CU_ASSERT(direct >= RTE_PKTMBUF_HEADROOM + BUF_ROOM);
	CU_ASSERT_EQUAL(buf_chain_split(&b, &a, 1, pools.indirect), 0);
	buf_chain_free(&a);
	CU_ASSERT(b.truesize > direct);
	buf_chain_free(&b);
	teardown();
}

static void move_to_empty_keeps_the_offset(void)
{
	struct buf_chain a = {0}, b = {0};
	struct rte_mbuf *hog;

	setup();
	CU_ASSERT_EQUAL(buf_chain_move(&b, &a, pools.indirect), 0);
	buf_chain_append(&a, frame(0, 50));
	buf_chain_append(&a, frame(50, 50));
	buf_chain_consume(&a, 20);
	hog = drain(pools.indirect, 0);
	CU_ASSERT_EQUAL(buf_chain_move(&b, &a, pools.indirect), 0);
	check_bytes(&b, 20, 80);
	/* nor does a cut between two mbufs */
	CU_ASSERT_EQUAL(buf_chain_split(&a, &b, 30, pools.indirect), 0);
	check_bytes(&a, 20, 30);
	check_bytes(&b, 50, 50);
	rte_pktmbuf_free(hog);
	buf_chain_free(&a);
	buf_chain_free(&b);
	teardown();
}

static void peek_copies_only_across_mbufs(void)
{
	struct buf_chain c = {0};
	uint8_t out[8];

	setup();
	CU_ASSERT_PTR_EQUAL(buf_chain_peek(&c, 0, out), out);
	buf_chain_append(&c, frame(0, 4));
	buf_chain_append(&c, frame(4, 4));
	buf_chain_consume(&c, 1);
	CU_ASSERT_PTR_EQUAL(buf_chain_peek(&c, 3, out), rte_pktmbuf_mtod_offset(c.head, void *, 1));
	CU_ASSERT_PTR_EQUAL(buf_chain_peek(&c, 4, out), out);
	CU_ASSERT(out[0] == 1 && out[3] == 4);
	buf_chain_free(&c);
	teardown();
}

static void seek_finds_each_byte(void)
{
	struct buf_chain c = {0};

	setup();
	for (uint32_t i = 0; i < 30; i += 3)
		buf_chain_append(&c, frame(i, 3));
	buf_chain_consume(&c, 1);
	for (uint32_t i = 0; i < c.bytes; i++) {
		struct buf_cursor at = buf_chain_seek(&c, i);

		CU_ASSERT_FATAL(at.seg && at.off < at.seg->data_len);
		CU_ASSERT_EQUAL(*rte_pktmbuf_mtod_offset(at.seg, uint8_t *, at.off), i + 1);
	}
	CU_ASSERT_PTR_NULL(buf_chain_seek(&c, c.bytes).seg);
	CU_ASSERT_EQUAL(buf_chain_seek(&c, c.bytes).off, 0);
	buf_chain_free(&c);
	teardown();
}

/* The wire may hold a packet longer than the chain its payload. */
static void slice_outlives_the_chain(void)
{
	struct buf_chain c = {0};
	struct buf_cursor at;
	struct rte_mbuf *pkt;
	uint8_t out[64];

	setup();
	buf_chain_append(&c, frame(0, 10));
	buf_chain_append(&c, frame(10, 10));
	pkt = rte_pktmbuf_alloc(pools.hdr);
	memset(rte_pktmbuf_append(pkt, 4), 0xee, 4);
	at = buf_chain_seek(&c, 5);
	CU_ASSERT_EQUAL(buf_slice(pkt, &at, 7, pools.indirect), 0);
	CU_ASSERT(pkt->nb_segs == 3 && pkt->pkt_len == 11);
	CU_ASSERT(at.seg == c.tail && at.off == 2);
	CU_ASSERT_EQUAL(buf_slice(pkt, &at, 8, pools.indirect), 0);
	CU_ASSERT(pkt->nb_segs == 4 && pkt->pkt_len == 19 && !at.seg && at.off == 0);
	CU_ASSERT_EQUAL(buf_slice(pkt, &at, 0, pools.indirect), 0);
	CU_ASSERT_EQUAL(rte_mbuf_check(pkt, 1, &(const char *){NULL}), 0);
	buf_chain_free(&c);
	CU_ASSERT_PTR_NOT_NULL_FATAL(rte_pktmbuf_read(pkt, 0, 19, out));
	for (int i = 0; i < 15; i++)
		CU_ASSERT_EQUAL(out[4 + i], 5 + i);
	rte_pktmbuf_free(pkt);
	teardown();
}

static void shared_bytes_are_in_both(void)
{
	struct buf_chain c = {0}, d = {0};
	struct rte_mbuf *all[2 * N_DATA];
	uint8_t out[64];
	unsigned n = 0;

	setup();
	buf_chain_append(&c, frame(0, 10));
	buf_chain_append(&c, frame(10, 10));
	buf_chain_consume(&c, 5);
	CU_ASSERT_EQUAL(buf_chain_share(&d, &c, pools.indirect), 0);
	CU_ASSERT_EQUAL(buf_chain_share(&d, &c, pools.indirect), 0);
	CU_ASSERT(c.bytes == 15 && d.bytes == 30 && d.truesize >= 2 * c.truesize);
	buf_chain_free(&c);
	buf_chain_read(&d, 0, 30, out);
	for (int i = 0; i < 30; i++)
		CU_ASSERT_EQUAL(out[i], 5 + i % 15);
	while (n < RTE_DIM(all) && (all[n] = rte_pktmbuf_alloc(pools.indirect)))
		n++;
	rte_pktmbuf_free(all[--n]); /* one for two */
	CU_ASSERT_EQUAL(buf_chain_share(&c, &d, pools.indirect), -ENOMEM);
	CU_ASSERT_EQUAL(c.bytes, 0);
	rte_pktmbuf_free_bulk(all, n);
	buf_chain_free(&d);
	teardown();
}

/* Each way of running dry leaves chain, packet and pools as they were. */
static void out_of_mbufs(void)
{
	struct buf_chain a = {0}, b = {0};
	struct buf_cursor at, was;
	struct rte_mbuf *hog, *pkt;

	setup();
	pkt = rte_pktmbuf_alloc(pools.hdr);
	for (uint32_t i = 0; i < 200; i += 50)
		buf_chain_append(&a, frame(i, 50));
	buf_chain_append(&b, frame(0, 10));
	buf_chain_consume(&a, 10);
	for (uint32_t keep = 0; keep < 3; keep++) {
		uint32_t used, free_before;

		hog = drain(pools.indirect, keep);
		used = buf_pools_in_use(&pools);
		at = was = buf_chain_seek(&a, 5);
		/* head slice and cut slice: 2; all of the rest of a: 1; three mbufs' slices: 3 */
		if (keep < 2)
			CU_ASSERT_EQUAL(buf_chain_split(&b, &a, 100, pools.indirect), -ENOMEM);
		if (keep < 1)
			CU_ASSERT_EQUAL(buf_chain_split(&b, &a, 15, pools.indirect), -ENOMEM);
		if (keep < 1)
			CU_ASSERT_EQUAL(buf_chain_move(&b, &a, pools.indirect), -ENOMEM);
		CU_ASSERT_EQUAL(buf_slice(pkt, &at, 120, pools.indirect), -ENOMEM);
		CU_ASSERT(at.seg == was.seg && at.off == was.off);
		CU_ASSERT(pkt->nb_segs == 1 && pkt->pkt_len == 0 && !pkt->next);
		CU_ASSERT_EQUAL(buf_pools_in_use(&pools), used);
		check_bytes(&a, 10, 190);
		check_bytes(&b, 0, 10);
		rte_pktmbuf_free(hog);
		hog = drain(pools.data, keep);
		free_before = rte_mempool_avail_count(pools.data);
		CU_ASSERT_EQUAL(buf_chain_write(&b, scratch, 4096 * 2, pools.data), -ENOMEM);
		CU_ASSERT_EQUAL(rte_mempool_avail_count(pools.data), free_before);
		check_bytes(&b, 0, 10);
		rte_pktmbuf_free(hog);
	}
	buf_chain_free(&a);
	buf_chain_free(&b);
	rte_pktmbuf_free(pkt);
	teardown();
}

/* --- random operations against plain bytes --- */

static void check_model(const struct model *m)
{
	check_shape(&m->chain);
	CU_ASSERT_EQUAL_FATAL(m->chain.bytes, m->n);
	buf_chain_read(&m->chain, 0, m->n, scratch);
	CU_ASSERT_FATAL(memcmp(scratch, m->bytes, m->n) == 0);
}

static void model_add(struct model *m, const uint8_t *bytes, uint32_t n)
{
	memcpy(m->bytes + m->n, bytes, n);
	m->n += n;
}

static void model_drop(struct model *m, uint32_t n)
{
	m->n -= n;
	memmove(m->bytes, m->bytes + n, m->n);
}

static uint32_t upto(uint32_t n)
{
	return rand_below(&rnd, n + 1);
}

static void random_write(struct model *m)
{
	uint32_t n = upto(RTE_MIN(MAX_LEN - m->n, 5000u));
	int ret;

	for (uint32_t i = 0; i < n; i++)
		scratch[i] = (uint8_t)rand_next(&rnd);
	ret = buf_chain_write(&m->chain, scratch, n, pools.data);
	CU_ASSERT_FATAL(ret == 0 || ret == -ENOMEM);
	if (ret == 0)
		model_add(m, scratch, n);
}

/* A received packet: several segments, headers stripped off its front, some of it empty. */
static void random_append(struct model *m)
{
	struct rte_mbuf *pkt = NULL, *seg;

	if (m->n > MAX_LEN - 1000)
		return;
	for (uint32_t k = upto(4); k > 0; k--) {
		uint16_t n = (uint16_t)(upto(1) * upto(200));
		uint8_t *p;

		seg = rte_pktmbuf_alloc(pools.data);
		if (!seg)
			break;
		p = (uint8_t *)rte_pktmbuf_append(seg, (uint16_t)(n + 54));
		for (uint32_t i = 0; i < n; i++)
			p[54 + i] = (uint8_t)rand_next(&rnd);
		model_add(m, p + 54, n);
		rte_pktmbuf_adj(seg, 54);
		if (!pkt)
			pkt = seg;
		else
			rte_pktmbuf_chain(pkt, seg);
	}
	buf_chain_append(&m->chain, pkt);
}

static void random_split(struct model *dst, struct model *src)
{
	uint32_t n = upto(RTE_MIN(src->n, MAX_LEN - dst->n));
	int ret = buf_chain_split(&dst->chain, &src->chain, n, pools.indirect);

	CU_ASSERT_FATAL(ret == 0 || ret == -ENOMEM);
	if (ret)
		return;
	model_add(dst, src->bytes, n);
	model_drop(src, n);
}

static void random_move(struct model *dst, struct model *src)
{
	int ret;

	if (src->n > MAX_LEN - dst->n)
		return;
	ret = buf_chain_move(&dst->chain, &src->chain, pools.indirect);
	CU_ASSERT_FATAL(ret == 0 || ret == -ENOMEM);
	if (ret)
		return;
	model_add(dst, src->bytes, src->n);
	src->n = 0;
}

static void random_consume(struct model *m)
{
	uint32_t n = upto(3) ? upto(RTE_MIN(m->n, 600u)) : upto(m->n);

	buf_chain_consume(&m->chain, n);
	model_drop(m, n);
}

/* Put a packet of one or more slices on the wire. */
static void random_slice(const struct model *m, struct flight *f)
{
	uint32_t off = upto(m->n), left = upto(RTE_MIN(m->n - off, (uint32_t)MAX_PKT));
	struct buf_cursor at = buf_chain_seek(&m->chain, off);

	f->pkt = rte_pktmbuf_alloc(pools.hdr);
	CU_ASSERT_PTR_NOT_NULL_FATAL(f->pkt);
	f->n = 0;
	while (left) {
		uint32_t k = 1 + upto(left - 1);
		int ret = buf_slice(f->pkt, &at, k, pools.indirect);
		struct buf_cursor want;

		CU_ASSERT_FATAL(ret == 0 || ret == -ENOMEM);
		if (ret)
			break;
		memcpy(f->bytes + f->n, m->bytes + off, k);
		f->n += k;
		off += k;
		left -= k;
		want = buf_chain_seek(&m->chain, off);
		CU_ASSERT_FATAL(at.seg == want.seg && at.off == want.off);
	}
}

/* The driver is done with a packet: it must still say what it said when it was built. */
static void land(struct flight *f)
{
	const char *why;
	uint8_t out[MAX_PKT];
	const void *p;

	CU_ASSERT_EQUAL_FATAL(f->pkt->pkt_len, f->n);
	CU_ASSERT_EQUAL_FATAL(rte_mbuf_check(f->pkt, 1, &why), 0);
	p = rte_pktmbuf_read(f->pkt, 0, f->n, out);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT_FATAL(memcmp(p, f->bytes, f->n) == 0);
	rte_pktmbuf_free(f->pkt);
	f->pkt = NULL;
}

static void random_look(const struct model *m)
{
	uint32_t off = upto(m->n), n = upto(m->n - off);
	static uint8_t out[MAX_LEN];

	buf_chain_read(&m->chain, off, n, out);
	CU_ASSERT_FATAL(memcmp(out, m->bytes + off, n) == 0);
	n = upto(RTE_MIN(m->n, 300u));
	CU_ASSERT_FATAL(memcmp(buf_chain_peek(&m->chain, n, out), m->bytes, n) == 0);
}

static void random_step(void)
{
	uint32_t i = rand_below(&rnd, N_CHAINS), j = (i + 1 + upto(N_CHAINS - 2)) % N_CHAINS;
	struct flight *f = &flights[rand_below(&rnd, N_FLIGHT)];
	struct rte_mbuf *hog = NULL;

	/* now and then with all but a few mbufs gone */
	if (rand_below(&rnd, 8) == 0)
		hog = drain(upto(1) ? pools.indirect : pools.data, upto(3));
	switch (rand_below(&rnd, 8)) {
	case 0:
		random_write(&models[i]);
		break;
	case 1:
		random_append(&models[i]);
		break;
	case 2:
		random_split(&models[i], &models[j]);
		break;
	case 3:
		random_move(&models[i], &models[j]);
		break;
	case 4:
		random_consume(&models[i]);
		break;
	case 5:
		random_look(&models[i]);
		break;
	default:
		if (f->pkt)
			land(f);
		else
			random_slice(&models[i], f);
	}
	rte_pktmbuf_free(hog);
	check_model(&models[i]);
	check_model(&models[j]);
}

static void end_round(void)
{
	for (int i = 0; i < N_FLIGHT; i++)
		if (flights[i].pkt && upto(1))
			land(&flights[i]);
	for (int i = 0; i < N_CHAINS; i++) {
		buf_chain_free(&models[i].chain);
		models[i].n = 0;
	}
	for (int i = 0; i < N_FLIGHT; i++)
		if (flights[i].pkt)
			land(&flights[i]);
	CU_ASSERT_EQUAL_FATAL(buf_pools_in_use(&pools), 0);
}

static void random_against_bytes(void)
{
	setup();
	rand_seed(&rnd, unit_seed(0x62756666));
	for (int step = 1; step <= STEPS; step++) {
		random_step();
		if (step % 1000 == 0)
			end_round();
	}
	teardown();
}

/* Into the last mbuf's room, but never into one that somebody else sees. */
static void squeeze(void)
{
	struct buf_chain c = {0}, add = {0}, part = {0};
	struct rte_mbuf *m;
	uint8_t out[20];

	setup();
	buf_chain_append(&add, frame(10, 10));
	CU_ASSERT_FALSE(buf_chain_squeeze(&c, &add)); /* nothing to squeeze into */
	buf_chain_append(&c, m = frame(0, 10));
	CU_ASSERT_TRUE(buf_chain_squeeze(&c, &add));
	CU_ASSERT_EQUAL(c.bytes, 20);
	CU_ASSERT_EQUAL(add.bytes, 0);
	CU_ASSERT_PTR_EQUAL(c.tail, m);
	check_shape(&c);
	buf_chain_read(&c, 0, 20, out);
	for (int i = 0; i < 20; i++)
		CU_ASSERT_EQUAL(out[i], i);
	buf_chain_append(&add, frame(0, 10));
	CU_ASSERT_EQUAL(buf_chain_split(&part, &c, 5, pools.indirect), 0);
	CU_ASSERT_FALSE(buf_chain_squeeze(&c, &add));    /* shared */
	CU_ASSERT_FALSE(buf_chain_squeeze(&part, &add)); /* indirect */
	buf_chain_free(&part);
	c.tail->data_len = (uint16_t)(c.tail->buf_len - c.tail->data_off - 9);
	CU_ASSERT_FALSE(buf_chain_squeeze(&c, &add)); /* no room */
	buf_chain_free(&c);
	buf_chain_free(&add);
	teardown();
}

static const struct unit_case cases[] = {
	UNIT_CASE(squeeze),
	UNIT_CASE(pools_have_private_areas),
	UNIT_CASE(pools_fail_whole),
	UNIT_CASE(freed_last_comes_next),
	UNIT_CASE(append_drops_empty_segments),
	UNIT_CASE(cut_leaves_the_payload_alone),
	UNIT_CASE(truesize_of_the_last_slice),
	UNIT_CASE(move_to_empty_keeps_the_offset),
	UNIT_CASE(peek_copies_only_across_mbufs),
	UNIT_CASE(seek_finds_each_byte),
	UNIT_CASE(slice_outlives_the_chain),
	UNIT_CASE(shared_bytes_are_in_both),
	UNIT_CASE(out_of_mbufs),
	UNIT_CASE(random_against_bytes),
};

UNIT_MAIN(cases)
