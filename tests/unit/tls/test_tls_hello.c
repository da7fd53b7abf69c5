/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "client_hello.h"
#include "tls/tls_hello.h"
#include "unit.h"

static struct tls_hello got;

/* The first n bytes in memory of just their size, so that a read beyond them shows. */
static int look(const void *p, size_t n)
{
	static uint8_t scratch[TLS_HELLO_MAX];
	char *copy = malloc(n ? n : 1);
	int rc;

	memcpy(copy, p, n);
	rc = tls_hello_parse((struct span){copy, n}, scratch, &got);
	free(copy);
	return rc;
}

static int look_hello(const struct hello *h)
{
	return look(h->p, h->n);
}

/* In no piece of it is the end seen before it is there, nor asked for what is not needed. */
static void same_in_pieces(const struct hello *h)
{
	int want = 0;

	for (uint32_t n = 0; n < h->n; n++) {
		int rc = look(h->p, n);

		if (rc <= (int)n || rc > (int)h->n || rc < want) {
			CU_FAIL("a prefix");
			return;
		}
		want = rc;
	}
	CU_ASSERT_EQUAL(look_hello(h), 0);
}

static void expect_name(const struct hello *h, const char *name)
{
	CU_ASSERT_EQUAL_FATAL(look_hello(h), 0);
	CU_ASSERT_STRING_EQUAL(got.name, name);
}

static void expect_alert(const struct hello *h, enum tls_hello_alert why)
{
	CU_ASSERT_EQUAL(look_hello(h), -EPROTO);
	CU_ASSERT_EQUAL(got.alert, why);
}

static void names(void)
{
	static char longest[254];

	expect_name(hello_of("s3.example.com", 0, 16384), "s3.example.com");
	expect_name(hello_of("My_Bucket-1.S3.EXAMPLE.com", 0, 16384), "my_bucket-1.s3.example.com");
	expect_name(hello_of("a", 0, 16384), "a");
	expect_name(hello_of("10.0.0.1", 0, 16384), "10.0.0.1");
	expect_name(hello_of(NULL, 0, 16384), "");
	memset(longest, 'x', 253);
	for (unsigned i = 63; i < 253; i += 64)
		longest[i] = '.';
	expect_name(hello_of(longest, 0, 16384), longest);
}

/* As a server would, who then finds no extension at all. */
static void no_extensions(void)
{
	struct hello m = {.n = 0}, h = {.n = 0};

	hello_message(&m, NULL);
	hello_records(&h, &m, 16384);
	expect_name(&h, "");
}

static void bad_names(void)
{
	static const char *const bad[] = {".", "a.", ".a", "a..b", "a b", "a:443", "[::1]",
		"\xc3\xbc", "*.example.com", "a/b"};
	char long_label[80] = "", too_long[300];

	for (unsigned i = 0; i < RTE_DIM(bad); i++)
		expect_alert(hello_of(bad[i], 0, 16384), TLS_HELLO_ILLEGAL_PARAMETER);
	memset(long_label, 'x', 64);
	expect_alert(hello_of(long_label, 0, 16384), TLS_HELLO_ILLEGAL_PARAMETER);
	strcpy(long_label + 63, ".x");
	expect_name(hello_of(long_label, 0, 16384), long_label);
	for (unsigned i = 0; i < 254; i++)
		too_long[i] = i % 2 ? '.' : 'x';
	strcpy(too_long + 253, "x");
	expect_alert(hello_of(too_long, 0, 16384), TLS_HELLO_ILLEGAL_PARAMETER);
}

static void alert_of(const struct hello *ext, enum tls_hello_alert why)
{
	struct hello m = {.n = 0}, h = {.n = 0};

	hello_message(&m, ext);
	hello_records(&h, &m, 16384);
	if (why)
		expect_alert(&h, why);
	else
		CU_ASSERT_EQUAL(look_hello(&h), 0);
}

static void server_name(void)
{
	static const struct {
		const char *bytes;
		uint32_t n;
		enum tls_hello_alert why;
	} tries[] = {
		{"", 0, TLS_HELLO_DECODE_ERROR},
		{"\0\0", 2, TLS_HELLO_DECODE_ERROR},
		{"\0\4\0\0\1a", 6, 0},
		{"\0\4\0\0\1a!", 7, TLS_HELLO_DECODE_ERROR},
		{"\0\5\0\0\1a", 6, TLS_HELLO_DECODE_ERROR},
		{"\0\3\0\0\1a", 6, TLS_HELLO_DECODE_ERROR},
		{"\0\3\0\0\0", 5, TLS_HELLO_DECODE_ERROR},
		{"\0\4\0\0\2a", 6, TLS_HELLO_DECODE_ERROR},
		{"\0\4\0\0\1\0", 6, TLS_HELLO_ILLEGAL_PARAMETER},
		{"\0\10\0\0\1a\0\0\1b", 10, TLS_HELLO_ILLEGAL_PARAMETER},
		{"\0\10\7\0\1a\0\0\1b", 10, 0}, /* a kind of name that nobody knows */
		{"\0\4\7\0\1a", 6, 0},
	};

	for (unsigned i = 0; i < RTE_DIM(tries); i++) {
		struct hello ext = {.n = 0};

		hello_ext(&ext, 0, tries[i].bytes, tries[i].n);
		alert_of(&ext, tries[i].why);
	}
}

/* What this reader takes and what the member takes must be the same. */
static void twice(void)
{
	struct hello ext = {.n = 0};

	hello_ext_name(&ext, "a.test", 6);
	hello_ext_name(&ext, "b.test", 6);
	alert_of(&ext, TLS_HELLO_ILLEGAL_PARAMETER);
	ext.n = 0;
	hello_ext(&ext, 0, "\0\4\7\0\1a", 6);
	hello_ext_name(&ext, "b.test", 6);
	alert_of(&ext, TLS_HELLO_ILLEGAL_PARAMETER);
	ext.n = 0;
	hello_ext(&ext, 16, "\0\3\2h2", 5);
	hello_ext(&ext, 16, "\0\3\2h2", 5);
	alert_of(&ext, TLS_HELLO_ILLEGAL_PARAMETER);
}

static void alpn(void)
{
	struct hello ext = {.n = 0};

	hello_ext_name(&ext, "a.test", 6);
	alert_of(&ext, 0);
	CU_ASSERT_FALSE(got.alpn);
	hello_ext(&ext, 16, "\0\3\2h2", 5);
	alert_of(&ext, 0);
	CU_ASSERT_TRUE(got.alpn);
	CU_ASSERT_STRING_EQUAL(got.name, "a.test");
}

/* Each length in the message, one too long and one too short. */
static void lengths(void)
{
	static const unsigned at[] = {3, 38, 72, 77, 79};
	struct hello ext = {.n = 0}, m = {.n = 0}, h;

	hello_ext_name(&ext, "a.test", 6);
	hello_message(&m, &ext);
	for (unsigned i = 0; i < RTE_DIM(at); i++) {
		for (int more = -1; more <= 1; more += 2) {
			struct hello bad = m;

			bad.p[at[i]] = (uint8_t)(bad.p[at[i]] + more);
			h.n = 0;
			hello_records(&h, &bad, 16384);
			if (i == 0 && more > 0) /* it does not end yet */
				CU_ASSERT_EQUAL(look_hello(&h), (int)h.n + 6)
			else
				expect_alert(&h, TLS_HELLO_DECODE_ERROR);
		}
	}
	m.n = 4;
	m.p[3] = 0;
	h.n = 0;
	hello_records(&h, &m, 16384);
	expect_alert(&h, TLS_HELLO_DECODE_ERROR);
}

static void pieces(void)
{
	static const uint32_t sizes[] = {1, 2, 3, 4, 5, 7, 100, 16384};

	for (unsigned i = 0; i < RTE_DIM(sizes); i++) {
		same_in_pieces(hello_of("x.s3.example.com", 30, sizes[i]));
		CU_ASSERT_STRING_EQUAL(got.name, "x.s3.example.com");
	}
}

/* What follows the hello is not looked at. */
static void more_behind(void)
{
	struct hello *h = hello_of("a.test", 0, 16384);

	hello_put(h, "\x14\x03\x03\x00\x01\x01junk", 10);
	expect_name(h, "a.test");
}

/* A hello that comes in dribs is looked at a few times, not for each byte. */
static void few_looks(void)
{
	const struct hello *h = hello_of("a.test", 2000, 1);
	unsigned looks = 0;
	int n = 1;

	for (; n > 0; looks++)
		n = look(h->p, (size_t)n);
	CU_ASSERT_EQUAL(n, 0);
	CU_ASSERT_TRUE(looks < 60);
}

static void not_tls(void)
{
	static const struct {
		const char *bytes;
		uint32_t n;
		enum tls_hello_alert why;
	} tries[] = {
		{"G", 1, TLS_HELLO_UNEXPECTED_MESSAGE},
		{"\x80\x2e\1\3\1", 5, TLS_HELLO_UNEXPECTED_MESSAGE}, /* SSL 2 */
		{"\x15\3\1\0\2\2\x28", 7, TLS_HELLO_UNEXPECTED_MESSAGE},
		{"\x16\2\0\0\5", 5, TLS_HELLO_UNEXPECTED_MESSAGE},
		{"\x16\3\1\0\0", 5, TLS_HELLO_UNEXPECTED_MESSAGE},
		{"\x16\3\1\0\5\2", 6, TLS_HELLO_UNEXPECTED_MESSAGE}, /* a ServerHello */
		{"\x16\3\1\x40\1", 5, TLS_HELLO_RECORD_OVERFLOW},
		{"\x16\3\1\0\5\1\1\0\0", 9, TLS_HELLO_ILLEGAL_PARAMETER}, /* of 64 KB */
		{"\x16\3\1\0\1\1\x17", 7, TLS_HELLO_UNEXPECTED_MESSAGE},  /* data within */
	};

	for (unsigned i = 0; i < RTE_DIM(tries); i++) {
		CU_ASSERT_EQUAL(look(tries[i].bytes, tries[i].n), -EPROTO);
		CU_ASSERT_EQUAL(got.alert, tries[i].why);
	}
	CU_ASSERT_EQUAL(look("", 0), 9);
	CU_ASSERT_EQUAL(look("\x16", 1), 9);
}

static void limit(void)
{
	const uint32_t rest = hello_of("a.test", 1, 16384)->n - 1;

	expect_name(hello_of("a.test", TLS_HELLO_MAX - rest, 16384), "a.test");
	same_in_pieces(hello_of("a.test", 1000, 16384));
	expect_alert(
		hello_of("a.test", TLS_HELLO_MAX - rest + 1, 16384), TLS_HELLO_ILLEGAL_PARAMETER);
	/* six bytes of the stream for each of the message */
	expect_alert(hello_of("a.test", 3000, 1), TLS_HELLO_ILLEGAL_PARAMETER);
}

static void alert_record(void)
{
	uint8_t record[TLS_HELLO_ALERT];

	tls_hello_refuse(TLS_HELLO_UNRECOGNIZED_NAME, record);
	CU_ASSERT_EQUAL(memcmp(record, "\x15\3\3\0\2\2\x70", sizeof(record)), 0);
}

/* clang-format off */
static const struct unit_case cases[] = {
	UNIT_CASE(names),
	UNIT_CASE(no_extensions),
	UNIT_CASE(bad_names),
	UNIT_CASE(server_name),
	UNIT_CASE(twice),
	UNIT_CASE(alpn),
	UNIT_CASE(lengths),
	UNIT_CASE(pieces),
	UNIT_CASE(more_behind),
	UNIT_CASE(few_looks),
	UNIT_CASE(not_tls),
	UNIT_CASE(limit),
	UNIT_CASE(alert_record),
};
/* clang-format on */
UNIT_MAIN(cases)
