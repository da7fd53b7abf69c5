/* SPDX-License-Identifier: BSD-3-Clause */
#include "base/rand.h"
#include "body.h"
#include "pools.h"

#define N_DATA 512
#define SIZE   (1u << 20)

static struct buf_pools pools;
static struct body *body;
static uint8_t bytes[SIZE], other[SIZE];

static void setup(void)
{
	pools_begin(&pools, N_DATA);
	body = body_create(7, SOCKET_ID_ANY);
	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
}

static void teardown(void)
{
	pools_end(&pools);
	body_destroy(body);
}

static uint64_t object(const char *bucket, const char *key)
{
	return body_object(body, span_str(bucket), span_str(key));
}

/* Slices, copies and checks agree, wherever they begin and end. */
static void same_bytes(void)
{
	struct rand_state r;
	uint64_t o;

	setup();
	rand_seed(&r, unit_seed(1));
	o = object("b", "k-1048576");
	body_copy(body, o, 0, SIZE, bytes);
	for (unsigned i = 0; i < 500; i++) {
		struct buf_chain c = {0};
		uint32_t off = rand_below(&r, SIZE), n = rand_below(&r, SIZE - off) % 200000;
		uint32_t skip;

		CU_ASSERT_EQUAL(body_slice(body, o, off, n, &c, pools.indirect), 0);
		CU_ASSERT_EQUAL(c.bytes, n);
		buf_chain_read(&c, 0, n, other);
		CU_ASSERT_EQUAL(memcmp(other, bytes + off, n), 0);
		CU_ASSERT_EQUAL(body_check(body, o, off, other, n), n);
		CU_ASSERT_EQUAL(body_check_chain(body, o, off, &c, n), n);
		skip = n ? rand_below(&r, n) : 0;
		buf_chain_consume(&c, skip);
		CU_ASSERT_EQUAL(body_check_chain(body, o, off + skip, &c, n - skip), n - skip);
		buf_chain_free(&c);
	}
	teardown();
}

/* One wrong byte is found, at its place. */
static void wrong_byte(void)
{
	struct rand_state r;
	uint64_t o;

	setup();
	rand_seed(&r, unit_seed(2));
	o = object("b", "k");
	body_copy(body, o, 5, SIZE, bytes);
	CU_ASSERT_EQUAL(body_check(body, o, 5, bytes, SIZE), SIZE);
	for (unsigned i = 0; i < 200; i++) {
		uint32_t at = rand_below(&r, SIZE);
		struct buf_chain c = {0};

		bytes[at] ^= (uint8_t)(1 << rand_below(&r, 8));
		CU_ASSERT_EQUAL(body_check(body, o, 5, bytes, SIZE), at);
		if (at < 100000) {
			CU_ASSERT_EQUAL(buf_chain_write(&c, bytes, 100000, pools.data), 0);
			CU_ASSERT_EQUAL(body_check_chain(body, o, 5, &c, 100000), at);
			buf_chain_free(&c);
		}
		body_copy(body, o, 5 + at, 1, bytes + at);
	}
	teardown();
}

/* Nothing else passes for the bytes of an object: not its own from elsewhere, nor another's. */
static void wrong_place(void)
{
	static const uint64_t shift[] = {
		1, 8, 64, 1448, 4096, BODY_BLOCK, 2 * BODY_BLOCK, 1 << 18, 1 << 20, 1ull << 40};
	uint64_t o, p;

	setup();
	o = object("b", "k-1");
	body_copy(body, o, 0, SIZE, bytes);
	for (unsigned i = 0; i < RTE_DIM(shift); i++)
		for (uint32_t off = 0; off + 4096 <= SIZE; off += 4096)
			CU_ASSERT(body_check(body, o, off + shift[i], bytes + off, 4096) < 32);
	p = object("b", "k-2");
	for (uint32_t off = 0; off + 4096 <= SIZE; off += 4096)
		CU_ASSERT(body_check(body, p, off, bytes + off, 4096) < 32);
	teardown();
}

static void names_and_seeds(void)
{
	struct body *again, *differs;

	setup();
	again = body_create(7, SOCKET_ID_ANY);
	differs = body_create(8, SOCKET_ID_ANY);
	CU_ASSERT_NOT_EQUAL(object("a", "bc"), object("ab", "c"));
	CU_ASSERT_NOT_EQUAL(object("a", ""), object("", "a"));
	CU_ASSERT_EQUAL(object("a", "b"), body_object(again, SPAN_LIT("a"), SPAN_LIT("b")));
	body_copy(body, 1, 3, SIZE, bytes);
	CU_ASSERT_EQUAL(body_check(again, 1, 3, bytes, SIZE), SIZE);
	CU_ASSERT(body_check(differs, 1, 3, bytes, SIZE) < 32);
	body_destroy(again);
	body_destroy(differs);
	teardown();
}

/* Without mbufs nothing is appended and nothing is lost. */
static void no_mbufs(void)
{
	struct buf_chain c = {0};

	setup();
	CU_ASSERT_EQUAL(body_slice(body, 1, 0, 100, &c, pools.indirect), 0);
	CU_ASSERT_EQUAL(
		body_slice(body, 1, 0, (2 * N_DATA + 8) * BODY_BLOCK, &c, pools.indirect), -ENOMEM);
	CU_ASSERT_EQUAL(c.bytes, 100);
	CU_ASSERT_EQUAL(buf_pools_in_use(&pools), 1);
	buf_chain_free(&c);
	teardown();
}

/* What is on the wire keeps no more than the slice: the memory of the pattern is not counted. */
static void truesize(void)
{
	struct buf_chain c = {0};

	setup();
	CU_ASSERT_EQUAL(body_slice(body, 1, 100, 4096, &c, pools.indirect), 0);
	CU_ASSERT(c.truesize >= 4096 && c.truesize < 4096 + 512);
	buf_chain_free(&c);
	teardown();
}

static void etags(void)
{
	char a[BODY_ETAG_MAX], b[BODY_ETAG_MAX];

	body_etag(0x123456789abcdef0, 10, 0, a);
	CU_ASSERT_EQUAL(strncmp(a, "\"123456789abcdef0", 17), 0);
	CU_ASSERT_EQUAL(strlen(a), 34);
	CU_ASSERT_EQUAL(a[33], '"');
	body_etag(0x123456789abcdef0, 11, 0, b);
	CU_ASSERT_NOT_EQUAL(strcmp(a, b), 0);
	body_etag(1, UINT64_MAX, 10000, a);
	CU_ASSERT_STRING_EQUAL(a + 33, "-10000\"");
}

static const struct unit_case cases[] = {UNIT_CASE(same_bytes), UNIT_CASE(wrong_byte),
	UNIT_CASE(wrong_place), UNIT_CASE(names_and_seeds), UNIT_CASE(no_mbufs),
	UNIT_CASE(truesize), UNIT_CASE(etags)};
UNIT_MAIN(cases)
