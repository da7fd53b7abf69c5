/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * BBR on a bottleneck: a rate, a round trip, a queue that drops at its end or at random. Packets
 * of one segment, an ACK for each; rate samples as draft-cheng-iccrg-delivery-rate-estimation.
 */
#include "cc_lab.h"

#define RING 65536u

struct pkt {
	double sent, arrives; /* us; arrives is when its ACK comes */
	uint32_t delivered, delivered_us, first_us;
	bool lost, again, app_limited; /* again: repairs what was lost before `recover` */
};

static struct path {
	struct cc_lab l;
	double now, base,
		free; /* us: the clock, where the device's begins, the link is busy until */
	double rate;  /* bytes a us */
	double rtt;   /* us, without queue */
	double queue; /* us of the link's time that wait at most */
	double app;   /* us between two packets of the application; 0: no end of them */
	double drop;  /* part of packets */
	double pace;  /* the next may leave */
	uint64_t head, tail, recover;
	uint32_t repairs, repairs_out; /* of such losses: to be sent, in flight */
	uint32_t seed, lost, max_out;
	bool paused; /* the application has nothing */
	struct pkt pkt[RING];
} p;

static void path_open(uint16_t mss, double mbit, double rtt)
{
	memset(&p, 0, sizeof(p));
	p.rate = mbit / 8;
	p.rtt = rtt;
	p.queue = 1e9;
	p.seed = 12345;
	cc_open(&p.l, "bbr", mss, (uint32_t)rtt);
	p.base = p.l.now;
	p.l.c.snd_nxt = p.l.c.snd_una;
	p.l.f.delivered_us = p.l.f.first_us = p.l.now;
}

static uint32_t clock_us(void)
{
	return (uint32_t)(uint64_t)(p.base + p.now);
}

static bool dropped(void)
{
	p.seed = p.seed * 1664525 + 1013904223;
	return p.free > p.now + p.queue || (p.seed >> 8) < p.drop * (1 << 24);
}

static void packet_send(void)
{
	struct tcp_flight *f = &p.l.f;
	struct pkt *k = &p.pkt[p.head++ % RING];
	uint64_t rate = p.l.cc->pacing_rate(&p.l.c);

	if (f->bytes[TCP_RUN_OUT] == 0)
		f->first_us = f->delivered_us = clock_us();
	*k = (struct pkt){.sent = p.now,
		.delivered = f->delivered,
		.delivered_us = f->delivered_us,
		.first_us = f->first_us,
		.app_limited = f->is_app_limited,
		.again = p.repairs > 0,
		.lost = dropped()};
	if (!k->lost)
		p.free = fmax(p.free, p.now) + p.l.c.mss / p.rate;
	k->arrives = fmax(p.free, p.now) + p.rtt;
	p.repairs -= k->again;
	p.repairs_out += k->again;
	f->bytes[TCP_RUN_OUT] += p.l.c.mss;
	p.max_out = RTE_MAX(p.max_out, f->bytes[TCP_RUN_OUT]);
	p.l.c.snd_nxt += p.l.c.mss;
	p.pace = fmax(p.pace, p.now) + p.l.c.mss * 1e6 / (double)rate;
	if (p.app) {
		p.pace = fmax(p.pace, p.now + p.app);
		f->is_app_limited = true;
		f->app_limited = f->delivered + f->bytes[TCP_RUN_OUT];
	}
}

/* The sender learns of a loss when the ACK behind it arrives; recovery ends when all that was out
 * when it began is delivered. */
static void packet_lost(const struct pkt *k)
{
	struct tcp_sample s = {.now_us = p.l.now,
		.prior_pipe = p.l.f.bytes[TCP_RUN_OUT] + p.l.c.mss,
		.lost = p.l.c.mss};

	p.lost++;
	if (p.l.f.ca == TCP_CA_OPEN) {
		p.l.cc->on_loss(&p.l.c, p.l.now);
		p.l.f.ca = TCP_CA_RECOVERY;
		p.recover = p.head;
	}
	p.repairs += k->again || p.tail <= p.recover;
	p.l.cc->on_ack(&p.l.c, &s);
}

static void packet_done(void)
{
	struct tcp_flight *f = &p.l.f;
	struct pkt *k = &p.pkt[p.tail++ % RING];
	struct tcp_sample s = {.prior_pipe = f->bytes[TCP_RUN_OUT], .limited = true};

	p.now = fmax(p.now, k->arrives);
	s.now_us = p.l.now = clock_us();
	f->bytes[TCP_RUN_OUT] -= p.l.c.mss;
	p.l.c.snd_una += p.l.c.mss;
	p.repairs_out -= k->again;
	if (k->lost) {
		packet_lost(k);
		return;
	}
	s.delivered = p.l.c.mss;
	f->delivered += p.l.c.mss;
	f->delivered_us = p.l.now;
	f->first_us = (uint32_t)(uint64_t)(p.base + k->sent);
	if (f->is_app_limited && seq_gt(f->delivered, f->app_limited))
		f->is_app_limited = false;
	s.rtt_us = (uint32_t)(p.now - k->sent);
	s.rate_bytes = f->delivered - k->delivered;
	s.rate_us = RTE_MAX(f->delivered_us - k->delivered_us, f->first_us - k->first_us);
	s.prior_delivered = k->delivered;
	s.app_limited = k->app_limited;
	if (f->ca == TCP_CA_RECOVERY && p.tail > p.recover && p.repairs + p.repairs_out == 0)
		f->ca = TCP_CA_OPEN;
	p.l.cc->on_ack(&p.l.c, &s);
}

static void run(double us)
{
	double end = p.now + us;

	while (p.now < end) {
		bool may = !p.paused && p.l.f.bytes[TCP_RUN_OUT] + p.l.c.mss <= p.l.c.cwnd;
		double ack = p.head == p.tail ? INFINITY : p.pkt[p.tail % RING].arrives;
		double next = may ? fmax(p.pace, p.now) : INFINITY;

		if (fmin(next, ack) > end) {
			p.now = end;
		} else if (next <= ack) {
			p.now = next;
			packet_send();
		} else {
			packet_done();
		}
	}
}

/* Bytes a us while it ran so long. */
static double goodput(double us)
{
	uint32_t before = p.l.f.delivered;

	run(us);
	return (p.l.f.delivered - before) / us;
}

/* Pacing averages over a cycle of gains to the estimate. */
static double estimate(void)
{
	double sum = 0;

	for (int i = 0; i < 160; i++) {
		run(p.rtt / 8);
		sum += (double)p.l.cc->pacing_rate(&p.l.c) / 1e6;
	}
	return sum / 160;
}

/* Bandwidth within 5 %, cwnd two BDP and three quanta, the link full, the queue short. */
static void bottleneck(uint16_t mss, double mbit, double rtt)
{
	double bdp, quantum, got;

	path_open(mss, mbit, rtt);
	bdp = fmax(p.rate * rtt, mss);
	quantum = fmax(2. * mss, fmin(p.rate * 1000, 65535));
	run(30 * rtt);
	got = goodput(40 * rtt);
	if (rtt < 1e6) /* else PROBE_RTT is a good part of the time */
		CU_ASSERT_TRUE(near(got, p.rate, 0.05));
	CU_ASSERT_TRUE(near(estimate(), p.rate, 0.05));
	CU_ASSERT_TRUE(near(p.l.c.cwnd, fmax(2 * bdp + 3 * quantum, 4. * mss), 0.1));
	p.max_out = 0;
	run(40 * rtt);
	if (bdp > 3 * quantum && rtt >= 1000) /* else a us of error is a queue */
		CU_ASSERT_TRUE(p.max_out < 1.5 * bdp + 3 * quantum);
}

static void estimates(void)
{
	bottleneck(1448, 10, 20000);
	bottleneck(1448, 100, 1000);
	bottleneck(1448, 1000, 20000);
	bottleneck(1448, 10000, 50);
	bottleneck(1448, 20, 1000000);
	bottleneck(8948, 1000, 80000);
	bottleneck(8948, 40000, 1000);
	bottleneck(8948, 100000, 50);
}

/* STARTUP doubles a round until the path is full, then DRAIN takes its queue away. */
static void startup(void)
{
	double bdp;

	path_open(1448, 100, 50000);
	bdp = p.rate * p.rtt;
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 2.885 * 14480 / 0.05, 0.01));
	run(4.9 * p.rtt); /* the ACKs of four rounds */
	CU_ASSERT_TRUE(p.l.c.cwnd > 120 * 1448 && p.l.c.cwnd <= 160 * 1448);
	run(10 * p.rtt);
	CU_ASSERT_TRUE(p.max_out < 3.5 * bdp);
	run(5 * p.rtt);
	CU_ASSERT_TRUE(p.l.f.bytes[TCP_RUN_OUT] < 1.4 * bdp);
}

/* Ten seconds without a smaller RTT: 200 ms with four segments, then the window is back. */
static void probe_rtt(void)
{
	double until, least = INFINITY, low = 0, pace = INFINITY;
	uint32_t before;

	path_open(1448, 100, 8000); /* PROBE_RTT is longer than the bandwidth filter */
	run(5e6);
	before = p.l.c.cwnd;
	p.rtt *= 1.5; /* a longer path: what was measured is never seen again */
	for (until = p.now + 11e6; p.now < until; run(5000)) {
		least = fmin(least, p.l.c.cwnd);
		pace = fmin(pace, (double)p.l.cc->pacing_rate(&p.l.c) / 1e6);
		low += p.l.c.cwnd == 4 * 1448 ? 5000 : 0;
	}
	CU_ASSERT_EQUAL(least, 4 * 1448);
	CU_ASSERT_TRUE(pace > 0.7 * p.rate); /* nothing learnt from four segments */
	CU_ASSERT_TRUE(low >= 200000 && low < 300000);
	CU_ASSERT_TRUE(near(p.l.c.cwnd, 1.5 * before, 0.1));
	CU_ASSERT_TRUE(near(estimate(), p.rate, 0.05));
}

/* On a path longer than 200 ms it lasts a round at least. */
static void probe_rtt_long(void)
{
	double low = 0;

	path_open(1448, 20, 500000);
	run(8e6);
	p.rtt *= 1.2;
	for (int i = 0; i < 1200; i++) {
		run(10000);
		low += p.l.c.cwnd == 4 * 1448 && p.l.f.bytes[TCP_RUN_OUT] <= 4 * 1448 ? 10000 : 0;
	}
	CU_ASSERT_TRUE(low >= 500000 && low < 1300000);
}

/* The filter forgets in ten rounds, and takes more at once. */
static void bandwidth_changes(void)
{
	path_open(1448, 100, 10000);
	run(1e6);
	p.rate /= 2;
	run(0.5e6);
	CU_ASSERT_TRUE(near(estimate(), p.rate, 0.05));
	p.rate *= 4;
	run(2e6);
	CU_ASSERT_TRUE(near(estimate(), p.rate, 0.05));
}

/* A trickle is no measure of the path. */
static void app_limited(void)
{
	path_open(1448, 100, 10000);
	run(1e6);
	p.app = 5000;
	run(5e6);
	p.app = 0;
	CU_ASSERT_TRUE(near(goodput(1e6), p.rate, 0.1));
}

/* After ten seconds of nothing no PROBE_RTT follows, and the first packets leave at gain 1. */
static void idle(void)
{
	path_open(1448, 100, 20000);
	run(2e6);
	while ((double)p.l.cc->pacing_rate(&p.l.c) / 1e6 < 1.2 * p.rate)
		run(1000);
	p.l.f.is_app_limited = true;
	p.l.f.app_limited = p.l.f.delivered + p.l.f.bytes[TCP_RUN_OUT];
	p.paused = true;
	run(12e6);
	p.paused = false;
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c) / 1e6, p.rate, 0.05));
	for (int i = 0; i < 60; i++) {
		run(5000);
		CU_ASSERT_TRUE_FATAL(p.l.c.cwnd > 4 * 1448);
	}
}

/* Random losses do not take the rate away: NewReno would have 1.2 / sqrt(p) = 7 segments. */
static void losses(void)
{
	path_open(1448, 100, 40000);
	p.drop = 0.03;
	run(4e6);
	CU_ASSERT_TRUE(goodput(10e6) > 0.9 * p.rate);
	CU_ASSERT_TRUE(p.lost > 100);
}

/* A queue of a fifth of the BDP overflows in STARTUP; the first round of recovery sends no more
 * than arrives. */
static void short_queue(void)
{
	path_open(1448, 100, 40000);
	p.queue = p.rtt / 5;
	run(4e6);
	CU_ASSERT_TRUE(p.lost > 10);
	p.lost = 0;
	CU_ASSERT_TRUE(goodput(4e6) > 0.9 * p.rate);
	CU_ASSERT_TRUE(p.lost * 1448 < 0.05 * p.rate * 4e6);
}

/* A loss while the window doubles is not the end of that. */
static void losses_in_startup(void)
{
	struct tcp_sample s = {.delivered = 1448, .lost = 2896};
	uint32_t cwnd;

	path_open(1448, 100, 40000);
	run(45000); /* a round */
	cwnd = p.l.c.cwnd;
	s.now_us = p.l.now;
	p.l.f.ca = TCP_CA_RECOVERY;
	p.l.cc->on_loss(&p.l.c, p.l.now);
	CU_ASSERT_EQUAL(p.l.c.cwnd, cwnd);
	p.l.cc->on_ack(&p.l.c, &s);
	CU_ASSERT_TRUE(p.l.c.cwnd >= cwnd);
}

static void conservation(void)
{
	struct tcp_sample s = {.delivered = 1448, .lost = 2896, .rate_us = 1};
	uint32_t cwnd;

	path_open(1448, 100, 40000);
	run(1e6);
	cwnd = p.l.c.cwnd;
	s.now_us = p.l.now;
	p.l.f.bytes[TCP_RUN_OUT] = 400 * 1448;
	p.l.f.ca = TCP_CA_RECOVERY;
	CU_ASSERT_EQUAL(p.l.cc->on_loss(&p.l.c, p.l.now), p.l.c.ssthresh);
	CU_ASSERT_EQUAL(p.l.c.cwnd, 401 * 1448);
	s.prior_delivered = p.l.f.delivered - 1;
	p.l.cc->on_ack(&p.l.c, &s);
	CU_ASSERT_EQUAL(p.l.c.cwnd, 401 * 1448);
	p.l.f.ca = TCP_CA_OPEN;
	s.lost = 0;
	p.l.cc->on_ack(&p.l.c, &s);
	CU_ASSERT_TRUE(p.l.c.cwnd >= cwnd);
}

/* Little in flight, for what reason ever, is no measure of the path: the BDP is left. */
static void conservation_floor(void)
{
	path_open(1448, 100, 40000);
	run(1e6);
	p.l.f.bytes[TCP_RUN_OUT] = 1448;
	p.l.f.ca = TCP_CA_RECOVERY;
	p.l.cc->on_loss(&p.l.c, p.l.now);
	CU_ASSERT_TRUE(p.l.c.cwnd >= 475000 && p.l.c.cwnd < 560000);
}

/* One more round, 40 ms, that delivers 100 segments and loses some; the sample says twice the mean.
 */
static void round_pass(uint32_t segs, uint32_t lost)
{
	struct tcp_sample s = {.delivered = segs * 1448, .lost = lost * 1448, .rate_us = 40000};

	s.now_us = p.l.now += 40000;
	s.prior_delivered = p.l.f.delivered;
	p.l.f.delivered += s.delivered;
	s.rate_bytes = 2 * s.delivered;
	p.l.cc->on_ack(&p.l.c, &s);
}

/* A round that loses more than a path does ends STARTUP, one that loses a little does not. */
static void overflow_in_startup(void)
{
	path_open(1448, 100, 40000);
	run(45000);
	p.l.f.bytes[TCP_RUN_OUT] = 100000000;
	round_pass(10, 5); /* chance */
	round_pass(100, 15);
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 7.24e6 * 739 / 256, 0.01));
	round_pass(100, 30);
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 7.24e6 * 88 / 256, 0.01));
}

/* Heavy loss for two intervals that agree: the mean for 48 rounds, not the most; then a probe. */
static void long_term(void)
{
	path_open(1448, 100, 40000);
	run(1e6);
	p.l.f.bytes[TCP_RUN_OUT] = 500000;
	for (int i = 0; i < 12; i++)
		round_pass(100, 15);
	CU_ASSERT_TRUE((double)p.l.cc->pacing_rate(&p.l.c) > 0.7 * 7.2e6);
	for (int i = 0; i < 20; i++)
		round_pass(100, 30);
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 3.62e6, 0.01));
	for (int i = 0; i < 30; i++)
		round_pass(100, 0);
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 3.62e6, 0.01));
	for (int i = 0; i < 20; i++)
		round_pass(100, 0);
	CU_ASSERT_TRUE((double)p.l.cc->pacing_rate(&p.l.c) > 0.7 * 7.2e6);
}

/* Three rounds that each add less than 25 % end STARTUP, not one that does, nor ACKs that tell no
 * rate. */
static void full_pipe(void)
{
	static const uint32_t rate[] = {100, 130, 165, 200, 240, 290, 290, 290};
	struct tcp_sample s = {.delivered = 1448, .rate_us = 1000, .rtt_us = 20000};
	uint64_t paced = 0;

	path_open(1448, 100, 20000);
	for (size_t i = 0; i < sizeof(rate) / sizeof(rate[0]); i++) {
		s.now_us = p.l.now += 20000;
		s.prior_delivered = p.l.f.delivered;
		p.l.f.delivered += 1448;
		p.l.f.bytes[TCP_RUN_OUT] = 100000000;
		s.rate_bytes = rate[i] * 1000;
		paced = p.l.cc->pacing_rate(&p.l.c);
		p.l.cc->on_ack(&p.l.c, &s);
		if (i == 6) { /* two rounds of less, no third */
			s.rate_us = 0;
			s.prior_delivered = p.l.f.delivered;
			p.l.cc->on_ack(&p.l.c, &s);
			p.l.cc->on_ack(&p.l.c, &s);
			s.rate_us = 1000;
		}
		if (i < 7)
			CU_ASSERT_TRUE(p.l.cc->pacing_rate(&p.l.c) >= paced);
	}
	CU_ASSERT_TRUE(near((double)p.l.cc->pacing_rate(&p.l.c), 290e6 * 88 / 256, 0.01));
}

/* A timeout goes to one segment and back to what was; so does one that was none. */
static void timeout(void)
{
	for (int spurious = 0; spurious < 2; spurious++) {
		uint32_t cwnd;

		path_open(1448, 100, 40000);
		run(2e6);
		cwnd = p.l.c.cwnd;
		p.l.cc->on_loss(&p.l.c, p.l.now);
		p.l.cc->on_rto(&p.l.c, p.l.now);
		CU_ASSERT_EQUAL(p.l.c.cwnd, 1448);
		if (spurious) {
			p.l.cc->undo(&p.l.c);
		} else {
			p.l.f.ca = TCP_CA_RECOVERY;
			p.recover = p.head;
			run(3 * p.rtt);
		}
		CU_ASSERT_TRUE(near(p.l.c.cwnd, cwnd, 0.1));
	}
}

static const struct unit_case cases[] = {UNIT_CASE(estimates), UNIT_CASE(startup),
	UNIT_CASE(probe_rtt), UNIT_CASE(probe_rtt_long), UNIT_CASE(bandwidth_changes),
	UNIT_CASE(app_limited), UNIT_CASE(idle), UNIT_CASE(losses), UNIT_CASE(short_queue),
	UNIT_CASE(conservation), UNIT_CASE(losses_in_startup), UNIT_CASE(conservation_floor),
	UNIT_CASE(overflow_in_startup), UNIT_CASE(long_term), UNIT_CASE(full_pipe),
	UNIT_CASE(timeout)};
UNIT_MAIN(cases)
