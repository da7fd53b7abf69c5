/* SPDX-License-Identifier: BSD-3-Clause */
/* The admin socket with real clients, polite, slow and hostile; time is the test's. */
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "system.h"

#define PLACES 16 /* of the server */
#define SEC    (clock_us_t) CLOCK_US_PER_S

static char dir[64], path[96];
static struct ctl_admin *admin;
static clock_us_t now;
static int ep;

static void up(void)
{
	struct err e = {""};

	system_up();
	strcpy(dir, "/tmp/penstock-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	now = 1000 * SEC;
	ep = epoll_create1(EPOLL_CLOEXEC);
	admin = ctl__admin_create(&sys.core, path, ep, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(admin);
}

static void down(void)
{
	ctl__admin_destroy(admin);
	close(ep);
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	system_down();
}

/* Let the server do all that it can do now. */
static void serve(void)
{
	struct epoll_event ev[8];
	int n;

	while ((n = epoll_wait(ep, ev, 8, 0)) > 0)
		for (int i = 0; i < n; i++)
			ctl__admin_ready(admin, ev[i].data.ptr, now);
}

static int client(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	strcpy(at.sun_path, path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	serve();
	return fd;
}

static void say(int fd, const char *text)
{
	CU_ASSERT_EQUAL(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
	serve();
}

/* What there is to read, at most n - 1 bytes, as a string; true: and then the end. */
static bool hear(int fd, char *out, size_t n)
{
	size_t got = 0;
	ssize_t rc;

	while ((rc = recv(fd, out + got, n - 1 - got, 0)) > 0) {
		got += (size_t)rc;
		serve();
	}
	out[got] = '\0';
	return rc == 0 || errno == ECONNRESET;
}

/* text is "VERDICT LENGTH\n" and exactly LENGTH bytes, which begin with begins. */
static void expect_answer(const char *text, const char *verdict, const char *begins)
{
	char head[64];
	const char *body = strchr(text, '\n');

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	snprintf(head, sizeof(head), "%s %zu\n", verdict, strlen(body + 1));
	CU_ASSERT_EQUAL(strncmp(text, head, strlen(head)), 0);
	CU_ASSERT_EQUAL(strncmp(body + 1, begins, strlen(begins)), 0);
}

static void one_question(void)
{
	char text[4096];
	struct stat st;
	int fd;

	up();
	CU_ASSERT_EQUAL(stat(path, &st), 0);
	CU_ASSERT_EQUAL(st.st_mode, S_IFSOCK | 0660);
	fd = client();
	say(fd, "show version\n");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "ok", "version  1.2.3\n");
	say(fd, "json show routes\r\n");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "ok", "{\"routes\":[");
	say(fd, "nonsense\n");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "\"nonsense\": unknown");
	close(fd);
	down();
}

/* Lines in pieces and several in one piece; a half-closed client still gets its answers. */
static void pieces(void)
{
	char text[4096];
	int fd;

	up();
	fd = client();
	say(fd, "show ");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	CU_ASSERT_STRING_EQUAL(text, "");
	say(fd, "nothing\nshow vers");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "\"nothing\"");
	say(fd, "ion\n\nfoo\n");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	EXPECT_PARTS(text, "ok ", "1.2.3", "error ", "empty", "error ", "\"foo\"");
	CU_ASSERT_EQUAL(send(fd, "show version\nhalf", 17, 0), 17);
	shutdown(fd, SHUT_WR);
	serve();
	CU_ASSERT_TRUE(hear(fd, text, sizeof(text)));
	expect_answer(text, "ok", "version");
	close(fd);
	down();
}

static void gone_in_mid_line(void)
{
	char text[256];
	int fd;

	up();
	for (unsigned i = 0; i < 2 * PLACES; i++) {
		fd = client();
		say(fd, i % 2 ? "show vers" : "show config\n");
		close(fd); /* with an answer unread */
		serve();
	}
	fd = client();
	say(fd, "x\n");
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "\"x\"");
	close(fd);
	down();
}

static void longest_line(void)
{
	char line[CTL_LINE_MAX + 1], text[512];
	int fd;

	up();
	fd = client();
	memset(line, 'x', sizeof(line));
	line[CTL_LINE_MAX - 1] = '\n';
	line[CTL_LINE_MAX] = '\0';
	say(fd, line);
	CU_ASSERT_FALSE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "\"xxx");
	line[CTL_LINE_MAX - 1] = 'x';
	say(fd, line);
	CU_ASSERT_TRUE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "request longer than 1024 bytes\n");
	close(fd);
	down();
}

static void line_of_64_kb(void)
{
	static char line[64 << 10];
	char text[512];
	int fd;

	up();
	memset(line, 'y', sizeof(line));
	fd = client();
	CU_ASSERT_EQUAL(send(fd, line, sizeof(line), MSG_NOSIGNAL), sizeof(line));
	serve();
	CU_ASSERT_TRUE(hear(fd, text, sizeof(text)));
	expect_answer(text, "error", "request longer than 1024 bytes\n");
	close(fd);
	down();
}

/* A hundred at once: the oldest make room, and the last is served. */
static void hundred_clients(void)
{
	int fd[100], open = 0;
	char text[512];

	up();
	for (unsigned i = 0; i < 100; i++) {
		now += 10;
		fd[i] = client();
	}
	for (unsigned i = 0; i < 100; i++) {
		bool end = hear(fd[i], text, sizeof(text));

		CU_ASSERT_EQUAL(end, i < 100 - PLACES);
		open += !end;
	}
	CU_ASSERT_EQUAL(open, PLACES);
	say(fd[99], "z\n");
	CU_ASSERT_FALSE(hear(fd[99], text, sizeof(text)));
	expect_answer(text, "error", "\"z\"");
	for (unsigned i = 0; i < 100; i++)
		close(fd[i]);
	serve();
	down();
}

/* Asks and asks and reads nothing: the server stops listening to it, serves others, and when it
 * reads at last, every answer is whole. */
static void never_reads(void)
{
	static const char ask[] = "json show counters all\n";
	static char text[1 << 20];
	unsigned asked = 0, answers = 0;
	int slow, other;

	up();
	slow = client();
	while (send(slow, ask, strlen(ask), MSG_NOSIGNAL) == (ssize_t)strlen(ask) &&
		asked < 1000000) {
		asked++;
		serve();
	}
	CU_ASSERT(asked > 10 && asked < 1000000);
	other = client();
	say(other, "show version\n");
	CU_ASSERT_FALSE(hear(other, text, sizeof(text)));
	expect_answer(text, "ok", "version");
	shutdown(slow, SHUT_WR);
	for (;;) {
		unsigned long n;
		ssize_t got = recv(slow, text, 32, MSG_PEEK);
		char *end;

		if (got <= 0)
			break;
		CU_ASSERT_EQUAL_FATAL(strncmp(text, "ok ", 3), 0);
		n = strtoul(text + 3, &end, 10);
		for (size_t left = n + (size_t)(end + 1 - text); left > 0; left -= (size_t)got) {
			got = recv(slow, text, left, 0);
			CU_ASSERT_FATAL(got > 0);
			serve();
		}
		answers++;
	}
	CU_ASSERT(answers == asked || answers == asked + 1); /* the last send may be in part */
	close(slow);
	close(other);
	serve();
	down();
}

static void idle_clients(void)
{
	int idle, half, busy;
	char text[512];

	up();
	idle = client();
	half = client();
	busy = client();
	say(half, "sho");
	now += 20 * SEC;
	say(busy, "x\n");
	ctl__admin_tick(admin, now);
	CU_ASSERT_FALSE(hear(idle, text, sizeof(text)));
	now += 11 * SEC;
	ctl__admin_tick(admin, now);
	serve();
	CU_ASSERT_TRUE(hear(idle, text, sizeof(text)));
	CU_ASSERT_TRUE(hear(half, text, sizeof(text)));
	CU_ASSERT_FALSE(hear(busy, text, sizeof(text)));
	close(idle);
	close(half);
	close(busy);
	down();
}

/* ---- the socket file ---- */

static void expect_refused(const char *at, const char *want)
{
	struct err e = {""};

	CU_ASSERT_PTR_NULL(ctl__admin_create(&sys.core, at, ep, &e));
	if (!strstr(e.text, want))
		printf("\n%s\n", e.text);
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, want));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, at));
}

static void path_taken(void)
{
	char file[128], long_path[200];
	int fd;

	up();
	expect_refused(path, "busy, another penstock is running on it");
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	snprintf(file, sizeof(file), "%s/file", dir);
	fd = open(file, O_CREAT | O_WRONLY, 0600);
	close(fd);
	expect_refused(file, "a file that is no socket is in the way");
	CU_ASSERT_EQUAL(unlink(file), 0);
	snprintf(file, sizeof(file), "%s/no/where/s", dir);
	expect_refused(file, "No such file or directory");
	memset(long_path, 'p', sizeof(long_path));
	long_path[sizeof(long_path) - 1] = '\0';
	expect_refused(long_path, "path too long");
	down();
}

/* The file of a process that died is replaced; its directory is made when it is missing. */
static void leftovers(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	struct err e = {""};
	char fresh[128];
	int fd;

	up();
	ctl__admin_destroy(admin);
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	close(fd);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	admin = ctl__admin_create(&sys.core, path, ep, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(admin);
	ctl__admin_destroy(admin);
	snprintf(fresh, sizeof(fresh), "%s/made/s", dir);
	admin = ctl__admin_create(&sys.core, fresh, ep, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(admin);
	CU_ASSERT_EQUAL(access(fresh, F_OK), 0);
	down(); /* its rmdir shows that "made" is gone */
}

/* Somebody removed our file and another process listens there: it keeps its own. */
static void not_ours_any_more(void)
{
	struct ctl_admin *second;
	struct err e = {""};

	up();
	CU_ASSERT_EQUAL(unlink(path), 0);
	second = ctl__admin_create(&sys.core, path, ep, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(second);
	ctl__admin_destroy(admin);
	CU_ASSERT_EQUAL(access(path, F_OK), 0);
	admin = second;
	down();
}

static const struct unit_case cases[] = {UNIT_CASE(one_question), UNIT_CASE(pieces),
	UNIT_CASE(gone_in_mid_line), UNIT_CASE(longest_line), UNIT_CASE(line_of_64_kb),
	UNIT_CASE(hundred_clients), UNIT_CASE(never_reads), UNIT_CASE(idle_clients),
	UNIT_CASE(path_taken), UNIT_CASE(leftovers), UNIT_CASE(not_ours_any_more)};
UNIT_MAIN(cases)
