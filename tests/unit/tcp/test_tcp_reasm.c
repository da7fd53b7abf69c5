/* SPDX-License-Identifier: BSD-3-Clause */
/* Out-of-order data against plain bytes: what came first stays. */
#include <errno.h>

#include "base/rand.h"
#include "seg.h"

#define SPAN  3000u
#define STEPS 64                     /* of a search for a place */
#define FEW   (2 * TCP_ISLANDS_EACH) /* islands of the pool in random_against_bytes */

static uint32_t base;
static int held[SPAN]; /* the byte at base + i, -1: none */
static uint8_t fill;   /* differs from copy to copy of the same byte */

static void segment(struct buf_chain *c, uint32_t n)
{
	uint8_t bytes[SPAN];

	memset(bytes, ++fill, n);
	CU_ASSERT_EQUAL_FATAL(
		buf_chain_write(c, bytes, n, n < 100 ? lab.pools.hdr : lab.pools.data), 0);
}

static void check_same(const struct tcp_reasm *q)
{
	uint32_t bytes = 0, known = 0, truesize = 0, count = 0;

	for (const struct tcp_island *is = q->head; is; is = is->next) {
		uint32_t n = is->end - is->start;
		uint8_t got[SPAN];

		CU_ASSERT_TRUE_FATAL(!is->prev || seq_gt(is->start, is->prev->end));
		CU_ASSERT_PTR_EQUAL_FATAL(is->next ? is->next->prev : q->tail, is);
		CU_ASSERT_EQUAL_FATAL(is->data.bytes, n);
		buf_chain_read(&is->data, 0, n, got);
		for (uint32_t k = 0; k < n; k++)
			CU_ASSERT_EQUAL_FATAL(got[k], held[is->start - base + k]);
		bytes += n;
		truesize += is->data.truesize;
		count++;
	}
	CU_ASSERT_EQUAL_FATAL(q->n, count);
	CU_ASSERT_EQUAL_FATAL(q->truesize, truesize);
	for (uint32_t i = 0; i < SPAN; i++)
		known += held[i] >= 0;
	CU_ASSERT_EQUAL_FATAL(q->bytes, bytes);
	CU_ASSERT_EQUAL_FATAL(known, bytes);
}

/* The model: the part before the next range that follows is kept, unless no place is left. */
static void add(struct tcp_reasm *q, uint32_t a, uint32_t n)
{
	struct buf_chain data = {0};
	uint32_t i = a, before = q->n;
	bool touches = a > 0 && held[a - 1] >= 0;
	int rc;

	segment(&data, n);
	while (i < a + n && held[i] >= 0)
		i++;
	touches |= i > a;
	rc = tcp__reasm_add(lab.t, q, base + a, &data);
	CU_ASSERT_EQUAL_FATAL(data.bytes, 0);
	if (rc == -ENOBUFS && before > STEPS)
		return; /* too far to look for its place */
	if (i == a + n) {
		CU_ASSERT_EQUAL_FATAL(rc, -EALREADY);
		return;
	}
	if (rc < 0) {
		CU_ASSERT_TRUE_FATAL(rc == -ENOBUFS && before >= FEW / 2 && !touches);
		return;
	}
	for (; i < a + n && held[i] < 0; i++)
		held[i] = fill;
}

static void take_front(struct tcp_reasm *q, uint32_t *rcv_nxt)
{
	struct buf_chain out = {0};
	uint32_t i = *rcv_nxt - base;
	uint8_t got[SPAN];

	tcp__reasm_take(q, rcv_nxt, &out, lab.pools.indirect);
	buf_chain_read(&out, 0, out.bytes, got);
	for (uint32_t k = 0; k < out.bytes; k++)
		CU_ASSERT_EQUAL_FATAL(got[k], held[i + k]);
	CU_ASSERT_EQUAL_FATAL(*rcv_nxt, base + i + out.bytes);
	CU_ASSERT_TRUE_FATAL(i + out.bytes == SPAN || held[i + out.bytes] < 0);
	for (uint32_t k = 0; k < i + out.bytes; k++)
		held[k] = -1;
	buf_chain_free(&out);
}

static struct tcp_reasm q;

/* `steps` segments of up to `len` bytes, and now and then what fills the first hole. */
static void random_round(struct rand_state *r, int steps, uint32_t len)
{
	uint32_t rcv_nxt = base = 0u - rand_below(r, 2 * SPAN);

	memset(&q, 0, sizeof(q));
	memset(held, -1, sizeof(held));
	for (int i = 0; i < steps && rcv_nxt != base + SPAN; i++) {
		uint32_t done = rcv_nxt - base, a = done + rand_below(r, SPAN - done);
		uint32_t n = 1 + rand_below(r, RTE_MIN(SPAN - a, len));

		if (rand_below(r, steps / 8) == 0 && held[done] < 0) {
			/* what fills the hole arrives by the other way, and a bit more */
			uint32_t k = done;

			while (k < SPAN && held[k] < 0)
				k++;
			rcv_nxt = base + RTE_MIN(k + rand_below(r, 5), SPAN - 1);
			take_front(&q, &rcv_nxt);
		} else {
			add(&q, a, n);
		}
		check_same(&q);
	}
	tcp__reasm_free(&q);
	CU_ASSERT_EQUAL_FATAL(buf_pools_in_use(&lab.pools), 0);
}

static void random_against_bytes(void)
{
	struct rand_state r;

	lab_open();
	rand_seed(&r, unit_seed(4));
	for (int round = 0; round < 100; round++)
		random_round(&r, 80, 60);
	lab_close();
}

/* An instance whose pool holds that many side objects' islands. */
static void many_open(uint32_t exts)
{
	lab_open();
	tcp_destroy(lab.t);
	lab.cfg.exts = exts;
	lab.t = tcp_create(&lab.cfg, &lab.pools, lab.now, &(struct err){0});
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.t);
}

/* The same with more islands than a search has steps. */
static void many_against_bytes(void)
{
	struct rand_state r;

	many_open(64);
	rand_seed(&r, unit_seed(5));
	for (int round = 0; round < 5; round++)
		random_round(&r, 400, 6);
	lab_close();
}

static int put(uint32_t seq, uint32_t n)
{
	struct buf_chain data = {0};

	segment(&data, n);
	return tcp__reasm_add(lab.t, &q, seq, &data);
}

/* The report's block i is [start, end). */
static void block(const struct tcp_opts *o, uint32_t i, uint32_t start, uint32_t end)
{
	CU_ASSERT_TRUE_FATAL(i < o->n_sack);
	CU_ASSERT_EQUAL(o->sack[i].start, start);
	CU_ASSERT_EQUAL(o->sack[i].end, end);
}

/* RFC 2018 4: what changed last first, then what was reported last, then any other */
static void sack_order(void)
{
	struct tcp_opts o;

	lab_open();
	for (uint32_t at = 100; at <= 900; at += 200)
		CU_ASSERT_EQUAL(put(at, 50), 0);
	CU_ASSERT_EQUAL(put(550, 10), 0);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 4);
	block(&o, 0, 500, 560);
	block(&o, 1, 900, 950);
	block(&o, 2, 700, 750);
	block(&o, 3, 300, 350);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 3), 3);
	block(&o, 2, 700, 750);
	/* one that joined another is reported no more, the lowest takes the place */
	CU_ASSERT_EQUAL(put(750, 150), 0);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 4);
	block(&o, 0, 700, 950);
	block(&o, 1, 500, 560);
	block(&o, 2, 300, 350);
	block(&o, 3, 100, 150);
	tcp__reasm_free(&q);
	lab_close();
}

/* RFC 2883 4: the bytes that came twice are first, once; the island they lie in is second */
static void dsack(void)
{
	struct tcp_opts o;

	lab_open();
	put(100, 50);
	put(300, 50);
	put(500, 50);
	CU_ASSERT_EQUAL(put(310, 20), -EALREADY);
	CU_ASSERT_EQUAL(put(500, 10), -EALREADY); /* one at a time */
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 4);
	block(&o, 0, 310, 330);
	block(&o, 1, 500, 550);
	block(&o, 2, 300, 350);
	block(&o, 3, 100, 150);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 3);
	block(&o, 0, 500, 550);
	CU_ASSERT_EQUAL(put(340, 30), 0); /* a part of it is new */
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 3), 3);
	block(&o, 0, 340, 350);
	block(&o, 1, 300, 370);
	tcp__reasm_twice(&q, 50, 60); /* below all islands */
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 1), 1);
	block(&o, 0, 50, 60);
	tcp__reasm_free(&q);
	CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 0);
	lab_close();
}

/* A burst of copies is one range of bytes that came twice, across the wrap too. */
static void dsack_burst(void)
{
	struct tcp_opts o;

	for (uint32_t at = 0; at < 2; at++) {
		uint32_t from = at ? (uint32_t)-100 : 500;

		lab_open();
		tcp__reasm_twice(&q, from, from + 60);
		tcp__reasm_twice(&q, from + 60, from + 120);
		tcp__reasm_twice(&q, from + 180, from + 240); /* another range: it has no room */
		tcp__reasm_twice(&q, from + 120, from + 150);
		CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 1);
		block(&o, 0, from, from + 150);
		CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 0);
		tcp__reasm_twice(&q, from + 150, from + 160); /* that was reported */
		CU_ASSERT_EQUAL(tcp__reasm_sack(&q, &o, 4), 1);
		block(&o, 0, from + 150, from + 160);
		lab_close();
	}
}

/* CVE-2018-5390: islands of one connection are few, and so are the steps to find their place. */
static void segment_smack(void)
{
	uint32_t full;

	many_open(2 * TCP_REASM_MAX / TCP_ISLANDS_EACH);
	for (uint32_t i = 0; i < TCP_REASM_MAX; i++)
		CU_ASSERT_EQUAL_FATAL(put(100 * i, 1), 0); /* each behind the last: no search */
	CU_ASSERT_EQUAL(put(100 * TCP_REASM_MAX, 1), -ENOBUFS);
	CU_ASSERT_EQUAL(q.n, TCP_REASM_MAX);
	full = buf_pools_in_use(&lab.pools);
	/* far from both ends and from where the last one went: as if lost */
	CU_ASSERT_EQUAL(put(100 * 200 + 1, 1), -ENOBUFS);
	/* but a repair that walks upwards finds every hole at once */
	for (uint32_t i = 0; i < TCP_REASM_MAX - 1; i++)
		CU_ASSERT_EQUAL_FATAL(put(100 * i + 1, 1), 0);
	CU_ASSERT_EQUAL(q.bytes, 2 * TCP_REASM_MAX - 1);
	CU_ASSERT_EQUAL(buf_pools_in_use(&lab.pools), full); /* they share buffers */
	tcp__reasm_free(&q);
	CU_ASSERT_EQUAL(lab.t->islands.used, 0);
	lab_close();
}

/* However many take all they can, the next one still finds some. */
static void pool_is_shared(void)
{
	static struct tcp_reasm crowd[8];

	many_open(16); /* 256 islands */
	for (uint32_t k = 0; k < RTE_DIM(crowd); k++) {
		uint32_t got = 0;

		q = (struct tcp_reasm){0};
		while (put(1000 * got, 1) == 0)
			got++;
		CU_ASSERT_TRUE(k ? got > 0 : got == 128);
		crowd[k] = q;
		crowd[k].pool = &lab.t->islands;
	}
	for (uint32_t k = 0; k < RTE_DIM(crowd); k++)
		tcp__reasm_free(&crowd[k]);
	q = (struct tcp_reasm){0};
	CU_ASSERT_EQUAL(lab.t->islands.used, 0);
	lab_close();
}

/* Segments just above the size that is copied pin no more than twice their bytes and a buffer. */
static void truesize_is_bounded(void)
{
	uint32_t one = 0;

	many_open(4);
	for (uint32_t i = 0; i < 100; i++) {
		CU_ASSERT_EQUAL_FATAL(put(5000 + 257 * i, 257), 0);
		if (i == 0)
			one = q.truesize;
	}
	CU_ASSERT_TRUE(one > 8 * 257);
	CU_ASSERT_TRUE(q.truesize <= 2 * q.bytes + one);
	tcp__reasm_free(&q);
	lab_close();
}

static const struct unit_case cases[] = {UNIT_CASE(random_against_bytes),
	UNIT_CASE(many_against_bytes), UNIT_CASE(sack_order), UNIT_CASE(dsack),
	UNIT_CASE(dsack_burst), UNIT_CASE(segment_smack), UNIT_CASE(pool_is_shared),
	UNIT_CASE(truesize_is_bounded)};
UNIT_MAIN(cases)
