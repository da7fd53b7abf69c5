/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <rte_hash_crc.h>

#include "exchange.h"
#include "origin.h"

#define CHUNK     (64u << 10) /* of chunked bodies, as SDKs send it; a piece of the others */
#define XML_PARTS 64          /* of a CompleteMultipartUpload, in one piece */
#define CRC_FIELD "x-amz-checksum-crc32c"
#define CRC_TEXT  8 /* base64 of four bytes */
#define XML_BEGIN "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
#define XML_END   "</CompleteMultipartUpload>"
#define TRAILER   "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

enum wants { WANTS_NOTHING, WANTS_OBJECT, WANTS_TEXT };

static const struct kind {
	const char *method;
	uint16_t status, or_status; /* of a good answer */
	uint8_t wants;              /* in its body */
	const char *text;           /* that an answer in XML must hold */
} kinds[X_DONE] = {
	[X_GET] = {"GET", 200, 0, WANTS_OBJECT, NULL},
	[X_RANGE] = {"GET", 206, 0, WANTS_OBJECT, NULL},
	[X_HEAD] = {"HEAD", 200, 0, WANTS_NOTHING, NULL},
	[X_PUT] = {"PUT", 200, 0, WANTS_NOTHING, NULL},
	[X_CREATE] = {"POST", 200, 0, WANTS_TEXT, "<UploadId>"},
	[X_PART] = {"PUT", 200, 0, WANTS_NOTHING, NULL},
	[X_COMPLETE] = {"POST", 200, 0, WANTS_TEXT, "<CompleteMultipartUploadResult"},
	[X_ABORT] = {"DELETE", 204, 200, WANTS_NOTHING, NULL},
	[X_DELETE] = {"DELETE", 204, 200, WANTS_NOTHING, NULL},
	[X_LIST] = {"GET", 200, 0, WANTS_TEXT, "<ListBucketResult"},
	/* 409: it is there already */
	[X_BUCKET] = {"PUT", 200, 409, WANTS_NOTHING, NULL},
};

/* ---- which exchange ---- */

enum exchange_kind exchange_first(const struct exchange *x)
{
	static const uint8_t first[GEN_OPS] = {[GEN_GET] = X_GET,
		[GEN_RANGE] = X_RANGE,
		[GEN_HEAD] = X_HEAD,
		[GEN_PUT] = X_PUT,
		[GEN_MULTIPART] = X_CREATE,
		[GEN_ABORT] = X_CREATE,
		[GEN_DELETE] = X_DELETE,
		[GEN_LIST] = X_LIST};

	return first[x->ask.op];
}

enum exchange_kind exchange_next(struct exchange *x)
{
	if (x->kind == X_CREATE) {
		x->up->part = 1;
		return X_PART;
	}
	if (x->kind != X_PART)
		return X_DONE;
	if (x->ask.op == GEN_ABORT)
		return X_ABORT;
	return x->up->part++ < x->up->parts ? X_PART : X_COMPLETE;
}

static bool sends_object(const struct exchange *x)
{
	return x->kind == X_PUT || x->kind == X_PART;
}

/* RFC 9110 10.1.1: not without content. A chunked body has some, be it only its last chunk. */
bool exchange_expects(const struct site *s, const struct exchange *x)
{
	return s->conf->expect && sends_object(x) && (x->left || s->conf->framing != GEN_LENGTH);
}

bool exchange_gets_object(const struct exchange *x)
{
	return kinds[x->kind].wants == WANTS_OBJECT;
}

void exchange_begin(const struct site *s, struct exchange *x)
{
	char text[WORKLOAD_KEY_MAX];
	struct sink key = {text, sizeof(text), 0};

	workload_key(s->workload, &x->ask, x->prepared, &key);
	x->object = body_object(s->body, span_str(s->conf->bucket), (struct span){text, key.n});
	x->off = x->ask.from;
	x->left = 0;
	x->crc = UINT32_MAX;
	if (x->up)
		x->up->n_text = 0;
	if (x->kind == X_CREATE)
		x->up->parts =
			(uint32_t)RTE_MAX((x->ask.size + s->conf->part - 1) / s->conf->part, 1ull);
	if (x->kind == X_PUT)
		x->left = x->ask.size;
	if (x->kind == X_PART) {
		x->off = (x->up->part - 1) * s->conf->part;
		x->left = RTE_MIN(s->conf->part, x->ask.size - x->off);
	}
	x->ended = !sends_object(x) && x->kind != X_COMPLETE;
}

/* ---- the head ---- */

static void put_hex(struct sink *o, uint64_t v)
{
	char text[16];
	unsigned at = sizeof(text);

	do
		text[--at] = "0123456789abcdef"[v & 15];
	while (v >>= 4);
	sink_put(o, (struct span){text + at, sizeof(text) - at});
}

static uint64_t digits_hex(uint64_t v)
{
	struct sink o = {0};

	put_hex(&o, v);
	return o.n;
}

/* Percent-encoded (RFC 3986 2.1) but for unreserved characters. */
static void put_encoded(struct sink *o, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			(c && strchr("-._~", c))) {
			sink_char(o, c);
			continue;
		}
		sink_char(o, '%');
		sink_char(o, "0123456789ABCDEF"[(uint8_t)c >> 4]);
		sink_char(o, "0123456789ABCDEF"[c & 15]);
	}
}

static void put_path(const struct site *s, const struct exchange *x, struct sink *o)
{
	bool bucket = x->kind == X_LIST || x->kind == X_BUCKET;

	sink_char(o, '/');
	if (!s->virtual_host)
		sink_put(o, span_str(s->conf->bucket));
	if (bucket)
		return;
	if (!s->virtual_host)
		sink_char(o, '/');
	workload_key(s->workload, &x->ask, x->prepared, o);
}

/* Names sorted, each with '=', as a signature wants them. */
static void put_query(const struct site *s, const struct exchange *x, struct sink *o)
{
	switch (x->kind) {
	case X_CREATE:
		sink_lit(o, "uploads=");
		break;
	case X_PART:
		sink_lit(o, "partNumber=");
		sink_uint(o, x->up->part);
		sink_char(o, '&');
		/* fall through */
	case X_COMPLETE:
	case X_ABORT:
		sink_lit(o, "uploadId=");
		sink_put(o, (struct span){x->up->id, x->up->n_id});
		break;
	case X_LIST:
		sink_lit(o, "list-type=2&max-keys=");
		sink_uint(o, s->conf->list_keys);
		sink_lit(o, "&prefix=");
		put_encoded(
			o, s->conf->prefix ? span_str(s->conf->prefix) : (struct span){NULL, 0});
		break;
	}
}

static bool aws_chunked(const struct site *s, const struct exchange *x)
{
	return sends_object(x) && s->conf->framing == GEN_AWS_CHUNKED;
}

/* The bytes that n take in unsigned chunks, with the last one and the trailer. */
static uint64_t trailer_length(uint64_t n)
{
	uint64_t whole = n / CHUNK, rest = n % CHUNK;

	return whole * (digits_hex(CHUNK) + CHUNK + 4) + (rest ? digits_hex(rest) + rest + 4 : 0) +
	       sizeof("0\r\n" CRC_FIELD ":\r\n\r\n") - 1 + CRC_TEXT;
}

static void xml_part(const struct exchange *x, uint32_t i, struct sink *o)
{
	sink_lit(o, "<Part><PartNumber>");
	sink_uint(o, i + 1);
	sink_lit(o, "</PartNumber><ETag>");
	sink_put(o, span_str(x->up->etag[i]));
	sink_lit(o, "</ETag></Part>");
}

static uint64_t xml_length(const struct exchange *x)
{
	struct sink o = {0};

	for (uint32_t i = 0; i < x->up->parts; i++)
		xml_part(x, i, &o);
	return o.n + sizeof(XML_BEGIN XML_END) - 1;
}

static void put_length(struct sink *o, uint64_t n)
{
	sink_lit(o, "Content-Length: ");
	sink_uint(o, n);
	sink_lit(o, "\r\n");
}

/* How the body is framed; Content-Length is not signed. */
static void put_framing(const struct site *s, const struct exchange *x, struct sink *o)
{
	if (x->kind == X_COMPLETE)
		put_length(o, xml_length(x));
	else if (x->kind == X_CREATE || x->kind == X_BUCKET)
		put_length(o, 0);
	else if (!sends_object(x))
		return;
	else if (s->conf->framing == GEN_LENGTH)
		put_length(o, x->left);
	else if (s->conf->framing == GEN_CHUNKED)
		sink_lit(o, "Transfer-Encoding: chunked\r\n");
	else
		put_length(o, s->sign ? s3_sign_streamed_length(x->left, CHUNK)
				      : trailer_length(x->left));
}

/* Fields that a signature covers, sorted; values live in text. How many. */
static unsigned signed_fields(
	const struct site *s, const struct exchange *x, struct sink *text, struct s3_sign_field *f)
{
	unsigned n = 0;
	size_t at;

	if (aws_chunked(s, x)) {
		f[n++] = (struct s3_sign_field){
			SPAN_LIT("content-encoding"), SPAN_LIT("aws-chunked")};
		at = text->n;
		sink_uint(text, x->left);
		f[n++] = (struct s3_sign_field){
			SPAN_LIT("x-amz-decoded-content-length"), {text->p + at, text->n - at}};
		if (!s->sign)
			f[n++] = (struct s3_sign_field){
				SPAN_LIT("x-amz-trailer"), SPAN_LIT(CRC_FIELD)};
	}
	if (x->kind == X_CREATE) {
		at = text->n;
		sink_uint(text, s->conf->part);
		f[n++] = (struct s3_sign_field){
			SPAN_LIT(ORIGIN_PART_HEADER), {text->p + at, text->n - at}};
	}
	if (x->kind == X_RANGE) {
		at = text->n;
		sink_lit(text, "bytes=");
		sink_uint(text, x->ask.from);
		sink_char(text, '-');
		sink_uint(text, x->ask.from + x->ask.n - 1);
		f[n++] = (struct s3_sign_field){SPAN_LIT("range"), {text->p + at, text->n - at}};
	}
	return n;
}

static void put_signature(const struct site *s, struct exchange *x, const struct span *path,
	const struct span *query, const struct s3_sign_field *f, unsigned n, struct sink *o)
{
	struct s3_sign_request r = {.method = span_str(kinds[x->kind].method),
		.path = *path,
		.query = *query,
		.host = span_str(s->host),
		.payload = aws_chunked(s, x) ? SPAN_LIT(S3_SIGN_STREAMING)
					     : SPAN_LIT(S3_SIGN_UNSIGNED),
		.field = f,
		.n_field = n};

	s3_sign_head(s->sign, &r, o, &x->seed);
}

int exchange_head(const struct site *s, struct exchange *x, char *out, size_t cap)
{
	struct sink o = {out, cap, 0};
	char space[128];
	struct sink text = {space, sizeof(space), 0};
	struct s3_sign_field f[4];
	unsigned n = signed_fields(s, x, &text, f);
	struct span path, query;

	sink_put(&o, span_str(kinds[x->kind].method));
	sink_char(&o, ' ');
	path = (struct span){out + o.n, o.n};
	put_path(s, x, &o);
	path.n = o.n - path.n;
	query = (struct span){out + o.n + 1, o.n + 1};
	if (x->kind >= X_CREATE && x->kind != X_DELETE && x->kind != X_BUCKET) {
		sink_char(&o, '?');
		put_query(s, x, &o);
		query.n = o.n - query.n;
	} else {
		query.n = 0;
	}
	sink_lit(&o, " HTTP/1.1\r\nHost: ");
	sink_put(&o, span_str(s->host));
	sink_lit(&o, "\r\nUser-Agent: penstock-s3gen/" PENSTOCK_VERSION "\r\n");
	for (unsigned i = 0; i < n; i++) {
		sink_put(&o, f[i].name);
		sink_lit(&o, ": ");
		sink_put(&o, f[i].value);
		sink_lit(&o, "\r\n");
	}
	put_framing(s, x, &o);
	if (exchange_expects(s, x))
		sink_lit(&o, "Expect: 100-continue\r\n");
	if (s->sign && o.n < cap)
		put_signature(s, x, &path, &query, f, n, &o);
	else if (aws_chunked(s, x))
		sink_lit(&o, "x-amz-content-sha256: " TRAILER "\r\n");
	sink_lit(&o, "\r\n");
	return sink_done(&o);
}

/* ---- the body ---- */

static int put_text(const struct site *s, struct buf_chain *c, const struct sink *o)
{
	return buf_chain_write(c, o->p, (uint32_t)o->n, s->pools->data);
}

static void crc_base64(uint32_t crc, char out[CRC_TEXT])
{
	static const char digit[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	uint64_t bits = (uint64_t)(crc ^ UINT32_MAX) << 16;

	for (unsigned i = 0; i < 6; i++)
		out[i] = digit[bits >> (42 - 6 * i) & 63];
	out[6] = out[7] = '=';
}

/* The line before a chunk of n bytes; of the last, n = 0, all that follows. */
static void chunk_line(const struct site *s, struct exchange *x, uint32_t n, struct sink *o)
{
	static uint8_t bytes[CHUNK];
	char hash[S3_SIGN_HEX], crc[CRC_TEXT];
	bool aws = s->conf->framing == GEN_AWS_CHUNKED;

	if (aws)
		body_copy(s->body, x->object, x->off, n, bytes);
	if (aws && s->sign) {
		s3_sign_hash(bytes, n, hash);
		s3_sign_chunk(s->sign, n, hash, &x->seed, o);
		if (n == 0)
			sink_lit(o, "\r\n");
		return;
	}
	if (aws)
		x->crc = rte_hash_crc(bytes, n, x->crc);
	put_hex(o, n);
	sink_lit(o, "\r\n");
	if (aws && n == 0) {
		crc_base64(x->crc, crc);
		sink_lit(o, CRC_FIELD ":");
		sink_put(o, (struct span){crc, CRC_TEXT});
		sink_lit(o, "\r\n");
	}
	if (n == 0)
		sink_lit(o, "\r\n");
}

static int feed_chunk(const struct site *s, struct exchange *x, struct buf_chain *c)
{
	uint32_t n = (uint32_t)RTE_MIN(x->left, (uint64_t)CHUNK), before = x->crc;
	struct s3_sign_seed seed = x->seed;
	char text[256];
	struct sink o = {text, sizeof(text), 0}, end = {(char[]){"\r\n"}, 2, 2};
	struct buf_chain piece = {0};

	chunk_line(s, x, n, &o);
	if (put_text(s, &piece, &o) < 0 ||
		(n && (body_slice(s->body, x->object, x->off, n, &piece, s->pools->indirect) < 0 ||
			      put_text(s, &piece, &end) < 0))) {
		buf_chain_free(&piece);
		x->crc = before;
		x->seed = seed;
		return -ENOMEM;
	}
	x->off += n;
	x->left -= n;
	x->sent += n;
	x->ended = n == 0;
	/* both begin with whole mbufs */
	return buf_chain_move(c, &piece, s->pools->indirect);
}

static int feed_xml(const struct site *s, struct exchange *x, struct buf_chain *c)
{
	char text[XML_PARTS * (EXCHANGE_ETAG + 64) + sizeof(XML_BEGIN XML_END)];
	struct sink o = {text, sizeof(text), 0};
	uint32_t i = (uint32_t)x->off, to = RTE_MIN(i + XML_PARTS, x->up->parts);

	if (i == 0)
		sink_lit(&o, XML_BEGIN);
	for (; i < to; i++)
		xml_part(x, i, &o);
	if (to == x->up->parts)
		sink_lit(&o, XML_END);
	if (put_text(s, c, &o) < 0)
		return -ENOMEM;
	x->off = to;
	x->ended = to == x->up->parts;
	return 0;
}

int exchange_feed(const struct site *s, struct exchange *x, struct buf_chain *c)
{
	uint32_t n = (uint32_t)RTE_MIN(x->left, (uint64_t)CHUNK);

	if (x->kind == X_COMPLETE)
		return feed_xml(s, x, c);
	if (s->conf->framing != GEN_LENGTH)
		return feed_chunk(s, x, c);
	if (n && body_slice(s->body, x->object, x->off, n, c, s->pools->indirect) < 0)
		return -ENOMEM;
	x->off += n;
	x->left -= n;
	x->sent += n;
	x->ended = x->left == 0;
	return 0;
}

/* ---- the answer ---- */

static int status_error(unsigned status)
{
	if (status == 503)
		return GEN_E_slow_down;
	if (status >= 500)
		return GEN_E_status_5xx;
	return status >= 400 ? GEN_E_status_4xx : GEN_E_status_other;
}

static int judge_object(const struct exchange *x, const struct http_head *h)
{
	/* a length is the only framing in which every byte has its place at once */
	return h->chunked || h->content_length != (int64_t)x->ask.n ? GEN_E_malformed : -1;
}

/* The part's ETag, for the end of the upload. */
static int keep_etag(struct exchange *x, const struct http_head *h)
{
	struct span etag = http_head_value(h, SPAN_LIT("etag"));
	char *slot = x->up->etag[x->up->part - 1];

	if (etag.n == 0 || etag.n >= EXCHANGE_ETAG)
		return GEN_E_malformed;
	memcpy(slot, etag.p, etag.n);
	slot[etag.n] = '\0';
	return -1;
}

int exchange_judge(struct exchange *x, const struct http_head *h)
{
	const struct kind *k = &kinds[x->kind];

	if (h->status != k->status && h->status != k->or_status)
		return status_error(h->status);
	if (k->wants == WANTS_OBJECT)
		return judge_object(x, h);
	if (x->kind == X_HEAD && h->content_length != (int64_t)x->ask.size)
		return GEN_E_malformed;
	return x->kind == X_PART ? keep_etag(x, h) : -1;
}

/* Between "<UploadId>" and "<". */
static int keep_id(struct exchange *x, const char *at)
{
	const char *end = strchr(at, '<');
	struct sink id = {x->up->id, sizeof(x->up->id), 0};

	if (!end || end == at)
		return GEN_E_malformed;
	put_encoded(&id, (struct span){at, (size_t)(end - at)});
	if (sink_done(&id) < 0)
		return GEN_E_malformed;
	x->up->n_id = (uint16_t)id.n;
	return -1;
}

int exchange_judge_text(struct exchange *x)
{
	const struct kind *k = &kinds[x->kind];
	const char *hit;

	if (k->wants != WANTS_TEXT)
		return -1;
	x->up->text[RTE_MIN(x->up->n_text, EXCHANGE_TEXT - 1u)] = '\0';
	if (strstr(x->up->text, "<Error>"))
		return GEN_E_inner;
	hit = strstr(x->up->text, k->text);
	if (!hit)
		return GEN_E_malformed;
	return x->kind == X_CREATE ? keep_id(x, hit + strlen(k->text)) : -1;
}
