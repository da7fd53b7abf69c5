/* SPDX-License-Identifier: BSD-3-Clause */
/* What each operation answers. A request's head settles most responses; an upload's, its body. */
#include "origin_priv.h"

#define XML    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define XMLNS  " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""
#define BINARY "binary/octet-stream"

/* ---- responses ---- */

static void count_status(struct origin *o, unsigned status)
{
	static const uint8_t by_class[] = {[2] = ORIGIN_STAT_status_2xx,
		[3] = ORIGIN_STAT_status_3xx,
		[4] = ORIGIN_STAT_status_4xx,
		[5] = ORIGIN_STAT_status_5xx};

	origin_count(o, by_class[status / 100]);
}

static bool put_out(struct origin *o, struct flow *f, const struct sink *text)
{
	return sink_done(text) >= 0 &&
	       buf_chain_write(&f->out, text->p, (uint32_t)text->n, o->g->pools.data) == 0;
}

bool serve_answer(struct origin *o, struct flow *f, struct answer *a)
{
	struct sink text = {.p = o->text, .cap = sizeof(o->text)};
	struct span name = {f->name.text, (size_t)f->name.bucket + f->name.key};

	a->request = o->serial;
	a->close = f->close || f->expects;
	f->left = 0;
	count_status(o, answer_status(a->code));
	if (answer_is_error(a->code))
		answer_error(a, name, f->to_head, &text);
	else
		answer_head(a, &text);
	return put_out(o, f, &text);
}

static bool answer_code(struct origin *o, struct flow *f, enum answer_code code)
{
	return serve_answer(o, f, &(struct answer){.code = code});
}

/* 200 with the XML in text[ANSWER_HEAD_MAX...]: the head is written in front of it. */
static bool answer_xml(struct origin *o, struct flow *f, const struct sink *xml)
{
	struct sink head = {.p = o->text, .cap = ANSWER_HEAD_MAX};
	struct answer a = {.length = xml->n,
		.type = "application/xml",
		.request = o->serial,
		.close = f->close || f->expects};

	count_status(o, 200);
	answer_head(&a, &head);
	return put_out(o, f, &head) && (f->to_head || put_out(o, f, xml));
}

static struct sink xml_begin(struct origin *o)
{
	struct sink xml = {
		.p = o->text + ANSWER_HEAD_MAX, .cap = sizeof(o->text) - ANSWER_HEAD_MAX};

	sink_lit(&xml, XML);
	return xml;
}

/* ---- GET, HEAD ---- */

/* Which bytes, first and how many. False: none of the object. */
static bool range_of(const struct request *r, uint64_t size, uint64_t *first, uint64_t *n)
{
	uint64_t last = size - 1;

	*first = r->first;
	if (r->range == RANGE_SUFFIX)
		*first = size - RTE_MIN(r->last, size);
	else if (r->range == RANGE_FROM_TO)
		last = RTE_MIN(r->last, last);
	if (*first >= size)
		return false;
	*n = last - *first + 1;
	return true;
}

/* RFC 9110 13.2.2, without dates. */
static enum answer_code condition(const struct request *r, const char *etag, bool reads)
{
	if (r->match.p && !request_etag_in(r->match, etag))
		return ANSWER_PRECONDITION;
	if (r->none_match.p && request_etag_in(r->none_match, etag))
		return reads ? ANSWER_NOT_MODIFIED : ANSWER_PRECONDITION;
	return ANSWER_OK;
}

static void fault_plan(struct origin *o, struct flow *f)
{
	static const uint8_t stat[FAULT_KINDS] = {[FAULT_RESET] = ORIGIN_STAT_fault_reset,
		[FAULT_TRUNCATE] = ORIGIN_STAT_fault_truncate,
		[FAULT_STALL] = ORIGIN_STAT_fault_stall,
		[FAULT_DRIP] = ORIGIN_STAT_fault_drip,
		[FAULT_CORRUPT] = ORIGIN_STAT_fault_corrupt};

	if (!stat[f->fault] || f->left == 0)
		return;
	origin_count(o, stat[f->fault]);
	if (f->fault != FAULT_DRIP)
		f->until_strike = fault_place(f->left, &o->g->rnd);
}

/* The object by its ETag. */
static uint64_t version(struct origin *o, const struct flow *f)
{
	if (f->fault != FAULT_ETAG)
		return f->object;
	origin_count(o, ORIGIN_STAT_fault_etag);
	return ~f->object;
}

static bool serve_get(struct origin *o, struct flow *f)
{
	char etag[BODY_ETAG_MAX];
	struct answer a = {.code = ANSWER_OK, .etag = etag, .type = BINARY, .object = true};
	struct store_object info;
	uint64_t first = 0, n;

	if (!store_find(o->store, f->object, &f->name, &info))
		return answer_code(o, f, ANSWER_NO_KEY);
	body_etag(version(o, f), info.size, info.parts, etag);
	a.code = condition(&o->req, etag, true);
	if (a.code == ANSWER_PRECONDITION)
		return answer_code(o, f, a.code);
	n = a.size = info.size;
	if (a.code == ANSWER_OK && o->req.range != RANGE_NONE) {
		a.code = range_of(&o->req, info.size, &first, &n) ? ANSWER_PARTIAL
								  : ANSWER_BAD_RANGE;
		if (a.code == ANSWER_BAD_RANGE)
			return serve_answer(o, f,
				&(struct answer){.code = ANSWER_BAD_RANGE, .size = info.size});
	}
	a.first = first;
	a.length = n;
	if (!serve_answer(o, f, &a))
		return false;
	if (a.code == ANSWER_NOT_MODIFIED || f->to_head)
		return true;
	f->off = first;
	f->left = n;
	fault_plan(o, f);
	return true;
}

/* ---- uploads ---- */

static void compare_from(struct flow *f, uint64_t off)
{
	f->compare = true;
	f->off = off;
}

static bool begin_put(struct origin *o, struct flow *f)
{
	char etag[BODY_ETAG_MAX];
	struct store_object info;
	enum answer_code code;

	if (!o->head.chunked && f->announced == UINT64_MAX)
		return answer_code(o, f, ANSWER_NO_LENGTH);
	if (o->req.match.p || o->req.none_match.p) {
		if (store_find(o->store, f->object, &f->name, &info)) {
			body_etag(f->object, info.size, info.parts, etag);
			code = condition(&o->req, etag, false);
		} else {
			code = o->req.match.p ? ANSWER_NO_KEY : ANSWER_OK;
		}
		if (code != ANSWER_OK)
			return answer_code(o, f, code);
	}
	compare_from(f, 0);
	return true;
}

static bool begin_part(struct origin *o, struct flow *f)
{
	uint64_t part_size;

	if (!store_upload_find(o->store, f->upload, f->object, &part_size))
		return answer_code(o, f, ANSWER_NO_UPLOAD);
	if (!o->head.chunked && f->announced == UINT64_MAX)
		return answer_code(o, f, ANSWER_NO_LENGTH);
	if (part_size > 0 || f->part == 1)
		compare_from(f, (f->part - 1) * part_size);
	else
		origin_count(o, ORIGIN_STAT_parts_unverified);
	return true;
}

static bool begin_complete(struct origin *o, struct flow *f)
{
	uint64_t part_size;

	if (!store_upload_find(o->store, f->upload, f->object, &part_size))
		return answer_code(o, f, ANSWER_NO_UPLOAD);
	complete_init(&f->complete);
	f->part = 0;
	f->n_parts = 0;
	f->total = 0;
	f->list_code = ANSWER_MALFORMED_XML; /* until its end */
	return true;
}

/* Is the part in f->complete the next, and the one that was uploaded? */
static enum answer_code part_listed(struct origin *o, struct flow *f)
{
	uint64_t size, part_size, number = f->complete.number;
	char etag[BODY_ETAG_MAX];

	if (number <= f->part)
		return ANSWER_PART_ORDER;
	if (!store_upload_find(o->store, f->upload, f->object, &part_size))
		return ANSWER_NO_UPLOAD;
	if (!store_part_find(o->store, f->upload, (uint32_t)number, &size))
		return ANSWER_BAD_PART;
	body_etag(f->object + number, size, 0, etag);
	if (!request_etag_in(span_str(f->complete.etag), etag))
		return ANSWER_BAD_PART;
	/* or the object has a hole, or bytes twice */
	if (part_size > 0 && (f->total != (number - 1) * part_size || size > part_size))
		return ANSWER_BAD_PART;
	f->part = (uint32_t)number;
	f->n_parts++;
	f->total += size;
	return ANSWER_OK;
}

static void list_content(struct origin *o, struct flow *f, struct span piece)
{
	const char *p = piece.p, *end = p + piece.n;
	enum complete_progress got;

	while (!f->bad_list && (got = complete_feed(&f->complete, &p, end)) != COMPLETE_MORE) {
		enum answer_code code = ANSWER_MALFORMED_XML;

		if (got == COMPLETE_DONE) {
			f->list_code = f->n_parts ? ANSWER_OK : ANSWER_MALFORMED_XML;
			return;
		}
		if (got == COMPLETE_PART)
			code = part_listed(o, f);
		f->bad_list = code != ANSWER_OK;
		if (f->bad_list)
			f->list_code = (uint8_t)code;
	}
}

void serve_content(struct origin *o, struct flow *f, struct span piece)
{
	o->stat[ORIGIN_STAT_bytes_in] += piece.n;
	if (f->op == REQUEST_COMPLETE && f->out.bytes == 0) {
		list_content(o, f, piece);
	} else if (f->compare) {
		uint32_t n = (uint32_t)piece.n, good = 0;

		if (f->wrong == 0)
			good = body_check(o->g->body, f->object, f->off, piece.p, n);
		f->off += n;
		f->wrong += n - good;
		o->stat[ORIGIN_STAT_bytes_wrong] += n - good;
	}
}

static bool end_upload(struct origin *o, struct flow *f)
{
	char etag[BODY_ETAG_MAX];
	struct answer a = {.code = ANSWER_OK, .etag = etag};
	struct store_object put = {.size = f->payload.content};

	if (!payload_whole(&f->payload) ||
		(f->announced != UINT64_MAX && f->announced != f->payload.content))
		return answer_code(o, f, ANSWER_INCOMPLETE);
	if (f->wrong > 0)
		return answer_code(o, f, ANSWER_BAD_DIGEST);
	if (f->op == REQUEST_PUT) {
		body_etag(f->object, put.size, 0, etag);
		o->stat[ORIGIN_STAT_evicted] += store_put(o->store, f->object, &f->name, &put);
	} else {
		body_etag(f->object + f->part, put.size, 0, etag);
		if (!store_part(o->store, f->upload, f->part, put.size))
			return answer_code(o, f, ANSWER_NO_UPLOAD);
	}
	return serve_answer(o, f, &a);
}

static bool end_complete(struct origin *o, struct flow *f)
{
	struct store_object put = {f->total, f->n_parts};
	char etag[BODY_ETAG_MAX];
	struct sink xml;

	if (!payload_whole(&f->payload) || f->list_code != ANSWER_OK)
		return answer_code(
			o, f, f->list_code != ANSWER_OK ? f->list_code : ANSWER_MALFORMED_XML);
	body_etag(f->object, put.size, put.parts, etag);
	xml = xml_begin(o);
	sink_lit(&xml, "<CompleteMultipartUploadResult" XMLNS "><Bucket>");
	answer_escape(request_bucket(&f->name), &xml);
	sink_lit(&xml, "</Bucket><Key>");
	answer_escape(request_key(&f->name), &xml);
	sink_lit(&xml, "</Key><ETag>");
	sink_put(&xml, span_str(etag));
	sink_lit(&xml, "</ETag></CompleteMultipartUploadResult>");
	if (!answer_xml(o, f, &xml))
		return false;
	store_upload_end(o->store, f->upload);
	o->stat[ORIGIN_STAT_evicted] += store_put(o->store, f->object, &f->name, &put);
	return true;
}

bool serve_end(struct origin *o, struct flow *f)
{
	if (f->out.bytes > 0)
		return true;
	return f->op == REQUEST_COMPLETE ? end_complete(o, f) : end_upload(o, f);
}

/* ---- the rest ---- */

static bool serve_create(struct origin *o, struct flow *f)
{
	uint64_t id = store_upload(o->store, f->object, o->req.part_size);
	struct sink xml = xml_begin(o);

	sink_lit(&xml, "<InitiateMultipartUploadResult" XMLNS "><Bucket>");
	answer_escape(request_bucket(&f->name), &xml);
	sink_lit(&xml, "</Bucket><Key>");
	answer_escape(request_key(&f->name), &xml);
	sink_lit(&xml, "</Key><UploadId>");
	for (int shift = 60; shift >= 0; shift -= 4)
		sink_char(&xml, "0123456789abcdef"[id >> shift & 15]);
	sink_lit(&xml, "</UploadId></InitiateMultipartUploadResult>");
	return answer_xml(o, f, &xml);
}

static bool serve_abort(struct origin *o, struct flow *f)
{
	uint64_t part_size;

	if (!store_upload_find(o->store, f->upload, f->object, &part_size))
		return answer_code(o, f, ANSWER_NO_UPLOAD);
	store_upload_end(o->store, f->upload);
	return answer_code(o, f, ANSWER_NO_CONTENT);
}

static bool serve_delete(struct origin *o, struct flow *f)
{
	o->stat[ORIGIN_STAT_evicted] += store_delete(o->store, f->object, &f->name);
	return answer_code(o, f, ANSWER_NO_CONTENT);
}

static bool serve_list(struct origin *o, struct flow *f)
{
	struct sink xml = xml_begin(o);

	list_build(o, &xml);
	return answer_xml(o, f, &xml);
}

static bool serve_buckets(struct origin *o, struct flow *f)
{
	struct sink xml = xml_begin(o);

	sink_lit(&xml, "<ListAllMyBucketsResult" XMLNS "><Buckets></Buckets>"
		       "</ListAllMyBucketsResult>");
	return answer_xml(o, f, &xml);
}

static bool serve_bucket(struct origin *o, struct flow *f)
{
	return answer_code(o, f, o->head.method == HTTP_DELETE ? ANSWER_NO_CONTENT : ANSWER_OK);
}

static const struct {
	bool (*serve)(struct origin *, struct flow *);
	enum origin_stat stat;
} ops[REQUEST_OPS] = {
	[REQUEST_GET] = {serve_get, ORIGIN_STAT_get},
	[REQUEST_HEAD] = {serve_get, ORIGIN_STAT_head},
	[REQUEST_PUT] = {begin_put, ORIGIN_STAT_put},
	[REQUEST_DELETE] = {serve_delete, ORIGIN_STAT_delete},
	[REQUEST_LIST] = {serve_list, ORIGIN_STAT_list},
	[REQUEST_BUCKETS] = {serve_buckets, ORIGIN_STAT_other},
	[REQUEST_BUCKET] = {serve_bucket, ORIGIN_STAT_other},
	[REQUEST_CREATE] = {serve_create, ORIGIN_STAT_upload_create},
	[REQUEST_PART] = {begin_part, ORIGIN_STAT_upload_part},
	[REQUEST_COMPLETE] = {begin_complete, ORIGIN_STAT_upload_complete},
	[REQUEST_ABORT] = {serve_abort, ORIGIN_STAT_upload_abort},
};

/* Faults that answer in the operation's place. */
static const struct {
	enum answer_code answer;
	enum origin_stat stat;
} instead[FAULT_KINDS] = {
	[FAULT_SLOW_DOWN] = {ANSWER_SLOW_DOWN, ORIGIN_STAT_fault_slow_down},
	[FAULT_ERROR] = {ANSWER_INTERNAL, ORIGIN_STAT_fault_error},
	[FAULT_INNER] = {ANSWER_INNER, ORIGIN_STAT_fault_inner},
};

/* What of o->req the body needs: another flow's head may be parsed before this body is over. */
static void remember(struct origin *o, struct flow *f)
{
	const struct request *r = &o->req;

	f->op = r->op;
	f->upload = r->upload;
	f->part = r->part;
	f->announced = r->content;
	f->wrong = 0;
	f->compare = false;
	f->bad_list = false;
	f->name.bucket = r->name.bucket;
	f->name.key = r->name.key;
	memcpy(f->name.text, r->name.text, (size_t)r->name.bucket + r->name.key);
	f->object = body_object(o->g->body, request_bucket(&f->name), request_key(&f->name));
}

bool serve_head(struct origin *o, struct flow *f, enum answer_code code)
{
	remember(o, f);
	if (code != ANSWER_OK) {
		origin_count(o, ORIGIN_STAT_other);
		return answer_code(o, f, code);
	}
	origin_count(o, ops[f->op].stat);
	if (instead[f->fault].answer == ANSWER_OK)
		return ops[f->op].serve(o, f);
	origin_count(o, instead[f->fault].stat);
	return answer_code(o, f, instead[f->fault].answer);
}
