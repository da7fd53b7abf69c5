/* SPDX-License-Identifier: BSD-3-Clause */
/* Values of [route NAME] and [check NAME]: good ones arrive, bad ones are told. */
#include "conf_test.h"

#define BASE                                                                                       \
	PORT "[listener l]\naddress = 10.0.0.1:80\npool = p\ndomain = S3.Example.com, s3.test\n"   \
	     "[listener m]\naddress = 10.0.0.1:81\npool = p\n"                                     \
	     "[pool p]\nmember = a 10.0.0.2:80 priority=3\n"                                       \
	     "[pool q]\nmember = a 10.0.0.2:80 weight=2\ncheck = c\n" /* to line 15 */

static void routes(void)
{
	struct conf *c =
		parse(BASE "[route r]\nlistener = m, l\nhost = *.S3.test, s3.test\n"
			   "bucket = ckpt-*\nbucket = b?\nkey = a/*.tar\n"
			   "operation = GetObject\nclass = admin, read\nmethod = GET\n"
			   "access-key = AK*\nsource = 10.0.0.0/8, fd00::/16\n"
			   "header = X-Team vision *\nheader = a b\nsize = huge, unknown\n"
			   "pool = q\n[check c]\nkind = tcp\n"
			   "[route e]\nerror = 503\n[route d]\nredirect = https://s3.test\n"
			   "[route f]\nredirect = 301  http://[fd00::1]:80\n");
	const struct conf_route *r;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_routes, 4);
	r = &c->routes[0];
	CU_ASSERT_STRING_EQUAL(r->name, "r");
	CU_ASSERT_EQUAL(r->at.line, 16);
	CU_ASSERT_EQUAL_FATAL(r->n_listeners, 2);
	CU_ASSERT(r->listeners[0] == 1 && r->listeners[1] == 0);
	CU_ASSERT_EQUAL_FATAL(r->host.n, 2);
	CU_ASSERT_STRING_EQUAL(r->host.p[0], "*.s3.test");
	CU_ASSERT_EQUAL_FATAL(r->bucket.n, 2);
	CU_ASSERT_STRING_EQUAL(r->bucket.p[1], "b?");
	CU_ASSERT_STRING_EQUAL(r->key.p[0], "a/*.tar");
	CU_ASSERT_STRING_EQUAL(r->operation.p[0], "GetObject");
	CU_ASSERT_EQUAL(r->classes, 1u << CONF_S3_ADMIN | 1u << CONF_S3_READ);
	CU_ASSERT_STRING_EQUAL(r->method.p[0], "GET");
	CU_ASSERT_STRING_EQUAL(r->access_key.p[0], "AK*");
	CU_ASSERT_EQUAL_FATAL(r->n_source, 2);
	CU_ASSERT(r->source[0].bits == 104 && r->source[1].bits == 16);
	CU_ASSERT_EQUAL_FATAL(r->n_header, 2);
	CU_ASSERT_STRING_EQUAL(r->header[0].name, "x-team");
	CU_ASSERT_STRING_EQUAL(r->header[0].pattern, "vision *");
	CU_ASSERT_EQUAL(r->sizes, 1u << CONF_SIZE_HUGE | 1u << CONF_SIZE_UNKNOWN);
	CU_ASSERT(r->action == CONF_ROUTE_POOL && r->pool == 1 && r->subject.n == 0);
	CU_ASSERT(r[1].action == CONF_ROUTE_ERROR && r[1].status == 503);
	CU_ASSERT(r[2].action == CONF_ROUTE_REDIRECT && r[2].status == 307);
	CU_ASSERT_STRING_EQUAL(r[2].location, "https://s3.test");
	CU_ASSERT_EQUAL(r[3].status, 301);
	CU_ASSERT_STRING_EQUAL(r[3].location, "http://[fd00::1]:80");
	CU_ASSERT_EQUAL_FATAL(c->listeners[0].n_domains, 2);
	CU_ASSERT_STRING_EQUAL(c->listeners[0].domains[0], "s3.example.com");
	CU_ASSERT_EQUAL(c->listeners[1].n_domains, 0);
	CU_ASSERT_EQUAL(c->pools[0].members[0].priority, 3);
	CU_ASSERT_EQUAL(c->pools[1].members[0].priority, 0);
	conf_destroy(c);
}

static const struct conf_check *check_named(const struct conf *c, const char *name)
{
	for (unsigned i = 0; i < c->n_checks; i++)
		if (strcmp(c->checks[i].name, name) == 0)
			return &c->checks[i];
	return NULL;
}

static void checks(void)
{
	struct conf *c =
		parse(BASE "[check c]\nkind = canary\nbucket = can\naccess-key = A\n"
			   "secret-file = s\n[check tcp]\nkind = tcp\nrise = 7\n"
			   "[check b]\nkind = s3\nbucket = some\nhost = s3.test:80\n"
			   "[check h]\nkind = http\nmethod = HEAD\npath = /x?y\nstatus = 204\n");
	const struct conf_check *k;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(c->n_checks, 6); /* http and s3 besides */
	CU_ASSERT_PTR_EQUAL(c->pools[1].check, check_named(c, "c"));
	CU_ASSERT_PTR_NULL(c->pools[0].check);
	k = check_named(c, "c");
	CU_ASSERT(k->kind == CONF_CHECK_CANARY && k->interval_ms == 2000 && k->timeout_ms == 1000);
	CU_ASSERT(k->rise == 2 && k->fall == 3 && !k->host);
	CU_ASSERT_STRING_EQUAL(k->prefix, "penstock-canary/");
	CU_ASSERT_STRING_EQUAL(k->region, "us-east-1");
	CU_ASSERT_STRING_EQUAL(k->secret_file, "s");
	k = check_named(c, "tcp");
	CU_ASSERT(k->rise == 7 && k->at.line == 21);
	k = check_named(c, "b");
	CU_ASSERT_STRING_EQUAL(k->method, "HEAD");
	CU_ASSERT_STRING_EQUAL(k->path, "/some");
	CU_ASSERT_STRING_EQUAL(k->host, "s3.test:80");
	CU_ASSERT(k->status_low == 200 && k->status_high == 499);
	k = check_named(c, "h");
	CU_ASSERT_STRING_EQUAL(k->path, "/x?y");
	CU_ASSERT(k->status_low == 204 && k->status_high == 204 && !k->region);
	k = check_named(c, "s3");
	CU_ASSERT(k->kind == CONF_CHECK_S3 && k->at.line == 0);
	CU_ASSERT_STRING_EQUAL(k->method, "OPTIONS");
	CU_ASSERT_STRING_EQUAL(k->path, "/");
	k = check_named(c, "http");
	CU_ASSERT_STRING_EQUAL(k->method, "GET");
	CU_ASSERT(k->status_low == 200 && k->status_high == 399);
	conf_destroy(c);
}

/* Each word of the file is the number of its name, as lib/s3 has them. */
static void words(void)
{
	struct conf *c = parse(BASE "[check c]\nkind = s3\n"
				    "[route r]\nclass = read\nclass = write, list, multipart, "
				    "delete\nsize = tiny, small, medium, large\nerror = 400\n");

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->routes[0].classes, 1u << CONF_S3_READ | 1u << CONF_S3_WRITE |
						      1u << CONF_S3_LIST | 1u << CONF_S3_MULTIPART |
						      1u << CONF_S3_DELETE);
	CU_ASSERT_EQUAL(c->routes[0].sizes, 1u << CONF_SIZE_TINY | 1u << CONF_SIZE_SMALL |
						    1u << CONF_SIZE_MEDIUM | 1u << CONF_SIZE_LARGE);
	conf_destroy(c);
}

static void bad_values(void)
{
	golden("requests");
}

static void too_many_patterns(void)
{
	char text[4096] = BASE "[check c]\nkind = tcp\n[route r]\nerror = 400\n";
	struct conf *c;

	for (unsigned i = 0; i < CONF_PATTERNS_MAX; i++)
		snprintf(text + strlen(text), 32, "key = k%u\n", i);
	c = parse(text);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(c->routes[0].key.n, CONF_PATTERNS_MAX);
	CU_ASSERT_STRING_EQUAL(c->routes[0].key.p[63], "k63");
	conf_destroy(c);
	strcat(text, "key = more, and\n");
	expect_errors(text, "t.ini:84: [route r] key: more than 64, allowed: up to 64 of 255 "
			    "bytes, '*' any bytes, '?' any one\n"
			    "t.ini:84: [route r] key: more than 64, allowed: up to 64 of 255 "
			    "bytes, '*' any bytes, '?' any one\n");
}

static const struct unit_case cases[] = {
	UNIT_CASE(routes),
	UNIT_CASE(checks),
	UNIT_CASE(words),
	UNIT_CASE(bad_values),
	UNIT_CASE(too_many_patterns),
};

UNIT_MAIN(cases)
