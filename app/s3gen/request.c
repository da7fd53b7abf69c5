/* SPDX-License-Identifier: BSD-3-Clause */
#include "origin.h"
#include "request.h"

/* What a query's names ask for; see operation(). */
struct asked {
	bool uploads, upload_id, part, list;
	bool other; /* a subresource that is not served */
	struct span prefix, after;
};

/* ---- values ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* All of s as a decimal number of at most REQUEST_SIZE_MAX. */
static bool decimal(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		v = v * 10 + (uint64_t)(s.p[i] - '0');
		if (v > REQUEST_SIZE_MAX)
			return false;
	}
	*out = v;
	return s.n > 0;
}

static bool hexadecimal(struct span s, uint64_t *out)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (hex_digit(s.p[i]) < 0)
			return false;
		v = v << 4 | (uint64_t)hex_digit(s.p[i]);
	}
	*out = v;
	return s.n > 0 && s.n <= 16;
}

/* RFC 3986 2.1. Bytes written, or -1: not well-formed, or longer than cap. */
static int decode(struct span s, char *out, size_t cap)
{
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		int c = (uint8_t)s.p[i];

		if (c == '%') {
			if (s.n - i < 3 || hex_digit(s.p[i + 1]) < 0 || hex_digit(s.p[i + 2]) < 0)
				return -1;
			c = hex_digit(s.p[i + 1]) << 4 | hex_digit(s.p[i + 2]);
			i += 2;
		}
		if (n == cap)
			return -1;
		out[n++] = (char)c;
	}
	return (int)n;
}

bool request_size(struct span key, uint64_t *size)
{
	size_t at = key.n;

	while (at > 0 && key.p[at - 1] >= '0' && key.p[at - 1] <= '9')
		at--;
	return at > 0 && key.p[at - 1] == '-' &&
	       decimal((struct span){key.p + at, key.n - at}, size);
}

bool request_etag_in(struct span list, const char *etag)
{
	struct span want = {etag + 1, strlen(etag) - 2}, item;

	while (span_next(&list, ',', &item)) {
		if (item.n == 1 && item.p[0] == '*')
			return true;
		if (item.n > 2 && memcmp(item.p, "W/", 2) == 0)
			item = (struct span){item.p + 2, item.n - 2};
		if (item.n >= 2 && item.p[0] == '"' && item.p[item.n - 1] == '"')
			item = (struct span){item.p + 1, item.n - 2};
		if (span_eq(item, want))
			return true;
	}
	return false;
}

/* ---- the name ---- */

/* "BUCKET.s3.example.com", "BUCKET.s3-region...": the bucket, or nothing. */
static struct span host_bucket(struct span host)
{
	const char *hit = host.n ? memmem(host.p, host.n, ".s3", 3) : NULL;
	size_t n = hit ? (size_t)(hit - host.p) : 0;

	if (n == 0 || host.n <= n + 3 || (hit[3] != '.' && hit[3] != '-'))
		return (struct span){NULL, 0};
	return (struct span){host.p, n};
}

static bool put_name(struct request_name *name, struct span bucket, struct span key)
{
	int b = decode(bucket, name->text, sizeof(name->text)), k;

	if (b < 0)
		return false;
	name->bucket = (uint16_t)b;
	k = decode(key, name->text + b, sizeof(name->text) - (size_t)b);
	name->key = (uint16_t)RTE_MAX(k, 0);
	return k >= 0;
}

static enum answer_code name_parse(struct request *r, const struct http_head *h)
{
	struct span bucket = host_bucket(h->host), rest = h->path;
	const char *slash;

	if (rest.n == 0 || rest.p[0] != '/')
		return ANSWER_BAD_URI;
	rest = (struct span){rest.p + 1, rest.n - 1};
	if (!bucket.p) {
		slash = rest.n ? memchr(rest.p, '/', rest.n) : NULL;
		bucket = (struct span){rest.p, slash ? (size_t)(slash - rest.p) : rest.n};
		rest = slash ? (struct span){slash + 1, rest.n - bucket.n - 1}
			     : (struct span){NULL, 0};
	}
	if (put_name(&r->name, bucket, rest))
		return ANSWER_OK;
	return bucket.n + rest.n > sizeof(r->name.text) ? ANSWER_KEY_LONG : ANSWER_BAD_URI;
}

/* ---- the query ---- */

static bool is_subresource(struct span name)
{
	static const char *const names[] = {"accelerate", "acl", "analytics", "attributes", "cors",
		"delete", "encryption", "intelligent-tiering", "inventory", "legal-hold",
		"lifecycle", "location", "logging", "metrics", "notification", "object-lock",
		"ownershipControls", "policy", "policyStatus", "publicAccessBlock", "replication",
		"requestPayment", "restore", "retention", "select", "tagging", "torrent",
		"versioning", "versions", "website"};

	for (size_t i = 0; i < RTE_DIM(names); i++)
		if (span_eq(name, span_str(names[i])))
			return true;
	return false;
}

static enum answer_code query_item(
	struct request *r, struct asked *q, struct span name, struct span value)
{
	uint64_t v = 0;

	if (span_eq(name, SPAN_LIT("uploads"))) {
		q->uploads = true;
	} else if (span_eq(name, SPAN_LIT("uploadId"))) {
		q->upload_id = true;
		if (!hexadecimal(value, &r->upload))
			r->upload = UINT64_MAX; /* none has it */
	} else if (span_eq(name, SPAN_LIT("partNumber"))) {
		q->part = true;
		if (!decimal(value, &v) || v < 1 || v > REQUEST_PART_MAX)
			return ANSWER_BAD_ARGUMENT;
		r->part = (uint32_t)v;
	} else if (span_eq(name, SPAN_LIT("list-type"))) {
		q->list = span_eq(value, SPAN_LIT("2"));
	} else if (span_eq(name, SPAN_LIT("max-keys"))) {
		if (!decimal(value, &v))
			return ANSWER_BAD_ARGUMENT;
		r->max_keys = (uint32_t)RTE_MIN(v, (uint64_t)REQUEST_LIST_MAX);
	} else if (span_eq(name, SPAN_LIT("prefix"))) {
		q->prefix = value;
	} else if (span_eq(name, SPAN_LIT("continuation-token")) ||
		   (span_eq(name, SPAN_LIT("start-after")) && !q->after.p)) {
		q->after = value;
	} else if (span_eq(name, SPAN_LIT("delimiter"))) {
		char one;

		if (value.n > 0 && decode(value, &one, 1) != 1)
			return ANSWER_NOT_IMPLEMENTED;
		r->delimiter = value.n ? one : 0;
	} else if (is_subresource(name)) {
		q->other = true;
	}
	return ANSWER_OK;
}

static enum answer_code query_parse(struct request *r, struct asked *q, struct span query)
{
	enum answer_code code = ANSWER_OK;
	struct span item;
	int n, m;

	while (code == ANSWER_OK && span_next(&query, '&', &item)) {
		struct span name = {NULL, 0}, rest = item;

		if (span_next(&rest, '=', &name))
			code = query_item(r, q, name, rest);
	}
	if (code != ANSWER_OK)
		return code;
	n = decode(q->prefix, r->decoded, REQUEST_NAME_MAX);
	m = decode(q->after, r->decoded + REQUEST_NAME_MAX, REQUEST_NAME_MAX);
	if (n < 0 || m < 0)
		return ANSWER_BAD_ARGUMENT;
	r->prefix = (struct span){r->decoded, (size_t)n};
	r->after = (struct span){r->decoded + REQUEST_NAME_MAX, (size_t)m};
	return ANSWER_OK;
}

/* ---- the fields ---- */

/* RFC 9110 14.1.2. What is not one range of bytes is ignored, as S3 does. */
static void range_parse(struct request *r, struct span value)
{
	struct span first = {NULL, 0}, last;
	uint64_t from = 0, to = 0;

	if (value.n < 6 || strncasecmp(value.p, "bytes=", 6) != 0)
		return;
	last = (struct span){value.p + 6, value.n - 6};
	if (!span_next(&last, '-', &first) || !last.p)
		return;
	last = span_trim(last);
	if (first.n == 0 && decimal(last, &to))
		r->range = RANGE_SUFFIX;
	else if (last.n == 0 && decimal(first, &from))
		r->range = RANGE_FROM;
	else if (decimal(first, &from) && decimal(last, &to) && from <= to)
		r->range = RANGE_FROM_TO;
	else
		return; /* as is an earlier field: one that is understood holds */
	r->first = from;
	r->last = to;
}

static enum answer_code field_parse(struct request *r, const struct http_field *f)
{
	bool good = true;

	if (f->id == HTTP_NAME_RANGE)
		range_parse(r, f->value);
	else if (f->id == HTTP_NAME_COPY_SOURCE)
		return ANSWER_NOT_IMPLEMENTED;
	else if (f->id == HTTP_NAME_CONTENT_SHA256)
		r->aws_chunked = f->value.n > 10 && memcmp(f->value.p, "STREAMING-", 10) == 0;
	else if (f->id == HTTP_NAME_DECODED_LENGTH)
		good = decimal(f->value, &r->content);
	else if (span_ieq(f->name, SPAN_LIT(ORIGIN_PART_HEADER)))
		good = decimal(f->value, &r->part_size);
	else if (span_ieq(f->name, SPAN_LIT("if-match")))
		r->match = f->value;
	else if (span_ieq(f->name, SPAN_LIT("if-none-match")))
		r->none_match = f->value;
	return good ? ANSWER_OK : ANSWER_BAD_ARGUMENT;
}

static enum answer_code fields_parse(struct request *r, const struct http_head *h)
{
	enum answer_code code = ANSWER_OK;

	for (unsigned i = 0; i < h->n_fields && code == ANSWER_OK; i++)
		code = field_parse(r, &h->field[i]);
	if (!r->aws_chunked)
		r->content = h->content_length >= 0 ? (uint64_t)h->content_length : UINT64_MAX;
	return code;
}

/* ---- the operation ---- */

static enum answer_code on_bucket(struct request *r, const struct http_head *h)
{
	if (r->name.bucket == 0)
		r->op = REQUEST_BUCKETS;
	else
		r->op = h->method == HTTP_GET ? REQUEST_LIST : REQUEST_BUCKET;
	if (h->method == HTTP_GET || (r->op == REQUEST_BUCKET && h->method != HTTP_POST))
		return ANSWER_OK;
	return ANSWER_BAD_METHOD;
}

static enum answer_code on_upload(struct request *r, const struct asked *q, uint8_t method)
{
	if (q->uploads && method == HTTP_POST)
		r->op = REQUEST_CREATE;
	else if (q->upload_id && q->part && method == HTTP_PUT)
		r->op = REQUEST_PART;
	else if (q->upload_id && method == HTTP_POST)
		r->op = REQUEST_COMPLETE;
	else if (q->upload_id && method == HTTP_DELETE)
		r->op = REQUEST_ABORT;
	else
		return ANSWER_NOT_IMPLEMENTED; /* ListParts, ListMultipartUploads, GET of a part */
	return ANSWER_OK;
}

static enum answer_code operation(
	struct request *r, const struct asked *q, const struct http_head *h)
{
	static const uint8_t plain[] = {[HTTP_GET] = REQUEST_GET,
		[HTTP_HEAD] = REQUEST_HEAD,
		[HTTP_PUT] = REQUEST_PUT,
		[HTTP_DELETE] = REQUEST_DELETE};

	if (q->other)
		return ANSWER_NOT_IMPLEMENTED;
	if (r->name.key == 0)
		return on_bucket(r, h);
	if (q->uploads || q->upload_id || q->part)
		return on_upload(r, q, h->method);
	if (h->method != HTTP_GET && h->method != HTTP_HEAD && h->method != HTTP_PUT &&
		h->method != HTTP_DELETE)
		return ANSWER_BAD_METHOD;
	r->op = plain[h->method];
	return ANSWER_OK;
}

enum answer_code request_parse(struct request *r, const struct http_head *h)
{
	const size_t cleared = offsetof(struct request, name);
	struct asked q = {0};
	enum answer_code code;

	memset(r, 0, cleared);
	r->name.bucket = r->name.key = 0;
	r->max_keys = REQUEST_LIST_MAX;
	r->content = UINT64_MAX;
	code = name_parse(r, h);
	if (code == ANSWER_OK)
		code = query_parse(r, &q, h->query);
	if (code == ANSWER_OK)
		code = fields_parse(r, h);
	if (code == ANSWER_OK)
		code = operation(r, &q, h);
	return code;
}
