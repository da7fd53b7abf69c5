/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TLS contexts of a configuration, as workers use them, and what its certificates say. They
 * are read as a set, whole or not at all. Workers get it with the snapshot that it is of, or, when
 * only certificates are reloaded, in the place of that snapshot's set before. A set that no worker
 * uses any more has left; its contexts are freed as the last of their connections end: by control,
 * a worker has no time for it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ctl/ctl_priv.h"
#include "relay/relay.h"

#define DAY        86400
#define WARN_DAYS  30
#define TURN_EVERY 60 /* s, between looks at the keys of tickets */

struct ctl_tls_set {
	struct ctl_tls_set *next; /* an older one */
	const struct conf *conf;  /* whose; compared only, once it has left */
	bool left;                /* no worker has it; its connections may */
	unsigned n_listeners, n_ctx;
	struct tls_cert_facts *facts;
	uint64_t (*before)[TLS_HS_STAT_N]; /* room for those of struct ctl_tls */
	int *slot;                         /* of each context in the newest conf; -1: none */
	struct tls_ctx *ctx[];             /* of listeners, then of pools; NULL: plain */
};

struct ctl_tls {
	const struct conf *conf;     /* of now */
	struct tls_tickets *tickets; /* NULL: no listener has had certificates yet */
	struct ctl_tls_set *now, *old;
	int64_t read_at;   /* Unix time, s, and the next two */
	int64_t warned_at; /* of certificates that end soon */
	int64_t turned_at;
	bool tickets_bad; /* and it was said */
	/* by listener, then pool: handshakes of contexts that were put back */
	uint64_t (*before)[TLS_HS_STAT_N];
};

/* Who is told what is wrong. */
struct teller {
	void (*say)(void *arg, enum log_level level, const char *text);
	void *arg;
	unsigned errors;
};

static void say_error(struct teller *to, const struct err *e)
{
	to->errors++;
	to->say(to->arg, LOG_LEVEL_ERROR, e->text);
}

static void set_free(struct ctl_tls_set *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n_ctx; i++)
		tls_ctx_put(s->ctx[i]);
	free(s->slot);
	free(s->before);
	free(s->facts);
	free(s);
}

/* Plain, without facts. NULL: no memory. */
static struct ctl_tls_set *set_create(const struct conf *conf)
{
	unsigned n = conf->n_listeners + conf->n_pools;
	struct ctl_tls_set *s = calloc(1, sizeof(*s) + n * sizeof(s->ctx[0]));

	if (!s)
		return NULL;
	s->conf = conf;
	s->n_listeners = conf->n_listeners;
	s->n_ctx = n;
	s->facts = calloc(conf->n_certs + 1, sizeof(*s->facts));
	s->before = calloc(n + 1, sizeof(s->before[0]));
	s->slot = calloc(n + 1, sizeof(*s->slot));
	if (!s->facts || !s->before || !s->slot) {
		set_free(s);
		return NULL;
	}
	for (unsigned i = 0; i < n; i++)
		s->slot[i] = (int)i;
	return s;
}

static void certs_read(
	struct ctl_tls_set *s, const struct conf *conf, int64_t now, struct teller *to)
{
	for (unsigned i = 0; i < conf->n_certs; i++) {
		struct err e = {""}, warn = {""};

		if (tls_cert_check(&conf->certs[i], now, &s->facts[i], &e, &warn) < 0)
			say_error(to, &e);
		else if (warn.text[0])
			to->say(to->arg, LOG_LEVEL_WARN, warn.text);
	}
}

static void listeners_read(struct ctl_tls_set *s, const struct conf *conf,
	struct tls_tickets *tickets, struct teller *to)
{
	for (unsigned i = 0; i < conf->n_listeners; i++) {
		struct err e = {""};

		if (!conf->listeners[i].n_cert)
			continue;
		s->ctx[i] = tls_ctx_server(conf, &conf->listeners[i], tickets, &e);
		if (!s->ctx[i])
			say_error(to, &e);
	}
}

static void pools_read(struct ctl_tls_set *s, const struct conf *conf, struct teller *to)
{
	for (unsigned i = 0; i < conf->n_pools; i++) {
		struct err e = {""};

		if (!conf->pools[i].tls)
			continue;
		s->ctx[conf->n_listeners + i] = tls_ctx_client(conf, &conf->pools[i], &e);
		if (!s->ctx[conf->n_listeners + i])
			say_error(to, &e);
	}
}

/* All files, read and checked. NULL: not all are good, or there is no memory; it was said. */
static struct ctl_tls_set *set_read(
	const struct conf *conf, struct tls_tickets *tickets, int64_t now, struct teller *to)
{
	struct ctl_tls_set *s = set_create(conf);
	struct err e;

	if (!s) {
		err_set(&e, ENOMEM, "no memory for certificates");
		say_error(to, &e);
	} else {
		certs_read(s, conf, now, to);
	}
	if (!to->errors) { /* a context of a bad certificate would say the same again */
		listeners_read(s, conf, tickets, to);
		pools_read(s, conf, to);
	}
	if (!to->errors)
		return s;
	set_free(s);
	return NULL;
}

/* Where listener or pool i of old is in next; -1: nowhere. */
static int slot_in(const struct conf *old, const struct conf *next, unsigned i)
{
	if (i < old->n_listeners) {
		for (unsigned k = 0; k < next->n_listeners; k++)
			if (strcmp(old->listeners[i].name, next->listeners[k].name) == 0)
				return (int)k;
		return -1;
	}
	for (unsigned k = 0; k < next->n_pools; k++)
		if (strcmp(old->pools[i - old->n_listeners].name, next->pools[k].name) == 0)
			return (int)(next->n_listeners + k);
	return -1;
}

static void slots_move(struct ctl_tls_set *s, const struct conf *old, const struct conf *next)
{
	for (unsigned i = 0; i < s->n_ctx; i++)
		if (s->slot[i] >= 0)
			s->slot[i] = slot_in(old, next, (unsigned)s->slot[i]);
}

/* What is counted follows its listener or pool by name into s's conf. */
static void counts_move(struct ctl_tls *t, struct ctl_tls_set *s)
{
	for (unsigned i = 0; i < t->now->n_ctx; i++) {
		int to = slot_in(t->conf, s->conf, i);

		if (to >= 0)
			memcpy(s->before[to], t->before[i], sizeof(t->before[i]));
	}
	slots_move(t->now, t->conf, s->conf);
	for (struct ctl_tls_set *old = t->old; old; old = old->next)
		slots_move(old, t->conf, s->conf);
	free(t->before);
	t->before = s->before;
	s->before = NULL;
}

void ctl__tls_use(struct ctl_tls *t, struct ctl_tls_set *s)
{
	if (t->now->conf != s->conf)
		counts_move(t, s);
	t->now->next = t->old;
	t->old = t->now;
	t->now = s;
	t->conf = s->conf;
	t->read_at = t->warned_at = time(NULL);
}

static void stats_add(const struct ctl_tls_set *s, unsigned i, uint64_t sum[TLS_HS_STAT_N])
{
	uint64_t n[TLS_HS_STAT_N];

	if (!s->ctx[i])
		return;
	tls_ctx_stats(s->ctx[i], n);
	for (unsigned k = 0; k < TLS_HS_STAT_N; k++)
		sum[k] += n[k];
}

/* The place of s's context i in the sums; NULL: its listener or pool is no more. */
static uint64_t *sum_of(struct ctl_tls *t, const struct ctl_tls_set *s, unsigned i)
{
	return s->slot[i] >= 0 ? t->before[s->slot[i]] : NULL;
}

/* Put back what of s nobody has any more. Is that all of it? */
static bool set_shrink(struct ctl_tls *t, struct ctl_tls_set *s)
{
	bool all = s->left;

	for (unsigned i = 0; s->left && i < s->n_ctx; i++) {
		if (s->ctx[i] && tls_ctx_shared(s->ctx[i])) {
			all = false;
			continue;
		}
		if (sum_of(t, s, i))
			stats_add(s, i, sum_of(t, s, i));
		tls_ctx_put(s->ctx[i]);
		s->ctx[i] = NULL;
	}
	return all;
}

static void old_free(struct ctl_tls *t)
{
	struct ctl_tls_set **at = &t->old, *s;

	while ((s = *at) != NULL) {
		if (set_shrink(t, s)) {
			*at = s->next;
			set_free(s);
		} else {
			at = &s->next;
		}
	}
}

void ctl__tls_leave(struct ctl_tls *t, const struct conf *conf)
{
	for (struct ctl_tls_set *s = t->old; s; s = s->next)
		s->left |= s->conf == conf;
	old_free(t);
}

static bool any_certificate(const struct conf *conf)
{
	for (unsigned i = 0; i < conf->n_listeners; i++)
		if (conf->listeners[i].n_cert)
			return true;
	return false;
}

static void keylog_warn(const struct conf_tls *c, struct teller *to)
{
	struct err e;

	err_set(&e, 0,
		"%s:%u: [tls] keylog: the keys of ALL connections are written to %s: whoever has "
		"that file reads and forges all traffic. For debugging only",
		c->at.file, c->at.line, c->keylog);
	to->say(to->arg, LOG_LEVEL_WARN, e.text);
}

struct ctl_tls *ctl_tls_create(const struct conf *conf,
	void (*say)(void *arg, enum log_level level, const char *text), void *arg)
{
	struct ctl_tls *t = calloc(1, sizeof(*t));
	struct teller to = {say, arg, 0};
	int64_t now = time(NULL);
	struct ctl_tls_set *s = NULL;
	struct err e = {"no memory for certificates"};

	if (t) {
		t->conf = conf;
		t->turned_at = now;
		if (any_certificate(conf))
			t->tickets = tls_tickets_create(&conf->tls, now, &e);
	}
	if (!t || (any_certificate(conf) && !t->tickets))
		say_error(&to, &e);
	else
		s = set_read(conf, t->tickets, now, &to);
	if (!s) {
		ctl_tls_destroy(t);
		return NULL;
	}
	t->now = s;
	t->before = s->before;
	s->before = NULL;
	t->read_at = t->warned_at = now;
	if (conf->tls.keylog)
		keylog_warn(&conf->tls, &to);
	return t;
}

void ctl_tls_destroy(struct ctl_tls *t)
{
	if (!t)
		return;
	while (t->old) {
		struct ctl_tls_set *next = t->old->next;

		set_free(t->old);
		t->old = next;
	}
	set_free(t->now);
	tls_tickets_destroy(t->tickets);
	free(t->before);
	free(t);
}

struct tls_ctx *const *ctl__tls_set_listeners(const struct ctl_tls_set *s)
{
	return s->ctx;
}

struct tls_ctx *const *ctl__tls_set_pools(const struct ctl_tls_set *s)
{
	return s->ctx + s->n_listeners;
}

struct tls_ctx *const *ctl_tls_listeners(const struct ctl_tls *t)
{
	return ctl__tls_set_listeners(t->now);
}

struct tls_ctx *const *ctl_tls_pools(const struct ctl_tls *t)
{
	return ctl__tls_set_pools(t->now);
}

const struct tls_cert_facts *ctl__tls_facts(const struct ctl_tls *t, unsigned cert)
{
	return &t->now->facts[cert];
}

int64_t ctl__tls_read_at(const struct ctl_tls *t)
{
	return t->read_at;
}

/* One context's handshakes, with those of the ones that were in its place. */
static void stats_sum(const struct ctl_tls *t, unsigned i, uint64_t out[TLS_HS_STAT_N])
{
	memcpy(out, t->before[i], sizeof(t->before[i]));
	stats_add(t->now, i, out);
	for (const struct ctl_tls_set *s = t->old; s; s = s->next)
		for (unsigned k = 0; k < s->n_ctx; k++)
			if (s->slot[k] == (int)i)
				stats_add(s, k, out);
}

bool ctl__tls_listener_stats(
	const struct ctl_tls *t, unsigned listener, uint64_t out[TLS_HS_STAT_N])
{
	stats_sum(t, listener, out);
	return t->now->ctx[listener] != NULL;
}

bool ctl__tls_pool_stats(const struct ctl_tls *t, unsigned pool, uint64_t out[TLS_HS_STAT_N])
{
	stats_sum(t, t->conf->n_listeners + pool, out);
	return t->now->ctx[t->conf->n_listeners + pool] != NULL;
}

/* ---- reload ---- */

/* The first error, and how many there are; all go to the log. */
struct told {
	struct err *first;
	unsigned errors;
};

static void reload_say(void *arg, enum log_level level, const char *text)
{
	struct told *told = arg;

	log_line(level, "tls", "%s", text);
	if (level == LOG_LEVEL_ERROR && told->errors++ == 0)
		err_set(told->first, 0, "%s", text);
}

struct handover {
	struct relay *relay;
	const struct ctl_tls *tls;
};

static void hand_over(void *arg)
{
	struct handover *h = arg;

	relay_set_tls(h->relay, ctl_tls_listeners(h->tls), ctl_tls_pools(h->tls));
}

/* Give every worker the set of now. Until all have it, those before are kept. */
static int workers_tell(const struct ctl_core *core, struct err *e)
{
	for (unsigned w = 0; w < core->sys.n_workers; w++) {
		struct handover h = {core->sys.workers[w].relay, core->sys.tls};

		if (ctl__on_worker(core, w, hand_over, &h, e) < 0)
			return -ETIMEDOUT;
	}
	ctl__tls_leave(core->sys.tls, core->sys.tls->conf);
	return 0;
}

struct ctl_tls_set *ctl__tls_read(struct ctl_tls *t, const struct conf *conf, struct err *e)
{
	struct err first = {""};
	struct told told = {&first, 0};
	struct teller to = {reload_say, &told, 0};
	int64_t now = time(NULL);
	struct ctl_tls_set *s;

	if (any_certificate(conf) && !t->tickets)
		t->tickets = tls_tickets_create(&conf->tls, now, &first);
	if (any_certificate(conf) && !t->tickets)
		say_error(&to, &first);
	s = to.errors ? NULL : set_read(conf, t->tickets, now, &to);
	if (!s && told.errors > 1)
		err_set(e, EINVAL, "%.430s (and %u more, see the log)", first.text,
			told.errors - 1);
	else if (!s)
		*e = first;
	return s;
}

void ctl__tls_drop(struct ctl_tls_set *s)
{
	set_free(s);
}

int ctl__tls_turn(struct ctl_tls *t, const struct conf *conf, struct err *e)
{
	return t->tickets ? tls_tickets_turn(t->tickets, &conf->tls, time(NULL), e) : 0;
}

int ctl__tls_reload(const struct ctl_core *core, struct err *e)
{
	struct ctl_tls *t = core->sys.tls;
	struct err why = {""};
	struct ctl_tls_set *s;

	/* a worker that has an older snapshot would find contexts of this one by its own indexes,
	 * and what is prepared for it has those of the set before */
	if (core->behind)
		return err_set(e, EBUSY,
			"nothing is changed: workers have yet to take the change before this one");
	s = ctl__tls_read(t, t->conf, &why);
	if (!s || ctl__tls_turn(t, t->conf, &why) < 0) {
		set_free(s);
		return err_set(e, EINVAL, "nothing is changed: %.480s", why.text);
	}
	ctl__tls_use(t, s);
	log_info("tls", "certificates are reloaded");
	return workers_tell(core, e);
}

/* ---- now and then ---- */

static void expiry_warn(struct ctl_tls *t, int64_t now)
{
	for (unsigned i = 0; i < t->conf->n_certs; i++) {
		const struct conf_certificate *c = &t->conf->certs[i];
		int64_t left = t->now->facts[i].not_after - now;

		if (left < 0)
			log_error("tls", "%s:%u: [certificate %s] has ended: clients refuse it",
				c->at.file, c->at.line, c->name);
		else if (left < WARN_DAYS * DAY)
			log_warn("tls", "%s:%u: [certificate %s] ends in %d days", c->at.file,
				c->at.line, c->name, (int)(left / DAY));
	}
	t->warned_at = now;
}

static void tickets_turn(struct ctl_tls *t, int64_t now)
{
	struct err e = {""};
	bool bad = tls_tickets_turn(t->tickets, &t->conf->tls, now, &e) < 0;

	if (bad && !t->tickets_bad)
		log_error("tls", "%s; the keys before are kept", e.text);
	t->tickets_bad = bad;
	t->turned_at = now;
}

void ctl__tls_tick(struct ctl_tls *t, int64_t now)
{
	old_free(t);
	if (now - t->warned_at >= DAY)
		expiry_warn(t, now);
	if (t->tickets && now - t->turned_at >= TURN_EVERY)
		tickets_turn(t, now);
}
