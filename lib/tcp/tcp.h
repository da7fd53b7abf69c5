/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TCP, server and client, IPv4 and IPv6 (RFC 9293 and the list in doc/lib/tcp.md). One instance a
 * worker; nothing is shared, nothing is locked. No I/O, no clock, no randomness of its own:
 * packets, `now` and secrets are arguments.
 *
 * The owner of a connection sees it in three ways: the ready list (tcp_ready_take: something
 * happened, `events` says what), conn->rx (in-order bytes to take), conn->tx (bytes not yet
 * acknowledged). It answers with tcp_send, tcp_consumed, tcp_shutdown, tcp_abort, tcp_release.
 */
#ifndef TCP_TCP_H
#define TCP_TCP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/siphash.h"
#include "buf/buf.h"
#include "stat/stat.h"
#include "wheel/wheel.h"

struct tcp;
struct tcp_ext;
struct tcp_flight;

enum tcp_state { /* RFC 9293 3.3.2; LISTEN is a listener, TIME_WAIT a record, not a connection */
	TCP_CLOSED,
	TCP_SYN_SENT,
	TCP_SYN_RCVD,
	TCP_ESTABLISHED,
	TCP_CLOSE_WAIT,
	TCP_FIN_WAIT_1,
	TCP_FIN_WAIT_2,
	TCP_CLOSING,
	TCP_LAST_ACK,
	TCP_TIME_WAIT,
	TCP_STATE_N
};

/* What happened since the owner last looked; set with the connection's entry on the ready list. */
#define TCP_EV_ACCEPT      0x01 /* a new connection of listener conn->listener; owner is NULL */
#define TCP_EV_ESTABLISHED 0x02 /* our tcp_connect succeeded */
#define TCP_EV_READABLE    0x04 /* bytes arrived in rx */
#define TCP_EV_WRITABLE    0x08 /* ACKs freed bytes of tx */
#define TCP_EV_FIN         0x10 /* the peer sends no more; all its bytes are in rx or were taken */
#define TCP_EV_DEAD        0x20 /* gone: conn->error says why; only rx, tx, release are left */

/* conn->error with TCP_EV_DEAD: 0 (closed in order), or one of these errno values:
 * ECONNREFUSED (RST to our SYN), ECONNRESET (RST; snd_una knows what it acknowledged), ETIMEDOUT,
 * EHOSTUNREACH (ICMP while connecting), ECONNABORTED (tcp_cut), ENOBUFS (it made room, see
 * tcp_relieve). */

/* conn->flags; private to lib/tcp but for reading */
#define TCP_F_TS         0x0001  /* timestamps in use (RFC 7323) */
#define TCP_F_SACK       0x0002  /* SACK in use (RFC 2018) */
#define TCP_F_FIN_QUEUED 0x0004  /* our FIN follows the last byte of tx */
#define TCP_F_FIN_SENT   0x0008  /* and was sent at least once */
#define TCP_F_FIN_RCVD   0x0010  /* the peer's FIN has been taken in order */
#define TCP_F_ACK_NOW    0x0020  /* an ACK is owed with this poll's output */
#define TCP_F_ACK_DELAY  0x0040  /* an ACK is owed by t_ack at the latest */
#define TCP_F_DIRTY      0x0080  /* on the output list */
#define TCP_F_READY      0x0100  /* on the ready list */
#define TCP_F_SYN_AGAIN  0x0200  /* the SYN is to be sent again */
#define TCP_F_RELEASED   0x1000  /* the owner gave it up; it closes on its own */
#define TCP_F_PROBE      0x2000  /* a zero-window or keepalive probe is owed */
#define TCP_F_ECN        0x4000  /* ECN agreed on (RFC 3168 6.1.1) */
#define TCP_F_ECE        0x8000  /* we echo congestion (ECE) until the peer sends CWR */
#define TCP_F_CWR        0x10000 /* our next new data carries CWR */

/*
 * The connection (PCB), 256 bytes, lines by use. Sequence space:
 *   snd_una <= snd_nxt <= snd_una + tx.bytes (+1 SYN, +1 FIN)
 * tx holds exactly the bytes from snd_una (after the SYN) to the end of what the owner gave; what
 * is known of those in flight is in `flight`.
 */
struct tcp_conn {
	/* line 0: both directions' sequence state */
	uint8_t state;          /* enum tcp_state */
	uint8_t error;          /* errno value, with TCP_EV_DEAD */
	uint8_t events;         /* TCP_EV_* not yet taken by the owner */
	uint8_t snd_wscale : 4; /* shift of windows the peer announces, 0..14 */
	uint8_t rcv_wscale : 4; /* shift of windows we announce, 0..14 */
	uint32_t flags;         /* TCP_F_* */
	uint16_t mss;           /* largest payload we send, without timestamps subtracted, bytes */
	uint8_t gso_segs;       /* most segments in one packet handed to the port, >= 1 (TSO) */
	uint8_t backoff;        /* consecutive timeouts without progress */
	uint32_t rcv_nxt;       /* next sequence number expected */
	uint32_t rcv_adv;       /* right edge we announced; never moves left */
	uint32_t ts_recent;     /* TS.Recent (RFC 7323 4.3) */
	uint32_t last_ack_sent; /* Last.ACK.sent */
	uint32_t snd_una;       /* oldest unacknowledged */
	uint32_t snd_nxt;       /* next new sequence number to send */
	uint32_t snd_wnd;       /* peer's window from snd_una, bytes */
	uint32_t snd_wl1;       /* SEG.SEQ of the last window update */
	uint32_t rcv_ms;        /* when the last segment arrived, ms */
	uint32_t rcv_limit;     /* most bytes we hold for the owner, for now */
	uint32_t rcv_unacked;   /* bytes in order since the last ACK we sent */
	uint32_t drs_seq;       /* receive autotuning: what the owner had taken when ... */
	uint32_t drs_us;        /* ... its round began, us modulo 2^32 */

	/* line 1: queues */
	struct buf_chain rx; /* in-order bytes for the owner, ends at rcv_nxt (before a FIN) */
	struct buf_chain tx; /* bytes from snd_una on, kept until acknowledged */

	/* line 2: sending */
	struct rte_mbuf *nxt_seg; /* where snd_nxt lies in tx; NULL: at its end */
	uint32_t nxt_off;         /* offset in nxt_seg */
	uint32_t cwnd;            /* bytes */
	uint32_t ssthresh;        /* bytes */
	uint32_t srtt;            /* us, never 0 once measured; 0: not measured */
	union {
		uint32_t rttvar; /* us */
		uint32_t syn_us; /* before the handshake is done: when our SYN first left */
	};
	uint32_t t_rtx;            /* deadline of what rtx_kind says, ms; 0: none */
	uint32_t t_ack;            /* deadline of a delayed ACK, ms; 0: none */
	uint16_t rto;              /* ms, with backoff applied */
	uint16_t chal_ms;          /* low bits of the time of our last challenge ACK, ms */
	struct tcp_ext *ext;       /* out-of-order data; NULL when none */
	struct tcp_flight *flight; /* what a sender knows; NULL: nothing in flight for a while */
	void *owner;

	/* line 3: identity and timers */
	struct ip_addr remote;
	struct wheel_node timer; /* min of all deadlines */
	uint16_t local;          /* index in the instance's table of local addresses */
	uint16_t lport, rport;
	uint8_t listener;     /* index of the listener that accepted it; 0xff: none */
	uint8_t cc;           /* congestion control, see tcp_cc_find */
	uint8_t quick;        /* segments still acknowledged at once */
	uint8_t probes : 4;   /* keepalive probes sent without answer */
	uint8_t rtx_kind : 4; /* enum tcp_rtx */
	uint16_t mss_max;     /* of the peer and our port; mss is less where the path is narrower */
	uint32_t rcv_rtt;     /* RTT as the receiving side sees it, us; 0: not measured */
	uint32_t ready_next;  /* index + 1 of the next on the ready list; 0: last */
	uint32_t dirty_next;  /* the same for the output list */
};

_Static_assert(sizeof(struct tcp_conn) == 256, "four cache lines a connection");

enum tcp_stat {
#define X(name, text) TCP_STAT_##name,
#include "tcp/tcp_stat.def"
#undef X
	TCP_STAT_N
};
extern const struct stat_name tcp_stat_names[TCP_STAT_N];

struct tcp_config {
	uint32_t conns;        /* most connections */
	uint32_t syns;         /* most half-open passive connections */
	uint32_t time_waits;   /* most TIME_WAIT records; the oldest makes room */
	uint32_t exts;         /* most connections with out-of-order data */
	uint32_t flights;      /* most connections with bytes in flight; 0: as conns */
	uint32_t runs;         /* of those bytes, see struct tcp_run; 0: 32 a flight; at least 3 */
	uint32_t rcv_limit;    /* receive buffer, bytes */
	uint32_t snd_limit;    /* tcp_tx_room counts from here, bytes */
	uint32_t keepalive_ms; /* idle time before probes; 0: off */
	uint32_t time_wait_ms;
	uint32_t fin_wait2_ms; /* a released connection waits so long for the peer's FIN */
	uint32_t rto_min_ms;   /* 200 */
	int socket;            /* NUMA node */
	uint64_t secret[4];    /* random, drawn once per boot */
};

/* NULL with *e set: no memory. pools are borrowed and must outlive the instance. */
struct tcp *tcp_create(
	const struct tcp_config *cfg, struct buf_pools *pools, clock_us_t now, struct err *e);
/* Frees all connections without a word to the peers. */
void tcp_destroy(struct tcp *t);

/* What the path to the peer can carry; from net_path by the caller. */
struct tcp_path {
	uint16_t mtu;     /* IP packet, bytes */
	uint16_t gso_max; /* largest payload of one packet handed to the port: 0 no TSO */
	uint8_t cc;       /* congestion control, as tcp_cc_find says; 0 is the default, CUBIC */
	bool ecn;         /* offer ECN, or agree to it (RFC 3168) */
};

/* The congestion control of that name (newreno, cubic, bbr, dctcp) for tcp_path.cc, or -1. */
int tcp_cc_find(const char *name);
const char *tcp_cc_name(uint8_t cc);

#define TCP_LISTENERS 64

/* Accept connections to `at` (address may be unspecified: any). Listener index 0..254, or
 * -EADDRINUSE, -ENOSPC. user comes back by tcp_listener_user. */
int tcp_listen(
	struct tcp *t, const struct ip_endpoint *at, const struct tcp_path *path, void *user);
/* No new connections, half-open ones are dropped; established ones stay. */
void tcp_unlisten(struct tcp *t, int listener);
/* Another path and user for those that come from now on; half-open ones go on, and are theirs. */
void tcp_listener_set(struct tcp *t, int listener, const struct tcp_path *path, void *user);
void *tcp_listener_user(const struct tcp *t, int listener);

/* Open a connection; local.port must be given (it decides the queue that answers come to). NULL:
 * *error is EADDRINUSE (that 4-tuple exists), ENOMEM or ENOSPC. */
struct tcp_conn *tcp_connect(struct tcp *t, const struct ip_endpoint *local,
	const struct ip_endpoint *remote, const struct tcp_path *path, void *owner, int *error);

/* Stage 3: take all packets (pkt_meta filled by net_input), change connections, fill the ready and
 * output lists. */
void tcp_input(struct tcp *t, struct rte_mbuf **pkts, uint16_t n, clock_us_t now);
/* Next connection with news, its events cleared into *events; NULL: none. */
struct tcp_conn *tcp_ready_take(struct tcp *t, uint8_t *events);
/* The one behind c, or the first (c NULL), left where it is. Its owner may be NULL. */
struct tcp_conn *tcp_ready_next(struct tcp *t, const struct tcp_conn *c);
/* c has news that its owner knows of: tcp_ready_take will name it. */
void tcp_notify(struct tcp *t, struct tcp_conn *c);
/* Once a turn, before the owners have theirs: as the data pool fills, let windows stop growing,
 * take connections by cookies only, and in the end abort the heaviest (TCP_EV_DEAD, ENOBUFS).
 * Measures at most once a millisecond. */
void tcp_relieve(struct tcp *t, clock_us_t now);
/* n mbufs of the data pool lie in the ports' receive rings: they are not in use. */
void tcp_ring_mbufs(struct tcp *t, uint32_t n);
/* How far up that ladder we are, 0 to 3. */
uint8_t tcp_pressure(const struct tcp *t);
/* Stage 7: build packets of connections that have something to send, at most max. The packets
 * start at the TCP header with pkt_meta and offload requests set, as net_output wants them. */
uint16_t tcp_output(struct tcp *t, struct rte_mbuf **pkts, uint16_t max, clock_us_t now);
/* Run the timers that are due, at most budget connections. */
void tcp_tick(struct tcp *t, uint32_t budget, clock_us_t now);
/* ms until a timer may be due, at most max. */
uint32_t tcp_next_tick(const struct tcp *t, uint32_t max, clock_us_t now);
/* us until a paced connection may send again, at most max. */
uint32_t tcp_next_pace(const struct tcp *t, uint32_t max, clock_us_t now);
bool tcp_output_pending(const struct tcp *t);

/* Queue all of chain (taken, empty afterwards) behind tx. 0; -EPIPE after shutdown or death,
 * -ENOMEM: chain is untouched. */
int tcp_send(struct tcp *t, struct tcp_conn *c, struct buf_chain *chain);
/* Bytes that may be sent before tx is over its budget. */
static inline uint32_t tcp_tx_room(const struct tcp_conn *c, uint32_t limit)
{
	uint32_t used = c->tx.bytes > c->tx.truesize / 2 ? c->tx.bytes : c->tx.truesize / 2;

	return used < limit ? limit - used : 0;
}
/* How much of `limit`, bytes, c can use: what two round trips carry now, what waits behind a gap,
 * and enough to begin. */
uint32_t tcp_tx_budget(const struct tcp_conn *c, uint32_t limit);
/* The owner took bytes out of rx: announce the window when worth it. */
void tcp_consumed(struct tcp *t, struct tcp_conn *c);
/* No more bytes follow: FIN behind the last queued byte (RFC 9293 3.6). */
void tcp_shutdown(struct tcp *t, struct tcp_conn *c);
/* RST to the peer; the connection is gone with this call. */
void tcp_abort(struct tcp *t, struct tcp_conn *c);
/* RST, and its owner is told: ECONNABORTED. False: it was dead. */
bool tcp_cut(struct tcp *t, struct tcp_conn *c);
/* The owner forgets c (and must not use it again). Not shut down yet: shut down now. Unread bytes:
 * RST (RFC 9293 3.6.1, RFC 2525 2.17). Dead: freed. What is queued is still delivered, but two
 * minutes without progress end it with an RST. */
void tcp_release(struct tcp *t, struct tcp_conn *c);

void tcp_conn_local(const struct tcp *t, const struct tcp_conn *c, struct ip_endpoint *out);
void tcp_conn_remote(const struct tcp_conn *c, struct ip_endpoint *out);
const char *tcp_state_name(uint8_t state);

/* Counts for show and for tests. */
struct tcp_info {
	uint32_t conns, syns, time_waits, exts; /* in use */
	uint32_t conns_max, syns_max, time_waits_max, exts_max;
	/* of conns: owner gone, all sent and acknowledged, only the peer's FIN is missing */
	uint32_t orphans;
};
void tcp_info(const struct tcp *t, struct tcp_info *out);
const uint64_t *tcp_stats(const struct tcp *t);
/* Connection i < conns_max, or NULL when that place is free: for show connections. */
const struct tcp_conn *tcp_conn_at(const struct tcp *t, uint32_t i);

#endif
