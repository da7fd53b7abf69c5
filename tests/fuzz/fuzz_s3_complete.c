/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a list of parts: in one piece or byte by byte it says the same. */
#include <stdlib.h>
#include <string.h>

#include "complete.h"

#define PARTS 64

struct said {
	unsigned n;
	uint32_t number[PARTS];
	char etag[PARTS][COMPLETE_TEXT_MAX + 1];
	enum complete_progress end;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void take(struct said *s, const struct complete *c)
{
	must(c->number <= 99999);
	must(strlen(c->etag) > 0 && strlen(c->etag) <= COMPLETE_TEXT_MAX);
	if (s->n == PARTS)
		return;
	s->number[s->n] = c->number;
	strcpy(s->etag[s->n++], c->etag);
}

static void read_all(struct said *s, const char *p, size_t n, size_t step)
{
	struct complete c;

	memset(s, 0, sizeof(*s));
	complete_init(&c);
	for (size_t at = 0; at < n; at += step) {
		const char *from = p + at, *end = from + (step < n - at ? step : n - at);

		while ((s->end = complete_feed(&c, &from, end)) == COMPLETE_PART)
			take(s, &c);
		must(from <= end && (from == end || s->end != COMPLETE_MORE));
		must(c.n_name <= COMPLETE_NAME_MAX && c.n_text <= COMPLETE_TEXT_MAX &&
			c.depth <= 4);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct said whole, bytes;

	if (n == 0)
		return 0;
	read_all(&whole, (const char *)data, n, n);
	read_all(&bytes, (const char *)data, n, 1);
	must(memcmp(&whole, &bytes, sizeof(whole)) == 0);
	return 0;
}
