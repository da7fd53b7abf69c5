/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The input is a script of a peer who sees all our numbers, with a clock of its own: handshakes (by
 * record and by cookie), segments in place, out of order and from nowhere, SACK and D-SACK of what
 * is in flight, ECN marks, ICMP errors, buffers that run short, and the owner's calls. Each step is
 * relative to the live state, so that long scripts stay with living connections. Whatever it says,
 * the promises of tcp_input.c and tcp_output.c hold, and afterwards every mbuf and place is back.
 */
#include <rte_eal.h>

#include "tcp/tcp_priv.h"

#define STEPS   1000
#define CONNS   6
#define PORTS   8    /* of the peer, half of them IPv6 */
#define PEER_TS 5000 /* its clock is ours plus this, ms */
#define PINNED  2000
#define MBUFS   2048
#define MTU     1500

static struct buf_pools pools;
static struct ip_addr us[2], peer[2]; /* IPv4, IPv6 */
static const uint8_t zeros[6000];

struct script {
	const uint8_t *p;
	size_t n;
	struct tcp *t;
	struct tcp_path path;
	clock_us_t now;
	uint32_t steps;
	struct syn_ack { /* the last one to each port of the peer: what a handshake needs */
		uint32_t seq, ack, ts;
		bool there, has_ts;
	} syn_ack[PORTS];
	struct rte_mbuf *pinned[PINNED];
	uint32_t n_pinned;
	struct edge { /* rcv_adv as it was, and whose */
		uint32_t adv;
		uint16_t lport, rport;
		bool there;
	} edge[CONNS];
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
	ASSERT(buf_pools_create(&pools, "fuzz", MBUFS, SOCKET_ID_ANY) == 0, "memory for pools");
	ip_addr_parse("10.0.0.1", &us[0]);
	ip_addr_parse("10.0.0.2", &peer[0]);
	ip_addr_parse("2001:db8::1", &us[1]);
	ip_addr_parse("2001:db8::2", &peer[1]);
	return 0;
}

static int family(const struct tcp_conn *c)
{
	return !ip_is_v4(&c->remote);
}

/* The runs tile what is in flight, and the sums of their states are right. */
static void check_flight(const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint32_t bytes[TCP_RUN_STATES] = {0}, at = c->snd_una;

	ASSERT(f || c->state < TCP_ESTABLISHED || c->snd_nxt == c->snd_una, "a flight for bytes");
	if (!f)
		return;
	for (uint32_t i = f->runs.head; i; i = t->run[i - 1].next) {
		const struct tcp_run *r = &t->run[i - 1];

		ASSERT(r->start == at && seq_lt(r->start, r->end), "runs tile what is in flight");
		bytes[r->state] += r->end - r->start;
		at = r->end;
	}
	ASSERT(at == c->snd_nxt, "all of it");
	for (int i = 0; i < TCP_RUN_STATES; i++) {
		uint32_t sum = 0;

		for (uint32_t j = f->queue[i].head; j; j = t->run[j - 1].q_next)
			sum += t->run[j - 1].end - t->run[j - 1].start;
		ASSERT(sum == bytes[i] && sum == f->bytes[i], "sums of the states");
	}
}

/* Islands are sorted, disjoint, beyond rcv_nxt and within what we announced. */
static uint32_t check_islands(const struct tcp_conn *c)
{
	const struct tcp_reasm *q = &c->ext->reasm;
	uint32_t n = 0, bytes = 0, at = c->rcv_nxt;

	for (const struct tcp_island *i = q->head; i; i = i->next, n++) {
		/* the first may touch rcv_nxt: no mbuf was there for the seam */
		ASSERT(seq_gt(i->start, at) || (n == 0 && i->start == at), "islands apart");
		ASSERT(seq_lt(i->start, i->end), "and none empty");
		ASSERT(i->data.bytes == i->end - i->start, "all with their bytes");
		bytes += i->data.bytes;
		at = i->end;
	}
	ASSERT(n == q->n && bytes == q->bytes && seq_leq(at, c->rcv_adv), "and counted");
	return n;
}

static void check_conn(struct script *s, const struct tcp_conn *c)
{
	bool dirty = c->flags & TCP_F_DIRTY, flight = c->snd_nxt != c->snd_una;
	struct edge *e = &s->edge[tcp__index(s->t, c)];

	ASSERT(seq_leq(c->snd_una, c->snd_nxt) && seq_leq(c->snd_nxt, tcp__snd_end(c)),
		"marks in order");
	ASSERT(c->mss >= TCP_MSS_FLOOR && c->cwnd >= tcp__payload_max(c), "segments are not tiny");
	ASSERT(c->cwnd <= UINT32_MAX / 4, "cwnd is sane");
	ASSERT(c->rx.bytes <= s->t->cfg.rcv_limit + (1u << c->rcv_wscale), "the receive limit");
	ASSERT(dirty || !flight || c->t_rtx, "a timer for what is in flight");
	ASSERT(dirty || !c->t_rtx || wheel_armed(&c->timer), "a node for the timer");
	if (c->state > TCP_SYN_SENT) {
		ASSERT(seq_leq(c->rcv_nxt, c->rcv_adv), "the edge is not before rcv_nxt");
		ASSERT(!e->there || e->lport != c->lport || e->rport != c->rport ||
				seq_leq(e->adv, c->rcv_adv),
			"nor does it move left");
		*e = (struct edge){c->rcv_adv, c->lport, c->rport, true};
	} else { /* nothing announced yet: what is there is of an earlier connection */
		e->there = false;
	}
	check_flight(s->t, c);
}

static void check(struct script *s)
{
	uint32_t islands = 0, runs = 0;

	for (uint32_t i = 0; i < CONNS; i++) {
		const struct tcp_conn *c = tcp_conn_at(s->t, i);

		if (!c) {
			s->edge[i].there = false;
			continue;
		}
		check_conn(s, c);
		if (c->ext)
			islands += check_islands(c);
		for (uint32_t r = c->flight ? c->flight->runs.head : 0; r; runs++)
			r = s->t->run[r - 1].next;
	}
	ASSERT(islands == s->t->islands.used, "no island is lost");
	ASSERT(runs + s->t->runs_free == s->t->cfg.runs, "no run is lost");
	ASSERT(s->t->syn.used <= s->t->cfg.syns && s->t->tw.used <= s->t->cfg.time_waits,
		"records are bounded");
}

static struct tcp_conn *pick(struct script *s)
{
	struct tcp_conn *c = &s->t->conn[next(s, 1) % CONNS];

	return c->state == TCP_CLOSED ? NULL : c;
}

/* A segment of the peer, before it is bytes. */
struct made {
	uint16_t sport, dport, wnd;
	uint32_t seq, ack, len;
	uint8_t flags, meta_flags;
	int family;
	struct tcp_opts o;
	const uint8_t *raw; /* options as they are, raw_len of them, instead of o */
	uint32_t raw_len;
};

/* To tcp_input; without an mbuf it is lost on its way. */
static void send_in(struct script *s, const struct made *d)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	struct tcp_hdr *h;
	uint8_t opt[64];
	uint32_t n = d->raw_len;

	if (!m)
		return;
	if (d->raw)
		memcpy(opt, d->raw, n);
	else
		n = (d->flags & TCP_SYN) ? tcp__opts_build_syn(opt, &d->o)
					 : tcp__opts_build(opt, &d->o);
	h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	*h = (struct tcp_hdr){be16_make(d->sport), be16_make(d->dport), be32_make(d->seq),
		be32_make(d->ack), (uint8_t)((20 + n) / 4 << 4), d->flags, be16_make(d->wnd),
		be16_make(0), be16_make(0)};
	if (d->raw && (n & 3))
		h->off = (uint8_t)(n / 4 << 4); /* wrong */
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), opt, n);
	memset(rte_pktmbuf_append(m, (uint16_t)d->len), 'x', d->len);
	*pkt_meta(m) = (struct pkt_meta){.src = peer[d->family],
		.dst = us[d->family],
		.flags = d->meta_flags,
		.l4_len = (uint16_t)m->pkt_len};
	tcp_input(s->t, &m, 1, s->now);
}

static uint32_t peer_ts(const struct script *s)
{
	return (uint32_t)(s->now / CLOCK_US_PER_MS) + PEER_TS;
}

static uint32_t near(struct script *s, uint32_t seq)
{
	return seq + (uint32_t)(int32_t)(int16_t)next(s, 2);
}

/* Anything, near c's numbers, or a half-open record's, or from nowhere. */
static void any_segment(struct script *s)
{
	struct made d = {.dport = 80};
	struct tcp_conn *c = pick(s);
	uint8_t port = (uint8_t)next(s, 1) % PORTS, raw[40];

	d.sport = 5000 + port;
	d.family = port & 1;
	if (c) {
		d.sport = c->rport;
		d.dport = c->lport;
		d.family = family(c);
		d.seq = c->rcv_nxt;
		d.ack = c->snd_una;
	} else if (s->syn_ack[port].there) {
		d.seq = s->syn_ack[port].ack;
		d.ack = s->syn_ack[port].seq + 1;
	}
	d.seq = near(s, d.seq);
	d.ack = near(s, d.ack);
	d.flags = (uint8_t)next(s, 1);
	d.wnd = (uint16_t)next(s, 2);
	d.raw_len = next(s, 1) % 41;
	for (uint32_t i = 0; i < d.raw_len; i++)
		raw[i] = (uint8_t)next(s, 1);
	d.raw = raw;
	d.len = next(s, 1) * 5;
	send_in(s, &d);
}

/* A SYN as clients send them; or of a simultaneous open. */
static void syn(struct script *s)
{
	uint8_t port = (uint8_t)next(s, 1) % PORTS, what = (uint8_t)next(s, 1);
	struct made d = {.sport = 5000 + port,
		.dport = 80,
		.family = port & 1,
		.seq = next(s, 2) * 65537,
		.wnd = UINT16_MAX,
		.flags = TCP_SYN};
	struct tcp_conn *c = (what & 0x80) ? pick(s) : NULL;

	if (c && c->state == TCP_SYN_SENT) {
		d.sport = c->rport;
		d.dport = c->lport;
		d.family = family(c);
		d.ack = c->snd_una + 1;
		d.flags |= (what & 0x40) ? TCP_ACK : 0;
	}
	d.o = (struct tcp_opts){.mss = (uint16_t)next(s, 2),
		.has_ts = what & 1,
		.ts_val = peer_ts(s),
		.sack_ok = what & 2,
		.has_wscale = what & 4,
		.wscale = (what >> 4) & 15};
	d.flags |= (what & 8) ? TCP_ECE | ((d.flags & TCP_ACK) ? 0 : TCP_CWR) : 0;
	send_in(s, &d);
}

/* The ACK of the last SYN-ACK to a port, or nearly so. */
static void handshake(struct script *s)
{
	uint8_t port = (uint8_t)next(s, 1) % PORTS, wrong = (uint8_t)next(s, 1);
	const struct syn_ack *a = &s->syn_ack[port];
	struct made d = {.sport = 5000 + port,
		.dport = 80,
		.family = port & 1,
		.seq = a->ack,
		.ack = a->seq + 1,
		.wnd = UINT16_MAX,
		.flags = TCP_ACK};

	if (!a->there)
		return;
	d.o = (struct tcp_opts){.has_ts = a->has_ts, .ts_val = peer_ts(s), .ts_ecr = a->ts};
	d.len = (wrong & 1) ? next(s, 1) : 0;
	d.flags |= (wrong & 2) ? TCP_FIN : 0;
	d.ack ^= (wrong & 4) ? 1u << next(s, 1) % 32 : 0;
	d.o.ts_ecr ^= (wrong & 8) ? 1u << next(s, 1) % 32 : 0;
	d.o.has_ts ^= (wrong & 16) != 0;
	d.seq += (wrong & 32) ? next(s, 1) : 0;
	send_in(s, &d);
}

/* SACK blocks within what c has in flight; the first may be a D-SACK. */
static void sack_fill(struct script *s, const struct tcp_conn *c, struct tcp_opts *o)
{
	uint32_t flight = c->snd_nxt - c->snd_una;

	o->n_sack = (uint8_t)(next(s, 1) % 4);
	for (uint32_t i = 0; i < o->n_sack; i++) {
		uint32_t start = next(s, 2) * 16, len = next(s, 2) + 1;

		o->sack[i].start = c->snd_una + (flight ? start % flight : 0);
		o->sack[i].end = o->sack[i].start + (len % (flight + 1));
	}
	if (o->n_sack && (next(s, 1) & 7) == 0) {
		o->sack[0].end = c->snd_una - next(s, 1);
		o->sack[0].start = o->sack[0].end - next(s, 2);
	}
}

/* What a peer in its right mind sends: an ACK of something in flight, SACK, ECE, data in its place
 * or a little beyond, a FIN. */
static void peer_segment(struct script *s)
{
	struct tcp_conn *c = pick(s);
	uint8_t what = (uint8_t)next(s, 1);
	struct made d = {.flags = TCP_ACK, .wnd = UINT16_MAX};
	uint32_t flight;

	if (!c || c->state < TCP_SYN_RCVD)
		return;
	flight = c->snd_nxt - c->snd_una;
	d.sport = c->rport;
	d.dport = c->lport;
	d.family = family(c);
	d.seq = c->rcv_nxt;
	d.ack = c->snd_una;
	d.o = (struct tcp_opts){.has_ts = c->flags & TCP_F_TS,
		.ts_val = peer_ts(s),
		.ts_ecr = tcp__ts_now(s->t, c)};
	d.o.ts_ecr -= (what & 0x80) ? next(s, 1) : 0;
	if (what & 1)
		d.ack += flight - (flight ? next(s, 2) * 16 % flight : 0);
	if (what & 2)
		sack_fill(s, c, &d.o);
	if (what & 4)
		d.len = next(s, 1) * 5 + 1;
	if (what & 8)
		d.seq += next(s, 2);
	if (what & 16)
		d.wnd = (uint16_t)next(s, 2);
	d.flags |= (uint8_t)((what & 32) ? next(s, 1) & (TCP_ECE | TCP_CWR | TCP_PSH) : 0);
	if ((what & 64) && (next(s, 1) & 3) == 0)
		d.flags |= TCP_FIN;
	d.meta_flags = (what & 64) ? PKT_F_ECN_CE : 0;
	send_in(s, &d);
}

/* The ACK of all that is in flight, from every connection: scripts get far with it. */
static void ack_all(struct script *s)
{
	for (uint32_t i = 0; i < CONNS; i++) {
		struct tcp_conn *c = &s->t->conn[i];
		struct made d = {.sport = c->rport,
			.dport = c->lport,
			.flags = TCP_ACK,
			.wnd = UINT16_MAX,
			.seq = c->rcv_nxt,
			.ack = c->snd_nxt};

		if (c->state < TCP_ESTABLISHED)
			continue;
		d.family = family(c);
		d.o = (struct tcp_opts){.has_ts = c->flags & TCP_F_TS,
			.ts_val = peer_ts(s),
			.ts_ecr = tcp__ts_now(s->t, c)};
		send_in(s, &d);
	}
}

static void icmp(struct script *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	struct tcp_conn *c = pick(s);
	struct tcp_hdr *h;
	int f = c ? family(c) : 0;

	if (!m)
		return;
	h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	memset(h, 0, sizeof(*h));
	if (c) {
		h->sport = be16_make(c->lport);
		h->dport = be16_make(c->rport);
		h->seq = be32_make(c->snd_una + next(s, 2) % (c->snd_nxt - c->snd_una + 2));
	}
	*pkt_meta(m) = (struct pkt_meta){.src = us[f],
		.dst = peer[f],
		.flags = PKT_F_ICMP_ERR,
		.mtu = (uint16_t)(next(s, 1) * 36)};
	pkt_meta(m)->icmp_type = f ? 2 : 3;
	pkt_meta(m)->icmp_code = f ? 0 : 4;
	if ((next(s, 1) & 15) == 0)
		m->data_len = m->pkt_len = (uint16_t)(next(s, 1) % sizeof(*h));
	tcp_input(s->t, &m, 1, s->now);
}

/* One packet of ours: within the MTU, or with TSO within what the port takes. */
static void packet_check(struct script *s, struct rte_mbuf *m)
{
	const struct tcp_hdr *h = rte_pktmbuf_mtod(m, const struct tcp_hdr *);
	uint32_t hlen = (uint32_t)(h->off >> 4) * 4;
	uint32_t port = (uint32_t)be16_get(h->dport) - 5000;
	bool v4 = ip_is_v4(&pkt_meta(m)->dst), tso = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;
	struct tcp_opts o;

	ASSERT(rte_mbuf_check(m, 1, &(const char *){NULL}) == 0, "a sound mbuf");
	ASSERT(hlen >= 20 && hlen <= m->data_len &&
			tcp__opts_parse(&o, (const uint8_t *)(h + 1), hlen - 20) == 0,
		"a sound header");
	ASSERT(m->pkt_len - hlen <= (tso ? s->path.gso_max : MTU), "within the port's limit");
	ASSERT((tso ? hlen + m->tso_segsz : m->pkt_len) + (v4 ? 20u : 40u) <= MTU,
		"packets fit the path");
	if (port < PORTS && (h->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK) && m->pkt_len)
		s->syn_ack[port] = (struct syn_ack){
			be32_get(h->seq), be32_get(h->ack), o.ts_val, true, o.has_ts};
}

static void output(struct script *s)
{
	struct rte_mbuf *pkts[16];
	uint16_t n;

	while ((n = tcp_output(s->t, pkts, 16, s->now)) > 0) {
		for (uint16_t i = 0; i < n; i++)
			packet_check(s, pkts[i]);
		rte_pktmbuf_free_bulk(pkts, n);
	}
}

static void connect_one(struct script *s)
{
	int f = (int)(next(s, 1) & 1), error;
	struct ip_endpoint local = {us[f], (uint16_t)(40000 + next(s, 1) % 4)};
	struct ip_endpoint remote = {peer[f], 9000};

	tcp_connect(s->t, &local, &remote, &s->path, s, &error);
}

static void send_some(struct script *s, struct tcp_conn *c)
{
	struct buf_chain chain = {0};

	for (uint32_t i = next(s, 1) % 4; i < 4 && c->tx.bytes < 200000; i++)
		if (buf_chain_write(&chain, zeros, next(s, 2) % sizeof(zeros), pools.data) < 0)
			break;
	tcp_send(s->t, c, &chain);
	buf_chain_free(&chain);
}

/* A call of the owner. Released connections are nobody's. */
static void call(struct script *s)
{
	uint32_t what = next(s, 1) % 16;
	struct tcp_conn *c = pick(s);

	if (what == 0)
		connect_one(s);
	if (!c || (c->flags & TCP_F_RELEASED))
		return;
	if (what == 1) {
		tcp_abort(s->t, c);
	} else if (what == 2) {
		tcp_release(s->t, c);
	} else if (what == 3) {
		tcp_shutdown(s->t, c);
	} else if (what < 8) {
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

static void pass(struct script *s, clock_us_t some)
{
	s->now += some;
	tcp_tick(s->t, 1000, s->now);
}

/* Buffers run short, or come back. */
static void pool_pin(struct script *s, uint32_t n)
{
	while (s->n_pinned > n)
		rte_pktmbuf_free(s->pinned[--s->n_pinned]);
	while (s->n_pinned < n) {
		struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);

		if (!m)
			return;
		s->pinned[s->n_pinned++] = m;
	}
}

static void step(struct script *s)
{
	switch (next(s, 1) % 16) {
	case 0:
		pass(s, next(s, 2) * CLOCK_US_PER_MS);
		break;
	case 1:
		pass(s, next(s, 2));
		break;
	case 2:
	case 3:
		call(s);
		break;
	case 4:
		icmp(s);
		break;
	case 5:
		syn(s);
		break;
	case 6:
		handshake(s);
		break;
	case 7:
		any_segment(s);
		break;
	case 8:
		ack_all(s);
		break;
	case 9:
		pool_pin(s, next(s, 1) * PINNED / 255);
		break;
	case 10:
	case 11:
		ready(s);
		output(s);
		break;
	default:
		peer_segment(s);
		break;
	}
	check(s);
}

static void finish(struct script *s)
{
	struct tcp_info info;

	pool_pin(s, 0);
	for (uint32_t i = 0; i < CONNS; i++)
		if (s->t->conn[i].state != TCP_CLOSED && !(s->t->conn[i].flags & TCP_F_RELEASED))
			tcp_abort(s->t, &s->t->conn[i]);
	for (int i = 0; i < 300; i++) {
		ready(s);
		output(s);
		pass(s, 1000 * CLOCK_US_PER_MS);
	}
	tcp_info(s->t, &info);
	ASSERT(info.conns + info.syns + info.time_waits + info.exts == 0, "everything ends");
	ASSERT(s->t->wheel.armed == 0 && s->t->pace.armed == 0, "no timer is left");
	check(s);
	tcp_destroy(s->t);
	ASSERT(buf_pools_in_use(&pools) == 0, "every mbuf is back");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const cc[] = {"cubic", "newreno", "bbr", "dctcp"};
	struct script s = {.p = data, .n = size, .now = 1000000};
	struct tcp_config cfg = {.conns = CONNS,
		.syns = 4,
		.time_waits = 2,
		.exts = 2,
		.flights = 4,
		.runs = 200,
		.rcv_limit = 20000,
		.snd_limit = 100000,
		.keepalive_ms = 5000,
		.time_wait_ms = 1000,
		.fin_wait2_ms = 5000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY};
	struct ip_endpoint at = {.port = 80};
	uint8_t how = (uint8_t)next(&s, 1);
	struct err e;
	int found = tcp_cc_find(cc[how & 3]);

	s.path = (struct tcp_path){.mtu = MTU,
		.gso_max = (how & 4) ? 60000 : 0,
		.cc = (uint8_t)RTE_MAX(found, 0),
		.ecn = how & 8};
	cfg.rcv_limit <<= (how >> 4) % 6;
	s.t = tcp_create(&cfg, &pools, s.now, &e);
	ASSERT(s.t, "memory for an instance");
	for (int f = 0; f < 2; f++) {
		at.addr = us[f];
		ASSERT(tcp_listen(s.t, &at, &s.path, &s) >= 0, "a listener");
	}
	connect_one(&s);
	while (s.n && s.steps++ < STEPS)
		step(&s);
	finish(&s);
	return 0;
}
