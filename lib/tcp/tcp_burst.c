/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stage 3 begins here: a burst of packets is parsed and looked up as one, so that memory is fetched
 * for all of them while the first are worked on.
 *
 *   parse   header and options; a hash where the flow is not that of the packet before; its bucket
 *           is fetched
 *   fetch   the connection that the bucket names
 *   input   in order of arrival. Consecutive segments of a flow need no lookup, and where they are
 *           the next bytes and no more (tcp__text_input), no look at ACK, window and state either
 *
 * All that leaves is programmed and leaves once a poll: one ACK and one event a connection and
 * burst.
 */
#include <errno.h>

#include "tcp/tcp_priv.h"

#define BURST 32

#define BACK 4 /* so many slots back we look for the same flow */

/* What a packet of the burst is. */
enum kind {
	ICMP,
	BAD,
	FIRST, /* a segment of a flow not seen lately */
	AGAIN, /* of the same flow as one of the last few */
	SAME,  /* of the same flow as the one before */
};

struct slot {
	struct tcp_seg s;
	struct tcp_key k; /* FIRST and above */
	uint32_t hash;    /* of k */
	uint8_t kind;
};

/* Header and options into *s. 0 or -EINVAL. */
static int seg_parse(struct tcp_seg *s, struct rte_mbuf *m)
{
	const struct pkt_meta *meta = pkt_meta(m);
	const struct tcp_hdr *h = rte_pktmbuf_mtod_offset(m, const struct tcp_hdr *, meta->l4_off);
	uint32_t there = rte_pktmbuf_data_len(m) - meta->l4_off;

	if (meta->l4_off > rte_pktmbuf_data_len(m) || there < sizeof(*h))
		return -EINVAL;
	s->hlen = (uint8_t)((h->off >> 4) * 4);
	if (s->hlen < sizeof(*h) || s->hlen > meta->l4_len || s->hlen > there ||
		(uint32_t)meta->l4_off + meta->l4_len > rte_pktmbuf_pkt_len(m))
		return -EINVAL;
	s->m = m;
	s->meta = meta;
	s->sport = be16_get(h->sport);
	s->dport = be16_get(h->dport);
	s->seq = be32_get(h->seq);
	s->ack = be32_get(h->ack);
	s->wnd = be16_get(h->wnd);
	s->flags = h->flags;
	s->len = meta->l4_len - s->hlen;
	s->end = s->seq + s->len + ((s->flags & TCP_SYN) != 0) + ((s->flags & TCP_FIN) != 0);
	return tcp__opts_parse(&s->opt, (const uint8_t *)(h + 1), s->hlen - (uint32_t)sizeof(*h));
}

static bool same_flow(const struct tcp_seg *a, const struct tcp_seg *b)
{
	return a->sport == b->sport && a->dport == b->dport &&
	       ip_addr_eq(&a->meta->src, &b->meta->src) && ip_addr_eq(&a->meta->dst, &b->meta->dst);
}

/* The connection that s may belong to. */
static void key_fill(const struct tcp *t, struct slot *b)
{
	const struct tcp_seg *s = &b->s;

	/* -1: no connection has this address */
	b->k = (struct tcp_key){
		s->meta->src, (uint16_t)tcp__local_index(t, &s->meta->dst), s->dport, s->sport, 0};
	b->hash = tcp__hash(t, &b->k);
}

/* The key of b, which is slot i, from a slot before it or made anew. */
static void flow_find(const struct tcp *t, struct slot *b, uint16_t i)
{
	for (uint16_t back = 1; back <= RTE_MIN(i, BACK); back++) {
		const struct slot *o = b - back;

		if (o->kind < FIRST || !same_flow(&o->s, &b->s))
			continue;
		b->kind = back == 1 ? SAME : AGAIN;
		b->k = o->k;
		b->hash = o->hash;
		return;
	}
	b->kind = FIRST;
	key_fill(t, b);
	tcp__table_fetch(t, b->hash);
}

static void parse(struct tcp *t, struct slot *b, struct rte_mbuf *m, uint16_t i)
{
	b->s = (struct tcp_seg){.m = m};
	if (pkt_meta(m)->flags & PKT_F_ICMP_ERR) {
		b->kind = ICMP;
	} else if (seg_parse(&b->s, m) < 0) {
		TCP_COUNT(t, drop_short);
		b->kind = BAD;
	} else {
		TCP_COUNT(t, rx_segments);
		flow_find(t, b, i);
	}
}

/* s is one of c's: the short way where it brings bytes and no more. */
static void conn_input(struct tcp *t, struct tcp_conn *c, struct tcp_seg *s)
{
	if (!tcp__text_input(t, c, s))
		tcp__conn_input(t, c, s);
}

/* A segment whose flow is looked up. Its connection, or NULL. */
static struct tcp_conn *segment_input(struct tcp *t, struct slot *b)
{
	const struct pkt_meta *meta = b->s.meta;
	uint32_t idx = 0;

	if (ip_is_multicast(&meta->src) || ip_is_multicast(&meta->dst) ||
		ip_is_unspecified(&meta->src)) {
		TCP_COUNT(t, drop_broadcast);
		return NULL;
	}
	if (b->k.local == UINT16_MAX) /* a packet before may have made it known */
		key_fill(t, b);
	switch (tcp__table_find(t, &b->k, b->hash, &idx)) {
	case TCP_KIND_CONN:
		conn_input(t, &t->conn[idx], &b->s);
		return &t->conn[idx];
	case TCP_KIND_SYN:
		tcp__syn_input(t, &t->syn.rec[idx], &b->s);
		return NULL;
	case TCP_KIND_TW:
		if (!tcp__time_wait_input(t, &t->tw.rec[idx], &b->s))
			return NULL;
		break;
	case TCP_KIND_NONE:
		break;
	}
	tcp__listen_input(t, &b->k, &b->s);
	return NULL;
}

/* b, which follows a segment of c (NULL: of none). The connection that it belongs to, or NULL. */
static struct tcp_conn *slot_input(struct tcp *t, struct slot *b, struct tcp_conn *c)
{
	if (b->kind == ICMP)
		tcp__icmp_input(t, b->s.m);
	if (b->kind < FIRST)
		return NULL;
	if (b->kind != SAME || !c || c->state == TCP_CLOSED)
		return segment_input(t, b);
	conn_input(t, c, &b->s);
	return c;
}

static void burst_input(struct tcp *t, struct rte_mbuf **pkts, uint16_t n)
{
	struct slot b[BURST];
	struct tcp_conn *c = NULL;

	for (uint16_t i = 0; i < n; i++)
		parse(t, &b[i], pkts[i], i);
	for (uint16_t i = 0; i < n; i++)
		if (b[i].kind == FIRST)
			tcp__table_fetch_conn(t, b[i].hash);
	for (uint16_t i = 0; i < n; i++) {
		c = slot_input(t, &b[i], c);
		rte_pktmbuf_free(b[i].s.m);
	}
}

void tcp_input(struct tcp *t, struct rte_mbuf **pkts, uint16_t n, clock_us_t now)
{
	tcp__clock_set(t, now);
	while (n) {
		uint16_t k = RTE_MIN(n, BURST);

		burst_input(t, pkts, k);
		pkts += k;
		n -= k;
	}
}
