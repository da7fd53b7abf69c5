/* SPDX-License-Identifier: BSD-3-Clause */
/* The metrics page over a real socket of the loopback. */
#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>

#include "system.h"

static struct ip_endpoint at;
static struct ctl_http *http;

/* A port that nobody listens on; the kernel does not give it out again at once. */
static uint16_t free_port(int *holder)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);

	*holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_EQUAL_FATAL(bind(*holder, (struct sockaddr *)&a, n), 0);
	CU_ASSERT_EQUAL_FATAL(getsockname(*holder, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

static void up(void)
{
	struct err e = {""};
	int holder;

	system_up();
	CU_ASSERT_EQUAL(ip_addr_parse("127.0.0.1", &at.addr), 0);
	at.port = free_port(&holder);
	close(holder);
	http = ctl__http_create(&sys.core, &at, &e);
	CU_ASSERT_STRING_EQUAL(e.text, "");
	CU_ASSERT_PTR_NOT_NULL_FATAL(http);
}

static void down(void)
{
	ctl__http_destroy(http);
	system_down();
}

static int client(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET,
		.sin_port = htons(at.port),
		.sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Serve until the client has read text that ends with `until`, or the end (NULL). */
static void talk(int fd, const char *say, const char *until, char *out, size_t n)
{
	size_t got = 0;

	CU_ASSERT_EQUAL(send(fd, say, strlen(say), MSG_NOSIGNAL), (ssize_t)strlen(say));
	for (out[0] = '\0'; !until || !strstr(out, until);) {
		struct pollfd p[2] = {
			{.fd = ctl__http_fd(http), .events = POLLIN}, {.fd = fd, .events = POLLIN}};
		ssize_t rc;

		CU_ASSERT_FATAL(poll(p, 2, 5000) > 0);
		if (p[0].revents)
			ctl__http_poll(http);
		rc = recv(fd, out + got, n - 1 - got, 0);
		if (rc == 0 || (rc < 0 && errno != EAGAIN))
			return;
		got += rc > 0 ? (size_t)rc : 0;
		out[got] = '\0';
	}
}

static char text[1 << 20];

static void metrics(void)
{
	int fd;

	up();
	fd = client();
	talk(fd, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "code=\"lost\"} 0", text,
		sizeof(text));
	EXPECT_PARTS(
		text, "HTTP/1.1 200 ", "text/plain; version=0.0.4", "\r\n\r\n# HELP penstock_");
	close(fd);
	down();
}

/* A scraper keeps its connection. */
static void keeps_alive(void)
{
	int fd;

	up();
	fd = client();
	for (unsigned i = 0; i < 3; i++) {
		talk(fd, "GET /x HTTP/1.1\r\nHost: x\r\n\r\n", "is here\n", text, sizeof(text));
		EXPECT_PARTS(text, "HTTP/1.1 404 ", "only /metrics is here\n");
	}
	talk(fd, "HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", NULL, text,
		sizeof(text));
	EXPECT_PARTS(text, "HTTP/1.1 200 ", "\r\n\r\n");
	CU_ASSERT_PTR_NULL(strstr(text, "# HELP"));
	close(fd);
	down();
}

static void refuses(void)
{
	static const char *const bad[][2] = {
		{"POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc", " 405 "},
		{"DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", " 405 "},
		{"GET /metrics/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", " 404 "},
		{"\x16\x03\x01\r\n\r\n", ""}, {"GET\r\n\r\n", ""}};
	int fd;

	up();
	for (unsigned i = 0; i < RTE_DIM(bad); i++) {
		fd = client();
		talk(fd, bad[i][0], NULL, text, sizeof(text));
		EXPECT_PARTS(text, bad[i][1]);
		CU_ASSERT_PTR_NULL(strstr(text, " 200 "));
		close(fd);
	}
	down();
}

static void address_in_use(void)
{
	struct err e = {""};
	char want[128], where[IP_ENDPOINT_TEXT];

	up();
	CU_ASSERT_PTR_NULL(ctl__http_create(&sys.core, &at, &e));
	snprintf(want, sizeof(want), "metrics %s: Address already in use",
		ip_endpoint_text(&at, where));
	CU_ASSERT_STRING_EQUAL(e.text, want);
	ip_addr_parse("192.0.2.1", &at.addr);
	CU_ASSERT_PTR_NULL(ctl__http_create(&sys.core, &at, &e));
	CU_ASSERT_PTR_NOT_NULL(strstr(e.text, "Cannot assign requested address"));
	down();
}

static const struct unit_case cases[] = {
	UNIT_CASE(metrics), UNIT_CASE(keeps_alive), UNIT_CASE(refuses), UNIT_CASE(address_in_use)};
UNIT_MAIN(cases)
