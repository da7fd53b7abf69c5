/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * bench_tcp_input [ROUNDS]
 *
 * Cycles that tcp_input takes for a packet, alone: bursts of 32 full segments in order, on one
 * connection, on four in turns, on a different one each of many (more than the caches hold). The
 * owner takes all at once; ACKs are built and thrown away outside of what is measured. The figure
 * is the median of the bursts, so that interruptions do not count.
 */
#include <stdio.h>
#include <stdlib.h>
#include <rte_cycles.h>
#include <rte_eal.h>

#include "../unit/stack.h"
#include "base/rand.h"
#include "tcp/tcp_priv.h"

#define BURST   32
#define MANY    32768
#define PAYLOAD 1448
#define MS      1000ull

static struct buf_pools pools;
static struct tcp *t;
static struct ip_addr us, peer;
static clock_us_t now = 1000000 * MS;

struct flow {
	struct tcp_conn *c;
	uint32_t seq, ack, port;
};
static struct flow flow[MANY];

static struct rte_mbuf *segment(const struct flow *f, uint8_t flags, uint32_t len)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pools.data);
	struct tcp_opts o = {.has_ts = true, .ts_val = 1, .mss = 1460};
	struct tcp_hdr *h;
	uint32_t n;

	if (!m)
		rte_panic("no mbuf\n");
	h = (struct tcp_hdr *)rte_pktmbuf_append(m, sizeof(*h));
	n = (flags & TCP_SYN) ? tcp__opts_build_syn((uint8_t *)(h + 1), &o)
			      : tcp__opts_build((uint8_t *)(h + 1), &o);
	rte_pktmbuf_append(m, (uint16_t)(n + len));
	*h = (struct tcp_hdr){be16_make((uint16_t)f->port), be16_make(80), be32_make(f->seq),
		be32_make(f->ack), (uint8_t)((20 + n) / 4 << 4), flags, be16_make(30000),
		be16_make(0), be16_make(0)};
	*pkt_meta(m) = (struct pkt_meta){
		.src = peer, .dst = us, .l4_len = (uint16_t)m->pkt_len, .verdict = PKT_TCP};
	pkt_meta(m)->src.b[15] = (uint8_t)(2 + f->port / 60000);
	return m;
}

/* Throw away all that leaves; the first sequence number of it. */
static uint32_t drain(void)
{
	struct rte_mbuf *out[BURST];
	uint32_t seq = 0;
	uint16_t n;

	while ((n = tcp_output(t, out, BURST, now)) > 0) {
		seq = be32_get(rte_pktmbuf_mtod(out[0], const struct tcp_hdr *)->seq);
		rte_pktmbuf_free_bulk(out, n);
	}
	return seq;
}

static void flow_open(struct flow *f, uint32_t port)
{
	struct rte_mbuf *m;
	uint8_t events;

	*f = (struct flow){.seq = 1000, .port = port};
	m = segment(f, TCP_SYN, 0);
	tcp_input(t, &m, 1, now);
	f->seq++;
	f->ack = drain() + 1;
	m = segment(f, TCP_ACK, 0);
	tcp_input(t, &m, 1, now);
	f->c = tcp_ready_take(t, &events);
	if (!f->c)
		rte_panic("no connection\n");
	drain();
}

static void owners(void)
{
	struct tcp_conn *c;
	uint8_t events;

	while ((c = tcp_ready_take(t, &events)) != NULL) {
		buf_chain_free(&c->rx);
		tcp_consumed(t, c);
	}
	drain();
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* `among` flows, each with `run` segments in a row. */
static void measure(const char *name, uint32_t among, uint32_t run, uint32_t rounds)
{
	uint64_t *took = calloc(rounds, sizeof(*took)), began;
	struct rte_mbuf *pkts[BURST];
	struct rand_state r;
	uint32_t at = 0;

	rand_seed(&r, 1);
	for (uint32_t k = 0; k < rounds; k++) {
		for (uint32_t i = 0; i < BURST; i++) {
			struct flow *f;

			if (i % run == 0)
				at = among > BURST ? rand_below(&r, among) : (at + 1) % among;
			f = &flow[at];
			pkts[i] = segment(f, TCP_ACK, PAYLOAD);
			f->seq += PAYLOAD;
		}
		now += 10;
		began = rte_rdtsc();
		tcp_input(t, pkts, BURST, now);
		took[k] = rte_rdtsc() - began;
		owners();
	}
	qsort(took, rounds, sizeof(*took), by_value);
	printf("%-24s %5.0f cycles a packet\n", name, (double)took[rounds / 2] / BURST);
	free(took);
}

int main(int argc, char **argv)
{
	char *eal[] = {argv[0], "--no-huge", "-m", "512", "--no-pci", "--no-shconf", "-l", "0",
		"--log-level", "error"};
	struct tcp_config cfg = stack_config(MANY + 8, 1 << 20);
	struct ip_endpoint at = {.port = 80};
	struct tcp_path path = {.mtu = 1500};
	uint32_t rounds = argc > 1 ? (uint32_t)atoi(argv[1]) : 20000;
	struct err e;

	cfg.exts = 1024;
	if (rte_eal_init(RTE_DIM(eal), eal) < 0 || buf_pools_create(&pools, "b", 8192, -1) < 0)
		return 1;
	t = tcp_create(&cfg, &pools, now, &e);
	ip_addr_parse("10.0.0.1", &us);
	ip_addr_parse("10.0.0.2", &peer);
	at.addr = us;
	if (!t || tcp_listen(t, &at, &path, NULL) < 0)
		return 1;
	for (uint32_t i = 0; i < MANY; i++)
		flow_open(&flow[i], 1024 + i);
	measure("one flow", 1, BURST, rounds);
	measure("four, runs of 8", 4, 8, rounds);
	measure("four in turns", 4, 1, rounds);
	measure("32768, one each", MANY, 1, rounds);
	measure("32768, runs of 4", MANY, 4, rounds);
	return 0;
}
