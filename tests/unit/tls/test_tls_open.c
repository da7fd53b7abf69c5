/* SPDX-License-Identifier: BSD-3-Clause */
#include "records.h"

static uint8_t got[STREAM];

/* rx says n bytes of stream from `from` on; it is emptied. */
static void check_rx(uint32_t from, uint32_t n)
{
	CU_ASSERT_EQUAL_FATAL(ends.c->rx.bytes, n);
	buf_chain_read(&ends.c->rx, 0, n, got);
	CU_ASSERT_EQUAL(memcmp(got, stream + from, n), 0);
	buf_chain_free(&ends.c->rx);
}

/* The records of n bytes of stream, of at most `most` bytes each, into wire; their bytes. */
static uint32_t seal_stream(uint32_t n, uint32_t most)
{
	uint32_t at = 0, k;

	for (uint32_t done = 0; done < n; done += k) {
		k = RTE_MIN(most, n - done);
		at += oracle_seal(TLS_T_DATA, stream + done, k, wire + at);
	}
	return at;
}

static void sizes_of(uint8_t version, enum aead_alg alg)
{
	static const uint32_t sizes[] = {1, 2, 15, 16, 17, 300, 1418, 1419, 1427, 5000, 16384};

	ends_begin(version, alg, true);
	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		uint32_t n = oracle_seal(TLS_T_DATA, stream, sizes[i], wire);

		CU_ASSERT_EQUAL(input(wire, n, SEG), 0);
		CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
		CU_ASSERT_EQUAL(ends.in.bytes, 0);
		check_rx(0, sizes[i]);
	}
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_records_in), RTE_DIM(sizes));
	ends_end();
}

static void sizes(void)
{
	stream_fill(1);
	ends_each(sizes_of);
}

/* Each byte is an input of its own; nothing is in rx before the last of a record. */
static void byte_at_a_time_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n, first;

	ends_begin(version, alg, true);
	first = seal_stream(400, 400);
	n = first + oracle_seal(TLS_T_DATA, stream + 400, 300, wire + first);
	for (uint32_t i = 0; i < n; i++) {
		CU_ASSERT_EQUAL(input(wire + i, 1, 0), 0);
		CU_ASSERT_EQUAL(ends.c->rx.bytes, i + 1 < first ? 0 : i + 1 < n ? 400 : 700);
	}
	CU_ASSERT(ends_stat(TLS_STAT_copied_in) >= 1); /* more mbufs than slices */
	check_rx(0, 700);
	ends_end();
}

static void byte_at_a_time(void)
{
	stream_fill(2);
	ends_each(byte_at_a_time_of);
}

/* Many records in each mbuf, and in one input. */
static void coalesced_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	CU_ASSERT_EQUAL(input(wire, seal_stream(20000, 90), 0), 0);
	CU_ASSERT_EQUAL(ends.in.bytes, 0);
	CU_ASSERT(ends.c->rx.truesize < 4 * 20000); /* small texts share mbufs */
	check_rx(0, 20000);
	CU_ASSERT_EQUAL(input(wire, seal_stream(40000, 700), 0), 0);
	CU_ASSERT(ends.c->rx.truesize < 4 * 40000);
	check_rx(0, 40000);
	ends_end();
}

static void coalesced(void)
{
	stream_fill(3);
	ends_each(coalesced_of);
}

/* Records, mbufs and inputs of any size; some mbufs are shared. */
static void random_cuts_of(uint8_t version, enum aead_alg alg)
{
	struct rand_state rnd;
	uint32_t n, sum = 60000;

	rand_seed(&rnd, unit_seed(11) + version * 8u + alg);
	ends_begin(version, alg, true);
	for (unsigned i = 0; i < 25; i++) {
		uint32_t each = 20 + rand_below(&rnd, 2000);

		n = seal_stream(sum, 1 + rand_below(&rnd, i % 2 ? 16384 : 1500));
		for (uint32_t at = 0, k; at < n; at += k) {
			struct rte_mbuf *shared = NULL;

			k = RTE_MIN(n - at, 1 + rand_below(&rnd, 9000));
			chain_add(&ends.in, wire + at, k, each);
			if (rand_below(&rnd, 3) == 0) {
				shared = rte_pktmbuf_alloc(pools.indirect);
				rte_pktmbuf_attach(shared, ends.in.tail);
			}
			CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
			rte_pktmbuf_free(shared);
		}
		CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
		CU_ASSERT_EQUAL(ends.in.bytes, 0);
		check_rx(0, sum);
	}
	ends_end();
}

static void random_cuts(void)
{
	stream_fill(4);
	ends_each(random_cuts_of);
}

/* Who shares an mbuf does not see it change; who does not gets the very same one back. */
static void in_place_or_not(void)
{
	struct rte_mbuf *m, *shared;
	uint8_t before[600];
	uint32_t n;

	stream_fill(5);
	ends_begin(3, AEAD_AES_128_GCM, true);
	n = seal_stream(500, 500);
	memcpy(before, wire, n);
	chain_add(&ends.in, wire, n, 0);
	m = ends.in.head;
	CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
	CU_ASSERT_PTR_EQUAL(ends.c->rx.head, m);
	check_rx(0, 500);
	n = seal_stream(500, 500);
	memcpy(before, wire, n);
	chain_add(&ends.in, wire, n, 0);
	shared = rte_pktmbuf_alloc(pools.indirect);
	rte_pktmbuf_attach(shared, ends.in.head);
	CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
	CU_ASSERT_EQUAL(memcmp(rte_pktmbuf_mtod(shared, void *), before, n), 0);
	rte_pktmbuf_free(shared);
	check_rx(0, 500);
	ends_end();
}

/* RFC 8446 5.4 */
static void padding(void)
{
	static const uint32_t pads[] = {1, 15, 16, 17, 1000, 16284};

	stream_fill(6);
	memset(stream + 90, 0, 10); /* text that ends in zeros is no padding */
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		ends_begin(3, alg, true);
		for (unsigned i = 0; i < RTE_DIM(pads); i++) {
			uint32_t n = oracle_seal_padded(TLS_T_DATA, stream, 100, pads[i], wire);

			CU_ASSERT_EQUAL(input(wire, n, SEG), 0);
			check_rx(0, 100);
		}
		ends_end();
	}
}

/* One of the wrong kind ends the connection, with the right alert, and what came before it stays.
 */
static void fails(uint32_t n_wire, enum tls_error why, int alert)
{
	uint8_t out[64], type = 0;
	uint32_t n;

	CU_ASSERT_EQUAL(input(wire, n_wire, SEG), 0);
	CU_ASSERT_EQUAL(ends.c->state, TLS_FAILED);
	CU_ASSERT_EQUAL(ends.c->error, why);
	CU_ASSERT_EQUAL(ends_stat(TLS_STAT_fail_record_type + why - 1), 1);
	CU_ASSERT_EQUAL(ends.in.bytes, 0);
	n = out_take();
	CU_ASSERT_EQUAL(oracle_open(wire, n, out, &type), 2);
	CU_ASSERT_EQUAL(type, TLS_T_ALERT);
	CU_ASSERT_EQUAL(out[0], 2);
	CU_ASSERT_EQUAL(out[1], alert);
	CU_ASSERT_EQUAL(aead_keys_in_use(ends.aead), 0);
	CU_ASSERT_EQUAL(input(stream, 100, 0), 0); /* and is dropped */
	CU_ASSERT_EQUAL(ends.in.bytes, 0);
}

/* A header as it is, with n bytes behind it. */
static uint32_t bare(uint8_t type, uint8_t major, uint8_t minor, uint32_t len, uint32_t n)
{
	memcpy(wire, (uint8_t[]){type, major, minor, (uint8_t)(len >> 8), (uint8_t)len}, 5);
	memset(wire + 5, 'x', n);
	return 5 + n;
}

struct header {
	uint8_t type, major, minor;
	uint32_t len, n;
	enum tls_error why;
	int alert;
};

/* By the five bytes alone, before the rest comes, unless it says that it is there. */
static void bad_headers_of(uint8_t version, enum aead_alg alg)
{
	uint32_t most = TLS_PLAIN_MAX + (version == 3 ? 256 : 2048);
	uint32_t least = 16 + (version == 3) + (version == 2 && alg < 2 ? 8 : 0);
	const struct header rows[] = {
		{19, 3, 3, 100, 0, TLS_E_record_type, 10},
		{24, 3, 3, 100, 0, TLS_E_record_type, 10},
		{0x80, 3, 3, 100, 0, TLS_E_record_type, 10},
		{'G', 'E', 'T', 100, 0, TLS_E_record_type, 10},
		{20, 3, 3, 1, 0, TLS_E_ccs, 10},
		{23, 2, 3, 100, 0, TLS_E_record_version, 70},
		{23, 4, 3, 100, 0, TLS_E_record_version, 70},
		{23, 3, 3, most + 1, 0, TLS_E_record_long, 22},
		{23, 3, 3, 65535, 0, TLS_E_record_long, 22},
		{23, 3, 3, least - 1, 0, TLS_E_record_short, 20},
		{23, 3, 3, 0, 0, TLS_E_record_short, 20},
		{23, 3, 3, most, most, TLS_E_record_mac, 20},
		{23, 3, 3, least, least, TLS_E_record_mac, 20},
	};

	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		const struct header *h = &rows[i];

		ends_begin(version, alg, true);
		fails(bare(h->type, h->major, h->minor, h->len, h->n), h->why, h->alert);
		ends_end();
	}
}

static void bad_headers(void)
{
	ends_each(bad_headers_of);
}

/* 1.3: an alert or a handshake message in the clear; 1.2: another minor version. */
static void bad_headers_by_version(void)
{
	ends_begin(3, AEAD_AES_128_GCM, true);
	fails(bare(21, 3, 3, 100, 0), TLS_E_record_type, 10);
	ends_end();
	ends_begin(3, AEAD_AES_128_GCM, true);
	fails(bare(22, 3, 3, 100, 0), TLS_E_record_type, 10);
	ends_end();
	ends_begin(2, AEAD_AES_128_GCM, true);
	fails(bare(23, 3, 1, 100, 0), TLS_E_record_version, 70);
	ends_end();
}

/* Any bit that is not as it was sent: of the text, tag, nonce, length, version or type. The record
 * before it stays. */
static void flipped_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n = 0;

	for (uint32_t at = version == 3 ? 5 : 0; at == 0 || at < n; at += at < 16 ? 1 : 7) {
		ends_begin(version, alg, true);
		n = oracle_seal(TLS_T_DATA, stream, 50, wire);
		CU_ASSERT_EQUAL(input(wire, n, 0), 0);
		n = oracle_seal(TLS_T_DATA, stream + 50, 50, wire);
		wire[at] ^= 1;
		if (at == 0)
			fails(n, TLS_E_record_mac, 20); /* a handshake record now */
		else if (at >= 5)
			fails(n, TLS_E_record_mac, 20);
		check_rx(0, 50);
		ends_end();
	}
}

static void flipped(void)
{
	stream_fill(7);
	ends_each(flipped_of);
}

/* RFC 8446 5.2: a version that nobody looks at is authenticated all the same. */
static void minor_version(void)
{
	uint32_t n;

	stream_fill(8);
	ends_begin(3, AEAD_AES_128_GCM, true);
	n = oracle_seal(TLS_T_DATA, stream, 50, wire);
	wire[2] = 1;
	fails(n, TLS_E_record_mac, 20);
	ends_end();
}

/* The same record again, or one that is missing. */
static void replayed_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n;

	ends_begin(version, alg, true);
	n = oracle_seal(TLS_T_DATA, stream, 50, wire);
	CU_ASSERT_EQUAL(input(wire, n, 0), 0);
	fails(n, TLS_E_record_mac, 20);
	ends_end();
	ends_begin(version, alg, true);
	ends.keys.rx.seq++;
	n = oracle_seal(TLS_T_DATA, stream, 50, wire);
	fails(n, TLS_E_record_mac, 20);
	ends_end();
}

static void replayed(void)
{
	ends_each(replayed_of);
}

/* A record of 16384 bytes passes, of one more does not: RFC 8446 5.1, 5.4. */
static void too_much_text_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n;

	ends_begin(version, alg, true);
	n = oracle_seal(TLS_T_DATA, stream, TLS_PLAIN_MAX, wire);
	CU_ASSERT_EQUAL(input(wire, n, SEG), 0);
	check_rx(0, TLS_PLAIN_MAX);
	n = oracle_seal(TLS_T_DATA, stream, TLS_PLAIN_MAX + 1, wire);
	fails(n, TLS_E_plain_long, 22);
	ends_end();
	if (version == 2)
		return;
	ends_begin(version, alg, true);
	n = oracle_seal_padded(TLS_T_DATA, stream, 10, TLS_PLAIN_MAX - 9, wire);
	fails(n, TLS_E_plain_long, 22);
	ends_end();
}

static void too_much_text(void)
{
	stream_fill(9);
	ends_each(too_much_text_of);
}

/* RFC 8446 5.4: no type at all; a type that there is not, or that may not be encrypted. */
static void bad_types(void)
{
	static const struct {
		uint8_t type;
		uint32_t n, pad;
		enum tls_error why;
	} rows[] = {
		{0, 0, 0, TLS_E_plain_zeros},
		{0, 0, 500, TLS_E_plain_zeros},
		{20, 1, 0, TLS_E_record_type},
		{24, 3, 0, TLS_E_record_type},
		{255, 0, 3, TLS_E_record_type},
	};

	stream_fill(10);
	for (unsigned i = 0; i < RTE_DIM(rows); i++) {
		ends_begin(3, AEAD_AES_128_GCM, true);
		fails(oracle_seal_padded(rows[i].type, stream, rows[i].n, rows[i].pad, wire),
			rows[i].why, 10);
		ends_end();
	}
}

/* 32 empty records in a row are let pass, and any number with data between. */
static void empty_records_of(uint8_t version, enum aead_alg alg)
{
	uint32_t n;

	ends_begin(version, alg, true);
	for (unsigned i = 0; i < 100; i++) {
		n = 0;
		for (unsigned k = 0; k < 32; k++)
			n += oracle_seal(TLS_T_DATA, "", 0, wire + n);
		n += oracle_seal(TLS_T_DATA, stream, 1, wire + n);
		CU_ASSERT_EQUAL(input(wire, n, 0), 0);
		check_rx(0, 1);
	}
	n = 0;
	for (unsigned k = 0; k < 33; k++)
		n += oracle_seal(TLS_T_DATA, "", 0, wire + n);
	fails(n, TLS_E_empty_many, 10);
	ends_end();
}

static void empty_records(void)
{
	stream_fill(11);
	ends_each(empty_records_of);
}

/* rx is full: what is behind waits in `in`, untouched. */
static void rx_limit_of(uint8_t version, enum aead_alg alg)
{
	uint32_t done = 0, n;

	ends_begin(version, alg, true);
	n = seal_stream(300000, 16384);
	CU_ASSERT_EQUAL(input(wire, n, SEG), 0);
	while (ends.c->rx.bytes) {
		n = ends.c->rx.bytes;
		CU_ASSERT(n >= RTE_MIN(300000 - done, TLS_RX_LIMIT));
		CU_ASSERT(n < TLS_RX_LIMIT + TLS_PLAIN_MAX);
		check_rx(done, n);
		done += n;
		CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
	}
	CU_ASSERT_EQUAL(done, 300000);
	ends_end();
}

static void rx_limit(void)
{
	stream_fill(12);
	ends_each(rx_limit_of);
}

/* Without a buffer a record stays where it is, and is opened when there is one. */
static void no_buffers_of(uint8_t version, enum aead_alg alg)
{
	struct rte_mbuf *all;

	ends_begin(version, alg, true);
	chain_add(&ends.in, wire, seal_stream(20000, 700), 0);
	all = pools_drain(&pools, 0);
	CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), -ENOMEM);
	CU_ASSERT_EQUAL(ends.c->state, TLS_OPEN);
	CU_ASSERT(ends_stat(TLS_STAT_no_memory) > 0);
	rte_pktmbuf_free(all);
	CU_ASSERT_EQUAL(tls_input(ends.t, ends.c, &ends.in, ends.now), 0);
	check_rx(0, 20000);
	ends_end();
}

static void no_buffers(void)
{
	stream_fill(13);
	ends_each(no_buffers_of);
}

static void number_wraps_of(uint8_t version, enum aead_alg alg)
{
	ends_begin(version, alg, true);
	ends.c->records->rx.seq = ends.keys.rx.seq = UINT32_MAX - 3;
	CU_ASSERT_EQUAL(input(wire, seal_stream(800, 100), 0), 0);
	check_rx(0, 800);
	CU_ASSERT_EQUAL(ends.c->records->rx.seq, UINT32_MAX + 5ull);
	ends_end();
}

static void number_wraps(void)
{
	stream_fill(14);
	ends_each(number_wraps_of);
}

/* And over IPsec-MB. */
static void other_driver_of(uint8_t version, enum aead_alg alg)
{
	struct tls_hs_result keys = ends_keys(version, alg, 77);

	ends_begin_with(&aead_ipsec_mb, true, &keys);
	CU_ASSERT_EQUAL(input(wire, seal_stream(50000, 5000), SEG), 0);
	check_rx(0, 50000);
	ends_end();
}

static void other_driver(void)
{
	stream_fill(15);
	ends_each(other_driver_of);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(sizes),
	UNIT_CASE(byte_at_a_time),
	UNIT_CASE(coalesced),
	UNIT_CASE(random_cuts),
	UNIT_CASE(in_place_or_not),
	UNIT_CASE(padding),
	UNIT_CASE(bad_headers),
	UNIT_CASE(bad_headers_by_version),
	UNIT_CASE(flipped),
	UNIT_CASE(minor_version),
	UNIT_CASE(replayed),
	UNIT_CASE(too_much_text),
	UNIT_CASE(bad_types),
	UNIT_CASE(empty_records),
	UNIT_CASE(rx_limit),
	UNIT_CASE(no_buffers),
	UNIT_CASE(number_wraps),
	UNIT_CASE(other_driver),
};
/* clang-format on */
UNIT_MAIN(cases)
