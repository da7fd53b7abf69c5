/* SPDX-License-Identifier: BSD-3-Clause */
/* penstock --config FILE | --check FILE | --version */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "app.h"
#include "ctl/ctl.h"

#define EXIT_USAGE 2

static void usage(FILE *f)
{
	fputs("usage: penstock --config FILE   run the appliance in the foreground\n"
	      "       penstock --check FILE    check the file, print everything that is wrong\n"
	      "       penstock --version\n"
	      "       penstock --help\n"
	      "exit code: 0 ended in order or the file is good, 1 it is not or the start failed,\n"
	      "           2 wrong arguments\n",
		f);
}

/* The snapshot, or NULL with every error printed. */
static struct conf *load(const char *path)
{
	struct conf_errors errs = {0};
	struct conf *conf = conf_load(path, &errs);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		fprintf(stderr, "penstock: %s\n", conf_errors_text(&errs, i));
	conf_errors_fini(&errs);
	return conf;
}

static void say(void *arg, enum log_level level, const char *text)
{
	fprintf(stderr, "penstock: %s%s\n", level == LOG_LEVEL_WARN ? "warning: " : "", text);
}

/* The files that the file names are read as well. */
static int check(const char *path)
{
	struct conf *conf = load(path);
	struct ctl_tls *tls = conf ? ctl_tls_create(conf, say, NULL) : NULL;

	if (tls)
		printf("%s: good: %u ports, %u listeners, %u pools, %u certificates\n", path,
			conf->n_ports, conf->n_listeners, conf->n_pools, conf->n_certs);
	ctl_tls_destroy(tls);
	conf_destroy(conf);
	return tls ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int run(const char *path)
{
	struct conf *conf = load(path);
	uint16_t cores[CONF_WORKERS_MAX];
	unsigned n_cores;
	struct err e = {""};
	int code = EXIT_FAILURE;

	if (!conf)
		return EXIT_FAILURE;
	log_start(conf->global.log);
	n_cores = cores_choose(conf, cores);
	if (host_check(conf, cores, n_cores, &e) < 0)
		fprintf(stderr, "penstock: %s\n", e.text);
	else
		code = appliance_run(conf, cores, n_cores);
	conf_destroy(conf);
	return code;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
		{"check", required_argument, NULL, 'k'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int opt = getopt_long(argc, argv, "c:h", options, NULL);
	char *value = optarg;

	if (opt == -1 && optind < argc)
		fprintf(stderr, "penstock: unknown argument '%s'\n", argv[optind]);
	if (opt != -1 && opt != '?' && optind < argc) {
		fprintf(stderr, "penstock: one thing at a time: '%s' is too much\n", argv[optind]);
		opt = '?';
	}
	switch (opt) {
	case 'c':
		return run(value);
	case 'k':
		return check(value);
	case 'V':
		printf("penstock %s\n", PENSTOCK_VERSION);
		return EXIT_SUCCESS;
	case 'h':
		usage(stdout);
		return EXIT_SUCCESS;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}
