/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "base/rand.h"
#include "seg.h"

static int parse(struct tcp_opts *o, const uint8_t *p, uint32_t n)
{
	uint8_t *exact = calloc(1, n ? n : 1); /* so that a sanitizer sees a read beyond */
	int rc;

	memcpy(exact, p, n);
	rc = tcp__opts_parse(o, exact, n);
	free(exact);
	return rc;
}
#define PARSE(o, ...)                                                                              \
	parse(o, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

static void none(void)
{
	struct tcp_opts o;

	CU_ASSERT_EQUAL(parse(&o, (const uint8_t *)"", 0), 0);
	CU_ASSERT_EQUAL(o.mss, 0);
	CU_ASSERT_EQUAL(PARSE(&o, 1, 1, 0, 2), 0); /* nothing after the end */
}

static void lengths(void)
{
	struct tcp_opts o;

	CU_ASSERT_EQUAL(PARSE(&o, 2, 0), -EINVAL);
	CU_ASSERT_EQUAL(PARSE(&o, 2, 1, 5, 180), -EINVAL);
	CU_ASSERT_EQUAL(PARSE(&o, 2, 4, 5), -EINVAL);
	CU_ASSERT_EQUAL(PARSE(&o, 1, 1, 1, 8), -EINVAL);
	CU_ASSERT_EQUAL(PARSE(&o, 99, 0, 1, 1), -EINVAL);
	/* a known option of a wrong length is unknown */
	CU_ASSERT_EQUAL(PARSE(&o, 2, 3, 5, 3, 2, 4, 3, 1, 8, 2), 0);
	CU_ASSERT_FALSE(o.mss || o.has_wscale || o.sack_ok || o.has_ts);
	/* a SACK option of no whole block */
	CU_ASSERT_EQUAL(PARSE(&o, 5, 9, 1, 2, 3, 4, 5, 6, 7), 0);
	CU_ASSERT_EQUAL(o.n_sack, 0);
}

static void known(void)
{
	struct tcp_opts o;

	CU_ASSERT_EQUAL(PARSE(&o, 2, 4, 5, 180, 1, 3, 3, 15, 4, 2, 254, 4, 1, 2, 8, 10, 1, 2, 3, 4,
				5, 6, 7, 8),
		0);
	CU_ASSERT_EQUAL(o.mss, 1460);
	CU_ASSERT_TRUE(o.has_wscale && o.sack_ok && o.has_ts);
	CU_ASSERT_EQUAL(o.wscale, 14); /* RFC 7323 2.3 */
	CU_ASSERT_EQUAL(o.ts_val, 0x01020304);
	CU_ASSERT_EQUAL(o.ts_ecr, 0x05060708);
}

static bool same(const struct tcp_opts *a, const struct tcp_opts *b)
{
	bool eq = a->mss == b->mss && a->has_ts == b->has_ts && a->has_wscale == b->has_wscale &&
		  a->sack_ok == b->sack_ok && a->n_sack == b->n_sack;

	if (a->has_ts)
		eq &= a->ts_val == b->ts_val && a->ts_ecr == b->ts_ecr;
	if (a->has_wscale)
		eq &= a->wscale == b->wscale;
	for (uint32_t i = 0; i < a->n_sack; i++)
		eq &= a->sack[i].start == b->sack[i].start && a->sack[i].end == b->sack[i].end;
	return eq;
}

/* What is built is parsed to the same, fits, and is a multiple of 4. */
static void round_trip(void)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(1));
	for (int i = 0; i < 20000; i++) {
		bool syn = rand_below(&r, 2);
		struct tcp_opts a = {.has_ts = rand_below(&r, 2),
					.ts_val = (uint32_t)rand_next(&r),
					.ts_ecr = (uint32_t)rand_next(&r)},
				b;
		uint8_t bytes[TCP_HDR_MAX];
		uint32_t n;

		if (syn) {
			a.mss = (uint16_t)(1 + rand_below(&r, 65535));
			a.sack_ok = rand_below(&r, 2);
			a.has_wscale = rand_below(&r, 2);
			a.wscale = (uint8_t)rand_below(&r, 15);
		} else {
			a.n_sack = (uint8_t)rand_below(&r, a.has_ts ? 4 : 5);
			for (uint32_t k = 0; k < a.n_sack; k++) {
				a.sack[k].start = (uint32_t)rand_next(&r);
				a.sack[k].end = (uint32_t)rand_next(&r);
			}
		}
		n = syn ? tcp__opts_build_syn(bytes, &a) : tcp__opts_build(bytes, &a);
		CU_ASSERT_TRUE_FATAL(n % 4 == 0 && n <= (syn ? 20 : 40));
		CU_ASSERT_EQUAL_FATAL(parse(&b, bytes, n), 0);
		CU_ASSERT_TRUE_FATAL(same(&a, &b));
	}
}

static void any_bytes(void)
{
	struct rand_state r;

	rand_seed(&r, unit_seed(2));
	for (int i = 0; i < 50000; i++) {
		uint8_t bytes[40];
		struct tcp_opts o;

		for (uint32_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)rand_below(&r, rand_below(&r, 2) ? 12 : 256);
		parse(&o, bytes, rand_below(&r, 41));
		CU_ASSERT_TRUE_FATAL(o.n_sack <= 4 && o.wscale <= 14);
	}
}

static const struct unit_case cases[] = {UNIT_CASE(none), UNIT_CASE(lengths), UNIT_CASE(known),
	UNIT_CASE(round_trip), UNIT_CASE(any_bytes)};
UNIT_MAIN(cases)
