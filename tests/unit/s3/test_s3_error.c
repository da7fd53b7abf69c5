/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "s3/s3.h"
#include "unit.h"

static char out[S3_ERROR_ROOM + 1];

/* The answer to e as a string. */
static const char *answer(struct s3_error e)
{
	int n = s3_error_build(&e, out, S3_ERROR_ROOM);

	CU_ASSERT(n > 0);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

static void shape_is_that_of_the_reference(void)
{
	const struct s3_error e = {.status = 503,
		.resource = SPAN_LIT("/bkt/a%20b"),
		.request_id = SPAN_LIT("4442587FB7D0A2F9"),
		.retry_after = 2,
		.close = true};

	CU_ASSERT_STRING_EQUAL(answer(e),
		"HTTP/1.1 503 Service Unavailable\r\n"
		"Content-Type: application/xml\r\n"
		"Content-Length: 227\r\n"
		"x-amz-request-id: 4442587FB7D0A2F9\r\n"
		"Retry-After: 2\r\n"
		"Connection: close\r\n"
		"\r\n"
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		"<Error><Code>ServiceUnavailable</Code>"
		"<Message>No storage node can serve the request now. Try again.</Message>"
		"<Resource>/bkt/a%20b</Resource>"
		"<RequestId>4442587FB7D0A2F9</RequestId></Error>");
}

static void every_status_has_its_code(void)
{
	static const struct {
		struct s3_error e;
		const char *line, *code;
	} t[] = {
		{{.status = 400}, "HTTP/1.1 400 Bad Request\r\n", "BadRequest"},
		{{.status = 400, .slow_down = true}, "HTTP/1.1 400 Bad Request\r\n", "BadRequest"},
		{{.status = 408}, "HTTP/1.1 408 Request Timeout\r\n", "RequestTimeout"},
		{{.status = 417}, "HTTP/1.1 417 Expectation Failed\r\n", "ExpectationFailed"},
		{{.status = 431}, "HTTP/1.1 431 Request Header Fields Too Large\r\n",
			"RequestHeaderSectionTooLarge"},
		{{.status = 500}, "HTTP/1.1 500 Internal Server Error\r\n", "InternalError"},
		{{.status = 501}, "HTTP/1.1 501 Not Implemented\r\n", "NotImplemented"},
		{{.status = 502}, "HTTP/1.1 502 Bad Gateway\r\n", "BadGateway"},
		{{.status = 503}, "HTTP/1.1 503 Service Unavailable\r\n", "ServiceUnavailable"},
		{{.status = 503, .slow_down = true}, "HTTP/1.1 503 Service Unavailable\r\n",
			"SlowDown"},
		{{.status = 504}, "HTTP/1.1 504 Gateway Timeout\r\n", "GatewayTimeout"},
		{{.status = 505}, "HTTP/1.1 505 HTTP Version Not Supported\r\n",
			"HTTPVersionNotSupported"},
		{{.status = 403}, "HTTP/1.1 403 Forbidden\r\n", "AccessDenied"},
		{{.status = 404}, "HTTP/1.1 404 Not Found\r\n", "NoSuchKey"},
		{{.status = 405}, "HTTP/1.1 405 Method Not Allowed\r\n", "MethodNotAllowed"},
		{{.status = 429}, "HTTP/1.1 429 Too Many Requests\r\n", "RequestLimitExceeded"},
		{{.status = 451}, "HTTP/1.1 451 \r\n", "BadRequest"},
		{{.status = 599}, "HTTP/1.1 599 \r\n", "InternalError"},
		{{.status = 200}, "HTTP/1.1 500 Internal Server Error\r\n", "InternalError"},
		{{.status = 307}, "HTTP/1.1 500 Internal Server Error\r\n", "InternalError"},
		{{.status = 600}, "HTTP/1.1 500 Internal Server Error\r\n", "InternalError"},
		{{.status = 299}, "HTTP/1.1 500 Internal Server Error\r\n", "InternalError"},
	};
	char code[64];

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		snprintf(code, sizeof(code), "<Code>%s</Code><Message>", t[i].code);
		CU_ASSERT_EQUAL(strncmp(answer(t[i].e), t[i].line, strlen(t[i].line)), 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(out, code));
		CU_ASSERT_PTR_NULL(strstr(out, "x-amz-request-id"));
		CU_ASSERT_PTR_NULL(strstr(out, "Retry-After"));
		CU_ASSERT_PTR_NULL(strstr(out, "Connection"));
	}
}

static void length_is_the_body_s(void)
{
	const char *body, *length;

	answer((struct s3_error){.status = 400, .resource = SPAN_LIT("/<&>\"'\x01\x7f\xc3\xbc")});
	length = strstr(out, "Content-Length: ");
	body = strstr(out, "\r\n\r\n") + 4;
	CU_ASSERT_EQUAL(atoi(length + 16), (int)strlen(body));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(body, "<Resource>/&lt;&amp;&gt;&quot;&apos;%01%7F%C3%BC</Resource>"));
}

static void a_head_gets_no_body_but_its_length(void)
{
	size_t n, body;

	n = strlen(answer((struct s3_error){.status = 502}));
	body = n - (size_t)(strstr(out, "\r\n\r\n") + 4 - out);
	CU_ASSERT_EQUAL(
		strlen(answer((struct s3_error){.status = 502, .to_head = true})), n - body);
	CU_ASSERT_EQUAL((size_t)atoi(strstr(out, "Content-Length: ") + 16), body);
	CU_ASSERT_STRING_EQUAL(out + n - body - 4, "\r\n\r\n");
}

static void the_longest_fits_the_room(void)
{
	static char resource[3 * S3_RESOURCE_MAX], id[128], host[254], target[S3_LOCATION_MAX];
	struct s3_error e = {.resource = {resource, sizeof(resource)},
		.request_id = {id, sizeof(id)},
		.retry_after = 4000000000u,
		.close = true,
		.location = {host, sizeof(host)},
		.target = {target, sizeof(target) - sizeof(host)}};

	memset(resource, '"', sizeof(resource));
	memset(host, '"', sizeof(host));
	memset(target, '/', sizeof(target));
	memset(id, '&', sizeof(id));
	for (e.status = 300; e.status < 600; e.status++)
		CU_ASSERT_PTR_NOT_NULL(strstr(answer(e), "</Resource>"));
}

static void redirects(void)
{
	static const struct {
		unsigned status;
		const char *line, *code;
	} t[] = {
		{301, "HTTP/1.1 301 Moved Permanently\r\n", "<Code>PermanentRedirect</Code>"},
		{302, "HTTP/1.1 302 Found\r\n", "<Code>TemporaryRedirect</Code>"},
		{307, "HTTP/1.1 307 Temporary Redirect\r\n", "<Code>TemporaryRedirect</Code>"},
		{308, "HTTP/1.1 308 Permanent Redirect\r\n", "<Code>PermanentRedirect</Code>"},
	};
	struct s3_error e = {.location = SPAN_LIT("https://s3.example.com:9000"),
		.target = SPAN_LIT("/bkt/a%20b?versionId=1&x=<\xc3\xbc \r\nSet-Cookie: x"),
		.resource = SPAN_LIT("/bkt/a%20b")};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		e.status = t[i].status;
		CU_ASSERT_EQUAL(strncmp(answer(e), t[i].line, strlen(t[i].line)), 0);
		CU_ASSERT_PTR_NOT_NULL(strstr(out, t[i].code));
		CU_ASSERT_PTR_NOT_NULL(strstr(out,
			"\r\nLocation: https://s3.example.com:9000/bkt/a%20b?versionId=1&x=<%C3%BC"
			"%20%0D%0ASet-Cookie:%20x\r\n"));
		CU_ASSERT_PTR_NOT_NULL(
			strstr(out, "<Endpoint>s3.example.com:9000</Endpoint><Resource>/bkt/a"));
	}
	e.target = SPAN_LIT("*");
	CU_ASSERT_PTR_NOT_NULL(strstr(answer(e), "Location: https://s3.example.com:9000\r\n"));
	e.status = 403;
	CU_ASSERT_PTR_NULL(strstr(answer(e), "Location"));
	CU_ASSERT_PTR_NULL(strstr(out, "Endpoint"));
}

static void a_location_that_is_too_long(void)
{
	static char target[S3_LOCATION_MAX];
	struct s3_error e = {.status = 307, .location = SPAN_LIT("http://h"), .target = {target}};

	memset(target, '/', sizeof(target));
	e.target.n = S3_LOCATION_MAX - strlen("http://h");
	CU_ASSERT_EQUAL(strncmp(answer(e), "HTTP/1.1 307 ", 13), 0);
	e.target.n++;
	CU_ASSERT_EQUAL(strncmp(answer(e), "HTTP/1.1 414 ", 13), 0);
	CU_ASSERT_PTR_NULL(strstr(out, "Location"));
	memset(target + 1, '\xff', sizeof(target) - 1);
	e.target.n = S3_LOCATION_MAX / 3;
	CU_ASSERT_EQUAL(strncmp(answer(e), "HTTP/1.1 414 ", 13), 0);
}

static void short_room_is_an_error(void)
{
	struct s3_error e = {.status = 503, .resource = SPAN_LIT("/a&b")};
	int n = s3_error_build(&e, out, sizeof(out));
	char *room;

	for (int cap = 0; cap <= n; cap++) {
		room = malloc((size_t)cap + !cap); /* exactly: a sanitizer sees one byte more */
		CU_ASSERT_EQUAL(s3_error_build(&e, room, (size_t)cap), cap < n ? -ENOSPC : n);
		free(room);
	}
}

static const struct unit_case cases[] = {
	UNIT_CASE(shape_is_that_of_the_reference),
	UNIT_CASE(every_status_has_its_code),
	UNIT_CASE(length_is_the_body_s),
	UNIT_CASE(a_head_gets_no_body_but_its_length),
	UNIT_CASE(the_longest_fits_the_room),
	UNIT_CASE(redirects),
	UNIT_CASE(a_location_that_is_too_long),
	UNIT_CASE(short_room_is_an_error),
};
UNIT_MAIN(cases)
