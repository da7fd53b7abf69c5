/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An end of a wire for the benchmarks: a port, net and tcp on one core with the steps and cycle
 * accounts of worker_poll(), and in place of the relay a client that opens connections and asks, an
 * origin that answers, or both.
 */
#ifndef END_H
#define END_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "worker/worker.h"

#define END_TARGETS 8 /* endpoints that a client connects to, in turn */

/* What a client does with its connections; one request at a time on each. */
enum end_load {
	END_ASK,  /* asks again when the whole response is there */
	END_OPEN, /* closes a connection as soon as it is established, and opens the next */
	END_ONCE, /* asks once, closes when the whole response is there, and opens the next */
	END_HOLD, /* leaves them idle; end_ask_one() asks on one of them */
};

struct end_config {
	const char *device; /* a vdev */
	uint8_t net;        /* addresses 10.0.NET.1 to .8 of 10.0.0.0/16 */
	uint32_t conns;     /* places for connections */
	uint32_t buffers;   /* data mbufs */
	uint32_t window;    /* receive and send buffer, bytes */
	uint16_t listen;    /* port of the origin on all addresses; 0: none */
	uint64_t body;      /* bytes of a response's body */
};

/* Written by the end alone, read at any time. */
struct end_counts {
	uint64_t tried, opened, closed; /* connections, as client */
	uint64_t responses;             /* whole, as client */
	uint64_t bytes;                 /* received as client */
	uint64_t failed;                /* connections that ended otherwise than by us */
	uint64_t flooded;               /* SYNs of others' addresses */
	uint64_t strays;                /* packets to others' addresses: their SYN-ACKs */
	uint64_t again;                 /* SYNs that we had to send again */
	uint64_t polls, idle;           /* idle: cycles of polls that moved nothing */
	struct stat_stage stage[WORKER_STAGE_N];
};

struct end;

/* NULL with e set. */
struct end *end_create(const struct end_config *cfg, struct err *e);
void end_destroy(struct end *e);
/* The port has link: control, before the first turn. */
void end_link_up(struct end *e);
struct port *end_port(struct end *e);
const struct end_counts *end_counts(const struct end *e);

/* From now on keep n connections to the targets in turn. At most `pace` handshakes are under way.
 * Between turns. */
void end_load(struct end *e, enum end_load load, const struct ip_endpoint *to, unsigned n_to,
	uint32_t n, uint32_t pace);
/* From now on send SYNs of others' addresses to these targets too, as many as the peer takes.
 * taken: how many frames it took from the wire. NULL: no more. Between turns. */
void end_flood(struct end *e, const uint8_t *mac, const uint64_t *taken);
/* END_HOLD: one request on the connection that is open for longest. */
void end_ask_one(struct end *e);

/* One turn. How many packets moved. */
unsigned end_turn(struct end *e);

#endif
