/* SPDX-License-Identifier: BSD-3-Clause */
#include "relay_lab.h"

#define PATTERNS(...)                                                                              \
	{                                                                                          \
		(const char *const[]){__VA_ARGS__}, RTE_DIM(((const char *const[]){__VA_ARGS__}))  \
	}
#define ASK(target, more) "GET " target " HTTP/1.1\r\nHost: s3.test:8080\r\n" more "\r\n"

/* Each node is a pool of its own; the listener's is the first. */
static struct conf_pool pools[3];
static struct conf_route route;

static void start(void)
{
	static const char *const names[] = {"a", "b", "c"};

	lab_init(3);
	for (unsigned i = 0; i < 3; i++) {
		pools[i] = lab.pool;
		pools[i].name = names[i];
		pools[i].members = &lab.member[i];
		pools[i].n_members = 1;
	}
	lab.conf.pools = pools;
	lab.conf.n_pools = 3;
	lab.conf.routes = &route;
	lab.conf.n_routes = 1;
	lab_start();
	lab.pool.n_members = 1; /* lab_stop looks at the first */
}

/* A request that fits goes to the second pool, any other to the first. */
static bool goes(const char *request)
{
	struct peer *c = lab_client(), *n;
	bool there;

	peer_send(c, request);
	lab_run(5);
	n = lab_accepted(1);
	there = n != NULL;
	if (!n)
		n = lab_node(0);
	CU_ASSERT_FALSE(lab_accepted(2));
	lab_answer(n, c, OK_5);
	peer_reset(c);
	lab_run(5);
	return there;
}

static const struct {
	struct conf_route route;
	const char *yes, *no;
} each[] = {
	{{.bucket = PATTERNS("x-*", "logs")}, ASK("/x-1/k", ""), ASK("/y/k", "")},
	{{.bucket = PATTERNS("bkt"), .key = PATTERNS("a b")}, ASK("/%62kt/a%20b", ""),
		ASK("/%62kt/a+b", "")},
	{{.key = PATTERNS("*/part-?")}, ASK("/b/a/part-7", ""), ASK("/b/a/part-77", "")},
	{{.operation = PATTERNS("ListObjectsV2")}, ASK("/b?list-type=2", ""), ASK("/b/k", "")},
	{{.classes = 1u << CONF_S3_LIST}, ASK("/b?list-type=2", ""), ASK("/b/k", "")},
	{{.method = PATTERNS("HEAD", "GET")}, ASK("/b/k", ""),
		"DELETE /b/k HTTP/1.1\r\nHost: s3\r\n\r\n"},
	{{.host = PATTERNS("s3.test")}, ASK("/b/k", ""), "GET /b/k HTTP/1.1\r\nHost: s4\r\n\r\n"},
	{{.header = (const struct conf_header_pattern[]){{"x-job", "train*"}}, .n_header = 1},
		ASK("/b/k", "X-Job: other\r\nX-Job: training\r\n"),
		ASK("/b/k", "X-Job: other\r\n")},
	{{.sizes = 1u << CONF_SIZE_TINY}, ASK("/b/k", "Range: bytes=0-99\r\n"),
		ASK("/b/k", "Range: bytes=0-999999\r\n")},
	{{.access_key = PATTERNS("AKIA*")},
		ASK("/b/k", "Authorization: AWS AKIAX:c2lnbmF0dXJlc2lnbmF0dXJlc2k=\r\n"),
		ASK("/b/k", "Authorization: AWS OTHER:c2lnbmF0dXJlc2lnbmF0dXJlc2k=\r\n")},
	/* what a node reads as the same is the same */
	{{.access_key = PATTERNS("AKIA*")}, ASK("/b/k?X-Amz-Credential=%41KIAX%2Fday", ""),
		ASK("/b/k", "Authorization: AWS %41KIAX:c2lnbmF0dXJlc2lnbmF0dXJlc2k=\r\n")},
	{{.host = PATTERNS("s3.test")}, "GET /b/k HTTP/1.1\r\nHost: S3.test.:80\r\n\r\n",
		"GET /b/k HTTP/1.1\r\nHost: s3.test..\r\n\r\n"},
};

static void what_a_route_may_match(void)
{
	for (unsigned i = 0; i < RTE_DIM(each); i++) {
		route = each[i].route;
		route.name = "r";
		route.pool = 1;
		start();
		CU_ASSERT_TRUE(goes(each[i].yes));
		CU_ASSERT_FALSE(goes(each[i].no));
		lab_stop();
	}
}

/* A bucket in the host is one in any case, in the path it is not. */
static void a_bucket_in_the_host(void)
{
	static const char *const domains[] = {"s3.test"};

	route = (struct conf_route){.name = "r", .pool = 1, .bucket = PATTERNS("ckpt-*")};
	start();
	lab.listener.domains = domains;
	lab.listener.n_domains = 1;
	CU_ASSERT_TRUE(goes("GET /k HTTP/1.1\r\nHost: CKPT-1.S3.test\r\n\r\n"));
	CU_ASSERT_FALSE(goes("GET /CKPT-1/k HTTP/1.1\r\nHost: s3.test\r\n\r\n"));
	lab_stop();
}

/* What a member that takes no writes answers well, and what shows that it does take them. */
static void what_is_a_write(void)
{
	static const struct {
		const char *request;
		bool writes;
	} t[] = {
		{ASK("/b/k", ""), false},
		{ASK("/b?location", ""), false},
		{ASK("/b?policy&acl", ""), false},
		{"PUT /b?acl HTTP/1.1\r\nHost: s3\r\nContent-Length: 0\r\n\r\n", true},
		{"DELETE /b/k HTTP/1.1\r\nHost: s3\r\n\r\n", true},
	};

	for (unsigned i = 0; i < RTE_DIM(t); i++) {
		struct lb_live *live;

		route = (struct conf_route){.name = "r", .pool = 1, .bucket = PATTERNS("other")};
		start();
		live = &lb_member(lab.lb, 0, 0)->live;
		live->write_failures = 1;
		CU_ASSERT_FALSE(goes(t[i].request));
		CU_ASSERT_EQUAL(live->write_failures, !t[i].writes);
		lab_stop();
	}
}

static void where_it_comes_from(void)
{
	struct conf_prefix from = {.bits = 120};

	for (unsigned in = 0; in < 2; in++) {
		ip_addr_parse(in ? "10.9.0.0" : "10.8.0.0", &from.addr);
		route = (struct conf_route){.name = "r", .pool = 1, .source = &from, .n_source = 1};
		start();
		CU_ASSERT_EQUAL(goes(GET), in);
		lab_stop();
	}
}

static void by_listener(void)
{
	for (uint16_t l = 0; l < 2; l++) {
		route = (struct conf_route){
			.name = "r", .pool = 1, .listeners = &l, .n_listeners = 1};
		start();
		CU_ASSERT_EQUAL(goes(GET), l == 0);
		lab_stop();
	}
}

static void first_in_the_file_wins(void)
{
	struct conf_route routes[] = {
		{.name = "one", .bucket = PATTERNS("b"), .pool = 1}, {.name = "all", .pool = 2}};

	start();
	lab.conf.routes = routes;
	lab.conf.n_routes = 2;
	CU_ASSERT_TRUE(goes(GET));
	lab_stop();
}

static void an_error_of_its_own(void)
{
	struct peer *c;

	route = (struct conf_route){.name = "no",
		.classes = 1u << CONF_S3_DELETE,
		.action = CONF_ROUTE_ERROR,
		.status = 403};
	start();
	c = lab_client();
	peer_send(c, "DELETE /b/k HTTP/1.1\r\nHost: s3\r\n\r\n");
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 403 ") && peer_has(c, "<Code>AccessDenied</Code>"));
	CU_ASSERT_FALSE(lab_accepted(0));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_fail_route), 1);
	lab_stop();
}

static void a_redirect(void)
{
	struct peer *c;

	route = (struct conf_route){.name = "away",
		.action = CONF_ROUTE_REDIRECT,
		.status = 307,
		.location = "https://other.test:8443"};
	start();
	c = lab_client();
	peer_send(c, ASK("/b/k%20x?versionId=7", ""));
	lab_run(10);
	CU_ASSERT_TRUE(peer_has(c, "HTTP/1.1 307 "));
	CU_ASSERT_TRUE(
		peer_has(c, "\r\nLocation: https://other.test:8443/b/k%20x?versionId=7\r\n"));
	CU_ASSERT_EQUAL(lab_stat(RELAY_STAT_redirects), 1);
	lab_stop();
}

static void unknown_operations_are_found(void)
{
	struct err e = {""};

	lab_init(1);
	route = (struct conf_route){
		.name = "r", .at = {"f.ini", 7}, .operation = PATTERNS("GetObject", "GetObjekt")};
	lab.conf.routes = &route;
	lab.conf.n_routes = 1;
	CU_ASSERT_EQUAL(relay_conf_check(&lab.conf, &e), -EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "f.ini:7: [route r] operation: GetObjekt"));
	route.operation.n = 1;
	CU_ASSERT_EQUAL(relay_conf_check(&lab.conf, &e), 0);
}

static const struct unit_case cases[] = {
	UNIT_CASE(what_a_route_may_match),
	UNIT_CASE(a_bucket_in_the_host),
	UNIT_CASE(what_is_a_write),
	UNIT_CASE(where_it_comes_from),
	UNIT_CASE(by_listener),
	UNIT_CASE(first_in_the_file_wins),
	UNIT_CASE(an_error_of_its_own),
	UNIT_CASE(a_redirect),
	UNIT_CASE(unknown_operations_are_found),
};

UNIT_MAIN(cases)
