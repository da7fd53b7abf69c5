/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "sign.h"

#define CANONICAL_MAX 16384 /* bytes of a canonical request */
#define TEXT_MAX      128   /* of access key, region and service */
#define ALGORITHM     "AWS4-HMAC-SHA256"
#define N_OWN         3 /* fields that are always signed */

struct sign {
	char access_key[TEXT_MAX + 1], region[TEXT_MAX + 1], service[TEXT_MAX + 1];
	char secret[4 + TEXT_MAX + 1]; /* "AWS4" and the secret key */
	char date[SIGN_DATE];          /* 20130524T000000Z */
	time_t time;                   /* what date says */
	long day;                      /* since the epoch, that key is for */
	uint8_t key[32];
};

/* ---- the key ---- */

static void hmac(const uint8_t *key, size_t n_key, struct span text, uint8_t out[32])
{
	unsigned n = 32;

	HMAC(EVP_sha256(), key, (int)n_key, (const uint8_t *)text.p, text.n, out, &n);
}

static int copy(char *to, const char *from)
{
	size_t n = strlen(from);

	if (n > TEXT_MAX)
		return -EINVAL;
	memcpy(to, from, n + 1);
	return 0;
}

struct sign *sign_create(
	const char *access_key, const char *secret_key, const char *region, const char *service)
{
	struct sign *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	memcpy(s->secret, "AWS4", 4);
	if (copy(s->access_key, access_key) < 0 || copy(s->secret + 4, secret_key) < 0 ||
		copy(s->region, region) < 0 || copy(s->service, service) < 0) {
		sign_destroy(s);
		return NULL;
	}
	s->day = -1;
	sign_time(s, 0);
	return s;
}

void sign_destroy(struct sign *s)
{
	if (s)
		OPENSSL_cleanse(s, sizeof(*s));
	free(s);
}

void sign_time(struct sign *s, time_t t)
{
	struct tm tm;

	if (t == s->time && s->day >= 0)
		return;
	gmtime_r(&t, &tm);
	strftime(s->date, sizeof(s->date), "%Y%m%dT%H%M%SZ", &tm);
	s->time = t;
	if (t / 86400 == s->day)
		return;
	s->day = t / 86400;
	hmac((uint8_t *)s->secret, strlen(s->secret), (struct span){s->date, 8}, s->key);
	hmac(s->key, 32, span_str(s->region), s->key);
	hmac(s->key, 32, span_str(s->service), s->key);
	hmac(s->key, 32, SPAN_LIT("aws4_request"), s->key);
}

/* ---- hashes and signatures ---- */

static void hex(const uint8_t *p, size_t n, char *out)
{
	for (size_t i = 0; i < n; i++) {
		out[2 * i] = "0123456789abcdef"[p[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[p[i] & 15];
	}
}

void sign_hash(const void *p, size_t n, char out[SIGN_HEX])
{
	uint8_t digest[32];

	EVP_Digest(p, n, digest, NULL, EVP_sha256(), NULL);
	hex(digest, sizeof(digest), out);
}

static void put_scope(const struct sign *s, const char *date, struct sink *o)
{
	sink_put(o, (struct span){date, 8});
	sink_char(o, '/');
	sink_put(o, span_str(s->region));
	sink_char(o, '/');
	sink_put(o, span_str(s->service));
	sink_lit(o, "/aws4_request");
}

/* The string to sign begins with its kind, the date and the scope. */
static void put_begin(const struct sign *s, struct span kind, const char *date, struct sink *o)
{
	sink_put(o, kind);
	sink_char(o, '\n');
	sink_put(o, span_str(date));
	sink_char(o, '\n');
	put_scope(s, date, o);
	sink_char(o, '\n');
}

static void sign_text(const struct sign *s, const struct sink *text, char signature[SIGN_HEX])
{
	uint8_t mac[32];

	hmac(s->key, sizeof(s->key), (struct span){text->p, text->n}, mac);
	hex(mac, sizeof(mac), signature);
}

/* ---- a request ---- */

static int order(struct span a, struct span b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);

	return c ? c : (a.n > b.n) - (a.n < b.n);
}

/* Call put for all signed fields, ours among the caller's, in order of their names. */
static void each_field(const struct sign *s, const struct sign_request *r,
	void (*put)(struct sink *, const struct sign_field *), struct sink *o)
{
	const struct sign_field own[N_OWN] = {{SPAN_LIT("host"), r->host},
		{SPAN_LIT("x-amz-content-sha256"), r->payload},
		{SPAN_LIT("x-amz-date"), span_str(s->date)}};
	unsigned i = 0, k = 0;

	while (i < N_OWN || k < r->n_field) {
		bool mine =
			k == r->n_field || (i < N_OWN && order(own[i].name, r->field[k].name) < 0);

		put(o, mine ? &own[i++] : &r->field[k++]);
	}
}

static void put_line(struct sink *o, const struct sign_field *f)
{
	sink_put(o, f->name);
	sink_char(o, ':');
	sink_put(o, f->value);
	sink_char(o, '\n');
}

static void put_name(struct sink *o, const struct sign_field *f)
{
	sink_put(o, f->name);
	sink_char(o, ';');
}

/* All names but the last semicolon. */
static void put_names(const struct sign *s, const struct sign_request *r, struct sink *o)
{
	each_field(s, r, put_name, o);
	o->n--;
}

static int canonical_hash(const struct sign *s, const struct sign_request *r, char out[SIGN_HEX])
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
	sign_hash(text, o.n, out);
	return 0;
}

int sign_head(const struct sign *s, const struct sign_request *r, struct sink *out,
	struct sign_seed *seed)
{
	char hash[SIGN_HEX], mine[SIGN_HEX], text[1024];
	struct sink o = {.p = text, .cap = sizeof(text)};

	if (canonical_hash(s, r, hash) < 0)
		return -ENOSPC;
	put_begin(s, SPAN_LIT(ALGORITHM), s->date, &o);
	sink_put(&o, (struct span){hash, SIGN_HEX});
	sign_text(s, &o, mine);
	if (seed) {
		memcpy(seed->signature, mine, SIGN_HEX);
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
	sink_put(out, (struct span){mine, SIGN_HEX});
	sink_lit(out, "\r\n");
	return 0;
}

/* ---- aws-chunked ---- */

#define EXTENSION ";chunk-signature="

static void put_size(struct sink *o, uint32_t n)
{
	char text[9];

	sink_put(o, (struct span){text, (size_t)snprintf(text, sizeof(text), "%x", n)});
}

static uint64_t chunk_length(uint32_t n)
{
	struct sink digits = {0};

	put_size(&digits, n);
	return digits.n + sizeof(EXTENSION) - 1 + SIGN_HEX + 2 + n + 2;
}

uint64_t sign_streamed_length(uint64_t n, uint32_t chunk)
{
	uint64_t whole = n / chunk, sum = whole * chunk_length(chunk) + chunk_length(0);

	return n % chunk ? sum + chunk_length((uint32_t)(n % chunk)) : sum;
}

void sign_chunk(const struct sign *s, uint32_t n, const char hash[SIGN_HEX], struct sign_seed *seed,
	struct sink *out)
{
	char text[1024];
	struct sink o = {.p = text, .cap = sizeof(text)};

	put_begin(s, SPAN_LIT(ALGORITHM "-PAYLOAD"), seed->date, &o);
	sink_put(&o, (struct span){seed->signature, SIGN_HEX});
	sink_lit(&o, "\n" SIGN_EMPTY "\n");
	sink_put(&o, (struct span){hash, SIGN_HEX});
	sign_text(s, &o, seed->signature);
	put_size(out, n);
	sink_lit(out, EXTENSION);
	sink_put(out, (struct span){seed->signature, SIGN_HEX});
	sink_lit(out, "\r\n");
}
