/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a script of an attacker who sees all our numbers: segments near what a connection
 * expects, ICMP errors, time, and the owner's calls. Whatever it says, the promises of tcp_input.c
 * and tcp_output.c hold, and afterwards every mbuf and place is back.
 */
#include <rte_eal.h>

#include "tcp/tcp_priv.h"

#define STEPS 400
#define CONNS 6

static struct buf_pools pools;
static struct ip_addr us, peer;

struct script {
	const uint8_t *p;
	size_t n;
	struct tcp *t;
	clock_us_t now;
	uint32_t steps;
};

static uint32_t next(struct script *s, uint32_t bytes)
{
	uint32_t v = 0;

	for (; bytes && s->n; bytes--, s->n--)
		v = v << 8 | *s->p++;
	return v;
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char *eal[] = {"fuzz_tcp", "--no-huge", "--no-pci", "--no-shconf", "-m", "64",
		"--log-level", "error", "--no-telemetry"};

	ASSERT(rte_eal_init(sizeof(eal) / sizeof(eal[0]), eal) >= 0, "the EAL starts");
	ASSERT(buf_pools_create(&pools, "fuzz", 2048, SOCKET_ID_ANY) == 0, "memory for pools");
	ip_addr_parse("10.0.0.1", &us);
	ip_addr_parse("10.0.0.2", &peer);
	return 0;
}

/* The runs tile what is in flight, and the sums of their states are right. */
static void check_flight(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint32_t bytes[TCP_RUN_STATES] = {0}, at = c->snd_una;

	if (!f)
		return;
	for (uint32_t i = f->runs.head; i; i = t->run[i - 1].next) {
		const struct tcp_run *r = &t->run[i - 1];

		ASSERT(r->start == at && seq_lt(r->start, r->end), "runs follow each other");
		bytes[r->state] += r->end - r->start;
		at = r->end;
	}
	ASSERT(!f->runs.head || at == c->snd_nxt, "runs end at snd_nxt");
	for (int i = 0; i < TCP_RUN_STATES; i++)
		ASSERT(bytes[i] == f->bytes[i], "the sums are right");
}

/* What check_conns of tests/sim says, of one connection. */
static void check_conn(const struct tcp *t, const struct tcp_conn *c)
{
	bool dirty = c->flags & TCP_F_DIRTY;

	ASSERT(seq_leq(c->snd_una, c->snd_nxt) && seq_leq(c->snd_nxt, tcp__snd_end(c)),
		"marks in order");
	ASSERT(c->cwnd >= TCP_MSS_FLOOR / 2 && c->mss >= TCP_MSS_FLOOR, "segments are not tiny");
	ASSERT(c->state == TCP_SYN_SENT || seq_leq(c->rcv_nxt, c->rcv_adv), "edge before rcv_nxt");
	ASSERT(c->rx.bytes <= c->rcv_limit + (1u << c->rcv_wscale), "the receive limit holds");
	ASSERT(dirty || c->snd_nxt == c->snd_una || c->t_rtx, "a timer for what is in flight");
	ASSERT(!c->t_rtx || dirty || wheel_armed(&c->timer), "a node for the timer");
	check_flight(t, c);
}

static void check(const struct tcp *t)
{
	for (uint32_t i = 0; i < CONNS; i++)
		if (tcp_conn_at(t, i))
			check_conn(t, tcp_conn_at(t, i));
}

static struct tcp_conn *pick(struct script *s)
{
	struct tcp_conn *c = &s->t->conn[next(s, 1) % CONNS];

	return c->state == TCP_CLOSED ? NULL : c;
}

/* A segment: near c's numbers, or a half-open record's, or from nowhere. */
static void segment(struct script *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	struct tcp_hdr *h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	struct tcp_conn *c = pick(s);
	uint32_t seq = 1000, ack = 0, n;
	uint16_t sport = (uint16_t)(5000 + next(s, 1) % 4), dport = 80;
	uint8_t *p;

	if (c) {
		sport = c->rport;
		dport = c->lport;
		seq = c->rcv_nxt;
		ack = c->snd_una;
	} else if (s->t->syn_fifo[0].head) {
		const struct tcp_record *r = &s->t->syn.rec[s->t->syn_fifo[0].head - 1];

		sport = r->rport;
		seq = r->rcv_nxt;
		ack = r->snd_nxt + 1;
	}
	seq += (uint32_t)(int32_t)(int16_t)next(s, 2);
	ack += (uint32_t)(int32_t)(int16_t)next(s, 2);
	*h = (struct tcp_hdr){be16_make(sport), be16_make(dport), be32_make(seq), be32_make(ack), 0,
		(uint8_t)next(s, 1), be16_make((uint16_t)next(s, 2)), be16_make(0), be16_make(0)};
	n = next(s, 1) % 41;                               /* options */
	h->off = (uint8_t)((n & 3 ? n : 20 + n) / 4 << 4); /* sometimes wrong */
	p = (uint8_t *)rte_pktmbuf_append(m, (uint16_t)n);
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)next(s, 1);
	n = next(s, 1) * 6;
	memset(rte_pktmbuf_append(m, (uint16_t)n), 'x', n);
	*pkt_meta(m) = (struct pkt_meta){.src = peer, .dst = us, .l4_len = (uint16_t)m->pkt_len};
	tcp_input(s->t, &m, 1, s->now);
}

static void icmp(struct script *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	struct tcp_hdr *h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	struct tcp_conn *c = pick(s);

	memset(h, 0, sizeof(*h));
	if (c) {
		h->sport = be16_make(c->lport);
		h->dport = be16_make(c->rport);
		h->seq = be32_make(c->snd_una + next(s, 1));
	}
	*pkt_meta(m) = (struct pkt_meta){
		.src = us, .dst = peer, .flags = PKT_F_ICMP_ERR, .mtu = (uint16_t)next(s, 2)};
	if (next(s, 1) & 1)
		m->data_len = m->pkt_len = (uint16_t)(next(s, 1) % sizeof(*h));
	tcp_input(s->t, &m, 1, s->now);
}

static void output(struct script *s)
{
	struct rte_mbuf *pkts[16];
	uint16_t n;

	while ((n = tcp_output(s->t, pkts, 16, s->now)) > 0) {
		for (uint16_t i = 0; i < n; i++)
			ASSERT(pkts[i]->pkt_len <= 1480 &&
					rte_mbuf_check(pkts[i], 1, &(const char *){NULL}) == 0,
				"packets fit the path");
		rte_pktmbuf_free_bulk(pkts, n);
	}
}

static void connect_one(struct script *s)
{
	struct ip_endpoint local = {us, (uint16_t)(40000 + next(s, 1) % 4)}, remote = {peer, 9000};
	struct tcp_path path = {1500, 0};
	int error;

	tcp_connect(s->t, &local, &remote, &path, s, &error);
}

static void send_some(struct script *s, struct tcp_conn *c)
{
	static const uint8_t zeros[6000];
	struct buf_chain chain = {0};

	if (c->tx.bytes < 100000 &&
		buf_chain_write(&chain, zeros, next(s, 2) % 6000, pools.data) == 0)
		tcp_send(s->t, c, &chain);
	buf_chain_free(&chain);
}

/* A call of the owner. Released connections are nobody's. */
static void call(struct script *s)
{
	uint32_t what = next(s, 1) % 8;
	struct tcp_conn *c = pick(s);

	if (what == 0)
		connect_one(s);
	if (!c || (c->flags & TCP_F_RELEASED))
		return;
	if (what == 1)
		tcp_abort(s->t, c);
	else if (what == 2)
		tcp_release(s->t, c);
	else if (what == 3)
		tcp_shutdown(s->t, c);
	else if (what == 4) {
		buf_chain_consume(&c->rx, RTE_MIN(c->rx.bytes, next(s, 2)));
		tcp_consumed(s->t, c);
	} else {
		send_some(s, c);
	}
}

/* News; the dead are given back. */
static void ready(struct script *s)
{
	struct tcp_conn *c;
	uint8_t events;

	while ((c = tcp_ready_take(s->t, &events)) != NULL)
		if (events & TCP_EV_DEAD)
			tcp_release(s->t, c);
}

static void pass(struct script *s, uint32_t ms)
{
	s->now += ms * (clock_us_t)CLOCK_US_PER_MS;
	tcp_tick(s->t, 1000, s->now);
}

static void step(struct script *s)
{
	switch (next(s, 1) % 8) {
	case 0:
		pass(s, next(s, 2));
		break;
	case 1:
		call(s);
		break;
	case 2:
		icmp(s);
		break;
	case 3:
		ready(s);
		output(s);
		break;
	default:
		segment(s);
		break;
	}
	check(s->t);
}

static void finish(struct script *s)
{
	struct tcp_info info;

	for (uint32_t i = 0; i < CONNS; i++)
		if (s->t->conn[i].state != TCP_CLOSED && !(s->t->conn[i].flags & TCP_F_RELEASED))
			tcp_abort(s->t, &s->t->conn[i]);
	for (int i = 0; i < 300; i++) {
		ready(s);
		output(s);
		pass(s, 1000);
	}
	tcp_info(s->t, &info);
	ASSERT(info.conns + info.syns + info.time_waits + info.exts == 0, "everything ends");
	ASSERT(s->t->wheel.armed == 0, "no timer is left");
	tcp_destroy(s->t);
	ASSERT(buf_pools_in_use(&pools) == 0, "every mbuf is back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct script s = {.p = data, .n = size, .now = 1000000};
	struct tcp_config cfg = {.conns = CONNS,
		.syns = 3,
		.time_waits = 2,
		.exts = 2,
		.rcv_limit = 20000,
		.snd_limit = 100000,
		.keepalive_ms = 5000,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 5000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY};
	struct ip_endpoint at = {.port = 80};
	struct tcp_path path = {1500, 0};
	struct err e;

	cfg.rcv_limit <<= next(&s, 1) % 6;
	s.t = tcp_create(&cfg, &pools, s.now, &e);
	ASSERT(s.t, "memory for an instance");
	at.addr = us;
	ASSERT(tcp_listen(s.t, &at, &path, &s) >= 0, "a listener");
	connect_one(&s);
	while (s.n && s.steps++ < STEPS)
		step(&s);
	finish(&s);
	return 0;
}
