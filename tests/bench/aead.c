/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the class costs: GB/s of each driver and algorithm against bare IPsec-MB, one call a
 * message, on the same core and data in the same run; and what a key costs. Bursts of messages of
 * one key that stay in the second-level cache. The best of the rounds counts, what disturbed the
 * others does not; drivers go by turns.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <intel-ipsec-mb.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include "aead/drivers.h"

#define BURST   16
#define MAX_N   16384
#define SEGMENT 1448
#define ROUNDS  15
#define TIME    4 /* ms of a round */
#define N_SIZES 3
#define N_RUNS  (1 + N_DRIVERS * N_SHAPES)

enum shape { WHOLE, APART, OPEN, N_SHAPES };
static const char *const shapes[N_SHAPES] = {
	"seal, in place", "seal, apart, 1448", "open, in place, 1448"};
static const uint32_t sizes[N_SIZES] = {1024, 4096, 16384};

static struct driver {
	const char *name, *args;
	struct aead *aead;
	struct aead_key *key[2]; /* [seal] */
} drivers[] = {{"ipsec_mb", ""}, {"openssl", ""}, {"cryptodev", "crypto_aesni_gcm0"},
	{"cryptodev", "crypto_aesni_mb0"}};
#define N_DRIVERS RTE_DIM(drivers)

static uint8_t from[BURST][MAX_N] __attribute__((aligned(64)));
static uint8_t to[BURST][MAX_N] __attribute__((aligned(64)));
static uint8_t key[AEAD_KEY_MAX] = "a key of no importance to anyone";
static struct aead_slice slices[BURST][MAX_N / SEGMENT + 1];
static struct aead_op ops[BURST];
static uint8_t nonces[BURST][AEAD_NONCE];

static IMB_MGR *mgr;
static struct gcm_key_data gcm_key __attribute__((aligned(64)));

static void raw_message(enum aead_alg alg, const uint8_t *nonce, uint8_t *p, uint32_t n)
{
	struct gcm_context_data gcm;
	struct chacha20_poly1305_context_data chacha;
	static const uint8_t aad[5];
	uint8_t tag[AEAD_TAG];

	if (alg == AEAD_AES_128_GCM) {
		IMB_AES128_GCM_ENC(
			mgr, &gcm_key, &gcm, p, p, n, nonce, aad, sizeof(aad), tag, AEAD_TAG);
	} else if (alg == AEAD_AES_256_GCM) {
		IMB_AES256_GCM_ENC(
			mgr, &gcm_key, &gcm, p, p, n, nonce, aad, sizeof(aad), tag, AEAD_TAG);
	} else {
		IMB_CHACHA20_POLY1305_INIT(mgr, key, &chacha, nonce, aad, sizeof(aad));
		IMB_CHACHA20_POLY1305_ENC_UPDATE(mgr, key, &chacha, p, p, n);
		IMB_CHACHA20_POLY1305_ENC_FINALIZE(mgr, &chacha, tag, AEAD_TAG);
	}
}

static void raw_key(enum aead_alg alg)
{
	if (alg == AEAD_AES_128_GCM)
		IMB_AES128_GCM_PRE(mgr, key, &gcm_key);
	else if (alg == AEAD_AES_256_GCM)
		IMB_AES256_GCM_PRE(mgr, key, &gcm_key);
}

/* A record's worth of slices; the nonce is new for each burst. */
static void prepare(const struct driver *d, enum shape shape, uint32_t n)
{
	uint32_t step = shape == WHOLE ? n : SEGMENT;

	for (int i = 0; i < BURST; i++) {
		struct aead_op *op = &ops[i];

		*op = (struct aead_op){.key = d->key[shape != OPEN], .slice = slices[i]};
		for (uint32_t at = 0; at < n; at += step)
			slices[i][op->n_slices++] =
				(struct aead_slice){(shape == APART ? from[i] : to[i]) + at,
					to[i] + at, RTE_MIN(step, n - at)};
	}
}

/* Nonces come first, for all: what is read just as it is written stalls the processor. */
static void burst(struct driver *d, enum aead_alg alg, uint32_t n)
{
	static uint64_t serial;

	for (int i = 0; i < BURST; i++) {
		serial++;
		memcpy(d ? ops[i].nonce : nonces[i], &serial, sizeof(serial));
	}
	for (int i = 0; !d && i < BURST; i++)
		raw_message(alg, nonces[i], to[i], n);
	if (d)
		aead_run(d->aead, ops, BURST);
}

/* Bytes a second for about TIME. */
static double once(struct driver *d, enum aead_alg alg, enum shape shape, uint32_t n)
{
	uint64_t start, end = 0, bytes = 0, length = rte_get_tsc_hz() / 1000 * TIME;

	if (d)
		prepare(d, shape, n);
	burst(d, alg, n);
	for (start = rte_rdtsc(); end - start < length || !end; end = rte_rdtsc()) {
		burst(d, alg, n);
		bytes += BURST * n;
	}
	return (double)bytes * (double)rte_get_tsc_hz() / (double)(end - start);
}

static void line(const char *name, const char *shape, enum aead_alg alg, const double *rate,
	const double *raw)
{
	printf("%-29s %-18s %-21s", name, aead_alg_name(alg), shape);
	for (int s = 0; s < N_SIZES; s++)
		printf(" %6.2f %4.2f", rate[s] / 1e9, rate[s] / raw[s]);
	printf("\n");
}

static void speeds(enum aead_alg alg)
{
	double best[N_RUNS][N_SIZES] = {0};
	char name[64];

	for (int round = 0; round < ROUNDS * N_SIZES; round++) {
		unsigned s = (unsigned)round % N_SIZES, r = 0;

		best[r][s] = RTE_MAX(best[r][s], once(NULL, alg, WHOLE, sizes[s]));
		for (size_t d = 0; d < N_DRIVERS; d++)
			for (int shape = 0; shape < N_SHAPES; shape++)
				if (++r && drivers[d].key[0])
					best[r][s] = RTE_MAX(best[r][s],
						once(&drivers[d], alg, shape, sizes[s]));
	}
	line("bare IPsec-MB", shapes[WHOLE], alg, best[0], best[0]);
	for (unsigned r = 1; r < N_RUNS; r++) {
		const struct driver *d = &drivers[(r - 1) / N_SHAPES];

		snprintf(name, sizeof(name), "%s %s", d->name, d->args);
		if (d->key[0])
			line(name, shapes[(r - 1) % N_SHAPES], alg, best[r], best[0]);
	}
}

/* ns to get and put a key; bare: to expand it. */
static double key_cost(const struct driver *d, enum aead_alg alg)
{
	const struct aead_spec spec = {alg, true, 5};
	uint64_t best = UINT64_MAX, start;

	for (int round = 0; round < 2000; round++) {
		start = rte_rdtsc_precise();
		for (int i = 0; i < 10; i++) {
			if (d)
				aead_key_put(d->aead, aead_key_get(d->aead, &spec, key));
			else
				raw_key(alg);
		}
		best = RTE_MIN(best, rte_rdtsc_precise() - start);
	}
	return (double)best * 1e8 / (double)rte_get_tsc_hz();
}

static void keys(enum aead_alg alg)
{
	printf("%-18s bare IPsec-MB %.0f", aead_alg_name(alg), key_cost(NULL, alg));
	for (size_t d = 0; d < N_DRIVERS; d++)
		if (aead_does(drivers[d].aead, alg))
			printf(", %s %s %.0f", drivers[d].name, drivers[d].args,
				key_cost(&drivers[d], alg));
	printf("\n");
}

static void take_keys(enum aead_alg alg)
{
	raw_key(alg);
	for (size_t d = 0; d < N_DRIVERS; d++)
		for (int seal = 0; seal < 2; seal++)
			drivers[d].key[seal] = aead_key_get(
				drivers[d].aead, &(struct aead_spec){alg, seal, 5}, key);
}

static void put_keys(void)
{
	for (size_t d = 0; d < N_DRIVERS; d++)
		for (int seal = 0; seal < 2; seal++)
			aead_key_put(drivers[d].aead, drivers[d].key[seal]);
}

static int start(void)
{
	char lcores[32];
	char *eal[] = {"bench_aead", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry", "-m",
		"64", "--log-level", "error", "--lcores", lcores};
	struct err e;

	snprintf(lcores, sizeof(lcores), "0@%d", sched_getcpu());
	mgr = alloc_mb_mgr(0);
	if (rte_eal_init(RTE_DIM(eal), eal) < 0 || !mgr)
		return -1;
	init_mb_mgr_auto(mgr, NULL);
	for (size_t d = 0; d < N_DRIVERS; d++) {
		drivers[d].aead =
			aead_create(aead_driver_find(drivers[d].name), drivers[d].args, 4, -1, &e);
		if (!drivers[d].aead) {
			fprintf(stderr, "%s\n", e.text);
			return -1;
		}
	}
	return 0;
}

int main(void)
{
	if (start())
		return 1;
	printf("%-29s %-18s %-21s %11s %11s %11s  GB/s, of bare\n", "driver", "algorithm", "what",
		"1 KB", "4 KB", "16 KB");
	for (int alg = 0; alg < AEAD_ALGS; alg++) {
		take_keys(alg);
		speeds(alg);
		put_keys();
	}
	printf("\nns to get and put a key (bare: to expand it)\n");
	for (int alg = 0; alg < AEAD_ALGS; alg++)
		keys(alg);
	for (size_t d = 0; d < N_DRIVERS; d++)
		aead_destroy(drivers[d].aead);
	free_mb_mgr(mgr);
	return 0;
}
