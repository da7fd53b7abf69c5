/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/err.h"
#include "base/log.h"
#include "unit.h"

static char seen[2048];
static enum log_level seen_level;
static int lines;

static void sink(enum log_level level, const char *lib, const char *text)
{
	snprintf(seen, sizeof(seen), "%s: %s", lib, text);
	seen_level = level;
	lines++;
}

static void err_returns_its_code(void)
{
	struct err e;

	CU_ASSERT_EQUAL(err_set(&e, EINVAL, "line %d: %s", 7, "no such key"), -EINVAL);
	CU_ASSERT_STRING_EQUAL(e.text, "line 7: no such key");
	CU_ASSERT_EQUAL(err_set(&e, EIO, "%0600d", 1), -EIO);
	CU_ASSERT_EQUAL(strlen(e.text), sizeof(e.text) - 1);
}

static void log_goes_to_the_sink(void)
{
	log_set_sink(NULL, LOG_LEVEL_DEBUG);
	log_error("base", "lost");
	CU_ASSERT_EQUAL(lines, 0);
	log_set_sink(sink, LOG_LEVEL_WARN);
	log_info("base", "too quiet");
	log_debug("base", "too quiet");
	CU_ASSERT_EQUAL(lines, 0);
	log_warn("base", "port %s is %s", "a", "down");
	CU_ASSERT_EQUAL(lines, 1);
	CU_ASSERT_EQUAL(seen_level, LOG_LEVEL_WARN);
	CU_ASSERT_STRING_EQUAL(seen, "base: port a is down");
	log_error("base", "%02000d", 1);
	CU_ASSERT_EQUAL(lines, 2);
	CU_ASSERT_EQUAL(strlen(seen), strlen("base: ") + 1023);
	log_set_sink(NULL, LOG_LEVEL_ERROR);
}

/* What a child that breaks (or keeps) a promise prints, and its wait status. */
static int child(int broken, char *text, size_t size)
{
	int fd[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	CU_ASSERT_EQUAL_FATAL(pipe(fd), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		dup2(fd[1], STDERR_FILENO);
		ASSERT(!broken, "promises are kept");
		_exit(0);
	}
	close(fd[1]);
	while (n < size - 1 && (got = read(fd[0], text + n, size - 1 - n)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	close(fd[0]);
	CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_aborts_and_says_why(void)
{
	char text[1024];
	int status = child(1, text, sizeof(text));

	CU_ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "promises are kept (!broken)"));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "test_base.c:"));
	status = child(0, text, sizeof(text));
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CU_ASSERT_STRING_EQUAL(text, "");
}

static const struct unit_case cases[] = {
	UNIT_CASE(err_returns_its_code),
	UNIT_CASE(log_goes_to_the_sink),
	UNIT_CASE(assert_aborts_and_says_why),
};

UNIT_MAIN(cases)
