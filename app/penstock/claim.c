/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A claim is an abstract Unix socket named after the interface. Such names belong to a network
 * namespace as interfaces do, and they go with the process however it ends.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "app.h"

/* The value of iface= in a device string; its length, 0 without one. */
static int iface_of(const char *device, const char **name)
{
	*name = strstr(device, ",iface=");
	if (!*name)
		return 0;
	*name += strlen(",iface=");
	return (int)strcspn(*name, ",");
}

/* The socket that holds the name, or -errno. */
static int claim(const char *name, int len)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), n, rc;

	if (fd < 0)
		return -errno;
	/* sun_path[0] stays 0: abstract */
	n = snprintf(at.sun_path + 1, sizeof(at.sun_path) - 1, "penstock/iface/%.*s", len, name);
	if (bind(fd, (struct sockaddr *)&at,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)n)) == 0)
		return fd;
	rc = -errno;
	close(fd);
	return rc;
}

int claims_start(const struct conf *conf, int fd[CONF_PORTS_MAX], struct err *e)
{
	for (unsigned i = 0; i < conf->n_ports; i++) {
		const struct conf_port *p = &conf->ports[i];
		const char *name;
		int len = iface_of(p->device, &name);

		if (len == 0 || len > 64)
			continue;
		fd[i] = claim(name, len);
		if (fd[i] == -EADDRINUSE)
			return err_set(e, EBUSY,
				"%s:%u: [port %s] device: interface %.*s is in use by another port "
				"or "
				"another penstock",
				p->at.file, p->at.line, p->name, len, name);
		if (fd[i] < 0)
			return err_set(e, -fd[i], "socket: %s", strerror(-fd[i]));
	}
	return 0;
}

void claims_stop(int fd[CONF_PORTS_MAX])
{
	for (unsigned i = 0; i < CONF_PORTS_MAX; i++)
		if (fd[i] >= 0)
			close(fd[i]);
}
