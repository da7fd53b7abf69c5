/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worker's side of a handshake: bytes are copied into a task, and what comes back is taken in.
 *
 *	          tls__shake_begin                    post
 *	free list ----------------> at home, conn's <------> away, conn's
 *	    ^                           |    come back           |
 *	    |       end, or DONE        |                        | end: conn = NULL
 *	    |<--------------------------'      come back         v
 *	    `----------------------------------------------- away, nobody's
 *
 *	conn's    conn->shake == shake, task.conn == conn, conn is in HANDSHAKE; or OPEN, a
 *	          client, and libssl wants the member's first ticket, which comes before any data
 *	          or never
 *	nobody's  still counted for its source: who gives up early may not begin more than others
 *
 * Bytes stay in the owner's chain until the handshake took them: it may die before, with them.
 */
#include <errno.h>
#include <string.h>
#include <rte_malloc.h>

#include "tls/tls_ctx.h"
#include "tls/tls_priv.h"

int tls__shakes_create(struct tls *t)
{
	const struct tls_config *cfg = &t->cfg;

	t->shake = rte_zmalloc_socket("tls_shake", (size_t)cfg->handshakes * sizeof(*t->shake),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	t->source = rte_zmalloc_socket("tls_source", (size_t)cfg->handshakes * sizeof(*t->source),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	if (!t->shake || !t->source)
		return -ENOMEM;
	for (uint32_t i = cfg->handshakes; i > 0; i--) {
		t->shake[i - 1].next = t->shake_free;
		t->shake_free = &t->shake[i - 1];
	}
	return 0;
}

static void shake_put(struct tls *t, struct tls_shake *s)
{
	tls_hs_destroy(s->task.hs);
	tls_ctx_put(s->task.ctx);
	s->task.hs = NULL;
	t->source[s - t->shake] = (struct ip_addr){0};
	s->next = t->shake_free;
	t->shake_free = s;
	t->shakes--;
}

/* The crew gives back all that it has; threads, if there are any, go on meanwhile. */
void tls__shakes_destroy(struct tls *t)
{
	while (t->shakes) {
		struct tls_task *task = tls_crew_take(t->cfg.crew, t->cfg.worker);

		if (task)
			shake_put(t, (struct tls_shake *)task);
		else
			(void)tls_crew_run(t->cfg.crew, 1);
	}
	rte_free(t->source);
	rte_free(t->shake);
}

/* An IPv6 site has a /64 and more to begin from. */
static bool same_source(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->q[0] == b->q[0] && (a->q[0] || a->q[1] == b->q[1]);
}

/* A walk over all of them: 16 KB for a thousand, once a handshake. */
static uint32_t source_count(const struct tls *t, const struct ip_addr *source)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->cfg.handshakes; i++)
		n += same_source(&t->source[i], source);
	return n;
}

bool tls__shake_begin(struct tls *t, struct tls_conn *c, const char *name,
	const struct ip_addr *source, clock_us_t now)
{
	struct tls_shake *s = t->shake_free;

	if (!s) {
		TLS_COUNT(t, accept_full);
		return false;
	}
	if (source && t->cfg.per_source && source_count(t, source) >= t->cfg.per_source) {
		TLS_COUNT(t, accept_source);
		return false;
	}
	t->shake_free = s->next;
	t->shakes++;
	if (source)
		t->source[s - t->shake] = *source;
	s->away = false;
	s->seen = 0;
	s->task.ctx = tls_ctx_get(c->ctx);
	s->task.conn = c;
	s->task.worker = t->cfg.worker;
	s->task.state = TLS_HS_MORE;
	s->task.n = 0;
	s->task.begun = now;
	memset(s->task.name, 0, sizeof(s->task.name));
	strncpy(s->task.name, name, sizeof(s->task.name) - 1);
	c->shake = s;
	return true;
}

static bool post(struct tls *t, struct tls_shake *s)
{
	s->away = tls_crew_post(t->cfg.crew, &s->task) == 0;
	return s->away;
}

bool tls__shake_step(struct tls *t, struct tls_conn *c, const struct buf_chain *in)
{
	struct tls_shake *s = c->shake;

	s->task.n = RTE_MIN(in->bytes, (uint32_t)sizeof(s->task.in));
	buf_chain_read(in, 0, s->task.n, s->task.in);
	return post(t, s);
}

void tls__shake_input(struct tls *t, struct tls_conn *c, const struct buf_chain *in)
{
	struct tls_shake *s = c->shake;

	if (s->away || in->bytes <= s->seen)
		return;
	ASSERT(s->seen < sizeof(s->task.in), "a step takes what is whole, and a record is shorter");
	if (!tls__shake_step(t, c, in))
		tls__fail(t, c, TLS_E_hs_busy);
}

bool tls_waits(const struct tls_conn *c, const struct buf_chain *in)
{
	return !c->shake->away && in->bytes <= c->shake->seen;
}

void tls__shake_end(struct tls *t, struct tls_conn *c)
{
	struct tls_shake *s = c->shake;

	if (!s)
		return;
	c->shake = NULL;
	s->task.conn = NULL;
	if (s->away)
		TLS_COUNT(t, cancelled);
	else if (!s->task.hs || !post(t, s)) /* a thread frees what libssl has */
		shake_put(t, s);
}

static void done(struct tls *t, struct tls_conn *c, clock_us_t now)
{
	const struct tls_hs_result *res = tls_hs_result(c->shake->task.hs);

	if (tls__install(t, c, res) < 0) {
		tls__fail(t, c, TLS_E_keys);
		return;
	}
	TLS_COUNT(t, handshakes);
	stat_hist_add(&t->latency, now - c->shake->task.begun);
	if (res->resumed)
		TLS_COUNT(t, resumed);
	c->shake->task.n = 0;
	if (res->ticket)
		return;
	shake_put(t, c->shake);
	c->shake = NULL;
}

void tls__shake_ticket(
	struct tls *t, struct tls_conn *c, const uint8_t *p, uint32_t n, uint32_t left)
{
	struct tls_shake *s = c->shake;

	if (!s || s->away)
		return;
	if (n + left > sizeof(s->task.in) - s->task.n) {
		tls__shake_end(t, c);
		return;
	}
	memcpy(s->task.in + s->task.n, p, n);
	s->task.n += n;
	if (left == 0 && !post(t, s))
		tls__shake_end(t, c);
}

/* What a step brought is taken in. False: there is no buffer for its output yet. */
static bool take_in(struct tls *t, struct tls_shake *s, clock_us_t now)
{
	struct tls_conn *c = s->task.conn;
	const uint8_t *out;
	uint32_t n = 0;

	out = s->task.hs ? tls_hs_out(s->task.hs, &n) : NULL;
	if (n && buf_chain_write(&c->out, out, n, t->cfg.pools->data) < 0) {
		TLS_COUNT(t, no_memory);
		return false;
	}
	s->away = false;
	s->seen = s->task.n - s->task.used;
	c->drop = s->task.used;
	if (s->task.state == TLS_HS_FAILED)
		tls__fail(t, c, s->task.error);
	else if (s->task.state == TLS_HS_DONE)
		done(t, c, now);
	return true;
}

static struct tls_shake *back(struct tls *t)
{
	struct tls_shake *s = t->late;

	if (!s)
		return (struct tls_shake *)tls_crew_take(t->cfg.crew, t->cfg.worker);
	t->late = s->next;
	return s;
}

struct tls_conn *tls_ready_take(struct tls *t, clock_us_t now)
{
	struct tls_shake *s;
	struct tls_conn *c;

	while ((s = back(t)) != NULL) {
		c = s->task.conn;
		if (!c || c->state == TLS_OPEN) { /* cancelled, or libssl has its ticket */
			if (c)
				c->shake = NULL;
			shake_put(t, s);
		} else if (take_in(t, s, now)) {
			return c;
		} else {
			s->next = t->late;
			t->late = s;
			break;
		}
	}
	return NULL;
}
