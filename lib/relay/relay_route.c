/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a request wants (lib/s3), and where the operator's [route] sections send it: the first in
 * the file's order of which everything fits, else the listener's pool. Both are settled once, with
 * the first build of the head: a request that is tried again stays in its pool, whatever snapshot
 * came meanwhile.
 */
#include <errno.h>

#include "base/assert.h"
#include "base/siphash.h"
#include "relay/relay_priv.h"

_Static_assert((int)S3_READ == CONF_S3_READ && (int)S3_ADMIN == CONF_S3_ADMIN, "classes agree");
_Static_assert((int)S3_SIZE_TINY == CONF_SIZE_TINY && (int)S3_SIZES == CONF_SIZES, "sizes agree");

/* ---- what it wants ---- */

/* The fields that tell, of a head's. */
static void s3_head_fill(struct s3_head *out, const struct http_head *h)
{
	*out = (struct s3_head){.method = h->method_name,
		.path = h->path,
		.query = h->query,
		.host = h->host,
		.content_length = h->content_length};
	for (unsigned i = 0; i < h->n_fields; i++) {
		const struct http_field *f = &h->field[i];

		switch (f->id) {
		case HTTP_NAME_AUTHORIZATION:
			/* which of two counts is the node's to say */
			out->authorization = out->authorization.p ? SPAN_LIT("?") : f->value;
			break;
		case HTTP_NAME_RANGE:
			out->range = f->value;
			break;
		case HTTP_NAME_COPY_SOURCE:
			out->copy_source = f->value;
			break;
		case HTTP_NAME_CONTENT_SHA256:
			out->content_sha256 = f->value;
			break;
		case HTTP_NAME_DECODED_LENGTH:
			out->decoded_length = f->value;
			break;
		case HTTP_NAME_IF_MATCH:
		case HTTP_NAME_IF_NONE_MATCH:
		case HTTP_NAME_WRITE_OFFSET:
			out->conditional = true;
			break;
		}
	}
}

/* The same for all appliances in front of a pool, and after a restart: so no secret. Who chooses
 * keys that meet on one member harms nobody but that member's cache; bounded load sees to the rest.
 */
static uint64_t hash_of(struct span a, struct span b)
{
	static const struct siphash_key fixed = {{0x50656e73746f636bull, 0x6861736862616c21ull}};

	return siphash13(&fixed, a.p, a.n) ^ (siphash13(&fixed, b.p, b.n) << 1);
}

/* As a node reads it: two ways to write a name are one name. In *at, which moves. */
static struct span plain(struct span raw, char **at)
{
	struct span out = {*at, 0};

	if (!raw.n || !memchr(raw.p, '%', raw.n))
		return raw;
	out.n = (size_t)s3_text_decode(raw, *at, raw.n);
	*at += out.n;
	return out;
}

/* r->head is q's. Its spans, and those of r->s3, live until the scratch is used again; bucket, key
 * and the access key of a query are decoded there. */
static void classify(struct relay *r, struct request *q)
{
	const struct conf_listener *l = front_conf(r, q->front);
	struct s3_request *s = &r->s3;
	char *at = r->out; /* has room for a whole head */

	s3_head_fill(&r->s3_head, &r->head);
	s3_request_classify(s, &r->s3_head, l->domains, l->n_domains);
	s->bucket = plain(s->bucket, &at);
	s->key = plain(s->key, &at);
	if (s->auth == S3_AUTH_V4_PRESIGNED || s->auth == S3_AUTH_V2_PRESIGNED)
		s->access_key = plain(s->access_key, &at);
	q->op = s->op;
	q->op_flags = s->flags;
	q->size = s->size;
	/* a configuration that is read, as GetBucketLocation, says nothing of a disk that is full
	 */
	q->writes = s->op_class != S3_READ && s->op_class != S3_LIST &&
		    r->head.method != HTTP_GET && r->head.method != HTTP_HEAD;
	q->hash = s->upload_id.n ? hash_of(s->upload_id, (struct span){"", 0})
				 : hash_of(s->bucket, s->key);
	q->upload = s->upload_id.n > 0;
}

/* ---- where it goes ---- */

static bool bit_fits(uint32_t bits, unsigned bit)
{
	return bits == 0 || bits & 1u << bit;
}

static bool listener_fits(const struct conf_route *to, unsigned listener)
{
	for (unsigned i = 0; i < to->n_listeners; i++)
		if (to->listeners[i] == listener)
			return true;
	return to->n_listeners == 0;
}

static bool source_fits(const struct conf_route *to, const struct ip_addr *a)
{
	for (unsigned i = 0; i < to->n_source; i++)
		if (ip_is_v4(a) == ip_is_v4(&to->source[i].addr) &&
			ip_in_net(a, &to->source[i].addr, to->source[i].bits))
			return true;
	return to->n_source == 0;
}

static bool subject_fits(const struct conf_route *to, const struct stream *e)
{
	struct tls_facts facts = {.subject = ""};

	if (to->subject.n == 0)
		return true;
	if (e->tls)
		tls_facts(e->tls, &facts);
	return conf_patterns_fit(&to->subject, span_str(facts.subject));
}

/* One of the fields of that name fits: a field may be sent more than once. */
static bool header_fits(const struct conf_header_pattern *want, const struct http_head *h)
{
	for (unsigned i = 0; i < h->n_fields; i++)
		if (span_ieq(h->field[i].name, span_str(want->name)) &&
			conf_pattern_fits(want->pattern, h->field[i].value))
			return true;
	return false;
}

static bool headers_fit(const struct conf_route *to, const struct http_head *h)
{
	for (unsigned i = 0; i < to->n_header; i++)
		if (!header_fits(&to->header[i], h))
			return false;
	return true;
}

/* Host without its port and the root's dot, as operators write names. */
static struct span host_of(const struct http_head *h)
{
	struct span host = h->host;
	const char *colon = host.n ? memrchr(host.p, ':', host.n) : NULL;

	if (colon && !memchr(colon, ']', (size_t)(host.p + host.n - colon)))
		host.n = (size_t)(colon - host.p);
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	return host;
}

/* That of a host is written in any case. */
static bool bucket_fits(const struct conf_route *to, const struct s3_request *s)
{
	return conf_patterns_fit(&to->bucket, s->bucket) ||
	       (s->style == S3_VIRTUAL_HOST && conf_patterns_fit_host(&to->bucket, s->bucket));
}

static bool route_fits(const struct relay *r, const struct conf_route *to, const struct front *f)
{
	const struct s3_request *s = &r->s3;

	return listener_fits(to, f->listener->index) && bit_fits(to->classes, s->op_class) &&
	       bit_fits(to->sizes, s->size) &&
	       conf_patterns_fit(&to->operation, span_str(s3_op_name(s->op))) &&
	       conf_patterns_fit(&to->method, r->head.method_name) && bucket_fits(to, s) &&
	       conf_patterns_fit(&to->key, s->key) &&
	       conf_patterns_fit(&to->access_key, s->access_key) &&
	       conf_patterns_fit_host(&to->host, host_of(&r->head)) &&
	       source_fits(to, &f->end.conn->remote) && headers_fit(to, &r->head) &&
	       subject_fits(to, &f->end);
}

static const struct conf_route *route_of(const struct relay *r, const struct front *f)
{
	const struct conf *conf = f->listener->snap->conf;

	for (unsigned i = 0; i < conf->n_routes; i++)
		if (route_fits(r, &conf->routes[i], f))
			return &conf->routes[i];
	return NULL;
}

bool relay__route(struct relay *r, struct request *q, enum run *answered)
{
	struct front *f = q->front;
	const struct conf_route *to;
	unsigned pool = front_conf(r, f)->pool;

	classify(r, q);
	to = route_of(r, f);
	if (to && to->action != CONF_ROUTE_POOL) {
		*answered = relay__request_turn_away(r, q, to);
		return false;
	}
	if (to)
		pool = to->pool;
	q->pool = lb_pool_get(relay__pool(f->listener, pool));
	return true;
}

int relay__routes_check(const struct conf *conf, struct err *e)
{
	for (unsigned i = 0; i < conf->n_routes; i++) {
		const struct conf_route *to = &conf->routes[i];

		for (unsigned k = 0; k < to->operation.n; k++)
			if (s3_op_find(span_str(to->operation.p[k])) < 0)
				return err_set(e, EINVAL,
					"%s:%u: [route %s] operation: %s is none that is known, "
					"allowed: S3's names, as GetObject",
					to->at.file, to->at.line, to->name, to->operation.p[k]);
	}
	return 0;
}
