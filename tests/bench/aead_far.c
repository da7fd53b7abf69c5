/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What sealing costs where the data comes from another core and goes back to it, as all does that
 * a relay seals: GB/s of bare IPsec-MB, one call a record, and of the driver with segments that lie
 * as mbufs do. bench_aead has the same of data that never left the sealer's own cache.
 *
 * Two cores by turns, so that neither slows the other down: the far one writes what is to be sealed
 * and reads what was; the near one seals, and only that is timed. `near` is the same with nobody
 * else. Each has the memory its bytes say to go round in, and as much for what is sealed.
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <intel-ipsec-mb.h>
#include <rte_common.h>
#include <rte_cycles.h>
#include <rte_eal.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "aead/drivers.h"

#define RECORD  16384
#define SEGMENT 1448
#define PITCH   2432 /* from one mbuf to the next */
#define SLICES  (RECORD / SEGMENT + 1)
#define ROOM    (SLICES * PITCH)
#define BURST   4 /* records that one aead_run() has */
#define ROUNDS  64
#define HUGE    (2u << 20)

static const uint32_t records[] = {4, 64, 512};
#define N_SIZES RTE_DIM(records)

static uint8_t *from, *to; /* ROOM a record */
static struct {
	_Alignas(64) uint32_t turn; /* even: the near core's; odd: the far one's */
	_Alignas(64) uint32_t n;    /* records; 0 ends it */
	bool contiguous;
} shared;

static IMB_MGR *mgr;
static struct gcm_key_data gcm_key __attribute__((aligned(64)));
static struct aead *aead;
static struct aead_key *key;
static uint64_t serial;

/* --- the far core --- */

static uint32_t piece(bool contiguous, uint32_t at)
{
	return contiguous ? RECORD : RTE_MIN((uint32_t)SEGMENT, RECORD - at);
}

static uint64_t make_and_read(uint32_t n, bool contiguous, uint8_t value)
{
	uint64_t sum = 0, word;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t *in = from + (size_t)i * ROOM, *out = to + (size_t)i * ROOM;

		for (uint32_t at = 0, k; at < RECORD; at += k, in += PITCH, out += PITCH) {
			k = piece(contiguous, at);
			memset(in, value, k);
			for (uint32_t b = 0; b + 8 <= k; b += 64) {
				memcpy(&word, out + b, 8);
				sum += word;
			}
		}
	}
	return sum;
}

static void wait_for(uint32_t odd)
{
	while ((__atomic_load_n(&shared.turn, __ATOMIC_ACQUIRE) & 1) != odd)
		rte_pause();
}

static void pass(void)
{
	__atomic_store_n(&shared.turn, shared.turn + 1, __ATOMIC_RELEASE);
}

static int far_core(void *sum)
{
	for (uint8_t value = 0;; value++) {
		wait_for(1);
		if (!shared.n)
			return 0;
		*(volatile uint64_t *)sum += make_and_read(shared.n, shared.contiguous, value);
		pass();
	}
}

/* --- the near core --- */

static void seal_bare(uint32_t n)
{
	static const uint8_t aad[5];
	struct gcm_context_data gcm;
	uint8_t nonce[AEAD_NONCE] = {0}, tag[AEAD_TAG];

	for (uint32_t i = 0; i < n; i++) {
		serial++;
		memcpy(nonce, &serial, sizeof(serial));
		IMB_AES128_GCM_ENC(mgr, &gcm_key, &gcm, to + (size_t)i * ROOM,
			from + (size_t)i * ROOM, RECORD, nonce, aad, sizeof(aad), tag, AEAD_TAG);
	}
}

static void seal_driver(uint32_t n)
{
	static struct aead_slice slices[BURST][SLICES];
	struct aead_op ops[BURST];

	for (uint32_t i = 0; i < n; i += BURST) {
		for (uint32_t k = 0; k < BURST; k++) {
			const size_t base = (size_t)(i + k) * ROOM;

			ops[k] = (struct aead_op){
				.key = key, .slice = slices[k], .n_slices = SLICES};
			serial++;
			memcpy(ops[k].nonce, &serial, sizeof(serial));
			for (uint32_t s = 0; s < SLICES; s++)
				slices[k][s] = (struct aead_slice){from + base + s * PITCH,
					to + base + s * PITCH, piece(false, s * SEGMENT)};
		}
		aead_run(aead, ops, BURST);
	}
}

/* Best bytes a second of ROUNDS. */
static double speed(void (*seal)(uint32_t n), uint32_t n, bool is_far)
{
	uint64_t best = UINT64_MAX, start;

	shared.n = n;
	shared.contiguous = seal == seal_bare;
	for (int round = 0; round < ROUNDS; round++) {
		if (is_far) {
			pass();
			wait_for(0);
		}
		start = rte_rdtsc_precise();
		seal(n);
		best = RTE_MIN(best, rte_rdtsc_precise() - start);
	}
	return (double)n * RECORD * (double)rte_get_tsc_hz() / (double)best;
}

static void line(const char *name, void (*seal)(uint32_t n))
{
	for (int is_far = 0; is_far < 2; is_far++) {
		printf("%-24s %-5s", name, is_far ? "far" : "near");
		for (size_t s = 0; s < N_SIZES; s++)
			printf(" %11.2f", speed(seal, records[s], is_far) / 1e9);
		printf("\n");
	}
}

/* --- both --- */

/* Pages as large as mbufs have, where the kernel gives them. NULL: no memory. */
static uint8_t *room(void)
{
	size_t n = RTE_ALIGN_CEIL((size_t)records[N_SIZES - 1] * ROOM, HUGE);
	uint8_t *p = aligned_alloc(HUGE, n);

	if (p) {
		madvise(p, n, MADV_HUGEPAGE);
		memset(p, 1, n);
	}
	return p;
}

static int open_aead(void)
{
	static const uint8_t bytes[AEAD_KEY_MAX] = "a key of no importance to anyone";
	struct err e = {0};

	aead = aead_create(aead_driver_find("ipsec_mb"), "", 1, -1, &e);
	if (!aead) {
		fprintf(stderr, "bench_aead_far: %s\n", e.text);
		return -1;
	}
	key = aead_key_get(aead, &(struct aead_spec){AEAD_AES_128_GCM, true, 5}, bytes);
	IMB_AES128_GCM_PRE(mgr, bytes, &gcm_key);
	return key ? 0 : -1;
}

static int start(unsigned near, unsigned away)
{
	char lcores[32];
	char *eal[] = {"bench_aead_far", "--no-huge", "--no-pci", "--no-shconf", "--no-telemetry",
		"-m", "64", "--log-level", "error", "--lcores", lcores};

	snprintf(lcores, sizeof(lcores), "0@%u,1@%u", near, away);
	mgr = alloc_mb_mgr(0);
	from = room();
	to = room();
	if (!mgr || !from || !to || rte_eal_init(RTE_DIM(eal), eal) < 0)
		return -1;
	init_mb_mgr_auto(mgr, NULL);
	return open_aead();
}

int main(int argc, char **argv)
{
	uint64_t sum = 0;

	if (argc != 3) {
		fprintf(stderr, "bench_aead_far: which core seals, and which other has the data? "
				"(bench_aead_far 1 0)\n");
		return 2;
	}
	if (start((unsigned)atoi(argv[1]), (unsigned)atoi(argv[2])))
		return 1;
	rte_eal_remote_launch(far_core, &sum, 1);
	printf("%-30s", "AES_128_GCM, 16 KB");
	for (size_t s = 0; s < N_SIZES; s++)
		printf(" %8u KB", records[s] * RECORD / 1024);
	printf("  GB/s\n");
	line("bare IPsec-MB", seal_bare);
	line("ipsec_mb, segments", seal_driver);
	shared.n = 0;
	pass();
	rte_eal_wait_lcore(1);
	aead_key_put(aead, key);
	aead_destroy(aead);
	free_mb_mgr(mgr);
	free(from);
	free(to);
	return 0;
}
