/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relay: HTTP/1.1 requests from front connections (clients) to back connections (S3 nodes) and
 * the responses back; or bare bytes, both ways or back to where they came from. The only library
 * that joins those of rank 3. One instance a worker; it owns its fronts, backs, requests and
 * splices in pools made at start, and every body byte that passes is moved from one connection's rx
 * to the other's tx, never copied, never altered.
 *
 * Either side may be TLS: then its records are opened before the step and sealed after it.
 *
 * Stages 4 to 6 of worker_poll(): relay_open(), relay_step(), which takes all of tcp's ready list,
 * and relay_seal(). They call nothing above them. Errors of peers are counted and answered; nothing
 * here can fail at run time.
 */
#ifndef RELAY_RELAY_H
#define RELAY_RELAY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/list.h"
#include "base/rand.h"
#include "buf/buf.h"
#include "conf/conf.h"
#include "http/http.h"
#include "lb/lb.h"
#include "net/net.h"
#include "port/port.h"
#include "stat/stat.h"
#include "tcp/tcp.h"
#include "tls/tls.h"

struct relay;
struct relay_snapshot;

enum relay_stat {
#define X(name, text) RELAY_STAT_##name,
#include "relay/relay_stat.def"
#undef X
	RELAY_STAT_N
};
extern const struct stat_name relay_stat_names[RELAY_STAT_N];

/* All pointers are borrowed and outlive the instance. */
struct relay_config {
	const struct conf *conf;
	struct tcp *tcp; /* its ready list belongs to this relay alone */
	struct lb *lb;
	struct buf_pools *pools;
	struct tls *tls; /* NULL: neither listeners nor pools have TLS. Of its handshakes at most
			    conf->tls.handshakes are clients' */
	/* as in conf; an entry NULL: plain. See relay_set_tls. */
	struct tls_ctx *const *listener_tls, *const *pool_tls;
	const struct net *net;
	struct port *const *ports; /* conf->n_ports; index as in net */
	struct rand_state *rnd;
	uint16_t worker, n_workers; /* worker is also the queue on every port */
	const uint64_t *unix_time;  /* s, written by control: for signatures of checks */
	uint32_t requests;          /* most requests in flight */
	uint32_t backs; /* most back connections for these, idle ones included; no fewer */
	int socket;     /* NUMA node */
};

/* What conf could not check: operations that a [route] names, secrets of checks. 0, or -EINVAL with
 * e, which has the place in the file. */
int relay_conf_check(const struct conf *conf, struct err *e);

/* Most connections to members for checks: tcp needs as many more, and TLS where a pool has it. */
#define RELAY_PROBES 8

/* Client connections that an instance may hold, and how many of these have a connection to a member
 * of their own for life (modes splice and sni). tcp needs as many as both together, and `backs`
 * more. */
uint32_t relay_fronts_max(const struct conf *conf);
uint32_t relay_splices_max(const struct conf *conf);
/* And how many connections of all of these, with so many backs, may have TLS. */
uint32_t relay_tls_max(const struct conf *conf, uint32_t backs);

/* Make the pools and listen on all of the file's listeners. NULL with e set, nothing left behind.
 */
struct relay *relay_create(const struct relay_config *cfg, clock_us_t now, struct err *e);
/* Resets all connections. NULL is fine. */
void relay_destroy(struct relay *r);
/* Reset at most max connections (and those to members that they use), from place *at on, which
 * moves: tcp keeps few resets until they are sent. False: none are left. Begin with 0. */
bool relay_abort(struct relay *r, uint32_t *at, unsigned max);

/* Stage 4: open what came of each TLS connection on tcp's ready list; handshakes that went on. */
void relay_open(struct relay *r, clock_us_t now);
/* Stage 5: take tcp's ready list and move every request as far as it goes. O(work done). */
void relay_step(struct relay *r, clock_us_t now);
/* Stage 6: seal what the step gave to TLS connections, and hand it to tcp. */
void relay_seal(struct relay *r, clock_us_t now);
/* Something waits for a free buffer or for more room: the next turn goes on, whatever tcp has. */
bool relay_stalled(const struct relay *r);
/* Timers that are due, at most budget. */
void relay_tick(struct relay *r, uint32_t budget, clock_us_t now);
/* ms until a timer may be due, at most max. */
uint32_t relay_next_tick(const struct relay *r, uint32_t max, clock_us_t now);

/* Begin to end: no new connections, idle ones are closed, the others after their response, which
 * says Connection: close. Bare bytes go on until their ends close. Once is enough. */
void relay_drain(struct relay *r, clock_us_t now);

/* Reset connections to m that are in the middle of something, at most some tens: as if it had done
 * it itself. How many; ask again until there are none. On the worker. */
unsigned relay_cut(struct relay *r, const struct lb_member *m, clock_us_t now);

/* ---- another snapshot ---- */

/* Control prepares while the worker runs: listeners of conf, with what is the same of the newest
 * snapshot's; arrays as in relay_config. All is borrowed until relay_uses() says no. NULL with e
 * set: no memory, or more than was made room for at the start. One at a time. */
struct relay_snapshot *relay_prepare(const struct relay *r, const struct conf *conf,
	struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls, struct err *e);
void relay_snapshot_destroy(struct relay_snapshot *s); /* instead of relay_swap; NULL is fine */
/* The worker takes it, between two turns, when lb has swapped: what begins from now on is of s.
 * Listeners of the same name and mode keep their clients; of those that are gone, idle clients are
 * closed, the others after their response. Idle connections to members that are gone are closed. 0,
 * or -errno with e set: some address cannot be had, and all else is done. */
int relay_swap(struct relay *r, struct relay_snapshot *s, clock_us_t now, struct err *e);

/* What nobody points to any more. */
struct relay_dead {
	struct list listeners, snapshots;
};
void relay_take_dead(struct relay *r, struct relay_dead *out); /* on the worker */
void relay_dead_free(struct relay_dead *d);                    /* then on control */
/* On the worker, after both: does anything here or in lb still need conf and its contexts? */
bool relay_uses(const struct relay *r, const struct conf *conf);

/* Other contexts for connections that begin from now on, of the newest snapshot; those that are
 * there keep theirs. What is plain stays plain. Both arrays are borrowed until the next call. */
void relay_set_tls(
	struct relay *r, struct tls_ctx *const *listener_tls, struct tls_ctx *const *pool_tls);

/*
 * The worker that opened a back connection from local port lport: each has a share of the ports of
 * its own, so a packet that arrives on the wrong queue can be handed to its owner.
 */
uint16_t relay_port_owner(uint16_t lport, uint16_t n_workers);

/* ---- reading; counts may be read by control at any time ---- */

struct relay_info {
	uint32_t fronts, fronts_idle; /* HTTP; idle: no request begun */
	uint32_t backs, backs_idle;   /* of HTTP */
	uint32_t requests;            /* in flight */
	uint32_t splices;             /* clients of modes splice, sni and echo */
	uint32_t splice_backs;        /* of these, with a connection to a member */
	uint64_t held;                /* bytes that request bodies pin, kept to be given again */
	uint32_t fronts_max, backs_max, requests_max, splices_max;
};
void relay_info(const struct relay *r, struct relay_info *out);

unsigned relay_listeners(const struct relay *r); /* of the newest snapshot */
/* Counters of the newest snapshot's listener; of no listener, or one that is gone; and of refusals
 * by reason: of requests, of responses. */
struct stat_block relay_stat_block(const struct relay *r, unsigned listener);
struct stat_block relay_stat_rest(const struct relay *r);
struct stat_block relay_refusals_req(const struct relay *r);
struct stat_block relay_refusals_rsp(const struct relay *r);
uint32_t relay_listener_fronts(const struct relay *r, unsigned listener);

/* One connection, for show connections: safe on the worker itself only. */
struct relay_conn {
	const struct tcp_conn *conn;
	const struct tls_conn *tls; /* open, for tls_facts(); NULL: plain, or not yet */
	const char *state; /* "handshake"; of HTTP: "idle", "head", "busy", "linger"; "connect",
			      "busy", "idle"; of bare bytes, both ends: "hello", "connect",
			      "splice"; "sni"; "echo" */
	bool back;
	const char *listener;      /* its name; fronts and bare bytes, else NULL */
	const char *pool, *member; /* names, of the request or of the back; NULL: none */
	uint32_t requests;         /* begun on this connection */
	uint64_t req_bytes;        /* of the request in flight; of bare bytes all */
	uint64_t rsp_bytes;
};
uint32_t relay_places(const struct relay *r);
/* Connection i < relay_places; false: that place is free. */
bool relay_conn_at(const struct relay *r, uint32_t i, struct relay_conn *out);

#endif
