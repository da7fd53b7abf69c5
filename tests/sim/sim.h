/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two TCP instances, a bad link between them, applications on both, one virtual clock. All that
 * happens follows from the seed: a failure is seen again with `sim_tcp SEED`.
 *
 *	sim_run.c	one run: hosts, steps, the clock
 *	sim_plan.c	what a seed decides
 *	sim_app.c	writers and readers
 *	sim_link.c	packets on their way; the NICs at both ends
 *	sim_way.c	what a direction of the link does to a packet
 *	sim_check.c	what must be true
 *	sim_tcp.c	seeds and scenarios (sim_scenario.c)
 *	sim_goodput.c	against the ideal sender (sim_ideal.c)
 *	sim_share.c	many flows and one bottleneck
 */
#ifndef SIM_H
#define SIM_H

#include "base/rand.h"
#include "tcp/tcp_priv.h"

enum { CLIENT, SERVER, HOSTS };

#define SIM_CONNS_MAX 64
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

/* Times at which something is so: [first + n * every, + lasts). every 0: once; lasts 0: never. */
struct sim_spell {
	uint64_t first, every, lasts; /* us */
};

/* One direction of the link. Chances are of 10000 for each packet. */
struct sim_way {
	uint32_t delay_us, jitter_us;
	bool keep_order; /* jitter does not reorder */
	uint32_t loss, dup;
	uint32_t syn_loss; /* more for SYNs of the first seconds */
	uint32_t ack_loss; /* more for packets without payload that follow others at once */
	uint32_t corrupt;  /* one bit flipped: the checksum tells */
	uint32_t reorder, reorder_us; /* so many are late, by up to so much */
	/* Gilbert-Elliott in time: in the bad state, as long as bad_us in the mean and once in
	 * good_us, packets are lost by the chance bad_loss */
	uint32_t good_us, bad_us, bad_loss;
	uint32_t rate;   /* bytes of IP packets a second; 0: no limit */
	uint32_t queue;  /* bytes that wait for the rate; those beyond are dropped */
	uint32_t mark;   /* ECT packets that find more bytes waiting are marked CE; 0: never */
	uint32_t gather; /* packets without payload arrive together, each so many us; 0: not so */
	struct sim_spell down;  /* nothing passes: a route flaps */
	struct sim_spell stuck; /* nothing passes until its end, then all of it does */
	struct sim_spell hole;  /* packets above hole_mtu vanish */
	uint16_t hole_mtu;
	uint64_t loss_seed; /* not 0: whether packet i with payload is lost follows from i alone */
};

/* What a direction has done so far. */
struct sim_pipe {
	uint64_t busy_ns; /* when what waits for the rate will have left */
	uint64_t last_at; /* keep_order */
	uint64_t sent_at; /* the last packet */
	uint64_t state_until;
	bool bad;
	uint64_t pkts, bytes;     /* sent into it; bytes of payload */
	uint64_t data, rtx_bytes; /* packets with payload; bytes that went before */
	uint64_t lost, corrupted, marked, late;
	uint64_t burst, burst_max; /* bytes sent in this microsecond; the most so far */
};

/* What the seed decides. */
struct sim_plan {
	bool v6, simultaneous, split;
	uint8_t strip;
	uint32_t conns;
	struct sim_way way[HOSTS]; /* by sender */
	uint32_t starve;           /* chance of 10000 a millisecond that a pool runs dry */
	uint16_t mtu[HOSTS], gso_max[HOSTS];
	uint16_t lro_max[HOSTS]; /* payload that the NIC gathers into one packet; 0: no LRO */
	uint8_t cc[HOSTS];
	bool ecn[HOSTS];
	uint32_t rcv_limit[HOSTS];
	uint32_t bytes_max; /* a direction */
	uint32_t chunk_max;
	uint32_t stall; /* chance of 10000 that an application stops for a while */
	uint32_t spoil; /* chance of 10000 that an end aborts or releases early */
	uint32_t snd_limit;
	uint32_t bulk; /* exact bytes from the client instead, and applications that never wait */
	uint64_t from, until; /* us; both ends abort at until, if not 0; early counts up to from */
	bool isn_wrap;
	bool late_only; /* nothing is lost, some are late by up to RTT / 4: hardly any goes twice */
};

/* One application at one end of a connection. */
struct sim_end {
	struct tcp_conn *c; /* NULL: not open yet, or given back */
	uint8_t host, events;
	bool opened, done, wait_peer, shut, fin;
	uint8_t error;
	uint64_t total, written, got;
	uint64_t early;                                   /* of got, before the plan's from */
	uint64_t write_at, read_at, abort_at, release_at; /* us */
	uint64_t first_at, last_at; /* first byte written, last byte read, us */
	uint32_t adv;               /* last rcv_adv seen */
	bool adv_valid;
	uint32_t flight_max; /* most bytes in flight so far */
	uint32_t ssthresh;   /* trace: last seen */
	uint8_t ca;
	uint64_t traced_at;
};

/* What an observer at a host's port knows of the window it may use, and of what it sent. */
struct sim_view {
	bool edge_valid;
	uint32_t edge; /* furthest right edge announced to this host */
	bool said_valid;
	uint32_t said; /* furthest right edge that this host announced */
	bool ws;       /* its SYN, as the peer saw it, had a window scale */
	uint8_t shift;
	bool sent_valid;
	uint32_t sent; /* end of what it has sent */
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
	uint64_t stat[TCP_STAT_N]; /* what it counted, once the run is over */
};

struct sim {
	uint64_t seed, now, progress_at, done_at;
	const char *name; /* of the scenario; NULL: a seed */
	struct rand_state rnd;
	struct sim_plan plan;
	struct sim_host host[HOSTS];
	struct sim_conn conn[SIM_CONNS_MAX];
	struct sim_pipe pipe[HOSTS]; /* by sender */
	struct sim_pkt **heap;       /* by time of arrival */
	uint32_t heap_n, heap_max;
	uint64_t order;
	bool trace, verbose;
	bool bad; /* a scenario's assertion did not hold */
};

/* sim_run.c */
int sim_pools_create(void);
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
/* With many connections a look at all of them costs more than a step: so not at each. */
static inline bool sim_watched(const struct sim *s)
{
	return s->plan.conns < 10;
}
/* Forget the last run; s->plan is then the caller's to fill. */
void sim_reset(struct sim *s, uint64_t seed);
void sim_run(struct sim *s);

/* sim_plan.c */
void sim_plan_draw(struct sim *s);
/* A bulk flow from the client, with nothing in its way but the delay. */
void sim_plan_bulk(struct sim_plan *p, uint32_t bytes, uint32_t rtt_us);
/* The congestion control of that name. */
uint8_t sim_plan_cc(const char *name);
/* A packet may fail to arrive. */
bool sim_plan_lossy(const struct sim_plan *p);

/* sim_link.c */
void sim_link_send(struct sim *s, int from, struct rte_mbuf *m);
/* Packets that have arrived for host, at most max, as a NIC hands them over. */
uint16_t sim_link_recv(struct sim *s, int host, struct rte_mbuf **pkts, uint16_t max);
uint64_t sim_link_next(const struct sim *s);
void sim_link_clear(struct sim *s);

/* sim_way.c */
struct sim_fate {
	const char *what; /* "sent", or why it does not arrive */
	uint64_t at[2];   /* arrival; SIM_NEVER: does not. [1] is the duplicate */
	bool ce;
	uint32_t flip[2]; /* a bit of the TCP segment, counted from 1; 0: none */
};
/* A segment of len bytes, of these payload, goes into from's direction now. */
struct sim_fate sim_way_pass(
	struct sim *s, int from, uint32_t len, uint32_t payload, bool syn, bool ect);
/* Whether packet i of a direction with that loss_seed is lost. */
bool sim_way_loses(uint64_t loss_seed, uint64_t i, uint32_t of_10000);

/* sim_app.c */
struct tcp_path sim_app_path(const struct sim *s, int host);
void sim_app_plan(struct sim *s, struct sim_conn *c);
void sim_app_connect(struct sim *s, struct sim_conn *c);
void sim_app_ready(struct sim *s, int host);
void sim_app_step(struct sim *s);
bool sim_app_done(const struct sim *s);
uint64_t sim_app_next(const struct sim *s);

/* sim_check.c */
void sim_check_wire(struct sim *s, int from, const struct tcp_hdr *h, uint32_t len, uint8_t ecn);
void sim_check_delivered(struct sim *s, int to, const struct tcp_hdr *h, uint32_t len);
void sim_check_conns(struct sim *s);
void sim_check_end(struct sim *s);

/* sim_scenario.c */
/* All that it asserts is so. */
bool sim_scenario_run(struct sim *s, const char *name);
bool sim_scenario_all(struct sim *s);
void sim_scenario_list(void);

#endif
