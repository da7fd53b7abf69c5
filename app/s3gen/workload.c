/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "workload.h"

#define QUANTILES   1024 /* of a range of sizes */
#define FEISTEL     4    /* rounds: Luby and Rackoff 1988 */
#define INDEX_WIDTH 8    /* digits, so that keys sort as their indices do */

/* Walker's alias method (1977; tables as Vose 1991): one draw of a slot, one of its two values. */
struct alias {
	uint32_t keep; /* the slot's own value, in so many cases of 2^32; else the other */
	uint32_t other;
};

struct workload {
	const struct gen_workload *conf;
	uint64_t seed;
	uint32_t op[GEN_OPS];              /* cumulated weights */
	uint32_t size_at[GEN_SIZES_MAX];   /* the same of sizes */
	uint64_t *quantile[GEN_SIZES_MAX]; /* QUANTILES + 1 sizes, ascending; NULL: min is max */
	struct alias *zipf;                /* of keys */
	uint32_t hot;                      /* chance of object 0 */
	uint64_t step;                     /* shuffle, sequence: draws so far */
	unsigned half;                     /* shuffle: bits of each half of an index */
};

static uint32_t mix(uint64_t x)
{
	/* splitmix64 (Steele, Lea and Flood 2014) */
	x += 0x9e3779b97f4a7c15ull;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ x >> 27) * 0x94d049bb133111ebull;
	return (uint32_t)((x ^ x >> 31) >> 32);
}

/* ---- at the start ---- */

static int sizes_init(struct workload *w)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < w->conf->n_size; i++) {
		const struct gen_size *s = &w->conf->size[i];
		double ratio = s->min ? log((double)s->max / (double)s->min) : 0;

		sum += s->weight;
		w->size_at[i] = sum;
		if (s->min == s->max)
			continue;
		w->quantile[i] = calloc(QUANTILES + 1, sizeof(**w->quantile));
		if (!w->quantile[i])
			return -ENOMEM;
		for (unsigned q = 0; q <= QUANTILES; q++)
			w->quantile[i][q] =
				(uint64_t)((double)s->min * exp(ratio * q / QUANTILES) + 0.5);
	}
	return 0;
}

/* Object k is asked for with a frequency of 1 / (k + 1)^exponent. */
static int zipf_init(struct workload *w)
{
	uint32_t n = w->conf->keys, *small = calloc(2 * (size_t)n, sizeof(*small));
	uint32_t *large = small + n, n_small = 0, n_large = 0;
	double *p = calloc(n, sizeof(*p)), sum = 0;

	w->zipf = calloc(n, sizeof(*w->zipf));
	if (!small || !p || !w->zipf) {
		free(small);
		free(p);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		sum += p[i] = pow(i + 1.0, -(double)w->conf->skew);
	for (uint32_t i = 0; i < n; i++) {
		p[i] *= n / sum;
		if (p[i] < 1)
			small[n_small++] = i;
		else
			large[n_large++] = i;
	}
	while (n_small && n_large) {
		uint32_t s = small[--n_small], l = large[n_large - 1];

		w->zipf[s] = (struct alias){(uint32_t)(p[s] * UINT32_MAX), l};
		p[l] -= 1 - p[s];
		if (p[l] < 1) {
			n_large--;
			small[n_small++] = l;
		}
	}
	/* what is left is 1 but for rounding */
	while (n_small + n_large) {
		uint32_t i = n_large ? large[--n_large] : small[--n_small];

		w->zipf[i] = (struct alias){UINT32_MAX, i};
	}
	free(small);
	free(p);
	return 0;
}

struct workload *workload_create(const struct gen_workload *c, uint64_t seed, struct err *e)
{
	struct workload *w = calloc(1, sizeof(*w));
	uint32_t sum = 0;

	if (!w)
		goto fail;
	w->conf = c;
	w->seed = seed;
	for (unsigned op = 0; op < GEN_OPS; op++)
		w->op[op] = sum += c->op[op];
	w->hot = (uint32_t)((double)c->skew * UINT32_MAX);
	while (2 * w->half < 32 && 1ull << 2 * w->half < c->keys)
		w->half++;
	if (sizes_init(w) == 0 && (c->popularity != GEN_ZIPF || zipf_init(w) == 0))
		return w;
fail:
	err_set(e, ENOMEM, "%s:%u: [workload %s] keys: no memory for %u", c->at.file, c->at.line,
		c->name, c->keys);
	workload_destroy(w);
	return NULL;
}

void workload_destroy(struct workload *w)
{
	if (!w)
		return;
	for (unsigned i = 0; i < GEN_SIZES_MAX; i++)
		free(w->quantile[i]);
	free(w->zipf);
	free(w);
}

/* ---- draws ---- */

/* The first slot whose cumulated weight is above x. */
static unsigned pick(const uint32_t *sums, uint32_t x)
{
	unsigned i = 0;

	while (sums[i] <= x)
		i++;
	return i;
}

uint64_t workload_size(const struct workload *w, uint32_t i)
{
	uint32_t class = mix(w->seed ^ (uint64_t)i << 1),
		 place = mix(w->seed ^ ((uint64_t)i << 1 | 1));
	uint32_t sum = w->size_at[w->conf->n_size - 1];
	unsigned s = pick(w->size_at, (uint32_t)((uint64_t) class * sum >> 32));
	const uint64_t *q = w->quantile[s];

	if (!q)
		return w->conf->size[s].min;
	q += place / (UINT32_MAX / QUANTILES + 1);
	return q[0] + (uint64_t)((unsigned __int128)(q[1] - q[0]) * (place << 10) >> 32);
}

/* A permutation of the indices for each epoch: a Feistel network on the next power of four, walked
 * until it is below the number of keys (Black and Rogaway 2002). */
static uint32_t shuffled(const struct workload *w, uint64_t step)
{
	uint64_t epoch = step / w->conf->keys, x = step % w->conf->keys;
	uint32_t mask = (1u << w->half) - 1;

	do {
		uint32_t l = (uint32_t)(x >> w->half), r = (uint32_t)x & mask;

		for (unsigned i = 0; i < FEISTEL; i++) {
			uint32_t f = mix(w->seed ^ epoch << 40 ^ (uint64_t)i << 32 ^ r) & mask;
			uint32_t next = l ^ f;

			l = r;
			r = next;
		}
		x = (uint64_t)l << w->half | r;
	} while (x >= w->conf->keys);
	return (uint32_t)x;
}

static uint32_t zipf(const struct workload *w, struct rand_state *r)
{
	uint32_t slot = rand_below(r, w->conf->keys);
	const struct alias *a = &w->zipf[slot];

	return (uint32_t)rand_next(r) <= a->keep ? slot : a->other;
}

static uint32_t key_next(struct workload *w, struct rand_state *r)
{
	uint32_t keys = w->conf->keys;

	switch (w->conf->popularity) {
	case GEN_ZIPF:
		return zipf(w, r);
	case GEN_HOT:
		return keys == 1 || (uint32_t)rand_next(r) < w->hot ? 0
								    : 1 + rand_below(r, keys - 1);
	case GEN_SHUFFLE:
		return shuffled(w, w->step++);
	case GEN_SEQUENCE:
		return (uint32_t)(w->step++ % keys);
	default:
		return rand_below(r, keys);
	}
}

/* The next range of the object that walk is in, or the first of another. */
static void range_walk(struct workload *w, struct rand_state *r, struct walk *walk, struct ask *out)
{
	if (walk->next == 0)
		walk->key = key_next(w, r);
	out->key = walk->key;
	out->size = workload_size(w, out->key);
	out->from = walk->next;
	out->n = RTE_MIN(w->conf->range, out->size - out->from);
	walk->next += out->n;
	if (walk->next >= out->size)
		walk->next = 0;
}

/* Any of the ranges that the object falls into. */
static void range_random(struct workload *w, struct rand_state *r, struct ask *out)
{
	uint64_t ranges;

	out->key = key_next(w, r);
	out->size = workload_size(w, out->key);
	ranges = (out->size + w->conf->range - 1) / w->conf->range;
	out->from =
		ranges ? rand_below(r, (uint32_t)RTE_MIN(ranges, UINT32_MAX)) * w->conf->range : 0;
	out->n = RTE_MIN(w->conf->range, out->size - out->from);
}

void workload_next(struct workload *w, struct rand_state *r, struct walk *walk, struct ask *out)
{
	out->op = (uint8_t)pick(w->op, rand_below(r, w->op[GEN_OPS - 1]));
	if (out->op == GEN_RANGE) {
		if (w->conf->ranges == GEN_WALK)
			range_walk(w, r, walk, out);
		else
			range_random(w, r, out);
		/* an empty object has no range */
		if (out->n == 0)
			out->op = GEN_GET;
		return;
	}
	out->key = key_next(w, r);
	out->size = out->n = workload_size(w, out->key);
	out->from = 0;
}

void workload_prepare(const struct workload *w, uint32_t i, struct ask *out)
{
	*out = (struct ask){.op = GEN_PUT, .key = i};
	out->size = out->n = workload_size(w, i);
}

/* ---- names ---- */

static bool reads(uint8_t op)
{
	return op == GEN_GET || op == GEN_RANGE || op == GEN_HEAD;
}

void workload_key(const struct workload *w, const struct ask *a, bool prepared, struct sink *out)
{
	char digits[INDEX_WIDTH];
	uint32_t x = a->key;

	for (unsigned i = INDEX_WIDTH; i > 0; x /= 10)
		digits[--i] = (char)('0' + x % 10);
	if (w->conf->prefix)
		sink_put(out, span_str(w->conf->prefix));
	if (!prepared && !reads(a->op))
		sink_char(out, 'w');
	sink_put(out, (struct span){digits, INDEX_WIDTH});
	sink_char(out, '-');
	sink_uint(out, a->size);
}
