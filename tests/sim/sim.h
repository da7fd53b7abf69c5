/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two TCP instances, a lossy link between them, applications on both, one virtual clock. All that
 * happens follows from the seed: a failure is seen again with `sim_tcp SEED`.
 */
#ifndef SIM_H
#define SIM_H

#include "base/rand.h"
#include "tcp/tcp_priv.h"

enum { CLIENT, SERVER, HOSTS };

#define SIM_CONNS_MAX 40
#define SIM_PORT      80
#define SIM_PORT0     10000 /* client port of connection i, attempt a: PORT0 + i + a * CONNS_MAX */
#define SIM_NEVER     UINT64_MAX
#define SIM_MS        1000ull
#define SIM_S         1000000ull
#define PER_10000     10000

#define STRIP_TS   0x1 /* the link takes these options off each SYN: a peer without them */
#define STRIP_SACK 0x2
#define STRIP_WS   0x4
#define STRIP_MSS  0x8

/* What the seed decides. */
struct sim_plan {
	bool v6, simultaneous, split, keep_order;
	uint8_t strip;
	uint32_t conns;
	uint32_t delay_us, jitter_us;          /* one way */
	uint32_t loss, dup, reorder, syn_loss; /* of 10000 */
	uint32_t starve; /* chance of 10000 a millisecond that a pool runs dry */
	uint16_t mtu[HOSTS], gso_max[HOSTS];
	uint32_t rcv_limit[HOSTS];
	uint32_t bytes_max; /* a direction */
	uint32_t chunk_max;
	uint32_t stall; /* chance of 10000 that an application stops for a while */
	uint32_t spoil; /* chance of 10000 that an end aborts or releases early */
	uint32_t snd_limit;
	uint32_t bulk; /* exact bytes from the client instead */
	bool isn_wrap;
};

/* One application at one end of a connection. */
struct sim_end {
	struct tcp_conn *c; /* NULL: not open yet, or given back */
	uint8_t host, events;
	bool opened, done, wait_peer, shut, fin;
	uint8_t error;
	uint64_t total, written, got;
	uint64_t write_at, read_at, abort_at, release_at; /* us */
	uint32_t adv;                                     /* last rcv_adv seen */
	bool adv_valid;
};

/* What an observer at a host's port knows of the window it may use. */
struct sim_view {
	bool edge_valid;
	uint32_t edge; /* furthest right edge announced to this host */
	bool said_valid;
	uint32_t said; /* furthest right edge that this host announced */
	bool ws;       /* its SYN, as the peer saw it, had a window scale */
	uint8_t shift;
};

struct sim_conn {
	struct sim_end end[HOSTS];
	struct sim_view view[HOSTS];
	uint32_t id, attempt;
	bool accepted; /* the server's end has been seen */
	bool spoiled;  /* an abort or early release: bytes may be missing at the end */
};

struct sim_pkt;

struct sim_host {
	struct tcp *t;
	struct buf_pools *pools;
	struct ip_addr addr;
	uint64_t epoch;   /* this host's clock is the simulation's plus epoch, us */
	void *hog[16384]; /* mbufs withheld */
	struct rte_mempool *hog_pool;
	uint32_t hog_n;
	uint64_t hog_until;
};

struct sim {
	uint64_t seed, now, progress_at, done_at;
	struct rand_state rnd;
	struct sim_plan plan;
	struct sim_host host[HOSTS];
	struct sim_conn conn[SIM_CONNS_MAX];
	struct sim_pkt **heap; /* by time of arrival */
	uint32_t heap_n, heap_max;
	uint64_t order;
	uint64_t last_at[HOSTS]; /* keep_order */
	uint64_t wire_pkts, wire_bytes;
	bool trace;
};

/* sim_tcp.c */
void sim_fail(struct sim *s, const char *fmt, ...) __attribute__((noreturn, format(printf, 2, 3)));
static inline bool sim_chance(struct sim *s, uint32_t of_10000)
{
	return of_10000 && rand_below(&s->rnd, PER_10000) < of_10000;
}
/* log-uniform in [lo, hi] */
uint32_t sim_between(struct sim *s, uint32_t lo, uint32_t hi);
static inline clock_us_t sim_clock(const struct sim *s, int host)
{
	return s->now + s->host[host].epoch;
}

/* sim_link.c */
void sim_link_send(struct sim *s, int from, struct rte_mbuf *m);
/* Packets that have arrived for host, at most max, as a NIC hands them over. */
uint16_t sim_link_recv(struct sim *s, int host, struct rte_mbuf **pkts, uint16_t max);
uint64_t sim_link_next(const struct sim *s);
void sim_link_clear(struct sim *s);

/* sim_app.c */
void sim_app_plan(struct sim *s, struct sim_conn *c);
void sim_app_connect(struct sim *s, struct sim_conn *c);
void sim_app_ready(struct sim *s, int host);
void sim_app_step(struct sim *s);
bool sim_app_done(const struct sim *s);
uint64_t sim_app_next(const struct sim *s);

/* sim_check.c */
void sim_check_wire(struct sim *s, int from, const struct tcp_hdr *h, uint32_t len);
void sim_check_delivered(struct sim *s, int to, const struct tcp_hdr *h, uint32_t len);
void sim_check_conns(struct sim *s);
void sim_check_end(struct sim *s);

#endif
