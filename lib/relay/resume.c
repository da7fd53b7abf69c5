/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A GET whose answer broke in mid-body: the rest is fetched from another member, or on a new
 * connection from the same, and joined so that the client sees one uninterrupted body.
 *
 *	REQ_RESPONSE --broken--> REQ_BUILD --> ... --> REQ_WAIT --final head fits--> REQ_RESPONSE
 *
 * resumable  the first answer was 200, or 206 with one range; its length was told; it has a strong
 *            ETag (RFC 9110 8.8.1). Its head's facts are in q->resume and the request's head is
 *            still in front.rx. rsp.body goes on counting the one body that the client gets.
 *
 * The request is built again with a Range for the rest and If-Match, where its signature leaves
 * both to us; else as it was, and what the client has already is dropped (skip). The answer fits if
 * ETag, Last-Modified and the object's length are the first one's and it has the rest: a 206 that
 * ends where the first did, or a 200 when that was one. If it does not, the object changed, and the
 * client is reset as it would have been; nothing of another version is ever joined.
 */
#include <inttypes.h>
#include <stdio.h>

#include "relay/relay_priv.h"

#define RESUME_GOOD (64u << 20) /* bytes between two breaks that give back all retries */

/* ---- what the first answer is known by ---- */

/* The fields that identify what is sent; p is NULL without, or when there are several. */
struct known {
	struct span etag, date, range;
};

static void once(struct span *s, unsigned *n, struct span value)
{
	*s = ++*n == 1 ? value : (struct span){NULL, 0};
}

static struct known known_of(const struct http_head *h)
{
	struct known k = {{NULL, 0}, {NULL, 0}, {NULL, 0}};
	unsigned etags = 0, dates = 0, ranges = 0;

	for (unsigned i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->field[i];

		if (f->id == HTTP_NAME_ETAG)
			once(&k.etag, &etags, f->value);
		else if (f->id == HTTP_NAME_LAST_MODIFIED)
			once(&k.date, &dates, f->value);
		else if (f->id == HTTP_NAME_CONTENT_RANGE)
			once(&k.range, &ranges, f->value);
	}
	return k;
}

static bool is_strong(struct span etag)
{
	return etag.n > 0 && (etag.n < 2 || memcmp(etag.p, "W/", 2) != 0);
}

/* Which bytes of the object are r->head's body? False: that cannot be told. */
static bool range_of(const struct http_head *h, struct span field, struct http_content_range *out)
{
	uint64_t n = (uint64_t)h->content_length;

	if (h->chunked || h->content_length <= 0)
		return false;
	*out = (struct http_content_range){0, n - 1, n};
	if (h->status == 200)
		return true;
	return h->status == 206 && http_content_range(field, out) &&
	       out->last - out->first + 1 == n;
}

static void copy(char *to, uint8_t *n, struct span s)
{
	if (s.n)
		memcpy(to, s.p, s.n);
	*n = (uint8_t)s.n;
}

void relay__resume_note(struct relay *r, struct request *q)
{
	const struct http_head *h = &r->head;
	struct http_content_range range;
	struct known k;

	q->resumable = false;
	if (!q->get || !q->pool->conf->resume || q->front->head == 0)
		return;
	k = known_of(h);
	if (!is_strong(k.etag) || k.etag.n > RELAY_ETAG_MAX || k.date.n > RELAY_DATE_MAX ||
		!range_of(h, k.range, &range))
		return;
	q->resume = (struct resume){.first = range.first,
		.length = (uint64_t)h->content_length,
		.total = range.total,
		.status = h->status};
	copy(q->resume.etag, &q->resume.etag_n, k.etag);
	copy(q->resume.date, &q->resume.date_n, k.date);
	q->resumable = true;
}

/* ---- asking for the rest ---- */

enum run relay__resume(
	struct relay *r, struct request *q, enum lb_outcome outcome, enum relay_stat fail)
{
	uint64_t passed = q->rsp.body.passed;

	relay__request_leave(r, q, outcome, false);
	if (!q->resumable || q->rsp.body.progress != HTTP_BODY_MORE) {
		FRONT_COUNT(r, q->front, resume_unfit);
		return relay__request_fail(r, q, fail, 0);
	}
	if (passed - q->resume.good >= RESUME_GOOD) {
		q->retries = 0;
		q->tried = (struct lb_tried){0};
	}
	q->resume.good = passed;
	q->fail = (uint8_t)fail;
	if (!relay__retry_allowed(r, q))
		return relay__request_fail(r, q, fail, 0);
	buf_chain_free(&q->req.out); /* an answer came before it could be given */
	q->state = REQ_BUILD;
	return RUN_AGAIN;
}

/* Parts of an upload are asked for by number; S3 refuses a Range beside it. */
static bool by_part(struct span query)
{
	struct span item, name = SPAN_LIT("partNumber=");

	while (span_next(&query, '&', &item))
		if (item.n >= name.n && memcmp(item.p, name.p, name.n) == 0)
			return true;
	return false;
}

unsigned relay__resume_fields(
	struct relay *r, const struct request *q, struct http_add *add, char *text)
{
	const struct span range = SPAN_LIT("Range"), match = SPAN_LIT("If-Match");
	const struct resume *s = &q->resume;
	uint64_t from = s->first + q->rsp.body.passed;

	if (q->rsp.body.passed == 0 || by_part(r->head.query) || http_head_signs(&r->head, range) ||
		http_head_signs(&r->head, match))
		return 0;
	snprintf(text, RELAY_RANGE_TEXT, "bytes=%" PRIu64 "-%" PRIu64, from,
		s->first + s->length - 1);
	add[0] = (struct http_add){range, span_str(text), true};
	add[1] = (struct http_add){match, {s->etag, s->etag_n}, true};
	return 2;
}

/* ---- does the rest fit? ---- */

static bool same(struct span a, const char *p, size_t n)
{
	return a.n == n && (n == 0 || memcmp(a.p, p, n) == 0);
}

/* Its last byte is the first answer's last one, and it begins no later than where that broke. */
static bool range_fits(struct request *q, const struct http_content_range *range)
{
	struct resume *s = &q->resume;
	uint64_t from = s->first + q->rsp.body.passed;

	if (range->last != s->first + s->length - 1 || range->first > from)
		return false;
	if (range->total != s->total && range->total != UINT64_MAX && s->total != UINT64_MAX)
		return false;
	s->skip = from - range->first;
	return true;
}

enum relay_stat relay__resume_fits(struct relay *r, struct request *q)
{
	const struct http_head *h = &r->head;
	const struct resume *s = &q->resume;
	struct known k = known_of(h);
	struct http_content_range range;

	if (h->status == 412) /* RFC 9110 13.1.1: another ETag */
		return RELAY_STAT_resume_refused_etag;
	if (h->status == 416) /* the object is shorter now */
		return RELAY_STAT_resume_refused_length;
	if (h->status != 206 && (h->status != 200 || s->status != 200))
		return RELAY_STAT_resume_refused_status;
	if (!same(k.etag, s->etag, s->etag_n) || !same(k.date, s->date, s->date_n))
		return RELAY_STAT_resume_refused_etag;
	if (!range_of(h, k.range, &range) || !range_fits(q, &range))
		return RELAY_STAT_resume_refused_length;
	return 0;
}

uint32_t relay__resume_skip(struct relay *r, struct request *q)
{
	struct stream *e = &q->back->end;
	uint32_t n = (uint32_t)RTE_MIN(q->resume.skip, (uint64_t)stream_rx(e)->bytes);

	if (n == 0)
		return 0;
	buf_chain_consume(stream_rx(e), n);
	stream_consumed(&r->streams, e);
	q->resume.skip -= n;
	q->front->listener->stat[RELAY_STAT_bytes_skipped] += n;
	return n;
}
