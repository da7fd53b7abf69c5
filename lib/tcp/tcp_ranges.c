/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ranges of sequence space: the SACK scoreboard. Sorted, disjoint, never touching, at most
 * TCP_RANGES_MAX: work per segment and memory are bounded whatever a peer sends
 * (CVE-2018-5390, CVE-2019-11478).
 */
#include "tcp/tcp_priv.h"

/* First range that ends at or after seq. */
static uint32_t first_reaching(const struct tcp_ranges *s, uint32_t seq)
{
	uint32_t i = 0;

	while (i < s->n && seq_lt(s->r[i].end, seq))
		i++;
	return i;
}

static void remove_at(struct tcp_ranges *s, uint32_t i, uint32_t count)
{
	memmove(&s->r[i], &s->r[i + count], (s->n - i - count) * sizeof(s->r[0]));
	s->n -= count;
}

/*
 * Add [start, end), merging with what it overlaps or touches. True when something new was added;
 * false when all of it was known, it is empty, or there is no room for one more range.
 */
bool tcp__ranges_add(struct tcp_ranges *s, uint32_t start, uint32_t end)
{
	uint32_t i, j, known = 0;

	if (!seq_lt(start, end))
		return false;
	i = first_reaching(s, start);
	for (j = i; j < s->n && seq_leq(s->r[j].start, end); j++) {
		known += s->r[j].end - s->r[j].start;
		start = seq_min(start, s->r[j].start);
		end = seq_max(end, s->r[j].end);
	}
	if (j == i) {
		if (s->n == TCP_RANGES_MAX)
			return false;
		memmove(&s->r[i + 1], &s->r[i], (s->n - i) * sizeof(s->r[0]));
		s->n++;
	} else {
		remove_at(s, i + 1, j - i - 1);
	}
	s->r[i].start = start;
	s->r[i].end = end;
	s->bytes += end - start - known;
	return end - start != known;
}

/* Forget everything below seq. */
void tcp__ranges_trim(struct tcp_ranges *s, uint32_t below)
{
	uint32_t gone = 0;

	while (gone < s->n && seq_leq(s->r[gone].end, below)) {
		s->bytes -= s->r[gone].end - s->r[gone].start;
		gone++;
	}
	remove_at(s, 0, gone);
	if (s->n && seq_lt(s->r[0].start, below)) {
		s->bytes -= below - s->r[0].start;
		s->r[0].start = below;
	}
}

/* The first hole at or after from and before limit; false: none. */
bool tcp__ranges_hole(
	const struct tcp_ranges *s, uint32_t from, uint32_t limit, uint32_t *start, uint32_t *end)
{
	uint32_t i = 0;

	while (i < s->n && seq_leq(s->r[i].end, from))
		i++;
	if (i < s->n && seq_leq(s->r[i].start, from))
		from = s->r[i++].end;
	if (!seq_lt(from, limit))
		return false;
	*start = from;
	*end = i < s->n ? seq_min(s->r[i].start, limit) : limit;
	return true;
}

/* Bytes of [start, end) that are in the set. */
uint32_t tcp__ranges_overlap(const struct tcp_ranges *s, uint32_t start, uint32_t end)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < s->n; i++) {
		uint32_t a = seq_max(s->r[i].start, start), b = seq_min(s->r[i].end, end);

		if (seq_lt(a, b))
			sum += b - a;
	}
	return sum;
}
