/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One pass over a complete head. It is known to end with CRLF CRLF before anything else is looked
 * at, and no class of bytes contains CR: so every loop over a class stops inside the head.
 */
#include "http/http_priv.h"

#define TRY(call)                                                                                  \
	do {                                                                                       \
		int try_code = (call);                                                             \
		if (try_code)                                                                      \
			return try_code;                                                           \
	} while (0)

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const char *skip(const char *p, uint8_t class)
{
	while (http__is(*p, class))
		p++;
	return p;
}

static struct span between(const char *from, const char *to)
{
	return (struct span){from, (size_t)(to - from)};
}

/* Why the byte at p does not belong there: a broken line end, a control, or else `code`. */
static int fault(const char *p, int code)
{
	if (*p == '\n')
		return -HTTP_E_bare_lf;
	if (*p == '\r')
		return p[1] == '\n' ? -code : -HTTP_E_bare_cr;
	return http__is(*p, HTTP__TEXT) ? -code : -HTTP_E_ctl;
}

/* ---- start lines ---- */

static enum http_method method_of(struct span name)
{
	static const struct {
		struct span name;
		enum http_method method;
	} known[] = {
		{{"GET", 3}, HTTP_GET},
		{{"PUT", 3}, HTTP_PUT},
		{{"HEAD", 4}, HTTP_HEAD},
		{{"POST", 4}, HTTP_POST},
		{{"DELETE", 6}, HTTP_DELETE},
		{{"OPTIONS", 7}, HTTP_OPTIONS},
		{{"CONNECT", 7}, HTTP_CONNECT},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (span_eq(known[i].name, name))
			return known[i].method;
	return HTTP_OTHER;
}

/* "HTTP/1.0" or "HTTP/1.1", case-sensitive (RFC 9112 2.3). */
static int parse_version(struct http_head *h, struct span v)
{
	if (v.n != 8 || memcmp(v.p, "HTTP/", 5) != 0 || v.p[6] != '.' || !is_digit(v.p[5]) ||
		!is_digit(v.p[7]))
		return -HTTP_E_version;
	h->minor = (uint8_t)(v.p[7] - '0');
	return v.p[5] == '1' && h->minor <= 1 ? 0 : -HTTP_E_version_unknown;
}

/* method SP request-target SP HTTP-version CRLF (RFC 9112 3). *at moves behind it. */
static int parse_req_line(struct http_head *h, const char **at)
{
	const char *p = *at, *q = skip(p, HTTP__TCHAR);

	if (*q != ' ' || q == p)
		return fault(q, *q == '\r' ? HTTP_E_req_line : HTTP_E_method);
	h->method_name = between(p, q);
	h->method = method_of(h->method_name);
	p = q + 1;
	q = skip(p, HTTP__TARGET);
	if (*q != ' ' || q == p)
		return fault(q, *q == '\r' ? HTTP_E_req_line : HTTP_E_target);
	h->target = between(p, q);
	p = q + 1;
	q = skip(p, HTTP__TARGET);
	if (*q != '\r' || q[1] != '\n')
		return fault(q, HTTP_E_req_line);
	TRY(parse_version(h, between(p, q)));
	h->start = between(*at, q);
	*at = q + 2;
	return 0;
}

/*
 * HTTP-version SP status-code SP [reason-phrase] CRLF.
 * RFC SAYS (9112 4): the space before an absent reason is sent. WE DO: take the line without it
 * too; servers omit it, and no parser frames the message differently for that.
 */
static int parse_status_line(struct http_head *h, const char **at)
{
	const char *p = *at, *code, *q = skip(p, HTTP__TEXT);
	struct span line = between(p, q);

	if (*q != '\r' || q[1] != '\n')
		return fault(q, HTTP_E_status_line);
	if (line.n < 12 || p[8] != ' ' || (line.n > 12 && p[12] != ' '))
		return -HTTP_E_status_line;
	TRY(parse_version(h, (struct span){p, 8}));
	code = p + 9;
	if (code[0] < '1' || code[0] > '5' || !is_digit(code[1]) || !is_digit(code[2]))
		return -HTTP_E_status_line;
	h->status = (uint16_t)((code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0'));
	h->reason = line.n > 13 ? between(p + 13, q) : (struct span){q, 0};
	h->start = line;
	*at = q + 2;
	/* We never pass Upgrade on, so nobody may switch (RFC 9110 15.2.2). */
	return h->status == 101 ? -HTTP_E_switching : 0;
}

/* ---- what single fields say ---- */

/* uri-host [":" port] (RFC 9110 7.2). An empty host is refused as RFC 9110 4.2.1 wants. */
static bool host_valid(struct span v)
{
	size_t i = 0;

	if (v.n && v.p[0] == '[') {
		i = 1;
		while (i < v.n && (http__is(v.p[i], HTTP__HEX) || v.p[i] == ':' || v.p[i] == '.'))
			i++;
		if (i < 3 || i == v.n || v.p[i++] != ']')
			return false;
	} else {
		while (i < v.n && http__is(v.p[i], HTTP__HOST))
			i++;
	}
	if (i == 0 || i == v.n)
		return i > 0;
	if (v.p[i++] != ':' || v.n - i > 5)
		return false;
	while (i < v.n && is_digit(v.p[i]))
		i++;
	return i == v.n;
}

static int on_host(struct http_head *h, struct span v)
{
	if (h->host.p)
		return -HTTP_E_host_many;
	h->host = v;
	return h->status || host_valid(v) ? 0 : -HTTP_E_host;
}

/* 1*DIGIT, once. Of the two choices with equal repeats (RFC 9110 8.6), refusing is ours. */
static int on_content_length(struct http_head *h, struct span v)
{
	const uint64_t max = 1ull << 62;
	uint64_t n = 0;

	if (h->content_length >= 0)
		return -HTTP_E_length_many;
	if (v.n == 0)
		return -HTTP_E_length;
	for (size_t i = 0; i < v.n; i++) {
		if (!is_digit(v.p[i]))
			return v.p[i] == ',' ? -HTTP_E_length_many : -HTTP_E_length;
		if (n > max / 10)
			return -HTTP_E_length;
		n = n * 10 + (uint64_t)(v.p[i] - '0');
	}
	h->content_length = (int64_t)n;
	return n > max ? -HTTP_E_length : 0;
}

/* Only "chunked" is read here; what else it may be decides the status (RFC 9112 6.1). */
static int on_transfer_encoding(struct http_head *h, struct span v)
{
	struct span rest = v, item;
	bool ended = false;

	if (h->chunked)
		return -HTTP_E_coding_many;
	if (span_ieq(v, SPAN_LIT("chunked"))) {
		h->chunked = true;
		return 0;
	}
	while (span_next(&rest, ',', &item)) {
		if (ended || item.n == 0 || !http__is(item.p[0], HTTP__TCHAR))
			return -HTTP_E_coding;
		ended = item.n >= 7 && span_ieq((struct span){item.p, 7}, SPAN_LIT("chunked")) &&
			(item.n == 7 || !http__is(item.p[7], HTTP__TCHAR));
		if (ended && item.n > 7)
			return -HTTP_E_coding; /* chunked has no parameters (RFC 9112 7.1) */
	}
	return -HTTP_E_coding_unknown;
}

static int on_connection(struct http_head *h, struct span v)
{
	struct span item;

	while (span_next(&v, ',', &item)) {
		if (++h->n_options > HTTP_OPTIONS_MAX)
			return -HTTP_E_options;
		if (span_ieq(item, SPAN_LIT("close")))
			h->close = true;
		else if (span_ieq(item, SPAN_LIT("keep-alive")))
			h->keep_alive = true;
	}
	return 0;
}

static int on_expect(struct http_head *h, struct span v)
{
	if (h->status)
		return 0;
	if (!span_ieq(v, SPAN_LIT("100-continue")))
		return -HTTP_E_expect;
	h->expect_continue = h->minor > 0; /* ignored in HTTP/1.0 (RFC 9110 10.1.1) */
	return 0;
}

static int on_upgrade(struct http_head *h, struct span v)
{
	h->upgrade = true;
	return 0;
}

/* In the order of enum http_name, which is the order of length. */
static const struct {
	struct span name;
	int (*digest)(struct http_head *h, struct span value);
} names[] = {
	[HTTP_NAME_TE] = {{"te", 2}, NULL},
	[HTTP_NAME_ETAG] = {{"etag", 4}, NULL},
	[HTTP_NAME_HOST] = {{"host", 4}, on_host},
	[HTTP_NAME_RANGE] = {{"range", 5}, NULL},
	[HTTP_NAME_EXPECT] = {{"expect", 6}, on_expect},
	[HTTP_NAME_TRAILER] = {{"trailer", 7}, NULL},
	[HTTP_NAME_UPGRADE] = {{"upgrade", 7}, on_upgrade},
	[HTTP_NAME_IF_MATCH] = {{"if-match", 8}, NULL},
	[HTTP_NAME_CONNECTION] = {{"connection", 10}, on_connection},
	[HTTP_NAME_KEEP_ALIVE] = {{"keep-alive", 10}, NULL},
	[HTTP_NAME_RETRY_AFTER] = {{"retry-after", 11}, NULL},
	[HTTP_NAME_AUTHORIZATION] = {{"authorization", 13}, NULL},
	[HTTP_NAME_CONTENT_RANGE] = {{"content-range", 13}, NULL},
	[HTTP_NAME_IF_NONE_MATCH] = {{"if-none-match", 13}, NULL},
	[HTTP_NAME_LAST_MODIFIED] = {{"last-modified", 13}, NULL},
	[HTTP_NAME_CONTENT_LENGTH] = {{"content-length", 14}, on_content_length},
	[HTTP_NAME_PROXY_CONNECTION] = {{"proxy-connection", 16}, NULL},
	[HTTP_NAME_TRANSFER_ENCODING] = {{"transfer-encoding", 17}, on_transfer_encoding},
	[HTTP_NAME_COPY_SOURCE] = {{"x-amz-copy-source", 17}, NULL},
	[HTTP_NAME_CONTENT_SHA256] = {{"x-amz-content-sha256", 20}, NULL},
	[HTTP_NAME_WRITE_OFFSET] = {{"x-amz-write-offset-bytes", 24}, NULL},
	[HTTP_NAME_DECODED_LENGTH] = {{"x-amz-decoded-content-length", 28}, NULL},
};

#define N_NAMES (sizeof(names) / sizeof(names[0]))

static enum http_name name_of(struct span name)
{
	/* by length: the first candidate */
	static const uint8_t first[] = {[2] = HTTP_NAME_TE,
		[4] = HTTP_NAME_ETAG,
		[5] = HTTP_NAME_RANGE,
		[6] = HTTP_NAME_EXPECT,
		[7] = HTTP_NAME_TRAILER,
		[8] = HTTP_NAME_IF_MATCH,
		[10] = HTTP_NAME_CONNECTION,
		[11] = HTTP_NAME_RETRY_AFTER,
		[13] = HTTP_NAME_AUTHORIZATION,
		[14] = HTTP_NAME_CONTENT_LENGTH,
		[16] = HTTP_NAME_PROXY_CONNECTION,
		[17] = HTTP_NAME_TRANSFER_ENCODING,
		[20] = HTTP_NAME_CONTENT_SHA256,
		[24] = HTTP_NAME_WRITE_OFFSET,
		[28] = HTTP_NAME_DECODED_LENGTH};

	if (name.n >= sizeof(first) || !first[name.n])
		return HTTP_NAME_OTHER;
	for (unsigned i = first[name.n]; i < N_NAMES && names[i].name.n == name.n; i++)
		if (span_ieq(names[i].name, name))
			return i;
	return HTTP_NAME_OTHER;
}

/* ---- the field section ---- */

/* Why there is no colon right behind the name that ends at q (RFC 9112 5.1). */
static int no_colon(const char *q)
{
	const char *past = q;

	if (*q == '\r' || *q == '\n')
		return fault(q, HTTP_E_field_colon);
	while (*past == ' ' || *past == '\t')
		past++;
	if (past > q && *past == ':')
		return -HTTP_E_field_space;
	return fault(q, HTTP_E_field_name);
}

/* field-name ":" OWS field-value OWS CRLF. *at moves behind it. */
static int parse_field(struct http_head *h, const char **at)
{
	const char *p = *at, *end = h->raw.p + h->raw.n, *q = skip(p, HTTP__TCHAR);
	struct http_field *f;

	if (*p == ' ' || *p == '\t')
		return -HTTP_E_obs_fold; /* RFC 9112 5.2, and 2.2 for the first line */
	if (*p == ':')
		return -HTTP_E_field_empty;
	if (*q != ':')
		return no_colon(q);
	if (h->n_fields == HTTP_FIELDS_MAX)
		return -HTTP_E_fields;
	f = &h->field[h->n_fields++];
	f->name = between(p, q);
	for (p = q + 1, q = p; *(q = http__skip_text(q, end)) == '\t';)
		q++;
	if (*q != '\r' || q[1] != '\n')
		return fault(q, HTTP_E_ctl);
	f->value = span_trim(between(p, q));
	f->id = name_of(f->name);
	*at = q + 2;
	return names[f->id].digest ? names[f->id].digest(h, f->value) : 0;
}

static int parse_fields(struct http_head *h, const char *p)
{
	while (*p != '\r' || p[1] != '\n')
		TRY(parse_field(h, &p));
	if (p + 2 != h->raw.p + h->raw.n)
		return -HTTP_E_head_end;
	if (h->chunked && h->content_length >= 0)
		return -HTTP_E_length_coding; /* RFC 9112 6.1: the sign of smuggling */
	if (h->chunked && h->minor == 0)
		return -HTTP_E_coding_http10; /* RFC 9112 6.1: faulty framing */
	return 0;
}

/* ---- the target, once Host is known ---- */

static void split_query(struct http_head *h, struct span path)
{
	const char *mark = path.n ? memchr(path.p, '?', path.n) : NULL;

	h->path = mark ? between(path.p, mark) : path;
	if (mark)
		h->query = between(mark + 1, path.p + path.n);
}

/* absolute-form (RFC 9112 3.2.2). A proxy must believe the target and not Host; a node behind us
 * might believe Host: so they have to agree. */
static int parse_absolute(struct http_head *h)
{
	struct span t = h->target;
	size_t scheme = 7, n;

	if (t.n < 8 || strncasecmp(t.p, "http://", 7) != 0) {
		scheme = 8;
		if (t.n < 9 || strncasecmp(t.p, "https://", 8) != 0)
			return -HTTP_E_target;
	}
	t.p += scheme;
	t.n -= scheme;
	for (n = 0; n < t.n && t.p[n] != '/' && t.p[n] != '?'; n++)
		;
	if (!h->host.p || !span_ieq((struct span){t.p, n}, h->host))
		return -HTTP_E_target_host;
	split_query(h, (struct span){t.p + n, t.n - n});
	return 0;
}

static int check_request(struct http_head *h)
{
	if (h->minor >= 1 && !h->host.p)
		return -HTTP_E_host_none; /* RFC 9112 3.2 */
	if (h->method == HTTP_CONNECT)
		return -HTTP_E_connect;
	if (h->target.p[0] == '/') {
		split_query(h, h->target);
		return 0;
	}
	if (h->method == HTTP_OPTIONS && span_eq(h->target, SPAN_LIT("*"))) {
		h->path = h->target;
		return 0;
	}
	return parse_absolute(h);
}

/* ---- the outside ---- */

/* All but the field array, 5 KB that n_fields guards. */
static int begin(struct http_head *h, const char *p, size_t n)
{
	memset(h, 0, offsetof(struct http_head, field));
	h->raw = (struct span){p, n};
	h->content_length = -1;
	return n >= 4 && memcmp(p + n - 4, "\r\n\r\n", 4) == 0 ? 0 : -HTTP_E_head_end;
}

int http_req_parse(struct http_head *h, const char *p, size_t n)
{
	TRY(begin(h, p, n));
	TRY(parse_req_line(h, &p));
	TRY(parse_fields(h, p));
	return check_request(h);
}

int http_rsp_parse(struct http_head *h, const char *p, size_t n)
{
	TRY(begin(h, p, n));
	TRY(parse_status_line(h, &p));
	return parse_fields(h, p);
}

struct span http_head_value(const struct http_head *h, struct span name)
{
	for (unsigned i = 0; i < h->n_fields; i++)
		if (span_ieq(h->field[i].name, name))
			return h->field[i].value;
	return (struct span){NULL, 0};
}

bool http_head_persists(const struct http_head *h)
{
	if (h->close)
		return false;
	/* A proxy keeps no connection with an HTTP/1.0 client, but may with an HTTP/1.0 server. */
	return h->minor >= 1 || (h->status && h->keep_alive);
}
