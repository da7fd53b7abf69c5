/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The ideal sender: what a congestion control can reach at all over a link that loses packets.
 *
 * It is an abstract model, on the same link: same delay, rate and queue, and packet i of its
 * direction is lost exactly when packet i of the stack's is (sim_way_loses). It is omniscient in
 * one thing: of every packet it knows, one round trip after sending it, whether it arrived. So it
 *   - never needs three duplicates, a reordering window, a probe or a timeout;
 *   - sends what was lost again in that very moment, even above its window;
 *   - takes nothing for lost that is not, and loses no ACK (the stack's ACKs are lost like data).
 * It is bound by its congestion control as published: slow start from ten segments (RFC 6928) to
 * the first loss (RFC 5681), then CUBIC with its Reno-friendly region and fast convergence (RFC
 * 9438 4), or NewReno (RFC 5681, 6582). One reduction a recovery; a recovery ends when all sent
 * before it has arrived (RFC 6582 3.2); the window does not grow in between.
 * Not bound by pacing, delayed ACKs, buffers, handshake or FIN: time runs from the first byte sent
 * to the last byte received, for the stack too.
 */
#ifndef SIM_IDEAL_H
#define SIM_IDEAL_H

#include <stdbool.h>
#include <stdint.h>

struct sim_ideal_plan {
	uint32_t segments;   /* full ones */
	uint32_t rtt_us;     /* without queueing */
	uint64_t rate;       /* bytes a second, 0: no limit */
	uint32_t queue;      /* bytes */
	uint32_t pkt;        /* bytes of a segment's IP packet */
	uint32_t window_max; /* segments: the receiver's window */
	uint32_t loss;       /* of 10000 */
	uint64_t loss_seed;
	bool cubic; /* else NewReno */
};

/* us from the first byte sent to the last one received. */
double sim_ideal_run(const struct sim_ideal_plan *p);

#endif
