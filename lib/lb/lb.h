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

struct lb_member {
	char name[CONF_NAME_MAX + 1], pool[CONF_NAME_MAX + 1];
	struct ip_endpoint endpoint; /* of the node */
	uint32_t refs;               /* pools and connections that hold it */
	bool listed;                 /* in a pool of the newest snapshot */
	uint8_t admin;               /* enum lb_admin */
	uint32_t weight;             /* 0: no new requests */
	int32_t turn;                /* of smooth weighted round robin */
	uint32_t active;             /* requests in flight */
	uint32_t idle;               /* idle connections, kept by the relay */
	struct list idle_list;       /* the relay's, newest first */
	clock_us_t hold_until;       /* left out until then while others can take its place */
	uint64_t stat[LB_STAT_N];
	struct stat_hist ttfb;  /* us from the request's head to the response's first byte */
	struct stat_hist total; /* us from the request's head to the response's last byte */
	struct list dead_link;
};

/* Of one snapshot; read only but for refs and what lb keeps there. */
struct lb_pool {
	const struct conf_pool *conf;
	const struct conf *snapshot;
	uint16_t index; /* in snapshot->pools */
	uint32_t refs;  /* requests and the like that hold it; the newest snapshot holds one */
	unsigned n;     /* conf->n_members */
	struct list dead_link;
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

/* conf and rnd are borrowed; conf for as long as lb_uses() says. NULL with e set: no memory. */
struct lb *lb_create(const struct conf *conf, struct rand_state *rnd, struct err *e);
void lb_destroy(struct lb *lb); /* NULL is fine. Nobody holds a pool or member any more */

/* ---- pools and members ---- */

/* Pool i of the newest snapshot, to look at, or to hold on to. */
struct lb_pool *lb_pool(const struct lb *lb, unsigned i);
struct lb_pool *lb_pool_get(struct lb_pool *p); /* p, counted once more */
void lb_pool_put(struct lb *lb, struct lb_pool *p);
struct lb_member *lb_member_get(struct lb_member *m);
void lb_member_put(struct lb *lb, struct lb_member *m);

/* ---- the way of a request ---- */

/*
 * The member for a request: by the pool's algorithm among those with a weight, not tried and not
 * on hold; when only held ones are left, among these. An index in p->member; -1: none left. Costs
 * O(members).
 */
int lb_pick(struct lb *lb, struct lb_pool *p, const struct lb_tried *tried, clock_us_t now);

/* The request goes to this member. Every lb_start has one lb_done. */
void lb_start(struct lb *lb, struct lb_pool *p, unsigned member);
/* A connection to it was established: it is not on hold any more. */
void lb_connected(struct lb *lb, struct lb_pool *p, unsigned member);
/* Or was not: it is left out for the pool's hold time. */
void lb_connect_failed(struct lb *lb, struct lb_pool *p, unsigned member, clock_us_t now);

enum lb_outcome {
	LB_COMPLETE, /* the response was relayed whole */
	LB_RETRY,    /* lost before anything was accepted; the request goes elsewhere */
	LB_TIMEOUT,
	LB_RESET,   /* the connection died, or closed inside the response */
	LB_CANCEL,  /* the client went away or broke the request */
	LB_BAD,     /* the member does not speak HTTP */
	LB_REFUSED, /* never connected */
};

struct lb_result {
	enum lb_outcome outcome;
	uint16_t status;     /* of the final response; 0: none came */
	uint64_t bytes_out;  /* request bytes sent to the member */
	uint64_t bytes_in;   /* response bytes taken from it */
	clock_us_t ttfb_us;  /* to the first byte of the final response; with status */
	clock_us_t total_us; /* with LB_COMPLETE */
};

void lb_done(struct lb *lb, struct lb_pool *p, unsigned member, const struct lb_result *res);

/* ---- the operator ---- */

/* 0 takes the member out of the choice for new requests. */
void lb_set_weight(struct lb *lb, struct lb_member *m, uint32_t weight);

/* ---- reading ---- */

/* Of the newest snapshot. */
struct lb_member *lb_member(const struct lb *lb, unsigned pool, unsigned member);
unsigned lb_members(const struct lb *lb, unsigned pool);
unsigned lb_pools(const struct lb *lb);
enum lb_state lb_member_state(const struct lb_member *m, clock_us_t now);
const char *lb_state_name(enum lb_state s);       /* "up", "slow", "throttled", "wedged", ... */
const char *lb_balance_name(enum conf_balance b); /* as in the file */

#endif
