/* SPDX-License-Identifier: BSD-3-Clause */
#include "payload.h"
#include "unit.h"

#define SEGMENTS 512

static char content[8192];
static struct payload body;

/* Feed the n bytes in segments of `cut`; how many were taken. */
static uint32_t feed(const struct http_head *h, bool aws, const char *p, size_t n, size_t cut)
{
	static struct rte_mbuf seg[SEGMENTS];
	struct buf_cursor at = {n ? &seg[0] : NULL, 0};
	struct span piece;
	uint32_t taken = 0;
	size_t got = 0;
	unsigned k = 0;

	for (size_t off = 0; off < n; off += cut, k++) {
		CU_ASSERT_FATAL(k < SEGMENTS);
		seg[k] = (struct rte_mbuf){.buf_addr = (void *)(uintptr_t)(p + off),
			.data_len = (uint16_t)RTE_MIN(cut, n - off)};
		if (k > 0)
			seg[k - 1].next = &seg[k];
	}
	payload_init(&body, h, aws);
	while (payload_next(&body, &at, &taken, &piece)) {
		memcpy(content + got, piece.p, piece.n);
		got += piece.n;
	}
	content[got] = '\0';
	CU_ASSERT_EQUAL(body.content, got);
	return taken;
}

#define INNER                                                                                      \
	"5;chunk-signature=ab\r\nhello\r\n4;chunk-signature=cd\r\n "                               \
	"you\r\n0;chunk-signature=ef\r\n\r\n"
#define SIGNED "hello you"

static void framings(void)
{
	const struct http_head none = {.content_length = -1}, length = {.content_length = 5},
			       chunked = {.content_length = -1, .chunked = true};
	struct http_head signed_length = {.content_length = sizeof(INNER) - 1};

	for (size_t cut = 1; cut < 100; cut += 7) {
		CU_ASSERT_EQUAL(feed(&none, false, "GET", 3, cut), 0);
		CU_ASSERT(payload_whole(&body) && body.content == 0);
		CU_ASSERT_EQUAL(feed(&length, false, "helloGET", 8, cut), 5);
		CU_ASSERT(payload_whole(&body));
		CU_ASSERT_STRING_EQUAL(content, "hello");
		CU_ASSERT_EQUAL(feed(&length, false, "hell", 4, cut), 4);
		CU_ASSERT(!payload_over(&body) && !body.bad);
		CU_ASSERT_EQUAL(
			feed(&chunked, false, "2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\nGET", 25, cut),
			22);
		CU_ASSERT(payload_whole(&body));
		CU_ASSERT_STRING_EQUAL(content, "hello");
		CU_ASSERT_EQUAL(feed(&signed_length, true, INNER "GET", sizeof(INNER) + 2, cut),
			sizeof(INNER) - 1);
		CU_ASSERT(payload_whole(&body));
		CU_ASSERT_STRING_EQUAL(content, SIGNED);
	}
}

/* A trailer inside aws-chunked, in chunks of HTTP that know nothing of it. */
static void both(void)
{
	static const char inner[] = "9\r\nhello you\r\n0\r\nx-amz-checksum-crc32:sOO8/Q==\r\n\r\n";
	const struct http_head chunked = {.content_length = -1, .chunked = true};
	char text[4096];

	for (size_t size = 1; size < sizeof(inner); size++) {
		size_t n = 0;

		for (size_t at = 0; at < sizeof(inner) - 1; at += size) {
			size_t k = RTE_MIN(size, sizeof(inner) - 1 - at);

			n += (size_t)sprintf(text + n, "%zx\r\n%.*s\r\n", k, (int)k, inner + at);
		}
		n += (size_t)sprintf(text + n, "0\r\n\r\n");
		CU_ASSERT_EQUAL(feed(&chunked, true, text, n, 11), n);
		CU_ASSERT(payload_whole(&body));
		CU_ASSERT_STRING_EQUAL(content, SIGNED);
	}
}

static void bad(void)
{
	const struct http_head chunked = {.content_length = -1, .chunked = true};
	struct http_head length = {.content_length = 5};

	feed(&chunked, false, "x\r\n", 3, 10);
	CU_ASSERT(body.bad && !payload_over(&body));
	feed(&length, true, "hello", 5, 10); /* the message is over, its content is no chunk */
	CU_ASSERT(body.bad && payload_over(&body) && !payload_whole(&body));
	length.content_length = 9;
	feed(&length, true, "0\r\n\r\nmore", 9, 2); /* behind the last chunk */
	CU_ASSERT(body.bad && !payload_whole(&body));
	length.content_length = 8;
	feed(&length, true, "3\r\nabc\r\n", 8, 3); /* no last chunk */
	CU_ASSERT(!body.bad && payload_over(&body) && !payload_whole(&body));
}

static const struct unit_case cases[] = {UNIT_CASE(framings), UNIT_CASE(both), UNIT_CASE(bad)};
UNIT_MAIN(cases)
