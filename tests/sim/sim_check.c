/* SPDX-License-Identifier: BSD-3-Clause */
/* What must be true at every step, on the wire and inside. */
#include <stdio.h>

#include "sim.h"

#define LATE_FIRST                                                                                 \
	10ull /* packets of a connection that are taken for lost before it knows better */
#define TRACE_US (100 * SIM_MS)

static struct sim_conn *conn_of(struct sim *s, int from, const struct tcp_hdr *h)
{
	uint32_t n = (uint32_t)(be16_get(from == CLIENT ? h->sport : h->dport) - SIM_PORT0);
	struct sim_conn *c = &s->conn[n % SIM_CONNS_MAX];

	return c->attempt == n / SIM_CONNS_MAX ? c : NULL;
}

/* The right edge that a host announces moves left by less than one unit of its scale. */
static void check_edge(struct sim *s, struct sim_conn *c, int from, const struct tcp_hdr *h)
{
	struct sim_view *v = &c->view[from];
	uint32_t shift = v->ws && c->view[!from].ws ? c->view[!from].shift : 0;
	uint32_t edge = be32_get(h->ack) + ((uint32_t)be16_get(h->wnd) << shift);

	if (!(h->flags & TCP_ACK) || !c->end[from].c || c->end[from].c->state < TCP_ESTABLISHED)
		return; /* TIME_WAIT announces nothing */
	if (v->said_valid && seq_leq(edge + (1u << shift), v->said))
		sim_fail(s, "connection %u: the window shrank by %u", c->id, v->said - edge);
	v->said = v->said_valid ? seq_max(v->said, edge) : edge;
	v->said_valid = true;
}

/* Count what goes again. A zero-window probe carries an old byte: that one does not count. */
static void count_again(
	struct sim *s, struct sim_view *v, int from, const struct tcp_hdr *h, uint32_t payload)
{
	uint32_t seq = be32_get(h->seq), end = seq + payload;

	if (v->sent_valid && seq_lt(seq, v->sent) && payload > 1)
		s->pipe[from].rtx_bytes += seq_min(end, v->sent) - seq;
	v->sent = v->sent_valid ? seq_max(v->sent, end) : end;
	v->sent_valid = true;
}

/* RFC 3168 6.1.1, 6.1.4, 6.1.5: of an agreed connection new data alone is ECT; but RFC 8257 (3.1 of
 * RFC 8311) lets DCTCP mark all. */
static void check_ecn(struct sim *s, const struct sim_conn *c, int from, const struct tcp_hdr *h,
	uint32_t payload)
{
	const struct tcp_conn *tc = c->end[from].c;
	const struct sim_view *v = &c->view[from];
	bool again = v->sent_valid && seq_lt(be32_get(h->seq), v->sent);

	if (!s->plan.ecn[CLIENT] || !s->plan.ecn[SERVER] || (tc && !(tc->flags & TCP_F_ECN)))
		sim_fail(s, "ECT without agreement");
	if ((h->flags & TCP_SYN) || ((!payload || again) && !tcp__cc[s->plan.cc[from]]->l4s))
		sim_fail(s, "ECT on a packet without new data");
}

/* A packet that `from` sends: within the window that was announced to it, once it knows one. */
void sim_check_wire(struct sim *s, int from, const struct tcp_hdr *h, uint32_t len, uint8_t ecn)
{
	struct sim_conn *c = conn_of(s, from, h);
	uint32_t payload = len - (uint32_t)(h->off >> 4) * 4, end = be32_get(h->seq) + payload;

	if (c && ecn)
		check_ecn(s, c, from, h, payload);
	if (!c || (h->flags & (TCP_RST | TCP_SYN)))
		return;
	check_edge(s, c, from, h);
	if (payload)
		count_again(s, &c->view[from], from, h, payload);
	if (payload && c->view[from].edge_valid && seq_gt(end, c->view[from].edge))
		sim_fail(s, "connection %u: sent %u bytes beyond the window", c->id,
			end - c->view[from].edge);
}

void sim_check_delivered(struct sim *s, int to, const struct tcp_hdr *h, uint32_t len)
{
	struct sim_conn *c = conn_of(s, !to, h);
	struct sim_view *v, *theirs;
	struct tcp_opts o;
	uint32_t edge;

	if (!c || (h->flags & TCP_RST))
		return;
	v = &c->view[to];
	theirs = &c->view[!to];
	if (h->flags & TCP_SYN) {
		tcp__opts_parse(&o, (const uint8_t *)(h + 1), (h->off >> 4) * 4 - 20);
		v->ws = o.has_wscale;
		v->shift = o.wscale;
	}
	if (!(h->flags & TCP_ACK))
		return;
	edge = be32_get(h->ack) +
	       ((uint32_t)be16_get(h->wnd)
		       << (!(h->flags & TCP_SYN) && v->ws && theirs->ws ? v->shift : 0));
	v->edge = v->edge_valid ? seq_max(v->edge, edge) : edge;
	v->edge_valid = true;
}

static void check_timer(struct sim *s, const struct tcp_conn *c)
{
	bool flight = c->snd_nxt != c->snd_una, dirty = c->flags & TCP_F_DIRTY;

	if (flight && !c->t_rtx)
		sim_fail(s, "%s: bytes in flight, no timer", tcp_state_name(c->state));
	if (!flight && !dirty && tcp__snd_end(c) != c->snd_nxt && !c->t_rtx)
		sim_fail(s, "%s: bytes to send, no timer", tcp_state_name(c->state));
	if ((c->t_rtx || c->t_ack) && !dirty) {
		if (!wheel_armed(&c->timer))
			sim_fail(s, "%s: deadline, no wheel node", tcp_state_name(c->state));
		if (c->t_rtx && seq_gt(c->timer.at, c->t_rtx))
			sim_fail(s, "wheel node later than t_rtx");
		if (flight && c->flight && c->flight->t_reorder &&
			seq_gt(c->timer.at, c->flight->t_reorder))
			sim_fail(s, "wheel node later than t_reorder");
		if (c->t_ack && seq_gt(c->timer.at, c->t_ack))
			sim_fail(s, "wheel node later than t_ack");
	}
	if ((c->flags & TCP_F_ACK_NOW) && !dirty && c->state != TCP_SYN_RCVD)
		sim_fail(s, "%s: an ACK is owed, nobody will send it", tcp_state_name(c->state));
}

/* The runs tile what is in flight, and the sums of their queues are right. */
static void check_flight(struct sim *s, const struct tcp *t, const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	uint32_t bytes[TCP_RUN_STATES] = {0}, at = c->snd_una;
	bool sacked = false;

	if (!f) {
		if (c->state >= TCP_ESTABLISHED && c->snd_nxt != c->snd_una)
			sim_fail(s, "bytes in flight, no flight");
		return;
	}
	for (uint32_t i = f->runs.head; i; i = t->run[i - 1].next) {
		const struct tcp_run *r = &t->run[i - 1];

		if (r->start != at || !seq_lt(r->start, r->end))
			sim_fail(s, "run %u..%u at %u", r->start, r->end, at);
		if (r->state == TCP_RUN_SACKED && sacked)
			sim_fail(s, "two SACKed runs side by side");
		sacked = r->state == TCP_RUN_SACKED;
		bytes[r->state] += r->end - r->start;
		at = r->end;
	}
	if (at != c->snd_nxt)
		sim_fail(s, "runs end at %u, snd_nxt is %u", at, c->snd_nxt);
	for (int i = 0; i < TCP_RUN_STATES; i++) {
		uint32_t sum = 0, last = 0;

		for (uint32_t j = f->queue[i].head; j; j = t->run[j - 1].q_next) {
			const struct tcp_run *r = &t->run[j - 1];

			if (i == TCP_RUN_OUT && sum && seq_lt(r->sent_us, last))
				sim_fail(s, "OUT is not sorted by time");
			sum += r->end - r->start;
			last = r->sent_us;
		}
		if (sum != bytes[i] || sum != f->bytes[i])
			sim_fail(s, "state %d: %u bytes, queue %u, sum %u", i, bytes[i], sum,
				f->bytes[i]);
	}
}

static void check_conn(struct sim *s, const struct tcp *t, const struct tcp_conn *c)
{
	uint32_t end = tcp__snd_end(c), sent;

	if (seq_gt(c->snd_una, c->snd_nxt) || seq_gt(c->snd_nxt, end))
		sim_fail(s, "una %u nxt %u end %u", c->snd_una, c->snd_nxt, end);
	if (c->cwnd < tcp__payload_max(c) || c->cwnd > UINT32_MAX / 4)
		sim_fail(s, "%s: cwnd %u below %u", tcp_cc_name(c->cc), c->cwnd,
			tcp__payload_max(c));
	if (c->state > TCP_SYN_SENT && seq_gt(c->rcv_nxt, c->rcv_adv))
		sim_fail(s, "rcv_nxt beyond rcv_adv");
	if (c->rx.bytes > c->rcv_limit + (1u << c->rcv_wscale))
		sim_fail(s, "rx holds %u of %u", c->rx.bytes, c->rcv_limit);
	sent = c->state < TCP_ESTABLISHED ? 0 : c->snd_nxt - c->snd_una;
	if (sent > c->tx.bytes)
		sent = c->tx.bytes; /* and the FIN */
	if ((c->nxt_seg == NULL) != (sent == c->tx.bytes))
		sim_fail(s, "%s: nxt_seg %p with %u of %u sent", tcp_state_name(c->state),
			(void *)c->nxt_seg, sent, c->tx.bytes);
	check_timer(s, c);
	check_flight(s, t, c);
}

/* How the sender sees it, whenever its mind changes and now and then. */
static void trace(struct sim *s, struct sim_end *e, const struct tcp_conn *c)
{
	const struct tcp_flight *f = c->flight;
	static const char *const ca[] = {"open", "recovery", "loss"};

	if (!s->trace || !f ||
		(e->ca == f->ca && e->ssthresh == c->ssthresh && s->now < e->traced_at + TRACE_US))
		return;
	e->ca = f->ca;
	e->ssthresh = c->ssthresh;
	e->traced_at = s->now;
	printf("%12.6f %s %s cwnd %u ssthresh %u out %u lost %u sacked %u srtt %u\n",
		(double)s->now / SIM_S, e->host == CLIENT ? "|." : ".|", ca[f->ca], c->cwnd,
		c->ssthresh, f->bytes[TCP_RUN_OUT], f->bytes[TCP_RUN_LOST],
		f->bytes[TCP_RUN_SACKED], c->srtt);
}

/* RFC 6928: the first window; RFC 7661 4.4: it grows while half of it or more is used, so what was
 * ever in flight bounds it. A model of the path follows its measurements instead. */
static void check_cwnd(struct sim *s, struct sim_end *e, const struct tcp_conn *c)
{
	uint32_t most;

	e->flight_max = RTE_MAX(e->flight_max, c->snd_nxt - c->snd_una);
	most = 3 * e->flight_max + 2 * tcp__initial_window(c->mss);
	if (c->cwnd > most && sim_watched(s) && !tcp__cc[c->cc]->model)
		sim_fail(s, "%s: cwnd %u at MSS %u, never more than %u in flight",
			tcp_cc_name(c->cc), c->cwnd, c->mss, e->flight_max);
}

void sim_check_conns(struct sim *s)
{
	for (int h = 0; h < HOSTS; h++) {
		struct tcp *t = s->host[h].t;

		for (uint32_t i = 0; i < t->cfg.conns; i++) {
			const struct tcp_conn *c = tcp_conn_at(t, i);
			struct sim_end *e = c ? c->owner : NULL;

			if (!c)
				continue;
			check_conn(s, t, c);
			if (!e || c->state <= TCP_SYN_SENT)
				continue;
			trace(s, e, c);
			check_cwnd(s, e, c);
			if (e->adv_valid && seq_lt(c->rcv_adv, e->adv))
				sim_fail(s, "the announced edge moved left");
			e->adv = c->rcv_adv;
			e->adv_valid = true;
		}
	}
}

/* RFC 8985 6.2: reordering of up to RTT / 4 costs the first packets that are late, until the window
 * of reordering has learned of it; later hardly any. */
static void check_late(struct sim *s)
{
	const struct sim_pipe *p = &s->pipe[CLIENT];
	uint64_t most = p->bytes / 100 + s->plan.conns * LATE_FIRST * s->plan.mtu[CLIENT];

	if (s->plan.late_only && p->rtx_bytes > most)
		sim_fail(s, "%lu of %lu bytes went again, nothing was lost",
			(unsigned long)p->rtx_bytes, (unsigned long)p->bytes);
}

void sim_check_end(struct sim *s)
{
	check_late(s);
	for (int h = 0; h < HOSTS; h++) {
		const struct tcp *t = s->host[h].t;
		struct tcp_info info;

		tcp_info(t, &info);
		if (info.conns || info.syns || info.time_waits || info.exts || info.orphans)
			sim_fail(s,
				"host %d: left over %u connections, %u half-open, %u TIME_WAIT, "
				"%u exts",
				h, info.conns, info.syns, info.time_waits, info.exts);
		if (t->wheel.armed || t->pace.armed)
			sim_fail(s, "host %d: %u timers left, %u for pacing", h, t->wheel.armed,
				t->pace.armed);
		if (t->runs_free != t->cfg.runs)
			sim_fail(s, "host %d: %u runs leaked", h, t->cfg.runs - t->runs_free);
		if (buf_pools_in_use(s->host[h].pools))
			sim_fail(s, "host %d: %u mbufs leaked", h,
				buf_pools_in_use(s->host[h].pools));
	}
}
