/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app.h"

static const char *const level_name[] = {"error", "warning", "info", "debug"};
/* syslog priorities, as sd-daemon(3) wants them in front of a line for the journal */
static const int level_prio[] = {3, 4, 6, 7};
static bool journal;

static void sink(enum log_level level, const char *lib, const char *text)
{
	if (journal)
		fprintf(stderr, "<%d>%s: %s\n", level_prio[level], lib, text);
	else
		fprintf(stderr, "penstock: %s: %s: %s\n", level_name[level], lib, text);
}

void log_start(enum log_level max)
{
	const char *stream = getenv("JOURNAL_STREAM");

	journal = stream && *stream;
	log_set_sink(sink, max);
}
