/* SPDX-License-Identifier: BSD-3-Clause */
/* The one page to read first: worker_poll() is the way of every packet through the house. */
#include <errno.h>
#include <rte_cycles.h>
#include <rte_malloc.h>

#include "worker/worker_priv.h"

static clock_us_t clock_read(const struct worker *w, uint64_t tsc)
{
	return (clock_us_t)((unsigned __int128)(tsc - w->tsc_start) * w->us_per_cycle >> 32);
}

/* The cycles since the last stamp; a new stamp. */
static uint64_t elapsed(struct worker *w)
{
	uint64_t before = w->tsc_last;

	w->tsc_last = rte_rdtsc();
	return w->tsc_last - before;
}

/* The cycles since the last stamp went to n packets in stage s. Without packets there is no stamp,
 * which costs as much as the work of an empty stage: its few cycles go to the next one. */
static void lap(struct worker *w, enum worker_stage s, unsigned n)
{
	uint64_t cycles;

	if (n == 0)
		return;
	cycles = elapsed(w);
	w->load.stage[s].cycles += cycles;
	w->load.stage[s].packets += n;
	w->load.busy += cycles;
}

/* Stages 1 to 3 for what one port received. */
static unsigned receive(struct worker *w, uint8_t port)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	uint16_t got = port_rx_burst(w->ports[port], w->cfg.id, pkts, WORKER_BURST), n;

	lap(w, WORKER_STAGE_port_rx, got);
	if (got == 0)
		return 0;
	stat_hist_add(&w->load.burst, got);
	n = net_input(w->net, port, pkts, got, w->now);
	n = worker__steer(w, port, pkts, n);
	lap(w, WORKER_STAGE_net_input, got);
	tcp_input(w->tcp, pkts, n, w->now);
	lap(w, WORKER_STAGE_tcp_input, n);
	return got;
}

/* Stage 3 for what another worker received for us. */
static unsigned receive_handed(struct worker *w, unsigned from)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	uint16_t n = worker__steer_take(w, from, pkts, WORKER_BURST);

	tcp_input(w->tcp, pkts, n, w->now);
	lap(w, WORKER_STAGE_tcp_input, n);
	return n;
}

/* Stage 8: frames that are ready, to their ports. How many; w->full where a device has no room. */
static unsigned send(struct worker *w)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	unsigned sent = 0;
	uint16_t n;

	w->full = false;
	for (unsigned p = 0; p < w->n_ports; p++) {
		bool room;

		while ((room = port_tx_flush(w->ports[p], w->cfg.id, w->now)) &&
			(n = net_tx_take(w->net, (uint8_t)p, pkts, WORKER_BURST)) > 0) {
			port_tx_post(w->ports[p], w->cfg.id, pkts, n, w->now);
			sent += n;
		}
		w->full |= !room;
	}
	lap(w, WORKER_STAGE_port_tx, sent);
	return sent;
}

unsigned worker__transmit(struct worker *w)
{
	struct rte_mbuf *pkts[WORKER_BURST];
	unsigned sent = w->full ? send(w) : 0; /* what waits goes first */
	uint16_t n = WORKER_BURST;

	/* a device without room stops tcp: its connections keep what they have until next time */
	while (n == WORKER_BURST && !w->full) {
		n = tcp_output(w->tcp, pkts, WORKER_BURST, w->now);
		lap(w, WORKER_STAGE_tcp_output, n);
		net_output(w->net, pkts, n, w->now);
		lap(w, WORKER_STAGE_net_output, n);
		sent += send(w);
	}
	return sent;
}

/* What control asked for. Here no burst is in flight and every table is whole. */
static void quiescent(struct worker *w)
{
	struct worker_job *j = &w->job;
	uint32_t posted = JOB_POSTED;

	/* acquire pairs with the release in worker_call: fn and arg are there */
	if (likely(__atomic_load_n(&j->state, __ATOMIC_RELAXED) != JOB_POSTED) ||
		!__atomic_compare_exchange_n(
			&j->state, &posted, JOB_RUNNING, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	j->fn(j->arg);
	w->stat[WORKER_STAT_jobs]++;
	/* pairs with the acquire in worker_call: what fn wrote is visible there */
	__atomic_store_n(&j->state, JOB_DONE, __ATOMIC_RELEASE);
}

/* Handshakes without threads of their own: one step a turn, for it takes as long as hundreds of
 * packets. How many. */
static unsigned handshake(struct worker *w)
{
	return w->own ? tls_crew_run(w->own, 1) : 0;
}

/* clang-format off */
/* One turn: the eight steps of doc/tour.md. Returns how many packets and handshakes moved. */
static unsigned worker_poll(struct worker *w)
{
	unsigned in = 0, shaken, out;

	for (unsigned p = 0; p < w->n_ports; p++)
		in += receive(w, (uint8_t)p);         /* 1 port, 2 net, 3 tcp */
	for (unsigned i = 0; i < w->cfg.n_workers; i++)
		in += receive_handed(w, i);           /* 3 tcp */
	tcp_relieve(w->tcp, w->now);                  /* makes room where mbufs run out */
	shaken = handshake(w);
	relay_open(w->relay, w->now);                 /* 4 TLS opens */
	lap(w, WORKER_STAGE_tls_open, w->tls ? in + shaken : 0);
	relay_step(w->relay, w->now);                 /* 5 relay */
	lap(w, WORKER_STAGE_relay_step, in);
	relay_seal(w->relay, w->now);                 /* 6 TLS seals */
	lap(w, WORKER_STAGE_tls_seal, w->tls ? in : 0);
	out = worker__transmit(w);                    /* 7 tcp, 8 net and port */

	tcp_tick(w->tcp, WORKER_TIMERS, w->now);      /* timers mark connections dirty: */
	relay_tick(w->relay, WORKER_TIMERS, w->now);  /* what they owe leaves with the */
	net_tick(w->net, w->now);                     /* next turn */
	worker__news(w);
	quiescent(w);
	lap(w, WORKER_STAGE_timers, in + out);
	return in + shaken + out;
}
/* clang-format on */

/* How long nothing is due, us. */
static uint32_t idle_time(const struct worker *w)
{
	uint32_t ms = tcp_next_tick(w->tcp, WORKER_SLEEP_MS, w->now), us;
	clock_us_t net = net_next_deadline(w->net);

	if (w->full || relay_stalled(w->relay) || net <= w->now)
		return 0;
	ms = relay_next_tick(w->relay, ms, w->now);
	us = tcp_next_pace(w->tcp, ms * (uint32_t)CLOCK_US_PER_MS, w->now);
	return net - w->now < us ? (uint32_t)(net - w->now) : us;
}

static void worker_sleep(struct worker *w)
{
	uint32_t us = idle_time(w);

	if (us == 0)
		return;
	/* a packet from another worker's ring wakes nobody, nor does a handshake that comes back */
	if (w->cfg.n_workers > 1 || (w->tls && tls_handshakes(w->tls)))
		us = RTE_MIN(us, WORKER_NAP_US);
	port_wait(w->ports, w->n_ports, w->cfg.id, us);
	w->load.slept += elapsed(w);
}

int worker_main(void *arg)
{
	struct worker *w = arg;

	w->tsc_last = rte_rdtsc();
	while (!__atomic_load_n(&w->stop, __ATOMIC_RELAXED)) {
		w->now = clock_read(w, w->tsc_last);
		w->load.polls++;
		if (worker_poll(w)) {
			w->empty = 0;
			continue;
		}
		w->load.idle += elapsed(w);
		if (w->sleeps && ++w->empty > WORKER_IDLE_POLLS)
			worker_sleep(w);
	}
	tls_crew_leave();
	return 0;
}

void worker_stop(struct worker *w)
{
	__atomic_store_n(&w->stop, 1, __ATOMIC_RELAXED);
}

int worker_call(struct worker *w, void (*fn)(void *), void *arg)
{
	struct worker_job *j = &w->job;
	uint64_t limit = rte_rdtsc() + rte_get_tsc_hz();
	uint32_t state;

	j->fn = fn;
	j->arg = arg;
	/* release pairs with the acquire in quiescent */
	__atomic_store_n(&j->state, JOB_POSTED, __ATOMIC_RELEASE);
	/* acquire pairs with the release of DONE in quiescent */
	while ((state = __atomic_load_n(&j->state, __ATOMIC_ACQUIRE)) != JOB_DONE) {
		if (state == JOB_POSTED && rte_rdtsc() > limit &&
			__atomic_compare_exchange_n(&j->state, &state, JOB_FREE, false,
				__ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return -ETIMEDOUT;
		rte_delay_us_sleep(20);
	}
	j->state = JOB_FREE;
	return 0;
}

struct link_job {
	struct worker *w;
	uint8_t port;
	bool up;
};

static void link_run(void *arg)
{
	const struct link_job *j = arg;

	if (j->up)
		net_set_mac(j->w->net, j->port, port_mac(j->w->ports[j->port]));
	net_set_link(j->w->net, j->port, j->up, j->w->now);
	if (j->up && j->w->cfg.id == 0)
		net_announce(j->w->net, j->port, j->w->now);
}

int worker_set_link(struct worker *w, uint8_t port, bool up)
{
	struct link_job j = {w, port, up};

	return worker_call(w, link_run, &j);
}

struct listens_job {
	struct worker *w;
	const struct worker_listens *l;
};

static void listens_run(void *arg)
{
	const struct listens_job *j = arg;

	j->w->listens = j->l;
}

int worker_set_listens(struct worker *w, const struct worker_listens *l)
{
	struct listens_job j = {w, l};

	return worker_call(w, listens_run, &j);
}

static void drain_run(void *arg)
{
	struct worker *w = arg;

	relay_drain(w->relay, w->now);
}

int worker_drain(struct worker *w)
{
	return worker_call(w, drain_run, w);
}

uint32_t worker_conns(const struct worker *w)
{
	struct tcp_info info;

	tcp_info(w->tcp, &info);
	return info.conns - info.orphans;
}

struct net *worker_net(struct worker *w)
{
	return w->net;
}

struct tcp *worker_tcp(struct worker *w)
{
	return w->tcp;
}

struct lb *worker_lb(struct worker *w)
{
	return w->lb;
}

struct relay *worker_relay(struct worker *w)
{
	return w->relay;
}

struct tls *worker_tls(struct worker *w)
{
	return w->tls;
}

const clock_us_t *worker_now(const struct worker *w)
{
	return &w->now;
}

const struct worker_load *worker_load(const struct worker *w)
{
	return &w->load;
}

struct stat_block worker_stat_block(const struct worker *w)
{
	static const struct stat_name names[WORKER_STAT_N] = {
#define X(name, text) {#name, text},
#include "worker/worker_stat.def"
#undef X
	};

	return (struct stat_block){"worker", names, w->stat, WORKER_STAT_N};
}
