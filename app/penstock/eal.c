/* SPDX-License-Identifier: BSD-3-Clause */
/* DPDK's EAL: cores, hugepages or not, and its log lines in our form. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "app.h"

#define HUGE_DIR "/sys/kernel/mm/hugepages"
/* An allow list with an address that no device has: the EAL probes nothing by itself, and a port's
 * device can still be plugged in by name. (--no-pci would forbid that.) */
#define NO_SUCH_PCI "ffff:ff:1f.7"

static bool up;
static char words[200]; /* the first error in DPDK's log since eal_words() was asked */
static char panic[PATH_MAX + 200];

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

/* One line of DPDK's log. */
static ssize_t log_write(void *cookie, const char *text, size_t n)
{
	size_t len = n;

	while (len && (text[len - 1] == '\n' || text[len - 1] == ' '))
		len--;
	if (len == 0)
		return (ssize_t)n;
	if (rte_log_cur_msg_loglevel() <= (int)RTE_LOG_ERR && !words[0])
		snprintf(words, sizeof(words), "%.*s", (int)len, text);
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

const char *eal_words(void)
{
	static char out[sizeof(words) + 16];

	snprintf(out, sizeof(out), words[0] ? " (DPDK says: %s)" : "%s", words);
	words[0] = '\0';
	return out;
}

/* Memory that may be had without swapping, bytes. */
static uint64_t memory_free(void)
{
	unsigned long kb = ULONG_MAX / 1024;
	char line[128];
	FILE *f = fopen("/proc/meminfo", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu kB", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return (uint64_t)kb * 1024;
}

static int memory_check(const struct conf *conf, struct err *e)
{
	uint64_t want = conf->global.memory, have = memory_free();

	if (have >= want)
		return 0;
	return err_set(e, ENOMEM,
		"%s:%u: [global] memory: %lu MB wanted, this machine has %lu MB available: lower "
		"it",
		conf->global.at.file, conf->global.at.line, want >> 20, have >> 20);
}

/* With hugepages or without. */
static int huge_decide(const struct conf *conf, bool *huge, struct err *e)
{
	uint64_t want = conf->global.memory, have = huge_free();

	*huge = conf->global.hugepages != CONF_HUGE_NO && have >= want;
	if (*huge)
		return 0;
	if (conf->global.hugepages == CONF_HUGE_NO)
		return memory_check(conf, e);
	if (conf->global.hugepages == CONF_HUGE_YES)
		return err_set(e, ENOMEM,
			"%s:%u: [global] hugepages: %lu MB are free, memory = %lu MB wants more: "
			"reserve them (sysctl vm.nr_hugepages) or set hugepages = auto",
			conf->global.at.file, conf->global.at.line, have >> 20, want >> 20);
	log_warn("app",
		"%lu MB of hugepages are free, %lu MB wanted: going on with normal pages, slower",
		have >> 20, want >> 20);
	return memory_check(conf, e);
}

static void lcores_text(
	char *text, size_t n, const struct conf *conf, const uint16_t *cores, unsigned n_cores)
{
	size_t at = (size_t)snprintf(text, n, "0@%u", conf->global.control);

	for (unsigned i = 0; i < n_cores; i++)
		at += (size_t)snprintf(text + at, n - at, ",%u@%u", i + 1, cores[i]);
}

/* A PCI address has a colon, a vdev's name has none. */
static bool is_pci(const char *device)
{
	return memchr(device, ':', strcspn(device, ",")) != NULL;
}

static bool any_pci(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->n_ports; i++)
		if (is_pci(conf->ports[i].device))
			return true;
	return conf->tls.aead_device && is_pci(conf->tls.aead_device);
}

/* The EAL panics where the address space has no room for a thread's stack: for the operator that is
 * an error as any other. */
static void panicked(int signal)
{
	log_unhush();
	if (write(STDERR_FILENO, panic, strlen(panic)) < 0)
		_exit(2);
	_exit(1);
}

/* As rte_eal_init, without its abort. */
static int init(const struct conf *conf, int argc, char **argv)
{
	struct sigaction old, act = {.sa_handler = panicked};
	int rc;

	snprintf(panic, sizeof(panic),
		"penstock: %s:%u: [global] memory: no room for DPDK's threads beside its %lu MB: "
		"raise the limit of address space (ulimit -v)\n",
		conf->global.at.file, conf->global.at.line, conf->global.memory >> 20);
	sigaction(SIGABRT, &act, &old);
	rc = rte_eal_init(argc, argv);
	sigaction(SIGABRT, &old, NULL);
	return rc;
}

int eal_start(const struct conf *conf, const uint16_t *cores, unsigned n_cores, struct err *e)
{
	char lcores[16 * (CONF_WORKERS_MAX + 1)], megabytes[16];
	char *argv[16] = {"penstock", "--no-telemetry", "--lcores", lcores, "-m", megabytes};
	int argc = 6, rc;
	bool huge;

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
	if (any_pci(conf)) {
		argv[argc++] = "-a";
		argv[argc++] = NO_SUCH_PCI;
	} else {
		argv[argc++] = "--no-pci";
		argv[argc++] = "--iova-mode=va"; /* one dense buffer pool, as net_af_xdp wants it */
		argv[argc++] = "--single-file-segments"; /* net_virtio_user shares them */
	}
	log_redirect();
	rc = init(conf, argc, argv);
	if (rc < 0)
		return err_set(e, rte_errno ? rte_errno : EIO,
			"%s:%u: [global] memory, hugepages: DPDK does not start with %s MB: %s%s; "
			"set "
			"log = debug to see all of its log",
			conf->global.at.file, conf->global.at.line, megabytes,
			rte_strerror(rte_errno), eal_words());
	up = true;
	return 0;
}

void eal_stop(void)
{
	if (up)
		rte_eal_cleanup();
	up = false;
}
