/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/ip.h"

bool ip_is_multicast(const struct ip_addr *a)
{
	return ip_is_v4(a) ? (a->b[12] & 0xf0) == 0xe0 : a->b[0] == 0xff;
}

bool ip_is_unspecified(const struct ip_addr *a)
{
	return a->q[0] == 0 && (a->q[1] == 0 || (ip_is_v4(a) && a->w[3].raw == 0));
}

int ip_addr_parse(const char *text, struct ip_addr *out)
{
	uint8_t wire[16];

	if (inet_pton(AF_INET, text, wire) == 1)
		*out = ip_from_v4(wire);
	else if (inet_pton(AF_INET6, text, wire) == 1)
		*out = ip_from_v6(wire);
	else
		return -EINVAL;
	return 0;
}

static int port_parse(const char *text, uint16_t *port)
{
	char *end;
	unsigned long v;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	v = strtoul(text, &end, 10);
	if (*end != '\0' || v == 0 || v > 65535)
		return -EINVAL;
	*port = (uint16_t)v;
	return 0;
}

int ip_endpoint_parse(const char *text, struct ip_endpoint *out)
{
	bool v6 = text[0] == '[';
	const char *end = v6 ? strchr(text, ']') : strrchr(text, ':');
	char host[IP_ADDR_TEXT];
	size_t n;

	if (!end)
		return -EINVAL;
	n = (size_t)(end - text) - v6;
	if (n == 0 || n >= sizeof(host) || (v6 && end[1] != ':'))
		return -EINVAL;
	memcpy(host, text + v6, n);
	host[n] = '\0';
	/* without brackets an IPv6 address and its port cannot be told apart */
	if (ip_addr_parse(host, &out->addr) < 0 || v6 == (strchr(host, ':') == NULL))
		return -EINVAL;
	return port_parse(end + 1 + v6, &out->port);
}

const char *ip_addr_text(const struct ip_addr *a, char *text)
{
	if (ip_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, text, IP_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, a->b, text, IP_ADDR_TEXT);
	return text;
}

const char *ip_endpoint_text(const struct ip_endpoint *e, char *text)
{
	char host[IP_ADDR_TEXT];

	ip_addr_text(&e->addr, host);
	snprintf(text, IP_ENDPOINT_TEXT, ip_is_v4(&e->addr) ? "%s:%u" : "[%s]:%u", host, e->port);
	return text;
}
