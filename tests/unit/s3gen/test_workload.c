/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "unit.h"
#include "workload.h"

#define DRAWS 200000

static struct gen_workload conf;
static struct workload *work;
static struct rand_state rnd;
static struct walk walk;

static void setup(void)
{
	conf = (struct gen_workload){.name = "w",
		.bucket = "b",
		.prefix = "p/",
		.op = {[GEN_GET] = 1},
		.size = {{4096, 4096, 1}},
		.n_size = 1,
		.keys = 1000,
		.range = 1 << 20,
		.part = 8 << 20};
	walk = (struct walk){0};
	rand_seed(&rnd, unit_seed(1));
}

static void start(void)
{
	struct err e = {""};

	work = workload_create(&conf, 7, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(work);
}

static struct ask next(void)
{
	struct ask a;

	workload_next(work, &rnd, &walk, &a);
	return a;
}

static bool near(double got, double want, double part)
{
	return fabs(got - want) <= want * part;
}

static void operations_by_weight(void)
{
	uint32_t n[GEN_OPS] = {0};

	setup();
	conf.op[GEN_GET] = 70;
	conf.op[GEN_PUT] = 20;
	conf.op[GEN_LIST] = 10;
	start();
	for (unsigned i = 0; i < DRAWS; i++)
		n[next().op]++;
	CU_ASSERT(near(n[GEN_GET], 0.7 * DRAWS, 0.02));
	CU_ASSERT(near(n[GEN_PUT], 0.2 * DRAWS, 0.03));
	CU_ASSERT(near(n[GEN_LIST], 0.1 * DRAWS, 0.04));
	CU_ASSERT_EQUAL(n[GEN_GET] + n[GEN_PUT] + n[GEN_LIST], DRAWS);
	workload_destroy(work);
}

/* Weights hold, values stay in their range and are uniform in the logarithm. */
static void sizes_by_weight(void)
{
	uint32_t small = 0, low = 0, keys = 100000;

	setup();
	conf.keys = keys;
	conf.size[0] = (struct gen_size){100, 100, 30};
	conf.size[1] = (struct gen_size){1 << 10, 1 << 20, 70};
	conf.n_size = 2;
	start();
	for (uint32_t i = 0; i < keys; i++) {
		uint64_t size = workload_size(work, i);

		CU_ASSERT(size == 100 || (size >= 1 << 10 && size <= 1 << 20));
		CU_ASSERT_EQUAL(size, workload_size(work, i));
		small += size == 100;
		low += size != 100 && size < 1 << 15;
	}
	CU_ASSERT(near(small, 0.3 * keys, 0.02));
	CU_ASSERT(near(low, 0.35 * keys, 0.02));
	workload_destroy(work);
}

static void zipf_as_defined(void)
{
	uint32_t *n = calloc(1000, sizeof(*n));
	double sum = 0;

	setup();
	conf.popularity = GEN_ZIPF;
	conf.skew = 0.99f;
	start();
	for (unsigned i = 0; i < DRAWS; i++)
		n[next().key]++;
	for (unsigned i = 0; i < conf.keys; i++)
		sum += pow(i + 1.0, -0.99);
	for (unsigned i = 0; i < 20; i++)
		CU_ASSERT(near(n[i], DRAWS * pow(i + 1.0, -0.99) / sum, 0.12));
	CU_ASSERT(n[999] < 200);
	free(n);
	workload_destroy(work);
}

static void uniform_and_hot(void)
{
	uint32_t hot = 0, low = 0;

	setup();
	start();
	for (unsigned i = 0; i < DRAWS; i++)
		low += next().key < 500;
	CU_ASSERT(near(low, DRAWS / 2.0, 0.02));
	workload_destroy(work);
	conf.popularity = GEN_HOT;
	conf.skew = 0.9f;
	start();
	for (unsigned i = 0; i < DRAWS; i++)
		hot += next().key == 0;
	CU_ASSERT(near(hot, 0.9 * DRAWS, 0.01));
	workload_destroy(work);
	conf.keys = 1;
	start();
	CU_ASSERT_EQUAL(next().key, 0);
	workload_destroy(work);
}

/* Every object once an epoch, in another order the next time; whatever the number of objects. */
static void shuffle_is_a_permutation(void)
{
	const uint32_t counts[] = {1, 2, 3, 7, 64, 1000, 4097};

	for (unsigned k = 0; k < RTE_DIM(counts); k++) {
		uint32_t n = counts[k], same = 0, *first = calloc(n, sizeof(*first));
		uint8_t *seen = calloc(n, 1);

		setup();
		conf.popularity = GEN_SHUFFLE;
		conf.keys = n;
		start();
		for (unsigned epoch = 1; epoch <= 3; epoch++) {
			for (uint32_t i = 0; i < n; i++) {
				uint32_t key = next().key;

				CU_ASSERT_FATAL(key < n);
				CU_ASSERT_EQUAL(seen[key], epoch - 1);
				seen[key]++;
				same += epoch > 1 && first[i] == key;
				first[i] = key;
			}
		}
		CU_ASSERT(n < 1000 || same < n / 20);
		free(first);
		free(seen);
		workload_destroy(work);
	}
}

static void sequence(void)
{
	setup();
	conf.popularity = GEN_SEQUENCE;
	conf.keys = 3;
	start();
	for (unsigned i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(next().key, i % 3);
	workload_destroy(work);
}

/* A walk reads all of an object in order, the last range short, and then another object. */
static void walk_reads_all(void)
{
	uint64_t at = 0;

	setup();
	conf.op[GEN_GET] = 0;
	conf.op[GEN_RANGE] = 1;
	conf.size[0] = (struct gen_size){2500, 2500, 1};
	conf.range = 1000;
	conf.ranges = GEN_WALK;
	conf.popularity = GEN_SEQUENCE;
	start();
	for (unsigned i = 0; i < 9; i++) {
		struct ask a = next();

		CU_ASSERT_EQUAL(a.op, GEN_RANGE);
		CU_ASSERT_EQUAL(a.key, i / 3);
		CU_ASSERT_EQUAL(a.from, at);
		CU_ASSERT_EQUAL(a.n, i % 3 == 2 ? 500 : 1000);
		at = i % 3 == 2 ? 0 : at + a.n;
	}
	workload_destroy(work);
}

static void ranges_at_random(void)
{
	uint32_t hit[3] = {0};

	setup();
	conf.op[GEN_GET] = 0;
	conf.op[GEN_RANGE] = 1;
	conf.size[0] = (struct gen_size){2500, 2500, 1};
	conf.range = 1000;
	start();
	for (unsigned i = 0; i < 3000; i++) {
		struct ask a = next();

		CU_ASSERT_FATAL(a.from % 1000 == 0 && a.from + a.n <= 2500 && a.n > 0);
		hit[a.from / 1000]++;
	}
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(near(hit[i], 1000, 0.15));
	workload_destroy(work);
	conf.size[0] = (struct gen_size){0, 0, 1};
	start();
	CU_ASSERT_EQUAL(next().op, GEN_GET);
	workload_destroy(work);
}

static bool named(struct ask a, bool prepared, const char *want)
{
	char text[WORKLOAD_KEY_MAX];
	struct sink out = {text, sizeof(text), 0};

	workload_key(work, &a, prepared, &out);
	return span_eq((struct span){text, out.n}, span_str(want));
}

/* What is written or deleted is not what is read. */
static void names(void)
{
	struct ask a = {.op = GEN_GET, .key = 17, .size = 4096};

	setup();
	start();
	CU_ASSERT(named(a, false, "p/00000017-4096"));
	a.op = GEN_PUT;
	CU_ASSERT(named(a, false, "p/w00000017-4096"));
	CU_ASSERT(named(a, true, "p/00000017-4096"));
	a.op = GEN_DELETE;
	CU_ASSERT(named(a, false, "p/w00000017-4096"));
	workload_prepare(work, 3, &a);
	CU_ASSERT(a.op == GEN_PUT && a.key == 3 && a.size == 4096 && a.n == 4096);
	workload_destroy(work);
	conf.prefix = NULL;
	start();
	CU_ASSERT(named(a, true, "00000003-4096"));
	workload_destroy(work);
}

static const struct unit_case cases[] = {
	UNIT_CASE(operations_by_weight),
	UNIT_CASE(sizes_by_weight),
	UNIT_CASE(zipf_as_defined),
	UNIT_CASE(uniform_and_hot),
	UNIT_CASE(shuffle_is_a_permutation),
	UNIT_CASE(sequence),
	UNIT_CASE(walk_reads_all),
	UNIT_CASE(ranges_at_random),
	UNIT_CASE(names),
};
UNIT_MAIN(cases)
