/* SPDX-License-Identifier: BSD-3-Clause */
/* Cycles per request head and byte: scan, parse and build of what S3 clients send. */
#include <stdio.h>
#include <x86intrin.h>

#include "../unit/http/heads.h"
#include "http/http.h"

#define ROUNDS 20000

static struct http_head h;
static char out[8192];
static uint64_t sum; /* uses the results, so that nothing is optimised away */

static void scan(struct span b)
{
	struct http_scan s;

	http_scan_init(&s, 65536, true);
	sum += (uint64_t)http_scan(&s, b.p, b.n);
}

static void parse(struct span b)
{
	sum += (uint64_t)http_req_parse(&h, b.p, b.n) + h.n_fields;
}

static void build(struct span b)
{
	const struct http_add add = {SPAN_LIT("X-Forwarded-For"), SPAN_LIT("10.0.0.1")};

	sum += (uint64_t)http_head_build(
		&h, &(struct http_edit){.add = &add, .n_add = 1}, out, sizeof(out));
}

/* The best of 5 rounds: what the code costs, not what disturbed it. */
static uint64_t cycles(void (*run)(struct span b), struct span b)
{
	uint64_t best = UINT64_MAX, start;

	for (int round = 0; round < 5; round++) {
		start = __rdtsc();
		for (int i = 0; i < ROUNDS; i++)
			run(b);
		start = __rdtsc() - start;
		best = start < best ? start : best;
	}
	return best / ROUNDS;
}

int main(void)
{
	printf("%-22s %6s %6s %6s %6s   TSC cycles\n", "head", "bytes", "scan", "parse", "build");
	for (size_t i = 0; i < N_HEADS; i++) {
		struct span b = heads[i].bytes;
		uint64_t s = cycles(scan, b), p = cycles(parse, b), w = cycles(build, b);

		printf("%-22s %6zu %6lu %6lu %6lu\n", heads[i].name, b.n, s, p, w);
	}
	return sum == 0;
}
