/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Origins on the real TCP; the client, played by hand, is on the same instance and its packets come
 * straight back. Virtual time, 1 ms a step.
 */
#ifndef ORIGIN_LAB_H
#define ORIGIN_LAB_H

#include "body.h"
#include "lab_tcp.h"
#include "origin.h"
#include "side.h"
#include "unit.h"

#define N_DATA 8192
#define IN_MAX (4u << 20)

static struct lab {
	struct gen_origins conf[2];
	struct gen_conf gen_conf;
	struct gen g;
	struct origin *origin;
	struct tcp_conn *client; /* NULL: closed */
	struct tcp_conn *second;
	bool eof, dead;
	int error;
	uint16_t port;
	char in[IN_MAX + 1];
	size_t n;
} lab;

static inline struct ip_endpoint node_at(uint8_t i)
{
	return (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, i}), 9000};
}

static inline void lab_init(void)
{
	memset(&lab, 0, sizeof(lab));
	lab.conf[0] = (struct gen_origins){.name = "o", .n_listen = 1};
	lab.conf[0].listen[0] = node_at(1);
	lab.conf[1] = (struct gen_origins){.name = "p", .n_listen = 1};
	lab.conf[1].listen[0] = node_at(2);
	lab.gen_conf = (struct gen_conf){
		.tcp = {.send_buffer = 1 << 20}, .origins = lab.conf, .n_origins = 2};
	lab.port = 2000;
}

static inline void lab_start(void)
{
	struct err e = {""};

	lab_tcp_start(&lab.g, N_DATA);
	lab.g.conf = &lab.gen_conf;
	side_start(&lab.g);
	rand_seed(&lab.g.rnd, 5);
	lab.g.body = body_create(1, SOCKET_ID_ANY);
	lab.origin = origin_create(&lab.g, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.origin);
}

static inline void lab_stop(void)
{
	origin_destroy(lab.origin);
	lab_tcp_stop(&lab.g);
	body_destroy(lab.g.body);
}

static inline void client_event(struct tcp_conn *c, uint8_t ev)
{
	uint32_t n = c->rx.bytes;

	if (n && lab.n + n <= IN_MAX) {
		buf_chain_read(&c->rx, 0, n, lab.in + lab.n);
		lab.n += n;
		lab.in[lab.n] = '\0';
	}
	buf_chain_consume(&c->rx, n);
	if (ev & TCP_EV_FIN)
		lab.eof = true;
	if (ev & TCP_EV_DEAD) {
		lab.dead = true;
		lab.error = c->error;
		tcp_release(lab.g.tcp, c);
		lab.client = NULL;
	} else {
		tcp_consumed(lab.g.tcp, c);
	}
}

static inline void events(void)
{
	struct tcp_conn *c;
	uint8_t ev;

	while ((c = tcp_ready_take(lab.g.tcp, &ev))) {
		if (ev & TCP_EV_ACCEPT && !origin_accept(lab.origin, c))
			continue;
		if (c->listener == 0xff)
			client_event(c, ev);
		else
			origin_ready(lab.origin, c, ev);
	}
}

static inline void lab_run(unsigned ms)
{
	while (ms-- > 0) {
		lab.g.now += CLOCK_US_PER_MS;
		tcp_tick(lab.g.tcp, UINT32_MAX, lab.g.now);
		events();
		origin_tick(lab.origin, lab.g.now);
		lab_tcp_wire(&lab.g);
	}
}

static inline void lab_connect(uint8_t node)
{
	const struct tcp_path path = {.mtu = 1500};
	struct ip_endpoint from = {ip_from_v4((uint8_t[]){10, 0, 0, 100}), lab.port++}, to;
	int error;

	to = node_at(node);
	lab.eof = lab.dead = false;
	lab.error = 0;
	lab.n = 0;
	lab.client = tcp_connect(lab.g.tcp, &from, &to, &path, &lab, &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.client);
	lab_run(5);
}

static inline void lab_close(void)
{
	if (lab.client)
		tcp_release(lab.g.tcp, lab.client);
	lab.client = NULL;
	lab_run(10);
}

static inline void send_bytes(const void *p, size_t n)
{
	struct buf_chain c = {0};

	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.client);
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&c, p, (uint32_t)n, lab.g.pools.data), 0);
	CU_ASSERT_EQUAL_FATAL(tcp_send(lab.g.tcp, lab.client, &c), 0);
}

/* Send, and read what comes. Reconnects when the last answer closed. */
static inline const char *ask(const char *text)
{
	if (!lab.client || lab.eof) {
		lab_close();
		lab_connect(1);
	}
	lab.n = 0;
	lab.in[0] = '\0';
	send_bytes(text, strlen(text));
	lab_run(40);
	return lab.in;
}

static inline bool got(const char *part)
{
	bool has = strstr(lab.in, part) != NULL;

	if (!has)
		printf("\n no '%s' in: %.*s\n", part, (int)RTE_MIN(lab.n, 600u), lab.in);
	return has;
}

static inline unsigned status(void)
{
	unsigned s = 0;

	return sscanf(lab.in, "HTTP/1.1 %u", &s) == 1 ? s : 0;
}

static inline const char *content(size_t *n)
{
	const char *end = strstr(lab.in, "\r\n\r\n");

	*n = end ? lab.n - (size_t)(end + 4 - lab.in) : 0;
	return end ? end + 4 : NULL;
}

static inline uint64_t object(const char *bucket, const char *key)
{
	return body_object(lab.g.body, span_str(bucket), span_str(key));
}

/* The answer's content is these bytes of the object. */
static inline bool is_body(const char *bucket, const char *key, uint64_t off, uint32_t n)
{
	size_t len;
	const char *p = content(&len);

	return p && len == n && body_check(lab.g.body, object(bucket, key), off, p, n) == n;
}

static inline uint64_t stat(const char *name)
{
	struct stat_block b = origin_stats(lab.origin);

	for (unsigned i = 0; i < b.n; i++)
		if (strcmp(b.names[i].name, name) == 0)
			return b.values[i];
	CU_FAIL_FATAL("no such counter");
	return 0;
}

#define HOST "Host: h\r\n"

/* PUT with this framing of size bytes of the object; at `flip` a wrong byte. */
static inline void put_as(
	const char *target, const char *fields, const char *key, uint32_t size, int flip)
{
	static uint8_t bytes[1 << 20];
	char head[512];

	body_copy(lab.g.body, object("b", key), 0, size, bytes);
	if (flip >= 0)
		bytes[flip] ^= 1;
	snprintf(head, sizeof(head), "PUT /b/%s HTTP/1.1\r\n" HOST "%sContent-Length: %u\r\n\r\n",
		target, fields, size);
	ask(head);
	lab.n = 0;
	send_bytes(bytes, size);
	lab_run(100);
}

#endif
