/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The order of things (S3 API reference, "Signature calculations for the Authorization header"): a
 * canonical request of method, path, query, fields and payload; its hash in a string to sign; the
 * MAC of that with a key that the secret, the day, region and service give.
 */
#include <errno.h>
#include <stdlib.h>

#include "s3/s3_sha256.h"
#include "s3/s3_sign.h"

#define CANONICAL_MAX 16384 /* bytes of a canonical request */
#define TEXT_MAX      128   /* of access key, region and service */
#define ALGORITHM     "AWS4-HMAC-SHA256"
#define N_OWN         3             /* fields that are always signed */
#define TIME_MAX      253402300799u /* the last second of the year 9999 */

struct s3_signer {
	char access_key[TEXT_MAX + 1], region[TEXT_MAX + 1], service[TEXT_MAX + 1];
	char secret[4 + TEXT_MAX + 1]; /* "AWS4" and the secret key */
	char date[S3_SIGN_DATE];       /* 20130524T000000Z */
	uint64_t time;                 /* what date says */
	uint64_t day;                  /* since 1970, that key is for; UINT64_MAX: none yet */
	uint8_t key[S3__SHA256];
};

/* ---- the key ---- */

static int copy(char *to, const char *from)
{
	size_t n = strlen(from);

	if (n > TEXT_MAX)
		return -EINVAL;
	memcpy(to, from, n + 1);
	return 0;
}

struct s3_signer *s3_signer_create(
	const char *access_key, const char *secret_key, const char *region, const char *service)
{
	struct s3_signer *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	memcpy(s->secret, "AWS4", 4);
	if (copy(s->access_key, access_key) < 0 || copy(s->secret + 4, secret_key) < 0 ||
		copy(s->region, region) < 0 || copy(s->service, service) < 0) {
		s3_signer_destroy(s);
		return NULL;
	}
	s->day = UINT64_MAX;
	s3_signer_time(s, 0);
	return s;
}

void s3_signer_destroy(struct s3_signer *s)
{
	if (s)
		s3__wipe(s, sizeof(*s));
	free(s);
}

/* v as decimal digits, the last at p[n - 1]. */
static void put_digits(char *p, unsigned n, uint64_t v)
{
	for (; n; v /= 10)
		p[--n] = (char)('0' + v % 10);
}

static bool is_leap(unsigned year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* YYYYMMDD of a day since 1970, without the C library's time zones and their lock. */
static void put_day(char *p, uint64_t day)
{
	static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	unsigned year = 1970, month = 0, length;

	for (; day >= (length = is_leap(year) ? 366 : 365); year++)
		day -= length;
	for (; day >= (length = days[month] + (month == 1 && is_leap(year))); month++)
		day -= length;
	put_digits(p, 4, year);
	put_digits(p + 4, 2, month + 1);
	put_digits(p + 6, 2, day + 1);
}

static void derive_key(struct s3_signer *s)
{
	const struct span key = {(char *)s->key, sizeof(s->key)};

	s3__sha256_mac(span_str(s->secret), (struct span){s->date, 8}, s->key);
	s3__sha256_mac(key, span_str(s->region), s->key);
	s3__sha256_mac(key, span_str(s->service), s->key);
	s3__sha256_mac(key, SPAN_LIT("aws4_request"), s->key);
}

void s3_signer_time(struct s3_signer *s, uint64_t t)
{
	if (t > TIME_MAX)
		t = TIME_MAX;
	if (t == s->time && s->day != UINT64_MAX)
		return;
	s->time = t;
	s->date[8] = 'T';
	put_digits(s->date + 9, 2, t / 3600 % 24);
	put_digits(s->date + 11, 2, t / 60 % 60);
	put_digits(s->date + 13, 2, t % 60);
	s->date[15] = 'Z';
	if (t / 86400 == s->day)
		return;
	s->day = t / 86400;
	put_day(s->date, s->day);
	derive_key(s);
}

/* ---- hashes and signatures ---- */

static void hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[p[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
}

void s3_sign_hash(const void *p, size_t n, char out[S3_SIGN_HEX])
{
	uint8_t digest[S3__SHA256];

	s3__sha256_digest((struct span){p, n}, digest);
	hex(digest, sizeof(digest), out);
}

static void put_scope(const struct s3_signer *s, const char *date, struct sink *o)
{
	sink_put(o, (struct span){date, 8});
	sink_char(o, '/');
	sink_put(o, span_str(s->region));
	sink_char(o, '/');
	sink_put(o, span_str(s->service));
	sink_lit(o, "/aws4_request");
}

/* The string to sign begins with its kind, the date and the scope. */
static void put_begin(const struct s3_signer *s, struct span kind, const char *date, struct sink *o)
{
	sink_put(o, kind);
	sink_char(o, '\n');
	sink_put(o, span_str(date));
	sink_char(o, '\n');
	put_scope(s, date, o);
	sink_char(o, '\n');
}

static void sign_text(
	const struct s3_signer *s, const struct sink *text, char signature[S3_SIGN_HEX])
{
	uint8_t digest[S3__SHA256];

	s3__sha256_mac((struct span){(char *)s->key, sizeof(s->key)},
		(struct span){text->p, text->n}, digest);
	hex(digest, sizeof(digest), signature);
}

/* ---- a request ---- */

static int order(struct span a, struct span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Call put for all signed fields, ours among the caller's, in order of their names. */
static void each_field(const struct s3_signer *s, const struct s3_sign_request *r,
	void (*put)(struct sink *, const struct s3_sign_field *), struct sink *o)
{
	const struct s3_sign_field own[N_OWN] = {{SPAN_LIT("host"), r->host},
		{SPAN_LIT("x-amz-content-sha256"), r->payload},
		{SPAN_LIT("x-amz-date"), span_str(s->date)}};
	unsigned i = 0, k = 0;

	while (i < N_OWN || k < r->n_field) {
		bool mine =
			k == r->n_field || (i < N_OWN && order(own[i].name, r->field[k].name) < 0);

		put(o, mine ? &own[i++] : &r->field[k++]);
	}
}

static void put_line(struct sink *o, const struct s3_sign_field *f)
{
	sink_put(o, f->name);
	sink_char(o, ':');
	sink_put(o, f->value);
	sink_char(o, '\n');
}

static void put_name(struct sink *o, const struct s3_sign_field *f)
{
	sink_put(o, f->name);
	sink_char(o, ';');
}

/* All names but the last semicolon. */
static void put_names(const struct s3_signer *s, const struct s3_sign_request *r, struct sink *o)
{
	each_field(s, r, put_name, o);
	o->n--;
}

static int canonical_hash(
	const struct s3_signer *s, const struct s3_sign_request *r, char out[S3_SIGN_HEX])
{
	char text[CANONICAL_MAX];
	struct sink o = {.p = text, .cap = sizeof(text)};

	sink_put(&o, r->method);
	sink_char(&o, '\n');
	sink_put(&o, r->path);
	sink_char(&o, '\n');
	sink_put(&o, r->query);
	sink_char(&o, '\n');
	each_field(s, r, put_line, &o);
	sink_char(&o, '\n');
	put_names(s, r, &o);
	sink_char(&o, '\n');
	sink_put(&o, r->payload);
	if (sink_done(&o) < 0)
		return -ENOSPC;
	s3_sign_hash(text, o.n, out);
	return 0;
}

int s3_sign_head(const struct s3_signer *s, const struct s3_sign_request *r, struct sink *out,
	struct s3_sign_seed *seed)
{
	char hash[S3_SIGN_HEX], mine[S3_SIGN_HEX], text[1024];
	struct sink o = {.p = text, .cap = sizeof(text)};

	if (canonical_hash(s, r, hash) < 0)
		return -ENOSPC;
	put_begin(s, SPAN_LIT(ALGORITHM), s->date, &o);
	sink_put(&o, (struct span){hash, S3_SIGN_HEX});
	sign_text(s, &o, mine);
	if (seed) {
		memcpy(seed->signature, mine, S3_SIGN_HEX);
		memcpy(seed->date, s->date, sizeof(seed->date));
	}

	sink_lit(out, "x-amz-date: ");
	sink_put(out, span_str(s->date));
	sink_lit(out, "\r\nx-amz-content-sha256: ");
	sink_put(out, r->payload);
	sink_lit(out, "\r\nAuthorization: " ALGORITHM " Credential=");
	sink_put(out, span_str(s->access_key));
	sink_char(out, '/');
	put_scope(s, s->date, out);
	sink_lit(out, ",SignedHeaders=");
	put_names(s, r, out);
	sink_lit(out, ",Signature=");
	sink_put(out, (struct span){mine, S3_SIGN_HEX});
	sink_lit(out, "\r\n");
	return 0;
}

/* ---- aws-chunked ---- */

#define EXTENSION ";chunk-signature="

/* In hexadecimal, without leading zeros. */
static void put_size(struct sink *o, uint32_t n)
{
	unsigned shift = 28;

	while (shift && n >> shift == 0)
		shift -= 4;
	for (;; shift -= 4) {
		sink_char(o, "0123456789abcdef"[n >> shift & 15]);
		if (shift == 0)
			return;
	}
}

static uint64_t chunk_length(uint32_t n)
{
	struct sink digits = {0};

	put_size(&digits, n);
	return digits.n + sizeof(EXTENSION) - 1 + S3_SIGN_HEX + 2 + n + 2;
}

uint64_t s3_sign_streamed_length(uint64_t n, uint32_t chunk)
{
	uint64_t whole = n / chunk, sum = whole * chunk_length(chunk) + chunk_length(0);

	return n % chunk ? sum + chunk_length((uint32_t)(n % chunk)) : sum;
}

void s3_sign_chunk(const struct s3_signer *s, uint32_t n, const char hash[S3_SIGN_HEX],
	struct s3_sign_seed *seed, struct sink *out)
{
	char text[1024];
	struct sink o = {.p = text, .cap = sizeof(text)};

	put_begin(s, SPAN_LIT(ALGORITHM "-PAYLOAD"), seed->date, &o);
	sink_put(&o, (struct span){seed->signature, S3_SIGN_HEX});
	sink_lit(&o, "\n" S3_SIGN_EMPTY "\n");
	sink_put(&o, (struct span){hash, S3_SIGN_HEX});
	sign_text(s, &o, seed->signature);
	put_size(out, n);
	sink_lit(out, EXTENSION);
	sink_put(out, (struct span){seed->signature, S3_SIGN_HEX});
	sink_lit(out, "\r\n");
}
