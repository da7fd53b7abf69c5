/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The head that goes on: copied in runs of whole lines, never written anew. A line of the source
 * reaches from its field's name to the next one's, since the parser allows nothing in between.
 *
 * RFC SAYS (9110 2.5): an intermediary sends its own HTTP version. WE DO: pass the start line as it
 * came; a node that knew the client as 1.1 might answer a 1.0 client with chunks.
 */
#include "base/sink.h"
#include "http/http_priv.h"

/* A longer list counts as one that signs every field: it bounds the work, and errs safely. */
#define SIGNED_MAX 4096

/* What the request's SigV4 signature covers: the list in Authorization, or in the query. */
struct signed_list {
	struct span names; /* ";" between them; p is NULL without a signature */
	char decoded[SIGNED_MAX];
};

/* The list of names behind the first `key` in s; p is NULL without key. */
static struct span list_of(struct span s, struct span key)
{
	const char *p = s.n ? memmem(s.p, s.n, key.p, key.n) : NULL, *q;

	if (!p)
		return (struct span){NULL, 0};
	p += key.n;
	for (q = p; q < s.p + s.n && *q != '&' && (*q == ';' || http__is(*q, HTTP__TCHAR)); q++)
		;
	return (struct span){p, (size_t)(q - p)};
}

static int hex_value(char c)
{
	if (!http__is(c, HTTP__HEX))
		return -1;
	return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A query's list without its percent-encoding; one that is too long stays so. */
static void decode_list(struct signed_list *l, struct span list)
{
	int high, low;

	l->names = list;
	if (list.n > SIGNED_MAX)
		return;
	l->names = (struct span){l->decoded, 0};
	for (size_t i = 0; i < list.n; i++) {
		char c = list.p[i];

		if (c == '%' && list.n - i > 2) {
			high = hex_value(list.p[i + 1]);
			low = hex_value(list.p[i + 2]);
			if (high >= 0 && low >= 0) {
				c = (char)(high << 4 | low);
				i += 2;
			}
		}
		l->decoded[l->names.n++] = c;
	}
}

static void find_signed(struct signed_list *l, const struct http_head *h)
{
	struct span found;

	l->names = (struct span){NULL, 0};
	for (unsigned i = 0; i < h->n_fields && !l->names.p && !h->status; i++)
		if (h->field[i].id == HTTP_NAME_AUTHORIZATION)
			l->names = list_of(h->field[i].value, SPAN_LIT("SignedHeaders="));
	found = list_of(h->query, SPAN_LIT("X-Amz-SignedHeaders="));
	if (!l->names.p && found.p)
		decode_list(l, found);
}

static bool is_signed(const struct signed_list *l, struct span name)
{
	struct span rest = l->names, item;

	if (rest.n > SIGNED_MAX)
		return true;
	while (span_next(&rest, ';', &item))
		if (span_ieq(item, name))
			return true;
	return false;
}

bool http_head_signs(const struct http_head *h, struct span name)
{
	struct signed_list l;

	find_signed(&l, h);
	return name.n && is_signed(&l, name);
}

static bool has_prefix(struct span s, struct span prefix)
{
	return s.n >= prefix.n && span_ieq((struct span){s.p, prefix.n}, prefix);
}

#define SET(id) (1u << HTTP_NAME_##id)

static const uint32_t hop_names =
	SET(CONNECTION) | SET(KEEP_ALIVE) | SET(PROXY_CONNECTION) | SET(UPGRADE);

/* Fields that Connection must not name: end-to-end by RFC 9110 7.6.1, or needed by S3. */
static bool is_protected(const struct http_field *f)
{
	static const uint32_t names = SET(TE) | SET(HOST) | SET(RANGE) | SET(EXPECT) |
				      SET(TRAILER) | SET(RETRY_AFTER) | SET(AUTHORIZATION) |
				      SET(CONTENT_LENGTH) | SET(TRANSFER_ENCODING);

	return 1u << f->id & names || has_prefix(f->name, SPAN_LIT("content-")) ||
	       has_prefix(f->name, SPAN_LIT("x-amz-")) || has_prefix(f->name, SPAN_LIT("if-")) ||
	       span_ieq(f->name, SPAN_LIT("date")) || span_ieq(f->name, SPAN_LIT("etag"));
}

static bool is_option(const struct http_head *h, struct span name)
{
	struct span list, item;

	for (unsigned i = 0; i < h->n_fields; i++) {
		if (h->field[i].id != HTTP_NAME_CONNECTION)
			continue;
		list = h->field[i].value;
		while (span_next(&list, ',', &item))
			if (span_ieq(item, name))
				return true;
	}
	return false;
}

/* Does the field end here? */
static bool is_hop(const struct http_head *h, const struct http_field *f)
{
	if (1u << f->id & hop_names)
		return true;
	return h->n_options && !is_protected(f) && is_option(h, f->name);
}

/* Does one of ours take its place? */
static bool is_replaced(const struct http_edit *e, const struct http_field *f)
{
	for (unsigned i = 0; i < e->n_add; i++)
		if (e->add[i].alone && span_ieq(e->add[i].name, f->name))
			return true;
	return false;
}

static void put_field(struct sink *o, struct span name, struct span value)
{
	sink_put(o, name);
	sink_lit(o, ": ");
	sink_put(o, value);
	sink_lit(o, "\r\n");
}

static void put_edit(struct sink *o, const struct http_edit *e, const struct signed_list *l)
{
	for (unsigned i = 0; i < e->n_add; i++)
		if (!is_signed(l, e->add[i].name))
			put_field(o, e->add[i].name, e->add[i].value);
	if (e->close && !is_signed(l, SPAN_LIT("connection")))
		put_field(o, SPAN_LIT("Connection"), SPAN_LIT("close"));
	sink_lit(o, "\r\n");
}

int http_head_build(const struct http_head *h, const struct http_edit *e, char *out, size_t cap)
{
	struct sink o = {.p = out, .cap = cap};
	const char *run = h->raw.p, *end = run + h->raw.n - 2; /* the empty line */
	struct signed_list l;

	find_signed(&l, h);
	for (unsigned i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->field[i];

		if ((!is_hop(h, f) && !is_replaced(e, f)) || is_signed(&l, f->name))
			continue;
		sink_put(&o, (struct span){run, (size_t)(f->name.p - run)});
		run = i + 1u < h->n_fields ? f[1].name.p : end;
	}
	sink_put(&o, (struct span){run, (size_t)(end - run)});
	put_edit(&o, e, &l);
	return sink_done(&o);
}
