/* SPDX-License-Identifier: BSD-3-Clause */
#include "heads.h"
#include "http/http.h"
#include "unit.h"

#define NEXT "GET / HTTP/1.1\r\n" /* a pipelined request: no byte of it may be taken */

static const struct http_head chunked = {.chunked = true, .content_length = -1};

/* Feed s: first `cut` bytes, then `step` at a time. What was taken. */
static size_t feed(struct http_body *b, struct span s, size_t cut, size_t step)
{
	size_t at = 0, n = cut ? cut : step, got;

	while (at < s.n && b->progress == HTTP_BODY_MORE) {
		if (n > s.n - at)
			n = s.n - at;
		got = http_body_feed(b, s.p + at, n);
		CU_ASSERT(got == n || (got < n && b->progress != HTTP_BODY_MORE));
		at += got;
		n = step;
	}
	if (b->progress != HTTP_BODY_MORE)
		CU_ASSERT_EQUAL(http_body_feed(b, s.p, s.n), 0);
	CU_ASSERT_EQUAL(b->passed, at);
	return at;
}

/* The same end at every cut into two, and byte by byte. */
static void expect(const struct http_head *h, struct span s, size_t taken, enum http_code code)
{
	struct http_body b;

	for (size_t cut = 0; cut <= s.n + 1; cut++) {
		http_body_init_req(&b, h);
		if (cut > s.n)
			CU_ASSERT_EQUAL(feed(&b, s, 1, 1), taken)
		else
			CU_ASSERT_EQUAL(feed(&b, s, cut, s.n), taken);
		CU_ASSERT_EQUAL(b.progress, code ? HTTP_BODY_BAD : HTTP_BODY_DONE);
		CU_ASSERT_EQUAL(b.code, code);
		if (b.code != code)
			printf("%.*s: %s\n", (int)s.n, s.p, http_stat_names[b.code].name);
	}
}

static const struct span good[] = {
	SPAN_LIT("0\r\n\r\n"),
	SPAN_LIT("5\r\nhello\r\n0\r\n\r\n"),
	SPAN_LIT("000000000000000a\r\n0123456789\r\n0000\r\n\r\n"),
	SPAN_LIT("A\r\n0\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n"), /* data that looks like framing */
	SPAN_LIT("1;a\r\nx\r\n2;b=c;d=\"e;\\\"\\\\ \t:=\xff\";f=0\r\nyz\r\n0;g\r\n\r\n"),
	SPAN_LIT("0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"),
	SPAN_LIT("0\r\nA: \"\\b;=\t \xff\r\nb:\r\nc0:x\r\n\r\n"),
	/* aws-chunked as the HTTP chunks themselves, signed, with a signed trailer */
	SPAN_LIT(
		"5;chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"
		"\r\nhello\r\n"
		"0;chunk-signature=b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"
		"\r\nx-amz-checksum-crc32c:sOO8/"
		"Q==\r\nx-amz-trailer-signature:63bddb248ad2590c927127"
		"12a38c0b1b4f0a5c1f7b9c1b9f3f35cfd2f1e9b6c1\r\n\r\n"),
	/* aws-chunked with an unsigned trailer as the content of HTTP chunks */
	SPAN_LIT("3\r\n5\r\n\r\n7\r\nhello\r\n\r\n3\r\n0\r\n\r\n"
		 "21\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n\r\n0\r\n\r\n"),
};

static void good_chunked_bodies_end_exactly(void)
{
	char text[600];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = good[i].n;

		memcpy(text, good[i].p, n);
		memcpy(text + n, NEXT, sizeof(NEXT));
		expect(&chunked, (struct span){text, n + strlen(NEXT)}, n, 0);
	}
}

static void no_prefix_is_a_whole_body(void)
{
	struct http_body b;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		for (size_t n = 0; n < good[i].n; n++) {
			http_body_init_req(&b, &chunked);
			CU_ASSERT_EQUAL(http_body_feed(&b, good[i].p, n), n);
			CU_ASSERT_EQUAL(b.progress, HTTP_BODY_MORE);
			CU_ASSERT_EQUAL(http_body_eof(&b), -HTTP_E_truncated);
			CU_ASSERT_EQUAL(b.progress, HTTP_BODY_BAD);
		}
}

static void bad_chunked_bodies_stop_at_the_bad_byte(void)
{
	static const struct {
		const char *taken, *rest; /* the bad byte is the first of rest */
		enum http_code code;
	} bad[] = {
		{"", "\r\n", HTTP_E_chunk_size},
		{"", "x\r\n", HTTP_E_chunk_size},
		{"", "-1\r\n", HTTP_E_chunk_size},
		{"", "+1\r\n", HTTP_E_chunk_size},
		{"", " 1\r\n", HTTP_E_chunk_size},
		{"0", "x1\r\n", HTTP_E_chunk_size},
		{"1", " \r\n", HTTP_E_chunk_size},
		{"1", "\t;a\r\n", HTTP_E_chunk_size},
		{"1", "\nx", HTTP_E_chunk_size},
		{"1", "_0\r\n", HTTP_E_chunk_size},
		{"0000000000000000", "1\r\n", HTTP_E_chunk_size},
		{"400000000000000", "1\r\n", HTTP_E_chunk_big},
		{"fffffffffffffff", "f\r\n", HTTP_E_chunk_big},
		{"1\r", "x", HTTP_E_bare_cr},
		{"1\r", "\r\nx", HTTP_E_bare_cr},
		{"1\r\nx", "y\r\n", HTTP_E_chunk_end},
		{"1\r\nx", "\n", HTTP_E_chunk_end},
		{"1\r\nx\r", "0\r\n", HTTP_E_chunk_end},
		{"1\r\nx\r\n", "\r\n", HTTP_E_chunk_size},
		{"1;", "\r\n", HTTP_E_chunk_ext},
		{"1;", " a\r\n", HTTP_E_chunk_ext},
		{"1;a", " \r\n", HTTP_E_chunk_ext},
		{"1;a", "\nx", HTTP_E_chunk_ext},
		{"1;a=", "\r\n", HTTP_E_chunk_ext},
		{"1;a=b", "=c\r\n", HTTP_E_chunk_ext},
		{"1;a=\"b", "\r\n", HTTP_E_chunk_ext},
		{"1;a=\"b\\", "\r\n", HTTP_E_chunk_ext},
		{"1;a=\"b\"", "c\r\n", HTTP_E_chunk_ext},
		{"1;", ";\r\n", HTTP_E_chunk_ext},
		{"1;a\r", "x", HTTP_E_bare_cr},
		{"1;a=\"\t", "\x01\"\r\n", HTTP_E_chunk_ext},
		{"0\r\n", "\n", HTTP_E_trailer},
		{"0\r\n\r", "x", HTTP_E_bare_cr},
		{"0\r\n", " a: b\r\n", HTTP_E_trailer},
		{"0\r\n", ":b\r\n", HTTP_E_trailer},
		{"0\r\na", " : b\r\n", HTTP_E_trailer},
		{"0\r\na", "\r\n", HTTP_E_trailer},
		{"0\r\na:b", "\n", HTTP_E_trailer},
		{"0\r\na:b\r", "x", HTTP_E_bare_cr},
		{"0\r\na:b\r\n", "\tc\r\n", HTTP_E_trailer},
		{"0\r\na:", "\x7f\r\n", HTTP_E_trailer},
	};
	char text[64];

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "%s%s", bad[i].taken, bad[i].rest);
		expect(&chunked, span_str(text), strlen(bad[i].taken), bad[i].code);
	}
	expect(&chunked, SPAN_LIT("1\0\r\n"), 1, HTTP_E_chunk_size);
	expect(&chunked, SPAN_LIT("0\r\na:\0\r\n"), 5, HTTP_E_trailer);
}

/* 2^62 bytes of data are counted, not read: the pointer is never looked at. */
static void data_is_counted_without_a_look(void)
{
	const uint64_t big = 1ull << 62;
	struct http_head h = {.content_length = (int64_t)big};
	struct http_body b;

	http_body_init_req(&b, &h);
	CU_ASSERT_EQUAL(b.framing, HTTP_BODY_LENGTH);
	CU_ASSERT_EQUAL(http_body_feed(&b, NULL, big - 1), big - 1);
	CU_ASSERT_EQUAL(b.left, 1);
	CU_ASSERT_EQUAL(http_body_feed(&b, NULL, SIZE_MAX), 1);
	CU_ASSERT_EQUAL(b.progress, HTTP_BODY_DONE);
	CU_ASSERT_EQUAL(http_body_eof(&b), 0);

	http_body_init_req(&b, &chunked);
	CU_ASSERT_EQUAL(http_body_feed(&b, "4000000000000000\r\n", 18), 18);
	CU_ASSERT_EQUAL(http_body_feed(&b, NULL, big), big);
	CU_ASSERT_EQUAL(http_body_feed(&b, "\r\n0\r\n\r\n", 7), 7);
	CU_ASSERT_EQUAL(b.progress, HTTP_BODY_DONE);
}

static void extensions_may_not_outgrow_the_data(void)
{
	struct http_body b;
	size_t sent;

	/* 3 bytes of extension on chunks of 3: for ever */
	http_body_init_req(&b, &chunked);
	for (int i = 0; i < 5000; i++)
		CU_ASSERT_EQUAL(http_body_feed(&b, "3;ab\r\nxyz\r\n", 11), 11);
	CU_ASSERT_EQUAL(b.excess, 0);
	/* 3 on chunks of 1: 2 a chunk in excess */
	http_body_init_req(&b, &chunked);
	for (sent = 0; b.progress == HTTP_BODY_MORE; sent++)
		http_body_feed(&b, "1;ab\r\nx\r\n", 9);
	CU_ASSERT_EQUAL(b.code, HTTP_E_chunk_ext_long);
	CU_ASSERT_EQUAL(sent, HTTP_EXT_MAX / 2);
	/* one long one */
	http_body_init_req(&b, &chunked);
	http_body_feed(&b, "ffffff;a", 8);
	for (sent = 2; b.progress == HTTP_BODY_MORE; sent++)
		http_body_feed(&b, "a", 1);
	CU_ASSERT_EQUAL(b.code, HTTP_E_chunk_ext_long);
	CU_ASSERT_EQUAL(sent, HTTP_EXT_MAX + 1);
}

static void trailers_have_a_limit(void)
{
	struct http_body b;

	for (int extra = 0; extra < 2; extra++) {
		http_body_init_req(&b, &chunked);
		http_body_feed(&b, "0\r\na:", 5);
		for (int i = 0; i < HTTP_TRAILER_MAX - 5 + extra; i++) /* "a:", CR, CR, last LF */
			http_body_feed(&b, "x", 1);
		http_body_feed(&b, "\r\n\r\n", 4);
		CU_ASSERT_EQUAL(b.code, extra ? HTTP_E_trailer_long : HTTP_E_ok);
		CU_ASSERT_EQUAL(b.progress, extra ? HTTP_BODY_BAD : HTTP_BODY_DONE);
	}
}

static void length_bodies_end_exactly(void)
{
	struct http_head h = {.content_length = 5};

	expect(&h, SPAN_LIT("hello" NEXT), 5, 0);
	h.content_length = 0;
	expect(&h, SPAN_LIT(NEXT), 0, 0);
	h.content_length = -1;
	expect(&h, SPAN_LIT(NEXT), 0, 0);
}

/* The S3 API reference's example: 64 KB + 1 KB in aws-chunked, within a Content-Length. */
static void aws_chunked_within_a_length_is_content(void)
{
	static const char sig[] =
		";chunk-signature=ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade3"
		"5a65485a288648\r\n";
	static char text[70000];
	struct http_head h;
	struct http_body b;
	size_t n = 0;

	for (size_t i = 0; i < N_HEADS; i++)
		if (strcmp(heads[i].name, "stream_signed") == 0)
			CU_ASSERT_EQUAL(http_req_parse(&h, heads[i].bytes.p, heads[i].bytes.n), 0);
	n += (size_t)sprintf(text + n, "10000%s", sig);
	memset(text + n, 'a', 65536);
	n += 65536;
	n += (size_t)sprintf(text + n, "\r\n400%s", sig);
	memset(text + n, 'a', 1024);
	n += 1024;
	n += (size_t)sprintf(text + n, "\r\n0%s\r\n", sig);
	CU_ASSERT_EQUAL(n, 66824);
	strcpy(text + n, NEXT);
	http_body_init_req(&b, &h);
	CU_ASSERT_EQUAL(feed(&b, (struct span){text, n + strlen(NEXT)}, 1448, 1448), n);
	CU_ASSERT_EQUAL(b.progress, HTTP_BODY_DONE);
}

static void responses_are_framed_by_status_and_method(void)
{
	static const struct {
		struct http_head h;
		bool to_head;
		enum http_framing framing;
	} r[] = {
		{{.status = 200, .content_length = 5}, false, HTTP_BODY_LENGTH},
		{{.status = 200, .content_length = 5}, true, HTTP_BODY_NONE},
		{{.status = 200, .content_length = -1, .chunked = true}, true, HTTP_BODY_NONE},
		{{.status = 200, .content_length = -1, .chunked = true}, false, HTTP_BODY_CHUNKED},
		{{.status = 200, .content_length = -1}, false, HTTP_BODY_UNTIL_CLOSE},
		{{.status = 100, .content_length = -1}, false, HTTP_BODY_NONE},
		{{.status = 103, .content_length = 7}, false, HTTP_BODY_NONE},
		{{.status = 204, .content_length = 7}, false, HTTP_BODY_NONE},
		{{.status = 304, .content_length = 7}, false, HTTP_BODY_NONE},
		{{.status = 206, .content_length = 7}, false, HTTP_BODY_LENGTH},
		{{.status = 500, .content_length = 0}, false, HTTP_BODY_LENGTH},
	};
	struct http_body b;

	for (size_t i = 0; i < sizeof(r) / sizeof(r[0]); i++) {
		http_body_init_rsp(&b, &r[i].h, r[i].to_head);
		CU_ASSERT_EQUAL(b.framing, r[i].framing);
		CU_ASSERT_EQUAL(b.progress == HTTP_BODY_DONE,
			r[i].framing == HTTP_BODY_NONE || r[i].h.content_length == 0);
	}
}

static void until_close_ends_with_the_connection(void)
{
	struct http_head h = {.status = 200, .content_length = -1};
	struct http_body b;

	http_body_init_rsp(&b, &h, false);
	CU_ASSERT_EQUAL(http_body_feed(&b, NULL, 1u << 30), 1u << 30);
	CU_ASSERT_EQUAL(b.progress, HTTP_BODY_MORE);
	CU_ASSERT_EQUAL(http_body_eof(&b), 0);
	CU_ASSERT_EQUAL(b.progress, HTTP_BODY_DONE);
	CU_ASSERT_EQUAL(http_body_feed(&b, NULL, 1), 0);
	CU_ASSERT_EQUAL(b.passed, 1u << 30);
}

/* Who reads a body learns where its content lies: here everything else is 'x'. */
static void content_is_told_from_framing(void)
{
	static const char text[] = "5;a=1\r\nhello\r\n3\r\nabc\r\n0\r\nT: 1\r\n\r\n",
			  want[] = "xxxxxxxhelloxxxxxabcxxxxxxxxxxxxx";
	char told[sizeof(text)] = "";
	struct http_head rsp = {.status = 200, .content_length = -1}, five = {.content_length = 5};
	struct http_body b;

	http_body_init_req(&b, &chunked);
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		told[i] = http_body_data(&b) ? text[i] : 'x';
		CU_ASSERT_EQUAL(http_body_feed(&b, text + i, 1), 1);
	}
	CU_ASSERT_STRING_EQUAL(told, want);
	CU_ASSERT_EQUAL(http_body_data(&b), 0);
	http_body_init_req(&b, &five);
	http_body_feed(&b, "he", 2);
	CU_ASSERT_EQUAL(http_body_data(&b), 3);
	http_body_init_rsp(&b, &rsp, false);
	CU_ASSERT_EQUAL(http_body_data(&b), UINT64_MAX);
}

static const struct unit_case cases[] = {
	UNIT_CASE(good_chunked_bodies_end_exactly),
	UNIT_CASE(no_prefix_is_a_whole_body),
	UNIT_CASE(bad_chunked_bodies_stop_at_the_bad_byte),
	UNIT_CASE(data_is_counted_without_a_look),
	UNIT_CASE(extensions_may_not_outgrow_the_data),
	UNIT_CASE(trailers_have_a_limit),
	UNIT_CASE(length_bodies_end_exactly),
	UNIT_CASE(aws_chunked_within_a_length_is_content),
	UNIT_CASE(responses_are_framed_by_status_and_method),
	UNIT_CASE(until_close_ends_with_the_connection),
	UNIT_CASE(content_is_told_from_framing),
};
UNIT_MAIN(cases)
