/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR, version 1 (draft-cardwell-iccrg-bbr-congestion-control-00, whose functions are cited). Sends
 * at the rate at which the path delivers, with about two bandwidth-delay products in flight:
 *
 *   STARTUP --(three rounds without 25 % more bandwidth)--> DRAIN
 *   DRAIN --(no more than one BDP in flight)--> PROBE_BW, eight phases of pacing, one RTT each
 *   any --(no smaller RTT for 10 s)--> PROBE_RTT, four segments for 200 ms --> PROBE_BW or STARTUP
 *
 * A round ends when what was sent after its begin is delivered. ssthresh is not used; nor is ECN.
 *
 * Where many flows share a queue, the most of ten rounds is more than the share of each, and what
 * is too much is lost. Two things end that, both only where more is lost than any path loses by
 * itself: STARTUP ends at once, and the mean of some rounds (lt_bw) is used instead of the most,
 * until it has been for long enough.
 */
#include "tcp/tcp_cc.h"

#define BW_ROUNDS    10       /* window of the bandwidth filter: BtlBwFilterLen */
#define BW_SHIFT     4        /* bandwidth is counted in 16 bytes a second: 68 GB/s in 32 bits */
#define RTPROP_US    10000000 /* window of the RTT filter: RTpropFilterLen */
#define PROBE_RTT_US 200000   /* time with little in flight: ProbeRTTDuration */
#define PHASES       8
#define GAIN_ONE     256
#define GAIN_HIGH    739 /* 2 / ln 2: BBRHighGain */
#define GAIN_DRAIN   88
#define GAIN_CWND    (2 * GAIN_ONE)
#define FULL_ROUNDS  3
#define HEAVY        5 /* loss of one in so many delivered is no chance; LT_*, too, as Linux */
#define HEAVY_SEGS   8 /* nor are so many in a round; three of ten happen at 3 % */
#define LT_MIN       4 /* rounds of a long-term interval */
#define LT_MAX       16
#define LT_NEAR      8  /* two that differ by less than one in so many agree */
#define LT_USE       48 /* rounds that their mean is used */

enum mode { STARTUP, DRAIN, PROBE_BW, PROBE_RTT };

struct bbr {
	uint64_t rate;          /* pacing, bytes a second */
	uint32_t bw[BW_ROUNDS]; /* most of the rounds up to bw_round, as BW_SHIFT says */
	uint32_t btl_bw;        /* most of these */
	uint32_t bw_round;      /* the last round with a sample */
	uint32_t round;
	uint32_t round_end;  /* value of flight->delivered */
	uint32_t round_from; /* that at its begin */
	uint32_t round_lost; /* bytes lost in it, in STARTUP */
	uint32_t lt_bw;      /* of the last long-term interval, or of two when lt_use; 0: none */
	uint32_t lt_from;    /* flight->delivered when this one began */
	uint32_t lt_us;      /* when that was */
	uint32_t lt_lost;    /* bytes lost since */
	uint32_t rtprop;     /* least RTT, us; 0: none */
	uint32_t rtprop_us;  /* when that was */
	uint32_t full_bw;    /* btl_bw when it last grew by 25 % */
	uint32_t cycle_us;   /* when this phase began */
	uint32_t probe_us;   /* PROBE_RTT ends then, when probe_timed */
	uint32_t prior_cwnd; /* before a recovery or PROBE_RTT */
	uint8_t mode;
	uint8_t phase;
	uint8_t full_n;    /* rounds without growth */
	uint8_t lt_rounds; /* of this interval, or of lt_use */
	bool lt_on;        /* an interval runs */
	bool lt_use;       /* lt_bw holds */
	bool filled;       /* the path was full once */
	bool recovering;   /* since on_loss, until TCP_CA_OPEN */
	bool conserve;     /* the first round of that */
	bool idle;         /* nothing was left in flight, and nothing to send */
	bool probe_timed;  /* PROBE_RTT: in flight is little since probe_us - PROBE_RTT_US */
	bool probe_round;  /* and a round has passed since */
	bool has_rtt;      /* rate was set with a measured RTT */
};
TCP_CC_FITS(struct bbr);

static struct bbr *state(const struct tcp_conn *c)
{
	return (struct bbr *)c->flight->cc;
}

static uint64_t bandwidth(const struct bbr *b)
{
	return (uint64_t)(b->lt_use ? b->lt_bw : b->btl_bw) << BW_SHIFT;
}

static uint32_t pacing_gain(const struct bbr *b)
{
	static const uint16_t mode[] = {GAIN_HIGH, GAIN_DRAIN, GAIN_ONE, GAIN_ONE};
	static const uint16_t phase[PHASES] = {GAIN_ONE * 5 / 4, GAIN_ONE * 3 / 4, GAIN_ONE,
		GAIN_ONE, GAIN_ONE, GAIN_ONE, GAIN_ONE, GAIN_ONE};

	return b->mode == PROBE_BW && !b->lt_use ? phase[b->phase] : mode[b->mode];
}

/* Least bytes in flight that keep the ACKs coming: BBRMinPipeCwnd. */
static uint32_t cwnd_min(const struct tcp_conn *c)
{
	return 4 * tcp__payload_max(c);
}

static uint32_t cwnd_initial(const struct tcp_conn *c)
{
	return 10 * tcp__payload_max(c);
}

/* BBRSetSendQuantum: bytes that may leave at once */
static uint32_t quantum(const struct tcp_conn *c, const struct bbr *b)
{
	uint32_t mss = tcp__payload_max(c);

	if (b->rate < 150000) /* 1.2 Mbit/s */
		return mss;
	return RTE_MAX(2 * mss, (uint32_t)RTE_MIN(b->rate / 1000, 65535u));
}

/* BBRInflight: gain times the BDP, bytes */
static uint32_t inflight(const struct tcp_conn *c, const struct bbr *b, uint32_t gain)
{
	uint64_t bdp;

	if (b->rtprop == 0)
		return cwnd_initial(c);
	bdp = bandwidth(b) * RTE_MIN(b->rtprop, 1u << 27) / 1000000; /* 2^36 * 2^27 fits */
	bdp = RTE_MIN(bdp * gain / GAIN_ONE + 3ull * quantum(c, b), (uint64_t)TCP_CWND_MAX);
	return (uint32_t)bdp;
}

/* BBRUpdateRound */
static bool round_update(struct bbr *b, const struct tcp_flight *f, const struct tcp_sample *s)
{
	if (s->rate_us == 0 || seq_lt(s->prior_delivered, b->round_end))
		return false;
	b->round_end = f->delivered;
	b->round++;
	b->conserve = false; /* that was for one round */
	return true;
}

/* Bytes a second >> BW_SHIFT. */
static uint32_t bw_of(uint32_t bytes, uint32_t us)
{
	return (uint32_t)RTE_MIN((bytes * 1000000ull >> BW_SHIFT) / us, UINT32_MAX);
}

/* BBRUpdateBtlBw: the most of ten rounds; application-limited samples count only when they are
 * more. */
static void bw_update(struct bbr *b, const struct tcp_sample *s)
{
	uint32_t bw;

	if (s->rate_us == 0)
		return;
	bw = bw_of(s->rate_bytes, s->rate_us);
	if (s->app_limited && bw < b->btl_bw)
		return;
	for (uint32_t i = RTE_MIN(b->round - b->bw_round, BW_ROUNDS); i > 0; i--)
		b->bw[(b->round - i + 1) % BW_ROUNDS] = 0;
	b->bw_round = b->round;
	b->bw[b->round % BW_ROUNDS] = RTE_MAX(bw, b->bw[b->round % BW_ROUNDS]);
	b->btl_bw = 0;
	for (int i = 0; i < BW_ROUNDS; i++)
		b->btl_bw = RTE_MAX(b->bw[i], b->btl_bw);
}

static bool heavy(uint32_t lost, uint32_t delivered)
{
	return (uint64_t)lost * HEAVY > delivered;
}

static void phase_begin(struct bbr *b, uint8_t phase, uint32_t now_us)
{
	b->mode = PROBE_BW;
	b->phase = phase % PHASES;
	b->cycle_us = now_us;
}

/* BBREnterProbeBW: any phase but the one that drains; our ISN is the dice. */
static void probe_bw_enter(struct bbr *b, const struct tcp_conn *c, uint32_t now_us)
{
	phase_begin(b, (uint8_t)(2 + c->snd_una % (PHASES - 1)), now_us);
}

/* BBRIsNextCyclePhase: a phase lasts one RTprop; more than that to see the effect of 5/4, less when
 * 3/4 has drained what 5/4 made. */
static void cycle_check(struct bbr *b, const struct tcp_conn *c, const struct tcp_sample *s)
{
	uint32_t gain = pacing_gain(b);
	bool over = s->now_us - b->cycle_us > b->rtprop;

	if (b->mode != PROBE_BW)
		return;
	if (gain > GAIN_ONE)
		over = over && (s->lost || s->prior_pipe >= inflight(c, b, gain));
	else if (gain < GAIN_ONE)
		over = over || s->prior_pipe <= inflight(c, b, GAIN_ONE);
	if (over)
		phase_begin(b, b->phase + 1, s->now_us);
}

static void lt_begin(struct bbr *b, const struct tcp_flight *f, const struct tcp_sample *s)
{
	b->lt_on = true;
	b->lt_from = f->delivered;
	b->lt_us = s->now_us;
	b->lt_lost = 0;
	b->lt_rounds = 0;
}

static void lt_end(struct bbr *b)
{
	b->lt_bw = 0;
	b->lt_rounds = 0;
	b->lt_on = b->lt_use = false;
}

/* An interval of heavy loss has passed. Where its bandwidth is that of the one before it is our
 * share. */
static void lt_measure(struct bbr *b, const struct tcp_flight *f, const struct tcp_sample *s)
{
	uint32_t bw = bw_of(f->delivered - b->lt_from, s->now_us - b->lt_us);
	uint32_t diff = bw > b->lt_bw ? bw - b->lt_bw : b->lt_bw - bw;

	lt_begin(b, f, s);
	b->lt_use = b->lt_bw && diff <= b->lt_bw / LT_NEAR;
	b->lt_bw = b->lt_use ? (uint32_t)(((uint64_t)bw + b->lt_bw) / 2) : bw;
}

/* Not of the draft. LINUX DOES the same, by these numbers, where a policer drops. WE DO it for
 * queues that many flows overflow. An interval begins and ends with a loss. */
static void lt_update(
	struct bbr *b, const struct tcp_conn *c, const struct tcp_sample *s, bool round_start)
{
	const struct tcp_flight *f = c->flight;

	b->lt_rounds += round_start;
	b->lt_lost += s->lost;
	if (b->lt_use && b->lt_rounds >= LT_USE && b->mode == PROBE_BW) {
		lt_end(b);
		phase_begin(b, 0, s->now_us);
	}
	if (b->lt_use)
		return;
	if (s->app_limited || b->lt_rounds > LT_MAX)
		lt_end(b);
	else if (!b->lt_on && s->lost)
		lt_begin(b, f, s);
	else if (b->lt_on && s->lost && b->lt_rounds >= LT_MIN && s->now_us != b->lt_us &&
		 heavy(b->lt_lost, f->delivered - b->lt_from))
		lt_measure(b, f, s);
}

/* A round of STARTUP that ends here lost more than a path does: its queue overflowed. BBR of later
 * versions sees that in 2 % (BBRCheckStartupHighLoss). WE DO see it in a fifth: paths that lose a
 * few percent by themselves are what this one is for. */
static bool overflowed(struct bbr *b, const struct tcp_conn *c)
{
	uint32_t delivered = c->flight->delivered - b->round_from, lost = b->round_lost;

	b->round_from = c->flight->delivered;
	b->round_lost = 0;
	return lost >= HEAVY_SEGS * tcp__payload_max(c) && heavy(lost, delivered);
}

/* BBRCheckFullPipe */
static void full_check(
	struct bbr *b, const struct tcp_conn *c, const struct tcp_sample *s, bool round_start)
{
	b->round_lost += s->lost;
	if (b->filled || !round_start)
		return;
	b->filled = overflowed(b, c);
	if (b->filled || s->app_limited)
		return;
	if (b->btl_bw >= b->full_bw + b->full_bw / 4ull) {
		b->full_bw = b->btl_bw;
		b->full_n = 0;
	} else if (++b->full_n >= FULL_ROUNDS) {
		b->filled = true;
	}
}

/* BBRCheckDrain */
static void drain_check(struct bbr *b, const struct tcp_conn *c, const struct tcp_sample *s)
{
	if (b->mode == STARTUP && b->filled)
		b->mode = DRAIN;
	if (b->mode == DRAIN && c->flight->bytes[TCP_RUN_OUT] <= inflight(c, b, GAIN_ONE))
		probe_bw_enter(b, c, s->now_us);
}

/* BBRUpdateRTprop: true when there was no smaller RTT for ten seconds. */
static bool rtprop_update(struct bbr *b, const struct tcp_sample *s)
{
	bool expired = b->rtprop && s->now_us - b->rtprop_us > RTPROP_US;

	if (s->rtt_us && (b->rtprop == 0 || s->rtt_us <= b->rtprop || expired)) {
		b->rtprop = s->rtt_us;
		b->rtprop_us = s->now_us;
	}
	return expired;
}

static void cwnd_save(struct bbr *b, const struct tcp_conn *c)
{
	b->prior_cwnd =
		b->recovering || b->mode == PROBE_RTT ? RTE_MAX(b->prior_cwnd, c->cwnd) : c->cwnd;
}

static void cwnd_restore(const struct bbr *b, struct tcp_conn *c)
{
	c->cwnd = RTE_MAX(c->cwnd, b->prior_cwnd);
}

/* BBRHandleProbeRTT: 200 ms and a round with four segments in flight, then on as before. */
static void probe_rtt_run(
	struct bbr *b, struct tcp_conn *c, const struct tcp_sample *s, bool round_start)
{
	struct tcp_flight *f = c->flight;

	f->is_app_limited = true; /* what is delivered now says nothing about the path */
	f->app_limited = f->delivered + f->bytes[TCP_RUN_OUT];
	if (!b->probe_timed) {
		if (f->bytes[TCP_RUN_OUT] > cwnd_min(c))
			return;
		b->probe_timed = true;
		b->probe_round = false;
		b->probe_us = s->now_us + PROBE_RTT_US;
		b->round_end = f->delivered;
		return;
	}
	b->probe_round |= round_start;
	if (!b->probe_round || seq_leq(s->now_us, b->probe_us))
		return;
	b->rtprop_us = s->now_us;
	cwnd_restore(b, c);
	if (b->filled)
		probe_bw_enter(b, c, s->now_us);
	else
		b->mode = STARTUP;
}

/* BBRCheckProbeRTT. A restart from idle has drained the queue by itself. */
static void probe_rtt_check(
	struct bbr *b, struct tcp_conn *c, const struct tcp_sample *s, bool round_start)
{
	bool expired = rtprop_update(b, s);

	if (b->mode != PROBE_RTT && expired && !b->idle) {
		cwnd_save(b, c);
		b->mode = PROBE_RTT;
		b->probe_timed = false;
	}
	if (b->mode == PROBE_RTT)
		probe_rtt_run(b, c, s, round_start);
	b->idle = c->flight->bytes[TCP_RUN_OUT] == 0 && c->flight->bytes[TCP_RUN_LOST] == 0 &&
		  c->flight->is_app_limited;
}

/* BBRInitPacingRate */
static void rate_init(struct bbr *b, const struct tcp_conn *c)
{
	b->has_rtt = c->srtt != 0;
	b->rate = c->cwnd * 1000000ull / (c->srtt ? c->srtt : 1000) * GAIN_HIGH / GAIN_ONE;
}

/* BBRSetPacingRate */
static void rate_update(struct bbr *b, const struct tcp_conn *c)
{
	uint64_t rate = bandwidth(b) * pacing_gain(b) / GAIN_ONE;

	if (!b->has_rtt && c->srtt)
		rate_init(b, c);
	if (rate && (b->filled || rate > b->rate))
		b->rate = rate;
}

/* BBRModulateCwndForRecovery: what is lost leaves the window; in the first round of recovery no
 * more goes out than came in; afterwards the window is as before. True while it is that which
 * decides. */
static bool recovery_update(struct bbr *b, struct tcp_conn *c, const struct tcp_sample *s)
{
	const struct tcp_flight *f = c->flight;
	uint32_t mss = tcp__payload_max(c);

	if (s->lost && b->filled)
		c->cwnd = c->cwnd > s->lost + mss ? c->cwnd - s->lost : mss;
	if (b->recovering && f->ca == TCP_CA_OPEN) {
		b->recovering = b->conserve = false;
		cwnd_restore(b, c);
	}
	if (b->conserve)
		c->cwnd = RTE_MAX(c->cwnd, f->bytes[TCP_RUN_OUT] + s->delivered);
	return b->conserve;
}

/* BBRSetCwnd */
static void cwnd_update(struct bbr *b, struct tcp_conn *c, const struct tcp_sample *s)
{
	uint32_t gain = b->mode == PROBE_BW ? GAIN_CWND : GAIN_HIGH;
	uint32_t target = inflight(c, b, b->mode == PROBE_RTT ? GAIN_ONE : gain);

	if (!recovery_update(b, c, s)) {
		if (b->filled || c->cwnd < target)
			tcp__cc_grow(c, s->delivered);
		if (b->filled)
			c->cwnd = RTE_MIN(c->cwnd, target);
		c->cwnd = RTE_MAX(c->cwnd, cwnd_min(c));
	}
	if (b->mode == PROBE_RTT)
		c->cwnd = RTE_MIN(c->cwnd, cwnd_min(c));
}

static void bbr_on_ack(struct tcp_conn *c, const struct tcp_sample *s)
{
	struct bbr *b = state(c);
	bool round_start = round_update(b, c->flight, s);

	bw_update(b, s);
	lt_update(b, c, s, round_start);
	cycle_check(b, c, s);
	full_check(b, c, s, round_start);
	drain_check(b, c, s);
	probe_rtt_check(b, c, s, round_start);
	rate_update(b, c);
	cwnd_update(b, c, s);
}

/*
 * Fast recovery: packet conservation for a round that begins here.
 * BBR SAYS from what is in flight. WE DO from no less than the BDP: what was in flight may be
 * little for other reasons, like the peer's window, and to double from there costs many rounds,
 * each of which may lose something.
 * BBR SAYS always. WE DO not while the pipe is not full: each
 * round of a window that doubles loses something on a path with random loss, three rounds without
 * growth would be taken for a full pipe, and it takes seconds to find the rest by probing. A queue
 * that does overflow ends STARTUP in the same three rounds.
 */
static uint32_t bbr_on_loss(struct tcp_conn *c, uint32_t now_us)
{
	struct bbr *b = state(c);

	cwnd_save(b, c);
	b->recovering = true;
	if (!b->filled)
		return c->ssthresh;
	b->conserve = true;
	b->round_end = c->flight->delivered;
	c->cwnd = RTE_MAX(c->flight->bytes[TCP_RUN_OUT] + tcp__payload_max(c),
		RTE_MIN(c->cwnd, inflight(c, b, GAIN_ONE)));
	return c->ssthresh;
}

static uint32_t bbr_on_ecn(struct tcp_conn *c, uint32_t now_us)
{
	return c->ssthresh;
}

/* Timeout: from one segment, by the bytes delivered, towards the target. */
static void bbr_on_rto(struct tcp_conn *c, uint32_t now_us)
{
	struct bbr *b = state(c);

	b->conserve = false;
	b->full_bw = 0;
	b->full_n = 0;
	c->cwnd = tcp__payload_max(c);
}

static void bbr_undo(struct tcp_conn *c)
{
	struct bbr *b = state(c);

	if (b->recovering)
		cwnd_restore(b, c);
	b->recovering = b->conserve = false;
	lt_end(b);
	b->full_bw = 0; /* rounds that seemed not to grow may have been that recovery's */
	b->full_n = 0;
}

static void bbr_init(struct tcp_conn *c, uint32_t now_us)
{
	struct bbr *b = state(c);

	b->round_end = b->round_from = c->flight->delivered;
	b->rtprop_us = b->cycle_us = now_us;
	rate_init(b, c);
}

/* After idle not at 5/4: the queue that would be probed for is not there
 * (BBRHandleRestartFromIdle). */
static uint64_t bbr_pacing_rate(const struct tcp_conn *c)
{
	const struct bbr *b = state(c);

	return b->idle && b->mode == PROBE_BW ? bandwidth(b) : b->rate;
}

const struct tcp_cc_ops tcp__cc_bbr = {.name = "bbr",
	.init = bbr_init,
	.on_ack = bbr_on_ack,
	.on_loss = bbr_on_loss,
	.on_ecn = bbr_on_ecn,
	.on_rto = bbr_on_rto,
	.undo = bbr_undo,
	.pacing_rate = bbr_pacing_rate,
	.model = true};
