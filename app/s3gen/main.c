/* SPDX-License-Identifier: BSD-3-Clause */
/* penstock-s3gen [OPTION...] FILE.ini */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "loop.h"

#define EXIT_FAILED 3
#define EXIT_USAGE  2

static const char usage[] =
	"usage: penstock-s3gen [OPTION...] FILE.ini\n"
	"Clients and mock S3 nodes on one core, on Penstock's own stack; doc/s3gen.md.\n"
	"  --check            read and check the file, no more\n"
	"  --json FILE        the results as JSON; - is stdout, instead of the table\n"
	"  --histogram FILE   latencies as HdrHistogram prints them\n"
	"  --quiet            no line each second\n"
	"  --verbose          DPDK's own log, to stderr\n"
	"  --version, --help\n"
	"Prints a line each second (to stderr), and at the end a table of results.\n"
	"exit code: 0 every operation was right, 3 some failed, 1 the run broke off, 2 wrong\n"
	"arguments or file\n";

enum opt { OPT_CHECK, OPT_JSON, OPT_HISTOGRAM, OPT_QUIET, OPT_VERBOSE, OPT_VERSION, OPT_HELP };

static const struct option options[] = {{"check", 0, NULL, OPT_CHECK}, {"json", 1, NULL, OPT_JSON},
	{"histogram", 1, NULL, OPT_HISTOGRAM}, {"quiet", 0, NULL, OPT_QUIET},
	{"verbose", 0, NULL, OPT_VERBOSE}, {"version", 0, NULL, OPT_VERSION},
	{"help", 0, NULL, OPT_HELP}, {0}};

static struct {
	const char *json, *histogram, *file;
	bool check, quiet, verbose, version, help;
} args;

static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static int args_parse(int argc, char **argv)
{
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == '?')
			return -1;
		args.check |= c == OPT_CHECK;
		args.quiet |= c == OPT_QUIET;
		args.verbose |= c == OPT_VERBOSE;
		args.version |= c == OPT_VERSION;
		args.help |= c == OPT_HELP;
		if (c == OPT_JSON)
			args.json = optarg;
		if (c == OPT_HISTOGRAM)
			args.histogram = optarg;
	}
	if (args.version || args.help)
		return 0;
	args.file = argv[optind];
	return argc - optind == 1 ? 0 : -1;
}

static struct gen_conf *read_file(void)
{
	struct conf_errors errs = {0};
	struct gen_conf *c = file_load(args.file, &errs);

	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		fprintf(stderr, "%s\n", conf_errors_text(&errs, i));
	conf_errors_fini(&errs);
	return c;
}

/* NULL: none is wanted, or it cannot be opened (*bad). */
static FILE *output(const char *path, bool *bad)
{
	FILE *f;

	if (!path)
		return NULL;
	if (strcmp(path, "-") == 0)
		return stdout;
	f = fopen(path, "w");
	if (!f)
		fprintf(stderr, "penstock-s3gen: %s: %m\n", path);
	*bad |= !f;
	return f;
}

/* Written to the last byte? */
static bool output_end(FILE *f, const char *path)
{
	bool bad;

	if (!f)
		return true;
	bad = ferror(f) || fflush(f) != 0;
	if (f != stdout)
		bad |= fclose(f) != 0;
	if (bad)
		fprintf(stderr, "penstock-s3gen: %s: cannot be written\n", path);
	return !bad;
}

static int run(const struct gen_conf *c, const struct loop_outputs *out)
{
	const struct sigaction sa = {.sa_handler = on_signal};
	struct err e = {""};
	struct gen g;
	int code = EXIT_SUCCESS;

	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGINT, &sa, NULL);
	if (loop_init(&g, c, args.verbose, &e) < 0 || loop_run(&g, out, &stop, &e) < 0) {
		fprintf(stderr, "penstock-s3gen: %s\n", e.text);
		code = EXIT_FAILURE;
	} else if (report_failed(g.report)) {
		code = EXIT_FAILED;
	}
	loop_fini(&g);
	return code;
}

static int play(const struct gen_conf *c)
{
	bool bad = false;
	struct loop_outputs out = {.live = args.quiet ? NULL : stderr,
		.json = output(args.json, &bad),
		.histogram = output(args.histogram, &bad)};
	int code = EXIT_USAGE;

	out.table = out.json == stdout || out.histogram == stdout ? NULL : stdout;
	if (!bad)
		code = run(c, &out);
	bad = !output_end(out.json, args.json);
	bad |= !output_end(out.histogram, args.histogram);
	return bad && code == EXIT_SUCCESS ? EXIT_FAILURE : code;
}

int main(int argc, char **argv)
{
	struct gen_conf *c;
	int code = EXIT_SUCCESS;

	if (args_parse(argc, argv) < 0) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	if (args.help || args.version) {
		printf("%s", args.help ? usage : "penstock-s3gen " PENSTOCK_VERSION "\n");
		return EXIT_SUCCESS;
	}
	c = read_file();
	if (!c)
		return EXIT_USAGE;
	if (!args.check)
		code = play(c);
	file_free(c);
	return code;
}
