/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Any bytes as a node's answers to an operation of s3gen, one after the other, cut by a byte that
 * says how long the next is: the client believes them or not, but its next request is whole, its
 * upload has as many parts as it began with, and its texts are texts. The first byte is the
 * operation.
 */
#include <stdlib.h>
#include <rte_eal.h>

#include "exchange.h"

#define ANSWERS 16
#define PARTS   4

static struct gen_workload conf = {.name = "w",
	.bucket = "b",
	.prefix = "p/",
	.op = {[GEN_GET] = 1},
	.size = {{1000, 1000, 1}},
	.n_size = 1,
	.keys = 10,
	.part = 400,
	.list_keys = 10};
static struct site site = {.conf = &conf, .host = "h"};

static void must(bool ok)
{
	if (!ok)
		abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = {"fuzz_s3gen_answer", "--no-huge", "--no-pci", "--no-shconf", "-m", "16",
		"--log-level", "error", "--no-telemetry"};
	struct err e = {""};

	must(rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) >= 0);
	site.body = body_create(1, SOCKET_ID_ANY);
	site.workload = workload_create(&conf, 1, &e);
	must(site.body && site.workload);
	return 0;
}

static void ask(struct exchange *x)
{
	static struct http_head head;
	char text[EXCHANGE_HEAD_MAX];
	int n;

	exchange_begin(&site, x);
	n = exchange_head(&site, x, text, sizeof(text));
	must(n > 0 && http_req_parse(&head, text, (size_t)n) == 0);
	must(x->up->parts <= PARTS && (x->kind != X_PART || x->up->part <= x->up->parts));
}

/* One answer: -1 believed, as the client would. */
static int answer(struct exchange *x, const char *p, size_t n)
{
	static struct http_head head;
	struct http_scan scan;
	int len, why;

	http_scan_init(&scan, 16384, false);
	len = http_scan(&scan, p, n);
	if (len <= 0 || http_rsp_parse(&head, p, (size_t)len) != 0)
		return GEN_E_malformed;
	why = exchange_judge(x, &head);
	if (why >= 0)
		return why;
	n = RTE_MIN(n - (size_t)len, (size_t)EXCHANGE_TEXT - 1);
	memcpy(x->up->text, p + len, n);
	x->up->n_text = (uint16_t)n;
	why = exchange_judge_text(x);
	must(why < GEN_ERRORS && x->up->n_id <= EXCHANGE_ID_MAX);
	return why;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static char etag[PARTS][EXCHANGE_ETAG], copy[UINT16_MAX];
	static struct upload up;
	struct exchange x = {.up = &up};

	if (n == 0)
		return 0;
	up = (struct upload){.etag = etag};
	x.ask = (struct ask){.op = data[0] % GEN_OPS, .key = 1, .size = 1000, .n = 1000};
	x.kind = exchange_first(&x);
	data++, n--;
	for (unsigned i = 0; i < ANSWERS && x.kind != X_DONE && n; i++) {
		size_t len = RTE_MIN(8u * data[0], n - 1);

		ask(&x);
		memcpy(copy, data + 1, len);
		if (answer(&x, copy, len) >= 0)
			break;
		x.kind = exchange_next(&x);
		data += 1 + len;
		n -= 1 + len;
	}
	return 0;
}
