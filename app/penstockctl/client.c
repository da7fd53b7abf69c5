/* SPDX-License-Identifier: BSD-3-Clause */
/* One question, one answer on the admin socket: doc/lib/ctl.md has the protocol. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "penstockctl.h"

#define ANSWER_MAX (64u << 20) /* bytes; the server's limit is lower */
#define PATIENCE_S 10

static void complain(const char *path, int error)
{
	switch (error) {
	case ENOENT:
		fprintf(stderr, "is penstock running? socket %s does not exist\n", path);
		break;
	case ECONNREFUSED:
		fprintf(stderr, "is penstock running? nobody listens on socket %s\n", path);
		break;
	case EACCES:
		fprintf(stderr, "no right to open socket %s: try sudo, or join its group\n", path);
		break;
	case EAGAIN:
		fprintf(stderr, "penstock does not answer on socket %s within %d s\n", path,
			PATIENCE_S);
		break;
	case EPROTO:
		fprintf(stderr, "socket %s: this is not penstock's answer\n", path);
		break;
	default:
		fprintf(stderr, "socket %s: %s\n", path, strerror(error));
	}
}

static int connect_to(const char *path)
{
	const struct timeval patience = {.tv_sec = PATIENCE_S};
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd, rc;

	if (strlen(path) >= sizeof(at.sun_path))
		return -ENAMETOOLONG;
	strcpy(at.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

static int send_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);

		if (done < 0)
			return -errno;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* Read exactly n bytes. 0 or -errno. */
static int recv_all(int fd, char *p, size_t n)
{
	while (n > 0) {
		ssize_t done = recv(fd, p, n, 0);

		if (done < 0)
			return -errno;
		if (done == 0)
			return -ECONNRESET;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* "ok 123\n" or "error 123\n", then 123 bytes. */
static int recv_answer(int fd, struct answer *a)
{
	char head[32], verdict[8];
	size_t n = 0;
	int rc;

	do {
		if (n + 1 == sizeof(head))
			return -EPROTO;
		rc = recv_all(fd, head + n, 1);
		if (rc < 0)
			return rc;
	} while (head[n++] != '\n');
	head[n] = '\0';
	if (sscanf(head, "%7s %zu", verdict, &a->n) != 2 || a->n > ANSWER_MAX)
		return -EPROTO;
	a->ok = strcmp(verdict, "ok") == 0;
	if (!a->ok && strcmp(verdict, "error") != 0)
		return -EPROTO;
	a->text = malloc(a->n + 1);
	if (!a->text)
		return -ENOMEM;
	a->text[a->n] = '\0';
	return recv_all(fd, a->text, a->n);
}

int ask(const struct options *o, const char *line, struct answer *a, bool loud)
{
	int fd = connect_to(o->socket), rc = fd;

	*a = (struct answer){0};
	if (fd < 0)
		goto out;
	if (o->json)
		rc = send_all(fd, "json ", 5);
	if (rc >= 0)
		rc = send_all(fd, line, strlen(line));
	if (rc >= 0)
		rc = send_all(fd, "\n", 1);
	if (rc >= 0)
		rc = recv_answer(fd, a);
	close(fd);
out:
	if (rc >= 0)
		return 0;
	answer_fini(a);
	if (loud && rc != -EINTR)
		complain(o->socket, -rc);
	return -1;
}

void answer_fini(struct answer *a)
{
	free(a->text);
	a->text = NULL;
}
