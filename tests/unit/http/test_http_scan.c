/* SPDX-License-Identifier: BSD-3-Clause */
#include "heads.h"
#include "http/http.h"
#include "unit.h"

#define LIMIT 65536

/* Scan s in two pieces cut at `cut`; the result, and where the scan stood. */
static int scan_cut(struct http_scan *s, struct span b, size_t cut, uint32_t limit, bool request)
{
	int rc;

	http_scan_init(s, limit, request);
	rc = http_scan(s, b.p, cut);
	return rc ? rc : http_scan(s, b.p + cut, b.n - cut);
}

static int scan_bytewise(struct http_scan *s, struct span b, uint32_t limit, bool request)
{
	int rc = 0;

	http_scan_init(s, limit, request);
	for (size_t i = 0; i < b.n && rc == 0; i++)
		rc = http_scan(s, b.p + i, 1);
	return rc;
}

static void real_heads_are_found_at_every_cut(void)
{
	struct http_scan s;

	for (size_t i = 0; i < N_HEADS; i++) {
		struct span b = heads[i].bytes;

		for (size_t cut = 0; cut <= b.n; cut++)
			CU_ASSERT_EQUAL(scan_cut(&s, b, cut, LIMIT, true), (int)b.n);
		CU_ASSERT_EQUAL(scan_bytewise(&s, b, LIMIT, true), (int)b.n);
		CU_ASSERT_EQUAL(s.lead, 0);
	}
}

static void every_prefix_needs_more(void)
{
	struct http_scan s;

	for (size_t i = 0; i < N_HEADS; i++)
		for (size_t n = 0; n < heads[i].bytes.n; n++) {
			http_scan_init(&s, LIMIT, true);
			CU_ASSERT_EQUAL(http_scan(&s, heads[i].bytes.p, n), 0);
			CU_ASSERT_EQUAL(s.seen, n);
		}
}

static void what_follows_the_head_is_not_scanned(void)
{
	struct span b = SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n\r\n\0\n\rGET");
	struct http_scan s;

	for (size_t cut = 0; cut <= b.n; cut++)
		CU_ASSERT_EQUAL(scan_cut(&s, b, cut, LIMIT, true), 27);
	CU_ASSERT_EQUAL(s.seen, 27);
}

static void empty_lines_before_a_request_are_led_off(void)
{
	struct span two = SPAN_LIT("\r\n\r\nGET / HTTP/1.1\r\n\r\n");
	struct span five = SPAN_LIT("\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n");
	struct http_scan s;

	for (size_t cut = 0; cut <= two.n; cut++) {
		CU_ASSERT_EQUAL(scan_cut(&s, two, cut, LIMIT, true), (int)two.n);
		CU_ASSERT_EQUAL(s.lead, 4);
	}
	for (size_t cut = 0; cut <= five.n; cut++)
		CU_ASSERT_EQUAL(scan_cut(&s, five, cut, LIMIT, true), -HTTP_E_lead_crlf);
	CU_ASSERT_EQUAL(scan_bytewise(&s, two, LIMIT, false), -HTTP_E_lead_crlf);
}

static void bad_bytes_are_refused_at_once(void)
{
	static const struct {
		struct span bytes; /* the last byte is the bad one */
		int code;
	} bad[] = {
		{SPAN_LIT("GET / HTTP/1.1\n"), HTTP_E_bare_lf}, {SPAN_LIT("\n"), HTTP_E_bare_lf},
		{SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n\n"), HTTP_E_bare_lf},
		{SPAN_LIT("GET / HTTP/1.1\r\nA: b\rc"), HTTP_E_bare_cr},
		{SPAN_LIT("GET / HTTP/1.1\r\nA: b\r\r"), HTTP_E_bare_cr},
		{SPAN_LIT("GET / HTTP/1.1\r\nA: b\r\n\rx"), HTTP_E_bare_cr},
		{SPAN_LIT("\rG"), HTTP_E_bare_cr},
		{SPAN_LIT("GET / HTTP/1.1\r\nA: b\0"), HTTP_E_ctl},
		{SPAN_LIT("GET / HTTP/1.1\r\nA: b\x7f"), HTTP_E_ctl},
		{SPAN_LIT("GET / HTTP/1.1\r\n\x01"), HTTP_E_ctl},
		{SPAN_LIT("\x16"), HTTP_E_ctl}, /* a TLS ClientHello */
	};
	struct http_scan s;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct span b = bad[i].bytes;

		http_scan_init(&s, LIMIT, true);
		CU_ASSERT_EQUAL(http_scan(&s, b.p, b.n - 1), 0);
		for (size_t cut = 0; cut <= b.n; cut++)
			CU_ASSERT_EQUAL(scan_cut(&s, b, cut, LIMIT, true), -bad[i].code);
		CU_ASSERT_EQUAL(http_scan(&s, "\r\n\r\n", 4), -bad[i].code);
	}
}

static void limit_is_exact_and_leaves_out_the_lead(void)
{
	struct span b = SPAN_LIT("\r\nGET / HTTP/1.1\r\nHost: abc\r\n\r\n");
	struct http_scan s;

	for (size_t cut = 0; cut <= b.n; cut++) {
		CU_ASSERT_EQUAL(scan_cut(&s, b, cut, (uint32_t)b.n - 2, true), (int)b.n);
		CU_ASSERT_EQUAL(scan_cut(&s, b, cut, (uint32_t)b.n - 3, true), -HTTP_E_head_long);
	}
	CU_ASSERT_EQUAL(scan_bytewise(&s, b, (uint32_t)b.n - 2, true), (int)b.n);
	CU_ASSERT_EQUAL(scan_bytewise(&s, b, (uint32_t)b.n - 3, true), -HTTP_E_head_long);
}

static const struct unit_case cases[] = {
	UNIT_CASE(real_heads_are_found_at_every_cut),
	UNIT_CASE(every_prefix_needs_more),
	UNIT_CASE(what_follows_the_head_is_not_scanned),
	UNIT_CASE(empty_lines_before_a_request_are_led_off),
	UNIT_CASE(bad_bytes_are_refused_at_once),
	UNIT_CASE(limit_is_exact_and_leaves_out_the_lead),
};
UNIT_MAIN(cases)
