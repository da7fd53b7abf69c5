/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SYN cookies (RFC 4987 3.6): a half-open connection that costs us no memory, because the peer
 * keeps it. Our ISN is
 *
 *	31                                   4 3     1     0
 *	| keyed hash, 28 bits                 | MSS   | period |
 *
 * over the 4-tuple, the peer's ISN, the MSS and the other options; a forger needs 2^27 tries. The
 * key is of a period of 64 s, the lowest bit tells which of the last two. Window scale,
 * SACK-permitted and ECN travel in the low 6 bits of our timestamp, which comes back as TSecr; to a
 * peer without timestamps none of the three is offered.
 */
#include "tcp/tcp_priv.h"

#define PERIOD_US ((clock_us_t)64 * 1000 * CLOCK_US_PER_MS)
#define MSS_N     8
#define TS_BITS   0x3fu
#define TS_SACK   0x10u /* below it: the window scale */
#define TS_ECN    0x20u
#define NO_WSCALE 15u /* 14 is the largest, RFC 7323 2.3 */

/* An offer is rounded down to one of these: the floor, the default, and what Ethernet, its tunnels
 * and jumbo frames give. */
static const uint16_t mss_v4[MSS_N] = {
	TCP_MSS_FLOOR, TCP_MSS_V4, 1024, 1300, 1400, 1440, 1460, 8960};
static const uint16_t mss_v6[MSS_N] = {
	TCP_MSS_FLOOR, 1024, TCP_MSS_V6, 1340, 1380, 1420, 1440, 8940};

static const uint16_t *mss_table(const struct ip_addr *remote)
{
	return ip_is_v4(remote) ? mss_v4 : mss_v6;
}

static uint32_t mss_index(const struct tcp_record *r)
{
	const uint16_t *table = mss_table(&r->remote);
	uint16_t offer = r->mss ? r->mss : (ip_is_v4(&r->remote) ? TCP_MSS_V4 : TCP_MSS_V6);
	uint32_t i = MSS_N - 1;

	while (i && table[i] > offer)
		i--;
	return i;
}

/* Which period it is; the keys are its own and the one's before. They follow from the secret of
 * this boot, so nothing random is needed, and an old key is of no use to learn a new one. */
static uint64_t period_now(struct tcp *t)
{
	struct tcp_cookies *k = &t->cookies;
	uint64_t now = t->now_us / PERIOD_US + 1; /* 0 is never */

	if (k->period == now)
		return now;
	k->period = now;
	for (uint64_t p = now - 1; p <= now; p++)
		for (uint64_t i = 0; i < 2; i++) {
			const uint64_t in[2] = {p, i};

			k->key[p & 1].k[i] = siphash24(&t->key_isn, in, sizeof(in));
		}
	return now;
}

/* The cookie of r's connection in the period that `low` names; low: MSS and period, 4 bits. */
static uint32_t cookie_of(
	const struct tcp *t, const struct tcp_record *r, uint32_t low, uint32_t ts_bits)
{
	struct {
		struct tcp_key key;
		uint32_t irs, ts, low, zero; /* no padding is hashed */
	} in = {.irs = r->rcv_nxt - 1, .low = low};

	/* with or without timestamps: an ACK must be as its SYN was (RFC 7323 3.2) */
	in.ts = (r->flags & TCP_REC_TS) ? ts_bits : UINT32_MAX;
	tcp__record_key(r, &in.key);
	return (uint32_t)siphash24(&t->cookies.key[low & 1], &in, sizeof(in)) << 4 | low;
}

static uint32_t ts_bits_of(const struct tcp_record *r)
{
	return ((r->flags & TCP_REC_WS) ? r->wscale : NO_WSCALE) |
	       ((r->flags & TCP_REC_SACK) ? TS_SACK : 0) | ((r->flags & TCP_REC_ECN) ? TS_ECN : 0);
}

/* The latest timestamp not after `now` that says `bits`. It never lies in the future, so what we
 * send later is newer for the peer's PAWS (RFC 7323 5.3), and it grows with `now`. */
static uint32_t ts_with(uint32_t now, uint32_t bits)
{
	uint32_t ts = (now & ~TS_BITS) | bits;

	return seq_gt(ts, now) ? ts - (TS_BITS + 1) : ts;
}

/* SYNs get no record: most are taken, or new connections are too many for the buffers. */
bool tcp__cookies_only(const struct tcp *t)
{
	return t->pressure >= TCP_PRESSURE_COOKIE || t->syn.used >= t->syn.max - t->syn.max / 4;
}

/* Turn r, as the SYN filled it, into what a cookie for listener l can carry: its ISN is the cookie.
 * Returns the timestamp for the SYN-ACK, if r has them. */
uint32_t tcp__cookie_make(struct tcp *t, struct tcp_listener *l, struct tcp_record *r)
{
	uint64_t period = period_now(t);
	uint32_t bits = 0, low;
	struct tcp_key k;

	if (!(r->flags & TCP_REC_TS))
		r->flags = 0;
	else
		bits = ts_bits_of(r);
	low = mss_index(r) << 1 | (period & 1);
	r->snd_nxt = cookie_of(t, r, low, bits);
	l->cookie_period = period;
	TCP_COUNT(t, cookies_sent);
	tcp__record_key(r, &k);
	return ts_with(t->now_ms + tcp__ts_offset(t, &k), bits);
}

/* Is s the ACK of a cookie for listener l? Then *r becomes the record that we had not kept. */
bool tcp__cookie_take(struct tcp *t, const struct tcp_listener *l, const struct tcp_key *k,
	const struct tcp_seg *s, struct tcp_record *r)
{
	uint32_t cookie = s->ack - 1, low = cookie & 15, bits = s->opt.ts_ecr & TS_BITS;
	uint64_t period = period_now(t);

	/* none is out: most of the time */
	if (!l->cookie_period || period - l->cookie_period > 1 || !(s->flags & TCP_ACK) ||
		(s->flags & (TCP_SYN | TCP_RST)))
		return false;
	*r = (struct tcp_record){.remote = k->remote,
		.local = k->local,
		.lport = k->lport,
		.rport = k->rport,
		.mss = mss_table(&k->remote)[low >> 1],
		.rcv_nxt = s->seq,
		.snd_nxt = cookie,
		.ts_recent = s->opt.ts_val,
		.flags = s->opt.has_ts ? TCP_REC_TS : 0,
		.listener = (uint8_t)(l - t->listener)};
	if (cookie != cookie_of(t, r, low, bits)) {
		TCP_COUNT(t, cookies_rejected);
		return false;
	}
	if (s->opt.has_ts) {
		r->wscale = bits & 15;
		r->flags |= (r->wscale != NO_WSCALE ? TCP_REC_WS : 0) |
			    ((bits & TS_SACK) ? TCP_REC_SACK : 0) |
			    ((bits & TS_ECN) ? TCP_REC_ECN : 0);
	}
	return true;
}
