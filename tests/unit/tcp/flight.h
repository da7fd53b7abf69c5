/* SPDX-License-Identifier: BSD-3-Clause */
/* What seg.h has, for a connection that sends: segment i of its stream begins at AT(i). */
#ifndef FLIGHT_H
#define FLIGHT_H

#include "seg.h"

#define MSS   1460u
#define RTT   20 /* ms */
#define AT(i) (U + 1 + (uint32_t)(i)*MSS)

/* A case that has a lab of its own: IN_LAB(name) { ... } */
#define IN_LAB(name)                                                                               \
	static void name##_in_lab(void);                                                           \
	static void name(void)                                                                     \
	{                                                                                          \
		lab_open();                                                                        \
		name##_in_lab();                                                                   \
		lab_close();                                                                       \
	}                                                                                          \
	static void name##_in_lab(void)

/* The peer, whose window is open, acknowledges what is before segment i; more fields by name. */
#define ACKED(i, ...) GIVE(TCP_ACK, P + 2, AT(i), .wnd = 65535, ##__VA_ARGS__)
#define DUP(...)      ACKED(0, ##__VA_ARGS__)
/* Options: the peer holds segments i to j - 1. */
#define SACKED(i, j)                                                                               \
	{                                                                                          \
		.n_sack = 1, .sack = { {AT(i), AT(j)} }                                            \
	}
#define WANT_SEGMENT(i)                                                                            \
	do {                                                                                       \
		struct seg s_ = take();                                                            \
		CU_ASSERT_EQUAL(s_.len, MSS);                                                      \
		CU_ASSERT_EQUAL(s_.seq, AT(i));                                                    \
	} while (0)

/* A connection whose peer opened it with options o and has announced a window of 65535. */
static inline struct tcp_conn *flow(struct tcp_opts o)
{
	struct tcp_conn *c;

	o.mss = MSS;
	c = accept_from(0, o);
	GIVE(TCP_ACK, P + 1, U + 1, .wnd = 65535, .len = 1,
		.o = {.has_ts = o.has_ts, .ts_val = o.ts_val, .ts_ecr = tcp__ts_now(lab.t, c)});
	read_bytes(c, P + 1, 1);
	return c;
}

/* Such a one with n segments in flight, whose ACKs are due now. */
static inline struct tcp_conn *in_flight(uint32_t n, bool sack)
{
	struct tcp_conn *c = flow((struct tcp_opts){.sack_ok = sack});

	send_bytes(c, n * MSS);
	CU_ASSERT_EQUAL(drain(), n);
	pass(RTT);
	return c;
}

/* Count packets that go out now, pacing left out. */
static inline uint32_t drain_unpaced(struct tcp_conn *c)
{
	uint32_t n = 0;

	for (; take().flags; n++)
		c->flight->pace_at = 0;
	return n;
}

/* What tcp_run.c promises between calls. */
static inline void runs_check(const struct tcp_conn *c)
{
	const struct tcp *t = lab.t;
	const struct tcp_flight *f = c->flight;
	uint32_t at = c->snd_una, bytes[TCP_RUN_STATES] = {0}, n = 0, queued = 0, before = 0;
	uint8_t state = TCP_RUN_STATES;

	for (uint32_t i = f->runs.head; i; i = t->run[i - 1].next, n++) {
		const struct tcp_run *r = &t->run[i - 1];

		CU_ASSERT_EQUAL_FATAL(r->start, at);
		CU_ASSERT_TRUE_FATAL(seq_gt(r->end, r->start));
		CU_ASSERT_EQUAL(r->prev, before);
		CU_ASSERT_FALSE(state == TCP_RUN_SACKED && r->state == TCP_RUN_SACKED);
		bytes[r->state] += r->end - r->start;
		at = r->end;
		state = r->state;
		before = i;
	}
	CU_ASSERT_EQUAL(at, c->snd_nxt);
	CU_ASSERT_EQUAL(f->runs.tail, before);
	for (uint32_t s = 0; s < TCP_RUN_STATES; s++) {
		uint32_t prev = 0;

		CU_ASSERT_EQUAL(f->bytes[s], bytes[s]);
		for (uint32_t i = f->queue[s].head; i; i = t->run[i - 1].q_next, queued++) {
			const struct tcp_run *r = &t->run[i - 1];

			CU_ASSERT_EQUAL_FATAL(r->state, s);
			CU_ASSERT_EQUAL_FATAL(r->q_prev, prev);
			CU_ASSERT_FALSE(s == TCP_RUN_OUT && prev &&
					seq_lt(r->sent_us, t->run[prev - 1].sent_us));
			prev = i;
		}
		CU_ASSERT_EQUAL(f->queue[s].tail, prev);
	}
	CU_ASSERT_EQUAL(queued, n);
}

/* n segments in flight in a lab of their own; flow_done ends both. */
static inline struct tcp_conn *lab_flight(uint32_t n, bool sack)
{
	lab_open();
	return in_flight(n, sack);
}

static inline void flow_done(struct tcp_conn *c)
{
	runs_check(c);
	tcp_abort(lab.t, c);
	drain();
	lab_close();
}

#endif
