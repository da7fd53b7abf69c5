/* SPDX-License-Identifier: BSD-3-Clause */
#include "app.h"
#include "unit.h"

static struct conf conf;
static char logged[512];

static void setup(unsigned threads, unsigned n_core, uint16_t core)
{
	conf = (struct conf){
		.tls = {.at = {"t.ini", 9}, .threads = (uint16_t)threads, .n_core = n_core}};
	conf.tls.core[0] = core;
}

/* As many threads as the file says, by name, on its core; all are gone at the end. */
static void threads(void)
{
	struct crew c = {0};
	struct err e = {""};
	char name[16];
	cpu_set_t set;

	unit_eal();
	setup(3, 1, 0);
	CU_ASSERT_EQUAL(crew_start(&c, &conf, 1, 16, &e), 0);
	CU_ASSERT_EQUAL_FATAL(c.n, 3);
	pthread_getname_np(c.thread[2], name, sizeof(name));
	CU_ASSERT_STRING_EQUAL(name, "penstock-hs2");
	CU_ASSERT_EQUAL(pthread_getaffinity_np(c.thread[1], sizeof(set), &set), 0);
	CU_ASSERT_TRUE(CPU_COUNT(&set) == 1 && CPU_ISSET(0, &set));
	crew_stop(&c);
	CU_ASSERT_EQUAL(c.n, 0);
	CU_ASSERT_PTR_NULL(c.tasks);
	crew_stop(&c);
}

static void no_threads(void)
{
	struct crew c = {0};
	struct err e = {""};

	unit_eal();
	setup(0, 0, 0);
	CU_ASSERT_EQUAL(crew_start(&c, &conf, 2, 16, &e), 0);
	CU_ASSERT_PTR_NOT_NULL(c.tasks);
	CU_ASSERT_EQUAL(c.n, 0);
	crew_stop(&c);
}

/* What was begun is for crew_stop. */
static void no_such_core(void)
{
	struct crew c = {0};
	struct err e = {""};

	unit_eal();
	setup(2, 1, 1023);
	CU_ASSERT(crew_start(&c, &conf, 1, 16, &e) < 0);
	CU_ASSERT_STRING_EQUAL(
		e.text, "t.ini:9: [tls] handshake-cores: core 1023: Invalid argument");
	crew_stop(&c);
}

static void log_sink(enum log_level level, const char *lib, const char *text)
{
	size_t n = strlen(logged);

	snprintf(logged + n, sizeof(logged) - n, "%s\n", text);
}

static void core_of_a_worker(void)
{
	const uint16_t cores[] = {2, 3};

	log_set_sink(log_sink, LOG_LEVEL_INFO);
	setup(1, 1, 1);
	crew_cores_warn(&conf, cores, 2);
	setup(0, 1, 2);
	crew_cores_warn(&conf, cores, 2);
	CU_ASSERT_STRING_EQUAL(logged, "");
	setup(4, 1, 3);
	crew_cores_warn(&conf, cores, 2);
	CU_ASSERT_STRING_EQUAL(logged,
		"core 3 is a worker's and does handshakes as well, which take "
		"its time: [tls] handshake-cores can name another\n");
	logged[0] = '\0';
	setup(1, 0, 0);
	conf.global.control = 2; /* where they are without a core of their own */
	crew_cores_warn(&conf, cores, 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(logged, "core 2 is a worker's"));
	log_set_sink(NULL, LOG_LEVEL_INFO);
}

static const struct unit_case cases[] = {UNIT_CASE(threads), UNIT_CASE(no_threads),
	UNIT_CASE(no_such_core), UNIT_CASE(core_of_a_worker)};
UNIT_MAIN(cases)
