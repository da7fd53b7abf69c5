/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"

/* A body that begins with a chunk's size. */
static const struct http_head chunked = {.chunked = true};

void payload_init(struct payload *p, const struct http_head *h, bool aws_chunked)
{
	*p = (struct payload){0};
	http_body_init_req(&p->outer, h);
	if (aws_chunked)
		http_body_init_req(&p->inner, &chunked);
}

/* Cut the next piece of one layer off *s: content, or some framing (then *content is empty). False:
 * the layer takes no more. */
static bool layer(struct http_body *b, struct span *s, struct span *content)
{
	uint64_t due = http_body_data(b);
	size_t n = due == 0 ? 1 : RTE_MIN(s->n, due);

	if (s->n == 0 || http_body_feed(b, s->p, n) == 0)
		return false;
	*content = (struct span){s->p, due == 0 ? 0 : n};
	*s = (struct span){s->p + n, s->n - n};
	return true;
}

/* The same through both layers, of what outer has given. */
static bool inside(struct payload *p, struct span *content)
{
	while (p->rest.n > 0) {
		if (p->inner.framing == HTTP_BODY_NONE) {
			*content = p->rest;
			p->rest.n = 0;
			return true;
		}
		if (!layer(&p->inner, &p->rest, content)) {
			p->bad = true;
			p->rest.n = 0;
			return false;
		}
		if (content->n > 0)
			return true;
	}
	return false;
}

bool payload_next(struct payload *p, struct buf_cursor *at, uint32_t *taken, struct span *content)
{
	while (!inside(p, content)) {
		struct span s;
		uint32_t before;

		if (!at->seg || p->outer.progress != HTTP_BODY_MORE)
			return false;
		before = at->seg->data_len - at->off;
		s = (struct span){rte_pktmbuf_mtod_offset(at->seg, const char *, at->off), before};
		if (!layer(&p->outer, &s, &p->rest)) {
			p->bad = true;
			return false;
		}
		*taken += before - (uint32_t)s.n;
		at->off += before - (uint32_t)s.n;
		if (s.n == 0)
			*at = (struct buf_cursor){at->seg->next, 0};
	}
	p->content += content->n;
	return true;
}

bool payload_whole(const struct payload *p)
{
	return payload_over(p) && !p->bad &&
	       (p->inner.framing == HTTP_BODY_NONE || p->inner.progress == HTTP_BODY_DONE);
}
