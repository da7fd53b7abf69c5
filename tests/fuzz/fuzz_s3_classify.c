/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as what tells of a request, a line each: method, target, Host, Authorization, Range,
 * x-amz-content-sha256, x-amz-decoded-content-length, x-amz-copy-source. What is told lies inside,
 * is the same each time, and the same in both styles. The same bytes as a body: once it is an error
 * or none, more of it change nothing.
 */
#include <stdlib.h>

#include "s3/s3_request.h"

#define DOMAIN   "s3.example.com"
#define HOST_MAX 300

static const char *const domains[] = {DOMAIN, "example.com"};

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* A line that is not there is a field that is not there. */
static struct span next_line(struct span *rest)
{
	struct span line = *rest;
	const char *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

	if (!rest->n)
		return (struct span){NULL, 0};
	if (end)
		line.n = (size_t)(end - rest->p);
	rest->p += line.n + (end != NULL);
	rest->n -= line.n + (end != NULL);
	return line;
}

static struct s3_head read_head(struct span text)
{
	struct s3_head h = {.content_length = (int64_t)text.n - 1};
	const char *mark;

	h.method = next_line(&text);
	h.path = next_line(&text);
	mark = h.path.n ? memchr(h.path.p, '?', h.path.n) : NULL;
	if (mark) {
		h.query = (struct span){mark + 1, (size_t)(h.path.p + h.path.n - mark - 1)};
		h.path.n = (size_t)(mark - h.path.p);
	}
	h.host = next_line(&text);
	h.authorization = next_line(&text);
	h.range = next_line(&text);
	h.content_sha256 = next_line(&text);
	h.decoded_length = next_line(&text);
	h.copy_source = next_line(&text);
	return h;
}

static void inside(struct span part, struct span whole)
{
	must(part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n));
}

static void check(const struct s3_request *r, struct span whole)
{
	const struct span parts[] = {r->bucket, r->key, r->version_id, r->upload_id, r->access_key};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		inside(parts[i], whole);
	must(r->op < S3_OPS && r->op_class < S3_CLASSES && r->size < S3_SIZES);
	must(r->style <= S3_VIRTUAL_HOST && r->auth <= S3_AUTH_OTHER && r->part_number <= 10000);
	must(r->key.n == 0 || r->bucket.n > 0);
	must(r->auth != S3_AUTH_OTHER || r->access_key.n == 0);
	must(!r->range.given || r->range.suffix || r->range.first <= r->range.last);
	must(r->op == S3_OP_Unknown || r->op_class == s3_op_class((enum s3_op)r->op));
	must(s3_op_find(span_str(s3_op_name((enum s3_op)r->op))) == r->op);
}

static bool may_be_in_host(struct span bucket)
{
	for (size_t i = 0; i < bucket.n; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-.", bucket.p[i]) ||
			bucket.p[i] == '\0')
			return false;
	return bucket.n > 0 && bucket.n + sizeof(DOMAIN) < HOST_MAX;
}

/* The bucket's name moved from the path to the host says the same. */
static void check_styles(const struct s3_request *r, struct s3_head h)
{
	char host[HOST_MAX];
	struct s3_request other;

	if (r->style != S3_PATH || !may_be_in_host(r->bucket))
		return;
	memcpy(host, r->bucket.p, r->bucket.n);
	memcpy(host + r->bucket.n, "." DOMAIN, sizeof(DOMAIN));
	h.host = (struct span){host, r->bucket.n + sizeof(DOMAIN)};
	/* the byte before a key is its slash, or the F of %2F */
	if (r->key.n && r->key.p[-1] != '/')
		return;
	h.path = r->key.n ? (struct span){r->key.p - 1, r->key.n + 1} : SPAN_LIT("/");
	s3_request_classify(&other, &h, domains, 2);
	must(other.style == S3_VIRTUAL_HOST && span_eq(other.bucket, r->bucket));
	must(other.op == r->op && span_eq(other.key, r->key));
}

static void check_body(struct span s)
{
	struct span code;
	int said = -1;

	for (size_t n = 0; n <= s.n && n < S3_ERROR_PEEK; n++) {
		int is = s3_body_is_error(s.p, n, &code);

		must(said < 0 || is == said);
		inside(code, s);
		said = is;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span text = {(const char *)data, n};
	static char decoded[1 << 20];
	struct s3_request r, again;
	struct s3_head h;

	if (n > sizeof(decoded))
		return 0;
	h = read_head(text);
	s3_request_classify(&r, &h, domains, 2);
	s3_request_classify(&again, &h, domains, 2);
	must(memcmp(&r, &again, sizeof(r)) == 0);
	check(&r, text);
	check_styles(&r, h);
	check_body(text);
	must(s3_text_decode(text, decoded, n) >= 0);
	return 0;
}
