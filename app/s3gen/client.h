/* SPDX-License-Identifier: BSD-3-Clause */
/* The clients' side of s3gen: all groups of the file and their connections. */
#ifndef S3GEN_CLIENT_H
#define S3GEN_CLIENT_H

#include <time.h>

#include "report.h"
#include "s3gen.h"

/* Uses g->conf, pools, body, net, tcp, report, now; opens nothing yet. NULL with e. */
struct client *client_create(struct gen *g, struct err *e);
/* Abort at most max connections: tcp keeps few resets until they are sent. False: none is left. */
bool client_abort(struct client *c, unsigned max);
/* NULL is fine. */
void client_destroy(struct client *c);

/* The time of day, for signatures: once a second or so. */
void client_clock(struct client *c, time_t t);
/* From now on connect, and put what is to be prepared. */
void client_begin(struct client *c);
/* Is all prepared, and are the connections open or take too long? 0 not yet, 1 yes, -EIO with e:
 * it cannot be. */
int client_prepared(const struct client *c, struct err *e);
/* From now on ask by the schedule, to warm up; from client_measure() on `operations` count. */
void client_start(struct client *c);
void client_measure(struct client *c);
/* From now on begin nothing new. */
void client_stop(struct client *c);
/* All groups have begun and ended all of their `operations`; false where one has no such limit. */
bool client_done(const struct client *c);

/* A connection of ours (owner GEN_CLIENT) that is ready. */
void client_ready(struct client *c, struct tcp_conn *conn, uint8_t events);
/* Each turn: timers, connections to open, operations to begin. */
void client_tick(struct client *c, clock_us_t now);
/* When client_tick() next has work; UINT64_MAX: never, as things stand. */
clock_us_t client_next(const struct client *c);
/* Fills all of s but the cycles. */
void client_state(const struct client *c, struct report_state *s);

#endif
