/* SPDX-License-Identifier: BSD-3-Clause */
#include "tls_system.h"

#define HTTPS  1 /* of the listeners */
#define SEALED 2 /* of the pools */
#define DAY    86400

static struct ctl_tls *tls(void)
{
	return sys.core.sys.tls;
}

static void contexts(void)
{
	tls_system_up(0, "");
	CU_ASSERT_STRING_EQUAL(ts.said, "");
	CU_ASSERT_PTR_NULL(ctl_tls_listeners(tls())[0]);
	CU_ASSERT_PTR_NOT_NULL(ctl_tls_listeners(tls())[HTTPS]);
	CU_ASSERT_PTR_NULL(ctl_tls_pools(tls())[0]);
	CU_ASSERT_PTR_NOT_NULL(ctl_tls_pools(tls())[SEALED]);
	CU_ASSERT_STRING_EQUAL(ctl__tls_facts(tls(), 0)->key, "ECDSA P-256");
	CU_ASSERT_STRING_EQUAL(ctl__tls_facts(tls(), 1)->key, "RSA 2048");
	tls_system_down();
}

/* A file without TLS has an empty set: --check and the rest need not ask. */
static void none(void)
{
	struct conf *conf;
	struct ctl_tls *t;

	ts.said[0] = '\0';
	unit_eal();
	conf = system_conf(SYSTEM_INI);
	t = ctl_tls_create(conf, tls_say, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	CU_ASSERT_PTR_NULL(ctl_tls_listeners(t)[0]);
	CU_ASSERT_PTR_NULL(ctl_tls_pools(t)[1]);
	CU_ASSERT_STRING_EQUAL(ts.said, "");
	ctl_tls_destroy(t);
	conf_destroy(conf);
}

/* All that is wrong is said, each once. */
static void errors(void)
{
	struct conf *conf;

	tls_files(0, "[certificate unused]\nchain = /nowhere\nkey = /nowhere\n");
	tls_file_copy(ts.rsa_key, ts.ec_key);
	unit_eal();
	conf = system_conf(ts.ini);
	CU_ASSERT_PTR_NULL(ctl_tls_create(conf, tls_say, NULL));
	EXPECT_PARTS(ts.said, "error: t.ini:", "[certificate ec] key: ", "error: t.ini:",
		"[certificate unused] chain: /nowhere: No such file or directory\n");
	CU_ASSERT_PTR_NULL(strstr(ts.said, "[listener https]"));
	conf_destroy(conf);
	tls_files_free();
	tls_files(0, "");
	tls_file_copy(ts.ec_key, ts.ca_file);
	conf = system_conf(ts.ini);
	CU_ASSERT_PTR_NULL(ctl_tls_create(conf, tls_say, NULL));
	EXPECT_PARTS(ts.said, "error: t.ini:", "[pool sealed] ca: ");
	conf_destroy(conf);
	tls_files_free();
}

static void warnings(void)
{
	char keylog[] = "/tmp/test_ctl_tls.XXXXXX", more[64];
	int fd = mkstemp(keylog);

	snprintf(more, sizeof(more), "[tls]\nkeylog = %s\n", keylog);
	tls_system_up(10, more);
	EXPECT_PARTS(ts.said, "warn: t.ini:", "[certificate ec] chain:", " expires on ",
		"warn: t.ini:", "[tls] keylog: the keys of ALL connections are written to");
	tls_system_down();
	close(fd);
	unlink(keylog);
}

/* The answer is an error, of which this is the beginning. */
static void refused(const char *line, const char *want)
{
	bool ok;
	char *text = ask(line, &ok);

	CU_ASSERT_FALSE(ok);
	if (strncmp(text, want, strlen(want)) != 0)
		printf("\n%s: got\n%s", line, text);
	CU_ASSERT_EQUAL(strncmp(text, want, strlen(want)), 0);
	free(text);
}

/* New files, new contexts, new facts; the old contexts live for who counts them. */
static void reload(void)
{
	struct tls_ctx *old, *held;
	struct err e = {""};

	tls_system_up(100, "");
	old = ctl_tls_listeners(tls())[HTTPS];
	held = tls_ctx_get(old);
	tls_file_copy(ts.rsa_chain, ts.ec_chain);
	tls_file_copy(ts.rsa_key, ts.ec_key);
	EXPECT_ANSWER("reload certificates", "RSA 2048", "RSA 2048");
	CU_ASSERT_PTR_NOT_EQUAL(ctl_tls_listeners(tls())[HTTPS], old);
	CU_ASSERT_STRING_EQUAL(ctl__tls_facts(tls(), 0)->key, "RSA 2048");
	CU_ASSERT_TRUE(tls_ctx_shared(held)); /* so the last put is control's */
	tls_ctx_put(held);
	CU_ASSERT_FALSE(tls_ctx_shared(old));
	ctl__tls_tick(tls(), 0);                            /* which is now */
	CU_ASSERT_EQUAL(ctl__tls_reload(&sys.core, &e), 0); /* and again */
	tls_system_down();
}

/* One bad file: nothing changes, whatever is good. */
static void reload_refused(void)
{
	struct tls_ctx *listener, *pool;

	tls_system_up(100, "");
	listener = ctl_tls_listeners(tls())[HTTPS];
	pool = ctl_tls_pools(tls())[SEALED];
	tls_file_copy(ts.rsa_chain, ts.ec_chain); /* of another key */
	refused("reload certificates",
		"nothing is changed: t.ini:33: [certificate ec] key: /proc/self/fd/");
	CU_ASSERT_PTR_EQUAL(ctl_tls_listeners(tls())[HTTPS], listener);
	CU_ASSERT_PTR_EQUAL(ctl_tls_pools(tls())[SEALED], pool);
	CU_ASSERT_STRING_EQUAL(ctl__tls_facts(tls(), 0)->key, "ECDSA P-256");
	tls_file_copy(ts.ca_file, ts.rsa_key);
	refused("reload certificates", "nothing is changed: t.ini:33: [certificate ec] key: ");
	tls_system_down();
}

/* A worker that does not answer keeps what it has, and that stays alive. */
static void reload_unanswered(void)
{
	struct tls_ctx *old;
	uint64_t stat[TLS_HS_STAT_N];

	tls_system_up(100, "");
	old = ctl_tls_listeners(tls())[HTTPS];
	sys.hangs = true;
	refused("reload certificates", "worker 0 does not answer");
	tls_ctx_stats(old, stat); /* under ASan: not freed */
	CU_ASSERT_EQUAL(stat[TLS_HS_STAT_done], 0);
	CU_ASSERT_PTR_NOT_EQUAL(ctl_tls_listeners(tls())[HTTPS], old);
	sys.hangs = false;
	EXPECT_ANSWER("reload certificates", "ECDSA P-256");
	tls_system_down();
}

/* A worker has another snapshot yet: this one's contexts are not for its indexes, and those that
 * are prepared for it stay. */
static void reload_behind(void)
{
	struct tls_ctx *old;

	tls_system_up(100, "");
	old = ctl_tls_listeners(tls())[HTTPS];
	sys.core.behind = 2;
	refused("reload certificates", "nothing is changed: workers have yet to take the change");
	CU_ASSERT_PTR_EQUAL(ctl_tls_listeners(tls())[HTTPS], old);
	sys.core.behind = 0;
	EXPECT_ANSWER("reload certificates", "ECDSA P-256");
	tls_system_down();
}

/* What was counted stays counted. */
static void stats_survive(void)
{
	struct err e = {""};
	uint64_t stat[TLS_HS_STAT_N];

	tls_system_up(100, "");
	tls_fail_one(ctl_tls_listeners(tls())[HTTPS]);
	CU_ASSERT_EQUAL(ctl__tls_reload(&sys.core, &e), 0);
	tls_fail_one(ctl_tls_listeners(tls())[HTTPS]);
	CU_ASSERT_TRUE(ctl__tls_listener_stats(tls(), HTTPS, stat));
	CU_ASSERT_EQUAL(stat[TLS_HS_STAT_failed], 2);
	CU_ASSERT_EQUAL(stat[TLS_HS_STAT_fail_not_tls], 2);
	CU_ASSERT_FALSE(ctl__tls_listener_stats(tls(), 0, stat));
	CU_ASSERT_TRUE(ctl__tls_pool_stats(tls(), SEALED, stat));
	CU_ASSERT_EQUAL(stat[TLS_HS_STAT_failed], 0);
	tls_system_down();
}

static uint64_t failed(unsigned listener)
{
	uint64_t stat[TLS_HS_STAT_N];

	CU_ASSERT_TRUE(ctl__tls_listener_stats(tls(), listener, stat));
	return stat[TLS_HS_STAT_failed];
}

static void use(const struct conf *conf)
{
	const struct conf *before = sys.core.sys.conf;
	struct err e = {""};
	struct ctl_tls_set *s = ctl__tls_read(tls(), conf, &e);

	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	ctl__tls_use(tls(), s);
	sys.core.sys.conf = conf;
	ctl__tls_leave(tls(), before);
}

/* Another file, in which all have other numbers: what was counted stays with its name. */
static void counts_follow_names(void)
{
	static char ini[8192];
	uint64_t stat[TLS_HS_STAT_N];
	struct conf *next;

	tls_system_up(400, "");
	tls_fail_one(ctl_tls_listeners(tls())[HTTPS]);
	snprintf(ini, sizeof(ini),
		"[listener early]\naddress = 10.0.0.10:79\npool = early\n"
		"[pool early]\nmember = a 10.1.0.1:1\n%s",
		ts.ini);
	next = system_conf(ini);
	use(next);
	CU_ASSERT_EQUAL(failed(HTTPS + 1), 1);
	CU_ASSERT_FALSE(ctl__tls_listener_stats(tls(), HTTPS, stat));
	CU_ASSERT_TRUE(ctl__tls_pool_stats(tls(), SEALED + 1, stat));
	tls_fail_one(ctl_tls_listeners(tls())[HTTPS + 1]);
	use(sys.conf);
	CU_ASSERT_EQUAL(failed(HTTPS), 2);
	conf_destroy(next); /* nothing points there any more */
	ctl__tls_tick(tls(), 0);
	CU_ASSERT_EQUAL(failed(HTTPS), 2);
	tls_system_down();
}

static char logged[1024];

static void log_sink(enum log_level level, const char *lib, const char *text)
{
	size_t n = strlen(logged);

	snprintf(logged + n, sizeof(logged) - n, "%d %s\n", level, text);
}

/* A box that runs for months says it, once a day. */
static void ends_soon(void)
{
	int64_t end;

	tls_system_up(40, "");
	end = ctl__tls_facts(tls(), 0)->not_after;
	log_set_sink(log_sink, LOG_LEVEL_INFO);
	ctl__tls_tick(tls(), end - 35 * DAY);
	CU_ASSERT_STRING_EQUAL(logged, "");
	ctl__tls_tick(tls(), end - 20 * DAY);
	ctl__tls_tick(tls(), end - 20 * DAY + 60);
	CU_ASSERT_STRING_EQUAL(logged, "1 t.ini:33: [certificate ec] ends in 20 days\n");
	logged[0] = '\0';
	ctl__tls_tick(tls(), end + 1);
	CU_ASSERT_STRING_EQUAL(
		logged, "0 t.ini:33: [certificate ec] has ended: clients refuse it\n");
	log_set_sink(NULL, LOG_LEVEL_INFO);
	tls_system_down();
}

static const struct unit_case cases[] = {UNIT_CASE(contexts), UNIT_CASE(none), UNIT_CASE(errors),
	UNIT_CASE(warnings), UNIT_CASE(reload), UNIT_CASE(reload_refused),
	UNIT_CASE(reload_unanswered), UNIT_CASE(reload_behind), UNIT_CASE(stats_survive),
	UNIT_CASE(counts_follow_names), UNIT_CASE(ends_soon)};
UNIT_MAIN(cases)
