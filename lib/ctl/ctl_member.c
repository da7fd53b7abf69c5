/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What an operator does to members: drain, undrain, maintenance, weight; on every worker at its
 * quiescent point. It stays until it is taken back, over reloads too, but not over a restart.
 *
 * A drain is watched until nothing runs on the member any more. When its deadline comes before
 * that, it is an event, or, with `cut`, what still runs there is reset: requests that can go
 * elsewhere do, as when a member dies.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_priv.h"
#include "relay/relay.h"

#define CUTS_MAX 256 /* jobs of one tick that reset connections */

/* ---- names ---- */

int ctl__pool_find(const struct ctl_core *core, struct span name, struct err *e)
{
	const struct conf *conf = core->sys.conf;
	struct ctl_text list = {0};

	for (unsigned p = 0; p < conf->n_pools; p++) {
		if (span_eq(name, span_str(conf->pools[p].name))) {
			ctl__text_fini(&list);
			return (int)p;
		}
		ctl__text_printf(&list, "%s%s", p ? ", " : "", conf->pools[p].name);
	}
	err_set(e, ENOENT, "\"%.*s\": no such pool; expected %.*s", ctl__shown(name), name.p,
		(int)list.n, list.p ? list.p : "");
	ctl__text_fini(&list);
	return -ENOENT;
}

static int no_member(const struct conf_pool *p, struct span name, struct err *e)
{
	struct ctl_text list = {0};

	for (unsigned m = 0; m < p->n_members; m++)
		ctl__text_printf(&list, "%s%s", m ? ", " : "", p->members[m].name);
	err_set(e, ENOENT, "\"%.*s\": no such member of pool %s; expected %.*s", ctl__shown(name),
		name.p, p->name, (int)list.n, list.p ? list.p : "");
	ctl__text_fini(&list);
	return -ENOENT;
}

int ctl__member_find(
	const struct ctl_core *core, struct span word, struct ctl_target *t, struct err *e)
{
	const char *slash = word.n ? memchr(word.p, '/', word.n) : NULL;
	const struct conf_pool *p;
	struct span name;
	int pool;

	if (!slash)
		return err_set(
			e, EINVAL, "\"%.*s\": expected POOL/MEMBER", ctl__shown(word), word.p);
	name = (struct span){slash + 1, (size_t)(word.p + word.n - slash - 1)};
	pool = ctl__pool_find(core, (struct span){word.p, (size_t)(slash - word.p)}, e);
	if (pool < 0)
		return pool;
	p = &core->sys.conf->pools[pool];
	t->pool = (unsigned)pool;
	for (t->member = 0; t->member < p->n_members; t->member++)
		if (span_eq(name, span_str(p->members[t->member].name)))
			return 0;
	return no_member(p, name, e);
}

/* ---- on every worker ---- */

struct act {
	const struct ctl_worker *worker;
	struct ctl_target to;
	bool weigh; /* set the weight, else admin */
	uint32_t weight;
	enum lb_admin admin;
};

static void act_run(void *arg)
{
	const struct act *a = arg;
	struct lb *lb = a->worker->lb;
	struct lb_member *m = lb_member(lb, a->to.pool, a->to.member);

	if (a->weigh)
		lb_set_weight(lb, m, a->weight, *a->worker->now);
	else
		lb_set_admin(lb, m, a->admin, *a->worker->now);
}

static int act(const struct ctl_core *core, struct act *a, struct err *e)
{
	if (core->behind)
		return err_set(e, EBUSY, "workers have yet to take a change before this one");
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		struct err why;

		a->worker = &core->sys.workers[w];
		if (ctl__on_worker(core, w, act_run, a, &why) < 0)
			return err_set(e, ETIMEDOUT,
				"%.200s: %u of %u workers have it, say it again", why.text, w,
				core->sys.n_workers);
	}
	return 0;
}

/* ---- what runs on it ---- */

static uint32_t active_on(const struct ctl_core *core, const struct ctl_target *t)
{
	struct ctl_member m;

	ctl__member_sum(core, t->pool, t->member, &m);
	return m.active;
}

static void put_members(
	const struct ctl_core *core, const struct ctl_target *t, unsigned n, struct ctl_doc *out)
{
	static const struct ctl_column columns[] = {
		{"pool"}, {"name", "member"}, {"state"}, {"weight"}, {"active"}};

	CTL_SECTION(out, "members", CTL_TABLE, columns);
	for (unsigned i = 0; i < n; i++) {
		const struct lb_member *m =
			lb_member(core->sys.workers[0].lb, t[i].pool, t[i].member);

		ctl__doc_string(out, "%s", m->pool);
		ctl__doc_string(out, "%s", m->name);
		ctl__doc_string(out, "%s", lb_state_name(lb_member_state(m)));
		ctl__doc_number(out, CTL_COUNT, m->weight);
		ctl__doc_number(out, CTL_COUNT, active_on(core, &t[i]));
	}
}

/* ---- drains ---- */

struct drain {
	struct drain *next;
	char pool[CONF_NAME_MAX + 1], member[CONF_NAME_MAX + 1];
	clock_us_t until; /* monotonic; 0: no deadline, or it has passed */
	bool cut;
};

struct ctl_drains {
	struct drain *list;
	clock_us_t now; /* of the last tick */
};

struct ctl_drains *ctl__drains_create(void)
{
	return calloc(1, sizeof(struct ctl_drains));
}

static struct drain **drain_find(struct ctl_drains *d, const struct conf_pool *p, unsigned member)
{
	struct drain **at = &d->list;

	while (*at && (strcmp((*at)->pool, p->name) != 0 ||
			      strcmp((*at)->member, p->members[member].name) != 0))
		at = &(*at)->next;
	return at;
}

static void drain_end(struct drain **at)
{
	struct drain *old = *at;

	*at = old->next;
	free(old);
}

void ctl__drains_destroy(struct ctl_drains *d)
{
	while (d && d->list)
		drain_end(&d->list);
	free(d);
}

/* Watch this member, or watch it anew. */
static int drain_begin(const struct ctl_core *core, const struct ctl_target *t, uint64_t limit_ms,
	bool cut, struct err *e)
{
	const struct conf_pool *p = &core->sys.conf->pools[t->pool];
	struct drain **at = drain_find(core->drains, p, t->member);

	if (!*at)
		*at = calloc(1, sizeof(**at));
	if (!*at)
		return err_set(e, ENOMEM, "no memory");
	snprintf((*at)->pool, sizeof((*at)->pool), "%s", p->name);
	snprintf((*at)->member, sizeof((*at)->member), "%s", p->members[t->member].name);
	(*at)->cut = cut;
	(*at)->until = limit_ms ? core->drains->now + limit_ms * CLOCK_US_PER_MS : 0;
	return 0;
}

struct cut {
	const struct ctl_worker *worker;
	struct ctl_target to;
	unsigned n;
};

static void cut_run(void *arg)
{
	struct cut *c = arg;
	struct lb_member *m = lb_member(c->worker->lb, c->to.pool, c->to.member);

	c->n = relay_cut(c->worker->relay, m, *c->worker->now);
}

static unsigned cut_all(const struct ctl_core *core, const struct ctl_target *t)
{
	unsigned sum = 0;

	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		struct cut c = {&core->sys.workers[w], *t, 1};
		struct err e;

		for (unsigned i = 0; i < CUTS_MAX && c.n > 0; i++) {
			if (ctl__on_worker(core, w, cut_run, &c, &e) < 0)
				break;
			sum += c.n;
		}
	}
	return sum;
}

static void deadline(const struct ctl_core *core, struct drain *d, const struct ctl_target *t)
{
	uint32_t active = active_on(core, t);

	d->until = 0;
	if (!d->cut) {
		ctl__event_note(core, LOG_LEVEL_WARN, d->pool, d->member,
			"drain: the deadline has passed, %u requests still run", active);
		return;
	}
	ctl__event_note(core, LOG_LEVEL_WARN, d->pool, d->member,
		"drain: the deadline has passed, %u connections are cut", cut_all(core, t));
}

/* True: it need not be watched any more. */
static bool drain_look(const struct ctl_core *core, struct drain *d, clock_us_t now)
{
	char text[sizeof(d->pool) + sizeof(d->member) + 1];
	struct ctl_target t;
	struct err e;

	snprintf(text, sizeof(text), "%s/%s", d->pool, d->member);
	if (ctl__member_find(core, span_str(text), &t, &e) < 0)
		return true; /* no snapshot has it any more */
	if (lb_member(core->sys.workers[0].lb, t.pool, t.member)->admin == LB_ADMIN_NONE)
		return true;
	if (active_on(core, &t) == 0) {
		ctl__event_note(core, LOG_LEVEL_INFO, d->pool, d->member,
			"drained: nothing runs on it any more");
		return true;
	}
	if (d->until && now >= d->until)
		deadline(core, d, &t);
	return false;
}

void ctl__drains_tick(const struct ctl_core *core, clock_us_t now)
{
	struct drain **at = &core->drains->list;

	core->drains->now = now;
	if (core->behind)
		return;
	while (*at)
		if (drain_look(core, *at, now))
			drain_end(at);
		else
			at = &(*at)->next;
}

/* ---- the commands ---- */

/* POOL/MEMBER, or POOL for all of its members: how many, or -errno with *e set. */
static int targets(const struct ctl_core *core, struct span word,
	struct ctl_target out[CONF_MEMBERS_MAX], struct err *e)
{
	int pool, n;

	if (memchr(word.p, '/', word.n))
		return ctl__member_find(core, word, out, e) < 0 ? -ENOENT : 1;
	pool = ctl__pool_find(core, word, e);
	if (pool < 0)
		return pool;
	n = (int)core->sys.conf->pools[pool].n_members;
	for (int m = 0; m < n; m++)
		out[m] = (struct ctl_target){(unsigned)pool, (unsigned)m};
	return n;
}

/* "90s", "10m", "1h", "500ms" into ms; 0: it is none. */
static uint64_t time_of(struct span w)
{
	static const struct {
		const char *unit;
		uint64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}};
	uint64_t n = 0;
	size_t i = 0;

	for (; i < w.n && i < 9 && w.p[i] >= '0' && w.p[i] <= '9'; i++)
		n = n * 10 + (uint64_t)(w.p[i] - '0');
	for (unsigned u = 0; i > 0 && u < sizeof(units) / sizeof(units[0]); u++)
		if (span_eq((struct span){w.p + i, w.n - i}, span_str(units[u].unit)))
			return n * units[u].ms;
	return 0;
}

static int unexpected(struct span w, const char *expected, struct err *e)
{
	return err_set(
		e, EINVAL, "\"%.*s\": unexpected; expected %s", ctl__shown(w), w.p, expected);
}

/* Words behind the target of a drain. */
static int drain_words(const struct ctl_request *r, uint64_t *ms, bool *cut, struct err *e)
{
	*ms = r->n > 1 ? time_of(r->word[1]) : 0;
	*cut = r->n > 2 && span_eq(r->word[2], SPAN_LIT("cut"));
	if (r->n > 1 && *ms == 0)
		return unexpected(r->word[1], "a time, as 90s, 10m or 1h", e);
	if (r->n > 2 && !*cut)
		return unexpected(r->word[2], "cut", e);
	return r->n > 3 ? unexpected(r->word[3], "nothing more", e) : 0;
}

int ctl__do_drain(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct act a = {.admin = LB_ADMIN_DRAIN};
	struct ctl_target t[CONF_MEMBERS_MAX];
	struct ctl_request r;
	uint64_t ms;
	int n, rc = 0;
	bool cut;

	if (ctl__request_parse(arg, &r, e) < 0 || drain_words(&r, &ms, &cut, e) < 0)
		return -EINVAL;
	n = targets(core, r.word[0], t, e);
	for (int i = 0; rc == 0 && i < n; i++) {
		a.to = t[i];
		rc = act(core, &a, e);
		if (rc == 0)
			rc = drain_begin(core, &t[i], ms, cut, e);
	}
	if (n < 0 || rc < 0)
		return n < 0 ? n : rc;
	put_members(core, t, (unsigned)n, out);
	return 0;
}

/* No act of an operator's on these any more. */
int ctl__do_undrain(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct act a = {.admin = LB_ADMIN_NONE};
	struct ctl_target t[CONF_MEMBERS_MAX];
	struct ctl_request r;
	int n, rc = 0;

	if (ctl__request_parse(arg, &r, e) < 0)
		return -EINVAL;
	if (r.n > 1)
		return unexpected(r.word[1], "nothing more", e);
	n = targets(core, r.word[0], t, e);
	for (int i = 0; rc == 0 && i < n; i++) {
		a.to = t[i];
		rc = act(core, &a, e);
	}
	if (n < 0 || rc < 0)
		return n < 0 ? n : rc;
	put_members(core, t, (unsigned)n, out);
	return 0;
}

int ctl__do_maintenance(
	const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct ctl_request r;
	struct act a = {0};
	bool on;

	if (ctl__request_parse(arg, &r, e) < 0)
		return -EINVAL;
	if (r.n < 2)
		return err_set(
			e, EINVAL, "\"maintenance\": incomplete; expected POOL/MEMBER on|off");
	on = span_eq(r.word[1], SPAN_LIT("on"));
	if (!on && !span_eq(r.word[1], SPAN_LIT("off")))
		return unexpected(r.word[1], "on, off", e);
	if (r.n > 2)
		return unexpected(r.word[2], "nothing more", e);
	a.admin = on ? LB_ADMIN_MAINTENANCE : LB_ADMIN_NONE;
	if (ctl__member_find(core, r.word[0], &a.to, e) < 0 || act(core, &a, e) < 0)
		return -EINVAL;
	if (on && drain_begin(core, &a.to, 0, false, e) < 0)
		return -ENOMEM;
	put_members(core, &a.to, 1, out);
	return 0;
}

int ctl__do_weight(const struct ctl_core *core, struct span arg, struct ctl_doc *out, struct err *e)
{
	struct act a = {.weigh = true};
	const struct conf_pool *p;
	struct ctl_request r;
	struct span w;

	if (ctl__request_parse(arg, &r, e) < 0)
		return -EINVAL;
	if (r.n < 2)
		return err_set(e, EINVAL, "\"weight\": incomplete; expected POOL/MEMBER N");
	w = r.word[1];
	for (size_t i = 0; i < w.n && i < 4; i++)
		a.weight = w.p[i] >= '0' && w.p[i] <= '9' ? a.weight * 10 + (uint32_t)(w.p[i] - '0')
							  : UINT16_MAX;
	if (w.n > 3 || a.weight > 256)
		return unexpected(w, "0 to 256", e);
	if (r.n > 2)
		return unexpected(r.word[2], "nothing more", e);
	if (ctl__member_find(core, r.word[0], &a.to, e) < 0 || act(core, &a, e) < 0)
		return -EINVAL;
	p = &core->sys.conf->pools[a.to.pool];
	ctl__event_note(core, LOG_LEVEL_INFO, p->name, p->members[a.to.member].name,
		"weight %u by the operator", a.weight);
	put_members(core, &a.to, 1, out);
	return 0;
}
