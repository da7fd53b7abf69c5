/* SPDX-License-Identifier: BSD-3-Clause */
/* GET /metrics for Prometheus, on a socket of the kernel's. libmicrohttpd runs inside our epoll: no
 * thread, so a scrape reads what the shell reads, in the same way. */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <microhttpd.h>

#include "ctl/ctl_priv.h"

#define CLIENTS   16
#define IDLE_S    10
#define RUNS_TURN 64

struct ctl_http {
	const struct ctl_core *core;
	struct MHD_Daemon *daemon;
};

static enum MHD_Result reply(
	struct MHD_Connection *conn, unsigned status, const char *type, const char *text, size_t n)
{
	struct MHD_Response *rsp =
		MHD_create_response_from_buffer(n, (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY);
	enum MHD_Result rc;

	if (!rsp)
		return MHD_NO; /* closes the connection */
	MHD_add_response_header(rsp, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(rsp, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	rc = MHD_queue_response(conn, status, rsp);
	MHD_destroy_response(rsp);
	return rc;
}

static enum MHD_Result reply_error(struct MHD_Connection *conn, unsigned status, const char *text)
{
	return reply(conn, status, "text/plain; charset=utf-8", text, strlen(text));
}

static enum MHD_Result handle(void *arg, struct MHD_Connection *conn, const char *url,
	const char *method, const char *version, const char *data, size_t *data_n, void **state)
{
	const struct ctl_http *h = arg;
	struct ctl_text text = {0};
	enum MHD_Result rc;

	if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0)
		return reply_error(conn, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET is offered\n");
	if (!*state) { /* the head only; an answer now would end the connection */
		*state = conn;
		return MHD_YES;
	}
	*data_n = 0; /* a body is of no use */
	if (strcmp(url, "/metrics") != 0)
		return reply_error(conn, MHD_HTTP_NOT_FOUND, "only /metrics is here\n");
	ctl__metrics(h->core, &text);
	if (text.failed)
		rc = reply_error(conn, MHD_HTTP_INTERNAL_SERVER_ERROR, "no memory\n");
	else
		rc = reply(conn, MHD_HTTP_OK, "text/plain; version=0.0.4; charset=utf-8", text.p,
			text.n);
	ctl__text_fini(&text);
	return rc;
}

/* A listening TCP socket at `at`, or -1 with *e set. */
static int listen_at(const struct ip_endpoint *at, struct err *e)
{
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(at->port)};
	bool is_v4 = ip_is_v4(&at->addr);
	char text[IP_ENDPOINT_TEXT];
	int fd, rc, one = 1;

	memcpy(&v6.sin6_addr, at->addr.b, 16);
	memcpy(&v4.sin_addr, at->addr.b + 12, 4);
	fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		goto fail;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (!is_v4)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	rc = is_v4 ? bind(fd, (struct sockaddr *)&v4, sizeof(v4))
		   : bind(fd, (struct sockaddr *)&v6, sizeof(v6));
	if (rc == 0 && listen(fd, CLIENTS) == 0)
		return fd;
fail:
	err_set(e, errno, "metrics %s: %s", ip_endpoint_text(at, text), strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

struct ctl_http *ctl__http_create(
	const struct ctl_core *core, const struct ip_endpoint *at, struct err *e)
{
	struct ctl_http *h = calloc(1, sizeof(*h));
	int fd = h ? listen_at(at, e) : err_set(e, ENOMEM, "metrics: no memory");

	if (fd < 0)
		goto fail;
	h->core = core;
	h->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, h,
		MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)CLIENTS,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_END);
	if (h->daemon)
		return h;
	err_set(e, ENOMEM, "metrics: libmicrohttpd does not start");
	close(fd);
fail:
	free(h);
	return NULL;
}

void ctl__http_destroy(struct ctl_http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon); /* closes the listening socket */
	free(h);
}

int ctl__http_fd(const struct ctl_http *h)
{
	return MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
}

void ctl__http_poll(struct ctl_http *h)
{
	MHD_UNSIGNED_LONG_LONG wait = 0;

	/* its epoll is edge-triggered: run until it has nothing at once */
	for (unsigned i = 0; i < RUNS_TURN && wait == 0; i++) {
		MHD_run(h->daemon);
		if (MHD_get_timeout(h->daemon, &wait) != MHD_YES)
			return;
	}
}
