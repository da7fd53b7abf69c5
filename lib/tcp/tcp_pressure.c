/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What we do as the pool of data mbufs fills, step by step; each includes those before it.
 *
 *    used   step (of what the ports' receive rings leave)
 *   70 %    SHRINK   windows stop growing, new ones begin small (tcp_drs.c)
 *   85 %    COOKIE   connections begin by cookies only (tcp_open.c)
 *   95 %    ABORT    nothing more is kept beyond holes; the heaviest connections go, first those
 *                    that stand still
 *
 * A step is left 5 % below where it begins. The last 5 % are what the ports' receive rings are
 * refilled from while the aborted connections' owners give back what these held; ACKs and resets
 * come from the pool of headers, which data cannot take.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

#define HYSTERESIS   5    /* % of the pool */
#define SCAN         256  /* connections weighed at a time */
#define ABORTS       8    /* a millisecond */
#define STANDS_MS    1000 /* silent for so long */
#define STANDS_FIRST (1u << 31)

static const uint8_t begins[] = {0, 70, 85, 95};

/*
 * % in use of the data pool, the ports' rings left out on both sides. Not
 * rte_mempool_in_use_count(), which walks the caches of all lcores: besides ours only control's
 * could hold free mbufs, and those count as used.
 */
static uint32_t used_percent(const struct tcp *t)
{
	struct rte_mempool *mp = t->pools->data;
	const struct rte_mempool_cache *own = rte_mempool_default_cache(mp, rte_lcore_id());
	uint32_t left = rte_mempool_get_ops(mp->ops_index)->get_count(mp) + (own ? own->len : 0);
	uint32_t ours = mp->size - t->ring_mbufs;

	return left < ours ? (uint32_t)((uint64_t)(ours - left) * 100 / ours) : 0;
}

static uint8_t step(uint8_t now, uint32_t percent)
{
	while (now < TCP_PRESSURE_ABORT && percent >= begins[now + 1])
		now++;
	while (now > TCP_PRESSURE_NONE && percent + HYSTERESIS < begins[now])
		now--;
	return now;
}

/* What aborting c would give back, bytes; those that stand still outweigh all others. Of a dead
 * one the owner will free it soon. */
static uint32_t weight(const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t w = c->rx.truesize + c->tx.truesize;

	if (c->ext)
		w += c->ext->reasm.truesize;
	if (c->state == TCP_CLOSED || w == 0)
		return 0;
	if ((c->tx.bytes && c->snd_wnd == 0) || t->now_ms - c->rcv_ms >= STANDS_MS)
		w |= STANDS_FIRST;
	return w;
}

/* Look at the next few connections and remember the heaviest seen so far. */
static void scan(struct tcp *t)
{
	uint32_t most = t->heaviest ? weight(t, &t->conn[t->heaviest - 1]) : 0;
	uint32_t n = RTE_MIN(t->cfg.conns, (uint32_t)SCAN);

	if (most == 0)
		t->heaviest = 0;
	while (n--) {
		uint32_t i = t->scan++ % t->cfg.conns, w = weight(t, &t->conn[i]);

		if (w > most) {
			most = w;
			t->heaviest = i + 1;
		}
	}
}

/* Abort the heaviest connections until what they hold, once their owners have freed it, brings the
 * pool below the step. */
static void abort_heaviest(struct tcp *t, uint32_t percent)
{
	uint64_t pool = (uint64_t)t->pools->data->size *
			(RTE_PKTMBUF_HEADROOM + t->pools->room + sizeof(struct rte_mbuf));
	uint64_t want = (percent - begins[TCP_PRESSURE_ABORT] + HYSTERESIS) * pool / 100, got = 0;

	for (uint32_t i = 0; i < ABORTS && got < want; i++) {
		struct tcp_conn *c;

		scan(t);
		if (!t->heaviest)
			continue;
		c = &t->conn[t->heaviest - 1];
		got += weight(t, c) & ~STANDS_FIRST;
		t->heaviest = 0;
		TCP_COUNT(t, pressure_aborts);
		if (c->state != TCP_SYN_SENT)
			tcp__rst_conn(t, c);
		tcp__conn_die(t, c, ENOBUFS);
	}
}

void tcp_relieve(struct tcp *t, clock_us_t now)
{
	uint32_t ms = (uint32_t)(now / CLOCK_US_PER_MS), percent;

	if (ms == t->pressure_ms)
		return;
	t->now_us = now;
	t->now_ms = t->pressure_ms = ms;
	percent = used_percent(t);
	t->pressure = step(t->pressure, percent);
	if (t->pressure == TCP_PRESSURE_COOKIE)
		scan(t); /* have a candidate at hand */
	else if (percent >= begins[TCP_PRESSURE_ABORT])
		abort_heaviest(t, percent);
}

void tcp_ring_mbufs(struct tcp *t, uint32_t n)
{
	t->ring_mbufs = RTE_MIN(n, t->pools->data->size - 1);
}

uint8_t tcp_pressure(const struct tcp *t)
{
	return t->pressure;
}
