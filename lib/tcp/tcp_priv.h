/* SPDX-License-Identifier: BSD-3-Clause */
/* Inside lib/tcp: the instance, the parsed segment, and what the files owe each other. */
#ifndef TCP_TCP_PRIV_H
#define TCP_TCP_PRIV_H

#include "base/assert.h"
#include "base/be.h"
#include "base/seq.h"
#include "tcp/tcp.h"

/* RFC 9293 3.1 */
struct tcp_hdr {
	struct be16 sport, dport;
	struct be32 seq, ack;
	uint8_t off; /* high nibble: header length in 32-bit words */
	uint8_t flags;
	struct be16 wnd;
	struct be16 cksum;
	struct be16 urg;
} __attribute__((packed));

#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_PSH 0x08
#define TCP_ACK 0x10
#define TCP_ECE 0x40 /* RFC 3168 6.1 */
#define TCP_CWR 0x80

#define TCP_HDR_MAX         60
#define TCP_MSS_FLOOR       216 /* smaller offers are raised: CVE-2019-11479 */
#define TCP_MSS_V4          536 /* without an MSS option, RFC 9293 3.7.1 */
#define TCP_MSS_V6          1220
#define TCP_WSCALE_MAX      14    /* RFC 7323 2.3 */
#define TCP_RTO_INIT_MS     1000  /* RFC 6298 2.1 */
#define TCP_RTO_SYN_LOST_MS 3000  /* RFC 6298 5.7: when our SYN or SYN-ACK had to go twice */
#define TCP_RTO_MAX_MS      60000 /* RFC 6298 2.5 */
#define TCP_DELACK_MS       25
#define TCP_QUICK_ACKS      16 /* segments acknowledged at once, at the start and after idle */
#define TCP_SYN_RETRIES     5  /* our SYN: 1 + 2 + 4 + 8 + 16 s */
#define TCP_RTX_RETRIES     10 /* R2 (RFC 9293 3.8.3): well over 100 s with backoff */
#define TCP_SYNACK_TRIES    4  /* SYN-ACK of a half-open record: 1 + 2 + 4 + 8 s */
#define TCP_KEEP_PROBES     5
#define TCP_KEEP_INTVL_MS   5000
#define TCP_ORPHAN_MS       120000 /* a released connection without progress */
#define TCP_CTL_MAX         256    /* control packets built in one poll */
#define TCP_LOCALS          64
#define TCP_QUANTUM         64  /* packets of one connection before the next has its turn */
#define TCP_COPY_MAX        256 /* payloads up to here are copied, not kept in their own buffer */
#define TCP_DUP_THRESH      3   /* RFC 5681 3.2 */
#define TCP_PACE_US         16  /* a tick of the pacing wheel */

/* Options of one segment (RFC 9293 3.2, 7323, 2018). */
struct tcp_opts {
	uint32_t ts_val, ts_ecr;
	uint16_t mss; /* 0: absent */
	uint8_t wscale;
	uint8_t n_sack;
	bool has_ts, has_wscale, sack_ok;
	struct {
		uint32_t start, end;
	} sack[4];
};

/* One segment on its way through tcp_input. */
struct tcp_seg {
	struct rte_mbuf *m; /* NULL once taken */
	const struct pkt_meta *meta;
	uint32_t seq, ack;
	uint32_t len; /* payload bytes */
	uint32_t end; /* seq + len + SYN + FIN */
	uint16_t wnd; /* as on the wire */
	uint16_t sport, dport;
	uint8_t flags;
	uint8_t hlen;
	bool has_iss_min;
	uint32_t iss_min; /* a SYN that ended TIME_WAIT: our ISN must not be before this */
	struct tcp_opts opt;
};

/* Bytes beyond a hole. A connection's islands are sorted and disjoint. */
struct tcp_island {
	uint32_t start, end;
	struct buf_chain data;
	struct tcp_island *next, *prev; /* by sequence; next is the free list's too */
	uint32_t pad[2];
};

_Static_assert(sizeof(struct tcp_island) == 64, "one cache line an island");

#define TCP_REASM_MAX    512 /* islands of one connection */
#define TCP_ISLANDS_EACH 16  /* that each side object brings to the instance's pool */
struct tcp_islands {
	struct tcp_island *free;
	uint32_t used;
	uint32_t opened; /* side objects whose islands have joined the pool */
};

/* Out-of-order data: tcp_reasm.c. Zeroed is empty. */
#define TCP_REASM_RECENT 4
struct tcp_reasm {
	uint32_t n;
	uint32_t bytes;                  /* held, sum of all */
	uint32_t truesize;               /* memory pinned, sum of all */
	uint32_t dsack_start, dsack_end; /* came twice and is not reported yet; equal: none */
	struct tcp_island *head, *tail;
	struct tcp_island *hint; /* touched last but for the tail */
	/* the order of our SACK option: changed or reported last first; NULL: no more */
	struct tcp_island *recent[TCP_REASM_RECENT];
	struct tcp_islands *pool; /* where they go back to */
};

/* What few connections need, and only now and then. */
struct tcp_ext {
	struct tcp_reasm reasm; /* beyond rcv_nxt */
	bool has_fin;           /* the peer's FIN came early */
	uint32_t fin;           /* its sequence number */
	uint32_t free_next;
	struct tcp_island share[TCP_ISLANDS_EACH]; /* the pool's, whoever uses them */
};

/* A key: everything that tells connections apart, as hashed and compared. */
struct tcp_key {
	struct ip_addr remote;
	uint16_t local; /* index of the local address */
	uint16_t lport, rport;
	uint16_t zero;
};

/*
 * 64 bytes instead of a PCB for a connection that is not yet or no longer there. All records of a
 * FIFO wait equally long, so a FIFO needs no timer: its head expires first.
 */
struct tcp_record {
	struct ip_addr remote;
	uint16_t local, lport, rport;
	uint16_t mss;        /* SYN: peer's offer */
	uint32_t next, prev; /* FIFO neighbours, index + 1; next is the free list's too */
	uint32_t expires;    /* ms */
	uint32_t rcv_nxt;    /* SYN: irs + 1 */
	uint32_t snd_nxt;    /* SYN: iss */
	uint32_t ts_recent;
	uint8_t flags;  /* TCP_REC_* */
	uint8_t wscale; /* SYN: peer's */
	uint8_t tries;  /* SYN: SYN-ACKs sent, which is also its FIFO */
	uint8_t listener;
	uint32_t hash; /* under which the table has it */
	uint32_t pad;
};

_Static_assert(sizeof(struct tcp_record) == 64, "one cache line a record");

#define TCP_REC_TS   0x01
#define TCP_REC_SACK 0x02
#define TCP_REC_WS   0x04
#define TCP_REC_ECN  0x08

struct tcp_fifo {
	uint32_t head, tail; /* index + 1 */
};

struct tcp_records {
	struct tcp_record *rec;
	uint32_t max, used;
	uint32_t free; /* index + 1 */
};

/* The table: 64-byte buckets of 8 {hash, reference}; overflow goes to the next buckets. */
enum tcp_kind { TCP_KIND_NONE, TCP_KIND_CONN, TCP_KIND_SYN, TCP_KIND_TW };

struct tcp_entry {
	uint32_t hash;
	uint32_t ref; /* kind << 30 | index; 0: empty */
};

#define TCP_BUCKET 8
struct tcp_table {
	struct tcp_entry *e;
	uint32_t mask; /* buckets - 1 */
	uint8_t *over; /* per bucket: entries that belong here but lie further on, saturates */
};

struct tcp_listener {
	struct ip_endpoint at;
	struct tcp_path path;
	void *user;
	bool used;
	uint64_t cookie_period; /* the last one in which it gave out a SYN cookie; 0: never */
};

/* SYN cookies: tcp_cookie.c. */
struct tcp_cookies {
	uint64_t period;           /* 64 s each, from 1; 0: no keys yet */
	struct siphash_key key[2]; /* of that period and the one before, by their lowest bit */
};

/* What t_rtx waits for. */
enum tcp_rtx {
	TCP_RTX_RTO,   /* RFC 6298; with nothing in flight the persist timer (RFC 9293 3.8.6.1) */
	TCP_RTX_PROBE, /* tail loss probe (RFC 8985 7) */
};

/* Where the bytes of a run are: in the network as far as we know; missing, to be sent again; with
 * the peer, though not in order. */
enum tcp_run_state { TCP_RUN_OUT, TCP_RUN_LOST, TCP_RUN_SACKED, TCP_RUN_STATES };

/* Bytes that left in one poll and had one fate since: a bulk sender has some dozens of runs. */
struct tcp_run {
	uint32_t start, end;     /* sequence numbers; a FIN is one of them */
	uint32_t sent_us;        /* when it last left */
	uint32_t delivered;      /* flight->delivered then */
	uint32_t delivered_us;   /* flight->delivered_us then */
	uint32_t first_us;       /* flight->first_us then */
	uint32_t next, prev;     /* by sequence, index + 1 */
	uint32_t q_next, q_prev; /* in the queue of its state, index + 1 */
	struct buf_cursor at;    /* its first byte in conn->tx */
	uint8_t state;           /* enum tcp_run_state */
	bool again;              /* some of it was sent more than once, or before sent_us */
	bool app_limited;        /* there was no more to send then */
	bool probe;              /* all of it is one path MTU probe, which left once */
};

_Static_assert(sizeof(struct tcp_run) == 64, "one cache line a run");

#define TCP_RUNS_EACH 3 /* of every flight's own: what goes, what stays, and one between */

struct tcp_queue {
	uint32_t head, tail; /* runs, index + 1 */
};

/* What recovers from a loss (RFC 5681, RFC 6937, RFC 6298). */
enum tcp_ca {
	TCP_CA_OPEN,     /* nothing is missing as far as we know */
	TCP_CA_RECOVERY, /* fast recovery until `recover` is acknowledged */
	TCP_CA_LOSS,     /* after a timeout, until `recover` is acknowledged */
};

/* RFC 8899 5.2: the search for the path's MTU. */
enum tcp_pmtu {
	TCP_PMTU_COMPLETE,  /* no larger size is expected to pass, for now */
	TCP_PMTU_SEARCHING, /* probes ask for a larger one */
	TCP_PMTU_BASE,      /* after a black hole: does this one pass? */
	TCP_PMTU_ERROR,     /* not even that did: does the least one? */
};

enum tcp_probe {
	TCP_PROBE_NONE,
	TCP_PROBE_DUE, /* to be sent when there is enough data and room */
	TCP_PROBE_OUT, /* until pmtu_end is acknowledged */
};

/* RFC 5682: what the ACKs after a timeout shall tell. */
enum tcp_frto {
	TCP_FRTO_OFF,
	TCP_FRTO_SENT, /* the first byte went again */
	TCP_FRTO_NEW,  /* it was acknowledged: new data goes out before what may be lost */
};

/*
 * What a connection that sends knows of the bytes in flight and of the path. Attached with the
 * first byte sent; one that has nothing in flight may lose it to another (cwnd, ssthresh and srtt
 * stay in the connection).
 */
struct tcp_flight {
	/* scoreboard: tcp_run.c */
	struct tcp_queue runs;                  /* all, by sequence: they tile [snd_una, snd_nxt) */
	uint32_t n_runs;                        /* how many */
	struct tcp_queue queue[TCP_RUN_STATES]; /* OUT by time of sending, LOST as they go again */
	uint32_t bytes[TCP_RUN_STATES];         /* sums of the queues */
	uint32_t hint;                          /* run that a SACK block last touched, index + 1 */
	uint32_t fack;                          /* highest end delivered */

	/* recovery: tcp_recovery.c */
	uint8_t ca;                                /* enum tcp_ca */
	uint8_t dupacks;                           /* without SACK: duplicate ACKs in a row */
	uint8_t frto;                              /* enum tcp_frto */
	bool undo;                                 /* undo_* hold what was before this recovery */
	uint32_t recover;                          /* snd_nxt when it began */
	uint32_t begun_us;                         /* when that was */
	uint32_t prr_delivered, prr_out, prr_base; /* RFC 6937 */
	uint32_t undo_cwnd, undo_ssthresh; /* undo_cwnd 0: ECE came since, nothing goes back */
	uint32_t undo_una;                 /* snd_una then */
	uint32_t undo_end;                 /* the highest number that was sent again since */
	uint32_t undo_bytes;               /* sent again since and not reported by D-SACK yet */
	uint32_t again_ms; /* when something was first sent again since; 0: nothing was */

	/* RACK-TLP: tcp_rack.c */
	uint32_t rack_us, rack_end;   /* sent_us and end of the delivered run that was sent last */
	uint32_t rack_rtt;            /* its RTT, us */
	uint32_t min_rtt, min_rtt_ms; /* us, UINT32_MAX: none; and when it was measured */
	uint32_t reo_round;           /* snd_nxt when D-SACK last widened the window */
	uint32_t t_reorder;           /* deadline: the reordering window ends, ms; 0: none */
	uint8_t reo_mult, reo_persist;
	bool reordering; /* seen on this path */
	bool tlp_due;    /* a probe is owed */
	bool tlp;        /* a probe is out until tlp_end is acknowledged */
	bool tlp_again;  /* and it was a retransmission */
	uint32_t tlp_end;

	/* delivery rate: tcp_rate.c */
	uint32_t delivered;    /* bytes, modulo 2^32 */
	uint32_t delivered_us; /* when that last grew */
	uint32_t first_us;     /* when the run that was delivered last had been sent */
	uint32_t app_limited;  /* samples below this value of `delivered` may say too little */
	bool is_app_limited;

	/* pacing: tcp_pace.c */
	clock_us_t pace_at; /* when the next packet may leave */
	uint64_t pace_rest; /* and what is less than a microsecond of it, in 1 / rate us */
	struct wheel_node pace;

	/* window validation: tcp_cwv.c */
	uint32_t cwv_last, cwv_now; /* most bytes in flight, in the last period and in this one */
	uint32_t cwv_ms;            /* when this one began */
	uint32_t cwv_unused_ms;     /* since when the window is not validated */

	/* path MTU: tcp_pmtu.c; sizes are values of c->mss */
	uint8_t pmtu_state;    /* enum tcp_pmtu */
	uint8_t pmtu_probe;    /* enum tcp_probe */
	uint8_t pmtu_lost;     /* probes of pmtu_size, in a row */
	uint8_t pmtu_timeouts; /* of full segments, in a row */
	bool pmtu_carried;     /* a full segment of c->mss was acknowledged */
	uint16_t pmtu_size;    /* that is probed */
	uint16_t pmtu_high;    /* where the search ends */
	uint16_t pmtu_pending; /* a router's word, unless pmtu_seq is acknowledged; 0: none */
	uint32_t pmtu_seq;
	uint32_t pmtu_end; /* of the probe that is out; else carried is what that makes true */
	uint32_t pmtu_at;  /* no probe before, ms */

	uint32_t ecn_end; /* ECE counts once until this is acknowledged (RFC 3168 6.1.2) */
	struct tcp_conn *conn;
	struct list
		idle; /* on the instance's list, longest idle first, while nothing is in flight */
	uint64_t cc[17]; /* the congestion control's own */
};

/* What one ACK newly delivered. */
struct tcp_delivery {
	uint32_t fack;       /* flight->fack before it */
	uint32_t recover;    /* flight->recover before it */
	uint32_t pipe;       /* bytes in the network before it */
	uint32_t bytes;      /* acknowledged or SACKed, that were neither before */
	uint32_t lost;       /* taken for lost */
	bool advanced;       /* snd_una moved */
	bool sack_news;      /* SACK blocks told something new */
	bool dup;            /* a duplicate ACK (RFC 5681 2) */
	bool reordered;      /* a run sent once came after one with higher numbers */
	bool orig;           /* among them a run sent once, before recovery began */
	bool again;          /* a run sent more than once is */
	bool probe;          /* a path MTU probe is */
	bool timed;          /* first_us holds */
	uint32_t first_us;   /* sent_us of the first one sent once */
	bool head_again;     /* what snd_una moved over first was sent more than once, ... */
	uint32_t head_us;    /* ... the last time then */
	struct tcp_run last; /* the one that was sent last, where bytes > 0 */
};

/* What one ACK told the congestion control. */
struct tcp_sample {
	uint32_t now_us;
	uint32_t delivered;  /* bytes newly acknowledged or SACKed */
	uint32_t lost;       /* bytes newly taken for lost */
	uint32_t prior_pipe; /* bytes in the network before it */
	uint32_t rtt_us;     /* of the delivered run that was sent last, once; 0: none */
	/* delivery rate (draft-cheng-iccrg-delivery-rate-estimation): bytes in us; us 0: none */
	uint32_t rate_bytes, rate_us;
	uint32_t prior_delivered; /* flight->delivered when the run behind that sample was sent */
	bool app_limited;         /* that sample may be below what the path can do */
	bool limited;             /* cwnd was what held us back, and may grow */
	bool repair;              /* a timeout was being repaired when it came */
	bool ece;                 /* it carries ECE, and ECN is in use */
};

/*
 * Congestion control. The private state is flight->cc, zeroed before init; c->cwnd and c->ssthresh
 * are bytes and outlive it. Loss recovery (PRR, RTO, undo) belongs to tcp_recovery.c, which asks
 * here only for the new ssthresh.
 */
struct tcp_cc_ops {
	const char *name;
	/* A flight begins: c->cwnd, c->ssthresh and c->srtt may hold what an earlier one left.
	 * NULL: nothing. */
	void (*init)(struct tcp_conn *c, uint32_t now_us);
	/* An ACK that delivered something. Not called in TCP_CA_RECOVERY, but when `model`. */
	void (*on_ack)(struct tcp_conn *c, const struct tcp_sample *s);
	/* A loss, once a recovery, or ECE, once a round trip: the new ssthresh, bytes. */
	uint32_t (*on_loss)(struct tcp_conn *c, uint32_t now_us);
	/* The same for ECE; NULL: as on_loss. */
	uint32_t (*on_ecn)(struct tcp_conn *c, uint32_t now_us);
	/* A timeout; ssthresh is set already. NULL: nothing. */
	void (*on_rto)(struct tcp_conn *c, uint32_t now_us);
	/* The loss was none: forget what on_loss or on_rto did to the private state. NULL: nothing.
	 */
	void (*undo)(struct tcp_conn *c);
	/* Bytes a second; NULL or 0: 2 cwnd / srtt in slow start, 1.2 cwnd / srtt later. */
	uint64_t (*pacing_rate)(const struct tcp_conn *c);
	bool model; /* it sets cwnd itself from a model of the path, in recovery too: PRR keeps out
		     */
	bool l4s;   /* it wants ECT on every data packet and every ECE (DCTCP, RFC 8257) */
};
extern const struct tcp_cc_ops *const tcp__cc[]; /* tcp_cc.c; tcp_path.cc is the index */

/* Steps of the ladder: tcp_pressure.c. */
enum tcp_pressure {
	TCP_PRESSURE_NONE,
	TCP_PRESSURE_SHRINK, /* windows do not grow, new ones begin small */
	TCP_PRESSURE_COOKIE, /* connections begin by cookies only */
	TCP_PRESSURE_ABORT,  /* the heaviest connections go */
};

struct tcp {
	struct tcp_config cfg;
	struct buf_pools *pools;
	clock_us_t now_us;
	uint32_t now_ms;
	struct siphash_key key_table, key_isn, key_ts;
	struct tcp_table table;
	struct tcp_conn *conn;
	uint32_t conn_free;  /* index + 1, through dirty_next */
	uint32_t conns;      /* in use */
	uint32_t orphans;    /* of these: tcp__is_orphan */
	uint32_t evict_next; /* where the next look for one of those begins, modulo cfg.conns */
	struct tcp_ext *ext;
	uint32_t ext_free, exts;
	struct tcp_flight *flight;
	struct list flights_free, flights_idle;
	struct tcp_run *run;
	uint32_t run_free;  /* index + 1, through next */
	uint32_t runs_free; /* how many */
	uint32_t runs_kept; /* of these: for flights that have less than TCP_RUNS_EACH */
	struct tcp_islands islands;
	struct tcp_records syn, tw;
	struct tcp_fifo syn_fifo[TCP_SYNACK_TRIES], tw_fifo;
	struct tcp_cookies cookies;
	uint32_t ready_head, ready_tail; /* index + 1 */
	uint32_t dirty_head, dirty_tail, n_dirty;
	struct wheel wheel;                /* 1 ms */
	struct wheel pace;                 /* TCP_PACE_US, of flights */
	struct rte_mbuf *ctl[TCP_CTL_MAX]; /* ready packets without a connection's state */
	uint32_t n_ctl;
	uint8_t pressure;                  /* enum tcp_pressure: how full the data pool is */
	uint32_t pressure_ms;              /* when that was measured */
	uint32_t ring_mbufs;               /* of the data pool, in the ports' receive rings */
	uint32_t scan;                     /* the connection weighed next, modulo cfg.conns */
	uint32_t heaviest;                 /* found so far, index + 1; 0: none */
	uint32_t challenge_ms, challenges; /* the second's budget of challenge ACKs */
	struct tcp_listener listener[TCP_LISTENERS];
	struct ip_addr local[TCP_LOCALS];
	uint32_t n_local;
	uint64_t stat[TCP_STAT_N];
};

#define TCP_COUNT(t, name)      ((t)->stat[TCP_STAT_##name]++)
#define TCP_COUNT_N(t, name, n) ((t)->stat[TCP_STAT_##name] += (n))

/* What time it is, until the next call from outside. */
static inline void tcp__clock_set(struct tcp *t, clock_us_t now)
{
	t->now_us = now;
	t->now_ms = (uint32_t)(now / CLOCK_US_PER_MS);
}

static inline uint32_t tcp__index(const struct tcp *t, const struct tcp_conn *c)
{
	return (uint32_t)(c - t->conn);
}

/* One past the last sequence number that the owner gave us: bytes in tx, and SYN and FIN until they
 * are acknowledged. */
static inline uint32_t tcp__snd_end(const struct tcp_conn *c)
{
	bool syn = c->state == TCP_SYN_SENT || c->state == TCP_SYN_RCVD;
	bool fin = (c->flags & TCP_F_FIN_QUEUED) && c->state != TCP_FIN_WAIT_2;

	return c->snd_una + c->tx.bytes + syn + fin;
}

/* Its owner has gone and all that it sent is acknowledged: it waits for the peer's FIN alone. */
static inline bool tcp__is_orphan(const struct tcp_conn *c)
{
	return (c->flags & TCP_F_RELEASED) && c->state == TCP_FIN_WAIT_2;
}

/* Payload of a full segment once the options that every segment carries are there. */
static inline uint32_t tcp__payload_max(const struct tcp_conn *c)
{
	return c->mss - ((c->flags & TCP_F_TS) ? 12 : 0);
}

/* Bytes in the network as far as we know; without SACK each duplicate ACK says that one segment
 * left it (RFC 6582 3.2). */
static inline uint32_t tcp__pipe(const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint32_t out = f ? f->bytes[TCP_RUN_OUT] : 0, left;

	if (!f || !f->dupacks)
		return out;
	left = f->dupacks * tcp__payload_max(c);
	return left < out ? out - left : 0;
}

/*
 * Put data (empty afterwards) behind what was received before. 0 or -ENOMEM: data is untouched.
 * Small payloads are copied, and larger ones too where the queue pins more than twice its bytes:
 * else segments just above TCP_COPY_MAX would pin nine times their size.
 */
static inline int tcp__rcv_append(
	struct buf_chain *to, struct buf_chain *data, struct rte_mempool *indirect)
{
	if ((data->bytes <= TCP_COPY_MAX || to->truesize / 2 > to->bytes + data->bytes) &&
		buf_chain_squeeze(to, data))
		return 0;
	return buf_chain_move(to, data, indirect);
}

/* tcp_opt.c */
int tcp__opts_parse(struct tcp_opts *o, const uint8_t *p, uint32_t n);
uint32_t tcp__opts_build_syn(uint8_t *p, const struct tcp_opts *o);
uint32_t tcp__opts_build(uint8_t *p, const struct tcp_opts *o);

/* tcp_reasm.c */
int tcp__reasm_add(struct tcp *t, struct tcp_reasm *q, uint32_t seq, struct buf_chain *data);
bool tcp__reasm_take(struct tcp_reasm *q, uint32_t *rcv_nxt, struct buf_chain *out,
	struct rte_mempool *indirect);
void tcp__reasm_free(struct tcp_reasm *q);
void tcp__reasm_twice(struct tcp_reasm *q, uint32_t start, uint32_t end);
uint32_t tcp__reasm_sack(struct tcp_reasm *q, struct tcp_opts *o, uint32_t max);
uint32_t tcp__sack_blocks(const struct tcp_conn *c);
void tcp__ext_tidy(struct tcp *t, struct tcp_conn *c);

/* tcp_drs.c */
void tcp__rcv_start(struct tcp *t, struct tcp_conn *c);
void tcp__drs_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/* tcp_ecn.c */
void tcp__ecn_echo(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/* tcp_table.c */
uint32_t tcp__hash(const struct tcp *t, const struct tcp_key *k);
int tcp__table_create(struct tcp_table *tab, uint32_t entries, int socket);
void tcp__table_destroy(struct tcp_table *tab);
void tcp__table_fetch(const struct tcp *t, uint32_t hash);
void tcp__table_fetch_conn(const struct tcp *t, uint32_t hash);
enum tcp_kind tcp__table_find(struct tcp *t, const struct tcp_key *k, uint32_t hash, uint32_t *idx);
bool tcp__table_insert(struct tcp *t, uint32_t hash, enum tcp_kind kind, uint32_t idx);
void tcp__table_remove(struct tcp *t, uint32_t hash, enum tcp_kind kind, uint32_t idx);
void tcp__conn_key(const struct tcp_conn *c, struct tcp_key *k);
void tcp__record_key(const struct tcp_record *r, struct tcp_key *k);

/* tcp_record.c */
int tcp__records_create(struct tcp_records *s, uint32_t max, int socket);
struct tcp_record *tcp__record_get(struct tcp_records *s);
void tcp__record_put(struct tcp_records *s, struct tcp_record *r);
void tcp__fifo_add(struct tcp_records *s, struct tcp_fifo *f, struct tcp_record *r);
void tcp__fifo_del(struct tcp_records *s, struct tcp_fifo *f, struct tcp_record *r);
struct tcp_record *tcp__fifo_head(struct tcp_records *s, const struct tcp_fifo *f);

/* tcp.c */
int tcp__local_index(const struct tcp *t, const struct ip_addr *a);
int tcp__local_add(struct tcp *t, const struct ip_addr *a);
struct tcp_conn *tcp__conn_get(struct tcp *t);
void tcp__conn_die(struct tcp *t, struct tcp_conn *c, int error);
void tcp__event(struct tcp *t, struct tcp_conn *c, uint8_t events);
void tcp__dirty(struct tcp *t, struct tcp_conn *c);
struct tcp_conn *tcp__dirty_take(struct tcp *t);
struct tcp_ext *tcp__ext(struct tcp *t, struct tcp_conn *c);
void tcp__ext_drop(struct tcp *t, struct tcp_conn *c);
uint32_t tcp__isn(const struct tcp *t, const struct tcp_key *k);
uint32_t tcp__ts_offset(const struct tcp *t, const struct tcp_key *k);
void tcp__conn_start(struct tcp *t, struct tcp_conn *c, uint32_t iss, const struct tcp_path *path);

/* tcp_input.c */
void tcp__conn_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s);
bool tcp__text_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s);
void tcp__icmp_input(struct tcp *t, struct rte_mbuf *m);
bool tcp__challenge_allowed(struct tcp *t);

/* tcp_ack.c */
void tcp__ack_input(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);

/* tcp_flight.c */
int tcp__flights_create(struct tcp *t);
struct tcp_flight *tcp__flight(struct tcp *t, struct tcp_conn *c);
void tcp__flight_rest(struct tcp *t, struct tcp_conn *c);
void tcp__flight_drop(struct tcp *t, struct tcp_conn *c);
bool tcp__echo_before(
	const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s, uint32_t ms);

/* tcp_run.c */
bool tcp__run_ready(const struct tcp *t, const struct tcp_flight *f);
void tcp__run_sent(
	struct tcp *t, struct tcp_conn *c, uint32_t len, const struct buf_cursor *at, bool probe);
struct tcp_run *tcp__run_first(const struct tcp *t, const struct tcp_flight *f, uint8_t state);
struct tcp_run *tcp__run_next(const struct tcp *t, const struct tcp_run *r);
struct tcp_run *tcp__run_head(struct tcp *t, struct tcp_flight *f, struct tcp_run *r, uint32_t n);
struct tcp_run *tcp__run_tail(struct tcp *t, struct tcp_flight *f, uint32_t n);
void tcp__run_again(struct tcp *t, struct tcp_flight *f, struct tcp_run *r);
void tcp__run_lose(struct tcp *t, struct tcp_flight *f, struct tcp_run *r);
void tcp__runs_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack, struct tcp_delivery *d);
void tcp__runs_sacked(
	struct tcp *t, struct tcp_flight *f, uint32_t start, uint32_t end, struct tcp_delivery *d);
void tcp__runs_lose(struct tcp *t, struct tcp_flight *f, bool reneged, uint32_t sent_before);
void tcp__runs_unlose(struct tcp *t, struct tcp_flight *f);
void tcp__runs_free(struct tcp *t, struct tcp_flight *f);

/* tcp_rate.c */
void tcp__rate_sample(
	struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d, struct tcp_sample *s);
void tcp__rate_app_limited(struct tcp_conn *c);

/* tcp_rack.c */
void tcp__rack_update(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, const struct tcp_delivery *d);
void tcp__rack_dsack(struct tcp_conn *c);
uint32_t tcp__rack_detect(struct tcp *t, struct tcp_conn *c);
uint32_t tcp__rack_reo_wnd(const struct tcp_conn *c);
uint32_t tcp__tlp_timeout(const struct tcp_conn *c);
bool tcp__tlp_dsack(struct tcp_conn *c, const struct tcp_seg *s);
void tcp__tlp_ack(struct tcp *t, struct tcp_conn *c, const struct tcp_delivery *d);

/* tcp_recovery.c */
void tcp__recovery_ack(
	struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s, struct tcp_delivery *d);
void tcp__recovery_begin(struct tcp *t, struct tcp_conn *c);
void tcp__recovery_dsack(struct tcp *t, struct tcp_conn *c, const struct tcp_seg *s);
void tcp__recovery_reduce(struct tcp *t, struct tcp_conn *c, bool ecn);
void tcp__recovery_prr(struct tcp_conn *c, const struct tcp_delivery *d);
void tcp__rto_loss(struct tcp *t, struct tcp_conn *c);
void tcp__resend(struct tcp *t, struct tcp_conn *c);

/* tcp_cwv.c */
void tcp__cwv_ack(struct tcp *t, struct tcp_conn *c, uint32_t pipe);
uint32_t tcp__cwv_loss_window(const struct tcp_conn *c);
void tcp__cwv_resume(struct tcp *t, struct tcp_conn *c);
void tcp__cwv_restart(struct tcp_conn *c);

/* tcp_pace.c */
bool tcp__pace_allows(struct tcp *t, struct tcp_conn *c);
void tcp__pace_sent(struct tcp *t, struct tcp_conn *c, uint32_t bytes);
void tcp__pace_tick(struct tcp *t, uint32_t budget);

/* tcp_rtt.c */
void tcp__rtt_sample(struct tcp_conn *c, uint32_t us, uint32_t rto_min_ms);
void tcp__rtt_backoff(struct tcp_conn *c);
void tcp__rtt_no_backoff(struct tcp_conn *c, uint32_t rto_min_ms);

/* tcp_open.c: how connections begin */
uint32_t tcp__initial_window(uint32_t mss);
uint16_t tcp__mss_of(const struct tcp_path *p, bool v4);
uint8_t tcp__wscale(uint32_t limit);
struct tcp_listener *tcp__listener_find(struct tcp *t, const struct ip_addr *dst, uint16_t port);
void tcp__listen_input(struct tcp *t, const struct tcp_key *k, struct tcp_seg *s);
void tcp__syn_input(struct tcp *t, struct tcp_record *r, struct tcp_seg *s);
void tcp__syn_sent_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s);
void tcp__syn_acked(struct tcp *t, struct tcp_conn *c, uint32_t ack);
void tcp__syn_tick(struct tcp *t, uint32_t budget);
void tcp__syn_drop(struct tcp *t, struct tcp_record *r);

/* tcp_cookie.c */
bool tcp__cookies_only(const struct tcp *t);
uint32_t tcp__cookie_make(struct tcp *t, struct tcp_listener *l, struct tcp_record *r);
bool tcp__cookie_take(struct tcp *t, const struct tcp_listener *l, const struct tcp_key *k,
	const struct tcp_seg *s, struct tcp_record *r);

/* tcp_pmtu.c */
bool tcp__pmtu_too_big(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint16_t mtu);
void tcp__pmtu_timeout(struct tcp *t, struct tcp_conn *c);
void tcp__pmtu_start(struct tcp *t, struct tcp_conn *c);
void tcp__pmtu_acked(struct tcp *t, struct tcp_conn *c, bool probe);
bool tcp__pmtu_may_probe(const struct tcp_conn *c, uint32_t len);
void tcp__pmtu_sent(struct tcp *t, struct tcp_conn *c);
bool tcp__pmtu_probe_lost(struct tcp *t, struct tcp_conn *c);

/* tcp_time_wait.c: how they end */
void tcp__time_wait_enter(struct tcp *t, struct tcp_conn *c);
bool tcp__time_wait_input(struct tcp *t, struct tcp_record *r, struct tcp_seg *s);
void tcp__time_wait_tick(struct tcp *t);

/* tcp_window.c */
uint32_t tcp__rcv_edge(const struct tcp_conn *c);
uint16_t tcp__window_announce(struct tcp_conn *c);

/* tcp_timer.c */
uint32_t tcp__deadline(uint32_t now_ms, uint32_t in_ms);
void tcp__timer_arm(struct tcp *t, struct tcp_conn *c);
void tcp__rtx_restart(struct tcp *t, struct tcp_conn *c);

/* tcp_output.c */
struct tcp_ctl { /* a packet without payload and without a connection */
	const struct ip_addr *src, *dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t wnd; /* as on the wire */
	struct tcp_opts opt;
};
void tcp__rst_reply(struct tcp *t, const struct tcp_seg *s);
void tcp__rst_conn(struct tcp *t, struct tcp_conn *c);
void tcp__ack_now(struct tcp *t, struct tcp_conn *c);
void tcp__record_send(struct tcp *t, const struct tcp_record *r, struct tcp_ctl *p);
uint32_t tcp__ts_now(const struct tcp *t, const struct tcp_conn *c);

#endif
