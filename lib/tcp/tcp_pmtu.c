/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Path MTU: how c->mss follows what the path carries (RFC 1191, RFC 8201; RFC 4821 in part).
 *
 *   down  a router says so ("packet too big"): at once while no full segment was ever carried;
 *         later only once the segment that it quotes has timed out, because then the news may be
 *         forged, and a segment that gets through refutes it (RFC 5927 7.2)
 *   down  full segments time out twice in a row, and nobody says why: a black hole (RFC 4821 7.7).
 *         One step of the table below
 *   up    one step each 10 minutes (RFC 1191 6.3). But what once was carried is tried again after
 *         10 seconds: it may have been an outage
 *
 * A size is on trial until all of a full segment beyond what was in flight is acknowledged. Nothing
 * is sent from here: whoever lowers c->mss is in a timeout, or sends again what is in flight.
 */
#include "tcp/tcp_priv.h"

#define LEAST_V4 576  /* RFC 1122 3.3.2: every host takes that */
#define LEAST_V6 1280 /* RFC 8200 5 */
#define TIMEOUTS 2    /* of full segments, in a row */
#define RAISE_MS 600000
#define AGAIN_MS 10000

/* MTUs: jumbo frames, Ethernet, with a tunnel's headers, IPv6's least, IPv4's (RFC 8899 5.3). */
static const uint16_t steps[] = {576, 1280, 1400, 1500, 9000};

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

static void lower(struct tcp *t, struct tcp_conn *c, uint16_t mss)
{
	struct tcp_flight *f = c->flight;

	if (!f->pmtu_top)
		f->pmtu_top = c->mss;
	c->mss = mss;
	f->pmtu_trial = false;
	f->pmtu_pending = 0;
	f->pmtu_timeouts = 0;
	f->pmtu_ms = t->now_ms;
}

/* A router wants packets of at most mtu bytes (0: it does not say, RFC 1191 5), about our segment
 * at seq, which is in flight. True: c->mss is less now, and all in flight must go again. */
bool tcp__pmtu_too_big(struct tcp *t, struct tcp_conn *c, uint32_t seq, uint16_t mtu)
{
	struct tcp_flight *f = c->flight;
	uint16_t mss = mtu ? RTE_MAX(mss_of(c, RTE_MAX(mtu, LEAST_V4)), least(c)) : step_down(c);

	/* the packet was not too big for that, or so small that none is (RFC 8201 4) */
	if (!f || c->state < TCP_ESTABLISHED || !mss || mss >= c->mss) {
		TCP_COUNT(t, drop_icmp);
		return false;
	}
	if (f->pmtu_carried >= c->mss) {
		/* the first one stays: it is true, or refuted soonest */
		if (!f->pmtu_pending) {
			f->pmtu_pending = mss;
			f->pmtu_seq = seq;
		}
		return false;
	}
	TCP_COUNT(t, pmtu_lowered);
	lower(t, c, mss);
	f->pmtu_carried = RTE_MIN(f->pmtu_carried, mss);
	return true;
}

/* The retransmission timer expired; all in flight will go again, in segments of c->mss. */
void tcp__pmtu_timeout(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	uint16_t mss;

	if (f && f->pmtu_pending) {
		TCP_COUNT(t, pmtu_lowered);
		f->pmtu_carried = f->pmtu_pending;
		lower(t, c, f->pmtu_pending);
		return;
	}
	if (!f || c->snd_nxt - c->snd_una < tcp__payload_max(c) || ++f->pmtu_timeouts < TIMEOUTS)
		return;
	f->pmtu_timeouts = 0;
	mss = step_down(c);
	if (!mss)
		return;
	TCP_COUNT(t, pmtu_black_holes);
	/* carried before, and again not: the path has changed */
	if (f->pmtu_trial || !f->pmtu_carried)
		f->pmtu_carried = mss;
	lower(t, c, mss);
}

/* Time for a larger size? Not while losses are being repaired, nor where the window could not spare
 * a segment of it (RFC 4821 7.4). */
static void raise_mss(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;
	bool again = c->mss < f->pmtu_carried;
	uint16_t mss = again ? f->pmtu_carried : step_up(c, f->pmtu_top);

	if (mss <= c->mss || t->now_ms - f->pmtu_ms < (again ? AGAIN_MS : RAISE_MS) ||
		f->ca != TCP_CA_OPEN || c->cwnd < 2u * mss)
		return;
	c->mss = mss;
	f->pmtu_trial = true;
	f->pmtu_end = c->snd_nxt + mss;
	f->pmtu_ms = t->now_ms;
	TCP_COUNT(t, pmtu_raised);
}

/* snd_una has moved. */
void tcp__pmtu_acked(struct tcp *t, struct tcp_conn *c)
{
	struct tcp_flight *f = c->flight;

	if (!f)
		return;
	f->pmtu_timeouts = 0;
	if (f->pmtu_pending && seq_gt(c->snd_una, f->pmtu_seq)) {
		TCP_COUNT(t, drop_icmp);
		f->pmtu_pending = 0;
	}
	if (f->pmtu_trial) {
		if (seq_lt(c->snd_una, f->pmtu_end))
			return;
		f->pmtu_trial = false;
		f->pmtu_carried = RTE_MAX(f->pmtu_carried, c->mss);
	} else if (!f->pmtu_carried) {
		f->pmtu_trial = true;
		f->pmtu_end = c->snd_una + c->mss;
	} else if (f->pmtu_top) {
		raise_mss(t, c);
	}
}
