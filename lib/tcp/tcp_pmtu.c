/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU: how c->mss follows what the path carries (RFC 1191, RFC 8201, RFC 4821, RFC 8899).
 * Sizes here are values of c->mss. A connection begins with mss_max, what the peer and our port
 * allow; where the path carries that, nothing is searched and no probe is sent.
 *
 *   state      c->mss is                 what ends it
 *   COMPLETE   all that is expected to   below mss_max: 600 s -> SEARCHING
 *              pass
 *   SEARCHING  what a segment had that   the probe of the next step is acknowledged: c->mss is
 *              was acknowledged          that, and SEARCHING goes on; it is lost three times, or
 *                                        there is no next step -> COMPLETE
 *   BASE       1280 bytes of IP          a full segment is acknowledged -> SEARCHING
 *   ERROR      576 bytes (IPv4)          the same
 *   any                                  two timeouts of full segments in a row, and nobody says
 *                                        why: a black hole -> BASE, and from there -> ERROR
 *   any                                  a router says so -> COMPLETE with its size; see below
 *
 * A probe is one segment of new data. It is DUE when pmtu_at has come, leaves where its loss would
 * be found soon (may_probe), and is OUT until one of these:
 *   acknowledged       by SACK or not: its size is carried
 *   lost, it alone     its size is too large. It goes again in segments of c->mss, at once, and
 *                      congestion control does not hear of it (RFC 4821 7.6.2)
 *   anything else      that has it sent again: nothing was learnt (RFC 4821 7.6.4)
 *
 * A router's word ("packet too big") counts at once while no full segment of c->mss was ever
 * acknowledged; later only once the segment that it quotes has timed out, because then the news may
 * be forged, and a segment that gets through refutes it (RFC 5927 7.2). About a probe it only tells
 * where the search ends.
 *
 * RFC SAYS (8899 5.2) begin in BASE and search upwards. WE DO begin in COMPLETE at the top, as RFC
 * 1191 does: most paths carry it, and TCP finds out from its data where one does not.
 * RFC SAYS (8899 4.6.2) a router's word leads to BASE. WE DO go on with its size: what is lost
 * behind it is sent again anyway, and a black hole would be found.
 * RFC SAYS (8899 5.1.1) two timers, for probes and for confirmation. WE DO leave that to the
 * detection of losses and to the data.
 */
#include "tcp/tcp_priv.h"

#define LEAST_V4   576            /* RFC 1122 3.3.2: every host takes that */
#define LEAST_V6   1280           /* RFC 8200 5 */
#define BASE       1280           /* RFC 8899 5.1.2 BASE_PLPMTU */
#define TIMEOUTS   2              /* of full segments, in a row */
#define MAX_PROBES 3              /* RFC 8899 5.1.2 */
#define RAISE_MS   600000         /* RFC 8899 5.1.2 PMTU_RAISE_TIMER */
#define AGAIN_MS   1000           /* after a probe that was lost */
#define BEHIND     TCP_DUP_THRESH /* full segments that follow a probe, so that its loss shows */

/* MTUs (RFC 8899 5.3): IPv4's least, IPv6's, with the headers of tunnels (IPsec, WireGuard, VXLAN,
 * GRE, PPPoE), Ethernet, the same with jumbo frames. */
static const uint16_t steps[] = {
	576, 1280, 1400, 1420, 1450, 1460, 1476, 1492, 1500, 4352, 8500, 8950, 9000};

static uint16_t mss_of(const struct tcp_conn *c, uint16_t mtu)
{
	struct tcp_path p = {.mtu = mtu};

	return tcp__mss_of(&p, ip_is_v4(&c->remote));
}

static uint16_t least(const struct tcp_conn *c)
{
	return mss_of(c, ip_is_v4(&c->remote) ? LEAST_V4 : LEAST_V6);
}

/* The next step below c->mss, or 0. */
static uint16_t step_down(const struct tcp_conn *c)
{
	for (uint32_t i = RTE_DIM(steps); i > 0; i--) {
		uint16_t mss = mss_of(c, steps[i - 1]);

		if (mss < c->mss)
			return mss >= least(c) ? mss : 0;
	}
	return 0;
}

/* The next one above, at most `top`. */
static uint16_t step_up(const struct tcp_conn *c, uint16_t top)
{
	for (uint32_t i = 0; i < RTE_DIM(steps); i++) {
		uint16_t mss = mss_of(c, steps[i]);

		if (mss > c->mss)
			return RTE_MIN(mss, top);
	}
	return top;
}

static void complete(struct tcp *t, struct tcp_flight *f)
{
	f->pmtu_state = TCP_PMTU_COMPLETE;
	f->pmtu_at = t->now_ms + RAISE_MS;
}

/* What to probe next, if anything. */
static void search(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (c->mss >= f->pmtu_high) {
		complete(t, f);
		return;
	}
	f->pmtu_state = TCP_PMTU_SEARCHING;
	f->pmtu_size = step_up(c, f->pmtu_high);
	f->pmtu_lost = 0;
	f->pmtu_at = t->now_ms;
}

static void search_begin(struct tcp *t, struct tcp_conn *c)
{
	c->flight->pmtu_high = c->mss_max;
	search(t, c);
}

/* c->mss is mss from now on, in that state; whether it is carried will show. */
static void lower(struct tcp *t, struct tcp_conn *c, uint16_t mss, uint8_t state)
{
	struct tcp_flight *f = c->flight;

	c->mss = mss;
	tcp__pmtu_start(t, c);
	f->pmtu_state = state;
	f->pmtu_probe = TCP_PROBE_NONE;
	f->pmtu_carried = false;
	f->pmtu_pending = 0;
	f->pmtu_timeouts = 0;
}

/* A flight begins, or begins again from snd_una. */
void tcp__pmtu_start(struct tcp *t, struct tcp_conn *c)
{
	c->flight->pmtu_end = c->snd_una + c->mss;
	complete(t, c->flight);
}

/* Is seq that of the probe that is out? No other segment begins within it. */
static bool is_probe(const struct tcp_flight *f, uint32_t seq)
{
	return f->pmtu_probe == TCP_PROBE_OUT && seq_geq(seq, f->pmtu_end - f->pmtu_size) &&
	       seq_lt(seq, f->pmtu_end);
}

/* A router wants packets of at most mtu bytes (0: it does not say, RFC 1191 5), about our segment
 * at seq, which is in flight. True: c->mss is less now, and all in flight must go again. */
bool tcp__pmtu_too_big(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint16_t mtu)
{
	struct tcp_flight *f = c->flight;
	bool probe = f && is_probe(f, seq);
	uint16_t mss = mtu     ? RTE_MAX(mss_of(c, RTE_MAX(mtu, LEAST_V4)), least(c))
		       : probe ? c->mss
			       : step_down(c);

	if (probe && mss >= c->mss && mss < f->pmtu_size) {
		TCP_COUNT(t, pmtu_probes_refused);
		f->pmtu_high = mss;
		return false;
	}
	/* the packet was not too big for that, or so small that none is (RFC 8201 4) */
	if (!f || c->state < TCP_ESTABLISHED || !mss || mss >= c->mss) {
		TCP_COUNT(t, drop_icmp);
		return false;
	}
	if (f->pmtu_carried) {
		/* the first one stays: it is true, or refuted soonest */
		if (!f->pmtu_pending) {
			f->pmtu_pending = mss;
			f->pmtu_seq = seq;
		}
		return false;
	}
	TCP_COUNT(t, pmtu_lowered);
	lower(t, c, mss, TCP_PMTU_COMPLETE);
	return true;
}

/* The retransmission timer expired; all in flight will go again, in segments of c->mss. */
void tcp__pmtu_timeout(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	uint16_t base = mss_of(c, BASE);

	if (f->pmtu_pending) {
		TCP_COUNT(t, pmtu_lowered);
		lower(t, c, f->pmtu_pending, TCP_PMTU_COMPLETE);
		return;
	}
	if (c->snd_nxt - c->snd_una < tcp__payload_max(c) || ++f->pmtu_timeouts < TIMEOUTS)
		return;
	f->pmtu_timeouts = 0;
	if (c->mss <= least(c))
		return; /* an outage */
	TCP_COUNT(t, pmtu_black_holes);
	if (c->mss > base)
		lower(t, c, base, TCP_PMTU_BASE);
	else
		lower(t, c, least(c), TCP_PMTU_ERROR);
}

/* May the probe that is due leave now, with len bytes? There must be more behind it, and a window
 * for that, so that its loss needs no timeout to be found; and nothing may be missing, nor have
 * overtaken what is (RFC 4821 7.4). */
bool tcp__pmtu_may_probe(const struct tcp_conn *c, uint32_t len)
{
	const struct tcp_flight *f = c->flight;
	uint32_t need = len + BEHIND * tcp__payload_max(c);

	return f->ca == TCP_CA_OPEN && f->bytes[TCP_RUN_OUT] == c->snd_nxt - c->snd_una &&
	       tcp__snd_end(c) - c->snd_nxt >= need && c->cwnd >= need && c->snd_wnd >= need;
}

/* It has left, up to snd_nxt. */
void tcp__pmtu_sent(struct tcp *t, struct tcp_conn *c)
{
	c->flight->pmtu_probe = TCP_PROBE_OUT;
	c->flight->pmtu_end = c->snd_nxt;
	TCP_COUNT(t, pmtu_probes);
}

/* Something is LOST, and nothing is being recovered. True: it is the probe and no more, which is no
 * sign of congestion (RFC 4821 7.6.2, RFC 8899 3 (7)). */
bool tcp__pmtu_probe_lost(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	const struct tcp_run *r = tcp__run_first(t, f, TCP_RUN_LOST);

	if (likely(!r->probe) || f->bytes[TCP_RUN_LOST] != r->end - r->start)
		return false;
	if (f->pmtu_probe != TCP_PROBE_OUT)
		return true; /* seen before, and still to be sent again */
	TCP_COUNT(t, pmtu_probes_lost);
	f->pmtu_probe = TCP_PROBE_NONE;
	f->pmtu_at = t->now_ms + AGAIN_MS;
	if (f->pmtu_size > f->pmtu_high)
		search(t, c); /* a router said what would fit */
	else if (++f->pmtu_lost == MAX_PROBES)
		complete(t, f);
	return true;
}

static void probe_acked(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	TCP_COUNT(t, pmtu_raised);
	c->mss = f->pmtu_size;
	if (c->mss > f->pmtu_high) /* who said that it would not fit was wrong */
		f->pmtu_high = c->mss_max;
	search(t, c);
}

/* snd_una has moved; or what is a probe was SACKed. */
void tcp__pmtu_acked(struct tcp *t, struct tcp_conn *c, bool probe)
{
	struct tcp_flight *f = c->flight;

	f->pmtu_timeouts = 0;
	if (f->pmtu_pending && seq_gt(c->snd_una, f->pmtu_seq)) {
		TCP_COUNT(t, drop_icmp);
		f->pmtu_pending = 0;
	}
	if (f->pmtu_probe == TCP_PROBE_OUT) {
		if (probe)
			probe_acked(t, c);
		else if (seq_lt(c->snd_una, f->pmtu_end))
			return;
		f->pmtu_probe = TCP_PROBE_NONE;
	}
	if (!f->pmtu_carried) {
		if (seq_lt(c->snd_una, f->pmtu_end))
			return;
		f->pmtu_carried = true;
		if (f->pmtu_state >= TCP_PMTU_BASE)
			search_begin(t, c);
	}
	if (c->mss >= c->mss_max || f->pmtu_probe || seq_gt(f->pmtu_at, t->now_ms) ||
		!(c->flags & TCP_F_SACK))
		return;
	if (f->pmtu_state == TCP_PMTU_COMPLETE)
		search_begin(t, c);
	f->pmtu_probe = TCP_PROBE_DUE;
}
