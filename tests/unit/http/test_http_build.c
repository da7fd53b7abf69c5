/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "heads.h"
#include "http/http.h"
#include "unit.h"

static struct http_head h;
static char out[16384];
static int n_out;

static const struct http_edit none;
static const struct http_add ours[] = {
	{SPAN_LIT("X-Forwarded-For"), SPAN_LIT("10.0.0.1")},
	{SPAN_LIT("X-Forwarded-Proto"), SPAN_LIT("https")},
};
#define OURS      "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Proto: https\r\n"
#define OUR_CLOSE "Connection: close\r\n"

/* Does the head `in` go on as `want`? */
static bool goes_on_as(const char *in, const struct http_edit *e, const char *want)
{
	size_t n = strlen(in);
	int rc = in[0] == 'H' && in[4] == '/' ? http_rsp_parse(&h, in, n)
					      : http_req_parse(&h, in, n);

	CU_ASSERT_EQUAL(rc, 0);
	n_out = http_head_build(&h, e, out, sizeof(out));
	if (span_eq((struct span){out, (size_t)n_out}, span_str(want)))
		return true;
	printf("%.*s", n_out, out);
	return false;
}

static void heads_without_hop_by_hop_fields_go_on_byte_exact(void)
{
	for (size_t i = 0; i < N_HEADS; i++) {
		struct span b = heads[i].bytes;

		CU_ASSERT_EQUAL(http_req_parse(&h, b.p, b.n), 0);
		n_out = http_head_build(&h, &none, out, sizeof(out));
		if (!http_head_value(&h, SPAN_LIT("connection")).p)
			CU_ASSERT(span_eq(b, (struct span){out, (size_t)n_out}));
	}
	CU_ASSERT(goes_on_as("GET /\xff%2f//?b&a HTTP/1.0\r\nHOST:\ta \r\nx:\r\nX: \t y\t \r\n\r\n",
		&none, "GET /\xff%2f//?b&a HTTP/1.0\r\nHOST:\ta \r\nx:\r\nX: \t y\t \r\n\r\n"));
}

static void hop_by_hop_fields_end_here(void)
{
	CU_ASSERT(goes_on_as("GET / HTTP/1.1\r\nConnection: keep-alive, Foo ,upgrade\r\nHost: a\r\n"
			     "Keep-Alive: timeout=5\r\nfOO: 1\r\nBar: 2\r\nfoo:3\r\n"
			     "proxy-connection: keep-alive\r\nUPGRADE: h2c\r\n\r\n",
		&none, "GET / HTTP/1.1\r\nHost: a\r\nBar: 2\r\n\r\n"));
	CU_ASSERT(goes_on_as("HTTP/1.1 200 OK\r\nA: b\r\nConnection: close,x-y\r\nX-Y: 1\r\n\r\n",
		&none, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n"));
	CU_ASSERT(goes_on_as("HTTP/1.1 200 OK\r\n\r\n", &none, "HTTP/1.1 200 OK\r\n\r\n"));
}

static void connection_cannot_take_what_the_request_needs(void)
{
	static const char kept[] =
		"PUT / HTTP/1.1\r\nHost: a\r\nAuthorization: x\r\nTransfer-Encoding: chunked\r\n"
		"Content-MD5: x\r\nExpect: 100-continue\r\nx-amz-date: x\r\nRange: x\r\nTE: x\r\n"
		"Trailer: x\r\nIf-Match: x\r\nDate: x\r\n";
	char in[1024], want[1024];

	snprintf(in, sizeof(in),
		"%sConnection: host, authorization, transfer-encoding, content-md5,"
		"expect, x-amz-date, range, te, trailer, if-match, date\r\n\r\n",
		kept);
	snprintf(want, sizeof(want), "%s\r\n", kept);
	CU_ASSERT(goes_on_as(in, &none, want));
}

#define AUTH(list)                                                                                 \
	"Authorization: AWS4-HMAC-SHA256 Credential=A/b/c/s3/aws4_request" list "Signature=0\r\n"

static void a_signed_field_stays(void)
{
	static const char *const lists[] = {
		AUTH(", SignedHeaders=connection;host;keep-alive;x-hop, "),
		AUTH(",SignedHeaders=host;x-hop;Keep-Alive;CONNECTION,"),
	};
	char in[1024];

	for (size_t i = 0; i < 2; i++) {
		snprintf(in, sizeof(in),
			"GET / HTTP/1.1\r\nHost: a\r\nConnection: x-hop\r\n"
			"X-Hop: 1\r\nKeep-Alive: 1\r\n%s\r\n",
			lists[i]);
		CU_ASSERT(goes_on_as(in, &none, in));
		CU_ASSERT(goes_on_as(in, &(struct http_edit){.close = true}, in));
	}
	CU_ASSERT(
		goes_on_as("GET /?a&X-Amz-SignedHeaders=host%3Bx-hop%3bx%2Dtwo&b=x-no HTTP/1.1\r\n"
			   "Host: a\r\nConnection: x-hop,x-two,x-no\r\nX-Hop: 1\r\nX-Two: 2\r\n"
			   "X-No: 3\r\n\r\n",
			&none,
			"GET /?a&X-Amz-SignedHeaders=host%3Bx-hop%3bx%2Dtwo&b=x-no HTTP/1.1\r\n"
			"Host: a\r\nX-Hop: 1\r\nX-Two: 2\r\n\r\n"));
}

static void signs_means_whole_names(void)
{
	static const char in[] = "GET / HTTP/1.1\r\nHost: a\r\n" AUTH(
		", SignedHeaders=host;x-forwarded-for-me;x-amz-date, ") "\r\n";

	CU_ASSERT_EQUAL(http_req_parse(&h, in, strlen(in)), 0);
	CU_ASSERT(http_head_signs(&h, SPAN_LIT("Host")));
	CU_ASSERT(http_head_signs(&h, SPAN_LIT("X-Amz-Date")));
	CU_ASSERT(http_head_signs(&h, SPAN_LIT("x-forwarded-for-me")));
	CU_ASSERT(!http_head_signs(&h, SPAN_LIT("x-forwarded-for")));
	CU_ASSERT(!http_head_signs(&h, SPAN_LIT("forwarded-for-me")));
	CU_ASSERT(!http_head_signs(&h, SPAN_LIT("ost")));
	CU_ASSERT(!http_head_signs(&h, SPAN_LIT("")));
	CU_ASSERT(!http_head_signs(&h, SPAN_LIT("Signature")));
}

/* A list no client sends counts as one that covers all: no work without bound, nothing altered. */
static void an_endless_list_signs_everything(void)
{
	static char in[8192];

	snprintf(in, sizeof(in),
		"GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 1\r\n"
		"Authorization: AWS4 SignedHeaders=%05000d\r\n\r\n",
		0);
	CU_ASSERT(goes_on_as(in, &(struct http_edit){.add = ours, .n_add = 2, .close = true}, in));
}

static void our_fields_come_last(void)
{
	const struct http_edit e = {.add = ours, .n_add = 2, .close = true};

	CU_ASSERT(goes_on_as("GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n\r\n", &e,
		"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n" OURS OUR_CLOSE "\r\n"));
	CU_ASSERT(goes_on_as(
		"GET / HTTP/1.0\r\n\r\n", &e, "GET / HTTP/1.0\r\n" OURS OUR_CLOSE "\r\n"));
	CU_ASSERT(goes_on_as("HTTP/1.1 204 x\r\nConnection: keep-alive\r\n\r\n", &e,
		"HTTP/1.1 204 x\r\n" OURS OUR_CLOSE "\r\n"));
}

static void a_signed_forwarded_for_is_left_alone(void)
{
#define SIGNED_XFF                                                                                 \
	"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.2.3.4\r\n" AUTH(                          \
		", SignedHeaders=host;x-forwarded-for, ")
	CU_ASSERT(goes_on_as(SIGNED_XFF "\r\n", &(struct http_edit){.add = ours, .n_add = 2},
		SIGNED_XFF "X-Forwarded-Proto: https\r\n\r\n"));
}

static void short_room_is_an_error(void)
{
	const struct http_edit e = {.add = ours, .n_add = 2};
	char *room;
	int n;

	CU_ASSERT_EQUAL(http_req_parse(&h, heads[0].bytes.p, heads[0].bytes.n), 0);
	n = http_head_build(&h, &e, out, sizeof(out));
	CU_ASSERT_EQUAL(n, (int)(heads[0].bytes.n + strlen(OURS)));
	for (int cap = 0; cap <= n; cap++) {
		room = malloc((size_t)cap + !cap); /* exactly: a sanitizer sees one byte more */
		CU_ASSERT_EQUAL(http_head_build(&h, &e, room, (size_t)cap), cap < n ? -ENOSPC : n);
		CU_ASSERT(cap < n || memcmp(room, out, (size_t)n) == 0);
		free(room);
	}
}

/* Ours stands alone: the request's own of that name go, but for one that is signed. */
static void alone_takes_the_place(void)
{
	static const struct http_add add[] = {
		{SPAN_LIT("Range"), SPAN_LIT("bytes=5-9"), true},
		{SPAN_LIT("X-Other"), SPAN_LIT("2"), false},
	};
	static const struct http_edit e = {.add = add, .n_add = 2};

	CU_ASSERT_TRUE(goes_on_as("GET / HTTP/1.1\r\nHost: a\r\nrange: bytes=0-\r\nX-Other: 1\r\n"
				  "Range: x\r\n\r\n",
		&e,
		"GET / HTTP/1.1\r\nHost: a\r\nX-Other: 1\r\nRange: bytes=5-9\r\nX-Other: "
		"2\r\n\r\n"));
	CU_ASSERT_TRUE(goes_on_as("GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\nAuthorization: "
				  "SignedHeaders=range\r\n\r\n",
		&e,
		"GET / HTTP/1.1\r\nHost: a\r\nRange: bytes=0-\r\nAuthorization: "
		"SignedHeaders=range\r\nX-Other: 2\r\n\r\n"));
}

static const struct unit_case cases[] = {
	UNIT_CASE(alone_takes_the_place),
	UNIT_CASE(heads_without_hop_by_hop_fields_go_on_byte_exact),
	UNIT_CASE(hop_by_hop_fields_end_here),
	UNIT_CASE(connection_cannot_take_what_the_request_needs),
	UNIT_CASE(a_signed_field_stays),
	UNIT_CASE(signs_means_whole_names),
	UNIT_CASE(an_endless_list_signs_everything),
	UNIT_CASE(our_fields_come_last),
	UNIT_CASE(a_signed_forwarded_for_is_left_alone),
	UNIT_CASE(short_room_is_an_error),
};
UNIT_MAIN(cases)
