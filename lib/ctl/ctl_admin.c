/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The admin socket. A request is a line, its answer "ok LENGTH\n" or "error LENGTH\n" and LENGTH
 * bytes of text; a connection may ask again.
 *
 *	READ --line--> ANSWER --all sent--> READ        a line too long: ANSWER, then closed
 *
 * While an answer waits for its client nothing more is read from it, so a client holds at most one
 * line and one answer of ours. Who is idle for IDLE_S, in the midst of a line or an answer too, is
 * closed; when all places are taken the one idle for longest makes room.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl/ctl_priv.h"

#define CLIENTS    16
#define IDLE_S     30
#define STEPS_TURN 16 /* of one client before the others have their turn */

struct client {
	int fd;            /* -1: free */
	bool last;         /* close after this answer */
	clock_us_t active; /* when bytes last moved */
	size_t in_n;
	char in[CTL_LINE_MAX];
	struct ctl_text out;
	size_t sent; /* bytes of out */
};

struct ctl_admin {
	const struct ctl_core *core;
	int ep, fd;
	struct sockaddr_un at;
	struct stat file; /* the socket file as we made it */
	bool made_dir;
	struct client client[CLIENTS];
};

/* ---- the socket file ---- */

/* A file of a process that is gone is removed. -EADDRINUSE when somebody listens there. */
static int remove_stale(const struct sockaddr_un *at, struct err *e)
{
	struct stat st;
	int fd, rc;

	if (lstat(at->sun_path, &st) < 0)
		return 0; /* bind will say what is wrong with the path */
	if (!S_ISSOCK(st.st_mode))
		return err_set(e, EEXIST, "admin socket %s: a file that is no socket is in the way",
			at->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(e, errno, "admin socket: %s", strerror(errno));
	rc = connect(fd, (const struct sockaddr *)at, sizeof(*at)) < 0 ? errno : 0;
	close(fd);
	if (rc == ECONNREFUSED)
		return unlink(at->sun_path) == 0 ? 0
						 : err_set(e, errno, "admin socket %s: %s",
							   at->sun_path, strerror(errno));
	if (rc != 0 && rc != EAGAIN) /* EAGAIN: its backlog is full, so it lives */
		return err_set(e, rc, "admin socket %s: %s", at->sun_path, strerror(rc));
	return err_set(e, EADDRINUSE, "admin socket %s: busy, another penstock is running on it",
		at->sun_path);
}

/* Make the socket's directory when only that is missing, as /run/penstock after a boot. */
static bool make_dir(const struct sockaddr_un *at)
{
	char dir[sizeof(at->sun_path)];
	char *slash;

	strcpy(dir, at->sun_path);
	slash = strrchr(dir, '/');
	if (!slash || slash == dir)
		return false;
	*slash = '\0';
	return mkdir(dir, 0755) == 0;
}

static void remove_dir(const struct sockaddr_un *at)
{
	char dir[sizeof(at->sun_path)];

	strcpy(dir, at->sun_path);
	*strrchr(dir, '/') = '\0';
	rmdir(dir); /* stays when others use it */
}

static int listen_at(struct ctl_admin *a, struct err *e)
{
	const char *path = a->at.sun_path;
	bool bound;

	if (remove_stale(&a->at, e) < 0)
		return -1;
	a->made_dir = make_dir(&a->at);
	a->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the mode before bind, so that nobody gets in earlier; umask may have taken bits of it */
	bound = a->fd >= 0 && fchmod(a->fd, 0660) == 0 &&
		bind(a->fd, (struct sockaddr *)&a->at, sizeof(a->at)) == 0;
	if (bound && chmod(path, 0660) == 0 && stat(path, &a->file) == 0 &&
		listen(a->fd, CLIENTS) == 0)
		return 0;
	err_set(e, errno, "admin socket %s: %s%s", path, strerror(errno),
		errno == ENOENT ? ", make its directory" : "");
	if (bound)
		unlink(path);
	if (a->fd >= 0)
		close(a->fd);
	if (a->made_dir)
		remove_dir(&a->at);
	return -1;
}

static int watch(const struct ctl_admin *a, int op, int fd, uint32_t events, void *ptr)
{
	struct epoll_event ev = {.events = events, .data.ptr = ptr};

	return epoll_ctl(a->ep, op, fd, &ev);
}

struct ctl_admin *ctl__admin_create(
	const struct ctl_core *core, const char *path, int ep, struct err *e)
{
	struct ctl_admin *a = calloc(1, sizeof(*a));

	if (!a || strlen(path) >= sizeof(a->at.sun_path)) {
		err_set(e, EINVAL, "admin socket %s: %s", path, a ? "path too long" : "no memory");
		free(a);
		return NULL;
	}
	a->core = core;
	a->ep = ep;
	a->at.sun_family = AF_UNIX;
	strcpy(a->at.sun_path, path);
	for (unsigned i = 0; i < CLIENTS; i++)
		a->client[i].fd = -1;
	if (listen_at(a, e) < 0) {
		free(a);
		return NULL;
	}
	if (watch(a, EPOLL_CTL_ADD, a->fd, EPOLLIN, a) < 0) {
		err_set(e, errno, "admin socket %s: %s", path, strerror(errno));
		ctl__admin_destroy(a);
		return NULL;
	}
	return a;
}

static void client_close(struct client *c)
{
	close(c->fd); /* takes it out of the epoll set too */
	c->fd = -1;
	ctl__text_fini(&c->out);
}

void ctl__admin_destroy(struct ctl_admin *a)
{
	struct stat st;

	if (!a)
		return;
	for (unsigned i = 0; i < CLIENTS; i++)
		if (a->client[i].fd >= 0)
			client_close(&a->client[i]);
	close(a->fd);
	/* only our own file: another process may have taken the path after somebody removed it */
	if (stat(a->at.sun_path, &st) == 0 && st.st_dev == a->file.st_dev &&
		st.st_ino == a->file.st_ino)
		unlink(a->at.sun_path);
	if (a->made_dir)
		remove_dir(&a->at);
	free(a);
}

/* ---- clients ---- */

static void answer(struct client *c, bool ok, const struct ctl_text *text)
{
	c->sent = 0;
	ctl__text_printf(&c->out, "%s %zu\n", ok ? "ok" : "error", text->n);
	ctl__text_put(&c->out, text->p, text->n);
	c->last |= c->out.failed; /* half an answer cannot be followed by another */
}

static void answer_line(struct ctl_admin *a, struct client *c, size_t n)
{
	struct ctl_text text = {0};
	struct span line = {c->in, n};
	bool ok;

	if (n > 0 && line.p[n - 1] == '\r') /* telnet-like tools */
		line.n--;
	ok = ctl__command_run(a->core, line, &text);
	answer(c, ok, &text);
	ctl__text_fini(&text);
	c->in_n -= n + 1;
	memmove(c->in, c->in + n + 1, c->in_n);
}

static void answer_too_long(struct client *c)
{
	struct ctl_text text = {0};

	ctl__text_printf(&text, "request longer than %d bytes\n", CTL_LINE_MAX);
	answer(c, false, &text);
	ctl__text_fini(&text);
	c->last = true;
}

enum step { STEP_MORE, STEP_READ, STEP_WRITE, STEP_CLOSE };

/* Send what waits. STEP_MORE: all of it went. */
static enum step flush(struct client *c, clock_us_t now)
{
	while (c->sent < c->out.n) {
		ssize_t n = send(
			c->fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR ? STEP_WRITE : STEP_CLOSE;
		c->sent += (size_t)n;
		c->active = now;
	}
	ctl__text_fini(&c->out);
	c->sent = 0;
	return c->last ? STEP_CLOSE : STEP_MORE;
}

static enum step fill(struct client *c, clock_us_t now)
{
	ssize_t n = recv(c->fd, c->in + c->in_n, sizeof(c->in) - c->in_n, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? STEP_READ : STEP_CLOSE;
	if (n == 0)
		return STEP_CLOSE; /* half a line is no request */
	c->in_n += (size_t)n;
	c->active = now;
	return STEP_MORE;
}

static enum step step(struct ctl_admin *a, struct client *c, clock_us_t now)
{
	enum step s = flush(c, now);
	const char *end;

	if (s != STEP_MORE)
		return s;
	end = memchr(c->in, '\n', c->in_n);
	if (end)
		answer_line(a, c, (size_t)(end - c->in));
	else if (c->in_n == sizeof(c->in))
		answer_too_long(c);
	else
		return fill(c, now);
	return STEP_MORE;
}

static void pump(struct ctl_admin *a, struct client *c, clock_us_t now)
{
	enum step s = STEP_MORE;
	uint32_t events;

	for (unsigned i = 0; s == STEP_MORE && i < STEPS_TURN; i++)
		s = step(a, c, now);
	events = s == STEP_READ ? EPOLLIN : EPOLLOUT; /* STEP_MORE: writable soon, so we are back */
	if (s == STEP_CLOSE || watch(a, EPOLL_CTL_MOD, c->fd, events, c) < 0)
		client_close(c);
}

/* A free place, made by closing the client that is idle for longest if need be. */
static struct client *place(struct ctl_admin *a)
{
	struct client *oldest = &a->client[0];

	for (struct client *c = a->client; c < a->client + CLIENTS; c++) {
		if (c->fd < 0)
			return c;
		if (c->active < oldest->active)
			oldest = c;
	}
	client_close(oldest);
	return oldest;
}

static void accept_clients(struct ctl_admin *a, clock_us_t now)
{
	for (unsigned i = 0; i < CLIENTS; i++) {
		int fd = accept4(a->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		struct client *c;

		if (fd < 0) {
			/* no descriptors: rest until the next tick instead of spinning */
			if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
				watch(a, EPOLL_CTL_MOD, a->fd, 0, a);
			return;
		}
		c = place(a);
		*c = (struct client){.fd = fd, .active = now};
		if (watch(a, EPOLL_CTL_ADD, fd, EPOLLIN, c) < 0)
			client_close(c);
	}
}

void ctl__admin_ready(struct ctl_admin *a, void *ptr, clock_us_t now)
{
	struct client *c = ptr;

	if (ptr == a)
		accept_clients(a, now);
	else if (c->fd >= 0) /* an earlier event of this round may have closed it */
		pump(a, c, now);
}

void ctl__admin_tick(struct ctl_admin *a, clock_us_t now)
{
	watch(a, EPOLL_CTL_MOD, a->fd, EPOLLIN, a);
	for (struct client *c = a->client; c < a->client + CLIENTS; c++)
		if (c->fd >= 0 && now - c->active > IDLE_S * (clock_us_t)CLOCK_US_PER_S)
			client_close(c);
}
