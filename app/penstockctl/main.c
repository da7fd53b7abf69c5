/* SPDX-License-Identifier: BSD-3-Clause */
/* penstockctl [-s SOCKET] [--json] [COMMAND...]: one command, lines from stdin, or a shell. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "penstockctl.h"

#define SOCKET "/run/penstock/penstock.sock"

static const char usage[] =
	"usage: penstockctl [-s SOCKET] [--json] [COMMAND...]\n"
	"\n"
	"  -s, --socket SOCKET  penstock's admin socket (" SOCKET ")\n"
	"  -j, --json           answers as JSON\n"
	"  -V, --version        version\n"
	"  -h, --help           this text; \"penstockctl help\" lists the commands\n"
	"\n"
	"Without a command: an interactive shell, or commands from stdin, one a line.\n"
	"Exit code: 0 done, 1 the command failed, 2 wrong usage or penstock cannot be reached.\n";

static void on_interrupt(int sig)
{
	interrupted = 1;
}

/* The command's words as one line. Owner: the caller; NULL: cannot be a line. */
static char *join(char **word, int n)
{
	size_t size = 1;
	char *line;

	for (int i = 0; i < n; i++) {
		if (strpbrk(word[i], "\r\n"))
			return NULL;
		size += strlen(word[i]) + 1;
	}
	line = calloc(1, size);
	for (int i = 0; line && i < n; i++) {
		strcat(line, i ? " " : "");
		strcat(line, word[i]);
	}
	return line;
}

static int run_words(const struct options *o, char **word, int n)
{
	char *line = join(word, n);
	int rc;

	if (!line) {
		fprintf(stderr, "a command is one line\n");
		return EXIT_USAGE;
	}
	rc = run_line(o, line);
	free(line);
	return rc == EXIT_QUIT ? EXIT_OK : rc;
}

/* All lines are run; the worst exit code is the result. */
static int run_stdin(const struct options *o)
{
	int worst = EXIT_OK, rc = EXIT_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t n;

	while (rc != EXIT_QUIT && (n = getline(&line, &size, stdin)) >= 0) {
		line[strcspn(line, "\r\n")] = '\0';
		rc = run_line(o, line);
		if (rc > worst)
			worst = rc;
	}
	free(line);
	return worst;
}

/* -1: go on; else the exit code. */
static int parse_options(struct options *o, int argc, char **argv)
{
	static const struct option longs[] = {{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'}, {"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
	int opt;

	while ((opt = getopt_long(argc, argv, "s:jVh", longs, NULL)) >= 0) {
		switch (opt) {
		case 's':
			o->socket = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 'V':
			puts("penstockctl " PENSTOCK_VERSION);
			return EXIT_OK;
		case 'h':
			fputs(usage, stdout);
			return EXIT_OK;
		default:
			fputs("try penstockctl --help\n", stderr);
			return EXIT_USAGE;
		}
	}
	return -1;
}

int main(int argc, char **argv)
{
	const struct sigaction act = {
		.sa_handler = on_interrupt}; /* no SA_RESTART: it ends a wait */
	struct options o = {.socket = SOCKET};
	int rc = parse_options(&o, argc, argv);

	if (rc >= 0)
		return rc;
	if (optind < argc && strcmp(argv[optind], "watch") != 0)
		return run_words(&o, argv + optind, argc - optind);
	sigaction(SIGINT, &act, NULL);
	if (optind < argc)
		return run_words(&o, argv + optind, argc - optind);
	return isatty(STDIN_FILENO) ? shell(&o) : run_stdin(&o);
}
