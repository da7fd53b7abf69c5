/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL on one core, with hugepages or without. */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "loop.h"

static bool up;

/* The file's place that a start failed at. */
static int refuse(
	const struct gen_conf *c, const char *key, int code, const char *why, struct err *e)
{
	return err_set(
		e, code, "%s:%u: [global] %s: %s", c->global.at.file, c->global.at.line, key, why);
}

/* The EAL prints all of its options where a core is missing. */
static int core_check(const struct gen_conf *c, struct err *e)
{
	cpu_set_t old, one;

	CPU_ZERO(&one);
	CPU_SET(c->global.core, &one);
	sched_getaffinity(0, sizeof(old), &old);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return refuse(c, "core", EINVAL, "it does not exist or may not be used", e);
	sched_setaffinity(0, sizeof(old), &old);
	return 0;
}

static uint64_t number_in(const char *path, const char *format)
{
	char line[128];
	unsigned long n = 0;
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, format, &n) == 1)
			break;
	if (f)
		fclose(f);
	return n;
}

/* Free huge pages of all sizes, bytes. */
static uint64_t huge_free(void)
{
	uint64_t sum = 0;
	glob_t found;

	if (glob("/sys/kernel/mm/hugepages/hugepages-*kB/free_hugepages", 0, NULL, &found) != 0)
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		unsigned long kb = 0;

		if (sscanf(strstr(found.gl_pathv[i], "/hugepages-"), "/hugepages-%lukB", &kb) == 1)
			sum += number_in(found.gl_pathv[i], "%lu") * kb << 10;
	}
	globfree(&found);
	return sum;
}

static int memory_decide(const struct gen_conf *c, bool *huge, struct err *e)
{
	uint64_t want = c->global.memory;

	*huge = c->global.hugepages != CONF_HUGE_NO && huge_free() >= want;
	if (*huge)
		return 0;
	if (c->global.hugepages == CONF_HUGE_YES)
		return refuse(c, "hugepages", ENOMEM, "fewer are free than memory wants", e);
	/* the EAL writes to all that it asks for, and does not ask whether it is there */
	if (number_in("/proc/meminfo", "MemAvailable: %lu") << 10 < want)
		return refuse(c, "memory", ENOMEM, "this machine has less", e);
	return 0;
}

static bool any_pci(const struct gen_conf *c)
{
	for (unsigned i = 0; i < c->n_ports; i++)
		if (memchr(c->ports[i].device, ':', strcspn(c->ports[i].device, ",")))
			return true;
	return false;
}

/* What goes wrong has a line of ours; DPDK's are for who looks for more. */
static void log_hush(void)
{
	FILE *f = fopen("/dev/null", "w");

	if (f)
		rte_openlog_stream(f);
}

static int start(const struct gen_conf *c, unsigned core, bool huge, struct err *e)
{
	char lcores[32], megabytes[16];
	char *argv[16] = {"penstock-s3gen", "--no-telemetry", "--log-level", "error", "--lcores",
		lcores, "-m", megabytes};
	int argc = 8;

	snprintf(lcores, sizeof(lcores), "0@%u", core);
	snprintf(megabytes, sizeof(megabytes), "%lu", c->global.memory >> 20);
	argv[argc++] = huge ? "--in-memory" : "--no-huge";
	argv[argc++] = huge ? "--iova-mode=va" : "--no-shconf";
	if (!any_pci(c)) {
		argv[argc++] = "--no-pci";
		argv[argc++] = "--single-file-segments"; /* net_virtio_user shares them */
	}
	if (!huge)
		argv[argc++] = "--iova-mode=va"; /* see pool_create() in lib/buf */
	if (rte_eal_init(argc, argv) < 0)
		return refuse(c, "memory", rte_errno ? rte_errno : EIO,
			"DPDK does not start with it; see --verbose", e);
	up = true;
	return 0;
}

int eal_start(const struct gen_conf *c, bool verbose, struct err *e)
{
	bool any = c->global.core == GEN_ANY_CORE, huge;
	cpu_set_t cpus;
	int rc = any ? 0 : core_check(c, e);

	if (rc == 0)
		rc = memory_decide(c, &huge, e);
	if (rc < 0)
		return rc;
	if (!verbose)
		log_hush();
	sched_getaffinity(0, sizeof(cpus), &cpus);
	rc = start(c, any ? (unsigned)sched_getcpu() : c->global.core, huge, e);
	/* the EAL pins its thread; only who asked for a core wants that */
	if (any)
		sched_setaffinity(0, sizeof(cpus), &cpus);
	return rc;
}

void eal_stop(void)
{
	if (up)
		rte_eal_cleanup();
	up = false;
}
