/* SPDX-License-Identifier: BSD-3-Clause */
/* Applications: writers of chunks, readers that pause, half-closes, aborts, early releases. */
#include <errno.h>

#include "sim.h"

#define STALL_MAX (20 * SIM_S)

/* Byte pos of the stream that `from` sends on connection id. */
static uint8_t byte_at(const struct sim_conn *c, int from, uint64_t pos)
{
	uint32_t x = ((uint32_t)pos + c->id * 7919 + (uint32_t)from * 104729) * 0x9e3779b1u;

	return (uint8_t)(x >> 24);
}

void sim_app_plan(struct sim *s, struct sim_conn *c)
{
	const struct sim_plan *p = &s->plan;
	int waits = (int)rand_below(&s->rnd, 3); /* 2: neither waits for the other's FIN */

	c->spoiled = false;
	for (int h = 0; h < HOSTS; h++) {
		struct sim_end *e = &c->end[h];

		*e = (struct sim_end){.host = (uint8_t)h,
			.abort_at = SIM_NEVER,
			.release_at = SIM_NEVER,
			.wait_peer = h == waits};
		e->total = rand_below(&s->rnd, 5) ? sim_between(s, 1, p->bytes_max) : 0;
		if (p->bulk)
			e->total = h == CLIENT ? p->bulk : 0;
		if (p->until) {
			c->spoiled = true;
			e->abort_at = p->until;
		}
		if (sim_chance(s, p->spoil)) {
			uint64_t at = s->now + sim_between(s, 1, 5 * SIM_S);

			c->spoiled = true;
			if (rand_below(&s->rnd, 2))
				e->abort_at = at;
			else
				e->release_at = at;
		}
	}
}

struct tcp_path sim_app_path(const struct sim *s, int host)
{
	const struct sim_plan *p = &s->plan;

	return (struct tcp_path){.mtu = p->mtu[host],
		.gso_max = p->gso_max[host],
		.cc = p->cc[host],
		.ecn = p->ecn[host]};
}

void sim_app_connect(struct sim *s, struct sim_conn *c)
{
	uint16_t port = (uint16_t)(SIM_PORT0 + c->id + c->attempt * SIM_CONNS_MAX);

	memset(c->view, 0, sizeof(c->view));
	for (int h = 0; h < (s->plan.simultaneous ? 2 : 1); h++) {
		struct sim_host *me = &s->host[h];
		struct ip_endpoint ends[HOSTS] = {
			{s->host[CLIENT].addr, port}, {s->host[SERVER].addr, SIM_PORT}};
		struct tcp_path path = sim_app_path(s, h);
		int error;

		c->end[h].c = tcp_connect(me->t, &ends[h], &ends[!h], &path, &c->end[h], &error);
		if (!c->end[h].c)
			sim_fail(s, "tcp_connect: %d", error);
		c->accepted = h == SERVER;
	}
}

static struct sim_conn *conn_of(struct sim *s, const struct sim_end *e)
{
	return &s->conn[((const char *)e - (const char *)s->conn) / sizeof(struct sim_conn)];
}

static void accept_conn(struct sim *s, struct tcp_conn *c)
{
	uint32_t n = (uint32_t)(c->rport - SIM_PORT0);
	struct sim_conn *sc = &s->conn[n % SIM_CONNS_MAX];

	if (n / SIM_CONNS_MAX != sc->attempt) { /* of an attempt that the client gave up */
		c->owner = NULL;
		tcp_abort(s->host[SERVER].t, c);
		return;
	}
	if (sc->accepted)
		sim_fail(s, "connection %u accepted twice", sc->id);
	sc->accepted = true;
	sc->end[SERVER].c = c;
	c->owner = &sc->end[SERVER];
}

void sim_app_ready(struct sim *s, int host)
{
	struct tcp *t = s->host[host].t;
	struct tcp_conn *c;
	uint8_t events;

	while ((c = tcp_ready_take(t, &events)) != NULL) {
		struct sim_end *e;

		if (events & TCP_EV_ACCEPT) {
			accept_conn(s, c);
			if (!c->owner)
				continue;
		}
		e = c->owner;
		if (!e || e->c != c)
			sim_fail(s, "event %#x for a connection that was given back", events);
		e->events |= events;
		if (events & TCP_EV_FIN)
			e->fin = true;
		if (events & (TCP_EV_ACCEPT | TCP_EV_ESTABLISHED))
			e->opened = true;
	}
}

static void done(struct sim *s, struct sim_end *e)
{
	e->c = NULL;
	e->done = true;
	s->progress_at = s->now;
}

static void verify(struct sim *s, struct sim_end *e, const struct buf_chain *in)
{
	const struct sim_conn *c = conn_of(s, e);
	uint32_t skip = in->head_off;

	for (const struct rte_mbuf *m = in->head; m; m = m->next) {
		const uint8_t *p = rte_pktmbuf_mtod(m, const uint8_t *);

		for (uint32_t i = skip; i < m->data_len; i++, e->got++)
			if (p[i] != byte_at(c, !e->host, e->got))
				sim_fail(s, "connection %u: wrong byte at %lu", c->id,
					(unsigned long)e->got);
		skip = 0;
	}
	if (e->got > c->end[!e->host].written)
		sim_fail(s, "connection %u: more bytes than were written", c->id);
	if (s->now < s->plan.from)
		e->early = e->got;
	s->progress_at = e->last_at = s->now;
}

/* Take n bytes out of rx: by pointer as the relay does. */
static void read_some(struct sim *s, struct sim_end *e, uint32_t n)
{
	struct sim_host *h = &s->host[e->host];
	struct buf_chain in = {0};

	if (buf_chain_split(&in, &e->c->rx, n, h->pools->indirect) < 0)
		return;
	verify(s, e, &in);
	buf_chain_free(&in);
	tcp_consumed(h->t, e->c);
}

static uint64_t pause_until(struct sim *s)
{
	if (s->plan.bulk)
		return s->now;
	return s->now + (sim_chance(s, s->plan.stall) ? sim_between(s, 1, STALL_MAX)
						      : sim_between(s, 1, 2 * SIM_MS));
}

static void reader(struct sim *s, struct sim_end *e)
{
	uint32_t n = e->c->rx.bytes;

	if (!n || s->now < e->read_at)
		return;
	if (!s->plan.bulk && rand_below(&s->rnd, 2))
		n = sim_between(s, 1, n);
	read_some(s, e, n);
	if (rand_below(&s->rnd, 4) == 0 || e->c->rx.bytes)
		e->read_at = pause_until(s);
}

/* n bytes of the stream as a chain that looks like what a relay moves: its head partly consumed,
 * its mbufs indirect now and then. False: no mbufs. */
static bool make_chunk(struct sim *s, struct sim_end *e, uint32_t n, struct buf_chain *out)
{
	static uint8_t bytes[65536 + 64];
	struct buf_pools *p = s->host[e->host].pools;
	uint32_t lead = rand_below(&s->rnd, 64);
	struct buf_chain whole = {0};

	for (uint32_t i = 0; i < n; i++)
		bytes[lead + i] = byte_at(conn_of(s, e), e->host, e->written + i);
	/* a relay stops taking when the pool is low; so do we, or no ACK could come in */
	if (rte_mempool_avail_count(p->data) < 1000 + n / 1024)
		return false;
	if (buf_chain_write(&whole, bytes, lead + n, p->data) < 0)
		return false;
	buf_chain_consume(&whole, lead);
	if (rand_below(&s->rnd, 4) == 0 &&
		buf_chain_split(out, &whole, rand_below(&s->rnd, n), p->indirect) < 0) {
		buf_chain_free(&whole);
		return false;
	}
	if (buf_chain_move(out, &whole, p->indirect) < 0) {
		buf_chain_free(&whole);
		buf_chain_free(out);
		return false;
	}
	return true;
}

static void writer(struct sim *s, struct sim_end *e)
{
	struct tcp *t = s->host[e->host].t;
	uint64_t left = e->total - e->written;
	uint32_t n = tcp_tx_room(e->c, tcp_tx_budget(e->c, t->cfg.snd_limit));
	struct buf_chain chunk = {0};

	if (!left || !n || s->now < e->write_at || e->c->error)
		return;
	n = RTE_MIN(n, s->plan.bulk ? s->plan.chunk_max : sim_between(s, 1, s->plan.chunk_max));
	n = left < n ? (uint32_t)left : n;
	if (make_chunk(s, e, n, &chunk)) {
		int rc = tcp_send(t, e->c, &chunk);

		if (rc == 0 && !e->written)
			e->first_at = s->now;
		if (rc == 0)
			e->written += n;
		else if (rc != -ENOMEM && !(rc == -EPIPE && e->c->state == TCP_CLOSED))
			sim_fail(s, "tcp_send: %d", rc);
		if (rc == 0 && chunk.bytes)
			sim_fail(s, "tcp_send left bytes behind");
	}
	buf_chain_free(&chunk);
	e->write_at = pause_until(s);
}

/* Both ends saw all of the other's bytes? */
static void check_complete(struct sim *s, const struct sim_end *e)
{
	const struct sim_conn *c = conn_of(s, e);

	if (!c->spoiled && (e->got != c->end[!e->host].total || !e->fin))
		sim_fail(s, "connection %u: %s got %lu of %lu bytes%s, error %u", c->id,
			e->host == CLIENT ? "client" : "server", (unsigned long)e->got,
			(unsigned long)c->end[!e->host].total, e->fin ? "" : ", no FIN", e->error);
}

static void dead(struct sim *s, struct sim_end *e)
{
	struct sim_conn *c = conn_of(s, e);
	struct tcp *t = s->host[e->host].t;

	e->error = e->c->error;
	verify(s, e, &e->c->rx);
	tcp_release(t, e->c);
	done(s, e);
	if (!e->opened && !sim_plan_lossy(&s->plan) && !c->spoiled)
		sim_fail(s, "connect: error %u without any loss", e->error);
	c->spoiled |= !e->opened;
	if (e->host == CLIENT && !c->accepted && e->error) {
		/* never got through: a client tries again from another port */
		c->attempt++;
		sim_app_plan(s, c);
		sim_app_connect(s, c);
		return;
	}
	if (c->spoiled && e->error != 0 && e->error != ECONNRESET && e->error != ETIMEDOUT &&
		e->error != ECONNREFUSED)
		sim_fail(s, "error %u", e->error);
	check_complete(s, e);
}

static void end_step(struct sim *s, struct sim_end *e)
{
	struct tcp *t = s->host[e->host].t;

	if (e->events & TCP_EV_DEAD) {
		dead(s, e);
		return;
	}
	if (s->now >= e->abort_at) {
		tcp_abort(t, e->c);
		done(s, e);
		return;
	}
	if (s->now >= e->release_at) {
		tcp_release(t, e->c);
		done(s, e);
		return;
	}
	reader(s, e);
	writer(s, e);
	if (!e->shut && e->written == e->total && (!e->wait_peer || e->fin)) {
		tcp_shutdown(t, e->c);
		e->shut = true;
	}
	if (e->shut && e->fin && !e->c->rx.bytes) {
		check_complete(s, e);
		tcp_release(t, e->c);
		done(s, e);
	}
}

void sim_app_step(struct sim *s)
{
	for (uint32_t i = 0; i < s->plan.conns; i++)
		for (int h = 0; h < HOSTS; h++)
			if (s->conn[i].end[h].c)
				end_step(s, &s->conn[i].end[h]);
}

/* An end that never came to be is done when the other one gave up. */
bool sim_app_done(const struct sim *s)
{
	for (uint32_t i = 0; i < s->plan.conns; i++) {
		const struct sim_conn *c = &s->conn[i];

		if (!c->end[CLIENT].done || (c->accepted && !c->end[SERVER].done))
			return false;
	}
	return true;
}

uint64_t sim_app_next(const struct sim *s)
{
	uint64_t next = SIM_NEVER;

	for (uint32_t i = 0; i < s->plan.conns; i++) {
		for (int h = 0; h < HOSTS; h++) {
			const struct sim_end *e = &s->conn[i].end[h];

			if (!e->c)
				continue;
			next = RTE_MIN(next, RTE_MIN(e->abort_at, e->release_at));
			if (e->c->rx.bytes)
				next = RTE_MIN(next, e->read_at);
			if (e->written < e->total &&
				tcp_tx_room(e->c, tcp_tx_budget(e->c, s->host[h].t->cfg.snd_limit)))
				next = RTE_MIN(next, e->write_at);
		}
	}
	return next;
}
