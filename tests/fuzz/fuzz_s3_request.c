/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a request to an origin: what it is taken to ask for stays inside its limits, and is
 * the same each time.
 */
#include <stdlib.h>

#include "request.h"

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const struct request *r)
{
	must(r->op < REQUEST_OPS);
	must((size_t)r->name.bucket + r->name.key <= REQUEST_NAME_MAX);
	must(r->prefix.n <= REQUEST_NAME_MAX && r->after.n <= REQUEST_NAME_MAX);
	must(r->max_keys <= REQUEST_LIST_MAX);
	must(r->part <= REQUEST_PART_MAX && r->part_size <= REQUEST_SIZE_MAX);
	must(r->content == UINT64_MAX || r->content <= 1ull << 62);
	must(r->range != RANGE_FROM_TO || r->first <= r->last);
	must(r->op != REQUEST_PART || r->part > 0);
	must((r->op == REQUEST_BUCKETS) == (r->name.bucket == 0 && r->name.key == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct http_head h;
	static struct request r, again;
	struct http_scan s;
	enum answer_code code;
	uint64_t size;
	int end;

	http_scan_init(&s, 8192, true);
	end = http_scan(&s, data, n);
	if (end <= 0 || http_req_parse(&h, (const char *)data + s.lead, (size_t)end - s.lead) < 0)
		return 0;
	code = request_parse(&r, &h);
	must(code < ANSWER_CODES && code == request_parse(&again, &h));
	if (code != ANSWER_OK)
		return 0;
	check(&r);
	must(r.op == again.op &&
		memcmp(r.name.text, again.name.text, (size_t)r.name.bucket + r.name.key) == 0);
	must(!request_size(request_key(&r.name), &size) || size <= REQUEST_SIZE_MAX);
	(void)request_etag_in(r.match, "\"0123456789abcdef\"");
	(void)request_etag_in(r.none_match, "\"0123456789abcdef\"");
	return 0;
}
