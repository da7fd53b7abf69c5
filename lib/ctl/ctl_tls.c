/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The TLS contexts of a configuration, as workers use them, and what its certificates say. They
 * are read as a set, whole or not at all. A reload hands the new set to each worker at its
 * quiescent point; when all have it and no connection has the one before any more, that is freed:
 * by control, a worker has no time for it.
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

struct set {
	struct set *next; /* an older one */
	bool left;        /* no worker has it; its connections may */
	struct tls_cert_facts *facts;
	struct tls_ctx *ctx[]; /* of listeners, then of pools; NULL: plain */
};

struct ctl_tls {
	const struct conf *conf;
	struct tls_tickets *tickets; /* NULL: no listener has certificates */
	struct set *now, *old;
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

static unsigned n_ctx(const struct conf *conf)
{
	return conf->n_listeners + conf->n_pools;
}

static void set_free(struct set *s, const struct conf *conf)
{
	if (!s)
		return;
	for (unsigned i = 0; i < n_ctx(conf); i++)
		tls_ctx_put(s->ctx[i]);
	free(s->facts);
	free(s);
}

static void certs_read(struct set *s, const struct conf *conf, int64_t now, struct teller *to)
{
	for (unsigned i = 0; i < conf->n_certs; i++) {
		struct err e = {""}, warn = {""};

		if (tls_cert_check(&conf->certs[i], now, &s->facts[i], &e, &warn) < 0)
			say_error(to, &e);
		else if (warn.text[0])
			to->say(to->arg, LOG_LEVEL_WARN, warn.text);
	}
}

static void listeners_read(
	struct set *s, const struct conf *conf, struct tls_tickets *tickets, struct teller *to)
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

static void pools_read(struct set *s, const struct conf *conf, struct teller *to)
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
static struct set *set_read(
	const struct conf *conf, struct tls_tickets *tickets, int64_t now, struct teller *to)
{
	struct set *s = calloc(1, sizeof(*s) + n_ctx(conf) * sizeof(s->ctx[0]));
	struct err e;

	if (s)
		s->facts = calloc(conf->n_certs + 1, sizeof(*s->facts));
	if (!s || !s->facts) {
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
	set_free(s, conf);
	return NULL;
}

static void set_use(struct ctl_tls *t, struct set *s, int64_t now)
{
	if (t->now)
		t->now->next = t->old;
	t->old = t->now;
	t->now = s;
	t->read_at = t->warned_at = now;
}

static void stats_add(const struct set *s, unsigned i, uint64_t sum[TLS_HS_STAT_N])
{
	uint64_t n[TLS_HS_STAT_N];

	if (!s->ctx[i])
		return;
	tls_ctx_stats(s->ctx[i], n);
	for (unsigned k = 0; k < TLS_HS_STAT_N; k++)
		sum[k] += n[k];
}

/* Put back what of s nobody has any more. Is that all of it? */
static bool set_shrink(struct ctl_tls *t, struct set *s)
{
	bool all = s->left;

	for (unsigned i = 0; s->left && i < n_ctx(t->conf); i++) {
		if (s->ctx[i] && tls_ctx_shared(s->ctx[i])) {
			all = false;
			continue;
		}
		stats_add(s, i, t->before[i]);
		tls_ctx_put(s->ctx[i]);
		s->ctx[i] = NULL;
	}
	return all;
}

static void old_free(struct ctl_tls *t)
{
	struct set **at = &t->old, *s;

	while ((s = *at) != NULL) {
		if (set_shrink(t, s)) {
			*at = s->next;
			set_free(s, t->conf);
		} else {
			at = &s->next;
		}
	}
}

static void old_leave(struct ctl_tls *t)
{
	for (struct set *s = t->old; s; s = s->next)
		s->left = true;
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
	struct set *s = NULL;
	struct err e = {"no memory for certificates"};

	if (t) {
		t->conf = conf;
		t->turned_at = now;
		t->before = calloc(n_ctx(conf) + 1, sizeof(t->before[0]));
		if (any_certificate(conf))
			t->tickets = tls_tickets_create(&conf->tls, now, &e);
	}
	if (!t || !t->before || (any_certificate(conf) && !t->tickets))
		say_error(&to, &e);
	else
		s = set_read(conf, t->tickets, now, &to);
	if (!s) {
		ctl_tls_destroy(t);
		return NULL;
	}
	set_use(t, s, now);
	if (conf->tls.keylog)
		keylog_warn(&conf->tls, &to);
	return t;
}

void ctl_tls_destroy(struct ctl_tls *t)
{
	if (!t)
		return;
	while (t->old) {
		struct set *next = t->old->next;

		set_free(t->old, t->conf);
		t->old = next;
	}
	set_free(t->now, t->conf);
	tls_tickets_destroy(t->tickets);
	free(t->before);
	free(t);
}

struct tls_ctx *const *ctl_tls_listeners(const struct ctl_tls *t)
{
	return t->now->ctx;
}

struct tls_ctx *const *ctl_tls_pools(const struct ctl_tls *t)
{
	return t->now->ctx + t->conf->n_listeners;
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
	for (const struct set *s = t->old; s; s = s->next)
		stats_add(s, i, out);
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
	old_leave(core->sys.tls);
	return 0;
}

int ctl__tls_reload(const struct ctl_core *core, struct err *e)
{
	struct ctl_tls *t = core->sys.tls;
	struct err first = {""};
	struct told told = {&first, 0};
	struct teller to = {reload_say, &told, 0};
	int64_t now = time(NULL);
	struct set *s = set_read(t->conf, t->tickets, now, &to);

	if (s && t->tickets && tls_tickets_turn(t->tickets, &t->conf->tls, now, &first) < 0) {
		say_error(&to, &first);
		set_free(s, t->conf);
		s = NULL;
	}
	if (!s && told.errors > 1)
		return err_set(e, EINVAL, "nothing is changed: %.400s (and %u more, see the log)",
			first.text, told.errors - 1);
	if (!s)
		return err_set(e, EINVAL, "nothing is changed: %.450s", first.text);
	set_use(t, s, now);
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
