/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One instance against segments built by hand. Local 10.0.0.1:80 listens; the peer is
 * 10.0.0.2:5000. Sequence numbers are relative: the peer's ISN is P, ours U (learnt from our SYN),
 * so P + 1 and U + 1 are the first bytes.
 */
#ifndef SEG_H
#define SEG_H

#include "pools.h"
#include "tcp/tcp_priv.h"

#define P       1000000u
#define U       (lab.iss)
#define MS      1000ull
#define LIMIT   65535u /* receive limit of the instance */
#define WND     30000  /* the peer's window */
#define PEER_TS 5000u  /* its clock, if it has timestamps */

struct seg {
	uint8_t flags; /* 0: no packet */
	uint32_t seq, ack;
	uint16_t wnd; /* 0: WND, but with shut */
	bool shut;
	uint32_t len; /* payload */
	struct tcp_opts o;
	uint16_t sport, dport, urg;
	uint32_t raw_len; /* options given as bytes instead */
	const uint8_t *raw;
	uint8_t off;      /* data offset nibble instead of the right one */
	uint8_t data[64]; /* out: first bytes */
	bool tso;
	uint8_t ecn; /* out: of the IP header */
};

static struct {
	struct buf_pools pools;
	struct tcp *t;
	clock_us_t now;
	struct ip_addr us, peer;
	uint32_t iss;
	struct tcp_config cfg;
	struct tcp_path path;
} lab;

static inline void lab_open(void)
{
	struct ip_endpoint at = {.port = 80};
	struct tcp_path path = {1500, 0};
	struct tcp_config cfg = {.conns = 4,
		.syns = 2,
		.time_waits = 2,
		.exts = 2,
		.flights = lab.cfg.flights,
		.runs = lab.cfg.runs,
		.rcv_limit = LIMIT,
		.snd_limit = 100000,
		.time_wait_ms = 60000,
		.fin_wait2_ms = 20000,
		.rto_min_ms = 200,
		.socket = SOCKET_ID_ANY,
		.secret = {1, 2, 3, 4}};
	struct err e;

	if (lab.cfg.conns == 0)
		lab.cfg = cfg;
	if (lab.path.mtu == 0)
		lab.path = path;
	pools_begin(&lab.pools, 512);
	lab.now = 1000000 * MS;
	lab.t = tcp_create(&lab.cfg, &lab.pools, lab.now, &e);
	CU_ASSERT_PTR_NOT_NULL_FATAL(lab.t);
	ip_addr_parse("10.0.0.1", &lab.us);
	ip_addr_parse("10.0.0.2", &lab.peer);
	at.addr = lab.us;
	CU_ASSERT_EQUAL_FATAL(tcp_listen(lab.t, &at, &lab.path, &lab), 0);
}

static inline void lab_close(void)
{
	tcp_destroy(lab.t);
	pools_end(&lab.pools);
	memset(&lab, 0, sizeof(lab));
}

/* The byte of the peer's stream at seq. */
static inline uint8_t stream_byte(uint32_t seq)
{
	return (uint8_t)((seq * 0x9e3779b1u) >> 24);
}

/* s as a packet from the peer. */
static inline struct rte_mbuf *seg_build(const struct seg *s)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(lab.pools.data);
	struct tcp_hdr *h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	uint8_t opt[64];
	uint32_t n = s->raw_len;

	if (s->raw_len)
		memcpy(opt, s->raw, n);
	else
		n = (s->flags & TCP_SYN) ? tcp__opts_build_syn(opt, &s->o)
					 : tcp__opts_build(opt, &s->o);
	memcpy(rte_pktmbuf_append(m, (uint16_t)n), opt, n);
	*h = (struct tcp_hdr){be16_make(s->sport ? s->sport : 5000),
		be16_make(s->dport ? s->dport : 80), be32_make(s->seq), be32_make(s->ack),
		(uint8_t)((20 + n) / 4 << 4), s->flags, be16_make(s->wnd), be16_make(0),
		be16_make(s->urg)};
	if (s->off)
		h->off = (uint8_t)(s->off << 4);
	for (uint32_t i = 0; i < s->len; i++)
		*(uint8_t *)rte_pktmbuf_append(m, 1) =
			stream_byte(s->seq + i + ((s->flags & TCP_SYN) != 0));
	*pkt_meta(m) = (struct pkt_meta){
		.src = lab.peer, .dst = lab.us, .l4_len = (uint16_t)m->pkt_len, .verdict = PKT_TCP};
	return m;
}

static inline void give(struct seg s)
{
	struct rte_mbuf *m;

	if (!s.wnd && !s.shut)
		s.wnd = WND;
	m = seg_build(&s);
	tcp_input(lab.t, &m, 1, lab.now);
}

/* give(FLAGS, SEQ, ACK, more fields by name...) */
#define GIVE(f, s, a, ...) give((struct seg){.flags = (f), .seq = (s), .ack = (a), ##__VA_ARGS__})

/* The next packet that goes out; flags 0: none. */
static inline struct seg take(void)
{
	struct rte_mbuf *m;
	const struct tcp_hdr *h;
	struct seg s = {0};
	uint32_t hlen;

	if (tcp_output(lab.t, &m, 1, lab.now) == 0)
		return s;
	CU_ASSERT_EQUAL(rte_mbuf_check(m, 1, &(const char *){NULL}), 0);
	CU_ASSERT_EQUAL(pkt_meta(m)->l4_len, m->pkt_len);
	h = rte_pktmbuf_mtod(m, const struct tcp_hdr *);
	hlen = (uint32_t)(h->off >> 4) * 4;
	s.flags = h->flags;
	s.seq = be32_get(h->seq);
	s.ack = be32_get(h->ack);
	s.wnd = be16_get(h->wnd);
	s.sport = be16_get(h->sport);
	s.dport = be16_get(h->dport);
	s.len = m->pkt_len - hlen;
	s.tso = m->ol_flags & RTE_MBUF_F_TX_TCP_SEG;
	s.ecn = pkt_meta(m)->ecn;
	CU_ASSERT_EQUAL(tcp__opts_parse(&s.o, (const uint8_t *)(h + 1), hlen - 20), 0);
	for (uint32_t i = 0; i < s.len && i < sizeof(s.data); i++)
		s.data[i] = *(const uint8_t *)rte_pktmbuf_read(m, hlen + i, 1, &(uint8_t){0});
	rte_pktmbuf_free(m);
	return s;
}

#define WANT(f, s, a, n)                                                                           \
	do {                                                                                       \
		struct seg got_ = take();                                                          \
		CU_ASSERT_EQUAL(got_.flags, (f));                                                  \
		CU_ASSERT_EQUAL(got_.seq, (uint32_t)(s));                                          \
		CU_ASSERT_EQUAL(got_.ack, (uint32_t)(a));                                          \
		CU_ASSERT_EQUAL(got_.len, (uint32_t)(n));                                          \
	} while (0)
#define WANT_NONE() CU_ASSERT_EQUAL(take().flags, 0)

/* Let ms pass, ticking each. */
static inline void pass(uint32_t ms)
{
	while (ms--) {
		lab.now += MS;
		tcp_tick(lab.t, 100, lab.now);
	}
}

/* Count packets that go out now. */
static inline uint32_t drain(void)
{
	uint32_t n = 0;

	while (take().flags)
		n++;
	return n;
}

static inline uint64_t count(enum tcp_stat what)
{
	return tcp_stats(lab.t)[what];
}
#define COUNT(name) count(TCP_STAT_##name)

static inline uint8_t events_of(struct tcp_conn *c)
{
	uint8_t events = 0;
	struct tcp_conn *r = tcp_ready_take(lab.t, &events);

	CU_ASSERT_TRUE(r == c || r == NULL);
	return r ? events : 0;
}

/* A connection that the peer opened, from `port` (0: 5000), with options o. */
static inline struct tcp_conn *accept_from(uint16_t port, struct tcp_opts o)
{
	struct tcp_opts ack = {.has_ts = o.has_ts, .ts_val = o.ts_val};
	struct seg s;
	uint8_t events = 0;
	struct tcp_conn *c;

	GIVE(TCP_SYN, P, 0, .o = o, .sport = port);
	s = take();
	CU_ASSERT_EQUAL_FATAL(s.flags, TCP_SYN | TCP_ACK);
	lab.iss = s.seq;
	ack.ts_ecr = s.o.ts_val;
	GIVE(TCP_ACK, P + 1, U + 1, .o = ack, .sport = port);
	c = tcp_ready_take(lab.t, &events);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(events, TCP_EV_ACCEPT);
	WANT_NONE();
	c->quick = 0; /* ACKs as in the middle of a connection */
	return c;
}
static inline struct tcp_conn *accept_one(void)
{
	return accept_from(0, (struct tcp_opts){.mss = 1460, .sack_ok = true});
}

/* Queue n bytes of our stream, byte i being i. */
static inline void send_bytes(struct tcp_conn *c, uint32_t n)
{
	static uint8_t bytes[200000];
	struct buf_chain chain = {0};

	for (uint32_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)i;
	CU_ASSERT_EQUAL_FATAL(buf_chain_write(&chain, bytes, n, lab.pools.data), 0);
	CU_ASSERT_EQUAL_FATAL(tcp_send(lab.t, c, &chain), 0);
}

/* The first n bytes of rx are the peer's stream from seq on; they are taken out. */
static inline void read_bytes(struct tcp_conn *c, uint32_t seq, uint32_t n)
{
	CU_ASSERT_TRUE_FATAL(c->rx.bytes >= n);
	for (uint32_t i = 0; i < n; i++) {
		uint8_t b;

		buf_chain_read(&c->rx, i, 1, &b);
		CU_ASSERT_EQUAL_FATAL(b, stream_byte(seq + i));
	}
	buf_chain_consume(&c->rx, n);
	tcp_consumed(lab.t, c);
}

/* The peer says that its window is wnd (one byte of data moves SND.WL1 first). */
static inline void window_is(struct tcp_conn *c, uint16_t port, uint16_t wnd)
{
	GIVE(TCP_ACK, P + 1, U + 1, .len = 1, .sport = port);
	GIVE(TCP_ACK, P + 2, U + 1, .wnd = wnd, .shut = !wnd, .sport = port);
	read_bytes(c, P + 1, 1);
	CU_ASSERT_EQUAL(c->snd_wnd, wnd);
	lab.now += TCP_DELACK_MS * MS;
	tcp_tick(lab.t, 100, lab.now);
	drain();
}

/* Open to the peer's port 9000 from our port 40000; sends the SYN. */
static inline struct tcp_conn *connect_syn(void)
{
	struct ip_endpoint local = {lab.us, 40000}, remote = {lab.peer, 9000};
	int error = -1;
	struct tcp_conn *c = tcp_connect(lab.t, &local, &remote, &lab.path, &lab, &error);
	struct seg s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL(error, 0);
	s = take();
	CU_ASSERT_EQUAL(s.flags, TCP_SYN);
	lab.iss = s.seq;
	return c;
}
#define GIVE_CLIENT(f, s, a, ...) GIVE(f, s, a, .sport = 9000, .dport = 40000, ##__VA_ARGS__)

static inline struct tcp_conn *connect_one(void)
{
	struct tcp_conn *c = connect_syn();

	GIVE_CLIENT(TCP_SYN | TCP_ACK, P, U + 1, .o = {.mss = 1460, .sack_ok = true});
	WANT(TCP_ACK, U + 1, P + 1, 0);
	CU_ASSERT_EQUAL(events_of(c), TCP_EV_ESTABLISHED);
	c->quick = 0;
	return c;
}

#endif
