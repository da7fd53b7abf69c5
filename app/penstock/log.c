/* SPDX-License-Identifier: BSD-3-Clause */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app.h"

static const char *const level_name[] = {"error", "warning", "info", "debug"};
/* syslog priorities, as sd-daemon(3) wants them in front of a line for the journal */
static const int level_prio[] = {3, 4, 6, 7};
static bool journal, all;
static FILE *out;

/* One call, one write: out is not buffered, and lines of several threads do not mix. */
static void sink(enum log_level level, const char *lib, const char *text)
{
	if (journal)
		fprintf(out, "<%d>%s: %s\n", level_prio[level], lib, text);
	else
		fprintf(out, "penstock: %s: %s: %s\n", level_name[level], lib, text);
}

/* systemd.exec(5): children inherit the variable, so what it names must be our stderr. */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long dev, ino;
	struct stat st;

	return stream && sscanf(stream, "%lu:%lu", &dev, &ino) == 2 &&
	       fstat(STDERR_FILENO, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void log_start(enum log_level max)
{
	int fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	out = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (out)
		setvbuf(out, NULL, _IONBF, 0);
	else
		out = stderr;
	journal = is_journal();
	log_level_set(max);
}

void log_level_set(enum log_level max)
{
	all = max == LOG_LEVEL_DEBUG;
	log_set_sink(sink, max);
}

void log_hush(void)
{
	int null = all || out == stderr ? -1 : open("/dev/null", O_WRONLY | O_CLOEXEC);

	if (null < 0)
		return;
	dup2(null, STDERR_FILENO);
	close(null);
}

void log_unhush(void)
{
	dup2(fileno(out), STDERR_FILENO);
}
