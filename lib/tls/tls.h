/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * TLS 1.2 (RFC 5246, 5288, 7905) and 1.3 (RFC 8446) on a stream of bytes: both sides, no I/O. One
 * instance a worker. The handshake is libssl's, beside the path (tls_hs.h, tls_crew.h); the records
 * after it are ours (tls_open.c, tls_seal.c), over lib/aead.
 *
 * The owner of a connection gives records as they came to tls_input(), finds bytes in conn->rx,
 * puts bytes into conn->plain, and sends what is in conn->out. tls_ready_take() names connections
 * whose handshake went on meanwhile.
 */
#ifndef TLS_TLS_H
#define TLS_TLS_H

#include <stdbool.h>
#include <stdint.h>

#include "aead/aead.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/list.h"
#include "buf/buf.h"
#include "stat/stat.h"

struct tls;
struct tls_crew; /* handshake threads, shared by all workers: tls_crew.h */
struct tls_ctx;  /* what a listener or a pool says of TLS, with certificates: tls_ctx.h */
struct tls_shake;
struct tls_records;

enum tls_state {
	TLS_HANDSHAKE, /* no bytes yet, neither way; plain may be filled all the same */
	TLS_OPEN,
	TLS_FAILED, /* error says why; out may end with an alert: send it, then close */
};

/* Why a connection failed: one code each, counted as TLS_STAT_fail_*. */
enum tls_error {
	TLS_OK,
#define X(name, alert, text) TLS_E_##name,
#include "tls/tls_error.def"
#undef X
	TLS_ERRORS
};
const char *tls_error_text(enum tls_error e);

/* Most bytes of plaintext that wait in conn->rx before tls_input() stops opening records. */
#define TLS_RX_LIMIT (64 * 1024)

struct tls_conn {
	uint8_t state; /* enum tls_state */
	uint8_t error; /* enum tls_error */
	bool eof;      /* the peer's close_notify came: rx ends */
	bool closing;  /* tls_shutdown() was called: close_notify follows the last byte of plain */
	bool server;
	uint8_t version;        /* 2 or 3: TLS 1.x, once OPEN */
	uint8_t alert;          /* what the peer said, with TLS_E_alert */
	struct buf_chain rx;    /* opened, for the owner */
	struct buf_chain plain; /* from the owner, to be sealed */
	struct buf_chain out;   /* records (and handshake) to be sent */
	void *owner;
	struct list open, seal; /* for lists of the owner; unlinked at first */
	bool held;              /* the owner's: records wait for room in rx */
	/* private from here on: tls_priv.h */
	uint32_t drop;               /* first bytes of tls_input()'s `in` that the handshake used */
	struct tls_conn *next;       /* free */
	struct tls_ctx *ctx;         /* counted */
	struct tls_shake *shake;     /* while in HANDSHAKE */
	struct tls_records *records; /* since OPEN */
};

enum tls_stat {
#define X(name, text) TLS_STAT_##name,
#include "tls/tls_stat.def"
#undef X
#define X(name, alert, text) TLS_STAT_fail_##name,
#include "tls/tls_error.def"
#undef X
	TLS_STAT_N
};
extern const struct stat_name tls_stat_names[TLS_STAT_N];

struct tls_config {
	struct aead *aead; /* borrowed, of this worker, 2 keys a connection */
	struct buf_pools *pools;
	struct tls_crew *crew; /* borrowed; has a ring back to `worker` */
	uint16_t worker;
	uint32_t conns;      /* most connections */
	uint32_t handshakes; /* of these, most not yet OPEN */
	uint32_t per_source; /* of those, most from one address; 0: no limit */
	int socket;
};

struct tls *tls_create(const struct tls_config *cfg, struct err *e);
void tls_destroy(struct tls *t); /* NULL is fine */

/* A connection that begins, of a listener (server) or to a member. ctx is counted until tls_free().
 * peer: whom to count per_source, name: the SNI to send and verify, NULL as a server. NULL: no
 * room, or too many from there; counted. */
struct tls_conn *tls_accept(struct tls *t, struct tls_ctx *ctx, const struct ip_addr *peer,
	void *owner, clock_us_t now);
struct tls_conn *tls_connect(
	struct tls *t, struct tls_ctx *ctx, const char *name, void *owner, clock_us_t now);
/* Forget it: its keys are wiped, its chains freed, a handshake that runs is cancelled. */
void tls_free(struct tls *t, struct tls_conn *c);

/* Take whole records from `in`, until rx holds TLS_RX_LIMIT or c fails; in is always the same chain
 * of c, from which nobody else takes. After eof or failure all of it is dropped. 0; -ENOMEM: again
 * next turn. What changed is seen in c: state, rx, eof, out. Nothing of a record is in rx before
 * its tag is verified. */
int tls_input(struct tls *t, struct tls_conn *c, struct buf_chain *in, clock_us_t now);
/* In HANDSHAKE: it saw all of `in`, and goes no further until more comes. */
bool tls_waits(const struct tls_conn *c, const struct buf_chain *in);
/* Seal what is in plain into out (nothing while in HANDSHAKE), and close_notify behind it when
 * closing. seg: payload bytes of one TCP segment: none crosses an mbuf if it can be helped. 0;
 * -ENOMEM: again next turn, what was sealed is in out. */
int tls_seal(struct tls *t, struct tls_conn *c, uint16_t seg, clock_us_t now);
/* Into the cache, while the connection before c is worked on: the key for tls_seal(), or
 * tls_input().
 */
void tls_prefetch(const struct tls *t, const struct tls_conn *c, bool seal);
/* No more bytes follow plain. */
void tls_shutdown(struct tls_conn *c);

/* Handshakes that came back from the crew: take them in, and say of whom. tls_input() is to be
 * called for it, which drops what was used, opens what follows or goes on with the handshake. NULL:
 * no more.
 */
struct tls_conn *tls_ready_take(struct tls *t, clock_us_t now);

/* What the handshake found, for show and for policy; valid once OPEN, as long as c. */
struct tls_facts {
	const char *version, *cipher, *group; /* "TLSv1.3", "TLS_AES_128_GCM_SHA256", "x25519" */
	const char *name;                     /* SNI, "" when none */
	const char *subject; /* of the peer's certificate, RFC 2253; "" when none */
	bool resumed;
};
void tls_facts(const struct tls_conn *c, struct tls_facts *out);

const uint64_t *tls_stats(const struct tls *t);
/* Handshakes done, us from tls_accept() or tls_connect() to OPEN. */
const struct stat_hist *tls_latency(const struct tls *t);
uint32_t tls_conns(const struct tls *t);
uint32_t tls_handshakes(const struct tls *t);

#endif
