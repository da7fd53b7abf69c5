/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as the body of an upload, aws-chunked inside chunked or inside a length: its content is
 * the same in one piece and cut anywhere, and no byte is taken twice. The first two bytes choose.
 */
#include <stdlib.h>

#include "payload.h"

#define SEGMENTS 64

static void must(bool ok)
{
	if (!ok)
		abort();
}

struct result {
	uint64_t content, sum, taken;
	bool over, whole, bad;
};

/* The n bytes in segments of `cut` bytes, as mbufs that lie where they are. */
static struct result run(
	const struct http_head *h, bool aws, const uint8_t *p, size_t n, size_t cut)
{
	static struct rte_mbuf seg[SEGMENTS + 1];
	struct result r = {.sum = 5381};
	struct buf_cursor at = {NULL, 0};
	struct payload body;
	struct span piece;
	unsigned k = 0;
	uint32_t taken = 0;

	if (cut * SEGMENTS < n)
		cut = n / SEGMENTS + 1;
	for (size_t off = 0; off < n; off += cut, k++) {
		seg[k] = (struct rte_mbuf){.buf_addr = (void *)(uintptr_t)(p + off),
			.data_len = (uint16_t)(cut < n - off ? cut : n - off)};
		if (k > 0)
			seg[k - 1].next = &seg[k];
	}
	if (k > 0)
		at.seg = &seg[0];
	payload_init(&body, h, aws);
	while (payload_next(&body, &at, &taken, &piece))
		for (size_t i = 0; i < piece.n; i++)
			r.sum = r.sum * 33 + (uint8_t)piece.p[i];
	r.taken = taken;
	r.content = body.content;
	r.over = payload_over(&body);
	r.whole = payload_whole(&body);
	r.bad = body.bad;
	must(r.taken <= n && r.content <= n);
	must(!r.whole || r.over);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct http_head h;
	struct result a, b;
	bool aws;

	if (n < 2 || n > 60000)
		return 0;
	h.chunked = data[0] & 1;
	h.content_length = h.chunked ? -1 : (int64_t)n - 2;
	aws = data[0] & 2;
	a = run(&h, aws, data + 2, n - 2, n);
	b = run(&h, aws, data + 2, n - 2, 1 + data[1] % 64);
	must(a.content == b.content && a.sum == b.sum && a.whole == b.whole && a.bad == b.bad);
	must(a.bad || a.taken == b.taken);
	return 0;
}
