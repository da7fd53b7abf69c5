/* SPDX-License-Identifier: BSD-3-Clause */
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "system.h"

static char dir[64], path[96];

static void up(void)
{
	system_up();
	strcpy(dir, "/tmp/penstock-test-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	sys.conf->global.socket = path;
}

static void down(void)
{
	CU_ASSERT_EQUAL(rmdir(dir), 0);
	system_down();
}

/* The app's loop: sleep on the one descriptor, poll, until the client has its answer. */
static void asked_and_answered(void)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	char text[256] = "";
	struct err e = {""};
	struct ctl *c;
	int fd;

	up();
	c = ctl_create(&sys.core.sys, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	strcpy(at.sun_path, path);
	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	CU_ASSERT_EQUAL(send(fd, "nonsense\n", 9, 0), 9);
	while (recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT) < 0) {
		struct pollfd p = {.fd = ctl_fd(c), .events = POLLIN};

		CU_ASSERT_EQUAL_FATAL(poll(&p, 1, 5000), 1);
		ctl_poll(c);
	}
	EXPECT_PARTS(text, "error 115\n\"nonsense\": unknown; expected show, diff, ");
	close(fd);
	ctl_destroy(c);
	down();
}

/* A metrics address that is not ours: the socket, already open by then, is gone again. */
static void failed_start_leaves_nothing(void)
{
	struct err e = {""};

	up();
	CU_ASSERT_EQUAL(ip_endpoint_parse("192.0.2.1:9465", &sys.conf->global.metrics), 0);
	CU_ASSERT_PTR_NULL(ctl_create(&sys.core.sys, &e));
	EXPECT_PARTS(e.text, "metrics 192.0.2.1:9465: ");
	CU_ASSERT_EQUAL(access(path, F_OK), -1);
	sys.conf->global.metrics.port = 0;
	sys.conf->global.socket = "/proc/none/s";
	CU_ASSERT_PTR_NULL(ctl_create(&sys.core.sys, &e));
	EXPECT_PARTS(e.text, "admin socket /proc/none/s: ");
	ctl_destroy(NULL);
	down();
}

static void load(void)
{
	struct ctl_load *l = &sys.core.load[1];
	struct system_worker *w = &sys.worker[1];

	system_up();
	ctl__load_sample(&sys.core);
	CU_ASSERT(l->share < 0);
	w->busy = 10;
	w->idle = 20;
	w->sleep = 10;
	ctl__load_sample(&sys.core);
	CU_ASSERT_EQUAL(l->share, 0.25);
	w->sleep += 1000;
	ctl__load_sample(&sys.core);
	CU_ASSERT_EQUAL(l->share, 0);
	w->busy += 7;
	ctl__load_sample(&sys.core);
	CU_ASSERT_EQUAL(l->share, 1);
	ctl__load_sample(&sys.core);
	CU_ASSERT(l->share < 0);
	system_down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(asked_and_answered), UNIT_CASE(failed_start_leaves_nothing), UNIT_CASE(load)};
UNIT_MAIN(cases)
