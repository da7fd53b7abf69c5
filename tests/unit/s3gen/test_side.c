/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Both ends of a stream on one instance of the real TCP whose packets come straight back, with real
 * TLS between them, or none. Virtual time, 1 ms a step.
 */
#include <errno.h>

#include "../tls/pki.h"
#include "aead/drivers.h"
#include "lab_tcp.h"
#include "secure.h"
#include "side.h"
#include "unit.h"

#define N_DATA 8192
#define BYTES  300000u
#define CONNS  16

static struct ip_endpoint here, there;

static struct lab {
	struct gen_clients clients;
	struct gen_origins origins;
	struct conf_certificate cert;
	struct gen_conf conf;
	struct gen g;
	struct side s[2]; /* the client's end, the origin's */
	uint8_t seen[2];  /* events */
	uint8_t byte[2];  /* that comes next */
	uint32_t got[2];
	bool stuck; /* nobody takes what comes */
} lab;

static void lab_start(void)
{
	const struct tcp_path path = {.mtu = 1500};
	struct err e = {""};

	here = (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, 1}), 2000};
	there = (struct ip_endpoint){ip_from_v4((uint8_t[]){10, 0, 0, 2}), 9000};
	lab_tcp_start(&lab.g, N_DATA);
	lab.conf = (struct gen_conf){.tcp = {.send_buffer = 1 << 20},
		.tls = {.v13 = true, .ticket_lifetime_ms = 7200000},
		.clients = &lab.clients,
		.n_clients = 1,
		.origins = &lab.origins,
		.n_origins = 1};
	lab.g.conf = &lab.conf;
	CU_ASSERT(tcp_listen(lab.g.tcp, &there, &path, NULL) >= 0);
	if (secure_start(&lab.g, &aead_ipsec_mb, lab.clients.tls ? CONNS : 0, &e) < 0)
		CU_FAIL_FATAL(e.text);
	side_start(&lab.g);
}

/* A certificate for `there`; believed: by the client. */
static void lab_tls(bool believed)
{
	struct pki leaf = pki_make((struct pki_spec){.cn = "o", .san = "IP:10.0.0.2"}),
		   other = pki_make((struct pki_spec){.cn = "x"});

	memset(&lab, 0, sizeof(lab));
	lab.cert = pki_conf("o", pki_chain_file(&leaf, NULL), pki_key_file(&leaf));
	lab.origins = (struct gen_origins){.name = "o", .cert_name = "o", .cert = &lab.cert};
	lab.clients = (struct gen_clients){.name = "c",
		.tls = true,
		.verify = true,
		.resume = true,
		.ca = pki_chain_file(believed ? &leaf : &other, NULL)};
	pki_free(&leaf);
	pki_free(&other);
	lab_start();
}

static void lab_plain(void)
{
	memset(&lab, 0, sizeof(lab));
	lab_start();
}

static void lab_stop(void)
{
	for (unsigned i = 0; i < 2; i++)
		if (lab.s[i].stream.conn)
			stream_abort(&lab.g.streams, &lab.s[i].stream);
	secure_stop(&lab.g);
	lab_tcp_stop(&lab.g);
}

/* Every byte is the one after the one before. */
static void take(unsigned i)
{
	struct buf_chain *rx = stream_rx(&lab.s[i].stream);
	uint8_t byte;

	while (rx->bytes) {
		buf_chain_read(rx, 0, 1, &byte);
		CU_ASSERT_EQUAL_FATAL(byte, lab.byte[i]);
		lab.byte[i]++;
		lab.got[i]++;
		buf_chain_consume(rx, 1);
	}
	stream_consumed(&lab.g.streams, &lab.s[i].stream);
}

static void ready(struct tcp_conn *c, uint8_t ev)
{
	unsigned i = c->owner != &lab.s[0];

	if (ev & TCP_EV_ACCEPT) {
		lab.s[1] = (struct side){GEN_ORIGIN, .stream = {c}};
		c->owner = &lab.s[1];
		CU_ASSERT_EQUAL(
			stream_accept(&lab.g.streams, &lab.s[1].stream, secure_origins(&lab.g, 0)),
			0);
	}
	ev = side_events(&lab.s[i], ev);
	CU_ASSERT_FALSE(ev & lab.seen[i] & TCP_EV_ESTABLISHED);
	CU_ASSERT(!(ev & TCP_EV_READABLE) || stream_rx(&lab.s[i].stream)->bytes);
	lab.seen[i] |= ev;
	if (ev & TCP_EV_READABLE && !lab.stuck)
		take(i);
}

static void run(unsigned ms)
{
	struct tcp_conn *c;
	uint8_t ev;

	while (ms-- > 0) {
		lab.g.now += CLOCK_US_PER_MS;
		tcp_tick(lab.g.tcp, 256, lab.g.now);
		secure_shake(&lab.g);
		streams_open(&lab.g.streams, side_tls);
		while ((c = tcp_ready_take(lab.g.tcp, &ev)) != NULL)
			ready(c, ev);
		streams_seal(&lab.g.streams);
		lab_tcp_wire(&lab.g);
	}
}

static void connect(void)
{
	const struct tcp_path path = {.mtu = 1500};
	int error;

	memset(lab.seen, 0, sizeof(lab.seen));
	lab.s[0] = (struct side){GEN_CLIENT};
	lab.s[0].stream.conn = tcp_connect(lab.g.tcp, &here, &there, &path, &lab.s[0], &error);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.s[0].stream.conn);
	CU_ASSERT_EQUAL(stream_connect(&lab.g.streams, &lab.s[0].stream, secure_clients(&lab.g, 0),
				"10.0.0.2"),
		0);
	run(40);
}

/* As much as there is room for, up to n bytes, that go on from *byte. */
static uint32_t give(unsigned i, uint8_t *byte, uint32_t n)
{
	static uint8_t text[BYTES];
	struct buf_chain c = {0};

	n = RTE_MIN(n, stream_room(&lab.g.streams, &lab.s[i].stream));
	for (uint32_t k = 0; k < n; k++)
		text[k] = (*byte)++;
	if (n == 0)
		return 0;
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&c, text, n, lab.g.pools.data), 0);
	CU_ASSERT_EQUAL_FATAL(stream_send(&lab.g.streams, &lab.s[i].stream, &c), 0);
	return n;
}

/* BYTES each way. */
static void exchange(void)
{
	uint8_t byte[2] = {lab.byte[1], lab.byte[0]};
	uint32_t left[2] = {BYTES, BYTES};

	lab.got[0] = lab.got[1] = 0;
	for (unsigned i = 0; i < 2000 && lab.got[0] + lab.got[1] < 2 * BYTES; i++) {
		for (unsigned k = 0; k < 2; k++)
			left[k] -= give(k, &byte[k], left[k]);
		run(1);
	}
	CU_ASSERT(lab.got[0] == BYTES && lab.got[1] == BYTES);
	run(100);
	CU_ASSERT(stream_unacked(&lab.s[0].stream) == 0 && stream_unacked(&lab.s[1].stream) == 0);
}

static uint64_t count(enum tls_stat s)
{
	return tls_stats(lab.g.secure->tls)[s];
}

/* ---- the cases ---- */

static void plain(void)
{
	lab_plain();
	connect();
	CU_ASSERT_PTR_NULL(lab.g.secure);
	CU_ASSERT(lab.seen[0] & TCP_EV_ESTABLISHED);
	exchange();
	stream_shutdown(&lab.g.streams, &lab.s[0].stream);
	run(10);
	CU_ASSERT(lab.seen[1] & TCP_EV_FIN);
	lab_stop();
}

static void both_ways(void)
{
	lab_tls(true);
	connect();
	CU_ASSERT(lab.seen[0] & TCP_EV_ESTABLISHED);
	exchange();
	CU_ASSERT_EQUAL(count(TLS_STAT_handshakes), 2);
	stream_shutdown(&lab.g.streams, &lab.s[0].stream);
	run(10);
	CU_ASSERT(lab.seen[1] & TCP_EV_FIN && !(lab.seen[1] & TCP_EV_DEAD));
	lab_stop();
}

/* What the owner does not take stays behind, and comes when it does. */
static void back_pressure(void)
{
	uint32_t left = BYTES;
	uint8_t byte = 0;

	lab_tls(true);
	connect();
	lab.stuck = true;
	for (unsigned i = 0; i < 300; i++) {
		left -= give(0, &byte, left);
		run(1);
	}
	CU_ASSERT_EQUAL(left, 0);
	CU_ASSERT(stream_rx(&lab.s[1].stream)->bytes >= TLS_RX_LIMIT);
	CU_ASSERT(stream_rx(&lab.s[1].stream)->bytes < TLS_RX_LIMIT + 16384);
	lab.stuck = false;
	take(1);
	run(100);
	CU_ASSERT_EQUAL(lab.got[1], BYTES);
	CU_ASSERT(!side_waits(&lab.g));
	lab_stop();
}

static void not_believed(void)
{
	lab_tls(false);
	connect();
	CU_ASSERT(lab.seen[0] & TCP_EV_DEAD && !(lab.seen[0] & TCP_EV_ESTABLISHED));
	CU_ASSERT_EQUAL(side_error(&lab.s[0]), EPROTO);
	stream_abort(&lab.g.streams, &lab.s[0].stream);
	run(20);
	/* the alert went before the end */
	CU_ASSERT(lab.seen[1] & TCP_EV_DEAD);
	CU_ASSERT_EQUAL(side_error(&lab.s[1]), EPROTO);
	CU_ASSERT_EQUAL(count(TLS_STAT_fail_hs_certificate), 1);
	CU_ASSERT_EQUAL(count(TLS_STAT_fail_hs_peer_alert), 1);
	lab_stop();
}

/* RFC 8446 6.1: who ends without close_notify may have been cut off. */
static void torn(void)
{
	lab_tls(true);
	connect();
	tcp_shutdown(lab.g.tcp, lab.s[0].stream.conn);
	run(10);
	CU_ASSERT(lab.seen[1] & TCP_EV_DEAD && !(lab.seen[1] & TCP_EV_FIN));
	CU_ASSERT_EQUAL(side_error(&lab.s[1]), ECONNRESET);
	lab_stop();
}

static void released(void)
{
	lab_tls(true);
	connect();
	stream_release(&lab.g.streams, &lab.s[0].stream);
	CU_ASSERT_PTR_NULL(lab.s[0].stream.conn);
	run(10);
	CU_ASSERT(lab.seen[1] & TCP_EV_FIN && !(lab.seen[1] & TCP_EV_DEAD));
	lab_stop();
}

static void sessions(void)
{
	for (unsigned forget = 0; forget < 2; forget++) {
		lab_tls(true);
		secure_stop(&lab.g);
		lab.clients.resume = !forget;
		CU_ASSERT_EQUAL_FATAL(
			secure_start(&lab.g, &aead_ipsec_mb, CONNS, &(struct err){""}), 0);
		side_start(&lab.g);
		for (unsigned i = 0; i < 2; i++) {
			connect();
			exchange();
			stream_release(&lab.g.streams, &lab.s[0].stream);
			run(10);
			stream_release(&lab.g.streams, &lab.s[1].stream);
			run(2000);
		}
		CU_ASSERT_EQUAL(count(TLS_STAT_handshakes), 4);
		CU_ASSERT_EQUAL(count(TLS_STAT_resumed), forget ? 0 : 2);
		lab_stop();
	}
}

static const struct unit_case cases[] = {UNIT_CASE(plain), UNIT_CASE(both_ways),
	UNIT_CASE(back_pressure), UNIT_CASE(not_believed), UNIT_CASE(torn), UNIT_CASE(released),
	UNIT_CASE(sessions)};

UNIT_MAIN(cases)
