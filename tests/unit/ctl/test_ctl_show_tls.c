/* SPDX-License-Identifier: BSD-3-Clause */
#include "expo_check.h"
#include "json_check.h"
#include "tls_system.h"

static void certificates(void)
{
	char *text;
	bool ok;

	tls_system_up(100, "");
	EXPECT_ANSWER("show certificates", "certificate", "days left", "ec",
		"s3.example, *.s3.example", "ECDSA P-256", "Z", "rsa", "10.0.0.10", "RSA 2048",
		"files read");
	text = ask("json show certificates", &ok);
	CU_ASSERT_TRUE(ok && json_valid(text));
	EXPECT_PARTS(text, "\"name\":\"ec\"", "\"names\":[\"s3.example\",\"*.s3.example\"]",
		"\"key\":\"ECDSA P-256\"", "\"days_left\":");
	free(text);
	tls_system_down();
}

static void handshakes(void)
{
	char *text;
	bool ok;

	tls_system_up(100, "");
	tls_fail_one(ctl_tls_listeners(sys.core.sys.tls)[1]);
	poke(&tls_stats(ts.tls[0])[TLS_STAT_bytes_in], 2048);
	poke(&tls_stats(ts.tls[1])[TLS_STAT_bytes_in], 3072);
	EXPECT_ANSWER("show tls", "listener", "aes-128", "https", "1", "pool", "sealed", "0",
		"failures of", "listener https", "not_tls", "1", "threads", "steps", "1", "worker",
		"in handshake", "0 ", "2.0 KiB", "1 ", "3.0 KiB");
	EXPECT_ANSWER("show counters", "tls", "bytes_in", "5120");
	text = ask("json show tls", &ok);
	CU_ASSERT_TRUE(ok && json_valid(text));
	EXPECT_PARTS(text,
		"\"listeners\":[{\"name\":\"https\",\"handshakes\":0,\"resumed\":0,\"failed\":1",
		"\"failures\":[{\"of\":\"listener https\",\"reason\":\"not_tls\",\"count\":1}]");
	free(text);
	tls_system_down();
}

static void no_tls(void)
{
	system_up();
	expect_error("show tls", "neither a listener nor a pool has TLS\n");
	EXPECT_ANSWER("json show certificates", "{\"certificates\":[]}");
	system_down();
}

static void expect_line(const char *text, const char *line)
{
	if (!strstr(text, line))
		printf("\nmissing %s\n", line);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, line));
}

static void metrics(void)
{
	struct ctl_text t = {0};
	char line[128];

	tls_system_up(100, "");
	tls_fail_one(ctl_tls_listeners(sys.core.sys.tls)[1]);
	ctl__metrics(&sys.core, &t);
	ctl__text_put(&t, "", 1);
	if (expo_check(t.p))
		printf("\n%s\n", expo_check(t.p));
	CU_ASSERT_PTR_NULL(expo_check(t.p));
	expect_line(
		t.p, "\npenstock_tls_handshakes_total{listener=\"https\",version=\"tls13\"} 0\n");
	expect_line(t.p, "\npenstock_tls_handshakes_resumed_total{pool=\"sealed\"} 0\n");
	expect_line(t.p, "\npenstock_tls_handshake_failures_total{listener=\"https\",reason=\"not_"
			 "tls\"} 1\n");
	expect_line(t.p, "\npenstock_tls_handshake_step_seconds_count 1\n");
	expect_line(t.p, "\npenstock_tls_handshake_seconds_count{worker=\"1\"} 0\n");
	expect_line(t.p, "\npenstock_tls_connections{worker=\"0\"} 0\n");
	snprintf(line, sizeof(line),
		"\npenstock_certificate_expiry_seconds{certificate=\"ec\"} %lld\n",
		(long long)ctl__tls_facts(sys.core.sys.tls, 0)->not_after);
	expect_line(t.p, line);
	ctl__text_fini(&t);
	tls_system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(certificates), UNIT_CASE(handshakes), UNIT_CASE(no_tls), UNIT_CASE(metrics)};
UNIT_MAIN(cases)
