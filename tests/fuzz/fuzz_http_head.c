/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a request and as a response: scanning does not depend on how they arrive, parsing is
 * repeatable and stays inside, and a head that passed still means the same once it was built.
 */
#include <stdlib.h>

#include "http/http.h"

#define LIMIT 4096

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int scan(struct http_scan *s, const char *p, size_t n, size_t step, bool request)
{
	int rc = 0;

	http_scan_init(s, LIMIT, request);
	for (size_t at = 0; at < n && rc == 0; at += step)
		rc = http_scan(s, p + at, step < n - at ? step : n - at);
	return rc;
}

static int parse(struct http_head *h, struct span b, bool request)
{
	return request ? http_req_parse(h, b.p, b.n) : http_rsp_parse(h, b.p, b.n);
}

static void inside(struct span part, struct span whole)
{
	must(!part.p || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

/* Any field as a Content-Range. */
static void check_range(struct span value)
{
	struct http_content_range r;

	must(!http_content_range(value, &r) || (r.first <= r.last && r.last < r.total));
}

static void check_spans(const struct http_head *h, struct span b)
{
	const struct span parts[] = {
		h->start, h->method_name, h->target, h->path, h->query, h->host, h->reason};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		inside(parts[i], b);
	must(h->n_fields <= HTTP_FIELDS_MAX);
	for (unsigned i = 0; i < h->n_fields; i++) {
		inside(h->field[i].name, b);
		inside(h->field[i].value, b);
		must(h->field[i].name.n > 0);
		check_range(h->field[i].value);
	}
}

/* The head that goes on is read as the one that came, hop-by-hop facts apart. */
static void check_built(const struct http_head *h, bool request)
{
	static const struct http_add add = {SPAN_LIT("X-Forwarded-For"), SPAN_LIT("::1")};
	static char out[2 * LIMIT];
	static struct http_head again;
	int n = http_head_build(h, &(struct http_edit){.add = &add, .n_add = 1}, out, sizeof(out));
	int rc;

	must(n > 0);
	rc = parse(&again, (struct span){out, (size_t)n}, request);
	must(rc == 0 || (rc == -HTTP_E_fields && h->n_fields == HTTP_FIELDS_MAX));
	if (rc)
		return;
	must(span_eq(again.start, h->start) && span_eq(again.host, h->host));
	must(span_eq(again.path, h->path) && span_eq(again.query, h->query));
	must(again.content_length == h->content_length && again.chunked == h->chunked);
	must(again.expect_continue == h->expect_continue && again.status == h->status);
}

static void check_head(struct span b, bool request)
{
	static struct http_head h, twice;
	int rc = parse(&h, b, request);

	must(rc <= 0 && rc > -HTTP_CODES);
	must(parse(&twice, b, request) == rc);
	if (rc)
		return;
	must(memcmp(&h, &twice, offsetof(struct http_head, field)) == 0);
	check_spans(&h, b);
	check_built(&h, request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct http_scan whole, split;
	int rc;

	for (int request = 0; request < 2; request++) {
		check_head((struct span){p, size < LIMIT ? size : LIMIT}, request);
		rc = scan(&whole, p, size, size ? size : 1, request);
		must(scan(&split, p, size, 1, request) == rc && split.lead == whole.lead);
		must(scan(&split, p, size, 1 + size / 3, request) == rc &&
			split.seen == whole.seen);
		must(rc > -HTTP_CODES && (rc <= 0 || (size_t)rc <= size));
		if (rc > 0)
			check_head((struct span){p + whole.lead, (size_t)rc - whole.lead}, request);
	}
	return 0;
}
