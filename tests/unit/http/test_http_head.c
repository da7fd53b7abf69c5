/* SPDX-License-Identifier: BSD-3-Clause */
#include "heads.h"
#include "http/http.h"
#include "unit.h"

static struct http_head h;

/* Parse a copy of exactly b.n bytes, so that a sanitizer sees a look past its end. *keep holds the
 * copy until the next call. */
static int parse(struct span b, bool request)
{
	static char *copy;

	free(copy);
	copy = malloc(b.n ? b.n : 1);
	memcpy(copy, b.p, b.n);
	return request ? http_req_parse(&h, copy, b.n) : http_rsp_parse(&h, copy, b.n);
}

static bool is(struct span a, const char *text)
{
	return span_eq(a, span_str(text));
}

/* ---- requests that pass ---- */

static void real_heads_parse(void)
{
	for (size_t i = 0; i < N_HEADS; i++) {
		CU_ASSERT_EQUAL(parse(heads[i].bytes, true), 0);
		CU_ASSERT(http_head_value(&h, SPAN_LIT("hOsT")).n > 0);
		CU_ASSERT(span_eq(h.host, http_head_value(&h, SPAN_LIT("host"))));
		CU_ASSERT_EQUAL(h.raw.n, heads[i].bytes.n);
	}
}

static const struct span *sample(const char *name)
{
	for (size_t i = 0; i < N_HEADS; i++)
		if (strcmp(heads[i].name, name) == 0)
			return &heads[i].bytes;
	return NULL;
}

static void facts_of_real_heads(void)
{
	CU_ASSERT_EQUAL(parse(*sample("awscli_put"), true), 0);
	CU_ASSERT(h.method == HTTP_PUT && h.content_length == 200 && h.expect_continue);
	CU_ASSERT(is(h.path, "/bkt/f.txt") && !h.query.p && !h.chunked && h.minor == 1);
	CU_ASSERT(is(h.start, "PUT /bkt/f.txt HTTP/1.1") && http_head_persists(&h));
	CU_ASSERT_EQUAL(h.n_fields, 13);

	CU_ASSERT_EQUAL(parse(*sample("awscli_list"), true), 0);
	CU_ASSERT(h.method == HTTP_GET && h.content_length == -1);
	CU_ASSERT(is(h.query, "list-type=2&prefix=&delimiter=%2F&encoding-type=url"));

	CU_ASSERT_EQUAL(parse(*sample("boto3_presigned_v2"), true), 0);
	CU_ASSERT(h.close && !http_head_persists(&h));
	CU_ASSERT(is(h.path, "/bkt/a/b%20c%2B%252F.txt"));

	CU_ASSERT_EQUAL(parse(*sample("stream_trailer"), true), 0);
	CU_ASSERT(h.chunked && h.content_length == -1 && h.expect_continue);
	CU_ASSERT(is(http_head_value(&h, SPAN_LIT("content-encoding")), "aws-chunked"));
}

/* A good request of one more field, or another line. */
#define WITH(fields) SPAN_LIT("GET / HTTP/1.1\r\nHost: a\r\n" fields "\r\n")
#define LINE(line)   SPAN_LIT(line "\r\nHost: a\r\n\r\n")
#define HOST(value)  SPAN_LIT("GET / HTTP/1.1\r\nHost:" value "\r\n\r\n")

static void odd_requests_that_are_right(void)
{
	static const struct span good[] = {
		WITH("A:\r\n"),
		WITH("A: \t \r\n"),
		WITH("A:b\r\n"),
		WITH("A: b\t c \t\r\n"),
		WITH("!#$%&'*+-.^_`|~09azAZ: x\r\n"),
		WITH("A: \xff\x80\r\n"),
		WITH("Connection: close, \t, keep-alive\r\n"),
		WITH("Content-Length: 007\r\n"),
		WITH("Content-Length: 4611686018427387904\r\n"),
		WITH("Transfer-Encoding:\tChunked \r\n"),
		WITH("Expect: 100-Continue\r\n"),
		WITH("x-amz-rdma-token: CUOBJ:0:AQID/+8=\r\n"),
		WITH("Upgrade: websocket\r\n"),
		WITH("TE: trailers\r\nTrailer: x\r\n"),
		LINE("GET /%2F//a+b/%zz HTTP/1.1"),
		LINE("GET /\xc3\xbc HTTP/1.1"),
		LINE("GET /?a=1&a=2&a?b HTTP/1.1"),
		LINE("GET /\"<>\\^`{|} HTTP/1.1"),
		LINE("OPTIONS * HTTP/1.1"),
		LINE("MKCOL / HTTP/1.1"),
		LINE("get / HTTP/1.1"),
		LINE("GET http://a/b?c HTTP/1.1"),
		LINE("GET HTTPS://A HTTP/1.1"),
		LINE("GET http://a?x HTTP/1.1"),
		SPAN_LIT("GET / HTTP/1.0\r\n\r\n"),
		HOST("a.b-c_d~e:8080"),
		HOST("[2001:db8::1]:80"),
		HOST("[::1]"),
		HOST(" 10.0.0.1 "),
		HOST("a:"),
		HOST("b%C3%BC"),
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		int rc = parse(good[i], true);

		CU_ASSERT_EQUAL(rc, 0);
		if (rc)
			printf("%.*s: %s\n", (int)good[i].n, good[i].p, http_stat_names[-rc].name);
	}
}

static void parts_of_targets(void)
{
	CU_ASSERT_EQUAL(parse(LINE("GET http://a/b?c?d HTTP/1.1"), true), 0);
	CU_ASSERT(is(h.target, "http://a/b?c?d") && is(h.path, "/b") && is(h.query, "c?d"));
	CU_ASSERT_EQUAL(parse(LINE("GET http://a?x HTTP/1.1"), true), 0);
	CU_ASSERT(h.path.n == 0 && is(h.query, "x"));
	CU_ASSERT_EQUAL(parse(LINE("GET /? HTTP/1.1"), true), 0);
	CU_ASSERT(is(h.path, "/") && h.query.p && h.query.n == 0);
	CU_ASSERT_EQUAL(parse(LINE("OPTIONS * HTTP/1.1"), true), 0);
	CU_ASSERT(is(h.path, "*") && h.method == HTTP_OPTIONS);
}

static void methods(void)
{
	static const struct {
		struct span bytes;
		enum http_method method;
	} m[] = {{LINE("GET / HTTP/1.1"), HTTP_GET}, {LINE("HEAD / HTTP/1.1"), HTTP_HEAD},
		{LINE("PUT / HTTP/1.1"), HTTP_PUT}, {LINE("POST / HTTP/1.1"), HTTP_POST},
		{LINE("DELETE / HTTP/1.1"), HTTP_DELETE}, {LINE("PATCH / HTTP/1.1"), HTTP_OTHER},
		{LINE("get / HTTP/1.1"), HTTP_OTHER}};

	for (size_t i = 0; i < sizeof(m) / sizeof(m[0]); i++) {
		CU_ASSERT_EQUAL(parse(m[i].bytes, true), 0);
		CU_ASSERT_EQUAL(h.method, m[i].method);
	}
}

static void values_are_trimmed_and_names_known_in_any_case(void)
{
	CU_ASSERT_EQUAL(parse(WITH("rAnGe: \t bytes=0-1, 2-3\t \r\nX: \tY\r\n"), true), 0);
	CU_ASSERT_EQUAL(h.n_fields, 3);
	CU_ASSERT_EQUAL(h.field[0].id, HTTP_NAME_HOST);
	CU_ASSERT_EQUAL(h.field[1].id, HTTP_NAME_RANGE);
	CU_ASSERT(is(h.field[1].name, "rAnGe") && is(h.field[1].value, "bytes=0-1, 2-3"));
	CU_ASSERT_EQUAL(h.field[2].id, HTTP_NAME_OTHER);
	CU_ASSERT_PTR_NULL(http_head_value(&h, SPAN_LIT("ranges")).p);
}

static void connection_decides_what_persists(void)
{
	static const struct {
		struct span bytes;
		bool request, persists;
	} c[] = {
		{WITH(""), true, true},
		{WITH("Connection: close\r\n"), true, false},
		{WITH("Connection: x, CLOSE ,keep-alive\r\n"), true, false},
		{WITH("Connection: closed\r\n"), true, true},
		{SPAN_LIT("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), true, false},
		{SPAN_LIT("HTTP/1.1 200 OK\r\n\r\n"), false, true},
		{SPAN_LIT("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), false, false},
		{SPAN_LIT("HTTP/1.0 200 OK\r\n\r\n"), false, false},
		{SPAN_LIT("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n"), false, true},
	};

	for (size_t i = 0; i < sizeof(c) / sizeof(c[0]); i++) {
		CU_ASSERT_EQUAL(parse(c[i].bytes, c[i].request), 0);
		CU_ASSERT_EQUAL(http_head_persists(&h), c[i].persists);
	}
}

/* ---- requests that do not ---- */

static const struct {
	struct span bytes;
	int code;
} bad_req[] = {
	/* start line */
	{LINE(""), HTTP_E_req_line},
	{LINE(" GET / HTTP/1.1"), HTTP_E_method},
	{LINE("G@T / HTTP/1.1"), HTTP_E_method},
	{LINE("GET"), HTTP_E_req_line},
	{LINE("GET "), HTTP_E_req_line},
	{LINE("GET /"), HTTP_E_req_line},
	{LINE("GET  / HTTP/1.1"), HTTP_E_target},
	{LINE("GET\t/ HTTP/1.1"), HTTP_E_method},
	{LINE("GET / HTTP/1.1 "), HTTP_E_req_line},
	{LINE("GET /  HTTP/1.1"), HTTP_E_req_line},
	{LINE("GET /a b HTTP/1.1"), HTTP_E_req_line},
	{LINE("GET /a#b HTTP/1.1"), HTTP_E_target},
	{LINE("GET /a\x01 HTTP/1.1"), HTTP_E_ctl},
	{LINE("GET /\x7f HTTP/1.1"), HTTP_E_ctl},
	{LINE("GET /a\tb HTTP/1.1"), HTTP_E_target},
	{LINE("GET a HTTP/1.1"), HTTP_E_target},
	{LINE("GET * HTTP/1.1"), HTTP_E_target},
	{LINE("GET ftp://a/ HTTP/1.1"), HTTP_E_target},
	{LINE("GET http:// HTTP/1.1"), HTTP_E_target},
	{LINE("GET http:///x HTTP/1.1"), HTTP_E_target_host},
	{LINE("GET http://b/ HTTP/1.1"), HTTP_E_target_host},
	{LINE("GET http://u@a/ HTTP/1.1"), HTTP_E_target_host},
	{SPAN_LIT("GET http://a/ HTTP/1.0\r\n\r\n"), HTTP_E_target_host},
	{LINE("CONNECT a:443 HTTP/1.1"), HTTP_E_connect},
	{LINE("GET / HTTP/0.9"), HTTP_E_version_unknown},
	{LINE("GET / HTTP/1.2"), HTTP_E_version_unknown},
	{LINE("GET / HTTP/2.0"), HTTP_E_version_unknown},
	{SPAN_LIT("PRI * HTTP/2.0\r\n\r\n"), HTTP_E_version_unknown},
	{LINE("GET / HTTP/1"), HTTP_E_version},
	{LINE("GET / HTTP/1.10"), HTTP_E_version},
	{LINE("GET / http/1.1"), HTTP_E_version},
	{LINE("GET / HTTP/1,1"), HTTP_E_version},
	{LINE("GET / HTTP/+1.1"), HTTP_E_version},
	{LINE("GET / HTTP/1.x"), HTTP_E_version},
	/* bytes and line ends */
	{SPAN_LIT("GET / HTTP/1.1\nHost: a\r\n\r\n"), HTTP_E_bare_lf},
	{SPAN_LIT("GET / HTTP/1.1\rHost: a\r\n\r\n"), HTTP_E_bare_cr},
	{WITH("A: b\nC: d\r\n"), HTTP_E_bare_lf},
	{WITH("A: b\rC: d\r\n"), HTTP_E_bare_cr},
	{WITH("A\r: b\r\n"), HTTP_E_bare_cr},
	{WITH("A\n: b\r\n"), HTTP_E_bare_lf},
	{WITH("A: b\0c\r\n"), HTTP_E_ctl},
	{WITH("A: \x08\r\n"), HTTP_E_ctl},
	{WITH("A: \x7f\r\n"), HTTP_E_ctl},
	{WITH("A\0: b\r\n"), HTTP_E_ctl},
	{WITH("\rA: b\r\n"), HTTP_E_bare_cr},
	{WITH("\nA: b\r\n"), HTTP_E_bare_lf},
	{SPAN_LIT(""), HTTP_E_head_end},
	{SPAN_LIT("\r\n"), HTTP_E_head_end},
	{SPAN_LIT("\r\n\r\n"), HTTP_E_req_line},
	{SPAN_LIT("GET / HTTP/1.1\r\n"), HTTP_E_head_end},
	{WITH("\r\nGET / HTTP/1.1\r\n"), HTTP_E_head_end},
	/* fields */
	{WITH(" A: b\r\n"), HTTP_E_obs_fold},
	{WITH("A: b\r\n c\r\n"), HTTP_E_obs_fold},
	{WITH("A: b\r\n\tc\r\n"), HTTP_E_obs_fold},
	{SPAN_LIT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), HTTP_E_obs_fold},
	{WITH("A : b\r\n"), HTTP_E_field_space},
	{WITH("A\t: b\r\n"), HTTP_E_field_space},
	{WITH("Content-Length : 5\r\n"), HTTP_E_field_space},
	{WITH(": b\r\n"), HTTP_E_field_empty},
	{WITH("A\r\n"), HTTP_E_field_colon},
	{WITH("A b: c\r\n"), HTTP_E_field_name},
	{WITH("A(: c\r\n"), HTTP_E_field_name},
	{WITH("A\xc3\xbc: c\r\n"), HTTP_E_field_name},
	{WITH("\"A\": c\r\n"), HTTP_E_field_name},
	/* Host */
	{SPAN_LIT("GET / HTTP/1.1\r\n\r\n"), HTTP_E_host_none},
	{WITH("Host: a\r\n"), HTTP_E_host_many},
	{WITH("HOST: b\r\n"), HTTP_E_host_many},
	{SPAN_LIT("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), HTTP_E_host_many},
	{HOST(""), HTTP_E_host},
	{HOST(" "), HTTP_E_host},
	{HOST("a b"), HTTP_E_host},
	{HOST("a/b"), HTTP_E_host},
	{HOST("u@a"), HTTP_E_host},
	{HOST("a:b"), HTTP_E_host},
	{HOST("a:1:2"), HTTP_E_host},
	{HOST("a:123456"), HTTP_E_host},
	{HOST(":80"), HTTP_E_host},
	{HOST("a?b"), HTTP_E_host},
	{HOST("a#b"), HTTP_E_host},
	{HOST("a\\b"), HTTP_E_host},
	{HOST("\xc3\xbc"), HTTP_E_host},
	{HOST("[::1"), HTTP_E_host},
	{HOST("[]"), HTTP_E_host},
	{HOST("[::1]x"), HTTP_E_host},
	{HOST("[::g]"), HTTP_E_host},
	{HOST("::1"), HTTP_E_host},
	/* framing */
	{WITH("Content-Length:\r\n"), HTTP_E_length},
	{WITH("Content-Length: +5\r\n"), HTTP_E_length},
	{WITH("Content-Length: -5\r\n"), HTTP_E_length},
	{WITH("Content-Length: 5 5\r\n"), HTTP_E_length},
	{WITH("Content-Length: 0x5\r\n"), HTTP_E_length},
	{WITH("Content-Length: 5.0\r\n"), HTTP_E_length},
	{WITH("Content-Length: 4611686018427387905\r\n"), HTTP_E_length},
	{WITH("Content-Length: 18446744073709551621\r\n"), HTTP_E_length},
	{WITH("Content-Length: 99999999999999999999999999\r\n"), HTTP_E_length},
	{WITH("Content-Length: 5, 5\r\n"), HTTP_E_length_many},
	{WITH("Content-Length: 5\r\nContent-Length: 5\r\n"), HTTP_E_length_many},
	{WITH("Content-Length: 5\r\ncontent-length: 6\r\n"), HTTP_E_length_many},
	{WITH("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), HTTP_E_length_coding},
	{WITH("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), HTTP_E_length_coding},
	{WITH("Transfer-Encoding:\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: chunked, gzip\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: chunked, chunked\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: ,chunked\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: chunked,\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: chunked;q=1\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: \"chunked\"\r\n"), HTTP_E_coding},
	{WITH("Transfer-Encoding: gzip, chunked\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer-Encoding: gzip\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer-Encoding: xchunked\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer-Encoding: chunkedx\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer-Encoding: identity\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), HTTP_E_coding_many},
	{WITH("Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"), HTTP_E_coding_many},
	{WITH("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), HTTP_E_coding_unknown},
	{WITH("Transfer\x0b-Encoding: chunked\r\n"), HTTP_E_ctl},
	{WITH("Transfer-Encoding: \x0b"
	      "chunked\r\n"),
		HTTP_E_ctl},
	{SPAN_LIT("PUT / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), HTTP_E_coding_http10},
	{WITH("Expect: 200-ok\r\n"), HTTP_E_expect},
	{WITH("Expect:\r\n"), HTTP_E_expect},
};

static void bad_requests_have_their_code(void)
{
	for (size_t i = 0; i < sizeof(bad_req) / sizeof(bad_req[0]); i++) {
		int rc = parse(bad_req[i].bytes, true);

		CU_ASSERT_EQUAL(rc, -bad_req[i].code);
		if (rc != -bad_req[i].code)
			printf("%.*s: %s\n", (int)bad_req[i].bytes.n, bad_req[i].bytes.p,
				http_stat_names[-rc].name);
	}
}

/* Whatever the parser is given (the scanner would never let a prefix through): no crash, a code. */
static void every_prefix_of_a_head_is_refused(void)
{
	for (size_t i = 0; i < N_HEADS; i++)
		for (size_t n = 0; n < heads[i].bytes.n; n++)
			CU_ASSERT(parse((struct span){heads[i].bytes.p, n}, true) < 0);
}

static void fields_and_options_have_a_limit(void)
{
	static char text[8192];
	size_t n;

	for (int extra = 0; extra < 2; extra++) {
		n = (size_t)sprintf(text, "GET / HTTP/1.1\r\nHost: a\r\n");
		for (int i = 1; i < HTTP_FIELDS_MAX + extra; i++)
			n += (size_t)sprintf(text + n, "x%d: y\r\n", i);
		n += (size_t)sprintf(text + n, "\r\n");
		CU_ASSERT_EQUAL(parse((struct span){text, n}, true), extra ? -HTTP_E_fields : 0);

		n = (size_t)sprintf(
			text, "GET / HTTP/1.1\r\nHost: a\r\nConnection: a\r\nConnection: b");
		for (int i = 2; i < HTTP_OPTIONS_MAX + extra; i++)
			n += (size_t)sprintf(text + n, ",");
		n += (size_t)sprintf(text + n, "\r\n\r\n");
		CU_ASSERT_EQUAL(parse((struct span){text, n}, true), extra ? -HTTP_E_options : 0);
	}
}

/* ---- responses ---- */

#define RSP(line, fields) SPAN_LIT(line "\r\n" fields "\r\n")

static void responses_that_are_right(void)
{
	static const struct {
		struct span bytes;
		unsigned status;
		const char *reason;
	} good[] = {
		{RSP("HTTP/1.1 200 OK", "Content-Length: 5\r\n"), 200, "OK"},
		{RSP("HTTP/1.1 100 Continue", ""), 100, "Continue"},
		{RSP("HTTP/1.1 206 Partial Content", "A: b\r\n"), 206, "Partial Content"},
		{RSP("HTTP/1.0 404 ", ""), 404, ""},
		{RSP("HTTP/1.1 503", "Retry-After: 1\r\n"), 503, ""},
		{RSP("HTTP/1.1 599 \xc3\xbc\t!", ""), 599, "\xc3\xbc\t!"},
		{RSP("HTTP/1.1 200 OK", "Transfer-Encoding: chunked\r\nTrailer: x\r\n"), 200, "OK"},
		{RSP("HTTP/1.1 204 No Content", "Content-Length: 0\r\nHost: \"\r\n"), 204,
			"No Content"},
		{RSP("HTTP/1.1 200 OK", "Expect: anything\r\n"), 200, "OK"},
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT_EQUAL(parse(good[i].bytes, false), 0);
		CU_ASSERT_EQUAL(h.status, good[i].status);
		CU_ASSERT(is(h.reason, good[i].reason));
	}
}

static void bad_responses_have_their_code(void)
{
	static const struct {
		struct span bytes;
		int code;
	} bad[] = {
		{RSP("", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 ", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 20", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 2000", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 099 x", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 600 x", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 2x0 x", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1  200 OK", ""), HTTP_E_status_line},
		{RSP("HTTP/1.1 200 O\x01", ""), HTTP_E_ctl},
		{RSP("ICY/1.1 200 OK!", ""), HTTP_E_status_line},
		{RSP("ICYY/1.1 200 OK!", ""), HTTP_E_version},
		{RSP("HTTP/2.0 200 OK", ""), HTTP_E_version_unknown},
		{RSP("HTTP/1.1 101 Switching Protocols", ""), HTTP_E_switching},
		{SPAN_LIT("HTTP/1.1 200 OK\n\r\n\r\n"), HTTP_E_bare_lf},
		{RSP("HTTP/1.1 200 OK", "Content-Length: 5\r\nContent-Length: 5\r\n"),
			HTTP_E_length_many},
		{RSP("HTTP/1.1 200 OK", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
			HTTP_E_length_coding},
		{RSP("HTTP/1.0 200 OK", "Transfer-Encoding: chunked\r\n"), HTTP_E_coding_http10},
		{RSP("HTTP/1.1 200 OK", "Transfer-Encoding: gzip, chunked\r\n"),
			HTTP_E_coding_unknown},
		{RSP("HTTP/1.1 200 OK", "A: b\r\n c\r\n"), HTTP_E_obs_fold},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		int rc = parse(bad[i].bytes, false);

		CU_ASSERT_EQUAL(rc, -bad[i].code);
		if (rc != -bad[i].code)
			printf("%.*s: %s\n", (int)bad[i].bytes.n, bad[i].bytes.p,
				http_stat_names[-rc].name);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(real_heads_parse),
	UNIT_CASE(facts_of_real_heads),
	UNIT_CASE(odd_requests_that_are_right),
	UNIT_CASE(parts_of_targets),
	UNIT_CASE(methods),
	UNIT_CASE(values_are_trimmed_and_names_known_in_any_case),
	UNIT_CASE(connection_decides_what_persists),
	UNIT_CASE(bad_requests_have_their_code),
	UNIT_CASE(every_prefix_of_a_head_is_refused),
	UNIT_CASE(fields_and_options_have_a_limit),
	UNIT_CASE(responses_that_are_right),
	UNIT_CASE(bad_responses_have_their_code),
};
UNIT_MAIN(cases)
