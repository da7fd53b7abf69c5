/* SPDX-License-Identifier: BSD-3-Clause */
/* Values that only s3gen's file has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

#define WEIGHT_MAX 1000000u
#define SIZE_MAX_B (5ull << 40) /* S3's largest object */
#define TIME_MAX_S 3600.0

/* Digits, perhaps with a point, and one of the units; the number in units of `scale[i]`. */
static bool number(struct span text, const char *const *unit, const double *scale, double *out)
{
	char copy[32];
	size_t n;

	snprintf(copy, sizeof(copy), "%.*s", (int)RTE_MIN(text.n, sizeof(copy) - 1), text.p);
	n = strspn(copy, "0123456789.");
	if (n == 0 || n > 20 || text.n >= sizeof(copy) || strchr(copy, '.') != strrchr(copy, '.'))
		return false;
	*out = strtod(copy, NULL);
	for (unsigned i = 0; unit[i]; i++) {
		if (strcmp(copy + n, unit[i]) != 0)
			continue;
		*out *= scale[i];
		return true;
	}
	return false;
}

static bool plain(struct span text, double *out)
{
	static const char *const unit[] = {"", NULL};
	static const double one[] = {1};

	return number(text, unit, one, out);
}

static bool seconds(struct span text, double *out)
{
	static const char *const unit[] = {"us", "ms", "s", "m", "h", NULL};
	static const double scale[] = {1e-6, 1e-3, 1, 60, 3600};

	return number(text, unit, scale, out) && *out <= TIME_MAX_S;
}

/* A share of 1. */
static bool share(struct span text, double *out)
{
	static const char *const unit[] = {"%", NULL};
	static const double scale[] = {0.01};

	return number(text, unit, scale, out) && *out <= 1;
}

static uint32_t chance(double of_one)
{
	double c = of_one * (double)GEN_CHANCE;

	return c >= UINT32_MAX ? UINT32_MAX : (uint32_t)c;
}

/* How often, as "90" or "90%"; 1 where the file says nothing. */
static bool weight(struct span text, uint32_t *out)
{
	double w = 1;

	if (text.n && text.p[text.n - 1] == '%')
		text.n--;
	if (text.n && !plain(text, &w))
		return false;
	*out = (uint32_t)w;
	return w >= 1 && w <= WEIGHT_MAX && w == *out;
}

int file_value_core(struct conf_value *v)
{
	if (strcmp(v->text, "any") != 0)
		return conf_value_number(v);
	*(uint32_t *)v->field = GEN_ANY_CORE;
	return 0;
}

int file_value_time(struct conf_value *v)
{
	struct span rest = span_str(v->text), word = span_word(&rest);
	struct gen_time *t = v->field;
	double s, sigma = 0;

	t->shape = GEN_FIXED;
	if (span_eq(word, SPAN_LIT("exponential")))
		t->shape = GEN_EXPONENTIAL;
	if (span_eq(word, SPAN_LIT("lognormal")))
		t->shape = GEN_LOGNORMAL;
	if (t->shape != GEN_FIXED)
		word = span_word(&rest);
	if (!seconds(word, &s))
		return conf_bad(v, "'%.64s' is not a time", v->text);
	word = span_word(&rest);
	if ((word.n > 0) != (t->shape == GEN_LOGNORMAL) || span_word(&rest).n ||
		(word.n && (!plain(word, &sigma) || sigma > 4)))
		return conf_bad(v, "'%.64s' is not a distribution", v->text);
	t->us = (uint32_t)(s * 1e6 + 0.5);
	t->sigma = (float)sigma;
	return 0;
}

int file_value_rate(struct conf_value *v)
{
	double x;

	if (!plain(span_str(v->text), &x))
		return conf_bad(v, "'%.64s' is not a number", v->text);
	if (x < 0.001 || x > 1e8)
		return conf_bad(v, "%.64s is out of range", v->text);
	*(uint64_t *)v->field = (uint64_t)(x * 1000 + 0.5);
	return 0;
}

int file_value_chance(struct conf_value *v)
{
	double x;

	if (!share(span_str(v->text), &x))
		return conf_bad(v, "'%.64s' is not a share", v->text);
	*(uint32_t *)v->field = chance(x);
	return 0;
}

int file_value_capacity(struct conf_value *v)
{
	struct span rest = span_str(v->text), of = span_word(&rest), time = span_word(&rest);
	struct gen_origins *o = v->obj;
	double n, s;

	if (!plain(of, &n) || !seconds(time, &s) || span_word(&rest).n)
		return conf_bad(v, "'%.64s' is not a number and a time", v->text);
	if (n < 1 || n > GEN_SEATS_MAX || n != (uint32_t)n)
		return conf_bad(v, "%.64s is out of range", v->text);
	o->seats = (uint32_t)n;
	o->patience_us = (uint32_t)(s * 1e6 + 0.5);
	return 0;
}

int file_value_stall(struct conf_value *v)
{
	struct span rest = span_str(v->text), of = span_word(&rest), time = span_word(&rest);
	struct gen_origins *o = v->obj;
	double x, s;

	if (!share(of, &x) || !seconds(time, &s) || span_word(&rest).n)
		return conf_bad(v, "'%.64s' is not a share and a time", v->text);
	o->fault.stall = chance(x);
	o->fault.stall_ms = (uint32_t)(s * 1000);
	return 0;
}

int file_value_drip(struct conf_value *v)
{
	struct span rest = span_str(v->text), of = span_word(&rest), rate = span_word(&rest);
	struct gen_origins *o = v->obj;
	char text[32];
	double x;

	snprintf(text, sizeof(text), "%.*s", (int)RTE_MIN(rate.n, sizeof(text) - 1), rate.p);
	if (!share(of, &x) || conf_bytes_parse(text, &o->fault.drip_rate) < 0 ||
		o->fault.drip_rate == 0 || span_word(&rest).n)
		return conf_bad(v, "'%.64s' is not a share and bytes a second", v->text);
	o->fault.drip = chance(x);
	return 0;
}

/* "10.0.0.10:8000", or several with the ports of a range: "10.0.0.10:8000-8007". Adds to `at`. */
static int endpoints(struct conf_value *v, struct ip_endpoint *at, unsigned *n, unsigned max)
{
	const char *dash = strrchr(v->text, '-');
	char first[IP_ENDPOINT_TEXT + 8], *end = NULL;
	struct ip_endpoint e;
	unsigned long last;

	snprintf(first, sizeof(first), "%.*s", (int)(dash ? dash - v->text : 60), v->text);
	if (ip_endpoint_parse(first, &e) < 0 || ip_is_unspecified(&e.addr) ||
		ip_is_multicast(&e.addr))
		return conf_bad(v, "'%.64s' is not an address and port", v->text);
	last = dash ? strtoul(dash + 1, &end, 10) : e.port;
	if (last < e.port || last > UINT16_MAX || (dash && (end == dash + 1 || *end)))
		return conf_bad(v, "'%.64s' is not a range of ports", v->text);
	for (unsigned long port = e.port; port <= last; port++) {
		for (unsigned i = 0; i < *n; i++)
			if (at[i].port == port && ip_addr_eq(&at[i].addr, &e.addr))
				return conf_bad(v, "%.64s is given twice", v->text);
		if (*n == max)
			return conf_bad(v, "more than %u", max);
		e.port = (uint16_t)port;
		at[(*n)++] = e;
	}
	return 0;
}

int file_value_target(struct conf_value *v)
{
	struct gen_clients *c = v->obj;

	return endpoints(v, c->target, &c->n_target, GEN_TARGETS_MAX);
}

int file_value_listen(struct conf_value *v)
{
	struct gen_origins *o = v->obj;

	return endpoints(v, o->listen, &o->n_listen, GEN_LISTEN_MAX);
}

int file_value_operation(struct conf_value *v)
{
	struct span rest = span_str(v->text), word = span_word(&rest), w = span_word(&rest);
	struct gen_workload *load = v->obj;

	for (unsigned op = 0; op < GEN_OPS; op++) {
		if (!span_eq(word, span_str(file_op_name(op))))
			continue;
		if (load->op[op])
			return conf_bad(v, "%s is given twice", file_op_name(op));
		if (!weight(w, &load->op[op]) || span_word(&rest).n)
			break;
		return 0;
	}
	return conf_bad(v, "'%.64s' is not an operation and a weight", v->text);
}

int file_value_size(struct conf_value *v)
{
	struct span rest = span_str(v->text), word = span_word(&rest), w = span_word(&rest);
	struct gen_workload *load = v->obj;
	const char *dash = memchr(word.p, '-', word.n);
	char from[24], to[24];
	struct gen_size s;
	size_t n = dash ? (size_t)(dash - word.p) : word.n;

	snprintf(from, sizeof(from), "%.*s", (int)RTE_MIN(n, sizeof(from) - 1), word.p);
	snprintf(to, sizeof(to), "%.*s", dash ? (int)RTE_MIN(word.n - n - 1, sizeof(to) - 1) : 0,
		dash ? dash + 1 : "");
	if (conf_bytes_parse(from, &s.min) < 0 || conf_bytes_parse(dash ? to : from, &s.max) < 0 ||
		s.min > s.max || s.max > SIZE_MAX_B || (dash && s.min == 0))
		return conf_bad(v, "'%.64s' is not a size or a range of sizes", v->text);
	if (!weight(w, &s.weight) || span_word(&rest).n)
		return conf_bad(v, "'%.64s' is not a size and a weight", v->text);
	if (load->n_size == GEN_SIZES_MAX)
		return conf_bad(v, "more than %u", GEN_SIZES_MAX);
	load->size[load->n_size++] = s;
	return 0;
}

int file_value_popularity(struct conf_value *v)
{
	static const char *const names[] = {[GEN_UNIFORM] = "uniform",
		[GEN_ZIPF] = "zipf",
		[GEN_HOT] = "hot",
		[GEN_SHUFFLE] = "shuffle",
		[GEN_SEQUENCE] = "sequence"};
	struct span rest = span_str(v->text), word = span_word(&rest), arg = span_word(&rest);
	struct gen_workload *load = v->obj;
	double x = 0;
	unsigned p = 0;

	while (p < RTE_DIM(names) && !span_eq(word, span_str(names[p])))
		p++;
	if (p == RTE_DIM(names) || span_word(&rest).n)
		return conf_bad(v, "'%.64s' is not a popularity", v->text);
	if (p == GEN_ZIPF      ? !plain(arg, &x) || x <= 0 || x > 4
		: p == GEN_HOT ? !share(arg, &x)
			       : arg.n > 0)
		return conf_bad(v, "'%.64s' lacks its number, or has one too many", v->text);
	load->popularity = p;
	load->skew = (float)x;
	return 0;
}

int file_value_key(struct conf_value *v)
{
	/* unreserved characters and the slash (RFC 3986 2.3) */
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				 "-._~/";

	if (v->text[strspn(v->text, ok)] || strlen(v->text) > 255)
		return conf_bad(v, "'%.64s' would have to be escaped, or is too long", v->text);
	return *v->text ? conf_value_text(v) : 0;
}
