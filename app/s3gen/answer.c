/* SPDX-License-Identifier: BSD-3-Clause */
#include "answer.h"

#define XML      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define MODIFIED "Last-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\nAccept-Ranges: bytes\r\n"
#define RESOURCE 512 /* bytes of the resource that are shown */

static const struct {
	uint16_t status;
	struct span line; /* status and reason */
	struct span code, message;
} answers[] = {
#define X(name, status, reason, code, message)                                                     \
	{status, SPAN_LIT("HTTP/1.1 " #status " " reason "\r\n"), SPAN_LIT(code),                  \
		SPAN_LIT(message)},
#include "answer.def"
#undef X
};

unsigned answer_status(enum answer_code code)
{
	return answers[code].status;
}

bool answer_is_error(enum answer_code code)
{
	return answers[code].code.n > 0;
}

static void put_hex(struct sink *o, uint64_t v)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		sink_char(o, "0123456789ABCDEF"[v >> shift & 15]);
}

static void put_range(const struct answer *a, struct sink *o)
{
	if (a->code == ANSWER_PARTIAL) {
		sink_lit(o, "Content-Range: bytes ");
		sink_uint(o, a->first);
		sink_char(o, '-');
		sink_uint(o, a->first + a->length - 1);
		sink_char(o, '/');
	} else if (a->code == ANSWER_BAD_RANGE) {
		sink_lit(o, "Content-Range: bytes */");
	} else {
		return;
	}
	sink_uint(o, a->size);
	sink_lit(o, "\r\n");
}

static void put_field(struct sink *o, struct span name, const char *value)
{
	if (!value)
		return;
	sink_put(o, name);
	sink_put(o, span_str(value));
	sink_lit(o, "\r\n");
}

void answer_head(const struct answer *a, struct sink *o)
{
	unsigned status = answers[a->code].status;

	sink_put(o, answers[a->code].line);
	if (status != 204 && status != 304) { /* RFC 9110 8.6 */
		sink_lit(o, "Content-Length: ");
		sink_uint(o, a->length);
		sink_lit(o, "\r\n");
	}
	put_range(a, o);
	put_field(o, SPAN_LIT("ETag: "), a->etag);
	put_field(o, SPAN_LIT("Content-Type: "), a->type);
	if (a->object)
		sink_lit(o, MODIFIED);
	if (status == 503)
		sink_lit(o, "Retry-After: 1\r\n");
	if (a->close)
		sink_lit(o, "Connection: close\r\n");
	sink_lit(o, "x-amz-request-id: ");
	put_hex(o, a->request);
	sink_lit(o, "\r\n\r\n");
}

void answer_escape(struct span s, struct sink *o)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		if (c == '&')
			sink_lit(o, "&amp;");
		else if (c == '<')
			sink_lit(o, "&lt;");
		else if (c == '>')
			sink_lit(o, "&gt;");
		else if (c >= 0x20 && c != 0x7f)
			sink_char(o, (char)c);
		else /* XML 1.0 2.2 has no such characters: as in a URI */
			sink_put(o, (struct span){(char[]){'%', "0123456789ABCDEF"[c >> 4],
							  "0123456789ABCDEF"[c & 15]},
					    3});
	}
}

static void put_xml(const struct answer *a, struct span resource, struct sink *o)
{
	if (resource.n > RESOURCE)
		resource.n = RESOURCE;
	sink_lit(o, XML "<Error><Code>");
	sink_put(o, answers[a->code].code);
	sink_lit(o, "</Code><Message>");
	sink_put(o, answers[a->code].message);
	sink_lit(o, "</Message><Resource>");
	answer_escape(resource, o);
	sink_lit(o, "</Resource><RequestId>");
	put_hex(o, a->request);
	sink_lit(o, "</RequestId></Error>");
}

void answer_error(const struct answer *a, struct span resource, bool to_head, struct sink *o)
{
	struct sink length = {0};
	struct answer full = *a;

	put_xml(a, resource, &length);
	full.length = length.n;
	full.type = "application/xml";
	answer_head(&full, o);
	if (!to_head && answers[a->code].status != 304)
		put_xml(a, resource, o);
}
