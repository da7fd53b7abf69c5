/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The operator's shell. The server knows the language (lib/ctl); here are only the socket, the
 * terminal and the three words that concern the shell itself: watch, check, quit.
 */
#ifndef PENSTOCKCTL_H
#define PENSTOCKCTL_H

#include <stdbool.h>
#include <stddef.h>

enum ctl_exit {
	EXIT_OK,
	EXIT_ERROR, /* the command was refused */
	EXIT_USAGE, /* wrong arguments, or no penstock to ask */
};

#define EXIT_QUIT -1 /* what run_line returns for "quit" */

struct options {
	const char *socket;
	bool json;
};

/* ---- client.c ---- */

struct answer {
	bool ok; /* false: text is an error */
	char *text;
	size_t n;
};

/* Ask one line on a connection of its own, so that a restarted penstock is no trouble. 0; or -1
 * with the reason on stderr, if loud. answer_fini() after 0. */
int ask(const struct options *o, const char *line, struct answer *a, bool loud);
void answer_fini(struct answer *a);

/* ---- command.c ---- */

/* Run one line, print what comes. An enum ctl_exit or EXIT_QUIT. */
int run_line(const struct options *o, const char *line);
/* The shell's own words, NULL at the end. */
extern const char *const own_words[];
/* Was there a Ctrl-C since it was last set to false? */
extern volatile int interrupted;

/* ---- shell.c ---- */

/* Read lines with editing, history and completion until the end. */
int shell(const struct options *o);

#endif
