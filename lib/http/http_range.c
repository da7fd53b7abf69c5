/* SPDX-License-Identifier: BSD-3-Clause */
/* Content-Range of a single part (RFC 9110 14.4), strictly. */
#include "http/http.h"

/* 1*DIGIT, taken off s; below 2^62, as all lengths here. False: none, or more. */
static bool take_number(struct span *s, uint64_t *out)
{
	uint64_t n = 0;
	size_t i = 0;

	for (; i < s->n && s->p[i] >= '0' && s->p[i] <= '9'; i++) {
		if (n >= 1ull << 58)
			return false;
		n = n * 10 + (uint64_t)(s->p[i] - '0');
	}
	*out = n;
	*s = (struct span){s->p + i, s->n - i};
	return i > 0;
}

static bool take(struct span *s, struct span text)
{
	if (s->n < text.n || !span_ieq((struct span){s->p, text.n}, text))
		return false;
	*s = (struct span){s->p + text.n, s->n - text.n};
	return true;
}

bool http_content_range(struct span value, struct http_content_range *out)
{
	struct span s = value;

	if (!take(&s, SPAN_LIT("bytes ")) || !take_number(&s, &out->first) ||
		!take(&s, SPAN_LIT("-")) || !take_number(&s, &out->last) ||
		!take(&s, SPAN_LIT("/")))
		return false;
	if (take(&s, SPAN_LIT("*")))
		out->total = UINT64_MAX;
	else if (!take_number(&s, &out->total))
		return false;
	return s.n == 0 && out->first <= out->last && out->last < out->total;
}
