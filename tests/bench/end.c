/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <rte_cycles.h>

#include "end.h"
#include "buf/buf.h"
#include "flood.h"
#include "net/net.h"
#include "tcp/tcp.h"

#define BURST    32
#define SLICE    1448 /* payload of one mbuf, as a frame of 1500 bytes brings it */
#define PORT_MIN 2048
#define PORT_MAX 65535
#define HEAD_MAX 256
#define TIMERS   256
#define FLIGHTS  8192 /* connections that send at a time */
#define FILL     16   /* slices that one tcp_send() takes */
#define AHEAD    512  /* frames of a flood on the wire: half of memif's ring */
#define REQUEST  "GET /bucket/object HTTP/1.1\r\nHost: s3.example.com\r\n\r\n"
#define RESPONSE "HTTP/1.1 200 OK\r\nContent-Length: %llu\r\n\r\n"

/* What a connection is about. */
struct flow {
	struct tcp_conn *conn;
	uint64_t left; /* client: bytes of the response still to come; origin: still to send */
	bool client;
	bool head; /* client: the response's head is still to come */
	struct flow *next_free;
};

struct end {
	struct end_config cfg;
	struct conf_port conf;
	struct buf_pools pools;
	struct port *port;
	struct net *net;
	struct tcp *tcp;
	struct rand_state rnd;
	clock_us_t now;
	uint64_t tsc_start, tsc_last;
	struct flow *flows, *free;

	/* the load */
	enum end_load load;
	struct ip_endpoint to[END_TARGETS];
	unsigned n_to;
	uint32_t want, have, pace, opening;
	uint64_t serial; /* of the next connection: decides its addresses and port */
	struct flow *oldest;
	struct flood flood;
	const uint64_t *taken; /* by the peer; NULL: no flood */
	uint64_t missed;       /* what we sent and it did not take */
	struct end_counts counts;
};

/* ---- one turn ---- */

static void lap(struct end *e, enum worker_stage s, unsigned n)
{
	uint64_t before = e->tsc_last;

	if (n == 0)
		return;
	e->tsc_last = rte_rdtsc();
	e->counts.stage[s].cycles += e->tsc_last - before;
	e->counts.stage[s].packets += n;
}

static unsigned receive(struct end *e)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t got = port_rx_burst(e->port, 0, pkts, BURST), n;

	lap(e, WORKER_STAGE_port_rx, got);
	n = net_input(e->net, 0, pkts, got, e->now);
	lap(e, WORKER_STAGE_net_input, got);
	tcp_input(e->tcp, pkts, n, e->now);
	lap(e, WORKER_STAGE_tcp_input, n);
	e->counts.strays = net_stat_block(e->net).values[NET_STAT_rx_ip4_other];
	e->counts.again = tcp_stats(e->tcp)[TCP_STAT_syn_retransmits];
	return got;
}

/* Frames on their way to the peer. */
static uint64_t under_way(const struct end *e)
{
	return e->counts.stage[WORKER_STAGE_port_tx].packets - e->missed -
	       __atomic_load_n(e->taken, __ATOMIC_RELAXED);
}

/* A burst of the flood, if there is room on the wire. Nothing of it is lost on the way, so all that
 * is not answered was dropped by the peer. */
static unsigned flood(struct end *e)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n = 0;

	if (under_way(e) > AHEAD)
		return 0;
	while (n < BURST && (pkts[n] = flood_syn(&e->flood, e->pools.data)) != NULL)
		n++;
	n = port_tx_burst(e->port, 0, pkts, n);
	e->counts.flooded += n;
	lap(e, WORKER_STAGE_port_tx, n);
	return n;
}

static unsigned transmit(struct end *e)
{
	struct rte_mbuf *pkts[BURST];
	unsigned sent = 0;
	uint16_t n, out;

	do {
		n = tcp_output(e->tcp, pkts, BURST, e->now);
		lap(e, WORKER_STAGE_tcp_output, n);
		net_output(e->net, pkts, n, e->now);
		lap(e, WORKER_STAGE_net_output, n);
		while ((out = net_tx_take(e->net, 0, pkts, BURST)) > 0) {
			port_tx_burst(e->port, 0, pkts, out);
			lap(e, WORKER_STAGE_port_tx, out);
			sent += out;
		}
	} while (n == BURST);
	return sent;
}

/* ---- the origin ---- */

static struct rte_mbuf *slice(struct end *e, uint64_t left)
{
	uint16_t n = left < SLICE ? (uint16_t)left : SLICE;
	struct rte_mbuf *m = rte_pktmbuf_alloc(e->pools.data);

	if (m)
		rte_pktmbuf_append(m, n);
	return m;
}

/* Queue what is left of the response as far as there is room. What the bytes are does not matter.
 */
static void fill(struct end *e, struct flow *f)
{
	while (f->left > 0 && tcp_tx_room(f->conn, e->cfg.window) > 0) {
		struct buf_chain chain = {0};
		struct rte_mbuf *m;

		for (unsigned i = 0; i < FILL && f->left > chain.bytes; i++) {
			m = slice(e, f->left - chain.bytes);
			if (m)
				buf_chain_append(&chain, m);
		}
		f->left -= chain.bytes;
		if (chain.bytes == 0 || tcp_send(e->tcp, f->conn, &chain) < 0)
			return buf_chain_free(&chain);
	}
}

/* A request ends with an empty line, and none follows before its response. */
static void answer(struct end *e, struct flow *f)
{
	struct buf_chain *rx = &f->conn->rx, head = {0};
	char text[HEAD_MAX], end[4] = "";

	if (rx->bytes < sizeof(end))
		return;
	buf_chain_read(rx, rx->bytes - sizeof(end), sizeof(end), end);
	if (memcmp(end, "\r\n\r\n", sizeof(end)) != 0)
		return;
	buf_chain_consume(rx, rx->bytes);
	tcp_consumed(e->tcp, f->conn);
	snprintf(text, sizeof(text), RESPONSE, (unsigned long long)e->cfg.body);
	if (buf_chain_write(&head, text, (uint32_t)strlen(text), e->pools.data) == 0)
		tcp_send(e->tcp, f->conn, &head);
	f->left = e->cfg.body;
}

/* ---- the client ---- */

static void ask(struct end *e, struct flow *f)
{
	struct buf_chain request = {0};

	f->head = true;
	if (buf_chain_write(&request, REQUEST, sizeof(REQUEST) - 1, e->pools.data) == 0)
		tcp_send(e->tcp, f->conn, &request);
}

/* Bytes of the head at the start of rx; 0: not all of it is there. */
static uint32_t head_bytes(const struct buf_chain *rx)
{
	char text[HEAD_MAX + 1] = "";
	const char *end;

	buf_chain_read(rx, 0, RTE_MIN(rx->bytes, (uint32_t)HEAD_MAX), text);
	end = strstr(text, "\r\n\r\n");
	return end ? (uint32_t)(end - text) + 4 : 0;
}

/* What came in. True: it completed a response. */
static bool take(struct end *e, struct flow *f)
{
	struct buf_chain *rx = &f->conn->rx;
	uint32_t n = rx->bytes;

	if (f->head && n > 0) {
		f->left = head_bytes(rx);
		if (f->left == 0)
			return false;
		f->left += e->cfg.body;
		f->head = false;
	}
	buf_chain_consume(rx, n);
	tcp_consumed(e->tcp, f->conn);
	e->counts.bytes += n;
	f->left -= RTE_MIN(f->left, n);
	if (n == 0 || f->left > 0)
		return false;
	e->counts.responses++;
	if (e->load == END_ASK)
		ask(e, f);
	return true;
}

/* The next 4-tuple: targets in turn, then our addresses, then ports. */
static void tuple(struct end *e, struct ip_endpoint *local, struct ip_endpoint *to)
{
	uint64_t i = e->serial++;

	*to = e->to[i % e->n_to];
	i /= e->n_to;
	local->addr = e->conf.addr[i % e->conf.n_addr].addr;
	i /= e->conf.n_addr;
	local->port = (uint16_t)(PORT_MIN + i % (PORT_MAX - PORT_MIN));
}

static struct flow *flow_get(struct end *e, bool client)
{
	struct flow *f = e->free;

	if (!f)
		return NULL;
	e->free = f->next_free;
	*f = (struct flow){.client = client};
	return f;
}

static void flow_put(struct end *e, struct flow *f)
{
	if (f->client)
		e->have--;
	f->conn = NULL;
	f->next_free = e->free;
	e->free = f;
}

static bool open_one(struct end *e)
{
	const struct tcp_path path = {.mtu = 1500};
	struct flow *f = flow_get(e, true);
	struct ip_endpoint local, to;
	int error;

	if (!f)
		return false;
	tuple(e, &local, &to);
	e->have++;
	e->counts.tried++;
	f->conn = tcp_connect(e->tcp, &local, &to, &path, f, &error);
	if (f->conn) {
		e->opening++;
		return true;
	}
	flow_put(e, f);
	e->counts.tried--;
	return error == EADDRINUSE; /* the next one may do */
}

static void client_event(struct end *e, struct flow *f, uint8_t ev)
{
	bool done = e->load == END_OPEN && ev & TCP_EV_ESTABLISHED;

	if (ev & (TCP_EV_ESTABLISHED | TCP_EV_DEAD) && e->opening > 0)
		e->opening--;
	if (ev & TCP_EV_ESTABLISHED) {
		e->counts.opened++;
		if (!e->oldest)
			e->oldest = f;
		if (e->load == END_ASK || e->load == END_ONCE)
			ask(e, f);
	}
	if (ev & TCP_EV_READABLE && take(e, f) && e->load == END_ONCE)
		done = true;
	if (ev & (TCP_EV_DEAD | TCP_EV_FIN))
		e->counts.failed++;
	else if (!done)
		return;
	e->counts.closed++;
	tcp_release(e->tcp, f->conn);
	flow_put(e, f);
}

static void origin_event(struct end *e, struct flow *f, uint8_t ev)
{
	if (ev & TCP_EV_READABLE)
		answer(e, f);
	if (ev & (TCP_EV_DEAD | TCP_EV_FIN)) {
		tcp_release(e->tcp, f->conn);
		return flow_put(e, f);
	}
	fill(e, f);
}

/* In place of relay_step(). */
static void app_step(struct end *e)
{
	struct tcp_conn *c;
	uint8_t ev;

	while ((c = tcp_ready_take(e->tcp, &ev)) != NULL) {
		struct flow *f = c->owner;

		if (ev & TCP_EV_ACCEPT) {
			f = flow_get(e, false);
			if (!f) {
				tcp_abort(e->tcp, c);
				continue;
			}
			f->conn = c;
			c->owner = f;
		}
		if (f->client)
			client_event(e, f, ev);
		else
			origin_event(e, f, ev);
	}
	while (e->have < e->want && e->opening < e->pace && open_one(e))
		;
}

unsigned end_turn(struct end *e)
{
	unsigned in, out;

	e->now = (clock_us_t)((double)(e->tsc_last - e->tsc_start) * CLOCK_US_PER_S /
			      (double)rte_get_tsc_hz());
	e->counts.polls++;
	in = receive(e);
	app_step(e);
	lap(e, WORKER_STAGE_relay_step, in);
	out = transmit(e);
	if (e->taken && in < BURST) /* what came in goes first, or it would be lost at last */
		out += flood(e);
	tcp_tick(e->tcp, TIMERS, e->now);
	net_tick(e->net, e->now);
	lap(e, WORKER_STAGE_timers, in + out);
	if (in + out == 0) {
		uint64_t before = e->tsc_last;

		e->tsc_last = rte_rdtsc();
		e->counts.idle += e->tsc_last - before;
	}
	return in + out;
}

/* ---- from start to end ---- */

static int parts(struct end *e, struct err *err)
{
	struct net_port_config port = {.mtu = 1500, .n_addr = e->conf.n_addr};
	struct net_config net = {.ports = &port, .n_ports = 1, .secret = {{1, 2}}};
	struct tcp_config tcp = {.conns = e->cfg.conns,
		.flights = RTE_MIN(e->cfg.conns, (uint32_t)FLIGHTS),
		.syns = 4096,
		.time_waits = 32768,
		.exts = 4096,
		.rcv_limit = e->cfg.window,
		.snd_limit = e->cfg.window,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 60000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {3, 4, 5, e->cfg.net}};

	for (unsigned i = 0; i < e->conf.n_addr; i++)
		port.addr[i] = (struct net_prefix){e->conf.addr[i].addr, e->conf.addr[i].bits};
	memcpy(port.mac, port_mac(e->port), sizeof(port.mac));
	e->net = net_create(&net, &e->pools, &e->rnd, err);
	e->tcp = tcp_create(&tcp, &e->pools, e->now, err);
	return e->net && e->tcp ? 0 : -1;
}

static void addresses(struct end *e)
{
	for (uint8_t i = 0; i < CONF_PORT_ADDRS_MAX; i++) {
		const uint8_t v4[4] = {10, 0, e->cfg.net, (uint8_t)(i + 1)};

		e->conf.addr[i] = (struct conf_prefix){ip_from_v4(v4), 112};
	}
	e->conf.n_addr = CONF_PORT_ADDRS_MAX;
}

static int end_listen(struct end *e)
{
	const struct tcp_path path = {.mtu = 1500};
	struct ip_endpoint at = {.port = e->cfg.listen};

	for (unsigned i = 0; i < e->conf.n_addr && at.port; i++) {
		at.addr = e->conf.addr[i].addr;
		if (tcp_listen(e->tcp, &at, &path, NULL) < 0)
			return -1;
	}
	return 0;
}

struct end *end_create(const struct end_config *cfg, struct err *err)
{
	static unsigned serial;
	struct end *e = calloc(1, sizeof(*e));
	struct buf_pools *pools = &e->pools;
	char name[16];

	e->cfg = *cfg;
	e->conf = (struct conf_port){.name = "end", .device = cfg->device, .mtu = 1500};
	addresses(e);
	rand_seed(&e->rnd, cfg->net);
	e->tsc_start = e->tsc_last = rte_rdtsc();
	snprintf(name, sizeof(name), "end%u", serial++);
	e->flows = calloc(cfg->conns, sizeof(*e->flows));
	for (uint32_t i = cfg->conns; i > 0; i--) {
		e->flows[i - 1].next_free = e->free;
		e->free = &e->flows[i - 1];
	}
	if (buf_pools_create(&e->pools, name, cfg->buffers, SOCKET_ID_ANY) < 0) {
		err_set(err, ENOMEM, "no memory for %u buffers", cfg->buffers);
		goto fail;
	}
	e->port = port_open(&e->conf, 0, 1, &pools, err);
	if (e->port && parts(e, err) == 0 && end_listen(e) == 0)
		return e;
fail:
	end_destroy(e);
	return NULL;
}

void end_destroy(struct end *e)
{
	if (!e)
		return;
	tcp_destroy(e->tcp);
	net_destroy(e->net);
	port_close(e->port);
	if (e->pools.data)
		buf_pools_destroy(&e->pools);
	free(e->flows);
	free(e);
}

void end_link_up(struct end *e)
{
	net_set_mac(e->net, 0, port_mac(e->port));
	net_set_link(e->net, 0, true, e->now);
	e->tsc_last = rte_rdtsc();
}

struct port *end_port(struct end *e)
{
	return e->port;
}

const struct end_counts *end_counts(const struct end *e)
{
	return &e->counts;
}

void end_load(struct end *e, enum end_load load, const struct ip_endpoint *to, unsigned n_to,
	uint32_t n, uint32_t pace)
{
	e->load = load;
	memcpy(e->to, to, n_to * sizeof(*to));
	e->n_to = n_to;
	e->want = n;
	e->pace = pace;
}

void end_flood(struct end *e, const uint8_t *mac, const uint64_t *taken)
{
	e->flood = (struct flood){.to = e->to, .n_to = e->n_to};
	memcpy(e->flood.src, port_mac(e->port), sizeof(e->flood.src));
	memcpy(e->flood.dst, mac, sizeof(e->flood.dst));
	rand_seed(&e->flood.rnd, e->serial + 1);
	e->taken = taken;
	e->missed = 0;
	if (taken)
		e->missed = under_way(e);
}

void end_ask_one(struct end *e)
{
	if (e->oldest)
		ask(e, e->oldest);
}
