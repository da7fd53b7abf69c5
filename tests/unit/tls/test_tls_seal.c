/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

static uint8_t text[TLS_PLAIN_MAX + 4096];
static uint32_t record[4096]; /* bytes of text of each record that check_stream() saw */

static uint32_t rec_bytes(const uint8_t *rec)
{
	return 5 + ((uint32_t)rec[3] << 8 | rec[4]);
}

/* What is in wire says the n bytes of stream from `from` on, record by record; how many records. */
static unsigned check_stream(uint32_t n_wire, uint32_t from, uint32_t n)
{
	uint32_t at = 0, got = 0;
	unsigned records = 0;

	for (; at < n_wire; records++) {
		uint8_t type;
		int k = oracle_open(wire + at, n_wire - at, text, &type);

		CU_ASSERT_FATAL(k >= 0);
		CU_ASSERT_EQUAL(type, TLS_T_DATA);
		CU_ASSERT_FATAL(got + (uint32_t)k <= n);
		CU_ASSERT_EQUAL(memcmp(text, stream + from + got, (size_t)k), 0);
		got += (uint32_t)k;
		record[records] = (uint32_t)k;
		at += rec_bytes(wire + at);
	}
	CU_ASSERT_EQUAL(got, n);
	return records;
}

/* n bytes of stream in mbufs of `each`, sealed and checked; how many records. */
static unsigned pass(uint32_t n, uint32_t each, uint16_t seg)
{
	chain_add(&ends.c->plain, stream, n, each);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, seg, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->plain.bytes, 0);
	return check_stream(out_take(), 0, n);
}

static void sizes_of(uint8_t version, enum aead_alg alg)
{
	static const uint32_t sizes[] = {
		1, 2, 15, 16, 17, 300, 1418, 1419, 1427, 1428, 5000, 70000};

	ends_begin(version, alg, true);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++)
		(void)pass(sizes[i], 1000, SEG);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_records_out), ends.keys.tx.seq);
	ends_end();
}

static void sizes(void)
{
	stream_fill(1);
	ends_each(sizes_of);
}

/* Any pieces into segments of any size. */
static void random_pieces_of(uint8_t version, enum aead_alg alg)
{
	struct rand_state rnd;

	rand_seed(&rnd, unit_seed(7) + version * 8u + alg);
	ends_begin(version, alg, true);
	for (unsigned i = 0; i < 60; i++) {
		uint32_t each = 1 + rand_below(&rnd, i % 2 ? 40 : 2000);

		(void)pass(1 + rand_below(&rnd, RTE_MIN(200 * each, 100000u)), each,
			(uint16_t)(1 + rand_below(&rnd, i % 3 ? 1500 : 20000)));
	}
	ends_end();
}

static void random_pieces(void)
{
	stream_fill(2);
	ends_each(random_pieces_of);
}

/* A segment that fits an mbuf lies within one, and there is room for headers before it. */
static void segments_in_room(uint32_t room)
{
	static const uint16_t segs[] = {536, 1220, 1448, 2048, 8948};

	stream_fill(3);
	ends_room = room;
	for (unsigned i = 0; i < RTE_DIM(segs); i++) {
		uint32_t at = 0;

		ends_begin(3, AEAD_AES_128_GCM, true);
		chain_add(&ends.c->plain, stream, 200000, 1448);
		CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, segs[i], ends.now), 0);
		for (struct rte_mbuf *m = ends.c->out.head; m; m = m->next) {
			CU_ASSERT_EQUAL(m->data_off, RTE_PKTMBUF_HEADROOM);
			CU_ASSERT_EQUAL(rte_mbuf_refcnt_read(m), 1);
			if (segs[i] <= room)
				CU_ASSERT_EQUAL(at % segs[i], 0);
			if (m->next)
				CU_ASSERT_EQUAL(m->data_len,
					segs[i] <= room ? room / segs[i] * segs[i] : room);
			at += m->data_len;
		}
		check_stream(out_take(), 0, 200000);
		ends_end();
	}
}

static void segments_in_mbufs(void)
{
	segments_in_room(BUF_ROOM_MAX);
	segments_in_room(BUF_ROOM);
}

/* One segment each at first; whole segments in the largest records once 64 KB went; one again after
 * a second without data. */
static void grows_and_falls_back(void)
{
	unsigned n, small = 0;

	stream_fill(4);
	ends_begin(3, AEAD_AES_128_GCM, true);
	n = pass(300000, 1448, SEG);
	while (small < n && record[small] == SEG - 22)
		small++;
	CU_ASSERT_EQUAL(small, 65536 / (SEG - 22) + 1);
	for (unsigned i = small; i + 1 < n; i++)
		CU_ASSERT_EQUAL(record[i], 11 * SEG - 22);
	ends.now += SECOND;
	(void)pass(20000, 1448, SEG);
	CU_ASSERT_EQUAL(record[0], 11 * SEG - 22);
	ends.now += SECOND + 1;
	(void)pass(20000, 1448, SEG);
	CU_ASSERT_EQUAL(record[0], SEG - 22);
	ends_end();
}

static void fragment_of(uint8_t version, enum aead_alg alg)
{
	struct tls_hs_result keys = ends_keys(version, alg, 1);
	unsigned n;

	keys.fragment = 512; /* RFC 6066 4 */
	ends_begin_with(&aead_openssl, true, &keys);
	n = pass(100000, 1448, SEG);
	CU_ASSERT_EQUAL(n, (100000 + 511) / 512);
	for (unsigned i = 0; i + 1 < n; i++)
		CU_ASSERT_EQUAL(record[i], 512);
	ends_end();
}

static void fragment(void)
{
	stream_fill(5);
	ends_each(fragment_of);
}

/* RFC 5288 3: the explicit nonce goes on from the handshake's, and wraps. */
static void explicit_nonce(void)
{
	struct tls_hs_result keys = ends_keys(2, AEAD_AES_128_GCM, 9);
	uint8_t want[8] = {255, 255, 255, 255, 255, 255, 255, 255};

	stream_fill(6);
	keys.tx.explicit_nonce = UINT64_MAX;
	ends_begin_with(&aead_openssl, true, &keys);
	(void)pass(10, 10, SEG);
	CU_ASSERT_EQUAL(memcmp(wire + 5, want, 8), 0);
	memset(want, 0, 8);
	(void)pass(10, 10, SEG);
	CU_ASSERT_EQUAL(memcmp(wire + 5, want, 8), 0);
	ends_end();
}

/* The source is only read: it may be shared, and stays as it was. */
static void source_is_shared(void)
{
	struct rte_mbuf *own, *shared;

	stream_fill(7);
	ends_begin(3, AEAD_AES_128_GCM, true);
	chain_add(&ends.c->plain, stream, 1000, 0);
	own = ends.c->plain.head;
	shared = rte_pktmbuf_alloc(pools.indirect);
	rte_pktmbuf_attach(shared, own);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(shared, void *), stream, 1000), 0);
	rte_pktmbuf_free(shared);
	check_stream(out_take(), 0, 1000);
	ends_end();
}

/* Whatever is left of the pool: what was sealed is good, what was not is still there. */
static void no_buffers_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	ends.c->records->grown = UINT32_MAX;
	for (uint32_t keep = 0; keep < 40; keep++) {
		struct rte_mbuf *all;
		uint32_t n, left;
		int rc;

		chain_add(&ends.c->plain, stream, 60000, 1448);
		all = pools_drain(&pools, keep);
		rc = tls_seal(ends.t, ends.c, SEG, ends.now);
		CU_ASSERT_EQUAL(rc, -ENOMEM);
		CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
		left = ends.c->plain.bytes;
		CU_ASSERT(left > 0);
		rte_pktmbuf_free(all);
		n = out_take();
		check_stream(n, 0, 60000 - left);
		CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
		n = out_take();
		check_stream(n, 60000 - left, left);
	}
	CU_ASSERT(ends_stat(TLS_STAT_no_memory) > 0);
	ends_end();
}

static void no_buffers(void)
{
	stream_fill(8);
	ends_each(no_buffers_of);
}

/* RFC 8446 6.1, behind the last byte, once. */
static void close_notify_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n, at;
	uint8_t type;

	ends_begin(version, alg, true);
	chain_add(&ends.c->plain, stream, 100, 0);
	tls_shutdown(ends.c);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	n = out_take();
	at = rec_bytes(wire);
	CU_ASSERT_EQUAL(oracle_open(wire, n, text, &type), 100);
	CU_ASSERT_EQUAL(oracle_open(wire + at, n - at, text, &type), 2);
	CU_ASSERT_EQUAL(type, TLS_T_ALERT);
	CU_ASSERT_EQUAL(text[0], 1);
	CU_ASSERT_EQUAL(text[1], 0);
	CU_ASSERT_EQUAL(at + rec_bytes(wire + at), n);
	chain_add(&ends.c->plain, stream, 100, 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_alerts_out), 1);
	ends_end();
}

static void close_notify(void)
{
	stream_fill(9);
	ends_each(close_notify_of);
}

/* RFC 8446 5.5: the key is renewed before it is worn out, without a byte lost. */
static void renews_key(void)
{
	uint32_t n, at = 0, got = 0;
	unsigned updates = 0;

	stream_fill(10);
	ends_begin(3, AEAD_AES_128_GCM, true);
	ends.c->records->tx.seq = ends.keys.tx.seq = TLS_SEALS_13 - 20;
	chain_add(&ends.c->plain, stream, 60000, 1448);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	for (n = out_take(); at < n; at += rec_bytes(wire + at)) {
		uint8_t type;
		int k = oracle_open(wire + at, n - at, text, &type);

		CU_ASSERT_FATAL(k > 0);
		if (type == TLS_T_HANDSHAKE) {
			CU_ASSERT_EQUAL(k, 5);
			CU_ASSERT_EQUAL(memcmp(text, "\x18\0\0\1\0", 5), 0);
			CU_ASSERT(ends.keys.tx.seq <= TLS_SEALS_13 + TLS_BURST + 1);
			oracle_renew(&ends.keys.tx);
			updates++;
			continue;
		}
		CU_ASSERT_EQUAL(memcmp(text, stream + got, (size_t)k), 0);
		got += (uint32_t)k;
	}
	CU_ASSERT_EQUAL(got, 60000);
	CU_ASSERT_EQUAL(updates, 1);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_key_updates_out), 1);
	CU_ASSERT_EQUAL(ends.c->records->tx.seq, ends.keys.tx.seq);
	ends_end();
}

/* 1.2 has no new keys: the connection ends in order. */
static void worn_out(void)
{
	uint8_t type;
	uint32_t n;

	stream_fill(11);
	ends_begin(2, AEAD_AES_128_GCM, true);
	ends.c->records->tx.seq = ends.keys.tx.seq = TLS_SEALS_12;
	chain_add(&ends.c->plain, stream, 100, 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(ends.c->error, TLS_E_exhausted);
	n = out_take();
	CU_ASSERT_EQUAL(oracle_open(wire, n, text, &type), 2);
	CU_ASSERT_EQUAL(type, TLS_T_ALERT);
	CU_ASSERT_EQUAL(memcmp(text, "\1\0", 2), 0);
	CU_ASSERT_EQUAL(n, rec_bytes(wire));
	ends_end();
}

/* No number is lost or used twice where 32 bits end; 1.3 renews its keys long before. */
static void number_wraps(void)
{
	stream_fill(12);
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		ends_begin(2, alg, true);
		ends.c->records->tx.seq = ends.keys.tx.seq = UINT32_MAX - 3;
		CU_ASSERT(pass(8 * (SEG - 29), 1448, SEG) >= 8);
		CU_ASSERT(ends.c->records->tx.seq > UINT32_MAX);
		ends_end();
	}
}

/* A driver that fails with the third record from now. */
static unsigned healthy;

static int bad_create(void **ctx, const char *args, uint32_t n_keys, int socket, struct err *e)
{
	return 0;
}

static void bad_destroy(void *ctx)
{
}

static int bad_key(void *ctx, void *mem, const struct aead_spec *spec, const uint8_t *key)
{
	return 0;
}

static void bad_run(void *ctx, struct aead_op *op, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		op[i].ok = healthy && healthy--;
}

/* Nothing of a burst that failed is sent. */
static void driver_fails(void)
{
	static const struct aead_driver bad = {.name = "bad",
		.create = bad_create,
		.destroy = bad_destroy,
		.key_size = 64,
		.key_init = bad_key,
		.run = bad_run};
	struct tls_hs_result keys = ends_keys(3, AEAD_AES_128_GCM, 1);
	uint32_t n;

	stream_fill(13);
	ends_begin_with(&bad, true, &keys);
	healthy = 3;
	chain_add(&ends.c->plain, stream, 100, 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	n = ends.c->out.bytes;
	CU_ASSERT_EQUAL(n, 122);
	chain_add(&ends.c->plain, stream, 10000, 0);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->out.bytes, n);
	CU_ASSERT_EQUAL(ends.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(ends.c->error, TLS_E_cipher);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_fail_cipher), 1);
	ends_end();
}

/* Nothing leaves before the keys are there. */
static void waits_for_handshake(void)
{
	stream_fill(14);
	ends_begin(3, AEAD_AES_128_GCM, true);
	ends.c->state = TLS_HANDSHAKE;
	chain_add(&ends.c->plain, stream, 100, 0);
	tls_prefetch(ends.t, ends.c, true);
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	CU_ASSERT_EQUAL(ends.c->out.bytes, 0);
	CU_ASSERT_EQUAL(ends.c->plain.bytes, 100);
	ends.c->state = TLS_OPEN;
	CU_ASSERT_EQUAL(tls_seal(ends.t, ends.c, SEG, ends.now), 0);
	check_stream(out_take(), 0, 100);
	ends_end();
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(sizes),
	UNIT_CASE(random_pieces),
	UNIT_CASE(segments_in_mbufs),
	UNIT_CASE(grows_and_falls_back),
	UNIT_CASE(fragment),
	UNIT_CASE(explicit_nonce),
	UNIT_CASE(source_is_shared),
	UNIT_CASE(no_buffers),
	UNIT_CASE(close_notify),
	UNIT_CASE(renews_key),
	UNIT_CASE(worn_out),
	UNIT_CASE(number_wraps),
	UNIT_CASE(driver_fails),
	UNIT_CASE(waits_for_handshake),
};
/* clang-format on */
UNIT_MAIN(cases)
