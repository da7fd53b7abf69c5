/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Load balancing: which member of a pool gets the next request. One instance a worker; nothing is
 * shared between workers. No I/O, no clock, no protocol: the relay says what happened.
 *
 *	lb_pick --> lb_start --> lb_connected? --> lb_done     the request ended here
 *	               `--> lb_connect_failed --> lb_done      and the next lb_pick leaves it out
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

struct lb_member {
	const char *name;            /* the snapshot's */
	struct ip_endpoint endpoint; /* of the node */
	uint32_t weight;             /* 0: no new requests */
	int32_t turn;                /* of smooth weighted round robin */
	uint32_t active;             /* requests in flight */
	uint32_t idle;               /* idle connections, kept by the relay */
	clock_us_t hold_until;       /* left out until then while others can take its place */
	uint64_t stat[LB_STAT_N];
	struct stat_hist ttfb;  /* us from the request's head to the response's first byte */
	struct stat_hist total; /* us from the request's head to the response's last byte */
};

enum lb_state { LB_UP, LB_HOLD, LB_DRAIN };

/* Members that a request has been tried on. Zeroed is none. */
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

/* conf and rnd are borrowed for life. NULL with e set: no memory. Pools and members keep the
 * snapshot's indexes. */
struct lb *lb_create(const struct conf *conf, struct rand_state *rnd, struct err *e);
void lb_destroy(struct lb *lb); /* NULL is fine */

/*
 * The member for a request: by the pool's algorithm among those with a weight, not tried and not
 * on hold; when only held ones are left, among these. -1: none left. Costs O(members).
 */
int lb_pick(struct lb *lb, unsigned pool, const struct lb_tried *tried, clock_us_t now);

/* The request goes to this member. Every lb_start has one lb_done. */
void lb_start(struct lb *lb, unsigned pool, unsigned member);
/* A connection to it was established: it is not on hold any more. */
void lb_connected(struct lb *lb, unsigned pool, unsigned member);
/* Or was not: it is left out for the pool's hold time. */
void lb_connect_failed(struct lb *lb, unsigned pool, unsigned member, clock_us_t now);

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

void lb_done(struct lb *lb, unsigned pool, unsigned member, const struct lb_result *res);

/* Drain by the operator: 0 takes the member out of the choice for new requests. */
void lb_set_weight(struct lb *lb, unsigned pool, unsigned member, uint32_t weight);

/* For the relay and for show; the pointers live as long as lb. */
struct lb_member *lb_member(struct lb *lb, unsigned pool, unsigned member);
unsigned lb_members(const struct lb *lb, unsigned pool);
const struct conf_pool *lb_pool_conf(const struct lb *lb, unsigned pool);
unsigned lb_pools(const struct lb *lb);
enum lb_state lb_member_state(const struct lb_member *m, clock_us_t now);
const char *lb_state_name(enum lb_state s);       /* "up", "hold", "drain" */
const char *lb_balance_name(enum conf_balance b); /* as in the file */

#endif
