/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ListObjectsV2. Where nothing was put below a prefix, it lists GENERATED objects that exist by
 * their names: PREFIX%08u-SIZE. The token of a page is its last key or common prefix: the latter
 * ends with the delimiter, and all that begins with it has been listed.
 */
#include "origin_priv.h"

#define XMLNS     " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define MODIFIED  "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
#define GENERATED 100000
#define ENTRY_MAX 4096 /* bytes of one entry, its key escaped */

/* One page as it grows. */
struct page {
	const struct request *req;
	struct span bucket;
	uint32_t n;
	bool more;
	char last[REQUEST_NAME_MAX + 1]; /* what was listed last, and to skip its rest: */
	size_t n_last;                   /* behind a common prefix the byte 0xff */
	bool prefix_last;
	struct sink *out;
};

static void last_set(struct page *p, struct span s, bool prefix)
{
	p->prefix_last = prefix;
	p->n_last = RTE_MIN(s.n, (size_t)REQUEST_NAME_MAX);
	if (p->n_last)
		memmove(p->last, s.p, p->n_last);
	if (prefix)
		p->last[p->n_last++] = '\xff';
}

static void put_object(const struct origin *o, struct page *p, const struct store_entry *e)
{
	char etag[BODY_ETAG_MAX];

	body_etag(e->object, e->info.size, e->info.parts, etag);
	sink_lit(p->out, "<Contents><Key>");
	answer_escape(e->key, p->out);
	sink_lit(p->out, "</Key>" MODIFIED "<ETag>");
	sink_put(p->out, span_str(etag));
	sink_lit(p->out, "</ETag><Size>");
	sink_uint(p->out, e->info.size);
	sink_lit(p->out, "</Size><StorageClass>STANDARD</StorageClass></Contents>");
	last_set(p, e->key, false);
}

static void put_prefix(struct page *p, struct span prefix)
{
	sink_lit(p->out, "<CommonPrefixes><Prefix>");
	answer_escape(prefix, p->out);
	sink_lit(p->out, "</Prefix></CommonPrefixes>");
	last_set(p, prefix, true);
}

/* The key up to the delimiter behind the prefix, or nothing. */
static struct span common(const struct request *r, struct span key)
{
	const char *hit = NULL;

	if (r->delimiter && key.n > r->prefix.n)
		hit = memchr(key.p + r->prefix.n, r->delimiter, key.n - r->prefix.n);
	return hit ? (struct span){key.p, (size_t)(hit - key.p) + 1} : (struct span){NULL, 0};
}

static bool is_prefix(const struct request *r, struct span s)
{
	return s.n > r->prefix.n && r->delimiter && s.p[s.n - 1] == r->delimiter;
}

/* A place for one more on this page? */
static bool room(struct page *p)
{
	p->more = p->n >= p->req->max_keys || p->out->cap - p->out->n < 2 * ENTRY_MAX;
	return !p->more;
}

static void put_stored(const struct origin *o, struct page *p)
{
	struct store_entry e;

	while (store_next(
		o->store, p->bucket, p->req->prefix, (struct span){p->last, p->n_last}, &e)) {
		struct span prefix = common(p->req, e.key);

		if (!room(p))
			return;
		if (prefix.p)
			put_prefix(p, prefix);
		else
			put_object(o, p, &e);
		p->n++;
	}
}

static struct span generated_key(const struct origin *o, struct page *p, uint32_t i, char *text)
{
	struct span bucket = p->bucket, prefix = p->req->prefix;
	uint64_t h = body_object(o->g->body, bucket, prefix) + i;
	int n = snprintf(text, REQUEST_NAME_MAX, "%.*s%08u-%u", (int)prefix.n, prefix.p, i,
		1024u << (h * 0x9e3779b97f4a7c15 >> 60));

	return (struct span){text, RTE_MIN((size_t)n, (size_t)REQUEST_NAME_MAX - 1)};
}

static void put_generated(const struct origin *o, struct page *p)
{
	size_t at = p->req->prefix.n;
	char text[REQUEST_NAME_MAX];
	uint32_t i = 0;

	/* behind the token, which is one of these keys */
	if (p->n_last >= at + 8 && memcmp(p->last, p->req->prefix.p, at) == 0) {
		for (unsigned k = 0; k < 8; k++)
			i = i * 10 + (uint32_t)(p->last[at + k] - '0');
		i++;
	}
	for (; i < GENERATED; i++, p->n++) {
		struct store_entry e = {.key = generated_key(o, p, i, text)};

		if (!room(p))
			return;
		request_size(e.key, &e.info.size);
		e.object = body_object(o->g->body, p->bucket, e.key);
		put_object(o, p, &e);
	}
}

static bool any_stored(const struct origin *o, const struct page *p)
{
	struct store_entry e;

	return store_next(o->store, p->bucket, p->req->prefix, (struct span){NULL, 0}, &e);
}

static void put_element(struct sink *out, const char *name, struct span value)
{
	sink_char(out, '<');
	sink_put(out, span_str(name));
	sink_char(out, '>');
	answer_escape(value, out);
	sink_lit(out, "</");
	sink_put(out, span_str(name));
	sink_char(out, '>');
}

void list_build(const struct origin *o, struct sink *out)
{
	struct page p = {.req = &o->req, .bucket = request_bucket(&o->req.name), .out = out};

	sink_lit(out, "<ListBucketResult" XMLNS ">");
	put_element(out, "Name", p.bucket);
	put_element(out, "Prefix", p.req->prefix);
	if (p.req->delimiter)
		put_element(out, "Delimiter", (struct span){&p.req->delimiter, 1});
	last_set(&p, p.req->after, is_prefix(p.req, p.req->after));
	if (p.req->max_keys == 0)
		; /* an answer all the same, and not the beginning of a loop */
	else if (any_stored(o, &p))
		put_stored(o, &p);
	else
		put_generated(o, &p);
	sink_lit(out, "<MaxKeys>");
	sink_uint(out, p.req->max_keys);
	sink_lit(out, "</MaxKeys><KeyCount>");
	sink_uint(out, p.n);
	sink_lit(out, "</KeyCount>");
	put_element(out, "IsTruncated", span_str(p.more ? "true" : "false"));
	if (p.more)
		put_element(out, "NextContinuationToken",
			(struct span){p.last, p.n_last - p.prefix_last});
	sink_lit(out, "</ListBucketResult>");
}
