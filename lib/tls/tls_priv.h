/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside the record layer: the instance, what a connection has once its handshake is done, and the
 * handshake's place while it is not. Nothing here is libssl's: that is tls_hs_priv.h.
 */
#ifndef TLS_TLS_PRIV_H
#define TLS_TLS_PRIV_H

#include "base/assert.h"
#include "tls/tls_crew.h"
#include "tls/tls_hs.h"

/* Content types, RFC 8446 5.1 */
#define TLS_T_CCS       20
#define TLS_T_ALERT     21
#define TLS_T_HANDSHAKE 22
#define TLS_T_DATA      23

#define TLS_RECORD_HEADER 5
#define TLS_PLAIN_MAX     16384 /* bytes of plaintext in a record, RFC 8446 5.1, RFC 5246 6.2.1 */
#define TLS_EXPLICIT      8     /* bytes of the nonce in each record of 1.2 with GCM, RFC 5288 3 */

/* Records that one key may seal. 1.3 renews its key before that (RFC 8446 5.5: 2^24.5 full records
 * of AES-GCM; the others are treated alike). 1.2 cannot, so the connection ends in order: after
 * 2^36 records or a petabyte, where an attacker's advantage is still below 2^-37 and the sequence
 * number far from its end. */
#define TLS_SEALS_13 23726566ull
#define TLS_SEALS_12 (1ull << 36)

/* One burst for lib/aead. A record of 16 KB in frames of 1448 bytes has 13 slices. */
#define TLS_BURST  16
#define TLS_SLICES 256

/* One direction. */
struct tls_way {
	struct aead_key *key; /* NULL: wiped */
	uint64_t seq;         /* of the next record, RFC 8446 5.3 */
	uint8_t iv[AEAD_NONCE];
	uint8_t secret[48]; /* 1.3: application_traffic_secret_N; n_secret bytes */
};

#define TLS_OWE_UPDATE           0x01 /* a KeyUpdate */
#define TLS_OWE_NO_RENEGOTIATION 0x02 /* a warning */

/* What an open connection has, beside two keys. */
struct tls_records {
	struct tls_way rx, tx;
	uint64_t explicit_nonce; /* 1.2 GCM: of the next record that we seal */
	clock_us_t sealed_at;    /* when data was last sealed */
	clock_us_t post_at;      /* when `posts` began to count */
	uint32_t grown;          /* bytes sealed without a pause, up to TLS_GROW */
	uint32_t msg_left;       /* bytes still to come of a handshake message that we skip */
	uint16_t fragment;       /* most bytes of plaintext that we put into a record */
	uint16_t suite, group;   /* IANA's numbers */
	uint8_t alg;             /* enum aead_alg */
	uint8_t n_secret;
	uint8_t msg[5]; /* a handshake message's header (RFC 8446 4), and the body of a KeyUpdate */
	uint8_t n_msg;  /* bytes of it that came */
	uint8_t empties, warnings, posts;
	uint8_t owe;   /* TLS_OWE_* */
	bool said_bye; /* our close_notify is in out */
	bool resumed;
	char name[TLS_HS_NAME]; /* cold from here on */
	char subject[TLS_HS_SUBJECT];
};

_Static_assert(sizeof(struct tls_conn) + sizeof(struct tls_records) + 2 * 1024 <= 3400,
	"an idle connection, its two keys included");

/*
 * A connection's handshake: `task` is with the crew (away) or with us, never both. A connection
 * that is freed meanwhile leaves its shake behind with task.conn NULL: it is given back when it
 * returns.
 */
struct tls_shake {
	struct tls_task task; /* first */
	bool away;
	uint32_t seen; /* bytes of `in` behind conn->drop that the handshake saw and did not take */
	struct tls_shake *next; /* free, or late */
};

struct tls_burst {
	unsigned n, n_slices;
	struct aead_op op[TLS_BURST];
	struct aead_slice slice[TLS_SLICES];
};

struct tls {
	struct tls_config cfg;
	struct tls_conn *conn;       /* [cfg.conns] */
	struct tls_records *records; /* [cfg.conns], of the connection at the same place */
	struct tls_shake *shake;     /* [cfg.handshakes] */
	struct ip_addr *source;      /* [cfg.handshakes]: whom each is counted for; all 0: nobody */
	struct tls_conn *conn_free;
	struct tls_shake *shake_free;
	struct tls_shake *late; /* came back, and there was no buffer for their output */
	uint32_t conns, shakes; /* in use */
	uint64_t stat[TLS_STAT_N];
	struct stat_hist latency; /* us, of handshakes done */
	struct tls_burst burst;
};

#define TLS_COUNT(t, name)  ((t)->stat[TLS_STAT_##name]++)
#define TLS_ADD(t, name, k) ((t)->stat[TLS_STAT_##name] += (k))

/* tls_conn.c */
/* One in HANDSHAKE, without a handshake so far; ctx may be NULL. NULL, counted: none is left. */
struct tls_conn *tls__conn_get(struct tls *t, struct tls_ctx *ctx, bool server, void *owner);
/* The end of c: what is sealed leaves, an alert too where one is due; the keys are wiped. */
void tls__fail(struct tls *t, struct tls_conn *c, enum tls_error why);

/* tls_shake.c */
int tls__shakes_create(struct tls *t);
void tls__shakes_destroy(struct tls *t);
/* A handshake for c. False, counted: none is left, or too many are of source (NULL: nobody's). */
bool tls__shake_begin(struct tls *t, struct tls_conn *c, const char *name,
	const struct ip_addr *source, clock_us_t now);
/* A step with what came; a client's first is with nothing. False: the crew is full. */
bool tls__shake_step(struct tls *t, struct tls_conn *c, const struct buf_chain *in);
void tls__shake_input(struct tls *t, struct tls_conn *c, const struct buf_chain *in);
/* n bytes of the first ticket that a member sent, its header included; `left` more follow. */
void tls__shake_ticket(
	struct tls *t, struct tls_conn *c, const uint8_t *p, uint32_t n, uint32_t left);
/* c wants no more of it: freed, failed, or the data came without a ticket. */
void tls__shake_end(struct tls *t, struct tls_conn *c);

/* tls_keys.c */
/* c is OPEN with these keys. 0 or -ENOMEM: no room for keys, nothing changed. */
int tls__install(struct tls *t, struct tls_conn *c, const struct tls_hs_result *r);
/* The next generation of a way (RFC 8446 7.2). 0 or -ENOMEM: it has no key any more. */
int tls__way_renew(struct tls *t, const struct tls_conn *c, struct tls_way *w);
void tls__keys_wipe(struct tls *t, struct tls_records *r);
/* The nonce of record number seq where it follows from that: RFC 8446 5.3, RFC 7905 2. */
void tls__nonce(const struct tls_way *w, uint64_t seq, uint8_t nonce[AEAD_NONCE]);
/* RFC 5246 6.2.3.3 */
void tls__aad12(uint64_t seq, uint8_t type, uint32_t n, uint8_t aad[AEAD_AAD_MAX]);
static inline bool tls__has_explicit(const struct tls_conn *c, const struct tls_records *r)
{
	return c->version == 2 && r->alg != AEAD_CHACHA20_POLY1305;
}

/* tls_open.c */
int tls__open(struct tls *t, struct tls_conn *c, struct buf_chain *in, clock_us_t now);

/* tls_seal.c */
/* A record of n <= 64 bytes that are not data. 0; -ENOMEM, -EIO: nothing sealed. */
int tls__seal_bytes(struct tls *t, struct tls_conn *c, uint8_t type, const void *p, uint32_t n);
/* What is owed (records->owe); c may fail. 0 or -ENOMEM: some of it is still. */
int tls__seal_owed(struct tls *t, struct tls_conn *c);

/* tls_post.c */
/* A verified record that is not data. TLS_OK, or why c fails. */
enum tls_error tls__post_input(struct tls *t, struct tls_conn *c, uint8_t type,
	const struct buf_chain *text, clock_us_t now);

#endif
