/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Flights: given to connections that send, taken back when they die, or from the one that has had
 * nothing in flight for longest when another needs it. A flight that begins with what an earlier
 * one left in the connection (cwnd, ssthresh, srtt) is a restart after idle time (RFC 7661 4.4).
 */
#include <errno.h>
#include <rte_malloc.h>

#include "tcp/tcp_priv.h"

#define RUNS_A_FLIGHT 32

/* 0 or -ENOMEM; tcp_destroy frees. */
int tcp__flights_create(struct tcp *t)
{
	struct tcp_config *cfg = &t->cfg;

	list_init(&t->flights_free);
	list_init(&t->flights_idle);
	if (!cfg->flights)
		cfg->flights = cfg->conns;
	if (!cfg->runs)
		cfg->runs = RUNS_A_FLIGHT * cfg->flights;
	if (cfg->runs < TCP_RUNS_EACH * cfg->flights)
		cfg->runs = TCP_RUNS_EACH * cfg->flights;
	t->flight = rte_zmalloc_socket("tcp_flight", (size_t)cfg->flights * sizeof(*t->flight),
		RTE_CACHE_LINE_SIZE, cfg->socket);
	t->run = rte_zmalloc_socket(
		"tcp_run", (size_t)cfg->runs * sizeof(*t->run), RTE_CACHE_LINE_SIZE, cfg->socket);
	if (!t->flight || !t->run)
		return -ENOMEM;
	for (uint32_t i = 0; i < cfg->flights; i++)
		list_add_tail(&t->flights_free, &t->flight[i].idle);
	for (uint32_t i = cfg->runs; i > 0; i--) {
		t->run[i - 1].next = t->run_free;
		t->run_free = i;
	}
	t->runs_free = cfg->runs;
	t->runs_kept = TCP_RUNS_EACH * cfg->flights;
	return 0;
}

static struct tcp_flight *flight_get(struct tcp *t)
{
	struct list *l = list_take(&t->flights_free);

	if (!l && !list_empty(&t->flights_idle)) {
		struct tcp_flight *f =
			container_of_list(t->flights_idle.next, struct tcp_flight, idle);

		tcp__flight_drop(t, f->conn);
		l = list_take(&t->flights_free);
	}
	return l ? container_of_list(l, struct tcp_flight, idle) : NULL;
}

/* c's flight, attached when it has none; idle until something is sent. NULL: all are in use. */
struct tcp_flight *tcp__flight(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (f) {
		if (!f->runs.head)
			tcp__cwv_resume(t, c);
		return f;
	}
	f = flight_get(t);
	if (!f)
		return NULL;
	*f = (struct tcp_flight){.conn = c,
		.fack = c->snd_una,
		.recover = c->snd_una - 1,
		.ecn_end = c->snd_una - 1,
		.reo_round = c->snd_una,
		.min_rtt = UINT32_MAX,
		.reo_mult = 1,
		.cwv_ms = t->now_ms,
		.cwv_unused_ms = t->now_ms};
	list_init(&f->idle);
	wheel_node_init(&f->pace, 0);
	c->flight = f;
	tcp__pmtu_start(t, c);
	tcp__flight_rest(t, c);
	tcp__cwv_restart(c);
	if (tcp__cc[c->cc]->init)
		tcp__cc[c->cc]->init(c, (uint32_t)t->now_us);
	return f;
}

/* Nothing is in flight any more. */
void tcp__flight_rest(struct tcp *t, struct tcp_conn *c)
{
	if (!list_linked(&c->flight->idle))
		list_add_tail(&t->flights_idle, &c->flight->idle);
}

void tcp__flight_drop(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (!f)
		return;
	tcp__runs_free(t, f);
	wheel_cancel(&t->pace, &f->pace);
	list_del(&f->idle);
	list_add(&t->flights_free, &f->idle);
	c->flight = NULL;
}

uint32_t tcp_tx_budget(const struct tcp_conn *c, uint32_t limit)
{
	/* what is SACKed is no longer in flight, but in tx until the gap before it is filled */
	uint64_t use = 2ull * c->cwnd + (c->flight ? c->flight->bytes[TCP_RUN_SACKED] : 0);

	return (uint32_t)RTE_MIN(RTE_MAX(use, 65536ull), (uint64_t)limit);
}

/* Does s, by the timestamp it echoes, answer something that we sent before `ms` (RFC 3522)? */
bool tcp__echo_before(
	const struct tcp *t, const struct tcp_conn *c, const struct tcp_seg *s, uint32_t ms)
{
	uint32_t ahead = tcp__ts_now(t, c) - t->now_ms; /* of our timestamps to our clock */

	return (c->flags & TCP_F_TS) && s->opt.has_ts && seq_lt(s->opt.ts_ecr - ahead, ms);
}
