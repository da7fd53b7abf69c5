/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL: cores, hugepages or not, and its log lines in our form. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "app.h"

#define HUGE_DIR "/sys/kernel/mm/hugepages"

unsigned cores_choose(const struct conf *conf, uint16_t cores[CONF_WORKERS_MAX])
{
	if (conf->global.n_workers) {
		memcpy(cores, conf->global.workers, conf->global.n_workers * sizeof(cores[0]));
		return conf->global.n_workers;
	}
	cores[0] = sysconf(_SC_NPROCESSORS_ONLN) > 1 ? 1 : 0;
	return 1;
}

/* Free huge pages of all sizes, bytes. */
static uint64_t huge_free(void)
{
	DIR *d = opendir(HUGE_DIR);
	struct dirent *e;
	uint64_t sum = 0;

	while (d && (e = readdir(d)) != NULL) {
		char path[512];
		unsigned long kb, n;
		FILE *f;

		if (sscanf(e->d_name, "hugepages-%lukB", &kb) != 1)
			continue;
		snprintf(path, sizeof(path), HUGE_DIR "/%s/free_hugepages", e->d_name);
		f = fopen(path, "r");
		if (f && fscanf(f, "%lu", &n) == 1)
			sum += (uint64_t)n * kb * 1024;
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
	return sum;
}

/* One line of DPDK's log. Its text says which library speaks; the level is not in it. */
static ssize_t log_write(void *cookie, const char *text, size_t n)
{
	size_t len = n;

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len)
		log_debug("dpdk", "%.*s", (int)len, text);
	return (ssize_t)n;
}

static void log_redirect(void)
{
	FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = log_write});

	if (!f)
		return;
	setvbuf(f, NULL, _IOLBF, 1024);
	rte_openlog_stream(f);
}

static int huge_decide(const struct conf *conf, bool *huge, struct err *e)
{
	uint64_t want = conf->global.memory, have = huge_free();

	*huge = conf->global.hugepages != CONF_HUGE_NO;
	if (!*huge || have >= want)
		return 0;
	if (conf->global.hugepages == CONF_HUGE_YES)
		return err_set(e, ENOMEM,
			"%s:%u: [global] hugepages: %lu MB free, memory = %lu MB is asked for: "
			"reserve more (sysctl vm.nr_hugepages) or set hugepages = auto",
			conf->global.at.file, conf->global.at.line, have >> 20, want >> 20);
	log_warn("app", "%lu MB of hugepages free, %lu MB wanted: going on with normal pages, slower",
		have >> 20, want >> 20);
	*huge = false;
	return 0;
}

static void lcores_text(char *text, size_t n, const struct conf *conf, const uint16_t *cores,
	unsigned n_cores)
{
	size_t at = (size_t)snprintf(text, n, "0@%u", conf->global.control);

	for (unsigned i = 0; i < n_cores; i++)
		at += (size_t)snprintf(text + at, n - at, ",%u@%u", i + 1, cores[i]);
}

static int cores_check(const struct conf *conf, const uint16_t *cores, unsigned n_cores,
	struct err *e)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	for (unsigned i = 0; i < n_cores; i++)
		if (cores[i] >= online)
			return err_set(e, EINVAL,
				"%s:%u: [global] workers: core %u does not exist, this machine has "
				"0 to %ld",
				conf->global.at.file, conf->global.at.line, cores[i], online - 1);
	if (conf->global.control >= online)
		return err_set(e, EINVAL,
			"%s:%u: [global] control: core %u does not exist, this machine has 0 to %ld",
			conf->global.at.file, conf->global.at.line, conf->global.control, online - 1);
	return 0;
}

int eal_start(const struct conf *conf, const uint16_t *cores, unsigned n_cores, struct err *e)
{
	char lcores[16 * (CONF_WORKERS_MAX + 1)], megabytes[16];
	char *argv[16] = {"penstock", "--lcores", lcores, "-m", megabytes, "--no-telemetry", "-a",
		"0000:00:00.0"};
	int argc = 8, rc;
	bool huge;

	rc = cores_check(conf, cores, n_cores, e);
	if (rc == 0)
		rc = huge_decide(conf, &huge, e);
	if (rc < 0)
		return rc;
	lcores_text(lcores, sizeof(lcores), conf, cores, n_cores);
	snprintf(megabytes, sizeof(megabytes), "%lu", conf->global.memory >> 20);
	if (huge) {
		argv[argc++] = "--in-memory"; /* no files that a crash would leave behind */
	} else {
		argv[argc++] = "--no-huge";
		argv[argc++] = "--no-shconf";
	}
	log_redirect();
	if (rte_eal_init(argc, argv) < 0)
		return err_set(e, rte_errno ? rte_errno : EIO,
			"DPDK does not start (%s): run with [global] log = debug to see its own words",
			rte_strerror(rte_errno));
	return 0;
}

void eal_stop(void)
{
	rte_eal_cleanup();
}
