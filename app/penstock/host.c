/* SPDX-License-Identifier: BSD-3-Clause */
/* What must be true of the machine before DPDK is asked: the EAL aborts where it is not. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "app.h"

/* What EAL, ports, control and its clients open; a worker has three of its own. */
#define FILES_BASE       256u
#define FILES_PER_WORKER 16u

/* Bits of capabilities(7) that devices need: NET_ADMIN, NET_RAW. */
#define CAPS_NEEDED (1ull << 12 | 1ull << 13)

static int rights_check(struct err *e)
{
	unsigned long long caps = 0;
	char line[256];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "CapEff: %llx", &caps) == 1)
			break;
	if (f)
		fclose(f);
	if ((caps & CAPS_NEEDED) == CAPS_NEEDED)
		return 0;
	return err_set(e, EPERM,
		"no rights to drive network devices: run it as root, or with CAP_NET_ADMIN, "
		"CAP_NET_RAW and CAP_IPC_LOCK");
}

/* Asked as the EAL will ask: a core may be missing, offline or outside of our cgroup's set. */
static bool core_usable(uint16_t core)
{
	cpu_set_t old, one;
	bool ok;

	CPU_ZERO(&one);
	CPU_SET(core, &one);
	if (core >= CPU_SETSIZE || sched_getaffinity(0, sizeof(old), &old) < 0)
		return false;
	ok = sched_setaffinity(0, sizeof(one), &one) == 0;
	sched_setaffinity(0, sizeof(old), &old);
	return ok;
}

static int core_check(const struct conf_where *at, const char *key, uint16_t core, struct err *e)
{
	if (core_usable(core))
		return 0;
	return err_set(e, EINVAL,
		"%s:%u: %s: core %u does not exist or may not be used, this machine has 0 to %ld",
		at->file, at->line, key, core, sysconf(_SC_NPROCESSORS_ONLN) - 1);
}

/* As many as the hard limit lets us have. */
static int files_check(unsigned n_cores, struct err *e)
{
	rlim_t want = FILES_BASE + FILES_PER_WORKER * n_cores;
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur >= want)
		return 0;
	r.rlim_cur = r.rlim_max < want ? r.rlim_max : want;
	if (r.rlim_cur >= want && setrlimit(RLIMIT_NOFILE, &r) == 0)
		return 0;
	return err_set(e, EMFILE, "only %lu files may be open, %lu are needed: raise ulimit -n",
		(unsigned long)r.rlim_max, (unsigned long)want);
}

int host_check(const struct conf *conf, const uint16_t *cores, unsigned n_cores, struct err *e)
{
	int rc = rights_check(e);

	if (rc == 0)
		rc = files_check(n_cores, e);
	if (rc == 0)
		rc = core_check(&conf->global.at, "[global] control", conf->global.control, e);
	for (unsigned i = 0; rc == 0 && i < n_cores; i++)
		rc = core_check(&conf->global.at, "[global] workers", cores[i], e);
	for (unsigned i = 0; rc == 0 && i < conf->tls.n_core; i++)
		rc = core_check(&conf->tls.at, "[tls] handshake-cores", conf->tls.core[i], e);
	return rc;
}

unsigned cores_choose(const struct conf *conf, uint16_t cores[CONF_WORKERS_MAX])
{
	if (conf->global.n_workers) {
		memcpy(cores, conf->global.workers, conf->global.n_workers * sizeof(cores[0]));
		return conf->global.n_workers;
	}
	cores[0] = core_usable(1) ? 1 : 0;
	return 1;
}
