/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as a chunked body: the end does not depend on how they arrive, and is a body's end. */
#include <stdlib.h>

#include "http/http.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static size_t feed(struct http_body *b, const char *p, size_t n, size_t step)
{
	static const struct http_head chunked = {.chunked = true, .content_length = -1};
	size_t at = 0, part, got;

	http_body_init_req(b, &chunked);
	while (at < n && b->progress == HTTP_BODY_MORE) {
		part = step < n - at ? step : n - at;
		got = http_body_feed(b, p + at, part);
		must(got == part || (got < part && b->progress != HTTP_BODY_MORE));
		at += got;
	}
	must(b->passed == at);
	return at;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct http_body whole, split;
	size_t taken = feed(&whole, p, size, size);

	for (size_t step = 1; step < size; step = step * 2 + 1) {
		must(feed(&split, p, size, step) == taken);
		must(split.progress == whole.progress && split.code == whole.code);
		must(split.left == whole.left && split.excess == whole.excess);
	}
	must((whole.progress == HTTP_BODY_BAD) == (whole.code != HTTP_E_ok));
	if (whole.progress == HTTP_BODY_DONE)
		must(taken >= 5 && memcmp(p + taken - 4, "\r\n\r\n", 4) == 0);
	else
		must(whole.progress == HTTP_BODY_BAD || taken == size);
	must(whole.excess <= HTTP_EXT_MAX + 1 && whole.trailer <= HTTP_TRAILER_MAX + 1);
	must(http_body_eof(&whole) == (whole.progress == HTTP_BODY_DONE ? 0 : -whole.code));
	return 0;
}
