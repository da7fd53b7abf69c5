/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When members are checked, and what comes of it. A check never makes things worse: each member is
 * checked by one worker only (by its hash), the interval is jittered by a quarter, at most RUNNING
 * run at a time and one begins each GAP_US. What is found is written on the board (lb_board.c):
 *
 *	word = KNOWN | verdict << 8 | health; 0: nothing was found yet
 *
 *	            fall bad ones                  health: GOOD, HALF (reads only), BAD. A member
 *	   GOOD <-------------------> BAD          begins GOOD; the numbers are of results in a row.
 *	     ^    rise good ones       ^           While a change is on its way checks come twice as
 *	     `---> HALF <--------------'           often.
 */
#include "lb/lb_priv.h"

#define RUNNING 8
#define GAP_US  (10 * CLOCK_US_PER_MS)
#define KNOWN   0x10000u

enum { GOOD, HALF, BAD };

static const struct {
	const char *name;
	const char *cause; /* of a state that it brings about */
	uint8_t health;
} verdicts[LB_VERDICTS] = {
	[LB_GOOD] = {"good", "checks passed", GOOD},
	[LB_GOOD_READ_ONLY] = {"read only", "checks cannot write", HALF},
	[LB_GOOD_THROTTLED] = {"throttled", "checks passed", GOOD},
	[LB_FAIL_CONNECT] = {"no connection", "check failed: connect", BAD},
	[LB_FAIL_TIMEOUT] = {"timeout", "check failed: timeout", BAD},
	[LB_FAIL_ANSWER] = {"wrong answer", "check failed: answer", BAD},
	[LB_NO_VERDICT] = {"none", "no checks", GOOD},
};

const char *lb_verdict_name(uint8_t verdict)
{
	return verdicts[verdict].name;
}

/* ---- what is on the board ---- */

/* The fact that a word means; LB_FACTS: none. */
static enum lb_fact fact_of(uint32_t word)
{
	switch (word & 0xff) {
	case GOOD:
		return LB_FACTS;
	case HALF:
		return LB_FACT_HALF;
	default:
		return (word >> 8 & 0xff) == LB_FAIL_CONNECT ? LB_FACT_REFUSED : LB_FACT_FAILED;
	}
}

void lb__check_read(struct lb *lb, struct lb_member *m, clock_us_t now)
{
	static const uint8_t facts[] = {LB_FACT_HALF, LB_FACT_FAILED, LB_FACT_REFUSED};
	struct lb_checked *c = &m->checked;
	/* relaxed: pairs with the store in found(); the word is all there is to know */
	uint32_t word = __atomic_load_n(c->word, __ATOMIC_RELAXED);
	enum lb_fact is = fact_of(word);

	if (word == c->seen)
		return;
	c->seen = word;
	c->verdict = word >> 8 & 0xff;
	if (is != LB_FACTS)
		lb__fact_set(lb, m, is, verdicts[c->verdict].cause, now);
	for (unsigned i = 0; i < sizeof(facts); i++)
		if (facts[i] != is)
			lb__fact_clear(lb, m, facts[i], verdicts[c->verdict].cause, now);
}

static void found(struct lb_checked *c, uint8_t health, enum lb_verdict v)
{
	/* relaxed: see lb__check_read; one worker writes it */
	__atomic_store_n(c->word, KNOWN | (uint32_t)v << 8 | health, __ATOMIC_RELAXED);
}

static uint8_t health_of(const struct lb_checked *c)
{
	return *c->word & 0xff;
}

/* ---- rise and fall ---- */

static uint8_t more(uint8_t count)
{
	return count < UINT8_MAX ? count + 1 : count;
}

static uint8_t judge(struct lb_checked *c, const struct conf_check *conf, uint8_t result)
{
	uint8_t health = health_of(c);

	c->good = result == GOOD ? more(c->good) : 0;
	c->half = result == HALF ? more(c->half) : 0;
	c->bad = result == BAD ? more(c->bad) : 0;
	if (c->bad >= conf->fall)
		return BAD;
	if (c->good >= conf->rise)
		return GOOD;
	if (c->half >= (health == BAD ? conf->rise : conf->fall))
		return HALF;
	return health;
}

/* us until the next: less while the last result is not yet what the board says. */
static clock_us_t interval(struct lb *lb, const struct conf_check *conf, bool changing)
{
	uint32_t ms = changing ? conf->interval_ms / 2 : conf->interval_ms;

	return (clock_us_t)(ms - ms / 8 + rand_below(lb->rnd, ms / 4 + 1)) * CLOCK_US_PER_MS;
}

/* ---- the schedule ---- */

static void schedule(struct lb *lb, struct lb_member *m, clock_us_t at)
{
	m->checked.at = at;
	if (at < lb->check_due)
		lb->check_due = at;
}

/* Is its next check that of a longer interval, which the file had before? */
static bool too_late(const struct lb_checked *c, const struct conf_check *conf, clock_us_t now)
{
	return c->at > now + (conf->interval_ms + conf->interval_ms / 8) * CLOCK_US_PER_MS;
}

void lb__check_begin(struct lb *lb, struct lb_pool *p, struct lb_member *m, clock_us_t now)
{
	const struct conf_check *conf = p->conf->check;
	struct lb_checked *c = &m->checked;
	bool was = c->mine;

	c->mine = conf && (!lb->board || m->checked.key % lb->n_workers == lb->worker);
	if (!conf) {
		c->good = c->half = c->bad = 0;
		/* the word may say what was found of one before it with other TLS: nobody would
		 * ever look again. Relaxed: see lb__check_read */
		if (c->seen || __atomic_load_n(c->word, __ATOMIC_RELAXED))
			found(c, GOOD, LB_NO_VERDICT);
		lb__check_read(lb, m, now);
	} else if (c->mine && (!was || too_late(c, conf, now))) { /* not all of them at once */
		schedule(lb, m, now + rand_below(lb->rnd, conf->interval_ms) * CLOCK_US_PER_MS);
	}
	lb->checks |= conf != NULL;
}

/* Whose check is due first? NULL: nobody's of this worker. */
static struct lb_pool *first(struct lb *lb, unsigned *member)
{
	struct lb_pool *found = NULL;
	clock_us_t at = UINT64_MAX;

	for (unsigned i = 0; i < lb->set->n_pools; i++) {
		struct lb_pool *p = lb->set->pool[i];

		for (unsigned j = 0; p->conf->check && j < p->n; j++) {
			const struct lb_member *m = p->member[j];

			if (!m->checked.mine || m->checked.running || m->checked.at >= at ||
				m->facts & LB_IS(MAINTENANCE))
				continue;
			at = m->checked.at;
			found = p;
			*member = j;
		}
	}
	return found;
}

clock_us_t lb__check_next(const struct lb *lb)
{
	return lb->checks_running < RUNNING ? lb->check_due : UINT64_MAX;
}

bool lb_check_take(struct lb *lb, struct lb_check *out, clock_us_t now)
{
	struct lb_member *m;
	struct lb_pool *p;
	unsigned i = 0;

	if (now < lb->check_due || lb->checks_running >= RUNNING)
		return false;
	p = first(lb, &i);
	if (!p) {
		lb->check_due = UINT64_MAX;
		return false;
	}
	m = p->member[i];
	if (m->checked.at > now) {
		lb->check_due = m->checked.at;
		return false;
	}
	m->checked.running = true;
	lb->checks_running++;
	lb->check_due = now + GAP_US;
	*out = (struct lb_check){.pool = lb_pool_get(p), .member = (uint16_t)i};
	return true;
}

void lb_check_done(struct lb *lb, struct lb_check *c, enum lb_verdict v, clock_us_t now)
{
	struct lb_member *m = c->pool->member[c->member];
	const struct conf_check *conf = c->pool->conf->check;
	uint8_t result = verdicts[v].health, health = result;

	ASSERT(m->checked.running, "each lb_check_done ends one lb_check_take");
	m->checked.running = false;
	lb->checks_running--;
	if (m->listed && m->checked.mine) {
		if (v != LB_NO_VERDICT) {
			m->stat[result == BAD ? LB_STAT_checks_bad : LB_STAT_checks_good]++;
			health = judge(&m->checked, conf, result);
			found(&m->checked, health, v);
			lb__check_read(lb, m, now);
		}
		schedule(lb, m, now + interval(lb, conf, result != health));
	}
	lb_pool_put(lb, c->pool);
	c->pool = NULL;
}
