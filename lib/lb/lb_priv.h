/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LB_LB_PRIV_H
#define LB_LB_PRIV_H

#include "base/assert.h"
#include "lb/lb.h"

#define LB_ONE 1024 /* fixed point: 1 */

/* What may be true of a member, in the order of the states that it makes: lb_health.c. */
enum lb_fact {
	LB_FACT_SLOW,
	LB_FACT_THROTTLED,
	LB_FACT_WEDGED, /* live traffic: writes fail, reads do not */
	LB_FACT_HALF,   /* checks: the same */
	LB_FACT_NO_WEIGHT,
	LB_FACT_DRAIN,
	LB_FACT_MAINTENANCE,
	LB_FACT_HELD,    /* a connect failed a moment ago */
	LB_FACT_EJECTED, /* live traffic */
	LB_FACT_FAILED,  /* checks */
	LB_FACT_REFUSED, /* they cannot even connect */
	LB_FACTS
};

#define LB_IS(fact) (1u << LB_FACT_##fact)
/* In the way of any request; of writes; of all but the last resort. */
#define LB_NEVER    (LB_IS(NO_WEIGHT) | LB_IS(DRAIN) | LB_IS(MAINTENANCE))
#define LB_NO_WRITE (LB_IS(WEDGED) | LB_IS(HALF))
#define LB_IS_DOWN  (LB_IS(HELD) | LB_IS(EJECTED) | LB_IS(FAILED) | LB_IS(REFUSED))

/* The pools of one snapshot. */
struct lb_next {
	struct lb_dead dead;
	const struct conf *conf;
	unsigned n_pools;
	struct lb_pool *pool[];
};

#define LB_EVENTS 256 /* a power of two */

/* One writer, the worker; one reader. Indexes run freely, modulo LB_EVENTS. */
struct lb_ring {
	uint32_t head; /* written by the worker: release, pairs with lb_events_take's acquire */
	uint64_t lost;
	struct lb_event event[LB_EVENTS];
	uint32_t tail; /* by the reader: the same the other way. Far from head */
};

#define LB_LOG_BITS 8

struct lb {
	struct rand_state *rnd;
	struct lb_board *board;
	uint16_t worker, n_workers;
	struct lb_next *set;  /* the newest; each of its pools counted once */
	struct list living;   /* pools, of this set and of older ones */
	struct lb_dead *dead; /* nobody holds them: control frees them */
	clock_us_t due;       /* lb_tick has nothing to do before */
	clock_us_t check_due; /* nor lb_check_take */
	unsigned checks_running;
	bool checks; /* some pool has them */
	struct lb_ring ring;
	uint32_t log[(1 << LB_LOG_BITS) + 1]; /* log2(1 + i / 256), 1/2^24: of lb_hash.c */
};

/* The members that may take a request, as indexes in rising order; never none. */
struct lb_choice {
	struct lb_member *const *member; /* the pool's */
	struct lb *lb;
	const struct conf_pool *conf;
	const struct lb_ask *ask;
	uint64_t *stat; /* of the pool */
	clock_us_t now;
	unsigned n;
	uint8_t at[CONF_MEMBERS_MAX];
};

_Static_assert(CONF_MEMBERS_MAX <= 256, "a member's index fits a byte");
_Static_assert(LB_FACTS <= 16, "a member's facts fit 16 bits");

/* ---- lb_swap ---- */

void lb__bury(struct lb *lb, struct lb_dead *d);

/* ---- lb_health: what is true of a member ---- */

void lb__fact_set(
	struct lb *lb, struct lb_member *m, enum lb_fact f, const char *cause, clock_us_t now);
void lb__fact_clear(
	struct lb *lb, struct lb_member *m, enum lb_fact f, const char *cause, clock_us_t now);
/* Something of m changes by itself at that time. */
void lb__due(struct lb *lb, struct lb_member *m, clock_us_t at);
/* What has run out by now. Call it when now >= m->due. */
void lb__expire(struct lb *lb, struct lb_member *m, clock_us_t now);
void lb__share(struct lb *lb, struct lb_member *m, clock_us_t now);
void lb__slow_start(struct lb *lb, struct lb_member *m, clock_us_t now);

/* ---- lb_outlier ---- */

/* A request that m failed, or one that it did well; status and times in res. */
void lb__live_failure(
	struct lb *lb, struct lb_pool *p, struct lb_member *m, bool writes, clock_us_t now);
void lb__live_success(
	struct lb *lb, struct lb_pool *p, struct lb_member *m, bool writes, clock_us_t now);
/* Who is far slower than the others? Asked for a moment after a sample. */
void lb__evaluate_soon(struct lb *lb, struct lb_pool *p, clock_us_t now);
void lb__evaluate(struct lb *lb, struct lb_pool *p, clock_us_t now);
/* Is it time that a slow member, or a wedged one with a write, is tried? */
bool lb__probe_due(const struct lb_member *m, bool writes, clock_us_t now);
void lb__probe_taken(struct lb_member *m, bool writes, clock_us_t now);

/* ---- lb_tail ---- */

void lb__load_add(struct lb_member *m, uint8_t size);
void lb__load_sub(struct lb_member *m, uint8_t size);
/* The member answered, in us. */
void lb__tail_learn(struct lb *lb, struct lb_pool *p, struct lb_member *m,
	const struct lb_result *res, clock_us_t now);
void lb__tail_punish(struct lb_member *m, clock_us_t now);
/* Does a cost less than b, each for its share? */
bool lb__tail_less(const struct lb_member *a, const struct lb_member *b, clock_us_t now);

/* ---- lb_hash ---- */

void lb__hash_init(struct lb *lb);
uint64_t lb__hash_text(const char *text);
unsigned lb__hash_pick(const struct lb_choice *c, bool bounded);

/* ---- lb_throttle ---- */

void lb__throttle(struct lb *lb, struct lb_member *m, uint32_t retry_after_ms, clock_us_t now);
void lb__throttle_start(struct lb *lb, struct lb_member *m, clock_us_t now);
void lb__throttle_success(struct lb *lb, struct lb_member *m, clock_us_t now);
void lb__throttle_expire(struct lb *lb, struct lb_member *m, clock_us_t now);
void lb__gradient(struct lb_member *m, uint32_t wait, uint32_t least);
/* m->limit from all that limits it. */
void lb__limit(struct lb_member *m);

/* ---- lb_budget ---- */

void lb__budget_begin(struct lb_learned *l, const struct conf_pool *conf);
/* A request is given to a member. */
void lb__budget_start(struct lb_pool *p);

/* ---- lb_check, lb_board ---- */

/* m begins in a pool of the newest snapshot, with or without checks. */
void lb__check_begin(struct lb *lb, struct lb_pool *p, struct lb_member *m, clock_us_t now);
/* When lb_check_take may have one. */
clock_us_t lb__check_next(const struct lb *lb);
/* What the board says of m, if that is new. */
void lb__check_read(struct lb *lb, struct lb_member *m, clock_us_t now);
/* A word for the member of that name, counted; NULL: the board is full. Control only. */
uint32_t *lb__board_take(struct lb_board *b, uint64_t key);
void lb__board_give(uint32_t *word);

/* ---- lb_event ---- */

void lb__event(struct lb *lb, const struct lb_member *m, enum lb_state to, const char *cause,
	clock_us_t now);

#endif
