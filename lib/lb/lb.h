/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load balancing: which member of a pool gets the next request, what is known of each, and how much
 * more it may be given. One instance a worker; nothing but the board of checks is shared between
 * workers. No I/O, no clock, no protocol: the relay says what happened.
 *
 *	lb_pick --> lb_start --> lb_connected? --> lb_done     the request ended here
 *	               `--> lb_connect_failed --> lb_done      and the next lb_pick leaves it out
 *
 * A pool belongs to one snapshot of the file. A member lives longer: a pool of the next snapshot
 * that has the same member (pool's name, its own name and endpoint, and the same TLS) takes it over
 * with its state, counts and idle connections. Both are counted: a request keeps its pool, a
 * connection its member, and what nobody holds any more is given back to control (lb_take_dead).
 *
 * Counters and gauges of a member may be read by control while the worker runs.
 */
#ifndef LB_LB_H
#define LB_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/rand.h"
#include "conf/conf.h"
#include "stat/stat.h"

struct lb;

enum lb_stat {
#define X(name, text) LB_STAT_##name,
#include "lb/lb_stat.def"
#undef X
	LB_STAT_N
};
extern const struct stat_name lb_stat_names[LB_STAT_N];

enum lb_pool_stat {
#define X(name, text) LB_POOL_STAT_##name,
#include "lb/lb_pool_stat.def"
#undef X
	LB_POOL_STAT_N
};
extern const struct stat_name lb_pool_stat_names[LB_POOL_STAT_N];

/* The worst that is true of a member is its state. */
enum lb_state {
	LB_UP,
	LB_SLOW,        /* far slower than the pool: new requests only when others are busy */
	LB_THROTTLED,   /* it said SlowDown: less, and paced */
	LB_WEDGED,      /* reads fine, takes no writes */
	LB_DRAIN,       /* by the operator: finishes what it has */
	LB_MAINTENANCE, /* by the operator: nothing, not even checks */
	LB_DOWN,        /* checks or live traffic say so, or a connect failed a moment ago */
	LB_STATES
};

enum lb_admin { LB_ADMIN_NONE, LB_ADMIN_DRAIN, LB_ADMIN_MAINTENANCE };

/* What nobody holds any more, on its way to control. */
struct lb_dead {
	struct lb_dead *next;
	uint8_t kind;
};

/* AIMD and pace of a member that said SlowDown (lb_throttle.c). */
struct lb_pace {
	uint32_t limit;        /* requests in flight, 1/1024; below 1: fewer than always one */
	uint32_t origin;       /* active when it began: back there, it is over */
	uint32_t good;         /* successes since the limit last changed */
	clock_us_t changed_at; /* that was then */
	clock_us_t cut_at;     /* it last fell */
	clock_us_t said_at;    /* the last SlowDown */
	clock_us_t release_at; /* the next new request, not before */
};

/* A limit from the gradient of latency, of pools with adaptive = yes (lb_throttle.c). */
struct lb_gradient {
	uint32_t limit; /* requests in flight, 1/1024; 0: not begun */
	uint32_t now;  /* latency over the least seen, 1/1024, of the samples since the last step */
	uint32_t n;    /* these */
	uint32_t most; /* active at most since then */
};

/* What live traffic says (lb_outlier.c). */
struct lb_live {
	uint16_t failures;       /* in a row, of all requests */
	uint16_t write_failures; /* in a row, of writes */
	uint16_t reads;          /* that succeeded since the first of these */
	uint8_t ejections;       /* that followed soon on another: each doubles the time */
	uint8_t slow_rounds;     /* evaluations in a row that found it slow, or not any more */
	uint32_t slow_samples;   /* of these */
	uint32_t samples;        /* since the last evaluation */
	clock_us_t eject_until;  /* the last ejection's end */
	clock_us_t probe_at;     /* a slow one's next request, a wedged one's next write */
	clock_us_t wedge_us;     /* between two such writes */
	bool probing;            /* one of them is under way */
};

/* What checks say (lb_check.c, lb_board.c). */
struct lb_checked {
	bool mine;               /* this worker makes them */
	bool running;            /* from lb_check_take to lb_check_done */
	uint8_t good, bad, half; /* in a row, as far as it matters; half: LB_GOOD_READ_ONLY */
	uint8_t verdict;         /* enum lb_verdict, the last one */
	uint64_t key;            /* who it is: says whose share it is, and finds the word */
	uint32_t *word;          /* on the board, or own_word */
	uint32_t own_word, seen; /* seen: what was acted upon */
	clock_us_t at;           /* when the next is due */
};

/* What lb_pick reads comes first. */
struct lb_member {
	uint32_t share;   /* its weight as it counts now, 1/1024; less in slow start */
	uint32_t active;  /* requests in flight */
	uint32_t limit;   /* of active, by all that limits it; UINT32_MAX: none */
	uint32_t load;    /* of what is in flight: each counts by its size class */
	int32_t turn;     /* of smooth weighted round robin */
	uint32_t ratio;   /* time to first byte over what is usual for its kind, EWMA, 1/1024 */
	uint32_t penalty; /* for errors, 1/1024 of the score; halves each second from */
	uint16_t facts;   /* bits of enum lb_fact: what is true of it */
	uint8_t state;    /* enum lb_state: the worst of these */
	uint8_t priority;
	clock_us_t penalty_at; /* this time on */
	clock_us_t due;        /* when something of it changes by itself; UINT64_MAX: nothing */
	uint64_t hash;         /* of its name: the same in all workers and appliances */
	struct lb_pace pace;
	struct lb_live live;

	uint32_t weight;       /* 0: no new requests */
	uint8_t admin;         /* enum lb_admin */
	bool listed;           /* in a pool of the newest snapshot */
	uint32_t refs;         /* pools and connections that hold it */
	uint32_t idle;         /* idle connections, kept by the relay */
	struct list idle_list; /* the relay's, newest first */
	clock_us_t hold_until; /* left out until then while others can take its place */
	uint8_t holds;         /* that followed on each other without a connect */
	bool rested;           /* it got nothing for a while, and has not begun again since */
	uint32_t slow_start_ms;
	clock_us_t up_at;  /* slow start began; 0: none runs */
	clock_us_t since;  /* in its state */
	const char *cause; /* of its state, static */
	uint32_t wait;     /* us to the first byte, EWMA; 0: none came yet */
	struct lb_gradient gradient;
	struct lb_checked checked;
	char name[CONF_NAME_MAX + 1], pool[CONF_NAME_MAX + 1];
	struct ip_endpoint endpoint; /* of the node */
	uint32_t conf_weight;        /* as the newest snapshot has it */
	uint32_t cap;                /* of active, by the file; UINT32_MAX: none */
	uint64_t stat[LB_STAT_N];
	struct stat_hist ttfb;  /* us from the request's head to the response's first byte */
	struct stat_hist total; /* us from the request's head to the response's last byte */
	struct lb_dead dead;
};

/* What is usual for a kind of request in this pool. */
struct lb_usual {
	uint32_t wait;           /* us to the first byte: a third come sooner; 0: nothing known */
	uint32_t least;          /* of this window and the last */
	uint32_t window;         /* least of this window */
	clock_us_t window_until; /* its end */
};

/* What outlives a snapshot: pools of the same name, old and new, share it. */
struct lb_learned {
	uint32_t refs; /* pools */
	struct lb_dead dead;
	struct lb_usual usual[2][CONF_SIZES]; /* of reads, of writes */
	uint32_t median;                      /* of the members' ratios */
	uint32_t owed;       /* retries granted whose lb_start is to come: it earns nothing */
	uint32_t tokens;     /* of the retry budget, 1/100 */
	uint64_t floor;      /* of its floor, 1/1000 */
	clock_us_t floor_at; /* that was then */
	clock_us_t evaluate_at;
	uint64_t stat[LB_POOL_STAT_N];
};

/* Of one snapshot. */
struct lb_pool {
	const struct conf_pool *conf;
	const struct conf *snapshot;
	uint16_t index;   /* in snapshot->pools */
	uint32_t refs;    /* requests and the like that hold it; the newest snapshot holds one */
	unsigned n;       /* conf->n_members */
	struct list link; /* in those that live */
	/* the relay's: requests that wait for a member, and its place among such pools */
	struct list waiting, waiting_link;
	uint32_t n_waiting;
	struct lb_learned *learned;
	struct lb_dead dead;
	struct lb_member *member[]; /* as in conf->members */
};

/* Members that a request has been tried on, by index in its pool. Zeroed is none. */
struct lb_tried {
	uint64_t bits[CONF_MEMBERS_MAX / 64];
};

static inline void lb_tried_add(struct lb_tried *t, unsigned member)
{
	t->bits[member / 64] |= 1ull << member % 64;
}

static inline bool lb_tried_has(const struct lb_tried *t, unsigned member)
{
	return t->bits[member / 64] >> member % 64 & 1;
}

struct lb_config {
	const struct conf *conf; /* borrowed for as long as lb_uses() says, as are those after it */
	struct rand_state *rnd;  /* borrowed for life */
	struct lb_board *board;  /* likewise; NULL: this worker checks everything */
	uint16_t worker, n_workers;
};

/* NULL with e set: no memory. */
struct lb *lb_create(const struct lb_config *cfg, struct err *e);
void lb_destroy(struct lb *lb); /* NULL is fine. Nobody holds a pool or member any more */

/* ---- pools and members ---- */

/* Pool i of the newest snapshot, to look at, or to hold on to. */
struct lb_pool *lb_pool(const struct lb *lb, unsigned i);
struct lb_pool *lb_pool_get(struct lb_pool *p); /* p, counted once more */
void lb_pool_put(struct lb *lb, struct lb_pool *p);
struct lb_member *lb_member_get(struct lb_member *m);
void lb_member_put(struct lb *lb, struct lb_member *m);

/* ---- the way of a request ---- */

/* What the choice depends on. Zeroed but for tried is a request of which nothing is known. */
struct lb_ask {
	const struct lb_tried *tried;
	uint64_t hash; /* of the object, or of the upload: for balance = hash and pinned */
	bool pinned;   /* to the member that hash leads to, whatever balance says */
	bool writes;   /* a wedged member does not take it */
	uint8_t size;  /* enum conf_size_class */
};

/* lb_pick found nobody: */
#define LB_NONE     (-1) /* no member is left to try */
#define LB_BUSY     (-2) /* those that are left are at their limit: wait for an lb_done */
#define LB_THROTTLE (-3) /* or all of them said SlowDown and are paced: wait for lb_next_tick */

/*
 * The member for a request: by the pool's algorithm among those with a weight, not tried, of the
 * lowest priority group that has enough of them, and fit by state; when only unfit ones are left,
 * among these, for a member that may be down is better than no answer. An index in p->member, or
 * one of the above. Costs O(members).
 */
int lb_pick(struct lb *lb, struct lb_pool *p, const struct lb_ask *ask, clock_us_t now);

/* The request goes to this member; size is enum conf_size_class. Every lb_start has one lb_done. */
void lb_start(struct lb *lb, struct lb_pool *p, unsigned member, uint8_t size, clock_us_t now);
/* A connection to it was established: it is not on hold any more. */
void lb_connected(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now);
/* Or was not: it is left out for the pool's hold time. */
void lb_connect_failed(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now);

enum lb_outcome {
	LB_COMPLETE, /* the response was relayed whole */
	LB_RETRY,    /* lost before anything was accepted; the request goes elsewhere. A failure,
			unless `reused` */
	LB_TIMEOUT,  /* no answer, or no byte of it, in time */
	LB_STALL,    /* its answer came slower than the pool's floor */
	LB_RESET,    /* the connection died, or closed inside the response */
	LB_CANCEL,   /* the client went away or broke the request */
	LB_BAD,      /* the member does not speak HTTP */
	LB_REFUSED,  /* never connected */
};

struct lb_result {
	enum lb_outcome outcome;
	bool writes;      /* as in lb_ask, as is size */
	bool inner_error; /* a 200 that carried <Error> */
	bool reused;      /* by an idle connection: that it was lost says nothing of the member */
	bool slow_down;   /* 503 SlowDown or 429: it is alive, and has too much to do */
	uint8_t size;
	uint32_t retry_after_ms; /* with slow_down, as it said; 0: it did not */
	uint16_t status;         /* of the final response; 0: none came */
	uint64_t bytes_out;      /* request bytes sent to the member */
	uint64_t bytes_in;       /* response bytes taken from it */
	clock_us_t ttfb_us;      /* from the head to the final response's first byte; with status */
	clock_us_t wait_us;  /* of these, those that the member had the whole request: its own time,
				by which it is judged; 0: not measured, or an operation that takes
				what it takes */
	clock_us_t total_us; /* with LB_COMPLETE */
};

void lb_done(struct lb *lb, struct lb_pool *p, unsigned member, const struct lb_result *res,
	clock_us_t now);

/* May one more of the pool's requests be given to another member, or once more to the same? Takes
 * from the pool's budget; false: it is spent, and counted. */
bool lb_retry(struct lb *lb, struct lb_pool *p, clock_us_t now);
/* What a client that has to go away should be told to wait: jittered, ms. */
uint32_t lb_retry_after(struct lb *lb, const struct lb_pool *p, clock_us_t now);

/* Ends of slow starts, ejections and paces, budgets, outliers. Call it about each millisecond in
 * which lb_next_tick() says so. */
void lb_tick(struct lb *lb, clock_us_t now);
/* ms until something is due (a check, the end of an ejection, a paced release), at most max. */
uint32_t lb_next_tick(const struct lb *lb, uint32_t max, clock_us_t now);

/* ---- checks: lb says when, the relay makes them (probe.c) ---- */

struct lb_check {
	struct lb_pool *pool; /* held until lb_check_done */
	uint16_t member;
};

/* The next check that is due, if the budget allows another at this time: true, and it runs until
 * lb_check_done. This worker checks only its share of the members; the board tells the others. */
bool lb_check_take(struct lb *lb, struct lb_check *out, clock_us_t now);

enum lb_verdict {
	LB_GOOD,
	LB_GOOD_READ_ONLY, /* a canary's PUT failed, its reads are fine */
	LB_GOOD_THROTTLED, /* it said SlowDown */
	LB_FAIL_CONNECT,
	LB_FAIL_TIMEOUT,
	LB_FAIL_ANSWER, /* not the one wanted */
	LB_NO_VERDICT,  /* it could not be made: nothing is known */
	LB_VERDICTS
};
void lb_check_done(struct lb *lb, struct lb_check *c, enum lb_verdict v, clock_us_t now);

/* What checks found, for all workers: one word a member, written by the worker whose share it is.
 * Made once by control before the first worker; NULL with e set. */
struct lb_board;
struct lb_board *lb_board_create(struct err *e);
void lb_board_destroy(struct lb_board *b);

/* ---- another snapshot ---- */

/* Control prepares while the worker runs: pools for conf, with what is the same of the newest
 * snapshot's members. NULL with e set: no memory. One at a time. */
struct lb_next *lb_prepare(const struct lb *lb, const struct conf *conf, struct err *e);
/* The worker takes it (freed with lb_take_dead): from now on its pools are the newest snapshot's. A
 * member's weight is set again where the file changed it; what the operator said of it stays. */
void lb_swap(struct lb *lb, struct lb_next *next, clock_us_t now);
void lb_next_destroy(struct lb_next *next); /* instead of lb_swap; NULL is fine */
/* On the worker: what nobody holds any more; control frees it. NULL: nothing. */
struct lb_dead;
struct lb_dead *lb_take_dead(struct lb *lb);
void lb_dead_free(struct lb_dead *d);
/* On the worker: does anything here still point into conf? */
bool lb_uses(const struct lb *lb, const struct conf *conf);

/* ---- events ---- */

struct lb_event {
	clock_us_t at;
	char pool[CONF_NAME_MAX + 1], member[CONF_NAME_MAX + 1];
	uint8_t from, to;  /* enum lb_state */
	const char *cause; /* static: "check failed: connect", "requests failed in a row", ... */
};
/* Changes of state since the last call, oldest first: how many, at most max. Any one thread beside
 * the worker. */
unsigned lb_events_take(struct lb *lb, struct lb_event *out, unsigned max);
/* How many found no room, ever. Any thread. */
uint64_t lb_lost_events(const struct lb *lb);

/* ---- the operator ---- */

/* 0 takes the member out of the choice for new requests. */
void lb_set_weight(struct lb *lb, struct lb_member *m, uint32_t weight, clock_us_t now);
void lb_set_admin(struct lb *lb, struct lb_member *m, enum lb_admin admin, clock_us_t now);

/* ---- reading ---- */

/* Of the newest snapshot. */
struct lb_member *lb_member(const struct lb *lb, unsigned pool, unsigned member);
unsigned lb_members(const struct lb *lb, unsigned pool);
unsigned lb_pools(const struct lb *lb);
enum lb_state lb_member_state(const struct lb_member *m);
const char *lb_verdict_name(uint8_t verdict); /* enum lb_verdict: "good", ... */
const char *lb_state_name(enum lb_state s);   /* "up", "slow", "throttled", "wedged", ... */

#endif
