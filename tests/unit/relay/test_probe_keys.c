/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include "relay/relay_priv.h"
#include "unit.h"

static struct conf_check checks[3];
static struct conf conf;
static char path[RTE_DIM(checks)][32];
static int fd[RTE_DIM(checks)];

/* The file of the i-th check; it is gone with its descriptor. */
static void secret_is(unsigned i, const char *text, size_t n)
{
	if (fd[i] > 0)
		close(fd[i]);
	fd[i] = memfd_create("secret", MFD_CLOEXEC);
	CU_ASSERT_EQUAL_FATAL(write(fd[i], text, n), (ssize_t)n);
	snprintf(path[i], sizeof(path[i]), "/proc/self/fd/%d", fd[i]);
}

/* Checks that are signed with "sesame", and the last one, that is not. */
static void begin(void)
{
	for (unsigned i = 0; i < RTE_DIM(checks); i++) {
		secret_is(i, "sesame\n", 7);
		checks[i] = (struct conf_check){.name = "c",
			.at = {"t.ini", 7 + i},
			.access_key = "AKIA1",
			.secret_file = path[i],
			.region = "us-east-1"};
	}
	checks[2].access_key = checks[2].secret_file = NULL;
	conf = (struct conf){.checks = checks, .n_checks = RTE_DIM(checks)};
}

/* What it says of a request. */
static void sign(struct s3_signer *s, char text[512])
{
	const struct s3_sign_request r = {.method = SPAN_LIT("GET"),
		.path = SPAN_LIT("/"),
		.host = SPAN_LIT("node"),
		.payload = SPAN_LIT(S3_SIGN_UNSIGNED)};
	struct sink out = {text, 511, 0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	s3_signer_time(s, 1000000000);
	CU_ASSERT_EQUAL_FATAL(s3_sign_head(s, &r, &out, NULL), 0);
	text[out.n] = '\0';
}

static bool signs_with(struct s3_signer *s, const char *secret)
{
	struct s3_signer *want = s3_signer_create("AKIA1", secret, "us-east-1", "s3");
	char got[512], ought[512];

	sign(s, got);
	sign(want, ought);
	s3_signer_destroy(want);
	return strcmp(got, ought) == 0;
}

static void each_has_its_own(void)
{
	struct conf_check foreign = checks[0];
	struct probe_keys *k;
	struct err e = {""};

	begin();
	secret_is(1, "other", 5);
	k = relay__probe_keys_create(&conf, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT(signs_with(relay__probe_keys_find(k, &checks[0]), "sesame"));
	CU_ASSERT(signs_with(relay__probe_keys_find(k, &checks[1]), "other"));
	CU_ASSERT_PTR_NULL(relay__probe_keys_find(k, &checks[2]));
	CU_ASSERT_PTR_NULL(relay__probe_keys_find(k, &foreign));
	CU_ASSERT_PTR_NULL(relay__probe_keys_find(k, &checks[RTE_DIM(checks)]));
	relay__probe_keys_destroy(k);
	relay__probe_keys_destroy(NULL);
}

/* The first line, whatever ends it, and it is read once. */
static void first_line(void)
{
	static const char *const texts[] = {"sesame", "sesame\n", "sesame\r\n", "sesame\nmore\n"};
	struct err e = {""};

	for (unsigned i = 0; i < RTE_DIM(texts); i++) {
		struct probe_keys *k;

		begin();
		secret_is(0, texts[i], strlen(texts[i]));
		k = relay__probe_keys_create(&conf, &e);
		CU_ASSERT_PTR_NOT_NULL_FATAL(k);
		secret_is(0, "", 0);
		CU_ASSERT(signs_with(relay__probe_keys_find(k, &checks[0]), "sesame"));
		relay__probe_keys_destroy(k);
	}
}

/* None for a check that is the second, with this error; the first one's is freed. */
static void refused(const char *why)
{
	struct err e = {""};
	char want[160];

	CU_ASSERT_PTR_NULL(relay__probe_keys_create(&conf, &e));
	snprintf(want, sizeof(want), "t.ini:8: [check c] secret-file: %s: %s",
		checks[1].secret_file, why);
	CU_ASSERT_STRING_EQUAL(e.text, want);
	CU_ASSERT_EQUAL(relay_conf_check(&conf, &e), -EINVAL);
}

static void lengths(void)
{
	static const char *const none[] = {"", "\n", "\r\n", "\nsesame\n"};
	char secret[130];
	struct err e = {""};
	struct probe_keys *k;

	begin();
	memset(secret, 'x', 129);
	for (unsigned i = 0; i < RTE_DIM(none); i++) {
		secret_is(1, none[i], strlen(none[i]));
		refused("a secret key of 1 to 128 characters was expected");
	}
	secret_is(1, secret, 129);
	refused("a secret key of 1 to 128 characters was expected");
	secret[128] = '\n';
	secret_is(1, secret, 129);
	secret[128] = '\0';
	k = relay__probe_keys_create(&conf, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(k);
	CU_ASSERT(signs_with(relay__probe_keys_find(k, &checks[1]), secret));
	relay__probe_keys_destroy(k);
	CU_ASSERT_EQUAL(relay_conf_check(&conf, &e), 0);
}

static void faults(void)
{
	char region[130];

	begin();
	checks[1].secret_file = "/nonexistent";
	refused("No such file or directory");
	begin();
	memset(region, 'r', 129);
	region[129] = '\0';
	checks[1].region = region;
	refused("no memory, or access-key or region is too long");
}

static const struct unit_case cases[] = {
	UNIT_CASE(each_has_its_own),
	UNIT_CASE(first_line),
	UNIT_CASE(lengths),
	UNIT_CASE(faults),
};

UNIT_MAIN(cases)
