/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL on one core, with hugepages or without. */
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "bridge.h"

static bool up;

static bool is_pci(const char *device)
{
	return memchr(device, ':', strcspn(device, ","));
}

/* The EAL prints all of its options where a core is missing. */
static int core_check(int core, struct err *e)
{
	cpu_set_t old, one;

	CPU_ZERO(&one);
	CPU_SET((size_t)core, &one);
	sched_getaffinity(0, sizeof(old), &old);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		return err_set(
			e, EINVAL, "--core: core %d does not exist or may not be used", core);
	sched_setaffinity(0, sizeof(old), &old);
	return 0;
}

/* The EAL writes to all that it asks for, and does not ask whether it is there. */
static int memory_check(uint64_t want, struct err *e)
{
	unsigned long kb = ULONG_MAX / 1024;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	if (kb * 1024 >= want)
		return 0;
	return err_set(
		e, ENOMEM, "--packets: %lu MB wanted, %lu MB are available", want >> 20, kb >> 10);
}

/* What goes wrong has a line of ours; DPDK's are for who looks for more. */
static void log_hush(void)
{
	FILE *f = fopen("/dev/null", "w");

	if (f)
		rte_openlog_stream(f);
}

int eal_start(const struct args *a, uint64_t memory, struct err *e)
{
	char lcores[32], megabytes[16];
	char *argv[16] = {"penstock-wan", "--no-telemetry", "--log-level", "error", "--lcores",
		lcores, "-m", megabytes};
	int argc = 8, rc = a->core >= 0 ? core_check(a->core, e) : 0;
	cpu_set_t cpus;

	if (rc == 0 && !a->hugepages)
		rc = memory_check(memory, e);
	if (rc < 0)
		return rc;
	if (!a->verbose)
		log_hush();
	sched_getaffinity(0, sizeof(cpus), &cpus);
	snprintf(lcores, sizeof(lcores), "0@%d", a->core >= 0 ? a->core : sched_getcpu());
	snprintf(megabytes, sizeof(megabytes), "%lu", memory >> 20);
	argv[argc++] = a->hugepages ? "--in-memory" : "--no-huge";
	if (!a->hugepages)
		argv[argc++] = "--no-shconf";
	if (!is_pci(a->device[0]) && !is_pci(a->device[1])) {
		argv[argc++] = "--no-pci";
		argv[argc++] = "--iova-mode=va";         /* see pool_create() in lib/buf */
		argv[argc++] = "--single-file-segments"; /* net_virtio_user shares them */
	}
	rc = rte_eal_init(argc, argv);
	if (rc < 0)
		return err_set(e, rte_errno ? rte_errno : EIO,
			"DPDK does not start with %s MB on core %s: %s; see --verbose", megabytes,
			lcores + 2, rte_strerror(rte_errno));
	up = true;
	/* the EAL pins its thread; only who asked for a core wants that */
	if (a->core < 0)
		sched_setaffinity(0, sizeof(cpus), &cpus);
	return 0;
}

void eal_stop(void)
{
	if (up)
		rte_eal_cleanup();
	up = false;
}
