/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of [route NAME] and [check NAME], and what of sections lies apart from their structs. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>

#include "conf/conf_priv.h"

#define UPPER      "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define WILD       "*?"
#define METHOD_MAX 16 /* bytes */

void conf__pool_begin(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_pool *pool = sec->obj;

	pool->members =
		conf__items_alloc(ld, sec, "member", sizeof(*pool->members), CONF_MEMBERS_MAX);
}

void conf__listener_begin(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_listener *l = sec->obj;

	l->server_names = conf__items_alloc(
		ld, sec, "server-name", sizeof(*l->server_names), CONF_SERVER_NAMES_MAX);
	l->domains = conf__items_alloc(ld, sec, "domain", sizeof(*l->domains), CONF_DOMAINS_MAX);
}

void conf__route_begin(struct conf_reader *ld, struct conf_section *sec)
{
	struct conf_route *r = sec->obj;

	for (const struct conf_key *k = sec->kind->keys; k < sec->kind->keys + sec->kind->n_keys;
		k++) {
		struct conf_patterns *l = (void *)((char *)r + k->offset);

		if (k->size == sizeof(*l)) /* no other field has it */
			l->p = conf__items_alloc(
				ld, sec, k->name, sizeof(*l->p), CONF_PATTERNS_MAX);
	}
	r->listener_names = conf__items_alloc(
		ld, sec, "listener", sizeof(*r->listener_names), CONF_LISTENERS_MAX);
	r->listeners =
		conf__items_alloc(ld, sec, "listener", sizeof(*r->listeners), CONF_LISTENERS_MAX);
	r->source = conf__items_alloc(ld, sec, "source", sizeof(*r->source), CONF_PATTERNS_MAX);
	r->header = conf__items_alloc(ld, sec, "header", sizeof(*r->header), CONF_PATTERNS_MAX);
}

/* Nothing but these characters, and one at least. */
static bool only(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

static const char *lower(struct conf_value *v, struct span text)
{
	char *copy = (char *)conf_strdup(v->ld, text); /* not yet anybody's to read */

	for (char *c = copy; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return copy;
}

/* RFC 9110 5.6.2 */
static bool is_token(const char *text)
{
	return only(text, CONF__ALNUM "!#$%&'*+-.^_`|~");
}

/* Why a text is no pattern, or NULL. */
static const char *pattern_fault(const char *text)
{
	return !*text ? "empty" : strlen(text) > CONF_PATTERN_MAX ? "too long" : NULL;
}

/* ---- [route NAME] ---- */

/* One more of struct conf_patterns, whose array has room for all items. */
static int pattern_add(struct conf_value *v, const char *text)
{
	struct conf_patterns *l = v->field;

	if (pattern_fault(v->text))
		return conf_bad(v, "%s", pattern_fault(v->text));
	if (l->n == CONF_PATTERNS_MAX)
		return conf_bad(v, "more than %u", CONF_PATTERNS_MAX);
	/* const for readers of the snapshot, not yet for us */
	((const char **)l->p)[l->n++] = text;
	return 0;
}

int conf_value_pattern(struct conf_value *v)
{
	return pattern_add(v, conf_strdup(v->ld, span_str(v->text)));
}

int conf_value_host_pattern(struct conf_value *v)
{
	if (!only(v->text, CONF__ALNUM ".-:[]" WILD))
		return conf_bad(v, "'%.64s' does not fit the name of a host", v->text);
	return pattern_add(v, lower(v, span_str(v->text)));
}

int conf_value_method_pattern(struct conf_value *v)
{
	if (!only(v->text, UPPER "-" WILD))
		return conf_bad(v, "'%.64s' does not fit a method", v->text);
	return conf_value_pattern(v);
}

int conf_value_operation(struct conf_value *v)
{
	if (!only(v->text, CONF__ALNUM))
		return conf_bad(v, "'%.64s' is not the name of an operation", v->text);
	return conf_value_pattern(v);
}

int conf_value_route_listener(struct conf_value *v)
{
	struct conf_route *r = v->obj;

	if (!conf__name_ok(v->text))
		return conf_bad(v, "'%.64s' is not a name", v->text);
	for (unsigned i = 0; i < r->n_listeners; i++)
		if (strcmp(r->listener_names[i], v->text) == 0)
			return conf_bad(v, "%s is given twice", v->text);
	if (r->n_listeners == CONF_LISTENERS_MAX)
		return conf_bad(v, "more than %u", CONF_LISTENERS_MAX);
	((const char **)r->listener_names)[r->n_listeners++] =
		conf_strdup(v->ld, span_str(v->text));
	return 0;
}

int conf_value_source(struct conf_value *v)
{
	struct conf_route *r = v->obj;
	struct conf_prefix p = {0};
	struct conf_value one = *v;

	one.field = &p;
	if (conf_value_target(&one) < 0)
		return -EINVAL;
	if (r->n_source == CONF_PATTERNS_MAX)
		return conf_bad(v, "more than %u", CONF_PATTERNS_MAX);
	((struct conf_prefix *)r->source)[r->n_source++] = p;
	return 0;
}

/* "NAME PATTERN" */
int conf_value_header(struct conf_value *v)
{
	struct conf_route *r = v->obj;
	struct span rest = span_str(v->text);
	const char *name = lower(v, span_word(&rest));
	const char *pattern = conf_strdup(v->ld, span_trim(rest));

	if (!is_token(name))
		return conf_bad(v, "'%.64s' is not the name of a field", name);
	if (pattern_fault(pattern))
		return conf_bad(v, "the pattern is %s", pattern_fault(pattern));
	if (r->n_header == CONF_PATTERNS_MAX)
		return conf_bad(v, "more than %u", CONF_PATTERNS_MAX);
	((struct conf_header_pattern *)r->header)[r->n_header++] =
		(struct conf_header_pattern){name, pattern};
	return 0;
}

/* A host or an address, with a port or not: of Host and of URLs (RFC 9110 4.2). */
static bool is_authority(const char *text)
{
	return only(text, CONF__ALNUM ".-:[]") && text[0] != ':' && strlen(text) < 260;
}

static bool is_redirect(unsigned status)
{
	return status == 301 || status == 302 || status == 307 || status == 308;
}

/* "[STATUS] SCHEME://AUTHORITY" */
int conf_value_redirect(struct conf_value *v)
{
	struct conf_route *r = v->obj;
	struct span rest = span_str(v->text), word = span_word(&rest), next = span_word(&rest);
	const char *to = conf_strdup(v->ld, next.n ? next : word), *host = strstr(to, "://");
	unsigned status = 307; /* keeps the method, and with it an upload's */

	if (next.n && (word.n != 3 || sscanf(v->text, "%3u", &status) != 1 || !is_redirect(status)))
		return conf_bad(v, "'%.*s' is not a status for it",
			(int)(word.n < 64 ? word.n : 64), word.p);
	if (!host || (strncmp(to, "http://", 7) != 0 && strncmp(to, "https://", 8) != 0) ||
		!is_authority(host + 3) || span_trim(rest).n)
		return conf_bad(v, "'%.64s' is not a scheme and a host", v->text);
	r->status = (uint16_t)status;
	r->location = to;
	return 0;
}

/* ---- [check NAME] ---- */

static int text_store(struct conf_value *v)
{
	*(const char **)v->field = conf_strdup(v->ld, span_str(v->text));
	return 0;
}

int conf_value_method(struct conf_value *v)
{
	if (!only(v->text, UPPER) || strlen(v->text) > METHOD_MAX)
		return conf_bad(v, "'%.64s' is not a method", v->text);
	return text_store(v);
}

/* RFC 9112 3.2.1; what a request line cannot hold is left to the operator to encode. */
int conf_value_target_path(struct conf_value *v)
{
	size_t n = strlen(v->text);
	bool ok = v->text[0] == '/' && n <= CONF_PATTERN_MAX;

	for (size_t i = 0; i < n; i++)
		ok &= v->text[i] > ' ' && v->text[i] < 0x7f && v->text[i] != '#';
	return ok ? text_store(v) : conf_bad(v, "'%.64s' is not a path", v->text);
}

int conf_value_authority(struct conf_value *v)
{
	if (!is_authority(v->text))
		return conf_bad(v, "'%.64s' is not the name of a host", v->text);
	return text_store(v);
}

/* A path's segment that needs no encoding; S3 allows '_' and capitals in old names. */
int conf_value_bucket(struct conf_value *v)
{
	size_t n = strlen(v->text);

	if (n < 3 || n > 255 || !only(v->text, CONF__ALNUM ".-_"))
		return conf_bad(v, "'%.64s' is not the name of a bucket", v->text);
	return text_store(v);
}

/* RFC 3986 2.3: what has no other way to be written in a URL, which is what is signed */
int conf_value_prefix(struct conf_value *v)
{
	if (!only(v->text, CONF__ALNUM "-._~/") || v->text[0] == '/')
		return conf_bad(v, "'%.64s' does not begin a key", v->text);
	return text_store(v);
}

/* "200" or "200-399" */
int conf_value_status(struct conf_value *v)
{
	struct conf_check *c = v->obj;
	unsigned low, high;
	int end = 0, n = 0;

	if (only(v->text, "0123456789-"))
		n = sscanf(v->text, "%3u%n-%3u%n", &low, &end, &high, &end);
	if (n < 1 || v->text[end])
		return conf_bad(v, "'%.64s' is not a status or a range", v->text);
	if (n == 1)
		high = low;
	if (low < v->key->min || high > v->key->max || low > high)
		return conf_bad(v, "%.64s is out of range", v->text);
	c->status_low = (uint16_t)low;
	c->status_high = (uint16_t)high;
	return 0;
}
