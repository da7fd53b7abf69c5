/* SPDX-License-Identifier: BSD-3-Clause */
/* Packets on their way, and the NICs at both ends: segmentation, checksums, buffers. What befalls a
 * packet in between is sim_way.c's. */
#include <stdlib.h>
#include <rte_ip.h>

#include "sim.h"

#define CWR     0x80 /* RFC 3168 6.1.2 */
#define MTU_MAX 1500 /* of all plans */
#define LRO_US  200  /* that a NIC waits for more */

struct sim_pkt {
	uint64_t at, order;
	struct rte_mbuf *sent; /* the sender's own mbuf, as a driver that frees late; may be NULL */
	uint32_t len;
	uint32_t flip; /* the bit that arrives wrong, counted from 1; 0: none */
	uint8_t to;
	bool ce;
	uint8_t bytes[]; /* from the TCP header on */
};

static bool before(const struct sim_pkt *a, const struct sim_pkt *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void heap_add(struct sim *s, struct sim_pkt *p)
{
	uint32_t i = s->heap_n++;

	if (s->heap_n > s->heap_max) {
		s->heap_max = s->heap_max ? 2 * s->heap_max : 1024;
		s->heap = realloc(s->heap, s->heap_max * sizeof(*s->heap));
	}
	for (; i && before(p, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = p;
}

static struct sim_pkt *heap_take(struct sim *s)
{
	struct sim_pkt *top = s->heap[0], *last = s->heap[--s->heap_n];
	uint32_t i = 0, kid;

	while ((kid = 2 * i + 1) < s->heap_n) {
		if (kid + 1 < s->heap_n && before(s->heap[kid + 1], s->heap[kid]))
			kid++;
		if (!before(s->heap[kid], last))
			break;
		s->heap[i] = s->heap[kid];
		i = kid;
	}
	s->heap[i] = last;
	return top;
}

static void trace(struct sim *s, const char *what, int to, const struct tcp_hdr *h, uint32_t len)
{
	char flags[9] = "";
	int n = 0;

	if (!s->trace)
		return;
	for (uint32_t i = 0; i < 8; i++)
		if (h->flags & (1u << i))
			flags[n++] = "FSRPAUEC"[i];
	printf("%12.6f %s %s %u>%u %-4s seq %u+%u ack %u wnd %u opt %u\n", (double)s->now / SIM_S,
		to == SERVER ? "->" : "<-", what, be16_get(h->sport), be16_get(h->dport), flags,
		be32_get(h->seq), len - (h->off >> 4) * 4, be32_get(h->ack), be16_get(h->wnd),
		(h->off >> 4) * 4 - 20);
}

/* `as` is the packet but for its bytes. */
static void put(struct sim *s, const struct sim_pkt *as, const void *bytes)
{
	struct sim_pkt *p = malloc(sizeof(*p) + as->len);

	*p = *as;
	p->order = s->order++;
	memcpy(p->bytes, bytes, p->len);
	heap_add(s, p);
}

/* Overwrite options of a SYN with NOPs, as if the sender had never offered them. */
static void strip(const struct sim_plan *plan, uint8_t *opt, uint32_t n)
{
	static const uint8_t kind[] = {8, 4, 3, 2}; /* TS, SACK, WS, MSS */

	while (n && *opt) {
		uint32_t len = *opt == 1 ? 1 : opt[1];

		for (uint32_t i = 0; i < sizeof(kind); i++)
			if (*opt == kind[i] && (plan->strip & 1u << i))
				memset(opt, 1, len);
		opt += len;
		n -= len;
	}
}

/* One packet of at most an MTU on the wire. sent (taken) may be NULL. */
static void transmit(
	struct sim *s, int from, uint8_t *bytes, uint32_t len, uint8_t ecn, struct rte_mbuf *sent)
{
	struct tcp_hdr *h = (struct tcp_hdr *)bytes;
	uint32_t hlen = (uint32_t)(h->off >> 4) * 4;
	bool syn = h->flags & TCP_SYN;
	struct sim_fate f = sim_way_pass(s, from, len, len - hlen, syn, ecn != 0);

	if (syn && s->plan.strip) {
		strip(&s->plan, bytes + sizeof(*h), hlen - (uint32_t)sizeof(*h));
		rte_pktmbuf_free(sent); /* no longer what was sent */
		sent = NULL;
	}
	trace(s, f.ce ? "mark" : f.what, !from, h, len);
	for (int i = 0; i < 2; i++) {
		if (f.at[i] == SIM_NEVER)
			continue;
		put(s,
			&(struct sim_pkt){.at = f.at[i],
				.sent = sent,
				.len = len,
				.flip = f.flip[i],
				.to = (uint8_t)!from,
				.ce = f.ce},
			bytes);
		sent = NULL;
	}
	rte_pktmbuf_free(sent);
}

/* Cut a large packet into segments (TSO): FIN and PSH belong to the last, CWR to the first. */
static void segment(
	struct sim *s, int from, uint8_t *bytes, uint32_t len, uint8_t ecn, uint32_t mss)
{
	struct tcp_hdr *h = (struct tcp_hdr *)bytes;
	uint32_t hlen = (uint32_t)(h->off >> 4) * 4, seq = be32_get(h->seq), at = hlen;
	uint8_t flags = h->flags, one[2048];

	for (; at < len; at += mss) {
		uint32_t n = len - at < mss ? len - at : mss;

		h->seq = be32_make(seq + at - hlen);
		h->flags = at + n < len ? flags & ~(TCP_FIN | TCP_PSH) : flags;
		if (at > hlen)
			h->flags &= ~CWR;
		memcpy(one, bytes, hlen);
		memcpy(one + hlen, bytes + at, n);
		transmit(s, from, one, hlen + n, ecn, NULL);
	}
}

static void check_packet(struct sim *s, int from, const struct rte_mbuf *m)
{
	uint32_t ip = s->plan.v6 ? 40 : 20, max = m->pkt_len;
	const char *why;

	if (rte_mbuf_check(m, 1, &why) < 0)
		sim_fail(s, "bad mbuf: %s", why);
	if (pkt_meta((struct rte_mbuf *)(uintptr_t)m)->l4_len != m->pkt_len)
		sim_fail(s, "l4_len %u of %u", pkt_meta((struct rte_mbuf *)(uintptr_t)m)->l4_len,
			m->pkt_len);
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
		if (m->pkt_len - m->l4_len <= m->tso_segsz || !s->plan.gso_max[from] ||
			m->pkt_len - m->l4_len > s->plan.gso_max[from])
			sim_fail(s, "TSO of %u bytes in %u", m->pkt_len - m->l4_len, m->tso_segsz);
		max = m->l4_len + m->tso_segsz;
	}
	if (ip + max > s->plan.mtu[from])
		sim_fail(s, "packet of %u bytes, MTU %u", ip + max, s->plan.mtu[from]);
}

void sim_link_send(struct sim *s, int from, struct rte_mbuf *m)
{
	static uint8_t bytes[65536];
	uint8_t ecn = pkt_meta(m)->ecn;
	uint32_t len = m->pkt_len;
	const void *flat;

	check_packet(s, from, m);
	flat = rte_pktmbuf_read(m, 0, len, bytes);
	if (flat != bytes)
		memcpy(bytes, flat, len);
	sim_check_wire(s, from, (struct tcp_hdr *)bytes, len, ecn);
	if (m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) {
		segment(s, from, bytes, len, ecn, m->tso_segsz);
		rte_pktmbuf_free(m);
	} else {
		transmit(s, from, bytes, len, ecn, m);
	}
}

uint64_t sim_link_next(const struct sim *s)
{
	return s->heap_n ? s->heap[0]->at : SIM_NEVER;
}

/* Append n bytes to the packet *m in mbufs of at most `each` bytes. False: pool empty. */
static bool spread(struct rte_mempool *pool, struct rte_mbuf *m, const uint8_t *bytes, uint32_t n,
	uint32_t each)
{
	while (n) {
		struct rte_mbuf *seg = rte_pktmbuf_alloc(pool);
		uint32_t k = n < each ? n : each;

		if (!seg)
			return false;
		memcpy(rte_pktmbuf_append(seg, (uint16_t)k), bytes, k);
		rte_pktmbuf_chain(m, seg);
		bytes += k;
		n -= k;
	}
	return true;
}

/* p as the receiver's NIC and lib/net would hand it over; NULL: no mbuf. */
static struct rte_mbuf *arrive(struct sim *s, int host, const struct sim_pkt *p)
{
	const struct tcp_hdr *h = (const struct tcp_hdr *)p->bytes;
	struct rte_mempool *pool = s->host[host].pools->data;
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	uint32_t lead = rand_below(&s->rnd, 60), first = p->len, hlen = (uint32_t)(h->off >> 4) * 4;
	uint32_t pad = p->len < 46 ? rand_below(&s->rnd, 20) : 0;

	if (!m)
		return NULL;
	if (p->len > MTU_MAX)
		first = hlen;
	else if (s->plan.split && rand_below(&s->rnd, 2))
		first = hlen + rand_below(&s->rnd, p->len - hlen + 1);
	memset(rte_pktmbuf_append(m, (uint16_t)lead), 0xee, lead);
	memcpy(rte_pktmbuf_append(m, (uint16_t)first), p->bytes, first);
	if (first == p->len)
		memset(rte_pktmbuf_append(m, (uint16_t)pad), 0xdd, pad);
	*pkt_meta(m) = (struct pkt_meta){.src = s->host[!host].addr,
		.dst = s->host[host].addr,
		.l4_off = (uint16_t)lead,
		.l4_len = (uint16_t)p->len,
		.flags = (p->ce ? PKT_F_ECN_CE : 0) | (p->len > MTU_MAX ? PKT_F_LRO : 0),
		.ecn = p->ce ? 3 : 0,
		.verdict = PKT_TCP};
	if (first < p->len &&
		!spread(pool, m, p->bytes + first, p->len - first, 1 + rand_below(&s->rnd, 900))) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	return m;
}

/* The driver frees what it sent long ago: by then nobody may have changed it. */
static void sent_release(struct sim *s, struct sim_pkt *p)
{
	static uint8_t bytes[65536];

	if (p->sent && memcmp(rte_pktmbuf_read(p->sent, 0, p->len, bytes), p->bytes, p->len) != 0)
		sim_fail(s, "a packet changed after it was sent");
	rte_pktmbuf_free(p->sent);
	p->sent = NULL;
}

static void release(struct sim *s, struct sim_pkt *p)
{
	sent_release(s, p);
	free(p);
}

/* Flip its bit: does the receiver's checksum tell (RFC 9293 3.1)? One bit it always does. */
static bool corrupted(struct sim *s, struct sim_pkt *p)
{
	uint16_t sent = rte_raw_cksum(p->bytes, p->len);
	uint8_t bit;

	if (!p->flip)
		return false;
	bit = (uint8_t)(1u << (p->flip - 1) % 8);
	p->bytes[(p->flip - 1) / 8] ^= bit;
	if (rte_raw_cksum(p->bytes, p->len) == sent)
		sim_fail(s, "one bit flipped, the same checksum");
	p->bytes[(p->flip - 1) / 8] ^= bit;
	s->pipe[!p->to].corrupted++;
	return true;
}

static bool hand_over(struct sim *s, int host, struct sim_pkt *p, struct rte_mbuf **out)
{
	const struct tcp_hdr *h = (const struct tcp_hdr *)p->bytes;
	bool bad = corrupted(s, p);

	*out = bad ? NULL : arrive(s, host, p);
	trace(s, bad ? "bits" : *out ? "recv" : "nobf", host, h, p->len);
	if (*out)
		sim_check_delivered(s, host, h, p->len);
	return *out != NULL;
}

/* Does q go on where p ends, with the same header but for FIN and PSH? */
static bool goes_on(const struct sim_pkt *p, const struct sim_pkt *q)
{
	const struct tcp_hdr *a = (const struct tcp_hdr *)p->bytes;
	struct tcp_hdr b = *(const struct tcp_hdr *)q->bytes;
	uint32_t hlen = (uint32_t)(a->off >> 4) * 4, n = p->len - hlen;

	if (q->to != p->to || q->ce != p->ce || p->flip || q->flip || b.off != a->off || n == 0 ||
		q->len == hlen || be32_get(b.seq) != be32_get(a->seq) + n ||
		(a->flags & (TCP_FIN | TCP_SYN | TCP_RST | TCP_PSH)) || (b.flags & CWR))
		return false;
	b.seq = a->seq;
	b.cksum = a->cksum;
	b.flags = (uint8_t)((b.flags & ~(TCP_FIN | TCP_PSH)) | (a->flags & CWR));
	return memcmp(&b, a, sizeof(b)) == 0 &&
	       memcmp(p->bytes + sizeof(b), q->bytes + sizeof(b), hlen - sizeof(b)) == 0;
}

/* LRO: p (taken) with all that comes right behind it and goes on. */
static struct sim_pkt *gather(struct sim *s, int host, struct sim_pkt *p)
{
	uint32_t hlen = (uint32_t)(((struct tcp_hdr *)p->bytes)->off >> 4) * 4;

	while (s->heap_n && s->heap[0]->at <= s->now + LRO_US && goes_on(p, s->heap[0]) &&
		p->len + s->heap[0]->len <= s->plan.lro_max[host]) {
		struct sim_pkt *q = heap_take(s);

		sent_release(s, p);
		sent_release(s, q);
		p = realloc(p, sizeof(*p) + p->len + q->len);
		memcpy(p->bytes + p->len, q->bytes + hlen, q->len - hlen);
		p->len += q->len - hlen;
		((struct tcp_hdr *)p->bytes)->flags |= ((struct tcp_hdr *)q->bytes)->flags;
		free(q);
	}
	return p;
}

uint16_t sim_link_recv(struct sim *s, int host, struct rte_mbuf **pkts, uint16_t max)
{
	uint16_t n = 0;

	while (n < max && s->heap_n && s->heap[0]->at <= s->now && s->heap[0]->to == host) {
		struct sim_pkt *p = gather(s, host, heap_take(s));

		n += hand_over(s, host, p, &pkts[n]);
		release(s, p);
	}
	return n;
}

void sim_link_clear(struct sim *s)
{
	while (s->heap_n)
		release(s, heap_take(s));
}
