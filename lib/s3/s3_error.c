/* SPDX-License-Identifier: BSD-3-Clause */
/* Errors in the shape of the S3 API reference, "Error responses": SDKs decide by Code whether to
 * try again. The body is written twice: into an empty sink for its length, then for good. */
#include "base/sink.h"
#include "s3/s3.h"

struct answer {
	unsigned status;
	const char *reason, *code, *message;
};

static const struct answer answers[] = {
#define X(status, reason, code, message) {status, reason, code, message},
#include "s3/s3_error.def"
#undef X
};

static void put_percent(struct sink *o, uint8_t c)
{
	static const char hex[] = "0123456789ABCDEF";

	sink_put(o, (struct span){(char[]){'%', hex[c >> 4], hex[c & 15]}, 3});
}

/* The row of a status; without one, what is said of its class, under its own number (RFC 9110 15:
 * a client treats it as x00). */
static struct answer answer_of(unsigned status, bool slow_down)
{
	unsigned of_class = status >= 400 && status < 500 ? 400 : 500;
	struct answer general = {0};

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		bool is_slow_down = strcmp(answers[i].code, "SlowDown") == 0;

		if (answers[i].status == status && is_slow_down == (slow_down && status == 503))
			return answers[i];
		if (answers[i].status == of_class && !is_slow_down)
			general = answers[i];
	}
	if (status >= 400 && status < 600) {
		general.status = status;
		general.reason = "";
	}
	return general;
}

/* Bytes that no URI has (RFC 3986 2) are percent-encoded: nothing ends the line but we. */
static void put_uri(struct sink *o, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c > 0x20 && c < 0x7f)
			sink_char(o, (char)c);
		else
			put_percent(o, c);
	}
}

static void put_location(struct sink *o, const struct s3_error *e)
{
	put_uri(o, e->location);
	if (e->target.n && e->target.p[0] == '/')
		put_uri(o, e->target);
}

/* A redirect that leads nowhere, or that nobody could read, is none. */
static unsigned status_of(const struct s3_error *e)
{
	struct sink location = {0};

	if (e->status < 300 || e->status >= 400)
		return e->status;
	put_location(&location, e);
	if (e->location.n == 0)
		return 500;
	return location.n > S3_LOCATION_MAX ? 414 : e->status;
}

/*
 * Text of an element. Bytes that XML 1.0 (2.2) or UTF-8 would not allow are shown percent-encoded,
 * as they are written in a URI.
 */
static void put_escaped(struct sink *o, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c == '&')
			sink_lit(o, "&amp;");
		else if (c == '<')
			sink_lit(o, "&lt;");
		else if (c == '>')
			sink_lit(o, "&gt;");
		else if (c == '"')
			sink_lit(o, "&quot;");
		else if (c == '\'')
			sink_lit(o, "&apos;");
		else if (c >= 0x20 && c < 0x7f)
			sink_char(o, (char)c);
		else
			put_percent(o, c);
	}
}

/* The host that a redirect leads to: what follows "//". */
static struct span endpoint_of(struct span location)
{
	const char *p = memmem(location.p, location.n, "//", 2);

	return p ? (struct span){p + 2, location.n - (size_t)(p + 2 - location.p)} : location;
}

static void put_body(struct sink *o, const struct s3_error *e, const struct answer *a)
{
	struct span resource = e->resource;

	if (resource.n > S3_RESOURCE_MAX)
		resource.n = S3_RESOURCE_MAX;
	sink_lit(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>");
	sink_put(o, span_str(a->code));
	sink_lit(o, "</Code><Message>");
	sink_put(o, span_str(a->message));
	sink_lit(o, "</Message>");
	if (a->status < 400) {
		sink_lit(o, "<Endpoint>");
		put_escaped(o, endpoint_of(e->location));
		sink_lit(o, "</Endpoint>");
	}
	sink_lit(o, "<Resource>");
	put_escaped(o, resource);
	sink_lit(o, "</Resource><RequestId>");
	put_escaped(o, e->request_id);
	sink_lit(o, "</RequestId></Error>");
}

int s3_error_build(const struct s3_error *e, char *out, size_t cap)
{
	struct answer a = answer_of(status_of(e), e->slow_down);
	struct sink o = {.p = out, .cap = cap}, body = {0};

	put_body(&body, e, &a);
	sink_lit(&o, "HTTP/1.1 ");
	sink_uint(&o, a.status);
	sink_char(&o, ' ');
	sink_put(&o, span_str(a.reason));
	sink_lit(&o, "\r\nContent-Type: application/xml\r\nContent-Length: ");
	sink_uint(&o, body.n);
	if (a.status < 400) {
		sink_lit(&o, "\r\nLocation: ");
		put_location(&o, e);
	}
	if (e->request_id.n) {
		sink_lit(&o, "\r\nx-amz-request-id: ");
		sink_put(&o, e->request_id);
	}
	if (e->retry_after) {
		sink_lit(&o, "\r\nRetry-After: ");
		sink_uint(&o, e->retry_after);
	}
	if (e->close)
		sink_lit(&o, "\r\nConnection: close");
	sink_lit(&o, "\r\n\r\n");
	if (!e->to_head)
		put_body(&o, e, &a);
	return sink_done(&o);
}
