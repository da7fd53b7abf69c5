/* SPDX-License-Identifier: BSD-3-Clause */
/* One line of the operator's: the shell's own words here, all else asked of the server. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "conf/conf.h"
#include "penstockctl.h"

const char *const own_words[] = {"check", "quit", "watch", NULL};
volatile int interrupted;

/* The rest of line behind word, or NULL when line does not begin with it. */
static const char *after(const char *line, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0 || (line[n] && !isspace((unsigned char)line[n])))
		return NULL;
	while (isspace((unsigned char)line[n]))
		n++;
	return line + n;
}

/* The server's help lists the server's commands; these are ours. */
static void help_own(const char *words)
{
	if (*words == '\0')
		puts("\nin this shell\n"
		     "watch COMMAND...  a command's answer each second, until Ctrl-C\n"
		     "check FILE        a configuration file: every error in it\n"
		     "quit              leave; Ctrl-D does too");
}

static int forward(const struct options *o, const char *line)
{
	struct answer a;
	int rc;

	if (ask(o, line, &a, true) < 0)
		return EXIT_USAGE;
	rc = a.ok ? EXIT_OK : EXIT_ERROR;
	fwrite(a.text, 1, a.n, a.ok ? stdout : stderr);
	if (a.ok && !o->json && after(line, "help"))
		help_own(after(line, "help"));
	answer_fini(&a);
	fflush(stdout);
	return rc;
}

/* With the operator's own rights, not the server's: it must not read files for others. */
static int check(const char *file)
{
	struct conf_errors errs = {0};
	struct conf *conf;

	if (*file == '\0') {
		fprintf(stderr, "\"check\": incomplete; expected a file\n");
		return EXIT_ERROR;
	}
	conf = conf_load(file, &errs);
	for (unsigned i = 0; i < conf_errors_count(&errs); i++)
		fprintf(stderr, "%s\n", conf_errors_text(&errs, i));
	if (conf)
		printf("%s: no errors\n", file);
	conf_errors_fini(&errs);
	conf_destroy(conf);
	return conf ? EXIT_OK : EXIT_ERROR;
}

static int watch(const struct options *o, const char *line)
{
	const struct timespec second = {.tv_sec = 1};
	int rc;

	if (*line == '\0') {
		fprintf(stderr, "\"watch\": incomplete; expected a command\n");
		return EXIT_ERROR;
	}
	interrupted = 0;
	for (;;) {
		if (isatty(STDOUT_FILENO))
			fputs("\033[H\033[J", stdout); /* home, clear */
		rc = forward(o, line);
		if (rc != EXIT_OK || interrupted || nanosleep(&second, NULL) < 0)
			return interrupted ? EXIT_OK : rc;
	}
}

int run_line(const struct options *o, const char *line)
{
	const char *rest;

	while (isspace((unsigned char)*line))
		line++;
	if (*line == '\0' || *line == '#')
		return EXIT_OK;
	if (after(line, "quit") || after(line, "exit"))
		return EXIT_QUIT;
	rest = after(line, "watch");
	if (rest)
		return watch(o, rest);
	rest = after(line, "check");
	if (rest)
		return check(rest);
	return forward(o, line);
}
